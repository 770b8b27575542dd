//! The script of a character, by Unicode block.

/// A writing system that news comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // the names say it all
pub enum Script {
    Latin,
    Greek,
    Cyrillic,
    Armenian,
    Hebrew,
    Arabic,
    Devanagari,
    Bengali,
    Gurmukhi,
    Gujarati,
    Tamil,
    Telugu,
    Kannada,
    Malayalam,
    Sinhala,
    Thai,
    Lao,
    Myanmar,
    Georgian,
    Ethiopic,
    Khmer,
    Hangul,
    Kana,
    Han,
}

use Script::*;

/// (first, last, script), in order.
const BLOCKS: &[(u32, u32, Script)] = &[
    (0x0041, 0x005a, Latin),
    (0x0061, 0x007a, Latin),
    (0x00aa, 0x00aa, Latin),
    (0x00ba, 0x00ba, Latin),
    (0x00c0, 0x024f, Latin),
    (0x0250, 0x02af, Latin),
    (0x0370, 0x03ff, Greek),
    (0x0400, 0x052f, Cyrillic),
    (0x0531, 0x058f, Armenian),
    (0x0590, 0x05ff, Hebrew),
    (0x0600, 0x06ff, Arabic),
    (0x0750, 0x077f, Arabic),
    (0x08a0, 0x08ff, Arabic),
    (0x0900, 0x097f, Devanagari),
    (0x0980, 0x09ff, Bengali),
    (0x0a00, 0x0a7f, Gurmukhi),
    (0x0a80, 0x0aff, Gujarati),
    (0x0b80, 0x0bff, Tamil),
    (0x0c00, 0x0c7f, Telugu),
    (0x0c80, 0x0cff, Kannada),
    (0x0d00, 0x0d7f, Malayalam),
    (0x0d80, 0x0dff, Sinhala),
    (0x0e00, 0x0e7f, Thai),
    (0x0e80, 0x0eff, Lao),
    (0x1000, 0x109f, Myanmar),
    (0x10a0, 0x10ff, Georgian),
    (0x1100, 0x11ff, Hangul),
    (0x1200, 0x139f, Ethiopic),
    (0x1780, 0x17ff, Khmer),
    (0x1c80, 0x1c8f, Cyrillic),
    (0x1c90, 0x1cbf, Georgian),
    (0x1e00, 0x1eff, Latin),
    (0x1f00, 0x1fff, Greek),
    (0x2c60, 0x2c7f, Latin),
    (0x2de0, 0x2dff, Cyrillic),
    (0x2e80, 0x2fdf, Han),
    (0x3005, 0x3007, Han),
    (0x3041, 0x30ff, Kana),
    (0x3131, 0x318e, Hangul),
    (0x31f0, 0x31ff, Kana),
    (0x3400, 0x4dbf, Han),
    (0x4e00, 0x9fff, Han),
    (0xa640, 0xa69f, Cyrillic),
    (0xa720, 0xa7ff, Latin),
    (0xa960, 0xa97f, Hangul),
    (0xac00, 0xd7ff, Hangul),
    (0xf900, 0xfaff, Han),
    (0xfb00, 0xfb06, Latin),
    (0xfb13, 0xfb17, Armenian),
    (0xfb1d, 0xfb4f, Hebrew),
    (0xfb50, 0xfdff, Arabic),
    (0xfe70, 0xfefc, Arabic),
    (0xff21, 0xff3a, Latin),
    (0xff41, 0xff5a, Latin),
    (0xff66, 0xff9f, Kana),
    (0x20000, 0x323af, Han),
];

impl Script {
    /// The script of a letter; `None` for digits, punctuation, symbols, and scripts that are not listed.
    pub fn of(c: char) -> Option<Script> {
        if !c.is_alphabetic() {
            return None;
        }
        let code = c as u32;
        let at = BLOCKS.partition_point(|block| block.1 < code);
        BLOCKS
            .get(at)
            .filter(|block| block.0 <= code)
            .map(|block| block.2)
    }

    /// How many letters of each script `text` has, the most frequent first.
    pub fn histogram(text: &str) -> Vec<(Script, usize)> {
        let mut counts: Vec<(Script, usize)> = Vec::new();
        for script in text.chars().filter_map(Script::of) {
            match counts.iter_mut().find(|(known, _)| *known == script) {
                Some((_, count)) => *count += 1,
                None => counts.push((script, 1)),
            }
        }
        counts.sort_by_key(|&(script, count)| (std::cmp::Reverse(count), script));
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_have_scripts_and_marks_have_none() {
        assert!(BLOCKS.windows(2).all(|pair| pair[0].1 < pair[1].0));
        for (c, want) in [
            ('a', Some(Latin)),
            ('é', Some(Latin)),
            ('ї', Some(Cyrillic)),
            ('한', Some(Hangul)),
            ('漢', Some(Han)),
            ('ひ', Some(Kana)),
            ('ー', Some(Kana)),
            ('ش', Some(Arabic)),
            ('5', None),
            ('«', None),
            ('🙂', None),
        ] {
            assert_eq!(Script::of(c), want, "{c}");
        }
        assert_eq!(
            Script::histogram("Kim 김 said да"),
            [(Latin, 7), (Cyrillic, 2), (Hangul, 1)]
        );
    }
}
