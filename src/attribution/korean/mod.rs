//! Sentence → attributions for Korean, where the cue closes the clause: source + topic particle, content +
//! quotative ending, verb ("주지사는 … 맞았다고 밝혔다"), or "… 에 따르면" before the content.

mod borders;
mod closing;
mod content;
mod framing;
mod inner;
mod refusal;
mod source;
mod verb;

use std::ops::Range;

use super::passage::Passage;
use super::{Draft, Form, Polarity, Stance};
use crate::text::span::Span;

/// What a sentence has told so far.
#[derive(Default)]
struct State {
    /// The source named last in this sentence.
    source: Option<Span>,
    /// The draft that a relay belongs to: its source and cue.
    relay: Option<(Span, Span)>,
    /// Content that a linking ending (-다며) has closed already.
    pending: Vec<Span>,
    /// The linking ending that closed the last of it.
    link: Span,
    /// Whether the verb tells somebody, so that "기자들에게" after the source is no content.
    tells: bool,
    /// Whether the clause before ended in "but" (-지만).
    contrasts: bool,
    /// Whether this clause answers the one before ("… 했지만 … 반박했다"), so that its topic is another speaker.
    counters: bool,
    /// Where the next clause begins.
    from: usize,
    /// The first draft that a hearsay verb to come would cover.
    first: usize,
    /// The draft of "… 에 따르면": what is said after it is relayed by it.
    outer: Option<usize>,
}

/// One sentence as it is read.
struct Reader<'r, 'p> {
    passage: &'r Passage<'p>,
    /// The tokens of the sentence.
    unit: &'r Range<usize>,
    /// All that was found so far, in the sentences before too.
    drafts: &'r mut Vec<Draft>,
    state: State,
}

/// Reads what ends at a token, and gives the token to go on with.
type Step = fn(&mut Reader<'_, '_>, usize) -> Option<usize>;

/// The readings of a token; the first that fits decides.
const STEPS: [Step; 9] = [
    |reader, at| reader.according(at),
    |reader, at| reader.relay(at),
    |reader, at| reader.hearsay(at),
    |reader, at| reader.refusal(at),
    |reader, at| reader.copula(at),
    |reader, at| reader.written(at),
    |reader, at| reader.granted(at),
    |reader, at| reader.linked(at),
    |reader, at| reader.verb(at),
];

/// Reads the sentence `unit`. A source that the sentence drops is the one that spoke last (`drafts`).
pub(super) fn read(passage: &Passage<'_>, unit: &Range<usize>, drafts: &mut Vec<Draft>) {
    let state = State {
        from: unit.start,
        first: drafts.len(),
        ..State::default()
    };
    let mut reader = Reader {
        passage,
        unit,
        drafts,
        state,
    };
    let mut at = unit.start;
    while at < unit.end {
        let next = STEPS.iter().find_map(|step| step(&mut reader, at));
        at = next.unwrap_or(at + 1).max(at + 1);
    }
    reader.unclosed();
}

impl Reader<'_, '_> {
    /// Goes on after token `at`.
    fn resume(&mut self, at: usize) -> Option<usize> {
        self.state.from = at + 1;
        Some(at + 1)
    }

    /// Goes on after token `at` and the comma behind it.
    fn resume_clause(&mut self, at: usize) -> Option<usize> {
        self.resume(at + usize::from(self.passage.is(at + 1, ',')))
    }

    /// Whether token `at` is the last of its sentence but for the stop.
    fn is_last(&self, at: usize) -> bool {
        at + 1 >= self.unit.end || self.passage.is_stop(at + 1)
    }
}

fn make(stance: Stance, source: Option<Span>, cue: Span, content: Vec<Span>) -> Draft {
    Draft {
        form: Form::Indirect,
        stance,
        polarity: Polarity::Asserted,
        source: source.into_iter().collect(),
        cue: vec![cue],
        content,
        parent: None,
        antecedent: None,
    }
}
