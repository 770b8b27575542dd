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
#[cfg(test)]
mod tests;

use clap::ValueEnum;

use crate::article::{self, Article, Format};
use crate::error::{Error, Result};
use crate::text::language::Language;
use crate::text::segment::{joint, sentences};
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
    /// The section label that each unit begins with, and what is written for it.
    labels: Vec<Option<(Span, String)>>,
    eol: &'static str,
    /// Between the sentences of either language.
    joints: [&'static str; 2],
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
            joints: [joint(article.language), joint(to)],
            ..Structure::default()
        };
        match format {
            Format::Html => html::read(&mut structure, text, article, to),
            Format::Srt | Format::Vtt => subtitles::read(&mut structure, text, format),
            Format::Text => lines::read(&mut structure, text),
            Format::Markdown => markdown::read(&mut structure, text, to),
            other => return Err(refused(other)),
        }
        let is_speech = matches!(format, Format::Srt | Format::Vtt);
        for unit in &structure.units {
            let label = article::label_len(&unit.text).filter(|_| !is_speech);
            let from = label.unwrap_or(0);
            let rest = sentences(&unit.text[from..], article.language);
            let spans = rest.into_iter().map(|span| span.shifted(from)).collect();
            structure.sentences.push(spans);
            let label = label.map(|end| Span::new(0, end).trimmed(&unit.text));
            structure
                .labels
                .push(label.map(|span| (span, span.of(&unit.text).to_owned())));
        }
        Ok(structure)
    }

    /// Writes section labels ("Source:") as `written` says: they are fixed words, and no segments.
    pub fn write_labels(&mut self, written: impl Fn(&str) -> String) {
        for (_, label) in self.labels.iter_mut().flatten() {
            *label = written(label);
        }
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
        for (index, unit) in self.units.iter().enumerate() {
            let (text, placed) = self.translated(index, unit, &mut lines);
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

    /// The text of a unit in the other language, and its sentences.
    fn translated<'l>(
        &self,
        index: usize,
        unit: &Unit,
        lines: &mut impl Iterator<Item = &'l Line<'l>>,
    ) -> (String, Vec<Sentence>) {
        let (mut text, mut end) = (String::new(), 0);
        let mut placed = Vec::new();
        let mut add = |source: Span, line: &Line<'_>| {
            text.push_str(self.gap(&unit.text[end..source.start], end == 0));
            end = source.end;
            let start = text.len();
            text.push_str(&one_spaced(line.text));
            placed.push(Sentence::new(
                source,
                Span::new(start, text.len()),
                source.of(&unit.text),
                &text[start..],
                line,
            ));
        };
        if let Some(Some((source, label))) = self.labels.get(index) {
            let line = Line {
                text: label,
                alignment: &[],
                names: Vec::new(),
            };
            add(*source, &line);
        }
        for (&source, line) in self.sentences.get(index).into_iter().flatten().zip(lines) {
            add(source, line);
        }
        text.push_str(unit.text[end..].trim_matches(' '));
        (text, placed)
    }

    /// What stands for `gap` before a sentence: spaces of a width of their own stay.
    fn gap<'g>(&self, gap: &'g str, first: bool) -> &'g str {
        let [mine, theirs] = self.joints;
        match gap {
            _ if first => gap.trim_matches(' '),
            "" if !mine.is_empty() => "",
            "" | " " => theirs,
            _ => gap,
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

/// `text` with each run of white space as one space; spaces that do not break are none.
fn one_spaced(text: &str) -> String {
    text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a text says anything in words.
fn has_words(text: &str) -> bool {
    text.chars().any(char::is_alphabetic)
}
