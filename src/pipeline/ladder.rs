//! Attributions that a translation lost → put back, rung by rung.
//!
//! 1. The next hypothesis: `translate` asks for some and takes the one that the ledger says least against.
//! 2. The marked source: the segment is asked for once more, with the source's name in the target language as a term.
//! 3. The beginning of a line (`attribution::phrases`) that the translator goes on from, where it can be made to.
//! 4. The line written by the tool, or a remark where only a part of the segment is somebody's.
//!
//! What always holds: a claim that a line was written for is `repaired`, its parts are those of the line, and its segment
//! says so too; what was verified is left as it is.

mod open;

use std::collections::BTreeMap;

use crate::align::{Claim, Ledger, Parts, Status as ClaimStatus};
use crate::attribution::phrases::{self, Line, Opening, Voice};
use crate::attribution::{self, Polarity, SourceKind, Stance};
use crate::error::{Error, Result};
use crate::finding::{Check, Finding};
use crate::progress;
use crate::text::script::Script;
use crate::text::span::Span;
use crate::text::transliterate::romanise;
use crate::text::words::words;
use crate::text::{inflect, negation};
use crate::translate::glossary::Term;
use crate::translate::{Draft, Guide, Request, Status, Translated, Translator, left_standing, refuse};

use super::desk::{Desk, is_lost};

/// A line stands for a whole segment if the lost claims are this share of it.
const WHOLE: f64 = 0.7;
/// Characters of the other language that a remark quotes.
const QUOTED: usize = 80;
/// Characters of a name; more is no name.
const NAME: usize = 80;

/// The ladder of one job.
pub(super) struct Ladder<'a, 'd> {
    desk: &'a Desk<'d>,
    translator: &'a mut dyn Translator,
    translated: &'a mut Vec<Translated>,
    /// Names in the target language, by what the source calls them.
    names: BTreeMap<String, String>,
}

/// A claim that a line was written for: which, and where its parts stand in the segment.
struct Put {
    claim: usize,
    parts: Parts,
}

impl<'a, 'd> Ladder<'a, 'd> {
    pub(super) fn new(
        desk: &'a Desk<'d>,
        translator: &'a mut dyn Translator,
        translated: &'a mut Vec<Translated>,
    ) -> Self {
        Self {
            desk,
            translator,
            translated,
            names: BTreeMap::new(),
        }
    }

    /// Puts back what is lost; gives the ledger of what there is then. `findings` are kept true of the segments.
    ///
    /// # Errors
    /// Those of the translator.
    pub(super) fn climb(mut self, id: &str, findings: &mut Vec<Finding>) -> Result<Ledger> {
        let mut ledger = self.desk.ledger(id, self.translated)?;
        let mut changed = false;
        for index in self.lost_segments(&ledger) {
            progress::checkpoint()?;
            self.learn_names(&ledger, index)?;
            changed |= self.ask_again(&ledger, index, findings)?;
        }
        if changed {
            ledger = self.desk.ledger(id, self.translated)?;
        }
        let mut put = Vec::new();
        for index in self.lost_segments(&ledger) {
            // what the second look lost may have names of its own
            self.learn_names(&ledger, index)?;
            let opened = self.open(&ledger, index, findings)?;
            put.extend(opened.unwrap_or_else(|| self.write(&ledger, index)));
        }
        if !put.is_empty() {
            ledger = self.desk.ledger(id, self.translated)?;
        }
        mark(&mut ledger, put);
        Ok(ledger)
    }

    /// The translated segments with a lost attribution.
    fn lost_segments(&self, ledger: &Ledger) -> Vec<usize> {
        let is_translated = |i: &usize| {
            self.translated
                .get(*i)
                .is_some_and(|t| t.status != Status::Untranslated)
        };
        let mut segments: Vec<usize> = self.lost(ledger).map(|(_, claim)| claim.segment).collect();
        segments.dedup();
        segments.into_iter().filter(is_translated).collect()
    }

