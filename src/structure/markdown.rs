//! Markdown → its structure: the marks of blocks, code, addresses and HTML stay; paragraphs, headings, cells, the words of
//! links and pictures, and the values of the front matter that are prose are translated.

use std::ops::Range;

use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, TagEnd};

use crate::text::language::Language;
use crate::text::span::Span;

use super::escape::Escape;
use super::inline::{Item, Run};
use super::{Slot, Structure, Unit, has_words};

/// Values of the front matter that are prose.
const PROSE: &[&str] = &[
    "title",
    "headline",
    "subtitle",
    "subheading",
    "description",
    "summary",
    "excerpt",
    "lead",
    "standfirst",
];
/// Those that name the language.
const LANGUAGE: &[&str] = &["lang", "language", "locale"];

pub(super) fn read(structure: &mut Structure, text: &str, to: Language) {
    let body = front(structure, text, to);
    Reader {
        structure,
        text,
        end: body,
        items: Vec::new(),
        at: body,
        verbatim: 0,
        to,
    }
    .read(body);
}

/// Takes the front matter; gives its length.
fn front(structure: &mut Structure, text: &str, to: Language) -> usize {
    let mut lines = text.split_inclusive('\n');
    let fence = lines.next().unwrap_or_default();
    let mark = match fence.trim_end() {
        "---" => ':',
        "+++" => '=',
        _ => return 0,
    };
    let is_fence = |line: &&str| line.trim_end() == fence.trim_end();
    if !lines.clone().any(|line| is_fence(&line)) {
        return 0;
    }
    structure.raw(fence);
    let mut length = fence.len();
    let mut lines = lines.peekable();
    while let Some(line) = lines.next() {
        length += line.len();
        if is_fence(&line) {
            structure.raw(line);
            break;
        }
        // a value that goes on in the next line stays
        let goes_on = |next: &&str| next.starts_with([' ', '\t']) && !next.trim().is_empty();
        if lines.peek().is_some_and(goes_on) {
            structure.raw(line);
        } else {
            entry(structure, line, mark, to);
        }
    }
    length
}

fn entry(structure: &mut Structure, line: &str, mark: char, to: Language) {
    let value = line.split_once(mark).map(|(key, value)| (key.trim_end(), value));
    let Some((key, value)) = value.filter(|(_, value)| !value.trim().is_empty()) else {
        structure.raw(line);
        return;
    };
    let words = value.trim();
    let start = line.len() - value.trim_start().len();
    let after = &line[start + words.len()..];
    if LANGUAGE.contains(&key) {
        structure.raw(&line[..start]);
        let quote = if words.starts_with(['"', '\'']) || mark == '=' {
            "\""
        } else {
            ""
        };
        structure.raw(&format!("{quote}{}{quote}{after}", to.code()));
        return;
    }
    // a text of several lines, a list, an alias: they stay
    let simple = !words.starts_with(['|', '>', '[', '{', '&', '*', '!']);
    let plain = match words.as_bytes() {
        [b'"', inner @ .., b'"'] => std::str::from_utf8(inner)
            .unwrap_or_default()
            .replace("\\\"", "\"")
            .replace("\\\\", "\\"),
        [b'\'', inner @ .., b'\''] => std::str::from_utf8(inner).unwrap_or_default().replace("''", "'"),
        _ => words.to_owned(),
    };
    if PROSE.contains(&key) && simple && has_words(&plain) {
        structure.raw(&format!("{}\"", &line[..start]));
        structure.unit(Unit::plain(plain, Escape::Quoted));
        structure.raw(&format!("\"{after}"));
    } else {
        structure.raw(line);
    }
}

struct Reader<'a, 'b> {
    structure: &'a mut Structure,
    text: &'b str,
    /// What is given to the structure so far.
    end: usize,
    items: Vec<(Item, Span)>,
    /// The end of the last event inside of a line.
    at: usize,
    /// Code that is open.
    verbatim: usize,
    to: Language,
}

