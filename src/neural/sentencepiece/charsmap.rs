//! What characters are replaced with before a text is cut: a double-array trie (Aoe 1989, as darts-clone packs it)
//! from byte strings to places in a block of NUL-terminated texts.
//!
//! What always holds: the trie ends on every path and each of its values is the start of a text, for that is looked
//! at when it is read; looking a text up cannot fail then.

/// No real rule comes near this many bytes.
const LONGEST_RULE: u16 = 1024;

/// The rules of one normalizer.
pub(super) struct Charsmap {
    units: Vec<u32>,
    /// All replacements, each ended by NUL.
    texts: String,
}

/// Where the children of the unit at `place` begin.
fn children(unit: u32, place: usize) -> usize {
    place ^ ((unit >> 10) << ((unit & (1 << 9)) >> 6)) as usize
}

/// Whether a key ends at this unit; its value is in the first child then.
fn ends(unit: u32) -> bool {
    unit & (1 << 8) != 0
}

/// The byte by which a unit is reached. Units that hold values have the top bit, and so are no byte's.
fn label(unit: u32) -> u32 {
    unit & (1 << 31 | 0xff)
}

impl Charsmap {
    /// From `precompiled_charsmap`: the trie's length in bytes, the trie, the texts.
    pub(super) fn parse(blob: &[u8]) -> Result<Self, String> {
        const BROKEN: &str = "its table of characters is not whole";
        let (length, rest) = blob.split_first_chunk::<4>().ok_or(BROKEN)?;
        let length = u32::from_le_bytes(*length) as usize;
        let (trie, texts) = rest.split_at_checked(length).ok_or(BROKEN)?;
        let (units, odd) = trie.as_chunks::<4>();
        if !odd.is_empty() || units.is_empty() {
            return Err(BROKEN.to_owned());
        }
        let map = Self {
            units: units.iter().map(|unit| u32::from_le_bytes(*unit)).collect(),
            texts: String::from_utf8(texts.to_vec()).map_err(|_| BROKEN)?,
        };
        map.check()?;
        Ok(map)
    }

    /// The longest rule at the beginning of `text`: its length there and what it is replaced with.
    pub(super) fn longest(&self, text: &str) -> Option<(usize, &str)> {
        let mut found = None;
        let mut unit = *self.units.first()?;
        let mut place = children(unit, 0);
        for (at, &byte) in text.as_bytes().iter().enumerate() {
            place ^= usize::from(byte);
            unit = *self.units.get(place)?;
            if label(unit) != u32::from(byte) {
                break;
            }
            place = children(unit, place);
            if ends(unit) && text.is_char_boundary(at + 1) {
                found = Some((at + 1, place));
            }
        }
        let (length, place) = found?;
        Some((length, self.value(place)?))
    }

    /// The text whose place the unit at `place` holds.
    fn value(&self, place: usize) -> Option<&str> {
        let start = (self.units.get(place)? & !(1 << 31)) as usize;
        let text = self.texts.get(start..)?;
        // The last text may lack its NUL.
        Some(text.split('\0').next().unwrap_or_default())
    }

    /// Walks all paths from the root once: none may lead back to itself, and every value must be a text's place.
    /// Branches may share what follows, so what has been walked is not walked again.
    fn check(&self) -> Result<(), String> {
        /// On the way down now; other numbers: the longest path below, plus one.
        const OPEN: u16 = u16::MAX;
        let mut height = vec![0u16; self.units.len()];
        height[0] = OPEN;
        let mut path = vec![(0usize, 0u32)];
        while let Some((place, byte)) = path.pop() {
            let Some(next) = (byte..256).find(|b| self.child(place, *b).is_some()) else {
                height[place] = self.height_of(place, &height)?;
                continue;
            };
            path.push((place, next + 1));
            let child = self.child(place, next).unwrap_or_default();
            match height[child] {
                OPEN => return Err("its table of characters leads in a circle".to_owned()),
                0 => {
                    height[child] = OPEN;
                    path.push((child, 0));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The unit that `byte` leads to from the one at `place`.
    fn child(&self, place: usize, byte: u32) -> Option<usize> {
        let child = children(self.units[place], place) ^ byte as usize;
        // NUL ends keys: what it leads to is a value.
        (byte != 0 && label(*self.units.get(child)?) == byte).then_some(child)
    }

    fn height_of(&self, place: usize, height: &[u16]) -> Result<u16, String> {
        let unit = self.units[place];
        if place != 0 && ends(unit) && self.value(children(unit, place)).is_none() {
            return Err("its table of characters leads out of the file".to_owned());
        }
        let below = (1..256).filter_map(|byte| self.child(place, byte));
        let height = 1 + below.map(|child| height[child]).max().unwrap_or(0);
        if height > LONGEST_RULE {
            return Err("its table of characters has a rule that is too long".to_owned());
        }
        Ok(height)
    }
}
