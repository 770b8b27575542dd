//! One decoder-only transformer for llama, qwen2, qwen3 and gemma3, over quantised or plain weights.
//!
//! In: token ids and a [`Cache`]. Out: the logits of the next token. What always holds: weights do not change;
//! what has been read is in the cache and nowhere else; the logits depend on the tokens and on how they were
//! cut into steps (rounding), and on nothing before them.
//!
//! candle-transformers' decoders keep their caches inside, cannot be forked, forget the prefix of a second
//! chunk (gemma3) and expand embeddings to f32; hence this one on candle-core's tensors.

use candle_core::{DType, Device, Tensor};
use candle_nn::ops::{rms_norm, softmax_last_dim};
use candle_nn::rotary_emb::{rope, rope_i};

use super::config::{Activation, Config, Rope, RopeScaling};
use super::layers::Linear;
use super::matrix::Matrix;
use super::weights::Weights;
use crate::error::{Error, Result};

/// Positions by which a cache grows.
const GROWTH: usize = 256;

/// The keys and values of one layer, `(1, kv heads, capacity, head)`; the first `Cache::length` positions count.
struct Kept {
    keys: Tensor,
    values: Tensor,
}

/// What a sequence has left behind in each layer.
pub(crate) struct Cache {
    layers: Vec<Option<Kept>>,
    length: usize,
    capacity: usize,
}

impl Cache {
    /// Nothing read yet.
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            layers: (0..config.layers).map(|_| None).collect(),
            length: 0,
            capacity: 0,
        }
    }

    /// Positions read.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// A copy that goes its own way.
    pub(crate) fn fork(&self) -> Result<Self> {
        let mut layers = Vec::with_capacity(self.layers.len());
        for kept in &self.layers {
            layers.push(match kept {
                None => None,
                Some(kept) => Some(Kept {
                    keys: kept.keys.copy()?,
                    values: kept.values.copy()?,
                }),
            });
        }
        Ok(Self {
            layers,
            length: self.length,
            capacity: self.capacity,
        })
    }

    /// Adds the keys and values of a step to one layer; gives back all of them, the new ones included.
    fn append(&mut self, layer: usize, keys: &Tensor, values: &Tensor) -> Result<(Tensor, Tensor)> {
        let (_, heads, step, head) = keys.dims4()?;
        let end = self.length + step;
        let full = match &self.layers[layer] {
            None => true,
            Some(kept) => kept.keys.dim(2)? < end,
        };
        if full {
            self.capacity = self.capacity.max(end.div_ceil(GROWTH) * GROWTH);
            let room = || Tensor::zeros((1, heads, self.capacity, head), keys.dtype(), keys.device());
            let grown = Kept {
                keys: room()?,
                values: room()?,
            };
            if let Some(old) = &self.layers[layer] {
                let kept = |t: &Tensor| t.narrow(2, 0, self.length)?.contiguous();
                grown.keys.slice_set(&kept(&old.keys)?, 2, 0)?;
                grown.values.slice_set(&kept(&old.values)?, 2, 0)?;
            }
            self.layers[layer] = Some(grown);
        }
        let Some(kept) = &self.layers[layer] else {
            return Err(Error::failed("a layer has no cache"));
        };
        kept.keys.slice_set(keys, 2, self.length)?;
        kept.values.slice_set(values, 2, self.length)?;
        Ok((kept.keys.narrow(2, 0, end)?, kept.values.narrow(2, 0, end)?))
    }
}

/// What the layers of one step share: rotations and masks, for full layers and for local ones.
struct Step {
    full: View,
    local: Option<View>,
}

struct View {
    /// `(step, head / 2)`
    cos: Tensor,
    sin: Tensor,
    /// `(step, first visible position .. end)`, 0 or minus infinity; none where all is visible.
    mask: Option<Tensor>,
    /// Positions before this one are seen by nobody in the step.
    first: usize,
}

/// RMS norm with its weight, gemma's offset added.
struct Norm {
    weight: Tensor,
    epsilon: f32,
}

impl Norm {
    fn load(weights: &Weights<'_>, config: &Config, name: &str, size: usize) -> Result<Self> {
        let weight = weights.vector(&format!("{name}.weight"), size)?;
        let weight = if config.norm_offset {
            (weight + 1.0)?
        } else {
            weight
        };
        Ok(Self {
            weight,
            epsilon: config.epsilon as f32,
        })
    }

    fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        rms_norm(&x.contiguous()?, &self.weight, self.epsilon)
    }
}

