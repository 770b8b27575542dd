//! Text in, text out: what the stages above see of an encoder-decoder.

use super::{Generation, Link};
use crate::error::Result;
use crate::text::language::Language;

/// One text to write another for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Input<'a> {
    /// The text.
    pub text: &'a str,
    /// Its language, for models that have to be told.
    pub from: Option<Language>,
    /// The language wanted, for models that write several.
    pub to: Option<Language>,
    /// What the output starts with; empty: the model's choice.
    pub prefix: &'a str,
    /// Tokens of the output at the most, where that is less than the model allows.
    pub max_tokens: Option<usize>,
}

/// One hypothesis of what was to be written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Output {
    /// The text, its prefix included.
    pub text: String,
    /// As in [`super::Written::score`].
    pub score: f32,
    /// As in [`super::Written::certainty`].
    pub certainty: f32,
    /// Whether the model ended it; else it was cut at the maximum length.
    pub ended: bool,
    /// Which part of it comes from which part of the input, token by token: for each target token the source tokens
    /// that it attended to most, or those that the model's own encoder puts nearest to it, where that reads both
    /// languages. Empty unless asked for and known.
    pub alignment: Vec<Link>,
}

/// How many tokens a text may have, special tokens counted out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Of an input.
    pub source: usize,
    /// Of an output.
    pub target: usize,
}

/// A model that writes a text for a text: a translation, a summary. Texts are data: nothing that they spell is a
/// control token or a language tag.
pub trait TextToText {
    /// For each input its hypotheses, the best first, in order. All inputs are one batch: what they need of memory
    /// grows with their number, the longest of them and the number of beams.
    ///
    /// # Errors
    /// [`crate::error::Error::Failed`] if an input has no room or the device fails, [`crate::error::Error::NoModel`] for a language that the
    /// model has not, [`crate::error::Error::Usage`] for options out of range; `Interrupted` on Ctrl-C.
    fn generate(&self, inputs: &[Input<'_>], generation: &Generation) -> Result<Vec<Vec<Output>>>;

    /// The number of tokens of `text` as an input, without special tokens.
    ///
    /// # Errors
    /// Those of the tokenizer.
    fn count_tokens(&self, text: &str) -> Result<usize>;

    /// The number of tokens of `text` as an output, without special tokens.
    ///
    /// # Errors
    /// Those of the tokenizer.
    fn count_written(&self, text: &str) -> Result<usize> {
        self.count_tokens(text)
    }

    /// How long texts may be.
    fn room(&self) -> Room;

    /// How its authors decode with it.
    fn defaults(&self) -> Generation;

    /// How many hypotheses its authors follow side by side; none: they do not say.
    fn beams(&self) -> Option<usize> {
        Some(self.defaults().beams).filter(|beams| *beams > 1)
    }

    /// Whether it can be told these languages, as far as it has to be.
    ///
    /// # Errors
    /// [`crate::error::Error::NoModel`] naming the language that it has no code for.
    fn check_languages(&self, from: Option<Language>, to: Option<Language>) -> Result<()>;
}
