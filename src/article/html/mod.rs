//! A web page → draft: the article found by readability, its blocks kept, the rest of the page listed as left out.
//! HTML that is an article already, inside of a feed, a mail or ninjs, is only cut into its blocks.

mod meta;
pub(super) mod walk;

use std::collections::HashSet;

use dom_smoothie::{Config, Readability};

use super::Dropped;
use super::draft::Draft;
use crate::error::{Error, Result};
use walk::{Page, collapse};

/// Pages with more elements are no articles (and would take very long).
const MOST_ELEMENTS: usize = 100_000;
/// Tags that may be open at one place; what is deeper by far than [`walk`] allows is not even parsed.
const MOST_OPEN: usize = 5_000;
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
    let parsed = parsed(name, html)?;
    let page = walk::blocks(walk::steps(&parsed, name)?);
    let mut reader = Readability::new(html, None, Some(config())).map_err(|_| no_article())?;
    let found = reader.parse().map_err(|_| no_article())?;
    let mut draft = Draft {
        pieces: fragment(name, &found.content)?.pieces,
        ..Draft::default()
    };
    draft.pieces.retain(|piece| !piece.text.is_empty());
    let language = meta::read(&parsed, &mut draft);
    let byline = found.byline.iter().map(String::as_str);
    draft.provenance.set_names(byline);
    draft.declared = found
        .lang
        .or(language)
        .as_deref()
        .and_then(|code| code.parse().ok());
    let kept: HashSet<&str> = draft.pieces.iter().map(|piece| piece.text.as_str()).collect();
    let title = match page.title {
        Some(title) if title.chars().count() > 8 => title,
        _ => collapse(&found.title),
    };
    let mut outside: Vec<Dropped> = page
        .pieces
        .iter()
        .map(|piece| &piece.text)
        .filter(|text| !kept.contains(text.as_str()) && **text != title)
        .map(|text| Dropped {
            text: text.clone(),
            reason: "outside of the article",
        })
        .collect();
    outside.extend(page.aside);
    draft.settle(Some(title));
    draft.dropped.extend(outside);
    if draft.prose() < LEAST_PROSE {
        return Err(no_article());
    }
    Ok(draft)
}

/// The blocks of HTML that holds an article and nothing else.
///
/// # Errors
/// [`Error::Input`] if it is nested too deeply.
pub(super) fn fragment(name: &str, html: &str) -> Result<Page> {
    Ok(walk::blocks(walk::steps(&parsed(name, html)?, name)?))
}

/// `Readability` is taken for its parser here: the page as it stands.
fn parsed(name: &str, html: &str) -> Result<Readability> {
    if deepest(html) > MOST_OPEN {
        return Err(walk::too_deep(name));
    }
    Readability::new(html, None, None)
        .map_err(|e| Error::input(name, format!("cannot be read as a page: {e}")))
}

/// How many tags are open at one place, at the most, as far as a look at the names of tags tells. The parser needs, for
/// each tag, time by the number of those that are open.
fn deepest(html: &str) -> usize {
    // elements without an end, or whose end may be left out
    const NO_END: &[&str] = &[
        "area", "base", "br", "col", "dd", "dt", "embed", "hr", "img", "input", "li", "link", "meta",
        "option", "p", "source", "td", "th", "tr", "track", "wbr",
    ];
    // elements whose text holds no tags, but may hold what looks like some
    const RAW: &[&str] = &["script", "style", "textarea", "title"];
    let is = |name: &str, among: &[&str]| among.iter().any(|other| name.eq_ignore_ascii_case(other));
    let (mut open, mut most) = (0usize, 0usize);
    let mut raw: Option<&str> = None;
    for tag in html.split('<').skip(1) {
        let (ends, tag) = match tag.strip_prefix('/') {
            Some(tag) => (true, tag),
            None => (false, tag),
        };
        let length = tag.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let name = &tag[..length];
        match raw {
            Some(open) if ends && name.eq_ignore_ascii_case(open) => raw = None,
            None if !ends && is(name, RAW) => raw = Some(name),
            _ => {}
        }
        if raw.is_some() || name.is_empty() || is(name, NO_END) || is(name, RAW) {
            continue;
        }
        open = if ends { open.saturating_sub(1) } else { open + 1 };
        most = most.max(open);
    }
    most
}

fn config() -> Config {
    Config {
        max_elements_to_parse: MOST_ELEMENTS,
        ..Config::default()
    }
}
