//! Text → sentences, as spans in order.
//!
//! What always holds: spans are in order, do not overlap, are not empty and carry no white space at their
//! borders; every character that is not white space lies in exactly one span; no span crosses a blank line.
//! The work is linear in the length of the text.
//!
//! Candidates come from the Unicode rules (UAX #29, by `icu_segmenter`) and from a scan for full stops before
//! a space, because those rules look through digits to the next letter ("… in 2015. 40 people died"). Each
//! candidate is then held against what newsroom text needs: abbreviations and initials (data, a file a
//! language), closing quotation marks, dialogue dashes, enumerations, ordinals, speech tags.

use icu_segmenter::SentenceSegmenter;
use icu_segmenter::options::SentenceBreakInvariantOptions;

use crate::text::abbreviations::Table;
use crate::text::language::Language;
use crate::text::span::Span;

/// Cuts `text` into sentences by the habits of `language`.
///
/// A line break ends a sentence, unless the lines are hard-wrapped (see [`wrapped`]).
pub fn sentences(text: &str, language: Language) -> Vec<Span> {
    let cutter = Cutter {
        table: Table::of(language),
    };
    let mut spans = Vec::new();
    for run in runs(text) {
        cutter.cut(text, run, &mut spans);
    }
    spans
}

/// Whether `c` ends a line.
pub fn is_line_break(c: char) -> bool {
    matches!(
        c,
        '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

/// The lines of `text`, without their line breaks; "\r\n" is one break.
pub fn lines(text: &str) -> Vec<Span> {
    let mut lines = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if !is_line_break(c) {
            continue;
        }
        lines.push(Span::new(start, at));
        start = at + c.len_utf8();
        if c == '\r' && chars.next_if(|&(_, next)| next == '\n').is_some() {
            start += 1;
        }
    }
    lines.push(Span::new(start, text.len()));
    lines
}

/// The mark of a list item at the start of `line` ("- ", "• ", "– " and the like, not an enumeration), in
/// bytes with the space after it; 0 if there is none.
pub fn bullet_len(line: &str) -> usize {
    let indent = line.len() - line.trim_start().len();
    let body = &line[indent..];
    let Some(mark) = body.chars().next().filter(|c| "-*+•‣◦▪●■○·∙◆▶►➤".contains(*c))
    else {
        return 0;
    };
    let after = &body[mark.len_utf8()..];
    let space = after.len() - after.trim_start().len();
    let sticks = matches!(mark, '-' | '*' | '+' | '·');
    if after.trim().is_empty() || (space == 0 && sticks) {
        return 0;
    }
    indent + mark.len_utf8() + space
}

/// Whether the consecutive `lines` are one paragraph that an editor or a mail program broke at a fixed width:
/// no line had room for the first word of the next one.
pub fn wrapped(lines: &[&str]) -> bool {
    const NARROWEST: usize = 40;
    const WIDEST: usize = 100;
    if lines.len() < 2 || lines.iter().any(|line| line.len() > 4 * WIDEST) {
        return false;
    }
    let widths: Vec<usize> = lines.iter().map(|line| line.trim_end().chars().count()).collect();
    let width = widths.iter().copied().max().unwrap_or(0);
    if !(NARROWEST..=WIDEST).contains(&width) || lines[1..].iter().any(|line| bullet_len(line) > 0) {
        return false;
    }
    let full = lines
        .windows(2)
        .zip(&widths)
        .all(|(pair, &taken)| taken + 1 + first_word_width(pair[1]) > width);
    // Two lines prove little: a title over a short line looks the same.
    let goes_on = || {
        let next = lines[1].trim_start().chars().next();
        !lines[0].trim_end().ends_with(is_terminal)
            && (next.is_some_and(char::is_lowercase) || lines[0].trim_end().ends_with(','))
    };
    full && (lines.len() > 2 || goes_on())
}

fn first_word_width(line: &str) -> usize {
    let line = line.trim_start();
    match line.chars().next() {
        Some(c) if is_unspaced(c) => 1,
        _ => line
            .split_whitespace()
            .next()
            .map_or(0, |word| word.chars().count()),
    }
}

/// Han and Kana: lines may be broken between any two of these.
pub fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

/// What stands between two sentences of `language`.
pub fn joint(language: Language) -> &'static str {
    if matches!(language.code(), "zh" | "ja") {
        ""
    } else {
        " "
    }
}

