//! An encoder-decoder with its tokenizer: text → ids → search → text, and where each part of it comes from.

use std::path::Path;

use candle_core::Device;

use super::codes::code;
use super::decode::{Generation, Source, Written, search};
use super::load::LoadSpec;
use super::source_target::{self, Direction, Encoded, SourceTarget};
use super::ssru::{Arithmetic, Student};
use super::text_to_text::{Input, Output, Room, TextToText};
use super::{EncoderDecoder, Link, SentencePiece, Special};
use crate::error::{Error, Result};
use crate::text::language::Language;
use crate::text::span::Span;

/// Whether an architecture, as configurations and manifests name it, is an encoder-decoder.
pub fn is_encoder_decoder(architecture: &str) -> bool {
    let families = [
        "marian-student",
        "marian",
        "bart",
        "mbart",
        "m2m_100",
        "pegasus",
        "t5",
        "mt5",
    ];
    families.contains(&architecture)
}

/// Loads an encoder-decoder with its tokenizer.
///
/// # Errors
/// As for [`Student::load`] and [`source_target::open_pair`].
pub fn load_text_to_text(spec: &LoadSpec, device: &Device) -> Result<Box<dyn TextToText>> {
    match (&spec.vocabularies, spec.weights.first()) {
        (Some((source, target)), Some(weights)) => student(spec, weights, (source, target), device),
        _ => Err(Error::failed("the model has no vocabulary")),
    }
}

/// A student of Firefox's; on the processor in the integers that it is made for.
fn student(
    spec: &LoadSpec,
    weights: &Path,
    (source, target): (&Path, &Path),
    device: &Device,
) -> Result<Box<dyn TextToText>> {
    let tokenizer = source_target::open_pair(source, target)?;
    let special = Special {
        end: vec![tokenizer.end()],
        // Marian never writes it
        never: vec![SentencePiece::open(target)?.unknown()],
        ..Special::default()
    };
    let arithmetic = match device {
        Device::Cpu => Arithmetic::Integers,
        other => Arithmetic::Floats(other.clone()),
    };
    let mut model = Student::load(weights, &arithmetic, special)?;
    if let Some(shortlist) = &spec.shortlist {
        model = model.with_shortlist(shortlist)?;
    }
    let model = TextModel::new(model, tokenizer, Generation::default())?;
    // greedy: it learnt from what its teacher wrote with a beam
    Ok(Box::new(model.settled()))
}

/// An encoder-decoder with its tokenizer.
pub(crate) struct TextModel<M> {
    model: M,
    tokenizer: Box<dyn SourceTarget>,
    defaults: Generation,
    /// Its authors decode with it as `defaults` says; else they do not say how.
    settled: bool,
}

/// Special tokens and tags around a text: none of the families has more.
const AROUND: usize = 3;
/// Of the source tokens that a target token attends to, those with less than this are left out.
const FAINT: f32 = 0.1;

impl<M: EncoderDecoder> TextModel<M> {
    /// # Errors
    /// [`Error::Failed`] if the tokenizer knows tokens that the model has no logits for.
    pub(crate) fn new(model: M, tokenizer: Box<dyn SourceTarget>, defaults: Generation) -> Result<Self> {
        let (known, wide) = (tokenizer.vocabulary(), model.limits().vocabulary);
        if known > wide {
            return Err(Error::failed(format!(
                "the tokenizer knows {known} tokens and the model {wide}: they do not belong together"
            )));
        }
        Ok(Self {
            model,
            tokenizer,
            defaults,
            settled: false,
        })
    }

    /// The same, where the authors are known to decode as the defaults say.
    fn settled(self) -> Self {
        Self {
            settled: true,
            ..self
        }
    }

