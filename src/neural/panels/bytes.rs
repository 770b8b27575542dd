//! Panels of bytes: each 32 weights of an output share a factor, as in GGML's `Q8_0`, and so do each 32 numbers of a
//! row of activations.
//!
//! Weights are stored moved up by 128, so that they are unsigned, since the instructions that multiply bytes take one
//! unsigned and one signed operand; what that adds to a sum is the same for all outputs, and taken off beforehand.

use std::ops::Range;

use rayon::prelude::*;

use super::floats::Floats;
use super::{COLUMNS, Kernel, Then, leading, product, store};
use crate::error::Result;
use crate::neural::instructions::{Path, Work, widest};
use crate::neural::int8::rounded;
use crate::neural::likeliest::{Chosen, Few, likeliest};

/// Inputs that share a factor.
pub(super) const BLOCK: usize = 32;
/// Lines of a panel for four inputs.
pub(super) const LINES: usize = COLUMNS / 16;
/// What makes a weight unsigned.
pub(super) const SHIFT: i32 = 128;

/// Sixteen outputs' weights for four inputs: output after output, four bytes each.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Line(pub(super) [u8; 64]);

/// A block of a panel: weights for 32 inputs, and what they are multiplied by.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Block {
    /// For each four inputs, [`LINES`] lines.
    pub(super) lines: [[Line; LINES]; BLOCK / 4],
    /// One factor for each output.
    pub(super) factors: [[f32; 16]; LINES],
}

const EMPTY: Block = Block {
    lines: [[Line([SHIFT as u8; 64]); LINES]; BLOCK / 4],
    factors: [[0.0; 16]; LINES],
};

/// A matrix of `(outputs, inputs)` in bytes.
pub(crate) struct Bytes {
    blocks: Vec<Block>,
    outputs: usize,
    inputs: usize,
}

/// Thirty-two activations as bytes.
#[derive(Clone, Copy)]
pub(super) struct Activations {
    /// Four to a number, the first in the lowest byte.
    pub(super) fours: [i32; BLOCK / 4],
    pub(super) factor: f32,
    /// What the shift of the weights adds to a sum.
    pub(super) shifted: i32,
}

/// Rows of activations, each in `depth` blocks.
pub(super) struct Rows {
    pub(super) blocks: Vec<Activations>,
    pub(super) depth: usize,
}

impl Bytes {
    /// `rows` gives `(range, inputs)` of the matrix; it is asked for a panel's rows at a time. `inputs` must be
    /// a multiple of 32.
    ///
    /// # Errors
    /// Those of `rows`.
    pub(crate) fn new(
        outputs: usize,
        inputs: usize,
        mut rows: impl FnMut(Range<usize>) -> Result<Vec<f32>>,
    ) -> Result<Self> {
        let depth = inputs / BLOCK;
        let mut blocks = vec![EMPTY; outputs.div_ceil(COLUMNS) * depth];
        for (panel, blocks) in blocks.chunks_exact_mut(depth).enumerate() {
            let first = panel * COLUMNS;
            let weights = rows(first..outputs.min(first + COLUMNS))?;
            for (column, row) in weights.chunks_exact(inputs).enumerate() {
                for (block, weights) in blocks.iter_mut().zip(row.as_chunks::<BLOCK>().0) {
                    put(block, column, weights);
                }
            }
        }
        Ok(Self {
            blocks,
            outputs,
            inputs,
        })
    }

    /// A copy of what is held in single precision; none where the blocks do not divide the rows.
    pub(super) fn copy_of(floats: &Floats) -> Option<Self> {
        let (outputs, inputs) = floats.shape();
        if inputs == 0 || !inputs.is_multiple_of(BLOCK) {
            return None;
        }
        let depth = inputs / BLOCK;
        let mut blocks = vec![EMPTY; outputs.div_ceil(COLUMNS) * depth];
        blocks
            .par_chunks_exact_mut(depth)
            .enumerate()
            .for_each(|(panel, blocks)| {
                let mut row = vec![0.0; inputs];
                for (column, output) in (panel * COLUMNS..outputs).take(COLUMNS).enumerate() {
                    floats.row(output, &mut row);
                    for (block, weights) in blocks.iter_mut().zip(row.as_chunks::<BLOCK>().0) {
                        put(block, column, weights);
                    }
                }
            });
        Some(Self {
            blocks,
            outputs,
            inputs,
        })
    }

    /// Writes the weights of one output, as they are held.
    pub(crate) fn row(&self, output: usize, row: &mut [f32]) {
        let depth = self.inputs / BLOCK;
        let (panel, column) = (output / COLUMNS, output % COLUMNS);
        let (line, place) = (column / 16, column % 16);
        let blocks = &self.blocks[panel * depth..];
        for (weights, block) in row.as_chunks_mut::<BLOCK>().0.iter_mut().zip(blocks) {
            for (input, weight) in weights.iter_mut().enumerate() {
                let stored = block.lines[input / 4][line].0[place * 4 + input % 4];
                *weight = (i32::from(stored) - SHIFT) as f32 * block.factors[line][place];
            }
        }
    }

    /// `(outputs, inputs)`.
    pub(crate) fn shape(&self) -> (usize, usize) {
        (self.outputs, self.inputs)
    }

    /// `x`: `(rows, inputs)`. Gives `(rows, outputs)`.
    pub(crate) fn apply(&self, x: &[f32], then: Then<'_>) -> Vec<f32> {
        self.apply_by(x, then, Path::best())
    }

    /// Rows of activations in bytes.
    pub(super) fn rounded(&self, x: &[f32]) -> Rows {
        Rows {
            blocks: widest(Rounding(x.as_chunks().0)),
            depth: self.inputs / BLOCK,
        }
    }

