//! The desk's glossary: a term of the source has its agreed translation in the target.

use super::texts;
use crate::align::Ledger;
use crate::finding::{Check, Finding, Severity};
use crate::translate::glossary::Glossary;

/// Checks all segments. A translation may say a term in words of its own ("it" for the second mention), so what is not
/// there is a warning.
pub fn check(ledger: &Ledger, glossary: &Glossary) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (segment, pair) in ledger.segments.iter().enumerate() {
        let (source, target) = texts(ledger, pair);
        for found in glossary.found_in(source, ledger.target.language) {
            if found.is_in(target) {
                continue;
            }
            let agreed: Vec<String> = found.terms.iter().map(|t| format!("\"{}\"", t.target)).collect();
            findings.push(Finding {
                check: Check::Name,
                severity: Severity::Warning,
                segment,
                source: Some(found.span.shifted(pair.source.start)),
                target: None,
                message: format!(
                    "the glossary's {} for \"{}\" is missing",
                    agreed.join(" or "),
                    found.span.of(source)
                ),
            });
        }
    }
    findings
}
