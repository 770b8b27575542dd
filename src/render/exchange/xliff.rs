//! Pairs of segments as XLIFF 2.1, which translators' tools edit: a unit a segment, with marks around who says what.
//!
//! After XLIFF Version 2.1 (OASIS Standard, 13 February 2018) with its ITS module. Marks are `<mrk>`, and `<sm/>` with
//! `<em/>` where one begins inside another and ends outside; those of a target carry the id of their counterpart in the
//! source. What the standard has no word for is in a namespace of its own, which other tools keep.

use std::collections::HashMap;

use super::marks::{Mark, Part, Step, marks, steps};
use super::xml::{Xml, allowed};
use super::{Bitext, tool};
use crate::align::Ledger;
use crate::error::{Error, Result};
use crate::finding::{Finding, Severity};
use crate::render::words::name_of;
use crate::text::language::Language;
use crate::translate::{Status, Translated};

const CORE: &str = "urn:oasis:names:tc:xliff:document:2.0";
const ITS: &str = "http://www.w3.org/2005/11/its";
/// The prefix of marks' types, and the namespace of what only this program says.
const OWN: &str = "urn:x-byline:ledger:1";

/// A document that grows by a `<file>` for each pair of texts.
pub struct Document {
    xml: Xml,
    languages: Option<(Language, Language)>,
    files: usize,
}

impl Document {
    /// Without files yet.
    ///
    /// # Errors
    /// None but a fault of the program.
    pub fn new() -> Result<Self> {
        Ok(Self {
            xml: Xml::new()?,
            languages: None,
            files: 0,
        })
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.files == 0
    }

    /// Adds a pair of texts.
    ///
    /// # Errors
    /// [`Error::Failed`] for languages other than the first pair's: a document has one source and one target language.
    pub fn add(&mut self, text: &Bitext<'_>) -> Result<()> {
        let languages = (text.ledger.source.language, text.ledger.target.language);
        match self.languages {
            None => self.begin(languages)?,
            Some(first) if first != languages => {
                return Err(Error::failed(format!(
                    "{}: an XLIFF document holds one pair of languages, and this one has begun with {} to {}",
                    text.ledger.id, first.0, first.1
                ))
                .with_hint("write each pair of languages to a file of its own: one --to at a time"));
            }
            Some(_) => {}
        }
        self.files += 1;
        self.file(text)
    }

    /// The document.
    ///
    /// # Errors
    /// [`Error::Failed`] if nothing was added.
    pub fn finish(mut self) -> Result<String> {
        if self.is_empty() {
            return Err(Error::failed("there is nothing to write as XLIFF"));
        }
        self.xml.close_line()?;
        self.xml.finish()
    }

    fn begin(&mut self, (from, to): (Language, Language)) -> Result<()> {
        self.languages = Some((from, to));
        self.xml.line()?;
        self.xml.open(
            "xliff",
            &[
                ("version", "2.1"),
                ("srcLang", from.code()),
                ("trgLang", to.code()),
                ("xmlns", CORE),
                ("xmlns:its", ITS),
                ("xmlns:byline", OWN),
            ],
        )
    }

    fn file(&mut self, text: &Bitext<'_>) -> Result<()> {
        let (number, tool) = (self.files, tool(text.models));
        let (id, record) = (format!("f{number}"), format!("p{number}"));
        let reference = format!("#its={record}");
        let annotators = format!("mt-confidence|{tool}");
        let mut attributes = vec![
            ("id", id.as_str()),
            ("original", text.ledger.id.as_str()),
            // an editor's tool must keep the segments: they are what the claims are counted by
            ("canResegment", "no"),
            ("xml:space", "preserve"),
        ];
        let made = !text.segments.is_empty();
        if made {
            attributes.push(("its:provenanceRecordsRef", &reference));
        }
        if text.segments.iter().any(|s| s.confidence.is_some()) {
            attributes.push(("its:annotatorsRef", &annotators));
        }
        let xml = &mut self.xml;
        xml.line()?;
        xml.open("file", &attributes)?;
        if made {
            xml.line()?;
            xml.open("its:provenanceRecords", &[("xml:id", &record)])?;
            xml.line()?;
            xml.empty("its:provenanceRecord", &[("tool", &tool)])?;
            xml.close_line()?;
        }
        for index in 0..text.ledger.segments.len() {
            self.unit(index, text)?;
        }
        self.xml.close_line()
    }

    fn unit(&mut self, index: usize, text: &Bitext<'_>) -> Result<()> {
        let ledger = text.ledger;
        let translated = text.segments.get(index);
        let id = format!("u{}", index + 1);
        let xml = &mut self.xml;
        xml.line()?;
        xml.open("unit", &[("id", &id)])?;
        notes(xml, index, text.findings)?;
        let mut attributes = vec![("id", "s1")];
        match translated.map(|t| t.status) {
            Some(Status::Untranslated) => attributes.push(("state", "initial")),
            Some(Status::Repaired) => {
                attributes.extend([("state", "translated"), ("subState", "byline:repaired")]);
            }
            Some(_) | None => attributes.push(("state", "translated")),
        }
        xml.line()?;
        xml.open("segment", &attributes)?;
        let pair = ledger.segments[index];
        let source = marks(&ledger.claims, pair.source, |claim| &claim.source);
        let target = marks(&ledger.claims, pair.target, |claim| &claim.target);
        let ids = Ids::new(&source, &target);
        xml.line()?;
        xml.open("source", &[])?;
        side(
            xml,
            ledger,
            pair.source.of(&ledger.source.text),
            &source,
            &ids.source,
        )?;
        xml.close()?;
        if translated.is_none_or(|t| t.status != Status::Untranslated) {
            xml.line()?;
            xml.open("target", &[])?;
            let confidence = translated.and_then(confidence);
            if let Some(confidence) = &confidence {
                let attributes = [
                    ("id", "m1"),
                    ("type", "its:generic"),
                    ("its:mtConfidence", confidence.as_str()),
                ];
                xml.open("mrk", &attributes)?;
            }
            side(
                xml,
                ledger,
                pair.target.of(&ledger.target.text),
                &target,
                &ids.target,
            )?;
            if confidence.is_some() {
                xml.close()?;
            }
            xml.close()?;
        }
        xml.close_line()?;
        xml.close_line()
    }
}

