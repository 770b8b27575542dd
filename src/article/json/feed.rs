//! JSON Feed 1.0 and 1.1 (<https://www.jsonfeed.org/version/1.1/>) → drafts, one an item.

use serde_json::Value;

use super::{Object, filled};
use crate::article::draft::Draft;
use crate::article::provenance::Field;
use crate::article::{html, text};
use crate::error::{Error, Result};

pub(super) fn is_feed(object: &Object) -> bool {
    filled(object, "version").is_some_and(|version| version.contains("jsonfeed.org/version"))
}

/// Reads every item; one that fails does not stop the others.
///
/// # Errors
/// [`Error::Input`] if it is not JSON, no feed, or a feed without items.
pub(in crate::article) fn read(name: &str, text: &str) -> Result<Vec<Result<Draft>>> {
    let value: Value = serde_json::from_str(text).map_err(|e| {
        Error::input(
            name,
            format!("is not JSON (line {}, column {})", e.line(), e.column()),
        )
        .with_hint("get the file again; it may be cut off")
    })?;
    let feed = value
        .as_object()
        .filter(|object| is_feed(object))
        .ok_or_else(|| {
            Error::input(name, "is JSON, but no JSON Feed (its \"version\" is none)")
                .with_hint("other JSON is read as ninjs or JSONL, see --input-format")
        })?;
    let items = feed.get("items").and_then(Value::as_array);
    let items: Vec<&Object> = items.into_iter().flatten().filter_map(Value::as_object).collect();
    if items.is_empty() {
        return Err(
            Error::input(name, "is a feed without items").with_hint("get it again when there is news")
        );
    }
    Ok((1..)
        .zip(items)
        .map(|(number, item)| self::item(name, number, item, feed))
        .collect())
}

fn item(name: &str, number: usize, item: &Object, feed: &Object) -> Result<Draft> {
    let title = filled(item, "title").and_then(|title| text::title(name, title));
    let plain = filled(item, "content_text").or_else(|| filled(item, "summary"));
    let mut draft = match (filled(item, "content_html"), plain) {
        (Some(page), _) => Draft::of_page(html::fragment(name, page)?, title),
        (None, Some(plain)) => text::body(plain, title),
        (None, None) => {
            let called = title.unwrap_or_default();
            return Err(
                Error::input(name, format!("item {number} (\"{called}\"): has no text"))
                    .with_hint("the feed gives no text of it; take the page that it links to"),
            );
        }
    };
    draft.id = match item.get("id") {
        Some(Value::Number(id)) => Some(id.to_string()),
        _ => filled(item, "id")
            .or_else(|| filled(item, "url"))
            .map(str::to_owned),
    };
    let authors = [item, feed].map(authors);
    for authors in authors {
        draft.provenance.set_names(authors);
    }
    for (field, value) in [
        (Field::Published, filled(item, "date_published")),
        (Field::Updated, filled(item, "date_modified")),
        (Field::Url, filled(item, "url")),
        (Field::Publisher, filled(feed, "title")),
    ] {
        if let Some(value) = value {
            draft.set(field, value);
        }
    }
    if let Some(language) = filled(item, "language").or_else(|| filled(feed, "language")) {
        draft.declare(language);
    }
    Ok(draft)
}

/// `authors` since 1.1, `author` before.
fn authors(item: &Object) -> Vec<&str> {
    let list = item
        .get("authors")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    list.chain(item.get("author"))
        .filter_map(|author| author.get("name")?.as_str())
        .collect()
}
