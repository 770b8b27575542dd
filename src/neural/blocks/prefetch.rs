//! Memory that will be read soon, asked for ahead.
//!
//! `unsafe` stands here for the instruction that asks, which takes an address.
#![allow(unsafe_code)]

/// Asks for the first `length` of `bytes`, or as many as there are, to be brought near. Processors that are not asked
/// read it when it is needed.
#[cfg_attr(not(target_arch = "x86_64"), allow(unused_variables))]
#[inline(always)]
pub(super) fn prefetch(bytes: &[u8], length: usize) {
    #[cfg(target_arch = "x86_64")]
    for line in bytes[..length.min(bytes.len())].chunks(64) {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        // SAFETY: every processor of this kind has the instruction, and it has no effect but on time.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(line.as_ptr().cast()) };
    }
}
