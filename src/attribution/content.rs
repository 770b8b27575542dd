//! What is said: the borders of the content beside a cue, split and continued quotations included.

use std::ops::Range;

use super::cased;
use super::clause::{Found, Role};
use super::cues::{opens_content, skip_adjunct, skip_time};
use super::lexicon::{Frame, class};
use super::passage::Passage;

/// The content of `found[index]`, as token ranges.
pub(super) fn content(
    passage: &Passage<'_>,
    unit: &Range<usize>,
    found: &[Found],
    index: usize,
) -> Vec<Range<usize>> {
    let item = &found[index];
    let closing = closes_sentence(passage, unit, found, index);
    let left_limit = match index.checked_sub(1) {
        Some(before) if !closing => found[before].end,
        _ => unit.start,
    };
    let right_limit = right_limit(passage, unit, found, index);
    let mut parts = Vec::new();
    let taken = |l: &Range<usize>| left_limit > unit.start && cased::is_taken(passage, l);
    let left = left_content(passage, left_limit, item.start).filter(|l| !taken(l));
    let right = || right_content(passage, item, right_limit);
    match item.role {
        Role::Relay => {}
        Role::Hearsay => {
            // At the head of a sentence, and as a verb, it covers what other cues say.
            let whole = item.cue.start == unit.start || item.stance == super::Stance::Say;
            let limit = if whole { unit.end } else { right_limit };
            parts.extend(trim(passage, left_limit..item.cue.start));
            parts.extend(trim(passage, item.cue.end..limit));
        }
        Role::Phrase => {
            let as_is = item.start > left_limit && passage.has(item.start - 1, class::AS);
            // "Невідомі, за даними слідства, діяли втрьох": one word before the remark.
            let inside = cased::has_cases(passage)
                && left.is_none()
                && item.start > left_limit + 1
                && passage.is(item.start - 1, ',')
                && passage.is(item.end, ',')
                && (left_limit..item.start - 1).all(|k| {
                    passage.is_word(k)
                        && !passage.has(k, class::LEAD | class::ADVERB | class::TIME | class::PREPOSITION)
                });
            let left = left.or_else(|| trim(passage, left_limit..item.start).filter(|_| inside));
            if let Some(left) = left {
                parts.push(left);
                if passage.is(item.end, ',') && item.end + 1 < right_limit && !passage.is_quote(item.end + 1)
                {
                    parts.extend(trim(passage, item.end + 1..right_limit));
                }
            } else if let Some(comma) = comma_after(passage, item, as_is, left_limit) {
                // "According to Reuters, the mayor told aides …": all that follows is relayed.
                let limit = if item.start <= unit.start + 2 {
                    unit.end
                } else {
                    right_limit
                };
                parts.extend(trim(passage, comma + 1..limit));
            } else if item.start > left_limit
                && !as_is
                && (item.start > left_limit + 1 || item.end + 1 >= right_limit)
            {
                // "The deal was first reported by …", "twice, according to …" without a comma.
                parts.extend(trim(passage, left_limit..item.start));
            } else {
                parts.extend(trim(passage, item.end..right_limit));
            }
            let rest = passage.has(item.end, class::PREPOSITION | class::THAT) && item.end < right_limit;
            if item.frame != Frame::Say
                && rest
                && item.source.as_ref().is_some_and(|s| s.start > item.cue.end)
            {
                // "The mayor was accused by prosecutors of taking bribes"; who is told something is no part of it.
                if takes_addressee(passage, item.frame) {
                    parts.clear();
                }
                parts.extend(trim(passage, item.end..right_limit));
            }
        }
        Role::SubjectLast => {
            let opener = cased::opened_by_as(passage, left_limit, item.start)
                .filter(|&k| k > left_limit + 1 && passage.is(k - 1, ','));
            if let Some(opener) = opener {
                // "Американці, як каже Лі, …"
                parts.extend(trim(passage, left_limit..opener));
            }
            let inserted = cased::has_cases(passage)
                && (opener.is_some()
                    || left
                        .as_ref()
                        .is_some_and(|l| !l.clone().any(|k| passage.is_quote(k))));
            parts.extend(left);
            if inserted
                && !parts.is_empty()
                && passage.is(item.end, ',')
                && !passage.has(item.end + 1, class::CLAUSE | class::CONJUNCTION)
            {
                // "Наступним кроком, сподівається він, буде …": the content goes on behind the remark.
                parts.extend(trim(passage, item.end + 1..right_limit));
            }
            if let Some(next) = quote_after(passage, item.end, right_limit) {
                parts.extend(trim(passage, next..right_limit));
            } else if parts.is_empty() {
                parts.extend(right());
            }
            if let Some(relay) = found
                .get(index + 1)
                .filter(|r| parts.is_empty() && r.role == Role::Relay && r.start == item.end)
            {
                // "Як пише «Хвиля» з посиланням на двох інженерів, …"
                parts.extend(trim(passage, relay.end..unit.end));
            }
            let opens = class::LEAD | class::ADVERB | class::TIME | class::AS | class::CONJUNCTION;
            let object = (left_limit..item.start).any(|k| passage.is_word(k) && !passage.has(k, opens));
            if item.frame == Frame::Object && object && !parts.iter().any(|p| p.start < item.start) {
                // "Палія звинувачують прокурори у хабарі"
                parts.splice(0..0, trim(passage, left_limit..item.start));
            }
            if parts.is_empty() && object && cased::has_cases(passage) {
                // "Про аварію повідомив мер": the object stands before the verb.
                parts.extend(trim(
                    passage,
                    cased::before_occasion(passage, left_limit..item.start),
                ));
            }
        }
        Role::SubjectFirst | Role::Shared => {
            let addressed = takes_addressee(passage, item.frame);
            let quoted = left.as_ref().is_some_and(|l| passage.is_quote(l.end - 1));
            let remark = passage.is(item.cue.end, ',')
                && passage.is(item.start.wrapping_sub(1), ',')
                && !passage.has(item.cue.end + 1, class::THAT);
            let explicit = opens_content(passage, unit, item.cue.end) && !passage.is(item.cue.end, ',')
                || skip_adjunct(passage, unit, item.cue.end, addressed)
                    .is_some_and(|n| passage.has(n, class::THAT));
            let bare = opens_bare(passage, item.cue.end, right_limit)
                && !(left.is_some() && only_addressee(passage, item, right_limit));
            let named = passage.is_quote(item.cue.end)
                && item
                    .source
                    .as_ref()
                    .is_some_and(|s| s.start > 0 && passage.lower(s.start - 1) == "what");
            if named {
                // "what he called “a leak” closed the harbour"
                parts.extend(trim(passage, item.cue.end..item.cue.end + 1));
            } else if item.frame == Frame::Object {
                parts.extend(trim(passage, item.cue.end..right_limit));
            } else if remark && item.role == Role::SubjectFirst && left_limit < item.start {
                // "At one point, she said, she was …": both sides of the remark.
                parts.extend(trim(passage, left_limit..item.start));
                parts.extend(trim(passage, item.cue.end + 1..right_limit));
            } else if left.is_some() && item.role == Role::SubjectFirst && !explicit && (quoted || !bare) {
                parts.extend(left);
                if let Some(next) = quote_after(passage, item.end, right_limit) {
                    parts.extend(trim(passage, next..right_limit));
                } else if !quoted && passage.is(item.cue.end, ',') {
                    parts.extend(trim(passage, item.cue.end + 1..right_limit));
                }
            } else if let Some(relay) = found
                .get(index + 1)
                .filter(|r| r.role == Role::Relay && opens_content(passage, unit, r.end))
            {
                // "reported, citing two people, that …"
                let limit = if index + 2 < found.len() {
                    self::right_limit(passage, unit, found, index + 1)
                } else {
                    unit.end
                };
                parts.extend(trim(passage, relay.end..limit));
            } else {
                parts.extend(right());
            }
            if parts.is_empty() && item.frame != Frame::Object {
                // "…," Lund said when asked about it.
                parts.extend(left_content(passage, left_limit, item.start));
            }
            if parts.is_empty()
                && let Some(source) = &item.source
            {
                // The object stands between source and verb.
                parts.extend(trim(passage, source.end..item.cue.start.max(source.end)));
            }
        }
    }
    if cased::has_cases(passage) {
        for part in &mut parts {
            part.end = cased::before_contrast(passage, part);
        }
    }
    parts
}

