//! Korean sentences that close without a verb of saying: hearsay ("것으로 알려졌다"), nouns ("… 씨의 말이다"),
//! documents ("문건에는 … 적혀 있다").

use super::super::kinds::kind_of_word;
use super::super::passage::Passage;
use super::super::{Draft, SourceKind};
use super::borders::{begins, cue_span, ends, form_of, particle_of, span_of, without_particle};
use super::source::{clause_start, noun_before, skip_asides, skip_leads, topic};
use super::{Form, Polarity, Reader, Stance, make};
use crate::text::span::Span;

impl Reader<'_, '_> {
    /// "C 것으로 알려졌다", "C다고 한다", "C다는 관측이 나온다": no source. What is said inside is relayed by hearsay.
    pub(super) fn hearsay(&mut self, at: usize) -> Option<usize> {
        let passage = self.passage;
        if at < self.unit.start + 2 || self.state.outer.is_some() {
            return None;
        }
        let (cue, end) = heard(passage, at)?;
        let (verb, _) = cue_span(passage, self.unit, at);
        // The whole clause is hearsay, a saying inside of it included.
        let said = self.drafts.get(self.state.first..).and_then(|inner| {
            inner
                .iter()
                .filter_map(|d| Some(d.source.first().or(d.cue.first())?.start))
                .min()
        });
        let led = skip_leads(passage, self.state.from, cue);
        let from = skip_circles(passage, skip_asides(passage, led, cue), cue);
        let own = (from < cue).then(|| passage.tokens[from].span.start);
        let start = said.into_iter().chain(own).min()?;
        if start >= end || self.state.source.is_some() && said.is_none() {
            return None;
        }
        let span = passage.tokens[cue].span.cover(verb);
        // "전문가들은 … 길어진다고 한다": somebody says it after all.
        if let Some(speaker) = topic(passage, self.state.from, cue, false).filter(|t| t.speaks && cue == at) {
            let content = span_of(passage, speaker.after, cue)?;
            let content = Span::new(content.start, end.max(content.start));
            self.drafts
                .push(make(Stance::Say, Some(speaker.source), span, vec![content]));
            self.state.source = Some(speaker.source);
            return self.resume(at);
        }
        self.cover(span, Span::new(start, end));
        self.resume(at)
    }

    /// Adds hearsay, and gives what was said inside of it to it.
    fn cover(&mut self, cue: Span, content: Span) {
        let mut draft = make(Stance::Report, None, cue, vec![content]);
        draft.form = Form::Hearsay;
        draft.polarity = Polarity::Unconfirmed;
        let outer = self.drafts.len();
        self.drafts.push(draft);
        for draft in self.drafts.iter_mut().take(outer).skip(self.state.first) {
            draft.parent.get_or_insert(outer);
        }
        self.state.pending.clear();
        self.state.first = self.drafts.len();
    }

    /// "“…” 서다온 씨의 말이다", "은행 측은 “…”는 입장이다": a noun of saying closes the sentence.
    pub(super) fn copula(&mut self, at: usize) -> Option<usize> {
        let passage = self.passage;
        // "안전하다는 입장이지만": the sentence goes on with another clause.
        let linked = passage.listed("copulas-linked", at);
        let closes = linked || self.is_last(at) && passage.listed("copulas", at);
        if at == self.state.from || !closes {
            return None;
        }
        let cue = passage.tokens[at].span;
        let owner = noun_before(passage, self.state.from, at)..at;
        let draft = match without_particle(passage, owner, "genitives") {
            Some(source) if self.state.from == self.unit.start => {
                // What is said stands in the sentence before.
                let mut draft = make(Stance::Say, Some(source), cue, Vec::new());
                draft.form = Form::Direct;
                draft
            }
            _ => self.told_by_noun(at, cue)?,
        };
        self.state.source = draft.source.first().copied();
        self.state.contrasts = linked;
        self.drafts.push(draft);
        self.resume(at)
    }

    /// "은행 측은 “…”는 입장이다": what the noun at `at` closes.
    fn told_by_noun(&self, at: usize, cue: Span) -> Option<Draft> {
        let passage = self.passage;
        let before = at - 1;
        let quoted =
            before > self.state.from && passage.is_quote(before - 1) && passage.listed("quote-nouns", before);
        let end = if quoted {
            passage.tokens[before - 1].span.end
        } else {
            let ending = ends(passage, "adnominal-quotatives", before)?;
            passage.tokens[before].span.end - particle_of(passage, ending)
        };
        let start = clause_start(passage, &self.state, self.drafts, before)?;
        let begin = passage.tokens.get(start.content)?.span.start;
        let source = start.source.or(self.state.source)?;
        let content = vec![Span::new(begin, end.max(begin))];
        let form = form_of(passage, &content);
        let mut draft = make(Stance::Say, Some(source), cue, content);
        draft.form = form;
        Some(draft)
    }

