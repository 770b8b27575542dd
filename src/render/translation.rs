//! A translated article: the text with the structure of its source, or JSON.

use serde_json::{Value, json};

use crate::article::{BlockKind, Document};

use crate::registry::Task;
use crate::text::segment::joint;
use crate::translate::labels;

use super::words::{about, finding};
use super::{ModelUsed, Translation, json, ledger};

/// The article in the language of `translation`, block by block, with headings, bullets and labels in their places.
pub fn text(document: &Document, translation: &Translation) -> String {
    let blocks = blocks(document, translation).into_iter();
    let lines: Vec<String> = blocks
        .map(|(kind, text)| format!("{}{text}", mark(kind)))
        .collect();
    lines.join("\n\n")
}

/// The same without marks: its headline, and its other blocks.
pub(super) fn parts(document: &Document, translation: &Translation) -> (Option<String>, Vec<String>) {
    let (mut headline, mut rest) = (None, Vec::new());
    for (kind, text) in blocks(document, translation) {
        if kind == BlockKind::Headline && headline.is_none() {
            headline = Some(text);
        } else {
            rest.push(text);
        }
    }
    (headline, rest)
}

/// The blocks that have text.
fn blocks(document: &Document, translation: &Translation) -> Vec<(BlockKind, String)> {
    let mut blocks = Vec::new();
    for (index, block) in document.article.blocks.iter().enumerate() {
        let sentences: Vec<&str> = document
            .sentences
            .iter()
            .zip(&translation.segments)
            .filter(|(sentence, _)| sentence.block == index)
            .map(|(_, translated)| translated.text.as_str())
            .collect();
        let body = sentences.join(joint(translation.language));
        let label = block.label.map(|span| span.of(&document.article.text));
        let label = label.map(|label| format!("{} ", labels::written(label, translation.language)));
        let text = format!("{}{body}", label.unwrap_or_default());
        if !text.trim().is_empty() {
            blocks.push((block.kind, text.trim_end().to_owned()));
        }
    }
    blocks
}

/// One object of the schema `byline/translation/1`: the segments with their sources, and the ledger. `model` is the one
/// that wrote the text; `models` are all that took part, where that are several.
pub fn json(document: &Document, translation: &Translation, models: &[ModelUsed]) -> Value {
    let segments: Vec<Value> = translation
        .segments
        .iter()
        .enumerate()
        .map(|(of, s)| json::segment(of, s))
        .collect();
    let writer = models.iter().rfind(|model| model.task == Task::Translate);
    let mut object = json!({
        "schema": "byline/translation/1",
        "id": document.article.id,
        "from": document.article.language,
        "to": translation.language,
        "model": writer.map(json::model),
        "text": text(document, translation),
        "segments": segments,
        "ledger": ledger::json(&translation.ledger, &translation.findings),
    });
    if models.len() > 1 {
        object["models"] = models.iter().map(json::model).collect();
    }
    object
}

/// What must be looked at, a line each.
pub fn attention(translation: &Translation) -> Vec<String> {
    let ledger = &translation.ledger;
    translation
        .findings
        .iter()
        .map(|found| {
            let words = [
                about(found.source, &ledger.source.text),
                about(found.target, &ledger.target.text),
            ]
            .join(" ");
            let line = format!(
                "{} segment {}: {} {words}",
                translation.language,
                found.segment + 1,
                finding(found)
            );
            line.trim_end().to_owned()
        })
        .collect()
}

fn mark(kind: BlockKind) -> &'static str {
    match kind {
        BlockKind::Headline => "# ",
        BlockKind::Heading => "## ",
        BlockKind::ListItem => "- ",
        BlockKind::Paragraph | BlockKind::SourceLine => "",
    }
}
