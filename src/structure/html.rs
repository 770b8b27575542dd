//! A page → its structure: the article's paragraphs, its captions and cells, the title and the description are
//! translated; navigation, advertisements and all else stay.

use std::collections::HashSet;

use crate::article::Article;
use crate::text::language::Language;
use crate::text::span::Span;

use super::escape::{Escape, decoded};
use super::inline::{Item, Run};
use super::tags::{Token, attributes, tokens};
use super::{Slot, Structure, Unit, has_words};

/// Elements that flow inside a line.
const INLINE: &[&str] = &[
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font",
    "i", "img", "ins", "kbd", "label", "mark", "nobr", "q", "rp", "rt", "ruby", "s", "samp", "small", "span",
    "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
];
/// Those that have no end.
const VOID: &[&str] = &["img", "wbr"];
/// Those whose words are not translated.
const KEPT: &[&str] = &["code", "kbd", "samp", "var", "tt"];
/// The descriptions of a page.
const DESCRIPTIONS: &[&str] = &[
    "description",
    "og:title",
    "og:description",
    "og:image:alt",
    "twitter:title",
    "twitter:description",
    "twitter:image:alt",
];
/// What belongs to the article where it stands among its paragraphs.
const AMONG: &[&str] = &["td", "th", "figcaption", "caption", "dt", "dd", "li", "summary"];
/// A text of the page with so many letters is the article's if it stands anywhere in it.
const LONG: usize = 20;

/// What may be translated, and its place.
struct Found {
    span: Span,
    unit: Unit,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The page's title and description.
    Head,
    /// Text: whether it is of an element that belongs to the paragraphs around it.
    Text { among: bool },
    /// The words for a picture, or those of a link's hint.
    Words,
    /// An attribute that is written anew.
    Set,
}

pub(super) fn read(structure: &mut Structure, text: &str, article: &Article, to: Language) {
    let mut reader = Reader {
        text,
        to,
        found: Vec::new(),
        open: Vec::new(),
        around: Vec::new(),
        links: 0,
    };
    reader.read();
    let found = reader.found;
    let wanted = wanted(&found, article);
    let (mut at, mut left) = (0, 0);
    for (found, wanted) in found.into_iter().zip(wanted) {
        structure.raw(&text[at..found.span.start]);
        at = found.span.end;
        let quotes = found.unit.escape == Escape::Attribute;
        match (found.kind, wanted) {
            (Kind::Set, _) => structure.raw(&found.unit.text),
            (_, true) => {
                structure.raw(if quotes { "\"" } else { "" });
                structure.unit(found.unit);
                structure.raw(if quotes { "\"" } else { "" });
            }
            (kind, false) => {
                left += usize::from(matches!(kind, Kind::Text { .. }));
                structure.raw(found.span.of(text));
            }
        }
    }
    structure.raw(&text[at..]);
    structure.left = (left > 0).then_some((left, "texts of the page outside of the article"));
}

/// Which of `found` are the article's.
fn wanted(found: &[Found], article: &Article) -> Vec<bool> {
    let letters = |text: &str| text.chars().filter(|c| c.is_alphabetic()).collect::<String>();
    let blocks: HashSet<String> = article
        .blocks
        .iter()
        .map(|b| letters(b.span.of(&article.text)))
        .collect();
    let whole = letters(&article.text);
    let is_its = |text: &str| {
        let text = letters(text);
        blocks.contains(&text) || (text.chars().count() >= LONG && whole.contains(&text))
    };
    let mut wanted: Vec<bool> = found
        .iter()
        .map(|f| f.kind == Kind::Head || (matches!(f.kind, Kind::Text { .. }) && is_its(&f.unit.text)))
        .collect();
    let is_text = |i: &usize| wanted[*i] && found[*i].kind != Kind::Head;
    let first = (0..found.len()).find(is_text);
    let last = (0..found.len()).rev().find(is_text);
    if let Some((first, last)) = first.zip(last) {
        // a caption or a table may end the article
        for at in first..found.len().min(last + 2) {
            let near = match found[at].kind {
                Kind::Text { among } => among,
                Kind::Words => at < last,
                _ => false,
            };
            wanted[at] |= near;
        }
    }
    wanted
}

