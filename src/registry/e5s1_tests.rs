//! A container of two layers that the test writes itself, whole and damaged.
#![allow(clippy::unwrap_used)]

use std::fs;

use super::*;

const HIDDEN: usize = 32;
const WIDE: usize = 64;
const VOCABULARY: usize = 40;

fn sizes() -> Sizes {
    Sizes {
        hidden: HIDDEN,
        layers: 2,
        heads: 4,
        feed_forward: WIDE,
        vocabulary: VOCABULARY,
        positions: 16,
        types: 2,
        epsilon: 1e-12,
    }
}

/// The directory's length does not depend on the offsets, so it is written twice.
fn container() -> Vec<u8> {
    let mut head = Vec::new();
    head.extend(MAGIC);
    head.extend(1u32.to_le_bytes());
    for size in [HIDDEN, 2, 4, WIDE, VOCABULARY, 16, 2] {
        head.extend((size as i32).to_le_bytes());
    }
    head.extend(1e-12f32.to_le_bytes());
    head.extend(32i32.to_le_bytes());
    for value in [2i32, 0, 2, 1, 3] {
        head.extend(value.to_le_bytes());
    }
    head.extend(5u64.to_le_bytes());
    head.extend([0u8; 3 * 4 + 2 * 4]);
    head.extend(b"piece");
    head.extend(1i32.to_le_bytes());
    head.extend(9u32.to_le_bytes());
    head.extend([7u8; 9]);
    let tensors = tensors_of(&sizes());
    let directory = |start: usize| {
        let mut bytes = (tensors.len() as i32).to_le_bytes().to_vec();
        let mut at = start;
        for tensor in &tensors {
            bytes.extend((tensor.short.len() as u16).to_le_bytes());
            bytes.extend(tensor.short.as_bytes());
            bytes.push(u8::from(tensor.stored == Stored::Q4));
            bytes.extend((tensor.numbers() as u32).to_le_bytes());
            bytes.extend((at as u64).to_le_bytes());
            bytes.extend((tensor.stored_bytes() as u64).to_le_bytes());
            at += tensor.stored_bytes();
        }
        bytes
    };
    let start = head.len() + directory(0).len();
    head.extend(directory(start));
    for (index, tensor) in tensors.iter().enumerate() {
        match tensor.stored {
            Stored::F32 => {
                for i in 0..tensor.numbers() {
                    head.extend((index as f32 + i as f32 / 64.0).to_le_bytes());
                }
            }
            Stored::Q4 => {
                for block in 0..tensor.numbers() / BLOCK {
                    // 0.5, 1, 2: halves without a fraction
                    head.extend([0u8, [0x38, 0x3c, 0x40][block % 3]]);
                    head.extend((0..16u8).map(|i| i | (15 - i) << 4));
                }
            }
        }
    }
    head
}

fn message(bytes: &[u8]) -> String {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("x.bin");
    fs::write(&path, bytes).unwrap();
    let to = home.path().join("y.safetensors");
    let error = to_safetensors(&path, &to).unwrap_err();
    assert_eq!(error.exit_code(), 4);
    let text = error.to_string();
    assert!(text.contains("x.bin: ") && !text.contains('\n'), "{text}");
    text.rsplit("x.bin: ").next().unwrap().to_owned()
}

