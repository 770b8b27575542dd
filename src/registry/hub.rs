//! The hub: one question about the repository, then each file of that one commit, verified, into the standard cache.
//!
//! hf-hub renames a file before anybody has looked at it, so it works in a staging cache; what it brought is verified
//! there and then moved, in the layout `blobs/ETAG`, `snapshots/COMMIT/PATH`, `refs/REVISION` that other tools share.

use std::path::{Path, PathBuf};
use std::time::Duration;

use hf_hub::api::sync::{Api, ApiBuilder, ApiError};
use hf_hub::{Cache, Repo, RepoType};

use super::disk;
use super::listing::{Wanted, agree, ask};
use super::lock::{LockedFile, Origin};
use super::manifest::{HubSource, Manifest};
use super::names;
use super::pull::{Fetched, Stop};
use super::store::{Store, tree_size};
use super::watched::{self, Meter, Trouble};
use crate::error::Error;
use crate::progress::{Progress, checkpoint};

/// How long silence may last where the user does not say (`HF_HUB_DOWNLOAD_TIMEOUT`).
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// How often something that brought nothing new is tried.
pub(super) const TRIES: u32 = 5;
/// A file in the staging cache that was verified.
struct Staged {
    blob: PathBuf,
    etag: String,
    size: u64,
    sha256: String,
}

/// Why a try at a file brought nothing.
enum Failed {
    /// Another try may help.
    Again(String),
    /// It will not.
    Stop(Stop),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Stop(error.into())
    }
}

/// One repository at one commit.
struct Session<'a> {
    store: &'a Store,
    source: &'a HubSource,
    commit: String,
    repo: Repo,
    api: Api,
    staging: PathBuf,
    progress: &'a dyn Progress,
}

/// Brings every file of `manifest` from `source` into the hub cache.
pub(super) fn fetch(
    store: &Store,
    manifest: &Manifest,
    source: &HubSource,
    progress: &dyn Progress,
) -> Result<Fetched, Stop> {
    let staging = store.staging(&manifest.id).join("hub");
    disk::make_folder(&staging)?;
    let api = client(store, &staging).map_err(|e| Stop::next(format!("no client can be set up: {e}")))?;
    let info = ask(&api, store, source, progress)?;
    if !names::is_component(&info.sha) {
        return Err(Stop::next("its answer names no commit"));
    }
    let repo = Repo::with_revision(source.repo.clone(), RepoType::Model, info.sha.clone());
    let session = Session {
        store,
        source,
        commit: info.sha.clone(),
        repo,
        api,
        staging,
        progress,
    };
    let mut wanted = Vec::new();
    for spec in &manifest.files {
        wanted.extend(agree(spec, source, &info)?);
    }
    if !wanted.iter().any(|file| file.spec.role == "weights") {
        return Err(Stop::next("lists none of the model's weights"));
    }
    session.need_space(&wanted)?;
    let mut files = Vec::new();
    for file in &wanted {
        checkpoint()?;
        files.push(session.bring(file)?);
    }
    disk::write_atomic(
        &store
            .repo_folder(&source.repo)
            .join("refs")
            .join(&source.revision),
        session.commit.as_bytes(),
    )?;
    let origin = Origin::Hub {
        repo: source.repo.clone(),
        commit: session.commit,
        shared: false,
    };
    Ok(Fetched { origin, files })
}

fn client(store: &Store, staging: &Path) -> Result<Api, ApiError> {
    let builder = ApiBuilder::from_cache(Cache::new(staging.to_owned()))
        .with_progress(false)
        .with_retries(0)
        .with_token(store.network.token.clone())
        .with_user_agent("byline", env!("CARGO_PKG_VERSION"));
    match &store.network.endpoint {
        Some(endpoint) => builder.with_endpoint(endpoint.clone()).build(),
        None => builder.build(),
    }
}

