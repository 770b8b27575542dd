//! What the files of each family mean.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use super::codec::{Codec, Decoding, Layout, Tagged};
use super::json::{JsonSide, Tags, is_special};
use super::load::{Folder, listed, own_spellings};
use super::side::{Cutter, Ids, Side};
use crate::error::{Error, Result};
use crate::neural::gguf::broken;
use crate::neural::sentencepiece::{Habits, Kind, Model, SentencePiece, Spelling};

/// A vocabulary that numbers the pieces of a SentencePiece model anew.
struct Numbers {
    ids: Arc<HashMap<String, u32>>,
    end: u32,
    unknown: u32,
    special: HashSet<u32>,
}

impl Numbers {
    fn open(folder: &Folder, name: &str) -> Result<Self> {
        let path = folder.needed(name)?;
        let bytes = std::fs::read(&path).map_err(|e| Error::io(&path, e))?;
        let ids: HashMap<String, u32> = serde_json::from_slice(&bytes)
            .map_err(|e| broken(&path, &format!("it is no list of tokens and numbers ({e})")))?;
        if ids.values().any(|id| *id >= 1 << 24) {
            return Err(broken(&path, "its token numbers are out of range"));
        }
        let numbers: HashSet<u32> = ids.values().copied().collect();
        if let Some(hole) = (0..ids.len() as u32).find(|id| !numbers.contains(id)) {
            return Err(broken(&path, &format!("no token of it has the number {hole}")));
        }
        let named = |key: &str, usual: &str| {
            let token = folder.special(key, usual);
            let id = ids.get(&token).copied();
            id.ok_or_else(|| broken(&path, &format!("it lacks the token `{token}`")))
        };
        let (end, unknown) = (named("eos_token", "</s>")?, named("unk_token", "<unk>")?);
        let pad = named("pad_token", "<pad>").ok();
        let special = ids
            .iter()
            .filter(|(text, _)| is_special(text) || marian_language(text).is_some());
        let special = special
            .map(|(_, id)| *id)
            .chain([end, unknown])
            .chain(pad)
            .collect();
        Ok(Self {
            ids: Arc::new(ids),
            end,
            unknown,
            special,
        })
    }

    /// The SentencePiece model at `path`, most of whose pieces must be numbered here.
    fn model(&self, path: &Path) -> Result<Arc<SentencePiece>> {
        let model = SentencePiece::open(path)?;
        let text = |id: &u32| matches!(model.spelling(*id), Some(Spelling::Piece(_)));
        let pieces: Vec<u32> = (0..model.len() as u32).filter(text).collect();
        let known = |id: &&u32| {
            model
                .piece(**id)
                .is_some_and(|piece| self.ids.contains_key(piece))
        };
        let unknown = pieces.len() - pieces.iter().filter(known).count();
        if 2 * unknown > pieces.len() {
            let all = pieces.len();
            let problem = format!(
                "the vocabulary beside it lacks {unknown} of its {all} pieces: they do not belong together"
            );
            return Err(broken(path, &problem));
        }
        Ok(Arc::new(model))
    }

    fn side(&self, model: &Arc<SentencePiece>) -> Side {
        let cutter = Cutter::SentencePiece(Arc::clone(model), Ids::ByText(Arc::clone(&self.ids)));
        Side::new(cutter, self.special.clone(), self.unknown)
    }

    /// What each id adds to a text: `model` knows which pieces are bytes and which are no text.
    fn spellings(&self, model: &SentencePiece) -> Vec<Spelling> {
        let size = self.ids.values().map(|id| *id as usize + 1).max().unwrap_or(0);
        let mut spellings = vec![Spelling::Silent; size];
        for (text, id) in self.ids.iter().filter(|(_, id)| !self.special.contains(id)) {
            let known = model.id(text).and_then(|id| model.spelling(id));
            spellings[*id as usize] = known.unwrap_or_else(|| Spelling::piece(text));
        }
        spellings
    }
}

/// The language of `>>ukr<<`.
fn marian_language(token: &str) -> Option<&str> {
    token
        .strip_prefix(">>")?
        .strip_suffix("<<")
        .filter(|t| !t.is_empty())
}

