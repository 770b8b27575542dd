//! One translation job: the texts of both sides held against each other, the desk's terms, and the checks as judge.

use std::rc::Rc;
use std::slice;

use crate::align::likeness::Reader;
use crate::align::{self, Claim, Ledger, Side, Signals, Status as ClaimStatus, cues};
use crate::attribution::{self, Claims, Stance};
use crate::check;
use crate::error::Result;
use crate::finding::{Check, Severity};
use crate::neural::Link;
use crate::text::language::Language;
use crate::text::segment;
use crate::text::span::Span;
use crate::translate::glossary::{Glossary, Term};
use crate::translate::{Draft, Guide, Translated, figures};

/// Segments as one text, and who says what in it.
pub(super) struct Joined {
    text: String,
    spans: Vec<Span>,
    claims: Claims,
}

impl Joined {
    pub(super) fn new(segments: &[String], language: Language) -> Self {
        let text = segments.join("\n");
        let mut spans = Vec::with_capacity(segments.len());
        let mut sentences = Vec::new();
        let mut at = 0;
        for segment in segments {
            spans.push(Span::new(at, at + segment.len()));
            sentences.extend(
                segment::sentences(segment, language)
                    .into_iter()
                    .map(|s| s.shifted(at)),
            );
            at += segment.len() + 1;
        }
        let claims = attribution::attribute_text(&text, language, &sentences);
        Self { text, spans, claims }
    }

    fn side(&self, language: Language) -> Side<'_> {
        Side {
            language,
            text: &self.text,
            segments: &self.spans,
            claims: &self.claims,
        }
    }

    /// For each segment the attributions that stand in it: the claims of a ledger have the same numbers.
    pub(super) fn claims_by_segment(&self) -> Vec<Vec<usize>> {
        let inside = |span: &Span| {
            let attributions = self.claims.attributions.iter().enumerate();
            attributions
                .filter(|(_, a)| {
                    let parts = a.cue_spans.iter().chain(&a.source_spans).chain(&a.content_spans);
                    parts.into_iter().next().is_some_and(|part| span.contains(*part))
                })
                .map(|(index, _)| index)
                .collect()
        };
        self.spans.iter().map(inside).collect()
    }
}

/// What is known of one translation job.
pub(super) struct Desk<'a> {
    pub(super) segments: &'a [String],
    pub(super) from: Language,
    pub(super) to: Language,
    pub(super) glossary: &'a Glossary,
    /// What sees which words mean the same, where there is an encoder.
    pub(super) reader: Option<Rc<Reader>>,
}

impl Desk<'_> {
    /// All segments with their translations as a ledger.
    ///
    /// # Errors
    /// Those of the encoder.
    pub(super) fn ledger(&self, id: &str, target: &[Translated]) -> Result<Ledger> {
        let texts: Vec<String> = target.iter().map(|t| t.text.clone()).collect();
        let alignment: Vec<&[Link]> = target.iter().map(|t| t.alignment.as_slice()).collect();
        // where all stayed as it was there is nothing to compare
        let reader = self.reader.as_deref().filter(|_| texts != self.segments);
        self.hold(id, (self.segments, &texts), &alignment, reader)
    }

    fn hold(
        &self,
        id: &str,
        (source, target): (&[String], &[String]),
        alignment: &[&[Link]],
        reader: Option<&Reader>,
    ) -> Result<Ledger> {
        let (source, target) = (Joined::new(source, self.from), Joined::new(target, self.to));
        let (source, target) = (source.side(self.from), target.side(self.to));
        let likeness = reader.map(|reader| reader.read(&source, &target)).transpose()?;
        let signals = Signals {
            likeness: likeness.as_ref(),
            alignment,
            ..Signals::default()
        };
        Ok(align::ledger(id, &source, &target, signals))
    }

    /// How much the ledger says against `hypothesis`: a lost attribution weighs most, then what is almost surely wrong.
    fn against(&self, source: &String, hypothesis: &Draft, reader: Option<&Reader>) -> Result<usize> {
        let both = (slice::from_ref(source), slice::from_ref(&hypothesis.text));
        let ledger = self.hold("", both, &[&hypothesis.alignment], reader)?;
        let lost = ledger.claims.iter().filter(|c| is_lost(c, &ledger)).count();
        let found: usize = check::run(&ledger, &Glossary::default())
            .iter()
            .map(|finding| match (finding.severity, finding.check) {
                (Severity::Error, _) => 2,
                (Severity::Warning, Check::Source | Check::Cue | Check::Number | Check::Polarity) => 1,
                (Severity::Warning, _) => 0,
            })
            .sum();
        let unused = check::glossary::check(&ledger, self.glossary).len();
        Ok(3 * lost + found + unused)
    }

    /// The desk's terms for `text`, and those of the gazetteer for what the desk has none for.
    pub(super) fn terms_for(&self, text: &str) -> Vec<Term> {
        let mut terms = self.glossary.terms_in(text, self.to);
        for (source, target) in align::gazetteer::gazetteer().terms(text, self.from, self.to) {
            if !terms.iter().any(|t| t.source.eq_ignore_ascii_case(&source)) {
                terms.push(Term { source, target });
            }
        }
        terms
    }
}

/// Whether the attribution of `claim` is lost in its ledger, and not only not proven. Where it cannot be told what tells that
/// something is reported, the name of the source alone counts; who has no name may be called by any other word.
pub(super) fn is_lost(claim: &Claim, ledger: &Ledger) -> bool {
    let to = ledger.target.language;
    let gone = |score: Option<f64>| score.is_some_and(|score| score < 0.5);
    // one cue of the target for two of the source: what stands beside it is the one who was found, and nobody else
    let weak = |score: Option<f64>| score.is_some_and(|score| score <= 0.5);
    // one who relays and one who is relayed may well share it
    let related = |other: &Claim| {
        let parent = |c: &Claim| c.parent.and_then(|p| ledger.claims.get(p));
        !gone(claim.evidence.source)
            && (parent(claim).is_some_and(|p| std::ptr::eq(p, other))
                || parent(other).is_some_and(|p| std::ptr::eq(p, claim)))
    };
    let taken = |other: &Claim| {
        other.segment == claim.segment
            && !related(other)
            && other.who != claim.who
            && other.target.cue == claim.target.cue
            && !weak(other.evidence.source)
    };
    let swallowed = weak(claim.evidence.source) && ledger.claims.iter().any(taken);
    let no_name = claim.named && gone(claim.evidence.source);
    let no_cue = cues::known(to) && gone(claim.evidence.cue);
    let missing = claim.status == ClaimStatus::Missing && (no_name || no_cue);
    claim.stance != Stance::Think && (missing || swallowed)
}

impl Guide for Desk<'_> {
    fn terms(&self, _index: usize, text: &str) -> Vec<Term> {
        let mut terms = self.terms_for(text);
        terms.extend(figures::terms(text, self.from, self.to));
        terms
    }

    /// What the ledger says of the hypothesis. The encoder is asked only where something seems to be wrong: it finds
    /// what the other signs do not, and costs more than they do.
    fn cost(&self, index: usize, hypothesis: &Draft) -> Result<usize> {
        let Some(source) = self.segments.get(index) else {
            return Ok(0);
        };
        let cost = self.against(source, hypothesis, None)?;
        match self.reader.as_deref() {
            reader @ Some(_) if cost > 0 => self.against(source, hypothesis, reader),
            _ => Ok(cost),
        }
    }
}
