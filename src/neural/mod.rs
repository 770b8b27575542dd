//! Tensors and tokens; never an article. Files of a model in, text out.
//!
//! ```text
//! GGUF  ──gguf────────┐                          ┌─ tokenizer (bpe, sentencepiece): text ↔ ids
//!                     ├─weights─config─ decoder ─┤
//! safetensors ────────┘                          └─ chat: messages → prompt;  decode: logits → text
//!      └──quantise──→ the same tensors in blocks, once, in a GGUF file of our own
//! ```
//! [`load`] gives a [`ChatModel`], whose [`Chat`] is all that the stages above see; [`load_encoder`] an [`Encoder`];
//! [`load_text_to_text`] a [`TextToText`], in which an [`EncoderDecoder`] meets its tokenizer
//! ([`source_target`]); [`load_seq2seq`] a [`Seq2Seq`], which is an [`EncoderDecoder`] over ids.
//!
//! What always holds: weights are immutable after loading, the state of a generation is a value of its own
//! ([`State`]), and the same tokens, options and seed give the same output. Texts are data: what they spell never
//! becomes a control token. A file that is damaged, or asks for what is not implemented, is an error of one line that
//! names it, never a panic.

pub mod device;
pub mod source_target;

mod added;
mod attend;
mod bert;
mod blocks;
mod bpe;
mod chat;
mod codes;
mod config;
mod decode;
mod decoder;
mod encdec;
mod gguf;
mod heads;
mod held;
mod instructions;
mod int8;
mod layers;
mod likeliest;
mod load;
mod mapped;
mod marian_bin;
mod matrix;
mod model;
mod mutual;
mod normal;
mod panels;
mod pickle;
mod pool;
mod quantise;
mod safetensors;
mod sentencepiece;
mod seq2seq;
mod shortlist;
mod ssru;
mod text_model;
mod text_to_text;
mod tokenizer;
mod weights;

pub use bert::{BertEncoder, load_encoder};
pub use decode::{EarlyStopping, Generation, Sampling, Source, Written, search};
pub use encdec::{Seq2Seq, Seq2SeqInspection, Seq2SeqState, load_seq2seq};
pub use held::CacheType;
pub use likeliest::{Chosen, Few};
pub use load::{LoadSpec, Quantise, load};
pub use model::{CausalLm, ChatModel, Inspection, Reading, State};
pub use mutual::{Mutual, Mutuals, dot, mutual};
pub use quantise::Quantiser;
pub use sentencepiece::{Cut, Cuts, Decoded, SentencePiece};
pub use seq2seq::{Best, EncoderDecoder, Leading, Limits, Special, Step};
pub use ssru::{Arithmetic, Student, StudentState};
pub use text_model::{is_encoder_decoder, load_student, load_text_to_text};
pub use text_to_text::{Input, Output, Room, TextToText};

use crate::error::Result;
use crate::progress::{Lines, Progress};
use crate::text::span::Span;

/// Who says a message of a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Instructions.
    System,
    /// The request.
    User,
    /// The model's answer.
    Assistant,
}

/// One message of a chat, in the shape that chat templates expect.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// What is said.
    pub content: String,
}

impl Message {
    /// A message of `role`.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Self {
            role,
            content: content.into(),
        }
    }
}

/// How the next token is chosen and when to stop.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoding {
    /// Tokens to write at the most.
    pub max_new_tokens: usize,
    /// 0: greedy. Above 0: sampling from the softmax of `logits / temperature`.
    pub temperature: f64,
    /// Nucleus sampling: the smallest set of tokens with at least this probability (Holtzman et al. 2020). 1: all.
    pub top_p: f64,
    /// Seed of the sampler.
    pub seed: u64,
    /// Divides the positive logits of tokens already written, multiplies the negative (Keskar et al. 2019). 1: off.
    pub repetition_penalty: f32,
    /// Writing stops when one of these has been written; it is cut from the text.
    pub stop: Vec<String>,
    /// Guesses what comes next from what stands in the prompt, and reads the guess with the next step. What is written
    /// stays the same; it is written faster where the prompt's words are taken over. Without effect on sampling.
    pub prompt_lookup: bool,
}

impl Default for Decoding {
    fn default() -> Self {
        Self {
            max_new_tokens: 256,
            temperature: 0.0,
            top_p: 1.0,
            seed: 0,
            repetition_penalty: 1.0,
            stop: Vec::new(),
            prompt_lookup: false,
        }
    }
}

/// One request of several.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The conversation that is to be answered.
    pub messages: Vec<Message>,
    /// How.
    pub decoding: Decoding,
}

/// What comes of an answer while it is written.
#[derive(Clone, Copy, Debug)]
pub enum Streamed<'a> {
    /// The next piece of its text.
    Text(&'a str),
    /// It is done.
    End(&'a Completion),
}

/// Why writing ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// The model ended its answer, or wrote a stop string.
    Stop,
    /// `max_new_tokens` or the context length was reached.
    Length,
    /// The same words came again and again, so writing was stopped.
    Repetition,
}

