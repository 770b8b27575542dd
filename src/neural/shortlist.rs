//! Marian's lexical shortlist: for each source token, the target tokens that translate it.
//!
//! A sentence is written with these, the most frequent target tokens, and nothing else, so that only a part of the
//! output layer is computed. The file (`lex.50.50.*.s2t.bin`), all numbers of 64 bits but the tokens, which have 32:
//! magic, checksum, number of frequent tokens, translations kept for a token, length of the next two lists; for each
//! source token where its translations begin; the translations. As `src/data/shortlist.h` of
//! <https://github.com/marian-nmt/marian-dev> has it.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::gguf::broken;
use crate::error::{Error, Result};

/// No text begins with these bytes.
const MAGIC: u64 = 0xF11A_48D5_0134_17F5;
const HEADER: usize = 48;
/// Real ones are some megabytes.
const LARGEST: u64 = 1 << 30;
/// The output layer is computed for a multiple of so many tokens.
const MULTIPLE: usize = 8;

/// A shortlist whose tokens all exist.
pub(crate) struct Shortlist {
    frequent: u32,
    vocabulary: u32,
    /// Where the translations of each source token begin; one more at the end.
    starts: Vec<usize>,
    translations: Vec<u32>,
}

impl Shortlist {
    /// Reads a file for a target vocabulary of this size.
    ///
    /// # Errors
    /// [`Error::Failed`] if this is no whole shortlist, or one for another vocabulary.
    pub(crate) fn open(path: &Path, vocabulary: usize) -> Result<Self> {
        let fail = |e| Error::io(path, e);
        let mut file = File::open(path).map_err(fail)?;
        if file.metadata().map_err(fail)?.len() > LARGEST {
            return Err(broken(path, "this is too large for a shortlist"));
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(fail)?;
        Self::parse(&bytes, vocabulary).map_err(|problem| broken(path, problem))
    }

    fn parse(bytes: &[u8], vocabulary: usize) -> Result<Self, &'static str> {
        let (header, rest) = bytes
            .split_at_checked(HEADER)
            .ok_or("this is not a binary shortlist")?;
        let header: Vec<u64> = numbers(header).collect();
        let [magic, _checksum, frequent, _best, sources, translations] = header[..] else {
            return Err("this is not a binary shortlist");
        };
        if magic != MAGIC {
            return Err("this is not a binary shortlist");
        }
        let length = |count: u64, size: usize| usize::try_from(count).ok()?.checked_mul(size);
        let (starts, rest) = length(sources, 8)
            .and_then(|length| rest.split_at_checked(length))
            .ok_or("it ends too soon")?;
        let rest = length(translations, 4)
            .and_then(|length| rest.get(..length))
            .ok_or("it ends too soon")?;
        let starts: Vec<usize> = numbers(starts).map(|n| n as usize).collect();
        let translations: Vec<u32> = rest
            .as_chunks::<4>()
            .0
            .iter()
            .map(|n| u32::from_le_bytes(*n))
            .collect();
        let ordered = starts.is_sorted() && starts.last().is_none_or(|end| *end <= translations.len());
        if !ordered {
            return Err("its places are out of order");
        }
        if frequent > vocabulary as u64 || translations.iter().any(|t| *t as usize >= vocabulary) {
            return Err("it names tokens that the model's vocabulary does not have");
        }
        Ok(Self {
            frequent: frequent as u32,
            vocabulary: vocabulary as u32,
            starts,
            translations,
        })
    }

    /// The target tokens for a source, in order. `shared`: source and target have one vocabulary, and so a source
    /// token may stand in the target as it is.
    pub(crate) fn candidates(&self, source: &[u32], shared: bool) -> Vec<u32> {
        let mut chosen: Vec<u32> = (0..self.frequent).collect();
        for token in source {
            if shared && *token < self.vocabulary {
                chosen.push(*token);
            }
            let place = *token as usize;
            if let Some([start, end]) = self.starts.get(place..place + 2) {
                chosen.extend_from_slice(&self.translations[*start..*end]);
            }
        }
        chosen.sort_unstable();
        chosen.dedup();
        self.fill(&mut chosen);
        chosen
    }

    /// Adds the next tokens by frequency up to a whole multiple, or as many as there are.
    fn fill(&self, chosen: &mut Vec<u32>) {
        let missing = chosen.len().next_multiple_of(MULTIPLE) - chosen.len();
        let more: Vec<u32> = (self.frequent..self.vocabulary)
            .filter(|token| chosen.binary_search(token).is_err())
            .take(missing)
            .collect();
        chosen.extend(more);
        chosen.sort_unstable();
    }
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = u64> {
    bytes.as_chunks::<8>().0.iter().map(|n| u64::from_le_bytes(*n))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    /// Two frequent tokens; token 0 has no translation, token 1 two, token 2 one.
    fn file() -> Vec<u8> {
        let head = [MAGIC, 0, 2, 50, 4, 3, 0, 0, 2, 3];
        let translations = [40u32, 9, 12];
        head.iter()
            .flat_map(|n| n.to_le_bytes())
            .chain(translations.iter().flat_map(|n| n.to_le_bytes()))
            .collect()
    }

    #[test]
    fn a_source_gets_its_translations_and_the_frequent_tokens() {
        let list = Shortlist::parse(&file(), 50).unwrap();
        assert_eq!(list.candidates(&[1], false), [0, 1, 2, 3, 4, 5, 9, 40]);
        assert_eq!(list.candidates(&[1], true), [0, 1, 2, 3, 4, 5, 9, 40]);
        assert_eq!(list.candidates(&[2, 30], true), [0, 1, 2, 3, 4, 5, 12, 30]);
        assert_eq!(list.candidates(&[49], false), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(
            Shortlist::parse(&file(), 41)
                .unwrap()
                .candidates(&[7], false)
                .len(),
            8
        );
    }

    #[test]
    fn what_is_not_whole_or_not_for_this_vocabulary_is_refused() {
        let file = file();
        for length in 0..file.len() {
            assert!(Shortlist::parse(&file[..length], 50).is_err(), "cut at {length}");
        }
        assert!(Shortlist::parse(&file, 40).is_err());
        assert!(Shortlist::parse(&[b'a'; 200], 50).is_err());
    }

    proptest! {
        #[test]
        fn no_file_is_a_panic(place in 0usize..92, value: u8, source in prop::collection::vec(0u32..60, 0..9)) {
            let mut file = file();
            file[place] = value;
            if let Ok(list) = Shortlist::parse(&file, 50) {
                let chosen = list.candidates(&source, true);
                prop_assert!(chosen.iter().all(|token| *token < 50) && chosen.is_sorted());
            }
        }
    }
}
