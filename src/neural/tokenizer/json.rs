//! The tokenizer in a `tokenizer.json`.

use std::path::Path;

use serde_json::Value as Json;

use super::{Added, Pieces, Tokenizer};
use crate::error::{Error, Result};
use crate::neural::gguf::{broken, unsupported};
use crate::neural::{bpe, sentencepiece};

impl Tokenizer {
    /// From `tokenizer.json`. `add_bos`: from `tokenizer_config.json`, where it says so.
    pub(crate) fn from_json_file(path: &Path, template: Option<&str>) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|e| Error::io(path, e))?;
        let mut json: Json =
            serde_json::from_slice(&bytes).map_err(|_| broken(path, "this tokenizer cannot be read"))?;
        let added = take_added(&mut json, path)?;
        let byte_level = is_byte_level(&json, path)?;
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
                match sentencepiece::byte_of(&text) {
                    Some(byte) => vec![byte],
                    None => text.replace(sentencepiece::SPACE, " ").into_bytes(),
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

/// The tokenizers crate's reading of the file.
pub(crate) fn build(json: Json, path: &Path) -> Result<tokenizers::Tokenizer> {
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
pub(crate) fn is_byte_level(json: &Json, path: &Path) -> Result<bool> {
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
        let mut changed = false;
        match json {
            Json::Object(map) => {
                if map.get("prepend_scheme").and_then(Json::as_str) == Some("first") {
                    map.insert("prepend_scheme".to_owned(), Json::from("never"));
                    changed = true;
                }
                for value in map.values_mut() {
                    changed |= change(value);
                }
            }
            Json::Array(items) => {
                for item in items {
                    changed |= change(item);
                }
            }
            _ => {}
        }
        changed
    }
    let mut pre = json.get("pre_tokenizer")?.clone();
    change(&mut pre).then(|| {
        let mut later = json.clone();
        later["pre_tokenizer"] = pre;
        later
    })
}
