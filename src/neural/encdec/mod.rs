//! Encoder-decoders: Marian, BART, mBART, M2M100 and NLLB, Pegasus; T5, mT5 and MADLAD-400.
//!
//! ```text
//! config.json / GGUF header ─bart, t5─ Config ─┐
//!                                              ├─ model: layers over a State ─ logits, attention
//! safetensors, .bin, GGUF ──names── Weights ───┘
//! ```
//! One model serves all: families differ in where norms stand, in how they know positions, in biases, scales and
//! names, all of which [`config::Config`] holds. In: token ids. Out: logits and cross-attention, one position of all
//! rows at a time. What always holds is written in [`super::seq2seq`].

mod bart;
mod config;
mod generation;
mod layers;
mod model;
mod names;
mod state;
mod t5;

use candle_core::{DType, Device, Tensor};

use self::config::Config;
use self::model::Model;
use self::names::Names;
pub use self::state::State as Seq2SeqState;
use super::config::Reader;
use super::decode::Generation;
use super::gguf::{Gguf, broken};
use super::likeliest::Few;
use super::load::{LoadSpec, is_gguf, json_of};
use super::safetensors::Safetensors;
use super::seq2seq::{Best, EncoderDecoder, Leading, Limits, Special, Step};
use super::weights::{Source, Weights};
use crate::error::{Error, Result};

/// A loaded encoder-decoder with what its files say about decoding.
pub struct Seq2Seq {
    model: Model,
    special: Special,
    defaults: Generation,
}

/// Loads an encoder-decoder onto a device: safetensors or `pytorch_model.bin` with their `config.json`, a GGUF file of
/// llama.cpp, or a GGUF file without metadata (candle's `tensor-tools` writes such) with `config.json`.
///
/// # Errors
/// As [`super::load`]; [`Error::Usage`] if [`LoadSpec::alignment_layer`] is not one of the decoder's.
pub fn load_seq2seq(spec: &LoadSpec, device: &Device) -> Result<Seq2Seq> {
    let Some(first) = spec.weights.first() else {
        return Err(Error::failed("the model has no weights"));
    };
    let source = if spec.weights.len() == 1 && is_gguf(first)? {
        Source::Gguf(Gguf::open(first)?)
    } else {
        Source::Safetensors(Safetensors::open(&spec.weights)?)
    };
    match &source {
        Source::Gguf(gguf) if gguf.get("general.architecture").is_some() => {
            let config = Config::from_gguf(gguf)?;
            let special = generation::from_gguf(gguf, config.target_vocabulary)?;
            build(spec, config, &source, special, Generation::default(), device)
        }
        _ => {
            let path = spec.beside(&spec.config, "config.json").ok_or_else(|| {
                broken(
                    first,
                    "config.json is not beside it, and the weights do not say what they are",
                )
            })?;
            let json = json_of(&path)?;
            let config = Config::from_json(&Reader {
                json: &json,
                path: &path,
            })?;
            let generation = match spec.beside(&spec.generation_config, "generation_config.json") {
                Some(path) => Some((json_of(&path)?, path)),
                None => None,
            };
            let generation = generation.as_ref().map(|(json, path)| (json, path.as_path()));
            let (special, defaults) =
                generation::from_json((&json, &path), generation, config.target_vocabulary)?;
            build(spec, config, &source, special, defaults, device)
        }
    }
}

fn build(
    spec: &LoadSpec,
    mut config: Config,
    source: &Source,
    special: Special,
    defaults: Generation,
    device: &Device,
) -> Result<Seq2Seq> {
    let layers = config.decoder.layers;
    // Where a token is read, attention is nearest to alignment in the third of six layers (Chen et al., "Accurate Word
    // Alignment Induction from Neural Machine Translation", 2020).
    let alignment_layer = spec.alignment_layer.unwrap_or(layers.saturating_sub(1) / 2);
    if alignment_layer >= layers {
        return Err(Error::usage(format!(
            "the alignment layer {alignment_layer} is not one of the decoder's {layers}"
        ))
        .with_hint(format!("layers are counted from 0 to {}", layers - 1)));
    }
    if matches!(config.names, Names::Bart { .. }) && !source.names().any(|n| n.starts_with("model.")) {
        config.names = Names::Bart { prefix: "" };
    }
    if let Some(context) = spec.context {
        config.longest = config.longest.min(context);
    }
    let dtype = dtype(&config, source, device);
    let names = config.names;
    let weights = Weights::new(source, &names, dtype, device).quantised(spec.quantise);
    Ok(Seq2Seq {
        model: Model::load(config, weights, alignment_layer)?,
        special,
        defaults,
    })
}

