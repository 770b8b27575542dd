//! A loaded model → tokens a second. Any ids do: the work is the same for all of them.

use std::time::Instant;

use super::BenchArgs;
use crate::error::{Error, Result};
use crate::neural::{ChatModel, Chosen, Encoder, EncoderDecoder, Purpose};
use crate::progress;

/// Tokens read at once; small enough for Ctrl-C to be noticed.
const CHUNK: usize = 64;
/// Tokens of a news sentence.
const SENTENCE: usize = 32;

/// Tokens a second, those of all sequences together.
pub(super) struct Measured {
    pub(super) prefill: f64,
    /// None for a model that writes nothing.
    pub(super) decode: Option<f64>,
    /// How many were read, and written, side by side.
    pub(super) sequences: usize,
}

/// Ids below `vocabulary`.
fn ids(count: usize, vocabulary: usize) -> Vec<u32> {
    let id = |i: usize| u32::try_from((7919 * i) % vocabulary.max(1)).unwrap_or(0);
    (0..count).map(id).collect()
}

/// One prompt, and what is written after it.
///
/// # Errors
/// If that is more than the model reads; those of the model.
pub(super) fn chat(model: &ChatModel, args: &BenchArgs) -> Result<Measured> {
    let engine = model.language_model();
    let needed = args.prompt_tokens + args.new_tokens;
    if needed > engine.context_length() {
        return Err(Error::usage(format!(
            "{needed} tokens are more than this model reads ({})",
            engine.context_length()
        )));
    }
    let mut state = engine.start();
    let prompt = ids(args.prompt_tokens, engine.vocabulary() / 2);
    let started = Instant::now();
    let mut logits = Vec::new();
    for chunk in prompt.chunks(CHUNK) {
        progress::checkpoint()?;
        logits = engine.step(chunk, &mut state)?;
    }
    let prefill = args.prompt_tokens as f64 / started.elapsed().as_secs_f64();
    let started = Instant::now();
    for _ in 0..args.new_tokens {
        progress::checkpoint()?;
        let best = logits
            .iter()
            .enumerate()
            .max_by(|a, b| a.1.total_cmp(b.1))
            .map_or(0, |(id, _)| u32::try_from(id).unwrap_or(0));
        logits = engine.step(&[best], &mut state)?;
    }
    Ok(Measured {
        prefill,
        decode: Some(args.new_tokens as f64 / started.elapsed().as_secs_f64()),
        sequences: 1,
    })
}

/// Sentences in a batch, for each of which as many tokens are written, greedily and whatever ends a target.
///
/// # Errors
/// If that is more than the model writes; those of the model.
pub(super) fn encoder_decoder<M: EncoderDecoder>(model: &M, args: &BenchArgs) -> Result<Measured> {
    let (limits, special) = (model.limits(), model.special());
    // the start token is one of a target's
    let most = limits.target.saturating_sub(1);
    if args.new_tokens > most {
        return Err(Error::usage(format!(
            "{} tokens are more than this model writes ({most})",
            args.new_tokens
        ))
        .with_hint("ask for fewer with --new-tokens"));
    }
    let length = SENTENCE.min(args.prompt_tokens).min(limits.source);
    let sequences = args.prompt_tokens.div_ceil(length.max(1));
    // a source's vocabulary may be smaller than a target's
    let read = ids(sequences * length, (limits.vocabulary / 2).min(1000));
    let sources: Vec<&[u32]> = read.chunks(length).collect();
    // a thread of the pool does its share of every product, one outside would wake the others and sleep
    rayon::scope(|_| {
        let started = Instant::now();
        let mut state = model.encode(&sources, false)?;
        let prefill = read.len() as f64 / started.elapsed().as_secs_f64();
        let mut tokens = vec![special.start; sequences];
        let parents: Vec<usize> = (0..sequences).collect();
        let started = Instant::now();
        for _ in 0..args.new_tokens {
            progress::checkpoint()?;
            let best = model.best(&tokens, &parents, &mut state, &special.end)?;
            let token = |chosen: &Option<Chosen>| chosen.map_or(special.start, |chosen| chosen.token);
            tokens = best.chosen.iter().map(token).collect();
        }
        let written = (sequences * args.new_tokens) as f64;
        Ok(Measured {
            prefill,
            decode: Some(written / started.elapsed().as_secs_f64()),
            sequences,
        })
    })
}

/// An encoder reads sentences of about the length of a news sentence; it writes nothing.
///
/// # Errors
/// Those of the model.
pub(super) fn encoder(encoder: &dyn Encoder, args: &BenchArgs) -> Result<Measured> {
    const TEXT: &str = "The harbour will stay closed for two weeks, the port authority said on Monday.";
    let one = encoder.tokens(Purpose::Query, &[TEXT])?;
    let tokens = one.first().map_or(1, |t| t.spans.len()).max(1);
    let sentences = vec![TEXT; args.prompt_tokens.div_ceil(tokens)];
    let started = Instant::now();
    encoder.embed(Purpose::Query, &sentences)?;
    Ok(Measured {
        prefill: (sentences.len() * tokens) as f64 / started.elapsed().as_secs_f64(),
        decode: None,
        sequences: sentences.len(),
    })
}
