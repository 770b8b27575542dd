//! Matrices in the blocks of a GGUF file, multiplied as they lie there: `y = W x` for one row of activations or many.
//!
//! What always holds: the blocks are the only copy of the weights; a row's result is the same, bit for bit, whatever
//! shares the product with it, by whichever path.
//!
//! Blocks lie output after output, and products want outputs side by side. So some outputs' blocks for 256 inputs are
//! unpacked into a [`Tile`], which stays in the nearest cache while all rows are multiplied with it: the formats differ
//! in how they are unpacked and in nothing else. Activations are rounded to bytes once for each product, or for several
//! that read the same ones. Sums of a block are whole numbers, so their order does not matter; blocks are added front
//! to back.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod formats;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
mod prefetch;
mod rows;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod stream;
mod tile;

use std::cell::RefCell;
use std::ops::Range;

use candle_core::quantized::GgmlDType;
use formats::{Format, Gather, block_inputs};
use prefetch::Ahead;
pub(crate) use rows::{Rows, Share};
use tile::{INPUTS, OUTPUTS, Tile};

use super::instructions::Path;
use super::mapped::Bytes;
use super::panels::Then;
use super::pool::{Parts, Pool};

/// Outputs whose sums are made together: two tiles.
const GROUP: usize = 2 * OUTPUTS;
/// Products below this many multiplications are not worth a second thread.
const WORTH_THREADS: usize = 1 << 16;
const TASKS_A_THREAD: usize = 4;
/// A row's sums of a group.
type Sums = [f32; GROUP];

/// The formats that are multiplied here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Q40,
    Q41,
    Q50,
    Q51,
    Q80,
    Q4K,
    Q5K,
    Q6K,
}

/// Calls a function that is generic over a format.
macro_rules! of_kind {
    ($kind:expr, $format:ident => $call:expr) => {
        match $kind {
            Kind::Q40 => {
                type $format = formats::Q40;
                $call
            }
            Kind::Q41 => {
                type $format = formats::Q41;
                $call
            }
            Kind::Q50 => {
                type $format = formats::Q50;
                $call
            }
            Kind::Q51 => {
                type $format = formats::Q51;
                $call
            }
            Kind::Q80 => {
                type $format = formats::Q80;
                $call
            }
            Kind::Q4K => {
                type $format = formats::Q4K;
                $call
            }
            Kind::Q5K => {
                type $format = formats::Q5K;
                $call
            }
            Kind::Q6K => {
                type $format = formats::Q6K;
                $call
            }
        }
    };
}

impl Kind {
    /// The kind of candle's name; none for what candle alone multiplies.
    pub(crate) fn of(dtype: GgmlDType) -> Option<Self> {
        Some(match dtype {
            GgmlDType::Q4_0 => Self::Q40,
            GgmlDType::Q4_1 => Self::Q41,
            GgmlDType::Q5_0 => Self::Q50,
            GgmlDType::Q5_1 => Self::Q51,
            GgmlDType::Q8_0 => Self::Q80,
            GgmlDType::Q4K => Self::Q4K,
            GgmlDType::Q5K => Self::Q5K,
            GgmlDType::Q6K => Self::Q6K,
            _ => return None,
        })
    }

    /// What activations share a factor with.
    pub(crate) fn share(self) -> Share {
        of_kind!(self, F => F::SHARE)
    }

    /// Inputs and bytes of a block.
    pub(crate) fn block(self) -> (usize, usize) {
        of_kind!(self, F => (block_inputs::<F>(), size_of::<<F as Format>::Block>()))
    }
}

/// Part of a product.
struct Task<'a> {
    weights: &'a [u8],
    row_bytes: usize,
    outputs: usize,
    inputs: usize,
    rows: &'a Rows,
    groups: Range<usize>,
    /// Gets a group and its sums, row after row.
    put: &'a mut dyn FnMut(usize, &mut [Sums]),
}

/// How tiles are gathered and multiplied.
trait Instructions: Gather {
    /// Calls [`groups`], with these instructions switched on.
    fn run<F: Format>(task: &mut Task<'_>, scratch: &mut Scratch);

    /// Adds the products of the rows' stretches with two tiles, `blocks` blocks of 32 inputs.
    fn multiply<F: Format>(tiles: &[Tile; 2], blocks: usize, rows: &Rows, stretch: usize, sums: &mut [Sums]);
}

/// Where the work of a thread lies.
struct Scratch {
    tiles: Box<[Tile; 2]>,
    sums: Vec<Sums>,
    /// What each block gives, row after row, where blocks are taken in their order.
    values: Vec<f32>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch {
        tiles: Box::new([Tile::EMPTY; 2]),
        sums: Vec::new(),
        values: Vec::new(),
    });
}

