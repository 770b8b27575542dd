//! A mention of a source → what can be told of it without the rest of the text: its name, its kind, the words that
//! tell it apart, its head noun and the offices it names.

use super::SourceKind;
use super::cased::first_case;
use super::kinds::{
    core_words, display_name, head_word, is_definite, kind_of, kind_of_word, matches_word, mention_has_name,
    words,
};
use super::lexicon::{Lexicon, class};

/// What one mention tells.
#[derive(Clone, Debug)]
pub(super) struct Mention {
    /// What to call the source.
    pub name: String,
    /// What it is.
    pub kind: SourceKind,
    /// The words that tell it apart, lower case, without titles.
    pub words: Vec<String>,
    /// The noun that the phrase is about ("ministry" of "the defence ministry"), lower case.
    pub head: String,
    /// The offices and descriptions beside a name ("mayor"), lower case.
    pub roles: Vec<String>,
    /// Whether it describes what is known already and names nobody: "the ministry", "міністерство", "그 장관".
    pub known: bool,
    /// Whether a name stands in it.
    pub named: bool,
    /// Whether its name is somebody else's ("Lund's mother", "сестра Кременя").
    pub owned: bool,
    /// Whether its given name is a woman's or a man's, where the language tells.
    pub woman: Option<bool>,
}

/// Reads the mention `text`.
pub(super) fn read(text: &str, lexicon: &Lexicon) -> Mention {
    if lexicon.list("particles").is_empty() {
        spaced(text, lexicon)
    } else {
        korean(text, lexicon)
    }
}

/// A language whose words tell names by a capital.
fn spaced(text: &str, lexicon: &Lexicon) -> Mention {
    let shown = display_name(text, lexicon);
    let own = after_owner(shown);
    let kind = kind_of(if own.len() < shown.len() { own } else { text }, lexicon);
    let name = without_brackets(without_emphasis(own, lexicon));
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let name = nominative(&name, lexicon)
        .or_else(|| first_case(&name, lexicon))
        .unwrap_or(name);
    let named = mention_has_name(text, lexicon) || is_quoted_name(text);
    let own: Vec<String> = words(&name).map(|(_, w)| w.to_lowercase()).collect();
    let mut core = core_words(&name, lexicon);
    if let Some(acronym) = bracketed(text) {
        core.push(acronym);
    }
    if core.is_empty() || kind == SourceKind::Anonymous && core.len() < own.len() && !named {
        core.clone_from(&own);
        core.retain(|w| !lexicon.list("definite").contains(w));
    }
    let described = |w: &String| kind_of_word(lexicon, w).is_some() || lexicon.titles.contains(w);
    let roles = roles(text, lexicon, |w| described(w) && (named || !core.contains(w)));
    // Without articles a lone noun of a kind speaks of what is known.
    let bare = !lexicon.list("inflects").is_empty() && own.len() == 1 && described(&own[0]);
    let head = head_word(&name, lexicon);
    Mention {
        owned: is_owned(&name, lexicon),
        name,
        kind,
        head,
        woman: is_woman(&own, &roles, kind, lexicon),
        roles,
        known: !named && (is_definite(text, lexicon) || bare),
        named,
        words: core,
    }
}

/// "Сам Палій" → "Палій".
fn without_emphasis<'a>(name: &'a str, lexicon: &Lexicon) -> &'a str {
    match name.split_once(' ') {
        Some((first, rest)) if lexicon.list("emphatic").contains(&first.to_lowercase()) => rest,
        _ => name,
    }
}

/// The offices and descriptions of a mention: what its parts between commas are about, and titles before a name.
fn roles(text: &str, lexicon: &Lexicon, described: impl Fn(&String) -> bool) -> Vec<String> {
    let mut roles: Vec<String> = text.split(',').map(|part| head_word(part, lexicon)).collect();
    let links = class::PREPOSITION | class::LINK | class::RELATIVE;
    let titles = words(text)
        .map(|(_, w)| w.to_lowercase())
        .take_while(|w| lexicon.word(w).classes & links == 0)
        .filter(|w| kind_of_word(lexicon, w) == Some(SourceKind::Person) || lexicon.titles.contains(w));
    roles.extend(titles);
    roles.retain(described);
    roles.dedup();
    roles
}

