//! Names: what the source names, the target names. A name that the other segments carry and this one has not is a sign; so
//! is a stranger in its place, and a claim that has lost its speaker.

use crate::align::{Claim, Ledger, LostName, Status};
use crate::attribution::SourceKind;
use crate::finding::{Check, Finding, Severity};
use crate::text::span::Span;
use crate::text::transliterate::{Sound, similarity};
use crate::text::words::words;

/// Checks all names.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let mut findings = Vec::new();
    for lost in &ledger.lost {
        let strangers: Vec<Span> = ledger
            .strangers
            .iter()
            .filter(|(segment, _)| *segment == lost.segment)
            .map(|&(_, span)| span)
            .collect();
        let speaker = ledger.claims.iter().find(|claim| speaks(ledger, claim, lost));
        let Some(severity) = severity(ledger, lost, &strangers, speaker) else {
            continue;
        };
        let name = lost.source.of(&ledger.source.text);
        let stranger = lost.misread.or(strangers.first().copied());
        let message = match (speaker, stranger) {
            _ if lost.misread.is_some() => format!("the word before ({name}) is another name, or none"),
            (Some(_), Some(s)) => format!("the speaker {name} became {}", s.of(&ledger.target.text)),
            (Some(_), None) => format!("the speaker {name} is missing"),
            (None, Some(s)) => format!(
                "{name} is missing; {} is not in the source",
                s.of(&ledger.target.text)
            ),
            (None, None) => format!("{name} is missing"),
        };
        let check = if speaker.is_some() {
            Check::Source
        } else {
            Check::Name
        };
        findings.push(Finding {
            check,
            severity,
            segment: lost.segment,
            source: Some(lost.source),
            target: stranger,
            message,
        });
    }
    findings.extend(ledger.claims.iter().filter_map(|claim| replaced(ledger, claim)));
    let silent: Vec<Finding> = ledger
        .claims
        .iter()
        .filter(|claim| {
            !findings
                .iter()
                .any(|f| f.segment == claim.segment && f.check == Check::Source)
        })
        .filter_map(unsourced)
        .collect();
    findings.extend(silent);
    findings
}

/// A claim whose cue was found and whose named source was not.
fn unsourced(claim: &Claim) -> Option<Finding> {
    let cue = claim.evidence.cue.is_none_or(|score| score >= 0.5);
    let source = claim.evidence.source.is_none_or(|score| score >= 0.5);
    (claim.status == Status::Missing && claim.named && cue && !source).then(|| Finding {
        check: Check::Source,
        severity: Severity::Warning,
        segment: claim.segment,
        source: claim.source.source.first().copied(),
        target: None,
        message: "the source of the claim is not found".to_owned(),
    })
}

/// A speaker who is named once more in the source than in the target, where the name of a stranger stands who is like
/// nobody in the source.
fn replaced(ledger: &Ledger, claim: &Claim) -> Option<Finding> {
    let (source, target) = (&ledger.source, &ledger.target);
    let (_, shared) = ledger.shared.iter().find(|(segment, shared)| {
        let name = shared.of(&source.text);
        *segment == claim.segment
            && claim
                .source
                .source
                .iter()
                .any(|s| s.of(&source.text).ends_with(name))
    })?;
    let pair = ledger.segments.get(claim.segment)?;
    let mine: Vec<&str> = words(pair.source.of(&source.text))
        .into_iter()
        .map(|word| word.of(pair.source.of(&source.text)))
        .collect();
    let other = ledger.strangers.iter().map(|s| s.1).find(|stranger| {
        let word = stranger.of(&target.text);
        let alike = |w: &&str| similarity(w, source.language, word, target.language) >= 0.5;
        pair.target.contains(*stranger) && word.chars().any(char::is_lowercase) && !mine.iter().any(alike)
    })?;
    let (name, became) = (shared.of(&source.text), other.of(&target.text));
    Some(Finding {
        check: Check::Source,
        severity: Severity::Error,
        segment: claim.segment,
        source: Some(*shared),
        target: Some(other),
        message: format!("{name} is named fewer times than in the source; {became} is not in the source"),
    })
}

/// Whether the lost name is the source of the claim, here or where the same segment names it once more.
fn speaks(ledger: &Ledger, claim: &Claim, lost: &LostName) -> bool {
    let again = |s: &Span| {
        lost.misread.is_some()
            && claim.segment == lost.segment
            && s.of(&ledger.source.text) == lost.source.of(&ledger.source.text)
    };
    claim
        .source
        .source
        .iter()
        .any(|s| s.contains(lost.source) || again(s))
}

