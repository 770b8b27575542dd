//! Text → token ids and back, for `tokenizer.json` and for the vocabularies inside GGUF files.
//!
//! What always holds: [`Tokenizer::encode`] never gives a control token, whatever the text spells. Control tokens
//! come from [`Tokenizer::encode_prompt`] alone, which takes the rendered chat template, where the contents of
//! messages have been made harmless by [`Tokenizer::guard`].

mod gguf;
mod json;
mod stream;

pub(crate) use json::{build, is_byte_level};
pub(crate) use stream::Streamer;

use std::path::Path;

use regex::Regex;

use super::gguf::broken;
use super::sentencepiece::SentencePiece;
use crate::error::{Error, Result};

/// Put into spellings of control tokens that stand in contents, and taken out again before encoding. Unicode
/// reserves it for use inside programs: no text that is meant for exchange has it.
const GUARD: char = '\u{FDD0}';

/// What turns plain text, free of added tokens, into ids.
pub(crate) enum Pieces {
    /// A pipeline of the tokenizers crate; the second serves text that does not begin the input.
    Crate(Box<tokenizers::Tokenizer>, Option<Box<tokenizers::Tokenizer>>),
    /// SentencePiece's BPE.
    SentencePiece(Box<SentencePiece>),
}

/// A token that is found in the text before anything else is.
#[derive(Clone, Debug)]
pub(crate) struct Added {
    pub(crate) text: String,
    pub(crate) id: u32,
    /// Control: not part of any text.
    pub(crate) control: bool,
    /// Whether white space before or after it belongs to it.
    pub(crate) strip: (bool, bool),
}

/// Finds added tokens in text, the longest first.
struct Finder {
    regex: Option<Regex>,
    added: Vec<Added>,
}

impl Finder {
    fn new(mut added: Vec<Added>, path: &Path) -> Result<Self> {
        added.retain(|a| !a.text.is_empty());
        added.sort_by(|a, b| b.text.len().cmp(&a.text.len()).then_with(|| a.text.cmp(&b.text)));
        if added.is_empty() {
            return Ok(Self { regex: None, added });
        }
        let pattern: Vec<String> = added.iter().map(|a| regex::escape(&a.text)).collect();
        let regex = regex::RegexBuilder::new(&pattern.join("|"))
            .size_limit(1 << 28)
            .build()
            .map_err(|_| broken(path, "its added tokens cannot be searched for"))?;
        added.sort_by(|a, b| a.text.cmp(&b.text));
        Ok(Self {
            regex: Some(regex),
            added,
        })
    }

    /// The text in pieces: plain, or an added token.
    fn split<'t>(&self, text: &'t str) -> Vec<std::result::Result<&'t str, u32>> {
        let mut pieces = Vec::new();
        let mut at = 0;
        let found = self.regex.iter().flat_map(|r| r.find_iter(text));
        for m in found {
            let Ok(index) = self.added.binary_search_by(|a| a.text.as_str().cmp(m.as_str())) else {
                continue;
            };
            let added = &self.added[index];
            let before = &text[at.min(m.start())..m.start()];
            let before = if added.strip.0 { before.trim_end() } else { before };
            if !before.is_empty() {
                pieces.push(Ok(before));
            }
            pieces.push(Err(added.id));
            at = m.end();
            if added.strip.1 {
                at += text[at..].len() - text[at..].trim_start().len();
            }
        }
        if at < text.len() {
            pieces.push(Ok(&text[at..]));
        }
        pieces
    }
}

/// A model's tokenizer.
pub(crate) struct Tokenizer {
    pieces: Pieces,
    /// All added tokens: for rendered prompts.
    all: Finder,
    /// Those that plain text may contain.
    plain: Finder,
    /// Those that contents must not become.
    guarded: Finder,
    /// The control tokens among them.
    control: Finder,
    /// The bytes of each token, empty for control tokens.
    bytes: Vec<Vec<u8>>,
    /// Put before every prompt that does not begin with it.
    bos: Option<u32>,
}

impl Tokenizer {
    /// From what a reader of some format has found.
    pub(crate) fn assemble(
        pieces: Pieces,
        added: Vec<Added>,
        mut bytes: Vec<Vec<u8>>,
        bos: Option<u32>,
        template: Option<&str>,
        path: &Path,
    ) -> Result<Self> {
        // A control token of one letter could not be guarded against: it stays text.
        let added: Vec<Added> = added
            .into_iter()
            .filter(|a| !a.control || a.text.chars().nth(1).is_some())
            .collect();
        for token in added.iter().filter(|a| a.control) {
            if let Some(bytes) = bytes.get_mut(token.id as usize) {
                bytes.clear();
            }
        }
        let spelled = |a: &Added| template.is_some_and(|t| t.contains(&a.text)) && a.text.starts_with('<');
        let control = added.iter().filter(|a| a.control).cloned().collect();
        let plain = added.iter().filter(|a| !a.control).cloned().collect();
        let guarded = added
            .iter()
            .filter(|a| a.control || spelled(a))
            .cloned()
            .collect();
        Ok(Self {
            pieces,
            plain: Finder::new(plain, path)?,
            guarded: Finder::new(guarded, path)?,
            control: Finder::new(control, path)?,
            all: Finder::new(added, path)?,
            bytes,
            bos,
        })
    }

