//! Where an article comes from and when it may be used: what its input says beside the text.

use serde::Serialize;

use super::date;

/// What the input says of the article. A field that it does not give is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// Who wrote it, as the input puts it; several names are joined by ", ".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub byline: Option<String>,
    /// Place and date at the head of an agency's text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dateline: Option<String>,
    /// Whom to name when it is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credit: Option<String>,
    /// Not to be published before; RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embargo: Option<String>,
    /// First published, or first written where only that is given; RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<String>,
    /// This version; RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated: Option<String>,
    /// Its address, or its name in a system (a URN).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The outlet or agency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publisher: Option<String>,
    /// The copyright line or holder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copyright: Option<String>,
    /// What may be done with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<String>,
    /// Whom the metadata names as sources of the story (`infoSources`), with their role in brackets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub info_sources: Vec<String>,
}

/// A field that holds one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Byline,
    Dateline,
    Credit,
    Embargo,
    Published,
    Updated,
    Url,
    Publisher,
    Copyright,
    Usage,
}

impl Field {
    /// The field that a key of JSON Lines or front matter means. Case and the marks `_`, `-`, `.` do not count.
    pub(super) fn of_key(key: &str) -> Option<Field> {
        let key: String = key
            .chars()
            .filter(|c| !matches!(c, '_' | '-' | '.' | ' '))
            .flat_map(char::to_lowercase)
            .collect();
        Some(match key.as_str() {
            "byline" | "author" | "authors" | "by" | "creator" => Field::Byline,
            "dateline" => Field::Dateline,
            "credit" | "creditline" => Field::Credit,
            "embargo" | "embargoed" | "embargoeduntil" | "embargountil" => Field::Embargo,
            "published" | "date" | "pubdate" | "datepublished" | "publishdate" | "publishedat"
            | "publishedtime" => Field::Published,
            "updated" | "modified" | "lastmod" | "datemodified" | "updatedat" | "lastmodified"
            | "modifiedtime" => Field::Updated,
            "url" | "canonical" | "canonicalurl" | "link" | "permalink" => Field::Url,
            "publisher" | "outlet" | "sitename" => Field::Publisher,
            "copyright" | "copyrightnotice" | "rights" => Field::Copyright,
            "usage" | "usageterms" => Field::Usage,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Field::Byline => "byline",
            Field::Dateline => "dateline",
            Field::Credit => "credit",
            Field::Embargo => "embargo",
            Field::Published => "date of publication",
            Field::Updated => "date of its last change",
            Field::Url => "url",
            Field::Publisher => "publisher",
            Field::Copyright => "copyright",
            Field::Usage => "usage",
        }
    }

    fn is_date(self) -> bool {
        matches!(self, Field::Embargo | Field::Published | Field::Updated)
    }
}

impl Provenance {
    fn slot(&mut self, field: Field) -> &mut Option<String> {
        match field {
            Field::Byline => &mut self.byline,
            Field::Dateline => &mut self.dateline,
            Field::Credit => &mut self.credit,
            Field::Embargo => &mut self.embargo,
            Field::Published => &mut self.published,
            Field::Updated => &mut self.updated,
            Field::Url => &mut self.url,
            Field::Publisher => &mut self.publisher,
            Field::Copyright => &mut self.copyright,
            Field::Usage => &mut self.usage,
        }
    }

    /// Takes `value` unless the field has one: readers call this in the order in which they trust their places.
    /// A date that cannot be read is told in `warnings`.
    pub(super) fn set(&mut self, field: Field, value: &str, warnings: &mut Vec<String>) {
        let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
        if value.is_empty() || self.slot(field).is_some() {
            return;
        }
        if !field.is_date() {
            *self.slot(field) = Some(value);
            return;
        }
        let mut warn = |line: String| {
            if !warnings.contains(&line) {
                warnings.push(line);
            }
        };
        match date::read(&value) {
            Some(read) => {
                if read.assumed_utc {
                    warn(format!(
                        "the {} has no time zone; taken as UTC: {value}",
                        field.name()
                    ));
                }
                *self.slot(field) = Some(read.text);
            }
            None => warn(format!("the {} cannot be read: {value}", field.name())),
        }
    }

