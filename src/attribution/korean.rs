//! Sentence → attributions for Korean, where the cue closes the clause: source + topic particle, content +
//! quotative ending, verb ("주지사는 … 맞았다고 밝혔다"), or "… 에 따르면" before the content.

use std::ops::Range;

use super::lexicon::{Entry, Lexicon};
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
    /// Where the next clause begins.
    from: usize,
    /// The first draft that a hearsay verb to come would cover.
    first: usize,
}

/// Reads the sentence `unit`. A source that the sentence drops is the one that spoke last (`drafts`).
pub(super) fn read(passage: &Passage<'_>, unit: &Range<usize>, drafts: &mut Vec<Draft>) {
    let mut state = State {
        from: unit.start,
        ..State::default()
    };
    state.first = drafts.len();
    let mut at = unit.start;
    while at < unit.end {
        let next = according(passage, unit, at, &mut state, drafts)
            .or_else(|| relay(passage, at, &mut state))
            .or_else(|| hearsay(passage, unit, at, &mut state, drafts))
            .or_else(|| neither(passage, unit, at, &mut state, drafts))
            .or_else(|| linked(passage, at, &mut state))
            .or_else(|| verb(passage, unit, at, &mut state, drafts));
        at = next.unwrap_or(at + 1).max(at + 1);
    }
}

/// "X에 따르면 C", "X는 Y에 따르면": everything after it is content.
fn according(
    passage: &Passage<'_>,
    unit: &Range<usize>,
    at: usize,
    state: &mut State,
    drafts: &mut Vec<Draft>,
) -> Option<usize> {
    let words = passage.lexicon.list("according");
    if !words.iter().any(|w| passage.lower(at) == w) || at == state.from {
        return None;
    }
    let source = without_particle(passage, state.from..at, &["에", "의"])?;
    let cue = Span::new(source.end, passage.tokens[at].span.end).trimmed(passage.text);
    let content = span_of(passage, at + 1, unit.end)?;
    let mut draft = make(
        Form::Indirect,
        Stance::Say,
        Polarity::Asserted,
        Some(source),
        cue,
        vec![content],
    );
    draft.form = form_of(passage, &(at + 1..unit.end), Form::Indirect);
    drafts.push(draft);
    state.source = Some(source);
    Some(unit.end)
}

/// "Y를 인용해": Y is relayed by the sentence's source.
fn relay(passage: &Passage<'_>, at: usize, state: &mut State) -> Option<usize> {
    if !passage
        .lexicon
        .list("relay")
        .iter()
        .any(|w| passage.lower(at) == w)
    {
        return None;
    }
    let start = match topic(passage, state.from, at, false) {
        Some((source, after)) => {
            state.source = Some(source);
            after
        }
        None => state.from,
    };
    let origin = without_particle(passage, start..at, &["을", "를"])?;
    state.relay = Some((origin, passage.tokens[at].span));
    state.from = at + 1;
    Some(at + 1)
}

/// "C 것으로 알려졌다": no source. What is said inside is relayed by hearsay.
fn hearsay(
    passage: &Passage<'_>,
    unit: &Range<usize>,
    at: usize,
    state: &mut State,
    drafts: &mut Vec<Draft>,
) -> Option<usize> {
    let first = state.first;
    let lower = passage.lower(at);
    let fits = passage
        .lexicon
        .list("hearsay")
        .iter()
        .any(|w| lower.starts_with(w.as_str()));
    if !fits || at < unit.start + 2 || passage.lower(at - 1) != "것으로" {
        return None;
    }
    // The whole clause is hearsay, a saying inside of it included.
    let said = drafts.get(first..).and_then(|inner| {
        inner
            .iter()
            .filter_map(|d| Some(d.source.first().or(d.cue.first())?.start))
            .min()
    });
    let own = (state.from < at - 1).then(|| passage.tokens[state.from].span.start);
    let start = said.into_iter().chain(own).min()?;
    let content = Span::new(start, passage.tokens[at - 2].span.end);
    if content.is_empty() {
        return None;
    }
    let cue = passage.span(&(at - 1..at + 1));
    let inner = drafts.len();
    let draft = make(
        Form::Hearsay,
        Stance::Report,
        Polarity::Unconfirmed,
        None,
        cue,
        vec![content],
    );
    drafts.push(draft);
    for draft in drafts.iter_mut().take(inner).skip(first) {
        draft.parent.get_or_insert(inner);
    }
    state.from = at + 1;
    state.first = drafts.len();
    Some(at + 1)
}

