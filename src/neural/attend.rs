//! Attention of a few queries over the keys of a cache, on the processor, in one go.
//!
//! What a step of decoding asks for is many products of a row with a few dozen keys each: too small for general matrix
//! products, whose calls would take longer than their sums.

use candle_core::{CpuStorage, CustomOp3, Layout, Shape};
use rayon::prelude::*;

use super::instructions::widest;
use super::normal::exp;

/// `softmax(q kᵀ + bias) v` of queries `(rows, heads, queries, head)` over keys and values
/// `(rows, heads, keys, head)`, which may be views of a larger cache. Gives `(rows × queries, heads × head)`.
pub(crate) struct Attend<'a> {
    /// How many of the keys each row sees, the first ones; none: all.
    pub(crate) lengths: Option<&'a [usize]>,
    /// `(heads, keys)`: what is added to the scores of every row and query.
    pub(crate) bias: Option<&'a [f32]>,
}

/// A tensor of four dimensions whose last one lies together.
struct View<'a> {
    numbers: &'a [f32],
    dims: [usize; 4],
    strides: [usize; 4],
}

impl<'a> View<'a> {
    fn new(storage: &'a CpuStorage, layout: &Layout) -> candle_core::Result<Self> {
        let (CpuStorage::F32(numbers), Ok(dims), Ok(strides)) =
            (storage, layout.dims().try_into(), layout.stride().try_into())
        else {
            candle_core::bail!("attention in one go needs four dimensions of single precision");
        };
        let this = Self {
            numbers: &numbers[layout.start_offset()..],
            dims,
            strides,
        };
        if this.strides[3] != 1 {
            candle_core::bail!("attention in one go needs heads that lie together");
        }
        Ok(this)
    }

    /// The numbers of one head of one row at one position.
    fn at(&self, row: usize, head: usize, position: usize) -> &'a [f32] {
        let start = row * self.strides[0] + head * self.strides[1] + position * self.strides[2];
        &self.numbers[start..start + self.dims[3]]
    }
}

impl CustomOp3 for Attend<'_> {
    fn name(&self) -> &'static str {
        "attend"
    }

    fn cpu_fwd(
        &self,
        queries: &CpuStorage,
        queries_layout: &Layout,
        keys: &CpuStorage,
        keys_layout: &Layout,
        values: &CpuStorage,
        values_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let queries = View::new(queries, queries_layout)?;
        let (keys, values) = (View::new(keys, keys_layout)?, View::new(values, values_layout)?);
        let [rows, heads, each, size] = queries.dims;
        let count = keys.dims[2];
        let fits = keys.dims == values.dims
            && [keys.dims[0], keys.dims[1], keys.dims[3]] == [rows, heads, size]
            && self
                .lengths
                .is_none_or(|lengths| lengths.len() == rows && lengths.iter().all(|n| *n <= count))
            && self.bias.is_none_or(|bias| bias.len() == heads * count);
        if !fits {
            candle_core::bail!("queries {:?} do not fit keys {:?}", queries.dims, keys.dims);
        }
        let mut mixed = vec![0f32; rows * each * heads * size];
        mixed
            .par_chunks_mut((each * heads * size).max(1))
            .enumerate()
            .for_each(|(row, mixed)| {
                widest(|| {
                    let seen = self.lengths.map_or(count, |lengths| lengths[row]);
                    let mut scores = vec![0f32; seen];
                    for (at, mixed) in mixed.chunks_exact_mut(size).enumerate() {
                        let (query, head) = (at / heads, at % heads);
                        let query = queries.at(row, head, query);
                        for (position, score) in scores.iter_mut().enumerate() {
                            let bias = self.bias.map_or(0.0, |bias| bias[head * count + position]);
                            *score = dot(query, keys.at(row, head, position)) + bias;
                        }
                        softmax(&mut scores);
                        for (position, weight) in scores.iter().enumerate() {
                            let values = values.at(row, head, position);
                            mixed.iter_mut().zip(values).for_each(|(m, v)| *m += weight * v);
                        }
                    }
                });
            });
        Ok((CpuStorage::F32(mixed), Shape::from((rows * each, heads * size))))
    }
}

/// Eight sums at a time: the order in which numbers are added is fixed, and compilers make vectors of it.
#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0f32; 8];
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

#[inline(always)]
fn softmax(scores: &mut [f32]) {
    let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut total = 0.0;
    for score in &mut *scores {
        *score = exp(*score - most);
        total += *score;
    }
    scores.iter_mut().for_each(|score| *score /= total);
}

#[cfg(test)]
mod tests {
    use candle_core::{D, Device, Tensor};

    use super::*;

    #[test]
    fn it_is_what_single_operations_give() -> candle_core::Result<()> {
        let device = Device::Cpu;
        let random = |shape: &[usize]| Tensor::randn(0f32, 1.0, shape, &device);
        let queries = random(&[3, 2, 2, 12])?;
        let cache = random(&[3, 2, 9, 12])?;
        // a cache has more room than is filled
        let (keys, values) = (cache.narrow(2, 0, 5)?, cache.narrow(2, 2, 5)?);
        let bias = random(&[2, 5])?;
        let lengths = [5, 3, 1];
        let mask: Vec<f32> = lengths
            .iter()
            .flat_map(|n| (0..5).map(move |at| if at < *n { 0.0 } else { f32::NEG_INFINITY }))
            .collect();
        let scores = queries
            .matmul(&keys.t()?)?
            .broadcast_add(&bias.reshape((1, 2, 1, 5))?)?
            .broadcast_add(&Tensor::from_vec(mask, (3, 1, 1, 5), &device)?)?;
        let expected = candle_nn::ops::softmax(&scores, D::Minus1)?
            .matmul(&values.contiguous()?)?
            .transpose(1, 2)?
            .reshape((6, 24))?;
        let bias = bias.flatten_all()?.to_vec1()?;
        let attend = Attend {
            lengths: Some(&lengths),
            bias: Some(&bias),
        };
        let found = queries.apply_op3_no_bwd(&keys, &values, &attend)?;
        let apart = (found - expected)?.abs()?.max_all()?.to_scalar::<f32>()?;
        assert!(apart < 1e-5, "{apart}");
        Ok(())
    }
}
