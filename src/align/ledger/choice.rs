//! Which cue of a target segment each claim of its source segment gets.

use super::Carrier;
use super::candidates::Candidate;
use super::who::Who;
use crate::attribution::Attribution;
use crate::text::span::Span;

impl Carrier<'_> {
    /// For each claim of `group` the candidate that fits best; one serves two only when none is left.
    pub(super) fn assign(
        &self,
        group: &[usize],
        segment: usize,
        candidates: &[Candidate],
    ) -> Vec<Option<usize>> {
        let mut scores: Vec<(f64, usize, usize)> = Vec::new();
        for (claim, &index) in group.iter().enumerate() {
            let attribution = &self.source.claims.attributions[index];
            let who = self.who(attribution, segment);
            for (index, candidate) in candidates.iter().enumerate() {
                let score = self.cue_score(attribution, &who, segment, candidate);
                scores.push((score, claim, index));
            }
        }
        scores.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
        let mut choices: Vec<Option<usize>> = vec![None; group.len()];
        for shared in [false, true] {
            for &(_, claim, candidate) in &scores {
                let free = shared || !choices.contains(&Some(candidate));
                if free && choices[claim].is_none() {
                    choices[claim] = Some(candidate);
                }
            }
        }
        choices
    }

    /// What the links of the translator count for, of those of an encoder: they tell a place and no meaning.
    const TOLD: f64 = 0.3;

    /// How well `candidate` fits: what it says of the speaker's position, who stands beside it, and its place.
    fn cue_score(&self, attribution: &Attribution, who: &Who, segment: usize, candidate: &Candidate) -> f64 {
        let mut score = candidate.fit(attribution.stance);
        if let Some(meaning) = &self.meaning {
            score += meaning.joined(segment, &attribution.cue_spans, &candidate.spans);
        }
        if let Some(told) = &self.told {
            score += Self::TOLD * told.joined(segment, &attribution.cue_spans, &candidate.spans);
        }
        let theirs = candidate
            .attribution
            .and_then(|i| self.target.claims.attributions.get(i));
        if let Some(theirs) = theirs {
            score += 0.3;
            let spoken = |s: &Span| who.spans.iter().any(|w| w.overlaps(*s));
            if theirs.source_spans.iter().any(spoken) {
                score += 0.6;
            }
        }
        if let (Some(cue), Some(source)) = (candidate.spans.first(), who.spans.first()) {
            let gap = if cue.start >= source.end {
                cue.start - source.end
            } else {
                source.start.saturating_sub(cue.end)
            };
            score += 0.3 / (1.0 + gap as f64 / 40.0);
        }
        if let (Some(cue), Some(mine), Some(pair)) = (
            candidate.spans.first(),
            attribution.cue_spans.first(),
            self.pairs.get(segment),
        ) {
            let place =
                |at: usize, span: Span| (at.saturating_sub(span.start)) as f64 / span.len().max(1) as f64;
            score -= 0.25 * (place(cue.start, pair.target) - place(mine.start, pair.source)).abs();
        }
        score
    }
}
