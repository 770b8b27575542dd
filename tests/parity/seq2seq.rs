//! Tiny seeded encoder-decoders of each family against transformers, in f32 on the processor.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;

use byline::neural::{
    EncoderDecoder, Generation, LoadSpec, Quantise, Seq2Seq, Seq2SeqState, Source, load_seq2seq, search,
};
use candle_core::{Device, Tensor};

use crate::{CLOSE, assert_close, difference, here};

pub(crate) fn model_of(spec: &LoadSpec) -> Seq2Seq {
    match load_seq2seq(spec, &Device::Cpu) {
        Ok(model) => model,
        Err(error) => panic!("{error}"),
    }
}

pub(crate) fn file(name: &str, file: &str) -> PathBuf {
    here("tiny").join(name).join(file)
}

/// The model as the hub has it.
pub(crate) fn weights(name: &str) -> PathBuf {
    let safetensors = file(name, "model.safetensors");
    if safetensors.is_file() {
        return safetensors;
    }
    file(name, "pytorch_model.bin")
}

pub(crate) fn load_tiny(name: &str) -> Seq2Seq {
    // the references have the attention of this one
    let layer = usize::from(!matches!(name, "marian_separate" | "madlad"));
    model_of(&LoadSpec {
        alignment_layer: Some(layer),
        ..LoadSpec::new([weights(name)])
    })
}

#[derive(serde::Deserialize)]
pub(crate) struct Traced {
    pub(crate) sources: Vec<Vec<u32>>,
    pub(crate) targets: Vec<Vec<u32>>,
}

/// What transformers computed with a model.
#[derive(serde::Deserialize)]
pub(crate) struct Reference {
    sources: Vec<Vec<u32>>,
    greedy: Vec<Vec<u32>>,
    beam4: Vec<Vec<u32>>,
    pub(crate) traced: Traced,
    #[serde(skip)]
    tensors: HashMap<String, Tensor>,
}

impl Reference {
    pub(crate) fn of(name: &str) -> Self {
        let bytes = fs::read(file(name, "reference.json")).unwrap();
        let mut this: Self = serde_json::from_slice(&bytes).unwrap();
        this.tensors =
            candle_core::safetensors::load(file(name, "reference.safetensors"), &Device::Cpu).unwrap();
        this
    }

    fn floats(&self, name: &str) -> Vec<f32> {
        self.tensors[name].flatten_all().unwrap().to_vec1().unwrap()
    }
}

pub(crate) fn slices(rows: &[Vec<u32>]) -> Vec<&[u32]> {
    rows.iter().map(Vec::as_slice).collect()
}

/// `(first, second, width)` to `(second, first, width)`.
fn swapped(values: &[f32], first: usize, second: usize) -> Vec<f32> {
    let width = values.len() / first / second;
    let cell = |s: usize, f: usize| &values[(f * second + s) * width..][..width];
    (0..second)
        .flat_map(|s| (0..first).map(move |f| (s, f)))
        .flat_map(|(s, f)| cell(s, f).to_vec())
        .collect()
}

/// The rows of `values` that are no padding.
fn unpadded(values: &[f32], sources: &[Vec<u32>]) -> Vec<f32> {
    let longest = sources.iter().map(Vec::len).max().unwrap();
    let width = values.len() / longest / sources.len();
    let rows = sources.iter().enumerate();
    rows.flat_map(|(row, source)| values[row * longest * width..][..source.len() * width].to_vec())
        .collect()
}

/// Every layer, the logits and the attention of a padded batch, each position from the cache.
fn layers(model: &Seq2Seq, name: &str) {
    let reference = Reference::of(name);
    let Traced { sources, targets } = &reference.traced;
    let (rows, steps) = (sources.len(), targets[0].len());
    let seen = model.inspect(&slices(sources), &slices(targets)).unwrap();
    let mut known = 0;
    for (layer, values) in &seen.layers {
        let ours = if layer.starts_with("encoder") {
            unpadded(values, sources)
        } else {
            swapped(values, steps, rows)
        };
        assert_close(&format!("{name}: {layer}"), &ours, &reference.floats(layer));
        known += 1;
    }
    let of_layers = |t: &&String| t.starts_with("encoder") || t.starts_with("decoder");
    assert_eq!(known, reference.tensors.keys().filter(of_layers).count());
    let logits = swapped(&seen.logits.concat(), steps, rows);
    assert_close(
        &format!("{name}: the logits"),
        &logits,
        &reference.floats("logits"),
    );
    let mut state = model.encode(&slices(sources), true).unwrap();
    let parents: Vec<usize> = (0..rows).collect();
    let mut attention = Vec::new();
    for step in 0..steps {
        let tokens: Vec<u32> = targets.iter().map(|t| t[step]).collect();
        attention.extend(
            model
                .step(&tokens, &parents, &mut state)
                .unwrap()
                .attention
                .unwrap(),
        );
    }
    let attention = swapped(&attention, steps, rows);
    assert_close(
        &format!("{name}: the attention"),
        &attention,
        &reference.floats("attention"),
    );
    encoder_output(model, name, &reference);
}

