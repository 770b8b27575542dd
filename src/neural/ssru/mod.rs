//! Marian's students: a transformer encoder and a decoder of simpler simple recurrent units, small enough for a
//! processor.
//!
//! Kim et al. 2019 (<https://aclanthology.org/D19-5632>); the models of Firefox Translations are of this kind. A
//! decoder layer keeps one vector for each row in place of keys and values, then attends to the source, then comes a
//! feed-forward block; each part's sum is normalised after it. Positions are sinusoids. The word vectors of the target
//! are the weights of the output layer.
//!
//! Sources of different lengths follow each other without padding. Rows do not meet, so they are shared out among the
//! threads, and a row's logits are the same bits whatever shares the batch with it.

mod config;
mod layers;
mod load;

use std::path::Path;
use std::sync::Arc;

use candle_core::Device;
use rayon::prelude::*;

use self::config::Config;
use self::layers::{Affine, Attention, FeedForward, Memory, Ssru};
use self::load::{Loader, Words};
use super::likeliest::{Chosen, Few, leading, likeliest};
use super::marian_bin::Quantised;
use super::seq2seq::{Best, EncoderDecoder, Leading, Limits, Special, Step};
use super::shortlist::Shortlist;
use crate::error::{Error, Result};
use crate::progress::checkpoint;

/// Firefox cuts sources here; students are trained on shorter ones.
const LONGEST_SOURCE: usize = 128;
/// Twice the longest source and some more.
const LONGEST_TARGET: usize = 288;

/// What a student is computed in.
#[derive(Clone, Debug)]
pub enum Arithmetic {
    /// 8-bit integers on the processor, as the model was made for. A model that is stored in floats is computed in
    /// floats on the processor.
    Integers,
    /// 32-bit floats on this device.
    Floats(Device),
}

/// A student with its weights.
pub struct Student {
    encoder: Vec<EncoderLayer>,
    decoder: Vec<DecoderLayer>,
    words: Words,
    /// `(positions, width)`.
    positions: Vec<f32>,
    config: Config,
    source_vocabulary: usize,
    limits: Limits,
    special: Special,
    shortlist: Option<Shortlist>,
}

struct EncoderLayer {
    attention: Attention,
    feed_forward: FeedForward,
}

struct DecoderLayer {
    unit: Ssru,
    context: Attention,
    feed_forward: FeedForward,
}

/// Word vectors.
enum Embedding {
    /// They are the weights of the output layer.
    Output,
    /// Row by row, as stored.
    Integers(Quantised),
    /// `(tokens, width)`.
    Floats(Vec<f32>),
}

/// What a batch of a [`Student`] has read and written.
pub struct StudentState {
    rows: Vec<Row>,
    /// Tokens read by each row.
    position: usize,
    /// The longest source.
    longest: usize,
    attend: bool,
}

/// One hypothesis.
#[derive(Clone)]
struct Row {
    source: Arc<Source>,
    /// `(layers, width)`: what the units remember.
    cells: Vec<f32>,
    /// How the token that was written last came to be: the attention of the step that chose it. Empty before the
    /// first, and if nobody asked.
    seen: Vec<f32>,
}

/// A source as the decoder sees it.
struct Source {
    /// One for each layer of the decoder.
    memories: Vec<Memory>,
    /// The tokens that may be written, with the part of the output layer that is theirs. None: all.
    candidates: Option<(Vec<u32>, Affine)>,
}

impl Student {
    /// Loads `model.*.bin`. `special`: what the vocabulary says; `start` is not looked at, since nothing stands before
    /// the first token.
    ///
    /// # Errors
    /// [`Error::Failed`] if the file is damaged, or if its architecture is another one: the message names the item or
    /// the setting.
    pub fn load(model: &Path, arithmetic: &Arithmetic, special: Special) -> Result<Self> {
        let loader = Loader::open(model, arithmetic)?;
        let words = loader.words()?;
        let config = loader.config;
        let vocabulary = words.output.outputs();
        let source_vocabulary = words
            .source
            .as_ref()
            .map_or(vocabulary, |s| s.tokens(config.width));
        Ok(Self {
            encoder: loader.encoder()?,
            decoder: loader.decoder()?,
            words,
            positions: sinusoids(config.width),
            config,
            source_vocabulary,
            limits: Limits {
                source: LONGEST_SOURCE,
                target: LONGEST_TARGET,
                vocabulary,
            },
            special,
            shortlist: None,
        })
    }

