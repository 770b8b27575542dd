//! `byline models`: what can be used, what is here, and how it gets here and away.

use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

use crate::cli::OutputFormat;
use crate::cli::console::Console;
use crate::cli::output::Output;
use crate::cli::settings::Settings;
use crate::error::{Error, Result};
use crate::progress::checkpoint;
use crate::registry::{Catalogue, Copied, Installed, Manifest, Quality, Source, Store, human_size};
use crate::text::language::Language;

/// What to do with the models.
#[derive(Debug, clap::Subcommand)]
pub enum ModelsCommand {
    /// All models: what for, which languages, size, licence, and whether they are here
    List,
    /// Everything about one model
    Show {
        /// The model.
        id: String,
    },
    /// Fetch models, verify them, and keep them
    Pull {
        /// The models; `byline models list` shows their ids
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Hash what is here and compare
    Verify {
        /// The models; none: all that are here
        #[arg(value_name = "ID")]
        ids: Vec<String>,
    },
    /// Delete models from this machine
    Remove {
        /// The models
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
}

/// Runs the command.
///
/// # Errors
/// What is in the way of the whole command; what is wrong with one model of several is reported, the rest is done,
/// and the worst exit code is returned.
pub fn run(command: &ModelsCommand, settings: &Settings, console: &Console) -> Result<u8> {
    let catalogue = Catalogue::load(Some(&settings.manifests()))?;
    for warning in catalogue.warnings() {
        console.warn(&warning);
    }
    let store = Store::from_env()?;
    match command {
        ModelsCommand::List => list(&catalogue, &store, settings, console),
        ModelsCommand::Show { id } => show(catalogue.get(id)?, &store, settings),
        ModelsCommand::Pull { ids } => {
            let models = ids
                .iter()
                .map(|id| catalogue.get(id))
                .collect::<Result<Vec<_>>>()?;
            each(&models, console, |model| pull(model, &store, settings, console))
        }
        ModelsCommand::Verify { ids } => {
            let models = match ids.as_slice() {
                [] => catalogue.all().collect(),
                ids => ids
                    .iter()
                    .map(|id| catalogue.get(id))
                    .collect::<Result<Vec<_>>>()?,
            };
            verify(&models, !ids.is_empty(), &store, settings, console)
        }
        ModelsCommand::Remove { ids } => {
            let own = store.copies_of_own(|id| catalogue.get(id).is_ok());
            for id in ids.iter().filter(|id| !own.contains(id)) {
                catalogue.get(id)?;
            }
            each(ids, console, |id| remove(id, &store, console))
        }
    }
}

/// Does `work` for each; an error is reported and the rest is done, but Ctrl-C ends it all.
fn each<T>(all: &[T], console: &Console, mut work: impl FnMut(&T) -> Result<u8>) -> Result<u8> {
    let mut worst = 0;
    for one in all {
        match work(one) {
            Ok(code) => worst = worst.max(code),
            Err(Error::Interrupted) => return Err(Error::Interrupted),
            Err(error) if all.len() == 1 => return Err(error),
            Err(error) => {
                console.error(&error);
                worst = worst.max(error.exit_code());
            }
        }
    }
    Ok(worst)
}

fn pull(manifest: &Manifest, store: &Store, settings: &Settings, console: &Console) -> Result<u8> {
    if store.locate(manifest)?.is_none() {
        console.say(&format!(
            "{}: {}, {}",
            manifest.id,
            manifest.size_text(),
            manifest.licence.id
        ));
        if let Some(note) = &manifest.licence.note {
            console.say(&format!("  {note}"));
        }
    }
    let installed = store.pull(manifest, settings.offline, console)?;
    console.finish();
    console.say(&format!(
        "{}: here ({}, verified)",
        manifest.id,
        human_size(installed.size())
    ));
    Ok(0)
}

fn verify(
    models: &[&Manifest],
    named: bool,
    store: &Store,
    settings: &Settings,
    console: &Console,
) -> Result<u8> {
    let mut output = Output::open(settings.output.as_ref())?;
    let (mut worst, mut checked) = (0, 0);
    let mut objects = Vec::new();
    for manifest in models {
        checkpoint()?;
        let Some(faults) = store.verify(manifest, console)? else {
            if named {
                let error = Error::no_model(format!("{} is not on this machine", manifest.id))
                    .with_hint(format!("`byline models pull {}` fetches it", manifest.id));
                console.error(&error);
                worst = worst.max(error.exit_code());
            }
            continue;
        };
        checked += 1;
        console.finish();
        if !faults.is_empty() {
            worst = worst.max(1);
        }
        let names = faults.iter().map(|fault| {
            let name = fault
                .path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned());
            (name.unwrap_or_default(), fault.message.as_str())
        });
        if is_json(settings)? {
            let faults: Vec<Value> = names
                .map(|(file, message)| json!({"file": file, "message": message}))
                .collect();
            objects.push(json!({"id": manifest.id, "whole": faults.is_empty(), "faults": faults}));
            continue;
        }
        if faults.is_empty() {
            output.write(&format!("{}: whole", manifest.id))?;
        }
        for (name, message) in names {
            output.write(&format!("{}: {name} {message}", manifest.id))?;
        }
        if !faults.is_empty() {
            let id = &manifest.id;
            console.say(&format!(
                "  `byline models remove {id}`, then `byline models pull {id}` mends it"
            ));
        }
    }
    if is_json(settings)? {
        output.write(&json!({"schema": "byline/models-verify/1", "models": objects}).to_string())?;
    } else if checked == 0 && !named {
        console.say("no model is on this machine");
    }
    output.finish()?;
    Ok(worst)
}

fn remove(id: &str, store: &Store, console: &Console) -> Result<u8> {
    match store.remove(id, console)? {
        Some(freed) => console.say(&format!("{id}: removed, {} free again", human_size(freed))),
        None => console.say(&format!("{id}: nothing of it was fetched here")),
    }
    Ok(0)
}

fn list(catalogue: &Catalogue, store: &Store, settings: &Settings, console: &Console) -> Result<u8> {
    let mut here = Vec::new();
    for manifest in catalogue.all() {
        here.push(store.locate(manifest)?.is_some());
    }
    let text = if is_json(settings)? {
        let models: Vec<Value> = catalogue
            .all()
            .zip(&here)
            .map(|(model, here)| to_json(model, *here, store))
            .collect();
        json!({"schema": "byline/models/1", "models": models}).to_string()
    } else {
        let rows = catalogue.all().zip(&here).map(|(model, here)| {
            let mut row = row(model).to_vec();
            let copies = store.copies(&model.id);
            let copies = forms(&copies);
            row.push(match (here, copies.is_empty()) {
                (true, true) => "yes".to_owned(),
                (true, false) => format!("yes, {}", copies.join(" ")),
                (false, true) => "no".to_owned(),
                (false, false) => format!("no, but {}", copies.join(" ")),
            });
            row
        });
        let mut table: Vec<Vec<String>> = vec![
            HEAD.iter()
                .chain(&["here"])
                .map(|&word| word.to_owned())
                .collect(),
        ];
        table.extend(rows);
        match settings.format_or(OutputFormat::Markdown) {
            OutputFormat::Markdown => in_pipes(&table),
            _ => in_columns(&table),
        }
    };
    for name in store.copies_of_own(|id| catalogue.get(id).is_ok()) {
        let copies = store.copies(&name);
        let size = human_size(copies.iter().map(|copy| copy.size).sum());
        console.say(&format!(
            "quantised copies of a model of your own: {name} ({}, {size}); `byline models remove {name}` takes them away",
            forms(&copies).join(" ")
        ));
    }
    write(settings, &text)
}

/// What the copies are quantised to.
fn forms(copies: &[Copied]) -> Vec<&str> {
    copies.iter().map(|copy| copy.form.as_str()).collect()
}

/// The table of models as Markdown, without what depends on the machine (for the README).
pub fn markdown(catalogue: &Catalogue) -> String {
    let mut table: Vec<Vec<String>> = vec![HEAD.map(str::to_owned).to_vec()];
    table.extend(catalogue.all().map(|model| row(model).to_vec()));
    in_pipes(&table)
}

const HEAD: [&str; 4] = ["model", "does", "size", "licence"];

fn row(model: &Manifest) -> [String; 4] {
    [
        model.id.clone(),
        does(model),
        model.size_text(),
        model.licence.id.clone(),
    ]
}

/// Tasks and languages in a few words.
fn does(model: &Manifest) -> String {
    let mut parts = Vec::new();
    if !model.serves.summarise.is_empty() {
        parts.push(format!("summarise {}", codes(&model.serves.summarise)));
    }
    parts.extend(
        directions(model)
            .into_iter()
            .map(|direction| format!("translate {direction}")),
    );
    if !model.serves.embed.is_empty() {
        parts.push(format!("embed {}", codes(&model.serves.embed)));
    }
    match (parts.is_empty(), model.quality) {
        (true, _) => "tests only".to_owned(),
        (false, Quality::Asked) => format!("{} (only with --model)", parts.join("; ")),
        (false, Quality::Test) => format!("{} (weak: only with --model)", parts.join("; ")),
        (false, Quality::Good) => parts.join("; "),
    }
}

/// Directions, those that go both ways as one.
fn directions(model: &Manifest) -> Vec<String> {
    let all = &model.serves.translate;
    let mut texts = Vec::new();
    for (index, direction) in all.iter().enumerate() {
        let back = all
            .iter()
            .position(|other| other.from == direction.to && other.to == direction.from);
        match back {
            Some(earlier) if earlier < index => {}
            Some(_) => texts.push(format!("{} ↔ {}", codes(&direction.from), codes(&direction.to))),
            None => texts.push(format!("{} → {}", codes(&direction.from), codes(&direction.to))),
        }
    }
    texts
}

fn codes(languages: &[Language]) -> String {
    languages
        .iter()
        .map(|language| language.code())
        .collect::<Vec<_>>()
        .join(" ")
}

fn show(manifest: &Manifest, store: &Store, settings: &Settings) -> Result<u8> {
    let installed = store.locate(manifest)?;
    if is_json(settings)? {
        let mut object = json!({"schema": "byline/model/1"});
        if let (Some(object), Value::Object(fields)) = (
            object.as_object_mut(),
            to_json(manifest, installed.is_some(), store),
        ) {
            object.extend(fields);
        }
        return write(settings, &object.to_string());
    }
    let copies = store.copies(&manifest.id);
    write(settings, &sheet(manifest, installed.as_ref(), &copies))
}

/// Everything about a model, a line each.
fn sheet(manifest: &Manifest, installed: Option<&Installed>, copies: &[Copied]) -> String {
    let mut lines = vec![manifest.id.clone()];
    let mut line = |name: &str, value: &str| lines.push(format!("  {name:<13} {value}"));
    line("name", &manifest.name);
    line("about", &manifest.about);
    line("does", &does(manifest));
    line("architecture", &manifest.architecture);
    if let Some(mib) = manifest.memory_mib {
        line("memory", &format!("about {}", human_size(mib << 20)));
    }
    line("licence", &manifest.licence.id);
    if let Some(note) = &manifest.licence.note {
        line("", note);
    }
    line("size", &manifest.size_text());
    if let Some(form) = manifest.quantise {
        let what = format!("to {}, once, when it is used first (--quantise)", form.name());
        line("quantised", &what);
    }
    for file in &manifest.files {
        let size = match (file.size, file.about_mb) {
            (Some(size), _) => format!("{size} bytes"),
            (None, Some(mb)) => format!("about {mb} MB"),
            (None, None) => "size from the hub".to_owned(),
        };
        line("file", &format!("{} ({}, {size})", file.name, file.role));
        line(
            "",
            &format!(
                "sha256 {}",
                file.sha256.as_deref().unwrap_or("from the hub at the first pull")
            ),
        );
    }
    for source in &manifest.sources {
        match source {
            Source::Hub(hub) => line("source", &format!("hub: {} at {}", hub.repo, hub.revision)),
            Source::Wheel(wheel) => {
                let count = wheel.packages().len();
                line(
                    "source",
                    &format!("{count} package{}:", if count == 1 { "" } else { "s" }),
                );
                for package in wheel.packages() {
                    line("", &package);
                }
            }
        }
    }
    match installed {
        None => line("here", "no"),
        Some(installed) => {
            line(
                "here",
                &format!(
                    "yes, from {}",
                    installed.revision.as_deref().unwrap_or("an earlier pull")
                ),
            );
            for file in &installed.details {
                line("", &file.path.display().to_string());
            }
        }
    }
    for copy in copies {
        let what = format!("{} ({})", copy.path.display(), human_size(copy.size));
        line("quantised", &what);
    }
    lines.join("\n")
}

/// The manifest as it is, with what is known of its size and whether it is here; no paths of the machine.
fn to_json(manifest: &Manifest, here: bool, store: &Store) -> Value {
    let mut value = serde_json::to_value(manifest).unwrap_or_default();
    if let Some(object) = value.as_object_mut() {
        let (size, exact) = manifest
            .size()
            .map_or((None, false), |(size, exact)| (Some(size), exact));
        object.insert("size".to_owned(), json!(size));
        object.insert("size_is_exact".to_owned(), json!(exact));
        object.insert("here".to_owned(), json!(here));
        object.insert("copies".to_owned(), json!(forms(&store.copies(&manifest.id))));
    }
    value
}

fn is_json(settings: &Settings) -> Result<bool> {
    match settings.format {
        Some(OutputFormat::Html) => Err(super::no_such_format("models", OutputFormat::Html)),
        format => Ok(format == Some(OutputFormat::Json)),
    }
}

fn write(settings: &Settings, text: &str) -> Result<u8> {
    let mut output = Output::open(settings.output.as_ref())?;
    output.write(text)?;
    output.finish()?;
    Ok(0)
}

/// A table for a terminal: columns as wide as their widest cell.
fn in_columns(table: &[Vec<String>]) -> String {
    let columns = table.first().map_or(0, Vec::len);
    let width = |column: usize| {
        table
            .iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.width())
            .max()
    };
    let widths: Vec<usize> = (0..columns)
        .map(|column| width(column).unwrap_or(0).min(WIDEST))
        .collect();
    let mut lines = Vec::new();
    for row in table {
        let cells: Vec<Vec<String>> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| wrap(cell, *width))
            .collect();
        for index in 0..cells.iter().map(Vec::len).max().unwrap_or(0) {
            let mut line = String::new();
            for (cell, width) in cells.iter().zip(&widths) {
                let text = cell.get(index).map_or("", String::as_str);
                line.push_str(text);
                line.push_str(&" ".repeat(width - text.width().min(*width) + 2));
            }
            lines.push(line.trim_end().to_owned());
        }
    }
    lines.join("\n")
}

/// The widest that a column of a terminal's table may be; longer cells go on below.
const WIDEST: usize = 44;

fn wrap(cell: &str, width: usize) -> Vec<String> {
    textwrap::wrap(cell, width.max(1))
        .into_iter()
        .map(std::borrow::Cow::into_owned)
        .collect()
}

/// A table in Markdown.
fn in_pipes(table: &[Vec<String>]) -> String {
    let line = |row: &Vec<String>| format!("| {} |", row.join(" | "));
    let mut lines: Vec<String> = table.iter().map(line).collect();
    let rule = table
        .first()
        .map_or(String::new(), |head| format!("|{}", "---|".repeat(head.len())));
    lines.insert(1.min(lines.len()), rule);
    lines.join("\n")
}
