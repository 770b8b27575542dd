//! Sentence → attributions, for languages whose cue is a verb between or beside source and content
//! (English, Ukrainian, Russian).

use std::ops::Range;

mod aside;
mod nesting;
mod speaker;
mod wording;

use super::cased;
use super::content::{content, gapped};
use super::cues::{self, Cue};
use super::lexicon::{Frame, class};
use super::passage::Passage;
use super::{Draft, Form, Polarity, Stance, subject};
use crate::text::span::Span;

/// A cue with its source, before its content is known.
pub(super) struct Found {
    pub cue: Range<usize>,
    pub source: Option<Range<usize>>,
    /// First token of source and cue together.
    pub start: usize,
    /// One past their last token.
    pub end: usize,
    pub frame: Frame,
    pub stance: Stance,
    pub polarity: Polarity,
    pub role: Role,
    /// Whether it counts only where no other speaker tells of it: a wish, a blame, what a document shows.
    pub weak: bool,
}

impl Found {
    /// Whether `phrase` stands in commas between this cue and its content: "said, according to the Herald, that".
    pub(super) fn inserted(&self, passage: &Passage<'_>, phrase: &Found) -> bool {
        phrase.role == Role::Phrase
            && phrase.start == self.end + 1
            && passage.is(self.end, ',')
            && passage.is(phrase.end, ',')
            && (passage.has(phrase.end + 1, class::THAT) || passage.is_quote(phrase.end + 1))
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    /// A verb with its subject before it.
    SubjectFirst,
    /// A verb with its subject after it.
    SubjectLast,
    /// A verb that takes the subject of the one before it.
    Shared,
    /// "according to".
    Phrase,
    /// "citing".
    Relay,
    /// "reportedly".
    Hearsay,
}

/// Reads the sentence `unit` of `passage`.
pub(super) fn read(passage: &Passage<'_>, unit: &Range<usize>, drafts: &mut Vec<Draft>) {
    let found = find(passage, unit);
    let mut placed: Vec<Option<usize>> = vec![None; found.len()];
    for (index, item) in found.iter().enumerate() {
        let awaits = index + 1 == found.len() && awaits_block(passage, item);
        let contents = if awaits {
            Vec::new()
        } else {
            content(passage, unit, &found, index)
        };
        if contents.is_empty() && item.role != Role::Relay && !awaits {
            continue;
        }
        placed[index] = Some(drafts.len());
        if let [only] = contents.as_slice()
            && let Some([first, source, second]) = gapped(passage, only)
        {
            drafts.push(draft(passage, item, &[first]));
            let mut other = draft(passage, item, &[second]);
            other.source = vec![passage.span(&source)];
            drafts.push(other);
            continue;
        }
        let mut own = draft(passage, item, &contents);
        if item.source.is_none() && item.role == Role::SubjectFirst {
            own.antecedent = last_speaker(drafts);
        }
        drafts.push(own);
    }
    nesting::nest(passage, unit, &found, &placed, drafts);
}

/// "He said:", "She wrote of the fire:" at the end of a block: what is said follows in the next one.
fn awaits_block(passage: &Passage<'_>, item: &Found) -> bool {
    let end = passage.tokens.len();
    let speech = matches!(item.frame, Frame::Say | Frame::Tell) && item.role != Role::Hearsay;
    end > 0
        && passage.is(end - 1, ':')
        && (item.end >= end
            || speech && (item.end..end).len() <= 24 && !(item.end..end).any(|k| passage.has(k, class::THAT)))
}

/// All cues of the sentence with their sources, in order.
fn find(passage: &Passage<'_>, unit: &Range<usize>) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let mut verbs = cues::find(passage, unit).into_iter().peekable();
    let mut at = unit.start;
    while at < unit.end {
        if let Some(item) = wording::phrase(passage, unit, at).or_else(|| wording::nominal(passage, unit, at))
        {
            at = item.end;
            found.push(item);
            while verbs.peek().is_some_and(|v| v.group.start < at) {
                verbs.next();
            }
            continue;
        }
        if verbs.peek().is_some_and(|v| v.verb.start <= at)
            && let Some(verb) = verbs.next()
            && !is_embedded(passage, &found, &verb)
            && let Some(item) = speaker::find(passage, unit, &found, &verb)
        {
            at = at.max(item.end);
            found.push(item);
            continue;
        }
        at += 1;
    }
    found
}

/// A belief or wish that another speaker tells of ("said she hoped to", "asked whether he thought", "said that …
/// and wanted"), or that is only supposed ("if people think").
fn is_embedded(passage: &Passage<'_>, found: &[Found], verb: &Cue<'_>) -> bool {
    if !cues::is_attitude(verb) || cased::has_cases(passage) {
        return false;
    }
    let from = found.last().map_or(0, |f| f.end);
    let words = || {
        (from..verb.group.start)
            .rev()
            .take(12)
            .take_while(|&k| passage.is_word(k))
    };
    let supposed = words().any(|k| passage.listed("suppositions", k));
    let told = found.last().is_some_and(|f| {
        !passage.is(f.end, ',')
            && !(f.end..verb.group.start).any(|k| passage.is_quote(k) || passage.is(k, ';'))
            && matches!(f.role, Role::SubjectFirst | Role::Shared)
            && matches!(f.frame, Frame::Say | Frame::Tell | Frame::Ask)
    });
    supposed || told && !verb.leaning
}

fn draft(passage: &Passage<'_>, item: &Found, contents: &[Range<usize>]) -> Draft {
    let content: Vec<Span> = contents.iter().map(|c| passage.span(c)).collect();
    Draft {
        form: form(passage, item, contents),
        stance: item.stance,
        polarity: item.polarity,
        source: item.source.iter().map(|s| passage.span(s)).collect(),
        cue: cue_spans(passage, item),
        content,
        parent: None,
        antecedent: antecedent(passage, item),
    }
}

/// The cue without a source inside of it: "За [його] словами".
fn cue_spans(passage: &Passage<'_>, item: &Found) -> Vec<Span> {
    let cue = &item.cue;
    match &item.source {
        Some(source) if cue.start < source.start && source.end < cue.end => {
            vec![
                passage.span(&(cue.start..source.start)),
                passage.span(&(source.end..cue.end)),
            ]
        }
        _ => vec![passage.span(cue)],
    }
}

/// Whoever spoke last, for a sentence that names nobody.
pub(super) fn last_speaker(drafts: &[Draft]) -> Option<Span> {
    drafts
        .iter()
        .rev()
        .take(40)
        .find_map(|d| d.source.first().copied().or(d.antecedent))
}

fn form(passage: &Passage<'_>, item: &Found, contents: &[Range<usize>]) -> Form {
    if item.role == Role::Hearsay {
        Form::Hearsay
    } else {
        quoted_form(passage, contents)
    }
}

/// Direct if all of the content is quoted, mixed if some is.
pub(super) fn quoted_form(passage: &Passage<'_>, contents: &[Range<usize>]) -> Form {
    let (quoted, words) = contents.iter().fold((0, 0), |sum, range| {
        let (quotes, words) = passage.counts(range);
        (sum.0 + quotes, sum.1 + words)
    });
    match (quoted, words) {
        (0, _) => Form::Indirect,
        (_, 0) => Form::Direct,
        _ => Form::Mixed,
    }
}

/// Whom "who" stands for: the noun phrase before it.
fn antecedent(passage: &Passage<'_>, item: &Found) -> Option<Span> {
    let source = item
        .source
        .as_ref()
        .filter(|s| s.len() == 1 && passage.has(s.start, class::RELATIVE))?;
    let end = if source.start > 0 && passage.is(source.start - 1, ',') {
        source.start - 1
    } else {
        source.start
    };
    let from = end.saturating_sub(12);
    subject::left_of(passage, from, end).map(|s| passage.span(&s))
}
