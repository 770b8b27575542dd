//! A summariser and a translator that ask another one only for what is new.

use super::Former;
use crate::article::Document;
use crate::error::Result;
use crate::summarise::plan::Group;
use crate::summarise::{SentenceMethod, Summariser};
use crate::translate::{Draft, Request, Translator, unless_known};

/// Takes over what was written of sentences that stand as before.
pub struct KeptSentences<'a> {
    former: &'a Former,
    writer: &'a mut dyn Summariser,
}

impl<'a> KeptSentences<'a> {
    /// Asks `writer` for what `former` has not.
    pub fn new(former: &'a Former, writer: &'a mut dyn Summariser) -> Self {
        Self { former, writer }
    }
}

impl Summariser for KeptSentences<'_> {
    fn write(&mut self, document: &Document, groups: &[Group]) -> Result<Vec<Option<String>>> {
        let known: Vec<Option<String>> = groups
            .iter()
            .map(|group| {
                let supports: Vec<&str> = group.sentences.iter().map(|&i| document.sentence(i)).collect();
                self.former.sentence(&supports).map(str::to_owned)
            })
            .collect();
        let new: Vec<Group> = groups
            .iter()
            .zip(&known)
            .filter(|(_, known)| known.is_none())
            .map(|(group, _)| group.clone())
            .collect();
        if new.is_empty() {
            return Ok(known);
        }
        let mut written = self.writer.write(document, &new)?.into_iter();
        let each = known.into_iter().map(|known| match known {
            Some(text) => Some(text),
            None => written.next().flatten(),
        });
        Ok(each.collect())
    }

    fn method(&self) -> SentenceMethod {
        self.writer.method()
    }
}

/// Takes over the translations of what stands as before.
pub struct KeptTranslations<'a> {
    former: &'a Former,
    translator: Box<dyn Translator + 'a>,
}

impl<'a> KeptTranslations<'a> {
    /// Asks `translator` for what `former` has not.
    pub fn new(former: &'a Former, translator: Box<dyn Translator + 'a>) -> Self {
        Self { former, translator }
    }
}

impl Translator for KeptTranslations<'_> {
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

    /// What is known has one hypothesis: it was the best of several when it was made. One that is to begin as it is told
    /// is another one.
    fn drafts(&mut self, requests: &[Request<'_>], attempt: usize) -> Result<Vec<Option<Draft>>> {
        let known = |request: &Request<'_>| {
            let known = self.former.translation(request.to, request.text);
            let known = known.filter(|_| request.opening.is_empty());
            known.map(|text| (attempt == 0).then(|| text.to_owned().into()))
        };
        let known = requests.iter().map(known).collect();
        unless_known(known, requests, attempt, &mut *self.translator)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};

    use super::*;
    use crate::text::language::Language;

    /// Begins as it is told, wants context, and counts the segments of its job.
    #[derive(Default)]
    struct Obedient {
        segments: usize,
    }

    impl Translator for Obedient {
        fn forces(&self) -> bool {
            true
        }

        fn wants_context(&self) -> bool {
            true
        }

        fn begin(&mut self, segments: usize) {
            self.segments = segments;
        }

        fn drafts(&mut self, requests: &[Request<'_>], attempt: usize) -> Result<Vec<Option<Draft>>> {
            let say =
                |r: &Request<'_>| Some(format!("{}{} {attempt}/{}", r.opening, r.text, self.segments).into());
            Ok(requests.iter().map(say).collect())
        }
    }

    #[test]
    fn what_is_known_is_kept_and_the_translator_is_what_it_was_for_all_else() {
        let known = HashMap::from([("port".to_owned(), "порт".to_owned())]);
        let former = Former {
            translated: BTreeMap::from([(Language::UK, known)]),
            ..Former::default()
        };
        let mut kept = KeptTranslations::new(&former, Box::new(Obedient::default()));
        assert!(kept.forces() && kept.wants_context());
        kept.begin(3);
        let request = |text, opening| Request {
            text,
            before: None,
            from: Language::EN,
            to: Language::UK,
            terms: &[],
            opening,
        };
        let requests = [
            request("bridge", ""),
            request("port", ""),
            request("port", "За словами мера, "),
        ];
        let mut texts = |attempt| -> Vec<Option<String>> {
            let drafts = kept.drafts(&requests, attempt).unwrap_or_default();
            drafts.into_iter().map(|d| d.map(|d| d.text)).collect()
        };
        let some = |text: &str| Some(text.to_owned());
        let first = [
            some("bridge 0/3"),
            some("порт"),
            some("За словами мера, port 0/3"),
        ];
        assert_eq!(texts(0), first);
        assert_eq!(
            texts(1),
            [some("bridge 1/3"), None, some("За словами мера, port 1/3")]
        );
    }
}
