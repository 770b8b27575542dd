//! What the layers of one step share: which positions are seen, and how positions are turned.

use candle_core::{DType, Device, Tensor};

use crate::error::Result;
use crate::neural::config::{Config, Rope};

/// What the layers of one step share: rotations and masks, for full layers and for local ones.
pub(super) struct Step {
    pub(super) full: View,
    pub(super) local: Option<View>,
}

pub(super) struct View {
    /// `(step, head / 2)`
    pub(super) cos: Tensor,
    pub(super) sin: Tensor,
    /// `(step, first visible position .. end)`, 0 or minus infinity; none where all is visible.
    pub(super) mask: Option<Tensor>,
    /// Positions before this one are seen by nobody in the step.
    pub(super) first: usize,
}

/// How a model turns positions, and what it sees from them.
pub(super) struct Positions {
    frequencies: Vec<f32>,
    /// The window and the frequencies of local layers.
    local: Option<(usize, Vec<f32>)>,
    dtype: DType,
    device: Device,
}

impl Positions {
    /// `factors`: those of [`crate::neural::config::RopeScaling::Factors`].
    pub(super) fn new(config: &Config, factors: Option<&[f32]>, dtype: DType, device: &Device) -> Self {
        let frequencies = |rope: &Rope| rope.frequencies(config.head_dim, factors);
        Self {
            frequencies: frequencies(&config.rope),
            local: config.local.as_ref().map(|l| (l.window, frequencies(&l.rope))),
            dtype,
            device: device.clone(),
        }
    }

    /// What `count` positions from `start` on share.
    pub(super) fn plan(&self, start: usize, count: usize) -> Result<Step> {
        let local = self.local.as_ref();
        Ok(Step {
            full: self.view(&self.frequencies, start, count, None)?,
            local: local
                .map(|(window, frequencies)| self.view(frequencies, start, count, Some(*window)))
                .transpose()?,
        })
    }

    fn view(&self, frequencies: &[f32], start: usize, count: usize, window: Option<usize>) -> Result<View> {
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
            cos: tensor(angles().map(f32::cos).collect(), shape)?,
            sin: tensor(angles().map(f32::sin).collect(), shape)?,
            mask,
            first,
        })
    }
}
