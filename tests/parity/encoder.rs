//! Sentence vectors against transformers: a tiny seeded BERT, and all-MiniLM-L6-v2 where its weights are here.

use std::path::{Path, PathBuf};

use byline::neural::{BertEncoder, Encoder, LoadSpec, load_encoder};
use candle_core::Device;

use crate::{here, real};

fn encoder(weights: PathBuf) -> BertEncoder {
    match load_encoder(&LoadSpec::new([weights]), &Device::Cpu) {
        Ok(encoder) => encoder,
        Err(error) => panic!("{error}"),
    }
}

fn reference(path: &Path) -> Vec<(String, Vec<f32>)> {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn apart(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).fold(0f32, |m, (a, b)| m.max((a - b).abs()))
}

fn vectors_agree(encoder: &BertEncoder, reference: &[(String, Vec<f32>)]) {
    let texts: Vec<&str> = reference.iter().map(|(t, _)| t.as_str()).collect();
    let together = encoder.embed(&texts).unwrap();
    for ((text, theirs), ours) in reference.iter().zip(&together) {
        assert_eq!(ours.len(), encoder.dimensions());
        assert!(apart(ours, theirs) < 2e-6, "{text:?}: {}", apart(ours, theirs));
        // Padding beside longer ones changes nothing.
        let alone = &encoder.embed(&[text]).unwrap()[0];
        assert!(apart(ours, alone) < 2e-6, "{text:?} alone");
    }
}

#[test]
fn vectors_are_those_of_transformers() {
    let encoder = encoder(here("tiny/bert/model.safetensors"));
    vectors_agree(&encoder, &reference(&here("tiny/bert/vectors.json")));
}

#[test]
fn minilm_gives_what_transformers_gives() {
    let Some(path) = real::weights("all-minilm-l6-v2") else {
        return;
    };
    let encoder = encoder(path);
    vectors_agree(&encoder, &reference(&here("real/all-minilm-l6-v2.json")));
    let texts = [
        "The port will close.",
        "The harbour is going to be shut.",
        "He likes jazz.",
    ];
    let vectors = encoder.embed(&texts).unwrap();
    let cosine = |a: usize, b: usize| -> f32 { vectors[a].iter().zip(&vectors[b]).map(|(x, y)| x * y).sum() };
    assert!(cosine(0, 1) > cosine(0, 2) + 0.2);
}

#[test]
fn nothing_of_a_long_text_is_left_out() {
    let encoder = encoder(here("tiny/bert/model.safetensors"));
    let long = "The port closes. ".repeat(40);
    let other = format!("{long}Mayor Venn denied it.");
    let vectors = encoder.embed(&[&long, &other]).unwrap();
    assert!(apart(&vectors[0], &vectors[1]) > 1e-4);
    assert!(encoder.embed(&[]).unwrap().is_empty());
}

#[test]
fn another_architecture_is_refused_by_name() {
    let error = load_encoder(
        &LoadSpec::new([here("tiny/qwen2/model.safetensors")]),
        &Device::Cpu,
    )
    .err()
    .unwrap();
    assert!(error.to_string().contains("qwen2"), "{error}");
    assert_eq!(error.exit_code(), 4);
}
