//! Names of one segment and of its counterpart → which is which.
//!
//! Independent signs, strongest first: the gazetteer, the same letters, the sound, the same name in other segments, and what
//! is left over when all else has its place. A target word serves one source word, unless the source repeats it.

use std::collections::HashMap;

use crate::align::common::is_common;
use crate::align::gazetteer::{Hit, Kind, gazetteer};
use crate::text::language::Language;
use crate::text::span::Span;
use crate::text::transliterate::{Sound, best, is_particle, writes_names};
use crate::text::words::{Name, opens_sentence, words};

/// What one word of a name was found as.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) source: Span,
    pub(super) target: Span,
    pub(super) score: f64,
}

/// How sure a common noun or pronoun of the gazetteer is: others may use the same word.
const ROLE: f64 = 0.7;
/// How sure a name of the gazetteer is.
const KNOWN: f64 = 0.95;

impl Found {
    /// Whether it is a common noun or pronoun, and no name.
    pub(super) fn is_role(&self) -> bool {
        self.score == ROLE
    }
}

/// One segment pair under reading; spans are relative to the segments' texts.
pub(super) struct Segment<'a> {
    pub(super) source: &'a str,
    pub(super) target: &'a str,
    pub(super) from: Language,
    pub(super) to: Language,
    /// Names of the source segment.
    pub(super) names: Vec<Name>,
    pub(super) source_hits: Vec<Hit>,
    pub(super) target_hits: Vec<Hit>,
    /// Gazetteer entries on both sides.
    pub(super) known: Vec<Found>,
    /// Words of names.
    pub(super) found: Vec<Found>,
    /// Words of names that stand in their own letters after a word that is not theirs: source word, explanation.
    pub(super) misread: Vec<(Span, Span)>,
    pub(super) candidates: Vec<Candidate>,
}

/// A target word (or a run of Chinese characters) that may be a name's.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) span: Span,
    pub(super) sounds: Vec<Sound>,
    /// What speaks against it from the start.
    pub(super) penalty: f64,
}

/// Sounds of source words, computed once a document.
pub(super) type SoundCache = HashMap<String, Vec<Sound>>;

impl<'a> Segment<'a> {
    pub(super) fn new(
        source: &'a str,
        target: &'a str,
        from: Language,
        to: Language,
        names: Vec<Name>,
    ) -> Self {
        let table = gazetteer();
        let target_hits = table.find(target, to);
        let mut segment = Self {
            source,
            target,
            from,
            to,
            names,
            source_hits: table.find(source, from),
            candidates: candidates(target, to, &target_hits),
            target_hits,
            known: Vec::new(),
            found: Vec::new(),
            misread: Vec::new(),
        };
        segment.link_known();
        segment
    }

    /// Entries that stand on both sides, in order; what the target says once may stand for several.
    fn link_known(&mut self) {
        let mut used = vec![0usize; self.target_hits.len()];
        for hit in &self.source_hits {
            let shares = |t: &Hit| t.entries.iter().any(|e| hit.entries.contains(e));
            let place = self
                .target_hits
                .iter()
                .enumerate()
                .filter(|(_, t)| shares(t))
                .min_by_key(|(i, _)| (used[*i], *i))
                .map(|(i, _)| i);
            if let Some(i) = place {
                used[i] += 1;
                let term = hit.entries.iter().all(|&e| gazetteer().kind(e) == Kind::Term);
                let score = if term { ROLE } else { KNOWN };
                self.known.push(Found {
                    source: hit.span,
                    target: self.target_hits[i].span,
                    score,
                });
            }
        }
    }

    /// Whether a gazetteer entry with a counterpart covers the word.
    pub(super) fn is_known(&self, word: Span) -> bool {
        self.known.iter().any(|k| k.source.overlaps(word))
    }

    /// The words of names that still look for a counterpart.
    pub(super) fn open_words(&self) -> Vec<Span> {
        self.names
            .iter()
            .flat_map(|name| name.words.iter().copied())
            .filter(|&word| !self.is_known(word) && !self.found.iter().any(|f| f.source == word))
            .collect()
    }

    /// Whether the target has a pronoun that no word of the source accounts for.
    pub(super) fn has_spare_pronoun(&self) -> bool {
        let linked = |hit: &Hit| self.known.iter().any(|k| k.target == hit.span);
        let pronoun = |hit: &Hit| hit.entries.iter().any(|&e| gazetteer().is_pronoun(e));
        self.target_hits.iter().any(|hit| pronoun(hit) && !linked(hit))
    }

