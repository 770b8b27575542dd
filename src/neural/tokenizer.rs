//! Text → token ids and back, for `tokenizer.json` and for the vocabularies inside GGUF files.
//!
//! What always holds: [`Tokenizer::encode`] never gives a control token, whatever the text spells. Control tokens
//! come from [`Tokenizer::encode_prompt`] alone, which takes the rendered chat template, where the contents of
//! messages have been made harmless by [`Tokenizer::guard`].

use std::path::Path;

use regex::Regex;
use serde_json::Value as Json;

use super::bpe;
use super::gguf::{Gguf, Value, broken, unsupported};
use super::spm::SentencePiece;
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
            Pieces::SentencePiece(model) => model.encode(text, ids),
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
        let clean = if text.contains(GUARD) {
            text.replace(GUARD, "")
        } else {
            text.to_owned()
        };
        let Some(regex) = &self.guarded.regex else {
            return clean;
        };
        let mut guarded = clean;
        // A mark may leave a shorter spelling behind it, or the end of one and the start of the next may spell a
        // third: again, until nothing is found. Each round adds marks, and there are finitely many places.
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

/// Turns token bytes into text piece by piece, and never gives a part of a character.
#[derive(Default)]
pub(crate) struct Streamer {
    pending: Vec<u8>,
}

impl Streamer {
    /// Adds the bytes of a token; gives the text that is complete now. Bytes that can never become a character
    /// give U+FFFD.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> String {
        self.pending.extend_from_slice(bytes);
        let mut text = String::new();
        let mut rest = self.pending.as_slice();
        loop {
            match std::str::from_utf8(rest) {
                Ok(valid) => {
                    text.push_str(valid);
                    rest = &[];
                    break;
                }
                Err(error) => {
                    let (valid, after) = rest.split_at(error.valid_up_to());
                    text.push_str(&String::from_utf8_lossy(valid));
                    rest = after;
                    match error.error_len() {
                        None => break,
                        Some(wrong) => {
                            text.push('\u{FFFD}');
                            rest = &rest[wrong..];
                        }
                    }
                }
            }
        }
        self.pending = rest.to_vec();
        text
    }

    /// What is left when no token follows: U+FFFD for an unfinished character.
    pub(crate) fn finish(&mut self) -> String {
        let text = String::from_utf8_lossy(&self.pending).into_owned();
        self.pending.clear();
        text
    }
}

// GGUF ------------------------------------------------------------------------------------------------------

/// GGUF's token types.
const CONTROL: i64 = 3;
const USER_DEFINED: i64 = 4;
const UNUSED: i64 = 5;
const BYTE: i64 = 6;
const UNKNOWN: i64 = 2;