// Closures here are inlined for certain, or the instructions of the path would be missing in them.
#[inline(always)]
fn groups<F: Format, I: Instructions>(task: &mut Task<'_>, scratch: &mut Scratch) {
    let Scratch { tiles, sums, .. } = scratch;
    let blocks = task.inputs / block_inputs::<F>();
    let most = INPUTS / block_inputs::<F>();
    let bytes_from = |group: usize| {
        let bytes = task.weights.get(group * GROUP * task.row_bytes..);
        bytes.unwrap_or_default()
    };
    Ahead(bytes_from(task.groups.start)).ask(GROUP * task.row_bytes);
    for group in task.groups.clone() {
        let mut rows: [&[F::Block]; GROUP] = [&[]; GROUP];
        for (output, row) in rows.iter_mut().enumerate() {
            // what hangs over the last output is that output again, and not kept
            let output = (group * GROUP + output).min(task.outputs - 1);
            *row = F::blocks(&task.weights[output * task.row_bytes..][..task.row_bytes]);
        }
        sums.clear();
        sums.resize(task.rows.count(), [0.0; GROUP]);
        // The rows of a group lie one after the other, but are read side by side: more streams than a processor follows by
        // itself. So while a tile is unpacked the next group is asked for, in the order of its bytes.
        let mut ahead = Ahead(match group + 1 < task.groups.end {
            true => bytes_from(group + 1),
            false => &[],
        });
        for (stretch, first) in (0..blocks).step_by(most).enumerate() {
            let count = (blocks - first).min(most);
            for (rows, tile) in rows.as_chunks::<OUTPUTS>().0.iter().zip(tiles.iter_mut()) {
                for at in 0..count {
                    let mut blocks = [&rows[0][first + at]; OUTPUTS];
                    for (block, row) in blocks.iter_mut().zip(rows) {
                        *block = &row[first + at];
                    }
                    F::unpack::<I>(&blocks, at, tile, &mut ahead);
                }
            }
            I::multiply::<F>(tiles, count, task.rows, stretch, sums);
        }
        (task.put)(group, sums);
    }
}

fn run(kind: Kind, path: Path, task: &mut Task<'_>) {
    SCRATCH.with_borrow_mut(|scratch| {
        #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
        if stream::takes(kind, task.rows) {
            match path {
                #[cfg(target_arch = "x86_64")]
                Path::Avx512 => return stream::avx512(kind, task, scratch),
                #[cfg(target_arch = "x86_64")]
                Path::Avx2 => return stream::avx2(kind, task, scratch),
                #[cfg(target_arch = "aarch64")]
                Path::Neon => return stream::neon(kind, task, scratch),
                _ => {}
            }
        }
        of_kind!(kind, F => match path {
            #[cfg(target_arch = "x86_64")]
            Path::Avx2 => avx2::Avx2::run::<F>(task, scratch),
            #[cfg(target_arch = "x86_64")]
            Path::Avx512 => avx512::Avx512::run::<F>(task, scratch),
            #[cfg(target_arch = "aarch64")]
            Path::Neon if neon::has_dot() => neon::Neon::<true>::run::<F>(task, scratch),
            #[cfg(target_arch = "aarch64")]
            Path::Neon => neon::Neon::<false>::run::<F>(task, scratch),
            _ => portable::Portable::run::<F>(task, scratch),
        });
    });
}

/// A matrix of `(outputs, inputs)`.
pub(crate) struct Blocks {
    kind: Kind,
    bytes: Bytes,
    outputs: usize,
    inputs: usize,
}

impl Blocks {
    /// None if `bytes` are no whole blocks of so many rows.
    pub(crate) fn new(kind: Kind, bytes: Bytes, outputs: usize, inputs: usize) -> Option<Self> {
        let this = Self {
            kind,
            bytes,
            outputs,
            inputs,
        };
        let whole = inputs > 0 && inputs.is_multiple_of(kind.block().0);
        let fits = whole && outputs.checked_mul(this.row_bytes())? == this.bytes.len();
        fits.then_some(this)
    }

    fn row_bytes(&self) -> usize {
        let (inputs, bytes) = self.kind.block();
        self.inputs / inputs * bytes
    }

    /// `(outputs, inputs)`.
    pub(crate) fn shape(&self) -> (usize, usize) {
        (self.outputs, self.inputs)
    }

    /// How the rows must be rounded that it is multiplied with.
    pub(crate) fn share(&self) -> Share {
        self.kind.share()
    }

    /// Writes the weights of one output.
    pub(crate) fn row(&self, output: usize, row: &mut [f32]) {
        let bytes = &self.bytes[output * self.row_bytes()..][..self.row_bytes()];
        of_kind!(self.kind, F => weights::<F>(bytes, row));
    }

