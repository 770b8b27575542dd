//! SentencePiece models by themselves.

use std::sync::OnceLock;
use std::time::Instant;

use byline::neural::SentencePiece;
use proptest::prelude::*;
use serde_json::Value as Json;

use super::{bytes, digest, digest_of, ends, file, json, numbers, texts};

fn model(name: &str) -> SentencePiece {
    SentencePiece::from_bytes(&bytes(&format!("spm/{name}.model"))).unwrap()
}

fn reference() -> Json {
    json(&file("spm/reference.json"))
}

fn cut(model: &SentencePiece, text: &str) -> (Vec<u32>, Vec<u32>) {
    let cuts = model.encode(text);
    let ids = cuts.pieces.iter().map(|p| p.id).collect();
    (ids, ends(cuts.pieces.iter().map(|p| p.span)))
}

fn each_model(check: impl Fn(&str, &SentencePiece, &Json, &Json)) {
    let reference = reference();
    let models = reference["models"].as_object().unwrap();
    assert!(models.len() >= 8);
    for (name, expected) in models {
        check(name, &model(name), expected, &reference);
    }
}

#[test]
fn spm_lines_are_cut_as_sentencepiece_cuts_them() {
    each_model(|name, model, expected, reference| {
        let lines = texts(&reference["lines"]);
        assert_eq!(lines.len(), expected["lines"].as_array().unwrap().len());
        for (line, row) in lines.iter().zip(expected["lines"].as_array().unwrap()) {
            let (ids, ends) = cut(model, line);
            match row.as_str() {
                Some(expected) => assert_eq!(
                    digest(&ids, &ends),
                    expected,
                    "{name}: {line:?}: {ids:?} {ends:?}"
                ),
                None => {
                    assert_eq!(ids, numbers(&row["ids"]), "{name}: {line:?}");
                    assert_eq!(ends, numbers(&row["spans"]), "{name}: {line:?}");
                }
            }
        }
    });
}

#[test]
fn spm_close_decisions_fall_as_in_sentencepiece() {
    each_model(|name, model, expected, reference| {
        let random = texts(&reference["random"]);
        let digests = texts(&expected["random"]);
        assert!(random.len() == digests.len() * 8 && random.len() >= 400);
        for (lines, expected) in random.chunks(8).zip(digests) {
            let cuts: Vec<Json> = lines
                .iter()
                .map(|line| {
                    let (ids, ends) = cut(model, line);
                    serde_json::json!({ "ids": ids, "spans": ends })
                })
                .collect();
            assert_eq!(digest_of(&Json::from(cuts)), expected, "{name}: {lines:?}");
        }
    });
}

#[test]
fn spm_long_lines_are_cut_in_proportion_to_their_length() {
    each_model(|name, model, expected, reference| {
        let long = reference["long"].as_array().unwrap();
        for (line, expected) in long.iter().zip(texts(&expected["long"])) {
            let unit = line[0].as_str().unwrap();
            let text = unit.repeat(line[1].as_u64().unwrap() as usize);
            let start = Instant::now();
            let (ids, ends) = cut(model, &text);
            // A hundred times what it takes: quadratic work on 10,000 characters takes longer.
            assert!(start.elapsed().as_millis() < 1000, "{name}: {unit:?}");
            assert_eq!(digest(&ids, &ends), expected, "{name}: {unit:?}");
        }
    });
}

#[test]
fn spm_ids_become_the_text_that_sentencepiece_makes_of_them() {
    each_model(|name, model, expected, reference| {
        let texts = expected["texts"].as_array().unwrap();
        for (line, text) in super::texts(&reference["lines"]).iter().zip(texts) {
            let (ids, _) = cut(model, line);
            // What is as it was is not told again.
            assert_eq!(
                model.decode(&ids).text,
                text.as_str().unwrap_or(line),
                "{name}: {line:?}"
            );
        }
        let rows = expected["decoded"].as_array().unwrap();
        assert!(rows.len() >= 10);
        for row in rows {
            let ids = numbers(&row["ids"]);
            let decoded = model.decode(&ids);
            assert_eq!(decoded.text, row["text"].as_str().unwrap(), "{name}: {ids:?}");
            // The library leaves the places where they were before a denormalizer.
            if name != "unused" {
                assert_eq!(ends(decoded.spans), numbers(&row["spans"]), "{name}: {ids:?}");
            }
        }
    });
}

