//! The highest of many logits.

use rayon::prelude::*;

use super::instructions::widest;
use super::normal::{Normal, Part};

/// As many values as the compiler takes at once.
const LANES: usize = 16;
/// As many as are looked at together.
const PART: usize = 256;

/// The highest number of a row; minus infinity if there is none.
pub(crate) fn highest(row: &[f32]) -> f32 {
    widest(|| highest_of(row))
}

#[inline(always)]
pub(super) fn highest_of(row: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let (chunks, rest) = row.as_chunks::<LANES>();
    for chunk in chunks {
        for (most, value) in lanes.iter_mut().zip(chunk) {
            *most = if *value > *most { *value } else { *most };
        }
    }
    lanes
        .iter()
        .chain(rest)
        .fold(f32::NEG_INFINITY, |most, v| most.max(*v))
}

/// The token of the highest logit, the lowest id among equals; none if no logit is a number, or the highest is infinite.
pub(crate) fn greedy(logits: &[f32]) -> Option<u32> {
    let highest = highest(logits);
    if !highest.is_finite() {
        return None;
    }
    let holds = |part: &[f32]| part.iter().fold(false, |some, logit| some | (*logit == highest));
    // most parts are left at a glance
    let part = widest(|| logits.chunks(PART).position(holds))? * PART;
    let place = part + logits[part..].iter().position(|logit| *logit == highest)?;
    u32::try_from(place).ok()
}

/// A token that was chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chosen {
    /// The token.
    pub token: u32,
    /// The logarithm of its probability among all tokens.
    pub log: f64,
}

/// Of each row of `logits`, `(rows, vocabulary)`, the token of the highest logit but for those that are `banned`. None
/// as for [`greedy`].
pub(crate) fn likeliest(logits: &mut [f32], vocabulary: usize, banned: &[u32]) -> Vec<Option<Chosen>> {
    let one = |row: &mut [f32]| {
        let normal = Normal::of(row)?;
        forbid(row, banned);
        let token = greedy(row)?;
        let log = normal.log(row[token as usize]);
        Some(Chosen { token, log })
    };
    logits.par_chunks_mut(vocabulary.max(1)).map(one).collect()
}

/// Which tokens of a row are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Few<'a> {
    /// So many at the most, the likeliest.
    pub keep: usize,
    /// None of these.
    pub banned: &'a [u32],
    /// How likely a token is: among those that are not banned, instead of among all.
    pub renormalise: bool,
}

/// The tokens of each row of `logits`, `(rows, vocabulary)`, that are wanted: the likeliest first and the lowest id first
/// among equals. None where a logit is no number, or none is finite.
pub(crate) fn leading(logits: &mut [f32], vocabulary: usize, wanted: Few<'_>) -> Vec<Option<Vec<Chosen>>> {
    let one = |row: &mut [f32]| Leading::of(row, 0, wanted).chosen();
    logits.par_chunks_mut(vocabulary.max(1)).map(one).collect()
}

/// The highest logits that were looked at, the highest first and the lowest token first among equals.
pub(crate) struct Highest {
    keep: usize,
    found: Vec<(u32, f32)>,
}

impl Highest {
    /// None yet, and at most `keep`.
    pub(crate) fn new(keep: usize) -> Self {
        Self {
            keep,
            found: Vec::with_capacity(keep + 1),
        }
    }

    /// Looks at `logits`, the first of them of the token `first`; tokens come in order. Most blocks are left at a glance.
    pub(crate) fn scan(&mut self, logits: &[f32], first: u32) {
        const BLOCK: usize = 64;
        let mut floor = self.floor();
        for (block, start) in logits.chunks(BLOCK).zip((first..).step_by(BLOCK)) {
            // without a way out in the middle, so that the compiler compares many at once
            if !block.iter().fold(false, |some, logit| some | (*logit > floor)) {
                continue;
            }
            for (token, logit) in (start..).zip(block) {
                if *logit > floor {
                    self.offer(token, *logit);
                    floor = self.floor();
                }
            }
        }
    }

    /// What is not above this is not wanted.
    fn floor(&self) -> f32 {
        let last = self.found.last().filter(|_| self.found.len() >= self.keep);
        last.map_or(f32::NEG_INFINITY, |last| last.1)
    }

    fn offer(&mut self, token: u32, logit: f32) {
        let place = self.found.partition_point(|found| found.1 >= logit);
        if place < self.keep {
            self.found.insert(place, (token, logit));
            self.found.truncate(self.keep);
        }
    }

    /// Their log-probabilities.
    pub(crate) fn chosen(self, normal: Normal) -> Vec<Chosen> {
        let chosen = |(token, logit)| Chosen {
            token,
            log: normal.log(logit),
        };
        self.found.into_iter().map(chosen).collect()
    }
}

/// What a beam search needs to know of a part of a row, or of parts one after the other.
pub(crate) struct Leading {
    sum: Part,
    highest: Highest,
}

