//! `y = x W + b` in 8-bit integers, as Marian's `int8shiftAlphaAll` does it (intgemm, gemmology).
//!
//! An activation is multiplied by its own factor (alpha), rounded half to even, held to [-127, 127] and moved up by
//! 127, so that it is unsigned; products are summed in 32 bits; one factor turns a sum into a float, to which the bias
//! is added, less what the move by 127 put in. Every path computes the same sums and the same floats, bit for bit:
//! [`Path::Portable`] is what the others are held to.
//!
//! Weights lie in panels of [`COLUMNS`] outputs; a panel runs over its inputs four at a time: the shape in which
//! AVX512-VNNI, AVX2 and NEON take them, each at its own width.

#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(target_arch = "x86_64")]
mod x86;

use super::instructions::Path;
use super::marian_bin::Quantised;

/// Outputs of a panel.
const COLUMNS: usize = 64;
/// The sums of 32 bits hold this many products: 2^15 · 254 · 127 < 2^31.
pub(crate) const MOST_INPUTS: usize = 1 << 15;
/// What makes an activation unsigned.
const SHIFT: i32 = 127;

/// Sixteen outputs' weights for four inputs: output after output, four bytes each.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Block([i8; 64]);

/// Blocks of a panel for four inputs.
const BLOCKS: usize = COLUMNS / 16;

/// Weights with the factors and the bias that belong to them.
pub(crate) struct Product {
    panels: Vec<Block>,
    /// The sum of each output's weights, padded to whole panels.
    totals: Vec<i32>,
    /// Bias less the shift's part, padded to whole panels.
    bias: Vec<f32>,
    inputs: usize,
    outputs: usize,
    alpha: f32,
    multiplier: f32,
}

impl Product {
    /// `weights`: `(outputs, inputs)`. `alpha`: what activations are multiplied by. `bias`: one for each output, or
    /// none at all. At most [`MOST_INPUTS`] inputs.
    pub(crate) fn new(weights: &Quantised, inputs: usize, alpha: f32, bias: &[f32]) -> Self {
        let outputs = weights.values.len().checked_div(inputs).unwrap_or(0);
        let mut this = Self::empty(inputs, outputs, alpha, weights.multiplier);
        for (output, row) in weights.values.chunks_exact(inputs).enumerate() {
            let (first, at) = this.place(output);
            for (step, four) in row.chunks(4).enumerate() {
                let place = &mut this.panels[first + step * BLOCKS].0[at..at + 4];
                place[..four.len()].copy_from_slice(four);
            }
            let total = row.iter().map(|w| i32::from(*w)).sum();
            this.totals[output] = total;
            let bias = bias.get(output).copied().unwrap_or(0.0);
            this.bias[output] = bias - SHIFT as f32 * this.scale() * total as f32;
        }
        this
    }

    fn empty(inputs: usize, outputs: usize, alpha: f32, multiplier: f32) -> Self {
        let padded = outputs.next_multiple_of(COLUMNS);
        Self {
            panels: vec![Block([0; 64]); padded / 16 * inputs.div_ceil(4)],
            totals: vec![0; padded],
            bias: vec![0.0; padded],
            inputs,
            outputs,
            alpha,
            multiplier,
        }
    }

    /// Where an output's weights begin: the block of its first four inputs, and the byte therein.
    fn place(&self, output: usize) -> (usize, usize) {
        let depth = self.inputs.div_ceil(4);
        let (panel, column) = (output / COLUMNS, output % COLUMNS);
        (panel * depth * BLOCKS + column / 16, column % 16 * 4)
    }

    /// What a sum is multiplied by.
    fn scale(&self) -> f32 {
        1.0 / (self.alpha * self.multiplier)
    }

    /// How many numbers a row of `y` has.
    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    /// Writes the weights of one output, `(inputs)`, as they were before they were quantised.
    pub(crate) fn weights_of(&self, output: usize, row: &mut [f32]) {
        let inverse = 1.0 / self.multiplier;
        let (first, at) = self.place(output);
        for (step, four) in row.chunks_mut(4).enumerate() {
            let stored = &self.panels[first + step * BLOCKS].0[at..];
            for (value, stored) in four.iter_mut().zip(stored) {
                *value = f32::from(*stored) * inverse;
            }
        }
    }

