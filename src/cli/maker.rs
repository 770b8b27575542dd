//! What commands over articles have in common: one article in, one result out.

use crate::article::Article;
use crate::batch::{failure, window};
use crate::cli::console::Console;
use crate::cli::inputs::{Inputs, Item, settle};
use crate::cli::output::Output;
use crate::cli::{Articles, OutputFormat};
use crate::error::Result;
use crate::render::ModelUsed;
use crate::text::language::Language;

/// The result of one article.
pub struct Made {
    /// What is printed; none if it went into the one document of the run.
    pub text: Option<String>,
    /// The exit code of this article.
    pub code: u8,
}

/// A command over articles.
pub trait Maker {
    /// The format of its results.
    fn format(&self) -> OutputFormat;

    /// All that is asked for, in words: other words, other results.
    fn settings(&self) -> String;

    /// The models that serve an article in `from`, fetched if they may be; the same whatever was made before.
    ///
    /// # Errors
    /// [`crate::error::Error::NoModel`] if there is none.
    fn models(&mut self, _from: Language) -> Result<Vec<ModelUsed>> {
        Ok(Vec::new())
    }

    /// How many characters of articles it wants to see before the first of them is made.
    fn looks_ahead(&self) -> usize {
        0
    }

    /// These articles will be made next, in this order.
    ///
    /// # Errors
    /// [`crate::error::Error::Interrupted`] alone: what fails for an article fails when it is made.
    fn expect(&mut self, _articles: &[&Article]) -> Result<()> {
        Ok(())
    }

    /// The result for `article`.
    ///
    /// # Errors
    /// Those of the work.
    fn make(&mut self, article: Article) -> Result<Made>;

    /// The result for `article`, of which `former` is the result for a former state; what did not change may be taken over.
    ///
    /// # Errors
    /// Those of the work.
    fn update(&mut self, article: Article, _former: &str) -> Result<Made> {
        self.make(article)
    }

    /// The one document of all results so far, for formats that are one; the next begins anew.
    ///
    /// # Errors
    /// If it cannot be made.
    fn document(&mut self) -> Result<Option<String>> {
        Ok(None)
    }

    /// Whether results are parted by an empty line.
    fn parted(&self) -> bool {
        false
    }
}

/// Prints what `maker` makes of all articles; gives the worst exit code. Where articles come as lines and results are JSON,
/// each line has its answer as soon as it is there: the result, or the error as an object.
///
/// # Errors
/// What stops the whole run; an error of one article is reported and counts into the exit code.
pub fn run(
    maker: &mut dyn Maker,
    articles: &Articles,
    output: Option<&std::path::PathBuf>,
    console: &Console,
) -> Result<u8> {
    let mut output = Output::open(output)?;
    let (mut first, mut worst) = (true, 0);
    let mut items = Inputs::new(articles, articles.files.clone(), console);
    loop {
        // where somebody waits for the answer nothing more is waited for
        let size = |item: &Item| match &item.article {
            _ if item.awaited => usize::MAX,
            Ok(article) => article.text.len(),
            Err(_) => 0,
        };
        let window = window(&mut items, maker.looks_ahead(), size);
        if window.is_empty() {
            break;
        }
        let coming: Vec<&Article> = window
            .iter()
            .filter_map(|item| item.article.as_ref().ok())
            .collect();
        if coming.len() > 1 {
            maker.expect(&coming)?;
        }
        for item in window {
            let id = item.article.as_ref().map_or(item.name, |a| a.id.clone());
            let made = item.article.and_then(|article| {
                console.about_input(&article);
                maker.make(article)
            });
            let answers = item.line && maker.format() == OutputFormat::Json;
            if let (Err(error), true) = (&made, answers)
                && !error.ends_all()
            {
                output.write(&failure(&id, error).to_string())?;
            }
            let outcome = made.and_then(|made| {
                if let Some(text) = made.text {
                    if maker.parted() && !first {
                        output.write("")?;
                    }
                    output.write(&text)?;
                    first = false;
                }
                Ok(made.code)
            });
            worst = worst.max(settle(outcome, console)?);
        }
    }
    if let Some(document) = maker.document()? {
        output.write(&document)?;
    }
    output.finish()?;
    Ok(worst)
}
