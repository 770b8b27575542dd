//! Who is quoted with what, before and now.

use strsim::normalized_levenshtein;

use crate::article::Document;
use crate::attribution::{Claims, Form};

/// Words in quotation marks, and who said them.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Quote {
    /// The words, without their marks.
    pub text: String,
    /// Who; none if the text does not say.
    pub who: Option<String>,
}

/// What became of a quotation.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "change", rename_all = "lowercase")]
pub enum QuoteChange {
    /// The same speaker, other words.
    Wording {
        /// As it was.
        former: Quote,
        /// As it is.
        now: Quote,
    },
    /// The same words, another speaker.
    Speaker {
        /// As it was.
        former: Quote,
        /// As it is.
        now: Quote,
    },
    /// It was not there.
    New {
        /// As it is.
        now: Quote,
    },
    /// It is there no more.
    Gone {
        /// As it was.
        former: Quote,
    },
}

/// How alike two wordings of one quotation are, at least: half of their letters in their places.
const ALIKE: f64 = 0.5;
const MARKS: [(char, char); 7] = [
    ('"', '"'),
    ('“', '”'),
    ('„', '“'),
    ('«', '»'),
    ('‘', '’'),
    ('「', '」'),
    ('『', '』'),
];

impl Quote {
    /// The quotations in what `who` says.
    pub(super) fn all_in(said: &str, who: Option<&str>) -> Vec<Self> {
        let mut quotes = Vec::new();
        let mut rest = said;
        while let Some((at, open)) = rest
            .char_indices()
            .find(|(_, c)| MARKS.iter().any(|(o, _)| o == c))
        {
            let inside = &rest[at + open.len_utf8()..];
            let closes = |c: char| MARKS.iter().any(|&(o, close)| o == open && close == c);
            let Some(end) = inside.find(closes) else { break };
            let words: Vec<&str> = inside[..end].split_whitespace().collect();
            let text = words.join(" ");
            let text = text.trim_end_matches([',', '.', '，', '。']);
            if !text.is_empty() {
                quotes.push(Self {
                    text: text.to_owned(),
                    who: who.map(str::to_owned),
                });
            }
            let close = inside[end..].chars().next().map_or(0, char::len_utf8);
            rest = &inside[end + close..];
        }
        quotes
    }
}

/// The quotations of an article.
pub(super) fn of(document: &Document, claims: &Claims) -> Vec<Quote> {
    let text = &document.article.text;
    let quoted = claims
        .attributions
        .iter()
        .filter(|claim| matches!(claim.form, Form::Direct | Form::Mixed));
    quoted
        .flat_map(|claim| {
            let parts: Vec<&str> = claim.content_spans.iter().map(|s| s.of(text)).collect();
            let who = claim
                .source
                .and_then(|s| claims.sources.get(s))
                .map(|s| s.name.as_str());
            Quote::all_in(&parts.join(" "), who)
        })
        .collect()
}

/// What changed: first those that stand as they did are paired, then those with the same words, then those of the same
/// speaker whose words are alike.
pub(super) fn compare(former: &[Quote], now: &[Quote]) -> Vec<QuoteChange> {
    let mut left: Vec<&Quote> = former.iter().collect();
    let mut open: Vec<&Quote> = now.iter().collect();
    let mut take = |left: &mut Vec<&Quote>, fits: &dyn Fn(&Quote, &Quote) -> bool| {
        let mut pairs = Vec::new();
        open.retain(|quote| {
            let at = left.iter().position(|old| fits(old, quote));
            pairs.extend(at.map(|at| (left.remove(at).clone(), (*quote).clone())));
            at.is_none()
        });
        pairs
    };
    take(&mut left, &|old, new| old == new);
    let speakers = take(&mut left, &|old, new| old.text == new.text);
    let wordings = take(&mut left, &|old, new| {
        old.who == new.who && normalized_levenshtein(&old.text, &new.text) >= ALIKE
    });
    let speakers = speakers
        .into_iter()
        .map(|(former, now)| QuoteChange::Speaker { former, now });
    let wordings = wordings
        .into_iter()
        .map(|(former, now)| QuoteChange::Wording { former, now });
    let new = open.into_iter().map(|now| QuoteChange::New { now: now.clone() });
    let gone = left.into_iter().map(|former| QuoteChange::Gone {
        former: former.clone(),
    });
    speakers.chain(wordings).chain(new).chain(gone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quote(text: &str, who: &str) -> Quote {
        Quote {
            text: text.to_owned(),
            who: Some(who.to_owned()),
        }
    }

    #[test]
    fn quotations_are_found_whatever_their_marks() {
        let texts =
            |said: &str| -> Vec<String> { Quote::all_in(said, None).into_iter().map(|q| q.text).collect() };
        assert_eq!(
            texts("\"It is over,\" and \"everyone knows it.\""),
            ["It is over", "everyone knows it"]
        );
        assert_eq!(texts("угоду «пасткою», а її — „грою“"), ["пасткою", "грою"]);
        assert_eq!(texts("합의를 ‘함정’이라고"), ["함정"]);
        assert!(texts("nothing, and \"nothing more").is_empty());
    }

    #[test]
    fn what_changed_is_told_apart() {
        let former = [
            quote("We have no choice", "Lund"),
            quote("It will open in May", "Oya"),
            quote("Nobody was asked", "Lund"),
            quote("It is a trap", "the union"),
        ];
        let now = [
            quote("We have no choice", "Lund"),
            quote("It will open in June", "Oya"),
            quote("Nobody was asked", "the union"),
            quote("All is well", "the bank"),
        ];
        let pair = |i: usize| (former[i].clone(), now[i].clone());
        let ((old, new), (from, to)) = (pair(2), pair(1));
        assert_eq!(
            compare(&former, &now),
            [
                QuoteChange::Speaker {
                    former: old,
                    now: new
                },
                QuoteChange::Wording {
                    former: from,
                    now: to
                },
                QuoteChange::New { now: now[3].clone() },
                QuoteChange::Gone {
                    former: former[3].clone()
                },
            ]
        );
        assert!(compare(&now, &now).is_empty());
    }
}
