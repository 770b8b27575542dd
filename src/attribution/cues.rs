//! The cues of a sentence: verbs of saying with their auxiliaries, adverbs and negation.

use std::ops::Range;

use super::lexicon::{Entry, Frame, VerbForm, class};
use super::passage::Passage;

/// One cue verb in a sentence.
#[derive(Clone, Debug)]
pub(super) struct Cue<'a> {
    /// The verb itself with its particles.
    pub verb: Range<usize>,
    /// The verb with the auxiliaries and adverbs around it.
    pub group: Range<usize>,
    /// What the lexicon says of it.
    pub entry: &'a Entry,
    /// Whether it is negated ("did not say").
    pub negated: bool,
    /// Whether it is a participle that leans on another clause ("adding that").
    pub leaning: bool,
    /// Whether it is passive ("is said to have").
    pub passive: bool,
}

/// All cue verbs of the sentence `unit`, in order.
pub(super) fn find<'a>(passage: &Passage<'a>, unit: &Range<usize>) -> Vec<Cue<'static>> {
    let mut cues = Vec::new();
    let mut at = unit.start;
    while at < unit.end {
        match read(passage, unit, at) {
            Some(cue) => {
                at = cue.group.end;
                cues.push(cue);
            }
            None => at += 1,
        }
    }
    cues
}

/// The cue verb at token `at`, if it is one here.
fn read(passage: &Passage<'_>, unit: &Range<usize>, at: usize) -> Option<Cue<'static>> {
    let lexicon = passage.lexicon;
    let word = lexicon.word(passage.lower(at));
    if word.entries.is_empty() {
        return None;
    }
    let fits = |entry: &Entry| {
        entry
            .rest
            .iter()
            .enumerate()
            .all(|(k, w)| at + 1 + k < unit.end && passage.lower(at + 1 + k) == w)
    };
    let entry = word
        .entries
        .iter()
        .filter_map(|&index| lexicon.entries.get(index))
        .filter(|entry| fits(entry))
        .max_by_key(|entry| entry.rest.len())?;
    let verb = at..at + 1 + entry.rest.len();
    let (start, negated, be, modal) = group_start(passage, unit, at);
    let mut cue = Cue {
        group: start..verb.end,
        verb,
        entry,
        negated,
        leaning: false,
        passive: false,
    };
    if !is_verb(passage, unit, &mut cue, be, modal) || !has_frame(passage, unit, &cue) {
        return None;
    }
    if passage.is(cue.group.end, ':') {
        cue.group.end += 1;
    }
    Some(cue)
}

/// Walks left from the verb over auxiliaries, adverbs and negation.
/// Gives the first token of the group, whether it is negated, and whether its last auxiliary is "be" or any.
fn group_start(passage: &Passage<'_>, unit: &Range<usize>, verb: usize) -> (usize, bool, bool, bool) {
    let mut start = verb;
    let (mut negated, mut be, mut aux) = (false, false, false);
    while start > unit.start && passage.has(start - 1, class::AUXILIARY | class::ADVERB | class::NEGATION) {
        let at = start - 1;
        negated |= passage.has(at, class::NEGATION);
        if passage.has(at, class::AUXILIARY) {
            be |= passage.has(at, class::BE) && !aux;
            aux = true;
        }
        start = at;
    }
    // An adverb that opens the sentence stays outside.
    while start < verb && start == unit.start && !passage.has(start, class::AUXILIARY | class::NEGATION) {
        start += 1;
    }
    (start, negated, be, aux)
}

/// Whether the word is a verb here, and which kind: finite, leaning, passive.
fn is_verb(passage: &Passage<'_>, unit: &Range<usize>, cue: &mut Cue<'_>, be: bool, aux: bool) -> bool {
    let start = cue.group.start;
    let first = start == unit.start;
    let before = start.wrapping_sub(1);
    if !first && passage.lower(before) == "to" {
        return false;
    }
    let after_determiner = !first
        && (passage.has(before, class::DETERMINER) && !passage.has(before, class::PRONOUN)
            || passage.tokens[before].is_possessive());
    match cue.entry.form {
        VerbForm::Gerund => {
            cue.leaning = !be;
            !after_determiner && (be || !passage.has(before, class::PREPOSITION) || first)
        }
        VerbForm::Participle => {
            cue.passive = be;
            aux && !be
        }
        VerbForm::Past => {
            cue.passive = be;
            !after_determiner && !be
        }
        VerbForm::Finite => !after_determiner && !be || cue.entry.rest.is_empty() && !after_determiner && !be,
        VerbForm::Base => {
            let plural = !first
                && (passage.lower(before).ends_with('s')
                    || passage.has(before, class::PRONOUN | class::RELATIVE));
            !after_determiner
                && !be
                && (aux
                    || plural && !(cue.entry.noun && passage.tokens[before].is_possessive())
                    || !cue.entry.noun && !first)
        }
    }
}

/// Whether what stands around the verb fits its frame.
fn has_frame(passage: &Passage<'_>, unit: &Range<usize>, cue: &Cue<'_>) -> bool {
    let after = cue.group.end;
    let opens = opens_content(passage, unit, after);
    let quoted_before = cue.group.start > unit.start
        && (unit.start..cue.group.start)
            .rev()
            .take(8)
            .any(|k| passage.is_quote(k));
    match cue.entry.frame {
        Frame::Object => !opens && after < unit.end && passage.is_word(after) || passage.is_quote(after),
        _ if cue.entry.strict || cue.leaning => {
            opens
                || quoted_before
                || skip_adjunct(passage, unit, after)
                    .is_some_and(|next| passage.has(next, class::THAT) || passage.is_quote(next))
        }
        Frame::Infinitive => passage.lower(after) == "to" || opens,
        _ if cue.entry.noun => {
            opens
                || quoted_before
                || !passage.has(after, class::PREPOSITION)
                || cue.entry.form == VerbForm::Past
        }
        _ => true,
    }
}

/// Whether reported speech begins at `at`: "that", a question word, a colon or a quotation.
pub(super) fn opens_content(passage: &Passage<'_>, unit: &Range<usize>, at: usize) -> bool {
    at < unit.end
        && (passage.has(at, class::THAT | class::QUESTION)
            || passage.is_quote(at)
            || passage.is(at, ':')
            || passage.is(at, ',') && passage.is_quote(at + 1))
}

/// Skips an adjunct after a cue ("in a statement", "on Monday", "reporters") up to explicit content, if there is any.
pub(super) fn skip_adjunct(passage: &Passage<'_>, unit: &Range<usize>, from: usize) -> Option<usize> {
    let mut at = from;
    while at < unit.end && at < from + 24 {
        if passage.has(at, class::THAT) && passage.tokens[at].lower == "that"
            || passage.is(at, ':') && at > from
        {
            return Some(at);
        }
        if passage.is_quote(at) && passage.quote_words(at) > 3 {
            return Some(at);
        }
        if passage.is(at, ',') && passage.is_quote(at + 1) {
            return Some(at + 1);
        }
        let stops = passage.has(at, class::CLAUSE | class::AUXILIARY | class::VERB)
            || passage.is(at, ';')
            || passage.is(at, ',');
        if stops || passage.is_stop(at) || passage.tokens[at].is_dash() {
            return None;
        }
        at += 1;
    }
    None
}
