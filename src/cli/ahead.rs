//! Segments of several articles, translated together before the turn of the first: batches are full though articles are
//! short.

use std::collections::BTreeMap;

use crate::cli::console::Console;
use crate::cli::engines::Engines;
use crate::error::{Error, Result};
use crate::pipeline::{self, Models, Options};
use crate::text::language::Language;

/// Characters of articles that are looked at together: some hundred sentences, or the summaries of some ten articles; enough
/// to make batches of like lengths. What a run that is killed has made ahead is made again: that is seconds, too.
pub const LOOKS_AHEAD: usize = 1 << 15;

/// The segments of some articles by the language that they are written in.
pub type Segments = BTreeMap<Language, Vec<String>>;

/// Translates `segments` into each language of `options`; what was translated for former articles is forgotten.
///
/// # Errors
/// [`Error::Interrupted`] alone: what fails for an article fails when it is made.
pub fn go_ahead(
    segments: &Segments,
    options: &Options,
    engines: &mut Engines<'_>,
    console: &Console,
) -> Result<()> {
    engines.ahead().clear();
    for (&from, segments) in segments {
        for &to in options.to.iter().filter(|&&to| to != from) {
            match pipeline::go_ahead(segments, from, to, options, engines, console) {
                Err(Error::Interrupted) => return Err(Error::Interrupted),
                // each article that it fails for says so itself
                Err(_) => break,
                Ok(()) => {}
            }
        }
    }
    Ok(())
}
