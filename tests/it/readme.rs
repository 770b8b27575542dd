//! What the README says is what the program does.

use std::fs;
use std::path::Path;

use super::Program;

fn readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

/// The text between `<!-- NAME -->` and `<!-- /NAME -->`.
fn part(name: &str) -> String {
    let text = readme();
    let (_, rest) = text.split_once(&format!("<!-- {name} -->\n")).unwrap();
    let (inside, _) = rest.split_once(&format!("<!-- /{name} -->")).unwrap();
    inside.to_owned()
}

#[test]
fn the_table_of_models_is_made_of_the_manifests() {
    let catalogue = byline::registry::Catalogue::embedded().unwrap();
    let table = byline::cli::commands::models::markdown(&catalogue);
    assert_eq!(
        part("models").trim(),
        table.trim(),
        "put this into README.md:\n{table}"
    );
}

#[test]
fn the_table_of_formats_names_every_format() {
    use clap::ValueEnum;
    let table = part("formats");
    let named = byline::article::Format::value_variants().iter();
    for format in named.filter_map(|format| format.to_possible_value()) {
        assert!(
            table.contains(&format!("`{}`", format.get_name())),
            "{}",
            format.get_name()
        );
    }
}

#[test]
fn the_table_of_outputs_names_every_format() {
    use clap::ValueEnum;
    let table = part("outputs");
    let formats = byline::cli::OutputFormat::value_variants().iter();
    for format in formats.filter_map(|format| format.to_possible_value()) {
        assert!(
            table.contains(&format!("`{}`", format.get_name())),
            "{}",
            format.get_name()
        );
    }
}

#[test]
fn the_transcript_is_what_the_program_prints() {
    let transcript = part("transcript");
    let body = transcript
        .trim()
        .trim_start_matches("```text\n")
        .trim_end_matches("```");
    let mut at = body;
    let mut shown = 0;
    while let Some((_, rest)) = at.split_once("$ byline ") {
        let (line, rest) = rest.split_once('\n').unwrap();
        let expected = rest.split("\n$ byline ").next().unwrap().trim_end();
        let output = Program::new()
            .command()
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(line.split_whitespace())
            .args(["--format", "text", "--quiet"])
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert_eq!(
            String::from_utf8_lossy(&output.stdout).trim_end(),
            expected,
            "byline {line}"
        );
        shown += 1;
        at = rest;
    }
    assert!(shown > 0, "the README shows no command");
}

#[test]
fn the_commands_of_ci_stand_in_the_readme() {
    let text = readme();
    for command in [
        "cargo test --release",
        "cargo run --release -- digest tests/articles/harbour.en.txt --to zh",
    ] {
        assert!(text.lines().any(|line| line == command), "{command}");
    }
}

#[test]
fn every_exit_code_is_told() {
    let text = readme();
    for code in ["0", "1", "2", "3", "4", "130"] {
        assert!(text.contains(&format!("| {code} |")), "{code}");
    }
}
