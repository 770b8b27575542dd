//! A model's files → [`ChatModel`].

use std::collections::HashSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device};
use serde_json::Value as Json;

use super::chat::ChatTemplate;
use super::config::Config;
use super::decoder::Decoder;
use super::gguf::{Gguf, MAGIC, broken};
use super::held::CacheType;
use super::model::{CausalLm, ChatModel};
use super::safetensors::Safetensors;
use super::tokenizer::Tokenizer;
use super::weights::{DecoderNames, GgufNames, Source, Weights};
use crate::error::{Error, Result};

/// Where a model's files are. Of those that are not named, the ones that lie beside the weights under their usual
/// names are used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadSpec {
    /// One GGUF file, or the safetensors shards (in any order, their index file may be among them).
    pub weights: Vec<PathBuf>,
    /// `tokenizer.json`. GGUF files bring their own; if this is named it is used instead.
    pub tokenizer: Option<PathBuf>,
    /// `config.json`; safetensors need it.
    pub config: Option<PathBuf>,
    /// `tokenizer_config.json`: chat template, special tokens.
    pub tokenizer_config: Option<PathBuf>,
    /// `generation_config.json`: stop tokens.
    pub generation_config: Option<PathBuf>,
    /// A chat template, instead of the model's own.
    pub chat_template: Option<PathBuf>,
    /// A limit below the model's own context, to save memory.
    pub context: Option<usize>,
    /// Quantises the matrices of safetensors while they are read: a third or less of the memory on the processor,
    /// and faster. GGUF files stay as they are.
    pub quantise: Option<Quantise>,
    /// In which form decoders keep keys and values on the processor; on other devices in the type that they compute in.
    pub cache_type: CacheType,
    /// What [`super::Quantiser`] has made of the safetensors; it is read instead of them.
    pub quantised: Option<PathBuf>,
    /// Students of Firefox's: the SentencePiece models of the source and of the target, which may be one.
    pub vocabularies: Option<(PathBuf, PathBuf)>,
    /// Students of Firefox's: `lex.*.s2t.bin`.
    pub shortlist: Option<PathBuf>,
    /// Encoder-decoders: the decoder layer whose attention says which source tokens a target token comes from, counted
    /// from 0; if none is named, one in the middle.
    pub alignment_layer: Option<usize>,
    /// Encoders: what stands before a text of [`super::Purpose::Query`].
    pub query_prefix: String,
    /// Encoders: what stands before a text of [`super::Purpose::Passage`].
    pub passage_prefix: String,
    /// Encoders: the vectors of tokens come from this layer, counted from 1; none: the last.
    pub token_layer: Option<usize>,
}

/// A form that matrices are quantised to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantise {
    /// 8 bits in blocks of 32: nothing that matters is lost.
    Q8_0,
    /// 4 bits in blocks of 256: small, somewhat worse.
    Q4K,
}

impl LoadSpec {
    /// The weights; everything else is found beside or inside of them.
    pub fn new(weights: impl IntoIterator<Item = PathBuf>) -> Self {
        Self {
            weights: weights.into_iter().collect(),
            ..Self::default()
        }
    }

    /// A file that was named, or one of the usual name beside the weights.
    pub(crate) fn beside(&self, named: &Option<PathBuf>, usual: &str) -> Option<PathBuf> {
        named.clone().or_else(|| {
            let beside = self.weights.first()?.parent()?.join(usual);
            beside.is_file().then_some(beside)
        })
    }
}

/// Loads a language model onto a device.
///
/// # Errors
/// [`Error::Failed`] (exit 4) if a file is damaged, incomplete or of another kind than its name says, or if the
/// model asks for what is not implemented; the message names the file. [`Error::Io`] if a file cannot be read.
pub fn load(spec: &LoadSpec, device: &Device) -> Result<ChatModel> {
    let Some(first) = spec.weights.first() else {
        return Err(Error::failed("the model has no weights"));
    };
    if spec.quantised.is_some() {
        load_safetensors(spec, device)
    } else if spec.weights.len() == 1 && is_gguf(first)? {
        load_gguf(spec, first, device)
    } else if first.extension().is_some_and(|e| e == "gguf") {
        Gguf::open(first)?;
        Err(broken(first, "a model of several GGUF files is not supported"))
    } else {
        load_safetensors(spec, device)
    }
}

