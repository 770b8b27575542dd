#![allow(clippy::unwrap_used)]

use std::fs;

use super::*;
use crate::article::{Format, read};

/// Writes an article's text in capitals; counts its work.
#[derive(Default)]
struct Capitals {
    asked: &'static str,
    made: Vec<String>,
    formers: Vec<String>,
    /// Ends the run, as a signal would, when that much was made.
    dies_after: Option<usize>,
}

impl Job for Capitals {
    fn settings(&self) -> String {
        self.asked.to_owned()
    }

    fn models(&mut self, _: &Article) -> Result<String> {
        Ok(String::new())
    }

    fn make(&mut self, article: Article, former: Option<&str>) -> Result<(String, u8)> {
        if self.dies_after == Some(self.made.len()) {
            return Err(Error::Interrupted);
        }
        self.made.push(article.id.clone());
        self.formers.extend(former.map(str::to_owned));
        if article.text.contains("unreadable") {
            return Err(Error::failed("it cannot be done").with_hint("leave it"));
        }
        Ok((article.text.to_uppercase().replace('\n', " "), 0))
    }
}

fn items(texts: &[&str]) -> Vec<Item> {
    let lines: Vec<String> = texts
        .iter()
        .enumerate()
        .map(|(i, text)| format!("{{\"id\":\"a{i}\",\"text\":\"{text}\"}}"))
        .collect();
    read("t", lines.join("\n").as_bytes(), Some(Format::Jsonl), None)
        .unwrap()
        .into_iter()
        .enumerate()
        .map(|(i, article)| (format!("t:{i}"), article))
        .collect()
}

fn go(texts: &[&str], job: &mut Capitals, store: &Store) -> Result<Count> {
    let journal = Journal::open(&store.journal())?;
    run(&mut items(texts).into_iter(), job, journal, store, &mut |_, _| {})
}

const TEXTS: [&str; 4] = ["One port.", "Two ports.", "An unreadable port.", "Four ports."];

#[test]
fn what_is_done_is_not_done_again() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::Lines(home.path().join("out.jsonl"));
    let mut job = Capitals::default();
    let count = go(&TEXTS, &mut job, &store).unwrap();
    assert_eq!(
        (count.done, count.kept, count.failed, count.exit_code()),
        (4, 0, 1, 1)
    );
    let written = fs::read_to_string(home.path().join("out.jsonl")).unwrap();
    let lines: Vec<&str> = written.lines().collect();
    assert_eq!(
        (lines[0], lines[1], lines[3]),
        ("ONE PORT.", "TWO PORTS.", "FOUR PORTS.")
    );
    let error: Value = serde_json::from_str(lines[2]).unwrap();
    assert_eq!(
        (&error["id"], &error["hint"], &error["code"]),
        (&json!("a2"), &json!("leave it"), &json!(4))
    );

    // the failed one is tried again, and what changed is made again
    let mut job = Capitals::default();
    let count = go(
        &["One port.", "Two old ports.", TEXTS[2], TEXTS[3]],
        &mut job,
        &store,
    )
    .unwrap();
    assert_eq!(job.made, ["a1", "a2"]);
    assert_eq!(job.formers, ["TWO PORTS."]);
    assert_eq!(count.kept, 2);

    // other settings: all again, and nothing of the former results is given to the work
    let mut job = Capitals {
        asked: "otherwise",
        ..Capitals::default()
    };
    go(&TEXTS, &mut job, &store).unwrap();
    assert_eq!((job.made.len(), job.formers.len()), (4, 0));
    assert_eq!(
        fs::read_to_string(home.path().join("out.jsonl")).unwrap(),
        written
    );
}

#[test]
fn a_journal_cut_anywhere_is_taken_up_where_it_was_whole() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::Lines(home.path().join("out.jsonl"));
    let mut job = Capitals {
        dies_after: Some(3),
        ..Capitals::default()
    };
    assert!(matches!(go(&TEXTS, &mut job, &store), Err(Error::Interrupted)));
    let journal = fs::read(store.journal()).unwrap();
    assert!(
        !home.path().join("out.jsonl").exists(),
        "nothing half-done has the final name"
    );
    let mut redone = Vec::new();
    for length in 0..=journal.len() {
        fs::write(store.journal(), &journal[..length]).unwrap();
        let mut job = Capitals::default();
        go(&TEXTS, &mut job, &store).unwrap();
        let written = fs::read_to_string(home.path().join("out.jsonl")).unwrap();
        assert_eq!(written.lines().count(), 4);
        assert!(written.starts_with("ONE PORT.\nTWO PORTS.\n{") && written.ends_with("FOUR PORTS.\n"));
        redone.push(job.made.len());
    }
    assert!(redone.is_sorted_by(|a, b| a >= b), "{redone:?}");
    // the failed article is tried again each time
    assert_eq!((redone.first(), redone.last()), (Some(&4), Some(&2)));
}

#[test]
fn a_damaged_result_is_no_result() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::Folder(home.path().to_owned(), "txt");
    go(&TEXTS, &mut Capitals::default(), &store).unwrap();
    assert_eq!(
        fs::read_to_string(home.path().join("a1.txt")).unwrap(),
        "TWO PORTS."
    );
    assert!(home.path().join("a2.error.json").exists());
    fs::write(home.path().join("a1.txt"), "TWO P").unwrap();
    fs::remove_file(home.path().join("a3.txt")).unwrap();
    let mut job = Capitals::default();
    go(&TEXTS, &mut job, &store).unwrap();
    assert_eq!(job.made, ["a1", "a2", "a3"]);
    assert_eq!(
        fs::read_to_string(home.path().join("a1.txt")).unwrap(),
        "TWO PORTS."
    );
}

#[test]
fn only_one_run_at_a_time_and_only_into_a_journal() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::Lines(home.path().join("out.jsonl"));
    let _held = Journal::open(&store.journal()).unwrap();
    let refused = go(&TEXTS, &mut Capitals::default(), &store).unwrap_err();
    assert!(refused.to_string().contains("another run"), "{refused}");

    let store = Store::Lines(home.path().join("other.jsonl"));
    let letter = "Dear editor,\nthis is no journal.\n";
    fs::write(store.journal(), letter).unwrap();
    let refused = go(&TEXTS, &mut Capitals::default(), &store).unwrap_err();
    assert!(refused.to_string().contains("no journal"), "{refused}");
    assert_eq!(fs::read_to_string(store.journal()).unwrap(), letter);
}

#[test]
fn ids_that_come_twice_have_results_of_their_own() {
    let mut names = HashSet::new();
    let ids: Vec<String> = ["a", "a", "a (2)", "a"]
        .map(|id| unique(id.to_owned(), &mut names))
        .into();
    assert_eq!(ids, ["a", "a (2)", "a (2) (2)", "a (3)"]);
}
