//! How fast attributions are found: articles a second for each language, and the time for ten times the text.
#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use byline::article::{self, Document, Format};
use byline::attribution::attribute;
use byline::text::language::Language;
use criterion::{Criterion, Throughput};

/// The project's own articles by language.
const ARTICLES: &[(Language, &[&str])] = &[
    (
        Language::EN,
        &[
            include_str!("../articles/bridge.en.txt"),
            include_str!("../articles/harbour.en.txt"),
            include_str!("../articles/observatory.en.txt"),
        ],
    ),
    (Language::UK, &[include_str!("../articles/reservoir.uk.txt")]),
    (Language::KO, &[include_str!("../articles/tunnel.ko.txt")]),
];

/// From text to claims: sentences are found, then who says what. Gives the number of claims.
fn read(text: &str, language: Language) -> usize {
    let articles = article::read("bench.txt", text.as_bytes(), Some(Format::Text), Some(language)).unwrap();
    let article = articles.into_iter().next().unwrap().unwrap();
    attribute(&Document::new(article)).attributions.len()
}

fn articles_a_second(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sources");
    for (language, texts) in ARTICLES {
        group.throughput(Throughput::Elements(texts.len() as u64));
        group.bench_function(language.code(), |bencher| {
            bencher.iter(|| {
                texts
                    .iter()
                    .map(|text| read(black_box(text), *language))
                    .sum::<usize>()
            });
        });
    }
    group.finish();
}

/// The shortest of several runs: what else the machine does only adds to the others.
fn shortest(text: &str, language: Language, runs: usize) -> Duration {
    let time = |_| {
        let start = Instant::now();
        black_box(read(black_box(text), language));
        start.elapsed()
    };
    (0..runs).map(time).min().unwrap_or_default()
}

/// Ten times the text in one article against once, and one line without any border as far as a megabyte.
fn linearity() {
    for (language, texts) in ARTICLES {
        let once = texts.concat();
        let (short, long) = (
            shortest(&once.repeat(10), *language, 20),
            shortest(&once.repeat(100), *language, 5),
        );
        let line = once.replace(['\n', '.', '!', '?', '…'], " ");
        let times = 100_000 / line.len() + 1;
        let (part, whole) = (
            shortest(&line.repeat(times), *language, 5),
            shortest(&line.repeat(10 * times), *language, 3),
        );
        println!(
            "{}: 10 times the text takes {:.2} times as long; one line without sentences, {:.2} times",
            language.code(),
            long.as_secs_f64() / short.as_secs_f64(),
            whole.as_secs_f64() / part.as_secs_f64(),
        );
    }
}

fn main() {
    linearity();
    let mut criterion = Criterion::default()
        .sample_size(20)
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    articles_a_second(&mut criterion);
    criterion.final_summary();
}
