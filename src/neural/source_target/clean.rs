//! Spaces that a tokenizer puts before punctuation, taken out again as `clean_up_tokenization_spaces` asks for.

use crate::neural::sentencepiece::Decoded;
use crate::text::span::Span;

/// What is looked for, and which of its bytes go.
const SPACED: [(&str, &[usize]); 10] = [
    (" .", &[0]),
    (" ?", &[0]),
    (" !", &[0]),
    (" ,", &[0]),
    (" ' ", &[0, 2]),
    (" n't", &[0]),
    (" 'm", &[0]),
    (" 's", &[0]),
    (" 've", &[0]),
    (" 're", &[0]),
];

/// The text without those spaces, the spans moved with it. One pattern after the other, as transformers does it.
pub(super) fn clean(mut decoded: Decoded) -> Decoded {
    for (pattern, gone) in SPACED {
        let found: Vec<usize> = decoded
            .text
            .match_indices(pattern)
            .flat_map(|(at, _)| gone.iter().map(move |byte| at + byte))
            .collect();
        if found.is_empty() {
            continue;
        }
        let mut kept = String::with_capacity(decoded.text.len());
        let mut from = 0;
        for at in &found {
            kept.push_str(&decoded.text[from..*at]);
            from = at + 1;
        }
        kept.push_str(&decoded.text[from..]);
        let place = |at: usize| at - found.partition_point(|gone| *gone < at);
        let spans = decoded.spans.iter();
        decoded = Decoded {
            spans: spans.map(|s| Span::new(place(s.start), place(s.end))).collect(),
            text: kept,
        };
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_go_and_spans_follow() {
        let text = "He said ' no ' and did n't go .".to_owned();
        let whole = Span::new(0, text.len());
        let go = Span::new(text.len() - 5, text.len() - 2);
        let cleaned = clean(Decoded {
            text,
            spans: vec![whole, go],
        });
        assert_eq!(cleaned.text, "He said'no'and didn't go.");
        assert_eq!(cleaned.spans[0].of(&cleaned.text), cleaned.text);
        assert_eq!(cleaned.spans[1].of(&cleaned.text), " go");
    }
}
