//! The search for the targets of one sentence: a beam search as transformers 5 defines it, or draws side by side.

use std::sync::Arc;

use super::constraints::Constraints;
use super::options::{EarlyStopping, Generation, Sampling};
use super::sample::{SplitMix64, draw};
use super::search::{Source, Written};
use crate::error::{Error, Result};
use crate::neural::likeliest::{Chosen, Highest, greedy};
use crate::neural::normal::Normal;

/// A target that is being written.
struct Beam {
    /// All of it, the start token included.
    tokens: Vec<u32>,
    /// The sum of the log-probabilities of what was chosen.
    log: f64,
    /// The row of the last step that it goes on from.
    row: usize,
    /// What its tokens attended to, but for the last, which has not been read.
    trail: Option<Arc<Trail>>,
    /// For draws.
    random: Option<SplitMix64>,
}

/// What a token attended to, and the tokens before it: shared by all targets that begin alike.
struct Trail {
    attention: Vec<f32>,
    before: Option<Arc<Trail>>,
}

/// A finished target.
struct Finished {
    tokens: Vec<u32>,
    score: f64,
    certainty: f64,
    trail: Option<Arc<Trail>>,
}

/// A token that may follow a beam.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Candidate {
    beam: usize,
    token: u32,
    log: f64,
}

/// What a step says of the tokens that may follow its rows.
pub(super) enum Next<'a> {
    /// `(rows, vocabulary)`.
    Logits(&'a mut [f32]),
    /// The likeliest of those that may follow each row, if there is any.
    Best(&'a [Option<Chosen>]),
    /// Those that may follow each row and are the likeliest; none where the row is damaged.
    Leading(&'a mut [Option<Vec<Chosen>>]),
}

impl Next<'_> {
    /// Whether it is of so many rows.
    pub(super) fn is_of(&self, rows: usize, vocabulary: usize) -> bool {
        match self {
            Self::Logits(logits) => logits.len() == rows * vocabulary,
            Self::Best(chosen) => chosen.len() == rows,
            Self::Leading(leading) => leading.len() == rows,
        }
    }

    /// The first `rows`, and the others.
    pub(super) fn split(self, rows: usize, vocabulary: usize) -> (Self, Self) {
        match self {
            Self::Logits(logits) => {
                let (own, rest) = logits.split_at_mut(rows * vocabulary);
                (Self::Logits(own), Self::Logits(rest))
            }
            Self::Best(chosen) => {
                let (own, rest) = chosen.split_at(rows);
                (Self::Best(own), Self::Best(rest))
            }
            Self::Leading(leading) => {
                let (own, rest) = leading.split_at_mut(rows);
                (Self::Leading(own), Self::Leading(rest))
            }
        }
    }
}

/// The rows of one sentence in a step.
pub(super) struct Rows<'a> {
    /// The number of the first among all rows of the step.
    pub(super) first: usize,
    pub(super) next: Next<'a>,
    /// `(rows, longest source)`.
    pub(super) attention: Option<&'a [f32]>,
    /// The longest source of the batch.
    pub(super) longest: usize,
}

/// The state of the search for one sentence.
pub(super) struct Sentence<'a> {
    generation: &'a Generation,
    constraints: &'a Constraints<'a>,
    source: &'a Source<'a>,
    /// What is given at the start: the start token and, before a prefix, the forced first token. It is neither
    /// scored nor counted into the length.
    given: Vec<u32>,
    first: Option<u32>,
    max_length: usize,
    running: Vec<Beam>,
    /// The best first, at most as many as are followed.
    finished: Vec<Finished>,
    done: bool,
}

