//! SentencePiece's BPE (Kudo and Richardson 2018) over a vocabulary with scores: the neighbours whose union is
//! the piece of the highest score are joined, the leftmost first, until no union is a piece; what is no piece
//! then is spelled in bytes.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};

/// How SentencePiece writes a space.
pub(crate) const SPACE: &str = "\u{2581}";

/// The vocabulary.
pub(crate) struct SentencePiece {
    pieces: HashMap<String, (u32, f32)>,
    bytes: Vec<Option<u32>>,
    /// A space is put before each stretch of text.
    space_first: bool,
    unknown: u32,
}

/// The byte that `<0x0A>` stands for.
pub(crate) fn byte_of(token: &str) -> Option<u8> {
    let hex = token.strip_prefix("<0x")?.strip_suffix('>')?;
    (hex.len() == 2).then(|| u8::from_str_radix(hex, 16).ok())?
}

/// Two neighbours that may be joined.
struct Join {
    score: f32,
    left: usize,
    right: usize,
    /// The length of both when this was found; another length means that one of them has changed since.
    length: usize,
}

impl Ord for Join {
    fn cmp(&self, other: &Self) -> Ordering {
        self.score
            .total_cmp(&other.score)
            .then_with(|| other.left.cmp(&self.left))
    }
}
impl PartialOrd for Join {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Join {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Join {}

/// A stretch of the text in a linked list.
struct Symbol {
    start: usize,
    length: usize,
    previous: Option<usize>,
    next: Option<usize>,
}

impl SentencePiece {
    /// A vocabulary of `tokens` with their `scores`; only those that are `usable` come out of text.
    pub(crate) fn new(
        tokens: &[String],
        scores: &[f32],
        usable: impl Fn(usize) -> bool,
        space_first: bool,
        unknown: u32,
    ) -> Result<Self, String> {
        if tokens.len() != scores.len() {
            return Err("it has more or fewer scores than tokens".to_owned());
        }
        let mut pieces = HashMap::with_capacity(tokens.len());
        let mut bytes = vec![None; 256];
        for (id, (token, score)) in tokens.iter().zip(scores).enumerate() {
            if !usable(id) {
                continue;
            }
            if let Some(byte) = byte_of(token) {
                bytes[usize::from(byte)] = Some(id as u32);
            } else {
                pieces.entry(token.clone()).or_insert((id as u32, *score));
            }
        }
        Ok(Self {
            pieces,
            bytes,
            space_first,
            unknown,
        })
    }

    /// Adds the ids of `text` to `ids`.
    pub(crate) fn encode(&self, text: &str, ids: &mut Vec<u32>) {
        if text.is_empty() {
            return;
        }
        let mut text = text.replace(' ', SPACE);
        if self.space_first {
            text.insert_str(0, SPACE);
        }
        let mut symbols: Vec<Symbol> = text
            .char_indices()
            .enumerate()
            .map(|(index, (start, c))| Symbol {
                start,
                length: c.len_utf8(),
                previous: index.checked_sub(1),
                next: Some(index + 1),
            })
            .collect();
        if let Some(last) = symbols.last_mut() {
            last.next = None;
        }
        self.join(&text, &mut symbols);
        let mut at = Some(0);
        while let Some(index) = at {
            let symbol = &symbols[index];
            self.emit(&text[symbol.start..symbol.start + symbol.length], ids);
            at = symbol.next;
        }
    }

    fn join(&self, text: &str, symbols: &mut [Symbol]) {
        let mut joins = BinaryHeap::new();
        for right in 1..symbols.len() {
            self.propose(text, symbols, right - 1, right, &mut joins);
        }
        while let Some(join) = joins.pop() {
            let (left, right) = (join.left, join.right);
            let stale = symbols[left].length == 0
                || symbols[right].length == 0
                || symbols[left].length + symbols[right].length != join.length;
            if stale {
                continue;
            }
            symbols[left].length = join.length;
            symbols[right].length = 0;
            let next = symbols[right].next;
            symbols[left].next = next;
            if let Some(next) = next {
                symbols[next].previous = Some(left);
                self.propose(text, symbols, left, next, &mut joins);
            }
            if let Some(previous) = symbols[left].previous {
                self.propose(text, symbols, previous, left, &mut joins);
            }
        }
    }

    fn propose(
        &self,
        text: &str,
        symbols: &[Symbol],
        left: usize,
        right: usize,
        joins: &mut BinaryHeap<Join>,
    ) {
        let length = symbols[left].length + symbols[right].length;
        let start = symbols[left].start;
        if let Some((_, score)) = self.pieces.get(&text[start..start + length]) {
            joins.push(Join {
                score: *score,
                left,
                right,
                length,
            });
        }
    }

    fn emit(&self, piece: &str, ids: &mut Vec<u32>) {
        if let Some((id, _)) = self.pieces.get(piece) {
            ids.push(*id);
            return;
        }
        let spelled: Option<Vec<u32>> = piece.bytes().map(|b| self.bytes[usize::from(b)]).collect();
        match spelled {
            Some(spelled) => ids.extend(spelled),
            None => ids.push(self.unknown),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn tiny(space_first: bool) -> SentencePiece {
        let tokens = [
            "<unk>",
            "a",
            "b",
            "c",
            "ab",
            "bc",
            "abc",
            SPACE,
            "\u{2581}a",
            "<0xC3>",
            "<0xA9>",
        ];
        let tokens: Vec<String> = tokens.iter().map(|t| (*t).to_owned()).collect();
        let scores = [0.0, -9.0, -9.0, -9.0, -2.0, -1.0, -3.0, -9.0, -4.0, 0.0, 0.0];
        SentencePiece::new(&tokens, &scores, |id| id != 0, space_first, 0).unwrap()
    }

    fn ids(model: &SentencePiece, text: &str) -> Vec<u32> {
        let mut ids = Vec::new();
        model.encode(text, &mut ids);
        ids
    }

    #[test]
    fn the_best_union_comes_first_then_the_leftmost() {
        let model = tiny(false);
        assert_eq!(ids(&model, "abc"), [6]);
        assert_eq!(ids(&model, "abab"), [4, 4]);
        assert_eq!(ids(&model, "bcb"), [5, 2]);
        assert!(ids(&model, "").is_empty());
    }

    #[test]
    fn spaces_and_unknown_letters() {
        assert_eq!(ids(&tiny(true), "a a"), [8, 8]);
        assert_eq!(ids(&tiny(false), "a a"), [1, 8]);
        assert_eq!(ids(&tiny(false), "é"), [9, 10]);
        assert_eq!(ids(&tiny(false), "щ"), [0]);
    }
}
