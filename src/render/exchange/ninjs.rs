//! Renditions as IPTC ninjs 3, one news object a text: who vouches for it under `infoSources`, what it was made of under
//! `associations`.

use serde_json::{Value, json};

use super::rendition::{Rendition, Role, Statement};
use crate::render::words::capitalised;

const VERSION: &str = "3.3";
const SCHEMA: &str = "http://www.iptc.org/std/ninjs/ninjs-schema_3.3.json#";
/// IPTC's word for what a generative model has made.
const BY_MODEL: &str = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia";

/// The text at `index` of `all`; the texts that it was made of are told in brief.
pub fn object(all: &[Rendition], index: usize) -> Value {
    let text = &all[index];
    let mut object = brief(text);
    object["standard"] = json!({"name": "ninjs", "version": VERSION, "schema": SCHEMA});
    object["representationType"] = json!("full");
    if text.role != Role::Original {
        object["bodies"] = json!([{
            "role": "main",
            "contentType": "text/plain",
            "value": text.paragraphs.join("\n\n"),
        }]);
    }
    let sources = sources(&text.statements);
    if !sources.is_empty() {
        object["infoSources"] = Value::Array(sources);
    }
    if text.by_model {
        object["digitalSourceType"] = json!({"uri": BY_MODEL});
    }
    if text.role != Role::Original {
        let mut note = vec![format!("Made by {}.", text.tool)];
        note.extend(
            text.provenance
                .embargo_line()
                .map(|line| format!("{}.", capitalised(&line))),
        );
        note.extend(text.findings.iter().map(|f| format!("To be looked at: {f}")));
        object["edNote"] = json!(note.join("\n"));
    }
    let mut associations = Vec::new();
    let mut at = index;
    while let Some(of) = all[at].of {
        let mut associated = brief(&all[of]);
        associated["name"] = json!(match all[of].role {
            Role::Original => "original",
            Role::Summary => "summary",
            Role::Translation => "translation",
        });
        associated["rel"] = json!(match all[at].role {
            Role::Translation => "translationOf",
            _ => "derivedFrom",
        });
        associated["representationType"] = json!("partial");
        associations.push(associated);
        at = of;
    }
    if !associations.is_empty() {
        object["associations"] = Value::Array(associations);
    }
    object
}

fn brief(text: &Rendition) -> Value {
    let mut object = json!({"uri": text.uri, "type": "text", "language": text.language});
    if let Some(headline) = &text.headline {
        object["headlines"] = json!([{"role": "main", "contentType": "text/plain", "value": headline}]);
    }
    let about = &text.provenance;
    // a date without a time is none to ninjs
    let timed = |date: &Option<String>| date.clone().filter(|date| date.contains('T'));
    for (key, value) in [
        ("by", about.byline.clone()),
        ("located", about.dateline.clone()),
        ("embargoedUntil", timed(&about.embargo)),
        ("firstCreated", timed(&about.published)),
        ("versionCreated", timed(&about.updated)),
        ("copyrightNotice", about.copyright.clone()),
        ("usageTerms", about.usage.clone()),
    ] {
        if let Some(value) = value {
            object[key] = json!(value);
        }
    }
    object
}

/// Everybody who says something, once, and those who relay it.
fn sources(statements: &[Statement]) -> Vec<Value> {
    let mut known: Vec<(String, &str, Option<String>)> = Vec::new();
    let mut add = |name: &str, role: &'static str, literal: Option<&String>| {
        if !known.iter().any(|(n, r, _)| n == name && *r == role) {
            known.push((name.to_owned(), role, literal.filter(|l| *l != name).cloned()));
        }
    };
    for statement in statements {
        if let Some(relayer) = &statement.relayed_by {
            add(relayer, "relayer", None);
        }
        if let Some(who) = statement.who.as_ref().or(statement.named.as_ref()) {
            add(who, "source", statement.named.as_ref());
        }
    }
    known
        .into_iter()
        .map(|(name, role, literal)| {
            let mut source = json!({"name": name, "role": role});
            if let Some(literal) = literal {
                source["literal"] = json!(literal);
            }
            source
        })
        .collect()
}