/// What is given out of the encoder is what its last layer gave.
fn encoder_output(model: &Seq2Seq, name: &str, reference: &Reference) {
    let state = model.encode(&slices(&reference.traced.sources), false).unwrap();
    let last = ["encoder.norm".to_owned()]
        .into_iter()
        .chain((0..9).rev().map(|i| format!("encoder.{i}")))
        .find(|layer| reference.tensors.contains_key(layer))
        .unwrap();
    let output = model.encoder_output(&state).unwrap();
    for (vectors, source) in output.iter().zip(&reference.traced.sources) {
        assert_eq!(vectors.len(), source.len() * model.hidden());
    }
    assert_close(
        &format!("{name}: what the encoder gives"),
        &output.concat(),
        &reference.floats(&last),
    );
}

/// The ids that `generation` finds for the sentences of the reference, all in one batch.
fn found(model: &Seq2Seq, sources: &[Vec<u32>], generation: &Generation) -> Vec<Vec<u32>> {
    let sources: Vec<Source<'_>> = sources
        .iter()
        .map(|tokens| Source {
            tokens,
            ..Source::default()
        })
        .collect();
    let found = search(model, &sources, generation).unwrap();
    found.into_iter().map(|mut best| best.remove(0).tokens).collect()
}

fn greedy(model: &Seq2Seq, name: &str) {
    let reference = Reference::of(name);
    let generation = Generation {
        max_length: model.defaults().max_length,
        ..Generation::default()
    };
    assert_eq!(
        found(model, &reference.sources, &generation),
        reference.greedy,
        "{name}"
    );
}

/// With the family's own settings.
fn beams(model: &Seq2Seq, name: &str) {
    let reference = Reference::of(name);
    let generation = Generation {
        beams: 4,
        ..model.defaults().clone()
    };
    let ours = found(model, &reference.sources, &generation);
    for (index, (ours, theirs)) in ours.iter().zip(&reference.beam4).enumerate() {
        assert_eq!(ours, theirs, "{name}: sentence {index}");
    }
}

/// The logits after each token of a target.
pub(crate) fn forced(model: &Seq2Seq, source: &[u32], target: &[u32]) -> Vec<Vec<f32>> {
    let mut state = model.encode(&[source], false).unwrap();
    let step = |token: &u32| model.step(&[*token], &[0], &mut state).unwrap().logits;
    target.iter().map(step).collect()
}

/// Alone, beside others and beside longer ones.
fn batches(model: &Seq2Seq, name: &str) {
    let reference = Reference::of(name);
    let Traced { sources, targets } = &reference.traced;
    let together = model.inspect(&slices(sources), &slices(targets)).unwrap().logits;
    let vocabulary = model.limits().vocabulary;
    for (row, (source, target)) in sources.iter().zip(targets).enumerate() {
        for (step, alone) in forced(model, source, target).iter().enumerate() {
            let ours = &together[step][row * vocabulary..][..vocabulary];
            assert_close(&format!("{name}: row {row} of a batch, step {step}"), ours, alone);
        }
    }
}

/// What was read before, in this batch or in another, changes nothing: bit for bit.
fn isolation(model: &Seq2Seq, name: &str) {
    let reference = Reference::of(name);
    let Traced { sources, targets } = &reference.traced;
    let fresh = forced(&load_tiny(name), &sources[1], &targets[1]);
    let mut open = model.encode(&slices(&sources[..1]), false).unwrap();
    model.step(&targets[0][..1], &[0], &mut open).unwrap();
    forced(model, &sources[2], &targets[2]);
    assert_eq!(forced(model, &sources[1], &targets[1]), fresh, "{name}");
}

/// A batch whose rows are remembered one by one.
struct Rows<'a> {
    model: &'a Seq2Seq,
    sources: &'a [Vec<u32>],
    state: Seq2SeqState,
    /// Of each row its source and what it has read.
    read: Vec<(usize, Vec<u32>)>,
}

