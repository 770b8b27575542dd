//! A block of text → its quotations.
//!
//! A state machine over the marks of all languages at once, with a stack for quotations in quotations. What always
//! holds: quotations of one level do not overlap, an inner one lies inside its outer one, and all lie inside the
//! block. A quotation that the block leaves open runs to the block's end (a speech over several paragraphs opens
//! each of them and closes the last).

use super::token::is_invisible;
use crate::text::span::Span;

/// One quotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quotation {
    /// From mark to mark, marks included.
    pub outer: Span,
    /// What stands between the marks.
    pub inner: Span,
    /// 0 for a quotation in running text, 1 for one inside it, …
    pub depth: usize,
    /// Whether the closing mark is there.
    pub closed: bool,
}

/// A mark that has been opened and not yet closed.
struct Open {
    mark: Mark,
    start: usize,
    len: usize,
    index: usize,
}

/// A kind of quotation mark, by the pair it belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mark {
    /// `"`
    Straight,
    /// `''` or ``` `` ```, typed for a double mark
    Typed,
    /// `'`
    Apostrophe,
    /// “ ”
    Curly,
    /// ‘ ’
    CurlySingle,
    /// „ “ or „ ”
    Low,
    /// « »
    Guillemet,
    /// ‹ ›
    GuillemetSingle,
    /// 「 」
    Corner,
    /// 『 』
    CornerDouble,
}

/// Finds the quotations of `text[block]`, outer before inner, in the order of the text.
pub(super) fn quotations(text: &str, block: Span) -> Vec<Quotation> {
    let part = block.of(text);
    let mut found: Vec<Quotation> = Vec::new();
    let mut stack: Vec<Open> = Vec::new();
    let mut skip_to = 0;
    let mut before: Option<char> = None;
    for (at, c) in part.char_indices() {
        if at < skip_to {
            continue;
        }
        if is_invisible(c) {
            continue;
        }
        let previous = before;
        before = Some(c);
        let Some((mark, len, can_open, can_close)) = read_mark(part, at, c, previous) else {
            continue;
        };
        skip_to = at + len;
        if can_close && let Some(depth) = closes(&stack, mark, can_open) {
            // Single marks left open inside were apostrophes.
            for lost in stack.drain(depth + 1..) {
                found[lost.index].depth = usize::MAX;
            }
            if let Some(open) = stack.pop() {
                let quote = &mut found[open.index];
                quote.outer = Span::new(block.start + open.start, block.start + at + len);
                quote.inner = Span::new(block.start + open.start + open.len, block.start + at);
                quote.closed = true;
            }
        } else if can_open {
            let start = block.start + at;
            found.push(Quotation {
                outer: Span::new(start, block.end),
                inner: Span::new(start + len, block.end),
                depth: stack.len(),
                closed: false,
            });
            stack.push(Open {
                mark,
                start: at,
                len,
                index: found.len() - 1,
            });
        }
    }
    finish(&mut found, &stack, block, part);
    found
}

/// Decides what becomes of quotations that the block leaves open.
fn finish(found: &mut Vec<Quotation>, stack: &[Open], block: Span, part: &str) {
    let end = block.start + part.trim_end().len();
    let mut outer_lost = false;
    for open in stack {
        // A lone single mark is an apostrophe; a lone straight mark in mid-sentence is a slip or an inch sign.
        let opens_speech = open.start == 0
            || part[..open.start]
                .trim_end()
                .ends_with([':', '.', '!', '?', ',', '—', '–', '\n'])
            || part[..open.start].trim().is_empty();
        let keep = !matches!(open.mark, Mark::Apostrophe | Mark::CurlySingle) && opens_speech && !outer_lost;
        if keep {
            found[open.index].outer.end = end.max(found[open.index].outer.start);
            found[open.index].inner.end = end.max(found[open.index].inner.start);
        } else {
            found[open.index].depth = usize::MAX;
            outer_lost = true;
        }
    }
    if found.iter().any(|quote| quote.depth == usize::MAX) {
        found.retain(|quote| quote.depth != usize::MAX);
        renumber(found);
    }
}

/// Sets the depths anew after some marks turned out to open nothing.
fn renumber(found: &mut [Quotation]) {
    let mut ends: Vec<usize> = Vec::new();
    for quote in found {
        while ends.last().is_some_and(|&end| end <= quote.outer.start) {
            ends.pop();
        }
        quote.depth = ends.len();
        ends.push(quote.outer.end);
    }
}

/// The open quotation that `mark` closes: its place on the stack.
fn closes(stack: &[Open], mark: Mark, can_open: bool) -> Option<usize> {
    let fits = |open: &Open| {
        open.mark == mark
            || (open.mark == Mark::Low && mark == Mark::Curly)
            || (open.mark == Mark::Typed && mark == Mark::Straight)
            || (open.mark == Mark::Straight && mark == Mark::Curly && !can_open)
            || (open.mark == Mark::CurlySingle && mark == Mark::Apostrophe)
            // Systems that curl marks miss some: a speech may begin in one style and end in the other.
            || (open.mark == Mark::Curly && mark == Mark::Straight && !can_open)
            || (open.mark == Mark::Straight && mark == Mark::Curly && !can_open)
    };
    // Apostrophes can pile up; no quotation is nested this deep.
    for (depth, open) in stack.iter().enumerate().rev().take(16) {
        if fits(open) {
            // A straight mark before a word inside an open quotation of its own kind closes it only if nothing opened since.
            return (!can_open || depth + 1 == stack.len()).then_some(depth);
        }
        // Only single marks may be jumped over: they may be apostrophes.
        if !matches!(open.mark, Mark::Apostrophe | Mark::CurlySingle) {
            return None;
        }
    }
    None
}

