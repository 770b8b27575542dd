//! Renditions as JSON-LD of schema.org: a graph of NewsArticles, with a Quotation or Claim for each statement.

use serde_json::{Map, Value, json};

use super::rendition::{Rendition, Role, Statement};
use crate::article::Provenance;
use crate::attribution::SourceKind;

/// All texts of one article.
pub fn graph(all: &[Rendition]) -> Value {
    let nodes: Vec<Value> = all.iter().map(|text| article(all, text)).collect();
    json!({"@context": "https://schema.org", "@graph": nodes})
}

fn article(all: &[Rendition], text: &Rendition) -> Value {
    let mut node = Map::new();
    let mut put = |key: &str, value: Value| node.insert(key.to_owned(), value);
    put("@type", json!("NewsArticle"));
    put("@id", json!(text.uri));
    put("inLanguage", json!(text.language));
    if let Some(headline) = &text.headline {
        put("headline", json!(headline));
    }
    for (key, value) in about(&text.provenance) {
        put(key, value);
    }
    if text.role != Role::Original {
        put("articleBody", json!(text.paragraphs.join("\n\n")));
        put("isBasedOn", json!({"@id": all[0].uri}));
    }
    if let (Role::Translation, Some(of)) = (text.role, text.of) {
        put("translationOfWork", json!({"@id": all[of].uri}));
    }
    let translations: Vec<Value> = all
        .iter()
        .filter(|other| other.role == Role::Translation && other.of.is_some_and(|of| all[of].uri == text.uri))
        .map(|other| json!({"@id": other.uri}))
        .collect();
    if !translations.is_empty() {
        put("workTranslation", Value::Array(translations));
    }
    if text.by_model {
        put(
            "digitalSourceType",
            json!("https://schema.org/TrainedAlgorithmicMediaDigitalSource"),
        );
    }
    if !text.findings.is_empty() {
        let comments: Vec<Value> = text
            .findings
            .iter()
            .map(|f| json!({"@type": "Comment", "text": f}))
            .collect();
        put("comment", Value::Array(comments));
    }
    if !text.statements.is_empty() {
        put(
            "hasPart",
            text.statements.iter().map(|s| statement(s, text)).collect(),
        );
    }
    Value::Object(node)
}

/// What the input says of the article. schema.org has no embargo: it is a condition of access.
fn about(provenance: &Provenance) -> Vec<(&'static str, Value)> {
    let text = |value: &Option<String>| value.as_ref().map(|value| json!(value));
    let named =
        |kind: &str, name: &Option<String>| name.as_ref().map(|name| json!({"@type": kind, "name": name}));
    let conditions = provenance.embargo_line().or(provenance.usage.clone());
    [
        ("author", named("Person", &provenance.byline)),
        ("publisher", named("NewsMediaOrganization", &provenance.publisher)),
        ("datePublished", text(&provenance.published)),
        ("dateModified", text(&provenance.updated)),
        ("dateline", text(&provenance.dateline)),
        ("creditText", text(&provenance.credit)),
        ("copyrightNotice", text(&provenance.copyright)),
        ("url", text(&provenance.url)),
        ("conditionsOfAccess", text(&conditions)),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((key, value?)))
    .collect()
}

fn statement(statement: &Statement, text: &Rendition) -> Value {
    let mut node = json!({
        "@type": if statement.quoted { "Quotation" } else { "Claim" },
        "inLanguage": text.language,
        "text": statement.text,
    });
    if let Some(who) = statement.who.as_ref().or(statement.named.as_ref()) {
        let mut creator = json!({"@type": kind(statement.kind), "name": who});
        if let Some(named) = statement.named.as_ref().filter(|n| *n != who) {
            creator["alternateName"] = json!(named);
        }
        node["creator"] = creator;
    }
    if let Some(relayer) = &statement.relayed_by {
        node["isBasedOn"] = json!({
            "@type": "CreativeWork",
            "publisher": {"@type": "Organization", "name": relayer},
        });
    }
    node
}

fn kind(kind: Option<SourceKind>) -> &'static str {
    match kind {
        Some(SourceKind::Outlet) => "NewsMediaOrganization",
        Some(SourceKind::Organisation | SourceKind::Group) => "Organization",
        Some(SourceKind::Document) => "CreativeWork",
        Some(SourceKind::Person | SourceKind::Anonymous) => "Person",
        Some(SourceKind::Unknown) | None => "Thing",
    }
}
