//! Whether a text denies something: the one small word that a summary must neither lose nor add.

use super::language::Language;

/// Whole words, lower case; a word that ends in n't counts as well.
const WORDS: &[(&str, &[&str])] = &[
    (
        "en",
        &[
            "not", "never", "neither", "nor", "no", "cannot", "nobody", "none", "nothing", "without",
            "unless", "refused", "failed", "denied",
        ],
    ),
    (
        "uk",
        &[
            "не",
            "ні",
            "ані",
            "ніколи",
            "ніхто",
            "нічого",
            "без",
            "немає",
            "жоден",
            "жодного",
        ],
    ),
    ("ru", &["не", "ни", "никогда", "никто", "ничего", "без", "нет"]),
    (
        "de",
        &[
            "nicht", "nie", "niemals", "niemand", "nichts", "kein", "keine", "keinen", "keinem", "keiner",
            "keines", "ohne", "weder", "noch",
        ],
    ),
    (
        "pl",
        &[
            "nie", "ani", "nigdy", "nikt", "nic", "nikogo", "niczego", "bez", "żaden", "żadna", "żadnego",
            "żadnej",
        ],
    ),
];

/// Parts of words, in languages that build the denial into the verb or write without spaces.
const PARTS: &[(&str, &[&str])] = &[
    (
        "ko",
        &[
            "않", "못하", "못했", "없다", "없는", "없었", "아니", "거부", "부인",
        ],
    ),
    ("zh", &["不", "没", "未", "无", "否认", "拒绝"]),
];

/// Whether `text` denies something; `None` for languages whose words are not listed.
pub fn denies(text: &str, language: Language) -> Option<bool> {
    let of = |table: &'static [(&str, &'static [&'static str])]| {
        table
            .iter()
            .find(|(code, _)| *code == language.code())
            .map(|(_, list)| *list)
    };
    if let Some(parts) = of(PARTS) {
        return Some(parts.iter().any(|part| text.contains(part)));
    }
    let words = of(WORDS)?;
    let text = text.to_lowercase().replace('’', "'");
    Some(
        text.split(|c: char| !(c.is_alphanumeric() || c == '\''))
            .any(|word| words.contains(&word) || word.ends_with("n't")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn denials_are_seen_in_every_language_with_a_list() {
        let cases = [
            (Language::EN, "It was not open.", "It was open."),
            (Language::EN, "They didn’t come.", "They came; nothingness."),
            (Language::UK, "Порт не відкрили.", "Порт відкрили."),
            (Language::KO, "항구를 열지 않았다.", "항구를 열었다."),
            (Language::ZH, "港口没有开放。", "港口开放了。"),
            (
                "de".parse().expect("known"),
                "Der Hafen ist nicht offen.",
                "Der Hafen ist offen.",
            ),
            (
                "pl".parse().expect("known"),
                "Port nie jest otwarty.",
                "Port jest otwarty.",
            ),
        ];
        for (language, denial, statement) in cases {
            assert_eq!(denies(denial, language), Some(true), "{denial}");
            assert_eq!(denies(statement, language), Some(false), "{statement}");
        }
        assert_eq!(
            denies("Le port n'est pas ouvert.", "fr".parse().expect("known")),
            None
        );
    }
}
