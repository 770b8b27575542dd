//! Texts in one language → the same texts in another, one segment in, one segment out.
//!
//! What always holds: there is exactly one [`Translated`] for each segment, in order; one that could not be
//! translated carries the source text and says so. Nothing is dropped.

pub mod figures;
mod forced;
pub mod glossary;
pub mod labels;
pub mod llm;
mod pieces;
pub mod refuse;
pub mod relay;
pub mod seq2seq;
pub mod together;

use crate::error::Result;
use crate::finding::{Check, Finding, Severity};
use crate::neural::Link;
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
#[derive(Clone, Debug, PartialEq)]
pub struct Translated {
    /// What it says.
    pub text: String,
    /// Whether it was translated.
    pub status: Status,
    /// Which part of the text comes from which part of the segment, where the translator knows.
    pub alignment: Vec<Link>,
    /// How likely the model finds it, token for token, from 0 to 1; none where the translator does not say, and where the
    /// text is not wholly its own.
    pub confidence: Option<f32>,
    /// What else the translator would have written, where it was asked for that.
    pub alternatives: Vec<Alternative>,
}

/// A translation that a translator considered.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Alternative {
    /// What it says.
    pub text: String,
    /// How likely the model finds it: the higher the better, comparable within a segment alone.
    pub score: f32,
}

/// A translator's hypothesis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    /// What it says.
    pub text: String,
    /// Which part of the text comes from which part of the segment, where the translator knows.
    pub alignment: Vec<Link>,
    /// How likely the model finds it, token for token, from 0 to 1, where the translator says so.
    pub confidence: Option<f32>,
    /// With the first hypothesis: all that were found, itself among them, where that was asked for.
    pub alternatives: Vec<Alternative>,
}

impl From<String> for Draft {
    fn from(text: String) -> Self {
        Self {
            text,
            ..Self::default()
        }
    }
}

/// One segment to translate, and what helps.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The segment.
    pub text: &'a str,
    /// An earlier segment and how that was translated: the context. None for translators that want none.
    pub before: Option<(&'a str, &'a str)>,
    /// Its language.
    pub from: Language,
    /// The language wanted.
    pub to: Language,
    /// Terms that occur in it, with their translations.
    pub terms: &'a [Term],
    /// What the translation is to begin with; empty: nothing. Only for those that [`Translator::forces`].
    pub opening: &'a str,
}

/// Translates segments.
pub trait Translator {
    /// How many segments it wants at once.
    fn window(&self) -> usize {
        1
    }

    /// Whether it begins a translation as [`Request::opening`] says.
    fn forces(&self) -> bool {
        false
    }

    /// Whether it wants an earlier segment and its translation with each. Then the first segment goes ahead alone, and all
    /// others get that one: requests that begin alike are cheap, and the first is a text's headline or its lead.
    fn wants_context(&self) -> bool {
        false
    }

    /// A job of `segments` segments begins.
    fn begin(&mut self, _segments: usize) {}

