//! What may be written next, whatever the logits say. The names are those of transformers' logits processors, and so
//! is the order: penalty, n-grams, bad words, minimum length, forced tokens.

use super::options::Generation;
use crate::neural::Special;
use crate::neural::likeliest::forbid;
use crate::neural::normal::Normal;

/// What holds for all sentences of a search.
pub(super) struct Constraints<'a> {
    special: &'a Special,
    generation: &'a Generation,
}

impl<'a> Constraints<'a> {
    pub(super) fn new(special: &'a Special, generation: &'a Generation) -> Self {
        Self { special, generation }
    }

    /// How many tokens of all beams a step of the beam search has to look at.
    pub(super) fn candidates(&self) -> usize {
        self.generation.beams * (1 + self.special.end.len()).max(2)
    }

    /// Whether `token` ends a target.
    pub(super) fn ends(&self, token: u32) -> bool {
        self.special.end.contains(&token)
    }

    /// The one token that must follow `tokens`, the start token included, if there is one.
    pub(super) fn forced(&self, tokens: &[u32], first: Option<u32>, max_length: usize) -> Option<u32> {
        let last = self
            .special
            .forced_last
            .filter(|_| tokens.len() + 1 == max_length);
        last.or(first.filter(|_| tokens.len() == 1))
    }

    /// Takes from `row` what may not follow `tokens`. With `normal` the penalty works on log-probabilities, as in a
    /// beam search; without on the logits, as in a greedy one.
    pub(super) fn apply(&self, row: &mut [f32], tokens: &[u32], normal: Option<Normal>) {
        self.penalise(row, tokens, normal);
        let n = self.generation.no_repeat_ngram;
        if n > 0 && tokens.len() >= n {
            let prefix = &tokens[tokens.len() + 1 - n..];
            for window in tokens.windows(n).filter(|w| w.starts_with(prefix)) {
                forbid(row, window.last().map_or(&[], std::slice::from_ref));
            }
        }
        for word in &self.special.never_in_a_row {
            if let Some((last, before)) = word.split_last()
                && tokens.ends_with(before)
            {
                forbid(row, std::slice::from_ref(last));
            }
        }
        forbid(row, &self.banned(tokens.len()));
    }

    /// What may not follow `length` tokens, the start token included, whatever they are.
    pub(super) fn banned(&self, length: usize) -> Vec<u32> {
        let never = self.special.never.iter().filter(|token| !self.ends(**token));
        let early = length < self.generation.min_length;
        let end = self.special.end.iter().filter(|_| early);
        never.chain(end).copied().collect()
    }

    fn penalise(&self, row: &mut [f32], tokens: &[u32], normal: Option<Normal>) {
        let penalty = self.generation.repetition_penalty;
        if penalty == 1.0 {
            return;
        }
        let mut distinct = tokens.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        for token in distinct {
            if let Some(logit) = row.get_mut(token as usize) {
                *logit = match normal {
                    Some(normal) => normal.logit(normal.log(*logit) * f64::from(penalty)),
                    None => penalised(*logit, penalty),
                };
            }
        }
    }
}

/// Keskar et al. 2019, section 4.1, with the sign taken into account.
pub(super) fn penalised(logit: f32, penalty: f32) -> f32 {
    if logit > 0.0 {
        logit / penalty
    } else {
        logit * penalty
    }
}
