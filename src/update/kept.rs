//! A summariser and a translator that ask another one only for what is new.

use super::Former;
use crate::article::Document;
use crate::error::Result;
use crate::summarise::plan::Group;
use crate::summarise::{SentenceMethod, Summariser};
use crate::translate::{Draft, Request, Translator};

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

    /// What is known has one hypothesis: it was the best of several when it was made.
    fn drafts(&mut self, requests: &[Request<'_>], attempt: usize) -> Result<Vec<Option<Draft>>> {
        let known = |request: &Request<'_>| self.former.translation(request.to, request.text);
        let new: Vec<Request<'_>> = requests.iter().filter(|r| known(r).is_none()).copied().collect();
        let kept: Vec<Option<String>> = requests.iter().map(|r| known(r).map(str::to_owned)).collect();
        let mut drafts = if new.is_empty() {
            Vec::new()
        } else {
            self.translator.drafts(&new, attempt)?
        }
        .into_iter();
        let each = kept.into_iter().map(|kept| match kept {
            Some(text) => (attempt == 0).then(|| text.into()),
            None => drafts.next().flatten(),
        });
        Ok(each.collect())
    }
}
