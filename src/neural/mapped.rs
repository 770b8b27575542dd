//! A file seen as memory: read when and where it is looked at, and shared with everything else that reads it.
#![allow(unsafe_code)]

use std::fs::File;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use memmap2::Mmap;

use crate::error::{Error, Result};

/// A whole file.
#[derive(Clone)]
pub(crate) struct Mapped(Arc<Mmap>);

impl Mapped {
    /// # Errors
    /// [`Error::Io`] if the system cannot map the file.
    pub(crate) fn new(file: &File, path: &Path) -> Result<Self> {
        // SAFETY: the map is read only. A file that another program shortens or rewrites meanwhile is a fault of the
        // memory or gives other numbers; models are files that are put in place whole and then left alone.
        let map = unsafe { Mmap::map(file) }.map_err(|e| Error::io(path, e))?;
        // only advice: a system that does not take it reads later
        #[cfg(unix)]
        let _ = map.advise(memmap2::Advice::WillNeed);
        Ok(Self(Arc::new(map)))
    }
}

/// Bytes of a file or of this program's own.
pub(crate) enum Bytes {
    Mapped(Mapped, Range<usize>),
    Own(Vec<u8>),
}

impl Bytes {
    /// A part of a file, if the file is as long as that.
    pub(crate) fn mapped(file: &Mapped, range: Range<usize>) -> Option<Self> {
        file.0
            .get(range.clone())
            .map(|_| Self::Mapped(file.clone(), range))
    }
}

impl std::ops::Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(file, range) => &file.0[range.clone()],
            Self::Own(bytes) => bytes,
        }
    }
}
