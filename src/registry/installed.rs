//! A model whose files are on this machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::manifest::{Manifest, Task};

/// A model whose files are on this machine, each of the size that it should have.
#[derive(Clone, Debug)]
pub struct Installed {
    /// What it is. For a user's own files: made up from them, serving no task by itself.
    pub manifest: Manifest,
    /// Role → paths, in the order of the manifest (shards: in order).
    pub files: BTreeMap<String, Vec<PathBuf>>,
    /// The commit of the hub, or the packages, that the files come from.
    pub revision: Option<String>,
    /// The SHA-256 of the weights; of several shards, that of the list of their digests and names.
    pub sha256: Option<String>,
    /// Every file with what is known of it, in the order of the manifest.
    pub details: Vec<InstalledFile>,
    /// Whether these are the user's own files, about which no manifest promises anything.
    pub local: bool,
}

/// One file of an installed model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstalledFile {
    /// As in the manifest.
    pub role: String,
    /// As in the manifest.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// In bytes.
    pub size: u64,
    /// As its source gave it, or as it was measured when it came.
    pub sha256: Option<String>,
}

impl Installed {
    /// Memory that it takes once it is loaded, in MiB: what its manifest says, else twice its weights, since halves are
    /// computed in single precision.
    pub fn memory_mib(&self) -> u64 {
        let weights = self.details.iter().filter(|file| file.role == "weights");
        let twice = weights.map(|file| file.size).sum::<u64>() * 2;
        self.manifest.memory_mib.unwrap_or(twice.div_ceil(1 << 20))
    }

    /// Sorts `details` by role and digests the weights' digests.
    pub(super) fn new(
        manifest: Manifest,
        revision: Option<String>,
        details: Vec<InstalledFile>,
        local: bool,
    ) -> Self {
        let mut files: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        for file in &details {
            files
                .entry(file.role.clone())
                .or_default()
                .push(file.path.clone());
        }
        let sha256 = digest_of_weights(&details);
        Self {
            manifest,
            files,
            revision,
            sha256,
            details,
            local,
        }
    }

    /// The id, as outputs name it.
    pub fn id(&self) -> &str {
        &self.manifest.id
    }

    /// The first file with this role.
    pub fn file(&self, role: &str) -> Option<&Path> {
        self.files
            .get(role)
            .and_then(|paths| paths.first())
            .map(PathBuf::as_path)
    }

    /// All files with this role.
    pub fn all(&self, role: &str) -> &[PathBuf] {
        self.files.get(role).map_or(&[], Vec::as_slice)
    }

    /// The size of all files in bytes.
    pub fn size(&self) -> u64 {
        self.details.iter().map(|file| file.size).sum()
    }

    /// Whether it may be used for `task`: a user's own files may be used for anything the user asks.
    pub fn may(&self, task: Task) -> bool {
        self.local || self.manifest.tasks().contains(&task)
    }
}

/// The digest of the only weights file, or that of the lines `DIGEST  NAME` of all shards; `None` if one is unknown.
fn digest_of_weights(details: &[InstalledFile]) -> Option<String> {
    let weights: Vec<&InstalledFile> = details.iter().filter(|file| file.role == "weights").collect();
    match weights.as_slice() {
        [] => None,
        [only] => only.sha256.clone(),
        shards => {
            let mut hasher = Sha256::new();
            for shard in shards {
                hasher.update(format!("{}  {}\n", shard.sha256.as_ref()?, shard.name));
            }
            Some(crate::text::sha256::hex(&hasher.finalize()))
        }
    }
}
