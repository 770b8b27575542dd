//! Ledger → findings: what somebody must look at. One pure function a check, each in its own file.
//!
//! What always holds: findings are in the order of the segments; every span lies inside its text. Two independent signs make
//! an error, one makes a warning: a person's good translation is to raise next to no errors.

pub mod coverage;
pub mod cues;
mod dates;
pub mod echo;
pub mod glossary;
pub mod language;
pub mod names;
pub mod numbers;
pub mod quotes;
pub mod repetition;

use crate::align::{Ledger, Pair};
use crate::finding::{Check, Finding, Severity};
use crate::translate::glossary::Glossary;

/// Runs all checks; an empty glossary asks for nothing.
pub fn run(ledger: &Ledger, terms: &Glossary) -> Vec<Finding> {
    let mut findings = Vec::new();
    let broken = [
        language::check(ledger),
        echo::check(ledger),
        repetition::check(ledger),
        coverage::check(ledger),
    ]
    .concat();
    // Nothing finer can be told of a segment that is empty, an echo, or in the wrong language.
    let lost: Vec<usize> = broken
        .iter()
        .filter(|f| f.severity == Severity::Error && f.check != Check::Repetition)
        .map(|f| f.segment)
        .collect();
    findings.extend(broken);
    let fine = [
        // before the names: of two findings about one place the first stays, and this one says more
        glossary::check(ledger, terms),
        numbers::check(ledger),
        names::check(ledger),
        quotes::check(ledger),
        cues::check(ledger),
    ]
    .concat();
    findings.extend(fine.into_iter().filter(|f| !lost.contains(&f.segment)));
    findings.sort_by_key(|f| (f.segment, f.check, f.source, f.target));
    findings.dedup_by(|a, b| {
        a.segment == b.segment && a.check == b.check && a.source == b.source && a.target == b.target
    });
    findings
}

/// The texts of a pair.
fn texts<'a>(ledger: &'a Ledger, pair: &Pair) -> (&'a str, &'a str) {
    (
        pair.source.of(&ledger.source.text),
        pair.target.of(&ledger.target.text),
    )
}

/// A finding about a whole segment.
fn about(check: Check, severity: Severity, segment: usize, pair: &Pair, message: String) -> Finding {
    let place = |span: crate::text::span::Span| (!span.is_empty()).then_some(span);
    Finding {
        check,
        severity,
        segment,
        source: place(pair.source),
        target: place(pair.target),
        message,
    }
}
