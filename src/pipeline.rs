//! The flow of one article through all stages. This is the one file that knows them all.

use crate::align::{self, Ledger, Side, Status as ClaimStatus};
use crate::article::{Article, Document};
use crate::attribution::{self, Claims, phrases};
use crate::check;
use crate::error::Result;
use crate::finding::{Check, Severity};
use crate::neural::{Chat, TextToText};
use crate::progress::Progress;
use crate::registry::Task;
use crate::render::{Digest, Translation, headline};
use crate::summarise::abstractive::Abstractive;
use crate::summarise::extractive::Extractive;
use crate::summarise::{self, Length, Summariser, Summary};
use crate::text::language::Language;
use crate::text::segment;
use crate::text::span::Span;
use crate::translate::glossary::{Glossary, Term};
use crate::translate::llm::Llm;
use crate::translate::relay::Relay;
use crate::translate::seq2seq::{Search, Seq2Seq};
use crate::translate::{self, Guide, Status, Translated, Translator, figures};

/// A model that does a task, as the stages need it.
pub enum Engine<'a> {
    /// One that is asked in words.
    Chat {
        /// The model.
        chat: &'a mut dyn Chat,
        /// The user message that its manifest asks for in translation.
        form: Option<String>,
    },
    /// One that writes a text for a text and is asked for nothing else.
    TextToText(&'a dyn TextToText),
}

/// Where the models come from. The command line has one over the registry.
pub trait Models {
    /// The model for `task`, loaded.
    ///
    /// # Errors
    /// [`crate::error::Error::NoModel`] if none serves it or it is not here.
    fn engine(&mut self, task: Task, from: Language, to: Option<Language>) -> Result<Engine<'_>>;

    /// The language by way of which `from` is translated into `to`, where no model does it at once.
    ///
    /// # Errors
    /// As for [`Models::engine`].
    fn middle(&mut self, _from: Language, _to: Language) -> Result<Option<Language>> {
        Ok(None)
    }
}

/// What to make of an article.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long the summary is to be.
    pub length: Length,
    /// Whether a model writes it; else it is made of the article's own sentences.
    pub abstractive: bool,
    /// Temperature of the summary; 0: greedy.
    pub temperature: f64,
    /// Seed of all sampling.
    pub seed: u64,
    /// Languages to translate into.
    pub to: Vec<Language>,
    /// The desk's terms.
    pub glossary: Glossary,
    /// How models that search for their translations do it.
    pub search: Search,
}

/// Summary, translations and ledgers of `article`.
///
/// # Errors
/// Those of the models; [`crate::error::Error::Input`] if there is nothing to summarise.
pub fn digest(
    article: Article,
    options: &Options,
    models: &mut dyn Models,
    progress: &dyn Progress,
) -> Result<Digest> {
    progress.stage("reading");
    let document = Document::new(article);
    let claims = attribution::attribute(&document);
    let summary = summarise(&document, &claims, options, models, progress)?;
    let from = document.article.language;
    let segments = segments_of(&document, &summary);
    let mut translations = Vec::new();
    for &to in options.to.iter().filter(|&&to| to != from) {
        translations.push(translate(
            &document.article.id,
            &segments,
            from,
            to,
            options,
            models,
            progress,
        )?);
    }
    Ok(assemble(document, claims, summary, translations))
}

/// The digest of a summary and its translations; without translations: of the summary alone.
pub fn assemble(
    document: Document,
    claims: Claims,
    summary: Summary,
    translations: Vec<Translation>,
) -> Digest {
    let segments = segments_of(&document, &summary);
    let told = Joined::new(&segments, document.article.language).claims_by_segment();
    let lead = segments.len() - summary.sentences.len();
    Digest {
        told: told.into_iter().skip(lead).collect(),
        document,
        claims,
        summary,
        translations,
    }
}

/// What is translated of a digest: the headline, then the summary.
fn segments_of(document: &Document, summary: &Summary) -> Vec<String> {
    let headline = headline(&document.article);
    headline
        .into_iter()
        .chain(summary.sentences.iter().map(|s| s.text.clone()))
        .collect()
}