/// "The mayor told aides he would quit, Reuters reported.": a cue that ends its sentence after a comma relays all of
/// it, other cues included; not where speakers alternate ("“…,” Lund said, “…,” Berg said.").
pub(super) fn closes_sentence(
    passage: &Passage<'_>,
    unit: &Range<usize>,
    found: &[Found],
    index: usize,
) -> bool {
    let item = &found[index];
    let remark = matches!(item.role, Role::Phrase | Role::SubjectFirst | Role::SubjectLast);
    let parted = item.start > unit.start && passage.is(item.start - 1, ',');
    let mut rest = item.end..unit.end;
    let ends = remark
        && parted
        && rest.all(|k| passage.is_stop(k) || passage.has(k, class::TIME | class::PREPOSITION));
    // The walks back over the sentence are for its last cue alone.
    if index == 0 || !ends {
        return false;
    }
    let plain = found[..index].iter().all(|f| f.role != Role::Relay)
        && !(unit.start..item.start).any(|k| passage.is(k, ';'));
    let quoted = |range: Range<usize>| range.into_iter().any(|k| passage.is_quote(k));
    // A quotation after the last cue is this speaker's own.
    let own = quoted(found[index - 1].end..item.start);
    plain && !own
}

/// The comma between a leading "according to …" or "as … noted in May" and what is reported.
fn comma_after(passage: &Passage<'_>, item: &Found, as_is: bool, left_limit: usize) -> Option<usize> {
    if passage.is(item.end, ',') && (as_is || item.start <= left_limit + 2) {
        return Some(item.end);
    }
    let reach = if as_is { 12 } else { 0 };
    (item.end..passage.tokens.len().min(item.end + reach))
        .take_while(|&k| !passage.is_stop(k) && !passage.is_quote(k))
        .find(|&k| passage.is(k, ','))
}

