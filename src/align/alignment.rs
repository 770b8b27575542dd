//! What a translator tells of its own work → which words of a segment became which of its translation.
//!
//! Where it comes from: the cross-attention of a Marian- or BART-like model, read in a middle layer where the target
//! token is what the decoder reads, heads averaged (Chen et al., "Accurate Word Alignment Induction from Neural Machine
//! Translation", 2020); the head of a student that was trained to be the alignment; the own encoder of M2M100, NLLB and
//! mBART over both sides ([`crate::neural::mutual`]).
//!
//! How strong a sign it is: it tells where the translator looked, and so where a name, a role or a cue went that no
//! spelling tells. It does not tell that what was written there is right: a model that makes up a name looks at the true
//! one while it does, and one that was never trained looks anywhere. So it proves nothing alone. It lifts what a second
//! sign tells as well: a likeness of sound too faint to count by itself, quotation marks or capital letters where a word
//! may be translated, the place where the target's own attribution has its speaker. It takes nothing back either.

use std::collections::BTreeMap;

use crate::align::likeness::{Matches, TokenLink};
use crate::align::{Pair, Side};
use crate::neural::Link;
use crate::text::segment::is_unspaced;
use crate::text::span::Span;
use crate::text::words::words;

/// What a word must have drawn to itself, a token, so that it counts where the translator looked: what is spread over a
/// whole sentence is less.
const FIRM: f64 = 0.25;
/// Two words with less of each other than this are no pair.
const SHARE: f64 = 0.2;

/// The pairs of words that are each other's, from the links of one segment's tokens.
///
/// `links`: counted from the starts of the segments. What comes out are spans of the whole texts; `cosine` is none.
pub(super) fn matches(links: &[Link], pair: &Pair, source: &Side<'_>, target: &Side<'_>) -> Matches {
    let (mine, theirs) = (pair.source.of(source.text), pair.target.of(target.text));
    let (my_words, their_words) = (words(mine), words(theirs));
    // a word of several tokens counts as often as it was looked at
    let mut drawn: BTreeMap<(Span, Span), f64> = BTreeMap::new();
    let mut tokens: BTreeMap<Span, Vec<Span>> = BTreeMap::new();
    for link in links {
        let from = unit(link.source, mine, &my_words);
        let to = unit(link.target, theirs, &their_words);
        if let Some((from, to)) = from.zip(to) {
            *drawn.entry((from, to)).or_default() += f64::from(link.weight);
            let seen = tokens.entry(to).or_default();
            if !seen.contains(&link.target) {
                seen.push(link.target);
            }
        }
    }
    let firm = |to: &Span, weight: f64| weight >= FIRM * tokens.get(to).map_or(1, Vec::len) as f64;
    drawn.retain(|(_, to), weight| firm(to, *weight));
    let back = shares(drawn, |(_, to)| *to);
    let forth = shares(back.clone(), |(from, _)| *from);
    let pairs = forth.into_iter().filter_map(|((from, to), forth)| {
        let weight = (forth * back.get(&(from, to))?).sqrt();
        (weight >= SHARE).then(|| TokenLink {
            source: from.shifted(pair.source.start),
            target: to.shifted(pair.target.start),
            weight,
            cosine: None,
        })
    });
    Matches {
        links: pairs.collect(),
        alike: None,
    }
}

/// Each weight as its share of all that have the same key.
fn shares(
    weights: BTreeMap<(Span, Span), f64>,
    key: fn(&(Span, Span)) -> Span,
) -> BTreeMap<(Span, Span), f64> {
    let mut sums: BTreeMap<Span, f64> = BTreeMap::new();
    for (place, weight) in &weights {
        *sums.entry(key(place)).or_default() += weight;
    }
    let share = |(place, weight): ((Span, Span), f64)| {
        let sum = sums.get(&key(&place)).copied().unwrap_or(weight);
        (place, weight / sum)
    };
    weights.into_iter().map(share).collect()
}

/// The word that a token is a part of; in scripts that write words together, the token's own characters. None for
/// punctuation.
fn unit(token: Span, text: &str, words: &[Span]) -> Option<Span> {
    let at = words.partition_point(|w| w.end <= token.start);
    let word = words.get(at).copied().filter(|w| w.overlaps(token))?;
    let together = word.of(text).chars().next().is_some_and(is_unspaced);
    Some(if together {
        Span::new(token.start.max(word.start), token.end.min(word.end))
    } else {
        word
    })
}

#[cfg(test)]
mod tests;
