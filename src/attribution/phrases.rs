//! Writing an attribution where one was lost: "according to S, …" in the language of the sentence.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::text::language::Language;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Phrases {
    /// Language → "…{source}…{sentence}", for sources whose name need not be inflected.
    according_to: BTreeMap<String, String>,
}

static PHRASES: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    toml::from_str::<Phrases>(include_str!("phrases.toml"))
        .map_or_else(|_| BTreeMap::new(), |p| p.according_to)
});

/// `sentence` as something that `source` says. A sentence that begins with a quotation keeps its words as they are
/// and is only headed by the source's name. `lower_first`: its first letter is a capital only because the sentence
/// begins there. `None`: no phrase for the language is known.
pub fn according_to(language: Language, source: &str, sentence: &str, lower_first: bool) -> Option<String> {
    let source = lower_article(source.trim(), language);
    if source.is_empty() || sentence.trim().is_empty() {
        return None;
    }
    if sentence.starts_with(['"', '“', '«', '„', '「', '\'', '‘']) {
        return Some(format!("{}: {sentence}", upper_first(&source)));
    }
    let sentence = if lower_first {
        lowered(sentence)
    } else {
        sentence.to_owned()
    };
    let phrase = PHRASES.get(language.code())?;
    Some(upper_first(
        &phrase
            .replace("{source}", &source)
            .replace("{sentence}", &sentence),
    ))
}

fn lowered(text: &str) -> String {
    let mut rest = text.chars();
    rest.next()
        .map_or_else(String::new, |first| first.to_lowercase().chain(rest).collect())
}

fn upper_first(text: &str) -> String {
    let mut rest = text.chars();
    rest.next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

/// "The ministry" inside of a sentence is "the ministry".
fn lower_article(source: &str, language: Language) -> String {
    let articles = ["The ", "A ", "An "];
    if language == Language::EN && articles.iter().any(|a| source.starts_with(a)) {
        lowered(source)
    } else {
        source.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_phrases_are_readable_and_complete() {
        let phrases: Phrases = toml::from_str(include_str!("phrases.toml")).expect("valid TOML");
        for (language, phrase) in &phrases.according_to {
            language.parse::<Language>().expect("a known language");
            assert!(
                phrase.contains("{source}") && phrase.contains("{sentence}"),
                "{phrase}"
            );
        }
    }

    #[test]
    fn a_source_is_put_before_a_sentence() {
        let en = |source, sentence, lower| according_to(Language::EN, source, sentence, lower);
        assert_eq!(
            en("The ministry", "The bridge is open.", true).as_deref(),
            Some("According to the ministry, the bridge is open.")
        );
        assert_eq!(en("Koval", "“Run.”", false).as_deref(), Some("Koval: “Run.”"));
        assert_eq!(
            according_to(Language::KO, "항만청", "항구가 열렸다.", false).as_deref(),
            Some("항만청에 따르면 항구가 열렸다.")
        );
        assert_eq!(en("", "The bridge is open.", true), None);
    }
}
