//! What the settings of a Marian model say of its architecture. What is not the student that is implemented here is
//! refused by the name of the setting.

use std::collections::HashMap;
use std::path::Path;

use crate::error::Result;
use crate::neural::gguf::{broken, unsupported};

/// Settings with the values under which the model is what is implemented; the first is Marian's own default, and
/// stands for a setting that is missing.
const FIXED: &[(&str, &[&str])] = &[
    ("dec-cell", &["gru", "ssru"]),
    ("layer-normalization", &["false"]),
    ("output-omit-bias", &["false"]),
    ("transformer-decoder-autoreg", &["self-attention", "rnn"]),
    ("transformer-decoder-ffn-depth", &["0", "2"]),
    ("transformer-depth-scaling", &["false"]),
    ("transformer-ffn-activation", &["swish", "relu"]),
    ("transformer-ffn-depth", &["2"]),
    ("transformer-no-affine", &["false"]),
    ("transformer-no-bias", &["false"]),
    ("transformer-no-projection", &["false"]),
    ("transformer-pool", &["false"]),
    ("transformer-postprocess", &["dan"]),
    ("transformer-postprocess-emb", &["d", ""]),
    ("transformer-postprocess-top", &[""]),
    ("transformer-preprocess", &[""]),
    ("transformer-rnn-projection", &["false"]),
    ("transformer-tied-layers", &[""]),
    ("transformer-train-position-embeddings", &["false"]),
    ("type", &["amun", "transformer"]),
    ("ulr", &["false"]),
];
/// Of these the default is not what is implemented.
const NOT_BY_DEFAULT: &[&str] = &[
    "dec-cell",
    "transformer-decoder-autoreg",
    "transformer-ffn-activation",
    "type",
];

/// The sizes of a student.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Config {
    /// Numbers of a vector.
    pub(super) width: usize,
    /// Heads of an attention.
    pub(super) heads: usize,
    /// Layers of the encoder.
    pub(super) encoder: usize,
    /// Layers of the decoder.
    pub(super) decoder: usize,
    /// Numbers between the two products of a feed-forward block, in the encoder and in the decoder.
    pub(super) inner: (usize, usize),
    /// The decoder's layer whose first head was trained to align, from 0.
    pub(super) aligned: usize,
}

impl Config {
    /// Reads what Marian wrote into the model; `path` names it in messages.
    ///
    /// # Errors
    /// [`crate::error::Error::Failed`] that names the setting.
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self> {
        let settings = Settings {
            path,
            values: values(text),
        };
        for (name, allowed) in FIXED {
            settings.hold(name, allowed)?;
        }
        let inner = settings.size("transformer-dim-ffn")?;
        let decoder = settings.size("dec-depth")?;
        let this = Self {
            width: settings.size("dim-emb")?,
            heads: settings.size("transformer-heads")?,
            encoder: settings.size("enc-depth")?,
            decoder,
            inner: (inner, settings.inner_of_decoder(inner)?),
            aligned: settings.aligned(decoder)?,
        };
        if this.width < 4 || !this.width.is_multiple_of(2) || !this.width.is_multiple_of(this.heads) {
            let (width, heads) = (this.width, this.heads);
            return Err(broken(
                path,
                &format!("`dim-emb` is {width} with `transformer-heads` {heads}, which cannot be"),
            ));
        }
        Ok(this)
    }
}

struct Settings<'a> {
    path: &'a Path,
    values: HashMap<String, String>,
}

