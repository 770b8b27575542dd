//! The cues of a sentence: verbs of saying with their auxiliaries, adverbs and negation.

use std::ops::Range;

mod frame;

use super::Stance;
use super::cased;
use super::lexicon::{Entry, Frame, VerbForm, class};
use super::passage::Passage;
use frame::{is_after_document, opens_infinitive};

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
pub(super) fn find(passage: &Passage<'_>, unit: &Range<usize>) -> Vec<Cue<'static>> {
    let mut cues = Vec::new();
    let mut at = unit.start;
    while at < unit.end {
        match read(passage, unit, at) {
            Some(cue) => {
                at = cue.group.end;
                join(passage, &mut cues, cue);
            }
            None => at += 1,
        }
    }
    cues
}

/// Adds `cue`; "neither confirm nor deny" is one cue.
fn join(passage: &Passage<'_>, cues: &mut Vec<Cue<'static>>, cue: Cue<'static>) {
    if let Some(last) = cues.last_mut() {
        let mut between = last.group.end..cue.verb.start;
        let joined =
            !between.is_empty() && between.all(|k| passage.has(k, class::CONJUNCTION | class::NEGATION));
        if joined && last.negated && last.entry.form == cue.entry.form {
            last.group.end = cue.group.end;
            return;
        }
    }
    cues.push(cue);
}

/// The cue verb at token `at`, if it is one here.
fn read(passage: &Passage<'_>, unit: &Range<usize>, at: usize) -> Option<Cue<'static>> {
    let lexicon = passage.lexicon;
    let word = passage.word(at);
    let fits = |entry: &Entry| {
        entry
            .rest
            .iter()
            .chain(&entry.ahead)
            .enumerate()
            .all(|(k, w)| at + 1 + k < unit.end && passage.lower(at + 1 + k) == w)
    };
    let entry = word
        .entries
        .iter()
        .filter_map(|&index| lexicon.entries.get(index))
        .filter(|entry| fits(entry))
        .max_by_key(|entry| entry.rest.len() + entry.ahead.len())
        .or_else(|| cased::verb_of_dialogue(passage, at))?;
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
    let carries = passage.listed("catenatives", at) && passage.lower(at + 1) == "to";
    if carries
        && passage
            .word(at + 2)
            .entries
            .iter()
            .any(|&e| lexicon.entries[e].form == VerbForm::Base)
    {
        // "continued to say": the cue follows and takes this verb in.
        return None;
    }
    if !is_verb(passage, unit, &mut cue, be, modal) || !frame::fits(passage, unit, &cue) {
        return None;
    }
    if is_attitude(&cue)
        && (is_hypothetical(passage, &cue.group)
            || cue.leaning
                && !passage.has(cue.group.end, class::THAT)
                && !(passage.listed("leaning-wishes", cue.verb.start)
                    && opens_infinitive(passage, cue.group.end)))
    {
        return None;
    }
    if passage.is(cue.group.end, ':') || cue.passive && passage.has(cue.group.end, class::AS) {
        cue.group.end += 1;
    }
    Some(cue)
}

/// Whether the verb group says what might be ("would support"): no attitude that anybody has.
fn is_hypothetical(passage: &Passage<'_>, group: &Range<usize>) -> bool {
    group.clone().any(|k| passage.listed("modals", k))
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
        if cue.entry.form == VerbForm::Base
            && passage.listed("infinitive-cues", cue.verb.start)
            && before > unit.start
            && !passage.has(before - 1, class::AUXILIARY)
            && passage.word(before - 1).entries.is_empty()
        {
            // "went on television to praise the deal"
            cue.leaning = true;
            return true;
        }
        // "is said to have told": the infinitive of a saying inside of hearsay.
        let perfect = aux && !be && matches!(cue.entry.form, VerbForm::Past | VerbForm::Participle);
        let after_cue = before > unit.start && !passage.word(before - 1).entries.is_empty();
        if before > unit.start
            && cue.entry.form == VerbForm::Base
            && passage.listed("catenatives", before - 1)
        {
            // "continued to say": one cue.
            let (start, negated, _, _) = group_start(passage, unit, before - 1);
            cue.group.start = start;
            cue.negated |= negated;
            return true;
        }
        return perfect && after_cue;
    }
    // Where verbs have endings of their own, what stands before them need not tell them from nouns.
    let after_determiner = !first
        && !cased::has_cases(passage)
        && (passage.has(before, class::DETERMINER) && !passage.has(before, class::PRONOUN)
            || passage.tokens[before].is_possessive());
    let noun_like = cue.entry.noun_form();
    let named = passage.tokens[cue.verb.start].capital && !first && passage.tokens[before].capital;
    if noun_like && named && !is_title(passage, unit) {
        // "the United States", "Drudge Report": part of a name.
        return false;
    }
    if noun_like && !aux && looks_like_noun(passage, unit, cue) {
        return false;
    }
    let heard = is_unowned(passage, cue.verb.start) && be
        || passage.lower(cue.group.end) == "to"
            && cue.entry.frame == Frame::Say
            && cue.entry.rest.is_empty()
            && !matches!(cue.entry.stance, Stance::Estimate);
    match cue.entry.form {
        // "quoted her as saying": the cue is "quoted".
        VerbForm::Gerund if passage.has(before, class::AS) && !first => false,
        VerbForm::Gerund => {
            let be = be || (start..cue.verb.start).any(|k| passage.listed("short-be", k));
            cue.leaning = !be;
            !after_determiner
                && (be
                    || !passage.has(before, class::PREPOSITION)
                    || first
                    || passage.listed("before-gerunds", before))
        }
        VerbForm::Participle => {
            cue.passive = be || !aux && passage.lower(cue.group.end) == "by";
            aux && !be || cue.passive && (heard || passage.lower(cue.group.end) == "by")
        }
        VerbForm::Past if cue.entry.rest.first().is_some_and(|w| w == "as") => {
            // "was quoted as saying": the subject says it.
            be
        }
        VerbForm::Past => {
            // "the man said to be the leader"
            let told = cue.entry.frame == Frame::Say
                && passage.lower(cue.group.end) == "to"
                && matches!(passage.lower(cue.group.end + 1), "be" | "have");
            cue.passive = be || told || passage.lower(cue.group.end) == "by";
            let asked = cue.entry.stance == Stance::Ask
                && (cue.entry.frame == Frame::Object
                    || opens_content(passage, unit, cue.group.end)
                    || be && opens_infinitive(passage, cue.group.end));
            !after_determiner && (!be || passage.lower(cue.group.end) == "by" || heard || asked)
        }
        VerbForm::Finite => !after_determiner && !be,
        VerbForm::Adjective => be,
        VerbForm::Base => {
            let paired = passage.has(cue.verb.start.wrapping_sub(1), class::CONJUNCTION)
                && passage.has(cue.verb.start.wrapping_sub(1), class::NEGATION);
            let plural = paired
                || is_after_document(passage, cue)
                || !first
                    && (passage.lower(before).ends_with('s')
                        || passage.has(before, class::PRONOUN | class::RELATIVE));
            !after_determiner
                && !be
                && (cue.entry.frame != Frame::Object || aux || plural && cue.entry.stance == Stance::Think)
                && (aux
                    || plural && !(cue.entry.noun && passage.tokens[before].is_possessive())
                    || !cue.entry.noun && !first)
        }
    }
}

/// Whether most words of the sentence have capitals, as in headlines.
fn is_title(passage: &Passage<'_>, unit: &Range<usize>) -> bool {
    let words = unit.clone().take(40).filter(|&k| passage.is_word(k));
    let (all, capital) = words.fold((0, 0), |(all, capital), k| {
        (all + 1, capital + usize::from(passage.tokens[k].capital))
    });
    capital * 3 > all * 2
}

/// "42 states that", "the campaign's questions about": a plural noun rather than a verb.
fn looks_like_noun(passage: &Passage<'_>, unit: &Range<usize>, cue: &Cue<'_>) -> bool {
    let Some(before) = cue.group.start.checked_sub(1).filter(|&b| b >= unit.start) else {
        return true;
    };
    let after = cue.verb.end;
    let token = &passage.tokens[before];
    let subject = passage.has(before, class::PRONOUN | class::RELATIVE)
        || token.capital
        || token.is_quote()
        || passage.is(before, ',')
        || passage.is(before, ')')
        || is_after_document(passage, cue)
        || passage.lexicon.kinds.iter().any(|(w, _)| *w == token.lower)
        || token.lower.ends_with('s');
    // "…, the reports show.": a remark stands behind a comma.
    let remark = (unit.start..before)
        .rev()
        .take(8)
        .any(|k| passage.is(k, ',') || passage.is_quote(k));
    let content = passage.has(after, class::THAT | class::PRONOUN | class::DETERMINER)
        || passage.is_quote(after)
        || passage.is(after, ':')
        || remark && (passage.is(after, ',') || passage.is_stop(after))
        || passage.tokens.get(after).is_some_and(|t| t.capital);
    let vowed = cue.entry.frame == Frame::Infinitive && opens_infinitive(passage, after);
    let content = content || vowed || passage.has(after, class::QUESTION) || is_after_document(passage, cue);
    // "in many states": a singular verb has no plural subject.
    let plural = cue.entry.form == VerbForm::Finite
        && passage.has(before, class::DETERMINER)
        && !matches!(
            passage.lower(before),
            "this" | "that" | "another" | "one" | "each"
        );
    !(subject && content) || passage.has(before, class::PREPOSITION) || plural
}

/// Whether the cue tells of a belief or a wish, not of words.
pub(super) fn is_attitude(cue: &Cue<'_>) -> bool {
    matches!(cue.entry.stance, Stance::Think | Stance::Promise) && cue.entry.frame != Frame::Tell
}

/// "was expected", "is seen as": words of belief and blame whose owner a passive leaves out.
pub(super) fn is_unowned(passage: &Passage<'_>, at: usize) -> bool {
    passage.listed("unowned-passives", at)
}

/// Whether reported speech begins at `at`: "that", a question word, a colon or a quotation.
pub(super) fn opens_content(passage: &Passage<'_>, unit: &Range<usize>, at: usize) -> bool {
    at < unit.end
        && (passage.has(at, class::THAT | class::QUESTION)
            || passage.is_quote(at)
            || passage.is(at, ':')
            || passage.is(at, ',') && (passage.is_quote(at + 1) || passage.has(at + 1, class::THAT)))
}

/// Skips an adjunct after a cue ("in a statement", "on Monday", "reporters") up to explicit content, if there is any.
pub(super) fn skip_adjunct(
    passage: &Passage<'_>,
    unit: &Range<usize>,
    from: usize,
    addressed: bool,
) -> Option<usize> {
    let mut at = from;
    // "said he intended to show that": no adjunct stands before the content.
    let adjunct = passage.has(
        from,
        class::PREPOSITION | class::ADVERB | class::TIME | class::OBJECT,
    ) || skip_time(passage, unit, from) > from
        || passage.is(from, ',')
        || opens_content(passage, unit, from);
    if !adjunct && !addressed {
        return None;
    }
    while at < unit.end && at < from + 24 {
        if passage.has(at, class::THAT) && passage.tokens[at].lower == "that"
            || passage.is(at, ':') && at > from
        {
            return Some(at);
        }
        if passage.is_quote(at) && passage.quote_words(at) > 3 {
            return Some(at);
        }
        if passage.is(at, ',') && (passage.is_quote(at + 1) || passage.has(at + 1, class::THAT)) {
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

/// Skips "Monday", "last month", "on Friday": when it was said.
pub(super) fn skip_time(passage: &Passage<'_>, unit: &Range<usize>, from: usize) -> usize {
    let lead = passage.lexicon.list("time-lead");
    let units = passage.lexicon.list("time-units");
    let is_number = |k: usize| {
        passage
            .tokens
            .get(k)
            .is_some_and(|t| t.kind == super::token::Kind::Number)
    };
    let mut at = from;
    loop {
        let lower = passage.lower(at);
        if at < unit.end && passage.has(at, class::TIME) {
            at += 1;
        } else if at + 1 < unit.end
            && lead.iter().any(|w| w == lower)
            && units.iter().any(|w| w == passage.lower(at + 1))
        {
            at += 2;
        } else if at > from && at < unit.end && (is_number(at) || units.iter().any(|w| w == lower)) {
            // "Monday 28 April"
            at += 1;
        } else if at + 1 < unit.end && passage.has(at, class::PREPOSITION) && passage.has(at + 1, class::TIME)
        {
            at += 2;
        } else {
            return at;
        }
    }
}
