//! Words and names of a text: letters with their inner apostrophes, abbreviations with dots, capital letters.
//!
//! Spans are in the order of the text and apart from each other. Hyphens part words; names join them again.

use crate::text::language::Language;
use crate::text::segment::is_unspaced;
use crate::text::span::Span;

/// The words of `text`. Scripts without spaces give one word a run; Korean gives what stands between spaces.
pub fn words(text: &str) -> Vec<Span> {
    let mut found = Vec::new();
    let mut start: Option<usize> = None;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|&(_, n)| n);
        let inside = start.is_some();
        let joins = inside
            && next.is_some_and(char::is_alphabetic)
            && (matches!(c, '\'' | '’' | 'ʼ' | '&') || (c == '.' && one_letter(text, start, at)));
        if c.is_alphabetic() || joins || (inside && c.is_ascii_digit()) || is_mark(c) {
            start = start.or(Some(at));
            continue;
        }
        if let Some(from) = start.take() {
            // The last dot of U.S. belongs to it.
            let end = if c == '.' && text[from..at].contains('.') {
                at + 1
            } else {
                at
            };
            found.push(Span::new(from, end));
        }
    }
    if let Some(from) = start {
        found.push(Span::new(from, text.len()));
    }
    split_scripts(text, found)
}

/// Lower case with every character keeping its byte length (what would change it stays), apostrophes as they are.
pub fn lowered(text: &str) -> String {
    text.chars()
        .map(|c| {
            let mut lower = c.to_lowercase();
            match (lower.next(), lower.next()) {
                (Some(l), None) if l.len_utf8() == c.len_utf8() => l,
                _ => c,
            }
        })
        .collect()
}

/// The text with a capital first.
pub fn capitalised(text: &str) -> String {
    let mut rest = text.chars();
    rest.next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// Whether the letters since the last dot are one.
fn one_letter(text: &str, start: Option<usize>, at: usize) -> bool {
    let run = start.map_or("", |from| &text[from..at]);
    run.rsplit('.')
        .next()
        .is_some_and(|part| part.chars().count() == 1)
}

/// "Reuters는", "AP通信": Latin letters and the others are words of their own.
fn split_scripts(text: &str, spans: Vec<Span>) -> Vec<Span> {
    let mut parts = Vec::with_capacity(spans.len());
    for span in spans {
        let mut from = span.start;
        let mut last: Option<bool> = None;
        for (offset, c) in span.of(text).char_indices() {
            if !c.is_alphabetic() {
                continue;
            }
            let latin = (c as u32) < 0x250;
            if last.is_some_and(|l| l != latin)
                && (is_east(c)
                    || text[..span.start + offset]
                        .chars()
                        .next_back()
                        .is_some_and(is_east))
            {
                parts.push(Span::new(from, span.start + offset));
                from = span.start + offset;
            }
            last = Some(latin);
        }
        parts.push(Span::new(from, span.end));
    }
    parts
}

fn is_east(c: char) -> bool {
    is_unspaced(c) || ('가'..='힣').contains(&c) || ('\u{4e00}'..='\u{9fff}').contains(&c)
}

/// A name as far as capital letters tell: its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// From the first word to the last.
    pub span: Span,
    /// The words in it, particles such as "de" and "al" left out.
    pub words: Vec<Span>,
}

const LINKS: &[&str] = &[
    "de", "la", "le", "al", "el", "bin", "ibn", "van", "von", "der", "den", "da", "di", "du", "dos", "del",
];

/// The names of `text` that capital letters show; nothing for scripts without them, except what stands in Latin letters.
///
/// A capital at the start of a sentence is not enough for a common word; a word that the text also writes small is none.
pub fn names(text: &str, language: Language) -> Vec<Name> {
    let spans = words(text);
    let small: std::collections::HashSet<&str> = spans
        .iter()
        .map(|s| s.of(text))
        .filter(|w| w.chars().next().is_some_and(char::is_lowercase))
        .collect();
    let mut names: Vec<Name> = Vec::new();
    let mut open = false;
    for (i, &span) in spans.iter().enumerate() {
        let word = span.of(text);
        if !is_name_word(text, span, &small, language) {
            let link = open
                && LINKS.contains(&word)
                && spans.get(i + 1).is_some_and(|s| {
                    joined(text, span, *s) && (starts_upper(s.of(text)) || LINKS.contains(&s.of(text)))
                });
            open &= link && names.last().is_some_and(|n| joined(text, n.span, span));
            if open && let Some(name) = names.last_mut() {
                name.span = name.span.cover(span);
            }
            continue;
        }
        match names.last_mut() {
            Some(name) if open && joined(text, name.span, span) => {
                name.span = name.span.cover(span);
                name.words.push(span);
            }
            _ => names.push(Name {
                span,
                words: vec![span],
            }),
        }
        // A possessive closes a name: "Britain's Harold Marsden".
        open = !word.ends_with("'s") && !word.ends_with("’s");
    }
    names
}

fn starts_upper(word: &str) -> bool {
    word.chars().next().is_some_and(char::is_uppercase)
}

/// Whether only a space or a hyphen stands between.
fn joined(text: &str, a: Span, b: Span) -> bool {
    matches!(text.get(a.end..b.start), Some(" " | "-" | "\u{a0}" | ". " | "‑"))
}

