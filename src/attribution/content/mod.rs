//! What is said: the content beside a cue, split and continued quotations included.

use std::ops::Range;

use super::Stance;
use super::cased;
use super::clause::{Found, Role};
use super::cues::{opens_content, skip_adjunct, skip_time};
use super::lexicon::{Frame, class};
use super::passage::Passage;

mod borders;

pub(super) use borders::trim;
use borders::{FAR, left_content, quote_after, right_content, right_limit, takes_addressee};

/// One cue of a sentence and where its content may stand.
struct Search<'s, 'p> {
    passage: &'s Passage<'p>,
    unit: &'s Range<usize>,
    found: &'s [Found],
    index: usize,
    item: &'s Found,
    /// Content does not reach before this token, the end of the cue before.
    floor: usize,
    /// Content does not reach this token.
    limit: usize,
    /// The clause or quotation that ends right before source and cue.
    left: Option<Range<usize>>,
}

/// The content of `found[index]`, as token ranges.
pub(super) fn content(
    passage: &Passage<'_>,
    unit: &Range<usize>,
    found: &[Found],
    index: usize,
) -> Vec<Range<usize>> {
    let item = &found[index];
    let semicolon = |from: usize| (from..item.start).rev().take(FAR).find(|&k| passage.is(k, ';'));
    let closing = closes_sentence(passage, unit, found, index);
    let floor = match index.checked_sub(1) {
        Some(before) if !closing && item.role == Role::Phrase => {
            semicolon(found[before].end).map_or(found[before].end, |k| k + 1)
        }
        Some(before) if !closing => found[before].end,
        _ => unit.start,
    };
    let taken = |l: &Range<usize>| floor > unit.start && cased::is_taken(passage, l);
    let search = Search {
        passage,
        unit,
        found,
        index,
        item,
        floor,
        limit: right_limit(passage, unit, found, index),
        left: left_content(passage, floor, item.start).filter(|l| !taken(l)),
    };
    let mut parts = match item.role {
        Role::Relay => Vec::new(),
        Role::Hearsay => search.hearsay(),
        Role::Phrase => search.phrase(),
        Role::SubjectLast => search.subject_last(),
        Role::SubjectFirst | Role::Shared => search.subject_first(),
    };
    if cased::has_cases(passage) {
        for part in &mut parts {
            part.end = cased::before_contrast(passage, part);
        }
    }
    parts
}

impl Search<'_, '_> {
    /// The tokens of `range` without marks at its borders, if any are left.
    fn trim(&self, range: Range<usize>) -> Option<Range<usize>> {
        trim(self.passage, range)
    }

    /// Both sides of "reportedly"; at the head of a sentence, and as a verb, it covers what other cues say.
    fn hearsay(&self) -> Vec<Range<usize>> {
        let cue = &self.item.cue;
        let whole = cue.start == self.unit.start || self.item.stance == Stance::Say;
        let limit = if whole { self.unit.end } else { self.limit };
        let left = self.trim(self.floor..cue.start);
        left.into_iter().chain(self.trim(cue.end..limit)).collect()
    }

    /// What "according to …" frames.
    fn phrase(&self) -> Vec<Range<usize>> {
        let (passage, item) = (self.passage, self.item);
        let as_is = item.start > self.floor && passage.has(item.start - 1, class::AS);
        if let Some(said) = self.inserted_in() {
            // "Lund said, according to the Herald, that …": both sides are relayed.
            let before = self.trim(said..item.start);
            return before
                .into_iter()
                .chain(self.trim(item.end..self.limit))
                .collect();
        }
        let left = self.left.clone().or_else(|| self.word_before_remark());
        let mut parts = Vec::new();
        if let Some(left) = left {
            parts.push(left);
            let goes_on = passage.is(item.end, ',') && !passage.is_quote(item.end + 1);
            parts.extend(
                self.trim(item.end + 1..self.limit.max(item.end + 1))
                    .filter(|_| goes_on),
            );
        } else if let Some(comma) = comma_after(passage, item, as_is, self.floor) {
            // "According to Reuters, the mayor told aides …": all that follows is relayed.
            let leads = item.start <= self.unit.start + 2;
            let rival = self
                .found
                .get(self.index + 1)
                .filter(|n| n.role == Role::Phrase && passage.is(n.start - 1, ';'));
            let limit = match rival {
                // "According to A, 30 were lost; according to B, 40."
                Some(next) => next.start,
                None if leads => self.unit.end,
                None => self.limit,
            };
            // "According to the Herald, citing a memo, the mayor told …": what the Herald rests on is no part of it
            let citing = self
                .found
                .get(self.index + 1)
                .filter(|n| n.cue.start == comma + 1 && n.end < limit && passage.is(n.end, ','));
            parts.extend(self.trim(citing.map_or(comma, |n| n.end) + 1..limit));
        } else if item.start > self.floor
            && !as_is
            && (item.start > self.floor + 1 || item.end + 1 >= self.limit)
        {
            // "The deal was first reported by …", "twice, according to …" without a comma.
            parts.extend(self.trim(self.floor..item.start));
        } else {
            parts.extend(self.trim(item.end..self.limit));
        }
        let rest = passage.has(item.end, class::PREPOSITION | class::THAT) && item.end < self.limit;
        let passive = item.source.as_ref().is_some_and(|s| s.start > item.cue.end);
        if item.frame != Frame::Say && rest && passive {
            // "The mayor was accused by prosecutors of taking bribes"; who is told something is no part of it.
            if takes_addressee(passage, item.frame) {
                parts.clear();
            }
            parts.extend(self.trim(item.end..self.limit));
        }
        parts
    }

