//! Mends a written sentence that does not hold, or puts the article's own words in its place.

use crate::attribution::phrases::{self, Opening, Voice};
use crate::attribution::{Attribution, Polarity, SourceKind, Stance};
use crate::finding::{Check, Finding, Severity};
use crate::text::negation;
use crate::text::span::Span;

use super::ground::{Ground, Grounds, Problem, quotations};
use super::plan::Group;
use super::{SentenceMethod, SummarySentence};

/// The sentence of the summary for `group`: the draft if it holds, mended if it can be, else the article's words.
pub(super) fn settle(
    grounds: &Grounds<'_>,
    group: &Group,
    draft: Option<String>,
    method: SentenceMethod,
    index: usize,
) -> (SummarySentence, Vec<Finding>) {
    let draft = draft.map(|draft| grounds.without_made_up_tail(&draft).unwrap_or(draft));
    let written = match draft {
        Some(draft) if method != SentenceMethod::Extractive => accept(grounds, group, &draft, method)
            .or_else(|| {
                accept(
                    grounds,
                    group,
                    &without_false_marks(grounds, group, &draft)?,
                    SentenceMethod::Repaired,
                )
            })
            .or_else(|| {
                accept(
                    grounds,
                    group,
                    &with_source(grounds, group, &draft)?,
                    SentenceMethod::Repaired,
                )
            }),
        _ => None,
    };
    let (sentence, problems) = written.unwrap_or_else(|| own_words(grounds, group));
    let findings = problems
        .iter()
        .filter_map(|problem| finding(grounds, problem, index))
        .collect();
    (sentence, findings)
}

/// The draft as it is, unless something is wrong with it that a reader must not see.
fn accept(
    grounds: &Grounds<'_>,
    group: &Group,
    draft: &str,
    method: SentenceMethod,
) -> Option<(SummarySentence, Vec<Problem>)> {
    let Ground {
        supports,
        claims,
        problems,
    } = grounds.examine(draft, group);
    tracing::debug!(draft, ?problems, "a sentence held against the article");
    let bearable = problems.iter().all(|p| matches!(p, Problem::Stance(_)));
    bearable.then(|| {
        let sentence = SummarySentence {
            text: draft.to_owned(),
            supports,
            claims,
            method,
        };
        (sentence, problems)
    })
}

/// The draft without the marks around words that nobody said so.
fn without_false_marks(grounds: &Grounds<'_>, group: &Group, draft: &str) -> Option<String> {
    let false_marks: Vec<Span> = grounds
        .examine(draft, group)
        .problems
        .into_iter()
        .filter_map(|p| match p {
            Problem::Quote(span) => Some(span),
            _ => None,
        })
        .collect();
    if false_marks.is_empty() {
        return None;
    }
    let mut text = draft.to_owned();
    for span in false_marks.into_iter().rev() {
        let quoted = span.of(draft);
        let mut inside = quoted.chars();
        inside.next();
        inside.next_back();
        text.replace_range(span.start..span.end, inside.as_str());
    }
    Some(text)
}

