//! OpenDocument text (OASIS ODF 1.3, part 3) → draft.
//!
//! Tracked deletions, comments, notes, headers and footers are listed as left out.

use std::collections::HashMap;

use super::{Package, drop_text};
use crate::article::draft::{Draft, Piece};
use crate::article::provenance::Field;
use crate::article::xml::{self, Element, Node};
use crate::article::{BlockKind, Dropped};
use crate::error::{Error, Result};

/// Reads the document.
///
/// # Errors
/// [`Error::Input`] if its XML is broken or it is encrypted.
pub(super) fn read(package: &mut Package<'_>) -> Result<Draft> {
    let name = package.name;
    let manifest = package.part("META-INF/manifest.xml")?.unwrap_or_default();
    if manifest.contains("encryption-data") {
        return Err(Error::input(name, "is protected by a password").with_hint("save it without one"));
    }
    let styles = package.part("styles.xml")?.unwrap_or_default();
    let styles = match styles.trim() {
        "" => None,
        text => Some(xml::parse(name, text)?),
    };
    let content = package.part("content.xml")?.unwrap_or_default();
    let root = xml::parse(name, &content)?;
    let mut body = Body::default();
    for holder in styles.iter().chain([&root]) {
        body.learn(holder);
    }
    if let Some(text) = root.at(&["body", "text"]) {
        body.blocks(text, 0);
    }
    let mut draft = body.draft;
    draft.settle(None);
    if let Some(styles) = &styles {
        for (kind, reason) in [("header", "page header"), ("footer", "page footer")] {
            let mut found = Vec::new();
            styles.find_all(kind, &mut found);
            for element in found {
                drop_text(&mut draft.dropped, &element.text(), reason);
            }
        }
    }
    properties(package, &mut draft)?;
    Ok(draft)
}

/// Author, dates and language from the document's own description.
fn properties(package: &mut Package<'_>, draft: &mut Draft) -> Result<()> {
    let Some(text) = package.part("meta.xml")? else {
        return Ok(());
    };
    let root = xml::parse(package.name, &text)?;
    let Some(meta) = root.child("meta") else {
        return Ok(());
    };
    for (field, key) in [
        (Field::Byline, "initial-creator"),
        (Field::Byline, "creator"),
        (Field::Published, "creation-date"),
        (Field::Updated, "date"),
    ] {
        if let Some(value) = meta.child(key) {
            draft.set(field, &value.text());
        }
    }
    if let Some(language) = meta.child("language") {
        draft.declare(&language.text());
    }
    Ok(())
}

#[derive(Default)]
struct Body {
    /// Style → the style that it is based on.
    parents: HashMap<String, String>,
    draft: Draft,
    open: String,
}

impl Body {
    fn learn(&mut self, holder: &Element<'_>) {
        let mut styles = Vec::new();
        holder.find_all("style", &mut styles);
        for style in styles {
            if let (Some(name), Some(parent)) =
                (style.attribute("name"), style.attribute("parent-style-name"))
            {
                self.parents.insert(name.to_owned(), parent.to_owned());
            }
        }
    }

    /// Whether a style is `wanted`, or based on it.
    fn is_style(&self, style: &str, wanted: &str) -> bool {
        let mut at = style;
        for _ in 0..32 {
            if at == wanted {
                return true;
            }
            match self.parents.get(at) {
                Some(parent) => at = parent,
                None => return false,
            }
        }
        false
    }

    /// `items`: how many lists are open.
    fn blocks(&mut self, parent: &Element<'_>, items: usize) {
        for child in parent.elements() {
            match child.name {
                "p" | "h" => self.paragraph(child, items),
                "list" => self.blocks(child, items + 1),
                "table-row" => self.row(child),
                "tracked-changes" => self.tracked(child),
                "sequence-decls" | "forms" => {}
                "annotation" => self.comment(child),
                _ => self.blocks(child, items),
            }
        }
    }

