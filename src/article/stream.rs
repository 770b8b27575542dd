//! An input → its articles, one after the other. JSONL is read line by line, so that a file of any length takes the memory
//! of a line and its articles come before it ends; all else is one article, or a few, and is read whole.

use std::io::{BufRead, Read};

use serde::de::IgnoredAny;

use super::jsonl::{self, Seen};
use super::{Article, Format, MAX_BYTES, decode, read, too_large};
use crate::error::{Error, Result};
use crate::text::language::Language;

/// The articles of an input.
pub type Articles<'a> = Box<dyn Iterator<Item = Result<Article>> + 'a>;

/// Begins to read an input of `size` bytes, where that is known; its other parameters are those of [`read`].
///
/// # Errors
/// Those of [`read`], and where `input` cannot be read.
pub fn stream<'a>(
    name: &str,
    mut input: impl BufRead + 'a,
    size: Option<u64>,
    format: Option<Format>,
    language: Option<Language>,
) -> Result<Articles<'a>> {
    let first = line_of(name, &mut input)?;
    if is_jsonl(name, &first, format) {
        return Ok(Box::new(Lines {
            name: name.to_owned(),
            first: Some(first),
            input,
            number: 0,
            language,
            seen: Seen::new(),
            broken: false,
        }));
    }
    if let Some(size) = size.filter(|size| *size > MAX_BYTES as u64) {
        return Err(too_large(name, size));
    }
    let mut bytes = first;
    let rest = (MAX_BYTES + 1).saturating_sub(bytes.len());
    let read_rest = input.take(rest as u64).read_to_end(&mut bytes);
    read_rest.map_err(|e| Error::input(name, e.to_string()))?;
    Ok(Box::new(read(name, &bytes, format, language)?.into_iter()))
}

/// The next line with its end, as far as a line may reach; empty at the end of the input.
fn line_of(name: &str, input: &mut impl BufRead) -> Result<Vec<u8>> {
    let mut line = Vec::new();
    let read = input.take(MAX_BYTES as u64 + 1).read_until(b'\n', &mut line);
    read.map_err(|e| Error::input(name, e.to_string()))?;
    Ok(line)
}

/// Whether what begins with the line `first` has one article on each line.
fn is_jsonl(name: &str, first: &[u8], format: Option<Format>) -> bool {
    let Ok(line) = std::str::from_utf8(first) else {
        return false;
    };
    // a file of one line is for `read`, and so is an object or array that goes on
    let text = line.strip_prefix('\u{feff}').unwrap_or(line).trim();
    let whole =
        line.ends_with('\n') && text.starts_with('{') && serde_json::from_str::<IgnoredAny>(text).is_ok();
    let found = || {
        format
            .or_else(|| Format::of_text(text))
            .or_else(|| Format::of_name(name))
    };
    whole && found() == Some(Format::Jsonl)
}

/// An input that has one article on each line.
struct Lines<R> {
    name: String,
    first: Option<Vec<u8>>,
    input: R,
    /// The line that was read last.
    number: usize,
    language: Option<Language>,
    seen: Seen,
    /// Nothing that follows can be read.
    broken: bool,
}

impl<R: BufRead> Lines<R> {
    fn article(&mut self, line: &[u8]) -> Result<Article> {
        let place = format!("{}: line {}", self.name, self.number);
        if line.len() > MAX_BYTES {
            self.broken = true;
            return Err(too_large(&place, line.len() as u64));
        }
        let text = decode::decode(&place, line, false)?.text;
        jsonl::line(&self.name, self.number, &text, self.language, &mut self.seen)
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = Result<Article>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.broken {
            let line = match self.first.take() {
                Some(first) => first,
                None => match line_of(&self.name, &mut self.input) {
                    Ok(line) => line,
                    Err(error) => {
                        self.broken = true;
                        return Some(Err(error));
                    }
                },
            };
            if line.is_empty() {
                return None;
            }
            self.number += 1;
            if !line.iter().all(u8::is_ascii_whitespace) {
                return Some(self.article(&line));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &[u8], name: &str) -> Vec<String> {
        let articles = stream(name, text, None, None, Some(Language::EN)).expect("it begins well");
        let each = articles.map(|article| article.map_or_else(|e| e.to_string(), |article| article.id));
        each.collect()
    }

    const ONE: &str = "{\"id\": \"a\", \"text\": \"The quay is shut.\"}\n";

    #[test]
    fn lines_are_articles_and_a_bad_one_stops_no_other() {
        let text = format!("\u{feff}{ONE}\n{{broken\n{}{ONE}", ONE.replace("\"a\"", "\"b\""));
        let mut bytes = text.into_bytes();
        bytes.extend(b"\"\xff\"\n");
        bytes.extend(ONE.replace("\"a\"", "7").trim_end().bytes());
        let found = ids(&bytes, "standard input");
        assert_eq!(found[..1], ["a"]);
        assert!(found[1].contains("line 3: not JSON"), "{}", found[1]);
        assert_eq!(found[2], "b");
        assert!(
            found[3].contains("line 5: id \"a\" was given before, on line 1"),
            "{}",
            found[3]
        );
        assert!(found[4].contains("line 6"), "{}", found[4]);
        assert_eq!(found[5..], ["7"]);
    }

    #[test]
    fn what_is_not_jsonl_is_read_whole() {
        let pretty = "{\n  \"id\": \"p\",\n  \"text\": \"The quay is shut.\"\n}\n";
        assert_eq!(ids(pretty.as_bytes(), "in.jsonl"), ["p"]);
        assert_eq!(ids(ONE.trim_end().as_bytes(), "x"), ["a"]);
        assert_eq!(ids(b"The quay is shut.\nIt was late.\n", "quay.txt"), ["quay"]);
        let ninjs = "{\"uri\": \"urn:q\", \"body_text\": \"The quay is shut.\"}\n\n";
        assert_eq!(ids(ninjs.as_bytes(), "q.json").len(), 1);
    }

    /// A reader that must not be asked for more than its first lines.
    struct Endless(usize);

    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            self.0 += 1;
            assert!(self.0 < 9, "the articles that were read are not waited for");
            let line = ONE.replace("\"a\"", &self.0.to_string());
            buffer[..line.len()].copy_from_slice(line.as_bytes());
            Ok(line.len())
        }
    }

    #[test]
    fn articles_come_before_the_input_ends() {
        let input = std::io::BufReader::new(Endless(0));
        let articles = stream("in.jsonl", input, None, None, Some(Language::EN)).expect("it begins well");
        let three: Vec<String> = articles.take(3).flatten().map(|article| article.id).collect();
        assert_eq!(three, ["1", "2", "3"]);
    }
}