struct Reader<'a> {
    text: &'a str,
    to: Language,
    found: Vec<Found>,
    /// The run of text and inline tags at hand.
    open: Vec<(Item, Span)>,
    /// Elements that part lines, the last the nearest.
    around: Vec<String>,
    /// Navigation, headers and footers that are open.
    links: usize,
}

impl Reader<'_> {
    fn read(&mut self) {
        let text = self.text;
        for token in tokens(text) {
            match token {
                Token::Text(span) => self.open.push((Item::Text(decoded(span.of(text))), span)),
                Token::Other(span) => self.open.push((Item::Point(span.of(text).to_owned()), span)),
                Token::Open(name, span) if INLINE.contains(&name.as_str()) => {
                    let raw = span.of(text).to_owned();
                    let item = if VOID.contains(&name.as_str()) || raw.ends_with("/>") {
                        Item::Point(raw)
                    } else {
                        Item::Open(name, raw)
                    };
                    self.open.push((item, span));
                }
                Token::Close(name, span) if INLINE.contains(&name.as_str()) => {
                    self.open
                        .push((Item::Close(name, span.of(text).to_owned()), span));
                }
                Token::Open(name, span) => self.begin(&name, span),
                Token::Close(name, _) => {
                    self.flush();
                    if matches!(name.as_str(), "nav" | "footer" | "aside") {
                        self.links = self.links.saturating_sub(1);
                    }
                    if let Some(at) = self.around.iter().rposition(|open| *open == name) {
                        self.around.truncate(at);
                    }
                }
            }
        }
        self.flush();
    }

    fn begin(&mut self, name: &str, tag: Span) {
        self.flush();
        match name {
            "html" => self.language(tag),
            "meta" => self.meta(tag),
            "nav" | "footer" | "aside" => self.links += 1,
            _ => {}
        }
        if !matches!(
            name,
            "br" | "hr" | "meta" | "link" | "base" | "input" | "col" | "source"
        ) {
            self.around.push(name.to_owned());
        }
    }

    /// The language and the direction that the page declares.
    fn language(&mut self, tag: Span) {
        let text = self.text;
        let code = format!("\"{}\"", self.to.code());
        let direction = if self.to.is_right_to_left() { "rtl" } else { "ltr" };
        let (mut has_code, mut has_direction) = (false, false);
        for (name, span) in attributes(text, tag) {
            let value = match name.as_str() {
                "lang" | "xml:lang" => {
                    has_code |= name == "lang";
                    code.clone()
                }
                "dir" => {
                    has_direction = true;
                    format!("\"{direction}\"")
                }
                _ => continue,
            };
            self.set(span, value);
        }
        let mut more = String::new();
        if !has_code {
            more.push_str(&format!(" lang={code}"));
        }
        if !has_direction && self.to.is_right_to_left() {
            more.push_str(" dir=\"rtl\"");
        }
        let end = tag.end - 1 - usize::from(tag.of(text).ends_with("/>"));
        if !more.is_empty() {
            self.set(Span::new(end, end), more);
        }
    }

    fn meta(&mut self, tag: Span) {
        let text = self.text;
        let found = attributes(text, tag);
        let value = |wanted: &[&str]| {
            let found = found.iter().find(|(name, _)| wanted.contains(&name.as_str()));
            found.map(|(_, span)| (*span, unquoted(span.of(text))))
        };
        // what is written is UTF-8, whatever was read
        if let Some((span, charset)) = value(&["charset"]) {
            if !charset.eq_ignore_ascii_case("utf-8") {
                self.set(span, "\"utf-8\"".to_owned());
            }
            return;
        }
        let Some((span, content)) = value(&["content"]) else {
            return;
        };
        if let Some((_, kind)) = value(&["http-equiv"]) {
            let kind = kind.to_ascii_lowercase();
            if kind == "content-language" {
                self.set(span, format!("\"{}\"", self.to.code()));
            }
            if kind == "content-type" && !content.to_ascii_lowercase().contains("charset=utf-8") {
                self.set(span, "\"text/html; charset=utf-8\"".to_owned());
            }
            return;
        }
        let name = value(&["name", "property"]).map(|(_, name)| name.to_ascii_lowercase());
        if name.is_some_and(|name| DESCRIPTIONS.contains(&name.as_str())) {
            self.words(span, Kind::Head);
        }
    }

    fn set(&mut self, span: Span, text: String) {
        let unit = Unit::plain(text, Escape::Plain);
        self.found.push(Found {
            span,
            unit,
            kind: Kind::Set,
        });
    }

    /// The value of an attribute.
    fn words(&mut self, span: Span, kind: Kind) {
        let text = decoded(unquoted(span.of(self.text)));
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if has_words(&text) {
            let unit = Unit::plain(text, Escape::Attribute);
            self.found.push(Found { span, unit, kind });
        }
    }

    /// Ends the run at hand.
    fn flush(&mut self) {
        let mut items = std::mem::take(&mut self.open);
        let blank = |item: &(Item, Span)| matches!(&item.0, Item::Text(text) if text.trim().is_empty());
        let first = items.iter().position(|item| !blank(item)).unwrap_or(items.len());
        items.drain(..first);
        while items.last().is_some_and(blank) {
            items.pop();
        }
        let says = |item: &(Item, Span)| matches!(&item.0, Item::Text(text) if has_words(text));
        if !items.iter().any(says) {
            self.pictures(&items);
            return;
        }
        // white space at the borders stays where it is
        let text = self.text;
        let mut span = items[0].1.cover(items[items.len() - 1].1);
        if matches!(items[0].0, Item::Text(_)) {
            span.start += span.of(text).len() - span.of(text).trim_start().len();
        }
        if matches!(items[items.len() - 1].0, Item::Text(_)) {
            span.end = span.start + span.of(text).trim_end().len();
        }
        let mut run = Run::default();
        for item in kept(items, text) {
            run.add(item);
        }
        let (words, marks) = run.finish();
        let head = self.around.last().is_some_and(|name| name == "title");
        let among = self.links == 0
            && self
                .around
                .last()
                .is_some_and(|name| AMONG.contains(&name.as_str()));
        let slot = Slot {
            span: Span::new(0, words.len()),
            lines: 1,
            marks,
        };
        let unit = Unit {
            text: words,
            slots: vec![slot],
            escape: Escape::Html,
        };
        let kind = if head { Kind::Head } else { Kind::Text { among } };
        self.found.push(Found { span, unit, kind });
    }

    /// What a run without words says of its pictures.
    fn pictures(&mut self, items: &[(Item, Span)]) {
        for (item, span) in items {
            if matches!(item, Item::Point(raw) if raw.get(..4).is_some_and(|tag| tag.eq_ignore_ascii_case("<img")))
            {
                for (name, value) in attributes(self.text, *span) {
                    if matches!(name.as_str(), "alt" | "title") {
                        self.words(value, Kind::Words);
                    }
                }
            }
        }
    }
}