impl Rows<'_> {
    /// A step, each row of which must give what it gives alone.
    fn step(&mut self, parents: &[usize]) {
        let mut read = Vec::new();
        for (row, parent) in parents.iter().enumerate() {
            let (source, mut tokens) = self.read[*parent].clone();
            tokens.push(7 + (3 * row as u32 + 5 * tokens.len() as u32) % 40);
            read.push((source, tokens));
        }
        self.read = read;
        let tokens: Vec<u32> = self.read.iter().map(|(_, t)| *t.last().unwrap()).collect();
        let step = self.model.step(&tokens, parents, &mut self.state).unwrap();
        let vocabulary = self.model.limits().vocabulary;
        assert_eq!(step.logits.len(), parents.len() * vocabulary);
        let attention = step.attention.unwrap();
        let longest = attention.len() / parents.len();
        for (row, (source, tokens)) in self.read.iter().enumerate() {
            let what = format!("{parents:?}: row {row}");
            let source = &self.sources[*source];
            let alone = forced(self.model, source, tokens);
            assert_close(
                &what,
                &step.logits[row * vocabulary..][..vocabulary],
                alone.last().unwrap(),
            );
            let attention = &attention[row * longest..][..longest];
            assert!((attention.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{what}");
            assert!(attention[source.len()..].iter().all(|a| *a == 0.0), "{what}");
        }
    }
}

/// Rows that are doubled, dropped and permuted, sources that end, and caches that grow meanwhile.
fn parents(model: &Seq2Seq, name: &str) {
    let reference = Reference::of(name);
    let sources = &reference.traced.sources;
    let mut rows = Rows {
        model,
        sources,
        state: model.encode(&slices(sources), true).unwrap(),
        read: (0..sources.len()).map(|source| (source, Vec::new())).collect(),
    };
    // Expanded before anything is written, as a beam search does.
    rows.step(&[0, 0, 1, 1, 2, 2]);
    rows.step(&[0, 1, 2, 3, 4, 5]);
    rows.step(&[1, 0, 2, 2, 5, 4]);
    rows.step(&[1, 1, 3, 2, 4, 4]);
    // Uneven, mixed, and with other numbers of rows for the sources.
    rows.step(&[4, 0, 0, 2, 1, 0, 5]);
    rows.step(&[6, 5, 4, 3, 2, 1, 0]);
    rows.step(&[2, 2, 0, 3, 3, 1, 6]);
    // The second source ends.
    let second: Vec<usize> = (0..7).filter(|row| rows.read[*row].0 != 1).collect();
    rows.step(&second);
    for _ in 0..10 {
        let count = rows.read.len();
        let turned: Vec<usize> = (0..count).map(|row| (row + 1) % count).collect();
        rows.step(&turned);
    }
    let last = rows.read.len() - 1;
    rows.step(&[last]);
    rows.step(&[0, 0, 0]);
    rows.step(&[2, 1, 0]);
    assert!(rows.read[0].1.len() > 20);
}

macro_rules! family {
    ($module:ident, $name:literal) => {
        mod $module {
            #[test]
            fn every_layer_is_that_of_transformers() {
                super::layers(&super::load_tiny($name), $name);
            }
            #[test]
            fn greedy_ids_are_those_of_transformers() {
                super::greedy(&super::load_tiny($name), $name);
            }
            #[test]
            fn ids_of_four_beams_are_those_of_transformers() {
                super::beams(&super::load_tiny($name), $name);
            }
            #[test]
            fn batches_and_padding_change_nothing() {
                super::batches(&super::load_tiny($name), $name);
            }
            #[test]
            fn sentences_do_not_touch_each_other() {
                super::isolation(&super::load_tiny($name), $name);
            }
            #[test]
            fn rows_go_on_from_any_row() {
                super::parents(&super::load_tiny($name), $name);
            }
        }
    };
}

family!(marian_model, "marian");
family!(marian_separate_model, "marian_separate");
family!(bart_model, "bart");
family!(mbart_model, "mbart");
family!(m2m100_model, "m2m100");
family!(nllb_model, "nllb");
family!(pegasus_model, "pegasus");
family!(t5_model, "t5");
family!(t5_v1_1_model, "t5_v1_1");
family!(mt5_model, "mt5");
family!(madlad_model, "madlad");

/// One model from several files: the same logits, bit for bit where the numbers are the same.
#[test]
fn marian_separate_model_from_both_forms_of_pytorch_is_the_same() {
    let reference = Reference::of("marian_separate");
    let Traced { sources, targets } = &reference.traced;
    let old = model_of(&LoadSpec::new([file("marian_separate", "before_1_6.bin")]));
    layers(&old, "marian_separate");
    let new = load_tiny("marian_separate");
    for (source, target) in sources.iter().zip(targets) {
        assert_eq!(forced(&old, source, target), forced(&new, source, target));
    }
    let limits = new.limits();
    assert_eq!((limits.source, limits.target, limits.vocabulary), (40, 40, 80));
}

#[test]
fn madlad_model_from_gguf_is_that_of_transformers() {
    let model = model_of(&LoadSpec::new([file("madlad", "model.gguf")]));
    let special = model.special();
    assert_eq!(
        (special.start, special.pad, special.end.as_slice()),
        (0, 1, &[2][..])
    );
    layers(&model, "madlad");
    let reference = Reference::of("madlad");
    let generation = Generation {
        beams: 4,
        max_length: Some(16),
        ..Generation::default()
    };
    assert_eq!(found(&model, &reference.sources, &generation), reference.beam4);
}

#[test]
fn madlad_model_quantised_while_loading_gives_nearly_the_same() {
    let reference = Reference::of("madlad");
    let Traced { sources, targets } = &reference.traced;
    let logits = |quantise| {
        let spec = LoadSpec {
            quantise,
            ..LoadSpec::new([weights("madlad")])
        };
        let seen = model_of(&spec).inspect(&slices(sources), &slices(targets));
        seen.unwrap().logits.concat()
    };
    let whole = logits(None);
    let apart = difference(&logits(Some(Quantise::Q8_0)), &whole);
    assert!(apart > CLOSE && apart < 0.06, "{apart}");
    // Rows of 32 cannot be cut into blocks of 256: they stay whole.
    assert_eq!(logits(Some(Quantise::Q4K)), whole);
}
