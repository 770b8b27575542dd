//! Tiles multiplied with the vector instructions of AArch64, every processor of which has NEON; those of 2018 and later
//! have its products of bytes, too.
//!
//! `unsafe` stands here for calling functions that need instructions which the processor was asked for, for loads and
//! stores whose places are as long as a register, and for the product of bytes by its name.
#![allow(unsafe_code)]

use std::arch::aarch64::*;

use super::formats::{Format, Gather};
use super::portable::Portable;
use super::rows::{Rows, Share, Stretch};
use super::tile::{INPUTS, Lanes, OUTPUTS, Tile};
use super::{Instructions, Scratch, Sums, Task};

/// NEON; with products of bytes or without.
pub(super) struct Neon<const DOT: bool>;

/// Whether this processor multiplies bytes four at a time.
pub(super) fn has_dot() -> bool {
    std::arch::is_aarch64_feature_detected!("dotprod")
}

/// Adds to each number the products of four bytes.
#[inline(always)]
pub(super) fn dot<const DOT: bool>(sum: int32x4_t, weights: int8x16_t, x: int8x16_t) -> int32x4_t {
    if DOT {
        let mut sum = sum;
        // SAFETY: called only where `has_dot` found the instruction, which touches registers alone.
        unsafe {
            std::arch::asm!(
                ".arch_extension dotprod",
                "sdot {sum:v}.4s, {weights:v}.16b, {x:v}.16b",
                sum = inout(vreg) sum,
                weights = in(vreg) weights,
                x = in(vreg) x,
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        return sum;
    }
    // SAFETY: every AArch64 processor has these.
    unsafe {
        let low = vpaddlq_s16(vmull_s8(vget_low_s8(weights), vget_low_s8(x)));
        let high = vpaddlq_s16(vmull_high_s8(weights, x));
        vaddq_s32(sum, vpaddq_s32(low, high))
    }
}

impl<const DOT: bool> Gather for Neon<DOT> {
    #[inline(always)]
    fn lanes<const BYTES: usize>(blocks: &[&[u8; BYTES]; OUTPUTS], at: usize) -> [Lanes; 4] {
        Portable::lanes(blocks, at)
    }
}

impl<const DOT: bool> Instructions for Neon<DOT> {
    fn run<F: Format>(task: &mut Task<'_>, scratch: &mut Scratch) {
        super::groups::<F, Self>(task, scratch);
    }

    /// Cuts rows into groups that share what is loaded of a tile, four at the most; four outputs at a time.
    #[inline(always)]
    fn multiply<F: Format>(tiles: &[Tile; 2], blocks: usize, rows: &Rows, stretch: usize, sums: &mut [Sums]) {
        for (group, sums) in sums.chunks_mut(4).enumerate() {
            let x = &rows.stretches[group * 4 * rows.depth + stretch..];
            for four in 0..8 {
                let (tile, place) = (&tiles[four / 4], (four % 4 * 4, four * 4));
                match sums.len() {
                    1 => some::<F, DOT, 1>(tile, blocks, x, rows.depth, sums, place),
                    2 => some::<F, DOT, 2>(tile, blocks, x, rows.depth, sums, place),
                    3 => some::<F, DOT, 3>(tile, blocks, x, rows.depth, sums, place),
                    _ => some::<F, DOT, 4>(tile, blocks, x, rows.depth, sums, place),
                }
            }
        }
    }
}

/// `first` says where the four outputs stand in the tile, and in the sums.
#[inline(always)]
fn some<F: Format, const DOT: bool, const ROWS: usize>(
    tile: &Tile,
    blocks: usize,
    x: &[Stretch],
    depth: usize,
    sums: &mut [Sums],
    first: (usize, usize),
) {
    let x: [&Stretch; ROWS] = std::array::from_fn(|r| &x[r * depth]);
    // SAFETY: every AArch64 processor has NEON.
    unsafe {
        match F::SHARE {
            Share::Each256 => wide::<F, DOT, ROWS>(tile, x, sums, first),
            Share::Each32 => narrow::<F, DOT, ROWS>(tile, blocks, x, sums, first),
        }
    }
}

#[inline]
#[target_feature(enable = "neon")]
fn whole(lanes: &Lanes, first: usize) -> int32x4_t {
    let four = &lanes.0[first..first + 4];
    // SAFETY: four numbers, as the register has.
    unsafe { vreinterpretq_s32_u32(vld1q_u32(four.as_ptr())) }
}

#[inline]
#[target_feature(enable = "neon")]
fn floats(numbers: &[f32], first: usize) -> float32x4_t {
    let four = &numbers[first..first + 4];
    // SAFETY: four numbers, as the register has.
    unsafe { vld1q_f32(four.as_ptr()) }
}

#[inline]
#[target_feature(enable = "neon")]
fn add(sums: &mut Sums, first: usize, value: float32x4_t) {
    let four = &mut sums[first..first + 4];
    // SAFETY: four numbers, as the register has.
    unsafe { vst1q_f32(four.as_mut_ptr(), vaddq_f32(vld1q_f32(four.as_ptr()), value)) };
}

/// The products of some lines, four outputs with each row. Weights of 8 bits are moved down again, so as to have a sign.
#[inline]
#[target_feature(enable = "neon")]
fn bytes<F: Format, const DOT: bool, const ROWS: usize>(
    tile: &Tile,
    x: [&Stretch; ROWS],
    lines: std::ops::Range<usize>,
    first: usize,
) -> [int32x4_t; ROWS] {
    let mut part = [vdupq_n_s32(0); ROWS];
    for line in lines {
        let weights = vreinterpretq_s8_s32(whole(&tile.lines[line], first));
        let weights = if F::BITS == 8 {
            veorq_s8(weights, vdupq_n_s8(i8::MIN))
        } else {
            weights
        };
        for (part, x) in part.iter_mut().zip(x) {
            let four = vreinterpretq_s8_s32(vdupq_n_s32(x.fours[line]));
            *part = dot::<DOT>(*part, weights, four);
        }
    }
    part
}

/// The products of the lower halves of two numbers and of the upper ones, added.
#[inline]
#[target_feature(enable = "neon")]
fn halves(sum: int32x4_t, floors: int32x4_t, pair: i32) -> int32x4_t {
    let low = vmulq_n_s32(
        vshrq_n_s32::<16>(vshlq_n_s32::<16>(floors)),
        i32::from(pair as i16),
    );
    let high = vmulq_n_s32(vshrq_n_s32::<16>(floors), pair >> 16);
    vaddq_s32(sum, vaddq_s32(low, high))
}

/// Blocks of 256.
#[inline]
#[target_feature(enable = "neon")]
fn wide<F: Format, const DOT: bool, const ROWS: usize>(
    tile: &Tile,
    x: [&Stretch; ROWS],
    sums: &mut [Sums],
    (first, place): (usize, usize),
) {
    let mut total = [vdupq_n_s32(0); ROWS];
    let lines = F::GRAIN / 4;
    for at in 0..INPUTS / F::GRAIN {
        let part = bytes::<F, DOT, ROWS>(tile, x, at * lines..(at + 1) * lines, first);
        let scale = whole(&tile.scales[at], first);
        for (total, part) in total.iter_mut().zip(part) {
            *total = vmlaq_s32(*total, part, scale);
        }
    }
    for ((total, x), sums) in total.into_iter().zip(x).zip(sums) {
        let mut floor = vdupq_n_s32(0);
        for (floors, pair) in tile.floors.iter().zip(x.pairs) {
            floor = halves(floor, whole(floors, first), pair);
        }
        let times = |whole, factors| {
            let factors = vmulq_n_f32(floats(factors, first), x.factors[0]);
            vmulq_f32(vcvtq_f32_s32(whole), factors)
        };
        let value = if F::BASED {
            vsubq_f32(times(total, &tile.factors[0]), times(floor, &tile.bases[0]))
        } else {
            times(vsubq_s32(total, floor), &tile.factors[0])
        };
        add(sums, place, value);
    }
}

/// Blocks of 32.
#[inline]
#[target_feature(enable = "neon")]
fn narrow<F: Format, const DOT: bool, const ROWS: usize>(
    tile: &Tile,
    blocks: usize,
    x: [&Stretch; ROWS],
    sums: &mut [Sums],
    (first, place): (usize, usize),
) {
    for at in 0..blocks.min(INPUTS / 32) {
        let part = bytes::<F, DOT, ROWS>(tile, x, at * 8..at * 8 + 8, first);
        let (factors, bases) = (floats(&tile.factors[at], first), floats(&tile.bases[at], first));
        for ((part, x), sums) in part.into_iter().zip(x).zip(&mut *sums) {
            // weights of 8 bits have been moved down again
            let part = if F::MOVED == 0 || F::BITS == 8 {
                part
            } else {
                vsubq_s32(part, vdupq_n_s32(F::MOVED * x.totals[at]))
            };
            let factors = vmulq_n_f32(factors, x.factors[at]);
            add(sums, place, vmulq_f32(vcvtq_f32_s32(part), factors));
            if F::BASED {
                add(sums, place, vmulq_n_f32(bases, x.weighed[at]));
            }
        }
    }
}
