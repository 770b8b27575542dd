//! Ledger and findings → what people read: a table of claims with both excerpts, then the findings segment by segment with the
//! words in question underlined, by the terminal where it has colours, else by a row of marks below.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

use super::ledger::keys;
use super::words::{counted, name_of};
use crate::align::{Claim, Ledger, Parts, Status};
use crate::finding::{Finding, Severity};
use crate::text::span::Span;

/// Columns of one excerpt in the table.
const CELL: usize = 38;
/// Columns of a quoted segment.
const WIDTH: usize = 84;

const RED: &str = "31";
const YELLOW: &str = "33";
const GREEN: &str = "32";

/// Each claim with ✓ (verified), ~ (implicit or repaired) or ✗ (missing) and both excerpts, then the findings. Segments count
/// from 1.
pub fn text(ledger: &Ledger, findings: &[Finding], colour: bool) -> String {
    let paint = Paint { colour };
    let (from, to) = keys(ledger);
    let mut out = String::new();
    let verified = ledger
        .claims
        .iter()
        .filter(|c| c.status == Status::Verified)
        .count();
    let _ = writeln!(
        out,
        "{}: {from} → {to}, {verified} of {} verified",
        ledger.id,
        counted(ledger.claims.len(), "claim"),
    );
    claims(&mut out, ledger, &paint);
    if findings.is_empty() {
        out.push_str("\nNothing to look at.\n");
        return out;
    }
    let errors = findings.iter().filter(|f| f.severity == Severity::Error).count();
    let _ = writeln!(
        out,
        "\n{} to look at, {errors} almost surely wrong",
        counted(findings.len(), "finding")
    );
    for here in findings.chunk_by(|a, b| a.segment == b.segment) {
        segment(&mut out, ledger, here, &paint);
    }
    out
}

/// The table: a mark, the number of the segment, who and by which words on both sides.
fn claims(out: &mut String, ledger: &Ledger, paint: &Paint) {
    let (from, to) = keys(ledger);
    if !ledger.claims.is_empty() {
        let _ = writeln!(out, "\n       {}  {to}", padded(&from, CELL));
    }
    for claim in &ledger.claims {
        let (mark, code) = mark(claim.status);
        let mine = padded(&excerpt(&claim.source, &ledger.source.text), CELL);
        let theirs = fitted(&excerpt(&claim.target, &ledger.target.text), CELL);
        let _ = writeln!(
            out,
            "{} {:>4} {mine}  {theirs}{}",
            paint.with(code, mark),
            claim.segment + 1,
            why(claim)
        );
    }
}

fn mark(status: Status) -> (&'static str, &'static str) {
    match status {
        Status::Verified => ("✓", GREEN),
        Status::Implicit | Status::Repaired => ("~", YELLOW),
        Status::Missing => ("✗", RED),
    }
}

/// What is not as it should be.
fn why(claim: &Claim) -> &'static str {
    let gone = |score: Option<f64>| score.is_some_and(|s| s < 0.5);
    match claim.status {
        Status::Verified => "",
        Status::Implicit => "  (source understood)",
        Status::Repaired => "  (put back)",
        Status::Missing => match (gone(claim.evidence.source), gone(claim.evidence.cue)) {
            (true, true) => "  (no source, no cue)",
            (true, false) => "  (no source)",
            (false, true) => "  (no cue)",
            (false, false) => "  (unsure)",
        },
    }
}

