//! A block of text → its tokens: words, numbers and marks, with byte spans. One pass, linear.

use super::lexicon::Lexicon;
use crate::text::language::Language;
use crate::text::span::Span;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Letters, with inner apostrophes and hyphens ("didn't", "vice-president").
    Word,
    /// Digits, with inner separators.
    Number,
    /// One punctuation mark or symbol.
    Mark(char),
    /// A whole quotation, marks included: index into the block's quotations.
    Quote(usize),
}

/// One token.
#[derive(Clone, Debug)]
pub(super) struct Token {
    /// Where it stands in the text.
    pub span: Span,
    /// What it is.
    pub kind: Kind,
    /// The word in lower case with apostrophes straightened; empty for marks and quotations.
    pub lower: String,
    /// Whether it starts with a capital letter.
    pub capital: bool,
    /// Whether it is all capitals: "US" is not the pronoun.
    pub acronym: bool,
    /// Whether it is a name that looks like another word ("Will", "Read"); seen in context.
    pub name: bool,
}

impl Token {
    /// Whether this is the mark `c`.
    pub(super) fn is(&self, c: char) -> bool {
        self.kind == Kind::Mark(c)
    }

    /// Whether this is a whole quotation.
    pub(super) fn is_quote(&self) -> bool {
        matches!(self.kind, Kind::Quote(_))
    }

    /// Whether this is a dash that parts clauses.
    pub(super) fn is_dash(&self) -> bool {
        matches!(self.kind, Kind::Mark('-' | '–' | '—' | '―' | '−'))
    }

    /// Whether this is a word in the genitive ("Lund's", "voters'").
    pub(super) fn is_possessive(&self) -> bool {
        self.lower.ends_with("'s") || self.lower.ends_with("s'")
    }
}

/// Apostrophes that stand inside words.
fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | 'ʼ' | '`')
}

/// Cuts `text[range]` into tokens; spans are positions in `text`.
pub(super) fn tokenize(text: &str, range: Span, lexicon: &Lexicon, out: &mut Vec<Token>) {
    let part = range.of(text);
    let mut chars = part.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c.is_whitespace() || is_invisible(c) {
            continue;
        }
        let start = range.start + at;
        let mut end = start + c.len_utf8();
        let kind = if c.is_numeric() {
            Kind::Number
        } else if c.is_alphabetic() {
            Kind::Word
        } else {
            Kind::Mark(c)
        };
        if !matches!(kind, Kind::Mark(_)) {
            while let Some(&(next_at, next)) = chars.peek() {
                let inner = is_apostrophe(next) || matches!(next, '-' | '.' | ',' | '‑' | '&');
                let letter = next.is_alphanumeric() || is_mark(next);
                let joins = inner && continues(part, next_at, next, kind);
                if !letter && !joins {
                    break;
                }
                chars.next();
                end = range.start + next_at + next.len_utf8();
            }
            // The genitive of a plural keeps its apostrophe ("voters' lists").
            if let Some(&(next_at, next)) = chars.peek()
                && is_apostrophe(next)
                && part[..next_at].ends_with('s')
                && part[next_at + next.len_utf8()..].starts_with(' ')
            {
                chars.next();
                end = range.start + next_at + next.len_utf8();
            }
            // "Gov.", "Mr.", "U.S.": the stop belongs to the word if the sentence goes on.
            if let Some(&(next_at, '.')) = chars.peek()
                && kind == Kind::Word
                && is_abbreviated(&text[start..end], &part[next_at + 1..], lexicon)
            {
                chars.next();
                end = range.start + next_at + 1;
            }
        }
        let surface = &text[start..end];
        let lower = match kind {
            Kind::Word | Kind::Number => surface
                .chars()
                .flat_map(char::to_lowercase)
                .map(|c| if is_apostrophe(c) { '\'' } else { c })
                .collect(),
            Kind::Mark('&') if joins_clauses(&part[at + 1..]) => surface.to_owned(),
            _ => String::new(),
        };
        let capital = c.is_uppercase();
        let acronym = capital && surface.chars().nth(1).is_some() && surface.chars().all(char::is_uppercase);
        // "he's said": the pronoun is the subject, the rest an auxiliary.
        if let Some(cut) = contraction(surface, lexicon) {
            let at = start + cut;
            out.push(Token {
                span: Span::new(start, at),
                kind,
                lower: surface[..cut].to_lowercase(),
                capital,
                acronym: false,
                name: false,
            });
            out.push(Token {
                span: Span::new(at, end),
                kind,
                lower: surface[cut..].to_lowercase().replace('’', "'"),
                capital: false,
                acronym: false,
                name: false,
            });
            continue;
        }
        out.push(Token {
            span: Span::new(start, end),
            kind,
            lower,
            capital,
            acronym,
            name: false,
        });
    }
}

