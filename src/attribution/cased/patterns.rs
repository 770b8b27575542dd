//! What the clause reader takes for something else where words stand in a free order: refusals with their object
//! before the verb, "neither … nor" parted by a comma, who is cited in a relative clause, from whom it is known.

use std::ops::Range;

use super::super::content::trim;
use super::super::cues::{self, Cue};
use super::super::lexicon::class;
use super::super::passage::Passage;
use super::super::{Draft, Form, Polarity, Stance, subject};
use super::{has_cases, is_listener, is_name, is_occasion, right_of};
use crate::text::span::Span;

/// How often somebody may be cited in a relative clause of one sentence: more is no sentence, and the work stays linear.
const MOST_CITED: usize = 16;

/// Mends the drafts of the sentence `unit`, those from `first` on.
pub(in super::super) fn mend(
    passage: &Passage<'_>,
    unit: &Range<usize>,
    first: usize,
    drafts: &mut Vec<Draft>,
) {
    if !has_cases(passage) {
        return;
    }
    for draft in &mut drafts[first..] {
        known_from(passage, unit, draft);
        told_where(passage, unit, draft);
        denied_object(passage, draft);
        object_alone(passage, draft);
    }
    let mut own: Vec<Draft> = Vec::new();
    let mut cited = 0;
    for cue in cues::find(passage, unit) {
        own.extend(object_before(passage, unit, &cue));
        if cited < MOST_CITED && cited_in_relative(passage, unit, &cue, first, drafts) {
            cited += 1;
        }
    }
    for at in unit.clone() {
        own.extend(neither_nor(passage, unit, at).or_else(|| no_comment(passage, unit, at)));
    }
    replace(own, first, drafts);
}

/// Puts `own` in the place of those drafts, from `first` on, that have the same cue.
fn replace(mut own: Vec<Draft>, first: usize, drafts: &mut Vec<Draft>) {
    own.sort_by_key(|d| d.cue.first().map_or(0, |c| c.start));
    let cues: Vec<Span> = own.iter().filter_map(|d| d.cue.first().copied()).collect();
    for other in &mut drafts[first..] {
        let Some(&cue) = other.cue.first() else { continue };
        let before = cues.partition_point(|c| c.start < cue.end);
        if before > 0 && cues[before - 1].end > cue.start {
            // Without a cue it is dropped with the other empty drafts.
            other.cue.clear();
        }
    }
    drafts.extend(own);
}

fn make(stance: Stance, polarity: Polarity, source: Span, cue: Span, content: Span) -> Draft {
    Draft {
        form: Form::Indirect,
        stance,
        polarity,
        source: vec![source],
        cue: vec![cue],
        content: vec![content],
        parent: None,
        antecedent: None,
    }
}

/// "Національну катастрофу не оголосили": an adjective and a noun in the accusative are nobody who speaks.
fn object_alone(passage: &Passage<'_>, draft: &mut Draft) {
    let Some(&source) = draft.source.first() else {
        return;
    };
    let range = tokens_of(passage, source);
    let bare = range.start == 0 || !passage.listed("locative", range.start - 1);
    let object = |k: usize| {
        let ends = |list: &str| super::ends(passage, list, k);
        passage.is_word(k) && !passage.tokens[k].acronym && ends("object-endings") && !ends("object-not")
    };
    let two = range.len() == 2;
    let mut words = range;
    if bare && two && words.all(object) {
        // Without a cue it is dropped with the other empty drafts.
        draft.cue.clear();
    }
}

/// The token that begins at byte `start` or after it.
fn token_at(passage: &Passage<'_>, start: usize) -> usize {
    passage.tokens.partition_point(|t| t.span.start < start)
}

/// The tokens of `span`.
fn tokens_of(passage: &Passage<'_>, span: Span) -> Range<usize> {
    token_at(passage, span.start)..token_at(passage, span.end)
}

