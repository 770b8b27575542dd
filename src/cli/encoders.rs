//! The encoder that `check` uses beside its other signs: the one that is chosen, else one that is here and knows both
//! languages. None is ever fetched for it.

use std::collections::BTreeMap;

use crate::align::likeness::Reader;
use crate::cli::console::Console;
use crate::cli::engines::{spec, used};
use crate::cli::settings::Settings;
use crate::error::{Error, Result};
use crate::neural;
use crate::registry::{Catalogue, Chosen, Installed, Store, Task};
use crate::render::ModelUsed;
use crate::text::language::Language;

/// What `--model embed=` takes for no encoder at all.
const NONE: &str = "none";

/// The encoders of one run of the program, each loaded when a pair of its languages comes first.
pub struct Encoders<'a> {
    settings: &'a Settings,
    console: &'a Console,
    catalogue: Catalogue,
    store: Store,
    /// Which encoder each pair of languages has.
    chosen: BTreeMap<(Language, Language), Option<Installed>>,
    readers: BTreeMap<String, Reader>,
}

impl<'a> Encoders<'a> {
    /// Reads the catalogue; loads nothing.
    ///
    /// # Errors
    /// If the user's manifests or the cache folder cannot be found.
    pub fn new(settings: &'a Settings, console: &'a Console) -> Result<Self> {
        Ok(Self {
            settings,
            console,
            catalogue: Catalogue::load(Some(&settings.manifests()))?,
            store: Store::from_env()?,
            chosen: BTreeMap::new(),
            readers: BTreeMap::new(),
        })
    }

    /// The encoder for two languages, and how outputs name it; none if there is none here, or none is wanted.
    ///
    /// # Errors
    /// [`Error::NoModel`] if the chosen one is not here or does not know a language; else those of loading.
    pub fn reader(&mut self, from: Language, to: Language) -> Result<Option<(&mut Reader, ModelUsed)>> {
        if !self.chosen.contains_key(&(from, to)) {
            let choice = self.choose(from, to)?;
            self.chosen.insert((from, to), choice);
        }
        let Some(Some(installed)) = self.chosen.get(&(from, to)) else {
            return Ok(None);
        };
        let id = installed.id().to_owned();
        if !self.readers.contains_key(&id) {
            self.console.say(&format!("comparing with {id} as well"));
            let device = self.settings.device.resolve()?;
            let encoder = neural::load_encoder(&spec(installed), &device)?;
            self.readers.insert(id.clone(), Reader::new(Box::new(encoder)));
        }
        let model = used(installed, Task::Embed, None);
        Ok(self.readers.get_mut(&id).map(|reader| (reader, model)))
    }

    fn choose(&self, from: Language, to: Language) -> Result<Option<Installed>> {
        match self.settings.models.get(&Task::Embed).map(String::as_str) {
            Some(NONE) => Ok(None),
            Some(wanted) => {
                self.catalogue.resolve(Task::Embed, to, None, Some(wanted))?;
                match self.catalogue.resolve(Task::Embed, from, None, Some(wanted))? {
                    Chosen::Own(own) => Ok(Some(*own)),
                    Chosen::Known(manifest) => self.store.locate(&manifest)?.map(Some).ok_or_else(|| {
                        Error::no_model(format!("{} is not on this machine", manifest.id)).with_hint(format!(
                            "fetch it with `byline models pull {}` ({}); check works without it too",
                            manifest.id,
                            manifest.size_text()
                        ))
                    }),
                }
            }
            None => {
                for manifest in self.catalogue.serving(Task::Embed, from, None) {
                    if manifest.serves(Task::Embed, to, None)
                        && let Some(installed) = self.store.locate(manifest)?
                    {
                        return Ok(Some(installed));
                    }
                }
                Ok(None)
            }
        }
    }
}
