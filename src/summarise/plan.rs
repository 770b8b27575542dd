//! What a summary will be about: groups of article sentences, one group a summary sentence.
//!
//! A group is a sentence that matters (the seed) and what a reader needs beside it: the sentence that names its
//! source, the one that a pronoun looks back to, and one closely related. What is picked is known before a word is
//! written, so every sentence of the summary has its support by construction, whatever a model makes of it.

use crate::article::{BlockKind, Document};
use crate::attribution::{Claims, Form};
use crate::error::{Error, Result};

use super::rank;
use super::terms::{Vector, Vocabulary, cosine};

/// Article sentences that one sentence of the summary is to be about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The sentence that was picked.
    pub seed: usize,
    /// The seed and what belongs to it, ascending.
    pub sentences: Vec<usize>,
    /// Sentences to fall back on, best first, should nothing of this group hold. They are in no group.
    pub spare: Vec<usize>,
}

/// The groups, in the order of the article.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// One group a summary sentence.
    pub groups: Vec<Group>,
    /// All sentences that a summary may rest on, ascending.
    pub usable: Vec<usize>,
}

/// Sentences of a group at the most.
const GROUP: usize = 3;
/// Sentences closer than this say things that belong together.
const RELATED: f64 = 0.22;
/// How many related sentences are looked at for one that fits.
const CLOSEST: usize = 50;
/// Terms that a sentence needs to stand alone.
const MIN_TERMS: usize = 6;
/// Sentences longer than this (in terms) are no good seeds: they lose points by the term.
const LONG: usize = 45;
/// How much the first sentence of the body counts more than one at the end.
const LEAD: f64 = 1.5;

impl Plan {
    /// Picks at most `n` groups from what is not furniture: the headline, source lines, headings and `left_out`
    /// are never picked.
    ///
    /// # Errors
    /// [`Error::Input`] if nothing is left to pick from.
    pub fn new(document: &Document, claims: &Claims, left_out: &[usize], n: usize) -> Result<Self> {
        let usable: Vec<usize> = (0..document.sentences.len())
            .filter(|i| is_body(document, *i) && !left_out.contains(i))
            .collect();
        if usable.is_empty() {
            return Err(
                Error::input(&document.article.id, "there is no sentence to summarise")
                    .with_hint("the text needs at least one sentence beside its headline"),
            );
        }
        let vocabulary = Vocabulary::new(usable.iter().map(|&i| document.sentence(i)));
        let vectors: Vec<Vector> = usable
            .iter()
            .map(|&i| vocabulary.vector(document.sentence(i)))
            .collect();
        let scores = scores(document, &usable, &vectors);
        let order = rank::pick(&scores, &vectors, n + n.max(3));
        let (chosen, rest) = order.split_at(n.min(order.len()));
        let mut seeds = chosen.to_vec();
        seeds.sort_unstable();
        let mut taken: Vec<usize> = seeds.clone();
        let mut groups = Vec::new();
        for &seed in &seeds {
            let members = company(document, claims, &usable, &vectors, seed, &taken);
            taken.extend(&members);
            let mut sentences: Vec<usize> = members.iter().map(|&k| usable[k]).collect();
            sentences.push(usable[seed]);
            sentences.sort_unstable();
            groups.push(Group {
                seed: usable[seed],
                sentences,
                spare: Vec::new(),
            });
        }
        let spare: Vec<usize> = rest
            .iter()
            .filter(|k| !taken.contains(k))
            .map(|&k| usable[k])
            .collect();
        for group in &mut groups {
            group.spare.clone_from(&spare);
        }
        Ok(Self { groups, usable })
    }
}

/// Whether sentence `index` is part of the running text.
fn is_body(document: &Document, index: usize) -> bool {
    document
        .sentences
        .get(index)
        .and_then(|s| document.article.blocks.get(s.block))
        .is_some_and(|block| matches!(block.kind, BlockKind::Paragraph | BlockKind::ListItem))
}