/// "O를 확인도 부인도 하지 않았다": neither confirmed nor denied.
fn neither(
    passage: &Passage<'_>,
    unit: &Range<usize>,
    at: usize,
    state: &mut State,
    drafts: &mut Vec<Draft>,
) -> Option<usize> {
    let doubt = passage.lexicon.list("doubt");
    let is_doubt = |k: usize| doubt.iter().any(|w| passage.lower(k) == w);
    if !is_doubt(at) || !is_doubt(at + 1) {
        return None;
    }
    let (source, after) = topic(passage, state.from, at, false)?;
    let content = without_particle(passage, after..at, &["을", "를"])?;
    let end = (at..unit.end).find(|&k| passage.is_stop(k)).unwrap_or(unit.end);
    let cue = span_of(passage, at, end)?;
    drafts.push(make(
        Form::Indirect,
        Stance::Confirm,
        Polarity::Unconfirmed,
        Some(source),
        cue,
        vec![content],
    ));
    Some(end)
}

/// "C다며": content goes on with what the next verb closes.
fn linked(passage: &Passage<'_>, at: usize, state: &mut State) -> Option<usize> {
    let text = passage.tokens.get(at)?.span.of(passage.text);
    let after_quote = at > 0 && passage.is_quote(at - 1);
    let linking = passage.lexicon.list("linking");
    let bare = after_quote
        && linking
            .iter()
            .any(|w| text.trim_start_matches("이라").trim_start_matches('라') == w);
    let ending = linking.iter().find(|w| {
        ["다", "라", "자"]
            .iter()
            .any(|v| text.ends_with(&format!("{v}{w}")))
    });
    if !bare && ending.is_none() {
        return None;
    }
    let (start, source) = clause_start(passage, state, at)?;
    if let Some(source) = source {
        state.source = Some(source);
    }
    let end = if bare {
        passage.tokens[at - 1].span.end
    } else {
        passage.tokens[at].span.end - ending.map_or(0, |w| w.len())
    };
    let begin = passage.tokens.get(start)?.span.start;
    if begin < end {
        state.pending.push(Span::new(begin, end));
    }
    state.from = at + 1;
    Some(at + 1)
}

/// "C다고 밝혔다".
fn verb(
    passage: &Passage<'_>,
    unit: &Range<usize>,
    at: usize,
    state: &mut State,
    drafts: &mut Vec<Draft>,
) -> Option<usize> {
    let entry = entry_of(passage, at)?;
    let (end_token, end, quotative) = content_end(passage, state.from, at)?;
    let object = entry.frame == super::lexicon::Frame::Object;
    let (start, named) = clause_start(passage, state, end_token)?;
    let dropped = named.is_none() && state.source.is_none();
    let begin = passage.tokens.get(start)?.span.start;
    let mut content = std::mem::take(&mut state.pending);
    if begin < end {
        content.push(Span::new(begin, end));
    }
    if content.is_empty() || !quotative && !object {
        return None;
    }
    if let Some(source) = named {
        state.source = Some(source);
    }
    let cue = cue_span(passage, unit, at);
    let negated = cue.1;
    let polarity = match (entry.polarity, negated) {
        (_, true) => Polarity::Unconfirmed,
        (polarity, false) => polarity,
    };
    let form = form_of(passage, &(start..end_token + 1), Form::Indirect);
    let mut draft = make(form, entry.stance, polarity, state.source, cue.0, content.clone());
    if dropped {
        // The one who spoke last goes on speaking; the sentence itself names nobody.
        draft.antecedent = drafts
            .iter()
            .rev()
            .take(40)
            .find_map(|d| d.source.first().copied().or(d.antecedent));
    }
    let own = drafts.len();
    let relay = state.relay.take();
    drafts.push(draft);
    if let Some((origin, cue)) = relay {
        let mut child = make(form, Stance::Cite, Polarity::Asserted, Some(origin), cue, content);
        child.parent = Some(own);
        drafts.push(child);
    }
    state.from = at + 1;
    if passage.is(state.from, ',') {
        state.from += 1;
    }
    Some(state.from)
}

