//! Special tokens, and how the model's authors decode with it: from `generation_config.json` over `config.json`, or from a GGUF header.

use std::path::Path;

use serde_json::Value as Json;

use crate::error::{Error, Result};
use crate::neural::config::Reader;
use crate::neural::decode::{EarlyStopping, Generation};
use crate::neural::gguf::{Gguf, broken};
use crate::neural::seq2seq::Special;

/// Reads a key where it is set, in one file over the other.
struct Layered<'a> {
    files: [Option<Reader<'a>>; 2],
    path: &'a Path,
}

impl<'a> Layered<'a> {
    fn get(&self, key: &str) -> Option<&Json> {
        self.files.iter().flatten().find_map(|file| file.get(key))
    }

    fn wrong(&self, key: &str, value: &Json) -> Error {
        let path = self
            .files
            .iter()
            .flatten()
            .find(|file| file.get(key).is_some())
            .map_or(self.path, |file| file.path);
        broken(path, &format!("`{key}` is {value}"))
    }

    fn count(&self, key: &str) -> Result<Option<usize>> {
        self.read(key, |v| {
            v.as_u64()
                .filter(|n| *n <= u64::from(u32::MAX))
                .map(|n| n as usize)
        })
    }

    fn number(&self, key: &str) -> Result<Option<f64>> {
        self.read(key, Json::as_f64)
    }

    fn id(&self, key: &str) -> Result<Option<u32>> {
        self.read(key, token)
    }

    /// One id or several.
    fn ids(&self, key: &str) -> Result<Vec<u32>> {
        let ids = self.read(key, |value| match value {
            Json::Array(ids) => ids.iter().map(token).collect(),
            id => token(id).map(|id| vec![id]),
        })?;
        Ok(ids.unwrap_or_default())
    }

    /// `bad_words_ids`: those of one token, and those of several.
    fn bad_words(&self) -> Result<(Vec<u32>, Vec<Vec<u32>>)> {
        let words: Option<Vec<Vec<u32>>> = self.read("bad_words_ids", |value| {
            let words = value.as_array()?.iter().map(|word| {
                let ids: Option<Vec<u32>> = word.as_array()?.iter().map(token).collect();
                ids.filter(|ids| !ids.is_empty())
            });
            words.collect()
        })?;
        let (single, several): (Vec<_>, Vec<_>) = words
            .unwrap_or_default()
            .into_iter()
            .partition(|word| word.len() == 1);
        Ok((single.concat(), several))
    }

    fn read<T>(&self, key: &str, parse: impl FnOnce(&Json) -> Option<T>) -> Result<Option<T>> {
        match self.get(key) {
            None => Ok(None),
            Some(value) => parse(value).map(Some).ok_or_else(|| self.wrong(key, value)),
        }
    }

    /// Refuses what would be ignored.
    fn refuse_others(&self) -> Result<()> {
        let (zero, one): (&[Json], &[Json]) = (&[0.into(), 0.0.into()], &[1.into(), 1.0.into()]);
        let off: &[Json] = &[false.into()];
        for (key, harmless) in [
            ("do_sample", off),
            ("num_beam_groups", one),
            ("diversity_penalty", zero),
            ("encoder_no_repeat_ngram_size", zero),
            ("encoder_repetition_penalty", one),
            ("penalty_alpha", zero),
            ("constraints", &[]),
            ("force_words_ids", &[]),
            ("forced_decoder_ids", &[]),
            ("sequence_bias", &[]),
            ("begin_suppress_tokens", &[Json::Array(Vec::new())]),
            ("exponential_decay_length_penalty", &[]),
            ("min_new_tokens", zero),
            ("guidance_scale", one),
        ] {
            for file in self.files.iter().flatten() {
                file.only(key, harmless)?;
            }
        }
        Ok(())
    }
}

fn token(value: &Json) -> Option<u32> {
    value.as_u64().and_then(|id| u32::try_from(id).ok())
}