impl Tokenizer {
    /// From the vocabulary in a GGUF file.
    pub(crate) fn from_gguf(gguf: &Gguf, template: Option<&str>) -> Result<Self> {
        let path = gguf.path();
        let missing = |key: &str| broken(path, &format!("the key `{key}` is missing"));
        let kind = gguf
            .text("tokenizer.ggml.model")
            .ok_or_else(|| missing("tokenizer.ggml.model"))?;
        let Some(Value::Texts(tokens)) = gguf.get("tokenizer.ggml.tokens") else {
            return Err(missing("tokenizer.ggml.tokens"));
        };
        let types: &[i64] = match gguf.get("tokenizer.ggml.token_type") {
            Some(Value::Ints(types)) if types.len() == tokens.len() => types,
            None => &[],
            Some(_) => return Err(broken(path, "it has more or fewer token types than tokens")),
        };
        let type_of = |id: usize| types.get(id).copied().unwrap_or(1);
        let added: Vec<Added> = tokens
            .iter()
            .enumerate()
            .filter(|(id, _)| matches!(type_of(*id), CONTROL | USER_DEFINED | UNKNOWN))
            .map(|(id, text)| Added {
                text: text.clone(),
                id: id as u32,
                control: type_of(id) != USER_DEFINED,
                strip: (false, false),
            })
            .collect();
        let (pieces, bytes, default_bos) = match kind {
            "gpt2" => {
                let tokenizer = bpe::from_gguf(gguf, tokens)?;
                let bytes = tokens
                    .iter()
                    .enumerate()
                    .map(|(id, t)| match type_of(id) {
                        USER_DEFINED => t.as_bytes().to_vec(),
                        _ => bpe::bytes_of(t),
                    })
                    .collect();
                (Pieces::Crate(Box::new(tokenizer), None), bytes, false)
            }
            "llama" => {
                let Some(Value::Floats(scores)) = gguf.get("tokenizer.ggml.scores") else {
                    return Err(missing("tokenizer.ggml.scores"));
                };
                let usable = |id: usize| !matches!(type_of(id), CONTROL | UNKNOWN | UNUSED);
                let space_first = gguf.bool("tokenizer.ggml.add_space_prefix").unwrap_or(true);
                let unknown = gguf.int("tokenizer.ggml.unknown_token_id").unwrap_or(0);
                let model = SentencePiece::new(tokens, scores, usable, space_first, unknown as u32)
                    .map_err(|problem| broken(path, &problem))?;
                let bytes = tokens
                    .iter()
                    .enumerate()
                    .map(|(id, t)| match type_of(id) {
                        BYTE => super::spm::byte_of(t).map_or_else(Vec::new, |b| vec![b]),
                        _ => t.replace(super::spm::SPACE, " ").into_bytes(),
                    })
                    .collect();
                (Pieces::SentencePiece(Box::new(model)), bytes, true)
            }
            other => {
                return Err(unsupported(
                    path,
                    "tokenizer.ggml.model",
                    &format!("the tokenizer `{other}`"),
                ));
            }
        };
        let add_bos = gguf.bool("tokenizer.ggml.add_bos_token").unwrap_or(default_bos);
        let bos = gguf.int("tokenizer.ggml.bos_token_id").filter(|_| add_bos);
        if bos.is_some_and(|id| id < 0 || id as usize >= tokens.len()) {
            return Err(broken(
                path,
                "its beginning-of-text token is not in its vocabulary",
            ));
        }
        Self::assemble(pieces, added, bytes, bos.map(|id| id as u32), template, path)
    }
}

// tokenizer.json --------------------------------------------------------------------------------------------

impl Tokenizer {
    /// From `tokenizer.json`. `add_bos`: from `tokenizer_config.json`, where it says so.
    pub(crate) fn from_json_file(path: &Path, template: Option<&str>) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|e| Error::io(path, e))?;
        let mut json: Json =
            serde_json::from_slice(&bytes).map_err(|_| broken(path, "this tokenizer cannot be read"))?;
        let added = take_added(&mut json, path)?;
        let byte_level = decoder_kind(&json, path)?;
        let bos = bos_of(&json);
        let later = without_first_prefix(&json)
            .map(|json| build(json, path))
            .transpose()?;
        let tokenizer = build(json, path)?;
        let size = added
            .iter()
            .map(|a| a.id as usize + 1)
            .chain([tokenizer.get_vocab_size(false)])
            .chain(tokenizer.get_vocab(false).into_values().map(|id| id as usize + 1))
            .max()
            .unwrap_or(0);
        if size > 1 << 24 {
            return Err(broken(path, "its token numbers are out of range"));
        }
        let mut bytes = vec![Vec::new(); size];
        for (text, id) in tokenizer.get_vocab(false) {
            bytes[id as usize] = if byte_level {
                bpe::bytes_of(&text)
            } else {
                match super::spm::byte_of(&text) {
                    Some(byte) => vec![byte],
                    None => text.replace(super::spm::SPACE, " ").into_bytes(),
                }
            };
        }
        for token in &added {
            bytes[token.id as usize] = token.text.as_bytes().to_vec();
        }
        let pieces = Pieces::Crate(Box::new(tokenizer), later.map(Box::new));
        Self::assemble(pieces, added, bytes, bos, template, path)
    }
}

fn build(json: Json, path: &Path) -> Result<tokenizers::Tokenizer> {
    serde_json::from_value(json).map_err(|e| {
        let reason = e.to_string();
        let line = reason.lines().next().unwrap_or_default();
        broken(path, &format!("this tokenizer cannot be read ({line})"))
    })
}

