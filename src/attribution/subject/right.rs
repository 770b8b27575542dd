//! The noun phrase right of a cue: "said Lund, the mayor", "according to Lund".

use std::ops::Range;

use super::super::apposition::{describes, is_apposition};
use super::super::cased;
use super::super::lexicon::class;
use super::super::passage::Passage;
use super::super::token::Kind;
use super::{REACH, is_finite_cue};

/// The subject that starts at `start` ("said Lund, the mayor"), not reaching `end`.
pub(in crate::attribution) fn right_of(
    passage: &Passage<'_>,
    start: usize,
    end: usize,
) -> Option<Range<usize>> {
    if start >= end || !passage.is_word(start) {
        return None;
    }
    if passage.has(start, class::PRONOUN) && !passage.has(start, class::DETERMINER) {
        return Some(start..start + 1);
    }
    if passage.has(
        start,
        class::PREPOSITION | class::CLAUSE | class::AUXILIARY | class::TIME | class::OBJECT,
    ) || passage.has(start, class::ADVERB) && !passage.has(start, class::DETERMINER)
    {
        return None;
    }
    let mut at = plain_end(passage, start, end, false);
    if at == start {
        return None;
    }
    while passage.is(at, ',')
        && at + 1 < end
        && passage.is_word(at + 1)
        && is_apposition(passage, &(at + 1..end))
    {
        if passage.has(at + 1, class::RELATIVE) && speaks(passage, at + 2) {
            // "said Lund, who added that …": a cue of its own.
            break;
        }
        let next = if passage.has(at + 1, class::RELATIVE) {
            clause_end(passage, at + 1, end)
        } else {
            plain_end(passage, at + 1, end, true)
        };
        if next == at + 1 {
            break;
        }
        at = next;
    }
    Some(start..at)
}

/// Whether the word at `at` is a cue that is no noun ("who added").
fn speaks(passage: &Passage<'_>, at: usize) -> bool {
    let entries = &passage.word(at).entries;
    entries.iter().any(|&e| {
        passage
            .lexicon
            .entries
            .get(e)
            .is_some_and(|e| !e.noun_form() && !e.strict)
    })
}

/// Where the noun phrase from `start` ends, before any comma.
fn plain_end(passage: &Passage<'_>, start: usize, end: usize, apposition: bool) -> usize {
    let end = end.min(start + REACH);
    let mut at = start;
    while at < end {
        if passage.is(at, '(') {
            match (at..end).take(12).find(|&c| passage.is(c, ')')) {
                Some(close) => {
                    at = close + 1;
                    continue;
                }
                None => break,
            }
        }
        if passage.is_quote(at) {
            if at > start && passage.quote_words(at) <= 4 && !passage.quote_ends_speech(at) {
                at += 1;
                continue;
            }
            break;
        }
        if !passage.is_word(at)
            && !matches!(
                passage.tokens[at].kind,
                Kind::Mark('&' | '$' | '%' | '/' | '#' | '’' | '\'')
            )
        {
            break;
        }
        if at > start {
            let link = passage.has(at, class::LINK)
                && !passage.has(at + 1, class::TIME)
                && (apposition || !is_adjunct(passage, at));
            if passage.has(at, class::RELATIVE) && passage.lower(at) != "that" {
                return if speaks(passage, at + 1) {
                    at
                } else {
                    clause_end(passage, at, end)
                };
            }
            // "one of them", "один із них"
            let of_them = passage.lower(at - 1) == "of"
                || cased::has_cases(passage) && passage.has(at - 1, class::LINK);
            if passage.has(at, class::CLAUSE | class::AUXILIARY | class::TIME)
                || passage.has(at, class::OBJECT) && !of_them
                || passage.has(at, class::PREPOSITION) && !link
                || passage.has(at, class::ADVERB) && !passage.has(at, class::DETERMINER)
                || passage.has(at, class::PRONOUN) && !passage.has(at, class::DETERMINER)
                || passage.has(at, class::CONJUNCTION) && !joins_nouns(passage, at, end)
                || is_finite_cue(passage, at)
            {
                break;
            }
        }
        at += 1;
    }
    at
}

