//! Runs of blocks with the vector instructions of AArch64.
//!
//! `unsafe` stands here for calling functions that need NEON, which every such processor has, and for loads whose places
//! are as long as a register.
#![allow(unsafe_code)]

use std::arch::aarch64::*;

use super::{Kernel, RUN, Row, by_rows};
use crate::neural::blocks::formats::{Format, Q4K, Q5K, Q6K};
use crate::neural::blocks::neon::{dot, has_dot};
use crate::neural::blocks::prefetch::after;
use crate::neural::blocks::tile::single;
use crate::neural::blocks::{Kind, Scratch, Task};

/// Multiplies a task of few rows; the kind must be one of blocks of 256.
pub(in super::super) fn neon(kind: Kind, task: &mut Task<'_>, scratch: &mut Scratch) {
    if has_dot() {
        run::<true>(kind, task, scratch);
    } else {
        run::<false>(kind, task, scratch);
    }
}

fn run<const DOT: bool>(kind: Kind, task: &mut Task<'_>, scratch: &mut Scratch) {
    match kind {
        Kind::Q4K => by_rows!(Q4K, Neon<DOT>, task, scratch),
        Kind::Q5K => by_rows!(Q5K, Neon<DOT>, task, scratch),
        Kind::Q6K => by_rows!(Q6K, Neon<DOT>, task, scratch),
        _ => unreachable!("other kinds have no blocks of 256"),
    }
}

struct Neon<const DOT: bool>;

/// What stands beside the weights of a block.
struct Head {
    factor: f32,
    /// What the floors are multiplied by; where it is none, the factor.
    base: Option<f32>,
    /// Whole factors of each 16 inputs.
    scales: [i8; 16],
    /// What is taken off, times the sum of the activations, for each 16 inputs.
    floors: [i16; 16],
}

/// A format as this path reads it. Inputs stand in their order.
trait Wide: Format {
    fn head(block: &Self::Block) -> Head;
    /// Weights of 32 inputs.
    fn weights(block: &Self::Block, j: usize) -> [int8x16_t; 2];
}

impl<F: Wide, const DOT: bool> Kernel<F> for Neon<DOT> {
    #[inline(always)]
    fn values<const ROWS: usize>(
        blocks: &[F::Block; RUN],
        rows: &[Row<'_>; ROWS],
        at: usize,
        mut values: [&mut [f32; RUN]; ROWS],
    ) {
        for (n, block) in blocks.iter().enumerate() {
            after(block);
            let stretch = (at + n) % rows[0].stretches.len();
            // SAFETY: every AArch64 processor has NEON.
            let found = unsafe { multiply::<F, DOT, ROWS>(block, rows, stretch) };
            for (values, found) in values.iter_mut().zip(found) {
                values[n] = found;
            }
        }
    }
}

#[inline]
#[target_feature(enable = "neon")]
fn multiply<F: Wide, const DOT: bool, const ROWS: usize>(
    block: &F::Block,
    rows: &[Row<'_>; ROWS],
    stretch: usize,
) -> [f32; ROWS] {
    let head = F::head(block);
    let mut totals = [vdupq_n_s32(0); ROWS];
    for j in 0..8 {
        let weights = F::weights(block, j);
        for (total, row) in totals.iter_mut().zip(rows) {
            let x = &row.stretches[stretch].fours.as_chunks::<4>().0[2 * j..2 * j + 2];
            for (half, (weights, x)) in weights.into_iter().zip(x).enumerate() {
                // SAFETY: four numbers, as the register has.
                let x = vreinterpretq_s8_s32(unsafe { vld1q_s32(x.as_ptr()) });
                let part = dot::<DOT>(vdupq_n_s32(0), weights, x);
                *total = vmlaq_n_s32(*total, part, i32::from(head.scales[2 * j + half]));
            }
        }
    }
    std::array::from_fn(|row| {
        let x = &rows[row].stretches[stretch];
        let total = vaddvq_s32(totals[row]);
        let pairs = x.pairs.iter().zip(head.floors.as_chunks::<2>().0);
        let floor: i32 = pairs
            .map(|(pair, [low, high])| {
                i32::from(*pair as i16) * i32::from(*low) + (pair >> 16) * i32::from(*high)
            })
            .sum();
        match head.base {
            Some(base) => total as f32 * (head.factor * x.factors[0]) - floor as f32 * (base * x.factors[0]),
            None => (total - floor) as f32 * (head.factor * x.factors[0]),
        }
    })
}

/// A half-precision number of a block.
fn half(block: &[u8], at: usize) -> f32 {
    single(u32::from(u16::from_le_bytes([block[at], block[at + 1]])))
}

/// The beginning that `Q4_K` and `Q5_K` share: `d`, `dmin` and twelve bytes with 6-bit numbers. Of the first four factors
/// (and floors) 6 bits lie in a byte each; the others' lower 4 bits follow, and their upper 2 are in the first bytes.
#[inline(always)]
fn six_bit_head(block: &[u8]) -> Head {
    let number = |at: usize| u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]]);
    let (a, b, c) = (number(4), number(8), number(12));
    let second = |low: u32, high: u32| low & 0x0f0f_0f0f | high >> 2 & 0x3030_3030;
    let eight = |first: u32, second: u32| u64::from(first) | u64::from(second) << 32;
    let scales = eight(a & 0x3f3f_3f3f, second(c, a)).to_le_bytes();
    let floors = eight(b & 0x3f3f_3f3f, second(c >> 4, b)).to_le_bytes();
    Head {
        factor: half(block, 0),
        base: Some(half(block, 2)),
        scales: std::array::from_fn(|n| scales[n / 2] as i8),
        floors: std::array::from_fn(|n| i16::from(floors[n / 2])),
    }
}