pub(crate) fn is_gguf(path: &Path) -> Result<bool> {
    let mut file = std::fs::File::open(path).map_err(|e| Error::io(path, e))?;
    let mut magic = [0u8; 4];
    Ok(file.read_exact(&mut magic).is_ok() && &magic == MAGIC)
}

fn load_gguf(spec: &LoadSpec, path: &Path, device: &Device) -> Result<ChatModel> {
    let gguf = Gguf::open(path)?;
    let config = Config::from_gguf(&gguf)?;
    let source = match &spec.chat_template {
        Some(path) => Some(text_of(path)?),
        None => gguf.text("tokenizer.chat_template").map(str::to_owned),
    };
    let tokenizer = match &spec.tokenizer {
        Some(path) => Tokenizer::from_json_file(path, source.as_deref())?,
        None => Tokenizer::from_gguf(&gguf, source.as_deref())?,
    };
    let spelling = |key: &str| match (gguf.int(key), gguf.get("tokenizer.ggml.tokens")) {
        (Some(id), Some(super::gguf::Value::Texts(tokens))) => {
            usize::try_from(id).ok().and_then(|id| tokens.get(id)).cloned()
        }
        _ => None,
    };
    let bos = spelling("tokenizer.ggml.bos_token_id").unwrap_or_default();
    let eos = spelling("tokenizer.ggml.eos_token_id").unwrap_or_default();
    let template = template(source, &bos, &eos, path)?;
    let mut stop = HashSet::new();
    for key in ["eos", "eot", "eom"] {
        let id = gguf.int(&format!("tokenizer.ggml.{key}_token_id"));
        stop.extend(id.and_then(|id| u32::try_from(id).ok()));
    }
    stop.extend(stop_tokens_by_name(&tokenizer));
    check_sizes(&tokenizer, &config, path)?;
    let source = Source::Gguf(gguf);
    let weights = Weights::new(&source, &GgufNames, DType::F32, device);
    let tied = !weights.has("output.weight");
    let decoder = Decoder::load(config, weights, tied, spec.cache_type)?;
    Ok(finish(decoder, tokenizer, template, stop, spec.context))
}

fn load_safetensors(spec: &LoadSpec, device: &Device) -> Result<ChatModel> {
    let (source, stored) = match &spec.quantised {
        Some(path) => (Source::Gguf(Gguf::open(path)?), DType::F32),
        None => {
            let files = Safetensors::open(&spec.weights)?;
            let stored = files.dtype("model.embed_tokens.weight").unwrap_or(DType::F32);
            (Source::Safetensors(files), stored)
        }
    };
    let config_path = spec.beside(&spec.config, "config.json").ok_or_else(|| {
        broken(
            source.path(),
            "config.json is not beside it, and safetensors do not say what they are",
        )
    })?;
    let json = json_of(&config_path)?;
    let config = Config::from_json(&json, &config_path)?;
    let tokenizer_path = spec
        .beside(&spec.tokenizer, "tokenizer.json")
        .ok_or_else(|| broken(source.path(), "tokenizer.json is not beside it"))?;
    let tokenizer_config = match spec.beside(&spec.tokenizer_config, "tokenizer_config.json") {
        Some(path) => json_of(&path)?,
        None => Json::Null,
    };
    let template_text = match spec.beside(&spec.chat_template, "chat_template.jinja") {
        Some(path) => Some(text_of(&path)?),
        None => template_of(&tokenizer_config),
    };
    let tokenizer = Tokenizer::from_json_file(&tokenizer_path, template_text.as_deref())?;
    let bos = token_text(&tokenizer_config, "bos_token").unwrap_or_default();
    let eos = token_text(&tokenizer_config, "eos_token").unwrap_or_default();
    let template = template(template_text, &bos, &eos, &tokenizer_path)?;
    let mut stop = HashSet::new();
    stop.extend(eos_ids(&json));
    if let Some(path) = spec.beside(&spec.generation_config, "generation_config.json") {
        stop.extend(eos_ids(&json_of(&path)?));
    }
    stop.extend(tokenizer.added(&eos));
    stop.extend(stop_tokens_by_name(&tokenizer));
    check_sizes(&tokenizer, &config, &tokenizer_path)?;

    let dtype = if device.is_cpu() { DType::F32 } else { stored };
    if dtype != stored {
        tracing::info!("{stored:?} weights are computed in {dtype:?} on the processor");
    }
    let names = DecoderNames::of(&config);
    let weights = Weights::new(&source, &names, dtype, device).quantised(spec.quantise);
    let tied = match json.get("tie_word_embeddings").and_then(Json::as_bool) {
        Some(tied) => tied,
        None => !weights.has("output.weight"),
    };
    let decoder = Decoder::load(config, weights, tied, spec.cache_type)?;
    Ok(finish(decoder, tokenizer, template, stop, spec.context))
}

