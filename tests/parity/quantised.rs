//! Quantised copies of safetensors: the blocks are candle's, and what the model says stays near to what it said. The
//! tiny models' rows are too short for blocks of 256, so wider ones of the same architectures are made here.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use byline::neural::{LoadSpec, Quantise, Quantiser, load};
use candle_core::quantized::{GgmlDType, QTensor, gguf_file};
use candle_core::{Device, Tensor};
use serde_json::Value;

use crate::{best, here};

/// Numbers that look random, the same in each run: about normal with a deviation of 1.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f32 {
        let mut sum = 0.0;
        for _ in 0..6 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            sum += (self.0 >> 40) as f32 / (1 << 24) as f32 - 0.5;
        }
        sum * 2f32.sqrt()
    }
}

/// Sizes of the wide models: all rows are cut into blocks of 256, but for those of one matrix.
const HIDDEN: usize = 256;
const INNER: usize = 512;

/// A model of the tiny one's architecture and vocabulary, wide, with three layers.
fn wide(name: &str, folder: &Path) -> LoadSpec {
    let tiny = here("tiny").join(name);
    let text = std::fs::read_to_string(tiny.join("config.json")).unwrap();
    let mut config: Value = serde_json::from_str(&text).unwrap();
    for (key, value) in [
        ("hidden_size", HIDDEN),
        ("intermediate_size", INNER),
        ("num_hidden_layers", 3),
        ("num_attention_heads", 4),
        ("num_key_value_heads", 2),
    ] {
        config[key] = value.into();
    }
    if config.get("head_dim").is_some() {
        config["head_dim"] = 64.into();
    }
    if name == "phi3" {
        for key in ["short_factor", "long_factor"] {
            config["rope_parameters"][key] = vec![1.0; 24].into();
        }
    }
    if let Some(config) = config.as_object_mut() {
        config.remove("layer_types");
    }
    if name == "gemma3" {
        config["layer_types"] = vec!["sliding_attention", "full_attention", "sliding_attention"].into();
    }
    std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
    for file in ["tokenizer.json", "tokenizer_config.json"] {
        std::fs::copy(tiny.join(file), folder.join(file)).unwrap();
    }
    let weights = folder.join("model.safetensors");
    candle_core::safetensors::save(&tensors(name, &config), &weights).unwrap();
    LoadSpec::new([weights])
}

/// The tensors of the tiny model in the sizes of the wide one.
fn tensors(name: &str, config: &Value) -> HashMap<String, Tensor> {
    let size = |key: &str| usize::try_from(config[key].as_u64().unwrap()).unwrap();
    let head = config.get("head_dim").map_or(HIDDEN / 4, |_| size("head_dim"));
    let (queries, keys) = (4 * head, 2 * head);
    let mut noise = Noise(9);
    let mut all = HashMap::new();
    for tensor in names_in(name) {
        let part = tensor.rsplit('.').nth(1).unwrap().to_owned();
        let bias = tensor.ends_with(".bias");
        let shape: Vec<usize> = match part.as_str() {
            "embed_tokens" | "lm_head" => vec![size("vocab_size"), HIDDEN],
            "q_proj" if bias => vec![queries],
            "k_proj" | "v_proj" if bias => vec![keys],
            "q_proj" => vec![queries, HIDDEN],
            "k_proj" | "v_proj" => vec![keys, HIDDEN],
            "qkv_proj" => vec![queries + 2 * keys, HIDDEN],
            "o_proj" => vec![HIDDEN, queries],
            "gate_proj" | "up_proj" => vec![INNER, HIDDEN],
            "gate_up_proj" => vec![2 * INNER, HIDDEN],
            "down_proj" => vec![HIDDEN, INNER],
            "q_norm" | "k_norm" | "query_layernorm" | "key_layernorm" => vec![head],
            _ => vec![HIDDEN],
        };
        let count = shape.iter().product();
        let deviation = (*shape.last().unwrap() as f32).powf(-0.5);
        let numbers: Vec<f32> = (0..count)
            .map(|_| match shape.len() {
                1 if bias => noise.next() * 0.3,
                // gemma's are stored less one
                1 if name == "gemma3" => noise.next() * 0.1,
                1 => 1.0 + noise.next() * 0.1,
                _ => noise.next() * deviation,
            })
            .collect();
        let tensor_of = Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap();
        all.insert(tensor, tensor_of);
    }
    all
}

/// The names of the tiny model's tensors, its last layer's once more as those of the next, until there are three.
fn names_in(name: &str) -> Vec<String> {
    let folder = here("tiny").join(name);
    let mut names: Vec<String> = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        if file.starts_with("model") && file.ends_with(".safetensors") {
            let tensors = candle_core::safetensors::load(&path, &Device::Cpu).unwrap();
            names.extend(tensors.into_keys());
        }
    }
    let third: Vec<String> = names
        .iter()
        .filter(|name| name.starts_with("model.layers.1."))
        .map(|name| name.replacen(".1.", ".2.", 1))
        .collect();
    names.extend(third);
    names.sort();
    names.dedup();
    names
}

fn copy(spec: &LoadSpec, to: Quantise, folder: &Path) -> (LoadSpec, PathBuf) {
    let path = folder.join("copy.gguf");
    let quantiser = Quantiser::open(spec, to).unwrap();
    let mut last = (0, 0);
    quantiser
        .write(&path, "mark", &mut |done, all| last = (done, all))
        .unwrap();
    assert_eq!(last, (quantiser.bytes(), quantiser.bytes()));
    let size = std::fs::metadata(&path).unwrap().len();
    assert!(size >= quantiser.bytes() && size < quantiser.bytes() + 20_000);
    let spec = LoadSpec {
        quantised: Some(path.clone()),
        ..spec.clone()
    };
    (spec, path)
}