/// Where a contraction of a pronoun and an auxiliary parts ("he|'s").
fn contraction(surface: &str, lexicon: &Lexicon) -> Option<usize> {
    let cut = surface.find(['\'', '’'])?;
    let pronoun = surface[..cut].to_lowercase();
    let tail = surface[cut..].trim_start_matches(['\'', '’']);
    let listed = |name: &str, word: &str| lexicon.list(name).iter().any(|w| w == word);
    (listed("contracted", &pronoun) && listed("contractions", tail)).then_some(cut)
}

/// Whether an "&" before `rest` is the word "and": in "Lund & Sons" it is part of a name.
fn joins_clauses(rest: &str) -> bool {
    rest.trim_start_matches([' ', '\u{a0}'])
        .starts_with(char::is_lowercase)
}

/// Combining marks stay with their letter.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{fe00}'..='\u{fe0f}' | '\u{200d}')
}

/// Characters without width that parts of the web put between words.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{feff}' | '\u{2060}' | '\u{ad}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether the mark `c` at `at` joins two halves of one word or number.
fn continues(part: &str, at: usize, c: char, kind: Kind) -> bool {
    let after = part[at + c.len_utf8()..].chars().next();
    let Some(after) = after else { return false };
    match c {
        '.' | ',' if kind == Kind::Number => after.is_numeric(),
        '.' => {
            // "U.S": a single letter before the stop.
            after.is_alphabetic()
                && part[..at]
                    .chars()
                    .rev()
                    .nth(1)
                    .is_none_or(|b| !b.is_alphanumeric())
        }
        ',' => false,
        _ => after.is_alphanumeric(),
    }
}

/// Whether a stop after `word` abbreviates it, judged by the word and what follows.
fn is_abbreviated(word: &str, rest: &str, lexicon: &Lexicon) -> bool {
    let letters = word.chars().count();
    let next = rest.trim_start_matches([' ', '\u{a0}']).chars().next();
    // "in the U.S.": at the end the stop does both jobs.
    let Some(next) = next else {
        return word.contains('.');
    };
    if rest.starts_with('\n') || next == '\n' {
        return word.contains('.');
    }
    if next == ',' || next == '\'' || next == '’' {
        return letters <= 5;
    }
    if letters == 1 || word.contains('.') {
        return next.is_alphanumeric();
    }
    // English ones stand in news of any language ("St. Oya").
    let english = Lexicon::of(Language::EN).list("abbreviations");
    let known = lexicon
        .list("abbreviations")
        .iter()
        .chain(english)
        .any(|w| w == word);
    known && (next.is_alphanumeric() || next == '(')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut out = Vec::new();
        tokenize(
            text,
            Span::new(0, text.len()),
            Lexicon::of(Language::EN),
            &mut out,
        );
        out.iter().map(|t| t.span.of(text).to_owned()).collect()
    }

    #[test]
    fn abbreviations_keep_their_stop_and_sentences_lose_it() {
        assert_eq!(
            words("Mr. Lund of the U.S. army."),
            ["Mr.", "Lund", "of", "the", "U.S.", "army", "."]
        );
        assert_eq!(
            words("didn’t pay $1,200.50."),
            ["didn’t", "pay", "$", "1,200.50", "."]
        );
        assert_eq!(
            words("voters’ lists, Sen. Oya (D)"),
            ["voters’", "lists", ",", "Sen.", "Oya", "(", "D", ")"]
        );
    }
}
