//! A block of text, ready to be read: its tokens with quotations folded into one token each, the classes of its
//! words, and its sentences as token ranges. A sentence border inside a quotation is no border here.

use std::ops::Range;

use super::cased::{is_manner, is_past};
use super::cues::skip_time;
use super::lexicon::{Lexicon, VerbForm, Word, class};
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
    /// Quotations and words before each token, so that counting them in a range takes no walk.
    sums: Vec<(usize, usize)>,
}

impl<'a> Passage<'a> {
    /// Reads the block that `sentences` make up.
    pub(super) fn new(text: &'a str, lexicon: &'static Lexicon, sentences: &[Span]) -> Self {
        let start = sentences.first().map_or(0, |s| s.start);
        let end = sentences.last().map_or(start, |s| s.end);
        let block = Span::new(start, end);
        let quotes = quotations(text, block);
        let mut quotes = quotes;
        let speech = speech_pieces(text, lexicon, block, &mut quotes);
        let mut tokens = Vec::new();
        let mut at = start;
        for index in speech {
            let outer = quotes[index].outer;
            tokenize(text, Span::new(at, outer.start), lexicon, &mut tokens);
            tokens.push(Token {
                span: outer,
                kind: Kind::Quote(index),
                lower: String::new(),
                capital: false,
                acronym: false,
                name: false,
            });
            at = outer.end;
        }
        tokenize(text, Span::new(at, end), lexicon, &mut tokens);
        let mut classes: Vec<u32> = tokens.iter().map(|t| classes_of(lexicon, t)).collect();
        for (k, pair) in tokens.windows(2).enumerate() {
            if classes[k] == 0 && !pair[0].capital && is_manner(lexicon, &pair[0].lower, &pair[1].lower) {
                classes[k] = class::ADVERB;
            }
        }
        let mut passage = Self {
            text,
            lexicon,
            tokens,
            classes,
            quotes,
            units: Vec::new(),
            sums: Vec::new(),
        };
        passage.cut(sentences);
        passage.mark_names();
        passage.count();
        passage
    }

    /// "Will wrote", "Read said": a capital in mid-sentence makes a name of a word that has other uses.
    fn mark_names(&mut self) {
        let cased = |t: &Token| t.kind == Kind::Word && is_cased(&t.lower);
        for unit in self.units.clone() {
            let words = self.tokens[unit.clone()].iter().filter(|t| cased(t));
            let (all, capital) =
                words.fold((0, 0), |(all, high), t| (all + 1, high + usize::from(t.capital)));
            if capital * 3 > all * 2 {
                // A headline in capitals tells nothing.
                continue;
            }
            self.mark_first_name(&unit);
            for at in unit.start + 1..unit.end {
                let bits = class::AUXILIARY | class::VERB | class::PREPOSITION;
                let verb = self.has(at, bits) || !self.word(at).entries.is_empty();
                let opens = self.is_stop(at - 1)
                    || self.is(at - 1, ':')
                    || self.is_quote(at - 1) && self.quote_ends_sentence(at - 1);
                if self.tokens[at].capital && verb && !opens {
                    self.tokens[at].name = true;
                    self.classes[at] = 0;
                }
            }
        }
    }

    /// "Will Read said": a given name that is a verb too, at the head of a sentence, before a name and a cue.
    fn mark_first_name(&mut self, unit: &Range<usize>) {
        let at = unit.start;
        let named = self
            .tokens
            .get(at + 1)
            .is_some_and(|t| t.capital && t.kind == Kind::Word);
        let finite = |e: &usize| self.lexicon.entries[*e].form != VerbForm::Base;
        let cue = self.word(at + 2).entries.iter().any(finite) || self.is(at + 2, ',');
        if self.listed("given-names", at) && named && cue {
            self.tokens[at].name = true;
            self.classes[at] = 0;
        }
    }

