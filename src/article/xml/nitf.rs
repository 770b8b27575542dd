//! IPTC NITF (news industry text format, 3.x) → draft. NewsML-G2 may hold the same inside.

use super::{Element, parse, steps, unknown};
use crate::article::draft::{Draft, Piece};
use crate::article::html::walk;
use crate::article::provenance::Field;
use crate::article::{BlockKind, Dropped};
use crate::error::{Error, Result};

/// Reads a file whose outermost element is `<nitf>`.
///
/// # Errors
/// [`Error::Input`] if it is broken XML, not NITF, or without a body.
pub(in crate::article) fn read(name: &str, text: &str) -> Result<Draft> {
    let root = parse(name, text)?;
    if root.name != "nitf" {
        return Err(unknown(name, text));
    }
    draft(name, &root)
}

/// The article of a `<nitf>` element.
///
/// # Errors
/// [`Error::Input`] if it has no body.
pub(super) fn draft(name: &str, nitf: &Element<'_>) -> Result<Draft> {
    let body = nitf.child("body").ok_or_else(|| {
        Error::input(name, "is NITF without a body").with_hint("export the article with its text")
    })?;
    let head = body.child("body.head");
    let content = body.child("body.content").unwrap_or(body);
    let headlines = head.and_then(|head| head.child("hedline"));
    let title = headlines
        .and_then(|h| h.child("hl1"))
        .map(Element::text)
        .or_else(|| nitf.at(&["head", "title"]).map(Element::text))
        .filter(|title| !title.is_empty());
    let mut walked = Vec::new();
    steps(content, &as_html, &mut walked);
    let mut page = walk::blocks(walked);
    let second = headlines.into_iter().flat_map(|h| h.all("hl2"));
    let second: Vec<_> = second
        .map(|line| Piece::new(BlockKind::Heading, line.text()))
        .collect();
    page.pieces.splice(0..0, second);
    let mut draft = Draft::of_page(page, title);
    about(nitf, body, &mut draft);
    Ok(draft)
}

/// What an element of NITF is in HTML.
fn as_html<'e>(element: &'e Element<'_>) -> Option<&'e str> {
    Some(match element.name {
        "hl1" | "hl2" => "h2",
        "bq" => "blockquote",
        "media" => "figure",
        "media-caption" | "media-producer" => "figcaption",
        "fn" => "footnote",
        // pictures themselves, and what other programs note about them
        "media-reference" | "media-metadata" | "media-object" | "nitf-col" | "classifier" => return None,
        "chron" | "event" | "function" | "location" | "money" | "num" | "object.title" | "org" | "person"
        | "postaddr" | "virtloc" | "copyrite" | "copyrite.year" | "copyrite.holder" | "lang"
        | "pronounce" | "alt-code" | "name.given" | "name.family" | "city" | "state" | "region"
        | "country" | "sublocation" | "frac" | "frac-num" | "frac-sep" | "frac-den" => "span",
        other => other,
    })
}

fn about(nitf: &Element<'_>, body: &Element<'_>, draft: &mut Draft) {
    let head = body.child("body.head");
    let bylines: Vec<String> = head
        .into_iter()
        .flat_map(|head| head.all("byline"))
        .map(|byline| byline.text().trim_start_matches("By ").to_owned())
        .collect();
    draft.provenance.set_names(bylines.iter().map(String::as_str));
    if let Some(dateline) = head.and_then(|head| head.child("dateline")) {
        draft.set(Field::Dateline, &dateline.text());
    }
    let docdata = nitf.at(&["head", "docdata"]);
    let norm = |name: &str| docdata?.child(name)?.attribute("norm");
    if let Some(issue) = norm("date.issue") {
        draft.set(Field::Published, issue);
    }
    if let Some(release) = norm("date.release") {
        draft.provenance.set_release(release, &mut draft.warnings);
    }
    if let Some(holder) = docdata.and_then(|data| data.child("doc.copyright")) {
        let year = holder.attribute("year").unwrap_or_default();
        let line = format!("{year} {}", holder.attribute("holder").unwrap_or_default());
        draft.set(Field::Copyright, &line);
    }
    let publication = nitf.at(&["head", "pubdata"]);
    let about = [
        (Field::Publisher, publication.and_then(|p| p.attribute("name"))),
        (
            Field::Published,
            publication.and_then(|p| p.attribute("date.publication")),
        ),
        (Field::Url, publication.and_then(|p| p.attribute("ex-ref"))),
        (
            Field::Url,
            docdata
                .and_then(|data| data.child("doc-id"))
                .and_then(|id| id.attribute("id-string"))
                // a bare number says nothing outside of its system
                .filter(|id| id.contains(':')),
        ),
    ];
    for (field, value) in about {
        if let Some(value) = value {
            draft.set(field, value);
        }
    }
    if let Some(rights) = head.and_then(|head| head.child("rights")) {
        draft.set(Field::Usage, &rights.text());
    }
    if let Some(source) = head.and_then(|head| head.child("distributor")) {
        draft.set(Field::Publisher, &source.text());
    }
    let language = nitf.attribute("lang").or_else(|| body.attribute("lang"));
    if let Some(language) = language {
        draft.declare(language);
    }
    beside(body, docdata, draft);
}

/// What stands around the text: notes to editors at its head, the tagline at its end.
fn beside(body: &Element<'_>, docdata: Option<&Element<'_>>, draft: &mut Draft) {
    let head = body.child("body.head").into_iter();
    let notes = head
        .clone()
        .flat_map(|head| head.all("note"))
        .map(|note| (note.text(), "note to editors"));
    let abstracts = head
        .flat_map(|head| head.all("abstract"))
        .map(|lead| (lead.text(), "abstract"));
    let messages = docdata
        .into_iter()
        .flat_map(|data| data.all("ed-msg"))
        .filter_map(|message| message.attribute("info"))
        .map(|info| (info.to_owned(), "note to editors"));
    let end = body.child("body.end").into_iter();
    let taglines = end
        .flat_map(|end| end.all("tagline"))
        .map(|line| (line.text(), "tagline"));
    let lines = messages.chain(notes).chain(abstracts).chain(taglines);
    draft
        .dropped
        .extend(lines.map(|(text, reason)| Dropped { text, reason }));
}
