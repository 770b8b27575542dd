//! Document + claims → summary, every sentence tied to the article sentences that support it.
//!
//! The way: [`plan`] picks the groups of article sentences that matter, a [`Summariser`] writes one sentence a
//! group, [`ground`] holds it against the article and [`repair`] mends or replaces what does not hold.
//!
//! What always holds: every sentence of a [`Summary`] has at least one support; a sentence whose support is
//! somebody's claim names that somebody; what stands in quotation marks stands so in the article; what could not
//! be mended was replaced by the article's own words.

pub mod abstractive;
pub mod bait;
pub mod extractive;
pub mod ground;
pub mod plan;
pub mod prompt;
mod rank;
mod repair;
pub mod seq2seq;
mod terms;

use std::collections::HashSet;

use crate::article::Document;
use crate::attribution::Claims;
use crate::error::Result;
use crate::finding::{Check, Finding, Severity};
use crate::progress::{self, Progress};
use crate::text::language::Language;
use ground::Grounds;
use plan::{Group, Plan};

/// How long a summary is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// So many sentences.
    Sentences(usize),
    /// About so many words.
    Words(usize),
}

/// Words of one summary sentence, where only the number of words was asked for.
const WORDS_A_SENTENCE: usize = 25;

impl Length {
    /// How many sentences to write.
    pub fn sentences(self) -> usize {
        match self {
            Self::Sentences(n) => n,
            Self::Words(n) => n.div_ceil(WORDS_A_SENTENCE).max(1),
        }
    }
}

/// How a sentence of the summary came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SentenceMethod {
    /// Written by a model and found to hold.
    Abstractive,
    /// The article's own words.
    Extractive,
    /// Mended: a source was put back, or marks around words that nobody said were taken away.
    Repaired,
}

/// One sentence of a summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SummarySentence {
    /// What it says.
    pub text: String,
    /// The article sentences that support it, ascending; never empty.
    pub supports: Vec<usize>,
    /// The attributions of the article that it carries, as indices into [`Claims::attributions`].
    pub claims: Vec<usize>,
    /// How it came to be.
    pub method: SentenceMethod,
}

/// A summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The language of the article.
    pub language: Language,
    /// Its sentences, in the order of the article.
    pub sentences: Vec<SummarySentence>,
    /// What somebody must look at; `segment` is an index into `sentences`.
    pub findings: Vec<Finding>,
}

/// Writes the sentences of a summary.
pub trait Summariser {
    /// For each of `groups`, in order, one sentence that says what its sentences say. `None`: nothing usable was written.
    ///
    /// # Errors
    /// Only what makes going on pointless; a bad sentence is no error.
    fn write(&mut self, document: &Document, groups: &[Group]) -> Result<Vec<Option<String>>>;

    /// How sentences of this summariser are labelled.
    fn method(&self) -> SentenceMethod;
}

/// Summarises `document`.
///
/// # Errors
/// Those of the summariser; [`crate::error::Error::Input`] if the article has no sentence to work with.
pub fn summarise(
    document: &Document,
    claims: &Claims,
    length: Length,
    summariser: &mut dyn Summariser,
    progress: &dyn Progress,
) -> Result<Summary> {
    let baits = bait::find(document);
    let plan = Plan::new(document, claims, &baits, length.sentences())?;
    let grounds = Grounds::new(document, claims, &plan.usable);
    let mut summary = Summary {
        language: document.article.language,
        sentences: Vec::new(),
        findings: baits
            .iter()
            .map(|&sentence| about_bait(document, sentence))
            .collect(),
    };
    progress.stage("summarising");
    progress::checkpoint()?;
    let drafts = summariser.write(document, &plan.groups)?;
    let mut told = HashSet::new();
    for (group, draft) in plan.groups.iter().zip(drafts) {
        let (sentence, findings) = repair::settle(
            &grounds,
            group,
            draft,
            summariser.method(),
            summary.sentences.len(),
        );
        // two groups may lead to the same words; the reader needs them once
        if told.insert(sentence.text.clone()) {
            summary.sentences.push(sentence);
            summary.findings.extend(findings);
        }
    }
    Ok(summary)
}

fn about_bait(document: &Document, sentence: usize) -> Finding {
    Finding {
        check: Check::Unsupported,
        severity: Severity::Warning,
        segment: 0,
        source: document.sentences.get(sentence).map(|s| s.span),
        target: None,
        message: format!(
            "sentence {sentence} of the article addresses a language model; it was kept out of the summary"
        ),
    }
}
