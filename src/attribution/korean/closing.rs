//! Korean sentences that close without a verb of saying: hearsay ("것으로 알려졌다"), refusals ("논평을 거부했다"),
//! nouns ("… 씨의 말이다").

use std::ops::Range;

use super::super::kinds::kind_of_word;
use super::super::passage::Passage;
use super::super::{Draft, Form, Polarity, SourceKind, Stance};
use super::borders::{begins, cue_span, ends, form_of, span_of, without_particle};
use super::source::{clause_start, noun_before, skip_asides, topic};
use super::{State, make};
use crate::text::span::Span;

/// "C 것으로 알려졌다", "C다고 한다", "C다는 관측이 나온다": no source. What is said inside is relayed by hearsay.
pub(super) fn hearsay(
    passage: &Passage<'_>,
    unit: &Range<usize>,
    at: usize,
    state: &mut State,
    drafts: &mut Vec<Draft>,
) -> Option<usize> {
    if at < unit.start + 2 || state.outer.is_some() {
        return None;
    }
    let (cue, end) = heard(passage, at)?;
    let (verb, _) = cue_span(passage, unit, at);
    // The whole clause is hearsay, a saying inside of it included.
    let said = drafts.get(state.first..).and_then(|inner| {
        inner
            .iter()
            .filter_map(|d| Some(d.source.first().or(d.cue.first())?.start))
            .min()
    });
    let from = skip_asides(passage, state.from, cue);
    let own = (from < cue).then(|| passage.tokens[from].span.start);
    let start = said.into_iter().chain(own).min()?;
    if start >= end || state.source.is_some() && said.is_none() {
        return None;
    }
    let inner = drafts.len();
    let span = passage.tokens[cue].span.cover(verb);
    // "전문가들은 … 길어진다고 한다": somebody says it after all.
    if let Some(speaker) = topic(passage, state.from, cue, false).filter(|t| t.speaks && cue == at) {
        let content = span_of(passage, speaker.after, cue)?;
        let content = Span::new(content.start, end.max(content.start));
        drafts.push(make(Stance::Say, Some(speaker.source), span, vec![content]));
        state.source = Some(speaker.source);
        state.from = at + 1;
        return Some(at + 1);
    }
    let mut draft = make(Stance::Report, None, span, vec![Span::new(start, end)]);
    draft.form = Form::Hearsay;
    draft.polarity = Polarity::Unconfirmed;
    drafts.push(draft);
    for draft in drafts.iter_mut().take(inner).skip(state.first) {
        draft.parent.get_or_insert(inner);
    }
    state.pending.clear();
    state.from = at + 1;
    state.first = drafts.len();
    Some(at + 1)
}

/// The first token of a hearsay cue that ends with token `at`, and the byte where its content ends.
fn heard(passage: &Passage<'_>, at: usize) -> Option<(usize, usize)> {
    let before = at.checked_sub(1)?;
    let span = passage.tokens[before].span;
    let knows = begins(passage, "hearsay", at);
    if knows && passage.lower(before) == "것으로" && before > 0 {
        return Some((before, passage.tokens[before - 1].span.end));
    }
    let quotative = ends(passage, "hearsay-quotatives", before);
    if let Some(ending) = quotative
        && (knows || passage.listed("hearsay-verbs", at))
        && !passage.is_quote(before.wrapping_sub(1))
    {
        let particle = ending.chars().next_back().map_or(0, char::len_utf8);
        return Some((at, span.end - particle));
    }
    let noun = passage.listed("hearsay-nouns", before) && begins(passage, "hearsay-rises", at) && before > 0;
    if noun && ends(passage, "adnominal-quotatives", before - 1).is_some() {
        let end = passage.tokens[before - 1].span.end - '는'.len_utf8();
        return Some((before, end));
    }
    None
}

/// "O를 확인도 부인도 하지 않았다", "O에 대한 논평을 거부했다": neither confirmed nor denied.
pub(super) fn refusal(
    passage: &Passage<'_>,
    unit: &Range<usize>,
    at: usize,
    state: &mut State,
    drafts: &mut Vec<Draft>,
) -> Option<usize> {
    let neither = passage.listed("doubt", at) && passage.listed("doubt", at + 1);
    let refused = passage.listed("comments", at) && begins(passage, "refuses", at + 1);
    if !neither && !refused || at + 1 >= unit.end {
        return None;
    }
    let found = topic(passage, state.from, at, false)?;
    // "사임설에 대해 언급을": what it is about is the content.
    let after = Some(skip_asides(passage, found.after, at))
        .filter(|&k| k < at)
        .unwrap_or(found.after);
    let content = without_particle(passage, after..at, &["을", "를", "에"]).or_else(|| {
        let object = ["대한", "대해", "대해서", "관한"].contains(&passage.lower(at - 1));
        without_particle(passage, after..at.saturating_sub(usize::from(object)), &["에"])
    })?;
    let end = if neither {
        (at..unit.end).find(|&k| passage.is_stop(k)).unwrap_or(unit.end)
    } else {
        at + 2
    };
    let cue = span_of(passage, at, end)?;
    let stance = if neither { Stance::Confirm } else { Stance::Say };
    let mut draft = make(stance, Some(found.source), cue, vec![content]);
    draft.polarity = Polarity::Unconfirmed;
    drafts.push(draft);
    state.from = end;
    Some(end)
}

