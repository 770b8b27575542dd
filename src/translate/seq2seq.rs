//! Translation by an encoder-decoder: many segments in a batch, several hypotheses for each.

mod forcing;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::pieces::pieces;
use super::{Alternative, Draft, Request, Translator};
use crate::error::Result;
use crate::neural::{Generation, Input, Link, Output, TextToText};
use crate::progress::Progress;
use crate::text::language::Language;
use crate::text::script::Script;
use crate::text::span::Span;

/// Segments that are looked at together: enough of them to make batches of like lengths.
const WINDOW: usize = 256;
/// Source tokens of a batch, padding included, where nothing else is asked for.
pub const BATCH_TOKENS: usize = 1024;
/// Beams where the model's authors name none.
const BEAMS: usize = 4;
/// Tokens that a translation may take for each token of its source. Scripts that the vocabulary knows badly need
/// several tokens a character.
const TOKENS_PER_TOKEN: usize = 4;
const MIN_NEW_TOKENS: usize = 64;

/// How an encoder-decoder is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// Hypotheses that are followed side by side; none: as the model's authors do it.
    pub beams: Option<usize>,
    /// Translations of each segment to give out.
    pub alternatives: Option<usize>,
    /// Source tokens of a batch, padding included.
    pub batch_tokens: Option<usize>,
}

/// What was found for a segment.
#[derive(Clone, Default)]
struct Found {
    /// Its hypotheses, the best first.
    whole: Vec<Output>,
    /// The best of each of the pieces that it was cut into, and where that stands.
    pieces: Vec<(Span, Output)>,
}

/// What was translated before it was asked for, together with what comes after it: by its languages and text.
#[derive(Default)]
pub struct Ahead(RefCell<BTreeMap<(Language, Language, String), Found>>);

impl Ahead {
    /// Forgets all of it.
    pub fn clear(&self) {
        self.0.borrow_mut().clear();
    }

    fn get(&self, request: &Request<'_>) -> Option<Found> {
        let key = (request.from, request.to, request.text.to_owned());
        self.0.borrow().get(&key).cloned()
    }
}

/// Translates with an encoder-decoder.
pub struct Seq2Seq<'a> {
    model: &'a dyn TextToText,
    generation: Generation,
    alternatives: usize,
    batch_tokens: usize,
    /// By their text the segments that were asked for last.
    found: BTreeMap<String, Found>,
    ahead: Rc<Ahead>,
    progress: &'a dyn Progress,
    /// Segments of the job, and those that came before what is asked for now.
    job: (usize, usize),
}

impl<'a> Seq2Seq<'a> {
    /// A translator that asks `model` for what `ahead` does not know.
    pub fn new(
        model: &'a dyn TextToText,
        search: Search,
        ahead: Rc<Ahead>,
        progress: &'a dyn Progress,
    ) -> Self {
        let defaults = model.defaults();
        let usual = model.beams().unwrap_or(BEAMS);
        let alternatives = search.alternatives.unwrap_or(0);
        let beams = search.beams.unwrap_or(usual).max(alternatives);
        Self {
            model,
            alternatives,
            batch_tokens: search.batch_tokens.unwrap_or(BATCH_TOKENS),
            generation: Generation {
                beams,
                hypotheses: beams.min(alternatives.max(super::ATTEMPTS)),
                exact_scores: alternatives > 0,
                attention: true,
                ..defaults
            },
            found: BTreeMap::new(),
            ahead,
            progress,
            job: (0, 0),
        }
    }

