//! Names over a whole document: what was found in one segment helps in the others.

use std::collections::HashMap;

use crate::align::common::is_common;
use crate::align::gazetteer::{Kind, gazetteer};
use crate::align::likeness::Matches;
use crate::align::names::{Found, Memory, Segment, SoundCache, bare};
use crate::align::{LostName, NameLink, Pair, Side};
use crate::text::language::Language;
use crate::text::span::Span;
use crate::text::words::{Name, names};

/// All that names tell about two texts. Spans are those of the whole texts.
#[derive(Default)]
pub(super) struct Links {
    pub(super) names: Vec<NameLink>,
    pub(super) lost: Vec<LostName>,
    pub(super) strangers: Vec<(usize, Span)>,
    pub(super) shared: Vec<(usize, Span)>,
    /// A word or entry of the source, terms and pronouns included, with its counterpart: segment by segment.
    pub(super) parts: Vec<Vec<Found>>,
}

/// Links the names of both sides, segment by segment.
///
/// `matches`: what an encoder makes of each pair, then what the translator tells of it; either may be empty.
pub(super) fn link(source: &Side<'_>, target: &Side<'_>, pairs: &[Pair], matches: [&[Matches]; 2]) -> Links {
    if !has_capitals(source.language) && has_capitals(target.language) {
        let turned: Vec<Pair> = pairs
            .iter()
            .map(|p| Pair {
                source: p.target,
                target: p.source,
            })
            .collect();
        let matches = matches.map(|m| m.iter().map(Matches::turned).collect::<Vec<_>>());
        return turn(link_forward(target, source, &turned, [&matches[0], &matches[1]]));
    }
    link_forward(source, target, pairs, matches)
}

fn has_capitals(language: Language) -> bool {
    !matches!(
        language.code(),
        "ko" | "zh" | "ja" | "ar" | "he" | "fa" | "hi" | "th" | "ka"
    )
}

/// What was linked from the other side. A name that is lost on the way back is a stranger here, and the reverse.
fn turn(links: Links) -> Links {
    let names = links
        .names
        .into_iter()
        .filter_map(|link| {
            let cover = link.target.iter().copied().reduce(Span::cover)?;
            Some(NameLink {
                source: cover,
                target: vec![link.source],
                score: link.score,
            })
        })
        .collect();
    let parts = links
        .parts
        .into_iter()
        .map(|list| {
            list.into_iter()
                .map(|f| Found {
                    source: f.target,
                    target: f.source,
                    score: f.score,
                })
                .collect()
        })
        .collect();
    let strangers = links
        .lost
        .iter()
        .map(|lost| (lost.segment, lost.source))
        .collect();
    Links {
        names,
        lost: Vec::new(),
        strangers,
        shared: Vec::new(),
        parts,
    }
}

fn link_forward(source: &Side<'_>, target: &Side<'_>, pairs: &[Pair], matches: [&[Matches]; 2]) -> Links {
    let all = names(source.text, source.language);
    let mut cache = SoundCache::new();
    let mut segments: Vec<Segment<'_>> = Vec::with_capacity(pairs.len());
    for pair in pairs {
        let inside = all.partition_point(|n| n.span.start < pair.source.start);
        let here: Vec<Name> = all[inside..]
            .iter()
            .take_while(|n| n.span.start < pair.source.end)
            .map(|n| relative(n, pair.source.start))
            .collect();
        let (from, to) = (source.language, target.language);
        let mut segment = Segment::new(
            pair.source.of(source.text),
            pair.target.of(target.text),
            from,
            to,
            here,
        );
        segment.link_by_sound(&mut cache);
        segment.link_explained(&mut cache);
        segment.link_written_together();
        segment.link_titled();
        segments.push(segment);
    }
    let memory = Memory::of(&segments);
    for (index, segment) in segments.iter_mut().enumerate() {
        let [meaning, told] = matches.map(|m| Some(m.get(index)?.within(&pairs[index])));
        segment.forget_doubtful(&memory);
        if let Some(meaning) = &meaning {
            segment.forget_unlike(meaning);
        }
        segment.link_by_memory(&memory);
        segment.link_beside(&memory);
        segment.link_the_rest(&mut cache, &memory);
        // Last, so that they take nothing from the other signs.
        for matches in [&meaning, &told].into_iter().flatten() {
            segment.link_by_matches(matches, &memory);
        }
    }
    collect(&segments, pairs)
}

fn relative(name: &Name, start: usize) -> Name {
    let back = |s: Span| Span::new(s.start - start, s.end - start);
    Name {
        span: back(name.span),
        words: name.words.iter().map(|&w| back(w)).collect(),
    }
}

/// How often a word of a name was found, and how often it was looked for in vain.
type Counts = HashMap<String, (usize, usize)>;

