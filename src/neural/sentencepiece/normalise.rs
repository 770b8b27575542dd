//! Text → the text that is cut: characters replaced, white space in SentencePiece's ways, and for each byte of the
//! result the place in the original that it comes from.

use super::SPACE;
use super::charsmap::Charsmap;
use super::proto::NormalizerSpec;
use super::trie::Trie;

/// A normalizer that is ready for use.
pub(super) struct Normalizer {
    charsmap: Option<Charsmap>,
    spec: NormalizerSpec,
    space_last: bool,
}

/// A normalised text.
pub(super) struct Normalised {
    pub(super) text: String,
    /// For each byte of the text, and for its end, where in the original it comes from; never falls.
    pub(super) origin: Vec<usize>,
}

impl Normalised {
    fn push(&mut self, text: &str, from: usize) {
        self.text.push_str(text);
        self.origin.resize(self.text.len(), from);
    }
}

impl Normalizer {
    pub(super) fn new(mut spec: NormalizerSpec, space_last: bool) -> Result<Self, String> {
        let blob = std::mem::take(&mut spec.charsmap);
        let charsmap = (!blob.is_empty()).then(|| Charsmap::parse(&blob)).transpose()?;
        Ok(Self {
            charsmap,
            spec,
            space_last,
        })
    }

    pub(super) fn add_dummy_prefix(&self) -> bool {
        self.spec.add_dummy_prefix
    }

    pub(super) fn remove_extra_whitespaces(&self) -> bool {
        self.spec.remove_extra_whitespaces
    }

    /// How a space is written in the result.
    fn space(&self) -> &'static str {
        if self.spec.escape_whitespaces { SPACE } else { " " }
    }

    /// Normalises `text`. What `verbatim` holds is left as it is.
    pub(super) fn normalise(&self, text: &str, verbatim: &Trie) -> Normalised {
        let mut normal = Normalised {
            text: String::with_capacity(text.len() + text.len() / 2 + 3),
            origin: Vec::with_capacity(text.len() + text.len() / 2 + 4),
        };
        let trims = self.spec.remove_extra_whitespaces;
        let mut at = 0;
        if trims {
            while let (" ", length) = self.next(&text[at..], verbatim)
                && length > 0
            {
                at += length;
            }
        }
        if at == text.len() {
            normal.origin.push(at);
            return normal;
        }
        let adds = self.spec.add_dummy_prefix;
        if adds && !self.space_last {
            normal.push(self.space(), at);
        }
        let mut after_space = trims;
        while at < text.len() {
            let (mut replaced, length) = self.next(&text[at..], verbatim);
            if after_space {
                replaced = replaced.trim_start_matches(' ');
            }
            if !replaced.is_empty() {
                for (index, word) in replaced.split(' ').enumerate() {
                    if index > 0 {
                        normal.push(self.space(), at);
                    }
                    normal.push(word, at);
                }
                after_space = trims && replaced.ends_with(' ');
            }
            at += length;
        }
        if trims {
            let kept = normal.text.trim_end_matches(self.space()).len();
            at = normal.origin.get(kept).copied().unwrap_or(at);
            normal.text.truncate(kept);
            normal.origin.truncate(kept);
        }
        if adds && self.space_last {
            normal.push(self.space(), at);
        }
        normal.origin.push(at);
        normal
    }

    /// What the beginning of `text` is replaced with, and how long that beginning is: 0 if there is no text.
    fn next<'t>(&'t self, text: &'t str, verbatim: &Trie) -> (&'t str, usize) {
        if !verbatim.is_empty()
            && let Some(length) = verbatim.longest(text.as_bytes())
        {
            return (&text[..length], length);
        }
        if let Some((length, replaced)) = self.charsmap.as_ref().and_then(|map| map.longest(text)) {
            return (replaced, length);
        }
        let length = text.chars().next().map_or(0, char::len_utf8);
        (&text[..length], length)
    }
}
