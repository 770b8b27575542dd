//! What all formats of a digest show alike: which source has which number, and what the marks are.

use std::collections::BTreeMap;

use crate::attribution::{Claims, Form, Stance};

use crate::summarise::ground::Grounds;
use crate::text::language::Language;
use crate::text::span::Span;

use super::{Digest, Translation};

/// A source that the summary rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceRow {
    /// Index into the article's sources.
    pub source: usize,
    /// Who.
    pub name: String,
    /// The numbers of those who relay it, from 1.
    pub relayed_by: Vec<usize>,
    /// How it said what it said, in the order of the summary.
    pub stances: Vec<Stance>,
    /// The sentences of the summary that carry it, from 0. None: it vouches for the article as a whole.
    pub sentences: Vec<usize>,
    /// Language → how the translation names it, where it was found.
    pub names: BTreeMap<Language, String>,
}

/// The marks and the sources of a digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// In the order of their numbers: row 0 is `[1]`.
    pub sources: Vec<SourceRow>,
    /// For each sentence of the summary the numbers of its sources, from 1.
    pub marks: Vec<Vec<usize>>,
}

impl View {
    /// Numbers the sources of `digest` in the order in which the summary needs them; those that only the source line
    /// names come last.
    pub fn new(digest: &Digest) -> Self {
        let mut view = Self {
            sources: Vec::new(),
            marks: Vec::new(),
        };
        for (index, sentence) in digest.summary.sentences.iter().enumerate() {
            let mut marks = Vec::new();
            for &claim in &sentence.claims {
                view.add(&digest.claims, claim, Some(index), &mut marks);
            }
            marks.sort_unstable();
            marks.dedup();
            view.marks.push(marks);
        }
        for (claim, attribution) in digest.claims.attributions.iter().enumerate() {
            if attribution.form == Form::Header {
                view.add(&digest.claims, claim, None, &mut Vec::new());
            }
        }
        view.name_in_translations(digest);
        view
    }

    /// Adds the source of `claim` and those who relay it; gives the number of the innermost, if there is one.
    fn add(
        &mut self,
        claims: &Claims,
        claim: usize,
        sentence: Option<usize>,
        marks: &mut Vec<usize>,
    ) -> Option<usize> {
        let attribution = claims.attributions.get(claim)?;
        let parent = attribution
            .parent
            .filter(|&p| p != claim)
            .and_then(|p| self.add(claims, p, sentence, marks));
        let source = attribution.source?;
        let row = match self.sources.iter().position(|r| r.source == source) {
            Some(row) => row,
            None => {
                self.sources.push(SourceRow {
                    source,
                    name: claims
                        .sources
                        .get(source)
                        .map(|s| s.name.clone())
                        .unwrap_or_default(),
                    relayed_by: Vec::new(),
                    stances: Vec::new(),
                    sentences: Vec::new(),
                    names: BTreeMap::new(),
                });
                self.sources.len() - 1
            }
        };
        let entry = &mut self.sources[row];
        push_new(&mut entry.stances, attribution.stance);
        if let Some(sentence) = sentence {
            push_new(&mut entry.sentences, sentence);
        }
        if let Some(parent) = parent.filter(|&p| p != row + 1) {
            push_new(&mut entry.relayed_by, parent);
        }
        marks.push(row + 1);
        Some(row + 1)
    }

    fn name_in_translations(&mut self, digest: &Digest) {
        let grounds = Grounds::new(&digest.document, &digest.claims, &[]);
        for translation in &digest.translations {
            for row in &mut self.sources {
                if let Some(name) = name_in(translation, digest.lead(), row, &grounds) {
                    row.names.insert(translation.language, name);
                }
            }
        }
    }

    /// The marks of sentence `index` as they are printed: `[1][3]`.
    pub fn marks_of(&self, index: usize) -> String {
        self.marks
            .get(index)
            .map(|marks| marks.iter().map(|n| format!("[{n}]")).collect())
            .unwrap_or_default()
    }
}

/// How `translation` names the source, according to its ledger.
fn name_in(translation: &Translation, lead: usize, row: &SourceRow, grounds: &Grounds<'_>) -> Option<String> {
    let ledger = &translation.ledger;
    ledger
        .claims
        .iter()
        .filter(|claim| row.sentences.iter().any(|s| s + lead == claim.segment))
        .filter(|claim| {
            claim
                .source
                .source
                .iter()
                .any(|span| grounds.names_source(span.of(&ledger.source.text), row.source))
        })
        .find_map(|claim| {
            let spans = &claim.target.source;
            let whole = spans.iter().copied().reduce(Span::cover)?;
            // a name in several pieces is shown with what lies between, unless that is half a sentence
            let close = whole.len() <= spans.iter().map(|s| s.len()).sum::<usize>() + 12;
            if close {
                Some(whole)
            } else {
                spans.iter().copied().max_by_key(|s| s.len())
            }
        })
        .map(|span| span.of(&ledger.target.text).trim().to_owned())
        .filter(|name| !name.is_empty())
}

fn push_new<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}
