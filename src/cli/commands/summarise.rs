//! `byline summarise`: the summary alone.

use crate::article::{Article, Document};
use crate::attribution;
use crate::cli::console::Console;
use crate::cli::engines::Engines;
use crate::cli::maker::{Made, Maker};
use crate::cli::settings::Settings;
use crate::cli::{OutputFormat, Summarising};
use crate::error::Result;
use crate::finding::Severity;
use crate::pipeline::{self, Options};
use crate::progress::Progress;
use crate::render::{self, ModelUsed};
use crate::text::language::Language;

use super::digest::{needs, options};

/// What a summary can be printed as.
const FORMATS: [OutputFormat; 3] = [OutputFormat::Text, OutputFormat::Markdown, OutputFormat::Json];

/// The summaries of a run.
pub struct Summaries<'a> {
    options: Options,
    format: OutputFormat,
    engines: Engines<'a>,
    console: &'a Console,
}

impl<'a> Summaries<'a> {
    /// Reads what is asked for; loads nothing.
    ///
    /// # Errors
    /// For options that cannot be.
    pub fn new(summarising: &Summarising, settings: &'a Settings, console: &'a Console) -> Result<Self> {
        Ok(Self {
            format: super::format_among("summarise", &FORMATS, settings)?,
            options: options(summarising, &[], settings)?,
            engines: Engines::new(settings, console)?,
            console,
        })
    }
}

impl Maker for Summaries<'_> {
    fn format(&self) -> OutputFormat {
        self.format
    }

    fn settings(&self) -> String {
        format!("summarise {:?} {:?}", self.options, self.format)
    }

    fn models(&mut self, from: Language) -> Result<Vec<ModelUsed>> {
        let needs = needs(&self.options, from);
        self.engines.prepare(&needs)?;
        Ok(self.engines.serving(&needs))
    }

    fn make(&mut self, article: Article) -> Result<Made> {
        let models = self.models(article.language)?;
        self.console.stage("reading");
        let document = Document::new(article);
        let claims = attribution::attribute(&document);
        let summary =
            pipeline::summarise(&document, &claims, &self.options, &mut self.engines, self.console)?;
        self.console.finish();
        let serious = summary.findings.iter().any(|f| f.severity == Severity::Error);
        let digest = pipeline::assemble(document, claims, summary, Vec::new(), &self.options);
        let text = match self.format {
            OutputFormat::Json => render::json::digest(&digest, &models).to_string(),
            OutputFormat::Text => render::text::summary(&digest.summary),
            _ => render::markdown::digest(&digest, &models),
        };
        Ok(Made {
            text: Some(text),
            code: u8::from(serious),
        })
    }
}