    /// The same student, which from now on writes only the tokens that the shortlist (`lex.*.s2t.bin`) gives for a
    /// source. The logits of all others are negative infinity.
    ///
    /// # Errors
    /// [`Error::Failed`] if the file is damaged or made for another vocabulary.
    pub fn with_shortlist(mut self, file: &Path) -> Result<Self> {
        self.shortlist = Some(Shortlist::open(file, self.limits.vocabulary)?);
        Ok(self)
    }

    fn check(&self, source: &[u32]) -> Result<()> {
        let tokens = self.source_vocabulary;
        match source {
            [] => Err(Error::failed("a source without tokens cannot be translated")),
            source if source.len() > self.limits.source => Err(Error::failed(format!(
                "a source of {} tokens is longer than this model reads ({})",
                source.len(),
                self.limits.source
            ))),
            source => match source.iter().find(|t| **t as usize >= tokens) {
                Some(token) => Err(Error::failed(format!("the vocabulary has no token {token}"))),
                None => Ok(()),
            },
        }
    }

    /// Writes the vector of a token at a position.
    fn embed(&self, vectors: &Embedding, token: u32, position: usize, row: &mut [f32]) {
        let width = self.config.width;
        vectors.read(token, &self.words.output, row);
        self.place(position, (width as f32).sqrt(), row);
    }

    /// Adds a position to a scaled vector.
    fn place(&self, position: usize, scale: f32, row: &mut [f32]) {
        let sinusoids = &self.positions[position * row.len()..];
        for (x, sinusoid) in row.iter_mut().zip(sinusoids) {
            *x = scale * *x + sinusoid;
        }
    }

    /// What the encoder gives for a source, `(tokens, width)`, for inspection.
    ///
    /// # Errors
    /// As for [`EncoderDecoder::encode`].
    pub fn encoder_output(&self, source: &[u32]) -> Result<Vec<f32>> {
        self.check(source)?;
        self.encoded(&[source], &[source.len()])
    }

    /// Sources in a row through the encoder, `(tokens, width)`.
    fn encoded(&self, sources: &[&[u32]], lengths: &[usize]) -> Result<Vec<f32>> {
        let width = self.config.width;
        let vectors = self.words.source.as_ref().unwrap_or(&self.words.target);
        let mut x = vec![0.0; lengths.iter().sum::<usize>() * width];
        let tokens = sources.iter().flat_map(|s| s.iter().enumerate());
        for ((position, token), row) in tokens.zip(x.chunks_exact_mut(width)) {
            self.embed(vectors, *token, position, row);
        }
        for layer in &self.encoder {
            checkpoint()?;
            let memories = layer.attention.memories(&x, lengths)?;
            let each = memories.iter().flat_map(|m| std::iter::repeat_n(m, m.length()));
            layer.attention.apply(&mut x, each, |_, _| {})?;
            layer.feed_forward.apply(&mut x)?;
        }
        Ok(x)
    }

    /// Sources in a row, all on one thread.
    fn read(&self, sources: &[&[u32]]) -> Result<Vec<Source>> {
        let lengths: Vec<usize> = sources.iter().map(|s| s.len()).collect();
        let x = self.encoded(sources, &lengths)?;
        let mut memories: Vec<Vec<Memory>> = sources.iter().map(|_| Vec::new()).collect();
        for layer in &self.decoder {
            let each = layer.context.memories(&x, &lengths)?;
            for (memories, memory) in memories.iter_mut().zip(each) {
                memories.push(memory);
            }
        }
        let read = sources.iter().zip(memories);
        read.map(|(source, memories)| self.remember(source, memories))
            .collect()
    }

    fn remember(&self, source: &[u32], memories: Vec<Memory>) -> Result<Source> {
        let candidates = match &self.shortlist {
            None => None,
            Some(shortlist) => {
                let tokens = shortlist.candidates(source, self.words.source.is_none());
                let output = self.words.output.select(&tokens)?;
                Some((tokens, output))
            }
        };
        Ok(Source { memories, candidates })
    }

    /// One token more for each of these rows, all on one thread: what the output layer makes logits of, `(rows, width)`.
    fn read_on(
        &self,
        tokens: &[u32],
        rows: &mut [Row],
        (position, attend): (usize, bool),
    ) -> Result<Vec<f32>> {
        let width = self.config.width;
        let mut x = vec![0.0; tokens.len() * width];
        for (token, row) in tokens.iter().zip(x.chunks_exact_mut(width)) {
            match position {
                0 => self.place(0, 1.0, row),
                _ => self.embed(&self.words.target, *token, position, row),
            }
        }
        let mut seen = vec![Vec::new(); rows.len()];
        for (number, layer) in self.decoder.iter().enumerate() {
            let cells = rows
                .iter_mut()
                .map(|r| &mut r.cells[number * width..(number + 1) * width]);
            layer.unit.apply(&mut x, cells)?;
            let memories = rows.iter().map(|r| &r.source.memories[number]);
            layer.context.apply(&mut x, memories, |row, weights| {
                if attend && number == self.config.aligned {
                    seen[row] = weights.to_vec();
                }
            })?;
            layer.feed_forward.apply(&mut x)?;
        }
        for (row, seen) in rows.iter_mut().zip(seen) {
            row.seen = seen;
        }
        Ok(x)
    }

