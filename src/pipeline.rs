//! The flow of one article through all stages. This is the one file that knows them all.

mod desk;
mod ladder;

use std::rc::Rc;

use crate::align::likeness::Reader;
use crate::align::{Claim, Ledger, Status as ClaimStatus};
use crate::article::{Article, Document};
use crate::attribution::{self, Claims};
use crate::check;
use crate::error::Result;
use crate::finding::{Check, Finding, Severity};
use crate::neural::{Chat, TextToText};
use crate::progress::Progress;
use crate::registry::Task;
use crate::render::{Digest, Translation, headline};
use crate::summarise::abstractive::Abstractive;
use crate::summarise::extractive::Extractive;
use crate::summarise::{self, Length, Summariser, Summary};
use crate::text::language::Language;
use crate::translate::glossary::Glossary;
use crate::translate::llm::Llm;
use crate::translate::relay::Relay;
use crate::translate::seq2seq::{Ahead, Search, Seq2Seq};
use crate::translate::together::{self, Drafted, Drafts};
use crate::translate::{self, Guide, Request, Status, Translator};
use crate::update::{Changes, Former, KeptSentences, KeptTranslations};
use desk::{Desk, Joined};
use ladder::Ladder;

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

    /// The encoder that is one more sign of the ledger of both languages; none if none is here, or none is wanted.
    ///
    /// # Errors
    /// As for [`Models::engine`], if one that was asked for by its id cannot be had.
    fn reader(&mut self, _from: Language, _to: Language) -> Result<Option<Rc<Reader>>> {
        Ok(None)
    }

    /// Whether one model, which is asked in words, translates `from` into each of `to`.
    ///
    /// # Errors
    /// As for [`Models::engine`].
    fn one_chat(&mut self, _from: Language, _to: &[Language]) -> Result<bool> {
        Ok(false)
    }

    /// What [`go_ahead`] has translated.
    fn ahead(&self) -> Rc<Ahead> {
        Rc::default()
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

impl Options {
    /// The options that change what is made, in words.
    fn told(&self) -> String {
        let length = match self.length {
            Length::Sentences(n) => format!("at most {n} sentences"),
            Length::Words(n) => format!("about {n} words"),
        };
        let how = if self.abstractive {
            "abstractive"
        } else {
            "extractive"
        };
        format!(
            "{how}, {length}, temperature {}, seed {}, {}",
            self.temperature,
            self.seed,
            self.glossary.told()
        )
    }
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
    update(article, None, options, models, progress)
}

/// The same; what `former`, the digest of a former state of the article, has of what did not change is taken over.
///
/// # Errors
/// As for [`digest`].
pub fn update(
    article: Article,
    former: Option<&Former>,
    options: &Options,
    models: &mut dyn Models,
    progress: &dyn Progress,
) -> Result<Digest> {
    progress.stage("reading");
    let document = Document::new(article);
    let claims = attribution::attribute(&document);
    let summary = summarised(&document, &claims, former, options, models, progress)?;
    let from = document.article.language;
    let segments = segments_of(&document, &summary);
    let text = Text {
        id: &document.article.id,
        segments: &segments,
        former,
    };
    let targets: Vec<Language> = options.to.iter().copied().filter(|&to| to != from).collect();
    let translations = in_all(text, from, &targets, options, models, progress)?;
    let mut digest = assemble(document, claims, summary, translations, options);
    digest.changes = former.map(|former| {
        let told: Vec<String> = digest.summary.sentences.iter().map(|s| s.text.clone()).collect();
        Changes::new(former, &digest.document, &digest.claims, &told)
    });
    Ok(digest)
}

/// What is translated.
#[derive(Clone, Copy)]
struct Text<'a> {
    id: &'a str,
    segments: &'a [String],
    former: Option<&'a Former>,
}

/// `text` in each of the languages `to`.
fn in_all(
    text: Text<'_>,
    from: Language,
    to: &[Language],
    options: &Options,
    models: &mut dyn Models,
    progress: &dyn Progress,
) -> Result<Vec<Translation>> {
    let drafts = match text.former {
        // of an update only what changed is asked for
        Some(_) => Drafts::default(),
        None => drafted(text.segments, from, to, options, models, progress)?,
    };
    let one = |&to: &Language| translated(text, &drafts, (from, to), options, models, progress);
    to.iter().map(one).collect()
}

/// What the translations into all languages ask for first, where one model writes them side by side.
fn drafted(
    segments: &[String],
    from: Language,
    targets: &[Language],
    options: &Options,
    models: &mut dyn Models,
    progress: &dyn Progress,
) -> Result<Drafts> {
    if targets.len() < 2 || !models.one_chat(from, targets)? {
        return Ok(Drafts::default());
    }
    let names: Vec<&str> = targets.iter().map(|to| to.code()).collect();
    progress.stage(&format!("translating {}", names.join(", ")));
    let desk = |&to: &Language| Desk {
        segments,
        from,
        to,
        glossary: &options.glossary,
        reader: None,
    };
    let desks: Vec<Desk<'_>> = targets.iter().map(desk).collect();
    let guides: Vec<(Language, &dyn Guide)> =
        desks.iter().map(|desk| (desk.to, desk as &dyn Guide)).collect();
    let ahead = models.ahead();
    let engine = models.engine(Task::Translate, from, Some(targets[0]))?;
    let mut translator = translator(engine, options, ahead, progress);
    together::drafts(segments, from, &guides, &mut *translator)
}

