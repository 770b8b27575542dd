//! Writing an attribution where one was lost: "according to S, …" in the language of the sentence.
//!
//! The wordings are data (`phrases/*.toml`): for each way of speaking some alternatives, the best first. A wording that
//! needs what is not known (a genitive, whether the sentence begins with a name) is passed over; the last of each needs
//! nothing. What always holds: no word is inflected by guess, and a denial is never written as an assertion.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::{Polarity, SourceKind, Stance};
use crate::text::inflect;
use crate::text::language::Language;
use crate::text::span::Span;
use crate::text::words::capitalised;

/// The wordings of a language.
#[derive(Deserialize)]
#[serde(untagged)]
enum Wording {
    /// Alternatives for a line.
    Line(Vec<String>),
    /// For a remark in brackets.
    Note(String),
}

type Wordings = BTreeMap<String, Wording>;

const FILES: [(&str, &str); 10] = [
    ("en", include_str!("phrases/en.toml")),
    ("uk", include_str!("phrases/uk.toml")),
    ("ru", include_str!("phrases/ru.toml")),
    ("ko", include_str!("phrases/ko.toml")),
    ("zh", include_str!("phrases/zh.toml")),
    ("de", include_str!("phrases/de.toml")),
    ("pl", include_str!("phrases/pl.toml")),
    ("ja", include_str!("phrases/ja.toml")),
    ("fr", include_str!("phrases/fr.toml")),
    ("es", include_str!("phrases/es.toml")),
];

static WORDINGS: LazyLock<BTreeMap<&str, Wordings>> = LazyLock::new(|| {
    FILES
        .into_iter()
        .filter_map(|(code, text)| Some((code, toml::from_str(text).ok()?)))
        .collect()
});

/// Who is to be heard in a line, and how.
#[derive(Clone, Copy, Debug)]
pub struct Voice<'a> {
    /// The source in its dictionary form; `None`: hearsay.
    pub source: Option<&'a str>,
    /// What it is.
    pub kind: SourceKind,
    /// What the lost cue said.
    pub stance: Stance,
    /// What the lost cue said.
    pub polarity: Polarity,
    /// Who relays the source, in the dictionary form, where that was lost too.
    pub relayer: Option<&'a str>,
}

/// How a sentence begins when something is put before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// Its first letter is a capital only because it opens the sentence.
    Small,
    /// It stays as it is: a name, a number, a script without capitals.
    Kept,
    /// That cannot be told.
    Unknown,
}

/// A line with its attribution, and where in it everything stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The whole line.
    pub text: String,
    /// Who.
    pub source: Vec<Span>,
    /// Who relays.
    pub relayer: Vec<Span>,
    /// The words that tell it is reported.
    pub cue: Vec<Span>,
    /// What is reported.
    pub content: Vec<Span>,
}

/// Whether lines can be written in `language`.
pub fn known(language: Language) -> bool {
    WORDINGS.contains_key(language.code())
}

/// `sentence` as something that `voice` says. A sentence that begins with a quotation keeps its words as they are.
/// `None`: no wording for the language is known, or there is nothing to say.
pub fn line(language: Language, voice: &Voice<'_>, sentence: &str, opening: Opening) -> Option<Line> {
    let wordings = WORDINGS.get(language.code())?;
    if sentence.trim().is_empty() || voice.source.is_some_and(|s| s.trim().is_empty()) {
        return None;
    }
    let alternatives = keys(voice, sentence)
        .into_iter()
        .find_map(|key| match wordings.get(key) {
            Some(Wording::Line(alternatives)) => Some(alternatives),
            _ => None,
        })?;
    alternatives
        .iter()
        .find_map(|template| fill(template, language, voice, sentence, opening))
}

