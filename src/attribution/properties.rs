//! What must hold for any text at all: spans slice, parents make a tree, the work is linear.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::{Claims, attribute_text};
use crate::text::language::Language;
use crate::text::segment;
use crate::text::span::Span;

const LANGUAGES: [Language; 5] = [
    Language::EN,
    Language::UK,
    Language::KO,
    Language::ZH,
    Language::RU,
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

    /// Any characters at all, control characters, marks without a letter and unassigned ones included.
    #[test]
    fn any_text(text in prop::collection::vec(any::<char>(), 0..200)) {
        let text: String = text.into_iter().collect();
        for language in LANGUAGES {
            holds(&text, &read(&text, language));
        }
    }

    /// Text with the marks that quotations, brackets, dialogue and headers are made of, in any order.
    #[test]
    fn any_marks(text in "[ \n,.:;!?\"'“”„«»‘’「」『』()\\[\\]—–a-zА-яа-яіїєґ가-힣一-龥]{0,200}") {
        for language in LANGUAGES {
            holds(&text, &read(&text, language));
        }
    }

    /// Pieces of news in any order, marks unbalanced.
    #[test]
    fn shuffled_news(pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..40), which in 0..LANGUAGES.len()) {
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
    "За його словами, ",
    "йдеться у звіті",
    "«Хвиля» ",
    "«Він сказав: „Тікай“» ",
    "Додав, що ",
    "— Тікай, — сказав він. ",
    "журналістам ",
    "у Telegram ",
    "다고 한다",
    "라며 ",
    "라는 의혹이 제기됐다",
    "이렇게 말했다",
    "(58)가 ",
    "주장한 시공사는 ",
    "성명을 통해 ",
    "논평을 거부했다",
    "것으로 보고 있다",
    "“그가 ‘뛰어’라고 했다”고 ",
];

/// Pieces of sentences without a border, repeated to a megabyte: some unbalanced, some that only grow.
const LINES: &[(Language, &str)] = &[
    (
        Language::EN,
        "Lund said \"it is over, and the mayor, who \"knew, told them that ",
    ),
    (Language::EN, ", the mayor"),
    (Language::EN, "\"'“‘"),
    (Language::EN, "a"),
    (Language::EN, "the ministry said "),
    (Language::EN, "(Reuters) - It said, "),
    (Language::EN, "\"He told me, 'Run,'\" she said, "),
    (Language::UK, "«Усе, — сказав Лі, — "),
    (Language::UK, "«Він сказав: „Тікай“», — згадала Коваль, "),
    (Language::UK, "У міністерстві додали, що "),
    (Language::UK, "за його словами журналістам у Telegram "),
    (Language::UK, "«Хвиля» "),
    (Language::UK, "Ткач вину не визнає, якого цитує «Хвиля», "),
    (Language::UK, "водій від коментарів відмовився "),
    (Language::UK, "ані підтвердили, ані спростували "),
    (Language::RU, "«Всё, — сказал Ли, — "),
    (Language::RU, "В Минобороны заявили, что по словам губернатора "),
    (Language::RU, "со ссылкой на него "),
    (Language::KO, "시장은 다리가 열렸다며 "),
    (Language::KO, "“열렸다”라며 시는 "),
    (Language::KO, "관계자에 따르면 열렸다고 말한 것으로 알려졌다는 "),
    (Language::KO, "기자회견에서 12일 성명을 통해 "),
    (Language::KO, "(58)가 "),
    (Language::KO, "총리실도 단체 ‘조랴’는 질문에 답하지 "),
    (Language::ZH, "市长表示，据说“"),
    (Language::ZH, "据路透社报道，市长说：「"),
    (Language::ZH, "援引"),
];

#[test]
fn one_line_of_a_megabyte() {
    for &(language, piece) in LINES {
        let text = piece.repeat(1_000_000 / piece.len());
        let line = [Span::new(0, text.len()).trimmed(&text)];
        let start = std::time::Instant::now();
        holds(&text, &attribute_text(&text, language, &line));
        // Quadratic work would take minutes; the bound leaves room for a slow machine.
        let took = start.elapsed().as_secs_f64();
        assert!(took < 20.0, "{took:.1} s for {piece:?}");
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
