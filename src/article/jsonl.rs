//! JSONL → articles: `{"id", "text", "language"?}` and what is said of it (`byline`, `published`, `url`, `embargo`, …),
//! one a line. The text is taken character for character.

use std::collections::HashMap;

use serde_json::Value;

use super::layout;
use super::provenance::{Field, Provenance};
use super::{Article, id_of, settle_language};
use crate::error::{Error, Result};
use crate::text::language::Language;

/// Reads every line that is not blank. A line that fails does not stop the others.
///
/// A file that is one JSON object spread over lines, or one array of objects, is read too.
pub(super) fn read(name: &str, text: &str, given: Option<Language>) -> Vec<Result<Article>> {
    let mut seen = Seen::new();
    let is_line = text.trim().lines().count() == 1 && !text.trim_start().starts_with('[');
    if !is_line && let Ok(value) = serde_json::from_str::<Value>(text) {
        let items = match value {
            Value::Array(items) => items,
            single => vec![single],
        };
        return items
            .into_iter()
            .enumerate()
            .map(|(at, item)| article(name, "item", at + 1, item, given, &mut seen))
            .collect();
    }
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(at, text)| line(name, at + 1, text.as_bytes(), given, &mut seen))
        .collect()
}

/// The ids that were given, and where first.
type Seen = HashMap<String, usize>;

/// JSONL that is read a line at a time.
pub struct JsonLines {
    name: String,
    given: Option<Language>,
    seen: Seen,
}

impl JsonLines {
    /// Of the input `name`; `given` is the language that the user says.
    pub fn new(name: &str, given: Option<Language>) -> Self {
        Self {
            name: name.to_owned(),
            given,
            seen: Seen::new(),
        }
    }

    /// The article of line `number`.
    ///
    /// # Errors
    /// [`Error::Input`] if the line holds none.
    pub fn article(&mut self, number: usize, text: &[u8]) -> Result<Article> {
        line(&self.name, number, text, self.given, &mut self.seen)
    }
}

/// The article on line `number` of an input.
fn line(name: &str, number: usize, text: &[u8], given: Option<Language>, seen: &mut Seen) -> Result<Article> {
    let value = serde_json::from_slice(text).map_err(|e| {
        let message = format!("line {number}: not JSON (column {})", e.column());
        Error::input(name, message).with_hint("every line is one object: {\"id\": …, \"text\": …}")
    })?;
    article(name, "line", number, value, given, seen)
}

fn article(
    name: &str,
    place: &str,
    number: usize,
    value: Value,
    given: Option<Language>,
    seen: &mut Seen,
) -> Result<Article> {
    let fail = |message: String| Error::input(name, format!("{place} {number}: {message}"));
    let Value::Object(mut item) = value else {
        return Err(fail("not an object".to_owned()).with_hint("write it as {\"id\": …, \"text\": …}"));
    };
    let id = match item.remove("id") {
        None | Some(Value::Null) => format!("{}:{number}", id_of(name)),
        Some(Value::String(id)) if !id.trim().is_empty() => id,
        Some(Value::Number(id)) => id.to_string(),
        Some(_) => return Err(fail("\"id\" must be a string".to_owned())),
    };
    if let Some(first) = seen.insert(id.clone(), number) {
        seen.insert(id.clone(), first);
        return Err(fail(format!("id \"{id}\" was given before, on {place} {first}"))
            .with_hint("give every article an id of its own"));
    }
    let text = match item.remove("text") {
        Some(Value::String(text)) => text,
        Some(_) => return Err(fail("\"text\" must be a string".to_owned())),
        None => {
            return Err(fail("no \"text\"".to_owned()).with_hint(
                "write it as {\"id\": …, \"text\": …}, or as IPTC ninjs with \"uri\" and \"bodies\"",
            ));
        }
    };
    if text.trim().is_empty() {
        return Err(fail("\"text\" is empty".to_owned()));
    }
    let declared = match item.remove("language") {
        None | Some(Value::Null) => None,
        Some(Value::String(code)) => Some(code.parse::<Language>().map_err(|e| {
            fail(e.to_string())
                .with_hint("\"language\" is a code such as en, uk or ko; leave it out to have it detected")
        })?),
        Some(_) => return Err(fail("\"language\" must be a string".to_owned())),
    };
    let mut warnings = Vec::new();
    // What an item says of itself is an explicit statement, as good as a flag for all of them.
    let language = match declared.or(given) {
        Some(language) => language,
        None => settle_language(&text, None, None, &mut warnings),
    };
    let mut provenance = Provenance::default();
    for (key, value) in &item {
        about(key, value, &mut provenance, &mut warnings);
    }
    warnings.extend(provenance.embargo_line());
    let blocks = layout::blocks(&text);
    Ok(Article {
        id,
        language,
        headline: layout::headline_of(&blocks),
        blocks,
        text,
        dropped: Vec::new(),
        warnings,
        provenance,
        cues: Vec::new(),
    })
}

/// Takes a key that says something of the article; all others belong to other programs.
fn about(key: &str, value: &Value, provenance: &mut Provenance, warnings: &mut Vec<String>) {
    let texts: Vec<&str> = match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        single => single.as_str().into_iter().collect(),
    };
    if matches!(key, "info_sources" | "infosources" | "infoSources") {
        let texts = texts.into_iter().map(str::to_owned);
        provenance.info_sources.extend(texts);
        return;
    }
    match Field::of_key(key) {
        Some(Field::Byline) => provenance.set_names(texts),
        Some(field) => {
            for text in texts {
                provenance.set(field, text, warnings);
            }
        }
        None => {}
    }
}
