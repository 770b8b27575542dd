//! The front door: exit codes, what goes where, and refusals that say what to do.

use predicates::prelude::*;
use predicates::str::contains;

use super::{Program, article};

#[test]
fn a_pair_that_no_model_here_serves_is_refused_with_the_models_that_would() {
    Program::new()
        .command()
        .args(["digest", "--method", "extractive", "--to", "uk"])
        .arg(article("harbour.en.txt"))
        .assert()
        .code(3)
        .stdout("")
        .stderr(contains("firefox-en-uk").and(contains("byline models pull")));
}

#[test]
fn a_pair_that_no_manifest_serves_is_refused() {
    Program::new()
        .command()
        .args(["translate", "--from", "en", "--to", "ka"])
        .arg(article("harbour.en.txt"))
        .assert()
        .code(3)
        .stdout("")
        .stderr(contains("Georgian"));
}

#[test]
fn a_model_is_not_used_for_a_language_that_it_is_not_good_enough_for() {
    Program::new()
        .command()
        .args(["summarise", "--model", "summarise=qwen2.5-coder-1.5b"])
        .arg(article("reservoir.uk.txt"))
        .assert()
        .code(3)
        .stdout("")
        .stderr(contains("Ukrainian"));
}

#[test]
fn extractive_summaries_need_no_model_and_are_the_same_twice() {
    let run = || {
        let output = Program::new()
            .command()
            .args(["summarise", "--method", "extractive", "--format", "json"])
            .arg(article("harbour.en.txt"))
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        output.stdout
    };
    assert_eq!(run(), run());
}

#[test]
fn every_language_of_the_samples_can_be_summarised_extractively() {
    for name in [
        "reservoir.uk.txt",
        "tunnel.ko.txt",
        "ferry.en.html",
        "vineyard.en.md",
    ] {
        Program::new()
            .command()
            .args([
                "summarise",
                "--method",
                "extractive",
                "--format",
                "text",
                "--sentences",
                "3",
            ])
            .arg(article(name))
            .assert()
            .success()
            .stdout(contains(" 3. "));
    }
}

#[test]
fn one_bad_article_does_not_stop_the_others() {
    let program = Program::new();
    let bad = program.file("bad.txt", b"abc \xff\xfe\x00 def");
    program
        .command()
        .args(["summarise", "--method", "extractive", "--format", "text"])
        .arg(&bad)
        .arg(article("harbour.en.txt"))
        .assert()
        .code(2)
        .stdout(contains("Harbour Authority"))
        .stderr(contains("bad.txt"));
}