/// What the segments found, in spans of the whole texts.
fn collect(segments: &[Segment<'_>], pairs: &[Pair]) -> Links {
    let mut links = Links::default();
    let counts = counts(segments);
    for (index, (segment, pair)) in segments.iter().zip(pairs).enumerate() {
        let to_source = |s: Span| s.shifted(pair.source.start);
        let to_target = |s: Span| s.shifted(pair.target.start);
        let parts = segment.known.iter().chain(&segment.found).map(|found| Found {
            source: to_source(found.source),
            target: to_target(found.target),
            score: found.score,
        });
        links.parts.push(parts.collect());
        let names = name_links(segment).into_iter().map(|link| NameLink {
            source: to_source(link.source),
            target: link.target.iter().map(|&s| to_target(s)).collect(),
            score: link.score,
        });
        links.names.extend(names);
        let explained = segment.misread.iter().map(|m| m.0);
        let lost = segment.open_words().into_iter().chain(explained);
        links.lost.extend(lost.map(|word| {
            let lost = lost_name(segment, index, word, &counts);
            LostName {
                source: to_source(lost.source),
                misread: lost.misread.map(to_target),
                ..lost
            }
        }));
        let shared = shared(segment).map(|word| (index, to_source(word)));
        links.shared.extend(shared);
        let strangers = segment.strangers().into_iter().map(|s| (index, to_target(s)));
        links.strangers.extend(strangers);
    }
    links
}

fn counts(segments: &[Segment<'_>]) -> Counts {
    let mut counts = Counts::new();
    for segment in segments {
        for word in segment.names.iter().flat_map(|name| &name.words) {
            let found = segment.found.iter().any(|f| f.source == *word && f.is_heard());
            let entry = counts.entry(bare(word.of(segment.source))).or_default();
            *(if found { &mut entry.0 } else { &mut entry.1 }) += 1;
        }
    }
    counts
}

/// What is known of a `word` that has no counterpart, in spans of the segment.
fn lost_name(segment: &Segment<'_>, index: usize, word: Span, counts: &Counts) -> LostName {
    let name = segment.names.iter().find(|n| n.words.contains(&word));
    let text = bare(word.of(segment.source));
    let (here, gone) = counts.get(&text).copied().unwrap_or_default();
    let links = || segment.found.iter().chain(&segment.known);
    let heard = |w: &Span| links().any(|f| f.source.overlaps(*w) && f.is_heard());
    let part_found = name.is_some_and(|n| n.words.iter().any(heard));
    let spelt = |f: &Found| {
        let own = name.is_some_and(|n| n.words.contains(&f.source));
        own && f.source != word && !f.target.of(segment.target).is_ascii()
    };
    let body = |entry: &u32| matches!(gazetteer().kind(*entry), Kind::Outlet | Kind::Institution);
    let hits = || segment.source_hits.iter().filter(|h| h.span.overlaps(word));
    LostName {
        segment: index,
        source: word,
        found_elsewhere: here,
        lost_elsewhere: gone.saturating_sub(1),
        known: hits().next().is_some(),
        body: hits().any(|h| h.entries.iter().any(body)),
        part_found,
        part_spelt: segment.found.iter().any(spelt),
        common: is_common(&text, segment.from),
        meant: segment.has_spare_pronoun(),
        last: name.is_some_and(|n| n.words.last() == Some(&word)),
        misread: segment.misread.iter().find(|m| m.0 == word).map(|m| m.1),
    }
}

/// Words that the segment's source has more often than its target: one counterpart for two of them, and no other.
fn shared<'s>(segment: &'s Segment<'_>) -> impl Iterator<Item = Span> + 's {
    let shared = |f: &&Found| {
        let text = |f: &Found| bare(f.source.of(segment.source));
        let twin = |g: &Found| g.target == f.target && g.source != f.source && text(g) == text(f);
        let alone = segment.found.iter().filter(|g| g.source == f.source).count() == 1;
        alone && segment.found.iter().any(twin)
    };
    segment.found.iter().filter(shared).map(|f| f.source)
}

/// One link a name: its words that were found, joined; entries of the gazetteer that are names by themselves.
fn name_links(segment: &Segment<'_>) -> Vec<NameLink> {
    let mut links: Vec<NameLink> = Vec::new();
    let table = gazetteer();
    let is_name = |span: Span| {
        segment.names.iter().any(|n| n.span.overlaps(span))
            || segment
                .source_hits
                .iter()
                .any(|h| h.span == span && h.entries.iter().any(|&e| table.kind(e) != Kind::Term))
    };
    for found in segment.known.iter().filter(|k| is_name(k.source)) {
        links.push(NameLink {
            source: found.source,
            target: vec![found.target],
            score: found.score,
        });
    }
    for name in &segment.names {
        let words: Vec<&Found> = segment
            .found
            .iter()
            .filter(|f| name.words.contains(&f.source))
            .collect();
        if words.is_empty() {
            continue;
        }
        let source = words
            .iter()
            .map(|f| f.source)
            .reduce(Span::cover)
            .unwrap_or(name.span);
        let mut target: Vec<Span> = words.iter().map(|f| f.target).collect();
        target.sort();
        target.dedup();
        let score = words.iter().map(|f| f.score).sum::<f64>() / words.len() as f64;
        links.push(NameLink {
            source,
            target,
            score,
        });
    }
    links.sort_by_key(|link| link.source);
    links
}