fn is_name_word(text: &str, span: Span, small: &std::collections::HashSet<&str>, language: Language) -> bool {
    let word = span.of(text);
    if !starts_upper(word) || word.chars().count() < 2 && !opens_sentence(text, span.start) {
        return false;
    }
    let lower = word.to_lowercase();
    let bare = lower.trim_end_matches("'s").trim_end_matches("’s");
    if language == Language::EN && OPENERS.contains(&bare) {
        return false;
    }
    !(opens_sentence(text, span.start)
        && (small.contains(lower.as_str()) || language == Language::EN && word.chars().count() < 2))
}

/// Whether a sentence, a quotation or the text starts here.
pub fn opens_sentence(text: &str, at: usize) -> bool {
    let before = text[..at].trim_end_matches([
        ' ', '\u{a0}', '"', '“', '”', '«', '„', '\'', '‘', '(', '-', '–', '—', '[',
    ]);
    before.is_empty() || before.ends_with(['.', '!', '?', ':', '\n', '…', '•'])
}

/// English words that are written with a capital for other reasons than being a name.
const OPENERS: &[&str] = &[
    "the",
    "a",
    "an",
    "and",
    "but",
    "or",
    "so",
    "if",
    "in",
    "on",
    "at",
    "to",
    "for",
    "from",
    "of",
    "with",
    "by",
    "as",
    "it",
    "its",
    "he",
    "his",
    "she",
    "her",
    "they",
    "their",
    "we",
    "our",
    "you",
    "your",
    "i",
    "my",
    "me",
    "us",
    "them",
    "him",
    "this",
    "that",
    "these",
    "those",
    "there",
    "here",
    "who",
    "what",
    "when",
    "where",
    "why",
    "how",
    "which",
    "while",
    "after",
    "before",
    "since",
    "because",
    "although",
    "though",
    "however",
    "also",
    "not",
    "no",
    "yes",
    "all",
    "some",
    "many",
    "most",
    "more",
    "much",
    "few",
    "other",
    "others",
    "another",
    "each",
    "every",
    "both",
    "either",
    "neither",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "first",
    "second",
    "last",
    "next",
    "now",
    "then",
    "just",
    "only",
    "even",
    "still",
    "yet",
    "once",
    "again",
    "about",
    "over",
    "under",
    "between",
    "during",
    "through",
    "against",
    "among",
    "without",
    "within",
    "is",
    "are",
    "was",
    "were",
    "be",
    "been",
    "being",
    "has",
    "have",
    "had",
    "do",
    "does",
    "did",
    "can",
    "could",
    "will",
    "would",
    "should",
    "may",
    "might",
    "must",
    "let",
    "get",
    "got",
    "go",
    "going",
    "make",
    "made",
    "take",
    "see",
    "say",
    "said",
    "says",
    "told",
    "according",
    "asked",
    "speaking",
    "meanwhile",
    "instead",
    "despite",
    "according",
    "earlier",
    "later",
    "today",
    "yesterday",
    "tomorrow",
    "perhaps",
    "maybe",
    "often",
    "never",
    "always",
    "than",
    "too",
    "very",
    "well",
    "out",
    "up",
    "down",
    "off",
    "into",
    "onto",
    "upon",
    "such",
    "same",
    "own",
    "new",
    "old",
    "good",
    "great",
    "big",
    "i'm",
    "i've",
    "i'd",
    "i'll",
    "it's",
    "that's",
    "he's",
    "she's",
    "we're",
    "we've",
    "they're",
    "don't",
    "didn't",
    "there's",
    "you're",
    "what's",
    "can't",
    "isn't",
    "wasn't",
    "won't",
    "doesn't",
    "couldn't",
    "we'll",
    "let's",
    "they've",
    "you've",
    "who's",
    "here's",
    "people",
    "nobody",
    "everyone",
    "everybody",
    "someone",
    "something",
    "nothing",
    "everything",
    "anyone",
    "police",
    "officials",
    "source",
    "details",
    "background",
    "asked",
    "like",
    "unlike",
    "until",
    "unless",
    "whether",
    "whatever",
    "whoever",
    "along",
    "around",
    "across",
    "behind",
    "beyond",
    "plus",
    "using",
    "based",
    "given",
    "known",
    "born",
    "following",
    "including",
    "thanks",
    "sorry",
    "hello",
    "please",
    "oh",
    "well",
    "ok",
    "okay",
    "hey",
    "mr",
    "mrs",
    "ms",
    "dr",
    "prof",
    "sir",
    "rev",
    "st",
    "lt",
    "gen",
    "col",
    "sgt",
    "capt",
    "sen",
    "rep",
    "gov",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, language: Language) -> Vec<&str> {
        names(text, language).iter().map(|n| n.span.of(text)).collect()
    }

    #[test]
    fn capitals_make_names() {
        assert_eq!(
            found(
                "The mayor, Anna Halenko, met Jean-Paul de la Tour in the U.S. on Friday.",
                Language::EN
            ),
            ["Anna Halenko", "Jean-Paul de la Tour", "U.S.", "Friday"]
        );
        assert_eq!(
            found("Harbour works. The harbour of Vellin is old.", Language::EN),
            ["Vellin"]
        );
        assert_eq!(
            found("Britain's Harold Marsden said", Language::EN),
            ["Britain's", "Harold Marsden"]
        );
    }

    #[test]
    fn scripts_part_words() {
        let text = "Reuters는 AP通信社";
        let list: Vec<&str> = words(text).iter().map(|s| s.of(text)).collect();
        assert_eq!(list, ["Reuters", "는", "AP", "通信社"]);
    }
}
