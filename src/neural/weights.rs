//! The weights of a model by one set of names, wherever they come from.
//!
//! The names are GGUF's (`blk.0.attn_q.weight`); a [`Naming`] translates them to those of the file. What always holds:
//! each tensor has the shape that the configuration says, and none of the file is left unused, since an unused tensor
//! is a part of the model that would be missing.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashSet;
use std::ops::Range;
use std::path::Path;

use candle_core::quantized::{GgmlDType, QMatMul, QStorage, QTensor};
use candle_core::{DType, Device, Tensor};

use super::blocks::{Blocks, Kind};
use super::config::Config;
use super::gguf::{Gguf, unsupported};
use super::load::Quantise;
use super::mapped::Bytes;
use super::matrix::{Matrix, Panels};
use super::safetensors::Safetensors;
use crate::error::{Error, Result};

/// An open file of weights.
pub(crate) enum Source {
    Gguf(Gguf),
    Safetensors(Safetensors),
}

impl Source {
    fn has(&self, name: &str) -> bool {
        match self {
            Self::Gguf(gguf) => gguf.has(name),
            Self::Safetensors(file) => file.has(name),
        }
    }

    /// The names of all tensors, as the file has them.
    pub(crate) fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        match self {
            Self::Gguf(gguf) => Box::new(gguf.names()),
            Self::Safetensors(file) => Box::new(file.names()),
        }
    }

    /// The file, to name the model in messages.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Gguf(gguf) => gguf.path(),
            Self::Safetensors(file) => file.path(),
        }
    }
}

/// What a file calls its tensors.
pub(crate) trait Naming {
    /// The file's name of one of GGUF's names.
    fn name(&self, name: &str) -> String;

    /// Whether a tensor of the file may stay unread: a copy of another, or a constant.
    fn spare(&self, name: &str) -> bool;
}

/// Hands out weights as the model is built.
pub(crate) struct Weights<'a> {
    source: &'a Source,
    naming: &'a dyn Naming,
    device: &'a Device,
    /// What activations and unquantised weights are computed in.
    dtype: DType,
    used: RefCell<HashSet<String>>,
    quantise: Option<GgmlDType>,
}

