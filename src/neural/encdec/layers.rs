//! The parts of an encoder's and of a decoder's layers.
//!
//! Activations are matrices: the positions of all rows below each other, `(rows × positions, hidden)`.

use candle_core::{D, Tensor};
use candle_nn::ops::{layer_norm, rms_norm, softmax_last_dim};

use super::config::{Config, Side};
use crate::error::Result;
use crate::neural::added::added;
use crate::neural::config::Activation;
use crate::neural::layers::Linear;
use crate::neural::weights::Weights;

/// A layer norm (Ba et al. 2016) or an RMS norm.
pub(super) struct Norm {
    weight: Tensor,
    /// RMS norms have none.
    bias: Option<Tensor>,
    epsilon: f32,
}

impl Norm {
    pub(super) fn load(weights: &Weights<'_>, config: &Config, name: &str) -> Result<Self> {
        let vector = |kind: &str| weights.vector(&format!("{name}.{kind}"), config.hidden);
        Ok(Self {
            weight: vector("weight")?,
            bias: if config.rms_norms {
                None
            } else {
                Some(vector("bias")?)
            },
            epsilon: config.epsilon as f32,
        })
    }

    pub(super) fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        match &self.bias {
            Some(bias) => layer_norm(x, &self.weight, bias, self.epsilon),
            None => rms_norm(x, &self.weight, self.epsilon),
        }
    }
}

/// Attention over the same side, or of the decoder over the encoder (Vaswani et al. 2017).
pub(super) struct Attention {
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    heads: usize,
    head_dim: usize,
    scale: f64,
}

/// What attention gives.
pub(super) struct Mixed {
    /// `(rows × positions, heads × head)`, before the output matrix.
    pub(super) values: Tensor,
    /// `(rows, heads, positions, keys)`.
    pub(super) weights: Tensor,
}

impl Attention {
    pub(super) fn load(weights: &Weights<'_>, config: &Config, side: &Side, name: &str) -> Result<Self> {
        let (hidden, inner) = (config.hidden, side.heads * side.head_dim);
        let linear = |part: &str, outputs, inputs| {
            Linear::load(weights, &format!("{name}_{part}"), outputs, inputs, config.biases)
        };
        Ok(Self {
            query: linear("q", inner, hidden)?,
            key: linear("k", inner, hidden)?,
            value: linear("v", inner, hidden)?,
            output: linear("o", hidden, inner)?,
            heads: side.heads,
            head_dim: side.head_dim,
            scale: match config.scaled_attention {
                true => (side.head_dim as f64).powf(-0.5),
                false => 1.0,
            },
        })
    }

    /// Queries, `(rows × positions, heads × head)`.
    pub(super) fn queries(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        self.query.forward(x)
    }

    /// What products of queries and keys are multiplied by.
    pub(super) fn scale(&self) -> f64 {
        self.scale
    }

    /// Keys and values of `rows` rows, each `(rows, heads, positions, head)`.
    pub(super) fn keys_values(&self, x: &Tensor, rows: usize) -> candle_core::Result<(Tensor, Tensor)> {
        let keys = self.split(self.key.forward(x)?, rows)?;
        let values = self.split(self.value.forward(x)?, rows)?;
        Ok((keys, values))
    }

    /// `(rows × positions, heads × head)` to `(rows, heads, positions, head)`.
    pub(super) fn split(&self, x: Tensor, rows: usize) -> candle_core::Result<Tensor> {
        let positions = x.dim(0)? / rows;
        if positions == 1 {
            return x.reshape((rows, self.heads, 1, self.head_dim));
        }
        x.reshape((rows, positions, self.heads, self.head_dim))?
            .transpose(1, 2)?
            .contiguous()
    }

    /// `queries` as [`Attention::split`] gives them; `bias` is added to the scores, broadcast to
    /// `(rows, heads, positions, keys)`.
    pub(super) fn mix(
        &self,
        queries: &Tensor,
        keys: &Tensor,
        values: &Tensor,
        bias: Option<&Tensor>,
    ) -> candle_core::Result<Mixed> {
        let queries = match self.scale {
            1.0 => queries.clone(),
            scale => (queries * scale)?,
        };
        let scores = queries.matmul(&keys.t()?)?;
        let scores = match bias {
            Some(bias) => scores.broadcast_add(bias)?,
            None => scores,
        };
        let weights = softmax_last_dim(&scores)?;
        let (rows, _, positions, _) = queries.dims4()?;
        let values = weights
            .matmul(values)?
            .transpose(1, 2)?
            .reshape((rows * positions, self.heads * self.head_dim))?;
        Ok(Mixed { values, weights })
    }

    /// Through the output matrix, `(rows × positions, hidden)`.
    pub(super) fn out(&self, mixed: &Tensor) -> candle_core::Result<Tensor> {
        self.output.forward(mixed)
    }
}

