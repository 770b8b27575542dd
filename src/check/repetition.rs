//! Repetition: the same words over and over, which the source does not have.

use super::texts;
use crate::align::Ledger;
use crate::finding::{Check, Finding, Severity};
use crate::text::segment::is_unspaced;
use crate::text::span::Span;
use crate::text::words::words;

/// Checks all segments.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (segment, pair) in ledger.segments.iter().enumerate() {
        let (source, target) = texts(ledger, pair);
        let Some((span, times)) = looped(target) else {
            continue;
        };
        let own = looped(source).map_or(1, |(_, times)| times);
        if times <= own + 1 {
            continue;
        }
        let severity = if times > 3 {
            Severity::Error
        } else {
            Severity::Warning
        };
        findings.push(Finding {
            check: Check::Repetition,
            severity,
            segment,
            source: None,
            target: Some(span.shifted(pair.target.start)),
            message: format!("the same words {times} times in a row"),
        });
    }
    findings
}

/// The longest run of one group of words: where, and how many times. Three times at least.
pub fn looped(text: &str) -> Option<(Span, usize)> {
    let tokens = tokens(text);
    let mut best: Option<(Span, usize)> = None;
    for period in 1..=16.min(tokens.len() / 3) {
        let mut run = 0;
        for i in period..tokens.len() {
            if tokens[i].of(text) != tokens[i - period].of(text) {
                run = 0;
                continue;
            }
            run += 1;
            let times = run / period + 1;
            let letters: usize = tokens[i + 1 - period..=i]
                .iter()
                .map(|s| weight(s.of(text)))
                .sum();
            // "ha ha ha", "no, no, no": three short words are not a loop.
            if run % period == 0
                && times >= 3
                && (letters >= 5 || times >= 5)
                && best.is_none_or(|b| times > b.1)
            {
                best = Some((tokens[i + 1 - period * times].cover(tokens[i]), times));
            }
        }
    }
    best
}

/// Letters; an ideograph says as much as two.
fn weight(token: &str) -> usize {
    token.chars().map(|c| if is_unspaced(c) { 2 } else { 1 }).sum()
}

/// Words; the characters themselves where words are not set apart.
fn tokens(text: &str) -> Vec<Span> {
    words(text)
        .into_iter()
        .flat_map(|span| {
            let word = span.of(text);
            if word.chars().next().is_some_and(is_unspaced) {
                word.char_indices()
                    .map(|(i, c)| Span::new(span.start + i, span.start + i + c.len_utf8()))
                    .collect()
            } else {
                vec![span]
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn loops_are_counted() {
        let (span, times) = looped("Порт закрили на ніч на ніч на ніч на ніч.").unwrap();
        assert_eq!((span.start > 0, times), (true, 4));
        assert_eq!(looped("港口关闭了关闭了关闭了关闭了").unwrap().1, 4);
        assert!(looped("No, no, no, he said.").is_none());
        assert!(looped("").is_none());
    }
}