impl<'a> Sentence<'a> {
    /// Sentence number `row` of a batch, with nothing written.
    pub(super) fn new(
        generation: &'a Generation,
        constraints: &'a Constraints<'a>,
        source: &'a Source<'a>,
        (start, first): (u32, Option<u32>),
        max_length: usize,
        row: usize,
    ) -> Result<Self> {
        let mut given = vec![start];
        if !source.prefix.is_empty() {
            given.extend(first);
            given.extend(source.prefix);
        }
        if given.len() >= max_length {
            return Err(Error::failed(format!(
                "a target may have {max_length} tokens, and {} of them are given: none can be written",
                given.len()
            )));
        }
        let beam = Beam {
            tokens: vec![start],
            log: 0.0,
            row,
            trail: None,
            random: None,
        };
        Ok(Self {
            generation,
            constraints,
            source,
            given,
            first,
            max_length,
            running: vec![beam],
            finished: Vec::new(),
            done: false,
        })
    }

    pub(super) fn done(&self) -> bool {
        self.done
    }

    /// For each row of the next step the token that it reads and the row that it goes on from.
    pub(super) fn rows(&self) -> impl ExactSizeIterator<Item = (u32, usize)> {
        self.running
            .iter()
            .map(|beam| (beam.tokens.last().copied().unwrap_or_default(), beam.row))
    }

    /// Takes what the step gave for its rows, and chooses what goes on.
    ///
    /// # Errors
    /// [`Error::Failed`] if no token can follow.
    pub(super) fn advance(&mut self, rows: Rows<'_>) -> Result<()> {
        self.keep_attention(&rows);
        for (index, beam) in self.running.iter_mut().enumerate() {
            beam.row = rows.first + index;
        }
        let length = self.running.first().map_or(0, |beam| beam.tokens.len());
        if let Some(token) = self.given.get(length) {
            self.running.iter_mut().for_each(|beam| beam.tokens.push(*token));
            return Ok(());
        }
        match (rows.next, self.generation.sampling) {
            (Next::Best(chosen), _) => self.take_chosen(chosen),
            (Next::Leading(rows), _) => {
                let rows = rows.iter_mut().map(Option::take).collect();
                self.widen(rows)
            }
            (Next::Logits(logits), Some(sampling)) => self.draw(&sampling, logits),
            (Next::Logits(logits), None) if self.generation.beams == 1 => self.take_best(logits),
            (Next::Logits(logits), None) => {
                let rows = self.leading(logits);
                self.widen(rows)
            }
        }
    }

    fn keep_attention(&mut self, rows: &Rows<'_>) {
        let Some(attention) = rows.attention.filter(|_| rows.longest > 0) else {
            return;
        };
        for (beam, row) in self.running.iter_mut().zip(attention.chunks(rows.longest)) {
            beam.trail = Some(Arc::new(Trail {
                attention: row[..self.source.tokens.len().min(row.len())].to_vec(),
                before: beam.trail.take(),
            }));
        }
    }

    /// The likeliest tokens that may follow each row.
    fn leading(&self, logits: &mut [f32]) -> Vec<Option<Vec<Chosen>>> {
        let vocabulary = (logits.len() / self.running.len().max(1)).max(1);
        let each = self.running.iter().zip(logits.chunks_mut(vocabulary));
        let one = |(beam, row): (&Beam, &mut [f32])| {
            let normal = Normal::of(row)?;
            self.constraints.apply(row, &beam.tokens, Some(normal));
            let normal = match self.generation.renormalise {
                true => Normal::of(row)?,
                false => normal,
            };
            let mut highest = Highest::new(self.constraints.candidates());
            highest.scan(row, 0);
            Some(highest.chosen(normal))
        };
        each.map(one).collect()
    }

    /// One step of the beam search. `rows`: the likeliest tokens that may follow each.
    fn widen(&mut self, rows: Vec<Option<Vec<Chosen>>>) -> Result<()> {
        let mut top = Top::new(self.constraints.candidates());
        for (index, (beam, row)) in self.running.iter().zip(rows).enumerate() {
            if let Some(token) = self.forced(beam) {
                top.offer(index, token, beam.log);
                continue;
            }
            for chosen in row.ok_or_else(no_token)? {
                top.offer(index, chosen.token, beam.log + chosen.log);
            }
        }
        if top.candidates.is_empty() {
            return Err(no_token());
        }
        self.take(&top.candidates);
        Ok(())
    }

