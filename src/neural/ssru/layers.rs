//! The parts of a student's layers, over rows of floats. Sums run in the order in which they are written down, one
//! number after the other, so that a row's result does not depend on what is computed beside it.

use candle_core::Tensor;

use crate::error::Result;
use crate::neural::int8::Product;

/// Marian's, under the root of a layer normalisation.
const EPSILON: f32 = 1e-6;
/// Rows that are normalised together: their sums do not wait for each other.
const TOGETHER: usize = 8;

/// `y = x W + b`.
pub(super) enum Affine {
    /// In integers.
    Integer(Product),
    /// In floats, on any device. Weights: `(inputs, outputs)`.
    Float { weights: Tensor, bias: Tensor },
}

impl Affine {
    /// `x`: `(rows, inputs)`. Gives `(rows, outputs)`.
    pub(super) fn apply(&self, x: &[f32]) -> Result<Vec<f32>> {
        match self {
            Self::Integer(product) => Ok(product.apply(x)),
            Self::Float { weights, bias } => {
                let inputs = weights.dim(0)?;
                let x = Tensor::from_slice(x, (x.len() / inputs, inputs), weights.device())?;
                let y = x.matmul(weights)?.broadcast_add(bias)?;
                Ok(y.flatten_all()?.to_vec1()?)
            }
        }
    }

    /// How many numbers a row of `y` has.
    pub(super) fn outputs(&self) -> usize {
        match self {
            Self::Integer(product) => product.outputs(),
            Self::Float { bias, .. } => bias.elem_count(),
        }
    }

    /// Writes the weights of one output. In floats they are kept elsewhere: see `Embedding`.
    pub(super) fn weights_of(&self, output: usize, row: &mut [f32]) {
        if let Self::Integer(product) = self {
            product.weights_of(output, row);
        }
    }

    /// These outputs alone.
    pub(super) fn select(&self, outputs: &[u32]) -> Result<Self> {
        match self {
            Self::Integer(product) => Ok(Self::Integer(product.select(outputs))),
            Self::Float { weights, bias } => {
                let outputs = Tensor::from_slice(outputs, outputs.len(), weights.device())?;
                Ok(Self::Float {
                    weights: weights.index_select(&outputs, 1)?,
                    bias: bias.index_select(&outputs, 0)?,
                })
            }
        }
    }
}

/// Layer normalisation (Ba et al. 2016) of a sum: `dan` in Marian's words.
pub(super) struct Norm {
    pub(super) scale: Vec<f32>,
    pub(super) bias: Vec<f32>,
}

impl Norm {
    /// `branch + x`, normalised, over what stands in `x`. Both: `(rows, width)`.
    pub(super) fn add(&self, branch: &[f32], x: &mut [f32]) {
        for (x, branch) in x.iter_mut().zip(branch) {
            *x += branch;
        }
        let width = self.scale.len();
        let (together, rest) = x.split_at_mut(x.len() / (width * TOGETHER) * width * TOGETHER);
        for rows in together.chunks_exact_mut(width * TOGETHER) {
            self.normalise::<TOGETHER>(rows);
        }
        for row in rest.chunks_exact_mut(width) {
            self.normalise::<1>(row);
        }
    }

    fn normalise<const ROWS: usize>(&self, x: &mut [f32]) {
        let width = self.scale.len();
        let count = width as f32;
        let mut means = [0.0f32; ROWS];
        for i in 0..width {
            for (r, sum) in means.iter_mut().enumerate() {
                *sum += x[r * width + i];
            }
        }
        means = means.map(|sum| sum / count);
        let mut spreads = [0.0f32; ROWS];
        for i in 0..width {
            for (r, sum) in spreads.iter_mut().enumerate() {
                let distance = x[r * width + i] - means[r];
                *sum += distance * distance;
            }
        }
        for ((row, mean), spread) in x.chunks_exact_mut(width).zip(means).zip(spreads) {
            let deviation = (spread / count + EPSILON).sqrt();
            for ((x, scale), bias) in row.iter_mut().zip(&self.scale).zip(&self.bias) {
                *x = scale * ((*x - mean) / deviation) + bias;
            }
        }
    }
}

/// Two products with a rectifier between them, and the normalised sum.
pub(super) struct FeedForward {
    pub(super) inner: Affine,
    pub(super) outer: Affine,
    pub(super) norm: Norm,
}

impl FeedForward {
    /// `x`: `(rows, width)`.
    pub(super) fn apply(&self, x: &mut [f32]) -> Result<()> {
        let mut inner = self.inner.apply(x)?;
        rectify(&mut inner);
        self.norm.add(&self.outer.apply(&inner)?, x);
        Ok(())
    }
}

pub(super) fn rectify(x: &mut [f32]) {
    for x in x {
        *x = x.max(0.0);
    }
}

/// Attention of many heads, and the normalised sum.
pub(super) struct Attention {
    pub(super) query: Affine,
    pub(super) key: Affine,
    pub(super) value: Affine,
    pub(super) output: Affine,
    pub(super) norm: Norm,
    pub(super) heads: usize,
}

