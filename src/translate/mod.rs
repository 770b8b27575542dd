//! Texts in one language → the same texts in another, one segment in, one segment out.
//!
//! What always holds: there is exactly one [`Translated`] for each segment, in order; one that could not be
//! translated carries the source text and says so. Nothing is dropped.

pub mod figures;
pub mod glossary;
pub mod labels;
pub mod llm;
pub mod refuse;

use crate::error::Result;
use crate::finding::{Check, Finding, Severity};
use crate::progress::{self, Progress};
use crate::text::language::Language;
use glossary::Term;

/// Whether a segment was translated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// By the translator.
    Translated,
    /// An attribution was written by the tool because none could be found.
    Repaired,
    /// It could not be; the text is the source's.
    Untranslated,
}

/// One translated segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Translated {
    /// What it says.
    pub text: String,
    /// Whether it was translated.
    pub status: Status,
}

/// One segment to translate, and what helps.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The segment.
    pub text: &'a str,
    /// The segment before it and how that was translated, if it was: the context.
    pub before: Option<(&'a str, &'a str)>,
    /// Its language.
    pub from: Language,
    /// The language wanted.
    pub to: Language,
    /// Terms that occur in it, with their translations.
    pub terms: &'a [Term],
}

/// Translates segments.
pub trait Translator {
    /// Hypothesis number `attempt` for the segment; 0 is the best guess, each further one differs in how it was
    /// made. The same request and attempt give the same text.
    ///
    /// # Errors
    /// Only what makes going on pointless; a bad translation is no error.
    fn translate(&mut self, request: &Request<'_>, attempt: usize) -> Result<String>;
}

/// What else is known of a job: its terms, and how a hypothesis is judged.
pub trait Guide {
    /// Terms for segment `index`, with their translations.
    fn terms(&self, index: usize, text: &str) -> Vec<Term>;

