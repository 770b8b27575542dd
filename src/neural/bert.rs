//! Vectors of sentences and tokens from BERT-shaped encoders (all-MiniLM, multilingual-E5): the mean of the last layer's
//! token vectors, and the token vectors of the last layer or of one before it; length 1.

use std::collections::HashMap;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config};
use serde_json::Value as Json;

use super::gguf::{broken, unsupported};
use super::load::{LoadSpec, json_of};
use super::safetensors::Safetensors;
use super::{Encoder, Purpose, TokenVectors};
use crate::error::{Error, Result};
use crate::progress::checkpoint;
use crate::text::span::Span;

/// Windows that go through the model together.
const BATCH: usize = 16;

/// A BERT with its tokenizer.
pub struct BertEncoder {
    model: BertModel,
    /// The same weights up to the layer that tokens are taken from, where that is not the last.
    lower: Option<BertModel>,
    tokenizer: tokenizers::Tokenizer,
    /// Put before and after each window.
    first: u32,
    last: u32,
    /// Tokens of a window, the two above not counted.
    window: usize,
    dimensions: usize,
    query_prefix: String,
    passage_prefix: String,
    device: Device,
}

/// A stretch of one of the texts.
struct Window {
    text: usize,
    ids: Vec<u32>,
    /// Of each id but the first and the last: its place in the text with its prefix.
    places: Vec<(usize, usize)>,
}

/// Loads an encoder from safetensors with `config.json` and `tokenizer.json`.
///
/// # Errors
/// As [`super::load`].
pub fn load_encoder(spec: &LoadSpec, device: &Device) -> Result<BertEncoder> {
    let files = Safetensors::open(&spec.weights)?;
    let beside = |named, usual: &str| {
        spec.beside(named, usual)
            .ok_or_else(|| broken(files.path(), &format!("{usual} is not beside it")))
    };
    let config_path = beside(&spec.config, "config.json")?;
    let json = json_of(&config_path)?;
    let config = config_of(&json, &config_path)?;
    let tokenizer_path = beside(&spec.tokenizer, "tokenizer.json")?;
    let (tokenizer, first, last) = tokenizer_of(&tokenizer_path, config.vocab_size)?;

    let mut tensors = HashMap::new();
    for name in files.names() {
        // Position ids are numbers to count with, no weights.
        if !name.ends_with("position_ids") {
            tensors.insert(name.to_owned(), files.stored(name, DType::F32, device)?);
        }
    }
    let weights = VarBuilder::from_tensors(tensors, DType::F32, device);
    let model = |config: &Config| {
        BertModel::load(weights.clone(), config).map_err(|e| {
            let text = e.to_string();
            let line = text.lines().next().unwrap_or_default();
            broken(files.path(), &format!("its tensors do not fit ({line})"))
        })
    };
    Ok(BertEncoder {
        lower: lower_config(&config, spec.token_layer, &config_path)?
            .map(|config| model(&config))
            .transpose()?,
        model: model(&config)?,
        tokenizer,
        first,
        last,
        window: config.max_position_embeddings.saturating_sub(2).max(1),
        dimensions: config.hidden_size,
        query_prefix: spec.query_prefix.clone(),
        passage_prefix: spec.passage_prefix.clone(),
        device: device.clone(),
    })
}

fn config_of(json: &Json, path: &Path) -> Result<Config> {
    match json.get("model_type").and_then(Json::as_str) {
        Some("bert") => {}
        other => {
            let kind = other.unwrap_or("none");
            return Err(unsupported(path, "model_type", &format!("the encoder `{kind}`")));
        }
    }
    let config: Config = serde_json::from_value(json.clone()).map_err(|e| {
        let reason = e.to_string();
        broken(path, reason.lines().next().unwrap_or_default())
    })?;
    let sizes = [
        config.vocab_size,
        config.hidden_size,
        config.num_attention_heads,
        config.num_hidden_layers,
    ];
    let fits = sizes.iter().all(|n| *n > 0)
        && config.hidden_size.is_multiple_of(config.num_attention_heads)
        && config.max_position_embeddings > 2;
    if fits {
        Ok(config)
    } else {
        Err(broken(path, "its sizes do not fit together"))
    }
}

