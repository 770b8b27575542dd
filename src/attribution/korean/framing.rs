//! What stands before the content of a Korean sentence and frames it: "… 에 따르면", "… 를 인용해".

use super::super::SourceKind;
use super::super::kinds::kind_of_word;
use super::super::passage::Passage;
use super::borders::{begins, ends, form_of, is_after_quote, span_of, without_particle};
use super::source::{describes, noun_before, skip_asides, topic};
use super::{Reader, Stance, make};
use crate::text::span::Span;

impl Reader<'_, '_> {
    /// "X에 따르면 C": everything after it is content; what others say in it is relayed.
    pub(super) fn according(&mut self, at: usize) -> Option<usize> {
        let (passage, from) = (self.passage, self.state.from);
        let found = passage.listed("results", at) && at > from && is_document(passage, at - 1);
        if !passage.listed("according", at) && !found || at == from || self.state.outer.is_some() {
            return None;
        }
        let start = noun_before(passage, from, at);
        let source = if found {
            span_of(passage, start, at)?
        } else {
            named_by(passage, start, at)?
        };
        let noun = passage.tokens[at - 1].span;
        let cue_start = if begins(passage, "according-nouns", at - 1) && source.end < noun.start {
            noun.start
        } else {
            source.end
        };
        let cue = Span::new(cue_start, passage.tokens[at].span.end).trimmed(passage.text);
        let content = span_of(passage, at + 1, self.unit.end)?;
        let mut draft = make(Stance::Say, Some(source), cue, vec![content]);
        draft.form = form_of(passage, &[content]);
        self.state.outer = Some(self.drafts.len());
        self.drafts.push(draft);
        self.state.first = self.drafts.len();
        self.resume_clause(at)
    }

    /// "Y를 인용해": Y is relayed by the sentence's source.
    pub(super) fn relay(&mut self, at: usize) -> Option<usize> {
        let passage = self.passage;
        if !passage.listed("relay", at) {
            return None;
        }
        let start = match topic(passage, self.state.from, at, false) {
            Some(found) => {
                self.state.source = Some(found.source);
                found.after
            }
            None => self.state.from,
        };
        // "C라고 소식통을 인용해 전했다": the content stands before whom it is from.
        let closed = (start..at)
            .rev()
            .find(|&k| ends(passage, "hearsay-quotatives", k).is_some() || is_after_quote(passage, k));
        let start = skip_asides(passage, closed.map_or(start, |k| k + 1), at);
        let origin = without_particle(passage, start..at, "objects")?;
        // "관계자의 말을 인용해": who says it, without the noun of saying.
        let owner = (at > start + 1 && begins(passage, "relay-nouns", at - 1))
            .then(|| without_particle(passage, start..at - 1, "genitives"))
            .flatten();
        let origin = owner.unwrap_or(origin);
        self.state.relay = Some((origin, passage.tokens[at].span));
        if closed.is_none() {
            self.state.from = at + 1;
        }
        Some(at + 1)
    }
}

/// Whom "… 에 따르면" at `at` names, in the phrase from `start` on. "검찰의 발표에 따르면": the noun of saying belongs to
/// the cue; "검찰이 발표한 조사에 따르면": a document speaks.
fn named_by(passage: &Passage<'_>, start: usize, at: usize) -> Option<Span> {
    let all = without_particle(passage, start..at, "according-particles")?;
    let noun = passage.tokens[at - 1].span.start;
    let said = at - 1 > start && begins(passage, "according-nouns", at - 1) && !describes(passage, at - 2);
    let owner =
        without_particle(passage, start..at - 1, "genitives").or_else(|| span_of(passage, start, at - 1));
    Some(owner.filter(|_| said && noun < all.end).unwrap_or(all))
}

/// Whether token `at` is a kind of document ("조사", "연구").
fn is_document(passage: &Passage<'_>, at: usize) -> bool {
    kind_of_word(passage.lexicon, passage.lower(at)) == Some(SourceKind::Document)
}
