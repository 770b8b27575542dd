//! The translator over models that write capitals.

use std::cell::RefCell;

use super::*;
use crate::neural::Room;
use crate::progress::Silent;
use crate::translate::glossary::Term;

/// Reads at most six words and writes them in capitals, or backwards as its second guess; keeps the batches.
#[derive(Default)]
struct Capitals(RefCell<Vec<Vec<String>>>);

/// Where the words stand, with the marks at them.
fn words(text: &str) -> impl Iterator<Item = Span> {
    let at = |word: &str| word.as_ptr() as usize - text.as_ptr() as usize;
    text.split_whitespace()
        .map(move |word| Span::new(at(word), at(word) + word.len()))
}

impl TextToText for Capitals {
    fn generate(&self, inputs: &[Input<'_>], generation: &Generation) -> Result<Vec<Vec<Output>>> {
        let texts = inputs.iter().map(|i| i.text.to_owned()).collect();
        self.0.borrow_mut().push(texts);
        let write = |input: &Input<'_>| {
            let output = |text: String, score: f32| Output {
                alignment: words(input.text)
                    .zip(words(&text))
                    .map(|(source, target)| Link {
                        source,
                        target,
                        weight: 1.0,
                    })
                    .collect(),
                ended: !input.text.contains("endless"),
                text,
                score,
                certainty: score.exp(),
            };
            // as many words as it begins with are given
            let given = input.prefix.split_whitespace().count();
            let rest = input.text.split_whitespace().skip(given);
            let first = input.prefix.split_whitespace().map(str::to_owned);
            let first = first
                .chain(rest.map(str::to_uppercase))
                .collect::<Vec<_>>()
                .join(" ");
            let second = first.chars().rev().collect();
            let mut found = vec![output(first, -0.5), output(second, -1.5)];
            found.truncate(generation.hypotheses);
            found
        };
        Ok(inputs.iter().map(write).collect())
    }

    fn count_tokens(&self, text: &str) -> Result<usize> {
        Ok(text.split_whitespace().count())
    }

    fn room(&self) -> Room {
        Room { source: 6, target: 6 }
    }

    fn defaults(&self) -> Generation {
        Generation::default()
    }

    fn check_languages(&self, _: Option<Language>, _: Option<Language>) -> Result<()> {
        Ok(())
    }
}

fn requests<'a>(texts: &[&'a str]) -> Vec<Request<'a>> {
    let request = |text: &&'a str| Request {
        text,
        before: None,
        from: Language::EN,
        to: Language::UK,
        terms: &[],
        opening: "",
    };
    texts.iter().map(request).collect()
}

fn translator(model: &Capitals, search: Search) -> Seq2Seq<'_> {
    Seq2Seq::new(model, search, Rc::default(), &Silent)
}

fn texts(drafts: &[Option<Draft>]) -> Vec<Option<&str>> {
    drafts
        .iter()
        .map(|d| d.as_ref().map(|d| d.text.as_str()))
        .collect()
}

#[test]
fn batches_are_of_like_lengths_and_within_the_budget() {
    let lengths = [3, 9, 1, 8, 2, 30, 0];
    assert_eq!(batches(&lengths, 18), [vec![5], vec![1, 3], vec![0, 4, 2, 6]]);
    assert_eq!(batches(&[0, 0], 1), [vec![0], vec![1]]);
    assert!(batches(&[], 10).is_empty());
}

#[test]
fn the_order_is_restored_and_a_text_is_translated_once() {
    let model = Capitals::default();
    let search = Search {
        batch_tokens: Some(4),
        ..Search::default()
    };
    let mut translator = translator(&model, search);
    let asked = requests(&["a b", "c", "d e f", "c", " ", "g h"]);
    let drafts = translator.drafts(&asked, 0).expect("nothing that could fail");
    assert_eq!(
        texts(&drafts),
        [
            Some("A B"),
            Some("C"),
            Some("D E F"),
            Some("C"),
            None,
            Some("G H")
        ]
    );
    let batches = model.0.borrow();
    assert_eq!(*batches, [vec!["d e f"], vec!["a b", "g h"], vec!["c"]]);
}

