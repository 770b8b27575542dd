//! What scripts rely on: the JSON of every command, held against a schema, and every position against its text.

use std::path::Path;

use serde_json::Value;

use super::{Program, article};

fn schema(name: &str) -> jsonschema::Validator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/it/schemas/{name}.json"));
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

pub(crate) fn hold(name: &str, value: &Value) {
    let errors: Vec<String> = schema(name)
        .iter_errors(value)
        .map(|e| format!("{}: {e}", e.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{name}:\n{}", errors.join("\n"));
}

fn json(output: &[u8]) -> Vec<Value> {
    String::from_utf8_lossy(output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn run(args: &[&str], input: &[&str]) -> Vec<Value> {
    let output = Program::new()
        .command()
        .args(args)
        .args(input.iter().map(|name| article(name)))
        .output()
        .unwrap();
    let code = output.status.code().unwrap();
    assert!(code <= 1, "{code}: {}", String::from_utf8_lossy(&output.stderr));
    json(&output.stdout)
}

/// All pairs of integers below `value` that are positions, i.e. everything under a key that ends in `spans` or is
/// named after a language.
fn positions(value: &Value, text: &str) {
    let length = text.chars().count() as u64;
    match value {
        Value::Array(items) => match items[..] {
            [Value::Number(ref a), Value::Number(ref b)] => {
                let (a, b) = (a.as_u64().unwrap(), b.as_u64().unwrap());
                assert!(a <= b && b <= length, "[{a}, {b}) in a text of {length}");
            }
            _ => items.iter().for_each(|item| positions(item, text)),
        },
        Value::Object(fields) => fields.values().for_each(|field| positions(field, text)),
        _ => {}
    }
}

const SAMPLES: [&str; 7] = [
    "harbour.en.txt",
    "bridge.en.txt",
    "observatory.en.txt",
    "ferry.en.html",
    "vineyard.en.md",
    "reservoir.uk.txt",
    "tunnel.ko.txt",
];

#[test]
fn sources_of_every_sample_keep_the_contract() {
    let all = run(&["sources", "--format", "json"], &SAMPLES);
    assert_eq!(all.len(), SAMPLES.len());
    for value in &all {
        hold("sources", value);
        let text = value["article"]["text"].as_str().unwrap();
        positions(&value["sentences"], text);
        positions(&value["attributions"], text);
        let found = value["attributions"].as_array().unwrap().len();
        assert!(found >= 6, "{}: {found} attributions", value["article"]["id"]);
    }
}

#[test]
fn digests_of_every_sample_keep_the_contract() {
    for value in run(
        &["digest", "--method", "extractive", "--format", "json"],
        &SAMPLES,
    ) {
        whole_digest(&value);
    }
}

fn whole_digest(value: &Value) {
    hold("digest", value);
    let sentences = value["sources"]["sentences"].as_array().unwrap().len() as u64;
    let known: Vec<&str> = value["sources"]["attributions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["id"].as_str().unwrap())
        .collect();
    for sentence in value["summary"]["sentences"].as_array().unwrap() {
        for support in sentence["supports"].as_array().unwrap() {
            assert!(support.as_u64().unwrap() < sentences);
        }
        for claim in sentence["article_claims"].as_array().unwrap() {
            assert!(known.contains(&claim.as_str().unwrap()), "{claim}");
        }
        for ledger in value["ledgers"].as_array().unwrap() {
            let held: Vec<&Value> = ledger["claims"]
                .as_array()
                .unwrap()
                .iter()
                .map(|c| &c["id"])
                .collect();
            for claim in sentence["claims"].as_array().unwrap() {
                assert!(held.contains(&claim), "{claim}");
            }
        }
    }
    for ledger in value["ledgers"].as_array().unwrap() {
        hold("ledger", ledger);
        whole_ledger(ledger);
    }
}

fn whole_ledger(ledger: &Value) {
    let (from, to) = (ledger["from"].as_str().unwrap(), ledger["to"].as_str().unwrap());
    for language in [from, to] {
        let text = ledger["texts"][language]["text"].as_str().unwrap();
        for item in ledger["segments"]
            .as_array()
            .unwrap()
            .iter()
            .chain(ledger["claims"].as_array().unwrap())
        {
            positions(&item[language], text);
        }
    }
}

#[test]
fn ledgers_keep_the_contract() {
    let program = Program::new();
    let lines = [
        r#"{"id":"1","from":"en","to":"uk","source":["The port is shut, Mayor Edda Vance said."],"target":["Порт закрито, сказала мер Едда Венс."]}"#,
        r#"{"id":"2","from":"en","to":"ko","source":["Reuters reported that 12 people were hurt."],"target":["로이터 통신은 12명이 다쳤다고 보도했다."]}"#,
        r#"{"id":"3","from":"en","to":"zh","source":["The company denied the report."],"target":["该公司否认了这一报道。"]}"#,
    ];
    let file = program.file("pairs.jsonl", lines.join("\n"));
    let output = program
        .command()
        .args(["check", "--input-format", "jsonl", "--format", "json"])
        .arg(&file)
        .output()
        .unwrap();
    let ledgers = json(&output.stdout);
    assert_eq!(
        ledgers.len(),
        lines.len(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for ledger in &ledgers {
        hold("ledger", ledger);
        whole_ledger(ledger);
        assert!(!ledger["claims"].as_array().unwrap().is_empty(), "{ledger}");
    }
}

/// A digest that a real model made; CI makes one and names it in `BYLINE_TEST_DIGEST`.
#[test]
fn real_digest() {
    let Some(path) = std::env::var_os("BYLINE_TEST_DIGEST") else {
        eprintln!("left out: BYLINE_TEST_DIGEST names no digest");
        return;
    };
    let text = std::fs::read_to_string(path).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    whole_digest(&value);
    assert!(!value["models"].as_array().unwrap().is_empty());
    assert!(value["summary"]["sentences"].as_array().unwrap().len() >= 3);
}
