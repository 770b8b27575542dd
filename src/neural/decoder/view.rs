//! What the layers of one step share: which rows belong to which sequence, and how positions are turned.

use std::ops::Range;

use candle_core::{CpuStorage, CustomOp3, D, DType, Device, Layout, Shape, Tensor};
use candle_nn::rotary_emb::{rope, rope_i};

use super::cache::Cache;
use crate::error::{Error, Result};
use crate::neural::config::{Config, Rope};

/// The rows of a step, sequence after sequence, and what each layer needs to know of them.
pub(super) struct Step<'a, 'c> {
    /// Each sequence's cache, with the rows that are its own.
    pub(super) runs: &'a mut [Run<'c>],
    full: Option<View>,
    local: Option<View>,
}

/// A sequence's cache, with the rows of the step that are its own.
pub(super) type Run<'c> = (&'c mut Cache, Range<usize>);

impl<'c> Step<'_, 'c> {
    /// What a layer sees, which is local or not; and the sequences.
    pub(super) fn view(&mut self, local: bool) -> Result<(&View, &mut [Run<'c>])> {
        let view = if local { &self.local } else { &self.full };
        let view = view
            .as_ref()
            .ok_or_else(|| Error::failed("a layer is of a kind that its model does not have"))?;
        Ok((view, self.runs))
    }
}

pub(super) struct View {
    /// `(rows, rotary / 2)`: the cosine of each row's angles.
    cos: Tensor,
    sin: Tensor,
    /// A position sees itself and so many less one before it; none: all before it.
    pub(super) window: Option<usize>,
}

/// The angles that one position adds.
struct Angles {
    usual: Vec<f32>,
    /// In sequences longer than the model's original context, where that makes a difference.
    long: Option<Vec<f32>>,
    /// Of sines and cosines.
    magnitude: f32,
}

impl Angles {
    fn new(rope: &Rope, rotary: usize) -> Self {
        Self {
            usual: rope.frequencies(rotary, false),
            long: rope.original().map(|_| rope.frequencies(rotary, true)),
            magnitude: rope.magnitude(),
        }
    }
}

/// How a model turns positions, and what it sees from them.
pub(super) struct Positions {
    /// None: all layers are local.
    full: Option<Angles>,
    /// The window and the angles of local layers.
    local: Option<(usize, Angles)>,
    dtype: DType,
    device: Device,
}

impl Positions {
    pub(super) fn new(config: &Config, dtype: DType, device: &Device) -> Self {
        let angles = |rope: &Rope| Angles::new(rope, config.rotary);
        let local = config.local.as_ref();
        let everywhere = local.is_some_and(|l| l.layers.iter().all(|local| *local));
        Self {
            full: (!everywhere).then(|| angles(&config.rope)),
            local: local.map(|l| (l.window, angles(&l.rope))),
            dtype,
            device: device.clone(),
        }
    }

    /// What a step shares whose runs' rows follow on what their caches hold.
    pub(super) fn plan<'a, 'c>(&self, runs: &'a mut [(&'c mut Cache, Range<usize>)]) -> Result<Step<'a, 'c>> {
        let (full, local) = (self.full.as_ref(), self.local.as_ref());
        let full = full.map(|angles| self.view(angles, runs, None)).transpose()?;
        let local = local.map(|(window, angles)| self.view(angles, runs, Some(*window)));
        Ok(Step {
            full,
            local: local.transpose()?,
            runs,
        })
    }

    fn view(
        &self,
        angles: &Angles,
        runs: &[(&mut Cache, Range<usize>)],
        window: Option<usize>,
    ) -> Result<View> {
        let (mut sines, mut cosines) = (Vec::new(), Vec::new());
        let mut count = 0;
        for (cache, rows) in runs {
            let frequencies = angles
                .long
                .as_ref()
                .filter(|_| cache.is_long())
                .unwrap_or(&angles.usual);
            for position in cache.len()..cache.len() + rows.len() {
                for frequency in frequencies {
                    let (sine, cosine) = (position as f32 * frequency).sin_cos();
                    sines.push(sine * angles.magnitude);
                    cosines.push(cosine * angles.magnitude);
                }
                count += 1;
            }
        }
        let tensor = |values: Vec<f32>| -> Result<Tensor> {
            let shape = (count, angles.usual.len());
            Ok(Tensor::from_vec(values, shape, &self.device)?.to_dtype(self.dtype)?)
        };
        Ok(View {
            cos: tensor(cosines)?,
            sin: tensor(sines)?,
            window,
        })
    }
}

