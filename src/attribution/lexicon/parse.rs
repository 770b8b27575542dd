//! A lexicon's TOML file → [`Lexicon`]. Only the endings of regular English verbs are made by code.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use super::super::{Polarity, SourceKind, Stance};
use super::{
    Declension, Entry, Frame, Gender, Header, Lexicon, Phrase, PhraseRole, Pronoun, VerbForm, class,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    classes: HashMap<String, String>,
    #[serde(default)]
    paradigms: HashMap<String, Paradigm>,
    #[serde(default)]
    cue: Vec<CueRow>,
    #[serde(default)]
    phrase: Vec<PhraseRow>,
    #[serde(default)]
    header: Header,
    #[serde(default)]
    kinds: BTreeMap<String, String>,
    #[serde(default)]
    outlets: Vec<String>,
    #[serde(default)]
    pronouns: HashMap<String, String>,
    #[serde(default)]
    declension: Vec<DeclensionRow>,
    #[serde(default)]
    titles: String,
    #[serde(default)]
    lists: HashMap<String, String>,
}

/// Endings of one way to inflect, by form.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Paradigm {
    #[serde(default)]
    finite: String,
    #[serde(default)]
    gerund: String,
    #[serde(default)]
    participle: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CueRow {
    stance: Stance,
    #[serde(default = "asserted")]
    polarity: Polarity,
    frame: Frame,
    /// English verbs: a lemma, or `base/s/past/ing[/participle]`; `_` joins words, `~` goes before words that only must follow; `+noun` and `+strict` follow.
    #[serde(default)]
    verbs: String,
    /// English adjectives and participles that are cues after "be"; `_` and `~` as in `verbs`.
    #[serde(default)]
    adjectives: String,
    /// Stems by paradigm; `_` and `+strict` as in `verbs`.
    #[serde(default)]
    stems: BTreeMap<String, String>,
    /// Whole words; `_` and `+strict` as in `verbs`.
    #[serde(default)]
    forms: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PhraseRow {
    role: PhraseRole,
    stance: Stance,
    #[serde(default = "asserted")]
    polarity: Polarity,
    /// Phrases, parted by `;`.
    words: String,
}

/// What kind of word a declension is of.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Declined {
    Noun,
    Adjective,
    Given,
    Surname,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeclensionRow {
    of: Declined,
    gender: Gender,
    nominative: String,
    /// `-` is no ending.
    endings: String,
    stems: String,
}

fn asserted() -> Polarity {
    Polarity::Asserted
}

pub(super) fn parse(source: &str) -> Result<Lexicon, toml::de::Error> {
    let file: File = toml::from_str(source)?;
    let mut lexicon = Lexicon {
        header: file.header,
        outlets: file.outlets,
        ..Lexicon::default()
    };
    for (name, words) in &file.classes {
        let Some(bits) = class_bits(name) else { continue };
        for word in words.split_whitespace() {
            lexicon.words.entry(word.to_owned()).or_default().classes |= bits;
        }
    }
    for row in &file.cue {
        add_cues(&mut lexicon, row, &file.paradigms);
    }
    for row in file.phrase {
        for words in row.words.split(';').map(str::trim).filter(|w| !w.is_empty()) {
            let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
            let index = lexicon.phrases.len();
            if let Some(first) = words.first() {
                lexicon
                    .words
                    .entry(first.clone())
                    .or_default()
                    .phrases
                    .push(index);
            }
            lexicon.phrases.push(Phrase {
                words,
                role: row.role,
                stance: row.stance,
                polarity: row.polarity,
            });
        }
    }
    for (kind, words) in &file.kinds {
        let kind = source_kind(kind);
        lexicon
            .kinds
            .extend(words.split_whitespace().map(|w| (w.replace('_', " "), kind)));
    }
    lexicon
        .kinds
        .sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.0.cmp(&b.0)));
    for (name, words) in &file.pronouns {
        let pronoun = match name.as_str() {
            "he" => Pronoun::He,
            "she" => Pronoun::She,
            "it" => Pronoun::It,
            "they" => Pronoun::They,
            "writer" => Pronoun::Writer,
            _ => Pronoun::Relative,
        };
        for word in words.split_whitespace() {
            lexicon.pronouns.insert(word.to_owned(), pronoun);
        }
    }
    lexicon.titles = file
        .titles
        .split_whitespace()
        .map(|t| t.replace('_', " "))
        .collect();
    for row in file.declension {
        let split = |words: &str| -> Vec<String> { words.split_whitespace().map(str::to_owned).collect() };
        let declension = Declension {
            gender: row.gender,
            nominative: row.nominative,
            endings: split(&row.endings)
                .into_iter()
                .map(|e| e.replace('-', ""))
                .collect(),
            stems: split(&row.stems),
        };
        match row.of {
            Declined::Noun => lexicon.nouns.push(declension),
            Declined::Adjective => lexicon.adjectives.push(declension),
            Declined::Given => lexicon.given_names.push(declension),
            Declined::Surname => lexicon.surnames.push(declension),
        }
    }
    for (name, words) in file.lists {
        let words = words.split_whitespace().map(|w| w.replace('_', " ")).collect();
        lexicon.lists.insert(name, words);
    }
    Ok(lexicon)
}

