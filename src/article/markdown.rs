//! Markdown → draft: markup reduced to its text, front matter read for title, language and provenance.

use pulldown_cmark::{Event, HeadingLevel, MetadataBlockKind, Options, Parser, Tag, TagEnd};

use super::draft::{Draft, Piece, pieces_of};
use super::front::{self, Entries};
use super::provenance::Field;
use super::{BlockKind, Dropped};

/// Reads `text`, whose line breaks are "\n".
pub(super) fn read(text: &str) -> Draft {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS
        | Options::ENABLE_PLUSES_DELIMITED_METADATA_BLOCKS;
    let mut reader = Reader::default();
    for event in Parser::new_ext(text, options) {
        reader.take(event);
    }
    reader.flush();
    let Reader { mut draft, front, .. } = reader;
    let title = about(front, &mut draft);
    let has_title = draft.pieces.iter().any(|piece| piece.kind == BlockKind::Headline);
    draft.settle(title.filter(|_| !has_title));
    draft
}

/// Takes from the front matter what it says of the article; gives its title. The other entries are for other programs.
fn about(front: Entries, draft: &mut Draft) -> Option<String> {
    let mut title = None;
    for (key, values) in front {
        match key.to_lowercase().as_str() {
            "title" | "headline" => title = values.into_iter().next(),
            "lang" | "language" | "locale" => {
                if let Some(code) = values.first() {
                    draft.declare(code);
                }
            }
            "infosources" | "info_sources" => draft.provenance.info_sources.extend(values),
            _ => match Field::of_key(&key) {
                Some(Field::Byline) => draft.provenance.set_names(values.iter().map(String::as_str)),
                Some(field) => values.iter().for_each(|value| draft.set(field, value)),
                None => {}
            },
        }
    }
    title
}

#[derive(Default)]
struct Reader {
    draft: Draft,
    front: Entries,
    open: String,
    heading: Option<HeadingLevel>,
    items: usize,
    metadata: Option<MetadataBlockKind>,
    /// Why the text of the present element is left out.
    leave_out: Option<&'static str>,
}

