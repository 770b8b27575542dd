//! Hypotheses that begin as they are told: with an opening, or with what comes before a term and the term itself.

use super::{MIN_NEW_TOKENS, Seq2Seq, TOKENS_PER_TOKEN, batches};
use crate::error::Result;
use crate::neural::{Generation, Input, Output};
use crate::translate::Request;
use crate::translate::forced::opening;

/// Terms of one segment that are forced on the model, one after the other.
const ROUNDS: usize = 3;
/// Tokens of a target beside an opening: its start, its language, and one that is the model's own.
const AROUND: usize = 3;

impl Seq2Seq<'_> {
    /// The best hypothesis that begins with the opening that stands beside each request; none where that leaves no
    /// room, or the opening did not come out as it is.
    pub(super) fn forced(&self, asked: &[(&Request<'_>, String)]) -> Result<Vec<Option<Output>>> {
        let generation = Generation {
            hypotheses: 1,
            ..self.generation.clone()
        };
        let room = self.model.room();
        let most = generation
            .max_length
            .map_or(room.target, |most| room.target.min(most.saturating_sub(AROUND)));
        let mut fitting = Vec::with_capacity(asked.len());
        let mut lengths = Vec::with_capacity(asked.len());
        for (index, (request, opening)) in asked.iter().enumerate() {
            let read = self.model.count_tokens(request.text)?;
            if read <= room.source && self.model.count_written(opening)? < most {
                fitting.push(index);
                lengths.push(read);
            }
        }
        let mut outputs = vec![None; asked.len()];
        for batch in batches(&lengths, self.batch_tokens) {
            let input = |&i: &usize| Input {
                text: asked[fitting[i]].0.text,
                from: Some(asked[fitting[i]].0.from),
                to: Some(asked[fitting[i]].0.to),
                prefix: &asked[fitting[i]].1,
                max_tokens: Some(MIN_NEW_TOKENS.max(lengths[i] * TOKENS_PER_TOKEN)),
            };
            let inputs: Vec<Input<'_>> = batch.iter().map(input).collect();
            let written = self.model.generate(&inputs, &generation)?;
            for (i, found) in batch.into_iter().zip(written) {
                let opening = asked[fitting[i]].1.as_str();
                let whole = |o: &Output| o.ended && o.text.starts_with(opening);
                outputs[fitting[i]] = found.into_iter().next().filter(whole);
            }
        }
        Ok(outputs)
    }

    /// Puts a hypothesis that has the terms of its request behind the best one, where that lacks some.
    pub(super) fn force_terms(&mut self, requests: &[Request<'_>]) -> Result<()> {
        let best = |request: &Request<'_>| self.found.get(request.text)?.first().cloned();
        let mut best: Vec<Option<Output>> = requests.iter().map(best).collect();
        let mut better = vec![false; requests.len()];
        let mut tried = vec![Vec::new(); requests.len()];
        for _ in 0..ROUNDS {
            let mut asked = Vec::new();
            let mut who = Vec::new();
            for (index, request) in requests.iter().enumerate() {
                let Some(known) = &best[index] else { continue };
                let written = (known.text.as_str(), known.alignment.as_slice());
                if let Some(opening) = opening(request.text, written, request.terms, &mut tried[index]) {
                    asked.push((request, opening));
                    who.push(index);
                }
            }
            for (index, output) in who.into_iter().zip(self.forced(&asked)?) {
                if output.is_some() {
                    best[index] = output;
                    better[index] = true;
                }
            }
        }
        for (index, request) in requests.iter().enumerate().filter(|(i, _)| better[*i]) {
            if let Some((best, found)) = best[index].take().zip(self.found.get_mut(request.text)) {
                found.insert(1, best);
            }
        }
        Ok(())
    }
}
