//! Models that stay loaded: as many as there is room for, so that many articles do not load them again and again.

use std::path::{Path, PathBuf};

use crate::neural::{ChatModel, TextToText};

/// Memory that is left to everything else on the machine, in MiB.
const LEFT: u64 = 1024;

/// A model by what it does.
pub enum Loaded {
    /// It is asked in words.
    Chat(Box<ChatModel>),
    /// It writes a text for a text.
    TextToText(Box<dyn TextToText>),
}

/// Loaded models by their weights, the one used last at the end.
#[derive(Default)]
pub struct Shelf {
    models: Vec<(PathBuf, Loaded)>,
}

impl Shelf {
    /// The model of `weights`, if it is loaded.
    pub fn get(&mut self, weights: &Path) -> Option<&mut Loaded> {
        let at = self.models.iter().position(|(known, _)| known == weights)?;
        let model = self.models.remove(at);
        self.models.push(model);
        self.models.last_mut().map(|(_, model)| model)
    }

    /// Puts down those not used for the longest time until `needed` MiB are free; where nobody knows what is free, all.
    pub fn make_room(&mut self, needed: u64, free: impl Fn() -> Option<u64>) {
        let fits = || Some(free()? >= needed + LEFT);
        while !self.models.is_empty() && fits() != Some(true) {
            self.models.remove(0);
        }
    }

    /// Adds a model.
    pub fn put(&mut self, weights: PathBuf, model: Loaded) {
        self.models.push((weights, model));
    }
}

/// Memory that programs can still have, in MiB, where the system tells (Linux).
pub fn free_memory() -> Option<u64> {
    let about = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = about
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib >> 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Result;
    use crate::neural::{Generation, Input, Output, Room};
    use crate::text::language::Language;

    struct Nothing;

    impl TextToText for Nothing {
        fn generate(&self, _: &[Input<'_>], _: &Generation) -> Result<Vec<Vec<Output>>> {
            Ok(Vec::new())
        }

        fn count_tokens(&self, _: &str) -> Result<usize> {
            Ok(0)
        }

        fn room(&self) -> Room {
            Room { source: 1, target: 1 }
        }

        fn defaults(&self) -> Generation {
            Generation::default()
        }

        fn check_languages(&self, _: Option<Language>, _: Option<Language>) -> Result<()> {
            Ok(())
        }
    }

    fn shelf() -> Shelf {
        let mut shelf = Shelf::default();
        for name in ["a", "b", "c"] {
            shelf.put(name.into(), Loaded::TextToText(Box::new(Nothing)));
        }
        shelf
    }

    fn names(shelf: &Shelf) -> Vec<&str> {
        shelf
            .models
            .iter()
            .filter_map(|(name, _)| name.to_str())
            .collect()
    }

    #[test]
    fn what_was_not_used_for_long_goes_first_and_only_if_it_must() {
        let mut held = shelf();
        assert!(held.get(Path::new("a")).is_some() && held.get(Path::new("x")).is_none());
        held.make_room(500, || Some(9000));
        assert_eq!(names(&held), ["b", "c", "a"]);
        // each that goes frees as much again
        let free = std::cell::Cell::new(0);
        held.make_room(500, || {
            free.set(free.get() + 1000);
            Some(free.get())
        });
        assert_eq!(names(&held), ["c", "a"]);
        held.make_room(1, || None);
        assert_eq!(names(&held).len(), 0);
    }
}
