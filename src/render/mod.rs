//! What was found → what is printed: JSON for programs, text for people.

pub mod ledger;
pub mod sources;
