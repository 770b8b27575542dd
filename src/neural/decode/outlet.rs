//! Between the tokens and the reader.

/// Cuts at stop strings, takes out `<think>…</think>`, and holds back what
/// may still become one of these.
pub(crate) struct Outlet<'a> {
    stop: &'a [String],
    /// Not yet given out.
    held: String,
    thinking: bool,
    /// White space is swallowed after a thought.
    after_thought: bool,
    stopped: bool,
    text: String,
}

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

impl<'a> Outlet<'a> {
    pub(crate) fn new(stop: &'a [String]) -> Self {
        Self {
            stop,
            held: String::new(),
            thinking: false,
            after_thought: false,
            stopped: false,
            text: String::new(),
        }
    }

    /// Adds text; gives what is certain now. True: a stop string was written.
    pub(crate) fn push(&mut self, piece: &str, on_text: &mut dyn FnMut(&str)) -> bool {
        if self.stopped {
            return true;
        }
        self.held.push_str(piece);
        while self.advance(on_text) {}
        self.stopped
    }

    /// Gives out what was held back.
    pub(crate) fn finish(mut self, on_text: &mut dyn FnMut(&str)) -> String {
        if !self.stopped && !self.thinking {
            let rest = std::mem::take(&mut self.held);
            self.give(&rest, on_text);
        }
        self.text
    }

    /// One move; false when nothing more can be decided without more text.
    fn advance(&mut self, on_text: &mut dyn FnMut(&str)) -> bool {
        if self.thinking {
            let Some(end) = self.held.find(CLOSE) else {
                return false;
            };
            self.held.drain(..end + CLOSE.len());
            self.thinking = false;
            self.after_thought = true;
            return true;
        }
        let stop = self
            .stop
            .iter()
            .filter(|s| !s.is_empty())
            .filter_map(|s| self.held.find(s.as_str()))
            .min();
        let thought = self.held.find(OPEN);
        match (stop, thought) {
            (Some(stop), thought) if thought.is_none_or(|t| stop <= t) => {
                let before = self.held[..stop].to_owned();
                self.give(&before, on_text);
                self.held.clear();
                self.stopped = true;
                false
            }
            (_, Some(thought)) => {
                let before = self.held[..thought].to_owned();
                self.give(&before, on_text);
                self.held.drain(..thought + OPEN.len());
                self.thinking = true;
                true
            }
            _ => {
                let certain = self.held.len() - self.uncertain();
                let before: String = self.held.drain(..certain).collect();
                self.give(&before, on_text);
                false
            }
        }
    }

    /// How many bytes at the end may be the beginning of a stop string or a thought.
    fn uncertain(&self) -> usize {
        let marks = self.stop.iter().map(String::as_str).chain([OPEN]);
        marks
            .filter_map(|mark| {
                (1..mark.len())
                    .rev()
                    .filter(|n| mark.is_char_boundary(*n))
                    .find(|n| self.held.ends_with(&mark[..*n]))
            })
            .max()
            .unwrap_or(0)
    }

    fn give(&mut self, text: &str, on_text: &mut dyn FnMut(&str)) {
        let text = if self.after_thought {
            text.trim_start()
        } else {
            text
        };
        if text.is_empty() {
            return;
        }
        self.after_thought = false;
        self.text.push_str(text);
        on_text(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(stop: &[&str], pieces: &[&str]) -> (String, bool) {
        let stop: Vec<String> = stop.iter().map(|s| (*s).to_owned()).collect();
        let mut outlet = Outlet::new(&stop);
        let mut streamed = String::new();
        let mut stopped = false;
        for piece in pieces {
            stopped |= outlet.push(piece, &mut |t| streamed.push_str(t));
        }
        let text = outlet.finish(&mut |t| streamed.push_str(t));
        assert_eq!(text, streamed);
        (text, stopped)
    }

    #[test]
    fn stop_strings_are_cut_wherever_the_pieces_break() {
        assert_eq!(through(&["\n\n"], &["one\n", "\ntwo"]), ("one".into(), true));
        assert_eq!(through(&["END", "ND"], &["a E", "N", "D b"]), ("a ".into(), true));
        assert_eq!(through(&["кінець"], &["це кін", "о"]), ("це кіно".into(), false));
        assert_eq!(through(&["\n\n"], &["one\n"]), ("one\n".into(), false));
    }

    #[test]
    fn thoughts_are_taken_out() {
        assert_eq!(
            through(&[], &["<th", "ink>\nhm", "m</thi", "nk>\n\n", "Yes."]).0,
            "Yes."
        );
        assert_eq!(through(&[], &["<think></think>A <b", "> c"]).0, "A <b> c");
        assert_eq!(through(&[], &["a <think>never ends"]).0, "a ");
        assert_eq!(through(&["."], &["<think>one. two</think>ok. no"]).0, "ok");
    }
}