    pub(super) fn taken(&self, span: Span, by: &str) -> bool {
        let holder = |f: &Found| f.target.overlaps(span) && bare(f.source.of(self.source)) != by;
        let known = |k: &Found| k.target.overlaps(span) && k.score > 0.9;
        self.found.iter().any(holder) || self.known.iter().any(known)
    }

    /// Finds words by their letters and their sound, the surest first.
    pub(super) fn link_by_sound(&mut self, cache: &mut SoundCache) {
        let mut pairs: Vec<(f64, Span, Span)> = Vec::new();
        for word in self.open_words() {
            let text = bare(word.of(self.source));
            let sounds = cache
                .entry(text.clone())
                .or_insert_with(|| Sound::variants(&text, self.from));
            let consonants = sounds.first().map_or(0, Sound::consonants);
            let floor = floor(consonants, self.to) - 0.14;
            for candidate in &self.candidates {
                let score = best(sounds, &candidate.sounds) - candidate.penalty;
                if score >= floor {
                    pairs.push((score, word, candidate.span));
                }
            }
        }
        pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
        // First what stands on its own, then what a neighbour of the same name supports; one character of Chinese, which
        // many longer names hold, only after these.
        for (brief, lenient) in [
            (false, false),
            (false, true),
            (false, true),
            (true, false),
            (true, true),
        ] {
            for &(score, word, target) in &pairs {
                if self.is_brief(target) != brief {
                    continue;
                }
                let text = bare(word.of(self.source));
                let open = !self.found.iter().any(|f| f.source == word);
                if !open || self.taken(target, &text) {
                    continue;
                }
                let consonants = cache
                    .get(&text)
                    .and_then(|s| s.first())
                    .map_or(0, Sound::consonants);
                let floor = floor(consonants, self.to);
                let beside = self.neighbour(word, target);
                let alone = score >= floor && !(brief && self.has_company(word) && !beside);
                if alone || (lenient && beside && score >= floor - self.leniency()) {
                    self.found.push(Found {
                        source: word,
                        target,
                        score: score.min(1.0),
                    });
                }
            }
        }
    }

    /// Whether a target word is one character of Chinese.
    fn is_brief(&self, target: Span) -> bool {
        self.to == Language::ZH && target.of(self.target).chars().nth(1).is_none()
    }

    /// Whether the name that holds `word` has other words, beside which its counterpart would stand.
    fn has_company(&self, word: Span) -> bool {
        self.names
            .iter()
            .any(|n| n.words.len() > 1 && n.words.contains(&word))
    }

    /// How much less alike a word may sound where its neighbour was found. Any Korean word may stand beside a name, in
    /// other languages only what has a capital.
    fn leniency(&self) -> f64 {
        if self.to == Language::KO { 0.06 } else { 0.14 }
    }

    /// Whether another word of the same name was found right beside `target`.
    fn neighbour(&self, word: Span, target: Span) -> bool {
        let Some(name) = self.names.iter().find(|n| n.words.contains(&word)) else {
            return false;
        };
        self.found.iter().any(|f| {
            let (first, second) = if f.target <= target {
                (f.target, target)
            } else {
                (target, f.target)
            };
            name.words.contains(&f.source)
                && f.source != word
                && first.end <= second.start
                && second.start - first.end <= 4
        })
    }

    /// Takes back what was found by a faint likeness where other segments know the name in a much better form.
    pub(super) fn forget_doubtful(&mut self, memory: &Memory) {
        let (source, target, to) = (self.source, self.target, self.to);
        self.found.retain(|f| {
            f.score >= 0.85
                || !memory.contradicts(&bare(f.source.of(source)), f.target.of(target), f.score, to)
        });
    }

    /// A half-found name takes the stranger beside it for the rest: «Майкл Стіл» for "Michael Steele".
    pub(super) fn link_beside(&mut self, memory: &Memory) {
        for word in self.open_words() {
            let strangers = self.strangers();
            let free = strangers.into_iter().filter(|s| self.neighbour(word, *s));
            let text = bare(word.of(self.source));
            let sounds = Sound::variants(&text, self.from);
            let alike = |s: &Span| best(&sounds, &Sound::variants(s.of(self.target), self.to));
            let top = free.max_by(|a, b| alike(a).total_cmp(&alike(b)));
            let known = |s: &Span| memory.contradicts(&text, s.of(self.target), alike(s), self.to);
            if let Some(target) = top.filter(|s| alike(s) >= 0.4 && !known(s)) {
                self.found.push(Found {
                    source: word,
                    target,
                    score: 0.55,
                });
            }
        }
    }

