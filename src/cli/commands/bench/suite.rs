//! The stages of a whole job on one article.

use std::path::Path;
use std::time::Instant;

use clap::ValueEnum;
use serde_json::json;

use super::BenchArgs;
use crate::article::{self, Article};
use crate::cli::commands::{digest::Digests, translate::Translations};
use crate::cli::console::{Console, size};
use crate::cli::maker::Maker;
use crate::cli::settings::Settings;
use crate::cli::stages::{Stage, peak_rss_mib};
use crate::cli::{Method, OutputFormat, Searching, Summarising, inputs};
use crate::error::{Error, Result};

/// The job that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Suite {
    /// Summary and translations.
    Digest,
    /// The whole article in other languages.
    Translate,
}

/// What is measured if no article is named.
const ARTICLE: &str = include_str!("../../../../tests/articles/harbour.en.txt");

/// Does the job, whose result is thrown away; gives what is printed.
///
/// # Errors
/// Those of the job.
pub(super) fn run(
    suite: Suite,
    args: &BenchArgs,
    format: OutputFormat,
    settings: &Settings,
    console: &Console,
) -> Result<String> {
    if let Some(model) = &settings.bare_model {
        return Err(
            Error::usage(format!("--model {model}: a suite needs to know for which task"))
                .with_hint(format!("write it as TASK=ID, e.g. --model summarise={model}")),
        );
    }
    let article = read(args.article.as_deref(), console)?;
    let id = article.id.clone();
    let searching = Searching {
        beams: None,
        alternatives: None,
        batch_tokens: None,
    };
    // how it would be printed is no part of it
    let plain = Settings {
        format: Some(OutputFormat::Json),
        ..settings.clone()
    };
    let started = Instant::now();
    match suite {
        Suite::Digest => {
            let how = Summarising {
                sentences: None,
                words: None,
                method: Method::Abstractive,
                temperature: 0.0,
                seed: 0,
            };
            Digests::new(&args.to, (&how, &searching), false, &plain, console)?.make(article)?;
        }
        Suite::Translate => {
            Translations::new(&args.to, &searching, false, &plain, console)?.make(article)?;
        }
    }
    console.finish();
    let name = suite.to_possible_value().map(|v| v.get_name().to_owned());
    let all = Stage {
        name: name.unwrap_or_default(),
        seconds: started.elapsed().as_secs_f64(),
        read: console.stages().iter().map(|s| s.read).sum(),
        written: console.stages().iter().map(|s| s.written).sum(),
        peak_rss_mib: peak_rss_mib(),
    };
    Ok(printed(&id, &console.stages(), &all, format))
}

fn read(path: Option<&Path>, console: &Console) -> Result<Article> {
    let (name, bytes) = match path {
        Some(path) => inputs::read_bytes(path, console)?,
        None => ("harbour.en.txt".to_owned(), ARTICLE.as_bytes().to_vec()),
    };
    let mut articles = article::read(&name, &bytes, None, None)?.into_iter();
    let nothing = || Error::input(&name, "there is no article in it");
    articles.next().ok_or_else(nothing)?
}

fn printed(id: &str, stages: &[Stage], all: &Stage, format: OutputFormat) -> String {
    if format == OutputFormat::Json {
        let object = |stage: &Stage| {
            json!({
                "stage": stage.name,
                "seconds": stage.seconds,
                "read_tokens": stage.read,
                "written_tokens": stage.written,
                "written_tokens_per_s": stage.rate(),
                "peak_rss_mib": stage.peak_rss_mib,
            })
        };
        return json!({
            "suite": all.name,
            "article": id,
            "stages": stages.iter().map(object).collect::<Vec<_>>(),
            "seconds": all.seconds,
            "read_tokens": all.read,
            "written_tokens": all.written,
            "peak_rss_mib": all.peak_rss_mib,
        })
        .to_string();
    }
    let width = stages
        .iter()
        .map(|s| s.name.chars().count())
        .max()
        .unwrap_or(0)
        .max(all.name.len());
    let line = |stage: &Stage| {
        let rate = stage.rate().map_or("-".to_owned(), |rate| format!("{rate:.1}"));
        let memory = stage
            .peak_rss_mib
            .map_or("-".to_owned(), |mib| size((mib * 1_048_576.0) as u64));
        let Stage {
            name,
            seconds,
            read,
            written,
            ..
        } = stage;
        format!("  {name:<width$}  {seconds:>8.2} s  {read:>6}  {written:>7}  {rate:>8}  {memory:>10}")
    };
    let head = format!(
        "{id}\n  {:<width$}  {:>10}  {:>6}  {:>7}  {:>8}  {:>10}",
        "stage", "time", "read", "written", "tokens/s", "memory"
    );
    let lines = [head]
        .into_iter()
        .chain(stages.iter().map(line))
        .chain([line(all)]);
    lines.collect::<Vec<_>>().join("\n")
}
