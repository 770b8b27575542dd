//! XML text → a tree that is bounded in depth and size, without ever reading a DTD.
//!
//! Entities that only a DTD declares are refused and never expanded, so no input can grow ("billion laughs") or reach
//! for other files. The named entities of HTML are known, as feeds and NITF use them undeclared.

pub(super) mod feed;
pub(super) mod newsml;
pub(super) mod nitf;

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::escape::{resolve_html5_entity, unescape_with};
use quick_xml::events::attributes::Attributes;
use quick_xml::events::{BytesStart, Event};

use super::html::walk::Step;
use crate::error::{Error, Result};

/// Elements inside one another: more than any office file needs.
const DEEPEST: usize = 256;
/// Elements of one file.
const MOST_ELEMENTS: usize = 1_000_000;

/// One element. Names are without their prefix.
#[derive(Debug, Default)]
pub(crate) struct Element<'a> {
    pub(crate) name: &'a str,
    /// The namespace that the name is in, as it is declared; an undeclared prefix stands for itself.
    pub(super) space: Cow<'a, str>,
    /// By their full names.
    pub(crate) attributes: Vec<(&'a str, Cow<'a, str>)>,
    pub(crate) children: Vec<Node<'a>>,
}

/// What stands inside an element.
#[derive(Debug)]
pub(crate) enum Node<'a> {
    Element(Element<'a>),
    Text(Cow<'a, str>),
}

impl<'a> Element<'a> {
    /// The elements among its children.
    pub(super) fn elements(&self) -> impl DoubleEndedIterator<Item = &Element<'a>> {
        self.children.iter().filter_map(|child| match child {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// Its children of that name.
    pub(crate) fn all<'e>(&'e self, name: &'e str) -> impl DoubleEndedIterator<Item = &'e Element<'a>> {
        self.elements().filter(move |element| element.name == name)
    }

    /// Its first child of that name.
    pub(crate) fn child(&self, name: &str) -> Option<&Element<'a>> {
        self.elements().find(|element| element.name == name)
    }

    /// The element at the end of a path of first children.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Element<'a>> {
        path.iter().try_fold(self, |element, name| element.child(name))
    }

    /// Every element of that name below it, in reading order; none inside of another.
    pub(crate) fn find_all<'e>(&'e self, name: &str, found: &mut Vec<&'e Element<'a>>) {
        for element in self.elements() {
            if element.name == name {
                found.push(element);
            } else {
                element.find_all(name, found);
            }
        }
    }

    /// An attribute by its name, whatever prefix it has.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(key, _)| local(key) == name)
            .map(|(_, value)| value.as_ref())
    }

    /// All text inside, in one line.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        self.gather(&mut text);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// All text inside as it stands.
    pub(super) fn raw_text(&self) -> String {
        let mut text = String::new();
        self.gather(&mut text);
        text
    }

    fn gather(&self, text: &mut String) {
        for child in &self.children {
            match child {
                Node::Element(element) => element.gather(text),
                Node::Text(part) => text.push_str(part),
            }
        }
    }
}

/// The part of a name after its prefix.
fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// The name of the outermost element, if `text` begins as XML does.
pub(super) fn root_name(text: &str) -> Option<&str> {
    /// What may stand before it: a declaration, a DOCTYPE, comments and white space.
    const MOST_BEFORE: usize = 40;
    let mut reader = Reader::from_str(text);
    for _ in 0..MOST_BEFORE {
        let (start, close) = match reader.read_event() {
            Ok(Event::Start(start)) => (start, ">"),
            Ok(Event::Empty(start)) => (start, "/>"),
            Ok(Event::Text(gap)) if !gap.trim().is_empty() => return None,
            Ok(Event::Eof) | Err(_) => return None,
            Ok(_) => continue,
        };
        let (inside, name_len) = tag(text, &reader, &start, close);
        return inside.get(..name_len).map(local);
    }
    None
}

