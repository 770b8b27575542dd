//! What all families share: sides, a layout, tags, spellings.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::clean::clean;
use super::side::Side;
use super::{Direction, Encoded, Marks, SourceTarget};
use crate::error::{Error, Result};
use crate::neural::sentencepiece::{Decoded, Habits, SentencePiece, Spelling};
use crate::text::span::Span;

/// Where a family puts its special tokens and tags.
#[derive(Clone, Debug, Default)]
pub(super) struct Layout {
    /// Special tokens before everything else.
    pub(super) before: Vec<u32>,
    /// The tag that follows: of the source's or the target's language.
    pub(super) tag: Option<Tagged>,
    /// Special tokens after the text; the last ends a source.
    pub(super) after: Vec<u32>,
    /// The tag of the source's language stands behind everything, not before the text.
    pub(super) tag_last: bool,
    /// A target begins with a tag.
    pub(super) first: bool,
}

/// Whose language a tag names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tagged {
    From,
    To,
}

/// How ids become text.
pub(super) struct Decoding {
    /// By id.
    pub(super) spellings: Vec<Spelling>,
    pub(super) habits: Habits,
    /// White space at both ends is taken off.
    pub(super) trimmed: bool,
    /// Spaces before punctuation are taken out.
    pub(super) cleaned: bool,
    /// The target's model, where it may have a denormalizer.
    pub(super) model: Option<Arc<SentencePiece>>,
}

/// The tokenizer of a family.
pub(super) struct Codec {
    pub(super) source: Arc<Side>,
    pub(super) target: Arc<Side>,
    pub(super) layout: Layout,
    /// By language: the ids of its tag.
    pub(super) tags: BTreeMap<String, Vec<u32>>,
    pub(super) decoding: Decoding,
    pub(super) end: u32,
}

impl Codec {
    /// The tag that the layout puts into a source.
    fn tag(&self, direction: Direction<'_>) -> Result<&[u32]> {
        let (language, whose) = match self.layout.tag {
            None => return Ok(&[]),
            Some(Tagged::From) => (direction.from, "source"),
            Some(Tagged::To) => (direction.to, "target"),
        };
        let Some(language) = language else {
            return Err(Error::failed(format!(
                "this model has to be told the {whose} language, and was not"
            )));
        };
        self.tags.get(language).map(Vec::as_slice).ok_or_else(|| {
            Error::failed(format!(
                "this model has no tag for the {whose} language `{language}`"
            ))
            .with_hint(format!("it has {}", self.languages().join(", ")))
        })
    }
}

impl SourceTarget for Codec {
    fn encode(&self, text: &str, direction: Direction<'_>) -> Result<Encoded> {
        let tag = self.tag(direction)?;
        let (first, last) = if self.layout.tag_last {
            (&[][..], tag)
        } else {
            (tag, &[][..])
        };
        let mut encoded = Encoded::default();
        for id in self.layout.before.iter().chain(first) {
            encoded.push(*id, Span::default());
        }
        self.source.encode(text, &mut encoded)?;
        for id in self.layout.after.iter().chain(last) {
            encoded.push(*id, Span::new(text.len(), text.len()));
        }
        Ok(encoded)
    }

    fn encode_target(&self, text: &str) -> Result<Encoded> {
        let mut encoded = Encoded::default();
        self.target.encode(text, &mut encoded)?;
        Ok(encoded)
    }

    fn decode(&self, ids: &[u32]) -> Decoded {
        let how = &self.decoding;
        let spelling = |id: &u32| how.spellings.get(*id as usize).unwrap_or(&Spelling::Silent);
        let mut decoded = Decoded::of(ids.iter().map(spelling), how.habits);
        if let Some(model) = &how.model {
            decoded = model.denormalised(decoded);
        }
        if how.trimmed {
            decoded = decoded.trimmed();
        }
        if how.cleaned {
            decoded = clean(decoded);
        }
        decoded
    }

    fn count(&self, text: &str) -> Result<usize> {
        let mut encoded = Encoded::default();
        self.source.encode(text, &mut encoded)?;
        Ok(encoded.ids.len())
    }

    fn marks(&self) -> Marks {
        Marks {
            from: self.layout.tag == Some(Tagged::From),
            to: self.layout.tag == Some(Tagged::To),
            first: self.layout.first,
        }
    }

    fn languages(&self) -> Vec<&str> {
        self.tags.keys().map(String::as_str).collect()
    }

    fn first(&self, language: &str) -> Option<u32> {
        let tag = self.tags.get(language).filter(|_| self.layout.first)?;
        tag.first().copied()
    }

    fn end(&self) -> u32 {
        self.end
    }

    fn vocabulary(&self) -> usize {
        let mut spellings = self.decoding.spellings.iter();
        let spelled = spellings.rposition(|spelling| *spelling != Spelling::Silent);
        let layout = self
            .layout
            .before
            .iter()
            .chain(&self.layout.after)
            .chain([&self.end]);
        let given = layout.chain(self.tags.values().flatten());
        let size = spelled.map_or(0, |last| last + 1);
        given.map(|id| *id as usize + 1).fold(size, usize::max)
    }
}
