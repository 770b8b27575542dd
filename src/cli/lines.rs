//! The lines of an input of any length, one at a time in memory.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use crate::article::MAX_BYTES;
use crate::cli::inputs::{STDIN, not_readable};
use crate::error::{Error, Result};

/// An input that is read line by line.
pub struct Lines {
    name: String,
    reader: Box<dyn BufRead>,
    number: usize,
}

/// A line that is not blank: its number from 1, and its bytes without what marks their order.
pub type Line = (usize, Result<Vec<u8>>);

impl Lines {
    /// Opens `path`; `-` is standard input.
    ///
    /// # Errors
    /// [`Error::Input`] if it cannot be read.
    pub fn open(path: &Path) -> Result<Self> {
        let (name, reader): (String, Box<dyn BufRead>) = if path.as_os_str() == "-" {
            (STDIN.to_owned(), Box::new(BufReader::new(std::io::stdin())))
        } else {
            let name = path.display().to_string();
            let file = File::open(path).map_err(|e| not_readable(&name, &e))?;
            (name, Box::new(BufReader::new(file)))
        };
        Ok(Self {
            name,
            reader,
            number: 0,
        })
    }

    /// How many lines of the file `path` are not blank. Nothing is kept of them: this is for telling how far a run is.
    ///
    /// # Errors
    /// [`Error::Input`] if it cannot be read.
    pub fn count(path: &Path) -> Result<usize> {
        let name = path.display().to_string();
        let file = File::open(path).map_err(|e| not_readable(&name, &e))?;
        let mut reader = BufReader::with_capacity(1 << 18, file);
        let (mut count, mut blank) = (0, true);
        loop {
            let buffer = reader.fill_buf().map_err(|e| not_readable(&name, &e))?;
            if buffer.is_empty() {
                return Ok(count);
            }
            for byte in buffer {
                // a line counts with its first byte that is no white space
                count += usize::from(blank && !byte.is_ascii_whitespace());
                blank = *byte == b'\n' || (blank && byte.is_ascii_whitespace());
            }
            let length = buffer.len();
            reader.consume(length);
        }
    }

    /// What the input is called in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The next line that is not blank; one that is too long is passed over, and told.
    ///
    /// # Errors
    /// [`Error::Input`] if the input cannot be read any further.
    pub fn next_line(&mut self) -> Result<Option<Line>> {
        let limit = MAX_BYTES as u64;
        loop {
            let mut line = Vec::new();
            let mut part = self.reader.by_ref().take(limit);
            let read = part.read_until(b'\n', &mut line);
            let read = read.map_err(|e| Error::input(&self.name, e.to_string()))?;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            if read as u64 == limit && !line.ends_with(b"\n") {
                self.skip()?;
                let place = format!("{}, line {}", self.name, self.number);
                let error = Error::input(place, format!("is longer than {} MB", limit >> 20))
                    .with_hint("split it into articles");
                return Ok(Some((self.number, Err(error))));
            }
            let text = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line);
            if !text.iter().all(u8::is_ascii_whitespace) {
                return Ok(Some((self.number, Ok(text.to_vec()))));
            }
        }
    }

    /// All that is left, if it is not too much.
    ///
    /// # Errors
    /// [`Error::Input`] if it cannot be read.
    pub fn rest(&mut self) -> Result<Vec<u8>> {
        let mut rest = Vec::new();
        let mut reader = self.reader.by_ref().take(MAX_BYTES as u64 + 1);
        let read = reader.read_to_end(&mut rest);
        read.map_err(|e| Error::input(&self.name, e.to_string()))?;
        Ok(rest)
    }

    /// Reads on to the end of the line without keeping it.
    fn skip(&mut self) -> Result<()> {
        loop {
            let buffer = self.reader.fill_buf();
            let buffer = buffer.map_err(|e| Error::input(&self.name, e.to_string()))?;
            if buffer.is_empty() {
                return Ok(());
            }
            let end = buffer.iter().position(|b| *b == b'\n');
            let length = end.map_or(buffer.len(), |at| at + 1);
            self.reader.consume(length);
            if end.is_some() {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn lines_are_counted_as_they_are_read() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a.jsonl");
        for text in [
            "",
            "\n \t\n",
            "{}",
            "{}\n",
            " {}\r\n\r\n{\n\n} ",
            "a\n\n\nb\nc\n  \n",
        ] {
            std::fs::write(&path, text).unwrap();
            let mut lines = Lines::open(&path).unwrap();
            let mut read = 0;
            while lines.next_line().unwrap().is_some() {
                read += 1;
            }
            assert_eq!(Lines::count(&path).unwrap(), read, "{text:?}");
        }
    }
}
