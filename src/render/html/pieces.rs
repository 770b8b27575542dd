//! A text and what is known about stretches of it → the text in pieces, each with all that holds for it.
//!
//! Claims lie inside and across each other, which elements of a page cannot: a text is cut wherever anything begins or
//! ends, and every piece is an element of its own that lies in no other.

use crate::finding::Severity;
use crate::text::span::Span;

/// Which part of a claim a stretch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// Who.
    Source,
    /// The words that tell it is reported.
    Cue,
    /// What is reported.
    Content,
}

impl Role {
    /// Its class on the page.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Cue => "cue",
            Self::Content => "content",
        }
    }
}

/// What a stretch belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A part of the claim with this index.
    Claim(usize, Role),
    /// The words that a finding is about.
    Finding(Severity),
}

/// A stretch of a text, and what it belongs to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layer {
    /// Where.
    pub(super) span: Span,
    /// What.
    pub(super) kind: Kind,
}

/// A stretch of a text in which nothing begins or ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// Where.
    pub(super) span: Span,
    /// The claims it belongs to, the innermost first: who and cue before content, short before long.
    pub(super) claims: Vec<(usize, Role)>,
    /// The worst finding about it.
    pub(super) finding: Option<Severity>,
}

/// Cuts `shown` at the borders of `layers` and at `stops`. The pieces cover `shown` in order, none is empty.
pub(super) fn cut(shown: Span, layers: &[Layer], stops: &[usize]) -> Vec<Piece> {
    let here: Vec<&Layer> = layers.iter().filter(|l| l.span.overlaps(shown)).collect();
    let borders = here.iter().flat_map(|l| [l.span.start, l.span.end]);
    shown
        .cut_at(borders.chain(stops.iter().copied()))
        .into_iter()
        .map(|span| piece(span, &here))
        .collect()
}

fn piece(span: Span, layers: &[&Layer]) -> Piece {
    let over = || layers.iter().filter(|l| l.span.contains(span));
    let mut parts: Vec<(bool, usize, usize, Role)> = over()
        .filter_map(|l| match l.kind {
            Kind::Claim(claim, role) => Some((role == Role::Content, l.span.len(), claim, role)),
            Kind::Finding(_) => None,
        })
        .collect();
    parts.sort_unstable();
    let mut claims: Vec<(usize, Role)> = Vec::new();
    for (_, _, claim, role) in parts {
        if !claims.iter().any(|c| c.0 == claim) {
            claims.push((claim, role));
        }
    }
    Piece {
        span,
        claims,
        finding: over()
            .filter_map(|l| match l.kind {
                Kind::Finding(severity) => Some(severity),
                Kind::Claim(..) => None,
            })
            .max(),
    }
}

/// What is shown of `text` beside each of `segments`: the segment, and what stands before it without being in one (a
/// label, "Source:"); beside the last also what follows. So no word of the text is left out.
pub(super) fn shown(text: &str, segments: &[Span]) -> Vec<Span> {
    let mut shown = segments.to_vec();
    let mut order: Vec<usize> = (0..segments.len()).filter(|&i| !segments[i].is_empty()).collect();
    order.sort_by_key(|&i| segments[i]);
    let mut at = 0;
    for &index in &order {
        let before = Span::new(at, segments[index].start).trimmed(text);
        if !before.of(text).is_empty() {
            shown[index].start = before.start;
        }
        at = at.max(segments[index].end);
    }
    if let Some(&last) = order.last() {
        let after = Span::new(at, text.len()).trimmed(text);
        if !after.of(text).is_empty() {
            shown[last].end = after.end;
        }
    }
    shown
}

/// `spans` with those joined between which nothing but marks and spaces stand.
pub(super) fn runs(text: &str, mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    let mut runs: Vec<Span> = Vec::new();
    for span in spans.into_iter().filter(|s| !s.is_empty()) {
        match runs.last_mut() {
            Some(last)
                if !Span::new(last.end, span.start)
                    .of(text)
                    .contains(char::is_alphanumeric) =>
            {
                *last = last.cover(span);
            }
            _ => runs.push(span),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_across_each_other_are_cut_into_pieces_that_cover_the_text() {
        let layer = |start, end, kind| Layer {
            span: Span::new(start, end),
            kind,
        };
        let layers = [
            layer(0, 8, Kind::Claim(0, Role::Content)),
            layer(5, 12, Kind::Claim(1, Role::Content)),
            layer(6, 7, Kind::Claim(1, Role::Cue)),
            layer(7, 20, Kind::Finding(Severity::Warning)),
            layer(11, 13, Kind::Finding(Severity::Error)),
        ];
        let pieces = cut(Span::new(2, 15), &layers, &[10]);
        let spans: Vec<(usize, usize)> = pieces.iter().map(|p| (p.span.start, p.span.end)).collect();
        assert_eq!(
            spans,
            [
                (2, 5),
                (5, 6),
                (6, 7),
                (7, 8),
                (8, 10),
                (10, 11),
                (11, 12),
                (12, 13),
                (13, 15)
            ]
        );
        assert_eq!(pieces[1].claims, [(1, Role::Content), (0, Role::Content)]);
        assert_eq!(pieces[2].claims, [(1, Role::Cue), (0, Role::Content)]);
        assert_eq!(pieces[6].finding, Some(Severity::Error));
        assert_eq!(pieces[8].finding, Some(Severity::Warning));
    }

    #[test]
    fn words_outside_of_segments_are_shown_with_the_segment_that_follows() {
        let text = "A: one\n\nB: two\n\nthe end";
        let segments = [Span::new(11, 14), Span::new(14, 14), Span::new(3, 6)];
        let words: Vec<&str> = shown(text, &segments).iter().map(|s| s.of(text)).collect();
        assert_eq!(words, ["B: two\n\nthe end", "", "A: one"]);
    }
}
