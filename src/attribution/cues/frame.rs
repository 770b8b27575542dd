//! Whether what stands around a cue verb fits what the lexicon says of it: a clause, a noun, an infinitive.

use std::ops::Range;

use super::super::Stance;
use super::super::cased;
use super::super::lexicon::{Frame, VerbForm, class};
use super::super::passage::Passage;
use super::{Cue, opens_content, skip_adjunct};

/// One cue verb and what stands around it.
struct Around<'s, 'p> {
    passage: &'s Passage<'p>,
    unit: &'s Range<usize>,
    cue: &'s Cue<'s>,
    /// The token before the group; beyond the last token if the group opens the block.
    before: usize,
    /// The token after the group.
    after: usize,
}

/// Whether what stands around the verb fits its frame.
pub(super) fn fits(passage: &Passage<'_>, unit: &Range<usize>, cue: &Cue<'_>) -> bool {
    let around = Around {
        passage,
        unit,
        cue,
        before: cue.group.start.wrapping_sub(1),
        after: cue.group.end,
    };
    let what = passage.lower(cue.group.start.wrapping_sub(2)) == "what";
    if what && !around.opens() && !passage.has(around.after, class::BE | class::AS) {
        return false;
    }
    let entry = cue.entry;
    match entry.frame {
        Frame::Object => around.has_object(),
        _ if entry.strict && (is_after_document(passage, cue) || is_after_as(passage, unit, cue)) => true,
        _ if entry.strict || cue.leaning => around.has_content(),
        Frame::Infinitive => around.has_infinitive(),
        _ if around.is_bare() => false,
        _ if entry.noun => {
            around.opens()
                || around.quoted_before()
                || !passage.has(around.after, class::PREPOSITION)
                || entry.form == VerbForm::Past
        }
        _ => true,
    }
}

impl Around<'_, '_> {
    /// Whether reported speech begins right behind the verb.
    fn opens(&self) -> bool {
        opens_content(self.passage, self.unit, self.after)
    }

    /// The same without doubt: a question word may open another clause.
    fn explicit(&self) -> bool {
        let question = self.passage.has(self.after, class::QUESTION & !class::THAT);
        let asks = self.cue.entry.stance == Stance::Ask;
        self.opens() && (!question || asks) || self.passage.has(self.after, class::THAT)
    }

    /// A quotation shortly before the verb.
    fn quoted_before(&self) -> bool {
        let left = self.unit.start..self.cue.group.start;
        left.rev().take(8).any(|k| self.passage.is_quote(k))
    }

    /// A comma or a quotation anywhere before the verb.
    fn parted(&self) -> bool {
        let mut left = self.unit.start..self.cue.group.start;
        left.any(|k| self.passage.is(k, ',') || self.passage.is_quote(k))
    }

    /// "…, she noted, …": a remark between commas or at the end.
    fn is_remark(&self) -> bool {
        let ends = self.passage.is_stop(self.after) || self.after >= self.unit.end;
        self.passage.is(self.after, ',') || ends && self.parted()
    }

    fn is_dash(&self, at: usize) -> bool {
        self.passage.tokens.get(at).is_some_and(|t| t.is_dash())
    }

    /// ", saying he would stay", "by saying they would": a clause without "that".
    fn opens_clause(&self) -> bool {
        let (passage, unit, before, after) = (self.passage, self.unit, self.before, self.after);
        let entry = self.cue.entry;
        let clause = clause_follows(passage, unit, after);
        let parted = passage.is(before, ',')
            || passage.is_quote(before)
            || self.is_dash(before)
            || passage.listed("before-gerunds", before)
            || passage.listed("occasions", before)
            || passage.is_word(before) && clause;
        let reports = entry.stance != Stance::Report || !entry.strict && passage.is(before, ',');
        let noun = passage.has(after, class::DETERMINER)
            || passage.tokens.get(after).is_some_and(|t| t.capital)
            || passage.is_word(after)
                && !passage.has(after, class::PREPOSITION | class::CONJUNCTION | class::ADVERB);
        parted && reports && (clause || passage.has(after, class::PRONOUN) || !entry.strict && noun)
    }