/// Marian as transformers ships it: two SentencePiece models, one vocabulary (or one each), and in models of several
/// targets a tag `>>ukr<<` before the source. The punctuation is left as it is: transformers has a method that
/// changes it, and does not call it.
pub(super) fn marian(folder: &Folder) -> Result<Codec> {
    let numbers = Numbers::open(folder, "vocab.json")?;
    let separate = folder.config["separate_vocabs"] == true;
    let target_numbers = separate
        .then(|| Numbers::open(folder, "target_vocab.json"))
        .transpose()?;
    let (source, target) = (folder.needed("source.spm")?, folder.needed("target.spm")?);
    let written = target_numbers.as_ref().unwrap_or(&numbers);
    let model = written.model(&target)?;
    let languages = numbers
        .ids
        .iter()
        .filter_map(|(token, id)| Some((marian_language(token)?, *id)));
    let tags: BTreeMap<String, Vec<u32>> = languages.map(|(l, id)| (l.to_owned(), vec![id])).collect();
    Ok(Codec {
        source: Arc::new(numbers.side(&numbers.model(&source)?)),
        target: Arc::new(written.side(&model)),
        layout: Layout {
            tag: (!tags.is_empty()).then_some(Tagged::To),
            after: vec![numbers.end],
            ..Layout::default()
        },
        tags,
        decoding: Decoding {
            spellings: written.spellings(&model),
            habits: model.habits(),
            trimmed: true,
            cleaned: folder.cleans(),
            model: Some(model),
        },
        end: written.end,
    })
}

/// M2M100: one SentencePiece model, a vocabulary, and behind it one tag for each language; a source begins with its
/// own tag, a target with its own.
pub(super) fn m2m100(folder: &Folder) -> Result<Codec> {
    let numbers = Numbers::open(folder, "vocab.json")?;
    let model = numbers.model(&folder.needed("sentencepiece.bpe.model")?)?;
    let languages = listed(folder.config["language_codes"].as_str().unwrap_or("m2m100"))?;
    let mut spellings = numbers.spellings(&model);
    let first = numbers.ids.len() as u32;
    let tags: BTreeMap<_, _> = languages.into_iter().zip((first..).map(|id| vec![id])).collect();
    spellings.resize(spellings.len().max(first as usize + tags.len()), Spelling::Silent);
    let side = Arc::new(numbers.side(&model));
    Ok(Codec {
        source: Arc::clone(&side),
        target: side,
        layout: tagged_first(numbers.end),
        tags,
        decoding: Decoding {
            spellings,
            habits: model.habits(),
            trimmed: true,
            cleaned: folder.cleans(),
            model: Some(model),
        },
        end: numbers.end,
    })
}

/// `[language] text </s>`, and targets that begin with their language.
fn tagged_first(end: u32) -> Layout {
    Layout {
        tag: Some(Tagged::From),
        after: vec![end],
        first: true,
        ..Layout::default()
    }
}

/// NLLB: `[ukr_Cyrl] text </s>`, and in its legacy form `text </s> [ukr_Cyrl]`.
pub(super) fn nllb(folder: &Folder) -> Result<Codec> {
    fn language(token: &str) -> Option<&str> {
        let (language, script) = token.split_once('_')?;
        let lower = |text: &str| text.len() == 3 && text.bytes().all(|b| b.is_ascii_lowercase());
        let script_ok = script.bytes().next().is_some_and(|b| b.is_ascii_uppercase());
        (lower(language) && script_ok && script.get(1..).is_some_and(lower)).then_some(token)
    }
    let mut codec = fairseq(folder, language, "nllb")?;
    codec.layout = Layout {
        tag_last: folder.config["legacy_behaviour"] == true,
        ..tagged_first(codec.end)
    };
    Ok(codec)
}