/// The mark at `at`: its kind, its bytes, whether it can open, whether it can close.
fn read_mark(part: &str, at: usize, c: char, before: Option<char>) -> Option<(Mark, usize, bool, bool)> {
    let len = c.len_utf8();
    let rest = &part[at + len..];
    let fixed = |mark, open: bool| Some((mark, len, open, !open));
    match c {
        '«' => fixed(Mark::Guillemet, true),
        '»' => fixed(Mark::Guillemet, false),
        '‹' => fixed(Mark::GuillemetSingle, true),
        '›' => fixed(Mark::GuillemetSingle, false),
        '「' => fixed(Mark::Corner, true),
        '」' => fixed(Mark::Corner, false),
        '『' => fixed(Mark::CornerDouble, true),
        '』' => fixed(Mark::CornerDouble, false),
        '„' => fixed(Mark::Low, true),
        // “ closes „ and opens in English; which it is shows on the stack.
        '“' => Some((Mark::Curly, len, true, !opens_by_context(before, rest))),
        // A mark that was curled the wrong way opens at the head of a sentence; the stack shows what it closes.
        '”' => Some((Mark::Curly, len, opens_by_context(before, rest), true)),
        '‘' => {
            let elided = rest.starts_with(|c: char| c.is_ascii_digit());
            (!elided).then_some((Mark::CurlySingle, len, true, false))
        }
        '’' => {
            let inside = before.is_some_and(char::is_alphanumeric) && rest.starts_with(joins_words);
            (!inside).then_some((Mark::CurlySingle, len, false, true))
        }
        '"' | '＂' => {
            let open = opens_by_context(before, rest);
            let close = !open || before.is_some_and(|b| !b.is_whitespace());
            Some((Mark::Straight, len, open || closes_nothing(before), close))
        }
        '\'' | '`' if rest.starts_with(c) => {
            let after = &rest[1..];
            let open = opens_by_context(before, after);
            Some((
                Mark::Typed,
                2,
                open,
                !open || before.is_some_and(|b| !b.is_whitespace()),
            ))
        }
        '\'' => {
            let open = opens_by_context(before, rest) && !rest.starts_with(|c: char| c.is_ascii_digit());
            let inside = before.is_some_and(char::is_alphanumeric) && rest.starts_with(joins_words);
            let close = !inside && before.is_some_and(|b| !b.is_whitespace());
            (open || close).then_some((Mark::Apostrophe, len, open, close))
        }
        _ => None,
    }
}

/// Whether an apostrophe before `c` may stand inside a word: not before Hangul or Han, whose words have none.
fn joins_words(c: char) -> bool {
    c.is_alphanumeric()
        && !matches!(c, '\u{1100}'..='\u{11ff}' | '\u{3040}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}')
}

/// Whether nothing stands before that a mark could close.
fn closes_nothing(before: Option<char>) -> bool {
    before.is_none_or(char::is_whitespace)
}

/// Whether a mark between `before` and `rest` opens: space or an opening mark before it, text after it.
fn opens_by_context(before: Option<char>, rest: &str) -> bool {
    let text_after = rest.chars().next().is_some_and(|c| !c.is_whitespace());
    let room_before = before.is_none_or(|b| {
        b.is_whitespace()
            || matches!(
                b,
                '(' | '[' | '{' | '-' | '–' | '—' | '/' | '“' | '"' | '‘' | '\'' | '«' | '„' | ':'
            )
    });
    text_after && room_before
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(usize, &str)> {
        quotations(text, Span::new(0, text.len()))
            .iter()
            .map(|q| (q.depth, q.inner.of(text)))
            .collect()
    }

    #[test]
    fn knows_the_marks_of_each_language() {
        assert_eq!(found("\"It is over,\" Lee said."), [(0, "It is over,")]);
        assert_eq!(found("“It’s over,” Lee said."), [(0, "It’s over,")]);
        assert_eq!(found("«Усе скінчено», — сказав Лі."), [(0, "Усе скінчено")]);
        assert_eq!(found("Er sagte: „Nein“ und ging."), [(0, "Nein")]);
        assert_eq!(found("리는 “다 끝났다”고 말했다."), [(0, "다 끝났다")]);
        assert_eq!(found("''I know,'' he said."), [(0, "I know,")]);
        assert_eq!(found("他说：「完了」。"), [(0, "完了")]);
        // Opened by a typewriter's mark, closed by a printer's.
        assert_eq!(found("\"끝났다.”라고 리가 말했다."), [(0, "끝났다.")]);
    }

    #[test]
    fn nests() {
        assert_eq!(
            found("\"He told me, 'Run,'\" Koval recalled."),
            [(0, "He told me, 'Run,'"), (1, "Run,")]
        );
        assert_eq!(
            found("«Він сказав мені: „Тікай“», — згадала Коваль."),
            [(0, "Він сказав мені: „Тікай“"), (1, "Тікай")]
        );
        assert_eq!(
            found("코발은 “그가 내게 ‘뛰어’라고 했다”고"),
            [(0, "그가 내게 ‘뛰어’라고 했다"), (1, "뛰어")]
        );
    }

    #[test]
    fn apostrophes_are_no_quotations() {
        assert!(found("the voters' lists of the '90s, don't").is_empty());
        assert_eq!(found("\"the workers' hall\" it's"), [(0, "the workers' hall")]);
    }

    #[test]
    fn an_open_speech_runs_to_the_end_of_its_paragraph() {
        assert_eq!(found("“We lost it. \n"), [(0, "We lost it.")]);
        assert!(found("a 12\" pipe").is_empty());
    }
}
