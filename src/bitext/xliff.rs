//! XLIFF 2.x (units of segments) and 1.2 (trans-units), after the standards of OASIS.

use super::walk::{Element, Listener, walk};
use super::{Bitext, language};
use crate::error::{Error, Result};
use crate::text::language::Language;

/// Elements of XLIFF 1.2 whose text is code of the document that was translated.
const CODES: [&str; 4] = ["bpt", "ept", "ph", "it"];

/// Reads all files of a document.
pub(super) fn read(name: &str, text: &str) -> Result<Vec<Bitext>> {
    let mut reader = Reader {
        name,
        ..Reader::default()
    };
    walk(name, text, &mut reader)?;
    if reader.version.is_empty() {
        return Err(
            Error::input(name, "is no XLIFF document: it has no <xliff> with a version")
                .with_hint("name its format with --input-format"),
        );
    }
    Ok(reader.texts)
}

#[derive(Default)]
struct Reader<'a> {
    name: &'a str,
    version: String,
    languages: Option<(Language, Language)>,
    texts: Vec<Bitext>,
    /// Inside a segment or trans-unit: its two sides so far.
    pair: Option<(String, String)>,
    /// Which side is open.
    side: Option<Side>,
    /// Elements open whose text is not the translation's: other translations, notes, code.
    silent: usize,
}

#[derive(Clone, Copy)]
enum Side {
    Source,
    Target,
}

impl Listener for Reader<'_> {
    fn open(&mut self, element: &Element) -> Result<()> {
        let silences = match element.name.as_str() {
            "alt-trans" | "seg-source" | "matches" | "match" | "note" | "notes" | "originalData" => true,
            code => self.version.starts_with('1') && CODES.contains(&code),
        };
        if silences || self.silent > 0 {
            self.silent += 1;
            return Ok(());
        }
        match element.name.as_str() {
            "xliff" => self.document(element)?,
            "file" => self.file(element)?,
            "segment" | "trans-unit" => self.pair = Some(Default::default()),
            "source" => self.side = Some(Side::Source),
            "target" => self.side = Some(Side::Target),
            "cp" => {
                let code = element
                    .get("hex")
                    .and_then(|hex| u32::from_str_radix(hex, 16).ok());
                if let Some(c) = code.and_then(char::from_u32) {
                    self.text(c.encode_utf8(&mut [0; 4]));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, element: &str) {
        if self.silent > 0 {
            self.silent -= 1;
            return;
        }
        match element {
            "source" | "target" => self.side = None,
            "segment" | "trans-unit" => {
                if let (Some(pair), Some(text)) = (self.pair.take(), self.texts.last_mut()) {
                    text.pairs.push(pair);
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if self.silent > 0 {
            return;
        }
        match (&mut self.pair, self.side) {
            (Some((source, _)), Some(Side::Source)) => source.push_str(text),
            (Some((_, target)), Some(Side::Target)) => target.push_str(text),
            _ => {}
        }
    }
}

impl Reader<'_> {
    fn document(&mut self, element: &Element) -> Result<()> {
        let version = element.get("version").unwrap_or_default();
        if !(version.starts_with("2.") || version == "1.2") {
            return Err(Error::input(
                self.name,
                format!("is XLIFF of version \"{version}\", which is not read here"),
            )
            .with_hint("export it as XLIFF 2.1 or 1.2"));
        }
        self.version = version.to_owned();
        if let (Some(from), Some(to)) = (element.get("srcLang"), element.get("trgLang")) {
            self.languages = Some((language(self.name, from)?, language(self.name, to)?));
        }
        Ok(())
    }

    fn file(&mut self, element: &Element) -> Result<()> {
        let languages = match (element.get("source-language"), element.get("target-language")) {
            (Some(from), Some(to)) => Some((language(self.name, from)?, language(self.name, to)?)),
            _ => self.languages,
        };
        let Some((from, to)) = languages else {
            return Err(Error::input(
                self.name,
                "does not name its target language: nothing is translated in it",
            )
            .with_hint("export it with its targets"));
        };
        self.texts.push(Bitext {
            id: element.get("original").or(element.get("id")).map(str::to_owned),
            from,
            to,
            pairs: Vec::new(),
        });
        Ok(())
    }
}
