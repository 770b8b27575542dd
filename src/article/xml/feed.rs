//! RSS 0.9x–2.0, RSS 1.0 (RDF) and Atom → drafts, one an item.
//!
//! The whole text is taken where the feed has it (`content:encoded`, Atom's `content`), else the summary.

use super::{Element, parse, unknown};
use crate::article::draft::Draft;
use crate::article::html::walk;
use crate::article::provenance::{Field, Provenance};
use crate::article::text;
use crate::error::{Error, Result};

const DC: &str = "http://purl.org/dc/elements/1.1/";
const DCTERMS: &str = "http://purl.org/dc/terms/";
const CONTENT: &str = "http://purl.org/rss/1.0/modules/content/";

/// Reads every item; one that fails does not stop the others.
///
/// # Errors
/// [`Error::Input`] if it is broken XML, no feed, or a feed without items.
pub(in crate::article) fn read(name: &str, text: &str) -> Result<Vec<Result<Draft>>> {
    let root = parse(name, text)?;
    let channel = match root.name {
        "rss" => root.child("channel").unwrap_or(&root),
        "RDF" => root.child("channel").unwrap_or(&root),
        "feed" => &root,
        _ => return Err(unknown(name, text)),
    };
    let mut items: Vec<&Element<'_>> = Vec::new();
    for holder in [channel, &root] {
        if items.is_empty() {
            items.extend(holder.elements().filter(|e| matches!(e.name, "item" | "entry")));
        }
    }
    if items.is_empty() {
        return Err(
            Error::input(name, "is a feed without items").with_hint("get it again when there is news")
        );
    }
    let feed = Feed::new(channel, root.attribute("lang"));
    Ok((1..)
        .zip(items)
        .map(|(number, item)| feed.item(name, number, item))
        .collect())
}

/// What holds for all items.
struct Feed {
    about: Provenance,
    language: Option<String>,
}

impl Feed {
    fn new(channel: &Element<'_>, language: Option<&str>) -> Feed {
        let mut about = Draft::default();
        for (field, key) in [
            (Field::Publisher, "title"),
            (Field::Copyright, "copyright"),
            (Field::Copyright, "rights"),
        ] {
            if let Some(value) = own(channel, key) {
                about.set(field, &value);
            }
        }
        let dc = child_in(channel, DC, "language").map(Element::text);
        Feed {
            about: about.provenance,
            language: own(channel, "language")
                .or(dc)
                .or(channel.attribute("lang").or(language).map(str::to_owned)),
        }
    }

    fn item(&self, name: &str, number: usize, item: &Element<'_>) -> Result<Draft> {
        let title = own_element(item, "title").and_then(|title| text::title(name, &title.raw_text()));
        let called = title.clone().unwrap_or_default();
        let none = |what: &str| {
            Error::input(name, format!("item {number} (\"{called}\"): {what}"))
                .with_hint("the feed gives no text of it; take the page that it links to")
        };
        let mut draft = match body(item) {
            None => return Err(none("has no text")),
            Some(Body::Tree(tree)) => {
                let mut steps = Vec::new();
                super::steps(tree, &|element| Some(element.name), &mut steps);
                Draft::of_page(walk::blocks(steps), title)
            }
            Some(Body::Text(content)) => text::body_or_html(name, &content, title)?,
        };
        if draft.pieces.len() < 2 && draft.prose() == 0 {
            return Err(none("has a title and no text"));
        }
        self.about(item, &mut draft);
        Ok(draft)
    }

    fn about(&self, item: &Element<'_>, draft: &mut Draft) {
        let link = link(item);
        draft.id = own(item, "guid")
            .or_else(|| own(item, "id"))
            .or_else(|| item.attribute("about").map(str::to_owned))
            .or_else(|| link.clone());
        let authors = authors(item);
        draft.provenance.set_names(authors.iter().map(String::as_str));
        let dates = [
            (Field::Published, own(item, "pubDate")),
            (Field::Published, own(item, "published")),
            (Field::Published, child_in(item, DC, "date").map(Element::text)),
            (
                Field::Published,
                child_in(item, DCTERMS, "issued").map(Element::text),
            ),
            (Field::Updated, own(item, "updated")),
            (
                Field::Updated,
                child_in(item, DCTERMS, "modified").map(Element::text),
            ),
            (Field::Url, link),
            (Field::Copyright, own(item, "rights")),
            (Field::Copyright, child_in(item, DC, "rights").map(Element::text)),
        ];
        for (field, value) in dates {
            if let Some(value) = value {
                draft.set(field, &value);
            }
        }
        if let Some(source) = own_element(item, "source") {
            let name = source.child("title").unwrap_or(source).text();
            draft
                .provenance
                .info_sources
                .extend(Some(name).filter(|name| !name.is_empty()));
        }
        draft.provenance.fill_from(&self.about);
        let language = item.attribute("lang").or(self.language.as_deref());
        if let Some(language) = language {
            draft.declare(language);
        }
    }
}

/// The child of that name in the namespace of the feed itself: `media:title` is not a title.
fn own_element<'e, 'a>(item: &'e Element<'a>, name: &'e str) -> Option<&'e Element<'a>> {
    item.all(name).find(|child| child.space == item.space)
}

fn own(item: &Element<'_>, name: &str) -> Option<String> {
    let text = own_element(item, name)?.text();
    (!text.is_empty()).then_some(text)
}

fn child_in<'e, 'a>(item: &'e Element<'a>, space: &'e str, name: &'e str) -> Option<&'e Element<'a>> {
    item.all(name).find(|child| child.space == space)
}

/// RSS has addresses as text, Atom as attributes of links of several kinds.
fn link(item: &Element<'_>) -> Option<String> {
    let is_page = |link: &&Element<'_>| link.attribute("rel").is_none_or(|rel| rel == "alternate");
    let links = item.all("link").filter(|link| link.space == item.space);
    links
        .filter(is_page)
        .map(|link| link.attribute("href").map_or_else(|| link.text(), str::to_owned))
        .find(|address| !address.is_empty())
}

fn authors(item: &Element<'_>) -> Vec<String> {
    let creators = item
        .all("creator")
        .filter(|e| e.space == DC || e.space == "dc")
        .map(Element::text);
    let own = item.all("author").map(|author| match author.child("name") {
        Some(name) => name.text(),
        // RSS: "desk@tarn.example (Ilse Marn)"
        None => {
            let text = author.text();
            let name = text.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
            name.map(str::to_owned).unwrap_or(text)
        }
    });
    creators.chain(own).collect()
}

enum Body<'e, 'a> {
    /// XHTML that is part of the feed.
    Tree(&'e Element<'a>),
    /// Escaped HTML, or plain text.
    Text(String),
}

fn body<'e, 'a>(item: &'e Element<'a>) -> Option<Body<'e, 'a>> {
    let encoded = item
        .all("encoded")
        .find(|e| e.space == CONTENT || e.space == "content");
    let places = [
        encoded,
        own_element(item, "content"),
        own_element(item, "description"),
        own_element(item, "summary"),
    ];
    places.into_iter().flatten().find_map(|place| {
        if place.attribute("type") == Some("xhtml") {
            return Some(Body::Tree(place));
        }
        let text = place.raw_text();
        (!text.trim().is_empty()).then_some(Body::Text(text))
    })
}
