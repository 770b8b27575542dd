//! Safetensors of a decoder → the same tensors quantised, in one GGUF file that is read instead of them from then on.
//!
//! The file keeps transformers' names; `config.json` and the tokenizer stay beside the safetensors. Tensors are read,
//! quantised and written some rows at a time, so that neither the model nor one of its matrices ever lies in memory
//! whole. What always holds: the blocks are those of candle's own quantisation.
//!
//! Which precision a matrix gets follows llama.cpp's `Q4_K_M`: of a model in 4 bits, the embedding and the output matrix
//! have 6 (every token goes through each of their rows' errors at once), and so have the values and the last product of
//! the feed-forward in the first and the last eighth of the layers and in each third between, which lose the most by
//! it. Norms and biases stay in single precision: they are small, and all numbers are multiplied by them.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::Path;

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{DType, Device, Tensor};
use rayon::prelude::*;
use serde_json::Value as Json;

use super::config::Config;
use super::gguf::broken;
use super::load::{LoadSpec, Quantise, json_of};
use super::safetensors::Safetensors;
use super::weights::{DecoderNames, Naming, stretches};
use crate::error::{Error, Result};
use crate::progress::checkpoint;

/// What the file says that it is: its tensors have no meaning without the `config.json` that they were made with.
const ARCHITECTURE: &str = "byline-tensors";
/// Bytes to which tensors are aligned.
const ALIGNMENT: u64 = 32;

/// A tensor of the file that will be written.
struct Planned {
    name: String,
    shape: Vec<usize>,
    kind: GgmlDType,
    /// From the end of the header.
    offset: u64,
    bytes: u64,
}

/// A model that is going to be quantised.
pub struct Quantiser {
    file: Safetensors,
    plan: Vec<Planned>,
}

impl Quantiser {
    /// Opens the safetensors that `spec` names, and their `config.json`; reads no weights.
    ///
    /// # Errors
    /// [`Error::Failed`] (exit 4) if they are damaged, or of an architecture that is not implemented.
    pub fn open(spec: &LoadSpec, to: Quantise) -> Result<Self> {
        let file = Safetensors::open(&spec.weights)?;
        let path = spec
            .beside(&spec.config, "config.json")
            .ok_or_else(|| broken(file.path(), "config.json is not beside it"))?;
        let json = json_of(&path)?;
        let config = Config::from_json(&json, &path)?;
        let tied = json.get("tie_word_embeddings").and_then(Json::as_bool) == Some(true);
        let names = DecoderNames::of(&config);
        let mut plan: Vec<Planned> = Vec::new();
        let mut end = 0;
        for (name, shape) in file.tensors() {
            if names.spare(&name) && (tied || name != "lm_head.weight") {
                continue;
            }
            let kind = kind_of(&name, &shape, to, config.layers);
            let numbers: usize = shape.iter().product();
            let bytes = (numbers / kind.block_size() * kind.type_size()) as u64;
            plan.push(Planned {
                name,
                shape,
                kind,
                offset: end,
                bytes,
            });
            end = (end + bytes).next_multiple_of(ALIGNMENT);
        }
        Ok(Self { file, plan })
    }

    /// The size of the file that will be written, in bytes, its header left out.
    pub fn bytes(&self) -> u64 {
        self.plan.last().map_or(0, |last| last.offset + last.bytes)
    }

    /// Writes the file; `mark` stands in it under `byline.mark`. `progress` gets the bytes written and all of them.
    ///
    /// # Errors
    /// [`Error::Io`] if a file cannot be read or written; [`Error::Interrupted`] on Ctrl-C. Then a part of the file may
    /// be there.
    pub fn write(&self, path: &Path, mark: &str, progress: &mut dyn FnMut(u64, u64)) -> Result<()> {
        let mut out = Out {
            file: BufWriter::with_capacity(1 << 20, File::create(path).map_err(|e| Error::io(path, e))?),
            at: 0,
            path,
        };
        out.put(&self.header(mark))?;
        out.align()?;
        let start = out.at;
        for planned in &self.plan {
            self.copy(planned, &mut out, &mut |at| progress(at - start, self.bytes()))?;
            progress(out.at - start, self.bytes());
            out.align()?;
        }
        out.file.flush().map_err(|e| Error::io(path, e))
    }

    fn copy(&self, planned: &Planned, out: &mut Out<'_>, progress: &mut dyn FnMut(u64)) -> Result<()> {
        let [outputs, inputs] = planned.shape[..] else {
            let numbers = self.file.stored(&planned.name, DType::F32, &Device::Cpu)?;
            return out.put(&plain(&numbers)?);
        };
        for rows in stretches(outputs, inputs) {
            checkpoint()?;
            let rows = self
                .file
                .rows(&planned.name, (outputs, inputs), rows, DType::F32, &Device::Cpu)?;
            if planned.kind == GgmlDType::F32 {
                out.put(&plain(&rows)?)?;
            } else {
                for blocks in quantised(&rows, planned.kind)? {
                    out.put(&blocks)?;
                }
            }
            progress(out.at);
        }
        Ok(())
    }

