//! The JSON of a digest, read back.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::Quote;
use crate::error::{Error, Result};
use crate::text::language::Language;

/// The former state of an article, and what was made of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Former {
    /// The SHA-256 of its text.
    pub(super) sha256: String,
    /// Its sentences.
    pub(super) sentences: Vec<String>,
    /// Sentences of the summary that a model wrote, by the article's sentences that they rest on.
    pub(super) written: Vec<(Vec<String>, String)>,
    /// Language → what was translated → how.
    pub(super) translated: BTreeMap<Language, HashMap<String, String>>,
    /// Who was quoted with what.
    pub(super) quotes: Vec<Quote>,
}

impl Former {
    /// Reads one object of the schema `byline/digest/1`; `name` is what messages call it.
    ///
    /// # Errors
    /// [`Error::Input`] if it is none.
    pub fn read(name: &str, json: &str) -> Result<Self> {
        let none = |why: &str| {
            Error::input(name, format!("is no digest as JSON: {why}"))
                .with_hint("give the output of `byline digest … --format json` for the former text")
        };
        let value: Value = serde_json::from_str(json.trim()).map_err(|e| none(&e.to_string()))?;
        if value["schema"] != "byline/digest/1" {
            return Err(none("its schema is not byline/digest/1"));
        }
        Self::of(&value).ok_or_else(|| none("a field is missing"))
    }

    fn of(value: &Value) -> Option<Self> {
        let article = &value["article"];
        let text: Vec<char> = article["text"].as_str()?.chars().collect();
        let said = &value["sources"];
        let sentences: Vec<String> = spans(&said["sentences"])?
            .into_iter()
            .map(|span| cut(&text, span))
            .collect::<Option<_>>()?;
        let summary = value["summary"]["sentences"].as_array()?;
        let mut written = Vec::new();
        for sentence in summary.iter().filter(|s| s["method"] == "abstractive") {
            let supports = sentence["supports"].as_array()?.iter();
            let supports = supports.map(|i| sentences.get(usize::try_from(i.as_u64()?).ok()?).cloned());
            written.push((
                supports.collect::<Option<_>>()?,
                sentence["text"].as_str()?.to_owned(),
            ));
        }
        let mut translated = BTreeMap::new();
        for translation in value["translations"].as_array()? {
            let language: Language = translation["language"].as_str()?.parse().ok()?;
            let pairs: &mut HashMap<String, String> = translated.entry(language).or_default();
            if let (Some(from), Some(to)) = (article["headline"].as_str(), translation["headline"].as_str())
                && translation["headline_status"] == "translated"
            {
                pairs.insert(from.to_owned(), to.to_owned());
            }
            for sentence in translation["sentences"].as_array()? {
                let of = summary.get(usize::try_from(sentence["of"].as_u64()?).ok()?)?;
                if sentence["status"] == "translated" {
                    pairs.insert(
                        of["text"].as_str()?.to_owned(),
                        sentence["text"].as_str()?.to_owned(),
                    );
                }
            }
        }
        Some(Self {
            sha256: article["sha256"].as_str()?.to_owned(),
            sentences,
            written,
            translated,
            quotes: quotes(said, &text)?,
        })
    }

    /// What was written of just these sentences of the article.
    pub(super) fn sentence(&self, supports: &[&str]) -> Option<&str> {
        let same = |known: &[String]| {
            known.len() == supports.len() && known.iter().all(|s| supports.contains(&s.as_str()))
        };
        let found = self.written.iter().find(|(known, _)| same(known));
        found.map(|(_, text)| text.as_str())
    }

    /// Whether `sentence` stood in the former summary.
    pub(super) fn wrote(&self, sentence: &str) -> bool {
        self.written.iter().any(|(_, text)| text == sentence)
    }

    /// How `text` was translated.
    pub(super) fn translation(&self, to: Language, text: &str) -> Option<&str> {
        self.translated.get(&to)?.get(text).map(String::as_str)
    }
}

/// Who is quoted with what, in the object of `byline/sources/1`.
fn quotes(said: &Value, text: &[char]) -> Option<Vec<Quote>> {
    let sources = said["sources"].as_array()?;
    let name = |id: &Value| {
        let source = sources.iter().find(|s| s["id"] == *id)?;
        source["name"].as_str().map(str::to_owned)
    };
    let mut quotes = Vec::new();
    for claim in said["attributions"].as_array()? {
        if !(claim["form"] == "direct" || claim["form"] == "mixed") {
            continue;
        }
        let parts: Vec<String> = spans(&claim["content_spans"])?
            .into_iter()
            .map(|span| cut(text, span))
            .collect::<Option<_>>()?;
        quotes.extend(Quote::all_in(&parts.join(" "), name(&claim["source"]).as_deref()));
    }
    Some(quotes)
}

fn spans(value: &Value) -> Option<Vec<(usize, usize)>> {
    let pair = |pair: &Value| {
        let place = |i: usize| usize::try_from(pair.get(i)?.as_u64()?).ok();
        Some((place(0)?, place(1)?))
    };
    value.as_array()?.iter().map(pair).collect()
}

fn cut(text: &[char], (start, end): (usize, usize)) -> Option<String> {
    Some(text.get(start..end)?.iter().collect())
}
