//! Queries over what a sequence has read.

use candle_core::Tensor;
use candle_nn::ops::softmax_last_dim;

use super::cache::Cache;
use super::layer::Norm;
use super::view::View;
use crate::error::Result;
use crate::neural::config::Config;
use crate::neural::layers::Linear;
use crate::neural::weights::Weights;

pub(super) struct Attention {
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    query_norm: Option<Norm>,
    key_norm: Option<Norm>,
}

impl Attention {
    pub(super) fn load(weights: &Weights<'_>, config: &Config, layer: &str) -> Result<Self> {
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
        let [query, key, value] = if config.fused() {
            let name = format!("{layer}.attn_qkv");
            let part =
                |from, rows| Linear::part(weights, &name, queries + 2 * keys, hidden, from..from + rows);
            [
                part(0, queries)?,
                part(queries, keys)?,
                part(queries + keys, keys)?,
            ]
        } else {
            [
                linear("attn_q", queries, hidden, bias)?,
                linear("attn_k", keys, hidden, bias)?,
                linear("attn_v", keys, hidden, bias)?,
            ]
        };
        Ok(Self {
            query,
            key,
            value,
            output: linear("attn_output", hidden, queries, false)?,
            query_norm: norm("attn_q_norm")?,
            key_norm: norm("attn_k_norm")?,
        })
    }

    /// `x`: `(1, step, hidden)`.
    pub(super) fn forward(
        &self,
        config: &Config,
        x: &Tensor,
        view: &View,
        cache: &mut Cache,
        layer: usize,
    ) -> Result<Tensor> {
        let (_, step, _) = x.dims3()?;
        let (heads, kv_heads, head) = (config.heads, config.kv_heads, config.head_dim);
        let split = |t: Tensor, heads: usize| t.reshape((1, step, heads, head));
        let across = |t: Tensor| t.transpose(1, 2)?.contiguous();
        let turned = |t: Tensor, norm: Option<&Norm>| -> candle_core::Result<Tensor> {
            match norm {
                None => view.turn(&across(t)?, config.rope_interleaved),
                Some(norm) if config.norm_after_rotation() => {
                    norm.forward(&view.turn(&across(t)?, config.rope_interleaved)?)
                }
                Some(norm) => view.turn(&across(norm.forward(&t)?)?, config.rope_interleaved),
            }
        };
        let queries = turned(split(self.query.forward(x)?, heads)?, self.query_norm.as_ref())?;
        let keys = turned(split(self.key.forward(x)?, kv_heads)?, self.key_norm.as_ref())?;
        let values = across(split(self.value.forward(x)?, kv_heads)?)?;
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