#[test]
fn what_was_translated_ahead_is_not_translated_again() {
    let model = Capitals::default();
    let ahead = Rc::new(Ahead::default());
    let new = || Seq2Seq::new(&model, Search::default(), Rc::clone(&ahead), &Silent);
    new()
        .go_ahead(&requests(&["a b", "c", "a b"]))
        .expect("nothing that could fail");
    let drafts = new().drafts(&requests(&["c", "d", "c"]), 0);
    let drafts = drafts.expect("nothing that could fail");
    assert_eq!(texts(&drafts), [Some("C"), Some("D"), Some("C")]);
    assert_eq!(*model.0.borrow(), [vec!["a b", "c"], vec!["d"]]);
    ahead.clear();
    let drafts = new().drafts(&requests(&["a b"]), 0);
    assert_eq!(texts(&drafts.expect("nothing that could fail")), [Some("A B")]);
    assert_eq!(model.0.borrow().len(), 3);
}

#[test]
fn further_attempts_are_the_further_hypotheses() {
    let model = Capitals::default();
    let mut translator = translator(&model, Search::default());
    let asked = requests(&["a b", "c d"]);
    translator.drafts(&asked, 0).expect("nothing that could fail");
    let second = translator
        .drafts(&asked[1..], 1)
        .expect("nothing that could fail");
    assert_eq!(texts(&second), [Some("D C")]);
    let third = translator
        .drafts(&asked[1..], 2)
        .expect("nothing that could fail");
    assert_eq!(texts(&third), [None]);
    assert_eq!(model.0.borrow().len(), 1);
}

#[test]
fn what_is_too_long_is_cut_and_joined_with_its_alignment() {
    let model = Capitals::default();
    let mut translator = translator(&model, Search::default());
    let text = "One two three four five. Six seven; eight nine ten eleven.";
    let drafts = translator
        .drafts(&requests(&[text]), 0)
        .expect("nothing that could fail");
    let draft = drafts[0].as_ref().expect("a draft");
    assert_eq!(draft.text, text.to_uppercase());
    let aligned: Vec<(&str, &str)> = draft
        .alignment
        .iter()
        .map(|l| (l.source.of(text), l.target.of(&draft.text)))
        .collect();
    assert_eq!(aligned.len(), 11);
    assert!(
        aligned
            .iter()
            .all(|(source, target)| source.to_uppercase() == *target)
    );
}

#[test]
fn a_term_is_forced_in_the_piece_that_has_it() {
    let model = Capitals::default();
    let mut translator = translator(&model, Search::default());
    let text = "One two three four. Five quay seven eight, nine ten mayor twelve.";
    let term = |source: &str, target: &str| Term {
        source: source.to_owned(),
        target: target.to_owned(),
    };
    let terms = [term("quay", "pier"), term("mayor", "Reeve"), term("one", "uno")];
    let asked = [Request {
        terms: &terms,
        ..requests(&[text])[0]
    }];
    let plain = translator.drafts(&asked, 0).expect("nothing that could fail");
    assert_eq!(texts(&plain), [Some(text.to_uppercase().as_str())]);
    let forced = translator.drafts(&asked, 1).expect("nothing that could fail");
    let written = "Uno TWO THREE FOUR. FIVE pier SEVEN EIGHT, NINE TEN Reeve TWELVE.";
    assert_eq!(texts(&forced), [Some(written)]);
}

#[test]
fn what_was_cut_off_is_no_draft_and_alternatives_are_what_was_asked_for() {
    let model = Capitals::default();
    let search = Search {
        alternatives: Some(2),
        ..Search::default()
    };
    let mut translator = translator(&model, search);
    let drafts = translator
        .drafts(&requests(&["an endless song", "a b"]), 0)
        .expect("nothing that could fail");
    assert_eq!(texts(&drafts), [Some(""), Some("A B")]);
    let alternatives = &drafts[1].as_ref().expect("a draft").alternatives;
    let scores: Vec<f32> = alternatives.iter().map(|a| a.score).collect();
    assert_eq!(scores, [-0.5, -1.5]);
}
