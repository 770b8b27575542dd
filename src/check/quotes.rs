//! Quotations: what the source quotes, the target quotes, about as much of it.

use super::{about, texts};
use crate::align::Ledger;
use crate::finding::{Check, Finding, Severity};

/// Checks all segments.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (segment, pair) in ledger.segments.iter().enumerate() {
        let (source, target) = texts(ledger, pair);
        if target.is_empty() {
            continue;
        }
        let (mine, theirs) = (Quoted::read(source), Quoted::read(target));
        let ratio = letters(target) as f64 / letters(source).max(1) as f64;
        let kept = theirs.letters as f64 / (mine.letters as f64 * ratio).max(1.0);
        let message = if mine.letters >= 8 && theirs.letters == 0 {
            "the quotation lost its marks"
        } else if mine.letters >= 8 && kept < 0.5 {
            "less is quoted than in the source"
        } else if theirs.open && !mine.open {
            "a quotation has no end, or no beginning"
        } else if mine.letters == 0 && theirs.letters > 25 && theirs.letters * 2 > letters(target) {
            "a quotation that the source does not have"
        } else {
            continue;
        };
        findings.push(about(
            Check::Quote,
            Severity::Warning,
            segment,
            pair,
            message.to_owned(),
        ));
    }
    findings
}

fn letters(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphanumeric()).count()
}

/// What stands in quotation marks.
#[derive(Debug, Default, PartialEq, Eq)]
struct Quoted {
    /// Letters and digits inside.
    letters: usize,
    /// Whether a quotation goes on before or after the segment.
    open: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Mark {
    Opens,
    Closes,
    Either,
}

impl Quoted {
    fn read(text: &str) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let mut quoted = Self::default();
        // Letters since the last mark, and whether a quotation is open.
        let (mut since, mut inside, mut seen) = (0, false, false);
        for (i, &c) in chars.iter().enumerate() {
            let Some(mark) = mark(&chars, i) else {
                since += usize::from(c.is_alphanumeric());
                continue;
            };
            let closes = match mark {
                Mark::Opens => false,
                Mark::Closes => true,
                Mark::Either => inside || (!seen && before_is_text(&chars, i)),
            };
            if inside || closes {
                quoted.letters += since;
            }
            // A closing mark without an opening one: the quotation began before this segment.
            quoted.open |= closes && !inside;
            inside = !closes;
            (since, seen) = (0, true);
        }
        if inside {
            quoted.letters += since;
            quoted.open = true;
        }
        quoted
    }
}

fn mark(chars: &[char], i: usize) -> Option<Mark> {
    let letter = |at: Option<usize>| at.and_then(|a| chars.get(a)).is_some_and(|c| c.is_alphanumeric());
    let (before, after) = (letter(i.checked_sub(1)), letter(Some(i + 1)));
    match chars[i] {
        // German closes with what English opens with.
        '“' if before && !after => Some(Mark::Closes),
        '“' | '«' | '„' | '「' | '『' => Some(Mark::Opens),
        '”' | '»' | '」' | '』' => Some(Mark::Closes),
        '"' | '＂' => Some(Mark::Either),
        // A single mark before a word opens; after one it is an apostrophe as often as not, unless one is open.
        '‘' if !before => Some(Mark::Opens),
        '\'' if !before && after && closes_later(chars, i) => Some(Mark::Opens),
        '’' | '\'' if !after && opened_before(chars, i) => Some(Mark::Closes),
        _ => None,
    }
}

/// Whether a single mark after a word follows.
fn closes_later(chars: &[char], i: usize) -> bool {
    (i + 1..chars.len())
        .any(|j| matches!(chars[j], '\'' | '’') && !chars.get(j + 1).is_some_and(|c| c.is_alphanumeric()))
}

/// Whether a single mark before a word stands ahead.
fn opened_before(chars: &[char], i: usize) -> bool {
    (0..i).any(|j| {
        let free = j == 0 || !chars[j - 1].is_alphanumeric();
        free && matches!(chars[j], '‘' | '\'') && chars.get(j + 1).is_some_and(|c| c.is_alphanumeric())
    })
}

/// Whether a word stands right before the mark, as before a closing one.
fn before_is_text(chars: &[char], i: usize) -> bool {
    i > 0
        && !chars[i - 1].is_whitespace()
        && !matches!(chars[i - 1], '(' | '[' | '-' | '–' | '—')
        && chars.get(i + 1).is_none_or(|c| !c.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_inside_marks_are_counted() {
        for (text, letters, open) in [
            ("\"It is over,\" Lee said.", 8, false),
            ("«Усе скінчено», — сказав Лі.", 11, false),
            ("“다 끝났다”고 말했다.", 4, false),
            ("He called it 'a trap' and left.", 5, false),
            ("It's the parents' own", 0, false),
            ("\"We lost power.", 11, true),
            ("and the lights,\" he said", 12, true),
        ] {
            assert_eq!(Quoted::read(text), Quoted { letters, open }, "{text}");
        }
    }
}
