//! `byline translate`: the whole article, structure kept.

use crate::article::{Article, Document};
use crate::attribution::attribute;
use crate::cli::ahead::{LOOKS_AHEAD, Segments, go_ahead};
use crate::cli::console::Console;
use crate::cli::engines::Engines;
use crate::cli::gathered::{self, Gathered};
use crate::cli::maker::{Made, Maker};
use crate::cli::settings::Settings;
use crate::cli::{OutputFormat, Searching};
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

/// What is asked for.
///
/// # Errors
/// For options that cannot be, and if no language is named.
pub(super) fn options(
    to: &[Language],
    searching: &Searching,
    settings: &Settings,
    format: OutputFormat,
) -> Result<Options> {
    let to = if to.is_empty() { settings.to.as_slice() } else { to };
    gathered::check_languages(format, to)?;
    if to.is_empty() {
        return Err(Error::usage("no language to translate into").with_hint("name one, e.g. --to uk"));
    }
    Ok(Options {
        length: Length::Sentences(1),
        abstractive: false,
        temperature: 0.0,
        seed: 0,
        to: to.to_vec(),
        glossary: settings.terms()?,
        search: searching.resolve(format)?,
    })
}

/// The refusal of an article that is in the language wanted.
pub(super) fn is_in_it(id: &str, language: Language) -> Error {
    Error::input(id, format!("is in {} already", language.name()))
        .with_hint("leave that language out of --to, or say what the article is written in with --from")
}

/// The translations of a run.
pub struct Translations<'a> {
    options: Options,
    format: OutputFormat,
    strict: bool,
    engines: Engines<'a>,
    console: &'a Console,
    gathered: Gathered,
}

impl<'a> Translations<'a> {
    /// Reads what is asked for; loads nothing.
    ///
    /// # Errors
    /// For options that cannot be, and if no language is named.
    pub fn new(
        to: &[Language],
        searching: &Searching,
        strict: bool,
        settings: &'a Settings,
        console: &'a Console,
    ) -> Result<Self> {
        let format = super::format_among("translate", &FORMATS, settings)?;
        let options = options(to, searching, settings, format)?;
        Ok(Self {
            format,
            strict,
            engines: Engines::new(settings, console)?.searching(options.search),
            options,
            console,
            gathered: Gathered::default(),
        })
    }

    fn needs(&self, from: Language) -> Vec<(Task, Language, Option<Language>)> {
        let each = self.options.to.iter();
        each.map(|&to| (Task::Translate, from, Some(to))).collect()
    }

    fn used(&self, from: Language, to: Language) -> Vec<ModelUsed> {
        let mut models = self.engines.used(Task::Translate, from, Some(to));
        models.extend(self.engines.compared(from, to));
        models
    }

    /// What is printed of a translation; none if it went into the one document of the run.
    fn printed(&mut self, document: &Document, translation: &Translation) -> Result<Option<String>> {
        let models = self.used(document.article.language, translation.language);
        let text = Bitext {
            ledger: &translation.ledger,
            findings: &translation.findings,
            segments: &translation.segments,
            models: &models,
        };
        if self.gathered.add(self.format, &text)? {
            return Ok(None);
        }
        let renditions =
            || exchange::renditions_of_translation(document, &attribute(document), translation, &models);
        Ok(Some(match self.format {
            OutputFormat::Json => render::translation::json(document, translation, &models).to_string(),
            OutputFormat::Ninjs => exchange::ninjs::object(&renditions(), 1).to_string(),
            OutputFormat::Jsonld => exchange::jsonld::graph(&renditions()).to_string(),
            _ => render::translation::text(document, translation),
        }))
    }
}

impl Maker for Translations<'_> {
    fn format(&self) -> OutputFormat {
        self.format
    }

    fn settings(&self) -> String {
        format!("translate {:?} {:?} {}", self.options, self.format, self.strict)
    }

    fn models(&mut self, from: Language) -> Result<Vec<ModelUsed>> {
        let needs = self.needs(from);
        self.engines.prepare(&needs)?;
        Ok(self.engines.serving(&needs))
    }

    /// Only what takes many segments at once gains by it.
    fn looks_ahead(&self) -> usize {
        if self.engines.batches() { LOOKS_AHEAD } else { 0 }
    }

    fn expect(&mut self, articles: &[&Article]) -> Result<()> {
        let mut by_language = Segments::new();
        for article in articles {
            let document = Document::new((*article).clone());
            let segments = (0..document.sentences.len()).map(|i| document.sentence(i).to_owned());
            by_language.entry(article.language).or_default().extend(segments);
        }
        go_ahead(&by_language, &self.options, &mut self.engines, self.console)
    }

    fn make(&mut self, article: Article) -> Result<Made> {
        let from = article.language;
        if self.options.to.contains(&from) {
            return Err(is_in_it(&article.id, from));
        }
        self.engines.prepare(&self.needs(from))?;
        self.console.stage("reading");
        let document = Document::new(article);
        let segments: Vec<String> = (0..document.sentences.len())
            .map(|i| document.sentence(i).to_owned())
            .collect();
        let (mut texts, mut code) = (Vec::new(), 0);
        let (id, options) = (&document.article.id, &self.options);
        let engines = &mut self.engines;
        let made = pipeline::translate(id, &segments, from, &options.to, options, engines, self.console)?;
        self.console.finish();
        for translation in made {
            texts.extend(self.printed(&document, &translation)?);
            for line in render::translation::attention(&translation) {
                self.console.warn(&line);
            }
            code = code.max(u8::from(translation.needs_attention(self.strict)));
        }
        let text = (!texts.is_empty()).then(|| texts.join("\n"));
        Ok(Made { text, code })
    }

    fn document(&mut self) -> Result<Option<String>> {
        self.gathered.take(self.console)
    }
}
