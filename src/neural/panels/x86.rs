//! The sums of a panel with the vector instructions of x86-64.
//!
//! `unsafe` stands here for two things: calling a function that needs instructions which the processor was asked for
//! ([`Path::all`](crate::neural::instructions::Path::all)), and loads and stores of whole registers, whose places are
//! as long as a register.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::bytes::{Activations, Block, Rows};
use super::floats::{self, Line, Task};
use super::{COLUMNS, bytes, store};

/// Cuts rows into groups that share a stretch of the panel, six at the most, and calls `$rows` with their number.
macro_rules! in_groups {
    ($total:expr, $most:expr, |$from:ident, $count:ident| $($n:literal => $call:expr),+) => {
        let mut $from = 0;
        while $from < $total {
            let $count = ($total - $from).min($most);
            match $count {
                $($n => $call,)+
                _ => {}
            }
            $from += $count;
        }
    };
}

/// A panel of floats by AVX512.
pub(super) fn floats_512(task: &Task, x: &[f32], y: &mut [&mut [f32]], at: usize) {
    debug_assert!(std::arch::is_x86_feature_detected!("avx512f"));
    // SAFETY: this path is taken only if `Path::all` found these instructions.
    unsafe {
        in_groups!(y.len(), 6, |from, count|
            1 => rows_512::<1>(task, x, from, y, at),
            2 => rows_512::<2>(task, x, from, y, at),
            3 => rows_512::<3>(task, x, from, y, at),
            4 => rows_512::<4>(task, x, from, y, at),
            5 => rows_512::<5>(task, x, from, y, at),
            6 => rows_512::<6>(task, x, from, y, at));
    }
}

/// Six rows of 4 registers of sums, 4 of weights and one activation fill 29 of the 32 registers.
#[target_feature(enable = "avx512f")]
fn rows_512<const ROWS: usize>(task: &Task, x: &[f32], row: usize, y: &mut [&mut [f32]], at: usize) {
    let x: [&[f32]; ROWS] = std::array::from_fn(|r| &x[(row + r) * task.inputs..][..task.inputs]);
    let mut sums = [[_mm512_setzero_ps(); floats::LINES]; ROWS];
    for (input, lines) in task.lines.as_chunks::<{ floats::LINES }>().0.iter().enumerate() {
        let weights = lines.each_ref().map(|line| load_512(line));
        for (sums, x) in sums.iter_mut().zip(x) {
            let value = _mm512_set1_ps(x[input]);
            for (sum, weights) in sums.iter_mut().zip(weights) {
                *sum = _mm512_fmadd_ps(value, weights, *sum);
            }
        }
    }
    let mut stored = [[0f32; COLUMNS]; ROWS];
    for (stored, sums) in stored.iter_mut().zip(sums) {
        put_512(stored, sums);
    }
    store(&stored, row, y, at);
}

#[target_feature(enable = "avx512f")]
fn load_512(line: &Line) -> __m512 {
    // SAFETY: a line is 64 bytes long and aligned to 64.
    unsafe { _mm512_load_ps(line.0.as_ptr()) }
}

#[target_feature(enable = "avx512f")]
fn put_512(stored: &mut [f32; COLUMNS], sums: [__m512; COLUMNS / 16]) {
    for (place, sum) in stored.as_chunks_mut::<16>().0.iter_mut().zip(sums) {
        // SAFETY: the place has sixteen floats, as the register has.
        unsafe { _mm512_storeu_ps(place.as_mut_ptr(), sum) };
    }
}

/// A panel of floats by AVX2.
pub(super) fn floats_256(task: &Task, x: &[f32], y: &mut [&mut [f32]], at: usize) {
    debug_assert!(std::arch::is_x86_feature_detected!("fma"));
    // SAFETY: this path is taken only if `Path::all` found these instructions.
    unsafe {
        in_groups!(y.len(), 6, |from, count|
            1 => rows_256::<1>(task, x, from, y, at),
            2 => rows_256::<2>(task, x, from, y, at),
            3 => rows_256::<3>(task, x, from, y, at),
            4 => rows_256::<4>(task, x, from, y, at),
            5 => rows_256::<5>(task, x, from, y, at),
            6 => rows_256::<6>(task, x, from, y, at));
    }
}

