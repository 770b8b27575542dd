//! The tokenizer inside of a GGUF file.

use super::{Added, Pieces, Tokenizer};
use crate::error::Result;
use crate::neural::bpe;
use crate::neural::gguf::{Gguf, Value, broken, unsupported};
use crate::neural::sentencepiece::{
    Algorithm, Kind, Model, NormalizerSpec, Piece, SPACE, SentencePiece, byte_of,
};

/// GGUF's token types.
const CONTROL: i64 = 3;
const USER_DEFINED: i64 = 4;
const BYTE: i64 = 6;
const UNKNOWN: i64 = 2;

impl Tokenizer {
    /// From the vocabulary in a GGUF file.
    pub(crate) fn from_gguf(gguf: &Gguf, template: Option<&str>) -> Result<Self> {
        let path = gguf.path();
        let missing = |key: &str| broken(path, &format!("the key `{key}` is missing"));
        let kind = gguf
            .text("tokenizer.ggml.model")
            .ok_or_else(|| missing("tokenizer.ggml.model"))?;
        let Some(Value::Texts(tokens)) = gguf.get("tokenizer.ggml.tokens") else {
            return Err(missing("tokenizer.ggml.tokens"));
        };
        let types: &[i64] = match gguf.get("tokenizer.ggml.token_type") {
            Some(Value::Ints(types)) if types.len() == tokens.len() => types,
            None => &[],
            Some(_) => return Err(broken(path, "it has more or fewer token types than tokens")),
        };
        let type_of = |id: usize| types.get(id).copied().unwrap_or(1);
        let added: Vec<Added> = tokens
            .iter()
            .enumerate()
            .filter(|(id, _)| matches!(type_of(*id), CONTROL | USER_DEFINED | UNKNOWN))
            .map(|(id, text)| Added {
                text: text.clone(),
                id: id as u32,
                control: type_of(id) != USER_DEFINED,
                strip: (false, false),
            })
            .collect();
        let (pieces, bytes, default_bos) = match kind {
            "gpt2" => {
                let tokenizer = bpe::from_gguf(gguf, tokens)?;
                let bytes = tokens
                    .iter()
                    .enumerate()
                    .map(|(id, t)| match type_of(id) {
                        USER_DEFINED => t.as_bytes().to_vec(),
                        _ => bpe::bytes_of(t),
                    })
                    .collect();
                (Pieces::Crate(Box::new(tokenizer), None), bytes, false)
            }
            "llama" => {
                let model = sentencepiece(gguf, tokens, type_of)?;
                let bytes = tokens
                    .iter()
                    .enumerate()
                    .map(|(id, t)| match type_of(id) {
                        BYTE => byte_of(t).map_or_else(Vec::new, |b| vec![b]),
                        _ => t.replace(SPACE, " ").into_bytes(),
                    })
                    .collect();
                (Pieces::SentencePiece(Box::new(model)), bytes, true)
            }
            other => {
                return Err(unsupported(
                    path,
                    "tokenizer.ggml.model",
                    &format!("the tokenizer `{other}`"),
                ));
            }
        };
        let add_bos = gguf.bool("tokenizer.ggml.add_bos_token").unwrap_or(default_bos);
        let bos = gguf.int("tokenizer.ggml.bos_token_id").filter(|_| add_bos);
        if bos.is_some_and(|id| id < 0 || id as usize >= tokens.len()) {
            return Err(broken(
                path,
                "its beginning-of-text token is not in its vocabulary",
            ));
        }
        Self::assemble(pieces, added, bytes, bos.map(|id| id as u32), template, path)
    }
}

/// The vocabulary as a SentencePiece model. User-defined tokens have been found before it is asked: they are plain
/// pieces here.
fn sentencepiece(gguf: &Gguf, tokens: &[String], type_of: impl Fn(usize) -> i64) -> Result<SentencePiece> {
    let path = gguf.path();
    let Some(Value::Floats(scores)) = gguf.get("tokenizer.ggml.scores") else {
        return Err(broken(path, "the key `tokenizer.ggml.scores` is missing"));
    };
    if tokens.len() != scores.len() {
        return Err(broken(path, "it has more or fewer scores than tokens"));
    }
    let kind = |id: usize| match type_of(id) {
        USER_DEFINED => Kind::Normal,
        _ if byte_of(&tokens[id]).is_some() => Kind::Byte,
        number => u64::try_from(number)
            .ok()
            .and_then(Kind::from_number)
            .unwrap_or(Kind::Normal),
    };
    let piece = |(id, (text, score)): (usize, (&String, &f32))| Piece {
        text: text.clone(),
        score: *score,
        kind: kind(id),
    };
    let unknown = gguf.int("tokenizer.ggml.unknown_token_id").unwrap_or(0);
    SentencePiece::from_model(Model {
        pieces: tokens.iter().zip(scores).enumerate().map(piece).collect(),
        algorithm: Algorithm::Bpe,
        byte_fallback: true,
        unknown: unknown as u32,
        space_last: false,
        unknown_surface: String::new(),
        normalizer: NormalizerSpec {
            charsmap: Vec::new(),
            add_dummy_prefix: gguf.bool("tokenizer.ggml.add_space_prefix").unwrap_or(true),
            remove_extra_whitespaces: false,
            escape_whitespaces: true,
        },
        denormalizer: None,
    })
    .map_err(|problem| broken(path, &problem))
}
