//! Formats that are one document for all results of a run: it grows with each, and is written at the end.

use crate::cli::OutputFormat;
use crate::cli::console::Console;
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

    /// The document so far, if there is one; the next begins anew.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn take(&mut self, console: &Console) -> Result<Option<String>> {
        let Self {
            page,
            xliff,
            memory,
            left_out,
        } = std::mem::take(self);
        if left_out > 0 {
            let segments = match left_out {
                1 => "1 segment is".to_owned(),
                many => format!("{many} segments are"),
            };
            console.warn(&format!(
                "{segments} not in the memory: without a translation, or with an error found in it"
            ));
        }
        Ok(match (xliff, memory) {
            (Some(document), _) => Some(document.finish()?),
            (None, Some(memory)) => Some(memory.render()?),
            (None, None) if !page.is_empty() => Some(page.render()?),
            (None, None) => None,
        })
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
