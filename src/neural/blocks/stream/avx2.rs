//! Runs of blocks with 256-bit registers.
//!
//! `unsafe` stands here for calling functions that need instructions which the processor was asked for
//! ([`Path::all`](crate::neural::instructions::Path::all)), and for loads and stores whose places are as long as what is
//! moved.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::{Kernel, RUN, Row, by_rows};
use crate::neural::blocks::formats::{Format, Q4K, Q5K, Q6K};
use crate::neural::blocks::prefetch::after;
use crate::neural::blocks::{Kind, Scratch, Task};

/// Multiplies a task of few rows; the kind must be one of blocks of 256.
pub(in super::super) fn avx2(kind: Kind, task: &mut Task<'_>, scratch: &mut Scratch) {
    // SAFETY: this path is taken only if `Path::all` found these instructions.
    unsafe { run(kind, task, scratch) }
}

#[target_feature(enable = "avx2,fma,f16c")]
fn run(kind: Kind, task: &mut Task<'_>, scratch: &mut Scratch) {
    match kind {
        Kind::Q4K => by_rows!(Q4K, Avx2, task, scratch),
        Kind::Q5K => by_rows!(Q5K, Avx2, task, scratch),
        Kind::Q6K => by_rows!(Q6K, Avx2, task, scratch),
        _ => unreachable!("other kinds have no blocks of 256"),
    }
}

struct Avx2;

/// What stands beside the weights of eight blocks of a run.
struct Heads {
    factors: __m256,
    /// What the floors are multiplied by; zero where the factors serve.
    bases: __m256,
    /// What is taken off, times the sum of the activations, for each 16 inputs; two of them (16 bits each) a number.
    floors: [__m256i; 8],
    /// Whole factors of each 32 inputs, a byte each; only where they are not stored in bytes.
    scales: [[u32; HALF]; 2],
}

/// Blocks whose numbers a register holds.
const HALF: usize = RUN / 2;

/// A format as this path reads it. Inputs stand in their order, 32 to a register.
trait Wide: Format {
    fn heads(blocks: &[Self::Block; HALF]) -> Heads;
    /// Unsigned weights of 32 inputs.
    fn weights(block: &Self::Block, j: usize) -> __m256i;
    /// The whole factors of each two neighbours of these, in 16 bits.
    fn scales(block: &Self::Block, heads: &Heads, at: usize, j: usize) -> __m256i;
}

