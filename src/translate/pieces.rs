//! A segment that a model cannot read at once → pieces that it can, cut where the meaning suffers least.

use crate::error::Result;
use crate::text::language::Language;
use crate::text::segment;
use crate::text::span::Span;

/// Where a text may be cut, the best places first.
const BORDERS: [Border; 5] = [
    Border::Sentence,
    Border::After(&[';', ':', '—', '–', '…', '；', '：']),
    Border::After(&[',', '、', '，', ')', '»', '”']),
    Border::Word,
    Border::Character,
];

#[derive(Clone, Copy)]
enum Border {
    /// Between sentences.
    Sentence,
    /// After one of these marks.
    After(&'static [char]),
    /// Between words.
    Word,
    /// Anywhere.
    Character,
}

/// The parts of `text`, without the white space between them, as few and as long as `fits` allows for each.
///
/// # Errors
/// Those of `fits`.
pub(super) fn pieces(
    text: &str,
    language: Language,
    fits: &dyn Fn(&str) -> Result<bool>,
) -> Result<Vec<Span>> {
    let whole = Span::new(0, text.len()).trimmed(text);
    if whole.is_empty() || fits(whole.of(text))? {
        return Ok(vec![whole]);
    }
    cut(text, whole, language, fits, &BORDERS)
}

fn cut(
    text: &str,
    whole: Span,
    language: Language,
    fits: &dyn Fn(&str) -> Result<bool>,
    borders: &[Border],
) -> Result<Vec<Span>> {
    let Some((border, finer)) = borders.split_first() else {
        // one character that does not fit: nothing is left to cut
        return Ok(vec![whole]);
    };
    let mut pieces: Vec<Span> = Vec::new();
    // what has been cut finer is not joined again with its neighbours
    let mut open = false;
    for part in border.parts(whole.of(text), language) {
        let part = part.shifted(whole.start).trimmed(text);
        if part.is_empty() {
            continue;
        }
        if let Some(last) = pieces.last_mut().filter(|_| open) {
            let joined = last.cover(part);
            if fits(joined.of(text))? {
                *last = joined;
                continue;
            }
        }
        open = fits(part.of(text))?;
        if open {
            pieces.push(part);
        } else {
            pieces.extend(cut(text, part, language, fits, finer)?);
        }
    }
    Ok(pieces)
}

impl Border {
    fn parts(self, text: &str, language: Language) -> Vec<Span> {
        let whole = Span::new(0, text.len());
        match self {
            Self::Sentence => {
                // what a sentence finder leaves out belongs to what stands before it
                let starts = segment::sentences(text, language).into_iter().map(|s| s.start);
                whole.cut_at(starts.filter(|&start| start > 0))
            }
            Self::After(marks) => whole.cut_at(ends(text, |c| marks.contains(&c))),
            Self::Word => whole.cut_at(ends(text, |c| c.is_whitespace() || segment::is_unspaced(c))),
            Self::Character => whole.cut_at(ends(text, |_| true)),
        }
    }
}

/// The places behind the characters that `is` holds for.
fn ends(text: &str, is: impl Fn(char) -> bool) -> Vec<usize> {
    text.char_indices()
        .filter(|(_, c)| is(*c))
        .map(|(at, c)| at + c.len_utf8())
        .filter(|&end| end < text.len())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pieces of at most `most` words, or characters where there are no words.
    fn cut_to(text: &str, most: usize) -> Vec<&str> {
        let fits = |piece: &str| {
            let unspaced = piece.chars().filter(|c| segment::is_unspaced(*c)).count();
            Ok(piece.split_whitespace().count().max(unspaced) <= most)
        };
        let language = if text.is_ascii() {
            Language::EN
        } else {
            Language::ZH
        };
        let spans = pieces(text, language, &fits).expect("no tokenizer that could fail");
        spans.into_iter().map(|s| s.of(text)).collect()
    }

    const TEXT: &str = " The port shut on Monday. It rained; the crane, which was old, fell into the water. ";

    #[test]
    fn what_fits_stays_whole() {
        assert_eq!(cut_to(TEXT, 20), [TEXT.trim()]);
        assert_eq!(cut_to("  ", 1), [""]);
    }

    #[test]
    fn sentences_come_before_clauses_and_clauses_before_words() {
        assert_eq!(
            cut_to(TEXT, 11),
            [
                "The port shut on Monday.",
                "It rained; the crane, which was old, fell into the water."
            ]
        );
        assert_eq!(
            cut_to(TEXT, 9),
            [
                "The port shut on Monday.",
                "It rained;",
                "the crane, which was old, fell into the water."
            ]
        );
        assert_eq!(
            cut_to(TEXT, 5),
            [
                "The port shut on Monday.",
                "It rained;",
                "the crane, which was old,",
                "fell into the water."
            ]
        );
        assert_eq!(
            cut_to("one two three four five", 2),
            ["one two", "three four", "five"]
        );
        assert_eq!(
            cut_to("港口周一关闭了，起重机倒了。", 8),
            ["港口周一关闭了，", "起重机倒了。"]
        );
    }

    #[test]
    fn a_word_without_end_is_cut_into_characters_and_nothing_is_lost() {
        let word = "é".repeat(23);
        let fits = |piece: &str| Ok(piece.chars().count() <= 5);
        let spans = pieces(&word, Language::EN, &fits).expect("no tokenizer that could fail");
        let joined: String = spans.iter().map(|s| s.of(&word)).collect();
        assert_eq!(joined, word);
        assert_eq!(spans.len(), 5);
        let none = pieces("ab", Language::EN, &|_| Ok(false)).expect("no tokenizer that could fail");
        assert_eq!(none.len(), 2);
    }
}