/// How likely the model finds its translation, a number between 0 and 1.
fn confidence(translated: &Translated) -> Option<String> {
    translated.confidence.map(|c| format!("{:.3}", c.clamp(0.0, 1.0)))
}

/// What was found in unit `index`, a note each.
fn notes(xml: &mut Xml, index: usize, findings: &[Finding]) -> Result<()> {
    let mut found = findings.iter().filter(|f| f.segment == index).peekable();
    if found.peek().is_none() {
        return Ok(());
    }
    xml.line()?;
    xml.open("notes", &[])?;
    for finding in found {
        let category = name_of(&finding.check);
        let priority = match finding.severity {
            Severity::Error => "1",
            Severity::Warning => "5",
        };
        let side = if finding.target.is_some() {
            "target"
        } else {
            "source"
        };
        let attributes = [
            ("category", category.as_str()),
            ("priority", priority),
            ("appliesTo", side),
        ];
        xml.line()?;
        xml.element("note", &attributes, &finding.message)?;
    }
    xml.close_line()
}

/// The ids of a unit's marks, in the order of the marks.
struct Ids {
    source: Vec<String>,
    target: Vec<String>,
}

impl Ids {
    /// A mark of the target has the id of its counterpart in the source, if that is there and is the same element.
    fn new(source: &[Mark], target: &[Mark]) -> Self {
        let key = |mark: &Mark| (mark.claim, mark.part, mark.number);
        let theirs: HashMap<(usize, Part, usize), bool> =
            source.iter().map(|mark| (key(mark), mark.nested)).collect();
        let id = |mark: &Mark| format!("c{}-{}-{}", mark.claim + 1, mark.part.name(), mark.number + 1);
        let other = |mark: &Mark| {
            theirs
                .get(&key(mark))
                .is_some_and(|&nested| nested != mark.nested)
        };
        Self {
            source: source.iter().map(id).collect(),
            target: target
                .iter()
                .map(|mark| {
                    if other(mark) {
                        format!("{}-t", id(mark))
                    } else {
                        id(mark)
                    }
                })
                .collect(),
        }
    }
}

/// One side of a segment, with its marks.
fn side(xml: &mut Xml, ledger: &Ledger, text: &str, marks: &[Mark], ids: &[String]) -> Result<()> {
    for step in steps(text, marks) {
        match step {
            Step::Text(text) => characters(xml, text)?,
            Step::Close => xml.close()?,
            Step::Open(index) => {
                let mark = &marks[index];
                let said = said(ledger, mark);
                let attributes: Vec<(&str, &str)> = std::iter::once(("id", ids[index].as_str()))
                    .chain(said.iter().map(|(key, value)| (*key, value.as_str())))
                    .collect();
                if mark.nested {
                    xml.open("mrk", &attributes)?;
                } else {
                    xml.empty("sm", &attributes)?;
                }
            }
            Step::End(index) => xml.empty("em", &[("startRef", &ids[index])])?,
        }
    }
    Ok(())
}

/// Text; the characters that XML cannot hold as the standard writes them.
fn characters(xml: &mut Xml, text: &str) -> Result<()> {
    let mut rest = text;
    while let Some((at, c)) = rest.char_indices().find(|(_, c)| !allowed(*c)) {
        xml.text(&rest[..at])?;
        xml.empty("cp", &[("hex", &format!("{:04X}", u32::from(c)))])?;
        rest = &rest[at + c.len_utf8()..];
    }
    xml.text(rest)
}

/// What is said of a mark: the same on both sides. What is known of the whole claim stands with its first cue, or with
/// its first source where it has none.
fn said(ledger: &Ledger, mark: &Mark) -> Vec<(&'static str, String)> {
    let claim = &ledger.claims[mark.claim];
    let mut said = vec![
        ("type", format!("byline:{}", mark.part.name())),
        ("value", format!("c{}", mark.claim + 1)),
    ];
    if mark.part == Part::Source {
        said.extend(claim.who.clone().map(|who| ("byline:who", who)));
    }
    let first = if claim.source.cue.is_empty() {
        Part::Source
    } else {
        Part::Cue
    };
    if mark.part == first && mark.number == 0 {
        said.extend([
            ("byline:form", name_of(&claim.form)),
            ("byline:stance", name_of(&claim.stance)),
            ("byline:polarity", name_of(&claim.polarity)),
            ("byline:status", name_of(&claim.status)),
        ]);
        said.extend(
            claim
                .parent
                .map(|parent| ("byline:parent", format!("c{}", parent + 1))),
        );
    }
    said
}
