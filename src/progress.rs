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
    /// A model has read and written so many tokens more.
    fn tokens(&self, _read: usize, _written: usize) {}
    /// Something the user should know, in one line.
    fn note(&self, _line: &str) {}
}

/// Says nothing.
pub struct Silent;
impl Progress for Silent {}

/// Texts that are written side by side, told one after the other: the first that is not done piece by piece, those after
/// it when their turn comes.
pub struct Lines<'a> {
    progress: &'a dyn Progress,
    /// What is held back of each text, and whether it is done.
    held: Vec<(String, bool)>,
    current: usize,
}

impl<'a> Lines<'a> {
    /// Tells `count` texts.
    pub fn new(progress: &'a dyn Progress, count: usize) -> Self {
        Self {
            progress,
            held: vec![(String::new(), false); count],
            current: 0,
        }
    }

    /// A piece of text number `index`.
    pub fn text(&mut self, index: usize, piece: &str) {
        if index == self.current {
            self.progress.token(piece);
        } else if let Some((held, _)) = self.held.get_mut(index) {
            held.push_str(piece);
        }
    }

    /// Text number `index` is done.
    pub fn end(&mut self, index: usize) {
        if let Some((_, done)) = self.held.get_mut(index) {
            *done = true;
        }
        while let Some((_, true)) = self.held.get(self.current) {
            self.progress.token("\n");
            self.current += 1;
            if let Some((held, _)) = self.held.get_mut(self.current) {
                self.progress.token(&std::mem::take(held));
            }
        }
    }
}

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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Default)]
    struct Page(Mutex<String>);

    impl Progress for Page {
        fn token(&self, text: &str) {
            self.0.lock().expect("nobody panics").push_str(text);
        }
    }

    #[test]
    fn texts_that_are_written_side_by_side_are_told_one_after_the_other() {
        let page = Page::default();
        let mut lines = Lines::new(&page, 3);
        for (index, piece) in [(1, "b"), (0, "a"), (2, "c"), (0, "a")] {
            lines.text(index, piece);
        }
        assert_eq!(*page.0.lock().expect("nobody panics"), "aa");
        lines.end(2);
        lines.text(1, "b");
        lines.end(0);
        lines.text(1, "!");
        lines.end(1);
        assert_eq!(*page.0.lock().expect("nobody panics"), "aa\nbb!\nc\n");
    }
}
