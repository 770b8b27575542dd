//! The configuration of T5 and its relatives (Raffel et al. 2020): T5, T5 v1.1, mT5 (Xue et al. 2021), MADLAD-400
//! (Kudugunta et al. 2023); and their relative positions.

use serde_json::Value as Json;

use super::config::{Config, Positions, Side, activation};
use super::names::Names;
use crate::error::Result;
use crate::neural::config::{Activation, Reader};
use crate::neural::gguf::{Gguf, broken, unsupported};

/// Tokens of a source and of a target where the configuration does not say it: what these models were trained on.
const TRAINED_ON: usize = 512;

/// From `config.json`.
pub(super) fn from_json(read: &Reader<'_>, name: &str) -> Result<Config> {
    let multilingual = name == "mt5";
    let flag = |key: &str| read.get(key).and_then(Json::as_bool);
    let usual = if multilingual { "gated-gelu" } else { "relu" };
    let feed_forward = match read.get("feed_forward_proj") {
        None => usual,
        Some(value) => value
            .as_str()
            .ok_or_else(|| broken(read.path, "`feed_forward_proj` is no text"))?,
    };
    let (gated, act) = match feed_forward.strip_prefix("gated-") {
        // transformers calls it so, and means the approximation.
        Some("gelu") => (true, "gelu_new"),
        Some(act) => (true, act),
        None => (false, feed_forward),
    };
    let encoder = Side {
        layers: read.size("num_layers")?,
        heads: read.size("num_heads")?,
        head_dim: read.size("d_kv")?,
        feed_forward: read.size("d_ff")?,
    };
    let decoder = Side {
        layers: read
            .optional_size("num_decoder_layers")?
            .unwrap_or(encoder.layers),
        ..encoder
    };
    // T5 was trained with tied embeddings and scales what it writes; its successors were not and do not.
    let scaled = flag("scale_decoder_outputs").unwrap_or(flag("tie_word_embeddings") != Some(false));
    let epsilon = match read.get("layer_norm_epsilon") {
        Some(_) => read.float("layer_norm_epsilon")?,
        None => 1e-6,
    };
    let hidden = read.size("d_model")?;
    Ok(Config {
        positions: Positions::Relative {
            buckets: read
                .optional_size("relative_attention_num_buckets")?
                .unwrap_or(32),
            distance: read
                .optional_size("relative_attention_max_distance")?
                .unwrap_or(128),
        },
        longest: read.optional_size("n_positions")?.unwrap_or(TRAINED_ON),
        epsilon,
        activation: activation(read, "feed_forward_proj", act)?,
        gated,
        output_scale: (scaled && !multilingual).then(|| (hidden as f64).powf(-0.5)),
        ..config(
            name,
            Names::T5 { gated },
            hidden,
            encoder,
            decoder,
            read.size("vocab_size")?,
        )
    })
}

/// From the header of a GGUF file of llama.cpp.
pub(super) fn from_gguf(gguf: &Gguf) -> Result<Config> {
    let size = |key: &str| gguf.size_of(&format!("t5.{key}"));
    let optional = |key: &str| match gguf.get(&format!("t5.{key}")) {
        Some(_) => size(key).map(Some),
        None => Ok(None),
    };
    let encoder = Side {
        layers: size("block_count")?,
        heads: size("attention.head_count")?,
        head_dim: size("attention.key_length")?,
        feed_forward: size("feed_forward_length")?,
    };
    if optional("attention.value_length")?.is_some_and(|n| n != encoder.head_dim) {
        return Err(unsupported(
            gguf.path(),
            "t5.attention.value_length",
            "values of another width than keys",
        ));
    }
    let decoder = Side {
        layers: optional("decoder_block_count")?.unwrap_or(encoder.layers),
        ..encoder
    };
    let buckets = size("attention.relative_buckets_count")?;
    // llama.cpp knows no other distance.
    let distance = optional("attention.relative_max_distance")?.unwrap_or(128);
    let hidden = size("embedding_length")?;
    let vocabulary = gguf.shape("token_embd.weight")?.first().copied().unwrap_or(0);
    let gated = gguf.has("enc.blk.0.ffn_gate.weight");
    let tied = !gguf.has("output.weight");
    let epsilon = gguf
        .float("t5.attention.layer_norm_rms_epsilon")
        .or_else(|| gguf.float("t5.attention.layer_norm_epsilon"));
    Ok(Config {
        positions: Positions::Relative { buckets, distance },
        longest: optional("context_length")?.unwrap_or(TRAINED_ON),
        epsilon: epsilon.unwrap_or(1e-6),
        // llama.cpp computes both, and chooses by the gate.
        activation: if gated {
            Activation::GeluTanh
        } else {
            Activation::Relu
        },
        gated,
        output_scale: tied.then(|| (hidden as f64).powf(-0.5)),
        ..config("t5", Names::Gguf, hidden, encoder, decoder, vocabulary)
    })
}

/// What all of them have in common.
fn config(
    family: &str,
    names: Names,
    hidden: usize,
    encoder: Side,
    decoder: Side,
    vocabulary: usize,
) -> Config {
    Config {
        family: family.to_owned(),
        names,
        hidden,
        encoder,
        decoder,
        source_vocabulary: vocabulary,
        target_vocabulary: vocabulary,
        shared: true,
        positions: Positions::Relative {
            buckets: 32,
            distance: 128,
        },
        longest: TRAINED_ON,
        rms_norms: true,
        epsilon: 1e-6,
        norm_first: true,
        embedding_norm: false,
        embedding_scale: None,
        biases: false,
        scaled_attention: false,
        activation: Activation::Relu,
        gated: false,
        output_scale: None,
        logit_bias: false,
        tied: true,
    }
}

/// The bucket of a key `ahead` positions after the query (before it where negative): near distances have buckets of
/// their own, far ones share them, the farther the more.
pub(super) fn bucket(ahead: i64, both_ways: bool, buckets: usize, distance: usize) -> usize {
    let (first, buckets, far) = match (both_ways, ahead > 0) {
        (true, true) => (buckets / 2, buckets / 2, ahead),
        (true, false) => (0, buckets / 2, -ahead),
        (false, _) => (0, buckets, (-ahead).max(0)),
    };
    let far = far as usize;
    let exact = buckets / 2;
    if far < exact {
        return first + far;
    }
    // In single precision, as in transformers: it decides at the edges.
    let share = (far as f32 / exact as f32).ln() / (distance as f64 / exact as f64).ln() as f32;
    let beyond = (share * (buckets - exact) as f32) as usize;
    first + (exact + beyond).min(buckets - 1)
}
