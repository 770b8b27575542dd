//! Who relays whom inside of one sentence.

use std::ops::Range;

use super::super::content::closes_sentence;
use super::super::lexicon::Pronoun;
use super::super::passage::Passage;
use super::super::{Draft, Form};
use super::{Found, Role};

/// Gives the drafts of one sentence their parents, and drops what is only part of another's speech.
/// `placed[k]` is the draft of `found[k]`, if it has one.
pub(super) fn nest(
    passage: &Passage<'_>,
    unit: &Range<usize>,
    found: &[Found],
    placed: &[Option<usize>],
    drafts: &mut [Draft],
) {
    nest_in_hearsay(found, placed, drafts);
    drop_reported_attitudes(passage, found, placed, drafts);
    nest_in_relays(passage, unit, found, placed, drafts);
    nest_in_reports(placed, drafts);
    link_relays(found, placed, drafts);
}

/// Whether the cue of `inner` stands in what `outer` says.
fn holds(outer: &Draft, inner: &Draft) -> bool {
    inner
        .cue
        .first()
        .is_some_and(|cue| outer.content.iter().any(|content| content.contains(*cue)))
}

/// "The Herald reported that the chief had told the council …": the nearest cue whose content holds another is its
/// parent.
fn nest_in_reports(placed: &[Option<usize>], drafts: &mut [Draft]) {
    let own: Vec<usize> = placed.iter().flatten().copied().collect();
    for (k, &inner) in own.iter().enumerate() {
        // A sentence has a handful of cues; only what stands near can hold this one.
        let near = &own[k.saturating_sub(8)..k];
        let around = |&&outer: &&usize| {
            holds(&drafts[outer], &drafts[inner]) && !holds(&drafts[inner], &drafts[outer])
        };
        let outer = near.iter().rev().find(around).copied();
        let free = drafts[inner].parent.is_none();
        if let Some(outer) = outer.filter(|&o| free && drafts[o].form != Form::Hearsay) {
            drafts[inner].parent = Some(outer);
        }
    }
}

/// "citing two people": the cited says what the citing reports.
fn link_relays(found: &[Found], placed: &[Option<usize>], drafts: &mut [Draft]) {
    for (index, item) in found.iter().enumerate().filter(|(_, f)| f.role == Role::Relay) {
        let before = (0..index)
            .rev()
            .find(|&k| found[k].role != Role::Relay)
            .and_then(|k| placed[k]);
        let after = (index + 1..found.len())
            .find(|&k| found[k].role != Role::Relay)
            .and_then(|k| placed[k]);
        let relayer = if found.get(index + 1).is_some_and(|n| n.start <= item.start) {
            after.or(before)
        } else {
            before.or(after)
        };
        if let (Some(own), Some(relayer)) = (placed[index], relayer) {
            drafts[own].content = drafts[relayer].content.clone();
            drafts[own].parent = Some(relayer);
        }
    }
}

/// What is said inside of hearsay is relayed by it ("Reportedly, the mayor told aides …").
fn nest_in_hearsay(found: &[Found], placed: &[Option<usize>], drafts: &mut [Draft]) {
    let whole = found
        .iter()
        .zip(placed)
        .find_map(|(f, p)| p.filter(|_| f.role == Role::Hearsay));
    let Some(outer) = whole else { return };
    for &own in placed.iter().flatten().filter(|&&own| own != outer) {
        if holds(&drafts[outer], &drafts[own]) && drafts[own].parent.is_none() {
            drafts[own].parent = Some(outer);
        }
    }
}

/// "According to Reuters, the mayor told aides …", "The mayor told aides …, Reuters reported.": who frames the whole
/// sentence relays the others.
fn nest_in_relays(
    passage: &Passage<'_>,
    unit: &Range<usize>,
    found: &[Found],
    placed: &[Option<usize>],
    drafts: &mut [Draft],
) {
    let leads = |k: usize| found[k].role == Role::Phrase && found[k].start <= unit.start + 2;
    let inserted = |k: usize| k > 0 && found[k - 1].inserted(passage, &found[k]);
    let framing =
        (0..found.len()).find(|&k| leads(k) || inserted(k) || closes_sentence(passage, unit, found, k));
    let Some((index, outer)) = framing.and_then(|k| Some((k, placed[k]?))) else {
        return;
    };
    for (k, &own) in placed.iter().enumerate() {
        let Some(own) = own.filter(|_| k != index) else {
            continue;
        };
        let free = drafts[own].parent.is_none() && drafts[outer].parent != Some(own);
        if free && holds(&drafts[outer], &drafts[own]) {
            drafts[own].parent = Some(outer);
        }
    }
}

/// "Lund said she hoped to stay and had told them so": what a speaker tells of wishes and of words that a pronoun
/// spoke is part of the speech; only a source named anew makes a chain.
fn drop_reported_attitudes(
    passage: &Passage<'_>,
    found: &[Found],
    placed: &[Option<usize>],
    drafts: &mut [Draft],
) {
    let mut told: Vec<usize> = Vec::new();
    for (item, &own) in found.iter().zip(placed) {
        let Some(own) = own else { continue };
        let own_words = item.source.as_ref().is_some_and(|s| {
            let pronoun = passage.lexicon.pronouns.get(passage.lower(s.start));
            s.len() == 1
                && matches!(
                    pronoun,
                    Some(Pronoun::He | Pronoun::She | Pronoun::They | Pronoun::It)
                )
        });
        let modal = item.cue.clone().any(|k| passage.listed("modals", k));
        let inside = |&other: &usize| holds(&drafts[other], &drafts[own]);
        let leans = item.role == Role::Shared && !item.cue.is_empty();
        if (item.weak || modal || leans || own_words && item.role == Role::SubjectFirst)
            && told.iter().rev().take(16).any(inside)
        {
            // Without a cue it is dropped with the other empty drafts.
            drafts[own].cue.clear();
        } else if item.role != Role::Hearsay {
            told.push(own);
        }
    }
}
