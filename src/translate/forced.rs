//! A translation that lacks a term → how it is made to have it: as much of it as stands before the term's place, then
//! the term, forced on the model, which goes on from there (Hokamp and Liu, "Lexically Constrained Decoding for Sequence
//! Generation Using Grid Beam Search", 2017, with the place known instead of searched for).
//!
//! The place is where the alignment has the source's term. Where it tells of none, nothing can be forced, and the check
//! of the glossary reports the term.

use super::glossary::{Term, places_of};
use crate::neural::Link;
use crate::text::segment::is_unspaced;
use crate::text::span::Span;
use crate::text::words::{capitalised, words};

/// What `translation` is to begin with so that it has the first of `terms` that it lacks and that can be placed; `forced`
/// are the numbers of those that were tried before.
pub(super) fn opening(
    source: &str,
    (translation, alignment): (&str, &[Link]),
    terms: &[Term],
    forced: &mut Vec<usize>,
) -> Option<String> {
    for (index, term) in terms.iter().enumerate() {
        if forced.contains(&index) || term.is_in(translation) {
            continue;
        }
        let Some(place) = place(source, (translation, alignment), term) else {
            continue;
        };
        forced.push(index);
        let before = &translation[..place.start];
        // what goes on from a piece before it does not begin with a capital
        let begins = before.trim().is_empty() && translation.trim_start().starts_with(char::is_uppercase);
        let term = match begins {
            true => capitalised(&term.target),
            false => term.target.clone(),
        };
        return Some(format!("{before}{term}"));
    }
    None
}

/// Where the translation has what stands in the source for `term`: whole words, in scripts that part them.
pub(super) fn place(source: &str, (text, alignment): (&str, &[Link]), term: &Term) -> Option<Span> {
    let there = places_of(source, &term.source).into_iter().next()?;
    let linked = alignment.iter().filter(|link| link.source.overlaps(there));
    // what draws the most of each of its words, and not all that was glanced at
    let linked: Vec<&Link> = linked.collect();
    let most = linked.iter().fold(0f32, |most, link| most.max(link.weight));
    let strong = linked.iter().filter(|link| link.weight >= most / 2.0);
    let tokens = strong.map(|link| link.target.trimmed(text)).reduce(Span::cover)?;
    let touched = words(text).into_iter().filter(|w| w.overlaps(tokens));
    let together = |w: &Span| w.of(text).chars().next().is_some_and(is_unspaced);
    Some(touched.filter(|w| !together(w)).fold(tokens, Span::cover))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(source: &str, target: &str) -> Term {
        Term {
            source: source.to_owned(),
            target: target.to_owned(),
        }
    }

    fn links(source: &str, target: &str, pairs: &[(&str, &str)]) -> Vec<Link> {
        let span = |text: &str, word: &str| {
            let at = text.find(word).unwrap_or_default();
            Span::new(at, at + word.len())
        };
        let link = |(a, b): &(&str, &str)| Link {
            source: span(source, a),
            target: span(target, b),
            weight: 0.7,
        };
        pairs.iter().map(link).collect()
    }

    const EN: &str = "The Harbour Board closed the quay.";
    const UK: &str = "Портова рада закрила причал.";

    #[test]
    fn what_stands_before_the_place_is_kept_and_the_term_follows() {
        let alignment = links(
            EN,
            UK,
            &[("Harbour", "Порт"), ("Board", "рада"), ("quay", " прич")],
        );
        let terms = [
            term("harbour board", "управління порту"),
            term("quay", "пристань"),
        ];
        let mut forced = Vec::new();
        let mut next = || opening(EN, (UK, &alignment), &terms, &mut forced);
        assert_eq!(next().as_deref(), Some("Управління порту"));
        assert_eq!(next().as_deref(), Some("Портова рада закрила пристань"));
        assert_eq!(next(), None);
    }

    #[test]
    fn a_term_begins_with_a_capital_where_a_sentence_does() {
        let uk = "причал закрила портова рада.";
        let alignment = links("the quay was closed.", uk, &[("quay", "причал")]);
        let terms = [term("quay", "пристань")];
        let found = opening("the quay was closed.", (uk, &alignment), &terms, &mut Vec::new());
        assert_eq!(found.as_deref(), Some("пристань"));
    }

    #[test]
    fn what_has_its_term_or_no_place_is_left() {
        let alignment = links(EN, UK, &[("quay", "причал")]);
        let terms = [term("quay", "причали"), term("Harbour Board", "управління порту")];
        assert_eq!(opening(EN, (UK, &alignment), &terms, &mut Vec::new()), None);
        assert_eq!(opening(EN, (UK, &[]), &terms, &mut Vec::new()), None);
    }

    #[test]
    fn characters_that_are_written_together_are_cut_where_the_tokens_are() {
        let zh = "港口局关闭了码头。";
        let alignment = links(EN, zh, &[("quay", "码头")]);
        let found = opening(EN, (zh, &alignment), &[term("quay", "泊位")], &mut Vec::new());
        assert_eq!(found.as_deref(), Some("港口局关闭了泊位"));
    }
}
