//! What is asked of a search.

use crate::error::{Error, Result};

/// How an encoder-decoder writes its targets. The names and the meanings are those of transformers'
/// `GenerationConfig`, so that a model's own settings can be taken over.
#[derive(Clone, Debug, PartialEq)]
pub struct Generation {
    /// Hypotheses that are followed side by side; 1: greedy, which stops at the first end.
    pub beams: usize,
    /// Targets to give out for each source, the best first; at most as many as there are beams. There may be fewer
    /// where fewer can be written. With `sampling` the number of draws, equal ones counted once.
    pub hypotheses: usize,
    /// A score is the sum of log-probabilities over `length` to this power: above 0 favours long targets.
    pub length_penalty: f64,
    /// When a source has enough finished hypotheses.
    pub early_stopping: EarlyStopping,
    /// Tokens of a target at the most, the start token included; none: as the model allows.
    pub max_length: Option<usize>,
    /// Tokens that stand, the start token included, before a target may end.
    pub min_length: usize,
    /// No sequence of this many tokens is written twice; 0: off (Paulus et al. 2017).
    pub no_repeat_ngram: usize,
    /// What is taken from tokens that stand already (Keskar et al. 2019). 1: off.
    pub repetition_penalty: f32,
    /// Whether a beam search takes the probability of a token among those that may be written (`renormalize_logits`),
    /// instead of among all.
    pub renormalise: bool,
    /// Draw instead of searching; `beams` is 1 then.
    pub sampling: Option<Sampling>,
    /// Whether scores are to be exact. If not, a greedy search need not know every logit: its tokens are the same, and
    /// its scores are within a few hundredths.
    pub exact_scores: bool,
    /// Whether the attention to the source is kept for each token.
    pub attention: bool,
}

/// When a source has enough finished hypotheses: as many as there are beams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EarlyStopping {
    /// As soon as it has them (`true`).
    Yes,
    /// When those that still run would not come to a better score at the length they have now (`false`).
    #[default]
    No,
    /// When they could not come to a better score at any length (`"never"`).
    Never,
}

/// Drawing instead of searching.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Above 0: the draw is from the softmax of `logits / temperature`.
    pub temperature: f64,
    /// Only from this many of the likeliest tokens.
    pub top_k: Option<usize>,
    /// Only from the smallest set of tokens with at least this probability. 1: all.
    pub top_p: f64,
    /// The same seed gives the same targets.
    pub seed: u64,
}

impl Default for Generation {
    fn default() -> Self {
        Self {
            beams: 1,
            hypotheses: 1,
            length_penalty: 1.0,
            early_stopping: EarlyStopping::No,
            max_length: None,
            min_length: 0,
            no_repeat_ngram: 0,
            repetition_penalty: 1.0,
            renormalise: false,
            sampling: None,
            exact_scores: true,
            attention: false,
        }
    }
}

impl Generation {
    /// # Errors
    /// [`Error::Usage`] for options out of range.
    pub(super) fn check(&self) -> Result<()> {
        let wrong = match self.sampling {
            _ if self.beams == 0 => "beams must be 1 or more",
            _ if self.hypotheses == 0 => "hypotheses must be 1 or more",
            _ if !self.length_penalty.is_finite() => "length_penalty must be a number",
            _ if !(self.repetition_penalty.is_finite() && self.repetition_penalty > 0.0) => {
                "repetition_penalty must be above 0"
            }
            None if self.hypotheses > self.beams => "hypotheses must be at most the number of beams",
            Some(_) if self.beams > 1 => "beams must be 1 where tokens are drawn",
            Some(s) if !(s.temperature.is_finite() && s.temperature > 0.0) => "temperature must be above 0",
            Some(s) if !(s.top_p > 0.0 && s.top_p <= 1.0) => "top_p must be above 0 and at most 1",
            Some(s) if s.top_k == Some(0) => "top_k must be 1 or more",
            _ => return Ok(()),
        };
        Err(Error::usage(format!("the decoding option {wrong}")))
    }

    /// Whether the likeliest tokens are all that the search needs to know: nothing that was written changes what may be.
    pub(super) fn needs_likeliest_alone(&self) -> bool {
        self.sampling.is_none()
            && (self.beams > 1 || !self.exact_scores)
            && self.no_repeat_ngram == 0
            && self.repetition_penalty == 1.0
    }

    /// The score of a target of `length` tokens, what was given counted out.
    pub(super) fn score(&self, log_probability: f64, length: usize) -> f64 {
        log_probability / (length as f64).powf(self.length_penalty)
    }
}
