//! Quantised copies of safetensors: made once on this machine, and used from then on instead of what they were made of.
//!
//! What always holds: a copy has its final name only when it is whole; it is used only while its record says that it
//! is of this form, of files with these digests, and has the digest that it had when it was made. Digests are not
//! measured again for files whose size and time of change are as recorded, so that using a copy reads nothing else.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::disk;
use super::installed::{Installed, InstalledFile};
use super::store::{Fault, Store, fault_of, tree_size};
use crate::error::{Error, Result};
use crate::progress::Progress;
use crate::text::sha256::{hex, sha256};

/// Changes with what the copies hold: which matrices have which precision, how they are named.
const SCHEMA: &str = "byline/quantised/1";

/// What a copy is, and what it was made of. Written before the copy has its final name.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Record {
    schema: String,
    form: String,
    sources: Vec<Seen>,
    copy: Seen,
}

/// A file as it was when its digest was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Seen {
    name: String,
    size: u64,
    sha256: String,
    /// Nanoseconds; absent where the file system does not tell.
    modified: Option<u64>,
}

/// A copy that is on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Its form: `q4_k`, `q8_0`.
    pub form: String,
    /// Where it is.
    pub path: PathBuf,
    /// In bytes.
    pub size: u64,
}

/// The place of one copy of one model.
pub struct Place<'a> {
    store: &'a Store,
    /// The model's name in the cache.
    name: String,
    id: &'a str,
    form: &'a str,
    sources: Vec<&'a InstalledFile>,
}

impl Store {
    /// Where the copy of a model in `form` is, or will be.
    pub fn quantised<'a>(&'a self, installed: &'a Installed, form: &'a str) -> Place<'a> {
        let of_tensors = |file: &&InstalledFile| ["weights", "config"].contains(&file.role.as_str());
        Place {
            store: self,
            name: name_of(installed),
            id: installed.id(),
            form,
            sources: installed.details.iter().filter(of_tensors).collect(),
        }
    }

    /// The copies of a model, by its id, or by the name of [`Store::copies_of_own`].
    pub fn copies(&self, name: &str) -> Vec<Copied> {
        let folder = self.copies_folder().join(name);
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        let mut copies: Vec<Copied> = entries
            .filter_map(|entry| {
                let path = entry.path();
                let record = Record::read(&path.with_extension("json"))?;
                let size = disk::size_of(&path).filter(|size| *size == record.copy.size)?;
                (path.extension()? == "gguf").then_some(Copied {
                    form: record.form,
                    path,
                    size,
                })
            })
            .collect();
        copies.sort_by(|a, b| a.form.cmp(&b.form));
        copies
    }

    /// The names under which copies of the user's own models lie here: all that no `known` model has.
    pub fn copies_of_own(&self, known: impl Fn(&str) -> bool) -> Vec<String> {
        let entries = fs::read_dir(self.copies_folder()).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| !known(name) && !self.copies(name).is_empty())
            .collect();
        names.sort();
        names
    }

    /// Removes the copies of a model; the bytes given back.
    pub(super) fn remove_copies(&self, name: &str) -> Result<u64> {
        let folder = self.copies_folder().join(name);
        let freed = tree_size(&folder);
        disk::clear(&folder)?;
        Ok(freed)
    }

    /// What is wrong with the copies of a model.
    pub(super) fn verify_copies(&self, name: &str, progress: &dyn Progress) -> Result<Vec<Fault>> {
        let mut faults = Vec::new();
        for copy in self.copies(name) {
            progress.stage(&format!("verifying {}.gguf", copy.form));
            let record = Record::read(&copy.path.with_extension("json"));
            let digest = record.map(|r| r.copy.sha256);
            if let Some(message) = fault_of(&copy.path, None, digest.as_deref())? {
                faults.push(Fault {
                    path: copy.path,
                    message,
                });
            }
        }
        Ok(faults)
    }

    fn copies_folder(&self) -> PathBuf {
        self.folder().join("quantised")
    }
}

/// The id; for a user's own files also where they lie, since two folders may have one name.
fn name_of(installed: &Installed) -> String {
    let id = installed.id();
    let folder = installed.file("weights").and_then(Path::parent);
    match folder.filter(|_| installed.local) {
        None => id.to_owned(),
        Some(folder) => {
            let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
            let digest = sha256(folder.as_os_str().as_encoded_bytes());
            format!("{id}-{}", &digest[..8])
        }
    }
}

