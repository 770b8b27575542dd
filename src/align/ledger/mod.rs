//! Claims of the source → their counterparts, and the ledger put together.

mod candidates;

use self::candidates::Candidate;
use crate::align::likeness::{Likeness, Matches};
use crate::align::link::{Links, link};
use crate::align::meaning::Meaning;
use crate::align::{Claim, Evidence, Ledger, LostName, Pair, Parts, Side, Status, Text, pairs};
use crate::attribution::{Attribution, Form, Polarity, SourceKind, Stance, is_pronoun};
use crate::text::language::Language;
use crate::text::span::Span;
use crate::text::transliterate::is_surname;

/// Holds `target` against `source`: segments are pairs by their index, what one side has more stands against nothing.
/// What an encoder makes of both is one more sign, where there is one.
pub fn ledger(id: &str, source: &Side<'_>, target: &Side<'_>, likeness: Option<&Likeness>) -> Ledger {
    let pairs = pairs::by_index(source.segments, target.segments);
    ledger_of(id, source, target, pairs, likeness)
}

/// The same for texts whose segments were found apart from each other: one may stand for many.
pub fn ledger_of_texts(
    id: &str,
    source: &Side<'_>,
    target: &Side<'_>,
    likeness: Option<&Likeness>,
) -> Ledger {
    let sense = likeness.and_then(Likeness::sense);
    let pairs = pairs::align(source, target, sense.as_ref());
    ledger_of(id, source, target, pairs, likeness)
}

fn ledger_of(
    id: &str,
    source: &Side<'_>,
    target: &Side<'_>,
    pairs: Vec<Pair>,
    likeness: Option<&Likeness>,
) -> Ledger {
    let matches: Vec<Matches> =
        likeness.map_or_else(Vec::new, |l| pairs.iter().map(|p| l.matches(p)).collect());
    let links = link(source, target, &pairs, &matches);
    let claims = Carrier {
        source,
        target,
        pairs: &pairs,
        links: &links,
        meaning: Meaning::of(&matches, source, target),
    }
    .claims();
    let text = |side: &Side<'_>| Text {
        language: side.language,
        text: side.text.to_owned(),
    };
    Ledger {
        id: id.to_owned(),
        source: text(source),
        target: text(target),
        segments: pairs,
        claims,
        names: links.names,
        lost: links.lost,
        strangers: links.strangers,
        shared: links.shared,
        likeness: matches.iter().map(|m| m.alike).collect(),
    }
}

/// How sure a source is that nothing but an encoder tells: enough to be found, less than by any other sign.
const SOURCE_BY_MEANING: f64 = 0.55;
/// Characters between a cue and the name of the one who speaks.
const BESIDE: usize = 20;

/// What a source was found as.
#[derive(Default)]
struct Who {
    spans: Vec<Span>,
    score: f64,
    named: bool,
}

struct Carrier<'a> {
    source: &'a Side<'a>,
    target: &'a Side<'a>,
    pairs: &'a [Pair],
    links: &'a Links,
    meaning: Option<Meaning<'a>>,
}

