//! The tree on disk: where files of models lie, whether they are here, whether they are whole, and their removal.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::disk;
use super::installed::{Installed, InstalledFile};
use super::lock::{Lock, LockedFile, Origin};
use super::manifest::{FileSpec, HubSource, Manifest, Source};
use super::names;
use crate::error::{Error, Result};
use crate::progress::{Progress, checkpoint};

/// The two caches, and how the network is reached.
#[derive(Clone, Debug)]
pub struct Store {
    own: PathBuf,
    hub: PathBuf,
    pub(super) network: Network,
}

/// How the network is reached.
#[derive(Clone, Debug, Default)]
pub(super) struct Network {
    /// No connection is tried.
    pub(super) offline: bool,
    /// The hub's address, if it is not the client's own default.
    pub(super) endpoint: Option<String>,
    /// For repositories that ask who one is.
    pub(super) token: Option<String>,
    /// How long silence may last.
    pub(super) patience: Option<Duration>,
    /// The command in place of `python3 -m pip`.
    pub(super) pip: Option<Vec<String>>,
}

/// Path, size and digest that a file should have.
type Expected = (PathBuf, Option<u64>, Option<String>);

/// One thing that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub message: String,
}

impl Store {
    /// A store over two folders: byline's own cache and the hub cache. Nothing is taken from the environment.
    pub fn new(own: impl Into<PathBuf>, hub: impl Into<PathBuf>) -> Self {
        Self {
            own: own.into(),
            hub: hub.into(),
            network: Network::default(),
        }
    }

    /// The store that the environment names: `BYLINE_CACHE`, `HF_HUB_CACHE`, `HF_HOME`; `HF_ENDPOINT`, `HF_TOKEN` (or
    /// the token file that the hub's own tools write), `HF_HUB_OFFLINE`, `HF_HUB_DOWNLOAD_TIMEOUT` (seconds of
    /// silence after which the hub is given up; pip gets four times as long); `BYLINE_PIP`, the command to use in place of
    /// `python3 -m pip`.
    ///
    /// # Errors
    /// If the user has no home folder and the caches are not named.
    pub fn from_env() -> Result<Self> {
        let caches = caches_folder();
        let no_home = |name: &str| Error::usage(format!("no home folder is known; set {name}"));
        let own = match variable("BYLINE_CACHE") {
            Some(path) => PathBuf::from(path),
            None => caches.ok_or_else(|| no_home("BYLINE_CACHE"))?.join("byline"),
        };
        let home = variable("HF_HOME")
            .map(PathBuf::from)
            .or_else(|| Some(hub_home()?.join("huggingface")));
        let hub = match variable("HF_HUB_CACHE") {
            Some(path) => PathBuf::from(path),
            None => home.clone().ok_or_else(|| no_home("HF_HOME"))?.join("hub"),
        };
        let token_file = variable("HF_TOKEN_PATH")
            .map(PathBuf::from)
            .or_else(|| Some(home?.join("token")));
        let network = Network {
            offline: variable("HF_HUB_OFFLINE").is_some_and(|value| is_true(&value)),
            endpoint: variable("HF_ENDPOINT").map(|url| url.trim_end_matches('/').to_owned()),
            token: variable("HF_TOKEN")
                .or_else(|| fs::read_to_string(token_file?).ok())
                .map(|token| token.trim().to_owned())
                .filter(|token| !token.is_empty()),
            patience: variable("HF_HUB_DOWNLOAD_TIMEOUT")
                .and_then(|seconds| seconds.parse().ok())
                .map(Duration::from_secs),
            pip: variable("BYLINE_PIP").map(|command| command_words(&command)),
        };
        Ok(Self {
            own: absolute(own)?,
            hub: absolute(hub)?,
            network,
        })
    }

    /// byline's own cache folder.
    pub fn folder(&self) -> &Path {
        &self.own
    }

    /// The standard hub cache.
    pub fn hub_folder(&self) -> &Path {
        &self.hub
    }

    /// Whether the environment forbids connections to the hub (`HF_HUB_OFFLINE`).
    pub fn is_offline(&self) -> bool {
        self.network.offline
    }

