//! What the standards ask of documents: XLIFF 2.1 (its schema of the core, and the rules for ids and languages) and ninjs
//! 3.3, as far as the program writes them.

use std::collections::{HashMap, HashSet};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde_json::Value;

/// An element: the elements that may stand in it, in this order; whether text may; its attributes, the required ones with
/// an exclamation mark.
type Rule = (
    &'static str,
    &'static [&'static str],
    bool,
    &'static [&'static str],
);

const INLINE: &[&str] = &["cp", "mrk", "sm", "em"];
const MARK: &[&str] = &["id!", "type", "value", "ref", "translate"];
const RULES: [Rule; 14] = [
    ("xliff", &["file"], false, &["version!", "srcLang!", "trgLang"]),
    (
        "file",
        &["its:provenanceRecords", "notes", "unit"],
        false,
        &["id!", "original", "canResegment", "xml:space"],
    ),
    ("unit", &["notes", "segment"], false, &["id!"]),
    ("notes", &["note"], false, &[]),
    ("note", &[], true, &["id", "appliesTo", "category", "priority"]),
    (
        "segment",
        &["source", "target"],
        false,
        &["id", "state", "subState"],
    ),
    ("source", INLINE, true, &[]),
    ("target", INLINE, true, &[]),
    ("mrk", INLINE, true, MARK),
    ("sm", &[], false, MARK),
    ("em", &[], false, &["startRef!"]),
    ("cp", &[], false, &["hex!"]),
    (
        "its:provenanceRecords",
        &["its:provenanceRecord"],
        false,
        &["xml:id!"],
    ),
    ("its:provenanceRecord", &[], false, &["tool"]),
];

/// Elements whose children may come in any order.
const MIXED: [&str; 3] = ["source", "target", "mrk"];

struct Open {
    name: String,
    children: Vec<String>,
}

/// Panics where `document` is not as the standard says.
pub(super) fn xliff(document: &str) {
    let mut reader = Reader::from_str(document);
    let mut open: Vec<Open> = Vec::new();
    let mut ids = Ids::default();
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) => {
                element(&tag, &mut open, &mut ids);
                open.push(Open {
                    name: tag.name().as_ref().to_owned(),
                    children: Vec::new(),
                });
            }
            Event::Empty(tag) => element(&tag, &mut open, &mut ids),
            Event::End(_) => {
                let closed = open.pop().unwrap();
                in_order(&closed);
            }
            Event::Text(text) if !text.trim().is_empty() => {
                let inside = &open.last().unwrap().name;
                assert!(rule(inside).2, "text in <{inside}>");
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert!(open.is_empty());
}

fn rule(name: &str) -> &'static Rule {
    RULES
        .iter()
        .find(|r| r.0 == name)
        .unwrap_or_else(|| panic!("<{name}>"))
}

fn in_order(element: &Open) {
    let (name, children, ..) = rule(&element.name);
    if MIXED.contains(name) {
        return;
    }
    let places: Vec<usize> = element
        .children
        .iter()
        .map(|c| children.iter().position(|k| k == c).unwrap())
        .collect();
    assert!(places.is_sorted(), "{name}: {:?}", element.children);
    if ["unit", "segment", "file", "xliff"].contains(name) {
        assert!(!places.is_empty(), "<{name}> is empty");
    }
}

/// Ids are one of a kind in their unit; a mark of the target may have that of the same element in the source.
#[derive(Default)]
struct Ids {
    side: String,
    source: HashMap<String, String>,
    target: HashSet<String>,
    units: HashSet<String>,
}

fn element(tag: &BytesStart<'_>, open: &mut [Open], ids: &mut Ids) {
    let name = tag.name().as_ref().to_owned();
    let (_, _, _, allowed) = rule(&name);
    let attributes: HashMap<String, String> = tag
        .attributes()
        .map(|a| a.unwrap())
        .map(|a| (a.key.as_ref().to_owned(), a.value.into_owned()))
        .collect();
    for key in attributes.keys() {
        let foreign = key.contains(':') && key != "xml:space" && key != "xml:id" || key == "xmlns";
        assert!(
            foreign || allowed.iter().any(|a| a.trim_end_matches('!') == key),
            "<{name} {key}>"
        );
    }
    for required in allowed.iter().filter_map(|a| a.strip_suffix('!')) {
        assert!(attributes.contains_key(required), "<{name}> without {required}");
    }
    if let Some(around) = open.last_mut() {
        assert!(
            rule(&around.name).1.contains(&name.as_str()),
            "<{name}> in <{}>",
            around.name
        );
        around.children.push(name.clone());
    }
    let id = attributes.get("id");
    match name.as_str() {
        "unit" => {
            assert!(ids.units.insert(id.unwrap().clone()), "unit {id:?} twice");
            ids.source.clear();
            ids.target.clear();
        }
        "source" | "target" => ids.side.clone_from(&name),
        "segment" => assert!(ids.source.insert(id.unwrap().clone(), name).is_none()),
        "mrk" | "sm" => {
            let id = id.unwrap();
            assert!(
                id.chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_.:".contains(c)),
                "{id}"
            );
            let kind = &attributes["type"];
            assert!(
                kind.split(':').count() == 2 && !kind.contains(char::is_whitespace),
                "{kind}"
            );
            if ids.side == "source" {
                assert!(ids.source.insert(id.clone(), name).is_none(), "{id} twice");
            } else {
                assert!(ids.target.insert(id.clone()), "{id} twice");
                assert!(
                    ids.source.get(id).is_none_or(|n| *n == name),
                    "{id} is another element"
                );
            }
        }
        "em" => {
            let start = &attributes["startRef"];
            let known = ids.source.contains_key(start) || ids.target.contains(start);
            assert!(known, "nothing begins as {start}");
        }
        _ => {}
    }
}

/// Panics where a news object has a property that ninjs 3.3 does not know.
pub(crate) fn ninjs(object: &Value) {
    const KNOWN: [&str; 18] = [
        "uri",
        "type",
        "representationType",
        "language",
        "bodies",
        "headlines",
        "infoSources",
        "by",
        "located",
        "associations",
        "edNote",
        "standard",
        "digitalSourceType",
        "embargoedUntil",
        "firstCreated",
        "versionCreated",
        "copyrightNotice",
        "usageTerms",
    ];
    for key in object.as_object().unwrap().keys() {
        assert!(KNOWN.contains(&key.as_str()), "{key}");
    }
    assert!(object["uri"].as_str().unwrap().contains(':'));
    for associated in object["associations"].as_array().unwrap() {
        let mut associated = associated.clone();
        let fields = associated.as_object_mut().unwrap();
        assert!(fields.remove("name").is_some() && fields.remove("rel").is_some());
        assert!(fields.keys().all(|k| KNOWN.contains(&k.as_str())));
    }
}
