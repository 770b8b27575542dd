//! The models of a command: chosen from the catalogue, fetched if they may be, loaded when they are first needed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::align::likeness::Reader;
use crate::cli::console::Console;
use crate::cli::encoders::Encoders;
use crate::cli::quantised::quantised;
use crate::cli::settings::Settings;
use crate::cli::shelf::{self, Loaded, Shelf};
use crate::error::{Error, Result};
use crate::neural::{self, Chat, LoadSpec};
use crate::pipeline::{Engine, Models};
use crate::progress::Progress;
use crate::registry::{Catalogue, Chosen, Installed, Manifest, Quality, Store, Task};
use crate::render::ModelUsed;
use crate::text::language::Language;
use crate::translate::seq2seq::{Ahead, Search};

/// What a model is asked for: a task, and the languages of it.
type Need = (Task, Language, Option<Language>);

/// The models of one run of the program.
pub struct Engines<'a> {
    settings: &'a Settings,
    console: &'a Console,
    catalogue: Catalogue,
    store: Store,
    chosen: BTreeMap<Need, Installed>,
    /// The language by way of which a translation goes, where no model does it at once.
    middles: BTreeMap<(Language, Language), Language>,
    shelf: Shelf,
    /// The encoders of the ledgers, which stay beside it.
    encoders: Encoders<'a>,
    search: Search,
    ahead: Rc<Ahead>,
}

impl<'a> Engines<'a> {
    /// Reads the catalogue; loads nothing.
    ///
    /// # Errors
    /// If the user's manifests or the cache folder cannot be found.
    pub fn new(settings: &'a Settings, console: &'a Console) -> Result<Self> {
        let catalogue = Catalogue::load(Some(&settings.manifests()))?;
        for warning in catalogue.warnings() {
            console.warn(&warning);
        }
        Ok(Self {
            settings,
            console,
            catalogue,
            store: Store::from_env()?,
            chosen: BTreeMap::new(),
            middles: BTreeMap::new(),
            shelf: Shelf::default(),
            encoders: Encoders::new(settings, console)?,
            search: Search::default(),
            ahead: Rc::default(),
        })
    }

    /// The same, for translations that are searched for as `search` says.
    pub fn searching(self, search: Search) -> Self {
        Self { search, ..self }
    }

    /// Whether what translates takes many segments at once; no, as long as nothing is chosen.
    pub fn batches(&self) -> bool {
        let mut translators = self
            .chosen
            .iter()
            .filter(|((task, ..), _)| *task == Task::Translate);
        translators.any(|(_, installed)| neural::is_encoder_decoder(&installed.manifest.architecture))
    }

    /// Chooses and fetches what serves `needs`, so that nothing is missing once work has begun.
    ///
    /// # Errors
    /// [`Error::NoModel`] if something cannot be served; nothing has been fetched then.
    pub fn prepare(&mut self, needs: &[Need]) -> Result<()> {
        let mut new: Vec<Need> = Vec::new();
        for &need in needs {
            for leg in self.legs(need)? {
                if !self.chosen.contains_key(&leg) && !new.contains(&leg) {
                    new.push(leg);
                }
            }
        }
        let choices = new
            .iter()
            .map(|&need| self.choose(need))
            .collect::<Result<Vec<_>>>()?;
        for ((task, ..), choice) in new.iter().zip(&choices) {
            self.can_search(*task, choice.manifest())?;
        }
        let mut announced: Vec<String> = Vec::new();
        for (&(task, from, to), choice) in new.iter().zip(&choices) {
            let line = self.announcement(task, from, to, choice);
            if !announced.contains(&line) {
                self.console.say(&line);
                announced.push(line);
            }
        }
        if self.settings.offline || self.store.is_offline() {
            self.all_here(&new, &choices)?;
        }
        for &(task, from, to) in &new {
            if let (Task::Translate, Some(to)) = (task, to) {
                self.encoders.reader(from, to)?;
            }
        }
        for (need, choice) in new.into_iter().zip(choices) {
            let installed = match choice {
                Chosen::Own(own) => *own,
                Chosen::Known(manifest) => self.fetch(need, &manifest)?,
            };
            self.chosen.insert(need, installed);
        }
        Ok(())
    }

