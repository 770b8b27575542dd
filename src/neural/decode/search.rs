//! The targets of many sources at once: what runs is stepped together, what is done leaves.

use rayon::prelude::*;

use super::beam::{Next, Rows, Sentence};
use super::constraints::Constraints;
use super::options::Generation;
use crate::error::{Error, Result};
use crate::neural::{Best, EncoderDecoder, Few, Leading, Limits, Special, Step};
use crate::progress::checkpoint;

/// One source of a batch.
#[derive(Clone, Copy, Debug, Default)]
pub struct Source<'a> {
    /// Its tokens, with the special tokens of the family.
    pub tokens: &'a [u32],
    /// What is written first whatever the logits say: the target language of M2M100, NLLB and mBART-50. None: what
    /// the model itself forces, if anything.
    pub first: Option<u32>,
    /// What every target starts with, after that. It is given, not chosen: neither scored nor counted into the
    /// length, as `decoder_input_ids` are in transformers.
    pub prefix: &'a [u32],
    /// Tokens of its targets at the most, the start token included, where that is less than for the others.
    pub max_length: Option<usize>,
}

/// A target that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// All tokens after the start token: those that were forced or given, and the end token if it was written.
    pub tokens: Vec<u32>,
    /// The sum of the log-probabilities over `length` to the power of the length penalty, where `length` counts the
    /// tokens that were not given.
    pub score: f32,
    /// The geometric mean of the probabilities of the tokens that were not given: 0 to 1.
    pub certainty: f32,
    /// Whether it ends with an end token; else the maximum length was reached.
    pub ended: bool,
    /// For each token but the last, how much it attends to each source token: `(tokens - 1, source)`. None unless it
    /// was asked for and the model gives it.
    pub attention: Option<Vec<Vec<f32>>>,
}

/// For each source its best targets, the best first, in the order of the sources.
///
/// # Errors
/// [`Error::Usage`] for options out of range, [`Error::Failed`] as for [`EncoderDecoder`] and where a prefix leaves no
/// room, [`Error::Interrupted`] on Ctrl-C.
pub fn search<M: EncoderDecoder + ?Sized>(
    model: &M,
    sources: &[Source<'_>],
    generation: &Generation,
) -> Result<Vec<Vec<Written>>> {
    generation.check()?;
    if sources.is_empty() {
        return Ok(Vec::new());
    }
    let tokens: Vec<&[u32]> = sources.iter().map(|s| s.tokens).collect();
    // A thread of the pool does its share of every product itself; one outside would wake them and sleep, many times a
    // token.
    rayon::scope(|_| {
        let state = model.encode(&tokens, generation.attention)?;
        let mut steps = Running { model, state };
        search_with(sources, generation, model.special(), model.limits(), &mut steps)
    })
}

/// Anything that gives logits: takes the tokens that the rows read and the rows of the step before that they go on
/// from; before the first step there is one row a source.
pub(super) trait Steps {
    fn step(&mut self, tokens: &[u32], parents: &[usize]) -> Result<Step>;

    /// The likeliest tokens alone, but for those that are `banned`.
    fn best(&mut self, tokens: &[u32], parents: &[usize], banned: &[u32]) -> Result<Best>;

    /// The tokens that are wanted alone.
    fn leading(&mut self, tokens: &[u32], parents: &[usize], wanted: Few<'_>) -> Result<Leading>;
}

/// A model over a batch.
struct Running<'a, M: EncoderDecoder + ?Sized> {
    model: &'a M,
    state: M::State,
}

impl<M: EncoderDecoder + ?Sized> Steps for Running<'_, M> {
    fn step(&mut self, tokens: &[u32], parents: &[usize]) -> Result<Step> {
        self.model.step(tokens, parents, &mut self.state)
    }

    fn best(&mut self, tokens: &[u32], parents: &[usize], banned: &[u32]) -> Result<Best> {
        self.model.best(tokens, parents, &mut self.state, banned)
    }

    fn leading(&mut self, tokens: &[u32], parents: &[usize], wanted: Few<'_>) -> Result<Leading> {
        self.model.leading(tokens, parents, &mut self.state, wanted)
    }
}

