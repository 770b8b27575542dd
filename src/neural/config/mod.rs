//! What a decoder is made of, read from a GGUF header or from `config.json`.
//!
//! Unknown means no: an architecture, a RoPE scaling or an option that would be ignored is refused by its name.

mod gguf;
mod json;

pub(crate) use json::Reader;

use std::path::Path;

use super::gguf::broken;
use crate::error::{Error, Result};

/// The decoder families that are implemented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Architecture {
    Llama,
    Qwen2,
    Qwen3,
    Gemma3,
}

impl Architecture {
    /// By `general.architecture` or `model_type`.
    fn named(name: &str, path: &Path) -> Result<Self> {
        match name {
            "llama" => Ok(Self::Llama),
            "qwen2" => Ok(Self::Qwen2),
            "qwen3" => Ok(Self::Qwen3),
            "gemma3" | "gemma3_text" => Ok(Self::Gemma3),
            other => Err(Error::failed(format!(
                "{}: byline does not implement the architecture `{other}`",
                path.display()
            ))
            .with_hint(
                "decoders that it implements: llama, qwen2, qwen3, gemma3 (text); encoder-decoders: marian, bart, \
                 mbart, m2m_100 (NLLB too), pegasus, t5, mt5",
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

/// How the rotation angles are derived from positions (Su et al. 2021), and how they are stretched.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rope {
    /// The base of the frequencies.
    pub(crate) base: f64,
    pub(crate) scaling: RopeScaling,
}

/// How frequencies are changed for contexts longer than those trained on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RopeScaling {
    None,
    /// All divided by this (Chen et al. 2023).
    Linear(f64),
    /// Low frequencies divided, high ones kept, between them interpolated (Llama 3.1).
    Llama3 {
        factor: f64,
        low: f64,
        high: f64,
        original: f64,
    },
    /// Each divided by its own factor; the factors are the tensor `rope_freqs.weight` of the GGUF file.
    Factors,
}

impl Rope {
    fn plain(base: f64) -> Self {
        Self {
            base,
            scaling: RopeScaling::None,
        }
    }

    /// The angle that one position adds, for each of the `head_dim / 2` pairs.
    pub(crate) fn frequencies(&self, head_dim: usize, factors: Option<&[f32]>) -> Vec<f32> {
        (0..head_dim / 2)
            .map(|i| {
                let plain = self.base.powf(-2.0 * i as f64 / head_dim as f64);
                let scaled = match &self.scaling {
                    RopeScaling::None => plain,
                    RopeScaling::Linear(factor) => plain / factor,
                    RopeScaling::Factors => plain / factors.map_or(1.0, |f| f64::from(f[i])),
                    RopeScaling::Llama3 {
                        factor,
                        low,
                        high,
                        original,
                    } => {
                        let turns = original * plain / std::f64::consts::TAU;
                        let smooth = ((turns - low) / (high - low)).clamp(0.0, 1.0);
                        plain / factor * (1.0 - smooth) + plain * smooth
                    }
                };
                scaled as f32
            })
            .collect()
    }
}

/// Sliding-window layers among full ones.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Local {
    /// A position sees itself and the `window - 1` before it.
    pub(crate) window: usize,
    /// Which layers are local.
    pub(crate) layers: Vec<bool>,
    /// Their own rotation.
    pub(crate) rope: Rope,
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

    /// Whether queries and keys are normed per head before the rotation.
    pub(crate) fn qk_norm(&self) -> bool {
        matches!(self.architecture, Architecture::Qwen3 | Architecture::Gemma3)
    }

    /// Whether the outputs of attention and feed-forward are normed too.
    pub(crate) fn post_norms(&self) -> bool {
        self.architecture == Architecture::Gemma3
    }

    /// Bytes that one position takes in the KV cache at f32.
    pub(crate) fn cache_bytes_per_position(&self) -> usize {
        2 * 4 * self.layers * self.kv_heads * self.head_dim
    }

    fn check(self, path: &Path) -> Result<Self> {
        let consistent = self.heads.is_multiple_of(self.kv_heads)
            && self.head_dim > 0
            && self.head_dim.is_multiple_of(2)
            && self.layers <= 1024
            && self.epsilon > 0.0
            && self.epsilon < 1.0
            && self.rope.base > 0.0
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
