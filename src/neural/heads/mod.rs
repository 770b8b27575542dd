//! The queries of one head, or of those that share keys, over the keys and values of many positions.
//!
//! Sums are built in an order that depends on the numbers' own places alone, never on how positions are cut into parts or
//! on what is computed beside: so a sequence gives the same bits alone, in a batch, with a shared beginning and however
//! its tokens are cut into steps. Vector instructions are chosen at run time; but for those of the scores, of which
//! compilers make vectors of two numbers, they are the compiler's.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
mod x86;

use super::held::Held;
use super::instructions::Path;

/// Positions of a part of a sequence, as a head sees them.
#[derive(Clone, Copy)]
pub(crate) struct Part<'a> {
    pub(crate) keys: &'a Held,
    pub(crate) values: &'a Held,
    /// The first position that is seen, and the one after the last.
    pub(crate) from: usize,
    pub(crate) to: usize,
}

/// Where the numbers of a head stand among those of a position.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    /// Numbers of a position: of all heads.
    pub(crate) stride: usize,
    /// Where the head's begin.
    pub(crate) offset: usize,
    /// How many the head has.
    pub(crate) size: usize,
}

/// Room for work.
#[derive(Default)]
pub(crate) struct Scratch {
    /// `(queries, positions)`
    scores: Vec<f32>,
    /// The sum of each query's scores.
    totals: Vec<f32>,
    /// Some positions in single precision.
    room: Vec<f32>,
}