/// Stretches of text inside which sentences are sought: a line, or the lines of a wrapped paragraph.
fn runs(text: &str) -> Vec<Span> {
    let mut runs = Vec::new();
    let mut paragraph: Vec<Span> = Vec::new();
    for line in lines(text).into_iter().chain([Span::default()]) {
        let trimmed = line.trimmed(text);
        if !trimmed.is_empty() {
            paragraph.push(trimmed);
            continue;
        }
        let texts: Vec<&str> = paragraph.iter().map(|line| line.of(text)).collect();
        match (paragraph.first(), paragraph.last()) {
            (Some(first), Some(last)) if wrapped(&texts) => runs.push(first.cover(*last)),
            _ => runs.append(&mut paragraph),
        }
        paragraph.clear();
    }
    runs
}

const CLOSERS: &str = "\"'”’»“‘›)]}」』】》〉）］";
const OPENERS: &str = "\"'“‘«„‚‹([{「『【《〈（［¿¡»";
const BRACKETS: &str = "([{（［【《〈「『";
const DASHES: &str = "-–—―";

fn is_terminal(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…' | '‽' | '⁇' | '⁈' | '⁉')
}

/// Full-width stops: they end a sentence without a space after them.
fn is_wide_terminal(c: char) -> bool {
    matches!(c, '。' | '！' | '？' | '｡' | '．')
}

fn opens_quotation(c: char) -> bool {
    matches!(c, '“' | '„' | '«' | '「' | '『')
}

struct Cutter {
    table: &'static Table,
}

impl Cutter {
    /// Adds the sentences of `text[run]` to `spans`.
    fn cut(&self, text: &str, run: Span, spans: &mut Vec<Span>) {
        let slice = run.of(text);
        // Line breaks of a wrapped paragraph are spaces to the rules; byte offsets must not move.
        let flat: String;
        let slice = if slice.contains(is_line_break) {
            flat = slice
                .chars()
                .map(|c| {
                    if is_line_break(c) {
                        " ".repeat(c.len_utf8())
                    } else {
                        c.to_string()
                    }
                })
                .collect();
            flat.as_str()
        } else {
            slice
        };
        let first = spans.len();
        let mut start = 0;
        let mut looked_at = 0;
        let mut has_word = false;
        for at in candidates(slice) {
            has_word = has_word || slice[looked_at..at].chars().any(char::is_alphanumeric);
            looked_at = at;
            if has_word && self.is_border(&slice[start..], at - start) {
                spans.push(Span::new(start, at).trimmed(slice).shifted(run.start));
                start = at;
                has_word = false;
            }
        }
        let rest = Span::new(start, slice.len()).trimmed(slice);
        if rest.is_empty() {
            return;
        }
        // A tail without a letter or digit ("***", a lone quotation mark) belongs to what it follows.
        if spans.len() > first && !rest.of(slice).chars().any(char::is_alphanumeric) {
            if let Some(last) = spans.last_mut() {
                last.end = rest.end + run.start;
            }
        } else {
            spans.push(rest.shifted(run.start));
        }
    }

