//! TMX 1.x: translation units of variants by language (LISA OSCAR, TMX 1.4b).

use super::{Bitext, language, side};
use crate::article::xml::{Element, parse};
use crate::error::{Error, Result};
use crate::text::language::Language;

/// Elements whose text is code of the document that was translated.
const CODES: [&str; 5] = ["bpt", "ept", "ph", "it", "ut"];

/// Reads the units of a memory that have its source language and one other: `to`, or the only other.
pub(super) fn read(name: &str, text: &str, to: Option<Language>) -> Result<Bitext> {
    let root = parse(name, text)?;
    if root.name != "tmx" {
        return Err(Error::input(
            name,
            format!("is no TMX document: it begins with <{}>", root.name),
        )
        .with_hint("name its format with --input-format"));
    }
    let usual = root
        .child("header")
        .and_then(|header| header.attribute("srclang"));
    let mut units = Vec::new();
    root.find_all("tu", &mut units);
    let mut found: Option<(Language, Language)> = None;
    let mut pairs = Vec::new();
    for unit in units {
        let variants = variants(name, unit)?;
        let from = match unit.attribute("srclang").or(usual) {
            None | Some("*all*") => variants.first().map(|(language, _)| *language),
            Some(code) => Some(language(name, code)?),
        };
        let Some((from, source)) = variants.iter().find(|(language, _)| Some(*language) == from) else {
            continue;
        };
        let targets = variants
            .iter()
            .filter(|(l, _)| l != from && to.is_none_or(|to| to == *l));
        for (language, target) in targets {
            let languages = *found.get_or_insert((*from, *language));
            if languages != (*from, *language) {
                return Err(several(name, languages, (*from, *language)));
            }
            pairs.push((source.clone(), target.clone()));
        }
    }
    let (from, to) = found.ok_or_else(|| {
        Error::input(name, "holds no unit with two languages").with_hint("export it with its targets")
    })?;
    Ok(Bitext {
        id: None,
        from,
        to,
        pairs,
    })
}

fn variants(name: &str, unit: &Element<'_>) -> Result<Vec<(Language, String)>> {
    let one = |variant: &Element<'_>| {
        let code = variant.attribute("lang").ok_or_else(|| {
            Error::input(name, "has a <tuv> without a language").with_hint("export it again as TMX 1.4")
        })?;
        let text = variant
            .child("seg")
            .map_or_else(String::new, |segment| side(segment, &CODES));
        Ok((language(name, code)?, text))
    };
    unit.all("tuv").map(one).collect()
}

fn several(name: &str, first: (Language, Language), other: (Language, Language)) -> Error {
    Error::input(
        name,
        format!(
            "holds several pairs of languages: {} to {} and {} to {}",
            first.0, first.1, other.0, other.1
        ),
    )
    .with_hint("name the one to take with --to, and one source language a file")
}
