//! Whose words a cue verb tells: its subject, wherever it stands, or nobody's.
//!
//! The readings are tried in the order of [`find`]; the first that fits decides.

use std::ops::Range;

use super::super::cased;
use super::super::cues::{self, Cue};
use super::super::lexicon::{Frame, Pronoun, VerbForm, class};
use super::super::passage::Passage;
use super::super::{Polarity, Stance, subject};
use super::aside::{asks_for_anonymity, asks_nobody, has_mind, is_aside};
use super::{Found, Role};

/// One cue verb and all that may tell whose it is.
struct Search<'s, 'p> {
    passage: &'s Passage<'p>,
    unit: &'s Range<usize>,
    /// The cues of the sentence before this one.
    found: &'s [Found],
    cue: &'s Cue<'static>,
    /// The token before the cue, if it is in the sentence.
    before: Option<usize>,
    /// Where the subject must not reach before.
    from: usize,
}

/// What a reading says: it does not fit, there is no attribution here, or this is it.
enum Reading {
    Other,
    Nothing,
    Is(Box<Found>),
}

impl From<Option<Found>> for Reading {
    fn from(found: Option<Found>) -> Self {
        found.map_or(Self::Other, |f| Self::Is(Box::new(f)))
    }
}

/// Finds the source of a cue verb.
pub(super) fn find<'s, 'p>(
    passage: &'s Passage<'p>,
    unit: &'s Range<usize>,
    found: &'s [Found],
    cue: &'s Cue<'static>,
) -> Option<Found> {
    if matches!(cue.entry.frame, Frame::Ask | Frame::Infinitive) && asks_for_anonymity(passage, cue.group.end)
    {
        // "who asked not to be named" says who somebody is.
        return None;
    }
    let search = Search {
        passage,
        unit,
        found,
        cue,
        before: cue.group.start.checked_sub(1).filter(|&b| b >= unit.start),
        from: subject_floor(passage, unit, found, cue),
    };
    let readings: [fn(&Search<'s, 'p>) -> Reading; 11] = [
        Search::passive,
        Search::around_relative,
        Search::impersonal,
        Search::leaning,
        Search::inverted,
        Search::question,
        Search::list,
        Search::inside_hearsay,
        Search::coordinated,
        Search::subject_first,
        Search::subject_last,
    ];
    for read in readings {
        match read(&search) {
            Reading::Other => {}
            Reading::Nothing => return None,
            Reading::Is(found) => return Some(*found),
        }
    }
    None
}

impl Search<'_, '_> {
    fn make(&self, source: Option<Range<usize>>, role: Role) -> Found {
        let cue = self.cue;
        // A shared subject stands elsewhere: only the cue is here.
        let here = source.as_ref().filter(|_| role != Role::Shared);
        Found {
            start: here.map_or(cue.group.start, |s| s.start.min(cue.group.start)),
            end: here.map_or(cue.group.end, |s| s.end.max(cue.group.end)),
            cue: cue.group.clone(),
            frame: cue.entry.frame,
            stance: cue.entry.stance,
            // "Nobody said", "Neither the army nor the police would say".
            polarity: if cue.negated || here.is_some_and(|s| self.passage.listed("nobody", s.start)) {
                Polarity::Unconfirmed
            } else {
                cue.entry.polarity
            },
            weak: cues::is_attitude(cue)
                || matches!(cue.entry.frame, Frame::Object | Frame::Infinitive)
                || cue.entry.strict && cue.entry.stance == Stance::Report,
            source,
            role,
        }
    }

    fn is(&self, source: Option<Range<usize>>, role: Role) -> Reading {
        Reading::Is(Box::new(self.make(source, role)))
    }

    fn hearsay(&self) -> Reading {
        let mut item = self.make(None, Role::Hearsay);
        item.polarity = Polarity::Unconfirmed;
        Reading::Is(Box::new(item))
    }

