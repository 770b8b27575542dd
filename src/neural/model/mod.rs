//! A loaded language model: its files → [`ChatModel`] → answers.

mod causal;
mod kept;
mod lookup;
mod many;

use std::collections::HashSet;

use super::chat::ChatTemplate;
use super::tokenizer::Tokenizer;
use super::{Ask, Chat, Completion, Message, Role, Streamed};
use crate::error::{Error, Result};
pub use causal::{CausalLm, Inspection, Reading, State};
use kept::Kept;
use many::{Answer, Speech};

/// Rows of a step, and sequences at a time: few enough for a quick Ctrl-C and flat memory, and so many that blocks of
/// weights are unpacked for a good number of them.
const ROWS: usize = 64;
/// Tokens that the sequences of a batch may come to, beside what they share: it bounds their memory.
const TOKENS: usize = 8192;
/// A beginning shorter than this is not worth a step of its own.
const WORTH_SHARING: usize = 16;

/// A language model with its tokenizer and its chat template.
pub struct ChatModel {
    model: Box<dyn CausalLm>,
    tokenizer: Tokenizer,
    template: Option<ChatTemplate>,
    stop: HashSet<u32>,
    context: usize,
    kept: Kept,
}

impl ChatModel {
    pub(crate) fn new(
        model: Box<dyn CausalLm>,
        tokenizer: Tokenizer,
        template: Option<ChatTemplate>,
        stop: HashSet<u32>,
        context: Option<usize>,
    ) -> Self {
        let trained = model.context_length();
        Self {
            context: context.map_or(trained, |c| c.min(trained)),
            model,
            tokenizer,
            template,
            stop,
            kept: Kept::default(),
        }
    }

    /// The model below the chat.
    pub fn language_model(&self) -> &dyn CausalLm {
        self.model.as_ref()
    }

    /// Whether it has a chat template: base models have none.
    pub fn can_chat(&self) -> bool {
        self.template.is_some()
    }

    /// The tokens that end an answer.
    pub fn stop_tokens(&self) -> &HashSet<u32> {
        &self.stop
    }

