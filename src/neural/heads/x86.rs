//! Products of a query and a key in whole registers.
//!
//! `unsafe` stands here for calling functions that need instructions which the processor was asked for
//! ([`Path::all`](crate::neural::instructions::Path::all)), and for loads whose places are as long as a register.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::{Arithmetic, LANES, paired, rest_of};

/// AVX512.
pub(super) struct Avx512;

impl Arithmetic for Avx512 {
    #[inline(always)]
    fn fused(a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }

    #[inline(always)]
    fn dot(a: &[f32], b: &[f32]) -> f32 {
        let (chunks, rest) = paired(a, b);
        // SAFETY: called from `attend_512` alone, which has these instructions.
        unsafe { dot_512(chunks) + rest_of::<Self>(rest) }
    }
}

/// AVX2 with FMA.
pub(super) struct Avx2;

impl Arithmetic for Avx2 {
    #[inline(always)]
    fn fused(a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }

    #[inline(always)]
    fn dot(a: &[f32], b: &[f32]) -> f32 {
        let (chunks, rest) = paired(a, b);
        // SAFETY: called from `attend_256` alone, which has these instructions.
        unsafe { dot_256(chunks) + rest_of::<Self>(rest) }
    }
}

#[inline]
#[target_feature(enable = "avx512f,fma")]
fn dot_512<'a>(chunks: impl Iterator<Item = (&'a [f32; LANES], &'a [f32; LANES])>) -> f32 {
    // SAFETY: half of a chunk is as long as the register.
    let load = |chunk: &[f32; LANES], half: usize| unsafe { _mm512_loadu_ps(chunk[16 * half..].as_ptr()) };
    let mut sums = [_mm512_setzero_ps(); 2];
    for (a, b) in chunks {
        for (half, sum) in sums.iter_mut().enumerate() {
            *sum = _mm512_fmadd_ps(load(a, half), load(b, half), *sum);
        }
    }
    let sixteen = _mm512_add_ps(sums[0], sums[1]);
    let upper = _mm512_shuffle_f32x4::<0b1110>(sixteen, sixteen);
    of_eight(_mm256_add_ps(
        _mm512_castps512_ps256(sixteen),
        _mm512_castps512_ps256(upper),
    ))
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn dot_256<'a>(chunks: impl Iterator<Item = (&'a [f32; LANES], &'a [f32; LANES])>) -> f32 {
    // SAFETY: a quarter of a chunk is as long as the register.
    let load =
        |chunk: &[f32; LANES], quarter: usize| unsafe { _mm256_loadu_ps(chunk[8 * quarter..].as_ptr()) };
    let mut sums = [_mm256_setzero_ps(); 4];
    for (a, b) in chunks {
        for (quarter, sum) in sums.iter_mut().enumerate() {
            *sum = _mm256_fmadd_ps(load(a, quarter), load(b, quarter), *sum);
        }
    }
    let [a, b, c, d] = sums;
    of_eight(_mm256_add_ps(_mm256_add_ps(a, c), _mm256_add_ps(b, d)))
}

/// The sum of eight numbers, half to half.
#[inline]
#[target_feature(enable = "avx2")]
fn of_eight(eight: __m256) -> f32 {
    let four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
    let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
}
