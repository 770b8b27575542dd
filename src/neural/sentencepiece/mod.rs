//! SentencePiece models (Kudo and Richardson 2018): text ↔ ids, for unigram and BPE vocabularies.
//!
//! ```text
//! file ─proto→ Model          text ─normalise (charsmap)→ text ─unigram | bpe (trie)→ ids;  ids ─spelling→ text
//! ```
//! What always holds: ids, places and decoded texts are those of the sentencepiece library; encoding takes time in
//! proportion to the text (BPE: times its logarithm) and cannot fail; a control piece never comes out of text.

mod bpe;
mod charsmap;
mod normalise;
mod proto;
mod spelling;
mod trie;
mod unigram;

pub use spelling::Decoded;

use std::collections::HashMap;
use std::path::Path;

pub(crate) use proto::{Algorithm, Kind, Model, NormalizerSpec, Piece};
pub(crate) use spelling::{Habits, Spelling};

use self::bpe::Bpe;
use self::normalise::{Normalised, Normalizer};
use self::trie::Trie;
use self::unigram::Unigram;
use super::gguf::broken;
use crate::error::Result;
use crate::text::span::Span;

/// How SentencePiece writes a space.
pub(crate) const SPACE: &str = "\u{2581}";

/// The byte that `<0x0A>` stands for.
pub(crate) fn byte_of(token: &str) -> Option<u8> {
    let hex = token.strip_prefix("<0x")?.strip_suffix('>')?;
    (hex.len() == 2).then(|| u8::from_str_radix(hex, 16).ok())?
}

enum Cutter {
    Unigram(Unigram),
    Bpe(Bpe),
}

/// A model that is ready for use.
pub struct SentencePiece {
    pieces: Vec<Piece>,
    /// Ids by text; pieces that are not part of texts included.
    ids: HashMap<String, u32>,
    cutter: Cutter,
    normalizer: Normalizer,
    denormalizer: Option<Normalizer>,
    /// What is taken whole wherever the text has it.
    whole: Trie,
    /// The ids of the 256 bytes, where unknown characters are spelled in bytes.
    bytes: Option<Vec<u32>>,
    unknown: u32,
    unknown_surface: String,
}

/// A piece of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Its id.
    pub id: u32,
    /// Where it stands in the text that was given. The space before a word belongs to the word. A character that is
    /// spelled in bytes is the span of each of its bytes.
    pub span: Span,
    /// Where it stands in the normalised text.
    pub normal: Span,
}

/// A text in pieces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cuts {
    /// The text after normalisation, spaces written as `▁`.
    pub normalised: String,
    /// Its pieces in order; together they are the normalised text.
    pub pieces: Vec<Cut>,
}

impl SentencePiece {
    /// Reads a `.spm` or `.model` file.
    ///
    /// # Errors
    /// [`crate::error::Error::Io`] if it cannot be read; [`crate::error::Error::Failed`] with its name and what is wrong if it is no such file,
    /// is not whole or asks for what is not implemented.
    pub fn open(path: &Path) -> Result<Self> {
        Model::open(path).and_then(|model| Self::from_model(model).map_err(|problem| broken(path, &problem)))
    }