/// Reads `text` whole; gives the outermost element.
///
/// # Errors
/// [`Error::Input`] if it is not well-formed, cut off, too deep, too large, or uses entities of a DTD.
pub(crate) fn parse<'a>(name: &str, text: &'a str) -> Result<Element<'a>> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().allow_dangling_amp = true;
    let mut tree = Tree::new(name);
    loop {
        let event = reader.read_event().map_err(|e| {
            broken(
                name,
                &format!("is broken XML at byte {}: {e}", reader.error_position()),
            )
        })?;
        match event {
            Event::Start(start) => tree.open(tag(text, &reader, &start, ">"))?,
            Event::Empty(start) => {
                tree.open(tag(text, &reader, &start, "/>"))?;
                tree.close();
            }
            Event::End(_) => tree.close(),
            Event::Text(part) => tree.text(part.into_inner()),
            Event::CData(part) => tree.text(part.into_inner()),
            Event::GeneralRef(reference) => {
                let entity = reference.into_inner();
                let value = resolve(&entity).ok_or_else(|| unknown_entity(name, &entity))?;
                tree.text(Cow::Owned(value));
            }
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    tree.finish()
}

/// The tag that `reader` has just read, without its brackets, as a part of `text`; and the length of its name.
fn tag<'a>(text: &'a str, reader: &Reader<&[u8]>, start: &BytesStart<'_>, close: &str) -> (&'a str, usize) {
    let end = usize::try_from(reader.buffer_position())
        .unwrap_or_default()
        .saturating_sub(close.len());
    let inside = text.get(end.saturating_sub(start.len())..end).unwrap_or_default();
    (inside, start.name().as_ref().len())
}

/// The steps of a walk through what is inside of `element`. `rename` says what an element is in HTML; one that is
/// nothing (`None`) is left out with all that it holds.
pub(super) fn steps<'e>(
    element: &'e Element<'_>,
    rename: &dyn Fn(&'e Element<'_>) -> Option<&'e str>,
    steps: &mut Vec<Step>,
) {
    for child in &element.children {
        match child {
            Node::Text(text) => steps.push(Step::Text(text.clone().into_owned())),
            Node::Element(child) => {
                if let Some(name) = rename(child) {
                    steps.push(Step::Open(name.to_owned()));
                    self::steps(child, rename, steps);
                    steps.push(Step::Close(name.to_owned()));
                }
            }
        }
    }
}

/// The refusal of XML that holds no article as far as is known here.
pub(super) fn unknown(name: &str, text: &str) -> Error {
    let root: String = root_name(text).unwrap_or_default().chars().take(40).collect();
    let message = match root.as_str() {
        "" => "is XML without an element".to_owned(),
        "NewsML" => "is NewsML 1, which is not read".to_owned(),
        "xliff" | "tmx" => {
            return Error::input(name, format!("holds translations, not an article (<{root}>)"))
                .with_hint(format!("byline check reads it: --input-format {root}"));
        }
        root => format!("is XML that is not read (<{root}>)"),
    };
    Error::input(name, message).with_hint(
        "RSS, Atom, NITF, NewsML-G2 and XHTML are; else give the article's text with --input-format text",
    )
}

fn broken(name: &str, message: &str) -> Error {
    Error::input(name, message)
        .with_hint("get the file again, or give the article's text with --input-format text")
}

fn unknown_entity(name: &str, entity: &str) -> Error {
    let entity: String = entity.chars().take(40).collect();
    Error::input(
        name,
        format!("uses the entity &{entity}; that only a DTD can tell, and DTDs are not read"),
    )
    .with_hint("export it again with its characters written out")
}

/// What an entity or a character reference stands for.
fn resolve(entity: &str) -> Option<String> {
    let Some(number) = entity.strip_prefix('#') else {
        return resolve_html5_entity(entity).map(str::to_owned);
    };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    char::from_u32(code).map(String::from)
}

/// The elements that are open, the outermost first.
struct Tree<'a, 'n> {
    name: &'n str,
    open: Vec<Element<'a>>,
    root: Option<Element<'a>>,
    elements: usize,
}

impl<'a, 'n> Tree<'a, 'n> {
    fn new(name: &'n str) -> Self {
        Tree {
            name,
            open: Vec::new(),
            root: None,
            elements: 0,
        }
    }

