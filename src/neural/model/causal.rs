//! A model of the next token, whatever it is made of.

use crate::error::{Error, Result};
use crate::neural::decoder::{Cache, Decoder, Run};

/// What a model has read so far. What forks have read in common, they may share; none sees what another reads.
pub struct State(Cache);

impl State {
    /// The number of tokens read.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing has been read.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes room for `tokens` more.
    pub fn reserve(&mut self, tokens: usize) {
        self.0.reserve(tokens);
    }

    /// Forgets all but the first `tokens`.
    pub fn truncate(&mut self, tokens: usize) {
        self.0.truncate(tokens);
    }

    /// Makes what was read a beginning that later forks share: it is stored once, however many they are.
    pub fn share(&mut self) {
        self.0.share();
    }

    /// A sequence of the same beginning that goes its own way. What was not shared is copied.
    ///
    /// # Errors
    /// [`Error::Failed`] if the device has no memory for it.
    pub fn fork(&self) -> Result<Self> {
        self.0.fork().map(Self)
    }
}

/// One sequence's part of a step.
pub struct Reading<'a> {
    /// What is read, at least one token.
    pub tokens: &'a [u32],
    /// What was read before.
    pub state: &'a mut State,
    /// The logits after so many of the last tokens are given back.
    pub wanted: usize,
}

/// A model that gives the logits of the next token. Weights are immutable; what was read is in the [`State`]. On the
/// processor a sequence's logits are the same bits however its tokens are cut into steps and whatever else a step reads.
pub trait CausalLm: Send {
    /// Nothing read.
    fn start(&self) -> State;

    /// Reads the tokens of several sequences in one step. The logits that are wanted, `(rows, vocabulary)`, part after
    /// part.
    ///
    /// # Errors
    /// [`Error::Failed`] if a part has no token, if a token is not in the vocabulary, or if the device fails.
    fn batch(&self, parts: &mut [Reading<'_>]) -> Result<Vec<f32>>;

    /// Reads `tokens` (at least one) after `state`; the logits of the token after the last, one per id.
    ///
    /// # Errors
    /// As [`CausalLm::batch`].
    fn step(&self, tokens: &[u32], state: &mut State) -> Result<Vec<f32>> {
        self.batch(&mut [Reading {
            tokens,
            state,
            wanted: 1,
        }])
    }

    /// Reads `tokens` for their state alone.
    ///
    /// # Errors
    /// As [`CausalLm::batch`].
    fn read(&self, tokens: &[u32], state: &mut State) -> Result<()> {
        let part = Reading {
            tokens,
            state,
            wanted: 0,
        };
        self.batch(&mut [part]).map(|_| ())
    }

    /// As [`CausalLm::step`] for inspection: the logits after each token, `(tokens × vocabulary)`, and for the
    /// embedding and each layer its output, `(tokens × hidden)`.
    ///
    /// # Errors
    /// As [`CausalLm::batch`].
    fn inspect(&self, tokens: &[u32], state: &mut State) -> Result<Inspection>;

    /// How many ids there are.
    fn vocabulary(&self) -> usize;

    /// The longest sequence that it was trained for.
    fn context_length(&self) -> usize;

    /// The length beyond which a sequence is read again from its beginning, if there is one: a step across it is not the
    /// same as several up to it.
    fn original_context(&self) -> Option<usize>;

    /// Bytes that the state takes for each token.
    fn bytes_per_token(&self) -> usize;

    /// The type of number that is computed with: `f32`, `f16` or `bf16`.
    fn precision(&self) -> &'static str;
}

/// All that a step computes, row by row.
pub struct Inspection {
    /// The output of the embedding, then of each layer.
    pub layers: Vec<Vec<f32>>,
    /// The logits after each token.
    pub logits: Vec<f32>,
}

impl CausalLm for Decoder {
    fn start(&self) -> State {
        State(self.cache())
    }

    fn batch(&self, parts: &mut [Reading<'_>]) -> Result<Vec<f32>> {
        for part in &*parts {
            some(part.tokens)?;
        }
        let mut runs: Vec<Run<'_>> = parts
            .iter_mut()
            .map(|part| Run {
                tokens: part.tokens,
                cache: &mut part.state.0,
                wanted: part.wanted,
            })
            .collect();
        Decoder::batch(self, &mut runs)
    }

    fn inspect(&self, tokens: &[u32], state: &mut State) -> Result<Inspection> {
        some(tokens)?;
        let mut tensors = Vec::new();
        let logits = self.trace(tokens, &mut state.0, &mut |_, t| tensors.push(t.clone()))?;
        let flat = |t: &candle_core::Tensor| -> Result<Vec<f32>> {
            let t = t.to_dtype(candle_core::DType::F32)?.flatten_all()?;
            Ok(t.to_vec1::<f32>()?)
        };
        Ok(Inspection {
            layers: tensors.iter().map(flat).collect::<Result<_>>()?,
            logits: flat(&logits)?,
        })
    }

    fn vocabulary(&self) -> usize {
        self.config().vocabulary
    }

    fn context_length(&self) -> usize {
        self.config().context
    }

    fn original_context(&self) -> Option<usize> {
        self.config().rope.original()
    }

    fn bytes_per_token(&self) -> usize {
        self.bytes_per_position()
    }

    fn precision(&self) -> &'static str {
        self.dtype().as_str()
    }
}

fn some(tokens: &[u32]) -> Result<()> {
    if tokens.is_empty() {
        return Err(Error::failed("a step needs at least one token"));
    }
    Ok(())
}
