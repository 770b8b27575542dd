//! The command line: what can be said (here), what it means (`settings`), what may print (`console`, `output`),
//! and one thin file a command.
//!
//! Parse, resolve, run are three steps with three types: [`Args`] → [`settings::Settings`] → a command's outcome.

pub mod ahead;
pub mod commands;
pub mod console;
pub mod encoders;
pub mod engines;
pub mod gathered;
pub mod inputs;
pub mod lines;
pub mod maker;
pub mod output;
pub mod quantised;
pub mod settings;
pub mod shelf;
pub mod stages;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use crate::article::Format;
use crate::error::{Error, Result};
use crate::text::language::Language;
use console::Console;
use settings::Settings;

/// Short versions and translations of news articles, offline, with every "who said it" intact.
#[derive(Debug, Parser)]
#[command(name = "byline", version, max_term_width = 100, after_help = AFTER_HELP)]
pub struct Args {
    /// What holds for every command.
    #[command(flatten)]
    pub common: Common,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "\
Examples:
  byline sources article.txt                     who says what, without any model
  byline digest article.txt --to zh              summary, translation, and the proof
  byline check article.txt translation.txt --from en --to uk
  byline check article.txt translation.txt --format html -o page.html
  byline doctor                                  what works on this machine without a network

Exit codes: 0 done; 1 done, but something must be looked at; 2 wrong usage or unreadable input;
3 no model for what was asked; 4 the work failed; 130 interrupted.";

/// Flags of every command.
#[derive(Debug, ClapArgs)]
pub struct Common {
    /// Open no connection; use what is on this machine [env: BYLINE_OFFLINE, HF_HUB_OFFLINE]
    #[arg(long, global = true)]
    pub offline: bool,
    /// Where to compute: auto, cpu, cuda[:N] or metal
    #[arg(long, global = true, env = "BYLINE_DEVICE", value_name = "DEVICE")]
    pub device: Option<String>,
    /// How many threads to compute with
    #[arg(long, global = true, env = "BYLINE_THREADS", value_name = "N")]
    pub threads: Option<usize>,
    /// Keep a decoder's keys and values as f32, f16 or q8_0: less memory, slightly other numbers [default: f32]
    #[arg(long, global = true, env = "BYLINE_CACHE_TYPE", value_name = "TYPE")]
    pub cache_type: Option<String>,
    /// Use model ID (or a GGUF file or model folder) for TASK: summarise, translate or embed (embed=none for none)
    #[arg(
        long,
        global = true,
        env = "BYLINE_MODEL",
        value_name = "TASK=ID",
        value_delimiter = ','
    )]
    pub model: Vec<String>,
    /// Quantise models that come as safetensors, once, and use the copy from then on [default: as the model's manifest says]
    #[arg(
        long,
        visible_alias = "quantize",
        global = true,
        env = "BYLINE_QUANTISE",
        value_name = "FORM",
        ignore_case = true
    )]
    pub quantise: Option<Quantising>,
    /// CSV of terms: source term, target language, target term
    #[arg(long, global = true, env = "BYLINE_GLOSSARY", value_name = "FILE")]
    pub glossary: Option<PathBuf>,
    /// How to print [default: text on a terminal, else json for sources and check, markdown for the rest]
    #[arg(long, global = true, env = "BYLINE_FORMAT", value_name = "FORMAT")]
    pub format: Option<OutputFormat>,
    /// Write the result to FILE (whole, or not at all) instead of standard output
    #[arg(short, long, global = true, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Only errors on standard error
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// More on standard error: what was left out, tokens as they are written (-vv: internals)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Colour on standard error
    #[arg(
        long,
        global = true,
        env = "BYLINE_COLOR",
        value_name = "WHEN",
        default_value = "auto"
    )]
    pub color: ColorWhen,
    /// No progress bars
    #[arg(long, global = true, env = "BYLINE_NO_PROGRESS", value_parser = clap::builder::FalseyValueParser::new())]
    pub no_progress: bool,
}