    /// Sorts `candidates`, the best first, into what is finished and what goes on.
    fn take(&mut self, candidates: &[Candidate]) {
        let beams = self.generation.beams;
        let full = self.finished.len() >= beams;
        let mut next = Vec::with_capacity(beams);
        for (rank, candidate) in candidates.iter().enumerate() {
            let beam = &self.running[candidate.beam];
            let ends = self.constraints.ends(candidate.token) || beam.tokens.len() + 1 >= self.max_length;
            if !ends {
                if next.len() < beams {
                    next.push(beam.with(candidate));
                }
            } else if rank < beams && !(full && self.generation.early_stopping == EarlyStopping::Yes) {
                let beam = beam.with(candidate);
                self.finish(beam);
            }
        }
        self.finished.truncate(beams);
        self.running = next;
        let full = self.finished.len() >= beams;
        let worst = self.finished.last().map_or(f64::NEG_INFINITY, |f| f.score);
        let hopeless = full && self.best_possible().is_none_or(|best| best <= worst);
        self.done = hopeless
            || self.running.is_empty()
            || (full && self.generation.early_stopping == EarlyStopping::Yes);
    }

    /// The best score that what still runs is taken to be able to reach.
    fn best_possible(&self) -> Option<f64> {
        let best = self.running.first()?;
        let never = self.generation.early_stopping == EarlyStopping::Never;
        let length = if never && self.generation.length_penalty > 0.0 {
            self.max_length
        } else {
            best.tokens.len()
        };
        Some(self.generation.score(best.log, length - self.given.len()))
    }

    /// One step of a greedy search: the first end is the end.
    fn take_best(&mut self, logits: &mut [f32]) -> Result<()> {
        self.follow(logits, |row, _| greedy(row))
    }

    /// One step of the draws, which part at the first token that is theirs to choose.
    fn draw(&mut self, sampling: &Sampling, logits: &mut [f32]) -> Result<()> {
        let choose = |row: &[f32], random: Option<&mut SplitMix64>| {
            greedy(row)?;
            Some(draw(
                row,
                sampling.temperature,
                sampling.top_k,
                sampling.top_p,
                random?,
            ))
        };
        match self.running.as_slice() {
            [only] if only.random.is_none() => {
                let mut seeds = SplitMix64::new(sampling.seed);
                let parted = |_| Beam {
                    random: Some(SplitMix64::new(seeds.next())),
                    ..only.copy()
                };
                self.running = (0..self.generation.hypotheses).map(parted).collect();
                self.follow(&mut logits.repeat(self.running.len()), choose)
            }
            _ => self.follow(logits, choose),
        }
    }

    /// Each beam goes on with the token that `choose` takes.
    fn follow(
        &mut self,
        logits: &mut [f32],
        mut choose: impl FnMut(&[f32], Option<&mut SplitMix64>) -> Option<u32>,
    ) -> Result<()> {
        let running = std::mem::take(&mut self.running);
        let vocabulary = logits.len() / running.len().max(1);
        for (mut beam, row) in running.into_iter().zip(logits.chunks_mut(vocabulary.max(1))) {
            let (token, log) = match self.forced(&beam) {
                Some(token) => (token, 0.0),
                None => {
                    let normal = Normal::of(row).ok_or_else(no_token)?;
                    // the penalty changes the choice, not how likely the chosen token is
                    let plain = (self.generation.repetition_penalty != 1.0).then(|| row.to_vec());
                    self.constraints.apply(row, &beam.tokens, None);
                    let token = choose(row, beam.random.as_mut()).ok_or_else(no_token)?;
                    let logit = plain.as_deref().unwrap_or(row).get(token as usize);
                    (token, logit.map_or(f64::NEG_INFINITY, |l| normal.log(*l)))
                }
            };
            beam.log += log;
            self.go_on(beam, token);
        }
        self.done = self.running.is_empty();
        Ok(())
    }

