//! Drafts → sources: mentions of the same person, body or document get one id.
//!
//! Enough coreference for news: pronouns and relatives, a surname after the full name, "the ministry" after "the
//! defence ministry", an acronym after its long form. An anonymous source stays anonymous: it never merges with a
//! name. What always holds: every draft with a source span gets a source; mentions are in the order of the text.

use super::lexicon::{Lexicon, Pronoun, class};
use super::{Attribution, Claims, Draft, Source, SourceKind};
use crate::text::span::Span;

/// How far back, in characters, a pronoun looks for a name.
const REACH: usize = 600;

/// A source as it grows.
struct Entity {
    source: Source,
    /// The words of its name that tell it apart, lower case.
    words: Vec<String>,
    /// Whether it is several.
    plural: bool,
    /// Whether a pronoun has shown it to be a woman (`true`) or a man.
    woman: Option<bool>,
}

/// Tells the sources of `drafts` apart.
pub(super) fn resolve(text: &str, lexicon: &Lexicon, drafts: Vec<Draft>) -> Claims {
    let mut entities: Vec<Entity> = Vec::new();
    let mut chosen: Vec<Option<usize>> = Vec::new();
    for draft in &drafts {
        let Some(&span) = draft.source.first() else {
            chosen.push(None);
            continue;
        };
        let index = find(text, lexicon, &mut entities, span, draft.antecedent);
        entities[index].source.mentions.push(span);
        chosen.push(Some(index));
    }
    for entity in &mut entities {
        entity.source.mentions.sort_unstable();
        entity.source.mentions.dedup();
    }
    let attributions = drafts
        .into_iter()
        .zip(chosen)
        .map(|(draft, source)| Attribution {
            form: draft.form,
            stance: draft.stance,
            polarity: draft.polarity,
            source,
            source_spans: draft.source,
            cue_spans: draft.cue,
            content_spans: draft.content,
            parent: draft.parent,
        })
        .collect();
    Claims {
        sources: entities.into_iter().map(|e| e.source).collect(),
        attributions,
    }
}

/// The entity that `span` mentions, made if there is none.
fn find(
    text: &str,
    lexicon: &Lexicon,
    entities: &mut Vec<Entity>,
    span: Span,
    antecedent: Option<Span>,
) -> usize {
    let mention = span.of(text);
    let lower = mention.to_lowercase();
    if let Some(&pronoun) = lexicon.pronouns.get(lower.trim_end_matches(',')) {
        return pronominal(text, lexicon, entities, span, pronoun, antecedent);
    }
    named(text, lexicon, entities, span)
}

/// A pronoun or relative.
fn pronominal(
    text: &str,
    lexicon: &Lexicon,
    entities: &mut Vec<Entity>,
    span: Span,
    pronoun: Pronoun,
    antecedent: Option<Span>,
) -> usize {
    if pronoun == Pronoun::Relative {
        if let Some(antecedent) = antecedent {
            return named(text, lexicon, entities, antecedent);
        }
        return fresh(entities, span.of(text), SourceKind::Unknown, Vec::new(), false);
    }
    let fits = |entity: &Entity| match pronoun {
        Pronoun::He => !entity.plural && is_human(entity.source.kind) && entity.woman != Some(true),
        Pronoun::She => !entity.plural && is_human(entity.source.kind) && entity.woman != Some(false),
        Pronoun::It => matches!(
            entity.source.kind,
            SourceKind::Organisation | SourceKind::Outlet | SourceKind::Document
        ),
        Pronoun::They => entity.plural || entity.source.kind == SourceKind::Organisation,
        Pronoun::Writer | Pronoun::Relative => false,
    };
    let recent = entities
        .iter()
        .enumerate()
        .filter(|(_, e)| fits(e))
        .filter_map(|(k, e)| e.source.mentions.last().map(|m| (m.end, k)))
        .max();
    // A name nearer than the last source is the better antecedent.
    let floor = recent.map_or(0, |(end, _)| end);
    if matches!(pronoun, Pronoun::He | Pronoun::She)
        && let Some(name) = nearest_name(text, lexicon, span.start, floor)
    {
        let index = named(text, lexicon, entities, name);
        if fits(&entities[index]) {
            entities[index].woman = Some(pronoun == Pronoun::She);
            return index;
        }
    }
    match recent {
        Some((_, index)) => {
            if matches!(pronoun, Pronoun::He | Pronoun::She) {
                entities[index].woman = Some(pronoun == Pronoun::She);
            }
            index
        }
        None => fresh(
            entities,
            span.of(text),
            SourceKind::Unknown,
            Vec::new(),
            pronoun == Pronoun::They,
        ),
    }
}

fn is_human(kind: SourceKind) -> bool {
    matches!(
        kind,
        SourceKind::Person | SourceKind::Anonymous | SourceKind::Unknown
    )
}

