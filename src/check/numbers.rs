//! Numbers: each number of the source stands in the target, and no other.
//!
//! A number that is missing where another one is too many is an error; one of both is a warning. Dates have signs of
//! their own.

use super::dates::{self, Read};
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
        let read = |text, language, numbers| Read {
            text,
            language,
            numbers,
        };
        let odd_dates = dates::odd(
            &read(source, ledger.source.language, &mine),
            &read(target, ledger.target.language, &theirs),
        );
        let missing: Vec<&Number> = missing.into_iter().filter(|n| weighs(n)).collect();
        let of_a_date = |n: &Number| odd_dates.iter().any(|date| date.target.contains(n.span));
        let (mut extra, new): (Vec<&Number>, Vec<&Number>) = extra
            .into_iter()
            .filter(|n| !of_a_date(n))
            .partition(|n| weighs(n));
        let at_source = |n: &Number| n.span.shifted(pair.source.start);
        let at_target = |n: &Number| n.span.shifted(pair.target.start);
        findings.extend(odd_dates.into_iter().map(|date| {
            let source = date.source.map(|s| s.shifted(pair.source.start));
            let target = Some(date.target.shifted(pair.target.start));
            finding(segment, date.severity, source, target, date.message)
        }));
        for number in missing {
            let wrong = closest(number, &extra).map(|i| extra.remove(i));
            let said = number.span.of(source);
            findings.push(match wrong {
                Some(other) if number.value.amount == other.value.amount => finding(
                    segment,
                    Severity::Warning,
                    Some(at_source(number)),
                    Some(at_target(other)),
                    format!("{said} stayed the same and its unit did not"),
                ),
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
        // a small figure is no sign that it stands for another: it is reported by itself
        extra.extend(new.into_iter().filter(|n| is_new_figure(n, &theirs, target)));
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
    // "30 metres (98 feet)" may keep one of the two; where both are kept, each has its own unit.
    let rival = |n: &Number| {
        let mut rest = theirs.iter().zip(&used).filter(|(_, used)| !**used);
        matches!(n.value.unit, Unit::Measure(..))
            && rest.any(|(t, _)| t.value.unit == n.value.unit && !same(&t.value, &n.value))
    };
    let missing = mine
        .iter()
        .zip(&found)
        .filter(|(n, found)| !**found && (!repeated(n, theirs) || rival(n)))
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

/// Whether a small figure that the source has neither in digits nor in words says anything. One and two may be an article
/// ("a week", 1주일) or a word's part ("biennial", 2년마다); the first figure of a converted range has no unit of its own.
fn is_new_figure(number: &Number, theirs: &[Number], target: &str) -> bool {
    let opens_range = theirs.iter().any(|next| {
        matches!(next.value.unit, Unit::Measure(..))
            && target
                .get(number.span.end..next.span.start)
                .is_some_and(|gap| matches!(gap.trim(), "-" | "–" | "—" | "~" | "～"))
    });
    number.value.written == Written::Digits
        && number.value.unit != Unit::Month
        && number.value.amount > 2.0
        && !opens_range
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