/// Two matrices, or three with a gate (Shazeer 2020).
pub(super) struct FeedForward {
    gate: Option<Linear>,
    up: Linear,
    down: Linear,
    activation: Activation,
}

impl FeedForward {
    pub(super) fn load(weights: &Weights<'_>, config: &Config, side: &Side, layer: &str) -> Result<Self> {
        let (hidden, inner) = (config.hidden, side.feed_forward);
        let linear = |part: &str, outputs, inputs| {
            Linear::load(
                weights,
                &format!("{layer}.ffn_{part}"),
                outputs,
                inputs,
                config.biases,
            )
        };
        Ok(Self {
            gate: config.gated.then(|| linear("gate", inner, hidden)).transpose()?,
            up: linear("up", inner, hidden)?,
            down: linear("down", hidden, inner)?,
            activation: config.activation,
        })
    }

    pub(super) fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let inner = match &self.gate {
            Some(gate) => (gate.activated(x, self.activation)? * self.up.forward(x)?)?,
            None => self.up.activated(x, self.activation)?,
        };
        self.down.forward(&inner)
    }
}

/// A part of a layer with its norm, and what goes past it.
pub(super) struct Residual<T> {
    pub(super) part: T,
    norm: Norm,
    first: bool,
}

impl<T> Residual<T> {
    pub(super) fn load(weights: &Weights<'_>, config: &Config, norm: &str, part: T) -> Result<Self> {
        Ok(Self {
            part,
            norm: Norm::load(weights, config, norm)?,
            first: config.norm_first,
        })
    }

    /// `x` and what `part` makes of it, normed before or after.
    pub(super) fn forward(
        &self,
        x: &Tensor,
        part: impl FnOnce(&T, &Tensor) -> Result<Tensor>,
    ) -> Result<Tensor> {
        if self.first {
            let y = part(&self.part, &self.norm.forward(x)?)?;
            return Ok(added(x, &y)?);
        }
        let y = part(&self.part, x)?;
        Ok(self.norm.forward(&added(x, &y)?)?)
    }
}

/// A layer of the encoder.
pub(super) struct EncoderLayer {
    attention: Residual<Attention>,
    feed_forward: Residual<FeedForward>,
}

impl EncoderLayer {
    pub(super) fn load(weights: &Weights<'_>, config: &Config, index: usize) -> Result<Self> {
        let layer = format!("enc.blk.{index}");
        let side = &config.encoder;
        let attention = Attention::load(weights, config, side, &format!("{layer}.attn"))?;
        let feed_forward = FeedForward::load(weights, config, side, &layer)?;
        Ok(Self {
            attention: Residual::load(weights, config, &format!("{layer}.attn_norm"), attention)?,
            feed_forward: Residual::load(weights, config, &format!("{layer}.ffn_norm"), feed_forward)?,
        })
    }

    /// `x`: `(rows × positions, hidden)`; `bias` as in [`Attention::mix`].
    pub(super) fn forward(&self, x: &Tensor, rows: usize, bias: Option<&Tensor>) -> Result<Tensor> {
        let x = self.attention.forward(x, |attention, x| {
            let queries = attention.split(attention.queries(x)?, rows)?;
            let (keys, values) = attention.keys_values(x, rows)?;
            let mixed = attention.mix(&queries, &keys, &values, bias)?;
            Ok(attention.out(&mixed.values)?)
        })?;
        self.feed_forward.forward(&x, |part, x| Ok(part.forward(x)?))
    }
}

/// A layer of the decoder.
pub(super) struct DecoderLayer {
    pub(super) attention: Residual<Attention>,
    pub(super) cross: Residual<Attention>,
    pub(super) feed_forward: Residual<FeedForward>,
}

impl DecoderLayer {
    pub(super) fn load(weights: &Weights<'_>, config: &Config, index: usize) -> Result<Self> {
        let layer = format!("dec.blk.{index}");
        let side = &config.decoder;
        let attention = |part: &str| -> Result<Residual<Attention>> {
            let name = format!("{layer}.{part}");
            let attention = Attention::load(weights, config, side, &name)?;
            Residual::load(weights, config, &format!("{name}_norm"), attention)
        };
        let feed_forward = FeedForward::load(weights, config, side, &layer)?;
        Ok(Self {
            attention: attention("attn")?,
            cross: attention("cross_attn")?,
            feed_forward: Residual::load(weights, config, &format!("{layer}.ffn_norm"), feed_forward)?,
        })
    }
}

/// Attention weights of `(rows, heads, positions, keys)`, the heads averaged: `(rows × positions, keys)`.
pub(super) fn averaged(weights: &Tensor) -> candle_core::Result<Tensor> {
    let mean = weights.mean(1)?;
    let keys = mean.dim(D::Minus1)?;
    mean.reshape(((), keys))
}
