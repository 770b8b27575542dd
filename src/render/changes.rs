//! What is not as it was in a story that came again.

use serde_json::{Value, json};

use crate::article::Document;
use crate::update::{Changes, Quote, QuoteChange};

use super::words::{counted, shortened};

/// For programs. Sentences are indices, those that are gone their text.
pub(super) fn json(changes: &Changes) -> Value {
    json!({
        "since": changes.since,
        "new_sentences": changes.new,
        "gone_sentences": changes.gone,
        "kept_summary_sentences": changes.kept,
        "quotes": changes.quotes,
    })
}

/// For people, a line each.
pub(super) fn lines(changes: &Changes, document: &Document) -> Vec<String> {
    let mut lines = vec![format!(
        "{} new or changed, {} gone; {} of the summary taken over",
        counted(changes.new.len(), "sentence"),
        changes.gone.len(),
        changes.kept.len()
    )];
    for change in &changes.quotes {
        lines.push(match change {
            QuoteChange::Wording { former, now } => {
                format!(
                    "{} is quoted with other words: {}, before {}",
                    who(now),
                    words(now),
                    words(former)
                )
            }
            QuoteChange::Speaker { former, now } => {
                format!(
                    "{} is given to {}, before to {}",
                    words(now),
                    who(now),
                    who(former)
                )
            }
            QuoteChange::New { now } => format!("new: {}, {}", words(now), who(now)),
            QuoteChange::Gone { former } => format!("gone: {}, {}", words(former), who(former)),
        });
    }
    for &sentence in &changes.new {
        lines.push(format!(
            "new or changed: {}",
            shortened(document.sentence(sentence), 120)
        ));
    }
    lines
}

fn who(quote: &Quote) -> &str {
    quote.who.as_deref().unwrap_or("nobody named")
}

fn words(quote: &Quote) -> String {
    format!("“{}”", shortened(&quote.text, 80))
}