fn class_bits(name: &str) -> Option<u32> {
    Some(match name {
        "pronoun" => class::PRONOUN,
        "determiner" => class::DETERMINER,
        "preposition" => class::PREPOSITION,
        "conjunction" => class::CONJUNCTION,
        "clause" => class::CLAUSE,
        "auxiliary" => class::AUXILIARY,
        "adverb" => class::ADVERB,
        "negation" => class::NEGATION,
        "time" => class::TIME,
        "lead" => class::LEAD,
        "verb" => class::VERB,
        "relative" => class::RELATIVE,
        "that" => class::THAT,
        "question" => class::QUESTION,
        "object" => class::OBJECT,
        "as" => class::AS,
        "link" => class::LINK,
        "be" => class::BE,
        _ => return None,
    })
}

fn source_kind(name: &str) -> SourceKind {
    match name {
        "person" => SourceKind::Person,
        "organisation" => SourceKind::Organisation,
        "outlet" => SourceKind::Outlet,
        "group" => SourceKind::Group,
        "document" => SourceKind::Document,
        "anonymous" => SourceKind::Anonymous,
        _ => SourceKind::Unknown,
    }
}

fn add_cues(lexicon: &mut Lexicon, row: &CueRow, paradigms: &HashMap<String, Paradigm>) {
    for verb in row.verbs.split_whitespace() {
        let (verb, noun) = strip_flag(verb, "+noun");
        let (verb, strict) = strip_flag(verb, "+strict");
        let (verb, noun) = if noun {
            (verb, true)
        } else {
            strip_flag(verb, "+noun")
        };
        let (head, rest) = match verb.find(['_', '~']) {
            Some(cut) => (&verb[..cut], verb[cut..].trim_start_matches('_')),
            None => (verb, ""),
        };
        for (form, word) in english_forms(head) {
            add_entry(lexicon, row, &word, rest, form, (noun, strict));
        }
    }
    for adjective in row.adjectives.split_whitespace() {
        let cut = adjective.find(['_', '~']).unwrap_or(adjective.len());
        let (head, rest) = adjective.split_at(cut);
        let rest = rest.trim_start_matches('_');
        add_entry(lexicon, row, head, rest, VerbForm::Adjective, (false, false));
    }
    for (name, stems) in &row.stems {
        let Some(paradigm) = paradigms.get(name) else {
            continue;
        };
        for stem in stems.split_whitespace() {
            let (stem, strict) = strip_flag(stem, "+strict");
            let (stem, rest) = stem.split_once('_').unwrap_or((stem, ""));
            let endings = [
                (VerbForm::Finite, &paradigm.finite),
                (VerbForm::Gerund, &paradigm.gerund),
                (VerbForm::Participle, &paradigm.participle),
            ];
            for (form, list) in endings {
                for ending in list.split_whitespace() {
                    let word = format!("{stem}{}", ending.trim_start_matches('-'));
                    add_entry(lexicon, row, &word, rest, form, (false, strict));
                }
            }
        }
    }
    for form in row.forms.split_whitespace() {
        let (form, strict) = strip_flag(form, "+strict");
        let (head, rest) = form.split_once('_').unwrap_or((form, ""));
        add_entry(lexicon, row, head, rest, VerbForm::Finite, (false, strict));
    }
}

