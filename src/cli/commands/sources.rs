//! `byline sources`: who says what in each article.

use crate::article::{Article, Document};
use crate::attribution;
use crate::cli::OutputFormat;
use crate::cli::console::Console;
use crate::cli::maker::{Made, Maker};
use crate::cli::settings::Settings;
use crate::error::Result;
use crate::render::sources;

/// The attributions of a run: one JSON object a line, or one list for people an article.
pub struct Sources<'a> {
    format: OutputFormat,
    console: &'a Console,
}

impl<'a> Sources<'a> {
    /// Reads what is asked for.
    ///
    /// # Errors
    /// For a format that these are not printed in.
    pub fn new(settings: &Settings, console: &'a Console) -> Result<Self> {
        let format = settings.format_or(OutputFormat::Json);
        if !matches!(format, OutputFormat::Json | OutputFormat::Text) {
            return Err(super::no_such_format("sources", format));
        }
        Ok(Self { format, console })
    }
}

impl Maker for Sources<'_> {
    fn format(&self) -> OutputFormat {
        self.format
    }

    fn settings(&self) -> String {
        format!("sources {:?}", self.format)
    }

    fn parted(&self) -> bool {
        self.format == OutputFormat::Text
    }

    fn make(&mut self, article: Article) -> Result<Made> {
        let document = Document::new(article);
        let claims = attribution::attribute(&document);
        let text = match self.format {
            OutputFormat::Json => sources::json(&document, &claims).to_string(),
            _ => sources::text(&document, &claims),
        };
        let is_read = attribution::reads(document.article.language);
        if !is_read {
            // An empty list would pass for "nobody is cited".
            self.console.warn(&format!(
                "{}: attributions are read in English, Ukrainian, Korean, Russian and Chinese, not in {}",
                document.article.id,
                document.article.language.name()
            ));
        }
        Ok(Made {
            text: Some(text),
            code: u8::from(!is_read),
        })
    }
}