/// The summary of `document` alone.
///
/// # Errors
/// As for [`digest`].
pub fn summarise(
    document: &Document,
    claims: &Claims,
    options: &Options,
    models: &mut dyn Models,
    progress: &dyn Progress,
) -> Result<Summary> {
    if !options.abstractive {
        return summarise::summarise(document, claims, options.length, &mut Extractive, progress);
    }
    let (mut chatting, mut rewriting);
    let writer: &mut dyn Summariser = match models.engine(Task::Summarise, document.article.language, None)? {
        Engine::Chat { chat, .. } => {
            chatting = Abstractive::new(chat, document, options.temperature, options.seed, progress)?;
            &mut chatting
        }
        Engine::TextToText(model) => {
            rewriting = summarise::seq2seq::Seq2Seq::new(model, options.temperature, options.seed, progress);
            &mut rewriting
        }
    };
    summarise::summarise(document, claims, options.length, writer, progress)
}

/// `segments` in language `to`, held against the source; attributions that were lost are put back.
///
/// # Errors
/// As for [`digest`].
pub fn translate(
    id: &str,
    segments: &[String],
    from: Language,
    to: Language,
    options: &Options,
    models: &mut dyn Models,
    progress: &dyn Progress,
) -> Result<Translation> {
    let desk = Desk::new(segments, from, to, &options.glossary);
    let middle = models.middle(from, to)?;
    let first_leg = match middle {
        Some(middle) => {
            let desk = Desk::new(segments, from, middle, &options.glossary);
            let mut translator = translator(
                models.engine(Task::Translate, from, Some(middle))?,
                options,
                progress,
            );
            Some(translate::translate(segments, from, middle, &mut *translator, &desk, progress)?.0)
        }
        None => None,
    };
    let engine = models.engine(Task::Translate, middle.unwrap_or(from), Some(to))?;
    let mut translator = translator(engine, options, progress);
    if let Some((middle, first_leg)) = middle.zip(first_leg) {
        translator = Box::new(Relay::new(translator, middle, segments, first_leg));
    }
    let (mut translated, mut findings) =
        translate::translate(segments, from, to, &mut *translator, &desk, progress)?;
    let lost = desk.lost_sources(&translated);
    for (index, repaired) in lost {
        if let Some(segment) = translated.get_mut(index) {
            segment.text = repaired;
            segment.status = Status::Repaired;
            segment.alignment.clear();
        }
    }
    let target: Vec<String> = translated.iter().map(|t| t.text.clone()).collect();
    let mut ledger = hold(id, segments, &target, from, to);
    for claim in &mut ledger.claims {
        let repaired = translated
            .get(claim.segment)
            .is_some_and(|t| t.status == Status::Repaired);
        if repaired && claim.status == ClaimStatus::Missing {
            claim.status = ClaimStatus::Repaired;
        }
    }
    let untranslated = |index: usize| {
        translated
            .get(index)
            .is_some_and(|t| t.status == Status::Untranslated)
    };
    // a segment that is known to be untranslated needs no second finding that says so
    findings.extend(
        check::run(&ledger, &options.glossary)
            .into_iter()
            .filter(|f| !untranslated(f.segment)),
    );
    findings.sort_by_key(|f| (f.segment, std::cmp::Reverse(f.severity)));
    Ok(Translation {
        language: to,
        segments: translated,
        ledger,
        findings,
    })
}

/// What translates with `engine`.
fn translator<'a>(
    engine: Engine<'a>,
    options: &Options,
    progress: &'a dyn Progress,
) -> Box<dyn Translator + 'a> {
    match engine {
        Engine::Chat { chat, form } => Box::new(Llm::new(chat, form, options.seed, progress)),
        Engine::TextToText(model) => Box::new(Seq2Seq::new(model, options.search)),
    }
}

/// Segments as one text, and who says what in it.
struct Joined {
    text: String,
    spans: Vec<Span>,
    claims: Claims,
}

impl Joined {
    fn new(segments: &[String], language: Language) -> Self {
        let text = segments.join("\n");
        let mut spans = Vec::with_capacity(segments.len());
        let mut sentences = Vec::new();
        let mut at = 0;
        for segment in segments {
            spans.push(Span::new(at, at + segment.len()));
            sentences.extend(
                segment::sentences(segment, language)
                    .into_iter()
                    .map(|s| s.shifted(at)),
            );
            at += segment.len() + 1;
        }
        let claims = attribution::attribute_text(&text, language, &sentences);
        Self { text, spans, claims }
    }

