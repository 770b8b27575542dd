//! One decoder-only transformer for llama, mistral, qwen2, qwen3, gemma3, phi3 and hunyuan, over quantised or plain
//! weights.
//!
//! In: tokens of one sequence or of several, each with its [`Cache`]. Out: logits. What always holds: weights do not
//! change; what has been read is in the cache and nowhere else. On the processor a sequence's logits depend on its tokens
//! alone, bit for bit: not on how they were cut into steps, on what else a step reads, or on whether its beginning is
//! shared; on other devices the rounding does.
//!
//! ```text
//! view       which rows belong to which sequence, how positions are turned     cache      keys and values
//! layer      a norm and attention, a norm and feed-forward                     attention  rows over their caches
//! ```
//!
//! candle-transformers' decoders keep their caches inside, cannot be forked, forget the prefix of a second
//! chunk (gemma3) and expand embeddings to f32; hence this one on candle-core's tensors.

mod attention;
mod cache;
mod layer;
mod view;

pub(crate) use cache::Cache;

use std::ops::Range;

use candle_core::{DType, Device, Tensor};

use super::config::Config;
use super::held::{BLOCK, CacheType};
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
    cache_type: CacheType,
    dtype: DType,
    device: Device,
}

impl Decoder {
    /// Builds the model that `config` describes out of `weights`, all of which must be used. Its caches keep what they
    /// keep as `cache_type` says.
    pub(crate) fn load(
        config: Config,
        weights: Weights<'_>,
        tied: bool,
        cache_type: CacheType,
    ) -> Result<Self> {
        check_cache(cache_type, &config, weights.device())?;
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
            cache_type,
            dtype: weights.dtype(),
            device: weights.device().clone(),
            config,
        };
        weights.finish()?;
        Ok(this)
    }

    /// What activations are computed in.
    pub(crate) fn dtype(&self) -> DType {
        self.dtype
    }

    /// What it is made of.
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// A cache with nothing in it.
    pub(crate) fn cache(&self) -> Cache {
        Cache::new(&self.config, self.cache_type, self.device.is_cpu())
    }

    /// Bytes that a position takes in a cache.
    pub(crate) fn bytes_per_position(&self) -> usize {
        let numbers = 2 * self.config.kv_heads * self.config.head_dim;
        self.config.layers * self.cache_type.bytes(numbers)
    }

    /// Reads the tokens of each run after what its cache holds, all in one step. Gives the logits after the last
    /// `wanted` tokens of each run, `(rows wanted, vocabulary)`, run after run; none if no run wants any.
    pub(crate) fn batch(&self, runs: &mut [Run<'_>]) -> Result<Vec<f32>> {
        let mut wanted: Vec<u32> = Vec::new();
        let mut rows = 0;
        for run in &*runs {
            rows += run.tokens.len();
            wanted.extend((rows - run.wanted.min(run.tokens.len())..rows).map(|row| row as u32));
        }
        let hidden = self.read(runs, &mut |_, _| {})?;
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let hidden = if wanted.len() == rows {
            hidden
        } else {
            hidden.index_select(&Tensor::new(wanted, &self.device)?, 1)?
        };
        Ok(self.logits(&hidden)?.flatten_all()?.to_vec1::<f32>()?)
    }

    /// The logits after each of `tokens`, `(1, tokens, vocabulary)`; `layer` sees the embedding (0) and the
    /// output of each layer (1…), `(1, tokens, hidden)`.
    pub(crate) fn trace(
        &self,
        tokens: &[u32],
        cache: &mut Cache,
        layer: &mut dyn FnMut(usize, &Tensor),
    ) -> Result<Tensor> {
        let run = Run {
            tokens,
            cache,
            wanted: tokens.len(),
        };
        let hidden = self.read(&mut [run], layer)?;
        self.logits(&hidden)
    }

    fn logits(&self, hidden: &Tensor) -> Result<Tensor> {
        let normed = self.norm.forward(hidden)?;
        let output = self.output.as_ref().unwrap_or(&self.embedding);
        Ok(output.forward(&normed, None, None)?.to_dtype(DType::F32)?)
    }

    /// What the last layer gives for each row, `(1, rows, hidden)`. What was read before is read again if a run makes its
    /// sequence longer than the model's original context.
    fn read(&self, runs: &mut [Run<'_>], observe: &mut dyn FnMut(usize, &Tensor)) -> Result<Tensor> {
        for run in &mut *runs {
            let Some(again) = run.cache.prepare(run.tokens) else {
                continue;
            };
            for tokens in again.chunks(AGAIN) {
                crate::progress::checkpoint()?;
                run.cache.prepare(tokens);
                let cache = &mut *run.cache;
                let wanted = 0;
                self.forward(
                    &mut [Run {
                        tokens,
                        cache,
                        wanted,
                    }],
                    &mut |_, _| {},
                )?;
            }
            run.cache.prepare(run.tokens);
        }
        self.forward(runs, observe)
    }

    fn forward(&self, runs: &mut [Run<'_>], observe: &mut dyn FnMut(usize, &Tensor)) -> Result<Tensor> {
        let tokens: Vec<u32> = runs.iter().flat_map(|run| run.tokens).copied().collect();
        if let Some(token) = tokens.iter().find(|t| **t as usize >= self.config.vocabulary) {
            return Err(Error::failed(format!(
                "token {token} is not in the model's vocabulary of {}; do its tokenizer and its weights belong together?",
                self.config.vocabulary
            )));
        }
        let mut rows = 0;
        let mut own: Vec<(&mut Cache, Range<usize>)> = Vec::with_capacity(runs.len());
        for run in runs {
            let end = rows + run.tokens.len();
            own.push((&mut *run.cache, rows..end));
            rows = end;
        }
        let ids = Tensor::from_vec(tokens, (1, rows), &self.device)?;
        let mut x = self.embedding.embedding(&ids)?.to_dtype(self.dtype)?;
        if let Some(scale) = self.config.embedding_scale {
            x = (x * scale)?;
        }
        observe(0, &x);
        let mut step = self.positions.plan(&mut own)?;
        for (index, layer) in self.layers.iter().enumerate() {
            x = layer.forward(&self.config, &x, &mut step, index)?;
            observe(index + 1, &x);
        }
        for (cache, rows) in own {
            cache.advance(rows.len());
        }
        Ok(x)
    }
}

/// Refuses a form of keys and values that the model or the device does not have.
fn check_cache(cache_type: CacheType, config: &Config, device: &Device) -> Result<()> {
    if !device.is_cpu() && cache_type != CacheType::default() {
        return Err(
            Error::usage(format!("a cache of {cache_type} is for the processor alone"))
                .with_hint("leave --cache-type out, or use --device cpu"),
        );
    }
    if cache_type == CacheType::Q8_0 && !config.head_dim.is_multiple_of(BLOCK) {
        return Err(Error::usage(format!(
            "a cache of {cache_type} needs heads of a multiple of {BLOCK} numbers, and this model's have {}",
            config.head_dim
        ))
        .with_hint("use --cache-type f16"));
    }
    Ok(())
}

/// One sequence's part of a step.
pub(crate) struct Run<'a> {
    /// At least one.
    pub(crate) tokens: &'a [u32],
    pub(crate) cache: &'a mut Cache,
    /// How many of the last tokens' logits are wanted.
    pub(crate) wanted: usize,
}

#[cfg(test)]
mod tests;