    /// Hypothesis number `attempt` for each segment, in order; 0 is the best guess, each further one differs in how
    /// it was made. None: there is no further one. The same requests and attempt give the same drafts, and a
    /// request's draft does not depend on what it is asked with.
    ///
    /// # Errors
    /// Only what makes going on pointless; a bad translation is no error.
    fn drafts(&mut self, requests: &[Request<'_>], attempt: usize) -> Result<Vec<Option<Draft>>>;
}

/// What `known` says of each request, and of those that it says nothing of what `translator` answers.
///
/// # Errors
/// Those of the translator.
pub(crate) fn unless_known(
    known: Vec<Option<Option<Draft>>>,
    requests: &[Request<'_>],
    attempt: usize,
    translator: &mut dyn Translator,
) -> Result<Vec<Option<Draft>>> {
    let each = requests.iter().zip(&known);
    let new: Vec<Request<'_>> = each
        .filter(|(_, known)| known.is_none())
        .map(|(request, _)| *request)
        .collect();
    let mut asked = if new.is_empty() {
        Vec::new()
    } else {
        translator.drafts(&new, attempt)?
    }
    .into_iter();
    let each = known.into_iter();
    Ok(each
        .map(|known| known.unwrap_or_else(|| asked.next().flatten()))
        .collect())
}

/// What else is known of a job: its terms, and how a hypothesis is judged.
pub trait Guide {
    /// Terms for segment `index`, with their translations.
    fn terms(&self, index: usize, text: &str) -> Vec<Term>;

    /// How much is wrong with `hypothesis` as a translation of segment `index`; 0: nothing was found.
    ///
    /// # Errors
    /// Those of the models that it is judged with.
    fn cost(&self, index: usize, hypothesis: &Draft) -> Result<usize>;
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
    let window = translator.window().max(1);
    translator.begin(segments.len());
    let mut done: Vec<Translated> = Vec::with_capacity(segments.len());
    let mut findings = Vec::new();
    while done.len() < segments.len() {
        let first = done.len();
        progress.step(first + 1, segments.len());
        progress::checkpoint()?;
        let ahead = translator.wants_context() && first == 0;
        let chunk = &segments[first..segments.len().min(first + if ahead { 1 } else { window })];
        let terms: Vec<Vec<Term>> = (first..)
            .zip(chunk)
            .map(|(index, text)| guide.terms(index, text))
            .collect();
        let before = segments
            .iter()
            .zip(&done)
            .find(|(_, translated)| translated.status == Status::Translated)
            .filter(|_| translator.wants_context())
            .map(|(source, translated)| (source.as_str(), translated.text.as_str()));
        let requests: Vec<Request<'_>> = chunk
            .iter()
            .zip(&terms)
            .map(|(text, terms)| Request {
                text,
                before,
                from,
                to,
                terms,
                opening: "",
            })
            .collect();
        let settled = climb(&requests, first, translator, guide)?;
        for (translated, finding) in settled {
            done.push(translated);
            findings.extend(finding);
        }
    }
    Ok((done, findings))
}

/// What is known of a segment while its hypotheses are judged.
#[derive(Default)]
struct Rung {
    best: Option<(usize, Draft)>,
    refusal: Option<refuse::Refusal>,
    alternatives: Vec<Alternative>,
    /// Nothing is wrong with the best, or there are no further hypotheses.
    settled: bool,
}

/// Asks for hypotheses until each request has a good one, at most [`ATTEMPTS`] times.
fn climb(
    requests: &[Request<'_>],
    first: usize,
    translator: &mut dyn Translator,
    guide: &dyn Guide,
) -> Result<Vec<(Translated, Option<Finding>)>> {
    let mut rungs: Vec<Rung> = requests.iter().map(|_| Rung::default()).collect();
    for attempt in 0..ATTEMPTS {
        let open: Vec<usize> = (0..rungs.len()).filter(|&i| !rungs[i].settled).collect();
        if open.is_empty() {
            break;
        }
        let asked: Vec<Request<'_>> = open.iter().map(|&i| requests[i]).collect();
        let drafts = translator.drafts(&asked, attempt)?;
        for ((&i, request), draft) in open.iter().zip(&asked).zip(drafts) {
            match draft {
                Some(draft) => rungs[i].judge(request, draft, (first + i, attempt), guide)?,
                None => rungs[i].settled = true,
            }
        }
    }
    let settled = rungs.into_iter().zip(requests).enumerate();
    Ok(settled
        .map(|(i, (rung, request))| rung.settle(request, first + i))
        .collect())
}

impl Rung {
    fn judge(
        &mut self,
        request: &Request<'_>,
        mut draft: Draft,
        (index, attempt): (usize, usize),
        guide: &dyn Guide,
    ) -> Result<()> {
        if attempt == 0 {
            self.alternatives = std::mem::take(&mut draft.alternatives);
        }
        let hypothesis = draft.text.as_str();
        if let Some(reason) = refuse::refuse(request.text, hypothesis, request.from, request.to) {
            tracing::debug!(index, attempt, ?reason, hypothesis, "refused");
            self.refusal = Some(reason);
            return Ok(());
        }
        let cost = guide.cost(index, &draft)? + refuse::leftovers(request.text, hypothesis, request.to).len();
        tracing::debug!(index, attempt, cost, hypothesis, "hypothesis");
        if self.best.as_ref().is_none_or(|(least, _)| cost < *least) {
            self.best = Some((cost, draft));
        }
        self.settled = cost == 0;
        Ok(())
    }

    fn settle(self, request: &Request<'_>, index: usize) -> (Translated, Option<Finding>) {
        let Some((_, draft)) = self.best else {
            let translated = Translated {
                text: request.text.to_owned(),
                status: Status::Untranslated,
                alignment: Vec::new(),
                confidence: None,
                alternatives: self.alternatives,
            };
            let reason = self.refusal.unwrap_or(refuse::Refusal::Empty);
            return (translated, Some(untranslated(index, reason)));
        };
        let finding = left_standing(index, request.text, &draft.text, request.from, request.to);
        let translated = Translated {
            text: draft.text,
            status: Status::Translated,
            alignment: draft.alignment,
            confidence: draft.confidence,
            alternatives: self.alternatives,
        };
        (translated, finding)
    }
}

/// The finding about words of the source that stand in `translation`, if there are any.
pub fn left_standing(
    index: usize,
    source: &str,
    translation: &str,
    from: Language,
    to: Language,
) -> Option<Finding> {
    let words = refuse::leftovers(source, translation, to);
    (!words.is_empty()).then(|| Finding {
        check: Check::Language,
        severity: Severity::Warning,
        segment: index,
        source: None,
        target: None,
        message: format!("left in {}: {}", from.name(), words.join(", ")),
    })
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
        fn drafts(&mut self, requests: &[Request<'_>], attempt: usize) -> Result<Vec<Option<Draft>>> {
            let line = self.0.get(attempt).copied().unwrap_or("");
            Ok(requests.iter().map(|_| Some(line.to_owned().into())).collect())
        }
    }

    struct Lenient;

    impl Guide for Lenient {
        fn terms(&self, _: usize, _: &str) -> Vec<Term> {
            Vec::new()
        }

        fn cost(&self, _: usize, hypothesis: &Draft) -> Result<usize> {
            Ok(usize::from(hypothesis.text.contains("错")))
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

    /// Takes segments three at a time; what it was asked for is kept.
    struct Batched(Vec<(usize, Vec<String>)>);

    impl Translator for Batched {
        fn window(&self) -> usize {
            3
        }

        fn drafts(&mut self, requests: &[Request<'_>], attempt: usize) -> Result<Vec<Option<Draft>>> {
            assert!(requests.iter().all(|r| r.before.is_none()));
            let texts: Vec<String> = requests.iter().map(|r| r.text.to_owned()).collect();
            let answer = |text: &String| match (text.as_str(), attempt) {
                ("bad", 0) => Some("错".to_owned().into()),
                ("bad", _) => None,
                (text, _) => Some(format!("好{}", &text[text.len() - 1..]).into()),
            };
            let drafts = texts.iter().map(answer).collect();
            self.0.push((attempt, texts));
            Ok(drafts)
        }
    }

    #[test]
    fn a_batch_is_asked_again_for_what_is_open_alone() {
        let segments: Vec<String> = ["s 1", "bad", "s 3", "s 4"].map(str::to_owned).to_vec();
        let mut translator = Batched(Vec::new());
        let (done, _) = translate(
            &segments,
            Language::EN,
            Language::ZH,
            &mut translator,
            &Lenient,
            &Silent,
        )
        .expect("no engine that could fail");
        let texts: Vec<&str> = done.iter().map(|d| d.text.as_str()).collect();
        assert_eq!(texts, ["好1", "错", "好3", "好4"]);
        let asked: Vec<(usize, usize)> = translator.0.iter().map(|(a, t)| (*a, t.len())).collect();
        assert_eq!(asked, [(0, 3), (1, 1), (0, 1)]);
    }

    /// Takes segments by the dozen, with an example; keeps how many it got at once, and with which.
    #[derive(Default)]
    struct ByExample(Vec<(usize, Option<String>)>);

    impl Translator for ByExample {
        fn window(&self) -> usize {
            12
        }

        fn wants_context(&self) -> bool {
            true
        }

        fn drafts(&mut self, requests: &[Request<'_>], _: usize) -> Result<Vec<Option<Draft>>> {
            let examples: Vec<Option<String>> = requests
                .iter()
                .map(|r| r.before.map(|(source, target)| format!("{source}: {target}")))
                .collect();
            assert!(examples.iter().all(|example| *example == examples[0]));
            self.0.push((requests.len(), examples[0].clone()));
            let answer = |r: &Request<'_>| Some(format!("好{}", &r.text[r.text.len() - 1..]).into());
            Ok(requests.iter().map(answer).collect())
        }
    }

    #[test]
    fn the_first_segment_goes_ahead_as_an_example_for_all_others() {
        let segments: Vec<String> = (1..=15).map(|n| format!("s {n}")).collect();
        let mut translator = ByExample::default();
        let (done, _) = translate(
            &segments,
            Language::EN,
            Language::ZH,
            &mut translator,
            &Lenient,
            &Silent,
        )
        .expect("no engine that could fail");
        assert_eq!((done.len(), done[14].text.as_str()), (15, "好5"));
        let example = Some("s 1: 好1".to_owned());
        assert_eq!(translator.0, [(1, None), (12, example.clone()), (2, example)]);
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
