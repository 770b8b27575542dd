//! Languages by their BCP-47 primary subtag. Detection is in `detect`, scripts are in `script`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use super::detect::{Detected, detect};
pub use super::script::Script;

/// A language that the tool can name, by its BCP-47 primary subtag (`en`, `uk`, `ko`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Language(&'static str);

/// (subtag, English name, own name, scripts): languages of CLDR that some open translation model serves, or
/// that a newsroom may be sent.
const NAMES: &[(&str, &str, &str, &[Script])] = &[
    ("af", "Afrikaans", "Afrikaans", LATIN),
    ("am", "Amharic", "አማርኛ", &[Script::Ethiopic]),
    ("ar", "Arabic", "العربية", &[Script::Arabic]),
    ("az", "Azerbaijani", "azərbaycan", LATIN),
    ("be", "Belarusian", "беларуская", CYRILLIC),
    ("bg", "Bulgarian", "български", CYRILLIC),
    ("bn", "Bangla", "বাংলা", &[Script::Bengali]),
    ("bs", "Bosnian", "bosanski", LATIN),
    ("ca", "Catalan", "català", LATIN),
    ("cs", "Czech", "čeština", LATIN),
    ("cy", "Welsh", "Cymraeg", LATIN),
    ("da", "Danish", "dansk", LATIN),
    ("de", "German", "Deutsch", LATIN),
    ("el", "Greek", "Ελληνικά", &[Script::Greek]),
    ("en", "English", "English", LATIN),
    ("es", "Spanish", "español", LATIN),
    ("et", "Estonian", "eesti", LATIN),
    ("eu", "Basque", "euskara", LATIN),
    ("fa", "Persian", "فارسی", &[Script::Arabic]),
    ("fi", "Finnish", "suomi", LATIN),
    ("fil", "Filipino", "Filipino", LATIN),
    ("fr", "French", "français", LATIN),
    ("ga", "Irish", "Gaeilge", LATIN),
    ("gl", "Galician", "galego", LATIN),
    ("gu", "Gujarati", "ગુજરાતી", &[Script::Gujarati]),
    ("he", "Hebrew", "עברית", &[Script::Hebrew]),
    ("hi", "Hindi", "हिन्दी", &[Script::Devanagari]),
    ("hr", "Croatian", "hrvatski", LATIN),
    ("hu", "Hungarian", "magyar", LATIN),
    ("hy", "Armenian", "հայերեն", &[Script::Armenian]),
    ("id", "Indonesian", "Indonesia", LATIN),
    ("is", "Icelandic", "íslenska", LATIN),
    ("it", "Italian", "italiano", LATIN),
    ("ja", "Japanese", "日本語", &[Script::Kana, Script::Han]),
    ("ka", "Georgian", "ქართული", &[Script::Georgian]),
    ("kk", "Kazakh", "қазақ тілі", CYRILLIC),
    ("km", "Khmer", "ខ្មែរ", &[Script::Khmer]),
    ("kn", "Kannada", "ಕನ್ನಡ", &[Script::Kannada]),
    ("ko", "Korean", "한국어", &[Script::Hangul]),
    ("ky", "Kyrgyz", "кыргызча", CYRILLIC),
    ("lo", "Lao", "ລາວ", &[Script::Lao]),
    ("lt", "Lithuanian", "lietuvių", LATIN),
    ("lv", "Latvian", "latviešu", LATIN),
    ("mk", "Macedonian", "македонски", CYRILLIC),
    ("ml", "Malayalam", "മലയാളം", &[Script::Malayalam]),
    ("mn", "Mongolian", "монгол", CYRILLIC),
    ("mr", "Marathi", "मराठी", &[Script::Devanagari]),
    ("ms", "Malay", "Melayu", LATIN),
    ("my", "Burmese", "မြန်မာ", &[Script::Myanmar]),
    ("nb", "Norwegian", "norsk", LATIN),
    ("ne", "Nepali", "नेपाली", &[Script::Devanagari]),
    ("nl", "Dutch", "Nederlands", LATIN),
    ("pa", "Punjabi", "ਪੰਜਾਬੀ", &[Script::Gurmukhi]),
    ("pl", "Polish", "polski", LATIN),
    ("ps", "Pashto", "پښتو", &[Script::Arabic]),
    ("pt", "Portuguese", "português", LATIN),
    ("ro", "Romanian", "română", LATIN),
    ("ru", "Russian", "русский", CYRILLIC),
    ("si", "Sinhala", "සිංහල", &[Script::Sinhala]),
    ("sk", "Slovak", "slovenčina", LATIN),
    ("sl", "Slovenian", "slovenščina", LATIN),
    ("sq", "Albanian", "shqip", LATIN),
    ("sr", "Serbian", "српски", &[Script::Cyrillic, Script::Latin]),
    ("sv", "Swedish", "svenska", LATIN),
    ("sw", "Swahili", "Kiswahili", LATIN),
    ("ta", "Tamil", "தமிழ்", &[Script::Tamil]),
    ("te", "Telugu", "తెలుగు", &[Script::Telugu]),
    ("tg", "Tajik", "тоҷикӣ", CYRILLIC),
    ("th", "Thai", "ไทย", &[Script::Thai]),
    ("tr", "Turkish", "Türkçe", LATIN),
    ("uk", "Ukrainian", "українська", CYRILLIC),
    ("ur", "Urdu", "اردو", &[Script::Arabic]),
    ("uz", "Uzbek", "o‘zbek", &[Script::Latin, Script::Cyrillic]),
    ("vi", "Vietnamese", "Tiếng Việt", LATIN),
    ("zh", "Chinese", "中文", &[Script::Han]),
];

