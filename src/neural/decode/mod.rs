//! Logits → tokens → text, without knowledge of any model or tensor: choosing, searching, stopping, cutting.
//!
//! ```text
//! choose       one token after the other, for chats          sample   the draw that both use
//! search       many targets at once, over an encoder-decoder: each sentence is a `beam`,
//!              what it may write is in `constraints`, what is asked for in `options`
//! outlet       text → reader
//! ```
//! What always holds: the same seed, options and logits give the same tokens on every machine, and a sentence's
//! targets do not depend on what is searched beside it.

mod beam;
mod choose;
mod constraints;
mod options;
mod outlet;
mod sample;
mod search;

#[cfg(test)]
mod reference_tests;

pub(crate) use choose::{Chooser, loops};
pub use options::{EarlyStopping, Generation, Sampling};
pub(crate) use outlet::Outlet;
pub use search::{Source, Written, search};
