//! `byline digest`.

use crate::cli::console::Console;
use crate::cli::settings::Settings;
use crate::cli::{Articles, Summarising};
use crate::error::{Error, Result};
use crate::text::language::Language;
/// Runs the command.
pub fn run(
    _articles: &Articles,
    _to: &[Language],
    _summarising: &Summarising,
    _settings: &Settings,
    _console: &Console,
) -> Result<u8> {
    Err(Error::failed("digest cannot run yet"))
}
