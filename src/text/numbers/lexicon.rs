//! The number tables (`data/numbers.toml`), parsed once.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::text::language::Language;

#[derive(Deserialize)]
struct Raw {
    #[serde(default)]
    spaced: bool,
    group: String,
    decimal: String,
    #[serde(default)]
    articles: Vec<String>,
    #[serde(default)]
    joiner: Vec<String>,
    #[serde(default)]
    am: Vec<String>,
    #[serde(default)]
    pm: Vec<String>,
    #[serde(default)]
    clock: Vec<String>,
    #[serde(default)]
    clock_minutes: Vec<String>,
    #[serde(default)]
    percent: Vec<String>,
    #[serde(default)]
    percent_before: Vec<String>,
    #[serde(default)]
    per_hour_before: Vec<String>,
    #[serde(default)]
    fahrenheit_before: Vec<String>,
    #[serde(default)]
    money: Vec<String>,
    #[serde(default)]
    months: Vec<String>,
    #[serde(default)]
    month_short: Vec<String>,
    #[serde(default)]
    month_forms: HashMap<String, Vec<String>>,
    #[serde(default)]
    ambiguous_months: Vec<String>,
    #[serde(default)]
    counters: Vec<String>,
    #[serde(default)]
    words: HashMap<String, Vec<String>>,
    #[serde(default)]
    numerals: HashMap<String, Vec<String>>,
    #[serde(default)]
    scales: HashMap<String, Vec<String>>,
    #[serde(default)]
    units: HashMap<String, Vec<String>>,
}

/// What may follow or stand for a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum After {
    Percent,
    Money,
    Measure(&'static str, f64),
    Scale(f64),
    Am,
    Pm,
    Clock,
}

/// Words with a meaning; `stems` are the entries that ended in `*`.
pub(super) struct Table<T> {
    exact: HashMap<String, T>,
    stems: Vec<(String, T)>,
    /// Several words; matched word by word, longest first.
    phrases: Vec<(Vec<String>, T)>,
}

impl<T: Copy> Table<T> {
    fn new(entries: impl IntoIterator<Item = (String, T)>) -> Self {
        let mut table = Self {
            exact: HashMap::new(),
            stems: Vec::new(),
            phrases: Vec::new(),
        };
        for (word, value) in entries {
            if word.contains(' ') {
                table
                    .phrases
                    .push((word.split(' ').map(str::to_owned).collect(), value));
            } else if let Some(stem) = word.strip_suffix('*') {
                table.stems.push((stem.to_owned(), value));
            } else if !word.is_empty() {
                table.exact.entry(word).or_insert(value);
            }
        }
        table.stems.sort_by_key(|(stem, _)| std::cmp::Reverse(stem.len()));
        table
            .phrases
            .sort_by_key(|(words, _)| std::cmp::Reverse(words.len()));
        table
    }

    /// The meaning of one lower-case word.
    pub(super) fn word(&self, word: &str) -> Option<T> {
        self.exact.get(word).copied().or_else(|| {
            self.stems
                .iter()
                .find(|(stem, _)| word.starts_with(stem.as_str()))
                .map(|&(_, value)| value)
        })
    }

    /// The longest entry that `rest` (lower case) opens with, and its length in bytes; for languages without spaces.
    pub(super) fn prefix(&self, rest: &str) -> Option<(usize, T)> {
        let exact = self.exact.iter().map(|(word, &value)| (word, value));
        let stems = self.stems.iter().map(|(word, value)| (word, *value));
        exact
            .chain(stems)
            .filter(|(word, _)| rest.starts_with(word.as_str()))
            .max_by_key(|(word, _)| word.len())
            .map(|(word, value)| (word.len(), value))
    }

    /// The phrase that `words` opens with: how many words, and the meaning.
    pub(super) fn phrase(&self, words: &[String]) -> Option<(usize, T)> {
        let fits = |phrase: &[String]| {
            phrase.len() <= words.len()
                && phrase.iter().zip(words).all(|(p, w)| match p.strip_suffix('*') {
                    Some(stem) => w.starts_with(stem),
                    None => p == w,
                })
        };
        self.phrases
            .iter()
            .find(|(phrase, _)| fits(phrase))
            .map(|(phrase, value)| (phrase.len(), *value))
    }
}

/// One language's tables.
pub(super) struct Lexicon {
    pub(super) spaced: bool,
    pub(super) group: Vec<char>,
    pub(super) decimal: Vec<char>,
    pub(super) articles: Vec<String>,
    pub(super) joiner: Vec<String>,
    pub(super) am: Vec<String>,
    pub(super) pm: Vec<String>,
    pub(super) clock_minutes: Vec<String>,
    pub(super) percent_before: Vec<String>,
    /// What makes a length behind it a speed: 시속 137km.
    pub(super) per_hour_before: Vec<String>,
    /// What makes degrees behind it those of Fahrenheit: 화씨 95도.
    pub(super) fahrenheit_before: Vec<String>,
    pub(super) counters: Vec<String>,
    pub(super) words: Table<f64>,
    pub(super) numerals: Table<f64>,
    pub(super) scales: Table<f64>,
    pub(super) months: Table<f64>,
    pub(super) ambiguous_months: Table<()>,
    pub(super) after: Table<After>,
}

