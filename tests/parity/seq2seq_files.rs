//! What the files of encoder-decoders may say and what not: settings, options, copies of tensors, damage.

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use byline::error::Error;
use byline::neural::{EncoderDecoder, LoadSpec, Seq2SeqState, load_seq2seq};
use candle_core::quantized::{GgmlDType, QTensor, gguf_file};
use candle_core::{Device, Tensor};

use crate::damage::{assert_clear, copy};
use crate::seq2seq::{Reference, Traced, forced, load_tiny, model_of, weights};

/// What `config.json` and `generation_config.json` say, and which goes first.
#[test]
fn bart_model_is_decoded_as_its_authors_do() {
    let folder = copy("bart");
    let at = |name: &str| folder.path().join(name);
    let spec = LoadSpec::new([at("model.safetensors")]);
    let bart = model_of(&spec);
    let defaults = bart.defaults();
    assert_eq!(
        (defaults.beams, defaults.min_length, defaults.no_repeat_ngram),
        (4, 4, 3)
    );
    assert_eq!((defaults.length_penalty, defaults.max_length), (2.0, Some(16)));
    let special = bart.special();
    assert_eq!((special.forced_first, special.forced_last), (Some(0), Some(2)));
    assert_eq!((special.start, special.pad, &special.end[..]), (2, 1, &[2][..]));
    assert_eq!(load_tiny("marian").special().never, [95]);

    // Old checkpoints have one file, and another name for the forced first token.
    fs::remove_file(at("generation_config.json")).unwrap();
    set(&at("config.json"), "num_beams", 6.into());
    set(&at("config.json"), "force_bos_token_to_be_generated", true.into());
    set(&at("config.json"), "max_new_tokens", 30.into());
    set(&at("config.json"), "forced_bos_token_id", serde_json::Value::Null);
    let old = model_of(&spec);
    assert_eq!((old.defaults().beams, old.defaults().max_length), (6, Some(31)));
    assert_eq!(old.special().forced_first, Some(0));

    // opus-mt asks for it
    set(&at("config.json"), "renormalize_logits", true.into());
    assert!(model_of(&spec).defaults().renormalise && !old.defaults().renormalise);
}

/// Sets a key of a JSON file.
fn set(path: &Path, key: &str, value: serde_json::Value) {
    let mut json: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    json[key] = value;
    fs::write(path, json.to_string()).unwrap();
}

#[test]
fn options_of_an_encoder_decoder_that_would_be_ignored_are_refused() {
    for (model, key, value, named) in [
        ("marian", "activation_function", "gelu_10", "gelu_10"),
        ("marian", "model_type", "\"prophetnet\"", "prophetnet"),
        ("marian", "normalize_before", "true", "normalize_before"),
        ("bart", "static_position_embeddings", "true", "static_position"),
        ("pegasus", "add_bias_logits", "true", "add_bias_logits"),
        (
            "mbart",
            "quantization_config",
            "{\"bits\": 4}",
            "quantization_config",
        ),
        ("mbart", "encoder_layers", "1", "model.encoder.layers.1"),
        ("mbart", "encoder_layers", "3", "model.encoder.layers.2"),
        ("m2m100", "encoder_ffn_dim", "25", "fc1"),
        ("nllb", "decoder_attention_heads", "3", "do not fit"),
        ("nllb", "tie_word_embeddings", "false", "lm_head.weight"),
        ("t5", "feed_forward_proj", "gated-tanh", "tanh"),
        ("t5", "feed_forward_proj", "gated-gelu", "wi_0"),
        ("mt5", "relative_attention_num_buckets", "0", "num_buckets"),
        ("mt5", "vocab_size", "97", "shared.weight"),
        ("t5_v1_1", "decoder_start_token_id", "96", "96"),
        ("t5_v1_1", "num_decoder_layers", "3", "decoder.block.2"),
    ] {
        let folder = copy(model);
        let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
        set(&folder.path().join("config.json"), key, value);
        // It repeats the special tokens.
        if key.ends_with("token_id") {
            fs::remove_file(folder.path().join("generation_config.json")).unwrap();
        }
        refused(&folder.path().join("model.safetensors"), named);
    }
    for (key, value) in [
        ("do_sample", "true"),
        ("num_beam_groups", "2"),
        ("encoder_no_repeat_ngram_size", "3"),
        ("bad_words_ids", "[[4, []]]"),
        ("early_stopping", "\"perhaps\""),
        ("num_beams", "-1"),
    ] {
        let folder = copy("bart");
        let value = serde_json::from_str(value).unwrap();
        set(&folder.path().join("generation_config.json"), key, value);
        refused(&folder.path().join("model.safetensors"), key);
    }
}

