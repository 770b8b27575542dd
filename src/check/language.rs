//! Language and script: the target is in the language it claims to be in.

use super::{about, texts};
use crate::align::Ledger;
use crate::finding::{Check, Finding, Severity};
use crate::text::language::{Language, detect};

/// Checks all segments.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let wanted = ledger.target.language;
    let mut findings = Vec::new();
    for (segment, pair) in ledger.segments.iter().enumerate() {
        let (_, target) = texts(ledger, pair);
        if let Some((severity, message)) = wrong(target, wanted) {
            findings.push(about(Check::Language, severity, segment, pair, message));
        }
    }
    findings
}

/// Letters that only one of the East Slavic languages has.
const LETTERS: [(&str, &str); 3] = [("uk", "іїєґ"), ("ru", "ыэъё"), ("be", "ўыэёі")];

fn wrong(text: &str, wanted: Language) -> Option<(Severity, String)> {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    // Less than this may be a name or a quoted word.
    if letters < 12 {
        return None;
    }
    if let Some(message) = wrong_script(text, letters, wanted) {
        return Some((Severity::Error, message));
    }
    if let Some(found) = east_slavic(text, wanted) {
        return Some(found);
    }
    let own = LETTERS.iter().any(|(code, _)| *code == wanted.code());
    let detected = detect(text).filter(|d| letters >= 60 && d.language != wanted)?;
    // Own letters outvote a guess.
    let marks = LETTERS
        .iter()
        .find(|(code, _)| *code == wanted.code())
        .map_or("", |(_, marks)| marks);
    if own && text.to_lowercase().chars().filter(|c| marks.contains(*c)).count() > letters / 60 {
        return None;
    }
    let sure = detected.confidence >= 0.8;
    let severity = if sure && letters >= 80 {
        Severity::Error
    } else {
        Severity::Warning
    };
    (sure || (detected.confidence >= 0.5 && letters >= 120)).then(|| {
        (
            severity,
            format!(
                "this looks like {}, not {}",
                detected.language.name(),
                wanted.name()
            ),
        )
    })
}

/// Most letters are of no script that the language is written in.
fn wrong_script(text: &str, letters: usize, wanted: Language) -> Option<String> {
    let scripts = wanted.scripts();
    if scripts.is_empty() {
        return None;
    }
    let histogram = crate::text::script::Script::histogram(text);
    let own: usize = histogram
        .iter()
        .filter(|(script, _)| scripts.contains(script))
        .map(|(_, n)| n)
        .sum();
    let all: usize = histogram.iter().map(|(_, n)| n).sum();
    // A line of names may stay in Latin letters; a sentence may not.
    let latin_only = own == 0 && letters < 25 && text.is_ascii();
    let limit = if matches!(wanted.code(), "ko" | "ja") {
        0.3
    } else {
        0.25
    };
    (all > 0 && !latin_only && (own as f64) < limit * all as f64)
        .then(|| format!("hardly a letter of this is {}", wanted.name()))
}

/// Ukrainian, Russian and Belarusian by the letters that the others do not have.
fn east_slavic(text: &str, wanted: Language) -> Option<(Severity, String)> {
    let lower = text.to_lowercase();
    let count = |set: &str| lower.chars().filter(|c| set.contains(*c)).count();
    let (mine, theirs, other) = match wanted.code() {
        "uk" => (count("іїєґ"), count("ыэъё"), "Russian or Belarusian"),
        "ru" => (count("ыэъё"), count("іїєґ"), "Ukrainian"),
        _ => return None,
    };
    let letters = lower.chars().filter(|c| c.is_alphabetic()).count();
    if theirs >= 2 && theirs > 2 * mine {
        return Some((Severity::Error, format!("the letters are those of {other}")));
    }
    // Every fifteenth letter or so of Ukrainian is і.
    (wanted.code() == "uk" && mine == 0 && letters >= 70)
        .then(|| (Severity::Error, format!("not one Ukrainian letter in {letters}")))
}
