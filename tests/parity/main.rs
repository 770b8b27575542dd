//! Holds the models to what others compute: transformers on tiny seeded ones, llama.cpp on real weights; and
//! tokenizers to sentencepiece and transformers.
//!
//! `tiny`, `devices`, `quantised`, `seq2seq`, `seq2seq_files`, `student`, `tokens` and `damage` need nothing but the repository. `real` needs
//! weights: it looks for `ID.gguf` (or `ID/model.safetensors`) in the folder that `BYLINE_TEST_MODELS` names, then in
//! byline's own cache, and says what it left out. The models that the variable `BYLINE_TEST_WEIGHTS` lists (ids with
//! commas between them) must be there, or their tests fail: CI pulls smollm2-135m and lists it.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod damage;
mod devices;
mod encoder;
mod quantised;
mod real;
mod seq2seq;
mod seq2seq_files;
mod student;
mod tiny;
mod tokens;

use std::path::{Path, PathBuf};

use byline::neural::{ChatModel, LoadSpec, Message, Role, load};

/// A folder of this test.
fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/parity")
        .join(name)
}

/// Loads onto the processor.
fn loaded(weights: impl IntoIterator<Item = PathBuf>) -> ChatModel {
    match load(&LoadSpec::new(weights), &candle_core::Device::Cpu) {
        Ok(model) => model,
        Err(error) => panic!("{error}"),
    }
}

/// How near a number must be, in parts of the largest.
const CLOSE: f32 = 1e-5;

/// The largest difference, in parts of the largest value.
fn difference(ours: &[f32], theirs: &[f32]) -> f32 {
    assert_eq!(ours.len(), theirs.len());
    let largest = theirs.iter().fold(0f32, |m, x| m.max(x.abs()));
    let apart = ours
        .iter()
        .zip(theirs)
        .fold(0f32, |m, (a, b)| m.max((a - b).abs()));
    apart / largest
}

fn assert_close(what: &str, ours: &[f32], theirs: &[f32]) {
    let apart = difference(ours, theirs);
    assert!(
        apart <= CLOSE,
        "{what} is the first to differ: by {apart:e} of the largest value"
    );
}

/// The token of the highest logit.
fn best(logits: &[f32]) -> u32 {
    let (id, _) = logits
        .iter()
        .enumerate()
        .rev()
        .max_by(|a, b| a.1.total_cmp(b.1))
        .unwrap();
    id as u32
}

/// The messages of a conversation in a reference file.
fn messages(turns: &[(String, String)]) -> Vec<Message> {
    let role = |name: &str| match name {
        "system" => Role::System,
        "user" => Role::User,
        _ => Role::Assistant,
    };
    turns
        .iter()
        .map(|(name, text)| Message::new(role(name), text.clone()))
        .collect()
}
