//! Encoder-decoders through the front door: `tests/pocket` is a small Marian model that knows one kind of sentence.

use std::path::PathBuf;

use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

use super::{Program, article};

/// The folder of the model.
fn pocket() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/pocket")
}

/// A command that translates into Ukrainian with the model in `folder`.
fn translate(program: &Program, folder: &std::path::Path, arguments: &[&str]) -> assert_cmd::Command {
    let mut command = program.command();
    command
        .args(["translate", "--from", "en", "--to", "uk", "--model"])
        .arg(format!("translate={}", folder.display()))
        .args(arguments);
    command
}

/// The one object that a run prints.
fn json(mut command: assert_cmd::Command, text: &str) -> Value {
    let output = command
        .args(["--format", "json"])
        .write_stdin(text)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {stderr}"))
}

fn texts(translation: &Value) -> Vec<&str> {
    let segments = translation["segments"].as_array().unwrap();
    segments.iter().map(|s| s["text"].as_str().unwrap()).collect()
}

/// Sentences that the model knows, the `i`-th always the same.
fn sentence(i: usize) -> String {
    let thing = ["bridge", "tunnel", "park", "market", "port", "road"][i % 6];
    let state = ["closed", "opened", "sold", "flooded", "damaged"][i % 5];
    let day = ["Monday", "Tuesday", "Friday", "Sunday"][i % 4];
    let source = ["port", "mayor", "bank", "court", "museum", "plant"][i / 3 % 6];
    match i % 4 {
        0 => format!("The {source} said on {day} that the {thing} was {state}."),
        1 => format!("The {thing} was {state}."),
        2 => format!("The {thing} was {state} on {day}, the {source} said."),
        _ => format!("The {thing} was {state} for {} days.", 5 + i % 90),
    }
}

#[test]
fn a_folder_in_the_hubs_layout_translates() {
    let program = Program::new();
    translate(&program, &pocket(), &[])
        .write_stdin(
            "The bridge was closed on Monday, the port said.\n\nThe mayor denied that the tunnel was flooded.\n",
        )
        .assert()
        .code(0)
        .stdout("Міст закрито у понеділок, повідомив порт.\n\nМер заперечив, що тунель затоплено.\n")
        .stderr(contains("pocket (your own file)"));
}

#[test]
fn a_digest_is_translated_with_its_sources() {
    let program = Program::new();
    let text = "The mayor said on Friday that the park was sold.\n\nThe park was damaged for 12 days.\n";
    let output = program
        .command()
        .args([
            "digest",
            "--method",
            "extractive",
            "--from",
            "en",
            "--to",
            "uk",
            "--format",
            "json",
            "--model",
        ])
        .arg(format!("translate={}", pocket().display()))
        .write_stdin(text)
        .output()
        .unwrap();
    let digest: Value = serde_json::from_slice(&output.stdout).unwrap();
    let sentences = digest["translations"][0]["sentences"].as_array().unwrap();
    assert!(!sentences.is_empty());
    for sentence in sentences {
        assert_eq!(sentence["status"], "translated", "{digest:#}");
    }
    assert_eq!(
        digest["ledgers"][0]["claims"][0]["status"], "verified",
        "{digest:#}"
    );
    assert_eq!(digest["models"][0]["id"], "pocket");
}

#[test]
fn the_ledger_has_what_the_translator_tells_of_its_words() {
    let program = Program::new();
    let text = "The bridge was closed on Monday, the plant said.\n\nThe road was sold.\n";
    let translation = json(translate(&program, &pocket(), &[]), text);
    let claim = &translation["ledger"]["claims"][0];
    assert_eq!(claim["status"], "verified", "{claim:#}");
    // no list has "plant": its place tells it, and the attention
    assert_eq!(claim["evidence"]["source"], 0.6, "{claim:#}");
    assert!(
        claim["evidence"]["alignment"].as_f64().unwrap() >= 0.5,
        "{claim:#}"
    );
}

#[test]
fn a_batch_gives_what_single_sentences_give() {
    let program = Program::new();
    let text: String = (0..60).map(|i| sentence(i) + "\n\n").collect();
    let together = json(translate(&program, &pocket(), &[]), &text);
    let alone = json(translate(&program, &pocket(), &["--batch-tokens", "1"]), &text);
    assert_eq!(together, alone);
    assert_eq!(texts(&together).len(), 60);
    let greedy = json(translate(&program, &pocket(), &["--beam", "1"]), &text);
    assert_eq!(texts(&together), texts(&greedy));
}

#[test]
fn thousands_of_segments_are_translated_in_order() {
    let program = Program::new();
    let lines: String = (0..60)
        .map(|n| {
            let text: Vec<String> = (n * 50..n * 50 + 50).map(sentence).collect();
            serde_json::json!({ "id": n.to_string(), "text": text.join("\n") }).to_string() + "\n"
        })
        .collect();
    let output = translate(
        &program,
        &pocket(),
        &["--input-format", "jsonl", "--format", "json", "--beam", "1"],
    )
    .write_stdin(lines)
    .output()
    .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let articles: Vec<Value> = printed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(articles.len(), 60);
    for (n, article) in articles.iter().enumerate() {
        assert_eq!(article["id"], n.to_string());
        let found = texts(article);
        assert_eq!(found.len(), 50);
        // the numbers tell which segment came from where
        for (i, text) in (n * 50..).zip(found).filter(|(i, _)| i % 4 == 3) {
            assert!(text.contains(&format!(" {} ", 5 + i % 90)), "{i}: {text}");
        }
    }
}

