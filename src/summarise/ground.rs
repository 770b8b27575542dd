//! Holds a written sentence against the article: which sentences support it, whose claims it carries, and what in
//! it the article does not bear out.

use std::collections::{BTreeMap, BTreeSet};

use crate::article::Document;
use crate::attribution::{self, Attribution, Claims, Form, Polarity, SourceKind, Stance};
use crate::text::span::Span;
use crate::text::{negation, numbers};

use super::bait;
use super::plan::Group;
use super::terms::{Vocabulary, terms};

/// Supports of one sentence at the most.
const MAX_SUPPORTS: usize = 3;
/// A further support must bring at least this share of what the sentence says.
const GAIN: f64 = 0.12;
/// The supports must bring at least this share, or the sentence is not supported.
const COVERAGE: f64 = 0.55;
/// The sentences that a model was asked about count more than others that use the same words.
const ASKED: f64 = 1.6;
/// A last clause of which less than this share is in the article was made up.
const TAIL: f64 = 0.5;
/// A claim is carried if this share of what the sentence takes from its supports lies in the claim's content.
const CARRIED: f64 = 0.4;
/// A source is named if this share of (the weight of) one of its names is there.
const NAMED: f64 = 0.5;

/// What is wrong with a sentence.
#[derive(Clone, Debug, PartialEq)]
pub enum Problem {
    /// The article does not say it.
    Unsupported,
    /// A number that its supports do not have.
    Number(String),
    /// A name that the article does not have.
    Name(String),
    /// Words in quotation marks that nobody in the article says so; with the marks.
    Quote(Span),
    /// The claim (an index) is there, its source is not.
    Laundered(usize),
    /// The claim (an index) is there under another source, or turned around.
    Misattributed(usize),
    /// A denial was lost or added.
    Polarity,
    /// The claim (an index) is told more surely than its source did.
    Stance(usize),
}

/// An article made ready to be compared with.
pub struct Grounds<'a> {
    /// The article.
    pub document: &'a Document,
    /// Who says what in it.
    pub claims: &'a Claims,
    usable: Vec<(usize, BTreeSet<String>)>,
    vocabulary: Vocabulary,
    /// For each source the terms of each of its names, pronouns left out.
    names: Vec<Vec<Vec<String>>>,
    all_terms: BTreeSet<String>,
}

/// What a sentence rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Ground {
    /// Article sentences, ascending.
    pub supports: Vec<usize>,
    /// Attributions of the article whose content the sentence tells, ascending.
    pub claims: Vec<usize>,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
}

impl<'a> Grounds<'a> {
    /// Prepares the comparison with the `usable` sentences of `document`.
    pub fn new(document: &'a Document, claims: &'a Claims, usable: &[usize]) -> Self {
        let text = &document.article.text;
        let pronouns = |span: &Span| attribution::is_pronoun(span.of(text), document.article.language);
        let names = claims
            .sources
            .iter()
            .map(|source| {
                let written = source
                    .mentions
                    .iter()
                    .filter(|span| !pronouns(span))
                    .map(|span| span.of(text));
                let mut names: Vec<Vec<String>> = written
                    .chain([source.name.as_str()])
                    .flat_map(|name| [terms(name), terms(head(name))])
                    .collect();
                names.retain(|name| !name.is_empty());
                names.sort();
                names.dedup();
                names
            })
            .collect();
        Self {
            document,
            claims,
            usable: usable
                .iter()
                .map(|&i| (i, terms(document.sentence(i)).into_iter().collect()))
                .collect(),
            vocabulary: Vocabulary::new(usable.iter().map(|&i| document.sentence(i))),
            names,
            // what addresses a language model bears nothing out
            all_terms: (0..document.sentences.len())
                .map(|i| document.sentence(i))
                .filter(|sentence| !bait::is_bait(sentence))
                .flat_map(terms)
                .collect(),
        }
    }