    pub(super) fn apply_by(&self, x: &[f32], then: Then<'_>, path: Path) -> Vec<f32> {
        let rows = self.rounded(x);
        product(self, self.shape(), &rows, x.len() / self.inputs, then, path)
    }
}

impl Bytes {
    /// For each row of `x` the output that [`likeliest`] takes from the product.
    pub(crate) fn best(&self, x: &[f32], bias: Option<&[f32]>, banned: &[u32]) -> Vec<Option<Chosen>> {
        let mut y = self.apply(x, Then { bias, function: None });
        likeliest(&mut y, self.outputs, banned)
    }

    /// For each row of `x` the outputs that are wanted.
    pub(crate) fn leading(
        &self,
        x: &[f32],
        bias: Option<&[f32]>,
        wanted: Few<'_>,
    ) -> Vec<Option<Vec<Chosen>>> {
        self.leading_by(x, bias, wanted, Path::best())
    }

    pub(super) fn leading_by(
        &self,
        x: &[f32],
        bias: Option<&[f32]>,
        wanted: Few<'_>,
        path: Path,
    ) -> Vec<Option<Vec<Chosen>>> {
        let rows = (&self.rounded(x), x.len() / self.inputs);
        leading(self, self.outputs, rows, bias, wanted, path)
    }
}

impl Rows {
    /// What rounding changed in row `row`, which was `x`.
    pub(super) fn errors(&self, row: usize, x: &[f32]) -> impl Iterator<Item = f32> {
        let blocks = &self.blocks[row * self.depth..][..self.depth];
        let held = blocks.iter().flat_map(|block| {
            let bytes = block.fours.iter().flat_map(|four| four.to_le_bytes());
            bytes.map(|byte| f32::from(byte as i8) * block.factor)
        });
        x.iter().zip(held).map(|(x, held)| x - held)
    }
}

impl Kernel for Bytes {
    type Rows = Rows;

    fn panel(&self, panel: usize, rows: &Rows, y: &mut [&mut [f32]], at: usize, path: Path) {
        let blocks = &self.blocks[panel * rows.depth..][..rows.depth];
        match path {
            #[cfg(target_arch = "x86_64")]
            Path::Avx2 => super::x86::bytes_256(blocks, rows, y, at),
            #[cfg(target_arch = "x86_64")]
            Path::Avx512 => super::x86::bytes_512(blocks, rows, y, at),
            _ => portable(blocks, rows, y, at),
        }
    }
}

/// The factor that takes the largest of some numbers to 127, and its inverse.
#[inline(always)]
fn factor(numbers: &[f32; BLOCK]) -> (f32, f32) {
    let largest = numbers.iter().fold(0f32, |m, n| m.max(n.abs()));
    let factor = largest / 127.0;
    (factor, if factor > 0.0 { 1.0 / factor } else { 0.0 })
}

fn put(block: &mut Block, column: usize, weights: &[f32; BLOCK]) {
    let (line, place) = (column / 16, column % 16);
    let (factor, inverse) = factor(weights);
    block.factors[line][place] = factor;
    for (input, weight) in weights.iter().enumerate() {
        let byte = (weight * inverse).round() as i32 + SHIFT;
        block.lines[input / 4][line].0[place * 4 + input % 4] = byte as u8;
    }
}

/// Blocks of activations to bytes.
struct Rounding<'a>(&'a [[f32; BLOCK]]);

impl Work for Rounding<'_> {
    type Result = Vec<Activations>;

    #[inline(always)]
    fn run(self) -> Vec<Activations> {
        let empty = Activations {
            fours: [0; BLOCK / 4],
            factor: 0.0,
            shifted: 0,
        };
        let mut blocks = vec![empty; self.0.len()];
        for (block, numbers) in blocks.iter_mut().zip(self.0) {
            *block = quantised(numbers);
        }
        blocks
    }
}

#[inline(always)]
fn quantised(numbers: &[f32; BLOCK]) -> Activations {
    let (factor, inverse) = factor(numbers);
    let mut bytes = [0i32; BLOCK];
    for (byte, number) in bytes.iter_mut().zip(numbers) {
        *byte = rounded(number * inverse);
    }
    let mut fours = [0i32; BLOCK / 4];
    for (four, bytes) in fours.iter_mut().zip(bytes.as_chunks::<4>().0) {
        *four = i32::from_le_bytes(bytes.map(|byte| byte as u8));
    }
    Activations {
        fours,
        factor,
        shifted: SHIFT * bytes.iter().sum::<i32>(),
    }
}

/// The sums as they are written down: what the other paths are held to.
fn portable(blocks: &[Block], rows: &Rows, y: &mut [&mut [f32]], at: usize) {
    for (row, activations) in rows.blocks.chunks_exact(rows.depth).enumerate() {
        let mut sums = [[0f32; COLUMNS]; 1];
        for (block, activations) in blocks.iter().zip(activations) {
            let mut whole = [-activations.shifted; COLUMNS];
            for (four, lines) in activations.fours.iter().zip(&block.lines) {
                let bytes = four.to_le_bytes().map(|byte| i32::from(byte as i8));
                let weights = lines.iter().flat_map(|line| line.0.as_chunks::<4>().0);
                for (sum, weights) in whole.iter_mut().zip(weights) {
                    let products = bytes.iter().zip(weights).map(|(b, w)| b * i32::from(*w));
                    *sum += products.sum::<i32>();
                }
            }
            let factors = block.factors.as_flattened();
            for ((sum, whole), factor) in sums[0].iter_mut().zip(whole).zip(factors) {
                *sum += whole as f32 * (factor * activations.factor);
            }
        }
        store(&sums, row, y, at);
    }
}
