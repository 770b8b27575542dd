//! Word (WordprocessingML, ISO/IEC 29500-1, 17) → draft.
//!
//! Tracked deletions, hidden text, comments, notes, headers and footers are listed as left out; of what is written
//! twice for older programs (`mc:AlternateContent`) the first way is read.

use std::collections::HashMap;

use super::{Package, drop_text};
use crate::article::BlockKind;
use crate::article::draft::{Draft, Piece};
use crate::article::provenance::Field;
use crate::article::xml::{self, Element, Node};
use crate::error::Result;

/// Reads the document.
///
/// # Errors
/// [`crate::error::Error::Input`] if its XML is broken.
pub(super) fn read(package: &mut Package<'_>) -> Result<Draft> {
    let name = package.name;
    let styles = match package.part("word/styles.xml")? {
        Some(text) => styles(&xml::parse(name, &text)?),
        None => HashMap::new(),
    };
    let document = package.part("word/document.xml")?.unwrap_or_default();
    let root = xml::parse(name, &document)?;
    let mut body = Body {
        styles,
        draft: Draft::default(),
        open: String::new(),
        deleted: String::new(),
        inserted: false,
    };
    if let Some(element) = root.child("body") {
        body.blocks(element);
    }
    let Body {
        mut draft, inserted, ..
    } = body;
    if inserted {
        draft
            .warnings
            .push("it has tracked changes: insertions are read, deletions are left out".to_owned());
    }
    draft.settle(None);
    for (start, reason) in [
        ("word/comments", "comment"),
        ("word/footnotes", "footnote"),
        ("word/endnotes", "footnote"),
        ("word/header", "page header"),
        ("word/footer", "page footer"),
    ] {
        for path in package.named(start) {
            beside(package, &path, reason, &mut draft)?;
        }
    }
    properties(package, &mut draft)?;
    Ok(draft)
}

/// Lists the texts of a file that stands beside the document.
fn beside(package: &mut Package<'_>, path: &str, reason: &'static str, draft: &mut Draft) -> Result<()> {
    let Some(text) = package.part(path)? else {
        return Ok(());
    };
    let root = xml::parse(package.name, &text)?;
    let mut paragraphs = Vec::new();
    root.find_all("p", &mut paragraphs);
    for paragraph in paragraphs {
        let mut runs = Vec::new();
        paragraph.find_all("t", &mut runs);
        let text: String = runs.iter().map(|run| run.raw_text()).collect();
        drop_text(&mut draft.dropped, &text, reason);
    }
    Ok(())
}

/// Author and dates from the core properties.
fn properties(package: &mut Package<'_>, draft: &mut Draft) -> Result<()> {
    let Some(text) = package.part("docProps/core.xml")? else {
        return Ok(());
    };
    let core = xml::parse(package.name, &text)?;
    for (field, key) in [
        (Field::Byline, "creator"),
        (Field::Published, "created"),
        (Field::Updated, "modified"),
    ] {
        if let Some(value) = core.child(key) {
            draft.set(field, &value.text());
        }
    }
    if let Some(language) = core.child("language") {
        draft.declare(&language.text());
    }
    Ok(())
}

/// A line in the style of dates that is longer, in bytes, says more than a date.
const LONGEST_DATE: usize = 40;

/// What a paragraph style makes of its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Title,
    Heading,
    Item,
    Caption,
    /// Pandoc's styles for the names of the authors and the date below the title.
    Byline,
    Date,
}

/// Style id → its role, its own or that of the style that it is based on.
fn styles(root: &Element<'_>) -> HashMap<String, Role> {
    let mut known: HashMap<&str, (Option<Role>, Option<&str>)> = HashMap::new();
    for style in root.all("style") {
        let Some(id) = style.attribute("styleId") else {
            continue;
        };
        let value = |name: &str| style.child(name).and_then(|e| e.attribute("val"));
        let level = style.at(&["pPr", "outlineLvl"]).and_then(|e| e.attribute("val"));
        let role = value("name")
            .and_then(role_of)
            .or_else(|| role_of(id))
            .or_else(|| level.filter(|level| *level != "9").map(|_| Role::Heading))
            .or_else(|| style.at(&["pPr", "numPr"]).map(|_| Role::Item));
        known.insert(id, (role, value("basedOn")));
    }
    let mut roles = HashMap::new();
    for &id in known.keys() {
        let mut at = Some(id);
        // as many steps as there are styles: a circle ends too
        for _ in 0..known.len().min(32) {
            let Some((role, base)) = at.and_then(|id| known.get(id)) else {
                break;
            };
            if let Some(role) = role {
                roles.insert(id.to_owned(), *role);
                break;
            }
            at = *base;
        }
    }
    roles
}

/// The role of a built-in style: their names stay English in the file, whatever language Word speaks.
fn role_of(name: &str) -> Option<Role> {
    let name = name.to_lowercase();
    match name.as_str() {
        "title" => Some(Role::Title),
        "caption" => Some(Role::Caption),
        "author" => Some(Role::Byline),
        "date" => Some(Role::Date),
        _ if name.starts_with("heading") => Some(Role::Heading),
        _ if name.starts_with("list bullet")
            || name.starts_with("list number")
            || name == "list paragraph" =>
        {
            Some(Role::Item)
        }
        _ => None,
    }
}

