//! What a batch has done, on disk: appended to as results come, read again by the next run.
//!
//! A journal is lines. An entry is one line of JSON about a result, and below it the result itself, if it is not in a
//! file of its own. What always holds: an entry is there whole or not at all, since what a killed run left half-written
//! at the end is cut off; a result whose bytes are not those that its entry counted is no result.

use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::text::sha256::sha256;

const SCHEMA: &str = "byline/batch/1";

/// What a result was made of. If one of these is another, it is made again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// The SHA-256 of the article: its text and all that was read with it.
    pub input: String,
    /// The SHA-256 of all that was asked for.
    pub settings: String,
    /// The SHA-256 of the models that served it.
    pub models: String,
}

/// A result of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The article's id, unique in the batch.
    pub id: String,
    /// What it was made of.
    #[serde(flatten)]
    pub made: Made,
    /// The exit code that the article alone would have had.
    pub code: u8,
    /// The file that holds the result, in the folder of the journal; none: it stands below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Bytes of the result.
    pub bytes: u64,
    /// The SHA-256 of the result.
    pub sha256: String,
    /// Where in the journal the result begins.
    #[serde(skip)]
    at: u64,
}

#[derive(Serialize, Deserialize)]
struct Head {
    schema: String,
}

/// An open journal; nobody else can open it meanwhile.
pub struct Journal {
    path: PathBuf,
    file: File,
    entries: HashMap<String, Entry>,
    end: u64,
}

impl Drop for Journal {
    /// Gives the lock back. Closing the file would not do: a process that is being started at this moment by another thread
    /// has it open, too, until its own program runs.
    fn drop(&mut self) {
        // where that fails nothing was locked, or the system gives it back
        let _ = self.file.unlock();
    }
}

