//! The catalogue: every manifest the program knows, its own and the user's.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::installed::Installed;
use super::local;
use super::manifest::{Manifest, Quality, Task};
use super::names;
use crate::error::{Error, Result};
use crate::text::language::Language;

macro_rules! embedded {
    ($($id:literal),* $(,)?) => {
        /// The manifests of `models/`, by file name; a test holds the list against the folder.
        const EMBEDDED: &[(&str, &str)] =
            &[$((concat!("models/", $id, ".toml"), include_str!(concat!("../../models/", $id, ".toml")))),*];
    };
}

embedded![
    "all-minilm-l6-v2",
    "bart-large-cnn",
    "firefox-de-en",
    "firefox-en-de",
    "firefox-en-es",
    "firefox-en-fr",
    "firefox-en-ja",
    "firefox-en-ko",
    "firefox-en-pl",
    "firefox-en-ru",
    "firefox-en-uk",
    "firefox-en-zh",
    "firefox-es-en",
    "firefox-fr-en",
    "firefox-ja-en",
    "firefox-ko-en",
    "firefox-pl-en",
    "firefox-ru-en",
    "firefox-uk-en",
    "firefox-zh-en",
    "gemma-3-270m",
    "hy-mt2-1.8b",
    "hy-mt2-7b",
    "lmt-60-1.7b",
    "lmt-60-4b",
    "m2m100-418m",
    "madlad400-3b-mt",
    "mt5-xlsum",
    "multilingual-e5-small",
    "nllb-200-distilled-600m",
    "opus-mt-en-uk",
    "opus-mt-ko-en",
    "opus-mt-tc-big-en-zle",
    "qwen2.5-coder-1.5b",
    "qwen3-1.7b",
    "qwen3-4b-instruct-2507",
    "smollm2-135m",
];

/// Every manifest the program knows. Each id is there once: a user's manifest takes the place of an embedded one.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    manifests: BTreeMap<String, Manifest>,
    broken: BTreeMap<String, Broken>,
}

/// A user's manifest that cannot be read: it stops only who asks for it.
#[derive(Clone, Debug)]
struct Broken {
    message: String,
    hint: Option<String>,
}

/// What a task will be done with.
#[derive(Clone, Debug)]
pub enum Chosen {
    /// A model of the catalogue; whether its files are here is the store's business.
    Known(Box<Manifest>),
    /// The user's own files.
    Own(Box<Installed>),
}

impl Chosen {
    /// What it is.
    pub fn manifest(&self) -> &Manifest {
        match self {
            Self::Known(manifest) => manifest,
            Self::Own(own) => &own.manifest,
        }
    }
}

impl Catalogue {
    /// The embedded manifests alone.
    pub fn embedded() -> Result<Self> {
        let mut catalogue = Self::default();
        for (name, text) in EMBEDDED {
            let manifest = Manifest::parse(Path::new(name), text)?;
            catalogue.manifests.insert(manifest.id.clone(), manifest);
        }
        Ok(catalogue)
    }

    /// The embedded manifests and every `*.toml` of the user's folder; a folder that is not there is empty. A file that
    /// cannot be read is kept as a warning ([`Catalogue::warnings`]) and stops only who asks for that model.
    pub fn load(user_folder: Option<&Path>) -> Result<Self> {
        let mut catalogue = Self::embedded()?;
        for path in user_folder.map(manifests_in).unwrap_or_default() {
            let parsed = std::fs::read_to_string(&path)
                .map_err(|e| Error::usage(format!("{}: {e}", path.display())))
                .and_then(|text| Manifest::parse(&path, text.trim_start_matches('\u{feff}')));
            match parsed {
                Ok(manifest) => {
                    catalogue.manifests.insert(manifest.id.clone(), manifest);
                }
                Err(error) => {
                    let id = path
                        .file_stem()
                        .map(|stem| stem.to_string_lossy().into_owned())
                        .unwrap_or_default();
                    // An embedded model of this name must not be used in its place without a word.
                    catalogue.manifests.remove(&id);
                    let hint = error.hint().map(str::to_owned);
                    catalogue.broken.insert(
                        id,
                        Broken {
                            message: error.to_string(),
                            hint,
                        },
                    );
                }
            }
        }
        Ok(catalogue)
    }

