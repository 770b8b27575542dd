//! The general operations, which run on other devices, beside those of the processor: on the processor both can.

use std::path::Path;

use candle_core::{DType, Device};

use super::*;
use crate::neural::gguf::Gguf;
use crate::neural::weights::{GgufNames, Source};

fn tiny(name: &str) -> Decoder {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/parity/tiny/{name}/model.gguf"));
    let gguf = Gguf::open(&path).expect("a model");
    let config = Config::from_gguf(&gguf).expect("a configuration");
    let source = Source::Gguf(gguf);
    let weights = Weights::new(&source, &GgufNames, DType::F32, &Device::Cpu);
    let tied = !weights.has("output.weight");
    Decoder::load(config, weights, tied, CacheType::default()).expect("a decoder")
}

/// The logits of two sequences that begin alike and are read side by side, in steps of several lengths.
fn logits(decoder: &Decoder, host: bool) -> Vec<Vec<f32>> {
    let ids = |from: usize, count: usize| -> Vec<u32> {
        let id = |at: usize| (at * 7919 % decoder.config.vocabulary) as u32;
        (from..from + count).map(id).collect()
    };
    let mut all = Vec::new();
    let mut read = |parts: &mut [(Vec<u32>, &mut Cache)]| {
        let run = |(tokens, cache)| Run {
            tokens,
            cache,
            wanted: 2,
        };
        let mut runs: Vec<Run<'_>> = parts
            .iter_mut()
            .map(|(tokens, cache)| run((&**tokens, &mut **cache)))
            .collect();
        all.push(decoder.batch(&mut runs).expect("logits"));
    };
    let mut one = Cache::new(&decoder.config, CacheType::default(), host);
    read(&mut [(ids(1, 5), &mut one)]);
    one.share();
    let mut other = one.fork().expect("a fork");
    for (step, (count, others)) in [(1, 3), (4, 1), (1, 1), (1, 2)].into_iter().enumerate() {
        let (tokens, others) = (ids(10 * step, count), ids(10 * step + 5, others));
        read(&mut [(tokens, &mut one), (others, &mut other)]);
    }
    other.truncate(7);
    read(&mut [(ids(3, 2), &mut other), (ids(60, 1), &mut one)]);
    all
}

#[test]
fn devices_compute_what_the_processor_does() {
    for name in ["llama", "mistral", "qwen2", "qwen3", "gemma3", "phi3", "hunyuan"] {
        let decoder = tiny(name);
        let (host, device) = (logits(&decoder, true), logits(&decoder, false));
        for (step, (host, device)) in host.iter().zip(&device).enumerate() {
            assert_eq!(host.len(), device.len());
            let largest = host.iter().fold(0f32, |most, x| most.max(x.abs()));
            for (a, b) in host.iter().zip(device) {
                assert!(
                    (a - b).abs() <= 1e-5 * largest.max(1.0),
                    "{name}, step {step}: {a} and {b}"
                );
            }
        }
    }
}
