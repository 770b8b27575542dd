//! Korean verbs of saying, with the linking endings (-다며, -면서) that may close a part of the content before them.

use super::super::clause::last_speaker;
use super::super::lexicon::{Entry, Frame, Lexicon};
use super::super::passage::Passage;
use super::borders::{begins, cue_span, ends, form_of, is_after_quote};
use super::content::{Closed, content_end, entry_of};
use super::inner::said_within;
use super::source::{Start, clause_start, describes, relative_head, skip_asides, source_after, topic};
use super::{Form, Polarity, Reader, Stance, make};
use crate::text::span::Span;

/// A verb of saying in its clause.
struct Verb {
    entry: &'static Entry,
    /// Its token.
    at: usize,
    /// The first token of the cue.
    head: usize,
    cue: Span,
    negated: bool,
}

impl Reader<'_, '_> {
    /// "C다며": content goes on with what the next verb closes.
    pub(super) fn linked(&mut self, at: usize) -> Option<usize> {
        let passage = self.passage;
        let token = passage.tokens.get(at)?.span;
        let word = token.of(passage.text);
        let bare = at > 0 && passage.is_quote(at - 1) && is_bare_link(passage, word);
        let ending = linking_ending(passage, word);
        if passage.listed("linking-not", at) || !bare && ending.is_none() {
            return None;
        }
        let start = clause_start(passage, &self.state, self.drafts, at)?;
        if let Some(source) = start.source {
            self.state.source = Some(source);
        }
        let end = if bare {
            passage.tokens[at - 1].span.end
        } else {
            token.end - ending.map_or(0, str::len)
        };
        let last = at - usize::from(bare);
        let first = if opens_late(passage, start.content, last) {
            last
        } else {
            start.content
        };
        let begin = passage.tokens.get(first)?.span.start;
        if begin < end {
            self.state.pending.push(Span::new(begin, end));
            self.state.link = if bare { token } else { Span::new(end, token.end) };
        }
        self.resume_clause(at)
    }

    /// "“수사 중”이라며 말을 아꼈다": the linking ending is all the cue there is.
    pub(super) fn unclosed(&mut self) {
        let passage = self.passage;
        let content = std::mem::take(&mut self.state.pending);
        let form = form_of(passage, &content);
        let source = self
            .state
            .source
            .or_else(|| topic(passage, self.state.from, self.unit.end, false).map(|t| t.source));
        if content.is_empty() || form == Form::Indirect || source.is_none() && self.drafts.is_empty() {
            return;
        }
        let mut draft = make(Stance::Say, source, self.state.link, content);
        draft.form = form;
        if source.is_none() {
            draft.antecedent = last_speaker(self.drafts);
        }
        self.drafts.push(draft);
    }

    /// "C다고 밝혔다".
    pub(super) fn verb(&mut self, at: usize) -> Option<usize> {
        let verb = self.verb_at(at)?;
        if self.passage.listed("so", at.wrapping_sub(1)) {
            return self.announces(&verb);
        }
        let verb = self.with_manner(verb);
        let Some(closed) = content_end(
            self.passage,
            &self.state,
            verb.head,
            (verb.entry, verb.negated, at),
        ) else {
            let alone =
                self.is_last(at) && self.state.pending.is_empty() && self.state.from == self.unit.start;
            // "그가 말했다.": what he said is a sentence of its own.
            return alone.then(|| self.announces(&verb)).flatten();
        };
        let behind = source_after(self.passage, closed.after, verb.head);
        let start = self.start_of(&verb, &closed, behind)?;
        let content = self.content_of(&start, &closed)?;
        let head = self.described(&verb, behind)?;
        if start.source.is_some() {
            self.state.source = start.source;
        }
        let source = head.or(self.state.source);
        if self.state.outer.is_some() && source.is_none() {
            return None;
        }
        let own = self.drafts.len();
        self.add(&verb, source, content, &closed);
        let inner = said_within(self.passage, start.content, closed.last, own);
        self.drafts.extend(inner);
        self.after_cue(&verb)
    }

    /// The verb of saying at `at`, an idiom with a quotation included.
    fn verb_at(&self, at: usize) -> Option<Verb> {
        let (entry, head) = match entry_of(self.passage, at) {
            Some(entry) => (entry, at),
            None => idiom(self.passage, self.state.from, at)?,
        };
        if ends(self.passage, "quotatives", at).is_some() {
            // "… 말했다고 전했다": the saying is part of what the next verb reports.
            return None;
        }
        let (cue, negated) = cue_span(self.passage, self.unit, at);
        Some(Verb {
            entry,
            at,
            head,
            cue: self.passage.tokens[head].span.cover(cue),
            negated,
        })
    }

    /// "의혹을 전면 부인했다": how it was said belongs to the cue.
    fn with_manner(&self, mut verb: Verb) -> Verb {
        while verb.head > self.state.from + 1 && self.passage.listed("manner", verb.head - 1) {
            verb.head -= 1;
        }
        verb.cue = self.passage.tokens[verb.head].span.cover(verb.cue);
        verb
    }

    /// Where the clause of `verb` begins, and who speaks in it; `behind`: who stands between content and verb.
    fn start_of(&mut self, verb: &Verb, closed: &Closed, behind: Option<Span>) -> Option<Start> {
        let passage = self.passage;
        if behind.is_some() {
            return Some(Start {
                content: skip_asides(passage, self.state.from, closed.last),
                source: behind,
            });
        }
        self.state.tells = matches!(verb.entry.stance, Stance::Ask | Stance::Promise | Stance::Warn)
            || begins(passage, "tells", verb.at);
        self.state.counters = self.state.contrasts
            && begins(passage, "counters", verb.at)
            && !begins(passage, "exists", closed.last);
        clause_start(passage, &self.state, self.drafts, closed.last)
    }

