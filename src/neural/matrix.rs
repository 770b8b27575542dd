//! A matrix of weights, in the form in which the device multiplies it best.

use std::ops::Range;

use candle_core::quantized::QMatMul;
use candle_core::{CpuStorage, CustomOp1, DType, Layout, Module, Shape, Storage, Tensor};

use super::config::Activation;
use super::likeliest::{Chosen, likeliest};
use super::panels::{Bytes, Floats, Then};
use crate::error::Result;

/// A matrix of `(outputs, inputs)`.
pub(crate) enum Matrix {
    /// On the processor, of weights that are not stored in blocks of their own.
    Panels(Panels),
    /// On other devices, and in the blocks of a GGUF file.
    Candle(QMatMul),
}

/// Panels of numbers or of bytes.
pub(crate) enum Panels {
    Floats(Floats),
    Bytes(Bytes),
}

impl Panels {
    /// In single precision. `rows` gives `(range, inputs)` of the matrix, some outputs at a time.
    ///
    /// # Errors
    /// Those of `rows`.
    pub(crate) fn floats(
        outputs: usize,
        inputs: usize,
        rows: impl FnMut(Range<usize>) -> Result<Vec<f32>>,
    ) -> Result<Self> {
        Floats::new(outputs, inputs, rows).map(Self::Floats)
    }

    /// In bytes that share a factor by 32; `inputs` must be a multiple of that. `rows` as in [`Panels::floats`].
    ///
    /// # Errors
    /// Those of `rows`.
    pub(crate) fn bytes(
        outputs: usize,
        inputs: usize,
        rows: impl FnMut(Range<usize>) -> Result<Vec<f32>>,
    ) -> Result<Self> {
        Bytes::new(outputs, inputs, rows).map(Self::Bytes)
    }

    fn forward(
        &self,
        x: &Tensor,
        bias: Option<&Tensor>,
        function: Option<fn(&mut [f32])>,
    ) -> candle_core::Result<Tensor> {
        let product = |bias| {
            let then = Then { bias, function };
            x.apply_op1_no_bwd(&Product { panels: self, then })
        };
        match bias {
            None => product(None),
            Some(bias) => {
                let (storage, layout) = bias.storage_and_layout();
                let numbers = numbers(&storage, layout)?;
                if numbers.len() != self.shape().0 {
                    candle_core::bail!("a bias has {} numbers, not {:?}", self.shape().0, bias.shape());
                }
                product(Some(numbers))
            }
        }
    }

    fn best(&self, x: &[f32], bias: Option<&[f32]>, banned: &[u32]) -> Vec<Option<Chosen>> {
        match self {
            Self::Floats(floats) => floats.best(x, bias, banned),
            Self::Bytes(bytes) => bytes.best(x, bias, banned),
        }
    }

    /// `(outputs, inputs)`.
    fn shape(&self) -> (usize, usize) {
        match self {
            Self::Floats(floats) => floats.shape(),
            Self::Bytes(bytes) => bytes.shape(),
        }
    }

    fn row(&self, output: usize, row: &mut [f32]) {
        match self {
            Self::Floats(floats) => floats.row(output, row),
            Self::Bytes(bytes) => bytes.row(output, row),
        }
    }
}

/// The numbers of a contiguous tensor on the processor.
fn numbers<'a>(storage: &'a Storage, layout: &Layout) -> candle_core::Result<&'a [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (Storage::Cpu(CpuStorage::F32(numbers)), Some((start, end))) => Ok(&numbers[start..end]),
        _ => candle_core::bail!("panels are multiplied with contiguous rows of single precision"),
    }
}

/// A product with what follows it.
struct Product<'a> {
    panels: &'a Panels,
    then: Then<'a>,
}

impl CustomOp1 for Product<'_> {
    fn name(&self) -> &'static str {
        "panels"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let (CpuStorage::F32(x), Some((start, end))) = (x, layout.contiguous_offsets()) else {
            candle_core::bail!("panels are multiplied with contiguous rows of single precision");
        };
        let mut shape = layout.dims().to_vec();
        let (outputs, inputs) = self.panels.shape();
        let last = shape.last_mut().filter(|last| **last == inputs);
        let Some(last) = last else {
            candle_core::bail!("rows of {inputs} numbers, not of {:?}", layout.dims());
        };
        *last = outputs;
        let x = &x[start..end];
        let y = match self.panels {
            Panels::Floats(floats) => floats.apply(x, self.then),
            Panels::Bytes(bytes) => bytes.apply(x, self.then),
        };
        Ok((CpuStorage::F32(y), Shape::from(shape)))
    }
}

impl Matrix {
    /// `(…, inputs)` to `(…, outputs)`; to each row `bias` is added, then the activation is applied.
    pub(crate) fn forward(
        &self,
        x: &Tensor,
        bias: Option<&Tensor>,
        activation: Option<Activation>,
    ) -> candle_core::Result<Tensor> {
        match self {
            Self::Panels(panels) => {
                // what is not at hand as a function of numbers is left to the device's own
                let function = activation.and_then(Activation::in_place);
                let y = panels.forward(&x.contiguous()?, bias, function)?;
                match activation {
                    Some(activation) if function.is_none() => activation.apply(&y),
                    _ => Ok(y),
                }
            }
            Self::Candle(matrix) => {
                let y = matrix.forward(x)?;
                let y = match bias {
                    Some(bias) => y.broadcast_add(bias)?,
                    None => y,
                };
                match activation {
                    Some(activation) => activation.apply(&y),
                    None => Ok(y),
                }
            }
        }
    }

    /// For each row of `x`, `(rows, inputs)`, what [`likeliest`] chooses among its outputs, to which `bias` is added
    /// before.
    pub(crate) fn best(
        &self,
        x: &Tensor,
        bias: Option<&Tensor>,
        banned: &[u32],
    ) -> candle_core::Result<Vec<Option<Chosen>>> {
        match self {
            Self::Panels(panels) => {
                let x = x.contiguous()?;
                let (x_storage, x_layout) = x.storage_and_layout();
                let x = numbers(&x_storage, x_layout)?;
                let Some(bias) = bias else {
                    return Ok(panels.best(x, None, banned));
                };
                let (storage, layout) = bias.storage_and_layout();
                Ok(panels.best(x, Some(numbers(&storage, layout)?), banned))
            }
            Self::Candle(_) => {
                let y = self.forward(x, bias, None)?.to_dtype(DType::F32)?;
                let vocabulary = y.dim(1)?;
                let mut y = y.flatten_all()?.to_vec1::<f32>()?;
                Ok(likeliest(&mut y, vocabulary, banned))
            }
        }
    }

    /// The rows of some outputs: an embedding's, of `(…)` to `(…, inputs)`. Every id must be below `outputs`.
    pub(crate) fn embedding(&self, ids: &Tensor) -> candle_core::Result<Tensor> {
        match self {
            Self::Panels(panels) => {
                let (_, inputs) = panels.shape();
                let mut shape = ids.dims().to_vec();
                shape.push(inputs);
                let ids = ids.flatten_all()?.to_vec1::<u32>()?;
                let mut rows = vec![0.0; ids.len() * inputs];
                for (id, row) in ids.iter().zip(rows.chunks_exact_mut(inputs)) {
                    panels.row(*id as usize, row);
                }
                Tensor::from_vec(rows, shape, &candle_core::Device::Cpu)
            }
            Self::Candle(matrix) => matrix.embedding(ids),
        }
    }
}
