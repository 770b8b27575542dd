//! Sentence → attributions for Korean, where the cue closes the clause: source + topic particle, content +
//! quotative ending, verb ("주지사는 … 맞았다고 밝혔다"), or "… 에 따르면" before the content.

mod borders;
mod closing;
mod content;
mod source;

use std::ops::Range;

use super::clause::last_speaker;
use super::kinds::kind_of_word;
use super::lexicon::{Entry, Frame, Lexicon};
use super::passage::Passage;
use super::{Draft, Form, Polarity, SourceKind, Stance};
use crate::text::span::Span;
use borders::{begins, cue_span, ends, form_of, span_of, without_particle};
use closing::{copula, granted, hearsay, refusal, written};
use content::{content_end, entry_of};
use source::{Start, clause_start, noun_before, relative_head, skip_asides, source_after, topic};

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

/// Reads the sentence `unit`. A source that the sentence drops is the one that spoke last (`drafts`).
pub(super) fn read(passage: &Passage<'_>, unit: &Range<usize>, drafts: &mut Vec<Draft>) {
    let mut state = State {
        from: unit.start,
        first: drafts.len(),
        ..State::default()
    };
    let mut at = unit.start;
    while at < unit.end {
        let next = according(passage, unit, at, &mut state, drafts)
            .or_else(|| relay(passage, at, &mut state))
            .or_else(|| hearsay(passage, unit, at, &mut state, drafts))
            .or_else(|| refusal(passage, unit, at, &mut state, drafts))
            .or_else(|| copula(passage, unit, at, &mut state, drafts))
            .or_else(|| written(passage, unit, at, &mut state, drafts))
            .or_else(|| granted(passage, at, &mut state, drafts))
            .or_else(|| linked(passage, at, &mut state, drafts))
            .or_else(|| verb(passage, unit, at, &mut state, drafts));
        at = next.unwrap_or(at + 1).max(at + 1);
    }
    unclosed(passage, unit, &mut state, drafts);
}

/// "X에 따르면 C": everything after it is content; what others say in it is relayed.
fn according(
    passage: &Passage<'_>,
    unit: &Range<usize>,
    at: usize,
    state: &mut State,
    drafts: &mut Vec<Draft>,
) -> Option<usize> {
    let found = passage.listed("results", at) && at > state.from && is_document(passage, at - 1);
    if !passage.listed("according", at) && !found || at == state.from || state.outer.is_some() {
        return None;
    }
    let start = noun_before(passage, state.from, at);
    let source = if found {
        span_of(passage, start, at)?
    } else {
        let all = without_particle(passage, start..at, &["에", "의"])?;
        let noun = passage.tokens[at - 1].span.start;
        // "검찰의 발표에 따르면": the noun of saying belongs to the cue.
        let said = at - 1 > start && begins(passage, "according-nouns", at - 1);
        let owner =
            without_particle(passage, start..at - 1, &["의"]).or_else(|| span_of(passage, start, at - 1));
        owner.filter(|_| said && noun < all.end).unwrap_or(all)
    };
    let from = if begins(passage, "according-nouns", at - 1) && source.end < passage.tokens[at - 1].span.start
    {
        passage.tokens[at - 1].span.start
    } else {
        source.end
    };
    let cue = Span::new(from, passage.tokens[at].span.end).trimmed(passage.text);
    let content = span_of(passage, at + 1, unit.end)?;
    let mut draft = make(Stance::Say, Some(source), cue, vec![content]);
    draft.form = form_of(passage, &[content]);
    state.outer = Some(drafts.len());
    drafts.push(draft);
    state.from = at + 1 + usize::from(passage.is(at + 1, ','));
    state.first = drafts.len();
    Some(state.from)
}

/// Whether token `at` is a kind of document ("조사", "연구").
fn is_document(passage: &Passage<'_>, at: usize) -> bool {
    kind_of_word(passage.lexicon, passage.lower(at)) == Some(SourceKind::Document)
}

/// "Y를 인용해": Y is relayed by the sentence's source.
fn relay(passage: &Passage<'_>, at: usize, state: &mut State) -> Option<usize> {
    if !passage.listed("relay", at) {
        return None;
    }
    let start = match topic(passage, state.from, at, false) {
        Some(found) => {
            state.source = Some(found.source);
            found.after
        }
        None => state.from,
    };
    // "C라고 소식통을 인용해 전했다": the content stands before whom it is from.
    let closed = (start..at)
        .rev()
        .find(|&k| ends(passage, "hearsay-quotatives", k).is_some() || is_after_quote(passage, k));
    let start = skip_asides(passage, closed.map_or(start, |k| k + 1), at);
    let origin = without_particle(passage, start..at, &["을", "를"])?;
    // "관계자의 말을 인용해": who says it, without the noun of saying.
    let owner = (at > start + 1 && begins(passage, "relay-nouns", at - 1))
        .then(|| without_particle(passage, start..at - 1, &["의"]))
        .flatten();
    let origin = owner.unwrap_or(origin);
    state.relay = Some((origin, passage.tokens[at].span));
    if closed.is_none() {
        state.from = at + 1;
    }
    Some(at + 1)
}