/// The cue verb that token `at` begins with, the longest stem first.
fn entry_of(passage: &Passage<'_>, at: usize) -> Option<&'static Entry> {
    let lexicon: &'static Lexicon = passage.lexicon;
    let lower = passage.lower(at);
    let mut ends: Vec<usize> = lower.char_indices().skip(1).take(6).map(|(k, _)| k).collect();
    ends.push(lower.len());
    ends.iter().rev().find_map(|&end| {
        let stem = lower.get(..end)?;
        let index = lexicon.word(stem).entries.first()?;
        lexicon.entries.get(*index)
    })
}

/// Where the content before the verb at `at` ends: its last token, the byte, whether a quotative closes it.
fn content_end(passage: &Passage<'_>, from: usize, at: usize) -> Option<(usize, usize, bool)> {
    let quotatives = passage.lexicon.list("quotatives");
    let nouns = passage.lexicon.list("nouns");
    for k in (from..at).rev().take(5) {
        let token = passage.tokens.get(k)?;
        let word = token.span.of(passage.text);
        if passage.is_quote(k) && k + 1 == at {
            return Some((k, token.span.end, true));
        }
        // “…”고, “…”라고, ‘…’이라고: a particle of its own after the quotation.
        if k > from
            && passage.is_quote(k - 1)
            && ["고", "라고", "이라고", "라는", "이라는", "며", "라며", "이라며"].contains(&word)
        {
            return Some((k - 1, passage.tokens[k - 1].span.end, true));
        }
        if let Some(ending) = quotatives
            .iter()
            .filter(|q| word.ends_with(q.as_str()))
            .max_by_key(|q| q.len())
        {
            // -다는 wants its noun: "지시했다는 사실을".
            if ending.ends_with('는') && !(k + 1 < at && nouns.iter().any(|n| passage.lower(k + 1) == n)) {
                continue;
            }
            let particle = ending.chars().next_back().map_or(0, char::len_utf8);
            return Some((k, token.span.end - particle, true));
        }
    }
    let last = at.checked_sub(1).filter(|&k| k >= from)?;
    let word = passage.tokens[last].span.of(passage.text);
    let object = ["을", "를"]
        .iter()
        .find(|p| word.ends_with(**p) && word.len() > p.len())?;
    Some((
        last,
        passage.tokens[last].span.end - object.len(),
        entry_of(passage, at).is_some_and(|e| e.polarity == Polarity::Denied || e.stance == Stance::Confirm),
    ))
}

/// The clause's first content token and its source, if it names one.
fn clause_start(passage: &Passage<'_>, state: &State, end: usize) -> Option<(usize, Option<Span>)> {
    let found = topic(passage, state.from, end, state.source.is_some());
    match found {
        Some((source, mut after)) => {
            // "각각", "참모들에게": neither source nor content.
            while after < end && is_aside(passage, after) {
                after += 1;
            }
            Some((after, Some(source)))
        }
        None => {
            let mut start = state.from;
            while start < end
                && passage
                    .lexicon
                    .list("dropped")
                    .iter()
                    .any(|w| passage.lower(start) == w)
            {
                start += 1;
            }
            (start <= end).then_some((start, None))
        }
    }
}

/// The noun phrase with a topic particle that opens the clause: its span without the particle, and what follows.
fn topic(passage: &Passage<'_>, from: usize, end: usize, known: bool) -> Option<(Span, usize)> {
    let resumes = from < end
        && passage
            .lexicon
            .list("resumes")
            .iter()
            .any(|w| passage.lower(from) == w);
    let start = (from..end).find(|&k| {
        !passage
            .lexicon
            .list("dropped")
            .iter()
            .any(|w| passage.lower(k) == w && !w.starts_with('그'))
    })?;
    let adnominal = passage.lexicon.list("adnominal");
    let marked = |list: &str, k: usize| {
        let word = passage.tokens[k].span.of(passage.text);
        let particle = passage
            .lexicon
            .list(list)
            .iter()
            .filter(|p| word.ends_with(p.as_str()) && word.len() > p.len())
            .map(|p| p.len())
            .max()?;
        (!adnominal.iter().any(|a| word.ends_with(a.as_str()))).then_some(particle)
    };
    let found = |list: &str| {
        (start..end.min(start + 16))
            .take_while(|&k| !passage.is_quote(k) && !passage.is(k, ','))
            .filter(|&k| passage.is_word(k))
            .find_map(|k| marked(list, k).map(|p| (k, p)))
    };
    let (k, particle) = found("topics")
        .filter(|&(k, p)| !resumes || speaks(passage, start..k + 1, p))
        .or_else(|| found("subjects").filter(|&(k, p)| !known && speaks(passage, start..k + 1, p)))?;
    let span = Span::new(
        passage.tokens[start].span.start,
        passage.tokens[k].span.end - particle,
    );
    let mut after = k + 1;
    if passage.is(after, ',') {
        after += 1;
    }
    (!span.is_empty()).then_some((span, after))
}

/// Whether a phrase with a plain subject particle is somebody who can speak.
fn speaks(passage: &Passage<'_>, range: Range<usize>, particle: usize) -> bool {
    let Some(last) = passage.tokens.get(range.end - 1) else {
        return false;
    };
    let word = last.span.of(passage.text);
    let noun = &word[..word.len() - particle];
    passage
        .lexicon
        .kinds
        .iter()
        .any(|(w, _)| noun.ends_with(w.as_str()))
        || passage.lexicon.outlets.iter().any(|o| noun == o)
}

/// The verb with its negation ("밝히지 않았다") and nothing after it.
fn cue_span(passage: &Passage<'_>, unit: &Range<usize>, at: usize) -> (Span, bool) {
    let own = passage.tokens[at].span;
    let negated = own.of(passage.text).ends_with('지')
        && at + 1 < unit.end
        && ["않", "못"].iter().any(|n| passage.lower(at + 1).starts_with(n));
    if negated {
        (own.cover(passage.tokens[at + 1].span), true)
    } else {
        (own, false)
    }
}

/// The span of `range` without the first fitting particle at its end.
fn without_particle(passage: &Passage<'_>, range: Range<usize>, particles: &[&str]) -> Option<Span> {
    let span = span_of(passage, range.start, range.end)?;
    let word = span.of(passage.text);
    let particle = particles
        .iter()
        .find(|p| word.ends_with(**p) && word.len() > p.len())?;
    Some(Span::new(span.start, span.end - particle.len()))
}

/// From token `start` up to `end`, without a stop or comma at either end.
fn span_of(passage: &Passage<'_>, start: usize, end: usize) -> Option<Span> {
    let (mut start, mut end) = (start, end);
    let loose = |k: usize| passage.is_stop(k) || passage.is(k, ',');
    while start < end && loose(start) {
        start += 1;
    }
    while start < end && loose(end - 1) {
        end -= 1;
    }
    (start < end).then(|| passage.span(&(start..end)))
}

fn form_of(passage: &Passage<'_>, range: &Range<usize>, otherwise: Form) -> Form {
    let (quoted, words) = passage.counts(range);
    // A particle right after a quotation is no word of its own.
    let particle = quoted > 0 && range.end > range.start + 1 && passage.is_quote(range.end - 2);
    let words = words - usize::from(particle).min(words);
    match (quoted, words) {
        (0, _) => otherwise,
        (_, 0) => Form::Direct,
        _ => Form::Mixed,
    }
}

fn make(
    form: Form,
    stance: Stance,
    polarity: Polarity,
    source: Option<Span>,
    cue: Span,
    content: Vec<Span>,
) -> Draft {
    Draft {
        form,
        stance,
        polarity,
        source: source.into_iter().collect(),
        cue: vec![cue],
        content,
        parent: None,
        antecedent: None,
    }
}

/// Words between source and content that belong to neither.
fn is_aside(passage: &Passage<'_>, at: usize) -> bool {
    let lower = passage.lower(at);
    passage.lexicon.list("asides").iter().any(|w| lower == w)
        || passage
            .lexicon
            .list("datives")
            .iter()
            .any(|d| lower.ends_with(d.as_str()) && lower.len() > d.len())
}
