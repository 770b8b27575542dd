//! One text into several languages by one model: what is asked for first in all of them is asked for at once.
//!
//! A model that writes side by side is the faster, the more it is asked for. But a translation is judged, and perhaps asked
//! for again, language by language. So the first hypotheses of all languages are made before, and each translation finds
//! its own. What is asked for otherwise than was expected is asked of the model: nothing changes but the time.

use std::collections::HashMap;

use super::glossary::Term;
use super::{Draft, Guide, Request, Translator, refuse, unless_known};
use crate::error::Result;
use crate::progress::checkpoint;
use crate::text::language::Language;

/// First hypotheses by what was asked.
#[derive(Default)]
pub struct Drafts(HashMap<String, Option<Draft>>);

/// All that a request says.
fn key(request: &Request<'_>) -> String {
    format!("{request:?}")
}

/// The first hypotheses that the translations of `segments` into each language will ask `translator` for; the guides say
/// what else is known in each.
///
/// # Errors
/// Those of the translator.
pub fn drafts(
    segments: &[String],
    from: Language,
    languages: &[(Language, &dyn Guide)],
    translator: &mut dyn Translator,
) -> Result<Drafts> {
    let mut known = Drafts::default();
    let mut before: Vec<Option<(&str, String)>> = vec![None; languages.len()];
    let mut rest = 0..segments.len();
    if let Some(first) = segments.first().filter(|_| translator.wants_context()) {
        // what the first segment will be becomes the context of the others, unless something is found wrong with it
        known.ask(segments, 0..1, from, languages, &before, translator)?;
        rest.start = 1;
        for ((to, guide), before) in languages.iter().zip(&mut before) {
            let terms = guide.terms(0, first);
            let request = request(first, None, (from, *to), &terms);
            let draft = known.0.get(&key(&request)).and_then(Option::as_ref);
            let good = draft.filter(|d| refuse::refuse(first, &d.text, from, *to).is_none());
            *before = good.map(|draft| (first.as_str(), draft.text.clone()));
        }
    }
    known.ask(segments, rest, from, languages, &before, translator)?;
    Ok(known)
}

fn request<'a>(
    text: &'a str,
    before: Option<(&'a str, &'a str)>,
    (from, to): (Language, Language),
    terms: &'a [Term],
) -> Request<'a> {
    Request {
        text,
        before,
        from,
        to,
        terms,
        opening: "",
    }
}

impl Drafts {
    /// Asks for the segments `some` in all languages at once.
    fn ask(
        &mut self,
        segments: &[String],
        some: std::ops::Range<usize>,
        from: Language,
        languages: &[(Language, &dyn Guide)],
        before: &[Option<(&str, String)>],
        translator: &mut dyn Translator,
    ) -> Result<()> {
        let places = (0..languages.len()).flat_map(|language| some.clone().map(move |at| (language, at)));
        let asked: Vec<(usize, usize, Vec<Term>)> = places
            .map(|(language, at)| (language, at, languages[language].1.terms(at, &segments[at])))
            .collect();
        let requests: Vec<Request<'_>> = asked
            .iter()
            .map(|(language, at, terms)| {
                let before = before[*language]
                    .as_ref()
                    .map(|(source, text)| (*source, text.as_str()));
                request(&segments[*at], before, (from, languages[*language].0), terms)
            })
            .collect();
        for requests in requests.chunks(translator.window().max(1)) {
            checkpoint()?;
            let drafts = translator.drafts(requests, 0)?;
            self.0.extend(requests.iter().map(key).zip(drafts));
        }
        Ok(())
    }
}

/// Takes first hypotheses from what was made before.
pub struct Drafted<'a> {
    drafts: &'a Drafts,
    translator: Box<dyn Translator + 'a>,
}

impl<'a> Drafted<'a> {
    /// Asks `translator` for what is not among `drafts`.
    pub fn new(drafts: &'a Drafts, translator: Box<dyn Translator + 'a>) -> Self {
        Self { drafts, translator }
    }
}

