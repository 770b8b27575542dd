//! A decoder's configuration from the header of a GGUF file.

use candle_core::{DType, Device};

use super::{Activation, Architecture, Config, Local, Rope, RopeScaling, gemma3_pattern};
use crate::error::{Error, Result};
use crate::neural::gguf::{Gguf, Value, broken, unsupported};

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
        let rotary = match gguf.get(&key("rope.dimension_count")) {
            None => head_dim,
            Some(_) => gguf.size_of(&key("rope.dimension_count"))?,
        };
        if rotary != head_dim && architecture != Architecture::Phi3 {
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
        let context = gguf.size_of(&key("context_length"))?;
        let rope = Rope {
            base,
            scaling: gguf_scaling(gguf, name, context)?,
        };
        let local = match gguf.int(&key("attention.sliding_window")) {
            _ if gemma => Some(gguf_window(gguf, name, layers)?),
            Some(window) if window > 0 => {
                Local::everywhere(usize::try_from(window).unwrap_or(context), layers, context, &rope)
            }
            _ => None,
        };
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
            rotary,
            feed_forward: gguf.size_of(&key("feed_forward_length"))?,
            vocabulary: gguf.shape("token_embd.weight")?[0],
            context,
            epsilon,
            rope,
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
    // mistral's models are `llama` here
    let windowed = matches!(
        architecture,
        Architecture::Gemma3 | Architecture::Llama | Architecture::Mistral | Architecture::Phi3
    );
    if !windowed && window.is_some_and(|n| n > 0) {
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

fn gguf_scaling(gguf: &Gguf, name: &str, context: usize) -> Result<RopeScaling> {
    let number = |suffix: &str| gguf.float(&format!("{name}.rope.{suffix}"));
    if gguf.has("rope_freqs.weight") {
        return Ok(RopeScaling::Factors(factors(gguf, "rope_freqs.weight")?));
    }
    if gguf.has("rope_factors_long.weight") {
        return Ok(RopeScaling::Long {
            short: factors(gguf, "rope_factors_short.weight")?,
            long: factors(gguf, "rope_factors_long.weight")?,
            original: gguf.size_of(&format!("{name}.rope.scaling.original_context_length"))?,
            magnitude: number("scaling.attn_factor").unwrap_or(1.0),
        });
    }
    for suffix in [
        "scaling.attn_factor",
        "scaling.yarn_attn_factor",
        "scaling.yarn_ext_factor",
        "scaling.yarn_log_multiplier",
        "scaling.alpha",
    ] {
        let value = number(suffix);
        if value.is_some_and(|x| x != 1.0 && x != 0.0) {
            let key = format!("{name}.rope.{suffix}");
            return Err(unsupported(gguf.path(), &key, "a RoPE scaling of its own"));
        }
    }
    let factor = number("scaling.factor").or_else(|| number("scale_linear"));
    let key = format!("{name}.rope.scaling.type");
    match (gguf.text(&key), factor) {
        (None | Some("none"), None) | (Some("none"), Some(_)) => Ok(RopeScaling::None),
        (None | Some("linear"), Some(factor)) if factor > 0.0 => Ok(RopeScaling::Linear(factor)),
        (Some("yarn"), Some(factor)) if factor > 0.0 => Ok(RopeScaling::Yarn {
            factor,
            original: number("scaling.original_context_length").unwrap_or(context as f64),
            fast: number("scaling.yarn_beta_fast").unwrap_or(32.0),
            slow: number("scaling.yarn_beta_slow").unwrap_or(1.0),
            truncate: true,
            magnitude: super::rope::sharpness(factor, 1.0),
        }),
        (Some(other), _) if !["linear", "yarn"].contains(&other) => Err(unsupported(
            gguf.path(),
            &key,
            &format!("the RoPE scaling `{other}`"),
        )),
        _ => Err(broken(gguf.path(), "its RoPE scaling has no factor")),
    }
}

/// The factors of the frequencies, which lie among the weights.
fn factors(gguf: &Gguf, name: &str) -> Result<Vec<f32>> {
    let shape = gguf.shape(name)?;
    let tensor = gguf.tensor(name, shape, &Device::Cpu)?;
    let numbers = tensor.dequantize(&Device::Cpu)?.to_dtype(DType::F32)?;
    Ok(numbers.flatten_all()?.to_vec1()?)
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
