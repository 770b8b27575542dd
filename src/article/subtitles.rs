//! SubRip and WebVTT → draft: cues joined to sentences and paragraphs, each with its times and its place in the text.
//!
//! SubRip has no standard; WebVTT is <https://www.w3.org/TR/webvtt1/>. A speaker that WebVTT names (`<v Name>`) opens
//! a paragraph of his own, as "Name: …": who says it is not to be lost.

use quick_xml::escape::{resolve_html5_entity, unescape_with};

use super::draft::{Draft, Piece};
use super::format::Format;
use super::{BlockKind, Dropped};
use crate::error::{Error, Result};
use crate::text::segment::is_unspaced;
use crate::text::span::Span;

/// The words that are shown at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cue {
    /// Where they stand in the text of the article.
    pub span: Span,
    /// Which cue of the file it is, from 0. Two entries have one number if its lines are of two speakers.
    pub number: usize,
    /// When they appear, in milliseconds from the start.
    pub start: u64,
    /// When they go.
    pub end: u64,
    /// The name that the file gives the cue.
    pub id: Option<String>,
    /// Where on the picture it stands (WebVTT settings, as they are written).
    pub settings: Option<String>,
}

/// A pause longer than this, in milliseconds, ends a paragraph if a sentence ends there.
const PAUSE: u64 = 3000;
/// A paragraph that is longer than this, in bytes, ends with the sentence.
const LONG: usize = 600;

/// A tag inside of a line, in characters.
const LONGEST_TAG: usize = 300;

/// The kind of subtitles that `text` begins as.
pub(super) fn kind(text: &str) -> Option<Format> {
    if let Some(rest) = text.strip_prefix("WEBVTT") {
        return rest
            .chars()
            .next()
            .is_none_or(char::is_whitespace)
            .then_some(Format::Vtt);
    }
    let mut lines = text.lines();
    let first = lines.next()?.trim();
    let is_number = !first.is_empty() && first.bytes().all(|b| b.is_ascii_digit());
    (is_number && times(lines.next()?).is_some()).then_some(Format::Srt)
}

/// Reads `text`, whose line breaks are "\n".
///
/// # Errors
/// [`Error::Input`] if no cue is in it.
pub(super) fn read(name: &str, text: &str, format: Format) -> Result<Draft> {
    let mut joiner = Joiner::default();
    for (at, block) in blocks(text, format).iter().enumerate() {
        let is_head = format == Format::Vtt && at == 0;
        let is_note = ["NOTE", "STYLE", "REGION"]
            .iter()
            .any(|word| block.split_whitespace().next() == Some(word));
        if is_head || block.trim().is_empty() || (format == Format::Vtt && is_note) {
            continue;
        }
        joiner.block(block);
    }
    if joiner.count == 0 {
        return Err(
            Error::input(name, "holds no subtitles (no cue with its times was found)")
                .with_hint("get the file again, or read it with --input-format text"),
        );
    }
    joiner.end_paragraph();
    if joiner.timeless > 0 {
        joiner.draft.warnings.push(format!(
            "parts without times that can be read are left out: {} (-v lists them)",
            joiner.timeless
        ));
    }
    Ok(joiner.draft)
}

/// What empty lines part, and cues that no empty line parts.
fn blocks(text: &str, format: Format) -> Vec<String> {
    let mut blocks: Vec<Vec<&str>> = vec![Vec::new()];
    // the head of WebVTT ends with the first times too
    let mut timed = format == Format::Vtt;
    for line in text.lines() {
        let mut next = Vec::new();
        let is_time = times(line).is_some();
        if let (true, Some(open)) = (is_time && timed, blocks.last_mut()) {
            let is_number = |line: &&str| !line.is_empty() && line.bytes().all(|b| b.is_ascii_digit());
            next.extend(open.pop_if(|line| is_number(line)));
        }
        if line.is_empty() || (is_time && timed) {
            timed = false;
            blocks.push(next);
        }
        timed |= is_time;
        if let (false, Some(open)) = (line.is_empty(), blocks.last_mut()) {
            open.push(line);
        }
    }
    blocks.iter().map(|lines| lines.join("\n")).collect()
}

