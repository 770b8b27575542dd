//! Segments of two texts → pairs, by length and by what stands on both sides (numbers, Latin letters).
//!
//! Dynamic programming over 1:1, 1:2, 2:1, 2:2, 1:0 and 0:1 steps after Gale and Church, "A Program for Aligning Sentences in
//! Bilingual Corpora" (1993), with anchors added to the cost, and what an encoder makes of the meanings, where there is one. Work is linear: only a band around the diagonal is searched.

use crate::align::likeness::Sense;
use crate::align::{Pair, Side};
use crate::text::numbers;
use crate::text::span::Span;
use crate::text::words::words;

/// Half the width of the band, in segments, beyond the difference of the counts.
const BAND: usize = 40;

/// One pair an index; what one side has more stands against nothing.
pub(super) fn by_index(source: &[Span], target: &[Span]) -> Vec<Pair> {
    let ends = (
        source.last().map_or(0, |s| s.end),
        target.last().map_or(0, |s| s.end),
    );
    (0..source.len().max(target.len()))
        .map(|i| Pair {
            source: source.get(i).copied().unwrap_or(Span::new(ends.0, ends.0)),
            target: target.get(i).copied().unwrap_or(Span::new(ends.1, ends.1)),
        })
        .collect()
}

/// What a segment is compared by.
struct Shape {
    length: f64,
    anchors: Vec<String>,
}

fn shapes(side: &Side<'_>) -> Vec<Shape> {
    side.segments
        .iter()
        .map(|span| {
            let text = span.of(side.text);
            let mut anchors: Vec<String> = numbers::find(text, side.language)
                .iter()
                .filter(|n| n.value.written == numbers::Written::Digits)
                .map(|n| format!("{}", n.value.amount))
                .collect();
            let latin = |w: &str| w.is_ascii() && w.starts_with(|c: char| c.is_ascii_uppercase());
            anchors.extend(
                words(text)
                    .iter()
                    .map(|s| s.of(text))
                    .filter(|w| latin(w))
                    .map(str::to_owned),
            );
            Shape {
                length: text.chars().count() as f64,
                anchors,
            }
        })
        .collect()
}

const STEPS: [(usize, usize, f64); 6] = [
    (1, 1, 0.0),
    (1, 2, 2.2),
    (2, 1, 2.2),
    (2, 2, 3.5),
    (1, 0, 6.0),
    (0, 1, 6.0),
];

/// What a margin of 1 in meaning takes off the cost: that of a counterpart is about 0.3.
const MEANING: f64 = 8.0;

/// Pairs that cover all segments of both sides once, in order.
pub(super) fn align(source: &Side<'_>, target: &Side<'_>, sense: Option<&Sense>) -> Vec<Pair> {
    let (a, b) = (shapes(source), shapes(target));
    let total = |list: &[Shape]| list.iter().map(|s| s.length).sum::<f64>().max(1.0);
    let ratio = total(&b) / total(&a);
    let (n, m) = (a.len(), b.len());
    let band = BAND + n.abs_diff(m);
    let column = |i: usize| -> (usize, usize) {
        let middle = (i * m).checked_div(n).unwrap_or(0);
        (middle.saturating_sub(band), (middle + band).min(m))
    };
    let mut best: Vec<Vec<(f64, usize)>> = (0..=n)
        .map(|i| {
            let (low, high) = column(i);
            vec![(f64::INFINITY, usize::MAX); if n == 0 { m + 1 } else { high - low + 1 }]
        })
        .collect();
    let place = |i: usize, j: usize| -> Option<usize> {
        let (low, high) = if n == 0 { (0, m) } else { column(i) };
        (low..=high).contains(&j).then(|| j - low)
    };
    for i in 0..=n {
        let (low, high) = if n == 0 { (0, m) } else { column(i) };
        for j in low..=high {
            let cell = if (i, j) == (0, 0) {
                (0.0, usize::MAX)
            } else {
                cheapest(i, j, &best, &place, |x, y| {
                    let margin = sense.map_or(0.0, |s| s.margin(i - x..i, j - y..j));
                    cost(&a[i - x..i], &b[j - y..j], ratio) - MEANING * margin
                })
            };
            if let Some(at) = place(i, j) {
                best[i][at] = cell;
            }
        }
    }
    let mut pairs = Vec::new();
    let (mut i, mut j) = (n, m);
    while (i, j) != (0, 0) {
        let step = place(i, j).map_or(usize::MAX, |at| best[i][at].1);
        let Some(&(x, y, _)) = STEPS.get(step) else {
            // Outside of every path: fall back to what cannot lose a segment.
            return by_index(source.segments, target.segments);
        };
        pairs.push(Pair {
            source: cover(source.segments, i - x, i),
            target: cover(target.segments, j - y, j),
        });
        (i, j) = (i - x, j - y);
    }
    pairs.reverse();
    pairs
}