impl Session<'_> {
    fn need_space(&self, wanted: &[Wanted<'_>]) -> Result<(), Stop> {
        let missing = wanted.iter().filter(|file| !self.pointer(file).exists());
        let bytes: u64 = missing.filter_map(|file| file.size).sum();
        disk::need_space(&self.staging, bytes.saturating_sub(tree_size(&self.staging)))?;
        Ok(())
    }

    fn pointer(&self, file: &Wanted<'_>) -> PathBuf {
        self.store.pointer(&self.source.repo, &self.commit, file.path)
    }

    /// One file: what the hub cache holds already, if it is whole, else what the hub sends.
    fn bring(&self, file: &Wanted<'_>) -> Result<LockedFile, Stop> {
        let pointer = self.pointer(file);
        let locked = |size, sha256| LockedFile {
            name: file.spec.name.clone(),
            path: file.path.to_owned(),
            size,
            sha256,
        };
        if let (Some(here), Some(size)) = (disk::size_of(&pointer), file.size)
            && here == size
        {
            let (measured, _) = disk::hash(&pointer)?;
            if file.sha256.as_ref().is_none_or(|known| *known == measured) {
                return Ok(locked(size, measured));
            }
        }
        let staged = self.download(file)?;
        let root = self.store.repo_folder(&self.source.repo);
        disk::publish(&staged.blob, &root.join("blobs").join(&staged.etag))?;
        link(&root, &staged.etag, &self.commit, file.path)?;
        Ok(locked(staged.size, staged.sha256))
    }

    /// Tries until the file is whole, as long as each try brings more of it, and [`TRIES`] times where none does.
    fn download(&self, file: &Wanted<'_>) -> Result<Staged, Stop> {
        let mut tries = 0;
        let mut most = 0;
        loop {
            let why = match self.attempt(file) {
                Ok(staged) => return Ok(staged),
                Err(Failed::Stop(stop)) => return Err(stop),
                Err(Failed::Again(why)) => why,
            };
            let here = tree_size(&self.staging);
            tries = if here > most { 1 } else { tries + 1 };
            most = most.max(here);
            if tries >= TRIES {
                return Err(Stop::next(format!("{}: {why}", file.path))
                    .hint("run it again later; what has come so far is kept"));
            }
            let seconds = 1 << (tries - 1);
            self.progress
                .note(&format!("{}: {why}; trying again in {seconds} s", file.path));
            watched::sleep(Duration::from_secs(seconds))?;
        }
    }

    fn attempt(&self, file: &Wanted<'_>) -> Result<Staged, Failed> {
        let patience = self.store.network.patience.unwrap_or(PATIENCE);
        let (api, url) = (self.api.clone(), self.api.repo(self.repo.clone()).url(file.path));
        let meta = watched::run(&Meter::default(), patience, self.progress, move |_| {
            api.metadata(&url)
        })
        .map_err(|trouble| self.sort(trouble))?;
        let (etag, size) = (meta.etag().to_owned(), meta.size() as u64);
        if !names::is_component(&etag) || meta.commit_hash() != self.commit {
            return Err(Failed::Stop(Stop::next("answers with headers that no hub sends")));
        }
        let from_etag = Some(etag.clone()).filter(|etag| names::is_sha256(etag));
        let other = matches!((&file.sha256, &from_etag), (Some(a), Some(b)) if a != b);
        if other || file.size.is_some_and(|wanted| wanted != size) {
            return Err(Failed::Stop(Stop::next(format!(
                "sends another \"{}\" than it lists",
                file.path
            ))));
        }
        let folder = self.staging.join(self.repo.folder_name());
        let blob = folder.join("blobs").join(&etag);
        // A link left by an earlier run would stand in hf-hub's way.
        disk::clear(&folder.join("snapshots"))?;
        let resumed = self.transfer(file, &blob, size)?;
        let digest = file.sha256.as_deref().or(from_etag.as_deref());
        let sha256 = self.prove(file, &blob, size, digest, resumed)?;
        Ok(Staged {
            blob,
            etag,
            size,
            sha256,
        })
    }

    /// Fills `blob` in the staging cache; tells how many bytes of it were from an earlier try.
    fn transfer(&self, file: &Wanted<'_>, blob: &Path, size: u64) -> Result<u64, Failed> {
        let part = blob.with_extension("part");
        if disk::size_of(blob).is_some() {
            rename(blob, &part)?;
        }
        let resumed = match disk::size_of(&part).unwrap_or(0) {
            // What is longer than the whole is not a part of it.
            longer if longer > size => {
                disk::clear(&part)?;
                0
            }
            // Asking a server for the bytes after the last makes it refuse.
            whole if whole == size => {
                rename(&part, blob)?;
                return Ok(whole);
            }
            some => some,
        };
        self.progress.transfer(&file.spec.name, resumed, size);
        let meter = Meter::new(resumed, size);
        let (repo, path) = (self.api.repo(self.repo.clone()), file.path.to_owned());
        let patience = self.store.network.patience.unwrap_or(PATIENCE);
        let done = watched::run(&meter, patience, self.progress, move |meter| {
            repo.download_with_progress(&path, meter)
        });
        self.progress.transferred();
        match done {
            Ok(_) => Ok(resumed),
            Err(Trouble::Overrun) => {
                disk::clear(&part)?;
                Err(Failed::Again(
                    "the server sends from the start instead of going on".to_owned(),
                ))
            }
            Err(Trouble::Api(ApiError::IoError(error))) if disk::is_at_fault(error.kind()) => {
                Err(Error::io(&part, error).into())
            }
            Err(trouble) => {
                if status_of(&trouble) == Some(416) {
                    disk::clear(&part)?;
                }
                Err(self.sort(trouble))
            }
        }
    }

    /// The SHA-256 of `blob`, if it is what it should be; if not, nothing of it stays to be gone on with.
    fn prove(
        &self,
        file: &Wanted<'_>,
        blob: &Path,
        size: u64,
        digest: Option<&str>,
        resumed: u64,
    ) -> Result<String, Failed> {
        let here = disk::size_of(blob).unwrap_or(0);
        if here < size {
            rename(blob, &blob.with_extension("part"))?;
            return Err(Failed::Again("the connection was cut".to_owned()));
        }
        self.progress.stage(&format!("verifying {}", file.spec.name));
        let (measured, here) = disk::hash(blob)?;
        if here == size && digest.is_none_or(|known| known == measured) {
            return Ok(measured);
        }
        disk::clear(blob)?;
        let why = format!(
            "what came for \"{}\" has the SHA-256 {measured}, which is wrong",
            file.path
        );
        Err(if resumed > 0 {
            Failed::Again(format!("{why}; starting over"))
        } else {
            Failed::Stop(Stop::next(format!("{why}; it was thrown away")))
        })
    }

    /// What a failed request means for this file.
    fn sort(&self, trouble: Trouble) -> Failed {
        let patience = self.store.network.patience.unwrap_or(PATIENCE);
        match (status_of(&trouble), trouble) {
            (_, Trouble::Interrupted) => Failed::Stop(Error::Interrupted.into()),
            (_, Trouble::Silent) => Failed::Stop(
                Stop::next(format!("was silent for {} s", patience.as_secs()))
                    .hint("run it again; what has come so far is kept"),
            ),
            (Some(416), _) => Failed::Again("the server refuses to go on where it stopped".to_owned()),
            (Some(status), _) if is_passing(status) => Failed::Again(format!("the hub answers {status}")),
            (Some(status), _) => {
                Failed::Stop(refused(status, self.source, self.store.network.token.is_some()))
            }
            (None, Trouble::Api(ApiError::IoError(error))) if disk::is_at_fault(error.kind()) => {
                Failed::Stop(Error::io(&self.staging, error).into())
            }
            (
                None,
                Trouble::Api(
                    ApiError::MissingHeader(_) | ApiError::InvalidHeader(_) | ApiError::ParseIntError(_),
                ),
            ) => Failed::Stop(Stop::next("answers with headers that no hub sends")),
            (None, Trouble::Api(error)) => Failed::Again(short(&error)),
            (None, Trouble::Crashed | Trouble::Overrun) => {
                Failed::Stop(Stop::next("answers what its client does not understand"))
            }
        }
    }
}

