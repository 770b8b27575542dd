//! `byline bench`.

use crate::cli::console::Console;
use crate::cli::settings::Settings;
use crate::error::{Error, Result};

/// What to measure.
#[derive(Debug, clap::Args)]
pub struct BenchArgs {
    /// Tokens to read
    #[arg(long, value_name = "N", default_value_t = 512)]
    pub prompt_tokens: usize,
    /// Tokens to write
    #[arg(long, value_name = "N", default_value_t = 128)]
    pub new_tokens: usize,
}

/// Runs the command.
pub fn run(_args: &BenchArgs, _settings: &Settings, _console: &Console) -> Result<u8> {
    Err(Error::failed("bench cannot run yet"))
}
