//! A digest as `byline/digest/1`, one object a line.

use serde_json::{Value, json};

use crate::finding::Finding;

use crate::text::sha256::sha256;
use crate::text::span::CharIndex;
use crate::translate::Translated;

use super::changes;
use super::{Digest, ModelUsed, Translation, ledger, sources};

/// The whole digest, and under `sources` who says what in the article.
pub fn digest(digest: &Digest, models: &[ModelUsed]) -> Value {
    let article = &digest.document.article;
    let ledgers: Vec<Value> = digest
        .translations
        .iter()
        .map(|t| ledger::json(&t.ledger, &t.findings))
        .collect();
    let translations: Vec<Value> = digest
        .translations
        .iter()
        .map(|t| translation(t, digest.lead()))
        .collect();
    let mut about = json!({
        "id": article.id,
        "language": article.language,
        "sha256": sha256(&article.text),
        "headline": digest.headline(),
        "text": article.text,
    });
    sources::add_provenance(&mut about, article, &CharIndex::new(&article.text));
    let mut object = json!({
        "schema": "byline/digest/1",
        "article": about,
        "models": models.iter().map(model).collect::<Vec<_>>(),
        "summary": summary(digest),
        "translations": translations,
        "ledgers": ledgers,
        "sources": sources::json(&digest.document, &digest.claims),
        "findings": findings(digest),
    });
    if let Some(changes) = &digest.changes {
        object["changes"] = changes::json(changes);
    }
    object
}

/// One model that took part.
pub fn model(model: &ModelUsed) -> Value {
    json!({
        "task": model.task,
        "to": model.to,
        "id": model.id,
        "revision": model.revision,
        "sha256": model.sha256,
        "licence": model.licence,
    })
}

/// The summary, its sentences tied to the article's. `claims` are claims of the ledgers; `article_claims` are those of
/// the article, as `sources` lists them.
fn summary(digest: &Digest) -> Value {
    let ids = |claims: &[usize]| claims.iter().map(|&c| sources::claim_id(c)).collect::<Vec<_>>();
    let sentences: Vec<Value> = digest
        .summary
        .sentences
        .iter()
        .zip(&digest.told)
        .map(|(s, told)| {
            json!({
                "text": s.text,
                "supports": s.supports,
                "claims": ids(told),
                "article_claims": ids(&s.claims),
                "method": s.method,
            })
        })
        .collect();
    json!({ "language": digest.summary.language, "sentences": sentences })
}

fn translation(translation: &Translation, lead: usize) -> Value {
    let headline = translation.segments.first().filter(|_| lead > 0);
    let sentences: Vec<Value> = translation
        .segments
        .iter()
        .skip(lead)
        .enumerate()
        .map(|(of, s)| segment(of, s))
        .collect();
    json!({
        "language": translation.language,
        "headline": headline.map(|h| h.text.as_str()),
        "headline_status": headline.map(|h| h.status),
        "sentences": sentences,
    })
}

/// A translated segment, and what else the model would have written where that was asked for.
pub fn segment(of: usize, translated: &Translated) -> Value {
    let mut object = json!({ "text": translated.text, "of": of, "status": translated.status });
    if !translated.alternatives.is_empty() {
        object["alternatives"] = json!(translated.alternatives);
    }
    object
}

/// The findings about the summary; those about a translation are in its ledger.
fn findings(digest: &Digest) -> Vec<Value> {
    let article = &digest.document.article;
    let index = CharIndex::new(&article.text);
    digest
        .summary
        .findings
        .iter()
        .map(|f| finding(f, &index, article.language.code()))
        .collect()
}

/// A finding about an article; `language` names the text that its place refers to.
pub fn finding(finding: &Finding, index: &CharIndex, language: &str) -> Value {
    let mut object = json!({
        "check": finding.check,
        "severity": finding.severity,
        "segment": finding.segment,
        "message": finding.message,
    });
    if let Some(span) = finding.source {
        object[language] = json!(index.pair(span));
    }
    object
}
