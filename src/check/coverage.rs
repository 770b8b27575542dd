//! Coverage: every segment has a counterpart of about the length that this translation gives its segments.
//!
//! The length ratio is the median of the text's own segments; a segment far below it and without its closing mark is an
//! error, far below it a warning. Where an encoder read both, a segment whose meaning is much further from its counterpart's
//! than is usual in the text is one sign more.

use super::{about, texts};
use crate::align::Ledger;
use crate::finding::{Check, Finding, Severity};

/// Logarithms of the ratio to the median: what is short, what is far too short, what is too long.
const SHORT: f64 = -0.62;
const FAR_TOO_SHORT: f64 = -1.1;
const FAR_TOO_LONG: f64 = 1.1;

/// How much further apart in meaning than the median a pair must be: rare in a translation, usual between any two
/// sentences of one article.
const UNLIKE: f64 = -0.12;
/// Letters below which a segment's meaning hangs on a word or two.
const TELLING: f64 = 40.0;
/// Pairs that it takes to tell what is usual.
const ENOUGH: usize = 5;

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
    let unlike = unlike(ledger, &lengths);
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
        let shorter = short || (cut && off < -0.35 && mine > 60.0);
        let longer = off > FAR_TOO_LONG + slack;
        let unlike = unlike.contains(&segment);
        let found = if off < FAR_TOO_SHORT - slack || (short && cut) {
            Some((Severity::Error, "a part of the source is missing"))
        } else if unlike && (shorter || longer || nameless(ledger, segment)) {
            Some((Severity::Error, "this says something else than the source"))
        } else if shorter {
            Some((Severity::Warning, "shorter than the rest of this translation"))
        } else if longer {
            Some((Severity::Warning, "longer than the rest of this translation"))
        } else if unlike {
            Some((
                Severity::Warning,
                "further from the source than the rest of this translation",
            ))
        } else {
            None
        };
        findings.extend(
            found.map(|(severity, message)| {
                about(Check::Coverage, severity, segment, pair, message.to_owned())
            }),
        );
    }
    findings
}

/// The segments whose meaning is far from their counterparts', where an encoder read them.
fn unlike(ledger: &Ledger, lengths: &[(f64, f64)]) -> Vec<usize> {
    let read: Vec<(usize, f64)> = ledger
        .likeness
        .iter()
        .enumerate()
        .filter(|(segment, _)| lengths.get(*segment).is_some_and(|l| l.0 >= TELLING && l.1 > 0.0))
        .filter_map(|(segment, likeness)| Some((segment, (*likeness)?)))
        .collect();
    if read.len() < ENOUGH {
        return Vec::new();
    }
    let mut sorted: Vec<f64> = read.iter().map(|r| r.1).collect();
    sorted.sort_by(f64::total_cmp);
    let usual = sorted[sorted.len() / 2];
    let far = read.into_iter().filter(|(_, likeness)| likeness - usual < UNLIKE);
    far.map(|(segment, _)| segment).collect()
}

/// Whether the source segment has names, and none of them was found.
fn nameless(ledger: &Ledger, segment: usize) -> bool {
    let Some(pair) = ledger.segments.get(segment) else {
        return false;
    };
    ledger
        .lost
        .iter()
        .any(|lost| lost.segment == segment && !lost.common)
        && !ledger.names.iter().any(|name| pair.source.contains(name.source))
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::align::{self, Side};
    use crate::attribution::Claims;
    use crate::text::language::Language;
    use crate::text::span::Span;

    /// Six segments of one length, with what an encoder makes of the last.
    fn findings(last: Option<f64>, target_size: usize) -> Vec<(usize, Severity)> {
        let line = |size: usize| format!("{}.", "x".repeat(size));
        let sizes = [90, 90, 90, 90, 90, target_size];
        let (mine, theirs) = (vec![line(90); 6].join("\n"), sizes.map(line).join("\n"));
        let spans = |text: &str| -> Vec<Span> {
            let mut at = 0;
            let next = |part: &str| {
                at += part.len() + 1;
                Span::new(at - part.len() - 1, at - 1)
            };
            text.split('\n').map(next).collect()
        };
        let (a, b, none) = (spans(&mine), spans(&theirs), Claims::default());
        let side = |language, text, segments| Side {
            language,
            text,
            segments,
            claims: &none,
        };
        let source = side(Language::EN, &mine, &a);
        let target = side(Language::UK, &theirs, &b);
        let mut ledger = align::ledger("t", &source, &target, align::Signals::default());
        if last.is_some() {
            ledger.likeness = vec![Some(0.8); 5];
            ledger.likeness.push(last);
        }
        check(&ledger).iter().map(|f| (f.segment, f.severity)).collect()
    }

    #[test]
    fn one_weak_sign_warns_and_two_are_an_error() {
        assert_eq!(findings(None, 90), []);
        assert_eq!(findings(Some(0.75), 90), []);
        assert_eq!(findings(Some(0.6), 90), [(5, Severity::Warning)]);
        // short, and with its closing mark
        assert_eq!(findings(None, 38), [(5, Severity::Warning)]);
        assert_eq!(findings(Some(0.75), 38), [(5, Severity::Warning)]);
        assert_eq!(findings(Some(0.6), 38), [(5, Severity::Error)]);
    }
}
