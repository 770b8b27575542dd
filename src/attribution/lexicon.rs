//! The words of a language: a TOML file a language, read once.
//!
//! A language is data: classes of words, cue verbs with stance and frame, phrases, header words and the words that
//! tell what kind of thing a source is.

mod parse;

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
    /// "confident", "worried": a cue after "be".
    Adjective,
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
    /// Words that must follow but belong to the content ("put *the toll* at").
    pub ahead: Vec<String>,
    /// Whether the word is also a common noun ("claims", "reports").
    pub noun: bool,
    /// Whether it is a cue only with an explicit "that" or a quotation ("added" milk, "found" a key).
    pub strict: bool,
}

impl Entry {
    /// Whether this form looks like a noun ("claims", "report").
    pub(super) fn noun_form(&self) -> bool {
        self.noun && matches!(self.form, VerbForm::Base | VerbForm::Finite)
    }
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
    /// How nouns that name sources inflect.
    pub nouns: Vec<Declension>,
    /// How adjectives do.
    pub adjectives: Vec<Declension>,
    /// How given names do.
    pub given_names: Vec<Declension>,
    /// How surnames do.
    pub surnames: Vec<Declension>,
    /// Cues of languages whose cue closes the sentence, and other lists by name.
    pub lists: HashMap<String, Vec<String>>,
}

/// The gender of a noun, or its plural.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Gender {
    /// Masculine.
    M,
    /// Feminine.
    F,
    /// Neuter.
    N,
    /// Plural.
    P,
}

/// The endings that some words have in the cases.
#[derive(Debug)]
pub(super) struct Declension {
    /// What the words are.
    pub gender: Gender,
    /// The ending of the first case.
    pub nominative: String,
    /// The endings of the others, those aside that could be the first case of something else.
    pub endings: Vec<String>,
    /// Lower-case stems; after `*` what a stem ends in.
    pub stems: Vec<String>,
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
    parse::parse(source).unwrap_or_default()
}
