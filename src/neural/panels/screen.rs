//! The likeliest outputs, found without computing most of the others.
//!
//! Which output is the highest is asked of a copy of the weights in bytes first, with a bound on how far each answer is
//! from the one in single precision. What could still be the highest is then computed in single precision: the choice
//! is the one that all the products would have given. The bound is Cauchy's inequality over what was rounded: with
//! weights `w`, their copy `v`, activations `x` and theirs `u`,
//! `|w·x - v·u| ≤ |w - v| |x| + |v| |x - u|`, and what single precision rounds on the way is added.

use rayon::prelude::*;

use super::bytes::{BLOCK, Bytes};
use super::floats::Floats;
use super::{COLUMNS, Then, product};
use crate::neural::instructions::Path;
use crate::neural::likeliest::{forbid, highest};
use crate::neural::normal::Normal;

/// A matrix in bytes that knows how far from the original it is.
pub(super) struct Screen {
    copy: Bytes,
    /// Of each panel.
    errors: Vec<Error>,
}

/// The worst of a panel's outputs.
#[derive(Clone, Copy, Default)]
struct Error {
    /// The length of what rounding to bytes changed.
    apart: f32,
    /// The length of the copy's weights.
    size: f32,
}

/// The lengths of one row of activations.
struct Row {
    size: f32,
    /// Of what rounding to bytes changed.
    apart: f32,
    /// The largest number that is added to a product.
    bias: f32,
}

/// The outputs of a row that may be the highest.
#[derive(Debug, PartialEq)]
pub(super) struct Candidates {
    /// In order, each with what the copy gave.
    pub(super) outputs: Vec<(usize, f32)>,
    /// What makes log-probabilities of the row's outputs, as the copy gave them.
    pub(super) normal: Normal,
}

/// Lengths are computed in double precision and stored in single: rounded up by more than that may lose.
const UP: f64 = 1.0 + 1e-6;
/// One output in so many may be computed by itself; with more all are computed as usual.
const WORTH: usize = 64;

impl Screen {
    /// None where that cannot be: rows that the blocks do not divide, or weights that are no numbers.
    pub(super) fn new(original: &Floats) -> Option<Self> {
        let (outputs, inputs) = original.shape();
        let copy = Bytes::copy_of(original)?;
        let mut errors = vec![Error::default(); outputs.div_ceil(COLUMNS)];
        errors.par_iter_mut().enumerate().for_each(|(panel, error)| {
            let (mut exact, mut held) = (vec![0.0; inputs], vec![0.0; inputs]);
            let (mut apart, mut size) = (0f64, 0f64);
            let first = panel * COLUMNS;
            for output in first..outputs.min(first + COLUMNS) {
                original.row(output, &mut exact);
                copy.row(output, &mut held);
                apart = worse(apart, length(exact.iter().zip(&held).map(|(a, b)| a - b)));
                size = worse(size, length(held.iter().copied()));
            }
            *error = Error {
                apart: (apart * UP) as f32,
                size: (size * UP) as f32,
            };
        });
        let sane = |error: &Error| error.apart.is_finite() && error.size.is_finite();
        errors.iter().all(sane).then_some(Self { copy, errors })
    }

    /// For each row of `x`, `(rows, inputs)`, the outputs that may be the highest, but for those that are `banned`;
    /// none where they are too many, or what is compared is no number.
    pub(super) fn candidates(
        &self,
        x: &[f32],
        bias: Option<&[f32]>,
        banned: &[u32],
        path: Path,
    ) -> Vec<Option<Candidates>> {
        let (outputs, inputs) = self.copy.shape();
        let rows = self.copy.rounded(x);
        let then = Then { bias, function: None };
        let mut y = product(&self.copy, (outputs, inputs), &rows, x.len() / inputs, then, path);
        let largest = bias.map_or(0.0, |bias| bias.iter().fold(0f32, |most, b| most.max(b.abs())));
        let each = y.par_chunks_mut(outputs).zip(x.par_chunks(inputs)).enumerate();
        each.map(|(row, (y, x))| {
            let normal = Normal::of(y)?;
            forbid(y, banned);
            let row = Row {
                size: (length(x.iter().copied()) * UP) as f32,
                apart: (length(rows.errors(row, x)) * UP) as f32,
                bias: largest,
            };
            let outputs = self.possible(y, &row, inputs)?;
            Some(Candidates { outputs, normal })
        })
        .collect()
    }

    /// Those of one row. `y`: what the copy gave, minus infinity for what is not wanted.
    fn possible(&self, y: &[f32], row: &Row, inputs: usize) -> Option<Vec<(usize, f32)>> {
        let panels: Vec<(f32, f32)> = y
            .chunks(COLUMNS)
            .zip(&self.errors)
            .map(|(y, error)| (highest(y), error.bound(row, inputs)))
            .collect();
        let no_number = y.iter().fold(false, |some, y| some | y.is_nan());
        let floor = panels
            .iter()
            .fold(f32::NEG_INFINITY, |floor, (y, bound)| floor.max(y - bound));
        if no_number || !floor.is_finite() {
            return None;
        }
        let most = y.len() / WORTH;
        let mut found = Vec::new();
        for (panel, (highest, bound)) in panels.iter().enumerate() {
            // an infinite bound leaves everything possible
            if highest + bound < floor {
                continue;
            }
            let first = panel * COLUMNS;
            let outputs = (first..).zip(y[first..].iter().copied().take(COLUMNS));
            // what cannot be compared is possible too
            let impossible = |y: &f32| y + bound < floor;
            found.extend(outputs.filter(|(_, y)| !impossible(y)));
            if found.len() > most {
                return None;
            }
        }
        Some(found)
    }
}