    /// Takes a list of names as one byline.
    pub(super) fn set_names<'a>(&mut self, names: impl IntoIterator<Item = &'a str>) {
        let mut kept: Vec<&str> = Vec::new();
        for name in names.into_iter().map(str::trim) {
            if !name.is_empty() && !kept.contains(&name) {
                kept.push(name);
            }
        }
        self.set(Field::Byline, &kept.join(", "), &mut Vec::new());
    }

    /// Takes `date` as an embargo if it is after the publication: formats that always give a date of release mean none
    /// by one that is not.
    pub(super) fn set_release(&mut self, release: &str, warnings: &mut Vec<String>) {
        self.set(Field::Embargo, release, warnings);
        let after = |published: &String| {
            let embargo = self.embargo.as_deref().unwrap_or_default();
            date::is_later(embargo, published)
        };
        if !self.published.as_ref().is_none_or(after) {
            self.embargo = None;
        }
    }

    /// What `other` has and this has not.
    pub(super) fn fill_from(&mut self, other: &Provenance) {
        use Field::*;
        let mut other = other.clone();
        for field in [
            Byline, Dateline, Credit, Embargo, Published, Updated, Url, Publisher, Copyright, Usage,
        ] {
            let value = other.slot(field).take();
            let mine = self.slot(field);
            if mine.is_none() {
                *mine = value;
            }
        }
        if self.info_sources.is_empty() {
            self.info_sources = other.info_sources;
        }
    }

    /// The line that warns whoever works with the article; byline knows no clock, so a past one is told too.
    pub fn embargo_line(&self) -> Option<String> {
        let embargo = self.embargo.as_ref()?;
        Some(format!("embargoed until {embargo}"))
    }

    /// Byline, publisher, dates and address for the head of a digest; `None` if none of them is given.
    pub fn head_line(&self) -> Option<String> {
        let updated = self
            .updated
            .as_ref()
            .filter(|updated| Some(*updated) != self.published.as_ref());
        let updated = updated.map(|date| format!("updated {date}"));
        let parts = [
            &self.byline,
            &self.publisher,
            &self.dateline,
            &self.published,
            &updated,
            &self.url,
        ];
        let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
        (!parts.is_empty()).then(|| parts.join(" · "))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_first_value_stays_and_a_broken_date_is_told() {
        let mut warnings = Vec::new();
        let mut about = Provenance::default();
        about.set(Field::Byline, "  Ilse\n Marn ", &mut warnings);
        about.set(Field::Byline, "Somebody else", &mut warnings);
        about.set(Field::Embargo, "tomorrow at six", &mut warnings);
        about.set(Field::Published, "2031-03-04 08:15", &mut warnings);
        assert_eq!(about.byline.as_deref(), Some("Ilse Marn"));
        assert_eq!(about.embargo, None);
        assert_eq!(
            warnings,
            [
                "the embargo cannot be read: tomorrow at six",
                "the date of publication has no time zone; taken as UTC: 2031-03-04 08:15"
            ]
        );
        assert_eq!(about.head_line().unwrap(), "Ilse Marn · 2031-03-04T08:15:00Z");
    }

    #[test]
    fn what_is_not_there_is_not_printed() {
        let about = Provenance {
            url: Some("https://tarn.example/1".to_owned()),
            ..Provenance::default()
        };
        let json = serde_json::to_string(&about).unwrap();
        assert_eq!(json, r#"{"url":"https://tarn.example/1"}"#);
        assert_eq!(Field::of_key("Embargoed_Until"), Some(Field::Embargo));
        assert_eq!(Field::of_key("tags"), None);
    }
}