/// What a step gave, as far as it was asked.
enum Given {
    Step(Step),
    Best(Best),
    Leading(Leading),
}

/// The same over anything that gives logits.
pub(super) fn search_with(
    sources: &[Source<'_>],
    generation: &Generation,
    special: &Special,
    limits: Limits,
    steps: &mut (dyn Steps + Send),
) -> Result<Vec<Vec<Written>>> {
    generation.check()?;
    let constraints = Constraints::new(special, generation);
    let longest = sources.iter().map(|s| s.tokens.len()).max().unwrap_or(0);
    let mut live = Vec::with_capacity(sources.len());
    for (index, source) in sources.iter().enumerate() {
        let wanted = [generation.max_length, source.max_length];
        let most = wanted.into_iter().flatten().fold(limits.target, usize::min);
        let begin = (special.start, source.first.or(special.forced_first));
        live.push((
            index,
            Sentence::new(generation, &constraints, source, begin, most, index)?,
        ));
    }
    let mut written = vec![Vec::new(); sources.len()];
    // all targets grow together
    let mut length = 0;
    while !live.is_empty() {
        checkpoint()?;
        length += 1;
        let (tokens, parents): (Vec<u32>, Vec<usize>) = live.iter().flat_map(|(_, s)| s.rows()).unzip();
        let alone = generation.needs_likeliest_alone() && special.never_in_a_row.is_empty();
        let given = match generation.beams {
            _ if !alone => Given::Step(steps.step(&tokens, &parents)?),
            1 => Given::Best(steps.best(&tokens, &parents, &constraints.banned(length))?),
            _ => {
                let wanted = Few {
                    keep: constraints.candidates(),
                    banned: &constraints.banned(length),
                    renormalise: generation.renormalise,
                };
                Given::Leading(steps.leading(&tokens, &parents, wanted)?)
            }
        };
        advance(&mut live, given, tokens.len(), (limits.vocabulary, longest))?;
        for (index, sentence) in live.extract_if(.., |(_, s)| s.done()) {
            written[index] = sentence.into_written();
        }
    }
    Ok(written)
}

impl Given {
    /// What follows the rows, and what they attended to.
    fn parts(&mut self) -> (Next<'_>, Option<&[f32]>) {
        match self {
            Self::Step(step) => (Next::Logits(&mut step.logits), step.attention.as_deref()),
            Self::Best(best) => (Next::Best(&best.chosen), best.attention.as_deref()),
            Self::Leading(leading) => (Next::Leading(&mut leading.rows), leading.attention.as_deref()),
        }
    }
}

/// Gives every sentence its rows of what the step gave. `longest`: the longest source of the batch.
fn advance(
    live: &mut [(usize, Sentence<'_>)],
    mut given: Given,
    rows: usize,
    (vocabulary, longest): (usize, usize),
) -> Result<()> {
    let (mut next, attention) = given.parts();
    if !next.is_of(rows, vocabulary) {
        return Err(Error::failed(
            "the model gave logits of another size than its vocabulary",
        ));
    }
    // logits are millions of numbers to look at, and the sentences know nothing of each other
    let many = matches!(next, Next::Logits(_)) && live.len() > 1;
    let mut first = 0;
    let mut tasks = Vec::with_capacity(live.len());
    for (_, sentence) in live {
        let count = sentence.rows().len();
        let own;
        (own, next) = next.split(count, vocabulary);
        let rows = Rows {
            first,
            next: own,
            attention: attention.map(|a| &a[first * longest..(first + count) * longest]),
            longest,
        };
        tasks.push((sentence, rows));
        first += count;
    }
    let advance = |(sentence, rows): (&mut Sentence<'_>, Rows<'_>)| sentence.advance(rows);
    if many {
        tasks.into_par_iter().try_for_each(advance)
    } else {
        tasks.into_iter().try_for_each(advance)
    }
}
