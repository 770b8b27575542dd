//! Texts ↔ ids for encoder-decoder models: a source with the special tokens of its family, a target without.
//!
//! ```text
//! folder ─load→ Codec { sides (sentencepiece | tokenizers crate), layout, tags, spellings } : SourceTarget
//! ```
//! What always holds: texts are data. A text that spells `</s>`, `>>ukr<<`, `<2uk>`, `__uk__` or `ukr_Cyrl` is encoded
//! as what it spells; special tokens and language tags come from the layout alone. There is one span for each id, in
//! both directions.

mod clean;
mod codec;
mod families;
mod gguf;
mod json;
mod load;
mod side;

pub(crate) use gguf::open_gguf;
#[cfg(test)]
pub(crate) use gguf::tests::write as write_gguf;
pub use load::{open, open_pair};

use crate::error::Result;
use crate::text::span::Span;

pub use super::sentencepiece::Decoded;

/// Ids and where each stands in the text; special tokens and language tags have an empty span.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encoded {
    /// The ids.
    pub ids: Vec<u32>,
    /// One byte span of the text for each id. The space before a word may belong to it. A character that takes
    /// several ids is the span of each.
    pub spans: Vec<Span>,
}

impl Encoded {
    fn push(&mut self, id: u32, span: Span) {
        self.ids.push(id);
        self.spans.push(span);
    }
}

/// The languages of a request, in the codes that [`SourceTarget::languages`] lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Direction<'d> {
    /// What the source is written in.
    pub from: Option<&'d str>,
    /// What the target is to be written in.
    pub to: Option<&'d str>,
}

/// Which languages of a request a family marks, and so needs to know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// The source has a tag of its own language (M2M100, NLLB, mBART).
    pub from: bool,
    /// The source has a tag of the target's language (Marian with several targets, MADLAD).
    pub to: bool,
    /// The target begins with a tag of its language: [`SourceTarget::first`] (M2M100, NLLB, mBART).
    pub first: bool,
}

/// The tokenizer of an encoder-decoder model.
pub trait SourceTarget: Send + Sync {
    /// The ids of a source text as the encoder reads them, special tokens included: never none. Languages that the
    /// family does not mark are not looked at.
    ///
    /// # Errors
    /// [`crate::error::Error::Failed`] if a language that is marked is not named or not among
    /// [`SourceTarget::languages`].
    fn encode(&self, text: &str, direction: Direction<'_>) -> Result<Encoded>;

    /// The ids of a target text, or of its beginning, without special tokens.
    ///
    /// # Errors
    /// [`crate::error::Error::Failed`] if the text cannot be encoded.
    fn encode_target(&self, text: &str) -> Result<Encoded>;

    /// The text of target ids. Special tokens, language tags and unknown ids add nothing.
    fn decode(&self, ids: &[u32]) -> Decoded;

    /// The number of ids of a source text, special tokens left out.
    ///
    /// # Errors
    /// As for [`SourceTarget::encode_target`].
    fn count(&self, text: &str) -> Result<usize>;

    /// What the family marks.
    fn marks(&self) -> Marks;

    /// The codes of the languages that have a tag, sorted: `ukr` of `>>ukr<<`, `uk` of `__uk__` and `<2uk>`,
    /// `ukr_Cyrl`, `uk_UA`.
    fn languages(&self) -> Vec<&str>;

    /// The id that a target in `language` begins with, where the family marks that and knows the language.
    fn first(&self, language: &str) -> Option<u32>;

    /// What ends a source and a target.
    fn end(&self) -> u32;

    /// One more than the highest id that it puts around a text or that spells something. What only training used may have
    /// a higher one, and no place in the model: BART's `<mask>`.
    fn vocabulary(&self) -> usize;
}
