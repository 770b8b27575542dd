//! "Lund: “It is over.”": a speaker's name and a colon at the head of a headline or of a turn in a transcript.

use std::collections::HashSet;

use super::kinds::{kind_of, words};
use super::lexicon::{Lexicon, class};
use super::{Draft, Form, Polarity, SourceKind, Stance};
use crate::text::span::Span;

/// The longest label, in bytes and in words.
const LONGEST: (usize, usize) = (60, 7);

/// How many claims after a headline may tell that whom it names speaks.
const NEXT: usize = 4;

/// Finds blocks that a speaker's name opens. The names of the text are gathered once, when a block needs them.
pub(super) struct Labels<'a> {
    text: &'a str,
    lexicon: &'static Lexicon,
    names: Option<HashSet<String>>,
    /// The colon of a headline.
    headline: Option<Span>,
}

impl<'a> Labels<'a> {
    pub(super) fn new(text: &'a str, lexicon: &'static Lexicon) -> Self {
        Self {
            text,
            lexicon,
            names: None,
            headline: None,
        }
    }

    /// The attribution of a block that is nothing but a name, a colon and what was said. `headline`: the block is
    /// one; a name in capitals opens a turn anywhere else.
    /// `label`: what the layout of the article has taken for a label.
    pub(super) fn read(&mut self, block: Span, label: Option<Span>, headline: bool) -> Option<Draft> {
        if self.lexicon.list("labels-speakers").is_empty() {
            return None;
        }
        let text = self.text;
        if let Some(label) = label {
            let bare = label.of(text).trim_end_matches([':', ' ']);
            let label = Span::new(label.start, label.start + bare.len());
            let (quote, source) = self.signed(label, block)?;
            return Some(draft(text, source, label, quote));
        }
        let part = block.of(text);
        let colon = part.bytes().take(LONGEST.0).position(|b| b == b':')?;
        let label = Span::new(block.start, block.start + colon).trimmed(text);
        let said = Span::new(block.start + colon + 1, block.end).trimmed(text);
        // A paraphrase stands without its stop, as everywhere.
        let bare = said.of(text).trim_end_matches('.').len();
        let said = Span::new(said.start, said.start + bare);
        let opens = opens_quotation(said.of(text)) || said.of(text).starts_with(char::is_uppercase);
        if !opens || words(said.of(text)).nth(2).is_none() {
            return None;
        }
        let source = self.speaker(label, headline)?;
        let cue = Span::new(block.start + colon, block.start + colon + 1);
        self.headline = self.headline.or(headline.then_some(cue));
        Some(draft(text, source, cue, said))
    }

    /// `Quote: "…" (Lund)`: the quotation and the name in brackets.
    fn signed(&self, label: Span, said: Span) -> Option<(Span, Span)> {
        let lower = label.of(self.text).to_lowercase();
        let part = said.of(self.text);
        let open = part.rfind('(').filter(|_| part.ends_with(')'))?;
        let quote = Span::new(said.start, said.start + open).trimmed(self.text);
        let name = Span::new(said.start + open + 1, said.end - 1).trimmed(self.text);
        let fits =
            self.lexicon.list("labels-quotes").contains(&lower) && form(quote.of(self.text)) == Form::Direct;
        (fits && name.of(self.text).starts_with(char::is_uppercase)).then_some((quote, name))
    }

    /// Who the label names, without the place or the listener ("Lund at the fair", "Lund to Berg").
    fn speaker(&mut self, label: Span, headline: bool) -> Option<Span> {
        let name = label.of(self.text);
        let bits = |w: &str| self.lexicon.word(&w.to_lowercase()).classes;
        let upper = |w: &str| w.chars().all(|c| !c.is_lowercase());
        let capital = |w: &str| w.starts_with(char::is_uppercase);
        let all: Vec<(usize, &str)> = words(name).collect();
        let plain = all
            .iter()
            .all(|(_, w)| capital(w) || bits(w) & class::PREPOSITION != 0);
        let odd = |c: char| matches!(c, '!' | '?' | ';' | ',' | '"' | '“' | '”' | '/' | '@');
        if all.is_empty() || all.len() > LONGEST.1 || !plain || name.contains(odd) {
            return None;
        }
        let link = all.iter().position(|(_, w)| bits(w) & class::PREPOSITION != 0);
        let head = match link {
            Some(0) => return None,
            Some(link) => Span::new(label.start, label.start + all[link].0).trimmed(self.text),
            None => label,
        };
        let last = all[..link.unwrap_or(all.len())].last()?.1;
        if bits(all[0].1) & class::DETERMINER != 0 || bits(last) != 0 {
            return None;
        }
        let told = matches!(
            kind_of(head.of(self.text), self.lexicon),
            SourceKind::Outlet | SourceKind::Group | SourceKind::Document
        );
        if headline && told {
            return Some(head);
        }
        let shown = upper(name) && last.len() > 2;
        ((headline || shown && !told) && self.is_name(last)).then_some(head)
    }

    /// Takes back the claim of a headline that may name its topic ("Lund: Mayor leaves office"): unless it begins with
    /// a quotation, the one it names must be told to speak by one of the next `drafts`.
    pub(super) fn confirm(&self, drafts: &mut [Draft]) {
        let Some((first, rest)) = drafts.split_first_mut() else {
            return;
        };
        if self.headline.is_none()
            || first.cue.first() != self.headline.as_ref()
            || first.content.iter().any(|c| opens_quotation(c.of(self.text)))
        {
            return;
        }
        let name = first.source.first().map_or("", |s| s.of(self.text));
        let told = matches!(
            kind_of(name, self.lexicon),
            SourceKind::Outlet | SourceKind::Group | SourceKind::Document
        );
        let last = words(name).last().map_or("", |(_, w)| w);
        let said = |d: &&Draft| !matches!(d.stance, Stance::Think | Stance::Promise);
        let named = |d: &Draft| {
            d.source
                .iter()
                .any(|s| words(s.of(self.text)).any(|(_, w)| w == last))
        };
        if !told && !rest.iter().take(NEXT).filter(said).any(named) {
            first.cue.clear();
        }
    }

    /// Whether the text names somebody so inside of a sentence.
    fn is_name(&mut self, word: &str) -> bool {
        let text = self.text;
        let names = self.names.get_or_insert_with(|| {
            let mut names = HashSet::new();
            let mut end = 0;
            for (at, word) in words(text) {
                // After a space and no stop, a capital makes a name; the first letter of a line does not.
                let gap = &text[end..at];
                if end > 0 && gap == " " && word.starts_with(char::is_uppercase) {
                    let bare = word.trim_end_matches("'s").trim_end_matches("’s");
                    names.insert(bare.to_lowercase());
                }
                end = at + word.len();
            }
            names
        });
        names.contains(&word.to_lowercase())
    }
}

fn draft(text: &str, source: Span, cue: Span, said: Span) -> Draft {
    Draft {
        form: form(said.of(text)),
        stance: Stance::Say,
        polarity: Polarity::Asserted,
        source: vec![source],
        cue: vec![cue],
        content: vec![said],
        parent: None,
        antecedent: None,
    }
}

fn opens_quotation(said: &str) -> bool {
    said.starts_with(['"', '“', '\'', '‘'])
}

/// Direct if all of it is quoted.
fn form(said: &str) -> Form {
    let quote = |c: char| matches!(c, '"' | '“' | '”' | '\'' | '‘' | '’');
    let ends = said.trim_end_matches(['.', ' ']).ends_with(quote);
    if said.starts_with(quote) && ends {
        Form::Direct
    } else {
        Form::Indirect
    }
}