/// "Бояр вину не визнає", "У мерії справу не коментують": an object right before the verb.
fn object_before(passage: &Passage<'_>, unit: &Range<usize>, cue: &Cue<'_>) -> Option<Draft> {
    let object = cue.group.start.checked_sub(1).filter(|&k| k > unit.start)?;
    let end = cue.group.end;
    // "цю інформацію спростували: «…»": the answer follows.
    let last = (end >= unit.end || !passage.is_word(end)) && !passage.is(end - 1, ':');
    if !last || !passage.listed("objects", object) {
        return None;
    }
    let owned = object > unit.start + 1 && passage.has(object - 1, class::DETERMINER);
    let start = object - usize::from(owned);
    let source = subject::left_of(passage, unit.start, start)?;
    let polarity = if cue.negated {
        Polarity::Unconfirmed
    } else {
        cue.entry.polarity
    };
    Some(make(
        cue.entry.stance,
        polarity,
        passage.span(&source),
        passage.span(&cue.group),
        passage.span(&(start..object + 1)),
    ))
}

/// "У прокуратурі це ані підтвердили, ані спростували": the comma parts no clauses.
fn neither_nor(passage: &Passage<'_>, unit: &Range<usize>, at: usize) -> Option<Draft> {
    let doubts = |k: usize| passage.listed("neither", k) && passage.listed("doubts", k + 1);
    if !doubts(at) || !passage.is(at + 2, ',') || !doubts(at + 3) || at + 4 >= unit.end {
        return None;
    }
    let end = at + 5;
    let determined = at > unit.start && passage.has(at - 1, class::DETERMINER);
    let before = at - usize::from(determined);
    let source = subject::left_of(passage, unit.start, before)?;
    let right = (end..unit.end).find(|&k| !passage.is_word(k)).unwrap_or(unit.end);
    let content = if determined {
        before..at
    } else if right > end {
        end..right
    } else {
        // "Чи справу закрито, у прокуратурі ані …"
        let placed = source.start > unit.start && passage.listed("locative", source.start - 1);
        trim(passage, unit.start..source.start - usize::from(placed))?
    };
    Some(make(
        Stance::Confirm,
        Polarity::Unconfirmed,
        passage.span(&source),
        passage.span(&(at..end)),
        passage.span(&content),
    ))
}

/// "Водій від коментарів відмовився", "Мер відмовився від коментарів", "Мер відмовився коментувати".
fn no_comment(passage: &Passage<'_>, unit: &Range<usize>, at: usize) -> Option<Draft> {
    if !passage.listed("declines", at) {
        return None;
    }
    let after = at + 1;
    let from = |k: usize| passage.has(k, class::PREPOSITION) && passage.listed("comments", k + 1);
    let ends = |k: usize| k >= unit.end || !passage.is_word(k);
    let (start, content) = if at >= unit.start + 2 && from(at - 2) {
        (at - 2, at - 2..at)
    } else if from(after) && after + 1 < unit.end {
        (at, after..after + 2)
    } else if passage.listed("commenting", after) && ends(after + 1) {
        (at, after..after + 1)
    } else {
        return None;
    };
    let source = subject::left_of(passage, unit.start, start)?;
    Some(make(
        Stance::Say,
        Polarity::Unconfirmed,
        passage.span(&source),
        passage.tokens[at].span,
        passage.span(&content),
    ))
}