impl Reader {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(&tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.open.push_str(&text);
            }
            Event::SoftBreak => self.open.push('\n'),
            Event::HardBreak => self.break_line(),
            Event::InlineHtml(tag) => {
                let tag = tag.to_ascii_lowercase();
                if tag.starts_with("<br") {
                    self.break_line();
                }
            }
            Event::Html(html) => self.open.push_str(&html),
            Event::FootnoteReference(_) | Event::Rule | Event::TaskListMarker(_) => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::Paragraph
            | Tag::Item
            | Tag::BlockQuote(_)
            | Tag::List(_)
            | Tag::TableRow
            | Tag::TableHead => {
                self.flush();
                self.items += usize::from(matches!(tag, Tag::Item));
            }
            Tag::Heading { level, .. } => {
                self.flush();
                self.heading = Some(*level);
            }
            Tag::CodeBlock(_) => {
                self.flush();
                self.leave_out = Some("code block");
            }
            Tag::HtmlBlock => {
                self.flush();
                self.leave_out = Some("HTML inside Markdown");
            }
            Tag::MetadataBlock(kind) => self.metadata = Some(*kind),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::TableCell => self.open.push_str(" | "),
            TagEnd::MetadataBlock(_) => {
                let text = std::mem::take(&mut self.open);
                if let Some(kind) = self.metadata.take() {
                    self.front(&text, kind);
                }
            }
            TagEnd::Item => {
                self.flush();
                self.items = self.items.saturating_sub(1);
            }
            TagEnd::Paragraph
            | TagEnd::Heading(_)
            | TagEnd::BlockQuote(_)
            | TagEnd::CodeBlock
            | TagEnd::HtmlBlock
            | TagEnd::TableRow
            | TagEnd::TableHead => {
                self.flush();
                self.heading = None;
                self.leave_out = None;
            }
            _ => {}
        }
    }

    fn front(&mut self, text: &str, kind: MetadataBlockKind) {
        let read = match kind {
            MetadataBlockKind::YamlStyle => front::yaml(text),
            MetadataBlockKind::PlusesStyle => front::toml(text),
        };
        match read {
            Ok(entries) => self.front = entries,
            Err(why) => {
                let line = why.lines().next().unwrap_or_default();
                self.draft
                    .warnings
                    .push(format!("the front matter cannot be read: {line}"));
                self.draft.dropped.push(Dropped {
                    text: text.trim().to_owned(),
                    reason: "front matter",
                });
            }
        }
    }

    /// A line break that the author set parts two blocks.
    fn break_line(&mut self) {
        if self.heading.is_some() {
            self.open.push(' ');
        } else {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let open = std::mem::take(&mut self.open);
        let text = open.trim().trim_end_matches('|').trim_end();
        if text.is_empty() {
            return;
        }
        if let Some(reason) = self.leave_out {
            self.draft.dropped.push(Dropped {
                text: text.to_owned(),
                reason,
            });
            return;
        }
        let has_headline = self
            .draft
            .pieces
            .iter()
            .any(|piece| piece.kind == BlockKind::Headline);
        let kind = match self.heading {
            Some(HeadingLevel::H1) if !has_headline => BlockKind::Headline,
            Some(_) => BlockKind::Heading,
            None if self.items > 0 => BlockKind::ListItem,
            None => BlockKind::Paragraph,
        };
        if self.heading.is_some() {
            let text = super::layout::joined(text);
            self.draft.pieces.push(Piece::new(kind, text));
        } else {
            self.draft.pieces.extend(pieces_of(kind, text));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::article::BlockKind::*;

    fn kinds(draft: &Draft) -> Vec<(BlockKind, &str)> {
        draft
            .pieces
            .iter()
            .map(|piece| (piece.kind, piece.text.as_str()))
            .collect()
    }

    #[test]
    fn markup_becomes_text() {
        let draft = read(
            "# Quay *shut*\n\nThe [port](https://p.example) is **shut**,\nthe `mayor` said.\n\n**Source:** Herald\n**Details:** More\nof it.\n\n## Background\n\n- One.\n- Two.\n\n> \"Go,\" she said.\n\n```\ncode\n```\n\n<div>ad</div>\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
        );
        assert_eq!(
            kinds(&draft),
            [
                (Headline, "Quay shut"),
                (Paragraph, "The port is shut, the mayor said."),
                (SourceLine, "Source: Herald"),
                (Paragraph, "Details: More of it."),
                (Heading, "Background"),
                (ListItem, "One."),
                (ListItem, "Two."),
                (Paragraph, "\"Go,\" she said."),
                (Paragraph, "a | b"),
                (Paragraph, "1 | 2"),
            ]
        );
        let dropped: Vec<_> = draft
            .dropped
            .iter()
            .map(|d| (d.text.as_str(), d.reason))
            .collect();
        assert_eq!(
            dropped,
            [("code", "code block"), ("<div>ad</div>", "HTML inside Markdown")]
        );
    }

    #[test]
    fn front_matter() {
        let draft =
            read("---\ntitle: \"The \\\"big\\\" quay\"\nlang: uk-UA\ntags: [a, b]\n---\n\nText is here.\n");
        assert_eq!(
            kinds(&draft),
            [(Headline, "The \"big\" quay"), (Paragraph, "Text is here.")]
        );
        assert_eq!(draft.declared.unwrap().code(), "uk");
        let draft = read("---\ntitle: Quay: shut\n---\n\nText is here.\n");
        assert!(draft.warnings[0].starts_with("the front matter cannot be read"));
        assert_eq!(draft.dropped[0].reason, "front matter");
        let draft = read("+++\ntitle = 'Quay'\nlanguage = \"xx\"\n+++\n\n# Quay\n\nText.\n");
        assert_eq!(kinds(&draft), [(Headline, "Quay"), (Paragraph, "Text.")]);
        assert_eq!(draft.warnings.len(), 1);
    }
}
