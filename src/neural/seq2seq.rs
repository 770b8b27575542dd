//! What an encoder-decoder is to those who decode with it: sources in, then logits token by token.
//!
//! A batch is a list of rows, each of which writes one hypothesis for one source. A beam search takes rows twice and
//! drops others, so each step says which row of the step before it goes on from. What always holds: the weights do
//! not change; all that a batch has read and written is in its state; a row's logits depend on its own source and its
//! own tokens alone, whatever shares the batch with it and however much padding that takes.

use super::likeliest::{Chosen, Few, leading, likeliest};
use crate::error::Result;

/// An encoder-decoder model over token ids.
pub trait EncoderDecoder: Send + Sync {
    /// What a batch has read and written: the encoder's output, masks, caches.
    type State: Send;

    /// Reads `sources`, each with the special tokens that the family puts around a source and at least one token
    /// long. The state has one row for each source, in order, and nothing written. `attend`: whether the steps give
    /// out the cross-attention.
    ///
    /// # Errors
    /// [`crate::error::Error::Failed`] if a source is empty or longer than [`Limits::source`], if a token is not in
    /// the vocabulary, or if the device fails; `Interrupted` on Ctrl-C.
    fn encode(&self, sources: &[&[u32]], attend: bool) -> Result<Self::State>;

    /// Row `i` of the new state goes on from row `parents[i]` of the old one and reads `tokens[i]`. A row may have
    /// several successors or none; the rows need not stay in order.
    ///
    /// # Errors
    /// [`crate::error::Error::Failed`] if a token or a parent does not exist, if a row grows over
    /// [`Limits::target`], or if the device fails.
    fn step(&self, tokens: &[u32], parents: &[usize], state: &mut Self::State) -> Result<Step>;

    /// What the encoder makes of each text, `(tokens, width)` row by row, where it reads the target languages as well as the
    /// source's: the model is many-to-many. None: it reads sources alone.
    ///
    /// # Errors
    /// As for [`EncoderDecoder::encode`].
    fn vectors(&self, _texts: &[&[u32]]) -> Result<Option<Vec<Vec<f32>>>> {
        Ok(None)
    }

    /// As [`EncoderDecoder::step`], where of each row the likeliest token alone is wanted, which may be less work. It is
    /// the same token that the logits give; none of `banned` is taken.
    ///
    /// # Errors
    /// As for [`EncoderDecoder::step`].
    fn best(
        &self,
        tokens: &[u32],
        parents: &[usize],
        state: &mut Self::State,
        banned: &[u32],
    ) -> Result<Best> {
        let mut step = self.step(tokens, parents, state)?;
        Ok(Best {
            chosen: likeliest(&mut step.logits, self.limits().vocabulary, banned),
            attention: step.attention,
        })
    }

    /// As [`EncoderDecoder::step`], where of each row a few tokens are wanted: what a beam search goes on with, without
    /// millions of logits that nobody looks at twice.
    ///
    /// # Errors
    /// As for [`EncoderDecoder::step`].
    fn leading(
        &self,
        tokens: &[u32],
        parents: &[usize],
        state: &mut Self::State,
        wanted: Few<'_>,
    ) -> Result<Leading> {
        let mut step = self.step(tokens, parents, state)?;
        Ok(Leading {
            rows: leading(&mut step.logits, self.limits().vocabulary, wanted),
            attention: step.attention,
        })
    }

    /// How long sources and targets may be.
    fn limits(&self) -> Limits;

    /// Special tokens and what they are forced to do.
    fn special(&self) -> &Special;
}

/// What a step gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// `(rows, vocabulary)`, row by row: the logits of the token after the one just read.
    pub logits: Vec<f32>,
    /// `(rows, longest source of the batch)`, row by row: how much the token just READ attends to each source
    /// position in the layer chosen for alignment, heads averaged (or the one head that was trained for it); 0 on
    /// padding. None unless it was asked for.
    pub attention: Option<Vec<f32>>,
}

/// What a step gives where the likeliest tokens alone are wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Best {
    /// Of each row the token of the highest logit, the lowest id among equals; none where no logit is a number, or the
    /// highest is infinite. How likely it is may be off by a few hundredths of its logarithm.
    pub chosen: Vec<Option<Chosen>>,
    /// As in [`Step`].
    pub attention: Option<Vec<f32>>,
}

/// What a step gives where the likeliest tokens of each row are wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Leading {
    /// Of each row its likeliest tokens, the likeliest first and the lowest id first among equals; none where a logit is
    /// no number, or none is finite.
    pub rows: Vec<Option<Vec<Chosen>>>,
    /// As in [`Step`].
    pub attention: Option<Vec<f32>>,
}

/// Sizes that a model cannot exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Tokens of a source, special tokens included.
    pub source: usize,
    /// Tokens of a target, the start token included.
    pub target: usize,
    /// Entries of the target vocabulary: the width of the logits.
    pub vocabulary: usize,
}

/// Special tokens of a model and what its configuration forces on its output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Special {
    /// What the decoder reads first.
    pub start: u32,
    /// What is written first whatever the logits say (`forced_bos_token_id`), where the configuration fixes it.
    /// M2M100, NLLB and mBART-50 force their target language instead, which the request knows.
    pub forced_first: Option<u32>,
    /// What is written last when the length limit is reached (`forced_eos_token_id`).
    pub forced_last: Option<u32>,
    /// What ends a target.
    pub end: Vec<u32>,
    /// What fills a batch.
    pub pad: u32,
    /// Never written (`bad_words_ids` of one token: Marian's pad).
    pub never: Vec<u32>,
    /// Never written one token after the other (`bad_words_ids` of several tokens).
    pub never_in_a_row: Vec<Vec<u32>>,
}