    /// "문건에는 C다고 적혀 있다", "보고서에는 C다는 내용이 담겼다": a document says it.
    pub(super) fn written(&mut self, at: usize) -> Option<usize> {
        let passage = self.passage;
        if at < self.state.from + 2 || !begins(passage, "written", at) {
            return None;
        }
        let noun = passage.listed("written-nouns", at - 1);
        let last = at - 1 - usize::from(noun);
        let quotative = if noun {
            "adnominal-quotatives"
        } else {
            "hearsay-quotatives"
        };
        let particle = if noun { "quote-nouns" } else { "after-quotes" };
        let ending = ends(passage, quotative, last);
        if ending.is_none() && !passage.listed(particle, last) {
            return None;
        }
        let (owner, source) = self.document_before(last)?;
        let end = if last > self.state.from && passage.is_quote(last - 1) {
            passage.tokens[last - 1].span.end
        } else {
            passage.tokens[last].span.end - particle_of(passage, ending?)
        };
        let begin = passage.tokens.get(owner + 1)?.span.start;
        let (cue, _) = cue_span(passage, self.unit, at);
        let cue = passage.tokens[at - usize::from(noun)].span.cover(cue);
        if begin >= end {
            return None;
        }
        let content = vec![Span::new(begin, end)];
        let form = form_of(passage, &content);
        let mut draft = make(Stance::Say, Some(source), cue, content);
        draft.form = form;
        draft.parent = self.state.outer;
        self.drafts.push(draft);
        self.state.source = Some(source);
        self.resume(at)
    }

    /// "문건에는": the document in which something is written before token `end`, and its last token.
    fn document_before(&self, end: usize) -> Option<(usize, Span)> {
        let (passage, from) = (self.passage, self.state.from);
        let (owner, particle) = (from..end).take(8).find_map(|k| {
            let particle = ends(passage, "written-in", k)?.len();
            let word = passage.tokens[k].span.of(passage.text);
            let kind = kind_of_word(passage.lexicon, word.get(..word.len() - particle)?);
            (kind == Some(SourceKind::Document)).then_some((k, particle))
        })?;
        let start = noun_before(passage, from, owner + 1);
        let source = Span::new(
            passage.tokens[start].span.start,
            passage.tokens[owner].span.end - particle,
        );
        Some((owner, source))
    }

    /// "당국은 C라지만 주민들은 …": the verb of saying has melted into the ending.
    pub(super) fn granted(&mut self, at: usize) -> Option<usize> {
        let passage = self.passage;
        let ending = ends(passage, "granted", at).filter(|_| at > self.state.from)?;
        let found = topic(passage, self.state.from, at, false).filter(|t| t.speaks)?;
        let token = passage.tokens[at].span;
        let cut = token.end - ending.len() + ending.chars().next().map_or(0, char::len_utf8);
        let content = Span::new(passage.tokens[found.after].span.start, cut);
        let cue = Span::new(cut, token.end);
        self.drafts
            .push(make(Stance::Say, Some(found.source), cue, vec![content]));
        self.state.source = Some(found.source);
        self.state.contrasts = true;
        self.resume_clause(at)
    }
}

/// "정치권 안팎에선 …라는 관측이 나온다": the circles where it is heard are no part of it.
fn skip_circles(passage: &Passage<'_>, from: usize, end: usize) -> usize {
    (from..end.min(from + 3))
        .take_while(|&k| passage.is_word(k))
        .find(|&k| ends(passage, "circles", k).is_some())
        .map_or(from, |k| k + 1)
}

/// The first token of a hearsay cue that ends with token `at`, and the byte where its content ends.
fn heard(passage: &Passage<'_>, at: usize) -> Option<(usize, usize)> {
    let before = at.checked_sub(1)?;
    let span = passage.tokens[before].span;
    let knows = begins(passage, "hearsay", at);
    if knows && passage.listed("guesses", before) && before > 0 {
        return Some((before, passage.tokens[before - 1].span.end));
    }
    if let Some(ending) = ends(passage, "hearsay-quotatives", before)
        && (knows || passage.listed("hearsay-verbs", at))
        && !passage.is_quote(before.wrapping_sub(1))
    {
        return Some((at, span.end - particle_of(passage, ending)));
    }
    let noun = passage.listed("hearsay-nouns", before) && begins(passage, "hearsay-rises", at) && before > 0;
    let ending = ends(passage, "adnominal-quotatives", before.checked_sub(1)?).filter(|_| noun)?;
    let end = passage.tokens[before - 1].span.end - particle_of(passage, ending);
    Some((before, end))
}
