//! An encoder as one more sign in the ledgers that `translate` and `digest` make.

use std::cell::Cell;
use std::path::PathBuf;
use std::rc::Rc;

use byline::align::Status as ClaimStatus;
use byline::align::likeness::Reader;
use byline::error::Result;
use byline::neural::{Encoder, Purpose, TokenVectors};
use byline::pipeline::{self, Engine, Models};
use byline::progress::Silent;
use byline::registry::Task;
use byline::render::Translation;
use byline::text::language::Language;
use byline::text::words::words;
use byline::translate::Status;
use predicates::str::contains;
use serde_json::Value;

use super::Program;
use super::contract::hold;
use super::digest::Scripted;
use super::ladder::options;

/// Knows one thing: that a paper's name was translated.
struct Lantern;

impl Encoder for Lantern {
    fn embed(&self, _: Purpose, _: &[&str]) -> Result<Vec<Vec<f32>>> {
        Ok(Vec::new())
    }

    fn tokens(&self, _: Purpose, texts: &[&str]) -> Result<Vec<TokenVectors>> {
        let vector = |word: &str| {
            let mut vector = vec![0.0; self.dimensions()];
            let place = word.bytes().fold(7usize, |h, b| (h * 31 + usize::from(b)) % 251);
            let same = word == "Lantern" || word.starts_with("Ліхтар");
            vector[if same { 251 } else { place }] = 1.0;
            vector
        };
        let read = |text: &&str| {
            let spans = words(text);
            let vectors = spans.iter().map(|s| vector(s.of(text))).collect();
            TokenVectors { spans, vectors }
        };
        Ok(texts.iter().map(read).collect())
    }

    fn dimensions(&self) -> usize {
        252
    }
}

/// A scripted model, and an encoder whose loadings are counted.
struct Both {
    model: Scripted,
    reader: Option<Rc<Reader>>,
}

impl Models for Both {
    fn engine(&mut self, task: Task, from: Language, to: Option<Language>) -> Result<Engine<'_>> {
        self.model.engine(task, from, to)
    }

    fn reader(&mut self, _: Language, _: Language) -> Result<Option<Rc<Reader>>> {
        Ok(self.reader.clone())
    }
}

fn reader() -> (Rc<Reader>, Rc<Cell<usize>>) {
    let loaded = Rc::new(Cell::new(0));
    let count = Rc::clone(&loaded);
    let load = move || -> Result<Box<dyn Encoder>> {
        count.set(count.get() + 1);
        Ok(Box::new(Lantern))
    };
    (Rc::new(Reader::new(load)), loaded)
}

const SOURCE: &str = "The Lantern reported that the mill had been sold.";
const GOOD: &str = "Газета «Ліхтар» повідомила, що млин продано.";

/// The translation of [`SOURCE`] by a model that answers `answer`, and how often it was asked.
fn translated(answer: &'static str, reader: Option<Rc<Reader>>) -> (Translation, usize) {
    let rules = [("The Lantern reported", answer), ("Lantern", "Лантерн")];
    let mut models = Both {
        model: Scripted::new(&rules),
        reader,
    };
    let source = [SOURCE.to_owned()];
    let (from, to) = (Language::EN, Language::UK);
    let made = pipeline::translate("t", &source, from, &[to], &options(), &mut models, &Silent)
        .unwrap()
        .remove(0);
    let asked = models.model.asked.borrow().len();
    (made, asked)
}

#[test]
fn a_name_that_only_an_encoder_knows_costs_no_second_look() {
    let (blind, asked) = translated(GOOD, None);
    assert!(blind.needs_attention(false) && asked > 1, "{asked} {blind:#?}");
    let (reader, loaded) = reader();
    let (made, asked) = translated(GOOD, Some(reader));
    assert_eq!(made.segments[0].text, GOOD);
    assert!(made.findings.is_empty(), "{made:#?}");
    let claim = &made.ledger.claims[0];
    assert_eq!(claim.status, ClaimStatus::Verified);
    assert!(claim.evidence.encoder.unwrap() > 0.0 && claim.evidence.source.unwrap() > 0.5);
    // the first hypothesis was seen to be good
    assert_eq!((asked, loaded.get()), (1, 1));
}

