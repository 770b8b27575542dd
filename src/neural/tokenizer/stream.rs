//! Token bytes → text for people, while tokens still come.

/// Turns token bytes into text piece by piece, and never gives a part of a character.
#[derive(Default)]
pub(crate) struct Streamer {
    pending: Vec<u8>,
}

impl Streamer {
    /// Adds the bytes of a token; gives the text that is complete now. Bytes that can never become a character
    /// give U+FFFD.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> String {
        self.pending.extend_from_slice(bytes);
        let mut text = String::new();
        let mut rest = self.pending.as_slice();
        loop {
            match std::str::from_utf8(rest) {
                Ok(valid) => {
                    text.push_str(valid);
                    rest = &[];
                    break;
                }
                Err(error) => {
                    let (valid, after) = rest.split_at(error.valid_up_to());
                    text.push_str(&String::from_utf8_lossy(valid));
                    rest = after;
                    match error.error_len() {
                        None => break,
                        Some(wrong) => {
                            text.push('\u{FFFD}');
                            rest = &rest[wrong..];
                        }
                    }
                }
            }
        }
        self.pending = rest.to_vec();
        text
    }

    /// What is left when no token follows: U+FFFD for an unfinished character.
    pub(crate) fn finish(&mut self) -> String {
        let text = String::from_utf8_lossy(&self.pending).into_owned();
        self.pending.clear();
        text
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_stream_never_shows_a_part_of_a_character() {
        let text = "Zürich 한국 Ґанок 🚢.";
        for cut in 1..6 {
            let mut streamer = Streamer::default();
            let mut shown = String::new();
            for bytes in text.as_bytes().chunks(cut) {
                let piece = streamer.push(bytes);
                assert!(!piece.contains('\u{FFFD}'));
                shown.push_str(&piece);
            }
            assert_eq!(shown + &streamer.finish(), text);
        }
    }

    #[test]
    fn wrong_bytes_are_shown_as_such_and_do_not_stop_the_stream() {
        let mut streamer = Streamer::default();
        assert_eq!(streamer.push(b"a\xff"), "a\u{FFFD}");
        assert_eq!(streamer.push(b"\xec\x84"), "");
        assert_eq!(streamer.push(b"b"), "\u{FFFD}b");
        assert_eq!(streamer.push(b"\xec"), "");
        assert_eq!(streamer.finish(), "\u{FFFD}");
    }
}