/// Whether `k` is the particle behind a quotation.
fn is_after_quote(passage: &Passage<'_>, k: usize) -> bool {
    k > 0 && passage.listed("after-quotes", k) && passage.is_quote(k - 1)
}

/// "C다며": content goes on with what the next verb closes.
fn linked(passage: &Passage<'_>, at: usize, state: &mut State, drafts: &[Draft]) -> Option<usize> {
    let token = passage.tokens.get(at)?.span;
    let word = token.of(passage.text);
    let linking = passage.lexicon.list("linking");
    let bare = at > 0
        && passage.is_quote(at - 1)
        && linking.iter().any(|w| {
            word.strip_suffix(w.as_str())
                .is_some_and(|rest| ["", "라", "이라", "다", "이다"].contains(&rest))
        });
    let ending = linking.iter().find(|w| {
        ["다", "라", "자", "냐"]
            .iter()
            .any(|v| word.ends_with(&format!("{v}{w}")))
    });
    if passage.listed("linking-not", at) || !bare && ending.is_none() {
        return None;
    }
    let start = clause_start(passage, state, drafts, at)?;
    if let Some(source) = start.source {
        state.source = Some(source);
    }
    let end = if bare {
        passage.tokens[at - 1].span.end
    } else {
        token.end - ending.map_or(0, |w| w.len())
    };
    let last = at - usize::from(bare);
    let first = if opens_late(passage, start.content, last) {
        last
    } else {
        start.content
    };
    let begin = passage.tokens.get(first)?.span.start;
    if begin < end {
        state.pending.push(Span::new(begin, end));
        state.link = if bare { token } else { Span::new(end, token.end) };
    }
    state.from = at + 1 + usize::from(passage.is(at + 1, ','));
    Some(state.from)
}

/// "“수사 중”이라며 말을 아꼈다": the linking ending is all the cue there is.
fn unclosed(passage: &Passage<'_>, unit: &Range<usize>, state: &mut State, drafts: &mut Vec<Draft>) {
    let content = std::mem::take(&mut state.pending);
    let form = form_of(passage, &content);
    let source = state
        .source
        .or_else(|| topic(passage, state.from, unit.end, false).map(|t| t.source));
    if content.is_empty() || form == Form::Indirect || source.is_none() && drafts.is_empty() {
        return;
    }
    let mut draft = make(Stance::Say, source, state.link, content);
    draft.form = form;
    if source.is_none() {
        draft.antecedent = last_speaker(drafts);
    }
    drafts.push(draft);
}

/// "C다고 밝혔다".
fn verb(
    passage: &Passage<'_>,
    unit: &Range<usize>,
    at: usize,
    state: &mut State,
    drafts: &mut Vec<Draft>,
) -> Option<usize> {
    let (entry, head) = match entry_of(passage, at) {
        Some(entry) => (entry, at),
        None => idiom(passage, state.from, at)?,
    };
    if ends(passage, "quotatives", at).is_some() {
        // "… 말했다고 전했다": the saying is part of what the next verb reports.
        return None;
    }
    let (cue, negated) = cue_span(passage, unit, at);
    let cue = passage.tokens[head].span.cover(cue);
    if passage.listed("so", at.wrapping_sub(1)) {
        return announces(passage, at, cue, entry, state, drafts);
    }
    // "의혹을 전면 부인했다": how it was said belongs to the cue.
    let mut head = head;
    while head > state.from + 1 && passage.listed("manner", head - 1) {
        head -= 1;
    }
    let cue = passage.tokens[head].span.cover(cue);
    let Some(closed) = content_end(passage, state, head, (entry, negated, at)) else {
        let last = at + 1 >= unit.end || passage.is_stop(at + 1);
        let alone = last && state.pending.is_empty() && state.from == unit.start;
        // "그가 말했다.": what he said is a sentence of its own.
        return alone
            .then(|| announces(passage, at, cue, entry, state, drafts))
            .flatten();
    };
    let behind = source_after(passage, closed.after, head);
    let start = match behind {
        Some(source) => Start {
            content: skip_asides(passage, state.from, closed.last),
            source: Some(source),
        },
        None => {
            state.tells = matches!(entry.stance, Stance::Ask | Stance::Promise | Stance::Warn)
                || begins(passage, "tells", at);
            state.counters =
                state.contrasts && begins(passage, "counters", at) && !begins(passage, "exists", closed.last);
            clause_start(passage, state, drafts, closed.last)?
        }
    };
    let begin = passage.tokens.get(start.content)?.span.start;
    let begin = if opens_late(passage, start.content, closed.last) {
        passage.tokens[closed.last].span.start
    } else {
        begin
    };
    let mut content = std::mem::take(&mut state.pending);
    if begin < closed.end {
        content.push(Span::new(begin, closed.end));
    }
    if content.is_empty() {
        return None;
    }
    let relates = source::describes(passage, at) && head == at;
    // "… 주장한 시공사": the noun behind the verb has said it.
    let head = if behind.is_none() && relates {
        relative_head(passage, at, unit.end)
    } else {
        None
    };
    if head.is_none()
        && source::describes(passage, at)
        && passage.tokens[at].span.of(passage.text).ends_with('는')
    {
        // "말해 주는 듯한": describes no speaker.
        return None;
    }
    if start.source.is_some() {
        state.source = start.source;
    }
    let source = head.or(state.source);
    if state.outer.is_some() && source.is_none() {
        return None;
    }
    let stance = if entry.stance == Stance::Say && closed.claim {
        Stance::Claim
    } else {
        entry.stance
    };
    let mut draft = make(stance, source, cue, content.clone());
    draft.form = form_of(passage, &content);
    draft.polarity = if negated {
        Polarity::Unconfirmed
    } else {
        entry.polarity
    };
    draft.parent = state.outer;
    if source.is_none() {
        draft.antecedent = last_speaker(drafts);
    }
    let own = drafts.len();
    let form = draft.form;
    drafts.push(draft);
    if let Some((origin, cue)) = state.relay.take() {
        let mut child = make(Stance::Cite, Some(origin), cue, content);
        child.form = form;
        child.parent = Some(own);
        drafts.push(child);
    }
    // What the entry takes in ("확인해 주지 않았다") is behind it.
    state.from = (at + 1..unit.end)
        .find(|&k| passage.tokens[k].span.start >= cue.end)
        .unwrap_or(unit.end);
    state.contrasts = ends(passage, "contrasts", state.from - 1).is_some();
    while passage.is(state.from, ',') || passage.listed("sequels", state.from) {
        state.from += 1;
    }
    Some(state.from)
}

