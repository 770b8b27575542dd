//! Which sources of the article a text names.

use std::collections::BTreeSet;

use super::Grounds;
use crate::attribution::{self, Attribution, Claims, SourceKind};
use crate::summarise::terms::terms;
use crate::text::span::Span;
use crate::text::words::words;

/// A source is named if this share of (the weight of) one of its names is there.
const NAMED: f64 = 0.5;

impl Grounds<'_> {
    /// For each source of the article, where `draft`, in which `told` stands, names it: as one who says something, else
    /// anywhere.
    pub(super) fn mentions(&self, draft: &str, told: &Claims) -> Vec<Vec<Span>> {
        let tellers: Vec<(Span, &str)> = told
            .attributions
            .iter()
            .flat_map(|a| {
                // "he" is whom the sentence named before
                let name = a.source.and_then(|s| told.sources.get(s)).map_or("", |s| &s.name);
                a.source_spans.iter().map(move |&span| (span, name))
            })
            .collect();
        let of = |index: usize| -> Vec<Span> {
            let speaks = |&&(span, name): &&(Span, &str)| {
                self.names_source(span.of(draft), index) || self.names_source(name, index)
            };
            let mut spans: Vec<Span> = tellers.iter().filter(speaks).map(|&(span, _)| span).collect();
            spans.dedup();
            if spans.is_empty() && self.names_source(draft, index) {
                spans = self.words_of(draft, index);
            }
            spans
        };
        (0..self.claims.sources.len()).map(of).collect()
    }

    /// The words of `draft` that are words of a name of source `index`.
    fn words_of(&self, draft: &str, index: usize) -> Vec<Span> {
        let names = self.names.get(index).map_or(&[][..], Vec::as_slice);
        let known: BTreeSet<&String> = names.iter().flatten().collect();
        words(draft)
            .into_iter()
            .filter(|word| terms(word.of(draft)).iter().any(|term| known.contains(term)))
            .collect()
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
        // where nouns have cases, what is written there may stand in any of them
        let here = here.filter(|_| !matches!(language.code(), "uk" | "ru" | "pl"));
        match (here, self.claims.sources.get(index)) {
            (Some(name), _) => name.to_owned(),
            (None, Some(source)) => source.name.clone(),
            (None, None) => String::new(),
        }
    }
}

/// The words of a name before what only tells it from others: "an inspection report" of "an inspection report dated
/// 6 February and seen by the Courier". The whole name where that would leave an article alone.
pub(super) fn head(name: &str) -> &str {
    const BORDERS: [&str; 14] = [
        " who ", " that ", " which ", " whose ", " dated ", " seen ", " at ", " of ", " for ", " with ",
        " in ", " from ", " by ", ", ",
    ];
    let end = BORDERS.iter().filter_map(|border| name.find(border)).min();
    end.map(|end| &name[..end])
        .filter(|head| head.split_whitespace().count() > 1)
        .unwrap_or(name)
}
