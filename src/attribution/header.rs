//! `Source:` lines and datelines, by grammar.
//!
//! In a source line `;` (and a comma before a name) parts sources of equal rank; "citing" makes the second a child
//! of the first; Korean puts the relayed source first ("…을 인용한 …").

use std::sync::OnceLock;

use regex::Regex;

use super::lexicon::Lexicon;
use super::{Draft, Form, Polarity, Stance};
use crate::text::span::Span;

/// The label of a source line, if `line` is one: its span without the colon, and where the sources begin.
pub(super) fn label(text: &str, line: Span, lexicon: &Lexicon) -> Option<(Span, usize)> {
    let part = line.of(text);
    let colon = part
        .char_indices()
        .take(40)
        .find(|(_, c)| matches!(c, ':' | '：'))?;
    let name = part[..colon.0].trim_matches([' ', '*', '_', '\u{a0}']);
    let lower = name.to_lowercase();
    if !lexicon.header.labels.contains(&lower) {
        return None;
    }
    let start = line.start + part.find(name).unwrap_or(0);
    Some((
        Span::new(start, start + name.len()),
        line.start + colon.0 + colon.1.len_utf8(),
    ))
}

/// Reads the sources of a line. Every draft has `content` as what it vouches for.
pub(super) fn read(
    text: &str,
    label: Span,
    body: Span,
    content: &[Span],
    lexicon: &Lexicon,
    drafts: &mut Vec<Draft>,
) {
    let make = |source: Span, cue: Span, parent: Option<usize>| Draft {
        form: Form::Header,
        stance: Stance::Cite,
        polarity: Polarity::Asserted,
        source: vec![source],
        cue: vec![cue],
        content: content.to_vec(),
        parent,
        antecedent: None,
    };
    for part in parts(text, body) {
        let Some((relayer, cue, relayed)) = relay(text, part, lexicon) else {
            drafts.push(make(part, label, None));
            continue;
        };
        let parent = drafts.len();
        drafts.push(make(relayer, label, None));
        for origin in parts(text, relayed) {
            drafts.push(make(origin, cue, Some(parent)));
        }
    }
}

/// Parts a list of sources at `;` and at commas before another name.
fn parts(text: &str, body: Span) -> Vec<Span> {
    let body = body.trimmed(text);
    let part = body.of(text);
    let mut found = Vec::new();
    let mut start = 0;
    let mut depth = 0_usize;
    for (at, c) in part.char_indices() {
        match c {
            '(' | '«' | '“' | '„' => depth += 1,
            ')' | '»' | '”' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let parted = match c {
            ';' | '；' | '、' | '，' => true,
            ',' => depth == 0 && names_follow(&part[at + 1..], &part[start..at]),
            _ => false,
        };
        if parted && at >= start {
            found.push(Span::new(body.start + start, body.start + at));
            start = at + c.len_utf8();
        }
    }
    found.push(Span::new(body.start + start, body.end));
    let stops: &[char] = &['.', '。', ' ', '\u{a0}'];
    found
        .into_iter()
        .map(|s| s.trimmed(text))
        .map(|s| Span::new(s.start, s.start + s.of(text).trim_end_matches(stops).len()))
        .filter(|s| !s.is_empty())
        .collect()
}

/// Whether a comma between `before` and `after` parts two sources: the second starts with a name of its own.
fn names_follow(after: &str, before: &str) -> bool {
    let next = after.trim_start();
    let cased = next
        .chars()
        .next()
        .is_some_and(|c| c.is_uppercase() || matches!(c, '"' | '«' | '“'));
    let uncased = next
        .chars()
        .next()
        .is_some_and(|c| c.is_alphabetic() && !c.is_lowercase() && !c.is_uppercase());
    // "spokesman of the Ministry, Oleh Koval": a title before the comma wants the name after it.
    let titled = before.trim_start().chars().next().is_some_and(char::is_lowercase);
    uncased || cased && !titled
}

/// "A, citing B" → (A, "citing", B).
fn relay(text: &str, part: Span, lexicon: &Lexicon) -> Option<(Span, Span, Span)> {
    let words = part.of(text);
    let at = |needle: &str| {
        words.match_indices(needle).map(|(k, _)| k).find(|&k| {
            let before = words[..k].chars().next_back();
            let after = words[k + needle.len()..].chars().next();
            k > 0
                && after.is_some_and(|c| !c.is_alphanumeric() || is_unspaced(c))
                && before.is_some_and(|c| !c.is_alphanumeric() || is_unspaced(c))
        })
    };
    let clean = |start: usize, end: usize| {
        let span = Span::new(part.start + start, part.start + end).trimmed(text);
        let inner = span.of(text).trim_end_matches([',', ' ', '-', '–', '—']);
        Span::new(span.start, span.start + inner.len())
    };
    for cite in &lexicon.header.cite {
        if let Some(k) = at(cite) {
            let end = k + cite.len();
            return Some((
                clean(0, k),
                Span::new(part.start + k, part.start + end),
                clean(end, words.len()),
            ));
        }
    }
    for cited in &lexicon.header.cited_by {
        if let Some(k) = words.find(cited.as_str()) {
            let end = k + cited.len();
            // A particle belongs to neither the source nor the cue.
            let particle = cited.find(' ').map_or(0, |space| space + 1);
            return Some((
                clean(end, words.len()),
                Span::new(part.start + k + particle, part.start + end),
                clean(0, k),
            ));
        }
    }
    None
}

fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}')
}

