//! Whom of the target a source is found as, and who stands there in its place.

use super::{Carrier, head};
use crate::align::LostName;
use crate::align::gazetteer::{Hit, gazetteer};
use crate::attribution::{Attribution, SourceKind, is_pronoun};
use crate::text::language::Language;
use crate::text::span::Span;
use crate::text::transliterate::is_surname;

/// How sure a source is that nothing but its place tells.
const BY_PLACE: f64 = 0.5;
/// How sure a source is that stands in the place of one, and of which the translator tells that it made it of the source.
const BY_PLACE_AND_ALIGNMENT: f64 = 0.6;
/// How sure a source is that nothing but an encoder tells: enough to be found, less than by any other sign.
const BY_MEANING: f64 = 0.55;
/// Characters between a cue and the name of the one who speaks.
const BESIDE: usize = 20;

/// What a source was found as.
#[derive(Default)]
pub(super) struct Who {
    pub(super) spans: Vec<Span>,
    pub(super) score: f64,
    /// Whether something else speaks in its place, so that it was not dropped.
    pub(super) replaced: bool,
}

impl Carrier<'_> {
    /// The counterpart of the source in the target, where `theirs` is the attribution there that tells the claim.
    pub(super) fn speaker(
        &self,
        attribution: &Attribution,
        segment: usize,
        theirs: Option<&Attribution>,
    ) -> Who {
        let mut who = self.who(attribution, segment);
        if self.mentioned(attribution).is_some() {
            let another = theirs.is_some_and(|theirs| self.another_speaks(attribution, theirs));
            return if another { Who::default() } else { who };
        }
        if let Some(theirs) = theirs {
            let replaced = self.only_owner(attribution, segment, theirs)
                || who.spans.is_empty() && self.thing_speaks(attribution, theirs);
            let elsewhere = replaced || self.only_elsewhere(attribution, segment, &who.spans, theirs);
            if elsewhere {
                who = Who {
                    replaced,
                    ..Who::default()
                };
            }
            who.spans = whole_names(who.spans, &theirs.source_spans);
            if who.spans.is_empty() && !elsewhere && self.left_over(attribution, segment, theirs) {
                who.spans = theirs.source_spans.clone();
                who.score = if self.is_told(attribution, segment, &who.spans) {
                    BY_PLACE_AND_ALIGNMENT
                } else {
                    BY_PLACE
                };
            }
        }
        if let Some(meaning) = &self.meaning
            && who.spans.is_empty()
            && !self.named(attribution)
        {
            let (spans, share) = meaning.words(segment, &attribution.source_spans);
            if share >= 0.5 {
                who.spans = spans;
                who.score = BY_MEANING;
            }
        }
        who
    }

    /// Where the target names the source, if that is known beforehand.
    pub(super) fn mentioned(&self, attribution: &Attribution) -> Option<&[Span]> {
        self.mentions.get(attribution.source?).map(Vec::as_slice)
    }

    /// Whether `theirs` has another source of the source text for its speaker: none that relays this one or is relayed by
    /// it, which may well stand there.
    fn another_speaks(&self, attribution: &Attribution, theirs: &Attribution) -> bool {
        let speaks = |spans: &[Span]| {
            theirs
                .source_spans
                .iter()
                .any(|t| spans.iter().any(|s| s.overlaps(*t)))
        };
        if self.mentioned(attribution).is_some_and(speaks) {
            return false;
        }
        let all = &self.source.claims.attributions;
        let parent = attribution.parent.and_then(|p| all.get(p));
        let relayed = all.iter().filter(|a| {
            let parent = a.parent.and_then(|p| all.get(p));
            parent.is_some_and(|p| std::ptr::eq(p, attribution))
        });
        let related: Vec<Option<usize>> = parent.into_iter().chain(relayed).map(|a| a.source).collect();
        let mut mentions = self.mentions.iter().enumerate();
        mentions
            .any(|(s, spans)| Some(s) != attribution.source && !related.contains(&Some(s)) && speaks(spans))
    }

    /// Whether by position and exclusion the speaker of `theirs` is the source: nobody else stands there.
    fn left_over(&self, attribution: &Attribution, segment: usize, theirs: &Attribution) -> bool {
        let spans = &theirs.source_spans;
        !spans.is_empty()
            && !self.someone_else(spans, segment)
            && !self.known_otherwise(attribution)
            && !self.of_another_family(attribution, spans)
    }

    /// Whether the translator tells that `spans` are what it made of the source. It cannot tell that a name is the right
    /// one, so a source counts only if the name that it lacks may be translated.
    fn is_told(&self, attribution: &Attribution, segment: usize, spans: &[Span]) -> bool {
        let inside = |l: &LostName| attribution.source_spans.iter().any(|s| s.contains(l.source));
        let told = self.told.as_ref();
        let share = told.and_then(|told| told.share(segment, &attribution.source_spans, spans));
        share.is_some_and(|share| share >= 0.5) && self.links.lost.iter().all(|l| l.common || !inside(l))
    }

    /// The counterpart of the source by names, entries of the gazetteer, roles and pronouns.
    pub(super) fn who(&self, attribution: &Attribution, segment: usize) -> Who {
        if let Some(spans) = self.mentioned(attribution) {
            return Who {
                spans: spans.to_vec(),
                score: if spans.is_empty() { 0.0 } else { 1.0 },
                replaced: false,
            };
        }
        let mut who = Who::default();
        let Some(parts) = self.links.parts.get(segment) else {
            return who;
        };
        let mut words = 0.0_f64;
        let mut gained = 0.0_f64;
        for span in &attribution.source_spans {
            for part in parts.iter().filter(|p| span.contains(p.source)) {
                if !who.spans.contains(&part.target) {
                    who.spans.push(part.target);
                }
                gained = gained.max(part.score);
            }
            let lost = self.links.lost.iter().filter(|l| span.contains(l.source)).count();
            words += lost as f64;
        }
        // A name of which a word is missing is less sure; the rest of the name still counts.
        let found = who.spans.len() as f64;
        who.score = if found == 0.0 {
            0.0
        } else {
            gained * (found / (found + 0.4 * words)).max(0.6)
        };
        who.spans.sort();
        who
    }

    /// Whether the speaker, whom the source names more often than the target does, is left in the target only as somebody
    /// who is spoken of: "Drummond trusted Drummond's engineer" told as «Капітан довіряв інженеру Драммонда».
    fn only_elsewhere(
        &self,
        attribution: &Attribution,
        segment: usize,
        found: &[Span],
        theirs: &Attribution,
    ) -> bool {
        let mine = |s: Span| attribution.source_spans.iter().any(|a| a.contains(s));
        let shared = self.links.shared.iter().any(|&(i, s)| i == segment && mine(s));
        let overlap = |s: &Span| found.iter().any(|f| f.overlaps(*s));
        if !shared || found.is_empty() || theirs.source_spans.iter().any(overlap) {
            return false;
        }
        let (text, language) = (self.target.text, self.target.language);
        let here = self.pairs.get(segment).map_or("", |p| p.target.of(text));
        let words = || found.iter().map(|f| f.of(text));
        // the name stands twice after all, or with the particle of one who speaks
        let twice = |word: &str| {
            let cut = word.char_indices().next_back().map_or(0, |(at, _)| at);
            here.matches(&word[..cut]).count() > 1
        };
        let speaks = |word: &str| language == Language::KO && !word.ends_with(['의', '을', '를']);
        if words().any(|word| twice(word) || speaks(word)) {
            return false;
        }
        match theirs.source_spans.first() {
            // "said he" may well mean the one who is named
            Some(other) => !is_pronoun(other.of(text), language),
            None if language == Language::KO => true,
            // elsewhere the speaker stands beside the cue
            None => theirs.cue_spans.iter().all(|cue| {
                found.iter().all(|f| {
                    let gap = Span::new(cue.end.min(f.end), cue.start.max(f.start));
                    gap.of(text).chars().count() > BESIDE
                })
            }),
        }
    }

    /// Whether somebody's belonging speaks in the target, where somebody does in the source: "the group's samples".
    fn thing_speaks(&self, attribution: &Attribution, theirs: &Attribution) -> bool {
        let (text, language) = (self.target.text, self.target.language);
        let thing = |span: &Span| {
            head::behind_owner(*span, text, language).is_some_and(|h| !head::speaks(h, text, language))
        };
        let someone = matches!(
            self.kind(attribution),
            Some(SourceKind::Person | SourceKind::Organisation | SourceKind::Outlet | SourceKind::Group)
        );
        someone && theirs.source_spans.iter().any(thing)
    }

    /// What the source is.
    fn kind(&self, attribution: &Attribution) -> Option<SourceKind> {
        let sources = &self.source.claims.sources;
        attribution.source.and_then(|s| sources.get(s)).map(|s| s.kind)
    }

    /// Whether all that is found of the source only owns what speaks in the target, where it is itself what speaks in the
    /// source: "the group said" told as "the group's water samples show".
    fn only_owner(&self, attribution: &Attribution, segment: usize, theirs: &Attribution) -> bool {
        let parts = self.links.parts.get(segment).into_iter().flatten();
        let person = self.kind(attribution) == Some(SourceKind::Person);
        let (source, target) = (self.source, self.target);
        let mut found = parts
            .filter_map(|part| {
                let mine = attribution
                    .source_spans
                    .iter()
                    .find(|s| s.contains(part.source))?;
                let whole = theirs.source_spans.iter().find(|s| s.contains(part.target))?;
                // "her advisers": she owns them in both
                let pronoun = |hit: &Hit| hit.entries.iter().any(|&e| gazetteer().is_pronoun(e));
                let hits = gazetteer().find(part.source.of(source.text), source.language);
                if hits.iter().any(pronoun) {
                    return None;
                }
                Some((part, *mine, *whole))
            })
            .peekable();
        found.peek().is_some()
            && found.all(|(part, mine, whole)| {
                let head = head::owned(part.target, whole, target.text, target.language);
                let speaks = |head| !person && head::speaks(head, target.text, target.language);
                head::owned(part.source, mine, source.text, source.language).is_none()
                    && head.is_some_and(|head| !speaks(head))
            })
    }

    /// Whether the source has a name whose form is known from other segments, and is not here.
    fn known_otherwise(&self, attribution: &Attribution) -> bool {
        let inside = |l: &LostName| attribution.source_spans.iter().any(|s| s.contains(l.source));
        let known = |l: &LostName| l.found_elsewhere > l.lost_elsewhere;
        self.links.lost.iter().any(|l| inside(l) && known(l))
    }

    /// Whether a Korean surname stands there (박 씨), and the one of the source is another (Lee).
    fn of_another_family(&self, attribution: &Attribution, spans: &[Span]) -> bool {
        let (source, target) = (self.source.text, self.target.text);
        let (Some(mine), Some(theirs)) = (attribution.source_spans.first(), spans.first()) else {
            return false;
        };
        let surname = mine.of(source).rsplit(' ').next().unwrap_or_default();
        let words: Vec<&str> = theirs.of(target).split(' ').collect();
        let syllable = words.first().map(|w| w.chars().collect::<Vec<_>>());
        match (self.target.language, syllable.as_deref()) {
            (Language::KO, Some(&[syllable])) if words.len() > 1 => {
                is_surname(surname, syllable) == Some(false)
            }
            _ => false,
        }
    }

    /// Whether the spans hold a name that belongs to another word of the source, or a stranger.
    fn someone_else(&self, spans: &[Span], segment: usize) -> bool {
        let inside = |s: Span| spans.iter().any(|t| t.overlaps(s));
        self.links
            .strangers
            .iter()
            .any(|&(i, s)| i == segment && inside(s))
            || self
                .links
                .parts
                .get(segment)
                .into_iter()
                .flatten()
                .any(|p| !p.is_role() && inside(p.target))
    }

    /// Whether the source is named: a name inside it, not only a role or a pronoun.
    pub(super) fn named(&self, attribution: &Attribution) -> bool {
        attribution.source_spans.iter().any(|span| {
            !crate::text::words::names(span.of(self.source.text), self.source.language).is_empty()
        })
    }
}

/// `found`, but where the target's own attribution has it as a part of its source, the whole of that.
fn whole_names(found: Vec<Span>, theirs: &[Span]) -> Vec<Span> {
    let whole = |span: Span| theirs.iter().copied().find(|t| t.overlaps(span)).unwrap_or(span);
    let mut spans: Vec<Span> = found.into_iter().map(whole).collect();
    spans.sort_unstable();
    spans.dedup();
    spans
}