/// A pickle is data: what it would have Python call is not called, and where there are no tensors that is said.
#[test]
fn a_pickle_that_calls_for_code_is_refused_and_calls_nothing() {
    let folder = copy("marian_separate");
    let path = folder.path().join("pytorch_model.bin");
    let called = folder.path().join("called");
    let code = format!("cos\nsystem\n(S'touch {}'\ntR.", called.display());
    fs::write(&path, &code).unwrap();
    refused(&path, "pytorch_model.bin");
    let mut archive = zip::ZipWriter::new(fs::File::create(&path).unwrap());
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    archive.start_file("archive/data.pkl", stored).unwrap();
    archive.write_all(code.as_bytes()).unwrap();
    archive.finish().unwrap();
    refused(&path, "pytorch_model.bin");
    assert!(!called.exists());
}

fn refused(weights: &Path, named: &str) {
    let spec = LoadSpec::new([weights.to_owned()]);
    let error = load_seq2seq(&spec, &Device::Cpu)
        .err()
        .unwrap_or_else(|| panic!("{named} was not refused"));
    assert_clear(&error, named);
}

#[test]
fn files_of_encoder_decoders_that_are_cut_off_are_refused() {
    for (model, name) in [
        ("marian", "model.safetensors"),
        ("marian_separate", "pytorch_model.bin"),
        ("marian_separate", "before_1_6.bin"),
        ("madlad", "model.gguf"),
    ] {
        let folder = copy(model);
        let path = folder.path().join(name);
        let whole = fs::read(&path).unwrap();
        for length in (0..whole.len()).step_by(whole.len() / 40) {
            fs::write(&path, &whole[..length]).unwrap();
            refused(&path, name);
        }
        // Damaged anywhere: an error or a model, never a panic.
        for at in (0..whole.len()).step_by(whole.len() / 200 + 1) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0xA5;
            fs::write(&path, bytes).unwrap();
            if let Err(error) = load_seq2seq(&LoadSpec::new([path.clone()]), &Device::Cpu) {
                assert_clear(&error, "");
            }
        }
    }
}

#[test]
fn what_an_encoder_decoder_cannot_read_is_an_error() {
    let model = load_tiny("t5");
    let error = |result: Result<Seq2SeqState, Error>| {
        let error = result.err().unwrap();
        assert_eq!(error.exit_code(), 4);
        error.to_string()
    };
    assert!(error(model.encode(&[], false)).contains("no tokens"));
    assert!(error(model.encode(&[&[3], &[]], false)).contains("no tokens"));
    assert!(error(model.encode(&[&[3, 96]], false)).contains("token 96"));
    assert!(error(model.encode(&[&[3; 41]], false)).contains("41 tokens"));
    let mut state = model.encode(&[&[3, 4, 1]], false).unwrap();
    let mut step = |tokens: &[u32], parents: &[usize]| model.step(tokens, parents, &mut state).is_ok();
    assert!(!step(&[96], &[0]) && !step(&[3], &[1]) && !step(&[], &[]) && !step(&[3, 4], &[0]));
    assert!((0..40).all(|_| step(&[3], &[0])));
    assert!(!step(&[3], &[0]), "a row grows over the limit");
}

#[test]
fn the_alignment_layer_can_be_chosen() {
    let spec = |alignment_layer| LoadSpec {
        alignment_layer,
        ..LoadSpec::new([weights("marian")])
    };
    let attention = |layer| {
        let model = model_of(&spec(layer));
        let mut state = model.encode(&[&[9, 8, 7, 0]], true).unwrap();
        model.step(&[95], &[0], &mut state).unwrap().attention.unwrap()
    };
    assert_eq!(attention(None), attention(Some(0)));
    assert_ne!(attention(Some(0)), attention(Some(1)));
    let error = load_seq2seq(&spec(Some(2)), &Device::Cpu).err().unwrap();
    assert_eq!(error.exit_code(), 2);
}

