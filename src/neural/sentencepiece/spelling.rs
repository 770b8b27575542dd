//! Ids → text, with the place of each id in it.

use super::SPACE;
use crate::text::span::Span;

/// What an id adds to a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// Nothing: control tokens.
    Silent,
    /// A piece of text, spaces written as spaces. At the beginning of a text it may lose its first space.
    Piece(Box<str>),
    /// Text as it stands.
    Verbatim(Box<str>),
    /// Bytes, which may be a part of a character.
    Bytes(Box<[u8]>),
}

impl Spelling {
    /// A piece as vocabularies write it.
    pub(crate) fn piece(text: &str) -> Self {
        Self::Piece(text.replace(SPACE, " ").into())
    }

    /// A byte by itself.
    pub(crate) fn byte(byte: u8) -> Self {
        Self::Bytes([byte].into())
    }
}

/// How texts begin, and what becomes of bytes that are no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Habits {
    /// Pieces lose their first space until something has been written.
    pub(crate) all_first_spaces: bool,
    /// The first piece loses its first space.
    pub(crate) first_space: bool,
    /// Each byte that belongs to no character gives U+FFFD; else each stretch of them that began as one.
    pub(crate) each_wrong_byte: bool,
}

/// A text and where each id stands in it; an id that adds nothing has an empty span.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// The text.
    pub text: String,
    /// One span for each id. A character that takes several ids is the span of each.
    pub spans: Vec<Span>,
}

/// A text that is being written.
struct Writer {
    text: String,
    spans: Vec<Span>,
    /// Bytes that have not been written: for each the index of its id.
    bytes: Vec<(u8, usize)>,
    habits: Habits,
}

impl Decoded {
    /// The text of ids by their spellings.
    pub(crate) fn of<'s>(spellings: impl IntoIterator<Item = &'s Spelling>, habits: Habits) -> Self {
        let mut writer = Writer {
            text: String::new(),
            spans: Vec::new(),
            bytes: Vec::new(),
            habits,
        };
        let mut first = true;
        for spelling in spellings {
            match spelling {
                Spelling::Bytes(bytes) => {
                    let index = writer.spans.len();
                    writer.bytes.extend(bytes.iter().map(|b| (*b, index)));
                    writer.spans.push(Span::default());
                }
                Spelling::Silent => writer.write(""),
                Spelling::Verbatim(text) => writer.write(text),
                Spelling::Piece(text) => {
                    writer.flush();
                    first &= writer.text.is_empty();
                    let may = habits.first_space || habits.all_first_spaces;
                    let rest = text.strip_prefix(' ').filter(|_| first && may);
                    first &= habits.all_first_spaces || rest.is_none();
                    writer.write(rest.unwrap_or(text));
                }
            }
        }
        writer.flush();
        Self {
            text: writer.text,
            spans: writer.spans,
        }
    }

    /// Without white space at both ends, by Python's idea of it.
    pub(crate) fn trimmed(self) -> Self {
        let white = |c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c);
        let start = self.text.len() - self.text.trim_start_matches(white).len();
        let kept = self.text.trim_matches(white).to_owned();
        let move_to = |at: usize| at.saturating_sub(start).min(kept.len());
        Self {
            spans: self
                .spans
                .iter()
                .map(|s| Span::new(move_to(s.start), move_to(s.end)))
                .collect(),
            text: kept,
        }
    }
}

impl Writer {
    /// Writes what one id adds.
    fn write(&mut self, text: &str) {
        self.flush();
        let start = self.text.len();
        self.text.push_str(text);
        self.spans.push(Span::new(start, self.text.len()));
    }

    /// Writes the bytes that wait.
    fn flush(&mut self) {
        if self.bytes.is_empty() {
            return;
        }
        let waiting = std::mem::take(&mut self.bytes);
        let bytes: Vec<u8> = waiting.iter().map(|(byte, _)| *byte).collect();
        let mut at = 0;
        for chunk in bytes.utf8_chunks() {
            for c in chunk.valid().chars() {
                let length = c.len_utf8();
                self.character(c, &waiting[at..at + length]);
                at += length;
            }
            let wrong = chunk.invalid().len();
            let step = if self.habits.each_wrong_byte { 1 } else { wrong };
            for byte in waiting[at..at + wrong].chunks(step.max(1)) {
                self.character(char::REPLACEMENT_CHARACTER, byte);
            }
            at += wrong;
        }
    }

    /// Writes a character that comes from `bytes`.
    fn character(&mut self, c: char, bytes: &[(u8, usize)]) {
        let start = self.text.len();
        self.text.push(c);
        let end = self.text.len();
        for (_, index) in bytes {
            let span = &mut self.spans[*index];
            let empty = span.is_empty();
            *span = Span::new(if empty { start } else { span.start }, end);
        }
    }
}
