//! `byline check`.

use crate::cli::console::Console;
use crate::cli::settings::Settings;
use crate::error::{Error, Result};
use crate::text::language::Language;
use std::path::PathBuf;
/// What to hold against what.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// The source text; with --input-format jsonl: pairs of both, `-` or none for standard input
    #[arg(value_name = "SOURCE")]
    pub source: Option<PathBuf>,
    /// The translation
    #[arg(value_name = "TRANSLATION")]
    pub translation: Option<PathBuf>,
    /// Take the input as text, markdown, html or jsonl [default: by the file's name, else text]
    #[arg(long, value_name = "FORMAT")]
    pub input_format: Option<crate::article::Format>,
    /// The language of the source [default: detected]
    #[arg(long, value_name = "LANG")]
    pub from: Option<Language>,
    /// The language of the translation [default: detected]
    #[arg(long, value_name = "LANG")]
    pub to: Option<Language>,
}

/// Runs the command.
pub fn run(_args: &CheckArgs, _settings: &Settings, _console: &Console) -> Result<u8> {
    Err(Error::failed("check cannot run yet"))
}
