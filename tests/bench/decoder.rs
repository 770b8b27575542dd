//! What a step of a decoder costs: by the number of sequences that share it, and by the length of what was read.
//!
//! `cargo bench --bench decoder -- FILE.gguf [rows|context] [TOKENS]`: milliseconds, medians.
//! `cargo bench --bench decoder -- FILE.gguf summary ARTICLE…`: the sentences of each article's summary one by one and
//! side by side, without guesses and with them, turn and turn about; their texts must be the same.
//!
//! rows: steps of 1 to 24 sequences after a shared beginning of 512 tokens. context: steps of one sequence after 256 to
//! 8,000 tokens (TOKENS: up to so many), and how much each thousand adds, which is attention if it is always the same.
//! With `--avx2` kernels use no instructions past these.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::time::Instant;

use byline::article::{self, Document};
use byline::neural::{Ask, CausalLm, Chat, ChatModel, Completion, Decoding, LoadSpec, Reading, State, load};
use byline::summarise::plan::Plan;
use byline::summarise::{bait, prompt};

const STEPS: usize = 12;

fn ids(from: usize, count: usize, vocabulary: usize) -> Vec<u32> {
    (from..from + count)
        .map(|i| u32::try_from((7919 * i) % (vocabulary / 2)).unwrap())
        .collect()
}

fn read(model: &dyn CausalLm, state: &mut State, upto: usize) {
    while state.len() < upto {
        let count = (upto - state.len()).min(31);
        model
            .read(&ids(state.len(), count, model.vocabulary()), state)
            .unwrap();
    }
}

/// Milliseconds of a step of all `states`, a token each.
fn step(model: &dyn CausalLm, states: &mut [State]) -> f64 {
    let mut times: Vec<f64> = (0..STEPS)
        .map(|at| {
            let token = ids(at, 1, model.vocabulary());
            let mut readings: Vec<Reading<'_>> = states
                .iter_mut()
                .map(|state| Reading {
                    tokens: &token,
                    state,
                    wanted: 1,
                })
                .collect();
            let since = Instant::now();
            model.batch(&mut readings).unwrap();
            since.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[STEPS / 2]
}

fn rows(model: &dyn CausalLm) {
    let mut trunk = model.start();
    read(model, &mut trunk, 512);
    trunk.share();
    println!("sequences  ms a step  ms a token");
    for count in [1, 2, 3, 4, 6, 8, 12, 16, 24] {
        let mut states: Vec<State> = (0..count).map(|_| trunk.fork().unwrap()).collect();
        let ms = step(model, &mut states);
        println!("{count:>9}  {ms:>9.1}  {:>10.2}", ms / count as f64);
    }
}

fn context(model: &dyn CausalLm, most: usize) {
    println!("tokens before  ms a token  ms a thousand more");
    let mut state = model.start();
    state.reserve(most);
    let mut last: Option<(usize, f64)> = None;
    for before in [256, 1000, 2000, 4000, 6000, 8000] {
        if before > most {
            break;
        }
        read(model, &mut state, before);
        let ms = step(model, std::slice::from_mut(&mut state));
        let more = last.map_or(String::new(), |(tokens, then)| {
            format!("{:.2}", (ms - then) / (before - tokens) as f64 * 1000.0)
        });
        println!("{before:>13}  {ms:>10.1}  {more:>18}");
        last = Some((before, ms));
    }
}

/// What a summary of `path` asks a model for.
fn asks(path: &str, prompt_lookup: bool) -> Vec<Ask> {
    let article = article::read(path, &std::fs::read(path).unwrap(), None, None)
        .unwrap()
        .remove(0)
        .unwrap();
    let document = Document::new(article);
    let claims = byline::attribution::attribute(&document);
    let plan = Plan::new(&document, &claims, &bait::find(&document), 4).unwrap();
    let decoding = Decoding {
        max_new_tokens: 160,
        stop: vec!["\n".to_owned()],
        prompt_lookup,
        ..Decoding::default()
    };
    let ask = |group| Ask {
        messages: vec![
            prompt::shared(&document, &plan.usable),
            prompt::request(&document, group, 28),
        ],
        decoding: decoding.clone(),
    };
    plan.groups.iter().map(ask).collect()
}

/// Seconds for all answers after their beginning was read, their texts, and steps and tokens.
fn answer(model: &mut ChatModel, asks: &[Ask], together: bool) -> (f64, Vec<String>, usize, usize) {
    // the beginning is read and kept before the clock runs
    let mut first = asks[..2.min(asks.len())].to_vec();
    first.iter_mut().for_each(|ask| ask.decoding.max_new_tokens = 1);
    model.complete_many(&first, &mut |_, _| {}).unwrap();
    let since = Instant::now();
    let done: Vec<Completion> = if together {
        model.complete_many(asks, &mut |_, _| {}).unwrap()
    } else {
        let one = |ask: &Ask| model.complete(&ask.messages, &ask.decoding, &mut |_| {}).unwrap();
        asks.iter().map(one).collect()
    };
    let seconds = since.elapsed().as_secs_f64();
    let steps = done.iter().map(|d| d.steps).sum();
    let tokens = done.iter().map(|d| d.new_tokens).sum();
    (seconds, done.into_iter().map(|d| d.text).collect(), steps, tokens)
}

/// Rounds of which the medians count.
const ROUNDS: usize = 3;

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn summary(model: &mut ChatModel, articles: &[String]) {
    println!("article, how: seconds plain, with guesses (times faster; tokens a step); medians of {ROUNDS}");
    let mut totals = [[0f64; 2]; 2];
    for path in articles {
        for together in [false, true] {
            let (mut plain, mut guessed, mut tokens_a_step) = (Vec::new(), Vec::new(), 0.0);
            for _ in 0..ROUNDS {
                let (seconds, texts, ..) = answer(model, &asks(path, false), together);
                plain.push(seconds);
                let (seconds, same, steps, tokens) = answer(model, &asks(path, true), together);
                guessed.push(seconds);
                assert_eq!(texts, same, "{path}: guesses have changed a summary");
                tokens_a_step = tokens as f64 / steps as f64;
            }
            let (plain, guessed) = (median(plain), median(guessed));
            let how = if together { "side by side" } else { "one by one" };
            println!(
                "{path}, {how}: {plain:.2}, {guessed:.2} ({:.2}; {tokens_a_step:.2})",
                plain / guessed
            );
            totals[usize::from(together)][0] += plain;
            totals[usize::from(together)][1] += guessed;
        }
    }
    for (how, [plain, guessed]) in ["one by one", "side by side"].iter().zip(totals) {
        println!("all, {how}: {plain:.2}, {guessed:.2} ({:.2})", plain / guessed);
    }
}

fn main() {
    let avx2 = std::env::args().any(|arg| arg == "--avx2");
    assert!(!avx2 || byline::neural::device::hold_to_avx2());
    let mut args = std::env::args().skip(1).filter(|arg| !arg.starts_with("--"));
    let file = args.next().unwrap_or_else(|| panic!("which GGUF file?"));
    let what = args.next();
    let rest: Vec<String> = args.collect();
    let mut model = load(&LoadSpec::new([file.into()]), &candle_core::Device::Cpu).unwrap();
    if what.as_deref() == Some("summary") {
        return summary(&mut model, &rest);
    }
    let most = rest.first().map_or(8000, |tokens| tokens.parse().unwrap());
    let model = model.language_model();
    if what.as_deref() != Some("context") {
        rows(model);
    }
    if what.as_deref() != Some("rows") {
        context(model, most.min(model.context_length()));
    }
}
