//! A digest or a translated article in Markdown.

use std::fmt::Write as _;

use crate::finding::Finding;

use crate::registry::Task;
use crate::summarise::SentenceMethod;
use crate::translate::{Status, labels};

use super::changes;
use super::digest::{SourceRow, View};
use super::words::{about, capitalised, finding, name_of};
use super::{Digest, ModelUsed, Translation};

/// The whole digest.
pub fn digest(digest: &Digest, models: &[ModelUsed]) -> String {
    let view = View::new(digest);
    let mut out = String::new();
    if let Some(headline) = digest.headline() {
        let _ = writeln!(out, "# {}\n", escaped(&headline));
    }
    let about = &digest.document.article.provenance;
    if let Some(line) = about.head_line() {
        let _ = writeln!(out, "*{}*\n", escaped(&line));
    }
    if let Some(line) = about.embargo_line() {
        let _ = writeln!(out, "**{}**\n", escaped(&capitalised(&line)));
    }
    for (index, sentence) in digest.summary.sentences.iter().enumerate() {
        let _ = writeln!(out, "- {}{}", escaped(&sentence.text), marks(&view, index));
    }
    for translation in &digest.translations {
        translated(&mut out, digest, translation, &view);
    }
    sources(&mut out, &view);
    if let Some(changes) = &digest.changes {
        let lines = changes::lines(changes, &digest.document);
        let _ = writeln!(out, "\n## What changed\n");
        for line in lines {
            let _ = writeln!(out, "- {}", escaped(&line));
        }
    }
    look_at(&mut out, digest);
    foot(&mut out, digest, models);
    out
}

fn translated(out: &mut String, digest: &Digest, translation: &Translation, view: &View) {
    let lead = digest.lead();
    let language = translation.language;
    let _ = writeln!(out, "\n## {} ({})\n", language.own_name(), language.name());
    for (index, segment) in translation.segments.iter().enumerate() {
        let note = match segment.status {
            Status::Translated => "",
            Status::Repaired => " *(source put back)*",
            Status::Untranslated => " *(untranslated)*",
        };
        let text = escaped(&segment.text);
        let _ = match index.checked_sub(lead) {
            None => writeln!(out, "**{text}**{note}\n"),
            Some(sentence) => writeln!(out, "- {text}{}{note}", marks(view, sentence)),
        };
    }
    names_in(out, digest, translation, view);
}

/// The sources by the numbers of their marks, as the translation names them.
fn names_in(out: &mut String, digest: &Digest, translation: &Translation, view: &View) {
    let named: Vec<(usize, &SourceRow)> = view
        .sources
        .iter()
        .enumerate()
        .filter(|(_, row)| !row.sentences.is_empty())
        .collect();
    if named.is_empty() {
        return;
    }
    let language = translation.language;
    let title = labels::translate("Sources", language).unwrap_or("Sources");
    let from = digest.document.article.language.own_name();
    let _ = writeln!(
        out,
        "\n### {title}\n\n| | {} | {from} |\n|---|---|---|",
        language.own_name()
    );
    for (index, row) in named {
        let name = row.names.get(&language).map_or("—", String::as_str);
        let _ = writeln!(out, "| [{}] | {} | {} |", index + 1, cell(name), cell(&row.name));
    }
}

fn sources(out: &mut String, view: &View) {
    if view.sources.is_empty() {
        let _ = writeln!(out, "\n## Sources\n\nThe summary carries nobody's claims.");
        return;
    }
    let _ = writeln!(
        out,
        "\n## Sources\n\n| | Who | Relayed by | How | Sentences |\n|---|---|---|---|---|"
    );
    for (index, row) in view.sources.iter().enumerate() {
        let _ = writeln!(out, "{}", source_row(index, row));
    }
}

fn source_row(index: usize, row: &SourceRow) -> String {
    let relayed: Vec<String> = row.relayed_by.iter().map(|n| format!("[{n}]")).collect();
    let stances: Vec<String> = row.stances.iter().map(name_of).collect();
    format!(
        "| [{}] | {} | {} | {} | {} |",
        index + 1,
        cell(&row.name),
        relayed.join(" "),
        stances.join(", "),
        places(row),
    )
}

