//! Many articles through the real program: results, what is made again, and runs that are killed.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use serde_json::Value;

use super::{Program, article};

/// Articles that differ, each with somebody who says something.
fn text(i: usize) -> String {
    let place = ["Northmere", "Eastholm", "Karlow", "Vesk"][i % 4];
    format!(
        "{place} port to close for {} days\n\nThe port of {place} will close for {} days, the mayor said on Monday. \
         \"We have no choice,\" said Anna Lund, the harbour master. The union denied that {} people would lose work.\n",
        i + 2,
        i + 2,
        i * 3 + 5
    )
}

/// A file of `count` articles, one a line.
fn lines(program: &Program, count: usize) -> String {
    let lines: Vec<String> = (0..count)
        .map(|i| serde_json::json!({"id": format!("a{i}"), "text": text(i)}).to_string())
        .collect();
    program.file("in.jsonl", lines.join("\n")).display().to_string()
}

/// All files of a folder but the journal.
fn results(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_name() != "batch.journal")
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, std::fs::read(entry.path()).unwrap())
        })
        .collect()
}

#[test]
fn a_folder_becomes_a_folder_of_results() {
    let program = Program::new();
    for name in ["harbour.en.txt", "reservoir.uk.txt", "vineyard.en.md"] {
        program.file(&format!("wire/{name}"), std::fs::read(article(name)).unwrap());
    }
    program.file("wire/deep/a b.txt", text(1));
    program.file("wire/.hidden.txt", text(2));
    program.file("wire/empty.txt", "");
    let batch = |more: &[&str]| {
        let mut command = program.command();
        command
            .args(["batch", "wire", "-o", "out", "--task", "sources"])
            .args(more);
        command
    };
    batch(&[])
        .assert()
        .code(1)
        .stderr(contains("5 articles: 4 made, 0 were there; 1 failed"));
    let out = program.home.path().join("out");
    let first = results(&out);
    let names: Vec<&str> = first.keys().map(String::as_str).collect();
    assert_eq!(names.len(), 5, "{names:?}");
    assert!(
        names.contains(&"a b.json") && names.contains(&"harbour.en.json"),
        "{names:?}"
    );
    let error = first
        .iter()
        .find(|(name, _)| name.ends_with(".error.json"))
        .unwrap();
    let error: Value = serde_json::from_slice(error.1).unwrap();
    assert_eq!(error["schema"], "byline/error/1");
    assert_eq!(error["code"], 2);
    let alone = program
        .command()
        .args(["sources", "wire/harbour.en.txt", "--format", "json"])
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&first["harbour.en.json"]).trim_end(),
        String::from_utf8_lossy(&alone.stdout).trim_end()
    );

    // only what changed is made again, and an error that was mended is gone
    program.file("wire/empty.txt", text(7));
    program.file("wire/deep/a b.txt", text(8));
    batch(&[])
        .assert()
        .code(0)
        .stderr(contains("5 articles: 2 made, 3 were there"));
    let second = results(&out);
    assert_eq!(second.len(), 5);
    assert!(!second.keys().any(|name| name.ends_with("error.json")));
    assert_ne!(second["a b.json"], first["a b.json"]);
    // what is asked for otherwise is made otherwise
    batch(&["--format", "text"])
        .assert()
        .code(0)
        .stderr(contains("5 articles: 5 made, 0 were there"));
}

#[test]
fn lines_keep_their_order_and_patterns_find_their_files() {
    let program = Program::new();
    let input = lines(&program, 9);
    program.file("more/x.txt", text(11));
    program.file("more/y.txt", text(12));
    let batch = |inputs: &[&str], said: &str| {
        let how = ["-o", "out.jsonl", "--method", "extractive"];
        let mut command = program.command();
        command.arg("batch").args(inputs).args(how);
        command.assert().code(0).stderr(contains(said));
    };
    batch(&[&input, "more/*.txt"], "11 articles: 11 made");
    // results that lie among the inputs are none of them
    batch(&["*.jsonl*"], "9 articles: 0 made, 9 were there");
    batch(&[&input, "more/*.txt"], "11 articles: 2 made, 9 were there");
    let written = std::fs::read_to_string(program.home.path().join("out.jsonl")).unwrap();
    let ids: Vec<String> = written
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["article"]["id"].to_string())
        .collect();
    let expected: Vec<String> = (0..9)
        .map(|i| format!("\"a{i}\""))
        .chain(["\"x\"".to_owned(), "\"y\"".to_owned()])
        .collect();
    assert_eq!(ids, expected);
}

/// Starts the program, and kills it hard after `wait`, if it is not done by then.
fn killed(program: &Program, arguments: &[&str], wait: Duration) -> bool {
    let mut child = Command::new(assert_cmd::cargo::cargo_bin("byline"))
        .args(arguments)
        .env("HOME", program.home.path())
        .env("BYLINE_CACHE", program.home.path().join("cache"))
        .env("BYLINE_OFFLINE", "1")
        .current_dir(program.home.path())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(wait);
    let done = child.try_wait().unwrap().is_some();
    // SIGKILL
    let _ = child.kill();
    child.wait().unwrap();
    !done
}