impl View {
    /// Heads turned by their row's position (RoPE, Su et al. 2021): `(1, rows, heads, head)` to the same. `interleaved`:
    /// pairs are neighbours, not halves. What of a head is beyond the turned dimensions stays.
    pub(super) fn turn(&self, x: &Tensor, interleaved: bool) -> candle_core::Result<Tensor> {
        if x.device().is_cpu() && x.dtype() == DType::F32 {
            return x
                .contiguous()?
                .apply_op3_no_bwd(&self.cos, &self.sin, &Turn { interleaved });
        }
        let x = x.transpose(1, 2)?.contiguous()?;
        let turn = if interleaved { rope_i } else { rope };
        let (head, rotary) = (x.dim(D::Minus1)?, 2 * self.cos.dim(1)?);
        if rotary == head {
            return turn(&x, &self.cos, &self.sin)?.transpose(1, 2)?.contiguous();
        }
        let turned = x.narrow(D::Minus1, 0, rotary)?.contiguous()?;
        let turned = turn(&turned, &self.cos, &self.sin)?;
        let rest = x.narrow(D::Minus1, rotary, head - rotary)?;
        Tensor::cat(&[&turned, &rest], D::Minus1)?
            .transpose(1, 2)?
            .contiguous()
    }
}

/// The same where heads of a row lie together, which is how they come out of a product.
struct Turn {
    interleaved: bool,
}

impl CustomOp3 for Turn {
    fn name(&self) -> &'static str {
        "turn"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        layout: &Layout,
        cos: &CpuStorage,
        cos_layout: &Layout,
        sin: &CpuStorage,
        sin_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let (_, rows, heads, head) = layout.shape().dims4()?;
        let pairs = cos_layout.dim(1)?;
        let (x, cos, sin) = (
            numbers(x, layout)?,
            numbers(cos, cos_layout)?,
            numbers(sin, sin_layout)?,
        );
        if cos.len() != rows * pairs || sin.len() != rows * pairs || 2 * pairs > head {
            candle_core::bail!("{rows} rows of {pairs} pairs have {} angles", cos.len());
        }
        let mut turned = vec![0f32; x.len()];
        let angles = cos.chunks_exact(pairs).zip(sin.chunks_exact(pairs));
        let rows = x
            .chunks_exact(heads * head)
            .zip(turned.chunks_exact_mut(heads * head));
        for ((x, turned), (cos, sin)) in rows.zip(angles) {
            for (x, turned) in x.chunks_exact(head).zip(turned.chunks_exact_mut(head)) {
                let (x, rest) = x.split_at(2 * pairs);
                let (turned, same) = turned.split_at_mut(2 * pairs);
                same.copy_from_slice(rest);
                if self.interleaved {
                    neighbours(x, turned, cos, sin);
                } else {
                    halves(x, turned, cos, sin);
                }
            }
        }
        Ok((CpuStorage::F32(turned), layout.shape().clone()))
    }
}

/// The numbers of a tensor in the processor's memory.
pub(super) fn numbers<'a>(storage: &'a CpuStorage, layout: &Layout) -> candle_core::Result<&'a [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(numbers), Some((start, end))) => Ok(&numbers[start..end]),
        _ => candle_core::bail!("numbers of single precision that lie together are wanted"),
    }
}

fn neighbours(x: &[f32], turned: &mut [f32], cos: &[f32], sin: &[f32]) {
    let pairs = x.as_chunks::<2>().0.iter().zip(turned.as_chunks_mut::<2>().0);
    for ((x, turned), (cos, sin)) in pairs.zip(cos.iter().zip(sin)) {
        *turned = [x[0] * cos - x[1] * sin, x[0] * sin + x[1] * cos];
    }
}

fn halves(x: &[f32], turned: &mut [f32], cos: &[f32], sin: &[f32]) {
    let (first, second) = x.split_at(cos.len());
    let (to_first, to_second) = turned.split_at_mut(cos.len());
    for (pair, (a, b)) in first.iter().zip(second).enumerate() {
        to_first[pair] = a * cos[pair] - b * sin[pair];
        to_second[pair] = a * sin[pair] + b * cos[pair];
    }
}