struct Attention {
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    query_norm: Option<Norm>,
    key_norm: Option<Norm>,
}

impl Attention {
    fn load(weights: &Weights<'_>, config: &Config, layer: &str) -> Result<Self> {
        let (hidden, head) = (config.hidden, config.head_dim);
        let (queries, keys) = (config.heads * head, config.kv_heads * head);
        let linear = |part: &str, outputs, inputs, bias| {
            Linear::load(weights, &format!("{layer}.{part}"), outputs, inputs, bias)
        };
        let bias = config.qkv_bias();
        let norm = |part: &str| {
            config
                .qk_norm()
                .then(|| Norm::load(weights, config, &format!("{layer}.{part}"), head))
                .transpose()
        };
        Ok(Self {
            query: linear("attn_q", queries, hidden, bias)?,
            key: linear("attn_k", keys, hidden, bias)?,
            value: linear("attn_v", keys, hidden, bias)?,
            output: linear("attn_output", hidden, queries, false)?,
            query_norm: norm("attn_q_norm")?,
            key_norm: norm("attn_k_norm")?,
        })
    }

    /// `x`: `(1, step, hidden)`.
    fn forward(
        &self,
        config: &Config,
        x: &Tensor,
        view: &View,
        cache: &mut Cache,
        layer: usize,
    ) -> Result<Tensor> {
        let (_, step, _) = x.dims3()?;
        let (heads, kv_heads, head) = (config.heads, config.kv_heads, config.head_dim);
        let split = |t: Tensor, heads: usize, norm: Option<&Norm>| -> candle_core::Result<Tensor> {
            let t = t.reshape((1, step, heads, head))?;
            let t = match norm {
                Some(norm) => norm.forward(&t)?,
                None => t,
            };
            t.transpose(1, 2)?.contiguous()
        };
        let rotate = |t: &Tensor| {
            if config.rope_interleaved {
                rope_i(t, &view.cos, &view.sin)
            } else {
                rope(t, &view.cos, &view.sin)
            }
        };
        let queries = rotate(&split(self.query.forward(x)?, heads, self.query_norm.as_ref())?)?;
        let keys = rotate(&split(self.key.forward(x)?, kv_heads, self.key_norm.as_ref())?)?;
        let values = split(self.value.forward(x)?, kv_heads, None)?;
        let (keys, values) = cache.append(layer, &keys, &values)?;
        let seen = keys.dim(2)? - view.first;
        let keys = keys.narrow(2, view.first, seen)?;
        let values = values.narrow(2, view.first, seen)?;

        // The query heads that share a key head lie side by side, so one product per key head serves them all.
        let rows = heads / kv_heads * step;
        let queries = (queries * config.attention_scale)?.reshape((1, kv_heads, rows, head))?;
        let scores = queries.matmul(&keys.t()?)?;
        let scores = match &view.mask {
            Some(mask) => scores
                .reshape((1, heads, step, seen))?
                .broadcast_add(mask)?
                .reshape((1, kv_heads, rows, seen))?,
            None => scores,
        };
        let mixed = softmax_last_dim(&scores)?.matmul(&values)?;
        let mixed =
            mixed
                .reshape((1, heads, step, head))?
                .transpose(1, 2)?
                .reshape((1, step, heads * head))?;
        Ok(self.output.forward(&mixed)?)
    }
}

struct FeedForward {
    gate: Linear,
    up: Linear,
    down: Linear,
    activation: Activation,
}

impl FeedForward {
    fn load(weights: &Weights<'_>, config: &Config, layer: &str) -> Result<Self> {
        let (hidden, inner) = (config.hidden, config.feed_forward);
        let linear = |part: &str, outputs, inputs| {
            Linear::load(weights, &format!("{layer}.{part}"), outputs, inputs, false)
        };
        Ok(Self {
            gate: linear("ffn_gate", inner, hidden)?,
            up: linear("ffn_up", inner, hidden)?,
            down: linear("ffn_down", hidden, inner)?,
            activation: config.activation,
        })
    }

    fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let gate = self.gate.activated(x, self.activation)?;
        self.down.forward(&(gate * self.up.forward(x)?)?)
    }
}

struct Layer {
    attention_norm: Norm,
    attention: Attention,
    /// gemma3 norms what attention and feed-forward give, too.
    attention_post_norm: Option<Norm>,
    feed_forward_norm: Norm,
    feed_forward: FeedForward,
    feed_forward_post_norm: Option<Norm>,
}

