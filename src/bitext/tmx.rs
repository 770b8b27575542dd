//! TMX 1.x: translation units of variants by language (LISA OSCAR, TMX 1.4b).

use super::walk::{Element, Listener, walk};
use super::{Bitext, language};
use crate::error::{Error, Result};
use crate::text::language::Language;

/// Elements whose text is code of the document that was translated.
const CODES: [&str; 5] = ["bpt", "ept", "ph", "it", "ut"];

/// Reads the units of a memory that have the header's source language and one other: `to`, or the only other.
pub(super) fn read(name: &str, text: &str, to: Option<Language>) -> Result<Bitext> {
    let mut reader = Reader {
        name,
        ..Reader::default()
    };
    walk(name, text, &mut reader)?;
    reader.bitext(to)
}

/// The variants of a unit, and the language that it was translated from.
#[derive(Default)]
struct Unit {
    from: Option<Language>,
    variants: Vec<(Language, String)>,
}

#[derive(Default)]
struct Reader<'a> {
    name: &'a str,
    is_memory: bool,
    /// The header's source language; none for `*all*`.
    from: Option<Language>,
    units: Vec<Unit>,
    in_segment: bool,
    silent: usize,
}

impl Listener for Reader<'_> {
    fn open(&mut self, element: &Element) -> Result<()> {
        if self.silent > 0 || CODES.contains(&element.name.as_str()) {
            self.silent += 1;
            return Ok(());
        }
        let from = || match element.get("srclang") {
            None | Some("*all*") => Ok(None),
            Some(code) => language(self.name, code).map(Some),
        };
        match element.name.as_str() {
            "tmx" => self.is_memory = true,
            "header" => self.from = from()?,
            "tu" => {
                let from = from()?.or(self.from);
                self.units.push(Unit {
                    from,
                    variants: Vec::new(),
                });
            }
            "tuv" => {
                let code = element.get("xml:lang").or(element.get("lang")).ok_or_else(|| {
                    Error::input(self.name, "has a <tuv> without a language")
                        .with_hint("export it again as TMX 1.4")
                })?;
                let language = language(self.name, code)?;
                if let Some(unit) = self.units.last_mut() {
                    unit.variants.push((language, String::new()));
                }
            }
            "seg" => self.in_segment = true,
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, element: &str) {
        if self.silent > 0 {
            self.silent -= 1;
        } else if element == "seg" {
            self.in_segment = false;
        }
    }

    fn text(&mut self, text: &str) {
        let variant = self.units.last_mut().and_then(|unit| unit.variants.last_mut());
        if let (true, 0, Some((_, segment))) = (self.in_segment, self.silent, variant) {
            segment.push_str(text);
        }
    }
}

impl Reader<'_> {
    fn bitext(self, to: Option<Language>) -> Result<Bitext> {
        if !self.is_memory {
            return Err(Error::input(self.name, "is no TMX document: it has no <tmx>")
                .with_hint("name its format with --input-format"));
        }
        let mut found: Option<(Language, Language)> = None;
        let mut pairs = Vec::new();
        for unit in self.units {
            let Some(from) = unit.from.or(unit.variants.first().map(|(l, _)| *l)) else {
                continue;
            };
            let source = unit.variants.iter().find(|(l, _)| *l == from);
            let targets = unit
                .variants
                .iter()
                .filter(|(l, _)| *l != from && to.is_none_or(|to| to == *l));
            for (language, target) in targets {
                let Some((_, source)) = source else { continue };
                let languages = *found.get_or_insert((from, *language));
                if languages != (from, *language) {
                    return Err(Error::input(
                        self.name,
                        format!(
                            "holds several pairs of languages: {} to {} and {from} to {language}",
                            languages.0, languages.1
                        ),
                    )
                    .with_hint("name the one to take with --to, and one source language a file"));
                }
                pairs.push((source.clone(), target.clone()));
            }
        }
        let (from, to) = found.ok_or_else(|| {
            Error::input(self.name, "holds no unit with two languages")
                .with_hint("export it with its targets")
        })?;
        Ok(Bitext {
            id: None,
            from,
            to,
            pairs,
        })
    }
}
