//! Sources as entities in every language: who is one and the same, what each is called, what it is (data in
//! `entities/`).

use serde_json::Value;

use super::sources::{check_cases, slices};

/// A source as one line: name | kind | mention ; mention …
fn lines(object: &Value) -> Vec<String> {
    let word = |source: &Value, field: &str| source[field].as_str().unwrap().to_owned();
    let line = |source: &Value| {
        let mentions = slices(object, &source["mentions"]).join(" ; ");
        format!("{} | {} | {mentions}", word(source, "name"), word(source, "kind"))
    };
    object["sources"].as_array().unwrap().iter().map(line).collect()
}

#[test]
fn english() {
    check_cases("en", include_str!("entities/en.toml"), lines);
}

#[test]
fn ukrainian() {
    check_cases("uk", include_str!("entities/uk.toml"), lines);
}

#[test]
fn korean() {
    check_cases("ko", include_str!("entities/ko.toml"), lines);
}
