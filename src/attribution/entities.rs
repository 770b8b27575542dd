//! Drafts → sources: mentions of the same person, body or document get one id.
//!
//! Enough coreference for news: pronouns and relatives, a surname after the full name, "the ministry" after "the
//! defence ministry", an acronym after its long form. An anonymous source stays anonymous: it never merges with a
//! name. What always holds: every draft with a source span gets a source; mentions are in the order of the text.

use super::kinds::{capital_run, core_words, display_name, is_definite, kind_of, mention_has_name};
use super::lexicon::{Lexicon, Pronoun};
use super::{Attribution, Claims, Draft, Form, Source, SourceKind};
use crate::text::span::Span;

/// How far back, in characters, a pronoun looks for a name.
const REACH: usize = 600;
/// How many sources back a mention looks for itself: the work stays linear in long texts.
const MOST: usize = 400;

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
            // The language dropped a source that is known: nobody is named here, but it is clear who speaks.
            let known = draft
                .antecedent
                .map(|a| find(text, lexicon, &mut entities, a, None));
            chosen.push(known);
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
        .rev()
        .take(MOST)
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
            && kind_of(span.of(text), lexicon) == SourceKind::Person
            && best.is_none_or(|b: Span| b.start < span.start)
        {
            best = Some(span);
        }
    }
    best
}

/// A mention by name or description.
fn named(text: &str, lexicon: &Lexicon, entities: &mut Vec<Entity>, span: Span) -> usize {
    let mention = span.of(text);
    let name = display_name(mention, lexicon);
    let words = core_words(name, lexicon);
    let kind = kind_of(mention, lexicon);
    let plural = kind == SourceKind::Group;
    let same = entities
        .iter()
        .enumerate()
        .rev()
        .take(MOST)
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
        let body = entity.source.kind == kind
            || matches!(kind, SourceKind::Unknown | SourceKind::Anonymous)
                && entity.source.kind != SourceKind::Person
            || entity.source.kind == SourceKind::Unknown;
        return described
            && words.len() <= 2
            && words.last().is_some_and(|w| {
                entity.words.last().is_some_and(|e| alike(e, w, lexicon)) || body && has(&entity.words, w)
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
