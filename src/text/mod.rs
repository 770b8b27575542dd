//! What all stages share: positions, languages, sentence borders, numbers, scripts, the genitive of names.
//! Nothing here knows of news, models or the command line.

mod abbreviations;
mod detect;
pub mod inflect;
pub mod language;
pub mod negation;
pub mod numbers;
pub mod script;
pub mod segment;
pub mod sha256;
pub mod span;
pub mod transliterate;
pub mod words;