    /// The model, fetched if it is not here. Where no source gives what nobody asked for by name, the next that serves the
    /// need and comes from elsewhere is taken, and that is said.
    fn fetch(&self, need: Need, manifest: &Manifest) -> Result<Installed> {
        let ensure = |m: &Manifest| self.store.ensure(m, self.settings.offline, self.console);
        let (task, from, to) = need;
        let failed = match ensure(manifest) {
            Err(error @ Error::NoModel { .. }) if !self.settings.models.contains_key(&task) => error,
            other => return other,
        };
        let serving = self.catalogue.serving(task, from, to);
        let after = serving.iter().skip_while(|m| m.id != manifest.id).skip(1);
        for next in after.filter(|m| m.comes_from_elsewhere(manifest)) {
            if self.can_search(task, next).is_err() {
                continue;
            }
            // Why was said of each of its sources, as it failed.
            self.console.say(&format!(
                "{} could not be fetched: {} takes its place",
                manifest.id,
                next.describe()
            ));
            match ensure(next) {
                Err(Error::NoModel { .. }) => {}
                other => return other,
            }
        }
        Err(failed)
    }

    /// What a need comes to: itself, or the two legs of a translation by way of English where no model translates at
    /// once, or none that is here.
    fn legs(&mut self, need: Need) -> Result<Vec<Need>> {
        let (task, from, Some(to)) = need else {
            return Ok(vec![need]);
        };
        if [from, to].contains(&Language::EN) || self.chosen.contains_key(&need) {
            return Ok(vec![need]);
        }
        let legs = vec![(task, from, Some(Language::EN)), (task, Language::EN, Some(to))];
        let wanted = self.settings.models.get(&task);
        let serves = |&(task, from, to): &Need| {
            let serving = self.catalogue.serving(task, from, to);
            match wanted {
                Some(wanted) => serving.iter().any(|m| m.id == *wanted),
                None => !serving.is_empty(),
            }
        };
        let here = |&(task, from, to): &Need| {
            let serving = self.catalogue.serving(task, from, to);
            let located = serving.iter().map(|m| self.store.locate(m));
            located.into_iter().any(|found| matches!(found, Ok(Some(_))))
        };
        let by_way = match (serves(&need), legs.iter().all(serves)) {
            (_, false) => false,
            (false, true) => true,
            (true, true) => wanted.is_none() && !here(&need) && legs.iter().all(here),
        };
        if !by_way {
            return Ok(vec![need]);
        }
        if self.middles.insert((from, to), Language::EN).is_none() {
            self.console.say(&format!(
                "no model here translates {} into {} at once: it goes by way of English",
                from.name(),
                to.name()
            ));
        }
        Ok(legs)
    }

    /// Refuses what was said about the search if the model does not search.
    fn can_search(&self, task: Task, manifest: &Manifest) -> Result<()> {
        let searches = task != Task::Translate || neural::is_encoder_decoder(&manifest.architecture);
        if searches || self.search == Search::default() {
            return Ok(());
        }
        Err(Error::usage(format!(
            "--beam, --alternatives and --batch-tokens are for encoder-decoders, and {} ({}) is none",
            manifest.id, manifest.architecture
        ))
        .with_hint("leave them out, or choose an encoder-decoder with --model translate=ID"))
    }

