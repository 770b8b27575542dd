//! Sentence → attributions, for languages whose cue is a verb between or beside source and content
//! (English, Ukrainian, Russian).

use std::ops::Range;

use super::cased;
use super::content::{closes_sentence, content, gapped};
use super::cues::{self, Cue};
use super::kinds::{kind_of, mention_has_name};
use super::lexicon::{Frame, PhraseRole, Pronoun, VerbForm, class};
use super::passage::Passage;
use super::{Draft, Form, Polarity, SourceKind, Stance, subject};
use crate::text::span::Span;

/// A cue with its source, before its content is known.
pub(super) struct Found {
    pub cue: Range<usize>,
    pub source: Option<Range<usize>>,
    /// First token of source and cue together.
    pub start: usize,
    /// One past their last token.
    pub end: usize,
    pub frame: Frame,
    pub stance: Stance,
    pub polarity: Polarity,
    pub role: Role,
    /// Whether it counts only where no other speaker tells of it: a wish, a blame, what a document shows.
    pub weak: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    /// A verb with its subject before it.
    SubjectFirst,
    /// A verb with its subject after it.
    SubjectLast,
    /// A verb that takes the subject of the one before it.
    Shared,
    /// "according to".
    Phrase,
    /// "citing".
    Relay,
    /// "reportedly".
    Hearsay,
}

