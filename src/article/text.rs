//! Plain text → draft: lines to blocks, hard-wrapped lines joined, page furniture left out.

use super::draft::{Draft, Piece};
use super::furniture::Sweep;
use super::layout;
use super::{BlockKind, Dropped, decode, html};
use crate::error::Result;
use crate::text::segment::{bullet_len, lines};

/// Reads `text`, whose line breaks are "\n".
pub(super) fn read(text: &str) -> Draft {
    let mut draft = Draft::default();
    let kept = without_furniture(text, &mut draft.dropped);
    for block in layout::blocks(&kept) {
        let line_start = kept[..block.span.start].rfind('\n').map_or(0, |at| at + 1);
        draft.pieces.push(Piece {
            kind: block.kind,
            text: layout::joined(block.span.of(&kept)),
            is_item: block.kind == BlockKind::ListItem || bullet_len(&kept[line_start..block.span.end]) > 0,
        });
    }
    draft
}

/// Reads a body whose headline, if any, stands elsewhere.
pub(super) fn body(text: &str, title: Option<String>) -> Draft {
    let (text, _) = decode::tidy(text);
    let mut draft = read(&text);
    if title.is_some() {
        for piece in &mut draft.pieces {
            if piece.kind == BlockKind::Headline {
                piece.kind = BlockKind::Paragraph;
            }
        }
    }
    draft.settle(title);
    draft
}

/// Reads a body that is HTML if it has tags or references, else plain text.
///
/// # Errors
/// [`crate::error::Error::Input`] if it is HTML that is nested too deeply.
pub(super) fn body_or_html(name: &str, text: &str, title: Option<String>) -> Result<Draft> {
    let (text, _) = decode::tidy(text);
    if has_markup(&text) {
        Ok(Draft::of_page(html::fragment(name, &text)?, title))
    } else {
        Ok(body(&text, title))
    }
}

/// Whether `text` has a tag or a reference of HTML.
fn has_markup(text: &str) -> bool {
    text.split('<').skip(1).any(|rest| {
        rest.strip_prefix('/')
            .unwrap_or(rest)
            .starts_with(|c: char| c.is_ascii_alphabetic())
            && rest.contains('>')
    }) || text.split('&').skip(1).any(|rest| {
        rest.split_once(';').is_some_and(|(name, _)| {
            name.len() < 10 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '#')
        })
    })
}

/// A title in one line, its references and tags read.
pub(super) fn title(name: &str, text: &str) -> Option<String> {
    let title = if has_markup(text) {
        let page = html::fragment(name, text).ok()?;
        let lines: Vec<String> = page.pieces.into_iter().map(|piece| piece.text).collect();
        lines.join(" ")
    } else {
        text.to_owned()
    };
    let title = decode::tidy(&title).0;
    let title = html::walk::collapse(&title);
    (!title.is_empty()).then_some(title)
}

/// `text` with its furniture lines blanked, so that they part paragraphs and are not sought as headlines.
fn without_furniture(text: &str, dropped: &mut Vec<Dropped>) -> String {
    let mut sweep = Sweep::default();
    let mut kept = String::with_capacity(text.len());
    for line in lines(text) {
        let line = line.of(text);
        match sweep.judge(line[bullet_len(line)..].trim()) {
            Some(reason) => dropped.push(Dropped {
                text: line.trim().to_owned(),
                reason,
            }),
            None => kept.push_str(line),
        }
        kept.push('\n');
    }
    kept
}
