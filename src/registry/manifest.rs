//! A manifest: everything the program knows about one model, read from one TOML file.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::names;
use crate::error::{Error, Result};
use crate::text::language::Language;

/// What a model is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// Short versions in the article's own language.
    Summarise,
    /// From one language into another.
    Translate,
    /// Vectors of sentences, for likeness of meaning.
    Embed,
}

impl Task {
    /// All tasks.
    pub const ALL: [Task; 3] = [Task::Summarise, Task::Translate, Task::Embed];

    /// The name on the command line and in manifests.
    pub fn name(self) -> &'static str {
        match self {
            Task::Summarise => "summarise",
            Task::Translate => "translate",
            Task::Embed => "embed",
        }
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Task {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let lower = text.to_lowercase();
        Task::ALL
            .into_iter()
            .find(|task| task.name() == lower || (*task == Task::Summarise && lower == "summarize"))
            .ok_or_else(|| {
                let error = Error::usage(format!("unknown task \"{text}\""));
                match names::closest(text, Task::ALL.map(Task::name)) {
                    Some(near) => error.with_hint(format!("did you mean \"{near}\"?")),
                    None => error.with_hint("the tasks are summarise, translate and embed"),
                }
            })
    }
}

/// One model. The fields are those of the TOML file; a key that is not here is an error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The name on the command line and of its folder.
    #[serde(deserialize_with = "names::component")]
    pub id: String,
    /// The full name, with the kind of weights.
    pub name: String,
    /// What it is good for and what not, in a line.
    pub about: String,
    /// Which loader reads it: `qwen2`, `qwen3`, `llama`, `gemma3`, `bert`, …
    pub architecture: String,
    /// Whether it may be chosen without being asked for.
    #[serde(default)]
    pub quality: Quality,
    /// Among models that serve the same, the higher comes first.
    #[serde(default)]
    pub preference: i32,
    /// Resident memory while it works, in MiB, as far as it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_mib: Option<u64>,
    /// Under which terms the weights may be used.
    pub licence: Licence,
    /// What its safetensors are quantised to when they are used first, if the user does not say otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantise: Option<Form>,
    /// Tasks and languages that it is good enough for.
    #[serde(default)]
    pub serves: Serves,
    /// How it wants to be asked, where that is not in the model itself.
    #[serde(default)]
    pub prompt: Prompt,
    /// How its output is drawn, where the program's own defaults are not right.
    #[serde(default)]
    pub decoding: Decoding,
    /// The files that make it up.
    pub files: Vec<FileSpec>,
    /// Where they come from, in the order in which the places are tried.
    pub sources: Vec<Source>,
}

/// Whether a model may be chosen without being asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quality {
    /// Good enough for what `serves` says.
    #[default]
    Good,
    /// Good enough, but under terms that do not suit every newsroom: only with `--model`.
    Asked,
    /// For tests and quick trials: only with `--model`.
    Test,
}

/// What safetensors are quantised to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    /// 4 bits, and 6 where that matters.
    #[serde(rename = "q4_k")]
    Q4K,
    /// 8 bits.
    #[serde(rename = "q8_0")]
    Q8_0,
}

impl Form {
    /// The name on the command line, in manifests and of files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Q4K => "q4_k",
            Self::Q8_0 => "q8_0",
        }
    }
}

/// Terms of use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Licence {
    /// SPDX identifier, or the licence's own name.
    pub id: String,
    /// Where it does not apply, or what else must be known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Tasks and languages that a model is good enough for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Serves {
    /// Languages of articles that it summarises, in the same language.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub summarise: Vec<Language>,
    /// Directions that it translates.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub translate: Vec<Direction>,
    /// Languages whose sentences it compares.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub embed: Vec<Language>,
}

/// Every language of `from` into every other language of `to`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Direction {
    /// Source languages.
    pub from: Vec<Language>,
    /// Target languages.
    pub to: Vec<Language>,
}

