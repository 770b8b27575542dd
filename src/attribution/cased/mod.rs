//! What languages with cases and a free order of words (Ukrainian, Russian) do otherwise than English: a place
//! speaks ("У Києві заявили"), the subject is dropped ("Додав, що …") or stands behind whom it tells, and a name
//! in quotation marks speaks.

mod names;
mod patterns;
mod subjects;

use std::ops::Range;

use super::Stance;
use super::cues::Cue;
use super::kinds::kind_of_word;
use super::lexicon::{Entry, Lexicon, class};
use super::passage::Passage;
use super::subject;
use super::token::Kind;
pub(super) use names::{case_rank, first_case};
pub(super) use patterns::mend;
pub(super) use subjects::{
    before_object, drops_subject, has_subject, is_accused, is_clause, is_oblique, is_one_of_them, is_people,
    speaks_behind, with_neither, without_phrase,
};

/// The source right of `cue`: a subject, behind whom it is told if need be, or a place. `leading`: the content
/// follows it ("Як повідомили в раді, …").
pub(super) fn right_of(
    passage: &Passage<'_>,
    cue: &Cue<'_>,
    end: usize,
    leading: bool,
) -> Option<Range<usize>> {
    let source = right(passage, cue, end, leading)?;
    // "запитав суддя у слідчого": who is asked is no part of who asks.
    let source = if cue.entry.stance == Stance::Ask && has_cases(passage) {
        without_phrase(passage, source)
    } else {
        source
    };
    let comma = source.clone().find(|&k| leading && passage.is(k, ','));
    Some(source.start..comma.unwrap_or(source.end))
}

fn right(passage: &Passage<'_>, cue: &Cue<'_>, end: usize, leading: bool) -> Option<Range<usize>> {
    let after = cue.group.end;
    if !has_cases(passage) {
        return subject::right_of(passage, after, end);
    }
    let at = skip_listener(passage, after, end);
    place(passage, cue, at, end, leading).or_else(|| {
        if is_name(passage, at) && at < end {
            return Some(at..at + 1);
        }
        let infinitive = passage
            .lexicon
            .list("infinitive-endings")
            .iter()
            .any(|e| passage.lower(at).ends_with(e.as_str()));
        let source = subject::right_of(passage, at, end).filter(|_| !infinitive)?;
        // "сказала Вербова журналістам"
        let listener = source
            .clone()
            .skip(1)
            .find(|&k| is_listener(passage, k) && !passage.lower(k).ends_with("ів"));
        Some(source.start..listener.unwrap_or(source.end))
    })
}

/// Whether the language has cases.
pub(super) fn has_cases(passage: &Passage<'_>) -> bool {
    !passage.lexicon.list("locative").is_empty()
}

/// «Хвиля» as a name: a short quotation with a capital that ends like no speech.
pub(super) fn is_name(passage: &Passage<'_>, at: usize) -> bool {
    has_cases(passage)
        && passage.quote_words(at) <= 4
        && !passage.quote_ends_speech(at)
        && passage
            .quote(at)
            .is_some_and(|q| q.inner.of(passage.text).starts_with(char::is_uppercase))
}

/// "журналістам", "виданню": whom it is told.
fn is_listener(passage: &Passage<'_>, at: usize) -> bool {
    let listeners = passage.lexicon.list("listeners");
    listeners.iter().any(|w| w == passage.lower(at))
}

/// Skips "журналістам", "виданню «Хвиля»", "йому" and what is said of the time between a verb and its subject.
fn skip_listener(passage: &Passage<'_>, from: usize, end: usize) -> usize {
    let mut at = from;
    while at < end.min(from + 8) {
        let outlet = passage.tokens.get(at).is_some_and(|t| {
            passage
                .lexicon
                .outlets
                .iter()
                .any(|o| o == t.span.of(passage.text))
        });
        let office =
            passage.is_word(at + 1) && kind_of_word(passage.lexicon, passage.lower(at + 1)).is_some();
        if (outlet || is_name(passage, at)) && at + 1 < end && office {
            // "розповів «Хвилі» директор"
            at += 1;
            continue;
        }
        if is_listener(passage, at) {
            at += 1;
            while is_name(passage, at)
                || passage
                    .tokens
                    .get(at)
                    .is_some_and(|t| t.capital && t.lower.is_ascii())
            {
                at += 1;
            }
        } else if passage.has(at, class::OBJECT | class::TIME | class::ADVERB)
            && !passage.has(at, class::DETERMINER)
        {
            at += 1;
        } else if passage.has(at, class::PREPOSITION) && passage.has(at + 1, class::TIME) {
            at += 2;
        } else {
            break;
        }
    }
    at
}

