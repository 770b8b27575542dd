//! The configuration of BART's relatives: Marian, BART, mBART, M2M100 and NLLB, Pegasus.
//!
//! Their sources: Junczys-Dowmunt et al. 2018, Lewis et al. 2020, Liu et al. 2020, Fan et al. 2021, NLLB Team 2022,
//! Zhang et al. 2020.

use serde_json::Value as Json;

use super::config::{Config, Positions, Side, activation};
use super::names::Names;
use crate::error::Result;
use crate::neural::config::Reader;
use crate::neural::gguf::broken;

/// What sets a family apart. The keys of `config.json` that repeat it must not contradict it.
struct Family {
    norm_first: bool,
    embedding_norm: bool,
    learned_positions: bool,
    logit_bias: bool,
}

fn family(name: &str) -> Family {
    let (norm_first, embedding_norm, learned_positions) = match name {
        "bart" => (false, true, true),
        "mbart" => (true, true, true),
        "marian" => (false, false, false),
        // m2m_100, pegasus
        _ => (true, false, false),
    };
    Family {
        norm_first,
        embedding_norm,
        learned_positions,
        logit_bias: name != "m2m_100",
    }
}

/// From `config.json`.
pub(super) fn from_json(read: &Reader<'_>, name: &str) -> Result<Config> {
    let family = family(name);
    for (key, value) in [
        ("normalize_before", family.norm_first),
        ("add_final_layer_norm", family.norm_first),
        ("normalize_embedding", family.embedding_norm),
        ("static_position_embeddings", !family.learned_positions),
        ("add_bias_logits", false),
    ] {
        read.only(key, &[value.into()])?;
    }
    let hidden = read.size("d_model")?;
    let vocabulary = read.size("vocab_size")?;
    let flag = |key: &str| read.get(key).and_then(Json::as_bool);
    let offset = if name == "m2m_100" { padded(read)? } else { 0 };
    let act = read.get("activation_function").and_then(Json::as_str);
    let act = act.ok_or_else(|| broken(read.path, "`activation_function` is missing"))?;
    Ok(Config {
        family: name.to_owned(),
        names: Names::Bart { prefix: "model." },
        hidden,
        encoder: side(read, "encoder", hidden)?,
        decoder: side(read, "decoder", hidden)?,
        source_vocabulary: vocabulary,
        target_vocabulary: read.optional_size("decoder_vocab_size")?.unwrap_or(vocabulary),
        shared: flag("share_encoder_decoder_embeddings") != Some(false),
        positions: match name {
            _ if family.learned_positions => Positions::Learned { offset: 2 },
            "m2m_100" => Positions::Sinusoidal {
                offset,
                step: (hidden / 2).saturating_sub(1),
            },
            _ => Positions::Sinusoidal {
                offset,
                step: hidden / 2,
            },
        },
        longest: read.size("max_position_embeddings")?,
        rms_norms: false,
        epsilon: 1e-5,
        norm_first: family.norm_first,
        embedding_norm: family.embedding_norm,
        embedding_scale: flag("scale_embedding")
            .unwrap_or(false)
            .then(|| (hidden as f64).sqrt()),
        biases: true,
        scaled_attention: true,
        activation: activation(read, "activation_function", act)?,
        gated: false,
        output_scale: None,
        logit_bias: family.logit_bias,
        tied: flag("tie_word_embeddings") != Some(false),
    })
}

/// M2M100 counts positions from the one after its padding token's id.
fn padded(read: &Reader<'_>) -> Result<usize> {
    let pad = read.get("pad_token_id").and_then(Json::as_u64);
    match pad.filter(|id| *id < 1 << 20) {
        Some(id) => Ok(id as usize + 1),
        None => Err(broken(read.path, "`pad_token_id` is missing")),
    }
}

fn side(read: &Reader<'_>, side: &str, hidden: usize) -> Result<Side> {
    let heads = read.size(&format!("{side}_attention_heads"))?;
    if !hidden.is_multiple_of(heads) {
        return Err(broken(read.path, "its sizes do not fit together"));
    }
    Ok(Side {
        layers: read.size(&format!("{side}_layers"))?,
        heads,
        head_dim: hidden / heads,
        feed_forward: read.size(&format!("{side}_ffn_dim"))?,
    })
}