/// What safetensors are quantised to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Quantising {
    /// 4 bits (6 where that matters): a third of the size, somewhat worse.
    #[value(name = "q4_k")]
    Q4K,
    /// 8 bits: half of the size, nearly the same.
    #[value(name = "q8_0")]
    Q8_0,
    /// As they are.
    None,
}

/// How the result is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// For a terminal.
    Text,
    /// For documents and mail.
    Markdown,
    /// For programs: one object a line.
    Json,
    /// One self-contained page, all inputs on it: check and digest.
    Html,
    /// For translators' tools: XLIFF 2.1 with marks around who says what, one language a document: check, digest and
    /// translate. check reads it again.
    Xliff,
    /// For translation memories: TMX 1.4: check, digest and translate.
    Tmx,
    /// For editorial systems: IPTC ninjs 3, one object a line for each text: digest and translate.
    Ninjs,
    /// For the web: schema.org in JSON-LD, one graph a line for each article: digest and translate.
    Jsonld,
    /// What the input is, with its tags, times and marks: translate, of HTML, Markdown, SubRip, WebVTT and plain text.
    Same,
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The articles to read.
#[derive(Debug, ClapArgs)]
pub struct Articles {
    /// Articles to read; `-` or none: standard input
    #[arg(value_name = "ARTICLE")]
    pub files: Vec<PathBuf>,
    /// What the input is [default: what its bytes show, else its name; else plain text]
    #[arg(long, env = "BYLINE_INPUT_FORMAT", value_name = "FORMAT")]
    pub input_format: Option<Format>,
    /// The language of the articles [default: detected]
    #[arg(long, value_name = "LANG")]
    pub from: Option<Language>,
}

/// How long a summary is to be, and how it is made.
#[derive(Debug, ClapArgs)]
pub struct Summarising {
    /// Sentences of the summary [default: 4]
    #[arg(long, value_name = "N", conflicts_with = "words", value_parser = clap::value_parser!(u16).range(1..=50))]
    pub sentences: Option<u16>,
    /// Words of the summary, about
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(20..=2000))]
    pub words: Option<u16>,
    /// abstractive: written by a model and checked; extractive: the article's own sentences, no model
    #[arg(long, value_name = "METHOD", default_value = "abstractive")]
    pub method: Method,
    /// Sample with this temperature instead of taking the likeliest word
    #[arg(long, value_name = "T", default_value_t = 0.0)]
    pub temperature: f64,
    /// Seed of the sampler
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
}

/// How a summary is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Method {
    /// Written by a model, then checked sentence by sentence.
    Abstractive,
    /// The article's own sentences, ranked.
    Extractive,
}

