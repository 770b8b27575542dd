//! Attention of a few queries over the keys of a cache, on the processor, in one go.
//!
//! What a step of decoding asks for is many products of a row with a few dozen keys each: too small for general matrix
//! products, whose calls would take longer than their sums.

use candle_core::{CpuStorage, CustomOp3, Layout, Shape};
use rayon::prelude::*;

use super::instructions::{Work, widest};
use super::likeliest::highest_of;
use super::normal::exp;

/// `softmax(q kᵀ + bias) v` of queries `(rows, heads, queries, head)` over keys and values
/// `(rows, heads, keys, head)`, which may be views of a larger cache. Gives `(rows × queries, heads × head)`.
pub(crate) struct Attend<'a> {
    /// How many of the keys each row sees, the first ones; none: all.
    pub(crate) lengths: Option<&'a [usize]>,
    /// `(heads, keys)`: what is added to the scores of every row and query.
    pub(crate) bias: Option<&'a [f32]>,
    /// What products of queries and keys are multiplied by.
    pub(crate) scale: f32,
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
    #[inline(always)]
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
        let parts = mixed.par_chunks_mut((each * heads * size).max(1)).enumerate();
        parts.for_each(|(row, mixed)| {
            widest(Row {
                how: self,
                queries: &queries,
                keys: &keys,
                values: &values,
                row,
                mixed,
            });
        });
        Ok((CpuStorage::F32(mixed), Shape::from((rows * each, heads * size))))
    }
}

/// All queries of one row.
struct Row<'a> {
    how: &'a Attend<'a>,
    queries: &'a View<'a>,
    keys: &'a View<'a>,
    values: &'a View<'a>,
    row: usize,
    /// `(queries, heads, head)`.
    mixed: &'a mut [f32],
}

impl Work for Row<'_> {
    type Result = ();

    #[inline(always)]
    fn run(self) {
        let (row, [_, heads, _, size], count) = (self.row, self.queries.dims, self.keys.dims[2]);
        let seen = self.how.lengths.map_or(count, |lengths| lengths[row]);
        let mut scores = vec![0f32; seen];
        for (at, mixed) in self.mixed.chunks_exact_mut(size).enumerate() {
            let (query, head) = (at / heads, at % heads);
            let query = self.queries.at(row, head, query);
            for (position, score) in scores.iter_mut().enumerate() {
                let bias = self.how.bias.map_or(0.0, |bias| bias[head * count + position]);
                *score = dot(query, self.keys.at(row, head, position)) * self.how.scale + bias;
            }
            softmax(&mut scores);
            mix(&scores, |position| self.values.at(row, head, position), mixed);
        }
    }
}

/// As many sums at a time; the order in which numbers are added is fixed, and compilers make vectors of it.
const LANES: usize = 16;

#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [0f32; LANES];
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    for half in [8, 4, 2, 1] {
        for lane in 0..half {
            sums[lane] += sums[lane + half];
        }
    }
    sums[0] + rest
}

/// The sum of the values of all positions, each by its weight.
#[inline(always)]
fn mix<'a>(weights: &[f32], values: impl Fn(usize) -> &'a [f32], mixed: &mut [f32]) {
    /// Numbers whose sums stay in registers.
    const TOGETHER: usize = 4 * LANES;
    let (blocks, rest) = mixed.as_chunks_mut::<TOGETHER>();
    let done = blocks.len() * TOGETHER;
    for (block, mixed) in blocks.iter_mut().enumerate() {
        let mut sums = [0f32; TOGETHER];
        for (position, weight) in weights.iter().enumerate() {
            let values = &values(position)[block * TOGETHER..][..TOGETHER];
            sums.iter_mut()
                .zip(values)
                .for_each(|(sum, value)| *sum += weight * value);
        }
        *mixed = sums;
    }
    for (position, weight) in weights.iter().enumerate() {
        let values = &values(position)[done..];
        rest.iter_mut()
            .zip(values)
            .for_each(|(sum, value)| *sum += weight * value);
    }
}

#[inline(always)]
fn softmax(scores: &mut [f32]) {
    let most = highest_of(scores);
    scores.iter_mut().for_each(|score| *score = exp(*score - most));
    let total: f32 = scores.iter().sum();
    scores.iter_mut().for_each(|score| *score /= total);
}

#[cfg(test)]
mod tests {
    use candle_core::{D, Device, Tensor};

    use super::*;

    #[test]
    fn it_is_what_single_operations_give() -> candle_core::Result<()> {
        [12, 64, 80].into_iter().try_for_each(same)
    }

    /// For heads of `size` numbers.
    fn same(size: usize) -> candle_core::Result<()> {
        let device = Device::Cpu;
        let random = |shape: &[usize]| Tensor::randn(0f32, 1.0, shape, &device);
        let queries = random(&[3, 2, 2, size])?;
        let cache = random(&[3, 2, 9, size])?;
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
            .affine(0.25, 0.0)?
            .broadcast_add(&bias.reshape((1, 2, 1, 5))?)?
            .broadcast_add(&Tensor::from_vec(mask, (3, 1, 1, 5), &device)?)?;
        let expected = candle_nn::ops::softmax(&scores, D::Minus1)?
            .matmul(&values.contiguous()?)?
            .transpose(1, 2)?
            .reshape((6, 2 * size))?;
        let bias = bias.flatten_all()?.to_vec1()?;
        let attend = Attend {
            lengths: Some(&lengths),
            bias: Some(&bias),
            scale: 0.25,
        };
        let found = queries.apply_op3_no_bwd(&keys, &values, &attend)?;
        let apart = (found - expected)?.abs()?.max_all()?.to_scalar::<f32>()?;
        assert!(apart < 1e-5, "{apart}");
        Ok(())
    }
}
