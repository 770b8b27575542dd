//! `byline sources`.

use crate::cli::Articles;
use crate::cli::console::Console;
use crate::cli::settings::Settings;
use crate::error::{Error, Result};
/// Runs the command.
pub fn run(_articles: &Articles, _settings: &Settings, _console: &Console) -> Result<u8> {
    Err(Error::failed("sources cannot run yet"))
}
