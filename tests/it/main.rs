//! Runs the real program, each test in a fresh home without a network. A module a topic.
#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::new_without_default)]

mod architecture;
mod batch;
mod check;
mod cli;
mod contract;
mod digest;
mod encoder;
mod entities;
mod exchange;
mod forced;
mod formats;
mod hard_cases;
mod html;
mod hub_server;
mod ingest;
mod ladder;
mod markup;
mod models;
mod readme;
mod same;
mod seq2seq;
mod sources;
mod strict;
mod summary;
mod updates;

use std::path::PathBuf;

use assert_cmd::Command;
use tempfile::TempDir;

/// The program in a home of its own; the home goes with the value.
pub struct Program {
    /// Home, configuration and cache of this run.
    pub home: TempDir,
}

impl Program {
    /// A home without anything in it.
    pub fn new() -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
        }
    }

    /// A command that starts the program here. Nothing of the tester's environment gets through.
    pub fn command(&self) -> Command {
        let home = self.home.path();
        let mut command = Command::cargo_bin("byline").unwrap();
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home)
            .env("XDG_CONFIG_HOME", home.join("config"))
            .env("XDG_CACHE_HOME", home.join("cache"))
            .env("XDG_DATA_HOME", home.join("data"))
            .env("BYLINE_CACHE", home.join("byline-cache"))
            .env("HF_HOME", home.join("hf"))
            .env("BYLINE_OFFLINE", "1")
            .current_dir(home);
        command
    }

    /// Writes a file into the home and gives its path.
    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

/// The path of a sample article in `tests/articles`.
pub fn article(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/articles")
        .join(name)
}
