//! Tiles gathered and multiplied with 512-bit registers and products of bytes (AVX512-VNNI).
//!
//! `unsafe` stands here for three things: calling functions that need instructions which the processor was asked for
//! ([`Path::all`](crate::neural::instructions::Path::all)), loads and stores of whole registers, whose places are as
//! long as a register, and seeing a register as the [`Lanes`] that it holds.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::formats::{Format, Gather};
use super::rows::{Rows, Share, Stretch};
use super::tile::{INPUTS, Lanes, OUTPUTS, Tile};
use super::{Instructions, Scratch, Sums, Task};

/// AVX512 with VNNI.
pub(super) struct Avx512;

impl Gather for Avx512 {
    /// Four rows of four numbers lie across each register; two rounds of unpacking turn them (a 4 by 4 transposition).
    #[inline(always)]
    fn lanes<const BYTES: usize>(blocks: &[&[u8; BYTES]; OUTPUTS], at: usize) -> [Lanes; 4] {
        // SAFETY: called from `Instructions::run` alone, which has these instructions; each piece that is loaded has
        // sixteen bytes, as the register has, and so have lanes and the register that is seen as them.
        unsafe {
            let mut fours = [_mm512_setzero_si512(); 4];
            for (n, four) in fours.iter_mut().enumerate() {
                let sixteen = |lane: usize| {
                    let bytes = &blocks[4 * lane + n][at..at + 16];
                    _mm_loadu_si128(bytes.as_ptr().cast())
                };
                let v = _mm512_castsi128_si512(sixteen(0));
                let v = _mm512_inserti32x4::<1>(v, sixteen(1));
                let v = _mm512_inserti32x4::<2>(v, sixteen(2));
                *four = _mm512_inserti32x4::<3>(v, sixteen(3));
            }
            let [a, b, c, d] = fours;
            let (ab, cd) = (_mm512_unpacklo_epi32(a, b), _mm512_unpacklo_epi32(c, d));
            let (ab_high, cd_high) = (_mm512_unpackhi_epi32(a, b), _mm512_unpackhi_epi32(c, d));
            let seen = |v: __m512i| std::mem::transmute::<__m512i, Lanes>(v);
            [
                seen(_mm512_unpacklo_epi64(ab, cd)),
                seen(_mm512_unpackhi_epi64(ab, cd)),
                seen(_mm512_unpacklo_epi64(ab_high, cd_high)),
                seen(_mm512_unpackhi_epi64(ab_high, cd_high)),
            ]
        }
    }

    #[inline(always)]
    fn halves(lanes: Lanes) -> [f32; OUTPUTS] {
        // SAFETY: called from `Instructions::run` alone, which has these instructions.
        unsafe { halves(&lanes) }
    }

    #[inline(always)]
    fn eights(lanes: [Lanes; 4], tile: &mut Tile) {
        // SAFETY: called from `Instructions::run` alone, which has these instructions.
        unsafe { eights(lanes, tile) }
    }

