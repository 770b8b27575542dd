//! Ledger and findings → `byline/ledger/1` for programs, claims and findings with both sides quoted for people.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::align::{Claim, Ledger, Parts, Status};
use crate::finding::{Finding, Severity};
use crate::text::span::{CharIndex, Span};

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

/// The keys of both sides: the language codes; a text held against one in the same language is `xx` and `xx-target`.
fn keys(ledger: &Ledger) -> (String, String) {
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

fn sha256(text: &str) -> String {
    Sha256::digest(text.as_bytes())
        .iter()
        .fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

/// For people: each claim with ✓ (verified), ~ (implicit or repaired) or ✗ (missing) and both excerpts, then the findings by
/// segment with both sides quoted. Segments count from 1.
pub fn text(ledger: &Ledger, findings: &[Finding]) -> String {
    let mut out = String::new();
    let (from, to) = keys(ledger);
    let verified = ledger
        .claims
        .iter()
        .filter(|c| c.status == Status::Verified)
        .count();
    let _ = writeln!(
        out,
        "{}: {from} → {to}, {} of {} claims verified",
        ledger.id,
        verified,
        ledger.claims.len()
    );
    for claim in &ledger.claims {
        let mark = match claim.status {
            Status::Verified => '✓',
            Status::Implicit | Status::Repaired => '~',
            Status::Missing => '✗',
        };
        let _ = writeln!(
            out,
            "  {mark} {}  |  {}",
            excerpt(&claim.source, &ledger.source.text),
            excerpt(&claim.target, &ledger.target.text)
        );
    }
    if findings.is_empty() {
        out.push_str("Nothing to look at.\n");
        return out;
    }
    let errors = findings.iter().filter(|f| f.severity == Severity::Error).count();
    let _ = writeln!(
        out,
        "\n{} to look at, {errors} almost surely wrong:",
        findings.len()
    );
    let mut last = None;
    for finding in findings {
        if last != Some(finding.segment) {
            let _ = writeln!(out, "\nSegment {}", finding.segment + 1);
            if let Some(pair) = ledger.segments.get(finding.segment) {
                let here: Vec<&Finding> = findings.iter().filter(|f| f.segment == finding.segment).collect();
                let marks = |side: fn(&Finding) -> Option<Span>| {
                    here.iter().filter_map(|f| side(f)).collect::<Vec<_>>()
                };
                let _ = writeln!(
                    out,
                    "  {from}: {}",
                    marked(&ledger.source.text, pair.source, &marks(|f| f.source))
                );
                let _ = writeln!(
                    out,
                    "  {to}: {}",
                    marked(&ledger.target.text, pair.target, &marks(|f| f.target))
                );
            }
            last = Some(finding.segment);
        }
        let level = if finding.severity == Severity::Error {
            "error"
        } else {
            "warning"
        };
        let check = json!(finding.check);
        let _ = writeln!(
            out,
            "  {level} ({}): {}",
            check.as_str().unwrap_or(""),
            finding.message
        );
    }
    out
}

/// Who and by which words, as they stand in the text.
fn excerpt(parts: &Parts, text: &str) -> String {
    let mut spans: Vec<Span> = parts.source.iter().chain(&parts.cue).copied().collect();
    spans.sort();
    spans.dedup();
    if spans.is_empty() {
        return "—".to_owned();
    }
    spans.iter().map(|s| s.of(text)).collect::<Vec<_>>().join(" … ")
}

/// The segment with the words in question between ›marks‹; a mark around the whole segment says nothing and is left out.
fn marked(text: &str, segment: Span, spans: &[Span]) -> String {
    let mut inner: Vec<Span> = spans
        .iter()
        .copied()
        .filter(|s| segment.contains(*s) && *s != segment && !s.is_empty())
        .collect();
    inner.sort();
    inner.dedup();
    let mut out = String::new();
    let mut at = segment.start;
    for span in inner {
        if span.start < at {
            continue;
        }
        out.push_str(Span::new(at, span.start).of(text));
        let _ = write!(out, "›{}‹", span.of(text));
        at = span.end;
    }
    out.push_str(Span::new(at, segment.end).of(text));
    if out.trim().is_empty() {
        "(nothing)".to_owned()
    } else {
        out.replace('\n', " ")
    }
}
