//! What a decoder is made of, read from a GGUF header or from `config.json`.
//!
//! Unknown means no: an architecture, a RoPE scaling or an option that would be ignored is refused by its name.

mod gguf;
mod json;
mod json_rope;
mod rope;

pub(crate) use json::Reader;
pub(crate) use rope::{Rope, RopeScaling};

use std::path::Path;

use super::gguf::broken;
use crate::error::{Error, Result};

/// The decoder families that are implemented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Architecture {
    Llama,
    Mistral,
    Qwen2,
    Qwen3,
    Gemma3,
    Phi3,
    /// Tencent's dense models.
    Hunyuan,
}

impl Architecture {
    /// By `general.architecture` or `model_type`.
    fn named(name: &str, path: &Path) -> Result<Self> {
        match name {
            "llama" => Ok(Self::Llama),
            "mistral" => Ok(Self::Mistral),
            "qwen2" => Ok(Self::Qwen2),
            "qwen3" => Ok(Self::Qwen3),
            "gemma3" | "gemma3_text" => Ok(Self::Gemma3),
            "phi3" => Ok(Self::Phi3),
            "hunyuan_v1_dense" | "hunyuan-dense" => Ok(Self::Hunyuan),
            other => Err(Error::failed(format!(
                "{}: byline does not implement the architecture `{other}`",
                path.display()
            ))
            .with_hint(
                "decoders that it implements: llama, mistral, qwen2, qwen3, gemma3 (text), phi3, hunyuan_v1_dense; \
                 encoder-decoders: marian, bart, mbart, m2m_100 (NLLB too), pegasus, t5, mt5",
            )),
        }
    }
}

/// The activation of a feed-forward layer or of its gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activation {
    /// Also called swish.
    Silu,
    Gelu,
    /// GELU in its tanh approximation.
    GeluTanh,
    Relu,
}

/// Layers with a sliding window.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Local {
    /// A position sees itself and the `window - 1` before it.
    pub(crate) window: usize,
    /// Which layers are local.
    pub(crate) layers: Vec<bool>,
    /// Their rotation.
    pub(crate) rope: Rope,
}

impl Local {
    /// The same window in all layers; none if it is as wide as the context.
    fn everywhere(window: usize, layers: usize, context: usize, rope: &Rope) -> Option<Self> {
        (window < context).then(|| Self {
            window,
            layers: vec![true; layers],
            rope: rope.clone(),
        })
    }
}

/// A decoder-only transformer with grouped-query attention, RMS norms and a gated feed-forward.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Config {
    pub(crate) architecture: Architecture,
    pub(crate) layers: usize,
    pub(crate) hidden: usize,
    pub(crate) heads: usize,
    pub(crate) kv_heads: usize,
    pub(crate) head_dim: usize,
    /// How many dimensions of a head are turned, from the first on; the others stay as they are.
    pub(crate) rotary: usize,
    pub(crate) feed_forward: usize,
    pub(crate) vocabulary: usize,
    pub(crate) context: usize,
    pub(crate) epsilon: f64,
    pub(crate) rope: Rope,
    pub(crate) local: Option<Local>,
    /// Pairs are neighbours `(2i, 2i + 1)` instead of halves `(i, i + d/2)`: llama's weights in GGUF.
    pub(crate) rope_interleaved: bool,
    pub(crate) attention_scale: f64,
    pub(crate) activation: Activation,
    /// Embeddings are multiplied by this.
    pub(crate) embedding_scale: Option<f64>,
    /// Norm weights are stored minus one: gemma's weights in safetensors.
    pub(crate) norm_offset: bool,
}

impl Config {
    /// Whether queries, keys and values have biases that must be there.
    pub(crate) fn qkv_bias(&self) -> bool {
        self.architecture == Architecture::Qwen2
    }

    /// Whether queries and keys are normed per head.
    pub(crate) fn qk_norm(&self) -> bool {
        use Architecture::{Gemma3, Hunyuan, Qwen3};
        matches!(self.architecture, Qwen3 | Gemma3 | Hunyuan)
    }

    /// Whether that comes after the rotation instead of before.
    pub(crate) fn norm_after_rotation(&self) -> bool {
        self.architecture == Architecture::Hunyuan
    }

    /// Whether queries, keys and values are one matrix, one below the other, and gates and what they gate another.
    pub(crate) fn fused(&self) -> bool {
        self.architecture == Architecture::Phi3
    }

    /// Whether the outputs of attention and feed-forward are normed too.
    pub(crate) fn post_norms(&self) -> bool {
        self.architecture == Architecture::Gemma3
    }

    fn check(self, path: &Path) -> Result<Self> {
        let consistent = self.heads.is_multiple_of(self.kv_heads)
            && self.head_dim > 0
            && self.rotary > 0
            && self.rotary <= self.head_dim
            && self.rotary.is_multiple_of(2)
            && self.layers <= 1024
            && self.epsilon > 0.0
            && self.epsilon < 1.0
            && self.rope.is_consistent(self.rotary)
            && self
                .local
                .as_ref()
                .is_none_or(|l| l.rope.is_consistent(self.rotary))
            && self.attention_scale.is_finite();
        if consistent {
            Ok(self)
        } else {
            Err(broken(path, "its sizes do not fit together"))
        }
    }
}

/// The window pattern of gemma3: five local layers, one full.
fn gemma3_pattern(layers: usize, period: usize) -> Vec<bool> {
    (0..layers).map(|i| (i + 1) % period != 0).collect()
}
