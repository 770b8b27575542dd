//! Pairs of segments as TMX 1.4b, which translation memories read.
//!
//! A pair is written if it has two sides; one that was not translated, or with an error found in it, would teach a memory
//! what is wrong, and is left out.

use super::xml::Xml;
use super::{Bitext, tool};
use crate::error::Result;
use crate::finding::Severity;
use crate::translate::Status;

/// A memory in the making.
#[derive(Debug, Default)]
pub struct Memory {
    source: Option<String>,
    tool: String,
    units: Vec<Unit>,
}

#[derive(Debug)]
struct Unit {
    id: String,
    notes: Vec<String>,
    status: &'static str,
    sides: [(String, String); 2],
}

impl Memory {
    /// Adds the pairs of `text`; gives how many were left out.
    pub fn add(&mut self, text: &Bitext<'_>) -> usize {
        let ledger = text.ledger;
        let (from, to) = (ledger.source.language.code(), ledger.target.language.code());
        self.tool = tool(text.models);
        match &self.source {
            None => self.source = Some(from.to_owned()),
            // several source languages: the header says so, and every unit names its own
            Some(source) if source != from => self.source = Some("*all*".to_owned()),
            Some(_) => {}
        }
        let mut left_out = 0;
        for (index, pair) in ledger.segments.iter().enumerate() {
            let status = text.segments.get(index).map(|s| s.status);
            let found = || text.findings.iter().filter(|f| f.segment == index);
            let wrong = found().any(|f| f.severity == Severity::Error);
            let (source, target) = (
                pair.source.of(&ledger.source.text),
                pair.target.of(&ledger.target.text),
            );
            if wrong || status == Some(Status::Untranslated) || source.is_empty() || target.is_empty() {
                left_out += 1;
                continue;
            }
            self.units.push(Unit {
                id: format!("{}:{}", ledger.id, index + 1),
                notes: found().map(|f| f.message.clone()).collect(),
                status: match status {
                    Some(Status::Repaired) => "repaired",
                    Some(_) => "translated",
                    None => "given",
                },
                sides: [
                    (from.to_owned(), source.to_owned()),
                    (to.to_owned(), target.to_owned()),
                ],
            });
        }
        left_out
    }

    /// The document.
    ///
    /// # Errors
    /// None but a fault of the program.
    pub fn render(&self) -> Result<String> {
        let mut xml = Xml::new()?;
        xml.line()?;
        xml.open("tmx", &[("version", "1.4")])?;
        xml.line()?;
        xml.empty(
            "header",
            &[
                ("creationtool", self.tool.as_str()),
                ("creationtoolversion", env!("CARGO_PKG_VERSION")),
                ("segtype", "sentence"),
                ("o-tmf", "byline"),
                ("adminlang", "en"),
                ("srclang", self.source.as_deref().unwrap_or("*all*")),
                ("datatype", "plaintext"),
            ],
        )?;
        xml.line()?;
        xml.open("body", &[])?;
        for unit in &self.units {
            xml.line()?;
            xml.open("tu", &[("tuid", unit.id.as_str()), ("srclang", &unit.sides[0].0)])?;
            for note in &unit.notes {
                xml.line()?;
                xml.element("note", &[], note)?;
            }
            xml.line()?;
            xml.element("prop", &[("type", "x-byline-status")], unit.status)?;
            for (language, text) in &unit.sides {
                xml.line()?;
                xml.open("tuv", &[("xml:lang", language)])?;
                xml.element("seg", &[], text)?;
                xml.close()?;
            }
            xml.close_line()?;
        }
        xml.close_line()?;
        xml.close_line()?;
        xml.finish()
    }
}
