//! How East Asian texts set foreign names, beyond their sound: explained in brackets, written as one word, one syllable before
//! a title.

use crate::align::gazetteer::{Hit, Kind, gazetteer};
use crate::align::names::{Candidate, Found, Segment, SoundCache, bare, floor};
use crate::text::language::Language;
use crate::text::span::Span;
use crate::text::transliterate::{Sound, best, is_surname};
use crate::text::words::words;

impl Segment<'_> {
    /// 키갈리(Kigali), 彼得森（Peterson）: a name in its own letters explains the word before it, which is the name as well.
    pub(super) fn link_explained(&mut self, cache: &mut SoundCache) {
        if !matches!(self.to.code(), "ko" | "zh") {
            return;
        }
        let (mut more, mut misread) = (Vec::new(), Vec::new());
        for found in self.found.iter().filter(|f| f.target.of(self.target).is_ascii()) {
            let text = bare(found.source.of(self.source));
            let sounds = cache
                .entry(text.clone())
                .or_insert_with(|| Sound::variants(&text, self.from));
            let bracket = self.target[..found.target.start]
                .rfind(['(', '（'])
                .unwrap_or(found.target.start);
            let before = |c: &&Candidate| c.span.end <= bracket && bracket - c.span.end <= 60;
            let native = self
                .candidates
                .iter()
                .filter(before)
                .filter(|c| !c.span.of(self.target).is_ascii());
            let alike: Vec<(f64, Span)> = native
                .map(|c| (best(sounds, &c.sounds) - c.penalty, c.span))
                .filter(|(score, _)| *score >= 0.45)
                .collect();
            // The name itself stands in the words right before, as many as are in the brackets.
            let count = words(&self.target[bracket..found.target.end]).len();
            let near = words(&self.target[..bracket])
                .iter()
                .rev()
                .nth(count.max(2) - 1)
                .map_or(0, |s| s.start);
            let spelt = alike.iter().any(|(_, span)| span.start >= near);
            if !spelt && in_brackets(self.target, found.target) {
                misread.push((found.source, found.target));
            }
            let top = alike
                .into_iter()
                .filter(|(score, span)| *score >= 0.5 && !self.taken(*span, &text))
                .max_by(|a, b| a.0.total_cmp(&b.0));
            more.extend(top.map(|(score, target)| Found {
                source: found.source,
                target,
                score,
            }));
        }
        for known in self.known.iter().filter(|k| k.score > 0.9) {
            let here = |hit: &&Hit| hit.span == known.target;
            let entries = self
                .target_hits
                .iter()
                .find(here)
                .map_or(&[][..], |hit| &hit.entries);
            let shares =
                |hit: &Hit| hit.span != known.target && hit.entries.iter().any(|e| entries.contains(e));
            if known.target.of(self.target).is_ascii()
                && in_brackets(self.target, known.target)
                && !self.target_hits.iter().any(shares)
            {
                misread.push((known.source, known.target));
            }
        }
        self.found.extend(more);
        self.misread = misread;
    }

    /// 문재인 for "Moon Jae-in": all words of the name in one, family name first or last.
    pub(super) fn link_written_together(&mut self) {
        if self.to != Language::KO {
            return;
        }
        let open = self.open_words();
        let mut more = Vec::new();
        for name in &self.names {
            // "On Monday Han Bo-mi": what the gazetteer knows is no part of it.
            let own: Vec<Span> = name
                .words
                .iter()
                .copied()
                .filter(|&w| !self.is_known(w))
                .collect();
            if own.len() < 2 || !own.iter().all(|w| open.contains(w)) {
                continue;
            }
            let mut parts: Vec<String> = own.iter().map(|w| bare(w.of(self.source))).collect();
            if let Some(last) = parts.last_mut() {
                last.push_str(self.second_syllable(name.span));
            }
            let mut turned = parts.clone();
            turned.rotate_right(1);
            let mut sounds = Sound::variants(&parts.concat(), self.from);
            sounds.extend(Sound::variants(&turned.concat(), self.from));
            let floor = floor(sounds.first().map_or(0, Sound::consonants), self.to);
            let free = self.candidates.iter().filter(|c| !self.taken(c.span, ""));
            let top = free
                .map(|c| (best(&sounds, &c.sounds) - c.penalty, c.span))
                .filter(|(score, _)| *score >= floor)
                .max_by(|a, b| a.0.total_cmp(&b.0));
            if let Some((score, target)) = top {
                more.extend(own.iter().map(|&source| Found {
                    source,
                    target,
                    score,
                }));
            }
        }
        self.found.extend(more);
    }

    /// "-mi" of "Bo-mi", which has no capital.
    fn second_syllable(&self, name: Span) -> &str {
        let rest = self.source[name.end..].strip_prefix('-').unwrap_or("");
        let end = rest.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(rest.len());
        if end <= 5 { &rest[..end] } else { "" }
    }

    /// 이 씨, 노 대통령: a family name of one syllable says too little by its sound. It is known by its place before a title,
    /// where one such name is left on each side.
    pub(super) fn link_titled(&mut self) {
        if self.to != Language::KO {
            return;
        }
        let short = |word: &Span| {
            let sounds = Sound::variants(&bare(word.of(self.source)), self.from);
            word.len() <= 5 && sounds.first().is_some_and(|s| s.consonants() <= 2)
        };
        let open: Vec<Span> = self.open_words().into_iter().filter(short).collect();
        let spans = words(self.target);
        let one = |word: Span| word.of(self.target).chars().count() == 1 && !word.of(self.target).is_ascii();
        let titled: Vec<Span> = spans
            .windows(2)
            .filter(|pair| one(pair[0]) && pair[1].start - pair[0].end == 1 && self.is_title(pair[1]))
            .map(|pair| pair[0])
            .filter(|word| !self.taken(*word, ""))
            .collect();
        let syllable = |target: Span| target.of(self.target).chars().next().unwrap_or(' ');
        let same = |source: Span, target: Span| is_surname(&bare(source.of(self.source)), syllable(target));
        let mut links: Vec<(Span, Span)> = Vec::new();
        for &source in &open {
            let known = titled.iter().copied().find(|&t| same(source, t) == Some(true));
            links.extend(known.map(|target| (source, target)));
        }
        // an unlisted name may be the one that is left, a listed one is not another
        if let (&[source], &[target], true) = (&open[..], &titled[..], links.is_empty())
            && same(source, target).is_none()
        {
            links.push((source, target));
        }
        self.found.extend(links.into_iter().map(|(source, target)| Found {
            source,
            target,
            score: 0.72,
        }));
    }

    /// Whether a Korean word opens with a common noun: an office, a role, 씨.
    fn is_title(&self, word: Span) -> bool {
        let term = |hit: &Hit| hit.entries.iter().all(|&e| gazetteer().kind(e) == Kind::Term);
        self.target_hits
            .iter()
            .any(|hit| hit.span.start == word.start && term(hit))
    }
}

/// Whether `span` stands in round brackets that follow something or open the text.
fn in_brackets(text: &str, span: Span) -> bool {
    text[..span.start]
        .rfind(['(', '（', ')', '）'])
        .is_some_and(|at| text[at..].starts_with(['(', '（']))
}