/// Whether most words of the source segment have a capital, as in a headline: then a capital makes no name.
fn title_case(ledger: &Ledger, segment: usize) -> bool {
    let Some(pair) = ledger.segments.get(segment) else {
        return false;
    };
    let text = pair.source.of(&ledger.source.text);
    let long: Vec<&str> = text
        .split_whitespace()
        .filter(|w| w.chars().count() > 3)
        .collect();
    let capital = long.iter().filter(|w| w.starts_with(char::is_uppercase)).count();
    long.len() >= 4 && capital * 4 >= long.len() * 3
}

/// How sure it is that the loss is one. What speaks for it: the name sounds like enough to be known again (three consonants)
/// and is no acronym; other segments carry it; a stranger stands here; the rest of the name was found; it is a speaker's.
fn severity(
    ledger: &Ledger,
    lost: &LostName,
    strangers: &[Span],
    speaker: Option<&Claim>,
) -> Option<Severity> {
    let name = lost.source.of(&ledger.source.text);
    let bare = name.trim_end_matches("'s").trim_end_matches("’s");
    let sounds = Sound::variants(bare, ledger.source.language);
    let consonants = sounds.first().map_or(0, Sound::consonants);
    let spoken = speaker.is_some();
    let headline = title_case(ledger, lost.segment);
    let acronym = !name.chars().any(char::is_lowercase);
    let heard = consonants >= 3 && !acronym && !lost.known && !lost.common;
    let telling = heard && lost.lost_elsewhere == 0;
    // 노라크(Wolmar): the explanation and the word that it explains are two signs by themselves. What is translated and
    // not spelt by its sound is explained as well, so it must be a speaker's or half of it found.
    if lost.misread.is_some() {
        let unnamed = |kind| matches!(kind, Some(SourceKind::Organisation | SourceKind::Document));
        let sure = speaker.is_some_and(|claim| !unnamed(claim.kind)) || (lost.last && lost.part_spelt);
        return (sure && !acronym && (lost.body || (lost.last && !lost.common))).then_some(Severity::Error);
    }
    let elsewhere = lost.found_elsewhere > lost.lost_elsewhere;
    let replaced = !strangers.is_empty();
    let person = speaker.is_some_and(|claim| matches!(claim.kind, Some(SourceKind::Person)));
    let surname = lost.part_found && lost.last;
    // No name of the speaker's is left, not even another one.
    let mute = speaker.is_some_and(|claim| {
        !ledger
            .names
            .iter()
            .any(|n| n.score > 0.71 && claim.source.source.iter().any(|s| s.contains(n.source)))
    });
    let gone = spoken && (surname || mute);
    // Its forms are all known, and nothing at all of the source is found.
    let nobody = speaker.is_some_and(|claim| claim.evidence.source.is_none_or(|score| score <= 0.5));
    if lost.body && nobody {
        return Some(Severity::Error);
    }
    // Half of the speaker's name is there: the other half was to stand beside it.
    // A surname is not translated, even if it is an everyday word.
    let body = |kind| {
        matches!(
            kind,
            Some(SourceKind::Organisation | SourceKind::Outlet | SourceKind::Document)
        )
    };
    let maybe_person = speaker.is_some_and(|claim| !body(claim.kind));
    let spelt = consonants >= 3 && !acronym && !lost.known && (maybe_person || !lost.common);
    let torn = spoken && surname && spelt && lost.part_spelt && lost.lost_elsewhere <= 1;
    if torn
        || (telling && (gone || person || (surname && elsewhere)))
        || (gone && elsewhere && consonants >= 2 && !lost.common)
    {
        return Some(Severity::Error);
    }
    if elsewhere && replaced && consonants >= 2 && !lost.common {
        return Some(Severity::Error);
    }
    // Known from other segments, easy to know again, and nothing here that may be meant for it.
    if telling && elsewhere && !lost.part_found && !lost.meant {
        return Some(Severity::Error);
    }
    if headline && !elsewhere {
        return None;
    }
    ((person && elsewhere) || (telling && elsewhere && !lost.part_found) || (telling && surname))
        .then_some(Severity::Warning)
}
