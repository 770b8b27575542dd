#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::align::{Claim, Ledger, Signals, Status, ledger};
use crate::attribution::attribute_text;
use crate::text::language::Language;

/// One segment and its translation, with the words that the translator made of words, as it tells.
fn held(en: &str, uk: &str, told: &[Link]) -> Ledger {
    let (a, b) = ([Span::new(0, en.len())], [Span::new(0, uk.len())]);
    let (mine, theirs) = (
        attribute_text(en, Language::EN, &a),
        attribute_text(uk, Language::UK, &b),
    );
    let side = |language, text, segments, claims| Side {
        language,
        text,
        segments,
        claims,
    };
    let signals = Signals {
        alignment: &[told],
        ..Signals::default()
    };
    let source = side(Language::EN, en, &a[..], &mine);
    ledger("t", &source, &side(Language::UK, uk, &b[..], &theirs), signals)
}

/// Links as a translator gives them, token by token: here each word is cut in two.
fn told(en: &str, uk: &str, pairs: &[(&str, &str)]) -> Vec<Link> {
    let halves = |text: &str, word: &str| {
        let start = text.find(word).unwrap_or_else(|| panic!("{word} in {text}"));
        let half = word.char_indices().nth(word.chars().count() / 2).unwrap().0;
        [
            Span::new(start, start + half),
            Span::new(start + half, start + word.len()),
        ]
    };
    let each = pairs.iter().flat_map(|(from, to)| {
        let from = halves(en, from);
        halves(uk, to).map(|target| from.map(|source| (source, target)))
    });
    each.flatten()
        .filter(|(source, target)| !source.is_empty() && !target.is_empty())
        .map(|(source, target)| Link {
            source,
            target,
            weight: 0.4,
        })
        .collect()
}

fn claim(ledger: &Ledger) -> &Claim {
    &ledger.claims[0]
}

fn target<'l>(ledger: &'l Ledger, spans: &[Span]) -> Vec<&'l str> {
    spans.iter().map(|s| s.of(&ledger.target.text)).collect()
}

const KEOGH: &str = "Keogh said that Cholmondeley had closed the ferry.";
const KEOGH_UK: &str = "Що пором закрив Чамлі, сказав Кіо.";

#[test]
fn a_name_that_sounds_too_unlike_is_found_where_the_translator_wrote_it() {
    let alone = held(KEOGH, KEOGH_UK, &[]);
    assert!(alone.lost.iter().any(|l| l.source.of(KEOGH) == "Keogh"));
    assert_eq!(claim(&alone).status, Status::Missing);
    assert_eq!(claim(&alone).evidence.alignment, None);
    let links = told(
        KEOGH,
        KEOGH_UK,
        &[
            ("Keogh", "Кіо"),
            ("said", "сказав"),
            ("Cholmondeley", "Чамлі"),
            ("ferry", "пором"),
        ],
    );
    let with = held(KEOGH, KEOGH_UK, &links);
    assert!(with.lost.is_empty(), "{:?}", with.lost);
    assert_eq!(target(&with, &claim(&with).target.source), ["Кіо"]);
    assert_eq!(claim(&with).evidence.source, Some(0.6));
    assert_eq!(claim(&with).evidence.alignment, Some(1.0));
    assert_eq!(claim(&with).status, Status::Verified);
}

#[test]
fn a_wrong_name_is_none_wherever_the_translator_looked() {
    let wrong = KEOGH_UK.replace("Кіо", "Бровко");
    for (from, to) in [("Keogh", "пором"), ("Keogh", "Бровко"), ("ferry", "Бровко")] {
        let links = told(KEOGH, &wrong, &[(from, to), ("said", "сказав")]);
        let with = held(KEOGH, &wrong, &links);
        assert!(
            with.lost.iter().any(|l| l.source.of(KEOGH) == "Keogh"),
            "{from} {to}: {:?}",
            with.names
        );
        assert_eq!(claim(&with).status, Status::Missing, "{from} {to}");
    }
}

#[test]
fn a_name_between_quotation_marks_may_be_translated() {
    let (en, uk) = (
        "The Lantern said on Friday that Nuri Vell had closed the Oakmill.",
        "Що Нурі Велл закрив «Дубомлин», у п’ятницю повідомив «Каганець».",
    );
    let links = told(
        en,
        uk,
        &[
            ("Lantern", "Каганець"),
            ("said", "повідомив"),
            ("Oakmill", "Дубомлин"),
        ],
    );
    let with = held(en, uk, &links);
    assert_eq!(target(&with, &claim(&with).target.source), ["«Каганець»"]);
    assert_eq!(claim(&with).status, Status::Verified);
    assert!(with.lost.is_empty(), "{:?}", with.lost);
}

