//! Who can be the subject of a verb where the order of words does not tell it: by endings, by kinds of words.

use std::ops::Range;

use super::super::SourceKind;
use super::super::cues::Cue;
use super::super::kinds::kind_of_word;
use super::super::lexicon::{Frame, VerbForm, class};
use super::super::passage::Passage;
use super::{ends, has_cases, is_listener, is_past};

/// "Палія звинувачують", "Палія звинувачує прокуратура": a name in the accusative before a verb that wants an object is
/// whom they speak of, not who speaks, if the verb is of many or its subject can only be what stands behind it.
pub(in super::super) fn is_accused(passage: &Passage<'_>, source: &Range<usize>, cue: &Cue<'_>) -> bool {
    let inflects = |k: usize| {
        let person = matches!(
            kind_of_word(passage.lexicon, passage.lower(k)),
            None | Some(SourceKind::Person)
        );
        person && ends(passage, "accusative-endings", k)
    };
    let named = source
        .clone()
        .any(|k| passage.tokens[k].capital && k > source.start || passage.tokens[source.start].capital);
    has_cases(passage)
        && matches!(cue.entry.frame, Frame::Object | Frame::Ask)
        && named
        && source.clone().all(inflects)
        && (ends(passage, "many-endings", cue.verb.start) || is_subject(passage, cue.group.end))
}

/// Whether the word at `at` names somebody and can only be a subject by its ending ("прокуратура", "слідчий").
fn is_subject(passage: &Passage<'_>, at: usize) -> bool {
    let kind = kind_of_word(passage.lexicon, passage.lower(at));
    match kind {
        Some(SourceKind::Person) => !ends(passage, "oblique-vowels", at),
        Some(SourceKind::Organisation | SourceKind::Group) => ends(passage, "nominative-endings", at),
        _ => false,
    }
}

/// Whether the word at `at` names people, or a body in the first case.
pub(in super::super) fn is_people(passage: &Passage<'_>, at: usize) -> bool {
    match kind_of_word(passage.lexicon, passage.lower(at)) {
        Some(SourceKind::Group | SourceKind::Person) => true,
        Some(SourceKind::Organisation) => is_subject(passage, at),
        _ => false,
    }
}

/// "…, що зруйнував порт, повідомив речник": whether a verb of saying stands behind the comma at `comma` with its subject
/// behind it, so that what the comma closes does not speak.
pub(in super::super) fn speaks_behind(passage: &Passage<'_>, comma: usize) -> bool {
    let (verb, noun) = (comma + 1, comma + 2);
    let says = passage
        .word(verb)
        .entries
        .iter()
        .filter_map(|&e| passage.lexicon.entries.get(e))
        .any(|e| e.frame == Frame::Say);
    let inflected = ends(passage, "vowels", noun) || ends(passage, "oblique-endings", noun);
    let fits = if ends(passage, "she-endings", verb) {
        ends(passage, "nominative-endings", noun)
    } else {
        !inflected
    };
    has_cases(passage)
        && passage.is(comma, ',')
        && says
        && kind_of_word(passage.lexicon, passage.lower(noun)) == Some(SourceKind::Person)
        && !is_listener(passage, noun)
        && fits
}

/// "Один із них": a part of those named before, from `from` up to `end`.
pub(in super::super) fn is_one_of_them(passage: &Passage<'_>, from: usize, end: usize) -> bool {
    has_cases(passage)
        && end == from + 3
        && passage.listed("indefinite", from)
        && passage.has(from + 1, class::LINK)
        && passage.has(from + 2, class::OBJECT)
}

