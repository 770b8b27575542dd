//! A page → its structure: the article's paragraphs, its captions and cells, the title and the description are
//! translated; navigation, advertisements and all else stay.

use std::collections::HashSet;

use crate::article::Article;
use crate::text::language::Language;
use crate::text::span::Span;

use super::escape::{Escape, decoded};
use super::inline::{Item, Run};
use super::tags::{Token, attributes, tokens};
use super::{Slot, Structure, Unit, has_words, one_spaced};

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
    /// A start tag that names the language or the direction of what it holds, up to this number of what is found.
    Around(usize),
}

pub(super) fn read(structure: &mut Structure, text: &str, article: &Article, to: Language) {
    let mut reader = Reader {
        text,
        from: article.language,
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
            (Kind::Set, _) | (Kind::Around(_), true) => structure.raw(&found.unit.text),
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
    around(found, &mut wanted);
    wanted
}

/// A tag says what language it holds if something in it is translated.
fn around(found: &[Found], wanted: &mut [bool]) {
    let mut before = vec![0];
    for (found, wanted) in found.iter().zip(wanted.iter()) {
        let text = *wanted && matches!(found.kind, Kind::Text { .. });
        before.push(before.last().copied().unwrap_or(0) + usize::from(text));
    }
    for (at, found) in found.iter().enumerate() {
        if let Kind::Around(end) = found.kind {
            wanted[at] = before[end.min(wanted.len())] > before[at];
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    from: Language,
    to: Language,
    found: Vec<Found>,
    /// The run of text and inline tags at hand.
    open: Vec<(Item, Span)>,
    /// Elements that part lines, the last the nearest; with the number of what is found of their tags.
    around: Vec<(String, Option<usize>)>,
    /// Navigation, headers and footers that are open.
    links: usize,
}

impl Reader<'_> {
    fn read(&mut self) {
        let text = self.text;
        for token in tokens(text) {
            match token {
                Token::Text(span) => self.open.push((Item::Text(decoded(span.of(text))), span)),
                Token::Other(span) if is_tag(span.of(text), "<pre") => self.flush(),
                Token::Other(span) if is_tag(span.of(text), "<?xml") => self.encoding(span),
                Token::Other(span) => self.open.push((Item::Point(span.of(text).to_owned()), span)),
                Token::Open(name, span) if INLINE.contains(&name.as_str()) => {
                    let raw = span.of(text).to_owned();
                    let item = if VOID.contains(&name.as_str()) || raw.ends_with("/>") {
                        Item::Point(raw)
                    } else {
                        Item::Open(name, self.declared(span, false).unwrap_or(raw))
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
                    if let Some(at) = self.around.iter().rposition(|(open, _)| *open == name) {
                        for (_, tag) in self.around.split_off(at) {
                            self.ends(tag);
                        }
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
            let declared = self.declared(tag, true).filter(|_| name != "html");
            let number = declared.map(|text| {
                self.found.push(Found {
                    span: tag,
                    unit: Unit::plain(text, Escape::Plain),
                    kind: Kind::Around(usize::MAX),
                });
                self.found.len() - 1
            });
            self.around.push((name.to_owned(), number));
        }
    }

    /// The element whose tag is number `tag` of what is found ends here.
    fn ends(&mut self, tag: Option<usize>) {
        let end = self.found.len();
        if let Some(found) = tag.and_then(|tag| self.found.get_mut(tag)) {
            found.kind = Kind::Around(end);
        }
    }

    /// The start tag `tag` if it names the language of the input, or its direction: as it is for the other language.
    fn declared(&self, tag: Span, with_direction: bool) -> Option<String> {
        let (text, mut at) = (self.text, tag.start);
        let mut out = String::new();
        for (name, span) in attributes(text, tag) {
            let value = unquoted(span.of(text)).trim();
            let primary = value.split(['-', '_']).next().unwrap_or_default();
            let new = match name.as_str() {
                "lang" | "xml:lang" if primary.eq_ignore_ascii_case(self.from.code()) => self.to.code(),
                "dir" if with_direction && value.eq_ignore_ascii_case(direction(self.from)) => {
                    direction(self.to)
                }
                _ => continue,
            };
            if new != value {
                out.push_str(&format!("{}\"{new}\"", &text[at..span.start]));
                at = span.end;
            }
        }
        (at > tag.start).then(|| out + &text[at..tag.end])
    }

    /// An XML declaration: what is written is UTF-8.
    fn encoding(&mut self, tag: Span) {
        for (name, span) in attributes(self.text, tag) {
            if name == "encoding" && !unquoted(span.of(self.text)).eq_ignore_ascii_case("utf-8") {
                self.set(span, "\"utf-8\"".to_owned());
            }
        }
    }

    /// The language and the direction that the page declares.
    fn language(&mut self, tag: Span) {
        let text = self.text;
        let code = format!("\"{}\"", self.to.code());
        let (mut has_code, mut has_direction) = (false, false);
        for (name, span) in attributes(text, tag) {
            let value = match name.as_str() {
                "lang" | "xml:lang" => {
                    has_code |= name == "lang";
                    code.clone()
                }
                "dir" => {
                    has_direction = true;
                    format!("\"{}\"", direction(self.to))
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
        let text = one_spaced(&text);
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
            span.start += span.of(text).len() - span.of(text).trim_ascii_start().len();
        }
        if matches!(items[items.len() - 1].0, Item::Text(_)) {
            span.end = span.start + span.of(text).trim_ascii_end().len();
        }
        let mut run = Run::default();
        for item in kept(&items, text) {
            run.add(item);
        }
        let (words, marks) = run.finish();
        let nearest = self.around.last().map_or("", |(name, _)| name.as_str());
        let head = nearest == "title";
        let among = self.links == 0 && AMONG.contains(&nearest);
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
            if matches!(item, Item::Point(raw) if is_tag(raw, "<img")) {
                for (name, value) in attributes(self.text, *span) {
                    if matches!(name.as_str(), "alt" | "title") {
                        self.words(value, Kind::Words);
                    }
                }
            }
        }
    }
}

fn direction(language: Language) -> &'static str {
    if language.is_right_to_left() { "rtl" } else { "ltr" }
}

fn is_tag(raw: &str, begin: &str) -> bool {
    raw.get(..begin.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(begin))
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
fn kept(items: &[(Item, Span)], text: &str) -> Vec<Item> {
    let mut out = Vec::with_capacity(items.len());
    let mut at = 0;
    while let Some((item, span)) = items.get(at) {
        at += 1;
        match whole(item, *span, &items[at..], text) {
            Some((item, count)) => {
                out.push(item);
                at += count;
            }
            None => out.push(item.clone()),
        }
    }
    out
}

/// `open`, which `rest` follows, up to its end as one item if its words stay, and how many items of `rest` that takes.
fn whole(open: &Item, start: Span, rest: &[(Item, Span)], text: &str) -> Option<(Item, usize)> {
    /// The longest number of a note, in characters: "[12]".
    const NOTE: usize = 5;
    /// An end is sought among so many items.
    const REACH: usize = 64;
    let Item::Open(name, _) = open else {
        return None;
    };
    let is_kept = KEPT.contains(&name.as_str());
    if !is_kept && name != "sup" {
        return None;
    }
    let rest = &rest[..rest.len().min(REACH)];
    let end = rest
        .iter()
        .position(|(item, _)| matches!(item, Item::Close(close, _) if close == name))?;
    let words = rest[..end].iter().filter_map(|(item, _)| match item {
        Item::Text(text) => Some(text.as_str()),
        _ => None,
    });
    let inside: String = words.collect();
    let is_note = inside.trim().chars().count() <= NOTE && !has_words(&inside);
    let raw = start.cover(rest[end].1).of(text).to_owned();
    let item = if is_kept {
        Item::Kept(raw, inside)
    } else {
        Item::Point(raw)
    };
    (is_kept || is_note).then_some((item, end + 1))
}