#[test]
fn a_run_that_is_killed_fifty_times_ends_as_one_that_was_not() {
    let program = Program::new();
    let input = lines(&program, 400);
    let arguments = |output: &'static str| {
        let mut all = vec!["batch", &input, "--task", "sources", "-o", output];
        all.extend(["--from", "en"]);
        all
    };
    for output in ["whole.jsonl", "whole"] {
        program.command().args(arguments(output)).assert().code(0);
    }
    // moments from before the first result to far into the run
    let mut moment = 1u64;
    for (output, whole) in [("cut.jsonl", "whole.jsonl"), ("cut", "whole")] {
        let mut kills = 0;
        for _ in 0..25 {
            moment = (moment * 48_271) % 2_147_483_647;
            kills += usize::from(killed(
                &program,
                &arguments(output),
                Duration::from_millis(moment % 45),
            ));
        }
        assert!(kills > 0);
        program.command().args(arguments(output)).assert().code(0);
        let (cut, whole) = (program.home.path().join(output), program.home.path().join(whole));
        if cut.is_dir() {
            assert!(
                results(&cut) == results(&whole),
                "results differ after {kills} kills"
            );
        } else {
            assert!(
                std::fs::read(cut).unwrap() == std::fs::read(whole).unwrap(),
                "after {kills} kills"
            );
        }
    }
}

#[test]
fn what_cannot_be_is_refused_before_any_work() {
    let program = Program::new();
    let input = lines(&program, 2);
    program.file("wire/a.txt", text(0));
    program.file("taken", "a letter");
    for (arguments, message) in [
        (vec!["batch", &input], "needs a place for its results"),
        (vec!["batch", "wire", "-o", "wire"], "would lie in one folder"),
        (
            vec!["batch", &input, "-o", &input],
            "is read, so the result cannot be written to it",
        ),
        (vec!["batch", "wire", "-o", "taken"], "is a file"),
        (vec!["batch", "wire/*.xml", "-o", "out"], "matches no file"),
        (
            vec!["batch", "wire", "-o", "out.jsonl", "--format", "markdown"],
            "holds lines of JSON alone",
        ),
        (
            vec!["batch", "wire", "-o", "out", "--task", "translate"],
            "no language to translate into",
        ),
    ] {
        program
            .command()
            .args(&arguments)
            .assert()
            .code(2)
            .stderr(contains(message));
    }
    assert_eq!(
        std::fs::read_to_string(program.home.path().join("taken")).unwrap(),
        "a letter"
    );
    // nothing can be made offline without a model: the code says so
    program
        .command()
        .args(["batch", &input, "-o", "out.jsonl", "--to", "uk"])
        .assert()
        .code(3)
        .stderr(contains("byline models pull"));
}

#[test]
fn each_article_is_a_document_of_its_own() {
    let program = Program::new();
    program.file("wire/a.txt", "The bridge was closed on Monday, the port said.");
    program.file("wire/b.txt", "The mayor denied that the tunnel was flooded.");
    program
        .command()
        .args([
            "batch",
            "wire",
            "-o",
            "out",
            "--task",
            "translate",
            "--to",
            "uk",
            "--format",
            "xliff",
        ])
        .args(["--from", "en", "--model", &pocket()])
        .assert()
        .code(0);
    let results = results(&program.home.path().join("out"));
    assert_eq!(results.keys().collect::<Vec<_>>(), ["a.xlf", "b.xlf"]);
    for (name, bytes) in results {
        let document = String::from_utf8(bytes).unwrap();
        assert_eq!(document.matches("<file ").count(), 1, "{name}");
    }
}

