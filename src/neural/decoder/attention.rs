//! Queries over what a sequence has read.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use candle_core::{Device, Layout, Storage, Tensor};
use candle_nn::ops::softmax_last_dim;

use super::cache::Cache;
use super::layer::Norm;
use super::view::{View, numbers};
use crate::error::{Error, Result};
use crate::neural::config::Config;
use crate::neural::heads::{self, Part, Place, Scratch};
use crate::neural::instructions::Path;
use crate::neural::layers::Linear;
use crate::neural::pool::Pool;
use crate::neural::weights::Weights;

/// Products and numbers below which a second thread is not worth waking.
const WORTH_THREADS: usize = 1 << 16;
/// More tasks than threads, since a thread may be held up.
const TASKS_A_THREAD: usize = 4;

pub(super) struct Attention {
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    query_norm: Option<Norm>,
    key_norm: Option<Norm>,
}

impl Attention {
    pub(super) fn load(weights: &Weights<'_>, config: &Config, layer: &str) -> Result<Self> {
        let (hidden, head) = (config.hidden, config.head_dim);
        let (queries, keys) = (config.heads * head, config.kv_heads * head);
        let linear = |part: &str, outputs, inputs, bias| {
            Linear::load(weights, &format!("{layer}.{part}"), outputs, inputs, bias)
        };
        let bias = config.qkv_bias();
        let norm = |part: &str| {
            config
                .qk_norm()
                .then(|| Norm::load(weights, config, &format!("{layer}.{part}"), head))
                .transpose()
        };
        let [query, key, value] = if config.fused() {
            let name = format!("{layer}.attn_qkv");
            let part =
                |from, rows| Linear::part(weights, &name, queries + 2 * keys, hidden, from..from + rows);
            [
                part(0, queries)?,
                part(queries, keys)?,
                part(queries + keys, keys)?,
            ]
        } else {
            [
                linear("attn_q", queries, hidden, bias)?,
                linear("attn_k", keys, hidden, bias)?,
                linear("attn_v", keys, hidden, bias)?,
            ]
        };
        Ok(Self {
            query,
            key,
            value,
            output: linear("attn_output", hidden, queries, false)?,
            query_norm: norm("attn_q_norm")?,
            key_norm: norm("attn_k_norm")?,
        })
    }

    /// `x`: `(1, rows, hidden)`.
    pub(super) fn forward(
        &self,
        config: &Config,
        x: &Tensor,
        view: &View,
        runs: &mut [(&mut Cache, Range<usize>)],
        layer: usize,
    ) -> Result<Tensor> {
        let (_, rows, _) = x.dims3()?;
        let split = |t: Tensor, heads: usize| t.reshape((1, rows, heads, config.head_dim));
        let turned = |t: Tensor, norm: &Option<Norm>| match norm {
            None => view.turn(&t, config.rope_interleaved),
            Some(norm) if config.norm_after_rotation() => {
                norm.forward(&view.turn(&t, config.rope_interleaved)?)
            }
            Some(norm) => view.turn(&norm.forward(&t)?, config.rope_interleaved),
        };
        let layers = [&self.query, &self.key, &self.value].map(|layer| (layer, None));
        let [queries, keys, values] = Linear::together(layers, x)?;
        let all = Rows {
            config,
            queries: turned(split(queries, config.heads)?, &self.query_norm)?,
            keys: turned(split(keys, config.kv_heads)?, &self.key_norm)?,
            values: split(values, config.kv_heads)?,
        };
        let mixed = if runs.iter().all(|(cache, _)| cache.is_host()) {
            all.on_host(view, runs, layer)?
        } else {
            all.on_device(view, runs, layer)?
        };
        Ok(self.output.forward(&mixed)?)
    }
}

/// What the rows of a step ask, hold and say, `(1, rows, heads, head)`.
struct Rows<'a> {
    config: &'a Config,
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
}

