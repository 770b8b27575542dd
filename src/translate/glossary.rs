//! The desk's terms: a CSV of source term, target language, target term.

use std::path::Path;

use crate::error::{Error, Result};
use crate::text::language::Language;
use crate::text::script::Script;
use crate::text::span::Span;
use crate::text::words::{lowered, words};

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
            .with_hint("save it as CSV in UTF-8")
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
                    .with_hint("each line is: source term, target language, target term, parted by commas")
            };
            let fields: Vec<&str> = record.iter().collect();
            if fields.iter().any(|field| field.contains(['\n', '\r'])) {
                return Err(wrong(
                    "a quotation mark opens a term that goes on in the next line".to_owned(),
                ));
            }
            let [source, language, target] = fields[..] else {
                let columns = match fields.len() {
                    1 => "one column".to_owned(),
                    many => format!("{many} columns"),
                };
                return Err(wrong(format!("{columns} instead of 3")));
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
        if terms.is_empty() {
            return Err(Error::input(name, "holds no term")
                .with_hint("each line is: source term, target language, target term, parted by commas"));
        }
        Ok(Self { terms })
    }

    /// How many terms there are, for all languages together, in words.
    pub fn told(&self) -> String {
        match self.terms.len() {
            0 => "no glossary".to_owned(),
            n => format!("glossary of {n} terms"),
        }
    }

    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// The terms for `to` that occur in `text` as whole words.
    pub fn terms_in(&self, text: &str, to: Language) -> Vec<Term> {
        self.found_in(text, to)
            .into_iter()
            .flat_map(|found| found.terms)
            .cloned()
            .collect()
    }

    /// Where the terms for `to` stand in `text` as whole words, each at its first place. A term that only stands
    /// inside of a longer one ("port" in "port authority") does not count; several lines for one source term are
    /// choices.
    pub fn found_in(&self, text: &str, to: Language) -> Vec<Found<'_>> {
        let lower = lowered(text);
        let mut sources: Vec<(String, Vec<&Term>)> = Vec::new();
        for (_, term) in self.terms.iter().filter(|(language, _)| *language == to) {
            let source = lowered(&term.source);
            match sources.iter_mut().find(|(known, _)| *known == source) {
                Some((_, terms)) => terms.push(term),
                None => sources.push((source, vec![term])),
            }
        }
        sources.sort_by_key(|(source, _)| std::cmp::Reverse(source.len()));
        let mut taken: Vec<Span> = Vec::new();
        let mut found: Vec<Found<'_>> = Vec::new();
        for (source, terms) in sources {
            let free: Vec<Span> = occurrences(&lower, &source)
                .filter(|span| !taken.iter().any(|longer| longer.overlaps(*span)))
                .collect();
            if let Some(&span) = free.first() {
                found.push(Found { span, terms });
            }
            taken.extend(free);
        }
        found.sort_by_key(|found| found.span);
        found
    }
}

/// A source term where it stands in a text, and the glossary's lines for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<'a> {
    /// The first place of the source term.
    pub span: Span,
    /// One line, or several to choose from.
    pub terms: Vec<&'a Term>,
}

impl Found<'_> {
    /// Whether one of the terms stands in `translation`.
    pub fn is_in(&self, translation: &str) -> bool {
        self.terms.iter().any(|term| term.is_in(translation))
    }
}

/// Letters that an ending may have after what two forms of a word share.
const ENDING: usize = 3;
/// Vowels that come and go in Slavic stems (Київ, Києва; день, дня).
const FLEETING: [char; 6] = ['і', 'ї', 'е', 'є', 'о', 'ё'];

impl Term {
    /// Whether its target stands in `translation`: as it is written, or, in languages that write words apart, word by
    /// word in another case or number. Case and, in scripts that write words together, spaces do not matter.
    pub fn is_in(&self, translation: &str) -> bool {
        let (target, text) = (self.target.to_lowercase(), translation.to_lowercase());
        let together = |text: &str| text.split_whitespace().collect::<String>();
        if text.contains(&target) {
            return true;
        }
        let joins = |c: char| matches!(Script::of(c), Some(Script::Han | Script::Kana | Script::Hangul));
        if target.chars().any(joins) {
            return together(&text).contains(&together(&target));
        }
        let there = words(&text);
        let mut wanted = words(&target).into_iter().map(|span| span.of(&target)).peekable();
        wanted.peek().is_some() && wanted.all(|word| there.iter().any(|span| inflected(word, span.of(&text))))
    }
}

