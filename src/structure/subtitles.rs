//! Subtitles → their structure: numbers, times, settings and notes stay; the words of cues up to the end of a sentence are
//! one unit with a slot for each cue.

use crate::article::{Format, is_time_line};
use crate::text::segment::is_unspaced;
use crate::text::span::Span;

use super::escape::{Escape, decoded};
use super::inline::{Item, Run};
use super::{Part, Slot, Structure, Unit, has_words};

/// A unit longer than this, in bytes, ends with its cue: speech without a mark has no end.
const LONG: usize = 600;

pub(super) fn read(structure: &mut Structure, text: &str, format: Format) {
    let escape = if format == Format::Vtt {
        Escape::Html
    } else {
        Escape::Plain
    };
    let mut reader = Reader {
        structure,
        unit: None,
        voice: String::new(),
        escape,
        left: 0,
    };
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut at = 0;
    while at < lines.len() {
        reader.structure.raw(lines[at]);
        at += 1;
        if !is_time_line(lines[at - 1].trim()) {
            continue;
        }
        let from = at;
        while at < lines.len() && !lines[at].trim().is_empty() && !is_time_line(lines[at].trim()) {
            at += 1;
        }
        // cues that no empty line parts: the number of the next is none of the words
        let next = lines.get(at).is_some_and(|line| is_time_line(line.trim()));
        if next && at > from && lines[at - 1].trim().bytes().all(|b| b.is_ascii_digit()) {
            at -= 1;
        }
        reader.cue(&lines[from..at]);
    }
    reader.end();
    let left = reader.left;
    structure.left = (left > 0).then_some((left, "cues of sounds"));
}

struct Reader<'a> {
    structure: &'a mut Structure,
    /// The unit that is put together.
    unit: Option<Unit>,
    voice: String,
    escape: Escape,
    left: usize,
}

impl Reader<'_> {
    fn cue(&mut self, lines: &[&str]) {
        let whole = lines.concat();
        let dashes = lines.iter().filter(|line| speaks(line)).count();
        if dashes < 2 {
            self.piece(&whole, lines.len());
            return;
        }
        for line in lines {
            self.end();
            self.piece(line, 1);
        }
        self.end();
    }

    /// Words that stand in one place, on so many lines.
    fn piece(&mut self, raw: &str, lines: usize) {
        let body = raw.trim_ascii_end();
        let rest = &raw[body.len()..];
        let mut run = Run::default();
        let mut voice = String::new();
        let dash = if speaks(body) {
            body.len() - body.trim_start_matches(['-', '–', '—', ' ', '\t']).len()
        } else {
            body.len() - body.trim_ascii_start().len()
        };
        // SubRip has no references
        for item in items(&body[dash..], self.escape == Escape::Html) {
            if let Item::Open(name, raw) = &item
                && name == "v"
            {
                voice.clone_from(raw);
            }
            run.add(item);
        }
        let (text, marks) = run.finish();
        if !has_words(&text) || is_sound(&text) {
            self.left += usize::from(has_words(&text));
            self.structure.raw(raw);
            return;
        }
        if voice != self.voice || self.unit.as_ref().is_some_and(|u| u.text.len() > LONG) {
            self.end();
            self.voice = voice;
        }
        self.structure.raw(&body[..dash]);
        let mut unit = self.unit.take().unwrap_or(Unit {
            text: String::new(),
            slots: Vec::new(),
            escape: self.escape,
        });
        let joined = unit.text.ends_with(is_unspaced) && text.starts_with(is_unspaced);
        if !unit.text.is_empty() && !joined {
            unit.text.push(' ');
        }
        let start = unit.text.len();
        unit.text.push_str(&text);
        let mut marks = marks;
        for mark in &mut marks {
            mark.span = mark.span.shifted(start);
        }
        self.structure
            .parts
            .push(Part::Slot(self.structure.units.len(), unit.slots.len()));
        unit.slots.push(Slot {
            span: Span::new(start, unit.text.len()),
            lines,
            marks,
        });
        let ends = ends_sentence(&unit.text);
        self.unit = Some(unit);
        if ends {
            self.end();
        }
        self.structure.raw(rest);
    }

    fn end(&mut self) {
        self.structure.units.extend(self.unit.take());
    }
}

/// A line of a dialogue.
fn speaks(line: &str) -> bool {
    line.trim_start().starts_with(['-', '–', '—'])
}

/// "[applause]", "♪ …": heard, not said.
fn is_sound(text: &str) -> bool {
    let within = |open: char, close: char| {
        text.starts_with(open) && text.ends_with(close) && text.matches(close).count() == 1
    };
    within('[', ']') || within('(', ')') || text.starts_with(['♪', '♫'])
}

fn ends_sentence(text: &str) -> bool {
    text.trim_end_matches(['"', '”', '»', '’', ')'])
        .ends_with(['.', '!', '?', '…', '。', '！', '？'])
}

/// The text and the tags of a cue: `<i>`, `<v Name>`, `<00:01.000>`, `{\an8}`.
fn items(text: &str, has_references: bool) -> Vec<Item> {
    let written = |text: &str| {
        if has_references {
            decoded(text)
        } else {
            text.to_owned()
        }
    };
    let mut items = Vec::new();
    let (mut at, mut open) = (0, 0);
    while let Some(found) = text[at..].find(['<', '{']) {
        let start = at + found;
        let rest = &text[start..];
        let close = if rest.starts_with('<') { '>' } else { '}' };
        let is_tag = rest.starts_with("{\\")
            || (rest.starts_with('<')
                && rest[1..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/'));
        let end = rest.find(close).filter(|_| is_tag);
        let Some(end) = end else {
            at = start + 1;
            continue;
        };
        items.push(Item::Text(written(&text[open..start])));
        let raw = rest[..=end].to_owned();
        let inside = &rest[1..end];
        let name = |tag: &str| {
            tag.split([' ', '.', '\t'])
                .next()
                .unwrap_or_default()
                .to_ascii_lowercase()
        };
        items.push(match inside.strip_prefix('/') {
            Some(tag) => Item::Close(name(tag), raw),
            None if inside.starts_with(|c: char| c.is_ascii_alphabetic()) => Item::Open(name(inside), raw),
            None => Item::Point(raw),
        });
        at = start + end + 1;
        open = at;
    }
    items.push(Item::Text(written(&text[open..])));
    items
}
