//! What the layers of one step share: which positions are seen, and how positions are turned.

use candle_core::{D, DType, Device, Tensor};
use candle_nn::rotary_emb::{rope, rope_i};

use crate::error::{Error, Result};
use crate::neural::config::{Config, Rope};

/// What the layers of one step share: rotations and masks, for full layers and for local ones.
pub(super) struct Step {
    full: Option<View>,
    local: Option<View>,
}

impl Step {
    /// What a layer sees, which is local or not.
    pub(super) fn view(&self, local: bool) -> Result<&View> {
        let view = if local { &self.local } else { &self.full };
        view.as_ref()
            .ok_or_else(|| Error::failed("a layer is of a kind that its model does not have"))
    }
}

pub(super) struct View {
    /// `(step, rotary / 2)`
    cos: Tensor,
    sin: Tensor,
    /// `(step, first visible position .. end)`, 0 or minus infinity; none where all is visible.
    pub(super) mask: Option<Tensor>,
    /// Positions before this one are seen by nobody in the step.
    pub(super) first: usize,
}

impl View {
    /// Turns `(1, heads, step, head)` by the positions; what of a head is beyond the turned dimensions stays.
    pub(super) fn turn(&self, t: &Tensor, interleaved: bool) -> candle_core::Result<Tensor> {
        let turn = if interleaved { rope_i } else { rope };
        let (head, rotary) = (t.dim(D::Minus1)?, 2 * self.cos.dim(1)?);
        if rotary == head {
            return turn(t, &self.cos, &self.sin);
        }
        let turned = t.narrow(D::Minus1, 0, rotary)?.contiguous()?;
        let turned = turn(&turned, &self.cos, &self.sin)?;
        let rest = t.narrow(D::Minus1, rotary, head - rotary)?;
        Tensor::cat(&[&turned, &rest], D::Minus1)?.contiguous()
    }
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
    original: Option<usize>,
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
            original: config.rope.original(),
            dtype,
            device: device.clone(),
        }
    }

    /// The length beyond which all positions of a sequence are turned otherwise, those before it too.
    pub(super) fn original(&self) -> Option<usize> {
        self.original
    }

    /// What `count` positions from `start` on share; `long`: in a sequence beyond [`Positions::original`].
    pub(super) fn plan(&self, start: usize, count: usize, long: bool) -> Result<Step> {
        let view = |angles: &Angles, window| self.view(angles, long, (start, count), window);
        Ok(Step {
            full: self.full.as_ref().map(|angles| view(angles, None)).transpose()?,
            local: self
                .local
                .as_ref()
                .map(|(window, angles)| view(angles, Some(*window)))
                .transpose()?,
        })
    }

    fn view(
        &self,
        angles: &Angles,
        long: bool,
        (start, count): (usize, usize),
        window: Option<usize>,
    ) -> Result<View> {
        let magnitude = angles.magnitude;
        let frequencies = angles.long.as_ref().filter(|_| long).unwrap_or(&angles.usual);
        let angles = || (start..start + count).flat_map(|p| frequencies.iter().map(move |f| p as f32 * f));
        let shape = (count, frequencies.len());
        let tensor = |values: Vec<f32>, shape: (usize, usize)| -> Result<Tensor> {
            Ok(Tensor::from_vec(values, shape, &self.device)?.to_dtype(self.dtype)?)
        };
        let first = window.map_or(0, |w| (start + 1).saturating_sub(w));
        let hidden =
            |position: usize, other: usize| other > position || window.is_some_and(|w| position - other >= w);
        let end = start + count;
        let mask = (count > 1)
            .then(|| {
                let cell = |p, o| if hidden(p, o) { f32::NEG_INFINITY } else { 0.0 };
                let cells = (start..end).flat_map(|p| (first..end).map(move |o| cell(p, o)));
                tensor(cells.collect(), (count, end - first))
            })
            .transpose()?;
        Ok(View {
            cos: tensor(angles().map(|a| a.cos() * magnitude).collect(), shape)?,
            sin: tensor(angles().map(|a| a.sin() * magnitude).collect(), shape)?,
            mask,
            first,
        })
    }
}
