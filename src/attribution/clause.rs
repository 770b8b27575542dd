//! Sentence → attributions, for languages whose cue is a verb between or beside source and content
//! (English, Ukrainian, Russian).

use std::ops::Range;

use super::cues::{self, Cue, opens_content, skip_adjunct};
use super::lexicon::{Frame, PhraseRole, VerbForm, class};
use super::passage::Passage;
use super::{Draft, Form, Polarity, Stance, subject};
use crate::text::span::Span;

/// A cue with its source, before its content is known.
struct Found {
    cue: Range<usize>,
    source: Option<Range<usize>>,
    /// First token of source and cue together.
    start: usize,
    /// One past their last token.
    end: usize,
    frame: Frame,
    stance: Stance,
    polarity: Polarity,
    role: Role,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Role {
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
    let first = drafts.len();
    for (index, item) in found.iter().enumerate() {
        let contents = content(passage, unit, &found, index);
        if contents.is_empty() && item.role != Role::Relay {
            continue;
        }
        drafts.push(draft(passage, item, &contents));
        let _ = first;
    }
}

/// All cues of the sentence with their sources, in order.
fn find(passage: &Passage<'_>, unit: &Range<usize>) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let mut verbs = cues::find(passage, unit).into_iter().peekable();
    let mut at = unit.start;
    while at < unit.end {
        if let Some(item) = phrase(passage, unit, at) {
            at = item.end;
            found.push(item);
            while verbs.peek().is_some_and(|v| v.group.start < at) {
                verbs.next();
            }
            continue;
        }
        if verbs.peek().is_some_and(|v| v.verb.start <= at) {
            if let Some(verb) = verbs.next()
                && let Some(item) = with_source(passage, unit, &found, &verb)
            {
                at = at.max(item.end);
                found.push(item);
                continue;
            }
        }
        at += 1;
    }
    found
}

/// A cue phrase at `at`.
fn phrase(passage: &Passage<'_>, unit: &Range<usize>, at: usize) -> Option<Found> {
    let lexicon = passage.lexicon;
    let word = lexicon.word(passage.lower(at));
    let entry = word
        .phrases
        .iter()
        .filter_map(|&index| lexicon.phrases.get(index))
        .filter(|p| {
            p.words
                .iter()
                .enumerate()
                .all(|(k, w)| at + k < unit.end && passage.lower(at + k) == w)
        })
        .max_by_key(|p| p.words.len())?;
    let cue = at..at + entry.words.len();
    let role = match entry.role {
        PhraseRole::Source => Role::Phrase,
        PhraseRole::Relay => Role::Relay,
        PhraseRole::Hearsay => Role::Hearsay,
    };
    let source = if role == Role::Hearsay {
        None
    } else {
        Some(subject::right_of(passage, cue.end, unit.end)?)
    };
    let end = source.as_ref().map_or(cue.end, |s| s.end);
    Some(Found {
        start: cue.start,
        end,
        cue,
        source,
        frame: Frame::Say,
        stance: entry.stance,
        polarity: entry.polarity,
        role,
    })
}

/// Finds the source of a cue verb.
fn with_source(passage: &Passage<'_>, unit: &Range<usize>, found: &[Found], cue: &Cue<'_>) -> Option<Found> {
    let polarity = polarity(cue);
    let make = |source: Option<Range<usize>>, role: Role| {
        let start = source
            .as_ref()
            .map_or(cue.group.start, |s| s.start.min(cue.group.start));
        let end = source
            .as_ref()
            .map_or(cue.group.end, |s| s.end.max(cue.group.end));
        Found {
            cue: cue.group.clone(),
            source,
            start,
            end,
            frame: cue.entry.frame,
            stance: cue.entry.stance,
            polarity,
            role,
        }
    };
    let from = found.last().map_or(unit.start, |f| f.end.min(cue.group.start));
    let before = cue.group.start.checked_sub(1).filter(|&b| b >= unit.start);
    if cue.leaning {
        let source = found
            .iter()
            .rev()
            .find(|f| !matches!(f.role, Role::Hearsay | Role::Relay))
            .and_then(|f| f.source.clone());
        let source = source.or_else(|| subject::of_clause(passage, unit.start, cue.group.start))?;
        return Some(make(Some(source), Role::Shared));
    }
    // "…," said Lund
    let inverted =
        before.is_none_or(|b| passage.is_quote(b) || passage.is(b, ',') || passage.tokens[b].is_dash());
    if inverted
        && cue.entry.form != VerbForm::Base
        && before.is_some_and(|b| {
            passage.is_quote(b)
                || passage.is(b, ',')
                    && b > unit.start
                    && (passage.is_quote(b - 1) || !left_is_subject(passage, from, cue))
        })
        && let Some(source) = subject::right_of(passage, cue.group.end, unit.end)
    {
        return Some(make(Some(source), Role::SubjectLast));
    }
    // "… and warned"
    if let Some(b) = before
        && passage.has(b, class::CONJUNCTION | class::CLAUSE)
        && !passage.has(b, class::RELATIVE)
    {
        let previous = found
            .iter()
            .rev()
            .find(|f| matches!(f.role, Role::SubjectFirst | Role::SubjectLast | Role::Shared))
            .and_then(|f| f.source.clone());
        let source = previous.or_else(|| subject::of_clause(passage, unit.start, b));
        return source.map(|s| make(Some(s), Role::Shared));
    }
    let source = subject::left_of(passage, from, cue.group.start)?;
    Some(make(Some(source), Role::SubjectFirst))
}

/// Whether a subject with apposition stands before the comma that precedes the cue.
fn left_is_subject(passage: &Passage<'_>, from: usize, cue: &Cue<'_>) -> bool {
    subject::left_of(passage, from, cue.group.start).is_some_and(|s| s.end == cue.group.start)
}

fn polarity(cue: &Cue<'_>) -> Polarity {
    match (cue.entry.polarity, cue.negated) {
        (Polarity::Asserted, true) => Polarity::Unconfirmed,
        (Polarity::Denied, true) => Polarity::Unconfirmed,
        (polarity, _) => polarity,
    }
}

/// The content of `found[index]`, as token ranges.
fn content(passage: &Passage<'_>, unit: &Range<usize>, found: &[Found], index: usize) -> Vec<Range<usize>> {
    let item = &found[index];
    let left_limit = index.checked_sub(1).map_or(unit.start, |k| found[k].end);
    let right_limit = right_limit(passage, unit, found, index);
    let mut parts = Vec::new();
    let left = left_content(passage, left_limit, item.start);
    let right = || right_content(passage, item, right_limit);
    match item.role {
        Role::Relay => {}
        Role::Hearsay => {
            parts.extend(trim(passage, left_limit..item.cue.start));
            parts.extend(trim(passage, item.cue.end..right_limit));
        }
        Role::Phrase => {
            if let Some(left) = left {
                parts.push(left);
                if passage.is(item.end, ',') && item.end + 1 < right_limit && !passage.is_quote(item.end + 1)
                {
                    parts.extend(trim(passage, item.end + 1..right_limit));
                }
            } else if passage.is(item.end, ',') {
                parts.extend(trim(passage, item.end + 1..right_limit));
            } else {
                parts.extend(trim(passage, item.end..right_limit));
            }
        }
        Role::SubjectLast => {
            parts.extend(left);
            if let Some(next) = quote_after(passage, item.end, right_limit) {
                parts.extend(trim(passage, next..right_limit));
            } else if parts.is_empty() {
                parts.extend(right());
            }
        }
        Role::SubjectFirst | Role::Shared => {
            let quoted = left.as_ref().is_some_and(|l| passage.is_quote(l.end - 1));
            let explicit = opens_content(passage, unit, item.cue.end) && !passage.is(item.cue.end, ',')
                || skip_adjunct(passage, unit, item.cue.end).is_some_and(|n| passage.has(n, class::THAT));
            let bare = opens_bare(passage, item.cue.end, right_limit);
            if item.frame == Frame::Object {
                parts.extend(trim(passage, item.cue.end..right_limit));
            } else if left.is_some() && item.role == Role::SubjectFirst && !explicit && (quoted || !bare) {
                parts.extend(left);
                if let Some(next) = quote_after(passage, item.end, right_limit) {
                    parts.extend(trim(passage, next..right_limit));
                } else if !quoted && passage.is(item.cue.end, ',') {
                    parts.extend(trim(passage, item.cue.end + 1..right_limit));
                }
            } else {
                parts.extend(right());
            }
        }
    }
    parts
}

/// Whether a clause without "that" begins at `at`.
fn opens_bare(passage: &Passage<'_>, at: usize, end: usize) -> bool {
    let mut at = at;
    while at < end && passage.has(at, class::TIME) {
        at += 1;
    }
    at < end
        && passage.is_word(at)
        && !passage.has(
            at,
            class::PREPOSITION | class::ADVERB | class::CONJUNCTION | class::AS | class::CLAUSE,
        )
}

/// The clause or quotation that ends right before `end`.
fn left_content(passage: &Passage<'_>, from: usize, end: usize) -> Option<Range<usize>> {
    let last = end.checked_sub(1).filter(|&l| l >= from)?;
    let bare_quote = passage.is_quote(last);
    let parted = passage.is(last, ',') || passage.tokens[last].is_dash();
    if !bare_quote && !parted {
        return None;
    }
    let stop = if bare_quote { end } else { last };
    let range = trim(passage, from..stop)?;
    // A clause has a verb or a quotation; "On Monday," is none.
    let starts_adverbial = passage.has(range.start, class::PREPOSITION | class::LEAD | class::TIME)
        && !passage.is_quote(range.end - 1);
    if starts_adverbial
        && !(range.start..range.end)
            .any(|k| passage.has(k, class::AUXILIARY | class::VERB) || passage.is_quote(k))
    {
        return None;
    }
    if range.len() < 2 && !passage.is_quote(range.start) {
        return None;
    }
    Some(range)
}

/// A quotation that goes on after source and cue: directly, after a comma, or after the sentence's adjuncts.
fn quote_after(passage: &Passage<'_>, from: usize, end: usize) -> Option<usize> {
    let limit = end.min(from + 24);
    (from..limit)
        .take_while(|&k| !passage.is_stop(k) && !passage.is(k, ';'))
        .find(|&k| passage.is_quote(k))
        .filter(|&k| {
            k == from || passage.is(k - 1, ',') || passage.is(k - 1, ':') || passage.quote_words(k) > 3
        })
}

/// The content after the cue.
fn right_content(passage: &Passage<'_>, item: &Found, limit: usize) -> Option<Range<usize>> {
    let mut start = item.end.max(item.cue.end);
    while start < limit && passage.has(start, class::TIME) {
        start += 1;
    }
    if let Some(next) = skip_adjunct(passage, &(start..limit), start) {
        let next = if passage.is(next, ':') { next + 1 } else { next };
        return trim(passage, next..limit);
    }
    if item.frame == Frame::Tell || item.frame == Frame::Ask {
        // Somebody is told: a pronoun or a noun phrase before the content.
        if passage.has(start, class::OBJECT) || passage.lower(start) == "reporters" {
            start += 1;
        }
    }
    trim(passage, start..limit)
}

/// Where the content of `found[index]` must end.
fn right_limit(passage: &Passage<'_>, unit: &Range<usize>, found: &[Found], index: usize) -> usize {
    let mut limit = unit.end;
    if let Some(next) = found[index + 1..].iter().find(|n| n.start >= found[index].end) {
        let mut cut = next.start;
        if next.role == Role::Shared {
            cut = next.cue.start;
        }
        let mut parted = false;
        while cut > found[index].end
            && (passage.has(cut - 1, class::CONJUNCTION | class::CLAUSE)
                || passage.is(cut - 1, ',')
                || passage.is(cut - 1, ';')
                || passage.tokens[cut - 1].is_dash())
        {
            if passage.has(cut - 1, class::THAT) {
                break;
            }
            cut -= 1;
            parted = true;
        }
        if parted || matches!(next.role, Role::Phrase | Role::Relay) {
            limit = cut;
        }
    }
    limit
}

/// Drops commas, dashes, stops and white space at both ends; `None` if nothing is left.
fn trim(passage: &Passage<'_>, range: Range<usize>) -> Option<Range<usize>> {
    let mut range = range;
    let loose = |k: usize| {
        passage.is_stop(k)
            || passage.tokens[k].is_dash()
            || matches!(passage.tokens[k].kind, super::token::Kind::Mark(',' | ';' | ':'))
    };
    while range.start < range.end && loose(range.end - 1) {
        range.end -= 1;
    }
    while range.start < range.end && loose(range.start) {
        range.start += 1;
    }
    (range.start < range.end).then_some(range)
}

fn draft(passage: &Passage<'_>, item: &Found, contents: &[Range<usize>]) -> Draft {
    let content: Vec<Span> = contents.iter().map(|c| passage.span(c)).collect();
    Draft {
        form: form(passage, item, contents),
        stance: item.stance,
        polarity: item.polarity,
        source: item.source.iter().map(|s| passage.span(s)).collect(),
        cue: vec![passage.span(&item.cue)],
        content,
        parent: None,
        antecedent: antecedent(passage, item),
    }
}

/// Direct if all of the content is quoted, mixed if some is.
fn form(passage: &Passage<'_>, item: &Found, contents: &[Range<usize>]) -> Form {
    if item.role == Role::Hearsay {
        return Form::Hearsay;
    }
    let quoted = contents
        .iter()
        .flat_map(Clone::clone)
        .filter(|&k| passage.is_quote(k))
        .count();
    let words = contents
        .iter()
        .flat_map(Clone::clone)
        .filter(|&k| passage.is_word(k))
        .count();
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