/// Whether an office or the first of several words of a person's name is a woman's.
fn is_woman(name: &[String], roles: &[String], kind: SourceKind, lexicon: &Lexicon) -> Option<bool> {
    let office = |w: &String| lexicon.list("women-offices").iter().any(|o| matches_word(o, w));
    if roles.iter().chain(name).any(office) {
        return Some(true);
    }
    let given = name
        .first()
        .filter(|_| kind == SourceKind::Person && name.len() > 1)?;
    let listed = |list: &str| lexicon.list(list).contains(given);
    let ends = |list: &str| lexicon.list(list).iter().any(|e| given.ends_with(e.as_str()));
    let inflects = !lexicon.list("inflects").is_empty();
    // A man's name in the genitive ends like a woman's: there the surname must agree.
    let family = name.last().is_some_and(|n| {
        let list = lexicon.list("women-surnames");
        list.iter().any(|e| n.ends_with(e.as_str()))
    });
    if listed("women") || ends("women-endings") && !listed("men") && (!inflects || family) {
        Some(true)
    } else {
        let man = listed("men") || inflects && given.ends_with(|c: char| !"аеєиіїоуюя".contains(c));
        man.then_some(false)
    }
}

fn is_capital(word: &str) -> bool {
    word.starts_with(char::is_uppercase)
}

/// "Lund's policy aide Jonas Ferrel" → "Jonas Ferrel"; what has no full name at its end stays as it is.
fn after_owner(name: &str) -> &str {
    let all: Vec<(usize, &str)> = words(name).collect();
    let owner = all
        .iter()
        .rposition(|(_, w)| w.ends_with("'s") || w.ends_with("’s"));
    let names = all.iter().rev().take_while(|(_, w)| is_capital(w)).count();
    let first = all.len() - names;
    if (2..=4).contains(&names) && owner.is_some_and(|o| o + 1 < first) {
        &name[all[first].0..]
    } else {
        name
    }
}

/// Whether a name belongs to whom the noun around it is tied: a genitive before it, or one name alone behind it.
fn is_owned(name: &str, lexicon: &Lexicon) -> bool {
    let all: Vec<&str> = words(name).map(|(_, w)| w).collect();
    let genitive = all
        .iter()
        .rev()
        .skip(1)
        .any(|w| w.ends_with("'s") || w.ends_with("’s"));
    let behind = !lexicon.list("inflects").is_empty()
        && all.len() > 1
        && all.last().is_some_and(|w| is_capital(w))
        && (!is_capital(all[all.len() - 2]) || lexicon.list("relatives").contains(&all[0].to_lowercase()));
    genitive || behind
}

/// "У Києві" → "Київ": the first case of a place, from the list of stems and names.
fn nominative(name: &str, lexicon: &Lexicon) -> Option<String> {
    lexicon.list("place-names").iter().find_map(|pair| {
        let (stem, full) = pair.split_once('=')?;
        let ending = name.strip_prefix(stem)?;
        (ending.chars().count() <= 2 && ending.chars().all(char::is_alphabetic)).then(|| full.to_owned())
    })
}

/// "Harbour Safety Agency (HSA)": the acronym.
fn bracketed(text: &str) -> Option<String> {
    let (_, rest) = text.split_once('(')?;
    let (inner, _) = rest.split_once(')')?;
    let acronym = (2..=8).contains(&inner.chars().count()) && inner.chars().all(char::is_uppercase);
    acronym.then(|| inner.to_lowercase())
}

/// «Хвиля»
fn is_quoted_name(text: &str) -> bool {
    text.contains(['«', '“', '„', '"'])
}

/// Korean: names stand before their titles, and titles have no capitals to tell them by.
fn korean(text: &str, lexicon: &Lexicon) -> Mention {
    let plain = without_brackets(text);
    let all: Vec<&str> = plain.split_whitespace().collect();
    let hangul = Hangul { lexicon };
    let mut found = Named {
        name: Vec::new(),
        roles: Vec::new(),
        kind: kind_of(&plain, lexicon),
    };
    if let Some((&last, before)) = all.split_last() {
        let hidden = lexicon
            .list("anonymity")
            .iter()
            .any(|a| text.contains(a.as_str()));
        if hangul.is_person(last) && !hidden {
            hangul.before_title(last, before, &mut found);
        } else if hangul.is_full(last) {
            let office = before.last().filter(|w| hangul.is_kind(w));
            found.roles.extend(office.map(|&w| w.to_owned()));
            found.name.push(last);
            found.kind = SourceKind::Person;
        } else if let Some((at, role)) = hangul.role_before(before) {
            found.roles.push(role.to_owned());
            found.name.extend(&all[at + 1..]);
        } else if found.kind == SourceKind::Unknown
            && kind_of_word(lexicon, last).is_none()
            && hangul.is_body(last)
        {
            found.kind = SourceKind::Organisation;
        }
    }
    let named = !found.name.is_empty();
    if !named {
        found.name.extend(&all);
    }
    let own: Vec<String> = found.name.iter().map(|w| w.to_lowercase()).collect();
    let this = all.len() > 1 && hangul.listed("definite", all[0]);
    let bare = all.len() == 1 && hangul.is_kind(all[0]);
    Mention {
        name: found.name.join(" "),
        kind: found.kind,
        head: own.last().cloned().unwrap_or_default(),
        roles: found.roles,
        known: !named && (this || bare),
        named,
        owned: false,
        woman: None,
        words: own.into_iter().skip(usize::from(this && !named)).collect(),
    }
}