impl Error {
    /// How far the copy's answer may be from the one in single precision.
    fn bound(self, row: &Row, inputs: usize) -> f32 {
        // each addition and product rounds by half of this at the most, and so does the bias
        let rounding = (inputs + inputs / BLOCK + 8) as f32 * f32::EPSILON;
        let whole = (self.size + self.apart) * (row.size + row.apart) + row.bias;
        (self.apart * row.size + self.size * row.apart + rounding * whole) * (1.0 + 1e-5)
    }
}

/// The larger, where one that is no number is the worst.
fn worse(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}

fn length(numbers: impl Iterator<Item = f32>) -> f64 {
    numbers.map(|n| f64::from(n) * f64::from(n)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::neural::instructions::random::numbers;

    /// Panels of `weights`, `(outputs, inputs)`.
    fn floats(weights: &[f32], inputs: usize) -> Floats {
        let rows =
            |rows: std::ops::Range<usize>| Ok(weights[rows.start * inputs..rows.end * inputs].to_vec());
        Floats::new(weights.len() / inputs, inputs, rows).expect("nothing can fail")
    }

    /// Random weights of which many outputs are all but equal: each is the one before it but for a few last bits.
    fn alike(seed: u64, outputs: usize, inputs: usize) -> Vec<f32> {
        let mut weights = numbers(seed, outputs * inputs);
        let noise = numbers(!seed, outputs * inputs);
        for at in inputs..weights.len() {
            if !(at / inputs).is_multiple_of(5) {
                weights[at] = weights[at - inputs] * (1.0 + noise[at] * 3e-7);
            }
        }
        weights
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_choice_is_that_of_the_whole_product(
            seed: u64, rows in 1usize..5, blocks in 1usize..4, outputs in 300usize..900, biased: bool,
        ) {
            let inputs = blocks * 32;
            let (weights, x) = (alike(seed, outputs, inputs), numbers(seed ^ 77, rows * inputs));
            let bias = numbers(seed ^ 78, outputs);
            let bias = biased.then_some(bias.as_slice());
            let banned = [3, 7, outputs as u32 - 1];
            let original = floats(&weights, inputs);
            let screen = Screen::new(&original).expect("blocks divide the rows");
            for path in Path::all() {
                let all = original.best_by(&x, (bias, &banned), path);
                let found = original.screened(&screen, &x, (bias, &banned), path);
                for (found, all) in found.iter().zip(&all) {
                    let (found, all) = (found.expect("numbers"), all.expect("numbers"));
                    prop_assert_eq!(found.token, all.token, "{:?}", path);
                    // the others count as the copy has them: it is far off where rows are as short as here
                    prop_assert!((found.log - all.log).abs() < 0.1, "{} is not {}", found.log, all.log);
                }
            }
        }

        #[test]
        fn no_answer_is_farther_off_than_its_bound(seed: u64, blocks in 1usize..5, outputs in 1usize..200, scale in -9i32..9) {
            let inputs = blocks * 32;
            let factor = 2f32.powi(scale);
            let weights: Vec<f32> = numbers(seed, outputs * inputs).iter().map(|w| w * factor).collect();
            let x = numbers(seed ^ 77, inputs);
            let original = floats(&weights, inputs);
            let screen = Screen::new(&original).expect("blocks divide the rows");
            let rows = screen.copy.rounded(&x);
            let row = Row {
                size: (length(x.iter().copied()) * UP) as f32,
                apart: (length(rows.errors(0, &x)) * UP) as f32,
                bias: 0.0,
            };
            for path in Path::all() {
                let exact = original.apply_by(&x, Then::default(), path);
                let asked = screen.copy.apply_by(&x, Then::default(), path);
                for (output, (exact, asked)) in exact.iter().zip(&asked).enumerate() {
                    let bound = screen.errors[output / COLUMNS].bound(&row, inputs);
                    prop_assert!((exact - asked).abs() <= bound, "{} is {}, {}", exact, asked, bound);
                    prop_assert_eq!(original.single(&x, output, path), *exact);
                }
            }
        }
    }

    #[test]
    fn few_outputs_of_many_are_computed() {
        let (weights, x) = (numbers(1, 4000 * 256), numbers(2, 256));
        let screen = Screen::new(&floats(&weights, 256)).expect("blocks divide the rows");
        let candidates = screen.candidates(&x, None, &[], Path::Portable).remove(0);
        let count = candidates.expect("they are few").outputs.len();
        assert!((1..40).contains(&count), "{count}");
    }

    #[test]
    fn what_is_no_number_is_left_to_the_whole_product() {
        let weights = numbers(3, 200 * 32);
        let original = floats(&weights, 32);
        let screen = Screen::new(&original).expect("blocks divide the rows");
        for wrong in [f32::NAN, f32::INFINITY] {
            let mut x = numbers(4, 32);
            x[5] = wrong;
            assert_eq!(screen.candidates(&x, None, &[], Path::Portable), [None]);
            let mut weights = weights.clone();
            weights[700] = wrong;
            assert!(Screen::new(&floats(&weights, 32)).is_none());
        }
        assert!(Screen::new(&floats(&weights, 20)).is_none());
    }
}
