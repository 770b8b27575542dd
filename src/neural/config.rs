//! What a decoder is made of, read from a GGUF header or from `config.json`.
//!
//! Unknown means no: an architecture, a RoPE scaling or an option that would be ignored is refused by its name.

use std::path::Path;

use serde_json::Value as Json;

use super::gguf::{Gguf, Value, broken, unsupported};
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
            .with_hint("decoders that it implements: llama, qwen2, qwen3, gemma3 (text)")),
        }
    }
}

/// The activation of the feed-forward gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activation {
    Silu,
    /// GELU in its tanh approximation.
    GeluTanh,
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

// GGUF ------------------------------------------------------------------------------------------------------

impl Config {
    /// From a GGUF header.
    pub(crate) fn from_gguf(gguf: &Gguf) -> Result<Self> {
        let path = gguf.path();
        let name = gguf
            .text("general.architecture")
            .ok_or_else(|| broken(path, "the key `general.architecture` is missing"))?;
        let architecture = Architecture::named(name, path)?;
        let key = |suffix: &str| format!("{name}.{suffix}");
        refuse_gguf_options(gguf, name, architecture)?;

        let layers = gguf.size_of(&key("block_count"))?;
        let hidden = gguf.size_of(&key("embedding_length"))?;
        let heads = gguf.size_of(&key("attention.head_count"))?;
        let kv_heads = match gguf.get(&key("attention.head_count_kv")) {
            None => heads,
            Some(_) => gguf.size_of(&key("attention.head_count_kv"))?,
        };
        let head_dim = match gguf.get(&key("attention.key_length")) {
            None => hidden / heads,
            Some(_) => gguf.size_of(&key("attention.key_length"))?,
        };
        if let Some(n) = gguf.int(&key("rope.dimension_count"))
            && n != head_dim as i64
        {
            return Err(unsupported(
                path,
                &key("rope.dimension_count"),
                "a partial rotation",
            ));
        }
        let epsilon = key("attention.layer_norm_rms_epsilon");
        let epsilon = gguf
            .float(&epsilon)
            .ok_or_else(|| broken(path, &format!("the key `{epsilon}` is missing")))?;
        let gemma = architecture == Architecture::Gemma3;
        let base = gguf
            .float(&key("rope.freq_base"))
            .unwrap_or(if gemma { 1e6 } else { 1e4 });
        let local = gemma.then(|| gguf_window(gguf, name, layers)).transpose()?;
        // gemma3 27B divides by the width of a head of the residual stream, its smaller sisters by the key's.
        let scale_dim = if gemma && layers == 62 {
            hidden / heads
        } else {
            head_dim
        };
        Self {
            architecture,
            layers,
            hidden,
            heads,
            kv_heads,
            head_dim,
            feed_forward: gguf.size_of(&key("feed_forward_length"))?,
            vocabulary: gguf.shape("token_embd.weight")?[0],
            context: gguf.size_of(&key("context_length"))?,
            epsilon,
            rope: Rope {
                base,
                scaling: gguf_scaling(gguf, name)?,
            },
            local,
            rope_interleaved: architecture == Architecture::Llama,
            attention_scale: (scale_dim as f64).powf(-0.5),
            activation: if gemma {
                Activation::GeluTanh
            } else {
                Activation::Silu
            },
            embedding_scale: gemma.then(|| (hidden as f64).sqrt()),
            norm_offset: false,
        }
        .check(path)
    }
}