/// The digest of a summary and its translations; without translations: of the summary alone.
pub fn assemble(
    document: Document,
    claims: Claims,
    summary: Summary,
    translations: Vec<Translation>,
    options: &Options,
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
        settings: options.told(),
        changes: None,
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

/// What of `article` will be translated, told before its turn comes: its headline and a summary in its own sentences.
///
/// # Errors
/// [`crate::error::Error::Input`] if there is nothing to summarise.
pub fn extracted(article: Article, options: &Options, progress: &dyn Progress) -> Result<Vec<String>> {
    let document = Document::new(article);
    let claims = attribution::attribute(&document);
    let summary = summarise::summarise(&document, &claims, options.length, &mut Extractive, progress)?;
    Ok(segments_of(&document, &summary))
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
    summarised(document, claims, None, options, models, progress)
}

fn summarised(
    document: &Document,
    claims: &Claims,
    former: Option<&Former>,
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
    match former {
        Some(former) => {
            let mut kept = KeptSentences::new(former, writer);
            summarise::summarise(document, claims, options.length, &mut kept, progress)
        }
        None => summarise::summarise(document, claims, options.length, writer, progress),
    }
}

/// `segments` in each of the languages `to`, held against the source; attributions that were lost are put back.
///
/// # Errors
/// As for [`digest`].
pub fn translate(
    id: &str,
    segments: &[String],
    from: Language,
    to: &[Language],
    options: &Options,
    models: &mut dyn Models,
    progress: &dyn Progress,
) -> Result<Vec<Translation>> {
    let text = Text {
        id,
        segments,
        former: None,
    };
    in_all(text, from, to, options, models, progress)
}

fn translated(
    text: Text<'_>,
    drafts: &Drafts,
    (from, to): (Language, Language),
    options: &Options,
    models: &mut dyn Models,
    progress: &dyn Progress,
) -> Result<Translation> {
    let Text { id, segments, former } = text;
    let desk = |to, models: &mut dyn Models| -> Result<Desk<'_>> {
        Ok(Desk {
            segments,
            from,
            to,
            glossary: &options.glossary,
            reader: models.reader(from, to)?,
        })
    };
    let ahead = models.ahead();
    let middle = models.middle(from, to)?;
    let first_leg = match middle {
        Some(middle) => {
            let desk = desk(middle, models)?;
            let engine = models.engine(Task::Translate, from, Some(middle))?;
            let mut translator = translator(engine, options, Rc::clone(&ahead), progress);
            Some(translate::translate(segments, from, middle, &mut *translator, &desk, progress)?.0)
        }
        None => None,
    };
    let desk = desk(to, models)?;
    let engine = models.engine(Task::Translate, middle.unwrap_or(from), Some(to))?;
    let mut translator: Box<dyn Translator> =
        Box::new(Drafted::new(drafts, translator(engine, options, ahead, progress)));
    if let Some((middle, first_leg)) = middle.zip(first_leg) {
        translator = Box::new(Relay::new(translator, middle, segments, first_leg));
    }
    if let Some(former) = former {
        translator = Box::new(KeptTranslations::new(former, translator));
    }
    let (mut translated, mut findings) =
        translate::translate(segments, from, to, &mut *translator, &desk, progress)?;
    let ledger = Ladder::new(&desk, &mut *translator, &mut translated).climb(id, &mut findings)?;
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
    findings.extend(
        unproven(&ledger, &findings)
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

/// Translates `segments` of many articles for the calls of [`translate`] that follow, so that batches are full though
/// articles are short. Models that take one segment at a time do nothing here.
///
/// # Errors
/// As for [`digest`].
pub fn go_ahead(
    segments: &[String],
    from: Language,
    to: Language,
    options: &Options,
    models: &mut dyn Models,
    progress: &dyn Progress,
) -> Result<()> {
    let ahead = models.ahead();
    // by way of another language the first leg is known ahead
    let to = models.middle(from, to)?.unwrap_or(to);
    if let Engine::TextToText(model) = models.engine(Task::Translate, from, Some(to))? {
        progress.stage(&format!("translating {to}"));
        let request = |text| Request {
            text,
            before: None,
            from,
            to,
            terms: &[],
            opening: "",
        };
        let requests: Vec<Request<'_>> = segments.iter().map(|text| request(text.as_str())).collect();
        Seq2Seq::new(model, options.search, ahead, progress).go_ahead(&requests)?;
    }
    Ok(())
}

/// What translates with `engine`.
fn translator<'a>(
    engine: Engine<'a>,
    options: &Options,
    ahead: Rc<Ahead>,
    progress: &'a dyn Progress,
) -> Box<dyn Translator + 'a> {
    match engine {
        Engine::Chat { chat, form } => Box::new(Llm::new(chat, form, options.seed, progress)),
        Engine::TextToText(model) => Box::new(Seq2Seq::new(model, options.search, ahead, progress)),
    }
}

/// A doubt for each claim that is missing and that no check has said anything about: nothing is dropped in silence.
fn unproven(ledger: &Ledger, findings: &[Finding]) -> Vec<Finding> {
    let told = |claim: &Claim| {
        findings
            .iter()
            .any(|f| f.segment == claim.segment && matches!(f.check, Check::Source | Check::Cue))
    };
    ledger
        .claims
        .iter()
        .filter(|claim| claim.status == ClaimStatus::Missing && !told(claim))
        .map(|claim| Finding {
            check: Check::Source,
            severity: Severity::Warning,
            segment: claim.segment,
            source: claim
                .source
                .source
                .iter()
                .chain(&claim.source.cue)
                .copied()
                .next(),
            target: None,
            message: "that the translation tells who says it could not be shown".to_owned(),
        })
        .collect()
}
