//! `byline check`: holds a translation, a person's or a machine's, against its source.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use clap::ValueEnum;
use clap::builder::PossibleValue;
use serde::Deserialize;

use crate::align::{Ledger, Side, Signals, ledger, ledger_of_texts};
use crate::article::{self, Article, Document, Format};
use crate::attribution::{attribute, attribute_text};
use crate::bitext;
use crate::check;
use crate::cli::OutputFormat;
use crate::cli::console::Console;
use crate::cli::encoders::Encoders;
use crate::cli::gathered::Gathered;
use crate::cli::inputs::{is_lines, read_bytes, settle};
use crate::cli::lines::Lines;
use crate::cli::output::Output;
use crate::cli::settings::Settings;
use crate::error::{Error, Result};
use crate::finding::Severity;
use crate::render;
use crate::render::ModelUsed;
use crate::render::exchange::Bitext;
use crate::text::language::{Language, detect};
use crate::text::segment::sentences;
use crate::text::span::Span;
use crate::translate::glossary::Glossary;

/// What to hold against what.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// The source text; with --input-format jsonl: pairs of both, `-` or none for standard input
    #[arg(value_name = "SOURCE")]
    pub source: Option<PathBuf>,
    /// The translation
    #[arg(value_name = "TRANSLATION")]
    pub translation: Option<PathBuf>,
    /// What the inputs are; xliff and tmx hold both texts [default: what their bytes show, else their names; else plain
    /// text]
    #[arg(long, value_name = "FORMAT")]
    pub input_format: Option<Taken>,
    /// The language of the source [default: detected]
    #[arg(long, value_name = "LANG")]
    pub from: Option<Language>,
    /// The language of the translation [default: detected]
    #[arg(long, value_name = "LANG")]
    pub to: Option<Language>,
    /// Exit with 1 on any claim whose attribution is not found, sure or not
    #[arg(long)]
    pub strict: bool,
}

/// What an input of this command is taken as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// An article, or pairs as JSONL.
    Article(Format),
    /// Both texts in one document.
    Bitext(bitext::Format),
}

impl ValueEnum for Taken {
    fn value_variants<'a>() -> &'a [Self] {
        static ALL: OnceLock<Vec<Taken>> = OnceLock::new();
        ALL.get_or_init(|| {
            let articles = Format::value_variants().iter().copied().map(Self::Article);
            let both = [bitext::Format::Xliff, bitext::Format::Tmx].map(Self::Bitext);
            articles.chain(both).collect()
        })
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            // a line holds both here
            Self::Article(Format::Jsonl) => Some(
                PossibleValue::new("jsonl")
                    .help("A pair of texts a line: `{\"id\", \"from\", \"to\", \"source\", \"target\"}`"),
            ),
            Self::Article(format) => format.to_possible_value(),
            Self::Bitext(bitext::Format::Xliff) => {
                Some(PossibleValue::new("xliff").help("XLIFF 2.x or 1.2, both texts"))
            }
            Self::Bitext(bitext::Format::Tmx) => Some(PossibleValue::new("tmx").help("TMX 1.4, both texts")),
        }
    }
}

/// Runs the command; 1 if a finding is an error, or if `--strict` and an attribution is missing.
pub fn run(args: &CheckArgs, settings: &Settings, console: &Console) -> Result<u8> {
    let format = settings.format_or(OutputFormat::Json);
    let kinds = [
        OutputFormat::Markdown,
        OutputFormat::Ninjs,
        OutputFormat::Jsonld,
        OutputFormat::Same,
    ];
    if kinds.contains(&format) {
        return Err(super::no_such_format("check", format));
    }
    let mut printer = Printer {
        glossary: settings.terms()?,
        output: Output::open(settings.output.as_ref())?,
        format,
        gathered: Gathered::default(),
        first: true,
        strict: args.strict,
        colour: console.colours_results(settings.output.is_some()),
    };
    let mut encoders = Encoders::new(settings, console)?;
    let stdin = PathBuf::from("-");
    let source = args.source.as_ref().unwrap_or(&stdin);
    let worst = match &args.translation {
        Some(translation) => {
            let outcome = two_files(args, source, translation, console, &mut encoders)
                .and_then(|held| printer.print(&held));
            settle(outcome, console)?
        }
        None if let Some(format) = bitext_format(args, source) => {
            documents(args, source, format, console, &mut encoders, &mut printer)?
        }
        None if is_lines(source, args.article_format()) => {
            jsonl(args, source, console, &mut encoders, &mut printer)?
        }
        None => {
            return Err(Error::usage("check needs a source and a translation").with_hint(
                "byline check article.txt translation.txt, or --input-format jsonl for pairs of both",
            ));
        }
    };
    if let Some(document) = printer.gathered.take(console)? {
        printer.output.write(&document)?;
    }
    printer.output.finish()?;
    Ok(worst)
}

impl CheckArgs {
    /// The format of an article that was asked for.
    fn article_format(&self) -> Option<Format> {
        match self.input_format {
            Some(Taken::Article(format)) => Some(format),
            Some(Taken::Bitext(_)) | None => None,
        }
    }
}

