//! Drafts → sources: mentions of the same person, body or document get one id.
//!
//! Enough coreference for news: pronouns and relatives, a surname after the full name, "the ministry" after "the
//! defence ministry", an acronym after its long form. An anonymous source stays anonymous: it never merges with a
//! name. What always holds: every draft with a source span gets a source; mentions are in the order of the text.

use super::cased::case_rank;
use super::kinds::{capital_run, core_words, kind_of, kind_of_word, words};
use super::lexicon::{Lexicon, Pronoun, class};
use super::mention::{self, Mention};
use super::{Attribution, Claims, Draft, Form, Source, SourceKind};
use crate::text::span::Span;

mod same;

use same::{alike, is_same, only_of_family};

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
    // "За словами Леоніда Кременя … Леонід Кремінь сказав": one of them is the first case.
    let inflects = mention.kind == SourceKind::Person && !lexicon.list("case-order").is_empty();
    let (name, length) = (mention.name.clone(), mention.words.len());
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
    let nearer_first = || case_rank(&name, lexicon) < case_rank(&entity.source.name, lexicon);
    if inflects && length == entity.mention.words.len() && entity.source.name != name && nearer_first() {
        entity.source.name = name;
    }
    if entity.source.kind == SourceKind::Unknown {
        entity.source.kind = mention.kind;
    }
    index
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
