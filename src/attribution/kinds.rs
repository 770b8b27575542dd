//! What kind of source a mention names, and what to call it.

use super::SourceKind;
use super::lexicon::{Lexicon, class};

/// The length in bytes of the run of capitalised words that `text` begins with.
pub(super) fn capital_run(text: &str) -> usize {
    let mut end = 0;
    for (at, word) in words(text).take(6) {
        let capital = word.chars().next().is_some_and(char::is_uppercase);
        let joined = text[end..at]
            .chars()
            .all(|c| c == ' ' || c == '\u{a0}' || c == '.');
        if !capital || end > 0 && !joined {
            break;
        }
        end = at + word.len();
    }
    end
}

/// The words of `text` with their byte offsets.
pub(super) fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '’' | '-' | '&' | 'ʼ')))
        .filter(|w| !w.is_empty())
        .map(move |w| (w.as_ptr() as usize - text.as_ptr() as usize, w))
}

/// Whether a mention speaks of a thing already known ("the ministry", "this official").
pub(super) fn is_definite(mention: &str, lexicon: &Lexicon) -> bool {
    let first = words(mention)
        .next()
        .map(|(_, w)| w.to_lowercase())
        .unwrap_or_default();
    lexicon.list("definite").contains(&first)
}

/// What to call a source: its proper name if it has one, else the description without the remark in commas.
pub(super) fn display_name<'a>(mention: &'a str, lexicon: &Lexicon) -> &'a str {
    let mut main = mention.trim_end_matches([',', ' ', ':']);
    if let Some(comma) = main.find(", ")
        && comma > 0
        && !is_list(main, lexicon)
    {
        let (head, tail) = (&main[..comma], main[comma + 2..].trim_end_matches(','));
        // "the campaign manager, Jeff Weaver": the name stands last.
        let full_name = capital_run(tail) == tail.len() && words(tail).nth(1).is_some();
        let described = is_definite(head, lexicon) && full_name || !mention_has_name(head, lexicon);
        // "Один із них, директор порту Ігор Лан"
        let one = words(head)
            .next()
            .is_some_and(|(_, w)| lexicon.list("indefinite").contains(&w.to_lowercase()))
            && !lexicon.list("inflects").is_empty()
            && proper_name(tail, lexicon).is_some();
        main = if one || described && capital_run(tail) == tail.len() {
            tail
        } else {
            head
        };
    }
    let main = main
        .strip_suffix("'s")
        .or_else(|| main.strip_suffix("’s"))
        .unwrap_or(main);
    let name = proper_name(main, lexicon).unwrap_or(main);
    if name.trim().is_empty() { mention } else { name }
}

/// "Lund, Berg and Oya": a list, not an apposition.
fn is_list(mention: &str, lexicon: &Lexicon) -> bool {
    words(mention).any(|(_, w)| lexicon.word(w).classes & class::CONJUNCTION != 0)
}

/// The personal name at the end of "Defence Minister Anna Lund".
fn proper_name<'a>(mention: &'a str, lexicon: &Lexicon) -> Option<&'a str> {
    let mut start = None;
    let mut end = mention.len();
    let mut count = 0;
    let mut titled = false;
    let mut last_title = String::new();
    let inflects = !lexicon.list("inflects").is_empty();
    for (at, word) in words(mention) {
        let lower = word.to_lowercase();
        if lexicon.word(&lower).classes & (class::LINK | class::RELATIVE | class::PREPOSITION) != 0 {
            // "a spokesperson for the Ministry" names no person; "Gov. Lund of Oya" does, before the link.
            end = at;
            break;
        }
        // Where stems tell the kinds, the longest decides: "мерії" is no "мер".
        let person = if inflects {
            kind_of_word(lexicon, &lower) == Some(SourceKind::Person)
        } else {
            is_kind(lexicon, &lower, SourceKind::Person)
        };
        let title = lexicon.titles.contains(&lower) || person;
        let capital = word.chars().next().is_some_and(char::is_uppercase);
        if title || !capital {
            titled |= title;
            if title {
                last_title.clone_from(&lower);
            }
            start = None;
            count = 0;
        } else {
            start.get_or_insert(at);
            count += 1;
        }
    }
    let last = words(&mention[..end])
        .last()
        .map_or("", |(_, w)| w)
        .to_lowercase();
    // "the General Staff", "Transport Ministry": the last word says that this is nobody's name.
    let bodies = [SourceKind::Organisation, SourceKind::Outlet, SourceKind::Group];
    if bodies.into_iter().any(|kind| is_kind(lexicon, &last, kind)) {
        return None;
    }
    if let (Some(first), true) = (start, count > 2 && inflects) {
        // "Президент Нордланду Марко Вітрук": the place is no part of the name.
        let names: Vec<usize> = words(&mention[first..end]).map(|(at, _)| first + at).collect();
        let patronymic = words(&mention[first..end]).nth(1).is_some_and(|(_, w)| {
            let lower = w.to_lowercase();
            lexicon
                .list("patronymics")
                .iter()
                .any(|e| lower.contains(e.as_str()))
        });
        if !patronymic {
            start = names.get(names.len() - 2).copied();
            count = 2;
        }
    }
    let start = start.filter(|&s| s > 0 && titled && (1..=4).contains(&count))?;
    let name = mention[start..end].trim_end_matches([' ', ',', '(']);
    // "кореспондентка Суспільного": whom she works for.
    let placed = count == 1 && inflects && names_place(&last_title, name, lexicon);
    (count > 1 || !is_outlet(name, lexicon) && !placed).then_some(name)
}