    /// The product that has these outputs alone, in this order. All of them must exist.
    pub(crate) fn select(&self, outputs: &[u32]) -> Self {
        let depth = self.inputs.div_ceil(4);
        let mut chosen = Self::empty(self.inputs, outputs.len(), self.alpha, self.multiplier);
        for (new, old) in outputs.iter().map(|o| *o as usize).enumerate() {
            let ((from, byte), (to, at)) = (self.place(old), chosen.place(new));
            for step in 0..depth {
                let four = &self.panels[from + step * BLOCKS].0[byte..byte + 4];
                chosen.panels[to + step * BLOCKS].0[at..at + 4].copy_from_slice(four);
            }
            chosen.totals[new] = self.totals[old];
            chosen.bias[new] = self.bias[old];
        }
        chosen
    }

    /// `x`: `(rows, inputs)`. Gives `(rows, outputs)`.
    pub(crate) fn apply(&self, x: &[f32]) -> Vec<f32> {
        let mut y = vec![0.0; x.len() / self.inputs.max(1) * self.outputs];
        self.apply_to(x, &mut y, Path::best());
        y
    }

    /// As [`Product::apply`], into `y` and by a path of this processor.
    pub(crate) fn apply_to(&self, x: &[f32], y: &mut [f32], path: Path) {
        let activations = Activations::new(x, self.inputs, self.alpha);
        let depth = self.inputs.div_ceil(4);
        for (panel, blocks) in self.panels.chunks_exact(depth * BLOCKS).enumerate() {
            let first = panel * COLUMNS;
            let task = Task {
                blocks,
                totals: &self.totals[first..first + COLUMNS],
                bias: &self.bias[first..first + COLUMNS],
                scale: self.scale(),
                first,
                outputs: self.outputs,
            };
            match path {
                #[cfg(target_arch = "x86_64")]
                Path::Avx2 => x86::avx2(&task, &activations, y),
                #[cfg(target_arch = "x86_64")]
                Path::Avx512 => x86::avx512_vnni(&task, &activations, y),
                #[cfg(target_arch = "aarch64")]
                Path::Neon => neon::neon(&task, &activations, y),
                _ => portable(&task, &activations, y),
            }
        }
    }
}

/// Rows of activations, quantised and moved up, four to a number: the first in the lowest byte.
struct Activations {
    numbers: Vec<u32>,
    depth: usize,
}

impl Activations {
    fn new(x: &[f32], inputs: usize, alpha: f32) -> Self {
        let depth = inputs.div_ceil(4);
        let mut numbers = Vec::with_capacity(x.len().div_ceil(4));
        for row in x.chunks_exact(inputs) {
            let (fours, rest) = row.as_chunks::<4>();
            numbers.extend(fours.iter().map(|four| four_bytes(four, alpha)));
            if !rest.is_empty() {
                let mut last = [0.0; 4];
                last[..rest.len()].copy_from_slice(rest);
                numbers.push(four_bytes(&last, alpha));
            }
        }
        Self { numbers, depth }
    }

    /// The rows, each of `depth` numbers.
    fn rows(&self) -> impl Iterator<Item = &[u32]> {
        self.numbers.chunks_exact(self.depth)
    }
}

/// Adding it leaves no bits for a fraction: what is added is rounded half to even, as the processor rounds, and stands
/// in the lowest bits.
const ROUNDER: f32 = 12_582_912.0;

/// The nearest whole number, the even one of two; for numbers of up to 22 bits.
#[inline(always)]
pub(crate) fn rounded(number: f32) -> i32 {
    (number + ROUNDER).to_bits() as i32 - ROUNDER.to_bits() as i32
}

fn four_bytes(four: &[f32; 4], alpha: f32) -> u32 {
    let mut number = 0;
    for (place, value) in four.iter().enumerate() {
        let held = (value * alpha).clamp(-127.0, 127.0);
        number |= (((rounded(held) + SHIFT) as u32) & 0xff) << (8 * place);
    }
    number
}

/// One panel for all rows.
struct Task<'a> {
    /// [`BLOCKS`] for each four inputs.
    blocks: &'a [Block],
    /// The sum of each output's weights.
    totals: &'a [i32],
    bias: &'a [f32],
    scale: f32,
    /// The panel's first output.
    first: usize,
    /// Outputs of a whole row of `y`.
    outputs: usize,
}

