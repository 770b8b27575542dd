//! `byline translate --format same`: the input with its tags, times and marks, in another language.

use crate::article;
use crate::cli::console::Console;
use crate::cli::engines::Engines;
use crate::cli::inputs::read_bytes;
use crate::cli::output::Output;
use crate::cli::settings::Settings;
use crate::cli::{Articles, OutputFormat, Searching};
use crate::error::{Error, Result};
use crate::pipeline;
use crate::progress::Progress;
use crate::registry::Task;
use crate::render::{self, Translation};
use crate::structure::{Line, Structure};
use crate::text::language::Language;
use crate::text::span::Span;
use crate::translate::labels;

use super::translate;

/// Translates the one input of `articles`; gives the exit code.
///
/// # Errors
/// [`Error::Usage`] for several inputs or languages, and for formats that are not given back; those of the work.
pub(super) fn run(
    articles: &Articles,
    to: &[Language],
    searching: &Searching,
    strict: bool,
    settings: &Settings,
    console: &Console,
) -> Result<u8> {
    let options = translate::options(to, searching, settings, OutputFormat::Same)?;
    let [to] = options.to[..] else {
        return Err(Error::usage("--format same gives one file in one language")
            .with_hint("run once for each language of --to"));
    };
    let path = match &articles.files[..] {
        [] => std::path::Path::new("-"),
        [path] => path.as_path(),
        _ => {
            return Err(Error::usage("--format same takes one input, and gives one file")
                .with_hint("run once for each input, with an -o of its own"));
        }
    };
    let mut output = Output::open(settings.output.as_ref())?;
    let (name, bytes) = read_bytes(path, console)?;
    console.stage("reading");
    let (text, format) = article::as_it_stands(&name, &bytes, articles.input_format)?;
    Structure::takes(format)?;
    let article = article::read(&name, &bytes, Some(format), articles.from)?
        .pop()
        .ok_or_else(|| Error::input(&name, "holds no article"))??;
    let from = article.language;
    if from == to {
        return Err(translate::is_in_it(&article.id, from));
    }
    let mut structure = Structure::new(&text, format, &article, to)?;
    structure.write_labels(|label| labels::written(label, to));
    console.about_input(&article);
    let mut engines = Engines::new(settings, console)?.searching(options.search);
    engines.prepare(&[(Task::Translate, from, Some(to))])?;
    let segments = structure.segments();
    let made = pipeline::translate(
        &article.id,
        &segments,
        from,
        &[to],
        &options,
        &mut engines,
        console,
    )?;
    console.finish();
    let translation = made
        .first()
        .ok_or_else(|| Error::failed("nothing was translated"))?;
    let filled = structure.fill(&lines(&segments, translation));
    let mark = if bytes.starts_with(b"\xef\xbb\xbf") {
        "\u{feff}"
    } else {
        ""
    };
    output.write_exactly(&format!("{mark}{}", filled.text))?;
    output.finish()?;
    for line in render::translation::attention(translation) {
        console.warn(&line);
    }
    if let Some((count, what)) = structure.left {
        console.say(&format!("{name}: {count} {what} stay in {}", from.name()));
    }
    if filled.doubtful > 0 {
        console.warn(&format!(
            "{name}: {} marks or tags are placed by their share of the sentence alone: look at where they stand",
            filled.doubtful
        ));
    }
    Ok(u8::from(translation.needs_attention(strict)))
}

/// Each segment's translation, with what is known of where its words went.
fn lines<'a>(segments: &[String], translation: &'a Translation) -> Vec<Line<'a>> {
    let ledger = &translation.ledger;
    let mut lines = Vec::with_capacity(segments.len());
    let (mut mine, mut theirs) = (0, 0);
    let mut names = ledger
        .names
        .iter()
        .filter_map(|name| Some((name.source, name.target.iter().copied().reduce(Span::cover)?)))
        .collect::<Vec<_>>();
    names.sort_by_key(|(source, _)| source.start);
    let mut names = names.into_iter().peekable();
    for (segment, translated) in segments.iter().zip(&translation.segments) {
        let source = Span::new(mine, mine + segment.len());
        let target = Span::new(theirs, theirs + translated.text.len());
        (mine, theirs) = (source.end + 1, target.end + 1);
        let mut inside = Vec::new();
        while let Some((name, place)) = names.next_if(|(name, _)| name.start < source.end) {
            if source.contains(name) && target.contains(place) {
                let moved = |span: Span, to: usize| Span::new(span.start - to, span.end - to);
                inside.push((moved(name, source.start), moved(place, target.start)));
            }
        }
        lines.push(Line {
            text: &translated.text,
            alignment: &translated.alignment,
            names: inside,
        });
    }
    lines
}