fn refuse_gguf_options(gguf: &Gguf, name: &str, architecture: Architecture) -> Result<()> {
    let refuse = |suffix: &str, kind: &str| Err(unsupported(gguf.path(), &format!("{name}.{suffix}"), kind));
    if gguf.int(&format!("{name}.expert_count")).is_some_and(|n| n > 0) {
        return refuse("expert_count", "a mixture of experts");
    }
    if gguf.bool(&format!("{name}.attention.causal")) == Some(false) {
        return refuse("attention.causal", "attention to what comes later");
    }
    for cap in ["attn_logit_softcapping", "final_logit_softcapping"] {
        if gguf.float(&format!("{name}.{cap}")).is_some_and(|x| x != 0.0) {
            return refuse(cap, "capped logits");
        }
    }
    let window = gguf.int(&format!("{name}.attention.sliding_window"));
    if architecture != Architecture::Gemma3 && window.is_some_and(|n| n > 0) {
        return refuse("attention.sliding_window", "a sliding window");
    }
    if gguf.text("split.count").is_some() || gguf.int("split.count").is_some_and(|n| n > 1) {
        return Err(Error::failed(format!(
            "{}: this is one part of a split GGUF file",
            gguf.path().display()
        ))
        .with_hint("join the parts first with llama.cpp's `llama-gguf-split --merge`"));
    }
    Ok(())
}

fn gguf_scaling(gguf: &Gguf, name: &str) -> Result<RopeScaling> {
    if gguf.has("rope_freqs.weight") {
        return Ok(RopeScaling::Factors);
    }
    let key = format!("{name}.rope.scaling.type");
    let factor = gguf
        .float(&format!("{name}.rope.scaling.factor"))
        .or_else(|| gguf.float(&format!("{name}.rope.scale_linear")));
    match (gguf.text(&key), factor) {
        (None | Some("none"), None) | (Some("none"), Some(_)) => Ok(RopeScaling::None),
        (None | Some("linear"), Some(factor)) if factor > 0.0 => Ok(RopeScaling::Linear(factor)),
        (Some(other), _) => Err(unsupported(
            gguf.path(),
            &key,
            &format!("the RoPE scaling `{other}`"),
        )),
        _ => Err(broken(gguf.path(), "its RoPE scaling has no factor")),
    }
}

fn gguf_window(gguf: &Gguf, name: &str, layers: usize) -> Result<Local> {
    let pattern = match gguf.get(&format!("{name}.attention.sliding_window_pattern")) {
        None => gemma3_pattern(layers, 6),
        Some(Value::Int(period)) if *period > 0 => gemma3_pattern(layers, *period as usize),
        Some(Value::Ints(local)) if local.len() == layers => local.iter().map(|b| *b != 0).collect(),
        Some(_) => {
            return Err(unsupported(
                gguf.path(),
                "sliding_window_pattern",
                "an unknown pattern",
            ));
        }
    };
    Ok(Local {
        window: gguf.size_of(&format!("{name}.attention.sliding_window"))?,
        layers: pattern,
        rope: Rope::plain(gguf.float(&format!("{name}.rope.freq_base_swa")).unwrap_or(1e4)),
    })
}

// config.json -----------------------------------------------------------------------------------------------

/// Typed reads of `config.json`.
struct Reader<'a> {
    json: &'a Json,
    path: &'a Path,
}

impl Reader<'_> {
    /// A value that is there and not null.
    fn get(&self, key: &str) -> Option<&Json> {
        self.json.get(key).filter(|v| !v.is_null())
    }

    fn size(&self, key: &str) -> Result<usize> {
        self.optional_size(key)?
            .ok_or_else(|| broken(self.path, &format!("`{key}` is missing")))
    }

    fn optional_size(&self, key: &str) -> Result<Option<usize>> {
        match self.get(key) {
            None => Ok(None),
            Some(value) => match value.as_u64() {
                Some(n) if n > 0 && n <= u64::from(u32::MAX) => Ok(Some(n as usize)),
                _ => Err(broken(self.path, &format!("`{key}` is {value}"))),
            },
        }
    }

    fn float(&self, key: &str) -> Result<f64> {
        self.get(key)
            .and_then(Json::as_f64)
            .ok_or_else(|| broken(self.path, &format!("`{key}` is missing or no number")))
    }

    fn refuse(&self, key: &str, kind: &str) -> Error {
        unsupported(self.path, key, kind)
    }

    /// Refuses `key` unless it is absent, null or one of `harmless`.
    fn only(&self, key: &str, harmless: &[Json]) -> Result<()> {
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
