//! Numbers in running text, with their values: text → numbers, in the order of the text, spans apart from each other.
//!
//! Digits with grouping and decimal marks, number words, scales (million, млн, 만, 亿), percent, money, measures, times of
//! day, months. What a language writes is data (`data/numbers.toml`); values compare across languages with [`same`].

mod lexicon;
mod scan;

use crate::text::language::Language;
use crate::text::span::Span;
use crate::text::words::{lowered, words};
use scan::Scan;

/// A number and where it stands. The span covers the numeral and its scale ("4 million"), not the unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Number {
    /// Where it stands.
    pub span: Span,
    /// What it says.
    pub value: Value,
}

/// What a number says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Value {
    /// The amount, scale applied; minutes after midnight for [`Unit::Clock`], 1 to 12 for [`Unit::Month`].
    pub amount: f64,
    /// The other reading where grouping and decimal marks cannot be told apart ("2,800").
    pub other: Option<f64>,
    /// Of what.
    pub unit: Unit,
    /// Digits or words.
    pub written: Written,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unit {
    /// Things, years, anything without a known unit.
    Plain,
    /// Percent.
    Percent,
    /// An amount of money, in any currency.
    Money,
    /// A time of day.
    Clock,
    /// A month.
    Month,
    /// A measure: its dimension and the factor to the base unit (metre, kilogram, second).
    Measure(&'static str, f64),
}

/// How a number is written. Words are weak: "one" and "second" are often no numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// With digits.
    Digits,
    /// With number words alone.
    Words,
}

/// All numbers of `text`.
pub fn find(text: &str, language: Language) -> Vec<Number> {
    let Some(lexicon) = lexicon::of(language) else {
        return Vec::new();
    };
    let lower = lowered(text);
    let scan = Scan {
        text: &lower,
        lexicon,
    };
    let mut numbers: Vec<Number> = Vec::new();
    let mut at = 0;
    while at < lower.len() {
        if let Some(number) = scan.number_at(at) {
            at = number.span.end.max(at + 1);
            match numbers.last_mut().and_then(|last| merged(last, &number, &lower)) {
                Some(both) => {
                    numbers.pop();
                    numbers.push(both);
                }
                None => numbers.push(number),
            }
        } else {
            at = scan.next_start(at);
        }
    }
    numbers
}

/// Whether `text` may name the month (1 to 12), words that mean something else too ("may", "march") included; true for
/// a language whose months are not known here.
pub fn may_name_month(text: &str, language: Language, month: f64) -> bool {
    let Some(lexicon) = lexicon::of(language).filter(|lexicon| lexicon.names_months()) else {
        return true;
    };
    let lower = lowered(text);
    let is_it = |found: Option<f64>| found == Some(month);
    if lexicon.spaced {
        words(&lower)
            .iter()
            .any(|span| is_it(lexicon.months.word(&scan::plain(span.of(&lower)))))
    } else {
        lower
            .char_indices()
            .any(|(at, _)| is_it(lexicon.months.prefix(&lower[at..]).map(|(_, month)| month)))
    }
}

/// "5 ft 9 in", "2 hours 30 minutes": a measure followed by a smaller one of the same dimension is one number.
fn merged(last: &Number, next: &Number, text: &str) -> Option<Number> {
    let (Unit::Measure(a, big), Unit::Measure(b, small)) = (last.value.unit, next.value.unit) else {
        return None;
    };
    let between = text.get(last.span.end..next.span.start)?;
    let close = between.chars().count() <= 12 && !between.contains([',', ';', '.', '(']);
    if a != b || small >= big || !close || a == "celsius" || last.value.written != next.value.written {
        return None;
    }
    let amount = last.value.amount + next.value.amount * small / big;
    Some(Number {
        span: last.span.cover(next.span),
        value: Value {
            amount,
            other: None,
            ..last.value
        },
    })
}

/// Whether both say the same: equal amounts, a unit conversion (mph → km/h, °F → °C) within rounding, or a time of day
/// in the 12- and the 24-hour form.
pub fn same(a: &Value, b: &Value) -> bool {
    let readings = |v: &Value| [Some(v.amount), v.other].into_iter().flatten();
    let equal = readings(a).any(|x| readings(b).any(|y| close(x, y, 1e-6)));
    match (a.unit, b.unit) {
        (Unit::Month, Unit::Month) | (Unit::Percent, Unit::Percent) | (Unit::Money, Unit::Money) => equal,
        (Unit::Clock, Unit::Clock) => close(a.amount % 720.0, b.amount % 720.0, 1e-9),
        (Unit::Clock, _) => clock_is(a.amount, b.amount),
        (_, Unit::Clock) => clock_is(b.amount, a.amount),
        (Unit::Measure(x, f), Unit::Measure(y, g)) if (x, f) != (y, g) => {
            // 85 mph is not 85 km/h, but what stands for a length here may be an area there.
            converted(x, a, f, y, b, g) || (equal && x != y)
        }
        // "in the 80s", of the weather.
        (Unit::Plain, Unit::Measure("celsius", _)) if a.amount >= 20.0 => {
            equal || converted("degree", a, 1.0, "celsius", b, 1.0)
        }
        _ => equal || decade(a.amount, b.amount),
    }
}

fn close(x: f64, y: f64, tolerance: f64) -> bool {
    (x - y).abs() <= tolerance * x.abs().max(y.abs()).max(1e-9)
}

fn clock_is(minutes: f64, hour: f64) -> bool {
    // "об 11.15" is a time written like a decimal.
    let dotted = (minutes / 60.0).floor() + (minutes % 60.0) / 100.0;
    hour <= 24.0 && (close(minutes % 720.0, (hour * 60.0) % 720.0, 1e-9) || close(dotted, hour, 1e-9))
}

/// "1990s" and «90-ті».
fn decade(a: f64, b: f64) -> bool {
    let (long, short) = if a > b { (a, b) } else { (b, a) };
    (1900.0..2000.0).contains(&long)
        && short >= 20.0
        && long % 10.0 == 0.0
        && close(long - 1900.0, short, 1e-9)
}

/// People round what they convert: 5 per cent, or one in the last place written.
fn converted(x: &str, a: &Value, f: f64, y: &str, b: &Value, g: f64) -> bool {
    match (x, y) {
        // American news says "80 degrees" and means Fahrenheit.
        ("fahrenheit" | "degree", "celsius") => warmth(a.amount, b.amount),
        ("celsius", "fahrenheit" | "degree") => warmth(b.amount, a.amount),
        _ if x != y => false,
        ("duration", _) => close(a.amount * f, b.amount * g, 0.015),
        _ => close(a.amount * f, b.amount * g, 0.05) || (a.amount * f / g - b.amount).abs() <= 0.5,
    }
}

/// Numbers are read without their sign, so frost may stand on one side alone.
fn warmth(fahrenheit: f64, celsius: f64) -> bool {
    (((fahrenheit - 32.0) / 1.8).abs() - celsius).abs() <= 1.5
}

#[cfg(test)]
mod tests;