/// Whether a line holds the times of a cue.
pub fn is_time_line(line: &str) -> bool {
    times(line).is_some()
}

/// "00:01:02,500 --> 00:01:04.000 line:0" → start, end, settings.
fn times(line: &str) -> Option<(u64, u64, &str)> {
    let (start, rest) = line.split_once("-->")?;
    let rest = rest.trim_start();
    let (end, settings) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    Some((time(start.trim())?, time(end)?, settings.trim()))
}

/// Hours, if any, minutes, seconds and thousandths → milliseconds.
fn time(text: &str) -> Option<u64> {
    let (clock, thousandths) = text.split_once([',', '.'])?;
    let mut seconds = 0u64;
    let mut fields = 0;
    for field in clock.split(':') {
        let digits = !field.is_empty() && field.len() <= 4 && field.bytes().all(|b| b.is_ascii_digit());
        let value: u64 = field.parse().ok().filter(|_| digits)?;
        seconds = seconds * 60 + value;
        fields += 1;
    }
    // programs that write fewer digits mean tenths and hundredths
    let exact = matches!(thousandths.len(), 1..=3) && thousandths.bytes().all(|b| b.is_ascii_digit());
    let thousandths: u64 = format!("{thousandths:0<3}").parse().ok().filter(|_| exact)?;
    matches!(fields, 2 | 3).then_some(seconds * 1000 + thousandths)
}

#[derive(Default)]
struct Joiner {
    draft: Draft,
    /// The paragraph that is put together, and its cues.
    open: String,
    cues: Vec<Cue>,
    count: usize,
    /// Blocks that have no times, or none that can be read.
    timeless: usize,
    speaker: Option<String>,
    last_end: u64,
    last_line: String,
}

impl Joiner {
    /// One cue: a name or number, the times, the lines.
    fn block(&mut self, block: &str) {
        let mut lines = block.lines();
        let mut id = None;
        let mut found = None;
        for line in lines.by_ref().take(2) {
            found = times(line);
            if found.is_some() {
                break;
            }
            id = Some(line.trim().to_owned());
        }
        let Some((start, end, settings)) = found else {
            self.drop(block, "cue without times");
            self.timeless += 1;
            return;
        };
        let cue = Cue {
            span: Span::default(),
            number: self.count,
            start,
            end,
            id: id.filter(|id| !id.is_empty()),
            settings: (!settings.is_empty()).then(|| settings.to_owned()),
        };
        self.count += 1;
        let lines: Vec<Line> = lines
            .map(Line::read)
            .filter(|line| !line.text.is_empty())
            .collect();
        if start > self.last_end + PAUSE && ends_sentence(&self.open) {
            self.end_paragraph();
        }
        self.last_end = end;
        self.lines(lines, &cue);
    }

    fn lines(&mut self, mut lines: Vec<Line>, cue: &Cue) {
        // captions that roll repeat the line above
        if lines.len() > 1 && lines[0].text == self.last_line {
            lines.remove(0);
        }
        if let Some(last) = lines.last() {
            self.last_line.clone_from(&last.text);
        }
        let whole: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
        let whole = whole.join(" ");
        if is_sound(&whole) {
            self.drop(&whole, "sound");
            return;
        }
        let is_dialogue = lines.iter().filter(|line| line.dash).count() > 1;
        for line in &lines {
            self.line(line, is_dialogue, cue);
        }
    }

    fn line(&mut self, line: &Line, is_dialogue: bool, cue: &Cue) {
        let turns = line.speaker.is_some() && line.speaker != self.speaker;
        let is_full = self.open.len() > LONG && ends_sentence(&self.open);
        if turns || (is_dialogue && line.dash) || line.arrows || is_full {
            self.end_paragraph();
        }
        if turns {
            self.speaker.clone_from(&line.speaker);
            if let Some(speaker) = &line.speaker {
                self.open.push_str(speaker);
                self.open.push(':');
            }
        }
        let text = if is_dialogue || !line.dash {
            line.text.clone()
        } else {
            format!("- {}", line.text)
        };
        let unspaced = self.open.ends_with(is_unspaced) && text.starts_with(is_unspaced);
        if !self.open.is_empty() && !unspaced {
            self.open.push(' ');
        }
        let start = self.open.len();
        self.open.push_str(&text);
        let span = Span::new(start, self.open.len());
        match self.cues.last_mut() {
            Some(last) if last.number == cue.number => last.span = last.span.cover(span),
            _ => self.cues.push(Cue { span, ..cue.clone() }),
        }
    }

