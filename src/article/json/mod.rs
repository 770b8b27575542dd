//! JSON that holds articles, told by its keys: ninjs and JSON Feed are read here, `{"id", "text"}` is JSON Lines.

pub(super) mod feed;
pub(super) mod ninjs;

use serde_json::{Map, Value};

use super::format::Format;

pub(super) type Object = Map<String, Value>;

/// What JSON holds, by its first object; `None` if it is nothing that is read.
pub(super) fn kind(text: &str) -> Option<Format> {
    let first = serde_json::Deserializer::from_str(text)
        .into_iter::<Value>()
        .next()?
        .ok()?;
    let item = match &first {
        Value::Array(items) => items.first()?,
        single => single,
    };
    let item = item.as_object()?;
    if item.contains_key("text") {
        Some(Format::Jsonl)
    } else if feed::is_feed(item) {
        Some(Format::Feed)
    } else {
        ninjs::is_ninjs(item).then_some(Format::Ninjs)
    }
}

/// A string that is there and not blank.
fn filled<'v>(item: &'v Object, name: &str) -> Option<&'v str> {
    item.get(name)?.as_str().filter(|text| !text.trim().is_empty())
}
