//! Text → the words in it that may tell that something is reported, with their stance and whether they are negated.
//!
//! Broad on purpose: it serves to find the counterpart of a known cue, never to find claims.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::attribution::Stance;
use crate::text::language::Language;
use crate::text::span::Span;
use crate::text::words::words;

/// A cue of a translation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cue {
    /// The words.
    pub span: Span,
    /// All stances that the words may have.
    pub stances: Vec<Stance>,
    /// Whether a negation stands with it.
    pub negated: bool,
}

#[derive(Deserialize, Default)]
struct Table {
    #[serde(default)]
    negation_before: Vec<String>,
    #[serde(default)]
    negation_after: Vec<String>,
    #[serde(flatten)]
    stances: HashMap<Stance, Vec<String>>,
}

struct Lexicon {
    before: Vec<String>,
    after: Vec<String>,
    /// Form without its star, whether it had one, stance; longest first.
    forms: Vec<(String, bool, Stance)>,
}

fn lexicons() -> &'static HashMap<String, Lexicon> {
    static TABLES: OnceLock<HashMap<String, Lexicon>> = OnceLock::new();
    TABLES.get_or_init(|| {
        let tables: HashMap<String, Table> = toml::from_str(include_str!("cues.toml")).unwrap_or_default();
        tables
            .into_iter()
            .map(|(code, table)| (code, Lexicon::new(table)))
            .collect()
    })
}

impl Lexicon {
    fn new(table: Table) -> Self {
        let mut forms: Vec<(String, bool, Stance)> = table
            .stances
            .into_iter()
            .flat_map(|(stance, forms)| forms.into_iter().map(move |form| (form, stance)))
            .map(|(form, stance)| (form.trim_end_matches('*').to_owned(), form.ends_with('*'), stance))
            .collect();
        forms.sort_by_key(|(form, _, stance)| (std::cmp::Reverse(form.len()), form.clone(), *stance as u8));
        Self {
            before: table.negation_before,
            after: table.negation_after,
            forms,
        }
    }
}

/// Whether cues of this language are known.
pub fn known(language: Language) -> bool {
    lexicons().contains_key(language.code())
}

/// All cues of `text`, in order.
pub fn find(text: &str, language: Language) -> Vec<Cue> {
    let Some(lexicon) = lexicons().get(language.code()) else {
        return Vec::new();
    };
    match language.code() {
        "ko" | "zh" => joined(text, lexicon, language == Language::KO),
        _ => spaced(text, lexicon),
    }
}

fn spaced(text: &str, lexicon: &Lexicon) -> Vec<Cue> {
    let mut cues = Vec::new();
    let mut history: Vec<String> = Vec::new();
    for span in words(text) {
        let word = span.of(text).to_lowercase().replace(['’', 'ʼ'], "'");
        let stances = stances(lexicon, |form, star| {
            if star {
                word.starts_with(form)
            } else {
                word == form
            }
        });
        if !stances.is_empty() {
            let negated = history.iter().rev().take(2).enumerate().any(|(back, w)| {
                // Two words back only in "did not immediately say".
                lexicon.before.contains(w) && (back == 0 || w == "not" || w.ends_with("n't"))
            });
            cues.push(Cue {
                span,
                stances,
                negated,
            });
        }
        history.push(word);
    }
    cues
}

fn stances(lexicon: &Lexicon, fits: impl Fn(&str, bool) -> bool) -> Vec<Stance> {
    let mut list: Vec<Stance> = Vec::new();
    for (form, star, stance) in &lexicon.forms {
        if !list.contains(stance) && fits(form, *star) {
            list.push(*stance);
        }
    }
    list
}

fn joined(text: &str, lexicon: &Lexicon, korean: bool) -> Vec<Cue> {
    let mut cues: Vec<Cue> = Vec::new();
    let mut free_from = 0;
    for (at, _) in text.char_indices() {
        if at < free_from {
            continue;
        }
        let rest = &text[at..];
        let Some((form, _, _)) = lexicon
            .forms
            .iter()
            .find(|(form, _, _)| rest.starts_with(form.as_str()))
        else {
            continue;
        };
        let stances = stances(lexicon, |f, _| f == form);
        let end = at + form.len();
        let after: String = text[end..].chars().take(8).collect();
        let negated = if korean {
            lexicon.after.iter().any(|n| {
                after.starts_with(n.as_str())
                    || after.chars().skip(1).collect::<String>().starts_with(n.as_str())
            })
        } else {
            lexicon.before.iter().any(|n| text[..at].ends_with(n.as_str()))
        };
        free_from = end;
        cues.push(Cue {
            span: Span::new(at, end),
            stances,
            negated,
        });
    }
    cues
}

/// How well the stances of a cue fit the one that is looked for: 1 the same, less for what translators exchange.
pub fn fit(wanted: Stance, found: &[Stance]) -> f64 {
    use Stance::{Ask, Cite, Claim, Confirm, Deny, Estimate, Promise, Report, Say, Think, Warn};
    found
        .iter()
        .map(|&stance| match (wanted, stance) {
            (a, b) if a == b => 1.0,
            (Say, Report) | (Report, Say) | (Cite, Report) | (Report, Cite) | (Say, Cite) | (Cite, Say) => {
                0.9
            }
            (Say | Report, Claim | Confirm | Warn | Ask) | (Claim | Confirm | Warn | Ask | Promise, Say) => {
                0.75
            }
            (Think, Estimate)
            | (Estimate, Think)
            | (Promise, Think)
            | (Think, Promise)
            | (Claim, Think)
            | (Think, Claim) => 0.75,
            (Estimate, Say | Report) | (Think, Say) | (Say, Think) => 0.65,
            (Deny, _) | (_, Deny) => 0.3,
            _ => 0.5,
        })
        .fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_data_file_parses() {
        let tables: HashMap<String, Table> = toml::from_str(include_str!("cues.toml")).unwrap();
        for code in ["en", "uk", "ru", "ko", "zh", "de", "pl"] {
            assert_eq!(tables[code].stances.len(), 11, "{code}");
        }
    }

    #[test]
    fn negation_is_seen() {
        let one = |text: &str, language, word: &str| {
            find(text, language)
                .into_iter()
                .find(|c| c.span.of(text).contains(word))
                .unwrap()
        };
        assert!(one("Мер не сказав нічого", Language::UK, "сказав").negated);
        assert!(!one("Мер сказав це", Language::UK, "сказав").negated);
        assert!(one("시장은 말하지 않았다", Language::KO, "말하").negated);
        assert!(one("官员没有说", Language::ZH, "说").negated);
        assert!(
            one("시장은 이를 부인했다", Language::KO, "부인")
                .stances
                .contains(&Stance::Deny)
        );
    }
}
