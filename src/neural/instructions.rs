//! Which vector instructions the processor has: one choice for all kernels.

#![allow(unsafe_code)]

use std::sync::OnceLock;

/// Which instructions a kernel computes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
pub(crate) enum Path {
    /// Any processor; what the other paths are held to.
    Portable,
    /// x86-64 of 2013 and later: AVX2, FMA and F16C.
    Avx2,
    /// x86-64 with 512-bit registers and products of bytes: AVX512 F, BW, DQ, VL and VNNI (Ice Lake, Zen 4, and later).
    Avx512,
    /// AArch64, every processor of which has it.
    #[cfg(target_arch = "aarch64")]
    Neon,
}

static BEST: OnceLock<Path> = OnceLock::new();

impl Path {
    /// The paths that this processor can take, the best last.
    pub(crate) fn all() -> Vec<Self> {
        #[allow(unused_mut)]
        let mut paths = vec![Self::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::is_x86_feature_detected as has;
            if has!("avx2") && has!("fma") && has!("f16c") {
                paths.push(Self::Avx2);
                let wide = has!("avx512f") && has!("avx512bw") && has!("avx512dq") && has!("avx512vl");
                if wide && has!("avx512vnni") {
                    paths.push(Self::Avx512);
                }
            }
        }
        #[cfg(target_arch = "aarch64")]
        paths.push(Self::Neon);
        paths
    }

    /// The best path of this processor.
    pub(crate) fn best() -> Self {
        *BEST.get_or_init(|| Self::best_of(&Self::all()))
    }

    /// From now on no path past AVX2 is the best: so that a processor with more can time it. False if something has
    /// been computed before.
    pub(crate) fn hold_to_avx2() -> bool {
        let mut paths = Self::all();
        paths.retain(|path| *path != Self::Avx512);
        BEST.set(Self::best_of(&paths)).is_ok()
    }

    fn best_of(paths: &[Self]) -> Self {
        *paths.last().unwrap_or(&Self::Portable)
    }
}

/// What [`widest`] runs. A closure does where it is short: compilers leave long ones a function of their own, which
/// is made for the narrow registers. What is longer says `#[inline(always)]` at its `run`.
pub(crate) trait Work {
    /// What comes of it.
    type Result;

    /// Does it.
    fn run(self) -> Self::Result;
}

impl<R, F: FnOnce() -> R> Work for F {
    type Result = R;

    #[inline(always)]
    fn run(self) -> R {
        self()
    }
}

/// Runs `work` as the compiler makes it for the widest registers that this processor has: for plain loops over numbers,
/// which the common code takes in the narrow ones that every processor has. What it gives is the same to the bit, since
/// compilers neither reorder sums nor fuse products with them.
pub(crate) fn widest<W: Work>(work: W) -> W::Result {
    match Path::best() {
        // SAFETY: a path is the best only if `Path::all` found its instructions.
        #[cfg(target_arch = "x86_64")]
        Path::Avx2 => unsafe { in_256(work) },
        // SAFETY: likewise.
        #[cfg(target_arch = "x86_64")]
        Path::Avx512 => unsafe { in_512(work) },
        _ => work.run(),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn in_256<W: Work>(work: W) -> W::Result {
    work.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,fma")]
fn in_512<W: Work>(work: W) -> W::Result {
    work.run()
}

/// The random numbers of the kernels' tests.
#[cfg(test)]
pub(crate) mod random {
    /// Numbers from -1 up to 1, the same for the same seed: the high bits of a linear congruential generator with the
    /// constants of Knuth's MMIX.
    pub(crate) fn numbers(seed: u64, count: usize) -> Vec<f32> {
        let mut state = seed;
        let mut next = move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1u32 << 23) as f32 - 1.0
        };
        (0..count).map(|_| next()).collect()
    }
}
