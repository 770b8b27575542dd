//! Which sentences of an article matter: LexRank (Erkan & Radev 2004, continuous form) with a prior for early
//! sentences, and maximal marginal relevance (Carbonell & Goldstein 1998) against saying things twice.

use std::collections::BTreeMap;

use super::terms::{Vector, cosine};

/// LexRank's damping factor.
const DAMPING: f64 = 0.85;
const ROUNDS: usize = 50;
/// Sentences that share a term more common than this are not linked through it; keeps long texts near linear.
const MAX_POSTINGS: usize = 200;
/// Sentences at least this alike say the same.
const SAME: f64 = 0.85;
/// Weight of relevance against novelty.
const LAMBDA: f64 = 0.7;

/// The LexRank score of each sentence; they sum to 1.
pub(super) fn lexrank(vectors: &[Vector]) -> Vec<f64> {
    let n = vectors.len();
    if n == 0 {
        return Vec::new();
    }
    let links = links(vectors);
    let sums: Vec<f64> = links
        .iter()
        .map(|row| row.iter().map(|&(_, w)| w).sum::<f64>())
        .collect();
    let mut scores = vec![1.0 / n as f64; n];
    for _ in 0..ROUNDS {
        let mut next = vec![(1.0 - DAMPING) / n as f64; n];
        let mut loose = 0.0;
        for (i, row) in links.iter().enumerate() {
            if sums[i] > 0.0 {
                for &(j, w) in row {
                    next[j] += DAMPING * scores[i] * w / sums[i];
                }
            } else {
                loose += DAMPING * scores[i] / n as f64;
            }
        }
        next.iter_mut().for_each(|s| *s += loose);
        scores = next;
    }
    scores
}

/// For each sentence those that share a term with it, with their cosine, ascending.
fn links(vectors: &[Vector]) -> Vec<Vec<(usize, f64)>> {
    let mut postings: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (i, vector) in vectors.iter().enumerate() {
        for &term in vector.keys() {
            postings.entry(term).or_default().push(i);
        }
    }
    vectors
        .iter()
        .enumerate()
        .map(|(i, vector)| {
            let mut row: BTreeMap<usize, f64> = BTreeMap::new();
            for (id, weight) in vector {
                let others = &postings[id];
                if others.len() <= MAX_POSTINGS {
                    for &j in others.iter().filter(|&&j| j != i) {
                        *row.entry(j).or_insert(0.0) += weight * vectors[j][id];
                    }
                }
            }
            row.into_iter().collect()
        })
        .collect()
}

/// Picks `n` of `scores` that matter and differ; gives their indices in the order they were picked.
pub(super) fn pick(scores: &[f64], vectors: &[Vector], n: usize) -> Vec<usize> {
    let top = scores.iter().copied().fold(0.0, f64::max);
    if top <= 0.0 {
        return (0..scores.len().min(n)).collect();
    }
    let mut picked: Vec<usize> = Vec::new();
    // likeness to the nearest sentence picked so far
    let mut nearest = vec![0.0f64; scores.len()];
    while picked.len() < n.min(scores.len()) {
        let best = (0..scores.len())
            .filter(|i| !picked.contains(i) && nearest[*i] < SAME)
            .max_by(|&a, &b| {
                let value = |i: usize| LAMBDA * scores[i] / top - (1.0 - LAMBDA) * nearest[i];
                // of equals the earlier one
                value(a).total_cmp(&value(b)).then(b.cmp(&a))
            });
        let Some(best) = best else { break };
        picked.push(best);
        for (i, near) in nearest.iter_mut().enumerate() {
            *near = near.max(cosine(&vectors[i], &vectors[best]));
        }
    }
    picked
}

#[cfg(test)]
mod tests {
    use super::super::terms::Vocabulary;
    use super::*;

    fn vectors(sentences: &[&str]) -> Vec<Vector> {
        let vocabulary = Vocabulary::new(sentences.iter().copied());
        sentences.iter().map(|s| vocabulary.vector(s)).collect()
    }

    #[test]
    fn the_sentence_that_others_echo_ranks_first() {
        let v = vectors(&[
            "The crane fell into the harbour on Monday.",
            "Port workers saw the crane fall.",
            "The harbour was closed after the crane fell.",
            "Weather was mild.",
        ]);
        let scores = lexrank(&v);
        assert!((scores.iter().sum::<f64>() - 1.0).abs() < 1e-6);
        let best = (0..4)
            .max_by(|&a, &b| scores[a].total_cmp(&scores[b]))
            .expect("four sentences");
        assert!(best == 0 || best == 2, "{scores:?}");
        assert!(scores[3] < scores[best]);
    }

    #[test]
    fn a_copy_is_not_picked_twice() {
        let v = vectors(&[
            "The crane fell into the harbour.",
            "The crane fell into the harbour.",
            "Two ships waited outside the port.",
        ]);
        let picked = pick(&[0.4, 0.4, 0.2], &v, 2);
        assert_eq!(picked, [0, 2]);
    }
}
