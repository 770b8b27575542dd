//! What `byline check` prints for people, and asks of them.

use serde_json::json;

use super::{SOURCE, TARGET, check, findings, line};
use crate::Program;

#[test]
fn two_files_are_aligned_and_printed_for_people() {
    let program = Program::new();
    let home = program.home.path();
    std::fs::write(home.join("a.txt"), SOURCE.join("\n\n")).unwrap();
    std::fs::write(
        home.join("b.txt"),
        TARGET.join("\n\n").replace("62 000", "26 000"),
    )
    .unwrap();
    let output = program
        .command()
        .args([
            "check", "a.txt", "b.txt", "--from", "en", "--to", "uk", "--format", "text",
        ])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("error (number): 62,000 became 26 000"), "{text}");
    // The words in question are underlined by a row of marks right below them.
    let lines: Vec<&str> = text.lines().collect();
    for number in ["62,000", "26 000"] {
        let at = lines
            .iter()
            .position(|l| l.contains(number) && l.contains(": "))
            .unwrap();
        let column = lines[at].split(number).next().unwrap().chars().count();
        let below: String = lines[at + 1].chars().skip(column).take(6).collect();
        assert_eq!(below, "^^^^^^", "{text}");
    }
    assert!(text.contains("✓") && !text.contains('\u{1b}'), "{text}");
}

#[test]
fn colours_are_for_those_who_want_them() {
    let mut target: Vec<&str> = TARGET.to_vec();
    let wrong = TARGET[3].replace("62 000", "26 000");
    target[3] = &wrong;
    let run = |when: &str| {
        let program = Program::new();
        let output = program
            .command()
            .args([
                "check",
                "--input-format",
                "jsonl",
                "--format",
                "text",
                "--color",
                when,
                "-",
            ])
            .write_stdin(line(&target))
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(
        run("always").contains("\u{1b}[4;31m62,000\u{1b}[0m"),
        "{}",
        run("always")
    );
    for when in ["auto", "never"] {
        assert!(!run(when).contains('\u{1b}'), "{when}");
    }
}

#[test]
fn strict_wants_every_attribution() {
    let mut target: Vec<&str> = TARGET.to_vec();
    // The speaker's name is kept, the word that tells it is reported is not.
    target[2] = "«Ми не випустимо його в море, доки двигун не відремонтують і не перевірять». Начальник порту Павло Драммонд.";
    let run = |flags: &[&str]| {
        let program = Program::new();
        let output = program
            .command()
            .args(["check", "--input-format", "jsonl", "--format", "json"])
            .args(flags)
            .arg("-")
            .write_stdin(line(&target))
            .output()
            .unwrap();
        output.status.code().unwrap()
    };
    assert_eq!((run(&[]), run(&["--strict"])), (0, 1));
}

#[test]
fn without_a_translation_it_says_how() {
    let program = Program::new();
    program
        .command()
        .args(["check", "a.txt"])
        .assert()
        .code(2)
        .stderr(predicates::str::contains("a source and a translation"));
    check("").1.is_empty().then_some(()).unwrap();
}

#[test]
fn a_speaker_who_is_left_only_as_one_who_is_spoken_of_is_missed() {
    let source = "Drummond said the crew trusted Drummond's engineer, but the board did not.";
    let sources = |to: &str, target: &str| {
        let line = json!({"id": "t", "from": "en", "to": to, "source": [source], "target": [target]});
        let (_, ledgers, _) = check(&line.to_string());
        let found = findings(&ledgers[0], 0);
        found.iter().filter(|(check, _)| check == "source").count()
    };
    for kept in [
        "Драммонд сказав, що екіпаж довіряв інженеру Драммонда, але правління — ні.",
        "Драммонд сказав, що екіпаж довіряв його інженеру, але правління — ні.",
        "Екіпаж довіряв інженеру Драммонда, але правління — ні, сказав він.",
    ] {
        assert_eq!(sources("uk", kept), 0, "{kept}");
    }
    for gone in [
        "Капітан сказав, що екіпаж довіряв інженеру Драммонда, але правління — ні.",
        "Сказав, що екіпаж довіряв інженеру Драммонда, але правління — ні.",
    ] {
        assert_eq!(sources("uk", gone), 1, "{gone}");
    }
}
