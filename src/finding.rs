//! What somebody must look at: the one type in which every stage reports a doubt.

use crate::text::span::Span;

/// Which check found it. The names are those of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Check {
    /// A source cannot be found in the translation.
    Source,
    /// The words that tell a claim is reported are gone.
    Cue,
    /// "claimed" became "said", or the like.
    Stance,
    /// A denial became a statement, or the like.
    Polarity,
    /// A quotation was lost, made up, or cut.
    Quote,
    /// A number is missing, new, or different.
    Number,
    /// A name cannot be found.
    Name,
    /// A part of the source has no counterpart.
    Coverage,
    /// The source text was repeated instead of translated.
    Echo,
    /// Wrong language or script.
    Language,
    /// The same words over and over.
    Repetition,
    /// Summary: a claim lost its source.
    Laundered,
    /// Summary: a claim was given to somebody else.
    Misattributed,
    /// Summary: a sentence has no support in the article.
    Unsupported,
}

/// How sure the tool is that something is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Look at it.
    Warning,
    /// Almost surely wrong.
    Error,
}

/// One doubt, tied to a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which check found it.
    pub check: Check,
    /// How sure the check is.
    pub severity: Severity,
    /// The segment (of a ledger) or sentence (of a summary) it is about, from 0.
    pub segment: usize,
    /// Where in the source text, if there is such a place.
    pub source: Option<Span>,
    /// Where in the target text, if there is such a place.
    pub target: Option<Span>,
    /// One line for people.
    pub message: String,
}