#[test]
fn who_has_no_name_is_surer_where_place_and_translator_agree() {
    let (en, uk) = (
        "The ferryman said that the bridge was closed.",
        "Поромник сказав, що міст закрито.",
    );
    let alone = held(en, uk, &[]);
    assert_eq!(claim(&alone).evidence.source, Some(0.5));
    let with = held(en, uk, &told(en, uk, &[("ferryman", "Поромник")]));
    assert_eq!(claim(&with).evidence.source, Some(0.6));
    let elsewhere = held(en, uk, &told(en, uk, &[("ferryman", "міст")]));
    assert_eq!(claim(&elsewhere).evidence.source, Some(0.5));
}

#[test]
fn the_content_is_what_was_made_of_it() {
    let (en, uk) = (
        "According to Nuri Vell, the bridge was closed.",
        "Нурі Велл міст закрив.",
    );
    let whole = held(en, uk, &[]);
    let links = told(
        en,
        uk,
        &[("bridge", "міст"), ("closed", "закрив"), ("was", "закрив")],
    );
    let with = held(en, uk, &links);
    assert_eq!(target(&whole, &claim(&whole).target.content), [uk]);
    assert_eq!(target(&with, &claim(&with).target.content), ["міст закрив"]);
}

#[test]
fn characters_that_are_written_together_are_linked_token_by_token() {
    let (en, zh) = ("The bridge was closed.", "桥已关闭。");
    let claims = attribute_text(en, Language::EN, &[]);
    let side = |language, text| Side {
        language,
        text,
        segments: &[],
        claims: &claims,
    };
    let pair = Pair {
        source: Span::new(0, en.len()),
        target: Span::new(0, zh.len()),
    };
    let link = |source: &str, target: &str| Link {
        source: Span::new(en.find(source).unwrap(), en.find(source).unwrap() + source.len()),
        target: Span::new(zh.find(target).unwrap(), zh.find(target).unwrap() + target.len()),
        weight: 0.8,
    };
    let links = [link(" bridge", "桥"), link(" closed", "关闭"), link(".", "。")];
    let found = matches(&links, &pair, &side(Language::EN, en), &side(Language::ZH, zh));
    let words: Vec<(&str, &str)> = found
        .links
        .iter()
        .map(|l| (l.source.of(en), l.target.of(zh)))
        .collect();
    assert_eq!(words, [("bridge", "桥"), ("closed", "关闭")]);
    assert!(found.links.iter().all(TokenLink::is_sure));
}

#[test]
fn what_is_spread_or_drawn_to_one_word_is_no_pair() {
    let (en, uk) = ("Vell bought the old ferry", "Велл купив старий пором");
    let spans = |text: &str| words(text);
    let all = |weight: f32| -> Vec<Link> {
        let each = spans(en).into_iter().flat_map(|source| {
            let link = move |target| Link {
                source,
                target,
                weight,
            };
            spans(uk).into_iter().map(link)
        });
        each.collect()
    };
    let sink: Vec<Link> = all(1.0).into_iter().filter(|l| l.source.start == 0).collect();
    let claims = attribute_text(en, Language::EN, &[]);
    let side = |language, text| Side {
        language,
        text,
        segments: &[],
        claims: &claims,
    };
    let pair = Pair {
        source: Span::new(0, en.len()),
        target: Span::new(0, uk.len()),
    };
    for links in [all(0.2), all(1.0), sink] {
        let found = matches(&links, &pair, &side(Language::EN, en), &side(Language::UK, uk));
        assert!(!found.links.iter().any(TokenLink::is_sure), "{:?}", found.links);
    }
}

/// Texts whose translations have lost who says it.
const LOST: [(&str, &str); 6] = [
    (KEOGH, "Пором закрив Чамлі."),
    (KEOGH, "Пором закрив Чамлі, сказав Бровко."),
    (KEOGH, "Пором закрив Чамлі, як повідомили в п’ятницю вранці."),
    (
        "The ferryman said that the bridge was closed.",
        "Міст на річці вчора закрито.",
    ),
    (
        "Police said that the bridge was closed.",
        "Міст закрито, сказала Зоряна Бровко.",
    ),
    (
        "The Lantern said that Nuri Vell had closed the ferry.",
        "Пором закрив Нурі Велл, сказав Бровко.",
    ),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// The attention of a model that was never trained finds nobody.
    #[test]
    fn links_at_random_bring_no_source_back(
        which in 0..LOST.len(),
        ties in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0.1f32..1.0), 0..12),
    ) {
        let (en, uk) = LOST[which];
        let (mine, theirs) = (words(en), words(uk));
        let link = |(from, to, weight): &(prop::sample::Index, prop::sample::Index, f32)| Link {
            source: *from.get(&mine),
            target: *to.get(&theirs),
            weight: *weight,
        };
        let links: Vec<Link> = ties.iter().map(link).collect();
        let ledger = held(en, uk, &links);
        prop_assert_eq!(claim(&held(en, uk, &[])).status, Status::Missing);
        prop_assert_eq!(claim(&ledger).status, Status::Missing);
    }
}
