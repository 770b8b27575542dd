//! Real weights against llama.cpp: the ids of three prompts each, then 64 greedy ids.
//!
//! Both quantise activations, in blocks and orders of their own, so logits (of 10 to 30) differ by a tenth or two.
//! Each step follows llama.cpp's own ids; where ours chooses another, llama.cpp must have found the two nearly equal,
//! and both logits of both are printed. transformers in f32 on the dequantised weights is as far from llama.cpp: 0.16
//! in the mean for smollm2-135m, 0.22 for gemma-3-270m, with 5 and 8 partings in the 192 steps. llama.cpp parts from
//! itself on a processor of another kind: of gemma-3-270m by 0.28 in the mean, in 9 of 64 steps, once over 0.39. What is
//! exact is shown in `tiny`.

use std::path::{Path, PathBuf};

use byline::neural::{Chat, Decoding, Message, Role};
use byline::registry::{Catalogue, Store};

use crate::{best, here, loaded, messages};

/// Two logits nearer than this are a near-tie.
const NEAR: f32 = 0.35;
/// Of gemma-3-270m: its logits are three times as far from llama.cpp's as those of the others, which the mean holds too.
const NEAR_OF_GEMMA: f32 = 0.7;
/// Near-ties in which we part from llama.cpp, of 64 steps at the most.
const PARTINGS: usize = 7;
/// The mean distance of our logits from llama.cpp's highest five.
const MEAN: f32 = 0.4;

#[derive(serde::Deserialize)]
struct Reference {
    /// Conversations and the prompts that the model's own template makes of them.
    chat: Vec<(Vec<(String, String)>, String)>,
    cases: Vec<Case>,
}

#[derive(serde::Deserialize)]
struct Case {
    prompt: String,
    ids: Vec<u32>,
    greedy: Vec<u32>,
    /// Of each step the tokens with the highest logits, the chosen one first.
    top: Vec<Vec<(u32, f32)>>,
}

/// `ID.gguf`, or `ID/model.safetensors`.
fn given_name(folder: &Path, id: &str) -> PathBuf {
    let one = folder.join(format!("{id}.gguf"));
    if one.is_file() {
        one
    } else {
        folder.join(id).join("model.safetensors")
    }
}

/// The weights of a model, if they are here.
pub(crate) fn weights(id: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("BYLINE_TEST_MODELS").map(PathBuf::from);
    let given = folder.map(|f| given_name(&f, id)).filter(|p| p.is_file());
    let found = given.or_else(|| {
        let catalogue = Catalogue::embedded().unwrap();
        let installed = Store::from_env()
            .ok()?
            .locate(catalogue.get(id).unwrap())
            .ok()??;
        installed.file("weights").map(ToOwned::to_owned)
    });
    if found.is_none() {
        let must = std::env::var("BYLINE_TEST_WEIGHTS").unwrap_or_default();
        assert!(
            !must.split(',').any(|m| m.trim() == id),
            "BYLINE_TEST_WEIGHTS lists {id}, and its weights are not here"
        );
        eprintln!("skipped: the weights of {id} are not here (`byline models pull {id}`)");
    }
    found
}

fn greedy(id: &str, near: f32) {
    let Some(path) = weights(id) else { return };
    let bytes = std::fs::read(here("real").join(format!("{id}.json"))).unwrap();
    let reference: Reference = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(reference.cases.len(), 3);
    let model = loaded([path]);
    assert_eq!(model.can_chat(), !reference.chat.is_empty());
    for (turns, rendered) in &reference.chat {
        assert_eq!(&model.render(&messages(turns)).unwrap(), rendered, "{id}");
    }
    let lm = model.language_model();
    for case in &reference.cases {
        assert_eq!(
            model.encode_prompt(&case.prompt).unwrap(),
            case.ids,
            "{id}: {}",
            case.prompt
        );
        assert_eq!((case.greedy.len(), case.top.len()), (64, 64));
        let mut state = lm.start();
        let mut logits = lm.step(&case.ids, &mut state).unwrap();
        let mut partings = 0;
        let mut distance = 0f32;
        for (step, (theirs, top)) in case.greedy.iter().zip(&case.top).enumerate() {
            let ours = best(&logits);
            if ours != *theirs {
                let here = (logits[ours as usize], logits[*theirs as usize]);
                eprintln!("{id}, step {step}: {ours} {here:?} where llama.cpp has {top:?}");
                let there = top.iter().find(|(token, _)| *token == ours);
                let gap = there.map_or(f32::INFINITY, |(_, logit)| top[0].1 - logit);
                assert!(gap < near, "{id}, step {step}: no near-tie");
                partings += 1;
            }
            let apart = top
                .iter()
                .map(|(token, logit)| (logits[*token as usize] - logit).abs());
            distance += apart.sum::<f32>() / (top.len() * case.top.len()) as f32;
            logits = lm.step(&[*theirs], &mut state).unwrap();
        }
        eprintln!("{id}: {partings} of 64 steps part, logits are {distance:.3} apart in the mean");
        assert!(partings <= PARTINGS && distance < MEAN);
    }
}

#[test]
fn smollm2_writes_what_llama_cpp_writes() {
    greedy("smollm2-135m", NEAR);
}

#[test]
fn qwen2_5_coder_writes_what_llama_cpp_writes() {
    greedy("qwen2.5-coder-1.5b", NEAR);
}

#[test]
fn gemma_3_writes_what_llama_cpp_writes() {
    greedy("gemma-3-270m", NEAR_OF_GEMMA);
}

#[test]
fn smollm2_answers_and_keeps_its_prefix() {
    let Some(path) = weights("smollm2-135m") else {
        return;
    };
    let system = "You are a careful news editor. Use only what the text says.";
    let turns = |text: &str| [Message::new(Role::System, system), Message::new(Role::User, text)];
    let decoding = Decoding {
        max_new_tokens: 24,
        ..Decoding::default()
    };
    let mut model = loaded([path.clone()]);
    let rendered = model.render(&turns("Say yes.")).unwrap();
    let expected = format!(
        "<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\nSay yes.<|im_end|>\n<|im_start|>assistant\n"
    );
    assert_eq!(rendered, expected);
    let ask = |model: &mut byline::neural::ChatModel, text: &str| {
        let done = model.complete(&turns(text), &decoding, &mut |_| {}).unwrap();
        assert!(!done.text.trim().is_empty());
        assert!(!done.text.contains("<|"), "{}", done.text);
        done
    };
    let first = ask(&mut model, "The port closes on Monday. Say it in four words.");
    ask(&mut model, "The mayor denied it. Say it in four words.");
    let again = ask(&mut model, "The port closes on Monday. Say it in four words.");
    assert_eq!((&first.text, first.new_tokens), (&again.text, again.new_tokens));
    assert_eq!(first.kept_tokens, 0);
    assert!(again.kept_tokens > 0, "the instructions were read again");
    let fresh = ask(
        &mut loaded([path]),
        "The port closes on Monday. Say it in four words.",
    );
    assert_eq!(first, fresh);
}

#[test]
fn a_base_model_is_refused_for_chat_in_one_line() {
    let Some(path) = weights("gemma-3-270m") else {
        return;
    };
    let model = loaded([path]);
    assert!(!model.can_chat());
    let error = model.prompt_ids(&[Message::new(Role::User, "x")]).unwrap_err();
    assert!(error.to_string().contains("no chat template"), "{error}");
    assert_eq!(error.exit_code(), 4);
}
