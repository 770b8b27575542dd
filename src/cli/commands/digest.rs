//! `byline digest`: the main job.

use std::path::Path;

use crate::article::Article;
use crate::cli::ahead::{LOOKS_AHEAD, Segments, go_ahead};
use crate::cli::console::Console;
use crate::cli::engines::Engines;
use crate::cli::gathered::{self, Gathered};
use crate::cli::inputs::read_bytes;
use crate::cli::maker::{Made, Maker};
use crate::cli::settings::Settings;
use crate::cli::{Articles, Method, OutputFormat, Searching, Summarising};
use crate::error::{Error, Result};
use crate::pipeline::{self, Options};
use crate::progress::Silent;
use crate::registry::Task;
use crate::render::exchange::{self, Bitext, Rendition};
use crate::render::{self, Digest, ModelUsed};
use crate::summarise::Length;
use crate::text::language::Language;
use crate::translate::seq2seq::Search;
use crate::update::Former;

/// Sentences of a summary when nothing else is asked for.
const SENTENCES: usize = 4;

/// The digests of a run.
pub struct Digests<'a> {
    options: Options,
    format: OutputFormat,
    strict: bool,
    engines: Engines<'a>,
    console: &'a Console,
    gathered: Gathered,
    former: Option<Former>,
}

impl<'a> Digests<'a> {
    /// Reads what is asked for; loads nothing.
    ///
    /// # Errors
    /// For options that cannot be.
    pub fn new(
        to: &[Language],
        (summarising, searching): (&Summarising, &Searching),
        strict: bool,
        settings: &'a Settings,
        console: &'a Console,
    ) -> Result<Self> {
        let format = settings.format_or(OutputFormat::Markdown);
        if format == OutputFormat::Same {
            return Err(super::no_such_format("digest", format));
        }
        let to = if to.is_empty() { &settings.to } else { to };
        gathered::check_languages(format, to)?;
        let mut options = options(summarising, to, settings)?;
        options.search = searching.resolve(format)?;
        Ok(Self {
            format,
            strict,
            engines: Engines::new(settings, console)?.searching(options.search),
            options,
            console,
            gathered: Gathered::default(),
            former: None,
        })
    }

    /// Takes over what did not change since the digest in the file `former`.
    ///
    /// # Errors
    /// [`Error::Input`] if it is no digest, [`Error::Usage`] if there are several articles.
    pub fn since(&mut self, former: &Path, articles: &Articles) -> Result<()> {
        if articles.files.len() > 1 {
            return Err(
                Error::usage("--since names the former state of one article, and several are given")
                    .with_hint("give one article; `byline batch` keeps the former states of many"),
            );
        }
        let (name, bytes) = read_bytes(former, self.console)?;
        self.former = Some(Former::read(&name, &String::from_utf8_lossy(&bytes))?);
        Ok(())
    }
}

impl Maker for Digests<'_> {
    fn format(&self) -> OutputFormat {
        self.format
    }

    fn settings(&self) -> String {
        format!("digest {:?} {:?} {}", self.options, self.format, self.strict)
    }

    fn models(&mut self, from: Language) -> Result<Vec<ModelUsed>> {
        let needs = needs(&self.options, from);
        self.engines.prepare(&needs)?;
        Ok(self.engines.serving(&needs))
    }

    /// Only what takes many segments at once gains by it, and only where summaries cost next to nothing: a model that
    /// writes them takes far longer than the translations, and what is made ahead is lost when the run is killed.
    fn looks_ahead(&self) -> usize {
        if !self.options.abstractive && self.engines.batches() {
            LOOKS_AHEAD
        } else {
            0
        }
    }

    fn expect(&mut self, articles: &[&Article]) -> Result<()> {
        let mut by_language = Segments::new();
        for article in articles {
            // an article without anything to summarise says so when it is made
            let told = pipeline::extracted((*article).clone(), &self.options, &Silent).unwrap_or_default();
            by_language.entry(article.language).or_default().extend(told);
        }
        go_ahead(&by_language, &self.options, &mut self.engines, self.console)
    }

    /// Only JSON can be read back.
    fn update(&mut self, article: Article, former: &str) -> Result<Made> {
        let former = match self.format {
            OutputFormat::Json => Former::read("the former result", former).ok(),
            _ => None,
        };
        self.former = former;
        let made = self.make(article);
        self.former = None;
        made
    }

    fn make(&mut self, article: Article) -> Result<Made> {
        let from = article.language;
        for same in self.options.to.iter().filter(|&&to| to == from) {
            self.console.warn(&format!(
                "{}: is in {} already; not translated",
                article.id,
                same.name()
            ));
        }
        self.engines.prepare(&needs(&self.options, from))?;
        let former = self.former.as_ref();
        let digest = pipeline::update(article, former, &self.options, &mut self.engines, self.console)?;
        self.console.finish();
        let models = models_used(&self.options, from, &self.engines);
        let renditions = || exchange::renditions_of_digest(&digest, &models);
        let text = match self.format {
            OutputFormat::Json => Some(render::json::digest(&digest, &models).to_string()),
            OutputFormat::Text => Some(render::text::digest(&digest, &models)),
            OutputFormat::Markdown => Some(render::markdown::digest(&digest, &models)),
            OutputFormat::Jsonld => Some(exchange::jsonld::graph(&renditions()).to_string()),
            OutputFormat::Ninjs => Some(ninjs(&renditions())),
            // the last is refused before
            OutputFormat::Html | OutputFormat::Xliff | OutputFormat::Tmx | OutputFormat::Same => {
                gather(&mut self.gathered, self.format, &digest, &models)?;
                None
            }
        };
        let code = u8::from(digest.needs_attention(self.strict));
        Ok(Made { text, code })
    }

    fn document(&mut self) -> Result<Option<String>> {
        self.gathered.take(self.console)
    }
}

/// The summary and each translation, an object a line.
fn ninjs(renditions: &[Rendition]) -> String {
    let objects: Vec<String> = (1..renditions.len())
        .map(|index| exchange::ninjs::object(renditions, index).to_string())
        .collect();
    objects.join("\n")
}

/// Adds a digest to the one document of a run.
fn gather(
    gathered: &mut Gathered,
    format: OutputFormat,
    digest: &Digest,
    models: &[ModelUsed],
) -> Result<()> {
    if format == OutputFormat::Html {
        gathered.page.add_digest(digest, models);
        return Ok(());
    }
    for translation in &digest.translations {
        let text = Bitext {
            ledger: &translation.ledger,
            findings: &translation.findings,
            segments: &translation.segments,
            models,
        };
        gathered.add(format, &text)?;
    }
    Ok(())
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
    let needs = needs(options, from);
    let compared = needs
        .iter()
        .find_map(|&(_, from, to)| engines.compared(from, to?));
    let served = needs
        .iter()
        .flat_map(|&(task, from, to)| engines.used(task, from, to));
    served.chain(compared).collect()
}