/// How a model wants to be asked. What is absent here is taken from the model's own chat template.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Prompt {
    /// The user message of a translation, with `{from}` and `{to}` for the languages' English names and `{text}` for
    /// the segment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub translate: Option<String>,
    /// For models that can think aloud before they answer: whether they should.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thinking: Option<bool>,
    /// What stands before a sentence that is compared (embedding models).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embed_prefix: Option<String>,
    /// What stands before a text that is looked through for what is near to such a sentence, where that is another
    /// (embedding models).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passage_prefix: Option<String>,
    /// How token vectors become one sentence vector (embedding models).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pooling: Option<Pooling>,
    /// The layer, counted from 1, where the tokens of a text are nearest to those of its translation (embedding
    /// models); none: the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_layer: Option<usize>,
}

/// How token vectors become one sentence vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pooling {
    /// Their mean, padding left out.
    Mean,
    /// The first token's.
    Cls,
}

/// How output is drawn. Absent means: the program's default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Decoding {
    /// 0 is greedy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Nucleus: the share of probability that is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// How many of the likeliest tokens are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_k: Option<usize>,
    /// What the logits of tokens already there are divided by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repetition_penalty: Option<f64>,
}

/// One file of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileSpec {
    /// What the loader asks for: `weights`, `config`, `tokenizer`, `tokenizer_config`, `chat_template`, `generation`,
    /// `index`, `spm`, `source_spm`, `target_spm`, `vocab`, `{,source_,target_}vocabulary`, `shortlist`.
    #[serde(deserialize_with = "names::component")]
    pub role: String,
    /// Its name on disk.
    #[serde(deserialize_with = "names::component")]
    pub name: String,
    /// Its exact size in bytes, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Its size in MB as its publisher rounds it, where the exact one is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about_mb: Option<u64>,
    /// Its SHA-256, where it is known.
    #[serde(
        default,
        deserialize_with = "names::sha256",
        skip_serializing_if = "Option::is_none"
    )]
    pub sha256: Option<String>,
    /// Whether the model works without it: what the hub does not list is then left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

/// One place that files come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A repository of the hub.
    Hub(HubSource),
    /// Packages of whatever index the user's pip is set to.
    Wheel(WheelSource),
}

/// A repository of the hub.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HubSource {
    /// `OWNER/NAME`.
    #[serde(deserialize_with = "names::repository")]
    pub repo: String,
    /// Branch, tag or commit.
    #[serde(default = "main_branch", deserialize_with = "names::revision")]
    pub revision: String,
    /// File name → path in the repository, where it is not the name itself.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub paths: BTreeMap<String, String>,
}

fn main_branch() -> String {
    "main".to_owned()
}

impl HubSource {
    /// Where the file `name` lies in the repository.
    pub fn path<'a>(&'a self, name: &'a str) -> &'a str {
        self.paths.get(name).map_or(name, String::as_str)
    }
}

/// Packages that hold the files, whole or in parts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WheelSource {
    /// The Python that the wheels are built for (`3.12`), where they are not for every Python.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub python: Option<String>,
    /// The platform tag that the wheels are built for, where they are not for every platform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// File name → the parts that are joined, in this order, to make it.
    pub files: BTreeMap<String, Vec<Part>>,
    /// File name → what the joined parts are, where that is not the file that the manifest describes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub joined: BTreeMap<String, Joined>,
}

/// What the parts of packages make together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Joined {
    /// Its exact size in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Its SHA-256: the proof, before anything is made of it.
    #[serde(
        default,
        deserialize_with = "names::sha256",
        skip_serializing_if = "Option::is_none"
    )]
    pub sha256: Option<String>,
    /// The form that it is in, where it must be rewritten once to be the file; absent: it is the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Packed>,
}

