//! Logits → tokens → text, without knowledge of any model: choosing, stopping, cutting.

use std::collections::HashSet;

use super::Decoding;
use crate::error::{Error, Result};

/// Chooses tokens. The same seed, options and logits give the same tokens on every machine.
pub(crate) struct Chooser {
    temperature: f64,
    top_p: f64,
    penalty: f32,
    random: SplitMix64,
    written: HashSet<u32>,
}

impl Chooser {
    /// # Errors
    /// [`Error::Usage`] for options out of range.
    pub(crate) fn new(decoding: &Decoding) -> Result<Self> {
        let wrong = |what: &str| Err(Error::usage(format!("the decoding option {what}")));
        if !(decoding.temperature.is_finite() && decoding.temperature >= 0.0) {
            return wrong("temperature must be 0 or more");
        }
        if !(decoding.top_p > 0.0 && decoding.top_p <= 1.0) {
            return wrong("top_p must be above 0 and at most 1");
        }
        if !(decoding.repetition_penalty.is_finite() && decoding.repetition_penalty > 0.0) {
            return wrong("repetition_penalty must be above 0");
        }
        Ok(Self {
            temperature: decoding.temperature,
            top_p: decoding.top_p,
            penalty: decoding.repetition_penalty,
            random: SplitMix64(decoding.seed),
            written: HashSet::new(),
        })
    }

    /// The next token, which counts as written from now on.
    pub(crate) fn next(&mut self, mut logits: Vec<f32>) -> Result<u32> {
        if self.penalty != 1.0 {
            for token in &self.written {
                if let Some(logit) = logits.get_mut(*token as usize) {
                    *logit = if *logit > 0.0 {
                        *logit / self.penalty
                    } else {
                        *logit * self.penalty
                    };
                }
            }
        }
        let best = greedy(&logits)
            .ok_or_else(|| Error::failed("the model's output holds no number: its weights are damaged"))?;
        let token = if self.temperature < 1e-6 {
            best
        } else {
            self.sample(&logits, logits[best as usize])
        };
        self.written.insert(token);
        Ok(token)
    }

    /// From the nucleus of the softmax.
    fn sample(&mut self, logits: &[f32], highest: f32) -> u32 {
        let weight = |logit: f32| (f64::from(logit - highest) / self.temperature).exp();
        let mut weights: Vec<(u32, f64)> = (0u32..)
            .zip(logits)
            .filter(|(_, l)| !l.is_nan())
            .map(|(id, l)| (id, weight(*l)))
            .collect();
        weights.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let total: f64 = weights.iter().map(|w| w.1).sum();
        let mut kept = 0.0;
        let nucleus = weights
            .iter()
            .position(|w| {
                kept += w.1;
                kept >= self.top_p * total
            })
            .map_or(weights.len(), |last| last + 1);
        let nucleus = &weights[..nucleus];
        let mut point = self.random.unit() * nucleus.iter().map(|w| w.1).sum::<f64>();
        for (id, weight) in nucleus {
            point -= weight;
            if point < 0.0 {
                return *id;
            }
        }
        nucleus.last().map_or(0, |w| w.0)
    }
}

/// The token of the highest logit, the lowest id among equals; none if there is no number.
pub(crate) fn greedy(logits: &[f32]) -> Option<u32> {
    let mut best: Option<(u32, f32)> = None;
    for (id, logit) in (0u32..).zip(logits) {
        if !logit.is_nan() && best.is_none_or(|(_, b)| *logit > b) {
            best = Some((id, *logit));
        }
    }
    best.filter(|(_, l)| l.is_finite()).map(|(id, _)| id)
}

/// Steele, Lea and Flood 2014: small, well mixed, the same everywhere.
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// In [0, 1).
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// The longest period that is looked for.
const LONGEST_PERIOD: usize = 96;
/// A loop is at least this many copies …
const COPIES: usize = 3;
/// … and at least this many tokens: short repetitions occur in tables and rules of text.
const LOOP: usize = 36;