/// What a Korean mention names.
struct Named<'a> {
    name: Vec<&'a str>,
    roles: Vec<String>,
    kind: SourceKind,
}

/// Korean words against the lexicon.
struct Hangul<'a> {
    lexicon: &'a Lexicon,
}

impl Hangul<'_> {
    fn listed(&self, name: &str, w: &str) -> bool {
        self.lexicon.list(name).iter().any(|l| l == w)
    }

    fn ends(&self, name: &str, w: &str) -> bool {
        self.lexicon.list(name).iter().any(|e| w.ends_with(e.as_str()))
    }

    fn is_kind(&self, w: &str) -> bool {
        kind_of_word(self.lexicon, w).is_some() || self.listed("places", w) || self.listed("modifiers", w)
    }

    fn is_person(&self, w: &str) -> bool {
        kind_of_word(self.lexicon, w) == Some(SourceKind::Person)
            || self.lexicon.titles.iter().any(|t| t == w)
    }

    fn has_surname(&self, w: &str) -> bool {
        let surnames = self.lexicon.list("surnames");
        surnames.iter().any(|s| w.starts_with(s.as_str()))
    }

    /// "김민수": a surname and two syllables.
    fn is_full(&self, w: &str) -> bool {
        w.chars().count() == 3 && self.has_surname(w) && !self.is_kind(w)
    }

    /// Whether a particle ties `w` to the next word.
    fn is_tied(&self, w: &str) -> bool {
        let ties = self.lexicon.list("ties");
        ties.iter().any(|p| w.ends_with(p.as_str()) && w.len() > p.len())
    }

    fn is_body(&self, w: &str) -> bool {
        w.chars().count() > 2 && !self.is_full(w) && self.ends("org-endings", w)
    }

    /// "시공사인 누리토건": the word that says what the name after it is, and its place.
    fn role_before<'t>(&self, before: &[&'t str]) -> Option<(usize, &'t str)> {
        let endings = self.lexicon.list("role-endings");
        let role = |w: &'t str| endings.iter().find_map(|e| w.strip_suffix(e.as_str()));
        let found = |(at, w): (usize, &&'t str)| Some((at, role(w).filter(|r| self.is_kind(r))?));
        before.iter().enumerate().rev().find_map(found)
    }

    /// Whom the words `before` the title `last` name: "김민수 시장", "마르코 비트룩 대통령", "김하늘 하람대 교수".
    fn before_title<'t>(&self, last: &str, before: &[&'t str], found: &mut Named<'t>) {
        let nth = |k: usize| before.iter().rev().nth(k).copied();
        found.roles.push(last.to_owned());
        let given = nth(0).filter(|w| {
            let family = w.chars().count() == 1 && self.has_surname(w) && !self.listed("modifiers", w);
            let free = !self.is_kind(w) && !self.is_tied(w) && !self.is_body(w);
            self.listed("honorifics", last) || family || free
        });
        // "김하늘 하람대 교수": where somebody works may stand between the name and the title.
        let placed = before
            .first()
            .copied()
            .filter(|w| before.len() > 1 && self.is_full(w) && nth(0).is_some_and(|n| !self.is_full(n)));
        if let Some(full) = placed {
            found.name.push(full);
        } else if let Some(given) = given {
            let family = nth(1).filter(|w| !self.has_surname(given) && !self.is_kind(w) && !self.is_tied(w));
            found.name.extend(family);
            found.name.push(given);
        }
        let office = self.lexicon.list("offices");
        let held = || office.iter().any(|o| last.ends_with(o.as_str()));
        found.kind = if !found.name.is_empty() || held() {
            SourceKind::Person
        } else {
            SourceKind::Anonymous
        };
    }
}

/// "서다온(58) 씨" → "서다온 씨".
fn without_brackets(text: &str) -> String {
    let mut depth = 0_usize;
    let mut plain = String::new();
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    if plain.trim().is_empty() {
        text.to_owned()
    } else {
        plain
    }
}
