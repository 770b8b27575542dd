//! The words of a language: a TOML file a language, read once.
//!
//! A language is data: classes of words, cue verbs with stance and frame, phrases, header words and the words that
//! tell what kind of thing a source is. Only the endings of regular English verbs are made by code.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde::Deserialize;

use super::{Polarity, SourceKind, Stance};
use crate::text::language::Language;

/// Word classes, as bits.
pub(super) mod class {
    /// A pronoun that can be a subject.
    pub(in crate::attribution) const PRONOUN: u32 = 1;
    /// An article, a demonstrative or a possessive.
    pub(in crate::attribution) const DETERMINER: u32 = 1 << 1;
    /// A preposition.
    pub(in crate::attribution) const PREPOSITION: u32 = 1 << 2;
    /// "and", "or".
    pub(in crate::attribution) const CONJUNCTION: u32 = 1 << 3;
    /// A word that opens a clause: "that", "because", "when", "but".
    pub(in crate::attribution) const CLAUSE: u32 = 1 << 4;
    /// An auxiliary.
    pub(in crate::attribution) const AUXILIARY: u32 = 1 << 5;
    /// An adverb that belongs to the verb group.
    pub(in crate::attribution) const ADVERB: u32 = 1 << 6;
    /// "not", "never", "neither".
    pub(in crate::attribution) const NEGATION: u32 = 1 << 7;
    /// A time word: "Monday", "yesterday".
    pub(in crate::attribution) const TIME: u32 = 1 << 8;
    /// A word that leads a sentence in without being part of what is said: "but", "meanwhile".
    pub(in crate::attribution) const LEAD: u32 = 1 << 9;
    /// A finite verb that is no cue.
    pub(in crate::attribution) const VERB: u32 = 1 << 10;
    /// A relative pronoun.
    pub(in crate::attribution) const RELATIVE: u32 = 1 << 11;
    /// The word that opens reported speech: "that", "що".
    pub(in crate::attribution) const THAT: u32 = 1 << 12;
    /// A question word that opens reported questions.
    pub(in crate::attribution) const QUESTION: u32 = 1 << 13;
    /// A pronoun or adverb that cannot be a subject (him, her, them).
    pub(in crate::attribution) const OBJECT: u32 = 1 << 14;
    /// "as", "як": opens a remark beside the content.
    pub(in crate::attribution) const AS: u32 = 1 << 15;
    /// A preposition that ties a noun to a noun ("of", "for").
    pub(in crate::attribution) const LINK: u32 = 1 << 16;
    /// A form of "be".
    pub(in crate::attribution) const BE: u32 = 1 << 17;
}

/// What follows a cue verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Frame {
    /// A clause or a quotation: "said (that) …".
    Say,
    /// Somebody, then a clause or a quotation: "told reporters that …".
    Tell,
    /// A noun phrase: "criticised the plan".
    Object,
    /// An infinitive or a clause: "vowed to …".
    Infinitive,
    /// Somebody, then an infinitive or a question: "urged them to …", "asked whether …".
    Ask,
}

/// The form of a cue verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VerbForm {
    /// "say": needs a plural subject or an auxiliary.
    Base,
    /// "says", "said", "сказав": finite by itself.
    Finite,
    /// A past form that is a participle too ("reported").
    Past,
    /// A participle only ("shown").
    Participle,
    /// "saying", "додавши".
    Gerund,
}

/// One cue as the lexicon has it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// What it says about the speaker.
    pub stance: Stance,
    /// Whether the content is asserted.
    pub polarity: Polarity,
    /// What follows.
    pub frame: Frame,
    /// The form of its first word.
    pub form: VerbForm,
    /// The words after the first ("out" of "pointed out").
    pub rest: Vec<String>,
    /// Whether the word is also a common noun ("claims", "reports").
    pub noun: bool,
    /// Whether it is a cue only with an explicit "that" or a quotation ("added" milk, "found" a key).
    pub strict: bool,
}

/// A cue that is no verb.
#[derive(Clone, Debug)]
pub(super) struct Phrase {
    /// Its words.
    pub words: Vec<String>,
    /// What it does.
    pub role: PhraseRole,
    /// What it says about the speaker.
    pub stance: Stance,
    /// Whether its source is a document ("a leaked memo shows").
    pub polarity: Polarity,
}

/// What a phrase does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum PhraseRole {
    /// The source follows, the rest of the sentence is the content: "according to".
    Source,
    /// The source follows; it is relayed by the source of the verb nearby: "citing".
    Relay,
    /// There is no source: "reportedly".
    Hearsay,
}

/// What a word of the language can be.
#[derive(Clone, Debug, Default)]
pub(super) struct Word {
    /// Bits of [`class`].
    pub classes: u32,
    /// Cue verbs that begin with it.
    pub entries: Vec<usize>,
    /// Phrases that begin with it.
    pub phrases: Vec<usize>,
}

/// The lexicon of one language.
#[derive(Debug, Default)]
pub(super) struct Lexicon {
    words: HashMap<String, Word>,
    /// Cue verbs.
    pub entries: Vec<Entry>,
    /// Cues that are no verbs.
    pub phrases: Vec<Phrase>,
    /// Header lines.
    pub header: Header,
    /// Words for kinds of sources: lower-case word or stem (ending in `*`) → kind.
    pub kinds: Vec<(String, SourceKind)>,
    /// Names of media and agencies.
    pub outlets: Vec<String>,
    /// Pronouns by what they stand for: `he`, `she`, `it`, `they`.
    pub pronouns: HashMap<String, Pronoun>,
    /// Titles that stand before a name.
    pub titles: Vec<String>,
    /// Cues of languages whose cue closes the sentence, and other lists by name.
    pub lists: HashMap<String, Vec<String>>,
}

