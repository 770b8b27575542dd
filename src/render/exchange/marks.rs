//! The parts of claims inside one segment, as marks that nest where they can.

use std::cmp::Reverse;

use crate::align::{Claim, Parts};
use crate::text::span::Span;

/// Which part of a claim a mark holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Part {
    /// What is reported.
    Content,
    /// Who.
    Source,
    /// The words that tell it is reported.
    Cue,
}

impl Part {
    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Source => "source",
            Self::Cue => "cue",
        }
    }

    fn spans(self, parts: &Parts) -> &[Span] {
        match self {
            Self::Content => &parts.content,
            Self::Source => &parts.source,
            Self::Cue => &parts.cue,
        }
    }
}

/// A part of a claim inside a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// The claim, an index into the ledger's.
    pub(super) claim: usize,
    /// Which part of it.
    pub(super) part: Part,
    /// Which of its spans, from 0.
    pub(super) number: usize,
    /// Inside the segment's text.
    pub(super) span: Span,
    /// Whether it lies inside the marks around it. If not, it begins in one and ends outside of it.
    pub(super) nested: bool,
}

/// What happens between two characters of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step<'a> {
    /// Characters.
    Text(&'a str),
    /// A mark, an index into the marks, begins.
    Open(usize),
    /// The mark that began last and is nested ends.
    Close,
    /// A mark that is not nested ends.
    End(usize),
}

/// The marks of `claims` in `segment`; `side` gives the parts of a claim in the segment's text. Outer ones first.
pub(super) fn marks(claims: &[Claim], segment: Span, side: impl Fn(&Claim) -> &Parts) -> Vec<Mark> {
    let mut marks = Vec::new();
    for (claim, about) in claims.iter().enumerate() {
        for part in [Part::Content, Part::Source, Part::Cue] {
            for (number, span) in part.spans(side(about)).iter().enumerate() {
                let (start, end) = (span.start.max(segment.start), span.end.min(segment.end));
                if start < end {
                    marks.push(Mark {
                        claim,
                        part,
                        number,
                        span: Span::new(start - segment.start, end - segment.start),
                        nested: true,
                    });
                }
            }
        }
    }
    marks.sort_by_key(|m| (m.span.start, Reverse(m.span.end), m.part, m.claim));
    let mut around: Vec<usize> = Vec::new();
    for mark in &mut marks {
        while around.last().is_some_and(|&end| end <= mark.span.start) {
            around.pop();
        }
        mark.nested = around.last().is_none_or(|&end| mark.span.end <= end);
        if mark.nested {
            around.push(mark.span.end);
        }
    }
    marks
}

/// `text` with its marks, in order.
pub(super) fn steps<'a>(text: &'a str, marks: &[Mark]) -> Vec<Step<'a>> {
    // At one place ends come before beginnings, inner ends before outer ones.
    let mut events: Vec<(usize, u8, Reverse<usize>, usize)> = Vec::new();
    for (index, mark) in marks.iter().enumerate() {
        events.push((mark.span.start, 1, Reverse(0), index));
        events.push((mark.span.end, 0, Reverse(index), index));
    }
    events.sort_unstable();
    let mut steps = Vec::new();
    let mut at = 0;
    for (place, begins, _, index) in events {
        if at < place {
            steps.push(Step::Text(&text[at..place]));
            at = place;
        }
        steps.push(match (begins, marks[index].nested) {
            (1, _) => Step::Open(index),
            (_, true) => Step::Close,
            (_, false) => Step::End(index),
        });
    }
    if at < text.len() {
        steps.push(Step::Text(&text[at..]));
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(claim: usize, part: Part, start: usize, end: usize) -> Mark {
        Mark {
            claim,
            part,
            number: 0,
            span: Span::new(start, end),
            nested: true,
        }
    }

    fn written(text: &str, marks: &[Mark]) -> String {
        steps(text, marks)
            .into_iter()
            .map(|step| match step {
                Step::Text(text) => text.to_owned(),
                Step::Open(index) if marks[index].nested => "<".to_owned(),
                Step::Open(_) => "{".to_owned(),
                Step::Close => ">".to_owned(),
                Step::End(_) => "}".to_owned(),
            })
            .collect()
    }

    #[test]
    fn outer_marks_hold_inner_ones() {
        let marks = [
            mark(0, Part::Content, 0, 6),
            mark(1, Part::Source, 0, 2),
            mark(1, Part::Cue, 2, 4),
        ];
        assert_eq!(written("abcdef", &marks), "<<ab><cd>ef>");
    }

    #[test]
    fn a_mark_that_crosses_another_has_an_end_of_its_own() {
        let mut crossing = mark(1, Part::Content, 2, 6);
        crossing.nested = false;
        assert_eq!(
            written("abcdef", &[mark(0, Part::Content, 0, 4), crossing]),
            "<ab{cd>ef}"
        );
    }
}