/// What activations are computed in: single precision on the processor, as the weights are stored elsewhere, but for
/// T5, whose activations do not fit half precision.
fn dtype(config: &Config, source: &Source, device: &Device) -> DType {
    let stored = match source {
        Source::Gguf(_) => DType::F32,
        Source::Safetensors(file) => file.widest().unwrap_or(DType::F32),
    };
    if device.is_cpu() || (config.rms_norms && stored == DType::F16) {
        DType::F32
    } else {
        stored
    }
}

/// All that a batch computes, for inspection.
pub struct Seq2SeqInspection {
    /// In order, by name: `encoder.0` (the embedding), `encoder.1` (the first layer)…, `encoder.norm` where there is a
    /// norm after the last, each `(sources × longest, hidden)`; `decoder.0`… alike, each `(steps × rows, hidden)`.
    pub layers: Vec<(String, Vec<f32>)>,
    /// Of each step, `(rows, vocabulary)`.
    pub logits: Vec<Vec<f32>>,
}

impl Seq2Seq {
    /// The family by its name in the files: `marian`, `bart`, `mbart`, `m2m_100`, `pegasus`, `t5`, `mt5`.
    pub fn family(&self) -> &str {
        &self.model.config.family
    }

    /// How the model's authors decode with it: `generation_config.json` over `config.json`; what they do not say is as
    /// in transformers.
    pub fn defaults(&self) -> &Generation {
        &self.defaults
    }

    /// The decoder layer whose attention is given out, counted from 0.
    pub fn alignment_layer(&self) -> usize {
        self.model.alignment_layer
    }

    /// The width of the encoder's output.
    pub fn hidden(&self) -> usize {
        self.model.config.hidden
    }

    /// What the encoder gave for each source of a batch, in order: `(tokens, hidden)`, row by row.
    ///
    /// # Errors
    /// [`Error::Failed`] if the device fails.
    pub fn encoder_output(&self, state: &Seq2SeqState) -> Result<Vec<Vec<f32>>> {
        let longest = state.longest();
        let rows = state.lengths.iter().enumerate();
        rows.map(|(row, length)| flat(&state.hidden.narrow(0, row * longest, *length)?))
            .collect()
    }

    /// As [`EncoderDecoder::encode`] and, for each of `targets`' tokens, [`EncoderDecoder::step`], with all that they
    /// compute. The targets are of one length, one a source.
    ///
    /// # Errors
    /// As those two.
    pub fn inspect(&self, sources: &[&[u32]], targets: &[&[u32]]) -> Result<Seq2SeqInspection> {
        let mut layers: Vec<(String, Vec<f32>)> = Vec::new();
        let mut failed = None;
        let mut see = |name: &str, x: &Tensor| match flat(x) {
            Err(error) => failed = Some(error),
            Ok(values) => match layers.iter_mut().find(|(known, _)| known == name) {
                Some((_, seen)) => seen.extend(values),
                None => layers.push((name.to_owned(), values)),
            },
        };
        let mut state = self.encode_seen(sources, false, &mut see)?;
        let steps = targets.iter().map(|t| t.len()).min().unwrap_or(0);
        let parents: Vec<usize> = (0..sources.len()).collect();
        let mut logits = Vec::with_capacity(steps);
        for at in 0..steps {
            let tokens: Vec<u32> = targets.iter().map(|t| t[at]).collect();
            let (x, _) = self.step_seen(&tokens, &parents, &mut state, &mut see)?;
            logits.push(flat(&self.model.logits(x)?)?);
        }
        match failed {
            Some(error) => Err(error),
            None => Ok(Seq2SeqInspection { layers, logits }),
        }
    }

