//! Markdown → draft: markup reduced to its text, front matter read for title and language.

use pulldown_cmark::{Event, HeadingLevel, MetadataBlockKind, Options, Parser, Tag, TagEnd};

use super::layout::{Draft, Piece, pieces_of};
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
    draft.declared = front.language.as_deref().and_then(|code| {
        let parsed = code.parse().ok();
        if parsed.is_none() {
            draft.warnings.push(format!(
                "the front matter names a language that is not known here: {code}"
            ));
        }
        parsed
    });
    let has_title = draft.pieces.iter().any(|piece| piece.kind == BlockKind::Headline);
    draft.settle(front.title.filter(|_| !has_title));
    draft
}

#[derive(Default)]
struct FrontMatter {
    title: Option<String>,
    language: Option<String>,
}

impl FrontMatter {
    /// Reads the two entries that matter; the others are for other programs.
    fn parse(text: &str, kind: MetadataBlockKind) -> FrontMatter {
        let separator = match kind {
            MetadataBlockKind::YamlStyle => ':',
            MetadataBlockKind::PlusesStyle => '=',
        };
        let mut front = FrontMatter::default();
        for line in text.lines() {
            let Some((key, value)) = line.split_once(separator) else {
                continue;
            };
            let value = unquoted(value.trim());
            if value.is_empty() || line.starts_with([' ', '\t']) {
                continue;
            }
            match key.trim().to_lowercase().as_str() {
                "title" | "headline" => front.title = Some(value),
                "lang" | "language" | "locale" => front.language = Some(value),
                _ => {}
            }
        }
        front
    }
}

/// A YAML or TOML string without its quotation marks.
fn unquoted(value: &str) -> String {
    let inner = |mark: char| value.strip_prefix(mark).and_then(|v| v.strip_suffix(mark));
    match (inner('"'), inner('\'')) {
        (Some(text), _) => text.replace("\\\"", "\"").replace("\\\\", "\\"),
        (None, Some(text)) => text.replace("''", "'"),
        (None, None) => value.to_owned(),
    }
}

#[derive(Default)]
struct Reader {
    draft: Draft,
    front: FrontMatter,
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
                    self.front = FrontMatter::parse(&text, kind);
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
        let draft = read("+++\ntitle = 'Quay'\nlanguage = \"xx\"\n+++\n\n# Quay\n\nText.\n");
        assert_eq!(kinds(&draft), [(Headline, "Quay"), (Paragraph, "Text.")]);
        assert_eq!(draft.warnings.len(), 1);
    }
}
