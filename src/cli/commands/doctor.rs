//! `byline doctor`: what works on this machine without a network.

use serde_json::{Value, json};

use crate::cli::OutputFormat;
use crate::cli::console::Console;
use crate::cli::output::Output;
use crate::cli::settings::Settings;
use crate::error::Result;
use crate::neural;
use crate::registry::{Catalogue, Manifest, Quality, Store, Task, human_size};
use crate::text::language::Language;

/// A task and a pair of languages that a model on this machine serves.
struct Works {
    task: Task,
    from: Language,
    to: Option<Language>,
    /// One, or for a translation by way of English that of each leg.
    models: Vec<String>,
}

impl Works {
    fn is_direct(&self) -> bool {
        self.models.len() == 1
    }
}

/// Runs the command.
///
/// # Errors
/// If the cache cannot be looked into.
pub fn run(settings: &Settings, console: &Console) -> Result<u8> {
    let format = settings.format_or(OutputFormat::Text);
    if !matches!(format, OutputFormat::Text | OutputFormat::Json) {
        return Err(super::no_such_format("doctor", format));
    }
    let catalogue = Catalogue::load(Some(&settings.manifests()))?;
    for warning in catalogue.warnings() {
        console.warn(&warning);
    }
    let store = Store::from_env()?;
    let mut here: Vec<(&Manifest, u64)> = Vec::new();
    for manifest in catalogue.all() {
        if let Some(installed) = store.locate(manifest)? {
            here.push((manifest, installed.size()));
        }
    }
    let works = works(&here);
    let (device, precision) = match settings.device.resolve() {
        Ok(device) => (
            format!("{:?}", device.location()).to_lowercase(),
            Some(neural::device::precision(&device)),
        ),
        Err(error) => match error.hint() {
            Some(hint) => (format!("{error}; {hint}"), None),
            None => (format!("{error}"), None),
        },
    };
    let threads = settings
        .threads
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let facts = Facts {
        device,
        precision,
        threads,
        offline: settings.offline || store.is_offline(),
        store: &store,
        here,
        works,
    };
    let printed = match format {
        OutputFormat::Json => facts.json().to_string(),
        _ => facts.text(settings),
    };
    let mut output = Output::open(settings.output.as_ref())?;
    output.write(&printed)?;
    output.finish()?;
    Ok(0)
}

/// For each task and pair the first model that is here and good enough for it.
fn works(here: &[(&Manifest, u64)]) -> Vec<Works> {
    let mut works = Vec::new();
    let first = |task, from, to| {
        here.iter()
            .map(|(manifest, _)| *manifest)
            .filter(|m| m.quality == Quality::Good && m.serves(task, from, to))
            .max_by_key(|m| m.preference)
            .map(|m| Works {
                task,
                from,
                to,
                models: vec![m.id.clone()],
            })
    };
    for from in Language::all() {
        works.extend(first(Task::Summarise, from, None));
        works.extend(first(Task::Embed, from, None));
        works.extend(Language::all().filter_map(|to| first(Task::Translate, from, Some(to))));
    }
    let relayed = by_way_of_english(&works);
    works.extend(relayed);
    works
}

/// The pairs without a model of their own that one into English and one out of it serve together.
fn by_way_of_english(works: &[Works]) -> Vec<Works> {
    let translations = || works.iter().filter(|w| w.task == Task::Translate);
    let direct = |from, to| translations().any(|w| w.from == from && w.to == Some(to));
    let mut relayed = Vec::new();
    for first in translations().filter(|w| w.to == Some(Language::EN)) {
        for second in translations().filter(|w| w.from == Language::EN) {
            let Some(to) = second
                .to
                .filter(|to| *to != first.from && !direct(first.from, *to))
            else {
                continue;
            };
            relayed.push(Works {
                task: Task::Translate,
                from: first.from,
                to: Some(to),
                models: [&first.models[..], &second.models].concat(),
            });
        }
    }
    relayed
}

