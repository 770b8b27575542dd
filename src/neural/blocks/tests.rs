use candle_core::quantized::{GgmlDType, QMatMul, QStorage, QTensor};
use candle_core::{Device, Module, Tensor};
use proptest::prelude::*;

use super::*;
use crate::neural::instructions::random::numbers;

const KINDS: [(Kind, GgmlDType); 8] = [
    (Kind::Q40, GgmlDType::Q4_0),
    (Kind::Q41, GgmlDType::Q4_1),
    (Kind::Q50, GgmlDType::Q5_0),
    (Kind::Q51, GgmlDType::Q5_1),
    (Kind::Q80, GgmlDType::Q8_0),
    (Kind::Q4K, GgmlDType::Q4K),
    (Kind::Q5K, GgmlDType::Q5K),
    (Kind::Q6K, GgmlDType::Q6K),
];

/// Blocks of any bits, but for their half-precision numbers, which are between 1/128 and 1/4 and of either sign.
fn blocks(kind: Kind, seed: u64, outputs: usize, inputs: usize) -> Vec<u8> {
    let (size, bytes) = kind.block();
    let count = outputs * inputs / size * bytes;
    let mut blocks: Vec<u8> = numbers(seed, count)
        .into_iter()
        .map(|n| (n * 1e6) as i32 as u8)
        .collect();
    let halves: &[usize] = match kind {
        Kind::Q6K => &[208],
        Kind::Q40 | Kind::Q50 | Kind::Q80 => &[0],
        Kind::Q41 | Kind::Q51 | Kind::Q4K | Kind::Q5K => &[0, 2],
    };
    for block in blocks.chunks_exact_mut(bytes) {
        for half in halves {
            let high = &mut block[half + 1];
            *high = (*high & 0x80) | (0x20 + *high % 20);
        }
    }
    blocks
}

fn matrix(kind: Kind, bytes: &[u8], outputs: usize, inputs: usize) -> Blocks {
    Blocks::new(kind, Bytes::Own(bytes.to_vec()), outputs, inputs).expect("whole blocks")
}

fn candles(kind: GgmlDType, bytes: &[u8], outputs: usize, inputs: usize) -> QTensor {
    let storage = QStorage::from_data(bytes.into(), &Device::Cpu, kind).expect("blocks");
    QTensor::new(storage, (outputs, inputs)).expect("a matrix")
}

