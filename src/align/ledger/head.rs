//! Who is only an owner where somebody or something else speaks: "the group's water samples", "проби води екологічної
//! групи", 환경단체의 수질 표본, 环保组织的水样. The marks of such phrases are data (`head.toml`); in a language that has none
//! there nothing is told.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::align::gazetteer::{Kind, gazetteer};
use crate::text::language::Language;
use crate::text::span::Span;
use crate::text::words::words;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Marks {
    /// What stands behind an owner, before the head.
    #[serde(default)]
    after: Vec<String>,
    /// What stands before an owner, behind the head.
    #[serde(default)]
    before: Vec<String>,
    /// Endings of an adjective that shows its noun to be an owner.
    #[serde(default)]
    owning: Vec<String>,
    /// Heads that are a part of those they stand with.
    #[serde(default)]
    parts: Vec<String>,
}

fn tables() -> &'static HashMap<String, Marks> {
    static TABLES: OnceLock<HashMap<String, Marks>> = OnceLock::new();
    TABLES.get_or_init(|| toml::from_str(include_str!("head.toml")).unwrap_or_default())
}

/// The head of the phrase `whole` of `text` that the word or name at `part` only owns; none if it is the head itself.
pub(super) fn owned(part: Span, whole: Span, text: &str, language: Language) -> Option<Span> {
    let marks = tables().get(language.code())?;
    let rest = text.get(part.end..whole.end)?;
    let behind = marks.after.iter().find(|mark| rest.starts_with(mark.as_str()));
    if let Some(mark) = behind {
        let head = Span::new(part.end + mark.len(), whole.end).trimmed(text);
        return (!head.is_empty()).then_some(head);
    }
    let front = text.get(whole.start..part.start)?;
    let ahead = marks.before.iter().find(|mark| front.ends_with(mark.as_str()));
    if let Some(mark) = ahead {
        let head = Span::new(whole.start, part.start - mark.len()).trimmed(text);
        return (!head.is_empty()).then_some(head);
    }
    let before = words(front);
    let (first, last) = (before.first()?, before.last()?);
    let owning = |word: &Span| marks.owning.iter().any(|e| word.of(front).ends_with(e.as_str()));
    (owning(last) && !owning(first)).then(|| first.shifted(whole.start))
}

/// The head of the phrase `whole` behind its last owner, if it has one.
pub(super) fn behind_owner(whole: Span, text: &str, language: Language) -> Option<Span> {
    let marks = tables().get(language.code())?;
    let phrase = text.get(whole.start..whole.end)?;
    let ends = marks
        .after
        .iter()
        .filter_map(|m| Some(phrase.rfind(m.as_str())? + m.len()));
    let head = Span::new(whole.start + ends.max()?, whole.end).trimmed(text);
    (!head.is_empty()).then_some(head)
}

/// Whether the head `span` may speak for its owner, or is a part of those it stands with: "the group's spokesman", "most of
/// the experts".
pub(super) fn speaks(span: Span, text: &str, language: Language) -> bool {
    let head = span.of(text).to_lowercase();
    let marks = tables().get(language.code());
    let part = |word: &str| marks.is_some_and(|m| m.parts.iter().any(|p| word.starts_with(p.as_str())));
    let role = |entry: &u32| gazetteer().kind(*entry) == Kind::Term;
    head.starts_with(|c: char| c.is_ascii_digit())
        // a foreigner's name in Chinese
        || head.contains('·')
        || words(&head).iter().any(|word| part(word.of(&head)))
        || gazetteer()
            .find(span.of(text), language)
            .iter()
            .any(|hit| hit.entries.iter().any(role))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str, part: &str, language: Language) -> Option<(String, bool)> {
        let at = text.find(part).unwrap_or_default();
        let whole = Span::new(0, text.len());
        let head = owned(Span::new(at, at + part.len()), whole, text, language)?;
        Some((head.of(text).to_owned(), speaks(head, text, language)))
    }

    #[test]
    fn an_owner_is_not_the_head() {
        let owned = [
            (
                "the environmental group's water samples",
                "environmental group",
                Language::EN,
                "water samples",
            ),
            (
                "the water samples of the group",
                "group",
                Language::EN,
                "the water samples",
            ),
            ("проби води екологічної групи", "групи", Language::UK, "проби"),
            ("пробы воды экологической группы", "группы", Language::RU, "пробы"),
            ("환경단체의 수질 표본", "환경단체", Language::KO, "수질 표본"),
            ("环保组织的水样", "环保组织", Language::ZH, "水样"),
        ];
        for (text, part, language, want) in owned {
            assert_eq!(
                head(text, part, language),
                Some((want.to_owned(), false)),
                "{text}"
            );
        }
        let heads = [
            ("the environmental group", "group", Language::EN),
            ("нова екологічна група", "група", Language::UK),
            ("правозахисні групи", "групи", Language::UK),
            ("한 환경단체", "환경단체", Language::KO),
            ("一个环保组织", "环保组织", Language::ZH),
        ];
        for (text, part, language) in heads {
            assert_eq!(head(text, part, language), None, "{text}");
        }
    }

    #[test]
    fn who_speaks_for_somebody_and_a_part_of_many_may_speak() {
        let speaking = [
            (
                "the environmental group's spokesman",
                "environmental group",
                Language::EN,
            ),
            ("most of the experts", "experts", Language::EN),
            ("речник екологічної групи", "групи", Language::UK),
            ("більшість опитаних експертів", "експертів", Language::UK),
            ("환경단체의 대변인", "환경단체", Language::KO),
            ("环保组织的发言人", "环保组织", Language::ZH),
        ];
        for (text, part, language) in speaking {
            assert!(
                head(text, part, language).is_some_and(|(_, speaks)| speaks),
                "{text}"
            );
        }
    }
}
