//! `byline sources`: who says what in each article.

use crate::article::Document;
use crate::attribution;
use crate::cli::console::Console;
use crate::cli::inputs::for_each;
use crate::cli::output::Output;
use crate::cli::settings::Settings;
use crate::cli::{Articles, OutputFormat};
use crate::error::Result;
use crate::render::sources;

/// Runs the command: one JSON object a line, or one list for people an article.
pub fn run(articles: &Articles, settings: &Settings, console: &Console) -> Result<u8> {
    let format = settings.format_or(OutputFormat::Json);
    if !matches!(format, OutputFormat::Json | OutputFormat::Text) {
        return Err(super::no_such_format("sources", format));
    }
    let mut output = Output::open(settings.output.as_ref())?;
    let mut first = true;
    let worst = for_each(articles, console, |article| {
        let document = Document::new(article);
        let claims = attribution::attribute(&document);
        if format == OutputFormat::Json {
            output.write(&sources::json(&document, &claims).to_string())?;
        } else {
            if !first {
                output.write("")?;
            }
            output.write(&sources::text(&document, &claims))?;
        }
        first = false;
        if attribution::reads(document.article.language) {
            return Ok(0);
        }
        // An empty list would pass for "nobody is cited".
        console.warn(&format!(
            "{}: attributions are read in English, Ukrainian, Korean, Russian and Chinese, not in {}",
            document.article.id,
            document.article.language.name()
        ));
        Ok(1)
    })?;
    output.finish()?;
    Ok(worst)
}
