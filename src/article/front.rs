//! Front matter (YAML between `---`, TOML between `+++`) → its entries, each with one value or a list of them.

use saphyr_parser::{Event, Parser};
use toml::Value;

/// The entries of the outermost level in order. What is nested deeper than a list of names is left to other programs;
/// of `{name: …}` in a list, the name is taken.
pub(super) type Entries = Vec<(String, Vec<String>)>;

/// Reads YAML. Aliases are never followed, so nothing can grow.
///
/// # Errors
/// What is wrong with it, in a line.
pub(super) fn yaml(text: &str) -> Result<Entries, String> {
    let mut reader = Yaml::default();
    for event in Parser::new_from_str(text) {
        let (event, _) = event.map_err(|e| e.to_string())?;
        reader.take(event);
    }
    Ok(reader.entries)
}

#[derive(Default)]
struct Yaml {
    entries: Entries,
    /// Collections that are open, and whether each is a mapping.
    open: Vec<bool>,
    /// Of each open mapping: the key whose value comes next.
    keys: Vec<Option<String>>,
}

impl Yaml {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Scalar(value, ..) => self.scalar(&value),
            Event::Alias(_) => self.scalar(""),
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                let is_mapping = matches!(event, Event::MappingStart(..));
                self.open.push(is_mapping);
                self.keys.push(None);
            }
            Event::MappingEnd | Event::SequenceEnd => {
                self.open.pop();
                self.keys.pop();
                self.value_done();
            }
            _ => {}
        }
    }

    fn scalar(&mut self, value: &str) {
        let is_key = self.open.last() == Some(&true) && self.keys.last().is_some_and(Option::is_none);
        if is_key {
            if self.open.len() == 1 {
                self.entries.push((value.to_owned(), Vec::new()));
            }
            if let Some(key) = self.keys.last_mut() {
                *key = Some(value.to_owned());
            }
            return;
        }
        let named = |key: &Option<String>| key.as_deref() == Some("name");
        let wanted = match self.open.as_slice() {
            [true] | [true, false] => true,
            [true, true] | [true, false, true] => self.keys.last().is_some_and(named),
            _ => false,
        };
        if wanted && let Some((_, values)) = self.entries.last_mut() {
            values.push(value.to_owned());
        }
        self.value_done();
    }

    fn value_done(&mut self) {
        if self.open.last() == Some(&true)
            && let Some(key) = self.keys.last_mut()
        {
            *key = None;
        }
    }
}

/// Reads TOML.
///
/// # Errors
/// What is wrong with it, in a line.
pub(super) fn toml(text: &str) -> Result<Entries, String> {
    let table: toml::Table = text
        .parse()
        .map_err(|e: toml::de::Error| e.message().to_owned())?;
    Ok(table
        .into_iter()
        .map(|(key, value)| {
            let values = match value {
                Value::Array(items) => items.iter().filter_map(one).collect(),
                single => one(&single).into_iter().collect(),
            };
            (key, values)
        })
        .collect())
}

fn one(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Datetime(date) => Some(date.to_string()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Table(fields) => fields.get("name")?.as_str().map(str::to_owned),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn shown(entries: &Entries) -> Vec<String> {
        entries
            .iter()
            .map(|(key, values)| format!("{key}={}", values.join("|")))
            .collect()
    }

    #[test]
    fn both_languages_give_the_same_entries() {
        let yaml = yaml("title: \"A: b\"\ndate: 2031-03-04T08:15:00Z\nauthors:\n  - Ilse Marn\n  - name: Per Osk\n    mail: x\nseo:\n  title: no\n  name: {deep: no}\nnote: |\n  two\n  lines\n").unwrap();
        assert_eq!(
            shown(&yaml),
            [
                "title=A: b",
                "date=2031-03-04T08:15:00Z",
                "authors=Ilse Marn|Per Osk",
                "seo=",
                "note=two\nlines\n"
            ]
        );
        let toml = toml("title = 'A: b'\ndate = 2031-03-04T08:15:00Z\nauthors = ['Ilse Marn', {name = 'Per Osk'}]\n[seo]\ntitle = 'no'\n").unwrap();
        let mut toml = shown(&toml);
        toml.sort();
        assert_eq!(
            toml,
            [
                "authors=Ilse Marn|Per Osk",
                "date=2031-03-04T08:15:00Z",
                "seo=",
                "title=A: b"
            ]
        );
    }

    #[test]
    fn what_is_broken_is_told_and_nothing_grows() {
        assert!(super::yaml("a: [1, 2").is_err());
        assert!(super::toml("a = ").is_err());
        let bomb = "a: &a [x,x,x]\nb: &b [*a,*a,*a]\nc: [*b,*b,*b]\n";
        assert_eq!(shown(&super::yaml(bomb).unwrap()), ["a=x|x|x", "b=||", "c=||"]);
    }
}
