//! Matrices laid out for products on the processor: `y = W x` for one row of activations or for many.
//!
//! Weights lie in panels of [`COLUMNS`] outputs; a panel runs over its inputs, so that a product streams it from end to
//! end, each weight once for every few rows. General matrix products pack their operands at every call; here that is
//! done once, when the model is loaded (Goto and van de Geijn 2008 call what is packed so a panel). Every row's result
//! is the same whatever shares the product with it. Instructions are chosen at run time; the portable path is what the
//! others are held to.

mod bytes;
mod floats;
mod screen;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::ops::Range;

use rayon::prelude::*;

use super::instructions::Path;
use super::likeliest::{Chosen, Few, Leading};

pub(crate) use bytes::Bytes;
pub(crate) use floats::Floats;

/// Outputs of a panel.
const COLUMNS: usize = 64;
/// Products below this many multiplications are not worth waking a thread for.
const WORTH_THREADS: usize = 1 << 17;

/// A kind of panels.
trait Kernel: Sync {
    /// Activations as the kernel reads them.
    type Rows: Sync + ?Sized;

    /// The products of one panel with all rows: row `r` is written to `y[r][at..]`, as many numbers as the panel has
    /// outputs.
    fn panel(&self, panel: usize, rows: &Self::Rows, y: &mut [&mut [f32]], at: usize, path: Path);
}

/// What is done with a product while it is at hand.
#[derive(Clone, Copy, Default)]
pub(crate) struct Then<'a> {
    /// One number for each output, added.
    pub(crate) bias: Option<&'a [f32]>,
    /// Applied to each number of some outputs of a row.
    pub(crate) function: Option<fn(&mut [f32])>,
}

/// All products of `kernel`, `(outputs, inputs)`, with `count` rows, `(rows, outputs)`, by several threads where that is
/// worth it.
fn product<K: Kernel>(
    kernel: &K,
    (outputs, inputs): (usize, usize),
    rows: &K::Rows,
    count: usize,
    then: Then<'_>,
    path: Path,
) -> Vec<f32> {
    let mut y = vec![0.0; count * outputs];
    let panels = outputs.div_ceil(COLUMNS);
    let threads = rayon::current_num_threads();
    let parts = if threads == 1 || count * outputs * inputs < WORTH_THREADS {
        1
    } else {
        // more parts than threads, since a thread may be held up
        panels.min(threads * 4)
    };
    let ranges: Vec<Range<usize>> = (0..parts)
        .map(|part| part * panels / parts..(part + 1) * panels / parts)
        .collect();
    let mut tasks: Vec<(Range<usize>, Vec<&mut [f32]>)> = ranges
        .into_iter()
        .map(|range| (range, Vec::with_capacity(count)))
        .collect();
    for mut row in y.chunks_exact_mut(outputs) {
        for (range, slices) in &mut tasks {
            let width = (range.end * COLUMNS).min(outputs) - range.start * COLUMNS;
            let (slice, rest) = row.split_at_mut(width);
            slices.push(slice);
            row = rest;
        }
    }
    let run = |(range, mut slices): (Range<usize>, Vec<&mut [f32]>)| {
        for panel in range.clone() {
            kernel.panel(panel, rows, &mut slices, (panel - range.start) * COLUMNS, path);
        }
        for slice in slices {
            if let Some(bias) = then.bias {
                let bias = &bias[range.start * COLUMNS..];
                slice.iter_mut().zip(bias).for_each(|(y, bias)| *y += bias);
            }
            if let Some(function) = then.function {
                function(slice);
            }
        }
    };
    if parts == 1 {
        tasks.into_iter().for_each(run);
    } else {
        tasks.into_par_iter().for_each(run);
    }
    y
}

/// Panels whose products with all rows are looked at while they are near.
const NEAR: usize = 16;