/// "повідомили в міській раді", "йдеться у звіті": the place or document that speaks.
fn place(passage: &Passage<'_>, cue: &Cue<'_>, at: usize, end: usize, leading: bool) -> Option<Range<usize>> {
    let listed = |name: &str, k: usize| passage.listed(name, k);
    if !listed("locative", at) || at + 1 >= end {
        return None;
    }
    let document = listed("impersonal", cue.verb.start);
    let many = passage
        .lexicon
        .list("many-endings")
        .iter()
        .any(|e| passage.lower(cue.verb.start).ends_with(e.as_str()));
    if !document && (!many || is_occasion(passage, at)) {
        return None;
    }
    let source = subject::after_phrase(passage, at + 1, end, leading)?;
    // "у мерії на брифінгу"
    let stop = source
        .clone()
        .skip(1)
        .find(|&k| is_occasion(passage, k))
        .unwrap_or(source.end);
    Some(source.start..stop)
}

/// "Її сестра": a possessive that is an object elsewhere.
pub(super) fn owns(passage: &Passage<'_>, at: usize) -> bool {
    has_cases(passage) && passage.listed("owners", at)
}

/// "Перед виступом мер заявив": the person or body in the nominative after a phrase with a preposition. The verb
/// behind the range tells the number and sex that the noun must have.
pub(super) fn nominative(passage: &Passage<'_>, range: &Range<usize>) -> Option<usize> {
    if !has_cases(passage) {
        return None;
    }
    let verb_ends = |list: &str| ends(passage, list, range.end);
    let (she, many) = (verb_ends("she-endings"), verb_ends("they-endings"));
    let fits = |k: usize| {
        let vowel = ends(passage, "vowels", k);
        if she {
            ends(passage, "nominative-endings", k) || !vowel
        } else if many {
            ends(passage, "plural-subjects", k)
        } else {
            !vowel
        }
    };
    // "У Києві Палій сказав": one who speaks in a place; of many the place itself speaks ("У Києві заявили").
    let one = !many;
    let placed = one && passage.listed("locative", range.start);
    (range.start + 2..range.end).find(|&k| {
        let word = passage.lower(k);
        (kind_of_word(passage.lexicon, word).is_some() || placed && passage.tokens[k].capital)
            && fits(k)
            && !passage.has(k - 1, class::PREPOSITION | class::LINK)
    })
}

/// Whether a preposition at `at` opens where or when something is said: "у Telegram", "на брифінгу", "в ефірі".
pub(super) fn is_occasion(passage: &Passage<'_>, at: usize) -> bool {
    let occasions = passage.lexicon.list("occasions");
    passage.listed("locative", at)
        && (at + 1..at + 4)
            .take_while(|&k| passage.is_word(k) && (k == at + 1 || !passage.has(k, class::PREPOSITION)))
            .any(|k| passage.has(k, class::TIME) || occasions.iter().any(|w| w == passage.lower(k)))
}

