//! What a page says of its article: JSON-LD, then OpenGraph and `article:*`, then `<meta>`, `<link>` and `<time>`.

use dom_smoothie::Readability;
use serde_json::Value;

use crate::article::draft::Draft;
use crate::article::provenance::Field;

/// Places in the head of a page, those that are trusted more first.
const METAS: &[(Field, &str)] = &[
    (Field::Published, "meta[property='article:published_time']"),
    (Field::Updated, "meta[property='article:modified_time']"),
    (Field::Publisher, "meta[property='og:site_name']"),
    (Field::Published, "meta[itemprop='datePublished']"),
    (Field::Updated, "meta[itemprop='dateModified']"),
    (
        Field::Published,
        "meta[name='pubdate'], meta[name='date'], meta[name='DC.date.issued']",
    ),
    (Field::Copyright, "meta[name='copyright'], meta[name='DC.rights']"),
];

/// Where authors are named.
const AUTHORS: &str = "meta[name='author'], meta[property='article:author'], meta[name='DC.creator']";

/// Fills `draft.provenance`; gives the language that the metadata names.
pub(super) fn read(page: &Readability, draft: &mut Draft) -> Option<String> {
    let canonical = attribute(page, "link[rel='canonical']", "href")
        .or_else(|| attribute(page, "meta[property='og:url']", "content"));
    let language = linked_data(page, canonical.as_deref(), draft);
    for (field, selector) in METAS {
        if let Some(value) = attribute(page, selector, "content") {
            draft.set(*field, &value);
        }
    }
    let authors: Vec<String> = page
        .doc
        .select(AUTHORS)
        .nodes()
        .iter()
        .filter_map(|node| node.attr("content"))
        .map(|name| name.to_string())
        // OpenGraph asks for the address of a profile there
        .filter(|name| !name.contains("://"))
        .collect();
    draft.provenance.set_names(authors.iter().map(String::as_str));
    if let Some(url) = canonical {
        draft.set(Field::Url, &url);
    }
    if draft.provenance.published.is_none() {
        let time = "time[itemprop='datePublished'], time[pubdate], article header time[datetime], article time[datetime]";
        if let Some(date) = attribute(page, time, "datetime") {
            draft.set(Field::Published, &date);
        }
    }
    language
}

fn attribute(page: &Readability, selector: &str, name: &str) -> Option<String> {
    let value = page.doc.select(selector).nodes().first()?.attr(name)?.to_string();
    Some(value).filter(|value| !value.trim().is_empty())
}

/// Reads the article of the page's JSON-LD: the one at the page's own address, else the first.
fn linked_data(page: &Readability, canonical: Option<&str>, draft: &mut Draft) -> Option<String> {
    let blocks: Vec<Value> = page
        .doc
        .select("script[type='application/ld+json']")
        .nodes()
        .iter()
        .filter_map(|node| serde_json::from_str(node.text().trim()).ok())
        .collect();
    let mut things: Vec<&Value> = Vec::new();
    for block in &blocks {
        gather(block, &mut things);
    }
    let articles: Vec<&Value> = things.iter().copied().filter(|thing| is_article(thing)).collect();
    let own = |thing: &&&Value| canonical.is_some() && address(thing) == canonical;
    let article = articles.iter().find(own).or(articles.first())?;
    let all = Things(&things);
    let about = [
        (Field::Published, "datePublished"),
        (Field::Updated, "dateModified"),
        (Field::Dateline, "dateline"),
        (Field::Credit, "creditText"),
        (Field::Copyright, "copyrightNotice"),
        (Field::Copyright, "copyrightHolder"),
        (Field::Publisher, "publisher"),
        (Field::Usage, "usageInfo"),
        (Field::Usage, "license"),
    ];
    draft
        .provenance
        .set_names(all.names(&article["author"]).iter().map(String::as_str));
    for (field, key) in about {
        if let Some(value) = all.names(&article[key]).first() {
            draft.set(field, value);
        }
    }
    if let Some(url) = address(article) {
        draft.set(Field::Url, url);
    }
    let language = &article["inLanguage"];
    language.as_str().or(language["name"].as_str()).map(str::to_owned)
}

/// Objects of a block: it may be one, a list, or a `@graph` of them.
fn gather<'v>(value: &'v Value, things: &mut Vec<&'v Value>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| gather(item, things)),
        Value::Object(fields) => {
            things.push(value);
            if let Some(graph) = fields.get("@graph") {
                gather(graph, things);
            }
        }
        _ => {}
    }
}

/// NewsArticle, ReportageNewsArticle, Article, BlogPosting and their kin.
fn is_article(thing: &Value) -> bool {
    let fits = |kind: &Value| {
        kind.as_str()
            .is_some_and(|kind| kind.ends_with("Article") || kind.ends_with("BlogPosting"))
    };
    match &thing["@type"] {
        Value::Array(kinds) => kinds.iter().any(fits),
        kind => fits(kind),
    }
}

fn address(thing: &Value) -> Option<&str> {
    let page = &thing["mainEntityOfPage"];
    thing["url"]
        .as_str()
        .or(page.as_str())
        .or(page["@id"].as_str())
        .or(page["url"].as_str())
}

/// All objects of a page: one may refer to another by its `@id`.
struct Things<'v>(&'v [&'v Value]);

impl Things<'_> {
    /// What a value is called: itself, the `name` of an object, or those of a list.
    fn names(&self, value: &Value) -> Vec<String> {
        match value {
            Value::String(name) => vec![name.clone()],
            Value::Array(items) => items.iter().flat_map(|item| self.name(item)).collect(),
            item => self.name(item).into_iter().collect(),
        }
    }

    fn name(&self, item: &Value) -> Option<String> {
        let own = item.as_str().or_else(|| item["name"].as_str());
        let elsewhere = || {
            let id = item["@id"].as_str()?;
            let other = self
                .0
                .iter()
                .find(|thing| thing["@id"].as_str() == Some(id) && thing["name"].is_string())?;
            other["name"].as_str()
        };
        own.or_else(elsewhere).map(str::to_owned)
    }
}
