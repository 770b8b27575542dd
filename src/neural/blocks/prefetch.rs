//! Memory that will be read soon, asked for ahead.
//!
//! `unsafe` stands here for the instruction that asks, which takes an address.
#![allow(unsafe_code)]

/// Bytes that will be read soon, and have not been asked for yet.
pub(super) struct Ahead<'a>(pub(super) &'a [u8]);

impl Ahead<'_> {
    /// Asks for the next `count` bytes, or as many as there are, to be brought near. A few lines at a time: a processor
    /// waits when it is asked for more than it can keep in mind. Processors that are not asked read when they need it.
    #[cfg_attr(not(target_arch = "x86_64"), allow(unused_variables))]
    #[inline(always)]
    pub(super) fn ask(&mut self, count: usize) {
        #[cfg(target_arch = "x86_64")]
        {
            let (now, rest) = self.0.split_at(count.min(self.0.len()));
            self.0 = rest;
            for line in now.chunks(LINE) {
                ask(line.as_ptr());
            }
        }
    }
}

/// What a processor brings near at a time.
#[cfg(target_arch = "x86_64")]
const LINE: usize = 64;

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn ask(place: *const u8) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: every processor of this kind has the instruction, and it has no effect but on time, whatever the address.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(place.cast()) };
}

/// How far ahead of what is read now memory is asked for: long enough before for it to come, and near enough to stay.
#[cfg(target_arch = "x86_64")]
const DISTANCE: usize = 8 << 10;

/// Asks for what lies [`DISTANCE`] bytes after `here`, as much as that is long: for those who read front to back.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) fn after<T>(here: &T) {
    let there = std::ptr::from_ref(here).cast::<u8>().wrapping_add(DISTANCE);
    for line in (0..size_of::<T>()).step_by(LINE) {
        ask(there.wrapping_add(line));
    }
}