    /// The logits of all tokens, `(rows, vocabulary)`.
    fn logits(&self, x: &[f32], rows: &[Row]) -> Result<Vec<f32>> {
        if self.shortlist.is_none() {
            return self.words.output.apply(x);
        }
        let vocabulary = self.limits.vocabulary;
        let mut logits = vec![f32::NEG_INFINITY; rows.len() * vocabulary];
        let each = x.chunks_exact(self.config.width).zip(rows);
        for ((x, row), logits) in each.zip(logits.chunks_exact_mut(vocabulary)) {
            if let Some((tokens, output)) = &row.source.candidates {
                for (token, logit) in tokens.iter().zip(output.apply(x)?) {
                    logits[*token as usize] = logit;
                }
            }
        }
        Ok(logits)
    }

    /// What `choose` takes of the rows' logits, given how many a row has and which of them are banned. Where there is a
    /// shortlist, rows are as wide as theirs; `rename` puts a row's tokens in the place of their numbers there.
    fn chosen<T>(
        &self,
        (x, rows): (&[f32], &[Row]),
        banned: &[u32],
        choose: impl Fn(&mut [f32], usize, &[u32]) -> Vec<T>,
        rename: impl Fn(&mut T, &[u32]),
    ) -> Result<Vec<T>> {
        if self.shortlist.is_none() {
            let mut logits = self.words.output.apply(x)?;
            return Ok(choose(&mut logits, self.limits.vocabulary, banned));
        }
        let mut all = Vec::with_capacity(rows.len());
        for (x, row) in x.chunks_exact(self.config.width).zip(rows) {
            if let Some((tokens, output)) = &row.source.candidates {
                let places = banned.iter().filter_map(|token| tokens.binary_search(token).ok());
                let banned: Vec<u32> = places.map(|place| place as u32).collect();
                let mut logits = output.apply(x)?;
                let mut chosen = choose(&mut logits, tokens.len(), &banned);
                chosen.iter_mut().for_each(|chosen| rename(chosen, tokens));
                all.extend(chosen);
            }
        }
        Ok(all)
    }

    /// A step: what `look` makes of what the output layer is given and the rows, some rows on each thread, and the
    /// attention.
    fn stepped<T: Send>(
        &self,
        tokens: &[u32],
        parents: &[usize],
        state: &mut StudentState,
        look: impl Fn(&[f32], &[Row]) -> Result<Vec<T>> + Sync,
    ) -> Result<(Vec<T>, Option<Vec<f32>>)> {
        checkpoint()?;
        let mut rows = self.successors(tokens, parents, state)?;
        let attention = state.attend.then(|| {
            let mut attention = vec![0.0; rows.len() * state.longest];
            for (row, place) in rows.iter().zip(attention.chunks_exact_mut(state.longest)) {
                place[..row.seen.len()].copy_from_slice(&row.seen);
            }
            attention
        });
        let (part, now) = (share(rows.len()), (state.position, state.attend));
        let parts = tokens.par_chunks(part).zip(rows.par_chunks_mut(part));
        let looked: Vec<Vec<T>> = parts
            .map(|(tokens, rows)| look(&self.read_on(tokens, rows, now)?, rows))
            .collect::<Result<_>>()?;
        state.rows = rows;
        state.position += 1;
        let mut all = Vec::with_capacity(looked.iter().map(Vec::len).sum());
        looked.into_iter().for_each(|part| all.extend(part));
        Ok((all, attention))
    }

    /// The rows that go on from `parents`.
    fn successors(&self, tokens: &[u32], parents: &[usize], state: &StudentState) -> Result<Vec<Row>> {
        if tokens.len() != parents.len() {
            return Err(Error::failed("a step needs one parent for each token"));
        }
        if state.position >= self.limits.target {
            return Err(Error::failed("the target is longer than this model writes"));
        }
        if let Some(token) = tokens.iter().find(|t| **t as usize >= self.limits.vocabulary) {
            return Err(Error::failed(format!("the vocabulary has no token {token}")));
        }
        let rows = parents.iter().map(|parent| state.rows.get(*parent).cloned());
        rows.collect::<Option<_>>()
            .ok_or_else(|| Error::failed("a step goes on from a row that is not there"))
    }
}

