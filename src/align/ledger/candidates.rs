//! What of the target may be the cue of a claim.

use super::Carrier;
use crate::align::Pair;
use crate::align::cues::{self, Cue};
use crate::attribution::{Attribution, Polarity, Stance};
use crate::text::span::Span;

/// How sure a cue is that nothing but an encoder tells: enough to be found, less than by any other sign.
const BY_MEANING: f64 = 0.55;

/// A cue of the target that may carry a claim.
pub(super) struct Candidate {
    pub(super) spans: Vec<Span>,
    pub(super) stances: Vec<Stance>,
    pub(super) negated: bool,
    /// The target's own attribution, if its engine found one here.
    pub(super) attribution: Option<usize>,
    /// Whether nothing but an encoder tells that it is a cue.
    pub(super) by_meaning: bool,
}

impl Candidate {
    /// Whether what it tells is told as not so.
    pub(super) fn polarity(&self) -> Polarity {
        let denies = !self.stances.is_empty() && self.stances.iter().all(|s| *s == Stance::Deny);
        if denies != self.negated {
            Polarity::Denied
        } else {
            Polarity::Asserted
        }
    }

    /// How well it tells `stance`, from 0 to 1.
    pub(super) fn fit(&self, stance: Stance) -> f64 {
        let limit = if self.by_meaning { BY_MEANING } else { 1.0 };
        cues::fit(stance, &self.stances).min(limit)
    }
}

impl Carrier<'_> {
    /// The cues of the target segment: those of its own attributions first, then what the lexicon knows.
    pub(super) fn candidates(&self, segment: usize) -> Vec<Candidate> {
        let Some(pair) = self.pairs.get(segment) else {
            return Vec::new();
        };
        let mut list: Vec<Candidate> = Vec::new();
        let lexical = cues::find(pair.target.of(self.target.text), self.target.language);
        let shift = |cue: &Cue| cue.span.shifted(pair.target.start);
        for (index, attribution) in self.target.claims.attributions.iter().enumerate() {
            let inside: Vec<Span> = attribution
                .cue_spans
                .iter()
                .copied()
                .filter(|s| pair.target.contains(*s))
                .collect();
            if inside.is_empty() {
                continue;
            }
            let same: Vec<&Cue> = lexical
                .iter()
                .filter(|c| inside.iter().any(|s| s.overlaps(shift(c))))
                .collect();
            let mut stances = vec![attribution.stance];
            stances.extend(same.iter().flat_map(|c| c.stances.iter().copied()));
            let negated = same.iter().any(|c| c.negated);
            list.push(Candidate {
                spans: inside,
                stances,
                negated,
                attribution: Some(index),
                by_meaning: false,
            });
        }
        for cue in lexical {
            let span = shift(&cue);
            if !list.iter().any(|c| c.spans.iter().any(|s| s.overlaps(span))) {
                list.push(Candidate {
                    spans: vec![span],
                    stances: cue.stances,
                    negated: cue.negated,
                    attribution: None,
                    by_meaning: false,
                });
            }
        }
        list.extend(self.colons(pair).map(|span| Candidate {
            spans: vec![span],
            stances: vec![Stance::Say],
            negated: false,
            attribution: None,
            by_meaning: false,
        }));
        list
    }

    /// Words that mean what a cue of the source means, where the lexicon does not know them.
    pub(super) fn add_by_meaning(&self, group: &[usize], segment: usize, candidates: &mut Vec<Candidate>) {
        let Some(meaning) = &self.meaning else { return };
        for &claim in group {
            let attribution = &self.source.claims.attributions[claim];
            let (spans, share) = meaning.words(segment, &attribution.cue_spans);
            let known = |c: &Candidate| c.spans.iter().any(|s| spans.iter().any(|t| t.overlaps(*s)));
            if share >= 0.5 && !spans.is_empty() && !candidates.iter().any(known) {
                candidates.push(Candidate {
                    spans,
                    stances: vec![attribution.stance],
                    negated: false,
                    attribution: None,
                    by_meaning: true,
                });
            }
        }
    }

    /// Whether a colon is the cue ("Lund: “…”").
    pub(super) fn by_colon(&self, attribution: &Attribution) -> bool {
        attribution
            .cue_spans
            .iter()
            .any(|s| s.of(self.source.text) == ":")
    }

    /// The colons of the target of `pair`, if one is a cue in its source ("Lund: “…”").
    fn colons(&self, pair: &Pair) -> impl Iterator<Item = Span> {
        let here = |a: &&Attribution| a.cue_spans.iter().any(|s| pair.source.contains(*s));
        let claims = &self.source.claims.attributions;
        let told = claims.iter().filter(here).any(|a| self.by_colon(a));
        let (text, start) = (pair.target.of(self.target.text), pair.target.start);
        text.match_indices([':', '：'])
            .filter(move |_| told)
            .map(move |(at, mark)| Span::new(start + at, start + at + mark.len()))
    }
}