fn unquoted(value: &str) -> &str {
    let quoted = |quote: char| {
        value
            .strip_prefix(quote)
            .map(|v| v.strip_suffix(quote).unwrap_or(v))
    };
    quoted('"').or_else(|| quoted('\'')).unwrap_or(value)
}

/// Elements whose words stay as one item each; so do the numbers of notes.
fn kept(items: Vec<(Item, Span)>, text: &str) -> Vec<Item> {
    /// The longest number of a note, in characters: "[12]".
    const NOTE: usize = 5;
    let mut out = Vec::new();
    let mut items = items.into_iter().peekable();
    while let Some((item, span)) = items.next() {
        let Item::Open(name, _) = &item else {
            out.push(item);
            continue;
        };
        let is_kept = KEPT.contains(&name.as_str());
        if !is_kept && name != "sup" {
            out.push(item);
            continue;
        }
        let rest: Vec<(Item, Span)> = items.clone().take(8).collect();
        let end = rest
            .iter()
            .position(|(item, _)| matches!(item, Item::Close(close, _) if close == name));
        let inside: String = rest
            .iter()
            .take(end.unwrap_or(0))
            .filter_map(|(item, _)| match item {
                Item::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .collect();
        let is_note = inside.trim().chars().count() <= NOTE && !has_words(&inside);
        match end.filter(|_| is_kept || is_note) {
            Some(end) => {
                let raw = span.cover(rest[end].1).of(text).to_owned();
                out.push(if is_kept {
                    Item::Kept(raw, inside)
                } else {
                    Item::Point(raw)
                });
                items.by_ref().take(end + 1).for_each(drop);
            }
            None => out.push(item),
        }
    }
    out
}
