//! `byline summarise`.

use crate::cli::console::Console;
use crate::cli::settings::Settings;
use crate::cli::{Articles, Summarising};
use crate::error::{Error, Result};
/// Runs the command.
pub fn run(
    _articles: &Articles,
    _summarising: &Summarising,
    _settings: &Settings,
    _console: &Console,
) -> Result<u8> {
    Err(Error::failed("summarise cannot run yet"))
}
