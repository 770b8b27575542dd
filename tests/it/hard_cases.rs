//! The hard cases of attribution in every language, with all that is expected of them (data in `hard_cases/`).

use serde_json::Value;

use super::sources::{check_cases, pieces};

/// A claim as one line: source | cue | content | form stance polarity | number of the relaying claim.
fn lines(object: &Value) -> Vec<String> {
    let claims = object["attributions"].as_array().unwrap();
    let joined = |claim: &Value, role: &str| match pieces(object, claim, role) {
        found if found.is_empty() => "-".to_owned(),
        found => found.join(" … "),
    };
    let word = |claim: &Value, field: &str| claim[field].as_str().unwrap().to_owned();
    claims
        .iter()
        .map(|claim| {
            let parent = claims.iter().position(|other| other["id"] == claim["parent"]);
            format!(
                "{} | {} | {} | {} {} {} | {}",
                joined(claim, "source"),
                joined(claim, "cue"),
                joined(claim, "content"),
                word(claim, "form"),
                word(claim, "stance"),
                word(claim, "polarity"),
                parent.map_or("-".to_owned(), |p| (p + 1).to_string()),
            )
        })
        .collect()
}

#[test]
fn english() {
    check_cases("en", include_str!("hard_cases/en.toml"), lines);
}

#[test]
fn ukrainian() {
    check_cases("uk", include_str!("hard_cases/uk.toml"), lines);
}

#[test]
fn korean() {
    check_cases("ko", include_str!("hard_cases/ko.toml"), lines);
}

#[test]
fn chinese() {
    check_cases("zh", include_str!("hard_cases/zh.toml"), lines);
}

#[test]
fn russian() {
    check_cases("ru", include_str!("hard_cases/ru.toml"), lines);
}
