//! A model's folder → its tokenizer: which family it is of.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value as Json;

use super::SourceTarget;
use super::codec::{Codec, Decoding, Layout};
use super::families;
use super::side::{Cutter, Ids, Side};
use crate::error::{Error, Result};
use crate::neural::gguf::{broken, unsupported};
use crate::neural::load::{json_of, token_text};
use crate::neural::sentencepiece::{SentencePiece, Spelling};

/// The tokenizer in a model's folder, as `config.json` there names the family: `marian`, `m2m_100` (M2M100, and NLLB
/// where there is no `vocab.json`), `mbart`, `t5`, `mt5`, `umt5`, `pegasus`, `bart`. Where a vocabulary is there in both forms
/// `tokenizer.json` is read, as transformers does, since it may have tokens that were added later; where it is not, the
/// SentencePiece model. Marian and M2M100 have no `tokenizer.json`.
///
/// # Errors
/// [`Error::Failed`] if a file that the family needs is missing or damaged, or the family is another one;
/// [`Error::Io`] if a file cannot be read. The message names the file.
pub fn open(folder: &Path) -> Result<Box<dyn SourceTarget>> {
    let folder = Folder::open(folder)?;
    let codec = match folder.family.as_str() {
        "marian" => families::marian(&folder)?,
        "m2m_100" if folder.file("vocab.json").is_some() => families::m2m100(&folder)?,
        "m2m_100" => families::nllb(&folder)?,
        "mbart" => families::mbart(&folder)?,
        "t5" | "mt5" | "umt5" => families::t5(&folder)?,
        "pegasus" => families::pegasus(&folder)?,
        "bart" => families::bart(&folder)?,
        family => {
            return Err(unsupported(
                &folder.path.join("config.json"),
                "model_type",
                &format!("the tokenizer of `{family}`"),
            ));
        }
    };
    Ok(Box::new(codec))
}

/// The tokenizer of a model whose ids are those of its SentencePiece models themselves, one for the source and one
/// for the target, and whose sources end with `</s>`: Marian as Firefox ships it.
///
/// # Errors
/// As for [`SentencePiece::open`]; [`Error::Failed`] also if one of them has no `</s>`.
pub fn open_pair(source: &Path, target: &Path) -> Result<Box<dyn SourceTarget>> {
    let open = |path| -> Result<(Arc<Side>, Arc<SentencePiece>, u32)> {
        let model = Arc::new(SentencePiece::open(path)?);
        let end = model
            .id("</s>")
            .ok_or_else(|| broken(path, "it has no piece `</s>`"))?;
        let cutter = Cutter::SentencePiece(Arc::clone(&model), Ids::Shifted(0));
        let side = Side::new(cutter, HashSet::new(), model.unknown());
        Ok((Arc::new(side), model, end))
    };
    let (target_side, model, end) = open(target)?;
    let (source_side, source_end) = if source == target {
        (Arc::clone(&target_side), end)
    } else {
        open(source).map(|(side, _, end)| (side, end))?
    };
    Ok(Box::new(Codec {
        source: source_side,
        target: target_side,
        layout: Layout {
            after: vec![source_end],
            ..Layout::default()
        },
        tags: BTreeMap::new(),
        decoding: Decoding {
            spellings: own_spellings(&model),
            habits: model.habits(),
            trimmed: false,
            cleaned: false,
            model: Some(model),
        },
        end,
    }))
}

/// What a model's folder says about itself.
pub(super) struct Folder {
    pub(super) path: PathBuf,
    pub(super) family: String,
    /// `tokenizer_config.json`, or nothing.
    pub(super) config: Json,
}

impl Folder {
    fn open(path: &Path) -> Result<Self> {
        let config = path.join("config.json");
        if !config.is_file() {
            return Err(missing(&config, "it names the family that a tokenizer is of"));
        }
        let family = json_of(&config)?["model_type"].as_str().map(str::to_owned);
        let family = family.ok_or_else(|| broken(&config, "it names no `model_type`"))?;
        let mut folder = Self {
            path: path.to_owned(),
            family,
            config: Json::Null,
        };
        if let Some(path) = folder.file("tokenizer_config.json") {
            folder.config = json_of(&path)?;
        }
        Ok(folder)
    }

    /// A file of that name, if it is there.
    pub(super) fn file(&self, name: &str) -> Option<PathBuf> {
        Some(self.path.join(name)).filter(|path| path.is_file())
    }

    /// A file that the family cannot do without.
    pub(super) fn needed(&self, name: &str) -> Result<PathBuf> {
        let why = format!("a tokenizer of the family `{}` needs it", self.family);
        self.file(name)
            .ok_or_else(|| missing(&self.path.join(name), &why))
    }

    /// The spelling of a special token.
    pub(super) fn special(&self, key: &str, usual: &str) -> String {
        token_text(&self.config, key).unwrap_or_else(|| usual.to_owned())
    }

    /// A number of the tokenizer's configuration.
    pub(super) fn number(&self, key: &str, usual: u32) -> Result<u32> {
        match &self.config[key] {
            Json::Null => Ok(usual),
            value => {
                let number = value.as_u64().filter(|n| *n < 1 << 16);
                let out = || {
                    broken(
                        &self.path,
                        &format!("the `{key}` of its tokenizer is out of range"),
                    )
                };
                Ok(number.ok_or_else(out)? as u32)
            }
        }
    }

    pub(super) fn cleans(&self) -> bool {
        self.config["clean_up_tokenization_spaces"] == true
    }
}

fn missing(path: &Path, why: &str) -> Error {
    Error::failed(format!("{}: there is no such file, and {why}", path.display()))
        .with_hint("get it with `byline models pull ID`")
}

/// The languages that a family numbers behind its vocabulary, in order.
pub(super) fn listed(family: &str) -> Result<Vec<String>> {
    let lists: HashMap<String, String> = toml::from_str(include_str!("languages.toml"))
        .map_err(|e| Error::failed(format!("the languages of the tokenizers cannot be read: {e}")))?;
    let codes = lists
        .get(family)
        .ok_or_else(|| Error::failed(format!("no languages are known for the tokenizer `{family}`")))?;
    Ok(codes.split_whitespace().map(str::to_owned).collect())
}

/// What each id of a model adds to a text; unknown pieces add nothing.
pub(super) fn own_spellings(model: &SentencePiece) -> Vec<Spelling> {
    (0..model.len() as u32)
        .map(|id| model.spelling(id).unwrap_or(Spelling::Silent))
        .collect()
}