    fn open(&mut self, (inside, name_len): (&'a str, usize)) -> Result<()> {
        self.elements += 1;
        if self.elements > MOST_ELEMENTS {
            return Err(broken(self.name, "has more than a million elements"));
        }
        if self.open.len() >= DEEPEST {
            return Err(broken(
                self.name,
                &format!("is nested more than {DEEPEST} elements deep"),
            ));
        }
        let whole = inside.get(..name_len).unwrap_or_default();
        let mut attributes = Vec::new();
        for attribute in Attributes::new(inside, name_len).with_checks(false).flatten() {
            let value = match attribute.value {
                // a reference that nobody knows is harmless in an attribute: it stays as it is written
                Cow::Borrowed(raw) => unescape_with(raw, resolve_html5_entity).unwrap_or(Cow::Borrowed(raw)),
                owned => owned,
            };
            attributes.push((attribute.key.0, value));
        }
        let space = self.space(whole.split_once(':').map(|(prefix, _)| prefix), &attributes);
        self.open.push(Element {
            name: local(whole),
            space,
            attributes,
            children: Vec::new(),
        });
        Ok(())
    }

    /// What `prefix` means in a tag with these attributes: the nearest declaration counts.
    fn space(&self, prefix: Option<&'a str>, attributes: &[(&'a str, Cow<'a, str>)]) -> Cow<'a, str> {
        let declares = |key: &str| match prefix {
            Some(prefix) => key.strip_prefix("xmlns:") == Some(prefix),
            None => key == "xmlns",
        };
        let outer = self
            .open
            .iter()
            .rev()
            .map(|element| element.attributes.as_slice());
        std::iter::once(attributes)
            .chain(outer)
            .flatten()
            .find(|(key, _)| declares(key))
            .map_or(Cow::Borrowed(prefix.unwrap_or_default()), |(_, space)| {
                space.clone()
            })
    }

    fn close(&mut self) {
        let Some(element) = self.open.pop() else { return };
        match self.open.last_mut() {
            Some(parent) => parent.children.push(Node::Element(element)),
            None if self.root.is_none() => self.root = Some(element),
            None => {}
        }
    }

    fn text(&mut self, part: Cow<'a, str>) {
        if let Some(element) = self.open.last_mut() {
            element.children.push(Node::Text(part));
        }
    }

    fn finish(self) -> Result<Element<'a>> {
        if let Some(element) = self.open.last() {
            return Err(broken(
                self.name,
                &format!("is cut off: <{}> is never closed", element.name),
            ));
        }
        self.root
            .ok_or_else(|| broken(self.name, "is XML without an element"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_tree_has_names_spaces_and_text() {
        let text = "<?xml version='1.0'?><!DOCTYPE r><r xmlns='u:r' xmlns:d='u:d'>\n<d:a k='1 &amp; 2'/>x&nbsp;&#x2014;<b><![CDATA[<i>]]></b><z:c/></r>";
        let root = parse("f", text).unwrap();
        assert_eq!((root.name, root.space.as_ref()), ("r", "u:r"));
        let spaces: Vec<_> = root.elements().map(|e| (e.name, e.space.as_ref())).collect();
        assert_eq!(spaces, [("a", "u:d"), ("b", "u:r"), ("c", "z")]);
        assert_eq!(root.child("a").unwrap().attribute("k"), Some("1 & 2"));
        assert_eq!(root.text(), "x —<i>");
        assert_eq!(root_name(text), Some("r"));
        assert_eq!(root_name("<a:rss x='<'>"), Some("rss"));
        assert_eq!(root_name("plain"), None);
    }

    #[test]
    fn what_could_grow_or_reach_out_is_refused() {
        let laughs = "<!DOCTYPE r [<!ENTITY a 'ha'><!ENTITY b '&a;&a;'>]><r>&b;</r>";
        let error = parse("f", laughs).unwrap_err().to_string();
        assert_eq!(
            error,
            "f: uses the entity &b; that only a DTD can tell, and DTDs are not read"
        );
        let external = "<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><r>&x;</r>";
        assert!(parse("f", external).is_err());
        let deep = "<a>".repeat(100_000);
        assert!(
            parse("f", &deep)
                .unwrap_err()
                .to_string()
                .contains("nested more than 256")
        );
        assert!(parse("f", "<a><b>x").unwrap_err().to_string().contains("cut off"));
        assert!(parse("f", "<a></b>").is_err());
        assert!(parse("f", "").is_err());
    }
}
