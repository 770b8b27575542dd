//! The lock file: what was got for a model, from where, and the digest of every byte of it.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::disk;
use super::names;
use crate::error::{Error, Result};

/// What was got. Written only after every file has its final name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Lock {
    /// `byline/lock/1`.
    pub(super) schema: String,
    /// The model.
    pub(super) id: String,
    /// Where the files came from.
    pub(super) origin: Origin,
    /// In the order of the manifest.
    pub(super) files: Vec<LockedFile>,
}

/// Where the files came from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Origin {
    /// The hub; the files lie in the standard hub cache.
    Hub {
        /// `OWNER/NAME`.
        repo: String,
        /// The commit that they are of.
        commit: String,
        /// Whether another tool had put them there before.
        shared: bool,
    },
    /// Wheels; the files lie in the model's own folder.
    Wheel {
        /// Each `NAME==VERSION` once, in order.
        packages: Vec<String>,
    },
}

/// One file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct LockedFile {
    /// Its name in the manifest.
    pub(super) name: String,
    /// Its path in the repository; its name again for files made from wheels.
    pub(super) path: String,
    /// In bytes.
    pub(super) size: u64,
    /// As measured before it got its name.
    pub(super) sha256: String,
}

const SCHEMA: &str = "byline/lock/1";

impl Lock {
    pub(super) fn new(id: &str, origin: Origin, files: Vec<LockedFile>) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            id: id.to_owned(),
            origin,
            files,
        }
    }

    /// Reads a lock file. One that is missing, of another version, or damaged counts as none: the files are then
    /// looked for where they would lie, and proven again by the next pull.
    pub(super) fn read(path: &Path) -> Option<Self> {
        let lock: Self = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
        let commit = match &lock.origin {
            Origin::Hub { commit, repo, .. } => names::is_component(commit) && names::is_relative_path(repo),
            Origin::Wheel { .. } => true,
        };
        let paths = lock.files.iter().all(|file| names::is_relative_path(&file.path));
        (lock.schema == SCHEMA && commit && paths).then_some(lock)
    }

    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let mut text = serde_json::to_string_pretty(self)
            .map_err(|e| Error::failed(format!("{}: {e}", path.display())))?;
        text.push('\n');
        disk::write_atomic(path, text.as_bytes())
    }

    /// The commit, or the packages.
    pub(super) fn revision(&self) -> String {
        match &self.origin {
            Origin::Hub { commit, .. } => commit.clone(),
            Origin::Wheel { packages } => match packages.as_slice() {
                [first, .., last] => format!("{first} … {last}"),
                _ => packages.concat(),
            },
        }
    }
}
