//! Summaries in the article's own words; no model.

use crate::article::Document;
use crate::error::Result;

use super::plan::Group;
use super::{SentenceMethod, Summariser};

/// Takes the seed of each group as it stands.
pub struct Extractive;

impl Summariser for Extractive {
    fn write(&mut self, document: &Document, groups: &[Group]) -> Result<Vec<Option<String>>> {
        let seed = |group: &Group| Some(document.sentence(group.seed).to_owned());
        Ok(groups.iter().map(seed).collect())
    }

    fn method(&self) -> SentenceMethod {
        SentenceMethod::Extractive
    }
}
