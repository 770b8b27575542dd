//! Hypotheses that begin as they are told: with an opening, or with what comes before a term and the term itself.

use super::{MIN_NEW_TOKENS, Seq2Seq, TOKENS_PER_TOKEN, batches, joined};
use crate::error::Result;
use crate::neural::{Generation, Input, Output};
use crate::text::span::Span;
use crate::translate::Request;
use crate::translate::forced::opening;

/// Terms of one piece that are forced on the model, one after the other.
const ROUNDS: usize = 3;
/// Tokens of a target beside an opening: its start, its language, and one that is the model's own.
const AROUND: usize = 3;

impl Seq2Seq<'_> {
    /// The best hypothesis that begins with the opening that stands beside each request; none where that leaves no
    /// room, or the opening did not come out as it is.
    pub(super) fn forced(&self, asked: &[(Request<'_>, String)]) -> Result<Vec<Option<Output>>> {
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

    /// Puts a hypothesis that has the terms of its request behind the best one, where that lacks some. Of a segment that
    /// was cut, those pieces are written anew that have a term.
    pub(super) fn force_terms(&mut self, requests: &[Request<'_>]) -> Result<()> {
        let mut pieces: Vec<Piece<'_>> = Vec::new();
        for (request, of) in requests.iter().zip(0..) {
            let found = self.found.get(request.text).map(|found| found.pieces.as_slice());
            pieces.extend(found.unwrap_or_default().iter().map(|(span, best)| Piece {
                of,
                span: *span,
                request: Request {
                    text: span.of(request.text),
                    ..*request
                },
                best: best.clone(),
                better: false,
                tried: Vec::new(),
            }));
        }
        for _ in 0..ROUNDS {
            let mut asked = Vec::new();
            let mut who = Vec::new();
            for (index, piece) in pieces.iter_mut().enumerate() {
                let written = (piece.best.text.as_str(), piece.best.alignment.as_slice());
                let request = piece.request;
                if let Some(opening) = opening(request.text, written, request.terms, &mut piece.tried) {
                    asked.push((request, opening));
                    who.push(index);
                }
            }
            for (index, output) in who.into_iter().zip(self.forced(&asked)?) {
                if let Some(output) = output {
                    pieces[index].best = output;
                    pieces[index].better = true;
                }
            }
        }
        for (request, of) in requests.iter().zip(0..) {
            let mine = || pieces.iter().filter(|piece| piece.of == of);
            let all: Vec<(Span, Output)> = mine().map(|p| (p.span, p.best.clone())).collect();
            if let Some(found) = self
                .found
                .get_mut(request.text)
                .filter(|_| mine().any(|p| p.better))
            {
                found.whole.insert(1, joined(&all, request.to));
            }
        }
        Ok(())
    }
}

/// A part of a segment that the model reads at once: all of it, most often.
struct Piece<'a> {
    /// The number of its request.
    of: usize,
    span: Span,
    /// As its request, with its own text.
    request: Request<'a>,
    best: Output,
    /// Whether that has a term which was forced on it.
    better: bool,
    /// The terms that were tried.
    tried: Vec<usize>,
}
