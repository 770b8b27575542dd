//! Summaries written by an encoder-decoder that was trained to shorten news, one sentence a group.
//!
//! Such a model is asked for nothing: it gets the sentences of a group and writes what they come to. It was trained on
//! whole articles and the few sentences that an editor wrote about them, so of what it writes the first sentence is
//! taken, and the length that it was trained to reach is not asked for.

use crate::article::Document;
use crate::error::Result;
use crate::neural::{Generation, Input, Sampling, TextToText};
use crate::progress::{Progress, checkpoint};
use crate::text::segment;

use super::plan::Group;
use super::{SentenceMethod, Summariser};

/// Tokens that a sentence may take; more than any good one needs, in any script.
const MAX_NEW_TOKENS: usize = 160;

/// Writes with an encoder-decoder.
pub struct Seq2Seq<'a> {
    model: &'a dyn TextToText,
    generation: Generation,
    progress: &'a dyn Progress,
}

impl<'a> Seq2Seq<'a> {
    /// A summariser that asks `model`, with its authors' search or, above a temperature of 0, with draws.
    pub fn new(model: &'a dyn TextToText, temperature: f64, seed: u64, progress: &'a dyn Progress) -> Self {
        let mut generation = Generation {
            min_length: 0,
            hypotheses: 1,
            exact_scores: false,
            attention: false,
            ..model.defaults()
        };
        if temperature > 0.0 {
            generation.beams = 1;
            generation.sampling = Some(Sampling {
                temperature,
                top_k: None,
                top_p: 1.0,
                seed,
            });
        }
        Self {
            model,
            generation,
            progress,
        }
    }
}

impl Seq2Seq<'_> {
    fn sentence(&self, document: &Document, group: &Group) -> Result<Option<String>> {
        let sentences: Vec<&str> = group
            .sentences
            .iter()
            .map(|&i| document.sentence(i).trim())
            .collect();
        let text = sentences.join(" ");
        if self.model.count_tokens(&text)? > self.model.room().source {
            self.progress.note(&format!(
                "sentence {} is too long for this model; its own words are used",
                group.seed
            ));
            return Ok(None);
        }
        let language = document.article.language;
        let input = Input {
            text: &text,
            from: Some(language),
            to: Some(language),
            max_tokens: Some(MAX_NEW_TOKENS),
            ..Input::default()
        };
        let found = self.model.generate(&[input], &self.generation)?;
        let best = found.first().and_then(|found| found.first());
        let first = best.and_then(|output| {
            let sentences = segment::sentences(&output.text, language);
            // a sentence that was cut off is none
            let whole = output.ended || sentences.len() > 1;
            let first = sentences.first().filter(|_| whole)?;
            Some(first.of(&output.text).trim().to_owned())
        });
        Ok(first.filter(|text| text.chars().any(char::is_alphabetic)))
    }
}

impl Summariser for Seq2Seq<'_> {
    fn write(&mut self, document: &Document, groups: &[Group]) -> Result<Vec<Option<String>>> {
        let mut written = Vec::with_capacity(groups.len());
        for (group, number) in groups.iter().zip(1..) {
            self.progress.step(number, groups.len());
            checkpoint()?;
            written.push(self.sentence(document, group)?);
        }
        Ok(written)
    }

    fn method(&self) -> SentenceMethod {
        SentenceMethod::Abstractive
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::{self, Format};
    use crate::neural::{Output, Room};
    use crate::progress::Silent;
    use crate::text::language::Language;

    /// Writes the same, whatever it gets.
    struct Fixed(&'static str, bool);

    impl TextToText for Fixed {
        fn generate(&self, inputs: &[Input<'_>], generation: &Generation) -> Result<Vec<Vec<Output>>> {
            assert_eq!(generation.min_length, 0);
            let output = Output {
                text: self.0.to_owned(),
                ended: self.1,
                ..Output::default()
            };
            Ok(vec![vec![output]; inputs.len()])
        }

        fn count_tokens(&self, text: &str) -> Result<usize> {
            Ok(text.split_whitespace().count())
        }

        fn room(&self) -> Room {
            Room {
                source: 10,
                target: 10,
            }
        }

        fn defaults(&self) -> Generation {
            Generation {
                min_length: 56,
                ..Generation::default()
            }
        }

        fn check_languages(&self, _: Option<Language>, _: Option<Language>) -> Result<()> {
            Ok(())
        }
    }

    fn written(model: &Fixed, text: &str) -> Option<String> {
        let mut articles = article::read("a", text.as_bytes(), Some(Format::Text), Some(Language::EN))
            .expect("a text is an article");
        let document = Document::new(articles.remove(0).expect("a text is an article"));
        let group = Group {
            seed: 0,
            sentences: (0..document.sentences.len()).collect(),
            spare: Vec::new(),
        };
        Seq2Seq::new(model, 0.0, 0, &Silent)
            .write(&document, &[group])
            .expect("nothing that could fail")
            .remove(0)
    }

    #[test]
    fn the_first_sentence_is_taken_and_what_was_cut_off_is_not() {
        let text = "The port shut on Monday, it said.";
        let two = "The port shut, it said. It rained";
        assert_eq!(
            written(&Fixed(two, false), text).as_deref(),
            Some("The port shut, it said.")
        );
        assert_eq!(written(&Fixed("The port shut", false), text), None);
        assert_eq!(written(&Fixed("…", true), text), None);
        assert_eq!(written(&Fixed(two, true), &"word ".repeat(11)), None);
    }
}
