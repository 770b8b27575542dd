//! Ledger and findings → `byline/ledger/1` for programs.

use serde_json::{Map, Value, json};

use super::ModelUsed;
use crate::align::{Claim, Ledger, Parts};
use crate::finding::Finding;
use crate::text::sha256::sha256;
use crate::text::span::CharIndex;

/// One object of the schema `byline/ledger/1`; positions count Unicode scalar values of the text of their language.
pub fn json(ledger: &Ledger, findings: &[Finding]) -> Value {
    let (from, to) = keys(ledger);
    let (source, target) = (
        CharIndex::new(&ledger.source.text),
        CharIndex::new(&ledger.target.text),
    );
    let both =
        |a: Value, b: Value| -> Map<String, Value> { Map::from_iter([(from.clone(), a), (to.clone(), b)]) };
    let text = |text: &str| json!({"sha256": sha256(text), "text": text});
    let segments: Vec<Value> = ledger
        .segments
        .iter()
        .map(|p| Value::Object(both(json!(source.pair(p.source)), json!(target.pair(p.target)))))
        .collect();
    let claims: Vec<Value> = ledger
        .claims
        .iter()
        .enumerate()
        .map(|(i, c)| claim(i, c, ledger, &source, &target))
        .collect();
    let names: Vec<Value> = ledger
        .names
        .iter()
        .map(|n| {
            let mut name = both(json!(source.pair(n.source)), json!(target.pairs(&n.target)));
            name.insert("score".to_owned(), rounded(n.score));
            Value::Object(name)
        })
        .collect();
    let findings: Vec<Value> = findings
        .iter()
        .map(|f| {
            let mut finding = Map::new();
            finding.insert("check".to_owned(), json!(f.check));
            finding.insert("severity".to_owned(), json!(f.severity));
            finding.insert("segment".to_owned(), json!(f.segment));
            finding.insert(
                from.clone(),
                f.source.map_or(Value::Null, |s| json!(source.pair(s))),
            );
            finding.insert(
                to.clone(),
                f.target.map_or(Value::Null, |s| json!(target.pair(s))),
            );
            finding.insert("message".to_owned(), json!(f.message));
            Value::Object(finding)
        })
        .collect();
    json!({
        "schema": "byline/ledger/1",
        "id": ledger.id,
        "from": ledger.source.language,
        "to": ledger.target.language,
        "texts": both(text(&ledger.source.text), text(&ledger.target.text)),
        "segments": segments,
        "claims": claims,
        "names": names,
        "findings": findings,
    })
}

/// The same with the encoder that took part, as the one entry of `models`.
pub fn checked(ledger: &Ledger, findings: &[Finding], encoder: Option<&ModelUsed>) -> Value {
    let mut object = json(ledger, findings);
    if let (Some(encoder), Some(fields)) = (encoder, object.as_object_mut()) {
        fields.insert("models".to_owned(), json!([super::json::model(encoder)]));
    }
    object
}

/// The keys of both sides: the language codes; a text held against one in the same language is `xx` and `xx-target`.
pub(super) fn keys(ledger: &Ledger) -> (String, String) {
    let (from, to) = (
        ledger.source.language.code().to_owned(),
        ledger.target.language.code().to_owned(),
    );
    if from == to {
        (from, format!("{to}-target"))
    } else {
        (from, to)
    }
}

fn claim(index: usize, claim: &Claim, ledger: &Ledger, source: &CharIndex, target: &CharIndex) -> Value {
    let (from, to) = keys(ledger);
    let parts = |parts: &Parts, index: &CharIndex| json!({"source": index.pairs(&parts.source), "cue": index.pairs(&parts.cue), "content": index.pairs(&parts.content)});
    let mut evidence = Map::new();
    for (name, score) in [
        ("source", claim.evidence.source),
        ("cue", claim.evidence.cue),
        ("quote", claim.evidence.quote),
        ("encoder", claim.evidence.encoder),
        ("alignment", claim.evidence.alignment),
    ] {
        if let Some(score) = score {
            evidence.insert(name.to_owned(), rounded(score));
        }
    }
    let mut object = Map::new();
    object.insert("id".to_owned(), json!(format!("c{}", index + 1)));
    object.insert("form".to_owned(), json!(claim.form));
    object.insert("stance".to_owned(), json!(claim.stance));
    object.insert("polarity".to_owned(), json!(claim.polarity));
    object.insert(
        "parent".to_owned(),
        json!(claim.parent.map(|p| format!("c{}", p + 1))),
    );
    object.insert(from, parts(&claim.source, source));
    object.insert(to, parts(&claim.target, target));
    object.insert("status".to_owned(), json!(claim.status));
    object.insert("evidence".to_owned(), Value::Object(evidence));
    Value::Object(object)
}

/// Two decimals: more would be noise, and would print unlike on other machines.
fn rounded(score: f64) -> Value {
    json!((score.clamp(0.0, 1.0) * 100.0).round() / 100.0)
}
