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
    ending_of(passage, list, word)
}

/// The longest ending of the list that `word` has, with something before it.
pub(super) fn ending_of(passage: &Passage<'_>, list: &str, word: &str) -> Option<&'static str> {
    passage
        .lexicon
        .list(list)
        .iter()
        .filter(|e| word.ends_with(e.as_str()) && word.len() > e.len())
        .max_by_key(|e| e.len())
        .map(String::as_str)
}

/// Whether `k` is the particle behind a quotation.
pub(super) fn is_after_quote(passage: &Passage<'_>, k: usize) -> bool {
    k > 0 && passage.listed("after-quotes", k) && passage.is_quote(k - 1)
}

/// How many bytes of a quotative ending are its particle: the rest belongs to the content ("다|고는", "라|는").
pub(super) fn particle_of(passage: &Passage<'_>, ending: &str) -> usize {
    let particles = passage.lexicon.list("quotative-particles");
    particles
        .iter()
        .filter(|p| ending.ends_with(p.as_str()))
        .map(String::len)
        .max()
        .unwrap_or(0)
}

/// The verb with its negation ("밝히지 않았다") or its auxiliary ("주장하고 있다"), and whether it is negated.
pub(super) fn cue_span(passage: &Passage<'_>, unit: &Range<usize>, at: usize) -> (Span, bool) {
    let own = passage.tokens[at].span;
    let next = |list: &str| at + 1 < unit.end && begins(passage, list, at + 1);
    // "확인해 주지 않았다"
    if passage.listed("withheld", at + 1) && at + 2 < unit.end && begins(passage, "withholds", at + 2) {
        return (own.cover(passage.tokens[at + 2].span), true);
    }
    let negated = ends(passage, "negated-endings", at).is_some() && next("withholds");
    let lasts = || ends(passage, "lasting-endings", at).is_some() || begins(passage, "written", at);
    if negated || next("lasting") && lasts() {
        (own.cover(passage.tokens[at + 1].span), negated)
    } else {
        (own, false)
    }
}

/// The span of `range` without the particle of the list at its end; `None` if it has none.
pub(super) fn without_particle(passage: &Passage<'_>, range: Range<usize>, list: &str) -> Option<Span> {
    let span = span_of(passage, range.start, range.end)?;
    let particle = ending_of(passage, list, span.of(passage.text))?;
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