    #[inline(always)]
    fn sixes(lanes: [Lanes; 3], tile: &mut Tile) {
        // SAFETY: called from `Instructions::run` alone, which has these instructions.
        unsafe { sixes(lanes, tile) }
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn halves(lanes: &Lanes) -> [f32; OUTPUTS] {
    let floats = _mm512_cvtph_ps(_mm512_cvtepi32_epi16(whole(lanes)));
    let mut numbers = [0.0; OUTPUTS];
    // SAFETY: sixteen numbers, as the register has.
    unsafe { _mm512_storeu_ps(numbers.as_mut_ptr(), floats) };
    numbers
}

/// As the trait says, in whole registers.
#[inline]
#[target_feature(enable = "avx512f")]
fn eights(lanes: [Lanes; 4], tile: &mut Tile) {
    let low = _mm512_set1_epi32(0xffff);
    for (four, scales) in lanes.iter().enumerate() {
        let scales = whole(scales);
        // to the upper end of the number and back, with its sign
        let signed = [
            _mm512_srai_epi32::<24>(_mm512_slli_epi32::<24>(scales)),
            _mm512_srai_epi32::<24>(_mm512_slli_epi32::<16>(scales)),
            _mm512_srai_epi32::<24>(_mm512_slli_epi32::<8>(scales)),
            _mm512_srai_epi32::<24>(scales),
        ];
        for (k, signed) in signed.into_iter().enumerate() {
            keep(&mut tile.scales[4 * four + k], signed);
        }
        for pair in 0..2 {
            let first = _mm512_and_si512(_mm512_slli_epi32::<5>(signed[2 * pair]), low);
            let second = _mm512_slli_epi32::<21>(signed[2 * pair + 1]);
            keep(&mut tile.floors[2 * four + pair], _mm512_or_si512(first, second));
        }
    }
}

/// As the trait says, in whole registers.
#[inline]
#[target_feature(enable = "avx512f")]
fn sixes([a, b, c]: [Lanes; 3], tile: &mut Tile) {
    let (a, b, c) = (whole(&a), whole(&b), whole(&c));
    let (six, four, two) = (
        _mm512_set1_epi32(0x3f),
        _mm512_set1_epi32(0xf),
        _mm512_set1_epi32(3),
    );
    for k in 0..4 {
        let right = |v: __m512i, by: usize| _mm512_srlv_epi32(v, _mm512_set1_epi32(by as i32));
        let (at, top) = (8 * k, 8 * k + 6);
        let second = |low: __m512i, high: __m512i| {
            let high = _mm512_slli_epi32::<4>(_mm512_and_si512(right(high, top), two));
            _mm512_or_si512(_mm512_and_si512(low, four), high)
        };
        let twice = |v: __m512i| _mm512_or_si512(_mm512_slli_epi32::<16>(v), v);
        keep(&mut tile.scales[k], _mm512_and_si512(right(a, at), six));
        keep(&mut tile.floors[k], twice(_mm512_and_si512(right(b, at), six)));
        keep(&mut tile.scales[4 + k], second(right(c, at), a));
        keep(&mut tile.floors[4 + k], twice(second(right(c, at + 4), b)));
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn keep(lanes: &mut Lanes, value: __m512i) {
    // SAFETY: lanes are 64 bytes and aligned to 64.
    unsafe { _mm512_store_si512(lanes.0.as_mut_ptr().cast(), value) };
}

impl Instructions for Avx512 {
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

#[target_feature(enable = "avx512f,avx512bw,avx512vnni,avx2,fma,f16c")]
fn run<F: Format>(task: &mut Task<'_>, scratch: &mut Scratch) {
    super::groups::<F, Avx512>(task, scratch);
}

/// Cuts rows into groups that share a tile, six at the most.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn multiply<F: Format>(tiles: &[Tile; 2], blocks: usize, rows: &Rows, stretch: usize, sums: &mut [Sums]) {
    let mut from = 0;
    while from < sums.len() {
        let count = (sums.len() - from).min(6);
        let x = &rows.stretches[from * rows.depth + stretch..];
        let sums = &mut sums[from..from + count];
        match count {
            1 => some::<F, 1>(tiles, blocks, x, rows.depth, sums),
            2 => some::<F, 2>(tiles, blocks, x, rows.depth, sums),
            3 => some::<F, 3>(tiles, blocks, x, rows.depth, sums),
            4 => some::<F, 4>(tiles, blocks, x, rows.depth, sums),
            5 => some::<F, 5>(tiles, blocks, x, rows.depth, sums),
            _ => some::<F, 6>(tiles, blocks, x, rows.depth, sums),
        }
        from += count;
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn some<F: Format, const ROWS: usize>(
    tiles: &[Tile; 2],
    blocks: usize,
    x: &[Stretch],
    depth: usize,
    sums: &mut [Sums],
) {
    let x: [&Stretch; ROWS] = std::array::from_fn(|r| &x[r * depth]);
    match F::SHARE {
        Share::Each256 => wide::<F, ROWS>(tiles, x, sums),
        Share::Each32 => narrow::<F, ROWS>(tiles, blocks, x, sums),
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn whole(lanes: &Lanes) -> __m512i {
    // SAFETY: lanes are 64 bytes and aligned to 64.
    unsafe { _mm512_load_si512(lanes.0.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn floats(numbers: &[f32; OUTPUTS]) -> __m512 {
    // SAFETY: sixteen numbers, as the register has.
    unsafe { _mm512_loadu_ps(numbers.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn add(sums: &mut [f32; OUTPUTS], value: __m512) {
    let sum = _mm512_add_ps(floats(sums), value);
    // SAFETY: sixteen numbers, as the register has.
    unsafe { _mm512_storeu_ps(sums.as_mut_ptr(), sum) };
}

/// The products of some lines, 32 outputs with each row: the inner loop of all.
#[inline]
#[target_feature(enable = "avx512f,avx512vnni")]
fn bytes<const ROWS: usize, const LINES: usize>(
    tiles: &[Tile; 2],
    x: [&Stretch; ROWS],
    first: usize,
) -> [[__m512i; 2]; ROWS] {
    let mut part = [[_mm512_setzero_si512(); 2]; ROWS];
    for line in first..first + LINES {
        let weights = [whole(&tiles[0].lines[line]), whole(&tiles[1].lines[line])];
        for (part, x) in part.iter_mut().zip(x) {
            let four = _mm512_set1_epi32(x.fours[line]);
            part[0] = _mm512_dpbusd_epi32(part[0], weights[0], four);
            part[1] = _mm512_dpbusd_epi32(part[1], weights[1], four);
        }
    }
    part
}

/// Blocks of 256. Six rows of 2 registers of sums and 2 of parts, 2 of weights and one of activations fill 27 of the 32.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn wide<F: Format, const ROWS: usize>(tiles: &[Tile; 2], x: [&Stretch; ROWS], sums: &mut [Sums]) {
    let mut total = [[_mm512_setzero_si512(); 2]; ROWS];
    for at in 0..INPUTS / F::GRAIN {
        let part = if F::GRAIN == 16 {
            bytes::<ROWS, 4>(tiles, x, at * 4)
        } else {
            bytes::<ROWS, 8>(tiles, x, at * 8)
        };
        for (total, part) in total.iter_mut().zip(part) {
            for side in 0..2 {
                let scaled = _mm512_mullo_epi32(part[side], whole(&tiles[side].scales[at]));
                total[side] = _mm512_add_epi32(total[side], scaled);
            }
        }
    }
    for ((total, x), sums) in total.into_iter().zip(x).zip(sums) {
        let mut floor = [_mm512_setzero_si512(); 2];
        for (at, pair) in x.pairs.iter().enumerate() {
            let pair = _mm512_set1_epi32(*pair);
            for side in 0..2 {
                floor[side] = _mm512_dpwssd_epi32(floor[side], whole(&tiles[side].floors[at]), pair);
            }
        }
        let factor = _mm512_set1_ps(x.factors[0]);
        for (side, sums) in sums.as_chunks_mut::<OUTPUTS>().0.iter_mut().enumerate() {
            let times = |whole, factors| {
                let factors = _mm512_mul_ps(floats(factors), factor);
                _mm512_mul_ps(_mm512_cvtepi32_ps(whole), factors)
            };
            let factors = &tiles[side].factors[0];
            if F::BASED {
                let floor = times(floor[side], &tiles[side].bases[0]);
                add(sums, _mm512_sub_ps(times(total[side], factors), floor));
            } else {
                add(sums, times(_mm512_sub_epi32(total[side], floor[side]), factors));
            }
        }
    }
}

/// Blocks of 32. Six rows of 2 registers of sums and 2 of parts, 2 of weights and one of activations fill 27 of the 32.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn narrow<F: Format, const ROWS: usize>(
    tiles: &[Tile; 2],
    blocks: usize,
    x: [&Stretch; ROWS],
    sums: &mut [Sums],
) {
    let mut total = [[_mm512_setzero_ps(); 2]; ROWS];
    for (total, sums) in total.iter_mut().zip(&*sums) {
        let sums = sums.as_chunks::<OUTPUTS>().0;
        *total = [floats(&sums[0]), floats(&sums[1])];
    }
    for at in 0..blocks.min(INPUTS / 32) {
        let part = bytes::<ROWS, 8>(tiles, x, at * 8);
        for ((total, part), x) in total.iter_mut().zip(part).zip(x) {
            let factor = _mm512_set1_ps(x.factors[at]);
            let moved = _mm512_set1_epi32(F::MOVED * x.totals[at]);
            let weighed = _mm512_set1_ps(x.weighed[at]);
            for side in 0..2 {
                let part = if F::MOVED == 0 {
                    part[side]
                } else {
                    _mm512_sub_epi32(part[side], moved)
                };
                let factors = _mm512_mul_ps(floats(&tiles[side].factors[at]), factor);
                let value = _mm512_mul_ps(_mm512_cvtepi32_ps(part), factors);
                total[side] = _mm512_add_ps(total[side], value);
                if F::BASED {
                    let base = _mm512_mul_ps(floats(&tiles[side].bases[at]), weighed);
                    total[side] = _mm512_add_ps(total[side], base);
                }
            }
        }
    }
    for (total, sums) in total.into_iter().zip(sums) {
        for (total, sums) in total.into_iter().zip(sums.as_chunks_mut::<OUTPUTS>().0) {
            // SAFETY: sixteen numbers, as the register has.
            unsafe { _mm512_storeu_ps(sums.as_mut_ptr(), total) };
        }
    }
}
