//! `byline digest`: the main job.

use crate::cli::console::Console;
use crate::cli::engines::Engines;
use crate::cli::output::Output;
use crate::cli::settings::Settings;
use crate::cli::{Articles, Method, OutputFormat, Searching, Summarising, inputs};
use crate::error::{Error, Result};
use crate::pipeline::{self, Options};
use crate::registry::Task;
use crate::render::html::Page;
use crate::render::{self, ModelUsed};
use crate::summarise::Length;
use crate::text::language::Language;
use crate::translate::seq2seq::Search;

/// Sentences of a summary when nothing else is asked for.
const SENTENCES: usize = 4;

/// Runs the command.
///
/// # Errors
/// What stops the whole run; an error of one article is reported and counts into the exit code.
pub fn run(
    articles: &Articles,
    to: &[Language],
    (summarising, searching): (&Summarising, &Searching),
    strict: bool,
    settings: &Settings,
    console: &Console,
) -> Result<u8> {
    let format = settings.format_or(OutputFormat::Markdown);
    let to = if to.is_empty() { &settings.to } else { to };
    let mut options = options(summarising, to, settings)?;
    options.search = searching.resolve(format)?;
    let mut engines = Engines::new(settings, console)?.searching(options.search);
    let mut output = Output::open(settings.output.as_ref())?;
    let mut page = Page::default();
    let code = inputs::for_each(articles, console, |article| {
        let from = article.language;
        for same in options.to.iter().filter(|&&to| to == from) {
            console.warn(&format!(
                "{}: is in {} already; not translated",
                article.id,
                same.name()
            ));
        }
        engines.prepare(&needs(&options, from))?;
        let digest = pipeline::digest(article, &options, &mut engines, console)?;
        console.finish();
        let models = models_used(&options, from, &engines);
        let printed = match format {
            OutputFormat::Json => render::json::digest(&digest, &models).to_string(),
            OutputFormat::Text => render::text::digest(&digest, &models),
            OutputFormat::Markdown => render::markdown::digest(&digest, &models),
            OutputFormat::Html => {
                page.add_digest(&digest, &models);
                return Ok(u8::from(digest.needs_attention(strict)));
            }
        };
        output.write(&printed)?;
        Ok(u8::from(digest.needs_attention(strict)))
    })?;
    if !page.is_empty() {
        output.write(&page.render()?)?;
    }
    output.finish()?;
    Ok(code)
}

/// What the flags say about summary and translation.
///
/// # Errors
/// If the glossary cannot be read or the temperature is none.
pub fn options(summarising: &Summarising, to: &[Language], settings: &Settings) -> Result<Options> {
    if !(0.0..=2.0).contains(&summarising.temperature) {
        return Err(Error::usage(format!(
            "--temperature {}: not between 0 and 2",
            summarising.temperature
        )));
    }
    let length = match (summarising.words, summarising.sentences) {
        (Some(words), _) => Length::Words(words.into()),
        (None, sentences) => Length::Sentences(sentences.map_or(SENTENCES, usize::from)),
    };
    let mut wanted: Vec<Language> = Vec::new();
    for &language in to {
        if !wanted.contains(&language) {
            wanted.push(language);
        }
    }
    Ok(Options {
        length,
        abstractive: summarising.method == Method::Abstractive,
        temperature: summarising.temperature,
        seed: summarising.seed,
        to: wanted,
        glossary: settings.terms()?,
        search: Search::default(),
    })
}

/// Every task that an article in `from` needs a model for.
pub fn needs(options: &Options, from: Language) -> Vec<(Task, Language, Option<Language>)> {
    let summary = options.abstractive.then_some((Task::Summarise, from, None));
    let translations = options
        .to
        .iter()
        .filter(|&&to| to != from)
        .map(|&to| (Task::Translate, from, Some(to)));
    summary.into_iter().chain(translations).collect()
}

/// The models that served those needs.
pub fn models_used(options: &Options, from: Language, engines: &Engines<'_>) -> Vec<ModelUsed> {
    needs(options, from)
        .into_iter()
        .flat_map(|(task, from, to)| engines.used(task, from, to))
        .collect()
}
