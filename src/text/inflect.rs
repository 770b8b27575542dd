//! The genitive of who is named, where it is sure: names of people, offices and bodies (`inflect/*.toml`).
//!
//! A name that is inflected by guess is a name that is wrong: whatever no rule covers gives `None`, and the caller words
//! the sentence so that the dictionary form can stand. Rules follow the school grammars of each language; which given
//! names are whose is listed, for an ending alone does not tell (Маргарет, Микола).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::text::language::Language;

/// The rules of a language. A rule is `ending>other ending`, `ending` alone: it stays as it is, `ending?`: not sure.
/// The longest ending that fits decides; no rule: not sure.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Paradigm {
    /// Noun in the dictionary form → "genitive gender", gender being m, f, n or p (plural); a further word `person`
    /// where a name may follow that goes along with it.
    nouns: BTreeMap<String, String>,
    /// Gender → rules for what stands before a noun.
    adjectives: BTreeMap<String, Vec<String>>,
    /// Words that make a phrase too complicated.
    joints: Vec<String>,
    /// Given names of men, and of women.
    men: String,
    women: String,
    given_m: Vec<String>,
    given_f: Vec<String>,
    surname_m: Vec<String>,
    surname_f: Vec<String>,
    /// Surnames whose form tells the gender, or is the same for both.
    surname_alone: Vec<String>,
    /// Whether what is written in other letters than the language's stays as it is.
    foreign_stays: bool,
}

static PARADIGMS: LazyLock<BTreeMap<&str, Paradigm>> = LazyLock::new(|| {
    [
        ("uk", include_str!("inflect/uk.toml")),
        ("ru", include_str!("inflect/ru.toml")),
        ("pl", include_str!("inflect/pl.toml")),
    ]
    .into_iter()
    .filter_map(|(code, text)| Some((code, toml::from_str(text).ok()?)))
    .collect()
});

/// The genitive of `phrase`, which is in its dictionary form; `None` where the rules do not tell it for sure.
pub fn genitive(phrase: &str, language: Language) -> Option<String> {
    let rules = PARADIGMS.get(language.code())?;
    let words: Vec<&str> = phrase.split(' ').filter(|w| !w.is_empty()).collect();
    let plain = |word: &&str| word.chars().all(|c| c.is_alphanumeric() || "'’ʼ-.".contains(c));
    if words.is_empty() || words.iter().any(|w| rules.joints.iter().any(|j| j == w)) {
        return None;
    }
    if words.iter().all(|word| rules.stays(word)) {
        return Some(phrase.to_owned());
    }
    let (head, rest) = (words.iter().take_while(|w| plain(w)).count(), &words[..]);
    let out = match rest[..head].iter().position(|word| rules.noun(word).is_some()) {
        Some(at) => rules.headed(&words, at)?,
        None if head == words.len() => rules.person(&words)?,
        None => return None,
    };
    Some(out.join(" "))
}

/// Whether `word` is a noun for people, which has no capital inside of a sentence; only of nouns that are listed.
pub fn is_role(word: &str, language: Language) -> bool {
    let noun = PARADIGMS.get(language.code()).and_then(|rules| rules.noun(word));
    noun.is_some_and(|(_, gender, person)| person || gender == "p")
}

impl Paradigm {
    /// Whether the word has no cases: ЮНЕСКО, and where the language leaves them alone, Reuters.
    fn stays(&self, word: &str) -> bool {
        let letters = || word.chars().filter(|c| c.is_alphabetic());
        let acronym = letters().count() > 1 && letters().all(char::is_uppercase);
        acronym || self.foreign_stays && word.is_ascii() && letters().next().is_some()
    }

    /// Genitive, gender, and whether a name may go along.
    fn noun(&self, word: &str) -> Option<(&str, &str, bool)> {
        let entry = self.nouns.get(&word.to_lowercase())?;
        let mut parts = entry.split(' ');
        Some((parts.next()?, parts.next()?, parts.next() == Some("person")))
    }

    /// A phrase with the noun that rules it at `at`.
    fn headed(&self, words: &[&str], at: usize) -> Option<Vec<String>> {
        let (noun, gender, person) = self.noun(words[at])?;
        let adjectives = self.adjectives.get(gender)?;
        let mut out = Vec::with_capacity(words.len());
        for word in &words[..at] {
            out.push(rewritten(word, adjectives)?);
        }
        out.push(as_written(noun, words[at]));
        let after = &words[at + 1..];
        let capital = |word: &&str| word.chars().next().is_some_and(char::is_uppercase);
        if !person || !after.iter().any(capital) {
            out.extend(after.iter().map(|w| (*w).to_owned()));
            return Some(out);
        }
        // "міністр оборони Павло Дрозд": the name stands last, and is known to be one
        let cut = after.len().checked_sub(2)?;
        out.extend(after[..cut].iter().map(|w| (*w).to_owned()));
        out.extend(self.person(&after[cut..])?);
        Some(out)
    }