    /// "is said to have", "was expected", "was confirmed by Lund", "was asked whether".
    fn passive(&self) -> Reading {
        let (passage, cue) = (self.passage, self.cue);
        let next = passage.lower(cue.group.end);
        let named =
            passage.is_quote(cue.group.end) || passage.tokens.get(cue.group.end).is_some_and(|t| t.capital);
        if cue.passive && named && passage.listed("convened-by", cue.verb.start) {
            // "The film is called “The Dam”."
            return Reading::Nothing;
        }
        let unowned = cue.passive && cues::is_unowned(passage, cue.verb.start) && next != "by";
        if unowned || cue.passive && next == "to" && cue.entry.stance != Stance::Ask {
            // Nobody says who says it.
            return self.hearsay();
        }
        if !cue.passive {
            return Reading::Other;
        }
        if next != "by" {
            // The question is told, not who asked.
            return match cue.entry.stance {
                Stance::Ask => self.is(None, Role::Shared),
                _ => Reading::Nothing,
            };
        }
        match subject::after_phrase(passage, cue.group.end + 1, self.unit.end, false) {
            Some(source) => {
                // "accused by prosecutors of taking bribes", "told by police that", "said by locals to be".
                let end = (source.start + 1..source.end).find(|&k| {
                    let doing = passage.has(k, class::LINK) && passage.lower(k + 1).ends_with("ing");
                    passage.lower(k) == "to" || passage.has(k, class::THAT) || doing
                });
                self.is(Some(source.start..end.unwrap_or(source.end)), Role::Phrase)
            }
            None => Reading::Nothing,
        }
    }

    /// "The groups who wrote to her on Thursday say".
    fn around_relative(&self) -> Reading {
        after_relative_cue(self.passage, self.unit, self.found, self.cue)
            .map(|source| self.make(Some(source), Role::SubjectFirst))
            .into()
    }

    /// "У звіті йдеться": a document, in languages with cases.
    fn impersonal(&self) -> Reading {
        if !cased::is_impersonal(self.passage, self.cue) {
            return Reading::Other;
        }
        match cased::document(self.passage, self.from, self.cue, self.unit.end) {
            Some((source, true)) => self.is(Some(source), Role::SubjectLast),
            Some((source, false)) => self.is(Some(source), Role::SubjectFirst),
            None => Reading::Nothing,
        }
    }

    /// "…, adding that": the subject of the clause that the participle leans on.
    fn leaning(&self) -> Reading {
        if !self.cue.leaning {
            return Reading::Other;
        }
        let (passage, unit) = (self.passage, self.unit);
        // "With a third of the crew saying …"
        let absolute = (unit.start..self.cue.group.start)
            .rev()
            .take(10)
            .take_while(|&k| passage.is_word(k) && !passage.has(k, class::CLAUSE))
            .find(|&k| passage.listed("absolutes", k) && k + 1 < self.cue.group.start);
        if let Some(with) = absolute {
            return self.is(Some(with + 1..self.cue.group.start), Role::SubjectFirst);
        }
        let before = self
            .found
            .iter()
            .rev()
            .find(|f| !matches!(f.role, Role::Hearsay | Role::Relay))
            .and_then(|f| f.source.clone());
        let source = before
            .or_else(|| subject::of_clause(passage, unit.start, self.cue.group.start))
            .or_else(|| subject_after(passage, unit, self.cue.group.end));
        match source {
            Some(source) => self.is(Some(source), Role::Shared),
            None => Reading::Nothing,
        }
    }

    /// "…," said Lund; "Said Lund: “…”".
    fn inverted(&self) -> Reading {
        let (passage, cue, end) = (self.passage, self.cue, self.unit.end);
        let after = cue.group.end;
        let Some(before) = self.before else {
            let finite = matches!(cue.entry.form, VerbForm::Past | VerbForm::Finite);
            let named = passage.tokens.get(after).is_some_and(|t| t.capital);
            let source = subject::right_of(passage, after, end).filter(|source| {
                let next = source.end;
                finite
                    && named
                    && (passage.is(next, ':') || passage.is(next, ',') && passage.is_quote(next + 1))
            });
            return source.map(|s| self.make(Some(s), Role::SubjectLast)).into();
        };
        if !cue.entry.ahead.is_empty() || !self.follows_speech(before) {
            return Reading::Other;
        }
        cased::right_of(passage, cue, end, false)
            .filter(|source| {
                // "…, said the plan would fail" has its content there.
                let clause = passage.has(source.end, class::AUXILIARY | class::VERB);
                let agrees = cue.entry.form != VerbForm::Base
                    || passage.lower(source.end - 1).ends_with('s')
                    || source.len() > 2;
                !clause && agrees
            })
            .map(|source| self.make(Some(source), Role::SubjectLast))
            .into()
    }

