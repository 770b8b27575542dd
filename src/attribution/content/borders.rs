//! Where the content beside a cue begins and ends.

use std::ops::Range;

use super::super::cased;
use super::super::clause::{Found, Role};
use super::super::cues::{skip_adjunct, skip_time};
use super::super::lexicon::{Frame, class};
use super::super::passage::Passage;
use super::super::token::Kind;

/// How many tokens a mark may stand away from a cue that it bounds: the work stays linear, whatever the text.
pub(super) const FAR: usize = 400;

/// The clause or quotation that ends right before `end`.
pub(super) fn left_content(passage: &Passage<'_>, from: usize, end: usize) -> Option<Range<usize>> {
    let last = end.checked_sub(1).filter(|&l| l >= from)?;
    let bare_quote = passage.is_quote(last);
    let parted = passage.is(last, ',') || passage.tokens[last].is_dash();
    if !bare_quote && !parted {
        return None;
    }
    let stop = if bare_quote { end } else { last };
    let mut range = trim(passage, from..stop)?;
    let openers = passage.lexicon.list("openers");
    while range.len() > 2 && openers.iter().any(|w| w == passage.lower(range.start)) {
        range = trim(passage, range.start + 1..range.end)?;
    }
    // "His assessment: “It is over,” she said."
    if let Some(colon) = (range.start..range.end)
        .rev()
        .take(3)
        .find(|&k| passage.is(k, ':'))
        && passage.is_quote(colon + 1)
    {
        range.start = colon + 1;
    }
    // A clause has a verb or a quotation; "On Monday," is none.
    let starts_adverbial = passage.has(range.start, class::PREPOSITION | class::LEAD | class::TIME)
        && !passage.is_quote(range.end - 1);
    if starts_adverbial
        && !(range.start..range.end).take(60).any(|k| {
            let past = passage.lower(k).ends_with("ed") && !passage.tokens[k].capital;
            past || passage.has(k, class::AUXILIARY | class::VERB) || passage.is_quote(k)
        })
    {
        return None;
    }
    if range.len() < 2 && !passage.is_quote(range.start) {
        return None;
    }
    Some(range)
}

/// A quotation that goes on after source and cue: directly, after a comma, or after the sentence's adjuncts.
pub(super) fn quote_after(passage: &Passage<'_>, from: usize, end: usize) -> Option<usize> {
    let limit = end.min(from + 24);
    (from..limit)
        .take_while(|&k| !passage.is_stop(k) && !passage.is(k, ';'))
        .find(|&k| passage.is_quote(k))
        .filter(|&k| {
            k == from
                || passage.is(k - 1, ',')
                || passage.is(k - 1, ':')
                || passage.tokens[k - 1].is_dash()
                || passage.quote_words(k) > 3
        })
}

/// The content after the cue.
pub(super) fn right_content(passage: &Passage<'_>, item: &Found, limit: usize) -> Option<Range<usize>> {
    let unit = item.cue.start..limit;
    let mut start = skip_time(passage, &unit, item.end.max(item.cue.end));
    let addressed = takes_addressee(passage, item.frame);
    start = skip_occasion(passage, start, limit);
    if let Some(next) = skip_adjunct(passage, &unit, start, addressed) {
        let next = if passage.is(next, ':') { next + 1 } else { next };
        return trim(passage, next..beside(passage, next, limit));
    }
    if item.frame == Frame::Tell || item.frame == Frame::Ask {
        start = skip_addressee(passage, start, limit, item.frame);
    }
    if let Some(colon) =
        (start..limit.min(start + 60)).find(|&k| passage.is(k, ':') && passage.is_quote(k + 1))
    {
        start = colon + 1;
    }
    let end = beside(passage, start, limit);
    trim(passage, start..end)
}

/// Skips ", when asked about the fire," after a cue, if reported speech follows; else gives `at`.
fn skip_occasion(passage: &Passage<'_>, at: usize, limit: usize) -> usize {
    if !passage.is(at, ',') || !passage.listed("occasion-clauses", at + 1) {
        return at;
    }
    let close = (at + 1..limit.min(at + 30)).find(|&k| passage.is(k, ','));
    let opens = |k: &usize| passage.has(k + 1, class::THAT) || passage.is_quote(k + 1);
    close.filter(opens).map_or(at, |k| k + 1)
}