/// The draft with its one lost source put before it.
fn with_source(grounds: &Grounds<'_>, group: &Group, draft: &str) -> Option<String> {
    let draft = without_false_marks(grounds, group, draft).unwrap_or_else(|| draft.to_owned());
    let ground = grounds.examine(&draft, group);
    // a name put before it does not bear out what the article does not say
    let only_lost = |p: &Problem| matches!(p, Problem::Laundered(_) | Problem::Stance(_));
    if !ground.problems.iter().all(only_lost) {
        return None;
    }
    let lost: Vec<usize> = ground
        .problems
        .iter()
        .filter_map(|p| match p {
            Problem::Laundered(claim) => Some(*claim),
            _ => None,
        })
        .collect();
    let attribution = |k: &usize| grounds.claims.attributions.get(*k);
    let relays = |k: &usize| lost.iter().filter_map(attribution).any(|a| a.parent == Some(*k));
    let (relayers, origins): (Vec<usize>, Vec<usize>) = lost.iter().partition(|k| relays(k));
    let first = origins.first().and_then(attribution)?;
    let source = first.source?;
    // the sentence has it from who relays it: nobody can be put over them
    let relays_first = |k: usize| first.parent == Some(k) && !relayers.contains(&k);
    if ground.claims.iter().any(|&k| relays_first(k)) {
        return None;
    }
    // nor over somebody else who speaks in it: their claim would become one of what is put before it
    let foreign = |a: &Attribution| {
        let under = a.parent.is_some_and(|parent| origins.contains(&parent));
        a.source.is_some_and(|other| other != source) && !under
    };
    let mut told = ground.claims.iter().filter(|k| !lost.contains(k));
    if told.any(|k| attribution(k).is_some_and(foreign)) {
        return None;
    }
    // one line says one thing of all that it tells, and has one who relays it
    let alike = |a: &Attribution| a.source == Some(source) && a.polarity == first.polarity;
    if !origins.iter().filter_map(attribution).all(alike) || relayers.iter().any(|k| first.parent != Some(*k))
    {
        return None;
    }
    let relayer = relayers.first().and_then(attribution);
    // named, but not as the one who says it: a second mention would only hide what is wrong
    let mut named = [Some(source), relayer.and_then(|r| r.source)]
        .into_iter()
        .flatten();
    if named.any(|source| grounds.names_source(&draft, source)) {
        return None;
    }
    let relayer = relayer.and_then(|r| Some(grounds.written_name(r, r.source?)));
    attributed(grounds, first, source, &draft, (true, relayer.as_deref()))
}

/// `sentence` as something that source `source` says, in the article's language, and `relayer` has told of it; `lost`: the
/// words that tell how `claim` was said are not in it.
fn attributed(
    grounds: &Grounds<'_>,
    claim: &Attribution,
    source: usize,
    sentence: &str,
    (lost, relayer): (bool, Option<&str>),
) -> Option<String> {
    let language = grounds.document.article.language;
    let first_word: String = sentence.chars().take_while(|c| c.is_alphanumeric()).collect();
    let opening = if grounds.is_lower_case_word(&first_word) {
        Opening::Small
    } else {
        Opening::Kept
    };
    let name = grounds.written_name(claim, source);
    let kind = grounds.claims.sources.get(source).map(|s| s.kind);
    let said = lost && !denies_already(grounds, claim, sentence);
    let voice = Voice {
        source: Some(&name),
        kind: kind.unwrap_or(SourceKind::Unknown),
        stance: if said { claim.stance } else { Stance::Say },
        polarity: if said { claim.polarity } else { Polarity::Asserted },
        relayer,
    };
    phrases::line(language, &voice, sentence, opening).map(|line| line.text)
}

/// Whether `sentence` has taken the denial of `claim` into itself: "it was not so" for "denied that it was so". Then
/// the denial must not be said twice.
fn denies_already(grounds: &Grounds<'_>, claim: &Attribution, sentence: &str) -> bool {
    let language = grounds.document.article.language;
    let text = &grounds.document.article.text;
    let content: Vec<&str> = claim.content_spans.iter().map(|s| s.of(text)).collect();
    claim.polarity == Polarity::Denied
        && negation::denies(sentence, language) != negation::denies(&content.join(" "), language)
}