/// The subject-like name (two or more capitalised words) nearest before `end` and after `floor`, at the start of a sentence.
fn nearest_name(text: &str, lexicon: &Lexicon, end: usize, floor: usize) -> Option<Span> {
    if floor >= end {
        return None;
    }
    let from = text[..end]
        .char_indices()
        .rev()
        .take(REACH)
        .last()
        .map_or(end, |(k, _)| k)
        .max(floor);
    let window = &text[from..end];
    let mut best = None;
    for (at, _) in window
        .match_indices(['\n', '.'])
        .chain([(0, "")])
        .collect::<Vec<_>>()
    {
        let start = at + usize::from(at > 0 || window.starts_with(['\n', '.']));
        let sentence = &window[start..];
        let offset = from + start + (sentence.len() - sentence.trim_start().len());
        let name_len = capital_run(&text[offset..end]);
        if name_len == 0 {
            continue;
        }
        let span = Span::new(offset, offset + name_len);
        let words = core_words(span.of(text), lexicon);
        if words.len() >= 2
            && words.len() <= 4
            && kind_of(span.of(text), lexicon, &words) == SourceKind::Person
            && best.is_none_or(|b: Span| b.start < span.start)
        {
            best = Some(span);
        }
    }
    best
}

/// The length in bytes of the run of capitalised words that `text` begins with.
fn capital_run(text: &str) -> usize {
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
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '’' | '-' | '&' | 'ʼ')))
        .filter(|w| !w.is_empty())
        .map(move |w| (w.as_ptr() as usize - text.as_ptr() as usize, w))
}

/// A mention by name or description.
fn named(text: &str, lexicon: &Lexicon, entities: &mut Vec<Entity>, span: Span) -> usize {
    let mention = span.of(text);
    let name = display_name(mention, lexicon);
    let words = core_words(name, lexicon);
    let kind = kind_of(mention, lexicon, &words);
    let plural = kind == SourceKind::Group;
    let same = entities
        .iter()
        .enumerate()
        .rev()
        .find(|(_, e)| is_same(e, &words, kind, mention, lexicon))
        .map(|(k, _)| k);
    let Some(index) = same else {
        return fresh(entities, name, kind, words, plural);
    };
    let entity = &mut entities[index];
    if words.len() > entity.words.len() && kind != SourceKind::Anonymous && !is_definite(mention, lexicon) {
        name.clone_into(&mut entity.source.name);
        entity.words = words;
    }
    if entity.source.kind == SourceKind::Unknown {
        entity.source.kind = kind;
    }
    index
}

fn fresh(
    entities: &mut Vec<Entity>,
    name: &str,
    kind: SourceKind,
    words: Vec<String>,
    plural: bool,
) -> usize {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    entities.push(Entity {
        source: Source {
            name,
            kind,
            mentions: Vec::new(),
        },
        words,
        plural,
        woman: None,
    });
    entities.len() - 1
}

/// Whether a mention speaks of a thing already known ("the ministry", "this official").
fn is_definite(mention: &str, lexicon: &Lexicon) -> bool {
    let first = words(mention)
        .next()
        .map(|(_, w)| w.to_lowercase())
        .unwrap_or_default();
    lexicon.list("definite").contains(&first)
}

/// Whether `entity` and a mention with `words` are one.
fn is_same(entity: &Entity, words: &[String], kind: SourceKind, mention: &str, lexicon: &Lexicon) -> bool {
    if words.is_empty() || entity.words.is_empty() {
        return false;
    }
    if entity.words == words {
        // Two descriptions of unnamed people are two people, unless the second says "the".
        return kind != SourceKind::Anonymous || is_definite(mention, lexicon);
    }
    let has = |one: &[String], word: &String| one.iter().any(|w| alike(w, word, lexicon));
    let (short, long) = if words.len() <= entity.words.len() {
        (words, &entity.words[..])
    } else {
        (&entity.words[..], words)
    };
    if is_definite(mention, lexicon) {
        // "the ministry" after "the defence ministry": the head noun is the last word.
        let described = !mention_has_name(mention, lexicon);
        return described
            && words.len() <= 2
            && words.last().is_some_and(|w| {
                entity.words.last().is_some_and(|e| alike(e, w, lexicon))
                    || has(&entity.words, w) && entity.source.kind != SourceKind::Person
            });
    }
    let names = |k: SourceKind| matches!(k, SourceKind::Person | SourceKind::Unknown);
    if names(kind) && names(entity.source.kind) {
        // "Kim" after "Kim Jong Un".
        return short.iter().all(|w| has(long, w)) && short.len() < long.len()
            || same_words(short, long, lexicon);
    }
    if same_words(short, long, lexicon) {
        return true;
    }
    let bodies = |k: SourceKind| {
        matches!(
            k,
            SourceKind::Organisation | SourceKind::Outlet | SourceKind::Unknown
        )
    };
    bodies(kind)
        && bodies(entity.source.kind)
        && (is_acronym(short, long)
            || short.len() + 1 == long.len() && short.len() >= 2 && short.iter().all(|w| has(long, w)))
}

/// Whether both are the same words, inflection aside.
fn same_words(one: &[String], other: &[String], lexicon: &Lexicon) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(a, b)| alike(a, b, lexicon))
}