impl Layer {
    fn load(weights: &Weights<'_>, config: &Config, index: usize) -> Result<Self> {
        let layer = format!("blk.{index}");
        let norm = |part: &str| Norm::load(weights, config, &format!("{layer}.{part}"), config.hidden);
        let post = |part: &str| config.post_norms().then(|| norm(part)).transpose();
        Ok(Self {
            attention_norm: norm("attn_norm")?,
            attention: Attention::load(weights, config, &layer)?,
            attention_post_norm: post("post_attention_norm")?,
            feed_forward_norm: norm("ffn_norm")?,
            feed_forward: FeedForward::load(weights, config, &layer)?,
            feed_forward_post_norm: post("post_ffw_norm")?,
        })
    }

    fn forward(
        &self,
        config: &Config,
        x: &Tensor,
        view: &View,
        cache: &mut Cache,
        index: usize,
    ) -> Result<Tensor> {
        let normed = |norm: &Option<Norm>, x: Tensor| match norm {
            Some(norm) => norm.forward(&x),
            None => Ok(x),
        };
        let y = self.attention_norm.forward(x)?;
        let y = self.attention.forward(config, &y, view, cache, index)?;
        let x = (x + normed(&self.attention_post_norm, y)?)?;
        let y = self.feed_forward.forward(&self.feed_forward_norm.forward(&x)?)?;
        Ok((&x + normed(&self.feed_forward_post_norm, y)?)?)
    }
}

/// A loaded decoder.
pub(crate) struct Decoder {
    config: Config,
    embedding: Matrix,
    layers: Vec<Layer>,
    norm: Norm,
    /// None: the embedding serves as the output matrix too.
    output: Option<Matrix>,
    frequencies: Vec<f32>,
    local_frequencies: Option<Vec<f32>>,
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
        let factors = match config.rope.scaling {
            RopeScaling::Factors => {
                let factors = weights.vector("rope_freqs.weight", config.head_dim / 2)?;
                Some(factors.to_dtype(DType::F32)?.to_vec1::<f32>()?)
            }
            _ => None,
        };
        let frequencies = |rope: &Rope| rope.frequencies(config.head_dim, factors.as_deref());
        let this = Self {
            frequencies: frequencies(&config.rope),
            local_frequencies: config.local.as_ref().map(|l| frequencies(&l.rope)),
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

    fn read(
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
        let step = self.plan(cache.length, tokens.len())?;
        for (index, layer) in self.layers.iter().enumerate() {
            let local = self.config.local.as_ref().is_some_and(|l| l.layers[index]);
            let view = match &step.local {
                Some(view) if local => view,
                _ => &step.full,
            };
            x = layer.forward(&self.config, &x, view, cache, index)?;
            observe(index + 1, &x);
        }
        cache.length += tokens.len();
        Ok(x)
    }

    fn plan(&self, start: usize, count: usize) -> Result<Step> {
        let full = self.view(&self.frequencies, start, count, None)?;
        let local = match (&self.config.local, &self.local_frequencies) {
            (Some(local), Some(frequencies)) => {
                Some(self.view(frequencies, start, count, Some(local.window))?)
            }
            _ => None,
        };
        Ok(Step { full, local })
    }

    fn view(&self, frequencies: &[f32], start: usize, count: usize, window: Option<usize>) -> Result<View> {
        let angles = || (start..start + count).flat_map(|p| frequencies.iter().map(move |f| p as f32 * f));
        let shape = (count, frequencies.len());
        let tensor = |values: Vec<f32>, shape: (usize, usize)| -> Result<Tensor> {
            Ok(Tensor::from_vec(values, shape, &self.device)?.to_dtype(self.dtype)?)
        };
        let first = window.map_or(0, |w| (start + 1).saturating_sub(w));
        let hidden =
            |position: usize, other: usize| other > position || window.is_some_and(|w| position - other >= w);
        let end = start + count;
        let mask = (count > 1)
            .then(|| {
                let cell = |p, o| if hidden(p, o) { f32::NEG_INFINITY } else { 0.0 };
                let cells = (start..end).flat_map(|p| (first..end).map(move |o| cell(p, o)));
                tensor(cells.collect(), (count, end - first))
            })
            .transpose()?;
        Ok(View {
            cos: tensor(angles().map(f32::cos).collect(), shape)?,
            sin: tensor(angles().map(f32::sin).collect(), shape)?,
            mask,
            first,
        })
    }
}
