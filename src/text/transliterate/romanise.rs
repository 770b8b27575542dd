//! Names in Latin letters, by the official tables (`data/romanise.toml`): only what a table tells for sure.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::text::language::Language;
use crate::text::script::Script;
use crate::text::words::capitalised;

#[derive(Deserialize)]
#[serde(untagged)]
enum Table {
    Letters {
        start: BTreeMap<String, String>,
        pairs: BTreeMap<String, String>,
        letters: BTreeMap<char, String>,
    },
    Syllables {
        initials: String,
        vowels: String,
        finals: String,
        surnames: BTreeMap<char, String>,
        /// Other spellings of them.
        variants: BTreeMap<String, char>,
    },
}

static TABLES: LazyLock<BTreeMap<String, Table>> =
    LazyLock::new(|| toml::from_str(include_str!("../data/romanise.toml")).unwrap_or_default());

/// `name` as a language in Latin letters writes it; `None` if it is no name for sure, or no table is known. All words of
/// a Cyrillic name have a capital; a Korean name is a surname and a given name of two syllables, written together.
pub fn romanise(name: &str, from: Language, to: Language) -> Option<String> {
    if to.scripts().first() != Some(&Script::Latin) {
        return None;
    }
    match TABLES.get(from.code())? {
        Table::Letters {
            start,
            pairs,
            letters,
        } => {
            let word = |word: &str| spelt(word, start, pairs, letters);
            let words: Vec<String> = name.split(' ').map(word).collect::<Option<_>>()?;
            Some(words.join(" "))
        }
        Table::Syllables {
            initials,
            vowels,
            finals,
            surnames,
            ..
        } => {
            let [surname, a, b] = name.chars().collect::<Vec<_>>()[..] else {
                return None;
            };
            let given = [a, b]
                .map(|c| syllable(c, [initials, vowels, finals]))
                .into_iter()
                .collect::<Option<String>>()?;
            Some(format!("{} {}", surnames.get(&surname)?, capitalised(&given)))
        }
    }
}

/// Whether `latin` is how the Korean surname `hangul` is written; `None` if either is not listed.
pub fn is_surname(latin: &str, hangul: char) -> Option<bool> {
    let Some(Table::Syllables {
        surnames, variants, ..
    }) = TABLES.get("ko")
    else {
        return None;
    };
    let spelt = surnames.get(&hangul)?;
    let is = |name: &str| name.eq_ignore_ascii_case(latin);
    let other = variants.iter().filter(|(name, _)| is(name)).map(|(_, of)| *of);
    let listed = is(spelt) || surnames.values().any(|s| is(s)) || other.clone().next().is_some();
    listed.then(|| is(spelt) || other.clone().any(|of| of == hangul))
}

fn spelt(
    word: &str,
    start: &BTreeMap<String, String>,
    pairs: &BTreeMap<String, String>,
    letters: &BTreeMap<char, String>,
) -> Option<String> {
    if !word.starts_with(char::is_uppercase) {
        return None;
    }
    let lower: Vec<char> = word.to_lowercase().chars().collect();
    let mut out = String::new();
    let mut at = 0;
    while let Some(&c) = lower.get(at) {
        let pair: String = lower[at..].iter().take(2).collect();
        let ends = at + 2 == lower.len();
        // -ий is an ending, зг stands anywhere
        let pair = pairs.get(&pair).filter(|_| ends || pair.ends_with('г'));
        let first = start.get(&c.to_string()).filter(|_| at == 0);
        if let Some(pair) = pair {
            out.push_str(pair);
            at += 1;
        } else {
            out.push_str(first.or_else(|| letters.get(&c))?);
        }
        at += 1;
    }
    Some(capitalised(&out))
}

fn syllable(c: char, [initials, vowels, finals]: [&str; 3]) -> Option<String> {
    let index = (c as usize).checked_sub(0xAC00).filter(|&i| i < 11172)?;
    let part = |list: &str, at: usize| list.split(' ').nth(at).map(|p| p.trim_matches('-').to_owned());
    Some(part(initials, index / 588)? + &part(vowels, index / 28 % 21)? + &part(finals, index % 28)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surnames_are_known_in_all_their_spellings() {
        assert_eq!(is_surname("Lee", '이'), Some(true));
        assert_eq!(is_surname("Yi", '이'), Some(true));
        assert_eq!(is_surname("Lee", '박'), Some(false));
        assert_eq!(is_surname("Smith", '박'), None);
        assert_eq!(is_surname("Lee", '위'), None);
    }

    #[test]
    fn names_are_spelt_by_the_tables() {
        let cases = [
            (Language::UK, "Згурський", Some("Zghurskyi")),
            (Language::UK, "Юлія Яценко", Some("Yuliia Yatsenko")),
            (Language::UK, "Знам'янський", Some("Znamianskyi")),
            (Language::UK, "мер Павло Дрозд", None),
            (Language::RU, "Евгений Дроздов", Some("Yevgeny Drozdov")),
            (Language::KO, "김민수", Some("Kim Minsu")),
            (Language::KO, "박은정", Some("Park Eunjeong")),
            (Language::KO, "경찰", None),
            (Language::ZH, "万斯", None),
        ];
        for (from, name, want) in cases {
            assert_eq!(romanise(name, from, Language::EN).as_deref(), want, "{name}");
        }
        assert_eq!(romanise("Дрозд", Language::UK, Language::RU), None);
    }
}
