//! A loaded language model: its files → [`ChatModel`] → answers.

use std::collections::{HashSet, VecDeque};

use super::chat::ChatTemplate;
use super::decode::{Chooser, Outlet, loops};
use super::decoder::{Cache, Decoder};
use super::tokenizer::{Streamer, Tokenizer};
use super::{Chat, Completion, Decoding, Finish, Message, Role};
use crate::error::{Error, Result};
use crate::progress::checkpoint;

/// Tokens read in one go: few enough for a quick Ctrl-C and flat memory. From 32 rows on, candle packs Q4_K weights
/// a second time for AMX, which costs 1.4 GB with 1.5 billion weights and reads no faster. Steps begin at multiples
/// of it from the start of the prompt and from the end of the kept prefix, so that kept and fresh prefixes go
/// through the same operations.
const CHUNK: usize = 16;
/// Prefixes that are kept: a summary's and a translation's take turns.
const KEPT: usize = 2;

/// What a model has read so far. Forks share nothing.
pub struct State(Cache);

impl State {
    /// The number of tokens read.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing has been read.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A copy that goes its own way.
    ///
    /// # Errors
    /// [`Error::Failed`] if the device has no memory for it.
    pub fn fork(&self) -> Result<Self> {
        self.0.fork().map(Self)
    }
}

/// A model that gives the logits of the next token. Weights are immutable; what was read is in the [`State`].
pub trait CausalLm: Send {
    /// Nothing read.
    fn start(&self) -> State;

    /// Reads `tokens` (at least one) after `state`; the logits of the token after the last, one per id.
    ///
    /// # Errors
    /// [`Error::Failed`] if a token is not in the vocabulary or the device fails.
    fn step(&self, tokens: &[u32], state: &mut State) -> Result<Vec<f32>>;

    /// Reads `tokens` for their state alone.
    ///
    /// # Errors
    /// As [`CausalLm::step`].
    fn read(&self, tokens: &[u32], state: &mut State) -> Result<()>;

    /// As [`CausalLm::step`] for inspection: the logits after each token, `(tokens × vocabulary)`, and for the
    /// embedding and each layer its output, `(tokens × hidden)`.
    ///
    /// # Errors
    /// As [`CausalLm::step`].
    fn inspect(&self, tokens: &[u32], state: &mut State) -> Result<Inspection>;

    /// The longest sequence that it was trained for.
    fn context_length(&self) -> usize;

    /// Bytes that the state takes for each token.
    fn bytes_per_token(&self) -> usize;
}

/// All that a step computes, row by row.
pub struct Inspection {
    /// The output of the embedding, then of each layer.
    pub layers: Vec<Vec<f32>>,
    /// The logits after each token.
    pub logits: Vec<f32>,
}

impl CausalLm for Decoder {
    fn start(&self) -> State {
        State(Cache::new(self.config()))
    }

    fn step(&self, tokens: &[u32], state: &mut State) -> Result<Vec<f32>> {
        some(tokens)?;
        self.step(tokens, &mut state.0)
    }

    fn read(&self, tokens: &[u32], state: &mut State) -> Result<()> {
        some(tokens)?;
        self.prefill(tokens, &mut state.0)
    }

    fn inspect(&self, tokens: &[u32], state: &mut State) -> Result<Inspection> {
        some(tokens)?;
        let mut tensors = Vec::new();
        let logits = self.trace(tokens, &mut state.0, &mut |_, t| tensors.push(t.clone()))?;
        let flat = |t: &candle_core::Tensor| -> Result<Vec<f32>> {
            let t = t.to_dtype(candle_core::DType::F32)?.flatten_all()?;
            Ok(t.to_vec1::<f32>()?)
        };
        Ok(Inspection {
            layers: tensors.iter().map(flat).collect::<Result<_>>()?,
            logits: flat(&logits)?,
        })
    }

    fn context_length(&self) -> usize {
        self.config().context
    }

