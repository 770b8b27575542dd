//! What is forced on an encoder-decoder, the desk's terms and the attribution that it has lost; and what goes through a
//! third language.

use std::cell::RefCell;
use std::path::PathBuf;

use byline::align::Status as ClaimStatus;
use byline::error::Result;
use byline::neural::{Generation, Input, Link, Output, Room, TextToText};
use byline::pipeline::{self, Engine, Models, Options};
use byline::progress::Silent;
use byline::registry::Task;
use byline::render::Translation;
use byline::text::language::Language;
use byline::text::span::Span;
use byline::translate::Status;
use byline::translate::glossary::Glossary;

use super::Program;
use super::ladder::options;

/// A source, its translation, and the words that were made of each other.
type Line = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

/// A model of a few lines, which goes on from a prefix with what its line has after as many words.
struct Lines {
    lines: &'static [Line],
    middle: Option<Language>,
    prefixes: RefCell<Vec<String>>,
}

impl Lines {
    fn new(lines: &'static [Line], middle: Option<Language>) -> Self {
        Self {
            lines,
            middle,
            prefixes: RefCell::default(),
        }
    }

    fn translated(&mut self, from: Language, to: Language, text: &str, glossary: Glossary) -> Translation {
        let options = Options {
            glossary,
            ..options()
        };
        pipeline::translate("a", &[text.to_owned()], from, &[to], &options, self, &Silent)
            .unwrap()
            .remove(0)
    }
}

fn place(text: &str, word: &str) -> Span {
    let at = text.find(word).unwrap_or_else(|| panic!("{word} in {text}"));
    Span::new(at, at + word.len())
}

impl TextToText for Lines {
    fn generate(&self, inputs: &[Input<'_>], _: &Generation) -> Result<Vec<Vec<Output>>> {
        let write = |input: &Input<'_>| {
            let (_, line, pairs) = self.lines.iter().find(|l| l.0 == input.text)?;
            let mut output = Output {
                ended: true,
                ..Output::default()
            };
            if input.prefix.is_empty() {
                output.text = (*line).to_owned();
                let link = |(a, b): &(&str, &str)| Link {
                    source: place(input.text, a),
                    target: place(line, b),
                    weight: 0.8,
                };
                output.alignment = pairs.iter().map(link).collect();
            } else {
                self.prefixes.borrow_mut().push(input.prefix.to_owned());
                // an attribution that ends with a comma comes before the whole line
                let skip = match input.prefix.ends_with(',') {
                    true => 0,
                    false => input.prefix.split(' ').count(),
                };
                let rest: Vec<&str> = line.split(' ').skip(skip).collect();
                output.text = format!("{} {}", input.prefix, rest.join(" "));
            }
            Some(output)
        };
        Ok(inputs.iter().map(|i| write(i).into_iter().collect()).collect())
    }

    fn count_tokens(&self, text: &str) -> Result<usize> {
        Ok(text.split_whitespace().count())
    }

    fn room(&self) -> Room {
        Room {
            source: 100,
            target: 100,
        }
    }

    fn defaults(&self) -> Generation {
        Generation::default()
    }

    fn check_languages(&self, _: Option<Language>, _: Option<Language>) -> Result<()> {
        Ok(())
    }
}

impl Models for Lines {
    fn engine(&mut self, _: Task, _: Language, _: Option<Language>) -> Result<Engine<'_>> {
        Ok(Engine::TextToText(self))
    }

    fn middle(&mut self, _: Language, _: Language) -> Result<Option<Language>> {
        Ok(self.middle)
    }
}

/// A glossary of one line.
fn glossary(line: &str) -> Glossary {
    let file = tempfile::NamedTempFile::with_suffix(".csv").unwrap();
    std::fs::write(file.path(), format!("{line}\n")).unwrap();
    Glossary::read(file.path()).unwrap()
}

