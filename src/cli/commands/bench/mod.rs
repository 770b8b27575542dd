//! `byline bench`: how fast a model reads and writes on this machine, and how much memory it takes; or how long the
//! stages of a whole job take.

mod suite;

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::json;

use crate::cli::OutputFormat;
use crate::cli::console::{Console, size};
use crate::cli::engines::spec;
use crate::cli::output::Output;
use crate::cli::quantised::quantised;
use crate::cli::settings::Settings;
use crate::cli::stages::peak_rss_mib;
use crate::error::{Error, Result};
use crate::neural::{self, ChatModel, Encoder, Purpose};
use crate::progress::{self, Progress};
use crate::registry::{Catalogue, Installed, Store};
use crate::text::language::Language;

/// What to measure.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The model is named with --model ID (or a GGUF file, or a model folder); for a suite, as elsewhere."
)]
pub struct BenchArgs {
    /// Measure the stages of a whole job instead of one model: tokens, seconds and memory each
    #[arg(long, value_name = "JOB", conflicts_with_all = ["prompt_tokens", "new_tokens"])]
    pub suite: Option<suite::Suite>,
    /// The article of a suite [default: one of the project's own]
    #[arg(value_name = "ARTICLE", requires = "suite")]
    pub article: Option<PathBuf>,
    /// Languages that a suite translates into
    #[arg(long, value_name = "LANG", value_delimiter = ',', requires = "suite")]
    pub to: Vec<Language>,
    /// Tokens to read
    #[arg(long, value_name = "N", default_value_t = 512)]
    pub prompt_tokens: usize,
    /// Tokens to write
    #[arg(long, value_name = "N", default_value_t = 128)]
    pub new_tokens: usize,
}

/// Tokens read at once; small enough for Ctrl-C to be noticed.
const CHUNK: usize = 64;

struct Measured {
    load_s: f64,
    prefill: f64,
    /// None for a model that writes nothing.
    decode: Option<f64>,
}

/// Runs the command.
///
/// # Errors
/// If no model is named, it is not here, or it cannot be loaded.
pub fn run(args: &BenchArgs, settings: &Settings, console: &Console) -> Result<u8> {
    let format = settings.format_or(OutputFormat::Text);
    if !matches!(format, OutputFormat::Text | OutputFormat::Json) {
        return Err(super::no_such_format("bench", format));
    }
    if let Some(job) = args.suite {
        let printed = suite::run(job, args, format, settings, console)?;
        return print(&printed, settings);
    }
    if args.prompt_tokens == 0 || args.new_tokens == 0 {
        return Err(Error::usage(
            "--prompt-tokens and --new-tokens must be at least 1",
        ));
    }
    let installed = find(settings, console)?;
    console.stage(&format!("loading {}", installed.id()));
    let device = settings.device.resolve()?;
    let started = Instant::now();
    let measured = if installed.manifest.architecture == "bert" {
        let encoder = neural::load_encoder(&spec(&installed, settings), &device)?;
        let load_s = started.elapsed().as_secs_f64();
        console.stage("measuring");
        measure_encoder(&encoder, args, load_s)?
    } else {
        let spec = quantised(&installed, settings, &Store::from_env()?, console)?;
        let started = Instant::now();
        let model = neural::load(&spec, &device)?;
        let load_s = started.elapsed().as_secs_f64();
        console.stage("measuring");
        measure(&model, args, load_s)?
    };
    console.finish();
    let peak = peak_rss_mib();
    let printed = if format == OutputFormat::Json {
        json!({
            "model": installed.id(),
            "prefill_tokens_per_s": measured.prefill,
            "decode_tokens_per_s": measured.decode,
            "load_s": measured.load_s,
            "peak_rss_mib": peak,
        })
        .to_string()
    } else {
        let memory = peak.map_or_else(
            || "unknown here".to_owned(),
            |mib| size((mib * 1_048_576.0) as u64),
        );
        let writing = measured.decode.map_or_else(String::new, |decode| {
            format!("\n  writing  {decode:>7.1} tokens/s ({} tokens)", args.new_tokens)
        });
        format!(
            "{}\n  load     {:>7.2} s\n  reading  {:>7.1} tokens/s ({} tokens){writing}\n  memory   {memory} at the most",
            installed.id(),
            measured.load_s,
            measured.prefill,
            args.prompt_tokens,
        )
    };
    print(&printed, settings)
}

fn print(printed: &str, settings: &Settings) -> Result<u8> {
    let mut output = Output::open(settings.output.as_ref())?;
    output.write(printed)?;
    output.finish()?;
    Ok(0)
}

/// The model that `--model` names, which must be here.
fn find(settings: &Settings, console: &Console) -> Result<Installed> {
    let Some(wanted) = settings.bare_model.as_deref() else {
        return Err(Error::usage("no model to measure").with_hint("name one: byline bench --model ID"));
    };
    let catalogue = Catalogue::load(Some(&settings.manifests()))?;
    let path = Path::new(wanted);
    if path.exists() && catalogue.get(wanted).is_err() {
        return Installed::from_path(path);
    }
    Store::from_env()?.ensure(catalogue.get(wanted)?, settings.offline, console)
}

fn measure(model: &ChatModel, args: &BenchArgs, load_s: f64) -> Result<Measured> {
    let engine = model.language_model();
    let needed = args.prompt_tokens + args.new_tokens;
    if needed > engine.context_length() {
        return Err(Error::usage(format!(
            "{needed} tokens are more than this model reads ({})",
            engine.context_length()
        )));
    }
    let mut state = engine.start();
    // any ids do: the work is the same for all of them
    let vocabulary = engine.vocabulary();
    let prompt: Vec<u32> = (0..args.prompt_tokens)
        .map(|i| u32::try_from((7919 * i) % (vocabulary / 2).max(1)).unwrap_or(0))
        .collect();
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
    let decode = args.new_tokens as f64 / started.elapsed().as_secs_f64();
    Ok(Measured {
        load_s,
        prefill,
        decode: Some(decode),
    })
}

/// An encoder reads sentences of about the length of a news sentence; it writes nothing.
fn measure_encoder(encoder: &dyn Encoder, args: &BenchArgs, load_s: f64) -> Result<Measured> {
    const SENTENCE: &str = "The harbour will stay closed for two weeks, the port authority said on Monday.";
    let one = encoder.tokens(Purpose::Query, &[SENTENCE])?;
    let tokens = one.first().map_or(1, |t| t.spans.len()).max(1);
    let sentences = vec![SENTENCE; args.prompt_tokens.div_ceil(tokens)];
    let started = Instant::now();
    encoder.embed(Purpose::Query, &sentences)?;
    Ok(Measured {
        load_s,
        prefill: (sentences.len() * tokens) as f64 / started.elapsed().as_secs_f64(),
        decode: None,
    })
}
