//! The inputs of a command, one after the other: files as named, or standard input.

use std::io::{BufRead, BufReader, IsTerminal, Read};
use std::path::{Path, PathBuf};

use crate::article::{self, Article};
use crate::cli::Articles;
use crate::cli::console::Console;
use crate::error::{Error, Result};

/// What standard input is called in messages.
pub const STDIN: &str = "standard input";

/// Opens one input, `-` is standard input: its name, what is in it, and its size where that is known.
fn open(path: &Path, console: &Console) -> Result<(String, Box<dyn BufRead>, Option<u64>)> {
    if path.as_os_str() == "-" {
        let stdin = std::io::stdin();
        if stdin.is_terminal() {
            console.say("reading standard input; end with Ctrl-D");
        }
        return Ok((STDIN.to_owned(), Box::new(stdin.lock()), None));
    }
    let name = path.display().to_string();
    let file = std::fs::File::open(path).map_err(|e| not_readable(&name, &e))?;
    let about = file.metadata().map_err(|e| not_readable(&name, &e))?;
    if about.is_dir() {
        return Err(Error::input(&name, "is a folder").with_hint("name the files in it"));
    }
    Ok((name, Box::new(BufReader::new(file)), Some(about.len())))
}

/// Reads one input as bytes; `-` is standard input.
pub fn read_bytes(path: &Path, console: &Console) -> Result<(String, Vec<u8>)> {
    let (name, input, size) = open(path, console)?;
    if let Some(size) = size.filter(|size| *size > article::MAX_BYTES as u64) {
        return Err(article::too_large(&name, size));
    }
    let mut bytes = Vec::new();
    input
        .take(article::MAX_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| not_readable(&name, &e))?;
    Ok((name, bytes))
}

fn not_readable(name: &str, error: &std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::NotFound => Error::input(name, "no such file"),
        std::io::ErrorKind::PermissionDenied => Error::input(name, "may not be read by you"),
        _ => Error::input(name, error.to_string()),
    }
}

/// The articles of every input, read as they are asked for. One that cannot be read is an error among them.
pub fn stream<'a>(
    articles: &'a Articles,
    console: &'a Console,
) -> impl Iterator<Item = Result<Article>> + 'a {
    let stdin = articles.files.is_empty().then(|| PathBuf::from("-"));
    let files = stdin.into_iter().chain(articles.files.iter().cloned());
    files.flat_map(move |path| {
        let begun = open(&path, console).and_then(|(name, input, size)| {
            article::stream(&name, input, size, articles.input_format, articles.from)
        });
        begun.unwrap_or_else(|error| Box::new(std::iter::once(Err(error))))
    })
}

/// The exit code of one item; its error is printed here, unless it must end everything.
pub fn settle(outcome: Result<u8>, console: &Console) -> Result<u8> {
    match outcome {
        Ok(code) => Ok(code),
        Err(error @ (Error::Interrupted | Error::ClosedPipe)) => Err(error),
        Err(error) => {
            console.error(&error);
            Ok(error.exit_code())
        }
    }
}