    /// Offline every model that is missing is named at once: whoever has to carry them over a gap wants to go once.
    fn all_here(&self, needs: &[Need], choices: &[Chosen]) -> Result<()> {
        let mut missing: Vec<&Manifest> = Vec::new();
        let mut writes_summaries = false;
        for ((task, ..), choice) in needs.iter().zip(choices) {
            let Chosen::Known(manifest) = choice else { continue };
            if self.store.locate(manifest)?.is_none() {
                writes_summaries |= *task == Task::Summarise;
                if !missing.iter().any(|known| known.id == manifest.id) {
                    missing.push(manifest);
                }
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let list = |name: fn(&Manifest) -> String, between: &str| {
            missing.iter().map(|m| name(m)).collect::<Vec<_>>().join(between)
        };
        let ids = list(|m| m.id.clone(), " ");
        let are = if missing.len() == 1 { "is" } else { "are" };
        let without = if writes_summaries {
            "; --method extractive summarises without a model"
        } else {
            ""
        };
        Err(Error::no_model(format!(
            "{} {are} not on this machine, and offline nothing is fetched",
            list(|m| m.id.clone(), " and ")
        ))
        .with_hint(format!(
            "where there is a network, run `byline models pull {ids}` ({}){without}",
            list(|m| format!("{}, {}", m.size_text(), m.licence.id), "; ")
        )))
    }

    /// All that serves `needs`, which were prepared: the encoders of their ledgers too, whether or not they have read
    /// anything.
    pub fn serving(&self, needs: &[Need]) -> Vec<ModelUsed> {
        let of = |&(task, from, to): &Need| {
            let compares = to.and_then(|to| self.encoders.known(from, to));
            self.used(task, from, to).into_iter().chain(compares)
        };
        needs.iter().flat_map(of).collect()
    }

    /// The encoder that took part in the ledger of both languages.
    pub fn compared(&self, from: Language, to: Language) -> Option<ModelUsed> {
        self.encoders.used(from, to)
    }

    /// The models of a task that was prepared, as outputs name them: two for a translation by way of English.
    pub fn used(&self, task: Task, from: Language, to: Option<Language>) -> Vec<ModelUsed> {
        let middle = to.and_then(|to| self.middles.get(&(from, to)).copied());
        let legs = match middle {
            Some(middle) => vec![(task, from, Some(middle)), (task, middle, to)],
            None => vec![(task, from, to)],
        };
        let found = legs
            .into_iter()
            .filter_map(|leg| Some(used(self.chosen.get(&leg)?, task, leg.2)));
        found.collect()
    }

    /// The user's choice; else the best that is here; else the best that can be fetched.
    fn choose(&self, (task, from, to): Need) -> Result<Chosen> {
        let wanted = self.settings.models.get(&task).map(String::as_str);
        if wanted.is_none() {
            for manifest in self.catalogue.serving(task, from, to) {
                if self.store.locate(manifest)?.is_some() {
                    return Ok(Chosen::Known(Box::new(manifest.clone())));
                }
            }
        }
        self.catalogue.resolve(task, from, to, wanted)
    }

    fn announcement(&self, task: Task, from: Language, to: Option<Language>, choice: &Chosen) -> String {
        let what = match to {
            Some(to) => format!("{} {from}→{to}", task.name()),
            None => format!("{} {from}", task.name()),
        };
        match choice {
            Chosen::Own(own) => format!("model for {what}: {} (your own file)", own.id()),
            Chosen::Known(manifest) => {
                let here = matches!(self.store.locate(manifest), Ok(Some(_)));
                let fetch = if here || self.settings.offline {
                    ""
                } else {
                    ", will be fetched"
                };
                let note = match (&manifest.licence.note, manifest.quality) {
                    (Some(note), Quality::Asked) => format!("; its licence, {}: {note}", manifest.licence.id),
                    _ => String::new(),
                };
                format!("model for {what}: {}{fetch}{note}", manifest.describe())
            }
        }
    }

    /// Loads `installed`, unless it is loaded; gives the name of its weights.
    fn load(&mut self, installed: &Installed) -> Result<PathBuf> {
        let key = installed
            .file("weights")
            .map(Path::to_path_buf)
            .unwrap_or_default();
        if self.shelf.get(&key).is_some() {
            return Ok(key);
        }
        self.shelf.make_room(installed.memory_mib(), shelf::free_memory);
        self.console.stage(&format!("loading {}", installed.id()));
        let device = self.settings.device.resolve()?;
        let spec = quantised(installed, self.settings, &self.store, self.console)?;
        let model = if neural::is_encoder_decoder(&installed.manifest.architecture) {
            Loaded::TextToText(neural::load_text_to_text(&spec, &device)?)
        } else {
            let model = neural::load(&spec, &device)?;
            self.console.detail(&format!(
                "{}: on {}, computed in {}",
                installed.id(),
                neural::device::describe(&device),
                model.language_model().precision()
            ));
            Loaded::Chat(Box::new(model))
        };
        self.shelf.put(key.clone(), model);
        Ok(key)
    }
}

impl Models for Engines<'_> {
    fn reader(&mut self, from: Language, to: Language) -> Result<Option<Rc<Reader>>> {
        self.encoders.reader(from, to)
    }

    fn ahead(&self) -> Rc<Ahead> {
        Rc::clone(&self.ahead)
    }

    fn one_chat(&mut self, from: Language, to: &[Language]) -> Result<bool> {
        let needs: Vec<Need> = to.iter().map(|&to| (Task::Translate, from, Some(to))).collect();
        self.prepare(&needs)?;
        let mut chosen = needs.iter().map(|need| self.chosen.get(need));
        let Some(Some(first)) = chosen.next() else {
            return Ok(false);
        };
        let same = |other: Option<&Installed>| {
            other.is_some_and(|other| (other.id(), &other.sha256) == (first.id(), &first.sha256))
        };
        Ok(!neural::is_encoder_decoder(&first.manifest.architecture) && chosen.all(same))
    }

    fn middle(&mut self, from: Language, to: Language) -> Result<Option<Language>> {
        self.prepare(&[(Task::Translate, from, Some(to))])?;
        Ok(self.middles.get(&(from, to)).copied())
    }

    fn engine(&mut self, task: Task, from: Language, to: Option<Language>) -> Result<Engine<'_>> {
        self.prepare(&[(task, from, to)])?;
        let Some(installed) = self.chosen.get(&(task, from, to)).cloned() else {
            return Err(Error::no_model(format!("no model for {}", task.name())));
        };
        let weights = self.load(&installed)?;
        let form = form(&installed.manifest, task);
        match self.shelf.get(&weights) {
            Some(Loaded::Chat(model)) => Ok(Engine::Chat {
                chat: &mut **model as &mut dyn Chat,
                form,
            }),
            Some(Loaded::TextToText(model)) => {
                model.check_languages(Some(from), to.or(Some(from)))?;
                Ok(Engine::TextToText(&**model))
            }
            None => Err(Error::failed(format!("{} is not loaded", installed.id()))),
        }
    }
}

