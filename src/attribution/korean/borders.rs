//! Tokens of a Korean sentence against the lists of the lexicon: stems at their start, endings and particles at
//! their end.

use std::ops::Range;

use super::super::Form;
use super::super::passage::Passage;
use crate::text::span::Span;

/// Whether token `at` begins with a stem of the list.
pub(super) fn begins(passage: &Passage<'_>, list: &str, at: usize) -> bool {
    passage
        .lexicon
        .list(list)
        .iter()
        .any(|w| passage.lower(at).starts_with(w.as_str()))
}

/// The longest ending of the list that token `at` has, with something before it.
pub(super) fn ends(passage: &Passage<'_>, list: &str, at: usize) -> Option<&'static str> {
    let word = passage.tokens.get(at)?.span.of(passage.text);
    if passage.is_quote(at) {
        return None;
    }
    passage
        .lexicon
        .list(list)
        .iter()
        .filter(|e| word.ends_with(e.as_str()) && word.len() > e.len())
        .max_by_key(|e| e.len())
        .map(String::as_str)
}

/// The verb with its negation ("밝히지 않았다") or its auxiliary ("주장하고 있다"), and whether it is negated.
pub(super) fn cue_span(passage: &Passage<'_>, unit: &Range<usize>, at: usize) -> (Span, bool) {
    let own = passage.tokens[at].span;
    let word = own.of(passage.text);
    let next =
        |stems: &[&str]| at + 1 < unit.end && stems.iter().any(|n| passage.lower(at + 1).starts_with(n));
    // "확인해 주지 않았다"
    if passage.listed("withheld", at + 1) && at + 2 < unit.end && begins(passage, "withholds", at + 2) {
        return (own.cover(passage.tokens[at + 2].span), true);
    }
    let negated = ["지", "지는", "지도"].iter().any(|e| word.ends_with(e)) && next(&["않", "못"]);
    if negated || next(&["있"]) && (word.ends_with('고') || begins(passage, "written", at)) {
        (own.cover(passage.tokens[at + 1].span), negated)
    } else {
        (own, false)
    }
}

/// The span of `range` without the first fitting particle at its end.
pub(super) fn without_particle(
    passage: &Passage<'_>,
    range: Range<usize>,
    particles: &[&str],
) -> Option<Span> {
    let span = span_of(passage, range.start, range.end)?;
    let word = span.of(passage.text);
    let particle = particles
        .iter()
        .find(|p| word.ends_with(**p) && word.len() > p.len())?;
    Some(Span::new(span.start, span.end - particle.len()))
}

/// From token `start` up to `end`, without a stop or comma at either end.
pub(super) fn span_of(passage: &Passage<'_>, start: usize, end: usize) -> Option<Span> {
    let (mut start, mut end) = (start, end);
    let loose = |k: usize| passage.is_stop(k) || passage.is(k, ',');
    while start < end && loose(start) {
        start += 1;
    }
    while start < end && loose(end - 1) {
        end -= 1;
    }
    (start < end).then(|| passage.span(&(start..end)))
}

/// Direct if all of the content is quoted, mixed if some is.
pub(super) fn form_of(passage: &Passage<'_>, content: &[Span]) -> Form {
    // The quotation that begins at or after the start of a span.
    let quote = |span: &Span| {
        let next = passage.quotes.partition_point(|q| q.outer.start < span.start);
        passage.quotes.get(next).map(|q| q.outer)
    };
    if content.iter().all(|c| quote(c) == Some(*c)) {
        Form::Direct
    } else if content.iter().any(|c| quote(c).is_some_and(|q| c.contains(q))) {
        Form::Mixed
    } else {
        Form::Indirect
    }
}
