//! Plain text → draft: lines to blocks, hard-wrapped lines joined, page furniture left out.

use super::furniture::Sweep;
use super::layout::{self, Draft, Piece};
use super::{BlockKind, Dropped};
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
