//! Ledgers and digests → one page that needs nothing but itself: the texts side by side, claims coloured by source,
//! findings beside their segments, the claims in a table.
//!
//! The page is a template (`page.html`, with its style and its script beside it). Every value that goes into it is
//! escaped, and characters that a page cannot hold are shown as signs.

mod digest;
mod pieces;
mod section;
mod view;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, Value, escape_formatter};

use crate::align::Ledger;
use crate::error::{Error, Result};
use crate::finding::Finding;
use crate::translate::glossary::Glossary;

use super::markdown::told;
use super::{Digest, ModelUsed};
use view::Section;

/// A page that grows by a section for each pair of texts.
#[derive(Debug, Default)]
pub struct Page {
    sections: Vec<Section>,
}

impl Page {
    /// Adds two texts held against each other and against `glossary`, with what `models` could tell.
    pub fn add_check(
        &mut self,
        ledger: &Ledger,
        findings: &[Finding],
        glossary: &Glossary,
        models: &[ModelUsed],
    ) {
        let number = self.sections.len() + 1;
        let mut section = Section::of_check(number, ledger, findings);
        section.foot = Some(format!(
            "{}: {} held against {}; settings: {}; {}",
            ledger.id,
            ledger.target.language.name(),
            ledger.source.language.name(),
            glossary.told(),
            told(models),
        ));
        self.sections.push(section);
    }

    /// Adds a summary with its translations.
    pub fn add_digest(&mut self, digest: &Digest, models: &[ModelUsed]) {
        let number = self.sections.len() + 1;
        self.sections.push(digest::section(number, digest, models));
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.sections.is_empty()
    }

    /// The page as it is written.
    ///
    /// # Errors
    /// If the template fails, which is a fault of the program.
    pub fn render(&self) -> Result<String> {
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()
            .map_err(|e| broken(&e))?;
        environment.set_syntax(syntax);
        environment.set_formatter(|out, state, value| match value.as_str() {
            Some(text) if !value.is_safe() && text.contains(unprintable) => {
                escape_formatter(out, state, &Value::from(printable(text)))
            }
            _ => escape_formatter(out, state, value),
        });
        environment
            .render_named_str(
                // the name's ending is what turns the escaping on
                "page.html",
                include_str!("page.html"),
                minijinja::context! {
                    style => Value::from_safe_string(include_str!("page.css").to_owned()),
                    script => Value::from_safe_string(include_str!("page.js").to_owned()),
                    version => env!("CARGO_PKG_VERSION"),
                    sections => Value::from(Serde(&self.sections)),
                },
            )
            .map_err(|e| broken(&e))
    }
}

fn broken(error: &minijinja::Error) -> Error {
    Error::failed(format!("the page cannot be made: {error}"))
}

/// Whether a page cannot hold `c`.
fn unprintable(c: char) -> bool {
    c.is_control() && c != '\n' && c != '\t'
}

/// `text` with the signs that Unicode has for control characters, in their places.
fn printable(text: &str) -> String {
    text.replace("\r\n", "\n")
        .chars()
        .map(|c| match c {
            _ if !unprintable(c) => c,
            '\u{7f}' => '\u{2421}',
            '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
            _ => '\u{fffd}',
        })
        .collect()
}
