//! A translated unit → its slots, each with its marks and its lines.

use crate::text::segment::is_unspaced;
use crate::text::span::Span;

use super::escape::Escape;
use super::links::Sentence;
use super::{Slot, Unit};

/// What stands in each slot of `unit` when `target` is its translation, and how many marks were placed by their share.
pub(super) fn fill(unit: &Unit, target: &str, sentences: &[Sentence], eol: &str) -> (Vec<String>, usize) {
    let spans = slots(unit, target, sentences);
    let mut doubtful = 0;
    let texts = unit.slots.iter().zip(spans).map(|(slot, span)| {
        let map = Map {
            source: &unit.text,
            target,
            sentences,
        };
        let (mut places, doubts) = map.marks(slot, span);
        doubtful += doubts;
        if unit.escape == Escape::Markdown {
            flank(slot, &mut places, target);
        }
        let breaks = breaks(span, target, slot.lines);
        let writer = Writer {
            unit,
            slot,
            target,
            places: &places,
            breaks: &breaks,
            eol,
        };
        let mut text = writer.write(span);
        unit.escape.begin(&mut text);
        text
    });
    let texts = texts.collect();
    (texts, doubtful)
}

/// Markdown takes `**a.**b` for no mark at all: what begins or ends beside a letter must not do so with a sign.
fn flank(slot: &Slot, places: &mut [Span], target: &str) {
    for (index, mark) in slot.marks.iter().enumerate() {
        if let Some(around) = mark.parent.map(|p| places[p]) {
            let start = places[index].start.clamp(around.start, around.end);
            places[index] = Span::new(start, places[index].end.clamp(start, around.end));
        }
        let place = places[index];
        let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let sign = |c: char| !c.is_alphanumeric();
        let mut inner = place.of(target);
        if letter(target[place.end..].chars().next()) {
            inner = inner.trim_end_matches(sign);
        }
        let start = if letter(target[..place.start].chars().next_back()) {
            place.start + inner.len() - inner.trim_start_matches(sign).len()
        } else {
            place.start
        };
        let end = place.start + inner.len();
        if start < end {
            places[index] = Span::new(start, end);
        }
    }
}

/// Where lines or cues may begin in `span`.
fn borders(span: Span, target: &str) -> Vec<usize> {
    let mut before = ' ';
    let mut borders = Vec::new();
    for (at, c) in span.of(target).char_indices() {
        if (before == ' ' && c != ' ') || (is_unspaced(before) && c.is_alphanumeric()) {
            borders.push(span.start + at);
        }
        before = c;
    }
    borders
}

/// The part of `target` for each slot: borders between words, where the translator made what stood on either side, else in
/// proportion; each gets a word as far as there are any.
fn slots(unit: &Unit, target: &str, sentences: &[Sentence]) -> Vec<Span> {
    let whole = Span::new(0, target.len());
    let count = unit.slots.len();
    if count < 2 {
        return vec![whole; count];
    }
    let borders = borders(whole, target);
    let mut starts = vec![0];
    let mut last = 0;
    for (number, slot) in unit.slots.iter().enumerate().skip(1) {
        let wanted = cut(slot.span.start, target, sentences);
        let at = nearest(&borders, wanted);
        let most = borders.len().saturating_sub(count - number);
        last = at.min(most).max(last + 1).min(borders.len());
        starts.push(borders.get(last).copied().unwrap_or(target.len()));
    }
    starts.push(target.len());
    let each = starts.windows(2);
    each.map(|pair| Span::new(pair[0], pair[1]).trimmed(target))
        .collect()
}

/// The number of the border that is nearest to `wanted`.
fn nearest(borders: &[usize], wanted: usize) -> usize {
    let at = borders.partition_point(|&b| b < wanted);
    let is_nearer = |before: &usize| {
        let next = borders.get(at);
        next.is_none_or(|&b| b - wanted > wanted - borders[*before])
    };
    at.checked_sub(1).filter(is_nearer).unwrap_or(at)
}

