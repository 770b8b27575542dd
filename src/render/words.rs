//! Small words that all formats for people use.

use crate::finding::{Finding, Severity};
use crate::text::span::Span;

/// The contract's word for an enumeration's value.
pub(super) fn name_of<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

/// With a capital at its start.
pub(super) fn capitalised(line: &str) -> String {
    let mut chars = line.chars();
    let first = chars.next().map(|c| c.to_uppercase().collect::<String>());
    first.unwrap_or_default() + chars.as_str()
}

/// "1 source", "2 sources".
pub(super) fn counted(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

/// The first `most` characters, cut at a word.
pub(super) fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((cut, _)) => {
            let head = &text[..cut];
            let end = head.rfind(' ').filter(|&at| at > cut / 2).unwrap_or(cut);
            format!("{}…", head[..end].trim_end())
        }
    }
}

/// A finding in one line: how sure, which check, what.
pub(super) fn finding(finding: &Finding) -> String {
    let sure = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "look at",
    };
    format!("{sure} ({}): {}", name_of(&finding.check), finding.message)
}

/// The words that a finding is about, in quotation marks; empty if it is about no words in particular.
pub(super) fn about(span: Option<Span>, text: &str) -> String {
    span.map(|s| s.of(text).split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|words| !words.is_empty())
        .map(|words| format!("“{}”", shortened(&words, 80)))
        .unwrap_or_default()
}