    /// The model's own codes for languages that it has to be told.
    fn direction(&self, from: Option<Language>, to: Option<Language>) -> Result<Direction<'_>> {
        let marks = self.tokenizer.marks();
        let has = self.tokenizer.languages();
        let find = |marked: bool, language: Option<Language>, which: &str| match (marked, language) {
            (false, _) => Ok(None),
            (true, None) => Err(Error::no_model(format!(
                "this model has to be told the {which} language"
            ))),
            (true, Some(language)) => code(language, &has).map(Some).ok_or_else(|| {
                Error::no_model(format!("this model does not know {}", language.name()))
                    .with_hint(format!("its languages are {}", has.join(", ")))
            }),
        };
        Ok(Direction {
            from: find(marks.from, from, "source")?,
            to: find(marks.to || marks.first, to, "target")?,
        })
    }

    fn output(&self, written: &Written, source: &Encoded) -> Output {
        let ids = match written.tokens.split_last() {
            Some((_, before)) if written.ended => before,
            _ => &written.tokens,
        };
        let decoded = self.tokenizer.decode(ids);
        let alignment = match &written.attention {
            Some(attention) => links(attention, &source.spans, &decoded.spans),
            None => Vec::new(),
        };
        Output {
            text: decoded.text,
            score: written.score,
            ended: written.ended,
            alignment,
        }
    }
}

impl<M: EncoderDecoder> TextToText for TextModel<M> {
    fn generate(&self, inputs: &[Input<'_>], generation: &Generation) -> Result<Vec<Vec<Output>>> {
        let mut encoded = Vec::with_capacity(inputs.len());
        for input in inputs {
            let direction = self.direction(input.from, input.to)?;
            let source = self.tokenizer.encode(input.text, direction)?;
            let prefix = match input.prefix {
                "" => Encoded::default(),
                prefix => self.tokenizer.encode_target(prefix)?,
            };
            let first = direction.to.and_then(|to| self.tokenizer.first(to));
            encoded.push((source, prefix, first));
        }
        let sources: Vec<Source<'_>> = inputs
            .iter()
            .zip(&encoded)
            .map(|(input, (source, prefix, first))| Source {
                tokens: &source.ids,
                first: *first,
                prefix: &prefix.ids,
                max_length: input.max_tokens.map(|n| n + prefix.ids.len() + AROUND),
            })
            .collect();
        let written = search(&self.model, &sources, generation)?;
        let each = written.iter().zip(&encoded);
        Ok(each
            .map(|(found, (source, ..))| found.iter().map(|w| self.output(w, source)).collect())
            .collect())
    }

    fn count_tokens(&self, text: &str) -> Result<usize> {
        self.tokenizer.count(text)
    }

    fn room(&self) -> Room {
        let limits = self.model.limits();
        Room {
            source: limits.source.saturating_sub(AROUND),
            target: limits.target.saturating_sub(AROUND),
        }
    }

    fn defaults(&self) -> Generation {
        self.defaults.clone()
    }

    fn beams(&self) -> Option<usize> {
        let beams = self.defaults.beams;
        (self.settled || beams > 1).then_some(beams)
    }

    fn check_languages(&self, from: Option<Language>, to: Option<Language>) -> Result<()> {
        self.direction(from, to).map(|_| ())
    }
}

/// For each target token the source tokens that it attended to: those with at least half of the most, and not faintly.
/// Special tokens, whose spans are empty, take part in nothing.
fn links(attention: &[Vec<f32>], source: &[Span], target: &[Span]) -> Vec<Link> {
    let mut links = Vec::new();
    for (row, span) in attention.iter().zip(target).filter(|(_, span)| !span.is_empty()) {
        let seen = row.iter().zip(source).filter(|(_, s)| !s.is_empty());
        let most = seen.clone().fold(0f32, |most, (w, _)| most.max(*w));
        for (weight, from) in seen.filter(|(w, _)| **w >= FAINT && **w >= most / 2.0) {
            links.push(Link {
                source: *from,
                target: *span,
                weight: *weight,
            });
        }
    }
    links
}