/// Whether a status will pass by itself.
pub(super) fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502 | 503 | 504)
}

/// The status of the answer, if the trouble is one.
fn status_of(trouble: &Trouble) -> Option<u16> {
    match trouble {
        Trouble::Api(ApiError::RequestError(error)) => match error.as_ref() {
            ureq::Error::StatusCode(status) => Some(*status),
            _ => None,
        },
        _ => None,
    }
}

/// What a status that will not pass means.
pub(super) fn refused(status: u16, source: &HubSource, has_token: bool) -> Stop {
    match status {
        401 | 403 if has_token => Stop::next(format!("refuses the token it was given (status {status})"))
            .hint(format!(
                "accept the terms of {} on its page, with the account that HF_TOKEN is of",
                source.repo
            )),
        401 | 403 => Stop::next(format!(
            "wants to know who asks (status {status}): the repository is gated or gone"
        ))
        .hint(format!(
            "if {} is gated, accept its terms on its page and set HF_TOKEN",
            source.repo
        )),
        404 => Stop::next(format!(
            "has no such repository, file or revision (\"{}\")",
            source.revision
        ))
        .hint(format!(
            "if HF_ENDPOINT is set, see whether that hub has {}",
            source.repo
        )),
        429 => Stop::next("lets us ask no more for now (status 429)").hint("run it again in some minutes"),
        _ => Stop::next(format!("answers with the status {status}")),
    }
}

