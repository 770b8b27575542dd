//! A model that packages hold in a container of its own (E5S1) and that is rewritten once.
#![cfg(unix)]

use std::fs;

use super::disk::{assert_one_line_of_advice, limited};
use super::wheels::Index;
use super::{Ran, Tiny};
use crate::hub_server::sha256;

const HIDDEN: usize = 32;

/// One layer, one head, a vocabulary of four: each number of a matrix is 1, each of a vector 0.5.
fn container() -> Vec<u8> {
    let (matrix, vector) = (HIDDEN * HIDDEN, HIDDEN);
    let mut tensors: Vec<(String, bool, usize)> = vec![
        ("emb.word".to_owned(), true, 4 * HIDDEN),
        ("emb.pos".to_owned(), false, 3 * HIDDEN),
        ("emb.type".to_owned(), false, HIDDEN),
    ];
    for name in ["emb.ln", "l0.aln", "l0.oln"] {
        tensors.extend(["w", "b"].map(|part| (format!("{name}.{part}"), false, vector)));
    }
    for name in ["q", "k", "v", "ao", "fi", "fo"] {
        tensors.push((format!("l0.{name}.w"), true, matrix));
        tensors.push((format!("l0.{name}.b"), false, vector));
    }
    let mut bytes = b"E5S1".to_vec();
    for number in [1, HIDDEN, 1, 1, HIDDEN, 4, 3, 1] {
        bytes.extend((number as u32).to_le_bytes());
    }
    bytes.extend(1e-12f32.to_le_bytes());
    // the block; one empty piece with its four ids, no blob, two offsets, a score; no map
    for number in [32u32, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, tensors.len() as u32] {
        bytes.extend(number.to_le_bytes());
    }
    let length = |(_, quantised, numbers): &(String, bool, usize)| {
        if *quantised {
            numbers / 32 * 18
        } else {
            numbers * 4
        }
    };
    let mut at = bytes.len() + tensors.iter().map(|t| 2 + t.0.len() + 1 + 4 + 16).sum::<usize>();
    for tensor in &tensors {
        bytes.extend((tensor.0.len() as u16).to_le_bytes());
        bytes.extend(tensor.0.as_bytes());
        bytes.push(u8::from(tensor.1));
        bytes.extend((tensor.2 as u32).to_le_bytes());
        bytes.extend((at as u64).to_le_bytes());
        bytes.extend((length(tensor) as u64).to_le_bytes());
        at += length(tensor);
    }
    for (_, quantised, numbers) in &tensors {
        if *quantised {
            let block = [&[0x00, 0x3c][..], &[0x99; 16]].concat();
            bytes.extend(block.repeat(numbers / 32));
        } else {
            bytes.extend(0.5f32.to_le_bytes().repeat(*numbers));
        }
    }
    bytes
}

/// `tiny` as the container in a package, of which two files are made.
fn packed(bytes: &[u8]) -> (Tiny, Index) {
    let tiny = Tiny::new("");
    let part = "[{ package = \"one==1\", member = \"data/part.bin\" }]";
    let joined = |name: &str, format: &str| {
        format!(
            "[sources.wheel.joined.\"{name}\"]\nformat = \"{format}\"\nsha256 = \"{}\"\n",
            sha256(bytes)
        )
    };
    let source = format!(
        "[[files]]\nrole = \"config\"\nname = \"config.json\"\n[[sources]]\n[sources.wheel.files]\n\"tiny.gguf\" = {part}\n\
         \"config.json\" = {part}\n{}{}",
        joined("tiny.gguf", "e5s1"),
        joined("config.json", "e5s1-config")
    );
    tiny.manifest("", &source);
    let index = Index::new(&tiny);
    index.wheel("one==1", "data/part.bin", bytes);
    (tiny, index)
}

#[test]
fn a_container_is_rewritten_once() {
    let (tiny, index) = packed(&container());
    let ran = Ran::of(tiny.pull_wheels().output().unwrap());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let bytes = fs::read(tiny.made()).unwrap();
    let header = usize::try_from(u64::from_le_bytes(bytes[..8].try_into().unwrap())).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&bytes[8..8 + header]).unwrap();
    assert_eq!(
        json["embeddings.word_embeddings.weight"]["shape"],
        serde_json::json!([4, HIDDEN])
    );
    assert_eq!(
        bytes[8 + header..][..8],
        [1f32, 1.0].map(f32::to_le_bytes).concat()
    );
    let config = fs::read_to_string(tiny.made().with_file_name("config.json")).unwrap();
    assert!(config.contains("\"hidden_size\": 32"), "{config}");
    assert!(!tiny.program.home.path().join("cache/staging/tiny").exists());
    let verify = tiny.run("", &["verify", "tiny"]);
    assert_eq!((verify.code, verify.stdout.trim()), (0, "tiny: whole"));
    assert_eq!(Ran::of(tiny.pull_wheels().output().unwrap()).code, 0);
    assert_eq!(index.log().lines().count(), 1, "{}", index.log());
    fs::write(tiny.made(), &bytes[..bytes.len() - 1]).unwrap();
    assert_eq!(tiny.run("", &["verify", "tiny"]).code, 1);
}

#[test]
fn a_damaged_container_is_one_line_and_leaves_nothing() {
    let whole = container();
    for (bytes, says) in [
        (
            whole[..whole.len() - 40].to_vec(),
            "the file ends before the tensor \"l0.fo.b\"",
        ),
        (b"not a container".to_vec(), "this is no E5S1 container"),
    ] {
        let (tiny, _index) = packed(&bytes);
        let ran = Ran::of(tiny.pull_wheels().output().unwrap());
        ran.assert_fails(4, &["tiny.gguf.joined: ", says]);
        assert_eq!(
            ran.stderr
                .lines()
                .filter(|line| line.starts_with("error: "))
                .count(),
            1
        );
        tiny.assert_nothing_here();
    }
    let (tiny, index) = packed(&whole);
    index.wheel("one==1", "data/part.bin", &whole[1..]);
    Ran::of(tiny.pull_wheels().output().unwrap()).assert_fails(4, &["what the packages hold", "thrown away"]);
    tiny.assert_nothing_here();
}

#[test]
fn a_disk_that_fills_up_while_it_is_rewritten_is_one_line() {
    let (tiny, index) = packed(&container());
    let ran = limited(&tiny.pull_wheels(), 16);
    assert_one_line_of_advice(&ran, "tiny.gguf.rewritten");
    tiny.assert_nothing_here();
    assert_eq!(Ran::of(tiny.pull_wheels().output().unwrap()).code, 0);
    assert_eq!(
        index.log().lines().count(),
        1,
        "what was joined was fetched again"
    );
}