    /// Finds a word in the form that it had in other segments.
    pub(super) fn link_by_memory(&mut self, memory: &Memory) {
        for word in self.open_words() {
            let text = bare(word.of(self.source));
            let mut top: Option<(f64, Span)> = None;
            for (form, _) in memory.forms(&text) {
                let sounds = Sound::variants(form, self.to);
                for candidate in &self.candidates {
                    let score = best(&sounds, &candidate.sounds) - candidate.penalty;
                    if score >= 0.85 && top.is_none_or(|t| score > t.0) && !self.taken(candidate.span, &text)
                    {
                        top = Some((score, candidate.span));
                    }
                }
            }
            if let Some((score, target)) = top {
                self.found.push(Found {
                    source: word,
                    target,
                    score: score * 0.85,
                });
            }
        }
    }

    /// Names of the target without a counterpart: capital letters inside a sentence, in languages that use them so.
    pub(super) fn strangers(&self) -> Vec<Span> {
        if matches!(self.to.code(), "ko" | "zh" | "ja" | "de") {
            return Vec::new();
        }
        crate::text::words::names(self.target, self.to)
            .iter()
            .flat_map(|name| name.words.iter().copied())
            .filter(|&word| {
                let small = self
                    .found
                    .iter()
                    .chain(&self.known)
                    .any(|f| f.target.overlaps(word));
                let hit = self.target_hits.iter().any(|h| h.span.overlaps(word));
                let quoted = self.target[..word.start].ends_with(['"', '«', '“', '„', '\'', '‘', '’']);
                let opens = quoted || opens_sentence(self.target, word.start);
                !small && !hit && !opens && word.of(self.target).chars().count() > 2
            })
            .collect()
    }

    /// When one name is left on each side, they are each other's, if they stand about alike or sound a little alike.
    pub(super) fn link_the_rest(&mut self, cache: &mut SoundCache, memory: &Memory) {
        let open = self.open_words();
        let strangers: Vec<Span> = self
            .strangers()
            .into_iter()
            .filter(|s| !opens_sentence(self.target, s.start))
            .collect();
        let (&[word], &[target]) = (&open[..], &strangers[..]) else {
            return;
        };
        let text = bare(word.of(self.source));
        let sounds = cache
            .entry(text.clone())
            .or_insert_with(|| Sound::variants(&text, self.from));
        let score = best(sounds, &Sound::variants(target.of(self.target), self.to));
        if score >= 0.4 && !memory.contradicts(&text, target.of(self.target), score, self.to) {
            self.found.push(Found {
                source: word,
                target,
                score: 0.5,
            });
        }
    }
}

/// The forms that each word of the source had in the target, over the whole document.
#[derive(Default)]
pub(super) struct Memory(HashMap<String, Vec<(String, f64)>>);