    /// Version 3: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.
    fn header(&self, mark: &str) -> Vec<u8> {
        let mut header = b"GGUF\x03\0\0\0".to_vec();
        let text = |header: &mut Vec<u8>, text: &str| {
            header.extend((text.len() as u64).to_le_bytes());
            header.extend(text.as_bytes());
        };
        header.extend((self.plan.len() as u64).to_le_bytes());
        header.extend(2u64.to_le_bytes());
        for (key, value) in [("general.architecture", ARCHITECTURE), ("byline.mark", mark)] {
            text(&mut header, key);
            header.extend(8u32.to_le_bytes());
            text(&mut header, value);
        }
        for planned in &self.plan {
            text(&mut header, &planned.name);
            header.extend((planned.shape.len() as u32).to_le_bytes());
            for size in planned.shape.iter().rev() {
                header.extend((*size as u64).to_le_bytes());
            }
            header.extend(number_of(planned.kind).to_le_bytes());
            header.extend(planned.offset.to_le_bytes());
        }
        header
    }
}

struct Out<'a> {
    file: BufWriter<File>,
    at: u64,
    path: &'a Path,
}

impl Out<'_> {
    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.at += bytes.len() as u64;
        self.file.write_all(bytes).map_err(|e| Error::io(self.path, e))
    }

    fn align(&mut self) -> Result<()> {
        let padding = self.at.next_multiple_of(ALIGNMENT) - self.at;
        self.put(&[0; ALIGNMENT as usize][..padding as usize])
    }
}

/// Numbers in single precision.
fn plain(numbers: &Tensor) -> Result<Vec<u8>> {
    let numbers: Vec<f32> = numbers.flatten_all()?.to_vec1()?;
    Ok(numbers.iter().flat_map(|n| n.to_le_bytes()).collect())
}

/// The blocks of `(rows, inputs)`, all threads at work.
fn quantised(rows: &Tensor, kind: GgmlDType) -> Result<Vec<Vec<u8>>> {
    let count = rows.dim(0)?;
    let part = count.div_ceil(4 * rayon::current_num_threads()).max(1);
    let parts: Vec<Range<usize>> = (0..count)
        .step_by(part)
        .map(|at| at..count.min(at + part))
        .collect();
    parts
        .into_par_iter()
        .map(|part| {
            // a copy: what is quantised is the storage, from its beginning
            let rows = rows.narrow(0, part.start, part.len())?.force_contiguous()?;
            Ok(QTensor::quantize(&rows, kind)?.data()?.into_owned())
        })
        .collect()
}

/// How a tensor is kept.
fn kind_of(name: &str, shape: &[usize], to: Quantise, layers: usize) -> GgmlDType {
    let [_, inputs] = shape[..] else {
        return GgmlDType::F32;
    };
    let wanted = match to {
        Quantise::Q8_0 => GgmlDType::Q8_0,
        Quantise::Q4K if name == "lm_head.weight" || name == "model.embed_tokens.weight" => GgmlDType::Q6K,
        Quantise::Q4K if is_sensitive(name, layers) => GgmlDType::Q6K,
        Quantise::Q4K => GgmlDType::Q4K,
    };
    // rows that the blocks do not divide take smaller ones
    [wanted, GgmlDType::Q8_0]
        .into_iter()
        .find(|kind| inputs.is_multiple_of(kind.block_size()))
        .unwrap_or(GgmlDType::F32)
}

/// Whether a matrix is one of those that lose the most.
fn is_sensitive(name: &str, layers: usize) -> bool {
    let parts = name.strip_prefix("model.layers.").and_then(|n| n.split_once('.'));
    let Some((Ok(layer), part)) = parts.map(|(layer, part)| (layer.parse::<usize>(), part)) else {
        return false;
    };
    let eighth = layers / 8;
    let chosen = layer < eighth || layer >= 7 * layers / 8 || (layer - eighth) % 3 == 2;
    let kinds = ["self_attn.v_proj.", "self_attn.qkv_proj.", "mlp.down_proj."];
    chosen && kinds.iter().any(|kind| part.starts_with(kind))
}

/// GGUF's number of a kind.
fn number_of(kind: GgmlDType) -> u32 {
    match kind {
        GgmlDType::Q8_0 => 8,
        GgmlDType::Q4K => 12,
        GgmlDType::Q6K => 14,
        _ => 0,
    }
}
