//! A decoder's configuration from transformers' `config.json`.

use std::path::Path;

use serde_json::Value as Json;

use super::{Activation, Architecture, Config, Local, Rope, RopeScaling, gemma3_pattern};
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
        let (rope, local_rope) = json_ropes(&read, gemma)?;
        let local = match local_rope {
            Some(rope) => Some(Local {
                window: read.size("sliding_window")?,
                layers: json_pattern(&read, layers)?,
                rope,
            }),
            None => None,
        };
        Self {
            architecture,
            layers,
            hidden,
            heads,
            kv_heads: read.optional_size("num_key_value_heads")?.unwrap_or(heads),
            head_dim,
            feed_forward: read.size("intermediate_size")?,
            vocabulary: read.size("vocab_size")?,
            context: read.size("max_position_embeddings")?,
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

fn refuse_json_options(read: &Reader<'_>, architecture: Architecture) -> Result<()> {
    let gemma = architecture == Architecture::Gemma3;
    read.only("quantization_config", &[])?;
    read.only("attn_logit_softcapping", &[])?;
    read.only("final_logit_softcapping", &[])?;
    read.only("use_bidirectional_attention", &[false.into()])?;
    read.only("partial_rotary_factor", &[1.0.into(), 1.into()])?;
    read.only("mlp_bias", &[false.into()])?;
    if gemma {
        read.only("hidden_activation", &["gelu_pytorch_tanh".into()])?;
        read.only("attention_bias", &[false.into()])?;
        return Ok(());
    }
    read.only("hidden_act", &["silu".into(), "swish".into()])?;
    read.only("use_sliding_window", &[false.into()])?;
    if let Some(types) = read.get("layer_types").and_then(Json::as_array)
        && types.iter().any(|t| t != "full_attention")
    {
        return Err(read.refuse("layer_types", "layers that are not full attention"));
    }
    if architecture != Architecture::Qwen2 {
        read.only("attention_bias", &[false.into()])?;
    }
    Ok(())
}

/// The rotation of full layers, and of local ones where the architecture has them.
fn json_ropes(read: &Reader<'_>, gemma: bool) -> Result<(Rope, Option<Rope>)> {
    if let Some(parameters) = read.get("rope_parameters") {
        if gemma {
            let of = |kind: &str| match parameters.get(kind) {
                Some(p) => json_rope(read, p, None),
                None => Err(broken(read.path, &format!("`rope_parameters` has no `{kind}`"))),
            };
            return Ok((of("full_attention")?, Some(of("sliding_attention")?)));
        }
        return Ok((json_rope(read, parameters, None)?, None));
    }
    let base = match read.get("rope_theta") {
        Some(_) => read.float("rope_theta")?,
        None if gemma => 1e6,
        None => 1e4,
    };
    let none = Json::Null;
    let rope = json_rope(read, read.get("rope_scaling").unwrap_or(&none), Some(base))?;
    let local = match read.get("rope_local_base_freq") {
        Some(_) => read.float("rope_local_base_freq")?,
        None => 1e4,
    };
    Ok((rope, gemma.then(|| Rope::plain(local))))
}

fn json_rope(read: &Reader<'_>, json: &Json, base: Option<f64>) -> Result<Rope> {
    let inner = Reader {
        json,
        path: read.path,
    };
    let base = match base {
        Some(base) => base,
        None => inner.float("rope_theta")?,
    };
    inner.only("partial_rotary_factor", &[1.0.into(), 1.into()])?;
    let kind = inner.get("rope_type").or_else(|| inner.get("type"));
    let scaling = match kind.and_then(Json::as_str) {
        None | Some("default") => RopeScaling::None,
        Some("linear") => RopeScaling::Linear(inner.float("factor")?),
        Some("llama3") => RopeScaling::Llama3 {
            factor: inner.float("factor")?,
            low: inner.float("low_freq_factor")?,
            high: inner.float("high_freq_factor")?,
            original: inner.float("original_max_position_embeddings")?,
        },
        Some(other) => return Err(read.refuse("rope_scaling", &format!("the RoPE scaling `{other}`"))),
    };
    Ok(Rope { base, scaling })
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