const LATIN: &[Script] = &[Script::Latin];
const CYRILLIC: &[Script] = &[Script::Cyrillic];

/// Older or wider codes that mean a language of the table.
const ALIASES: &[(&str, &str)] = &[
    ("no", "nb"),
    ("nn", "nb"),
    ("iw", "he"),
    ("in", "id"),
    ("tl", "fil"),
    ("ua", "uk"),
    ("cmn", "zh"),
    ("sh", "sr"),
];

impl Language {
    /// English.
    pub const EN: Language = Language("en");
    /// Ukrainian.
    pub const UK: Language = Language("uk");
    /// Korean.
    pub const KO: Language = Language("ko");
    /// Chinese.
    pub const ZH: Language = Language("zh");
    /// Russian.
    pub const RU: Language = Language("ru");

    /// The subtag, e.g. `uk`.
    pub fn code(self) -> &'static str {
        self.0
    }

    /// The name in English, e.g. `Ukrainian`.
    pub fn name(self) -> &'static str {
        self.entry().1
    }

    /// The name in the language itself.
    pub fn own_name(self) -> &'static str {
        self.entry().2
    }

    /// Whether its script runs from right to left.
    pub fn is_right_to_left(self) -> bool {
        matches!(self.scripts().first(), Some(Script::Arabic | Script::Hebrew))
    }

    /// All languages that have a name here.
    pub fn all() -> impl Iterator<Item = Language> {
        NAMES.iter().map(|entry| Language(entry.0))
    }

    /// The scripts that the language is written in, the usual one first. Korean and Japanese text may hold
    /// Han characters, and every text Latin names.
    pub fn scripts(self) -> &'static [Script] {
        self.entry().3
    }

    fn entry(self) -> &'static (&'static str, &'static str, &'static str, &'static [Script]) {
        // A `Language` is only ever made from the table.
        NAMES
            .iter()
            .find(|entry| entry.0 == self.0)
            .unwrap_or(&("und", "unknown", "unknown", &[]))
    }
}

/// A code or name that is in no table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown language \"{0}\"")]
pub struct UnknownLanguage(pub String);

impl FromStr for Language {
    type Err = UnknownLanguage;

    /// Reads a subtag with any region or script after it (`uk`, `uk-UA`, `zh_Hans`), in any case.
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let primary = s.trim().split(['-', '_']).next().unwrap_or("").to_lowercase();
        let primary = ALIASES
            .iter()
            .find(|(alias, _)| *alias == primary)
            .map_or(primary.as_str(), |(_, code)| code);
        NAMES
            .iter()
            .find(|entry| entry.0 == primary)
            .map(|entry| Language(entry.0))
            .ok_or_else(|| UnknownLanguage(s.to_owned()))
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Serialize for Language {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for Language {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = std::borrow::Cow::<str>::deserialize(deserializer)?;
        code.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn codes_are_read_with_regions_and_old_names() {
        for (code, want) in [
            ("uk", "uk"),
            ("UK-UA", "uk"),
            ("zh_Hans", "zh"),
            ("no", "nb"),
            ("iw", "he"),
            ("en-GB", "en"),
        ] {
            assert_eq!(code.parse::<Language>().unwrap().code(), want);
        }
        assert!("".parse::<Language>().is_err());
        assert!("xx".parse::<Language>().is_err());
    }

    #[test]
    fn the_table_is_sorted_and_every_language_names_itself_in_its_script() {
        assert!(NAMES.is_sorted_by_key(|entry| entry.0));
        for language in Language::all() {
            let own = language.own_name().chars().find(|c| c.is_alphabetic()).unwrap();
            let script = Script::of(own).unwrap();
            assert!(
                language.scripts().contains(&script) || script == Script::Han,
                "{language}: {script:?}"
            );
        }
    }
}
