//! Searches over scripted logits against transformers (`tests/parity/decode`), and what needs no reference.
#![allow(clippy::unwrap_used)]

use serde_json::Value;

use super::search::{Steps, search_with};
use super::{EarlyStopping, Generation, Sampling, Source, Written};
use crate::error::Result;
use crate::neural::likeliest::{leading, likeliest};
use crate::neural::{Best, Few, Leading, Limits, Special, Step};

/// The table that scripts the logits.
struct Script {
    json: Value,
    table: Vec<Vec<Vec<f32>>>,
    slope: Vec<f32>,
}

/// Steps out of a function.
struct Scripted<F>(F);

impl<F: FnMut(&[u32], &[usize]) -> Result<Step>> Steps for Scripted<F> {
    fn step(&mut self, tokens: &[u32], parents: &[usize]) -> Result<Step> {
        self.0(tokens, parents)
    }

    fn best(&mut self, tokens: &[u32], parents: &[usize], banned: &[u32]) -> Result<Best> {
        let mut step = self.0(tokens, parents)?;
        let vocabulary = step.logits.len() / tokens.len();
        Ok(Best {
            chosen: likeliest(&mut step.logits, vocabulary, banned),
            attention: step.attention,
        })
    }

    fn leading(&mut self, tokens: &[u32], parents: &[usize], wanted: Few<'_>) -> Result<Leading> {
        let mut step = self.0(tokens, parents)?;
        let vocabulary = step.logits.len() / tokens.len();
        Ok(Leading {
            rows: leading(&mut step.logits, vocabulary, wanted),
            attention: step.attention,
        })
    }
}

const START: u32 = 0;
const PAD: u32 = 1;
const END: u32 = 2;

impl Script {
    fn load() -> Self {
        let text = include_str!("../../../tests/parity/decode/reference.json");
        let json: Value = serde_json::from_str(text).unwrap();
        Self {
            table: serde_json::from_value(json["table"].clone()).unwrap(),
            slope: serde_json::from_value(json["slope"].clone()).unwrap(),
            json,
        }
    }

    fn sentences(&self) -> usize {
        self.table.len()
    }

    fn special(&self) -> Special {
        Special {
            start: START,
            end: vec![END],
            pad: PAD,
            ..Special::default()
        }
    }

