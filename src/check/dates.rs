//! Dates: a month of the target that the source does not name, with the day beside it.
//!
//! A new month where another one is lost, or with a day that is new too, is an error: two signs. By itself it is a warning:
//! a translator may say "in June" for "this month".

use crate::finding::Severity;
use crate::text::language::Language;
use crate::text::numbers::{Number, Unit, may_name_month, same};
use crate::text::span::Span;

/// A text, its language and its numbers.
pub(super) struct Read<'a> {
    pub(super) text: &'a str,
    pub(super) language: Language,
    pub(super) numbers: &'a [Number],
}

/// A date that is not the source's. Spans are in the texts of the segment.
pub(super) struct Odd {
    pub(super) source: Option<Span>,
    /// The month with the day.
    pub(super) target: Span,
    pub(super) severity: Severity,
    pub(super) message: String,
}

/// The dates of `target` that `source` does not have.
pub(super) fn odd(source: &Read<'_>, target: &Read<'_>) -> Vec<Odd> {
    let mut lost = unshared_months(source, target);
    let mut odd = Vec::new();
    for month in unshared_months(target, source) {
        let number = month.value.amount;
        if may_name_month(source.text, source.language, number) || is_figure(source, number) {
            continue;
        }
        let day = day_beside(month, target);
        let span = whole(
            day.map_or(month.span, |day| month.span.cover(day.span)),
            target.text,
        );
        let said = span.of(target.text);
        let new_day = day.is_some_and(|day| !source.numbers.iter().any(|n| same(&n.value, &day.value)));
        odd.push(match lost.pop() {
            Some(other) => Odd {
                source: Some(other.span),
                target: span,
                severity: Severity::Error,
                message: format!("{} became {said}", other.span.of(source.text)),
            },
            None => Odd {
                source: None,
                target: span,
                severity: if new_day {
                    Severity::Error
                } else {
                    Severity::Warning
                },
                message: format!("{said} is not in the source"),
            },
        });
    }
    odd
}

/// The months that one side names and the other does not.
fn unshared_months<'a>(side: &Read<'a>, other: &Read<'_>) -> Vec<&'a Number> {
    let month = |n: &&Number| n.value.unit == Unit::Month;
    let there = |n: &Number| {
        other
            .numbers
            .iter()
            .filter(month)
            .any(|o| o.value.amount == n.value.amount)
    };
    side.numbers.iter().filter(month).filter(|n| !there(n)).collect()
}

/// Whether the source may mean that month by a figure, as in 12.10.2018; the day of another month is none.
fn is_figure(source: &Read<'_>, month: f64) -> bool {
    let months = || source.numbers.iter().filter(|n| n.value.unit == Unit::Month);
    let of_another = |n: &Number| months().any(|m| day_beside(m, source).is_some_and(|day| day == n));
    source
        .numbers
        .iter()
        .any(|n| n.value.unit == Unit::Plain && n.value.amount == month && !of_another(n))
}

/// The day of the month, right before or after it: at most one sign (月, a dot) stands between.
fn day_beside<'a>(month: &Number, target: &Read<'a>) -> Option<&'a Number> {
    target.numbers.iter().find(|n| {
        let (end, start) = if n.span.start > month.span.start {
            (month.span.end, n.span.start)
        } else {
            (n.span.end, month.span.start)
        };
        let beside = |gap: &str| gap.chars().filter(|c| !c.is_whitespace()).count() <= 1;
        n.value.unit != Unit::Month
            && n.value.amount.fract() == 0.0
            && (1.0..=31.0).contains(&n.value.amount)
            && target.text.get(end..start).is_some_and(beside)
    })
}

/// With the signs for month and day that some languages write after the figures.
fn whole(span: Span, text: &str) -> Span {
    let after = text.get(span.end..).and_then(|rest| rest.chars().next());
    let sign = after.filter(|c| matches!(c, '日' | '号' | '月' | '일' | '월'));
    Span::new(span.start, span.end + sign.map_or(0, char::len_utf8))
}
