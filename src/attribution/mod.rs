//! Document → claims: who said what, found without a model.
//!
//! What always holds: every span lies inside the document's text; `source` is an index into `sources`;
//! `parent` is an index into `attributions` and there are no cycles. An attribution whose text names no
//! source has `source: None` and no `source_spans`.

mod apposition;
mod cased;
mod chinese;
mod clause;
mod content;
mod cues;
mod entities;
mod excerpt;
mod header;
mod kinds;
mod korean;
mod labelled;
mod lexicon;
mod mention;
mod nested;
mod passage;
pub mod phrases;
#[cfg(test)]
mod properties;
mod quoted;
mod quotes;
mod speech;
mod subject;
mod token;

pub use excerpt::excerpt;

use std::ops::Range;

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

/// One attribution: source + cue + content. Where a language drops a source that the text has named before,
/// `source` names it and `source_spans` is empty.
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
    /// The index of the draft that relays this one.
    parent: Option<usize>,
    /// Whom a relative pronoun stands for.
    antecedent: Option<Span>,
}

/// A block of text as the patterns see it.
struct Block {
    kind: BlockKind,
    label: Option<Span>,
    sentences: Vec<Span>,
}

/// Finds the attributions of an article.
pub fn attribute(document: &Document) -> Claims {
    let article = &document.article;
    let mut blocks: Vec<Block> = Vec::new();
    let mut last = None;
    for sentence in &document.sentences {
        match blocks.last_mut() {
            Some(block) if last == Some(sentence.block) => block.sentences.push(sentence.span),
            _ => {
                let of = article.blocks.get(sentence.block);
                blocks.push(Block {
                    kind: of.map_or(BlockKind::Paragraph, |b| b.kind),
                    label: of.and_then(|b| b.label),
                    sentences: vec![sentence.span],
                });
            }
        }
        last = Some(sentence.block);
    }
    read(&article.text, article.language, &blocks)
}

/// Finds the attributions of a text that has no known structure: a translation or a summary. Lines are blocks.
pub fn attribute_text(text: &str, language: Language, sentences: &[Span]) -> Claims {
    let mut blocks: Vec<Block> = Vec::new();
    let mut end = None;
    for &sentence in sentences {
        let same_line = end
            .and_then(|e| text.get(e..sentence.start))
            .is_some_and(|gap| !gap.contains('\n'));
        match blocks.last_mut() {
            Some(block) if same_line => block.sentences.push(sentence),
            _ => blocks.push(Block {
                kind: BlockKind::Paragraph,
                label: None,
                sentences: vec![sentence],
            }),
        }
        end = Some(sentence.end);
    }
    read(text, language, &blocks)
}

/// Whether attributions can be found in `language`: in others none are, whatever the text says.
pub fn reads(language: Language) -> bool {
    !Lexicon::of(language).header.labels.is_empty()
}

/// Whether `mention` is a pronoun of `language`: it stands for a source and does not name it.
pub fn is_pronoun(mention: &str, language: Language) -> bool {
    Lexicon::of(language)
        .pronouns
        .contains_key(mention.trim().to_lowercase().as_str())
}

fn read(text: &str, language: Language, blocks: &[Block]) -> Claims {
    let lexicon = Lexicon::of(language);
    let mut drafts = Vec::new();
    let mut carried = speech::Carried::default();
    let mut labels = labelled::Labels::new(text, lexicon);
    for (index, block) in blocks.iter().enumerate() {
        let (Some(first), Some(last)) = (block.sentences.first(), block.sentences.last()) else {
            continue;
        };
        let span = Span::new(first.start, last.end);
        if let Some((label, body)) = source_line(text, block, span, lexicon) {
            let content = vouched_for(&blocks[index + 1..], text, lexicon)
                .or_else(|| vouched_for(&blocks[..index], text, lexicon));
            header::read(text, label, body, content.as_slice(), lexicon, &mut drafts);
            continue;
        }
        let headline = index == 0 || block.kind == BlockKind::Headline;
        if let Some(draft) = labels.read(span, block.label, headline) {
            drafts.push(draft);
            continue;
        }
        let mut sentences = block.sentences.clone();
        if let Some((draft, start)) = header::dateline(text, span) {
            drafts.push(draft);
            sentences.retain(|s| s.end > start);
            if let Some(first) = sentences.first_mut() {
                *first = Span::new(first.start.max(start), first.end).trimmed(text);
            }
        }
        let passage = Passage::new(text, lexicon, &sentences);
        let first = drafts.len();
        let filled = fill_awaiting(&passage, &mut drafts);
        if !filled && carried.take(&passage, &mut drafts) {
            continue;
        }
        let mut lone = None;
        // The first draft of the last sentence that has any.
        let mut latest = first;
        for unit in &passage.units {
            let before = drafts.len();
            read_unit(&passage, unit, language, &mut drafts);
            if let (Some(quote), Some(draft)) = (lone.take(), drafts.get_mut(before)) {
                speech::take_up(quote, draft);
            }
            if drafts.len() > before {
                latest = before;
            } else if before > first {
                speech::continue_speech(&passage, unit, &mut drafts[latest..]);
            } else {
                lone = speech::lone_quotation(&passage, unit);
            }
        }
        carried.settle(&passage, &mut drafts[first..], filled);
        nested::read(&passage, language, first, &mut drafts);
    }
    labels.confirm(&mut drafts);
    tidy(text, lexicon, &mut drafts);
    drop_empty(&mut drafts);
    sort(&mut drafts);
    entities::resolve(text, lexicon, drafts)
}

