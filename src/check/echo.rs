//! Echo: the source text stands where its translation should.

use std::collections::HashSet;

use super::{about, texts};
use crate::align::Ledger;
use crate::finding::{Check, Finding, Severity};
use crate::text::words::words;

/// Checks all segments.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    if ledger.source.language == ledger.target.language {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (segment, pair) in ledger.segments.iter().enumerate() {
        let (source, target) = texts(ledger, pair);
        let share = shared(source, target);
        if let Some(severity) = share {
            findings.push(about(
                Check::Echo,
                severity,
                segment,
                pair,
                "the source text was repeated".to_owned(),
            ));
        }
    }
    findings
}

/// How sure it is that `target` repeats `source`: most of its words, small ones among them (names are no echo).
fn shared(source: &str, target: &str) -> Option<Severity> {
    let list =
        |text: &str| -> Vec<String> { words(text).iter().map(|s| s.of(text).to_lowercase()).collect() };
    let mine: HashSet<String> = list(source).into_iter().collect();
    let small: HashSet<String> = words(source)
        .iter()
        .map(|s| s.of(source))
        .filter(|w| w.starts_with(char::is_lowercase))
        .map(str::to_owned)
        .collect();
    let theirs = list(target);
    if theirs.len() < 4 {
        return (source.trim() == target.trim() && !small.is_empty() && mine.len() > 2)
            .then_some(Severity::Error);
    }
    let same = theirs.iter().filter(|w| mine.contains(*w)).count() as f64 / theirs.len() as f64;
    let common = theirs.iter().filter(|w| small.contains(*w)).count() as f64 / theirs.len() as f64;
    if same > 0.7 && common > 0.3 {
        Some(Severity::Error)
    } else if same > 0.5 && common > 0.25 {
        Some(Severity::Warning)
    } else {
        None
    }
}
