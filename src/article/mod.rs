//! Bytes → `Article`, a file or folder a format; `Article` → `Document`, with its sentences.
//!
//! What always holds: every span lies inside `Article::text`, blocks are in order and do not overlap,
//! and every sentence lies inside one block. Text that was left out is listed in `Article::dropped`.
//! The text of a JSONL item is taken character for character: nothing is left out of it.

mod date;
mod decode;
mod draft;
mod format;
mod front;
mod furniture;
mod html;
mod json;
mod jsonl;
mod layout;
mod mail;
mod markdown;
mod office;
mod provenance;
mod subtitles;
mod text;
pub(crate) mod xml;

use std::collections::HashSet;
use std::path::Path;

use draft::Draft;

pub use format::Format;
pub use jsonl::JsonLines;
pub use provenance::Provenance;
pub use subtitles::{Cue, is_time_line};

use crate::error::{Error, Result};
use crate::text::language::{self, Language};
use crate::text::segment;
use crate::text::span::Span;

/// The largest input that is taken, in bytes. The longest news features stay below 0.5 MB; what is larger is a
/// dump of many articles, which belongs into JSONL.
pub const MAX_BYTES: usize = 16 << 20;

/// From here on, in bytes, an input is longer than any article: it is read, and the user is told.
const LONG_BYTES: usize = 2 << 20;

/// The refusal for an input of `size` bytes.
pub fn too_large(name: &str, size: u64) -> Error {
    Error::input(
        name,
        format!(
            "{} MB are too much for one input (the limit is {} MB)",
            size >> 20,
            MAX_BYTES >> 20
        ),
    )
    .with_hint("split it into articles, one a file or one a line of JSONL files")
}

/// Reads the articles of one input. The outer error is about the whole input, an inner one about one article.
///
/// `name` is the file's name as the user gave it; `format` and `language` are what the user says, if anything. Without
/// `format` the bytes decide, and the name where they could be anything.
///
/// # Errors
/// [`Error::Input`] if the bytes are empty, too many, not what they claim to be, in no encoding of Unicode, or hold
/// no article.
pub fn read(
    name: &str,
    bytes: &[u8],
    format: Option<Format>,
    language: Option<Language>,
) -> Result<Vec<Result<Article>>> {
    if bytes.len() > MAX_BYTES {
        return Err(too_large(name, bytes.len() as u64));
    }
    let found = format.or_else(|| Format::of_bytes(bytes));
    let drafts = match found {
        Some(format @ (Format::Docx | Format::Odt)) => vec![office::read(name, bytes, format)],
        Some(Format::Eml) => mail::read_all(name, bytes),
        _ => match of_text(name, bytes, format, language)? {
            Content::Articles(articles) => return Ok(articles),
            Content::Drafts(drafts) => drafts,
        },
    };
    let mut drafts = drafts;
    if let [Ok(draft)] = drafts.as_mut_slice()
        && bytes.len() > LONG_BYTES
        && !matches!(found, Some(Format::Docx | Format::Odt | Format::Eml))
    {
        draft.warnings.push(format!(
            "{} MB are more than any article; if these are many, put one on each line of a JSONL file",
            bytes.len() >> 20
        ));
    }
    Ok(finish(name, drafts, language))
}

/// The text of an input as it stands, its byte order mark aside, and what it is: by the rules of [`read`].
///
/// # Errors
/// As for [`read`].
pub fn as_it_stands(name: &str, bytes: &[u8], given: Option<Format>) -> Result<(String, Format)> {
    let named = given
        .or_else(|| Format::of_bytes(bytes))
        .or_else(|| Format::of_name(name));
    if let Some(format @ (Format::Docx | Format::Odt | Format::Eml)) = named {
        return Ok((String::new(), format));
    }
    let tagged = bytes.iter().find(|b| b.is_ascii_graphic()) == Some(&b'<');
    let is_markup = named.map_or(tagged, Format::is_markup) || (given.is_none() && tagged);
    let text = decode::decode(name, bytes, is_markup)?.text;
    let format = given.or_else(|| Format::of_text(&text)).or(named);
    Ok((text, format.unwrap_or(Format::Text)))
}

