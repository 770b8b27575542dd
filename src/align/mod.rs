//! Two texts → the ledger: which segment, name and claim of the one is which of the other, and how sure that is.
//!
//! Goes in: a [`Side`] for each language, read by the attribution engine. Comes out: a [`Ledger`], which owns both texts.
//! What always holds: every span of a ledger lies inside its text; `segments` are in the order of the source and cover every
//! given segment of both sides once; a claim is `verified` only if its source and its cue were both found.

mod alignment;
mod common;
pub mod cues;
mod east;
pub mod gazetteer;
mod ledger;
pub mod likeness;
mod link;
mod meaning;
mod names;
mod pairs;

use likeness::Likeness;

pub use ledger::{ledger, ledger_of_texts};

use crate::attribution::{Claims, Form, Polarity, SourceKind, Stance};
use crate::neural::Link;
use crate::text::language::Language;
use crate::text::span::Span;

/// One language's text, its segments, and what the attribution engine read in it.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// The language.
    pub language: Language,
    /// The whole text.
    pub text: &'a str,
    /// Sentences or paragraphs, in order.
    pub segments: &'a [Span],
    /// Who says what in it.
    pub claims: &'a Claims,
}

/// What models make of two texts, beside what their names, cues and places tell. None of it is needed.
#[derive(Clone, Copy, Default)]
pub struct Signals<'a> {
    /// Which words mean the same, as an encoder sees it.
    pub likeness: Option<&'a Likeness>,
    /// For each segment which part of its translation the translator made of which part of it, counted from the starts of
    /// both; empty where it does not tell. A weak sign: the head of `alignment.rs` says why.
    pub alignment: &'a [&'a [Link]],
    /// Where the target names each source of the source text (an index into its [`Claims::sources`]), where that is known
    /// beforehand: both texts are in one language. Then nobody else is taken for the source. Empty: it is not known.
    pub mentions: &'a [Vec<Span>],
}

/// A text of a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The language.
    pub language: Language,
    /// The text itself.
    pub text: String,
}

/// A segment and its counterpart. An empty span: there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// In the source text.
    pub source: Span,
    /// In the target text.
    pub target: Span,
}

/// The three parts of an attribution on one side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// Who.
    pub source: Vec<Span>,
    /// The words that tell it is reported.
    pub cue: Vec<Span>,
    /// What is reported.
    pub content: Vec<Span>,
}

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Source and cue were found.
    Verified,
    /// The language drops the source rightly; the cue was found.
    Implicit,
    /// A templated attribution was written because none could be found.
    Repaired,
    /// Source or cue could not be found.
    Missing,
}

/// How sure each sign is, from 0 to 1; `None` where there is nothing to compare.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Evidence {
    /// The source stands in the target.
    pub source: Option<f64>,
    /// The cue stands in the target.
    pub cue: Option<f64>,
    /// The quotation stands in the target as one.
    pub quote: Option<f64>,
    /// The words of source and cue whose counterparts, as an encoder sees it, stand in those of the target.
    pub encoder: Option<f64>,
    /// The words of source and cue of which, as the translator tells, it made those of the target. It counts for the
    /// source only where another sign agrees.
    pub alignment: Option<f64>,
}

/// A claim on both sides.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// How the source text words it.
    pub form: Form,
    /// Who, by the fullest name that the source text gives: the same for all claims of one source.
    pub who: Option<String>,
    /// What kind of source it has, if any.
    pub kind: Option<SourceKind>,
    /// What the source text's cue says.
    pub stance: Stance,
    /// What the source text's cue says.
    pub polarity: Polarity,
    /// The claim that relays this one, an index into [`Ledger::claims`].
    pub parent: Option<usize>,
    /// The pair that holds the cue.
    pub segment: usize,
    /// In the source text.
    pub source: Parts,
    /// In the target text.
    pub target: Parts,
    /// The target's cue: what it says of the speaker's position.
    pub target_stance: Option<Stance>,
    /// The target's cue: whether it denies.
    pub target_polarity: Option<Polarity>,
    /// Whether the source has a name that could be found, and not only a role or a pronoun.
    pub named: bool,
    /// What became of it.
    pub status: Status,
    /// Why.
    pub evidence: Evidence,
}

/// A name on both sides.
#[derive(Clone, Debug, PartialEq)]
pub struct NameLink {
    /// In the source text.
    pub source: Span,
    /// In the target text: its words.
    pub target: Vec<Span>,
    /// From 0 to 1.
    pub score: f64,
}

/// A name of the source that has no counterpart in the segment where it should.
#[derive(Clone, Debug, PartialEq)]
pub struct LostName {
    /// The pair.
    pub segment: usize,
    /// In the source text.
    pub source: Span,
    /// In how many other segments the same name was found.
    pub found_elsewhere: usize,
    /// In how many other segments it was looked for in vain.
    pub lost_elsewhere: usize,
    /// Whether it is in the gazetteer: then its forms are known.
    pub known: bool,
    /// Whether it is a medium or institution of the gazetteer: nobody translates those freely.
    pub body: bool,
    /// Whether it is an everyday word as well, such as "Stadium", and may have been translated.
    pub common: bool,
    /// Whether a pronoun that the source does not have stands in the target and may be meant.
    pub meant: bool,
    /// Whether another word of the same name was found in this segment.
    pub part_found: bool,
    /// Whether it was found in the letters of the target's language.
    pub part_spelt: bool,
    /// Whether it is the last word of its name: a surname, where it is a person's.
    pub last: bool,
    /// Where the target explains the name in its own letters, 월마(Wolmar), and the word that it explains is another one
    /// or none: the explanation.
    pub misread: Option<Span>,
}

/// Two texts held against each other.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// Of the article.
    pub id: String,
    /// What was translated.
    pub source: Text,
    /// The translation.
    pub target: Text,
    /// Segments, paired.
    pub segments: Vec<Pair>,
    /// Claims, in the order of the source text.
    pub claims: Vec<Claim>,
    /// Names that were found on both sides.
    pub names: Vec<NameLink>,
    /// Names of the source that were not found.
    pub lost: Vec<LostName>,
    /// Names of the target that have no counterpart in the source: the pair, and where.
    pub strangers: Vec<(usize, Span)>,
    /// Words of names that a segment of the source has more often than the target: the pair, and where.
    pub shared: Vec<(usize, Span)>,
    /// How near the meanings of each pair's sides are, as an encoder sees it; empty without one.
    pub likeness: Vec<Option<f64>>,
}

impl Ledger {
    /// Whether the source or the cue of any claim could not be found.
    pub fn lost_attribution(&self) -> bool {
        self.claims.iter().any(|claim| claim.status == Status::Missing)
    }

    /// The pair that holds byte `at` of the source text.
    pub fn segment_at(&self, at: usize) -> Option<usize> {
        self.segments
            .iter()
            .position(|pair| pair.source.start <= at && at < pair.source.end.max(pair.source.start + 1))
    }
}