/// Where the source's byte `at` is in the target.
fn cut(at: usize, target: &str, sentences: &[Sentence]) -> usize {
    let index = sentences.partition_point(|s| s.source.end <= at);
    let Some(sentence) = sentences.get(index) else {
        return target.len();
    };
    if at <= sentence.source.start {
        return sentence.target.start;
    }
    let (source, target) = (sentence.source, sentence.target);
    let share = target.start + (at - source.start) * target.len() / source.len().max(1);
    let told: Vec<(usize, bool)> = sentence
        .made
        .iter()
        .filter_map(|(word, from)| Some((word.start, from.as_ref()?.start >= at)))
        .collect();
    // so many words stand on their right side if the border is before word 0
    let mut right = told.iter().filter(|(_, after)| *after).count();
    let mut best = (right, usize::MAX, share);
    for (number, (_, after)) in told.iter().enumerate() {
        right = if *after { right - 1 } else { right + 1 };
        let place = told.get(number + 1).map_or(target.end, |(start, _)| *start);
        let far = place.abs_diff(share);
        if right > best.0 || (right == best.0 && far < best.1) {
            best = (right, far, place);
        }
    }
    best.2
}

/// Where `span` is broken into `lines` of about one length.
fn breaks(span: Span, target: &str, lines: usize) -> Vec<usize> {
    let borders = borders(span, target);
    let mut breaks: Vec<usize> = Vec::new();
    let mut free = borders.partition_point(|&b| b <= span.start);
    for line in 1..lines {
        let wanted = span.start + span.len() * line / lines;
        let at = free + nearest(&borders[free..], wanted);
        breaks.extend(borders.get(at));
        free = (at + 1).min(borders.len());
    }
    breaks
}

/// A unit and its translation.
struct Map<'a> {
    source: &'a str,
    target: &'a str,
    sentences: &'a [Sentence],
}

impl Map<'_> {
    /// The place of each mark of `slot` inside `whole`: those of one parent do not overlap, and lie inside of it.
    fn marks(&self, slot: &Slot, whole: Span) -> (Vec<Span>, usize) {
        let mut children: Vec<Vec<usize>> = vec![Vec::new(); slot.marks.len() + 1];
        for (index, mark) in slot.marks.iter().enumerate() {
            children[mark.parent.map_or(0, |p| p + 1)].push(index);
        }
        let mut places = vec![whole; slot.marks.len()];
        let mut doubtful = 0;
        for (parent, mut inside) in children.into_iter().enumerate() {
            let around = parent.checked_sub(1).map_or(whole, |p| places[p]);
            for &index in &inside {
                let mark = &slot.marks[index];
                let (mut place, sure) = self.place(mark.span, slot.span, whole);
                doubtful += usize::from(!sure);
                if mark.kept.is_some() && !sure {
                    // it stands beside the words that are there, not in place of some of them
                    place.end = place.start;
                }
                let start = place.start.clamp(around.start, around.end);
                places[index] = Span::new(start, place.end.clamp(start, around.end));
            }
            inside.sort_by_key(|&index| (places[index].start, index));
            let mut free = around.start;
            for index in inside {
                let start = places[index].start.max(free);
                let mut place = Span::new(start, places[index].end.max(start));
                let mark = &slot.marks[index];
                if place.is_empty() && mark.kept.is_none() && !mark.span.trimmed(self.source).is_empty() {
                    // its words are another mark's too: it takes the next one that is free
                    doubtful += 1;
                    place = self.word_after(start, around.end).unwrap_or(place);
                }
                places[index] = place;
                free = place.end;
            }
        }
        (places, doubtful)
    }

    /// The first word of the target that lies between `at` and `end`.
    fn word_after(&self, at: usize, end: usize) -> Option<Span> {
        let first = self.sentences.partition_point(|s| s.target.end <= at);
        let words = self.sentences.get(first..)?.iter().find_map(|sentence| {
            let next = sentence.made.partition_point(|(word, _)| word.start < at);
            sentence.made.get(next)
        });
        words.map(|(word, _)| *word).filter(|word| word.end <= end)
    }

    /// Where a mark over `span` goes, in a slot from `slot` to `whole`; and whether that is known.
    fn place(&self, span: Span, slot: Span, whole: Span) -> (Span, bool) {
        let words = span.trimmed(self.source);
        if words.is_empty() {
            let (at, sure) = self.point(span.start, slot, whole);
            return (Span::new(at, at), sure);
        }
        let slot = slot.trimmed(self.source);
        let mut place: Option<Span> = None;
        let mut sure = true;
        for sentence in self.between(words) {
            let part = Span::new(
                words.start.max(sentence.source.start),
                words.end.min(sentence.source.end),
            );
            let (found, known) = sentence.place(part, self.source, self.target);
            place = Some(place.map_or(found, |p| p.cover(found)));
            sure &= known;
        }
        let mut place = place.unwrap_or(whole);
        if words.start <= slot.start && words.end >= slot.end {
            return (whole, true);
        }
        // what begins or ends the slot does so on the other side, if it is near
        if words.start <= slot.start && place.start < whole.start {
            place.start = whole.start;
        }
        (place, sure)
    }

    /// The sentences that `span` has a part of.
    fn between(&self, span: Span) -> &[Sentence] {
        let first = self.sentences.partition_point(|s| s.source.end <= span.start);
        let last = self.sentences.partition_point(|s| s.source.start < span.end);
        self.sentences.get(first..last).unwrap_or_default()
    }

    /// Where what stands at byte `at` between words goes: behind the word before it, or before the next after a space.
    fn point(&self, at: usize, slot: Span, whole: Span) -> (usize, bool) {
        if at <= slot.start {
            return (whole.start, true);
        }
        if at >= slot.end {
            return (whole.end, true);
        }
        let before = &self.source[..at];
        let parted = before.ends_with(' ');
        let next = self.sentences.partition_point(|s| s.source.start < at);
        if let Some(sentence) = self.sentences.get(next).filter(|s| s.source.start == at) {
            return (sentence.target.start, true);
        }
        let last = next.checked_sub(1).and_then(|last| self.sentences.get(last));
        if let Some(sentence) = last.filter(|s| s.source.end == at) {
            return (sentence.target.end, true);
        }
        let word = if parted {
            let rest = &self.source[at..];
            Span::new(at, at + rest.find(' ').unwrap_or(rest.len()))
        } else {
            Span::new(before.rfind(' ').map_or(0, |space| space + 1), at)
        };
        if word.is_empty() {
            return (whole.end, false);
        }
        let (place, sure) = self.place(word, slot, whole);
        (if parted { place.start } else { place.end }, sure)
    }
}