/// mBART-50: `[uk_UA] text </s>`; mBART before it: `text </s> [ko_KR]`.
pub(super) fn mbart(folder: &Folder) -> Result<Codec> {
    fn language(token: &str) -> Option<&str> {
        let (language, land) = token.split_once('_')?;
        let two = |text: &str, upper: bool| {
            let letter = |b: u8| b.is_ascii_alphabetic() && b.is_ascii_uppercase() == upper;
            text.len() == 2 && text.bytes().all(letter)
        };
        (two(language, false) && two(land, true)).then_some(token)
    }
    let class = folder.config["tokenizer_class"].as_str().unwrap_or_default();
    let list = if class.starts_with("MBart50") {
        "mbart50"
    } else {
        "mbart"
    };
    let mut codec = fairseq(folder, language, list)?;
    let known: HashSet<String> = listed("mbart50")?.into_iter().collect();
    codec.tags.retain(|language, _| known.contains(language));
    codec.layout = Layout {
        tag_last: !class.starts_with("MBart50") && codec.tags.len() <= listed("mbart")?.len(),
        ..tagged_first(codec.end)
    };
    Ok(codec)
}

/// The vocabularies that fairseq makes of a SentencePiece model: `<s> <pad> </s> <unk>`, the pieces from the fourth
/// on, the languages, `<mask>`.
fn fairseq(folder: &Folder, language: fn(&str) -> Option<&str>, list: &str) -> Result<Codec> {
    let tags = Tags {
        language,
        spelled: false,
    };
    if let Some(path) = folder.file("tokenizer.json") {
        return from_json(folder, &path, tags, None);
    }
    let path = folder.needed("sentencepiece.bpe.model")?;
    let model = SentencePiece::open(&path)?;
    let mut spellings = vec![Spelling::Silent; 4];
    spellings.extend(own_spellings(&model).split_off(3.min(model.len())));
    let first = spellings.len() as u32;
    let languages = listed(list)?;
    let tags: BTreeMap<_, _> = languages.into_iter().zip((first..).map(|id| vec![id])).collect();
    spellings.resize(spellings.len() + tags.len() + 1, Spelling::Silent);
    let habits = model.habits();
    let reserved = (first..spellings.len() as u32).chain(0..4).collect();
    let cutter = Cutter::SentencePiece(Arc::new(model), Ids::Shifted(1));
    let side = Arc::new(Side::new(cutter, reserved, 3));
    Ok(shared(folder.cleans(), side, spellings, habits, 2, tags))
}

/// One side for both, and no layout yet.
fn shared(
    cleaned: bool,
    side: Arc<Side>,
    spellings: Vec<Spelling>,
    habits: Habits,
    end: u32,
    tags: BTreeMap<String, Vec<u32>>,
) -> Codec {
    Codec {
        source: Arc::clone(&side),
        target: side,
        layout: Layout {
            after: vec![end],
            ..Layout::default()
        },
        tags,
        decoding: Decoding {
            spellings,
            habits,
            trimmed: false,
            cleaned,
            model: None,
        },
        end,
    }
}

/// `first`: the key of the special token that sources begin with, and its usual spelling.
fn from_json(folder: &Folder, path: &Path, tags: Tags, first: Option<(&str, &str)>) -> Result<Codec> {
    let json = JsonSide::open(path, tags, &folder.special("unk_token", "<unk>"))?;
    let id = |(key, usual): (&str, &str)| {
        let token = folder.special(key, usual);
        let id = json.ids.get(&token).copied();
        id.ok_or_else(|| broken(path, &format!("it lacks the token `{token}`")))
    };
    let end = id(("eos_token", "</s>"))?;
    let before = first.map(id).transpose()?;
    let mut codec = shared(
        folder.cleans(),
        Arc::new(json.side),
        json.spellings,
        json.habits,
        end,
        json.tags,
    );
    codec.layout.before.extend(before);
    codec.decoding.cleaned &= !json.bpe;
    Ok(codec)
}

/// The language of `<2uk>`.
fn t5_language(token: &str) -> Option<&str> {
    let language = token.strip_prefix("<2")?.strip_suffix('>')?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    (!language.is_empty() && language.bytes().all(plain)).then_some(language)
}

