//! The whole of an encoder-decoder: token ids → encoder's output → logits, a position at a time.

use candle_core::{DType, Device, Tensor};

use super::config::{Config, Positions};
use super::layers::{DecoderLayer, EncoderLayer, Norm, averaged};
use super::state::State;
use super::t5::bucket;
use crate::error::{Error, Result};
use crate::neural::added::added;
use crate::neural::attend::Attend;
use crate::neural::likeliest::{Chosen, Few};
use crate::neural::matrix::Matrix;
use crate::neural::weights::Weights;
use crate::progress::checkpoint;

/// How one side knows positions.
enum Order {
    /// `(longest, hidden)`, added to the embedding.
    Table(Tensor),
    /// For each bucket and head what is added to the scores, row by row.
    Bias(Vec<f32>),
}

/// The encoder or the decoder without its layers.
struct Ends {
    order: Order,
    embedding_norm: Option<Norm>,
    final_norm: Option<Norm>,
}

impl Ends {
    fn load(weights: &Weights<'_>, config: &Config, side: &str, heads: usize) -> Result<Self> {
        let norm = |wanted: bool, part: &str| {
            wanted
                .then(|| Norm::load(weights, config, &format!("{side}.{part}")))
                .transpose()
        };
        let order = match config.positions {
            Positions::Learned { offset } => {
                let shape = [config.longest + offset, config.hidden];
                let table = weights.tensor(&format!("{side}.position_embd.weight"), &shape)?;
                Order::Table(table.narrow(0, offset, config.longest)?)
            }
            Positions::Sinusoidal { offset, step } => {
                let table = config.sinusoids(offset, step, weights.device())?;
                Order::Table(table.to_dtype(weights.dtype())?)
            }
            Positions::Relative { buckets, .. } => {
                let bias = weights.tensor(&format!("{side}.blk.0.attn_rel_b.weight"), &[buckets, heads])?;
                Order::Bias(bias.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?)
            }
        };
        Ok(Self {
            order,
            embedding_norm: norm(config.embedding_norm, "embd_norm")?,
            final_norm: norm(config.norm_first, "output_norm")?,
        })
    }
}

/// What sees each layer's output, by its name.
pub(super) type Observe<'a> = &'a mut dyn FnMut(&str, &Tensor);

/// A loaded encoder-decoder.
pub(super) struct Model {
    pub(super) config: Config,
    source_embedding: Matrix,
    /// None: the encoder's.
    target_embedding: Option<Matrix>,
    /// None: the decoder's embedding serves as the output matrix too.
    output: Option<Matrix>,
    /// `(1, target vocabulary)`.
    logit_bias: Option<Tensor>,
    encoder: Ends,
    decoder: Ends,
    encoder_layers: Vec<EncoderLayer>,
    decoder_layers: Vec<DecoderLayer>,
    /// The decoder layer whose attention is given out.
    pub(super) alignment_layer: usize,
    dtype: DType,
    device: Device,
}

impl Model {
    /// Builds the model that `config` describes out of `weights`, all of which must be used.
    pub(super) fn load(config: Config, weights: Weights<'_>, alignment_layer: usize) -> Result<Self> {
        let (hidden, vocabulary) = (config.hidden, config.target_vocabulary);
        let source_name = source_embedding(&config, &weights);
        let target_name = if config.shared {
            source_name
        } else {
            "dec.token_embd.weight"
        };
        let source_embedding = weights.matrix(source_name, config.source_vocabulary, hidden)?;
        let target_embedding = (!config.shared)
            .then(|| weights.matrix(target_name, vocabulary, hidden))
            .transpose()?;
        let output = "output.weight";
        let own = weights.has(output) && !weights.same(target_name, output, vocabulary, hidden)?;
        let output = if own || !config.tied {
            Some(weights.matrix(output, vocabulary, hidden)?)
        } else {
            None
        };
        let logit_bias = "output.bias";
        let logit_bias = (config.logit_bias && weights.has(logit_bias))
            .then(|| weights.tensor(logit_bias, &[1, vocabulary]))
            .transpose()?;
        let mut encoder_layers = Vec::with_capacity(config.encoder.layers);
        for index in 0..config.encoder.layers {
            checkpoint()?;
            encoder_layers.push(EncoderLayer::load(&weights, &config, index)?);
        }
        let mut decoder_layers = Vec::with_capacity(config.decoder.layers);
        for index in 0..config.decoder.layers {
            checkpoint()?;
            decoder_layers.push(DecoderLayer::load(&weights, &config, index)?);
        }
        let this = Self {
            source_embedding,
            target_embedding,
            output,
            logit_bias,
            encoder: Ends::load(&weights, &config, "enc", config.encoder.heads)?,
            decoder: Ends::load(&weights, &config, "dec", config.decoder.heads)?,
            encoder_layers,
            decoder_layers,
            alignment_layer,
            dtype: weights.dtype(),
            device: weights.device().clone(),
            config,
        };
        weights.finish()?;
        Ok(this)
    }

