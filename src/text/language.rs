//! Languages by their BCP-47 primary subtag, and detection of the language of a text.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A language that the tool can name, by its BCP-47 primary subtag (`en`, `uk`, `ko`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Language(&'static str);

/// (subtag, English name, own name): the languages of CLDR that some open translation model serves.
const NAMES: &[(&str, &str, &str)] = &[
    ("ar", "Arabic", "العربية"),
    ("be", "Belarusian", "беларуская"),
    ("bg", "Bulgarian", "български"),
    ("cs", "Czech", "čeština"),
    ("da", "Danish", "dansk"),
    ("de", "German", "Deutsch"),
    ("el", "Greek", "Ελληνικά"),
    ("en", "English", "English"),
    ("es", "Spanish", "español"),
    ("et", "Estonian", "eesti"),
    ("fa", "Persian", "فارسی"),
    ("fi", "Finnish", "suomi"),
    ("fr", "French", "français"),
    ("he", "Hebrew", "עברית"),
    ("hi", "Hindi", "हिन्दी"),
    ("hr", "Croatian", "hrvatski"),
    ("hu", "Hungarian", "magyar"),
    ("id", "Indonesian", "Indonesia"),
    ("it", "Italian", "italiano"),
    ("ja", "Japanese", "日本語"),
    ("ka", "Georgian", "ქართული"),
    ("kk", "Kazakh", "қазақ тілі"),
    ("ko", "Korean", "한국어"),
    ("lt", "Lithuanian", "lietuvių"),
    ("lv", "Latvian", "latviešu"),
    ("nb", "Norwegian", "norsk"),
    ("nl", "Dutch", "Nederlands"),
    ("pl", "Polish", "polski"),
    ("pt", "Portuguese", "português"),
    ("ro", "Romanian", "română"),
    ("ru", "Russian", "русский"),
    ("sk", "Slovak", "slovenčina"),
    ("sl", "Slovenian", "slovenščina"),
    ("sr", "Serbian", "српски"),
    ("sv", "Swedish", "svenska"),
    ("th", "Thai", "ไทย"),
    ("tr", "Turkish", "Türkçe"),
    ("uk", "Ukrainian", "українська"),
    ("vi", "Vietnamese", "Tiếng Việt"),
    ("zh", "Chinese", "中文"),
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

    /// All languages that have a name here.
    pub fn all() -> impl Iterator<Item = Language> {
        NAMES.iter().map(|entry| Language(entry.0))
    }

    fn entry(self) -> &'static (&'static str, &'static str, &'static str) {
        NAMES.iter().find(|entry| entry.0 == self.0).unwrap_or(&NAMES[7])
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
        let primary = s.split(['-', '_']).next().unwrap_or("").to_lowercase();
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
