//! Numbers: each number of the source stands in the target, and no other.
//!
//! A number that is missing where another one is too many is an error; one of both is a warning.

use super::texts;
use crate::align::Ledger;
use crate::finding::{Check, Finding, Severity};
use crate::text::numbers::{Number, Unit, Value, Written, find, same};
use crate::text::span::Span;

/// Checks all segments.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (segment, pair) in ledger.segments.iter().enumerate() {
        let (source, target) = texts(ledger, pair);
        let mine = find(source, ledger.source.language);
        let theirs = find(target, ledger.target.language);
        let (missing, extra) = unmatched(&mine, &theirs);
        let missing: Vec<&Number> = missing.into_iter().filter(|n| weighs(n)).collect();
        let mut extra: Vec<&Number> = extra.into_iter().filter(|n| weighs(n)).collect();
        let at_source = |n: &Number| n.span.shifted(pair.source.start);
        let at_target = |n: &Number| n.span.shifted(pair.target.start);
        for number in missing {
            let wrong = closest(number, &extra).map(|i| extra.remove(i));
            let said = number.span.of(source);
            findings.push(match wrong {
                Some(other) => finding(
                    segment,
                    Severity::Error,
                    Some(at_source(number)),
                    Some(at_target(other)),
                    format!("{said} became {}", other.span.of(target)),
                ),
                None => finding(
                    segment,
                    Severity::Warning,
                    Some(at_source(number)),
                    None,
                    format!("{said} is missing"),
                ),
            });
        }
        for number in extra {
            let said = number.span.of(target);
            findings.push(finding(
                segment,
                Severity::Warning,
                None,
                Some(at_target(number)),
                format!("{said} is not in the source"),
            ));
        }
    }
    findings
}

fn finding(
    segment: usize,
    severity: Severity,
    source: Option<Span>,
    target: Option<Span>,
    message: String,
) -> Finding {
    Finding {
        check: Check::Number,
        severity,
        segment,
        source,
        target,
        message,
    }
}

/// Numbers without a counterpart on each side. Digits are matched with digits first; what is said once may serve twice.
fn unmatched<'a>(mine: &'a [Number], theirs: &'a [Number]) -> (Vec<&'a Number>, Vec<&'a Number>) {
    let mut used = vec![false; theirs.len()];
    let mut found = vec![false; mine.len()];
    for digits in [true, false] {
        for (i, number) in mine
            .iter()
            .enumerate()
            .filter(|(_, n)| !digits || n.value.written == Written::Digits)
        {
            let fits = |j: usize, t: &Number| {
                !used[j] && (!digits || t.value.written == Written::Digits) && same(&number.value, &t.value)
            };
            if found[i] {
                continue;
            }
            if let Some(j) = (0..theirs.len()).find(|&j| fits(j, &theirs[j])) {
                (used[j], found[i]) = (true, true);
            }
        }
    }
    let repeated = |n: &Number, others: &[Number]| others.iter().any(|o| same(&n.value, &o.value));
    let missing = mine
        .iter()
        .zip(&found)
        .filter(|(n, found)| !**found && !repeated(n, theirs))
        .map(|(n, _)| n)
        .collect();
    let extra = theirs
        .iter()
        .zip(&used)
        .filter(|(n, used)| !**used && !repeated(n, mine))
        .map(|(n, _)| n)
        .collect();
    (missing, extra)
}

/// Whether its loss says anything: small numbers become words and words become other words.
fn weighs(number: &Number) -> bool {
    let Value {
        amount,
        unit,
        written,
        ..
    } = number.value;
    written == Written::Digits
        && unit != Unit::Month
        && (amount >= 10.0
            || number.span.len() >= 2
            || amount.fract() != 0.0
            || matches!(unit, Unit::Percent | Unit::Money))
}

/// The extra number that stands for the missing one: the same unit if there is one, else the nearest in size.
fn closest(number: &Number, extra: &[&Number]) -> Option<usize> {
    let distance = |other: &Number| {
        let apart = (other.value.amount.max(1e-9).ln() - number.value.amount.max(1e-9).ln()).abs();
        let kind = std::mem::discriminant(&number.value.unit) == std::mem::discriminant(&other.value.unit);
        apart + if kind { 0.0 } else { 2.0 }
    };
    (0..extra.len()).min_by(|&a, &b| distance(extra[a]).total_cmp(&distance(extra[b])))
}
