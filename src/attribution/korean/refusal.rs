//! Korean refusals: "확인도 부인도 하지 않았다", "논평을 거부했다", "질문에 답하지 않았다".

use super::super::passage::Passage;
use super::borders::{begins, span_of, without_particle};
use super::source::{skip_asides, topic};
use super::{Polarity, Reader, Stance, make};
use crate::text::span::Span;

/// A refusal that begins at a token.
struct Refused {
    /// One past the last token of its cue.
    end: usize,
    stance: Stance,
    /// The noun that is refused ("논평"), for a refusal that names nothing it is about.
    noun: Option<Span>,
}

impl Reader<'_, '_> {
    /// "O를 확인도 부인도 하지 않았다", "O에 대한 논평을 거부했다": neither confirmed nor denied.
    pub(super) fn refusal(&mut self, at: usize) -> Option<usize> {
        let passage = self.passage;
        if let Some(end) = self.unanswered(at) {
            return Some(end);
        }
        let refused = self.refused(at)?;
        let found = topic(passage, self.state.from, at, false)?;
        // "사임설에 대해 언급을": what it is about is the content.
        let after = Some(skip_asides(passage, found.after, at))
            .filter(|&k| k < at)
            .unwrap_or(found.after);
        let about = about(passage, after, at);
        // "시는 논평을 거부했다": what was refused is all there is.
        let bare = refused.noun.filter(|_| about.is_none() && after == at);
        let content = about.or(bare)?;
        let first = at + usize::from(bare.is_some());
        let cue = span_of(passage, first, refused.end)?;
        let mut draft = make(refused.stance, Some(found.source), cue, vec![content]);
        draft.polarity = Polarity::Unconfirmed;
        self.drafts.push(draft);
        self.resume(refused.end - 1)
    }

    /// The refusal whose cue begins at `at`.
    fn refused(&self, at: usize) -> Option<Refused> {
        let (passage, unit) = (self.passage, self.unit);
        if at + 1 >= unit.end {
            return None;
        }
        if passage.listed("doubt", at) && passage.listed("doubt", at + 1) {
            let end = (at..unit.end).find(|&k| passage.is_stop(k)).unwrap_or(unit.end);
            return Some(Refused {
                end,
                stance: Stance::Confirm,
                noun: None,
            });
        }
        (passage.listed("comments", at) && begins(passage, "refuses", at + 1)).then(|| Refused {
            end: at + 2,
            stance: Stance::Say,
            noun: without_particle(passage, at..at + 1, "objects"),
        })
    }

    /// "왜 늦었느냐는 질문에는 답하지 않았다": the question is what is refused.
    fn unanswered(&mut self, at: usize) -> Option<usize> {
        let (passage, unit) = (self.passage, self.unit);
        let question = at.checked_sub(1).filter(|&k| k > self.state.from)?;
        let silent = begins(passage, "answers", at) && begins(passage, "withholds", at + 1);
        if !silent || at + 1 >= unit.end || !passage.listed("question-ends", question) {
            return None;
        }
        let found = topic(passage, self.state.from, question, false)?;
        let content = without_particle(passage, found.after..at, "question-particles")?;
        let cue = span_of(passage, at, at + 2)?;
        let mut draft = make(Stance::Say, Some(found.source), cue, vec![content]);
        draft.polarity = Polarity::Unconfirmed;
        self.drafts.push(draft);
        self.state.source = Some(found.source);
        self.resume(at + 1)
    }
}

/// What the refusal at `at` is about: "O를", "O에", "O에 대한".
fn about(passage: &Passage<'_>, from: usize, at: usize) -> Option<Span> {
    without_particle(passage, from..at, "about-objects").or_else(|| {
        let concerning = usize::from(passage.listed("concerning", at - 1));
        without_particle(passage, from..at.saturating_sub(concerning), "about-particles")
    })
}