/// What a pronoun can stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Pronoun {
    /// A man, or a person of any sex.
    He,
    /// A woman.
    She,
    /// A thing or a body.
    It,
    /// Several.
    They,
    /// The antecedent stands right before it ("who").
    Relative,
    /// The speaker of the text.
    Writer,
}

/// The words of header lines.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Header {
    /// Labels without colon, lower case.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Words between the relaying and the relayed source, in that order.
    #[serde(default)]
    pub cite: Vec<String>,
    /// Words between the relayed and the relaying source, in that order ("을 인용한").
    #[serde(default)]
    pub cited_by: Vec<String>,
    /// Words that join two sources of equal rank.
    #[serde(default)]
    pub join: Vec<String>,
}

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
    kinds: HashMap<String, String>,
    #[serde(default)]
    outlets: Vec<String>,
    #[serde(default)]
    pronouns: HashMap<String, String>,
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
    /// English verbs: a lemma, or `base/s/past/ing[/participle]`; `_` joins words; `+noun` and `+strict` follow.
    #[serde(default)]
    verbs: String,
    /// Stems by paradigm.
    #[serde(default)]
    stems: HashMap<String, String>,
    /// Whole words.
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

fn asserted() -> Polarity {
    Polarity::Asserted
}

static EMPTY: Word = Word {
    classes: 0,
    entries: Vec::new(),
    phrases: Vec::new(),
};

impl Lexicon {
    /// The lexicon of `language`; languages without one get an empty lexicon.
    pub(super) fn of(language: Language) -> &'static Lexicon {
        static ENGLISH: OnceLock<Lexicon> = OnceLock::new();
        static UKRAINIAN: OnceLock<Lexicon> = OnceLock::new();
        static RUSSIAN: OnceLock<Lexicon> = OnceLock::new();
        static KOREAN: OnceLock<Lexicon> = OnceLock::new();
        static CHINESE: OnceLock<Lexicon> = OnceLock::new();
        static NONE: OnceLock<Lexicon> = OnceLock::new();
        match language {
            Language::EN => ENGLISH.get_or_init(|| read(include_str!("lexicon/en.toml"))),
            Language::UK => UKRAINIAN.get_or_init(|| read(include_str!("lexicon/uk.toml"))),
            Language::RU => RUSSIAN.get_or_init(|| read(include_str!("lexicon/ru.toml"))),
            Language::KO => KOREAN.get_or_init(|| read(include_str!("lexicon/ko.toml"))),
            Language::ZH => CHINESE.get_or_init(|| read(include_str!("lexicon/zh.toml"))),
            _ => NONE.get_or_init(Lexicon::default),
        }
    }

    /// What is known of a lower-case word.
    pub(super) fn word(&self, lower: &str) -> &Word {
        self.words.get(lower).unwrap_or(&EMPTY)
    }

    /// The list called `name`; empty if the language has none.
    pub(super) fn list(&self, name: &str) -> &[String] {
        self.lists.get(name).map_or(&[], Vec::as_slice)
    }
}

/// Reads an embedded file. A file that does not parse gives an empty lexicon; a test keeps that from happening.
fn read(source: &str) -> Lexicon {
    parse(source).unwrap_or_default()
}

fn parse(source: &str) -> Result<Lexicon, toml::de::Error> {
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
        let (head, rest) = verb.split_once('_').unwrap_or((verb, ""));
        for (form, word) in english_forms(head) {
            add_entry(lexicon, row, &word, rest, form, (noun, strict));
        }
    }
    for (name, stems) in &row.stems {
        let Some(paradigm) = paradigms.get(name) else {
            continue;
        };
        for stem in stems.split_whitespace() {
            let (stem, rest) = stem.split_once('_').unwrap_or((stem, ""));
            let endings = [
                (VerbForm::Finite, &paradigm.finite),
                (VerbForm::Gerund, &paradigm.gerund),
                (VerbForm::Participle, &paradigm.participle),
            ];
            for (form, list) in endings {
                for ending in list.split_whitespace() {
                    let word = format!("{stem}{}", ending.trim_start_matches('-'));
                    add_entry(lexicon, row, &word, rest, form, (false, false));
                }
            }
        }
    }
    for form in row.forms.split_whitespace() {
        let (head, rest) = form.split_once('_').unwrap_or((form, ""));
        add_entry(lexicon, row, head, rest, VerbForm::Finite, (false, false));
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
    let index = lexicon.entries.len();
    lexicon.entries.push(Entry {
        stance: row.stance,
        polarity: row.polarity,
        frame: row.frame,
        form,
        rest: rest
            .split('_')
            .filter(|w| !w.is_empty())
            .map(str::to_owned)
            .collect(),
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
            include_str!("lexicon/en.toml"),
            include_str!("lexicon/uk.toml"),
            include_str!("lexicon/ru.toml"),
            include_str!("lexicon/ko.toml"),
            include_str!("lexicon/zh.toml"),
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
