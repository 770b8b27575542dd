//! A quotation in a quotation: who said it to the speaker ("He told me, 'Run,'" Koval recalled).

use super::passage::Passage;
use super::speech::is_spoken;
use super::{Draft, read_unit};
use crate::text::language::Language;
use crate::text::segment;
use crate::text::span::Span;

/// Adds what is quoted inside of the quotations of `passage`, told by the drafts from `first` on that hold it.
pub(super) fn read(passage: &Passage<'_>, language: Language, first: usize, drafts: &mut Vec<Draft>) {
    let told = drafts.len();
    let mut holder = first;
    let mut done = 0;
    let inner: Vec<Span> = passage
        .quotes
        .iter()
        .filter(|q| q.depth == 1 && q.closed)
        .map(|q| q.outer)
        .collect();
    // Pieces of a quotation with a remark in it come after the whole that begins with them.
    let mut outer: Vec<Span> = passage
        .quotes
        .iter()
        .filter(|q| q.depth == 0)
        .map(|q| q.outer)
        .collect();
    outer.sort_unstable_by_key(|s| (s.start, usize::MAX - s.end));
    for &quote in inner.iter().take_while(|_| told > first) {
        let Some(&around) = outer[..outer.partition_point(|o| o.start < quote.start)].last() else {
            continue;
        };
        if around.start < done || !around.contains(quote) {
            continue;
        }
        done = around.end;
        let past = |draft: &Draft| draft.content.last().is_none_or(|c| c.end <= around.start);
        while holder + 1 < told && past(&drafts[holder]) {
            holder += 1;
        }
        let holds = |k: &usize| drafts[*k].content.iter().any(|c| c.contains(around));
        let Some(holder) = (holder..told).take(16).find(holds) else {
            continue;
        };
        let around = within(passage.text, around);
        let sentences: Vec<Span> = segment::sentences(around.of(passage.text), language)
            .into_iter()
            .map(|s| s.shifted(around.start))
            .collect();
        let part = Passage::new(passage.text, passage.lexicon, &sentences);
        let mut found = Vec::new();
        for unit in &part.units {
            read_unit(&part, unit, language, &mut found);
        }
        for mut draft in found {
            let quotes = |span: &Span| {
                let at = inner.partition_point(|q| q.start < span.start);
                inner.get(at).is_some_and(|q| span.contains(*q))
            };
            if is_spoken(&draft) && is_told(passage, &draft) && draft.content.iter().any(quotes) {
                draft.parent = Some(holder);
                drafts.push(draft);
            }
        }
    }
}

/// Whether somebody in particular said it once: "they say", "people would say" quote nobody.
fn is_told(passage: &Passage<'_>, draft: &Draft) -> bool {
    let lexicon = passage.lexicon;
    let words = |spans: &[Span]| -> Vec<String> {
        let text = spans.first().map_or("", |s| s.of(passage.text));
        text.split_whitespace().map(str::to_lowercase).collect()
    };
    let modal = words(&draft.cue)
        .first()
        .is_some_and(|w| lexicon.list("modals").contains(w));
    let source = words(&draft.source);
    let anybody = source.len() == 1 && source.iter().all(|w| lexicon.list("anybody").contains(w));
    !source.is_empty() && !modal && !anybody
}

/// A quotation without its marks; a piece between remarks may have only one of them, or none.
fn within(text: &str, outer: Span) -> Span {
    let is_mark = |c: char| {
        matches!(
            c,
            '"' | '“' | '”' | '„' | '«' | '»' | '‘' | '’' | '「' | '」' | '『' | '』'
        )
    };
    let part = outer.of(text);
    let start = part
        .chars()
        .next()
        .filter(|c| is_mark(*c))
        .map_or(0, char::len_utf8);
    let end = part[start..]
        .chars()
        .next_back()
        .filter(|c| is_mark(*c))
        .map_or(0, char::len_utf8);
    Span::new(outer.start + start, outer.end - end)
}
