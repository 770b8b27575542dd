//! Lines → blocks, over a text as it stands; and pieces of text → an article with its text put together.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::html::walk::Page;
use super::provenance::{Field, Provenance};
use super::{Article, Block, BlockKind, Cue, Dropped, settle_language};
use super::{decode, furniture};
use crate::error::{Error, Result};
use crate::text::language::Language;
use crate::text::segment::{bullet_len, is_line_break, is_unspaced, lines, wrapped};
use crate::text::span::Span;

/// What a section label opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Label {
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
fn label(line: &str) -> Option<(usize, Label)> {
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
fn classify(text: &str, looks: BlockKind, sources_follow: &mut bool) -> (BlockKind, Option<usize>) {
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
fn ends_as_sentence(text: &str) -> bool {
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
fn is_title(text: &str) -> bool {
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

/// A block whose place in the text is not fixed yet.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) kind: BlockKind,
    /// One line: no line breaks, no white space at the borders, no bullet mark.
    pub(super) text: String,
    /// It had a bullet mark or number, which is written again.
    pub(super) is_item: bool,
}

impl Piece {
    pub(super) fn new(kind: BlockKind, text: impl Into<String>) -> Piece {
        Piece {
            kind,
            text: text.into(),
            is_item: kind == BlockKind::ListItem,
        }
    }
}

/// The pieces of a marked-up paragraph: its source lines are joined, but a labelled line begins a piece of its own.
pub(super) fn pieces_of(kind: BlockKind, paragraph: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut open = String::new();
    for line in lines(paragraph) {
        let line = line.of(paragraph);
        if label(line.trim_start()).is_some() && !open.trim().is_empty() {
            pieces.push(Piece::new(kind, joined(&std::mem::take(&mut open))));
        }
        open.push_str(line);
        open.push('\n');
    }
    let rest = joined(&open);
    if !rest.is_empty() {
        pieces.push(Piece::new(kind, rest));
    }
    pieces
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

/// An article before its text is put together.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) pieces: Vec<Piece>,
    pub(super) dropped: Vec<Dropped>,
    pub(super) warnings: Vec<String>,
    /// The language that the input declares.
    pub(super) declared: Option<Language>,
    pub(super) provenance: Provenance,
    /// The name that the input gives the article, where it holds several.
    pub(super) id: Option<String>,
    /// The times of subtitles: index of the piece, place in it; in order.
    pub(super) cues: Vec<(usize, Cue)>,
}

impl Draft {
    /// A draft of the blocks of a marked-up article, whose headline is `title` if the input declares one.
    pub(super) fn of_page(page: Page, title: Option<String>) -> Draft {
        let mut draft = Draft {
            pieces: page.pieces,
            ..Draft::default()
        };
        draft.settle(title.or(page.title));
        draft.dropped.extend(page.aside);
        draft
    }

    /// Takes what the input says of the article; see [`Provenance::set`].
    pub(super) fn set(&mut self, field: Field, value: &str) {
        self.provenance.set(field, value, &mut self.warnings);
    }

    /// Takes a code of a language that the input declares; one that is not known here is told.
    pub(super) fn declare(&mut self, code: &str) {
        self.declared = code.trim().parse().ok();
        if self.declared.is_none() && !code.trim().is_empty() {
            self.warnings
                .push(format!("a language is declared that is not known here: {code}"));
        }
    }

    /// For input whose markup tells blocks but neither labels nor furniture: finds the headline (`title` if the
    /// input declares one), leaves furniture out, and sorts the rest by its labels.
    pub(super) fn settle(&mut self, title: Option<String>) {
        let mut sweep = furniture::Sweep::default();
        let dropped = &mut self.dropped;
        self.pieces.retain(|piece| {
            let reason = match piece.kind {
                BlockKind::Headline => None,
                _ => sweep.judge(&piece.text),
            };
            dropped.extend(reason.map(|reason| Dropped {
                text: piece.text.clone(),
                reason,
            }));
            reason.is_none()
        });
        if let Some(title) = title.filter(|title| !title.trim().is_empty()) {
            // The page repeats its title above the text; one is enough.
            let first = self.pieces.iter().take(3).position(|piece| piece.text == title);
            if let Some(first) = first {
                self.pieces.remove(first);
            }
            self.pieces.insert(0, Piece::new(BlockKind::Headline, title));
        }
        let has_headline = self.pieces.iter().any(|piece| piece.kind == BlockKind::Headline);
        if !has_headline
            && let [first, _, ..] = self.pieces.as_mut_slice()
            && matches!(first.kind, BlockKind::Paragraph | BlockKind::Heading)
            && label(&first.text).is_none()
            && is_title(&first.text)
        {
            first.kind = BlockKind::Headline;
        }
        let mut sources_follow = false;
        for piece in &mut self.pieces {
            piece.kind = classify(&piece.text, piece.kind, &mut sources_follow).0;
        }
    }

    /// How much of the draft reads as running text, in characters.
    pub(super) fn prose(&self) -> usize {
        self.pieces
            .iter()
            .filter(|piece| piece.kind != BlockKind::Headline && ends_as_sentence(&piece.text))
            .map(|piece| piece.text.chars().count())
            .sum()
    }

    /// Puts the text together and settles its language.
    ///
    /// # Errors
    /// [`Error::Input`] if nothing is left.
    pub(super) fn finish(mut self, name: &str, id: &str, given: Option<Language>) -> Result<Article> {
        self.leave_out_byline();
        self.tidy();
        if self.pieces.iter().all(|piece| piece.text.is_empty()) {
            return Err(match self.dropped.first() {
                None => Error::input(name, "holds no text").with_hint("give a file with an article in it"),
                Some(first) => Error::input(
                    name,
                    format!(
                        "holds no article, only page furniture (\"{}\": {})",
                        first.text, first.reason
                    ),
                )
                .with_hint("JSONL input is taken as it is: {\"id\": …, \"text\": …}"),
            });
        }
        let mut text = String::new();
        let mut blocks: Vec<Block> = Vec::new();
        let mut cues = Vec::new();
        let mut timed = self.cues.into_iter().peekable();
        let mut after_item = false;
        let mut after_label = false;
        for (at, piece) in self.pieces.iter().enumerate() {
            if piece.text.is_empty() {
                continue;
            }
            if !text.is_empty() {
                let close = piece.is_item && (after_item || after_label);
                text.push_str(if close { "\n" } else { "\n\n" });
            }
            if piece.is_item {
                text.push_str("- ");
            }
            let start = text.len();
            text.push_str(&piece.text);
            let label = match piece.kind {
                BlockKind::Headline => None,
                _ => label(&piece.text).map(|(len, _)| Span::new(start, start + len)),
            };
            after_item = piece.is_item;
            after_label = label.is_some_and(|label| label.end == text.len());
            let span = Span::new(start, text.len());
            let kind = piece.kind;
            blocks.push(Block { kind, span, label });
            while let Some((_, cue)) = timed.next_if(|(piece, _)| *piece <= at) {
                let span = cue.span.shifted(start);
                cues.push(Cue { span, ..cue });
            }
        }
        self.warnings.extend(self.provenance.embargo_line());
        let language = settle_language(&text, given, self.declared, &mut self.warnings);
        Ok(Article {
            id: id.to_owned(),
            language,
            headline: headline_of(&blocks),
            text,
            blocks,
            dropped: self.dropped,
            warnings: self.warnings,
            provenance: self.provenance,
            cues,
        })
    }

    /// Leaves out a line at the top that names the authors once more ("By Ilse Marn"), as pages and feeds have it.
    fn leave_out_byline(&mut self) {
        /// How far down, in pieces, and how long, in bytes, the words before the names may be.
        const TOP: usize = 4;
        const BEFORE: usize = 16;
        let Some(byline) = &self.provenance.byline else {
            return;
        };
        let repeats = |piece: &Piece| {
            let before = piece.text.trim().strip_suffix(byline.as_str());
            piece.kind == BlockKind::Paragraph
                && before
                    .is_some_and(|before| before.len() <= BEFORE && before.split_whitespace().count() < 2)
        };
        let top = self.pieces.iter().take(TOP);
        if let Some(at) = top.into_iter().position(repeats)
            && self.cues.is_empty()
        {
            let text = self.pieces.remove(at).text;
            self.dropped.push(Dropped {
                text,
                reason: "byline",
            });
        }
    }

    /// Composed letters, no invisible characters, no white space at the borders: what came out of references, zip
    /// files and mail is what plain text is. The pieces of subtitles are so already, and their cues stay in place.
    fn tidy(&mut self) {
        let mut removed = 0;
        for piece in &mut self.pieces {
            let (text, controls) = decode::tidy(&piece.text);
            removed += controls;
            piece.text = text.trim().replace('\n', " ");
        }
        for dropped in &mut self.dropped {
            dropped.text = decode::tidy(&dropped.text).0.trim().to_owned();
        }
        self.dropped.retain(|dropped| !dropped.text.is_empty());
        self.warnings.extend(decode::told(removed));
    }
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
