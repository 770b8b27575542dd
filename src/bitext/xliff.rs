//! XLIFF 2.x (units of segments) and 1.2 (trans-units), after the standards of OASIS.

use super::{Bitext, language, side};
use crate::article::xml::{Element, parse};
use crate::error::{Error, Result};
use crate::text::language::Language;

/// Elements of XLIFF 1.2 whose text is code of the document that was translated.
const CODES: [&str; 4] = ["bpt", "ept", "ph", "it"];

/// Reads all files of a document.
pub(super) fn read(name: &str, text: &str) -> Result<Vec<Bitext>> {
    let root = parse(name, text)?;
    let version = root.attribute("version").unwrap_or_default();
    if root.name != "xliff" {
        return Err(Error::input(
            name,
            format!("is no XLIFF document: it begins with <{}>", root.name),
        )
        .with_hint("name its format with --input-format"));
    }
    if !(version.starts_with("2.") || version == "1.2") {
        return Err(Error::input(
            name,
            format!("is XLIFF of version \"{version}\", which is not read here"),
        )
        .with_hint("export it as XLIFF 2.1 or 1.2"));
    }
    let old = version == "1.2";
    let mut files = Vec::new();
    root.find_all("file", &mut files);
    files
        .into_iter()
        .map(|file| bitext(name, &root, file, old))
        .collect()
}

fn bitext(name: &str, root: &Element<'_>, file: &Element<'_>, old: bool) -> Result<Bitext> {
    let (from, to) = languages(name, root, file)?;
    let (unit, codes): (&str, &[&str]) = if old {
        ("trans-unit", &CODES)
    } else {
        ("segment", &[])
    };
    let mut units = Vec::new();
    file.find_all(unit, &mut units);
    let text = |unit: &Element<'_>, name| unit.child(name).map_or_else(String::new, |s| side(s, codes));
    Ok(Bitext {
        id: file
            .attribute("original")
            .or(file.attribute("id"))
            .map(str::to_owned),
        from,
        to,
        pairs: units
            .into_iter()
            .map(|u| (text(u, "source"), text(u, "target")))
            .collect(),
    })
}

fn languages(name: &str, root: &Element<'_>, file: &Element<'_>) -> Result<(Language, Language)> {
    let from = file.attribute("source-language").or(root.attribute("srcLang"));
    let to = file.attribute("target-language").or(root.attribute("trgLang"));
    match (from, to) {
        (Some(from), Some(to)) => Ok((language(name, from)?, language(name, to)?)),
        _ => Err(Error::input(
            name,
            "does not name its target language: nothing is translated in it",
        )
        .with_hint("export it with its targets")),
    }
}
