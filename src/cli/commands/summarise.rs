//! `byline summarise`: the summary alone.

use crate::article::Document;
use crate::attribution;
use crate::cli::console::Console;
use crate::cli::engines::Engines;
use crate::cli::output::Output;
use crate::cli::settings::Settings;
use crate::cli::{Articles, OutputFormat, Summarising, inputs};
use crate::error::Result;
use crate::finding::Severity;
use crate::pipeline;
use crate::progress::Progress;
use crate::render;

use super::digest::{models_used, needs, options};

/// What a summary can be printed as.
const FORMATS: [OutputFormat; 3] = [OutputFormat::Text, OutputFormat::Markdown, OutputFormat::Json];

/// Runs the command.
///
/// # Errors
/// What stops the whole run; an error of one article is reported and counts into the exit code.
pub fn run(
    articles: &Articles,
    summarising: &Summarising,
    settings: &Settings,
    console: &Console,
) -> Result<u8> {
    let format = super::format_among("summarise", &FORMATS, settings)?;
    let options = options(summarising, &[], settings)?;
    let mut engines = Engines::new(settings, console)?;
    let mut output = Output::open(settings.output.as_ref())?;
    let code = inputs::for_each(articles, console, |article| {
        let from = article.language;
        engines.prepare(&needs(&options, from))?;
        console.stage("reading");
        let document = Document::new(article);
        let claims = attribution::attribute(&document);
        let summary = pipeline::summarise(&document, &claims, &options, &mut engines, console)?;
        console.finish();
        let serious = summary.findings.iter().any(|f| f.severity == Severity::Error);
        let models = models_used(&options, from, &engines);
        let digest = pipeline::assemble(document, claims, summary, Vec::new(), &options);
        let printed = match format {
            OutputFormat::Json => render::json::digest(&digest, &models).to_string(),
            OutputFormat::Text => render::text::summary(&digest.summary),
            _ => render::markdown::digest(&digest, &models),
        };
        output.write(&printed)?;
        Ok(u8::from(serious))
    })?;
    output.finish()?;
    Ok(code)
}
