//! Flags, environment and `byline.toml` → [`Settings`], once.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use crate::cli::{Common, OutputFormat, Quantising, Searching};
use crate::error::{Error, Result};
use crate::neural::CacheType;
use crate::neural::device::DeviceChoice;
use crate::registry::Task;
use crate::text::language::Language;
use crate::translate::glossary::Glossary;
use crate::translate::seq2seq::Search;

/// What the flags, the environment and the configuration file agree on.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Open no connection.
    pub offline: bool,
    /// Where to compute.
    pub device: DeviceChoice,
    /// Threads to compute with; none: what the machine has.
    pub threads: Option<usize>,
    /// In which form decoders keep keys and values.
    pub cache_type: CacheType,
    /// The model chosen by the user for a task.
    pub models: BTreeMap<Task, String>,
    /// `--model ID` without a task, which only `bench` takes.
    pub bare_model: Option<String>,
    /// What safetensors are quantised to; none: as the model's manifest says.
    pub quantise: Option<Quantising>,
    /// Terms of the desk.
    pub glossary: Option<PathBuf>,
    /// Languages to translate into when the command names none.
    pub to: Vec<Language>,
    /// The format, if one was chosen.
    pub format: Option<OutputFormat>,
    /// The file to write to; none: standard output.
    pub output: Option<PathBuf>,
    /// The folder of the configuration: `byline.toml` and `models/*.toml`.
    pub config_folder: PathBuf,
}

/// `byline.toml`. Keys are the long flags.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigFile {
    #[serde(default)]
    offline: bool,
    device: Option<String>,
    threads: Option<usize>,
    quantise: Option<String>,
    #[serde(rename = "cache-type")]
    cache_type: Option<String>,
    glossary: Option<PathBuf>,
    format: Option<String>,
    #[serde(default)]
    to: Vec<Language>,
    #[serde(default)]
    model: BTreeMap<String, String>,
}

impl Settings {
    /// Resolves what every command needs. Only `bench` takes a `--model` without a task.
    ///
    /// # Errors
    /// [`Error::Usage`] naming the flag, variable or file that cannot be followed.
    pub fn resolve(flags: &Common, takes_bare_model: bool) -> Result<Self> {
        let config_folder = config_folder()?;
        let file = ConfigFile::find(&config_folder.join("byline.toml"))?;
        let mut models = BTreeMap::new();
        for (task, id) in &file.model {
            models.insert(parse_task(task)?, id.clone());
        }
        let mut bare_model = None;
        for choice in &flags.model {
            match choice.split_once('=') {
                Some((task, id)) => {
                    models.insert(parse_task(task)?, id.to_owned());
                }
                None if takes_bare_model => bare_model = Some(choice.clone()),
                None => {
                    return Err(Error::usage(format!("--model {choice}: no task"))
                        .with_hint(format!("write it as TASK=ID, e.g. --model summarise={choice}")));
                }
            }
        }
        let device = flags
            .device
            .as_deref()
            .or(file.device.as_deref())
            .unwrap_or("auto");
        let format = match (flags.format, &file.format) {
            (Some(format), _) => Some(format),
            (None, Some(name)) => Some(parse_format(name)?),
            (None, None) => None,
        };
        let quantise = match (flags.quantise, &file.quantise) {
            (Some(choice), _) => Some(choice),
            (None, Some(name)) => Some(parse_quantising(name)?),
            (None, None) => None,
        };
        let threads = flags.threads.or(file.threads);
        if threads == Some(0) {
            return Err(Error::usage("--threads 0: at least one thread is needed"));
        }
        let cache_type = flags.cache_type.as_deref().or(file.cache_type.as_deref());
        Ok(Self {
            offline: flags.offline || truthy("BYLINE_OFFLINE") || truthy("HF_HUB_OFFLINE") || file.offline,
            device: device.parse()?,
            threads,
            cache_type: cache_type.map(str::parse).transpose()?.unwrap_or_default(),
            models,
            bare_model,
            quantise,
            glossary: flags.glossary.clone().or(file.glossary),
            to: file.to,
            format,
            output: flags.output.clone(),
            config_folder,
        })
    }

