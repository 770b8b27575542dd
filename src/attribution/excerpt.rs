//! Some sentences of a text put together as a text of their own, with what is said in them.

use super::{Attribution, Claims, Source};
use crate::text::span::Span;

/// The `sentences` (ascending) of `text`, joined by line breaks, and of its attributions those of `keep` (ascending
/// indices), with what of them stands there. All sources keep their indices.
pub fn excerpt(text: &str, claims: &Claims, sentences: &[Span], keep: &[usize]) -> (String, Claims) {
    let mut out = String::new();
    let mut places = Vec::with_capacity(sentences.len());
    for sentence in sentences {
        if !out.is_empty() {
            out.push('\n');
        }
        places.push((*sentence, out.len()));
        out.push_str(sentence.of(text));
    }
    let moved = |spans: &[Span]| -> Vec<Span> {
        let pieces = spans.iter().flat_map(|span| {
            places
                .iter()
                .filter(|(sentence, _)| sentence.overlaps(*span))
                .map(|(sentence, at)| {
                    let (start, end) = (span.start.max(sentence.start), span.end.min(sentence.end));
                    Span::new(at + start - sentence.start, at + end - sentence.start)
                })
        });
        pieces.filter(|span| !span.is_empty()).collect()
    };
    let kept = keep.iter().filter_map(|&k| claims.attributions.get(k));
    let attributions = kept.map(|a| Attribution {
        source_spans: moved(&a.source_spans),
        cue_spans: moved(&a.cue_spans),
        content_spans: moved(&a.content_spans),
        parent: a.parent.and_then(|p| keep.iter().position(|&k| k == p)),
        ..a.clone()
    });
    let attributions = attributions.collect();
    let sources = claims.sources.iter().map(|s| Source {
        mentions: moved(&s.mentions),
        ..s.clone()
    });
    let claims = Claims {
        sources: sources.collect(),
        attributions,
    };
    (out, claims)
}

#[cfg(test)]
mod tests {
    use super::super::attribute_text;
    use super::*;
    use crate::text::language::Language;
    use crate::text::segment;

    #[test]
    fn what_is_said_keeps_its_words() {
        let text = "Reuters reported, citing two people, that the bank would close. It rained. \
                    Lund said the roof leaked.";
        let sentences = segment::sentences(text, Language::EN);
        let all = attribute_text(text, Language::EN, &sentences);
        let (cut, some) = excerpt(text, &all, &[sentences[0], sentences[2]], &[1, 2]);
        assert_eq!(some.sources.len(), all.sources.len());
        for (k, part) in [1, 2].into_iter().zip(&some.attributions) {
            let whole = &all.attributions[k];
            assert_eq!(part.source_spans[0].of(&cut), whole.source_spans[0].of(text));
            assert_eq!(part.cue_spans[0].of(&cut), whole.cue_spans[0].of(text));
            assert_eq!(part.content_spans[0].of(&cut), whole.content_spans[0].of(text));
        }
        // who relays the first is left out
        assert_eq!(some.attributions[0].parent, None);
        let (_, both) = excerpt(text, &all, &sentences[..1], &[0, 1]);
        assert_eq!(both.attributions[1].parent, Some(0));
    }
}
