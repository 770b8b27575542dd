//! Models as data: manifests, the catalogue, and where their files come from.

/// What a model is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// Article → summary in the same language.
    Summarise,
    /// One language → another.
    Translate,
    /// Text → vector.
    Embed,
}

impl std::str::FromStr for Task {
    type Err = ();

    fn from_str(s: &str) -> Result<Self, ()> {
        match s.to_lowercase().as_str() {
            "summarise" | "summarize" => Ok(Self::Summarise),
            "translate" => Ok(Self::Translate),
            "embed" => Ok(Self::Embed),
            _ => Err(()),
        }
    }
}