fn strip_flag<'a>(verb: &'a str, flag: &str) -> (&'a str, bool) {
    verb.strip_suffix(flag).map_or((verb, false), |rest| (rest, true))
}

fn add_entry(
    lexicon: &mut Lexicon,
    row: &CueRow,
    word: &str,
    rest: &str,
    form: VerbForm,
    flags: (bool, bool),
) {
    let (rest, ahead) = rest.split_once('~').unwrap_or((rest, ""));
    let index = lexicon.entries.len();
    lexicon.entries.push(Entry {
        stance: row.stance,
        polarity: row.polarity,
        frame: row.frame,
        form,
        rest: split_words(rest),
        ahead: split_words(ahead),
        noun: flags.0,
        strict: flags.1,
    });
    lexicon
        .words
        .entry(word.to_owned())
        .or_default()
        .entries
        .push(index);
}

/// "pointed_out" → its words.
fn split_words(joined: &str) -> Vec<String> {
    joined
        .split('_')
        .filter(|w| !w.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The forms of an English verb: `lemma` if it is regular, else `base/s/past/ing` with an own participle as fifth.
fn english_forms(verb: &str) -> Vec<(VerbForm, String)> {
    let parts: Vec<&str> = verb.split('/').collect();
    if parts.len() >= 4 {
        let past = if parts.len() > 4 {
            VerbForm::Finite
        } else {
            VerbForm::Past
        };
        let mut forms = vec![
            (VerbForm::Base, parts[0].to_owned()),
            (VerbForm::Finite, parts[1].to_owned()),
            (past, parts[2].to_owned()),
            (VerbForm::Gerund, parts[3].to_owned()),
        ];
        forms.extend(parts.get(4).map(|p| (VerbForm::Participle, (*p).to_owned())));
        return forms;
    }
    let after_vowel = |v: &str| v.chars().rev().nth(1).is_some_and(|c| "aeiou".contains(c));
    let (s, past, ing) = if let Some(stem) = verb.strip_suffix('e').filter(|stem| !stem.ends_with('e')) {
        (format!("{verb}s"), format!("{verb}d"), format!("{stem}ing"))
    } else if verb.ends_with("ee") {
        (format!("{verb}s"), format!("{verb}d"), format!("{verb}ing"))
    } else if let Some(stem) = verb.strip_suffix('y').filter(|_| !after_vowel(verb)) {
        (format!("{stem}ies"), format!("{stem}ied"), format!("{verb}ing"))
    } else if verb.ends_with("ss") || verb.ends_with("sh") || verb.ends_with("ch") || verb.ends_with('x') {
        (format!("{verb}es"), format!("{verb}ed"), format!("{verb}ing"))
    } else {
        (format!("{verb}s"), format!("{verb}ed"), format!("{verb}ing"))
    };
    vec![
        (VerbForm::Base, verb.to_owned()),
        (VerbForm::Finite, s),
        (VerbForm::Past, past),
        (VerbForm::Gerund, ing),
    ]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_lexicon_parses() {
        for source in [
            include_str!("en.toml"),
            include_str!("uk.toml"),
            include_str!("ru.toml"),
            include_str!("ko.toml"),
            include_str!("zh.toml"),
        ] {
            let lexicon = parse(source).unwrap();
            assert!(!lexicon.header.labels.is_empty());
            let file: File = toml::from_str(source).unwrap();
            for name in file.classes.keys() {
                assert!(class_bits(name).is_some(), "no class {name}");
            }
            for row in &file.cue {
                assert!(row.stems.keys().all(|name| file.paradigms.contains_key(name)));
            }
        }
    }

    #[test]
    fn english_verbs_inflect() {
        let words = |verb| english_forms(verb).into_iter().map(|f| f.1).collect::<Vec<_>>();
        assert_eq!(words("deny"), ["deny", "denies", "denied", "denying"]);
        assert_eq!(words("agree"), ["agree", "agrees", "agreed", "agreeing"]);
        assert_eq!(words("stress"), ["stress", "stresses", "stressed", "stressing"]);
        assert_eq!(words("write/writes/wrote/writing/written").len(), 5);
    }
}
