//! A web page → draft: the article found by readability, its blocks kept, the rest of the page listed as left out.

use std::collections::HashSet;

use dom_smoothie::{Config, Readability};

use super::layout::{Draft, Piece};
use super::{BlockKind, Dropped};
use crate::error::{Error, Result};

/// Pages with more elements are no articles (and would take very long).
const MOST_ELEMENTS: usize = 100_000;
/// Elements inside one another: beyond this the search for the article takes very long.
const DEEPEST: usize = 600;
/// Less running text than this, in characters, is no article.
const LEAST_PROSE: usize = 100;

/// Reads the page `html`.
///
/// # Errors
/// [`Error::Input`] if no article is found in it.
pub(super) fn read(name: &str, html: &str) -> Result<Draft> {
    let no_article = || {
        Error::input(name, "holds no article that could be found in the page")
            .with_hint("save the article's text and give it as plain text")
    };
    let page = blocks_of_page(html, name)?;
    let mut reader = Readability::new(html, None, Some(config())).map_err(|_| no_article())?;
    let found = reader.parse().map_err(|_| no_article())?;
    let mut draft = Draft {
        pieces: blocks_of_page(&found.content, name)?.pieces,
        ..Draft::default()
    };
    draft.pieces.retain(|piece| !piece.text.is_empty());
    draft.declared = found.lang.as_deref().and_then(|code| code.parse().ok());
    let kept: HashSet<&str> = draft.pieces.iter().map(|piece| piece.text.as_str()).collect();
    let title = match page.title {
        Some(title) if title.chars().count() > 8 => title,
        _ => collapse(&found.title),
    };
    let outside = page
        .pieces
        .iter()
        .map(|piece| &piece.text)
        .filter(|text| !kept.contains(text.as_str()) && **text != title);
    let outside: Vec<Dropped> = left_out(outside, "outside of the article")
        .chain(left_out(page.captions.iter(), "picture caption"))
        .collect();
    draft.settle(Some(title));
    draft.dropped.extend(outside);
    if draft.prose() < LEAST_PROSE {
        return Err(no_article());
    }
    Ok(draft)
}

fn left_out<'a>(
    texts: impl Iterator<Item = &'a String>,
    reason: &'static str,
) -> impl Iterator<Item = Dropped> {
    texts.map(move |text| Dropped {
        text: text.clone(),
        reason,
    })
}

fn config() -> Config {
    Config {
        max_elements_to_parse: MOST_ELEMENTS,
        ..Config::default()
    }
}

/// The blocks of a page in order, its captions, and its only `<h1>`.
#[derive(Default)]
struct Page {
    pieces: Vec<Piece>,
    captions: Vec<String>,
    title: Option<String>,
}

/// What the walk over the page meets.
enum Step {
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

fn blocks_of_page(html: &str, name: &str) -> Result<Page> {
    // `Readability` is taken for its parser here: the page as it stands.
    let parsed = Readability::new(html, None, None)
        .map_err(|e| Error::input(name, format!("cannot be read as a page: {e}")))?;
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
                    return Err(Error::input(name, "is nested too deeply for a page")
                        .with_hint("save the article's text and give it as plain text"));
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
    Ok(Walk::default().run(steps))
}

#[derive(Default)]
struct Walk {
    page: Page,
    open: String,
    heading: usize,
    item: usize,
    caption: usize,
    titles: usize,
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
            "figcaption" => self.caption += 1,
            "pre" => self.preformatted += 1,
            _ => {}
        }
    }

    fn close(&mut self, element: &str) {
        match element {
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
            "figcaption" => &mut self.caption,
            "pre" => &mut self.preformatted,
            _ => return,
        };
        *depth = depth.saturating_sub(1);
    }

    fn flush(&mut self) {
        let open = std::mem::take(&mut self.open);
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
            if self.caption > 0 {
                self.page.captions.push(text.to_owned());
            } else {
                self.page.pieces.push(Piece::new(kind, text));
            }
        }
    }
}

/// White space as a browser shows it: one space, also for no-break spaces, which pages use for layout.
fn collapse(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