    /// Whether a sentence ends at byte `at` of `text`, which begins where the present sentence begins.
    fn is_border(&self, text: &str, at: usize) -> bool {
        let before = text[..at].trim_end();
        let after = &text[at..];
        let spaced = before.len() < at;
        let core = before.trim_end_matches(|c| CLOSERS.contains(c));
        let closed = core.len() < before.len();
        let Some(stop) = core.chars().next_back() else {
            return false;
        };
        if closed && self.goes_on_after_quote(after) {
            return false;
        }
        // The Unicode rules do not tell opening marks from closing ones: a sentence never ends with "[" or "（".
        if !spaced && before.ends_with(|c| BRACKETS.contains(c)) {
            return false;
        }
        if !spaced && before.ends_with(opens_quotation) && after.starts_with(char::is_alphanumeric) {
            return false;
        }
        if !spaced {
            return self.is_border_without_space(core, stop, closed, after);
        }
        // A mark of closing that stands apart ("« Il part. » Puis") belongs to the sentence before.
        let mut next = after.chars();
        if next.next().is_some_and(|c| CLOSERS.contains(c) || is_terminal(c))
            && next
                .next()
                .is_none_or(|c| c.is_whitespace() || c == ',' || is_terminal(c))
        {
            return false;
        }
        if starts_lower(after) {
            return false;
        }
        let omitted = closed && (core.ends_with("..") || stop == '…') && before.ends_with([')', ']']);
        if omitted {
            return false;
        }
        if stop == '.' && !closed && !core.ends_with("..") {
            return self.full_stop_ends(core, after);
        }
        true
    }

    /// The reported clause goes on behind its quotation: “…。”他说。 / “…다.”고 말했다.
    fn goes_on_after_quote(&self, after: &str) -> bool {
        let after = after.trim_start();
        let word: &str = after
            .split(|c: char| !c.is_alphanumeric())
            .next()
            .unwrap_or_default();
        if self.table.continuations.contains(word) {
            return true;
        }
        if self.table.particles.iter().any(|p| after.starts_with(p.as_str())) {
            return true;
        }
        const TAG_LENGTH: usize = 14;
        let tag: String = after
            .chars()
            .take(TAG_LENGTH)
            .take_while(|&c| !is_wide_terminal(c) && !matches!(c, '，' | '：' | '“' | '「'))
            .collect();
        tag.chars().count() < TAG_LENGTH
            && self
                .table
                .speech_tags
                .iter()
                .any(|verb| tag.ends_with(verb.as_str()))
    }

    fn is_border_without_space(&self, core: &str, stop: char, closed: bool, after: &str) -> bool {
        let mut chars = after.chars();
        let next = chars.next();
        let is_hangul = |c: char| matches!(c, '가'..='힣');
        if is_wide_terminal(stop) {
            return true;
        }
        if !is_terminal(stop) {
            return !starts_lower(after); // the stops of other scripts
        }
        if next.is_some_and(is_hangul) {
            // "…했다.그는": the space was forgotten. After a closing quotation mark the sentence goes on.
            return !closed && core.trim_end_matches(is_terminal).ends_with(is_hangul);
        }
        if next.is_some_and(is_unspaced) {
            return core.trim_end_matches(is_terminal).ends_with(is_unspaced);
        }
        // "said.“But": forgotten before a quotation; a mark without a letter behind it closes one („…ging.“).
        next.is_some_and(opens_quotation) && chars.next().is_some_and(char::is_alphanumeric) && !closed
    }

    /// Whether the full stop that closes `core` ends a sentence before `after`.
    fn full_stop_ends(&self, core: &str, after: &str) -> bool {
        let stem = &core[..core.len() - 1];
        let word_start = stem
            .char_indices()
            .rev()
            .take(LONGEST_WORD)
            .find(|&(_, c)| c.is_whitespace() || OPENERS.contains(c) || DASHES[1..].contains(c) || c == '/')
            .map_or(0, |(at, c)| at + c.len_utf8());
        let word = &stem[word_start..];
        if word.len() > LONGEST_WORD || word.is_empty() {
            return true;
        }
        let next = after
            .trim_start_matches(|c: char| OPENERS.contains(c) || DASHES.contains(c) || c.is_whitespace());
        let quoted = next.len() < after.len();
        let next_is_number = next.starts_with(|c: char| c.is_ascii_digit()) || after.starts_with(['№', '#']);
        let opens = self.table.starts_sentence(next);

        let is_enumeration = word_start == 0 && stem.len() <= 4 && is_enumerator(word);
        if is_enumeration {
            return false;
        }
        if word.chars().all(|c| c.is_ascii_digit()) {
            return !(self.table.ordinals && word.len() <= 2 && !opens && !quoted && !next_is_number);
        }
        if self.table.titles.matches(word) && (!self.table.numbers.matches(word) || next_is_number) {
            return false;
        }
        let known = self.table.numbers.matches(word)
            || self.table.units.matches(word)
            || self.table.either.matches(word)
            || is_dotted(word)
            || is_initial(word);
        if next_is_number {
            return !known || is_initial(word);
        }
        if self.table.numbers.matches(word) && is_roman(first_word(next)) {
            return false;
        }
        if self.table.either.matches(word) || is_dotted(word) {
            return opens || (quoted && !is_initial(word));
        }
        if is_initial(word) && word != "I" {
            return opens && !self.table.titles.matches(word);
        }
        true
    }
}

