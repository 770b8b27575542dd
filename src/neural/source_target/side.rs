//! One vocabulary that cuts text: the source's, the target's, or both.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::Encoded;
use crate::error::{Error, Result};
use crate::neural::sentencepiece::SentencePiece;
use crate::text::span::Span;

/// What cuts text, and what the ids are then.
pub(super) struct Side {
    cutter: Cutter,
    /// Ids that no text gives, whatever it spells.
    reserved: HashSet<u32>,
    unknown: u32,
}

pub(super) enum Cutter {
    /// A SentencePiece model and how its ids become the model's.
    SentencePiece(Arc<SentencePiece>, Ids),
    /// A pipeline of the tokenizers crate, whose ids are the model's.
    Crate(Box<tokenizers::Tokenizer>),
}

/// How pieces are numbered.
pub(super) enum Ids {
    /// As in the file, and so much more.
    Shifted(u32),
    /// By their texts.
    ByText(Arc<HashMap<String, u32>>),
}

impl Side {
    /// `unknown`: the id of what the vocabulary does not have.
    pub(super) fn new(cutter: Cutter, reserved: HashSet<u32>, unknown: u32) -> Self {
        Self {
            cutter,
            reserved,
            unknown,
        }
    }

    /// Adds the ids of `text`.
    pub(super) fn encode(&self, text: &str, encoded: &mut Encoded) -> Result<()> {
        match &self.cutter {
            Cutter::SentencePiece(model, ids) => {
                let cuts = model.encode(text);
                encoded.ids.reserve(cuts.pieces.len() + 2);
                encoded.spans.reserve(cuts.pieces.len() + 2);
                for piece in &cuts.pieces {
                    let id = match ids {
                        Ids::Shifted(_) if piece.id == model.unknown() => None,
                        Ids::Shifted(by) => Some(piece.id + by),
                        // Unknown characters that stand together are looked up as they stand.
                        Ids::ByText(ids) if piece.id == model.unknown() => {
                            ids.get(piece.normal.of(&cuts.normalised)).copied()
                        }
                        Ids::ByText(ids) => model.piece(piece.id).and_then(|text| ids.get(text)).copied(),
                    };
                    encoded.push(self.allowed(id), piece.span);
                }
            }
            Cutter::Crate(tokenizer) => {
                let encoding = tokenizer
                    .encode(text, false)
                    .map_err(|e| Error::failed(format!("the text cannot be tokenised: {e}")))?;
                for (id, (start, end)) in encoding.get_ids().iter().zip(encoding.get_offsets()) {
                    encoded.push(self.allowed(Some(*id)), Span::new(*start, *end));
                }
            }
        }
        Ok(())
    }

    fn allowed(&self, id: Option<u32>) -> u32 {
        id.filter(|id| !self.reserved.contains(id))
            .unwrap_or(self.unknown)
    }
}
