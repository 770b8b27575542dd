//! Outputs that are no translation, whatever they say: empty, echoed, in the wrong language, looping, cut or blown up.

use std::collections::HashMap;

use crate::text::language::Language;
use crate::text::script::Script;

/// Why an output is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No letters in it.
    Empty,
    /// The source again.
    Echo,
    /// Mostly in a script that the target language is not written in.
    WrongLanguage,
    /// The same words over and over.
    Loop,
    /// Far shorter than any translation.
    TooShort,
    /// Far longer than any translation.
    TooLong,
}

impl Refusal {
    /// After "each attempt".
    pub fn words(self) -> &'static str {
        match self {
            Self::Empty => "was empty",
            Self::Echo => "repeated the source",
            Self::WrongLanguage => "was in another language",
            Self::Loop => "repeated itself",
            Self::TooShort => "was far too short",
            Self::TooLong => "was far too long",
        }
    }
}

/// Characters of a language that say as much as 100 characters of English: medians of translated news.
const LENGTHS: &[(&str, f64)] = &[
    ("zh", 31.0),
    ("ja", 45.0),
    ("ko", 50.0),
    ("ar", 85.0),
    ("he", 80.0),
    ("th", 95.0),
];
/// A translation this many times as long, or as short, as expected is refused.
const TOO_LONG: f64 = 2.6;
const TOO_SHORT: f64 = 0.3;
/// Characters that a length says something about; names and headlines vary too much.
const LONG_ENOUGH: usize = 24;
/// Share of letters in the target's scripts that is enough; names may stay in Latin letters.
const RIGHT_SCRIPT: f64 = 0.5;

/// Why `target` is no translation of `source`; `None` if it may be one.
pub fn refuse(source: &str, target: &str, from: Language, to: Language) -> Option<Refusal> {
    if !target.chars().any(char::is_alphanumeric) {
        return Some(Refusal::Empty);
    }
    if has_letters(source) && is_echo(source, target) {
        return Some(Refusal::Echo);
    }
    if loops(target) && !loops(source) {
        return Some(Refusal::Loop);
    }
    if !in_scripts_of(target, to) && in_scripts_of(source, from) && !is_name_like(source) {
        return Some(Refusal::WrongLanguage);
    }
    length(source, target, from, to)
}

/// Words of the source language left standing in `target`: lower-case Latin words of the source in a text that is
/// not written in Latin letters. Each is a word that was not translated.
pub fn leftovers<'a>(source: &str, target: &'a str, to: Language) -> Vec<&'a str> {
    if to.scripts().contains(&Script::Latin) {
        return Vec::new();
    }
    let words: Vec<&str> = source.split(|c: char| !c.is_alphanumeric()).collect();
    target
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| word.len() >= 3 && word.chars().all(|c| c.is_ascii_lowercase()))
        .filter(|word| words.contains(word))
        .collect()
}

fn has_letters(text: &str) -> bool {
    text.chars().any(char::is_alphabetic)
}

fn folded(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// The source again, or most of it word for word.
fn is_echo(source: &str, target: &str) -> bool {
    let (a, b) = (folded(source), folded(target));
    // a name or a number may well be the same in both languages
    if a == b {
        return source.split_whitespace().count() > 3;
    }
    source.chars().count() >= LONG_ENOUGH && b.contains(&a)
}

fn is_name_like(source: &str) -> bool {
    source.split_whitespace().all(|word| {
        word.chars()
            .next()
            .is_none_or(|c| c.is_uppercase() || !c.is_alphabetic())
    })
}

fn in_scripts_of(text: &str, language: Language) -> bool {
    let scripts = language.scripts();
    let (mut right, mut all) = (0.0, 0.0);
    for (script, count) in Script::histogram(text) {
        all += count as f64;
        if scripts.contains(&script) {
            right += count as f64;
        }
    }
    all == 0.0 || right / all >= RIGHT_SCRIPT
}

/// Whether a run of characters comes back so often that it fills most of the text.
pub fn loops(text: &str) -> bool {
    let letters: Vec<char> = folded(text).chars().collect();
    const PIECE: usize = 6;
    if letters.len() < PIECE * 5 {
        return false;
    }
    let mut seen: HashMap<&[char], usize> = HashMap::new();
    for piece in letters.windows(PIECE) {
        *seen.entry(piece).or_insert(0) += 1;
    }
    let repeated: usize = seen.values().filter(|&&n| n >= 3).sum();
    repeated as f64 > 0.5 * (letters.len() - PIECE + 1) as f64
}

fn length(source: &str, target: &str, from: Language, to: Language) -> Option<Refusal> {
    let count = source.chars().filter(|c| !c.is_whitespace()).count();
    let per = |language: Language| {
        LENGTHS
            .iter()
            .find(|(code, _)| *code == language.code())
            .map_or(100.0, |&(_, n)| n)
    };
    let expected = count as f64 / per(from) * per(to);
    if (count as f64) * 100.0 / per(from) < LONG_ENOUGH as f64 {
        return None;
    }
    let got = target.chars().filter(|c| !c.is_whitespace()).count() as f64;
    if got > expected * TOO_LONG {
        Some(Refusal::TooLong)
    } else if got < expected * TOO_SHORT {
        Some(Refusal::TooShort)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zh(source: &str, target: &str) -> Option<Refusal> {
        refuse(source, target, Language::EN, Language::ZH)
    }

    const SENTENCE: &str =
        "The harbour was closed on Monday after a crane fell into the water, the port said.";

    #[test]
    fn what_is_no_translation_is_refused() {
        assert_eq!(zh(SENTENCE, " …"), Some(Refusal::Empty));
        assert_eq!(zh(SENTENCE, SENTENCE), Some(Refusal::Echo));
        assert_eq!(
            zh(
                SENTENCE,
                "Der Hafen wurde am Montag geschlossen, sagte der Hafen."
            ),
            Some(Refusal::WrongLanguage)
        );
        assert_eq!(zh(SENTENCE, &"港口港口表示关闭".repeat(12)), Some(Refusal::Loop));
        assert_eq!(zh(SENTENCE, "港口"), Some(Refusal::TooShort));
        let long = "港口方面表示起重机周一落入水中后港口已经关闭了。此外还有许多其他事情发生在那里，例如天气很好，人们很高兴，孩子们在玩耍，商店开门营业。船长说他看见了一只海鸥飞过。";
        assert_eq!(zh(SENTENCE, long), Some(Refusal::TooLong));
    }

    #[test]
    fn what_may_be_a_translation_is_not() {
        assert_eq!(
            zh(SENTENCE, "港口方面表示，一台起重机周一落入水中后，港口已关闭。"),
            None
        );
        assert_eq!(zh("Reuters", "Reuters"), None);
        assert_eq!(zh("Source: Meridian Wire", "来源：Meridian Wire"), None);
        assert_eq!(refuse("62,000", "62,000", Language::EN, Language::UK), None);
    }

    #[test]
    fn words_left_standing_are_counted() {
        assert_eq!(
            leftovers("The crane fell", "那台 crane 倒了", Language::ZH),
            ["crane"]
        );
        assert_eq!(leftovers("KIDA said", "KIDA表示", Language::ZH), [""; 0]);
        assert!(leftovers("the crane", "der crane", "de".parse().expect("known")).is_empty());
    }
}