impl<'a> Weights<'a> {
    pub(crate) fn new(source: &'a Source, naming: &'a dyn Naming, dtype: DType, device: &'a Device) -> Self {
        Self {
            source,
            naming,
            device,
            dtype,
            used: RefCell::default(),
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
        self.source.has(&self.naming.name(name))
    }

    /// Whether two matrices of `(outputs, inputs)` hold the same numbers, as far as that is cheap to tell: files of
    /// transformers may hold what is tied twice, GGUF files do not.
    pub(crate) fn same(&self, one: &str, other: &str, outputs: usize, inputs: usize) -> Result<bool> {
        let Source::Safetensors(file) = self.source else {
            return Ok(false);
        };
        let (one, other) = (self.naming.name(one), self.naming.name(other));
        if file.share(&one, &other) {
            return Ok(true);
        }
        for rows in stretches(outputs, inputs) {
            let numbers = |name| -> Result<Vec<f32>> {
                let rows = file.rows(name, (outputs, inputs), rows.clone(), DType::F32, &Device::Cpu)?;
                Ok(rows.flatten_all()?.to_vec1()?)
            };
            if numbers(&one)? != numbers(&other)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A matrix of `(outputs, inputs)`, as quantised as it is stored.
    pub(crate) fn matrix(&self, name: &str, outputs: usize, inputs: usize) -> Result<Matrix> {
        self.part(name, outputs, inputs, 0..outputs)
    }

    /// The rows `part` of such a matrix: of several that lie one below the other in the file.
    pub(crate) fn part(
        &self,
        name: &str,
        outputs: usize,
        inputs: usize,
        part: Range<usize>,
    ) -> Result<Matrix> {
        let plain = self.device.is_cpu() && self.dtype == DType::F32;
        let file = match self.source {
            Source::Gguf(gguf) => {
                let name = self.used(name);
                if plain && let Some(blocks) = gguf.blocks(&name, (outputs, inputs), part.clone())? {
                    return Ok(Matrix::Blocks(blocks));
                }
                let shape = [outputs, inputs];
                let tensor = gguf.rows(&name, &shape, part.clone(), self.device)?;
                return Ok(match QMatMul::from_qtensor(tensor)? {
                    QMatMul::Tensor(t) if plain => {
                        let t = t.to_dtype(DType::F32)?;
                        let rows = |rows: Range<usize>| {
                            let rows = t.narrow(0, rows.start, rows.len())?;
                            Ok(rows.flatten_all()?.to_vec1()?)
                        };
                        Matrix::Panels(Panels::floats(part.len(), inputs, rows)?)
                    }
                    QMatMul::Tensor(t) => Matrix::Candle(QMatMul::Tensor(t.to_dtype(self.dtype)?)),
                    other => Matrix::Candle(other),
                });
            }
            Source::Safetensors(file) => file,
        };
        let name = self.used(name);
        let stored = Rows {
            file,
            name: &name,
            shape: (outputs, inputs),
            part,
        };
        // Rows that the blocks do not divide stay as they are.
        match self.quantise.filter(|q| inputs.is_multiple_of(q.block_size())) {
            Some(GgmlDType::Q8_0) if plain => Ok(Matrix::Panels(Panels::bytes(
                stored.part.len(),
                inputs,
                |rows| stored.numbers(rows),
            )?)),
            Some(to) => stored.matrix(to, self.device),
            None if plain => Ok(Matrix::Panels(Panels::floats(
                stored.part.len(),
                inputs,
                |rows| stored.numbers(rows),
            )?)),
            None => {
                let rows = file.rows(&name, (outputs, inputs), stored.part, self.dtype, self.device)?;
                Ok(Matrix::Candle(QMatMul::Tensor(rows)))
            }
        }
    }

    /// A vector of `length`, not quantised.
    pub(crate) fn vector(&self, name: &str, length: usize) -> Result<Tensor> {
        self.tensor(name, &[length])
    }

    /// A tensor of `shape`, not quantised.
    pub(crate) fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor> {
        let name = self.used(name);
        match self.source {
            Source::Gguf(gguf) => {
                let tensor = gguf.tensor(&name, shape, self.device)?;
                Ok(tensor.dequantize(self.device)?.to_dtype(self.dtype)?)
            }
            Source::Safetensors(file) => file.tensor(&name, shape, self.dtype, self.device),
        }
    }

    /// The file's name of a tensor that is going to be read.
    fn used(&self, name: &str) -> String {
        let name = self.naming.name(name);
        self.used.borrow_mut().insert(name.clone());
        name
    }

    /// Refuses a file with tensors that nobody has asked for.
    pub(crate) fn finish(self) -> Result<()> {
        let used = self.used.into_inner();
        let unused = |name: &&str| !used.contains(*name) && !self.naming.spare(name);
        match self.source.names().filter(unused).min() {
            Some(name) => Err(unsupported(
                self.source.path(),
                name,
                "a part that the architecture does not have",
            )),
            None => Ok(()),
        }
    }
}

/// Rows of a matrix in a file, read some at a time: one of a large vocabulary never lies in memory twice.
struct Rows<'a> {
    file: &'a Safetensors,
    name: &'a str,
    /// Of the whole matrix: `(outputs, inputs)`.
    shape: (usize, usize),
    part: Range<usize>,
}

impl Rows<'_> {
    /// Some of the rows, counted within the part.
    fn read(&self, rows: Range<usize>) -> Result<Tensor> {
        let rows = self.part.start + rows.start..self.part.start + rows.end;
        self.file
            .rows(self.name, self.shape, rows, DType::F32, &Device::Cpu)
    }

    fn numbers(&self, rows: Range<usize>) -> Result<Vec<f32>> {
        Ok(self.read(rows)?.flatten_all()?.to_vec1()?)
    }

    /// All of them, quantised stretch by stretch.
    fn matrix(&self, to: GgmlDType, device: &Device) -> Result<Matrix> {
        let (outputs, inputs) = (self.part.len(), self.shape.1);
        let mut bytes = Vec::with_capacity(outputs * inputs / to.block_size() * to.type_size());
        for rows in stretches(outputs, inputs) {
            bytes.extend_from_slice(&QTensor::quantize(&self.read(rows)?, to)?.data()?);
        }
        if let Some(kind) = Kind::of(to).filter(|_| device.is_cpu()) {
            let blocks = Blocks::new(kind, Bytes::Own(bytes), outputs, inputs);
            return blocks
                .map(Matrix::Blocks)
                .ok_or_else(|| Error::failed(format!("`{}` is not quantised in whole blocks", self.name)));
        }
        let storage = QStorage::from_data(Cow::Owned(bytes), device, to)?;
        let tensor = QTensor::new(storage, (outputs, inputs))?;
        Ok(Matrix::Candle(QMatMul::from_qtensor(tensor)?))
    }
}

/// The rows of a matrix, some at a time: about 16 MB.
pub(super) fn stretches(outputs: usize, inputs: usize) -> impl Iterator<Item = Range<usize>> {
    const NUMBERS: usize = 1 << 22;
    let stretch = (NUMBERS / inputs).max(1);
    (0..outputs)
        .step_by(stretch)
        .map(move |start| start..outputs.min(start + stretch))
}

/// GGUF's own names.
pub(crate) struct GgufNames;

impl Naming for GgufNames {
    fn name(&self, name: &str) -> String {
        name.to_owned()
    }

