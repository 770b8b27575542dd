//! What must hold for any text at all: spans slice, parents make a tree, the work is linear.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::{Claims, attribute_text};
use crate::text::language::Language;
use crate::text::segment;
use crate::text::span::Span;

const LANGUAGES: [Language; 6] = [
    Language::EN,
    Language::UK,
    Language::KO,
    Language::ZH,
    Language::RU,
    Language::EN,
];

fn read(text: &str, language: Language) -> Claims {
    attribute_text(text, language, &segment::sentences(text, language))
}

/// Every span lies on character boundaries and is not empty; sources and parents exist; no cycles.
fn holds(text: &str, claims: &Claims) {
    let slices = |span: &Span| {
        assert!(span.start < span.end, "empty span {span:?}");
        assert!(
            text.get(span.start..span.end).is_some(),
            "{span:?} does not slice"
        );
        let piece = span.of(text);
        assert_eq!(piece, piece.trim(), "white space at a border");
    };
    for claim in &claims.attributions {
        let spans = claim
            .source_spans
            .iter()
            .chain(&claim.cue_spans)
            .chain(&claim.content_spans);
        spans.for_each(slices);
        assert!(!claim.cue_spans.is_empty());
        assert!(!claim.content_spans.is_empty() || claim.form == super::Form::Header);
        assert!(claim.source.is_none_or(|s| s < claims.sources.len()));
        let mut seen = 0;
        let mut parent = claim.parent;
        while let Some(p) = parent {
            seen += 1;
            assert!(seen <= claims.attributions.len(), "a cycle");
            parent = claims.attributions[p].parent;
        }
    }
    for source in &claims.sources {
        source.mentions.iter().for_each(slices);
        assert!(!source.name.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text(text in "\\PC{0,200}") {
        for language in LANGUAGES {
            holds(&text, &read(&text, language));
        }
    }

    /// Pieces of news in any order, marks unbalanced.
    #[test]
    fn shuffled_news(pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..40), which in 0..6_usize) {
        let text = pieces.concat();
        holds(&text, &read(&text, LANGUAGES[which]));
    }
}

const PIECES: &[&str] = &[
    "Lund said ",
    "\"",
    "“",
    "”",
    "'",
    "’",
    "«",
    "»",
    "„",
    " — ",
    ", ",
    ". ",
    "\n",
    "\n\n",
    " that ",
    "the mayor",
    "according to ",
    "Source: ",
    "citing ",
    "he ",
    "who ",
    "(Reuters) - ",
    "OYA ",
    "reported",
    " added",
    ", adding that",
    "reportedly ",
    "told reporters ",
    "neither confirm nor deny ",
    "said:",
    "🙂",
    "e\u{301}",
    "\u{200b}",
    "Джерело: ",
    "заявив, що ",
    "За словами ",
    "губернатора",
    "повідомили",
    "із посиланням на ",
    "출처: ",
    "은 ",
    "는 ",
    "다고 ",
    "말했다",
    "에 따르면 ",
    "것으로 알려졌다",
    "를 인용해 ",
    "“…”고 ",
    "표시",
    "表示，",
    "据",
    "报道，",
    "说：",
    "。",
    "援引",
    "的话",
    "И",
    "сказал Ли",
    "U.S.",
    "Mr. ",
    "'s ",
    "1,200",
    "put the toll at 12",
    ";",
    ":",
    "is said to ",
    "by ",
];

#[test]
fn one_line_of_a_megabyte() {
    for (language, piece) in [
        (
            Language::EN,
            "Lund said \"it is over, and the mayor, who \"knew, told them that ",
        ),
        (Language::EN, ", the mayor"),
        (Language::EN, "\"'“‘"),
        (Language::UK, "«Усе, — сказав Лі, — "),
        (Language::KO, "시장은 다리가 열렸다며 "),
        (Language::ZH, "市长表示，据说“"),
        (Language::EN, "a"),
    ] {
        let text = piece.repeat(1_000_000 / piece.len());
        holds(
            &text,
            &attribute_text(&text, language, &[Span::new(0, text.len()).trimmed(&text)]),
        );
    }
}

#[test]
fn twice_the_text_is_twice_the_work() {
    // Counted in claims, not in seconds: each copy of a paragraph gives the same claims.
    let paragraph = "\"It is over,\" Anna Lund said. \"We lost.\"\n\nLund added that crews were leaving, citing the port.\n\n";
    let once = read(paragraph, Language::EN).attributions.len();
    assert!(once >= 3);
    let many = read(&paragraph.repeat(50), Language::EN);
    assert_eq!(many.attributions.len(), 50 * once);
    assert_eq!(many.sources.iter().filter(|s| s.name == "Anna Lund").count(), 1);
}