    /// Where source and cue before this phrase begin, if it parts them from their content.
    fn inserted_in(&self) -> Option<usize> {
        let before = self.found.get(self.index.checked_sub(1)?)?;
        (before.role == Role::SubjectFirst && before.inserted(self.passage, self.item))
            .then_some(before.start)
    }

    /// "Невідомі, за даними слідства, діяли втрьох": one word before the remark.
    fn word_before_remark(&self) -> Option<Range<usize>> {
        let (passage, item) = (self.passage, self.item);
        let parted = item.start > self.floor + 1
            && passage.is(item.start - 1, ',')
            && passage.is(item.end, ',')
            && cased::has_cases(passage);
        let bits = class::LEAD | class::ADVERB | class::TIME | class::PREPOSITION;
        let plain = |k: usize| passage.is_word(k) && !passage.has(k, bits);
        let inside = parted && (self.floor..item.start - 1).all(plain);
        self.trim(self.floor..item.start).filter(|_| inside)
    }

    /// "“…,” said Lund"; in languages with free order also what stands behind.
    fn subject_last(&self) -> Vec<Range<usize>> {
        let (passage, item) = (self.passage, self.item);
        let free = cased::has_cases(passage);
        let opener = cased::opened_by_as(passage, self.floor, item.start)
            .filter(|&k| k > self.floor + 1 && passage.is(k - 1, ','));
        let mut parts: Vec<Range<usize>> = Vec::new();
        // "Американці, як каже Лі, …"
        parts.extend(opener.and_then(|opener| self.trim(self.floor..opener)));
        let spoken = |l: &Range<usize>| l.clone().any(|k| passage.is_quote(k));
        let inserted = free && (opener.is_some() || self.left.as_ref().is_some_and(|l| !spoken(l)));
        parts.extend(self.left.clone());
        if inserted
            && !parts.is_empty()
            && passage.is(item.end, ',')
            && !passage.has(item.end + 1, class::CLAUSE | class::CONJUNCTION)
        {
            // "Наступним кроком, сподівається він, буде …": the content goes on behind the remark.
            parts.extend(self.trim(item.end + 1..self.limit));
        }
        if let Some(next) = quote_after(passage, item.end, self.limit) {
            parts.extend(self.trim(next..self.limit));
        } else if parts.is_empty() {
            parts.extend(right_content(passage, item, self.limit));
        }
        if let Some(relay) = self
            .relay_after(|r| r.start == item.end)
            .filter(|_| parts.is_empty())
        {
            // "Як пише «Хвиля» з посиланням на двох інженерів, …"
            parts.extend(self.trim(relay.end..self.unit.end));
        }
        let opens = class::LEAD | class::ADVERB | class::TIME | class::AS | class::CONJUNCTION;
        let object = (self.floor..item.start).any(|k| passage.is_word(k) && !passage.has(k, opens));
        if item.frame == Frame::Object && object && !parts.iter().any(|p| p.start < item.start) {
            // "Палія звинувачують прокурори у хабарі"
            parts.splice(0..0, self.trim(self.floor..item.start));
        }
        if parts.is_empty() && object && free {
            // "Про аварію повідомив мер": the object stands before the verb.
            parts.extend(self.trim(cased::before_occasion(passage, self.floor..item.start)));
        }
        parts
    }