    fn spare(&self, name: &str) -> bool {
        // the factors of the rotation, which the configuration reads
        name.starts_with("rope_f")
    }
}

/// The names of decoders in transformers' checkpoints.
pub(crate) struct DecoderNames {
    /// Whether the outputs of attention and feed-forward are normed too, which shifts the names.
    post_norms: bool,
    /// Whether matrices lie one below the other in one.
    fused: bool,
    /// Whether the norms of queries and keys come after the rotation, under other names.
    after: bool,
}

impl DecoderNames {
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            post_norms: config.post_norms(),
            fused: config.fused(),
            after: config.norm_after_rotation(),
        }
    }

    /// Transformers' name of a part of a layer.
    fn part<'p>(&self, part: &'p str) -> &'p str {
        match part {
            "attn_q" => "self_attn.q_proj",
            "attn_k" => "self_attn.k_proj",
            "attn_v" => "self_attn.v_proj",
            "attn_qkv" => "self_attn.qkv_proj",
            "attn_output" => "self_attn.o_proj",
            "attn_q_norm" if self.after => "self_attn.query_layernorm",
            "attn_k_norm" if self.after => "self_attn.key_layernorm",
            "attn_q_norm" => "self_attn.q_norm",
            "attn_k_norm" => "self_attn.k_norm",
            "attn_norm" => "input_layernorm",
            "post_attention_norm" => "post_attention_layernorm",
            "ffn_norm" if self.post_norms => "pre_feedforward_layernorm",
            "ffn_norm" => "post_attention_layernorm",
            "post_ffw_norm" => "post_feedforward_layernorm",
            "ffn_gate" => "mlp.gate_proj",
            "ffn_up" if self.fused => "mlp.gate_up_proj",
            "ffn_up" => "mlp.up_proj",
            "ffn_down" => "mlp.down_proj",
            other => other,
        }
    }
}

impl Naming for DecoderNames {
    fn name(&self, name: &str) -> String {
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
        format!("model.layers.{layer}.{}.{kind}", self.part(part))
    }

    fn spare(&self, name: &str) -> bool {
        name == "lm_head.weight" || name.ends_with("rotary_emb.inv_freq")
    }
}
