//! `byline translate`: the whole article, structure kept.

use crate::article::{Article, Document};
use crate::attribution::attribute;
use crate::cli::console::Console;
use crate::cli::engines::Engines;
use crate::cli::gathered::{self, Gathered};
use crate::cli::output::Output;
use crate::cli::settings::Settings;
use crate::cli::{Articles, OutputFormat, Searching, inputs};
use crate::error::{Error, Result};
use crate::pipeline::{self, Options};
use crate::progress::Progress;
use crate::registry::Task;
use crate::render::exchange::{self, Bitext};
use crate::render::{self, ModelUsed, Translation};
use crate::summarise::Length;
use crate::text::language::Language;

/// What a translation can be printed as.
const FORMATS: [OutputFormat; 7] = [
    OutputFormat::Text,
    OutputFormat::Markdown,
    OutputFormat::Json,
    OutputFormat::Xliff,
    OutputFormat::Tmx,
    OutputFormat::Ninjs,
    OutputFormat::Jsonld,
];

/// Runs the command.
///
/// # Errors
/// What stops the whole run; an error of one article is reported and counts into the exit code.
pub fn run(
    articles: &Articles,
    to: &[Language],
    searching: &Searching,
    strict: bool,
    settings: &Settings,
    console: &Console,
) -> Result<u8> {
    let format = super::format_among("translate", &FORMATS, settings)?;
    let to = if to.is_empty() { settings.to.as_slice() } else { to };
    gathered::check_languages(format, to)?;
    if to.is_empty() {
        return Err(Error::usage("no language to translate into").with_hint("name one, e.g. --to uk"));
    }
    let options = Options {
        length: Length::Sentences(1),
        abstractive: false,
        temperature: 0.0,
        seed: 0,
        to: to.to_vec(),
        glossary: settings.terms()?,
        search: searching.resolve(format)?,
    };
    let mut engines = Engines::new(settings, console)?.searching(options.search);
    let mut output = Output::open(settings.output.as_ref())?;
    let mut gathered = Gathered::default();
    let code = inputs::for_each(articles, console, |article| {
        let mut worst = 0;
        let mut printer = Printer {
            format,
            output: &mut output,
            gathered: &mut gathered,
        };
        for translation in one(article, &options, &mut engines, console, &mut printer)? {
            worst = worst.max(u8::from(translation.needs_attention(strict)));
        }
        Ok(worst)
    })?;
    gathered.write(&mut output, console)?;
    output.finish()?;
    Ok(code)
}

/// Where translations go.
struct Printer<'a> {
    format: OutputFormat,
    output: &'a mut Output,
    gathered: &'a mut Gathered,
}

impl Printer<'_> {
    fn print(&mut self, document: &Document, translation: &Translation, models: &[ModelUsed]) -> Result<()> {
        let text = Bitext {
            ledger: &translation.ledger,
            findings: &translation.findings,
            segments: &translation.segments,
            models,
        };
        if self.gathered.add(self.format, &text)? {
            return Ok(());
        }
        let renditions =
            || exchange::renditions_of_translation(document, &attribute(document), translation, models);
        self.output.write(&match self.format {
            OutputFormat::Json => render::translation::json(document, translation, models).to_string(),
            OutputFormat::Ninjs => exchange::ninjs::object(&renditions(), 1).to_string(),
            OutputFormat::Jsonld => exchange::jsonld::graph(&renditions()).to_string(),
            _ => render::translation::text(document, translation),
        })
    }
}

/// Translates and prints one article; gives its translations.
fn one(
    article: Article,
    options: &Options,
    engines: &mut Engines<'_>,
    console: &Console,
    printer: &mut Printer<'_>,
) -> Result<Vec<Translation>> {
    let from = article.language;
    let needs: Vec<_> = options
        .to
        .iter()
        .map(|&to| (Task::Translate, from, Some(to)))
        .collect();
    if options.to.contains(&from) {
        return Err(
            Error::input(&article.id, format!("is in {} already", from.name())).with_hint(
                "leave that language out of --to, or say what the article is written in with --from",
            ),
        );
    }
    engines.prepare(&needs)?;
    console.stage("reading");
    let document = Document::new(article);
    let segments: Vec<String> = (0..document.sentences.len())
        .map(|i| document.sentence(i).to_owned())
        .collect();
    let mut made = Vec::new();
    for &to in &options.to {
        let id = &document.article.id;
        let translation = pipeline::translate(id, &segments, from, to, options, engines, console)?;
        console.finish();
        let mut models = engines.used(Task::Translate, from, Some(to));
        models.extend(engines.compared(from, to));
        printer.print(&document, &translation, &models)?;
        for line in render::translation::attention(&translation) {
            console.warn(&line);
        }
        made.push(translation);
    }
    Ok(made)
}
