//! Who speaks in a Korean clause: the noun phrase with a topic or subject particle, before the content, between
//! content and verb, or behind a verb that describes it.

use std::ops::Range;

use super::super::kinds::kind_of_word;
use super::super::passage::Passage;
use super::super::{Draft, SourceKind};
use super::State;
use super::borders::{begins, ending_of, ends};
use crate::text::span::Span;

/// The most tokens that a noun phrase may have.
const REACH: usize = 20;

/// Where a clause begins.
pub(super) struct Start {
    /// The first token of its content.
    pub content: usize,
    /// Its source, if it names one.
    pub source: Option<Span>,
}

/// A noun phrase with a topic or subject particle.
pub(super) struct Topic {
    /// The phrase without the particle.
    pub source: Span,
    /// Its first token.
    pub start: usize,
    /// The token after it.
    pub after: usize,
    /// Whether it is known to be somebody who can speak.
    pub speaks: bool,
}

/// The clause's first content token and its source, if it names one. `end` is the last token of its content.
pub(super) fn clause_start(
    passage: &Passage<'_>,
    state: &State,
    drafts: &[Draft],
    end: usize,
) -> Option<Start> {
    if let Some(found) = topic(passage, state.from, end, state.source.is_some()) {
        let listener = ends(passage, "datives", found.after).is_some();
        let after = if listener && !state.tells {
            found.after
        } else {
            skip_asides(passage, found.after, end)
        };
        let after = after + usize::from(state.tells && hears(passage, after));
        // "다친 병사는 없다고 설명했다": whoever spoke before goes on; the topic belongs to what is said.
        let said = drafts.iter().rev().take(40).any(|d| {
            d.source
                .first()
                .is_some_and(|s| s.of(passage.text) == found.source.of(passage.text))
        });
        let known = state.source.is_some();
        let silent = ends(passage, "topics", found.after.saturating_sub(1)).is_some()
            && begins(passage, "speechless", found.after.saturating_sub(1));
        let spoken_before = known || drafts.iter().rev().take(40).any(|d| !d.source.is_empty());
        let predicate = after == end && !passage.is_quote(end);
        let sure = found.speaks || said || state.counters;
        if sure || !silent && (!spoken_before || !(known || predicate)) {
            return Some(Start {
                content: after,
                source: Some(found.source),
            });
        }
        return Some(Start {
            content: skip_asides(passage, found.start, end),
            source: None,
        });
    }
    let start = skip_asides(passage, skip_leads(passage, state.from, end), end);
    (start <= end).then_some(Start {
        content: start,
        source: None,
    })
}

/// "경찰에 … 진술했다": a body that is told.
fn hears(passage: &Passage<'_>, at: usize) -> bool {
    let word = passage.lower(at);
    let lexicon = passage.lexicon;
    let body = ending_of(passage, "about-particles", word).and_then(|p| word.strip_suffix(p));
    body.is_some_and(|body| {
        lexicon.outlets.iter().any(|o| o.to_lowercase() == body)
            || matches!(
                kind_of_word(lexicon, body),
                Some(SourceKind::Organisation | SourceKind::Outlet | SourceKind::Group)
            )
    })
}

/// "그러면서", "이어": opens a clause whose source is the one before.
pub(super) fn skip_leads(passage: &Passage<'_>, from: usize, end: usize) -> usize {
    (from..end)
        .find(|&k| !passage.listed("dropped", k) && !passage.is(k, ','))
        .unwrap_or(end)
}

