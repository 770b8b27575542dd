//! Who quotes whom, told in the passive: "Holm was quoted as saying by the Herald that …", "Holm was quoted by the Herald
//! as saying …". The one who quotes relays, the one who is quoted is the source.
//!
//! The words are data (`quoted-*` in the lexicon); a language without them is read as before.

use std::ops::Range;

use super::lexicon::class;
use super::passage::Passage;
use super::{Draft, Form, Polarity, Stance, clause, subject};
use crate::text::span::Span;

/// What stands where in "X was quoted as saying by Y".
struct Quoted {
    /// "was quoted as saying", without who quotes.
    cue: Vec<Range<usize>>,
    /// The participle.
    participle: usize,
    /// Who quotes.
    by: Range<usize>,
    /// The first token after all of it.
    after: usize,
}

/// Puts those who quote over those who are quoted, among the drafts of `unit`, which are those from `first` on.
pub(super) fn mend(passage: &Passage<'_>, unit: &Range<usize>, first: usize, drafts: &mut Vec<Draft>) {
    if passage.lexicon.list("quoted-verbs").is_empty() {
        return;
    }
    let mut at = unit.start;
    while at < unit.end {
        let Some(found) = find(passage, unit, at) else {
            at += 1;
            continue;
        };
        let verb = passage.span(&(found.participle..found.participle + 1));
        let here = |d: &Draft| d.cue.iter().any(|c| c.overlaps(verb));
        if let Some(index) = (first..drafts.len()).find(|&k| here(&drafts[k])) {
            put(passage, unit, &found, index, drafts);
        }
        at = found.after.max(at + 1);
    }
}

/// The pattern whose participle is token `at`.
fn find(passage: &Passage<'_>, unit: &Range<usize>, at: usize) -> Option<Quoted> {
    let passive = at > unit.start && passage.has(at - 1, class::AUXILIARY);
    if !passive || !passage.listed("quoted-verbs", at) {
        return None;
    }
    let saying = |k: usize| passage.listed("quoted-as", k) && passage.listed("quoted-saying", k + 1);
    let mut start = at - 1;
    while start > unit.start && passage.has(start - 1, class::AUXILIARY) {
        start -= 1;
    }
    let told_first = saying(at + 1);
    let by = if told_first { at + 3 } else { at + 1 };
    if !passage.listed("quoted-by", by) {
        return None;
    }
    let ends = |k: &usize| {
        !passage.is_word(*k) || passage.has(*k, class::RELATIVE) || passage.lower(*k) == "that" || saying(*k)
    };
    let end = (by + 1..unit.end).find(ends).unwrap_or(unit.end);
    if end == by + 1 {
        return None;
    }
    let found = |cue, after| Quoted {
        cue,
        participle: at,
        by: by + 1..end,
        after,
    };
    match (told_first, saying(end)) {
        (true, _) => Some(found(std::iter::once(start..at + 3).collect(), end)),
        (false, true) => Some(found(vec![start..at + 1, end..end + 2], end + 2)),
        (false, false) => None,
    }
}

/// The draft `index` told anew as two: one who quotes, and one who is quoted.
fn put(passage: &Passage<'_>, unit: &Range<usize>, found: &Quoted, index: usize, drafts: &mut Vec<Draft>) {
    let cue: Vec<Span> = found.cue.iter().map(|r| passage.span(r)).collect();
    let begins = found.cue.first().map_or(unit.start, |r| r.start);
    let apart = found.cue.len() > 1;
    let draft = &mut drafts[index];
    if apart {
        // Who quotes was read as the one who said it: the subject is the one who is quoted.
        let Some(subject) = subject::left_of(passage, unit.start, begins) else {
            return;
        };
        let contents = told(passage, unit, subject.start, found.after);
        draft.source = vec![passage.span(&subject)];
        draft.content = contents.iter().map(|c| passage.span(c)).collect();
        draft.form = clause::quoted_form(passage, &contents);
    }
    draft.cue = cue;
    draft.stance = Stance::Say;
    draft.polarity = Polarity::Asserted;
    let relayer = Draft {
        form: Form::Indirect,
        stance: Stance::Cite,
        polarity: Polarity::Asserted,
        source: vec![passage.span(&found.by)],
        cue: vec![passage.span(&(found.participle..found.participle + 1))],
        content: draft.content.clone(),
        parent: draft.parent,
        antecedent: None,
    };
    let parent = drafts.len();
    drafts[index].parent = Some(parent);
    drafts.push(relayer);
}

/// What is told: all that follows, else what stands before the subject, its quotations if it has any.
fn told(passage: &Passage<'_>, unit: &Range<usize>, subject: usize, after: usize) -> Vec<Range<usize>> {
    let last = unit.end - 1;
    let rest = after..if passage.is_stop(last) { last } else { unit.end };
    if !rest.is_empty() {
        return vec![rest];
    }
    let quotes = (unit.start..subject).filter(|&k| passage.is_quote(k));
    let quotes: Vec<Range<usize>> = quotes.map(|k| k..k + 1).collect();
    let comma = usize::from(subject > unit.start && passage.is(subject - 1, ','));
    if quotes.is_empty() {
        std::iter::once(unit.start..subject - comma).collect()
    } else {
        quotes
    }
}