/// Whether what stands behind a comma is a clause and no apposition: "…, посадовець підписав акти, …", or "що" behind a
/// verb of saying that waits for it ("писало з посиланням на дипломата, що …").
pub(in super::super) fn is_clause(passage: &Passage<'_>, inner: &Range<usize>) -> bool {
    if !has_cases(passage)
        || passage.has(inner.start, class::RELATIVE) && !passage.has(inner.start, class::THAT)
    {
        return false;
    }
    let clause = || {
        inner
            .clone()
            .take(20)
            .take_while(|&k| !passage.is(k, ',') && !passage.is_stop(k))
    };
    if passage.has(inner.start, class::THAT) {
        let before = inner.start.saturating_sub(16)..inner.start.saturating_sub(1);
        return before
            .rev()
            .take_while(|&k| passage.is_word(k) || passage.is_quote(k))
            .any(|k| !passage.word(k).entries.is_empty());
    }
    clause().skip(1).any(|k| {
        let lower = passage.lower(k);
        let plain = !passage.tokens[k].capital && kind_of_word(passage.lexicon, lower).is_none();
        plain && is_past(passage.lexicon, lower) && !ends(passage, "noun-endings", k)
    })
}

/// "Ані мер, ані поліція": the subject `range` with the part that the first "neither" opens.
pub(in super::super) fn with_neither(
    passage: &Passage<'_>,
    from: usize,
    range: Range<usize>,
) -> Range<usize> {
    let neither = |k: usize| passage.listed("neither", k);
    let parted = range.start > from && passage.is(range.start - 1, ',') && neither(range.start);
    let first = (from..range.start)
        .rev()
        .take(12)
        .take_while(|&k| passage.is_word(k) || passage.is(k, ','))
        .filter(|&k| parted && neither(k))
        .last();
    first.unwrap_or(range.start)..range.end
}

/// "звинувачують прокурори у хабарі": people right of a verb without the phrase that belongs to the verb.
pub(in super::super) fn without_phrase(passage: &Passage<'_>, source: Range<usize>) -> Range<usize> {
    let phrase = source
        .clone()
        .skip(1)
        .find(|&k| passage.has(k, class::PREPOSITION));
    source.start..phrase.unwrap_or(source.end)
}

/// "поліція це заперечує": the subject `start..end` without the pronoun that is the verb's object.
pub(in super::super) fn before_object(passage: &Passage<'_>, start: usize, end: usize) -> usize {
    let object = has_cases(passage)
        && end > start + 1
        && passage.has(end - 1, class::DETERMINER)
        && !passage.has(end - 1, class::PRONOUN);
    end - usize::from(object)
}

/// Whether a lone noun cannot be a subject by its ending ("студентам").
pub(in super::super) fn is_oblique(passage: &Passage<'_>, source: &Range<usize>) -> bool {
    let lower = passage.lower(source.start);
    source.len() == 1
        && lower.chars().count() > 4
        && !passage.tokens[source.start].acronym
        && passage
            .lexicon
            .list("oblique-endings")
            .iter()
            .any(|e| lower.ends_with(e.as_str()))
}

/// "мешканці кажуть": a verb that is hearsay by itself ("Кажуть, …") has a subject before it.
pub(in super::super) fn has_subject(passage: &Passage<'_>, unit: &Range<usize>, at: usize) -> bool {
    has_cases(passage)
        && at > unit.start
        && !passage.word(at).entries.is_empty()
        && passage.is_word(at - 1)
        && passage.classes.get(at - 1) == Some(&0)
}

/// "Додав, що …": a singular verb that opens its sentence, or follows a lead, and has no subject.
pub(in super::super) fn drops_subject(passage: &Passage<'_>, unit: &Range<usize>, cue: &Cue<'_>) -> bool {
    let opens = (unit.start..cue.group.start).all(|k| {
        passage.has(k, class::LEAD | class::ADVERB | class::TIME | class::CONJUNCTION)
            || passage.is(k, ',')
            || passage.tokens[k].is_dash()
    });
    has_cases(passage)
        && opens
        && cue.entry.form == VerbForm::Finite
        && passage
            .lexicon
            .list("one-endings")
            .iter()
            .any(|e| passage.lower(cue.verb.start).ends_with(e.as_str()))
}
