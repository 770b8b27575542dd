//! Where the content before a Korean cue verb ends: at a quotative ending, at an object, at a quotation.

use super::super::Stance;
use super::super::lexicon::{Entry, Frame, Lexicon};
use super::super::passage::Passage;
use super::State;
use super::borders::{begins, ending_of, ends, is_after_quote, particle_of};
use super::source::{describes, source_after, topic};

/// The cue verb that token `at` begins with, the longest stem first.
pub(super) fn entry_of(passage: &Passage<'_>, at: usize) -> Option<&'static Entry> {
    let lexicon: &'static Lexicon = passage.lexicon;
    let mut lower = passage.lower(at);
    if ends(passage, "no-cue-endings", at).is_some() {
        return None;
    }
    // "것으로 보고 있다": sees it so.
    if passage.listed("sees-so", at)
        && begins(passage, "lasting", at + 1)
        && let Some(verb) = lexicon.list("estimate-verb").first()
    {
        lower = verb;
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
    /// Whether it is a report that the verb weighs ("-다는 보도를").
    pub weighed: bool,
}

/// Where the content before the verb at `at` ends: at a quotative ending, or at an object if the verb takes one.
pub(super) fn content_end(
    passage: &Passage<'_>,
    state: &State,
    at: usize,
    cue: (&Entry, bool, usize),
) -> Option<Closed> {
    at_quotative(passage, state.from, at, cue.0).or_else(|| at_object(passage, state, at, cue))
}

/// The content of the verb at `at` that ends with token `last` before the byte `end`.
fn close(passage: &Passage<'_>, last: usize, end: usize, after: usize) -> Option<Closed> {
    Some(Closed {
        last,
        end,
        after,
        claim: passage.listed("claim-nouns", last + 1),
        weighed: passage.listed("nouns", last + 1) && ends(passage, "adnominal-quotatives", last).is_some(),
    })
}

/// "C다고", "“C”라고", "C 것으로" before the verb at `at`.
pub(super) fn at_quotative(passage: &Passage<'_>, from: usize, at: usize, entry: &Entry) -> Option<Closed> {
    let guesses = matches!(
        entry.stance,
        Stance::Estimate | Stance::Think | Stance::Report | Stance::Confirm
    );
    for k in (from..at).rev().take(24) {
        let token = passage.tokens.get(k)?;
        let word = token.span.of(passage.text);
        if passage.is_quote(k) && k + 1 == at {
            return close(passage, k, token.span.end, k + 1);
        }
        // “…”고, “…”라고, ‘…’이라고: a particle of its own after the quotation.
        if k > from && is_after_quote(passage, k) {
            return close(passage, k - 1, passage.tokens[k - 1].span.end, k + 1);
        }
        // "도왔다 고 말했다": a space too many.
        let syllable = |w: usize| ends(passage, "quotative-syllables", w).is_some();
        if k > from && passage.listed("quotative-particles", k) && syllable(k - 1) {
            return close(passage, k - 1, passage.tokens[k - 1].span.end, k + 1);
        }
        // “…”는 입장을: the noun is part of how it was said.
        let noun = passage.listed("quote-nouns", k) && k + 1 < at && passage.listed("nouns", k + 1);
        if k > from && noun && passage.is_quote(k - 1) {
            return close(passage, k - 1, passage.tokens[k - 1].span.end, k + 1);
        }
        // “…” 그가 말했다: no particle, a speaker between.
        if passage.is_quote(k) && at <= k + 5 && source_after(passage, k + 1, at).is_some() {
            return close(passage, k, token.span.end, k + 1);
        }
        if at > k + 8 {
            continue;
        }
        if guesses
            && passage.listed("guesses", k)
            && k > from
            && let Some(particle) = ending_of(passage, "guess-particles", word)
        {
            return close(passage, k, token.span.end - particle.len(), k + 1);
        }
        if let Some(ending) = ends(passage, "quotatives", k) {
            // -다는 wants its noun: "지시했다는 사실을".
            let describes = ends(passage, "adnominal-quotatives", k) == Some(ending);
            if describes && !(k + 1 < at && passage.listed("nouns", k + 1)) {
                continue;
            }
            return close(passage, k, token.span.end - particle_of(passage, ending), k + 1);
        }
    }
    None
}

/// "O를" before the verb at `at`, if it takes an object; "O에 대해", and a question that is its object.
fn at_object(
    passage: &Passage<'_>,
    state: &State,
    at: usize,
    (entry, negated, verb): (&Entry, bool, usize),
) -> Option<Closed> {
    let from = state.from;
    // An object closes content only before a verb that ends its clause, not before "지시했다는" or "요구한".
    let inner = ends(passage, "quotatives", verb).is_some() || describes(passage, verb);
    let last = at.checked_sub(1).filter(|&k| k >= from && !inner)?;
    let span = passage.tokens[last].span;
    let strip = |list: &str| ending_of(passage, list, span.of(passage.text)).map(|p| span.end - p.len());
    // "몇 명인지 공개하지 않았다": a question that closes the content by itself.
    if ends(passage, "questions", last).is_some() {
        return close(passage, last, span.end, at);
    }
    if entry.stance == Stance::Estimate
        && let Some(end) = strip("guess-particles")
    {
        return close(passage, last, end, at);
    }
    // "약속했으나 시기는 밝히지 않았다", "시장은 수수는 부인하면서도": a topic that is no source.
    let weighs = matches!(entry.stance, Stance::Confirm | Stance::Deny);
    let owned = || state.source.is_some() || topic(passage, from, last, false).is_some_and(|t| t.speaks);
    if (negated && state.source.is_some() || weighs && owned())
        && let Some(end) = strip("plain-topics")
    {
        return close(passage, last, end, at);
    }
    // "혐의에 대해 부인했다"
    if passage.listed("about", last) && last > from {
        let object = passage.tokens[last - 1].span;
        if let Some(particle) = ending_of(passage, "about-particles", object.of(passage.text)) {
            return close(passage, last - 1, object.end - particle.len(), at);
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
    close(passage, last, strip("objects")?, at).filter(|_| takes)
}