#[test]
fn what_the_model_cannot_read_at_once_is_cut_at_clauses_and_joined() {
    let program = Program::new();
    let clauses: Vec<String> = (0..20)
        .map(|i| sentence(4 * i + 3).replace("The", if i == 0 { "The" } else { "the" }))
        .map(|s| s.trim_end_matches('.').to_owned())
        .collect();
    let text = clauses.join("; ") + ".";
    let translation = json(translate(&program, &pocket(), &[]), &text);
    let found = texts(&translation);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].matches("днів").count(), 20, "{}", found[0]);
    assert_eq!(translation["segments"][0]["status"], "translated");
}

#[test]
fn alternatives_are_listed_with_their_scores() {
    let program = Program::new();
    let text = sentence(0);
    let translation = json(translate(&program, &pocket(), &["--alternatives", "3"]), &text);
    let alternatives = translation["segments"][0]["alternatives"].as_array().unwrap();
    assert_eq!(alternatives.len(), 3);
    assert_eq!(alternatives[0]["text"], translation["segments"][0]["text"]);
    let scores: Vec<f64> = alternatives
        .iter()
        .map(|a| a["score"].as_f64().unwrap())
        .collect();
    assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
    let plain = json(translate(&program, &pocket(), &[]), &text);
    assert_eq!(plain["segments"][0].get("alternatives"), None);
}

#[test]
fn options_that_would_be_ignored_are_refused() {
    let program = Program::new();
    let refused = |mut command: assert_cmd::Command, says: &str| {
        command
            .write_stdin("The park was sold.")
            .assert()
            .code(2)
            .stdout("")
            .stderr(contains(says.to_owned()));
    };
    let mut chat = program.command();
    chat.args(["translate", "--from", "en", "--to", "zh", "--beam", "3"]);
    chat.args(["--model", "translate=qwen2.5-coder-1.5b"]);
    refused(chat, "qwen2.5-coder-1.5b (qwen2) is none");
    refused(
        translate(&program, &pocket(), &["--alternatives", "3", "--format", "text"]),
        "add --format json",
    );
    refused(
        translate(
            &program,
            &pocket(),
            &["--alternatives", "3", "--beam", "2", "--format", "json"],
        ),
        "say --beam 3 or more",
    );
    refused(translate(&program, &pocket(), &["--beam", "0"]), "--beam");
}

#[test]
fn a_folder_that_lacks_a_file_says_which() {
    let program = Program::new();
    for name in ["vocab.json", "source.spm", "config.json"] {
        for entry in std::fs::read_dir(pocket()).unwrap() {
            let path = entry.unwrap().path();
            let file = path.file_name().unwrap().to_str().unwrap().to_owned();
            program.file(&format!("model/{file}"), std::fs::read(&path).unwrap());
        }
        let folder = program.home.path().join("model");
        std::fs::remove_file(folder.join(name)).unwrap();
        translate(&program, &folder, &[])
            .write_stdin("The park was sold.")
            .assert()
            .failure()
            .stdout("")
            .stderr(contains(name).and(contains("panicked").not()));
    }
}

#[test]
fn a_model_that_is_not_for_everybody_is_announced_with_its_licence() {
    Program::new()
        .command()
        .args([
            "translate",
            "--to",
            "uk",
            "--model",
            "translate=nllb-200-distilled-600m",
        ])
        .arg(article("harbour.en.txt"))
        .assert()
        .code(3)
        .stderr(contains("CC-BY-NC-4.0: Not for commercial use."));
}

#[test]
fn where_no_model_translates_at_once_it_goes_by_way_of_english() {
    Program::new()
        .command()
        .args(["translate", "--from", "ko", "--to", "fi"])
        .arg(article("tunnel.ko.txt"))
        .assert()
        .code(3)
        .stdout("")
        .stderr(
            contains("no model here translates Korean into Finnish at once: it goes by way of English")
                .and(contains("model for translate ko→en: "))
                .and(contains("model for translate en→fi: ")),
        );
}

/// Whoever writes a line may wait for its translation before the next.
#[test]
fn a_stream_is_translated_before_it_ends() {
    use std::io::{BufRead, BufReader, Write};
    use std::process::{Command, Stdio};
    let program = Program::new();
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("byline"))
        .env("BYLINE_CACHE", program.home.path())
        .args(["translate", "--from", "en", "--to", "uk", "--offline"])
        .args(["--input-format", "jsonl", "--format", "json", "--model"])
        .arg(format!("translate={}", pocket().display()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = |i: usize| serde_json::json!({"id": format!("a{i}"), "language": "en", "text": sentence(i)});
    writeln!(input, "{}", line(0)).unwrap();
    let first: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert!(!texts(&first)[0].is_empty());
    for i in 1..40 {
        writeln!(input, "{}", line(i)).unwrap();
    }
    drop(input);
    let rest: Vec<Value> = lines
        .map(|line| serde_json::from_str(&line.unwrap()).unwrap())
        .collect();
    assert_eq!(rest.len(), 39);
    assert!(child.wait().unwrap().code().is_some_and(|code| code < 2));
    // what shared a batch with others is what it is alone
    for i in [7, 23] {
        let alone = json(translate(&program, &pocket(), &[]), &sentence(i));
        assert_eq!(texts(&rest[i - 1]), texts(&alone));
    }
}
