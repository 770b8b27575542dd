//! How a script is read aloud: the letters of one word → its sounds, a rule set a script.

use std::collections::HashMap;
use std::sync::OnceLock;

pub(super) fn cyrillic(word: &str, ukrainian: bool) -> String {
    let mut out = String::new();
    let mut last = ' ';
    for c in word.chars() {
        let glide = !last.is_alphabetic() || "аеєиіїоуюяьъ'’".contains(last);
        out.push_str(match c {
            'а' => "a",
            'б' => "b",
            'в' => "v",
            'г' => {
                if ukrainian {
                    "h"
                } else {
                    "g"
                }
            }
            'ґ' => "g",
            'д' => "d",
            'е' if !ukrainian && glide => "ye",
            'е' | 'э' => "e",
            'є' | 'ё' => {
                if glide {
                    "ye"
                } else {
                    "e"
                }
            }
            'ж' => "Z",
            'з' => "z",
            'и' if ukrainian => "i",
            'и' | 'і' => "i",
            'ї' => "yi",
            'й' => "y",
            'к' => "k",
            'л' => "l",
            'м' => "m",
            'н' => "n",
            'о' => "o",
            'п' => "p",
            'р' => "r",
            'с' => "s",
            'т' => "t",
            'у' => "u",
            'ф' => "f",
            'х' => "x",
            'ц' => "c",
            'ч' => "C",
            'ш' => "S",
            'щ' => "SC",
            'ы' => "i",
            'ю' => {
                if glide {
                    "yu"
                } else {
                    "u"
                }
            }
            'я' => {
                if glide {
                    "ya"
                } else {
                    "a"
                }
            }
            _ => "",
        });
        last = c;
    }
    // дж is one sound.
    out.replace("dZ", "j")
}

const INITIALS: [&str; 19] = [
    "g", "k", "n", "d", "t", "r", "m", "b", "p", "s", "s", "", "j", "j", "C", "k", "t", "p", "h",
];
const VOWELS: [&str; 21] = [
    "a", "e", "ya", "ye", "o", "e", "yo", "ye", "o", "wa", "we", "we", "yo", "u", "wo", "we", "wi", "yu",
    "E", "Ei", "i",
];
const FINALS: [&str; 28] = [
    "", "k", "k", "ks", "n", "nj", "n", "d", "l", "lk", "lm", "lb", "ls", "lt", "lp", "l", "m", "p", "ps",
    "t", "t", "N", "j", "C", "k", "t", "p", "",
];

pub(super) fn korean(word: &str) -> String {
    let mut out = String::new();
    for c in word.chars() {
        let Some(index) = (c as u32).checked_sub(0xAC00).filter(|&i| i < 11172) else {
            continue;
        };
        let (initial, vowel, last) = (index / 588, index / 28 % 21, index % 28);
        // 홀리: ㄹ twice is how Korean writes l between vowels.
        if initial == 5 && out.ends_with('l') {
            out.pop();
        }
        // 시, 쇼, 슈: s before i and y is sh.
        let hushed = matches!(initial, 9 | 10) && matches!(vowel, 2 | 3 | 6 | 7 | 12 | 16 | 17);
        out.push_str(if hushed { "S" } else { INITIALS[initial as usize] });
        // 지, 주, 츠: no glide is heard after these.
        out.push_str(if hushed {
            VOWELS[vowel as usize].trim_start_matches(['y', 'w'])
        } else {
            VOWELS[vowel as usize]
        });
        out.push_str(FINALS[last as usize]);
    }
    out
}

/// Character → pinyin, from the data file.
fn pinyin() -> &'static HashMap<char, String> {
    static TABLE: OnceLock<HashMap<char, String>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let rows: HashMap<String, String> =
            toml::from_str(include_str!("../data/pinyin.toml")).unwrap_or_default();
        let mut rows: Vec<(String, String)> = rows.into_iter().collect();
        rows.sort();
        rows.iter()
            .flat_map(|(sound, chars)| chars.chars().map(|c| (c, sound.clone())))
            .collect()
    })
}

/// Whether Chinese writes foreign names with `c`.
pub fn writes_names(c: char) -> bool {
    pinyin().contains_key(&c)
}

/// `None` when a character is not one that names are written with.
pub(super) fn chinese(word: &str) -> Option<String> {
    let mut out = String::new();
    for c in word.chars().filter(|c| !matches!(c, '·' | '・' | '-')) {
        let syllable = pinyin().get(&c)?;
        out.push_str(&syllable_sounds(syllable));
    }
    Some(out)
}