impl Place<'_> {
    fn path(&self) -> PathBuf {
        let folder = self.store.copies_folder().join(&self.name);
        folder.join(self.form).with_extension("gguf")
    }

    /// The copy, which is made if it is not here, or is not what it should be: `bytes` tells its size, `make` writes it
    /// to a path, with the mark that it carries.
    ///
    /// # Errors
    /// Those of `bytes` and `make`; if a file cannot be read or written, or the disk is too full.
    pub fn ensure(
        &self,
        progress: &dyn Progress,
        bytes: impl FnOnce() -> Result<u64>,
        make: impl FnOnce(&Path, &str) -> Result<()>,
    ) -> Result<PathBuf> {
        if self.is_here()? {
            return Ok(self.path());
        }
        let staging = self.store.staging(&self.name);
        let _guard = disk::guard(&self.store.guard_path(&self.name), self.id, progress)?;
        if self.is_here()? {
            return Ok(self.path());
        }
        progress.note(&format!(
            "{}: quantising to {}; that is done once",
            self.id, self.form
        ));
        disk::make_folder(&staging)?;
        disk::need_space(&staging, bytes()?)?;
        let unfinished = staging.join(self.form).with_extension("gguf");
        let made = self.make_at(&unfinished, make);
        let cleared = disk::clear(&unfinished);
        let _ = fs::remove_dir(&staging);
        made.and(cleared).map(|()| self.path())
    }

    fn make_at(&self, unfinished: &Path, make: impl FnOnce(&Path, &str) -> Result<()>) -> Result<()> {
        let sources = self
            .sources
            .iter()
            .map(|file| seen(&file.path, &file.name, file.sha256.as_deref()))
            .collect::<Result<Vec<_>>>()?;
        make(unfinished, &mark(self.form, &sources))?;
        let path = self.path();
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned());
        let record = Record {
            schema: SCHEMA.to_owned(),
            form: self.form.to_owned(),
            sources,
            copy: seen(unfinished, &name.unwrap_or_default(), None)?,
        };
        // an older copy must not pass for the new one
        disk::clear(&path)?;
        record.write(&path.with_extension("json"))?;
        disk::publish(unfinished, &path)
    }

    /// Whether the copy is here, whole and of these files.
    fn is_here(&self) -> Result<bool> {
        let path = self.path();
        let place = path.with_extension("json");
        let Some(mut record) = Record::read(&place) else {
            return Ok(false);
        };
        if record.form != self.form || record.sources.len() != self.sources.len() {
            return Ok(false);
        }
        let mut looked = false;
        for (file, known) in self.sources.iter().zip(&mut record.sources) {
            let same = file.name == known.name
                && match &file.sha256 {
                    Some(digest) => *digest == known.sha256 && file.size == known.size,
                    None => known.is_still(&file.path, &mut looked)?,
                };
            if !same {
                return Ok(false);
            }
        }
        if !record.copy.is_still(&path, &mut looked)? {
            return Ok(false);
        }
        // a cache that may be read but not written serves all the same
        if looked && let Err(error) = record.write(&place) {
            tracing::debug!("{error}");
        }
        Ok(true)
    }
}

/// A file with its digest, measured unless it is known.
fn seen(path: &Path, name: &str, digest: Option<&str>) -> Result<Seen> {
    let meta = fs::metadata(path).map_err(|e| Error::io(path, e))?;
    let sha256 = match digest {
        Some(digest) => digest.to_owned(),
        None => disk::hash(path)?.0,
    };
    Ok(Seen {
        name: name.to_owned(),
        size: meta.len(),
        sha256,
        modified: modified(&meta),
    })
}

fn modified(meta: &fs::Metadata) -> Option<u64> {
    let since = meta.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since.as_nanos()).ok()
}

/// The digest of all that decides what a copy holds.
fn mark(form: &str, sources: &[Seen]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(format!("{SCHEMA}\n{form}\n"));
    for source in sources {
        hasher.update(format!("{}  {}\n", source.sha256, source.name));
    }
    hex(&hasher.finalize())
}

impl Seen {
    /// Whether the file at `path` has this content. Its digest is measured where its time of change is another; then
    /// the time is remembered, and `looked` set.
    fn is_still(&mut self, path: &Path, looked: &mut bool) -> Result<bool> {
        let Ok(meta) = fs::metadata(path) else {
            return Ok(false);
        };
        if meta.len() != self.size {
            return Ok(false);
        }
        let now = modified(&meta);
        if now.is_some() && now == self.modified {
            return Ok(true);
        }
        *looked = true;
        self.modified = now;
        Ok(disk::hash(path)?.0 == self.sha256)
    }
}

impl Record {
    fn read(path: &Path) -> Option<Self> {
        let record: Self = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        (record.schema == SCHEMA).then_some(record)
    }

    fn write(&self, path: &Path) -> Result<()> {
        let text =
            serde_json::to_vec_pretty(self).map_err(|e| Error::failed(format!("{}: {e}", path.display())))?;
        disk::write_atomic(path, &text)
    }
}
