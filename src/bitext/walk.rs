//! The elements and the text of an XML document, one after the other.

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::error::{Error, Result};

/// Who is told what the walk meets. Names are without their prefixes.
pub(super) trait Listener {
    /// An element begins.
    ///
    /// # Errors
    /// What the listener refuses; the walk ends there.
    fn open(&mut self, element: &Element) -> Result<()>;
    /// An element ends.
    fn close(&mut self, element: &str);
    /// Characters, references resolved.
    fn text(&mut self, text: &str);
}

/// A start tag.
pub(super) struct Element {
    pub(super) name: String,
    attributes: Vec<(String, String)>,
}

impl Element {
    /// The value of an attribute, by its name as written.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value.as_str())
    }
}

/// Walks over `text`; an element without content is opened and closed.
///
/// # Errors
/// [`Error::Input`] if it is not well-formed, with the line; those of `listener`.
pub(super) fn walk(name: &str, text: &str, listener: &mut dyn Listener) -> Result<()> {
    let mut reader = Reader::from_str(text);
    let mut depth = 0usize;
    loop {
        let at = usize::try_from(reader.buffer_position()).unwrap_or(text.len());
        let broken = |why: String| {
            let line = text.as_bytes()[..at.min(text.len())]
                .iter()
                .filter(|b| **b == b'\n')
                .count()
                + 1;
            Error::input(name, format!("line {line}: is not well-formed XML: {why}"))
                .with_hint("export it again from the program that wrote it")
        };
        match reader.read_event().map_err(|e| broken(e.to_string()))? {
            Event::Start(tag) => {
                depth += 1;
                listener.open(&element(&tag).map_err(broken)?)?;
            }
            Event::Empty(tag) => {
                let element = element(&tag).map_err(broken)?;
                listener.open(&element)?;
                listener.close(&element.name);
            }
            Event::End(tag) => {
                depth = depth.saturating_sub(1);
                listener.close(tag.local_name().as_ref());
            }
            Event::Text(part) => {
                listener.text(&part.xml10_content());
            }
            Event::CData(part) => {
                listener.text(&part.xml10_content());
            }
            Event::GeneralRef(reference) => {
                let c = reference.resolve_char_ref().map_err(|e| broken(e.to_string()))?;
                let entity: &str = &reference;
                let text = match (c, resolve_predefined_entity(entity)) {
                    (Some(c), _) => c.to_string(),
                    (None, Some(known)) => known.to_owned(),
                    (None, None) => return Err(broken(format!("the entity &{entity}; is not known"))),
                };
                listener.text(&text);
            }
            Event::Eof if depth > 0 => return Err(broken("it ends in the middle".to_owned())),
            Event::Eof => return Ok(()),
            Event::Decl(_) | Event::PI(_) | Event::DocType(_) | Event::Comment(_) => {}
        }
    }
}

fn element(tag: &BytesStart<'_>) -> std::result::Result<Element, String> {
    let mut attributes = Vec::new();
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|e| e.to_string())?;
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|e| e.to_string())?;
        attributes.push((attribute.key.as_ref().to_owned(), value.into_owned()));
    }
    Ok(Element {
        name: tag.local_name().as_ref().to_owned(),
        attributes,
    })
}
