//! `byline batch`: many articles, resumable.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::article::{Article, Format};
use crate::batch::{self, Count, Journal, Store};
use crate::cli::console::Console;
use crate::cli::inputs::{Inputs, is_lines};
use crate::cli::lines::Lines;
use crate::cli::maker::Maker;
use crate::cli::settings::Settings;
use crate::cli::{Articles, OutputFormat, Searching, Summarising};
use crate::error::{Error, Result};
use crate::text::language::Language;

use super::{digest, sources, summarise, translate};

/// What to make of which articles.
#[derive(Debug, clap::Args)]
pub struct BatchArgs {
    /// Files, folders with all that is in them, patterns such as "wire/*.xml"; `-` or none: standard input
    #[command(flatten)]
    pub articles: Articles,
    /// What to make of each article
    #[arg(long, value_name = "TASK", default_value = "digest")]
    pub task: BatchTask,
    /// Languages to translate into
    #[arg(long, value_name = "LANG", value_delimiter = ',')]
    pub to: Vec<Language>,
    /// The summary.
    #[command(flatten)]
    pub summarising: Summarising,
    /// The translations.
    #[command(flatten)]
    pub searching: Searching,
    /// Count a claim whose attribution is neither found in a translation nor put back, sure or not
    #[arg(long)]
    pub strict: bool,
}

/// What is made of each article: as the command of that name does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum BatchTask {
    /// Summary, translations, ledger.
    Digest,
    /// The summary alone.
    Summarise,
    /// The whole article in other languages.
    Translate,
    /// Who says what.
    Sources,
}

/// Runs the command: 1 if an article failed or must be looked at.
///
/// # Errors
/// What makes going on pointless: no place to write to, an interrupt, a full disk.
pub fn run(args: &BatchArgs, settings: &Settings, console: &Console) -> Result<u8> {
    let settings = &Settings {
        format: settings.format.or(Some(OutputFormat::Json)),
        ..settings.clone()
    };
    let maker: Box<dyn Maker> = match args.task {
        BatchTask::Digest => {
            let how = (&args.summarising, &args.searching);
            Box::new(digest::Digests::new(
                &args.to,
                how,
                args.strict,
                settings,
                console,
            )?)
        }
        BatchTask::Summarise => Box::new(summarise::Summaries::new(&args.summarising, settings, console)?),
        BatchTask::Translate => Box::new(translate::Translations::new(
            &args.to,
            &args.searching,
            args.strict,
            settings,
            console,
        )?),
        BatchTask::Sources => Box::new(sources::Sources::new(settings, console)?),
    };
    let store = store(settings.output.as_deref(), maker.format())?;
    let files = files(&args.articles, &store)?;
    let total = count(&files, args.articles.input_format);
    let journal = Journal::open(&store.journal())?;
    let inputs = Inputs::new(&args.articles, files, console);
    let mut items = inputs.map(|item| {
        if let Ok(article) = &item.article {
            console.about_input(article);
        }
        (item.name, item.article)
    });
    console.overall(total);
    let mut job = Job { maker };
    let outcome = batch::run(&mut items, &mut job, journal, &store, &mut |count, error| {
        if let Some(error) = error {
            console.error(error);
        }
        console.advance(count.done, total, count.rate());
    });
    console.end_overall();
    let count = outcome?;
    console.say(&told(&count));
    Ok(count.exit_code())
}

/// "12 articles: 10 made, 2 were there; 1 failed, 3 to be looked at".
fn told(count: &Count) -> String {
    let made = count.done - count.kept - count.failed;
    let articles = if count.done == 1 { "article" } else { "articles" };
    let mut line = format!(
        "{} {articles}: {made} made, {} were there",
        count.done, count.kept
    );
    if count.failed + count.to_look_at > 0 {
        line.push_str(&format!(
            "; {} failed, {} to be looked at",
            count.failed, count.to_look_at
        ));
    }
    line
}

/// A maker as a batch sees it.
struct Job<'a> {
    maker: Box<dyn Maker + 'a>,
}

impl batch::Job for Job<'_> {
    fn settings(&self) -> String {
        format!("{} {}", env!("CARGO_PKG_VERSION"), self.maker.settings())
    }

    fn models(&mut self, article: &Article) -> Result<String> {
        Ok(format!("{:?}", self.maker.models(article.language)?))
    }

    fn looks_ahead(&self) -> usize {
        self.maker.looks_ahead()
    }

    fn expect(&mut self, articles: &[&Article]) -> Result<()> {
        self.maker.expect(articles)
    }

    fn make(&mut self, article: Article, former: Option<&str>) -> Result<(String, u8)> {
        let made = match former {
            Some(former) => self.maker.update(article, former),
            None => self.maker.make(article),
        };
        // what a failed article left in the document must not come into the next one's
        let document = self.maker.document()?;
        let made = made?;
        Ok((made.text.or(document).unwrap_or_default(), made.code))
    }
}