#[test]
fn a_lost_attribution_is_given_and_the_model_goes_on_from_it() {
    const TEXT: &str = "The bridge at Tolmin will reopen on 3 April, the Roads Agency said.";
    let mut model = Lines::new(
        &[
            (TEXT, "міст у Толміні знову відкриють 3 квітня.", &[]),
            ("the Roads Agency", "Дорожнє агентство", &[]),
        ],
        None,
    );
    let made = model.translated(Language::EN, Language::UK, TEXT, Glossary::default());
    assert_eq!(*model.prefixes.borrow(), ["За даними Дорожнього агентства,"]);
    let segment = &made.segments[0];
    assert_eq!(
        segment.text,
        "За даними Дорожнього агентства, міст у Толміні знову відкриють 3 квітня."
    );
    assert_eq!(segment.status, Status::Repaired);
    let claim = &made.ledger.claims[0];
    assert_eq!(claim.status, ClaimStatus::Repaired);
    let said = |spans: &[Span]| spans.iter().map(|s| s.of(&segment.text)).collect::<Vec<_>>();
    assert_eq!(said(&claim.target.source), ["Дорожнього агентства"]);
    assert_eq!(said(&claim.target.cue), ["За даними"]);
    assert_eq!(
        said(&claim.target.content),
        ["міст у Толміні знову відкриють 3 квітня."]
    );
}

#[test]
fn the_desks_term_is_forced_where_the_translator_had_another_word() {
    const TEXT: &str = "The harbour board closed the old quay.";
    let lines: &[Line] = &[(
        TEXT,
        "Портова рада закрила старий причал.",
        &[("harbour", "Портова"), ("board", "рада"), ("quay", "причал")],
    )];
    let mut model = Lines::new(lines, None);
    let made = model.translated(Language::EN, Language::UK, TEXT, glossary("quay,uk,пристань"));
    assert_eq!(*model.prefixes.borrow(), ["Портова рада закрила старий пристань"]);
    assert!(
        made.segments[0]
            .text
            .starts_with("Портова рада закрила старий пристань")
    );
    assert!(
        !made.findings.iter().any(|f| f.message.contains("glossary")),
        "{:?}",
        made.findings
    );
}

#[test]
fn the_second_leg_goes_on_from_the_first() {
    let lines: &[Line] = &[
        ("Міст закрито.", "The bridge was closed.", &[]),
        ("The bridge was closed.", "다리가 폐쇄되었다.", &[]),
    ];
    let mut model = Lines::new(lines, Some(Language::EN));
    let segments = ["Міст закрито.", "Щось інше."].map(str::to_owned);
    let (from, to) = (Language::UK, Language::KO);
    let made = pipeline::translate("a", &segments, from, &[to], &options(), &mut model, &Silent)
        .unwrap()
        .remove(0);
    let texts: Vec<&str> = made.segments.iter().map(|s| s.text.as_str()).collect();
    assert_eq!(texts, ["다리가 폐쇄되었다.", "Щось інше."]);
    assert_eq!(made.segments[1].status, Status::Untranslated);
}

#[test]
fn a_term_holds_by_way_of_a_third_language_or_is_reported() {
    const TEXT: &str = "Стару пристань учора закрито.";
    const MIDDLE: &str = "The old quay was closed yesterday.";
    let lines: &[Line] = &[
        (TEXT, MIDDLE, &[("пристань", "quay"), ("закрито", "closed")]),
        (
            MIDDLE,
            "Der alte Hafen wurde gestern geschlossen.",
            &[("quay", "Hafen")],
        ),
    ];
    let mut model = Lines::new(lines, Some(Language::EN));
    let de: Language = "de".parse().unwrap();
    let made = model.translated(Language::UK, de, TEXT, glossary("пристань,de,Kai"));
    assert_eq!(made.segments[0].text, "Der alte Kai wurde gestern geschlossen.");
    let told = |made: &Translation| {
        made.findings
            .iter()
            .any(|f| f.message.contains("glossary's \"Kai\""))
    };
    assert!(!told(&made), "{:?}", made.findings);
    // the first leg does not tell what it made of it
    let silent: &[Line] = &[
        (TEXT, MIDDLE, &[]),
        (MIDDLE, "Der alte Hafen wurde gestern geschlossen.", &[]),
    ];
    let mut model = Lines::new(silent, Some(Language::EN));
    let made = model.translated(Language::UK, de, TEXT, glossary("пристань,de,Kai"));
    assert_eq!(made.segments[0].text, "Der alte Hafen wurde gestern geschlossen.");
    assert!(told(&made), "{:?}", made.findings);
}

#[test]
fn the_pocket_model_writes_what_the_glossary_wants() {
    let program = Program::new();
    let terms = program.file("terms.csv", "bridge,uk,ринок\n");
    let pocket = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/pocket");
    program
        .command()
        .args(["translate", "--from", "en", "--to", "uk", "--model"])
        .arg(format!("translate={}", pocket.display()))
        .arg("--glossary")
        .arg(terms)
        .write_stdin("The mayor said that the bridge was closed.\n")
        .assert()
        .code(0)
        .stdout("Мер повідомив, що ринок закрито.\n");
}