/// The logits of the first traced target, step by step.
fn first_logits(weights: &Path, name: &str) -> Vec<Vec<f32>> {
    let Traced { sources, targets } = Reference::of(name).traced;
    let model = model_of(&LoadSpec::new([weights.to_owned()]));
    forced(&model, &sources[0], &targets[0])
}

/// A tiny model with other tensors.
fn with(name: &str, change: impl FnOnce(&mut HashMap<String, Tensor>)) -> tempfile::TempDir {
    let folder = copy(name);
    let path = folder.path().join("model.safetensors");
    let mut tensors = candle_core::safetensors::load(&path, &Device::Cpu).unwrap();
    change(&mut tensors);
    candle_core::safetensors::save(&tensors, &path).unwrap();
    folder
}

#[test]
fn copies_of_a_tied_embedding_and_constants_are_left_alone() {
    let path = |folder: &tempfile::TempDir| folder.path().join("model.safetensors");
    let plain = first_logits(&weights("t5"), "t5");
    let copies = with("t5", |tensors| {
        let shared = tensors["shared.weight"].clone();
        for copy in ["lm_head", "encoder.embed_tokens", "decoder.embed_tokens"] {
            tensors.insert(format!("{copy}.weight"), shared.clone());
        }
    });
    assert_eq!(first_logits(&path(&copies), "t5"), plain);
    let renamed = with("t5", |tensors| {
        let shared = tensors.remove("shared.weight").unwrap();
        tensors.insert("decoder.embed_tokens.weight".to_owned(), shared);
    });
    assert_eq!(first_logits(&path(&renamed), "t5"), plain);
    // Another output matrix counts, whatever the configuration says of it.
    let untied = with("t5", |tensors| {
        let other = (&tensors["shared.weight"] * 2.0).unwrap();
        tensors.insert("lm_head.weight".to_owned(), other);
    });
    let doubled: Vec<Vec<f32>> = plain
        .iter()
        .map(|step| step.iter().map(|x| 2.0 * x).collect())
        .collect();
    assert_eq!(first_logits(&path(&untied), "t5"), doubled);

    let positions = with("m2m100", |tensors| {
        let shared = tensors["model.shared.weight"].clone();
        tensors.insert("model.encoder.embed_positions.weights".to_owned(), shared);
    });
    assert_eq!(
        first_logits(&path(&positions), "m2m100"),
        first_logits(&weights("m2m100"), "m2m100")
    );
    let base = with("bart", |tensors| {
        let prefixed: Vec<String> = tensors.keys().cloned().collect();
        for name in prefixed {
            if let (Some(bare), Some(tensor)) = (name.strip_prefix("model."), tensors.get(&name)) {
                let tensor = tensor.clone();
                tensors.insert(bare.to_owned(), tensor);
                tensors.remove(&name);
            }
        }
    });
    assert_eq!(
        first_logits(&path(&base), "bart"),
        first_logits(&weights("bart"), "bart")
    );
}

#[test]
fn a_part_that_an_encoder_decoder_does_not_have_is_refused() {
    let folder = with("bart", |tensors| {
        let norm = tensors["model.encoder.layernorm_embedding.weight"].clone();
        tensors.insert("model.encoder.layer_norm.weight".to_owned(), norm);
    });
    refused(
        &folder.path().join("model.safetensors"),
        "model.encoder.layer_norm",
    );
}

/// As candle's tensor-tools writes them: the names of the hub, and no metadata.
#[test]
fn a_gguf_file_without_metadata_is_read_with_its_configuration() {
    let folder = copy("madlad");
    let tensors = candle_core::safetensors::load(weights("madlad"), &Device::Cpu).unwrap();
    let quantised: Vec<(String, QTensor)> = tensors
        .iter()
        .map(|(name, tensor)| {
            let tensor = QTensor::quantize(tensor, GgmlDType::F32).unwrap();
            (name.clone(), tensor)
        })
        .collect();
    let all: Vec<(&str, &QTensor)> = quantised.iter().map(|(n, t)| (n.as_str(), t)).collect();
    let path = folder.path().join("model-q8.gguf");
    let mut written = fs::File::create(&path).unwrap();
    gguf_file::write(&mut written, &[], &all).unwrap();
    assert_eq!(
        first_logits(&path, "madlad"),
        first_logits(&weights("madlad"), "madlad")
    );
    fs::remove_file(folder.path().join("config.json")).unwrap();
    refused(&path, "config.json");
}