#[test]
fn every_tensor_comes_under_its_name_with_its_numbers() {
    let home = tempfile::tempdir().unwrap();
    let (from, to) = (home.path().join("x.bin"), home.path().join("model.safetensors"));
    fs::write(&from, container()).unwrap();
    to_safetensors(&from, &to).unwrap();
    let bytes = fs::read(&to).unwrap();
    let length = usize::try_from(u64::from_le_bytes(bytes[..8].try_into().unwrap())).unwrap();
    let header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let read = |name: &str| -> Vec<f32> {
        let at = |i: usize| usize::try_from(header[name]["data_offsets"][i].as_u64().unwrap()).unwrap();
        let data = &bytes[8 + length + at(0)..8 + length + at(1)];
        data.as_chunks::<4>()
            .0
            .iter()
            .map(|b| f32::from_le_bytes(*b))
            .collect()
    };
    assert_eq!(header.as_object().unwrap().len(), 5 + 2 * 16);
    let words = read("embeddings.word_embeddings.weight");
    assert_eq!(
        header["embeddings.word_embeddings.weight"]["shape"],
        json!([VOCABULARY, HIDDEN])
    );
    assert_eq!(words.len(), VOCABULARY * HIDDEN);
    assert_eq!(
        (words[0], words[15], words[16], words[31]),
        (-4.0, 3.5, 3.5, -4.0)
    );
    assert_eq!((words[32], words[64], words[96]), (-8.0, -16.0, -4.0));
    assert_eq!(
        header["encoder.layer.1.output.dense.weight"]["shape"],
        json!([HIDDEN, WIDE])
    );
    assert_eq!(
        header["encoder.layer.0.intermediate.dense.bias"]["shape"],
        json!([WIDE])
    );
    assert_eq!(
        read("embeddings.position_embeddings.weight")[..2],
        [1.0, 1.0 + 1.0 / 64.0]
    );
    let config = home.path().join("config.json");
    to_config(&from, &config).unwrap();
    let config: serde_json::Value = serde_json::from_slice(&fs::read(&config).unwrap()).unwrap();
    assert_eq!(
        (&config["hidden_size"], &config["vocab_size"]),
        (&json!(HIDDEN), &json!(VOCABULARY))
    );
    assert_eq!(config["layer_norm_eps"], json!(1e-12));
}

#[test]
fn wherever_it_is_cut_it_is_refused() {
    let whole = container();
    for length in (0..whole.len()).step_by(97).chain([whole.len() - 1]) {
        let says = message(&whole[..length]);
        assert!(
            says.contains("cut off") || says.contains("the file ends before"),
            "{length}: {says}"
        );
    }
}

#[test]
fn what_is_damaged_is_said() {
    let whole = container();
    let with = |at: usize, bytes: &[u8]| {
        let mut changed = whole.clone();
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        message(&changed)
    };
    let find = |name: &str| {
        whole
            .windows(name.len())
            .position(|w| w == name.as_bytes())
            .unwrap()
    };
    assert_eq!(with(0, b"GGUF"), "this is no E5S1 container");
    assert_eq!(with(4, &2u32.to_le_bytes()), "version 2 of E5S1 is not known");
    assert_eq!(with(8, &(-1i32).to_le_bytes()), "the width cannot be -1");
    assert_eq!(with(8, &33i32.to_le_bytes()), "its sizes do not fit together");
    assert_eq!(
        with(12, &1i32.to_le_bytes()),
        "the tensor \"l1.aln.b\" is unknown"
    );
    assert_eq!(with(12, &3i32.to_le_bytes()), "the tensor \"l2.q.w\" is missing");
    assert_eq!(
        with(24, &41i32.to_le_bytes()),
        "the tensor \"emb.word\" has another size or type than its model"
    );
    assert_eq!(
        with(find("l1.q.b"), b"l9.q.b"),
        "the tensor \"l1.q.b\" is missing"
    );
    assert_eq!(
        with(find("emb.pos") + 7, &[9]),
        "the type 9 of \"emb.pos\" is not known"
    );
    let after = find("emb.pos") + 7 + 1 + 4;
    assert_eq!(
        with(after, &u64::MAX.to_le_bytes()),
        "the file ends before the tensor \"emb.pos\""
    );
    assert_eq!(
        with(whole.len() - 4, &f32::NAN.to_le_bytes()),
        "the tensor \"l1.oln.b\" holds what is no number"
    );
}

#[test]
fn halves_are_what_they_say() {
    for (bits, value) in [
        (0x3c00, 1.0),
        (0xc000, -2.0),
        (0x7bff, 65504.0),
        (0x0001, 2f32.powi(-24)),
        (0x03ff, 1023.0 * 2f32.powi(-24)),
        (0x0400, 2f32.powi(-14)),
        (0x3555, 0.333_251_95),
    ] {
        assert_eq!(f16::from_bits(bits).to_f32(), value, "{bits:x}");
    }
    assert!(f16::from_bits(0x7c00).is_infinite() && f16::from_bits(0x7e00).is_nan());
}