/// The format of a document with both texts, if `path` is one.
fn bitext_format(args: &CheckArgs, path: &Path) -> Option<bitext::Format> {
    match args.input_format {
        Some(Taken::Bitext(format)) => Some(format),
        Some(Taken::Article(_)) => None,
        None => bitext::Format::of_name(&path.to_string_lossy()),
    }
}

struct Printer {
    glossary: Glossary,
    output: Output,
    format: OutputFormat,
    /// All pairs so far, where they go into one document.
    gathered: Gathered,
    first: bool,
    strict: bool,
    colour: bool,
}

impl Printer {
    fn print(&mut self, held: &Held) -> Result<u8> {
        let ledger = &held.ledger;
        let findings = check::run(ledger, &self.glossary);
        let models = held.encoder.as_slice();
        let text = Bitext {
            ledger,
            findings: &findings,
            segments: &[],
            models,
        };
        if self.format == OutputFormat::Html {
            self.gathered
                .page
                .add_check(ledger, &findings, &self.glossary, models);
        } else if self.gathered.add(self.format, &text)? {
            // written at the end
        } else if self.format == OutputFormat::Json {
            self.output
                .write(&render::ledger::checked(ledger, &findings, held.encoder.as_ref()).to_string())?;
        } else {
            if !self.first {
                self.output.write("")?;
            }
            self.output
                .write(&render::checked::text(ledger, &findings, self.colour))?;
        }
        self.first = false;
        let wrong = findings.iter().any(|f| f.severity == Severity::Error);
        Ok(u8::from(wrong || (self.strict && ledger.lost_attribution())))
    }
}

/// Two texts held against each other, and the encoder that took part.
struct Held {
    ledger: Ledger,
    encoder: Option<ModelUsed>,
}

/// Holds `target` against `source`; `paired`: their segments are each other's by their index.
fn hold(
    id: &str,
    source: &Side<'_>,
    target: &Side<'_>,
    paired: bool,
    encoders: &mut Encoders<'_>,
) -> Result<Held> {
    let (from, to) = (source.language, target.language);
    let reader = encoders.reader(from, to)?;
    let likeness = reader.map(|reader| reader.read(source, target)).transpose()?;
    let encoder = encoders.used(from, to);
    let signals = Signals {
        likeness: likeness.as_ref(),
        ..Signals::default()
    };
    let ledger = if paired {
        ledger(id, source, target, signals)
    } else {
        ledger_of_texts(id, source, target, signals.likeness)
    };
    Ok(Held { ledger, encoder })
}

/// One article in each of two files.
fn two_files(
    args: &CheckArgs,
    source: &Path,
    translation: &Path,
    console: &Console,
    encoders: &mut Encoders<'_>,
) -> Result<Held> {
    if source.as_os_str() == "-" && translation.as_os_str() == "-" {
        return Err(
            Error::usage("source and translation cannot both be standard input")
                .with_hint("name a file for one of them"),
        );
    }
    if matches!(args.input_format, Some(Taken::Bitext(_))) {
        return Err(
            Error::usage("an XLIFF or TMX document holds both texts").with_hint("name the document alone")
        );
    }
    let read = |path: &Path, language: Option<Language>| -> Result<Article> {
        let (name, bytes) = read_bytes(path, console)?;
        let mut articles = article::read(&name, &bytes, args.article_format(), language)?;
        if articles.len() != 1 {
            return Err(
                Error::input(&name, format!("holds {} articles, one is needed", articles.len()))
                    .with_hint("pairs of several articles go into one JSONL file, see --input-format"),
            );
        }
        articles.remove(0)
    };
    let source = Document::new(read(source, args.from)?);
    let target = Document::new(read(translation, args.to)?);
    console.about_input(&source.article);
    let (mine, theirs) = (attribute(&source), attribute(&target));
    let spans = |document: &Document| document.sentences.iter().map(|s| s.span).collect::<Vec<Span>>();
    let (from, to) = (spans(&source), spans(&target));
    let source_side = Side {
        language: source.article.language,
        text: &source.article.text,
        segments: &from,
        claims: &mine,
    };
    let target_side = Side {
        language: target.article.language,
        text: &target.article.text,
        segments: &to,
        claims: &theirs,
    };
    hold(&source.article.id, &source_side, &target_side, false, encoders)
}

/// The pairs of texts of one document.
fn documents(
    args: &CheckArgs,
    path: &Path,
    format: bitext::Format,
    console: &Console,
    encoders: &mut Encoders<'_>,
    printer: &mut Printer,
) -> Result<u8> {
    let (name, bytes) = read_bytes(path, console)?;
    let mut worst = 0;
    for (index, text) in bitext::read(&name, &bytes, format, args.to)?
        .into_iter()
        .enumerate()
    {
        let (source, target): (Vec<String>, Vec<String>) = text.pairs.into_iter().unzip();
        let id = text.id.unwrap_or_else(|| format!("{name}:{}", index + 1));
        let texts = (Given::Segments(source), Given::Segments(target));
        let languages = (args.from.unwrap_or(text.from), args.to.unwrap_or(text.to));
        let outcome = hold_given(&id, texts, languages, encoders).and_then(|held| printer.print(&held));
        worst = worst.max(settle(outcome, console)?);
    }
    Ok(worst)
}

