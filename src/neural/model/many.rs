//! Several answers at a time: each step reads the next tokens of all sequences that have begun and are not done.
//!
//! The weights are brought from memory once a step, whatever the number of rows, so rows share that cost. A sequence
//! leaves as soon as its answer ends, and the next one joins in the same step.

use std::collections::{HashSet, VecDeque};

use super::causal::{CausalLm, Reading, State};
use super::lookup::{Guess, Lookup};
use super::{ROWS, TOKENS};
use crate::error::Result;
use crate::neural::decode::{Chooser, Outlet, loops};
use crate::neural::tokenizer::{Streamer, Tokenizer};
use crate::neural::{Completion, Decoding, Finish, Streamed};
use crate::progress::checkpoint;

/// An answer that is being written.
pub(super) struct Answer<'a> {
    /// Which of the requests it answers.
    index: usize,
    /// The prompt, then what was written.
    ids: Vec<u32>,
    prompt: usize,
    /// Tokens of the prompt that were read before, or for another.
    kept: usize,
    /// Tokens to write at the most.
    most: usize,
    chooser: Chooser,
    outlet: Outlet<'a>,
    streamer: Streamer,
    looks_up: bool,
    guess: Guess,
    /// What the next step reads of it, from where its state ends.
    next: Vec<u32>,
    steps: usize,
    finish: Option<Finish>,
}

impl<'a> Answer<'a> {
    /// # Errors
    /// [`crate::error::Error::Usage`] for options out of range.
    pub(super) fn new(
        index: usize,
        ids: Vec<u32>,
        kept: usize,
        most: usize,
        decoding: &'a Decoding,
    ) -> Result<Self> {
        Ok(Self {
            index,
            prompt: ids.len(),
            kept,
            ids,
            most,
            chooser: Chooser::new(decoding)?,
            outlet: Outlet::new(&decoding.stop),
            streamer: Streamer::default(),
            // a draw that agrees with a guess is luck
            looks_up: decoding.prompt_lookup && decoding.temperature == 0.0,
            guess: Guess::default(),
            next: Vec::new(),
            steps: 0,
            finish: (most == 0).then_some(Finish::Length),
        })
    }

    fn written(&self) -> &[u32] {
        &self.ids[self.prompt..]
    }

    /// Decides what the next step reads: what is left of the prompt, at most `room` tokens of it; else the last token,
    /// and a guess of what follows it. `rows`: sequences of the step. `border`: no step with a guess goes across it.
    fn plan(&mut self, read: usize, room: usize, rows: usize, lookup: &Lookup, border: Option<usize>) {
        let left = self.ids.len() - read;
        self.next.clear();
        self.next.extend(&self.ids[read..read + left.min(room.max(1))]);
        self.guess = Guess::default();
        if left == 1 && self.looks_up && !self.written().is_empty() {
            let most = self.most - self.written().len() - 1;
            self.guess = lookup.guess(&self.ids, most, rows);
            let mut worth = self.guess.worth.min(room.saturating_sub(1));
            if border.is_some_and(|border| read <= border && border < read + 1 + worth) {
                worth = 0;
            }
            self.guess.worth = worth;
            self.next.extend(&self.guess.tokens[..worth]);
        }
    }

    /// How many of the next step's logits are wanted.
    fn wanted(&self, read: usize) -> usize {
        if read + self.next.len() < self.ids.len() {
            0
        } else {
            1 + self.guess.worth
        }
    }

    /// Takes what the model says after the last token, and after each guessed one as long as the guess was right.
    fn take(
        &mut self,
        logits: &mut [f32],
        vocabulary: usize,
        speech: &Speech<'_>,
        on_text: &mut dyn FnMut(&str),
    ) -> Result<()> {
        self.steps += 1;
        for (at, logits) in logits.chunks_exact_mut(vocabulary).enumerate() {
            let token = self.chooser.next(logits)?;
            self.write(token, speech, on_text);
            if self.finish.is_some() || self.guess.tokens[..self.guess.worth].get(at) != Some(&token) {
                break;
            }
        }
        Ok(())
    }

    fn write(&mut self, token: u32, speech: &Speech<'_>, on_text: &mut dyn FnMut(&str)) {
        if speech.stop.contains(&token) {
            self.finish = Some(Finish::Stop);
            return;
        }
        self.ids.push(token);
        let piece = self.streamer.push(speech.tokenizer.token_bytes(token));
        self.finish = if self.outlet.push(&piece, on_text) {
            Some(Finish::Stop)
        } else if loops(self.written()) {
            Some(Finish::Repetition)
        } else if self.written().len() >= self.most {
            Some(Finish::Length)
        } else {
            None
        };
    }

