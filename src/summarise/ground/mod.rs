//! Holds a written sentence against the article: which sentences support it, whose claims it carries, and what in
//! it the article does not bear out.

mod named;
mod quoted;
mod told;

use std::collections::{BTreeMap, BTreeSet};

use crate::article::Document;
use crate::attribution::{self, Claims, Form};
use crate::text::span::Span;
use crate::text::{negation, numbers};

use super::bait;
use super::plan::Group;
use super::terms::{Vocabulary, terms};
use named::head;

pub use quoted::quotations;

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
/// What makes up less than this share of the sentence is only words that all sentences have.
const LITTLE: f64 = 0.15;

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
        let language = self.document.article.language;
        let told = attribution::attribute_text(draft, language, &[Span::new(0, draft.len())]);
        let cues = told.attributions.iter().flat_map(|a| &a.cue_spans);
        let telling: BTreeSet<String> = cues.flat_map(|cue| terms(cue.of(draft))).collect();
        let (supports, coverage) = self.link(draft, &telling, group);
        let claims = self.carried(draft, &telling, &supports);
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
        problems.extend(self.sources(draft, told, &supports, &claims));
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
    fn link(&self, draft: &str, telling: &BTreeSet<String>, group: &Group) -> (Vec<usize>, f64) {
        let mut open: BTreeMap<String, f64> = terms(draft)
            .into_iter()
            .map(|term| {
                let weight = self.vocabulary.weight(&term);
                (term, weight)
            })
            .collect();
        // who is named may come from a source line or the headline, which no sentence can be linked to
        open.retain(|term, _| self.vocabulary.knows(term) || !self.all_terms.contains(term));
        // that it was said, the article may have told in other words
        open.retain(|term, _| !telling.contains(term));
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
    fn carried(&self, draft: &str, telling: &BTreeSet<String>, supports: &[usize]) -> Vec<usize> {
        let text = &self.document.article.text;
        let mut said: BTreeSet<String> = terms(draft).into_iter().collect();
        said.retain(|term| !telling.contains(term));
        let weigh = |words: &BTreeSet<String>| -> f64 {
            said.intersection(words)
                .map(|term| self.vocabulary.weight(term))
                .sum()
        };
        let spans: Vec<Span> = supports
            .iter()
            .filter_map(|&i| self.document.sentences.get(i).map(|s| s.span))
            .collect();
        let all: f64 = said
            .iter()
            .filter(|t| self.vocabulary.knows(t))
            .map(|t| self.vocabulary.weight(t))
            .sum();
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
            // only what the sentences holding this claim gave to the draft is compared; who says it, and how, is no part
            // of what is said
            let own: BTreeSet<String> = attribution
                .source_spans
                .iter()
                .chain(&attribution.cue_spans)
                .flat_map(|s| terms(s.of(text)))
                .collect();
            let holders: BTreeSet<String> = spans
                .iter()
                .filter(|s| attribution.content_spans.iter().any(|c| s.overlaps(*c)))
                .flat_map(|s| terms(s.of(text)))
                .filter(|term| content.contains(term) || !own.contains(term))
                .collect();
            let (given, taken) = (weigh(&holders), weigh(&content));
            if taken > 0.0 && taken >= CARRIED * given && taken >= LITTLE * all {
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

    /// Whether the article writes `word`, in whatever form, in lower case somewhere: then a capital is only the start of
    /// a sentence.
    pub fn is_lower_case_word(&self, word: &str) -> bool {
        let stem = terms(word);
        let small = |w: &&str| w.starts_with(char::is_lowercase);
        let words = self.document.article.text.split(|c: char| !c.is_alphanumeric());
        words.filter(small).any(|w| terms(w) == stem)
    }
}