/// A text as JSONL gives it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Given {
    Segments(Vec<String>),
    Whole(String),
}

impl Given {
    fn whole(&self) -> Cow<'_, str> {
        match self {
            Self::Segments(segments) => segments.join("\n").into(),
            Self::Whole(text) => text.into(),
        }
    }
}

#[derive(Deserialize)]
struct Line {
    id: Option<String>,
    from: Option<String>,
    to: Option<String>,
    source: Given,
    target: Given,
}

/// One pair a line, read as it comes: a bad line is reported and the others go on.
fn jsonl(
    args: &CheckArgs,
    path: &Path,
    console: &Console,
    encoders: &mut Encoders<'_>,
    printer: &mut Printer,
) -> Result<u8> {
    let mut lines = Lines::open(path)?;
    let (mut worst, mut pairs) = (0, 0usize);
    while let Some((number, line)) = lines.next_line()? {
        let place = format!("{}, line {number}", lines.name());
        let outcome = line
            .and_then(|line| pair(&line, number, &place, args, encoders))
            .and_then(|held| printer.print(&held));
        pairs += 1;
        worst = worst.max(settle(outcome, console)?);
    }
    if pairs == 0 {
        return Err(Error::input(lines.name(), "is empty")
            .with_hint("one {\"id\", \"from\", \"to\", \"source\", \"target\"} a line"));
    }
    Ok(worst)
}

fn pair(
    bytes: &[u8],
    number: usize,
    place: &str,
    args: &CheckArgs,
    encoders: &mut Encoders<'_>,
) -> Result<Held> {
    let line: Line = serde_json::from_slice(bytes).map_err(|e| {
        Error::input(place, format!("is not a pair: {e}"))
            .with_hint("{\"id\", \"from\", \"to\", \"source\": [segments] or text, \"target\": the same}")
    })?;
    let id = line.id.unwrap_or_else(|| number.to_string());
    let from = language(args.from, line.from.as_deref(), &line.source, place, "from")?;
    let to = language(args.to, line.to.as_deref(), &line.target, place, "to")?;
    hold_given(&id, (line.source, line.target), (from, to), encoders)
}

/// Holds two texts against each other, segment by segment if both are given so.
fn hold_given(
    id: &str,
    (source, target): (Given, Given),
    (from, to): (Language, Language),
    encoders: &mut Encoders<'_>,
) -> Result<Held> {
    let (source, from_segments) = joined(source);
    let (target, to_segments) = joined(target);
    let (mine, my_sentences) = split(&source, from_segments.as_deref(), from);
    let (theirs, their_sentences) = split(&target, to_segments.as_deref(), to);
    let my_claims = attribute_text(&source, from, &my_sentences);
    let their_claims = attribute_text(&target, to, &their_sentences);
    let source_side = Side {
        language: from,
        text: &source,
        segments: &mine,
        claims: &my_claims,
    };
    let target_side = Side {
        language: to,
        text: &target,
        segments: &theirs,
        claims: &their_claims,
    };
    let given = from_segments.is_some() && to_segments.is_some();
    hold(id, &source_side, &target_side, given, encoders)
}

/// The segments joined by one line break, and where they stand; no segments for a whole text.
fn joined(given: Given) -> (String, Option<Vec<Span>>) {
    match given {
        Given::Whole(text) => (text, None),
        Given::Segments(segments) => {
            let mut at = 0;
            let spans = segments
                .iter()
                .map(|s| {
                    at += s.len() + 1;
                    Span::new(at - s.len() - 1, at - 1)
                })
                .collect();
            (segments.join("\n"), Some(spans))
        }
    }
}

/// The segments (given, else the sentences) and the sentences.
fn split(text: &str, given: Option<&[Span]>, language: Language) -> (Vec<Span>, Vec<Span>) {
    match given {
        None => {
            let all = sentences(text, language);
            (all.clone(), all)
        }
        Some(segments) => {
            let inner = segments
                .iter()
                .flat_map(|s| {
                    sentences(s.of(text), language)
                        .into_iter()
                        .map(|inner| inner.shifted(s.start))
                })
                .collect();
            (segments.to_vec(), inner)
        }
    }
}

fn language(
    flag: Option<Language>,
    named: Option<&str>,
    text: &Given,
    place: &str,
    which: &str,
) -> Result<Language> {
    if let Some(language) = flag {
        return Ok(language);
    }
    match named {
        Some(code) => code.parse().map_err(|e: crate::text::language::UnknownLanguage| {
            Error::input(place, format!("\"{which}\": {e}")).with_hint("give a code such as en, uk, ko")
        }),
        None => detect(&text.whole()).map(|d| d.language).ok_or_else(|| {
            Error::input(place, format!("the language of \"{which}\" cannot be told"))
                .with_hint(format!("give it with --{which}"))
        }),
    }
}