/// Sixteen bytes of a block.
#[inline]
#[target_feature(enable = "neon")]
fn sixteen(block: &[u8], at: usize) -> uint8x16_t {
    let bytes = &block[at..at + 16];
    // SAFETY: sixteen bytes, as the register has.
    unsafe { vld1q_u8(bytes.as_ptr()) }
}

/// Half a byte each: the lower or the upper halves of sixteen bytes.
#[inline]
#[target_feature(enable = "neon")]
fn nibbles(block: &[u8], at: usize, upper: bool) -> uint8x16_t {
    let bytes = sixteen(block, at);
    if upper {
        vshrq_n_u8::<4>(bytes)
    } else {
        vandq_u8(bytes, vdupq_n_u8(0x0f))
    }
}

/// The bits `bits` of sixteen bytes that stand `right` to the left of where they belong, at bit 4 and above.
#[inline]
#[target_feature(enable = "neon")]
fn tops(block: &[u8], at: usize, right: usize, bits: u8) -> uint8x16_t {
    // to the left by what is negative: to the right
    let moved = vshlq_u8(sixteen(block, at), vdupq_n_s8(-(right as i8)));
    vshlq_n_u8::<4>(vandq_u8(moved, vdupq_n_u8(bits)))
}

impl Wide for Q4K {
    #[inline(always)]
    fn head(block: &Self::Block) -> Head {
        six_bit_head(block)
    }

    #[inline(always)]
    fn weights(block: &Self::Block, j: usize) -> [int8x16_t; 2] {
        // SAFETY: every AArch64 processor has NEON.
        std::array::from_fn(|half| unsafe {
            vreinterpretq_s8_u8(nibbles(block, 16 + j / 2 * 32 + 16 * half, j % 2 == 1))
        })
    }
}

impl Wide for Q5K {
    #[inline(always)]
    fn head(block: &Self::Block) -> Head {
        six_bit_head(block)
    }

    #[inline(always)]
    fn weights(block: &Self::Block, j: usize) -> [int8x16_t; 2] {
        // SAFETY: every AArch64 processor has NEON.
        std::array::from_fn(|half| unsafe {
            let four = nibbles(block, 48 + j / 2 * 32 + 16 * half, j % 2 == 1);
            vreinterpretq_s8_u8(vorrq_u8(four, tops(block, 16 + 16 * half, j, 1)))
        })
    }
}

impl Wide for Q6K {
    /// `d`, and as floors 32 times the 16 signed factors: what the weights were moved up by.
    #[inline(always)]
    fn head(block: &Self::Block) -> Head {
        let scales: [i8; 16] = std::array::from_fn(|n| block[192 + n] as i8);
        Head {
            factor: half(block, 208),
            base: None,
            floors: scales.map(|scale| i16::from(scale) << 5),
            scales,
        }
    }

    /// Each half of a block's weights has its lower 4 bits in 64 bytes (first all lower halves), and its upper 2 in 32
    /// bytes from the lowest bits up.
    #[inline(always)]
    fn weights(block: &Self::Block, j: usize) -> [int8x16_t; 2] {
        let (part, quarter) = (j / 4, j % 4);
        // SAFETY: every AArch64 processor has NEON.
        std::array::from_fn(|half| unsafe {
            let four = nibbles(block, 64 * part + quarter % 2 * 32 + 16 * half, quarter >= 2);
            let two = tops(block, 128 + 32 * part + 16 * half, 2 * quarter, 3);
            vreinterpretq_s8_u8(vorrq_u8(four, two))
        })
    }
}