    /// Where files made from wheels get their final names.
    pub(super) fn model_folder(&self, id: &str) -> PathBuf {
        self.own.join("models").join(id)
    }

    pub(super) fn lock_path(&self, id: &str) -> PathBuf {
        self.model_folder(id).join("lock.json")
    }

    /// Where unfinished files wait.
    pub(super) fn staging(&self, id: &str) -> PathBuf {
        self.own.join("staging").join(id)
    }

    pub(super) fn guard_path(&self, id: &str) -> PathBuf {
        self.own.join("staging").join(format!("{id}.guard"))
    }

    /// The folder of a repository in the hub cache.
    pub(super) fn repo_folder(&self, repo: &str) -> PathBuf {
        self.hub.join(format!("models--{}", repo.replace('/', "--")))
    }

    pub(super) fn pointer(&self, repo: &str, commit: &str, path: &str) -> PathBuf {
        self.repo_folder(repo).join("snapshots").join(commit).join(path)
    }

    fn path_of(&self, lock: &Lock, file: &LockedFile) -> PathBuf {
        match &lock.origin {
            Origin::Hub { repo, commit, .. } => self.pointer(repo, commit, &file.path),
            Origin::Wheel { .. } => self.model_folder(&lock.id).join(&file.path),
        }
    }

    /// The model's files, if all are here with the sizes they should have; reads no file's content.
    pub fn locate(&self, manifest: &Manifest) -> Result<Option<Installed>> {
        Ok(self
            .locked(manifest)
            .or_else(|| self.made(manifest))
            .or_else(|| self.shared(manifest)))
    }

    /// What the lock file lists, if it is all here and is what the manifest now asks for.
    pub(super) fn locked(&self, manifest: &Manifest) -> Option<Installed> {
        let lock = Lock::read(&self.lock_path(&manifest.id)).filter(|lock| lock.id == manifest.id)?;
        let details = gather(manifest, |spec| {
            let Some(file) = lock.files.iter().find(|file| file.name == spec.name) else {
                return Found::Nothing;
            };
            let path = self.path_of(&lock, file);
            let same = disk::size_of(&path) == Some(file.size)
                && spec.size.is_none_or(|size| size == file.size)
                && spec.sha256.as_ref().is_none_or(|digest| *digest == file.sha256);
            if same {
                Found::It(detail(spec, path, file.size, Some(file.sha256.clone())))
            } else {
                Found::Another
            }
        })?;
        Some(Installed::new(
            manifest.clone(),
            Some(lock.revision()),
            details,
            false,
        ))
    }

    /// Files made from wheels whose lock file was lost: they were verified before they got their names.
    fn made(&self, manifest: &Manifest) -> Option<Installed> {
        let folder = self.model_folder(&manifest.id);
        let details = gather(manifest, |spec| {
            let path = folder.join(&spec.name);
            match (disk::size_of(&path), &spec.sha256) {
                (None, _) => Found::Nothing,
                (Some(size), Some(digest)) if spec.size == Some(size) => {
                    Found::It(detail(spec, path, size, Some(digest.clone())))
                }
                _ => Found::Another,
            }
        })?;
        Some(Installed::new(manifest.clone(), None, details, false))
    }

    /// Files that another tool has put into the hub cache.
    pub(super) fn shared(&self, manifest: &Manifest) -> Option<Installed> {
        manifest.sources.iter().find_map(|source| match source {
            Source::Hub(hub) => self.shared_in(manifest, hub),
            Source::Wheel(_) => None,
        })
    }

