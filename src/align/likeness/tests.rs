#![allow(clippy::unwrap_used)]

use std::cell::Cell;
use std::rc::Rc;

use super::*;
use crate::align::{Ledger, Signals, ledger, ledger_of_texts};
use crate::attribution::attribute_text;
use crate::text::language::Language;
use crate::text::words::words;

/// An encoder of a few words: those with the same number mean the same, as nearly as their share of it.
struct Dictionary {
    words: &'static [(&'static str, usize, f32)],
    asked: Rc<Cell<usize>>,
}

const MEANINGS: usize = 32;
const WIDTH: usize = MEANINGS + 256;

impl Dictionary {
    fn vector(&self, word: &str) -> Vec<f32> {
        let mut vector = vec![0.0; WIDTH];
        let bytes = word.bytes().fold(7usize, |h, b| (h * 31 + usize::from(b)) % 251);
        let (meaning, share) = self
            .words
            .iter()
            .find(|(known, ..)| *known == word)
            .map_or((0, 0.0), |(_, meaning, share)| (*meaning, *share));
        vector[meaning] = share;
        vector[MEANINGS + bytes] += (1.0 - share * share).sqrt();
        vector
    }
}

impl Encoder for Dictionary {
    fn embed(&self, _: Purpose, _: &[&str]) -> Result<Vec<Vec<f32>>> {
        Ok(Vec::new())
    }

    fn tokens(&self, _: Purpose, texts: &[&str]) -> Result<Vec<TokenVectors>> {
        self.asked.set(self.asked.get() + texts.len());
        let read = |text: &&str| {
            let spans = words(text);
            let vectors = spans.iter().map(|s| self.vector(s.of(text))).collect();
            TokenVectors { spans, vectors }
        };
        Ok(texts.iter().map(read).collect())
    }

    fn dimensions(&self) -> usize {
        WIDTH
    }
}

fn reader(words: &'static [(&'static str, usize, f32)]) -> (Reader, Rc<Cell<usize>>) {
    let asked = Rc::new(Cell::new(0));
    let counter = Rc::clone(&asked);
    let load = move || -> Result<Box<dyn Encoder>> {
        Ok(Box::new(Dictionary {
            words,
            asked: Rc::clone(&asked),
        }))
    };
    (Reader::new(load), counter)
}

/// Where each line stands.
fn lines(text: &str) -> Vec<Span> {
    let mut at = 0;
    text.split('\n')
        .map(|line| {
            at += line.len() + 1;
            Span::new(at - line.len() - 1, at - 1)
        })
        .collect()
}

fn held(reader: Option<&Reader>, en: &str, uk: &str, paired: bool) -> Ledger {
    let (a, b) = (lines(en), lines(uk));
    let (mine, theirs) = (
        attribute_text(en, Language::EN, &a),
        attribute_text(uk, Language::UK, &b),
    );
    let source = Side {
        language: Language::EN,
        text: en,
        segments: &a,
        claims: &mine,
    };
    let target = Side {
        language: Language::UK,
        text: uk,
        segments: &b,
        claims: &theirs,
    };
    let likeness = reader.map(|r| r.read(&source, &target).unwrap());
    let signals = Signals {
        likeness: likeness.as_ref(),
        ..Signals::default()
    };
    if paired {
        ledger("t", &source, &target, signals)
    } else {
        ledger_of_texts("t", &source, &target, signals.likeness)
    }
}

fn names(ledger: &Ledger) -> Vec<(&str, &str)> {
    let text = |link: &crate::align::NameLink| {
        let target = link.target.first().copied().unwrap_or(Span::new(0, 0));
        (
            link.source.of(&ledger.source.text),
            target.of(&ledger.target.text),
        )
    };
    ledger.names.iter().map(text).collect()
}

const LANTERN: (&str, &str) = (
    "The bridge in Vellin was sold to Lantern for nothing.",
    "Міст у Велліні за безцінь продали «Ліхтарю» минулого тижня.",
);

#[test]
fn a_name_that_was_translated_is_found_by_its_meaning() {
    let (reader, _) = reader(&[("Lantern", 1, 1.0), ("Ліхтарю", 1, 1.0)]);
    let alone = held(None, LANTERN.0, LANTERN.1, true);
    assert!(
        !names(&alone).iter().any(|n| n.0 == "Lantern"),
        "{:?}",
        names(&alone)
    );
    assert!(alone.likeness.is_empty());
    let with = held(Some(&reader), LANTERN.0, LANTERN.1, true);
    assert!(
        names(&with).contains(&("Lantern", "Ліхтарю")),
        "{:?}",
        names(&with)
    );
    assert_eq!(with.likeness.len(), 1);
}

#[test]
fn a_name_in_place_of_another_is_none_of_it() {
    // as near as an encoder puts two speakers
    let (reader, _) = reader(&[("Lantern", 1, 1.0), ("Бугаєві", 1, 0.66)]);
    let swapped = LANTERN.1.replace("Ліхтарю", "Бугаєві");
    let with = held(Some(&reader), LANTERN.0, &swapped, true);
    assert!(
        !names(&with).iter().any(|n| n.0 == "Lantern"),
        "{:?}",
        names(&with)
    );
    assert!(with.lost.iter().any(|l| l.source.of(LANTERN.0) == "Lantern"));
}

#[test]
fn a_text_that_comes_again_is_not_read_again() {
    let (reader, asked) = reader(&[]);
    assert!(!reader.has_read());
    held(Some(&reader), LANTERN.0, LANTERN.1, true);
    assert_eq!(asked.get(), 2);
    held(Some(&reader), LANTERN.0, "Інший переклад.", true);
    assert_eq!(asked.get(), 3);
}

#[test]
fn sentences_whose_lengths_mislead_are_paired_by_their_meaning() {
    let words: &[(&str, usize, f32)] = &[
        ("cook", 1, 1.0),
        ("кухар", 1, 1.0),
        ("boat", 2, 1.0),
        ("човен", 2, 1.0),
        ("roof", 3, 1.0),
        ("дах", 3, 1.0),
        ("snow", 4, 1.0),
        ("сніг", 4, 1.0),
    ];
    let (reader, _) = reader(words);
    // a short sentence that became long stands before a long one that became short
    let line = |(word, count): (&str, usize)| vec![word; count].join(" ");
    let en = [("cook", 4), ("boat", 14), ("roof", 10), ("snow", 10)]
        .map(line)
        .join("\n");
    let uk = [("кухар", 12), ("човен", 3), ("дах", 12), ("сніг", 10)]
        .map(line)
        .join("\n");
    assert!(held(None, &en, &uk, false).segments.len() < 4);
    let paired = held(Some(&reader), &en, &uk, false).segments;
    let (mine, theirs) = (lines(&en), lines(&uk));
    let each: Vec<Pair> = mine
        .iter()
        .zip(&theirs)
        .map(|(&source, &target)| Pair { source, target })
        .collect();
    assert_eq!(paired, each);
}