    /// Reads sources of these lengths, padded to the longest, row by row.
    pub(super) fn encode(
        &self,
        ids: &[u32],
        lengths: Vec<usize>,
        attend: bool,
        observe: Observe<'_>,
    ) -> Result<State> {
        let rows = lengths.len();
        let longest = ids.len() / rows;
        let mask = self.padding(&lengths, longest)?;
        let bias = match &self.encoder.order {
            Order::Table(_) => mask.clone(),
            Order::Bias(table) => {
                let bias = self.bias(table, 0..longest, longest, true)?;
                Some(match &mask {
                    Some(mask) => bias.broadcast_add(mask)?,
                    None => bias,
                })
            }
        };
        let mut x = self.embed(&self.source_embedding, ids, &self.encoder, 0, longest)?;
        observe("encoder.0", &x);
        for (index, layer) in self.encoder_layers.iter().enumerate() {
            checkpoint()?;
            x = layer.forward(&x, rows, bias.as_ref())?;
            observe(&format!("encoder.{}", index + 1), &x);
        }
        if let Some(norm) = &self.encoder.final_norm {
            x = norm.forward(&x)?;
            observe("encoder.norm", &x);
        }
        let mut cross = Vec::with_capacity(self.decoder_layers.len());
        for layer in &self.decoder_layers {
            cross.push(layer.cross.part.keys_values(&x, rows)?);
        }
        Ok(State::new(&self.config, x, lengths, cross, mask, attend))
    }

    /// Reads one token in each lane; gives what the output matrix makes logits of, `(rows, hidden)`, and the attention
    /// that is asked for, `(rows, longest source)`.
    pub(super) fn step(
        &self,
        ids: &[u32],
        state: &mut State,
        observe: Observe<'_>,
    ) -> Result<(Tensor, Option<Tensor>)> {
        checkpoint()?;
        state.make_room((self.dtype, &self.device))?;
        let (lanes, at) = (ids.len(), state.length);
        let bias = match &self.decoder.order {
            Order::Table(_) => None,
            Order::Bias(table) => Some(self.bias(table, at..at + 1, at + 1, false)?),
        };
        let embedding = self.target_embedding();
        let mut x = self.embed(embedding, ids, &self.decoder, at, 1)?;
        observe("decoder.0", &x);
        let in_one_go = self.device.is_cpu() && self.dtype == DType::F32;
        let biases = match &bias {
            Some(bias) if in_one_go => Some(bias.flatten_all()?.to_vec1::<f32>()?),
            _ => None,
        };
        let mut attention = None;
        for (index, layer) in self.decoder_layers.iter().enumerate() {
            x = layer.attention.forward(&x, |part, x| {
                let queries = part.split(part.queries(x)?, lanes)?;
                let (keys, values) = part.keys_values(x, lanes)?;
                let (keys, values) = state.append(index, &keys, &values)?;
                if in_one_go {
                    let attend = Attend {
                        lengths: None,
                        bias: biases.as_deref(),
                        scale: part.scale() as f32,
                    };
                    return Ok(part.out(&queries.apply_op3_no_bwd(&keys, &values, &attend)?)?);
                }
                let mixed = part.mix(&queries, &keys, &values, bias.as_ref())?;
                Ok(part.out(&mixed.values)?)
            })?;
            x = layer.cross.forward(&x, |part, x| {
                let (keys, values) = &state.cross[index];
                let queries = cells(state, part.queries(x)?)?;
                let queries = part.split(queries, state.grid.sources)?;
                let wanted = state.attend && index == self.alignment_layer;
                if in_one_go && !wanted {
                    let attend = Attend {
                        lengths: Some(&state.seen),
                        bias: None,
                        scale: part.scale() as f32,
                    };
                    let mixed = queries.apply_op3_no_bwd(keys, values, &attend)?;
                    return Ok(part.out(&lanes_of(state, mixed)?)?);
                }
                let mixed = part.mix(&queries, keys, values, state.mask.as_ref())?;
                if wanted {
                    attention = Some(lanes_of(state, averaged(&mixed.weights)?)?);
                }
                Ok(part.out(&lanes_of(state, mixed.values)?)?)
            })?;
            x = layer.feed_forward.forward(&x, |part, x| Ok(part.forward(x)?))?;
            observe(&format!("decoder.{}", index + 1), &x);
        }
        if let Some(norm) = &self.decoder.final_norm {
            x = norm.forward(&x)?;
            observe("decoder.norm", &x);
        }
        state.length += 1;
        let attention = attention.map(|attention| state.in_rows(attention)).transpose()?;
        Ok((state.in_rows(x)?, attention))
    }

    /// Of rows that a step gave, `(rows, vocabulary)`.
    pub(super) fn logits(&self, x: Tensor) -> Result<Tensor> {
        let (x, output) = self.output(x)?;
        let logits = output.forward(&x, self.logit_bias.as_ref(), None)?;
        Ok(logits.to_dtype(DType::F32)?)
    }

    /// The likeliest token of each row that a step gave, but for those that are `banned`.
    pub(super) fn likeliest(&self, x: Tensor, banned: &[u32]) -> Result<Vec<Option<Chosen>>> {
        let (x, output) = self.output(x)?;
        Ok(output.best(&x, self.logit_bias.as_ref(), banned)?)
    }

