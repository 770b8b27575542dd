//! Byte ranges into one owned text, and their conversion to the character ranges of the contract.

use std::ops::Range;

/// A half-open byte range `[start, end)` into a text. Both ends lie on character boundaries of that text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The span `[start, end)`; an inverted pair gives an empty span at `start`.
    pub fn new(start: usize, end: usize) -> Self {
        Self {
            start,
            end: end.max(start),
        }
    }

    /// Length in bytes.
    pub fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether the span covers nothing.
    pub fn is_empty(self) -> bool {
        self.end <= self.start
    }

    /// The text that the span covers; empty if the span does not fit `text`.
    pub fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or("")
    }

    /// Whether `other` lies inside (borders may touch).
    pub fn contains(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Whether both share at least one byte.
    pub fn overlaps(self, other: Span) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// The same span, `offset` bytes further on.
    pub fn shifted(self, offset: usize) -> Span {
        Span::new(self.start + offset, self.end + offset)
    }

    /// The smallest span that covers both.
    pub fn cover(self, other: Span) -> Span {
        Span::new(self.start.min(other.start), self.end.max(other.end))
    }

    /// The pieces between its ends and those of the places `at` that lie inside of it, in order; none is empty.
    pub fn cut_at(self, at: impl IntoIterator<Item = usize>) -> Vec<Span> {
        let inside = at.into_iter().filter(|at| (self.start..self.end).contains(at));
        let mut borders: Vec<usize> = inside.chain([self.start, self.end]).collect();
        borders.sort_unstable();
        borders.dedup();
        borders
            .windows(2)
            .map(|ends| Span::new(ends[0], ends[1]))
            .collect()
    }

    /// The span without white space at its borders.
    pub fn trimmed(self, text: &str) -> Span {
        let inner = self.of(text);
        let start = self.start + (inner.len() - inner.trim_start().len());
        Span::new(start, start + inner.trim().len())
    }
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        Span::new(range.start, range.end)
    }
}

/// Byte offset → number of Unicode scalar values before it, in O(log n) after one pass over the text.
///
/// ASCII texts need no table: both counts agree.
pub struct CharIndex {
    /// Byte offsets of every `STRIDE`th character; empty for ASCII.
    marks: Vec<usize>,
    text: String,
}

const STRIDE: usize = 64;

impl CharIndex {
    /// Reads `text` once.
    pub fn new(text: &str) -> Self {
        if text.is_ascii() {
            return Self {
                marks: Vec::new(),
                text: String::new(),
            };
        }
        let marks = text
            .char_indices()
            .step_by(STRIDE)
            .map(|(offset, _)| offset)
            .collect();
        Self {
            marks,
            text: text.to_owned(),
        }
    }

    /// Characters before byte `offset`.
    pub fn chars_before(&self, offset: usize) -> usize {
        if self.marks.is_empty() {
            return offset;
        }
        let mark = self.marks.partition_point(|&m| m <= offset).saturating_sub(1);
        let from = self.marks[mark];
        mark * STRIDE + self.text.get(from..offset).map_or(0, |t| t.chars().count())
    }

    /// `[start, end)` in characters, as the contract writes it.
    pub fn pair(&self, span: Span) -> [usize; 2] {
        [self.chars_before(span.start), self.chars_before(span.end)]
    }

    /// All of `spans` in characters.
    pub fn pairs(&self, spans: &[Span]) -> Vec<[usize; 2]> {
        spans.iter().map(|&s| self.pair(s)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_characters_not_bytes() {
        let text = "Київ said «ні» 🙂 ".repeat(40);
        let index = CharIndex::new(&text);
        for (chars, (bytes, _)) in text.char_indices().enumerate() {
            assert_eq!(index.chars_before(bytes), chars);
        }
        assert_eq!(index.chars_before(text.len()), text.chars().count());
    }

    #[test]
    fn trims_to_what_is_printed() {
        let text = "  a b \n";
        assert_eq!(Span::new(0, text.len()).trimmed(text).of(text), "a b");
        assert!(Span::new(0, 2).trimmed(text).is_empty());
    }

    #[test]
    fn is_cut_inside_and_nowhere_else() {
        let pieces = |at: &[usize]| Span::new(2, 8).cut_at(at.iter().copied());
        assert_eq!(pieces(&[5, 0, 5, 9, 2, 8]), [Span::new(2, 5), Span::new(5, 8)]);
        assert_eq!(pieces(&[]), [Span::new(2, 8)]);
        assert_eq!(Span::new(3, 3).cut_at([3]), []);
    }
}
