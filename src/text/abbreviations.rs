//! The abbreviations of a language: data files, read once.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use serde::Deserialize;

use crate::text::language::Language;

/// A data file as it is written; `abbreviations/en.toml` says what the lists mean.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    titles: Vec<String>,
    numbers: Vec<String>,
    either: Vec<String>,
    units: Vec<String>,
    starters: Vec<String>,
    ordinals: bool,
    also_english: bool,
    continuations: Vec<String>,
    speech_tags: Vec<String>,
}

/// Abbreviations of one class, without their last full stop.
#[derive(Debug, Default)]
pub(super) struct Words(HashSet<String>);

impl Words {
    /// Whether `word` is in the list as it is written, or is a list entry that got capitals.
    pub(super) fn matches(&self, word: &str) -> bool {
        if self.0.contains(word) {
            return true;
        }
        let mut chars = word.chars();
        let Some(first) = chars.next().filter(|c| c.is_uppercase()) else {
            return false;
        };
        let rest = chars.as_str();
        let lowered: String = first.to_lowercase().chain(rest.chars()).collect();
        if self.0.contains(&lowered) {
            return true;
        }
        // "GEN.", "MR.": a headline in capitals. One letter in capitals is an initial.
        if rest.is_empty() || rest.chars().any(char::is_lowercase) {
            return false;
        }
        let small = rest.to_lowercase();
        self.0.contains(&format!("{first}{small}"))
    }
}

/// What the sentence cutter knows of one language.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// Always followed by the rest of their sentence.
    pub(super) titles: Words,
    /// Part of a reference when a number follows.
    pub(super) numbers: Words,
    /// End a sentence only before a word that opens sentences.
    pub(super) either: Words,
    /// End a sentence before any capital, but not before a number.
    pub(super) units: Words,
    /// "3." is an ordinal.
    pub(super) ordinals: bool,
    /// Whole words behind a closing quotation mark that go on with its sentence.
    pub(super) continuations: HashSet<String>,
    /// The same where words are not spaced: prefixes of what follows.
    pub(super) particles: Vec<String>,
    /// Verbs of saying that may follow a quotation inside its sentence.
    pub(super) speech_tags: Vec<String>,
    starters: HashSet<String>,
}

impl Table {
    /// The table of `language`; languages without one use the English table.
    pub(super) fn of(language: Language) -> &'static Table {
        static TABLES: OnceLock<HashMap<&'static str, Table>> = OnceLock::new();
        static EMPTY: OnceLock<Table> = OnceLock::new();
        let tables = TABLES.get_or_init(|| {
            FILES
                .iter()
                .map(|&(code, _)| (code, Table::build(code)))
                .collect()
        });
        tables
            .get(language.code())
            .or_else(|| tables.get("en"))
            .unwrap_or_else(|| EMPTY.get_or_init(Table::default))
    }

    /// Whether `text` begins with a word that opens sentences.
    pub(super) fn starts_sentence(&self, text: &str) -> bool {
        let end = text
            .find(|c: char| !c.is_alphanumeric() && c != '\'')
            .unwrap_or(text.len());
        // "J. A. Smith": a starter with a full stop is an initial.
        !text[end..].starts_with('.') && self.starters.contains(&text[..end])
    }

    fn build(code: &str) -> Table {
        let mut file = parse(code);
        if file.also_english {
            let english = parse("en");
            file.titles.extend(english.titles);
            file.numbers.extend(english.numbers);
            file.either.extend(english.either);
            file.units.extend(english.units);
            file.starters.extend(english.starters);
        }
        let words = |list: Vec<String>| Words(list.into_iter().collect());
        let spaced = code != "ja";
        let (continuations, particles) = if spaced {
            (file.continuations, Vec::new())
        } else {
            (Vec::new(), file.continuations)
        };
        Table {
            titles: words(file.titles),
            numbers: words(file.numbers),
            either: words(file.either),
            units: words(file.units),
            ordinals: file.ordinals,
            continuations: continuations.into_iter().collect(),
            particles,
            speech_tags: file.speech_tags,
            starters: file.starters.into_iter().collect(),
        }
    }
}

fn parse(code: &str) -> File {
    // A broken data file is caught by the test below; in the program it would only cost precision.
    FILES
        .iter()
        .find(|(name, _)| *name == code)
        .and_then(|(_, data)| toml::from_str(data).ok())
        .unwrap_or_default()
}

const FILES: &[(&str, &str)] = &[
    ("be", include_str!("abbreviations/be.toml")),
    ("de", include_str!("abbreviations/de.toml")),
    ("en", include_str!("abbreviations/en.toml")),
    ("es", include_str!("abbreviations/es.toml")),
    ("fr", include_str!("abbreviations/fr.toml")),
    ("ja", include_str!("abbreviations/ja.toml")),
    ("ko", include_str!("abbreviations/ko.toml")),
    ("pl", include_str!("abbreviations/pl.toml")),
    ("ru", include_str!("abbreviations/ru.toml")),
    ("uk", include_str!("abbreviations/uk.toml")),
    ("zh", include_str!("abbreviations/zh.toml")),
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_file_is_sound() {
        for (code, data) in FILES {
            let file: File = toml::from_str(data).unwrap_or_else(|e| panic!("{code}.toml: {e}"));
            assert!(code.parse::<Language>().is_ok(), "{code} is no language");
            for word in file
                .titles
                .iter()
                .chain(&file.numbers)
                .chain(&file.either)
                .chain(&file.units)
            {
                assert!(
                    !word.ends_with('.') && !word.trim().is_empty(),
                    "{code}: {word:?}"
                );
            }
        }
    }
}
