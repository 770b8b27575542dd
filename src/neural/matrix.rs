//! A matrix of weights, in the form in which the device multiplies it best.

use std::ops::Range;

use candle_core::quantized::QMatMul;
use candle_core::{CpuStorage, CustomOp1, DType, Device, Layout, Module, Shape, Storage, Tensor};

use super::blocks::{self, Blocks, Rows};
use super::config::Activation;
use super::likeliest::{Chosen, Few, leading, likeliest};
use super::panels::{Bytes, Floats, Then};
use crate::error::Result;

/// A matrix of `(outputs, inputs)`.
pub(crate) enum Matrix {
    /// On the processor, of weights that are not stored in blocks of their own.
    Panels(Panels),
    /// On the processor, in the blocks of a GGUF file.
    Blocks(Blocks),
    /// On other devices, and in blocks of kinds that candle alone multiplies.
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
        let held = bias.map(Tensor::storage_and_layout);
        let outputs = self.shape().0;
        let bias = held
            .as_ref()
            .map(|(storage, layout)| bias_of(storage, layout, outputs));
        let bias = bias.transpose()?;
        let then = Then { bias, function };
        x.apply_op1_no_bwd(&Product { panels: self, then })
    }

    fn best(&self, x: &[f32], bias: Option<&[f32]>, banned: &[u32]) -> Vec<Option<Chosen>> {
        match self {
            Self::Floats(floats) => floats.best(x, bias, banned),
            Self::Bytes(bytes) => bytes.best(x, bias, banned),
        }
    }

    fn leading(&self, x: &[f32], bias: Option<&[f32]>, wanted: Few<'_>) -> Vec<Option<Vec<Chosen>>> {
        match self {
            Self::Floats(floats) => floats.leading(x, bias, wanted),
            Self::Bytes(bytes) => bytes.leading(x, bias, wanted),
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
        _ => candle_core::bail!("these products are made on the processor, of contiguous single precision"),
    }
}

/// Hands over the numbers of `x`, and those of a bias.
fn with_numbers<R>(
    x: &Tensor,
    bias: Option<&Tensor>,
    take: impl FnOnce(&[f32], Option<&[f32]>) -> R,
) -> candle_core::Result<R> {
    let x = x.contiguous()?;
    let (x_storage, x_layout) = x.storage_and_layout();
    let x = numbers(&x_storage, x_layout)?;
    let Some(bias) = bias else {
        return Ok(take(x, None));
    };
    let (storage, layout) = bias.storage_and_layout();
    Ok(take(x, Some(numbers(&storage, layout)?)))
}

/// The numbers of a bias, which must fit.
fn bias_of<'a>(storage: &'a Storage, layout: &Layout, outputs: usize) -> candle_core::Result<&'a [f32]> {
    let bias = numbers(storage, layout)?;
    if bias.len() != outputs {
        candle_core::bail!("a bias has {outputs} numbers, not {}", bias.len());
    }
    Ok(bias)
}

/// `x`, `(…, inputs)`, as blocks are multiplied with it.
fn rounded(x: &Tensor, blocks: &Blocks) -> candle_core::Result<Rows> {
    let inputs = blocks.shape().1;
    if x.dims().last() != Some(&inputs) {
        candle_core::bail!("rows of {inputs} numbers, not of {:?}", x.dims());
    }
    let x = x.contiguous()?;
    let (storage, layout) = x.storage_and_layout();
    Ok(Rows::new(numbers(&storage, layout)?, inputs, blocks.share()))
}

/// One of the products of a row with several matrices.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) matrix: &'a Matrix,
    pub(crate) bias: Option<&'a Tensor>,
    pub(crate) activation: Option<Activation>,
}