/// The config of a model that ends with the layer that tokens are taken from; none if that is the last.
fn lower_config(config: &Config, layer: Option<usize>, path: &Path) -> Result<Option<Config>> {
    match layer {
        None => Ok(None),
        Some(layer) if layer == config.num_hidden_layers => Ok(None),
        Some(layer) if layer == 0 || layer > config.num_hidden_layers => Err(unsupported(
            path,
            "num_hidden_layers",
            &format!("tokens of layer {layer}"),
        )),
        Some(layer) => Ok(Some(Config {
            num_hidden_layers: layer,
            ..config.clone()
        })),
    }
}

/// The tokenizer without padding, truncation and special tokens, and the ids of the two tokens around a text.
fn tokenizer_of(path: &Path, vocabulary: usize) -> Result<(tokenizers::Tokenizer, u32, u32)> {
    let mut json = json_of(path)?;
    let around = ends(&json).ok_or_else(|| {
        unsupported(
            path,
            "post_processor",
            "another frame than one token before and after",
        )
    })?;
    for key in ["padding", "truncation", "post_processor"] {
        if let Some(value) = json.get_mut(key) {
            *value = Json::Null;
        }
    }
    let mut tokenizer: tokenizers::Tokenizer =
        serde_json::from_value(json).map_err(|_| broken(path, "this tokenizer cannot be read"))?;
    // An article that spells [SEP] does not separate anything.
    tokenizer.set_encode_special_tokens(true);
    if tokenizer.get_vocab_size(true) > vocabulary || around.0.max(around.1) as usize >= vocabulary {
        return Err(broken(
            path,
            "it knows more tokens than the model: they do not belong together",
        ));
    }
    Ok((tokenizer, around.0, around.1))
}

/// The first and the last token that the post-processor puts around a single text.
fn ends(json: &Json) -> Option<(u32, u32)> {
    let post = json.get("post_processor")?;
    let id = |value: &Json| u32::try_from(value.as_u64()?).ok();
    match post.get("type")?.as_str()? {
        "TemplateProcessing" => {
            let single = post.get("single")?.as_array()?;
            let token = |at: usize| {
                let name = single.get(at)?.get("SpecialToken")?.get("id")?.as_str()?;
                id(post.get("special_tokens")?.get(name)?.get("ids")?.get(0)?)
            };
            (single.len() == 3).then(|| Some((token(0)?, token(2)?)))?
        }
        "BertProcessing" | "RobertaProcessing" => {
            Some((id(post.get("cls")?.get(1)?)?, id(post.get("sep")?.get(1)?)?))
        }
        _ => None,
    }
}

impl BertEncoder {
    fn prefix(&self, purpose: Purpose) -> &str {
        match purpose {
            Purpose::Query => &self.query_prefix,
            Purpose::Passage => &self.passage_prefix,
        }
    }