/// A dateline at the start of a block ("KYIV (Reuters) - …"): the draft and where the text proper begins.
pub(super) fn dateline(text: &str, block: Span) -> Option<(Draft, usize)> {
    static PATTERNS: OnceLock<Vec<Regex>> = OnceLock::new();
    let patterns = PATTERNS.get_or_init(|| DATELINES.iter().filter_map(|p| Regex::new(p).ok()).collect());
    let part = block.of(text);
    // A dateline is short: the search looks at the start of the block only.
    let head = part.char_indices().nth(160).map_or(part, |(cut, _)| &part[..cut]);
    let found = patterns.iter().find_map(|p| p.captures(head))?;
    let span = |name: &str| {
        found
            .name(name)
            .map(|m| Span::new(block.start + m.start(), block.start + m.end()))
    };
    let (source, cue) = (span("source")?, span("cue")?);
    let start = block.start + found.get(0)?.end();
    let content = Span::new(start, block.end).trimmed(text);
    let draft = Draft {
        form: Form::Header,
        stance: Stance::Report,
        polarity: Polarity::Asserted,
        source: vec![source],
        cue: vec![cue],
        content: vec![content],
        parent: None,
        antecedent: None,
    };
    (!content.is_empty()).then_some((draft, start))
}

/// Datelines of the agencies, all languages together: they do not collide.
const DATELINES: &[&str] = &[
    r"^\p{Lu}[\p{L}\p{N} .,'’/-]{0,50}\((?P<source>[\p{Lu}\p{Lo}][\p{L}\p{N} .&-]{1,30})\)\s*(?P<cue>[-–—―])\s*",
    r"^[\[\(【][^\]\)】=]{1,20}=\s*(?P<source>[^\]\)】]{2,20})[\]\)】]\s*(?:[가-힣]{2,4}(?:·[가-힣]{2,4})*\s+(?:기자|특파원|통신원))?\s*(?P<cue>=)\s*",
    r"^[【\[]?(?P<source>[\p{Han}]{1,6}社)[\p{Han}\p{N}、，]{2,20}(?P<cue>电|電|讯)[】\]]?[\s，：:]*(?:（记者[^）]{1,20}）)?",
    r"^(?P<source>[가-힣A-Za-z]{2,10}(?:통신|뉴스|일보|신문))\s*(?P<cue>=)\s*",
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn datelines_of_all_languages_are_patterns() {
        for pattern in DATELINES {
            Regex::new(pattern).unwrap();
        }
        for (text, source) in [
            ("OYA (Nordwire) - The bridge is open.", "Nordwire"),
            ("КИЇВ (Reuters) — Міст відкрито.", "Reuters"),
            ("[서울=한빛통신] 김민수 기자 = 다리가 열렸다.", "한빛통신"),
        ] {
            let (draft, start) = dateline(text, Span::new(0, text.len())).unwrap();
            assert_eq!(draft.source[0].of(text), source);
            assert!(start > draft.source[0].end && start < text.len());
        }
        assert!(dateline("The plan (which failed) - as many said", Span::new(0, 38)).is_none());
    }
}