/// "…», — запевнив речник, якого цитує «Хвиля»": who stands behind the verb cites what the other has said. Gives whether
/// there was such a clause.
fn cited_in_relative(
    passage: &Passage<'_>,
    unit: &Range<usize>,
    cue: &Cue<'_>,
    first: usize,
    drafts: &mut Vec<Draft>,
) -> bool {
    let relative = cue.group.start.wrapping_sub(1);
    if cue.entry.stance != Stance::Cite || !passage.listed("cited", relative) || relative < unit.start + 2 {
        return false;
    }
    let Some(source) = right_of(passage, cue, unit.end, false) else {
        return false;
    };
    let cited = passage.tokens[relative - 1].span.start;
    let verb = passage.span(&cue.group);
    let of_verb = |d: &Draft| d.cue.first() == Some(&verb);
    let said = drafts[first..].iter().position(|d| {
        let near = d
            .source
            .first()
            .is_some_and(|s| s.start < cited && s.end + 2 >= cited);
        near && !of_verb(d)
    });
    let Some(said) = said.map(|k| first + k) else {
        return true;
    };
    let mut own = make(
        cue.entry.stance,
        Polarity::Asserted,
        passage.span(&source),
        verb,
        Span::default(),
    );
    own.form = drafts[said].form;
    own.content.clone_from(&drafts[said].content);
    for wrong in drafts[first..].iter_mut().filter(|d| of_verb(d)) {
        wrong.cue.clear();
    }
    drafts[said].parent = Some(drafts.len());
    drafts.push(own);
    true
}

/// "Скаргу, як стало відомо «Хвилі» від двох джерел, подадуть": it is known from somebody after all.
fn known_from(passage: &Passage<'_>, unit: &Range<usize>, draft: &mut Draft) {
    let (Form::Hearsay, Some(&cue)) = (draft.form, draft.cue.first()) else {
        return;
    };
    let after = token_at(passage, cue.end);
    let told = |k: &usize| is_listener(passage, *k) || is_name(passage, *k) || passage.tokens[*k].capital;
    let from = (after..unit.end)
        .take(4)
        .take_while(told)
        .last()
        .map_or(after, |k| k + 1);
    if !passage.listed("known-from", from) {
        return;
    }
    let Some(source) = subject::after_phrase(passage, from + 1, unit.end, true) else {
        return;
    };
    let end = passage.tokens[source.end - 1].span.end;
    draft.source = vec![passage.span(&source)];
    draft.cue.push(passage.tokens[from].span);
    draft.form = Form::Indirect;
    draft.polarity = Polarity::Asserted;
    for part in draft.content.iter_mut().filter(|p| p.start >= cue.end) {
        let rest = trim(passage, source.end..token_at(passage, part.end));
        *part = rest.map_or(Span::new(end, end), |r| passage.span(&r));
    }
}

/// "Про це повідомив мер у Telegram": where it was said is not what was said.
fn told_where(passage: &Passage<'_>, unit: &Range<usize>, draft: &mut Draft) {
    let [content] = draft.content[..] else { return };
    let range = tokens_of(passage, content);
    if range.len() > 6 || !is_occasion(passage, range.start) {
        return;
    }
    let clause = range.clone().any(|k| {
        passage.is_quote(k)
            || passage.is(k, ',')
            || passage.has(k, class::CLAUSE | class::AUXILIARY | class::VERB)
    });
    let (Some(source), Some(cue)) = (draft.source.first(), draft.cue.first()) else {
        return;
    };
    let head = token_at(passage, source.start.min(cue.start));
    if clause || range.start < head {
        return;
    }
    let leads = class::LEAD | class::ADVERB | class::TIME | class::CONJUNCTION;
    let from = (unit.start..head)
        .find(|&k| !passage.has(k, leads) && passage.is_word(k))
        .unwrap_or(head);
    draft.content = trim(passage, from..head)
        .map(|before| passage.span(&before))
        .into_iter()
        .collect();
}

/// "У штабі цю інформацію спростували: «…»": what is denied stands before the verb, the answer behind it.
fn denied_object(passage: &Passage<'_>, draft: &mut Draft) {
    let (Some(source), Some(cue)) = (draft.source.first(), draft.cue.first()) else {
        return;
    };
    let weighs = matches!(draft.stance, Stance::Deny | Stance::Confirm);
    let quoted = draft.form == Form::Direct && draft.content.first().is_some_and(|c| c.start >= cue.end);
    let between = token_at(passage, source.end)..token_at(passage, cue.start);
    if !weighs || !quoted || between.is_empty() || !passage.has(between.start, class::DETERMINER) {
        return;
    }
    draft.content.insert(0, passage.span(&between));
    draft.form = Form::Mixed;
}