    /// One line for each user manifest that was left out.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        self.broken.values().map(|broken| match &broken.hint {
            Some(hint) => format!("{} ({hint})", broken.message),
            None => broken.message.clone(),
        })
    }

    /// All manifests by id.
    pub fn all(&self) -> impl Iterator<Item = &Manifest> {
        self.manifests.values()
    }

    /// The manifest with this id; if there is none, the error names the one that was probably meant.
    pub fn get(&self, id: &str) -> Result<&Manifest> {
        if let Some(manifest) = self.manifests.get(id) {
            return Ok(manifest);
        }
        if let Some(broken) = self.broken.get(id) {
            let error = Error::usage(broken.message.clone());
            return Err(match &broken.hint {
                Some(hint) => error.with_hint(hint.clone()),
                None => error,
            });
        }
        let error = Error::usage(format!("no model is called \"{id}\""));
        Err(
            match names::closest(id, self.manifests.keys().map(String::as_str)) {
                Some(near) => error.with_hint(format!("did you mean \"{near}\"?")),
                None => error.with_hint("`byline models list` shows all models"),
            },
        )
    }

    /// The models that may be chosen for `task` on these languages, the preferred first. Models for tests are not
    /// among them. `to` counts for translation only.
    pub fn serving(&self, task: Task, from: Language, to: Option<Language>) -> Vec<&Manifest> {
        let mut serving: Vec<&Manifest> = self
            .manifests
            .values()
            .filter(|manifest| manifest.quality == Quality::Good && manifest.serves(task, from, to))
            .collect();
        serving.sort_by_key(|manifest| std::cmp::Reverse(manifest.preference));
        serving
    }

    /// What `task` on these languages will be done with. `wanted` is what the user named: an id of the catalogue, or
    /// the path of a GGUF file or of a folder with a model, about which nothing is promised.
    ///
    /// # Errors
    /// Exit code 3, naming the models that would do it, if the wanted model is not good enough for it, or if none is;
    /// exit code 2 for an id that does not exist.
    pub fn resolve(
        &self,
        task: Task,
        from: Language,
        to: Option<Language>,
        wanted: Option<&str>,
    ) -> Result<Chosen> {
        let serving = self.serving(task, from, to);
        let Some(wanted) = wanted else {
            return match serving.first() {
                Some(first) => Ok(Chosen::Known(Box::new((*first).clone()))),
                None => Err(self.refusal(format!("no model is {}", good_enough(task, from, to)), &serving)),
            };
        };
        if let Some(path) = as_path(wanted, |id| self.manifests.contains_key(id)) {
            return Ok(Chosen::Own(Box::new(local::installed(&path)?)));
        }
        let manifest = self.get(wanted)?;
        if manifest.serves(task, from, to) {
            Ok(Chosen::Known(Box::new(manifest.clone())))
        } else {
            Err(self.refusal(
                format!("{wanted} is not {}", good_enough(task, from, to)),
                &serving,
            ))
        }
    }

    fn refusal(&self, message: String, serving: &[&Manifest]) -> Error {
        let error = Error::no_model(message);
        match serving {
            [] => error.with_hint("`byline models list` shows what each model can do"),
            some => error.with_hint(format!(
                "what would serve it: {}; fetch one with `byline models pull ID`",
                some.iter()
                    .map(|manifest| manifest.describe())
                    .collect::<Vec<_>>()
                    .join(", ")
            )),
        }
    }
}

/// "good enough to …", after "no model is" or "ID is not".
fn good_enough(task: Task, from: Language, to: Option<Language>) -> String {
    match (task, to) {
        (Task::Translate, Some(to)) => format!("good enough to translate {} into {}", from.name(), to.name()),
        (Task::Translate, None) => format!("good enough to translate {}", from.name()),
        (Task::Summarise, _) => format!("good enough to summarise {}", from.name()),
        (Task::Embed, _) => format!("good enough to compare sentences in {}", from.name()),
    }
}

/// `wanted` as a path, if it looks like one: an id never holds a separator or ends in `.gguf`.
fn as_path(wanted: &str, known: impl Fn(&str) -> bool) -> Option<PathBuf> {
    let path = Path::new(wanted);
    let looks = wanted.contains(['/', '\\']) || wanted.to_ascii_lowercase().ends_with(".gguf");
    (looks || (!known(wanted) && path.exists())).then(|| path.to_owned())
}

