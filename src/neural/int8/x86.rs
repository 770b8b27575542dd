//! The sums of a panel with the vector instructions of x86-64.
//!
//! `unsafe` stands here for two things: calling a function that needs instructions which the processor was asked for
//! ([`Path::all`](crate::neural::instructions::Path::all)), and loads of whole registers from blocks, whose size and
//! alignment are those of a register.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::{Activations, BLOCKS, Block, COLUMNS, SHIFT, Task};

/// A panel by AVX512-VNNI: 64 products of bytes an instruction.
pub(super) fn avx512_vnni(task: &Task, activations: &Activations, y: &mut [f32]) {
    debug_assert!(std::arch::is_x86_feature_detected!("avx512vnni"));
    // SAFETY: this path is taken only if `Path::all` found these instructions.
    unsafe { panel_512(task, activations, y) }
}

/// A panel by AVX2.
pub(super) fn avx2(task: &Task, activations: &Activations, y: &mut [f32]) {
    debug_assert!(std::arch::is_x86_feature_detected!("avx2"));
    // SAFETY: this path is taken only if `Path::all` found these instructions.
    unsafe { panel_256(task, activations, y) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn panel_512(task: &Task, activations: &Activations, y: &mut [f32]) {
    let depth = activations.depth;
    let mut numbers = activations.numbers.as_slice();
    let mut row = 0;
    // 6 · 4 sums, 4 weights and one activation fill 29 of the 32 registers
    while numbers.len() >= 6 * depth {
        rows_512::<6>(task, &numbers[..6 * depth], row, y);
        numbers = &numbers[6 * depth..];
        row += 6;
    }
    match numbers.len() / depth {
        1 => rows_512::<1>(task, numbers, row, y),
        2 => rows_512::<2>(task, numbers, row, y),
        3 => rows_512::<3>(task, numbers, row, y),
        4 => rows_512::<4>(task, numbers, row, y),
        5 => rows_512::<5>(task, numbers, row, y),
        _ => {}
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn rows_512<const ROWS: usize>(task: &Task, numbers: &[u32], row: usize, y: &mut [f32]) {
    let depth = numbers.len() / ROWS;
    let mut sums = [[_mm512_setzero_si512(); BLOCKS]; ROWS];
    for (step, blocks) in task.blocks.as_chunks::<BLOCKS>().0.iter().enumerate() {
        let weights = blocks.each_ref().map(|block| load_512(block));
        for (r, sums) in sums.iter_mut().enumerate() {
            let four = _mm512_set1_epi32(numbers[r * depth + step] as i32);
            for (sum, weights) in sums.iter_mut().zip(weights) {
                *sum = _mm512_dpbusd_epi32(*sum, four, weights);
            }
        }
    }
    for (r, sums) in sums.iter().enumerate() {
        let mut stored = [0i32; COLUMNS];
        for (place, sum) in stored.as_chunks_mut::<16>().0.iter_mut().zip(sums) {
            // SAFETY: the place has sixteen numbers of 32 bits, as the register has.
            unsafe { _mm512_storeu_si512(place.as_mut_ptr().cast(), *sum) };
        }
        task.finish(&stored, row + r, y);
    }
}

#[target_feature(enable = "avx512f")]
fn load_512(block: &Block) -> __m512i {
    // SAFETY: a block is 64 bytes long and aligned to 64.
    unsafe { _mm512_load_si512(std::ptr::from_ref(block).cast()) }
}

#[target_feature(enable = "avx2")]
fn panel_256(task: &Task, activations: &Activations, y: &mut [f32]) {
    let depth = activations.depth;
    let mut numbers = activations.numbers.as_slice();
    let mut row = 0;
    while numbers.len() >= 2 * depth {
        rows_256::<2>(task, &numbers[..2 * depth], row, y);
        numbers = &numbers[2 * depth..];
        row += 2;
    }
    if !numbers.is_empty() {
        rows_256::<1>(task, numbers, row, y);
    }
}

#[target_feature(enable = "avx2")]
fn rows_256<const ROWS: usize>(task: &Task, numbers: &[u32], row: usize, y: &mut [f32]) {
    let mut stored = [[0i32; COLUMNS]; ROWS];
    for half in 0..2 {
        let sums = half_256::<ROWS>(task, numbers, half);
        for (stored, sums) in stored.iter_mut().zip(sums) {
            let places = stored[half * 32..].as_chunks_mut::<8>().0;
            for (place, sum) in places.iter_mut().zip(sums) {
                // SAFETY: the place has eight numbers of 32 bits, as the register has.
                unsafe { _mm256_storeu_si256(place.as_mut_ptr().cast(), sum) };
            }
        }
    }
    for (r, sums) in stored.iter_mut().enumerate() {
        // the shift was left out, see below
        for (sum, total) in sums.iter_mut().zip(task.totals) {
            *sum += SHIFT * total;
        }
        task.finish(sums, row + r, y);
    }
}

/// The sums of 32 of the panel's outputs, without the shift.
///
/// Two products of a byte up to 254 and one up to 127 do not fit into the 16 bits in which AVX2 adds them. So the
/// activation's sign goes to the weight, and both bytes are at most 127: two products are at most 32,258.
#[target_feature(enable = "avx2")]
fn half_256<const ROWS: usize>(task: &Task, numbers: &[u32], half: usize) -> [[__m256i; 4]; ROWS] {
    let depth = numbers.len() / ROWS;
    let (shift, ones) = (_mm256_set1_epi8(SHIFT as i8), _mm256_set1_epi16(1));
    let mut sums = [[_mm256_setzero_si256(); 4]; ROWS];
    for (step, blocks) in task.blocks.as_chunks::<BLOCKS>().0.iter().enumerate() {
        let [low, high] = [&blocks[half * 2], &blocks[half * 2 + 1]];
        let weights = [
            load_256(low, 0),
            load_256(low, 1),
            load_256(high, 0),
            load_256(high, 1),
        ];
        for (r, sums) in sums.iter_mut().enumerate() {
            let four = _mm256_set1_epi32(numbers[r * depth + step] as i32);
            let four = _mm256_sub_epi8(four, shift);
            let sizes = _mm256_abs_epi8(four);
            for (sum, weights) in sums.iter_mut().zip(weights) {
                let pairs = _mm256_maddubs_epi16(sizes, _mm256_sign_epi8(weights, four));
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(pairs, ones));
            }
        }
    }
    sums
}

/// Half a block.
#[target_feature(enable = "avx2")]
fn load_256(block: &Block, half: usize) -> __m256i {
    let half = &block.0.as_chunks::<32>().0[half];
    // SAFETY: half a block is 32 bytes long and aligned to 32.
    unsafe { _mm256_load_si256(std::ptr::from_ref(half).cast()) }
}
