//! Translation by way of a third language: what was translated into it goes on from there.

use std::collections::BTreeMap;

use super::{Draft, Request, Status, Translated, Translator};
use crate::error::Result;
use crate::text::language::Language;

/// The second leg: looks up what a segment is in the middle language, and asks for the translation of that. Who asks
/// sees the segment and its translation alone.
pub struct Relay<'a> {
    translator: Box<dyn Translator + 'a>,
    middle: Language,
    /// What the first leg made of the segments that it could translate.
    known: BTreeMap<String, String>,
}

impl<'a> Relay<'a> {
    /// A translator that goes on from what the first leg made of `segments`, in the language `middle`.
    pub fn new(
        translator: Box<dyn Translator + 'a>,
        middle: Language,
        segments: &[String],
        first_leg: Vec<Translated>,
    ) -> Self {
        let done = segments.iter().zip(first_leg);
        Self {
            translator,
            middle,
            known: done
                .filter(|(_, translated)| translated.status != Status::Untranslated)
                .map(|(segment, translated)| (segment.clone(), translated.text))
                .collect(),
        }
    }
}

impl Translator for Relay<'_> {
    fn window(&self) -> usize {
        self.translator.window()
    }

    /// None for what the first leg has not translated. Terms are words of the source, and are not passed on.
    fn drafts(&mut self, requests: &[Request<'_>], attempt: usize) -> Result<Vec<Option<Draft>>> {
        let places: Vec<Option<&String>> = requests.iter().map(|r| self.known.get(r.text)).collect();
        let relayed: Vec<Request<'_>> = requests
            .iter()
            .zip(&places)
            .filter_map(|(request, text)| {
                let before = request
                    .before
                    .and_then(|(source, translated)| Some((self.known.get(source)?.as_str(), translated)));
                Some(Request {
                    text: text.as_ref()?,
                    before,
                    from: self.middle,
                    to: request.to,
                    terms: &[],
                })
            })
            .collect();
        let mut drafts = self.translator.drafts(&relayed, attempt)?.into_iter();
        let each = places.iter().map(|text| {
            let draft = text.and_then(|_| drafts.next().flatten())?;
            // alignment and certainty are about the text in between
            Some(Draft {
                alignment: Vec::new(),
                confidence: None,
                ..draft
            })
        });
        Ok(each.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says what it was asked.
    struct Echo;

    impl Translator for Echo {
        fn drafts(&mut self, requests: &[Request<'_>], _: usize) -> Result<Vec<Option<Draft>>> {
            let say =
                |r: &Request<'_>| Some(format!("{}→{}: {} {:?}", r.from, r.to, r.text, r.before).into());
            Ok(requests.iter().map(say).collect())
        }
    }

    #[test]
    fn the_second_leg_gets_what_the_first_made_and_nothing_of_what_it_did_not() {
        let segments = ["міст", "?", "порт"].map(str::to_owned);
        let leg = |text: &str, status| Translated {
            text: text.to_owned(),
            status,
            alignment: Vec::new(),
            confidence: None,
            alternatives: Vec::new(),
        };
        let first = vec![
            leg("bridge", Status::Translated),
            leg("?", Status::Untranslated),
            leg("port", Status::Translated),
        ];
        let mut relay = Relay::new(Box::new(Echo), Language::EN, &segments, first);
        let requests: Vec<Request<'_>> = segments
            .iter()
            .map(|text| Request {
                text,
                before: Some(("міст", "다리")),
                from: Language::UK,
                to: Language::KO,
                terms: &[],
            })
            .collect();
        let drafts = relay.drafts(&requests, 0).expect("nothing that could fail");
        let texts: Vec<Option<String>> = drafts.into_iter().map(|d| d.map(|d| d.text)).collect();
        let said = |text: &str| Some(format!("en→ko: {text} {:?}", Some(("bridge", "다리"))));
        assert_eq!(texts, [said("bridge"), None, said("port")]);
    }
}
