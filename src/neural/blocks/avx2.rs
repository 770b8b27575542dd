//! Tiles gathered and multiplied with 256-bit registers.
//!
//! `unsafe` stands here for three things: calling functions that need instructions which the processor was asked for
//! ([`Path::all`](crate::neural::instructions::Path::all)), loads and stores of whole registers, whose places are as
//! long as a register, and seeing registers as the [`Lanes`] that they hold.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::formats::{Format, Gather};
use super::rows::{Rows, Share, Stretch};
use super::tile::{INPUTS, Lanes, OUTPUTS, Tile};
use super::{Instructions, Scratch, Sums, Task};

/// AVX2.
pub(super) struct Avx2;

impl Gather for Avx2 {
    /// Eight outputs at a time: two rows of four numbers lie across each register; two rounds of unpacking turn them.
    #[inline(always)]
    fn lanes<const BYTES: usize>(blocks: &[&[u8; BYTES]; OUTPUTS], at: usize) -> [Lanes; 4] {
        let mut turned = [Lanes::ZERO; 4];
        // SAFETY: called from `Instructions::run` alone, which has these instructions; each piece that is loaded has
        // sixteen bytes, as the register has, and each half of the lanes eight numbers.
        unsafe {
            for side in 0..2 {
                let mut twos = [_mm256_setzero_si256(); 4];
                for (n, two) in twos.iter_mut().enumerate() {
                    let sixteen = |lane: usize| {
                        let bytes = &blocks[8 * side + 4 * lane + n][at..at + 16];
                        _mm_loadu_si128(bytes.as_ptr().cast())
                    };
                    *two = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(sixteen(0)), sixteen(1));
                }
                let [a, b, c, d] = twos;
                let (ab, cd) = (_mm256_unpacklo_epi32(a, b), _mm256_unpacklo_epi32(c, d));
                let (ab_high, cd_high) = (_mm256_unpackhi_epi32(a, b), _mm256_unpackhi_epi32(c, d));
                let quarters = [
                    _mm256_unpacklo_epi64(ab, cd),
                    _mm256_unpackhi_epi64(ab, cd),
                    _mm256_unpacklo_epi64(ab_high, cd_high),
                    _mm256_unpackhi_epi64(ab_high, cd_high),
                ];
                for (lanes, quarter) in turned.iter_mut().zip(quarters) {
                    let place = &mut lanes.0[8 * side..8 * side + 8];
                    _mm256_storeu_si256(place.as_mut_ptr().cast(), quarter);
                }
            }
        }
        turned
    }
}

impl Instructions for Avx2 {
    fn run<F: Format>(task: &mut Task<'_>, scratch: &mut Scratch) {
        // SAFETY: this path is taken only if `Path::all` found these instructions.
        unsafe { run::<F>(task, scratch) }
    }

    #[inline(always)]
    fn multiply<F: Format>(tiles: &[Tile; 2], blocks: usize, rows: &Rows, stretch: usize, sums: &mut [Sums]) {
        // SAFETY: called from `Instructions::run` alone, which has these instructions.
        unsafe { multiply::<F>(tiles, blocks, rows, stretch, sums) }
    }
}

#[target_feature(enable = "avx2,fma,f16c")]
fn run<F: Format>(task: &mut Task<'_>, scratch: &mut Scratch) {
    super::groups::<F, Avx2>(task, scratch);
}

/// Cuts rows into groups that share what is loaded of a tile, four at the most; eight outputs at a time.
#[inline]
#[target_feature(enable = "avx2")]
fn multiply<F: Format>(tiles: &[Tile; 2], blocks: usize, rows: &Rows, stretch: usize, sums: &mut [Sums]) {
    let mut from = 0;
    while from < sums.len() {
        let count = (sums.len() - from).min(4);
        let x = &rows.stretches[from * rows.depth + stretch..];
        let sums = &mut sums[from..from + count];
        for eight in 0..4 {
            let (tile, place) = (&tiles[eight / 2], (eight % 2 * 8, eight * 8));
            match count {
                1 => some::<F, 1>(tile, blocks, x, rows.depth, sums, place),
                2 => some::<F, 2>(tile, blocks, x, rows.depth, sums, place),
                3 => some::<F, 3>(tile, blocks, x, rows.depth, sums, place),
                _ => some::<F, 4>(tile, blocks, x, rows.depth, sums, place),
            }
        }
        from += count;
    }
}

