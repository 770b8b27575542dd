//! What all stages share: positions, languages, sentence borders, numbers, scripts.
//! Nothing here knows of news, models or the command line.

pub mod language;
pub mod numbers;
pub mod segment;
pub mod span;
pub mod transliterate;
