//! What stands in commas or dashes beside a name: who somebody is, or where and when it was said.

use std::ops::Range;

use super::cased;
use super::lexicon::class;
use super::passage::Passage;
use super::subject::left_of_simple;

/// "Lund, the mayor of Oya," or "Lund, in a statement,": the comma or dash at `close` closes something.
pub(super) fn with_apposition(passage: &Passage<'_>, from: usize, close: usize) -> Option<Range<usize>> {
    if cased::speaks_behind(passage, close) {
        return None;
    }
    // "Lund, known as “the Fox,”": the comma stands inside of the quotation.
    let quoted = passage.is_quote(close);
    let dashed = passage.tokens[close].is_dash();
    let same = |k: usize| {
        if dashed {
            passage.tokens[k].is_dash()
        } else {
            passage.is(k, ',')
        }
    };
    // "--" is two marks.
    let end = close + 1;
    let close = if quoted {
        end
    } else if dashed && close > from && same(close - 1) {
        close - 1
    } else {
        close
    };
    let open = (from..close)
        .rev()
        .take(40)
        .take_while(|&k| !passage.is_stop(k) && !passage.is(k, ';'))
        .find(|&k| same(k));
    let Some(open) = open else {
        if quoted {
            return None;
        }
        // "Sen. Lund (D-Oya), said": a slip of the pen.
        return left_of_simple(passage, from, close)
            .filter(|s| s.start == from && passage.is(close - 1, ')'));
    };
    let inner = open + 1..close;
    if inner.is_empty() || open == from {
        return None;
    }
    let head = |at: usize| {
        let doubled = dashed && at > from && same(at - 1);
        left_of_simple(passage, from, at - usize::from(doubled))
    };
    if !is_apposition(passage, &inner) {
        // A remark in commas: the subject stands before it.
        // "A memo, seen by the Herald,"
        return if opens_remark(passage, inner.start) || passage.lower(inner.start + 1) == "by" {
            head(open)
        } else {
            None
        };
    }
    let mut start = match head(open) {
        Some(head) => head.start,
        // "Один із них, директор порту Ігор Лан,"
        None if cased::is_one_of_them(passage, from, open) => from,
        // "Stone, 29, of Oya, Nordland,": the place stands between name and remark.
        None => of_place(passage, from, open)?,
    };
    // "Lund, 35, the mayor of Oya, Nordland,": more than one remark about the same name.
    for _ in 0..4 {
        if start <= from + 1 || !passage.is(start - 1, ',') || !describes(passage, start) {
            break;
        }
        match head(start - 1) {
            Some(outer) if outer.clone().any(|k| passage.tokens[k].capital) => start = outer.start,
            _ => break,
        }
    }
    Some(start..end)
}

/// "Stone, 29, of Oya" before token `end`: where the name begins.
fn of_place(passage: &Passage<'_>, from: usize, end: usize) -> Option<usize> {
    let comma = (from..end).rev().take(6).find(|&k| passage.is(k, ','))?;
    if !passage.has(comma + 1, class::PREPOSITION) {
        return None;
    }
    with_apposition(passage, from, comma)
        .or_else(|| left_of_simple(passage, from, comma))
        .map(|s| s.start)
        .filter(|&start| passage.tokens[start].capital)
}

/// Whether a phrase from `at` says more about a name before it: an article, a number, a genitive, a common noun.
pub(super) fn describes(passage: &Passage<'_>, at: usize) -> bool {
    let token = &passage.tokens[at];
    passage.has(at, class::DETERMINER) || !token.capital || token.is_possessive()
}

/// Whether the words between two commas say who somebody is.
pub(super) fn is_apposition(passage: &Passage<'_>, inner: &Range<usize>) -> bool {
    let first = inner.start;
    if cased::is_clause(passage, inner) {
        return false;
    }
    if passage.has(first, class::RELATIVE) {
        return passage.lower(first) != "that";
    }
    if passage.has(
        first,
        class::PREPOSITION
            | class::CLAUSE
            | class::CONJUNCTION
            | class::ADVERB
            | class::TIME
            | class::AUXILIARY,
    ) {
        return false;
    }
    if passage.has(first, class::PRONOUN) && !passage.has(first, class::DETERMINER) {
        return false;
    }
    let gerund = passage.lexicon.list("gerund-endings");
    let verbal = !passage.tokens[first].capital
        && (passage.lower(first).ends_with("ing")
            || gerund.iter().any(|e| passage.lower(first).ends_with(e.as_str())));
    !verbal && passage.word(first).entries.is_empty()
}

/// Whether a remark between commas begins here ("in a statement", "speaking in Oya", "however").
fn opens_remark(passage: &Passage<'_>, at: usize) -> bool {
    passage.has(
        at,
        class::PREPOSITION | class::ADVERB | class::TIME | class::CLAUSE | class::LEAD,
    ) || passage.lower(at).ends_with("ing")
        || passage.lower(at).ends_with("ed")
}
