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
        } else if mine.letters >= 8 && kept < 0.5 && (theirs.parts < mine.parts || kept < 0.35) {
            "less is quoted than in the source"
        } else if theirs.open && !mine.open {
            "a quotation has no end, or no beginning"
        } else if mine.letters == 0 && theirs.letters > 25 && theirs.letters * 2 > letters(target) {
            "a quotation that the source does not have"
        } else if theirs.parts < mine.parts && (mine.parts >= 2 || kept > 1.25) {
            "fewer quotations than in the source"
        } else if mine.letters >= 8 && kept > 2.0 && theirs.letters > 30 {
            "far more is quoted than in the source"
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
    /// How many quotations of more than a letter.
    parts: usize,
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
                quoted.add(since);
            }
            // A closing mark without an opening one: the quotation began before this segment.
            quoted.open |= closes && !inside;
            inside = !closes;
            (since, seen) = (0, true);
        }
        if inside {
            quoted.add(since);
            quoted.open = true;
        }
        quoted
    }

    fn add(&mut self, letters: usize) {
        self.letters += letters;
        self.parts += usize::from(letters > 1);
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
        '\'' if !before && after && (i == 0 || closes_later(chars, i)) => Some(Mark::Opens),
        '’' | '\'' if may_close(chars, i) && (follows_mark(chars, i) || opened_before(chars, i)) => {
            Some(Mark::Closes)
        }
        _ => None,
    }
}

/// Whether the letter is of a script that hangs its particles on a closing mark: ‘함정’이라고.
fn is_east(c: char) -> bool {
    ('가'..='힣').contains(&c) || ('\u{4e00}'..='\u{9fff}').contains(&c)
}

/// Whether no word goes on after the mark, and it is not the possessive of "the parents' own".
fn may_close(chars: &[char], i: usize) -> bool {
    let next = chars.get(i + 1).copied().unwrap_or(' ');
    let possessive = i > 0 && chars[i - 1] == 's' && chars.get(i + 1) == Some(&' ');
    !possessive && (!next.is_alphanumeric() || is_east(next))
}

/// Whether the sentence mark that a quotation ends with stands before: "which surprised me,' he said".
fn follows_mark(chars: &[char], i: usize) -> bool {
    i > 0 && matches!(chars[i - 1], '.' | ',' | '!' | '?' | '…')
}

/// Whether a single mark after a word follows.
fn closes_later(chars: &[char], i: usize) -> bool {
    (i + 1..chars.len()).any(|j| matches!(chars[j], '\'' | '’') && may_close(chars, j))
}

/// Whether a single mark before a word stands ahead.
fn opened_before(chars: &[char], i: usize) -> bool {
    (0..i).any(|j| {
        let free = j == 0 || !chars[j - 1].is_alphanumeric();
        free && matches!(chars[j], '‘' | '\'') && chars.get(j + 1).is_some_and(|c| c.is_alphanumeric())
    })
}

/// Whether something stands right before the mark and no word goes on after it, as at a closing one.
fn before_is_text(chars: &[char], i: usize) -> bool {
    let next = chars.get(i + 1).copied().unwrap_or(' ');
    i > 0
        && !chars[i - 1].is_whitespace()
        && !matches!(chars[i - 1], '(' | '[' | '-' | '–' | '—')
        && (!next.is_alphanumeric() || is_east(next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_inside_marks_are_counted() {
        for (text, letters, parts, open) in [
            ("\"It is over,\" Lee said.", 8, 1, false),
            ("«Усе скінчено», — сказав Лі.", 11, 1, false),
            ("“다 끝났다”고 말했다.", 4, 1, false),
            ("He called it 'a trap' and left.", 5, 1, false),
            ("It's the parents' own", 0, 0, false),
            ("\"We lost power.", 11, 1, true),
            ("and the lights,\" he said", 12, 1, true),
            (
                "그는 합의를 ‘함정’이라고 부르고 ‘서명’했다고 말했다.",
                4,
                2,
                false,
            ),
            ("불이 나갔습니다.\"라고 그는 말했다.", 7, 1, true),
            ("'We know the parents' worries.", 23, 1, true),
            ("which came late,' he told us", 13, 1, true),
            ("a \"long dark\" winter and a \"late\" spring", 12, 2, false),
        ] {
            assert_eq!(Quoted::read(text), Quoted { letters, parts, open }, "{text}");
        }
    }
}
