//! Students of Firefox Translations, held to fxtranslate: another engine for the same files.

mod damage;
pub(crate) mod random;
mod texts;

use std::collections::{HashMap, HashSet};

use byline::neural::{Arithmetic, EncoderDecoder, Few, Student};
use candle_core::Device;

use self::random::{BASE_MEMORY, Folder, Shape, Stored, TINY, sources};
use crate::best;

/// Sources and target tokens of different vocabularies.
const SPLIT: Shape = Shape {
    shared: false,
    source: 1500,
    ..BASE_MEMORY
};
/// Small enough for what is run many times.
const SMALL: Shape = Shape {
    width: 32,
    encoder: 2,
    decoder: 2,
    inner: 64,
    source: 300,
    target: 300,
    shared: true,
    end: 1.0,
};

/// The greedy targets of a batch, without their ends, and the attention of each token that was read after the first.
fn written(student: &Student, sources: &[Vec<u32>]) -> (Vec<Vec<u32>>, Vec<Vec<Vec<f32>>>) {
    let batch: Vec<&[u32]> = sources.iter().map(Vec::as_slice).collect();
    let mut state = student.encode(&batch, true).unwrap();
    let longest = sources.iter().map(Vec::len).max().unwrap();
    let mut targets = vec![Vec::new(); sources.len()];
    let mut attentions = vec![Vec::new(); sources.len()];
    let mut rows: Vec<usize> = (0..sources.len()).collect();
    let mut tokens = vec![0; rows.len()];
    let mut parents = rows.clone();
    while !rows.is_empty() {
        let step = student.step(&tokens, &parents, &mut state).unwrap();
        let logits = step.logits.chunks_exact(student.limits().vocabulary);
        let seen = step.attention.as_ref().unwrap().chunks_exact(longest);
        (tokens, parents) = (Vec::new(), Vec::new());
        let mut left = Vec::new();
        for (place, ((row, logits), seen)) in rows.iter().zip(logits).zip(seen).enumerate() {
            if !targets[*row].is_empty() {
                attentions[*row].push(seen[..sources[*row].len()].to_vec());
            }
            let token = best(logits);
            // the same bound as the other engine's
            let full = targets[*row].len() + 1 == sources[*row].len() * 2 + 4;
            if token != 0 {
                targets[*row].push(token);
            }
            if token != 0 && !full {
                left.push(*row);
                tokens.push(token);
                parents.push(place);
            }
        }
        rows = left;
    }
    (targets, attentions)
}

fn targets(student: &Student, sources: &[Vec<u32>]) -> Vec<Vec<u32>> {
    let mut order: Vec<&Vec<u32>> = sources.iter().collect();
    order.sort_by_key(|s| s.len());
    let sorted: Vec<Vec<u32>> = order.into_iter().cloned().collect();
    let mut found = HashMap::new();
    for batch in sorted.chunks(48) {
        found.extend(batch.iter().cloned().zip(written(student, batch).0));
    }
    sources.iter().map(|s| found[s].clone()).collect()
}

/// How many tokens, their end among them, are the same at the same place; and how many there are.
fn agreement(found: &[Vec<u32>], expected: &[Vec<u32>]) -> (usize, usize) {
    let mut counts = (0, 0);
    for (found, expected) in found.iter().zip(expected) {
        let end = |ids: &[u32], i: usize| ids.get(i).copied().unwrap_or(0);
        counts.1 += expected.len() + 1;
        counts.0 += (0..=expected.len())
            .filter(|i| end(found, *i) == end(expected, *i))
            .count();
    }
    counts
}

/// Greedy targets of both engines for so many sentences.
fn same_ids(shape: Shape, shortlist: bool, count: usize) {
    let folder = Folder::new(shape, Stored::Integers, 7);
    let sources = sources(shape, count, 2..15, 11);
    let (engine, student) = (
        folder.engine(shape.shared, shortlist),
        folder.student(&Arithmetic::Integers, shortlist),
    );
    let expected: Vec<Vec<u32>> = sources
        .chunks(32)
        .flat_map(|batch| engine.greedy_batch(batch))
        .collect();
    let (same, all) = agreement(&targets(&student, &sources), &expected);
    eprintln!("{same} of {all} tokens in {count} sentences are those of fxtranslate");
    // not a student that says the same whatever it reads
    let tokens: HashSet<&u32> = expected.iter().flatten().collect();
    let different: HashSet<&Vec<u32>> = expected.iter().collect();
    let ended = expected
        .iter()
        .zip(&sources)
        .filter(|(t, s)| t.len() < s.len() * 2 + 4)
        .count();
    eprintln!(
        "{} different tokens, {} different targets, {ended} that end",
        tokens.len(),
        different.len()
    );
    assert!(
        tokens.len() > 100 && different.len() * 4 > count * 3 && ended * 20 > count,
        "a dull student"
    );
    assert!(same as f64 >= 0.999 * all as f64, "{same} of {all} tokens");
}

#[test]
fn a_tiny_student_writes_the_same_ids() {
    same_ids(TINY, false, 500);
}

