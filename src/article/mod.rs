//! Bytes → `Article`, a file a format; `Article` → `Document`, with its sentences.
//!
//! What always holds: every span lies inside `Article::text`, blocks are in order and do not overlap,
//! and every sentence lies inside one block. Text that was left out is listed in `Article::dropped`.

use crate::error::{Error, Result};
use crate::text::language::Language;
use crate::text::span::Span;

/// The largest input that is taken, in bytes. The longest news features stay below 0.5 MB; what is larger is a
/// dump of many articles, which belongs into JSONL.
pub const MAX_BYTES: usize = 16 << 20;

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

/// What the bytes of an input are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Plain text.
    Text,
    /// Markdown, front matter included.
    Markdown,
    /// A web page.
    Html,
    /// One article a line: `{"id", "text", "language"?}`.
    Jsonl,
}

/// Reads the articles of one input. The outer error is about the whole input, an inner one about one article.
pub fn read(
    name: &str,
    _bytes: &[u8],
    _format: Option<Format>,
    _language: Option<Language>,
) -> Result<Vec<Result<Article>>> {
    Err(Error::input(name, "cannot be read yet"))
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
    /// A heading inside the article.
    Heading,
    /// One bullet.
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
    /// The text of sentence `index`.
    pub fn sentence(&self, index: usize) -> &str {
        self.sentences
            .get(index)
            .map_or("", |s| s.span.of(&self.article.text))
    }
}