    fn bytes_per_token(&self) -> usize {
        self.config().cache_bytes_per_position()
    }
}

fn some(tokens: &[u32]) -> Result<()> {
    if tokens.is_empty() {
        return Err(Error::failed("a step needs at least one token"));
    }
    Ok(())
}

/// A prefix that was read before.
struct Prefix {
    ids: Vec<u32>,
    state: State,
}

/// A language model with its tokenizer and its chat template.
pub struct ChatModel {
    model: Box<dyn CausalLm>,
    tokenizer: Tokenizer,
    template: Option<ChatTemplate>,
    stop: HashSet<u32>,
    context: usize,
    kept: VecDeque<Prefix>,
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
            kept: VecDeque::new(),
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

    /// Reads the prompt; gives its state and the logits after it.
    fn prefill(&mut self, prompt: &[u32], prefix: usize) -> Result<(State, Vec<f32>)> {
        let (before, rest) = prompt.split_at(prefix);
        let mut state = match self.kept.iter().position(|k| k.ids == before) {
            _ if before.is_empty() => self.model.start(),
            Some(at) => {
                // The most recently used stands last.
                let kept = self.kept.remove(at);
                self.kept.extend(kept);
                match self.kept.back() {
                    Some(kept) => kept.state.fork()?,
                    None => self.model.start(),
                }
            }
            None => {
                let mut state = self.model.start();
                for chunk in before.chunks(CHUNK) {
                    checkpoint()?;
                    self.model.read(chunk, &mut state)?;
                }
                if self.kept.len() >= KEPT {
                    self.kept.pop_front();
                }
                self.kept.push_back(Prefix {
                    ids: before.to_vec(),
                    state: state.fork()?,
                });
                state
            }
        };
        let mut chunks = rest.chunks(CHUNK).peekable();
        while let Some(chunk) = chunks.next() {
            checkpoint()?;
            if chunks.peek().is_none() {
                let logits = self.model.step(chunk, &mut state)?;
                return Ok((state, logits));
            }
            self.model.read(chunk, &mut state)?;
        }
        Err(Error::failed("the prompt is empty"))
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
        self.kept.clear();
    }
}

impl Chat for ChatModel {
    fn complete(
        &mut self,
        messages: &[Message],
        decoding: &Decoding,
        on_text: &mut dyn FnMut(&str),
    ) -> Result<Completion> {
        let mut chooser = Chooser::new(decoding)?;
        let prompt = self.prompt_ids(messages)?;
        self.check_length(prompt.len())?;
        let prefix = self.prefix_length(messages, &prompt)?;
        let most = decoding.max_new_tokens.min(self.context - prompt.len());
        let mut outlet = Outlet::new(&decoding.stop);
        let mut streamer = Streamer::default();
        let mut written = Vec::new();
        let mut finish = Finish::Length;
        if most > 0 {
            let (mut state, mut logits) = self.prefill(&prompt, prefix)?;
            loop {
                checkpoint()?;
                let token = chooser.next(logits)?;
                if self.stop.contains(&token) {
                    finish = Finish::Stop;
                    break;
                }
                written.push(token);
                let piece = streamer.push(self.tokenizer.token_bytes(token));
                if outlet.push(&piece, on_text) {
                    finish = Finish::Stop;
                    break;
                }
                if loops(&written) {
                    finish = Finish::Repetition;
                    break;
                }
                if written.len() >= most {
                    break;
                }
                logits = self.model.step(&[token], &mut state)?;
            }
        }
        outlet.push(&streamer.finish(), on_text);
        Ok(Completion {
            text: outlet.finish(on_text),
            prompt_tokens: prompt.len(),
            new_tokens: written.len(),
            finish,
        })
    }

    fn count_tokens(&self, text: &str) -> Result<usize> {
        self.tokenizer.encode(text).map(|ids| ids.len())
    }

    fn context_length(&self) -> usize {
        self.context
    }
}