/// `(…, outputs)` of each matrix, of the same `(…, inputs)`. Blocks that round `x` alike share the rounded rows, and the
/// threads' attention.
pub(crate) fn products(wanted: &[Wanted<'_>], x: &Tensor) -> candle_core::Result<Vec<Tensor>> {
    let first = wanted.first().and_then(|w| w.matrix.blocks());
    let alike = |first: &Blocks| {
        let like = |blocks: &Blocks| blocks.share() == first.share();
        wanted.iter().all(|w| w.matrix.blocks().is_some_and(like))
    };
    match first.filter(|first| alike(first)) {
        Some(first) => of_blocks(wanted, x, &rounded(x, first)?),
        None => wanted
            .iter()
            .map(|w| w.matrix.forward(x, w.bias, w.activation))
            .collect(),
    }
}

fn of_blocks(wanted: &[Wanted<'_>], x: &Tensor, rows: &Rows) -> candle_core::Result<Vec<Tensor>> {
    let held: Vec<_> = wanted
        .iter()
        .map(|w| w.bias.map(Tensor::storage_and_layout))
        .collect();
    let mut parts = Vec::with_capacity(wanted.len());
    for (w, held) in wanted.iter().zip(&held) {
        let Some(blocks) = w.matrix.blocks() else {
            continue;
        };
        let outputs = blocks.shape().0;
        let bias = held
            .as_ref()
            .map(|(storage, layout)| bias_of(storage, layout, outputs));
        let bias = bias.transpose()?;
        let function = w.activation.and_then(Activation::in_place);
        parts.push(blocks::Part {
            blocks,
            then: Then { bias, function },
        });
    }
    let results = blocks::products(&parts, rows);
    let mut tensors = Vec::with_capacity(results.len());
    for ((y, part), w) in results.into_iter().zip(&parts).zip(wanted) {
        let mut shape = x.dims().to_vec();
        if let Some(last) = shape.last_mut() {
            *last = part.blocks.shape().0;
        }
        let y = Tensor::from_vec(y, shape, &Device::Cpu)?;
        // what is not at hand as a function of numbers is left to the device's own
        tensors.push(match w.activation {
            Some(activation) if activation.in_place().is_none() => activation.apply(&y)?,
            _ => y,
        });
    }
    Ok(tensors)
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

/// Rows of `inputs` numbers by their ids.
fn gathered(
    ids: &Tensor,
    inputs: usize,
    mut fill: impl FnMut(usize, &mut [f32]),
) -> candle_core::Result<Tensor> {
    let mut shape = ids.dims().to_vec();
    shape.push(inputs);
    let ids = ids.flatten_all()?.to_vec1::<u32>()?;
    let mut rows = vec![0.0; ids.len() * inputs];
    for (id, row) in ids.iter().zip(rows.chunks_exact_mut(inputs)) {
        fill(*id as usize, row);
    }
    Tensor::from_vec(rows, shape, &Device::Cpu)
}

impl Matrix {
    fn blocks(&self) -> Option<&Blocks> {
        match self {
            Self::Blocks(blocks) => Some(blocks),
            Self::Panels(_) | Self::Candle(_) => None,
        }
    }

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
            Self::Blocks(blocks) => {
                let wanted = Wanted {
                    matrix: self,
                    bias,
                    activation,
                };
                Ok(of_blocks(&[wanted], x, &rounded(x, blocks)?)?.remove(0))
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
            Self::Panels(panels) => with_numbers(x, bias, |x, bias| panels.best(x, bias, banned)),
            Self::Blocks(_) | Self::Candle(_) => {
                let (mut y, vocabulary) = self.outputs(x, bias)?;
                Ok(likeliest(&mut y, vocabulary, banned))
            }
        }
    }

    /// The same with those that are wanted, as [`leading`] chooses them.
    pub(crate) fn leading(
        &self,
        x: &Tensor,
        bias: Option<&Tensor>,
        wanted: Few<'_>,
    ) -> candle_core::Result<Vec<Option<Vec<Chosen>>>> {
        match self {
            Self::Panels(panels) => with_numbers(x, bias, |x, bias| panels.leading(x, bias, wanted)),
            Self::Blocks(_) | Self::Candle(_) => {
                let (mut y, vocabulary) = self.outputs(x, bias)?;
                Ok(leading(&mut y, vocabulary, wanted))
            }
        }
    }

    /// What comes out for all rows, and how many numbers that is for each.
    fn outputs(&self, x: &Tensor, bias: Option<&Tensor>) -> candle_core::Result<(Vec<f32>, usize)> {
        let y = self.forward(x, bias, None)?.to_dtype(DType::F32)?;
        Ok((y.flatten_all()?.to_vec1()?, y.dim(1)?))
    }

    /// The rows of some outputs: an embedding's, of `(…)` to `(…, inputs)`. Every id must be below `outputs`.
    pub(crate) fn embedding(&self, ids: &Tensor) -> candle_core::Result<Tensor> {
        match self {
            Self::Panels(panels) => gathered(ids, panels.shape().1, |id, row| panels.row(id, row)),
            Self::Blocks(blocks) => gathered(ids, blocks.shape().1, |id, row| blocks.row(id, row)),
            Self::Candle(matrix) => matrix.embedding(ids),
        }
    }
}