    /// Whether a strict or leaning verb has an explicit content.
    fn has_content(&self) -> bool {
        let (passage, unit, before, after) = (self.passage, self.unit, self.before, self.after);
        let (cue, entry) = (self.cue, self.cue.entry);
        let finite = !cue.leaning;
        let quoted = self.quoted_before()
            && (finite || passage.is_quote(before) || passage.is_quote(before.wrapping_sub(1)));
        let remark = self.is_remark()
            && finite
            && (!entry.noun_form() || passage.has(before, class::PRONOUN) || parted_name(passage, before));
        let addressed = matches!(entry.frame, Frame::Tell | Frame::Ask);
        let told = |next| passage.has(next, class::THAT) || passage.is_quote(next) || passage.is(next, ':');
        self.explicit()
            || finite && !entry.noun_form() && clause_follows(passage, unit, after)
            || cue.leaning && (self.opens() || self.opens_clause())
            || self.opens() && entry.stance == Stance::Report && entry.form == VerbForm::Finite
            || quoted
            || remark
            || skip_adjunct(passage, unit, after, addressed).is_some_and(told)
    }

    /// Whether an object follows that is one of speech or thought.
    fn has_object(&self) -> bool {
        let (passage, unit, after, cue) = (self.passage, self.unit, self.after, self.cue);
        let (verb, plain) = (cue.verb.start, cue.entry.rest.is_empty());
        let loose = cue.entry.form == VerbForm::Past
            && plain
            && cue.group.start > unit.start
            && passage.has(after, class::PREPOSITION | class::ADVERB)
            && !cue.passive;
        let as_what = !passage.listed("needs-as", verb)
            || (after..unit.end.min(after + 12))
                .take_while(|&k| passage.is_word(k) || passage.is_quote(k))
                .any(|k| passage.has(k, class::AS));
        // "called a meeting"
        let convened = plain
            && passage.listed("convened-by", verb)
            && matches!(passage.lower(after), "a" | "an")
            && !(after..unit.end.min(after + 10)).any(|k| passage.is_quote(k));
        // "talked about what he saw"
        let asked =
            (!plain || passage.listed("doubts", verb)) && passage.has(after, class::QUESTION & !class::THAT);
        let object = !self.opens() && after < unit.end && passage.is_word(after) || passage.is_quote(after);
        self.may_lean()
            && !passage.has(after, class::CONJUNCTION)
            && !convened
            && (asked || object)
            && !loose
            && as_what
    }

    /// Whether a participle with an object stands where it leans on a speaker.
    fn may_lean(&self) -> bool {
        let (passage, before, group) = (self.passage, self.before, &self.cue.group);
        // "with Lund, Berg and Oya all calling for"
        let absolute = || {
            (self.unit.start..group.start)
                .rev()
                .take(12)
                .take_while(|&k| passage.is_word(k) || passage.is(k, ','))
                .any(|k| passage.listed("absolutes", k))
        };
        !self.cue.leaning
            || group.start == self.unit.start
            || passage.lower(before) == "to"
            || passage.is(before, ',')
            || self.is_dash(before)
            || passage.listed("before-gerunds", before)
            || passage.listed("free-gerunds", self.cue.verb.start)
            || absolute()
    }

    /// "vowed to stay", "hopes that", "wants more money": a wish has an object too.
    fn has_infinitive(&self) -> bool {
        let (passage, after) = (self.passage, self.after);
        let wish = self.cue.entry.stance == Stance::Think
            && passage.is_word(after)
            && !passage.has(after, class::PREPOSITION | class::ADVERB | class::CONJUNCTION);
        // "is expected back"
        let passive = self.cue.passive;
        passive || wish || opens_infinitive(passage, after) || self.explicit() || self.is_remark()
    }