    fn lost<'l>(&self, ledger: &'l Ledger) -> impl Iterator<Item = (usize, &'l Claim)> + use<'l> {
        let claims = ledger.claims.iter().enumerate();
        claims.filter(|(_, claim)| is_lost(claim, ledger))
    }

    /// Finds out what the lost sources of a segment are called in the target language.
    fn learn_names(&mut self, ledger: &Ledger, index: usize) -> Result<()> {
        let lost = self.lost(ledger).filter(|(_, c)| c.segment == index);
        let sources: Vec<(String, Option<SourceKind>)> = lost
            .filter_map(|(_, claim)| Some((source_of(claim, ledger)?, claim.kind)))
            .collect();
        for (phrase, kind) in sources {
            if !self.names.contains_key(&phrase) {
                let name = self.name_in_target(&phrase, kind, ledger)?;
                self.names.insert(phrase, name);
            }
        }
        Ok(())
    }

    /// The desk's or the gazetteer's term, the name that an earlier segment has, the model's word for the name alone, the
    /// official letters; else as it is written.
    fn name_in_target(&mut self, phrase: &str, kind: Option<SourceKind>, ledger: &Ledger) -> Result<String> {
        let bare = without_article(phrase);
        let terms = self.desk.terms_for(phrase);
        if let Some(term) = terms.iter().find(|t| same(&t.source, bare)) {
            return Ok(term.target.clone());
        }
        if let Some(name) = named_before(ledger, phrase) {
            return Ok(name);
        }
        let (from, to) = (self.desk.from, self.desk.to);
        let request = Request {
            text: phrase,
            before: None,
            from,
            to,
            terms: &terms,
            opening: "",
        };
        if let Some(draft) = self.ask(&request, 0)?
            && let Some(name) = self.as_name(phrase, kind, &draft.text)
        {
            return Ok(name);
        }
        Ok(romanise(phrase, from, to).unwrap_or_else(|| bare.to_owned()))
    }

    fn ask(&mut self, request: &Request<'_>, attempt: usize) -> Result<Option<Draft>> {
        let drafts = self.translator.drafts(std::slice::from_ref(request), attempt)?;
        Ok(drafts.into_iter().next().flatten())
    }

    /// `answer` as a name for `phrase`; `None` if it is anything else.
    fn as_name(&self, phrase: &str, kind: Option<SourceKind>, answer: &str) -> Option<String> {
        let (from, to) = (self.desk.from, self.desk.to);
        let name = answer.trim().trim_end_matches(['.', '。', ',', '，', ':', '：']);
        let letters = |text: &str| text.chars().filter(|c| c.is_alphabetic()).count();
        let right = |c: char| Script::of(c).is_some_and(|script| to.scripts().contains(&script));
        let fits = refuse::refuse(phrase, name, from, to).is_none()
            && name.chars().any(right)
            && !name.contains([
                '.', '。', '!', '！', '?', '？', ';', '；', ':', '：', '\n', '=', '"', '“', '[', '{',
            ])
            // a name tells nothing of what its bearer says
            && attribution::attribute_text(name, to, &[Span::new(0, name.len())]).attributions.is_empty()
            && letters(name) <= NAME
            && letters(name) <= 3 * letters(phrase) + 6
            && name
                .chars()
                .filter(char::is_ascii_digit)
                .all(|c| phrase.contains(c));
        // a role has no capital inside of a sentence, unless the language gives it one
        let first = name.split(' ').next().unwrap_or(name);
        let described = matches!(
            kind,
            Some(SourceKind::Group | SourceKind::Anonymous | SourceKind::Document)
        );
        let role = to.code() != "de" && (described || inflect::is_role(first, to)) && !is_acronym(first);
        fits.then(|| if role { lower_first(name) } else { name.to_owned() })
    }

    /// The segment once more, its sources given as terms; taken if the ledger says less against it. Gives whether it was.
    fn ask_again(&mut self, ledger: &Ledger, index: usize, findings: &mut Vec<Finding>) -> Result<bool> {
        let (from, to) = (self.desk.from, self.desk.to);
        let Some(text) = self.desk.segments.get(index) else {
            return Ok(false);
        };
        let mut terms = self.desk.terms(index, text);
        for (_, claim) in self.lost(ledger).filter(|(_, c)| c.segment == index) {
            let source = source_of(claim, ledger).filter(|phrase| text.contains(phrase.as_str()));
            if let Some((source, target)) =
                source.and_then(|s| Some((s.clone(), self.names.get(&s)?.clone())))
                && !terms.iter().any(|t| t.source == source)
            {
                terms.push(Term { source, target });
            }
        }
        let request = Request {
            text,
            before: None,
            from,
            to,
            terms: &terms,
            opening: "",
        };
        match self.ask(&request, 1)? {
            Some(answer) => self.take(index, answer, findings),
            None => Ok(false),
        }
    }

    /// Puts `answer` in the place of what segment `index` says, if the ledger says less against it. Gives whether it did.
    fn take(&mut self, index: usize, answer: Draft, findings: &mut Vec<Finding>) -> Result<bool> {
        let (from, to) = (self.desk.from, self.desk.to);
        let places = (self.desk.segments.get(index), self.translated.get_mut(index));
        let (Some(text), Some(known)) = places else {
            return Ok(false);
        };
        if refuse::refuse(text, &answer.text, from, to).is_some() {
            return Ok(false);
        }
        let before = Draft {
            text: known.text.clone(),
            alignment: known.alignment.clone(),
            ..Draft::default()
        };
        let left = |hypothesis: &Draft| refuse::leftovers(text, &hypothesis.text, to).len();
        let cost = |hypothesis: &Draft| Ok::<_, Error>(self.desk.cost(index, hypothesis)? + left(hypothesis));
        let better = cost(&answer)? < cost(&before)?;
        if better {
            tracing::debug!(index, answer.text, "asked again");
            findings.retain(|f| f.segment != index || f.check != Check::Language);
            findings.extend(left_standing(index, text, &answer.text, from, to));
            known.text = answer.text;
            known.alignment = answer.alignment;
            known.confidence = answer.confidence;
        }
        Ok(better)
    }

    /// Writes the lost attributions of segment `index` into it.
    fn write(&mut self, ledger: &Ledger, index: usize) -> Vec<Put> {
        let here: Vec<usize> = self
            .lost(ledger)
            .filter(|(_, c)| c.segment == index)
            .map(|(i, _)| i)
            .collect();
        let text = self
            .translated
            .get(index)
            .map(|t| t.text.clone())
            .unwrap_or_default();
        let (text, put) = match self.whole(ledger, index, &here, &text) {
            Some((line, put)) => (line, put),
            None => self.remarks(ledger, &here, text),
        };
        if let Some(segment) = self.translated.get_mut(index).filter(|_| !put.is_empty()) {
            segment.text = text;
            segment.status = Status::Repaired;
            segment.alignment.clear();
            segment.confidence = None;
        }
        put
    }

    /// The segment as one line of the one source that all of it has.
    fn whole(&self, ledger: &Ledger, index: usize, lost: &[usize], text: &str) -> Option<(String, Vec<Put>)> {
        let claim = |i: &usize| ledger.claims.get(*i);
        let is_relayer = |i: &usize| lost.iter().filter_map(claim).any(|c| c.parent == Some(*i));
        let origins: Vec<usize> = lost.iter().copied().filter(|i| !is_relayer(i)).collect();
        let first = origins.first().and_then(claim)?;
        let alike = |c: &Claim| c.who == first.who && c.polarity == first.polarity;
        if !origins.iter().filter_map(claim).all(alike) {
            return None;
        }
        // what else the segment tells must not come under a source, or a denial, that is not its own
        let others = ledger
            .claims
            .iter()
            .enumerate()
            .filter(|(i, c)| c.segment == index && !lost.contains(i));
        let plain = first.polarity == Polarity::Asserted && first.stance != Stance::Deny;
        let mut others = others.map(|(_, c)| c);
        if others.any(|c| !plain || c.who != first.who) || covered(ledger, index, lost) < WHOLE {
            return None;
        }
        let relayer = lost.iter().copied().find(|i| first.parent == Some(*i));
        let relayer_name = relayer.and_then(|i| self.name(ledger, i));
        let source = self.name(ledger, origins[0]);
        let voice = self.voice(ledger, first, source.as_deref(), text)?;
        let voice = Voice {
            relayer: relayer_name.as_deref(),
            ..voice
        };
        let line = phrases::line(self.desk.to, &voice, text, opening(ledger, index, lost, text))?;
        let put = lost
            .iter()
            .map(|&claim| Put {
                claim,
                parts: parts(&line, is_relayer(&claim)),
            })
            .collect();
        Some((line.text, put))
    }

    /// The segment with a remark for each lost claim.
    fn remarks(&self, ledger: &Ledger, lost: &[usize], text: String) -> (String, Vec<Put>) {
        let (mut text, mut put) = (text, Vec::new());
        for &index in lost {
            let Some(claim) = ledger.claims.get(index) else {
                continue;
            };
            let source = self.name(ledger, index);
            let voice = Voice {
                source: source.as_deref(),
                kind: claim.kind.unwrap_or(SourceKind::Unknown),
                stance: claim.stance,
                polarity: claim.polarity,
                relayer: None,
            };
            let content = claim
                .source
                .content
                .first()
                .map_or("", |s| s.of(&ledger.source.text));
            if let Some(line) = phrases::note(self.desk.to, &voice, &shortened(content), &text) {
                put.push(Put {
                    claim: index,
                    parts: parts(&line, false),
                });
                text = line.text;
            }
        }
        (text, put)
    }

    /// How the claim is to be told in the target. A denial that the translation has taken into itself ("it was not so"
    /// for "denied that it was so") must not be said twice; `None` where that cannot be told.
    fn voice<'n>(
        &self,
        ledger: &Ledger,
        claim: &Claim,
        source: Option<&'n str>,
        text: &str,
    ) -> Option<Voice<'n>> {
        let mut voice = Voice {
            source,
            kind: claim.kind.unwrap_or(SourceKind::Unknown),
            stance: claim.stance,
            polarity: claim.polarity,
            relayer: None,
        };
        if claim.source.source.is_empty() && claim.who.is_none() {
            voice.source = None;
        } else if source.is_none() {
            return None;
        }
        if claim.polarity == Polarity::Denied || claim.stance == Stance::Deny {
            let content: Vec<&str> = claim
                .source
                .content
                .iter()
                .map(|s| s.of(&ledger.source.text))
                .collect();
            let before = negation::denies(&content.join(" "), self.desk.from)?;
            if negation::denies(text, self.desk.to)? != before {
                voice.stance = Stance::Say;
                voice.polarity = Polarity::Asserted;
            }
        }
        Some(voice)
    }

    fn name(&self, ledger: &Ledger, claim: usize) -> Option<String> {
        let phrase = source_of(ledger.claims.get(claim)?, ledger)?;
        self.names.get(&phrase).cloned()
    }
}

