//! A story that comes again: what was made of its former state serves for what did not change, and what did is told.
//!
//! In: the digest of the former state, as JSON, and the present article. Out: a summariser and a translator that are asked
//! only for what is new, and the [`Changes`]. What always holds: a sentence is taken over only if all that it rests on
//! stands in the article word for word as before; one that was repaired is made, and checked, again.

mod former;
mod kept;
mod quotes;

pub use former::Former;
pub use kept::{KeptSentences, KeptTranslations};
pub use quotes::{Quote, QuoteChange};

use std::collections::HashSet;

use crate::article::Document;
use crate::attribution::Claims;

/// What is not as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// The SHA-256 of the former text.
    pub since: String,
    /// Sentences of the article that are new or changed, by index.
    pub new: Vec<usize>,
    /// Sentences that stand in the article no more.
    pub gone: Vec<String>,
    /// Sentences of the summary that were taken over, by index.
    pub kept: Vec<usize>,
    /// Quotations whose wording or speaker is another, that are new, or that are gone.
    pub quotes: Vec<QuoteChange>,
}

impl Changes {
    /// From `former` to the present state; `summary` are the sentences of the present summary.
    pub fn new(former: &Former, document: &Document, claims: &Claims, summary: &[String]) -> Self {
        let before: HashSet<&str> = former.sentences.iter().map(String::as_str).collect();
        let now: Vec<&str> = (0..document.sentences.len())
            .map(|i| document.sentence(i))
            .collect();
        let present: HashSet<&str> = now.iter().copied().collect();
        let gone = former.sentences.iter().filter(|s| !present.contains(s.as_str()));
        Self {
            since: former.sha256.clone(),
            new: (0..now.len()).filter(|&i| !before.contains(now[i])).collect(),
            gone: gone.cloned().collect(),
            kept: (0..summary.len())
                .filter(|&i| former.wrote(&summary[i]))
                .collect(),
            quotes: quotes::compare(&former.quotes, &quotes::of(document, claims)),
        }
    }
}
