//! A block of text, ready to be read: its tokens with quotations folded into one token each, the classes of its
//! words, and its sentences as token ranges. A sentence border inside a quotation is no border here.

use std::ops::Range;

use super::lexicon::{Lexicon, class};
use super::quotes::{Quotation, quotations};
use super::token::{Kind, Token, tokenize};
use crate::text::span::Span;

/// One block of text.
pub(super) struct Passage<'a> {
    /// The whole text.
    pub text: &'a str,
    /// The words of its language.
    pub lexicon: &'static Lexicon,
    /// The tokens of the block.
    pub tokens: Vec<Token>,
    /// The classes of each token.
    pub classes: Vec<u32>,
    /// All quotations, inner ones included.
    pub quotes: Vec<Quotation>,
    /// The sentences as token ranges; none is empty.
    pub units: Vec<Range<usize>>,
}

impl<'a> Passage<'a> {
    /// Reads the block that `sentences` make up.
    pub(super) fn new(text: &'a str, lexicon: &'static Lexicon, sentences: &[Span]) -> Self {
        let start = sentences.first().map_or(0, |s| s.start);
        let end = sentences.last().map_or(start, |s| s.end);
        let block = Span::new(start, end);
        let quotes = quotations(text, block);
        let mut tokens = Vec::new();
        let mut at = start;
        for (index, quote) in quotes.iter().enumerate().filter(|(_, q)| q.depth == 0) {
            tokenize(text, Span::new(at, quote.outer.start), &mut tokens);
            tokens.push(Token {
                span: quote.outer,
                kind: Kind::Quote(index),
                lower: String::new(),
                capital: false,
            });
            at = quote.outer.end;
        }
        tokenize(text, Span::new(at, end), &mut tokens);
        let classes = tokens.iter().map(|t| classes_of(lexicon, t)).collect();
        let mut passage = Self {
            text,
            lexicon,
            tokens,
            classes,
            quotes,
            units: Vec::new(),
        };
        passage.cut(sentences);
        passage
    }

    /// Finds the token ranges of the sentences.
    fn cut(&mut self, sentences: &[Span]) {
        let mut starts = vec![0];
        for sentence in sentences.iter().skip(1) {
            let first = self.tokens.partition_point(|t| t.span.start < sentence.start);
            let inside = first > 0 && self.tokens[first - 1].span.end > sentence.start;
            let goes_on = first > 0
                && self.tokens[first - 1].is_quote()
                && self
                    .tokens
                    .get(first)
                    .is_some_and(|t| t.kind == Kind::Word && !t.capital && is_cased(&t.lower));
            if !inside && !goes_on && first < self.tokens.len() && Some(&first) != starts.last() {
                starts.push(first);
            }
        }
        let ends = starts.iter().skip(1).copied().chain([self.tokens.len()]);
        self.units = starts
            .iter()
            .copied()
            .zip(ends)
            .filter(|(s, e)| s < e)
            .map(|(s, e)| s..e)
            .collect();
    }

    /// Whether token `at` has one of the classes `bits`.
    pub(super) fn has(&self, at: usize, bits: u32) -> bool {
        self.classes.get(at).is_some_and(|c| c & bits != 0)
    }

    /// The span from the first to the last token of `range`.
    pub(super) fn span(&self, range: &Range<usize>) -> Span {
        match (
            self.tokens.get(range.start),
            range.end.checked_sub(1).and_then(|last| self.tokens.get(last)),
        ) {
            (Some(first), Some(last)) if range.start < range.end => {
                Span::new(first.span.start, last.span.end)
            }
            _ => Span::default(),
        }
    }

    /// The quotation that token `at` is.
    pub(super) fn quote(&self, at: usize) -> Option<&Quotation> {
        match self.tokens.get(at)?.kind {
            Kind::Quote(index) => self.quotes.get(index),
            _ => None,
        }
    }

    /// Whether token `at` is the mark `c`.
    pub(super) fn is(&self, at: usize, c: char) -> bool {
        self.tokens.get(at).is_some_and(|t| t.is(c))
    }

    /// Whether token `at` ends a sentence.
    pub(super) fn is_stop(&self, at: usize) -> bool {
        self.tokens
            .get(at)
            .is_some_and(|t| matches!(t.kind, Kind::Mark('.' | '!' | '?' | '…' | '。' | '！' | '？')))
    }

    /// Whether token `at` is a quotation.
    pub(super) fn is_quote(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(Token::is_quote)
    }

    /// Whether token `at` is a word or number.
    pub(super) fn is_word(&self, at: usize) -> bool {
        self.tokens
            .get(at)
            .is_some_and(|t| matches!(t.kind, Kind::Word | Kind::Number))
    }

    /// The lower-case form of token `at`; empty for marks.
    pub(super) fn lower(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |t| t.lower.as_str())
    }

    /// How many words the quotation at `at` holds, counted up to 12.
    pub(super) fn quote_words(&self, at: usize) -> usize {
        self.quote(at)
            .map_or(0, |q| q.inner.of(self.text).split_whitespace().take(12).count())
    }

    /// Whether the quotation at `at` ends like a sentence or a part of one (`,` `.` `!` `?` before the closing mark).
    pub(super) fn quote_ends_speech(&self, at: usize) -> bool {
        self.quote(at).is_some_and(|q| {
            let inner = q
                .inner
                .of(self.text)
                .trim_end_matches(['\'', '’', '”', '"', ' ', '“', '»', '\u{a0}']);
            inner.ends_with([',', '.', '!', '?', '…', '—', '–', '-'])
        })
    }
}

/// Whether a word belongs to a script with upper and lower case.
fn is_cased(lower: &str) -> bool {
    lower.chars().next().is_some_and(char::is_lowercase)
}

/// The classes of one token, from the lexicon and from its ending.
fn classes_of(lexicon: &Lexicon, token: &Token) -> u32 {
    if token.kind != Kind::Word {
        return 0;
    }
    let word = lexicon.word(&token.lower);
    let mut bits = word.classes;
    if bits == 0 && token.lower.len() > 4 && word.entries.is_empty() {
        let ends = |name: &str| {
            lexicon
                .list(name)
                .iter()
                .any(|e| token.lower.ends_with(e.as_str()))
        };
        if !token.capital && ends("adverb-endings") {
            bits |= class::ADVERB;
        }
    }
    bits
}
