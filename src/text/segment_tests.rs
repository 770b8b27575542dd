#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

fn cut(text: &str, code: &str) -> Vec<String> {
    sentences(text, code.parse().unwrap())
        .into_iter()
        .map(|span| span.of(text).to_owned())
        .collect()
}

/// Writes the expected borders into the text as ` | ` and compares.
#[track_caller]
fn check(code: &str, marked: &str) {
    let text = marked.replace("¦", "").replace(" | ", " ");
    let got = cut(&text, code).join(" | ");
    assert_eq!(got, marked.replace("¦", " | ").replace("  |  ", " | "), "{code}");
}

#[test]
fn english_abbreviations_and_initials() {
    check(
        "en",
        "Dr. Orla Finch met Lt. Gen. B. K. Marsh on Jan. 5 in the U.S. Senate. | He left.",
    );
    check(
        "en",
        "The firm moved to the U.S. | The mayor of St. Corvin said so. | No. 5 was empty.",
    );
    check(
        "en",
        "Prices rose 3.5 percent, to $1.20. | Nobody asked why. | He said no. | 12 people left.",
    );
    check(
        "en",
        "It opened at 9 a.m. Monday. | It shut at 5 p.m. | The rest stayed with Brill & Co. until dusk.",
    );
    check(
        "en",
        "The fort fell in 1915. | 40 people died there. | See p. 7, fig. 2 and Art. IV of the treaty.",
    );
    check(
        "en",
        "Mr. and Mrs. Vane, of Tarn Inc., paid. | J. R. Penn did not. | So did King Otto I. | He was ill.",
    );
    check("en", "They brought lamps, ropes, etc. | Divers came at noon.");
}

#[test]
fn quotations_stay_whole() {
    check(
        "en",
        "\"She left.\" | He stayed. | \"Stop!\" he said. | \"Who is it?\" asked Vane. | \"Go.\"",
    );
    check(
        "en",
        "“It is over,” Lee said, “and everyone knows it.” | The room emptied.",
    );
    check("en", "“It is over. | Everyone knows it,” Lee said.");
    check(
        "de",
        "„Sie ging.“ | Er blieb. | „Wer ist da?“, fragte sie am 3. Oktober. | Niemand sprach.",
    );
    check("fr", "« Il est parti. » | Puis rien. | « Où ? » demanda-t-elle.");
    check(
        "uk",
        "«Ми втратили світло». | Петренко додала, що бригади вже їдуть. | «Чому?» — спитав він.",
    );
    check("en", "The band Wow! said it was sorry. | Really?! | Yes.");
}

#[test]
fn dialogue_dashes_and_ellipses() {
    check(
        "uk",
        "— Ні, — сказав він. | — Я йду. | — Ти куди? — гукнула вона.",
    );
    check(
        "ru",
        "— Стой! — крикнул он. | Никто не ответил… | Потом все ушли.",
    );
    check(
        "en",
        "He waited... | Nobody came. | The note read: \"... and the rest is lost.\" | Well… maybe.",
    );
    check(
        "en",
        "The report said \"ships [...] The crew\" were safe. | That is all.",
    );
}

#[test]
fn addresses_and_lists() {
    check(
        "en",
        "Write to press.office@harbour.example or see https://www.harbour.example/a?x=1.5&y=Z! | Then wait.",
    );
    check("en", "Node.js and example.com are names. | End.[2] Next.");
    check("en", "1. Open the gate.");
    assert_eq!(cut("- One. Two.\n- Three\n- Four", "en").len(), 4);
}

#[test]
fn ukrainian_and_russian() {
    check(
        "uk",
        "Лікарня ім. Т. Г. Бережного на вул. Садовій, 5, м. Лозовець, закрита. | У 2024 р. вона прийняла 5 тис. хворих. | Ще 3 млн грн. | Кінець.",
    );
    check(
        "uk",
        "За ст. 12 закону, тобто ч. 2, це заборонено. | Дж. К. Роллен не відповіла.",
    );
    check(
        "uk",
        "Збитки — 40 тис. | Раніше називали іншу суму. | Він народився 1950 р. | Потім переїхав.",
    );
    check(
        "ru",
        "Он жил на ул. Лесной, д. 5, в г. Озёрске и т. д. по списку. | В 1999 г. он уехал. | Это всё.",
    );
}

