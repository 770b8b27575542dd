//! Pieces of text, as readers of marked-up formats find them → an article with its text put together.

use super::html::walk::Page;
use super::layout::{classify, ends_as_sentence, headline_of, is_title, joined, label};
use super::provenance::{Field, Provenance};
use super::{Article, Block, BlockKind, Cue, Dropped, decode, furniture, settle_language};
use crate::error::{Error, Result};
use crate::text::language::Language;
use crate::text::segment::lines;
use crate::text::span::Span;

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