/// The sentences of a source, from 1.
pub(super) fn places(row: &SourceRow) -> String {
    if row.sentences.is_empty() {
        return "source line".to_owned();
    }
    let numbers: Vec<String> = row.sentences.iter().map(|s| (s + 1).to_string()).collect();
    numbers.join(", ")
}

fn look_at(out: &mut String, digest: &Digest) {
    let lines = attention(digest);
    if lines.is_empty() {
        let _ = writeln!(out, "\n## To look at\n\nNothing was found.");
        return;
    }
    let _ = writeln!(out, "\n## To look at\n");
    for line in lines {
        let _ = writeln!(out, "- {}", escaped(&line));
    }
}

/// Everything that somebody must look at, a line each.
pub(super) fn attention(digest: &Digest) -> Vec<String> {
    let article = &digest.document.article.text;
    let line = |place: String, found: &Finding, source: &str, target: &str| {
        let words: Vec<String> = [about(found.source, source), about(found.target, target)]
            .into_iter()
            .filter(|words| !words.is_empty())
            .collect();
        let words = if words.is_empty() {
            String::new()
        } else {
            format!(" — {}", words.join(" / "))
        };
        format!("{place}: {}{words}", finding(found))
    };
    let mut lines: Vec<String> = digest
        .summary
        .findings
        .iter()
        .map(|found| {
            line(
                format!("summary, sentence {}", found.segment + 1),
                found,
                article,
                "",
            )
        })
        .collect();
    for translation in &digest.translations {
        for found in &translation.findings {
            let place = match found.segment.checked_sub(digest.lead()) {
                None => format!("{}, headline", translation.language),
                Some(sentence) => format!("{}, sentence {}", translation.language, sentence + 1),
            };
            let ledger = &translation.ledger;
            lines.push(line(place, found, &ledger.source.text, &ledger.target.text));
        }
    }
    lines
}

fn foot(out: &mut String, digest: &Digest, models: &[ModelUsed]) {
    let _ = writeln!(out, "\n---\n\n{}", made_of(digest, models));
}

/// How it was made, in a line: of which article, by which models.
pub(super) fn made_of(digest: &Digest, models: &[ModelUsed]) -> String {
    let article = &digest.document.article;
    let written = |method| {
        digest
            .summary
            .sentences
            .iter()
            .filter(|s| s.method == method)
            .count()
    };
    let how = format!(
        "{} written, {} repaired, {} in the article's own words",
        written(SentenceMethod::Abstractive),
        written(SentenceMethod::Repaired),
        written(SentenceMethod::Extractive),
    );
    format!(
        "{} ({}); sentences: {how}; settings: {}; {}",
        article.id,
        article.language.name(),
        digest.settings,
        told(models)
    )
}

/// The models that took part, in words.
pub(super) fn told(models: &[ModelUsed]) -> String {
    let by: Vec<String> = models
        .iter()
        .map(|model| {
            let task = match (model.task, model.to) {
                (Task::Translate, Some(to)) => format!("translation {to}"),
                (Task::Summarise, _) => "summary".to_owned(),
                (task, _) => task.name().to_owned(),
            };
            let revision = model.revision.as_deref().map(|r| format!(" at {}", short(r)));
            format!(
                "{task}: {}{} ({})",
                model.id,
                revision.unwrap_or_default(),
                model.licence
            )
        })
        .collect();
    if by.is_empty() {
        "no model".to_owned()
    } else {
        by.join("; ")
    }
}

/// A commit by its first characters, which tell it apart; anything else whole.
fn short(revision: &str) -> &str {
    let commit = revision.len() == 40 && revision.chars().all(|c| c.is_ascii_hexdigit());
    if commit { &revision[..12] } else { revision }
}

fn marks(view: &View, index: usize) -> String {
    let marks = view.marks_of(index);
    // a bracket after a text is a link to Markdown unless it is escaped
    if marks.is_empty() {
        marks
    } else {
        format!(" {}", marks.replace('[', "\\[").replace(']', "\\]"))
    }
}

/// `text` as it is, whatever marks of Markdown stand in it.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn cell(text: &str) -> String {
    escaped(text).replace('|', "\\|")
}