    /// What `draft` rests on and what is wrong with it.
    pub fn examine(&self, draft: &str, group: &Group) -> Ground {
        let (supports, coverage) = self.link(draft, group);
        let claims = self.carried(draft, &supports);
        let mut problems = Vec::new();
        if supports.is_empty() || coverage < COVERAGE {
            problems.push(Problem::Unsupported);
        }
        if self.turned_round(draft, &supports, &claims) {
            problems.push(Problem::Polarity);
        }
        problems.extend(self.numbers(draft, &supports));
        problems.extend(self.unknown_names(draft));
        problems.extend(self.quotes(draft, &claims));
        problems.extend(self.sources(draft, &claims));
        Ground {
            supports,
            claims,
            problems,
        }
    }

    /// `draft` without a last clause that the article does not bear out ("…, which is a serious concern"); `None` if
    /// there is no such clause.
    pub fn without_made_up_tail(&self, draft: &str) -> Option<String> {
        let at = draft.rfind(", ")?;
        let (body, tail) = (&draft[..at], &draft[at + 2..]);
        let weigh = |known: bool| -> f64 {
            terms(tail)
                .iter()
                .skip(1)
                .filter(|term| term.chars().count() > 3 && (!known || self.vocabulary.knows(term)))
                .map(|term| self.vocabulary.weight(term))
                .sum()
        };
        let all = weigh(false);
        // a mark of quotation that opens in the body must close there
        let whole = body.matches(['"', '“', '”', '«', '»']).count() % 2 == 0;
        let end: String = tail.chars().rev().take_while(|c| ".!?".contains(*c)).collect();
        (whole && all > 0.0 && weigh(true) / all < TAIL && terms(body).len() >= 5)
            .then(|| format!("{body}{end}"))
    }

    /// The few sentences that together say most of what `draft` says, and how much of it they say (0 to 1).
    fn link(&self, draft: &str, group: &Group) -> (Vec<usize>, f64) {
        let mut open: BTreeMap<String, f64> = terms(draft)
            .into_iter()
            .map(|term| {
                let weight = self.vocabulary.weight(&term);
                (term, weight)
            })
            .collect();
        // who is named may come from a source line or the headline, which no sentence can be linked to
        open.retain(|term, _| self.vocabulary.knows(term) || !self.all_terms.contains(term));
        let total: f64 = open.values().sum();
        if total <= 0.0 {
            return (group.sentences.clone(), 1.0);
        }
        let mut supports = Vec::new();
        let mut covered = 0.0;
        while supports.len() < MAX_SUPPORTS {
            let gain = |known: &BTreeSet<String>| -> f64 {
                open.iter()
                    .filter(|(term, _)| known.contains(*term))
                    .map(|(_, w)| w)
                    .sum()
            };
            let best = self
                .usable
                .iter()
                .filter(|(i, _)| !supports.contains(i))
                .map(|(i, known)| {
                    let asked = if group.sentences.contains(i) { ASKED } else { 1.0 };
                    (*i, known, gain(known), asked)
                })
                .max_by(|a, b| (a.2 * a.3).total_cmp(&(b.2 * b.3)).then(b.0.cmp(&a.0)));
            let Some((index, known, gained, _)) = best else {
                break;
            };
            if gained / total < GAIN {
                break;
            }
            covered += gained;
            open.retain(|term, _| !known.contains(term));
            supports.push(index);
        }
        supports.sort_unstable();
        (supports, covered / total)
    }

    /// The attributions whose content `draft` tells.
    fn carried(&self, draft: &str, supports: &[usize]) -> Vec<usize> {
        let text = &self.document.article.text;
        let said: BTreeSet<String> = terms(draft).into_iter().collect();
        let weigh = |words: &BTreeSet<String>| -> f64 {
            said.intersection(words)
                .map(|term| self.vocabulary.weight(term))
                .sum()
        };
        let spans: Vec<Span> = supports
            .iter()
            .filter_map(|&i| self.document.sentences.get(i).map(|s| s.span))
            .collect();
        let mut carried = Vec::new();
        for (index, attribution) in self.claims.attributions.iter().enumerate() {
            if attribution.form == Form::Header {
                continue;
            }
            let content: BTreeSet<String> = attribution
                .content_spans
                .iter()
                .filter(|c| spans.iter().any(|s| s.overlaps(**c)))
                .flat_map(|c| terms(c.of(text)))
                .collect();
            if content.is_empty() {
                continue;
            }
            // only what the sentences holding this claim gave to the draft is compared
            let holders: BTreeSet<String> = spans
                .iter()
                .filter(|s| attribution.content_spans.iter().any(|c| s.overlaps(*c)))
                .flat_map(|s| terms(s.of(text)))
                .collect();
            let given = weigh(&holders);
            if given > 0.0 && weigh(&content) / given >= CARRIED && weigh(&content) > 0.0 {
                carried.push(index);
            }
        }
        carried
    }

