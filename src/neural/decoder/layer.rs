//! One layer: attention and feed-forward, each behind a norm.

use candle_core::Tensor;
use candle_nn::ops::rms_norm;

use super::attention::Attention;
use super::view::Step;
use crate::error::Result;
use crate::neural::config::{Activation, Config};
use crate::neural::layers::Linear;
use crate::neural::weights::Weights;

/// RMS norm with its weight, gemma's offset added.
pub(super) struct Norm {
    weight: Tensor,
    epsilon: f32,
}

impl Norm {
    pub(super) fn load(weights: &Weights<'_>, config: &Config, name: &str, size: usize) -> Result<Self> {
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

    pub(super) fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        rms_norm(&x.contiguous()?, &self.weight, self.epsilon)
    }
}

struct FeedForward {
    gate: Linear,
    up: Linear,
    down: Linear,
    activation: Activation,
}

impl FeedForward {
    pub(super) fn load(weights: &Weights<'_>, config: &Config, layer: &str) -> Result<Self> {
        let (hidden, inner) = (config.hidden, config.feed_forward);
        let linear = |part: &str, outputs, inputs| {
            Linear::load(weights, &format!("{layer}.{part}"), outputs, inputs, false)
        };
        let (gate, up) = if config.fused() {
            let name = format!("{layer}.ffn_up");
            let part = |from| Linear::part(weights, &name, 2 * inner, hidden, from..from + inner);
            (part(0)?, part(inner)?)
        } else {
            (
                linear("ffn_gate", inner, hidden)?,
                linear("ffn_up", inner, hidden)?,
            )
        };
        Ok(Self {
            gate,
            up,
            down: linear("ffn_down", hidden, inner)?,
            activation: config.activation,
        })
    }

    pub(super) fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let [gate, up] = Linear::together([(&self.gate, Some(self.activation)), (&self.up, None)], x)?;
        self.down.forward(&(gate * up)?)
    }
}

pub(super) struct Layer {
    attention_norm: Norm,
    attention: Attention,
    /// gemma3 norms what attention and feed-forward give, too.
    attention_post_norm: Option<Norm>,
    feed_forward_norm: Norm,
    feed_forward: FeedForward,
    feed_forward_post_norm: Option<Norm>,
}

impl Layer {
    pub(super) fn load(weights: &Weights<'_>, config: &Config, index: usize) -> Result<Self> {
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

    pub(super) fn forward(
        &self,
        config: &Config,
        x: &Tensor,
        step: &mut Step<'_, '_>,
        index: usize,
    ) -> Result<Tensor> {
        let normed = |norm: &Option<Norm>, x: Tensor| match norm {
            Some(norm) => norm.forward(&x),
            None => Ok(x),
        };
        let y = self.attention_norm.forward(x)?;
        let local = config.local.as_ref().is_some_and(|l| l.layers[index]);
        let (view, runs) = step.view(local)?;
        let y = self.attention.forward(config, &y, view, runs, index)?;
        let x = (x + normed(&self.attention_post_norm, y)?)?;
        let y = self.feed_forward.forward(&self.feed_forward_norm.forward(&x)?)?;
        Ok((&x + normed(&self.feed_forward_post_norm, y)?)?)
    }
}