/// The seed in the article's words, its source put before it where another sentence names it.
fn own_words(grounds: &Grounds<'_>, group: &Group) -> (SummarySentence, Vec<Problem>) {
    let seed = group.seed;
    let span = grounds
        .document
        .sentences
        .get(seed)
        .map(|s| s.span)
        .unwrap_or_default();
    let mut text = closed(grounds.document.sentence(seed));
    let mut method = SentenceMethod::Extractive;
    let mut claims = Vec::new();
    let mut problems = Vec::new();
    for (index, claim) in grounds.claims.attributions.iter().enumerate() {
        if claim.form == crate::attribution::Form::Header
            || !claim.content_spans.iter().any(|c| c.overlaps(span))
        {
            continue;
        }
        claims.push(index);
        let Some(source) = claim.source else { continue };
        if grounds.names_source(&text, source) {
            continue;
        }
        let here = claim.source_spans.iter().find(|s| span.contains(**s));
        let mended = match here {
            Some(pronoun) if method == SentenceMethod::Extractive => {
                let name = grounds.written_name(claim, source);
                let at = Span::new(pronoun.start - span.start, pronoun.end - span.start);
                let article_words = grounds.document.sentence(seed);
                (!at.is_empty() && text == article_words)
                    .then(|| format!("{}{name}{}", &article_words[..at.start], &article_words[at.end..]))
            }
            _ => {
                let told = claim.cue_spans.iter().any(|c| span.contains(*c));
                attributed(grounds, claim, source, &text, (!told, None))
            }
        };
        match mended {
            Some(mended) => {
                text = mended;
                method = SentenceMethod::Repaired;
            }
            None => problems.push(Problem::Laundered(index)),
        }
    }
    let mut supports = vec![seed];
    supports.extend(
        group
            .sentences
            .iter()
            .filter(|&&i| i != seed && holds_source(grounds, &claims, i)),
    );
    supports.sort_unstable();
    let sentence = SummarySentence {
        text,
        supports,
        claims,
        method,
    };
    (sentence, problems)
}

/// Whether article sentence `index` names the source of one of `claims`.
fn holds_source(grounds: &Grounds<'_>, claims: &[usize], index: usize) -> bool {
    let Some(sentence) = grounds.document.sentences.get(index) else {
        return false;
    };
    claims
        .iter()
        .filter_map(|&k| grounds.claims.attributions.get(k))
        .any(|a| a.source_spans.iter().any(|s| sentence.span.contains(*s)))
}

/// A sentence cut out of a longer quotation, with the mark that it lost.
fn closed(sentence: &str) -> String {
    let marked: usize = quotations(sentence).iter().map(|s| s.len()).sum();
    if marked > 0 {
        return sentence.to_owned();
    }
    for (open, close) in [('“', '”'), ('«', '»'), ('„', '“'), ('「', '」')] {
        match (sentence.contains(open), sentence.contains(close)) {
            (true, false) => return format!("{sentence}{close}"),
            (false, true) => return format!("{open}{sentence}"),
            _ => {}
        }
    }
    match sentence.matches('"').count() {
        1 if sentence.starts_with('"') => format!("{sentence}\""),
        1 if sentence.ends_with('"') => format!("\"{sentence}"),
        _ => sentence.to_owned(),
    }
}

fn finding(grounds: &Grounds<'_>, problem: &Problem, index: usize) -> Option<Finding> {
    let (check, severity, claim) = match problem {
        Problem::Stance(claim) => (Check::Stance, Severity::Warning, *claim),
        Problem::Laundered(claim) => (Check::Laundered, Severity::Error, *claim),
        // whatever else was wrong led to the article's own words
        _ => return None,
    };
    let attribution = grounds.claims.attributions.get(claim)?;
    let name = attribution
        .source
        .map(|s| grounds.written_name(attribution, s))
        .unwrap_or_default();
    let message = match check {
        Check::Stance => format!("\"{name}\" claimed it; the summary only says that it was said"),
        _ => format!("the source \"{name}\" is not named in the sentence"),
    };
    Some(Finding {
        check,
        severity,
        segment: index,
        source: attribution.content_spans.first().copied(),
        target: None,
        message,
    })
}

#[cfg(test)]
mod tests {
    use super::closed;

    #[test]
    fn a_cut_quotation_gets_its_mark_back() {
        assert_eq!(closed("“We lost power."), "“We lost power.”");
        assert_eq!(closed("Crews are on the way.\""), "\"Crews are on the way.\"");
        assert_eq!(closed("It was 5\" long."), "It was 5\" long.");
        assert_eq!(closed("She said “no” twice."), "She said “no” twice.");
    }
}