/// A line's outputs at a time: six rows of 2 registers of sums, 2 of weights and one activation fill 15 of the 16.
#[target_feature(enable = "avx2,fma")]
fn rows_256<const ROWS: usize>(task: &Task, x: &[f32], row: usize, y: &mut [&mut [f32]], at: usize) {
    let x: [&[f32]; ROWS] = std::array::from_fn(|r| &x[(row + r) * task.inputs..][..task.inputs]);
    let mut stored = [[0f32; COLUMNS]; ROWS];
    for line in 0..floats::LINES {
        let mut sums = [[_mm256_setzero_ps(); 2]; ROWS];
        for (input, lines) in task.lines.as_chunks::<{ floats::LINES }>().0.iter().enumerate() {
            let weights = halves_256(&lines[line].0);
            for (sums, x) in sums.iter_mut().zip(x) {
                let value = _mm256_set1_ps(x[input]);
                for (sum, weights) in sums.iter_mut().zip(weights) {
                    *sum = _mm256_fmadd_ps(value, weights, *sum);
                }
            }
        }
        for (stored, sums) in stored.iter_mut().zip(sums) {
            let places = stored[line * 16..].as_chunks_mut::<8>().0;
            for (place, sum) in places.iter_mut().zip(sums) {
                // SAFETY: the place has eight floats, as the register has.
                unsafe { _mm256_storeu_ps(place.as_mut_ptr(), sum) };
            }
        }
    }
    store(&stored, row, y, at);
}

#[target_feature(enable = "avx2")]
fn halves_256(line: &[f32; 16]) -> [__m256; 2] {
    // SAFETY: a line is two registers long.
    unsafe {
        [
            _mm256_loadu_ps(line.as_ptr()),
            _mm256_loadu_ps(line[8..].as_ptr()),
        ]
    }
}

/// One output of one row: the sums that its place in a register goes through in [`floats_512`] and [`floats_256`].
pub(super) fn single(lines: &[Line], column: usize, x: &[f32]) -> f32 {
    debug_assert!(std::arch::is_x86_feature_detected!("fma"));
    // SAFETY: this path is taken only if `Path::all` found these instructions.
    unsafe { single_fma(lines, column, x) }
}

#[target_feature(enable = "fma")]
fn single_fma(lines: &[Line], column: usize, x: &[f32]) -> f32 {
    let (line, place) = (column / 16, column % 16);
    let lines = lines.as_chunks::<{ floats::LINES }>().0;
    let weights = lines.iter().map(|lines| lines[line].0[place]);
    x.iter()
        .zip(weights)
        .fold(0.0, |sum, (x, weight)| x.mul_add(weight, sum))
}

/// A panel of bytes by AVX512-VNNI: 64 products an instruction.
pub(super) fn bytes_512(blocks: &[Block], rows: &Rows, y: &mut [&mut [f32]], at: usize) {
    debug_assert!(std::arch::is_x86_feature_detected!("avx512vnni"));
    // SAFETY: this path is taken only if `Path::all` found these instructions.
    unsafe {
        in_groups!(y.len(), 3, |from, count|
            1 => byte_rows_512::<1>(blocks, rows, from, y, at),
            2 => byte_rows_512::<2>(blocks, rows, from, y, at),
            3 => byte_rows_512::<3>(blocks, rows, from, y, at));
    }
}

