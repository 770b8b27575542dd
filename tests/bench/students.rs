//! Students of Firefox Translations beside fxtranslate, on the same random model of base-memory size: words a second on
//! one and two threads, time to load, most memory.
//!
//! Targets are as long as they may be, since what random weights write never ends. Runs of the two follow each other,
//! and the ratio of each pair counts: what else the machine does hits both. `cargo bench --bench students`, and with
//! `-- --avx2` on a processor with AVX512 what one without would do.
#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]

#[path = "../parity/student/random.rs"]
mod random;

use std::process::Command;
use std::time::Instant;

use byline::neural::{Arithmetic, EncoderDecoder, Student};
use rayon::ThreadPool;

use random::{BASE_MEMORY, Folder, Shape, Stored, sources};

const SHAPE: Shape = Shape {
    source: 32_000,
    target: 32_000,
    end: -1000.0,
    ..BASE_MEMORY
};
const SENTENCES: usize = 32;
const ROUNDS: usize = 7;

/// Greedy targets, each twice as long as its source and four tokens more.
fn write(student: &Student, sources: &[Vec<u32>]) -> usize {
    let batch: Vec<&[u32]> = sources.iter().map(Vec::as_slice).collect();
    let mut state = student.encode(&batch, false).unwrap();
    let mut left: Vec<usize> = sources.iter().map(|s| s.len() * 2 + 4).collect();
    let mut tokens = vec![0; left.len()];
    let mut parents: Vec<usize> = (0..left.len()).collect();
    let mut written = 0;
    while !left.is_empty() {
        let step = student.best(&tokens, &parents, &mut state, &[]).unwrap();
        let chosen: Vec<u32> = step.chosen.iter().map(|c| c.unwrap().token).collect();
        written += chosen.len();
        parents = (0..left.len()).filter(|row| left[*row] > 1).collect();
        tokens = parents.iter().map(|row| chosen[*row]).collect();
        left = parents.iter().map(|row| left[*row] - 1).collect();
    }
    written
}

fn seconds(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The most memory that this process has had, in megabytes.
fn most_memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find(|l| l.starts_with("VmHWM"))
        .unwrap_or("VmHWM: 0");
    let kilobytes: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kilobytes / 1000.0
}

/// Loads the model of a folder, writes once, and says how much memory that took. In a process of its own.
fn alone(engine: &str, folder: &str) {
    let sources = sources(SHAPE, SENTENCES, 12..36, 3);
    let read = |name: &str| std::path::Path::new(folder).join(name);
    if engine == "byline" {
        pool(1).install(|| {
            let student =
                Student::load(&read("model.bin"), &Arithmetic::Integers, Default::default()).unwrap();
            write(&student, &sources);
        });
    } else {
        let vocabulary = read("source.spm");
        let engine = fxtranslate::engine::Engine::load(read("model.bin"), &vocabulary, &vocabulary).unwrap();
        engine.greedy_batch(&sources);
    }
    println!("{}", most_memory());
}

fn memory(engine: &str, folder: &Folder) -> f64 {
    let folder = folder.path("model.bin");
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--alone", engine, folder.parent().unwrap().to_str().unwrap()])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

fn pool(threads: usize) -> ThreadPool {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap()
}

fn speed(folder: &Folder, shortlist: bool) {
    let sources = sources(SHAPE, SENTENCES, 12..36, 3);
    let words: usize = sources.iter().map(|s| s.len() - 1).sum();
    let (one, two) = (pool(1), pool(2));
    let (student, engine) = (
        folder.student(&Arithmetic::Integers, shortlist),
        folder.engine(true, shortlist),
    );
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        times[0].push(seconds(|| {
            assert!(engine.greedy_batch(&sources).len() == SENTENCES);
        }));
        times[1].push(seconds(|| {
            assert!(one.install(|| write(&student, &sources)) > words);
        }));
        times[2].push(seconds(|| {
            assert!(two.install(|| write(&student, &sources)) > words);
        }));
    }
    let ratio = |ours: &[f64]| median(times[0].iter().zip(ours).map(|(t, o)| t / o).collect());
    let ratios = [ratio(&times[1]), ratio(&times[2])];
    let [theirs, one, two] = times.map(|t| words as f64 / median(t));
    let name = if shortlist {
        "with a shortlist"
    } else {
        "all tokens"
    };
    println!(
        "{name}, words a second: fxtranslate {theirs:.0} on one thread ({})",
        fxtranslate::gemm::backend()
    );
    println!(
        "  byline {one:.0} on one thread ({:.2} times), {two:.0} on two ({:.2} times)",
        ratios[0], ratios[1]
    );
}

fn loading(folder: &Folder) {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        times[0].push(seconds(|| drop(folder.engine(true, false))));
        times[1].push(seconds(|| drop(folder.student(&Arithmetic::Integers, false))));
    }
    let [theirs, ours] = times.map(median);
    println!("to load: fxtranslate {theirs:.3} s, byline {ours:.3} s");
}

fn main() {
    let arguments: Vec<String> = std::env::args().filter(|a| a != "--bench").collect();
    if let [_, flag, engine, folder] = arguments.as_slice()
        && flag == "--alone"
    {
        return alone(engine, folder);
    }
    let avx2 = arguments.get(1).is_some_and(|flag| flag == "--avx2");
    assert!(!avx2 || byline::neural::device::hold_to_avx2());
    let folder = Folder::new(SHAPE, Stored::Integers, 1);
    let size = std::fs::metadata(folder.path("model.bin")).unwrap().len();
    println!(
        "a random student of base-memory size, {} MB{}",
        size / 1_000_000,
        if avx2 { "; byline by AVX2" } else { "" }
    );
    speed(&folder, false);
    speed(&folder, true);
    loading(&folder);
    let (theirs, ours) = (memory("fxtranslate", &folder), memory("byline", &folder));
    println!("most memory: fxtranslate {theirs:.0} MB, byline {ours:.0} MB");
}
