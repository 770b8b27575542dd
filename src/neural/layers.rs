//! What the layers of decoders and of encoder-decoders share.

use std::ops::Range;

use candle_core::Tensor;
use candle_nn::ops::silu;

use super::config::Activation;
use super::instructions::widest;
use super::matrix::{Matrix, Wanted, products};
use super::normal::exp;
use super::weights::Weights;
use crate::error::Result;

/// A matrix, quantised or not, and a bias.
pub(crate) struct Linear {
    weight: Matrix,
    bias: Option<Tensor>,
}

impl Linear {
    /// `NAME.weight` of `(outputs, inputs)` and `NAME.bias`, which must be there if `bias` says so.
    pub(crate) fn load(
        weights: &Weights<'_>,
        name: &str,
        outputs: usize,
        inputs: usize,
        bias: bool,
    ) -> Result<Self> {
        let weight = weights.matrix(&format!("{name}.weight"), outputs, inputs)?;
        let name = format!("{name}.bias");
        let bias = if bias || weights.has(&name) {
            Some(weights.vector(&name, outputs)?)
        } else {
            None
        };
        Ok(Self { weight, bias })
    }

    /// The rows `part` of `NAME.weight` of `(outputs, inputs)`, without a bias.
    pub(crate) fn part(
        weights: &Weights<'_>,
        name: &str,
        outputs: usize,
        inputs: usize,
        part: Range<usize>,
    ) -> Result<Self> {
        Ok(Self {
            weight: weights.part(&format!("{name}.weight"), outputs, inputs, part)?,
            bias: None,
        })
    }

    /// `(…, inputs)` to `(…, outputs)`.
    pub(crate) fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        self.weight.forward(x, self.bias.as_ref(), None)
    }

    /// What several layers make of the same `x`, an activation applied to what comes out of some: cheaper than each
    /// alone.
    pub(crate) fn together<const N: usize>(
        layers: [(&Self, Option<Activation>); N],
        x: &Tensor,
    ) -> candle_core::Result<[Tensor; N]> {
        let wanted = layers.map(|(layer, activation)| Wanted {
            matrix: &layer.weight,
            bias: layer.bias.as_ref(),
            activation,
        });
        match products(&wanted, x)?.try_into() {
            Ok(results) => Ok(results),
            Err(_) => candle_core::bail!("{N} layers have not given {N} results"),
        }
    }

    /// The same with an activation applied to what comes out.
    pub(crate) fn activated(&self, x: &Tensor, activation: Activation) -> candle_core::Result<Tensor> {
        self.weight.forward(x, self.bias.as_ref(), Some(activation))
    }
}

/// `y / (1 + exp(-y))`, where `exp` is only asked for what does not grow.
#[inline(always)]
fn swish(y: f32) -> f32 {
    let small = exp(-y.abs());
    let share = if y < 0.0 { small } else { 1.0 };
    y * (share / (1.0 + small))
}

impl Activation {
    /// As a function of numbers in memory, where it takes no more than the standard library.
    pub(crate) fn in_place(self) -> Option<fn(&mut [f32])> {
        match self {
            Self::Silu => Some(|y| widest(|| y.iter_mut().for_each(|y| *y = swish(*y)))),
            Self::Relu => Some(|y| y.iter_mut().for_each(|y| *y = y.max(0.0))),
            Self::Gelu | Self::GeluTanh => None,
        }
    }

    /// Of each number.
    pub(crate) fn apply(self, x: &Tensor) -> candle_core::Result<Tensor> {
        match self {
            Self::Silu => silu(x),
            Self::Gelu => x.gelu_erf(),
            Self::GeluTanh => x.gelu(),
            Self::Relu => x.relu(),
        }
    }
}
