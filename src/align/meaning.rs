//! Names by what an encoder makes of the words, or by what the translator tells of them: where no sound tells them, and,
//! for an encoder, where a faint one misleads.

use crate::align::Side;
use crate::align::common::is_common;
use crate::align::gazetteer::{Hit, Kind, gazetteer};
use crate::align::likeness::{Matches, TokenLink};
use crate::align::names::{Found, Memory, Segment, bare};
use crate::text::span::Span;
use crate::text::transliterate::similarity;
use crate::text::words::{opens_sentence, words};

/// What was found by a sound no better than this is given up where the meaning points elsewhere.
const FAINT: f64 = 0.8;
/// How sure a link by meaning is: less than one by sound or by the gazetteer.
const BY_MEANING: f64 = 0.6;
/// How alike two names must sound where their meanings alone are no proof.
const A_LITTLE: f64 = 0.45;
/// How near two names must be to be one whatever they sound like.
const THE_SAME: f64 = 0.72;

impl Found {
    /// Whether more than its meaning tells it: only then is its form one that the document is known to use.
    pub(super) fn is_heard(&self) -> bool {
        self.score != BY_MEANING
    }
}

/// The matches of all pairs, asked by words.
pub(super) struct Meaning<'a> {
    matches: &'a [Matches],
    source: Vec<Span>,
    target: Vec<Span>,
}

impl<'a> Meaning<'a> {
    /// None without an encoder.
    pub(super) fn of(matches: &'a [Matches], source: &Side<'_>, target: &Side<'_>) -> Option<Self> {
        (!matches.is_empty()).then(|| Self {
            matches,
            source: words(source.text),
            target: words(target.text),
        })
    }

    /// The words of the target that surely mean what stands at `spans` of the source, and the share of its words that
    /// have such a counterpart.
    pub(super) fn words(&self, segment: usize, spans: &[Span]) -> (Vec<Span>, f64) {
        let Some(matches) = self.matches.get(segment) else {
            return (Vec::new(), 0.0);
        };
        let mine = self.inside(spans);
        let sure = mine
            .iter()
            .filter_map(|&word| matches.best(word).filter(TokenLink::is_sure));
        let found: Vec<Span> = sure.map(|link| link.target).collect();
        let hit = |word: &&Span| found.iter().any(|token| token.overlaps(**word));
        let words = self.target.iter().filter(hit).copied().collect();
        (words, found.len() as f64 / mine.len().max(1) as f64)
    }

    /// The share of the words at `spans` of the source whose best counterpart stands at `theirs`; none if they are no words,
    /// or nothing is known of the segment.
    pub(super) fn share(&self, segment: usize, spans: &[Span], theirs: &[Span]) -> Option<f64> {
        let matches = self.matches.get(segment).filter(|m| !m.links.is_empty())?;
        let mine = self.inside(spans);
        let there = |word: &&Span| {
            matches
                .best(**word)
                .is_some_and(|link| theirs.iter().any(|s| s.overlaps(link.target)))
        };
        let found = mine.iter().filter(there).count();
        (!mine.is_empty()).then(|| found as f64 / mine.len() as f64)
    }

    /// The weight of the strongest link between both.
    pub(super) fn joined(&self, segment: usize, spans: &[Span], theirs: &[Span]) -> f64 {
        let touches = |list: &[Span], span: Span| list.iter().any(|s| s.overlaps(span));
        let links = self.matches.get(segment).map_or(&[][..], |m| &m.links);
        links
            .iter()
            .filter(|link| touches(spans, link.source) && touches(theirs, link.target))
            .map(|link| link.weight)
            .fold(0.0, f64::max)
    }

    fn inside(&self, spans: &[Span]) -> Vec<Span> {
        let within = |word: &&Span| spans.iter().any(|s| s.contains(**word));
        self.source.iter().filter(within).copied().collect()
    }
}

impl Segment<'_> {
    /// Takes back what was found by a faint likeness of sound where the encoder knows a better counterpart.
    pub(super) fn forget_unlike(&mut self, meaning: &Matches) {
        self.found.retain(|f| {
            let elsewhere = |link: TokenLink| link.is_sure() && !link.target.overlaps(f.target);
            f.score >= FAINT
                || meaning.joins(f.source, f.target)
                || !meaning.best(f.source).is_some_and(elsewhere)
        });
    }

    /// Gives open words of names the word that means the same, or that the translator made of them, unless it is another
    /// word's, or the document knows the name by another form.
    pub(super) fn link_by_matches(&mut self, meaning: &Matches, memory: &Memory) {
        let all = words(self.target);
        for word in self.open_words() {
            let text = bare(word.of(self.source));
            let Some(link) = meaning.best(word).filter(TokenLink::is_sure) else {
                continue;
            };
            let Some(target) = self.part(word, link, meaning, &all) else {
                continue;
            };
            let form = target.of(self.target);
            let alike = similarity(&text, self.from, form, self.to);
            let free = !self.taken(target, &text) && !self.known_as_another(target);
            if free
                && self.may_be_named(word, target, link, alike)
                && !memory.contradicts(&text, form, alike, self.to)
            {
                self.found.push(Found {
                    source: word,
                    target,
                    score: BY_MEANING,
                });
            }
        }
    }

    /// Whether the gazetteer knows the target's word, as something that the source word is not: Sunday is no Saturday,
    /// however near their meanings are.
    fn known_as_another(&self, target: Span) -> bool {
        let term = |hit: &Hit| hit.entries.iter().all(|&e| gazetteer().kind(e) == Kind::Term);
        self.target_hits
            .iter()
            .any(|hit| hit.span.overlaps(target) && !term(hit))
    }

    /// A name that became another name must sound a little like it, or mean the very same: an encoder puts all speakers
    /// close together. What the translator alone tells needs a second sign in any case (see `alignment`).
    fn may_be_named(&self, word: Span, target: Span, link: TokenLink, alike: f64) -> bool {
        let capital =
            |text: &str| text.starts_with(char::is_uppercase) && text.chars().any(char::is_lowercase);
        let (source, form) = (word.of(self.source), target.of(self.target));
        let common = is_common(&bare(source), self.from);
        alike >= A_LITTLE
            || match link.cosine {
                Some(cosine) => !capital(source) || !capital(form) || common || cosine >= THE_SAME,
                // names of papers, ships and plants may be translated
                None => self.is_quoted(target) || common && capital(form) && !self.opens(target),
            }
    }

    fn is_quoted(&self, target: Span) -> bool {
        self.target[..target.start].ends_with(['"', '«', '“', '„', '「', '『', '《', '‘'])
    }

    fn opens(&self, target: Span) -> bool {
        opens_sentence(self.target, target.start)
    }

    /// What of the target's word is linked to `word`: a particle is not.
    fn part(&self, word: Span, link: TokenLink, meaning: &Matches, all: &[Span]) -> Option<Span> {
        let whole = all.iter().find(|w| w.overlaps(link.target))?;
        let linked = meaning
            .links
            .iter()
            .filter(|l| l.source.overlaps(word) && whole.contains(l.target));
        let part = linked.map(|l| l.target).reduce(Span::cover)?;
        // Only what opens the word can be a name without the rest.
        Some(Span::new(whole.start, part.end.max(whole.start)))
    }
}
