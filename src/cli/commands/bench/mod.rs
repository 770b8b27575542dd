//! `byline bench`: how fast a model reads and writes on this machine, and how much memory it takes; or how long the
//! stages of a whole job take.

mod measure;
mod suite;

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::json;

use self::measure::Measured;
use crate::cli::OutputFormat;
use crate::cli::console::{Console, size};
use crate::cli::engines::spec;
use crate::cli::output::Output;
use crate::cli::quantised::quantised;
use crate::cli::settings::Settings;
use crate::cli::stages::peak_rss_mib;
use crate::error::{Error, Result};
use crate::neural;
use crate::progress::Progress;
use crate::registry::{Catalogue, Installed, Store};
use crate::text::language::Language;

/// What to measure.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The model is named with --model ID (or a GGUF file, or a model folder); for a suite, as elsewhere. A chat \
                  model reads one prompt. A translation model and an encoder read sentences side by side, as many as have \
                  --prompt-tokens together; tokens a second are those of all of them."
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
    /// Tokens to read; a translation model: in sentences of 32
    #[arg(long, value_name = "N", default_value_t = 512)]
    pub prompt_tokens: usize,
    /// Tokens to write; a translation model: for each sentence
    #[arg(long, value_name = "N", default_value_t = 128)]
    pub new_tokens: usize,
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
    let architecture = installed.manifest.architecture.as_str();
    let started = Instant::now();
    let (load_s, measured) = if architecture == "bert" {
        let encoder = neural::load_encoder(&spec(&installed, settings), &device)?;
        measuring(started, console, || measure::encoder(&encoder, args))?
    } else {
        let spec = quantised(&installed, settings, &Store::from_env()?, console)?;
        let started = Instant::now();
        if spec.vocabularies.is_some() {
            let (student, _) = neural::load_student(&spec, &device)?;
            measuring(started, console, || measure::encoder_decoder(&student, args))?
        } else if neural::is_encoder_decoder(architecture) {
            let model = neural::load_seq2seq(&spec, &device)?;
            measuring(started, console, || measure::encoder_decoder(&model, args))?
        } else {
            let model = neural::load(&spec, &device)?;
            measuring(started, console, || measure::chat(&model, args))?
        }
    };
    console.finish();
    let peak = peak_rss_mib();
    let printed = if format == OutputFormat::Json {
        json!({
            "model": installed.id(),
            "prefill_tokens_per_s": measured.prefill,
            "decode_tokens_per_s": measured.decode,
            "sequences": measured.sequences,
            "load_s": load_s,
            "peak_rss_mib": peak,
        })
        .to_string()
    } else {
        let memory = peak.map_or_else(
            || "unknown here".to_owned(),
            |mib| size((mib * 1_048_576.0) as u64),
        );
        let sequences = match measured.sequences {
            1 => String::new(),
            many => format!(", {many} texts side by side"),
        };
        let writing = measured.decode.map_or_else(String::new, |decode| {
            format!(
                "\n  writing  {decode:>7.1} tokens/s ({} tokens each)",
                args.new_tokens
            )
        });
        format!(
            "{}\n  load     {load_s:>7.2} s\n  reading  {:>7.1} tokens/s ({} tokens{sequences}){writing}\n  memory   {memory} at the most",
            installed.id(),
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

/// What was measured, and the seconds that loading took, which began at `started`.
fn measuring(
    started: Instant,
    console: &Console,
    measure: impl FnOnce() -> Result<Measured>,
) -> Result<(f64, Measured)> {
    let load_s = started.elapsed().as_secs_f64();
    console.stage("measuring");
    Ok((load_s, measure()?))
}
