//! A date as newsrooms write it → RFC 3339, where it can be read without a guess.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat};

/// A date that was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Read {
    /// RFC 3339: a date and time with its offset, or a date alone (`full-date`) where the input gives no time.
    pub(super) text: String,
    /// The input gives a time and no zone: it was taken as UTC.
    pub(super) assumed_utc: bool,
}

/// With an offset: ISO 8601 extended and basic (NITF), and what content systems make of them.
const ZONED: &[&str] = &[
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%dT%H:%M%#z",
    "%Y-%m-%d %H:%M:%S%.f %#z",
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M %#z",
    "%Y%m%dT%H%M%S%#z",
    "%Y%m%dT%H%M%#z",
];

/// Without one.
const LOCAL: &[&str] = &[
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y%m%dT%H%M%S",
    "%Y%m%dT%H%M",
];

const DAYS: &[&str] = &["%Y-%m-%d", "%Y%m%d", "%Y/%m/%d"];

/// Reads ISO 8601 and the dates of mail and feeds (RFC 822, RFC 2822). `None`: any other way to write a date, of which
/// day and month could be mixed up.
pub(super) fn read(text: &str) -> Option<Read> {
    let text = text.trim();
    let zoned = |date: DateTime<FixedOffset>| Read {
        text: date.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        assumed_utc: false,
    };
    let iso = ZONED.iter().find_map(|f| DateTime::parse_from_str(text, f).ok());
    // the name of the day adds nothing, and systems get it wrong
    let mail = || DateTime::parse_from_rfc2822(text.split_once(',').map_or(text, |(_, date)| date)).ok();
    if let Some(date) = iso.or_else(mail) {
        return Some(zoned(date));
    }
    if let Some(date) = LOCAL
        .iter()
        .find_map(|f| NaiveDateTime::parse_from_str(text, f).ok())
    {
        return Some(Read {
            assumed_utc: true,
            ..zoned(date.and_utc().fixed_offset())
        });
    }
    let day = DAYS
        .iter()
        .find_map(|f| NaiveDate::parse_from_str(text, f).ok())?;
    Some(Read {
        text: day.format("%Y-%m-%d").to_string(),
        assumed_utc: false,
    })
}

/// Whether `one` is after `other`; both as [`read`] gives them, a day beginning at midnight UTC.
pub(super) fn is_later(one: &str, other: &str) -> bool {
    let instant = |text: &str| match DateTime::parse_from_rfc3339(text) {
        Ok(date) => Some(date.to_utc()),
        Err(_) => {
            let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
            Some(day.and_time(NaiveTime::MIN).and_utc())
        }
    };
    instant(one) > instant(other)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn dates_of_newsrooms() {
        for (written, expected) in [
            ("2031-03-04T08:15:00Z", "2031-03-04T08:15:00Z"),
            ("2031-03-04T08:15:00+01:00", "2031-03-04T08:15:00+01:00"),
            ("2031-03-04T08:15:00.250+0100", "2031-03-04T08:15:00.250+01:00"),
            ("2031-03-04T08:15+01", "2031-03-04T08:15:00+01:00"),
            ("2031-03-04 08:15:00 +0000", "2031-03-04T08:15:00Z"),
            ("20310304T081500Z", "2031-03-04T08:15:00Z"),
            ("20310304T081500+0100", "2031-03-04T08:15:00+01:00"),
            ("20310304", "2031-03-04"),
            ("2031-03-04", "2031-03-04"),
            ("Tue, 04 Mar 2031 08:15:00 GMT", "2031-03-04T08:15:00Z"),
            ("Mon, 4 Mar 2031 08:15 EST", "2031-03-04T08:15:00-05:00"),
            ("4 Mar 2031 08:15:00 +0530", "2031-03-04T08:15:00+05:30"),
        ] {
            let read = read(written).unwrap_or_else(|| panic!("{written}"));
            assert_eq!(
                (read.text.as_str(), read.assumed_utc),
                (expected, false),
                "{written}"
            );
        }
        assert!(is_later("2031-03-04T08:15:00Z", "2031-03-04T08:15:00+01:00"));
        assert!(!is_later("2031-03-04T08:15:00+01:00", "2031-03-04T07:15:00Z"));
        assert!(!is_later("2031-03-04", "2031-03-04T01:00:00Z"));
        let local = read("2031-03-04 08:15").unwrap();
        assert_eq!(
            (local.text.as_str(), local.assumed_utc),
            ("2031-03-04T08:15:00Z", true)
        );
        for no_date in [
            "",
            "04/03/2031",
            "soon",
            "March 4, 2031",
            "2031-13-40",
            "99999999T999999Z",
        ] {
            assert_eq!(read(no_date), None, "{no_date}");
        }
    }
}
