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

/// How far ahead of what is read now memory is asked for: long enough before for it to come, and near enough to stay.
#[cfg(target_arch = "x86_64")]
const DISTANCE: usize = 8 << 10;

/// Asks for what lies [`DISTANCE`] bytes after `here`, as much as that is long: for those who read front to back. A few
/// lines at a time, since a processor waits when it is asked for more than it can keep in mind.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) fn ahead<T>(here: &T) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    let there = std::ptr::from_ref(here).cast::<i8>().wrapping_add(DISTANCE);
    for line in (0..size_of::<T>()).step_by(64) {
        // SAFETY: it has no effect but on time, whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(there.wrapping_add(line)) };
    }
}