/// The noun phrase with a topic particle that opens the clause `from..end`. `known`: the sentence has a source, so
/// that a plain subject belongs to what is said.
pub(super) fn topic(passage: &Passage<'_>, from: usize, end: usize, known: bool) -> Option<Topic> {
    let resumes = from < end && passage.listed("resumes", from);
    let first = (from..end)
        .find(|&k| (!passage.listed("dropped", k) || is_pronoun(passage, k)) && !passage.is(k, ','))?;
    let first = skip_asides(passage, first, end);
    let found = |list: &'static str| {
        (first..end.min(first + REACH))
            .take_while(|&k| (!passage.is_quote(k) || is_name(passage, k)) && !closes(passage, k))
            .filter(|&k| passage.is_word(k))
            .find_map(|k| marked(passage, list, k).map(|p| (k, p)))
    };
    let plain = found("topics")
        .filter(|&(k, p)| !resumes || speaks(passage, k, p))
        .or_else(|| found("subjects").filter(|&(k, p)| !known && speaks(passage, k, p)));
    // "총리실도 “…”라고": one more who says so, not one more of whom it is said.
    let also = found("also").filter(|&(k, p)| {
        let spoken = (k + 1..=end).take(3 * REACH).any(|q| passage.is_quote(q))
            || skip_asides(passage, k + 1, end) > k + 1;
        !known && !resumes && spoken && speaks(passage, k, p)
    });
    let (k, particle) = match (plain, also) {
        (Some(plain), Some(also)) => plain.min(also),
        (plain, also) => plain.or(also)?,
    };
    let (k, particle) = beside(passage, k, end).unwrap_or((k, particle));
    let start = noun_before(passage, first, k + 1);
    let source = Span::new(
        passage.tokens[start].span.start,
        passage.tokens[k].span.end - particle,
    );
    (!source.is_empty()).then_some(Topic {
        source,
        start,
        after: k + 1 + usize::from(passage.is(k + 1, ',')),
        speaks: speaks(passage, k, particle),
    })
}

/// "시장은 다리를 열었지만 주민들은 불안하다고 말했다": the topic of the second clause, if the first, whose topic stands
/// at `topic`, has no other subject.
fn beside(passage: &Passage<'_>, topic: usize, end: usize) -> Option<(usize, usize)> {
    let plain = |k: &usize| passage.is_word(*k) && !closes(passage, *k);
    let reach = topic + 1..end.min(topic + REACH);
    let joint = reach
        .clone()
        .take_while(|k| plain(k) && ends(passage, "subjects", *k).is_none())
        .find(|&k| ends(passage, "parallels", k).is_some())?;
    let next = (joint + 1..reach.end)
        .take_while(plain)
        .find(|&k| ends(passage, "topics", k).is_some())?;
    let particle = ends(passage, "topics", next)?.len();
    speaks(passage, next, particle).then_some((next, particle))
}

/// Whether a quotative ending closes content at token `k`.
fn closes(passage: &Passage<'_>, k: usize) -> bool {
    ends(passage, "closing-quotatives", k).is_some()
}

/// The length of the particle of `list` at the end of token `k`; an adnominal verb has none.
fn marked(passage: &Passage<'_>, list: &str, k: usize) -> Option<usize> {
    if let Some(particle) = after_bracket(passage, list, k) {
        return Some(particle);
    }
    let particle = ends(passage, list, k)?.len();
    let verb = ends(passage, "adnominal", k).is_some() || passage.listed("adnominal", k);
    (!verb || speaks(passage, k, particle)).then_some(particle)
}

/// "그는": a pronoun that opens a clause is its topic, whatever else may open one.
fn is_pronoun(passage: &Passage<'_>, k: usize) -> bool {
    let word = passage.lower(k);
    let stem = ending_of(passage, "topics", word).and_then(|p| word.strip_suffix(p));
    stem.is_some_and(|stem| passage.lexicon.pronouns.contains_key(stem))
}

/// "사라테(Zárate)가", "시민단체 ‘조랴’는": a particle alone behind a bracket or a name in quotation marks.
fn after_bracket(passage: &Passage<'_>, list: &str, k: usize) -> Option<usize> {
    let alone = k > 0 && (passage.is(k - 1, ')') || is_name(passage, k - 1)) && passage.listed(list, k);
    alone.then(|| passage.tokens[k].span.len())
}

/// Whether the quotation at `k` is the name of the body before it, and a particle follows: "시민단체 ‘조랴’는".
fn is_name(passage: &Passage<'_>, k: usize) -> bool {
    let particle = ["topics", "subjects", "also"]
        .iter()
        .any(|list| passage.listed(list, k + 1));
    passage.is_quote(k)
        && passage.quote_words(k) <= 4
        && !passage.quote_ends_speech(k)
        && particle
        && k > 0
        && kind_of_word(passage.lexicon, passage.lower(k - 1)).is_some()
}

