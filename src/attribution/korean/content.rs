//! Where the content before a Korean cue verb ends: at a quotative ending, at an object, at a quotation.

use super::super::Stance;
use super::super::lexicon::{Entry, Frame, Lexicon};
use super::super::passage::Passage;
use super::State;
use super::borders::{begins, ends};
use super::source::{describes, source_after, topic};

/// The cue verb that token `at` begins with, the longest stem first.
pub(super) fn entry_of(passage: &Passage<'_>, at: usize) -> Option<&'static Entry> {
    let lexicon: &'static Lexicon = passage.lexicon;
    let mut lower = passage.lower(at);
    if ends(passage, "no-cue-endings", at).is_some() {
        return None;
    }
    // "것으로 보고 있다": sees it so.
    if lower == "보고" && passage.lower(at + 1).starts_with('있') {
        lower = "추정했";
    }
    // "확인해 줄 수 없다고": what can or cannot be done is part of what is said.
    if passage.listed("ables", at + 1) || ends(passage, "ables", at).is_some() {
        return None;
    }
    let mut cuts: Vec<usize> = lower.char_indices().skip(1).take(6).map(|(k, _)| k).collect();
    cuts.push(lower.len());
    cuts.iter().rev().find_map(|&end| {
        let stem = lower.get(..end)?;
        let index = lexicon.word(stem).entries.first()?;
        lexicon.entries.get(*index)
    })
}

/// Where content ends.
pub(super) struct Closed {
    /// Its last token.
    pub last: usize,
    /// The byte after it, without the particle.
    pub end: usize,
    /// The token after the quotative ending.
    pub after: usize,
    /// Whether the noun after -다는 makes a claim of it ("주장을").
    pub claim: bool,
}

/// Where the content before the verb at `at` ends: at a quotative ending, or at an object if the verb takes one.
pub(super) fn content_end(
    passage: &Passage<'_>,
    state: &State,
    at: usize,
    cue: (&Entry, bool, usize),
) -> Option<Closed> {
    let ((entry, negated, verb), from) = (cue, state.from);
    let close = |last: usize, end: usize, after: usize| {
        let claim = passage.listed("claim-nouns", last + 1);
        Some(Closed {
            last,
            end,
            after,
            claim,
        })
    };
    let guesses = matches!(
        entry.stance,
        Stance::Estimate | Stance::Think | Stance::Report | Stance::Confirm
    );
    for k in (from..at).rev().take(24) {
        let token = passage.tokens.get(k)?;
        let word = token.span.of(passage.text);
        if passage.is_quote(k) && k + 1 == at {
            return close(k, token.span.end, k + 1);
        }
        // “…”고, “…”라고, ‘…’이라고: a particle of its own after the quotation.
        if k > from && passage.is_quote(k - 1) && passage.listed("after-quotes", k) {
            return close(k - 1, passage.tokens[k - 1].span.end, k + 1);
        }
        // “…” 그가 말했다: no particle, a speaker between.
        if passage.is_quote(k) && at <= k + 5 && source_after(passage, k + 1, at).is_some() {
            return close(k, token.span.end, k + 1);
        }
        if at > k + 8 {
            continue;
        }
        if guesses && word == "것으로" && k > from {
            return close(k, token.span.end - "으로".len(), k + 1);
        }
        if let Some(ending) = ends(passage, "quotatives", k) {
            // -다는 wants its noun: "지시했다는 사실을".
            if ending.ends_with('는') && !(k + 1 < at && passage.listed("nouns", k + 1)) {
                continue;
            }
            let particle = ending.chars().next_back().map_or(0, char::len_utf8);
            return close(k, token.span.end - particle, k + 1);
        }
    }
    // An object closes content only before a verb that ends its clause, not before "지시했다는" or "요구한".
    let inner = ends(passage, "quotatives", verb).is_some() || describes(passage, verb);
    let last = at.checked_sub(1).filter(|&k| k >= from && !inner)?;
    let span = passage.tokens[last].span;
    let word = span.of(passage.text);
    let strip = |particles: &[&str]| {
        particles
            .iter()
            .find(|p| word.ends_with(**p) && word.len() > p.len())
            .map(|p| span.end - p.len())
    };
    // "몇 명인지 공개하지 않았다": a question that closes the content by itself.
    if ends(passage, "questions", last).is_some() {
        return close(last, span.end, at);
    }
    if entry.stance == Stance::Estimate
        && let Some(end) = strip(&["으로", "로"])
    {
        return close(last, end, at);
    }
    // "약속했으나 시기는 밝히지 않았다", "시장은 수수는 부인하면서도": a topic that is no source.
    let weighs = matches!(entry.stance, Stance::Confirm | Stance::Deny);
    let owned = || state.source.is_some() || topic(passage, from, last, false).is_some_and(|t| t.speaks);
    if (negated && state.source.is_some() || weighs && owned())
        && let Some(end) = strip(&["은", "는"])
    {
        return close(last, end, at);
    }
    // "혐의에 대해 부인했다"
    if passage.listed("about", last) && last > from {
        let object = passage.tokens[last - 1].span;
        if object.of(passage.text).ends_with('에') {
            return close(last - 1, object.end - '에'.len_utf8(), at);
        }
    }
    // "영화를 봤지만": what is seen is no content.
    if entry.stance == Stance::Estimate && begins(passage, "sees", verb) {
        return None;
    }
    let takes = entry.frame == Frame::Object
        || negated
        || !matches!(
            entry.stance,
            Stance::Say | Stance::Report | Stance::Think | Stance::Cite
        );
    close(last, strip(&["을", "를"])?, at).filter(|_| takes)
}