/// Reads one sentence by the grammar of its language.
fn read_unit(passage: &Passage<'_>, unit: &Range<usize>, language: Language, drafts: &mut Vec<Draft>) {
    match language {
        Language::KO => korean::read(passage, unit, drafts),
        Language::ZH => chinese::read(passage, unit, drafts),
        _ => {
            let first = drafts.len();
            clause::read(passage, unit, drafts);
            cased::mend(passage, unit, first, drafts);
            quoted::mend(passage, unit, first, drafts);
        }
    }
}

/// Spans carry no white space at their borders, and a source is a word.
fn tidy(text: &str, lexicon: &Lexicon, drafts: &mut [Draft]) {
    let trim = |spans: &mut Vec<Span>| {
        for span in spans.iter_mut() {
            *span = span.trimmed(text);
        }
        spans.retain(|span| !span.is_empty());
    };
    let bare = !lexicon.list("bare-borders").is_empty();
    for draft in drafts {
        if bare {
            // The comma that closes a remark and the colon that opens a quotation belong to the sentence.
            let marks: &[char] = &[',', ':', ' '];
            for span in draft.source.iter_mut().chain(&mut draft.cue) {
                *span = Span::new(
                    span.start,
                    span.start + span.of(text).trim_end_matches(marks).len(),
                );
            }
        }
        trim(&mut draft.source);
        trim(&mut draft.cue);
        trim(&mut draft.content);
        draft
            .source
            .retain(|span| span.of(text).contains(char::is_alphanumeric));
    }
}

/// Takes out what found no content ("He said:" before nothing); parents keep pointing at the same drafts.
fn drop_empty(drafts: &mut Vec<Draft>) {
    let keep = |draft: &Draft| {
        !draft.cue.is_empty()
            && (!draft.content.is_empty() || draft.form == Form::Header && !draft.source.is_empty())
    };
    let mut places = Vec::with_capacity(drafts.len());
    let mut kept = 0;
    for draft in drafts.iter() {
        places.push(keep(draft).then_some(kept));
        kept += usize::from(keep(draft));
    }
    drafts.retain(keep);
    for draft in drafts {
        draft.parent = draft.parent.and_then(|p| places.get(p).copied().flatten());
    }
}

/// Brings the drafts into the order of the text; what is relayed stands after what relays it.
fn sort(drafts: &mut Vec<Draft>) {
    let begin = |d: &Draft| d.source.first().or(d.cue.first()).map_or(0, |s| s.start);
    // Parents were made for this sentence or line: chains are short.
    let key = |k: usize| {
        let (mut root, mut depth) = (k, 0);
        while let Some(parent) = drafts[root].parent.filter(|_| depth < 8) {
            root = parent;
            depth += 1;
        }
        (begin(&drafts[root]), root, depth, begin(&drafts[k]), k)
    };
    let mut order: Vec<usize> = (0..drafts.len()).collect();
    order.sort_by_cached_key(|&k| key(k));
    let mut places = vec![0; drafts.len()];
    for (place, &old) in order.iter().enumerate() {
        places[old] = place;
    }
    let mut slots: Vec<Option<Draft>> = std::mem::take(drafts).into_iter().map(Some).collect();
    for old in order {
        if let Some(mut draft) = slots[old].take() {
            draft.parent = draft.parent.and_then(|p| places.get(p).copied());
            drafts.push(draft);
        }
    }
}

/// Gives "He said:" at the end of the block before what stands in this one.
fn fill_awaiting(passage: &Passage<'_>, drafts: &mut [Draft]) -> bool {
    // Where no colon announces it, only a quotation can be what was said.
    let announced = passage.lexicon.list("so").is_empty() || passage.is_quote(0);
    if let Some(last) = drafts.last_mut()
        && announced
        && last.content.is_empty()
        && last.form != Form::Header
        && let Some(content) = speech::whole_block(passage)
    {
        last.content.push(content);
        last.form = Form::Direct;
        return true;
    }
    false
}

/// The label and the list of a source line.
fn source_line(text: &str, block: &Block, span: Span, lexicon: &Lexicon) -> Option<(Span, Span)> {
    if let (BlockKind::SourceLine, Some(label)) = (block.kind, block.label) {
        let name = label.of(text).trim_end_matches([':', '：', ' ', '\u{a0}']);
        return Some((Span::new(label.start, label.start + name.len()), span));
    }
    let (label, body) = header::label(text, span, lexicon)?;
    Some((label, Span::new(body, span.end)))
}

/// What a source line vouches for: the paragraphs up to the next list or section.
fn vouched_for(blocks: &[Block], text: &str, lexicon: &Lexicon) -> Option<Span> {
    let body = blocks
        .iter()
        .skip_while(|b| b.kind == BlockKind::Heading || b.kind == BlockKind::Headline)
        .enumerate()
        .take_while(|(k, b)| *k == 0 || b.label.is_none() && b.kind == BlockKind::Paragraph)
        .map(|(_, b)| b)
        .take_while(|b| {
            b.sentences
                .first()
                .is_some_and(|&s| header::label(text, s, lexicon).is_none())
        });
    body.filter_map(|b| Some(Span::new(b.sentences.first()?.start, b.sentences.last()?.end)))
        .reduce(Span::cover)
}
