//! Summaries written by a language model, one sentence a group, with the numbered article before its eyes.
//!
//! An article that does not fit the model's context is cut at the borders of its sections; each group is written
//! with the part before the model's eyes that holds its sentences. The plan is made over the whole article, so no
//! part of it is left unread by the ranking.

use std::collections::BTreeMap;

use crate::article::Document;
use crate::error::Result;
use crate::neural::{Ask, Chat, Completion, Decoding, Finish, answers};
use crate::progress::Progress;

use super::plan::Group;
use super::{SentenceMethod, Summariser, bait, prompt};

/// Words of one sentence.
const WORDS: usize = 28;
/// Tokens that a sentence may take; more than any good one needs, in any script.
const MAX_NEW_TOKENS: usize = 160;
/// Tokens kept free for the request, the template's own marks and the answer.
const RESERVE: usize = 512;
/// Tokens of the article that are put before a small model at once, though its context may hold more: what stands
/// far back in a long prompt is read worse (Liu et al. 2024, "Lost in the Middle"), and reading costs time.
const MAX_PART: usize = 3000;

/// Writes with a chat model.
pub struct Abstractive<'a> {
    chat: &'a mut dyn Chat,
    progress: &'a dyn Progress,
    decoding: Decoding,
    /// Runs of usable sentences, each short enough for one prompt.
    parts: Vec<Vec<usize>>,
}

impl<'a> Abstractive<'a> {
    /// Cuts the article into parts that fit.
    ///
    /// # Errors
    /// Those of the tokenizer.
    pub fn new(
        chat: &'a mut dyn Chat,
        document: &Document,
        temperature: f64,
        seed: u64,
        progress: &'a dyn Progress,
    ) -> Result<Self> {
        let budget = chat.context_length().saturating_sub(RESERVE).clamp(64, MAX_PART);
        let parts = parts(document, budget, &mut |text| chat.count_tokens(text))?;
        if parts.len() > 1 {
            progress.note(&format!(
                "{}: long article, read in {} parts",
                document.article.id,
                parts.len()
            ));
        }
        Ok(Self {
            chat,
            progress,
            decoding: Decoding {
                max_new_tokens: MAX_NEW_TOKENS,
                temperature,
                seed,
                stop: vec!["\n".to_owned()],
                prompt_lookup: true,
                ..Decoding::default()
            },
            parts,
        })
    }

    /// The part with the group's seed, and the group's other sentences if they stand elsewhere.
    fn view(&self, group: &Group) -> Vec<usize> {
        let mut view = self
            .parts
            .iter()
            .find(|part| part.contains(&group.seed))
            .cloned()
            .unwrap_or_default();
        view.extend(&group.sentences);
        view.sort_unstable();
        view.dedup();
        view
    }
}

impl Abstractive<'_> {
    /// Writes the sentences of groups that see the same part of the article.
    fn ask(&mut self, document: &Document, groups: &[(usize, &Group)], view: &[usize]) -> Result<Vec<Told>> {
        let mut asked = Vec::new();
        let mut asks = Vec::new();
        for &(index, group) in groups {
            let messages = vec![
                prompt::shared(document, view),
                prompt::request(document, group, WORDS),
            ];
            if self.chat.fits(&messages, MAX_NEW_TOKENS)? {
                asked.push(index);
                asks.push(Ask {
                    messages,
                    decoding: self.decoding.clone(),
                });
            } else {
                self.progress.note(&format!(
                    "sentence {} is too long for this model; its own words are used",
                    group.seed
                ));
            }
        }
        let written = answers(self.chat, &asks, self.progress, true)?;
        let sentence = |done: Completion| (done.finish == Finish::Stop).then(|| clean(&done.text)).flatten();
        Ok(asked.into_iter().zip(written.into_iter().map(sentence)).collect())
    }
}

/// Which group, and what was written for it.
type Told = (usize, Option<String>);