    /// The tokens of each row that a step gave which are wanted.
    pub(super) fn leading(&self, x: Tensor, wanted: Few<'_>) -> Result<Vec<Option<Vec<Chosen>>>> {
        let (x, output) = self.output(x)?;
        Ok(output.leading(&x, self.logit_bias.as_ref(), wanted)?)
    }

    /// The output matrix and what it is multiplied with.
    fn output(&self, x: Tensor) -> Result<(Tensor, &Matrix)> {
        let x = match self.config.output_scale {
            Some(scale) => (x * scale)?,
            None => x,
        };
        Ok((x, self.output.as_ref().unwrap_or(self.target_embedding())))
    }

    fn target_embedding(&self) -> &Matrix {
        self.target_embedding.as_ref().unwrap_or(&self.source_embedding)
    }

    /// `positions` tokens a row from position `from` on, `(rows × positions, hidden)`.
    fn embed(
        &self,
        embedding: &Matrix,
        ids: &[u32],
        ends: &Ends,
        from: usize,
        positions: usize,
    ) -> Result<Tensor> {
        let ids = Tensor::from_slice(ids, ids.len(), &self.device)?;
        let mut x = embedding.embedding(&ids)?.to_dtype(self.dtype)?;
        if let Some(scale) = self.config.embedding_scale {
            x = (x * scale)?;
        }
        if let Order::Table(table) = &ends.order {
            let shape = x.shape().clone();
            let table = table.narrow(0, from, positions)?;
            x = added(&x.reshape(((), positions, self.config.hidden))?, &table)?.reshape(shape)?;
        }
        match &ends.embedding_norm {
            Some(norm) => Ok(norm.forward(&x)?),
            None => Ok(x),
        }
    }

    /// `(rows, 1, 1, longest)`, minus infinity on padding; none where all rows are as long.
    fn padding(&self, lengths: &[usize], longest: usize) -> Result<Option<Tensor>> {
        if lengths.iter().all(|length| *length == longest) {
            return Ok(None);
        }
        let hidden = |at, length| if at < length { 0f32 } else { f32::NEG_INFINITY };
        let mask: Vec<f32> = lengths
            .iter()
            .flat_map(|length| (0..longest).map(move |at| hidden(at, *length)))
            .collect();
        let mask = Tensor::from_vec(mask, (lengths.len(), 1, 1, longest), &self.device)?;
        Ok(Some(mask.to_dtype(self.dtype)?))
    }

    /// The bias of relative positions, `(1, heads, queries, keys)`.
    fn bias(
        &self,
        table: &[f32],
        queries: std::ops::Range<usize>,
        keys: usize,
        both_ways: bool,
    ) -> Result<Tensor> {
        let Positions::Relative { buckets, distance } = self.config.positions else {
            return Err(Error::failed("a model without relative positions has no bias"));
        };
        let heads = table.len() / buckets;
        let mut bias = Vec::with_capacity(heads * queries.len() * keys);
        let places: Vec<usize> = queries
            .clone()
            .flat_map(|q| (0..keys).map(move |k| bucket(k as i64 - q as i64, both_ways, buckets, distance)))
            .collect();
        for head in 0..heads {
            bias.extend(places.iter().map(|place| table[place * heads + head]));
        }
        let bias = Tensor::from_vec(bias, (1, heads, queries.len(), keys), &self.device)?;
        Ok(bias.to_dtype(self.dtype)?)
    }

    /// Refuses ids that the embedding does not have.
    pub(super) fn check(ids: &[u32], vocabulary: usize) -> Result<()> {
        match ids.iter().find(|id| **id as usize >= vocabulary) {
            None => Ok(()),
            Some(id) => Err(Error::failed(format!(
                "token {id} is not in the model's vocabulary of {vocabulary}; do its tokenizer and its weights belong together?"
            ))),
        }
    }
}

/// Rows of lanes as cells of the grid.
fn cells(state: &State, x: Tensor) -> candle_core::Result<Tensor> {
    match &state.grid.uneven {
        Some((lane_of, _)) => x.index_select(lane_of, 0),
        None => Ok(x),
    }
}

/// Rows of cells as lanes.
fn lanes_of(state: &State, x: Tensor) -> candle_core::Result<Tensor> {
    match &state.grid.uneven {
        Some((_, cell_of)) => x.index_select(cell_of, 0),
        None => Ok(x),
    }
}

/// The name under which the file holds what encoder and decoder share, or the encoder's own embedding.
fn source_embedding(config: &Config, weights: &Weights<'_>) -> &'static str {
    let names: &[&'static str] = if config.shared {
        &[
            "token_embd.weight",
            "enc.token_embd.weight",
            "dec.token_embd.weight",
            "output.weight",
        ]
    } else {
        &["enc.token_embd.weight"]
    };
    let there = names.iter().find(|name| weights.has(name));
    there.or(names.first()).copied().unwrap_or("token_embd.weight")
}