/// From `config.json` and, over it, `generation_config.json` where it is there. `vocabulary` bounds every id.
pub(super) fn from_json(
    config: (&Json, &Path),
    generation: Option<(&Json, &Path)>,
    vocabulary: usize,
) -> Result<(Special, Generation)> {
    let reader = |(json, path)| Reader { json, path };
    let read = Layered {
        files: [generation.map(reader), Some(reader(config))],
        path: config.1,
    };
    read.refuse_others()?;
    let (mut never, never_in_a_row) = read.bad_words()?;
    never.extend(read.ids("suppress_tokens")?);
    let missing = |key: &str| broken(config.1, &format!("`{key}` is missing"));
    let mut forced_first = read.id("forced_bos_token_id")?;
    if forced_first.is_none() && config.0.get("force_bos_token_to_be_generated") == Some(&true.into()) {
        forced_first = read.id("bos_token_id")?;
    }
    let special = Special {
        start: match read.id("decoder_start_token_id")? {
            Some(start) => start,
            None => read
                .id("bos_token_id")?
                .ok_or_else(|| missing("decoder_start_token_id"))?,
        },
        forced_first,
        forced_last: read.id("forced_eos_token_id")?,
        end: read.ids("eos_token_id")?,
        pad: read.id("pad_token_id")?.ok_or_else(|| missing("pad_token_id"))?,
        never,
        never_in_a_row,
    };
    check(&special, vocabulary, config.1)?;
    Ok((special, defaults(&read)?))
}

fn defaults(read: &Layered<'_>) -> Result<Generation> {
    let usual = Generation::default();
    let early_stopping = read.read("early_stopping", |value| match value {
        Json::Bool(false) => Some(EarlyStopping::No),
        Json::Bool(true) => Some(EarlyStopping::Yes),
        Json::String(text) if text == "never" => Some(EarlyStopping::Never),
        _ => None,
    })?;
    // The start token is no new one.
    let new = read.count("max_new_tokens")?.map(|n| n + 1);
    let penalty = read.number("repetition_penalty")?.map(|p| p as f32);
    Ok(Generation {
        beams: read.count("num_beams")?.unwrap_or(usual.beams),
        length_penalty: read.number("length_penalty")?.unwrap_or(usual.length_penalty),
        early_stopping: early_stopping.unwrap_or(usual.early_stopping),
        max_length: new.or(read.count("max_length")?),
        min_length: read.count("min_length")?.unwrap_or(usual.min_length),
        no_repeat_ngram: read
            .count("no_repeat_ngram_size")?
            .unwrap_or(usual.no_repeat_ngram),
        repetition_penalty: penalty.unwrap_or(usual.repetition_penalty),
        renormalise: read
            .read("renormalize_logits", Json::as_bool)?
            .unwrap_or(usual.renormalise),
        ..usual
    })
}

/// From the header of a GGUF file of llama.cpp, which knows no decoding defaults.
pub(super) fn from_gguf(gguf: &Gguf, vocabulary: usize) -> Result<Special> {
    let id = |key: &str| gguf.int(key).and_then(|id| u32::try_from(id).ok());
    let required = |key: &str| {
        id(key).ok_or_else(|| broken(gguf.path(), &format!("the key `{key}` is missing or no token")))
    };
    let special = Special {
        start: required("t5.decoder_start_token_id")?,
        end: vec![required("tokenizer.ggml.eos_token_id")?],
        pad: id("tokenizer.ggml.padding_token_id").unwrap_or(0),
        ..Special::default()
    };
    check(&special, vocabulary, gguf.path())?;
    Ok(special)
}

/// Every token must be one of the model's.
fn check(special: &Special, vocabulary: usize, path: &Path) -> Result<()> {
    let ids = [special.start].into_iter();
    let ids = ids
        .chain(special.forced_first)
        .chain(special.forced_last)
        .chain(special.end.iter().copied())
        .chain(special.never.iter().copied())
        .chain(special.never_in_a_row.iter().flatten().copied());
    match ids.into_iter().find(|id| *id as usize >= vocabulary) {
        Some(id) => Err(broken(
            path,
            &format!("the special token {id} is not in the vocabulary of {vocabulary}"),
        )),
        None => Ok(()),
    }
}