    /// Whether the draft denies something that nothing it rests on denies, or drops the denial of what it tells.
    fn turned_round(&self, draft: &str, supports: &[usize], claims: &[usize]) -> bool {
        let (text, language) = (&self.document.article.text, self.document.article.language);
        let Some(draft_denies) = negation::denies(draft, language) else {
            return false;
        };
        let denies = |text: &str| negation::denies(text, language) == Some(true);
        let contents: Vec<&str> = claims
            .iter()
            .filter_map(|&k| self.claims.attributions.get(k))
            .flat_map(|a| a.content_spans.iter().chain(&a.cue_spans))
            .map(|span| span.of(text))
            .collect();
        if draft_denies {
            !supports.iter().any(|&i| denies(self.document.sentence(i)))
        } else {
            // of a sentence without claims the part that denies may be the part that was left out
            !contents.is_empty() && contents.iter().filter(|c| denies(c)).count() * 2 > contents.len()
        }
    }

    fn numbers(&self, draft: &str, supports: &[usize]) -> Vec<Problem> {
        let language = self.document.article.language;
        let there: Vec<_> = supports
            .iter()
            .flat_map(|&i| numbers::find(self.document.sentence(i), language))
            .collect();
        numbers::find(draft, language)
            .into_iter()
            .filter(|n| n.value.written == numbers::Written::Digits)
            .filter(|n| !there.iter().any(|m| numbers::same(&n.value, &m.value)))
            .map(|n| Problem::Number(n.span.of(draft).to_owned()))
            .collect()
    }

    /// Capitalised words inside the sentence that the article does not have.
    fn unknown_names(&self, draft: &str) -> Vec<Problem> {
        draft
            .split_whitespace()
            .skip(1)
            .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
            .filter(|word| word.chars().next().is_some_and(char::is_uppercase))
            .filter(|word| terms(word).iter().any(|term| !self.all_terms.contains(term)))
            .map(|word| Problem::Name(word.to_owned()))
            .collect()
    }

    /// Quotations that are not, word for word, in the content of a claim that the sentence carries.
    fn quotes(&self, draft: &str, claims: &[usize]) -> Vec<Problem> {
        let text = &self.document.article.text;
        quotations(draft)
            .into_iter()
            .filter(|span| {
                let words = plain(span.of(draft));
                !words.is_empty()
                    && !claims
                        .iter()
                        .filter_map(|&k| self.claims.attributions.get(k))
                        .flat_map(|a| &a.content_spans)
                        .any(|c| plain(c.of(text)).contains(&words))
                    && !self.is_term_of_the_article(span.of(draft))
            })
            .map(Problem::Quote)
            .collect()
    }

    /// A title or a word in marks that the article writes in marks too.
    fn is_term_of_the_article(&self, quoted: &str) -> bool {
        let words = plain(quoted);
        let text = &self.document.article.text;
        quotations(text).into_iter().any(|span| {
            plain(span.of(text)) == words
                && !self
                    .claims
                    .attributions
                    .iter()
                    .any(|a| a.content_spans.iter().any(|c| c.contains(span)))
        })
    }

    /// Whether each carried claim keeps its source, its polarity and its strength.
    fn sources(&self, draft: &str, claims: &[usize]) -> Vec<Problem> {
        let language = self.document.article.language;
        let told = attribution::attribute_text(draft, language, &[Span::new(0, draft.len())]);
        let mut problems = Vec::new();
        for &index in claims {
            let Some(claim) = self.claims.attributions.get(index) else {
                continue;
            };
            if claims.iter().any(|&other| self.relays(index, other)) {
                // the inner claim of a relay is checked; its relayer is one of its accepted names
                continue;
            }
            match self.source_kept(draft, &told, claim) {
                Kept::No => problems.push(Problem::Laundered(index)),
                Kept::Other => problems.push(Problem::Misattributed(index)),
                Kept::Yes => problems.extend(turned(&told, claim, index, draft)),
            }
        }
        problems
    }

