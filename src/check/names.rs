//! Names: what the source names, the target names. A name that the other segments carry and this one has not is a sign; so
//! is a stranger in its place, and a claim that has lost its speaker.

use crate::align::{Claim, Ledger, LostName};
use crate::attribution::SourceKind;
use crate::finding::{Check, Finding, Severity};
use crate::text::span::Span;
use crate::text::transliterate::Sound;

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
        let speaker = ledger.claims.iter().find(|claim| speaks(claim, lost));
        let Some(severity) = severity(ledger, lost, &strangers, speaker) else {
            continue;
        };
        let name = lost.source.of(&ledger.source.text);
        let stranger = strangers.first().copied();
        let message = match (speaker, stranger) {
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
    findings
}

/// Whether the lost name is the source of the claim.
fn speaks(claim: &Claim, lost: &LostName) -> bool {
    claim.source.source.iter().any(|s| s.contains(lost.source))
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
    let sounds = Sound::variants(name, ledger.source.language);
    let consonants = sounds.first().map_or(0, Sound::consonants);
    let acronym = !name.chars().any(char::is_lowercase);
    let telling = consonants >= 3 && !acronym && !lost.known && lost.lost_elsewhere == 0;
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
    let gone = speaker.is_some() && (surname || mute);
    if (telling && (gone || (person && replaced) || (surname && elsewhere)))
        || (gone && elsewhere && consonants >= 2)
    {
        return Some(Severity::Error);
    }
    if elsewhere && replaced && consonants >= 2 {
        return Some(Severity::Error);
    }
    ((person && elsewhere) || (telling && elsewhere && !lost.part_found) || (telling && surname))
        .then_some(Severity::Warning)
}
