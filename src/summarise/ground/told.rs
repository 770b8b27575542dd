//! The claims that a sentence carries → whether it keeps their sources, by the ledger of the article and the sentence.
//!
//! The article's sentences with these claims are the one side, the sentence the other, both in one language. Which source
//! each name is, the article tells: it calls the same source by several. What relays a claim is a claim itself, and must
//! be kept as well: "a spokesperson said" is no longer what Sky News reported of a spokesperson.

use super::{Grounds, Problem};
use crate::align::{self, Claim, Ledger, Side, Signals};
use crate::attribution::{self, Attribution, Claims, Form, Polarity, Stance};
use crate::text::span::Span;

/// A sign as weak as this is none.
const HALF: f64 = 0.5;

/// A sentence and who says what in it.
struct Told<'a> {
    draft: &'a str,
    claims: Claims,
    /// For each source of the article, where the sentence names it.
    mentions: Vec<Vec<Span>>,
}

impl Grounds<'_> {
    /// What is wrong with the sources of the `carried` claims (ascending) in `draft`, which rests on `supports` and in which
    /// `told` stands.
    pub(super) fn sources(
        &self,
        draft: &str,
        told: Claims,
        supports: &[usize],
        carried: &[usize],
    ) -> Vec<Problem> {
        let claims = self.with_relayers(carried);
        if claims.is_empty() {
            return Vec::new();
        }
        let mentions = self.mentions(draft, &told);
        let told = Told {
            draft,
            claims: told,
            mentions,
        };
        let ledger = self.ledger(&told, supports, &claims);
        let mut problems = Vec::new();
        for (place, (&index, claim)) in claims.iter().zip(&ledger.claims).enumerate() {
            let Some(attribution) = self.claims.attributions.get(index) else {
                continue;
            };
            problems.extend(match standing(claim, attribution, &told.claims) {
                Standing::Kept => self.turned(claim, attribution, &told).map(|p| p(index)),
                Standing::Denied => Some(Problem::Misattributed(index)),
                Standing::Lost if by_relayer(&ledger, place, attribution) => None,
                Standing::Lost if self.given_to_another(claim, index, &told) => {
                    Some(Problem::Misattributed(index))
                }
                Standing::Lost => Some(Problem::Laundered(index)),
            });
        }
        problems
    }

    /// The claims and all that relay them; what vouches for a whole article, a source line, is told beside the summary.
    fn with_relayers(&self, carried: &[usize]) -> Vec<usize> {
        let mut all = carried.to_vec();
        let mut at = 0;
        while let Some(&index) = all.get(at) {
            let parent = self.claims.attributions.get(index).and_then(|a| a.parent);
            let told = |p: &usize| {
                let relayer = self.claims.attributions.get(*p);
                !all.contains(p) && relayer.is_some_and(|a| a.form != Form::Header)
            };
            all.extend(parent.filter(told));
            at += 1;
        }
        all.sort_unstable();
        all
    }

    /// The sentence held against the article's sentences that it rests on and those that hold its claims.
    fn ledger(&self, told: &Told<'_>, supports: &[usize], claims: &[usize]) -> Ledger {
        let (text, language) = (&self.document.article.text, self.document.article.language);
        let attributions = || claims.iter().filter_map(|&k| self.claims.attributions.get(k));
        let holds = |(index, sentence): (usize, Span)| {
            let part = |a: &Attribution| {
                let parts = a.cue_spans.iter().chain(&a.source_spans).chain(&a.content_spans);
                parts.into_iter().next().is_some_and(|s| sentence.overlaps(*s))
            };
            (supports.contains(&index) || attributions().any(part)).then_some(sentence)
        };
        let sentences = self.document.sentences.iter().map(|s| s.span).enumerate();
        let sentences: Vec<Span> = sentences.filter_map(holds).collect();
        let (excerpt, claims) = attribution::excerpt(text, self.claims, &sentences, claims);
        let (mine, theirs) = ([Span::new(0, excerpt.len())], [Span::new(0, told.draft.len())]);
        let source = Side {
            language,
            text: &excerpt,
            segments: &mine,
            claims: &claims,
        };
        let target = Side {
            language,
            text: told.draft,
            segments: &theirs,
            claims: &told.claims,
        };
        let signals = Signals {
            mentions: &told.mentions,
            ..Signals::default()
        };
        align::ledger("", &source, &target, signals)
    }

    /// Whether the sentence gives the claim to somebody else whom the article knows.
    fn given_to_another(&self, claim: &Claim, index: usize, told: &Told<'_>) -> bool {
        let all = &self.claims.attributions;
        let parent = all.get(index).and_then(|a| a.parent);
        let own = all.iter().enumerate().filter_map(|(k, a)| {
            // one who relays it, or whom it relays, is nobody else
            (k == index || Some(k) == parent || a.parent == Some(index)).then_some(a.source?)
        });
        let own: Vec<usize> = own.collect();
        let mut tellers = told.claims.attributions.iter().filter(|a| {
            let cue = |c: &Span| a.cue_spans.iter().any(|s| s.overlaps(*c));
            claim.target.cue.iter().any(cue)
        });
        let others = |span: &Span| {
            let mut named = told.mentions.iter().enumerate();
            named.any(|(s, spans)| !own.contains(&s) && spans.contains(span))
        };
        tellers.any(|a| a.source_spans.iter().any(others))
    }

    /// Whether a claim that kept its source was turned around or made stronger.
    fn turned(
        &self,
        claim: &Claim,
        attribution: &Attribution,
        told: &Told<'_>,
    ) -> Option<fn(usize) -> Problem> {
        let tells = |test: &dyn Fn(&Attribution) -> bool| told.claims.attributions.iter().any(test);
        let stance = claim.target_stance?;
        if attribution.polarity == Polarity::Unconfirmed {
            let doubted = tells(&|a| a.polarity == Polarity::Unconfirmed);
            return (!doubted).then_some(Problem::Misattributed);
        }
        let denies = |stance, polarity| polarity == Polarity::Denied || stance == Stance::Deny;
        let before = denies(attribution.stance, attribution.polarity);
        if before != denies(stance, claim.target_polarity.unwrap_or(Polarity::Asserted)) {
            return Some(Problem::Misattributed);
        }
        // what was only said is not confirmed
        let only_said = matches!(
            attribution.stance,
            Stance::Say | Stance::Claim | Stance::Report | Stance::Think | Stance::Estimate
        );
        if only_said && stance == Stance::Confirm {
            return Some(Problem::Misattributed);
        }
        // "claimed" told as "said" is weaker than it should be
        let claimed = attribution.stance == Stance::Claim && !tells(&|a| a.stance == Stance::Claim);
        (claimed && stance != Stance::Claim).then_some(Problem::Stance)
    }
}