/// What a model wrote.
#[derive(Clone, Debug, PartialEq)]
pub struct Completion {
    /// The text, special tokens left out.
    pub text: String,
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// Of those, the ones that had been read before, or for another answer.
    pub kept_tokens: usize,
    /// Tokens written.
    pub new_tokens: usize,
    /// Steps of the model in which they were written: fewer than tokens where guesses were right.
    pub steps: usize,
    /// Why writing ended.
    pub finish: Finish,
}

/// A model that answers chats. The stages above see nothing else of a language model.
pub trait Chat {
    /// Answers each of `asks`, in order. What their prompts begin with in common is read once, and kept for the next call
    /// that begins so; they are written side by side, as many at a time as there is room for. An answer is the same
    /// whatever is asked with it. `on_text` gets each answer piece by piece, by its number.
    ///
    /// # Errors
    /// [`crate::error::Error::Failed`] if a prompt does not fit the context; `Interrupted` on Ctrl-C.
    fn complete_many(
        &mut self,
        asks: &[Ask],
        on_text: &mut dyn FnMut(usize, Streamed<'_>),
    ) -> Result<Vec<Completion>>;

    /// Answers `messages` alone. What all but the last message give is kept for the next call that starts with the same
    /// messages.
    ///
    /// # Errors
    /// As for [`Chat::complete_many`].
    fn complete(
        &mut self,
        messages: &[Message],
        decoding: &Decoding,
        on_text: &mut dyn FnMut(&str),
    ) -> Result<Completion> {
        let ask = Ask {
            messages: messages.to_vec(),
            decoding: decoding.clone(),
        };
        let done = self.complete_many(&[ask], &mut |_, streamed| {
            if let Streamed::Text(text) = streamed {
                on_text(text);
            }
        })?;
        let none = || crate::error::Error::failed("the model gave no answer");
        done.into_iter().next().ok_or_else(none)
    }

    /// The number of tokens of `text`, without special tokens.
    fn count_tokens(&self, text: &str) -> Result<usize>;

    /// The longest sequence, prompt and answer together, in tokens.
    fn context_length(&self) -> usize;

    /// Whether `messages` and an answer of `new_tokens` fit the context, the template's own marks included by estimate.
    ///
    /// # Errors
    /// Those of the tokenizer.
    fn fits(&self, messages: &[Message], new_tokens: usize) -> Result<bool> {
        const MARKS_A_MESSAGE: usize = 12;
        let mut tokens = new_tokens;
        for message in messages {
            tokens += self.count_tokens(&message.content)? + MARKS_A_MESSAGE;
        }
        Ok(tokens <= self.context_length())
    }
}

/// The answers of `chat`, told as they are written; `counted`: each that is done is a step of the stage.
///
/// # Errors
/// As for [`Chat::complete_many`].
pub fn answers(
    chat: &mut dyn Chat,
    asks: &[Ask],
    progress: &dyn Progress,
    counted: bool,
) -> Result<Vec<Completion>> {
    let mut lines = Lines::new(progress, asks.len());
    let mut done = 0;
    chat.complete_many(asks, &mut |index, streamed| match streamed {
        Streamed::Text(piece) => lines.text(index, piece),
        Streamed::End(completion) => {
            lines.end(index);
            let read = completion.prompt_tokens - completion.kept_tokens;
            progress.tokens(read, completion.new_tokens);
            done += 1;
            if counted {
                progress.step(done, asks.len());
            }
        }
    })
}

/// Where a part of a text comes from in the text that it was made from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    /// Bytes of the text that was read.
    pub source: Span,
    /// Bytes of the text that was written.
    pub target: Span,
    /// How much the model looked there while it wrote this: between 0 and 1.
    pub weight: f32,
}

/// What a text is to an encoder: some models are trained with other words before a question than before what answers it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// A sentence that is compared with others of its kind, or that something is looked for with.
    #[default]
    Query,
    /// A text that is looked through.
    Passage,
}

/// The vectors of a text's tokens.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TokenVectors {
    /// Where each token stands in the text, in the order of the text: byte ranges, without the space before a word. A
    /// character that takes several tokens is the span of each.
    pub spans: Vec<Span>,
    /// One vector of length 1 for each span, `(tokens, hidden)`.
    pub vectors: Vec<Vec<f32>>,
}

/// A model that turns texts into vectors whose cosine says how near their meanings are. The text is data: nothing that
/// it spells is a control token.
pub trait Encoder {
    /// One vector of length 1 for each text, in order: the mean of its token vectors.
    ///
    /// # Errors
    /// [`crate::error::Error::Failed`] if the device fails; `Interrupted` on Ctrl-C.
    fn embed(&self, purpose: Purpose, texts: &[&str]) -> Result<Vec<Vec<f32>>>;

    /// The vectors of the tokens of each text, in order, from the layer that [`LoadSpec::token_layer`] names. What is put
    /// before and around a text is read with it and left out here.
    ///
    /// # Errors
    /// As for [`Encoder::embed`].
    fn tokens(&self, purpose: Purpose, texts: &[&str]) -> Result<Vec<TokenVectors>>;

    /// The length of a vector in numbers.
    fn dimensions(&self) -> usize;
}