fn product(blocks: &Blocks, x: &[f32], then: Then<'_>, path: Path, threads: usize) -> Vec<f32> {
    let rows = Rows::new(x, blocks.inputs, blocks.share());
    let part = Part { blocks, then };
    products_by(&[part], &rows, path, &Pool::new(threads)).remove(0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn every_path_gives_the_product_of_what_candle_reads(
        seed: u64, which in 0usize..KINDS.len(), rows in 1usize..15, depth in 1usize..4, outputs in 1usize..80,
    ) {
        let (kind, theirs) = KINDS[which];
        // blocks of 32 may end in the middle of a tile
        let inputs = if kind.block().0 == 32 { depth * 160 } else { depth * 256 };
        let bytes = blocks(kind, seed, outputs, inputs);
        let ours = matrix(kind, &bytes, outputs, inputs);
        let read = candles(theirs, &bytes, outputs, inputs);
        let weights = read.dequantize(&Device::Cpu).expect("weights");
        let weights: Vec<Vec<f32>> = weights.to_vec2().expect("weights");
        let mut row = vec![0.0; inputs];
        for (output, weights) in weights.iter().enumerate() {
            ours.row(output, &mut row);
            prop_assert_eq!(&row, weights, "output {}", output);
        }
        let x = numbers(seed ^ 77, rows * inputs);
        let portable = product(&ours, &x, Then::default(), Path::Portable, 1);
        let products = x.chunks_exact(inputs).flat_map(|x| weights.iter().map(move |w| (x, w)));
        for (found, (x, weights)) in portable.iter().zip(products) {
            let exact: f64 = x.iter().zip(weights).map(|(x, w)| f64::from(*x) * f64::from(*w)).sum();
            // activations are rounded to bytes: by half a step, each with a sign of its own
            let size = weights.iter().map(|w| f64::from(w * w)).sum::<f64>().sqrt();
            let apart = (f64::from(*found) - exact).abs();
            prop_assert!(apart <= 0.5 / 127.0 * 3.0 * size, "{} is not {}", found, exact);
        }
        for path in Path::all() {
            let y = product(&ours, &x, Then::default(), path, 1);
            prop_assert!(y.iter().zip(&portable).all(|(a, b)| a.to_bits() == b.to_bits()), "{:?}", path);
            let alone = product(&ours, &x[..inputs], Then::default(), path, 1);
            prop_assert_eq!(&alone, &y[..outputs], "a row is the same alone");
        }
    }

    #[test]
    fn candles_own_product_rounds_as_far(seed: u64, which in 0usize..KINDS.len()) {
        let (kind, theirs) = KINDS[which];
        let (outputs, inputs) = (40, 512);
        let bytes = blocks(kind, seed, outputs, inputs);
        let x = numbers(seed ^ 77, inputs);
        let ours = product(&matrix(kind, &bytes, outputs, inputs), &x, Then::default(), Path::best(), 1);
        let read = candles(theirs, &bytes, outputs, inputs);
        let weights: Vec<Vec<f32>> = read.dequantize(&Device::Cpu).expect("weights").to_vec2().expect("weights");
        let tensor = Tensor::from_slice(&x, (1, inputs), &Device::Cpu).expect("a row");
        let candles = QMatMul::from_qtensor(read).expect("a matrix").forward(&tensor).expect("a product");
        let candles: Vec<f32> = candles.flatten_all().expect("a row").to_vec1().expect("a row");
        let apart = |found: &[f32]| -> f64 {
            let each = found.iter().zip(&weights).map(|(found, weights)| {
                let exact: f64 = x.iter().zip(weights).map(|(x, w)| f64::from(*x) * f64::from(*w)).sum();
                (f64::from(*found) - exact).powi(2)
            });
            each.sum::<f64>().sqrt()
        };
        // candle rounds some factors to half precision, too: never less far than we do, but for luck
        let (we, they) = (apart(&ours), apart(&candles));
        prop_assert!(we <= 2.0 * they + 1e-3, "{} is more than {}", we, they);
    }
}

#[test]
fn products_of_the_same_rows_are_those_of_each_alone_by_any_number_of_threads() {
    let (one, other) = (blocks(Kind::Q4K, 1, 300, 512), blocks(Kind::Q6K, 2, 45, 512));
    let (one, other) = (
        matrix(Kind::Q4K, &one, 300, 512),
        matrix(Kind::Q6K, &other, 45, 512),
    );
    let x = numbers(3, 3 * 512);
    let bias = numbers(4, 45);
    let then = Then {
        bias: Some(&bias),
        function: Some(|y| y.iter_mut().for_each(|y| *y = y.max(0.0))),
    };
    let alone = product(&one, &x, Then::default(), Path::best(), 1);
    let plain = product(&other, &x, Then::default(), Path::best(), 1);
    let expected: Vec<f32> = plain
        .chunks_exact(45)
        .flat_map(|row| row.iter().zip(&bias).map(|(y, bias)| (y + bias).max(0.0)))
        .collect();
    let rows = Rows::new(&x, 512, one.share());
    for threads in [1, 2, 3] {
        let parts = [
            Part {
                blocks: &one,
                then: Then::default(),
            },
            Part { blocks: &other, then },
            Part {
                blocks: &one,
                then: Then::default(),
            },
        ];
        let found = products_by(&parts, &rows, Path::best(), &Pool::new(threads));
        assert_eq!(found, [alone.clone(), expected.clone(), alone.clone()]);
    }
}

#[test]
fn bytes_that_are_no_whole_blocks_are_refused() {
    for (bytes, outputs, inputs) in [(143, 1, 256), (144, 1, 128), (144, 2, 256), (0, 1, 0)] {
        assert!(Blocks::new(Kind::Q4K, Bytes::Own(vec![0; bytes]), outputs, inputs).is_none());
    }
}

#[test]
fn halves_are_read_exactly() {
    for half in 0..=u16::MAX {
        let (found, expected) = (tile::single(u32::from(half)), half::f16::from_bits(half).to_f32());
        assert!(
            found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan(),
            "{half:x}"
        );
    }
}
