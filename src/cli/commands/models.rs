//! `byline models`.

use crate::cli::console::Console;
use crate::cli::settings::Settings;
use crate::error::{Error, Result};

/// What to do with the models.
#[derive(Debug, clap::Subcommand)]
pub enum ModelsCommand {
    /// All models: what for, which languages, size, licence, and whether they are here
    List,
    /// Everything about one model
    Show {
        /// The model.
        id: String,
    },
    /// Fetch models, verify them, and keep them
    Pull {
        /// The models.
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Hash what is here and compare
    Verify {
        /// The models; none: all that are here.
        ids: Vec<String>,
    },
    /// Delete models from this machine
    Remove {
        /// The models.
        #[arg(required = true)]
        ids: Vec<String>,
    },
}

/// Runs the command.
pub fn run(_command: &ModelsCommand, _settings: &Settings, _console: &Console) -> Result<u8> {
    Err(Error::failed("models cannot run yet"))
}
