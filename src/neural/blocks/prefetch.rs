//! Memory that will be read soon, asked for ahead.
//!
//! `unsafe` stands here for the instructions that ask, which take an address.
#![allow(unsafe_code)]

/// Bytes that will be read soon, and have not been asked for yet.
#[cfg_attr(not(any(target_arch = "x86_64", target_arch = "aarch64")), allow(dead_code))]
pub(super) struct Ahead<'a>(pub(super) &'a [u8]);

impl Ahead<'_> {
    /// Asks for the next `count` bytes, or as many as there are, to be brought near. A few lines at a time: a processor
    /// waits when it is asked for more than it can keep in mind. Processors that are not asked read when they need it.
    #[inline(always)]
    pub(super) fn ask(&mut self, count: usize) {
        let (now, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        for line in now.chunks(LINE) {
            ask(line.as_ptr());
        }
    }
}

/// What a processor brings near at a time.
const LINE: usize = 64;

#[cfg_attr(
    not(any(target_arch = "x86_64", target_arch = "aarch64")),
    allow(unused_variables)
)]
#[inline(always)]
fn ask(place: *const u8) {
    // SAFETY: every processor of these kinds has the instruction, and it has no effect but on time, whatever the address.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(place.cast());
    }
    // SAFETY: likewise.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        std::arch::asm!(
            "prfm pldl1keep, [{place}]",
            place = in(reg) place,
            options(readonly, nostack, preserves_flags),
        );
    }
}

/// How far ahead of what is read now memory is asked for: long enough before for it to come, and near enough to stay.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
const DISTANCE: usize = 8 << 10;

/// Asks for what lies [`DISTANCE`] bytes after `here`, as much as that is long: for those who read front to back.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[inline(always)]
pub(super) fn after<T>(here: &T) {
    let there = std::ptr::from_ref(here).cast::<u8>().wrapping_add(DISTANCE);
    for line in (0..size_of::<T>()).step_by(LINE) {
        ask(there.wrapping_add(line));
    }
}