    /// The ids of a text that is data: none of them is a control token.
    ///
    /// # Errors
    /// [`Error::Failed`] if the tokenizer fails.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        self.tokenizer.encode(text)
    }

    /// The ids of a prompt that is used as it is: spellings of control tokens become control tokens.
    ///
    /// # Errors
    /// [`Error::Failed`] if the tokenizer fails.
    pub fn encode_prompt(&self, prompt: &str) -> Result<Vec<u32>> {
        self.tokenizer.encode_prompt(prompt)
    }

    /// The text of tokens, control tokens left out.
    pub fn decode(&self, ids: &[u32]) -> String {
        self.tokenizer.decode(ids)
    }

    /// The prompt that the chat template makes of `messages`, as transformers prints it.
    ///
    /// # Errors
    /// [`Error::Failed`] if the model has no template, or if it refuses the messages.
    pub fn render(&self, messages: &[Message]) -> Result<String> {
        let template = self.template()?;
        Ok(Tokenizer::unguard(
            &template.render(&self.guarded(messages), true)?,
        ))
    }

    /// The ids of the prompt for `messages`: the template's marks are control tokens, the contents never are.
    ///
    /// # Errors
    /// As [`ChatModel::render`].
    pub fn prompt_ids(&self, messages: &[Message]) -> Result<Vec<u32>> {
        let rendered = self.template()?.render(&self.guarded(messages), true)?;
        self.tokenizer.encode_prompt(&rendered)
    }

    fn template(&self) -> Result<&ChatTemplate> {
        self.template.as_ref().ok_or_else(|| {
            Error::failed("this model has no chat template: it is a base model, which continues text and answers nothing")
                .with_hint("choose an instruction-tuned model; `byline models list` names their tasks")
        })
    }

    fn guarded(&self, messages: &[Message]) -> Vec<Message> {
        messages
            .iter()
            .map(|m| {
                let content = match m.role {
                    Role::Assistant => self.tokenizer.guard_answer(&m.content),
                    Role::System | Role::User => self.tokenizer.guard(&m.content),
                };
                Message::new(m.role, content)
            })
            .collect()
    }

    /// How many tokens of `prompt` the messages but the last determine.
    fn prefix_length(&self, messages: &[Message], prompt: &[u32]) -> Result<usize> {
        let Some((_, before)) = messages.split_last().filter(|(_, before)| !before.is_empty()) else {
            return Ok(0);
        };
        // A template may refuse to end there; then nothing is kept.
        let Ok(rendered) = self.template()?.render(&self.guarded(before), false) else {
            return Ok(0);
        };
        let prefix = self.tokenizer.encode_prompt(&rendered)?;
        let same = prefix.iter().zip(prompt).take_while(|(a, b)| a == b).count();
        Ok(same.min(prompt.len().saturating_sub(1)))
    }

    fn check_length(&self, prompt: usize) -> Result<()> {
        let most = self.context.saturating_sub(1);
        if prompt <= most {
            return Ok(());
        }
        Err(Error::failed(format!(
            "the prompt has {prompt} tokens, and this model reads at most {most}"
        ))
        .with_hint("shorten the text, or choose a model with a longer context"))
    }

    /// Forgets the kept prefixes, and frees their memory.
    pub fn forget(&mut self) {
        self.kept.forget();
    }

    /// How many tokens the prompts share, or what a lone one's next is likely to share with it.
    fn shared(&self, asks: &[Ask], prompts: &[Vec<u32>]) -> Result<usize> {
        let (Some(first), Some(shortest)) = (prompts.first(), prompts.iter().map(Vec::len).min()) else {
            return Ok(0);
        };
        if let [ask] = asks {
            return self.prefix_length(&ask.messages, first);
        }
        // the last token of a prompt is read by its own sequence, which needs the logits after it
        let same = prompts.iter().map(|prompt| same_beginning(prompt, first)).min();
        let same = same.unwrap_or(0).min(shortest.saturating_sub(1));
        Ok(if same < WORTH_SHARING { 0 } else { same })
    }
}

/// How many tokens two texts have in common from their beginning.
fn same_beginning(one: &[u32], other: &[u32]) -> usize {
    one.iter().zip(other).take_while(|(a, b)| a == b).count()
}

impl Chat for ChatModel {
    fn complete_many(
        &mut self,
        asks: &[Ask],
        on_text: &mut dyn FnMut(usize, Streamed<'_>),
    ) -> Result<Vec<Completion>> {
        let mut prompts = Vec::with_capacity(asks.len());
        for ask in asks {
            let prompt = self.prompt_ids(&ask.messages)?;
            self.check_length(prompt.len())?;
            prompts.push(prompt);
        }
        let keep = self.shared(asks, &prompts)?;
        let Some(first) = prompts.first() else {
            return Ok(Vec::new());
        };
        let known = if asks.len() == 1 {
            first.len().saturating_sub(1)
        } else {
            keep
        };
        let (trunk, before) = self.kept.beginning(&*self.model, &first[..known], keep)?;
        let mut answers = Vec::with_capacity(asks.len());
        for (index, (ask, prompt)) in asks.iter().zip(prompts).enumerate() {
            let most = ask.decoding.max_new_tokens.min(self.context - prompt.len());
            // what all share was read for the first
            let kept = if index == 0 { before } else { trunk.len() };
            answers.push(Answer::new(index, prompt, kept, most, &ask.decoding)?);
        }
        let speech = Speech {
            tokenizer: &self.tokenizer,
            stop: &self.stop,
        };
        let mut done = many::write(&*self.model, &speech, &trunk, answers, on_text)?;
        done.sort_by_key(|(index, _)| *index);
        Ok(done.into_iter().map(|(_, completion)| completion).collect())
    }

    fn count_tokens(&self, text: &str) -> Result<usize> {
        self.tokenizer.encode(text).map(|ids| ids.len())
    }

    fn context_length(&self) -> usize {
        self.context
    }
}