    fn end_paragraph(&mut self) {
        let text = std::mem::take(&mut self.open);
        let cues = std::mem::take(&mut self.cues);
        if text.is_empty() {
            return;
        }
        let piece = self.draft.pieces.len();
        self.draft.pieces.push(Piece::new(BlockKind::Paragraph, text));
        self.draft.cues.extend(cues.into_iter().map(|cue| (piece, cue)));
    }

    fn drop(&mut self, text: &str, reason: &'static str) {
        let text = text.replace('\n', " ");
        self.draft.dropped.push(Dropped { text, reason });
    }
}

/// One line of a cue without its marks.
struct Line {
    text: String,
    speaker: Option<String>,
    /// It begins with the dash of a dialogue.
    dash: bool,
    /// It begins with ">>", by which captions mark that another one speaks.
    arrows: bool,
}

impl Line {
    fn read(line: &str) -> Line {
        let mut text = String::with_capacity(line.len());
        let mut speaker = None;
        let mut rest = line;
        while let Some(at) = rest.find(['<', '{']) {
            let (before, tag) = rest.split_at(at);
            text.push_str(before);
            let close = if tag.starts_with('<') { '>' } else { '}' };
            // "{\an8}" places a line, "<i>" sets its type; any other bracket is text
            // no tag is longer: what is never closed is not sought to the end
            let near = tag
                .char_indices()
                .nth(LONGEST_TAG)
                .map_or(tag, |(end, _)| &tag[..end]);
            let is_tag = tag.starts_with("{\\")
                || (tag.starts_with('<')
                    && tag[1..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/'));
            match near.find(close).filter(|_| is_tag) {
                Some(end) => {
                    speaker = speaker.or_else(|| voice(&tag[1..end]));
                    rest = &tag[end + 1..];
                }
                None => {
                    text.push_str(&tag[..1]);
                    rest = &tag[1..];
                }
            }
        }
        text.push_str(rest);
        let text =
            unescape_with(&text, resolve_html5_entity).map_or(text.clone(), |plain| plain.into_owned());
        // as the article will keep it: the places of cues must not move any more
        let (text, _) = super::decode::tidy(&text);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let without = text.trim_start_matches(['-', '–', '—']);
        let dash = without.len() < text.len();
        let arrows = without.starts_with(">>");
        Line {
            text: without.trim_start_matches(['>', ' ']).to_owned(),
            speaker,
            dash,
            arrows,
        }
    }
}

/// The name in a WebVTT tag `v` or `v.class`.
fn voice(tag: &str) -> Option<String> {
    let (kind, name) = tag.split_once(' ')?;
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_voice = kind == "v" || kind.starts_with("v.");
    (is_voice && !name.is_empty()).then(|| super::decode::tidy(&name).0)
}

/// "[applause]", "♪ …": heard, not said.
fn is_sound(text: &str) -> bool {
    let text = text.trim();
    let within = |open: char, close: char| {
        text.starts_with(open)
            && text.ends_with(close)
            && text.matches(close).count() == 1
            && text.chars().count() < 80
    };
    within('[', ']') || within('(', ')') || text.starts_with('♪') || text.starts_with('♫')
}

fn ends_sentence(text: &str) -> bool {
    text.trim_end_matches(['"', '”', '»', '’', ')'])
        .ends_with(['.', '!', '?', '…', '。', '！', '？'])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn times_are_read_and_what_is_none_is_not() {
        assert_eq!(time("00:01:02,500"), Some(62_500));
        assert_eq!(time("01:02.500"), Some(62_500));
        assert_eq!(time("100:00:00.000"), Some(360_000_000));
        assert_eq!(
            (time("0:01:02,5"), time("0:01:02,05")),
            (Some(62_500), Some(62_050))
        );
        for none in [
            "",
            "1:2:3:4.000",
            "00:01:02",
            "00:0x:02.000",
            "00:01:02.5000",
            "00:01:02.",
            "-1:00.000",
        ] {
            assert_eq!(time(none), None, "{none}");
        }
        assert_eq!(
            times("00:01.000 --> 00:02.000 line:0 align:left"),
            Some((1000, 2000, "line:0 align:left"))
        );
    }

    fn shown(draft: &Draft) -> Vec<&str> {
        draft.pieces.iter().map(|piece| piece.text.as_str()).collect()
    }

    #[test]
    fn cues_become_sentences_and_paragraphs() {
        let text = "1\n00:00:01,000 --> 00:00:03,000\n<i>The harbour</i> is\nshut, the mayor\n\n2\n00:00:03,100 --> 00:00:05,000\n{\\an8}said &amp; sighed.\n\n3\n00:00:20,000 --> 00:00:22,000\n- Why?\n- It leaks.\n\n4\n00:00:22,000 --> 00:00:23,000\n[applause]\n";
        let draft = read("f", text, Format::Srt).unwrap();
        assert_eq!(
            shown(&draft),
            [
                "The harbour is shut, the mayor said & sighed.",
                "Why?",
                "It leaks."
            ]
        );
        let places: Vec<_> = draft
            .cues
            .iter()
            .map(|(piece, cue)| (cue.number, cue.start, cue.span.of(&draft.pieces[*piece].text)))
            .collect();
        assert_eq!(
            places,
            [
                (0, 1000, "The harbour is shut, the mayor"),
                (1, 3100, "said & sighed."),
                (2, 20_000, "Why?"),
                (2, 20_000, "It leaks."),
            ]
        );
        assert_eq!(draft.dropped[0].reason, "sound");
    }

    #[test]
    fn cues_that_nothing_parts_are_cues_and_what_has_no_times_is_told() {
        let text = "1\n00:00:05,000 --> 00:00:07,000\nIt leaked for\n62\n2\n00:00:08,000 --> 00:00:09,000\ndays, he said.\n\n3\n-00:00:01,000 --> 00:00:02,000\nBefore it all, she said.\n";
        let draft = read("f", text, Format::Srt).unwrap();
        assert_eq!(shown(&draft), ["It leaked for 62 days, he said."]);
        assert_eq!(draft.cues.len(), 2);
        assert_eq!(draft.cues[1].1.id.as_deref(), Some("2"));
        assert_eq!(draft.dropped[0].reason, "cue without times");
        assert!(draft.warnings[0].contains("left out: 1"), "{:?}", draft.warnings);
        let text = "WEBVTT\n00:01.000 --> 00:02.000\nShut, she\n00:02.000 --> 00:03.000\nsaid.\n";
        assert_eq!(shown(&read("f", text, Format::Vtt).unwrap()), ["Shut, she said."]);
    }

    #[test]
    fn webvtt_names_its_speakers() {
        let text = "WEBVTT\n\nNOTE made by hand\n\nintro\n00:01.000 --> 00:03.000 align:left\n<v Mara Lind>The quay will stay shut.\n\n00:03.000 --> 00:04.000\n<v Mara Lind>Until spring.</v>\n\n00:04.000 --> 00:06.000\n<v.loud Per Osk>Nobody asked us.\n";
        let draft = read("f", text, Format::Vtt).unwrap();
        assert_eq!(
            shown(&draft),
            [
                "Mara Lind: The quay will stay shut. Until spring.",
                "Per Osk: Nobody asked us."
            ]
        );
        let first = &draft.cues[0].1;
        assert_eq!(
            (first.id.as_deref(), first.settings.as_deref()),
            (Some("intro"), Some("align:left"))
        );
        assert!(read("f", "WEBVTT\n\nnothing\n", Format::Vtt).is_err());
    }
}