/// "…, they have told the Herald.": nothing but the listener follows the cue.
fn only_addressee(passage: &Passage<'_>, item: &Found, end: usize) -> bool {
    let rest = item.cue.end..end;
    item.frame == Frame::Tell
        && rest.len() <= 8
        && !rest.clone().any(|k| {
            passage.has(k, class::AUXILIARY | class::VERB | class::QUESTION)
                || passage.is_quote(k)
                || passage.is(k, ',')
                || k > rest.start && passage.has(k, class::PRONOUN)
        })
}

/// Whether a clause without "that" begins at `at`.
fn opens_bare(passage: &Passage<'_>, at: usize, end: usize) -> bool {
    let at = skip_time(passage, &(at..end), at);
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
fn quote_after(passage: &Passage<'_>, from: usize, end: usize) -> Option<usize> {
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
fn right_content(passage: &Passage<'_>, item: &Found, limit: usize) -> Option<Range<usize>> {
    let unit = item.cue.start..limit;
    let mut start = skip_time(passage, &unit, item.end.max(item.cue.end));
    let addressed = takes_addressee(passage, item.frame);
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

/// Where the content of `found[index]` must end.
fn right_limit(passage: &Passage<'_>, unit: &Range<usize>, found: &[Found], index: usize) -> usize {
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
    let semicolon = (own.end..limit).find(|&k| passage.is(k, ';'));
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
pub(super) fn trim(passage: &Passage<'_>, range: Range<usize>) -> Option<Range<usize>> {
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
fn takes_addressee(passage: &Passage<'_>, frame: Frame) -> bool {
    matches!(frame, Frame::Tell | Frame::Ask) || !passage.lexicon.list("locative").is_empty()
}

/// "Влада повідомила про 12 загиблих, місцеві ЗМІ — про 20": a second source whose verb is left out.
/// Gives the first content, the second source and the second content.
pub(super) fn gapped(passage: &Passage<'_>, content: &Range<usize>) -> Option<[Range<usize>; 3]> {
    if passage.lexicon.list("locative").is_empty() || !passage.has(content.start, class::PREPOSITION) {
        return None;
    }
    let comma = content.clone().take(40).find(|&k| passage.is(k, ','))?;
    let dash = (comma + 1..content.end)
        .take(8)
        .find(|&k| passage.tokens[k].is_dash())?;
    let same = passage.lower(dash + 1) == passage.lower(content.start);
    (same && dash > comma + 1 && dash + 1 < content.end)
        .then(|| [content.start..comma, comma + 1..dash, dash + 1..content.end])
}