    /// Whether speech ends at the token `before` the cue, so that its speaker may follow.
    fn follows_speech(&self, before: usize) -> bool {
        let passage = self.passage;
        let quote = passage.is_quote(before);
        let dash = passage.tokens[before].is_dash();
        if self.cue.entry.frame == Frame::Object && !quote && !dash
            || quote && cased::is_name(passage, before)
        {
            return false;
        }
        if before == self.unit.start {
            return quote;
        }
        // "Berg, host of “Morning Oya,” suggested": a name in quotation marks.
        let title = |k: usize| {
            passage.quote_words(k) <= 4
                && k > self.unit.start
                && (passage.tokens[k - 1].is_possessive() || passage.has(k - 1, class::LINK))
        };
        if title(before) {
            return false;
        }
        let spoken = passage.is_quote(before - 1);
        quote
            || dash && (spoken || passage.is(before - 1, ','))
            || passage.is(before, ',') && (spoken || !self.left_is_subject())
    }

    /// Whether a subject with apposition stands before the comma that precedes the cue.
    fn left_is_subject(&self) -> bool {
        let end = self.cue.group.start;
        subject::left_of(self.passage, self.from, end).is_some_and(|s| {
            // "Lund, of the Tarn Institute,", "The mayor, speaking on Tuesday,": a remark beside a name that opens the
            // sentence.
            let by = self.passage.lower(s.end + 2) == "by";
            let doing = self.passage.lower(s.end + 1).ends_with("ing");
            let remark = s.end + 1 < end && (by || doing || self.passage.has(s.end + 1, class::PREPOSITION));
            let name = s.start == self.unit.start && self.passage.tokens[s.start].capital;
            s.end == end || remark && name
        })
    }

    /// "Asked about the fire, she said …".
    fn question(&self) -> Reading {
        let (passage, start) = (self.passage, self.cue.group.start);
        if self
            .found
            .last()
            .is_some_and(|f| f.end + 2 == start && passage.is(f.end, ','))
            && asks_nobody(passage, self.unit, self.cue)
        {
            // "Lund said, when asked about the fire, that …": when it was said.
            return Reading::Nothing;
        }
        asks_nobody(self.passage, self.unit, self.cue)
            .then(|| self.make(None, Role::Shared))
            .into()
    }

    /// "vowed to stay, declined to say": a list of verbs shares its subject.
    fn list(&self) -> Reading {
        let comma = self.before.is_some_and(|b| self.passage.is(b, ','));
        if !comma || self.relay_before().is_some() || self.left_is_subject() {
            return Reading::Other;
        }
        self.found
            .last()
            .filter(|f| f.role == Role::SubjectFirst && f.end < self.cue.group.start)
            .map(|last| self.make(last.source.clone(), Role::Shared))
            .into()
    }

    /// "is said to have told aides": the subject of the hearsay speaks; "як повідомляє Reuters".
    fn inside_hearsay(&self) -> Reading {
        let (passage, cue) = (self.passage, self.cue);
        let hearsay = self
            .found
            .last()
            .filter(|f| f.role == Role::Hearsay && f.end + 1 == cue.group.start);
        if let Some(hearsay) = hearsay
            && let Some(source) = subject::left_of(passage, self.unit.start, hearsay.start)
        {
            let mut item = self.make(Some(source), Role::SubjectFirst);
            item.start = cue.group.start;
            return Reading::Is(Box::new(item));
        }
        cased::opened_by_as(passage, self.unit.start, cue.group.start)
            .and_then(|opener| Some((opener, cased::right_of(passage, cue, self.unit.end, true)?)))
            .map(|(opener, source)| {
                let role = if cased::frames(passage, self.unit, opener, &source) {
                    Role::Phrase
                } else {
                    Role::SubjectLast
                };
                self.make(Some(source), role)
            })
            .into()
    }

    /// "… and warned", "… but on Tuesday warned".
    fn coordinated(&self) -> Reading {
        let (passage, unit) = (self.passage, self.unit);
        let join = subject::before_time(passage, unit.start, self.cue.group.start)
            .checked_sub(1)
            .filter(|&b| b >= unit.start)
            .filter(|&b| {
                passage.has(b, class::CONJUNCTION | class::CLAUSE) && !passage.has(b, class::RELATIVE)
            });
        let Some(join) = join else {
            return Reading::Other;
        };
        let before = self
            .found
            .iter()
            .rev()
            .find(|f| matches!(f.role, Role::SubjectFirst | Role::SubjectLast | Role::Shared))
            .and_then(|f| f.source.clone());
        match before.or_else(|| subject::of_clause(passage, unit.start, join)) {
            Some(source) => self.is(Some(source), Role::Shared),
            None => Reading::Nothing,
        }
    }