    /// Translates what will be asked for, whatever article it stands in, so that batches are full.
    ///
    /// # Errors
    /// Those of the model.
    pub fn go_ahead(&mut self, requests: &[Request<'_>]) -> Result<()> {
        self.begin(requests.len());
        self.find(requests)?;
        for request in requests {
            if let Some(found) = self.found.remove(request.text) {
                let key = (request.from, request.to, request.text.to_owned());
                self.ahead.0.borrow_mut().insert(key, found);
            }
        }
        Ok(())
    }

    /// Finds the hypotheses for what has none yet.
    fn find(&mut self, requests: &[Request<'_>]) -> Result<()> {
        let room = self.model.room().source;
        let fits = |text: &str| Ok(self.model.count_tokens(text)? <= room);
        let mut cut: Vec<(&Request<'_>, Vec<Span>)> = Vec::new();
        let mut seen = BTreeSet::new();
        for request in requests {
            if let Some(found) = self.ahead.get(request) {
                self.found.insert(request.text.to_owned(), found);
                seen.insert(request.text);
            } else if seen.insert(request.text) {
                let mut spans = pieces(request.text, request.from, &fits)?;
                spans.retain(|span| !span.is_empty());
                cut.push((request, spans));
            }
        }
        let texts = cut.iter().flat_map(|(request, spans)| {
            let piece = |span: &Span| (*request, span.of(request.text));
            spans.iter().map(piece)
        });
        let texts: Vec<(&Request<'_>, &str)> = texts.collect();
        let mut outputs = self.outputs(&texts)?.into_iter();
        for (request, spans) in &cut {
            let parts: Vec<(Span, Vec<Output>)> = spans.iter().copied().zip(outputs.by_ref()).collect();
            self.found
                .insert(request.text.to_owned(), Found::of(parts, request.to));
        }
        Ok(())
    }

    /// The hypotheses for each text, in order; computed in batches of like lengths.
    fn outputs(&self, texts: &[(&Request<'_>, &str)]) -> Result<Vec<Vec<Output>>> {
        let mut lengths = Vec::with_capacity(texts.len());
        for (_, text) in texts {
            lengths.push(self.model.count_tokens(text)?);
        }
        let mut outputs = vec![Vec::new(); texts.len()];
        let (all, before) = self.job;
        let mut done = 0;
        for batch in batches(&lengths, self.batch_tokens) {
            let inputs: Vec<Input<'_>> = batch
                .iter()
                .map(|&i| Input {
                    text: texts[i].1,
                    from: Some(texts[i].0.from),
                    to: Some(texts[i].0.to),
                    max_tokens: Some(MIN_NEW_TOKENS.max(lengths[i] * TOKENS_PER_TOKEN)),
                    ..Input::default()
                })
                .collect();
            self.progress.step((before + done + 1).min(all), all);
            let written = self.model.generate(&inputs, &self.generation)?;
            done += batch.len();
            for (index, found) in batch.into_iter().zip(written) {
                outputs[index] = found;
            }
        }
        Ok(outputs)
    }
}

impl Translator for Seq2Seq<'_> {
    fn window(&self) -> usize {
        WINDOW
    }

    fn begin(&mut self, segments: usize) {
        self.job = (segments, 0);
    }

    fn forces(&self) -> bool {
        true
    }

    /// The hypotheses are found together at the first attempt. The second is one that the terms are forced on, where
    /// the first lacks some; the further ones are the further hypotheses. A request with an opening has one alone.
    fn drafts(&mut self, requests: &[Request<'_>], attempt: usize) -> Result<Vec<Option<Draft>>> {
        if requests.iter().any(|request| !request.opening.is_empty()) {
            let asked: Vec<(Request<'_>, String)> =
                requests.iter().map(|r| (*r, r.opening.to_owned())).collect();
            let outputs = self.forced(&asked)?;
            return Ok(outputs.iter().map(|o| o.as_ref().map(draft)).collect());
        }
        if attempt == 0 {
            self.found.clear();
        }
        let unknown = |request: &&Request<'_>| !self.found.contains_key(request.text);
        let unknown: Vec<Request<'_>> = requests.iter().filter(unknown).copied().collect();
        self.find(&unknown)?;
        if attempt == 0 {
            self.job.1 += requests.len();
        }
        if attempt == 1 {
            self.force_terms(requests)?;
        }
        let each = requests.iter().map(|request| {
            let found = &self.found.get(request.text)?.whole;
            Some(Draft {
                alternatives: found.iter().take(self.alternatives).map(alternative).collect(),
                ..draft(found.get(attempt)?)
            })
        });
        Ok(each.collect())
    }
}

fn draft(output: &Output) -> Draft {
    Draft {
        // what was cut off is no translation of the segment
        text: if output.ended {
            output.text.clone()
        } else {
            String::new()
        },
        alignment: output.alignment.clone(),
        confidence: Some(output.certainty),
        alternatives: Vec::new(),
    }
}

fn alternative(output: &Output) -> Alternative {
    Alternative {
        text: output.text.clone(),
        score: output.score,
    }
}

/// The numbers of the texts in batches, the longest first: each as many as have room, padded to the longest of
/// them, in `budget` tokens; at least one.
fn batches(lengths: &[usize], budget: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(lengths[i]));
    let mut batches: Vec<Vec<usize>> = Vec::new();
    let mut longest = 0;
    for index in order {
        match batches.last_mut() {
            Some(batch) if (batch.len() + 1) * longest <= budget => batch.push(index),
            _ => {
                longest = lengths[index].max(1);
                batches.push(vec![index]);
            }
        }
    }
    batches
}

impl Found {
    /// From the hypotheses for each piece of a segment.
    fn of(mut parts: Vec<(Span, Vec<Output>)>, to: Language) -> Self {
        let best = |(span, found): &(Span, Vec<Output>)| Some((*span, found.first()?.clone()));
        let pieces = parts.iter().filter_map(best).collect();
        if let [(Span { start: 0, .. }, found)] = parts.as_mut_slice() {
            let whole = std::mem::take(found);
            return Self { whole, pieces };
        }
        let most = parts.iter().map(|(_, found)| found.len()).max().unwrap_or(0);
        // the best of each, then the second of each …
        let ranked = |rank: usize| {
            let of = |(span, found): &'_ (Span, Vec<Output>)| {
                Some((*span, found.get(rank).or(found.last())?.clone()))
            };
            joined(&parts.iter().filter_map(of).collect::<Vec<_>>(), to)
        };
        Self {
            whole: (0..most).map(ranked).collect(),
            pieces,
        }
    }
}

/// What was written for the pieces of a segment as one.
fn joined(pieces: &[(Span, Output)], to: Language) -> Output {
    if let [(Span { start: 0, .. }, only)] = pieces {
        return only.clone();
    }
    let between = if writes_spaces(to) { " " } else { "" };
    let mut whole = Output {
        ended: true,
        certainty: 1.0,
        ..Output::default()
    };
    for (span, piece) in pieces {
        append(&mut whole, piece, *span, between);
    }
    whole
}

fn append(whole: &mut Output, part: &Output, source: Span, between: &str) {
    if !whole.text.is_empty() && !part.text.is_empty() {
        whole.text.push_str(between);
    }
    let at = whole.text.len();
    whole.text.push_str(&part.text);
    whole.score += part.score;
    // the whole is as sure as its least sure part
    whole.certainty = whole.certainty.min(part.certainty);
    whole.ended &= part.ended;
    whole.alignment.extend(part.alignment.iter().map(|link| Link {
        source: link.source.shifted(source.start),
        target: link.target.shifted(at),
        weight: link.weight,
    }));
}

/// Whether a language puts spaces between sentences.
fn writes_spaces(language: Language) -> bool {
    let without = [Script::Han, Script::Kana];
    !language.scripts().iter().any(|script| without.contains(script))
}

#[cfg(test)]
mod tests;