/// The `*.toml` files of a folder, in order of their names.
fn manifests_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    paths.sort();
    paths
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn ids(found: &[&Manifest]) -> Vec<String> {
        found.iter().map(|manifest| manifest.id.clone()).collect()
    }

    #[test]
    fn every_file_of_the_folder_is_embedded_under_its_id() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
        let mut on_disk: Vec<String> = manifests_in(&folder)
            .iter()
            .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        on_disk.sort();
        let catalogue = Catalogue::embedded().unwrap();
        assert_eq!(catalogue.manifests.keys().cloned().collect::<Vec<_>>(), on_disk);
    }

    #[test]
    fn the_default_comes_first_and_test_models_not_at_all() {
        let catalogue = Catalogue::embedded().unwrap();
        let summarise = ids(&catalogue.serving(Task::Summarise, Language::EN, None));
        assert_eq!(summarise.first().map(String::as_str), Some("qwen2.5-coder-1.5b"));
        assert!(!summarise.contains(&"smollm2-135m".to_owned()));
        let zh = ids(&catalogue.serving(Task::Translate, Language::EN, Some(Language::ZH)));
        assert_eq!(
            zh,
            [
                "firefox-en-zh",
                "qwen2.5-coder-1.5b",
                "lmt-60-1.7b",
                "hy-mt2-1.8b",
                "lmt-60-4b",
                "madlad400-3b-mt",
                "hy-mt2-7b",
                "m2m100-418m"
            ]
        );
        let uk = ids(&catalogue.serving(Task::Translate, Language::EN, Some(Language::UK)));
        assert_eq!(uk[..3], ["firefox-en-uk", "lmt-60-1.7b", "hy-mt2-1.8b"]);
        let between = ids(&catalogue.serving(Task::Translate, Language::UK, Some(Language::KO)));
        assert_eq!(
            between,
            ["hy-mt2-1.8b", "madlad400-3b-mt", "hy-mt2-7b", "m2m100-418m"]
        );
        assert!(
            catalogue
                .serving(Task::Translate, Language::UK, Some("sq".parse().unwrap()))
                .is_empty()
        );
    }

    #[test]
    fn a_model_that_is_not_for_everybody_serves_those_alone_who_name_it() {
        let catalogue = Catalogue::embedded().unwrap();
        let uk = Some(Language::UK);
        let offered = ids(&catalogue.serving(Task::Translate, Language::EN, uk));
        assert!(!offered.contains(&"nllb-200-distilled-600m".to_owned()));
        let chosen = catalogue
            .resolve(Task::Translate, Language::EN, uk, Some("nllb-200-distilled-600m"))
            .unwrap();
        assert!(chosen.manifest().licence.note.is_some());
    }

    #[test]
    fn a_model_that_is_not_good_enough_is_refused_with_those_that_are() {
        let catalogue = Catalogue::embedded().unwrap();
        let uk = Some(Language::UK);
        let error = catalogue
            .resolve(Task::Translate, Language::EN, uk, Some("qwen2.5-coder-1.5b"))
            .unwrap_err();
        assert_eq!(error.exit_code(), 3);
        assert_eq!(
            error.to_string(),
            "qwen2.5-coder-1.5b is not good enough to translate English into Ukrainian"
        );
        assert!(
            error
                .hint()
                .unwrap()
                .contains("lmt-60-1.7b (about 3.4 GB, Apache-2.0)"),
            "{:?}",
            error.hint()
        );
        let chosen = catalogue
            .resolve(Task::Summarise, Language::EN, None, Some("smollm2-135m"))
            .unwrap();
        assert!(matches!(chosen, Chosen::Known(manifest) if manifest.id == "smollm2-135m"));
    }

    #[test]
    fn an_unknown_id_is_answered_with_the_likely_one() {
        let error = Catalogue::embedded().unwrap().get("smollm-135m").unwrap_err();
        assert_eq!(
            (error.exit_code(), error.hint()),
            (2, Some("did you mean \"smollm2-135m\"?"))
        );
    }

    #[test]
    fn a_broken_user_manifest_stops_only_who_asks_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let good = include_str!("../../models/smollm2-135m.toml").replace("smollm2-135m", "mine");
        std::fs::write(folder.path().join("mine.toml"), good).unwrap();
        std::fs::write(folder.path().join("bad.toml"), "id = 5").unwrap();
        let catalogue = Catalogue::load(Some(folder.path())).unwrap();
        assert_eq!(catalogue.get("mine").unwrap().architecture, "llama");
        let warnings: Vec<String> = catalogue.warnings().collect();
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].contains("bad.toml, line 1: "), "{warnings:?}");
        assert_eq!(catalogue.get("bad").unwrap_err().to_string(), warnings[0]);
        assert!(
            Catalogue::load(Some(&folder.path().join("none")))
                .unwrap()
                .warnings()
                .next()
                .is_none()
        );
    }
}
