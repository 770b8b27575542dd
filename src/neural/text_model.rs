//! An encoder-decoder with its tokenizer: text → ids → search → text, and where each part of it comes from.

use std::path::Path;

use candle_core::Device;

use super::codes::code;
use super::decode::{Generation, Source, Written, search};
use super::encdec::load_seq2seq;
use super::gguf::Gguf;
use super::load::{LoadSpec, is_gguf};
use super::source_target::{self, Direction, Encoded, SourceTarget};
use super::ssru::{Arithmetic, Student};
use super::text_to_text::{Input, Output, Room, TextToText};
use super::{EncoderDecoder, Link, Mutual, SentencePiece, Special, dot, mutual};
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

/// Loads an encoder-decoder with its tokenizer: a student where the vocabularies are named; a GGUF file of llama.cpp with
/// the vocabulary inside of it; else a model in the hub's layout, whose tokenizer lies beside its `config.json`.
///
/// # Errors
/// As for [`Student::load`] and [`source_target::open_pair`], or [`load_seq2seq`] and [`source_target::open`].
pub fn load_text_to_text(spec: &LoadSpec, device: &Device) -> Result<Box<dyn TextToText>> {
    let Some(weights) = spec.weights.first() else {
        return Err(Error::failed("the model has no weights"));
    };
    if spec.vocabularies.is_some() {
        let (student, tokenizer) = load_student(spec, device)?;
        let model = TextModel::new(student, tokenizer, Generation::default())?;
        // greedy: it learnt from what its teacher wrote with a beam
        return Ok(Box::new(model.settled()));
    }
    let own = match &spec.weights[..] {
        [one] if is_gguf(one)? => source_target::open_gguf(&Gguf::open(one)?)?,
        _ => None,
    };
    let beside = spec.config.as_deref().unwrap_or(weights).parent();
    let tokenizer = match own {
        Some(own) => own,
        None => source_target::open(beside.unwrap_or(Path::new(".")))?,
    };
    let model = load_seq2seq(spec, device)?;
    let defaults = model.defaults().clone();
    Ok(Box::new(TextModel::new(model, tokenizer, defaults)?))
}

/// Loads a student of Firefox's with its tokenizer; on the processor in the integers that it is made for.
///
/// # Errors
/// As for [`Student::load`] and [`source_target::open_pair`]; [`Error::Failed`] if no vocabularies are named.
pub fn load_student(spec: &LoadSpec, device: &Device) -> Result<(Student, Box<dyn SourceTarget>)> {
    let named = spec.weights.first().zip(spec.vocabularies.as_ref());
    let (weights, (source, target)) =
        named.ok_or_else(|| Error::failed("a student needs its weights and its vocabularies"))?;
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
    let student = Student::load(weights, &arithmetic, special)?;
    let student = match &spec.shortlist {
        Some(shortlist) => student.with_shortlist(shortlist)?,
        None => student,
    };
    Ok((student, tokenizer))
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
            certainty: written.certainty,
            ended: written.ended,
            alignment,
        }
    }
}

