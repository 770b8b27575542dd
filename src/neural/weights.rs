//! The weights of a decoder by one set of names, wherever they come from.
//!
//! The names are GGUF's (`blk.0.attn_q.weight`); for safetensors they are translated to transformers'. What
//! always holds: each tensor has the shape that the configuration says, and none of the file is left unused,
//! since an unused tensor is a part of the model that would be missing.

use std::cell::RefCell;
use std::collections::HashSet;

use candle_core::quantized::{GgmlDType, QMatMul, QTensor};
use candle_core::{DType, Device, Tensor};

use super::config::Config;
use super::gguf::{Gguf, unsupported};
use super::load::Quantise;
use super::safetensors::Safetensors;
use crate::error::Result;

/// An open file of weights.
pub(crate) enum Source {
    Gguf(Gguf),
    Safetensors(Safetensors),
}

/// Hands out weights as the model is built.
pub(crate) struct Weights<'a> {
    source: &'a Source,
    device: &'a Device,
    /// What activations and unquantised weights are computed in.
    dtype: DType,
    used: RefCell<HashSet<String>>,
    /// Whether the outputs of attention and feed-forward are normed too, which shifts transformers' names.
    post_norms: bool,
    quantise: Option<GgmlDType>,
}

impl<'a> Weights<'a> {
    pub(crate) fn new(source: &'a Source, config: &Config, dtype: DType, device: &'a Device) -> Self {
        Self {
            source,
            device,
            dtype,
            used: RefCell::default(),
            post_norms: config.post_norms(),
            quantise: None,
        }
    }

    /// The same, with the matrices of safetensors quantised as they are read.
    pub(crate) fn quantised(mut self, to: Option<Quantise>) -> Self {
        self.quantise = to.map(|to| match to {
            Quantise::Q8_0 => GgmlDType::Q8_0,
            Quantise::Q4K => GgmlDType::Q4K,
        });
        self
    }

    /// The type that activations have.
    pub(crate) fn dtype(&self) -> DType {
        self.dtype
    }

    /// The device that the weights are read onto.
    pub(crate) fn device(&self) -> &Device {
        self.device
    }

    /// Whether there is a tensor of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        match self.source {
            Source::Gguf(gguf) => gguf.has(name),
            Source::Safetensors(file) => file.has(&transformers_name(name, self.post_norms)),
        }
    }

    /// A matrix of `(outputs, inputs)`, as quantised as it is stored.
    pub(crate) fn matrix(&self, name: &str, outputs: usize, inputs: usize) -> Result<QMatMul> {
        let shape = [outputs, inputs];
        match self.source {
            Source::Gguf(gguf) => {
                self.used.borrow_mut().insert(name.to_owned());
                let tensor = gguf.tensor(name, &shape, self.device)?;
                Ok(match QMatMul::from_qtensor(tensor)? {
                    QMatMul::Tensor(t) => QMatMul::Tensor(t.to_dtype(self.dtype)?),
                    other => other,
                })
            }
            Source::Safetensors(_) => {
                let tensor = self.tensor(name, &shape)?;
                // Rows that the blocks do not divide stay as they are.
                match self.quantise.filter(|q| inputs.is_multiple_of(q.block_size())) {
                    Some(dtype) => Ok(QMatMul::from_qtensor(QTensor::quantize(&tensor, dtype)?)?),
                    None => Ok(QMatMul::Tensor(tensor)),
                }
            }
        }
    }

    /// A vector of `length`, not quantised.
    pub(crate) fn vector(&self, name: &str, length: usize) -> Result<Tensor> {
        self.tensor(name, &[length])
    }

    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor> {
        match self.source {
            Source::Gguf(gguf) => {
                self.used.borrow_mut().insert(name.to_owned());
                let tensor = gguf.tensor(name, shape, self.device)?;
                Ok(tensor.dequantize(self.device)?.to_dtype(self.dtype)?)
            }
            Source::Safetensors(file) => {
                let name = transformers_name(name, self.post_norms);
                let tensor = file.tensor(&name, shape, self.dtype, self.device)?;
                self.used.borrow_mut().insert(name);
                Ok(tensor)
            }
        }
    }

    /// Refuses a file with tensors that nobody has asked for.
    pub(crate) fn finish(self) -> Result<()> {
        let used = self.used.into_inner();
        let (path, unused) = match self.source {
            Source::Gguf(gguf) => (gguf.path(), gguf.names().find(|n| !used.contains(*n))),
            Source::Safetensors(file) => (
                file.path(),
                file.names().find(|n| {
                    !used.contains(*n) && *n != "lm_head.weight" && !n.ends_with("rotary_emb.inv_freq")
                }),
            ),
        };
        match unused {
            Some(name) => Err(unsupported(
                path,
                name,
                "a part that the architecture does not have",
            )),
            None => Ok(()),
        }
    }
}

/// GGUF's name of a tensor in transformers' checkpoints.
fn transformers_name(name: &str, post_norms: bool) -> String {
    let fixed = match name {
        "token_embd.weight" => Some("model.embed_tokens.weight"),
        "output_norm.weight" => Some("model.norm.weight"),
        "output.weight" => Some("lm_head.weight"),
        _ => None,
    };
    if let Some(fixed) = fixed {
        return fixed.to_owned();
    }
    let Some((layer, rest)) = name.strip_prefix("blk.").and_then(|n| n.split_once('.')) else {
        return name.to_owned();
    };
    let (part, kind) = rest.rsplit_once('.').unwrap_or((rest, "weight"));
    let part = match part {
        "attn_q" => "self_attn.q_proj",
        "attn_k" => "self_attn.k_proj",
        "attn_v" => "self_attn.v_proj",
        "attn_output" => "self_attn.o_proj",
        "attn_q_norm" => "self_attn.q_norm",
        "attn_k_norm" => "self_attn.k_norm",
        "attn_norm" => "input_layernorm",
        "post_attention_norm" => "post_attention_layernorm",
        "ffn_norm" if post_norms => "pre_feedforward_layernorm",
        "ffn_norm" => "post_attention_layernorm",
        "post_ffw_norm" => "post_feedforward_layernorm",
        "ffn_gate" => "mlp.gate_proj",
        "ffn_up" => "mlp.up_proj",
        "ffn_down" => "mlp.down_proj",
        other => other,
    };
    format!("model.layers.{layer}.{part}.{kind}")
}