/// For each row those of the outputs that [`product`] would give which are wanted: a
/// stretch of outputs at a time, so that not all of them are ever written down. What a row gets depends neither on the
/// other rows nor on the number of threads.
fn leading<K: Kernel>(
    kernel: &K,
    outputs: usize,
    (rows, count): (&K::Rows, usize),
    bias: Option<&[f32]>,
    wanted: Few<'_>,
    path: Path,
) -> Vec<Option<Vec<Chosen>>> {
    let panels = outputs.div_ceil(COLUMNS);
    let stretch = |stretch: usize| -> Vec<Leading> {
        let range = stretch * NEAR..panels.min((stretch + 1) * NEAR);
        let first = range.start * COLUMNS;
        let width = (range.end * COLUMNS).min(outputs) - first;
        let mut y = vec![0.0; count * width];
        let mut slices: Vec<&mut [f32]> = y.chunks_exact_mut(width).collect();
        for panel in range {
            kernel.panel(panel, rows, &mut slices, panel * COLUMNS - first, path);
        }
        let look = |slice: &mut [f32]| {
            if let Some(bias) = bias {
                slice
                    .iter_mut()
                    .zip(&bias[first..])
                    .for_each(|(y, bias)| *y += bias);
            }
            Leading::of(slice, first as u32, wanted)
        };
        slices.into_iter().map(look).collect()
    };
    let stretches: Vec<Vec<Leading>> = (0..panels.div_ceil(NEAR)).into_par_iter().map(stretch).collect();
    let joined = stretches.into_iter().reduce(|before, after| {
        let both = before.into_iter().zip(after);
        both.map(|(before, after)| before.with(after)).collect()
    });
    joined
        .unwrap_or_default()
        .into_iter()
        .map(Leading::chosen)
        .collect()
}