    fn shared_in(&self, manifest: &Manifest, hub: &HubSource) -> Option<Installed> {
        let commit = self.commit_of(hub)?;
        // Where the weights may be cut in one way or another, only the hub's listing tells whether they are complete.
        if manifest
            .files
            .iter()
            .any(|spec| spec.optional && spec.role == "weights")
        {
            return None;
        }
        let details = gather(manifest, |spec| {
            let path = self.pointer(&hub.repo, &commit, hub.path(&spec.name));
            let Some(size) = disk::size_of(&path) else {
                return Found::Nothing;
            };
            // The cache names a large file by its SHA-256.
            let named = fs::canonicalize(&path)
                .ok()
                .and_then(|blob| blob.file_name()?.to_str().map(str::to_owned))
                .filter(|name| names::is_sha256(name));
            let other = matches!((&spec.sha256, &named), (Some(a), Some(b)) if a != b);
            if other || spec.size.is_some_and(|wanted| wanted != size) {
                return Found::Another;
            }
            Found::It(detail(spec, path, size, named.or_else(|| spec.sha256.clone())))
        })?;
        Some(Installed::new(manifest.clone(), Some(commit), details, false))
    }

    /// The commit that the hub cache holds under the source's revision.
    pub(super) fn commit_of(&self, hub: &HubSource) -> Option<String> {
        let is_commit = hub.revision.len() == 40 && hub.revision.bytes().all(|b| b.is_ascii_hexdigit());
        if is_commit {
            return Some(hub.revision.clone());
        }
        let named = fs::read_to_string(self.repo_folder(&hub.repo).join("refs").join(&hub.revision)).ok()?;
        Some(named.trim().to_owned()).filter(|commit| names::is_component(commit))
    }

    /// Hashes every file of the model that is here. `None`: nothing of it is here; no faults: it is whole.
    pub fn verify(&self, manifest: &Manifest, progress: &dyn Progress) -> Result<Option<Vec<Fault>>> {
        let Some(expected) = self.expected(manifest) else {
            return Ok(None);
        };
        let mut faults = Vec::new();
        for (path, size, digest) in expected {
            checkpoint()?;
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default();
            progress.stage(&format!("verifying {name}"));
            if let Some(message) = fault_of(&path, size, digest.as_deref())? {
                faults.push(Fault { path, message });
            }
        }
        faults.extend(self.verify_copies(&manifest.id, progress)?);
        Ok(Some(faults))
    }

    /// Path, size and digest that each file should have; `None` if no trace of the model is here.
    fn expected(&self, manifest: &Manifest) -> Option<Vec<Expected>> {
        if let Some(lock) = Lock::read(&self.lock_path(&manifest.id)).filter(|lock| lock.id == manifest.id) {
            let file = |file: &LockedFile| {
                (
                    self.path_of(&lock, file),
                    Some(file.size),
                    Some(file.sha256.clone()),
                )
            };
            return Some(lock.files.iter().map(file).collect());
        }
        if let Some(found) = self.locate(manifest).ok().flatten() {
            let file = |file: InstalledFile| (file.path, Some(file.size), file.sha256);
            return Some(found.details.into_iter().map(file).collect());
        }
        let folder = self.model_folder(&manifest.id);
        let own = |spec: &FileSpec| (folder.join(&spec.name), spec.size, spec.sha256.clone());
        let all: Vec<_> = manifest.files.iter().map(own).collect();
        all.iter().any(|(path, ..)| path.exists()).then_some(all)
    }

    /// Removes what was got for the model, unfinished parts too, and returns the bytes given back; `None` if nothing
    /// was here. Files that another tool has put into the hub cache stay.
    pub fn remove(&self, id: &str, progress: &dyn Progress) -> Result<Option<u64>> {
        let _guard = disk::guard(&self.guard_path(id), id, progress)?;
        let lock = Lock::read(&self.lock_path(id)).filter(|lock| lock.id == id);
        let (folder, staging) = (self.model_folder(id), self.staging(id));
        let mut freed = tree_size(&folder) + tree_size(&staging);
        let copies = self.remove_copies(id)?;
        let here = folder.exists() || staging.exists() || copies > 0;
        freed += copies;
        if let Some(lock) = &lock {
            freed += self.remove_from_hub(lock, progress)?;
        }
        disk::clear(&staging)?;
        disk::clear(&folder)?;
        Ok(here.then_some(freed))
    }