/// Why the first question got no answer.
pub(super) fn no_way(trouble: Trouble, patience: Duration) -> Stop {
    match trouble {
        Trouble::Interrupted => Error::Interrupted.into(),
        Trouble::Silent => Stop::next(format!("gave no answer within {} s", patience.as_secs())),
        Trouble::Crashed | Trouble::Overrun => Stop::next("answers what its client does not understand"),
        Trouble::Api(ApiError::RequestError(error)) if matches!(*error, ureq::Error::Json(_)) => {
            Stop::next("answers like something that is not a hub")
        }
        Trouble::Api(error) => Stop::next(format!("cannot be reached: {}", short(&error))),
    }
}

/// The cause in a few words.
fn short(error: &ApiError) -> String {
    match error {
        ApiError::RequestError(error) => match error.as_ref() {
            ureq::Error::HostNotFound => "its name is not known here".to_owned(),
            ureq::Error::Io(error) => error.to_string(),
            ureq::Error::Timeout(_) => "it does not answer in time".to_owned(),
            other => other.to_string(),
        },
        ApiError::IoError(error) => format!("the connection was cut ({error})"),
        other => other.to_string(),
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), Failed> {
    std::fs::rename(from, to).map_err(|e| Error::io(from, e).into())
}

/// Points `snapshots/COMMIT/PATH` to the blob, as the hub's own tools do: by a relative link.
fn link(root: &Path, etag: &str, commit: &str, path: &str) -> Result<(), Error> {
    let pointer = root.join("snapshots").join(commit).join(path);
    disk::make_folder(pointer.parent().unwrap_or(root))?;
    disk::clear(&pointer)?;
    let up = "../".repeat(path.split('/').count() + 1);
    point(
        &root.join("blobs").join(etag),
        Path::new(&format!("{up}blobs/{etag}")),
        &pointer,
    )
    .map_err(|e| Error::io(&pointer, e))
}

#[cfg(unix)]
fn point(_blob: &Path, relative: &Path, pointer: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(relative, pointer)
}

/// Where links need a privilege, the file itself takes the pointer's place, as the hub's own tools do.
#[cfg(not(unix))]
fn point(blob: &Path, _relative: &Path, pointer: &Path) -> std::io::Result<()> {
    std::fs::hard_link(blob, pointer).or_else(|_| std::fs::rename(blob, pointer))
}