#[test]
fn a_tiny_student_with_a_shortlist_writes_the_same_ids() {
    same_ids(TINY, true, 500);
}

#[test]
fn a_base_memory_student_with_two_vocabularies_writes_the_same_ids() {
    same_ids(SPLIT, false, 500);
}

#[test]
fn a_base_memory_student_with_two_vocabularies_and_a_shortlist_writes_the_same_ids() {
    same_ids(SPLIT, true, 500);
}

fn near(what: &str, found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(0f32, |m, l| m.max(l.abs()));
    for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!(
            (found - expected).abs() <= 1e-5 * largest,
            "{what}, {place}: {found} is not {expected}"
        );
    }
}

/// All that the other engine gives out by layer: what comes of the encoder, and of each step of the decoder.
#[test]
fn encoder_and_logits_are_those_of_the_other_engine() {
    let folder = Folder::new(SPLIT, Stored::Integers, 3);
    let (engine, student) = (
        folder.engine(false, false),
        folder.student(&Arithmetic::Integers, false),
    );
    let (context, length, first, source) = engine.dump_reference("w17 w3 w1200 w1200 w44");
    near("encoder", &student.encoder_output(&source).unwrap(), &context);
    let width = context.len() / length;
    let mut cells = vec![vec![0.0; width]; 64];
    let mut state = student.encode(&[&source], false).unwrap();
    for (position, token) in [0, 9, 41, 7, 7, 300].into_iter().enumerate() {
        let top = engine.decode_step(token, position, &context, length, &mut cells);
        let expected = engine.project(&top);
        if position == 0 {
            assert_eq!(expected, first);
        }
        let step = student.step(&[token], &[0], &mut state).unwrap();
        assert_eq!(step.attention, None);
        near(&format!("step {position}"), &step.logits, &expected);
    }
}

#[test]
fn alignments_are_those_of_the_other_engine() {
    for (shape, shortlist) in [(TINY, false), (SPLIT, true)] {
        let folder = Folder::new(shape, Stored::Integers, 5);
        let (engine, student) = (
            folder.engine(shape.shared, shortlist),
            folder.student(&Arithmetic::Integers, shortlist),
        );
        for text in ["w4 w99 w1002 w7", "w30 w31 w32 w33 w34 w35 w36 w37 w38", "w5"] {
            let expected = engine.translate_aligned(text);
            let source: Vec<u32> = expected.source_tokens.iter().map(|t| t.id).collect();
            let (targets, attentions) = written(&student, std::slice::from_ref(&source));
            let tokens: Vec<u32> = expected
                .target_tokens
                .iter()
                .map(|t| t.id)
                .filter(|t| *t != 0)
                .collect();
            assert_eq!(targets[0], tokens);
            assert!(attentions[0].len() + 1 >= tokens.len());
            for (found, expected) in attentions[0].iter().zip(&expected.alignments) {
                let near = found.iter().zip(expected).all(|(f, e)| (f - e).abs() < 1e-3);
                assert!(
                    near && found.len() == expected.len(),
                    "{found:?} is not {expected:?}"
                );
            }
        }
    }
}

#[test]
fn floats_are_those_of_the_other_engine() {
    // the integers, and the floats that they stand for, in files of their own
    let [integers, floats] = [Stored::Integers, Stored::Floats].map(|stored| Folder::new(TINY, stored, 9));
    let sources = sources(TINY, 60, 2..12, 13);
    let in_floats = Arithmetic::Floats(Device::Cpu);
    for shortlist in [false, true] {
        let expected = floats.engine(true, shortlist).greedy_batch(&sources);
        for student in [
            integers.student(&in_floats, shortlist),
            floats.student(&in_floats, shortlist),
            floats.student(&Arithmetic::Integers, shortlist),
        ] {
            let (same, all) = agreement(&targets(&student, &sources), &expected);
            eprintln!("{same} of {all} tokens in floats are those of fxtranslate");
            assert!(same as f64 >= 0.99 * all as f64, "{same} of {all} tokens");
        }
    }
}

/// Logits and attention of each step when `tokens` are read by one row.
fn alone(student: &Student, source: &[u32], tokens: &[u32]) -> Vec<(Vec<f32>, Vec<f32>)> {
    let mut state = student.encode(&[source], true).unwrap();
    let steps = tokens.iter().map(|token| {
        let step = student.step(&[*token], &[0], &mut state).unwrap();
        (step.logits, step.attention.unwrap())
    });
    steps.collect()
}

