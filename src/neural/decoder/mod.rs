//! One decoder-only transformer for llama, mistral, qwen2, qwen3, gemma3, phi3 and hunyuan, over quantised or plain
//! weights.
//!
//! In: token ids and a [`Cache`]. Out: the logits of the next token. What always holds: weights do not change;
//! what has been read is in the cache and nowhere else; the logits depend on the tokens and on how they were
//! cut into steps (rounding), and on nothing before them.
//!
//! candle-transformers' decoders keep their caches inside, cannot be forked, forget the prefix of a second
//! chunk (gemma3) and expand embeddings to f32; hence this one on candle-core's tensors.

mod attention;
mod cache;
mod layer;
mod view;

pub(crate) use cache::Cache;

use candle_core::{DType, Device, Tensor};

use super::config::Config;
use super::matrix::Matrix;
use super::weights::Weights;
use crate::error::{Error, Result};
use layer::{Layer, Norm};
use view::Positions;

/// Tokens that are read again in one go.
const AGAIN: usize = 64;

/// A loaded decoder.
pub(crate) struct Decoder {
    config: Config,
    embedding: Matrix,
    layers: Vec<Layer>,
    norm: Norm,
    /// None: the embedding serves as the output matrix too.
    output: Option<Matrix>,
    positions: Positions,
    dtype: DType,
    device: Device,
}

impl Decoder {
    /// Builds the model that `config` describes out of `weights`, all of which must be used.
    pub(crate) fn load(config: Config, weights: Weights<'_>, tied: bool) -> Result<Self> {
        let embedding = weights.matrix("token_embd.weight", config.vocabulary, config.hidden)?;
        let mut layers = Vec::with_capacity(config.layers);
        for index in 0..config.layers {
            crate::progress::checkpoint()?;
            layers.push(Layer::load(&weights, &config, index)?);
        }
        let norm = Norm::load(&weights, &config, "output_norm", config.hidden)?;
        let output = if tied {
            None
        } else {
            Some(weights.matrix("output.weight", config.vocabulary, config.hidden)?)
        };
        let this = Self {
            positions: Positions::new(&config, weights.dtype(), weights.device()),
            embedding,
            layers,
            norm,
            output,
            dtype: weights.dtype(),
            device: weights.device().clone(),
            config,
        };
        weights.finish()?;
        Ok(this)
    }

    /// What it is made of.
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// Reads `tokens` after what the cache holds; gives the logits of the token after the last.
    pub(crate) fn step(&self, tokens: &[u32], cache: &mut Cache) -> Result<Vec<f32>> {
        let hidden = self.read(tokens, cache, &mut |_, _| {})?;
        let last = hidden.narrow(1, tokens.len() - 1, 1)?.contiguous()?;
        let logits = self.logits(&last)?;
        Ok(logits.flatten_all()?.to_vec1::<f32>()?)
    }

    /// Reads `tokens` for their cache alone.
    pub(crate) fn prefill(&self, tokens: &[u32], cache: &mut Cache) -> Result<()> {
        self.read(tokens, cache, &mut |_, _| {}).map(|_| ())
    }

    /// The logits after each of `tokens`, `(1, tokens, vocabulary)`; `layer` sees the embedding (0) and the
    /// output of each layer (1…), `(1, tokens, hidden)`.
    pub(crate) fn trace(
        &self,
        tokens: &[u32],
        cache: &mut Cache,
        layer: &mut dyn FnMut(usize, &Tensor),
    ) -> Result<Tensor> {
        let hidden = self.read(tokens, cache, layer)?;
        self.logits(&hidden)
    }

    fn logits(&self, hidden: &Tensor) -> Result<Tensor> {
        let normed = self.norm.forward(hidden)?;
        let output = self.output.as_ref().unwrap_or(&self.embedding);
        Ok(output.forward(&normed, None, None)?.to_dtype(DType::F32)?)
    }

    /// Reads `tokens`; what was read before them is read again if they make the sequence longer than the model's
    /// original context, since then all of its positions are turned otherwise (LongRoPE).
    fn read(
        &self,
        tokens: &[u32],
        cache: &mut Cache,
        observe: &mut dyn FnMut(usize, &Tensor),
    ) -> Result<Tensor> {
        if let Some(original) = self.positions.original() {
            if !cache.long && cache.length + tokens.len() > original {
                for again in cache.restart(true).chunks(AGAIN) {
                    crate::progress::checkpoint()?;
                    cache.note(again);
                    self.forward(again, cache, &mut |_, _| {})?;
                }
            }
            cache.note(tokens);
        }
        self.forward(tokens, cache, observe)
    }

    fn forward(
        &self,
        tokens: &[u32],
        cache: &mut Cache,
        observe: &mut dyn FnMut(usize, &Tensor),
    ) -> Result<Tensor> {
        if let Some(token) = tokens.iter().find(|t| **t as usize >= self.config.vocabulary) {
            return Err(Error::failed(format!(
                "token {token} is not in the model's vocabulary of {}; do its tokenizer and its weights belong together?",
                self.config.vocabulary
            )));
        }
        let ids = Tensor::from_slice(tokens, (1, tokens.len()), &self.device)?;
        let mut x = self.embedding.embedding(&ids)?.to_dtype(self.dtype)?;
        if let Some(scale) = self.config.embedding_scale {
            x = (x * scale)?;
        }
        observe(0, &x);
        let step = self.positions.plan(cache.length, tokens.len(), cache.long)?;
        for (index, layer) in self.layers.iter().enumerate() {
            let local = self.config.local.as_ref().is_some_and(|l| l.layers[index]);
            x = layer.forward(&self.config, &x, step.view(local)?, cache, index)?;
            observe(index + 1, &x);
        }
        cache.length += tokens.len();
        Ok(x)
    }
}