/// Says in the ledger which claims lines were written for.
fn mark(ledger: &mut Ledger, put: Vec<Put>) {
    for Put { claim, parts } in put {
        let Some(claim) = ledger.claims.get_mut(claim) else {
            continue;
        };
        let start = ledger.segments.get(claim.segment).map_or(0, |p| p.target.start);
        let moved = |spans: Vec<Span>| spans.into_iter().map(|s| s.shifted(start)).collect();
        claim.status = ClaimStatus::Repaired;
        claim.target_stance = Some(claim.stance);
        claim.target_polarity = Some(claim.polarity);
        claim.target = Parts {
            source: moved(parts.source),
            cue: moved(parts.cue),
            content: moved(parts.content),
        };
    }
}

/// What the source text calls the source of `claim`: as it stands there, unless that is a pronoun.
fn source_of(claim: &Claim, ledger: &Ledger) -> Option<String> {
    let (text, language) = (&ledger.source.text, ledger.source.language);
    let here = claim.source.source.iter().map(|s| s.of(text).trim());
    let mut here = here.filter(|name| !name.is_empty() && !attribution::is_pronoun(name, language));
    let name = match here.next() {
        Some(name) if name.chars().count() <= NAME => name,
        long => claim.who.as_deref().or(long)?,
    };
    Some(name.trim_end_matches(',').to_owned())
}

