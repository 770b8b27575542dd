//! Document → claims: who said what, found without a model.
//!
//! What always holds: every span lies inside the document's text; `source` is an index into `sources`;
//! `parent` is an index into `attributions` and there are no cycles. An attribution whose text names no
//! source has `source: None` and no `source_spans`.

mod clause;
mod cues;
mod lexicon;
mod passage;
mod quotes;
mod subject;
mod token;

use serde::{Deserialize, Serialize};

use crate::article::{BlockKind, Document};
use crate::text::language::Language;
use crate::text::span::Span;
use lexicon::Lexicon;
use passage::Passage;

/// How the report is worded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// A `Source:` line, a byline or a dateline.
    Header,
    /// A whole quotation.
    Direct,
    /// A paraphrase with quoted words in it.
    Mixed,
    /// A paraphrase.
    Indirect,
    /// A document is the source.
    Document,
    /// "reportedly": no source is named.
    Hearsay,
}

/// What the cue says about the speaker's position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stance {
    /// said, told, added.
    Say,
    /// claimed, alleged.
    Claim,
    /// confirmed, admitted.
    Confirm,
    /// denied, rejected.
    Deny,
    /// reported, published.
    Report,
    /// citing, quoting.
    Cite,
    /// warned, threatened.
    Warn,
    /// promised, pledged, plans.
    Promise,
    /// asked, urged, ordered.
    Ask,
    /// estimated, forecast.
    Estimate,
    /// believes, hopes, wants.
    Think,
}

/// Whether the content is put forward, denied, or neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Polarity {
    /// The source says that it is so.
    Asserted,
    /// The source says that it is not so.
    Denied,
    /// The source would not say, or the report is doubted.
    Unconfirmed,
}

/// What a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// A named person.
    Person,
    /// A ministry, a company, a court, a country as an actor.
    Organisation,
    /// A medium or news agency.
    Outlet,
    /// "officials", "witnesses", "analysts".
    Group,
    /// A report, a memo, a statement.
    Document,
    /// A source that the text keeps unnamed on purpose.
    Anonymous,
    /// None of these can be told.
    Unknown,
}

/// One source, with all its mentions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The canonical name: the fullest mention, or the description of an anonymous source.
    pub name: String,
    /// What it is.
    pub kind: SourceKind,
    /// Where it is mentioned as a source, in order.
    pub mentions: Vec<Span>,
}

/// One attribution: source + cue + content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribution {
    /// How it is worded.
    pub form: Form,
    /// What the cue says about the speaker's position.
    pub stance: Stance,
    /// Whether the content is put forward, denied, or neither.
    pub polarity: Polarity,
    /// Index into [`Claims::sources`].
    pub source: Option<usize>,
    /// Who, as written here.
    pub source_spans: Vec<Span>,
    /// The words that tell it is reported.
    pub cue_spans: Vec<Span>,
    /// What is reported.
    pub content_spans: Vec<Span>,
    /// The attribution that relays this one, an index into [`Claims::attributions`].
    pub parent: Option<usize>,
}

/// All attributions of one text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// The sources, in the order of their first mention.
    pub sources: Vec<Source>,
    /// The attributions, in the order of the text.
    pub attributions: Vec<Attribution>,
}

/// An attribution as a pattern finds it, before sources are told apart.
#[derive(Clone, Debug)]
struct Draft {
    form: Form,
    stance: Stance,
    polarity: Polarity,
    source: Vec<Span>,
    cue: Vec<Span>,
    content: Vec<Span>,
    parent: Option<usize>,
}

/// Finds the attributions of an article.
pub fn attribute(document: &Document) -> Claims {
    let article = &document.article;
    let mut blocks: Vec<(BlockKind, Vec<Span>)> = Vec::new();
    let mut last = None;
    for sentence in &document.sentences {
        let kind = article
            .blocks
            .get(sentence.block)
            .map_or(BlockKind::Paragraph, |b| b.kind);
        if last == Some(sentence.block) {
            if let Some(block) = blocks.last_mut() {
                block.1.push(sentence.span);
            }
        } else {
            blocks.push((kind, vec![sentence.span]));
        }
        last = Some(sentence.block);
    }
    read(&article.text, article.language, &blocks)
}

/// Finds the attributions of a text that has no known structure: a translation or a summary. Lines are blocks.
pub fn attribute_text(text: &str, language: Language, sentences: &[Span]) -> Claims {
    let mut blocks: Vec<(BlockKind, Vec<Span>)> = Vec::new();
    let mut end = None;
    for &sentence in sentences {
        let same_line = end
            .and_then(|e| text.get(e..sentence.start))
            .is_some_and(|gap| !gap.contains('\n'));
        match blocks.last_mut() {
            Some(block) if same_line => block.1.push(sentence),
            _ => blocks.push((BlockKind::Paragraph, vec![sentence])),
        }
        end = Some(sentence.end);
    }
    read(text, language, &blocks)
}

fn read(text: &str, language: Language, blocks: &[(BlockKind, Vec<Span>)]) -> Claims {
    let lexicon = Lexicon::of(language);
    let mut drafts = Vec::new();
    for (_kind, sentences) in blocks {
        let passage = Passage::new(text, lexicon, sentences);
        for unit in &passage.units {
            clause::read(&passage, unit, &mut drafts);
        }
    }
    finish(text, drafts)
}

fn finish(text: &str, drafts: Vec<Draft>) -> Claims {
    let mut claims = Claims::default();
    for draft in drafts {
        let source = draft.source.first().map(|&span| {
            let name = span.of(text);
            let index = claims.sources.iter().position(|s| s.name == name);
            let index = index.unwrap_or_else(|| {
                claims.sources.push(Source {
                    name: name.to_owned(),
                    kind: SourceKind::Unknown,
                    mentions: Vec::new(),
                });
                claims.sources.len() - 1
            });
            claims.sources[index].mentions.push(span);
            index
        });
        claims.attributions.push(Attribution {
            form: draft.form,
            stance: draft.stance,
            polarity: draft.polarity,
            source,
            source_spans: draft.source,
            cue_spans: draft.cue,
            content_spans: draft.content,
            parent: draft.parent,
        });
    }
    claims
}
