//! What was found → what is printed: JSON for programs, text, Markdown and a page for people.

mod changes;
pub mod checked;
pub mod digest;
pub mod exchange;
pub mod html;
pub mod json;
pub mod ledger;
pub mod markdown;
pub mod sources;
pub mod text;
pub mod translation;
mod words;

use crate::align::Ledger;
use crate::article::{Article, Document};
use crate::attribution::Claims;
use crate::finding::{Finding, Severity};
use crate::registry::Task;
use crate::summarise::Summary;
use crate::text::language::Language;
use crate::translate::{Status, Translated};
use crate::update::Changes;

/// A model that took part in making something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelUsed {
    /// What it did.
    pub task: Task,
    /// The language that it translated into.
    pub to: Option<Language>,
    /// Its id in the catalogue, or the name of the user's file.
    pub id: String,
    /// The commit or packages that it came from.
    pub revision: Option<String>,
    /// The SHA-256 of its weights.
    pub sha256: Option<String>,
    /// Its licence.
    pub licence: String,
}

/// A text in another language, and how it holds against its source.
#[derive(Debug)]
pub struct Translation {
    /// The language.
    pub language: Language,
    /// Its segments, one for each of the source's.
    pub segments: Vec<Translated>,
    /// Both texts, held against each other.
    pub ledger: Ledger,
    /// What must be looked at; segments as in the ledger.
    pub findings: Vec<Finding>,
}

/// All that is made of one article.
#[derive(Debug)]
pub struct Digest {
    /// The article and its sentences.
    pub document: Document,
    /// Who says what in it.
    pub claims: Claims,
    /// The summary.
    pub summary: Summary,
    /// For each sentence of the summary the attributions that stand in it, numbered as the claims of the ledgers.
    pub told: Vec<Vec<usize>>,
    /// Its translations. Segment 0 is the headline if the article has one; the sentences of the summary follow.
    pub translations: Vec<Translation>,
    /// The options that it was made with, in words.
    pub settings: String,
    /// What is not as it was, where a former state was given.
    pub changes: Option<Changes>,
}

impl Digest {
    /// The article's headline, in one line.
    pub fn headline(&self) -> Option<String> {
        headline(&self.document.article)
    }

    /// How many segments of a translation stand before the first sentence of the summary.
    pub fn lead(&self) -> usize {
        usize::from(self.headline().is_some())
    }

    /// Whether anything must be looked at: exit code 1. `strict`: also on an attribution that may only not have been
    /// found.
    pub fn needs_attention(&self, strict: bool) -> bool {
        let error = self
            .summary
            .findings
            .iter()
            .any(|f| f.severity == Severity::Error);
        error || self.translations.iter().any(|t| t.needs_attention(strict))
    }
}

impl Translation {
    /// Whether anything must be looked at: an error, or a segment that stayed untranslated. `strict`: also an attribution
    /// that is neither found nor put back, sure or not.
    pub fn needs_attention(&self, strict: bool) -> bool {
        (strict && self.ledger.lost_attribution())
            || self.findings.iter().any(|f| f.severity == Severity::Error)
            || self.segments.iter().any(|s| s.status == Status::Untranslated)
    }
}

/// The headline of `article`, in one line.
pub fn headline(article: &Article) -> Option<String> {
    article
        .headline
        .map(|span| {
            span.of(&article.text)
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
        })
        .filter(|text| !text.is_empty())
}
