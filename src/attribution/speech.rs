//! Speech that goes on beside its cue: in sentences of its own, and over several paragraphs.

use std::ops::Range;

use super::content::trim;
use super::passage::Passage;
use super::{Draft, Form, Stance};
use crate::text::span::Span;

/// What a block leaves for the next one.
#[derive(Default)]
pub(super) struct Carried {
    /// Paragraphs of a speech whose speaker is still to come: each opens a quotation and none closes it.
    waiting: Vec<Span>,
    /// Whether the last speaker's quotation is still open.
    open: bool,
    /// Whether the block before ended with somebody's words and their speaker.
    spoken: bool,
}

impl Carried {
    /// Takes a block that is nothing but speech, if the speech has begun before or is to go on: it opens a quotation
    /// that only a later paragraph closes. Gives whether it was taken.
    pub(super) fn take(&mut self, passage: &Passage<'_>, drafts: &mut [Draft]) -> bool {
        let all = 0..passage.tokens.len();
        let speech = !all.is_empty()
            && all.clone().all(|k| passage.is_quote(k) || passage.is_stop(k))
            && passage.is_quote(0);
        if !speech {
            return false;
        }
        let spans = all
            .filter(|&k| passage.is_quote(k))
            .map(|k| passage.tokens[k].span);
        let unclosed = leaves_open(passage);
        match drafts.last_mut() {
            Some(last) if self.open || self.spoken && !unclosed => {
                go_on(last, spans);
                self.open = unclosed;
            }
            _ if unclosed || !self.waiting.is_empty() => self.waiting.extend(spans),
            _ => return false,
        }
        true
    }

    /// Gives what waited to the first of the `drafts` of a block that goes on with the speech; what nobody claims is
    /// let go. `filled`: a cue of the block before found its content in this one.
    pub(super) fn settle(&mut self, passage: &Passage<'_>, drafts: &mut [Draft], filled: bool) {
        let waited = std::mem::take(&mut self.waiting);
        if let Some(first) = drafts.first_mut()
            && passage.is_quote(0)
            && is_spoken(first)
        {
            first.content.splice(0..0, waited);
        }
        self.open = (filled || !drafts.is_empty()) && leaves_open(passage);
        self.spoken = passage.units.last().is_some_and(|unit| {
            let start = passage.tokens[unit.start].span.start;
            drafts
                .last()
                .is_some_and(|d| tells(d) && d.cue.first().is_some_and(|c| c.start >= start))
        });
    }
}

/// Whether the block ends in a quotation that it does not close.
fn leaves_open(passage: &Passage<'_>) -> bool {
    let last = passage.tokens.len().checked_sub(1);
    last.and_then(|k| passage.quote(k)).is_some_and(|q| !q.closed)
}

/// Adds the quotations that follow in sentences of their own ("…," said Lund, who denied the rest. "…") to what the
/// `drafts` of the sentence before quote last.
pub(super) fn continue_speech(passage: &Passage<'_>, unit: &Range<usize>, drafts: &mut [Draft]) {
    let quoted = |k: usize| passage.is_quote(k);
    let only = unit
        .clone()
        .all(|k| quoted(k) || passage.is_stop(k) || passage.is(k, ',') || passage.tokens[k].is_dash());
    let spoken = drafts.iter().rposition(is_spoken);
    let told = spoken.or_else(|| drafts.iter().rposition(tells));
    let Some(draft) = told.and_then(|k| drafts.get_mut(k)).filter(|_| only) else {
        return;
    };
    let spans = unit
        .clone()
        .filter(|&k| quoted(k))
        .filter_map(|k| passage.tokens.get(k))
        .map(|t| t.span);
    go_on(draft, spans);
}

/// Adds quotations to what a draft tells.
fn go_on(draft: &mut Draft, spans: impl Iterator<Item = Span>) {
    let before = draft.content.len();
    draft.content.extend(spans);
    if draft.form == Form::Indirect && draft.content.len() > before {
        draft.form = Form::Mixed;
    }
}

/// Whether a draft tells somebody's words, so that quotations after it are his.
fn tells(draft: &Draft) -> bool {
    let belief = matches!(draft.stance, Stance::Think | Stance::Promise | Stance::Cite);
    !belief && !draft.source.is_empty() && matches!(draft.form, Form::Direct | Form::Mixed | Form::Indirect)
}

/// A sentence that is nothing but a quotation and has no cue of its own.
pub(super) fn lone_quotation(passage: &Passage<'_>, unit: &Range<usize>) -> Option<Span> {
    let only = unit.clone().all(|k| passage.is_quote(k) || passage.is_stop(k));
    (only && unit.len() <= 2 && passage.quote_words(unit.start) > 1).then(|| passage.tokens[unit.start].span)
}

/// "…" Lund added that …: the quotation before belongs to the speaker that the next sentence names.
pub(super) fn take_up(quote: Span, draft: &mut Draft) {
    let after = draft.content.first().is_none_or(|c| c.start > quote.end);
    let said = matches!(draft.form, Form::Indirect | Form::Mixed | Form::Direct);
    if after && said && draft.source.first().is_none_or(|s| s.start >= quote.end) {
        draft.content.insert(0, quote);
        if draft.form == Form::Indirect {
            draft.form = Form::Mixed;
        }
    }
}

/// The text of a block that a colon announced: its first quotation if it opens with one, else all of it.
pub(super) fn whole_block(passage: &Passage<'_>) -> Option<Span> {
    if passage.is_quote(0) {
        return passage.tokens.first().map(|t| t.span);
    }
    let all = trim(passage, 0..passage.tokens.len())?;
    Some(passage.span(&all))
}

/// Whether a draft has words in quotation marks.
pub(super) fn is_spoken(draft: &Draft) -> bool {
    matches!(draft.form, Form::Direct | Form::Mixed)
}