impl Carrier<'_> {
    fn claims(&self) -> Vec<Claim> {
        let attributions = &self.source.claims.attributions;
        let segments: Vec<usize> = attributions.iter().map(|a| self.segment_of(a)).collect();
        let mut claims: Vec<Claim> = Vec::with_capacity(attributions.len());
        let mut chosen: Vec<Option<Chosen>> = attributions.iter().map(|_| None).collect();
        let mut from = 0;
        while from < attributions.len() {
            // Claims of one segment choose among its cues together.
            let segment = segments[from];
            let group: Vec<usize> = (from..attributions.len())
                .take_while(|&i| segments[i] == segment)
                .collect();
            let mut candidates = self.candidates(segment);
            self.add_by_meaning(&group, segment, &mut candidates);
            for (claim, choice) in self.assign(&group, segment, &candidates) {
                chosen[claim] = Some(choice);
            }
            from += group.len().max(1);
        }
        for (index, attribution) in attributions.iter().enumerate() {
            claims.push(self.carry(attribution, segments[index], chosen[index].take()));
        }
        claims
    }

    /// The pair that holds the cue, else the source, else the content.
    fn segment_of(&self, attribution: &Attribution) -> usize {
        let at = [
            &attribution.cue_spans,
            &attribution.source_spans,
            &attribution.content_spans,
        ]
        .into_iter()
        .find_map(|spans| spans.first())
        .map_or(0, |span| span.start);
        self.pairs
            .partition_point(|pair| pair.source.end <= at)
            .min(self.pairs.len().saturating_sub(1))
    }

    /// Each claim of a segment takes the cue that fits best; a cue serves two only when none is left.
    fn assign(&self, group: &[usize], segment: usize, candidates: &[Candidate]) -> Vec<(usize, Chosen)> {
        let mut scores: Vec<(f64, usize, usize)> = Vec::new();
        for &claim in group {
            let attribution = &self.source.claims.attributions[claim];
            let who = self.who(attribution, segment);
            for (index, candidate) in candidates.iter().enumerate() {
                scores.push((
                    self.cue_score(attribution, &who, segment, candidate),
                    claim,
                    index,
                ));
            }
        }
        scores.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
        let mut taken: Vec<(usize, usize)> = Vec::new();
        for shared in [false, true] {
            for &(_, claim, index) in &scores {
                let free = shared || !taken.iter().any(|t| t.1 == index);
                if free && !taken.iter().any(|t| t.0 == claim) {
                    taken.push((claim, index));
                }
            }
        }
        taken
            .into_iter()
            .map(|(claim, index)| {
                let c = &candidates[index];
                let stance = self.source.claims.attributions[claim].stance;
                let fit = c.fit(stance);
                (
                    claim,
                    Chosen {
                        cue: c.spans.clone(),
                        fit,
                        stances: c.stances.clone(),
                        negated: c.negated,
                        attribution: c.attribution,
                    },
                )
            })
            .collect()
    }

    fn cue_score(&self, attribution: &Attribution, who: &Who, segment: usize, candidate: &Candidate) -> f64 {
        let mut score = candidate.fit(attribution.stance);
        if let Some(meaning) = &self.meaning {
            score += meaning.joined(segment, &attribution.cue_spans, &candidate.spans);
        }
        let theirs = candidate
            .attribution
            .and_then(|i| self.target.claims.attributions.get(i));
        if let Some(theirs) = theirs {
            score += 0.3;
            if theirs
                .source_spans
                .iter()
                .any(|s| who.spans.iter().any(|w| w.overlaps(*s)))
            {
                score += 0.6;
            }
        }
        if let (Some(cue), Some(source)) = (candidate.spans.first(), who.spans.first()) {
            let gap = if cue.start >= source.end {
                cue.start - source.end
            } else {
                source.start.saturating_sub(cue.end)
            };
            score += 0.3 / (1.0 + gap as f64 / 40.0);
        }
        if let (Some(cue), Some(mine), Some(pair)) = (
            candidate.spans.first(),
            attribution.cue_spans.first(),
            self.pairs.get(segment),
        ) {
            let place =
                |at: usize, span: Span| (at.saturating_sub(span.start)) as f64 / span.len().max(1) as f64;
            score -= 0.25 * (place(cue.start, pair.target) - place(mine.start, pair.source)).abs();
        }
        score
    }

    /// The counterpart of the source by names, entries of the gazetteer, roles and pronouns.
    fn who(&self, attribution: &Attribution, segment: usize) -> Who {
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
                who.named |= part.score != 0.7;
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

    fn carry(&self, attribution: &Attribution, segment: usize, chosen: Option<Chosen>) -> Claim {
        let mut who = self.who(attribution, segment);
        let theirs = chosen
            .as_ref()
            .and_then(|c| c.attribution)
            .and_then(|i| self.target.claims.attributions.get(i));
        let mut target = Parts::default();
        if let Some(theirs) = theirs {
            target.content = theirs.content_spans.clone();
            let elsewhere = self.only_elsewhere(attribution, segment, &who.spans, theirs);
            if elsewhere {
                who = Who::default();
            }
            who.spans = whole_names(who.spans, &theirs.source_spans);
            if who.spans.is_empty()
                && !elsewhere
                && !theirs.source_spans.is_empty()
                && !self.someone_else(&theirs.source_spans, segment)
                && !self.known_otherwise(attribution)
                && !self.of_another_family(attribution, &theirs.source_spans)
            {
                // By position and exclusion: nobody else stands there.
                who.spans = theirs.source_spans.clone();
                who.score = 0.5;
            }
        }
        if let Some(meaning) = self
            .meaning
            .as_ref()
            .filter(|_| who.spans.is_empty() && !self.named(attribution))
        {
            let (spans, share) = meaning.words(segment, &attribution.source_spans);
            if share >= 0.5 {
                who.spans = spans;
                who.score = SOURCE_BY_MEANING;
            }
        }
        if target.content.is_empty() {
            target.content = self.content(attribution);
        }
        let needs_source = !attribution.source_spans.is_empty();
        let needs_cue = !attribution.cue_spans.is_empty();
        let quote = self.quote(attribution, segment);
        let fit = match chosen.as_ref().map_or(0.0, |c| c.fit) {
            // In a headline the quotation marks tell as much as the colon.
            _ if quote == Some(1.0) && self.by_colon(attribution) => 1.0,
            fit => fit,
        };
        let evidence = Evidence {
            source: needs_source.then_some(who.score),
            cue: needs_cue.then_some(fit),
            quote,
            encoder: self.meaning.as_ref().and_then(|meaning| {
                let theirs = [&who.spans[..], chosen.as_ref().map_or(&[][..], |c| &c.cue)].concat();
                meaning.share(
                    segment,
                    &[&attribution.source_spans[..], &attribution.cue_spans].concat(),
                    &theirs,
                )
            }),
        };
        target.source = who.spans;
        let source = attribution.source.and_then(|s| self.source.claims.sources.get(s));
        let kind = source.map(|s| s.kind);
        let (target_stance, target_polarity) = match &chosen {
            Some(c) if needs_cue => (c.stances.first().copied(), Some(c.polarity())),
            _ => (None, None),
        };
        target.cue = chosen.filter(|_| needs_cue).map(|c| c.cue).unwrap_or_default();
        let status = self.status(attribution, &evidence, kind);
        Claim {
            form: attribution.form,
            who: source.map(|s| s.name.clone()),
            kind,
            stance: attribution.stance,
            polarity: attribution.polarity,
            parent: attribution.parent,
            segment,
            source: Parts {
                source: attribution.source_spans.clone(),
                cue: attribution.cue_spans.clone(),
                content: attribution.content_spans.clone(),
            },
            target,
            target_stance,
            target_polarity,
            named: self.named(attribution),
            status,
            evidence,
        }
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
                .any(|p| p.score != 0.7 && inside(p.target))
    }

    /// Whether the source is named: a name inside it, not only a role or a pronoun.
    fn named(&self, attribution: &Attribution) -> bool {
        attribution.source_spans.iter().any(|span| {
            !crate::text::words::names(span.of(self.source.text), self.source.language).is_empty()
        })
    }

    /// The target segments that stand for what the content covers.
    fn content(&self, attribution: &Attribution) -> Vec<Span> {
        self.pairs
            .iter()
            .filter(|p| {
                !p.target.is_empty() && attribution.content_spans.iter().any(|c| c.overlaps(p.source))
            })
            .map(|p| p.target)
            .collect()
    }

    fn quote(&self, attribution: &Attribution, segment: usize) -> Option<f64> {
        let marks = ['"', '“', '”', '«', '»', '„', '「', '」', '『', '‘', '’', '\''];
        let has = |text: &str| text.contains(&marks[..]);
        let quoted = matches!(attribution.form, Form::Direct | Form::Mixed);
        let pair = self.pairs.get(segment)?;
        quoted.then(|| {
            if has(pair.target.of(self.target.text)) {
                1.0
            } else {
                0.0
            }
        })
    }

    fn status(&self, attribution: &Attribution, evidence: &Evidence, kind: Option<SourceKind>) -> Status {
        let cue = evidence.cue.is_none_or(|score| score >= 0.5);
        let source = evidence.source.is_none_or(|score| score >= 0.5);
        // two weak signs are no proof: a role word somewhere and a cue of another kind
        let weak = |score: Option<f64>| score.is_some_and(|score| score <= 0.5);
        if source && cue && !(weak(evidence.source) && weak(evidence.cue)) {
            return Status::Verified;
        }
        let drops = matches!(self.target.language.code(), "ko" | "zh" | "ja");
        let unnamed =
            !self.named(attribution) && !matches!(kind, Some(SourceKind::Person | SourceKind::Outlet));
        if cue && drops && unnamed && evidence.cue.is_some() {
            Status::Implicit
        } else {
            Status::Missing
        }
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

/// The cue that a claim was given.
struct Chosen {
    cue: Vec<Span>,
    fit: f64,
    stances: Vec<Stance>,
    negated: bool,
    attribution: Option<usize>,
}

impl Chosen {
    fn polarity(&self) -> Polarity {
        let denies = !self.stances.is_empty() && self.stances.iter().all(|s| *s == Stance::Deny);
        if denies != self.negated {
            Polarity::Denied
        } else {
            Polarity::Asserted
        }
    }
}
