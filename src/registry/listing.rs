//! What the hub lists: the one question about a repository, and what its answer means for the manifest's files.

use std::time::Duration;

use hf_hub::api::sync::{Api, ApiError, ApiRepo};
use hf_hub::{Repo, RepoType};
use serde::Deserialize;

use super::hub::{PATIENCE, TRIES, is_passing, no_way, refused};
use super::manifest::{FileSpec, HubSource};
use super::names;
use super::pull::Stop;
use super::store::Store;
use super::watched::{self, Meter};
use crate::progress::Progress;

/// How long the first connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// The longest that a server may make us wait before the next try, in seconds.
const LONGEST_WAIT: u64 = 60;

/// What the hub says about a repository at a revision.
#[derive(Debug, Deserialize)]
pub(super) struct Info {
    pub(super) sha: String,
    #[serde(default)]
    siblings: Vec<Sibling>,
}

/// A file of the repository.
#[derive(Debug, Deserialize)]
struct Sibling {
    rfilename: String,
    size: Option<u64>,
    lfs: Option<Lfs>,
}

/// A large file's content.
#[derive(Debug, Deserialize)]
struct Lfs {
    sha256: Option<String>,
    size: Option<u64>,
}

/// A file of the model, with what the manifest and the hub together know of it.
pub(super) struct Wanted<'a> {
    pub(super) spec: &'a FileSpec,
    pub(super) path: &'a str,
    pub(super) size: Option<u64>,
    pub(super) sha256: Option<String>,
}

/// Asks for the repository's commit and files. It is the only request whose waiting times hf-hub lets us set and whose
/// headers it lets us see, so it is also the one that finds out quickly that there is no way to the hub.
pub(super) fn ask(
    api: &Api,
    store: &Store,
    source: &HubSource,
    progress: &dyn Progress,
) -> Result<Info, Stop> {
    let repo = Repo::with_revision(source.repo.clone(), RepoType::Model, source.revision.clone());
    let patience = store.network.patience.unwrap_or(PATIENCE);
    let mut wait = 1;
    let mut tries = 1;
    loop {
        let asked = api.repo(repo.clone());
        let answer = watched::run(&Meter::default(), patience + CONNECT, progress, move |_| {
            answer(&asked, patience)
        });
        let (status, after) = match answer {
            Ok(Answer::Info(info)) => return Ok(info),
            Ok(Answer::Status(status, after)) => (status, after),
            Err(trouble) => return Err(no_way(trouble, patience)),
        };
        if !is_passing(status) || tries >= TRIES {
            return Err(refused(status, source, store.network.token.is_some()));
        }
        let seconds = after.unwrap_or(wait).min(LONGEST_WAIT);
        progress.note(&format!("the hub answers {status}; trying again in {seconds} s"));
        watched::sleep(Duration::from_secs(seconds))?;
        wait *= 2;
        tries += 1;
    }
}

/// The answer to the first question: what was asked for, or the status and the seconds to wait.
enum Answer {
    Info(Info),
    Status(u16, Option<u64>),
}

fn answer(repo: &ApiRepo, patience: Duration) -> Result<Answer, ApiError> {
    let mut response = repo
        .info_request()
        .query("blobs", "true")
        .config()
        .timeout_connect(Some(CONNECT.min(patience)))
        .timeout_global(Some(patience))
        .http_status_as_error(false)
        .build()
        .call()
        .map_err(Box::new)?;
    let status = response.status().as_u16();
    if status == 200 {
        return Ok(Answer::Info(response.body_mut().read_json().map_err(Box::new)?));
    }
    let after = response
        .headers()
        .get("retry-after")
        .and_then(|value| value.to_str().ok()?.trim().parse().ok());
    Ok(Answer::Status(status, after))
}

/// What the manifest and the hub together say about a file; where they contradict each other, it is another file.
/// `None`: the hub does not have it, and the model works without it.
pub(super) fn agree<'a>(
    spec: &'a FileSpec,
    source: &'a HubSource,
    info: &Info,
) -> Result<Option<Wanted<'a>>, Stop> {
    let path = source.path(&spec.name);
    let Some(found) = info.siblings.iter().find(|sibling| sibling.rfilename == path) else {
        if spec.optional {
            return Ok(None);
        }
        let at = &source.revision;
        return Err(Stop::next(format!(
            "has no file \"{path}\" at the revision \"{at}\""
        )));
    };
    let size = found.lfs.as_ref().and_then(|lfs| lfs.size).or(found.size);
    let sha256 = found
        .lfs
        .as_ref()
        .and_then(|lfs| lfs.sha256.clone())
        .filter(|digest| names::is_sha256(digest));
    let differ = matches!((spec.size, size), (Some(a), Some(b)) if a != b)
        || matches!((&spec.sha256, &sha256), (Some(a), Some(b)) if a != b);
    if differ {
        return Err(Stop::next(format!(
            "holds another \"{path}\" than the manifest asks for"
        )));
    }
    let (size, sha256) = (spec.size.or(size), spec.sha256.clone().or(sha256));
    Ok(Some(Wanted {
        spec,
        path,
        size,
        sha256,
    }))
}
