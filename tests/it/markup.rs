//! A strict reader of pages that the program wrote: an element that is not closed where it must be, or stands where it
//! must not, stops the test. Stricter than browsers, which mend what they are given.

use std::collections::HashMap;

/// An element with its attributes and all the text inside it.
#[derive(Debug, Default)]
pub(crate) struct Element {
    /// Its name.
    pub(crate) name: String,
    /// Its attributes, unescaped.
    pub(crate) attributes: HashMap<String, String>,
    /// The text inside it, unescaped.
    pub(crate) text: String,
    /// The indices of the elements that it lies in, the outermost first.
    pub(crate) inside: Vec<usize>,
}

impl Element {
    /// An attribute; empty if there is none.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }

    /// Whether `class` is among its classes.
    pub(crate) fn is(&self, class: &str) -> bool {
        self.get("class").split(' ').any(|c| c == class)
    }
}

const VOID: [&str; 3] = ["meta", "link", "br"];
/// What may stand in a line of text, and may hold nothing but the like.
const PHRASING: [&str; 10] = ["a", "span", "u", "bdi", "q", "small", "em", "strong", "br", "q"];
const HOLDS_PHRASING: [&str; 6] = ["p", "h1", "h2", "h3", "title", "th"];

/// The elements of `page` in their order.
pub(crate) fn read(page: &str) -> Vec<Element> {
    let mut rest = page.trim_start().strip_prefix("<!doctype html>").unwrap();
    let mut elements: Vec<Element> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    while let Some(at) = rest.find('<') {
        let text = unescaped(&rest[..at]);
        for &index in &open {
            elements[index].text.push_str(&text);
        }
        let end = at + rest[at..].find('>').unwrap();
        let tag = &rest[at + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            let last = open.pop().unwrap();
            assert_eq!(elements[last].name, name, "closed in the wrong place");
            continue;
        }
        let element = opened(tag, &open);
        allowed(&element, &elements, &open);
        let name = element.name.clone();
        elements.push(element);
        if VOID.contains(&name.as_str()) {
            continue;
        }
        open.push(elements.len() - 1);
        if name == "style" || name == "script" {
            let end = rest.find(&format!("</{name}>")).unwrap();
            elements.last_mut().unwrap().text = rest[..end].to_owned();
            rest = &rest[end..];
        }
    }
    assert!(open.is_empty(), "not closed");
    elements
}

fn opened(tag: &str, open: &[usize]) -> Element {
    let (name, mut rest) = tag.split_once(' ').unwrap_or((tag, ""));
    assert!(name.chars().all(|c| c.is_ascii_alphanumeric()), "<{tag}>");
    let mut attributes = HashMap::new();
    while let Some((key, after)) = rest.trim_start().split_once("=\"") {
        let (value, after) = after.split_once('"').unwrap();
        let twice = attributes.insert(key.to_owned(), unescaped(value));
        assert!(twice.is_none(), "{key} twice in <{tag}>");
        rest = after;
    }
    assert_eq!(rest.trim(), "", "<{tag}>");
    Element {
        name: name.to_owned(),
        attributes,
        text: String::new(),
        inside: open.to_vec(),
    }
}

fn allowed(element: &Element, elements: &[Element], open: &[usize]) {
    let name = element.name.as_str();
    let Some(parent) = open.last().map(|&i| elements[i].name.as_str()) else {
        assert_eq!(name, "html");
        return;
    };
    let wanted: &[&str] = match name {
        "li" => &["ul", "ol"],
        "tr" => &["thead", "tbody"],
        "td" | "th" => &["tr"],
        "thead" | "tbody" => &["table"],
        "head" | "body" => &["html"],
        _ => &[],
    };
    assert!(
        wanted.is_empty() || wanted.contains(&parent),
        "<{name}> in <{parent}>"
    );
    let line = PHRASING.contains(&parent) || HOLDS_PHRASING.contains(&parent);
    assert!(!line || PHRASING.contains(&name), "<{name}> in <{parent}>");
    let links = open.iter().any(|&i| elements[i].name == "a");
    assert!(name != "a" || !links, "a link in a link");
}

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let (name, after) = rest[at + 1..].split_once(';').unwrap();
        out.push(match name {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            "#x27" => '\'',
            "#x2f" => '/',
            other => panic!("&{other};"),
        });
        rest = after;
    }
    out.push_str(rest);
    out
}
