//! How positions are turned, from transformers' `config.json`.

use serde_json::Value as Json;

use super::json::Reader;
use super::rope::sharpness;
use super::{Architecture, Rope, RopeScaling};
use crate::error::Result;
use crate::neural::gguf::broken;

/// What of a head is turned, and in which model.
pub(super) struct Turned {
    architecture: Architecture,
    /// Dimensions.
    pub(super) rotary: usize,
    context: usize,
}

impl Turned {
    pub(super) fn of(
        read: &Reader<'_>,
        architecture: Architecture,
        head_dim: usize,
        context: usize,
    ) -> Result<Self> {
        let mut rotary = head_dim;
        let none = Json::Null;
        let parameters = Reader {
            json: read.get("rope_parameters").unwrap_or(&none),
            path: read.path,
        };
        for place in [read, &parameters] {
            if architecture != Architecture::Phi3 {
                place.only("partial_rotary_factor", &[1.0.into(), 1.into()])?;
            } else if place.get("partial_rotary_factor").is_some() {
                rotary = (head_dim as f64 * place.float("partial_rotary_factor")?) as usize;
            }
        }
        Ok(Self {
            architecture,
            rotary,
            context,
        })
    }
}

/// The rotation of full layers, and of local ones where the architecture has both.
pub(super) fn ropes(read: &Reader<'_>, turned: &Turned) -> Result<(Rope, Option<Rope>)> {
    let gemma = turned.architecture == Architecture::Gemma3;
    if let Some(parameters) = read.get("rope_parameters") {
        if gemma {
            let of = |kind: &str| match parameters.get(kind) {
                Some(p) => rope(read, p, None, turned),
                None => Err(broken(read.path, &format!("`rope_parameters` has no `{kind}`"))),
            };
            return Ok((of("full_attention")?, Some(of("sliding_attention")?)));
        }
        return Ok((rope(read, parameters, None, turned)?, None));
    }
    let base = match read.get("rope_theta") {
        Some(_) => read.float("rope_theta")?,
        None if gemma => 1e6,
        None => 1e4,
    };
    let none = Json::Null;
    let full = rope(
        read,
        read.get("rope_scaling").unwrap_or(&none),
        Some(base),
        turned,
    )?;
    let local = match read.get("rope_local_base_freq") {
        Some(_) => read.float("rope_local_base_freq")?,
        None => 1e4,
    };
    Ok((full, gemma.then(|| Rope::plain(local))))
}

fn rope(read: &Reader<'_>, json: &Json, base: Option<f64>, turned: &Turned) -> Result<Rope> {
    let inner = Reader {
        json,
        path: read.path,
    };
    let mut base = match base {
        Some(base) => base,
        None => inner.float("rope_theta")?,
    };
    let phi = turned.architecture == Architecture::Phi3;
    if !phi {
        inner.only("partial_rotary_factor", &[1.0.into(), 1.into()])?;
    }
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
        // Phi 3 has called it by three names.
        Some("longrope" | "su") => long(read, &inner, turned)?,
        Some("yarn") if phi => long(read, &inner, turned)?,
        Some("yarn") => yarn(&inner, turned)?,
        // A fixed alpha stretches the base once and for all (HunYuanDenseV1RotaryEmbedding).
        Some("dynamic") if inner.get("alpha").is_some() => {
            inner.only("factor", &[1.0.into(), 1.into()])?;
            let rotary = turned.rotary as f64;
            base *= inner.float("alpha")?.powf(rotary / (rotary - 2.0));
            RopeScaling::None
        }
        Some(other) => return Err(read.refuse("rope_scaling", &format!("the RoPE scaling `{other}`"))),
    };
    Ok(Rope { base, scaling })
}

/// A number that may be absent.
fn optional(read: &Reader<'_>, key: &str) -> Result<Option<f64>> {
    read.get(key).map(|_| read.float(key)).transpose()
}

fn yarn(read: &Reader<'_>, turned: &Turned) -> Result<RopeScaling> {
    let original = optional(read, "original_max_position_embeddings")?.unwrap_or(turned.context as f64);
    let factor = optional(read, "factor")?.unwrap_or(turned.context as f64 / original);
    let scales = (optional(read, "mscale")?, optional(read, "mscale_all_dim")?);
    let magnitude = match (optional(read, "attention_factor")?, scales) {
        (Some(magnitude), _) => magnitude,
        (None, (Some(one), Some(all))) if one != 0.0 && all != 0.0 => {
            sharpness(factor, one) / sharpness(factor, all)
        }
        _ => sharpness(factor, 1.0),
    };
    let turns = |key: &str, usual: f64| -> Result<f64> {
        Ok(optional(read, key)?.filter(|n| *n != 0.0).unwrap_or(usual))
    };
    Ok(RopeScaling::Yarn {
        factor,
        original,
        fast: turns("beta_fast", 32.0)?,
        slow: turns("beta_slow", 1.0)?,
        truncate: read.get("truncate").and_then(Json::as_bool).unwrap_or(true),
        magnitude,
    })
}

fn long(outer: &Reader<'_>, read: &Reader<'_>, turned: &Turned) -> Result<RopeScaling> {
    let factors = |key: &str| -> Result<Vec<f32>> {
        let numbers = read.get(key).and_then(Json::as_array);
        let numbers = numbers.map(|all| all.iter().map(|n| n.as_f64().map(|n| n as f32)).collect());
        numbers
            .flatten()
            .ok_or_else(|| broken(read.path, &format!("`{key}` is missing or no list of numbers")))
    };
    let key = "original_max_position_embeddings";
    let original = match outer.optional_size(key)? {
        Some(original) => original,
        None => read.optional_size(key)?.unwrap_or(turned.context),
    };
    let factor = optional(read, "factor")?.unwrap_or(turned.context as f64 / original as f64);
    let magnitude = match optional(read, "attention_factor")? {
        Some(magnitude) => magnitude,
        None if factor <= 1.0 => 1.0,
        None => (1.0 + factor.ln() / (original as f64).ln()).sqrt(),
    };
    Ok(RopeScaling::Long {
        short: factors("short_factor")?,
        long: factors("long_factor")?,
        original,
        magnitude,
    })
}