/// Each tensor of the copy, as candle's own reader sees it.
fn tensors_of(path: &Path) -> BTreeMap<String, QTensor> {
    let mut file = std::fs::File::open(path).unwrap();
    let content = gguf_file::Content::read(&mut file).unwrap();
    content
        .tensor_infos
        .keys()
        .map(|name| {
            (
                name.clone(),
                content.tensor(&mut file, name, &Device::Cpu).unwrap(),
            )
        })
        .collect()
}

#[test]
fn the_blocks_are_those_of_candle() {
    let folder = tempfile::tempdir().unwrap();
    let spec = wide("llama", folder.path());
    let stored = candle_core::safetensors::load(&spec.weights[0], &Device::Cpu).unwrap();
    for to in [Quantise::Q4K, Quantise::Q8_0] {
        let (_, path) = copy(&spec, to, folder.path());
        let copied = tensors_of(&path);
        assert_eq!(copied.len(), stored.len());
        for (name, tensor) in copied {
            let expected = match (to, stored[&name].rank(), name.as_str()) {
                (_, 1, _) => GgmlDType::F32,
                (Quantise::Q8_0, ..) => GgmlDType::Q8_0,
                (_, _, "lm_head.weight" | "model.embed_tokens.weight") => GgmlDType::Q6K,
                (_, _, "model.layers.2.mlp.down_proj.weight") => GgmlDType::Q6K,
                (_, _, "model.layers.2.self_attn.v_proj.weight") => GgmlDType::Q6K,
                _ => GgmlDType::Q4K,
            };
            assert_eq!(tensor.dtype(), expected, "{name}");
            if expected == GgmlDType::F32 {
                let numbers: Vec<f32> = stored[&name].to_vec1().unwrap();
                let kept: Vec<f32> = tensor.dequantize(&Device::Cpu).unwrap().to_vec1().unwrap();
                assert_eq!(kept, numbers, "{name}");
                continue;
            }
            let candles = QTensor::quantize(&stored[&name], expected).unwrap();
            assert!(
                tensor.data().unwrap() == candles.data().unwrap(),
                "{name} is not what candle makes of it"
            );
        }
    }
}

#[test]
fn short_rows_stay_in_blocks_that_fit_or_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    for (name, expected) in [("qwen2", GgmlDType::Q8_0), ("mistral", GgmlDType::F32)] {
        let spec = LoadSpec::new([here("tiny").join(name).join("model.safetensors")]);
        let (spec, path) = copy(&spec, Quantise::Q4K, folder.path());
        let copied = tensors_of(&path);
        assert_eq!(copied["model.layers.0.self_attn.q_proj.weight"].dtype(), expected);
        load(&spec, &Device::Cpu).unwrap();
    }
}

/// How often both think the same token the likeliest, and the mean Kullback-Leibler divergence in nats.
fn nearness(plain: &[f32], copied: &[f32], vocabulary: usize) -> (f64, f64) {
    let logs = |logits: &[f32]| -> Vec<f64> {
        let most = logits.iter().fold(f32::MIN, |m, x| m.max(*x));
        let sum: f64 = logits.iter().map(|x| f64::from(x - most).exp()).sum();
        logits.iter().map(|x| f64::from(x - most) - sum.ln()).collect()
    };
    let (mut same, mut apart, mut rows) = (0.0, 0.0, 0.0);
    for (ours, theirs) in plain
        .chunks_exact(vocabulary)
        .zip(copied.chunks_exact(vocabulary))
    {
        rows += 1.0;
        same += f64::from(u8::from(best(ours) == best(theirs)));
        let (p, q) = (logs(ours), logs(theirs));
        apart += p.iter().zip(&q).map(|(p, q)| p.exp() * (p - q)).sum::<f64>();
    }
    (same / rows, apart / rows)
}

/// Random weights lose more by rounding than trained ones: of 300 tokens, several are always about as likely as the
/// likeliest. Wrong blocks would leave an agreement of one in 300, and a divergence of 1.
fn stays_near(name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let spec = wide(name, folder.path());
    let ids: Vec<u32> = (0..96u32).map(|i| (i * 37 + i / 7) % 280).collect();
    let logits = |spec: &LoadSpec| {
        let model = load(spec, &Device::Cpu).unwrap();
        let lm = model.language_model();
        lm.inspect(&ids, &mut lm.start()).unwrap().logits
    };
    let plain = logits(&spec);
    let vocabulary = plain.len() / ids.len();
    for (to, agree, divergence) in [(Quantise::Q8_0, 0.85, 0.005), (Quantise::Q4K, 0.45, 0.1)] {
        let (spec, _) = copy(&spec, to, folder.path());
        let (same, apart) = nearness(&plain, &logits(&spec), vocabulary);
        eprintln!("{name} {to:?}: the same likeliest token {same:.3}, mean divergence {apart:.2e}");
        assert!(
            same >= agree && apart <= divergence && apart > 0.0,
            "{name} {to:?}: {same} {apart}"
        );
    }
}

macro_rules! stay_near {
    ($($name:ident)*) => { $(
        #[test]
        fn $name() {
            stays_near(stringify!($name));
        }
    )* };
}

stay_near!(llama mistral qwen2 qwen3 gemma3 phi3 hunyuan);

#[test]
fn what_cannot_be_run_is_not_quantised() {
    let folder = tempfile::tempdir().unwrap();
    let spec = wide("llama", folder.path());
    std::fs::write(folder.path().join("config.json"), "{\"model_type\": \"mamba\"}").unwrap();
    let error = Quantiser::open(&spec, Quantise::Q4K).err().unwrap();
    assert!(error.to_string().contains("mamba"), "{error}");
    assert_eq!(error.exit_code(), 4);
}
