//! The most probable way to cut a text into pieces (Kudo 2018), by Viterbi's algorithm.

use super::proto::{Kind, Piece};
use super::trie::Trie;

/// How much less probable an unknown character is than the rarest piece.
const UNKNOWN_PENALTY: f32 = 10.0;

/// The pieces that come out of text.
pub(super) struct Unigram {
    trie: Trie,
    /// By id: what a piece adds for its length and what it adds anyway, in the logarithm.
    scores: Vec<(f32, f64)>,
    unknown: f32,
}

/// The best way to get to a place.
#[derive(Clone, Copy)]
struct Best {
    score: f32,
    from: usize,
    id: Option<u32>,
}

impl Unigram {
    pub(super) fn new(pieces: &[Piece]) -> Self {
        let normal = || pieces.iter().filter(|p| p.kind == Kind::Normal).map(|p| p.score);
        let lowest = normal().fold(f32::MAX, f32::min);
        let highest = normal().fold(f32::MIN_POSITIVE, f32::max);
        let usable = |p: &Piece| matches!(p.kind, Kind::Normal | Kind::UserDefined);
        let keys = pieces.iter().zip(0u32..).filter(|(p, _)| usable(p));
        Self {
            trie: Trie::new(keys.map(|(p, id)| (p.text.as_str(), id))),
            scores: pieces
                .iter()
                .map(|p| match p.kind {
                    Kind::UserDefined => (highest, -0.1),
                    _ => (0.0, f64::from(p.score)),
                })
                .collect(),
            unknown: lowest - UNKNOWN_PENALTY,
        }
    }

    /// Calls `piece` for the end and the id of each piece of `text`, in order; unknown characters have no id.
    pub(super) fn cut(&self, text: &str, mut piece: impl FnMut(usize, Option<u32>)) {
        let mut best: Vec<Option<Best>> = vec![None; text.len() + 1];
        for (start, c) in text.char_indices() {
            let so_far = best[start].map_or(0.0, |b| b.score);
            let single = c.len_utf8();
            let mut has_single = false;
            for (length, id) in self.trie.prefixes(&text.as_bytes()[start..]) {
                let (by_length, anyway) = self.scores[id as usize];
                // SentencePiece adds in double precision and keeps in single: which of two equal ways is taken
                // hangs on that.
                let score = f64::from(length as f32 * by_length) + anyway + f64::from(so_far);
                let way = &mut best[start + length];
                if way.is_none_or(|b| score > f64::from(b.score)) {
                    *way = Some(Best {
                        score: score as f32,
                        from: start,
                        id: Some(id),
                    });
                }
                has_single |= length == single;
            }
            let score = self.unknown + so_far;
            let way = &mut best[start + single];
            if !has_single && way.is_none_or(|b| score > b.score) {
                *way = Some(Best {
                    score,
                    from: start,
                    id: None,
                });
            }
        }
        let mut cuts = Vec::new();
        let mut end = text.len();
        while let Some(way) = best[end].filter(|_| end > 0) {
            cuts.push((end, way.id));
            end = way.from;
        }
        for (end, id) in cuts.into_iter().rev() {
            piece(end, id);
        }
    }
}
