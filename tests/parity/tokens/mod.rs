//! Tokenizers of encoder-decoder models against sentencepiece and transformers (`make_tokenizer_reference.py`).

mod families;
mod spm;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::here;
use byline::text::span::Span;

/// A file of the tokenizers' folder.
fn file(name: &str) -> PathBuf {
    here("tokenizers").join(name)
}

fn json(path: &Path) -> Json {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn texts(json: &Json) -> Vec<&str> {
    json.as_array()
        .unwrap()
        .iter()
        .map(|t| t.as_str().unwrap())
        .collect()
}

fn numbers(json: &Json) -> Vec<u32> {
    serde_json::from_value(json.clone()).unwrap()
}

/// The bytes of a file, which may be packed in a zip archive of its name.
fn bytes(name: &str) -> Vec<u8> {
    let path = file(name);
    if path.is_file() {
        return fs::read(path).unwrap();
    }
    let mut archive = zip::ZipArchive::new(fs::File::open(path.with_extension("zip")).unwrap()).unwrap();
    let mut bytes = Vec::new();
    archive.by_index(0).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

/// The ends of spans, in one list.
fn ends(spans: impl IntoIterator<Item = Span>) -> Vec<u32> {
    let ends = spans.into_iter().flat_map(|s| [s.start as u32, s.end as u32]);
    ends.collect()
}

/// The first bytes of a hash over ids and spans, as the reference has it.
fn digest(ids: &[u32], ends: &[u32]) -> String {
    digest_of(&serde_json::json!({ "ids": ids, "spans": ends }))
}

/// The same over any numbers.
fn digest_of(json: &Json) -> String {
    let hash = Sha256::digest(json.to_string().as_bytes());
    hash.iter().take(8).map(|b| format!("{b:02x}")).collect()
}