    /// Takes the lock's files out of the hub cache, and each blob that no other snapshot names.
    fn remove_from_hub(&self, lock: &Lock, progress: &dyn Progress) -> Result<u64> {
        let Origin::Hub { repo, shared, .. } = &lock.origin else {
            return Ok(0);
        };
        let root = self.repo_folder(repo);
        if *shared {
            progress.note(&format!(
                "{} was put there by another tool and stays",
                root.display()
            ));
            return Ok(0);
        }
        let mut freed = 0;
        for file in &lock.files {
            let pointer = self.path_of(lock, file);
            let blob = fs::canonicalize(&pointer).ok();
            disk::clear(&pointer)?;
            let Some(blob) =
                blob.filter(|blob| fs::canonicalize(&root).is_ok_and(|root| blob.starts_with(root)))
            else {
                continue;
            };
            if !files_under(&root.join("snapshots"))
                .iter()
                .any(|p| fs::canonicalize(p).is_ok_and(|p| p == blob))
            {
                freed += file.size;
                disk::clear(&blob)?;
            }
        }
        let empty = |part: &str| files_under(&root.join(part)).is_empty();
        if empty("snapshots") && empty("blobs") {
            disk::clear(&root)?;
        }
        Ok(freed)
    }
}

/// What lies where a file should be.
enum Found {
    It(InstalledFile),
    Another,
    Nothing,
}

/// Every file of the manifest; `None` unless all are here that it does not work without, weights among them.
fn gather(manifest: &Manifest, find: impl Fn(&FileSpec) -> Found) -> Option<Vec<InstalledFile>> {
    let mut details = Vec::new();
    for spec in &manifest.files {
        match find(spec) {
            Found::It(file) => details.push(file),
            Found::Nothing if spec.optional => {}
            Found::Nothing | Found::Another => return None,
        }
    }
    details
        .iter()
        .any(|file| file.role == "weights")
        .then_some(details)
}

fn detail(spec: &FileSpec, path: PathBuf, size: u64, sha256: Option<String>) -> InstalledFile {
    InstalledFile {
        role: spec.role.clone(),
        name: spec.name.clone(),
        path,
        size,
        sha256,
    }
}

/// What is wrong with the file at `path`; `None` if it is as it should be.
pub(super) fn fault_of(path: &Path, size: Option<u64>, digest: Option<&str>) -> Result<Option<String>> {
    let Some(found) = disk::size_of(path) else {
        return Ok(Some("is missing".to_owned()));
    };
    if let Some(size) = size.filter(|size| *size != found) {
        return Ok(Some(format!("has {found} bytes and should have {size}")));
    }
    let Some(digest) = digest else {
        return Ok(None);
    };
    let (measured, _) = disk::hash(path)?;
    Ok((measured != digest).then(|| format!("has the SHA-256 {measured} and should have {digest}")))
}

/// All files and links under a folder, however deep.
fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                _ => files.push(entry.path()),
            }
        }
    }
    files
}

/// The bytes of all regular files under a folder.
pub(super) fn tree_size(folder: &Path) -> u64 {
    files_under(folder)
        .iter()
        .filter_map(|path| fs::symlink_metadata(path).ok())
        .map(|meta| meta.len())
        .sum()
}

/// A variable that is set to something.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

fn is_true(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "1" | "true" | "yes" | "on")
}

/// The user's cache folder by the system's custom.
fn caches_folder() -> Option<PathBuf> {
    use etcetera::BaseStrategy;
    etcetera::choose_base_strategy()
        .ok()
        .map(|strategy| strategy.cache_dir())
}

/// The folder in which the hub's own tools make theirs: `XDG_CACHE_HOME`, else `.cache` at home, on every system.
fn hub_home() -> Option<PathBuf> {
    variable("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(etcetera::home_dir().ok()?.join(".cache")))
}

fn absolute(path: PathBuf) -> Result<PathBuf> {
    std::path::absolute(&path).map_err(|e| Error::io(path, e))
}

/// A command and its arguments, parted by spaces, unless the whole names a file.
fn command_words(command: &str) -> Vec<String> {
    if Path::new(command).is_file() {
        return vec![command.to_owned()];
    }
    command.split_whitespace().map(str::to_owned).collect()
}
