//! Two texts → which token of the one means what which token of the other means, by an encoder that knows both languages.
//!
//! The cosines of all tokens of a segment with all of its counterpart, and the pairs that both sides agree on
//! ([`crate::neural::mutual`]). It needs no spelling in common, so it is a sign of its own beside sound, gazetteer and
//! place.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use crate::align::{Pair, Side};
use crate::error::{Error, Result};
use crate::neural::{Encoder, Mutual, Purpose, TokenVectors, dot, mutual};
use crate::text::span::Span;

/// Pairs with more cosines than this are not compared: no sentence is so long, and a whole book may come as one segment.
const MOST_COSINES: usize = 1 << 22;
/// Texts that are kept: an article comes with each of its translations.
const KEPT: usize = 1024;

/// Gives the encoder.
type Load = Box<dyn Fn() -> Result<Box<dyn Encoder>>>;

/// Reads texts with an encoder, which is loaded when the first of them comes. What was read is kept, so that an article
/// that comes again costs nothing.
pub struct Reader {
    load: Load,
    encoder: OnceCell<Box<dyn Encoder>>,
    known: RefCell<HashMap<String, Rc<TokenVectors>>>,
}

impl Reader {
    /// Nothing is read yet, and nothing loaded.
    pub fn new(load: impl Fn() -> Result<Box<dyn Encoder>> + 'static) -> Self {
        Self {
            load: Box::new(load),
            encoder: OnceCell::new(),
            known: RefCell::default(),
        }
    }

    /// Whether anything was read.
    pub fn has_read(&self) -> bool {
        self.encoder.get().is_some()
    }

    fn encoder(&self) -> Result<&dyn Encoder> {
        if self.encoder.get().is_none() {
            // the cell was empty, so that it takes it
            let _ = self.encoder.set((self.load)()?);
        }
        match self.encoder.get() {
            Some(encoder) => Ok(&**encoder),
            None => Err(Error::failed("the encoder is not loaded")),
        }
    }

    /// All segments of both sides, read together.
    ///
    /// # Errors
    /// Those of loading the encoder, and its own.
    pub fn read(&self, source: &Side<'_>, target: &Side<'_>) -> Result<Likeness> {
        let texts = |side: &Side<'_>| -> Vec<String> {
            side.segments.iter().map(|s| s.of(side.text).to_owned()).collect()
        };
        let (mine, theirs) = (texts(source), texts(target));
        let mut known = self.known.borrow_mut();
        if known.len() > KEPT {
            known.clear();
        }
        let mut new: Vec<&str> = mine
            .iter()
            .chain(&theirs)
            .map(String::as_str)
            .filter(|text| !known.contains_key(*text))
            .collect();
        new.sort_unstable();
        new.dedup();
        if !new.is_empty() {
            let read = self.encoder()?.tokens(Purpose::Query, &new)?;
            for (text, tokens) in new.into_iter().zip(read) {
                known.insert(text.to_owned(), Rc::new(tokens));
            }
        }
        let side = |side: &Side<'_>, texts: &[String]| -> Vec<Read> {
            side.segments
                .iter()
                .zip(texts)
                .filter_map(|(&span, text)| {
                    let tokens = known.get(text)?.clone();
                    Some(Read { span, tokens })
                })
                .collect()
        };
        Ok(Likeness {
            source: side(source, &mine),
            target: side(target, &theirs),
        })
    }
}

/// A segment and its tokens.
struct Read {
    span: Span,
    tokens: Rc<TokenVectors>,
}

/// What an encoder makes of two texts.
pub struct Likeness {
    source: Vec<Read>,
    target: Vec<Read>,
}

/// A token and where it stands in the whole text.
type Token<'a> = (Span, &'a [f32]);

impl Likeness {
    /// Which tokens of the pair are each other's.
    pub(super) fn matches<'a>(&'a self, pair: &Pair) -> Matches {
        let (mine, theirs) = (
            inside(&self.source, pair.source),
            inside(&self.target, pair.target),
        );
        if mine.is_empty() || theirs.is_empty() || mine.len() * theirs.len() > MOST_COSINES {
            return Matches::default();
        }
        let vectors = |tokens: &[Token<'a>]| -> Vec<&'a [f32]> { tokens.iter().map(|t| t.1).collect() };
        let found = mutual(&vectors(&mine), &vectors(&theirs));
        let link = |pair: &Mutual| TokenLink {
            source: mine[pair.source].0,
            target: theirs[pair.target].0,
            weight: f64::from(pair.weight),
            cosine: Some(f64::from(pair.cosine)),
        };
        Matches {
            links: found.pairs.iter().map(link).collect(),
            alike: Some(found.alike),
        }
    }
}

/// Segments further apart than this are not compared for pairing: it would take longer than reading them.
const MOST_PAIRS: usize = 1 << 20;
/// How many of the nearest segments of the other side tell what is usual for one.
const NEAREST: usize = 4;

/// What each segment means: the sum of its token vectors, the mean of its side taken off, so that merged segments are
/// sums too.
pub(super) struct Sense {
    source: Vec<Vec<f32>>,
    target: Vec<Vec<f32>>,
    /// The mean cosine of each segment with those nearest to it on the other side.
    usual_source: Vec<f64>,
    usual_target: Vec<f64>,
}