impl Reader<'_, '_> {
    fn read(&mut self, body: usize) {
        let options = Options::ENABLE_TABLES
            | Options::ENABLE_STRIKETHROUGH
            | Options::ENABLE_FOOTNOTES
            | Options::ENABLE_TASKLISTS;
        let shifted = |(event, range): (Event<'static>, Range<usize>)| {
            (event, Span::new(range.start + body, range.end + body))
        };
        let events = Parser::new_ext(&self.text[body..], options).into_offset_iter();
        let mut events = events
            .map(|(event, range)| shifted((event.into_static(), range)))
            .peekable();
        let mut names: Vec<String> = Vec::new();
        while let Some((event, span)) = events.next() {
            match event {
                Event::Start(Tag::Link {
                    link_type: LinkType::Autolink | LinkType::Email,
                    ..
                }) => {
                    let mut words = String::new();
                    for (event, _) in events.by_ref() {
                        match event {
                            Event::Text(text) => words.push_str(&text),
                            Event::End(TagEnd::Link) => break,
                            _ => {}
                        }
                    }
                    let raw = span.of(self.text).to_owned();
                    self.add(Item::Kept(raw, words), span);
                }
                Event::Start(ref tag) if inline(tag) => {
                    let next = events
                        .peek()
                        .map_or(span.end, |(_, next)| next.start)
                        .clamp(span.start, span.end);
                    let next = if next == span.start { span.end } else { next };
                    let raw = self.text[span.start..next].trim_end_matches('\\');
                    let (close, raw) = (self.close_of(tag), self.starred(raw));
                    names.push(close);
                    self.add(Item::Open("mark".to_owned(), raw), Span::new(span.start, next));
                }
                Event::End(
                    TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image,
                ) => {
                    let raw = self.starred(&self.text[self.at.min(span.end)..span.end]);
                    let label = names.pop().unwrap_or_default();
                    let raw = if label.is_empty() || raw.is_empty() {
                        raw
                    } else {
                        label
                    };
                    self.add(
                        Item::Close("mark".to_owned(), raw),
                        Span::new(self.at.min(span.end), span.end),
                    );
                }
                Event::Start(Tag::CodeBlock(_)) => {
                    self.flush();
                    self.verbatim += 1;
                }
                Event::End(TagEnd::CodeBlock) => self.verbatim = 0,
                Event::Text(words) if self.verbatim == 0 => self.add(Item::Text(words.into_string()), span),
                Event::Code(words) => {
                    let raw = span.of(self.text).to_owned();
                    self.add(Item::Kept(raw, words.into_string()), span);
                }
                Event::InlineHtml(_) | Event::FootnoteReference(_) | Event::InlineMath(_) => {
                    let raw = span.of(self.text).to_owned();
                    self.add(Item::Point(raw), span);
                }
                Event::SoftBreak => self.add(Item::Text(" ".to_owned()), span),
                Event::Start(_) | Event::End(_) | Event::HardBreak => self.flush(),
                _ => {}
            }
        }
        self.flush();
        let rest = self.text[self.end..].to_owned();
        self.structure.raw(&rest);
    }

    /// The end of a link that is found by its words: they change, what it points to does not.
    fn close_of(&self, tag: &Tag<'_>) -> String {
        match tag {
            Tag::Link {
                link_type: LinkType::Shortcut | LinkType::Collapsed,
                id,
                ..
            }
            | Tag::Image {
                link_type: LinkType::Shortcut | LinkType::Collapsed,
                id,
                ..
            } => format!("][{id}]"),
            _ => String::new(),
        }
    }

    /// Underscores mark nothing inside of words, and scripts without spaces have no borders of words.
    fn starred(&self, raw: &str) -> String {
        let together = matches!(self.to.code(), "zh" | "ja" | "ko" | "th" | "lo" | "km" | "my");
        if together && !raw.is_empty() && raw.bytes().all(|b| b == b'_') {
            "*".repeat(raw.len())
        } else {
            raw.to_owned()
        }
    }

    fn add(&mut self, item: Item, span: Span) {
        self.at = span.end;
        self.items.push((item, span));
    }

    /// Ends the run at hand.
    fn flush(&mut self) {
        let items = std::mem::take(&mut self.items);
        let says = |(item, _): &(Item, Span)| matches!(item, Item::Text(text) if has_words(text));
        let whole = items.iter().map(|(_, span)| *span).reduce(Span::cover);
        let Some(whole) = whole.filter(|_| items.iter().any(says)) else {
            return;
        };
        let mut run = Run::default();
        for (item, _) in items {
            run.add(item);
        }
        let (text, marks) = run.finish();
        let before = self.text[self.end..whole.start].trim_end_matches('\\').to_owned();
        self.structure.raw(&before);
        self.end = whole.end;
        let slot = Slot {
            span: Span::new(0, text.len()),
            lines: 1,
            marks,
        };
        self.structure.unit(Unit {
            text,
            slots: vec![slot],
            escape: Escape::Markdown,
        });
    }
}

/// Whether it marks words inside of a line.
fn inline(tag: &Tag<'_>) -> bool {
    matches!(
        tag,
        Tag::Emphasis | Tag::Strong | Tag::Strikethrough | Tag::Link { .. } | Tag::Image { .. }
    )
}