struct Body {
    styles: HashMap<String, Role>,
    draft: Draft,
    /// The text of the paragraph that is read.
    open: String,
    deleted: String,
    inserted: bool,
}

impl Body {
    fn blocks(&mut self, parent: &Element<'_>) {
        for child in parent.elements() {
            match child.name {
                "p" => self.paragraph(child),
                "tbl" => self.table(child),
                // content controls, custom XML and the like hold blocks
                "sectPr" | "sdtPr" => {}
                _ => self.blocks(child),
            }
        }
    }

    fn table(&mut self, table: &Element<'_>) {
        let mut rows = Vec::new();
        table.find_all("tr", &mut rows);
        for row in rows {
            let mut cells = Vec::new();
            row.find_all("tc", &mut cells);
            // a table with one column is layout: its paragraphs are blocks
            if let [cell] = cells.as_slice() {
                self.blocks(cell);
                continue;
            }
            let mut texts: Vec<String> = Vec::new();
            for cell in cells {
                let from = self.draft.pieces.len();
                self.blocks(cell);
                let pieces = self.draft.pieces.drain(from..).map(|piece| piece.text);
                texts.push(pieces.collect::<Vec<_>>().join(" "));
            }
            let line = texts.join(" | ");
            if texts.iter().any(|text| !text.is_empty()) {
                self.draft.pieces.push(Piece::new(BlockKind::Paragraph, line));
            }
        }
    }

    fn paragraph(&mut self, paragraph: &Element<'_>) {
        let style = paragraph.at(&["pPr", "pStyle"]).and_then(|e| e.attribute("val"));
        let role = style.and_then(|id| self.styles.get(id).copied().or_else(|| role_of(id)));
        let level = paragraph.at(&["pPr", "outlineLvl"]).is_some();
        let number = paragraph
            .at(&["pPr", "numPr", "numId"])
            .and_then(|e| e.attribute("val"));
        let role = match role {
            // "list paragraph" alone is an indent
            Some(Role::Item) if number == Some("0") => None,
            None if level => Some(Role::Heading),
            None if number.is_some_and(|id| id != "0") => Some(Role::Item),
            role => role,
        };
        let outer = std::mem::take(&mut self.open);
        let mut boxes = Vec::new();
        self.runs(paragraph, &mut boxes);
        let text = std::mem::replace(&mut self.open, outer);
        for line in text.split('\n') {
            self.add(line, role);
        }
        let deleted = std::mem::take(&mut self.deleted);
        drop_text(&mut self.draft.dropped, &deleted, "tracked deletion");
        for inside in boxes {
            self.blocks(inside);
        }
    }

    fn add(&mut self, line: &str, role: Option<Role>) {
        let text = line.split_whitespace().collect::<Vec<_>>().join(" ");
        if text.is_empty() {
            return;
        }
        let has_title = || self.draft.pieces.iter().any(|p| p.kind == BlockKind::Headline);
        let kind = match role {
            Some(Role::Title) if !has_title() => BlockKind::Headline,
            Some(Role::Title | Role::Heading) => BlockKind::Heading,
            Some(Role::Item) => BlockKind::ListItem,
            Some(Role::Caption) => return drop_text(&mut self.draft.dropped, &text, "picture caption"),
            Some(Role::Date) if text.len() <= LONGEST_DATE => {
                return drop_text(&mut self.draft.dropped, &text, "date");
            }
            Some(Role::Byline) => {
                self.draft.set(Field::Byline, &text);
                return drop_text(&mut self.draft.dropped, &text, "byline");
            }
            Some(Role::Date) | None => BlockKind::Paragraph,
        };
        self.draft.pieces.push(Piece::new(kind, text));
    }

    /// The text of what is inside a paragraph; text boxes that hang on it are given back.
    fn runs<'e, 'a>(&mut self, parent: &'e Element<'a>, boxes: &mut Vec<&'e Element<'a>>) {
        for child in parent.elements() {
            match child.name {
                // `rt`: how a word is spoken, above it
                "pPr" | "rPr" | "rt" | "instrText" | "Fallback" | "commentReference"
                | "footnoteReference" => {}
                "del" | "moveFrom" => {
                    self.inserted = true;
                    let mut texts = Vec::new();
                    for name in ["delText", "t"] {
                        child.find_all(name, &mut texts);
                    }
                    self.deleted.extend(texts.iter().map(|text| text.raw_text()));
                }
                "r" if hidden(child) => {
                    let text = child.text();
                    drop_text(&mut self.draft.dropped, &text, "hidden text");
                }
                "t" => push_text(&mut self.open, child),
                "tab" | "ptab" => self.open.push(' '),
                "br" | "cr" => self.open.push('\n'),
                "noBreakHyphen" => self.open.push('\u{2011}'),
                "txbxContent" => boxes.push(child),
                _ => {
                    self.inserted |= matches!(child.name, "ins" | "moveTo");
                    self.runs(child, boxes);
                }
            }
        }
    }
}

fn hidden(run: &Element<'_>) -> bool {
    run.at(&["rPr", "vanish"])
        .is_some_and(|vanish| !matches!(vanish.attribute("val"), Some("0" | "false" | "off")))
}

fn push_text(open: &mut String, element: &Element<'_>) {
    for child in &element.children {
        if let Node::Text(text) = child {
            open.push_str(text);
        }
    }
}
