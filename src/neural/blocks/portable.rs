//! Products for any processor: what the other paths are held to, bit for bit.

use super::formats::{Format, Gather};
use super::rows::{Rows, Share};
use super::tile::{INPUTS, Lanes, OUTPUTS, Tile};
use super::{Instructions, Scratch, Sums, Task};

/// No instructions in particular.
pub(super) struct Portable;

impl Gather for Portable {
    #[inline(always)]
    fn lanes<const BYTES: usize>(blocks: &[&[u8; BYTES]; OUTPUTS], at: usize) -> [Lanes; 4] {
        std::array::from_fn(|k| {
            let at = at + 4 * k;
            Lanes(blocks.map(|b| u32::from_le_bytes([b[at], b[at + 1], b[at + 2], b[at + 3]])))
        })
    }
}

impl Instructions for Portable {
    fn run<F: Format>(task: &mut Task<'_>, scratch: &mut Scratch) {
        super::groups::<F, Self>(task, scratch);
    }

    fn multiply<F: Format>(tiles: &[Tile; 2], blocks: usize, rows: &Rows, stretch: usize, sums: &mut [Sums]) {
        for (row, sums) in sums.iter_mut().enumerate() {
            let x = &rows.stretches[row * rows.depth + stretch];
            for (tile, sums) in tiles.iter().zip(sums.as_chunks_mut::<OUTPUTS>().0) {
                for (output, sum) in sums.iter_mut().enumerate() {
                    let dot = |lines: std::ops::Range<usize>| dot(tile, output, &x.fours, lines);
                    match F::SHARE {
                        Share::Each32 => {
                            for at in 0..blocks {
                                let whole = dot(8 * at..8 * at + 8) - F::MOVED * x.totals[at];
                                *sum += whole as f32 * (tile.factors[at][output] * x.factors[at]);
                                if F::BASED {
                                    *sum += tile.bases[at][output] * x.weighed[at];
                                }
                            }
                        }
                        Share::Each256 => {
                            let lines = F::GRAIN / 4;
                            let scaled = |at: usize| {
                                dot(at * lines..(at + 1) * lines) * tile.scales[at].0[output] as i32
                            };
                            let mut whole: i32 = (0..INPUTS / F::GRAIN).map(scaled).sum();
                            let floors = tile.floors.iter().zip(&x.pairs);
                            let floor: i32 = floors.map(|(f, x)| halves_dot(f.0[output] as i32, *x)).sum();
                            if !F::BASED {
                                whole -= floor;
                            }
                            let value = whole as f32 * (tile.factors[0][output] * x.factors[0]);
                            *sum += if F::BASED {
                                value - floor as f32 * (tile.bases[0][output] * x.factors[0])
                            } else {
                                value
                            };
                        }
                    }
                }
            }
        }
    }
}

/// Of unsigned bytes of a tile and signed ones of a row.
fn dot(tile: &Tile, output: usize, fours: &[i32; INPUTS / 4], lines: std::ops::Range<usize>) -> i32 {
    let fours = &fours[lines.clone()];
    tile.lines[lines]
        .iter()
        .zip(fours)
        .map(|(line, four)| {
            let (weights, x) = (line.0[output].to_le_bytes(), four.to_le_bytes());
            let products = weights
                .iter()
                .zip(x)
                .map(|(w, x)| i32::from(*w) * i32::from(x as i8));
            products.sum::<i32>()
        })
        .sum()
}

/// Of the signed halves of two numbers.
fn halves_dot(a: i32, b: i32) -> i32 {
    i32::from(a as i16) * i32::from(b as i16) + (a >> 16) * (b >> 16)
}