#[test]
fn a_result_file_is_whole_or_not_there() {
    let program = Program::new();
    let empty = program.file("empty.txt", "");
    let out = program.home.path().join("out.json");
    program
        .command()
        .args(["sources", "--format", "json", "-o"])
        .arg(&out)
        .arg(article("harbour.en.txt"))
        .assert()
        .success()
        .stdout("");
    let written = std::fs::read_to_string(&out).unwrap();
    serde_json::from_str::<serde_json::Value>(&written).unwrap();
    program
        .command()
        .args(["sources", "-o", "no/such/folder/out.json"])
        .arg(&empty)
        .assert()
        .code(4);
    let left: Vec<_> = std::fs::read_dir(program.home.path())
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(".byline-"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[cfg(not(feature = "cuda"))]
#[test]
fn a_build_without_cuda_says_how_to_build_it() {
    let program = Program::new();
    let doctor = program
        .command()
        .args(["doctor", "--device", "cuda", "--format", "text"])
        .output()
        .unwrap();
    let text = String::from_utf8(doctor.stdout).unwrap();
    let line = text.lines().find(|line| line.starts_with("device ")).unwrap();
    assert!(line.contains("--features cuda"), "{line}");
    let plain = program
        .command()
        .args(["doctor", "--format", "text"])
        .output()
        .unwrap();
    let text = String::from_utf8(plain.stdout).unwrap();
    assert!(
        text.contains("device         cpu (") && text.contains("computes in f32"),
        "{text}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_and_a_device_is_not_replaced() {
    use std::os::unix::fs::FileTypeExt;
    let program = Program::new();
    program
        .command()
        .args(["sources", "--format", "json", "-o", "/dev/full"])
        .arg(article("harbour.en.txt"))
        .assert()
        .code(4)
        .stderr(contains("/dev/full"));
    assert!(
        std::fs::metadata("/dev/full")
            .unwrap()
            .file_type()
            .is_char_device()
    );
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_byline"))
        .args(["sources", "--format", "json"])
        .arg(article("harbour.en.txt"))
        .env("HOME", program.home.path())
        .stdout(full)
        .stderr(std::process::Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(4));
}

#[test]
fn what_is_read_is_not_written_over() {
    let program = Program::new();
    let text = "The ferry is late, the mayor said.\n";
    program.file("a.txt", text);
    program.file("b.txt", text);
    for command in [
        &["sources", "a.txt"][..],
        &["check", "b.txt", "a.txt", "--format", "json"],
    ] {
        program
            .command()
            .args(command)
            .args(["-o", "./a.txt"])
            .assert()
            .code(2)
            .stdout("")
            .stderr(contains("a.txt: is read"));
        assert_eq!(
            std::fs::read_to_string(program.home.path().join("a.txt")).unwrap(),
            text
        );
    }
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link() {
    let program = Program::new();
    let target = program.file("results/real.json", "old");
    let link = program.home.path().join("link.json");
    std::os::unix::fs::symlink(&target, &link).unwrap();
    program
        .command()
        .args(["sources", "--format", "json", "-o"])
        .arg(&link)
        .arg(article("harbour.en.txt"))
        .assert()
        .success();
    assert!(std::fs::symlink_metadata(&link).unwrap().file_type().is_symlink());
    assert!(std::fs::read_to_string(&target).unwrap().starts_with('{'));
}

/// Real weights of no sense: whatever they write, the digest holds and says what was left untranslated.
#[test]
fn a_model_that_writes_rubbish_does_not_spoil_the_digest() {
    let tiny = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parity/tiny/llama/model.gguf");
    let model = |task: &str| format!("{task}={}", tiny.display());
    let output = Program::new()
        .command()
        .args(["digest", "--to", "zh", "--format", "json", "--sentences", "3"])
        .args(["--model", &model("summarise"), "--model", &model("translate")])
        .arg(article("harbour.en.txt"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let digest: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    for sentence in digest["summary"]["sentences"].as_array().unwrap() {
        assert_ne!(sentence["method"], "abstractive", "{sentence}");
    }
    for sentence in digest["translations"][0]["sentences"].as_array().unwrap() {
        assert_eq!(sentence["status"], "untranslated", "{sentence}");
    }
    assert!(!digest["ledgers"][0]["findings"].as_array().unwrap().is_empty());
}

/// Many articles, so that a model of any speed is at work when the signal comes.
#[cfg(unix)]
#[test]
fn ctrl_c_in_a_generation_leaves_no_file() {
    use std::io::BufRead;
    let program = Program::new();
    let text = std::fs::read_to_string(article("harbour.en.txt")).unwrap();
    let line =
        |k: usize| serde_json::json!({"id": format!("a{k}"), "language": "en", "text": text}).to_string();
    let input = program.file("many.jsonl", (0..400).map(line).collect::<Vec<_>>().join("\n"));
    let out = program.home.path().join("out.json");
    let tiny = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parity/tiny/llama/model.gguf");
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("byline"))
        .env("BYLINE_CACHE", program.home.path())
        .args(["summarise", "--offline", "--format", "json"])
        .args(["--model", &format!("summarise={}", tiny.display())])
        .arg(&input)
        .arg("-o")
        .arg(&out)
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut talk = std::io::BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(talk.any(|line| line.unwrap() == "summarising"));
    let id = child.id().to_string();
    assert!(
        std::process::Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    talk.for_each(drop);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(!out.exists());
}

#[test]
fn formats_that_a_command_has_no_use_for_are_refused() {
    for (command, format) in [
        ("sources", "html"),
        ("summarise", "html"),
        ("sources", "markdown"),
    ] {
        Program::new()
            .command()
            .args([command, "--format", format])
            .arg(article("harbour.en.txt"))
            .assert()
            .code(2)
            .stdout("")
            .stderr(contains("--format"));
    }
}

#[test]
fn settings_that_cannot_be_followed_are_named() {
    let cases: [(&[&str], &str); 6] = [
        (&["--threads", "0"], "thread"),
        (&["--device", "abacus"], "abacus"),
        (&["--model", "smollm2-135m"], "TASK=ID"),
        (&["--model", "cook=smollm2-135m"], "cook"),
        (&["--glossary", "missing.csv"], "missing.csv"),
        (&["--temperature", "7"], "temperature"),
    ];
    for (flags, named) in cases {
        Program::new()
            .command()
            .args(["digest", "--method", "extractive"])
            .args(flags)
            .arg(article("harbour.en.txt"))
            .assert()
            .code(2)
            .stdout("")
            .stderr(contains(named));
    }
}

#[test]
fn a_typo_in_the_configuration_is_named_with_its_line() {
    let program = Program::new();
    program.file("config/byline/byline.toml", "offline = true\nthreds = 2\n");
    program
        .command()
        .arg("doctor")
        .assert()
        .code(2)
        .stderr(contains("line 2").and(contains("threds")));
}

#[test]
fn the_configuration_fills_what_flags_leave_open() {
    let program = Program::new();
    program.file("config/byline/byline.toml", "format = \"text\"\n");
    program
        .command()
        .arg("sources")
        .arg(article("harbour.en.txt"))
        .assert()
        .success()
        .stdout(contains("attributions in"));
    program
        .command()
        .args(["sources", "--format", "json"])
        .arg(article("harbour.en.txt"))
        .assert()
        .success()
        .stdout(predicates::str::starts_with("{"));
}

#[test]
fn doctor_says_what_works_without_a_network() {
    Program::new()
        .command()
        .args(["doctor", "--format", "text"])
        .assert()
        .success()
        .stdout(
            contains("not used (offline)")
                .and(contains("sources, check"))
                .and(contains("No model is here")),
        );
}

#[test]
fn offline_every_model_that_is_missing_is_named_at_once() {
    let run = |more: &[&str]| {
        let output = Program::new()
            .command()
            .args(["digest", "--to", "uk"])
            .args(more)
            .arg(article("harbour.en.txt"))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(3));
        String::from_utf8(output.stderr).unwrap()
    };
    let said = run(&[]);
    let pull = "run `byline models pull qwen2.5-coder-1.5b firefox-en-uk`";
    assert!(
        said.contains(pull) && said.contains("--method extractive"),
        "{said}"
    );
    let said = run(&["--method", "extractive"]);
    assert!(said.contains("firefox-en-uk is not on this machine"), "{said}");
    assert!(!said.contains("qwen") && !said.contains("--method"), "{said}");
}

#[test]
fn bench_measures_an_encoder_by_what_it_reads() {
    let tiny = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parity/tiny/bert");
    let output = Program::new()
        .command()
        .args(["bench", "--prompt-tokens", "40", "--format", "json", "--model"])
        .arg(&tiny)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let measured: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(measured["prefill_tokens_per_s"].as_f64().unwrap() > 0.0);
    assert!(measured["decode_tokens_per_s"].is_null(), "{measured}");
}

#[test]
fn bench_measures_an_encoder_decoder_over_sentences_side_by_side() {
    let pocket = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pocket");
    let program = Program::new();
    let bench = |more: &[&str]| {
        let mut command = program.command();
        command
            .args(["bench", "--prompt-tokens", "96", "--model"])
            .arg(&pocket)
            .args(more);
        command.output().unwrap()
    };
    for form in [&[][..], &["--quantise", "q8_0"]] {
        let output = bench(&[&["--new-tokens", "5", "--format", "json"], form].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{said}");
        let measured: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(measured["sequences"], 3, "{measured}");
        for key in [
            "prefill_tokens_per_s",
            "decode_tokens_per_s",
            "load_s",
            "peak_rss_mib",
        ] {
            assert!(measured[key].as_f64().unwrap() > 0.0, "{measured}");
        }
    }
    let text = bench(&["--new-tokens", "5", "--format", "text"]).stdout;
    assert!(String::from_utf8_lossy(&text).contains("96 tokens, 3 texts side by side"));
    let output = bench(&["--new-tokens", "5000"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("5000 tokens are more than this model writes"),
        "{said}"
    );
}

#[test]
fn bench_tells_the_stages_of_a_whole_job() {
    let tiny = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parity/tiny/qwen2/model.gguf");
    let program = Program::new();
    let article = program.file(
        "bridge.txt",
        "Bridge shut\n\nThe bridge is shut, the mayor said on Monday.\n",
    );
    let bench = |args: &[&str]| {
        let mut command = program.command();
        command.arg("bench").args(args).arg(&article);
        command
            .arg("--model")
            .arg(format!("summarise={}", tiny.display()));
        command.output().unwrap()
    };
    let output = bench(&[
        "--suite",
        "digest",
        "--format",
        "json",
        "-v",
        "--cache-type",
        "f16",
    ]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let measured: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let stages = measured["stages"].as_array().unwrap();
    let names: Vec<&str> = stages.iter().map(|s| s["stage"].as_str().unwrap()).collect();
    assert_eq!(names, ["reading", "loading model", "summarising"]);
    let total: f64 = stages.iter().map(|s| s["seconds"].as_f64().unwrap()).sum();
    assert!(
        total > 0.0 && total <= measured["seconds"].as_f64().unwrap(),
        "{measured}"
    );
    for name in names {
        assert!(said.contains(&format!("{name}: ")), "{said}");
    }
    let output = bench(&["--suite", "digest", "--format", "text"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.starts_with("bridge\n") && text.contains("tokens/s"),
        "{text}"
    );
    for (wrong, named) in [
        (&["--suite", "sources"][..], "sources"),
        (&["--suite", "digest", "--cache-type", "q3"], "q3"),
        (&["--suite", "digest", "--new-tokens", "3"], "--new-tokens"),
        (&[], "--suite"),
    ] {
        let output = bench(wrong);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(named), "{said}");
    }
}

#[test]
fn help_completions_and_manual_go_to_standard_output() {
    for (args, part) in [
        (&["--help"][..], "Exit codes"),
        (&["check", "--help"], "- xliff:     XLIFF"),
        (&["completions", "bash"][..], "byline"),
        (&["man"][..], ".TH"),
    ] {
        Program::new()
            .command()
            .args(args)
            .assert()
            .success()
            .stdout(contains(part))
            .stderr("");
    }
    Program::new()
        .command()
        .arg("digets")
        .assert()
        .code(2)
        .stdout("")
        .stderr(contains("digest"));
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_ends_the_program_quietly() {
    use std::process::{Command, Stdio};
    let program = Program::new();
    let line = r#"{"id":"a","language":"en","text":"The port is shut, the mayor said."}"#;
    let many = program.file("many.jsonl", format!("{line}\n").repeat(2000));
    let mut child = Command::new(env!("CARGO_BIN_EXE_byline"))
        .args(["sources", "--format", "json"])
        .arg(&many)
        .env("HOME", program.home.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
