//! What a step of a decoder costs: by the number of sequences that share it, and by the length of what was read.
//!
//! `cargo bench --bench decoder -- FILE.gguf [rows|context] [TOKENS]`: milliseconds, medians.
//! rows: steps of 1 to 24 sequences after a shared beginning of 512 tokens. context: steps of one sequence after 256 to
//! 8,000 tokens (TOKENS: up to so many), and how much each thousand adds, which is attention if it is always the same.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::time::Instant;

use byline::neural::{CausalLm, LoadSpec, Reading, State, load};

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

fn main() {
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    let file = args.next().unwrap_or_else(|| panic!("which GGUF file?"));
    let what = args.next();
    let most = args.next().map_or(8000, |tokens| tokens.parse().unwrap());
    let model = load(&LoadSpec::new([file.into()]), &candle_core::Device::Cpu).unwrap();
    let model = model.language_model();
    if what.as_deref() != Some("context") {
        rows(model);
    }
    if what.as_deref() != Some("rows") {
        context(model, most.min(model.context_length()));
    }
}
