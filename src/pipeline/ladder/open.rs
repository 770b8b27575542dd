//! The rung of translators that can be made to begin as they are told: the attribution is given, the rest is theirs.

use super::{Ladder, Put};
use crate::align::{Ledger, Parts};
use crate::error::Result;
use crate::finding::Finding;
use crate::text::span::Span;
use crate::translate::{Request, Status};

impl Ladder<'_, '_> {
    /// The segment once more, begun with its lost attribution as a line of the tool's would begin; none if the translator
    /// cannot be made to, a line would not begin so, or the ledger says no less against what comes of it.
    ///
    /// # Errors
    /// Those of the translator.
    pub(super) fn open(
        &mut self,
        ledger: &Ledger,
        index: usize,
        findings: &mut Vec<Finding>,
    ) -> Result<Option<Vec<Put>>> {
        let known = self.translated.get(index).map(|t| t.text.clone());
        let (Some(text), Some(known), true) =
            (self.desk.segments.get(index), known, self.translator.forces())
        else {
            return Ok(None);
        };
        let here = self.lost(ledger).filter(|(_, c)| c.segment == index);
        let here: Vec<usize> = here.map(|(claim, _)| claim).collect();
        let Some((line, put)) = self.whole(ledger, index, &here, &known) else {
            return Ok(None);
        };
        let Some(opening) = opening(&line, &put) else {
            return Ok(None);
        };
        let request = Request {
            text,
            before: None,
            from: self.desk.from,
            to: self.desk.to,
            terms: &[],
            opening,
        };
        let Some(mut answer) = self.ask(&request, 0)? else {
            return Ok(None);
        };
        // what was given is no sign of where it comes from
        answer.alignment.retain(|link| link.target.start >= opening.len());
        let content = Span::new(opening.len(), answer.text.len()).trimmed(&answer.text);
        if content.is_empty() || !self.take(index, answer, findings)? {
            return Ok(None);
        }
        if let Some(segment) = self.translated.get_mut(index) {
            segment.status = Status::Repaired;
        }
        let told = |put: Put| Put {
            parts: Parts {
                content: vec![content],
                ..put.parts
            },
            ..put
        };
        Ok(Some(put.into_iter().map(told).collect()))
    }
}

/// What stands before the content of a line, if the content is all that comes after it.
fn opening<'l>(line: &'l str, put: &[Put]) -> Option<&'l str> {
    let content = match put {
        [Put { parts, .. }, ..] => parts.content.first()?,
        [] => return None,
    };
    let after = line.get(content.end..)?;
    let before = line.get(..content.start)?.trim_end();
    (!before.is_empty() && !after.contains(char::is_alphanumeric)).then_some(before)
}