#[test]
fn an_encoder_does_not_hide_what_is_lost() {
    let (reader, _) = reader();
    let (made, _) = translated("Старий млин біля річки продано.", Some(reader));
    assert_eq!(made.segments[0].status, Status::Repaired, "{made:#?}");
    assert_eq!(made.ledger.claims[0].status, ClaimStatus::Repaired);
}

#[test]
fn nothing_is_loaded_where_there_is_nothing_to_compare() {
    let (reader, loaded) = reader();
    // each attempt is refused
    let (made, _) = translated("", Some(reader.clone()));
    assert_eq!(made.segments[0].status, Status::Untranslated);
    assert!(loaded.get() == 0 && !reader.has_read());
    // and what is read for two translations is loaded once
    translated(GOOD, Some(reader.clone()));
    translated("«Ліхтар» повідомив, що млин продано.", Some(reader));
    assert_eq!(loaded.get(), 1);
}

fn folder(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name);
    path.display().to_string()
}

const TEXT: &str = "The mayor said on Friday that the park was sold.\n\nThe park was damaged for 12 days.\n";

/// What a command makes of [`TEXT`] in Ukrainian with the encoder `embed`, and what it says of it.
fn run(arguments: &[&str], embed: &str, cache: Option<&std::ffi::OsStr>) -> (Value, String) {
    let program = Program::new();
    let mut command = program.command();
    command
        .args(arguments)
        .args(["--from", "en", "--to", "uk", "--format", "json", "--model"])
        .arg(format!("translate={}{embed}", folder("tests/pocket")))
        .write_stdin(TEXT);
    if let Some(cache) = cache {
        command.env("BYLINE_CACHE", cache);
    }
    let output = command.output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    (serde_json::from_slice(&output.stdout).unwrap(), stderr)
}

const COMMANDS: [&[&str]; 2] = [&["translate"], &["digest", "--method", "extractive"]];

fn models(made: &Value) -> Vec<&str> {
    let used = made["models"].as_array().into_iter().flatten();
    used.map(|m| m["task"].as_str().unwrap()).collect()
}

#[test]
fn one_that_took_part_is_named() {
    for (arguments, schema) in COMMANDS.into_iter().zip(["ledger", "digest"]) {
        let tiny = format!(",embed={}", folder("tests/parity/tiny/bert"));
        let (made, told) = run(arguments, &tiny, None);
        assert_eq!(models(&made), ["translate", "embed"], "{made:#}");
        assert_eq!(made["models"][1]["id"], "bert");
        assert!(told.contains("comparing with bert as well"), "{told}");
        let ledger = if schema == "digest" {
            hold("digest", &made);
            &made["ledgers"][0]
        } else {
            assert_eq!(made["model"]["id"], "pocket");
            &made["ledger"]
        };
        hold("ledger", ledger);
        assert!(
            ledger["claims"][0]["evidence"]["encoder"].is_number(),
            "{ledger:#}"
        );
        assert_eq!(run(arguments, &tiny, None).0, made);

        let (without, told) = run(arguments, ",embed=none", None);
        assert!(!models(&without).contains(&"embed") && !told.contains("comparing"));
        assert_eq!(run(arguments, "", None).0, without);
    }
}

#[test]
fn one_that_cannot_be_had_stops_the_work_before_it_begins() {
    for arguments in COMMANDS {
        Program::new()
            .command()
            .args(arguments)
            .args(["--from", "en", "--to", "uk", "--model"])
            .arg(format!(
                "translate={},embed=multilingual-e5-small",
                folder("tests/pocket")
            ))
            .write_stdin(TEXT)
            .assert()
            .code(3)
            .stdout("")
            .stderr(contains("multilingual-e5-small is not on this machine"));
    }
}

/// A real encoder; CI pulls one and names its cache in `BYLINE_TEST_ENCODER`.
#[test]
fn a_real_one_is_used_once_it_is_here() {
    let Some(cache) = std::env::var_os("BYLINE_TEST_ENCODER") else {
        eprintln!("left out: BYLINE_TEST_ENCODER names no cache");
        return;
    };
    for arguments in COMMANDS {
        let (made, told) = run(arguments, "", Some(&cache));
        assert!(
            told.contains("comparing with multilingual-e5-small as well"),
            "{told}"
        );
        assert_eq!(made["models"][1]["id"], "multilingual-e5-small", "{made:#}");
        let none = run(arguments, ",embed=none", Some(&cache)).0;
        assert!(!models(&none).contains(&"embed"));
    }
}
