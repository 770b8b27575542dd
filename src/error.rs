//! Typed errors: what went wrong, the exit code that scripts see, and the way out.

use std::path::{Path, PathBuf};

/// Short for a result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong, sorted by what the user can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A flag, a setting or a combination of them that cannot work.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// What to do instead.
        hint: Option<String>,
    },
    /// An input that cannot be read as what it claims to be.
    #[error("{name}: {message}")]
    Input {
        /// The file's name as the user gave it, or `standard input`.
        name: String,
        /// What is wrong with it.
        message: String,
        /// What to do instead.
        hint: Option<String>,
    },
    /// No model that is here, or that may be fetched, can do it.
    #[error("{message}")]
    NoModel {
        /// What was asked and why it cannot be served.
        message: String,
        /// Which models would serve it, and how to get them.
        hint: Option<String>,
    },
    /// Disk, memory, network, or a broken file: the work failed.
    #[error("{message}")]
    Failed {
        /// What failed, on which file.
        message: String,
        /// What to do instead.
        hint: Option<String>,
    },
    /// A file of the machine could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The user pressed Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// Whoever read standard output has gone; not a failure.
    #[error("standard output was closed")]
    ClosedPipe,
}

impl Error {
    /// Whether nothing else is worth trying after it.
    pub fn ends_all(&self) -> bool {
        matches!(self, Self::Interrupted | Self::ClosedPipe)
    }

    /// A [`Error::Usage`] without a hint.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage {
            message: message.into(),
            hint: None,
        }
    }

    /// A [`Error::Input`] about `name`.
    pub fn input(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Input {
            name: name.into(),
            message: message.into(),
            hint: None,
        }
    }

    /// A [`Error::NoModel`] without a hint.
    pub fn no_model(message: impl Into<String>) -> Self {
        Self::NoModel {
            message: message.into(),
            hint: None,
        }
    }

    /// A [`Error::Failed`] without a hint.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed {
            message: message.into(),
            hint: None,
        }
    }

    /// A [`Error::Io`] on `path`.
    pub fn io(path: impl AsRef<Path>, source: std::io::Error) -> Self {
        Self::Io {
            path: path.as_ref().to_owned(),
            source,
        }
    }

    /// The same error with advice.
    #[must_use]
    pub fn with_hint(mut self, advice: impl Into<String>) -> Self {
        match &mut self {
            Self::Usage { hint, .. }
            | Self::Input { hint, .. }
            | Self::NoModel { hint, .. }
            | Self::Failed { hint, .. } => *hint = Some(advice.into()),
            Self::Io { .. } | Self::Interrupted | Self::ClosedPipe => {}
        }
        self
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Usage { hint, .. }
            | Self::Input { hint, .. }
            | Self::NoModel { hint, .. }
            | Self::Failed { hint, .. } => hint.as_deref(),
            Self::Io { source, .. } => match source.kind() {
                std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                    Some("free some space and run it again")
                }
                std::io::ErrorKind::FileTooLarge => Some(
                    "the file system or `ulimit -f` allows no file of that size; raise it and run it again",
                ),
                std::io::ErrorKind::ReadOnlyFilesystem => {
                    Some("name a folder that may be written to and run it again")
                }
                std::io::ErrorKind::NotFound => Some("check its name, and that its folder is there"),
                std::io::ErrorKind::PermissionDenied => Some("check who may read and write it"),
                _ => None,
            },
            Self::Interrupted | Self::ClosedPipe => None,
        }
    }

    /// The exit code of the contract: 2 usage or input, 3 no model, 4 failed, 130 interrupted.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage { .. } | Self::Input { .. } => 2,
            Self::NoModel { .. } => 3,
            Self::Failed { .. } | Self::Io { .. } => 4,
            Self::Interrupted => 130,
            Self::ClosedPipe => 0,
        }
    }
}

/// candle's errors may carry a long backtrace below their first line; users get the line.
impl From<candle_core::Error> for Error {
    fn from(error: candle_core::Error) -> Self {
        let text = error.to_string();
        let line = text
            .lines()
            .map(str::trim)
            .find(|l| !l.is_empty())
            .unwrap_or("a tensor operation failed");
        Self::failed(line)
    }
}