/// What is attended to: the keys and values of one source.
pub(super) struct Memory {
    /// `(width, length)`: turned, so that a query meets all positions at once.
    keys: Vec<f32>,
    /// `(length, width)`.
    values: Vec<f32>,
    length: usize,
}

impl Attention {
    /// The memories of sources whose rows follow each other in `x`, `(sum of lengths, width)`.
    pub(super) fn memories(&self, x: &[f32], lengths: &[usize]) -> Result<Vec<Memory>> {
        let width = self.norm.scale.len();
        let (keys, values) = (self.key.apply(x)?, self.value.apply(x)?);
        let mut start = 0;
        let memories = lengths.iter().map(|length| {
            let part = start * width..(start + length) * width;
            start += length;
            Memory {
                keys: turned(&keys[part.clone()], width),
                values: values[part].to_vec(),
                length: *length,
            }
        });
        Ok(memories.collect())
    }

    /// Lets each row of `x`, `(rows, width)`, attend to its memory. `seen(row, weights)` gets the weights of the first
    /// head, one for each position of the memory.
    pub(super) fn apply<'a>(
        &self,
        x: &mut [f32],
        memories: impl Iterator<Item = &'a Memory>,
        mut seen: impl FnMut(usize, &[f32]),
    ) -> Result<()> {
        let width = self.norm.scale.len();
        let queries = self.query.apply(x)?;
        let mut joined = vec![0.0f32; queries.len()];
        let mut weights = Vec::new();
        let rows = queries.chunks_exact(width).zip(joined.chunks_exact_mut(width));
        for (row, ((query, joined), memory)) in rows.zip(memories).enumerate() {
            let size = width / self.heads;
            for (head, (query, joined)) in query.chunks(size).zip(joined.chunks_mut(size)).enumerate() {
                memory.weigh(query, head, &mut weights);
                memory.gather(&weights, head, joined);
                if head == 0 {
                    seen(row, &weights);
                }
            }
        }
        self.norm.add(&self.output.apply(&joined)?, x);
        Ok(())
    }
}

impl Memory {
    /// How many positions there are.
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// The softmax of a head's query against the keys.
    fn weigh(&self, query: &[f32], head: usize, weights: &mut Vec<f32>) {
        weights.clear();
        weights.resize(self.length, 0.0);
        let first = head * query.len();
        let keys = self.keys[first * self.length..].chunks_exact(self.length);
        for (query, keys) in query.iter().zip(keys) {
            for (weight, key) in weights.iter_mut().zip(keys) {
                *weight += query * key;
            }
        }
        let scale = 1.0 / (query.len() as f32).sqrt();
        let mut largest = f32::NEG_INFINITY;
        for weight in weights.iter_mut() {
            *weight *= scale;
            largest = largest.max(*weight);
        }
        let mut sum = 0.0;
        for weight in weights.iter_mut() {
            *weight = (*weight - largest).exp();
            sum += *weight;
        }
        for weight in weights.iter_mut() {
            *weight /= sum;
        }
    }

    /// Adds a head's values by their weights.
    fn gather(&self, weights: &[f32], head: usize, joined: &mut [f32]) {
        let width = self.values.len() / self.length.max(1);
        let first = head * joined.len();
        for (weight, values) in weights.iter().zip(self.values.chunks_exact(width)) {
            for (sum, value) in joined.iter_mut().zip(&values[first..]) {
                *sum += weight * value;
            }
        }
    }
}

/// `(rows, width)` turned to `(width, rows)`.
pub(super) fn turned(x: &[f32], width: usize) -> Vec<f32> {
    let rows = x.len() / width;
    let mut turned = vec![0.0; x.len()];
    for (r, row) in x.chunks_exact(width).enumerate() {
        for (i, value) in row.iter().enumerate() {
            turned[i * rows + r] = *value;
        }
    }
    turned
}

/// A simpler simple recurrent unit (Kim et al. 2019) in place of the decoder's self-attention, and the normalised sum.
pub(super) struct Ssru {
    /// What may come into the cell.
    pub(super) candidate: Affine,
    /// How much of the cell stays.
    pub(super) forget: Affine,
    pub(super) norm: Norm,
}

impl Ssru {
    /// `x`: `(rows, width)`; `cells`: one for each row.
    pub(super) fn apply<'a>(&self, x: &mut [f32], cells: impl Iterator<Item = &'a mut [f32]>) -> Result<()> {
        let width = self.norm.scale.len();
        let mut branch = self.candidate.apply(x)?;
        let gates = self.forget.apply(x)?;
        let rows = branch.chunks_exact_mut(width).zip(gates.chunks_exact(width));
        for ((branch, gates), cell) in rows.zip(cells) {
            for ((branch, gate), cell) in branch.iter_mut().zip(gates).zip(cell) {
                let stays = 1.0 / (1.0 + (-gate).exp());
                *cell = stays * *cell + (1.0 - stays) * *branch;
                *branch = cell.max(0.0);
            }
        }
        self.norm.add(&branch, x);
        Ok(())
    }
}