/// "мер Ясенова", "дипломат Нордланду": a genitive behind an office, that is nobody's surname there.
fn names_place(title: &str, word: &str, lexicon: &Lexicon) -> bool {
    let lower = word.to_lowercase();
    let ends = |list: &str| lexicon.list(list).iter().any(|e| lower.ends_with(e.as_str()));
    let her = lexicon
        .list("women-offices")
        .iter()
        .any(|o| matches_word(o, title));
    ends("place-genitives")
        || !her && lexicon.list("first-case-titles").iter().any(|t| t == title) && ends("women-surnames")
}

/// Whether a word is the name of a medium, inflected where the language does.
fn is_outlet(word: &str, lexicon: &Lexicon) -> bool {
    let inflects = !lexicon.list("inflects").is_empty();
    let stem = |o: &str| o.chars().count().saturating_sub(1).max(4);
    lexicon.outlets.iter().any(|o| {
        let same = o.chars().zip(word.chars()).take_while(|(a, b)| a == b).count();
        o == word || inflects && same >= stem(o)
    })
}

fn is_kind(lexicon: &Lexicon, lower: &str, kind: SourceKind) -> bool {
    lexicon
        .kinds
        .iter()
        .any(|(w, k)| *k == kind && matches_word(w, lower))
}

/// The kind that a lower-case word names: the longest pattern decides.
pub(super) fn kind_of_word(lexicon: &Lexicon, lower: &str) -> Option<SourceKind> {
    lexicon
        .kinds
        .iter()
        .filter(|(p, _)| matches_word(p, lower))
        .max_by_key(|(p, _)| p.len())
        .map(|(_, k)| *k)
}

pub(super) fn matches_word(pattern: &str, lower: &str) -> bool {
    match (pattern.strip_suffix('*'), pattern.strip_prefix('*')) {
        (Some(stem), _) => lower.starts_with(stem),
        (_, Some(ending)) => lower.ends_with(ending),
        _ => pattern == lower,
    }
}

/// Whether a proper name stands in the mention (a capital after its first word, or first without article).
pub(super) fn mention_has_name(mention: &str, lexicon: &Lexicon) -> bool {
    words(mention).enumerate().any(|(k, (_, w))| {
        let capital = w.chars().next().is_some_and(char::is_uppercase);
        let lower = w.to_lowercase();
        let plain =
            lexicon.kinds.iter().any(|(p, _)| matches_word(p, &lower)) || lexicon.word(&lower).classes != 0;
        capital && !(k == 0 && plain)
    })
}

/// The words of a name that tell it apart: no articles, titles, remarks.
pub(super) fn core_words(name: &str, lexicon: &Lexicon) -> Vec<String> {
    let all = words(name).map(|(_, w)| {
        let lower = w.to_lowercase().replace('’', "'");
        lower.strip_suffix("'s").unwrap_or(&lower).to_owned()
    });
    all.filter(|w| {
        !lexicon.titles.contains(w)
            && lexicon.word(w).classes
                & (class::DETERMINER | class::LINK | class::CONJUNCTION | class::PREPOSITION)
                == 0
    })
    .take(12)
    .collect()
}

/// The noun that a name or description is about: before its first preposition the last word, or, where genitives
/// follow their noun, the first word of a kind. Lower case.
pub(super) fn head_word(name: &str, lexicon: &Lexicon) -> String {
    let lower = name.to_lowercase();
    let all: Vec<&str> = words(&lower)
        .map(|(_, w)| w)
        .filter(|w| lexicon.word(w).classes & class::DETERMINER == 0)
        .collect();
    let cut = all
        .iter()
        .position(|w| lexicon.word(w).classes & (class::PREPOSITION | class::RELATIVE | class::LINK) != 0)
        .filter(|&k| k > 0)
        .unwrap_or(all.len());
    let first = all[..cut].iter().find(|w| kind_of_word(lexicon, w).is_some());
    let head = match first {
        Some(first) if !lexicon.list("inflects").is_empty() => Some(first),
        _ => all[..cut].last(),
    };
    head.map_or_else(String::new, |w| {
        w.trim_end_matches("'s").trim_end_matches("’s").to_owned()
    })
}

