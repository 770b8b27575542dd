//! Where the words of a sentence went in its translation.

use std::collections::BTreeMap;

use crate::neural::Link;
use crate::text::segment::is_unspaced;
use crate::text::span::Span;
use crate::text::words::words;

/// A translated segment, and what is known of where its words went.
pub struct Line<'a> {
    /// The translation.
    pub text: &'a str,
    /// What the translator tells, counted from the starts of both.
    pub alignment: &'a [Link],
    /// Names that were found in both, counted from the starts of both.
    pub names: Vec<(Span, Span)>,
}

/// A sentence in a unit's text and its counterpart; all spans are counted from the starts of the unit's texts.
pub(super) struct Sentence {
    pub(super) source: Span,
    pub(super) target: Span,
    same: bool,
    names: Vec<(Span, Span)>,
    /// For each word of the target the place in the source that it was made of, if that is told.
    pub(super) made: Vec<(Span, Option<Span>)>,
}

impl Sentence {
    pub(super) fn new(source: Span, target: Span, mine: &str, theirs: &str, line: &Line<'_>) -> Sentence {
        // the places are of the translation as it was written; white space that was put right moves them
        let as_written = line.text == theirs;
        let mut drawn: Vec<BTreeMap<Span, f32>> = Vec::new();
        let told = || line.alignment.iter().filter(|_| as_written);
        let my_words = pieces(mine, told().map(|link| link.source));
        let their_words = pieces(theirs, told().map(|link| link.target));
        drawn.resize(their_words.len(), BTreeMap::new());
        let at = |words: &[Span], token: Span| {
            let at = words.partition_point(|w| w.end <= token.start);
            words.get(at).filter(|w| w.overlaps(token)).map(|_| at)
        };
        for link in told() {
            if let (Some(from), Some(to)) = (at(&my_words, link.source), at(&their_words, link.target)) {
                *drawn[to].entry(my_words[from]).or_default() += link.weight;
            }
        }
        let strongest = |drawn: &BTreeMap<Span, f32>| {
            let most = drawn.iter().max_by(|a, b| a.1.total_cmp(b.1))?;
            Some(most.0.shifted(source.start))
        };
        let names = line.names.iter().filter(|_| as_written);
        Sentence {
            source,
            target,
            same: mine == theirs,
            names: names
                .map(|(a, b)| (a.shifted(source.start), b.shifted(target.start)))
                .collect(),
            made: their_words
                .iter()
                .zip(&drawn)
                .map(|(word, drawn)| (word.shifted(target.start), strongest(drawn)))
                .collect(),
        }
    }

    /// The place of `part`, which lies inside of the sentence and is not empty, and whether more than its share tells it.
    pub(super) fn place(&self, part: Span, source: &str, target: &str) -> (Span, bool) {
        if part.start <= self.source.start && part.end >= self.source.end {
            return (self.target, true);
        }
        if self.same {
            let place = |at: usize| self.target.start + at - self.source.start;
            return (Span::new(place(part.start), place(part.end)), true);
        }
        let known = self
            .verbatim(part.of(source), target)
            .or_else(|| self.drawn(part))
            .or_else(|| self.named(part));
        known.map_or_else(|| (self.by_share(part), false), |place| (place, true))
    }

    /// The same characters, if they stand in the translation once.
    fn verbatim(&self, wanted: &str, target: &str) -> Option<Span> {
        let theirs = self.target.of(target);
        let at = theirs.find(wanted)?;
        let end = at + wanted.len();
        let inside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() && !is_unspaced(c));
        let word = !inside(theirs[..at].chars().next_back()) && !inside(theirs[end..].chars().next());
        let once = !theirs[end..].contains(wanted);
        (word && once).then(|| Span::new(at, end).shifted(self.target.start))
    }

    /// The words that were made of `part`: the run of them with the most, over gaps of one word.
    fn drawn(&self, part: Span) -> Option<Span> {
        let mut runs: Vec<(usize, usize, Span)> = Vec::new();
        for (at, (word, from)) in self.made.iter().enumerate() {
            if !from.is_some_and(|from| from.overlaps(part)) {
                continue;
            }
            match runs.last_mut() {
                Some((last, count, run)) if at - *last <= 2 => {
                    (*last, *count, *run) = (at, *count + 1, run.cover(*word));
                }
                _ => runs.push((at, 1, *word)),
            }
        }
        runs.into_iter()
            .rev()
            .max_by_key(|(_, count, _)| *count)
            .map(|(_, _, run)| run)
    }

    fn named(&self, part: Span) -> Option<Span> {
        let inside = self
            .names
            .iter()
            .filter(|(name, _)| part.overlaps(*name))
            .map(|(_, place)| *place);
        inside.reduce(Span::cover)
    }

    /// As many words as stand there in proportion.
    fn by_share(&self, part: Span) -> Span {
        let count = self.made.len();
        let length = self.source.len().max(1);
        let from = (part.start - self.source.start) * count / length;
        let to = ((part.end - self.source.start) * count).div_ceil(length);
        let last = to.max(from + 1).min(count);
        match (self.made.get(from), self.made.get(last.saturating_sub(1))) {
            (Some((first, _)), Some((last, _))) => first.cover(*last),
            _ => self.target,
        }
    }
}

/// The words of `text`; where no spaces part them, what the `tokens` of the translator part, else single characters.
fn pieces(text: &str, tokens: impl Iterator<Item = Span>) -> Vec<Span> {
    let mut cuts: Vec<usize> = tokens.flat_map(|token| [token.start, token.end]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    let mut pieces = Vec::new();
    for word in words(text) {
        if !word.of(text).starts_with(is_unspaced) {
            pieces.push(word);
            continue;
        }
        let first = cuts.partition_point(|&at| at <= word.start);
        let last = cuts.partition_point(|&at| at < word.end);
        match cuts.get(first..last) {
            Some(inside) if !inside.is_empty() => pieces.extend(word.cut_at(inside.iter().copied())),
            _ => {
                let each = word.of(text).char_indices();
                pieces.extend(each.map(|(at, c)| Span::new(at, at + c.len_utf8()).shifted(word.start)));
            }
        }
    }
    pieces
}
