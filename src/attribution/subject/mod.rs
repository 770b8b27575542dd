//! Who speaks: the noun phrase left or right of a cue, with its apposition and title.

use std::ops::Range;

use super::apposition::with_apposition;
use super::cased;
use super::lexicon::class;
use super::passage::Passage;

mod right;

pub(super) use right::{after_phrase, right_of};

/// The most tokens that a source may have: no walk goes further, whatever the text.
const REACH: usize = 80;

/// The subject that ends right before token `end`, not reaching before `from`.
pub(super) fn left_of(passage: &Passage<'_>, from: usize, end: usize) -> Option<Range<usize>> {
    let end = before_time(passage, from, end);
    if end <= from {
        return None;
    }
    let last = end - 1;
    if last > from && is_reflexive(passage, last) {
        // "Lund herself said".
        return left_of(passage, from, last).map(|source| source.start..end);
    }
    if passage.has(last, class::RELATIVE) {
        if cased::opens_report(passage, last) {
            return None;
        }
        return Some(last..end);
    }
    if is_plain_pronoun(passage, from, last) {
        return Some(last..end);
    }
    let named = last > from + 2 && passage.quote_words(last) <= 6 && passage.is_word(last - 1);
    let quoted = passage.is_quote(last) && passage.quote_ends_in_comma(last) && named;
    if passage.is(last, ',') || passage.tokens[last].is_dash() || quoted {
        return with_apposition(passage, from, last);
    }
    if cased::is_name(passage, last) && (last == from || !passage.is_word(last - 1)) {
        return Some(last..end);
    }
    let start = phrase_start(passage, from, end)?;
    strip_lead(passage, start..end).map(|source| cased::with_neither(passage, from, source))
}

/// "Lund on Thursday said": the time between subject and verb belongs to neither.
pub(super) fn before_time(passage: &Passage<'_>, from: usize, end: usize) -> usize {
    let mut end = end;
    while end > from + 1 && passage.has(end - 1, class::TIME) {
        end -= 1;
        if end > from + 1 && passage.has(end - 1, class::PREPOSITION) {
            end -= 1;
        }
    }
    end
}

/// "herself" after a subject stresses it.
fn is_reflexive(passage: &Passage<'_>, at: usize) -> bool {
    passage.listed("reflexives", at)
}

/// A pronoun that is a subject by itself; "the other", "some of them" are not.
fn is_plain_pronoun(passage: &Passage<'_>, from: usize, at: usize) -> bool {
    passage.has(at, class::PRONOUN)
        && (at == from
            || !passage.has(at - 1, class::DETERMINER | class::LINK)
            || passage.has(at - 1, class::CLAUSE))
}

/// The phrase that ends before `end`, without looking into commas.
pub(super) fn left_of_simple(passage: &Passage<'_>, from: usize, end: usize) -> Option<Range<usize>> {
    if end <= from || !passage.is_word(end - 1) && !passage.is(end - 1, ')') && !passage.is_quote(end - 1) {
        return None;
    }
    if is_plain_pronoun(passage, from, end - 1) {
        return Some(end - 1..end);
    }
    let start = phrase_start(passage, from, end)?;
    strip_lead(passage, start..end)
}

