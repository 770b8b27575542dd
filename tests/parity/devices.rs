//! The same code on every device that is here: the processor always, a GPU where this build can use one and the machine
//! has it (`cargo test --release --features cuda --test parity devices`, or `metal`).

use byline::neural::device::{DeviceChoice, describe};
use byline::neural::{Encoder, LoadSpec, Purpose, Quantise, load, load_encoder};
use candle_core::Device;

use crate::tiny::{Reference, gguf, safetensors};
use crate::{best, difference, here};

fn devices() -> Vec<Device> {
    let mut all = vec![Device::Cpu];
    for choice in [DeviceChoice::Cuda(0), DeviceChoice::Metal] {
        match choice.resolve() {
            Ok(device) => all.push(device),
            Err(error) => eprintln!("left out: {error}"),
        }
    }
    all
}

/// How near a number must be, in parts of the largest: GPUs sum in other orders, and half precision has fewer digits.
fn near(device: &Device, precision: &str) -> f32 {
    match (device, precision) {
        (Device::Cpu, _) => 1e-5,
        (_, "f32") => 1e-3,
        _ => 0.05,
    }
}

#[test]
fn every_decoder_computes_the_same_on_every_device() {
    for device in devices() {
        for name in ["llama", "mistral", "qwen2", "qwen3", "gemma3", "phi3", "hunyuan"] {
            let reference = Reference::of(name);
            for weights in [safetensors(name), vec![gguf(name)]] {
                let model = load(&LoadSpec::new(weights), &device).unwrap();
                let lm = model.language_model();
                let seen = lm.inspect(&reference.ids, &mut lm.start()).unwrap();
                let apart = difference(&seen.logits, &reference.floats("logits"));
                let (on, precision) = (describe(&device), lm.precision());
                eprintln!("{name} on {on} in {precision}: {apart:.1e} apart");
                assert!(apart <= near(&device, precision), "{name} on {on}: {apart}");
                if precision == "f32" {
                    let mut state = lm.start();
                    let mut logits = lm.step(&reference.ids, &mut state).unwrap();
                    for expected in reference.integers("greedy") {
                        assert_eq!(best(&logits), expected, "{name} on {on}");
                        logits = lm.step(&[expected], &mut state).unwrap();
                    }
                }
            }
        }
    }
}

#[test]
fn quantised_weights_and_sentence_vectors_are_near_on_every_device() {
    let reference = Reference::of("qwen2");
    let vectors: Vec<(String, Vec<f32>)> =
        serde_json::from_slice(&std::fs::read(here("tiny/bert/vectors.json")).unwrap()).unwrap();
    let texts: Vec<&str> = vectors.iter().map(|(text, _)| text.as_str()).collect();
    for device in devices() {
        let spec = LoadSpec {
            quantise: Some(Quantise::Q8_0),
            ..LoadSpec::new(safetensors("qwen2"))
        };
        let model = load(&spec, &device).unwrap();
        let lm = model.language_model();
        let logits = lm.inspect(&reference.ids, &mut lm.start()).unwrap().logits;
        let apart = difference(&logits, &reference.floats("logits"));
        assert!(apart < 0.05, "on {}: {apart}", describe(&device));

        let bert = LoadSpec::new([here("tiny/bert/model.safetensors")]);
        let encoder = load_encoder(&bert, &device).unwrap();
        for ((text, theirs), ours) in vectors.iter().zip(encoder.embed(Purpose::Query, &texts).unwrap()) {
            let apart = difference(&ours, theirs);
            assert!(apart < 1e-3, "{text:?} on {}: {apart}", describe(&device));
        }
    }
}