    fn task<'a>(
        &'a self,
        rows: &'a Rows,
        groups: Range<usize>,
        put: &'a mut dyn FnMut(usize, &mut [Sums]),
    ) -> Task<'a> {
        Task {
            weights: &self.bytes,
            row_bytes: self.row_bytes(),
            outputs: self.outputs,
            inputs: self.inputs,
            rows,
            groups,
            put,
        }
    }
}

/// The weights of one output's blocks.
fn weights<F: Format>(bytes: &[u8], row: &mut [f32]) {
    let mut tile = Box::new(Tile::EMPTY);
    for (block, row) in F::blocks(bytes)
        .iter()
        .zip(row.chunks_exact_mut(block_inputs::<F>()))
    {
        F::unpack::<portable::Portable>(&[block; OUTPUTS], 0, &mut tile, &mut Ahead(&[]));
        for (at, weight) in row.iter_mut().enumerate() {
            let stored = tile.lines[at / 4].0[0].to_le_bytes()[at % 4];
            let number = f32::from(i16::from(stored) - F::MOVED as i16);
            *weight = match F::SHARE {
                Share::Each32 if F::BASED => tile.factors[0][0] * number + tile.bases[0][0],
                Share::Each32 => tile.factors[0][0] * number,
                Share::Each256 => {
                    let scale = tile.scales[at / F::GRAIN].0[0] as i32 as f32;
                    let value = tile.factors[0][0] * scale * number;
                    let floor = f32::from(tile.floors[at / 32].0[0] as u16);
                    if F::BASED {
                        value - tile.bases[0][0] * floor
                    } else {
                        value
                    }
                }
            };
        }
    }
}

/// One of the products that are made of the same rows.
pub(crate) struct Part<'a> {
    pub(crate) blocks: &'a Blocks,
    pub(crate) then: Then<'a>,
}

/// The products of several matrices with the same rows, `(rows, outputs)` each, at the same time. All must have rows of
/// the length that `rows` have, and share factors as these do.
pub(crate) fn products(parts: &[Part<'_>], rows: &Rows) -> Vec<Vec<f32>> {
    products_by(parts, rows, Path::best(), Pool::get())
}

fn products_by(parts: &[Part<'_>], rows: &Rows, path: Path, pool: &Pool) -> Vec<Vec<f32>> {
    for part in parts {
        // of other rows a product would be made, and mean nothing
        assert_eq!(
            (part.blocks.inputs, part.blocks.share()),
            (rows.inputs(), rows.share())
        );
    }
    let count = rows.count();
    let mut results: Vec<Vec<f32>> = parts
        .iter()
        .map(|p| vec![0.0; count * p.blocks.outputs])
        .collect();
    let places: Vec<Parts<'_, f32>> = results.iter_mut().map(|y| Parts::of(y)).collect();
    let groups = parts
        .iter()
        .map(|p| p.blocks.outputs.div_ceil(GROUP))
        .sum::<usize>();
    let work: usize = parts.iter().map(|p| p.blocks.outputs * p.blocks.inputs).sum();
    // more tasks than threads, since a thread may be held up
    let tasks = if count * work < WORTH_THREADS {
        1
    } else {
        groups.min(pool.threads() * TASKS_A_THREAD)
    };
    pool.run(tasks, &|task| {
        let mut range = task * groups / tasks..(task + 1) * groups / tasks;
        for (part, places) in parts.iter().zip(&places) {
            let here = part.blocks.outputs.div_ceil(GROUP);
            let own = range.start.min(here)..range.end.min(here);
            range = range.start.saturating_sub(here)..range.end.saturating_sub(here);
            if !own.is_empty() {
                some_groups(part, rows, own, places, path);
            }
        }
    });
    drop(places);
    results
}

/// The products of some groups of a matrix.
fn some_groups(part: &Part<'_>, rows: &Rows, groups: Range<usize>, places: &Parts<'_, f32>, path: Path) {
    let outputs = part.blocks.outputs;
    let mut put = |group: usize, sums: &mut [Sums]| {
        let first = group * GROUP;
        let width = (outputs - first).min(GROUP);
        for (row, sums) in sums.iter_mut().enumerate() {
            let sums = &mut sums[..width];
            if let Some(bias) = part.then.bias {
                sums.iter_mut()
                    .zip(&bias[first..])
                    .for_each(|(y, bias)| *y += bias);
            }
            if let Some(function) = part.then.function {
                function(sums);
            }
            let start = row * outputs + first;
            // SAFETY: each group is in one task, and its outputs are in no other group.
            #[allow(unsafe_code)]
            let place = unsafe { places.part(start..start + width) };
            place.copy_from_slice(sums);
        }
    };
    run(
        part.blocks.kind,
        path,
        &mut part.blocks.task(rows, groups, &mut put),
    );
}

#[cfg(test)]
mod tests;