    /// Whether attribution `outer` relays `inner`.
    fn relays(&self, outer: usize, inner: usize) -> bool {
        self.claims
            .attributions
            .get(inner)
            .is_some_and(|a| a.parent == Some(outer))
    }

    fn source_kept(&self, draft: &str, told: &Claims, claim: &Attribution) -> Kept {
        let lineage = self.lineage(claim);
        if lineage.is_empty() {
            // hearsay: that it is hearsay must be seen
            return if told.attributions.is_empty() {
                Kept::No
            } else {
                Kept::Yes
            };
        }
        let named = lineage.iter().any(|&s| self.names_source(draft, s));
        if matches!(claim.stance, Stance::Think | Stance::Promise) && named {
            return Kept::Yes;
        }
        let tellers: Vec<&str> = told
            .attributions
            .iter()
            .flat_map(|a| &a.source_spans)
            .map(|span| span.of(draft))
            .collect();
        if tellers
            .iter()
            .any(|t| lineage.iter().any(|&s| self.names_source(t, s)))
        {
            return Kept::Yes;
        }
        let other = (0..self.claims.sources.len())
            .filter(|s| !lineage.contains(s))
            .any(|s| tellers.iter().any(|t| self.names_source(t, s)));
        match (other, named, tellers.is_empty()) {
            // somebody else is given as the one who said it, and the right one is nowhere
            (true, false, _) => Kept::Other,
            // named, and something is told as said: the borders of the teller may be read differently
            (_, true, false) => Kept::Yes,
            _ => Kept::No,
        }
    }

    /// The claim's source, and those who relay it.
    fn lineage(&self, claim: &Attribution) -> Vec<usize> {
        let mut sources = Vec::new();
        let mut at = Some(claim);
        while let Some(attribution) = at {
            sources.extend(attribution.source);
            at = attribution
                .parent
                .filter(|_| sources.len() <= self.claims.attributions.len())
                .and_then(|p| self.claims.attributions.get(p));
        }
        sources
    }

    /// Whether `text` holds enough of one name of source `index` to tell who is meant.
    pub fn names_source(&self, text: &str, index: usize) -> bool {
        let there: BTreeSet<String> = terms(text).into_iter().collect();
        let person = self
            .claims
            .sources
            .get(index)
            .is_some_and(|s| s.kind == SourceKind::Person);
        self.names.get(index).is_some_and(|names| {
            names.iter().any(|name| {
                let total: f64 = name.iter().map(|t| self.vocabulary.weight(t)).sum();
                let found: f64 = name
                    .iter()
                    .filter(|t| there.contains(*t))
                    .map(|t| self.vocabulary.weight(t))
                    .sum();
                let surname = person && name.last().is_some_and(|t| there.contains(t));
                surname || (total > 0.0 && found / total >= NAMED)
            })
        })
    }

    /// How source `index` is written where a sentence needs its name: as in `attribution`, unless that is a pronoun.
    pub fn written_name(&self, attribution: &Attribution, index: usize) -> String {
        let text = &self.document.article.text;
        let language = self.document.article.language;
        let here = attribution
            .source_spans
            .iter()
            .map(|span| span.of(text))
            .find(|name| !name.is_empty() && !attribution::is_pronoun(name, language));
        match (here, self.claims.sources.get(index)) {
            (Some(name), _) => name.to_owned(),
            (None, Some(source)) => source.name.clone(),
            (None, None) => String::new(),
        }
    }

    /// Whether the article writes `word` in lower case somewhere: then a capital is only the start of a sentence.
    pub fn is_lower_case_word(&self, word: &str) -> bool {
        let lower = word.to_lowercase();
        self.document
            .article
            .text
            .split(|c: char| !c.is_alphanumeric())
            .any(|w| w == lower)
    }
}

