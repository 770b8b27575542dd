//! Drafts → sources: mentions of the same person, body or document get one id.
//!
//! Enough coreference for news: pronouns and relatives, a surname after the full name, "the ministry" after "the
//! defence ministry", an acronym after its long form. An anonymous source stays anonymous: it never merges with a
//! name. What always holds: every draft with a source span gets a source; mentions are in the order of the text.

use super::kinds::{capital_run, core_words, kind_of, kind_of_word, words};
use super::lexicon::{Lexicon, Pronoun, class};
use super::mention::{self, Mention};
use super::{Attribution, Claims, Draft, Form, Source, SourceKind};
use crate::text::span::Span;

/// How far back, in characters, a pronoun looks for a name.
const REACH: usize = 600;
/// How near, in bytes, a name of known sex must stand to go before a nearer one of unknown sex: a sentence or two.
const NEAR: usize = 160;
/// How many sources back a mention looks for itself: the work stays linear in long texts.
const MOST: usize = 400;

/// A source as it grows.
struct Entity {
    source: Source,
    /// What its fullest mention tells.
    mention: Mention,
    /// Where it was mentioned last.
    last: usize,
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
            // The language dropped a source that is known: nobody is named here, but it is clear who speaks.
            let known = draft
                .antecedent
                .map(|a| find(text, lexicon, &mut entities, a, Around::default()));
            chosen.push(known);
            continue;
        };
        let around = Around {
            antecedent: draft.antecedent,
            speaker: quoting(draft, &drafts).and_then(|p| chosen.get(p).copied().flatten()),
        };
        let index = find(text, lexicon, &mut entities, span, around);
        entities[index].source.mentions.push(span);
        entities[index].last = entities[index].last.max(span.end);
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
            form: match source.and_then(|s| entities.get(s)).map(|e| e.source.kind) {
                Some(SourceKind::Document) if draft.form == Form::Indirect => Form::Document,
                _ => draft.form,
            },
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

/// What is known of a mention from its draft.
#[derive(Clone, Copy, Default)]
struct Around {
    /// Whom a relative pronoun stands for.
    antecedent: Option<Span>,
    /// Who is quoted around it: "he" in somebody's words is somebody else.
    speaker: Option<usize>,
}

/// The draft in whose quoted words `draft` stands.
fn quoting(draft: &Draft, drafts: &[Draft]) -> Option<usize> {
    let parent = draft.parent?;
    let own = draft.source.first()?;
    let outer = drafts.get(parent)?;
    let inside = outer.content.iter().any(|c| c.contains(*own));
    (matches!(outer.form, Form::Direct | Form::Mixed) && inside).then_some(parent)
}

/// The entity that `span` mentions, made if there is none.
fn find(text: &str, lexicon: &Lexicon, entities: &mut Vec<Entity>, span: Span, around: Around) -> usize {
    let lower = span.of(text).to_lowercase();
    if let Some(&pronoun) = lexicon.pronouns.get(lower.trim_end_matches(',')) {
        return pronominal(text, lexicon, entities, span, pronoun, around);
    }
    if let Some(index) = stood_for(lexicon, entities, span, lower.trim_end_matches(',')) {
        return index;
    }
    named(text, lexicon, entities, span)
}

/// "чоловік", "посадовець" alone: whoever spoke last, if it can be him or her.
fn stood_for(lexicon: &Lexicon, entities: &[Entity], span: Span, lower: &str) -> Option<usize> {
    let listed = |list: &str| lexicon.list(list).iter().any(|w| w == lower);
    let woman = listed("stands-for-her");
    if !woman && !listed("stands-for-him") {
        return None;
    }
    let last = entities
        .iter()
        .enumerate()
        .rev()
        .take(MOST)
        .max_by_key(|(_, e)| e.last)?;
    let (index, entity) = last;
    let near = span.start.saturating_sub(entity.last) < 2 * REACH;
    let person = matches!(entity.source.kind, SourceKind::Person | SourceKind::Anonymous);
    let other = entity.woman.is_some_and(|w| w != woman);
    (near && person && !entity.plural && !other).then_some(index)
}