    /// As [`SentencePiece::open`], from the bytes of the file.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn from_bytes(file: &[u8]) -> Result<Self, String> {
        Self::from_model(Model::parse(file)?)
    }

    /// From what a reader of some format has found.
    pub(crate) fn from_model(model: Model) -> Result<Self, String> {
        let mut ids = HashMap::with_capacity(model.pieces.len());
        // Pieces that texts are made of may be spelled as others are: those others are meant then.
        for plain in [false, true] {
            let pieces = model.pieces.iter().zip(0u32..);
            for (piece, id) in pieces.filter(|(p, _)| p.kind.is_plain() == plain) {
                ids.entry(piece.text.clone()).or_insert(id);
            }
        }
        let whole = model.pieces.iter().zip(0u32..);
        let whole = whole.filter(|(p, _)| p.kind == Kind::UserDefined);
        Ok(Self {
            cutter: match model.algorithm {
                Algorithm::Unigram => Cutter::Unigram(Unigram::new(&model.pieces)),
                Algorithm::Bpe => Cutter::Bpe(Bpe::new(&model.pieces)),
            },
            whole: Trie::new(whole.map(|(p, id)| (p.text.as_str(), id))),
            normalizer: Normalizer::new(model.normalizer, model.space_last)?,
            denormalizer: model
                .denormalizer
                .filter(|spec| !spec.charsmap.is_empty())
                .map(|spec| Normalizer::new(spec, false))
                .transpose()?,
            bytes: model.byte_fallback.then(|| bytes(&model.pieces)).flatten(),
            pieces: model.pieces,
            ids,
            unknown: model.unknown,
            unknown_surface: model.unknown_surface,
        })
    }

    /// The pieces of `text`. Unknown characters that stand together are one unknown piece, or are spelled in bytes
    /// where the model has them.
    pub fn encode(&self, text: &str) -> Cuts {
        let normalised = self.normalizer.normalise(text, &self.whole);
        let mut pieces: Vec<Cut> = Vec::with_capacity(normalised.text.len() / 3);
        let mut start = 0;
        let each = |end: usize, id: Option<u32>| {
            self.push(&normalised, Span::new(start, end), id, &mut pieces);
            start = end;
        };
        match &self.cutter {
            Cutter::Unigram(unigram) => unigram.cut(&normalised.text, each),
            Cutter::Bpe(bpe) => bpe.cut(&normalised.text, &self.whole, each),
        }
        Cuts {
            normalised: normalised.text,
            pieces,
        }
    }

    fn push(&self, normalised: &Normalised, normal: Span, id: Option<u32>, pieces: &mut Vec<Cut>) {
        let span = Span::new(normalised.origin[normal.start], normalised.origin[normal.end]);
        let cut = |id: u32| Cut { id, span, normal };
        match (id, &self.bytes) {
            (Some(id), _) => pieces.push(cut(id)),
            (None, Some(ids)) => {
                let bytes = normal.of(&normalised.text).bytes();
                pieces.extend(bytes.map(|byte| cut(ids[usize::from(byte)])));
            }
            (None, None) => match pieces.last_mut() {
                Some(last) if last.id == self.unknown => {
                    last.span.end = span.end;
                    last.normal.end = normal.end;
                }
                _ => pieces.push(cut(self.unknown)),
            },
        }
    }

    /// The text of `ids`. Control pieces are not part of it; an id that is not in the vocabulary is unknown.
    pub fn decode(&self, ids: &[u32]) -> Decoded {
        let unknown = Spelling::Verbatim(self.unknown_surface.as_str().into());
        let spellings: Vec<Spelling> = ids
            .iter()
            .map(|id| match self.spelling(*id) {
                Some(spelling) => spelling,
                None => unknown.clone(),
            })
            .collect();
        self.denormalised(Decoded::of(&spellings, self.habits()))
    }

    /// What an id adds to a text; None for unknown pieces.
    pub(crate) fn spelling(&self, id: u32) -> Option<Spelling> {
        let piece = self.pieces.get(id as usize)?;
        Some(match piece.kind {
            Kind::Unknown => return None,
            Kind::Control => Spelling::Silent,
            Kind::Byte => Spelling::byte(byte_of(&piece.text)?),
            Kind::Normal | Kind::UserDefined | Kind::Unused => Spelling::piece(&piece.text),
        })
    }

    /// How texts of this model begin.
    pub(crate) fn habits(&self) -> Habits {
        Habits {
            all_first_spaces: self.normalizer.remove_extra_whitespaces(),
            first_space: self.normalizer.add_dummy_prefix(),
            each_wrong_byte: true,
        }
    }

    /// The text after the model's denormalizer, where it has one.
    pub(crate) fn denormalised(&self, decoded: Decoded) -> Decoded {
        let Some(denormalizer) = &self.denormalizer else {
            return decoded;
        };
        let Normalised { text, origin } = denormalizer.normalise(&decoded.text, &Trie::new([]));
        // The first place of the result that comes from `at` or from behind it.
        let place = |at: usize| origin.partition_point(|from| *from < at).min(text.len());
        let spans = decoded.spans.iter();
        Decoded {
            spans: spans.map(|s| Span::new(place(s.start), place(s.end))).collect(),
            text,
        }
    }

    /// The number of pieces.
    pub fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Never: a model without pieces is not read.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The id of a piece by its text, control pieces included.
    pub fn id(&self, piece: &str) -> Option<u32> {
        self.ids.get(piece).copied()
    }

    /// The text of a piece.
    pub fn piece(&self, id: u32) -> Option<&str> {
        self.pieces.get(id as usize).map(|p| p.text.as_str())
    }

    /// Whether an id is a control piece, and so no part of any text.
    pub fn is_control(&self, id: u32) -> bool {
        self.pieces
            .get(id as usize)
            .is_some_and(|p| p.kind == Kind::Control)
    }

    /// The id of what is no piece.
    pub fn unknown(&self) -> u32 {
        self.unknown
    }
}

/// The ids of the bytes from 0 to 255, if all of them are there.
fn bytes(pieces: &[Piece]) -> Option<Vec<u32>> {
    let mut ids = vec![None; 256];
    for (piece, id) in pieces.iter().zip(0u32..).filter(|(p, _)| p.kind == Kind::Byte) {
        ids[usize::from(byte_of(&piece.text)?)] = Some(id);
    }
    ids.into_iter().collect()
}

#[cfg(test)]
mod tests;
