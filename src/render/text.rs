//! A digest for a terminal.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

use crate::summarise::{SentenceMethod, Summary};
use crate::translate::Status;

use super::changes;
use super::digest::View;
use super::markdown::{attention, made_of, places};
use super::words::{capitalised, name_of};
use super::{Digest, ModelUsed};

/// Columns of a terminal that is narrower than nobody's.
const WIDTH: usize = 88;

/// The whole digest.
pub fn digest(digest: &Digest, models: &[ModelUsed]) -> String {
    let view = View::new(digest);
    let mut out = String::new();
    if let Some(headline) = digest.headline() {
        let _ = writeln!(out, "{}\n", wrapped(&headline, "", ""));
    }
    let about = &digest.document.article.provenance;
    let embargo = about.embargo_line().map(|line| capitalised(&line));
    for line in about.head_line().into_iter().chain(embargo) {
        let _ = writeln!(out, "{}\n", wrapped(&line, "", ""));
    }
    for (index, sentence) in digest.summary.sentences.iter().enumerate() {
        item(
            &mut out,
            index,
            &format!("{} {}", sentence.text, view.marks_of(index)),
        );
    }
    for translation in &digest.translations {
        let _ = writeln!(out, "\n{}", heading(translation.language.own_name()));
        for (index, segment) in translation.segments.iter().enumerate() {
            let note = match segment.status {
                Status::Translated => "",
                Status::Repaired => " (source put back)",
                Status::Untranslated => " (untranslated)",
            };
            match index.checked_sub(digest.lead()) {
                None => {
                    let _ = writeln!(out, "{}\n", wrapped(&format!("{}{note}", segment.text), "", ""));
                }
                Some(i) => item(
                    &mut out,
                    i,
                    &format!("{} {}{note}", segment.text, view.marks_of(i)),
                ),
            }
        }
    }
    sources(&mut out, digest, &view);
    if let Some(changes) = &digest.changes {
        let _ = writeln!(out, "\n{}", heading("What changed"));
        for line in changes::lines(changes, &digest.document) {
            let _ = writeln!(out, "{}", wrapped(&line, "- ", "  "));
        }
    }
    let _ = writeln!(out, "\n{}", heading("To look at"));
    let lines = attention(digest);
    if lines.is_empty() {
        let _ = writeln!(out, "Nothing was found.");
    }
    for line in lines {
        let _ = writeln!(out, "{}", wrapped(&line, "- ", "  "));
    }
    let _ = writeln!(out, "\n{}", wrapped(&made_of(digest, models), "", ""));
    out
}

/// A summary alone: each sentence with the article sentences that support it, from 1.
pub fn summary(summary: &Summary) -> String {
    let mut out = String::new();
    for (index, sentence) in summary.sentences.iter().enumerate() {
        let supports: Vec<String> = sentence.supports.iter().map(|s| (s + 1).to_string()).collect();
        let how = match sentence.method {
            SentenceMethod::Abstractive => "",
            SentenceMethod::Extractive => "; the article's words",
            SentenceMethod::Repaired => "; repaired",
        };
        item(
            &mut out,
            index,
            &format!("{} (rests on {}{how})", sentence.text, supports.join(", ")),
        );
    }
    for finding in &summary.findings {
        let line = format!(
            "sentence {}: {}",
            finding.segment + 1,
            super::words::finding(finding)
        );
        let _ = writeln!(out, "{}", wrapped(&line, "! ", "  "));
    }
    out
}

fn sources(out: &mut String, digest: &Digest, view: &View) {
    let _ = writeln!(out, "\n{}", heading("Sources"));
    if view.sources.is_empty() {
        let _ = writeln!(out, "The summary carries nobody's claims.");
    }
    for (index, row) in view.sources.iter().enumerate() {
        let mut line = row.name.clone();
        for translation in &digest.translations {
            if let Some(name) = row.names.get(&translation.language) {
                let _ = write!(line, " · {name}");
            }
        }
        let stances: Vec<String> = row.stances.iter().map(name_of).collect();
        let _ = write!(line, " — {}, {}", stances.join(", "), place_words(&places(row)));
        if !row.relayed_by.is_empty() {
            let relayed: Vec<String> = row.relayed_by.iter().map(|n| format!("[{n}]")).collect();
            let _ = write!(line, ", relayed by {}", relayed.join(" "));
        }
        let _ = writeln!(out, "{}", wrapped(&line, &format!("[{}] ", index + 1), "    "));
    }
}

fn place_words(places: &str) -> String {
    if places.starts_with(|c: char| c.is_ascii_digit()) {
        format!("sentence {places}")
    } else {
        places.to_owned()
    }
}

fn item(out: &mut String, index: usize, text: &str) {
    let number = format!("{:>2}. ", index + 1);
    let _ = writeln!(out, "{}", wrapped(text.trim_end(), &number, "    "));
}

fn heading(text: &str) -> String {
    format!("{text}\n{}", "─".repeat(text.width().max(4)))
}

fn wrapped(text: &str, first: &str, rest: &str) -> String {
    let options = textwrap::Options::new(WIDTH)
        .initial_indent(first)
        .subsequent_indent(rest)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::fill(text, options)
}
