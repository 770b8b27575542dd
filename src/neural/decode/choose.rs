//! One token after the other, for a model that answers: greedy or sampled, and whether it goes round in circles.

use std::collections::HashSet;

use super::constraints::penalised;
use super::sample::{SplitMix64, draw};
use crate::error::{Error, Result};
use crate::neural::Decoding;
use crate::neural::likeliest::greedy;

/// Chooses tokens. The same seed, options and logits give the same tokens on every machine.
pub(crate) struct Chooser {
    temperature: f64,
    top_p: f64,
    penalty: f32,
    random: SplitMix64,
    written: HashSet<u32>,
}

impl Chooser {
    /// # Errors
    /// [`Error::Usage`] for options out of range.
    pub(crate) fn new(decoding: &Decoding) -> Result<Self> {
        let wrong = |what: &str| Err(Error::usage(format!("the decoding option {what}")));
        if !(decoding.temperature.is_finite() && decoding.temperature >= 0.0) {
            return wrong("temperature must be 0 or more");
        }
        if !(decoding.top_p > 0.0 && decoding.top_p <= 1.0) {
            return wrong("top_p must be above 0 and at most 1");
        }
        if !(decoding.repetition_penalty.is_finite() && decoding.repetition_penalty > 0.0) {
            return wrong("repetition_penalty must be above 0");
        }
        Ok(Self {
            temperature: decoding.temperature,
            top_p: decoding.top_p,
            penalty: decoding.repetition_penalty,
            random: SplitMix64::new(decoding.seed),
            written: HashSet::new(),
        })
    }

    /// The next token, which counts as written from now on.
    pub(crate) fn next(&mut self, logits: &mut [f32]) -> Result<u32> {
        if self.penalty != 1.0 {
            for token in &self.written {
                if let Some(logit) = logits.get_mut(*token as usize) {
                    *logit = penalised(*logit, self.penalty);
                }
            }
        }
        let best = greedy(logits)
            .ok_or_else(|| Error::failed("the model's output holds no number: its weights are damaged"))?;
        let token = if self.temperature < 1e-6 {
            best
        } else {
            draw(logits, self.temperature, None, self.top_p, &mut self.random)
        };
        self.written.insert(token);
        Ok(token)
    }
}

/// The longest period that is looked for.
const LONGEST_PERIOD: usize = 96;
/// A loop is at least this many copies …
const COPIES: usize = 3;
/// … and at least this many tokens: short repetitions occur in tables and rules of text.
const LOOP: usize = 36;

/// Whether the last tokens are the same few again and again.
pub(crate) fn loops(tokens: &[u32]) -> bool {
    (1..=LONGEST_PERIOD).any(|period| {
        let length = (period * COPIES).max(LOOP);
        tokens.len() >= length && {
            let tail = &tokens[tokens.len() - length..];
            tail[period..] == tail[..length - period]
        }
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn sampling(temperature: f64, top_p: f64, seed: u64) -> Decoding {
        Decoding {
            temperature,
            top_p,
            seed,
            ..Decoding::default()
        }
    }

    fn chosen(decoding: &Decoding, logits: &[f32], count: usize) -> Vec<u32> {
        let mut chooser = Chooser::new(decoding).unwrap();
        (0..count)
            .map(|_| chooser.next(&mut logits.to_vec()).unwrap())
            .collect()
    }

    #[test]
    fn a_seed_gives_the_same_tokens_and_another_seed_others() {
        let logits: Vec<f32> = (0..50).map(|i| (i as f32 * 0.7).sin()).collect();
        let first = chosen(&sampling(0.9, 0.95, 7), &logits, 40);
        assert_eq!(first, chosen(&sampling(0.9, 0.95, 7), &logits, 40));
        assert_ne!(first, chosen(&sampling(0.9, 0.95, 8), &logits, 40));
    }

    #[test]
    fn samples_follow_the_softmax() {
        let logits = [0.0, (3.0f32).ln()];
        let drawn = chosen(&sampling(1.0, 1.0, 1), &logits, 4000);
        let ones = drawn.iter().filter(|t| **t == 1).count() as f64 / 4000.0;
        assert!((ones - 0.75).abs() < 0.03, "{ones}");
    }

    #[test]
    fn the_nucleus_leaves_out_the_rest() {
        let logits = [2.0, 1.9, -1.0, -1.0];
        assert!(
            chosen(&sampling(1.0, 0.8, 3), &logits, 500)
                .iter()
                .all(|t| *t < 2)
        );
        assert!(
            chosen(&sampling(1.0, 0.1, 3), &logits, 500)
                .iter()
                .all(|t| *t == 0)
        );
    }

    #[test]
    fn the_penalty_makes_room_for_others() {
        let decoding = Decoding {
            repetition_penalty: 2.0,
            ..Decoding::default()
        };
        assert_eq!(chosen(&decoding, &[3.0, 2.0, -1.0], 3), [0, 1, 0]);
        assert_eq!(chosen(&decoding, &[-1.0, -1.5, -9.0], 2), [0, 1]);
    }

    #[test]
    fn options_out_of_range_are_refused() {
        for wrong in [
            sampling(-1.0, 1.0, 0),
            sampling(f64::NAN, 1.0, 0),
            sampling(1.0, 0.0, 0),
        ] {
            assert_eq!(Chooser::new(&wrong).err().unwrap().exit_code(), 2);
        }
    }

    #[test]
    fn loops_are_seen_and_text_is_not_taken_for_one() {
        assert!(loops(&[5; 36]));
        assert!(!loops(&[5; 35]));
        let sentence: Vec<u32> = (0..40).collect();
        let twice = sentence.repeat(2);
        assert!(!loops(&twice));
        let mut thrice = vec![99, 98, 97];
        thrice.extend(sentence.repeat(3));
        assert!(loops(&thrice));
        assert!(!loops(&(0..500).collect::<Vec<u32>>()));
    }
}