/// T5, mT5: `text </s>`; MADLAD, which has tags: `<2uk> text </s>`.
pub(super) fn t5(folder: &Folder) -> Result<Codec> {
    let tags = Tags {
        language: t5_language,
        spelled: true,
    };
    let mut codec = match folder.file("tokenizer.json") {
        Some(path) => from_json(folder, &path, tags, None)?,
        None => t5_spm(folder, &folder.needed("spiece.model")?)?,
    };
    codec.layout.tag = (!codec.tags.is_empty()).then_some(Tagged::To);
    Ok(codec)
}

fn t5_spm(folder: &Folder, path: &Path) -> Result<Codec> {
    let model = Model::open(path)?;
    let token = folder.special("eos_token", "</s>");
    let end = model
        .pieces
        .iter()
        .zip(0..)
        .find(|(piece, _)| piece.text == token);
    let end = end
        .ok_or_else(|| broken(path, &format!("it lacks the piece `{token}`")))?
        .1;
    // sentinels of training that are numbered behind the pieces spell nothing
    let tokens = Tokens {
        end,
        cleaned: folder.cleans(),
    };
    t5_model(model, path, tokens)
}

/// What a T5 vocabulary has beside its pieces.
pub(super) struct Tokens {
    /// What ends a source and a target.
    pub(super) end: u32,
    /// As [`Decoding::cleaned`].
    pub(super) cleaned: bool,
}

/// The tokenizer of a SentencePiece model, whose language tags are taken out of what texts can spell. `path` names it in
/// errors.
pub(super) fn t5_model(mut model: Model, path: &Path, tokens: Tokens) -> Result<Codec> {
    let wrong = |problem: String| broken(path, &problem);
    let trusted = SentencePiece::from_model(model.clone()).map_err(wrong)?;
    let ids = |text: &str| trusted.encode(text).pieces.iter().map(|p| p.id).collect();
    let mut tags = BTreeMap::new();
    for piece in &mut model.pieces {
        if let Some(language) = t5_language(&piece.text).filter(|_| piece.kind.is_plain()) {
            tags.insert(language.to_owned(), ids(&piece.text));
            piece.kind = Kind::Control;
        }
    }
    let model = SentencePiece::from_model(model).map_err(wrong)?;
    let spellings = own_spellings(&model);
    let (habits, unknown) = (model.habits(), model.unknown());
    let cutter = Cutter::SentencePiece(Arc::new(model), Ids::Shifted(0));
    let side = Arc::new(Side::new(cutter, HashSet::new(), unknown));
    let mut codec = shared(tokens.cleaned, side, spellings, habits, tokens.end, tags);
    codec.layout.tag = (!codec.tags.is_empty()).then_some(Tagged::To);
    Ok(codec)
}

const NO_TAGS: Tags = Tags {
    language: |_| None,
    spelled: false,
};

/// Pegasus: `text </s>`. Its pieces stand behind `<pad> </s>`, two masks and a hundred tokens that only its
/// pretraining used.
pub(super) fn pegasus(folder: &Folder) -> Result<Codec> {
    if let Some(path) = folder.file("tokenizer.json") {
        return from_json(folder, &path, NO_TAGS, None);
    }
    let path = folder.needed("spiece.model")?;
    let shift = folder.number("offset", 103)?;
    let model = SentencePiece::open(&path)?;
    let mut spellings = vec![Spelling::Silent; shift as usize];
    spellings.extend(own_spellings(&model));
    let (habits, unknown) = (model.habits(), model.unknown() + shift);
    let reserved = (0..shift + 2).collect();
    let cutter = Cutter::SentencePiece(Arc::new(model), Ids::Shifted(shift));
    let side = Arc::new(Side::new(cutter, reserved, unknown));
    Ok(shared(
        folder.cleans(),
        side,
        spellings,
        habits,
        1,
        BTreeMap::new(),
    ))
}

/// BART: `<s> text </s>`.
pub(super) fn bart(folder: &Folder) -> Result<Codec> {
    let path = folder.needed("tokenizer.json")?;
    from_json(folder, &path, NO_TAGS, Some(("bos_token", "<s>")))
}