impl<F: Wide> Kernel<F> for Avx2 {
    #[inline(always)]
    fn values<const ROWS: usize>(
        blocks: &[F::Block; RUN],
        rows: &[Row<'_>; ROWS],
        at: usize,
        mut values: [&mut [f32; RUN]; ROWS],
    ) {
        let mut at = at;
        for (half, blocks) in blocks.as_chunks().0.iter().enumerate() {
            let values = values
                .each_mut()
                .map(|values| &mut values.as_chunks_mut().0[half]);
            // SAFETY: called from `run` alone, which has these instructions.
            at = unsafe { multiply::<F, ROWS>(blocks, rows, at, values) };
        }
    }
}

/// Gives the stretch after the last block's.
#[inline]
#[target_feature(enable = "avx2,f16c")]
fn multiply<F: Wide, const ROWS: usize>(
    blocks: &[F::Block; HALF],
    rows: &[Row<'_>; ROWS],
    at: usize,
    values: [&mut [f32; HALF]; ROWS],
) -> usize {
    let heads = F::heads(blocks);
    let mut parts = [[_mm256_setzero_si256(); HALF]; ROWS];
    let mut stretch = at;
    for (n, block) in blocks.iter().enumerate() {
        after(block);
        for j in 0..8 {
            let (weights, scales) = (F::weights(block, j), F::scales(block, &heads, n, j));
            for (parts, row) in parts.iter_mut().zip(rows) {
                let x = &row.stretches[stretch].fours.as_chunks::<HALF>().0[j];
                let products = _mm256_maddubs_epi16(weights, whole(x));
                parts[n] = _mm256_add_epi32(parts[n], _mm256_madd_epi16(products, scales));
            }
        }
        stretch = if stretch + 1 == rows[0].stretches.len() {
            0
        } else {
            stretch + 1
        };
    }
    for ((parts, row), values) in parts.iter().zip(rows).zip(values) {
        let total = totals(parts);
        let mut floor = _mm256_setzero_si256();
        for (k, floors) in heads.floors.iter().enumerate() {
            let pairs = whole(&row.pairs(k, at)[..HALF].as_chunks().0[0]);
            floor = _mm256_add_epi32(floor, _mm256_madd_epi16(*floors, pairs));
        }
        let x = &row.factors(at)[..HALF];
        let times = |whole, factors| {
            // SAFETY: eight numbers, as the register has.
            let x = unsafe { _mm256_loadu_ps(x.as_ptr()) };
            _mm256_mul_ps(_mm256_cvtepi32_ps(whole), _mm256_mul_ps(factors, x))
        };
        let value = if F::BASED {
            _mm256_sub_ps(times(total, heads.factors), times(floor, heads.bases))
        } else {
            times(_mm256_sub_epi32(total, floor), heads.factors)
        };
        // SAFETY: eight numbers, as the register has.
        unsafe { _mm256_storeu_ps(values.as_mut_ptr(), value) };
    }
    stretch
}

/// The sum of each register's numbers.
#[inline]
#[target_feature(enable = "avx2")]
fn totals(parts: &[__m256i; HALF]) -> __m256i {
    // of two registers each, in turns: 2 numbers of a block, 4 blocks; then halves of registers
    let twos: [__m256i; 4] = std::array::from_fn(|k| {
        let (a, b) = (parts[2 * k], parts[2 * k + 1]);
        _mm256_add_epi32(_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b))
    });
    let fours: [__m256i; 2] = std::array::from_fn(|k| {
        let (a, b) = (twos[2 * k], twos[2 * k + 1]);
        _mm256_add_epi32(_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b))
    });
    let [a, b] = fours;
    _mm256_add_epi32(
        _mm256_permute2x128_si256::<0x20>(a, b),
        _mm256_permute2x128_si256::<0x31>(a, b),
    )
}

#[inline]
#[target_feature(enable = "avx2")]
fn whole(numbers: &[i32; HALF]) -> __m256i {
    // SAFETY: eight numbers, as the register has.
    unsafe { _mm256_loadu_si256(numbers.as_ptr().cast()) }
}

