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
fn what_people_convert_says_the_same() {
    let (en, uk, ko, ru) = (Language::EN, Language::UK, Language::KO, Language::RU);
    for (a, from, b, to) in [
        ("winds of 85 mph", en, "вітер 137 км/год", uk),
        ("winds of 85 miles per hour", en, "시속 137km의 바람", ko),
        ("at 60mph", en, "시속 97킬로미터로", ko),
        ("86 degrees Fahrenheit", en, "30 градусів Цельсія", uk),
        ("95°F", en, "섭씨 35도", ko),
        ("14 degrees Fahrenheit", en, "-10 °C", uk),
        ("5,000 feet", en, "1524 метри", uk),
        ("30 feet", en, "약 9미터", ko),
        ("6ft 2in tall", en, "188cm", ko),
        ("400 miles", en, "644 км", ru),
        ("a 12-mile road", en, "19-кілометрова дорога", uk),
        ("150 pounds of cocaine", en, "68 кг кокаїну", uk),
        ("220lbs", en, "100킬로그램", ko),
        ("50 gallons", en, "189 літрів", uk),
        ("10 acres", en, "4 гектари", uk),
        ("four million people", en, "400만 명", ko),
        ("$35 million", en, "3,500만 달러", ko),
        ("1.2 billion won", en, "12억 원", ko),
        ("3.4 trillion won", en, "3조 4천억 원", ko),
        ("£125m", en, "125 млн фунтів", uk),
        ("2.8 billion euros", en, "2,8 млрд евро", ru),
        ("3 per cent", en, "3 відсотки", uk),
        ("20 percent", en, "20퍼센트", ko),
        ("7:30 p.m.", en, "о 19:30", uk),
        ("7:30 p.m.", en, "오후 7시 30분", ko),
        ("at 3pm", en, "о 15-й годині", uk),
        ("at 5 a.m.", en, "오전 5시", ko),
    ] {
        let (x, y) = (find(a, from), find(b, to));
        let (Some(x), Some(y)) = (x.first(), y.first()) else {
            panic!("{a} | {b}: no number");
        };
        assert!(same(&x.value, &y.value), "{a} | {b}: {x:?} {y:?}");
    }
}

#[test]
fn what_nobody_converts_so_says_something_else() {
    let (en, uk, ko) = (Language::EN, Language::UK, Language::KO);
    for (a, b, to) in [
        ("85 mph", "85 км/год", uk),
        ("86°F", "46 °C", uk),
        ("30 feet", "19미터", ko),
        ("150 pounds", "98 кг", uk),
        ("4 million", "40만", ko),
        ("$35 million", "350만 달러", ko),
        ("1.2 billion", "12조", ko),
        ("7:30 p.m.", "о 18:30", uk),
    ] {
        let (x, y) = (only(a, en), only(b, to));
        assert!(!same(&x, &y), "{a} | {b}: {x:?} {y:?}");
    }
}

#[test]
fn dates_are_days_and_months() {
    for (text, language) in [
        ("on 12 October 2018", Language::EN),
        ("12 жовтня 2018 року", Language::UK),
        ("12 октября 2018 года", Language::RU),
    ] {
        assert_eq!(amounts(text, language), [12.0, 10.0, 2018.0], "{text}");
    }
    assert_eq!(amounts("2018년 10월 12일", Language::KO), [2018.0, 10.0, 12.0]);
    assert_eq!(amounts("Oct. 12, 2018", Language::EN), [10.0, 12.0, 2018.0]);
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
