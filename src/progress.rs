//! How long work reports itself. Libraries call it; `cli/console.rs` draws it; nobody else prints.

use std::sync::atomic::{AtomicBool, Ordering};

/// Receives the progress of long work. All methods do nothing unless overridden.
pub trait Progress: Sync {
    /// A stage begins, e.g. "reading" or "translating uk".
    fn stage(&self, _name: &str) {}
    /// `done` of `total` steps of the current stage are finished.
    fn step(&self, _done: usize, _total: usize) {}
    /// A transfer of `total` bytes begins (0: unknown), `resumed` of them are already here.
    fn transfer(&self, _name: &str, _resumed: u64, _total: u64) {}
    /// `bytes` more have arrived.
    fn received(&self, _bytes: u64) {}
    /// The transfer ended.
    fn transferred(&self) {}
    /// A piece of text has been generated.
    fn token(&self, _text: &str) {}
    /// Something the user should know, in one line.
    fn note(&self, _line: &str) {}
}

/// Says nothing.
pub struct Silent;
impl Progress for Silent {}

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Asks all long work to stop at its next step; called by the Ctrl-C handler.
pub fn interrupt() {
    INTERRUPTED.store(true, Ordering::SeqCst);
}

/// Whether long work should stop now.
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// [`crate::error::Error::Interrupted`] if the user asked to stop.
pub fn checkpoint() -> crate::error::Result<()> {
    if interrupted() {
        Err(crate::error::Error::Interrupted)
    } else {
        Ok(())
    }
}
