//! Rows of activations in bytes, as the blocks of weights want them.

use half::f16;

use super::tile::INPUTS;
use crate::neural::int8::rounded;

/// How many activations share a factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Share {
    /// 32, for blocks of 32 weights (GGML's `Q8_0`).
    Each32,
    /// 256, for blocks of 256 (GGML's `Q8_K`).
    Each256,
}

/// 256 activations of a row; the last of a row may have fewer, zeros follow.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Stretch {
    /// Four to a number, the first in the lowest byte.
    pub(super) fours: [i32; INPUTS / 4],
    /// The sums of each 16, two (16 bits each) to a number.
    pub(super) pairs: [i32; INPUTS / 32],
    /// The sums of each 32.
    pub(super) totals: [i32; INPUTS / 32],
    /// What the bytes are multiplied by, for each 32.
    pub(super) factors: [f32; INPUTS / 32],
    /// The sums of each 32 times their factor.
    pub(super) weighed: [f32; INPUTS / 32],
}

const EMPTY: Stretch = Stretch {
    fours: [0; INPUTS / 4],
    pairs: [0; INPUTS / 32],
    totals: [0; INPUTS / 32],
    factors: [0.0; INPUTS / 32],
    weighed: [0.0; INPUTS / 32],
};

/// Rows of activations, each in `depth` stretches.
pub(crate) struct Rows {
    pub(super) stretches: Vec<Stretch>,
    pub(super) depth: usize,
    inputs: usize,
    share: Share,
}

impl Rows {
    /// `x`: `(rows, inputs)`; `inputs` is a multiple of 32, or of 256 where so many share a factor.
    pub(crate) fn new(x: &[f32], inputs: usize, share: Share) -> Self {
        let depth = inputs.div_ceil(INPUTS);
        let mut stretches = vec![EMPTY; x.len() / inputs.max(1) * depth];
        for (row, stretches) in x.chunks_exact(inputs).zip(stretches.chunks_exact_mut(depth)) {
            for (x, stretch) in row.chunks(INPUTS).zip(stretches) {
                fill(stretch, x, share);
            }
        }
        Self {
            stretches,
            depth,
            inputs,
            share,
        }
    }

    /// How many rows there are.
    pub(crate) fn count(&self) -> usize {
        self.stretches.len() / self.depth.max(1)
    }

    /// Numbers of a row.
    pub(crate) fn inputs(&self) -> usize {
        self.inputs
    }

    pub(crate) fn share(&self) -> Share {
        self.share
    }
}

fn fill(stretch: &mut Stretch, x: &[f32], share: Share) {
    let shared = match share {
        Share::Each32 => 32,
        Share::Each256 => INPUTS,
    };
    let mut bytes = [0i8; INPUTS];
    for (at, (x, bytes)) in x.chunks(shared).zip(bytes.chunks_mut(shared)).enumerate() {
        let exact = quantise(x, bytes);
        let factor = match share {
            Share::Each32 => stored(exact),
            Share::Each256 => exact,
        };
        let first = at * shared / 32;
        stretch.factors[first..first + x.len() / 32].fill(factor);
    }
    for (four, bytes) in stretch.fours.iter_mut().zip(bytes.as_chunks::<4>().0) {
        *four = i32::from_le_bytes(bytes.map(|b| b as u8));
    }
    for (at, bytes) in bytes.as_chunks::<32>().0.iter().enumerate() {
        let sum = |bytes: &[i8]| bytes.iter().map(|b| i16::from(*b)).sum::<i16>();
        let (one, other) = (sum(&bytes[..16]), sum(&bytes[16..]));
        stretch.pairs[at] = i32::from(one as u16) | i32::from(other) << 16;
        stretch.totals[at] = i32::from(one) + i32::from(other);
        stretch.weighed[at] = stored(stretch.factors[at] * stretch.totals[at] as f32);
    }
}

/// A factor as GGML keeps it beside 32 bytes: in half precision, where it fits. Its products are ours then, so that near
/// ties come out as llama.cpp has them.
fn stored(factor: f32) -> f32 {
    let half = f16::from_f32(factor).to_f32();
    if half.is_finite() { half } else { factor }
}

/// Gives what the bytes are multiplied by.
fn quantise(x: &[f32], bytes: &mut [i8]) -> f32 {
    let mut most = [0f32; 16];
    for x in x.as_chunks::<16>().0 {
        for (most, x) in most.iter_mut().zip(x) {
            *most = most.max(x.abs());
        }
    }
    let most = most.iter().fold(0f32, |a, b| a.max(*b));
    let scale = if most > 0.0 { 127.0 / most } else { 0.0 };
    for (byte, x) in bytes.iter_mut().zip(x) {
        *byte = rounded((x * scale).clamp(-127.0, 127.0)) as i8;
    }
    most / 127.0
}