/// 32 bytes of a block.
#[inline]
#[target_feature(enable = "avx2")]
fn thirty_two(block: &[u8], at: usize) -> __m256i {
    let bytes = &block[at..at + 32];
    // SAFETY: as many bytes as the register has.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

/// 16 bytes of a block.
#[inline]
#[target_feature(enable = "avx2")]
fn sixteen(block: &[u8], at: usize) -> __m128i {
    let bytes = &block[at..at + 16];
    // SAFETY: as many bytes as the register has.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

/// Four numbers of sixteen bytes each at `at` of each block: number `k` of all blocks is in register `k`. Two rows of four
/// numbers lie across each register that is loaded; two rounds of unpacking turn them.
#[inline]
#[target_feature(enable = "avx2")]
fn lanes<const BYTES: usize>(blocks: &[[u8; BYTES]; HALF], at: usize) -> [__m256i; 4] {
    let [a, b, c, d]: [__m256i; 4] = std::array::from_fn(|n| {
        let low = _mm256_castsi128_si256(sixteen(&blocks[n], at));
        _mm256_inserti128_si256::<1>(low, sixteen(&blocks[4 + n], at))
    });
    let (ab, cd) = (_mm256_unpacklo_epi32(a, b), _mm256_unpacklo_epi32(c, d));
    let (ab_high, cd_high) = (_mm256_unpackhi_epi32(a, b), _mm256_unpackhi_epi32(c, d));
    [
        _mm256_unpacklo_epi64(ab, cd),
        _mm256_unpackhi_epi64(ab, cd),
        _mm256_unpacklo_epi64(ab_high, cd_high),
        _mm256_unpackhi_epi64(ab_high, cd_high),
    ]
}

/// The lower halves as half-precision numbers.
#[inline]
#[target_feature(enable = "avx2,f16c")]
fn halves(lanes: __m256i) -> __m256 {
    let lower = _mm256_and_si256(lanes, _mm256_set1_epi32(0xffff));
    let packed = _mm256_permute4x64_epi64::<0x08>(_mm256_packus_epi32(lower, lower));
    _mm256_cvtph_ps(_mm256_castsi256_si128(packed))
}

/// The beginning that `Q4_K` and `Q5_K` share: `d`, `dmin` and twelve bytes with 6-bit numbers. Of the first four factors
/// (and floors) 6 bits lie in a byte each; the others' lower 4 bits follow, and their upper 2 are in the first bytes.
#[inline]
#[target_feature(enable = "avx2,f16c")]
fn six_bit_heads<const BYTES: usize>(blocks: &[[u8; BYTES]; HALF]) -> Heads {
    let [both, a, b, c] = lanes(blocks, 0);
    let and = |v, mask| _mm256_and_si256(v, _mm256_set1_epi32(mask));
    let second = |low, high| {
        let high = and(_mm256_srli_epi32::<2>(high), 0x3030_3030);
        _mm256_or_si256(and(low, 0x0f0f_0f0f), high)
    };
    let scales = [and(a, 0x3f3f_3f3f), second(c, a)];
    let floors = [and(b, 0x3f3f_3f3f), second(_mm256_srli_epi32::<4>(c), b)];
    let mut heads = Heads {
        factors: halves(both),
        bases: halves(_mm256_srli_epi32::<16>(both)),
        floors: [_mm256_setzero_si256(); 8],
        scales: [[0; HALF]; 2],
    };
    for (k, twice) in heads.floors.iter_mut().enumerate() {
        // byte `k % 4` of each number to both of its halves
        let byte = _mm256_set1_epi32(8 * (k % 4) as i32);
        let once = and(_mm256_srlv_epi32(floors[k / 4], byte), 0xff);
        *twice = _mm256_or_si256(_mm256_slli_epi32::<16>(once), once);
    }
    for (kept, scales) in heads.scales.iter_mut().zip(scales) {
        // SAFETY: eight numbers, as the register has.
        unsafe { _mm256_storeu_si256(kept.as_mut_ptr().cast(), scales) };
    }
    heads
}

/// Byte `j` of eight to each 16 bits.
#[inline]
#[target_feature(enable = "avx2")]
fn spread(scales: [u32; 2], j: usize) -> __m256i {
    _mm256_set1_epi16((scales[j / 4] >> (8 * (j % 4)) & 0xff) as i16)
}

/// Half a byte each: the lower or the upper halves of 32 bytes.
#[inline]
#[target_feature(enable = "avx2")]
fn nibbles(block: &[u8], at: usize, upper: bool) -> __m256i {
    let bytes = thirty_two(block, at);
    let moved = if upper {
        _mm256_srli_epi32::<4>(bytes)
    } else {
        bytes
    };
    _mm256_and_si256(moved, _mm256_set1_epi8(0x0f))
}

impl Wide for Q4K {
    #[inline(always)]
    fn heads(blocks: &[Self::Block; HALF]) -> Heads {
        // SAFETY: called from `multiply` alone, which has these instructions.
        unsafe { six_bit_heads(blocks) }
    }

    #[inline(always)]
    fn weights(block: &Self::Block, j: usize) -> __m256i {
        // SAFETY: likewise.
        unsafe { nibbles(block, 16 + j / 2 * 32, j % 2 == 1) }
    }

    #[inline(always)]
    fn scales(_: &Self::Block, heads: &Heads, at: usize, j: usize) -> __m256i {
        // SAFETY: likewise.
        unsafe { spread(heads.scales.map(|scales| scales[at]), j) }
    }
}

impl Wide for Q5K {
    #[inline(always)]
    fn heads(blocks: &[Self::Block; HALF]) -> Heads {
        // SAFETY: called from `multiply` alone, which has these instructions.
        unsafe { six_bit_heads(blocks) }
    }

    #[inline(always)]
    fn weights(block: &Self::Block, j: usize) -> __m256i {
        // SAFETY: likewise.
        unsafe { five(block, j) }
    }

    #[inline(always)]
    fn scales(_: &Self::Block, heads: &Heads, at: usize, j: usize) -> __m256i {
        // SAFETY: likewise.
        unsafe { spread(heads.scales.map(|scales| scales[at]), j) }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn five(block: &[u8; 176], j: usize) -> __m256i {
    // bit `j` of each of these bytes is the fifth bit of a weight of 32 inputs `j`
    let moved = _mm256_srlv_epi32(thirty_two(block, 16), _mm256_set1_epi32(j as i32));
    let fifth = _mm256_and_si256(_mm256_slli_epi32::<4>(moved), _mm256_set1_epi8(0x10));
    _mm256_or_si256(nibbles(block, 48 + j / 2 * 32, j % 2 == 1), fifth)
}

impl Wide for Q6K {
    #[inline(always)]
    fn heads(blocks: &[Self::Block; HALF]) -> Heads {
        // SAFETY: called from `multiply` alone, which has these instructions.
        unsafe { eight_bit_heads(blocks) }
    }

    #[inline(always)]
    fn weights(block: &Self::Block, j: usize) -> __m256i {
        // SAFETY: likewise.
        unsafe { six(block, j) }
    }

    #[inline(always)]
    fn scales(block: &Self::Block, _: &Heads, _: usize, j: usize) -> __m256i {
        // SAFETY: likewise.
        unsafe { grains(block, j) }
    }
}

/// `d`, and as floors 32 times the 16 signed factors: what the weights were moved up by.
#[inline]
#[target_feature(enable = "avx2,f16c")]
fn eight_bit_heads(blocks: &[[u8; 210]; HALF]) -> Heads {
    let factors =
        std::array::from_fn::<i16, HALF, _>(|n| i16::from_le_bytes([blocks[n][208], blocks[n][209]]));
    // SAFETY: eight halves, as the register has.
    let factors = unsafe { _mm_loadu_si128(factors.as_ptr().cast()) };
    let mut heads = Heads {
        factors: _mm256_cvtph_ps(factors),
        bases: _mm256_setzero_ps(),
        floors: [_mm256_setzero_si256(); 8],
        scales: [[0; HALF]; 2],
    };
    let upper = _mm256_set1_epi32(0xff00_0000_u32 as i32);
    for (four, scales) in lanes(blocks, 192).into_iter().enumerate() {
        // signed bytes 0 and 1 (2 and 3) of each number to its halves, times 32
        for (pair, bytes) in [_mm256_slli_epi32::<16>(scales), scales].into_iter().enumerate() {
            let times_32 = |v| _mm256_srai_epi16::<3>(_mm256_and_si256(v, upper));
            let low = _mm256_srli_epi32::<16>(times_32(_mm256_slli_epi32::<8>(bytes)));
            heads.floors[2 * four + pair] = _mm256_or_si256(low, times_32(bytes));
        }
    }
    heads
}

/// Each half of a block's weights has its lower 4 bits in 64 bytes (first all lower halves), and its upper 2 in 32 bytes
/// from the lowest bits up.
#[inline]
#[target_feature(enable = "avx2")]
fn six(block: &[u8; 210], j: usize) -> __m256i {
    let (half, quarter) = (j / 4, j % 4);
    let tops = thirty_two(block, 128 + 32 * half);
    let tops = _mm256_srlv_epi32(tops, _mm256_set1_epi32(2 * quarter as i32));
    let tops = _mm256_and_si256(_mm256_slli_epi32::<4>(tops), _mm256_set1_epi8(0x30));
    _mm256_or_si256(nibbles(block, 64 * half + quarter % 2 * 32, quarter >= 2), tops)
}

/// The two signed factors of 32 inputs, each to the eight 16 bits of its grain.
#[inline]
#[target_feature(enable = "avx2")]
fn grains(block: &[u8; 210], j: usize) -> __m256i {
    let scales = _mm256_broadcastsi128_si256(sixteen(block, 192));
    // to the upper byte of each 16 bits, and down again with its sign
    let place = |n: usize| _mm_set1_epi16(((2 * j + n) << 8 | 0x80) as i16);
    let places = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(place(0)), place(1));
    _mm256_srai_epi16::<8>(_mm256_shuffle_epi8(scales, places))
}