/// The first token of the noun phrase that ends before `end`.
fn phrase_start(passage: &Passage<'_>, from: usize, end: usize) -> Option<usize> {
    let from = from.max(end.saturating_sub(REACH));
    let mut at = end;
    // Where to cut if a verb shows that "and" joined clauses, not nouns.
    let mut joined_at: Option<usize> = None;
    while at > from {
        let k = at - 1;
        if passage.is(k, ')') {
            match (from..k).rev().take(30).find(|&o| passage.is(o, '(')) {
                Some(open) => {
                    at = open;
                    continue;
                }
                None => break,
            }
        }
        if passage.is_quote(k) {
            let inside = at < end && passage.quote_words(k) <= 4 && !passage.quote_ends_speech(k);
            if !inside && !cased::is_name(passage, k) {
                break;
            }
            at = k;
            continue;
        }
        if !passage.is_word(k)
            && !matches!(
                passage.tokens[k].kind,
                super::token::Kind::Mark('&' | '$' | '%' | '/' | '№' | '#' | '\'' | '’')
            )
        {
            break;
        }
        if opens_relative(passage, from, k) && at < end {
            at = k;
            continue;
        }
        // "her friend", "one of them"
        let owner = at < end && (passage.has(k, class::DETERMINER) || cased::owns(passage, k))
            || at == end && k > from && passage.lower(k - 1) == "of";
        if passage.has(k, class::CLAUSE | class::OBJECT) && !passage.has(k, class::PRONOUN) && !owner
            || passage.has(k, class::TIME) && at == end
        {
            break;
        }
        if passage.has(k, class::PRONOUN)
            && !passage.has(k, class::DETERMINER)
            && at < end
            && !passage.has(at, class::LINK)
        {
            break;
        }
        let verb = passage.has(k, class::AUXILIARY | class::VERB) || is_finite_cue(passage, k);
        if verb {
            // A relative clause inside the phrase ("an official who asked not to be named").
            if let Some(relative) = (from..k)
                .rev()
                .take(10)
                .take_while(|&r| passage.is_word(r))
                .find(|&r| passage.has(r, class::RELATIVE))
                && relative > from
                && (passage.lower(relative) != "that" || opens_relative(passage, from, relative))
            {
                at = relative;
                continue;
            }
            if let Some(cut) = joined_at {
                return Some(cut);
            }
            break;
        }
        if passage.has(k, class::CONJUNCTION) {
            joined_at = Some(at);
        }
        if passage.has(k, class::RELATIVE) && passage.lower(k) != "that" && k > from {
            if is_object_relative(passage, k) {
                // "which the paper said had been sent", "in which students said".
                break;
            }
            at = k;
            continue;
        }
        at = k;
    }
    (at < end).then_some(at)
}

/// Whether "which" or "whom" at `at` is not the subject of what follows it.
fn is_object_relative(passage: &Passage<'_>, at: usize) -> bool {
    matches!(passage.lower(at), "which" | "whom")
        && (at > 0 && passage.has(at - 1, class::PREPOSITION)
            || passage.has(at + 1, class::DETERMINER)
            || passage.tokens.get(at + 1).is_some_and(|t| t.capital))
}

/// "a group that has sampled the water": "that" between a noun and the verb whose subject it is.
fn opens_relative(passage: &Passage<'_>, from: usize, at: usize) -> bool {
    at > from
        && passage.lower(at) == "that"
        && (passage.has(at + 1, class::AUXILIARY | class::VERB) || looks_past(passage, at + 1))
        && passage.is_word(at - 1)
        && !is_finite_cue(passage, at - 1)
        && !passage.has(
            at - 1,
            class::CLAUSE
                | class::AUXILIARY
                | class::VERB
                | class::CONJUNCTION
                | class::PREPOSITION
                | class::OBJECT,
        )
        && passage.word(at - 1).entries.is_empty()
}

/// A finite cue verb or another word that ends like one, seen from the right.
fn is_finite_cue(passage: &Passage<'_>, at: usize) -> bool {
    use super::lexicon::VerbForm;
    if at > 0 && (passage.has(at - 1, class::DETERMINER) || passage.tokens[at - 1].is_possessive()) {
        return false;
    }
    let word = passage.word(at);
    word.entries
        .iter()
        .filter_map(|&e| passage.lexicon.entries.get(e))
        .any(|e| matches!(e.form, VerbForm::Finite | VerbForm::Past) && !e.noun && e.rest.is_empty())
}

/// "About four in ten voters", "Nearly half of them": the first word belongs to the number.
fn opens_quantity(passage: &Passage<'_>, at: usize) -> bool {
    let listed = |name: &str, k: usize| passage.listed(name, k);
    let number = |k: usize| {
        passage
            .tokens
            .get(k)
            .is_some_and(|t| t.kind == super::token::Kind::Number)
            || listed("quantities", k)
    };
    let pair = [passage.lower(at), passage.lower(at + 1)].join(" ");
    let lead = if passage.lexicon.list("quantity-leads").contains(&pair) {
        2
    } else {
        usize::from(listed("quantity-leads", at))
    };
    lead > 0 && (number(at + lead) || passage.has(at + lead, class::DETERMINER) && number(at + lead + 1))
}

