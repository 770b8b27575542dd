//! Cues that are no verbs: "according to", "reportedly", "Lund's claim that".

use std::ops::Range;

use super::super::cased;
use super::super::lexicon::{Frame, PhraseRole, class};
use super::super::passage::Passage;
use super::super::{Polarity, Stance, subject};
use super::{Found, Role};

/// A cue phrase at `at`.
pub(super) fn phrase(passage: &Passage<'_>, unit: &Range<usize>, at: usize) -> Option<Found> {
    let lexicon = passage.lexicon;
    let word = passage.word(at);
    let owners = lexicon.list("owners");
    let fits = |w: &str, k: usize| match w {
        "*" => owners.iter().any(|o| o == passage.lower(k)),
        _ => passage.lower(k) == w,
    };
    let entry = word
        .phrases
        .iter()
        .filter_map(|&index| lexicon.phrases.get(index))
        .filter(|p| {
            p.words
                .iter()
                .enumerate()
                .all(|(k, w)| at + k < unit.end && fits(w, at + k))
        })
        .max_by_key(|p| p.words.len())?;
    let cue = at..at + entry.words.len();
    let role = match entry.role {
        PhraseRole::Source => Role::Phrase,
        PhraseRole::Relay => Role::Relay,
        PhraseRole::Hearsay => Role::Hearsay,
    };
    let opens = passage.has(at, class::THAT) && cased::opens_report(passage, at);
    if entry.role == PhraseRole::Hearsay && (opens || cased::has_subject(passage, unit, at)) {
        return None;
    }
    let label = lexicon.list("quote-labels").contains(&entry.words.join(" "));
    let leading = at == unit.start && !label
        || at > unit.start && passage.is(at - 1, ';')
        || passage.is(at - 1, ',') && at < unit.start + 4
        || cased::has_cases(passage) && passage.has(unit.start, class::AS);
    let source = match role {
        Role::Hearsay => None,
        _ if entry.words.iter().any(|w| w == "*") => (cue.start..cue.end)
            .zip(&entry.words)
            .find_map(|(k, w)| (w == "*").then_some(k..k + 1)),
        _ => Some(subject::after_phrase(passage, cue.end, unit.end, leading)?),
    };
    let end = source.as_ref().map_or(cue.end, |s| s.end.max(cue.end));
    if label && !passage.is(end, ':') {
        // "цитата з книги" is no label of a quotation.
        return None;
    }
    Some(Found {
        start: cue.start,
        end,
        cue,
        source,
        frame: Frame::Say,
        stance: entry.stance,
        polarity: entry.polarity,
        role,
        weak: false,
    })
}

/// "Lund's claim that …", "their promise to …": a noun of saying with its owner.
pub(super) fn nominal(passage: &Passage<'_>, unit: &Range<usize>, at: usize) -> Option<Found> {
    const KINDS: [(&str, Stance); 5] = [
        ("nouns-say", Stance::Say),
        ("nouns-claim", Stance::Claim),
        ("nouns-promise", Stance::Promise),
        ("nouns-warn", Stance::Warn),
        ("nouns-think", Stance::Think),
    ];
    let lower = passage.lower(at);
    let listed = |name: &str| passage.lexicon.list(name).iter().any(|w| w == lower);
    let (_, stance) = KINDS.into_iter().find(|(name, _)| listed(name))?;
    let promised = stance == Stance::Promise && passage.lower(at + 1) == "to";
    let about = passage
        .lexicon
        .list("nouns-with")
        .contains(&[lower, passage.lower(at + 1)].join(" "));
    if at + 1 >= unit.end || !(passage.has(at + 1, class::THAT) || promised || about) {
        return None;
    }
    // "the mayor's repeated public claim": up to three words between owner and noun.
    let owner = (unit.start..at)
        .rev()
        .take(4)
        .take_while(|&k| passage.is_word(k))
        .find(|&k| passage.tokens[k].is_possessive() || passage.listed("owners", k))?;
    let mut start = owner;
    while start > unit.start
        && passage.tokens[owner].capital
        && passage.tokens[start - 1].capital
        && passage.is_word(start - 1)
    {
        start -= 1;
    }
    if start > unit.start
        && passage.tokens[owner].is_possessive()
        && passage.has(start - 1, class::DETERMINER)
    {
        // "the city's claim"
        start -= 1;
    }
    Some(Found {
        start,
        end: at + 1 + usize::from(about),
        cue: at..at + 1 + usize::from(about),
        source: Some(start..owner + 1),
        frame: if about { Frame::Object } else { Frame::Say },
        stance,
        polarity: Polarity::Asserted,
        role: Role::Shared,
        weak: false,
    })
}