    fn side(&self, language: Language) -> Side<'_> {
        Side {
            language,
            text: &self.text,
            segments: &self.spans,
            claims: &self.claims,
        }
    }

    /// For each segment the attributions that stand in it: the claims of a ledger have the same numbers.
    fn claims_by_segment(&self) -> Vec<Vec<usize>> {
        let inside = |span: &Span| {
            let attributions = self.claims.attributions.iter().enumerate();
            attributions
                .filter(|(_, a)| {
                    let parts = a.cue_spans.iter().chain(&a.source_spans).chain(&a.content_spans);
                    parts.into_iter().next().is_some_and(|part| span.contains(*part))
                })
                .map(|(index, _)| index)
                .collect()
        };
        self.spans.iter().map(inside).collect()
    }
}

/// Both texts as a ledger, segment by segment.
fn hold(id: &str, source: &[String], target: &[String], from: Language, to: Language) -> Ledger {
    let (source, target) = (Joined::new(source, from), Joined::new(target, to));
    align::ledger(id, &source.side(from), &target.side(to))
}

/// What is known of one translation job: the desk's terms, the gazetteer, and the checks as judge.
struct Desk<'a> {
    segments: &'a [String],
    from: Language,
    to: Language,
    glossary: &'a Glossary,
}

impl<'a> Desk<'a> {
    fn new(segments: &'a [String], from: Language, to: Language, glossary: &'a Glossary) -> Self {
        Self {
            segments,
            from,
            to,
            glossary,
        }
    }

    /// The segments whose source was lost in translation, with a templated attribution put before them.
    fn lost_sources(&self, translated: &[Translated]) -> Vec<(usize, String)> {
        let mut repaired = Vec::new();
        for (index, (source, target)) in self.segments.iter().zip(translated).enumerate() {
            if target.status == Status::Untranslated {
                continue;
            }
            let ledger = hold(
                "",
                std::slice::from_ref(source),
                std::slice::from_ref(&target.text),
                self.from,
                self.to,
            );
            let lost = ledger.claims.iter().find(|claim| {
                claim.status == ClaimStatus::Missing && claim.target.cue.is_empty() && claim.named
            });
            let Some(name) = lost
                .and_then(|claim| claim.source.source.first())
                .map(|s| s.of(&ledger.source.text))
            else {
                continue;
            };
            let name = self.name_in_target(name);
            if let Some(text) = phrases::according_to(self.to, &name, &target.text, false) {
                repaired.push((index, text));
            }
        }
        repaired
    }

    /// A source's name in the target language: the desk's term, the gazetteer's, else as it is written.
    fn name_in_target(&self, name: &str) -> String {
        self.terms_for(name)
            .into_iter()
            .max_by_key(|term| term.source.len())
            .map_or_else(|| name.to_owned(), |term| term.target)
    }

    fn terms_for(&self, text: &str) -> Vec<Term> {
        let mut terms = self.glossary.terms_in(text, self.to);
        for (source, target) in align::gazetteer::gazetteer().terms(text, self.from, self.to) {
            if !terms.iter().any(|t| t.source.eq_ignore_ascii_case(&source)) {
                terms.push(Term { source, target });
            }
        }
        terms
    }
}

impl Guide for Desk<'_> {
    fn terms(&self, _index: usize, text: &str) -> Vec<Term> {
        let mut terms = self.terms_for(text);
        terms.extend(figures::terms(text, self.from, self.to));
        terms
    }

    fn cost(&self, index: usize, hypothesis: &str) -> usize {
        let Some(source) = self.segments.get(index) else {
            return 0;
        };
        let ledger = hold(
            "",
            std::slice::from_ref(source),
            &[hypothesis.to_owned()],
            self.from,
            self.to,
        );
        let found: usize = check::run(&ledger, &Glossary::default())
            .iter()
            .map(|finding| match (finding.severity, finding.check) {
                (Severity::Error, _) => 2,
                (Severity::Warning, Check::Source | Check::Cue | Check::Number | Check::Polarity) => 1,
                (Severity::Warning, _) => 0,
            })
            .sum();
        let unused = check::glossary::check(&ledger, self.glossary).len();
        found + unused
    }
}