/// A pronoun or relative.
fn pronominal(
    text: &str,
    lexicon: &Lexicon,
    entities: &mut Vec<Entity>,
    span: Span,
    pronoun: Pronoun,
    around: Around,
) -> usize {
    let unknown = |entities: &mut Vec<Entity>, plural: bool| {
        let mut mention = mention::read(span.of(text), lexicon);
        mention.kind = SourceKind::Unknown;
        mention.words.clear();
        mention.head.clear();
        let index = fresh(entities, mention, span.end);
        entities[index].plural = plural;
        index
    };
    match (pronoun, around.antecedent, around.speaker) {
        (Pronoun::Relative, Some(antecedent), _) => return named(text, lexicon, entities, antecedent),
        (Pronoun::Writer, _, Some(speaker)) => return speaker,
        (Pronoun::Relative, ..) => return unknown(entities, false),
        _ => {}
    }
    let fits = |entity: &Entity| match pronoun {
        Pronoun::He => !entity.plural && is_human(entity.source.kind) && entity.woman != Some(true),
        Pronoun::She => !entity.plural && is_human(entity.source.kind) && entity.woman != Some(false),
        Pronoun::It => is_body(entity.source.kind) || entity.source.kind == SourceKind::Document,
        // A body is "they" in English; where nouns have a gender it is not.
        Pronoun::They => {
            entity.plural
                || entity.source.kind == SourceKind::Organisation && lexicon.list("inflects").is_empty()
        }
        Pronoun::Writer | Pronoun::Relative => false,
    };
    let recent = entities
        .iter()
        .enumerate()
        .rev()
        .take(MOST)
        .filter(|(k, e)| fits(e) && around.speaker != Some(*k))
        .map(|(k, e)| {
            // "Klara Venn … Gerd Malone … She": a name known to be a woman's goes before a nearer one.
            let sex = matches!(pronoun, Pronoun::He | Pronoun::She) && e.woman.is_some();
            let near = span.start.saturating_sub(e.last) < NEAR;
            (sex && near, e.last, k)
        })
        .max();
    // A name nearer than the last source is the better antecedent.
    let floor = recent.map_or(0, |(_, end, _)| end);
    let nearer = match pronoun {
        Pronoun::He | Pronoun::She => nearest_name(text, lexicon, span.start, floor),
        Pronoun::It => nearest_body(text, lexicon, span.start, floor, is_body),
        // "Аналітики налаштовані песимістично: вони …"
        Pronoun::They if !lexicon.list("inflects").is_empty() => {
            nearest_body(text, lexicon, span.start, floor, |k| k == SourceKind::Group)
        }
        _ => None,
    };
    if let Some(nearer) = nearer {
        let index = named(text, lexicon, entities, nearer);
        let surer = recent.is_none_or(|(sex, ..)| !sex) || entities[index].woman.is_some();
        if fits(&entities[index]) && around.speaker != Some(index) && surer {
            set_sex(&mut entities[index], pronoun);
            return index;
        }
    }
    match recent {
        Some((.., index)) => {
            set_sex(&mut entities[index], pronoun);
            index
        }
        None => unknown(entities, pronoun == Pronoun::They),
    }
}

fn set_sex(entity: &mut Entity, pronoun: Pronoun) {
    if matches!(pronoun, Pronoun::He | Pronoun::She) {
        entity.woman = Some(pronoun == Pronoun::She);
    }
}

fn is_human(kind: SourceKind) -> bool {
    matches!(
        kind,
        SourceKind::Person | SourceKind::Anonymous | SourceKind::Unknown
    )
}

fn is_body(kind: SourceKind) -> bool {
    matches!(kind, SourceKind::Organisation | SourceKind::Outlet)
}

/// Where the sentences of the text between `floor` and `end` begin, no further back than [`REACH`].
fn sentence_starts(text: &str, floor: usize, end: usize) -> Vec<usize> {
    let from = text[..end]
        .char_indices()
        .rev()
        .take(REACH)
        .last()
        .map_or(end, |(k, _)| k)
        .max(floor.min(end));
    let window = &text[from..end];
    let mut starts = vec![0];
    starts.extend(window.match_indices(['\n', '.']).map(|(at, _)| at + 1));
    starts
        .into_iter()
        .map(|at| {
            let rest = &window[at..];
            from + at + (rest.len() - rest.trim_start().len())
        })
        .collect()
}

/// The subject-like name (two or more capitalised words) nearest before `end` and after `floor`, at the start of a sentence.
fn nearest_name(text: &str, lexicon: &Lexicon, end: usize, floor: usize) -> Option<Span> {
    sentence_starts(text, floor, end)
        .into_iter()
        .rev()
        .find_map(|start| {
            let run = capital_run(text.get(start..end)?);
            let span = Span::new(start, start + run);
            let words = core_words(span.of(text), lexicon);
            (run > 0
                && (2..=4).contains(&words.len())
                && kind_of(span.of(text), lexicon) == SourceKind::Person)
                .then_some(span)
        })
}

