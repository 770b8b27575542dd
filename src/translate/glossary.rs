//! The desk's terms: a CSV of source term, target language, target term.

use std::path::Path;

use crate::error::{Error, Result};
use crate::text::language::Language;

/// A term and how it is to be translated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// As it stands in the source text; case does not matter.
    pub source: String,
    /// As it must stand in the translation.
    pub target: String,
}

/// All terms of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Glossary {
    terms: Vec<(Language, Term)>,
}

impl Glossary {
    /// Reads `path`; a first line that names the columns is skipped.
    ///
    /// # Errors
    /// [`Error::Input`] naming the line that is no term.
    pub fn read(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|e| Error::input(&name, e.to_string()))?;
        let text = String::from_utf8(bytes).map_err(|e| {
            Error::input(
                &name,
                format!("byte {} is not UTF-8", e.utf8_error().valid_up_to()),
            )
        })?;
        Self::parse(&name, &text)
    }

    fn parse(name: &str, text: &str) -> Result<Self> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .comment(Some(b'#'))
            .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        let mut terms = Vec::new();
        for (row, record) in reader.records().enumerate() {
            let record = record.map_err(|e| Error::input(name, e.to_string()))?;
            let line = record.position().map_or(0, csv::Position::line);
            let wrong = |what: String| {
                Error::input(name, format!("line {line}: {what}"))
                    .with_hint("each line is: source term, target language, target term")
            };
            let fields: Vec<&str> = record.iter().collect();
            let [source, language, target] = fields[..] else {
                return Err(wrong(format!("{} columns instead of 3", fields.len())));
            };
            let language = match language.parse::<Language>() {
                Ok(language) => language,
                Err(_) if row == 0 => continue,
                Err(e) => return Err(wrong(e.to_string())),
            };
            if source.is_empty() || target.is_empty() {
                return Err(wrong("an empty term".to_owned()));
            }
            let term = Term {
                source: source.to_owned(),
                target: target.to_owned(),
            };
            terms.push((language, term));
        }
        Ok(Self { terms })
    }

    /// The terms for `to` that occur in `text` as whole words.
    pub fn terms_in(&self, text: &str, to: Language) -> Vec<Term> {
        let lower = text.to_lowercase();
        self.terms
            .iter()
            .filter(|(language, term)| *language == to && occurs(&lower, &term.source.to_lowercase()))
            .map(|(_, term)| term.clone())
            .collect()
    }
}

/// Whether `term` stands in `text` with no letter or digit right beside it. Both are lower case.
fn occurs(text: &str, term: &str) -> bool {
    text.match_indices(term).any(|(at, _)| {
        let free = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        free(text[..at].chars().next_back()) && free(text[at + term.len()..].chars().next())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_found_as_whole_words() {
        let glossary = Glossary::parse(
            "g.csv",
            "term,language,translation\nthe Board,zh,港务局\nport,uk,порт\n",
        )
        .expect("a good glossary");
        let found = glossary.terms_in("The board met.", Language::ZH);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].target, "港务局");
        assert!(glossary.terms_in("the boarders", Language::ZH).is_empty());
        assert!(glossary.terms_in("The board met.", Language::UK).is_empty());
    }

    #[test]
    fn a_bad_line_is_named() {
        let error = Glossary::parse("g.csv", "a,zh,b\nc,xx,d\n").expect_err("xx is no language");
        assert!(error.to_string().contains("line 2"), "{error}");
        let error = Glossary::parse("g.csv", "a,zh,b\nonly one\n").expect_err("one column");
        assert!(error.to_string().contains("line 2"), "{error}");
    }
}
