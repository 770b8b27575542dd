//! Figures that a small model gets wrong when it translates: dates, and large numbers into languages that count in
//! ten thousands. They are worked out here and given to it as terms.

use std::sync::LazyLock;

use regex::Regex;

use crate::text::language::Language;
use crate::text::numbers::{self, Unit};

use super::glossary::Term;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// "14 March 2024" and "March 14, 2024", the year optional.
static DATE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let months = MONTHS.join("|");
    Regex::new(&format!(
        r"\b(?:(?P<d>\d{{1,2}}) (?P<m>{months})(?: (?P<y>\d{{4}}))?|(?P<m2>{months}) (?P<d2>\d{{1,2}})\b(?:, (?P<y2>\d{{4}}))?)"
    ))
    .ok()
});

/// How a language writes what is worked out here.
struct Style {
    year: &'static str,
    month: &'static str,
    day: &'static str,
    ten_thousand: &'static str,
    hundred_million: &'static str,
}

fn style(language: Language) -> Option<Style> {
    let style = |year, month, day, ten_thousand, hundred_million| {
        Some(Style {
            year,
            month,
            day,
            ten_thousand,
            hundred_million,
        })
    };
    match language.code() {
        "zh" => style("年", "月", "日", "万", "亿"),
        "ja" => style("年", "月", "日", "万", "億"),
        "ko" => style("년 ", "월 ", "일", "만", "억"),
        _ => None,
    }
}

/// The dates and large numbers of `text` as `to` writes them. Empty for pairs that need no help.
pub fn terms(text: &str, from: Language, to: Language) -> Vec<Term> {
    let Some(style) = style(to) else {
        return Vec::new();
    };
    let mut terms: Vec<Term> = Vec::new();
    let mut add = |source: &str, target: String| {
        if !terms.iter().any(|t| t.source == source) {
            terms.push(Term {
                source: source.to_owned(),
                target,
            });
        }
    };
    if let (Language::EN, Some(date)) = (from, DATE.as_ref()) {
        for found in date.captures_iter(text) {
            let part = |names: [&str; 2]| names.into_iter().find_map(|n| found.name(n)).map(|m| m.as_str());
            let month = part(["m", "m2"]).and_then(|m| MONTHS.iter().position(|name| *name == m));
            let (Some(month), Some(day)) = (month, part(["d", "d2"])) else {
                continue;
            };
            let year = part(["y", "y2"])
                .map(|y| format!("{y}{}", style.year))
                .unwrap_or_default();
            add(
                &found[0],
                format!("{year}{}{}{day}{}", month + 1, style.month, style.day),
            );
        }
    }
    for number in numbers::find(text, from) {
        if matches!(number.value.unit, Unit::Plain | Unit::Money | Unit::Measure(..))
            && let Some(target) = in_ten_thousands(number.value.amount, &style)
        {
            add(number.span.of(text), target);
        }
    }
    terms
}

/// 1,200,000 → 120万; `None` for what is written with digits alone.
fn in_ten_thousands(amount: f64, style: &Style) -> Option<String> {
    let (unit, name) = if amount >= 1e8 {
        (1e8, style.hundred_million)
    } else if amount >= 1e5 {
        (1e4, style.ten_thousand)
    } else {
        return None;
    };
    let scaled = format!("{:.4}", amount / unit);
    let scaled = scaled.trim_end_matches('0').trim_end_matches('.');
    // a figure that is exact to the last digit is not made shorter
    let exact = scaled
        .parse::<f64>()
        .is_ok_and(|s| (s * unit - amount).abs() < 0.5);
    exact.then(|| format!("{scaled}{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zh(text: &str) -> Vec<(String, String)> {
        terms(text, Language::EN, Language::ZH)
            .into_iter()
            .map(|t| (t.source, t.target))
            .collect()
    }

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect()
    }

    #[test]
    fn dates_are_turned_round() {
        assert_eq!(zh("closed until 14 March"), pairs(&[("14 March", "3月14日")]));
        assert_eq!(
            zh("on February 6, 2031 it"),
            pairs(&[("February 6, 2031", "2031年2月6日")])
        );
        assert_eq!(zh("in March"), pairs(&[]));
    }

    #[test]
    fn large_numbers_are_counted_in_ten_thousands() {
        assert_eq!(
            zh("it lost 1.2 million crowns"),
            pairs(&[("1.2 million", "120万")])
        );
        assert_eq!(zh("900,000 tonnes"), pairs(&[("900,000", "90万")]));
        assert_eq!(zh("47 vessels, 4,500 men"), pairs(&[]));
        assert!(terms("1.2 million", Language::EN, Language::UK).is_empty());
    }
}
