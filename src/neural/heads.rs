//! The queries of one head, or of those that share keys, over the keys and values of many positions.
//!
//! Sums are built in an order that depends on the numbers' own places alone, never on how positions are cut into parts or
//! on what is computed beside: so a sequence gives the same bits alone, in a batch, with a shared beginning and however
//! its tokens are cut into steps. Vector instructions are the compiler's; they are chosen at run time.
#![allow(unsafe_code)]

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
        Path::Neon => by::<true>(queries, parts, place, scale, mixed, scratch),
        _ => by::<false>(queries, parts, place, scale, mixed, scratch),
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
    by::<true>(queries, parts, place, scale, mixed, scratch);
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
    by::<true>(queries, parts, place, scale, mixed, scratch);
}

/// Positions whose values are mixed at a time.
const AT_ONCE: usize = 4;
/// Sums that run side by side.
const LANES: usize = 32;

#[inline(always)]
fn by<const FUSED: bool>(
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
                scores[at] = dot::<FUSED>(query, key) * scale;
            }
            at += 1;
        }
    }
    totals.clear();
    // a loop, not an iterator's closure: what is called from there is compiled without the instructions chosen here
    for scores in scores.chunks_exact_mut(seen) {
        totals.push(exponentials::<FUSED>(scores));
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
                mix::<FUSED>(&scores[at..at + now], &values, mixed);
            }
            position += now;
            at += now;
        }
    }
    for (mixed, total) in mixed.chunks_exact_mut(size).zip(&*totals) {
        mixed.iter_mut().for_each(|m| *m /= *total);
    }
}

#[inline(always)]
fn fused<const FUSED: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}

#[inline(always)]
fn dot<const FUSED: bool>(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [0f32; LANES];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] = fused::<FUSED>(a[lane], b[lane], sums[lane]);
        }
    }
    let mut rest = 0.0;
    for (a, b) in a_rest.iter().zip(b_rest) {
        rest = fused::<FUSED>(*a, *b, rest);
    }
    total(sums) + rest
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
fn exponentials<const FUSED: bool>(scores: &mut [f32]) -> f32 {
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
            chunk[lane] = exp::<FUSED>(chunk[lane] - highest);
            sums[lane] += chunk[lane];
        }
    }
    let mut sum = total(sums);
    for score in rest {
        *score = exp::<FUSED>(*score - highest);
        sum += *score;
    }
    sum
}

/// e to the power of a number that is not above 0: a power of two times the series of the rest (Cephes' `expf`).
#[inline(always)]
fn exp<const FUSED: bool>(x: f32) -> f32 {
    /// Its unit in the last place is 1: what is added to it is rounded to whole numbers.
    const WHOLE: f32 = 12_582_912.0;
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let x = if x > -87.0 { x } else { -87.0 };
    let shifted = fused::<FUSED>(x, std::f32::consts::LOG2_E, WHOLE);
    let twos = shifted - WHOLE;
    let rest = fused::<FUSED>(twos, -LN2_LOW, fused::<FUSED>(twos, -LN2_HIGH, x));
    let mut series = 1.987_569_1e-4;
    for factor in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5] {
        series = fused::<FUSED>(series, rest, factor);
    }
    let series = fused::<FUSED>(series, rest * rest, rest) + 1.0;
    series * f32::from_bits((shifted.to_bits() << 23).wrapping_add(1f32.to_bits()))
}