/// "The hauliers' federation welcomed it. It …": the body, or what `fits` takes, that a sentence before `end` begins with.
fn nearest_body(
    text: &str,
    lexicon: &Lexicon,
    end: usize,
    floor: usize,
    fits: impl Fn(SourceKind) -> bool,
) -> Option<Span> {
    sentence_starts(text, floor, end)
        .into_iter()
        .rev()
        .find_map(|start| {
            let sentence = text.get(start..end)?;
            let (at, word) = words(sentence).take(5).find(|(_, w)| {
                let lower = w.to_lowercase();
                let stops = class::AUXILIARY | class::VERB | class::PREPOSITION | class::PRONOUN;
                kind_of_word(lexicon, &lower).is_some()
                    || lexicon.word(&lower).classes & stops != 0
                        && lexicon.word(&lower).classes & class::DETERMINER == 0
            })?;
            let body = kind_of_word(lexicon, &word.to_lowercase()).is_some_and(&fits);
            body.then(|| Span::new(start, start + at + word.len()))
        })
}

/// A mention by name or description.
fn named(text: &str, lexicon: &Lexicon, entities: &mut Vec<Entity>, span: Span) -> usize {
    let mention = mention::read(span.of(text), lexicon);
    let same = entities
        .iter()
        .enumerate()
        .rev()
        .take(MOST)
        .filter(|(_, e)| is_same(e, &mention, lexicon))
        .max_by_key(|(k, e)| (e.last, *k))
        .map(|(k, _)| k)
        .or_else(|| only_of_family(entities, &mention, lexicon));
    if let Some(newer) = same.filter(|_| mention.known && is_body(mention.kind))
        && let Some(other) = other_body(text, lexicon, &entities[newer], &mention, span)
    {
        return named(text, lexicon, entities, other);
    }
    let Some(index) = same else {
        return fresh(entities, mention, span.end);
    };
    let entity = &mut entities[index];
    entity.last = entity.last.max(span.end);
    for role in &mention.roles {
        if !entity.mention.roles.contains(role) {
            entity.mention.roles.push(role.clone());
        }
    }
    if mention.words.len() > entity.mention.words.len()
        && mention.kind != SourceKind::Anonymous
        && !mention.known
        || mention.named && !entity.mention.named
    {
        mention.name.clone_into(&mut entity.source.name);
        entity.mention.words = mention.words;
        entity.mention.head = mention.head;
        entity.mention.named = mention.named;
        entity.woman = entity.woman.or(mention.woman);
    }
    if entity.source.kind == SourceKind::Unknown {
        entity.source.kind = mention.kind;
    }
    index
}

/// "박 연구원" after "박도현 애널리스트": another title, but nobody else of that family name has spoken.
/// "김 씨" is not how a "김민수 시장" is spoken of.
fn only_of_family(entities: &[Entity], mention: &Mention, lexicon: &Lexicon) -> Option<usize> {
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

/// "The transport ministry's figure is higher. The ministry …": another body with the same head, named in the text
/// between the last mention of `entity` and `span`, though it said nothing there.
fn other_body(text: &str, lexicon: &Lexicon, entity: &Entity, mention: &Mention, span: Span) -> Option<Span> {
    let from = text[..span.start]
        .char_indices()
        .rev()
        .take(REACH)
        .last()
        .map_or(0, |(k, _)| k)
        .max(entity.last);
    let window = text.get(from..span.start)?;
    let all: Vec<(usize, &str)> = words(window).collect();
    let at = all.iter().rposition(|(_, w)| {
        let lower = w.to_lowercase();
        alike(
            lower.trim_end_matches("'s").trim_end_matches("’s"),
            &mention.head,
            lexicon,
        )
    })?;
    let (before, word) = (all.get(at.checked_sub(1)?)?, all[at]);
    let lower = before.1.to_lowercase();
    let adjoins = window[before.0 + before.1.len()..word.0].trim().is_empty();
    let plain = lexicon.word(&lower).classes == 0 && lexicon.word(&lower).entries.is_empty();
    let known = entity.mention.words.iter().any(|w| alike(w, &lower, lexicon));
    let end = word.0 + word.1.trim_end_matches("'s").trim_end_matches("’s").len();
    (adjoins && plain && !known).then(|| Span::new(from + before.0, from + end))
}

fn fresh(entities: &mut Vec<Entity>, mention: Mention, last: usize) -> usize {
    entities.push(Entity {
        source: Source {
            name: mention.name.clone(),
            kind: mention.kind,
            mentions: Vec::new(),
        },
        last,
        plural: mention.kind == SourceKind::Group,
        woman: mention.woman,
        mention,
    });
    entities.len() - 1
}

/// Whether `entity` and `mention` are one.
fn is_same(entity: &Entity, mention: &Mention, lexicon: &Lexicon) -> bool {
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
    body(mention.kind)
        && body(entity.source.kind)
        && (is_acronym(short, long)
            || short.len() + 1 == long.len()
                && short.len() >= 2
                && short.iter().all(|w| has(long, w))
                && has(short, &one.head)
                && alike(&one.head, &mention.head, lexicon))
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
