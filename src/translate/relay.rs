//! Translation by way of a third language: what was translated into it goes on from there.

use std::collections::BTreeMap;

use super::glossary::Term;
use super::{Draft, Request, Status, Translated, Translator, forced};
use crate::error::Result;
use crate::neural::Link;
use crate::text::language::Language;

/// The second leg: looks up what a segment is in the middle language, and asks for the translation of that. Who asks
/// sees the segment and its translation alone.
pub struct Relay<'a> {
    translator: Box<dyn Translator + 'a>,
    middle: Language,
    /// What the first leg made of the segments that it could translate, and of which part of them.
    known: BTreeMap<String, (String, Vec<Link>)>,
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
                .map(|(segment, translated)| (segment.clone(), (translated.text, translated.alignment)))
                .collect(),
        }
    }
}

impl Translator for Relay<'_> {
    fn window(&self) -> usize {
        self.translator.window()
    }

    fn begin(&mut self, segments: usize) {
        self.translator.begin(segments);
    }

    fn forces(&self) -> bool {
        self.translator.forces()
    }

    fn wants_context(&self) -> bool {
        self.translator.wants_context()
    }

    /// None for what the first leg has not translated. A term is passed on as what the first leg made of its source; one
    /// whose place in the middle is not known is not, and the check of the glossary reports it.
    fn drafts(&mut self, requests: &[Request<'_>], attempt: usize) -> Result<Vec<Option<Draft>>> {
        let places: Vec<Option<&(String, Vec<Link>)>> =
            requests.iter().map(|r| self.known.get(r.text)).collect();
        let each = requests.iter().zip(&places);
        let terms: Vec<Vec<Term>> = each.map(|(r, place)| in_the_middle(r, *place)).collect();
        let relayed: Vec<Request<'_>> = requests
            .iter()
            .zip(&places)
            .zip(&terms)
            .filter_map(|((request, place), terms)| {
                let before = request
                    .before
                    .and_then(|(source, translated)| Some((self.known.get(source)?.0.as_str(), translated)));
                Some(Request {
                    text: &place.as_ref()?.0,
                    before,
                    from: self.middle,
                    to: request.to,
                    terms,
                    opening: request.opening,
                })
            })
            .collect();
        let mut drafts = self.translator.drafts(&relayed, attempt)?.into_iter();
        let each = places.iter().map(|place| {
            let (_, first) = place.as_ref()?;
            let draft = drafts.next().flatten()?;
            Some(Draft {
                alignment: joined(first, &draft.alignment),
                ..draft
            })
        });
        Ok(each.collect())
    }
}

/// The terms of a request as terms of what the first leg made of it.
fn in_the_middle(request: &Request<'_>, place: Option<&(String, Vec<Link>)>) -> Vec<Term> {
    let Some((text, alignment)) = place else {
        return Vec::new();
    };
    let term = |term: &Term| {
        let span = forced::place(request.text, (text, alignment), term)?;
        Some(Term {
            source: span.of(text).to_owned(),
            target: term.target.clone(),
        })
    };
    request.terms.iter().filter_map(term).collect()
}

/// Of which part of the source the target was made, by way of what stands between: each link of the second leg goes on
/// to where the first leg had what it points to.
fn joined(first: &[Link], second: &[Link]) -> Vec<Link> {
    let mut links = Vec::new();
    for link in second {
        let before = || first.iter().filter(|f| f.target.overlaps(link.source));
        let sum: f32 = before().map(|f| f.weight).sum();
        links.extend(before().map(|f| Link {
            source: f.source,
            target: link.target,
            weight: link.weight * f.weight / sum,
        }));
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::span::Span;

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
                opening: "",
            })
            .collect();
        let drafts = relay.drafts(&requests, 0).expect("nothing that could fail");
        let texts: Vec<Option<String>> = drafts.into_iter().map(|d| d.map(|d| d.text)).collect();
        let said = |text: &str| Some(format!("en→ko: {text} {:?}", Some(("bridge", "다리"))));
        assert_eq!(texts, [said("bridge"), None, said("port")]);
    }

    #[test]
    fn terms_and_alignment_go_by_way_of_the_middle() {
        struct Terms;
        impl Translator for Terms {
            fn drafts(&mut self, requests: &[Request<'_>], _: usize) -> Result<Vec<Option<Draft>>> {
                let say = |r: &Request<'_>| {
                    let terms: Vec<String> = r
                        .terms
                        .iter()
                        .map(|t| format!("{}={}", t.source, t.target))
                        .collect();
                    let text = terms.join(",");
                    let alignment = vec![Link {
                        source: Span::new(4, 9),
                        target: Span::new(0, text.len()),
                        weight: 0.8,
                    }];
                    Some(Draft {
                        text,
                        alignment,
                        ..Draft::default()
                    })
                };
                Ok(requests.iter().map(say).collect())
            }
        }
        let link = |source: (usize, usize), target: (usize, usize), weight| Link {
            source: Span::new(source.0, source.1),
            target: Span::new(target.0, target.1),
            weight,
        };
        // "причал закрили" → "the quays were closed"
        let first = Translated {
            text: "the quays were closed".to_owned(),
            status: Status::Translated,
            alignment: vec![link((0, 12), (4, 8), 0.9), link((13, 27), (15, 21), 0.9)],
            alternatives: Vec::new(),
            confidence: None,
        };
        let segments = ["причал закрили".to_owned()];
        let mut relay = Relay::new(Box::new(Terms), Language::EN, &segments, vec![first]);
        let terms = [("причал", "부두"), ("порт", "항구")].map(|(source, target)| Term {
            source: source.to_owned(),
            target: target.to_owned(),
        });
        let request = Request {
            text: &segments[0],
            before: None,
            from: Language::UK,
            to: Language::KO,
            terms: &terms,
            opening: "",
        };
        let draft = relay
            .drafts(&[request], 0)
            .expect("nothing that could fail")
            .remove(0);
        let draft = draft.expect("a draft");
        assert_eq!(draft.text, "quays=부두");
        assert_eq!(draft.alignment, [link((0, 12), (0, draft.text.len()), 0.8)]);
    }
}