fn template(source: Option<String>, bos: &str, eos: &str, path: &Path) -> Result<Option<ChatTemplate>> {
    source
        .map(|source| ChatTemplate::new(&source, bos, eos).map_err(|e| broken(path, &e.to_string())))
        .transpose()
}

fn finish(
    decoder: Decoder,
    tokenizer: Tokenizer,
    template: Option<ChatTemplate>,
    stop: HashSet<u32>,
    context: Option<usize>,
) -> ChatModel {
    let model: Box<dyn CausalLm> = Box::new(decoder);
    ChatModel::new(model, tokenizer, template, stop, context)
}

/// A tokenizer may know fewer tokens than the embedding has rows (they are padded), never more.
fn check_sizes(tokenizer: &Tokenizer, config: &Config, path: &Path) -> Result<()> {
    if tokenizer.len() <= config.vocabulary {
        return Ok(());
    }
    Err(broken(
        path,
        &format!(
            "the tokenizer knows {} tokens and the model {}: they do not belong together",
            tokenizer.len(),
            config.vocabulary
        ),
    ))
}

/// Control tokens by which known families end a turn, also where their files forget to say so.
fn stop_tokens_by_name(tokenizer: &Tokenizer) -> impl Iterator<Item = u32> + '_ {
    [
        "<|im_end|>",
        "<|eot_id|>",
        "<|eom_id|>",
        "<end_of_turn>",
        "<|end|>",
        "<|endoftext|>",
        "<|end_of_text|>",
    ]
    .into_iter()
    .filter_map(|name| tokenizer.added(name))
}

fn eos_ids(json: &Json) -> Vec<u32> {
    let id = |value: &Json| value.as_u64().and_then(|id| u32::try_from(id).ok());
    match json.get("eos_token_id") {
        Some(Json::Array(ids)) => ids.iter().filter_map(id).collect(),
        Some(value) => id(value).into_iter().collect(),
        None => Vec::new(),
    }
}

/// A special token of `tokenizer_config.json`: a text, or an object with its content.
pub(crate) fn token_text(json: &Json, key: &str) -> Option<String> {
    let value = json.get(key)?;
    let value = value.get("content").unwrap_or(value);
    value.as_str().map(str::to_owned)
}

/// The chat template of `tokenizer_config.json`: a text, or several by name.
fn template_of(json: &Json) -> Option<String> {
    match json.get("chat_template")? {
        Json::String(text) => Some(text.clone()),
        Json::Array(named) => named
            .iter()
            .find(|t| t.get("name").and_then(Json::as_str) == Some("default"))
            .and_then(|t| t.get("template")?.as_str().map(str::to_owned)),
        _ => None,
    }
}

fn text_of(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|e| Error::io(path, e))
}

pub(crate) fn json_of(path: &Path) -> Result<Json> {
    let bytes = std::fs::read(path).map_err(|e| Error::io(path, e))?;
    serde_json::from_slice(&bytes).map_err(|e| broken(path, &format!("it is no JSON ({e})")))
}