/// What kind of source a mention names.
pub(super) fn kind_of(mention: &str, lexicon: &Lexicon) -> SourceKind {
    let lower = mention.to_lowercase();
    if lexicon
        .list("anonymity")
        .iter()
        .any(|sign| lower.contains(sign.as_str()))
    {
        return SourceKind::Anonymous;
    }
    let main = mention.split(',').next().unwrap_or(mention);
    let own = kind_of_phrase(main, mention, lexicon);
    let Some(tail) = mention.get(main.len() + 1..).map(|t| t.trim_matches([' ', ','])) else {
        return own;
    };
    let bodies = |k| matches!(k, SourceKind::Organisation | SourceKind::Outlet);
    if is_list(mention, lexicon) && !tail_is_relative(tail, lexicon) {
        own
    } else if capital_run(tail) == tail.len() && words(tail).nth(1).is_some() && !bodies(own) {
        // "Its leader, Marta Quill": the name tells more than the office.
        kind_of_phrase(tail, tail, lexicon)
    } else if matches!(own, SourceKind::Person | SourceKind::Unknown) && capital_run(main) == main.len() {
        // "Ostrel Energy, the company that runs the tank farm".
        let said = kind_of_phrase(tail.split(',').next().unwrap_or(tail), tail, lexicon);
        if bodies(said) && describes_whole(tail, lexicon) {
            said
        } else {
            own
        }
    } else {
        own
    }
}

/// Whether the remark is a relative clause: its "and" joins no sources.
fn tail_is_relative(tail: &str, lexicon: &Lexicon) -> bool {
    words(tail)
        .next()
        .is_some_and(|(_, w)| lexicon.word(&w.to_lowercase()).classes & class::RELATIVE != 0)
}

/// Whether the remark opens with an article: "the company that …" says what its neighbour is.
fn describes_whole(tail: &str, lexicon: &Lexicon) -> bool {
    words(tail)
        .next()
        .is_some_and(|(_, w)| lexicon.word(&w.to_lowercase()).classes & class::DETERMINER != 0)
}

/// The kind of a noun phrase `main` without its remarks; `mention` has them.
fn kind_of_phrase(main: &str, mention: &str, lexicon: &Lexicon) -> SourceKind {
    let main_lower = main.to_lowercase();
    if lexicon.outlets.iter().any(|o| contains_name(main, o)) {
        return SourceKind::Outlet;
    }
    let mut bare = words(main)
        .map(|(_, w)| w)
        .filter(|w| lexicon.word(&w.to_lowercase()).classes & class::DETERMINER == 0);
    if let (Some(only), None) = (bare.next(), bare.next())
        && lexicon.list("places").iter().any(|p| matches_word(p, only))
    {
        return SourceKind::Organisation;
    }
    let heads: Vec<&str> = words(&main_lower).map(|(_, w)| w).collect();
    // The head of a noun phrase stands before its first "of"/"for"/"who", else it is the last word.
    let cut = heads
        .iter()
        .position(|w| lexicon.word(w).classes & (class::PREPOSITION | class::RELATIVE | class::LINK) != 0)
        .filter(|&k| k > 0)
        .unwrap_or(heads.len());
    let last = heads[..cut].last().copied().unwrap_or("");
    if let Some(kind) = kind_of_name(main, last, lexicon) {
        return kind;
    }
    let of = |w: &str| kind_of_word(lexicon, w);
    if !lexicon.list("inflects").is_empty()
        && let Some(kind) = genitive_head(main, &heads[..cut], lexicon)
    {
        return kind;
    }
    // "the group's water samples": the owner of a thing is not what speaks.
    let owner = |w: &&&str| w.ends_with("'s") || w.ends_with("’s");
    let head = heads[..cut]
        .iter()
        .rev()
        .take_while(|w| !owner(w))
        .find_map(|w| of(w));
    let named = mention_has_name(main, lexicon);
    let proper = proper_name(display_name(mention, lexicon), lexicon).is_some()
        || proper_name(main, lexicon).is_some();
    match (head, of(last)) {
        (Some(SourceKind::Person), _) if proper => SourceKind::Person,
        (_, Some(SourceKind::Person)) => {
            let capital = main.chars().next().is_some_and(char::is_uppercase);
            if named && capital && !is_indefinite(&heads, lexicon) || is_definite(mention, lexicon) {
                SourceKind::Person
            } else {
                SourceKind::Anonymous
            }
        }
        (_, Some(SourceKind::Organisation))
            if heads[..cut]
                .iter()
                .any(|w| lexicon.list("outlet-marks").iter().any(|m| m == w)) =>
        {
            SourceKind::Outlet
        }
        (_, Some(kind)) => kind,
        (Some(kind @ (SourceKind::Organisation | SourceKind::Outlet | SourceKind::Document)), None)
            if !proper && capital_run(main) != main.len() =>
        {
            kind
        }
        (Some(kind), None) if kind != SourceKind::Person => kind,
        _ if named && capital_run(main) >= main.trim_end().len() && heads.len() >= 2 && heads.len() <= 4 => {
            SourceKind::Person
        }
        _ if proper => SourceKind::Person,
        _ if is_plural(main, last, lexicon) => SourceKind::Group,
        _ => SourceKind::Unknown,
    }
}