/// What follows "На своїй сторінці у Facebook" and the like at `at`: the first name or office after it.
pub(super) fn after_occasion(passage: &Passage<'_>, range: &Range<usize>) -> Option<usize> {
    if !is_occasion(passage, range.start) {
        return None;
    }
    let occasions = passage.lexicon.list("occasions");
    let mut at = (range.start + 1..range.end)
        .find(|&k| passage.has(k, class::TIME) || occasions.iter().any(|w| w == passage.lower(k)))?
        + 1;
    while at < range.end {
        if is_occasion(passage, at) {
            return after_occasion(passage, &(at..range.end));
        }
        if !is_listener(passage, at) && !is_name(passage, at) {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// What stands before a verb without the place where it was said: "Про це [у Telegram] повідомив".
pub(super) fn before_occasion(passage: &Passage<'_>, range: Range<usize>) -> Range<usize> {
    let end = range.clone().skip(1).find(|&k| is_occasion(passage, k));
    range.start..end.unwrap_or(range.end)
}

/// Whether "що" at `at` opens what the verb before it reports, so that it is nobody who speaks.
pub(super) fn opens_report(passage: &Passage<'_>, at: usize) -> bool {
    has_cases(passage)
        && passage.has(at, class::THAT)
        && at >= 2
        && passage.is(at - 1, ',')
        && !passage.word(at - 2).entries.is_empty()
}

/// "«Ми чекали», — виправдовувався лейтенант": behind a quotation and a dash any past verb tells how it was said.
/// Gives the entry of a plain verb of saying.
pub(super) fn verb_of_dialogue(passage: &Passage<'_>, at: usize) -> Option<&'static Entry> {
    let lexicon: &'static Lexicon = passage.lexicon;
    let dash = at.checked_sub(1).filter(|&k| passage.tokens[k].is_dash())?;
    let spoken = (dash.saturating_sub(2)..dash).any(|k| passage.is_quote(k));
    let comma = dash > 0 && (passage.is_quote(dash - 1) || passage.is(dash - 1, ','));
    if !spoken || !comma || !is_past(lexicon, passage.lower(at)) {
        return None;
    }
    let plain = lexicon
        .word(lexicon.list("plain-verb").first()?)
        .entries
        .first()?;
    lexicon.entries.get(*plain)
}

/// Whether a lower-case word ends like a verb in the past.
pub(super) fn is_past(lexicon: &Lexicon, lower: &str) -> bool {
    lower.chars().count() > 4
        && lexicon
            .list("past-endings")
            .iter()
            .any(|e| lower.ends_with(e.as_str()))
}

/// Whether the verb of `cue` has no subject by its nature ("йдеться", "сказано").
pub(super) fn is_impersonal(passage: &Passage<'_>, cue: &Cue<'_>) -> bool {
    let lower = passage.lower(cue.verb.start);
    passage.lexicon.list("impersonal").iter().any(|w| w == lower)
}

/// The document that an impersonal verb cites, left ("У звіті йдеться") or right of it ("йдеться у звіті"), and
/// whether it stands right.
pub(super) fn document(
    passage: &Passage<'_>,
    from: usize,
    cue: &Cue<'_>,
    end: usize,
) -> Option<(Range<usize>, bool)> {
    if let Some(source) = right_of(passage, cue, end, false) {
        let locative = passage.lexicon.list("locative");
        let placed = source
            .start
            .checked_sub(1)
            .is_some_and(|k| locative.iter().any(|w| w == passage.lower(k)));
        return placed.then_some((source, true));
    }
    let source = subject::left_of(passage, from, cue.group.start)?;
    let before = source.start.checked_sub(1)?;
    let locative = passage.lexicon.list("locative");
    (before >= from && locative.iter().any(|w| w == passage.lower(before))).then_some((source, false))
}

/// "Як сьогодні оголосила мерка": whether "як" opens the remark that the verb at `start` belongs to; its place.
pub(super) fn opened_by_as(passage: &Passage<'_>, from: usize, start: usize) -> Option<usize> {
    (from..start)
        .rev()
        .take(4)
        .find(|&k| !passage.has(k, class::TIME | class::ADVERB))
        .filter(|&k| passage.has(k, class::AS))
}

/// Skips "2003 року", "цього тижня" at `start`.
pub(super) fn skip_date(passage: &Passage<'_>, start: usize, end: usize) -> usize {
    let units = passage.lexicon.list("date-units");
    let unit = |k: usize| units.iter().any(|w| w == passage.lower(k));
    let leads = passage.lexicon.list("date-leads");
    let first = passage.has(start, class::DETERMINER)
        || leads.iter().any(|w| w == passage.lower(start))
        || passage.tokens.get(start).is_some_and(|t| t.kind == Kind::Number);
    if has_cases(passage) && first && unit(start + 1) && start + 2 < end {
        start + 2
    } else {
        start
    }
}

/// "визнав провину, але відмовився піти": an object ends where a contrast begins; a clause or a quotation may hold it.
pub(super) fn before_contrast(passage: &Passage<'_>, part: &Range<usize>) -> usize {
    let clause = passage.has(part.start, class::THAT | class::QUESTION)
        || part.clone().take(60).any(|k| passage.is_quote(k));
    let contrast = |k: usize| {
        passage.is(k, ',')
            && passage.has(k + 1, class::LEAD)
            && passage.has(k + 1, class::CLAUSE)
            && is_past(passage.lexicon, passage.lower(k + 2))
    };
    part.clone()
        .take(60)
        .skip(1)
        .find(|&k| !clause && contrast(k))
        .unwrap_or(part.end)
}

/// "сухо відповів": an adverb in -о right before a verb of saying, told from nouns by the verb's ending.
pub(super) fn is_manner(lexicon: &Lexicon, lower: &str, next: &str) -> bool {
    lower.chars().count() > 3
        && lexicon
            .list("manner-endings")
            .iter()
            .any(|e| lower.ends_with(e.as_str()))
        && kind_of_word(lexicon, lower).is_none()
        && !lexicon.word(next).entries.is_empty()
        && !next.ends_with("ло")
}

/// Whether `content` is the clause of the cue before it ("запевняє, що «…», мешканці кажуть інше"): nobody else's.
pub(super) fn is_taken(passage: &Passage<'_>, content: &Range<usize>) -> bool {
    opens_report(passage, content.start)
}

/// Whether token `at` has an ending of the list.
fn ends(passage: &Passage<'_>, list: &str, at: usize) -> bool {
    let endings = passage.lexicon.list(list);
    endings.iter().any(|e| passage.lower(at).ends_with(e.as_str()))
}

/// Whether the "who said it" that `source` closes relays the rest of its sentence: "Як пише «Вісник», …".
pub(super) fn frames(
    passage: &Passage<'_>,
    unit: &Range<usize>,
    opener: usize,
    source: &Range<usize>,
) -> bool {
    opener == unit.start && passage.is(source.end, ',')
}