/// The token that a particle at `k` belongs to: before the bracket or the quoted name if there is one.
fn head_of(passage: &Passage<'_>, k: usize) -> usize {
    if k > 1 && is_name(passage, k - 1) {
        return k - 2;
    }
    if k == 0 || !passage.is(k - 1, ')') {
        return k;
    }
    (0..k)
        .rev()
        .take(12)
        .find(|&o| passage.is(o, '('))
        .and_then(|o| o.checked_sub(1))
        .unwrap_or(k)
}

/// Whether token `k` without its particle is somebody who can speak: an office, a body, a medium, a full name.
fn speaks(passage: &Passage<'_>, k: usize, particle: usize) -> bool {
    let head = head_of(passage, k);
    let word = passage.tokens[head].span.of(passage.text);
    let particle = if head == k { particle } else { 0 };
    let noun = word.get(..word.len() - particle).unwrap_or(word);
    let lower = noun.to_lowercase();
    let lexicon = passage.lexicon;
    let named = noun.chars().count() == 3
        && lexicon
            .list("surnames")
            .iter()
            .any(|s| noun.starts_with(s.as_str()));
    named
        || lexicon.pronouns.contains_key(&lower)
        || kind_of_word(lexicon, &lower).is_some()
        || lexicon
            .list("plurals")
            .iter()
            .filter_map(|p| lower.strip_suffix(p.as_str()))
            .any(|one| kind_of_word(lexicon, one).is_some())
        || lexicon.titles.iter().any(|t| noun == t)
        || lexicon.outlets.iter().any(|o| noun == o)
}

/// The first token of the noun phrase that ends before `end`: what a comma or a linking word parts from it is no
/// part of it ("비가 그친 뒤 시장은", "이와 관련해 시장은").
pub(super) fn noun_before(passage: &Passage<'_>, from: usize, end: usize) -> usize {
    // What stands last is no aside: "시 홈페이지에 따르면".
    let last = end.saturating_sub(1);
    let first = skip_asides(passage, skip_leads(passage, from, end), last);
    let floor = first.max(end.saturating_sub(REACH));
    let cut = (floor..last).rev().find(|&k| {
        let listed = passage.is(k, ',')
            && !(k + 1 < end && passage.is_word(k - usize::from(k > floor)) && lists_names(passage, k, end));
        let linked = passage.listed("sequels", k)
            || passage.listed("aside-ends", k)
            || ends(passage, "connectives", k).is_some();
        listed || linked && !describes(passage, k + 1)
    });
    cut.map_or(first, |k| skip_asides(passage, k + 1, last)).min(last)
}

/// "경찰, 소방서는": a comma between two bare nouns.
fn lists_names(passage: &Passage<'_>, comma: usize, end: usize) -> bool {
    comma > 0
        && end <= comma + 3
        && ends(passage, "particles", comma - 1).is_none()
        && ends(passage, "connectives", comma - 1).is_none()
}

/// Whether a verb that describes the noun after it stands at `k` ("아는", "요구한"): its last syllable ends in ㄴ.
pub(super) fn describes(passage: &Passage<'_>, k: usize) -> bool {
    let word = passage.tokens.get(k).map_or("", |t| t.span.of(passage.text));
    let last = word.chars().next_back();
    // "했지만" links its clause with the next one.
    if ends(passage, "connectives", k).is_some() {
        return false;
    }
    // "윤" alone is a name.
    let verb = word.chars().nth(1).is_some() && last.is_some_and(ends_in_n);
    passage.is_word(k) && verb && !word.ends_with(['은', '는'])
        || ends(passage, "adnominal", k).is_some()
        || passage.listed("adnominal", k)
}

/// Whether a syllable ends in ㄴ.
fn ends_in_n(c: char) -> bool {
    matches!(c, '가'..='힣') && (c as u32 - 0xac00) % 28 == 4
}

