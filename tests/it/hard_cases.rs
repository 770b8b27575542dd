//! The hard cases of attribution in every language, with all that is expected of them (data in `hard_cases/`).

use serde::Deserialize;
use serde_json::Value;

use super::sources::{pieces, sources};

#[derive(Deserialize)]
struct File {
    case: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    text: String,
    claims: Vec<String>,
}

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

fn check(language: &str, data: &str) {
    let file: File = toml::from_str(data).unwrap();
    let items: Vec<(&str, &str)> = file.case.iter().map(|c| (language, c.text.as_str())).collect();
    let mut wrong = String::new();
    for (case, object) in file.case.iter().zip(sources(&items)) {
        let got = lines(&object);
        if got != case.claims {
            wrong.push_str(&format!(
                "{}\n  want {:#?}\n  got  {:#?}\n",
                case.name, case.claims, got
            ));
        }
    }
    assert!(wrong.is_empty(), "{language}:\n{wrong}");
}

#[test]
fn english() {
    check("en", include_str!("hard_cases/en.toml"));
}

#[test]
fn ukrainian() {
    check("uk", include_str!("hard_cases/uk.toml"));
}

#[test]
fn korean() {
    check("ko", include_str!("hard_cases/ko.toml"));
}

#[test]
fn chinese() {
    check("zh", include_str!("hard_cases/zh.toml"));
}

#[test]
fn russian() {
    check("ru", include_str!("hard_cases/ru.toml"));
}