#[test]
fn korean_chinese_japanese() {
    check(
        "ko",
        "시장은 항구가 닫혔다고 말했다. | 주민들은 반대했다.¦그는 떠났다. | “전기가 끊겼다.” | 그러면서 복구 인력이 가고 있다고 덧붙였다.",
    );
    check(
        "ko",
        "“모두 끝났다.”고 그는 말했다. | “정말인가?”라고 물었다. | 피해액은 3.5억 원이다.",
    );
    check(
        "zh",
        "港口已经关闭。¦市长说：“我们走吧。”¦大家沉默不语！¦“走吧。”他说。¦为什么？",
    );
    check("zh", "U.S. Steel 的报价是 3.5 亿。¦完。");
    check(
        "ja",
        "港は閉鎖された。¦「もう終わった。」と市長は述べた。¦誰も答えなかった。",
    );
}

#[test]
fn line_breaks() {
    assert_eq!(
        cut("A headline without a stop\nThe first line of the text.", "en").len(),
        2
    );
    assert_eq!(
        cut("one\r\ntwo\rthree\u{2028}four\n\nfive", "en"),
        ["one", "two", "three", "four", "five"]
    );
    let wrapped = "The harbour at Tarn will close for the whole of the winter, the port\n\
                   authority said on Monday, after divers found that the old sea wall had\n\
                   moved by 12 cm. Nobody was hurt. The mayor asked people to stay away from\n\
                   the quay.";
    assert_eq!(cut(wrapped, "en").len(), 3);
    assert!(cut(wrapped, "en")[1].starts_with("Nobody"));
    // A blank line ends a sentence, whatever stands before it.
    assert_eq!(cut("the port of\n\nTarn", "en"), ["the port of", "Tarn"]);
}

#[test]
fn nothing_of_nothing() {
    assert!(cut("", "en").is_empty());
    assert!(cut(" \n\t\r\n ", "uk").is_empty());
    assert_eq!(cut("...", "en"), ["..."]);
    assert_eq!(cut("Yes. ...", "en"), ["Yes. ..."]);
}

/// Sizes at which anything worse than linear would not come back.
#[test]
fn large_texts() {
    let line = "word ".repeat(200_000);
    assert_eq!(cut(&line, "en").len(), 1);
    assert_eq!(cut(&"x".repeat(1_000_000), "en").len(), 1);
    for unit in [
        ". ", "a. ", ".", "«", "\" ", ". ( ", "… ", "。", "\n", "1. ", "- ", "?\"", ".\" ) ",
    ] {
        let text = unit.repeat(1_000_000 / unit.len());
        check_invariants(&text, "en");
    }
    let text = "The port closed at 5 p.m. on Jan. 3. \"Why?\" he asked. ".repeat(10_000_000 / 55);
    assert_eq!(cut(&text, "en").len(), 2 * (10_000_000 / 55));
}

fn check_invariants(text: &str, code: &str) {
    let spans = sentences(text, code.parse().unwrap());
    let mut end = 0;
    for span in &spans {
        assert!(span.start >= end && span.end <= text.len());
        let inner = text.get(span.start..span.end).unwrap();
        assert!(!inner.is_empty() && inner.trim() == inner);
        assert!(
            text[end..span.start].trim().is_empty(),
            "lost: {:?}",
            &text[end..span.start]
        );
        assert!(!inner.contains("\n\n"));
        end = span.end;
    }
    assert!(text[end..].trim().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_unicode_is_covered(text in "\\PC*|[\\s\\S]{0,60}", code in prop::sample::select(vec!["en", "uk", "ko", "zh", "de", "ja", "th"])) {
        check_invariants(&text, code);
    }

    #[test]
    fn news_like_text_is_covered(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "Dr", ".", "?", "!", "…", "\"", "”", "“", "«", "»", " ", "  ", "\n", "\r\n", "\u{2028}", "a", "The", "U.S", "3", "5", "ст",
                "다", "그", "。", "」", "他说", "—", "- ", "1", "(", ")", "[", "ї", "é", "🙂", "\u{301}", "\u{feff}", "\0", "с", "км",
            ]),
            0..60,
        ),
        code in prop::sample::select(vec!["en", "uk", "ko", "zh", "de", "ja", "fr", "ru"]),
    ) {
        check_invariants(&parts.concat(), code);
    }
}
