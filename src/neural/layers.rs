//! What the layers of decoders and of encoder-decoders share.

use candle_core::quantized::QMatMul;
use candle_core::{Module, Tensor};
use candle_nn::ops::silu;

use super::config::Activation;
use super::weights::Weights;
use crate::error::Result;

/// A matrix, quantised or not, and a bias.
pub(crate) struct Linear {
    weight: QMatMul,
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

    /// `(…, inputs)` to `(…, outputs)`.
    pub(crate) fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let y = self.weight.forward(x)?;
        match &self.bias {
            Some(bias) => y.broadcast_add(bias),
            None => Ok(y),
        }
    }
}

impl Activation {
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