    /// What the lexicon knows of token `at`; nothing of a name.
    pub(super) fn word(&self, at: usize) -> &'static Word {
        static NONE: Word = Word {
            classes: 0,
            entries: Vec::new(),
            phrases: Vec::new(),
        };
        match self.tokens.get(at) {
            Some(token) if !token.name => self.lexicon.word(&token.lower),
            _ => &NONE,
        }
    }

    /// Fills the running sums.
    fn count(&mut self) {
        let mut sum = (0, 0);
        self.sums.push(sum);
        for token in &self.tokens {
            match token.kind {
                Kind::Quote(_) => sum.0 += 1,
                Kind::Word | Kind::Number => sum.1 += 1,
                Kind::Mark(_) => {}
            }
            self.sums.push(sum);
        }
    }

    /// How many quotations and how many words `range` holds.
    pub(super) fn counts(&self, range: &Range<usize>) -> (usize, usize) {
        let at = |k: usize| self.sums.get(k).or(self.sums.last()).copied().unwrap_or_default();
        let (start, end) = (at(range.start), at(range.end));
        (end.0 - start.0.min(end.0), end.1 - start.1.min(end.1))
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
            // “끝났다.”라고 …: a particle right behind the quotation goes on with its sentence.
            let particle = first > 0 && self.is_quote(first - 1) && self.listed("after-quotes", first);
            let goes_on = goes_on || particle;
            let tag = first > 0 && self.is_speech_tag(first);
            if !inside && !goes_on && !tag && first < self.tokens.len() && Some(&first) != starts.last() {
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

    /// `"Is that all?" Lund said.`: a short clause with a cue right after a question belongs to it.
    fn is_speech_tag(&self, at: usize) -> bool {
        let asks = self.quote(at - 1).is_some_and(|q| {
            q.inner
                .of(self.text)
                .trim_end_matches(['\'', '’', '”', '"', ' '])
                .ends_with(['?', '!', '…'])
        });
        // "…the mails.” Lund said.": nothing but a name and a cue.
        let bare = self.is_quote(at - 1)
            && (at..self.tokens.len().min(at + 6))
                .find(|&k| self.is_stop(k))
                .is_some_and(|k| k > at + 1 && !self.word(k - 1).entries.is_empty() && k <= at + 4);
        if !asks && !bare {
            return false;
        }
        let cue = (at..self.tokens.len().min(at + 8))
            .take_while(|&k| !self.is_stop(k) && !self.is(k, ','))
            .find(|&k| !self.word(k).entries.is_empty());
        cue.is_some_and(|k| {
            let after = k + 1;
            let tail = self.is_stop(after)
                || self.is(after, ',')
                || self.has(after, class::PREPOSITION)
                || skip_time(self, &(after..self.tokens.len()), after) > after;
            tail || self.tokens.get(after).is_none()
        })
    }

    /// Whether token `at` stands in the lexicon's list `name`.
    pub(super) fn listed(&self, name: &str, at: usize) -> bool {
        self.lexicon.list(name).iter().any(|w| w == self.lower(at))
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

    /// Whether the quotation at `at` ends with a full stop, a question or an exclamation.
    fn quote_ends_sentence(&self, at: usize) -> bool {
        self.quote(at)
            .is_some_and(|q| q.inner.of(self.text).ends_with(['.', '?', '!', '…']))
    }

    /// Whether token `at` is a quotation with a comma before its closing mark.
    pub(super) fn quote_ends_in_comma(&self, at: usize) -> bool {
        self.quote(at)
            .is_some_and(|q| q.inner.of(self.text).ends_with(','))
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
    let word = lexicon.word(&token.lower);
    match token.kind {
        Kind::Word => {}
        // "&" may stand for a word.
        Kind::Mark(_) => return word.classes,
        _ => return 0,
    }
    let mut bits = if token.acronym { 0 } else { word.classes };
    if bits == 0 && token.lower.len() > 4 && word.entries.is_empty() && !token.capital {
        let ends = |name: &str| {
            lexicon
                .list(name)
                .iter()
                .any(|e| token.lower.ends_with(e.as_str()))
        };
        if ends("adverb-endings") {
            bits |= class::ADVERB;
        }
        if ends("verb-endings") {
            bits |= class::VERB;
        }
    }
    bits
}

/// The pieces of speech of a block, as indices of quotations in order: its quotations, or, in languages that do so,
/// what stands between the remarks inside of them ("«Усе, — сказав Лі, — скінчено»") or between dialogue dashes.
fn speech_pieces(text: &str, lexicon: &Lexicon, block: Span, quotes: &mut Vec<Quotation>) -> Vec<usize> {
    let outer: Vec<usize> = (0..quotes.len()).filter(|&k| quotes[k].depth == 0).collect();
    if lexicon.list("inner-remarks").is_empty() {
        return outer;
    }
    let is_dash = |c: char| matches!(c, '—' | '–' | '-' | '―');
    let part = block.of(text);
    let after_dash = part.trim_start_matches(is_dash);
    let add = |quotes: &mut Vec<Quotation>, piece: Span| {
        quotes.push(Quotation {
            outer: piece,
            inner: piece,
            depth: 0,
            closed: true,
        });
        quotes.len() - 1
    };
    if after_dash.len() < part.len() && after_dash.starts_with([' ', '\u{a0}']) {
        let inner = Span::new(block.end - after_dash.len(), block.end).trimmed(text);
        let pieces = between_remarks(text, lexicon, inner, true);
        if pieces.len() == 1 && pieces[0] == inner && reports(text, lexicon, inner) {
            // "— Мер каже, що міст безпечний.": nobody is named who says it, but somebody is who is told of.
            return outer;
        }
        return pieces.into_iter().map(|piece| add(quotes, piece)).collect();
    }
    let mut speech = Vec::new();
    for index in outer {
        let quote = quotes[index];
        // What a paragraph leaves open may end with the remark ("«Усе скінчено, — сказав Лі. —").
        let pieces = between_remarks(text, lexicon, quote.inner, !quote.closed);
        let inner = quote.inner.trimmed(text);
        if pieces.is_empty() || pieces.len() == 1 && pieces[0].end == inner.end {
            speech.push(index);
            continue;
        }
        for (k, piece) in pieces.into_iter().enumerate() {
            let start = if k == 0 { quote.outer.start } else { piece.start };
            let end = if piece.end == inner.end {
                quote.outer.end
            } else {
                piece.end
            };
            speech.push(add(quotes, Span::new(start, end)));
        }
    }
    speech
}

/// Whether somebody's words are told in `inner`: a verb of saying before a conjunction, or a quotation.
fn reports(text: &str, lexicon: &Lexicon, inner: Span) -> bool {
    let part = inner.of(text);
    part.match_indices([',', ':']).any(|(at, _)| {
        let lower = |w: Option<&str>| {
            w.unwrap_or("")
                .trim_matches([',', '.', ':', '«', '"'])
                .to_lowercase()
        };
        let verb = lower(part[..at].split_whitespace().next_back());
        let after = part[at + 1..].trim_start();
        let next = lower(after.split_whitespace().next());
        let opens = lexicon.word(&next).classes & class::THAT != 0 || after.starts_with(['«', '“', '"', '„']);
        !lexicon.word(&verb).entries.is_empty() && opens
    })
}

/// What is spoken in `inner`, without the remarks between dashes. A remark begins with a cue verb.
fn between_remarks(text: &str, lexicon: &Lexicon, inner: Span, to_end: bool) -> Vec<Span> {
    let part = inner.of(text);
    let mut dashes = part.match_indices(['—', '–', '-', '―']).filter(|(at, dash)| {
        let spaced = |s: Option<char>| s.is_none_or(char::is_whitespace);
        spaced(part[..*at].chars().next_back()) && spaced(part[at + dash.len()..].chars().next())
    });
    let mut pieces = Vec::new();
    let mut start = 0;
    while let Some((at, dash)) = dashes.next() {
        let before = part[..at].trim_end();
        let after = &part[at + dash.len()..];
        let verb = after
            .split_whitespace()
            .next()
            .unwrap_or("")
            .trim_end_matches([',', '.', ':'])
            .to_lowercase()
            .replace('’', "'");
        if !before.ends_with([',', '.', '!', '?', '…', '"', '»'])
            || lexicon.word(&verb).entries.is_empty() && !is_past(lexicon, &verb)
        {
            continue;
        }
        let next = dashes.next();
        if next.is_none() && !to_end {
            break;
        }
        let piece = Span::new(
            inner.start + start,
            inner.start + before.trim_end_matches(',').len(),
        )
        .trimmed(text);
        if !piece.is_empty() {
            pieces.push(piece);
        }
        match next {
            Some((second, dash)) => start = second + dash.len(),
            None => return pieces,
        }
    }
    let piece = Span::new(inner.start + start, inner.end).trimmed(text);
    if !piece.is_empty() {
        pieces.push(piece);
    }
    pieces
}