/// The words of a name before what only tells it from others: "an inspection report" of "an inspection report dated
/// 6 February and seen by the Courier". The whole name where that would leave an article alone.
fn head(name: &str) -> &str {
    const BORDERS: [&str; 14] = [
        " who ", " that ", " which ", " whose ", " dated ", " seen ", " at ", " of ", " for ", " with ",
        " in ", " from ", " by ", ", ",
    ];
    let end = BORDERS.iter().filter_map(|border| name.find(border)).min();
    end.map(|end| &name[..end])
        .filter(|head| head.split_whitespace().count() > 1)
        .unwrap_or(name)
}

enum Kept {
    Yes,
    No,
    Other,
}

/// Whether a claim that kept its source was turned around or made stronger.
fn turned(told: &Claims, claim: &Attribution, index: usize, draft: &str) -> Option<Problem> {
    let tells = |test: &dyn Fn(&Attribution) -> bool| told.attributions.iter().any(test);
    if told.attributions.is_empty() {
        return None;
    }
    let denied = |a: &Attribution| a.polarity == Polarity::Denied || a.stance == Stance::Deny;
    if denied(claim) != tells(&denied) && (denied(claim) || told.attributions.len() == 1) {
        return Some(Problem::Misattributed(index));
    }
    if claim.polarity == Polarity::Unconfirmed && !tells(&|a| a.polarity == Polarity::Unconfirmed) {
        return Some(Problem::Misattributed(index));
    }
    // what was only said is not confirmed
    let only_said = matches!(
        claim.stance,
        Stance::Say | Stance::Claim | Stance::Report | Stance::Think | Stance::Estimate
    );
    if only_said && told.attributions.iter().all(|a| a.stance == Stance::Confirm) {
        return Some(Problem::Misattributed(index));
    }
    // "claimed" told as "confirmed" is wrong, told as "said" it is weaker than it should be
    if claim.stance == Stance::Claim {
        if tells(&|a| a.stance == Stance::Confirm) {
            return Some(Problem::Misattributed(index));
        }
        if !draft.is_empty() && !tells(&|a| a.stance == Stance::Claim) {
            return Some(Problem::Stance(index));
        }
    }
    None
}

/// The stretches of `text` in quotation marks, marks included; an opening mark without a closing one is none.
pub fn quotations(text: &str) -> Vec<Span> {
    const PAIRS: [(char, char); 6] = [
        ('“', '”'),
        ('„', '“'),
        ('«', '»'),
        ('「', '」'),
        ('『', '』'),
        ('"', '"'),
    ];
    let mut found = Vec::new();
    let mut at = 0;
    while let Some((offset, open)) = text[at..]
        .char_indices()
        .find(|(_, c)| PAIRS.iter().any(|(open, _)| open == c))
    {
        let start = at + offset;
        let inside = start + open.len_utf8();
        let close = PAIRS
            .iter()
            .filter(|(o, _)| *o == open)
            .filter_map(|(_, close)| text[inside..].find(*close).map(|p| inside + p + close.len_utf8()))
            .min();
        match close {
            Some(end) => {
                found.push(Span::new(start, end));
                at = end;
            }
            None => at = inside,
        }
    }
    found
}

/// The words of a quotation: marks, case of the first letter, punctuation at the borders and kinds of white space
/// do not make another quotation.
fn plain(quoted: &str) -> String {
    let words: String = quoted
        .chars()
        .map(|c| match c {
            '’' | '‘' => '\'',
            '“' | '”' | '„' | '«' | '»' | '「' | '」' | '『' | '』' => '"',
            c => c,
        })
        .collect();
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    words
        .trim_matches(|c: char| c == '"' || c.is_ascii_punctuation() || c.is_whitespace())
        .to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotations_of_all_conventions() {
        let text = "A “b” «в» „c“ 「d」 \"e\" \"open";
        let found: Vec<&str> = quotations(text).into_iter().map(|s| s.of(text)).collect();
        assert_eq!(found, ["“b”", "«в»", "„c“", "「d」", "\"e\""]);
    }

    #[test]
    fn a_quotation_is_its_words() {
        assert_eq!(plain("“It’s over,”"), plain("\"it's  over\""));
        assert_ne!(plain("\"it is over\""), plain("\"it's over\""));
    }
}