    fn tracked(&mut self, changes: &Element<'_>) {
        let mut deletions = Vec::new();
        changes.find_all("deletion", &mut deletions);
        for deletion in &deletions {
            let words = deletion.elements().filter(|part| part.name != "change-info");
            let text: Vec<String> = words.map(Element::text).collect();
            drop_text(&mut self.draft.dropped, &text.join(" "), "tracked deletion");
        }
        self.draft
            .warnings
            .push("it has tracked changes: insertions are read, deletions are left out".to_owned());
    }

    fn row(&mut self, row: &Element<'_>) {
        let cells: Vec<&Element<'_>> = row.all("table-cell").collect();
        if let [cell] = cells.as_slice() {
            self.blocks(cell, 0);
            return;
        }
        let mut texts: Vec<String> = Vec::new();
        for cell in cells {
            let from = self.draft.pieces.len();
            self.blocks(cell, 0);
            let pieces = self.draft.pieces.drain(from..).map(|piece| piece.text);
            texts.push(pieces.collect::<Vec<_>>().join(" "));
        }
        if texts.iter().any(|text| !text.is_empty()) {
            let line = Piece::new(BlockKind::Paragraph, texts.join(" | "));
            self.draft.pieces.push(line);
        }
    }

    fn paragraph(&mut self, paragraph: &Element<'_>, items: usize) {
        let style = paragraph.attribute("style-name").unwrap_or_default().to_owned();
        let is_heading = paragraph.name == "h";
        let outer = std::mem::take(&mut self.open);
        let mut boxes = Vec::new();
        self.runs(paragraph, &mut boxes);
        let text = std::mem::replace(&mut self.open, outer);
        for line in text.split('\n') {
            let text = line.split_whitespace().collect::<Vec<_>>().join(" ");
            if text.is_empty() {
                continue;
            }
            let has_title = self.draft.pieces.iter().any(|p| p.kind == BlockKind::Headline);
            let kind = if self.is_style(&style, "Title") && !has_title {
                BlockKind::Headline
            } else if is_heading || self.is_style(&style, "Heading") {
                BlockKind::Heading
            } else if self.is_style(&style, "Caption") {
                let reason = "picture caption";
                self.draft.dropped.push(Dropped { text, reason });
                continue;
            } else if items > 0 {
                BlockKind::ListItem
            } else {
                BlockKind::Paragraph
            };
            self.draft.pieces.push(Piece::new(kind, text));
        }
        for inside in boxes {
            self.blocks(inside, 0);
        }
    }

    /// The text of what is inside a paragraph; text boxes that hang on it are given back.
    fn runs<'e, 'a>(&mut self, parent: &'e Element<'a>, boxes: &mut Vec<&'e Element<'a>>) {
        for child in &parent.children {
            let child = match child {
                // white space is one space here, as in HTML
                Node::Text(text) => {
                    self.open.push_str(&text.replace('\n', " "));
                    continue;
                }
                Node::Element(child) => child,
            };
            match child.name {
                "s" | "tab" => self.open.push(' '),
                "line-break" => self.open.push('\n'),
                "note" => {
                    let body = child.child("note-body").map(Element::text).unwrap_or_default();
                    drop_text(&mut self.draft.dropped, &body, "footnote");
                }
                "annotation" => self.comment(child),
                "text-box" => boxes.push(child),
                "title" | "desc" | "ruby-text" | "annotation-end" | "binary-data" => {}
                "hidden-text" => {
                    let text = child.text();
                    drop_text(&mut self.draft.dropped, &text, "hidden text");
                }
                _ => self.runs(child, boxes),
            }
        }
    }

    fn comment(&mut self, comment: &Element<'_>) {
        let mut lines = Vec::new();
        comment.find_all("p", &mut lines);
        for line in lines {
            drop_text(&mut self.draft.dropped, &line.text(), "comment");
        }
    }
}
