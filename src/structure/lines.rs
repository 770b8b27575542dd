//! Plain text → its paragraphs. Lines of one length are one paragraph, which has as many lines in the other language; any
//! other line is a paragraph of its own.

use crate::text::span::Span;

use super::escape::Escape;
use super::{Structure, Unit, has_words, one_spaced};

/// The length of lines that a program has broken, in characters.
const WRAPPED: std::ops::RangeInclusive<usize> = 50..=100;

pub(super) fn read(structure: &mut Structure, text: &str) {
    let mut open: Vec<Span> = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let span = Span::new(at, at + line.len());
        at = span.end;
        if line.trim().is_empty() {
            paragraph(structure, text, &std::mem::take(&mut open));
            structure.raw(line);
        } else {
            open.push(span);
        }
    }
    paragraph(structure, text, &open);
}

fn paragraph(structure: &mut Structure, text: &str, lines: &[Span]) {
    let length = |span: &Span| span.of(text).trim_end().chars().count();
    let wrapped = lines.len() > 1
        && lines[..lines.len() - 1]
            .iter()
            .all(|line| WRAPPED.contains(&length(line)));
    let groups: Vec<&[Span]> = if wrapped {
        vec![lines]
    } else {
        lines.chunks(1).collect()
    };
    for group in groups {
        let whole = group.iter().copied().reduce(Span::cover).unwrap_or_default();
        let inner = whole.trimmed(text);
        // a bullet stays
        let bullet = inner.of(text).find(char::is_alphanumeric).unwrap_or(0);
        let lead = &inner.of(text)[..bullet];
        let start = inner.start + if lead.ends_with(' ') { bullet } else { 0 };
        let inner = Span::new(start, inner.end);
        structure.raw(&text[whole.start..inner.start]);
        if has_words(inner.of(text)) {
            let mut unit = Unit::plain(one_spaced(inner.of(text)), Escape::Plain);
            unit.slots[0].lines = group.len();
            structure.unit(unit);
        } else {
            structure.raw(inner.of(text));
        }
        structure.raw(&text[inner.end..whole.end]);
    }
}