/// The best step to the cell (i, j) and what the way there costs; `cost`: of pairing so many segments that end there.
fn cheapest(
    i: usize,
    j: usize,
    best: &[Vec<(f64, usize)>],
    place: &impl Fn(usize, usize) -> Option<usize>,
    cost: impl Fn(usize, usize) -> f64,
) -> (f64, usize) {
    let mut cell = (f64::INFINITY, usize::MAX);
    for (step, &(x, y, price)) in STEPS.iter().enumerate() {
        if x > i || y > j {
            continue;
        }
        let Some(at) = place(i - x, j - y) else { continue };
        let cost = best[i - x][at].0 + price + if x * y > 0 { cost(x, y) } else { 0.0 };
        if cost < cell.0 {
            cell = (cost, step);
        }
    }
    cell
}

/// Difference of the lengths in standard deviations, less what is anchored.
fn cost(a: &[Shape], b: &[Shape], ratio: f64) -> f64 {
    let length = |list: &[Shape]| list.iter().map(|s| s.length).sum::<f64>();
    let (x, y) = (length(a) * ratio, length(b));
    let spread = (6.8 * (x + y).max(1.0) / 2.0).sqrt();
    let deviation = ((x - y) / spread).abs();
    let mine: Vec<&String> = a.iter().flat_map(|s| &s.anchors).collect();
    let theirs: Vec<&String> = b.iter().flat_map(|s| &s.anchors).collect();
    let shared = mine.iter().filter(|t| theirs.contains(t)).count() as f64;
    let alone = (mine.len() + theirs.len()) as f64 - 2.0 * shared;
    (deviation * deviation / 2.0).min(12.0) + (alone * 0.25).min(1.5) - (shared * 1.2).min(3.6)
}

fn cover(spans: &[Span], from: usize, to: usize) -> Span {
    match (spans.get(from), spans[..to].last()) {
        (Some(first), Some(last)) if from < to => first.cover(*last),
        // Nothing here: an empty span where it would stand.
        _ => {
            let at = from
                .checked_sub(1)
                .and_then(|i| spans.get(i))
                .map_or(0, |s| s.end);
            Span::new(at, at)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::attribution::Claims;
    use crate::text::language::Language;

    fn split(text: &str) -> Vec<Span> {
        let mut at = 0;
        text.split_inclusive(". ")
            .map(|part| {
                at += part.len();
                Span::new(at - part.len(), at).trimmed(text)
            })
            .collect()
    }

    #[test]
    fn merged_sentences_find_their_place() {
        let en = "The ferry left at 14:20 with 38 people. It was late. Nobody was hurt in the harbour of Vellin. The port closed.";
        let uk = "Пором відійшов о 14:20 з 38 людьми, із запізненням. Ніхто не постраждав у гавані Веллін. Порт закрили.";
        let pairs = paired(en, uk, Language::UK);
        assert_eq!(pairs.len(), 3);
        assert_eq!(pairs[0].0, "The ferry left at 14:20 with 38 people. It was late.");
        assert_eq!(pairs[2].1, "Порт закрили.");
    }

    fn paired(en: &str, other: &str, language: Language) -> Vec<(String, String)> {
        let none = Claims::default();
        let (a, b) = (split(en), split(other));
        let source = Side {
            language: Language::EN,
            text: en,
            segments: &a,
            claims: &none,
        };
        let target = Side {
            language,
            text: other,
            segments: &b,
            claims: &none,
        };
        align(&source, &target, None)
            .into_iter()
            .map(|p| (p.source.of(en).to_owned(), p.target.of(other).to_owned()))
            .collect()
    }

    #[test]
    fn one_sentence_may_become_two() {
        let en = "The bridge over the Orn was closed at 6:40 after a crack of 12 centimetres was seen by two engineers on their morning round. Traffic was sent through Vellin. It opened again on 14 March.";
        let pairs = paired(
            en,
            "Міст через Орн закрили о 6:40. Двоє інженерів під час ранкового обходу помітили тріщину завдовжки 12 сантиметрів. Рух пустили через Веллін. Знову відкрили його 14 березня.",
            Language::UK,
        );
        assert_eq!(pairs.len(), 3, "{pairs:?}");
        assert!(
            pairs[0].1.ends_with("12 сантиметрів.") && pairs[1].1 == "Рух пустили через Веллін.",
            "{pairs:?}"
        );
    }

    proptest::proptest! {
        #[test]
        fn every_segment_stands_in_one_pair(a in proptest::collection::vec(1usize..30, 0..12), b in proptest::collection::vec(1usize..30, 0..12)) {
            let text = |sizes: &[usize]| sizes.iter().map(|&n| "x".repeat(n)).collect::<Vec<_>>().join("\n");
            let spans = |sizes: &[usize]| {
                let mut at = 0;
                sizes.iter().map(|&n| { at += n + 1; Span::new(at - n - 1, at - 1) }).collect::<Vec<_>>()
            };
            let none = Claims::default();
            let (ta, tb, sa, sb) = (text(&a), text(&b), spans(&a), spans(&b));
            let source = Side { language: Language::EN, text: &ta, segments: &sa, claims: &none };
            let target = Side { language: Language::UK, text: &tb, segments: &sb, claims: &none };
            let pairs = align(&source, &target, None);
            for span in &sa {
                proptest::prop_assert_eq!(pairs.iter().filter(|p| p.source.contains(*span)).count(), 1);
            }
            for span in &sb {
                proptest::prop_assert_eq!(pairs.iter().filter(|p| p.target.contains(*span)).count(), 1);
            }
        }
    }
}