/// Adds to `mixed` the values of some positions by their weights, position after position.
#[inline(always)]
fn mix<const FUSED: bool>(weights: &[f32], values: &[&[f32]; AT_ONCE], mixed: &mut [f32]) {
    if let ([w0, w1, w2, w3], [v0, v1, v2, v3]) = (weights, values) {
        let all = mixed.iter_mut().zip(*v0).zip(*v1).zip(*v2).zip(*v3);
        for ((((mixed, v0), v1), v2), v3) in all {
            let sum = fused::<FUSED>(*w1, *v1, fused::<FUSED>(*w0, *v0, *mixed));
            *mixed = fused::<FUSED>(*w3, *v3, fused::<FUSED>(*w2, *v2, sum));
        }
    } else {
        for (weight, values) in weights.iter().zip(values) {
            for (mixed, value) in mixed.iter_mut().zip(*values) {
                *mixed = fused::<FUSED>(*weight, *value, *mixed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::held::CacheType;
    use super::super::instructions::random;
    use super::*;

    struct Case {
        queries: Vec<f32>,
        keys: Held,
        values: Held,
        place: Place,
        seen: usize,
    }

    fn case(kind: CacheType, size: usize, seen: usize) -> Case {
        let place = Place {
            stride: 2 * size,
            offset: size,
            size,
        };
        let held = |seed| {
            let mut held = Held::new(kind);
            held.extend(&random::numbers(seed, seen * place.stride));
            held
        };
        Case {
            queries: random::numbers(1, 3 * size).iter().map(|x| x * 3.0).collect(),
            keys: held(2),
            values: held(3),
            place,
            seen,
        }
    }

    fn run(case: &Case, cuts: &[usize], path: Path) -> Vec<f32> {
        let ends = cuts.iter().copied().chain([case.seen]);
        let starts = [0].into_iter().chain(cuts.iter().copied());
        let parts: Vec<Part<'_>> = starts
            .zip(ends)
            .map(|(from, to)| Part {
                keys: &case.keys,
                values: &case.values,
                from,
                to,
            })
            .collect();
        let mut mixed = vec![7.0; case.queries.len()];
        attend(
            &case.queries,
            &parts,
            case.place,
            0.5,
            &mut mixed,
            &mut Scratch::default(),
            path,
        );
        mixed
    }

    fn exact(case: &Case) -> Vec<f64> {
        let size = case.place.size;
        let read = |held: &Held, position: usize| {
            let mut room = vec![0.0; size];
            held.read(position * case.place.stride + case.place.offset, size, &mut room)
                .to_vec()
        };
        let mut all = Vec::new();
        for query in case.queries.chunks_exact(size) {
            let score = |position| {
                let key = read(&case.keys, position);
                let dot: f64 = query
                    .iter()
                    .zip(&key)
                    .map(|(a, b)| f64::from(*a) * f64::from(*b))
                    .sum();
                (dot * 0.5).exp()
            };
            let scores: Vec<f64> = (0..case.seen).map(score).collect();
            let total: f64 = scores.iter().sum();
            let mut mixed = vec![0.0; size];
            for (position, score) in scores.iter().enumerate() {
                for (mixed, value) in mixed.iter_mut().zip(read(&case.values, position)) {
                    *mixed += score / total * f64::from(value);
                }
            }
            all.extend(mixed);
        }
        all
    }

    #[test]
    fn each_path_mixes_what_is_held_by_the_softmax_of_the_scores() {
        for kind in [CacheType::F32, CacheType::F16, CacheType::Q8_0] {
            for (size, seen) in [(64, 1), (64, 77), (32, 200)] {
                let case = case(kind, size, seen);
                let exact = exact(&case);
                for path in Path::all() {
                    for (found, exact) in run(&case, &[], path).iter().zip(&exact) {
                        assert!(
                            (f64::from(*found) - exact).abs() < 2e-6,
                            "{kind:?}, {path:?}: {found} is not {exact}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn parts_change_no_bit() {
        let case = case(CacheType::F32, 40, 131);
        for path in Path::all() {
            let whole = run(&case, &[], path);
            assert_eq!(run(&case, &[1, 6, 129], path), whole);
            assert_eq!(run(&case, &[64], path), whole);
        }
    }

    #[test]
    fn the_exponential_is_that_of_the_library() {
        for step in 0..90_000 {
            let x = -(step as f32) / 1000.0;
            let (found, exact) = (exp::<false>(x), f64::from(x.max(-87.0)).exp());
            assert!(((f64::from(found) - exact) / exact).abs() < 3e-7, "{x}: {found}");
        }
    }
}