    /// "refugees admitted to the country", "wrote to the firm": no content.
    fn is_bare(&self) -> bool {
        let (passage, after) = (self.passage, self.after);
        let told = |k: usize| {
            passage.has(k, class::AUXILIARY | class::VERB | class::PRONOUN | class::THAT)
                || passage.is_quote(k)
                || passage.is(k, ':')
        };
        let end = || {
            let sentence = self.unit.end.min(after + 30);
            end_of_relative(passage, self.unit, self.cue).unwrap_or(sentence)
        };
        !cased::has_cases(passage)
            && !self.cue.passive
            && passage.has(after, class::PREPOSITION)
            && !self.quoted_before()
            && !self.parted()
            && !(after..end()).any(told)
    }
}

/// "The island, Lund notes, …": a name between a comma and its cue.
fn parted_name(passage: &Passage<'_>, last: usize) -> bool {
    let capital = |k: &usize| passage.tokens.get(*k).is_some_and(|t| t.capital);
    let name = (0..=last).rev().take(3).take_while(capital).last();
    name.is_some_and(|first| first > 0 && passage.is(first - 1, ','))
}

/// "to stay", "not to stay".
pub(super) fn opens_infinitive(passage: &Passage<'_>, at: usize) -> bool {
    let negated = usize::from(passage.lower(at) == "not");
    passage.lower(at + negated) == "to"
}

/// "The sailors who wrote to her were not paid": the clause of "who" ends before the verb of the sentence.
fn end_of_relative(passage: &Passage<'_>, unit: &Range<usize>, cue: &Cue<'_>) -> Option<usize> {
    let before = cue.group.start.checked_sub(1).filter(|&b| b > unit.start)?;
    let restrictive = passage.has(before, class::RELATIVE) && passage.is_word(before - 1);
    let verb = |k: &usize| passage.has(*k, class::AUXILIARY | class::VERB);
    (cue.group.end..unit.end)
        .take(30)
        .find(verb)
        .filter(|_| restrictive)
}

/// "as the Herald noted in May": no "that" follows.
fn is_after_as(passage: &Passage<'_>, unit: &Range<usize>, cue: &Cue<'_>) -> bool {
    (unit.start..cue.group.start)
        .rev()
        .take(7)
        .take_while(|&k| passage.is_word(k))
        .any(|k| passage.has(k, class::AS) && (k <= unit.start + 1 || !passage.is_word(k - 1)))
        && cue.entry.rest.is_empty()
        && !cue.leaning
}

/// "noted the court had closed", "complained they were late": a clause without "that".
fn clause_follows(passage: &Passage<'_>, unit: &Range<usize>, at: usize) -> bool {
    let subject = passage.has(at, class::PRONOUN | class::DETERMINER)
        || passage.tokens.get(at).is_some_and(|t| t.capital);
    // "posted a statement saying …": the participle has a content of its own.
    let gerund = |k: usize| {
        let entries = &passage.word(k).entries;
        entries.iter().any(|&e| {
            passage
                .lexicon
                .entries
                .get(e)
                .is_some_and(|e| e.form == VerbForm::Gerund)
        })
    };
    // "advising the mayor on fuel and is thought to": the second verb is not that of a clause here.
    let joins =
        |k: usize| passage.has(k, class::CONJUNCTION) && passage.has(k + 1, class::AUXILIARY | class::VERB);
    subject
        && !passage.has(at, class::OBJECT & !class::PRONOUN)
        && (at + 1..unit.end.min(at + 9))
            .take_while(|&k| {
                passage.is_word(k)
                    && !passage.has(k, class::CLAUSE | class::RELATIVE)
                    && !gerund(k)
                    && !joins(k)
            })
            .any(|k| passage.has(k, class::AUXILIARY | class::VERB))
}

/// "Polls show", "records from the port found": a document shows things without "that".
pub(super) fn is_after_document(passage: &Passage<'_>, cue: &Cue<'_>) -> bool {
    if !matches!(cue.entry.stance, Stance::Report | Stance::Say | Stance::Claim) {
        return false;
    }
    let reach = if cue.entry.stance == Stance::Report { 24 } else { 1 };
    (0..cue.group.start)
        .rev()
        .take(reach)
        .take_while(|&k| !passage.is_stop(k) && !passage.is_quote(k) && !passage.is(k, ';'))
        .any(|k| passage.listed("documents", k))
}