    /// The format to print in: the chosen one, else text on a terminal, else `otherwise`.
    pub fn format_or(&self, otherwise: OutputFormat) -> OutputFormat {
        self.format.unwrap_or_else(|| {
            if self.output.is_none() && std::io::stdout().is_terminal() {
                OutputFormat::Text
            } else {
                otherwise
            }
        })
    }

    /// The desk's terms; none if no file is named.
    ///
    /// # Errors
    /// [`Error::Input`] naming the file, and the line that is no term.
    pub fn terms(&self) -> Result<Glossary> {
        self.glossary
            .as_deref()
            .map(Glossary::read)
            .transpose()
            .map(Option::unwrap_or_default)
    }

    /// The folder of the user's own manifests.
    pub fn manifests(&self) -> PathBuf {
        self.config_folder.join("models")
    }
}

impl Searching {
    /// What the flags say, for output in `format`.
    ///
    /// # Errors
    /// [`Error::Usage`] for alternatives that would not be printed, or that are more than the beams.
    pub fn resolve(&self, format: OutputFormat) -> Result<Search> {
        if let Some(alternatives) = self.alternatives {
            if format != OutputFormat::Json {
                return Err(Error::usage("--alternatives: only json has a place for them")
                    .with_hint("add --format json"));
            }
            if self.beams.is_some_and(|beams| beams < alternatives) {
                return Err(Error::usage(format!(
                    "--alternatives {alternatives}: not more than --beam can be given out"
                ))
                .with_hint(format!("say --beam {alternatives} or more, or leave it out")));
            }
        }
        Ok(Search {
            beams: self.beams.map(usize::from),
            alternatives: self.alternatives.map(usize::from),
            batch_tokens: self.batch_tokens.map(|n| n as usize),
        })
    }
}

impl ConfigFile {
    fn find(path: &Path) -> Result<Self> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(e) => return Err(Error::input(path.display().to_string(), e.to_string())),
        };
        toml::from_str(&text).map_err(|e| {
            let line = e.span().map_or(0, |s| text[..s.start.min(text.len())].matches('\n').count() + 1);
            Error::input(path.display().to_string(), format!("line {line}: {}", e.message()))
                .with_hint("the keys are: offline, device, threads, cache-type, quantise, glossary, format, to, and a [model] table of TASK = \"ID\"")
        })
    }
}

fn parse_task(name: &str) -> Result<Task> {
    name.trim().parse().map_err(|_| {
        Error::usage(format!("\"{name}\" is no task"))
            .with_hint("the tasks are summarise, translate and embed")
    })
}

fn parse_format(name: &str) -> Result<OutputFormat> {
    <OutputFormat as clap::ValueEnum>::from_str(name, true).map_err(|_| {
        Error::usage(format!("byline.toml: \"{name}\" is no format"))
            .with_hint("text, markdown, json or html")
    })
}

fn parse_quantising(name: &str) -> Result<Quantising> {
    <Quantising as clap::ValueEnum>::from_str(name, true).map_err(|_| {
        Error::usage(format!(
            "byline.toml: \"{name}\" is no form that models are quantised to"
        ))
        .with_hint("q4_k, q8_0 or none")
    })
}

/// `BYLINE_CONFIG`, else the configuration folder of the system.
fn config_folder() -> Result<PathBuf> {
    if let Some(folder) = std::env::var_os("BYLINE_CONFIG").filter(|v| !v.is_empty()) {
        return Ok(folder.into());
    }
    let base = etcetera::choose_base_strategy()
        .map_err(|e| Error::failed(format!("no home folder: {e}")).with_hint("set HOME or BYLINE_CONFIG"))?;
    Ok(base.config_dir().join("byline"))
}

/// Whether a switch is on: set, and not to nothing, 0, false, no or off.
fn truthy(variable: &str) -> bool {
    std::env::var(variable).is_ok_and(|value| {
        !matches!(
            value.trim().to_ascii_lowercase().as_str(),
            "" | "0" | "false" | "no" | "off"
        )
    })
}
