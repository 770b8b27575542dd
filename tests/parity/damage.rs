//! Broken, cut, hostile and foreign files: one line that names the file and what to do, exit code 4, no panic.

use std::fs;
use std::path::{Path, PathBuf};

use byline::error::Error;
use byline::neural::{LoadSpec, load};
use candle_core::Device;

use crate::here;

fn try_load(paths: &[PathBuf]) -> Result<(), Error> {
    load(&LoadSpec::new(paths.iter().cloned()), &Device::Cpu).map(|_| ())
}

/// The error of a file with these bytes.
fn error_of(name: &str, bytes: &[u8]) -> Option<Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    let error = try_load(&[path]).err()?;
    assert_clear(&error, name);
    Some(error)
}

pub(crate) fn assert_clear(error: &Error, file: &str) {
    let text = error.to_string();
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.len() < 600, "{text}");
    assert!(text.contains(file), "`{text}` does not name {file}");
    assert_eq!(error.exit_code(), 4, "{text}");
    assert!(error.hint().is_some(), "{text}");
}

fn qwen2() -> Vec<u8> {
    fs::read(here("tiny/qwen2/model.gguf")).unwrap()
}

#[test]
fn a_cut_gguf_file_is_refused_wherever_it_is_cut() {
    let whole = qwen2();
    let step = whole.len() / 60;
    for length in (0..64)
        .chain((64..whole.len()).step_by(step))
        .chain([whole.len() - 1])
    {
        assert!(
            error_of("cut.gguf", &whole[..length]).is_some(),
            "cut at {length}"
        );
    }
}

#[test]
fn other_files_under_a_model_name_are_refused() {
    let text = "KYIV: this is an article, not a model.\n".repeat(50);
    let error = error_of("article.gguf", text.as_bytes()).unwrap();
    assert!(error.to_string().contains("not a GGUF file"), "{error}");
    assert!(error.hint().unwrap().contains("byline models verify"));
    error_of("article.safetensors", text.as_bytes()).unwrap();
    error_of("empty.gguf", b"").unwrap();
    error_of("empty.safetensors", b"").unwrap();
    let missing = try_load(&[PathBuf::from("no/such/model.gguf")]).unwrap_err();
    assert_eq!(missing.exit_code(), 4);
    assert!(missing.to_string().contains("no/such/model.gguf"));
    assert_eq!(try_load(&[]).unwrap_err().exit_code(), 4);
}

/// A header by hand.
fn header(tensors: u64, keys: u64, rest: &[u8]) -> Vec<u8> {
    let mut bytes = b"GGUF\x03\0\0\0".to_vec();
    bytes.extend(tensors.to_le_bytes());
    bytes.extend(keys.to_le_bytes());
    bytes.extend(rest);
    bytes
}

fn text(value: &str) -> Vec<u8> {
    let mut bytes = (value.len() as u64).to_le_bytes().to_vec();
    bytes.extend(value.as_bytes());
    bytes
}

#[test]
fn counts_that_the_file_cannot_hold_allocate_nothing() {
    error_of("a.gguf", &header(u64::MAX, 0, b"")).unwrap();
    error_of("b.gguf", &header(0, u64::MAX, &[0; 64])).unwrap();
    error_of("c.gguf", &header(0, 1, &u64::MAX.to_le_bytes())).unwrap();
    // An array of 2^60 strings; arrays in arrays without end.
    let array = [
        text("k"),
        9u32.to_le_bytes().to_vec(),
        8u32.to_le_bytes().to_vec(),
        (1u64 << 60).to_le_bytes().to_vec(),
    ];
    error_of("d.gguf", &header(0, 1, &array.concat())).unwrap();
    let mut nested = [text("k"), 9u32.to_le_bytes().to_vec()].concat();
    for _ in 0..5000 {
        nested.extend(9u32.to_le_bytes());
        nested.extend(1u64.to_le_bytes());
    }
    error_of("e.gguf", &header(0, 1, &nested)).unwrap();
    // An alignment of zero, and a tensor whose size overflows.
    let alignment = [
        text("general.alignment"),
        4u32.to_le_bytes().to_vec(),
        0u32.to_le_bytes().to_vec(),
    ];
    error_of("f.gguf", &header(0, 1, &alignment.concat())).unwrap();
    let tensor = [
        text("token_embd.weight"),
        2u32.to_le_bytes().to_vec(),
        (1u64 << 40).to_le_bytes().to_vec(),
        (1u64 << 40).to_le_bytes().to_vec(),
        vec![0; 12],
    ];
    error_of("g.gguf", &header(1, 0, &tensor.concat())).unwrap();
    let huge = [&(1u64 << 62).to_le_bytes()[..], b"{}"].concat();
    error_of("h.safetensors", &huge).unwrap();
}

#[test]
fn flipped_bits_in_the_header_never_panic() {
    let whole = qwen2();
    let mut random = 1u64;
    for _ in 0..400 {
        let mut bytes = whole.clone();
        for _ in 0..3 {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let at = (random >> 33) as usize % 16_000;
            bytes[at] ^= 1 << ((random >> 29) & 7);
        }
        error_of("flipped.gguf", &bytes);
    }
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = bytes.windows(from.len()).position(|w| w == from).unwrap();
    let mut bytes = bytes.to_vec();
    bytes[at..at + to.len()].copy_from_slice(to);
    bytes
}

