use super::*;

fn amounts(text: &str, language: Language) -> Vec<f64> {
    find(text, language).iter().map(|n| n.value.amount).collect()
}

fn only(text: &str, language: Language) -> Value {
    let numbers = find(text, language);
    assert_eq!(numbers.len(), 1, "{text}: {numbers:?}");
    numbers[0].value
}

#[test]
fn reads_the_same_amount_in_every_language() {
    for (text, language) in [
        ("four million people", Language::EN),
        ("4m people", Language::EN),
        ("4,000,000 people", Language::EN),
        ("чотири мільйони людей", Language::UK),
        ("4 млн людей", Language::UK),
        ("4 000 000 людей", Language::UK),
        ("4 миллиона человек", Language::RU),
        ("четыре миллиона человек", Language::RU),
        ("400만 명", Language::KO),
        ("사백만 명", Language::KO),
        ("400万人", Language::ZH),
        ("四百万人", Language::ZH),
    ] {
        assert_eq!(only(text, language).amount, 4_000_000.0, "{text}");
    }
}

#[test]
fn adds_up_scales() {
    assert_eq!(only("1억 2,000만 원", Language::KO).amount, 120_000_000.0);
    assert_eq!(only("1억 4천 2백만 명", Language::KO).amount, 142_000_000.0);
    assert_eq!(only("22 억 5 천만 명", Language::KO).amount, 2_250_000_000.0);
    assert_eq!(only("3천5백만 달러", Language::KO).amount, 35_000_000.0);
    assert_eq!(only("3亿5000万元", Language::ZH).amount, 350_000_000.0);
    assert_eq!(only("2 млн 500 тис. гривень", Language::UK).amount, 2_500_000.0);
    assert_eq!(
        only("two hundred and five thousand", Language::EN).amount,
        205_000.0
    );
    assert_eq!(only("двадцять п’ять тисяч", Language::UK).amount, 25_000.0);
}

#[test]
fn knows_marks_of_each_language() {
    assert_eq!(only("62,000", Language::EN).amount, 62_000.0);
    assert_eq!(only("62 000", Language::UK).amount, 62_000.0);
    assert_eq!(only("2.8bn", Language::EN).amount, 2.8e9);
    assert_eq!(only("2,8 млрд", Language::UK).amount, 2.8e9);
    assert_eq!(amounts("aged 33, 34 and 39", Language::EN), [33.0, 34.0, 39.0]);
    assert_eq!(amounts("12.10.2018", Language::UK), [12.0, 10.0, 2018.0]);
    let both = only("2,800 осіб", Language::UK);
    assert!(same(&both, &only("2,800", Language::EN)));
}

#[test]
fn units_and_percent() {
    assert_eq!(only("5 per cent", Language::EN).unit, Unit::Percent);
    assert_eq!(only("5 відсотків", Language::UK).unit, Unit::Percent);
    assert_eq!(only("百分之五", Language::ZH).unit, Unit::Percent);
    assert_eq!(only("£125m", Language::EN).unit, Unit::Money);
    assert_eq!(only("125万美元", Language::ZH).unit, Unit::Money);
    assert!(same(
        &only("85 mph", Language::EN),
        &only("137 км/год", Language::UK)
    ));
    assert!(same(
        &only("70 miles", Language::EN),
        &only("113公里", Language::ZH)
    ));
    assert!(same(&only("86°F", Language::EN), &only("30 °C", Language::UK)));
    assert!(same(
        &only("5ft 9in", Language::EN),
        &only("175 см", Language::UK)
    ));
    assert!(same(
        &only("80 degrees", Language::EN),
        &only("27 градусів", Language::UK)
    ));
    assert!(!same(
        &only("85 mph", Language::EN),
        &only("197 км/год", Language::UK)
    ));
}

#[test]
fn spans_are_those_of_the_text() {
    for (text, language, numeral) in [
        ("a push worth £2.8bn, it said", Language::EN, "2.8bn"),
        ("ринок у 2,8 млрд фунтів", Language::UK, "2,8 млрд"),
        ("площа 40 кв. км, не більше", Language::UK, "40"),
        ("시장은 1억 2,000만 원", Language::KO, "1억 2,000만"),
    ] {
        let numbers = find(text, language);
        assert_eq!(numbers[0].span.of(text), numeral);
    }
}

#[test]
fn times_of_day() {
    for (text, language) in [
        ("19:30", Language::UK),
        ("7:30 pm", Language::EN),
        ("7.30 p.m.", Language::EN),
        ("오후 7시 30분", Language::KO),
        ("下午7点30分", Language::ZH),
        ("晚上7:30", Language::ZH),
    ] {
        let value = only(text, language);
        assert_eq!((value.amount, value.unit), (1170.0, Unit::Clock), "{text}");
    }
    assert!(same(&only("3pm", Language::EN), &only("о 15:00", Language::UK)));
}

#[test]
fn months_are_numbers_where_they_are_written_so() {
    assert!(same(
        &find("in December", Language::EN)[0].value,
        &only("12월", Language::KO)
    ));
    assert!(same(
        &find("у грудні 2018", Language::UK)[0].value,
        &only("12月", Language::ZH)
    ));
    assert!(find("they may march", Language::EN).is_empty());
    assert_eq!(amounts("on 4 May", Language::EN), [4.0, 5.0]);
}

#[test]
fn words_of_korean_need_a_counter() {
    assert_eq!(only("세 명의 남자", Language::KO).amount, 3.0);
    assert!(find("이번 일은 사고였다", Language::KO).is_empty());
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_and_spans_are_ordered(text in "(\\PC|[0-9.,: %$만億千мільйонa]){0,40}") {
        for language in [Language::EN, Language::UK, Language::RU, Language::KO, Language::ZH] {
            let mut last = 0;
            for n in find(&text, language) {
                proptest::prop_assert!(n.span.start >= last && text.get(n.span.start..n.span.end).is_some());
                last = n.span.end;
            }
        }
    }
}
