//! Document and claims → `byline/sources/1` for programs, a short list by source for people.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::article::{Article, Document};
use crate::attribution::{Attribution, Claims, Form, Polarity, Source};
use crate::text::sha256::sha256;
use crate::text::span::{CharIndex, Span};

use super::words::{counted, name_of, shortened};

/// One object of the schema `byline/sources/1`; positions count Unicode scalar values of the text.
pub fn json(document: &Document, claims: &Claims) -> Value {
    let article = &document.article;
    let index = CharIndex::new(&article.text);
    let sentences: Vec<Span> = document.sentences.iter().map(|s| s.span).collect();
    let sources: Vec<Value> = claims
        .sources
        .iter()
        .enumerate()
        .map(|(k, source)| {
            json!({
                "id": source_id(k),
                "name": source.name,
                "kind": source.kind,
                "mentions": index.pairs(&source.mentions),
            })
        })
        .collect();
    let mut about = json!({
        "id": article.id,
        "language": article.language,
        "sha256": sha256(&article.text),
        "text": article.text,
    });
    add_provenance(&mut about, article, &index);
    json!({
        "schema": "byline/sources/1",
        "article": about,
        "sentences": index.pairs(&sentences),
        "sources": sources,
        "attributions": attributions(claims, &index),
    })
}

/// Adds to an `article` object what the input says of it, and the times of its words; only what there is.
pub(super) fn add_provenance(object: &mut Value, article: &Article, index: &CharIndex) {
    let Value::Object(object) = object else { return };
    if let Ok(Value::Object(fields)) = serde_json::to_value(&article.provenance) {
        object.extend(fields);
    }
    if article.cues.is_empty() {
        return;
    }
    let cues: Vec<Value> = article
        .cues
        .iter()
        .map(|cue| {
            json!({
                "number": cue.number,
                "start": cue.start,
                "end": cue.end,
                "span": index.pair(cue.span),
            })
        })
        .collect();
    object.insert("cues".to_owned(), Value::Array(cues));
}

fn attributions(claims: &Claims, index: &CharIndex) -> Vec<Value> {
    claims
        .attributions
        .iter()
        .enumerate()
        .map(|(k, claim)| {
            json!({
                "id": claim_id(k),
                "form": claim.form,
                "stance": claim.stance,
                "polarity": claim.polarity,
                "source": claim.source.map(source_id),
                "source_spans": index.pairs(&claim.source_spans),
                "cue_spans": index.pairs(&claim.cue_spans),
                "content_spans": index.pairs(&claim.content_spans),
                "parent": claim.parent.map(claim_id),
            })
        })
        .collect()
}

fn source_id(index: usize) -> String {
    format!("s{}", index + 1)
}

/// The id of the attribution at `index`.
pub fn claim_id(index: usize) -> String {
    format!("c{}", index + 1)
}

/// A list for people: each source with what it says, how, and in which sentence. Sentences count from 1.
pub fn text(document: &Document, claims: &Claims) -> String {
    let mut out = String::new();
    let article = &document.article;
    let _ = writeln!(
        out,
        "{} ({}): {} in {}",
        article.id,
        article.language.name(),
        counted(claims.attributions.len(), "attribution"),
        counted(document.sentences.len(), "sentence"),
    );
    for (k, source) in claims.sources.iter().enumerate() {
        let own = |claim: &&Attribution| claim.source == Some(k);
        let _ = writeln!(out, "\n{}{}", source.name, about(claims, k, source));
        for claim in claims.attributions.iter().filter(own) {
            line(&mut out, document, claim);
        }
    }
    let mut nameless = claims
        .attributions
        .iter()
        .filter(|c| c.source.is_none())
        .peekable();
    if nameless.peek().is_some() {
        let _ = writeln!(out, "\n(no source named)");
        for claim in nameless {
            line(&mut out, document, claim);
        }
    }
    out
}

/// What a source is and through whom it speaks.
fn about(claims: &Claims, index: usize, source: &Source) -> String {
    let mut words = vec![name_of(&source.kind)];
    let mut relayers: Vec<&str> = Vec::new();
    for claim in claims.attributions.iter().filter(|c| c.source == Some(index)) {
        let relayer = claim
            .parent
            .and_then(|p| claims.attributions.get(p))
            .and_then(|p| p.source)
            .and_then(|s| claims.sources.get(s));
        if let Some(relayer) = relayer
            && !relayers.contains(&relayer.name.as_str())
        {
            relayers.push(&relayer.name);
        }
    }
    if !relayers.is_empty() {
        words.push(format!("relayed by {}", relayers.join(", ")));
    }
    format!(" ({})", words.join(", "))
}

/// One attribution: sentence numbers, cue, how it is put, the content shortened to a line.
fn line(out: &mut String, document: &Document, claim: &Attribution) {
    let text = &document.article.text;
    let all = claim
        .source_spans
        .iter()
        .chain(&claim.cue_spans)
        .chain(&claim.content_spans);
    let mut numbers: Vec<usize> = Vec::new();
    for span in all {
        let first = document.sentences.partition_point(|s| s.span.end <= span.start);
        let after = document.sentences.partition_point(|s| s.span.start < span.end);
        numbers.extend(first + 1..=after);
    }
    numbers.sort_unstable();
    numbers.dedup();
    let how = match claim.form {
        Form::Direct => "quotation",
        Form::Mixed => "partly quoted",
        Form::Indirect => "paraphrase",
        Form::Document => "document",
        Form::Header => "header",
        Form::Hearsay => "hearsay",
    };
    let polarity = match claim.polarity {
        Polarity::Asserted => "",
        Polarity::Denied => ", denied",
        Polarity::Unconfirmed => ", unconfirmed",
    };
    let content: Vec<&str> = claim.content_spans.iter().map(|s| s.of(text)).collect();
    let content = content
        .join(" … ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let _ = writeln!(
        out,
        "  {:>9}  {}, {how}{polarity}: {}",
        places(&numbers),
        name_of(&claim.stance),
        shortened(&content, 120)
    );
}

/// "[3]", "[3–5]": where to look.
fn places(numbers: &[usize]) -> String {
    match (numbers.first(), numbers.last()) {
        (Some(first), Some(last)) if first != last => format!("[{first}–{last}]"),
        (Some(first), _) => format!("[{first}]"),
        _ => String::new(),
    }
}
