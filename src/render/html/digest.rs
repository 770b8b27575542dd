//! A digest → a section of the page: the summary and its translations side by side.

use crate::text::span::Span;
use crate::translate::Status;

use super::super::digest::View;
use super::super::markdown::{made_of, places};
use super::super::words::{capitalised, counted, name_of};
use super::super::{Digest, ModelUsed};
use super::section::Versions;
use super::view::{Item, Section, SourceLine};

/// The section of `digest`.
pub(super) fn section(number: usize, digest: &Digest, models: &[ModelUsed]) -> Section {
    let lead = digest.lead();
    let mut text = String::new();
    let mut segments: Vec<Span> = Vec::new();
    let sentences = digest.summary.sentences.iter().map(|s| s.text.clone());
    for segment in digest.headline().into_iter().chain(sentences) {
        if !segments.is_empty() {
            text.push('\n');
        }
        segments.push(Span::new(text.len(), text.len() + segment.len()));
        text.push_str(&segment);
    }
    let article = &digest.document.article;
    let translations = &digest.translations;
    let held = translations
        .iter()
        .map(|t| (&t.ledger, t.findings.as_slice()))
        .collect();
    let title = digest.headline().unwrap_or_else(|| article.id.clone());
    let versions = Versions::new(number, (article.language, &text), segments, held);
    let mut section = versions.section(title);
    section.title_language = digest.headline().map(|_| article.language.code());
    section.about = article.provenance.head_line();
    section.embargo = article.provenance.embargo_line().map(|line| capitalised(&line));
    let found = digest.summary.findings.len();
    if found > 0 {
        let line = format!("Summary: {} to look at", counted(found, "finding"));
        section.verdict.insert(0, line);
    }
    let view = View::new(digest);
    for (index, row) in section.rows.iter_mut().enumerate() {
        let sentence = index.checked_sub(lead);
        row.headline = sentence.is_none();
        row.label = sentence.map_or_else(|| "Headline".to_owned(), |s| (s + 1).to_string());
        for (cell, translation) in row.cells.iter_mut().skip(1).zip(translations) {
            cell.note = match translation.segments.get(index).map(|s| s.status) {
                Some(Status::Repaired) => Some("source put back"),
                Some(Status::Untranslated) => Some("untranslated"),
                Some(Status::Translated) | None => None,
            };
        }
        let Some(sentence) = sentence else { continue };
        let marks = view.marks.get(sentence).cloned().unwrap_or_default();
        for cell in &mut row.cells {
            cell.sources.clone_from(&marks);
        }
        let about = digest.summary.findings.iter().filter(|f| f.segment == sentence);
        let side = (article.language, article.text.as_str());
        let mine = about.map(|f| Item::new(f, "the summary", side, (article.language, "")));
        row.findings.splice(0..0, mine);
    }
    section.sources = source_lines(digest, &view);
    section.foot = Some(made_of(digest, models));
    section
}

fn source_lines(digest: &Digest, view: &View) -> Vec<SourceLine> {
    let line = |(index, row): (usize, &super::super::digest::SourceRow)| SourceLine {
        number: index + 1,
        name: row.name.clone(),
        relayed_by: row.relayed_by.clone(),
        how: row.stances.iter().map(name_of).collect::<Vec<_>>().join(", "),
        sentences: places(row),
        names: digest
            .translations
            .iter()
            .map(|t| row.names.get(&t.language).cloned())
            .collect(),
    };
    view.sources.iter().enumerate().map(line).collect()
}
