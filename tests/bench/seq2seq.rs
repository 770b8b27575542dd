//! Byline's side of the race in `seq2seq.py`, which says what is measured: a model's folder, a file of jobs, `f32` or
//! `q8_0`, and the number of threads → one line of JSON.
#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]

use std::path::Path;
use std::time::Instant;

use byline::neural::device::set_threads;
use byline::neural::{Generation, LoadSpec, Quantise, Source, load_seq2seq, search};
use candle_core::Device;

#[derive(serde::Deserialize)]
struct Job {
    beams: usize,
    size: usize,
    batches: Vec<Batch>,
}

#[derive(serde::Deserialize)]
struct Batch {
    sources: Vec<Vec<u32>>,
    length: usize,
}

/// Targets of exactly the batch's length; how many tokens they have in all.
fn run(model: &byline::neural::Seq2Seq, batch: &Batch, beams: usize) -> usize {
    let sources: Vec<Source<'_>> = batch
        .sources
        .iter()
        .map(|tokens| Source {
            tokens,
            ..Source::default()
        })
        .collect();
    // the start token counts too, and an end token must not come before the last
    let generation = Generation {
        beams,
        min_length: batch.length + 1,
        max_length: Some(batch.length + 1),
        exact_scores: false,
        ..Generation::default()
    };
    let written = search(model, &sources, &generation).unwrap();
    written.iter().map(|w| w[0].tokens.len()).sum()
}

fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find(|l| l.starts_with("VmHWM"))
        .unwrap_or("VmHWM: 0");
    let kib: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib / 1024.0
}

fn main() {
    // cargo adds an option of its own
    let given: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let [folder, jobs, form, threads] = given.as_slice() else {
        // a plain `cargo bench` has nothing to race here
        println!("usage: cargo bench --bench seq2seq -- FOLDER JOBS.json f32|q8_0 THREADS (see seq2seq.py)");
        return;
    };
    set_threads(threads.parse().unwrap()).unwrap();
    let jobs: Vec<Job> = serde_json::from_slice(&std::fs::read(jobs).unwrap()).unwrap();
    let started = Instant::now();
    let mut spec = LoadSpec::new([Path::new(folder).join("model.safetensors")]);
    spec.quantise = (form == "q8_0").then_some(Quantise::Q8_0);
    let model = load_seq2seq(&spec, &Device::Cpu).unwrap();
    let load = started.elapsed().as_secs_f64();
    run(&model, &jobs[0].batches[0], 1);
    let mut results = Vec::new();
    for job in &jobs {
        let started = Instant::now();
        let tokens: usize = job.batches.iter().map(|b| run(&model, b, job.beams)).sum();
        results.push(serde_json::json!({
            "beams": job.beams,
            "size": job.size,
            "tokens_per_s": tokens as f64 / started.elapsed().as_secs_f64(),
        }));
    }
    let line = serde_json::json!({ "load_s": load, "jobs": results, "peak_rss_mib": peak_mib() });
    println!("{line}");
}
