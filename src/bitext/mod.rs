//! Bytes → pairs of segments, from the formats of translators' tools: XLIFF 2.x and 1.2, TMX 1.4.
//!
//! What always holds: a pair for each segment, in the order of the file; the text of both sides as an editor sees it,
//! inline codes and marks left out; what has no target has an empty one. Nothing outside of the file is read: a document
//! type is passed over, and an entity that it would define is refused.

mod tmx;
mod xliff;

use crate::article::xml::{Element, Node};
use crate::error::{Error, Result};
use crate::text::language::Language;

/// The texts of one file element, or of one memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bitext {
    /// Its name in the document; none if it has none.
    pub id: Option<String>,
    /// The language of the sources.
    pub from: Language,
    /// The language of the targets.
    pub to: Language,
    /// Source and target of each segment.
    pub pairs: Vec<(String, String)>,
}

/// Which format a document is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// XLIFF 2.x or 1.2.
    Xliff,
    /// TMX 1.x.
    Tmx,
}

impl Format {
    /// The format that a file's name tells.
    pub fn of_name(name: &str) -> Option<Self> {
        let extension = std::path::Path::new(name).extension()?.to_str()?.to_lowercase();
        match extension.as_str() {
            "xlf" | "xliff" => Some(Self::Xliff),
            "tmx" => Some(Self::Tmx),
            _ => None,
        }
    }
}

/// Reads a document. Of a memory with more than two languages `to` must say which to take.
///
/// # Errors
/// [`Error::Input`] if it is no well-formed XML, not what it is taken for, or has no pairs; for languages that are not
/// known here.
pub fn read(name: &str, bytes: &[u8], format: Format, to: Option<Language>) -> Result<Vec<Bitext>> {
    let text = decode(name, bytes)?;
    let texts = match format {
        Format::Xliff => xliff::read(name, &text)?,
        Format::Tmx => vec![tmx::read(name, &text, to)?],
    };
    if texts.iter().all(|t| t.pairs.is_empty()) {
        return Err(Error::input(name, "holds no pair of segments").with_hint("export it with its targets"));
    }
    Ok(texts)
}

/// The text of a document in UTF-8 or, with a byte order mark, in UTF-16.
fn decode(name: &str, bytes: &[u8]) -> Result<String> {
    let (text, _, broken) = encoding_rs::UTF_8.decode(bytes);
    if broken {
        return Err(Error::input(name, "is in no encoding of Unicode").with_hint("save it as UTF-8"));
    }
    Ok(text.into_owned())
}

/// The text of a source, target or variant, without the elements `codes`.
fn side(element: &Element<'_>, codes: &[&str]) -> String {
    let mut text = String::new();
    for child in &element.children {
        match child {
            Node::Text(part) => text.push_str(part),
            Node::Element(child) if codes.contains(&child.name) => {}
            // a character that XML cannot hold
            Node::Element(child) if child.name == "cp" => {
                let code = child
                    .attribute("hex")
                    .and_then(|hex| u32::from_str_radix(hex, 16).ok());
                text.extend(code.and_then(char::from_u32));
            }
            Node::Element(child) => text.push_str(&side(child, codes)),
        }
    }
    text
}

/// The language that a document names, its region left out.
fn language(name: &str, code: &str) -> Result<Language> {
    code.parse().map_err(|e: crate::text::language::UnknownLanguage| {
        Error::input(name, e.to_string())
            .with_hint("the languages of a document are codes such as en, uk, ko")
    })
}