/// A pinyin syllable; what only fills up a consonant (克 ke, 斯 si, 德 de) has a vowel that hardly counts.
fn syllable_sounds(syllable: &str) -> String {
    if syllable == "er" {
        return "Er".to_owned();
    }
    let split = syllable.find(['a', 'e', 'i', 'o', 'u', 'v']).unwrap_or(0);
    let (initial, rest) = syllable.split_at(split);
    let initial = match initial {
        "zh" => "j",
        "ch" => "C",
        "sh" => "S",
        "q" => "C",
        "x" => "S",
        "c" => "c",
        "r" => "r",
        "z" => "z",
        other => other,
    };
    let filler = matches!(
        syllable,
        "ke" | "ge" | "si" | "de" | "te" | "fu" | "zi" | "mu" | "pu" | "bu" | "le" | "shi" | "he" | "chi"
    );
    let rest = if filler { "E" } else { rest };
    let rest = rest
        .strip_suffix("ng")
        .map_or_else(|| rest.to_owned(), |vowel| format!("{vowel}N"));
    let rest = match (initial, rest.as_str()) {
        ("w", "u") | ("y", "i") => return rest,
        (_, "uo") => "o".to_owned(),
        (_, "v") => "u".to_owned(),
        (_, "ao") => "ao".to_owned(),
        _ => rest,
    };
    format!("{initial}{rest}")
}

/// Letters as most languages of Europe read them.
pub(super) fn letters(word: &str) -> String {
    let pairs = [
        ("shch", "SC"),
        ("sch", "S"),
        ("tch", "C"),
        ("zh", "Z"),
        ("kh", "x"),
        ("sh", "S"),
        ("ch", "x"),
        ("ph", "f"),
        ("th", "t"),
        ("ck", "k"),
        ("qu", "kv"),
        ("ts", "c"),
        ("tz", "c"),
        ("dj", "j"),
    ];
    let singles = |c: char| match c {
        'q' | 'c' => "k",
        'x' => "ks",
        'j' => "y",
        'w' => "v",
        'ł' => "l",
        'ø' => "o",
        'æ' => "e",
        'ß' => "s",
        'ı' => "i",
        _ => "",
    };
    spell(word, &pairs, |c, _, _| singles(c))
}

/// A rough reading of English spelling.
pub(super) fn english(word: &str) -> String {
    let word = word
        .strip_prefix("kn")
        .map_or(word.to_owned(), |rest| format!("n{rest}"));
    let word = word
        .strip_prefix("wr")
        .map_or(word.clone(), |rest| format!("r{rest}"));
    let mut word = word
        .strip_prefix("x")
        .map_or(word.clone(), |rest| format!("s{rest}"));
    if word.len() > 3 && word.ends_with('e') && !word.ends_with("ee") && !word.ends_with("oe") {
        word.pop();
        if word.ends_with('c') {
            word.pop();
            word.push('s');
        } else if word.ends_with('g') {
            word.pop();
            word.push('j');
        }
    }
    let pairs = [
        ("shch", "SC"),
        ("sch", "S"),
        ("tch", "C"),
        ("ough", "o"),
        ("augh", "o"),
        ("eigh", "ey"),
        ("igh", "ay"),
        ("gh", "g"),
        ("zh", "Z"),
        ("kh", "x"),
        ("sh", "S"),
        ("ch", "C"),
        ("ph", "f"),
        ("th", "T"),
        ("ck", "k"),
        ("qu", "kw"),
        ("ts", "c"),
        ("tz", "c"),
        ("dg", "j"),
        ("ds", "z"),
        ("tion", "Son"),
        ("sion", "Zon"),
        ("ce", "se"),
        ("ci", "si"),
        ("cy", "si"),
        ("ng", "N"),
        ("ee", "i"),
        ("ea", "i"),
        ("oo", "u"),
        ("ie", "i"),
        ("ou", "u"),
        ("mc", "mak"),
        ("ey", "i"),
        ("ay", "ei"),
        ("ew", "u"),
        ("ow", "au"),
        ("aw", "o"),
        ("au", "o"),
        ("wh", "w"),
    ];
    spell(&word, &pairs, |c, last, next| match c {
        'q' | 'c' => "k",
        'x' => "ks",
        'g' if matches!(next, Some('e' | 'i' | 'y')) && last.is_none() => "j",
        'y' if last.is_some_and(|l| !"aeiou".contains(l)) => "i",
        'w' => "w",
        'ł' => "l",
        'ø' => "o",
        'æ' => "e",
        _ => "",
    })
}

/// Letter groups first, then single letters; a letter without a rule stands for itself.
fn spell(
    word: &str,
    pairs: &[(&str, &str)],
    single: impl Fn(char, Option<char>, Option<char>) -> &'static str,
) -> String {
    let mut out = String::new();
    let mut at = 0;
    while let Some(c) = word[at..].chars().next() {
        if let Some((from, to)) = pairs.iter().find(|(from, _)| word[at..].starts_with(from)) {
            out.push_str(to);
            at += from.len();
            continue;
        }
        let next = word[at + c.len_utf8()..].chars().next();
        match single(c, word[..at].chars().next_back(), next) {
            "" => out.push(c),
            sounds => out.push_str(sounds),
        }
        at += c.len_utf8();
    }
    out
}