/// Lines of real text, which `compare_tokenizers.py` brings together with what sentencepiece says; without them there
/// is nothing to compare.
#[test]
fn spm_real_lines_are_cut_as_sentencepiece_cuts_them() {
    let Some(path) = std::env::var_os("BYLINE_TEST_LINES") else {
        eprintln!("left out: compare_tokenizers.py brings the lines");
        return;
    };
    let mut different = 0;
    for work in json(path.as_ref()).as_array().unwrap() {
        let start = Instant::now();
        let model = SentencePiece::open(work["model"].as_str().unwrap().as_ref()).unwrap();
        let opened = start.elapsed().as_millis();
        let (lines, rows) = (texts(&work["lines"]), texts(&work["rows"]));
        assert!(!lines.is_empty() && lines.len() == rows.len());
        let start = Instant::now();
        let cuts: Vec<_> = lines.iter().map(|line| cut(&model, line)).collect();
        let seconds = start.elapsed().as_secs_f64();
        let wrong = (cuts.iter().zip(&rows))
            .filter(|((ids, ends), row)| digest(ids, ends) != **row)
            .count();
        let bytes: usize = lines.iter().map(|line| line.len()).sum();
        eprintln!(
            "{}: {} lines, {wrong} different, {:.1} MB/s; opened in {opened} ms",
            work["name"].as_str().unwrap(),
            lines.len(),
            bytes as f64 / seconds / 1e6
        );
        different += wrong;
    }
    assert_eq!(different, 0);
}

#[test]
fn spm_special_pieces_never_come_out_of_text() {
    for name in ["nfkc", "bytes", "bpe", "identity"] {
        let model = model(name);
        let controls: Vec<u32> = (0..model.len() as u32)
            .filter(|id| model.is_control(*id))
            .collect();
        assert!(controls.len() >= 2);
        for control in &controls {
            let spelled = model.piece(*control).unwrap();
            for text in [
                spelled.to_owned(),
                format!("x {spelled} y"),
                format!("{spelled}{spelled}"),
            ] {
                let (ids, _) = cut(&model, &text);
                assert!(
                    ids.iter().all(|id| !controls.contains(id)),
                    "{name}: {text}: {ids:?}"
                );
            }
        }
    }
}

#[test]
fn spm_a_file_that_is_cut_short_is_refused_in_one_line() {
    let whole = std::fs::read(file("spm/bytes.model")).unwrap();
    for length in (0..whole.len()).step_by(7) {
        let Err(problem) = SentencePiece::from_bytes(&whole[..length]) else {
            continue;
        };
        assert!(!problem.contains('\n') && !problem.is_empty());
    }
    // Cut inside of its pieces it lacks most of the 256 bytes, or ends in the middle of a field.
    assert!(SentencePiece::from_bytes(&whole[..whole.len() / 4]).is_err());
    assert!(SentencePiece::from_bytes(b"").is_err());
    assert!(SentencePiece::from_bytes(b"{\"model_type\": \"marian\"}").is_err());
    let missing = SentencePiece::open(&file("spm/none.model"))
        .err()
        .unwrap()
        .to_string();
    assert!(missing.contains("none.model"), "{missing}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Whatever is wrong with a file: it is refused, or read as something that cuts texts; nothing panics.
    #[test]
    fn spm_damaged_files_are_refused_or_read(
        which in 0usize..3,
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
        text in "[ a-zﬁ½é’\u{301}\u{a0}]{0,20}",
    ) {
        let name = ["bytes", "bpe", "unused"][which];
        let mut bytes = std::fs::read(file(&format!("spm/{name}.model"))).unwrap();
        for (index, byte) in damage {
            // Often in the tables behind the pieces, which are a small part of the file.
            let length = bytes.len();
            let at = if byte % 2 == 0 { index.index(length) } else { length - 1 - index.index(length.min(3000)) };
            bytes[at] ^= byte | 1;
        }
        match SentencePiece::from_bytes(&bytes) {
            Err(problem) => prop_assert!(!problem.contains('\n')),
            Ok(model) => {
                let (ids, ends) = cut(&model, &text);
                prop_assert_eq!(ids.len() * 2, ends.len());
                prop_assert!(ends.iter().all(|at| text.is_char_boundary(*at as usize)));
                model.decode(&ids);
            }
        }
    }

    /// The pieces of any text cover the normalised text, their spans lie in the text in order, and no byte of the
    /// text is given twice.
    #[test]
    fn spm_spans_are_in_order(text in "\\PC{0,40}", which in 0usize..3) {
        static MODELS: OnceLock<[SentencePiece; 3]> = OnceLock::new();
        let models = MODELS.get_or_init(|| ["nfkc", "bytes", "bpe-unused"].map(model));
        let cuts = models[which].encode(&text);
        let mut at = 0;
        let mut last = 0;
        for piece in &cuts.pieces {
            prop_assert!(piece.normal.start == at || piece.normal.end == at);
            at = piece.normal.end;
            prop_assert!(piece.span.start >= last || piece.span.end == last);
            prop_assert!(piece.span.end <= text.len() && text.is_char_boundary(piece.span.start));
            last = piece.span.end;
        }
        prop_assert_eq!(at, cuts.normalised.len());
    }
}
