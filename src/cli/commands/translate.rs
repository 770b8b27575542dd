//! `byline translate`.

use crate::cli::Articles;
use crate::cli::console::Console;
use crate::cli::settings::Settings;
use crate::error::{Error, Result};
use crate::text::language::Language;
/// Runs the command.
pub fn run(_articles: &Articles, _to: &[Language], _settings: &Settings, _console: &Console) -> Result<u8> {
    Err(Error::failed("translate cannot run yet"))
}
