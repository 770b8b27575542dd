//! What commands over articles have in common: one article in, one result out.

use crate::article::Article;
use crate::cli::console::Console;
use crate::cli::output::Output;
use crate::cli::{Articles, OutputFormat, inputs};
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

    /// The models that serve an article in `from`, fetched if they may be.
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

/// Prints what `maker` makes of all articles; gives the worst exit code.
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
    let mut first = true;
    let mut code = 0;
    let mut stream = inputs::stream(articles, console);
    loop {
        let window = window(&mut stream, maker.looks_ahead());
        if window.is_empty() {
            break;
        }
        let coming: Vec<&Article> = window.iter().flatten().collect();
        if coming.len() > 1 {
            maker.expect(&coming)?;
        }
        for article in window {
            let outcome = article.and_then(|article| {
                console.about_input(&article);
                let made = maker.make(article)?;
                if let Some(text) = made.text {
                    if maker.parted() && !first {
                        output.write("")?;
                    }
                    output.write(&text)?;
                    first = false;
                }
                Ok(made.code)
            });
            code = code.max(inputs::settle(outcome, console)?);
        }
    }
    if let Some(document) = maker.document()? {
        output.write(&document)?;
    }
    output.finish()?;
    Ok(code)
}

/// The next articles: one, and as many more as come to `characters`.
fn window(stream: &mut impl Iterator<Item = Result<Article>>, characters: usize) -> Vec<Result<Article>> {
    let mut window = Vec::new();
    let mut seen = 0;
    for article in stream {
        seen += article.as_ref().map_or(0, |article| article.text.len());
        window.push(article);
        if seen >= characters {
            break;
        }
    }
    window
}