/// LexRank, times the prior of the place, less what makes a bad seed.
fn scores(document: &Document, usable: &[usize], vectors: &[Vector]) -> Vec<f64> {
    let mut scores = rank::lexrank(vectors);
    for (k, score) in scores.iter_mut().enumerate() {
        let text = document.sentence(usable[k]);
        let length = super::terms::terms(text).len();
        *score *= 1.0 + (LEAD - 1.0) / (1.0 + k as f64 / 3.0);
        if length < MIN_TERMS {
            *score *= length as f64 / MIN_TERMS as f64 * 0.5;
        }
        if length > LONG {
            *score *= LONG as f64 / length as f64;
        }
        if text
            .trim_end_matches(['"', '”', '»', '\'', '’'])
            .ends_with(['?', '？'])
        {
            *score *= 0.5;
        }
    }
    scores
}

/// What belongs beside `seed`: indices into `usable`, the seed left out.
fn company(
    document: &Document,
    claims: &Claims,
    usable: &[usize],
    vectors: &[Vector],
    seed: usize,
    taken: &[usize],
) -> Vec<usize> {
    let mut members: Vec<usize> = source_sentences(document, claims, usable[seed])
        .into_iter()
        .filter_map(|i| usable.binary_search(&i).ok())
        .filter(|k| *k != seed)
        .collect();
    let told_by = tellers(document, claims, usable[seed]);
    let next_door = [seed.wrapping_sub(1), seed + 1];
    let mut related: Vec<(usize, f64)> = (0..usable.len())
        .filter(|k| *k != seed && !taken.contains(k) && !members.contains(k))
        .map(|k| {
            let near = if next_door.contains(&k) { 1.3 } else { 1.0 };
            (k, near * cosine(&vectors[k], &vectors[seed]))
        })
        .filter(|&(_, likeness)| likeness >= RELATED)
        .collect();
    related.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    // one sentence about what two people said is where one gets the other's words
    let same_teller = |k: &usize| tellers(document, claims, usable[*k]) == told_by;
    members.extend(
        related
            .into_iter()
            .map(|(k, _)| k)
            .take(CLOSEST)
            .find(same_teller),
    );
    members.truncate(GROUP - 1);
    members.sort_unstable();
    members.dedup();
    members
}

/// Whose claims sentence `index` holds, ascending; a claim of unknown source counts by its place.
fn tellers(document: &Document, claims: &Claims, index: usize) -> Vec<(Option<usize>, usize)> {
    let Some(sentence) = document.sentences.get(index) else {
        return Vec::new();
    };
    let mut tellers: Vec<(Option<usize>, usize)> = claims
        .attributions
        .iter()
        .enumerate()
        .filter(|(_, a)| a.form != Form::Header)
        .filter(|(_, a)| {
            let spans = a.content_spans.iter().chain(&a.cue_spans);
            spans.into_iter().any(|span| span.overlaps(sentence.span))
        })
        .map(|(k, a)| (a.source, if a.source.is_some() { 0 } else { k }))
        .collect();
    tellers.sort_unstable();
    tellers.dedup();
    tellers
}

/// The sentences in which the sources of what sentence `index` reports are named.
fn source_sentences(document: &Document, claims: &Claims, index: usize) -> Vec<usize> {
    let Some(sentence) = document.sentences.get(index) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for attribution in &claims.attributions {
        let reported = attribution
            .content_spans
            .iter()
            .any(|c| c.overlaps(sentence.span));
        if !reported {
            continue;
        }
        for span in attribution.source_spans.iter().chain(&attribution.cue_spans) {
            let holder = document.sentences.partition_point(|s| s.span.end <= span.start);
            if holder < document.sentences.len() && !found.contains(&holder) {
                found.push(holder);
            }
        }
    }
    found.retain(|&i| i != index);
    found
}
