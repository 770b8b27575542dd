//! XML, written piece by piece.

use quick_xml::Writer;
use quick_xml::escape::escape;
use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use quick_xml::name::QName;

use crate::error::{Error, Result};

/// A document in the making. Line breaks are written where they are asked for and nowhere else, so that text keeps its
/// white space.
pub(super) struct Xml {
    writer: Writer<Vec<u8>>,
    open: Vec<String>,
}

impl Xml {
    /// Begins with the declaration.
    pub(super) fn new() -> Result<Self> {
        let mut xml = Self {
            writer: Writer::new(Vec::new()),
            open: Vec::new(),
        };
        xml.write(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        Ok(xml)
    }

    fn write(&mut self, event: Event<'_>) -> Result<()> {
        self.writer
            .write_event(event)
            .map_err(|e| Error::failed(format!("XML cannot be written: {e}")))
    }

    /// A start tag.
    pub(super) fn open(&mut self, name: &str, attributes: &[(&str, &str)]) -> Result<()> {
        self.open.push(name.to_owned());
        self.write(Event::Start(tag(name, attributes)))
    }

    /// A line break, and the end tag of the innermost element.
    pub(super) fn close_line(&mut self) -> Result<()> {
        let indent = format!("\n{}", "  ".repeat(self.open.len().saturating_sub(1)));
        self.write(Event::Text(BytesText::from_escaped(indent)))?;
        self.close()
    }

    /// The end tag of the innermost element.
    pub(super) fn close(&mut self) -> Result<()> {
        let name = self
            .open
            .pop()
            .ok_or_else(|| Error::failed("XML is closed more often than opened"))?;
        self.write(Event::End(BytesEnd::new(name)))
    }

    /// An element without content.
    pub(super) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) -> Result<()> {
        self.write(Event::Empty(tag(name, attributes)))
    }

    /// Text whose characters XML can hold: others are shown as signs.
    pub(super) fn text(&mut self, text: &str) -> Result<()> {
        self.write(Event::Text(BytesText::from_escaped(escaped(text))))
    }

    /// A line break, and two spaces for each open element.
    pub(super) fn line(&mut self) -> Result<()> {
        let indent = format!("\n{}", "  ".repeat(self.open.len()));
        self.write(Event::Text(BytesText::from_escaped(indent)))
    }

    /// An element with text in it.
    pub(super) fn element(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) -> Result<()> {
        self.open(name, attributes)?;
        self.text(text)?;
        self.close()
    }

    /// The whole document.
    pub(super) fn finish(self) -> Result<String> {
        String::from_utf8(self.writer.into_inner())
            .map_err(|e| Error::failed(format!("XML cannot be written: {e}")))
    }
}

fn tag(name: &str, attributes: &[(&str, &str)]) -> BytesStart<'static> {
    let mut tag = BytesStart::new(name.to_owned());
    for (key, value) in attributes {
        tag.push_attribute(Attribute {
            key: QName(key),
            value: escaped(value).into(),
        });
    }
    tag
}

/// Whether XML 1.0 can hold `c`.
pub(super) fn allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// `text` as it stands between tags and in attributes; what XML cannot hold is shown as signs.
fn escaped(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    for c in escape(text).chars() {
        match c {
            // readers make a space or a line feed of them
            '\r' => whole.push_str("&#13;"),
            '\t' => whole.push_str("&#9;"),
            '\n' => whole.push_str("&#10;"),
            c if allowed(c) => whole.push(c),
            // control pictures
            '\0'..='\u{1f}' => whole.extend(char::from_u32(0x2400 + u32::from(c))),
            _ => whole.push('\u{fffd}'),
        }
    }
    whole
}
