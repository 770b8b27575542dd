//! Cues: a claim stays a claim, a denial a denial.

use super::texts;
use crate::align::cues::{Cue, find, known};
use crate::align::{Ledger, Status};
use crate::attribution::{Polarity, Stance};
use crate::finding::{Check, Finding, Severity};
use crate::text::span::Span;

/// Checks claims, then denials segment by segment.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    if !known(ledger.target.language) {
        return Vec::new();
    }
    let mut findings = missing(ledger);
    if known(ledger.source.language) {
        findings.extend(denials(ledger));
    }
    findings
}

/// Claims whose cue or source cannot be found.
fn missing(ledger: &Ledger) -> Vec<Finding> {
    let mut findings = Vec::new();
    for claim in ledger.claims.iter().filter(|c| c.status == Status::Missing) {
        let no_cue = claim.evidence.cue.is_some_and(|c| c < 0.5);
        let no_source = claim.evidence.source.is_some_and(|s| s < 0.5);
        if !no_cue || claim.stance == Stance::Think {
            continue;
        }
        let cue = claim.source.cue.first().copied();
        let said = cue.map_or("the cue", |c| c.of(&ledger.source.text));
        let severity = if no_source && claim.named {
            Severity::Error
        } else {
            Severity::Warning
        };
        let message = if no_source {
            format!("neither source nor \"{said}\" is found")
        } else {
            format!("\"{said}\" is not found")
        };
        findings.push(Finding {
            check: Check::Cue,
            severity,
            segment: claim.segment,
            source: cue,
            target: None,
            message,
        });
    }
    findings
}

/// A cue that denies or is negated where the source has none.
fn denials(ledger: &Ledger) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (segment, pair) in ledger.segments.iter().enumerate() {
        let (source, target) = texts(ledger, pair);
        let mine = find(source, ledger.source.language);
        let theirs = find(target, ledger.target.language);
        let negated: Vec<&Cue> = theirs.iter().filter(|c| c.negated && speech(c)).collect();
        let denying: Vec<&Cue> = theirs.iter().filter(|c| !c.negated && denies(c)).collect();
        // "not requesting" makes no room for a denial, "did not say" does.
        let room = mine
            .iter()
            .filter(|c| (c.negated && (speech(c) || confirms(c))) || c.stances.contains(&Stance::Deny))
            .count();
        let claimed = ledger
            .claims
            .iter()
            .filter(|c| c.segment == segment && (c.polarity == Polarity::Denied || c.stance == Stance::Deny))
            .count();
        let turned = theirs
            .iter()
            .find(|c| turned(ledger, segment, c.span.shifted(pair.target.start), &mine));
        if turned.is_none() && negated.len() + denying.len() <= room.max(claimed) {
            continue;
        }
        if let Some(cue) = turned.or(negated.first().copied()).or(denying.first().copied()) {
            let span = cue.span.shifted(pair.target.start);
            let said = cue.span.of(target);
            let message = if cue.negated {
                format!("\"{said}\" is negated")
            } else {
                format!("\"{said}\" denies")
            };
            findings.push(Finding {
                check: Check::Polarity,
                severity: Severity::Warning,
                segment,
                source: None,
                target: Some(span),
                message: format!("{message}; the source does not"),
            });
        }
    }
    findings
}

/// Whether the cue at `span` of the target is that of a claim, and is negated where the claim's is not. Something else
/// that the segment denies does not excuse it.
fn turned(ledger: &Ledger, segment: usize, span: Span, mine: &[Cue]) -> bool {
    let negated = mine.iter().any(|c| c.negated && speech(c));
    !negated
        && ledger.claims.iter().any(|claim| {
            claim.segment == segment
                && claim.polarity == Polarity::Asserted
                && claim.target_polarity == Some(Polarity::Denied)
                && !matches!(claim.stance, Stance::Deny | Stance::Think)
                && claim.target.cue.iter().any(|s| s.overlaps(span))
        })
}

/// Whether the cue is one of assent.
fn confirms(cue: &Cue) -> bool {
    cue.stances.contains(&Stance::Confirm)
}

/// Whether the cue is a word of speech, and not of thought or wish.
fn speech(cue: &Cue) -> bool {
    cue.stances
        .iter()
        .any(|s| matches!(s, Stance::Say | Stance::Report | Stance::Claim))
}

/// Whether the cue can only deny.
fn denies(cue: &Cue) -> bool {
    !cue.stances.is_empty() && cue.stances.iter().all(|s| *s == Stance::Deny)
}