fn form(manifest: &Manifest, task: Task) -> Option<String> {
    (task == Task::Translate)
        .then(|| manifest.prompt.translate.clone())
        .flatten()
}

/// A model as outputs name it.
pub fn used(installed: &Installed, task: Task, to: Option<Language>) -> ModelUsed {
    ModelUsed {
        task,
        to,
        id: installed.id().to_owned(),
        revision: installed.revision.clone(),
        sha256: installed.sha256.clone(),
        licence: installed.manifest.licence.id.clone(),
    }
}

/// Where the loader finds the files of a model.
pub fn spec(installed: &Installed, settings: &Settings) -> LoadSpec {
    let one = |role: &str| installed.file(role).map(Path::to_path_buf);
    let prompt = &installed.manifest.prompt;
    let shared = || one("vocabulary").map(|shared| (shared.clone(), shared));
    let passage = prompt.passage_prefix.as_ref().or(prompt.embed_prefix.as_ref());
    LoadSpec {
        tokenizer: one("tokenizer"),
        config: one("config"),
        tokenizer_config: one("tokenizer_config"),
        chat_template: one("chat_template"),
        generation_config: one("generation"),
        vocabularies: one("source_vocabulary")
            .zip(one("target_vocabulary"))
            .or_else(shared),
        shortlist: one("shortlist"),
        query_prefix: prompt.embed_prefix.clone().unwrap_or_default(),
        passage_prefix: passage.cloned().unwrap_or_default(),
        token_layer: prompt.token_layer,
        cache_type: settings.cache_type,
        ..LoadSpec::new(installed.all("weights").iter().cloned())
    }
}
