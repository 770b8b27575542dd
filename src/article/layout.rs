//! Lines → blocks, over a text as it stands.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::{Block, BlockKind};
use crate::text::segment::{bullet_len, is_line_break, is_unspaced, lines, wrapped};
use crate::text::span::Span;

/// What a section label opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    Source,
    Section,
}

/// Labels in small letters, without the colon. `labels.toml` holds them by language and kind.
fn labels() -> &'static HashMap<String, Label> {
    static TABLE: OnceLock<HashMap<String, Label>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let file: HashMap<String, HashMap<String, Vec<String>>> =
            toml::from_str(include_str!("labels.toml")).unwrap_or_default();
        let mut table = HashMap::new();
        for (kind, words) in file.into_values().flatten() {
            let kind = if kind == "source" {
                Label::Source
            } else {
                Label::Section
            };
            table.extend(words.into_iter().map(|word| (word.to_lowercase(), kind)));
        }
        table
    })
}

/// The label at the start of `line`: its length in bytes, colon included, and its kind.
pub(super) fn label(line: &str) -> Option<(usize, Label)> {
    const LONGEST: usize = 80;
    let (at, colon) = line
        .char_indices()
        .take(LONGEST)
        .find(|(_, c)| matches!(c, ':' | '：'))?;
    let words = line[..at].trim().trim_matches('*').to_lowercase();
    let kind = labels().get(&words)?;
    Some((at + colon.len_utf8(), *kind))
}

/// The blocks of `text`, headline included, without changing a character of it.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut paragraph: Vec<Span> = Vec::new();
    let mut sources_follow = false;
    for line in lines(text).into_iter().chain([Span::default()]) {
        if !line.of(text).trim().is_empty() {
            paragraph.push(line);
            continue;
        }
        if !paragraph.is_empty() {
            add_paragraph(text, &paragraph, &mut sources_follow, &mut blocks);
            paragraph.clear();
        }
    }
    mark_headline(text, &mut blocks);
    mark_headings(text, &mut blocks);
    blocks
}

/// Adds the blocks of a paragraph, the lines between two blank ones.
fn add_paragraph(text: &str, lines: &[Span], sources_follow: &mut bool, blocks: &mut Vec<Block>) {
    let mut from = 0;
    while from < lines.len() {
        let bullet = bullet_len(lines[from].of(text));
        let opens = |line: &Span| bullet_len(line.of(text)) > 0 || label(line.of(text)).is_some();
        let to = from + 1 + lines[from + 1..].iter().take_while(|line| !opens(line)).count();
        let unit = &lines[from..to];
        let texts: Vec<&str> = unit.iter().map(|line| line.of(text)).collect();
        let indented = bullet > 0 && texts[1..].iter().all(|line| line.starts_with([' ', '\t']));
        let together = if indented || wrapped(&texts) {
            unit.len()
        } else {
            1
        };

        let first = Span::new(unit[0].start + bullet, unit[together - 1].end).trimmed(text);
        add_block(text, first, bullet > 0, sources_follow, blocks);
        for line in &unit[together..] {
            add_block(text, line.trimmed(text), false, sources_follow, blocks);
        }
        from = to;
    }
}

fn add_block(text: &str, span: Span, is_item: bool, sources_follow: &mut bool, blocks: &mut Vec<Block>) {
    let kind = if is_item {
        BlockKind::ListItem
    } else {
        BlockKind::Paragraph
    };
    let (kind, label) = classify(span.of(text), kind, sources_follow);
    let label = label.map(|len| Span::new(span.start, span.start + len));
    blocks.push(Block { kind, span, label });
}

/// What a block is, given what it looked like, and the length of its label.
pub(super) fn classify(
    text: &str,
    looks: BlockKind,
    sources_follow: &mut bool,
) -> (BlockKind, Option<usize>) {
    let found = label(text);
    let alone = found.is_some_and(|(len, _)| len == text.len());
    let is_source = matches!(found, Some((_, Label::Source)));
    let is_item = looks == BlockKind::ListItem;
    let kind = if looks == BlockKind::Headline || (looks == BlockKind::Heading && !is_source) {
        looks
    } else if alone {
        BlockKind::Heading
    } else if is_source || (*sources_follow && found.is_none()) {
        BlockKind::SourceLine
    } else {
        looks
    };
    // "Source:" alone: the next line, or all bullets below it, are the sources.
    *sources_follow = (alone && is_source) || (*sources_follow && is_item && found.is_none());
    (kind, found.map(|(len, _)| len))
}

/// Whether a text ends as a sentence does.
pub(super) fn ends_as_sentence(text: &str) -> bool {
    text.trim_end_matches(|c: char| "\"'”’»“‘)]」』".contains(c))
        .ends_with(['.', '…', '。', '!', '?', '！', '？', '।', '۔'])
}

/// "Storm Shuts Harbour, Says Mayor.": a title in the style that capitalises its words may end with a full stop.
fn is_title_case(text: &str) -> bool {
    let mut words = 0;
    let mut capitals = 0;
    for word in text.split_whitespace().filter(|word| word.chars().count() > 3) {
        words += 1;
        capitals += usize::from(
            word.trim_start_matches(|c: char| !c.is_alphabetic())
                .starts_with(char::is_uppercase),
        );
    }
    words >= 3 && capitals * 5 >= words * 4 && text.matches(". ").count() == 0
}

/// Whether a block at the top of a text reads as its title.
pub(super) fn is_title(text: &str) -> bool {
    const LONGEST: usize = 220;
    let ends = text.trim_end_matches(|c: char| "\"'”’»“‘)]".contains(c));
    !text.contains(is_line_break)
        && text.chars().count() <= LONGEST
        && !ends.ends_with([',', ';', ':', '：', '，', '—'])
        && (!ends.ends_with(['.', '。', '…']) || is_title_case(text))
}