/// "The Veldmark Courier", "Ostrel Energy": a name whose last word, with a capital, tells what it is.
fn kind_of_name(main: &str, last: &str, lexicon: &Lexicon) -> Option<SourceKind> {
    let written: Vec<&str> = words(main).map(|(_, w)| w).collect();
    let at = written.iter().position(|w| w.to_lowercase() == last)?;
    let capital = |w: &str| w.chars().next().is_some_and(char::is_uppercase);
    if at == 0 || !capital(written[at]) || !capital(written[at - 1]) {
        return None;
    }
    let lists = [
        ("outlet-names", SourceKind::Outlet),
        ("organisation-names", SourceKind::Organisation),
    ];
    // "Transport Agency" is no newsroom; "Orlen News Agency" is.
    let body = kind_of_word(lexicon, last) == Some(SourceKind::Organisation)
        && !written[..at].iter().any(|w| {
            lexicon
                .list("outlet-marks")
                .iter()
                .any(|m| *m == w.to_lowercase())
        });
    lists
        .into_iter()
        .find(|(name, kind)| {
            !(body && *kind == SourceKind::Outlet) && lexicon.list(name).iter().any(|w| w == last)
        })
        .map(|(_, kind)| kind)
}

/// Where genitives follow their noun without a preposition ("речницю міської ради"), the first word of a kind is
/// the head; a name after it makes a person of an office.
fn genitive_head(main: &str, heads: &[&str], lexicon: &Lexicon) -> Option<SourceKind> {
    let at = heads.iter().position(|w| kind_of_word(lexicon, w).is_some())?;
    let kind = kind_of_word(lexicon, heads[at])?;
    let many = || {
        let endings = lexicon.list("plural-heads");
        endings.iter().any(|e| heads[at].ends_with(e.as_str()))
    };
    // "журналісти видання «Обрій»": they are people, whomever they work for.
    if kind == SourceKind::Document || kind == SourceKind::Group && many() {
        return Some(kind);
    }
    if kind != SourceKind::Person {
        return None;
    }
    let capital = |w: &str| w.chars().next().is_some_and(char::is_uppercase);
    let names = words(main).skip(at + 1).filter(|(_, w)| capital(w)).count();
    // "мер", "голова ради": there is one, so that nobody is kept unnamed.
    Some(
        if names >= 2 || holds_office(heads[at], lexicon) || names == 1 && heads.len() == at + 2 {
            SourceKind::Person
        } else {
            SourceKind::Anonymous
        },
    )
}

/// Whether only one at a time holds the office that a word names.
fn holds_office(lower: &str, lexicon: &Lexicon) -> bool {
    lexicon.list("offices").iter().any(|o| matches_word(o, lower))
}

/// "two divers": a plain noun with a plural ending.
fn is_plural(main: &str, last: &str, lexicon: &Lexicon) -> bool {
    let plain = words(main).any(|(_, w)| w == last);
    plain
        && last.chars().count() > 3
        && !last.ends_with("ss")
        && lexicon
            .list("plural-endings")
            .iter()
            .any(|e| last.ends_with(e.as_str()))
}

/// "a senior official": an article or none, and no name.
fn is_indefinite(heads: &[&str], lexicon: &Lexicon) -> bool {
    heads
        .first()
        .is_some_and(|w| lexicon.list("indefinite").iter().any(|i| i == w))
}

/// Whether the outlet's name stands in `text` as words of its own.
fn contains_name(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let edge = |c: Option<char>| {
            c.is_none_or(|c| {
                !c.is_alphanumeric() || matches!(c, '\u{ac00}'..='\u{d7af}' | '\u{4e00}'..='\u{9fff}')
            })
        };
        edge(text[..at].chars().next_back()) && edge(text[at + name.len()..].chars().next())
    })
}
