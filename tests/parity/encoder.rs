//! Sentence vectors against transformers: a tiny seeded BERT, and all-MiniLM-L6-v2 where its weights are here.

use std::path::{Path, PathBuf};

use byline::neural::{BertEncoder, Encoder, LoadSpec, Purpose, load_encoder};
use candle_core::Device;

use crate::{here, real};

fn encoder(weights: PathBuf) -> BertEncoder {
    match load_encoder(&LoadSpec::new([weights]), &Device::Cpu) {
        Ok(encoder) => encoder,
        Err(error) => panic!("{error}"),
    }
}

fn reference(path: &Path) -> Vec<(String, Vec<f32>)> {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn apart(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).fold(0f32, |m, (a, b)| m.max((a - b).abs()))
}

fn vectors_agree(encoder: &BertEncoder, reference: &[(String, Vec<f32>)]) {
    let texts: Vec<&str> = reference.iter().map(|(t, _)| t.as_str()).collect();
    let together = encoder.embed(Purpose::Query, &texts).unwrap();
    for ((text, theirs), ours) in reference.iter().zip(&together) {
        assert_eq!(ours.len(), encoder.dimensions());
        assert!(apart(ours, theirs) < 2e-6, "{text:?}: {}", apart(ours, theirs));
        // Padding beside longer ones changes nothing.
        let alone = &encoder.embed(Purpose::Query, &[text]).unwrap()[0];
        assert!(apart(ours, alone) < 2e-6, "{text:?} alone");
    }
}

#[test]
fn vectors_are_those_of_transformers() {
    let encoder = encoder(here("tiny/bert/model.safetensors"));
    vectors_agree(&encoder, &reference(&here("tiny/bert/vectors.json")));
}

#[test]
fn minilm_gives_what_transformers_gives() {
    let Some(path) = real::weights("all-minilm-l6-v2") else {
        return;
    };
    let encoder = encoder(path);
    vectors_agree(&encoder, &reference(&here("real/all-minilm-l6-v2.json")));
    let texts = [
        "The port will close.",
        "The harbour is going to be shut.",
        "He likes jazz.",
    ];
    let vectors = encoder.embed(Purpose::Query, &texts).unwrap();
    let cosine = |a: usize, b: usize| -> f32 { vectors[a].iter().zip(&vectors[b]).map(|(x, y)| x * y).sum() };
    assert!(cosine(0, 1) > cosine(0, 2) + 0.2);
}

#[test]
fn nothing_of_a_long_text_is_left_out() {
    let encoder = encoder(here("tiny/bert/model.safetensors"));
    let long = "The port closes. ".repeat(40);
    let other = format!("{long}Mayor Venn denied it.");
    let vectors = encoder.embed(Purpose::Query, &[&long, &other]).unwrap();
    assert!(apart(&vectors[0], &vectors[1]) > 1e-4);
    assert!(encoder.embed(Purpose::Query, &[]).unwrap().is_empty());
}

/// `tiny` with words before a text.
fn with_prefix() -> BertEncoder {
    let spec = LoadSpec {
        query_prefix: "The port closes. ".to_owned(),
        ..LoadSpec::new([here("tiny/bert/model.safetensors")])
    };
    load_encoder(&spec, &Device::Cpu).unwrap()
}

#[test]
fn what_stands_before_a_text_is_read_and_has_no_place_in_it() {
    let (plain, prefixed) = (encoder(here("tiny/bert/model.safetensors")), with_prefix());
    let text = "Mayor Venn denied it.";
    let whole = format!("The port closes. {text}");
    let of = |encoder: &BertEncoder, purpose, text: &str| encoder.embed(purpose, &[text]).unwrap().remove(0);
    let prefixed_text = of(&prefixed, Purpose::Query, text);
    assert!(apart(&prefixed_text, &of(&plain, Purpose::Query, &whole)) < 2e-6);
    assert!(apart(&prefixed_text, &of(&plain, Purpose::Query, text)) > 1e-4);
    // no prefix is set for passages
    assert!(
        apart(
            &of(&prefixed, Purpose::Passage, text),
            &of(&plain, Purpose::Query, text)
        ) < 2e-6
    );

    let tokens = prefixed.tokens(Purpose::Query, &[text]).unwrap().remove(0);
    let inside = plain.tokens(Purpose::Query, &[&whole]).unwrap().remove(0);
    let skipped = inside.spans.len() - tokens.spans.len();
    assert!(skipped > 0 && !tokens.spans.is_empty());
    for (i, span) in tokens.spans.iter().enumerate() {
        assert_eq!(span.of(text), inside.spans[skipped + i].of(&whole));
        assert!(apart(&tokens.vectors[i], &inside.vectors[skipped + i]) < 2e-6);
    }
}