impl EncoderDecoder for Student {
    type State = StudentState;

    fn encode(&self, sources: &[&[u32]], attend: bool) -> Result<StudentState> {
        sources.iter().try_for_each(|source| self.check(source))?;
        let part = share(sources.len());
        let read: Vec<Vec<Source>> = sources
            .par_chunks(part)
            .map(|sources| self.read(sources))
            .collect::<Result<_>>()?;
        let cells = vec![0.0; self.config.decoder * self.config.width];
        let row = |source| Row {
            source: Arc::new(source),
            cells: cells.clone(),
            seen: Vec::new(),
        };
        Ok(StudentState {
            rows: read.into_iter().flatten().map(row).collect(),
            position: 0,
            longest: sources.iter().map(|s| s.len()).max().unwrap_or(0),
            attend,
        })
    }

    /// The attention of a token is that of the step that chose it: so a student is trained (guided alignment), by the
    /// first head of one layer. That of the start token is 0.
    fn step(&self, tokens: &[u32], parents: &[usize], state: &mut StudentState) -> Result<Step> {
        let look = |x: &[f32], rows: &[Row]| self.logits(x, rows);
        let (logits, attention) = self.stepped(tokens, parents, state, look)?;
        Ok(Step { logits, attention })
    }

    fn best(
        &self,
        tokens: &[u32],
        parents: &[usize],
        state: &mut StudentState,
        banned: &[u32],
    ) -> Result<Best> {
        let rename = |chosen: &mut Option<Chosen>, tokens: &[u32]| {
            chosen.iter_mut().for_each(|c| c.token = tokens[c.token as usize]);
        };
        let look = |x: &[f32], rows: &[Row]| self.chosen((x, rows), banned, likeliest, rename);
        let (chosen, attention) = self.stepped(tokens, parents, state, look)?;
        Ok(Best { chosen, attention })
    }

    fn leading(
        &self,
        tokens: &[u32],
        parents: &[usize],
        state: &mut StudentState,
        wanted: Few<'_>,
    ) -> Result<Leading> {
        let rename = |row: &mut Option<Vec<Chosen>>, tokens: &[u32]| {
            let chosen = row.iter_mut().flatten();
            chosen.for_each(|c| c.token = tokens[c.token as usize]);
        };
        let choose =
            |y: &mut [f32], width: usize, banned: &[u32]| leading(y, width, Few { banned, ..wanted });
        let look = |x: &[f32], rows: &[Row]| self.chosen((x, rows), wanted.banned, choose, rename);
        let (rows, attention) = self.stepped(tokens, parents, state, look)?;
        Ok(Leading { rows, attention })
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    fn special(&self) -> &Special {
        &self.special
    }
}

impl Embedding {
    /// How many vectors there are.
    fn tokens(&self, width: usize) -> usize {
        match self {
            Self::Output => 0,
            Self::Integers(weights) => weights.values.len() / width,
            Self::Floats(vectors) => vectors.len() / width,
        }
    }

    fn read(&self, token: u32, output: &Affine, row: &mut [f32]) {
        let start = token as usize * row.len();
        match self {
            Self::Output => output.weights_of(token as usize, row),
            Self::Integers(weights) => {
                let inverse = 1.0 / weights.multiplier;
                for (x, weight) in row.iter_mut().zip(&weights.values[start..]) {
                    *x = f32::from(*weight) * inverse;
                }
            }
            Self::Floats(vectors) => row.copy_from_slice(&vectors[start..start + row.len()]),
        }
    }
}

/// How many rows a thread takes.
fn share(rows: usize) -> usize {
    rows.div_ceil(rayon::current_num_threads()).max(1)
}

/// Sines in the first half of a vector, cosines in the second (Vaswani et al. 2017, as Marian lays them out).
/// `(positions, width)`.
fn sinusoids(width: usize) -> Vec<f32> {
    let half = width / 2;
    let longest = LONGEST_SOURCE.max(LONGEST_TARGET);
    let angle = |position: usize, i: usize| {
        let frequency = 1e-4f32.powf((i % half) as f32 / (half as f32 - 1.0));
        let quarter = (i / half) as f32 * std::f32::consts::FRAC_PI_2;
        (position as f32 * frequency + quarter).sin()
    };
    let positions = (0..longest).flat_map(|position| (0..width).map(move |i| angle(position, i)));
    positions.collect()
}
