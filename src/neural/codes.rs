//! A language's BCP-47 subtag → the code that a model has for it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::text::language::Language;

static CODES: LazyLock<BTreeMap<Language, String>> =
    LazyLock::new(|| toml::from_str(include_str!("codes.toml")).unwrap_or_default());

/// Which of the codes that a model has means `language`; none if none does.
pub(super) fn code<'c>(language: Language, has: &[&'c str]) -> Option<&'c str> {
    let codes = CODES.get(&language)?;
    codes
        .split_whitespace()
        .find_map(|code| has.iter().find(|known| **known == code).copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_call_a_language_in_their_own_ways() {
        for (has, uk, zh) in [
            (["en", "uk", "zh"], Some("uk"), Some("zh")),
            (["bel", "rus", "ukr"], Some("ukr"), None),
            (
                ["ukr_Cyrl", "zho_Hans", "zho_Hant"],
                Some("ukr_Cyrl"),
                Some("zho_Hans"),
            ),
            (["en_XX", "uk_UA", "zh_CN"], Some("uk_UA"), Some("zh_CN")),
        ] {
            assert_eq!(code(Language::UK, &has), uk);
            assert_eq!(code(Language::ZH, &has), zh);
        }
    }

    #[test]
    fn every_language_has_codes_and_no_code_means_two() {
        let mut seen = std::collections::BTreeSet::new();
        for language in Language::all() {
            let codes = CODES.get(&language).map(String::as_str).unwrap_or_default();
            assert!(!codes.is_empty(), "{language}");
            for code in codes.split_whitespace() {
                assert!(seen.insert(code.to_owned()), "{code}");
            }
        }
    }
}