impl Likeness {
    /// None if the texts have too many segments.
    pub(super) fn sense(&self) -> Option<Sense> {
        let (source, target) = (sums(&self.source), sums(&self.target));
        if source.len() * target.len() > MOST_PAIRS {
            return None;
        }
        let usual = |from: &[Vec<f32>], to: &[Vec<f32>]| -> Vec<f64> {
            from.iter()
                .map(|a| {
                    let mut all: Vec<f64> = to.iter().map(|b| cosine(a, b)).collect();
                    all.sort_by(|x, y| y.total_cmp(x));
                    all.truncate(NEAREST);
                    all.iter().sum::<f64>() / all.len().max(1) as f64
                })
                .collect()
        };
        Some(Sense {
            usual_source: usual(&source, &target),
            usual_target: usual(&target, &source),
            source,
            target,
        })
    }
}

impl Sense {
    /// How much nearer both runs of segments are to each other than what is usual for each (the margin of Artetxe and
    /// Schwenk, "Margin-based Parallel Corpus Mining with Multilingual Sentence Embeddings", 2019, as a difference).
    pub(super) fn margin(&self, source: Range<usize>, target: Range<usize>) -> f64 {
        let sum = |vectors: &[Vec<f32>]| {
            let mut sum = vectors.first().cloned().unwrap_or_default();
            for vector in vectors.iter().skip(1) {
                sum.iter_mut().zip(vector).for_each(|(s, v)| *s += v);
            }
            sum
        };
        let mean = |list: &[f64]| list.iter().sum::<f64>() / list.len().max(1) as f64;
        let usual = mean(&self.usual_source[source.clone()]) + mean(&self.usual_target[target.clone()]);
        cosine(&sum(&self.source[source]), &sum(&self.target[target])) - usual / 2.0
    }
}

/// The sum of the tokens of each segment, less as many times the mean of all segments.
fn sums(reads: &[Read]) -> Vec<Vec<f32>> {
    let width = reads
        .iter()
        .find_map(|r| r.tokens.vectors.first())
        .map_or(0, Vec::len);
    let mut sums: Vec<(f32, Vec<f32>)> = Vec::with_capacity(reads.len());
    let mut mean = vec![0f32; width];
    for read in reads {
        let count = read.tokens.vectors.len() as f32;
        let mut sum = vec![0f32; width];
        for vector in &read.tokens.vectors {
            sum.iter_mut().zip(vector).for_each(|(s, v)| *s += v);
        }
        let share = 1.0 / (count.max(1.0) * reads.len() as f32);
        mean.iter_mut().zip(&sum).for_each(|(m, s)| *m += s * share);
        sums.push((count, sum));
    }
    let centred = |(count, mut sum): (f32, Vec<f32>)| {
        sum.iter_mut().zip(&mean).for_each(|(s, m)| *s -= count * m);
        sum
    };
    sums.into_iter().map(centred).collect()
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let lengths = (dot(a, a) * dot(b, b)).sqrt();
    if lengths > 0.0 {
        f64::from(dot(a, b) / lengths)
    } else {
        0.0
    }
}

fn inside<'a>(reads: &'a [Read], place: Span) -> Vec<Token<'a>> {
    reads
        .iter()
        .filter(|read| !read.span.is_empty() && place.contains(read.span))
        .flat_map(|read| {
            let spans = read.tokens.spans.iter().map(|s| s.shifted(read.span.start));
            spans.zip(read.tokens.vectors.iter().map(Vec::as_slice))
        })
        .collect()
}

/// Two tokens that are each other's.
#[derive(Clone, Copy, Debug)]
pub(super) struct TokenLink {
    pub(super) source: Span,
    pub(super) target: Span,
    /// The mean share that each has in the other, from 0 to 1.
    pub(super) weight: f64,
    /// How near their meanings are; none if it was no encoder that told the link.
    pub(super) cosine: Option<f64>,
}

/// The token links of a pair. Spans are those of the whole texts.
#[derive(Clone, Debug, Default)]
pub(super) struct Matches {
    pub(super) links: Vec<TokenLink>,
    /// How near each token is to what is nearest to it on the other side, on average over both sides; none if nothing
    /// was compared.
    pub(super) alike: Option<f64>,
}

/// What a counterpart must have to be one by its meaning alone: a name in place of another has less.
const SURE_WEIGHT: f64 = 0.55;
const SURE_COSINE: f64 = 0.6;

impl TokenLink {
    /// Whether the two are the same, as far as the one who told the link can tell.
    pub(super) fn is_sure(&self) -> bool {
        self.weight >= SURE_WEIGHT && self.cosine.is_none_or(|cosine| cosine >= SURE_COSINE)
    }
}

impl Matches {
    /// The strongest link of what stands at `span` of the source.
    pub(super) fn best(&self, span: Span) -> Option<TokenLink> {
        self.links
            .iter()
            .filter(|link| link.source.overlaps(span))
            .max_by(|a, b| a.weight.total_cmp(&b.weight))
            .copied()
    }

    /// Whether any token of `source` is linked to one of `target`.
    pub(super) fn joins(&self, source: Span, target: Span) -> bool {
        let joined = |link: &TokenLink| link.source.overlaps(source) && link.target.overlaps(target);
        self.links.iter().any(joined)
    }

    /// The same with spans counted from the starts of the pair.
    pub(super) fn within(&self, pair: &Pair) -> Self {
        let back = |s: Span, start: usize| Span::new(s.start - start, s.end - start);
        let links = self.links.iter().map(|link| TokenLink {
            source: back(link.source, pair.source.start),
            target: back(link.target, pair.target.start),
            ..*link
        });
        Self {
            links: links.collect(),
            alike: self.alike,
        }
    }

    /// The same seen from the target.
    pub(super) fn turned(&self) -> Self {
        let links = self.links.iter().map(|link| TokenLink {
            source: link.target,
            target: link.source,
            ..*link
        });
        Self {
            links: links.collect(),
            alike: self.alike,
        }
    }
}

#[cfg(test)]
mod tests;
