//! One thin file a command: what it takes from the rooms below, and in which order it prints.

pub mod batch;
pub mod bench;
pub mod check;
pub mod digest;
pub mod doctor;
pub mod models;
mod same;
pub mod sources;
pub mod summarise;
pub mod translate;

use clap::{CommandFactory, ValueEnum};

use crate::cli::console::Console;
use crate::cli::output::Output;
use crate::cli::settings::Settings;
use crate::cli::{Args, Command, OutputFormat, maker};
use crate::error::{Error, Result};

/// Runs one command; gives its exit code.
pub fn run(command: Command, settings: &Settings, console: &Console) -> Result<u8> {
    let output = settings.output.as_ref();
    match command {
        Command::Digest {
            articles,
            to,
            summarising,
            searching,
            strict,
            since,
        } => {
            let how = (&summarising, &searching);
            let mut digests = digest::Digests::new(&to, how, strict, settings, console)?;
            if let Some(former) = since {
                digests.since(&former, &articles)?;
            }
            maker::run(&mut digests, &articles, output, console)
        }
        Command::Summarise {
            articles,
            summarising,
        } => {
            let mut summaries = summarise::Summaries::new(&summarising, settings, console)?;
            maker::run(&mut summaries, &articles, output, console)
        }
        Command::Translate {
            articles,
            to,
            searching,
            strict,
        } => {
            if settings.format == Some(OutputFormat::Same) {
                return same::run(&articles, &to, &searching, strict, settings, console);
            }
            let mut translations = translate::Translations::new(&to, &searching, strict, settings, console)?;
            maker::run(&mut translations, &articles, output, console)
        }
        Command::Sources { articles } => {
            let mut sources = sources::Sources::new(settings, console)?;
            maker::run(&mut sources, &articles, output, console)
        }
        Command::Batch(args) => batch::run(&args, settings, console),
        Command::Check(args) => check::run(&args, settings, console),
        Command::Models { command } => models::run(&command, settings, console),
        Command::Bench(args) => bench::run(&args, settings, console),
        Command::Doctor => doctor::run(settings, console),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Args::command(), "byline", &mut script);
            print(settings, &script)
        }
        Command::Man => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Args::command())
                .render(&mut page)
                .map_err(|e| Error::failed(format!("the manual page cannot be made: {e}")))?;
            print(settings, &page)
        }
    }
}

fn print(settings: &Settings, bytes: &[u8]) -> Result<u8> {
    let mut output = Output::open(settings.output.as_ref())?;
    output.write(&String::from_utf8_lossy(bytes))?;
    output.finish()?;
    Ok(0)
}

/// The format that is asked for, else Markdown; refuses those that are not among `known`.
fn format_among(command: &str, known: &[OutputFormat], settings: &Settings) -> Result<OutputFormat> {
    let format = settings.format_or(OutputFormat::Markdown);
    if known.contains(&format) {
        return Ok(format);
    }
    let names: Vec<String> = known.iter().map(name_of).collect();
    Err(
        Error::usage(format!("{command} does not print {}", name_of(&format)))
            .with_hint(format!("use --format {}", names.join(", "))),
    )
}

/// The name of a format on the command line.
fn name_of(format: &OutputFormat) -> String {
    format
        .to_possible_value()
        .map_or_else(String::new, |value| value.get_name().to_owned())
}

/// The refusal for a format that a command has no use for.
pub fn no_such_format(command: &str, format: OutputFormat) -> Error {
    Error::usage(format!("{command} does not print {}", name_of(&format)))
        .with_hint("use --format text or --format json")
}