/// A form that the loaders do not read, and what is made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Packed {
    /// The container `E5S1`, of which the safetensors are made.
    #[serde(rename = "e5s1")]
    E5s1,
    /// The same container, of which the `config.json` is made.
    #[serde(rename = "e5s1-config")]
    E5s1Config,
}

impl WheelSource {
    /// Size, digest and form of what the parts of the file make.
    pub(super) fn joined_of(&self, spec: &FileSpec) -> Joined {
        self.joined.get(&spec.name).cloned().unwrap_or_else(|| Joined {
            size: spec.size,
            sha256: spec.sha256.clone(),
            format: None,
        })
    }

    /// Each package once, in the order of the parts.
    pub fn packages(&self) -> Vec<String> {
        let mut packages: Vec<String> = Vec::new();
        for part in self.files.values().flatten() {
            if !packages.contains(&part.package) {
                packages.push(part.package.clone());
            }
        }
        packages
    }
}

/// One member of one package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// `NAME==VERSION`.
    #[serde(deserialize_with = "names::package")]
    pub package: String,
    /// The path of the member in the wheel.
    pub member: String,
}

impl Manifest {
    /// Whether it comes from a kind of place, the hub or packages, that `other` does not come from.
    pub fn comes_from_elsewhere(&self, other: &Self) -> bool {
        let kind = std::mem::discriminant::<Source>;
        let theirs = |source: &Source| other.sources.iter().any(|o| kind(o) == kind(source));
        !self.sources.iter().all(theirs)
    }

    /// Reads a manifest; `origin` is the file that errors name.
    pub fn parse(origin: &Path, text: &str) -> Result<Self> {
        let manifest: Manifest = toml::from_str(text).map_err(|error| parse_error(origin, text, &error))?;
        match manifest.contradiction() {
            None => Ok(manifest),
            Some((key, message)) => Err(at(origin, line_of(text, key), message)),
        }
    }

    /// Whether it is good enough for `task` on these languages; `to` counts for translation only.
    pub fn serves(&self, task: Task, from: Language, to: Option<Language>) -> bool {
        match task {
            Task::Summarise => self.serves.summarise.contains(&from),
            Task::Embed => self.serves.embed.contains(&from),
            Task::Translate => to.is_some_and(|to| {
                let listed =
                    |direction: &Direction| direction.from.contains(&from) && direction.to.contains(&to);
                from != to && self.serves.translate.iter().any(listed)
            }),
        }
    }

    /// The tasks that it serves in some language.
    pub fn tasks(&self) -> Vec<Task> {
        let some = |task: &Task| match task {
            Task::Summarise => !self.serves.summarise.is_empty(),
            Task::Translate => !self.serves.translate.is_empty(),
            Task::Embed => !self.serves.embed.is_empty(),
        };
        Task::ALL.into_iter().filter(some).collect()
    }

    /// The size of all files in bytes, and whether that is exact; `None` where nothing is known.
    pub fn size(&self) -> Option<(u64, bool)> {
        let exact = self.files.iter().all(|file| file.size.is_some());
        let bytes = |file: &FileSpec| file.size.or(file.about_mb.map(|mb| mb.saturating_mul(1_000_000)));
        let total = self
            .files
            .iter()
            .filter_map(bytes)
            .fold(0u64, u64::saturating_add);
        (total > 0).then_some((total, exact))
    }

    /// The size for people: `1.1 GB`, `about 3.4 GB`, `size unknown`.
    pub fn size_text(&self) -> String {
        match self.size() {
            Some((bytes, true)) => names::human_size(bytes),
            Some((bytes, false)) => format!("about {}", names::human_size(bytes)),
            None => "size unknown".to_owned(),
        }
    }

    /// Id, size and licence in a line, as refusals name it.
    pub fn describe(&self) -> String {
        format!("{} ({}, {})", self.id, self.size_text(), self.licence.id)
    }