#[test]
fn what_is_not_implemented_is_refused_by_name() {
    let whole = qwen2();
    let other = replace(&whole, &text("qwen2"), &text("qwen9"));
    let error = error_of("other.gguf", &other).unwrap();
    assert!(error.to_string().contains("`qwen9`"), "{error}");
    assert!(error.hint().unwrap().contains("gemma3"));
    let lost = replace(&whole, b"qwen2.block_count", b"qwen2.block_cound");
    let error = error_of("lost.gguf", &lost).unwrap();
    assert!(error.to_string().contains("qwen2.block_count"), "{error}");
    let lost = replace(&whole, b"blk.1.attn_k.bias", b"blk.1.attn_z.bias");
    let error = error_of("lost.gguf", &lost).unwrap();
    assert!(error.to_string().contains("blk.1.attn_k.bias"), "{error}");
}

/// A copy of a tiny model's folder.
pub(crate) fn copy(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(here("tiny").join(name)).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    folder
}

fn shards(folder: &Path) -> Vec<PathBuf> {
    (1..=3)
        .map(|n| folder.join(format!("model-0000{n}-of-00003.safetensors")))
        .chain([folder.join("model.safetensors.index.json")])
        .collect()
}

#[test]
fn missing_shards_and_companions_are_named() {
    let folder = copy("llama");
    let all = shards(folder.path());
    assert!(try_load(&all).is_ok());
    let error = try_load(&[&all[..1], &all[2..]].concat()).unwrap_err();
    assert_clear(&error, "model-00002-of-00003");
    let error = try_load(&all[..2]).unwrap_err();
    assert_clear(&error, "model-00001");
    for companion in ["tokenizer.json", "config.json"] {
        fs::remove_file(folder.path().join(companion)).unwrap();
        let error = try_load(&all).unwrap_err();
        assert_clear(&error, companion);
    }
}

#[test]
fn options_that_would_be_ignored_are_refused() {
    for (model, from, to, named) in [
        ("llama", "\"llama3\"", "\"dynamic\"", "dynamic"),
        ("llama", "\"silu\"", "\"relu\"", "relu"),
        (
            "qwen2",
            "\"use_sliding_window\": false",
            "\"use_sliding_window\": true",
            "use_sliding_window",
        ),
        (
            "qwen2",
            "\"model_type\": \"qwen2\"",
            "\"model_type\": \"mamba\"",
            "mamba",
        ),
        (
            "gemma3",
            "\"final_logit_softcapping\": null",
            "\"final_logit_softcapping\": 30.0",
            "final_logit",
        ),
        ("gemma3", "\"linear\"", "\"dynamic\"", "dynamic"),
        (
            "mistral",
            "\"sliding_window\": 6",
            "\"sliding_window\": 6, \"layer_types\": [\"full_attention\", \"sliding_attention\"]",
            "layer_types",
        ),
        (
            "phi3",
            "\"sliding_window\": null",
            "\"lm_head_bias\": true",
            "lm_head_bias",
        ),
        (
            "phi3",
            "\"partial_rotary_factor\": 0.75",
            "\"partial_rotary_factor\": 1.0",
            "do not fit",
        ),
        ("phi3", "\"long_factor\"", "\"longer_factor\"", "long_factor"),
        ("hunyuan", "\"pretraining_tp\": 1", "\"use_cla\": true", "use_cla"),
        ("hunyuan", "\"factor\": 1.0", "\"factor\": 2.0", "factor"),
        (
            "qwen3",
            "\"hidden_size\": 32",
            "\"hidden_size\": 0",
            "hidden_size",
        ),
        (
            "qwen3",
            "\"num_hidden_layers\": 2",
            "\"num_hidden_layers\": 1",
            "model.layers.1",
        ),
        (
            "qwen3",
            "\"num_hidden_layers\": 2",
            "\"num_hidden_layers\": 3",
            "layers.2",
        ),
        (
            "qwen3",
            "\"num_key_value_heads\": 2",
            "\"num_key_value_heads\": 3",
            "do not fit",
        ),
    ] {
        let folder = copy(model);
        let config = folder.path().join("config.json");
        let mut json = fs::read_to_string(&config).unwrap();
        // layer_types would contradict the changed number of layers.
        if let (Some(start), true) = (json.find("\"layer_types\""), model == "qwen3") {
            let end = start + json[start..].find("],").unwrap() + 2;
            json.replace_range(start..end, "");
        }
        assert!(json.contains(from), "{model} has no {from}");
        fs::write(&config, json.replace(from, to)).unwrap();
        let weights = if model == "llama" {
            shards(folder.path())
        } else {
            vec![folder.path().join("model.safetensors")]
        };
        let error = try_load(&weights).unwrap_err();
        assert!(error.to_string().contains(named), "{model}: {error}");
        assert_clear(&error, "");
    }
}

#[test]
fn a_cut_safetensors_file_is_refused() {
    let folder = copy("qwen2");
    let path = folder.path().join("model.safetensors");
    let whole = fs::read(&path).unwrap();
    for length in (0..whole.len()).step_by(whole.len() / 40) {
        fs::write(&path, &whole[..length]).unwrap();
        assert_clear(
            &try_load(std::slice::from_ref(&path)).unwrap_err(),
            "model.safetensors",
        );
    }
}

#[test]
fn a_damaged_tokenizer_is_refused() {
    let folder = copy("qwen2");
    let path = folder.path().join("tokenizer.json");
    let weights = [folder.path().join("model.safetensors")];
    let whole = fs::read_to_string(&path).unwrap();
    for bytes in ["", "{}", "{\"added_tokens\": 3}", &whole[..whole.len() / 2]] {
        fs::write(&path, bytes).unwrap();
        assert_clear(&try_load(&weights).unwrap_err(), "tokenizer.json");
    }
    let other = fs::read(here("tiny/gemma3/tokenizer.json")).unwrap();
    fs::write(&path, other).unwrap();
    let error = try_load(&weights).unwrap_err();
    assert!(error.to_string().contains("do not belong together"), "{error}");
}