/// What became of the source of a claim.
enum Standing {
    /// Named as the one who says it.
    Kept,
    /// Named, and given a denial that was none, or the reverse.
    Denied,
    /// Not named, or not as the one who says it.
    Lost,
}

fn standing(claim: &Claim, attribution: &Attribution, told: &Claims) -> Standing {
    let named = claim.evidence.source.is_none_or(|score| score >= HALF);
    // a quotation that goes on has no cue of its own; the sentence needs one
    let cue = match claim.evidence.cue {
        Some(score) => score >= HALF,
        None => !told.attributions.is_empty(),
    };
    // a plan or a belief may be told by any word, if only whose it is
    let free =
        matches!(attribution.stance, Stance::Think | Stance::Promise) && !claim.target.source.is_empty();
    let denies = |stance: Stance| stance == Stance::Deny;
    match (named, cue) {
        _ if free && named => Standing::Kept,
        (true, true) => Standing::Kept,
        (true, false)
            if claim
                .target_stance
                .is_some_and(|t| denies(t) != denies(attribution.stance)) =>
        {
            Standing::Denied
        }
        _ => Standing::Lost,
    }
}

/// Whether the sentence tells the claim as what its relayer says: "Sky News reported" for what Sky News had from a
/// spokesperson. A denial must not be lost that way.
fn by_relayer(ledger: &Ledger, place: usize, attribution: &Attribution) -> bool {
    let claim = ledger.claims.get(place);
    let relayer = claim.and_then(|c| c.parent).and_then(|p| ledger.claims.get(p));
    let found = |score: Option<f64>| score.is_some_and(|score| score >= HALF);
    attribution.polarity == Polarity::Asserted
        && relayer.is_some_and(|r| found(r.evidence.source) && found(r.evidence.cue))
}