    /// "Lund said"; "Reuters, citing two people, reported": the phrase between subject and verb is skipped.
    fn subject_first(&self) -> Reading {
        let (passage, cue) = (self.passage, self.cue);
        let (from, end) = match self.relay_before() {
            Some(relay) => {
                let floor = self
                    .found
                    .len()
                    .checked_sub(2)
                    .and_then(|k| self.found.get(k))
                    .map_or(self.unit.start, |f| f.end);
                (floor, relay.start - usize::from(passage.is(relay.start - 1, ',')))
            }
            None => (self.from, cue.group.start),
        };
        let Some(source) = subject::left_of(passage, from, end) else {
            return Reading::Other;
        };
        if cased::is_accused(passage, &source, cue) {
            let people = cased::right_of(passage, cue, self.unit.end, false)
                .filter(|s| cased::is_people(passage, s.start))
                .map(|s| cased::without_phrase(passage, s));
            return match people {
                Some(people) => self.is(Some(people), Role::SubjectLast),
                None => self.hearsay(),
            };
        }
        let thoughtless = cues::is_attitude(cue) && !has_mind(passage, &source);
        if self.is_naming(&source)
            || self.is_writer(&source)
            || thoughtless
            || is_aside(passage, self.unit, &source, cue)
        {
            return Reading::Nothing;
        }
        // "as the Herald noted in May, …"
        let as_is = source.start > self.unit.start && passage.has(source.start - 1, class::AS);
        let role = if as_is && !cased::has_cases(passage) {
            Role::Phrase
        } else {
            Role::SubjectFirst
        };
        self.is(Some(source), role)
    }

    /// "a programme called Safe Harbour" is a name, not a saying.
    fn is_naming(&self, source: &Range<usize>) -> bool {
        let (passage, cue) = (self.passage, self.cue);
        let after = cue.group.end;
        let article = usize::from(passage.has(after, class::DETERMINER));
        let name = passage.is_quote(after) || passage.tokens.get(after + article).is_some_and(|t| t.capital);
        let remark = source.end == cue.group.start && passage.is(cue.group.start - 1, ',');
        passage.listed("convened-by", cue.verb.start)
            && cue.entry.form == VerbForm::Past
            && cue.group.len() == 1
            && name
            && (remark || source.clone().any(|k| matches!(passage.lower(k), "a" | "an")))
    }

    /// "I think", "you say": the writer and the reader are no sources.
    fn is_writer(&self, source: &Range<usize>) -> bool {
        let first = self.passage.lower(source.start);
        let writer = self.passage.lexicon.pronouns.get(first) == Some(&Pronoun::Writer);
        source.len() == 1 && (writer && self.cue.entry.stance == Stance::Think || first == "you")
    }

    /// Languages with free order put the subject after the verb, or drop it.
    fn subject_last(&self) -> Reading {
        let (passage, cue) = (self.passage, self.cue);
        let embedded = self.before.is_some_and(|b| cased::opens_report(passage, b));
        if !cased::has_cases(passage) || embedded {
            return Reading::Nothing;
        }
        if cue.entry.frame != Frame::Object
            && let Some(source) = cased::right_of(passage, cue, self.unit.end, false)
        {
            return self.is(Some(source), Role::SubjectLast);
        }
        cased::drops_subject(passage, self.unit, cue)
            .then(|| self.make(None, Role::SubjectFirst))
            .into()
    }

    /// The phrase "citing two people," that stands between a subject and this cue.
    fn relay_before(&self) -> Option<&Found> {
        self.found.last().filter(|f| {
            f.role == Role::Relay && f.end + 1 >= self.cue.group.start && f.start > self.unit.start
        })
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
        .is_some_and(|k| {
            passage.has(k + 1, class::RELATIVE) && passage.lower(k + 1) != "that" || k + 1 == last.cue.start
        });
    if closes && opens {
        return found.len().checked_sub(2).map_or(unit.start, |k| found[k].end);
    }
    last.end.min(cue.group.start)
}
