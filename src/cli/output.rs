//! Where results go: standard output piece by piece, or a file that appears whole or not at all.

use std::io::Write;
use std::path::PathBuf;

use crate::error::{Error, Result};

/// The one place that writes data.
pub enum Output {
    /// Standard output.
    Stdout(std::io::Stdout),
    /// A pipe or a device, which cannot be replaced and must not be.
    Stream {
        /// Its name.
        path: PathBuf,
        /// Opened for writing.
        file: std::fs::File,
    },
    /// A file, written beside its final name and renamed by [`Output::finish`].
    File {
        /// The final name.
        path: PathBuf,
        /// What is written so far.
        staged: tempfile::NamedTempFile,
    },
}

impl Output {
    /// Standard output, or `path`.
    ///
    /// # Errors
    /// If the folder of `path` cannot be written to.
    pub fn open(path: Option<&PathBuf>) -> Result<Self> {
        let Some(path) = path else {
            return Ok(Self::Stdout(std::io::stdout()));
        };
        // what a link points to is replaced, not the link
        let path = &std::fs::canonicalize(path).unwrap_or_else(|_| path.clone());
        match std::fs::metadata(path) {
            Ok(about) if about.is_dir() => {
                return Err(
                    Error::usage(format!("{}: is a folder", path.display())).with_hint("name a file in it")
                );
            }
            Ok(about) if !about.is_file() => {
                let file = std::fs::OpenOptions::new()
                    .write(true)
                    .open(path)
                    .map_err(|e| Error::io(path, e))?;
                return Ok(Self::Stream {
                    path: path.clone(),
                    file,
                });
            }
            _ => {}
        }
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => std::path::Path::new("."),
        };
        let staged = tempfile::Builder::new()
            .prefix(".byline-")
            .tempfile_in(folder)
            .map_err(|e| Error::io(path, e))?;
        Ok(Self::File {
            path: path.clone(),
            staged,
        })
    }

    /// Writes `text` with exactly one newline at its end.
    ///
    /// # Errors
    /// [`Error::ClosedPipe`] if nobody reads any more; a full disk.
    pub fn write(&mut self, text: &str) -> Result<()> {
        self.write_exactly(&format!("{}\n", text.trim_end_matches('\n')))
    }

    /// Writes `text` as it is.
    ///
    /// # Errors
    /// As for [`Output::write`].
    pub fn write_exactly(&mut self, text: &str) -> Result<()> {
        let bytes = text.as_bytes();
        let wrote = match self {
            Self::Stdout(out) => {
                let mut out = out.lock();
                out.write_all(bytes).and_then(|()| out.flush())
            }
            Self::Stream { file, .. } => file.write_all(bytes),
            Self::File { staged, .. } => staged.write_all(bytes),
        };
        wrote.map_err(|e| match self {
            Self::Stdout(_) | Self::Stream { .. } if e.kind() == std::io::ErrorKind::BrokenPipe => {
                Error::ClosedPipe
            }
            Self::Stdout(_) => Error::io("standard output", e),
            Self::Stream { path, .. } | Self::File { path, .. } => Error::io(path, e),
        })
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// If it cannot be synced or renamed; nothing is left behind then.
    pub fn finish(self) -> Result<()> {
        let Self::File { path, staged } = self else {
            return Ok(());
        };
        staged.as_file().sync_all().map_err(|e| Error::io(&path, e))?;
        with_usual_permissions(&path, staged)
    }
}

/// A temporary file is private to its owner; the result gets the permissions that any new file would have.
fn with_usual_permissions(path: &std::path::Path, staged: tempfile::NamedTempFile) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path).map_or(0o644, |m| m.permissions().mode() & 0o777);
        staged
            .as_file()
            .set_permissions(std::fs::Permissions::from_mode(mode))
            .map_err(|e| Error::io(path, e))?;
    }
    staged.persist(path).map_err(|e| Error::io(path, e.error))?;
    Ok(())
}