    /// What is wrong although each value is right by itself: the TOML key to point at, and the message.
    fn contradiction(&self) -> Option<(&'static str, String)> {
        let mut seen = BTreeSet::new();
        if let Some(file) = self.files.iter().find(|file| !seen.insert(file.name.as_str())) {
            return Some(("files", format!("the file \"{}\" is named twice", file.name)));
        }
        if !self.files.iter().any(|file| file.role == "weights") {
            return Some(("files", "no file has the role \"weights\"".to_owned()));
        }
        if self.sources.is_empty() {
            return Some(("sources", "no source is named".to_owned()));
        }
        self.sources.iter().find_map(|source| match source {
            Source::Hub(hub) => self.hub_contradiction(hub),
            Source::Wheel(wheel) => self.wheel_contradiction(wheel),
        })
    }

    fn hub_contradiction(&self, hub: &HubSource) -> Option<(&'static str, String)> {
        hub.paths.iter().find_map(|(name, path)| {
            if !self.files.iter().any(|file| &file.name == name) {
                Some(("paths", format!("\"{name}\" is none of the model's files")))
            } else if !names::is_relative_path(path) {
                Some(("paths", format!("\"{path}\" is not a path inside a repository")))
            } else {
                None
            }
        })
    }

    fn wheel_contradiction(&self, wheel: &WheelSource) -> Option<(&'static str, String)> {
        if let Some(name) = wheel
            .files
            .keys()
            .chain(wheel.joined.keys())
            .find(|name| !self.files.iter().any(|file| &file.name == *name))
        {
            return Some(("wheel", format!("\"{name}\" is none of the model's files")));
        }
        let plain = |tag: &Option<String>| tag.as_deref().is_none_or(names::is_component);
        if !plain(&wheel.python) || !plain(&wheel.platform) {
            return Some((
                "wheel",
                "python and platform are plain tags such as \"3.12\"".to_owned(),
            ));
        }
        self.files
            .iter()
            .find_map(|file| match wheel.files.get(&file.name) {
                None => Some((
                    "wheel",
                    format!("no package is named for the file \"{}\"", file.name),
                )),
                Some(parts) if parts.is_empty() => Some(("wheel", format!("\"{}\" has no parts", file.name))),
                Some(_) if wheel.joined_of(file).sha256.is_none() => Some((
                    "files",
                    format!(
                        "\"{}\" comes from wheels, so its sha256 must be given: nothing else proves it",
                        file.name
                    ),
                )),
                Some(_) => None,
            })
    }
}

/// The first line whose key or table is `key`, from 1.
fn line_of(text: &str, key: &str) -> Option<usize> {
    let starts = |line: &str| {
        let line = line.trim_start_matches(['[', ' ']);
        let line = line.strip_prefix("sources.").unwrap_or(line);
        line.strip_prefix(key)
            .is_some_and(|rest| rest.starts_with([']', '.', '=', ' ']))
    };
    text.lines().position(starts).map(|index| index + 1)
}

fn at(origin: &Path, line: Option<usize>, message: impl fmt::Display) -> Error {
    let place = line.map_or(String::new(), |line| format!(", line {line}"));
    Error::usage(format!("{}{place}: {message}", origin.display()))
}

/// The parser's error in one line, with the word that was probably meant.
fn parse_error(origin: &Path, text: &str, error: &toml::de::Error) -> Error {
    let line = error.span().map(|span| {
        text.get(..span.start)
            .map_or(1, |before| before.matches('\n').count() + 1)
    });
    let message = error.message().lines().collect::<Vec<_>>().join(" ");
    let words: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let near = match words.as_slice() {
        [wrong, known @ ..] if message.starts_with("unknown") => names::closest(wrong, known.iter().copied()),
        _ => None,
    };
    let error = at(origin, line, &message);
    match near {
        Some(near) => error.with_hint(format!("did you mean \"{near}\"?")),
        None => error,
    }
}

#[cfg(test)]
#[path = "manifest_tests.rs"]
mod tests;
