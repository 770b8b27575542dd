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

fn collect(segments: &[Segment<'_>], pairs: &[Pair]) -> Links {
    let mut links = Links::default();
    let mut counts: HashMap<String, (usize, usize)> = HashMap::new();
    for segment in segments {
        for name in &segment.names {
            for word in &name.words {
                let found = segment.found.iter().any(|f| f.source == *word && f.is_heard());
                let entry = counts.entry(bare(word.of(segment.source))).or_default();
                *(if found { &mut entry.0 } else { &mut entry.1 }) += 1;
            }
        }
    }
    for (index, (segment, pair)) in segments.iter().zip(pairs).enumerate() {
        let to_source = |s: Span| s.shifted(pair.source.start);
        let to_target = |s: Span| s.shifted(pair.target.start);
        let mut parts: Vec<Found> = Vec::new();
        for found in segment.known.iter().chain(&segment.found) {
            parts.push(Found {
                source: to_source(found.source),
                target: to_target(found.target),
                score: found.score,
            });
        }
        links.parts.push(parts);
        for link in name_links(segment) {
            let target = link.target.iter().map(|&s| to_target(s)).collect();
            links.names.push(NameLink {
                source: to_source(link.source),
                target,
                score: link.score,
            });
        }
        let misread = |word: Span| segment.misread.iter().find(|m| m.0 == word).map(|m| m.1);
        let explained = segment.misread.iter().map(|m| m.0);
        for word in segment.open_words().into_iter().chain(explained) {
            let name = segment.names.iter().find(|n| n.words.contains(&word));
            let (here, gone) = counts
                .get(&bare(word.of(segment.source)))
                .copied()
                .unwrap_or_default();
            let part_found = name.is_some_and(|n| {
                n.words.iter().any(|w| {
                    segment
                        .found
                        .iter()
                        .chain(&segment.known)
                        .any(|f| f.source.overlaps(*w) && f.is_heard())
                })
            });
            let part_spelt = name.is_some_and(|n| {
                let spelt = |f: &Found| {
                    f.source != word && n.words.contains(&f.source) && !f.target.of(segment.target).is_ascii()
                };
                segment.found.iter().any(spelt)
            });
            links.lost.push(LostName {
                segment: index,
                source: to_source(word),
                found_elsewhere: here,
                lost_elsewhere: gone.saturating_sub(1),
                known: segment.source_hits.iter().any(|h| h.span.overlaps(word)),
                body: segment.source_hits.iter().any(|h| {
                    h.span.overlaps(word)
                        && h.entries
                            .iter()
                            .any(|&e| matches!(gazetteer().kind(e), Kind::Outlet | Kind::Institution))
                }),
                part_found,
                part_spelt,
                common: is_common(&bare(word.of(segment.source)), segment.from),
                meant: segment.has_spare_pronoun(),
                last: name.is_some_and(|n| n.words.last() == Some(&word)),
                misread: misread(word).map(to_target),
            });
        }
        let shared = segment.found.iter().filter(|f| {
            let text = |f: &Found| bare(f.source.of(segment.source));
            let twin = |g: &Found| g.target == f.target && g.source != f.source && text(g) == text(f);
            let alone = segment.found.iter().filter(|g| g.source == f.source).count() == 1;
            alone && segment.found.iter().any(twin)
        });
        links.shared.extend(shared.map(|f| (index, to_source(f.source))));
        links
            .strangers
            .extend(segment.strangers().into_iter().map(|s| (index, to_target(s))));
    }
    links
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