/// How a verified claim of the same source names it, in languages where a name has one form.
fn named_before(ledger: &Ledger, phrase: &str) -> Option<String> {
    if !matches!(ledger.target.language.code(), "en" | "zh" | "fr" | "es") {
        return None;
    }
    let verified = ledger.claims.iter().filter(|c| c.status == ClaimStatus::Verified);
    verified
        .filter(|claim| source_of(claim, ledger).is_some_and(|name| same(&name, phrase)))
        .find_map(|claim| match claim.target.source[..] {
            // pieces are no name
            [span] => Some(span.of(&ledger.target.text).trim().to_owned()),
            _ => None,
        })
        .filter(|name| name.chars().count() >= 2)
}

/// Which share of a segment of the source the claims take up.
fn covered(ledger: &Ledger, index: usize, claims: &[usize]) -> f64 {
    let Some(segment) = ledger.segments.get(index).map(|p| p.source) else {
        return 0.0;
    };
    let of = claims.iter().filter_map(|&i| ledger.claims.get(i));
    let spans: Vec<Span> = of
        .flat_map(|c| {
            c.source
                .source
                .iter()
                .chain(&c.source.cue)
                .chain(&c.source.content)
        })
        .copied()
        .collect();
    let text = segment.of(&ledger.source.text);
    let letters = || text.char_indices().filter(|(_, c)| c.is_alphanumeric());
    let inside = letters().filter(|&(at, _)| {
        let at = segment.start + at;
        spans.iter().any(|s| s.start <= at && at < s.end)
    });
    inside.count() as f64 / letters().count().max(1) as f64
}

