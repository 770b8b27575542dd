//! What all stages share: positions, languages, sentence borders, numbers, scripts.
//! Nothing here knows of news, models or the command line.

mod abbreviations;
mod detect;
pub mod language;
pub mod numbers;
pub mod script;
pub mod segment;
pub mod span;
pub mod transliterate;
pub mod words;