/// Whether two words are one, apart from their endings where the language inflects.
fn alike(one: &str, other: &str, lexicon: &Lexicon) -> bool {
    if one == other {
        return true;
    }
    if lexicon.list("inflects").is_empty() {
        return false;
    }
    let common = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let shorter = one.chars().count().min(other.chars().count());
    let longer = one.chars().count().max(other.chars().count());
    common >= 3 && common + 3 >= longer && common + 2 >= shorter
}

/// Whether the one word of `short` is made of the first letters of `long`, or stands among its words.
fn is_acronym(short: &[String], long: &[String]) -> bool {
    let [only] = short else { return false };
    let letters: String = long.iter().filter_map(|w| w.chars().next()).collect();
    only.chars().count() >= 2 && (*only == letters || long.last() == Some(only) && only.chars().count() <= 6)
}

/// What to call a source: its proper name if it has one, else the description without the remark in commas.
fn display_name<'a>(mention: &'a str, lexicon: &Lexicon) -> &'a str {
    let mut main = mention.trim_end_matches([',', ' ', ':']);
    if let Some(comma) = main.find(", ")
        && comma > 0
        && !is_list(main, lexicon)
    {
        let (head, tail) = (&main[..comma], main[comma + 2..].trim_end_matches(','));
        // "the campaign manager, Jeff Weaver": the name stands last.
        main = if !mention_has_name(head, lexicon) && capital_run(tail) == tail.len() {
            tail
        } else {
            head
        };
    }
    let main = main
        .strip_suffix("'s")
        .or_else(|| main.strip_suffix("’s"))
        .unwrap_or(main);
    proper_name(main, lexicon).unwrap_or(main)
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
    for (at, word) in words(mention) {
        let lower = word.to_lowercase();
        if lexicon.word(&lower).classes & (class::LINK | class::RELATIVE | class::PREPOSITION) != 0 {
            // "a spokesperson for the Ministry" names no person; "Gov. Lund of Oya" does, before the link.
            end = at;
            break;
        }
        let title = lexicon.titles.contains(&lower) || is_kind(lexicon, &lower, SourceKind::Person);
        let capital = word.chars().next().is_some_and(char::is_uppercase);
        if title || !capital {
            titled |= title;
            start = None;
            count = 0;
        } else {
            start.get_or_insert(at);
            count += 1;
        }
    }
    let start = start.filter(|&s| s > 0 && titled && (1..=4).contains(&count))?;
    Some(mention[start..end].trim_end_matches([' ', ',', '(']))
}

fn is_kind(lexicon: &Lexicon, lower: &str, kind: SourceKind) -> bool {
    lexicon
        .kinds
        .iter()
        .any(|(w, k)| *k == kind && matches_word(w, lower))
}

fn matches_word(pattern: &str, lower: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(stem) => lower.starts_with(stem),
        None => pattern == lower,
    }
}

/// Whether a proper name stands in the mention (a capital after its first word, or first without article).
fn mention_has_name(mention: &str, lexicon: &Lexicon) -> bool {
    words(mention).enumerate().any(|(k, (_, w))| {
        let capital = w.chars().next().is_some_and(char::is_uppercase);
        let lower = w.to_lowercase();
        let plain =
            lexicon.kinds.iter().any(|(p, _)| matches_word(p, &lower)) || lexicon.word(&lower).classes != 0;
        capital && !(k == 0 && plain)
    })
}

/// The words of a name that tell it apart: no articles, titles, remarks.
fn core_words(name: &str, lexicon: &Lexicon) -> Vec<String> {
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

/// What kind of source a mention names.
fn kind_of(mention: &str, lexicon: &Lexicon, core: &[String]) -> SourceKind {
    let lower = mention.to_lowercase();
    if lexicon
        .list("anonymity")
        .iter()
        .any(|sign| lower.contains(sign.as_str()))
    {
        return SourceKind::Anonymous;
    }
    let main = mention.split(',').next().unwrap_or(mention);
    let main_lower = main.to_lowercase();
    if lexicon.outlets.iter().any(|o| contains_name(main, o)) {
        return SourceKind::Outlet;
    }
    if lexicon
        .list("places")
        .iter()
        .any(|p| core.len() == 1 && matches_word(&p.to_lowercase(), &core[0]))
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
    let kind_of_word = |w: &str| {
        lexicon
            .kinds
            .iter()
            .find(|(p, _)| matches_word(p, w))
            .map(|(_, k)| *k)
    };
    let head = heads[..cut].iter().rev().find_map(|w| kind_of_word(w));
    let last = heads[..cut].last().copied().unwrap_or("");
    let named = mention_has_name(main, lexicon);
    let proper = proper_name(display_name(mention, lexicon), lexicon).is_some()
        || proper_name(main, lexicon).is_some();
    match (head, kind_of_word(last)) {
        (Some(SourceKind::Person), _) if proper => SourceKind::Person,
        (_, Some(SourceKind::Person)) => {
            if named && main.chars().next().is_some_and(char::is_uppercase) && !is_indefinite(&heads, lexicon)
            {
                SourceKind::Person
            } else if is_definite(mention, lexicon) {
                SourceKind::Person
            } else {
                SourceKind::Anonymous
            }
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
        _ => SourceKind::Unknown,
    }
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
