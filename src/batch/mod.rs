//! Many articles → a result each, in order, resumable: what was made of the same is not made again.
//!
//! What always holds: a result is counted only when it is whole on disk, so that a run that is killed, however hard, loses
//! the article in work and no other, and of a job that looks ahead what it has made for the articles that it looks at; the
//! results of a run that was killed and taken up again are, byte for byte, those of one that was not; one bad article has
//! its error as its result, and the others go on.

mod journal;
mod names;
#[cfg(test)]
mod tests;

use std::collections::{HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::{Value, json};

pub use journal::{Entry, Journal, Made};

use crate::article::Article;
use crate::error::{Error, Result};
use crate::progress::checkpoint;
use crate::text::sha256::sha256;

/// What is to be done with each article.
pub trait Job {
    /// What names all that is asked for, whatever the article.
    fn settings(&self) -> String;

    /// What names the models that serve `article`.
    ///
    /// # Errors
    /// If there is none.
    fn models(&mut self, article: &Article) -> Result<String>;

    /// How many characters of articles it wants to see before the first of them is made.
    fn looks_ahead(&self) -> usize {
        0
    }

    /// These articles will be made next, in this order, and none of them has a former result to take anything from.
    ///
    /// # Errors
    /// [`Error::Interrupted`] alone: what fails for an article fails when it is made.
    fn expect(&mut self, _articles: &[&Article]) -> Result<()> {
        Ok(())
    }

    /// The result, and the exit code that it alone would have. `former` is the result of an earlier state of the article.
    ///
    /// # Errors
    /// Those of the work.
    fn make(&mut self, article: Article, former: Option<&str>) -> Result<(String, u8)>;
}

/// Where results go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Store {
    /// A file for each article, with this extension, and the journal beside them.
    Folder(PathBuf, &'static str),
    /// One file of lines, in the order of the articles, written when all are done; the journal is beside it.
    Lines(PathBuf),
}

impl Store {
    /// The journal's place.
    pub fn journal(&self) -> PathBuf {
        match self {
            Self::Folder(folder, _) => folder.join("batch.journal"),
            Self::Lines(file) => {
                let mut name = file.file_name().unwrap_or_default().to_owned();
                name.push(".journal");
                file.with_file_name(name)
            }
        }
    }
}

/// How far a batch is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Count {
    /// Articles dealt with.
    pub done: usize,
    /// Those among them whose result was there.
    pub kept: usize,
    /// Those among them that failed.
    pub failed: usize,
    /// The highest exit code of those.
    pub worst: u8,
    /// Those among them that somebody must look at.
    pub to_look_at: usize,
    /// Seconds spent on articles that had to be made.
    pub seconds: f64,
}

impl Count {
    /// The exit code of the batch: that of its errors if there was nothing else, 1 if anything must be looked at.
    pub fn exit_code(&self) -> u8 {
        match self.failed {
            0 => u8::from(self.to_look_at > 0),
            all if all == self.done => self.worst,
            _ => 1,
        }
    }

    /// Articles made in a second; none before the first.
    pub fn rate(&self) -> Option<f64> {
        let made = self.done - self.kept;
        (made > 0 && self.seconds > 0.0).then(|| made as f64 / self.seconds)
    }
}

/// One input: the name it has if it cannot be read, and the article.
pub type Item = (String, Result<Article>);

/// Does `job` with each of `items` whose result is not in `journal`, and puts the results into `store`; tells `report` after
/// each.
///
/// # Errors
/// What makes going on pointless: an interrupt, a full disk.
pub fn run(
    items: &mut dyn Iterator<Item = Item>,
    job: &mut dyn Job,
    mut journal: Journal,
    store: &Store,
    report: &mut dyn FnMut(&Count, Option<&Error>),
) -> Result<Count> {
    let settings = sha256(job.settings());
    let (mut order, mut names) = (Vec::new(), HashSet::new());
    let mut count = Count::default();
    let mut ahead = VecDeque::new();
    loop {
        checkpoint()?;
        let began = Instant::now();
        if ahead.is_empty() {
            ahead = coming(items, &mut names, job, &journal, &settings)?;
        }
        let Some(Coming { id, article, done }) = ahead.pop_front() else {
            break;
        };
        order.push(id.clone());
        let outcome = match done {
            Some(code) => Ok(code),
            None => make(&id, article, job, &mut journal, store),
        };
        count.done += 1;
        match outcome {
            Ok(code) => {
                count.to_look_at += usize::from(code > 0);
                if done.is_some() {
                    count.kept += 1;
                } else {
                    count.seconds += began.elapsed().as_secs_f64();
                }
                report(&count, None);
            }
            Err(error) if ends_all(&error) => return Err(error),
            Err(error) => {
                let made = Made::default();
                let object = failure(&id, &error).to_string();
                journal.add(
                    &id,
                    made,
                    error.exit_code(),
                    &object,
                    file(store, &id, "error.json"),
                )?;
                count.failed += 1;
                count.worst = count.worst.max(error.exit_code());
                count.seconds += began.elapsed().as_secs_f64();
                report(&count, Some(&error));
            }
        }
    }
    if let Store::Lines(path) = store {
        compose(path, &journal, &order)?;
    }
    journal.tidy(&order)?;
    Ok(count)
}

