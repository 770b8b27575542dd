//! Keys or values of a growing number of positions in the processor's memory.

use std::fmt;
use std::str::FromStr;

use half::f16;

use crate::error::{Error, Result};

/// In which form keys and values are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CacheType {
    /// Single precision.
    #[default]
    F32,
    /// Half precision: half of the memory.
    F16,
    /// Bytes that share a factor by 32 (as ggml's blocks of this name): a good quarter of the memory.
    Q8_0,
}

impl FromStr for CacheType {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.to_ascii_lowercase().as_str() {
            "f32" => Ok(Self::F32),
            "f16" => Ok(Self::F16),
            "q8_0" => Ok(Self::Q8_0),
            _ => {
                Err(Error::usage(format!("`{text}` is no type of a cache")).with_hint("use f32, f16 or q8_0"))
            }
        }
    }
}

impl fmt::Display for CacheType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Q8_0 => "q8_0",
        })
    }
}

impl CacheType {
    /// Bytes of `numbers` numbers.
    pub(crate) fn bytes(self, numbers: usize) -> usize {
        match self {
            Self::F32 => 4 * numbers,
            Self::F16 => 2 * numbers,
            Self::Q8_0 => numbers + 4 * (numbers / BLOCK),
        }
    }
}

/// Bytes that share a factor.
pub(crate) const BLOCK: usize = 32;

/// Numbers one after the other.
#[derive(Clone)]
pub(crate) enum Held {
    F32(Vec<f32>),
    F16(Vec<f16>),
    Bytes { bytes: Vec<i8>, factors: Vec<f32> },
}

impl Held {
    pub(crate) fn new(kind: CacheType) -> Self {
        match kind {
            CacheType::F32 => Self::F32(Vec::new()),
            CacheType::F16 => Self::F16(Vec::new()),
            CacheType::Q8_0 => Self::Bytes {
                bytes: Vec::new(),
                factors: Vec::new(),
            },
        }
    }

    /// Makes room for `more` numbers, so that what is there need not be moved. Room that is not used takes no memory on
    /// systems that give pages out when they are written to.
    pub(crate) fn reserve(&mut self, more: usize) {
        match self {
            Self::F32(numbers) => numbers.reserve_exact(more),
            Self::F16(numbers) => numbers.reserve_exact(more),
            Self::Bytes { bytes, factors } => {
                bytes.reserve_exact(more);
                factors.reserve_exact(more / BLOCK);
            }
        }
    }

    /// Adds numbers; in bytes: whole blocks of them.
    pub(crate) fn extend(&mut self, more: &[f32]) {
        match self {
            Self::F32(numbers) => numbers.extend_from_slice(more),
            Self::F16(numbers) => numbers.extend(more.iter().map(|x| f16::from_f32(*x))),
            Self::Bytes { bytes, factors } => {
                for block in more.as_chunks::<BLOCK>().0 {
                    let largest = block.iter().fold(0f32, |most, x| most.max(x.abs()));
                    let factor = largest / 127.0;
                    let by = if factor > 0.0 { 1.0 / factor } else { 0.0 };
                    factors.push(factor);
                    bytes.extend(block.iter().map(|x| (x * by).round_ties_even() as i8));
                }
            }
        }
    }

    /// Forgets all but the first `numbers`.
    pub(crate) fn truncate(&mut self, numbers: usize) {
        match self {
            Self::F32(kept) => kept.truncate(numbers),
            Self::F16(kept) => kept.truncate(numbers),
            Self::Bytes { bytes, factors } => {
                bytes.truncate(numbers);
                factors.truncate(numbers / BLOCK);
            }
        }
    }

    /// `count` numbers from `start` on, in single precision: where they lie, or in `room`.
    #[inline(always)]
    pub(crate) fn read<'a>(&'a self, start: usize, count: usize, room: &'a mut [f32]) -> &'a [f32] {
        match self {
            Self::F32(numbers) => &numbers[start..start + count],
            Self::F16(numbers) => {
                let room = &mut room[..count];
                for (room, half) in room.iter_mut().zip(&numbers[start..start + count]) {
                    *room = single(half.to_bits());
                }
                room
            }
            Self::Bytes { bytes, factors } => {
                let room = &mut room[..count];
                let blocks = bytes[start..start + count].as_chunks::<BLOCK>().0;
                let factors = &factors[start / BLOCK..];
                for ((room, bytes), factor) in room
                    .as_chunks_mut::<BLOCK>()
                    .0
                    .iter_mut()
                    .zip(blocks)
                    .zip(factors)
                {
                    for (room, byte) in room.iter_mut().zip(bytes) {
                        *room = f32::from(*byte) * factor;
                    }
                }
                room
            }
        }
    }
}

/// Half precision to single, without a branch, so that compilers make vectors of it: the bits of the exponent and of the
/// fraction move up, and a factor makes good that the exponents count from elsewhere.
#[inline(always)]
fn single(half: u16) -> f32 {
    let half = u32::from(half);
    let size = f32::from_bits((half & 0x7fff) << 13) * f32::from_bits((127 + 112) << 23);
    f32::from_bits(size.to_bits() | (half & 0x8000) << 16)
}

#[cfg(test)]
mod tests {
    use super::super::instructions::random;
    use super::*;

    #[test]
    fn what_is_held_is_read_back_as_nearly_as_its_form_allows() {
        let numbers: Vec<f32> = random::numbers(5, 256).iter().map(|x| x * 4.0).collect();
        for (kind, within) in [
            (CacheType::F32, 0.0),
            (CacheType::F16, 4.0 / 2048.0),
            (CacheType::Q8_0, 4.0 / 254.0 + 1e-6),
        ] {
            let mut held = Held::new(kind);
            held.reserve(512);
            held.extend(&numbers);
            held.extend(&numbers);
            held.truncate(256);
            held.extend(&numbers[32..64]);
            let mut room = [0.0; 64];
            for (start, from) in [(0, 0), (64, 64), (256, 32)] {
                let count = if start == 256 { 32 } else { 64 };
                for (found, number) in held.read(start, count, &mut room).iter().zip(&numbers[from..]) {
                    assert!((found - number).abs() <= within, "{kind}: {found} was {number}");
                }
            }
        }
    }

    #[test]
    fn every_number_of_half_precision_is_read_as_it_is() {
        for bits in 0..=u16::MAX {
            let half = f16::from_bits(bits);
            if half.is_finite() {
                assert_eq!(single(bits).to_bits(), half.to_f32().to_bits(), "{half}");
            }
        }
    }

    #[test]
    fn an_unknown_type_is_refused_by_its_name() {
        for kind in [CacheType::F32, CacheType::F16, CacheType::Q8_0] {
            assert_eq!(kind.to_string().parse::<CacheType>().ok(), Some(kind));
        }
        let error = "q4_0".parse::<CacheType>().expect_err("not implemented");
        assert!(error.to_string().contains("q4_0"));
        assert_eq!(error.exit_code(), 2);
    }
}