/// Where the content of `found[index]` must end.
pub(super) fn right_limit(
    passage: &Passage<'_>,
    unit: &Range<usize>,
    found: &[Found],
    index: usize,
) -> usize {
    let mut limit = unit.end;
    let own = &found[index];
    // The subject of the next cue may hold this one ("Lund, who was seen as weak, said").
    let relative = own
        .source
        .as_ref()
        .is_some_and(|s| s.len() == 1 && passage.has(s.start, class::RELATIVE));
    let around =
        |n: &Found| (own.role == Role::Hearsay || relative) && n.start < own.start && n.cue.start >= own.end;
    if let Some(next) = found[index + 1..]
        .iter()
        .find(|n| n.start >= own.end || around(n))
    {
        let mut cut = if around(next) { next.cue.start } else { next.start };
        if next.role == Role::Shared {
            cut = next.cue.start;
        }
        let mut parted = false;
        if let Some(comma) = adjunct_before(passage, own.end, cut) {
            cut = comma + 1;
        }
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
        let after_quote = cut > 0 && passage.is_quote(cut - 1) && passage.quote_ends_speech(cut - 1);
        if parted || after_quote || around(next) || matches!(next.role, Role::Phrase | Role::Relay) {
            limit = cut;
        }
    }
    // "The council says 40 were lost; the union counts 90": after a semicolon somebody else may speak.
    let semicolon = (own.end..limit).take(FAR).find(|&k| passage.is(k, ';'));
    clause_limit(passage, own, semicolon.unwrap_or(limit))
}

/// Where a clause in commas ends, that holds the cue: "After saying that it was safe, Lund …", "which two sailors said
/// was late, …", "With a third of them saying they were ill, …".
fn clause_limit(passage: &Passage<'_>, item: &Found, limit: usize) -> usize {
    let Some(source) = &item.source else { return limit };
    if source.start > item.cue.end && item.role == Role::Shared {
        return limit.min(source.start);
    }
    let at = source.start;
    let relative = |k: usize| passage.has(k, class::RELATIVE) && passage.lower(k) != "that";
    let aside = |k: usize| k == 0 || !passage.is_word(k - 1);
    let inside = source.len() == 1 && relative(at) && aside(at)
        || at > 0 && (relative(at - 1) || passage.listed("absolutes", at - 1));
    if !inside || cased::has_cases(passage) {
        return limit;
    }
    (item.end.max(item.cue.end)..limit)
        .take(FAR)
        .find(|&k| passage.is(k, ',') || passage.tokens[k].is_dash())
        .unwrap_or(limit)
}

/// ", at the town hall this week she said": the comma before an adjunct that leads in the next subject at `end`.
fn adjunct_before(passage: &Passage<'_>, from: usize, end: usize) -> Option<usize> {
    let comma = (from..end).rev().take(9).find(|&k| passage.is(k, ','))?;
    let inner = comma + 1..end;
    let adjunct = passage.has(comma + 1, class::PREPOSITION) && inner.len() > 1;
    let clause = inner.into_iter().any(|k| {
        passage.has(k, class::AUXILIARY | class::VERB | class::CLAUSE) && !passage.has(k, class::PREPOSITION)
            || passage.is_quote(k)
    });
    (adjunct && !clause).then_some(comma)
}

/// Drops commas, dashes, stops and white space at both ends; `None` if nothing is left.
pub(in crate::attribution) fn trim(passage: &Passage<'_>, range: Range<usize>) -> Option<Range<usize>> {
    let mut range = range;
    let loose = |k: usize| {
        passage.is_stop(k)
            || passage.tokens[k].is_dash()
            || matches!(passage.tokens[k].kind, Kind::Mark(',' | ';' | ':'))
    };
    while range.start < range.end && loose(range.end - 1) {
        range.end -= 1;
    }
    while range.start < range.end && loose(range.start) {
        range.start += 1;
    }
    (range.start < range.end).then_some(range)
}

/// Skips whom something is told or asked: "reporters", "the Oya Herald", up to the content.
fn skip_addressee(passage: &Passage<'_>, start: usize, limit: usize, frame: Frame) -> usize {
    let first = if passage.has(start, class::OBJECT) {
        start + 1
    } else {
        start
    };
    for at in first..limit.min(start + 12) {
        let question = passage.has(at, class::QUESTION);
        let asked = frame == Frame::Ask && matches!(passage.lower(at), "to" | "for" | "about");
        let subject = at > start && passage.has(at, class::PRONOUN) && !passage.has(at, class::DETERMINER);
        if question || asked || subject || passage.is_quote(at) {
            return at;
        }
        if passage.is(at, ',') || passage.is_stop(at) || passage.has(at, class::AUXILIARY) {
            break;
        }
    }
    first
}

/// Where a clause beside the content begins (", while others …"), else `limit`.
fn beside(passage: &Passage<'_>, start: usize, limit: usize) -> usize {
    let words = passage.lexicon.list("beside");
    if words.is_empty() {
        return limit;
    }
    (start..limit.min(start + 200))
        .find(|&k| passage.is(k, ',') && k > start + 2 && words.iter().any(|w| w == passage.lower(k + 1)))
        .unwrap_or(limit)
}

/// Whether somebody may stand between cue and content: "told reporters that"; anywhere in a language with cases.
pub(super) fn takes_addressee(passage: &Passage<'_>, frame: Frame) -> bool {
    matches!(frame, Frame::Tell | Frame::Ask) || !passage.lexicon.list("locative").is_empty()
}