/// Whether the last tokens are the same few again and again.
pub(crate) fn loops(tokens: &[u32]) -> bool {
    (1..=LONGEST_PERIOD).any(|period| {
        let length = (period * COPIES).max(LOOP);
        tokens.len() >= length && {
            let tail = &tokens[tokens.len() - length..];
            tail[period..] == tail[..length - period]
        }
    })
}

/// Between the tokens and the reader: cuts at stop strings, takes out `<think>…</think>`, and holds back what
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
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn sampling(temperature: f64, top_p: f64, seed: u64) -> Decoding {
        Decoding {
            temperature,
            top_p,
            seed,
            ..Decoding::default()
        }
    }

    fn draw(decoding: &Decoding, logits: &[f32], count: usize) -> Vec<u32> {
        let mut chooser = Chooser::new(decoding).unwrap();
        (0..count)
            .map(|_| chooser.next(logits.to_vec()).unwrap())
            .collect()
    }

    #[test]
    fn greedy_takes_the_highest_and_the_first_of_equals() {
        assert_eq!(greedy(&[1.0, 3.0, 3.0]), Some(1));
        assert_eq!(greedy(&[f32::NAN, -1.0]), Some(1));
        assert_eq!(greedy(&[f32::NAN, f32::NAN]), None);
        assert_eq!(greedy(&[f32::NEG_INFINITY]), None);
        assert_eq!(greedy(&[]), None);
    }

    #[test]
    fn a_seed_gives_the_same_tokens_and_another_seed_others() {
        let logits: Vec<f32> = (0..50).map(|i| (i as f32 * 0.7).sin()).collect();
        let first = draw(&sampling(0.9, 0.95, 7), &logits, 40);
        assert_eq!(first, draw(&sampling(0.9, 0.95, 7), &logits, 40));
        assert_ne!(first, draw(&sampling(0.9, 0.95, 8), &logits, 40));
    }

    #[test]
    fn samples_follow_the_softmax() {
        let logits = [0.0, (3.0f32).ln()];
        let drawn = draw(&sampling(1.0, 1.0, 1), &logits, 4000);
        let ones = drawn.iter().filter(|t| **t == 1).count() as f64 / 4000.0;
        assert!((ones - 0.75).abs() < 0.03, "{ones}");
    }

    #[test]
    fn the_nucleus_leaves_out_the_rest() {
        let logits = [2.0, 1.9, -1.0, -1.0];
        assert!(draw(&sampling(1.0, 0.8, 3), &logits, 500).iter().all(|t| *t < 2));
        assert!(draw(&sampling(1.0, 0.1, 3), &logits, 500).iter().all(|t| *t == 0));
    }

    #[test]
    fn the_penalty_makes_room_for_others() {
        let decoding = Decoding {
            repetition_penalty: 2.0,
            ..Decoding::default()
        };
        assert_eq!(draw(&decoding, &[3.0, 2.0, -1.0], 3), [0, 1, 0]);
        assert_eq!(draw(&decoding, &[-1.0, -1.5, -9.0], 2), [0, 1]);
    }

    #[test]
    fn options_out_of_range_are_refused() {
        for wrong in [
            sampling(-1.0, 1.0, 0),
            sampling(f64::NAN, 1.0, 0),
            sampling(1.0, 0.0, 0),
        ] {
            assert_eq!(Chooser::new(&wrong).err().unwrap().exit_code(), 2);
        }
    }

    #[test]
    fn loops_are_seen_and_text_is_not_taken_for_one() {
        assert!(loops(&[5; 36]));
        assert!(!loops(&[5; 35]));
        let sentence: Vec<u32> = (0..40).collect();
        let twice = sentence.repeat(2);
        assert!(!loops(&twice));
        let mut thrice = vec![99, 98, 97];
        thrice.extend(sentence.repeat(3));
        assert!(loops(&thrice));
        assert!(!loops(&(0..500).collect::<Vec<u32>>()));
    }

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