/// Drops what leads the sentence in: "But", "Meanwhile", "On Monday".
fn strip_lead(passage: &Passage<'_>, range: Range<usize>) -> Option<Range<usize>> {
    let mut start = range.start;
    loop {
        start = cased::skip_date(passage, start, range.end);
        if start >= range.end {
            return None;
        }
        if opens_quantity(passage, start) {
            break;
        }
        let lead =
            passage.has(start, class::LEAD | class::CONJUNCTION | class::TIME) && start + 1 < range.end;
        let adverb = passage.has(start, class::ADVERB)
            && !passage.has(start, class::DETERMINER)
            && start + 1 < range.end;
        if lead || adverb {
            start += 1;
        } else {
            break;
        }
    }
    if opens_quantity(passage, start) {
        return Some(start..range.end);
    }
    if start > 0 && passage.lower(start - 1) == "neither" {
        // "Neither the army nor the police"
        start -= 1;
    }
    if cased::has_cases(passage) && passage.has(start, class::LEAD | class::ADVERB) && start + 1 == range.end
    {
        return None;
    }
    if let Some(next) = cased::after_occasion(passage, &(start..range.end)) {
        return strip_lead(passage, next..range.end);
    }
    let locative = passage.lexicon.list("locative");
    if locative.iter().any(|w| w == passage.lower(start))
        && passage.has(start + 1, class::TIME)
        && start + 2 < range.end
    {
        return strip_lead(passage, start + 2..range.end);
    }
    if locative.iter().any(|w| w == passage.lower(start)) && start + 1 < range.end {
        if passage.has(start + 1, class::CLAUSE) {
            // "виступ, у якому розкритикував": nobody is named.
            return None;
        }
        if let Some(people) = cased::nominative(passage, &range).filter(|&k| {
            // "У листі до парламенту вчені застерегли", "У Києві Палій сказав"
            cased::is_people(passage, k) || passage.tokens[k].capital
        }) {
            return Some(people..range.end);
        }
        // "У Міноборони заявили": the place speaks; an object may follow it ("це повідомлення").
        let end = (start + 2..range.end)
            .find(|&k| passage.has(k, class::DETERMINER))
            .unwrap_or(range.end);
        return Some(start + 1..end);
    }
    if passage.has(start, class::PREPOSITION) && !passage.has(start, class::DETERMINER) {
        if let Some(office) = cased::nominative(passage, &range) {
            return Some(office..range.end);
        }
        // "In a statement Lund": the name after the phrase, if one can be seen.
        let name = (start + 1..range.end).find(|&k| {
            passage.tokens[k].capital
                && !passage.tokens[k - 1].capital
                && !passage.has(k - 1, class::PREPOSITION | class::DETERMINER)
                && !passage.has(k, class::TIME)
        });
        return name.map(|k| k..range.end);
    }
    // "Lund in an interview", "Поліція в окремих заявах": where it was said is not who said it.
    let occasions = passage.lexicon.list("occasions");
    let end = (start + 1..range.end)
        .find(|&k| {
            passage.has(k, class::PREPOSITION)
                && (k + 1..range.end.min(k + 5)).any(|o| occasions.iter().any(|w| w == passage.lower(o)))
        })
        .unwrap_or(range.end);
    let end = cased::before_object(passage, start, end);
    (!cased::is_oblique(passage, &(start..end))).then_some(start..end)
}

/// The subject of the sentence's main clause, for a participle that leans on it ("…, adding that").
pub(super) fn of_clause(passage: &Passage<'_>, from: usize, end: usize) -> Option<Range<usize>> {
    let mut start = from;
    while start < end
        && passage.has(start, class::LEAD | class::ADVERB | class::TIME)
        && !passage.has(start, class::DETERMINER)
    {
        start += 1;
    }
    if passage.has(start, class::PREPOSITION) {
        // "In a speech on Monday, Lund …": after the comma.
        start = (start..end).take(20).find(|&k| passage.is(k, ','))? + 1;
    }
    let verb = |k: usize| passage.has(k, class::AUXILIARY | class::VERB) || looks_past(passage, k);
    // A word in "-ed" before a preposition is more often a participle ("people briefed on"): the second choice.
    let participle = |k: usize| passage.lower(k).ends_with("ed") && !passage.tokens[k].capital;
    let at = (start + 1..end)
        .find(|&k| verb(k))
        .or_else(|| (start + 1..end).find(|&k| participle(k)))?;
    let mut stop = at;
    while stop > start && passage.has(stop - 1, class::ADVERB | class::AUXILIARY) {
        stop -= 1;
    }
    left_of(passage, start, stop)
}

/// A lower-case word that looks like a past or third-person verb.
fn looks_past(passage: &Passage<'_>, at: usize) -> bool {
    let Some(token) = passage.tokens.get(at) else {
        return false;
    };
    !token.capital
        && (is_finite_cue(passage, at)
            || passage.is_word(at) && token.lower.ends_with("ed") && !passage.has(at + 1, class::LINK))
}