/// Whether two lower-case words look like forms of one: they share the first three fifths, and what is left of either is
/// no longer than an ending.
fn inflected(a: &str, b: &str) -> bool {
    let stem = |word: &str| -> Vec<char> { word.chars().filter(|c| !FLEETING.contains(c)).collect() };
    let (a, b) = (stem(a), stem(b));
    let shared = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let enough = (a.len() * 3).div_ceil(5).max(a.len().min(3));
    shared >= enough.max(1) && a.len() - shared <= ENDING && b.len() - shared <= ENDING
}

/// Where `term` stands in `text` as whole words; case does not matter.
pub(super) fn places_of(text: &str, term: &str) -> Vec<Span> {
    occurrences(&lowered(text), &lowered(term)).collect()
}

/// Where `term` stands in `text` with no letter or digit right beside it. Both are lower case.
fn occurrences<'a>(text: &'a str, term: &'a str) -> impl Iterator<Item = Span> + 'a {
    text.match_indices(term)
        .map(|(at, _)| Span::new(at, at + term.len()))
        .filter(|span| {
            let free = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
            free(text[..span.start].chars().next_back()) && free(text[span.end..].chars().next())
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
        let error = Glossary::parse("g.csv", "a,zh,b\nonly;one\n").expect_err("one column");
        assert!(
            error.to_string().contains("line 2: one column instead of 3"),
            "{error}"
        );
        let error = Glossary::parse("g.csv", "a,zh,\"b\nc,zh,d\n").expect_err("an open quotation mark");
        assert!(error.to_string().contains("line 1: a quotation mark"), "{error}");
        for empty in ["", "\n\n", "term,language,translation\n", "# later\n"] {
            let error = Glossary::parse("g.csv", empty).expect_err("no term");
            assert!(error.to_string().contains("holds no term"), "{error}");
        }
    }

    fn glossary(lines: &str) -> Glossary {
        Glossary::parse("g.csv", lines).expect("a good glossary")
    }

    #[test]
    fn the_longer_term_stands_for_the_shorter_in_it() {
        let glossary = glossary("port,zh,港口\nport authority,zh,港务局\nPort authority,zh,港口管理局\n");
        let found = glossary.found_in("The Port Authority closed it.", Language::ZH);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].span, Span::new(4, 18));
        assert!(found[0].is_in("港口管理局关闭了它。") && !found[0].is_in("港口关闭了。"));
        let both = glossary.found_in("The port authority closed the port.", Language::ZH);
        assert_eq!(both.len(), 2);
        // letters whose lower case has another length do not move what follows
        let found = glossary.found_in("İİİ port", Language::ZH);
        assert_eq!(found[0].span, Span::new(7, 11));
    }

    #[test]
    fn a_term_is_known_again_in_another_case() {
        let is_in = |target: &str, text: &str| {
            let target = target.to_owned();
            Term {
                source: "x".to_owned(),
                target,
            }
            .is_in(text)
        };
        assert!(is_in("рада порту", "Про це заявили в Раді порту."));
        assert!(is_in("Київ", "жителі Києва"));
        assert!(is_in("Hafenbehörde", "Die Hafenbehörden schlossen ihn."));
        assert!(is_in("항만 공사", "항만공사는 폐쇄했다"));
        assert!(is_in("港务局", "港务局说"));
        assert!(!is_in("порт", "Порядок відновлено, пором пішов."));
        assert!(!is_in("рада порту", "Про це заявили в порту."));
        assert!(!is_in("港务局", "港口局说"));
        assert!(!is_in("MOE", "міністерство освіти"));
        assert!(!is_in("—", "нічого"));
    }
}
