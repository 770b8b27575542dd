//! What the template sees: the page's sections, their rows and tables, as values that only need to be written down.

use serde::Serialize;

use crate::finding::Severity;

/// Two texts or more, side by side.
#[derive(Debug, Serialize)]
pub(super) struct Section {
    pub(super) id: String,
    pub(super) title: String,
    /// The language of the title, where it is a headline.
    pub(super) title_language: Option<&'static str>,
    /// Byline, outlet, dates and address of the article, where its input gives them.
    pub(super) about: Option<String>,
    /// Until when it may not be published.
    pub(super) embargo: Option<String>,
    /// How it came out, a line each.
    pub(super) verdict: Vec<String>,
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Row>,
    pub(super) who: Vec<Who>,
    pub(super) claims: Vec<ClaimRow>,
    /// The sources of a digest, by the numbers of its marks.
    pub(super) sources: Vec<SourceLine>,
    /// How it was made.
    pub(super) foot: Option<String>,
}

/// A language of the section.
#[derive(Debug, Serialize)]
pub(super) struct Column {
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    pub(super) own_name: &'static str,
    /// The direction of its script, as `dir` has it: a text that begins with a foreign name does not show it.
    pub(super) direction: &'static str,
}

/// A segment in all languages.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) headline: bool,
    pub(super) cells: Vec<Cell>,
    pub(super) findings: Vec<Item>,
}

/// A segment in one language.
#[derive(Debug, Default, Serialize)]
pub(super) struct Cell {
    pub(super) pieces: Vec<Piece>,
    /// Marks of claims that have no words of their own here.
    pub(super) absent: Vec<Mark>,
    /// What became of the segment, if that is not plain.
    pub(super) note: Option<&'static str>,
    /// The numbers of the sources, in a digest.
    pub(super) sources: Vec<usize>,
}

/// A stretch of a text in which nothing begins or ends.
#[derive(Debug, Serialize)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) role: Option<&'static str>,
    pub(super) colour: String,
    /// The claims it belongs to, the innermost first.
    pub(super) claims: Vec<String>,
    pub(super) finding: Option<Severity>,
    pub(super) marks: Vec<Mark>,
}

/// The number of a claim in the text: a link to the claim in the table.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Mark {
    pub(super) id: String,
    pub(super) claim: String,
    pub(super) number: usize,
    pub(super) colour: String,
    /// ~ or ✗ where the claim was not verified.
    pub(super) sign: Option<char>,
    pub(super) label: String,
    /// Where the other sides' wording stands.
    pub(super) described_by: String,
}

/// An entry of the legend.
#[derive(Debug, Serialize)]
pub(super) struct Who {
    pub(super) name: Option<String>,
    pub(super) colour: String,
    pub(super) claims: String,
}

/// A claim in the table.
#[derive(Debug, Serialize)]
pub(super) struct ClaimRow {
    pub(super) id: String,
    pub(super) number: usize,
    pub(super) who: Option<String>,
    pub(super) colour: String,
    pub(super) how: String,
    pub(super) relayed_by: Option<usize>,
    pub(super) sides: Vec<ClaimSide>,
}

/// A claim in one language.
#[derive(Debug, Serialize)]
pub(super) struct ClaimSide {
    pub(super) id: String,
    pub(super) mark: String,
    pub(super) sign: Option<char>,
    pub(super) status: Option<String>,
    pub(super) cue: String,
    /// Words that stand apart in the text are apart here.
    pub(super) runs: Vec<Vec<Piece>>,
}

/// A finding beside its segment, with the words it is about unless the message tells them already.
#[derive(Debug, Serialize)]
pub(super) struct Item {
    pub(super) severity: Severity,
    /// Which version it is about.
    pub(super) place: &'static str,
    pub(super) check: String,
    pub(super) message: String,
    pub(super) quotes: Vec<Quote>,
}

/// The words that a finding is about.
#[derive(Debug, Serialize)]
pub(super) struct Quote {
    pub(super) language: &'static str,
    pub(super) text: String,
}

/// A source that the summary rests on.
#[derive(Debug, Serialize)]
pub(super) struct SourceLine {
    pub(super) number: usize,
    pub(super) name: String,
    pub(super) relayed_by: Vec<usize>,
    pub(super) how: String,
    pub(super) sentences: String,
    /// How each translation names it.
    pub(super) names: Vec<Option<String>>,
}
