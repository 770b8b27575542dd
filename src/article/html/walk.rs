//! A marked-up page → its blocks: which elements part them, which flow inside a line, which stand beside the text.

use dom_smoothie::Readability;

use crate::article::draft::Piece;
use crate::article::{BlockKind, Dropped};
use crate::error::{Error, Result};

/// The blocks of a page in order, what belongs beside its text, and its only `<h1>`.
#[derive(Default)]
pub(in crate::article) struct Page {
    pub(in crate::article) pieces: Vec<Piece>,
    /// Captions, footnotes, and dates on a line of their own.
    pub(in crate::article) aside: Vec<Dropped>,
    pub(in crate::article) title: Option<String>,
}

/// What the walk over the page meets; elements are named as in HTML.
pub(in crate::article) enum Step {
    Open(String),
    Close(String),
    Text(String),
}

/// Elements that hold no text for readers.
const SILENT: &[&str] = &[
    "head", "script", "style", "noscript", "template", "svg", "math", "iframe", "object", "canvas", "audio",
    "video", "select", "textarea", "datalist",
];

/// Elements that flow inside a line; every other one begins and ends a block.
const INLINE: &[&str] = &[
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font",
    "i", "img", "ins", "kbd", "label", "mark", "nobr", "q", "rp", "rt", "ruby", "s", "samp", "small", "span",
    "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
];

/// Elements whose text stands beside the article, and what to call it. No page has a `footnote`: other markup that
/// is walked here does.
const ASIDE: &[(&str, &str)] = &[("figcaption", "picture caption"), ("footnote", "footnote")];

/// Elements inside one another: beyond this the search for the article takes very long.
const DEEPEST: usize = 600;

/// The refusal of a page that is nested too deeply.
pub(super) fn too_deep(name: &str) -> Error {
    Error::input(name, "is nested too deeply for a page")
        .with_hint("save the article's text and give it as plain text")
}

/// The steps through a parsed page.
///
/// # Errors
/// [`Error::Input`] if it is nested too deeply.
pub(super) fn steps(parsed: &Readability, name: &str) -> Result<Vec<Step>> {
    let mut steps = Vec::new();
    // A stack in place of recursion: pages may be nested to any depth.
    let mut stack = vec![(parsed.doc.root(), false)];
    let mut depth = 0usize;
    while let Some((node, done)) = stack.pop() {
        let element = node
            .node_name()
            .map(|name| name.to_string())
            .filter(|_| node.is_element());
        match element {
            Some(element) if done => {
                depth = depth.saturating_sub(1);
                steps.push(Step::Close(element));
            }
            Some(element) if SILENT.contains(&element.as_str()) || node.has_attr("hidden") => {}
            Some(element) => {
                depth += 1;
                if depth > DEEPEST {
                    return Err(too_deep(name));
                }
                steps.push(Step::Open(element));
                stack.push((node, true));
                stack.extend(node.children_it(true).map(|child| (child, false)));
            }
            None if node.is_text() => steps.push(Step::Text(node.text().to_string())),
            None if done => {}
            None => stack.extend(node.children_it(true).map(|child| (child, false))),
        }
    }
    Ok(steps)
}

/// The blocks along `steps`.
pub(in crate::article) fn blocks(steps: Vec<Step>) -> Page {
    Walk::default().run(steps)
}

#[derive(Default)]
struct Walk {
    page: Page,
    open: String,
    heading: usize,
    item: usize,
    aside: Vec<&'static str>,
    titles: usize,
    /// The text up to the end of a `<time>` that begins the block.
    date: Option<String>,
    preformatted: usize,
}

impl Walk {
    fn run(mut self, steps: Vec<Step>) -> Page {
        for step in steps {
            match step {
                Step::Text(text) => self.open.push_str(&text),
                Step::Open(element) => self.open(&element),
                Step::Close(element) => self.close(&element),
            }
        }
        self.flush();
        if self.titles != 1 {
            self.page.title = None;
        }
        self.page
    }

    fn open(&mut self, element: &str) {
        if element == "time" && self.open.trim().is_empty() {
            self.date = Some(String::new());
        }
        if INLINE.contains(&element) {
            return;
        }
        match element {
            "td" | "th" => return,
            _ => self.flush(),
        }
        match element {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.heading += 1,
            "li" | "dd" | "dt" => self.item += 1,
            "pre" => self.preformatted += 1,
            _ => self.aside.extend(aside(element)),
        }
    }

    fn close(&mut self, element: &str) {
        match element {
            "time" => {
                if let Some(date) = &mut self.date {
                    date.clone_from(&self.open);
                }
                return;
            }
            _ if INLINE.contains(&element) => return,
            "td" | "th" => {
                self.open.push_str(" | ");
                return;
            }
            "h1" => {
                self.titles += 1;
                self.page.title = Some(collapse(&self.open)).filter(|title| !title.is_empty());
            }
            _ => {}
        }
        self.flush();
        let depth = match element {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => &mut self.heading,
            "li" | "dd" | "dt" => &mut self.item,
            "pre" => &mut self.preformatted,
            _ => {
                if aside(element).is_some() {
                    self.aside.pop();
                }
                return;
            }
        };
        *depth = depth.saturating_sub(1);
    }

    fn flush(&mut self) {
        let open = std::mem::take(&mut self.open);
        let date = self.date.take();
        let kind = match (self.heading, self.item) {
            (1.., _) => BlockKind::Heading,
            (_, 1..) => BlockKind::ListItem,
            _ => BlockKind::Paragraph,
        };
        let blocks: Vec<String> = if self.preformatted > 0 {
            open.split("\n\n").map(collapse).collect()
        } else {
            vec![collapse(&open)]
        };
        for text in blocks {
            let text = text.trim_end_matches('|').trim_end();
            if text.is_empty() {
                continue;
            }
            let is_date = date.as_deref().is_some_and(|date| collapse(date) == text);
            match self.aside.last().copied().or(is_date.then_some("date")) {
                Some(reason) => self.page.aside.push(Dropped {
                    text: text.to_owned(),
                    reason,
                }),
                None => self.page.pieces.push(Piece::new(kind, text)),
            }
        }
    }
}

fn aside(element: &str) -> Option<&'static str> {
    let found = ASIDE.iter().find(|(name, _)| *name == element)?;
    Some(found.1)
}

/// White space as a browser shows it: one space, also for no-break spaces, which pages use for layout.
pub(in crate::article) fn collapse(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
