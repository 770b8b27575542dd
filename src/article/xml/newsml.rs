//! IPTC NewsML-G2 → drafts: a `newsItem`, or every text item of a `newsMessage`.
//!
//! The text is XHTML or NITF in `contentSet/inlineXML`, or a string in `inlineData`.

use super::{Element, nitf, parse, steps, unknown};
use crate::article::draft::Draft;
use crate::article::html::walk;
use crate::article::provenance::Field;
use crate::article::{BlockKind, Dropped, text};
use crate::error::{Error, Result};

/// Reads every news item; one that fails does not stop the others.
///
/// # Errors
/// [`Error::Input`] if it is broken XML, not NewsML-G2, or holds no news item.
pub(in crate::article) fn read(name: &str, text: &str) -> Result<Vec<Result<Draft>>> {
    let root = parse(name, text)?;
    match root.name {
        "newsItem" => Ok(vec![item(name, &root)]),
        "newsMessage" => message(name, &root),
        _ => Err(unknown(name, text)),
    }
}

fn message(name: &str, root: &Element<'_>) -> Result<Vec<Result<Draft>>> {
    let mut items = Vec::new();
    root.find_all("newsItem", &mut items);
    // pictures and graphics that go with the texts
    let (texts, others): (Vec<_>, Vec<_>) = items.into_iter().partition(|item| is_text(item));
    if texts.is_empty() {
        return Err(Error::input(name, "is a news message without a text")
            .with_hint("export the articles with their text"));
    }
    let named = |item: &Element<'_>| {
        let mut draft = self::item(name, item)?;
        draft.id = item.attribute("guid").map(str::to_owned);
        Ok(draft)
    };
    let mut drafts: Vec<Result<Draft>> = texts.into_iter().map(named).collect();
    if let Some(Ok(first)) = drafts.first_mut() {
        first.dropped.extend(others.into_iter().map(|other| Dropped {
            text: headline(other).unwrap_or_else(|| other.attribute("guid").unwrap_or_default().to_owned()),
            reason: "picture or other medium",
        }));
    }
    Ok(drafts)
}

fn is_text(item: &Element<'_>) -> bool {
    let class = item
        .at(&["itemMeta", "itemClass"])
        .and_then(|class| class.attribute("qcode").or(class.attribute("uri")));
    class.is_none_or(|class| class.ends_with("text") || class.ends_with("composite"))
}

fn headline(item: &Element<'_>) -> Option<String> {
    let from_meta = item
        .child("contentMeta")
        .and_then(|meta| meta.child("headline"))
        .or_else(|| item.at(&["itemMeta", "title"]));
    from_meta.map(Element::text).filter(|line| !line.is_empty())
}

/// The article of a news item.
fn item(name: &str, item: &Element<'_>) -> Result<Draft> {
    let title = headline(item);
    let none = || {
        let guid = item.attribute("guid").unwrap_or_default();
        Error::input(name, format!("the news item {guid} holds no text"))
            .with_hint("export it with its text in contentSet")
    };
    let set = item.child("contentSet").ok_or_else(none)?;
    let inline = |kind: &'static str| set.all(kind).find(|content| !content.text().is_empty());
    let mut draft = if let Some(xml) = inline("inlineXML") {
        inline_xml(name, xml, title)?
    } else if let Some(data) = inline("inlineData") {
        text::body_or_html(name, &data.raw_text(), title)?
    } else {
        return Err(none());
    };
    if draft.pieces.len() < 2 && draft.prose() == 0 {
        return Err(none());
    }
    about(item, set, &mut draft);
    Ok(draft)
}

fn inline_xml(name: &str, xml: &Element<'_>, title: Option<String>) -> Result<Draft> {
    if let Some(nitf) = xml.child("nitf") {
        let mut draft = nitf::draft(name, nitf)?;
        let has_headline = draft.pieces.iter().any(|piece| piece.kind == BlockKind::Headline);
        if !has_headline {
            draft.settle(title);
        }
        return Ok(draft);
    }
    let mut walked = Vec::new();
    steps(
        xml,
        &|element| (element.name != "head").then_some(element.name),
        &mut walked,
    );
    Ok(Draft::of_page(walk::blocks(walked), title))
}

/// The fields of `itemMeta` (about this version) and `contentMeta` (about the content).
fn about(item: &Element<'_>, set: &Element<'_>, draft: &mut Draft) {
    let meta = |path: &[&str]| item.at(path).map(Element::text);
    // what the item says goes before what its text says of itself
    let mut inner = std::mem::take(&mut draft.provenance);
    let bylines: Vec<String> = item
        .child("contentMeta")
        .into_iter()
        .flat_map(|content| content.all("by"))
        .map(Element::text)
        .collect();
    draft.provenance.set_names(bylines.iter().map(String::as_str));
    for (field, path) in [
        (Field::Embargo, ["itemMeta", "embargoed"]),
        (Field::Published, ["itemMeta", "firstCreated"]),
        (Field::Published, ["contentMeta", "contentCreated"]),
        (Field::Updated, ["itemMeta", "versionCreated"]),
        (Field::Dateline, ["contentMeta", "dateline"]),
        (Field::Credit, ["contentMeta", "creditline"]),
    ] {
        if let Some(value) = meta(&path) {
            draft.set(field, &value);
        }
    }
    let rights = item.child("rightsInfo");
    let copyright = rights.and_then(|r| r.child("copyrightNotice").or(r.child("copyrightHolder")));
    let provider = item.at(&["itemMeta", "provider"]);
    for (field, element) in [
        (Field::Copyright, copyright),
        (Field::Usage, rights.and_then(|r| r.child("usageTerms"))),
        (Field::Publisher, provider),
    ] {
        if let Some(element) = element {
            draft.set(field, &called(element));
        }
    }
    if let Some(guid) = item.attribute("guid") {
        draft.set(Field::Url, guid);
    }
    let sources = item.child("contentMeta").into_iter();
    let sources = sources.flat_map(|content| content.all("infoSource")).map(called);
    draft
        .provenance
        .info_sources
        .extend(sources.filter(|name| !name.is_empty()));
    draft.provenance.fill_from(&std::mem::take(&mut inner));
    notes(item, draft);
    let tag = item
        .at(&["contentMeta", "language"])
        .and_then(|l| l.attribute("tag"));
    let inline = set.elements().find_map(|content| content.attribute("lang"));
    if let Some(language) = tag.or(inline).or_else(|| item.attribute("lang")) {
        draft.declare(language);
    }
}

/// What a party is called: its name, else what it says, else its code without the scheme.
fn called(party: &Element<'_>) -> String {
    let name = party.child("name").unwrap_or(party).text();
    if !name.is_empty() {
        return name;
    }
    let code = party
        .attribute("literal")
        .or_else(|| party.attribute("qcode"))
        .or_else(|| party.attribute("uri"));
    let code = code.unwrap_or_default();
    code.rsplit_once(':').map_or(code, |(_, code)| code).to_owned()
}

/// Notes to editors are no part of the text.
fn notes(item: &Element<'_>, draft: &mut Draft) {
    let meta = item.child("itemMeta").into_iter();
    let notes = meta.flat_map(|meta| meta.all("edNote")).map(|note| Dropped {
        text: note.text(),
        reason: "note to editors",
    });
    draft.dropped.extend(notes);
    let status = item
        .at(&["itemMeta", "pubStatus"])
        .and_then(|status| status.attribute("qcode"))
        .filter(|status| !status.ends_with("usable"));
    if let Some(status) = status {
        draft.warnings.push(format!("its status is {status}, not usable"));
    }
}
