//! IPTC ninjs (news in JSON) → drafts: versions 2 and 3 with their lists (`headlines`, `bodies`), version 1 with its
//! single fields (`headline`, `body_xhtml`). Version 3 writes `versionCreated` where 2 writes
//! `versioncreated`, and `embargoedUntil` for `embargoed`.

use serde_json::Value;

use super::Object;
use crate::article::draft::Draft;
use crate::article::provenance::Field;
use crate::article::{BlockKind, Dropped, html, text, xml};
use crate::error::{Error, Result};

pub(super) fn is_ninjs(item: &Object) -> bool {
    let named = item.contains_key("uri") || item.contains_key("guid");
    let starts = |key: &String| {
        ["bodies", "body_", "headline"]
            .iter()
            .any(|start| key.starts_with(start))
    };
    named && item.keys().any(starts)
}

/// Reads one article, a list of them, or one a line. One that fails does not stop the others.
///
/// # Errors
/// [`Error::Input`] if it is not JSON.
pub(in crate::article) fn read(name: &str, text: &str) -> Result<Vec<Result<Draft>>> {
    let mut items = Vec::new();
    let mut is_list = false;
    for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        let value = value.map_err(|e| {
            Error::input(
                name,
                format!("is not JSON (line {}, column {})", e.line(), e.column()),
            )
            .with_hint("get the file again; it may be cut off")
        })?;
        match value {
            Value::Array(list) => {
                is_list = true;
                items.extend(list);
            }
            single => items.push(single),
        }
    }
    is_list |= items.len() > 1;
    let drafts: Vec<Result<Draft>> = (1..)
        .zip(&items)
        .map(|(number, value)| {
            let place = if is_list {
                format!("item {number}: ")
            } else {
                String::new()
            };
            let mut draft = item(name, &place, value)?;
            draft.id = value["uri"]
                .as_str()
                .or(value["guid"].as_str())
                .filter(|_| is_list)
                .map(str::to_owned);
            Ok(draft)
        })
        .collect();
    if drafts.is_empty() {
        return Err(Error::input(name, "is an empty list").with_hint("give ninjs with an article in it"));
    }
    Ok(drafts)
}

fn item(name: &str, place: &str, value: &Value) -> Result<Draft> {
    let fail = |message: &str| Error::input(name, format!("{place}{message}"));
    let Some(item) = value.as_object().filter(|item| is_ninjs(item)) else {
        return Err(fail(
            "is JSON, but no ninjs (it has no \"uri\", or neither \"bodies\" nor \"headlines\")",
        )
        .with_hint("other JSON is read as JSONL: {\"id\": …, \"text\": …}"));
    };
    let kind = string(item, "type").unwrap_or("text");
    let title = headline(item).and_then(|title| text::title(name, title));
    let Some(body) = body(item) else {
        let message = match kind {
            "text" | "composite" | "component" => "has no body with a text".to_owned(),
            other => format!("is ninjs of type \"{other}\", without a text"),
        };
        return Err(fail(&message).with_hint("export the article with its text in \"bodies\""));
    };
    let mut draft = match body {
        Body::Html(html) => Draft::of_page(html::fragment(name, html)?, title),
        Body::Nitf(nitf) => {
            let mut draft = xml::nitf::read(name, nitf)?;
            if let Some(title) = title {
                draft.pieces.retain(|piece| piece.kind != BlockKind::Headline);
                draft.settle(Some(title));
            }
            draft
        }
        Body::Text(plain) => text::body_or_html(name, plain, title)?,
    };
    about(item, &mut draft);
    beside(item, &mut draft);
    Ok(draft)
}

/// A field by its name in version 2: version 3 sets capitals inside of it.
fn field<'v>(item: &'v Object, name: &str) -> Option<&'v Value> {
    item.get(name).or_else(|| {
        let mut fields = item.iter();
        fields
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    })
}

fn string<'v>(item: &'v Object, name: &str) -> Option<&'v str> {
    field(item, name)?.as_str().filter(|text| !text.trim().is_empty())
}

/// The objects of a list; version 1 has an object of them where 2 and 3 have a list.
fn objects<'v>(item: &'v Object, name: &str) -> Vec<&'v Object> {
    match field(item, name) {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_object).collect(),
        Some(Value::Object(named)) => named.values().filter_map(Value::as_object).collect(),
        _ => Vec::new(),
    }
}

