//! The encoder that ledgers use beside their other signs: the one that is chosen, else one that is here and knows both
//! languages. None is ever fetched for it, and none loaded before there is something to read.

use std::collections::BTreeMap;
use std::rc::Rc;

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

/// The encoders of one run of the program.
pub struct Encoders<'a> {
    settings: &'a Settings,
    console: &'a Console,
    catalogue: Catalogue,
    store: Store,
    /// Which encoder each pair of languages has.
    chosen: BTreeMap<(Language, Language), Option<Installed>>,
    readers: BTreeMap<String, Rc<Reader>>,
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

    /// What reads with the encoder for two languages; none if there is none here, or none is wanted.
    ///
    /// # Errors
    /// [`Error::NoModel`] if the chosen one is not here or does not know a language.
    pub fn reader(&mut self, from: Language, to: Language) -> Result<Option<Rc<Reader>>> {
        if !self.chosen.contains_key(&(from, to)) {
            let choice = self.choose(from, to)?;
            self.chosen.insert((from, to), choice);
        }
        let Some(Some(installed)) = self.chosen.get(&(from, to)) else {
            return Ok(None);
        };
        let id = installed.id().to_owned();
        if let Some(known) = self.readers.get(&id) {
            return Ok(Some(known.clone()));
        }
        self.console.say(&format!("comparing with {id} as well"));
        let (device, spec) = (self.settings.device, spec(installed, self.settings));
        let reader = Rc::new(Reader::new(move || {
            Ok(Box::new(neural::load_encoder(&spec, &device.resolve()?)?))
        }));
        self.readers.insert(id, reader.clone());
        Ok(Some(reader))
    }

    /// The encoder for two languages as outputs name it, whether or not it has read anything.
    pub fn known(&self, from: Language, to: Language) -> Option<ModelUsed> {
        let installed = self.chosen.get(&(from, to))?.as_ref()?;
        Some(used(installed, Task::Embed, None))
    }

    /// The encoder for two languages as outputs name it, if it has read anything.
    pub fn used(&self, from: Language, to: Language) -> Option<ModelUsed> {
        let known = self.known(from, to)?;
        let reader = self.readers.get(&known.id)?;
        reader.has_read().then_some(known)
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
                            "fetch it with `byline models pull {}` ({}); ledgers are made without it too",
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