/// Who and by which words, as they stand in the text.
fn excerpt(parts: &Parts, text: &str) -> String {
    let mut spans: Vec<Span> = parts.source.iter().chain(&parts.cue).copied().collect();
    spans.sort();
    spans.dedup();
    if spans.is_empty() {
        return "—".to_owned();
    }
    let mut out = String::new();
    let mut last: Option<Span> = None;
    for span in spans {
        if let Some(before) = last {
            let gap = text.get(before.end..span.start).unwrap_or("");
            out.push_str(if gap.trim().is_empty() { " " } else { " … " });
        }
        out.push_str(span.of(text));
        last = Some(span);
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text, cut to `width` columns.
fn fitted(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    for c in text.chars() {
        if out.width() + c.to_string().width() >= width {
            break;
        }
        out.push(c);
    }
    format!("{}…", out.trim_end())
}

fn padded(text: &str, width: usize) -> String {
    let text = fitted(text, width);
    let gap = " ".repeat(width.saturating_sub(text.width()));
    format!("{text}{gap}")
}

/// One segment: both sides with the words in question underlined, then what is said of them.
fn segment(out: &mut String, ledger: &Ledger, findings: &[Finding], paint: &Paint) {
    let Some(index) = findings.first().map(|f| f.segment) else {
        return;
    };
    let _ = writeln!(out, "\nSegment {}", index + 1);
    let (from, to) = keys(ledger);
    if let Some(pair) = ledger.segments.get(index) {
        let spans = |side: fn(&Finding) -> Option<Span>| -> Vec<(Span, Severity)> {
            findings
                .iter()
                .filter_map(|f| Some((side(f)?, f.severity)))
                .collect()
        };
        quoted(
            out,
            &from,
            &ledger.source.text,
            pair.source,
            &spans(|f| f.source),
            paint,
        );
        quoted(
            out,
            &to,
            &ledger.target.text,
            pair.target,
            &spans(|f| f.target),
            paint,
        );
    }
    for finding in findings {
        let (level, code) = match finding.severity {
            Severity::Error => ("error", RED),
            Severity::Warning => ("warning", YELLOW),
        };
        let level = paint.with(code, &format!("{level} ({})", name_of(&finding.check)));
        let _ = writeln!(out, "  {level}: {}", finding.message);
    }
}

/// A segment, wrapped. A mark under the whole of it would say nothing and is left out.
fn quoted(
    out: &mut String,
    label: &str,
    text: &str,
    segment: Span,
    spans: &[(Span, Severity)],
    paint: &Paint,
) {
    let inner: Vec<(Span, Severity)> = spans
        .iter()
        .copied()
        .filter(|(s, _)| segment.contains(*s) && *s != segment && !s.is_empty())
        .collect();
    let margin = " ".repeat(label.width() + 4);
    let lines = wrapped(text, segment);
    if lines.is_empty() {
        let _ = writeln!(out, "  {label}: (nothing)");
    }
    for (row, line) in lines.into_iter().enumerate() {
        let head = if row == 0 {
            format!("  {label}: ")
        } else {
            margin.clone()
        };
        let (mut words, mut below) = (String::new(), String::new());
        for (part, sure) in parts(line, &inner) {
            let piece = part.of(text).replace('\n', " ");
            below.push_str(&if sure.is_some() { "^" } else { " " }.repeat(piece.width()));
            match sure {
                Some(Severity::Error) => words.push_str(&paint.underlined(RED, &piece)),
                Some(Severity::Warning) => words.push_str(&paint.underlined(YELLOW, &piece)),
                None => words.push_str(&piece),
            }
        }
        let _ = writeln!(out, "{head}{}", words.trim_end());
        if !paint.colour && below.contains('^') {
            let _ = writeln!(out, "{margin}{}", below.trim_end());
        }
    }
}

/// The line cut where marks begin and end, each part with the surest of its findings.
fn parts(line: Span, spans: &[(Span, Severity)]) -> Vec<(Span, Option<Severity>)> {
    line.cut_at(spans.iter().flat_map(|(s, _)| [s.start, s.end]))
        .into_iter()
        .map(|part| {
            let sure = spans
                .iter()
                .filter(|(s, _)| s.contains(part))
                .map(|(_, sure)| *sure)
                .max();
            (part, sure)
        })
        .collect()
}

/// The segment in lines of at most [`WIDTH`] columns, broken at spaces; a longer word has a line of its own.
fn wrapped(text: &str, segment: Span) -> Vec<Span> {
    let mut lines: Vec<Span> = Vec::new();
    for (offset, word) in word_starts(segment.of(text)) {
        let start = segment.start + offset;
        let word = Span::new(start, start + word.len());
        match lines.last_mut() {
            Some(line) if Span::new(line.start, word.end).of(text).width() <= WIDTH => line.end = word.end,
            _ => lines.push(word),
        }
    }
    lines
}

/// Words between white space, with their places.
fn word_starts(text: &str) -> Vec<(usize, &str)> {
    let mut words = Vec::new();
    let mut at = 0;
    for part in text.split_inclusive(char::is_whitespace) {
        let word = part.trim();
        if !word.is_empty() {
            words.push((at, word));
        }
        at += part.len();
    }
    words
}

/// Colours, where there are any.
struct Paint {
    colour: bool,
}

impl Paint {
    fn with(&self, code: &str, text: &str) -> String {
        if self.colour {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    fn underlined(&self, code: &str, text: &str) -> String {
        self.with(&format!("4;{code}"), text)
    }
}