    fn end(mut self, on_text: &mut dyn FnMut(usize, Streamed<'_>)) -> (usize, Completion) {
        let index = self.index;
        let mut give = |text: &str| on_text(index, Streamed::Text(text));
        self.outlet.push(&self.streamer.finish(), &mut give);
        let completion = Completion {
            text: self.outlet.finish(&mut give),
            prompt_tokens: self.prompt,
            kept_tokens: self.kept,
            new_tokens: self.ids.len() - self.prompt,
            steps: self.steps,
            finish: self.finish.unwrap_or(Finish::Length),
        };
        on_text(index, Streamed::End(&completion));
        (index, completion)
    }
}

/// What tokens mean.
pub(super) struct Speech<'a> {
    pub(super) tokenizer: &'a Tokenizer,
    pub(super) stop: &'a HashSet<u32>,
}

/// Writes all answers, which begin as `trunk` does. The completions by their requests' numbers.
///
/// # Errors
/// Those of the model; `Interrupted` on Ctrl-C.
pub(super) fn write(
    model: &dyn CausalLm,
    speech: &Speech<'_>,
    trunk: &State,
    answers: Vec<Answer<'_>>,
    on_text: &mut dyn FnMut(usize, Streamed<'_>),
) -> Result<Vec<(usize, Completion)>> {
    let mut waiting: VecDeque<Answer<'_>> = answers.into();
    let mut active: Vec<(Answer<'_>, State)> = Vec::new();
    let mut done = Vec::with_capacity(waiting.len());
    let mut lookup = Lookup::new();
    loop {
        while let Some(answer) = joins(&mut waiting, &active, trunk.len()) {
            if answer.finish.is_some() {
                done.push(answer.end(on_text));
                continue;
            }
            let mut state = trunk.fork()?;
            state.reserve(answer.ids.len() + answer.most - state.len());
            active.push((answer, state));
        }
        if active.is_empty() {
            return Ok(done);
        }
        checkpoint()?;
        step(model, speech, &mut active, &mut lookup, on_text)?;
        let mut going = Vec::with_capacity(active.len());
        for (answer, state) in active {
            match answer.finish {
                Some(_) => done.push(answer.end(on_text)),
                None => going.push((answer, state)),
            }
        }
        active = going;
    }
}

/// The next answer that there is room for beside those that are being written; one alone always has room.
fn joins<'a>(
    waiting: &mut VecDeque<Answer<'a>>,
    active: &[(Answer<'a>, State)],
    shared: usize,
) -> Option<Answer<'a>> {
    let tokens = |answer: &Answer<'_>| answer.prompt + answer.most - shared;
    let taken: usize = active.iter().map(|(answer, _)| tokens(answer)).sum();
    let fits = |next: &Answer<'_>| active.len() < ROWS && taken + tokens(next) <= TOKENS;
    let next = waiting.front()?;
    (active.is_empty() || fits(next)).then(|| waiting.pop_front())?
}

/// One step of all that are being written.
fn step(
    model: &dyn CausalLm,
    speech: &Speech<'_>,
    active: &mut [(Answer<'_>, State)],
    lookup: &mut Lookup,
    on_text: &mut dyn FnMut(usize, Streamed<'_>),
) -> Result<()> {
    // each sequence takes one row; what is left goes to prompts and guesses, first come first served
    let rows = active.len();
    let mut spare = ROWS.saturating_sub(rows);
    for (answer, state) in &mut *active {
        answer.plan(state.len(), 1 + spare, rows, lookup, model.original_context());
        spare -= (answer.next.len() - 1).min(spare);
    }
    let wanted: Vec<usize> = active
        .iter()
        .map(|(answer, state)| answer.wanted(state.len()))
        .collect();
    let mut readings: Vec<Reading<'_>> = active
        .iter_mut()
        .zip(&wanted)
        .map(|((answer, state), wanted)| Reading {
            tokens: &answer.next,
            state,
            wanted: *wanted,
        })
        .collect();
    let mut logits = model.batch(&mut readings)?;
    let vocabulary = model.vocabulary();
    let mut rest = logits.as_mut_slice();
    for ((answer, state), wanted) in active.iter_mut().zip(wanted) {
        let (own, others) = rest.split_at_mut(wanted * vocabulary);
        rest = others;
        if own.is_empty() {
            continue;
        }
        let before = answer.ids.len();
        let index = answer.index;
        answer.take(own, vocabulary, speech, &mut |text| {
            on_text(index, Streamed::Text(text));
        })?;
        lookup.learn(&answer.guess, &answer.ids[before..]);
        // the last token has not been read, and guesses that were wrong are forgotten
        state.truncate(answer.ids.len().max(1) - 1);
    }
    Ok(())
}
