//! Sentences of a summary that give a claim to nobody, to somebody else, or turn it round: found and mended.

use byline::article;
use byline::pipeline::{self, Options};
use byline::progress::Silent;
use byline::summarise::{Length, SentenceMethod, Summary};
use byline::text::language::Language;
use byline::translate::glossary::Glossary;
use byline::translate::seq2seq::Search;

use crate::digest::Scripted;

const ARTICLE: &str = "Ferry line to close\n\n\
    The ferry line to Vellin will close on 3 April, the Harbour Board said on Tuesday. \
    Mayor Edda Vance denied that the city had delayed the repairs. \
    \"The quay was sound in January,\" said Pavel Orlo, an engineer. \
    Reuters reported that the owner had sold 14 ships, and a spokesman for the owner said the crews would be paid. \
    Dock workers claimed that 60 jobs had been lost because of the closure.\n";

/// The summary by a model that answers by `rules`; every other sentence is the article's own.
fn summary(rules: &[(&'static str, &'static str)]) -> Summary {
    let options = Options {
        length: Length::Sentences(6),
        abstractive: true,
        temperature: 0.0,
        seed: 0,
        to: Vec::new(),
        glossary: Glossary::default(),
        search: Search::default(),
    };
    let article = article::read("ferry.txt", ARTICLE.as_bytes(), None, Some(Language::EN))
        .unwrap()
        .remove(0)
        .unwrap();
    let mut model = Scripted::new(rules);
    pipeline::digest(article, &options, &mut model, &Silent)
        .unwrap()
        .summary
}

/// What the summary has of the article sentence that a model was asked about by `key`.
fn told(key: &'static str, draft: &'static str, about: &str) -> (String, SentenceMethod) {
    let summary = summary(&[(key, draft)]);
    let found = summary.sentences.iter().find(|s| s.text.contains(about));
    let found = found.unwrap_or_else(|| panic!("nothing about {about} in {summary:#?}"));
    (found.text.clone(), found.method)
}

#[test]
fn a_claim_of_nobody_gets_its_source_back() {
    let (text, method) = told(
        "3 April, the Harbour Board",
        "The ferry line to Vellin will close on 3 April.",
        "3 April",
    );
    assert_eq!(
        text,
        "According to the Harbour Board, the ferry line to Vellin will close on 3 April."
    );
    assert_eq!(method, SentenceMethod::Repaired);
}

#[test]
fn a_claim_of_nobody_is_told_as_surely_as_its_source_told_it() {
    let (text, method) = told("Dock workers claimed", "The closure cost 60 jobs.", "60 jobs");
    assert_eq!(
        (text.as_str(), method),
        (
            "Dock workers claimed that the closure cost 60 jobs.",
            SentenceMethod::Repaired
        )
    );
}

#[test]
fn a_denied_claim_is_not_told_as_a_fact() {
    let (text, _) = told(
        "denied that the city",
        "The city had delayed the repairs.",
        "delayed",
    );
    assert_eq!(
        text,
        "Mayor Edda Vance denied that the city had delayed the repairs."
    );
    let (text, _) = told(
        "denied that the city",
        "Mayor Edda Vance said the city had delayed the repairs.",
        "delayed",
    );
    assert_eq!(
        text,
        "Mayor Edda Vance denied that the city had delayed the repairs."
    );
    // the denial taken into the sentence must not become its opposite
    let (text, _) = told(
        "denied that the city",
        "The city had not delayed the repairs.",
        "delayed",
    );
    assert!(
        text.contains("Vance") && !text.contains("denied that the city had not"),
        "{text}"
    );
}

#[test]
fn a_claim_is_not_given_to_somebody_else() {
    for draft in [
        "Mayor Edda Vance said the ferry line to Vellin will close on 3 April.",
        "The ferry line to Vellin will close on 3 April, Pavel Orlo said.",
    ] {
        let (text, method) = told("3 April, the Harbour Board", draft, "3 April");
        assert!(text.contains("Harbour Board"), "{text}");
        assert!(!text.contains("Vance") && !text.contains("Orlo"), "{text}");
        assert_ne!(method, SentenceMethod::Abstractive);
    }
}

#[test]
fn what_the_relayer_says_is_not_what_the_one_it_names_says() {
    let (text, method) = told(
        "Reuters reported that",
        "A spokesman for the owner said the owner had sold 14 ships.",
        "14 ships",
    );
    assert!(text.contains("Reuters"), "{text}");
    assert_ne!(method, SentenceMethod::Abstractive);
}

#[test]
fn a_quotation_is_not_put_into_another_mouth() {
    let (text, _) = told(
        "quay was sound",
        "\"The quay was sound in January,\" Mayor Edda Vance said.",
        "quay was sound",
    );
    assert!(text.contains("Orlo") && !text.contains("Vance"), "{text}");
}