impl<M: EncoderDecoder> TextModel<M> {
    /// Aligns what was written by the model's own encoder, where that reads both languages: nearer to the truth than
    /// attention, and it costs one reading more. What is too long to be read keeps the alignment that it has.
    fn align_by_encoder(
        &self,
        inputs: &[Input<'_>],
        sources: &[&Encoded],
        outputs: &mut [Vec<Output>],
    ) -> Result<()> {
        let Some(read) = self.model.vectors(&ids(sources))? else {
            return Ok(());
        };
        for (index, (input, source)) in inputs.iter().zip(sources).enumerate() {
            let direction = self.direction(input.to, input.to)?;
            let found = &mut outputs[index];
            let mut targets = Vec::with_capacity(found.len());
            for output in found.iter() {
                targets.push(self.tokenizer.encode(&output.text, direction)?);
            }
            let fits = |target: &Encoded| target.ids.len() <= self.model.limits().source;
            let fitting: Vec<usize> = (0..targets.len()).filter(|&i| fits(&targets[i])).collect();
            let texts: Vec<&Encoded> = fitting.iter().map(|&i| &targets[i]).collect();
            let vectors = match texts.is_empty() {
                true => Vec::new(),
                false => self.model.vectors(&ids(&texts))?.unwrap_or_default(),
            };
            for ((output, target), vectors) in fitting.into_iter().zip(texts).zip(vectors) {
                found[output].alignment = near((source, &read[index]), (target, &vectors));
            }
        }
        Ok(())
    }
}

fn ids<'e>(texts: &[&'e Encoded]) -> Vec<&'e [u32]> {
    texts.iter().map(|text| text.ids.as_slice()).collect()
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
        let mut outputs: Vec<Vec<Output>> = each
            .map(|(found, (source, ..))| found.iter().map(|w| self.output(w, source)).collect())
            .collect();
        if generation.attention {
            let sources: Vec<&Encoded> = encoded.iter().map(|(source, ..)| source).collect();
            self.align_by_encoder(inputs, &sources, &mut outputs)?;
        }
        Ok(outputs)
    }

    fn count_tokens(&self, text: &str) -> Result<usize> {
        self.tokenizer.count(text)
    }

    fn count_written(&self, text: &str) -> Result<usize> {
        Ok(self.tokenizer.encode_target(text)?.ids.len())
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

/// The tokens of both texts that are each other's (see [`mutual`]). `(tokens, width)` of each: what the encoder made of
/// them. Special tokens take part in nothing.
fn near(source: (&Encoded, &[f32]), target: (&Encoded, &[f32])) -> Vec<Link> {
    let tokens = |(text, vectors): (&Encoded, &[f32])| -> (Vec<Span>, Vec<Vec<f32>>) {
        let width = vectors.len() / text.ids.len().max(1);
        let each = text.spans.iter().zip(vectors.chunks(width.max(1)));
        each.filter(|(span, _)| !span.is_empty())
            .map(|(span, vector)| {
                let length = dot(vector, vector).sqrt().max(f32::MIN_POSITIVE);
                (*span, vector.iter().map(|v| v / length).collect())
            })
            .unzip()
    };
    let (mine, theirs) = (tokens(source), tokens(target));
    let found = mutual(&views(&mine.1), &views(&theirs.1));
    let link = |pair: &Mutual| Link {
        source: mine.0[pair.source],
        target: theirs.0[pair.target],
        weight: pair.weight,
    };
    found.pairs.iter().map(link).collect()
}

fn views(vectors: &[Vec<f32>]) -> Vec<&[f32]> {
    vectors.iter().map(Vec::as_slice).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A tiny model of the parity tests, whose weights are random.
    fn tiny(family: &str) -> crate::neural::Seq2Seq {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parity/tiny");
        let spec = LoadSpec::new([folder.join(family).join("model.safetensors")]);
        load_seq2seq(&spec, &Device::Cpu).unwrap()
    }

    /// Small letters are tokens; a source begins with a tag and ends with an end.
    struct Letters;

    const END: u32 = 2;
    const LETTER: u32 = 10;

    impl SourceTarget for Letters {
        fn encode(&self, text: &str, _: Direction<'_>) -> Result<Encoded> {
            let letters = self.encode_target(text)?;
            let none = Span::default();
            Ok(Encoded {
                ids: [&[5], &letters.ids[..], &[END]].concat(),
                spans: [&[none], &letters.spans[..], &[none]].concat(),
            })
        }

        fn encode_target(&self, text: &str) -> Result<Encoded> {
            let ids = text.bytes().map(|b| u32::from(b - b'a') + LETTER).collect();
            let spans = (0..text.len()).map(|at| Span::new(at, at + 1)).collect();
            Ok(Encoded { ids, spans })
        }

        fn decode(&self, ids: &[u32]) -> source_target::Decoded {
            let letter = |id: &u32| char::from(b'a' + (id.saturating_sub(LETTER) % 26) as u8);
            source_target::Decoded {
                text: ids.iter().map(letter).collect(),
                spans: (0..ids.len()).map(|at| Span::new(at, at + 1)).collect(),
            }
        }

        fn count(&self, text: &str) -> Result<usize> {
            Ok(text.len())
        }

        fn marks(&self) -> source_target::Marks {
            source_target::Marks::default()
        }

        fn languages(&self) -> Vec<&str> {
            Vec::new()
        }

        fn first(&self, _: &str) -> Option<u32> {
            None
        }

        fn end(&self) -> u32 {
            END
        }

        fn vocabulary(&self) -> usize {
            LETTER as usize + 26
        }
    }

    /// Pairs of places that are each other's.
    fn places(links: &[Link]) -> Vec<(usize, usize)> {
        links.iter().map(|l| (l.source.start, l.target.start)).collect()
    }

    #[test]
    fn an_encoder_of_both_languages_aligns_both_sides_and_alike_from_each() {
        for family in ["m2m100", "nllb", "mbart"] {
            let model = tiny(family);
            let read = |text: &str| {
                let encoded = Letters.encode(text, Direction::default()).unwrap();
                let vectors = model.vectors(&[&encoded.ids]).unwrap().unwrap().remove(0);
                (encoded, vectors)
            };
            let aligned = |a: &str, b: &str| {
                let (a, b) = (read(a), read(b));
                near((&a.0, &a.1), (&b.0, &b.1))
            };
            let there = aligned("thebridge", "bridgethe");
            assert_eq!(there, aligned("thebridge", "bridgethe"), "{family}");
            let mut back: Vec<Link> = aligned("bridgethe", "thebridge");
            back.iter_mut()
                .for_each(|l| std::mem::swap(&mut l.source, &mut l.target));
            back.sort_by_key(|l| (l.source, l.target));
            assert_eq!(places(&there), places(&back), "{family}");
            assert!(!there.is_empty() && there.iter().all(|l| (0.0..=1.0).contains(&l.weight)));
            let same = aligned("quaysidewm", "quaysidewm");
            for at in 0..10 {
                let of_it = same.iter().filter(|l| l.source.start == at);
                let best = of_it.max_by(|a, b| a.weight.total_cmp(&b.weight)).unwrap();
                assert_eq!(best.target.start, at, "{family}");
            }
        }
        assert_eq!(tiny("marian").vectors(&[&[9, 8, 0]]).unwrap(), None);
    }

    #[test]
    fn what_such_a_model_writes_is_aligned_by_its_encoder() {
        let model = TextModel::new(tiny("m2m100"), Box::new(Letters), Generation::default()).unwrap();
        let generation = Generation {
            attention: true,
            ..Generation::default()
        };
        let input = |text| Input {
            text,
            ..Input::default()
        };
        let found = model
            .generate(&[input("quaysidewm"), input("ab")], &generation)
            .unwrap();
        let read = |text: &str| {
            let encoded = Letters.encode(text, Direction::default()).unwrap();
            let vectors = model.model.vectors(&[&encoded.ids]).unwrap().unwrap().remove(0);
            (encoded, vectors)
        };
        let (mine, theirs) = (read("quaysidewm"), read(&found[0][0].text));
        let wanted = near((&mine.0, &mine.1), (&theirs.0, &theirs.1));
        assert!(!wanted.is_empty());
        assert_eq!(places(&found[0][0].alignment), places(&wanted));
        let plain = Generation::default();
        let without = model.generate(&[input("quaysidewm")], &plain).unwrap();
        assert!(without[0][0].alignment.is_empty());
    }

    #[test]
    fn a_gguf_file_alone_translates_with_the_vocabulary_inside_of_it() {
        use crate::neural::sentencepiece::Model;
        use candle_core::quantized::gguf_file::{Content, Value};

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("alone.gguf");
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parity");
        let mut tiny = std::fs::File::open(tests.join("tiny/madlad/model.gguf")).unwrap();
        let content = Content::read(&mut tiny).unwrap();
        let names: Vec<&String> = content.tensor_infos.keys().collect();
        let tensor = |name: &&String| content.tensor(&mut tiny, name, &Device::Cpu).unwrap();
        let tensors: Vec<_> = names.iter().map(tensor).collect();
        let tensors: Vec<_> = names.iter().map(|n| n.as_str()).zip(&tensors).collect();
        let more: Vec<(&str, Value)> = content
            .metadata
            .iter()
            .filter(|(key, _)| key.starts_with("t5."))
            .map(|(key, value)| (key.as_str(), value.clone()))
            .collect();
        // a vocabulary as large as that of the tiny model
        let mut model = Model::open(&tests.join("tokenizers/spm/madlad.model")).unwrap();
        model
            .pieces
            .truncate(content.tensor_infos["token_embd.weight"].shape.dims()[0]);
        source_target::write_gguf(&path, &model, &more, &tensors);

        let model = load_text_to_text(&LoadSpec::new([path]), &Device::Cpu).unwrap();
        let uk: Language = "uk".parse().unwrap();
        model.check_languages(None, Some(uk)).unwrap();
        let input = Input {
            text: "bridge",
            to: Some(uk),
            max_tokens: Some(8),
            ..Input::default()
        };
        let found = model.generate(&[input], &model.defaults()).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found, model.generate(&[input], &model.defaults()).unwrap());
    }

    /// The pocket translator of the tests.
    fn pocket() -> Box<dyn TextToText> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pocket");
        let spec = LoadSpec::new([folder.join("model.safetensors")]);
        load_text_to_text(&spec, &Device::Cpu).unwrap()
    }

    fn outputs(input: Input<'_>, generation: &Generation) -> Vec<Output> {
        pocket().generate(&[input], generation).unwrap().remove(0)
    }

    const TEXT: &str = "The tunnel was flooded on Friday, the mayor said.";

    #[test]
    fn a_token_is_linked_to_what_it_attended_to_most() {
        let spans = |ends: &[usize]| -> Vec<Span> {
            let starts = [0].iter().chain(ends);
            starts.zip(ends).map(|(s, e)| Span::new(*s, *e)).collect()
        };
        // the last source token is special
        let source = spans(&[3, 6, 9, 9]);
        let target = spans(&[2, 4, 4]);
        let attention = [
            vec![0.5, 0.3, 0.05, 0.15],
            vec![0.06, 0.05, 0.04, 0.85],
            vec![1.0, 0.0, 0.0, 0.0],
        ];
        let links = links(&attention, &source, &target);
        let found: Vec<(usize, usize)> = links.iter().map(|l| (l.source.start, l.target.start)).collect();
        assert_eq!(found, [(0, 0), (3, 0)]);
        assert_eq!(links[0].weight, 0.5);
    }

    #[test]
    fn the_alignment_lies_inside_of_both_texts() {
        let generation = Generation {
            attention: true,
            ..Generation::default()
        };
        let input = Input {
            text: TEXT,
            ..Input::default()
        };
        let output = outputs(input, &generation).remove(0);
        assert_eq!(output.text, "Тунель затоплено у п’ятницю, повідомив мер.");
        assert!(output.alignment.len() >= 10);
        for link in &output.alignment {
            assert!(!link.source.of(TEXT).is_empty() && !link.target.of(&output.text).is_empty());
            assert!((FAINT..=1.0).contains(&link.weight));
        }
    }

    #[test]
    fn every_hypothesis_starts_with_its_prefix() {
        let generation = Generation {
            beams: 3,
            hypotheses: 3,
            ..Generation::default()
        };
        let input = Input {
            text: TEXT,
            prefix: "Міст",
            ..Input::default()
        };
        let found = outputs(input, &generation);
        assert_eq!(found.len(), 3);
        assert!(found.iter().all(|o| o.text.starts_with("Міст")), "{found:?}");
    }
}
