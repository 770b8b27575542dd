//! A `tokenizer.json` as a side: what it reserves comes out of no text.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use serde_json::Value as Json;

use super::side::{Cutter, Side};
use crate::error::{Error, Result};
use crate::neural::load::json_of;
use crate::neural::sentencepiece::{Habits, Spelling, byte_of};
use crate::neural::tokenizer::{build, is_byte_level};
use crate::neural::{bpe, gguf::broken};

/// What a file gives.
pub(super) struct JsonSide {
    pub(super) side: Side,
    pub(super) spellings: Vec<Spelling>,
    pub(super) habits: Habits,
    /// Ids by text, added tokens included.
    pub(super) ids: HashMap<String, u32>,
    /// By language: the ids of its tag.
    pub(super) tags: BTreeMap<String, Vec<u32>>,
    /// Its model is BPE.
    pub(super) bpe: bool,
}

/// How a family writes its language tags.
#[derive(Clone, Copy)]
pub(super) struct Tags {
    /// The language of a token, if it is a tag.
    pub(super) language: fn(&str) -> Option<&str>,
    /// Its models were trained with tags that were put before the text and cut with it.
    pub(super) spelled: bool,
}

/// Whether a token is special in every family, also where the file forgets to say so.
pub(super) fn is_special(text: &str) -> bool {
    let inner = text.strip_prefix('<').and_then(|t| t.strip_suffix('>'));
    inner.is_some_and(|inner| {
        let number = ["extra_id_", "unk_", "mask_"]
            .iter()
            .find_map(|p| inner.strip_prefix(p));
        ["s", "/s", "pad", "unk", "mask"].contains(&inner)
            || number.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    })
}

/// What a reserved token is called while text is cut: pieces have no spaces in them.
fn hidden(id: u32) -> String {
    format!(" {id}")
}

impl JsonSide {
    /// `unknown`: the spelling of the unknown token.
    pub(super) fn open(path: &Path, tags: Tags, unknown: &str) -> Result<Self> {
        let mut json = json_of(path)?;
        if !json.is_object() || !json["model"].is_object() {
            return Err(broken(path, "it is no tokenizer"));
        }
        // A source is never cut short.
        for part in ["truncation", "padding"] {
            json[part] = Json::Null;
        }
        let byte_level = is_byte_level(&json, path)?;
        let bpe = json["model"].get("merges").is_some();
        let reserved = reserve(&mut json.clone(), tags);
        let languages = || {
            reserved
                .iter()
                .filter_map(|(text, id)| Some(((tags.language)(text)?, text, *id)))
        };
        let trusted = (tags.spelled && languages().next().is_some())
            .then(|| build(json.clone(), path))
            .transpose()?;
        let mut tag_ids = BTreeMap::new();
        for (language, text, id) in languages() {
            let ids = match &trusted {
                Some(tokenizer) => encode_trusted(tokenizer, text)?,
                None => vec![id],
            };
            tag_ids.insert(language.to_owned(), ids);
        }
        reserve(&mut json, tags);
        let mut tokenizer = build(json, path)?;
        // Under their hidden names too special tokens are not looked for in texts.
        tokenizer.set_encode_special_tokens(true);
        let mut ids = reserved;
        let numbers: HashSet<u32> = ids.values().copied().collect();
        for (text, id) in tokenizer.get_vocab(true) {
            if text != hidden(id) {
                ids.insert(text, id);
            }
        }
        let unknown = ids.get(unknown).copied();
        let unknown = unknown.ok_or_else(|| broken(path, "its unknown token is not in its vocabulary"))?;
        Ok(Self {
            spellings: spellings(&ids, &numbers, byte_level, path)?,
            side: Side::new(Cutter::Crate(Box::new(tokenizer)), numbers, unknown),
            habits: Habits {
                all_first_spaces: false,
                first_space: !byte_level,
                each_wrong_byte: !byte_level,
            },
            ids,
            tags: tag_ids,
            bpe,
        })
    }
}

fn encode_trusted(tokenizer: &tokenizers::Tokenizer, text: &str) -> Result<Vec<u32>> {
    let encoding = tokenizer.encode_fast(text, false);
    let encoding = encoding.map_err(|e| Error::failed(format!("a language tag cannot be tokenised: {e}")))?;
    Ok(encoding.get_ids().to_vec())
}

/// Hides special tokens and language tags in the file, so that texts do not give them; their ids by their texts.
fn reserve(json: &mut Json, tags: Tags) -> HashMap<String, u32> {
    let mut reserved = HashMap::new();
    let is_reserved = |text: &str| is_special(text) || (tags.language)(text).is_some();
    let added = json.get_mut("added_tokens").and_then(Json::as_array_mut);
    for token in added.into_iter().flatten() {
        let (Some(text), Some(id)) = (token["content"].as_str(), token["id"].as_u64()) else {
            continue;
        };
        if token["special"] == true || is_reserved(text) {
            reserved.insert(text.to_owned(), id as u32);
            token["content"] = Json::from(hidden(id as u32));
            token["special"] = Json::from(true);
        }
    }
    let model = &mut json["model"];
    match &mut model["vocab"] {
        Json::Array(pieces) => {
            for (piece, id) in pieces.iter_mut().zip(0u32..) {
                if let Some(text) = piece[0].as_str()
                    && (is_reserved(text) || reserved.contains_key(text))
                {
                    reserved.entry(text.to_owned()).or_insert(id);
                    piece[0] = Json::from(hidden(id));
                }
            }
        }
        Json::Object(pieces) => {
            for (text, id) in std::mem::take(pieces) {
                let number = id.as_u64().unwrap_or_default() as u32;
                if is_reserved(&text) || reserved.contains_key(&text) {
                    reserved.entry(text).or_insert(number);
                    pieces.insert(hidden(number), id);
                } else {
                    pieces.insert(text, id);
                }
            }
        }
        _ => {}
    }
    if let Some(id) = model["unk_token"].as_str().and_then(|text| reserved.get(text)) {
        model["unk_token"] = Json::from(hidden(*id));
    }
    reserved
}

/// What each id adds to a text.
fn spellings(
    ids: &HashMap<String, u32>,
    silent: &HashSet<u32>,
    byte_level: bool,
    path: &Path,
) -> Result<Vec<Spelling>> {
    let size = ids.values().map(|id| *id as usize + 1).max().unwrap_or(0);
    if size > 1 << 24 {
        return Err(broken(path, "its token numbers are out of range"));
    }
    let mut spellings = vec![Spelling::Silent; size];
    for (text, id) in ids.iter().filter(|(_, id)| !silent.contains(id)) {
        spellings[*id as usize] = match byte_of(text) {
            _ if byte_level => Spelling::Bytes(bpe::bytes_of(text).into()),
            Some(byte) => Spelling::byte(byte),
            None => Spelling::piece(text),
        };
    }
    Ok(spellings)
}
