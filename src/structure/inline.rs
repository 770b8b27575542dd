//! A run of text and tags → its text, white space as one space, with the tags as marks. An end without a start, and a
//! start without an end, are marks between words: nothing is mended, and nothing is lost.

use crate::text::span::Span;

use super::Mark;

/// What a run is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// Text, references resolved.
    Text(String),
    /// What begins an element: its name, and what is written.
    Open(String, String),
    /// What ends it.
    Close(String, String),
    /// What stands between words.
    Point(String),
    /// What is written as it is; the text is for the translator.
    Kept(String, String),
}

/// The text of a run, and its marks.
#[derive(Default)]
pub(super) struct Run {
    pub(super) text: String,
    pub(super) marks: Vec<Mark>,
    open: Vec<(usize, String)>,
    /// Marks that are closed, or need not be.
    whole: Vec<bool>,
    space: bool,
}

impl Run {
    /// Adds what follows.
    pub(super) fn add(&mut self, item: Item) {
        match item {
            Item::Text(text) => self.words(&text),
            Item::Open(name, raw) => {
                let at = self.mark(raw);
                self.open.push((at, name));
            }
            Item::Close(name, raw) => match self.open.iter().rposition(|(_, open)| *open == name) {
                Some(found) => {
                    let (at, _) = self.open[found];
                    self.open.truncate(found);
                    self.whole[at] = true;
                    self.marks[at].close = raw;
                    self.marks[at].span.end = self.text.len().max(self.marks[at].span.start);
                }
                None => self.point(raw),
            },
            Item::Point(raw) => self.point(raw),
            Item::Kept(raw, text) => {
                self.settle_space();
                let at = self.mark(String::new());
                self.words(&text);
                self.marks[at].span.end = self.text.len();
                self.marks[at].kept = Some(raw);
                self.whole[at] = true;
            }
        }
    }

    fn point(&mut self, raw: String) {
        let at = self.mark(raw);
        self.whole[at] = true;
    }

    /// A mark that begins here; a space before it stands before its words.
    fn mark(&mut self, open: String) -> usize {
        self.settle_space();
        let at = self.text.len();
        self.marks.push(Mark {
            span: Span::new(at, at),
            open,
            parent: None,
            ..Mark::default()
        });
        self.whole.push(false);
        if let Some(((parent, _), mark)) = self.open.last().zip(self.marks.last_mut()) {
            mark.parent = Some(*parent);
        }
        self.marks.len() - 1
    }

    fn settle_space(&mut self) {
        if std::mem::take(&mut self.space) && !self.text.is_empty() && !self.text.ends_with(' ') {
            self.text.push(' ');
        }
    }

    /// Where a space stands on both sides of a mark, the second belongs to the mark.
    fn space_after_mark(&mut self) {
        let end = self.text.len();
        let parted = self.text.is_empty() || self.text.ends_with(' ');
        if let Some(mark) = self.marks.last_mut().filter(|m| parted && m.span.start == end) {
            let raw = if mark.close.is_empty() {
                &mut mark.open
            } else {
                &mut mark.close
            };
            if !raw.ends_with(' ') {
                raw.push(' ');
            }
        }
    }

    fn words(&mut self, text: &str) {
        for c in text.chars() {
            if c.is_ascii_whitespace() {
                self.space = true;
                self.space_after_mark();
            } else {
                self.settle_space();
                self.text.push(c);
            }
        }
    }

    /// The text and its marks; those without an end hold nothing.
    pub(super) fn finish(mut self) -> (String, Vec<Mark>) {
        // an element that was never closed is around nothing: what lay in it lies in what was around it
        for at in 0..self.marks.len() {
            let parent = self.marks[at].parent;
            if let Some(around) = parent.filter(|&p| !self.whole[p]) {
                self.marks[at].parent = self.marks[around].parent;
            }
        }
        let end = self.text.trim_end_matches(' ').len();
        self.text.truncate(end);
        for mark in &mut self.marks {
            mark.span = Span::new(mark.span.start.min(end), mark.span.end.min(end));
        }
        (self.text, self.marks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_closed_is_a_mark_between_words() {
        let mut run = Run::default();
        let open = |name: &str| Item::Open(name.into(), format!("<{name}>"));
        let close = |name: &str| Item::Close(name.into(), format!("</{name}>"));
        let text = |text: &str| Item::Text(text.into());
        for item in [
            text(" The\n"),
            open("b"),
            open("i"),
            text("old quay"),
            close("b"),
            close("i"),
            text(" shut "),
        ] {
            run.add(item);
        }
        let (text, marks) = run.finish();
        assert_eq!(text, "The old quay shut");
        let shown: Vec<_> = marks
            .iter()
            .map(|m| (m.span.of(&text), m.open.as_str(), m.close.as_str()))
            .collect();
        assert_eq!(
            shown,
            [("old quay", "<b>", "</b>"), ("", "<i>", ""), ("", "</i>", "")]
        );
    }
}
