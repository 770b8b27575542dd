//! A decoder's configuration from transformers' `config.json`.

use std::path::Path;

use serde_json::Value as Json;

use super::json_rope::{Turned, ropes};
use super::{Activation, Architecture, Config, Local, gemma3_pattern};
use crate::error::{Error, Result};
use crate::neural::gguf::{broken, unsupported};

/// Typed reads of `config.json`.
pub(crate) struct Reader<'a> {
    pub(crate) json: &'a Json,
    pub(crate) path: &'a Path,
}

impl Reader<'_> {
    /// A value that is there and not null.
    pub(crate) fn get(&self, key: &str) -> Option<&Json> {
        self.json.get(key).filter(|v| !v.is_null())
    }

    /// A length or a count that must be there and be positive.
    pub(crate) fn size(&self, key: &str) -> Result<usize> {
        self.optional_size(key)?
            .ok_or_else(|| broken(self.path, &format!("`{key}` is missing")))
    }

    /// The same, which may be absent.
    pub(crate) fn optional_size(&self, key: &str) -> Result<Option<usize>> {
        match self.get(key) {
            None => Ok(None),
            Some(value) => match value.as_u64() {
                Some(n) if n > 0 && n <= u64::from(u32::MAX) => Ok(Some(n as usize)),
                _ => Err(broken(self.path, &format!("`{key}` is {value}"))),
            },
        }
    }

    /// A number that must be there.
    pub(crate) fn float(&self, key: &str) -> Result<f64> {
        self.get(key)
            .and_then(Json::as_f64)
            .ok_or_else(|| broken(self.path, &format!("`{key}` is missing or no number")))
    }

    /// The error about `key`, whose value asks for what is not implemented.
    pub(crate) fn refuse(&self, key: &str, kind: &str) -> Error {
        unsupported(self.path, key, kind)
    }

    /// Refuses `key` unless it is absent, null or one of `harmless`.
    pub(crate) fn only(&self, key: &str, harmless: &[Json]) -> Result<()> {
        match self.get(key) {
            Some(value) if !harmless.contains(value) => Err(self.refuse(key, &format!("{value}"))),
            _ => Ok(()),
        }
    }
}

impl Config {
    /// From transformers' `config.json`, of version 4 (`rope_theta`, `rope_scaling`) or 5 (`rope_parameters`).
    pub(crate) fn from_json(json: &Json, path: &Path) -> Result<Self> {
        let read = Reader { json, path };
        let name = read
            .get("model_type")
            .and_then(Json::as_str)
            .ok_or_else(|| broken(path, "`model_type` is missing"))?;
        if name == "gemma3" {
            return Err(read.refuse(
                "model_type",
                "gemma3 with images (its text models are gemma3_text)",
            ));
        }
        let architecture = Architecture::named(name, path)?;
        let gemma = architecture == Architecture::Gemma3;
        refuse_json_options(&read, architecture)?;

        let layers = read.size("num_hidden_layers")?;
        let hidden = read.size("hidden_size")?;
        let heads = read.size("num_attention_heads")?;
        let head_dim = match read.optional_size("head_dim")? {
            Some(n) => n,
            None if gemma => 256,
            None => hidden / heads,
        };
        let scale = match read.get("query_pre_attn_scalar") {
            Some(_) if gemma => read.float("query_pre_attn_scalar")?,
            None if gemma => 256.0,
            _ => head_dim as f64,
        };
        let context = read.size("max_position_embeddings")?;
        let turned = Turned::of(&read, architecture, head_dim, context)?;
        let (rope, local_rope) = ropes(&read, &turned)?;
        let local = match local_rope {
            Some(rope) => Some(Local {
                window: read.size("sliding_window")?,
                layers: json_pattern(&read, layers)?,
                rope,
            }),
            None => match read.optional_size("sliding_window")? {
                Some(window) if windowed(architecture) => Local::everywhere(window, layers, context, &rope),
                _ => None,
            },
        };
        Self {
            architecture,
            layers,
            hidden,
            heads,
            kv_heads: read.optional_size("num_key_value_heads")?.unwrap_or(heads),
            head_dim,
            rotary: turned.rotary,
            feed_forward: read.size("intermediate_size")?,
            vocabulary: read.size("vocab_size")?,
            context,
            epsilon: read.float("rms_norm_eps")?,
            rope,
            local,
            rope_interleaved: false,
            attention_scale: scale.powf(-0.5),
            activation: if gemma {
                Activation::GeluTanh
            } else {
                Activation::Silu
            },
            embedding_scale: gemma.then(|| (hidden as f64).sqrt()),
            norm_offset: gemma,
        }
        .check(path)
    }
}

/// Whether `sliding_window` means every layer; in others it is a number that no layer uses.
fn windowed(architecture: Architecture) -> bool {
    matches!(architecture, Architecture::Mistral | Architecture::Phi3)
}

fn refuse_json_options(read: &Reader<'_>, architecture: Architecture) -> Result<()> {
    let yes = [true.into()];
    let no = [false.into()];
    read.only("quantization_config", &[])?;
    read.only("attn_logit_softcapping", &[])?;
    read.only("final_logit_softcapping", &[])?;
    read.only("use_bidirectional_attention", &no)?;
    read.only("mlp_bias", &no)?;
    if architecture != Architecture::Qwen2 {
        read.only("attention_bias", &no)?;
    }
    if architecture == Architecture::Gemma3 {
        return read.only("hidden_activation", &["gelu_pytorch_tanh".into()]);
    }
    read.only("hidden_act", &["silu".into(), "swish".into()])?;
    read.only("use_sliding_window", &no)?;
    match architecture {
        Architecture::Phi3 => {
            read.only("lm_head_bias", &no)?;
            read.only("full_attn_mod", &[1.into()])?;
        }
        Architecture::Hunyuan => {
            read.only("use_qk_norm", &yes)?;
            read.only("use_cla", &no)?;
            read.only("position_embedding_xdrope", &no)?;
            read.only("use_rotary_pos_emb", &yes)?;
            read.only("norm_type", &["rms".into()])?;
        }
        _ => {}
    }
    let usual = if windowed(architecture) && read.get("sliding_window").is_some() {
        "sliding_attention"
    } else {
        "full_attention"
    };
    if let Some(types) = read.get("layer_types").and_then(Json::as_array)
        && types.iter().any(|t| t != usual)
    {
        return Err(read.refuse("layer_types", &format!("layers that are not {usual}")));
    }
    Ok(())
}

fn json_pattern(read: &Reader<'_>, layers: usize) -> Result<Vec<bool>> {
    if let Some(types) = read.get("layer_types").and_then(Json::as_array) {
        let local = types.iter().map(|t| match t.as_str() {
            Some("sliding_attention") => Ok(true),
            Some("full_attention") => Ok(false),
            _ => Err(read.refuse("layer_types", &t.to_string())),
        });
        let local: Vec<bool> = local.collect::<Result<_>>()?;
        if local.len() != layers {
            return Err(broken(read.path, "`layer_types` does not name every layer"));
        }
        return Ok(local);
    }
    Ok(gemma3_pattern(
        layers,
        read.optional_size("sliding_window_pattern")?.unwrap_or(6),
    ))
}