impl Translator for Drafted<'_> {
    fn window(&self) -> usize {
        self.translator.window()
    }

    fn forces(&self) -> bool {
        self.translator.forces()
    }

    fn wants_context(&self) -> bool {
        self.translator.wants_context()
    }

    fn begin(&mut self, segments: usize) {
        self.translator.begin(segments);
    }

    fn drafts(&mut self, requests: &[Request<'_>], attempt: usize) -> Result<Vec<Option<Draft>>> {
        let known = |request| self.drafts.0.get(&key(request)).filter(|_| attempt == 0).cloned();
        let known = requests.iter().map(known).collect();
        unless_known(known, requests, attempt, &mut *self.translator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Silent;
    use crate::translate::{Translated, translate};

    /// Tells what it was asked, and fails at one word the first time.
    #[derive(Default)]
    struct Teller {
        calls: Vec<usize>,
    }

    impl Translator for Teller {
        fn window(&self) -> usize {
            64
        }

        fn wants_context(&self) -> bool {
            true
        }

        fn drafts(&mut self, requests: &[Request<'_>], attempt: usize) -> Result<Vec<Option<Draft>>> {
            self.calls.push(requests.len());
            let draft = |request: &Request<'_>| {
                let before = request.before.map_or("", |(_, text)| text);
                let fails = request.text.contains("hard") && attempt == 0;
                let word = if request.to == Language::KO {
                    "항구는 월요일에 문을 닫는다"
                } else {
                    "Порт закриють у понеділок"
                };
                Some(if fails {
                    Draft::default()
                } else {
                    format!("{word} {}", before.chars().count() + attempt).into()
                })
            };
            Ok(requests.iter().map(draft).collect())
        }
    }

    impl Translator for &mut Teller {
        fn window(&self) -> usize {
            (**self).window()
        }

        fn wants_context(&self) -> bool {
            true
        }

        fn drafts(&mut self, requests: &[Request<'_>], attempt: usize) -> Result<Vec<Option<Draft>>> {
            (**self).drafts(requests, attempt)
        }
    }

    struct NoGuide;

    impl Guide for NoGuide {
        fn terms(&self, index: usize, _text: &str) -> Vec<Term> {
            let term = |n: usize| Term {
                source: format!("term {n}"),
                target: "слово".to_owned(),
            };
            (0..index).map(term).collect()
        }

        fn cost(&self, _index: usize, _hypothesis: &Draft) -> Result<usize> {
            Ok(0)
        }
    }

    fn texts(translated: Vec<Translated>) -> Vec<String> {
        translated.into_iter().map(|t| t.text).collect()
    }

    #[test]
    fn languages_are_asked_for_at_once_and_come_out_as_alone() {
        let (uk, ko) = ("uk".parse().expect("a language"), Language::KO);
        for first in ["The port closes.", "The hard port closes."] {
            let segments = [first, "It is a hard case.", "It opens in May."].map(str::to_owned);
            let alone = |to, translator: &mut dyn Translator| {
                let done = translate(&segments, Language::EN, to, translator, &NoGuide, &Silent);
                texts(done.expect("translations").0)
            };
            let expected = [uk, ko].map(|to| alone(to, &mut Teller::default()));
            let mut teller = Teller::default();
            let guides: [(Language, &dyn Guide); 2] = [(uk, &NoGuide), (ko, &NoGuide)];
            let drafts = drafts(&segments, Language::EN, &guides, &mut teller).expect("drafts");
            assert_eq!(teller.calls, [2, 4]);
            let found = [uk, ko].map(|to| alone(to, &mut Drafted::new(&drafts, Box::new(&mut teller))));
            assert_eq!(found, expected);
            let later: usize = teller.calls[2..].iter().sum();
            // what failed is asked for again; where that is the first segment the others have another context
            assert_eq!(
                later,
                if first.contains("hard") { 8 } else { 2 },
                "{:?}",
                teller.calls
            );
        }
    }
}