/// Puts a panel's sums for some rows, the first of them `row`, where they belong.
#[inline(always)]
fn store<const ROWS: usize>(sums: &[[f32; COLUMNS]; ROWS], row: usize, y: &mut [&mut [f32]], at: usize) {
    for (sums, y) in sums.iter().zip(&mut y[row..]) {
        let end = y.len().min(at + COLUMNS);
        y[at..end].copy_from_slice(&sums[..end - at]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::neural::instructions::random::numbers;

    fn exact(weights: &[f32], x: &[f32], inputs: usize) -> Vec<f64> {
        let dot = |row: &[f32], weights: &[f32]| row.iter().zip(weights).map(|(a, b)| f64::from(a * b)).sum();
        x.chunks_exact(inputs)
            .flat_map(|row| weights.chunks_exact(inputs).map(move |weights| dot(row, weights)))
            .collect()
    }

    fn close(found: &[f32], expected: &[f64], within: f64) -> Result<(), TestCaseError> {
        for (found, expected) in found.iter().zip(expected) {
            let apart = (f64::from(*found) - expected).abs();
            prop_assert!(apart <= within, "{} is not {}", found, expected);
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn floats_give_the_product(seed: u64, rows in 1usize..16, inputs in 1usize..90, outputs in 1usize..300) {
            let (weights, x) = (numbers(seed, outputs * inputs), numbers(seed ^ 77, rows * inputs));
            let panels = Floats::new(outputs, inputs, |rows| {
                Ok(weights[rows.start * inputs..rows.end * inputs].to_vec())
            }).expect("nothing can fail");
            let expected = exact(&weights, &x, inputs);
            for path in Path::all() {
                let y = panels.apply_by(&x, Then::default(), path);
                close(&y, &expected, 1e-4)?;
                // a row is the same alone
                let alone = panels.apply_by(&x[..inputs], Then::default(), path);
                prop_assert_eq!(&alone, &y[..outputs]);
            }
            let mut row = vec![0.0; inputs];
            panels.row(outputs - 1, &mut row);
            prop_assert_eq!(&row, &weights[(outputs - 1) * inputs..]);
        }

        #[test]
        fn bytes_give_the_product_of_what_they_hold(
            seed: u64, rows in 1usize..16, blocks in 1usize..5, outputs in 1usize..200,
        ) {
            let inputs = blocks * 32;
            let (weights, x) = (numbers(seed, outputs * inputs), numbers(seed ^ 77, rows * inputs));
            let panels = Bytes::new(outputs, inputs, |rows| {
                Ok(weights[rows.start * inputs..rows.end * inputs].to_vec())
            }).expect("nothing can fail");
            let mut held = vec![0.0; outputs * inputs];
            for (output, row) in held.chunks_exact_mut(inputs).enumerate() {
                panels.row(output, row);
            }
            // half a step of the largest of a block
            for (held, weight) in held.iter().zip(&weights) {
                prop_assert!((held - weight).abs() <= 0.5001 / 127.0);
            }
            let portable = panels.apply_by(&x, Then::default(), Path::Portable);
            // activations are rounded to bytes too: half a step each, of random sign
            close(&portable, &exact(&held, &x, inputs), 0.004 * (inputs as f64).sqrt() * 3.0)?;
            for path in Path::all() {
                let y = panels.apply_by(&x, Then::default(), path);
                let expected: Vec<f64> = portable.iter().map(|y| f64::from(*y)).collect();
                close(&y, &expected, 1e-5)?;
            }
        }
    }

    #[test]
    fn what_leads_a_row_is_what_leads_the_whole_product() {
        use crate::neural::likeliest::leading;
        let (outputs, inputs, rows) = (2500, 64, 5);
        let (weights, x) = (numbers(5, outputs * inputs), numbers(6, rows * inputs));
        let bias = numbers(7, outputs);
        let held = |rows: Range<usize>| Ok(weights[rows.start * inputs..rows.end * inputs].to_vec());
        let floats = Floats::new(outputs, inputs, held).expect("nothing can fail");
        let bytes = Bytes::new(outputs, inputs, held).expect("nothing can fail");
        let wanted = Few {
            keep: 8,
            banned: &[1, 1024, 2499],
            renormalise: false,
        };
        for path in Path::all() {
            for bias in [None, Some(bias.as_slice())] {
                let then = Then { bias, function: None };
                let found = [
                    (
                        floats.apply_by(&x, then, path),
                        floats.leading_by(&x, bias, wanted, path),
                    ),
                    (
                        bytes.apply_by(&x, then, path),
                        bytes.leading_by(&x, bias, wanted, path),
                    ),
                ];
                for (mut whole, found) in found {
                    let expected = leading(&mut whole, outputs, wanted);
                    for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
                        assert_eq!((found.len(), expected.len()), (8, 8));
                        for (found, expected) in found.iter().zip(expected) {
                            assert_eq!(found.token, expected.token);
                            assert!((found.log - expected.log).abs() < 1e-6);
                        }
                    }
                    assert!(found.iter().all(Option::is_some) && found.len() == rows);
                }
            }
        }
    }

    #[test]
    fn a_bias_and_a_function_follow_the_product() {
        let panels = Floats::new(70, 2, |rows| Ok(rows.flat_map(|r| [r as f32, 1.0]).collect()))
            .expect("nothing can fail");
        let bias = vec![-20.0; 70];
        let then = Then {
            bias: Some(&bias),
            function: Some(|y| y.iter_mut().for_each(|y| *y = y.max(0.0))),
        };
        let y = panels.apply(&[1.0, 5.0, 0.0, 21.0], then);
        assert_eq!((y[15], y[16], y[69]), (0.0, 1.0, 54.0));
        assert_eq!(y[70..], [1.0; 70]);
    }

    #[test]
    fn threads_do_not_change_a_product() {
        let (weights, x) = (numbers(3, 700 * 256), numbers(4, 9 * 256));
        let panels = Floats::new(700, 256, |rows| {
            Ok(weights[rows.start * 256..rows.end * 256].to_vec())
        })
        .expect("nothing can fail");
        let by = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("threads are to be had")
                .install(|| panels.apply(&x, Then::default()))
        };
        assert_eq!(by(1), by(3));
    }
}