impl Memory {
    /// What the segments found by themselves.
    pub(super) fn of(segments: &[Segment<'_>]) -> Self {
        let mut memory = Self::default();
        for segment in segments {
            for found in segment.found.iter().filter(|f| f.score >= 0.6) {
                let forms = memory.0.entry(bare(found.source.of(segment.source))).or_default();
                let form = found.target.of(segment.target);
                if let Some((_, score)) = forms.iter_mut().find(|(known, _)| known == form) {
                    *score = score.max(found.score);
                } else if forms.len() < 4 {
                    forms.push((form.to_owned(), found.score));
                }
            }
        }
        memory
    }

    /// The forms of a word, with their scores.
    fn forms(&self, word: &str) -> &[(String, f64)] {
        self.0.get(word).map_or(&[], Vec::as_slice)
    }

    /// Whether the document knows the word by a form that fits it much better than `form`, and is another.
    pub(super) fn contradicts(&self, word: &str, form: &str, score: f64, language: Language) -> bool {
        let sounds = Sound::variants(form, language);
        self.forms(word).iter().any(|(known, better)| {
            *better >= score + 0.08
                && !known.is_ascii()
                && best(&sounds, &Sound::variants(known, language)) < 0.7
        })
    }
}

/// The word in lower case without a possessive.
pub(super) fn bare(word: &str) -> String {
    let lower = word.to_lowercase();
    lower.trim_end_matches("'s").trim_end_matches("’s").to_owned()
}

/// How alike two words must sound: the fewer consonants, the more. More where any word may be a name.
pub(super) fn floor(consonants: usize, to: Language) -> f64 {
    let floors = match to.code() {
        "ko" => [0.95, 0.82, 0.76, 0.73],
        "zh" => [0.96, 0.8, 0.72, 0.66],
        _ => [0.84, 0.74, 0.66, 0.6],
    };
    floors[consonants.clamp(1, 4) - 1]
}

/// Target words that may be names: capital letters where the language has them; all words of Korean, with and without
/// particles; runs of the characters that Chinese writes names with; whatever stands in Latin letters.
fn candidates(text: &str, language: Language, hits: &[Hit]) -> Vec<Candidate> {
    let mut list = Vec::new();
    for span in words(text) {
        let word = span.of(text);
        let first = word.chars().next().unwrap_or(' ');
        if ('가'..='힣').contains(&first) {
            if !is_predicate(text, span) && !is_common(word, language) && !is_term(text, span, hits) {
                korean_candidates(text, span, &mut list);
            }
        } else if ('\u{4e00}'..='\u{9fff}').contains(&first) {
            chinese_candidates(text, span, &mut list);
        } else if first.is_uppercase() || (first.is_alphabetic() && matches!(language.code(), "ko" | "zh")) {
            let sounds = Sound::variants(word, if first.is_ascii() { Language::EN } else { language });
            list.push(Candidate {
                span,
                sounds,
                penalty: 0.0,
            });
        }
    }
    list
}

/// Whether a Korean word is a common noun of the gazetteer, with or without its particle.
fn is_term(text: &str, span: Span, hits: &[Hit]) -> bool {
    hits.iter().any(|hit| {
        let whole = hit.span.start == span.start
            && hit.span.of(text).chars().count() >= 2
            && hit.entries.iter().all(|&e| gazetteer().kind(e) == Kind::Term);
        whole
            && text
                .get(hit.span.end..span.end)
                .is_some_and(|rest| rest.is_empty() || is_particle(rest))
    })
}

/// Whether a Korean word closes a sentence or a quotation: 말했다., 라고.
fn is_predicate(text: &str, span: Span) -> bool {
    let word = span.of(text);
    let closes = text[span.end..]
        .trim_start_matches(['"', '”', '’', '\''])
        .starts_with(['.', '!', '?']);
    let long = word.chars().count() >= 2;
    let negated = word.ends_with('지') && text[span.end..].trim_start().starts_with(['않', '못', '말']);
    negated
        || long
            && ((closes && word.ends_with(['다', '요', '죠', '까']))
                || word.ends_with("라고")
                || word.ends_with("다고")
                || word.ends_with("했던"))
}

/// The word whole (particles come off by their sounds), and its openings: a title may stick to a name.
fn korean_candidates(text: &str, span: Span, list: &mut Vec<Candidate>) {
    let word = span.of(text);
    list.push(Candidate {
        span,
        sounds: Sound::variants(word, Language::KO),
        penalty: 0.0,
    });
    let ends: Vec<usize> = word.char_indices().map(|(i, _)| i).collect();
    for (count, &end) in ends.iter().enumerate().skip(2) {
        let part = Span::new(span.start, span.start + end);
        let left = ends.len() - count;
        // What is left is a particle, or a title, or another word altogether.
        let rest = &word[end..];
        let begins = |word: &str| {
            word.char_indices()
                .skip(1)
                .any(|(at, _)| is_particle(&word[..at]))
        };
        let unlike = match rest {
            rest if is_particle(rest) => 0.02,
            rest if begins(rest) => 0.05,
            _ => 0.1,
        };
        let penalty = unlike + 0.01 * left as f64;
        let sounds = Sound::variants(part.of(text), Language::KO)
            .into_iter()
            .take(1)
            .collect();
        list.push(Candidate {
            span: part,
            sounds,
            penalty,
        });
    }
}

/// Every run of two to seven characters (one for the shortest names) that names are written with.
fn chinese_candidates(text: &str, span: Span, list: &mut Vec<Candidate>) {
    let chars: Vec<(usize, char)> = span
        .of(text)
        .char_indices()
        .map(|(i, c)| (span.start + i, c))
        .collect();
    for (i, &(start, first)) in chars.iter().enumerate() {
        if !writes_names(first) {
            continue;
        }
        for &(at, c) in chars[i..].iter().take(7) {
            if !writes_names(c) {
                break;
            }
            let part = Span::new(start, at + c.len_utf8());
            let penalty = if part.len() <= 3 { 0.08 } else { 0.0 };
            list.push(Candidate {
                span: part,
                sounds: Sound::variants(part.of(text), Language::ZH),
                penalty,
            });
        }
    }
}