impl Settings<'_> {
    fn hold(&self, name: &str, allowed: &[&str]) -> Result<()> {
        let value = self.values.get(name).map_or(allowed[0], String::as_str);
        let implemented = match NOT_BY_DEFAULT.contains(&name) {
            true => &allowed[1..],
            false => allowed,
        };
        match implemented.contains(&value) {
            true => Ok(()),
            false => Err(unsupported(self.path, name, &format!("`{value}`"))),
        }
    }

    /// A count, at least 1 and no larger than any student has.
    fn size(&self, name: &str) -> Result<usize> {
        let value = self
            .values
            .get(name)
            .ok_or_else(|| broken(self.path, &format!("the setting `{name}` is missing")))?;
        match value.parse() {
            Ok(size) if (1..=1 << 14).contains(&size) => Ok(size),
            _ => Err(broken(self.path, &format!("the setting `{name}` is `{value}`"))),
        }
    }

    fn inner_of_decoder(&self, inner: usize) -> Result<usize> {
        match self.values.get("transformer-decoder-dim-ffn").map(String::as_str) {
            None | Some("0") => Ok(inner),
            Some(_) => self.size("transformer-decoder-dim-ffn"),
        }
    }

    fn aligned(&self, layers: usize) -> Result<usize> {
        const NAME: &str = "transformer-guided-alignment-layer";
        match self.values.get(NAME).map(String::as_str) {
            None | Some("last") => Ok(layers - 1),
            Some(value) => match self.size(NAME)? {
                layer if layer <= layers => Ok(layer - 1),
                _ => Err(broken(self.path, &format!("the setting `{NAME}` is `{value}`"))),
            },
        }
    }
}

/// The settings of the first level, as text without quotes. The items of a list are joined by spaces: lists are only
/// ever asked for whether they are empty.
fn values(text: &str) -> HashMap<String, String> {
    let mut values: HashMap<String, String> = HashMap::new();
    let mut current = String::new();
    for line in text.lines() {
        let item = line.trim();
        if let Some(item) = item.strip_prefix("- ") {
            let list = values.entry(current.clone()).or_default();
            *list = format!("{list} {item}").trim().to_owned();
        } else if item == "[]" {
            values.entry(current.clone()).or_default();
        } else if let Some((name, value)) = line
            .split_once(':')
            .filter(|(name, _)| !name.starts_with([' ', '#']))
        {
            let value = value.trim();
            let value = if value == "[]" { "" } else { value };
            current = name.to_owned();
            values.insert(current.clone(), value.trim_matches(['"', '\'']).to_owned());
        }
    }
    values
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const STUDENT: &str = "dec-cell: ssru\ndec-depth: 2\ndim-emb: 256\nenc-depth: 6\ndim-vocabs:\n  - 32000\n  - 32000\n\
        transformer-decoder-autoreg: rnn\ntransformer-dim-ffn: 1536\ntransformer-ffn-activation: relu\n\
        transformer-heads: 8\ntransformer-postprocess: dan\ntransformer-preprocess: \"\"\n\
        transformer-tied-layers:\n  []\ntype: transformer\n";

    fn parse(text: &str) -> Result<Config> {
        Config::parse(Path::new("student.bin"), text)
    }

    #[test]
    fn the_sizes_of_a_student_are_read() {
        let config = parse(STUDENT).unwrap();
        assert_eq!(
            (config.width, config.heads, config.encoder, config.decoder),
            (256, 8, 6, 2)
        );
        assert_eq!((config.inner, config.aligned), ((1536, 1536), 1));
        let first = parse(&format!("{STUDENT}transformer-guided-alignment-layer: 1\n")).unwrap();
        assert_eq!(first.aligned, 0);
    }

    #[test]
    fn what_is_not_implemented_is_refused_by_name() {
        for (from, to) in [
            ("dec-cell: ssru", "dec-cell: gru"),
            ("dec-cell: ssru\n", ""),
            ("autoreg: rnn", "autoreg: self-attention"),
            ("type: transformer", "type: s2s"),
            ("postprocess: dan", "postprocess: da"),
            ("preprocess: \"\"", "preprocess: n"),
            ("activation: relu", "activation: swish"),
            ("  []", "  - 1\n  - 1"),
        ] {
            let error = parse(&STUDENT.replace(from, to)).unwrap_err();
            let name = from.split(':').next().unwrap().trim();
            let name = if name == "[]" { "tied-layers" } else { name };
            assert!(error.to_string().contains(name), "{error} does not name {name}");
        }
    }

    #[test]
    fn sizes_that_cannot_be_are_refused() {
        for (from, to) in [
            ("dim-emb: 256", "dim-emb: 99999999999"),
            ("dim-emb: 256", "dim-emb: 0"),
            ("dim-emb: 256", "dim-emb: 250"),
            ("dec-depth: 2\n", ""),
            ("heads: 8", "heads: -8"),
        ] {
            assert!(parse(&STUDENT.replace(from, to)).is_err(), "{to}");
        }
    }
}