/// Writes a slot.
struct Writer<'a> {
    unit: &'a Unit,
    slot: &'a Slot,
    target: &'a str,
    places: &'a [Span],
    breaks: &'a [usize],
    eol: &'a str,
}

impl Writer<'_> {
    fn write(&self, whole: Span) -> String {
        let marks = &self.slot.marks;
        let mut children: Vec<Vec<usize>> = vec![Vec::new(); marks.len() + 1];
        for (index, mark) in marks.iter().enumerate() {
            children[mark.parent.map_or(0, |p| p + 1)].push(index);
        }
        for inside in &mut children {
            // the next to be written is the last
            inside.sort_by_key(|&index| std::cmp::Reverse((self.places[index].start, index)));
        }
        let mut out = String::new();
        let mut at = whole.start;
        let mut open: Vec<Option<usize>> = vec![None];
        while let Some(&node) = open.last() {
            match children[node.map_or(0, |n| n + 1)].pop() {
                Some(next) => {
                    self.text(Span::new(at, self.places[next].start.max(at)), &mut out);
                    at = self.places[next].start.max(at);
                    out.push_str(&marks[next].open);
                    open.push(Some(next));
                }
                None => {
                    open.pop();
                    let end = node.map_or(whole.end, |n| self.places[n].end).max(at);
                    match node.and_then(|n| marks[n].kept.as_ref()) {
                        Some(kept)
                            if node
                                .is_some_and(|n| self.places[n].is_empty() && !marks[n].span.is_empty()) =>
                        {
                            self.kept(kept, end, whole, &mut out);
                        }
                        Some(kept) => out.push_str(kept),
                        None => self.text(Span::new(at, end), &mut out),
                    }
                    at = end;
                    out.push_str(node.map_or("", |n| &marks[n].close));
                }
            }
        }
        out
    }

    /// Writes what stays as it is, at byte `end`; words that it has not taken the place of are parted from it.
    fn kept(&self, kept: &str, end: usize, whole: Span, out: &mut String) {
        let parted = |c: char| {
            (c.is_alphanumeric() && !is_unspaced(c)) || matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | ')')
        };
        let before = self.target[whole.start..end].chars().next_back();
        let after = self.target[end..whole.end].chars().next();
        if before.is_some_and(parted) && !out.ends_with(char::is_whitespace) {
            out.push(' ');
        }
        out.push_str(kept);
        if after.is_some_and(char::is_alphanumeric) && after.is_some_and(parted) {
            out.push(' ');
        }
    }

    fn text(&self, span: Span, out: &mut String) {
        let first = self.breaks.partition_point(|&b| b <= span.start);
        let mut at = span.start;
        for &line in self.breaks.get(first..).unwrap_or_default() {
            if line > span.end {
                break;
            }
            self.unit.escape.apply(self.target[at..line].trim_end(), out);
            out.push_str(self.eol);
            at = line;
        }
        self.unit.escape.apply(&self.target[at..span.end], out);
    }
}
