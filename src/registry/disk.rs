//! Files: hashing, atomic writing, moving between file systems, waiting for another process.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::progress::{Progress, checkpoint};
use crate::text::sha256::hex;

/// Bytes read at a time.
const CHUNK: usize = 1 << 18;

/// The SHA-256 and the size of a file. Stops at Ctrl-C.
pub(super) fn hash(path: &Path) -> Result<(String, u64)> {
    let mut file = File::open(path).map_err(|e| Error::io(path, e))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; CHUNK];
    let mut size = 0;
    loop {
        checkpoint()?;
        let read = file.read(&mut buffer).map_err(|e| Error::io(path, e))?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else {
            return Ok((hex(&hasher.finalize()), size));
        };
        hasher.update(bytes);
        size += read as u64;
    }
}

/// The size of a regular file (links followed), or `None` if there is none.
pub(super) fn size_of(path: &Path) -> Option<u64> {
    fs::metadata(path)
        .ok()
        .filter(fs::Metadata::is_file)
        .map(|meta| meta.len())
}

/// Whether an error says that the disk takes no more, and not that a connection broke.
pub(super) fn is_at_fault(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{FileTooLarge, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    matches!(
        kind,
        StorageFull | QuotaExceeded | FileTooLarge | ReadOnlyFilesystem | PermissionDenied
    )
}

/// Makes a folder with all above it.
pub(super) fn make_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|e| Error::io(path, e))
}

/// Removes a file or folder; one that is not there is fine.
pub(super) fn clear(path: &Path) -> Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::io(path, error)),
        _ => Ok(()),
    }
}

/// Writes a small file so that readers see the old content or the new, never a half.
pub(super) fn write_atomic(path: &Path, content: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    make_folder(folder)?;
    let write = || -> io::Result<()> {
        let mut file = temporary_in(folder)?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(|e| Error::io(path, e))
}

/// A temporary file beside the final name, with the permissions of any new file: caches are shared.
fn temporary_in(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".byline-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// Gives a verified file its final name: a rename, or, from another file system, a copy beside it and a rename.
pub(super) fn publish(from: &Path, to: &Path) -> Result<()> {
    let folder = to.parent().unwrap_or(Path::new("."));
    make_folder(folder)?;
    // What the name stands for must be on the disk before the name is.
    File::open(from)
        .and_then(|file| file.sync_all())
        .map_err(|e| Error::io(from, e))?;
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => copy_beside(from, to, folder),
        other => other.map_err(|e| Error::io(to, e)),
    }
}

fn copy_beside(from: &Path, to: &Path, folder: &Path) -> Result<()> {
    let mut source = File::open(from).map_err(|e| Error::io(from, e))?;
    let mut copy = temporary_in(folder).map_err(|e| Error::io(folder, e))?;
    let mut buffer = vec![0; CHUNK];
    loop {
        checkpoint()?;
        let read = source.read(&mut buffer).map_err(|e| Error::io(from, e))?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else {
            break;
        };
        copy.write_all(bytes).map_err(|e| Error::io(to, e))?;
    }
    copy.as_file().sync_all().map_err(|e| Error::io(to, e))?;
    copy.persist(to).map_err(|e| Error::io(to, e.error))?;
    clear(from)
}

/// A lock that one process at a time holds; given back when it is dropped, or by the system when the process ends.
pub(super) struct Guard {
    _file: File,
}

/// Waits until no other process holds the lock at `path`, telling so once. Stops at Ctrl-C.
pub(super) fn guard(path: &Path, what: &str, progress: &dyn Progress) -> Result<Guard> {
    make_folder(path.parent().unwrap_or(Path::new(".")))?;
    let file = File::options()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(path)
        .map_err(|e| Error::io(path, e))?;
    let mut told = false;
    loop {
        checkpoint()?;
        match file.try_lock() {
            Ok(()) => return Ok(Guard { _file: file }),
            Err(fs::TryLockError::WouldBlock) => {}
            // A file system without locks (some network shares): going on without one beats not working at all.
            Err(fs::TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                return Ok(Guard { _file: file });
            }
            Err(fs::TryLockError::Error(error)) => return Err(Error::io(path, error)),
        }
        if !told {
            progress.note(&format!("{what}: another process is busy with it; waiting"));
            told = true;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Fails if the file system of `folder` has less than `needed` bytes free; where that cannot be known, goes on.
pub(super) fn need_space(folder: &Path, needed: u64) -> Result<()> {
    match free_space(folder) {
        Some(free) if free < needed => Err(Error::failed(format!(
            "{}: {} are needed here and {} are free",
            folder.display(),
            super::human_size(needed),
            super::human_size(free)
        ))
        .with_hint("free some space, or set BYLINE_CACHE (and HF_HOME) to a folder on a larger disk")),
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn free_space(folder: &Path) -> Option<u64> {
    let there: PathBuf = folder.ancestors().find(|path| path.exists())?.to_owned();
    let stat = rustix::fs::statvfs(&there).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

#[cfg(not(unix))]
fn free_space(_folder: &Path) -> Option<u64> {
    None
}
