//! Section labels in other languages: they are fixed words, so no model is asked.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::text::language::Language;

type Table = BTreeMap<String, BTreeMap<String, String>>;

static LABELS: LazyLock<Table> =
    LazyLock::new(|| toml::from_str(include_str!("labels.toml")).unwrap_or_default());

/// `label` ("Source:") in language `to`; `None` if it is in no table.
pub fn translate(label: &str, to: Language) -> Option<&'static str> {
    let word = label.trim().trim_end_matches([':', '：']).trim().to_lowercase();
    LABELS
        .values()
        .find(|entry| entry.values().any(|name| name.to_lowercase() == word))
        .and_then(|entry| entry.get(to.code()))
        .map(String::as_str)
}

/// `label` with its colon as it is written in `to`; one that is in no table stays.
pub fn written(label: &str, to: Language) -> String {
    let colon = if matches!(to.code(), "zh" | "ja") {
        "："
    } else {
        ":"
    };
    translate(label, to).map_or_else(|| label.trim().to_owned(), |known| format!("{known}{colon}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_have_counterparts() {
        assert_eq!(translate("Source:", Language::UK), Some("Джерело"));
        assert_eq!(translate("Передісторія:", Language::EN), Some("Background"));
        assert_eq!(translate("Whatever:", Language::UK), None);
        assert_eq!(written("Source:", Language::UK), "Джерело:");
        assert_eq!(written(" Whatever: ", Language::UK), "Whatever:");
        assert!(!LABELS.is_empty());
    }
}
