//! Reads one number at a place: digits with their marks, number words, scales, and what is counted.

use super::lexicon::{After, Lexicon};
use super::{Number, Unit, Value, Written};
use crate::text::span::Span;

/// One text under reading: `text` is lower case.
pub(super) struct Scan<'a> {
    pub(super) text: &'a str,
    pub(super) lexicon: &'static Lexicon,
}

pub(super) fn digit(c: char) -> Option<u32> {
    match c {
        '０'..='９' => Some(c as u32 - '０' as u32),
        _ => c.to_digit(10),
    }
}

pub(super) fn is_word(c: char) -> bool {
    c.is_alphabetic() || matches!(c, '\'' | '’' | 'ʼ' | '`')
}

pub(super) fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}')
}

impl<'a> Scan<'a> {
    fn rest(&self, at: usize) -> &'a str {
        self.text.get(at..).unwrap_or("")
    }

    fn before(&self, at: usize) -> Option<char> {
        self.text.get(..at)?.chars().next_back()
    }

    /// The letters (and apostrophes inside) from `at`.
    fn word(&self, at: usize) -> &'a str {
        let rest = self.rest(at);
        let end = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
        rest[..end].trim_end_matches(['\'', '’', '`'])
    }

    /// Where to look next when nothing starts at `at`: after the word for languages with spaces, else a character on.
    pub(super) fn next_start(&self, at: usize) -> usize {
        let word = self.word(at);
        let first = self.rest(at).chars().next().map_or(1, char::len_utf8);
        if self.lexicon.spaced
            || word.is_ascii()
            || word.chars().next().is_some_and(|c| ('가'..='힣').contains(&c))
        {
            at + word.len().max(first)
        } else {
            at + first
        }
    }

    pub(super) fn number_at(&self, at: usize) -> Option<Number> {
        let first = self.rest(at).chars().next()?;
        if digit(first).is_some() {
            return self.digits_at(at);
        }
        if !first.is_alphabetic()
            || (self.before(at).is_some_and(char::is_alphabetic) && !is_ideograph(first))
        {
            return None;
        }
        self.month_at(at).or_else(|| {
            if self.lexicon.spaced {
                self.words_at(at)
            } else {
                self.numerals_at(at)
            }
        })
    }

    /// A month by its name.
    fn month_at(&self, at: usize) -> Option<Number> {
        let word = self.word(at);
        let (end, month) = if self.lexicon.spaced {
            (at + word.len(), self.lexicon.months.word(&plain(word))?)
        } else {
            let (length, month) = self.lexicon.months.prefix(self.rest(at))?;
            (at + length, month)
        };
        if self.lexicon.ambiguous_months.word(&plain(word)).is_some() {
            let near = |s: &str| s.chars().any(|c| digit(c).is_some());
            let after: String = self.rest(end).chars().take(4).collect();
            let ahead: String = self.text[..at].chars().rev().take(4).collect();
            if !near(&after) && !near(&ahead) {
                return None;
            }
        }
        Some(number(at, end, month, None, Unit::Month, Written::Words))
    }

    /// A number that opens with a digit.
    fn digits_at(&self, at: usize) -> Option<Number> {
        let (mut end, mut amount, mut other) = self.numeral(at)?;
        if let Some(clock) = self.clock(at, end, amount) {
            return Some(clock);
        }
        let total;
        (end, total, amount) = if self.lexicon.spaced {
            self.scales_apart(end, amount, &mut other)
        } else {
            self.scales_together(end, amount, &mut other)
        };
        let amount = total + amount;
        let unit = self.unit(at, end, amount);
        Some(number(
            at,
            end,
            amount,
            other.filter(|&o| o != amount),
            unit,
            Written::Digits,
        ))
    }

    /// 4 million, 4 млн 500 тис.: where it ends, what the scales add up to, and the rest without one.
    fn scales_apart(&self, mut end: usize, mut amount: f64, other: &mut Option<f64>) -> (usize, f64, f64) {
        let (mut total, mut last) = (0.0, f64::INFINITY);
        while let Some((stop, scale)) = self.scale(end).filter(|(_, scale)| *scale < last) {
            total += amount * scale;
            *other = other.map(|o| o * scale);
            (end, last, amount) = (stop, scale, 0.0);
            let gap = self.after_gap(end);
            match self.numeral(gap).filter(|_| self.scale_after(gap)) {
                Some((stop, more, _)) if more < last => (end, amount, *other) = (stop, more, None),
                _ => break,
            }
        }
        (end, total, amount)
    }

    /// 1억 4천 2백만, 3亿5000万: what is under ten thousand gathers until a greater scale closes it.
    fn scales_together(&self, mut end: usize, amount: f64, other: &mut Option<f64>) -> (usize, f64, f64) {
        let (mut total, mut section, mut digits) = (0.0, 0.0, amount);
        while let Some((stop, scale)) = self.scale(end) {
            *other = other
                .filter(|_| total == 0.0 && section == 0.0)
                .map(|o| o * scale);
            if scale < 10_000.0 {
                section += digits.max(if section == 0.0 && digits == 0.0 { 1.0 } else { 0.0 }) * scale;
            } else {
                total += (section + digits).max(f64::from(u8::from(section + digits == 0.0))) * scale;
                section = 0.0;
            }
            (end, digits) = (stop, 0.0);
            if self.scale(end).is_some() {
                continue;
            }
            let gap = self.after_gap(end);
            let loose =
                |more: f64| gap == end || self.scale_after(gap) || (scale >= 10_000.0 && more < 10_000.0);
            match self.numeral(gap).filter(|&(_, more, _)| loose(more)) {
                Some((stop, more, _)) => (end, digits, *other) = (stop, more, None),
                None => break,
            }
        }
        (end, total + section, digits)
    }

    fn scale_after(&self, at: usize) -> bool {
        self.numeral(at)
            .is_some_and(|(end, _, _)| self.scale(end).is_some())
    }

    /// A scale right after a number; "3千米" is a unit, not a scale.
    fn scale(&self, at: usize) -> Option<(usize, f64)> {
        match self.meaning(at)? {
            (end, After::Scale(scale)) => Some((end, scale)),
            _ => None,
        }
    }

    /// What the word after a number means, and where it ends.
    fn meaning(&self, at: usize) -> Option<(usize, After)> {
        let gap: usize = self
            .rest(at)
            .chars()
            .take_while(|c| matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '-' | '‑'))
            .map(char::len_utf8)
            .sum();
        let start = at + gap;
        if gap > 3 {
            return None;
        }
        let rest = self.rest(start);
        if !self.lexicon.spaced {
            let (length, meaning) = self.lexicon.after.prefix(rest)?;
            // "5 million" quoted in Latin letters: the whole word must match.
            let cut = rest[..length].is_ascii()
                && rest[length..]
                    .chars()
                    .next()
                    .is_some_and(|c| c.is_ascii_alphabetic());
            return (!cut).then_some((start + length, meaning));
        }
        let words: Vec<&str> = rest
            .split(' ')
            .take(4)
            .map(|w| w.trim_end_matches([',', ';', ':', '.', ')', '"', '»', '”']))
            .collect();
        let plain_words: Vec<String> = words.iter().map(|w| plain(w)).collect();
        if let Some((count, meaning)) = self.lexicon.after.phrase(&plain_words) {
            // To the end of the last word, without the mark after it.
            let ahead: usize = rest.split(' ').take(count - 1).map(|w| w.len() + 1).sum();
            let last = words.get(count - 1).map_or(0, |w| w.len());
            return Some((start + ahead + last, meaning));
        }
        let whole = words.first().copied().unwrap_or("");
        if let Some(meaning) = self
            .lexicon
            .after
            .word(&plain(whole))
            .filter(|_| whole != "in" || gap == 0)
        {
            return Some((start + whole.len(), meaning));
        }
        let word = self.word(start);
        if word == "in" && gap > 0 {
            return None;
        }
        if word.is_empty() {
            let sign = rest.chars().next()?;
            let long = rest.char_indices().nth(2).map_or(rest, |(i, _)| &rest[..i]);
            return [long, &rest[..sign.len_utf8()]]
                .into_iter()
                .find_map(|s| Some((start + s.len(), self.lexicon.after.word(s)?)));
        }
        Some((start + word.len(), self.lexicon.after.word(&plain(word))?))
    }

    /// The unit of the number `[at, end)`.
    fn unit(&self, at: usize, end: usize, amount: f64) -> Unit {
        let ahead = self.text[..at].trim_end();
        let stands = |words: &[String]| words.iter().any(|p| ahead.ends_with(p.as_str()));
        if stands(&self.lexicon.percent_before) {
            return Unit::Percent;
        }
        if self.rest(end).starts_with(['월', '月']) && (1.0..=12.0).contains(&amount) {
            return Unit::Month;
        }
        match self.meaning(end) {
            Some((_, After::Percent)) => Unit::Percent,
            Some((_, After::Money)) => Unit::Money,
            Some((_, After::Measure("length", factor))) if stands(&self.lexicon.per_hour_before) => {
                Unit::Measure("speed", factor / 3600.0)
            }
            Some((_, After::Measure("celsius", _))) if stands(&self.lexicon.fahrenheit_before) => {
                Unit::Measure("fahrenheit", 1.0)
            }
            Some((_, After::Measure(dimension, factor))) => Unit::Measure(dimension, factor),
            _ if ahead.ends_with(['$', '£', '€', '¥', '₩', '₴', '₽']) => Unit::Money,
            _ => Unit::Plain,
        }
    }

    /// Digits with marks: where they end, the value, the other reading.
    fn numeral(&self, at: usize) -> Option<(usize, f64, Option<f64>)> {
        let rest = self.rest(at);
        let run = |from: usize| -> usize {
            rest[from..]
                .chars()
                .take_while(|&c| digit(c).is_some())
                .map(char::len_utf8)
                .sum()
        };
        let mut end = run(0);
        if end == 0 {
            return None;
        }
        let mut whole = ascii(&rest[..end]);
        let first = whole.len();
        let in_list = {
            let mut back = self.text[..at].chars().rev();
            back.next() == Some('.') && back.next().is_some_and(|c| digit(c).is_some())
        };
        let mut other = None;
        while let Some(mark) = rest[end..].chars().next() {
            let from = end + mark.len_utf8();
            let length = run(from);
            let digits = ascii(&rest[from..from + length]);
            let grouping =
                self.lexicon.group.contains(&mark) && digits.len() == 3 && first <= 3 && whole != "0";
            let decimal = matches!(mark, '.' | ',')
                && !digits.is_empty()
                && !in_list
                && (self.lexicon.decimal.contains(&mark)
                    || (self.lexicon.group.contains(&mark) && digits.len() < 3 && mark == '.'));
            // 12.10.2018 is a date: three numbers.
            let dated = rest[from + length..]
                .strip_prefix(mark)
                .is_some_and(|r| r.starts_with(|c| digit(c).is_some()));
            let fraction = || format!("{whole}.{digits}").parse::<f64>().ok();
            if grouping {
                if decimal || (mark == '.' && !dated) {
                    other = fraction();
                }
                whole.push_str(&digits);
                end = from + length;
            } else if decimal && !dated {
                let value = fraction()?;
                let other = if digits.len() == 3 && first <= 3 {
                    format!("{whole}{digits}").parse().ok()
                } else {
                    None
                };
                return Some((at + from + length, value, other));
            } else {
                break;
            }
        }
        Some((at + end, whole.parse().ok()?, other))
    }

    /// "19:30", "7.30 pm", "7pm", "오후 7시 30분", "下午7点半".
    fn clock(&self, at: usize, end: usize, amount: f64) -> Option<Number> {
        let two = |from: usize| -> Option<(usize, f64)> {
            let digits: String = self
                .rest(from)
                .chars()
                .take_while(|&c| digit(c).is_some())
                .collect();
            let minutes: f64 = ascii(&digits).parse().ok()?;
            (minutes < 60.0 && digits.chars().count() <= 2).then_some((from + digits.len(), minutes))
        };
        let lexicon = self.lexicon;
        let ahead = self.text[..at].trim_end();
        let half = |words: &[String]| words.iter().any(|w| ahead.ends_with(w.as_str()));
        let (mut hour, mut minutes, mut stop, mut known) = (amount, 0.0, end, false);
        if let Some(mark) = self.rest(end).chars().next().filter(|c| matches!(c, ':' | '：')) {
            let (after, value) = two(end + mark.len_utf8()).filter(|(after, _)| after - end >= 3)?;
            (minutes, stop, known) = (value, after, true);
        } else if amount.fract() != 0.0 && self.text[at..end].contains('.') {
            let (h, m) = self.text[at..end].split_once('.')?;
            (hour, minutes) = (h.parse().ok()?, if m.len() == 2 { m.parse().ok()? } else { 99.0 });
        }
        let mut pm = !lexicon.spaced && half(&lexicon.pm);
        let am = !lexicon.spaced && half(&lexicon.am);
        match self.meaning(stop) {
            Some((_, After::Pm)) => (pm, known) = (true, true),
            Some((_, After::Am)) => known = true,
            Some((after, After::Clock))
                if !lexicon.spaced
                    && !self.rest(after).starts_with('间')
                    && !self.rest(after).starts_with('간') =>
            {
                (known, stop) = (true, after);
                let gap = after + usize::from(self.rest(after).starts_with(' '));
                if let Some((next, value)) = two(gap)
                    && lexicon
                        .clock_minutes
                        .iter()
                        .any(|m| self.rest(next).starts_with(m.as_str()))
                {
                    (minutes, stop) = (value, next);
                } else if self.rest(after).starts_with(['반', '半']) {
                    minutes = 30.0;
                }
            }
            _ => known |= (pm || am) && amount.fract() == 0.0,
        }
        if !known || hour > 24.0 || minutes >= 60.0 {
            return None;
        }
        if pm && hour < 12.0 {
            hour += 12.0;
        }
        Some(number(
            at,
            stop,
            hour * 60.0 + minutes,
            None,
            Unit::Clock,
            Written::Digits,
        ))
    }

    /// Number words of languages with spaces: "two hundred and five thousand", «двадцять п'ять тисяч».
    fn words_at(&self, at: usize) -> Option<Number> {
        let lexicon = self.lexicon;
        let (mut total, mut group, mut last_scale) = (0.0, None::<f64>, f64::INFINITY);
        let (mut position, mut end) = (at, at);
        if lexicon.articles.iter().any(|a| a == self.word(at)) {
            position = self.after_gap(at + self.word(at).len());
            lexicon.scales.word(&plain(self.word(position)))?;
        }
        loop {
            let word = self.word(position);
            let key = plain(word);
            let stop = position + word.len();
            if word.is_empty() {
                break;
            } else if let Some(scale) = lexicon.scales.word(&key).filter(|_| word.chars().count() > 1) {
                if scale >= last_scale && group.is_none() {
                    break;
                }
                if scale < 1000.0 {
                    group = Some(group.unwrap_or(1.0) * scale);
                } else if scale < last_scale {
                    total += group.take().unwrap_or(1.0) * scale;
                    last_scale = scale;
                } else {
                    break;
                }
            } else if let Some(value) = lexicon.words.word(&key) {
                let fits = match group {
                    None => value < last_scale,
                    Some(g) if g % 100.0 == 0.0 => (1.0..100.0).contains(&value),
                    Some(g) => g >= 20.0 && g % 10.0 == 0.0 && (1.0..10.0).contains(&value),
                };
                if !fits || (end > at && value.fract() != 0.0) {
                    break;
                }
                group = Some(group.unwrap_or(0.0) + value);
            } else if end > at
                && lexicon.joiner.iter().any(|j| j == word)
                && group.is_none_or(|g| g % 100.0 == 0.0)
            {
                position = self.after_gap(stop);
                continue;
            } else {
                break;
            }
            end = stop;
            position = self.after_gap(stop);
        }
        (end > at).then(|| {
            let amount = total + group.unwrap_or(0.0);
            number(at, end, amount, None, self.unit(at, end, amount), Written::Words)
        })
    }

    fn after_gap(&self, at: usize) -> usize {
        let rest = self.rest(at);
        at + (rest.len() - rest.strip_prefix([' ', '-', '\u{a0}', '‑']).unwrap_or(rest).len())
    }

    /// Number words of Korean and Chinese: 두 명, 백만, 二十五万.
    fn numerals_at(&self, at: usize) -> Option<Number> {
        let rest = self.rest(at);
        if self
            .lexicon
            .percent_before
            .iter()
            .any(|p| rest.starts_with(p.as_str()))
        {
            return None;
        }
        let korean = rest.starts_with(|c| ('가'..='힣').contains(&c));
        if let Some((length, value)) = self.lexicon.words.prefix(rest) {
            let after = &rest[length..];
            let counted = self
                .lexicon
                .counters
                .iter()
                .any(|c| after.starts_with(c.as_str()));
            if !korean || counted || after.starts_with(' ') {
                return Some(number(
                    at,
                    at + length,
                    value,
                    None,
                    self.unit(at, at + length, value),
                    Written::Words,
                ));
            }
        }
        let (mut total, mut section, mut digit_value, mut end, mut scaled) =
            (0.0, 0.0, None::<f64>, 0, false);
        loop {
            if let Some((length, value)) = self.lexicon.numerals.prefix(&rest[end..]) {
                digit_value = Some(digit_value.map_or(value, |d| d * 10.0 + value));
                end += length;
            } else if let Some((length, scale)) = self.lexicon.scales.prefix(&rest[end..]) {
                scaled = true;
                if scale >= 10_000.0 {
                    section += digit_value.take().unwrap_or(0.0);
                    total += if section == 0.0 { 1.0 } else { section } * scale;
                    section = 0.0;
                } else {
                    section += digit_value.take().unwrap_or(1.0) * scale;
                }
                end += length;
            } else {
                break;
            }
        }
        let after = &rest[end..];
        let free = !after.starts_with(|c: char| ('가'..='힣').contains(&c));
        let counted = self
            .lexicon
            .counters
            .iter()
            .any(|c| after.starts_with(c.as_str()));
        let amount = total + section + digit_value.unwrap_or(0.0);
        if end == 0 || (korean && !(scaled && (free || counted))) {
            return None;
        }
        let end = at + end;
        Some(number(
            at,
            end,
            amount,
            None,
            self.unit(at, end, amount),
            Written::Words,
        ))
    }
}

fn number(start: usize, end: usize, amount: f64, other: Option<f64>, unit: Unit, written: Written) -> Number {
    Number {
        span: Span::new(start, end),
        value: Value {
            amount,
            other,
            unit,
            written,
        },
    }
}

/// A word with one kind of apostrophe.
pub(super) fn plain(word: &str) -> String {
    word.replace(['’', 'ʼ', '`'], "'")
}

fn ascii(digits: &str) -> String {
    digits
        .chars()
        .filter_map(|c| char::from_digit(digit(c)?, 10))
        .collect()
}
