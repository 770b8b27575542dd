//! The highest of many logits.

use rayon::prelude::*;

use super::instructions::widest;
use super::normal::Normal;

/// As many values as the compiler takes at once.
const LANES: usize = 16;
/// As many as are looked at together.
const PART: usize = 256;

/// The highest number of a row; minus infinity if there is none.
pub(crate) fn highest(row: &[f32]) -> f32 {
    widest(|| highest_of(row))
}

#[inline(always)]
fn highest_of(row: &[f32]) -> f32 {
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
    use super::*;

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