/// "모스크바에서 “…”라고": what stands before a whole quotation tells when and where, and belongs to no content.
fn opens_late(passage: &Passage<'_>, first: usize, last: usize) -> bool {
    first < last
        && passage.is_quote(last)
        && (passage.is(last - 1, ',')
            || ends(passage, "before-quotes", last - 1).is_some()
            || passage.listed("before-quotes", last - 1))
        && !(first..last).any(|k| passage.is_quote(k))
}

/// "말론 청장은 이렇게 말했다.": what is said stands in the sentence before or after.
fn announces(
    passage: &Passage<'_>,
    at: usize,
    cue: Span,
    entry: &Entry,
    state: &mut State,
    drafts: &mut Vec<Draft>,
) -> Option<usize> {
    if entry.frame != Frame::Say || source::describes(passage, at) {
        return None;
    }
    let source = topic(passage, state.from, at, false)
        .map(|t| t.source)
        .or_else(|| source_after(passage, state.from, at))?;
    let mut draft = make(entry.stance, Some(source), cue, Vec::new());
    draft.form = Form::Direct;
    drafts.push(draft);
    state.source = Some(source);
    state.from = at + 1;
    Some(at + 1)
}

/// Whether a quotation with a particle stands shortly before the verb at `at`.
fn quoted_before(passage: &Passage<'_>, from: usize, at: usize) -> bool {
    (from + 1..at)
        .rev()
        .take(6)
        .any(|k| passage.listed("after-quotes", k) && passage.is_quote(k - 1))
}

/// "“…”라고 울먹였다", "…다고 입을 모았다": what closes a quotation tells of saying, whatever verb it is.
/// Gives the entry of a plain verb of saying and the first token of the cue.
fn idiom(passage: &Passage<'_>, from: usize, at: usize) -> Option<(&'static Entry, usize)> {
    let lexicon: &'static Lexicon = passage.lexicon;
    let before = at.checked_sub(2).filter(|&b| b >= from)?;
    if !passage.is_word(at) || ends(passage, "final-endings", at).is_none() || begins(passage, "names-so", at)
    {
        return None;
    }
    let said = |k: usize| is_after_quote(passage, k) || ends(passage, "hearsay-quotatives", k).is_some();
    // "“…”고 승객들은 입을 모았다": a speaker may stand between.
    let behind = |head: usize| {
        (from..head)
            .rev()
            .take(6)
            .find(|&k| said(k))
            .is_some_and(|k| source_after(passage, k + 1, head).is_some())
    };
    // "…다고 하소연했다", "…다고 하소연하고 있다": so does what closes a reported clause, if somebody speaks.
    let closes =
        passage.is_stop(at + 1) || passage.lower(at + 1).starts_with('있') && passage.is_stop(at + 2);
    let reported = closes
        && ends(passage, "hearsay-quotatives", at - 1).is_some()
        && !begins(passage, "not-said", at)
        && topic(passage, from, at - 1, false).is_some_and(|t| t.speaks);
    let head = if reported {
        at
    } else if passage.listed("idioms", at - 1) && (said(before) || behind(at - 1)) {
        at - 1
    } else if is_after_quote(passage, at - 1)
        || passage.is_stop(at + 1) && quoted_before(passage, from, at) && behind(at)
    {
        at
    } else {
        return None;
    };
    let plain = lexicon
        .word(lexicon.list("plain-verb").first()?)
        .entries
        .first()?;
    Some((lexicon.entries.get(*plain)?, head))
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
