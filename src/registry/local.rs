//! A user's own model: a GGUF file, a folder in the hub's layout (`config.json`, the tokenizer's files, safetensors or
//! `pytorch_model.bin`), or a folder of Firefox's or translateLocally's with a student.

use std::fs;
use std::path::{Path, PathBuf};

use candle_core::quantized::gguf_file;

use super::disk;
use super::installed::{Installed, InstalledFile};
use super::manifest::{Decoding, FileSpec, Licence, Manifest, Prompt, Quality, Serves, Source};
use crate::error::{Error, Result};

/// Files of a folder that loaders ask for, by role.
const ROLES: &[(&str, &str)] = &[
    ("config.json", "config"),
    ("tokenizer.json", "tokenizer"),
    ("tokenizer_config.json", "tokenizer_config"),
    ("chat_template.jinja", "chat_template"),
    ("generation_config.json", "generation"),
    ("model.safetensors.index.json", "index"),
    ("pytorch_model.bin.index.json", "index"),
    ("source.spm", "source_spm"),
    ("target.spm", "target_spm"),
    ("spiece.model", "spm"),
    ("sentencepiece.bpe.model", "spm"),
    ("vocab.json", "vocab"),
    ("merges.txt", "merges"),
];

impl Installed {
    /// A user's own GGUF file, or a folder with one, with safetensors and a `config.json`, or with a student of
    /// Firefox's (`model.*.bin`, `vocab.*.spm`).
    ///
    /// # Errors
    /// Exit code 2 if there is nothing of the kind at `path`.
    pub fn from_path(path: &Path) -> Result<Self> {
        installed(path)
    }
}

pub(super) fn installed(path: &Path) -> Result<Installed> {
    let name = path.display().to_string();
    let meta =
        fs::metadata(path).map_err(|e| Error::input(&name, format!("no model can be read here: {e}")))?;
    if meta.is_file() {
        return gguf(path);
    }
    let entries = fs::read_dir(path).map_err(|e| Error::io(path, e))?;
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|p| p.is_file())
        .collect();
    files.sort();
    let with = |extension: &str| -> Vec<PathBuf> {
        let is = |p: &&PathBuf| p.extension().is_some_and(|e| e.eq_ignore_ascii_case(extension));
        files.iter().filter(is).cloned().collect()
    };
    if let Some(student) = student(path, &files)? {
        return Ok(student);
    }
    let (safetensors, ggufs) = (with("safetensors"), with("gguf"));
    let pickled = |p: &&PathBuf| {
        p.file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("pytorch_model"))
    };
    let pickles: Vec<PathBuf> = with("bin").iter().filter(pickled).cloned().collect();
    match (ggufs.as_slice(), safetensors.as_slice(), pickles.as_slice()) {
        (_, [_, ..], _) => folder(path, &files, &safetensors),
        ([only], ..) if path.join("config.json").is_file() && !names_itself(only) => {
            folder(path, &files, &ggufs)
        }
        ([only], ..) => gguf(only),
        ([], _, [_, ..]) => folder(path, &files, &pickles),
        ([], ..) => Err(Error::input(
            name,
            "holds neither a GGUF file nor safetensors nor pytorch_model.bin nor a student of Firefox's",
        )),
        (several, ..) => Err(Error::input(
            name,
            format!("holds {} GGUF files; name one of them", several.len()),
        )),
    }
}

/// The files of a student by how their names begin and end, with their roles. A source vocabulary comes with one for
/// the target; a shortlist that is not binary (`lex.s2t.gz`) is left out.
const STUDENT: &[(&str, &str, &str)] = &[
    ("model", ".bin", "weights"),
    ("vocab", ".spm", "vocabulary"),
    ("srcvocab", ".spm", "source_vocabulary"),
    ("trgvocab", ".spm", "target_vocabulary"),
    ("lex", ".bin", "shortlist"),
];

/// A folder of Firefox's (`model.enuk.intgemm.alphas.bin`, `vocab.enuk.spm`, `lex.50.50.enuk.s2t.bin`) or of
/// translateLocally's, which has other words between the first and the last. None: it holds no such model.
fn student(path: &Path, files: &[PathBuf]) -> Result<Option<Installed>> {
    let role = |file: &Path| {
        let name = file.file_name()?.to_string_lossy().to_ascii_lowercase();
        let known = |(first, last, _): &&(&str, &str, &str)| name.starts_with(first) && name.ends_with(last);
        STUDENT.iter().find(known).map(|(.., role)| *role)
    };
    let mut details: Vec<InstalledFile> = Vec::new();
    for file in files {
        let Some(role) = role(file) else { continue };
        if details.iter().any(|known| known.role == role) {
            let name = path.display().to_string();
            return Err(Error::input(
                name,
                format!("holds several files that could be its {role}"),
            ));
        }
        details.push(detail(role, file)?);
    }
    let has = |role: &str| details.iter().any(|file| file.role == role);
    let read = has("vocabulary") || (has("source_vocabulary") && has("target_vocabulary"));
    match has("weights") && read {
        true => make(path, "marian-student", details).map(Some),
        false => Ok(None),
    }
}

/// Whether a GGUF file says what it is: those that candle's tools write hold tensors alone.
fn names_itself(path: &Path) -> bool {
    let content = fs::File::open(path)
        .ok()
        .and_then(|mut file| gguf_file::Content::read(&mut file).ok());
    content.is_none_or(|content| content.metadata.contains_key("general.architecture"))
}