#[test]
fn rows_do_not_depend_on_what_shares_the_batch() {
    let folder = Folder::new(SMALL, Stored::Integers, 21);
    for arithmetic in [Arithmetic::Integers, Arithmetic::Floats(Device::Cpu)] {
        let student = folder.student(&arithmetic, false);
        let sources = sources(SMALL, 9, 1..30, 23);
        let batch: Vec<&[u32]> = sources.iter().map(Vec::as_slice).collect();
        let longest = sources.iter().map(Vec::len).max().unwrap();
        let mut state = student.encode(&batch, true).unwrap();
        let tokens = [0u32, 5, 17];
        let expected: Vec<_> = sources.iter().map(|s| alone(&student, s, &tokens)).collect();
        for (step, token) in tokens.iter().enumerate() {
            let all: Vec<usize> = (0..9).collect();
            let found = student.step(&[*token; 9], &all, &mut state).unwrap();
            let (logits, attention) = (found.logits, found.attention.unwrap());
            for row in 0..9 {
                let near = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5);
                let (one, seen) = &expected[row][step];
                assert!(near(&logits[row * 300..][..300], one), "row {row}, step {step}");
                let (mine, padding) = attention[row * longest..][..longest].split_at(seen.len());
                assert!(near(mine, seen) && padding.iter().all(|w| *w == 0.0));
            }
        }
    }
}

#[test]
fn the_likeliest_tokens_are_those_of_all_logits() {
    let folder = Folder::new(SMALL, Stored::Integers, 29);
    let sources = sources(SMALL, 7, 2..12, 31);
    let batch: Vec<&[u32]> = sources.iter().map(Vec::as_slice).collect();
    let (tokens, parents): (Vec<u32>, Vec<usize>) = (0..7).map(|row| (row as u32, row)).unzip();
    for (shortlist, arithmetic) in [
        (false, Arithmetic::Integers),
        (true, Arithmetic::Integers),
        (true, Arithmetic::Floats(Device::Cpu)),
    ] {
        let student = folder.student(&arithmetic, shortlist);
        let start = || student.encode(&batch, true).unwrap();
        let step = student.step(&tokens, &parents, &mut start()).unwrap();
        // what is banned is what would be taken, and what a shortlist may not have
        let banned = [best(&step.logits[..300]), 299, 298];
        let one = student.best(&tokens, &parents, &mut start(), &banned).unwrap();
        let few = student
            .leading(
                &tokens,
                &parents,
                &mut start(),
                Few {
                    keep: 5,
                    banned: &banned,
                    renormalise: false,
                },
            )
            .unwrap();
        assert_eq!(
            (&one.attention, &few.attention),
            (&step.attention, &step.attention)
        );
        for (row, logits) in step.logits.chunks_exact(300).enumerate() {
            let total = logits.iter().map(|l| f64::from(*l).exp()).sum::<f64>().ln();
            let mut expected: Vec<u32> = (0..300).filter(|t| !banned.contains(t)).collect();
            expected.sort_by(|a, b| logits[*b as usize].total_cmp(&logits[*a as usize]));
            let found = few.rows[row].as_ref().unwrap();
            assert_eq!(found.iter().map(|c| c.token).collect::<Vec<_>>(), expected[..5]);
            assert_eq!(one.chosen[row], Some(found[0]));
            for chosen in found {
                let log = f64::from(logits[chosen.token as usize]) - total;
                assert!((chosen.log - log).abs() < 1e-5, "{} is not {log}", chosen.log);
            }
        }
    }
}

#[test]
fn rows_go_on_from_their_parents() {
    let folder = Folder::new(SMALL, Stored::Integers, 25);
    let student = folder.student(&Arithmetic::Integers, false);
    let sources = sources(SMALL, 2, 3..9, 27);
    let batch: Vec<&[u32]> = sources.iter().map(Vec::as_slice).collect();
    let mut state = student.encode(&batch, true).unwrap();
    student.step(&[0, 0], &[0, 1], &mut state).unwrap();
    // the second source goes on three times, the first not at all
    student.step(&[8, 9, 10], &[1, 1, 1], &mut state).unwrap();
    let step = student.step(&[11, 12], &[2, 0], &mut state).unwrap();
    let longest = sources.iter().map(Vec::len).max().unwrap();
    for (row, tokens) in [[0, 10, 11], [0, 8, 12]].iter().enumerate() {
        let (logits, seen) = alone(&student, &sources[1], tokens).pop().unwrap();
        assert_eq!(step.logits[row * 300..][..300], logits);
        assert_eq!(
            step.attention.as_ref().unwrap()[row * longest..][..seen.len()],
            seen
        );
    }
}

#[test]
fn what_cannot_be_read_or_written_is_an_error() {
    let folder = Folder::new(SMALL, Stored::Integers, 29);
    let student = folder.student(&Arithmetic::Integers, false);
    assert!(student.encode(&[&[]], false).is_err());
    assert!(student.encode(&[&[5, 300]], false).is_err());
    assert!(
        student
            .encode(&[&vec![5; student.limits().source + 1]], false)
            .is_err()
    );
    let mut state = student
        .encode(&[&vec![5; student.limits().source]], false)
        .unwrap();
    assert!(student.step(&[300], &[0], &mut state).is_err());
    assert!(student.step(&[3], &[1], &mut state).is_err());
    assert!(student.step(&[3, 4], &[0], &mut state).is_err());
    for _ in 0..student.limits().target {
        student.step(&[3], &[0], &mut state).unwrap();
    }
    assert!(student.step(&[3], &[0], &mut state).is_err());
}