/// `first` says where the eight outputs stand in the tile, and in the sums.
#[inline]
#[target_feature(enable = "avx2")]
fn some<F: Format, const ROWS: usize>(
    tile: &Tile,
    blocks: usize,
    x: &[Stretch],
    depth: usize,
    sums: &mut [Sums],
    first: (usize, usize),
) {
    let x: [&Stretch; ROWS] = std::array::from_fn(|r| &x[r * depth]);
    match F::SHARE {
        Share::Each256 => wide::<F, ROWS>(tile, x, sums, first),
        Share::Each32 => narrow::<F, ROWS>(tile, blocks, x, sums, first),
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn whole(lanes: &Lanes, first: usize) -> __m256i {
    let eight = &lanes.0[first..first + 8];
    // SAFETY: eight numbers, as the register has.
    unsafe { _mm256_loadu_si256(eight.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn floats(numbers: &[f32], first: usize) -> __m256 {
    let eight = &numbers[first..first + 8];
    // SAFETY: eight numbers, as the register has.
    unsafe { _mm256_loadu_ps(eight.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn put(sums: &mut Sums, first: usize, value: __m256) {
    let eight = &mut sums[first..first + 8];
    // SAFETY: eight numbers, as the register has.
    unsafe { _mm256_storeu_ps(eight.as_mut_ptr(), value) };
}

/// The products of some lines, eight outputs with each row.
///
/// Products of bytes are added in pairs in 16 bits: of weights of up to 6 bits some pairs fit one on the other before they
/// are widened. Of 8 bits a pair does not fit as it is: the weights are moved down again, and their sign goes to the
/// activation, so that a product is 128 times 127 at the most.
#[inline]
#[target_feature(enable = "avx2")]
fn bytes<F: Format, const ROWS: usize, const LINES: usize>(
    tile: &Tile,
    x: [&Stretch; ROWS],
    line: usize,
    first: usize,
) -> [__m256i; ROWS] {
    // a pair is at most 2 · 127 · (2^bits - 1), and 32767 may not be passed
    let fitting = match F::BITS {
        4 => 8,
        5 => 4,
        6 => 2,
        _ => 1,
    };
    let (ones, top) = (_mm256_set1_epi16(1), _mm256_set1_epi8(i8::MIN));
    let mut part = [_mm256_setzero_si256(); ROWS];
    for at in (line..line + LINES).step_by(fitting.min(LINES)) {
        let mut pairs = [_mm256_setzero_si256(); ROWS];
        for line in at..at + fitting.min(LINES) {
            let weights = whole(&tile.lines[line], first);
            for (pairs, x) in pairs.iter_mut().zip(x) {
                let four = _mm256_set1_epi32(x.fours[line]);
                let product = if F::BITS == 8 {
                    let weights = _mm256_xor_si256(weights, top);
                    _mm256_maddubs_epi16(_mm256_abs_epi8(weights), _mm256_sign_epi8(four, weights))
                } else {
                    _mm256_maddubs_epi16(weights, four)
                };
                *pairs = _mm256_add_epi16(*pairs, product);
            }
        }
        for (part, pairs) in part.iter_mut().zip(pairs) {
            *part = _mm256_add_epi32(*part, _mm256_madd_epi16(pairs, ones));
        }
    }
    part
}

/// Blocks of 256.
#[inline]
#[target_feature(enable = "avx2")]
fn wide<F: Format, const ROWS: usize>(
    tile: &Tile,
    x: [&Stretch; ROWS],
    sums: &mut [Sums],
    (first, place): (usize, usize),
) {
    let mut total = [_mm256_setzero_si256(); ROWS];
    for at in 0..INPUTS / F::GRAIN {
        let part = if F::GRAIN == 16 {
            bytes::<F, ROWS, 4>(tile, x, at * 4, first)
        } else {
            bytes::<F, ROWS, 8>(tile, x, at * 8, first)
        };
        let scale = whole(&tile.scales[at], first);
        for (total, part) in total.iter_mut().zip(part) {
            *total = _mm256_add_epi32(*total, _mm256_mullo_epi32(part, scale));
        }
    }
    for ((total, x), sums) in total.into_iter().zip(x).zip(sums) {
        let mut floor = _mm256_setzero_si256();
        for (floors, pair) in tile.floors.iter().zip(x.pairs) {
            let taken = _mm256_madd_epi16(whole(floors, first), _mm256_set1_epi32(pair));
            floor = _mm256_add_epi32(floor, taken);
        }
        let factor = _mm256_set1_ps(x.factors[0]);
        let factors = _mm256_mul_ps(floats(&tile.factors[0], first), factor);
        let mut sum = floats(sums, place);
        if F::BASED {
            let bases = _mm256_mul_ps(floats(&tile.bases[0], first), factor);
            let total = _mm256_mul_ps(_mm256_cvtepi32_ps(total), factors);
            let floor = _mm256_mul_ps(_mm256_cvtepi32_ps(floor), bases);
            sum = _mm256_add_ps(sum, _mm256_sub_ps(total, floor));
        } else {
            let total = _mm256_cvtepi32_ps(_mm256_sub_epi32(total, floor));
            sum = _mm256_add_ps(sum, _mm256_mul_ps(total, factors));
        }
        put(sums, place, sum);
    }
}

/// Blocks of 32.
#[inline]
#[target_feature(enable = "avx2")]
fn narrow<F: Format, const ROWS: usize>(
    tile: &Tile,
    blocks: usize,
    x: [&Stretch; ROWS],
    sums: &mut [Sums],
    (first, place): (usize, usize),
) {
    for at in 0..blocks.min(INPUTS / 32) {
        let part = bytes::<F, ROWS, 8>(tile, x, at * 8, first);
        let (factors, bases) = (floats(&tile.factors[at], first), floats(&tile.bases[at], first));
        for ((part, x), sums) in part.into_iter().zip(x).zip(&mut *sums) {
            // weights of 8 bits have been moved down again
            let part = if F::MOVED == 0 || F::BITS == 8 {
                part
            } else {
                _mm256_sub_epi32(part, _mm256_set1_epi32(F::MOVED * x.totals[at]))
            };
            let factors = _mm256_mul_ps(factors, _mm256_set1_ps(x.factors[at]));
            let value = _mm256_mul_ps(_mm256_cvtepi32_ps(part), factors);
            let mut sum = _mm256_add_ps(floats(sums, place), value);
            if F::BASED {
                sum = _mm256_add_ps(sum, _mm256_mul_ps(bases, _mm256_set1_ps(x.weighed[at])));
            }
            put(sums, place, sum);
        }
    }
}