impl Rows<'_> {
    /// What each row mixes, `(1, rows, heads × head)`: on the processor, without a copy of what the caches hold.
    fn on_host(&self, view: &View, runs: &mut [(&mut Cache, Range<usize>)], layer: usize) -> Result<Tensor> {
        let (_, rows, heads, head) = self.queries.dims4()?;
        let width = self.config.kv_heads * head;
        let [queries, keys, values] =
            [&self.queries, &self.keys, &self.values].map(Tensor::storage_and_layout);
        let (keys, values) = (lying(&keys.0, keys.1)?, lying(&values.0, values.1)?);
        for (cache, own) in &mut *runs {
            let own = own.start * width..own.end * width;
            cache.append(layer, &keys[own.clone()], &values[own])?;
        }
        let sees: Vec<Vec<Part<'_>>> = runs
            .iter()
            .flat_map(|(cache, own)| {
                (1..=own.len()).map(|ahead| {
                    let end = cache.len() + ahead;
                    let first = view.window.map_or(0, |window| end.saturating_sub(window));
                    cache.parts(layer, first, end)
                })
            })
            .collect();
        let mixed = self.mix(lying(&queries.0, queries.1)?, &sees, heads * head);
        Ok(Tensor::from_vec(mixed, (1, rows, heads * head), &Device::Cpu)?)
    }

    /// `(rows, heads × head)`. One thread goes through all rows of one key head before the next: so a beginning that they
    /// share is read from memory once.
    fn mix(&self, queries: &[f32], sees: &[Vec<Part<'_>>], width: usize) -> Vec<f32> {
        let (head, rows, groups) = (self.config.head_dim, sees.len(), self.config.kv_heads);
        let group = width / groups;
        let path = Path::best();
        let one = |scratch: &mut Scratch, (task, mixed): (usize, &mut [f32])| {
            let (at, row) = (task / rows, task % rows);
            let place = Place {
                stride: groups * head,
                offset: at * head,
                size: head,
            };
            let queries = &queries[row * width + at * group..][..group];
            let scale = self.config.attention_scale as f32;
            heads::attend(queries, &sees[row], place, scale, mixed, scratch, path);
        };
        let mut by_group = vec![0f32; rows * width];
        let seen = sees.iter().flatten().map(|part| part.to - part.from);
        if seen.sum::<usize>() * width < WORTH_THREADS {
            let mut scratch = Scratch::default();
            let tasks = by_group.chunks_exact_mut(group).enumerate();
            tasks.for_each(|task| one(&mut scratch, task));
        } else {
            let pool = Pool::get();
            let each = (rows * groups).div_ceil(pool.threads() * TASKS_A_THREAD);
            let pieces: Vec<Mutex<&mut [f32]>> = by_group.chunks_mut(each * group).map(Mutex::new).collect();
            pool.run(pieces.len(), &|piece| {
                let mut mixed = pieces[piece].lock().unwrap_or_else(PoisonError::into_inner);
                let mut scratch = Scratch::default();
                let tasks = (piece * each..).zip(mixed.chunks_exact_mut(group));
                tasks.for_each(|task| one(&mut scratch, task));
            });
        }
        if rows == 1 {
            return by_group;
        }
        let mut mixed = vec![0f32; rows * width];
        for (task, from) in by_group.chunks_exact(group).enumerate() {
            let (at, row) = (task / rows, task % rows);
            mixed[row * width + at * group..][..group].copy_from_slice(from);
        }
        mixed
    }

    /// The same by general operations, sequence after sequence.
    fn on_device(
        &self,
        view: &View,
        runs: &mut [(&mut Cache, Range<usize>)],
        layer: usize,
    ) -> Result<Tensor> {
        let mut all = Vec::with_capacity(runs.len());
        for (cache, own) in runs {
            let rows = |t: &Tensor| t.narrow(1, own.start, own.len())?.transpose(1, 2)?.contiguous();
            let start = cache.len();
            let (keys, values) = cache.append_tensors(layer, &rows(&self.keys)?, &rows(&self.values)?)?;
            all.push(self.attend(&rows(&self.queries)?, &keys, &values, start, view.window)?);
        }
        Ok(Tensor::cat(&all, 1)?)
    }

    /// One sequence: queries `(1, heads, step, head)` at positions from `start` on over all keys.
    fn attend(
        &self,
        queries: &Tensor,
        keys: &Tensor,
        values: &Tensor,
        start: usize,
        window: Option<usize>,
    ) -> Result<Tensor> {
        let (_, heads, step, head) = queries.dims4()?;
        let kv_heads = self.config.kv_heads;
        let first = window.map_or(0, |w| (start + 1).saturating_sub(w));
        let seen = start + step - first;
        let (keys, values) = (keys.narrow(2, first, seen)?, values.narrow(2, first, seen)?);
        // The query heads that share a key head lie side by side, so one product per key head serves them all.
        let rows = heads / kv_heads * step;
        let queries = (queries * self.config.attention_scale)?.reshape((1, kv_heads, rows, head))?;
        let mut scores = queries.matmul(&keys.t()?)?;
        if step > 1 {
            let hidden = |at: usize, other: usize| other > at || window.is_some_and(|w| at - other >= w);
            let cell = |at, other| if hidden(at, other) { f32::NEG_INFINITY } else { 0.0 };
            let cells =
                (start..start + step).flat_map(|at| (first..start + step).map(move |other| cell(at, other)));
            let mask = Tensor::from_iter(cells, queries.device())?
                .reshape((step, seen))?
                .to_dtype(queries.dtype())?;
            scores = scores
                .reshape((1, heads, step, seen))?
                .broadcast_add(&mask)?
                .reshape((1, kv_heads, rows, seen))?;
        }
        let mixed = softmax_last_dim(&scores)?.matmul(&values)?;
        let mixed = mixed.reshape((1, heads, step, head))?.transpose(1, 2)?;
        Ok(mixed.reshape((1, step, heads * head))?)
    }
}

/// The numbers of a tensor, where they lie.
fn lying<'a>(storage: &'a Storage, layout: &Layout) -> Result<&'a [f32]> {
    match storage {
        Storage::Cpu(storage) => Ok(numbers(storage, layout)?),
        _ => Err(Error::failed(
            "a cache of the processor's got tensors of a device's",
        )),
    }
}
