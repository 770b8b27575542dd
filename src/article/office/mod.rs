//! Office documents (ZIP files with XML inside) → draft. What is unpacked is bounded, whatever the file declares.

mod docx;
mod odt;

use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::draft::Draft;
use super::format::Format;
use super::{Dropped, decode};
use crate::error::{Error, Result};

/// What one file inside may come to, in bytes, and all that are read together.
const LONGEST_PART: u64 = 32 << 20;
const LONGEST_WHOLE: u64 = 64 << 20;

/// The office format of a ZIP file, by the files in it.
pub(super) fn kind(bytes: &[u8]) -> Option<Format> {
    if !bytes.starts_with(b"PK\x03\x04") {
        return None;
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).ok()?;
    if archive.by_name("word/document.xml").is_ok() {
        return Some(Format::Docx);
    }
    let mut kind = String::new();
    let mimetype = archive.by_name("mimetype").ok()?;
    mimetype.take(200).read_to_string(&mut kind).ok()?;
    kind.starts_with("application/vnd.oasis.opendocument.text")
        .then_some(Format::Odt)
}

/// Reads an office document.
///
/// # Errors
/// [`Error::Input`] if it is none of that kind, broken, protected, or larger than any document when unpacked.
pub(super) fn read(name: &str, bytes: &[u8], format: Format) -> Result<Draft> {
    if kind(bytes) != Some(format) {
        return Err(no_document(name, bytes, format));
    }
    let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|e| damaged(name, &e.to_string()))?;
    let mut package = Package {
        name,
        archive,
        left: LONGEST_WHOLE,
    };
    let draft = match format {
        Format::Odt => odt::read(&mut package)?,
        _ => docx::read(&mut package)?,
    };
    if draft.pieces.is_empty() && draft.dropped.is_empty() {
        return Err(
            Error::input(name, "is a document without a text").with_hint("give one with an article in it")
        );
    }
    Ok(draft)
}

/// The refusal of bytes that are no document of `format`, though the name or the user says so.
pub(super) fn no_document(name: &str, bytes: &[u8], format: Format) -> Error {
    let claimed = if format == Format::Odt {
        "OpenDocument text"
    } else {
        "Word document"
    };
    let really = match (kind(bytes), decode::known_binary(bytes)) {
        (Some(Format::Odt), _) => "is an OpenDocument text",
        (Some(_), _) => "is a Word document",
        (None, _) if bytes.starts_with(b"PK\x03\x04") => "is another ZIP file, or a damaged one",
        (None, Some(kind)) => kind,
        (None, None) if std::str::from_utf8(bytes).is_ok() => "is text",
        (None, None) => "has none of its marks",
    };
    Error::input(name, format!("is no {claimed}: it {really}"))
        .with_hint("save the article again, or say what it is with --input-format")
}

fn damaged(name: &str, why: &str) -> Error {
    let why = why.lines().next().unwrap_or_default();
    Error::input(name, format!("is a damaged document ({why})")).with_hint("get the file again")
}

/// The files inside.
struct Package<'a> {
    name: &'a str,
    archive: ZipArchive<Cursor<&'a [u8]>>,
    /// Bytes that may still be unpacked.
    left: u64,
}

impl Package<'_> {
    /// The text of one file inside; `None` if it is not there.
    fn part(&mut self, path: &str) -> Result<Option<String>> {
        let file = match self.archive.by_name(path) {
            Ok(file) => file,
            Err(zip::result::ZipError::FileNotFound) => return Ok(None),
            Err(e) => return Err(damaged(self.name, &format!("{path}: {e}"))),
        };
        let limit = LONGEST_PART.min(self.left);
        let mut bytes = Vec::new();
        file.take(limit + 1)
            .read_to_end(&mut bytes)
            .map_err(|e| damaged(self.name, &format!("{path}: {e}")))?;
        let size = bytes.len() as u64;
        if size > limit {
            let most = if limit == LONGEST_PART {
                LONGEST_PART
            } else {
                LONGEST_WHOLE
            };
            let message = format!("unpacks to more than {} MB ({path})", most >> 20);
            return Err(Error::input(self.name, message).with_hint("no article is so large; save it again"));
        }
        self.left -= size;
        Ok(Some(decode::decode(path, &bytes, true).map_or_else(
            |_| String::from_utf8_lossy(&bytes).into_owned(),
            |decoded| decoded.text,
        )))
    }

    /// The files inside whose name starts so, in order.
    fn named(&self, start: &str) -> Vec<String> {
        let mut names: Vec<String> = self
            .archive
            .file_names()
            .filter_map(|name| name.ok().map(|name| name.into_owned()))
            .filter(|name| name.starts_with(start) && name.ends_with(".xml"))
            .collect();
        names.sort();
        names
    }
}

/// Lists `text` as left out, if there is any.
fn drop_text(dropped: &mut Vec<Dropped>, text: &str, reason: &'static str) {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if !text.is_empty() {
        dropped.push(Dropped { text, reason });
    }
}