    /// The content of a clause with what linking endings closed before it.
    fn content_of(&mut self, start: &Start, closed: &Closed) -> Option<Vec<Span>> {
        let first = passage_start(self.passage, start.content, closed.last)?;
        let mut content = std::mem::take(&mut self.state.pending);
        if first < closed.end {
            content.push(Span::new(first, closed.end));
        }
        (!content.is_empty()).then_some(content)
    }

    /// "… 주장한 시공사": the noun behind the verb that has said it. `None`: the verb describes no speaker at all.
    fn described(&self, verb: &Verb, behind: Option<Span>) -> Option<Option<Span>> {
        let (passage, at) = (self.passage, verb.at);
        if !describes(passage, at) {
            return Some(None);
        }
        let head = (behind.is_none() && verb.head == at)
            .then(|| relative_head(passage, at, self.unit.end))
            .flatten();
        // "말해 주는 듯한": describes no speaker.
        let vague = head.is_none() && passage.tokens[at].span.of(passage.text).ends_with('는');
        (!vague).then_some(head)
    }

    /// Adds what `verb` tells, and whom it cites.
    fn add(&mut self, verb: &Verb, source: Option<Span>, content: Vec<Span>, closed: &Closed) {
        // "…다는 보도를 반박했다": what is rebutted is denied; "…다고 반박했다" puts it forward.
        let rebuts = closed.weighed && begins(self.passage, "rebuts", verb.at);
        let stance = match verb.entry.stance {
            _ if rebuts => Stance::Deny,
            Stance::Say if closed.claim => Stance::Claim,
            stance => stance,
        };
        let mut draft = make(stance, source, verb.cue, content.clone());
        draft.form = form_of(self.passage, &content);
        draft.polarity = if verb.negated {
            Polarity::Unconfirmed
        } else if rebuts {
            Polarity::Denied
        } else {
            verb.entry.polarity
        };
        draft.parent = self.state.outer;
        if source.is_none() {
            draft.antecedent = last_speaker(self.drafts);
        }
        let own = self.drafts.len();
        let form = draft.form;
        self.drafts.push(draft);
        if let Some((origin, cue)) = self.state.relay.take() {
            let mut child = make(Stance::Cite, Some(origin), cue, content);
            child.form = form;
            child.parent = Some(own);
            self.drafts.push(child);
        }
    }

    /// Goes on behind the cue: what the entry takes in ("확인해 주지 않았다") is read already.
    fn after_cue(&mut self, verb: &Verb) -> Option<usize> {
        let (passage, end) = (self.passage, self.unit.end);
        let behind = |k: &usize| passage.tokens[*k].span.start >= verb.cue.end;
        self.state.from = (verb.at + 1..end).find(behind).unwrap_or(end);
        self.state.contrasts = ends(passage, "contrasts", self.state.from - 1).is_some();
        while passage.is(self.state.from, ',') || passage.listed("sequels", self.state.from) {
            self.state.from += 1;
        }
        Some(self.state.from)
    }

    /// "말론 청장은 이렇게 말했다.": what is said stands in the sentence before or after.
    fn announces(&mut self, verb: &Verb) -> Option<usize> {
        let (passage, from, at) = (self.passage, self.state.from, verb.at);
        // "패스를 했다": a verb that only says that something was done.
        let light = begins(passage, "light", at);
        if verb.entry.frame != Frame::Say || describes(passage, at) || light {
            return None;
        }
        let source = topic(passage, from, at, false)
            .map(|t| t.source)
            .or_else(|| source_after(passage, from, at))?;
        let mut draft = make(verb.entry.stance, Some(source), verb.cue, Vec::new());
        draft.form = Form::Direct;
        self.drafts.push(draft);
        self.state.source = Some(source);
        self.resume(at)
    }
}

/// Whether `word`, right behind a quotation, is a linking ending with or without a copula ("며", "이라며").
fn is_bare_link(passage: &Passage<'_>, word: &str) -> bool {
    let copulas = passage.lexicon.list("linking-copulas");
    passage.lexicon.list("linking").iter().any(|w| {
        word.strip_suffix(w.as_str())
            .is_some_and(|rest| rest.is_empty() || copulas.iter().any(|c| c == rest))
    })
}

/// The linking ending of `word` behind a quotative syllable (-다며, -자며).
fn linking_ending(passage: &Passage<'_>, word: &str) -> Option<&'static str> {
    let lexicon: &'static Lexicon = passage.lexicon;
    let after_quotative = |w: &&String| {
        word.strip_suffix(w.as_str()).is_some_and(|rest| {
            lexicon
                .list("quotative-syllables")
                .iter()
                .any(|q| rest.ends_with(q.as_str()))
        })
    };
    lexicon
        .list("linking")
        .iter()
        .filter(after_quotative)
        .max_by_key(|w| w.len())
        .map(String::as_str)
}

/// The byte where the content from token `first` to `last` begins.
fn passage_start(passage: &Passage<'_>, first: usize, last: usize) -> Option<usize> {
    let begin = passage.tokens.get(first)?.span.start;
    if opens_late(passage, first, last) {
        return Some(passage.tokens[last].span.start);
    }
    Some(begin)
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

/// Whether a quotation with a particle stands shortly before the verb at `at`.
fn quoted_before(passage: &Passage<'_>, from: usize, at: usize) -> bool {
    (from + 1..at).rev().take(6).any(|k| is_after_quote(passage, k))
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
    let closes = passage.is_stop(at + 1) || begins(passage, "lasting", at + 1) && passage.is_stop(at + 2);
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