/// Takes the added tokens out of the JSON: they are found by [`Finder`], which knows data from control.
fn take_added(json: &mut Json, path: &Path) -> Result<Vec<Added>> {
    #[derive(serde::Deserialize)]
    struct Entry {
        id: u32,
        content: String,
        #[serde(default)]
        special: bool,
        #[serde(default)]
        lstrip: bool,
        #[serde(default)]
        rstrip: bool,
    }
    let entries = match json.get_mut("added_tokens") {
        Some(value) => std::mem::replace(value, Json::Array(Vec::new())),
        None => Json::Array(Vec::new()),
    };
    let entries: Vec<Entry> =
        serde_json::from_value(entries).map_err(|_| broken(path, "its added tokens cannot be read"))?;
    Ok(entries
        .into_iter()
        .map(|e| Added {
            text: e.content,
            id: e.id,
            control: e.special,
            strip: (e.lstrip, e.rstrip),
        })
        .collect())
}

/// Whether tokens are spelled in byte-level letters (true) or with `▁` and `<0x0A>` (false).
fn decoder_kind(json: &Json, path: &Path) -> Result<bool> {
    let decoder = json.get("decoder").unwrap_or(&Json::Null);
    let text = decoder.to_string();
    if text.contains("\"ByteLevel\"") {
        Ok(true)
    } else if text.contains("\"ByteFallback\"") || text.contains("\"Metaspace\"") {
        Ok(false)
    } else {
        Err(unsupported(path, "decoder", "a decoder of an unknown kind"))
    }
}

/// The token that the post-processor puts first, if it puts one.
fn bos_of(json: &Json) -> Option<u32> {
    let post = json.get("post_processor")?;
    let templates = match post.get("type")?.as_str()? {
        "Sequence" => post.get("processors")?.as_array()?.iter().collect(),
        _ => vec![post],
    };
    let template = templates
        .into_iter()
        .find(|p| p.get("type").and_then(Json::as_str) == Some("TemplateProcessing"))?;
    let first = template
        .get("single")?
        .get(0)?
        .get("SpecialToken")?
        .get("id")?
        .as_str()?;
    let id = template.get("special_tokens")?.get(first)?.get("ids")?.get(0)?;
    u32::try_from(id.as_u64()?).ok()
}

/// The same tokenizer for text in the middle, if it treats the beginning of the input otherwise.
fn without_first_prefix(json: &Json) -> Option<Json> {
    fn change(json: &mut Json) -> bool {
        match json {
            Json::Object(map) => {
                let mut changed = false;
                if map.get("prepend_scheme").and_then(Json::as_str) == Some("first") {
                    map.insert("prepend_scheme".to_owned(), Json::from("never"));
                    changed = true;
                }
                map.values_mut().fold(changed, |c, v| change(v) || c)
            }
            Json::Array(items) => items.iter_mut().fold(false, |c, v| change(v) || c),
            _ => false,
        }
    }
    let mut pre = json.get("pre_tokenizer")?.clone();
    change(&mut pre).then(|| {
        let mut later = json.clone();
        later["pre_tokenizer"] = pre;
        later
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_stream_never_shows_a_part_of_a_character() {
        let text = "Zürich 한국 Ґанок 🚢.";
        for cut in 1..6 {
            let mut streamer = Streamer::default();
            let mut shown = String::new();
            for bytes in text.as_bytes().chunks(cut) {
                let piece = streamer.push(bytes);
                assert!(!piece.contains('\u{FFFD}'));
                shown.push_str(&piece);
            }
            assert_eq!(shown + &streamer.finish(), text);
        }
    }

    #[test]
    fn wrong_bytes_are_shown_as_such_and_do_not_stop_the_stream() {
        let mut streamer = Streamer::default();
        assert_eq!(streamer.push(b"a\xff"), "a\u{FFFD}");
        assert_eq!(streamer.push(b"\xec\x84"), "");
        assert_eq!(streamer.push(b"b"), "\u{FFFD}b");
        assert_eq!(streamer.push(b"\xec"), "");
        assert_eq!(streamer.finish(), "\u{FFFD}");
    }
}