impl Journal {
    /// Opens the journal at `path`, or begins one.
    ///
    /// # Errors
    /// [`Error::Usage`] if another run holds it, or if the file is no journal; [`Error::Io`] if it cannot be read or
    /// written.
    pub fn open(path: &Path) -> Result<Self> {
        let broken = |e| Error::io(path, e);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(broken)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                return Err(
                    Error::usage(format!("{}: another run is writing there", path.display()))
                        .with_hint("wait for it, or write somewhere else with -o"),
                );
            }
            // a file system without locks (some network shares): going on without one beats not working at all
            Err(std::fs::TryLockError::Error(e)) if e.kind() == std::io::ErrorKind::Unsupported => {}
            Err(std::fs::TryLockError::Error(e)) => return Err(broken(e)),
        }
        let mut journal = Self {
            path: path.to_owned(),
            file,
            entries: HashMap::new(),
            end: 0,
        };
        journal.read()?;
        Ok(journal)
    }

    /// Reads all entries, and cuts off what is not whole.
    fn read(&mut self) -> Result<()> {
        let broken = |e| Error::io(&self.path, e);
        let mut reader = BufReader::new(self.file.try_clone().map_err(broken)?);
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line).map_err(broken)?;
        let head = serde_json::from_slice::<Head>(&line);
        match head {
            Ok(head) if head.schema == SCHEMA => self.end = line.len() as u64,
            // killed while it was begun, or just made
            _ if !line.ends_with(b"\n") && line.len() < 100 => {
                self.file.set_len(0).map_err(broken)?;
                let head = Head {
                    schema: SCHEMA.to_owned(),
                };
                return self.append(&[&to_line(&head)]);
            }
            _ => {
                return Err(
                    Error::usage(format!("{}: is no journal of a batch", self.path.display()))
                        .with_hint("move it away, or write somewhere else with -o"),
                );
            }
        }
        while let Some(entry) = self.next(&mut reader)? {
            self.entries.insert(entry.id.clone(), entry);
        }
        self.file.set_len(self.end).map_err(|e| Error::io(&self.path, e))
    }

    /// The next whole entry; its end is the journal's end so far.
    fn next(&mut self, reader: &mut BufReader<File>) -> Result<Option<Entry>> {
        let broken = |e| Error::io(&self.path, e);
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line).map_err(broken)?;
        let Some(mut entry) = serde_json::from_slice::<Entry>(&line)
            .ok()
            .filter(|_| line.ends_with(b"\n"))
        else {
            return Ok(None);
        };
        entry.at = self.end + line.len() as u64;
        let mut end = entry.at;
        if entry.file.is_none() {
            let mut result = Vec::new();
            let read = reader
                .by_ref()
                .take(entry.bytes + 1)
                .read_to_end(&mut result)
                .map_err(broken)?;
            if read as u64 != entry.bytes + 1
                || result.pop() != Some(b'\n')
                || sha256(&result) != entry.sha256
            {
                return Ok(None);
            }
            end += entry.bytes + 1;
        }
        self.end = end;
        Ok(Some(entry))
    }

    /// The entry of article `id`.
    pub fn state(&self, id: &str) -> Option<&Entry> {
        self.entries.get(id)
    }

    /// The entry of article `id`, if it was made of the same and its result is still what it was.
    pub fn done(&self, id: &str, made: &Made) -> Option<&Entry> {
        let entry = self.state(id).filter(|entry| entry.made == *made)?;
        let whole = match &entry.file {
            None => true,
            Some(file) => std::fs::read(self.folder().join(file)).is_ok_and(|b| sha256(&b) == entry.sha256),
        };
        whole.then_some(entry)
    }

    /// The result of article `id`, whatever it was made of; none if there is none, or if it is not what it was.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub fn result(&self, id: &str) -> Result<Option<String>> {
        let Some(entry) = self.entries.get(id) else {
            return Ok(None);
        };
        let bytes = match &entry.file {
            Some(file) => std::fs::read(self.folder().join(file)).unwrap_or_default(),
            None => {
                let broken = |e| Error::io(&self.path, e);
                let mut file = &self.file;
                let mut bytes = Vec::new();
                file.seek(SeekFrom::Start(entry.at)).map_err(broken)?;
                file.take(entry.bytes).read_to_end(&mut bytes).map_err(broken)?;
                bytes
            }
        };
        let whole = sha256(&bytes) == entry.sha256;
        Ok(String::from_utf8(bytes).ok().filter(|_| whole))
    }

    /// Adds a result: to the journal itself, or to the file `file` beside it, which appears whole or not at all.
    ///
    /// # Errors
    /// If it cannot be written; nothing is counted then.
    pub fn add(&mut self, id: &str, made: Made, code: u8, result: &str, file: Option<String>) -> Result<()> {
        let mut entry = Entry {
            id: id.to_owned(),
            made,
            code,
            bytes: result.len() as u64,
            sha256: sha256(result.as_bytes()),
            file,
            at: 0,
        };
        let line = to_line(&entry);
        entry.at = self.end + line.len() as u64;
        match &entry.file {
            Some(name) => {
                let whole = result.as_bytes().to_vec();
                write_whole(&self.folder().join(name), &mut std::iter::once(Ok(whole)))?;
                self.append(&[&line])?;
            }
            None => self.append(&[&line, result.as_bytes(), b"\n"])?,
        }
        let file = entry.file.clone();
        let former = self.entries.insert(entry.id.clone(), entry);
        if let Some(old) = former
            .and_then(|former| former.file)
            .filter(|old| Some(old) != file.as_ref())
        {
            // an error that has been mended, or a result that does not hold any more
            let _ = std::fs::remove_file(self.folder().join(old));
        }
        Ok(())
    }

    /// Writes the journal anew with the entries of `order` alone, if it holds much else.
    ///
    /// # Errors
    /// If it cannot be written; the old one stays then.
    pub fn tidy(self, order: &[String]) -> Result<()> {
        let known: HashSet<&String> = order.iter().collect();
        for gone in self.entries.values().filter(|e| !known.contains(&e.id)) {
            // the error of an input that cannot be read has the input's name; what is read in it has names of its own
            if let (true, Some(file)) = (gone.made == Made::default(), &gone.file) {
                let _ = std::fs::remove_file(self.folder().join(file));
            }
        }
        let kept: Vec<&Entry> = order.iter().filter_map(|id| self.entries.get(id)).collect();
        let size = |e: &Entry| if e.file.is_none() { e.bytes } else { 200 };
        let needed: u64 = kept.iter().map(|e| size(e)).sum();
        if kept.len() == self.entries.len() && self.end < 3 * needed + 10_000 {
            return Ok(());
        }
        let head = Head {
            schema: SCHEMA.to_owned(),
        };
        let one = |entry: &Entry| -> Result<Vec<u8>> {
            let mut bytes = to_line(entry);
            if entry.file.is_none() {
                bytes.extend(self.result(&entry.id)?.unwrap_or_default().into_bytes());
                bytes.push(b'\n');
            }
            Ok(bytes)
        };
        let mut parts = std::iter::once(Ok(to_line(&head))).chain(kept.into_iter().map(one));
        write_whole(&self.path, &mut parts)
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    fn append(&mut self, parts: &[&[u8]]) -> Result<()> {
        let broken = |e| Error::io(&self.path, e);
        let bytes = parts.concat();
        self.file.seek(SeekFrom::Start(self.end)).map_err(broken)?;
        if let Err(error) = self.file.write_all(&bytes) {
            // what was half-written would stand before the next entry
            let _ = self.file.set_len(self.end);
            return Err(broken(error));
        }
        self.end += bytes.len() as u64;
        Ok(())
    }
}

fn to_line(value: &impl Serialize) -> Vec<u8> {
    // plain structures of strings and numbers always serialise
    let mut line = serde_json::to_vec(value).unwrap_or_default();
    line.push(b'\n');
    line
}

/// Writes a file beside its final name, and renames it. The name beside it is always the same, so that a killed run leaves
/// one such file at the most, which the next one takes.
///
/// # Errors
/// If it cannot be written; nothing is left then.
pub(super) fn write_whole(path: &Path, parts: &mut dyn Iterator<Item = Result<Vec<u8>>>) -> Result<()> {
    let staged = path.with_file_name(".byline-batch.tmp");
    let write = || -> Result<()> {
        let mut file = std::io::BufWriter::new(File::create(&staged).map_err(|e| Error::io(path, e))?);
        for part in parts {
            file.write_all(&part?).map_err(|e| Error::io(path, e))?;
        }
        file.flush().map_err(|e| Error::io(path, e))?;
        std::fs::rename(&staged, path).map_err(|e| Error::io(path, e))
    };
    write().inspect_err(|_| {
        let _ = std::fs::remove_file(&staged);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_that_was_left_is_free_though_its_file_is_still_open_elsewhere() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal");
        let journal = Journal::open(&path).expect("a journal");
        let _elsewhere = journal.file.try_clone().expect("the same open file");
        assert!(Journal::open(&path).is_err(), "one at a time");
        drop(journal);
        Journal::open(&path).expect("free again");
    }
}