/// Where results go, by the name given with -o.
fn store(output: Option<&Path>, format: OutputFormat) -> Result<Store> {
    let Some(output) = output else {
        return Err(Error::usage("a batch needs a place for its results")
            .with_hint("name a folder, or a file that ends in .jsonl, with -o"));
    };
    let lines = output.extension().is_some_and(|e| e == "jsonl" || e == "ndjson");
    if lines && !output.is_dir() {
        let kinds = [OutputFormat::Json, OutputFormat::Ninjs, OutputFormat::Jsonld];
        if !kinds.contains(&format) {
            return Err(
                Error::usage(format!("{}: holds lines of JSON alone", output.display()))
                    .with_hint("name a folder with -o for results in this format"),
            );
        }
        return Ok(Store::Lines(output.to_owned()));
    }
    if output.is_file() {
        return Err(Error::usage(format!("{}: is a file", output.display()))
            .with_hint("name a folder, or a file that ends in .jsonl, with -o"));
    }
    std::fs::create_dir_all(output).map_err(|e| Error::io(output, e))?;
    let extension = match format {
        // what is as its input is no batch's: it has been refused
        OutputFormat::Text | OutputFormat::Same => "txt",
        OutputFormat::Markdown => "md",
        OutputFormat::Json => "json",
        OutputFormat::Html => "html",
        OutputFormat::Xliff => "xlf",
        OutputFormat::Tmx => "tmx",
        OutputFormat::Ninjs => "ninjs",
        OutputFormat::Jsonld => "jsonld",
    };
    Ok(Store::Folder(output.to_owned(), extension))
}

/// The files that the arguments name, in their order; those of a folder and of a pattern by name.
fn files(articles: &Articles, store: &Store) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in &articles.files {
        let pattern = path.to_string_lossy();
        if path.is_dir() {
            files.extend(in_folder(path, store)?);
        } else if pattern.contains(['*', '?', '[']) && !path.exists() {
            let matches =
                glob::glob(&pattern).map_err(|e| Error::usage(format!("{pattern}: is no pattern: {e}")))?;
            let mut found: BTreeSet<PathBuf> = matches.filter_map(std::result::Result::ok).collect();
            // what a former run wrote is no input of this one
            found.retain(|path| !is_result(path, store));
            if found.is_empty() {
                return Err(Error::usage(format!("{pattern}: matches no file")));
            }
            files.extend(found.into_iter().filter(|p| p.is_file()));
        } else {
            files.push(path.clone());
        }
    }
    if files.is_empty() && !articles.files.is_empty() {
        return Err(Error::usage("there are no files in what was named")
            .with_hint("name a folder with articles in it"));
    }
    Ok(files)
}

/// Whether `path` is the file of lines that results go to, or its journal.
fn is_result(path: &Path, store: &Store) -> bool {
    match store {
        Store::Lines(file) => [file, &store.journal()]
            .into_iter()
            .any(|own| real(own) == real(path)),
        Store::Folder(..) => false,
    }
}

/// A path as the system knows it, so that two names of one file are one.
fn real(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// All files of a folder but hidden ones and the batch's own.
fn in_folder(folder: &Path, store: &Store) -> Result<Vec<PathBuf>> {
    let own = match store {
        Store::Folder(results, _) if real(results) == real(folder) => {
            return Err(Error::usage(format!(
                "{}: articles and results would lie in one folder",
                folder.display()
            ))
            .with_hint("name another folder with -o"));
        }
        Store::Folder(results, _) => Some(real(results)),
        Store::Lines(_) => None,
    };
    let hidden =
        |entry: &walkdir::DirEntry| entry.depth() > 0 && entry.file_name().to_string_lossy().starts_with('.');
    let walk = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter();
    let mut files = Vec::new();
    for entry in walk.filter_entry(|e| !hidden(e) && own.as_ref().is_none_or(|own| *own != real(e.path()))) {
        let entry = entry.map_err(|e| Error::input(folder.display().to_string(), e.to_string()))?;
        if entry.file_type().is_file() && !is_result(entry.path(), store) {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}

/// How many articles there are, as far as it can be told beforehand: files, and the lines of those that are lines. None for
/// standard input.
fn count(files: &[PathBuf], format: Option<Format>) -> Option<usize> {
    let mut total = 0;
    for path in files {
        if path.as_os_str() == "-" {
            return None;
        }
        if is_lines(path, format) && path.is_file() {
            // what cannot be read says so when its turn comes
            total += Lines::count(path).unwrap_or(1);
        } else {
            total += 1;
        }
    }
    (total > 0).then_some(total)
}
