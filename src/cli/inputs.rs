//! The inputs of a command, one after the other: files as named, or standard input.

use std::io::{IsTerminal, Read};
use std::path::Path;

use crate::article::{self, Article};
use crate::cli::Articles;
use crate::cli::console::Console;
use crate::error::{Error, Result};

/// What standard input is called in messages.
pub const STDIN: &str = "standard input";

/// Reads one input as bytes; `-` is standard input.
pub fn read_bytes(path: &Path, console: &Console) -> Result<(String, Vec<u8>)> {
    if path.as_os_str() == "-" {
        let stdin = std::io::stdin();
        if stdin.is_terminal() {
            console.say("reading standard input; end with Ctrl-D");
        }
        let mut bytes = Vec::new();
        stdin
            .lock()
            .take(article::MAX_BYTES as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(|e| Error::input(STDIN, e.to_string()))?;
        return Ok((STDIN.to_owned(), bytes));
    }
    let name = path.display().to_string();
    let too_large = |size: u64| article::too_large(&name, size);
    let read = || -> Result<Vec<u8>> {
        let file = std::fs::File::open(path).map_err(|e| not_readable(&name, &e))?;
        let about = file.metadata().map_err(|e| not_readable(&name, &e))?;
        if about.is_dir() {
            return Err(Error::input(&name, "is a folder").with_hint("name the files in it"));
        }
        if about.len() > article::MAX_BYTES as u64 {
            return Err(too_large(about.len()));
        }
        let mut bytes = Vec::new();
        file.take(article::MAX_BYTES as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(|e| not_readable(&name, &e))?;
        Ok(bytes)
    };
    let bytes = read()?;
    Ok((name, bytes))
}

fn not_readable(name: &str, error: &std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::NotFound => Error::input(name, "no such file"),
        std::io::ErrorKind::PermissionDenied => Error::input(name, "may not be read by you"),
        _ => Error::input(name, error.to_string()),
    }
}

/// Runs `work` on every article of every input; one that fails is reported and the others go on.
/// Gives the worst exit code.
///
/// # Errors
/// Only what makes going on pointless: an interrupt, a closed pipe.
pub fn for_each(
    articles: &Articles,
    console: &Console,
    mut work: impl FnMut(Article) -> Result<u8>,
) -> Result<u8> {
    let stdin = [std::path::PathBuf::from("-")];
    let files = if articles.files.is_empty() {
        &stdin[..]
    } else {
        &articles.files[..]
    };
    let mut worst = 0;
    for path in files {
        let outcomes = read_bytes(path, console)
            .and_then(|(name, bytes)| article::read(&name, &bytes, articles.input_format, articles.from));
        let found = match outcomes {
            Ok(found) => found,
            Err(error) => vec![Err(error)],
        };
        for article in found {
            let outcome = article.and_then(|article| {
                console.about_input(&article);
                work(article)
            });
            worst = worst.max(settle(outcome, console)?);
        }
    }
    Ok(worst)
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
