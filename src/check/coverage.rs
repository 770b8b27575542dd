//! Coverage: every segment has a counterpart of about the length that this translation gives its segments.
//!
//! The length ratio is the median of the text's own segments; a segment far below it and without its closing mark is an
//! error, far below it a warning.

use super::{about, texts};
use crate::align::Ledger;
use crate::finding::{Check, Finding, Severity};

/// Logarithms of the ratio to the median: what is short, what is far too short, what is too long.
const SHORT: f64 = -0.62;
const FAR_TOO_SHORT: f64 = -1.1;
const FAR_TOO_LONG: f64 = 1.1;

/// Checks all segments.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let lengths: Vec<(f64, f64)> = ledger
        .segments
        .iter()
        .map(|pair| {
            let (source, target) = texts(ledger, pair);
            (size(source), size(target))
        })
        .collect();
    let Some(usual) = usual_ratio(&lengths) else {
        return empty_only(ledger);
    };
    let mut findings = Vec::new();
    for (segment, pair) in ledger.segments.iter().enumerate() {
        let (source, target) = texts(ledger, pair);
        let (mine, theirs) = lengths[segment];
        if let Some(finding) = empty(ledger, segment) {
            findings.push(finding);
            continue;
        }
        // Short segments vary freely.
        if mine < 12.0 {
            continue;
        }
        let off = (theirs / mine).ln() - usual;
        let slack = 8.0 / mine;
        let cut = closes(source) && !closes(target);
        let short = off < SHORT - slack;
        if off < FAR_TOO_SHORT - slack || (short && cut) {
            findings.push(about(
                Check::Coverage,
                Severity::Error,
                segment,
                pair,
                "a part of the source is missing".to_owned(),
            ));
        } else if short || (cut && off < -0.35 && mine > 60.0) {
            findings.push(about(
                Check::Coverage,
                Severity::Warning,
                segment,
                pair,
                "shorter than the rest of this translation".to_owned(),
            ));
        } else if off > FAR_TOO_LONG + slack {
            findings.push(about(
                Check::Coverage,
                Severity::Warning,
                segment,
                pair,
                "longer than the rest of this translation".to_owned(),
            ));
        }
    }
    findings
}

fn empty_only(ledger: &Ledger) -> Vec<Finding> {
    (0..ledger.segments.len())
        .filter_map(|segment| empty(ledger, segment))
        .collect()
}

/// A segment that stands on one side alone.
fn empty(ledger: &Ledger, segment: usize) -> Option<Finding> {
    let pair = ledger.segments.get(segment)?;
    let (source, target) = texts(ledger, pair);
    let (mine, theirs) = (size(source) > 0.0, size(target) > 0.0);
    if mine == theirs {
        return None;
    }
    let message = if mine {
        "the segment has no translation"
    } else {
        "the segment stands in the translation alone"
    };
    let severity = if mine { Severity::Error } else { Severity::Warning };
    Some(about(
        Check::Coverage,
        severity,
        segment,
        pair,
        message.to_owned(),
    ))
}

/// Letters and digits; an ideograph says as much as about two and a half letters, a hangul syllable as two.
fn size(text: &str) -> f64 {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .map(|c| match c {
            '\u{4e00}'..='\u{9fff}' => 2.5,
            '가'..='힣' => 2.0,
            _ => 1.0,
        })
        .sum()
}

/// The median of the logarithms; `None` when there is too little to tell. A neutral value is added to steady short texts.
fn usual_ratio(lengths: &[(f64, f64)]) -> Option<f64> {
    let mut ratios: Vec<f64> = lengths
        .iter()
        .filter(|(a, b)| *a >= 20.0 && *b > 0.0)
        .map(|(a, b)| (b / a).ln())
        .collect();
    if ratios.is_empty() {
        return None;
    }
    ratios.extend([0.0, 0.0]);
    ratios.sort_by(f64::total_cmp);
    Some(ratios[ratios.len() / 2])
}

/// Whether the text ends as a sentence does.
fn closes(text: &str) -> bool {
    let bare = text
        .trim_end()
        .trim_end_matches(['"', '”', '»', '“', '\'', '’', ')', '」', '』', ']', '）']);
    bare.ends_with(['.', '!', '?', '…', '。', '！', '？', ':', ';', '：'])
        || text.trim_end().ends_with(['.', '!', '?', '…', '。', '！', '？'])
}
