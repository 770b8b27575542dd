//! Few rows, multiplied with blocks of 256 in the order in which they lie.
//!
//! With one row each weight is needed once, and what counts is how fast weights come. Memory is fast for those who read
//! it front to back: so sixteen blocks that follow each other are one piece of work, whichever outputs they belong to.
//! Nothing is unpacked into a [`Tile`](super::tile::Tile): that pays off only where several rows are multiplied with it.
//!
//! Each block gives a number, the same as in the other order, and an output's are added front to back.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;

#[cfg(target_arch = "x86_64")]
pub(super) use {avx2::avx2, avx512::avx512};

#[cfg(target_arch = "aarch64")]
pub(super) use neon::neon;

use super::formats::Format;
use super::rows::{Rows, Share, Stretch};
use super::tile::OUTPUTS;
use super::{GROUP, Kind, Scratch, Task};

/// Blocks that are multiplied together.
const RUN: usize = 16;
/// Up to so many rows this order is the faster one (`cargo bench --bench decoder -- FILE.gguf rows`).
const FEW: usize = 2;

/// Whether a product of such blocks and rows is made in this order.
pub(super) fn takes(kind: Kind, rows: &Rows) -> bool {
    kind.share() == Share::Each256 && rows.count() <= FEW
}

/// A row of activations. What goes with a block stands beside what goes with the next one, and after the last comes the
/// first again, so that sixteen can be read from any.
#[cfg_attr(target_arch = "aarch64", allow(dead_code))]
struct Row<'a> {
    stretches: &'a [Stretch],
    /// The sums of each 16, two to a number: `(8, length)`.
    pairs: Vec<i32>,
    factors: Vec<f32>,
}

#[cfg_attr(target_arch = "aarch64", allow(dead_code))]
impl<'a> Row<'a> {
    fn of(rows: &'a Rows, row: usize) -> Self {
        let stretches = &rows.stretches[row * rows.depth..][..rows.depth];
        let round = || stretches.iter().cycle().take(rows.depth + RUN - 1);
        Self {
            stretches,
            pairs: (0..8).flat_map(|k| round().map(move |s| s.pairs[k])).collect(),
            factors: round().map(|s| s.factors[0]).collect(),
        }
    }

    /// The sums `k` of the stretches from `at` on.
    #[inline(always)]
    fn pairs(&self, k: usize, at: usize) -> &[i32; RUN] {
        run_of(&self.pairs[k * self.factors.len() + at..])
    }

    /// The factors of the stretches from `at` on.
    #[inline(always)]
    fn factors(&self, at: usize) -> &[f32; RUN] {
        run_of(&self.factors[at..])
    }
}

/// The first sixteen of `all`.
#[cfg_attr(target_arch = "aarch64", allow(dead_code))]
#[inline(always)]
fn run_of<T>(all: &[T]) -> &[T; RUN] {
    all.first_chunk().expect("as many as there are blocks in a run")
}

/// How runs are multiplied.
trait Kernel<F: Format> {
    /// Writes for each row what each block of a run gives; the first block belongs to stretch `at`.
    fn values<const ROWS: usize>(
        blocks: &[F::Block; RUN],
        rows: &[Row<'_>; ROWS],
        at: usize,
        values: [&mut [f32; RUN]; ROWS],
    );
}

// Inlined for certain, or the instructions of the path would be missing in it.
#[inline(always)]
fn groups<F: Format<Block: Copy>, K: Kernel<F>, const ROWS: usize>(
    task: &mut Task<'_>,
    scratch: &mut Scratch,
) {
    let Scratch { sums, values, .. } = scratch;
    let rows: [Row<'_>; ROWS] = std::array::from_fn(|row| Row::of(task.rows, row));
    let depth = task.rows.depth;
    let blocks = F::blocks(task.weights);
    values.clear();
    values.resize(ROWS * depth * OUTPUTS, 0.0);
    sums.clear();
    sums.resize(ROWS, [0.0; GROUP]);
    for group in task.groups.clone() {
        for side in 0..GROUP / OUTPUTS {
            let blocks = blocks
                .get((group * GROUP + side * OUTPUTS) * depth..)
                .unwrap_or_default();
            for (run, blocks) in blocks.chunks(RUN).take(depth).enumerate() {
                let mut places = values.chunks_exact_mut(depth * OUTPUTS);
                let places = std::array::from_fn(|_| {
                    let place = places.next().and_then(|row| row[run * RUN..].first_chunk_mut());
                    place.expect("a row of values for each row")
                });
                let at = run * RUN % depth;
                match blocks.first_chunk() {
                    Some(blocks) => K::values(blocks, &rows, at, places),
                    // what is not there is the last block again, and what it gives is not kept
                    None => {
                        let filled = std::array::from_fn(|n| blocks[n.min(blocks.len() - 1)]);
                        K::values(&filled, &rows, at, places);
                    }
                }
            }
            for (sums, values) in sums.iter_mut().zip(values.chunks_exact(depth * OUTPUTS)) {
                let sums = &mut sums[side * OUTPUTS..][..OUTPUTS];
                for (sum, values) in sums.iter_mut().zip(values.chunks_exact(depth)) {
                    *sum = values.iter().fold(0.0, |sum, value| sum + value);
                }
            }
        }
        (task.put)(group, sums);
    }
}

/// Calls [`groups`] for as many rows as there are.
macro_rules! by_rows {
    ($format:ty, $kernel:ty, $task:expr, $scratch:expr) => {
        match $task.rows.count() {
            1 => $crate::neural::blocks::stream::groups::<$format, $kernel, 1>($task, $scratch),
            _ => $crate::neural::blocks::stream::groups::<$format, $kernel, 2>($task, $scratch),
        }
    };
}
use by_rows;
