//! The sums of a panel with the vector instructions of AArch64, which every such processor has.
//!
//! `unsafe` stands here for loads and stores of whole registers, whose places are as long as a register.
#![allow(unsafe_code)]

use std::arch::aarch64::*;

use super::{Activations, BLOCKS, Block, COLUMNS, SHIFT, Task};

/// A panel.
pub(super) fn neon(task: &Task, activations: &Activations, y: &mut [f32]) {
    let depth = activations.depth;
    for (pair, numbers) in activations.numbers.chunks(2 * depth).enumerate() {
        match numbers.len() / depth {
            2 => rows::<2>(task, numbers, pair * 2, y),
            _ => rows::<1>(task, numbers, pair * 2, y),
        }
    }
}

fn rows<const ROWS: usize>(task: &Task, numbers: &[u32], row: usize, y: &mut [f32]) {
    let mut stored = [[0i32; COLUMNS]; ROWS];
    for column in 0..BLOCKS {
        // SAFETY: every AArch64 processor has NEON.
        unsafe { block(task, numbers, column, &mut stored) };
    }
    for (r, sums) in stored.iter_mut().enumerate() {
        // the shift was left out: products of signed bytes
        for (sum, total) in sums.iter_mut().zip(task.totals) {
            *sum += SHIFT * total;
        }
        task.finish(sums, row + r, y);
    }
}

/// The sums of sixteen of the panel's outputs, without the shift. Each register of four sums holds two of two outputs.
#[target_feature(enable = "neon")]
fn block<const ROWS: usize>(
    task: &Task,
    numbers: &[u32],
    column: usize,
    stored: &mut [[i32; COLUMNS]; ROWS],
) {
    let depth = numbers.len() / ROWS;
    let shift = vdup_n_s8(SHIFT as i8);
    let mut sums = [[vdupq_n_s32(0); 8]; ROWS];
    for (step, blocks) in task.blocks.as_chunks::<BLOCKS>().0.iter().enumerate() {
        let weights = eighths(&blocks[column]);
        for (r, sums) in sums.iter_mut().enumerate() {
            let four = vreinterpret_s8_u32(vdup_n_u32(numbers[r * depth + step]));
            let four = vsub_s8(four, shift);
            for (sum, weights) in sums.iter_mut().zip(weights) {
                *sum = vpadalq_s16(*sum, vmull_s8(weights, four));
            }
        }
    }
    for (stored, sums) in stored.iter_mut().zip(&sums) {
        let places = stored[column * 16..].as_chunks_mut::<4>().0;
        for (place, pair) in places.iter_mut().zip(sums.as_chunks::<2>().0) {
            // SAFETY: the place has four numbers of 32 bits, as the register has.
            unsafe { vst1q_s32(place.as_mut_ptr(), vpaddq_s32(pair[0], pair[1])) };
        }
    }
}

/// A block in registers of two outputs each.
#[target_feature(enable = "neon")]
fn eighths(block: &Block) -> [int8x8_t; 8] {
    let mut parts = [vdup_n_s8(0); 8];
    for (part, bytes) in parts.iter_mut().zip(block.0.as_chunks::<8>().0) {
        // SAFETY: eight bytes, as the register has.
        *part = unsafe { vld1_s8(bytes.as_ptr()) };
    }
    parts
}
