//! Vectors of two texts' tokens → the pairs that both sides agree on.
//!
//! The method is that of awesome-align (Dou and Neubig, "Word Alignment by Fine-tuning Embeddings on Parallel Corpora",
//! 2021) and SimAlign (Jalili Sabet et al., "SimAlign: High Quality Word Alignments without Parallel Training Data using
//! Static and Contextualized Embeddings", 2020): the cosines of all with all, a softmax along each side, and what has a
//! share in both.

/// Divides the cosines before the softmax: those of one sentence's tokens lie close together.
const TEMPERATURE: f32 = 0.05;
/// The share of a token that a counterpart must have, seen from each side.
const SHARE: f32 = 0.05;

/// Two tokens that are each other's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mutual {
    /// The number of the one.
    pub source: usize,
    /// The number of the other.
    pub target: usize,
    /// The mean share that each has in the other, from 0 to 1.
    pub weight: f32,
    /// How near they are.
    pub cosine: f32,
}

/// What two texts are to each other, token by token.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mutuals {
    /// In the order of the source, then of the target.
    pub pairs: Vec<Mutual>,
    /// How near each token is to what is nearest to it on the other side, on average over both sides (BERTScore: Zhang
    /// et al., "BERTScore: Evaluating Text Generation with BERT", 2020); 0 if a side is empty.
    pub alike: f64,
}

/// The pairs of `source` and `target`, vectors of length 1. The work grows with the product of their numbers.
pub fn mutual(source: &[&[f32]], target: &[&[f32]]) -> Mutuals {
    if source.is_empty() || target.is_empty() {
        return Mutuals::default();
    }
    let cosines: Vec<Vec<f32>> = source
        .iter()
        .map(|a| target.iter().map(|b| dot(a, b)).collect())
        .collect();
    let column = |j: usize| cosines.iter().map(move |row| row[j]);
    let forth: Vec<Vec<f32>> = cosines.iter().map(|row| softmax(row.iter().copied())).collect();
    let back: Vec<Vec<f32>> = (0..target.len()).map(|j| softmax(column(j))).collect();
    let mut pairs = Vec::new();
    for (i, row) in forth.iter().enumerate() {
        for (j, &share) in row.iter().enumerate() {
            if share > SHARE && back[j][i] > SHARE {
                pairs.push(Mutual {
                    source: i,
                    target: j,
                    weight: (share * back[j][i]).sqrt(),
                    cosine: cosines[i][j],
                });
            }
        }
    }
    let nearest = |list: &mut dyn Iterator<Item = f32>| f64::from(list.fold(f32::MIN, f32::max));
    let rows = cosines.iter().map(|row| nearest(&mut row.iter().copied()));
    let columns = (0..target.len()).map(|j| nearest(&mut column(j)));
    let mean = |sum: f64, count: usize| sum / count as f64;
    let alike = (mean(rows.sum(), source.len()) + mean(columns.sum(), target.len())) / 2.0;
    Mutuals { pairs, alike }
}

/// The product of two vectors.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn softmax(cosines: impl Iterator<Item = f32> + Clone) -> Vec<f32> {
    let top = cosines.clone().fold(f32::MIN, f32::max);
    let powers: Vec<f32> = cosines.map(|c| ((c - top) / TEMPERATURE).exp()).collect();
    let sum: f32 = powers.iter().sum();
    powers.into_iter().map(|p| p / sum).collect()
}