impl Summariser for Abstractive<'_> {
    fn write(&mut self, document: &Document, groups: &[Group]) -> Result<Vec<Option<String>>> {
        let mut by_view: BTreeMap<Vec<usize>, Vec<(usize, &Group)>> = BTreeMap::new();
        for (index, group) in groups.iter().enumerate() {
            by_view.entry(self.view(group)).or_default().push((index, group));
        }
        let mut written = vec![None; groups.len()];
        for (view, groups) in by_view {
            for (index, sentence) in self.ask(document, &groups, &view)? {
                written[index] = sentence;
            }
        }
        Ok(written)
    }

    fn method(&self) -> SentenceMethod {
        SentenceMethod::Abstractive
    }
}

/// What is left of an answer without list marks, sentence numbers and an introduction; `None` if nothing is.
fn clean(answer: &str) -> Option<String> {
    let line = answer.lines().map(str::trim).find(|line| !line.is_empty())?;
    let mut text = String::new();
    let mut depth = 0usize;
    for (at, c) in line.char_indices() {
        match c {
            // a bracket with nothing but digits is a sentence number, all others are the text's own
            '[' if is_reference(&line[at..]) => depth += 1,
            ']' if depth > 0 => depth -= 1,
            _ if depth > 0 => {}
            _ => text.push(c),
        }
    }
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = text
        .trim_start_matches(['-', '*', '•', ' '])
        .replace(" .", ".")
        .replace(" ,", ",");
    (text.chars().any(char::is_alphabetic)).then_some(text)
}

fn is_reference(text: &str) -> bool {
    text[1..].split_once(']').is_some_and(|(inside, _)| {
        !inside.is_empty() && inside.chars().all(|c| c.is_ascii_digit() || c == ',' || c == ' ')
    })
}

/// Cuts the usable sentences into runs of at most `budget` tokens, at borders of sections where there are any, else
/// of blocks, else of sentences.
fn parts(
    document: &Document,
    budget: usize,
    count: &mut dyn FnMut(&str) -> Result<usize>,
) -> Result<Vec<Vec<usize>>> {
    let left_out = bait::find(document);
    let mut parts: Vec<Vec<usize>> = Vec::new();
    let mut part: Vec<(usize, usize)> = Vec::new();
    let mut used = 0;
    for (i, sentence) in document.sentences.iter().enumerate() {
        if left_out.contains(&i) || document.article.headline == Some(sentence.span) {
            continue;
        }
        // the number before each sentence takes about four tokens
        let cost = count(document.sentence(i))? + 4;
        if used + cost > budget && !part.is_empty() {
            let cut = best_cut(document, &part, i);
            let rest = part.split_off(cut);
            parts.push(part.iter().map(|&(i, _)| i).collect());
            used = rest.iter().map(|&(_, cost)| cost).sum();
            part = rest;
        }
        used += cost;
        part.push((i, cost));
    }
    if !part.is_empty() {
        parts.push(part.into_iter().map(|(i, _)| i).collect());
    }
    Ok(parts)
}

/// Where to cut a full part before sentence `next`: the last section border in its second half, else the last block
/// border there, else its end.
fn best_cut(document: &Document, part: &[(usize, usize)], next: usize) -> usize {
    let block_of = |i: usize| document.sentences.get(i).map(|s| s.block);
    let starts_section = |i: usize| {
        block_of(i)
            .and_then(|b| document.article.blocks.get(b))
            .is_some_and(|b| b.label.is_some() || b.kind == crate::article::BlockKind::Heading)
    };
    let at = |k: usize| part.get(k).map_or(next, |&(i, _)| i);
    let half = part.len() / 2;
    let candidates = || (half.max(1)..=part.len()).rev();
    candidates()
        .find(|&k| starts_section(at(k)) && block_of(at(k)) != block_of(at(k - 1)))
        .or_else(|| candidates().find(|&k| block_of(at(k)) != block_of(at(k - 1))))
        .unwrap_or(part.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_cleaned_of_marks_but_not_of_words() {
        assert_eq!(
            clean("- The port said [3] it was shut [4, 5].\n").as_deref(),
            Some("The port said it was shut.")
        );
        assert_eq!(clean("\n\n1 May was quiet.").as_deref(), Some("1 May was quiet."));
        assert_eq!(
            clean("He said \"[the port] must close\".").as_deref(),
            Some("He said \"[the port] must close\".")
        );
        assert_eq!(clean(" \n-\n"), None);
    }
}
