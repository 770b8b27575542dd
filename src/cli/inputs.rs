//! The inputs of a command, one after the other: files as named, or standard input.

use std::collections::VecDeque;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;

use crate::article::{self, Article, Format, JsonLines};
use crate::cli::Articles;
use crate::cli::console::Console;
use crate::cli::lines::{Line, Lines};
use crate::error::{Error, Result};
use crate::text::language::Language;

/// What standard input is called in messages.
pub const STDIN: &str = "standard input";

/// Reads one input as bytes; `-` is standard input.
pub fn read_bytes(path: &Path, console: &Console) -> Result<(String, Vec<u8>)> {
    if path.as_os_str() == "-" {
        say_what_is_awaited(path, console);
        let stdin = std::io::stdin();
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

/// Somebody who forgot to name a file sits before a terminal that does nothing.
fn say_what_is_awaited(path: &Path, console: &Console) {
    if path.as_os_str() == "-" && std::io::stdin().is_terminal() {
        console.say("reading standard input; end with Ctrl-D");
    }
}

/// Why a file could not be read.
pub fn not_readable(name: &str, error: &std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::NotFound => Error::input(name, "no such file"),
        std::io::ErrorKind::PermissionDenied => Error::input(name, "may not be read by you"),
        _ => Error::input(name, error.to_string()),
    }
}

/// An article, or why there is none.
pub struct Item {
    /// What it is called in messages if it could not be read.
    pub name: String,
    /// The article.
    pub article: Result<Article>,
    /// Whether it came as a line of a stream, to which a line is the answer.
    pub line: bool,
    /// Whether whoever sends lines may wait for the answer before the next.
    pub awaited: bool,
}

/// The articles of some inputs, one after the other; JSONL is read a line at a time.
pub struct Inputs<'a> {
    files: VecDeque<PathBuf>,
    format: Option<Format>,
    language: Option<Language>,
    console: &'a Console,
    open: Option<Open>,
}

/// The input at hand.
enum Open {
    Whole(String, std::vec::IntoIter<Result<Article>>),
    Lines {
        lines: Lines,
        articles: JsonLines,
        first: Option<Line>,
    },
}

impl<'a> Inputs<'a> {
    /// Of `files`; none: standard input.
    pub fn new(articles: &Articles, files: Vec<PathBuf>, console: &'a Console) -> Self {
        let files = if files.is_empty() {
            vec![PathBuf::from("-")]
        } else {
            files
        };
        Self {
            files: files.into(),
            format: articles.input_format,
            language: articles.from,
            console,
            open: None,
        }
    }

    fn open(&self, path: &Path) -> Result<Open> {
        if !is_lines(path, self.format) {
            let (name, bytes) = read_bytes(path, self.console)?;
            return self.whole(name, &bytes);
        }
        say_what_is_awaited(path, self.console);
        let mut lines = Lines::open(path)?;
        let name = lines.name().to_owned();
        match lines.next_line()? {
            // one value spread over lines, another encoding, or nothing: read as a whole
            Some((_, Ok(first))) if serde_json::from_slice::<IgnoredAny>(&first).is_err() => {
                let bytes = [first, lines.rest()?].concat();
                self.whole(name, &bytes)
            }
            None => self.whole(name, &[]),
            first => Ok(Open::Lines {
                articles: JsonLines::new(&name, self.language),
                lines,
                first,
            }),
        }
    }

    fn whole(&self, name: String, bytes: &[u8]) -> Result<Open> {
        let articles = article::read(&name, bytes, self.format, self.language)?;
        Ok(Open::Whole(name, articles.into_iter()))
    }
}

impl Iterator for Inputs<'_> {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        loop {
            match self.open.as_mut().and_then(Open::next) {
                Some(item) => return Some(item),
                None => self.open = None,
            }
            let path = self.files.pop_front()?;
            match self.open(&path) {
                Ok(open) => self.open = Some(open),
                Err(error) => {
                    return Some(Item {
                        name: article::id_of(&path.to_string_lossy()),
                        article: Err(error),
                        line: false,
                        awaited: false,
                    });
                }
            }
        }
    }
}

impl Open {
    fn next(&mut self) -> Option<Item> {
        match self {
            Self::Whole(name, articles) => articles.next().map(|article| Item {
                name: name.clone(),
                article,
                line: false,
                awaited: false,
            }),
            Self::Lines {
                lines,
                articles,
                first,
            } => {
                let line = match first.take() {
                    Some(line) => Ok(Some(line)),
                    None => lines.next_line(),
                };
                let (number, line) = match line {
                    Ok(line) => line?,
                    Err(error) => (0, Err(error)),
                };
                let mut name = None;
                let article = line.and_then(|line| {
                    let article = articles.article(number, &line);
                    if article.is_err() {
                        name = id_in(&line);
                    }
                    article
                });
                Some(Item {
                    name: name.unwrap_or_else(|| format!("{}:{number}", lines.name())),
                    article,
                    line: true,
                    awaited: lines.name() == STDIN,
                })
            }
        }
    }
}

/// The id that a line gives though there is no article in it.
fn id_in(line: &[u8]) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(line).ok()?;
    Some(value.get("id")?.as_str()?.to_owned())
}

/// Whether an input is lines by its name, or because the user says so.
pub fn is_lines(path: &Path, format: Option<Format>) -> bool {
    match format {
        Some(format) => format == Format::Jsonl,
        None => path.extension().is_some_and(|e| e == "jsonl" || e == "ndjson"),
    }
}

/// The exit code of one item; its error is printed here, unless it must end everything.
pub fn settle(outcome: Result<u8>, console: &Console) -> Result<u8> {
    match outcome {
        Ok(code) => Ok(code),
        Err(error) if error.ends_all() => Err(error),
        Err(error) => {
            console.error(&error);
            Ok(error.exit_code())
        }
    }
}
