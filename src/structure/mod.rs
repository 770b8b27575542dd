//! A structured text → what stays as it is, and units that are translated; with their translations → the same structure.
//!
//! What always holds: with each unit given back as it was, the bytes outside of the units are the input's, and each tag or
//! mark inside of a unit stands in what comes out exactly once. Marks are placed where the translator made their words;
//! where that is not known, by their share of the sentence, and [`Filled::doubtful`] counts those.

mod escape;
mod html;
mod inline;
mod lines;
mod links;
mod markdown;
mod place;
mod subtitles;
mod tags;

use clap::ValueEnum;

use crate::article::{Article, Format};
use crate::error::{Error, Result};
use crate::text::language::Language;
use crate::text::segment::{is_unspaced, sentences};
use crate::text::span::Span;
use escape::Escape;
pub use links::Line;
use links::Sentence;

/// A tag or mark inside of a unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Mark {
    /// Where its words stand in the unit's text; empty: it stands between words.
    span: Span,
    /// What is written before its words.
    open: String,
    /// What is written after them.
    close: String,
    /// What is written in their place.
    kept: Option<String>,
    /// The mark that it lies in, an index below its own.
    parent: Option<usize>,
}

/// A part of a unit that stands in a place of its own: a cue of subtitles. All others have one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Slot {
    span: Span,
    /// How many lines it has.
    lines: usize,
    /// In the order of the input.
    marks: Vec<Mark>,
}

/// A text that is translated as one: a paragraph, a cell, an attribute, cues up to the end of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Unit {
    text: String,
    slots: Vec<Slot>,
    escape: Escape,
}

impl Unit {
    fn plain(text: String, escape: Escape) -> Unit {
        let slot = Slot {
            span: Span::new(0, text.len()),
            lines: 1,
            marks: Vec::new(),
        };
        Unit {
            text,
            slots: vec![slot],
            escape,
        }
    }
}

/// A stretch of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// What stays as it is.
    Raw(String),
    /// The place of a slot of a unit.
    Slot(usize, usize),
}

/// A structured text, cut into what stays and what is translated.
#[derive(Debug, Default)]
pub struct Structure {
    parts: Vec<Part>,
    units: Vec<Unit>,
    /// The sentences of each unit, once they are asked for.
    sentences: Vec<Vec<Span>>,
    eol: &'static str,
    /// Texts that stay in the language of the input, and what they are.
    pub left: Option<(usize, &'static str)>,
}

/// A structure with its texts in another language.
#[derive(Debug)]
pub struct Filled {
    /// The whole.
    pub text: String,
    /// How many marks were placed by their share of the sentence alone.
    pub doubtful: usize,
}

impl Structure {
    /// Whether inputs of `format` can be given back.
    ///
    /// # Errors
    /// [`Error::Usage`] if not.
    pub fn takes(format: Format) -> Result<()> {
        match format {
            Format::Html | Format::Srt | Format::Vtt | Format::Text | Format::Markdown => Ok(()),
            other => Err(refused(other)),
        }
    }

    /// Cuts `text`, which was read as `article`, to be given back in `to`.
    ///
    /// # Errors
    /// [`Error::Usage`] for formats that are not given back.
    pub fn new(text: &str, format: Format, article: &Article, to: Language) -> Result<Structure> {
        let mut structure = Structure {
            eol: if text.contains("\r\n") { "\r\n" } else { "\n" },
            ..Structure::default()
        };
        match format {
            Format::Html => html::read(&mut structure, text, article, to),
            Format::Srt | Format::Vtt => subtitles::read(&mut structure, text, format),
            Format::Text => lines::read(&mut structure, text),
            Format::Markdown => markdown::read(&mut structure, text, to),
            other => return Err(refused(other)),
        }
        structure.sentences = structure
            .units
            .iter()
            .map(|unit| sentences(&unit.text, article.language))
            .collect();
        Ok(structure)
    }

    /// What is to be translated, in order.
    pub fn segments(&self) -> Vec<String> {
        let all = self.units.iter().zip(&self.sentences);
        all.flat_map(|(unit, spans)| spans.iter().map(|span| span.of(&unit.text).to_owned()))
            .collect()
    }

    /// The structure with `lines`, one for each of [`Structure::segments`], in place of its texts.
    pub fn fill(&self, lines: &[Line<'_>]) -> Filled {
        let mut lines = lines.iter();
        let (mut doubtful, mut filled) = (0, Vec::with_capacity(self.units.len()));
        for (unit, spans) in self.units.iter().zip(&self.sentences) {
            let mut text = String::new();
            let mut placed = Vec::new();
            for (&source, line) in spans.iter().zip(lines.by_ref()) {
                if !text.is_empty()
                    && !text.ends_with(is_unspaced)
                    && !text.ends_with(['。', '！', '？', '”', '」'])
                {
                    text.push(' ');
                }
                let start = text.len();
                text.push_str(&line.text.split_whitespace().collect::<Vec<_>>().join(" "));
                placed.push(Sentence::new(
                    source,
                    Span::new(start, text.len()),
                    source.of(&unit.text),
                    &text[start..],
                    line,
                ));
            }
            let (slots, doubts) = place::fill(unit, &text, &placed, self.eol);
            doubtful += doubts;
            filled.push(slots);
        }
        let text = self.parts.iter().map(|part| match part {
            Part::Raw(raw) => raw.as_str(),
            Part::Slot(unit, slot) => filled
                .get(*unit)
                .and_then(|slots| slots.get(*slot))
                .map_or("", String::as_str),
        });
        Filled {
            text: text.collect(),
            doubtful,
        }
    }

    fn raw(&mut self, raw: &str) {
        match self.parts.last_mut() {
            Some(Part::Raw(last)) => last.push_str(raw),
            _ => self.parts.push(Part::Raw(raw.to_owned())),
        }
    }

    /// Adds a unit whose only slot stands here.
    fn unit(&mut self, unit: Unit) {
        self.parts.push(Part::Slot(self.units.len(), 0));
        self.units.push(unit);
    }
}

fn refused(format: Format) -> Error {
    let name = format
        .to_possible_value()
        .map_or_else(String::new, |v| v.get_name().to_owned());
    Error::usage(format!("{name} input is not given back with --format same")).with_hint(
        "it is for HTML, Markdown, SubRip, WebVTT and plain text; else use --format markdown, ninjs or xliff",
    )
}

/// Whether a text says anything in words.
fn has_words(text: &str) -> bool {
    text.chars().any(char::is_alphabetic)
}