impl Task<'_> {
    /// Writes the panel's part of row `row` from its sums.
    #[inline(always)]
    fn finish(&self, sums: &[i32; COLUMNS], row: usize, y: &mut [f32]) {
        let width = COLUMNS.min(self.outputs - self.first);
        let from = row * self.outputs + self.first;
        let part = &mut y[from..from + width];
        for ((y, sum), bias) in part.iter_mut().zip(sums).zip(self.bias) {
            *y = self.scale * *sum as f32 + bias;
        }
    }
}

/// The sums as they are written down: what the other paths are held to.
fn portable(task: &Task, activations: &Activations, y: &mut [f32]) {
    for (row, numbers) in activations.rows().enumerate() {
        let mut sums = [0i32; COLUMNS];
        for (number, blocks) in numbers.iter().zip(task.blocks.chunks_exact(BLOCKS)) {
            let bytes = number.to_le_bytes().map(i32::from);
            let weights = blocks.iter().flat_map(|block| block.0.as_chunks::<4>().0);
            for (sum, weights) in sums.iter_mut().zip(weights) {
                *sum += bytes
                    .iter()
                    .zip(weights)
                    .map(|(b, w)| b * i32::from(*w))
                    .sum::<i32>();
            }
        }
        task.finish(&sums, row, y);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::neural::instructions::random::numbers;

    /// Weights, activations and a bias of a size, from a seed.
    fn sample(seed: u64, rows: usize, inputs: usize, outputs: usize) -> (Quantised, Vec<f32>, Vec<f32>) {
        let weights = numbers(seed, inputs * outputs);
        let weights = Quantised {
            values: weights.iter().map(|w| (w * 127.4).round() as i8).collect(),
            multiplier: 300.0,
        };
        // a quarter of the activations is past what eight bits hold
        let x = numbers(!seed, rows * inputs).iter().map(|x| x * 1.6).collect();
        let bias = numbers(seed ^ 77, outputs);
        (weights, x, bias)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn every_path_gives_the_same_floats(seed: u64, rows in 1usize..15, inputs in 1usize..140, outputs in 1usize..200) {
            let (weights, x, bias) = sample(seed, rows, inputs, outputs);
            let product = Product::new(&weights, inputs, 100.0, &bias);
            let mut expected = vec![0.0; rows * outputs];
            product.apply_to(&x, &mut expected, Path::Portable);
            for path in Path::all() {
                let mut found = vec![0.0; rows * outputs];
                product.apply_to(&x, &mut found, path);
                prop_assert_eq!(&found, &expected, "{:?}", path);
            }
        }

        #[test]
        fn the_sums_are_those_of_the_definition(seed: u64, inputs in 1usize..40, outputs in 1usize..70) {
            let (weights, x, bias) = sample(seed, 1, inputs, outputs);
            let product = Product::new(&weights, inputs, 100.0, &bias);
            for (output, y) in product.apply(&x).iter().enumerate() {
                let row = &weights.values[output * inputs..];
                let quantised = |x: f32| (x * 100.0).round_ties_even().clamp(-127.0, 127.0) as i32;
                let sum: i32 = x.iter().zip(row).map(|(x, w)| quantised(*x) * i32::from(*w)).sum();
                let expected = sum as f32 / (100.0 * 300.0) + bias[output];
                prop_assert!((y - expected).abs() < 1e-4, "{} is not {}", y, expected);
            }
        }
    }

    #[test]
    fn chosen_outputs_are_what_they_were_among_all() {
        let (weights, x, bias) = sample(3, 2, 37, 150);
        let product = Product::new(&weights, 37, 90.0, &bias);
        let chosen: Vec<u32> = vec![149, 0, 64, 63, 65];
        let (all, some) = (product.apply(&x), product.select(&chosen).apply(&x));
        for (row, some) in some.chunks_exact(chosen.len()).enumerate() {
            let expected: Vec<f32> = chosen.iter().map(|c| all[row * 150 + *c as usize]).collect();
            assert_eq!(some, expected);
        }
    }

    #[test]
    fn weights_come_back_as_they_were() {
        let (weights, ..) = sample(5, 1, 13, 70);
        let product = Product::new(&weights, 13, 1.0, &[]);
        let mut row = [0.0; 13];
        product.weights_of(69, &mut row);
        let expected: Vec<f32> = weights.values[69 * 13..]
            .iter()
            .map(|w| f32::from(*w) * (1.0 / 300.0))
            .collect();
        assert_eq!(row.to_vec(), expected);
    }
}
