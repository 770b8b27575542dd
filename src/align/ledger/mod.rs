//! Claims of the source → their counterparts, and the ledger put together.

mod candidates;
mod choice;
mod head;
mod who;

use self::candidates::Candidate;
use self::who::Who;
use crate::align::likeness::{Likeness, Matches};
use crate::align::link::{Links, link};
use crate::align::meaning::Meaning;
use crate::align::{Claim, Evidence, Ledger, Pair, Parts, Side, Signals, Status, Text, alignment, pairs};
use crate::attribution::{Attribution, Form, SourceKind};
use crate::text::span::Span;

/// Holds `target` against `source`: segments are pairs by their index, what one side has more stands against nothing.
/// [`Signals::alignment`] has the same indices.
pub fn ledger(id: &str, source: &Side<'_>, target: &Side<'_>, signals: Signals<'_>) -> Ledger {
    let pairs = pairs::by_index(source.segments, target.segments);
    ledger_of(id, source, target, pairs, signals)
}

/// The same for texts whose segments were found apart from each other: one may stand for many. No translator tells of
/// these.
pub fn ledger_of_texts(
    id: &str,
    source: &Side<'_>,
    target: &Side<'_>,
    likeness: Option<&Likeness>,
) -> Ledger {
    let sense = likeness.and_then(Likeness::sense);
    let pairs = pairs::align(source, target, sense.as_ref());
    let signals = Signals {
        likeness,
        ..Signals::default()
    };
    ledger_of(id, source, target, pairs, signals)
}

fn ledger_of(
    id: &str,
    source: &Side<'_>,
    target: &Side<'_>,
    pairs: Vec<Pair>,
    signals: Signals<'_>,
) -> Ledger {
    let matches: Vec<Matches> = match signals.likeness {
        Some(likeness) => pairs.iter().map(|pair| likeness.matches(pair)).collect(),
        None => Vec::new(),
    };
    let each = pairs.iter().zip(signals.alignment);
    let told: Vec<Matches> = each
        .map(|(pair, links)| alignment::matches(links, pair, source, target))
        .collect();
    let links = link(source, target, &pairs, [&matches, &told]);
    let claims = Carrier {
        source,
        target,
        pairs: &pairs,
        links: &links,
        meaning: Meaning::of(&matches, source, target),
        told: Meaning::of(&told, source, target),
        mentions: signals.mentions,
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

/// What joins the claims of two texts.
struct Carrier<'a> {
    source: &'a Side<'a>,
    target: &'a Side<'a>,
    pairs: &'a [Pair],
    links: &'a Links,
    /// What an encoder makes of the words.
    meaning: Option<Meaning<'a>>,
    /// What the translator tells of them.
    told: Option<Meaning<'a>>,
    /// Where the target names each source, if that is known beforehand.
    mentions: &'a [Vec<Span>],
}

impl Carrier<'_> {
    fn claims(&self) -> Vec<Claim> {
        let attributions = &self.source.claims.attributions;
        let segments: Vec<usize> = attributions.iter().map(|a| self.segment_of(a)).collect();
        let mut claims: Vec<Claim> = Vec::with_capacity(attributions.len());
        while let Some(&segment) = segments.get(claims.len()) {
            // Claims of one segment choose among its cues together.
            let group: Vec<usize> = (claims.len()..attributions.len())
                .take_while(|&i| segments[i] == segment)
                .collect();
            let mut candidates = self.candidates(segment);
            self.add_by_meaning(&group, segment, &mut candidates);
            let choices = self.assign(&group, segment, &candidates);
            for (&index, choice) in group.iter().zip(choices) {
                let cue = choice.map(|c| &candidates[c]);
                claims.push(self.carry(&attributions[index], segment, cue));
            }
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

    /// The claim with what it is in the target, told there by `cue`.
    fn carry(&self, attribution: &Attribution, segment: usize, cue: Option<&Candidate>) -> Claim {
        let theirs = cue
            .and_then(|c| c.attribution)
            .and_then(|i| self.target.claims.attributions.get(i));
        let who = self.speaker(attribution, segment, theirs);
        let evidence = self.evidence(attribution, segment, &who, cue);
        let source = attribution.source.and_then(|s| self.source.claims.sources.get(s));
        let kind = source.map(|s| s.kind);
        let status = match self.status(attribution, &evidence, kind) {
            Status::Implicit if who.replaced => Status::Missing,
            status => status,
        };
        let cue = cue.filter(|_| !attribution.cue_spans.is_empty());
        let content = theirs.map(|t| t.content_spans.clone());
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
            target: Parts {
                source: who.spans,
                cue: cue.map(|c| c.spans.clone()).unwrap_or_default(),
                content: content
                    .filter(|spans| !spans.is_empty())
                    .unwrap_or_else(|| self.content(attribution)),
            },
            target_stance: cue.and_then(|c| c.stances.first().copied()),
            target_polarity: cue.map(Candidate::polarity),
            named: self.named(attribution),
            status,
            evidence,
        }
    }

    /// How sure each part of the claim is; `None` for a part that it has not.
    fn evidence(
        &self,
        attribution: &Attribution,
        segment: usize,
        who: &Who,
        cue: Option<&Candidate>,
    ) -> Evidence {
        let quote = self.quote(attribution, segment);
        let fit = match cue.map_or(0.0, |c| c.fit(attribution.stance)) {
            // In a headline the quotation marks tell as much as the colon.
            _ if quote == Some(1.0) && self.by_colon(attribution) => 1.0,
            fit => fit,
        };
        let has_source = !attribution.source_spans.is_empty() || self.mentioned(attribution).is_some();
        let mine = [&attribution.source_spans[..], &attribution.cue_spans].concat();
        let theirs = [&who.spans[..], cue.map_or(&[][..], |c| &c.spans)].concat();
        let share = |sign: &Option<Meaning<'_>>| sign.as_ref()?.share(segment, &mine, &theirs);
        Evidence {
            source: has_source.then_some(who.score),
            cue: (!attribution.cue_spans.is_empty()).then_some(fit),
            quote,
            encoder: share(&self.meaning),
            alignment: share(&self.told),
        }
    }

    /// The target segments that stand for what the content covers: of each what the translator made of the content, where
    /// it tells of half of its words, else all of it.
    fn content(&self, attribution: &Attribution) -> Vec<Span> {
        let mut found = Vec::new();
        for (segment, pair) in self.pairs.iter().enumerate() {
            let inside = |s: &Span| Span::new(s.start.max(pair.source.start), s.end.min(pair.source.end));
            let mine = attribution
                .content_spans
                .iter()
                .filter(|s| s.overlaps(pair.source));
            let mine: Vec<Span> = mine.map(inside).collect();
            if pair.target.is_empty() || mine.is_empty() {
                continue;
            }
            let told = self.told.as_ref().map(|told| told.words(segment, &mine));
            let told = told.filter(|(_, share)| *share >= 0.5);
            let told = told.and_then(|(words, _)| words.into_iter().reduce(Span::cover));
            found.push(told.unwrap_or(pair.target));
        }
        found
    }

    /// Whether the target has the quotation marks of a claim that has some.
    fn quote(&self, attribution: &Attribution, segment: usize) -> Option<f64> {
        let marks = ['"', '“', '”', '«', '»', '„', '「', '」', '『', '‘', '’', '\''];
        let has = |text: &str| text.contains(&marks[..]);
        let quoted = matches!(attribution.form, Form::Direct | Form::Mixed);
        let pair = self.pairs.get(segment)?;
        quoted.then(|| f64::from(u8::from(has(pair.target.of(self.target.text)))))
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