#[test]
fn tokens_have_their_places_in_any_text() {
    let encoder = encoder(here("tiny/bert/model.safetensors"));
    let long = "The port closes; Порт Ліндова. ".repeat(40);
    let texts = [
        "",
        " ",
        "Mayor Venn denied it.",
        "  Zürich’s naïve 항구 is “shut”  ",
        "Ліндов",
        &long,
    ];
    let all = encoder.tokens(Purpose::Query, &texts).unwrap();
    assert_eq!(all.len(), texts.len());
    for (text, tokens) in texts.iter().zip(&all) {
        assert_eq!(tokens.spans.len(), tokens.vectors.len());
        assert!(tokens.spans.windows(2).all(|pair| pair[0] <= pair[1]), "{text:?}");
        // every letter is in some token
        for (at, c) in text.char_indices().filter(|(_, c)| c.is_alphanumeric()) {
            let here = tokens.spans.iter().any(|s| s.start <= at && at < s.end);
            assert!(here, "{c} at {at} of {text:?}");
        }
        for (span, vector) in tokens.spans.iter().zip(&tokens.vectors) {
            assert!(
                text.get(span.start..span.end)
                    .is_some_and(|t| !t.trim().is_empty()),
                "{text:?}"
            );
            assert!((vector.iter().map(|v| v * v).sum::<f32>() - 1.0).abs() < 1e-4);
        }
        let alone = encoder.tokens(Purpose::Query, &[text]).unwrap().remove(0);
        assert_eq!(alone.spans, tokens.spans);
        for (a, b) in alone.vectors.iter().zip(&tokens.vectors) {
            assert!(apart(a, b) < 1e-5, "padding changes {text:?}");
        }
    }
}

#[derive(serde::Deserialize)]
struct Multilingual {
    sentences: Vec<Sentence>,
    tokens: Tokens,
}

#[derive(serde::Deserialize)]
struct Sentence {
    purpose: String,
    text: String,
    /// In f32 on the dequantised weights, computed outside of this program.
    vector: Vec<f32>,
    /// By the engine of the package that the weights come in.
    engine: Vec<f32>,
}

#[derive(serde::Deserialize)]
struct Tokens {
    text: String,
    tokens: Vec<Token>,
}

#[derive(serde::Deserialize)]
struct Token {
    piece: String,
    /// The first numbers of it.
    vector: Vec<f32>,
}

#[test]
fn multilingual_e5_gives_what_its_weights_give_elsewhere() {
    let Some(path) = real::weights("multilingual-e5-small") else {
        return;
    };
    let spec = LoadSpec {
        query_prefix: "query: ".to_owned(),
        passage_prefix: "passage: ".to_owned(),
        ..LoadSpec::new([path])
    };
    let encoder = load_encoder(&spec, &Device::Cpu).unwrap();
    let bytes = std::fs::read(here("real/multilingual-e5-small.json")).unwrap();
    let reference: Multilingual = serde_json::from_slice(&bytes).unwrap();
    let cosine = |a: &[f32], b: &[f32]| -> f32 { a.iter().zip(b).map(|(x, y)| x * y).sum() };
    for sentence in &reference.sentences {
        let purpose = match sentence.purpose.as_str() {
            "query" => Purpose::Query,
            _ => Purpose::Passage,
        };
        let vector = encoder.embed(purpose, &[&sentence.text]).unwrap().remove(0);
        let (exact, engine) = (
            cosine(&vector, &sentence.vector),
            cosine(&vector, &sentence.engine),
        );
        eprintln!("{exact:.6} {engine:.6} {}", sentence.text);
        assert!(
            exact >= 0.9999 && engine >= 0.999,
            "{}: {exact} {engine}",
            sentence.text
        );
    }
    let Tokens { text, tokens } = &reference.tokens;
    let ours = encoder.tokens(Purpose::Query, &[text]).unwrap().remove(0);
    let theirs: Vec<&Token> = tokens.iter().filter(|t| !t.piece.trim().is_empty()).collect();
    let pieces: Vec<&str> = ours.spans.iter().map(|span| span.of(text)).collect();
    assert_eq!(pieces, theirs.iter().map(|t| t.piece.trim()).collect::<Vec<_>>());
    for (vector, token) in ours.vectors.iter().zip(theirs) {
        let far = apart(&vector[..token.vector.len()], &token.vector);
        assert!(far < 1e-4, "{}: {far}", token.piece);
    }
}

#[test]
fn another_architecture_is_refused_by_name() {
    let error = load_encoder(
        &LoadSpec::new([here("tiny/qwen2/model.safetensors")]),
        &Device::Cpu,
    )
    .err()
    .unwrap();
    assert!(error.to_string().contains("qwen2"), "{error}");
    assert_eq!(error.exit_code(), 4);
}