/// The length of the section label ("Source:") that `line` begins with, its colon included.
pub fn label_len(line: &str) -> Option<usize> {
    layout::label(line).map(|(length, _)| length)
}

/// What a text holds.
enum Content {
    /// Articles that are taken character for character.
    Articles(Vec<Result<Article>>),
    Drafts(Vec<Result<Draft>>),
}

/// Reads an input that is text.
fn of_text(name: &str, bytes: &[u8], given: Option<Format>, language: Option<Language>) -> Result<Content> {
    let named = given.or_else(|| Format::of_name(name));
    let tagged = bytes.iter().find(|b| b.is_ascii_graphic()) == Some(&b'<');
    let is_markup = named.map_or(tagged, Format::is_markup) || (given.is_none() && tagged);
    let decoded = match named {
        Some(format @ (Format::Docx | Format::Odt)) => {
            decode::decode(name, bytes, is_markup).map_err(|_| office::no_document(name, bytes, format))?
        }
        _ => decode::decode(name, bytes, is_markup)?,
    };
    let format = given.or_else(|| Format::of_text(&decoded.text)).or(named);
    let text = decoded.text.as_str();
    let drafts = match format {
        Some(Format::Jsonl) => return Ok(Content::Articles(jsonl::read(name, text, language))),
        Some(Format::Ninjs) => json::ninjs::read(name, text)?,
        Some(Format::Feed) if text.trim_start().starts_with('{') => json::feed::read(name, text)?,
        Some(Format::Feed) => xml::feed::read(name, text)?,
        Some(Format::Newsml) => xml::newsml::read(name, text)?,
        Some(Format::Nitf) => vec![xml::nitf::read(name, text)],
        Some(format @ (Format::Docx | Format::Odt)) => return Err(office::no_document(name, bytes, format)),
        Some(Format::Eml) => mail::read_all(name, bytes),
        None if text.trim_start().starts_with("<?xml") => return Err(xml::unknown(name, text)),
        Some(Format::Text | Format::Markdown | Format::Html | Format::Srt | Format::Vtt) | None => {
            let decode::Decoded { text, warnings } = decode::clean(decoded);
            let mut draft = match format {
                Some(Format::Markdown) => markdown::read(&text),
                Some(Format::Html) => html::read(name, &text)?,
                Some(format @ (Format::Srt | Format::Vtt)) => subtitles::read(name, &text, format)?,
                _ => text::read(&text),
            };
            draft.warnings.splice(0..0, warnings);
            vec![Ok(draft)]
        }
    };
    Ok(Content::Drafts(drafts))
}

/// Drafts → articles. Each that the input names keeps that name; others have the file's, with a number if they are
/// several.
fn finish(name: &str, drafts: Vec<Result<Draft>>, language: Option<Language>) -> Vec<Result<Article>> {
    let stem = id_of(name);
    let several = drafts.len() > 1;
    let mut seen = HashSet::new();
    let mut finished = Vec::with_capacity(drafts.len());
    for (number, draft) in (1..).zip(drafts) {
        finished.push(draft.and_then(|mut draft| {
            let own = if several {
                format!("{stem}:{number}")
            } else {
                stem.clone()
            };
            let id = draft.id.take().unwrap_or(own);
            if seen.insert(id.clone()) {
                return draft.finish(name, &id, language);
            }
            let twice = format!("item {number}: \"{id}\" was there before");
            Err(Error::input(name, twice).with_hint("the first of both is taken"))
        }));
    }
    finished
}

/// The id of the article in the file `name`: its name without folder and extension.
pub fn id_of(name: &str) -> String {
    if name == "-" || name == "standard input" {
        return "stdin".to_owned();
    }
    Path::new(name)
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .filter(|stem| !stem.is_empty())
        .unwrap_or_else(|| "stdin".to_owned())
}