/// Three rows of 4 registers of whole sums and 4 of floats, 4 of weights and one activation fill 29 of the 32.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn byte_rows_512<const ROWS: usize>(
    blocks: &[Block],
    rows: &Rows,
    row: usize,
    y: &mut [&mut [f32]],
    at: usize,
) {
    let x: [&[Activations]; ROWS] =
        std::array::from_fn(|r| &rows.blocks[(row + r) * rows.depth..][..rows.depth]);
    let mut sums = [[_mm512_setzero_ps(); bytes::LINES]; ROWS];
    for (at, block) in blocks.iter().enumerate() {
        let x = x.map(|x| &x[at]);
        let mut whole = x.map(|x| [_mm512_set1_epi32(-x.shifted); bytes::LINES]);
        for (step, lines) in block.lines.iter().enumerate() {
            // SAFETY: a line is 64 bytes long and aligned to 64.
            let weights = lines
                .each_ref()
                .map(|line| unsafe { _mm512_load_si512(line.0.as_ptr().cast()) });
            for (whole, x) in whole.iter_mut().zip(x) {
                let four = _mm512_set1_epi32(x.fours[step]);
                for (sum, weights) in whole.iter_mut().zip(weights) {
                    *sum = _mm512_dpbusd_epi32(*sum, weights, four);
                }
            }
        }
        for ((sums, whole), x) in sums.iter_mut().zip(whole).zip(x) {
            let factor = _mm512_set1_ps(x.factor);
            for ((sum, whole), factors) in sums.iter_mut().zip(whole).zip(&block.factors) {
                // SAFETY: sixteen factors are as long as the register.
                let factors = unsafe { _mm512_loadu_ps(factors.as_ptr()) };
                *sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(whole), _mm512_mul_ps(factors, factor), *sum);
            }
        }
    }
    let mut stored = [[0f32; COLUMNS]; ROWS];
    for (stored, sums) in stored.iter_mut().zip(sums) {
        put_512(stored, sums);
    }
    store(&stored, row, y, at);
}

/// A panel of bytes by AVX2.
pub(super) fn bytes_256(blocks: &[Block], rows: &Rows, y: &mut [&mut [f32]], at: usize) {
    debug_assert!(std::arch::is_x86_feature_detected!("fma"));
    for row in 0..y.len() {
        let mut stored = [[0f32; COLUMNS]; 1];
        for line in 0..bytes::LINES {
            let place = &mut stored[0][line * 16..][..16];
            // SAFETY: this path is taken only if `Path::all` found these instructions.
            unsafe { byte_line_256(blocks, &rows.blocks[row * rows.depth..], line, place) };
        }
        store(&stored, row, y, at);
    }
}

/// A line's outputs of one row.
///
/// Two products of a byte up to 255 and one up to 127 do not fit into the 16 bits in which AVX2 adds them. So the
/// weights are moved down again, and the activation's sign goes to the weight: both bytes are at most 128 then.
#[target_feature(enable = "avx2,fma")]
fn byte_line_256(blocks: &[Block], x: &[Activations], line: usize, place: &mut [f32]) {
    let (top, ones) = (_mm256_set1_epi8(i8::MIN), _mm256_set1_epi16(1));
    let mut sums = [_mm256_setzero_ps(); 2];
    for (block, x) in blocks.iter().zip(x) {
        let mut whole = [_mm256_setzero_si256(); 2];
        for (step, lines) in block.lines.iter().enumerate() {
            let four = _mm256_set1_epi32(x.fours[step]);
            let sizes = _mm256_abs_epi8(four);
            for (sum, bytes) in whole.iter_mut().zip(lines[line].0.as_chunks::<32>().0) {
                // SAFETY: thirty-two bytes, as the register has.
                let weights = unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) };
                let weights = _mm256_sign_epi8(_mm256_xor_si256(weights, top), four);
                let pairs = _mm256_maddubs_epi16(sizes, weights);
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(pairs, ones));
            }
        }
        let factors = halves_256(&block.factors[line]);
        let factor = _mm256_set1_ps(x.factor);
        for ((sum, whole), factors) in sums.iter_mut().zip(whole).zip(factors) {
            *sum = _mm256_fmadd_ps(_mm256_cvtepi32_ps(whole), _mm256_mul_ps(factors, factor), *sum);
        }
    }
    for (place, sum) in place.as_chunks_mut::<8>().0.iter_mut().zip(sums) {
        // SAFETY: the place has eight floats, as the register has.
        unsafe { _mm256_storeu_ps(place.as_mut_ptr(), sum) };
    }
}