/// Reads the sentence `unit` of `passage`.
pub(super) fn read(passage: &Passage<'_>, unit: &Range<usize>, drafts: &mut Vec<Draft>) {
    let found = find(passage, unit);
    let mut placed: Vec<Option<usize>> = vec![None; found.len()];
    for (index, item) in found.iter().enumerate() {
        let awaits = index + 1 == found.len() && awaits_block(passage, item);
        let contents = if awaits {
            Vec::new()
        } else {
            content(passage, unit, &found, index)
        };
        if contents.is_empty() && item.role != Role::Relay && !awaits {
            continue;
        }
        placed[index] = Some(drafts.len());
        if let [only] = contents.as_slice()
            && let Some([first, source, second]) = gapped(passage, only)
        {
            drafts.push(draft(passage, item, &[first]));
            let mut other = draft(passage, item, &[second]);
            other.source = vec![passage.span(&source)];
            drafts.push(other);
            continue;
        }
        let mut own = draft(passage, item, &contents);
        if item.source.is_none() && item.role != Role::Hearsay {
            own.antecedent = last_speaker(drafts);
        }
        drafts.push(own);
    }
    nest_in_hearsay(&found, &placed, drafts);
    drop_reported_attitudes(passage, &found, &placed, drafts);
    nest_in_relays(passage, unit, &found, &placed, drafts);
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
    let contents = drafts[outer].content.clone();
    for &own in placed.iter().flatten().filter(|&&own| own != outer) {
        let inside = drafts[own]
            .cue
            .first()
            .is_some_and(|c| contents.iter().any(|h| h.contains(*c)));
        if inside && drafts[own].parent.is_none() {
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
    let framing = (0..found.len()).find(|&k| leads(k) || closes_sentence(passage, unit, found, k));
    let Some((index, outer)) = framing.and_then(|k| Some((k, placed[k]?))) else {
        return;
    };
    let contents = drafts[outer].content.clone();
    for (k, &own) in placed.iter().enumerate() {
        let Some(own) = own.filter(|_| k != index) else {
            continue;
        };
        let inside = drafts[own]
            .cue
            .first()
            .is_some_and(|c| contents.iter().any(|o| o.contains(*c)));
        if inside && drafts[own].parent.is_none() && drafts[outer].parent != Some(own) {
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
        let inside = |other: &usize| {
            let contents = &drafts[*other].content;
            drafts[own]
                .cue
                .first()
                .is_some_and(|cue| contents.iter().any(|c| c.contains(*cue)))
        };
        if (item.weak || own_words && item.role == Role::SubjectFirst)
            && told.iter().rev().take(16).any(inside)
        {
            // Without a cue it is dropped with the other empty drafts.
            drafts[own].cue.clear();
        } else if item.role != Role::Hearsay {
            told.push(own);
        }
    }
}

/// "He said:", "She wrote of the fire:" at the end of a block: what is said follows in the next one.
fn awaits_block(passage: &Passage<'_>, item: &Found) -> bool {
    let end = passage.tokens.len();
    let speech = matches!(item.frame, Frame::Say | Frame::Tell) && item.role != Role::Hearsay;
    end > 0
        && passage.is(end - 1, ':')
        && (item.end >= end
            || speech && (item.end..end).len() <= 24 && !(item.end..end).any(|k| passage.has(k, class::THAT)))
}

/// All cues of the sentence with their sources, in order.
fn find(passage: &Passage<'_>, unit: &Range<usize>) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let mut verbs = cues::find(passage, unit).into_iter().peekable();
    let mut at = unit.start;
    while at < unit.end {
        if let Some(item) = phrase(passage, unit, at).or_else(|| nominal(passage, unit, at)) {
            at = item.end;
            found.push(item);
            while verbs.peek().is_some_and(|v| v.group.start < at) {
                verbs.next();
            }
            continue;
        }
        if verbs.peek().is_some_and(|v| v.verb.start <= at)
            && let Some(verb) = verbs.next()
            && !is_embedded(passage, &found, &verb)
            && let Some(item) = with_source(passage, unit, &found, &verb)
        {
            at = at.max(item.end);
            found.push(item);
            continue;
        }
        at += 1;
    }
    found
}

/// A belief or wish that another speaker tells of ("said she hoped to", "asked whether he thought", "said that …
/// and wanted"), or that is only supposed ("if people think").
fn is_embedded(passage: &Passage<'_>, found: &[Found], verb: &Cue<'_>) -> bool {
    if !cues::is_attitude(verb) || cased::has_cases(passage) {
        return false;
    }
    let from = found.last().map_or(0, |f| f.end);
    let words = || {
        (from..verb.group.start)
            .rev()
            .take(12)
            .take_while(|&k| passage.is_word(k))
    };
    let supposed = words().any(|k| listed(passage, "suppositions", k));
    let told = found.last().is_some_and(|f| {
        !passage.is(f.end, ',')
            && !(f.end..verb.group.start).any(|k| passage.is_quote(k) || passage.is(k, ';'))
            && matches!(f.role, Role::SubjectFirst | Role::Shared)
            && matches!(f.frame, Frame::Say | Frame::Tell | Frame::Ask)
    });
    supposed || told && !verb.leaning
}

fn listed(passage: &Passage<'_>, name: &str, at: usize) -> bool {
    passage.lexicon.list(name).iter().any(|w| w == passage.lower(at))
}

/// A cue phrase at `at`.
fn phrase(passage: &Passage<'_>, unit: &Range<usize>, at: usize) -> Option<Found> {
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
    let leading = at == unit.start
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
fn nominal(passage: &Passage<'_>, unit: &Range<usize>, at: usize) -> Option<Found> {
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
    if at + 1 >= unit.end || !(passage.has(at + 1, class::THAT) || promised) {
        return None;
    }
    // "the mayor's repeated public claim": up to three words between owner and noun.
    let owner = (unit.start..at)
        .rev()
        .take(4)
        .take_while(|&k| passage.is_word(k))
        .find(|&k| {
            passage.tokens[k].is_possessive()
                || passage
                    .lexicon
                    .list("owners")
                    .iter()
                    .any(|w| w == passage.lower(k))
        })?;
    let mut start = owner;
    while start > unit.start
        && passage.tokens[owner].capital
        && passage.tokens[start - 1].capital
        && passage.is_word(start - 1)
    {
        start -= 1;
    }
    Some(Found {
        start,
        end: at + 1,
        cue: at..at + 1,
        source: Some(start..owner + 1),
        frame: Frame::Say,
        stance,
        polarity: Polarity::Asserted,
        role: Role::Shared,
        weak: false,
    })
}

/// Finds the source of a cue verb.
fn with_source(passage: &Passage<'_>, unit: &Range<usize>, found: &[Found], cue: &Cue<'_>) -> Option<Found> {
    if matches!(cue.entry.frame, Frame::Ask | Frame::Infinitive) && asks_for_anonymity(passage, cue.group.end)
    {
        // "who asked not to be named" says who somebody is.
        return None;
    }
    let polarity = polarity(cue);
    let make = |source: Option<Range<usize>>, role: Role| {
        let shared = role == Role::Shared;
        let start = source
            .as_ref()
            .filter(|_| !shared)
            .map_or(cue.group.start, |s| s.start.min(cue.group.start));
        let end = source
            .as_ref()
            .filter(|_| !shared)
            .map_or(cue.group.end, |s| s.end.max(cue.group.end));
        Found {
            cue: cue.group.clone(),
            source,
            start,
            end,
            frame: cue.entry.frame,
            stance: cue.entry.stance,
            polarity,
            role,
            weak: cues::is_attitude(cue)
                || cue.entry.frame == Frame::Object
                || cue.entry.strict && cue.entry.stance == Stance::Report,
        }
    };
    let unowned =
        cue.passive && cues::is_unowned(passage, cue.verb.start) && passage.lower(cue.group.end) != "by";
    if unowned || cues::is_hedge(passage, cue.verb.start) {
        let mut item = make(None, Role::Hearsay);
        item.polarity = Polarity::Unconfirmed;
        return Some(item);
    }
    if cue.passive {
        if passage.lower(cue.group.end) == "to" {
            // "is said to have": nobody says who says it.
            let mut item = make(None, Role::Hearsay);
            item.polarity = Polarity::Unconfirmed;
            return Some(item);
        }
        if passage.lower(cue.group.end) != "by" {
            // "was asked whether": the question is told, not who asked.
            return (cue.entry.stance == Stance::Ask).then(|| make(None, Role::Shared));
        }
        let source = subject::after_phrase(passage, cue.group.end + 1, unit.end, false)?;
        return Some(make(Some(source), Role::Phrase));
    }
    if let Some(source) = after_relative_cue(passage, unit, found, cue) {
        return Some(make(Some(source), Role::SubjectFirst));
    }
    let from = subject_floor(passage, unit, found, cue);
    if cased::is_impersonal(passage, cue) {
        let (source, right) = cased::document(passage, from, cue, unit.end)?;
        let role = if right {
            Role::SubjectLast
        } else {
            Role::SubjectFirst
        };
        return Some(make(Some(source), role));
    }
    let before = cue.group.start.checked_sub(1).filter(|&b| b >= unit.start);
    if cue.leaning {
        let source = found
            .iter()
            .rev()
            .find(|f| !matches!(f.role, Role::Hearsay | Role::Relay))
            .and_then(|f| f.source.clone());
        let source = source
            .or_else(|| subject::of_clause(passage, unit.start, cue.group.start))
            .or_else(|| subject_after(passage, unit, cue.group.end))?;
        return Some(make(Some(source), Role::Shared));
    }
    // "…," said Lund
    let spoken = |b: usize| passage.is_quote(b) && !cased::is_name(passage, b);
    let inverted = before.is_none_or(|b| spoken(b) || passage.is(b, ',') || passage.tokens[b].is_dash());
    if inverted
        && cue.entry.ahead.is_empty()
        && before.is_some_and(|b| {
            let dashed = b > unit.start
                && passage.tokens[b].is_dash()
                && (passage.is_quote(b - 1) || passage.is(b - 1, ','));
            passage.is_quote(b)
                || dashed
                || passage.is(b, ',')
                    && b > unit.start
                    && (passage.is_quote(b - 1) || !left_is_subject(passage, from, cue))
        })
        && (cue.entry.frame != Frame::Object
            || before.is_some_and(|b| passage.is_quote(b) || passage.tokens[b].is_dash()))
        && let Some(source) = cased::right_of(passage, cue, unit.end, false)
        && !passage.has(source.end, class::AUXILIARY | class::VERB)
        && (cue.entry.form != VerbForm::Base
            || passage.lower(source.end - 1).ends_with('s')
            || source.len() > 2)
    {
        return Some(make(Some(source), Role::SubjectLast));
    }
    // "Said Lund: “…”"
    if before.is_none()
        && matches!(cue.entry.form, VerbForm::Past | VerbForm::Finite)
        && passage.tokens.get(cue.group.end).is_some_and(|t| t.capital)
        && let Some(source) = subject::right_of(passage, cue.group.end, unit.end)
        && (passage.is(source.end, ':') || passage.is(source.end, ',') && passage.is_quote(source.end + 1))
    {
        return Some(make(Some(source), Role::SubjectLast));
    }
    if asks_nobody(passage, unit, cue) {
        return Some(make(None, Role::Shared));
    }
    // "vowed to stay, declined to say": a list of verbs shares its subject.
    if relay_before(found, cue, unit).is_none()
        && before.is_some_and(|b| passage.is(b, ','))
        && !left_is_subject(passage, from, cue)
        && let Some(last) = found
            .last()
            .filter(|f| f.role == Role::SubjectFirst && f.end < cue.group.start)
    {
        return Some(make(last.source.clone(), Role::Shared));
    }
    // "is said to have told aides": the subject of the hearsay speaks.
    if let Some(hearsay) = found
        .last()
        .filter(|f| f.role == Role::Hearsay && f.end + 1 == cue.group.start)
        && let Some(source) = subject::left_of(passage, unit.start, hearsay.start)
    {
        let mut item = make(Some(source), Role::SubjectFirst);
        item.start = cue.group.start;
        return Some(item);
    }
    // "як повідомляє Reuters"
    if cased::opened_by_as(passage, unit.start, cue.group.start).is_some()
        && let Some(source) = cased::right_of(passage, cue, unit.end, true)
    {
        return Some(make(Some(source), Role::SubjectLast));
    }
    // "… and warned", "… but on Tuesday warned"
    if let Some(b) = subject::before_time(passage, unit.start, cue.group.start).checked_sub(1)
        && b >= unit.start
        && passage.has(b, class::CONJUNCTION | class::CLAUSE)
        && !passage.has(b, class::RELATIVE)
    {
        let previous = found
            .iter()
            .rev()
            .find(|f| matches!(f.role, Role::SubjectFirst | Role::SubjectLast | Role::Shared))
            .and_then(|f| f.source.clone());
        let source = previous.or_else(|| subject::of_clause(passage, unit.start, b));
        return source.map(|s| make(Some(s), Role::Shared));
    }
    // "Reuters, citing two people, reported": the phrase between subject and verb is skipped.
    let (from, end) = match relay_before(found, cue, unit) {
        Some(relay) => {
            let floor = found
                .len()
                .checked_sub(2)
                .and_then(|k| found.get(k))
                .map_or(unit.start, |f| f.end);
            let comma = passage.is(relay.start - 1, ',');
            (floor, relay.start - usize::from(comma))
        }
        None => (from, cue.group.start),
    };
    if let Some(source) = subject::left_of(passage, from, end) {
        let article = usize::from(passage.has(cue.group.end, class::DETERMINER));
        let name_follows = passage.is_quote(cue.group.end)
            || passage
                .tokens
                .get(cue.group.end + article)
                .is_some_and(|t| t.capital);
        let remark = source.end == cue.group.start && passage.is(cue.group.start - 1, ',');
        let named_so = listed(passage, "convened-by", cue.verb.start)
            && cue.entry.form == VerbForm::Past
            && cue.group.len() == 1
            && name_follows
            && (remark || source.clone().any(|k| matches!(passage.lower(k), "a" | "an")));
        if named_so {
            // "a programme called Safe Harbour" is a name, not a saying.
            return None;
        }
        let first_person =
            passage.lexicon.pronouns.get(passage.lower(source.start)) == Some(&Pronoun::Writer);
        if source.len() == 1
            && (first_person && cue.entry.stance == Stance::Think || passage.lower(source.start) == "you")
        {
            return None;
        }
        if cues::is_attitude(cue) && !has_mind(passage, &source) || is_aside(passage, unit, &source, cue) {
            return None;
        }
        // "as the Herald noted in May, …"
        let as_is = source.start > unit.start && passage.has(source.start - 1, class::AS);
        let role = if as_is && !cased::has_cases(passage) {
            Role::Phrase
        } else {
            Role::SubjectFirst
        };
        return Some(make(Some(source), role));
    }
    // Languages with free order put the subject after the verb, or drop it.
    let embedded = before.is_some_and(|b| cased::opens_report(passage, b));
    if !cased::has_cases(passage) || embedded {
        return None;
    }
    if cue.entry.frame != Frame::Object
        && let Some(source) = cased::right_of(passage, cue, unit.end, false)
    {
        return Some(make(Some(source), Role::SubjectLast));
    }
    cased::drops_subject(passage, unit, cue).then(|| make(None, Role::SubjectFirst))
}

/// Words that only point at a speech: "what he said", "a rule that she said", "if they say", "voters who support her".
fn is_aside(passage: &Passage<'_>, unit: &Range<usize>, source: &Range<usize>, cue: &Cue<'_>) -> bool {
    if source.len() != 1 || source.start == unit.start || cased::has_cases(passage) {
        return false;
    }
    let quoted = (cue.group.end..unit.end.min(cue.group.end + 12)).any(|k| passage.is_quote(k));
    let before = source.start - 1;
    if passage.has(source.start, class::RELATIVE) {
        return cues::is_attitude(cue) && !quoted && passage.is_word(before);
    }
    let pronoun = passage.has(source.start, class::PRONOUN);
    pronoun
        && !quoted
        && (listed(passage, "suppositions", before) || matches!(passage.lower(before), "what" | "that"))
}

/// Whether a belief can be the subject's: "demographics favour her" is nobody's wish.
fn has_mind(passage: &Passage<'_>, source: &Range<usize>) -> bool {
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

/// "Noting that the bridge was old, Lund …": the subject of the clause that follows the participle's own.
fn subject_after(passage: &Passage<'_>, unit: &Range<usize>, at: usize) -> Option<Range<usize>> {
    let start = (at..unit.end.saturating_sub(1)).take(60).find(|&k| {
        let name = passage.tokens[k + 1].capital
            || passage.has(k + 1, class::PRONOUN)
            || passage.lower(k + 1) == "the";
        passage.is(k, ',') && name
    })? + 1;
    subject::of_clause(passage, start, unit.end)
}

/// "The groups who wrote to her on Thursday say": the subject holds a relative clause with a cue of its own.
fn after_relative_cue(
    passage: &Passage<'_>,
    unit: &Range<usize>,
    found: &[Found],
    cue: &Cue<'_>,
) -> Option<Range<usize>> {
    let last = found.last()?;
    let relative = last.source.as_ref().filter(|s| s.len() == 1)?.start;
    let restrictive =
        passage.has(relative, class::RELATIVE) && relative > unit.start && passage.is_word(relative - 1);
    let end = subject::before_time(passage, unit.start, cue.group.start);
    let plain =
        (last.end..end).all(|k| passage.is_word(k) && !passage.has(k, class::THAT | class::CONJUNCTION));
    if cue.leaning || !restrictive || !plain || end <= last.end || passage.has(end - 1, class::PRONOUN) {
        return None;
    }
    let floor = found.len().checked_sub(2).map_or(unit.start, |k| found[k].end);
    subject::left_of(passage, floor, relative).map(|s| s.start..end)
}

/// Where the search for a subject stops: at the cue before, unless that stands in a remark that closes right here
/// ("Lund, whose plan was seen as a failure, said").
fn subject_floor(passage: &Passage<'_>, unit: &Range<usize>, found: &[Found], cue: &Cue<'_>) -> usize {
    let Some(last) = found.last() else {
        return unit.start;
    };
    let parts = |k: usize| passage.is(k, ',') || passage.tokens[k].is_dash();
    let closes = cue.group.start > last.end && parts(cue.group.start - 1);
    let opens = (unit.start..last.start.max(unit.start))
        .rev()
        .take(30)
        .find(|&k| parts(k))
        .is_some_and(|k| passage.has(k + 1, class::RELATIVE) && passage.lower(k + 1) != "that");
    if closes && opens {
        return found.len().checked_sub(2).map_or(unit.start, |k| found[k].end);
    }
    last.end.min(cue.group.start)
}

/// "Asked about the fire, she said …", "When asked whether …": a question without its asker.
fn asks_nobody(passage: &Passage<'_>, unit: &Range<usize>, cue: &Cue<'_>) -> bool {
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
fn asks_for_anonymity(passage: &Passage<'_>, at: usize) -> bool {
    let ahead: Vec<&str> = (at..(at + 5).min(passage.tokens.len()))
        .map(|k| passage.lower(k))
        .collect();
    let ahead = ahead.join(" ");
    passage
        .lexicon
        .list("anonymity")
        .iter()
        .any(|sign| ahead.starts_with(&sign.replace('_', " ")))
}

/// The phrase "citing two people," that stands between a subject and this cue.
fn relay_before<'f>(found: &'f [Found], cue: &Cue<'_>, unit: &Range<usize>) -> Option<&'f Found> {
    found
        .last()
        .filter(|f| f.role == Role::Relay && f.end + 1 >= cue.group.start && f.start > unit.start)
}

/// Whether a subject with apposition stands before the comma that precedes the cue.
fn left_is_subject(passage: &Passage<'_>, from: usize, cue: &Cue<'_>) -> bool {
    subject::left_of(passage, from, cue.group.start).is_some_and(|s| s.end == cue.group.start)
}

fn polarity(cue: &Cue<'_>) -> Polarity {
    if cue.negated {
        Polarity::Unconfirmed
    } else {
        cue.entry.polarity
    }
}

fn draft(passage: &Passage<'_>, item: &Found, contents: &[Range<usize>]) -> Draft {
    let content: Vec<Span> = contents.iter().map(|c| passage.span(c)).collect();
    Draft {
        form: form(passage, item, contents),
        stance: item.stance,
        polarity: item.polarity,
        source: item.source.iter().map(|s| passage.span(s)).collect(),
        cue: cue_spans(passage, item),
        content,
        parent: None,
        antecedent: antecedent(passage, item),
    }
}

/// The cue without a source inside of it: "За [його] словами".
fn cue_spans(passage: &Passage<'_>, item: &Found) -> Vec<Span> {
    let cue = &item.cue;
    match &item.source {
        Some(source) if cue.start < source.start && source.end < cue.end => {
            vec![
                passage.span(&(cue.start..source.start)),
                passage.span(&(source.end..cue.end)),
            ]
        }
        _ => vec![passage.span(cue)],
    }
}

/// Whoever spoke last, for a sentence that names nobody.
pub(super) fn last_speaker(drafts: &[Draft]) -> Option<Span> {
    drafts
        .iter()
        .rev()
        .take(40)
        .find_map(|d| d.source.first().copied().or(d.antecedent))
}

/// Direct if all of the content is quoted, mixed if some is.
fn form(passage: &Passage<'_>, item: &Found, contents: &[Range<usize>]) -> Form {
    if item.role == Role::Hearsay {
        return Form::Hearsay;
    }
    let (quoted, words) = contents.iter().fold((0, 0), |sum, range| {
        let (quotes, words) = passage.counts(range);
        (sum.0 + quotes, sum.1 + words)
    });
    match (quoted, words) {
        (0, _) => Form::Indirect,
        (_, 0) => Form::Direct,
        _ => Form::Mixed,
    }
}

/// Whom "who" stands for: the noun phrase before it.
fn antecedent(passage: &Passage<'_>, item: &Found) -> Option<Span> {
    let source = item
        .source
        .as_ref()
        .filter(|s| s.len() == 1 && passage.has(s.start, class::RELATIVE))?;
    let end = if source.start > 0 && passage.is(source.start - 1, ',') {
        source.start - 1
    } else {
        source.start
    };
    let from = end.saturating_sub(12);
    subject::left_of(passage, from, end).map(|s| passage.span(&s))
}
