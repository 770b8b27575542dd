//! The first case of a name or description, by rule where the rule is safe: "Державній службі" → "Державна служба",
//! "Івана Палія" → "Іван Палій". What the lexicon's declensions do not cover stays as the text has it: a name that is
//! inflected by guess is a name that is wrong.

use super::super::lexicon::{Declension, Gender, Lexicon};

/// The first case of `name`, if it stands in another one and every word of it that inflects is known.
pub(in super::super) fn first_case(name: &str, lexicon: &Lexicon) -> Option<String> {
    let words: Vec<&str> = name.split_whitespace().collect();
    if let [given, family] = words[..]
        && let Some((first, gender)) = decline(given, &lexicon.given_names)
    {
        let family = surname(family, gender, lexicon)?;
        return Some(format!("{first} {family}"));
    }
    // Genitives follow the noun they belong to: the first noun is the head.
    let nouns = words.iter().take(4).map(|w| decline(w, &lexicon.nouns));
    let (at, (head, gender)) = nouns.enumerate().find_map(|(at, n)| Some((at, n?)))?;
    let mut parts: Vec<String> = Vec::with_capacity(words.len());
    for word in &words[..at] {
        let of_gender = lexicon.adjectives.iter().filter(|d| d.gender == gender);
        parts.push(of_gender.filter_map(|d| d.first_case(word)).next()?);
    }
    parts.push(head);
    parts.extend(words[at + 1..].iter().map(|w| (*w).to_owned()));
    Some(parts.join(" "))
}

fn decline(word: &str, declensions: &[Declension]) -> Option<(String, Gender)> {
    declensions
        .iter()
        .find_map(|d| Some((d.first_case(word)?, d.gender)))
}

/// A surname beside a given name in another case: a woman's may not inflect at all.
fn surname(word: &str, gender: Gender, lexicon: &Lexicon) -> Option<String> {
    let rules = lexicon.surnames.iter().filter(|d| d.gender == gender);
    let inflected = rules.filter_map(|d| d.first_case(word)).next();
    let fixed = || {
        let vowels = lexicon.list("vowels");
        let ends = word.ends_with('о') || !vowels.iter().any(|v| word.ends_with(v.as_str()));
        (gender == Gender::F && ends).then(|| word.to_owned())
    };
    inflected.or_else(fixed)
}

impl Declension {
    /// The first case of `word`, if it has one of the other endings.
    fn first_case(&self, word: &str) -> Option<String> {
        self.endings.iter().find_map(|ending| {
            let stem = word.strip_suffix(ending.as_str())?;
            let lower = stem.to_lowercase();
            let known = self.stems.iter().any(|s| match s.strip_prefix('*') {
                Some(end) => lower.ends_with(end) && lower.len() > end.len(),
                None => *s == lower,
            });
            (known && !stem.is_empty()).then(|| format!("{stem}{}", self.nominative))
        })
    }
}

/// How sure a name is to stand in the first case, by the ending of its first word: the lower the surer.
pub(in super::super) fn case_rank(name: &str, lexicon: &Lexicon) -> usize {
    let first = name.split_whitespace().next().unwrap_or(name);
    let vowels = lexicon.list("vowels");
    if !vowels.iter().any(|v| first.ends_with(v.as_str())) {
        return 0;
    }
    let order = lexicon.list("case-order");
    let found = order.iter().position(|e| first.ends_with(e.as_str()));
    1 + found.unwrap_or(order.len())
}
