//! Runs of blocks with 512-bit registers and products of bytes (AVX512-VNNI).
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
pub(in super::super) fn avx512(kind: Kind, task: &mut Task<'_>, scratch: &mut Scratch) {
    // SAFETY: this path is taken only if `Path::all` found these instructions.
    unsafe { run(kind, task, scratch) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni,avx2,fma,f16c")]
fn run(kind: Kind, task: &mut Task<'_>, scratch: &mut Scratch) {
    match kind {
        Kind::Q4K => by_rows!(Q4K, Avx512, task, scratch),
        Kind::Q5K => by_rows!(Q5K, Avx512, task, scratch),
        Kind::Q6K => by_rows!(Q6K, Avx512, task, scratch),
        _ => unreachable!("other kinds have no blocks of 256"),
    }
}

struct Avx512;

/// What stands beside the weights of a run's blocks.
struct Heads {
    factors: __m512,
    /// What the floors are multiplied by; zero where the factors serve.
    bases: __m512,
    /// What is taken off, times the sum of the activations, for each 16 inputs; two of them (16 bits each) a number.
    floors: [__m512i; 8],
    /// Whole factors of each 32 inputs, a byte each; only where they are not stored in bytes.
    scales: [[u32; RUN]; 2],
}

/// A format as this path reads it. Inputs stand in their order, 64 to a register.
trait Wide: Format {
    fn heads(blocks: &[Self::Block; RUN]) -> Heads;
    /// Unsigned weights.
    fn weights(block: &Self::Block) -> [__m512i; 4];
    /// The whole factors of each two neighbours, in 16 bits.
    fn scales(block: &Self::Block, heads: &Heads, at: usize) -> [__m512i; 4];
}

impl<F: Wide> Kernel<F> for Avx512 {
    #[inline(always)]
    fn values<const ROWS: usize>(
        blocks: &[F::Block; RUN],
        rows: &[Row<'_>; ROWS],
        at: usize,
        values: [&mut [f32; RUN]; ROWS],
    ) {
        // SAFETY: called from `run` alone, which has these instructions.
        unsafe { multiply::<F, ROWS>(blocks, rows, at, values) }
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn multiply<F: Wide, const ROWS: usize>(
    blocks: &[F::Block; RUN],
    rows: &[Row<'_>; ROWS],
    at: usize,
    values: [&mut [f32; RUN]; ROWS],
) {
    let heads = F::heads(blocks);
    let mut parts = [[_mm512_setzero_si512(); RUN]; ROWS];
    let mut stretch = at;
    for (n, block) in blocks.iter().enumerate() {
        after(block);
        let (weights, scales) = (F::weights(block), F::scales(block, &heads, n));
        for (parts, row) in parts.iter_mut().zip(rows) {
            let x = &row.stretches[stretch].fours.as_chunks::<16>().0;
            // two sums, so that one product need not wait for the one before
            let mut sums = [_mm512_setzero_si512(); 2];
            for j in 0..4 {
                let products = _mm512_maddubs_epi16(weights[j], whole(&x[j]));
                sums[j % 2] = _mm512_dpwssd_epi32(sums[j % 2], products, scales[j]);
            }
            parts[n] = _mm512_add_epi32(sums[0], sums[1]);
        }
        stretch = if stretch + 1 == rows[0].stretches.len() {
            0
        } else {
            stretch + 1
        };
    }
    for ((parts, row), values) in parts.iter().zip(rows).zip(values) {
        let total = totals(parts);
        let mut floor = _mm512_setzero_si512();
        for (k, floors) in heads.floors.iter().enumerate() {
            floor = _mm512_dpwssd_epi32(floor, *floors, whole(row.pairs(k, at)));
        }
        let times = |whole, factors| {
            // SAFETY: sixteen numbers, as the register has.
            let x = unsafe { _mm512_loadu_ps(row.factors(at).as_ptr()) };
            _mm512_mul_ps(_mm512_cvtepi32_ps(whole), _mm512_mul_ps(factors, x))
        };
        let value = if F::BASED {
            _mm512_sub_ps(times(total, heads.factors), times(floor, heads.bases))
        } else {
            times(_mm512_sub_epi32(total, floor), heads.factors)
        };
        // SAFETY: sixteen numbers, as the register has.
        unsafe { _mm512_storeu_ps(values.as_mut_ptr(), value) };
    }
}

/// The sum of each register's numbers.
#[inline]
#[target_feature(enable = "avx512f")]
fn totals(parts: &[__m512i; RUN]) -> __m512i {
    // of two registers each, in turns: 2 numbers of a block, 4 blocks …
    let twos: [__m512i; 8] = std::array::from_fn(|k| {
        let (a, b) = (parts[2 * k], parts[2 * k + 1]);
        _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b))
    });
    let fours: [__m512i; 4] = std::array::from_fn(|k| {
        let (a, b) = (twos[2 * k], twos[2 * k + 1]);
        _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b))
    });
    // … and then quarters of registers
    let quarters = |a, b| {
        _mm512_add_epi32(
            _mm512_shuffle_i32x4::<0x88>(a, b),
            _mm512_shuffle_i32x4::<0xdd>(a, b),
        )
    };
    quarters(quarters(fours[0], fours[1]), quarters(fours[2], fours[3]))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn whole<T>(numbers: &[T; RUN]) -> __m512i {
    const { assert!(size_of::<[T; RUN]>() == 64) }
    // SAFETY: 64 bytes, as the register has.
    unsafe { _mm512_loadu_si512(numbers.as_ptr().cast()) }
}

/// 64 bytes of a block.
#[inline]
#[target_feature(enable = "avx512f")]
fn sixty_four(block: &[u8], at: usize) -> __m512i {
    let bytes = &block[at..at + 64];
    // SAFETY: as many bytes as the register has.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

/// 32 bytes of a block, twice.
#[inline]
#[target_feature(enable = "avx512f")]
fn twice_32(block: &[u8], at: usize) -> __m512i {
    let bytes = &block[at..at + 32];
    // SAFETY: as many bytes as the smaller register has.
    _mm512_broadcast_i64x4(unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) })
}

/// 16 bytes of a block.
#[inline]
#[target_feature(enable = "avx512f")]
fn sixteen(block: &[u8], at: usize) -> __m128i {
    let bytes = &block[at..at + 16];
    // SAFETY: as many bytes as the register has.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

/// Four numbers of sixteen bytes each at `at` of each block: number `k` of all blocks is in register `k`. Four rows of
/// four numbers lie across each register that is loaded; two rounds of unpacking turn them.
#[inline]
#[target_feature(enable = "avx512f")]
fn lanes<const BYTES: usize>(blocks: &[[u8; BYTES]; RUN], at: usize) -> [__m512i; 4] {
    let [a, b, c, d]: [__m512i; 4] = std::array::from_fn(|n| {
        let v = _mm512_castsi128_si512(sixteen(&blocks[n], at));
        let v = _mm512_inserti32x4::<1>(v, sixteen(&blocks[4 + n], at));
        let v = _mm512_inserti32x4::<2>(v, sixteen(&blocks[8 + n], at));
        _mm512_inserti32x4::<3>(v, sixteen(&blocks[12 + n], at))
    });
    let (ab, cd) = (_mm512_unpacklo_epi32(a, b), _mm512_unpacklo_epi32(c, d));
    let (ab_high, cd_high) = (_mm512_unpackhi_epi32(a, b), _mm512_unpackhi_epi32(c, d));
    [
        _mm512_unpacklo_epi64(ab, cd),
        _mm512_unpackhi_epi64(ab, cd),
        _mm512_unpacklo_epi64(ab_high, cd_high),
        _mm512_unpackhi_epi64(ab_high, cd_high),
    ]
}

/// The lower halves as half-precision numbers.
#[inline]
#[target_feature(enable = "avx512f")]
fn halves(lanes: __m512i) -> __m512 {
    _mm512_cvtph_ps(_mm512_cvtepi32_epi16(lanes))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn shifts(low: i32, high: i32) -> __m512i {
    _mm512_inserti64x4::<1>(
        _mm512_castsi256_si512(_mm256_set1_epi32(low)),
        _mm256_set1_epi32(high),
    )
}

/// The beginning that `Q4_K` and `Q5_K` share: `d`, `dmin` and twelve bytes with 6-bit numbers. Of the first four factors
/// (and floors) 6 bits lie in a byte each; the others' lower 4 bits follow, and their upper 2 are in the first bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn six_bit_heads<const BYTES: usize>(blocks: &[[u8; BYTES]; RUN]) -> Heads {
    let [both, a, b, c] = lanes(blocks, 0);
    let and = |v, mask| _mm512_and_si512(v, _mm512_set1_epi32(mask));
    let second = |low, high| {
        let high = and(_mm512_srli_epi32::<2>(high), 0x3030_3030);
        _mm512_or_si512(and(low, 0x0f0f_0f0f), high)
    };
    let scales = [and(a, 0x3f3f_3f3f), second(c, a)];
    let floors = [and(b, 0x3f3f_3f3f), second(_mm512_srli_epi32::<4>(c), b)];
    let mut heads = Heads {
        factors: halves(both),
        bases: halves(_mm512_srli_epi32::<16>(both)),
        floors: [_mm512_setzero_si512(); 8],
        scales: [[0; RUN]; 2],
    };
    for (k, twice) in heads.floors.iter_mut().enumerate() {
        // byte `k % 4` of each number to both of its halves
        let byte = (k % 4) as i32;
        let places = _mm512_set1_epi32(0x8000_8000_u32 as i32 | byte << 16 | byte);
        let first = _mm512_set4_epi32(0x0c0c_0c0c, 0x0808_0808, 0x0404_0404, 0);
        *twice = _mm512_shuffle_epi8(floors[k / 4], _mm512_add_epi8(places, and(first, 0x000f_000f)));
    }
    for (kept, scales) in heads.scales.iter_mut().zip(scales) {
        // SAFETY: sixteen numbers, as the register has.
        unsafe { _mm512_storeu_si512(kept.as_mut_ptr().cast(), scales) };
    }
    heads
}

/// Byte `2 j` of eight to each 16 bits of the lower half of register `j`, byte `2 j + 1` to those of the upper one.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn spread([low, high]: [u32; 2]) -> [__m512i; 4] {
    std::array::from_fn(|j| {
        let four = _mm512_set1_epi32(if j < 2 { low } else { high } as i32);
        let byte = 2 * (j as i32 % 2);
        let twice = |byte: i32| 0x8000_8000_u32 as i32 | byte << 16 | byte;
        _mm512_shuffle_epi8(four, shifts(twice(byte), twice(byte + 1)))
    })
}

/// Half a byte each: 64 weights from 32 bytes, the lower halves first.
#[inline]
#[target_feature(enable = "avx512f")]
fn nibbles(block: &[u8], at: usize) -> __m512i {
    let moved = _mm512_srlv_epi32(twice_32(block, at), shifts(0, 4));
    _mm512_and_si512(moved, _mm512_set1_epi8(0x0f))
}

impl Wide for Q4K {
    #[inline(always)]
    fn heads(blocks: &[Self::Block; RUN]) -> Heads {
        // SAFETY: called from `multiply` alone, which has these instructions.
        unsafe { six_bit_heads(blocks) }
    }

    #[inline(always)]
    fn weights(block: &Self::Block) -> [__m512i; 4] {
        // SAFETY: likewise.
        std::array::from_fn(|j| unsafe { nibbles(block, 16 + 32 * j) })
    }

    #[inline(always)]
    fn scales(_: &Self::Block, heads: &Heads, at: usize) -> [__m512i; 4] {
        // SAFETY: likewise.
        unsafe { spread(heads.scales.map(|scales| scales[at])) }
    }
}

impl Wide for Q5K {
    #[inline(always)]
    fn heads(blocks: &[Self::Block; RUN]) -> Heads {
        // SAFETY: called from `multiply` alone, which has these instructions.
        unsafe { six_bit_heads(blocks) }
    }

    #[inline(always)]
    fn weights(block: &Self::Block) -> [__m512i; 4] {
        // SAFETY: likewise.
        unsafe { fives(block) }
    }

    #[inline(always)]
    fn scales(_: &Self::Block, heads: &Heads, at: usize) -> [__m512i; 4] {
        // SAFETY: likewise.
        unsafe { spread(heads.scales.map(|scales| scales[at])) }
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn fives(block: &[u8; 176]) -> [__m512i; 4] {
    // bit `n` of each of these bytes is the fifth bit of a weight of 32 inputs `n`
    let fifths = twice_32(block, 16);
    std::array::from_fn(|j| {
        let n = 2 * j as i32;
        let fifth = _mm512_slli_epi32::<4>(_mm512_srlv_epi32(fifths, shifts(n, n + 1)));
        let fifth = _mm512_and_si512(fifth, _mm512_set1_epi8(0x10));
        _mm512_or_si512(nibbles(block, 48 + 32 * j), fifth)
    })
}

impl Wide for Q6K {
    #[inline(always)]
    fn heads(blocks: &[Self::Block; RUN]) -> Heads {
        // SAFETY: called from `multiply` alone, which has these instructions.
        unsafe { eight_bit_heads(blocks) }
    }

    #[inline(always)]
    fn weights(block: &Self::Block) -> [__m512i; 4] {
        // SAFETY: likewise.
        unsafe { sixes(block) }
    }

    #[inline(always)]
    fn scales(block: &Self::Block, _: &Heads, _: usize) -> [__m512i; 4] {
        // SAFETY: likewise.
        unsafe { grains(block) }
    }
}

/// `d`, and as floors 32 times the 16 signed factors: what the weights were moved up by.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn eight_bit_heads(blocks: &[[u8; 210]; RUN]) -> Heads {
    let factors =
        std::array::from_fn::<i16, RUN, _>(|n| i16::from_le_bytes([blocks[n][208], blocks[n][209]]));
    // SAFETY: sixteen halves, as the register has.
    let factors = unsafe { _mm256_loadu_si256(factors.as_ptr().cast()) };
    let mut heads = Heads {
        factors: _mm512_cvtph_ps(factors),
        bases: _mm512_setzero_ps(),
        floors: [_mm512_setzero_si512(); 8],
        scales: [[0; RUN]; 2],
    };
    let upper = _mm512_set1_epi32(0xff00_0000_u32 as i32);
    for (four, scales) in lanes(blocks, 192).into_iter().enumerate() {
        // signed bytes 0 and 1 (2 and 3) of each number to its halves, times 32
        for (pair, bytes) in [_mm512_slli_epi32::<16>(scales), scales].into_iter().enumerate() {
            let times_32 = |v| _mm512_srai_epi16::<3>(_mm512_and_si512(v, upper));
            let low = _mm512_srli_epi32::<16>(times_32(_mm512_slli_epi32::<8>(bytes)));
            heads.floors[2 * four + pair] = _mm512_or_si512(low, times_32(bytes));
        }
    }
    heads
}

/// Half `h` of a block's weights has its lower 4 bits in 64 bytes (first all lower halves), and its upper 2 in 32 bytes
/// from the lowest bits up.
#[inline]
#[target_feature(enable = "avx512f")]
fn sixes(block: &[u8; 210]) -> [__m512i; 4] {
    let mut weights = [_mm512_setzero_si512(); 4];
    for (h, pair) in weights.as_chunks_mut::<2>().0.iter_mut().enumerate() {
        let fours = sixty_four(block, 64 * h);
        let tops = _mm512_srlv_epi32(twice_32(block, 128 + 32 * h), shifts(0, 2));
        let (low, top) = (_mm512_set1_epi8(0x0f), _mm512_set1_epi8(0x30));
        let with = |four, two| _mm512_or_si512(_mm512_and_si512(four, low), _mm512_and_si512(two, top));
        *pair = [
            with(fours, _mm512_slli_epi32::<4>(tops)),
            with(_mm512_srli_epi32::<4>(fours), tops),
        ];
    }
    weights
}

/// The 16 signed factors of a block, each to the eight 16 bits of its grain.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn grains(block: &[u8; 210]) -> [__m512i; 4] {
    let scales = _mm512_castsi256_si512(_mm256_cvtepi8_epi16(sixteen(block, 192)));
    std::array::from_fn(|j| {
        let place = |n: i64| (4 * j as i64 + n) * 0x0001_0001_0001_0001;
        let places = _mm512_set_epi64(
            place(3),
            place(3),
            place(2),
            place(2),
            place(1),
            place(1),
            place(0),
            place(0),
        );
        _mm512_permutexvar_epi16(places, scales)
    })
}