#[test]
fn a_filter_answers_each_line_before_the_next_one_comes() {
    let program = Program::new();
    let mut child = Command::new(assert_cmd::cargo::cargo_bin("byline"))
        .args(["sources", "--input-format", "jsonl", "--format", "json", "-"])
        .env("HOME", program.home.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut answer = |line: &str| -> Value {
        writeln!(input, "{line}").unwrap();
        serde_json::from_str(&output.next().unwrap().unwrap()).unwrap()
    };
    for i in 0..3 {
        let line = serde_json::json!({"id": format!("a{i}"), "text": text(i)}).to_string();
        assert_eq!(answer(&line)["article"]["id"], format!("a{i}"));
    }
    let error = answer("{\"id\": \"q\"}");
    assert_eq!(
        (&error["schema"], &error["id"]),
        (&"byline/error/1".into(), &"q".into())
    );
    assert_eq!(answer("no json")["code"], 2);
    let last = answer(&serde_json::json!({"id": "z", "text": text(5)}).to_string());
    assert_eq!(last["article"]["id"], "z");
    drop(input);
    assert_eq!(child.wait().unwrap().code(), Some(2));
}

#[test]
fn two_runs_do_not_write_to_one_place() {
    let program = Program::new();
    let input = lines(&program, 1);
    let journal = program.file("out.jsonl.journal", "");
    let held = std::fs::OpenOptions::new().write(true).open(&journal).unwrap();
    held.lock().unwrap();
    program
        .command()
        .args(["batch", &input, "-o", "out.jsonl", "--task", "sources"])
        .assert()
        .code(2)
        .stderr(contains("another run is writing there").and(contains("-o")));
}

#[test]
fn an_encoder_that_has_not_read_yet_is_the_same_encoder() {
    let program = Program::new();
    let folder = |name: &str| {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(name)
            .display()
            .to_string()
    };
    let models = format!(
        "translate={},embed={}",
        folder("tests/pocket"),
        folder("tests/parity/tiny/bert")
    );
    program.file("wire/a.txt", "The bridge was closed on Monday, the port said.");
    program.file("wire/b.txt", "The mayor denied that the tunnel was flooded.");
    let mut batch = program.command();
    batch
        .args([
            "batch",
            "wire",
            "-o",
            "out",
            "--task",
            "translate",
            "--to",
            "uk",
            "--from",
            "en",
        ])
        .args(["--model", &models]);
    batch
        .assert()
        .code(0)
        .stderr(contains("2 articles: 2 made, 0 were there"));
    batch
        .assert()
        .code(0)
        .stderr(contains("2 articles: 0 made, 2 were there"));
}

/// The tiny translator of the tests.
fn pocket() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pocket");
    format!("translate={}", folder.display())
}

#[test]
fn digests_are_translated_side_by_side_and_are_what_each_is_alone() {
    let program = Program::new();
    let input = lines(&program, 5);
    let digests = |more: &[&str]| {
        let mut command = program.command();
        let output = command
            .args([
                "digest",
                "--method",
                "extractive",
                "--to",
                "uk",
                "--from",
                "en",
                "--format",
                "json",
            ])
            .args(["--model", &pocket()])
            .args(more)
            .output()
            .unwrap();
        (
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (together, said) = digests(&[&input]);
    // the first article chooses the model; the other four, headline and three sentences each, are translated together
    assert!(said.contains("translating uk 1/16"), "{said}");
    let together: Vec<&str> = together.lines().collect();
    assert_eq!(together.len(), 5);
    let line = serde_json::json!({"id": "a4", "text": text(4)}).to_string();
    let alone = program.file("alone.jsonl", line).display().to_string();
    assert_eq!(digests(&[&alone]).0.trim_end(), together[4]);
    program
        .command()
        .args([
            "batch",
            &input,
            "-o",
            "out.jsonl",
            "--method",
            "extractive",
            "--to",
            "uk",
            "--from",
            "en",
        ])
        .args(["--model", &pocket()])
        .assert()
        .stderr(contains("5 articles: 5 made"));
    let batch = std::fs::read_to_string(program.home.path().join("out.jsonl")).unwrap();
    assert_eq!(batch.lines().collect::<Vec<_>>(), together);
}

/// The disk is full at some point, or the place cannot be written to: one line, code 4, and the next run goes on.
#[cfg(unix)]
#[test]
fn a_disk_that_is_full_costs_the_article_in_work_alone() {
    let program = Program::new();
    let input = lines(&program, 60);
    for (output, whole) in [("cut.jsonl", "whole.jsonl"), ("cut", "whole")] {
        let batch = |output: &str| {
            let mut command = program.command();
            command.args(["batch", &input, "-o", output, "--task", "sources", "--from", "en"]);
            command
        };
        batch(whole).assert().code(0);
        // no file may be longer than 8 kB: in a folder that is the journal, in a file of lines all results
        let byline = assert_cmd::cargo::cargo_bin("byline");
        let full = Command::new("bash")
            .args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$@\"", "bash"])
            .arg(byline)
            .args(["batch", &input, "-o", output, "--task", "sources", "--from", "en"])
            .env("HOME", program.home.path())
            .current_dir(program.home.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&full.stderr);
        assert_eq!(full.status.code(), Some(4), "{said}");
        assert!(said.contains("hint: the file system or `ulimit -f`"), "{said}");
        batch(output)
            .assert()
            .code(0)
            .stderr(contains("60 articles:").and(contains(" 0 were there").not()));
        let (cut, whole) = (program.home.path().join(output), program.home.path().join(whole));
        if cut.is_dir() {
            assert!(results(&cut) == results(&whole));
        } else {
            assert!(std::fs::read(cut).unwrap() == std::fs::read(whole).unwrap());
        }
    }
    program
        .command()
        .args(["batch", &input, "-o", "nowhere/out.jsonl", "--task", "sources"])
        .assert()
        .code(4)
        .stderr(contains("hint: check its name, and that its folder is there"));
}
