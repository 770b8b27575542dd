//! Cue verbs that tell nobody's words: what only points at a speech, is supposed, or is no one's mind.

use std::ops::Range;

use super::super::cased;
use super::super::cues::{self, Cue};
use super::super::kinds::{kind_of, mention_has_name};
use super::super::lexicon::{Frame, Pronoun, VerbForm, class};
use super::super::passage::Passage;
use super::super::{SourceKind, Stance};

/// Words that only point at a speech: "what he said", "a rule that she said", "if they say", "voters who support her".
pub(super) fn is_aside(
    passage: &Passage<'_>,
    unit: &Range<usize>,
    source: &Range<usize>,
    cue: &Cue<'_>,
) -> bool {
    if cased::has_cases(passage) {
        return false;
    }
    if source.start == unit.start {
        // "That said, …"
        return source.len() == 1 && passage.lower(source.start) == "that" && passage.is(cue.group.end, ',');
    }
    let quotes = (cue.group.end..unit.end.min(cue.group.end + 12)).any(|k| passage.is_quote(k));
    if !quotes && passage.listed("manners", source.start - 1) {
        // "how the country responds to violence"
        return true;
    }
    if cues::is_attitude(cue) && is_reported(passage, source.start - 1) {
        return true;
    }
    if source.len() != 1 {
        // "if the second survey finds cracks"
        return passage.listed("suppositions", source.start - 1);
    }
    let before = source.start - 1;
    if passage.has(source.start, class::RELATIVE) {
        return cues::is_attitude(cue) && !quotes && passage.is_word(before);
    }
    let pronoun = passage.has(source.start, class::PRONOUN);
    pronoun
        && !quotes
        && (passage.listed("suppositions", before) || matches!(passage.lower(before), "what" | "that"))
}

/// "saying they want", "a fear that the firm plans": a belief or wish that somebody else tells of.
fn is_reported(passage: &Passage<'_>, before: usize) -> bool {
    let told = passage.word(before).entries.iter().any(|&e| {
        let entry = &passage.lexicon.entries[e];
        matches!(entry.frame, Frame::Say | Frame::Tell) && !entry.noun_form()
    });
    told || passage.has(before, class::THAT) || passage.lower(before) == "what"
}

/// Whether a belief can be the subject's: "demographics favour her" is nobody's wish.
pub(super) fn has_mind(passage: &Passage<'_>, source: &Range<usize>) -> bool {
    if cased::has_cases(passage) {
        return true;
    }
    let first = passage.lower(source.start);
    if let (1, Some(pronoun)) = (source.len(), passage.lexicon.pronouns.get(first)) {
        return *pronoun != Pronoun::It && !matches!(first, "which" | "that");
    }
    let mention = passage.span(source).of(passage.text);
    match kind_of(mention, passage.lexicon) {
        SourceKind::Document => false,
        SourceKind::Unknown => mention_has_name(mention, passage.lexicon),
        _ => true,
    }
}

/// "Asked about the fire, she said …", "When asked whether …": a question without its asker.
pub(super) fn asks_nobody(passage: &Passage<'_>, unit: &Range<usize>, cue: &Cue<'_>) -> bool {
    let before = cue.group.start.checked_sub(1).filter(|&b| b >= unit.start);
    cue.entry.stance == Stance::Ask
        && cue.entry.form == VerbForm::Past
        && (cue.entry.frame == Frame::Object || question_after(passage, unit, cue.group.end).is_some())
        && before.is_none_or(|b| passage.has(b, class::QUESTION) && !passage.has(b, class::RELATIVE))
}

/// Where the question begins after "asked" ("… in Oya last week whether").
fn question_after(passage: &Passage<'_>, unit: &Range<usize>, at: usize) -> Option<usize> {
    (at..unit.end.min(at + 9))
        .take_while(|&k| passage.is_word(k) && !passage.has(k, class::AUXILIARY | class::VERB))
        .find(|&k| passage.has(k, class::QUESTION) || passage.lower(k) == "about")
}

/// Whether "not to be named", "for anonymity" follows at `at`.
pub(super) fn asks_for_anonymity(passage: &Passage<'_>, at: usize) -> bool {
    let ahead: Vec<&str> = (at..(at + 5).min(passage.tokens.len()))
        .map(|k| passage.lower(k))
        .collect();
    let ahead = ahead.join(" ");
    passage
        .lexicon
        .list("anonymity")
        .iter()
        .any(|sign| ahead.starts_with(sign.as_str()))
}
