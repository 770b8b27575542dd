//! What an input is: told by its bytes, then by its name.

use std::path::Path;

use super::{json, mail, office, subtitles, xml};

/// What the bytes of an input are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Plain text.
    Text,
    /// Markdown, front matter included.
    Markdown,
    /// A web page.
    Html,
    /// One article a line: `{"id", "text", "language"?}`.
    Jsonl,
    /// RSS, Atom or JSON Feed, one article an item.
    #[value(alias = "rss", alias = "atom")]
    Feed,
    /// IPTC ninjs 1, 2 or 3, one article or a list.
    Ninjs,
    /// IPTC NewsML-G2: a news item, or a message with several.
    #[value(name = "newsml-g2", alias = "newsml")]
    Newsml,
    /// IPTC NITF.
    Nitf,
    /// E-mail, or a mailbox (mbox) with several.
    #[value(alias = "mbox")]
    Eml,
    /// A Word document.
    Docx,
    /// An OpenDocument text.
    Odt,
    /// SubRip subtitles.
    Srt,
    /// WebVTT subtitles.
    Vtt,
}

impl Format {
    /// The format that a file's name tells; `None` if it tells none.
    pub fn of_name(name: &str) -> Option<Format> {
        let extension = Path::new(name).extension()?.to_str()?.to_lowercase();
        Some(match extension.as_str() {
            "txt" | "text" => Format::Text,
            "md" | "markdown" | "mdown" | "mkd" => Format::Markdown,
            "html" | "htm" | "xhtml" => Format::Html,
            "jsonl" | "ndjson" | "json" => Format::Jsonl,
            "rss" | "atom" | "rdf" => Format::Feed,
            "ninjs" => Format::Ninjs,
            "newsml" => Format::Newsml,
            "nitf" => Format::Nitf,
            "eml" | "mbox" => Format::Eml,
            "docx" => Format::Docx,
            "odt" => Format::Odt,
            "srt" => Format::Srt,
            "vtt" => Format::Vtt,
            _ => return None,
        })
    }

    /// The format of bytes that need not be text.
    pub(super) fn of_bytes(bytes: &[u8]) -> Option<Format> {
        office::kind(bytes).or_else(|| mail::is_mail(bytes).then_some(Format::Eml))
    }

    /// The format that a text shows by its first words; `None` for what could be anything.
    pub(super) fn of_text(text: &str) -> Option<Format> {
        let text = text.trim_start();
        match text.as_bytes().first()? {
            b'<' => of_markup(text),
            b'{' | b'[' => json::kind(text),
            b'-' | b'+' => has_front_matter(text).then_some(Format::Markdown),
            _ => subtitles::kind(text),
        }
    }

    /// Whether it is told by tags, and so may declare its encoding.
    pub(super) fn is_markup(self) -> bool {
        matches!(self, Format::Html | Format::Feed | Format::Newsml | Format::Nitf)
    }
}

fn of_markup(text: &str) -> Option<Format> {
    let start: String = text.chars().take(200).collect();
    let start = start.to_ascii_lowercase();
    if ["<!doctype html", "<html", "<head"]
        .iter()
        .any(|tag| start.starts_with(tag))
    {
        return Some(Format::Html);
    }
    Some(match xml::root_name(text)? {
        "rss" | "feed" | "RDF" => Format::Feed,
        "newsItem" | "newsMessage" => Format::Newsml,
        "nitf" => Format::Nitf,
        "html" if text.starts_with("<?xml") => Format::Html,
        _ => return None,
    })
}

/// Lines of entries between two fences.
fn has_front_matter(text: &str) -> bool {
    let mut lines = text.lines();
    let (fence, mark) = match lines.next().map(str::trim_end) {
        Some("---") => ("---", ':'),
        Some("+++") => ("+++", '='),
        _ => return false,
    };
    let is_entry = |line: &str| {
        line.split_once(mark).is_some_and(|(key, _)| {
            let key = key.trim();
            !key.is_empty()
                && key
                    .chars()
                    .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
        })
    };
    let first = lines.find(|line| !line.trim().is_empty() && !line.starts_with('#'));
    first.is_some_and(is_entry) && lines.any(|line| line.trim_end() == fence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_show_what_they_are() {
        for (text, format) in [
            ("<!DOCTYPE html><p>x", Some(Format::Html)),
            (
                "\n<?xml version='1.0'?>\n<!-- x --><rss version='2.0'>",
                Some(Format::Feed),
            ),
            ("<feed xmlns='http://www.w3.org/2005/Atom'/>", Some(Format::Feed)),
            ("<rdf:RDF xmlns:rdf='x'>", Some(Format::Feed)),
            ("<?xml version='1.0'?><html xmlns='x'>", Some(Format::Html)),
            ("<!DOCTYPE nitf SYSTEM 'nitf.dtd'><nitf>", Some(Format::Nitf)),
            ("<newsMessage>", Some(Format::Newsml)),
            ("<p>Only a paragraph.</p>", None),
            ("{\"id\":\"a\",\"text\":\"x\"}\n{broken", Some(Format::Jsonl)),
            ("[{\"uri\":\"u\",\"bodies\":[]}]", Some(Format::Ninjs)),
            ("{\"uri\":\"u\",\"body_text\":\"x\"}", Some(Format::Ninjs)),
            (
                "{\"version\":\"https://jsonfeed.org/version/1.1\",\"items\":[]}",
                Some(Format::Feed),
            ),
            ("{\"name\":\"x\"}", None),
            ("---\ntitle: x\n---\ntext", Some(Format::Markdown)),
            ("+++\ntitle = 'x'\n+++\n", Some(Format::Markdown)),
            ("---\nHe said so.\n---\n", None),
            ("WEBVTT - x\n\n00:01.000 --> 00:02.000\nx", Some(Format::Vtt)),
            ("1\n00:00:01,000 --> 00:00:02,000\nx", Some(Format::Srt)),
            ("1\nHarbour shut", None),
            ("Harbour shut", None),
            ("", None),
        ] {
            assert_eq!(Format::of_text(text), format, "{text}");
        }
    }
}
