//! What a sentence is about, as terms that can be counted and compared in any language.
//!
//! A term is a word cut to its first letters: truncation is the simplest stemmer and, for inflected languages,
//! about as good as the others (Harman 1991; McNamee & Mayfield 2004). Text without spaces gives character pairs.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::text::segment::is_unspaced;
use crate::text::transliterate::is_particle;

/// Letters that are kept of a word.
const STEM: usize = 6;

/// The terms of `text`, in order, repeated as they are.
pub(super) fn terms(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for word in text.split(|c: char| !(c.is_alphanumeric() || c == '\'' || c == '’')) {
        let mut plain = String::new();
        let mut unspaced: Vec<char> = Vec::new();
        for c in word.chars() {
            if is_unspaced(c) {
                unspaced.push(c);
            } else {
                plain.extend(c.to_lowercase());
            }
        }
        if unspaced.len() == 1 {
            found.push(unspaced[0].to_string());
        }
        found.extend(unspaced.windows(2).map(|pair| pair.iter().collect()));
        let plain = plain.trim_end_matches("'s").trim_end_matches("’s");
        let plain = without_particle(plain);
        if !plain.is_empty() {
            found.push(plain.chars().take(STEM).collect());
        }
    }
    found
}

/// A Korean word without the particles that hang on it, of which something must be left; any other word as it is.
fn without_particle(word: &str) -> &str {
    let hangul = |c: char| ('가'..='힣').contains(&c);
    if !word.starts_with(hangul) {
        return word;
    }
    let mut cuts = word.char_indices().skip(2).map(|(at, _)| at);
    // 인 is as often the end of the noun: 대변인을
    cuts.find(|&at| is_particle(&word[at..]) && !word[at..].starts_with('인'))
        .map_or(word, |at| &word[..at])
}

/// A sparse vector of unit length. Ordered: floating-point sums must not depend on the order of a hash map.
pub(super) type Vector = BTreeMap<usize, f64>;

/// The terms of one article and how telling each is.
pub(super) struct Vocabulary {
    ids: HashMap<String, usize>,
    /// Inverse document frequency over the article's sentences, smoothed; never negative.
    idf: Vec<f64>,
}

impl Vocabulary {
    /// Counts in how many of `sentences` each term stands.
    pub(super) fn new<'a>(sentences: impl Iterator<Item = &'a str>) -> Self {
        let mut ids: HashMap<String, usize> = HashMap::new();
        let mut counts: Vec<usize> = Vec::new();
        let mut total = 0usize;
        for sentence in sentences {
            total += 1;
            for term in terms(sentence).into_iter().collect::<HashSet<_>>() {
                let next = ids.len();
                let id = *ids.entry(term).or_insert(next);
                if id == counts.len() {
                    counts.push(0);
                }
                counts[id] += 1;
            }
        }
        let idf = counts
            .iter()
            .map(|&n| ((1.0 + total as f64) / (1.0 + n as f64)).ln().max(0.0))
            .collect();
        Self { ids, idf }
    }

    /// The weight of a term: 0 if every sentence has it, the largest of all for one that the article never uses.
    pub(super) fn weight(&self, term: &str) -> f64 {
        match self.ids.get(term) {
            Some(&id) => self.idf[id],
            None => self.idf.iter().copied().fold(1.0, f64::max),
        }
    }

    /// Whether the article uses `term` at all.
    pub(super) fn knows(&self, term: &str) -> bool {
        self.ids.contains_key(term)
    }

    /// The TF-IDF vector of `text`, of length 1; terms unknown to the article are left out.
    pub(super) fn vector(&self, text: &str) -> Vector {
        let mut vector = Vector::new();
        for term in terms(text) {
            if let Some(&id) = self.ids.get(&term) {
                *vector.entry(id).or_insert(0.0) += self.idf[id];
            }
        }
        let length = vector.values().map(|w| w * w).sum::<f64>().sqrt();
        if length > 0.0 {
            vector.values_mut().for_each(|w| *w /= length);
        }
        vector
    }
}

/// The cosine of two unit vectors.
pub(super) fn cosine(a: &Vector, b: &Vector) -> f64 {
    let (small, large) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    small
        .iter()
        .filter_map(|(id, w)| large.get(id).map(|v| w * v))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inflected_words_share_a_term() {
        assert_eq!(terms("ministries"), terms("ministry")[..1].to_vec());
        assert_eq!(terms("Порушення"), terms("порушень"));
        assert_eq!(terms("Kovel's ships"), ["kovel", "ships"]);
        assert_eq!(terms("대변인은 대변인을 회의"), ["대변인", "대변인", "회의"]);
    }

    #[test]
    fn text_without_spaces_gives_pairs() {
        assert_eq!(terms("港口关闭"), ["港口", "口关", "关闭"]);
        assert_eq!(terms("港"), ["港"]);
    }

    #[test]
    fn a_sentence_is_most_like_itself() {
        let sentences = [
            "The crane fell into the harbour.",
            "Two ships left the harbour.",
            "It rained.",
        ];
        let vocabulary = Vocabulary::new(sentences.iter().copied());
        let a = vocabulary.vector(sentences[0]);
        assert!((cosine(&a, &a) - 1.0).abs() < 1e-9);
        assert!(cosine(&a, &vocabulary.vector(sentences[1])) < 1.0);
        assert_eq!(cosine(&a, &vocabulary.vector(sentences[2])), 0.0);
    }
}
