//! The links of names.

use serde_json::{Value, json};

use super::check;

/// The links of a segment pair, as words.
fn names(to: &str, source: &str, target: &str) -> Vec<(String, String)> {
    let line = json!({"id": "n", "from": "en", "to": to, "source": [source], "target": [target]});
    let (_, ledgers, _) = check(&line.to_string());
    let word = |text: &str, pair: &Value| -> String {
        let at = |i: usize| usize::try_from(pair[i].as_u64().unwrap()).unwrap();
        text.chars().skip(at(0)).take(at(1) - at(0)).collect()
    };
    let links = ledgers[0]["names"].as_array().unwrap();
    links
        .iter()
        .map(|link| {
            let words: Vec<String> = link[to]
                .as_array()
                .unwrap()
                .iter()
                .map(|p| word(target, p))
                .collect();
            (word(source, &link["en"]), words.join(" "))
        })
        .collect()
}

#[test]
fn names_are_found_however_they_are_written() {
    for (to, source, target, name, found) in [
        (
            "ko",
            "On Monday Han Bo-mi spoke.",
            "월요일 한보미가 연설했다.",
            "Han Bo",
            "한보미가",
        ),
        (
            "ko",
            "On Monday Bomi Han spoke.",
            "월요일 한보미가 연설했다.",
            "Bomi Han",
            "한보미가",
        ),
        (
            "ko",
            "\"We lost,\" said Roh on Monday.",
            "“우리가 졌다”고 노 씨가 월요일 말했다.",
            "Roh",
            "노",
        ),
        (
            "ko",
            "Only Elina Harlow stayed.",
            "엘리나 할로만 남았다.",
            "Elina Harlow",
            "엘리나 할로만",
        ),
        (
            "uk",
            "A novel by J. K. Harlow sold well.",
            "Роман Дж. К. Гарлоу добре продавався.",
            "Harlow",
            "Гарлоу",
        ),
        (
            "uk",
            "The trade body VRTK said so.",
            "Галузева асоціація ВРТК так сказала.",
            "VRTK",
            "ВРТК",
        ),
        (
            "uk",
            "The IMF paid on Monday.",
            "МВФ заплатив у понеділок.",
            "IMF",
            "МВФ",
        ),
        (
            "ko",
            "The IMF paid on Monday.",
            "국제통화기금이 월요일 지불했다.",
            "IMF",
            "국제통화기금",
        ),
        (
            "ru",
            "The man from Vellin met Elina Harlow.",
            "Мужчина из Веллина встретил Элину Харлоу.",
            "Elina Harlow",
            "Элину Харлоу",
        ),
        // one character of a longer name is not left to the syllable of another
        (
            "zh",
            "Vladimir Putin met Kim Jong Un on Friday.",
            "弗拉基米尔·普京周五会见了金正恩。",
            "Vladimir Putin",
            "弗拉基米尔 普京",
        ),
    ] {
        let links = names(to, source, target);
        assert!(
            links.contains(&(name.to_owned(), found.to_owned())),
            "{target}: {links:?}"
        );
    }
}

/// A source that only owns what speaks in the translation is not found; who speaks for it may be.
#[test]
fn an_owner_of_what_speaks_is_not_the_source() {
    let source = "An environmental group said the leak was closer to 400 tonnes.";
    let cases = [
        (
            "zh",
            "环保组织的水样表示，泄漏量接近400吨。",
            "环保组织表示，泄漏量接近400吨。",
        ),
        (
            "uk",
            "Проби води екологічної групи повідомили, що витекло майже 400 тонн.",
            "Екологічна група повідомила, що витекло майже 400 тонн.",
        ),
        (
            "ko",
            "환경단체의 수질 표본은 유출량이 400톤에 가깝다고 밝혔다.",
            "환경단체의 대변인은 유출량이 400톤에 가깝다고 밝혔다.",
        ),
    ];
    for (to, wrong, right) in cases {
        for (target, want) in [(wrong, "missing"), (right, "verified")] {
            let line = json!({"from": "en", "to": to, "source": [source], "target": [target]}).to_string();
            let claim = &check(&line).1[0]["claims"][0];
            assert_eq!(claim["status"], want, "{target} {claim}");
        }
    }
}
