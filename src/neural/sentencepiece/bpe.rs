//! SentencePiece's BPE (Kudo and Richardson 2018) over a vocabulary with scores: the neighbours whose union is
//! the piece of the highest score are joined, the leftmost first, until no union is a piece.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};

use super::proto::{Kind, Piece};
use super::trie::Trie;

/// The pieces that come out of text, and those that lead to them.
pub(super) struct Bpe {
    pieces: HashMap<Box<str>, Entry>,
}

#[derive(Clone, Copy)]
struct Entry {
    id: u32,
    score: f32,
    unused: bool,
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
    /// Taken whole: never joined.
    whole: bool,
    previous: Option<usize>,
    next: Option<usize>,
}

/// One text that is being cut.
struct Cutting<'b> {
    bpe: &'b Bpe,
    text: &'b str,
    symbols: Vec<Symbol>,
    joins: BinaryHeap<Join>,
    /// Pieces that are unused, with the length of the left part of which they were joined.
    parted: HashMap<&'b str, usize>,
}

impl Bpe {
    /// Of two pieces of the same text the first counts.
    pub(super) fn new(pieces: &[Piece]) -> Self {
        let mut known = HashMap::with_capacity(pieces.len());
        for (piece, id) in pieces.iter().zip(0u32..) {
            if matches!(piece.kind, Kind::Normal | Kind::UserDefined | Kind::Unused) {
                known.entry(piece.text.as_str().into()).or_insert(Entry {
                    id,
                    score: piece.score,
                    unused: piece.kind == Kind::Unused,
                });
            }
        }
        Self { pieces: known }
    }

    /// Calls `piece` for the end and the id of each piece of `text`, in order; what is no piece has no id. What
    /// `whole` holds is taken whole.
    pub(super) fn cut(&self, text: &str, whole: &Trie, mut piece: impl FnMut(usize, Option<u32>)) {
        let mut cutting = Cutting {
            bpe: self,
            text,
            symbols: symbols(text, whole),
            joins: BinaryHeap::new(),
            parted: HashMap::new(),
        };
        cutting.join();
        let mut at = (!text.is_empty()).then_some(0);
        while let Some(index) = at {
            let symbol = &cutting.symbols[index];
            cutting.part(symbol.start, symbol.length, &mut piece);
            at = symbol.next;
        }
    }
}

/// The text in characters, and in what is taken whole.
fn symbols(text: &str, whole: &Trie) -> Vec<Symbol> {
    let mut symbols: Vec<Symbol> = Vec::with_capacity(text.len());
    let mut start = 0;
    while let Some(c) = text[start..].chars().next() {
        let found = (!whole.is_empty())
            .then(|| whole.longest(&text.as_bytes()[start..]))
            .flatten();
        let index = symbols.len();
        symbols.push(Symbol {
            start,
            length: found.unwrap_or(c.len_utf8()),
            whole: found.is_some(),
            previous: index.checked_sub(1),
            next: Some(index + 1),
        });
        start += symbols[index].length;
    }
    if let Some(last) = symbols.last_mut() {
        last.next = None;
    }
    symbols
}

impl Cutting<'_> {
    fn join(&mut self) {
        for right in 1..self.symbols.len() {
            self.propose(right - 1, right);
        }
        while let Some(join) = self.joins.pop() {
            let (left, right) = (join.left, join.right);
            let stale = self.symbols[left].length == 0
                || self.symbols[right].length == 0
                || self.symbols[left].length + self.symbols[right].length != join.length;
            if stale {
                continue;
            }
            self.symbols[left].length = join.length;
            self.symbols[right].length = 0;
            let next = self.symbols[right].next;
            self.symbols[left].next = next;
            if let Some(next) = next {
                self.symbols[next].previous = Some(left);
                self.propose(left, next);
            }
            if let Some(previous) = self.symbols[left].previous {
                self.propose(previous, left);
            }
        }
    }

    fn propose(&mut self, left: usize, right: usize) {
        let (first, second) = (&self.symbols[left], &self.symbols[right]);
        if first.whole || second.whole {
            return;
        }
        let length = first.length + second.length;
        let union = &self.text[first.start..first.start + length];
        let Some(entry) = self.bpe.pieces.get(union) else {
            return;
        };
        if entry.unused {
            self.parted.insert(union, first.length);
        }
        self.joins.push(Join {
            score: entry.score,
            left,
            right,
            length,
        });
    }

    /// Gives out what was joined; a piece that is unused in the parts that it was joined of.
    fn part(&self, start: usize, length: usize, piece: &mut impl FnMut(usize, Option<u32>)) {
        let mut parts = vec![(start, length)];
        while let Some((start, length)) = parts.pop() {
            let text = &self.text[start..start + length];
            let entry = self.bpe.pieces.get(text);
            match self.parted.get(text) {
                Some(left) if entry.is_some_and(|e| e.unused) => {
                    parts.push((start + left, length - left));
                    parts.push((start, *left));
                }
                _ => piece(start + length, entry.map(|e| e.id)),
            }
        }
    }
}