    /// The size of the vocabulary, added tokens included.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The ids of a text that is data: whatever it spells, none of them is a control token.
    pub(crate) fn encode(&self, text: &str) -> Result<Vec<u32>> {
        let mut ids = Vec::new();
        let guarded = self.guard(text);
        for (index, piece) in self.plain.split(&guarded).into_iter().enumerate() {
            self.push(piece, index == 0, &mut ids)?;
        }
        Ok(ids)
    }

    /// The ids of a rendered chat template, or of any prompt whose control tokens are meant. A beginning-of-text
    /// token is put before it where the model wants one and the prompt has none.
    pub(crate) fn encode_prompt(&self, rendered: &str) -> Result<Vec<u32>> {
        let mut ids = Vec::new();
        for (index, piece) in self.all.split(rendered).into_iter().enumerate() {
            self.push(piece, index == 0, &mut ids)?;
        }
        if let Some(bos) = self.bos
            && ids.first() != Some(&bos)
        {
            ids.insert(0, bos);
        }
        Ok(ids)
    }

    fn push(&self, piece: std::result::Result<&str, u32>, first: bool, ids: &mut Vec<u32>) -> Result<()> {
        let text = match piece {
            Ok(text) => text,
            Err(id) => {
                ids.push(id);
                return Ok(());
            }
        };
        let unguarded;
        let text = if text.contains(GUARD) {
            unguarded = text.replace(GUARD, "");
            &unguarded
        } else {
            text
        };
        match &self.pieces {
            Pieces::SentencePiece(model) => ids.extend(model.encode(text).pieces.iter().map(|p| p.id)),
            Pieces::Crate(tokenizer, later) => {
                let tokenizer = later.as_ref().filter(|_| !first).unwrap_or(tokenizer);
                let encoding = tokenizer
                    .encode_fast(text, false)
                    .map_err(|e| Error::failed(format!("the text cannot be tokenised: {e}")))?;
                ids.extend_from_slice(encoding.get_ids());
            }
        }
        Ok(())
    }

    /// The same text, with an invisible mark inside of whatever spells a control token (or a token by which the
    /// chat template marks something), so that it is not taken for one.
    pub(crate) fn guard(&self, text: &str) -> String {
        mark(text, &self.guarded)
    }

    /// As [`Tokenizer::guard`] for an answer of the model's own: templates look for `</think>` in these, and take
    /// thoughts out of them.
    pub(crate) fn guard_answer(&self, text: &str) -> String {
        mark(text, &self.control)
    }

    /// The same text as it was before [`Tokenizer::guard`].
    pub(crate) fn unguard(text: &str) -> String {
        text.replace(GUARD, "")
    }

    /// The bytes that a token adds to the text; none for control tokens. They may be a part of a character.
    pub(crate) fn token_bytes(&self, id: u32) -> &[u8] {
        self.bytes.get(id as usize).map_or(&[], Vec::as_slice)
    }

    /// The text of tokens; incomplete characters become U+FFFD.
    pub(crate) fn decode(&self, ids: &[u32]) -> String {
        let bytes: Vec<u8> = ids.iter().flat_map(|id| self.token_bytes(*id)).copied().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The id of an added token by its spelling.
    pub(crate) fn added(&self, text: &str) -> Option<u32> {
        self.all.added.iter().find(|a| a.text == text).map(|a| a.id)
    }
}

/// Puts [`GUARD`] into all that `finder` finds, after its first letter.
fn mark(text: &str, finder: &Finder) -> String {
    let mut guarded = text.replace(GUARD, "");
    let Some(regex) = &finder.regex else {
        return guarded;
    };
    // A mark may leave a shorter spelling behind it: again, until nothing is found. Each round adds marks, and there
    // are finitely many places.
    loop {
        let next = regex.replace_all(&guarded, |found: &regex::Captures<'_>| {
            let text = &found[0];
            let first = text.chars().next().map_or(0, char::len_utf8);
            format!("{}{GUARD}{}", &text[..first], &text[first..])
        });
        match next {
            std::borrow::Cow::Borrowed(_) => return guarded,
            std::borrow::Cow::Owned(next) => guarded = next,
        }
    }
}