/// The language of `text`: what the user says, what the input declares, or what it looks like; what is doubtful
/// about it goes to `warnings`.
fn settle_language(
    text: &str,
    given: Option<Language>,
    declared: Option<Language>,
    warnings: &mut Vec<String>,
) -> Language {
    /// Below this a guess is mentioned to the user.
    const DOUBTFUL: f64 = 0.5;
    if let Some(language) = given {
        return language;
    }
    let detected = language::detect(text);
    match (declared, detected) {
        (Some(declared), Some(found)) if found.language != declared && found.confidence > DOUBTFUL => {
            warnings.push(format!(
                "the input declares {}, the text looks like {}, which is used; --from {} overrides this",
                declared.name(),
                found.language.name(),
                declared,
            ));
            found.language
        }
        (Some(declared), _) => declared,
        (None, Some(found)) => {
            if found.confidence < DOUBTFUL {
                warnings.push(format!(
                    "the language is doubtful; taken as {}, --from LANG overrides this",
                    found.language.name()
                ));
            }
            found.language
        }
        (None, None) => {
            warnings.push(
                "the language is not known here; taken as English, --from LANG overrides this".to_owned(),
            );
            Language::EN
        }
    }
}

/// What a block of an article is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockKind {
    /// The title.
    Headline,
    /// Running text.
    Paragraph,
    /// A `Source:` line (in any language): a list of sources, not a sentence.
    SourceLine,
    /// A heading inside the article; a section label on a line of its own is one.
    Heading,
    /// One bullet, its mark left out.
    ListItem,
}

/// A paragraph, heading, bullet or header line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What it is.
    pub kind: BlockKind,
    /// Its text, label included.
    pub span: Span,
    /// The section label at its start ("Source:", "Details:", "Background:"), colon included.
    pub label: Option<Span>,
}

/// A line that was recognised as page furniture and left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// The text that was left out.
    pub text: String,
    /// Why, in a few words ("share line", "support appeal").
    pub reason: &'static str,
}

/// One article, as every later stage sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Article {
    /// The id given in JSONL, else the file's name without folder and extension, else `stdin`.
    pub id: String,
    /// The language of the text, detected or given.
    pub language: Language,
    /// The text all positions refer to.
    pub text: String,
    /// The headline's place in the text, if there is one.
    pub headline: Option<Span>,
    /// The structure of the text.
    pub blocks: Vec<Block>,
    /// What was left out.
    pub dropped: Vec<Dropped>,
    /// What the user should know about the input (e.g. a doubtful language), one line each.
    pub warnings: Vec<String>,
    /// What the input says of the article beside its text.
    pub provenance: Provenance,
    /// The times of its words, if it comes from subtitles; in the order of the text.
    pub cues: Vec<Cue>,
}

/// One sentence and the block that holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// Where it stands; trimmed, section labels left out.
    pub span: Span,
    /// Index into `Article::blocks`.
    pub block: usize,
}

/// An article cut into sentences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The article.
    pub article: Article,
    /// Its sentences in order. A headline is a sentence too.
    pub sentences: Vec<Sentence>,
}

impl Document {
    /// Cuts `article` into sentences, block by block. Headlines, headings and source lines are one sentence
    /// each; labels belong to none.
    pub fn new(article: Article) -> Document {
        let mut sentences = Vec::new();
        for (block, about) in article.blocks.iter().enumerate() {
            let start = about.label.map_or(about.span.start, |label| label.end);
            let body = Span::new(start, about.span.end).trimmed(&article.text);
            if body.is_empty() {
                continue;
            }
            match about.kind {
                BlockKind::Headline | BlockKind::Heading | BlockKind::SourceLine => {
                    sentences.push(Sentence { span: body, block });
                }
                BlockKind::Paragraph | BlockKind::ListItem => {
                    let spans = segment::sentences(body.of(&article.text), article.language);
                    sentences.extend(spans.into_iter().map(|span| Sentence {
                        span: span.shifted(body.start),
                        block,
                    }));
                }
            }
        }
        Document { article, sentences }
    }

    /// The text of sentence `index`.
    pub fn sentence(&self, index: usize) -> &str {
        self.sentences
            .get(index)
            .map_or("", |s| s.span.of(&self.article.text))
    }
}