    fn encode_seen(
        &self,
        sources: &[&[u32]],
        attend: bool,
        see: &mut dyn FnMut(&str, &Tensor),
    ) -> Result<Seq2SeqState> {
        let (config, limit) = (&self.model.config, self.limits().source);
        let lengths: Vec<usize> = sources.iter().map(|s| s.len()).collect();
        let longest = lengths.iter().copied().max().unwrap_or(0);
        if longest == 0 || lengths.contains(&0) {
            return Err(Error::failed("a source has no tokens"));
        }
        if longest > limit {
            return Err(Error::failed(format!(
                "a source has {longest} tokens, and this model reads at most {limit}"
            ))
            .with_hint("shorten the text, or choose a model that reads more"));
        }
        let mut ids = Vec::with_capacity(sources.len() * longest);
        for source in sources {
            Model::check(source, config.source_vocabulary)?;
            ids.extend_from_slice(source);
            // Its own last token: a pad may be outside of a vocabulary, and nobody reads what it gives.
            let padding = longest - source.len();
            ids.extend(source.last().into_iter().cycle().take(padding));
        }
        self.model.encode(&ids, lengths, attend, see)
    }

    /// What the output matrix makes logits of, and the attention.
    fn step_seen(
        &self,
        tokens: &[u32],
        parents: &[usize],
        state: &mut Seq2SeqState,
        see: &mut dyn FnMut(&str, &Tensor),
    ) -> Result<(Tensor, Option<Tensor>)> {
        if tokens.is_empty() || tokens.len() != parents.len() {
            return Err(Error::failed(
                "a step needs one token and one parent for each row",
            ));
        }
        let limit = self.limits().target;
        if state.length >= limit {
            return Err(Error::failed(format!("this model writes at most {limit} tokens")));
        }
        Model::check(tokens, self.model.config.target_vocabulary)?;
        state.follow(parents)?;
        let mut ids = vec![0; tokens.len()];
        for (token, lane) in tokens.iter().zip(&state.lanes.of_rows) {
            ids[*lane] = *token;
        }
        self.model.step(&ids, state, see)
    }
}

impl EncoderDecoder for Seq2Seq {
    type State = Seq2SeqState;

    fn encode(&self, sources: &[&[u32]], attend: bool) -> Result<Seq2SeqState> {
        self.encode_seen(sources, attend, &mut |_, _| {})
    }

    fn step(&self, tokens: &[u32], parents: &[usize], state: &mut Seq2SeqState) -> Result<Step> {
        let (x, attention) = self.step_seen(tokens, parents, state, &mut |_, _| {})?;
        Ok(Step {
            logits: flat(&self.model.logits(x)?)?,
            attention: attention.as_ref().map(flat).transpose()?,
        })
    }

    fn best(
        &self,
        tokens: &[u32],
        parents: &[usize],
        state: &mut Seq2SeqState,
        banned: &[u32],
    ) -> Result<Best> {
        let (x, attention) = self.step_seen(tokens, parents, state, &mut |_, _| {})?;
        Ok(Best {
            chosen: self.model.likeliest(x, banned)?,
            attention: attention.as_ref().map(flat).transpose()?,
        })
    }

    fn leading(
        &self,
        tokens: &[u32],
        parents: &[usize],
        state: &mut Seq2SeqState,
        wanted: Few<'_>,
    ) -> Result<Leading> {
        let (x, attention) = self.step_seen(tokens, parents, state, &mut |_, _| {})?;
        Ok(Leading {
            rows: self.model.leading(x, wanted)?,
            attention: attention.as_ref().map(flat).transpose()?,
        })
    }

    fn vectors(&self, texts: &[&[u32]]) -> Result<Option<Vec<Vec<f32>>>> {
        if !matches!(self.family(), "m2m_100" | "mbart") {
            return Ok(None);
        }
        self.encoder_output(&self.encode(texts, false)?).map(Some)
    }

    fn limits(&self) -> Limits {
        let config = &self.model.config;
        Limits {
            source: config.longest,
            target: config.longest,
            vocabulary: config.target_vocabulary,
        }
    }

    fn special(&self) -> &Special {
        &self.special
    }
}

fn flat(x: &Tensor) -> Result<Vec<f32>> {
    Ok(x.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?)
}