/// How the translation `text` of segment `index` begins: with a name that was found, or with a word that has a capital
/// only there.
fn opening(ledger: &Ledger, index: usize, claims: &[usize], text: &str) -> Opening {
    let first = words(text).into_iter().next().filter(|w| w.start == 0);
    let Some(word) = first.map(|span| span.of(text)) else {
        return Opening::Kept;
    };
    let start = ledger.segments.get(index).map_or(0, |p| p.target.start);
    let is_name = |span: &Span| span.start == start;
    let capitals = word.chars().filter(|c| c.is_uppercase()).count();
    let known = ledger.names.iter().flat_map(|n| &n.target).any(is_name);
    if capitals == 0 || capitals > 1 || known || word == "I" {
        return Opening::Kept;
    }
    let small = word.to_lowercase();
    let elsewhere = words(&ledger.target.text);
    if elsewhere.iter().any(|s| s.of(&ledger.target.text) == small) {
        return Opening::Small;
    }
    // every name of the source has its place elsewhere, so this word is none
    let of_source = |span: Span| {
        let mut claims = claims.iter().filter_map(|&i| ledger.claims.get(i));
        claims.any(|c| c.source.source.iter().any(|s| s.contains(span)))
    };
    let open = ledger
        .lost
        .iter()
        .any(|lost| lost.segment == index && !of_source(lost.source));
    let stranger = ledger.strangers.iter().any(|(_, span)| is_name(span));
    if open || stranger {
        Opening::Unknown
    } else {
        Opening::Small
    }
}

fn parts(line: &Line, relayer: bool) -> Parts {
    if relayer {
        Parts {
            source: line.relayer.clone(),
            cue: line.cue.first().copied().into_iter().collect(),
            content: line.content.clone(),
        }
    } else {
        let skip = usize::from(!line.relayer.is_empty());
        Parts {
            source: line.source.clone(),
            cue: line.cue.iter().skip(skip).copied().collect(),
            content: line.content.clone(),
        }
    }
}

fn without_article(phrase: &str) -> &str {
    ["the ", "The ", "a ", "A ", "an ", "An "]
        .into_iter()
        .find_map(|article| phrase.strip_prefix(article))
        .unwrap_or(phrase)
}

fn same(a: &str, b: &str) -> bool {
    without_article(a).to_lowercase() == without_article(b).to_lowercase()
}

fn is_acronym(word: &str) -> bool {
    word.chars().filter(|c| c.is_uppercase()).count() > 1
}

fn lower_first(text: &str) -> String {
    let mut rest = text.chars();
    rest.next()
        .map_or_else(String::new, |first| first.to_lowercase().chain(rest).collect())
}

/// The first words, so many that the reader knows what is meant.
fn shortened(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(QUOTED) {
        None => text,
        Some((cut, _)) => {
            let end = text[..cut].rfind(' ').unwrap_or(cut);
            format!("{}…", &text[..end])
        }
    }
}