/// "“…”고 주민 서다온 씨가 말했다": the source between content and verb.
pub(super) fn source_after(passage: &Passage<'_>, after: usize, at: usize) -> Option<Span> {
    let mut found = (after..at).filter_map(|k| {
        marked(passage, "subjects", k)
            .or_else(|| marked(passage, "topics", k))
            .map(|p| (k, p))
    });
    let first = found.next()?;
    let (k, particle) = std::iter::once(first)
        .chain(found)
        .find(|&(k, p)| speaks(passage, k, p))
        .unwrap_or(first);
    // "… 있다는 사실이": a noun of saying is no source.
    if passage.listed("nouns", k) {
        return None;
    }
    let start = noun_before(passage, after, k + 1);
    let span = Span::new(
        passage.tokens[start].span.start,
        passage.tokens[k].span.end - particle,
    );
    (!span.is_empty()).then_some(span)
}

/// "… 주장한 시공사는": the noun that the verb at `at` describes, without its particle.
pub(super) fn relative_head(passage: &Passage<'_>, at: usize, end: usize) -> Option<Span> {
    let verb = passage.tokens[at].span.of(passage.text);
    if !verb.chars().next_back().is_some_and(ends_in_n) || passage.listed("sequels", at + 1) {
        return None;
    }
    let range: Range<usize> = at + 1..end.min(at + 6);
    for k in range {
        if !passage.is_word(k) {
            return None;
        }
        let Some(particle) = ends(passage, "particles", k) else {
            continue;
        };
        if !speaks(passage, k, particle.len()) {
            return None;
        }
        let start = passage.tokens[at + 1].span.start;
        return Some(Span::new(start, passage.tokens[k].span.end - particle.len()));
    }
    None
}

/// Skips what is neither source nor content: "이날", "12일", "기자회견에서", "성명을 통해", "참모들에게".
pub(super) fn skip_asides(passage: &Passage<'_>, from: usize, end: usize) -> usize {
    let mut at = from;
    while at < end {
        match aside_end(passage, at, end) {
            Some(next) => at = next + usize::from(passage.is(next, ',')),
            None => break,
        }
    }
    at.min(end)
}

/// Where the aside that begins at `at` ends.
fn aside_end(passage: &Passage<'_>, at: usize, end: usize) -> Option<usize> {
    let word = passage.lower(at);
    let dated = word.starts_with(|c: char| c.is_ascii_digit()) && ends(passage, "date-endings", at).is_some();
    if dated || passage.listed("asides", at) || ends(passage, "datives", at).is_some() {
        return Some(at + 1);
    }
    if let Some(asked) = question_end(passage, at, end) {
        return Some(asked);
    }
    for k in at..end.min(at + 6) {
        if let Some(next) = bracketed_occasion(passage, k) {
            return Some(next);
        }
        if !passage.is_word(k) || ends(passage, "topics", k).is_some() || closes(passage, k) {
            return None;
        }
        let occasion = ends(passage, "occasions", k).is_some() || passage.listed("occasions", k);
        if passage.listed("aside-ends", k) && k > at || occasion {
            return Some(k + 1);
        }
    }
    None
}

/// "사회관계망서비스(SNS)에": a place that its bracket parts from the particle; the token behind it.
fn bracketed_occasion(passage: &Passage<'_>, k: usize) -> Option<usize> {
    if !passage.is(k + 1, '(') || !passage.listed("media", k) {
        return None;
    }
    let close = (k + 2..k + 8).find(|&c| passage.is(c, ')'))?;
    passage.listed("places-in", close + 1).then_some(close + 2)
}

/// "사임할 것이냐는 질문에", "왜 늦었느냐고 묻자": where the question that begins at `at` ends. A topic before it is
/// who answers, unless one that can speak follows.
fn question_end(passage: &Passage<'_>, at: usize, end: usize) -> Option<usize> {
    let reach = end.min(at + REACH);
    let asked = (at + 1..reach).find(|&k| passage.listed("question-ends", k))?;
    let asks = |k: usize| {
        ends(passage, "adnominal-quotatives", k).is_some()
            || passage.listed("adnominal", k)
            || passage.is_quote(k.wrapping_sub(1))
    };
    let topic = (at..asked).any(|k| ends(passage, "topics", k).is_some() && !asks(k));
    let answers = || {
        (asked + 1..reach)
            .take_while(|&k| passage.is_word(k))
            .any(|k| ends(passage, "topics", k).is_some_and(|p| speaks(passage, k, p.len())))
    };
    (!topic || answers()).then_some(asked + 1)
}