impl Leading {
    /// `first`: the token of the first of `logits`.
    pub(crate) fn of(logits: &mut [f32], first: u32, wanted: Few<'_>) -> Self {
        let all = Part::of(logits);
        for token in wanted.banned {
            forbid(logits, token.checked_sub(first).as_slice());
        }
        let sum = match wanted.renormalise {
            true => Part::of(logits),
            false => all,
        };
        let mut highest = Highest::new(wanted.keep);
        highest.scan(logits, first);
        Self { sum, highest }
    }

    /// Both parts as one: `after` is of tokens that come later.
    pub(crate) fn with(mut self, after: Self) -> Self {
        self.sum = self.sum.with(after.sum);
        for (token, logit) in after.highest.found {
            self.highest.offer(token, logit);
        }
        self
    }

    /// The likeliest of the whole row. None as for [`leading`].
    pub(crate) fn chosen(self) -> Option<Vec<Chosen>> {
        self.sum.normal().map(|normal| self.highest.chosen(normal))
    }
}

/// Takes tokens out of the choice.
pub(crate) fn forbid(logits: &mut [f32], banned: &[u32]) {
    for token in banned {
        if let Some(logit) = logits.get_mut(*token as usize) {
            *logit = f32::NEG_INFINITY;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_likeliest_of_parts_are_those_of_the_whole(
            steps in proptest::collection::vec(-6i8..6, 1..700), keep in 1usize..12, part in 1usize..300, banned: [u16; 2],
            renormalise: bool,
        ) {
            let row: Vec<f32> = steps.iter().map(|step| f32::from(*step) / 2.0).collect();
            let banned = banned.map(|token| u32::from(token) % row.len() as u32);
            let mut expected: Vec<u32> = (0..row.len() as u32).filter(|t| !banned.contains(t)).collect();
            expected.sort_by(|a, b| row[*b as usize].total_cmp(&row[*a as usize]));
            expected.truncate(keep);
            let wanted = Few { keep, banned: &banned, renormalise };
            let counted = (0u32..).zip(&row).filter(|(token, _)| !renormalise || !banned.contains(token));
            let total = counted.map(|(_, l)| f64::from(*l).exp()).sum::<f64>().ln();
            let mut parted = row.clone();
            let parts = parted.chunks_mut(part).zip((0u32..).step_by(part));
            let parts = parts.map(|(logits, first)| Leading::of(logits, first, wanted));
            let parted = parts.reduce(Leading::with).and_then(Leading::chosen);
            for found in [parted, leading(&mut row.clone(), row.len(), wanted).remove(0)] {
                if expected.is_empty() && renormalise {
                    prop_assert_eq!(found, None);
                    continue;
                }
                let found = found.expect("numbers");
                let tokens: Vec<u32> = found.iter().map(|c| c.token).collect();
                prop_assert_eq!(&tokens, &expected);
                for chosen in found {
                    let log = f64::from(row[chosen.token as usize]) - total;
                    prop_assert!((chosen.log - log).abs() < 1e-6, "{} is not {}", chosen.log, log);
                }
            }
        }
    }

    #[test]
    fn rows_without_numbers_lead_nowhere() {
        let three = Few {
            keep: 3,
            banned: &[],
            renormalise: false,
        };
        for wrong in [f32::NAN, f32::INFINITY] {
            assert_eq!(leading(&mut [1.0, wrong], 2, three), [None]);
        }
        assert_eq!(leading(&mut [f32::NEG_INFINITY; 2], 2, three), [None]);
        let none = Few {
            banned: &[0, 1],
            ..three
        };
        assert_eq!(leading(&mut [1.0, 2.0], 2, none), [Some(Vec::new())]);
    }

    #[test]
    fn greedy_takes_the_highest_and_the_first_of_equals() {
        assert_eq!(greedy(&[1.0, 3.0, 3.0]), Some(1));
        assert_eq!(greedy(&[f32::NAN, -1.0]), Some(1));
        assert_eq!(greedy(&[f32::NAN, f32::NAN]), None);
        assert_eq!(greedy(&[f32::NEG_INFINITY]), None);
        assert_eq!(greedy(&[0.0, f32::INFINITY]), None);
        assert_eq!(greedy(&[]), None);
    }

    #[test]
    fn what_is_banned_is_not_taken() {
        let mut logits = [1.0, 3.0, 2.0, 0.5, 0.25, 0.0];
        let chosen = likeliest(&mut logits, 3, &[1, 0, 9]);
        let tokens: Vec<Option<u32>> = chosen.iter().map(|c| c.map(|c| c.token)).collect();
        assert_eq!(tokens, [Some(2), Some(2)]);
        // how likely it is does not depend on what was banned
        let all: f64 = [1f64, 3.0, 2.0].iter().map(|l| l.exp()).sum();
        let log = chosen[0].map_or(0.0, |c| c.log);
        assert!((log - (2.0 - all.ln())).abs() < 1e-6, "{log}");
        assert_eq!(likeliest(&mut logits, 3, &[0, 1, 2]), [None, None]);
    }
}