    /// A text longer than the model reads becomes several windows; the mean runs over the tokens of all.
    fn windows(&self, purpose: Purpose, texts: &[&str]) -> Result<Vec<Window>> {
        let prefix = self.prefix(purpose);
        let mut windows = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            let encoding = self
                .tokenizer
                .encode(format!("{prefix}{text}"), false)
                .map_err(|e| Error::failed(format!("the text cannot be tokenised: {e}")))?;
            let (ids, places) = (encoding.get_ids(), encoding.get_offsets());
            // an empty text has a window too
            for at in (0..ids.len().max(1)).step_by(self.window) {
                let end = (at + self.window).min(ids.len());
                let mut window = Window {
                    text: index,
                    ids: vec![self.first],
                    places: places[at..end].to_vec(),
                };
                window.ids.extend_from_slice(&ids[at..end]);
                window.ids.push(self.last);
                windows.push(window);
            }
        }
        // Like lengths together, so that little is computed on padding.
        windows.sort_by_key(|w| w.ids.len());
        Ok(windows)
    }

    /// The last layer of `model` for some windows, `(windows, longest, hidden)`, and the mask, `(windows, longest)`: 0
    /// is padding.
    fn hidden(&self, model: &BertModel, windows: &[Window]) -> Result<(Tensor, Tensor)> {
        checkpoint()?;
        let longest = windows.iter().map(|w| w.ids.len()).max().unwrap_or(0);
        let shape = (windows.len(), longest);
        let mut ids = Vec::with_capacity(windows.len() * longest);
        let mut mask = Vec::with_capacity(windows.len() * longest);
        for window in windows {
            let padding = longest - window.ids.len();
            ids.extend(window.ids.iter().copied().chain(std::iter::repeat_n(0, padding)));
            mask.extend(std::iter::repeat_n(1f32, window.ids.len()).chain(std::iter::repeat_n(0.0, padding)));
        }
        let ids = Tensor::from_vec(ids, shape, &self.device)?;
        let mask = Tensor::from_vec(mask, shape, &self.device)?;
        let hidden = model.forward(&ids, &ids.zeros_like()?, Some(&mask))?;
        Ok((hidden, mask))
    }
}

impl Encoder for BertEncoder {
    fn embed(&self, purpose: Purpose, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
        let mut vectors = vec![vec![0f32; self.dimensions]; texts.len()];
        for batch in self.windows(purpose, texts)?.chunks(BATCH) {
            let (hidden, mask) = self.hidden(&self.model, batch)?;
            let sums = hidden
                .broadcast_mul(&mask.unsqueeze(2)?)?
                .sum(1)?
                .to_vec2::<f32>()?;
            for (window, sum) in batch.iter().zip(sums) {
                let vector = &mut vectors[window.text];
                vector.iter_mut().zip(sum).for_each(|(v, s)| *v += s);
            }
        }
        // The length 1 makes the division by the number of tokens unnecessary.
        vectors.iter_mut().for_each(|vector| to_length_1(vector));
        Ok(vectors)
    }

    fn tokens(&self, purpose: Purpose, texts: &[&str]) -> Result<Vec<TokenVectors>> {
        let prefix = self.prefix(purpose).len();
        let model = self.lower.as_ref().unwrap_or(&self.model);
        let mut found: Vec<TokenVectors> = vec![TokenVectors::default(); texts.len()];
        for batch in self.windows(purpose, texts)?.chunks(BATCH) {
            let (hidden, _) = self.hidden(model, batch)?;
            for (window, vectors) in batch.iter().zip(hidden.to_vec3::<f32>()?) {
                let (text, found) = (texts[window.text], &mut found[window.text]);
                // the first vector is that of the token before the text
                for (&(start, end), mut vector) in window.places.iter().zip(vectors.into_iter().skip(1)) {
                    if end <= prefix {
                        continue;
                    }
                    let span = Span::new(start.saturating_sub(prefix), end - prefix).trimmed(text);
                    if span.is_empty() {
                        continue;
                    }
                    to_length_1(&mut vector);
                    found.spans.push(span);
                    found.vectors.push(vector);
                }
            }
        }
        Ok(found.into_iter().map(in_order).collect())
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }
}

fn to_length_1(vector: &mut [f32]) {
    let length = vector.iter().map(|v| v * v).sum::<f32>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|v| *v /= length);
    }
}

/// The windows of a long text come by their lengths; its tokens go back into their order.
fn in_order(tokens: TokenVectors) -> TokenVectors {
    let mut pairs: Vec<(Span, Vec<f32>)> = tokens.spans.into_iter().zip(tokens.vectors).collect();
    pairs.sort_by_key(|(span, _)| *span);
    let (spans, vectors) = pairs.into_iter().unzip();
    TokenVectors { spans, vectors }
}
