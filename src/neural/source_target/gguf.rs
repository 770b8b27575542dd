//! The vocabulary inside of a GGUF file of llama.cpp, for T5 and its relatives: the SentencePiece model that its
//! converter took apart (`tokenizer.ggml.model` is `t5`).

use super::SourceTarget;
use super::families::{self, Tokens};
use crate::error::Result;
use crate::neural::gguf::{Gguf, Value, broken, unsupported};
use crate::neural::sentencepiece::{Algorithm, Kind, Model, NormalizerSpec, Piece};

/// The tokenizer that a file brings along; none if it has no vocabulary.
///
/// # Errors
/// [`crate::error::Error::Failed`] naming the file and the key that is missing, damaged, or of another kind.
pub(crate) fn open_gguf(gguf: &Gguf) -> Result<Option<Box<dyn SourceTarget>>> {
    let Some(Value::Texts(tokens)) = gguf.get("tokenizer.ggml.tokens") else {
        return Ok(None);
    };
    let path = gguf.path();
    let kind = gguf.text("tokenizer.ggml.model").unwrap_or_default();
    if kind != "t5" {
        let what = format!("the tokenizer `{kind}` for an encoder-decoder");
        return Err(unsupported(path, "tokenizer.ggml.model", &what));
    }
    let model = model(gguf, tokens)?;
    let end = gguf.int("tokenizer.ggml.eos_token_id");
    let end = end
        .and_then(|id| u32::try_from(id).ok())
        .filter(|id| (*id as usize) < tokens.len());
    let end = end.ok_or_else(|| {
        broken(
            path,
            "the key `tokenizer.ggml.eos_token_id` is missing or no token of its vocabulary",
        )
    })?;
    let tokens = Tokens {
        end,
        // what pretraining used is among the tokens
        cleaned: false,
    };
    families::t5_model(model, path, tokens).map(|codec| Some(Box::new(codec) as Box<dyn SourceTarget>))
}