    fn person(&self, words: &[&str]) -> Option<Vec<String>> {
        let capital = |word: &&str| word.chars().next().is_some_and(char::is_uppercase);
        if !words.iter().all(capital) {
            return None;
        }
        let listed = |list: &str, name: &str| list.split_whitespace().any(|known| known == name);
        match words {
            [surname] => Some(vec![rewritten(surname, &self.surname_alone)?]),
            [given, surname] if listed(&self.men, given) => Some(vec![
                rewritten(given, &self.given_m)?,
                rewritten(surname, &self.surname_m)?,
            ]),
            [given, surname] if listed(&self.women, given) => Some(vec![
                rewritten(given, &self.given_f)?,
                rewritten(surname, &self.surname_f)?,
            ]),
            _ => None,
        }
    }
}

/// The word with the ending that the longest rule gives it.
fn rewritten(word: &str, rules: &[String]) -> Option<String> {
    let rule = |rule: &'_ str| -> (String, Option<String>) {
        match rule.split_once('>') {
            Some((from, to)) => (from.to_owned(), Some(to.to_owned())),
            None => match rule.strip_suffix('?') {
                Some(unsure) => (unsure.to_owned(), None),
                None => (rule.to_owned(), Some(rule.to_owned())),
            },
        }
    };
    let (from, to) = rules
        .iter()
        .map(|text| rule(text))
        .filter(|(from, _)| word.ends_with(from.as_str()))
        .max_by_key(|(from, _)| from.len())?;
    let stem = &word[..word.len() - from.len()];
    to.filter(|_| stem.is_empty() || stem.chars().count() >= 2)
        .map(|to| format!("{stem}{to}"))
}

/// `form` with the capital of `word`, if it has one.
fn as_written(form: &str, word: &str) -> String {
    let mut rest = form.chars();
    match rest.next() {
        Some(first) if word.chars().next().is_some_and(char::is_uppercase) => {
            first.to_uppercase().chain(rest).collect()
        }
        _ => form.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn all(language: &str, cases: &[(&str, Option<&str>)]) {
        let language = language.parse().unwrap();
        for (phrase, want) in cases {
            assert_eq!(genitive(phrase, language).as_deref(), *want, "{phrase}");
        }
    }

    #[test]
    fn the_data_files_parse() {
        assert_eq!(PARADIGMS.keys().copied().collect::<Vec<_>>(), ["pl", "ru", "uk"]);
        for (code, rules) in PARADIGMS.iter() {
            for (noun, entry) in &rules.nouns {
                let parts: Vec<&str> = entry.split(' ').collect();
                let right = matches!(
                    parts[..],
                    [_, "m" | "f" | "n" | "p"] | [_, "m" | "f" | "p", "person"]
                );
                assert!(right && noun.to_lowercase() == *noun, "{code} {noun} = {entry}");
            }
        }
    }

    #[test]
    fn ukrainian() {
        all(
            "uk",
            &[
                ("Павло Дрозд", Some("Павла Дрозда")),
                ("Олена Дрозд", Some("Олени Дрозд")),
                ("Олег Петренко", Some("Олега Петренка")),
                ("Ірина Петренко", Some("Ірини Петренко")),
                ("Марія Козлова", Some("Марії Козлової")),
                ("Марія Залізна", None),
                ("Андрій Білецький", Some("Андрія Білецького")),
                ("Микола Скиба", Some("Миколи Скиби")),
                ("мер Павло Дрозд", Some("мера Павла Дрозда")),
                (
                    "міністр оборони Павло Дрозд",
                    Some("міністра оборони Павла Дрозда"),
                ),
                ("Міністерство оборони", Some("Міністерства оборони")),
                ("Державне агентство доріг", Some("Державного агентства доріг")),
                ("місцеві чиновники", Some("місцевих чиновників")),
                ("газета «Зоря»", Some("газети «Зоря»")),
                ("поліція", Some("поліції")),
                ("ООН", Some("ООН")),
                ("Sky News", Some("Sky News")),
                ("Білецький", Some("Білецького")),
                // whose form depends on what is not known
                ("Дрозд", None),
                ("мер Дрозд", None),
                ("Едда Ванс", None),
                ("«Зоря»", None),
                ("поліція та очевидці", None),
                ("Степан Швець", None),
            ],
        );
    }

    #[test]
    fn russian() {
        all(
            "ru",
            &[
                ("Павел Дроздов", Some("Павла Дроздова")),
                ("Ольга Дроздова", Some("Ольги Дроздовой")),
                ("Сергей Лебедь", Some("Сергея Лебедя")),
                ("мэр Игорь Белый", Some("мэра Игоря Белого")),
                ("Министерство обороны", Some("Министерства обороны")),
                ("дорожное агентство", Some("дорожного агентства")),
                ("местные жители", Some("местных жителей")),
                ("МИД", Some("МИД")),
                ("Reuters", Some("Reuters")),
                ("Дроздов", Some("Дроздова")),
                ("Дрозд", None),
                ("Эдда Вэнс", None),
            ],
        );
    }

    #[test]
    fn polish() {
        all(
            "pl",
            &[
                ("Anna Kowalska", Some("Anny Kowalskiej")),
                ("Jan Kowalski", Some("Jana Kowalskiego")),
                ("policja", Some("policji")),
                ("Ministerstwo Obrony", Some("Ministerstwa Obrony")),
                ("lokalna policja", Some("lokalnej policji")),
                ("rzecznik Jan Kowalski", Some("rzecznika Jana Kowalskiego")),
                ("ONZ", Some("ONZ")),
                ("Reuters", None),
                ("Edda Vance", None),
            ],
        );
    }
}