    /// How much is wrong with `hypothesis` as a translation of segment `index`; 0: nothing was found.
    fn cost(&self, index: usize, hypothesis: &str) -> usize;
}

/// Hypotheses that are asked for before a segment is given up.
pub const ATTEMPTS: usize = 3;

/// Translates `segments`: for each the first hypothesis that nothing is wrong with, else the one with the least
/// wrong; one whose hypotheses are all refused stays untranslated, with a finding.
///
/// # Errors
/// Those of the translator.
pub fn translate(
    segments: &[String],
    from: Language,
    to: Language,
    translator: &mut dyn Translator,
    guide: &dyn Guide,
    progress: &dyn Progress,
) -> Result<(Vec<Translated>, Vec<Finding>)> {
    progress.stage(&format!("translating {to}"));
    let mut done: Vec<Translated> = Vec::with_capacity(segments.len());
    let mut findings = Vec::new();
    for (index, text) in segments.iter().enumerate() {
        progress.step(index + 1, segments.len());
        progress::checkpoint()?;
        let terms = guide.terms(index, text);
        let before = segments[..index]
            .last()
            .zip(done.last())
            .filter(|(_, translated)| translated.status == Status::Translated)
            .map(|(source, translated)| (source.as_str(), translated.text.clone()));
        let before = before
            .as_ref()
            .map(|(source, translated)| (*source, translated.as_str()));
        let request = Request {
            text,
            before,
            from,
            to,
            terms: &terms,
        };
        let (translated, finding) = one(&request, index, translator, guide)?;
        done.push(translated);
        findings.extend(finding);
    }
    Ok((done, findings))
}

fn one(
    request: &Request<'_>,
    index: usize,
    translator: &mut dyn Translator,
    guide: &dyn Guide,
) -> Result<(Translated, Option<Finding>)> {
    let mut best: Option<(usize, String)> = None;
    let mut refusal = None;
    for attempt in 0..ATTEMPTS {
        let hypothesis = translator.translate(request, attempt)?;
        if let Some(reason) = refuse::refuse(request.text, &hypothesis, request.from, request.to) {
            tracing::debug!(index, attempt, ?reason, hypothesis, "refused");
            refusal = Some(reason);
            continue;
        }
        let cost =
            guide.cost(index, &hypothesis) + refuse::leftovers(request.text, &hypothesis, request.to).len();
        tracing::debug!(index, attempt, cost, hypothesis, "hypothesis");
        if best.as_ref().is_none_or(|(least, _)| cost < *least) {
            best = Some((cost, hypothesis));
        }
        if cost == 0 {
            break;
        }
    }
    Ok(match (best, refusal) {
        (Some((_, text)), _) => {
            let left = refuse::leftovers(request.text, &text, request.to);
            let finding = (!left.is_empty()).then(|| left_standing(index, request.from, &left));
            (
                Translated {
                    text,
                    status: Status::Translated,
                },
                finding,
            )
        }
        (None, reason) => (
            Translated {
                text: request.text.to_owned(),
                status: Status::Untranslated,
            },
            reason.map(|reason| untranslated(index, reason)),
        ),
    })
}

fn left_standing(index: usize, from: Language, words: &[&str]) -> Finding {
    Finding {
        check: Check::Language,
        severity: Severity::Warning,
        segment: index,
        source: None,
        target: None,
        message: format!("left in {}: {}", from.name(), words.join(", ")),
    }
}

fn untranslated(index: usize, reason: refuse::Refusal) -> Finding {
    Finding {
        check: reason.check(),
        severity: Severity::Error,
        segment: index,
        source: None,
        target: None,
        message: format!("left untranslated: each attempt {}", reason.words()),
    }
}

impl refuse::Refusal {
    /// The check that it counts as.
    fn check(self) -> Check {
        match self {
            Self::Echo => Check::Echo,
            Self::WrongLanguage => Check::Language,
            Self::Loop => Check::Repetition,
            Self::Empty | Self::TooShort | Self::TooLong => Check::Coverage,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Silent;

    /// Answers with its lines, one an attempt.
    struct Scripted(Vec<&'static str>);

    impl Translator for Scripted {
        fn translate(&mut self, _: &Request<'_>, attempt: usize) -> Result<String> {
            Ok(self.0.get(attempt).copied().unwrap_or("").to_owned())
        }
    }

    struct Lenient;

    impl Guide for Lenient {
        fn terms(&self, _: usize, _: &str) -> Vec<Term> {
            Vec::new()
        }

        fn cost(&self, _: usize, hypothesis: &str) -> usize {
            usize::from(hypothesis.contains("错"))
        }
    }

    fn run(script: Vec<&'static str>) -> (Vec<Translated>, Vec<Finding>) {
        let segments = ["The harbour was closed on Monday.".to_owned()];
        translate(
            &segments,
            Language::EN,
            Language::ZH,
            &mut Scripted(script),
            &Lenient,
            &Silent,
        )
        .expect("no engine that could fail")
    }

    #[test]
    fn the_first_good_hypothesis_is_taken() {
        let (done, findings) = run(vec!["", "港口周一关闭。", "港口星期一错了。"]);
        assert_eq!(done[0].text, "港口周一关闭。");
        assert_eq!(done[0].status, Status::Translated);
        assert!(findings.is_empty());
    }

    #[test]
    fn of_bad_hypotheses_the_least_bad_is_taken() {
        let (done, _) = run(vec!["港口周一错了。", "", ""]);
        assert_eq!(done[0].text, "港口周一错了。");
    }

    #[test]
    fn what_is_always_refused_stays_untranslated_and_is_reported() {
        let (done, findings) = run(vec!["The harbour was closed on Monday.", "", ""]);
        assert_eq!(done[0].status, Status::Untranslated);
        assert_eq!(done[0].text, "The harbour was closed on Monday.");
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].severity, Severity::Error);
    }
}