    /// One step of a greedy search whose tokens are known.
    fn take_chosen(&mut self, chosen: &[Option<Chosen>]) -> Result<()> {
        for (mut beam, chosen) in std::mem::take(&mut self.running).into_iter().zip(chosen) {
            let token = match self.forced(&beam) {
                Some(token) => token,
                None => {
                    let chosen = chosen.ok_or_else(no_token)?;
                    beam.log += chosen.log;
                    chosen.token
                }
            };
            self.go_on(beam, token);
        }
        self.done = self.running.is_empty();
        Ok(())
    }

    /// `beam` with one more token, which may be its last.
    fn go_on(&mut self, mut beam: Beam, token: u32) {
        beam.tokens.push(token);
        if self.constraints.ends(token) || beam.tokens.len() >= self.max_length {
            self.finish(beam);
        } else {
            self.running.push(beam);
        }
    }

    fn forced(&self, beam: &Beam) -> Option<u32> {
        self.constraints.forced(&beam.tokens, self.first, self.max_length)
    }

    /// Puts a target among the finished: behind those with the same score, once if it is there already.
    fn finish(&mut self, beam: Beam) {
        let length = beam.tokens.len() - self.given.len();
        let score = self.generation.score(beam.log, length);
        if self.finished.iter().any(|f| f.tokens == beam.tokens) {
            return;
        }
        let place = self.finished.partition_point(|f| f.score >= score);
        self.finished.insert(
            place,
            Finished {
                tokens: beam.tokens,
                score,
                certainty: (beam.log / length.max(1) as f64).exp(),
                trail: beam.trail,
            },
        );
    }

    /// The targets that were asked for, the best first.
    pub(super) fn into_written(self) -> Vec<Written> {
        let finished = self.finished.into_iter().take(self.generation.hypotheses);
        let constraints = self.constraints;
        finished
            .map(|f| Written {
                ended: f.tokens.last().is_some_and(|t| constraints.ends(*t)),
                tokens: f.tokens[1..].to_vec(),
                score: f.score as f32,
                certainty: f.certainty as f32,
                attention: self.generation.attention.then(|| unroll(f.trail)),
            })
            .collect()
    }
}

impl Beam {
    fn copy(&self) -> Self {
        Self {
            tokens: self.tokens.clone(),
            trail: self.trail.clone(),
            random: None,
            ..*self
        }
    }

    fn with(&self, candidate: &Candidate) -> Self {
        let mut next = self.copy();
        next.tokens.push(candidate.token);
        next.log = candidate.log;
        next
    }
}

/// The rows of a trail in the order of the tokens, without the start token's.
fn unroll(mut trail: Option<Arc<Trail>>) -> Vec<Vec<f32>> {
    let mut rows = Vec::new();
    while let Some(here) = trail {
        rows.push(here.attention.clone());
        trail = here.before.clone();
    }
    rows.pop();
    rows.reverse();
    rows
}

fn no_token() -> Error {
    Error::failed("the model's output holds no token that may follow: its weights are damaged")
}

/// The best candidates of all beams, the best first and the earlier first among equals.
struct Top {
    keep: usize,
    candidates: Vec<Candidate>,
}

impl Top {
    fn new(keep: usize) -> Self {
        Self {
            keep,
            candidates: Vec::with_capacity(keep + 1),
        }
    }

    fn offer(&mut self, beam: usize, token: u32, log: f64) {
        let place = self.candidates.partition_point(|c| c.log >= log);
        if place < self.keep {
            self.candidates.insert(place, Candidate { beam, token, log });
            self.candidates.truncate(self.keep);
        }
    }
}
