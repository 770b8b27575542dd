//! Results in the formats that other programs of a newsroom read: XLIFF and TMX for translators' tools, ninjs and JSON-LD
//! for editorial systems and the web.
//!
//! What always holds: text goes in as it is, character for character; what a format cannot hold (control characters in
//! XML) is written in the way the format provides, or shown as a sign.

pub mod jsonld;
mod marks;
pub mod ninjs;
mod rendition;
pub mod tmx;
pub mod xliff;
mod xml;

use super::ModelUsed;
use crate::align::Ledger;
use crate::finding::Finding;
use crate::translate::Translated;

pub use rendition::{Rendition, renditions_of_digest, renditions_of_translation};

/// Two texts held against each other, and who made the second.
#[derive(Clone, Copy)]
pub struct Bitext<'a> {
    /// Both texts, segment by segment.
    pub ledger: &'a Ledger,
    /// What must be looked at.
    pub findings: &'a [Finding],
    /// What the translator says of each segment; empty for a translation that was given.
    pub segments: &'a [Translated],
    /// The models that took part.
    pub models: &'a [ModelUsed],
}

/// The program and the models, in one line: what translators' tools call the tool.
fn tool(models: &[ModelUsed]) -> String {
    let mut words = vec![format!("byline {}", env!("CARGO_PKG_VERSION"))];
    words.extend(models.iter().map(|model| match &model.revision {
        Some(revision) => format!("{} ({revision})", model.id),
        None => model.id.clone(),
    }));
    words.join("; ")
}