fn gguf(path: &Path) -> Result<Installed> {
    let name = path.display().to_string();
    let broken = |error: String| {
        let line = error.lines().next().unwrap_or_default().trim().to_owned();
        Error::input(&name, format!("is not a GGUF file that can be read: {line}"))
    };
    let mut file = fs::File::open(path).map_err(|e| Error::io(path, e))?;
    let content = gguf_file::Content::read(&mut file).map_err(|e| broken(e.to_string()))?;
    let architecture = content
        .metadata
        .get("general.architecture")
        .and_then(|value| value.to_string().ok())
        .ok_or_else(|| broken("it does not name its architecture".to_owned()))?;
    make(path, architecture, vec![detail("weights", path)?])
}

fn folder(path: &Path, files: &[PathBuf], weights: &[PathBuf]) -> Result<Installed> {
    let config = path.join("config.json");
    let text = fs::read_to_string(&config).map_err(|e| {
        Error::input(
            config.display().to_string(),
            format!("the weights need it, and it cannot be read: {e}"),
        )
    })?;
    let architecture = serde_json::from_str::<serde_json::Value>(&text)
        .ok()
        .and_then(|value| value.get("model_type")?.as_str().map(str::to_owned))
        .ok_or_else(|| Error::input(config.display().to_string(), "does not name a \"model_type\""))?;
    let mut details: Vec<InstalledFile> = weights
        .iter()
        .map(|file| detail("weights", file))
        .collect::<Result<_>>()?;
    for file in files {
        let known = ROLES
            .iter()
            .find(|(name, _)| file.file_name().is_some_and(|n| n == *name));
        if let Some((_, role)) = known {
            details.push(detail(role, file)?);
        }
    }
    make(path, &architecture, details)
}

fn detail(role: &str, path: &Path) -> Result<InstalledFile> {
    let size =
        disk::size_of(path).ok_or_else(|| Error::input(path.display().to_string(), "is not a file"))?;
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    Ok(InstalledFile {
        role: role.to_owned(),
        name,
        path: path.to_owned(),
        size,
        sha256: None,
    })
}

fn make(path: &Path, architecture: &str, details: Vec<InstalledFile>) -> Result<Installed> {
    let absolute = fs::canonicalize(path).map_err(|e| Error::io(path, e))?;
    let id = absolute
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default();
    let files = details
        .iter()
        .map(|file| FileSpec {
            role: file.role.clone(),
            name: file.name.clone(),
            size: Some(file.size),
            about_mb: None,
            sha256: None,
            optional: false,
        })
        .collect();
    let manifest = Manifest {
        name: id.clone(),
        id,
        about: "the user's own files".to_owned(),
        architecture: architecture.to_owned(),
        quality: Quality::Good,
        preference: 0,
        memory_mib: None,
        licence: Licence {
            id: "unknown".to_owned(),
            note: None,
        },
        quantise: None,
        serves: Serves::default(),
        prompt: Prompt::default(),
        decoding: Decoding::default(),
        files,
        sources: Vec::<Source>::new(),
    };
    Ok(Installed::new(manifest, None, details, true))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// What a folder with these files is taken for: the roles in order of the files' names.
    fn roles(names: &[&str]) -> Result<Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            fs::write(folder.path().join(name), name).unwrap();
        }
        let installed = installed(folder.path())?;
        assert_eq!(installed.manifest.architecture, "marian-student");
        Ok(installed.details.iter().map(|file| file.role.clone()).collect())
    }

    #[test]
    fn a_model_takes_twice_its_weights_where_nobody_says_it() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("config.json"), "{\"model_type\": \"marian\"}").unwrap();
        fs::write(folder.path().join("pytorch_model.bin"), vec![0; 3 << 20]).unwrap();
        let mut installed = installed(folder.path()).unwrap();
        assert_eq!(installed.memory_mib(), 6);
        installed.manifest.memory_mib = Some(500);
        assert_eq!(installed.memory_mib(), 500);
    }

    #[test]
    fn a_student_is_known_by_the_names_of_its_files() {
        let firefox = [
            "lex.50.50.enuk.s2t.bin",
            "model.enuk.intgemm.alphas.bin",
            "vocab.enuk.spm",
        ];
        assert_eq!(roles(&firefox).unwrap(), ["shortlist", "weights", "vocabulary"]);
        let korean = [
            "model.enko.intgemm.alphas.bin",
            "srcvocab.enko.spm",
            "trgvocab.enko.spm",
        ];
        assert_eq!(
            roles(&korean).unwrap(),
            ["weights", "source_vocabulary", "target_vocabulary"]
        );
        let local = [
            "config.intgemm8bitalpha.yml",
            "lex.s2t.gz",
            "model.intgemm.alphas.bin",
            "model_info.json",
            "vocab.deen.spm",
        ];
        assert_eq!(roles(&local).unwrap(), ["weights", "vocabulary"]);
    }

    #[test]
    fn half_a_student_and_two_of_them_are_refused() {
        let half = roles(&["model.enko.intgemm.alphas.bin", "srcvocab.enko.spm"]).unwrap_err();
        assert!(half.to_string().contains("nor a student"), "{half}");
        let two = roles(&["model.enuk.bin", "model.uken.bin", "vocab.spm"]).unwrap_err();
        assert!(
            two.to_string()
                .contains("several files that could be its weights"),
            "{two}"
        );
    }
}