/// "in a statement", "on Twitter", "at a rally": says where it was said, not who.
fn is_adjunct(passage: &Passage<'_>, at: usize) -> bool {
    cased::is_occasion(passage, at)
        || matches!(passage.lower(at), "in" | "on" | "to" | "about" | "at") && {
            let next = at + 1;
            passage.has(next, class::DETERMINER)
                || passage.lower(at) == "on"
                || passage.lower(at) == "to"
                || !passage.tokens.get(next).is_some_and(|t| t.capital)
        }
}

/// The source after "according to" at `start`: longer than a subject, since no verb's adjuncts can follow it.
/// `leading`: the phrase opens its sentence, so that the content follows after a comma.
pub(in crate::attribution) fn after_phrase(
    passage: &Passage<'_>,
    start: usize,
    end: usize,
    leading: bool,
) -> Option<Range<usize>> {
    if start >= end || !(passage.is_word(start) || passage.is_quote(start)) {
        return None;
    }
    if passage.has(start, class::PRONOUN) && !passage.has(start, class::DETERMINER) {
        return Some(start..start + 1);
    }
    let end = end.min(start + REACH);
    let plain = |from: usize| {
        let mut at = from;
        while at < end {
            let inside = passage.is_word(at)
                || passage.is_quote(at)
                    && passage.quote_words(at) <= 12
                    && (at == start || at > from && passage.quote_words(at) <= 6 && !passage.is(at - 1, ','))
                || matches!(
                    passage.tokens[at].kind,
                    Kind::Mark('&' | '$' | '%' | '/' | '#' | '(' | ')' | '\'' | '’')
                );
            let clause =
                passage.has(at, class::CLAUSE) && !passage.has(at, class::RELATIVE | class::PREPOSITION);
            let inflected = !passage.lexicon.list("inflects").is_empty() && is_finite_cue(passage, at);
            let verb = (inflected || passage.has(at, class::AUXILIARY | class::VERB))
                && !(from..at).any(|k| passage.has(k, class::RELATIVE));
            if !inside || at > from && (clause || verb) {
                break;
            }
            at += 1;
            if passage.quote_ends_in_comma(at - 1) {
                break;
            }
        }
        at
    };
    let mut at = plain(start);
    if at == start {
        return None;
    }
    // "according to Lund, the mayor": an apposition, if it closes again or ends the sentence.
    if passage.is(at, ',') && passage.is_word(at + 1) && is_apposition(passage, &(at + 1..end)) {
        let next = plain(at + 1);
        let closes = passage.is(next, ',') || passage.is(next, ':') || next >= end || passage.is_stop(next);
        let who = passage.has(at + 1, class::RELATIVE);
        // Before the content only a short one that closes again can be told from the content itself.
        let short = next <= at + 9
            && passage.is(next, ',')
            && !(at + 1..next).any(|k| passage.has(k, class::RELATIVE));
        let fits = if leading {
            short && describes(passage, at + 1)
        } else {
            describes(passage, at + 1) && closes
        };
        if next > at + 1 && (who || fits) {
            at = if who {
                clause_end(passage, at + 1, end)
            } else {
                next
            };
        }
    }
    Some(start..at)
}

/// Whether "and" at `at` joins two nouns: no verb follows soon.
fn joins_nouns(passage: &Passage<'_>, at: usize, end: usize) -> bool {
    let next = at + 1;
    next < end
        && passage.is_word(next)
        && !is_finite_cue(passage, next)
        && !passage.has(
            next,
            class::AUXILIARY | class::VERB | class::ADVERB | class::CLAUSE,
        )
        && !passage.has(next, class::PRONOUN)
}

/// Where a relative clause ends: at the next comma, quotation or stop.
fn clause_end(passage: &Passage<'_>, start: usize, end: usize) -> usize {
    let end = end.min(start + REACH);
    (start..end)
        .find(|&k| {
            passage.is(k, ',')
                || passage.is(k, ';')
                || passage.is_quote(k) && !cased::is_name(passage, k)
                || passage.tokens[k].is_dash()
                || k + 1 == end && passage.is_stop(k)
        })
        .unwrap_or(end)
}