/// `softmax(scale · q kᵀ) v` for queries that share keys, `(queries, size)` one after the other; `mixed` is overwritten.
pub(crate) fn attend(
    queries: &[f32],
    parts: &[Part<'_>],
    place: Place,
    scale: f32,
    mixed: &mut [f32],
    scratch: &mut Scratch,
    path: Path,
) {
    match path {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `Path::all` gives this path only where the processor has these instructions.
        Path::Avx512 => unsafe { attend_512(queries, parts, place, scale, mixed, scratch) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Path::Avx2 => unsafe { attend_256(queries, parts, place, scale, mixed, scratch) },
        #[cfg(target_arch = "aarch64")]
        // every processor of this kind multiplies and adds at once
        Path::Neon => by::<Fused>(queries, parts, place, scale, mixed, scratch),
        _ => by::<Plain>(queries, parts, place, scale, mixed, scratch),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,fma")]
fn attend_512(
    queries: &[f32],
    parts: &[Part<'_>],
    place: Place,
    scale: f32,
    mixed: &mut [f32],
    scratch: &mut Scratch,
) {
    by::<x86::Avx512>(queries, parts, place, scale, mixed, scratch);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn attend_256(
    queries: &[f32],
    parts: &[Part<'_>],
    place: Place,
    scale: f32,
    mixed: &mut [f32],
    scratch: &mut Scratch,
) {
    by::<x86::Avx2>(queries, parts, place, scale, mixed, scratch);
}

/// Positions whose values are mixed at a time.
const AT_ONCE: usize = 4;
/// Sums that run side by side.
const LANES: usize = 32;

/// How numbers are multiplied and added.
trait Arithmetic {
    /// `a b + c`
    fn fused(a: f32, b: f32, c: f32) -> f32;

    /// The product of a query and a key: [`LANES`] sums side by side, added half to half, and what is over one by one.
    #[inline(always)]
    fn dot(a: &[f32], b: &[f32]) -> f32 {
        let (chunks, rest) = paired(a, b);
        let mut sums = [0f32; LANES];
        for (a, b) in chunks {
            for lane in 0..LANES {
                sums[lane] = Self::fused(a[lane], b[lane], sums[lane]);
            }
        }
        total(sums) + rest_of::<Self>(rest)
    }
}

/// Product and sum are each rounded.
struct Plain;

impl Arithmetic for Plain {
    #[inline(always)]
    fn fused(a: f32, b: f32, c: f32) -> f32 {
        a * b + c
    }
}

/// Rounded once.
#[cfg(target_arch = "aarch64")]
struct Fused;

#[cfg(target_arch = "aarch64")]
impl Arithmetic for Fused {
    #[inline(always)]
    fn fused(a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }
}

#[inline(always)]
fn by<A: Arithmetic>(
    queries: &[f32],
    parts: &[Part<'_>],
    place: Place,
    scale: f32,
    mixed: &mut [f32],
    scratch: &mut Scratch,
) {
    let size = place.size;
    let count = queries.len() / size;
    let seen: usize = parts.iter().map(|part| part.to - part.from).sum();
    let Scratch { scores, totals, room } = scratch;
    scores.clear();
    scores.resize(count * seen, 0.0);
    room.resize(AT_ONCE * size, 0.0);
    let mut at = 0;
    for part in parts {
        for position in part.from..part.to {
            let key = part.keys.read(position * place.stride + place.offset, size, room);
            for (query, scores) in queries.chunks_exact(size).zip(scores.chunks_exact_mut(seen)) {
                scores[at] = A::dot(query, key) * scale;
            }
            at += 1;
        }
    }
    totals.clear();
    // a loop, not an iterator's closure: what is called from there is compiled without the instructions chosen here
    for scores in scores.chunks_exact_mut(seen) {
        totals.push(exponentials::<A>(scores));
    }
    mixed.fill(0.0);
    let mut at = 0;
    for part in parts {
        let mut position = part.from;
        while position < part.to {
            let now = AT_ONCE.min(part.to - position);
            let mut values: [&[f32]; AT_ONCE] = [&[]; AT_ONCE];
            let rooms = room.chunks_exact_mut(size);
            for ((values, room), ahead) in values.iter_mut().zip(rooms).zip(0..now) {
                let start = (position + ahead) * place.stride + place.offset;
                *values = part.values.read(start, size, room);
            }
            for (scores, mixed) in scores.chunks_exact(seen).zip(mixed.chunks_exact_mut(size)) {
                mix::<A>(&scores[at..at + now], &values, mixed);
            }
            position += now;
            at += now;
        }
    }
    for (mixed, total) in mixed.chunks_exact_mut(size).zip(&*totals) {
        mixed.iter_mut().for_each(|m| *m /= *total);
    }
}

type Pair<'a> = (&'a [f32], &'a [f32]);

/// The chunks of two slices, and what is over.
#[inline(always)]
fn paired<'a>(
    a: &'a [f32],
    b: &'a [f32],
) -> (
    impl Iterator<Item = (&'a [f32; LANES], &'a [f32; LANES])>,
    Pair<'a>,
) {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks(), b.as_chunks());
    (a.iter().zip(b), (a_rest, b_rest))
}

#[inline(always)]
fn rest_of<A: Arithmetic + ?Sized>((a, b): Pair<'_>) -> f32 {
    let mut sum = 0.0;
    for (a, b) in a.iter().zip(b) {
        sum = A::fused(*a, *b, sum);
    }
    sum
}

/// Half to half, so that the order of the sum is that of vector registers.
#[inline(always)]
fn total(mut sums: [f32; LANES]) -> f32 {
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            sums[lane] += sums[lane + width];
        }
        width /= 2;
    }
    sums[0]
}

/// Makes `exp(score - highest)` of each score; gives their sum.
#[inline(always)]
fn exponentials<A: Arithmetic>(scores: &mut [f32]) -> f32 {
    let (chunks, rest) = scores.as_chunks_mut::<LANES>();
    let mut highest = [f32::NEG_INFINITY; LANES];
    for chunk in &*chunks {
        for lane in 0..LANES {
            highest[lane] = if chunk[lane] > highest[lane] {
                chunk[lane]
            } else {
                highest[lane]
            };
        }
    }
    let highest = highest
        .iter()
        .chain(&*rest)
        .copied()
        .fold(f32::NEG_INFINITY, f32::max);
    let mut sums = [0f32; LANES];
    for chunk in chunks {
        for lane in 0..LANES {
            chunk[lane] = exp::<A>(chunk[lane] - highest);
            sums[lane] += chunk[lane];
        }
    }
    let mut sum = total(sums);
    for score in rest {
        *score = exp::<A>(*score - highest);
        sum += *score;
    }
    sum
}

/// e to the power of a number that is not above 0: a power of two times the series of the rest (Cephes' `expf`).
#[inline(always)]
fn exp<A: Arithmetic>(x: f32) -> f32 {
    /// Its unit in the last place is 1: what is added to it is rounded to whole numbers.
    const WHOLE: f32 = 12_582_912.0;
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let x = if x > -87.0 { x } else { -87.0 };
    let shifted = A::fused(x, std::f32::consts::LOG2_E, WHOLE);
    let twos = shifted - WHOLE;
    let rest = A::fused(twos, -LN2_LOW, A::fused(twos, -LN2_HIGH, x));
    let mut series = 1.987_569_1e-4;
    for factor in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5] {
        series = A::fused(series, rest, factor);
    }
    let series = A::fused(series, rest * rest, rest) + 1.0;
    series * f32::from_bits((shifted.to_bits() << 23).wrapping_add(1f32.to_bits()))
}

/// Adds to `mixed` the values of some positions by their weights, position after position.
#[inline(always)]
fn mix<A: Arithmetic>(weights: &[f32], values: &[&[f32]; AT_ONCE], mixed: &mut [f32]) {
    if let ([w0, w1, w2, w3], [v0, v1, v2, v3]) = (weights, values) {
        let all = mixed.iter_mut().zip(*v0).zip(*v1).zip(*v2).zip(*v3);
        for ((((mixed, v0), v1), v2), v3) in all {
            let sum = A::fused(*w1, *v1, A::fused(*w0, *v0, *mixed));
            *mixed = A::fused(*w3, *v3, A::fused(*w2, *v2, sum));
        }
    } else {
        for (weight, values) in weights.iter().zip(values) {
            for (mixed, value) in mixed.iter_mut().zip(*values) {
                *mixed = A::fused(*weight, *value, *mixed);
            }
        }
    }
}

#[cfg(test)]
mod tests;