/// No abbreviation is longer, in characters.
const LONGEST_WORD: usize = 24;

/// Offsets where a sentence may begin, in order.
fn candidates(text: &str) -> Vec<usize> {
    let mut found: Vec<usize> = SentenceSegmenter::new(SentenceBreakInvariantOptions::default())
        .segment_str(text)
        .filter(|&at| at > 0 && at < text.len())
        .collect();
    let mut chars = text.char_indices().peekable();
    while let Some((_, c)) = chars.next() {
        if !is_terminal(c) && !is_wide_terminal(c) {
            continue;
        }
        while let Some(&(at, c)) = chars.peek() {
            if opens_quotation(c) {
                found.push(at);
            }
            if !(is_terminal(c) || is_wide_terminal(c) || CLOSERS.contains(c)) {
                break;
            }
            chars.next();
        }
        let mut spaced = false;
        while chars.next_if(|&(_, c)| c.is_whitespace()).is_some() {
            spaced = true;
        }
        let Some(&(mut at, c)) = chars.peek() else { break };
        // Step over a closing mark that stands apart, so that the next sentence begins behind it.
        if spaced && CLOSERS.contains(c) {
            let behind = text[at + c.len_utf8()..].trim_start();
            let gap = text.len() - behind.len();
            if gap > at + c.len_utf8() && !behind.is_empty() {
                at = gap;
            }
        }
        found.push(at);
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Whether the next word is in lower case, so that no sentence begins there. `iPhone` may begin one.
fn starts_lower(after: &str) -> bool {
    let mut letters = after
        .trim_start_matches(|c: char| {
            c.is_whitespace() || OPENERS.contains(c) || CLOSERS.contains(c) || DASHES.contains(c)
        })
        .chars();
    let Some(first) = letters.next() else { return false };
    // Georgian letters count as lower case and have no capitals in running text.
    let is_lower = |c: char| c.is_lowercase() && !matches!(c, '\u{10d0}'..='\u{10ff}');
    is_lower(first) && !letters.next().is_some_and(char::is_uppercase)
}

fn first_word(text: &str) -> &str {
    text.split(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap_or_default()
}

/// "3", "12", "a", "IV" at the start of a line: the number of a list item.
fn is_enumerator(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_digit()) || is_roman(word) || (word.chars().count() == 1 && word != "I")
}

fn is_roman(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| "IVXLCМІХ".contains(c))
}

/// "U.S", "a.m", "J.K": letters with full stops between them.
fn is_dotted(word: &str) -> bool {
    word.contains('.')
        && word
            .split('.')
            .all(|part| part.chars().count() <= 2 && part.starts_with(char::is_alphabetic))
}

/// One capital, as before a surname; also the last letter of "Дж" or "J.-P".
fn is_initial(word: &str) -> bool {
    let last = word.rsplit(['.', '-']).next().unwrap_or_default();
    let mut chars = last.chars();
    match (chars.next(), chars.next(), chars.next()) {
        (Some(c), None, _) => c.is_uppercase(),
        (Some('Д'), Some('ж' | 'з'), None) => true,
        _ => false,
    }
}

#[cfg(test)]
#[path = "segment_tests.rs"]
mod tests;
