//! Formats that are one document for all results of a run: it grows with each, and is written at the end.

use crate::cli::OutputFormat;
use crate::cli::console::Console;
use crate::cli::output::Output;
use crate::error::{Error, Result};
use crate::render::exchange::Bitext;
use crate::render::exchange::tmx::Memory;
use crate::render::exchange::xliff;
use crate::render::html::Page;
use crate::text::language::Language;

/// What goes into one document.
#[derive(Default)]
pub struct Gathered {
    /// For people.
    pub page: Page,
    xliff: Option<xliff::Document>,
    memory: Option<Memory>,
    left_out: usize,
}

impl Gathered {
    /// Adds two texts if `format` is one of bitexts; says whether it is.
    ///
    /// # Errors
    /// Those of [`xliff::Document::add`].
    pub fn add(&mut self, format: OutputFormat, text: &Bitext<'_>) -> Result<bool> {
        match format {
            OutputFormat::Xliff => {
                if self.xliff.is_none() {
                    self.xliff = Some(xliff::Document::new()?);
                }
                if let Some(document) = &mut self.xliff {
                    document.add(text)?;
                }
            }
            OutputFormat::Tmx => self.left_out += self.memory.get_or_insert_default().add(text),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Writes the document, if there is one.
    ///
    /// # Errors
    /// If it cannot be made or written.
    pub fn write(self, output: &mut Output, console: &Console) -> Result<()> {
        if !self.page.is_empty() {
            output.write(&self.page.render()?)?;
        }
        if let Some(document) = self.xliff {
            output.write(&document.finish()?)?;
        }
        if let Some(memory) = self.memory {
            output.write(&memory.render()?)?;
        }
        if self.left_out > 0 {
            let segments = match self.left_out {
                1 => "1 segment is".to_owned(),
                many => format!("{many} segments are"),
            };
            console.warn(&format!(
                "{segments} not in the memory: without a translation, or with an error found in it"
            ));
        }
        Ok(())
    }
}

/// Refuses what a document of `format` cannot hold, before any work is done.
///
/// # Errors
/// [`Error::Usage`] for XLIFF in several languages, and for bitexts without any.
pub fn check_languages(format: OutputFormat, to: &[Language]) -> Result<()> {
    match (format, to.len()) {
        (OutputFormat::Xliff, 0) | (OutputFormat::Tmx, 0) => Err(Error::usage(
            "this format holds a text and its translation, and no language to translate into is named",
        )
        .with_hint("name one, e.g. --to uk")),
        (OutputFormat::Xliff, 2..) => Err(Error::usage(
            "an XLIFF document holds one language beside the article's",
        )
        .with_hint("run once for each language of --to")),
        _ => Ok(()),
    }
}