/// "“…” 서다온 씨의 말이다", "은행 측은 “…”는 입장이다": a noun of saying closes the sentence.
pub(super) fn copula(
    passage: &Passage<'_>,
    unit: &Range<usize>,
    at: usize,
    state: &mut State,
    drafts: &mut Vec<Draft>,
) -> Option<usize> {
    let last = at + 1 >= unit.end || passage.is_stop(at + 1);
    // "안전하다는 입장이지만": the sentence goes on with another clause.
    let linked = passage.listed("copulas-linked", at);
    if at == state.from || !(linked || last && passage.listed("copulas", at)) {
        return None;
    }
    let cue = passage.tokens[at].span;
    let draft = if let Some(source) =
        without_particle(passage, noun_before(passage, state.from, at)..at, &["의"])
        && state.from == unit.start
    {
        // What is said stands in the sentence before.
        let mut draft = make(Stance::Say, Some(source), cue, Vec::new());
        draft.form = Form::Direct;
        draft
    } else {
        let before = at - 1;
        let quoted =
            before > state.from && passage.is_quote(before - 1) && passage.listed("quote-nouns", before);
        let end = if quoted {
            passage.tokens[before - 1].span.end
        } else {
            ends(passage, "adnominal-quotatives", before)?;
            passage.tokens[before].span.end - '는'.len_utf8()
        };
        let start = clause_start(passage, state, drafts, before)?;
        let begin = passage.tokens.get(start.content)?.span.start;
        let source = start.source.or(state.source)?;
        let content = vec![Span::new(begin, end.max(begin))];
        let form = form_of(passage, &content);
        let mut draft = make(Stance::Say, Some(source), cue, content);
        draft.form = form;
        draft
    };
    state.source = draft.source.first().copied();
    state.contrasts = linked;
    drafts.push(draft);
    state.from = at + 1;
    Some(at + 1)
}

/// "문건에는 C다고 적혀 있다", "보고서에는 C다는 내용이 담겼다": a document says it.
pub(super) fn written(
    passage: &Passage<'_>,
    unit: &Range<usize>,
    at: usize,
    state: &mut State,
    drafts: &mut Vec<Draft>,
) -> Option<usize> {
    if at < state.from + 2 || !begins(passage, "written", at) {
        return None;
    }
    let noun = passage.listed("written-nouns", at - 1);
    let last = at - 1 - usize::from(noun);
    let ending = if noun {
        ends(passage, "adnominal-quotatives", last).is_some() || passage.listed("quote-nouns", last)
    } else {
        ends(passage, "hearsay-quotatives", last).is_some() || passage.listed("after-quotes", last)
    };
    let quoted = last > state.from && passage.is_quote(last - 1);
    if !ending {
        return None;
    }
    let (owner, particle) = (state.from..last).take(8).find_map(|k| {
        let particle = ends(passage, "written-in", k)?.len();
        let word = passage.tokens[k].span.of(passage.text);
        let kind = kind_of_word(passage.lexicon, word.get(..word.len() - particle)?);
        (kind == Some(SourceKind::Document)).then_some((k, particle))
    })?;
    let start = noun_before(passage, state.from, owner + 1);
    let source = Span::new(
        passage.tokens[start].span.start,
        passage.tokens[owner].span.end - particle,
    );
    let end = if quoted {
        passage.tokens[last - 1].span.end
    } else {
        passage.tokens[last].span.end - '고'.len_utf8()
    };
    let begin = passage.tokens.get(owner + 1)?.span.start;
    let (cue, _) = cue_span(passage, unit, at);
    let cue = passage.tokens[at - usize::from(noun)].span.cover(cue);
    if begin >= end {
        return None;
    }
    let content = vec![Span::new(begin, end)];
    let form = form_of(passage, &content);
    let mut draft = make(Stance::Say, Some(source), cue, content);
    draft.form = form;
    draft.parent = state.outer;
    drafts.push(draft);
    state.source = Some(source);
    state.from = at + 1;
    Some(at + 1)
}

/// "당국은 C라지만 주민들은 …": the verb of saying has melted into the ending.
pub(super) fn granted(
    passage: &Passage<'_>,
    at: usize,
    state: &mut State,
    drafts: &mut Vec<Draft>,
) -> Option<usize> {
    let ending = ends(passage, "granted", at).filter(|_| at > state.from)?;
    let found = topic(passage, state.from, at, false).filter(|t| t.speaks)?;
    let token = passage.tokens[at].span;
    let cut = token.end - ending.len() + ending.chars().next().map_or(0, char::len_utf8);
    let content = Span::new(passage.tokens[found.after].span.start, cut);
    let cue = Span::new(cut, token.end);
    drafts.push(make(Stance::Say, Some(found.source), cue, vec![content]));
    state.source = Some(found.source);
    state.contrasts = true;
    state.from = at + 1 + usize::from(passage.is(at + 1, ','));
    Some(state.from)
}