    /// Searches for the targets of `sentences`; the attention of a token is its own number everywhere.
    fn search(
        &self,
        sentences: &[usize],
        sources: &[Source<'_>],
        generation: &Generation,
        special: &Special,
    ) -> Result<Vec<Vec<Written>>> {
        let limits = Limits {
            source: 64,
            target: 64,
            vocabulary: self.table[0].len(),
        };
        let longest = sources.iter().map(|s| s.tokens.len()).max().unwrap_or(0);
        let mut rows: Vec<(usize, usize)> = sentences.iter().map(|s| (*s, 0)).collect();
        search_with(
            sources,
            generation,
            special,
            limits,
            &mut Scripted(|tokens: &[u32], parents: &[usize]| {
                rows = parents.iter().map(|p| (rows[*p].0, rows[*p].1 + 1)).collect();
                let mut logits = Vec::new();
                let mut attention = Vec::new();
                for ((sentence, length), token) in rows.iter().zip(tokens) {
                    let mut row = self.table[*sentence][*token as usize].clone();
                    row[END as usize] += self.slope[*sentence] * *length as f32 - 2.0;
                    logits.extend(row);
                    attention.extend(std::iter::repeat_n(*token as f32, longest));
                }
                Ok(Step {
                    logits,
                    attention: generation.attention.then_some(attention),
                })
            }),
        )
    }

    fn all(&self, generation: &Generation) -> Vec<Vec<Written>> {
        let sentences: Vec<usize> = (0..self.sentences()).collect();
        let sources = vec![Source::default(); sentences.len()];
        self.search(&sentences, &sources, generation, &self.special())
            .unwrap()
    }
}

fn ids(value: &Value) -> Vec<u32> {
    match value {
        Value::Array(ids) => ids.iter().map(|id| id.as_u64().unwrap() as u32).collect(),
        Value::Null => Vec::new(),
        one => vec![one.as_u64().unwrap() as u32],
    }
}

fn generation(options: &Value) -> Generation {
    let size = |name: &str| options[name].as_u64().map(|n| n as usize);
    let beams = size("num_beams").unwrap_or(1);
    Generation {
        beams,
        hypotheses: beams,
        length_penalty: options["length_penalty"].as_f64().unwrap_or(1.0),
        early_stopping: match &options["early_stopping"] {
            Value::Bool(true) => EarlyStopping::Yes,
            Value::String(_) => EarlyStopping::Never,
            _ => EarlyStopping::No,
        },
        max_length: Some(size("max_length").unwrap_or(24)),
        min_length: size("min_length").unwrap_or(0),
        no_repeat_ngram: size("no_repeat_ngram_size").unwrap_or(0),
        renormalise: options["renormalize_logits"] == true,
        repetition_penalty: options["repetition_penalty"].as_f64().unwrap_or(1.0) as f32,
        ..Generation::default()
    }
}

#[test]
fn searches_give_the_ids_and_scores_of_transformers() {
    let script = Script::load();
    let cases = script.json["cases"].as_array().unwrap();
    assert!(cases.len() > 40);
    for case in cases {
        let options = &case["options"];
        let mut special = script.special();
        special.forced_first = ids(&options["forced_bos_token_id"]).first().copied();
        special.forced_last = ids(&options["forced_eos_token_id"]).first().copied();
        if let Value::Array(words) = &options["bad_words_ids"] {
            let words: Vec<Vec<u32>> = words.iter().map(ids).collect();
            let (single, several) = words.into_iter().partition::<Vec<_>, _>(|word| word.len() == 1);
            (special.never, special.never_in_a_row) = (single.concat(), several);
        }
        if !options["eos_token_id"].is_null() {
            special.end = ids(&options["eos_token_id"]);
        }
        let prefix = ids(&options["prefix"]);
        let source = Source {
            prefix: &prefix,
            ..Source::default()
        };
        let sentences: Vec<usize> = (0..script.sentences()).collect();
        let sources = vec![source; sentences.len()];
        let generation = generation(options);
        let found = script
            .search(&sentences, &sources, &generation, &special)
            .unwrap();
        let coarse = Generation {
            exact_scores: false,
            ..generation
        };
        let again = script.search(&sentences, &sources, &coarse, &special).unwrap();
        assert_eq!(found, again, "{options}");
        for (sentence, wanted) in case["sentences"].as_array().unwrap().iter().enumerate() {
            let wanted = wanted.as_array().unwrap();
            assert_eq!(found[sentence].len(), wanted.len(), "{options}");
            for (have, want) in found[sentence].iter().zip(wanted) {
                assert_eq!(have.tokens, ids(&want["ids"]), "sentence {sentence}, {options}");
                if let Some(score) = want["score"].as_f64() {
                    let off = (f64::from(have.score) - score).abs();
                    assert!(off < 1e-4, "score {} for {score}, {options}", have.score);
                }
            }
        }
    }
}

fn beams(count: usize) -> Generation {
    Generation {
        beams: count,
        hypotheses: count,
        ..Generation::default()
    }
}

fn sampling(seed: u64) -> Generation {
    Generation {
        hypotheses: 6,
        sampling: Some(Sampling {
            temperature: 1.2,
            top_k: Some(8),
            top_p: 0.95,
            seed,
        }),
        ..Generation::default()
    }
}

#[test]
fn a_batch_gives_what_each_sentence_gives_alone() {
    let script = Script::load();
    for generation in [beams(1), beams(3), sampling(4)] {
        let together = script.all(&generation);
        for (sentence, found) in together.iter().enumerate() {
            let alone = script
                .search(&[sentence], &[Source::default()], &generation, &script.special())
                .unwrap();
            assert_eq!(*found, alone[0]);
        }
    }
}

#[test]
fn the_n_best_are_sorted_and_distinct() {
    let script = Script::load();
    for generation in [beams(5), sampling(1)] {
        for found in script.all(&generation) {
            assert!(found.len() > 1);
            for pair in found.windows(2) {
                assert!(pair[0].score >= pair[1].score);
            }
            let mut distinct: Vec<_> = found.iter().map(|w| &w.tokens).collect();
            distinct.sort();
            distinct.dedup();
            assert_eq!(distinct.len(), found.len());
        }
    }
}

#[test]
fn a_prefix_stands_at_the_start_of_every_hypothesis() {
    let script = Script::load();
    let prefixes: [&[u32]; 3] = [&[], &[8], &[6, 9, 4, 4]];
    let sources = prefixes.map(|prefix| Source {
        prefix,
        first: Some(20),
        ..Source::default()
    });
    for generation in [beams(1), beams(4), sampling(2)] {
        let found = script
            .search(&[0, 1, 2], &sources, &generation, &script.special())
            .unwrap();
        for (prefix, found) in prefixes.iter().zip(found) {
            assert!(!found.is_empty());
            for written in found {
                assert_eq!(written.tokens[0], 20);
                assert!(written.tokens[1..].starts_with(prefix));
            }
        }
    }
    let long = [3; 64];
    let source = Source {
        prefix: &long,
        ..Source::default()
    };
    let refused = script.search(&[0], &[source], &beams(2), &script.special());
    assert!(refused.unwrap_err().to_string().contains("none can be written"));
}

#[test]
fn the_same_seed_gives_the_same_draws_and_another_gives_others() {
    let script = Script::load();
    assert_eq!(script.all(&sampling(9)), script.all(&sampling(9)));
    assert_ne!(script.all(&sampling(9)), script.all(&sampling(10)));
}

#[test]
fn each_token_keeps_what_it_attended_to() {
    let script = Script::load();
    let sources = [[3u32; 5].as_slice(), &[3; 2]].map(|tokens| Source {
        tokens,
        ..Source::default()
    });
    let generation = Generation {
        attention: true,
        ..beams(3)
    };
    let found = script
        .search(&[0, 1], &sources, &generation, &script.special())
        .unwrap();
    for (found, source) in found.iter().zip(&sources) {
        for written in found {
            let attention = written.attention.as_ref().unwrap();
            assert_eq!(attention.len(), written.tokens.len() - 1);
            for (row, token) in attention.iter().zip(&written.tokens) {
                assert_eq!(*row, vec![*token as f32; source.tokens.len()]);
            }
        }
    }
}

#[test]
fn what_is_done_is_not_computed_any_more() {
    let script = Script::load();
    let limits = Limits {
        source: 64,
        target: 40,
        vocabulary: 4,
    };
    let generation = Generation {
        early_stopping: EarlyStopping::Yes,
        ..beams(2)
    };
    let sources = [
        Source {
            max_length: Some(4),
            ..Source::default()
        },
        Source::default(),
    ];
    let mut sizes = Vec::new();
    search_with(
        &sources,
        &generation,
        &script.special(),
        limits,
        &mut Scripted(|tokens: &[u32], _: &[usize]| {
            sizes.push(tokens.len());
            Ok(Step {
                logits: [0.0, -1.0, -9.0, -2.0].repeat(tokens.len()),
                attention: None,
            })
        }),
    )
    .unwrap();
    assert_eq!(sizes[..5], [2, 4, 4, 2, 2]);
}

#[test]
fn damaged_logits_and_options_out_of_range_are_errors() {
    let script = Script::load();
    let limits = Limits {
        source: 8,
        target: 8,
        vocabulary: 3,
    };
    for generation in [beams(1), beams(2), sampling(0)] {
        let error = search_with(
            &[Source::default()],
            &generation,
            &script.special(),
            limits,
            &mut Scripted(|tokens: &[u32], _: &[usize]| {
                Ok(Step {
                    logits: vec![f32::NAN; 3 * tokens.len()],
                    attention: None,
                })
            }),
        );
        assert!(error.unwrap_err().to_string().contains("damaged"));
    }
    let wrong = [
        beams(0),
        Generation {
            hypotheses: 3,
            ..beams(2)
        },
        Generation {
            beams: 2,
            ..sampling(0)
        },
    ];
    for generation in wrong {
        let refused = script.search(&[0], &[Source::default()], &generation, &script.special());
        assert_eq!(refused.unwrap_err().exit_code(), 2);
    }
}
