//! Whether two mentions are of one source.

use super::super::SourceKind;
use super::super::lexicon::Lexicon;
use super::super::mention::Mention;
use super::{Entity, MOST, is_body};

/// Whether `entity` and `mention` are one.
pub(super) fn is_same(entity: &Entity, mention: &Mention, lexicon: &Lexicon) -> bool {
    let one = &entity.mention;
    if mention.words.is_empty() || one.words.is_empty() {
        return false;
    }
    let unnamed = |k: SourceKind| k == SourceKind::Anonymous;
    if mention.known {
        return describes(entity, mention, lexicon);
    }
    if is_family_office(entity, mention) {
        return true;
    }
    if unnamed(mention.kind) || unnamed(entity.source.kind) {
        // Two descriptions of unnamed people are two people.
        return false;
    }
    let has = |all: &[String], word: &String| all.iter().any(|w| alike(w, word, lexicon));
    let (short, long) = if mention.words.len() <= one.words.len() {
        (&mention.words, &one.words)
    } else {
        (&one.words, &mention.words)
    };
    if same_words(short, long, lexicon) {
        return true;
    }
    let human = |k: SourceKind| matches!(k, SourceKind::Person | SourceKind::Unknown);
    if human(mention.kind) && human(entity.source.kind) {
        // "Kim" after "Kim Jong Un"; "윤 시장" after "윤가람 하람시장"; not "Lund" after "Lund's mother".
        return !one.owned
            && !mention.owned
            && short.iter().all(|w| has(long, w))
            && short.len() < long.len()
            || is_family_name(one, mention)
            || is_family_name(mention, one);
    }
    let body = |k: SourceKind| is_body(k) || k == SourceKind::Unknown;
    let heads = alike(&one.head, &mention.head, lexicon);
    body(mention.kind)
        && body(entity.source.kind)
        && (is_acronym(short, long)
            // "The General Staff" after "the General Staff of the Oya Army".
            || short.len() >= 2 && heads && same_words(short, &long[..short.len()], lexicon)
            || short.len() + 1 == long.len()
                && short.len() >= 2
                && short.iter().all(|w| has(long, w))
                && has(short, &one.head)
                && heads)
}

/// "한 대변인" after "한지운 대변인": "한" is "a" too, and so names nobody by itself.
fn is_family_office(entity: &Entity, mention: &Mention) -> bool {
    let ([family, office], [name]) = (&mention.words[..], &entity.mention.words[..]) else {
        return false;
    };
    mention.kind == SourceKind::Anonymous
        && entity.source.kind == SourceKind::Person
        && is_family_of(family, name)
        && entity.mention.roles.iter().any(|r| r.ends_with(office.as_str()))
}

/// Whether `family` is the first syllable of the Korean name `name`.
fn is_family_of(family: &str, name: &str) -> bool {
    family.chars().count() == 1 && name.chars().count() > 1 && name.starts_with(family)
}

/// "the ministry" for "the defence ministry", "the mayor" for "Pavo Lind, the mayor of Oya", "시" for "하람시".
fn describes(entity: &Entity, mention: &Mention, lexicon: &Lexicon) -> bool {
    let one = &entity.mention;
    let role = one.roles.iter().any(|r| alike(r, &mention.head, lexicon));
    let head = alike(&one.head, &mention.head, lexicon);
    let tail = !lexicon.list("particles").is_empty()
        && one.head.len() > mention.head.len()
        && one.head.ends_with(&mention.head)
        && is_body(entity.source.kind)
        && mention.words.len() == 1;
    let person = |k: SourceKind| matches!(k, SourceKind::Person | SourceKind::Anonymous | SourceKind::Group);
    if person(entity.source.kind) != person(mention.kind) && mention.kind != SourceKind::Unknown {
        return false;
    }
    let rest = mention
        .words
        .iter()
        .filter(|w| !alike(w, &mention.head, lexicon))
        .all(|w| one.words.iter().chain(&one.roles).any(|o| alike(o, w, lexicon)));
    // "their association", then "the growers' association".
    let fuller = !one.named
        && one.words.len() < mention.words.len()
        && one
            .words
            .iter()
            .all(|w| mention.words.iter().any(|m| alike(m, w, lexicon)));
    let rest = rest || fuller;
    (head || role || tail) && rest
}

/// "윤" with an office that "윤가람" holds too.
fn is_family_name(full: &Mention, short: &Mention) -> bool {
    let ([name], [family]) = (&full.words[..], &short.words[..]) else {
        return false;
    };
    let same_role = |r: &String| {
        full.roles
            .iter()
            .any(|f| f.ends_with(r.as_str()) || r.ends_with(f.as_str()))
    };
    is_family_of(family, name) && short.roles.iter().any(same_role)
}

/// Whether both are the same words, inflection aside.
fn same_words(one: &[String], other: &[String], lexicon: &Lexicon) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(a, b)| alike(a, b, lexicon))
}

/// Whether two words are one, apart from their endings where the language inflects.
pub(super) fn alike(one: &str, other: &str, lexicon: &Lexicon) -> bool {
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

/// "박 연구원" after "박도현 애널리스트": another title, but nobody else of that family name has spoken.
/// "김 씨" is not how a "김민수 시장" is spoken of.
pub(super) fn only_of_family(entities: &[Entity], mention: &Mention, lexicon: &Lexicon) -> Option<usize> {
    let [family] = &mention.words[..] else { return None };
    if !mention.named || mention.kind != SourceKind::Person {
        return None;
    }
    let mut found = entities.iter().enumerate().rev().take(MOST).filter(|(_, e)| {
        let [name] = &e.mention.words[..] else {
            return false;
        };
        e.source.kind == SourceKind::Person && is_family_of(family, name)
    });
    let (index, entity) = found.next()?;
    let plain = |r: &String| lexicon.list("honorifics").contains(r);
    let titled = entity
        .mention
        .roles
        .iter()
        .any(|r| !plain(r) && lexicon.titles.contains(r));
    let fits = !titled || !mention.roles.iter().any(plain);
    (fits && found.next().is_none()).then_some(index)
}