    /// The relay right behind this cue, if it `fits`.
    fn relay_after(&self, fits: impl Fn(&Found) -> bool) -> Option<&Found> {
        self.found
            .get(self.index + 1)
            .filter(|r| r.role == Role::Relay && fits(r))
    }

    /// "Lund said …"; "…, Lund said"; "…, Lund said, …"; "what Lund called “…”".
    fn subject_first(&self) -> Vec<Range<usize>> {
        let (passage, item) = (self.passage, self.item);
        let after = item.cue.end;
        let mut parts: Vec<Range<usize>> = Vec::new();
        let remark = passage.is(after, ',')
            && passage.is(item.start.wrapping_sub(1), ',')
            && !passage.has(after + 1, class::THAT)
            && item.role == Role::SubjectFirst
            && self.floor < item.start;
        if passage.is_quote(after) && self.follows("what") {
            // "what he called “a leak” closed the harbour"
            parts.extend(self.trim(after..after + 1));
        } else if item.frame == Frame::Object {
            parts.extend(self.trim(after..self.end_of_object()));
        } else if remark {
            // "At one point, she said, she was …": both sides of the remark.
            parts.extend(self.trim(self.floor..item.start));
            parts.extend(self.trim(after + 1..self.limit));
        } else if let Some(left) = self.left.clone().filter(|left| self.looks_back(left)) {
            let quoted = passage.is_quote(left.end - 1);
            parts.push(left);
            if let Some(next) = quote_after(passage, item.end, self.limit) {
                parts.extend(self.trim(next..self.limit));
            } else if !quoted && passage.is(after, ',') {
                parts.extend(self.trim(after + 1..self.limit));
            }
        } else if let Some(phrase) = self
            .found
            .get(self.index + 1)
            .filter(|n| item.inserted(passage, n))
        {
            // "Lund said, according to the Herald, that …"
            parts.extend(self.trim(phrase.end..self.unit.end));
        } else if let Some(relay) = self.relay_after(|r| opens_content(passage, self.unit, r.end)) {
            // "reported, citing two people, that …"
            let limit = if self.index + 2 < self.found.len() {
                right_limit(passage, self.unit, self.found, self.index + 1)
            } else {
                self.unit.end
            };
            parts.extend(self.trim(relay.end..limit));
        } else {
            parts.extend(right_content(passage, item, self.limit));
        }
        if parts.is_empty() && item.frame != Frame::Object {
            // "…," Lund said when asked about it.
            parts.extend(left_content(passage, self.floor, item.start));
        }
        if let Some(source) = item.source.as_ref().filter(|_| parts.is_empty()) {
            // The object stands between source and verb.
            parts.extend(self.trim(source.end..item.cue.start.max(source.end)));
        }
        parts.splice(0..0, self.relative_object());
        parts
    }

    /// ", which Lund said was a mistake", "what she called a mistake": the pronoun stands for what is told.
    fn relative_object(&self) -> Option<Range<usize>> {
        if cased::has_cases(self.passage) {
            return None;
        }
        let (passage, source) = (self.passage, self.item.source.as_ref()?);
        let at = source
            .start
            .checked_sub(1)
            .filter(|&at| at >= self.floor && self.item.role == Role::SubjectFirst)?;
        let opens = at == self.unit.start || passage.is(at - 1, ',') || passage.tokens[at - 1].is_dash();
        let which = passage.has(at, class::RELATIVE) && opens && at > self.unit.start;
        // "what he called “a leak”" is the quotation alone.
        let what = passage.lower(at) == "what" && !passage.is_quote(self.item.cue.end);
        (what || which).then_some(at..at + 1)
    }

    /// Where an object ends: behind a noun ("Lund's criticism of the ferry was printed") before the verb.
    fn end_of_object(&self) -> usize {
        let (passage, item) = (self.passage, self.item);
        let owned = |s: &Range<usize>| s.end <= item.cue.start && passage.tokens[s.end - 1].is_possessive();
        let noun = item.role == Role::Shared
            && item
                .source
                .as_ref()
                .is_some_and(|s| owned(s) || passage.listed("owners", s.end - 1));
        if !noun {
            return self.limit;
        }
        (item.cue.end..self.limit)
            .take(FAR)
            .take_while(|&k| !passage.has(k, class::RELATIVE | class::CLAUSE))
            .find(|&k| passage.has(k, class::AUXILIARY | class::VERB))
            .unwrap_or(self.limit)
    }

    /// Whether `word` stands right before the source.
    fn follows(&self, word: &str) -> bool {
        let source = self.item.source.as_ref();
        source.is_some_and(|s| s.start > 0 && self.passage.lower(s.start - 1) == word)
    }