/// `sentence` with a remark in brackets that says whose the part of it is that in the other language reads `content`.
pub fn note(language: Language, voice: &Voice<'_>, content: &str, sentence: &str) -> Option<Line> {
    let key = match (denied(voice), voice.polarity) {
        (_, Polarity::Unconfirmed) => "note_unconfirmed",
        (true, _) => "note_deny",
        (false, _) => "note_say",
    };
    let Some(Wording::Note(template)) = WORDINGS.get(language.code())?.get(key) else {
        return None;
    };
    let source = voice.source.filter(|s| !s.trim().is_empty())?;
    let mut line = fill(
        &template.replace("{content}", "{sentence}"),
        language,
        &Voice {
            source: Some(source),
            ..*voice
        },
        content,
        Opening::Kept,
    )?;
    let before = format!("{sentence} [");
    for span in [&mut line.source, &mut line.cue, &mut line.content]
        .into_iter()
        .flatten()
    {
        *span = span.shifted(before.len());
    }
    line.text = format!("{before}{}]", line.text);
    Some(line)
}

fn denied(voice: &Voice<'_>) -> bool {
    voice.polarity == Polarity::Denied || voice.stance == Stance::Deny
}

/// The ways of speaking to look for, the first that the language has counts. A denial has none but its own.
fn keys(voice: &Voice<'_>, sentence: &str) -> Vec<&'static str> {
    if voice.source.is_none() {
        return vec!["hearsay"];
    }
    if voice.polarity == Polarity::Unconfirmed {
        return vec!["unconfirmed"];
    }
    if denied(voice) {
        return vec!["deny"];
    }
    if voice.relayer.is_some() {
        return vec!["relayed"];
    }
    if sentence.starts_with(['"', '“', '«', '„', '「', '\'', '‘']) {
        return vec!["quoted"];
    }
    let own = match voice.stance {
        Stance::Claim => "claim",
        Stance::Confirm => "confirm",
        Stance::Warn => "warn",
        Stance::Promise => "promise",
        Stance::Ask => "ask",
        Stance::Estimate => "estimate",
        Stance::Think => "think",
        Stance::Say | Stance::Report | Stance::Cite | Stance::Deny => match voice.kind {
            SourceKind::Person | SourceKind::Anonymous => "say_person",
            SourceKind::Outlet => "say_outlet",
            _ => "say",
        },
    };
    vec![own, "say"]
}

/// The template with everything in its place; `None` if it asks for what is not known.
fn fill(
    template: &str,
    language: Language,
    voice: &Voice<'_>,
    sentence: &str,
    opening: Opening,
) -> Option<Line> {
    let mut line = Line {
        text: String::new(),
        source: Vec::new(),
        relayer: Vec::new(),
        cue: Vec::new(),
        content: Vec::new(),
    };
    let mut rest = template;
    while !rest.is_empty() {
        let (literal, place, after) = match rest.split_once('{') {
            Some((literal, after)) => {
                let (place, after) = after.split_once('}')?;
                (literal, Some(place), after)
            }
            None => (rest, None, ""),
        };
        let at = put(&mut line.text, literal);
        // what follows the sentence is no cue any more
        if let Some(cue) = words_of(&line.text, at).filter(|_| line.content.is_empty()) {
            line.cue.push(cue);
        }
        if let Some(place) = place {
            let name = |name: Option<&str>| Some(lower_article(name?.trim(), language));
            let value = match place {
                "source" => name(voice.source)?,
                "source:genitive" => inflect::genitive(&name(voice.source)?, language)?,
                "source:bare" => name(voice.source).filter(|n| is_bare(n))?,
                "relayer" => name(voice.relayer)?,
                "sentence" => sentence.to_owned(),
                "sentence:inside" => inside(sentence, opening)?,
                _ => return None,
            };
            let at = put(&mut line.text, &value);
            match place {
                "relayer" => line.relayer.push(at),
                place if place.starts_with("source") => line.source.push(at),
                _ => line.content.push(at),
            }
        }
        rest = after;
    }
    Some(line)
}

/// Adds `piece`, with a capital if it opens the line; gives its place.
fn put(text: &mut String, piece: &str) -> Span {
    let start = text.len();
    if start == 0 {
        text.push_str(&capitalised(piece));
    } else {
        text.push_str(piece);
    }
    Span::new(start, text.len())
}

/// The span without marks at its borders; `None` if no letter is left.
fn words_of(text: &str, span: Span) -> Option<Span> {
    let piece = span.of(text);
    let inner = piece.trim_matches(|c: char| !c.is_alphanumeric());
    let start = span.start + piece.find(inner)?;
    (!inner.is_empty()).then(|| Span::new(start, start + inner.len()))
}

/// The sentence as it goes on after a comma.
fn inside(sentence: &str, opening: Opening) -> Option<String> {
    match opening {
        Opening::Small => Some(lowered(sentence)),
        Opening::Kept => Some(sentence.to_owned()),
        Opening::Unknown => None,
    }
}

/// Whether the name is nothing but words with a capital, none of them an article: it need not be declined.
fn is_bare(name: &str) -> bool {
    const ARTICLES: [&str; 6] = ["Der", "Die", "Das", "Ein", "Eine", "Einige"];
    name.split(' ')
        .all(|word| word.chars().next().is_some_and(char::is_uppercase) && !ARTICLES.contains(&word))
}

fn lowered(text: &str) -> String {
    let mut rest = text.chars();
    rest.next()
        .map_or_else(String::new, |first| first.to_lowercase().chain(rest).collect())
}

/// "The ministry" inside of a sentence is "the ministry".
fn lower_article(source: &str, language: Language) -> String {
    let articles = ["The ", "A ", "An "];
    if language == Language::EN && articles.iter().any(|a| source.starts_with(a)) {
        lowered(source)
    } else {
        source.to_owned()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn said<'a>(source: &'a str, kind: SourceKind) -> Voice<'a> {
        Voice {
            source: Some(source),
            kind,
            stance: Stance::Say,
            polarity: Polarity::Asserted,
            relayer: None,
        }
    }

    fn text(language: &str, voice: &Voice<'_>, sentence: &str, opening: Opening) -> Option<String> {
        line(language.parse().unwrap(), voice, sentence, opening).map(|line| line.text)
    }

    #[test]
    fn every_language_has_a_wording_for_everything_that_must_not_be_said_otherwise() {
        assert_eq!(WORDINGS.len(), FILES.len());
        for (code, wordings) in WORDINGS.iter() {
            code.parse::<Language>().unwrap();
            for key in [
                "say",
                "claim",
                "deny",
                "unconfirmed",
                "hearsay",
                "relayed",
                "quoted",
            ] {
                let Some(Wording::Line(lines)) = wordings.get(key) else {
                    panic!("{code} has no {key}");
                };
                // the last one needs nothing that may be unknown, but for how a sentence goes on
                let last = lines.last().unwrap();
                assert!(!last.contains("{source:"), "{code} {last}");
                assert!(last.contains("{sentence"), "{code} {last}");
            }
            for key in ["note_say", "note_deny", "note_unconfirmed"] {
                assert!(
                    matches!(wordings.get(key), Some(Wording::Note(_))),
                    "{code} {key}"
                );
            }
        }
    }

    #[test]
    fn a_source_is_put_before_a_sentence() {
        use Opening::{Kept, Small, Unknown};
        use SourceKind::{Organisation, Outlet, Person};
        let cases = [
            (
                "en",
                "The ministry",
                Organisation,
                "The bridge is open.",
                Small,
                "According to the ministry, the bridge is open.",
            ),
            ("en", "Koval", Person, "“Run.”", Kept, "Koval: “Run.”"),
            (
                "uk",
                "мер Павло Дрозд",
                Person,
                "Міст відкрито.",
                Small,
                "За словами мера Павла Дрозда, міст відкрито.",
            ),
            (
                "uk",
                "мер Павло Дрозд",
                Person,
                "Міст відкрито.",
                Unknown,
                "Джерело: мер Павло Дрозд. Міст відкрито.",
            ),
            (
                "uk",
                "Едда Ванс",
                Person,
                "Міст відкрито.",
                Small,
                "Джерело: Едда Ванс. Міст відкрито.",
            ),
            (
                "uk",
                "дорожнє агентство",
                Organisation,
                "Київ готовий.",
                Kept,
                "За даними дорожнього агентства, Київ готовий.",
            ),
            (
                "ru",
                "Ольга Дроздова",
                Person,
                "Мост открыт.",
                Small,
                "По словам Ольги Дроздовой, мост открыт.",
            ),
            (
                "ru",
                "Reuters",
                Outlet,
                "Мост открыт.",
                Small,
                "По данным Reuters, мост открыт.",
            ),
            (
                "pl",
                "Anna Kowalska",
                Person,
                "Most jest otwarty.",
                Small,
                "Według Anny Kowalskiej most jest otwarty.",
            ),
            (
                "de",
                "Edda Vance",
                Person,
                "Die Brücke ist offen.",
                Kept,
                "Laut Edda Vance: Die Brücke ist offen.",
            ),
            (
                "de",
                "das Ministerium",
                Organisation,
                "Die Brücke ist offen.",
                Kept,
                "Quelle: das Ministerium. Die Brücke ist offen.",
            ),
            (
                "ko",
                "항만청",
                Organisation,
                "항구가 열렸다.",
                Kept,
                "항만청에 따르면 항구가 열렸다.",
            ),
            (
                "zh",
                "港务局",
                Organisation,
                "港口开放了。",
                Kept,
                "据港务局称，港口开放了。",
            ),
        ];
        for (language, source, kind, sentence, opening, want) in cases {
            let got = text(language, &said(source, kind), sentence, opening);
            assert_eq!(got.as_deref(), Some(want));
        }
        assert_eq!(text("en", &said("", Person), "The bridge is open.", Small), None);
        assert_eq!(text("ar", &said("x", Person), "y", Kept), None);
    }

    #[test]
    fn a_denial_stays_a_denial_in_every_language() {
        for (code, _) in FILES {
            let mut voice = said("X", SourceKind::Person);
            voice.polarity = Polarity::Denied;
            let denied = text(code, &voice, "Y.", Opening::Kept).unwrap();
            voice.polarity = Polarity::Unconfirmed;
            let open = text(code, &voice, "Y.", Opening::Kept).unwrap();
            voice.polarity = Polarity::Asserted;
            let said = text(code, &voice, "Y.", Opening::Kept).unwrap();
            assert!(
                denied != said && open != said && open != denied,
                "{denied} {open} {said}"
            );
        }
    }

    #[test]
    fn the_parts_of_a_line_are_known() {
        let mut voice = said("двоє обізнаних осіб", SourceKind::Anonymous);
        voice.relayer = Some("Reuters");
        let line = line(Language::UK, &voice, "Банк закриють.", Opening::Kept).unwrap();
        assert_eq!(
            line.text,
            "Джерело: Reuters; першоджерело: двоє обізнаних осіб. Банк закриють."
        );
        let of = |spans: &[Span]| {
            spans
                .iter()
                .map(|s| s.of(&line.text))
                .collect::<Vec<_>>()
                .join("|")
        };
        assert_eq!(of(&line.source), "двоє обізнаних осіб");
        assert_eq!(of(&line.relayer), "Reuters");
        assert_eq!(of(&line.cue), "Джерело|першоджерело");
        assert_eq!(of(&line.content), "Банк закриють.");
    }

    #[test]
    fn a_remark_tells_whose_a_part_is() {
        let voice = said("місцеві ЗМІ", SourceKind::Outlet);
        let line = note(Language::UK, &voice, "it was 20", "Влада повідомила про 12, 20.").unwrap();
        assert_eq!(
            line.text,
            "Влада повідомила про 12, 20. [Джерело: місцеві ЗМІ – it was 20]"
        );
        assert_eq!(line.source[0].of(&line.text), "місцеві ЗМІ");
        assert_eq!(line.content[0].of(&line.text), "it was 20");
    }
}
