//! What `check` does with an encoder, and without one.

use predicates::prelude::*;
use serde_json::{Value, json};

use super::{SOURCE, TARGET, line};
use crate::Program;

fn args<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [
        &["check", "--input-format", "jsonl", "--format", "json", "-"],
        more,
    ]
    .concat()
}

#[test]
fn one_that_is_not_here_is_told_and_not_fetched() {
    let program = Program::new();
    program
        .command()
        .env_remove("BYLINE_OFFLINE")
        .args(args(&["--model", "embed=multilingual-e5-small"]))
        .write_stdin(line(&TARGET))
        .assert()
        .code(3)
        .stdout("")
        .stderr(predicate::str::contains(
            "multilingual-e5-small is not on this machine",
        ))
        .stderr(predicate::str::contains(
            "byline models pull multilingual-e5-small",
        ));
}

#[test]
fn one_must_know_both_languages() {
    let program = Program::new();
    program
        .command()
        .args(args(&["--model", "embed=all-minilm-l6-v2"]))
        .write_stdin(line(&TARGET))
        .assert()
        .code(3)
        .stderr(predicate::str::contains("all-minilm-l6-v2 is not good enough"));
}

#[test]
fn without_one_nothing_is_said_of_it() {
    let run = |more: &[&str]| {
        let program = Program::new();
        let output = program
            .command()
            .args(args(more))
            .write_stdin(line(&TARGET))
            .output()
            .unwrap();
        assert!(output.status.success());
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        output.stdout
    };
    let plain = run(&[]);
    assert_eq!(plain, run(&["--model", "embed=none"]));
    let ledger: Value = serde_json::from_slice(&plain).unwrap();
    assert_eq!(ledger.get("models"), None);
    assert!(
        ledger["claims"]
            .as_array()
            .unwrap()
            .iter()
            .all(|c| c["evidence"].get("encoder").is_none())
    );
}

/// Sentences without names, numbers and speakers, so that only their meanings tell them apart.
const QUIET: [(&str, &str); 3] = [
    (
        "The bakers of the old town close their shops in the afternoon when the heat becomes unbearable.",
        "Пекарі старого міста зачиняють свої крамниці пополудні, коли спека стає нестерпною.",
    ),
    (
        "The river has risen since the morning, and the lower fields already lie under water.",
        "Річка від самого ранку піднімається, і нижні поля вже лежать під водою.",
    ),
    (
        "Nobody has repaired the road to the quarry since the heavy lorries tore it open last winter.",
        "Дорогу до кар'єру ніхто не ремонтував відтоді, як минулої зими її розбили важкі вантажівки.",
    ),
];
/// As long as the second of them, and about something else.
const OTHER: &str = "Діти з сусіднього двору цілий тиждень малювали крейдою смішних котів.";

/// A real encoder; CI pulls one and names its cache in `BYLINE_TEST_ENCODER`.
#[test]
fn a_real_one_sees_what_no_other_sign_shows() {
    let Some(cache) = std::env::var_os("BYLINE_TEST_ENCODER") else {
        eprintln!("left out: BYLINE_TEST_ENCODER names no cache");
        return;
    };
    let given = |changed: bool| {
        let source: Vec<&str> = SOURCE.into_iter().chain(QUIET.map(|q| q.0)).collect();
        let mut target: Vec<&str> = TARGET.into_iter().chain(QUIET.map(|q| q.1)).collect();
        if changed {
            target[6] = OTHER;
        }
        json!({"id": "q", "from": "en", "to": "uk", "source": source, "target": target}).to_string()
    };
    let run = |changed: bool, more: &[&str]| -> (Value, String) {
        let program = Program::new();
        let mut command = program.command();
        command
            .env("BYLINE_CACHE", &cache)
            .args(args(more))
            .write_stdin(given(changed));
        let output = command.output().unwrap();
        let ledger = serde_json::from_slice(&output.stdout).unwrap();
        (ledger, String::from_utf8(output.stderr).unwrap())
    };
    let (good, told) = run(false, &[]);
    assert!(told.contains("multilingual-e5-small"), "{told}");
    assert_eq!(good["findings"], json!([]));
    assert_eq!(good["models"][0]["id"], "multilingual-e5-small");
    assert_eq!(good["models"][0]["sha256"].as_str().map(str::len), Some(64));
    for claim in good["claims"].as_array().unwrap() {
        assert!(claim["evidence"]["encoder"].as_f64().unwrap() > 0.0, "{claim}");
    }
    let (changed, _) = run(true, &[]);
    let finding = &changed["findings"][0];
    assert_eq!(
        (&finding["check"], &finding["segment"]),
        (&json!("coverage"), &json!(6))
    );
    assert_eq!(run(true, &[]).0, changed);
    let (blind, told) = run(true, &["--model", "embed=none"]);
    assert_eq!((&blind["findings"], told.as_str()), (&json!([]), ""));
    // the foot of the page names it too
    let page = |more: &[&str]| {
        let program = Program::new();
        let mut command = program.command();
        command
            .env("BYLINE_CACHE", &cache)
            .args(["check", "--input-format", "jsonl", "--format", "html", "-"])
            .args(more)
            .write_stdin(given(false));
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    let seen = page(&[]);
    assert!(seen.contains("embed: multilingual-e5-small") && !seen.contains("no model"));
    assert!(page(&["--model", "embed=none"]).contains("no model"));
}