/// The first block is the headline if it looks like one and something comes after it.
fn mark_headline(text: &str, blocks: &mut [Block]) {
    let [first, rest @ ..] = blocks else { return };
    let has_body = rest.iter().any(|block| block.kind != BlockKind::Heading);
    if first.kind == BlockKind::Paragraph
        && first.label.is_none()
        && has_body
        && is_title(first.span.of(text))
    {
        first.kind = BlockKind::Headline;
    }
}

/// A short line that does not end as a sentence, with running text below it, is a heading.
fn mark_headings(text: &str, blocks: &mut [Block]) {
    const LONGEST: usize = 80;
    for at in 1..blocks.len() {
        let next_is_text = blocks
            .get(at + 1)
            .is_some_and(|next| matches!(next.kind, BlockKind::Paragraph | BlockKind::ListItem));
        let block = &mut blocks[at];
        let line = block.span.of(text);
        if block.kind == BlockKind::Paragraph
            && block.label.is_none()
            && next_is_text
            && line.chars().count() <= LONGEST
            && !ends_as_sentence(line)
            && !line.ends_with([',', ';', ':', '，', '：', '"', '”', '»'])
            && !line.contains(is_line_break)
            && !line.starts_with(|c: char| c.is_lowercase() || c == '—' || c == '–')
        {
            block.kind = BlockKind::Heading;
        }
    }
}

/// The lines of a wrapped block as one. Han and Kana are not parted by a space.
pub(super) fn joined(block: &str) -> String {
    let mut whole = String::with_capacity(block.len());
    for line in lines(block) {
        let line = line.of(block).trim();
        let unspaced = whole.ends_with(is_unspaced) && line.starts_with(is_unspaced);
        if !whole.is_empty() && !line.is_empty() && !unspaced {
            whole.push(' ');
        }
        whole.push_str(line);
    }
    whole
}

/// The headline among `blocks`.
pub(super) fn headline_of(blocks: &[Block]) -> Option<Span> {
    blocks
        .iter()
        .find(|block| block.kind == BlockKind::Headline)
        .map(|block| block.span)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::text::language::Language;

    #[test]
    fn the_label_file_is_sound() {
        let file: HashMap<String, HashMap<String, Vec<String>>> =
            toml::from_str(include_str!("labels.toml")).unwrap();
        for (code, kinds) in &file {
            assert!(code.parse::<Language>().is_ok(), "{code}");
            assert!(
                kinds.keys().all(|kind| kind == "source" || kind == "section"),
                "{code}"
            );
        }
        assert_eq!(label("Source: A").unwrap(), (7, Label::Source));
        assert_eq!(label("출처： 가").unwrap().1, Label::Source);
        assert!(label("He said: no").is_none());
        assert!(label("Details of the plan: none").is_none());
    }

    fn kinds(text: &str) -> Vec<(BlockKind, &str)> {
        blocks(text).iter().map(|b| (b.kind, b.span.of(text))).collect()
    }

    #[test]
    fn sectioned_shape() {
        use BlockKind::*;
        let text = "Harbour \"may\" close\n\nThe harbour may close.\nSource: A, citing B; C\nDetails: More. And more.\nBackground:\n- One.\n- Two,\n  three.\n";
        assert_eq!(
            kinds(text),
            [
                (Headline, "Harbour \"may\" close"),
                (Paragraph, "The harbour may close."),
                (SourceLine, "Source: A, citing B; C"),
                (Paragraph, "Details: More. And more."),
                (Heading, "Background:"),
                (ListItem, "One."),
                (ListItem, "Two,\n  three."),
            ]
        );
        let labels: Vec<Option<&str>> = blocks(text).iter().map(|b| b.label.map(|l| l.of(text))).collect();
        assert_eq!(
            labels[2..5],
            [Some("Source:"), Some("Details:"), Some("Background:")]
        );
    }

    #[test]
    fn sources_below_their_label() {
        use BlockKind::*;
        let text = "Title\n\nSources:\n- A\n- B\nDetails: C.\n";
        let found: Vec<BlockKind> = kinds(text).iter().map(|k| k.0).collect();
        assert_eq!(found, [Headline, Heading, SourceLine, SourceLine, Paragraph]);
        let text = "Заголовок\n\nДжерело:\nагентство А\nДеталі: Б.\n";
        let found: Vec<BlockKind> = kinds(text).iter().map(|k| k.0).collect();
        assert_eq!(found, [Headline, Heading, SourceLine, Paragraph]);
    }

    #[test]
    fn what_is_no_headline() {
        use BlockKind::*;
        assert_eq!(kinds("A whole sentence.\n\nAnother.")[0].0, Paragraph);
        assert_eq!(kinds("Only a line")[0].0, Paragraph);
        assert_eq!(
            kinds("Storm Shuts Harbour, Says Mayor Finch.\n\nAnother.")[0].0,
            Headline
        );
        assert_eq!(kinds("Source: A\n\nAnother.")[0].0, SourceLine);
        assert_eq!(kinds("He said:\n\n\"Another.\"")[0].0, Paragraph);
    }

    #[test]
    fn headings_inside() {
        use BlockKind::*;
        let text = "Title\n\nOne.\n\nWhat happens next\n\nTwo.\n\nAn end";
        let found: Vec<BlockKind> = kinds(text).iter().map(|k| k.0).collect();
        assert_eq!(found, [Headline, Paragraph, Heading, Paragraph, Paragraph]);
    }
}