/// What works, a line for each model and task (translations: and source language) with all its languages.
fn in_groups(works: &[Works]) -> Vec<String> {
    let mut groups: Vec<(String, &[String], Vec<Language>)> = Vec::new();
    for w in works {
        let (what, language) = match w.to {
            Some(to) => (format!("{} {} →", w.task.name(), w.from), to),
            None => (w.task.name().to_owned(), w.from),
        };
        match groups
            .iter_mut()
            .find(|(known, models, _)| *known == what && *models == w.models)
        {
            Some((.., languages)) => languages.push(language),
            None => groups.push((what, &w.models, vec![language])),
        }
    }
    let codes = |languages: &[Language]| -> String {
        languages.iter().map(|l| l.code()).collect::<Vec<_>>().join(" ")
    };
    groups
        .iter()
        .map(|(what, models, languages)| {
            let way = if models.len() > 1 {
                " by way of English"
            } else {
                ""
            };
            format!("  {what} {}{way}: {}", codes(languages), models.join(", "))
        })
        .collect()
}

struct Facts<'a> {
    device: String,
    /// What is computed in; none if the device does not answer.
    precision: Option<&'static str>,
    threads: usize,
    offline: bool,
    store: &'a Store,
    here: Vec<(&'a Manifest, u64)>,
    works: Vec<Works>,
}

impl Facts<'_> {
    fn json(&self) -> Value {
        let models: Vec<Value> = self
            .here
            .iter()
            .map(|(m, size)| json!({ "id": m.id, "bytes": size }))
            .collect();
        let works: Vec<Value> = self
            .works
            .iter()
            .map(|w| {
                let mut work =
                    json!({ "task": w.task, "from": w.from, "to": w.to, "model": w.models.first() });
                if !w.is_direct() {
                    work["by_way_of"] = json!(Language::EN);
                    work["second_model"] = json!(w.models.last());
                }
                work
            })
            .collect();
        json!({
            "schema": "byline/doctor/1",
            "version": env!("CARGO_PKG_VERSION"),
            "device": self.device,
            "precision": self.precision,
            "threads": self.threads,
            "offline": self.offline,
            "models": models,
            "works": works,
            "without_model": ["sources", "check", "summarise --method extractive"],
        })
    }

    fn text(&self, settings: &Settings) -> String {
        let mut lines = vec![
            format!("byline {}", env!("CARGO_PKG_VERSION")),
            match self.precision {
                Some(precision) => format!(
                    "device         {} ({} threads; computes in {precision})",
                    self.device, self.threads
                ),
                None => format!("device         {}", self.device),
            },
            format!(
                "network        {}",
                if self.offline {
                    "not used (offline)"
                } else {
                    "used to fetch models only"
                }
            ),
            format!("configuration  {}", settings.config_folder.display()),
            format!("own models     {}", self.store.folder().display()),
            format!("hub cache      {}", self.store.hub_folder().display()),
            String::new(),
            "Works here without any model: sources, check, summarise and digest with --method extractive"
                .to_owned(),
            String::new(),
        ];
        if self.here.is_empty() {
            lines.push("No model is here. `byline models list` shows what can be fetched.".to_owned());
        } else {
            lines.push("Models on this machine:".to_owned());
            for (manifest, size) in &self.here {
                lines.push(format!(
                    "  {} ({}, {})",
                    manifest.id,
                    human_size(*size),
                    manifest.licence.id
                ));
            }
            lines.push(String::new());
            lines.push("Works here without a network:".to_owned());
            if self.works.is_empty() {
                lines.push("  nothing: these models are for tests or for one step only".to_owned());
            }
            lines.extend(in_groups(&self.works));
        }
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn pairs_that_go_by_way_of_english_are_listed_with_both_models() {
        let [uk, ko, de] = ["uk", "ko", "de"].map(|code| code.parse::<Language>().unwrap());
        let work = |from, to, model: &str| Works {
            task: Task::Translate,
            from,
            to: Some(to),
            models: vec![model.to_owned()],
        };
        let mut works = vec![
            work(uk, Language::EN, "uk-en"),
            work(de, Language::EN, "de-en"),
            work(Language::EN, ko, "en-ko"),
            work(Language::EN, uk, "en-uk"),
            work(de, uk, "de-uk"),
        ];
        let relayed = by_way_of_english(&works);
        works.extend(relayed);
        assert_eq!(
            in_groups(&works)[5..],
            [
                "  translate uk → ko by way of English: uk-en, en-ko",
                "  translate de → ko by way of English: de-en, en-ko"
            ]
        );
        assert!(!works[6].is_direct());
    }
}
