//! What an encoder-decoder is made of, whatever family it is of.
//!
//! Unknown means no: a family, an activation or an option that would be ignored is refused by its name.

use std::path::Path;

use candle_core::{Device, Tensor};

use super::names::Names;
use super::{bart, t5};
use crate::error::{Error, Result};
use crate::neural::config::{Activation, Reader};
use crate::neural::gguf::{Gguf, broken};

/// The sizes of the encoder or of the decoder.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Side {
    pub(super) layers: usize,
    pub(super) heads: usize,
    pub(super) head_dim: usize,
    pub(super) feed_forward: usize,
}

/// How the model knows the order of its tokens.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Positions {
    /// A learned vector for each position, the first `offset` of which are not used.
    Learned { offset: usize },
    /// Sines in the first half, cosines in the second; `step` is the number by which the exponent of 10000 is
    /// divided, the half of the width (Marian, Pegasus) or one less (tensor2tensor: M2M100).
    Sinusoidal { offset: usize, step: usize },
    /// A bias on the attention by the distance (Raffel et al. 2020, section 2.1).
    Relative { buckets: usize, distance: usize },
}

/// An encoder-decoder transformer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Config {
    /// `model_type` or `general.architecture`.
    pub(super) family: String,
    pub(super) names: Names,
    pub(super) hidden: usize,
    pub(super) encoder: Side,
    pub(super) decoder: Side,
    pub(super) source_vocabulary: usize,
    pub(super) target_vocabulary: usize,
    /// Whether encoder and decoder have one embedding.
    pub(super) shared: bool,
    pub(super) positions: Positions,
    /// The longest source and the longest target.
    pub(super) longest: usize,
    /// Norms without bias and mean (Zhang and Sennrich 2019) instead of layer norms.
    pub(super) rms_norms: bool,
    pub(super) epsilon: f64,
    /// Norms stand before attention and feed-forward, and one more after the last layer; otherwise after each.
    pub(super) norm_first: bool,
    /// Embeddings are normed.
    pub(super) embedding_norm: bool,
    /// Embeddings are multiplied by this.
    pub(super) embedding_scale: Option<f64>,
    /// Linear layers have biases.
    pub(super) biases: bool,
    /// Scores are divided by the root of the head's width.
    pub(super) scaled_attention: bool,
    pub(super) activation: Activation,
    /// The feed-forward layer has a gate.
    pub(super) gated: bool,
    /// What the decoder gives is multiplied by this before the output matrix.
    pub(super) output_scale: Option<f64>,
    /// The logits may have a bias.
    pub(super) logit_bias: bool,
    /// The output matrix may be missing and be the decoder's embedding: if not, only with `tie_word_embeddings`.
    pub(super) tied: bool,
}

impl Config {
    /// From transformers' `config.json`.
    pub(super) fn from_json(read: &Reader<'_>) -> Result<Self> {
        let path = read.path;
        let family = read
            .get("model_type")
            .and_then(|v| v.as_str())
            .ok_or_else(|| broken(path, "`model_type` is missing"))?;
        read.only("quantization_config", &[])?;
        read.only("is_encoder_decoder", &[true.into()])?;
        let config = match family {
            "t5" | "mt5" => t5::from_json(read, family)?,
            "marian" | "bart" | "mbart" | "m2m_100" | "pegasus" => bart::from_json(read, family)?,
            other => return Err(unknown(path, other)),
        };
        config.check(path)
    }

    /// From the header of a GGUF file of llama.cpp.
    pub(super) fn from_gguf(gguf: &Gguf) -> Result<Self> {
        match gguf.text("general.architecture") {
            Some("t5") => t5::from_gguf(gguf)?.check(gguf.path()),
            Some(other) => Err(unknown(gguf.path(), other)),
            None => Err(broken(gguf.path(), "the key `general.architecture` is missing")),
        }
    }

    fn check(self, path: &Path) -> Result<Self> {
        let side = |side: &Side| side.layers <= 1024 && side.head_dim > 0;
        let positions = match self.positions {
            Positions::Learned { .. } => true,
            Positions::Sinusoidal { step, .. } => self.hidden.is_multiple_of(2) && step > 0,
            Positions::Relative { buckets, distance } => buckets >= 4 && distance > buckets / 2,
        };
        let consistent = side(&self.encoder)
            && side(&self.decoder)
            && positions
            && self.epsilon > 0.0
            && self.epsilon < 1.0;
        if consistent {
            Ok(self)
        } else {
            Err(broken(path, "its sizes do not fit together"))
        }
    }

    /// The table of sinusoidal positions, `(longest, hidden)`.
    pub(super) fn sinusoids(&self, offset: usize, step: usize, device: &Device) -> Result<Tensor> {
        let half = self.hidden / 2;
        let frequencies: Vec<f64> = (0..half)
            .map(|i| 10000f64.powf(-(i as f64) / step as f64))
            .collect();
        let angles = |position: usize| frequencies.iter().map(move |f| position as f64 * f);
        let table: Vec<f32> = (offset..offset + self.longest)
            .flat_map(|p| angles(p).map(f64::sin).chain(angles(p).map(f64::cos)))
            .map(|x| x as f32)
            .collect();
        Ok(Tensor::from_vec(table, (self.longest, self.hidden), device)?)
    }
}

fn unknown(path: &Path, family: &str) -> Error {
    Error::failed(format!(
        "{}: byline does not implement the encoder-decoder `{family}`",
        path.display()
    ))
    .with_hint(
        "encoder-decoders that it implements: marian, bart, mbart, m2m_100 (NLLB too), pegasus, t5, mt5",
    )
}

/// An activation by its name in transformers.
pub(super) fn activation(read: &Reader<'_>, key: &str, name: &str) -> Result<Activation> {
    Ok(match name {
        "silu" | "swish" => Activation::Silu,
        "gelu" => Activation::Gelu,
        "gelu_new" | "gelu_pytorch_tanh" => Activation::GeluTanh,
        "relu" => Activation::Relu,
        other => return Err(read.refuse(key, &format!("the activation `{other}`"))),
    })
}
