//! Word → whether it is an everyday word, which says nothing by being in a translation or by being out of it
//! (`common.toml`).

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use crate::text::language::Language;
use crate::text::transliterate::is_particle;

fn table() -> &'static HashMap<String, HashSet<String>> {
    static TABLE: OnceLock<HashMap<String, HashSet<String>>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let rows: HashMap<String, String> = toml::from_str(include_str!("common.toml")).unwrap_or_default();
        rows.into_iter()
            .map(|(code, words)| (code, words.split_whitespace().map(str::to_owned).collect()))
            .collect()
    })
}

/// Whether `word` is an everyday word, as it stands or without its particle.
pub(super) fn is_common(word: &str, language: Language) -> bool {
    table().get(language.code()).is_some_and(|words| {
        if language == Language::EN {
            let singular = [("ies", "y"), ("es", ""), ("s", "")]
                .into_iter()
                .any(|(plural, one)| {
                    word.strip_suffix(plural)
                        .is_some_and(|stem| words.contains(&format!("{stem}{one}")))
                });
            return words.contains(word) || singular;
        }
        words.contains(word)
            || word
                .char_indices()
                .skip(1)
                .any(|(at, _)| words.contains(&word[..at]) && is_particle(&word[at..]))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn everyday_words_are_known_with_their_particles() {
        let rows: HashMap<String, String> = toml::from_str(include_str!("common.toml")).unwrap();
        assert!(rows["ko"].split_whitespace().count() > 300);
        assert!(
            is_common("stadium", Language::EN)
                && is_common("priorities", Language::EN)
                && !is_common("vellin", Language::EN)
        );
        for word in ["것을", "그들이", "측", "결정은"] {
            assert!(is_common(word, Language::KO), "{word}");
        }
        for word in ["트로만은", "월마가", "수토포", "측량"] {
            assert!(!is_common(word, Language::KO), "{word}");
        }
        assert!(!is_common("것을", Language::UK));
    }
}