    /// Whether the content is what stands before source and cue, not what follows them.
    fn looks_back(&self, left: &Range<usize>) -> bool {
        let (passage, item) = (self.passage, self.item);
        let after = item.cue.end;
        let addressed = takes_addressee(passage, item.frame);
        let that = |next: usize| passage.has(next, class::THAT);
        let explicit = opens_content(passage, self.unit, after) && !passage.is(after, ',')
            || skip_adjunct(passage, self.unit, after, addressed).is_some_and(that);
        let bare = opens_bare(passage, after, self.limit) && !only_addressee(passage, item, self.limit);
        let relative = item
            .source
            .as_ref()
            .is_some_and(|s| s.len() == 1 && passage.has(s.start, class::RELATIVE));
        item.role == Role::SubjectFirst && !relative && !explicit && (passage.is_quote(left.end - 1) || !bare)
    }
}

/// "The mayor told aides he would quit, Reuters reported.": a cue that ends its sentence after a comma relays all of
/// it, other cues included; not where speakers alternate ("“…,” Lund said, “…,” Berg said.").
pub(super) fn closes_sentence(
    passage: &Passage<'_>,
    unit: &Range<usize>,
    found: &[Found],
    index: usize,
) -> bool {
    let item = &found[index];
    let remark = matches!(item.role, Role::Phrase | Role::SubjectFirst | Role::SubjectLast);
    let parted = item.start > unit.start && passage.is(item.start - 1, ',');
    let mut rest = item.end..unit.end;
    let ends = remark
        && parted
        && rest.all(|k| passage.is_stop(k) || passage.has(k, class::TIME | class::PREPOSITION));
    // The walks back over the sentence are for its last cue alone.
    if index == 0 || !ends {
        return false;
    }
    let plain = found[..index].iter().all(|f| f.role != Role::Relay)
        && !(unit.start..item.start).any(|k| passage.is(k, ';'));
    let quoted = |range: Range<usize>| range.into_iter().any(|k| passage.is_quote(k));
    // A quotation after the last cue is this speaker's own.
    let own = quoted(found[index - 1].end..item.start);
    plain && !own
}

/// The comma between a leading "according to …" or "as … noted in May" and what is reported.
fn comma_after(passage: &Passage<'_>, item: &Found, as_is: bool, left_limit: usize) -> Option<usize> {
    if passage.is(item.end, ',') && (as_is || item.start <= left_limit + 2) {
        return Some(item.end);
    }
    let reach = if as_is { 12 } else { 0 };
    (item.end..passage.tokens.len().min(item.end + reach))
        .take_while(|&k| !passage.is_stop(k) && !passage.is_quote(k))
        .find(|&k| passage.is(k, ','))
}

/// "…, they have told the Herald.": nothing but the listener follows the cue.
fn only_addressee(passage: &Passage<'_>, item: &Found, end: usize) -> bool {
    let rest = item.cue.end..end;
    item.frame == Frame::Tell
        && rest.len() <= 8
        && !rest.clone().any(|k| {
            passage.has(k, class::AUXILIARY | class::VERB | class::QUESTION)
                || passage.is_quote(k)
                || passage.is(k, ',')
                || k > rest.start && passage.has(k, class::PRONOUN)
        })
}

/// Whether a clause without "that" begins at `at`.
fn opens_bare(passage: &Passage<'_>, at: usize, end: usize) -> bool {
    let at = skip_time(passage, &(at..end), at);
    at < end
        && passage.is_word(at)
        && !passage.has(
            at,
            class::PREPOSITION | class::ADVERB | class::CONJUNCTION | class::AS | class::CLAUSE,
        )
}

/// "Влада повідомила про 12 загиблих, місцеві ЗМІ — про 20": a second source whose verb is left out.
/// Gives the first content, the second source and the second content.
pub(super) fn gapped(passage: &Passage<'_>, content: &Range<usize>) -> Option<[Range<usize>; 3]> {
    if passage.lexicon.list("locative").is_empty() || !passage.has(content.start, class::PREPOSITION) {
        return None;
    }
    let comma = content.clone().take(40).find(|&k| passage.is(k, ','))?;
    let dash = (comma + 1..content.end)
        .take(8)
        .find(|&k| passage.tokens[k].is_dash())?;
    let same = passage.lower(dash + 1) == passage.lower(content.start);
    (same && dash > comma + 1 && dash + 1 < content.end)
        .then(|| [content.start..comma, comma + 1..dash, dash + 1..content.end])
}
