//! What is said in a report of it: "시장은 다리가 열린다고 말했다고 헤럴드가 보도했다", "헤럴드는 시장이 다리가 열린다고
//! 말했다고 보도했다".

use super::super::Draft;
use super::borders::{ends, form_of, particle_of, span_of};
use super::content::{at_quotative, entry_of};
use super::make;
use super::source::topic;
use crate::attribution::lexicon::Frame;
use crate::attribution::passage::Passage;
use crate::text::span::Span;

/// The saying that the content from token `first` to `last` closes with ("… 말했다고"), if it names its speaker.
/// `parent` is the draft of the report.
pub(super) fn said_within(passage: &Passage<'_>, first: usize, last: usize, parent: usize) -> Option<Draft> {
    let ending = ends(passage, "hearsay-quotatives", last)?;
    let entry = entry_of(passage, last).filter(|e| e.frame == Frame::Say)?;
    let closed = at_quotative(passage, first, last, entry)?;
    let speaker = topic(passage, first, closed.last, false).filter(|t| t.speaks)?;
    let begin = span_of(passage, speaker.after, closed.last + 1)?.start;
    let content = vec![Span::new(begin, closed.end.max(begin))];
    let verb = passage.tokens[last].span;
    let cue = Span::new(verb.start, verb.end - particle_of(passage, ending));
    let mut draft = make(entry.stance, Some(speaker.source), cue, content);
    draft.form = form_of(passage, &draft.content);
    draft.polarity = entry.polarity;
    draft.parent = Some(parent);
    Some(draft)
}