fn model(gguf: &Gguf, tokens: &[String]) -> Result<Model> {
    let path = gguf.path();
    let wrong = |key: &str| {
        broken(
            path,
            &format!("the key `tokenizer.ggml.{key}` is missing, or of another size than its tokens"),
        )
    };
    let scores = match gguf.get("tokenizer.ggml.scores") {
        Some(Value::Floats(scores)) if scores.len() == tokens.len() => scores,
        _ => return Err(wrong("scores")),
    };
    let types = match gguf.get("tokenizer.ggml.token_type") {
        Some(Value::Ints(types)) if types.len() == tokens.len() => types,
        _ => return Err(wrong("token_type")),
    };
    let charsmap = match gguf.get("tokenizer.ggml.precompiled_charsmap") {
        None => Vec::new(),
        Some(Value::Ints(bytes)) => bytes
            .iter()
            .map(|byte| u8::try_from(*byte))
            .collect::<Result<_, _>>()
            .map_err(|_| wrong("precompiled_charsmap"))?,
        Some(_) => return Err(wrong("precompiled_charsmap")),
    };
    let kind = |number: i64| {
        let kind = u64::try_from(number).ok().and_then(Kind::from_number);
        kind.ok_or_else(|| broken(path, &format!("it has a token of the unknown type {number}")))
    };
    let mut pieces = Vec::with_capacity(tokens.len());
    for ((text, score), number) in tokens.iter().zip(scores).zip(types) {
        pieces.push(Piece {
            text: text.clone(),
            score: *score,
            kind: kind(*number)?,
        });
    }
    let named = gguf.int("tokenizer.ggml.unknown_token_id");
    let unknown = named.and_then(|id| u32::try_from(id).ok()).or_else(|| {
        (0..)
            .zip(&pieces)
            .find(|(_, p)| p.kind == Kind::Unknown)
            .map(|(id, _)| id)
    });
    let is = |key: &str| gguf.bool(&format!("tokenizer.ggml.{key}")).unwrap_or(true);
    Ok(Model {
        byte_fallback: pieces.iter().any(|p| p.kind == Kind::Byte),
        pieces,
        algorithm: Algorithm::Unigram,
        unknown: unknown.ok_or_else(|| broken(path, "its vocabulary has no unknown token"))?,
        space_last: false,
        unknown_surface: " \u{2047} ".to_owned(),
        normalizer: NormalizerSpec {
            charsmap,
            add_dummy_prefix: is("add_space_prefix"),
            remove_extra_whitespaces: is("remove_extra_whitespaces"),
            escape_whitespaces: true,
        },
        denormalizer: None,
    })
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]
    use std::path::{Path, PathBuf};

    use candle_core::quantized::{QTensor, gguf_file};

    use super::*;
    use crate::neural::source_target::{Direction, open};

    fn type_of(kind: Kind) -> i32 {
        (1..7).find(|n| Kind::from_number(*n) == Some(kind)).unwrap() as i32
    }

    /// A GGUF file with the vocabulary of a model and `tensors`, as llama.cpp's converter writes it.
    pub(crate) fn write(
        path: &Path,
        model: &Model,
        more: &[(&str, gguf_file::Value)],
        tensors: &[(&str, &QTensor)],
    ) {
        use gguf_file::Value as V;
        let pieces = &model.pieces;
        let array = |each: Vec<V>| V::Array(each);
        let end = pieces.iter().position(|p| p.text == "</s>").unwrap();
        let charsmap = model.normalizer.charsmap.iter();
        let values = [
            ("general.architecture", V::String("t5".into())),
            ("tokenizer.ggml.model", V::String("t5".into())),
            (
                "tokenizer.ggml.tokens",
                array(pieces.iter().map(|p| V::String(p.text.clone())).collect()),
            ),
            (
                "tokenizer.ggml.scores",
                array(pieces.iter().map(|p| V::F32(p.score)).collect()),
            ),
            (
                "tokenizer.ggml.token_type",
                array(pieces.iter().map(|p| V::I32(type_of(p.kind))).collect()),
            ),
            (
                "tokenizer.ggml.precompiled_charsmap",
                array(charsmap.map(|b| V::U8(*b)).collect()),
            ),
            (
                "tokenizer.ggml.add_space_prefix",
                V::Bool(model.normalizer.add_dummy_prefix),
            ),
            (
                "tokenizer.ggml.remove_extra_whitespaces",
                V::Bool(model.normalizer.remove_extra_whitespaces),
            ),
            ("tokenizer.ggml.unknown_token_id", V::U32(model.unknown)),
            ("tokenizer.ggml.eos_token_id", V::U32(end as u32)),
        ];
        let values: Vec<(&str, &V)> = values
            .iter()
            .chain(more)
            .map(|(key, value)| (*key, value))
            .collect();
        let mut file = std::fs::File::create(path).unwrap();
        gguf_file::write(&mut file, &values, tensors).unwrap();
    }

    fn spm(name: &str) -> PathBuf {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parity/tokenizers/spm");
        folder.join(name)
    }

    #[test]
    fn ids_and_places_are_those_of_the_model_that_was_taken_apart() {
        for name in ["t5.model", "madlad.model"] {
            let folder = tempfile::tempdir().unwrap();
            let at = |file: &str| folder.path().join(file);
            std::fs::copy(spm(name), at("spiece.model")).unwrap();
            std::fs::write(at("config.json"), "{\"model_type\": \"t5\"}").unwrap();
            std::fs::write(at("tokenizer_config.json"), "{\"extra_ids\": 0}").unwrap();
            write(
                &at("model.gguf"),
                &Model::open(&at("spiece.model")).unwrap(),
                &[],
                &[],
            );
            let inside = open_gguf(&Gguf::open(&at("model.gguf")).unwrap())
                .unwrap()
                .unwrap();
            let beside = open(folder.path()).unwrap();
            assert_eq!(inside.languages(), beside.languages());
            let direction = Direction {
                to: beside.languages().first().copied(),
                ..Direction::default()
            };
            for line in [
                "The bridge at Tolmin will reopen on 3 April.",
                "Міст  у Толміні знову відкриють 3 квітня…",
                "톨민의 다리는 4월 3일에 다시 열린다.",
                " ｆｕｌｌ ﬁ \u{a0} </s> <2uk> 🙂\u{7}",
                "",
            ] {
                let (a, b) = (
                    inside.encode(line, direction).unwrap(),
                    beside.encode(line, direction).unwrap(),
                );
                assert_eq!(a, b, "{name}: {line}");
                assert_eq!(inside.decode(&a.ids), beside.decode(&b.ids), "{name}: {line}");
            }
        }
    }

    #[test]
    fn where_both_forms_of_a_vocabulary_are_there_the_json_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let at = |file: &str| folder.path().join(file);
        let t5 = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parity/tokenizers/t5");
        for file in ["config.json", "tokenizer.json", "tokenizer_config.json"] {
            std::fs::copy(t5.join(file), at(file)).unwrap();
        }
        std::fs::write(at("spiece.model"), "no model").unwrap();
        let line = "The bridge at Tolmin will reopen.";
        let none = Direction::default();
        let both = open(folder.path()).unwrap().encode(line, none).unwrap();
        assert_eq!(both, open(&t5).unwrap().encode(line, none).unwrap());
        std::fs::remove_file(at("tokenizer.json")).unwrap();
        let error = open(folder.path()).err().unwrap().to_string();
        assert!(error.contains("spiece.model"), "{error}");
    }
}
