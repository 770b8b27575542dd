//! From text to text: vocabularies, student and search together.

use std::collections::BTreeSet;

use byline::neural::{Generation, Input, LoadSpec, Output, TextToText, load_text_to_text};
use candle_core::Device;
use fxtranslate::engine::Aligned;

use super::SPLIT;
use super::random::{Folder, Shape, Stored, TINY, sources};

fn loaded(folder: &Folder, shape: Shape, shortlist: bool) -> Box<dyn TextToText> {
    let target = if shape.shared { "source.spm" } else { "target.spm" };
    let spec = LoadSpec {
        vocabularies: Some((folder.path("source.spm"), folder.path(target))),
        shortlist: shortlist.then(|| folder.path("lex.s2t.bin")),
        ..LoadSpec::new([folder.path("model.bin")])
    };
    load_text_to_text(&spec, &Device::Cpu).unwrap()
}

/// The place of the word that ends at a byte of a text.
fn word(text: &str, end: usize) -> usize {
    text[..end].split_whitespace().count() - 1
}

/// Words of the source and of the target that belong together: those that a target word attends to with at least half
/// of the most, and with a tenth at least.
fn expected_links(aligned: &Aligned) -> BTreeSet<(usize, usize)> {
    let words = aligned.source_tokens.len() - 1;
    let mut links = BTreeSet::new();
    for (target, row) in aligned.alignments.iter().enumerate() {
        let most = row[..words].iter().fold(0f32, |most, w| most.max(*w));
        let strong = |source: &usize| row[*source] >= 0.1 && row[*source] >= most / 2.0;
        links.extend((0..words).filter(strong).map(|source| (source, target)));
    }
    links
}

fn links(text: &str, found: &Output) -> BTreeSet<(usize, usize)> {
    let words =
        |link: &byline::neural::Link| (word(text, link.source.end), word(&found.text, link.target.end));
    found.alignment.iter().map(words).collect()
}

#[test]
fn texts_and_alignments_are_those_of_the_other_engine() {
    for (shape, shortlist) in [(TINY, false), (SPLIT, true)] {
        let folder = Folder::new(shape, Stored::Integers, 33);
        let (engine, model) = (
            folder.engine(shape.shared, shortlist),
            loaded(&folder, shape, shortlist),
        );
        let spelled = |ids: Vec<u32>| -> String {
            let words = ids.iter().filter(|id| **id != 0).map(|id| format!("w{id}"));
            words.collect::<Vec<_>>().join(" ")
        };
        let texts: Vec<String> = sources(shape, 60, 2..12, 35).into_iter().map(spelled).collect();
        let inputs: Vec<Input<'_>> = texts
            .iter()
            .map(|text| Input {
                text,
                ..Input::default()
            })
            .collect();
        assert_eq!(model.beams(), Some(1));
        let generation = Generation {
            attention: true,
            ..model.defaults()
        };
        let found = model.generate(&inputs, &generation).unwrap();
        let mut whole = 0;
        for (text, found) in texts.iter().zip(&found) {
            let aligned = engine.translate_aligned(text);
            // where the other engine cuts a target off, it is the beginning
            assert!(found[0].text.starts_with(&aligned.target_text), "{text}");
            if aligned.target_tokens.last().is_some_and(|t| t.id == 0) && !found[0].text.is_empty() {
                assert_eq!(found[0].text, aligned.target_text);
                let mut expected = expected_links(&aligned);
                expected.retain(|(_, target)| target + 1 < aligned.target_tokens.len());
                assert_eq!(links(text, &found[0]), expected, "{text} → {}", found[0].text);
                whole += 1;
            }
        }
        assert!(whole >= 5, "only {whole} targets end by themselves");
    }
}