/// How models that search for their translations do it: encoder-decoders.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Options of encoder-decoder models")]
pub struct Searching {
    /// Follow N translations of a sentence side by side; 1: the likeliest word each time [default: the model's own]
    #[arg(long = "beam", value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub beams: Option<u8>,
    /// Give out N translations of each sentence with their scores, the best first (--format json)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub alternatives: Option<u8>,
    /// Translate sentences together that make N tokens: more is faster and takes more memory [default: 1024]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub batch_tokens: Option<u32>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Summary of each article, its translations, and one ledger over all languages
    Digest {
        /// The articles.
        #[command(flatten)]
        articles: Articles,
        /// Languages to translate into (`--to uk --to ko` or `--to uk,ko`)
        #[arg(long, value_name = "LANG", value_delimiter = ',')]
        to: Vec<Language>,
        /// The summary.
        #[command(flatten)]
        summarising: Summarising,
        /// The translations.
        #[command(flatten)]
        searching: Searching,
        /// Exit with 1 on any claim whose attribution is neither found in a translation nor put back, sure or not
        #[arg(long)]
        strict: bool,
        /// The digest, as JSON, of a former state of the article: what did not change is taken over, and what did is told
        #[arg(long, value_name = "FILE")]
        since: Option<PathBuf>,
    },
    /// The summary alone, every sentence with the article sentences that support it
    #[command(alias = "summarize")]
    Summarise {
        /// The articles.
        #[command(flatten)]
        articles: Articles,
        /// The summary.
        #[command(flatten)]
        summarising: Summarising,
    },
    /// The whole article in another language, structure kept
    Translate {
        /// The articles.
        #[command(flatten)]
        articles: Articles,
        /// Languages to translate into
        #[arg(long, value_name = "LANG", value_delimiter = ',')]
        to: Vec<Language>,
        /// The translations.
        #[command(flatten)]
        searching: Searching,
        /// Exit with 1 on any claim whose attribution is neither found in the translation nor put back, sure or not
        #[arg(long)]
        strict: bool,
    },
    /// Who says what in an article; needs no model
    Sources {
        /// The articles.
        #[command(flatten)]
        articles: Articles,
    },
    /// Many articles: a result each, in order; a run that was stopped is taken up again, and only what is new or changed is
    /// made
    ///
    /// Results go to a folder, a file each, or to one file of JSON lines. Beside them is a journal of what was made of what:
    /// the article, the options, the models. What would come out the same is not made again.
    Batch(commands::batch::BatchArgs),
    /// Hold a translation, a person's or a machine's, against its source; needs no model
    ///
    /// An encoder that is on this machine and knows both languages is one more sign, said on standard error and named in
    /// `models`. `--model embed=ID` chooses one, `--model embed=none` does without. None is ever fetched for it.
    Check(commands::check::CheckArgs),
    /// What models can be used, what is here, its size, languages and licence
    Models {
        /// What to do with them.
        #[command(subcommand)]
        command: commands::models::ModelsCommand,
    },
    /// Speed and memory of one model on this machine
    Bench(commands::bench::BenchArgs),
    /// Device, threads, cache, and which tasks and languages work here without a network
    Doctor,
    /// Completions for a shell, on standard output
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// The manual page, on standard output
    Man,
}

/// Parses `args`, runs the command, prints what went wrong; gives the exit code of the contract.
pub fn run(args: impl IntoIterator<Item = OsString>) -> u8 {
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => {
            // clap prints help and version to standard output with code 0, mistakes to standard error with 2
            let code = error.exit_code();
            return match error.print() {
                Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => 4,
                _ => u8::try_from(code).unwrap_or(2),
            };
        }
    };
    let console = Console::new(&args.common);
    let outcome = resolve_and_run(args, &console);
    console.finish();
    match outcome {
        Ok(code) => code,
        Err(Error::ClosedPipe) => 0,
        Err(error) => {
            console.error(&error);
            error.exit_code()
        }
    }
}

fn resolve_and_run(args: Args, console: &Console) -> Result<u8> {
    let settings = Settings::resolve(&args.common, matches!(args.command, Command::Bench(_)))?;
    // before the first thread is started: the pools read it from the environment
    if let Some(threads) = settings.threads {
        crate::neural::device::set_threads(threads)?;
    }
    ctrlc::set_handler(console::on_interrupt)
        .map_err(|e| Error::failed(format!("cannot listen for Ctrl-C: {e}")))?;
    spare_inputs(&args.command, &settings)?;
    commands::run(args.command, &settings, console)
}

/// An output that would take the place of an input is a slip of the hand, and the article would be gone.
fn spare_inputs(command: &Command, settings: &Settings) -> Result<()> {
    let Some(output) = settings
        .output
        .as_ref()
        .and_then(|o| std::fs::canonicalize(o).ok())
    else {
        return Ok(());
    };
    let mut inputs: Vec<&PathBuf> = match command {
        Command::Digest { articles, .. }
        | Command::Summarise { articles, .. }
        | Command::Translate { articles, .. }
        | Command::Sources { articles } => articles.files.iter().collect(),
        Command::Batch(args) => args.articles.files.iter().collect(),
        Command::Check(args) => args.source.iter().chain(&args.translation).collect(),
        _ => Vec::new(),
    };
    inputs.extend(&settings.glossary);
    let same =
        |input: &&&PathBuf| output.is_file() && std::fs::canonicalize(input).is_ok_and(|i| i == output);
    match inputs.iter().find(same) {
        Some(input) => Err(Error::usage(format!(
            "{}: is read, so the result cannot be written to it",
            input.display()
        ))
        .with_hint("name another file with -o")),
        None => Ok(()),
    }
}
