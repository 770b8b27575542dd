//! Sums of activations on the processor.
//!
//! candle shares sums from 64 Ki numbers on out among threads of its own, which then look out for more beside those that
//! share the products: on a small machine they keep each other from working.

use candle_core::{CpuStorage, CustomOp2, DType, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::instructions::widest;

/// Sums of fewer numbers are not worth waking a thread for.
const WORTH_THREADS: usize = 1 << 15;

/// `x + y`, where `y` has the numbers of some of the last dimensions of `x`, and is added to each such part.
pub(crate) fn added(x: &Tensor, y: &Tensor) -> Result<Tensor> {
    let plain = |t: &Tensor| t.device().is_cpu() && t.dtype() == DType::F32 && t.is_contiguous();
    if plain(x) && plain(y) {
        x.apply_op2_no_bwd(y, &Sum)
    } else {
        x.broadcast_add(y)
    }
}

struct Sum;

impl CustomOp2 for Sum {
    fn name(&self) -> &'static str {
        "sum"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        y: &CpuStorage,
        y_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (x, y) = (numbers(x, x_layout)?, numbers(y, y_layout)?);
        if y.is_empty() || !x.len().is_multiple_of(y.len()) {
            candle_core::bail!("{:?} cannot be added to {:?}", y_layout.dims(), x_layout.dims());
        }
        let mut sum = x.to_vec();
        let add = |(sum, y): (&mut [f32], &[f32])| {
            widest(|| sum.iter_mut().zip(y).for_each(|(sum, y)| *sum += y));
        };
        let part = if x.len() < WORTH_THREADS {
            x.len()
        } else {
            WORTH_THREADS / 4
        };
        if y.len() < x.len() {
            sum.par_chunks_mut(y.len())
                .with_min_len(part.div_ceil(y.len()))
                .for_each(|sum| add((sum, y)));
        } else {
            sum.par_chunks_mut(part.max(1))
                .zip(y.par_chunks(part.max(1)))
                .for_each(add);
        }
        Ok((CpuStorage::F32(sum), x_layout.shape().clone()))
    }
}

fn numbers<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(numbers), Some((start, end))) => Ok(&numbers[start..end]),
        _ => candle_core::bail!("sums in one go are of contiguous single precision"),
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn sums_are_those_of_candle() -> Result<()> {
        let random = |shape: &[usize]| Tensor::randn(0f32, 1.0, shape, &Device::Cpu);
        for (x, y) in [
            (vec![3, 5], vec![3, 5]),
            (vec![200, 300], vec![200, 300]),
            (vec![7, 4, 6], vec![4, 6]),
            (vec![300, 1, 130], vec![1, 130]),
            (vec![0, 4], vec![1, 4]),
        ] {
            let (x, y) = (random(&x)?, random(&y)?);
            let all = |t: Tensor| t.flatten_all()?.to_vec1::<f32>();
            assert_eq!(all(added(&x, &y)?)?, all(x.broadcast_add(&y)?)?);
        }
        let (x, y) = (random(&[4, 6])?, random(&[6, 4])?.t()?);
        assert_eq!(added(&x, &y)?.to_vec2::<f32>()?, (&x + &y)?.to_vec2::<f32>()?);
        assert!(added(&x, &random(&[5])?).is_err());
        Ok(())
    }
}
