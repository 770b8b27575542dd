//! Stories that come again: what did not change is not made again, and what did is told.

use byline::article::{self, Article};
use byline::pipeline::{self, Options};
use byline::progress::Silent;
use byline::render::{self, Digest};
use byline::summarise::Length;
use byline::text::language::Language;
use byline::translate::glossary::Glossary;
use byline::translate::seq2seq::Search;
use byline::update::{Former, QuoteChange};
use serde_json::Value;

use crate::Program;
use crate::digest::Scripted;

const FORMER: &str = "Dam at Aldbury to be emptied\n\n\
    The dam at Aldbury will be emptied on 3 April, the Water Board said on Tuesday. \
    Farmers below the dam have been told to move their cattle.\n\n\
    \"We have no other choice,\" said Nora Feld, the engineer in charge. \
    Repairs of the wall will cost 2.4 million crowns and take until autumn.\n";

fn article(text: &str) -> Article {
    article::read("dam.txt", text.as_bytes(), None, Some(Language::EN))
        .unwrap()
        .remove(0)
        .unwrap()
}

const RULES: &[(&str, &str)] = &[
    ("Translate", "Дамбу спорожнять."),
    (
        "",
        "The Water Board said the dam at Aldbury would be emptied on 3 April.",
    ),
];

fn digest(text: &str, former: Option<&Former>) -> (Digest, usize) {
    let mut model = Scripted::new(RULES);
    let options = Options {
        length: Length::Sentences(3),
        abstractive: true,
        temperature: 0.0,
        seed: 0,
        to: Vec::new(),
        glossary: Glossary::default(),
        search: Search::default(),
    };
    let digest = pipeline::update(article(text), former, &options, &mut model, &Silent).unwrap();
    let asked = model.asked.borrow().len();
    (digest, asked)
}

fn read_back(digest: &Digest) -> Former {
    Former::read("former", &render::json::digest(digest, &[]).to_string()).unwrap()
}

#[test]
fn an_article_that_did_not_change_asks_for_nothing() {
    let (first, asked) = digest(FORMER, None);
    assert!(asked > 0 && first.changes.is_none());
    let written = first
        .summary
        .sentences
        .iter()
        .any(|s| s.text.starts_with("The Water Board said"));
    assert!(written, "{:?}", first.summary);
    let (second, asked_again) = digest(FORMER, Some(&read_back(&first)));
    let texts = |d: &Digest| {
        d.summary
            .sentences
            .iter()
            .map(|s| s.text.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(texts(&second), texts(&first));
    assert!(asked_again < asked, "{asked_again} of {asked}");
    let changes = second.changes.unwrap();
    assert!(changes.new.is_empty() && changes.gone.is_empty() && changes.quotes.is_empty());
    assert!(!changes.kept.is_empty());
}

#[test]
fn what_changed_is_made_again_and_told() {
    let (first, _) = digest(FORMER, None);
    let now = FORMER
        .replace("3 April", "5 April")
        .replace("no other choice", "no choice left")
        + "\n\"All is safe,\" the mayor said.\n";
    let (second, _) = digest(&now, Some(&read_back(&first)));
    let changes = second.changes.as_ref().unwrap();
    let new: Vec<&str> = changes.new.iter().map(|&i| second.document.sentence(i)).collect();
    assert_eq!(new.len(), 3, "{new:?}");
    assert!(new[0].contains("5 April") && new[2].contains("All is safe"));
    assert_eq!(changes.gone.len(), 2);
    // what was written of the old date is not taken over
    assert!(
        second
            .summary
            .sentences
            .iter()
            .all(|s| !s.text.contains("3 April")),
        "{:?}",
        second.summary
    );
    match changes.quotes.as_slice() {
        [
            QuoteChange::Wording { former, now },
            QuoteChange::New { now: added },
        ] => {
            assert_eq!(
                (former.text.as_str(), now.text.as_str()),
                ("We have no other choice", "We have no choice left")
            );
            assert_eq!(now.who.as_deref(), Some("Nora Feld"));
            assert_eq!(added.text, "All is safe");
        }
        other => panic!("{other:?}"),
    }
    let markdown = render::markdown::digest(&second, &[]);
    assert!(markdown.contains("## What changed"), "{markdown}");
    assert!(
        markdown.contains("Nora Feld is quoted with other words"),
        "{markdown}"
    );
}

#[test]
fn translations_of_what_stands_are_taken_over_through_the_front_door() {
    let program = Program::new();
    let pocket = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pocket");
    let model = format!("translate={}", pocket.display());
    let former =
        "The bridge was closed on Monday, the port said. The mayor denied that the tunnel was flooded.\n";
    program.file("a.txt", former);
    program.file(
        "b.txt",
        format!("{former}\nThe market was sold on Friday, the bank said.\n"),
    );
    let run = |arguments: &[&str]| {
        let mut command = program.command();
        command
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
            ])
            .args(["--model", &model])
            .args(arguments);
        command.output().unwrap()
    };
    let first = run(&["a.txt"]);
    assert!(
        first.status.code().unwrap() < 2,
        "{}",
        String::from_utf8_lossy(&first.stderr)
    );
    // what a desk has corrected by hand in the former result stays
    let former = String::from_utf8(first.stdout).unwrap();
    let corrected = former.replace(
        "Міст закрито у понеділок, повідомив порт.",
        "Міст закрили в понеділок, повідомив порт.",
    );
    assert_ne!(corrected, former);
    program.file("former.json", corrected);
    let second = run(&["b.txt", "--since", "former.json"]);
    let value: Value = serde_json::from_slice(&second.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&second.stderr)));
    let texts: Vec<&str> = value["translations"][0]["sentences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["text"].as_str().unwrap())
        .collect();
    assert!(
        texts.contains(&"Міст закрили в понеділок, повідомив порт."),
        "{texts:?}"
    );
    assert_eq!(value["changes"]["new_sentences"].as_array().unwrap().len(), 1);

    for (name, bytes, message) in [
        ("empty.json", "", "is no digest as JSON"),
        (
            "other.json",
            "{\"schema\":\"byline/sources/1\"}",
            "its schema is not byline/digest/1",
        ),
        (
            "cut.json",
            "{\"schema\":\"byline/digest/1\",\"article\":{}}",
            "a field is missing",
        ),
    ] {
        program.file(name, bytes);
        let refused = run(&["b.txt", "--since", name]);
        assert_eq!(refused.status.code(), Some(2));
        let stderr = String::from_utf8_lossy(&refused.stderr);
        assert!(stderr.contains(message), "{stderr}");
    }
    let several = run(&["a.txt", "b.txt", "--since", "former.json"]);
    assert_eq!(several.status.code(), Some(2));
}
