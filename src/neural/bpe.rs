//! Byte-level BPE (Radford et al. 2019) from a GGUF vocabulary, as a pipeline of the tokenizers crate.

use std::sync::OnceLock;

use tokenizers::models::bpe::BPE;
use tokenizers::normalizers::NFC;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::tokenizer::SplitDelimiterBehavior;

use super::gguf::{Gguf, Value, broken, unsupported};
use crate::error::Result;

/// How GPT-2 cuts text into words.
const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
/// How Qwen 2 does: digits one by one.
const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// How Llama 3 does: digits by threes.
const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// How Hunyuan's dense models do: after digits by threes, and Chinese and Japanese by themselves, punctuation may begin
/// a word of Latin letters, and marks belong to letters.
const HUNYUAN: &[&str] = &[
    r"\p{N}{1,3}",
    r"[一-龥぀-ゟ゠-ヿ]+",
    r##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"##,
];
/// How Mistral's Tekken does: a word also ends where small letters are followed by a capital.
const TEKKEN: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// How GPT-4o and Phi 4 do: the same, with digits by threes, and what follows an apostrophe belongs to its word.
const GPT4O: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// One digit at a time.
const DIGIT: &str = r"\p{N}";

/// What comes before BPE: NFC or not, and the patterns that cut, one after the other.
struct Words {
    nfc: bool,
    /// A word that is a token is taken whole, whatever its merges say.
    whole: bool,
    patterns: &'static [&'static str],
}

/// By `tokenizer.ggml.pre`.
fn words(pre: &str) -> Option<Words> {
    let (nfc, whole, patterns): (_, _, &[&str]) = match pre {
        "qwen2" | "deepseek-r1-qwen" => (true, false, &[QWEN2]),
        "hunyuan" => (false, false, &[QWEN2]),
        "hunyuan-dense" => (false, false, HUNYUAN),
        "gpt-4o" => (false, false, &[GPT4O]),
        "tekken" => (false, true, &[TEKKEN]),
        "llama3" | "llama-v3" | "llama-bpe" => (false, true, &[LLAMA3]),
        "smaug-bpe" | "lfm2" => (false, false, &[LLAMA3]),
        "smollm" | "starcoder" | "refact" | "command-r" | "codeshell" | "exaone" => {
            (false, false, &[DIGIT, GPT2])
        }
        "gpt-2" | "gpt2" | "phi-2" | "mpt" | "olmo" | "roberta-bpe" => (false, false, &[GPT2]),
        _ => return None,
    };
    Some(Words { nfc, whole, patterns })
}

/// The pipeline for a GGUF file's `gpt2` vocabulary. It knows no added tokens: those are found before.
pub(crate) fn from_gguf(gguf: &Gguf, tokens: &[String]) -> Result<tokenizers::Tokenizer> {
    let path = gguf.path();
    let pre = gguf
        .text("tokenizer.ggml.pre")
        .ok_or_else(|| broken(path, "the key `tokenizer.ggml.pre` is missing"))?;
    let words = words(pre)
        .ok_or_else(|| unsupported(path, "tokenizer.ggml.pre", &format!("the pre-tokenizer `{pre}`")))?;
    let Some(Value::Texts(merges)) = gguf.get("tokenizer.ggml.merges") else {
        return Err(broken(path, "the key `tokenizer.ggml.merges` is missing"));
    };
    let merges: Option<Vec<(String, String)>> = merges
        .iter()
        .map(|m| m.split_once(' ').map(|(a, b)| (a.to_owned(), b.to_owned())))
        .collect();
    let merges = merges.ok_or_else(|| broken(path, "one of its merges has no space"))?;
    let vocabulary = tokens.iter().zip(0u32..).map(|(t, id)| (t.clone(), id)).collect();
    let odd = |e: tokenizers::Error| {
        let reason = e.to_string();
        broken(
            path,
            &format!(
                "its vocabulary does not fit together ({})",
                reason.lines().next().unwrap_or_default()
            ),
        )
    };
    let model = BPE::builder()
        .vocab_and_merges::<tokenizers::models::bpe::Vocab>(vocabulary, merges)
        .ignore_merges(words.whole)
        .build()
        .map_err(odd)?;
    let mut tokenizer = tokenizers::Tokenizer::new(model);
    if words.nfc {
        tokenizer.with_normalizer(Some(NFC)).map_err(odd)?;
    }
    let mut steps: Vec<PreTokenizerWrapper> = Vec::new();
    for pattern in words.patterns {
        let pattern = SplitPattern::Regex((*pattern).to_owned());
        steps.push(
            Split::new(pattern, SplitDelimiterBehavior::Isolated, false)
                .map_err(odd)?
                .into(),
        );
    }
    steps.push(ByteLevel::new(false, false, false).into());
    tokenizer.with_pre_tokenizer(Some(Sequence::new(steps)));
    Ok(tokenizer)
}

/// The bytes that a token of a byte-level vocabulary stands for; letters that stand for no byte, as they occur in
/// added tokens, stand for themselves.
pub(crate) fn bytes_of(token: &str) -> Vec<u8> {
    let table = letter_bytes();
    let mut bytes = Vec::with_capacity(token.len());
    for c in token.chars() {
        match table.get(c as usize).copied().flatten() {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes
}

/// The byte of each letter below U+0144: printable bytes are themselves, the others follow from U+0100 on.
fn letter_bytes() -> &'static [Option<u8>; 0x144] {
    static BYTES: OnceLock<[Option<u8>; 0x144]> = OnceLock::new();
    BYTES.get_or_init(|| {
        let mut bytes = [None; 0x144];
        let mut next = 0x100;
        for byte in 0..=255u8 {
            if matches!(byte, 0x21..=0x7E | 0xA1..=0xAC | 0xAE..=0xFF) {
                bytes[usize::from(byte)] = Some(byte);
            } else {
                bytes[next] = Some(byte);
                next += 1;
            }
        }
        bytes
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn letters_become_bytes() {
        assert_eq!(bytes_of("Ġthe"), b" the");
        assert_eq!(bytes_of("ĊĊ"), b"\n\n");
        assert_eq!(bytes_of("Ã©"), "é".as_bytes());
        assert_eq!(bytes_of("한"), "한".as_bytes());
        let mut all: Vec<u8> = letter_bytes().iter().flatten().copied().collect();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..=255));
    }

    #[test]
    fn an_unknown_cut_is_refused() {
        assert!(words("some-new-model").is_none());
        assert!(words("smollm").is_some());
    }
}
