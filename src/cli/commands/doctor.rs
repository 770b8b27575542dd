//! `byline doctor`.

use crate::cli::console::Console;
use crate::cli::settings::Settings;
use crate::error::{Error, Result};

/// Runs the command.
pub fn run(_settings: &Settings, _console: &Console) -> Result<u8> {
    Err(Error::failed("doctor cannot run yet"))
}