fn is_main(object: &&&Object) -> bool {
    string(object, "role").is_some_and(|role| role.eq_ignore_ascii_case("main"))
}

fn headline(item: &Object) -> Option<&str> {
    let lines = objects(item, "headlines");
    let line = lines.iter().find(is_main).or(lines.first());
    line.and_then(|line| string(line, "value"))
        .or_else(|| string(item, "headline"))
        .or_else(|| string(item, "headline_main"))
        .or_else(|| string(item, "title"))
}

enum Body<'v> {
    Html(&'v str),
    Nitf(&'v str),
    Text(&'v str),
}

/// The text of the article, in the form that keeps most of its structure; of several in that form the main one.
fn body(item: &Object) -> Option<Body<'_>> {
    let list = objects(item, "bodies");
    let mut bodies: Vec<(&str, String)> = Vec::new();
    for body in list
        .iter()
        .filter(is_main)
        .chain(list.iter().filter(|b| !is_main(b)))
    {
        if let Some(value) = string(body, "value") {
            let kind = string(body, "contenttype")
                .or(string(body, "role"))
                .unwrap_or_default();
            bodies.push((value, kind.to_lowercase()));
        }
    }
    let single = item.iter().filter(|(key, _)| key.starts_with("body_"));
    bodies.extend(single.filter_map(|(key, value)| Some((value.as_str()?, key.to_lowercase()))));
    bodies.retain(|(value, _)| !value.trim().is_empty());
    let of = |wanted: fn(&str, &str) -> bool| {
        let found = bodies.iter().find(|(value, kind)| wanted(value, kind));
        found.map(|(value, _)| *value)
    };
    let is_nitf = |value: &str, _: &str| xml::root_name(value.trim_start()) == Some("nitf");
    of(|_, kind| kind.contains("html"))
        .map(Body::Html)
        .or_else(|| of(is_nitf).map(Body::Nitf))
        .or_else(|| of(|_, kind| !kind.contains("xml")).map(Body::Text))
}

fn about(item: &Object, draft: &mut Draft) {
    for (about, key) in [
        (Field::Byline, "by"),
        (Field::Byline, "byline"),
        (Field::Dateline, "dateline"),
        (Field::Dateline, "located"),
        (Field::Credit, "creditline"),
        (Field::Embargo, "embargoed"),
        (Field::Embargo, "embargoeduntil"),
        (Field::Published, "firstcreated"),
        (Field::Published, "contentcreated"),
        (Field::Updated, "versioncreated"),
        (Field::Url, "uri"),
        (Field::Url, "guid"),
        (Field::Copyright, "copyrightnotice"),
        (Field::Copyright, "copyrightholder"),
        (Field::Usage, "usageterms"),
    ] {
        if let Some(value) = string(item, key) {
            draft.set(about, value);
        }
    }
    for source in objects(item, "infosources") {
        if let Some(name) = string(source, "name").or_else(|| string(source, "uri")) {
            let role = string(source, "role").map(|role| format!(" ({role})"));
            let line = format!("{name}{}", role.unwrap_or_default());
            draft.provenance.info_sources.push(line);
        }
    }
    if let Some(language) = string(item, "language") {
        draft.declare(language);
    }
    if let Some(status) = string(item, "pubstatus").filter(|status| *status != "usable") {
        draft.warnings.push(format!("its status is {status}, not usable"));
    }
}

/// What goes with the article and is no part of its text.
fn beside(item: &Object, draft: &mut Draft) {
    let mut drop = |text: &str, reason| {
        draft.dropped.push(Dropped {
            text: html::walk::collapse(text),
            reason,
        });
    };
    if let Some(note) = string(item, "ednote") {
        drop(note, "note to editors");
    }
    for description in objects(item, "descriptions") {
        drop(string(description, "value").unwrap_or_default(), "description");
    }
    for other in objects(item, "associations") {
        let described = objects(other, "descriptions");
        let caption = headline(other)
            .or_else(|| described.first().and_then(|d| string(d, "value")))
            .or_else(|| string(other, "uri"));
        drop(caption.unwrap_or_default(), "picture or other medium");
    }
}