/// The next of `items`: one, and as many more as come to `enough` by their `size`.
pub fn window<T>(items: &mut dyn Iterator<Item = T>, enough: usize, size: impl Fn(&T) -> usize) -> Vec<T> {
    let mut window = Vec::new();
    let mut seen = 0usize;
    for item in items {
        seen = seen.saturating_add(size(&item));
        window.push(item);
        if seen >= enough {
            break;
        }
    }
    window
}

/// An article whose turn comes.
struct Coming {
    /// Its id in the batch.
    id: String,
    /// With what its result is made of.
    article: Result<(Article, Made)>,
    /// The exit code of its result, if that is there.
    done: Option<u8>,
}

/// The articles that are looked at together; `job` is told which of them it will have to make, if these are several.
fn coming(
    items: &mut dyn Iterator<Item = Item>,
    names: &mut HashSet<String>,
    job: &mut dyn Job,
    journal: &Journal,
    settings: &str,
) -> Result<VecDeque<Coming>> {
    let size = |(_, article): &Item| article.as_ref().map_or(0, |a| a.text.len());
    let mut coming = VecDeque::new();
    for (name, article) in window(items, job.looks_ahead(), size) {
        let id = unique(article.as_ref().map_or(name, |a| a.id.clone()), names);
        let article = article.and_then(|article| {
            let made = made_of(&article, job, settings)?;
            Ok((article, made))
        });
        let entry = article
            .as_ref()
            .ok()
            .and_then(|(_, made)| journal.done(&id, made));
        let done = entry.map(|entry| entry.code);
        coming.push_back(Coming { id, article, done });
    }
    let open = coming.iter().filter(|next| next.done.is_none());
    // of an article that has come before little is new
    let new: Vec<&Article> = open
        .filter_map(|next| next.article.as_ref().ok().map(|found| (&next.id, found)))
        .filter(|(id, (_, made))| !has_former(journal, id, made))
        .map(|(_, (article, _))| article)
        .collect();
    if new.len() > 1 {
        job.expect(&new)?;
    }
    Ok(coming)
}

/// What the result for `article` is made of.
fn made_of(article: &Article, job: &mut dyn Job, settings: &str) -> Result<Made> {
    Ok(Made {
        // all that was read: blocks and what is said of the article besides its text
        input: sha256(format!("{article:?}")),
        settings: settings.to_owned(),
        models: sha256(job.models(article)?),
    })
}

/// Whether the article has a result of a former state of it, made in the same way.
fn has_former(journal: &Journal, id: &str, made: &Made) -> bool {
    journal
        .state(id)
        .is_some_and(|entry| entry.made.settings == made.settings && entry.made.models == made.models)
}

/// Makes the result of an article, and counts it; gives its exit code.
fn make(
    id: &str,
    article: Result<(Article, Made)>,
    job: &mut dyn Job,
    journal: &mut Journal,
    store: &Store,
) -> Result<u8> {
    let (article, made) = article?;
    let former = match has_former(journal, id, &made) {
        true => journal.result(id)?,
        false => None,
    };
    let (result, code) = job.make(article, former.as_deref())?;
    let extension = match store {
        Store::Folder(_, extension) => extension,
        Store::Lines(_) => "",
    };
    journal.add(id, made, code, &result, file(store, id, extension))?;
    Ok(code)
}

/// The file of a result, if it has one of its own.
fn file(store: &Store, id: &str, extension: &str) -> Option<String> {
    match store {
        Store::Folder(..) => Some(format!("{}.{extension}", names::file_name(id))),
        Store::Lines(_) => None,
    }
}

/// What no other article could do better.
fn ends_all(error: &Error) -> bool {
    error.ends_all() || matches!(error, Error::Io { .. })
}

/// An article's error as its result.
pub fn failure(id: &str, error: &Error) -> Value {
    json!({
        "schema": "byline/error/1",
        "id": id,
        "error": error.to_string(),
        "hint": error.hint(),
        "code": error.exit_code(),
    })
}

/// `id`, or with a number behind it where another article of the batch has it.
fn unique(id: String, names: &mut HashSet<String>) -> String {
    let free = std::iter::once(id.clone())
        .chain((2..).map(|n| format!("{id} ({n})")))
        .find(|name| !names.contains(name));
    let name = free.unwrap_or(id);
    names.insert(name.clone());
    name
}

/// The file of all results, in order; it appears whole or not at all, and stays untouched if it is that already.
fn compose(path: &Path, journal: &Journal, order: &[String]) -> Result<()> {
    let line = |id: &String| -> Result<Vec<u8>> {
        let result = journal
            .result(id)?
            .ok_or_else(|| Error::failed(format!("the result of {id} is not in the journal")))?;
        let mut bytes = result.into_bytes();
        bytes.push(b'\n');
        Ok(bytes)
    };
    journal::write_whole(path, &mut order.iter().map(line))
}