fn values(map: &HashMap<String, Vec<String>>) -> Vec<(String, f64)> {
    let mut all: Vec<(String, f64)> = map
        .iter()
        .filter_map(|(value, words)| Some((value.parse::<f64>().ok()?, words)))
        .flat_map(|(value, words)| words.iter().map(move |word| (word.clone(), value)))
        .collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

impl Lexicon {
    /// Whether the language's months are in its table.
    pub(super) fn names_months(&self) -> bool {
        !self.months.exact.is_empty() || !self.months.stems.is_empty()
    }

    fn new(raw: Raw, units: &HashMap<String, (String, f64)>) -> Self {
        let mut after: Vec<(String, After)> = Vec::new();
        let mut add =
            |words: &[String], meaning: After| after.extend(words.iter().map(|w| (w.clone(), meaning)));
        for (name, words) in &raw.units {
            if let Some((dimension, factor)) = units.get(name) {
                add(words, After::Measure(dimension_name(dimension), *factor));
            }
        }
        add(&raw.percent, After::Percent);
        add(&raw.money, After::Money);
        add(&raw.am, After::Am);
        add(&raw.pm, After::Pm);
        add(&raw.clock, After::Clock);
        after.sort_by(|a, b| a.0.cmp(&b.0));
        let scales = values(&raw.scales);
        after.extend(
            scales
                .iter()
                .map(|(word, value)| (word.clone(), After::Scale(*value))),
        );
        let months = (1u8..).map(f64::from);
        let mut month_words: Vec<(String, f64)> = raw.months.iter().cloned().zip(months.clone()).collect();
        month_words.extend(raw.month_short.iter().cloned().zip(months));
        month_words.extend(values(&raw.month_forms));
        Self {
            spaced: raw.spaced,
            group: raw.group.chars().collect(),
            decimal: raw.decimal.chars().collect(),
            articles: raw.articles,
            joiner: raw.joiner,
            am: raw.am,
            pm: raw.pm,
            clock_minutes: raw.clock_minutes,
            percent_before: raw.percent_before,
            per_hour_before: raw.per_hour_before,
            fahrenheit_before: raw.fahrenheit_before,
            counters: raw.counters,
            words: Table::new(values(&raw.words)),
            numerals: Table::new(values(&raw.numerals)),
            scales: Table::new(scales),
            months: Table::new(month_words),
            ambiguous_months: Table::new(raw.ambiguous_months.into_iter().map(|w| (w, ()))),
            after: Table::new(after),
        }
    }
}

/// The dimension's name with static lifetime.
fn dimension_name(name: &str) -> &'static str {
    [
        "length",
        "speed",
        "mass",
        "area",
        "volume",
        "duration",
        "celsius",
        "fahrenheit",
        "degree",
    ]
    .into_iter()
    .find(|known| *known == name)
    .unwrap_or("unknown")
}

fn tables() -> &'static HashMap<String, Lexicon> {
    static TABLES: OnceLock<HashMap<String, Lexicon>> = OnceLock::new();
    TABLES.get_or_init(|| parse(include_str!("../data/numbers.toml")).unwrap_or_default())
}

fn parse(text: &str) -> Result<HashMap<String, Lexicon>, toml::de::Error> {
    let mut file: toml::Table = toml::from_str(text)?;
    let units: HashMap<String, (String, f64)> = match file.remove("unit") {
        Some(table) => table.try_into()?,
        None => HashMap::new(),
    };
    file.into_iter()
        .map(|(code, table)| Ok((code, Lexicon::new(table.try_into::<Raw>()?, &units))))
        .collect()
}

/// The tables of `language`, or what most European languages share; `None` only if the data file were broken.
pub(super) fn of(language: Language) -> Option<&'static Lexicon> {
    tables().get(language.code()).or_else(|| tables().get("other"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_data_file_parses_and_names_known_units() {
        let tables = parse(include_str!("../data/numbers.toml")).unwrap();
        for code in ["en", "uk", "ru", "ko", "zh", "other"] {
            assert!(tables.contains_key(code), "{code}");
        }
        let file: toml::Table = toml::from_str(include_str!("../data/numbers.toml")).unwrap();
        let units = file["unit"].as_table().unwrap();
        for (code, table) in &file {
            for unit in table
                .get("units")
                .and_then(|u| u.as_table())
                .into_iter()
                .flatten()
            {
                assert!(units.contains_key(unit.0), "{code}: {}", unit.0);
            }
        }
    }
}
