//! Quotations of a sentence that nobody in the article says so.

use super::{Grounds, Problem};
use crate::text::span::Span;

impl Grounds<'_> {
    /// Quotations that are not, word for word, in the content of a claim that the sentence carries.
    pub(super) fn quotes(&self, draft: &str, claims: &[usize]) -> Vec<Problem> {
        let text = &self.document.article.text;
        quotations(draft)
            .into_iter()
            .filter(|span| {
                let words = plain(span.of(draft));
                !words.is_empty()
                    && !claims
                        .iter()
                        .filter_map(|&k| self.claims.attributions.get(k))
                        .flat_map(|a| &a.content_spans)
                        .any(|c| plain(c.of(text)).contains(&words))
                    && !self.is_term_of_the_article(span.of(draft))
            })
            .map(Problem::Quote)
            .collect()
    }

    /// A title or a word in marks that the article writes in marks too.
    fn is_term_of_the_article(&self, quoted: &str) -> bool {
        let words = plain(quoted);
        let text = &self.document.article.text;
        quotations(text).into_iter().any(|span| {
            plain(span.of(text)) == words
                && !self
                    .claims
                    .attributions
                    .iter()
                    .any(|a| a.content_spans.iter().any(|c| c.contains(span)))
        })
    }
}

/// The stretches of `text` in quotation marks, marks included; an opening mark without a closing one is none.
pub fn quotations(text: &str) -> Vec<Span> {
    const PAIRS: [(char, char); 6] = [
        ('“', '”'),
        ('„', '“'),
        ('«', '»'),
        ('「', '」'),
        ('『', '』'),
        ('"', '"'),
    ];
    let mut found = Vec::new();
    let mut at = 0;
    while let Some((offset, open)) = text[at..]
        .char_indices()
        .find(|(_, c)| PAIRS.iter().any(|(open, _)| open == c))
    {
        let start = at + offset;
        let inside = start + open.len_utf8();
        let close = PAIRS
            .iter()
            .filter(|(o, _)| *o == open)
            .filter_map(|(_, close)| text[inside..].find(*close).map(|p| inside + p + close.len_utf8()))
            .min();
        match close {
            Some(end) => {
                found.push(Span::new(start, end));
                at = end;
            }
            None => at = inside,
        }
    }
    found
}

/// The words of a quotation: marks, case of the first letter, punctuation at the borders and kinds of white space
/// do not make another quotation.
fn plain(quoted: &str) -> String {
    let words: String = quoted
        .chars()
        .map(|c| match c {
            '’' | '‘' => '\'',
            '“' | '”' | '„' | '«' | '»' | '「' | '」' | '『' | '』' => '"',
            c => c,
        })
        .collect();
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    words
        .trim_matches(|c: char| c == '"' || c.is_ascii_punctuation() || c.is_whitespace())
        .to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotations_of_all_conventions() {
        let text = "A “b” «в» „c“ 「d」 \"e\" \"open";
        let found: Vec<&str> = quotations(text).into_iter().map(|s| s.of(text)).collect();
        assert_eq!(found, ["“b”", "«в»", "„c“", "「d」", "\"e\""]);
    }

    #[test]
    fn a_quotation_is_its_words() {
        assert_eq!(plain("“It’s over,”"), plain("\"it's  over\""));
        assert_ne!(plain("\"it is over\""), plain("\"it's over\""));
    }
}
