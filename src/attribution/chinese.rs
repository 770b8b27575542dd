//! Sentence → attributions for Chinese: source + cue + content in this order, "据…报道" before the content, or a
//! quotation before source and cue. There are no spaces: cues are sought in the text between quotations.

use std::ops::Range;

use super::lexicon::{Entry, Lexicon};
use super::passage::Passage;
use super::{Draft, Form, Polarity, Stance};
use crate::text::span::Span;

/// The longest cue, in bytes.
const LONGEST: usize = 18;
/// The longest source, in bytes.
const LONGEST_SOURCE: usize = 150;

/// Reads the sentence `unit`.
pub(super) fn read(passage: &Passage<'_>, unit: &Range<usize>, drafts: &mut Vec<Draft>) {
    let whole = passage.span(unit);
    let quotes: Vec<Span> = unit
        .clone()
        .filter(|&k| passage.is_quote(k))
        .map(|k| passage.tokens[k].span)
        .collect();
    let mut reader = Reader {
        text: passage.text,
        lexicon: passage.lexicon,
        whole,
        quotes,
        from: whole.start,
        source: None,
    };
    if reader.opening(drafts) {
        return;
    }
    let mut at = whole.start;
    while at < whole.end {
        if let Some(quote) = reader.quote_at(at) {
            at = quote.end;
            continue;
        }
        match reader.cue(at, drafts) {
            Some(end) => at = end.max(at + 1),
            None => at += passage.text[at..].chars().next().map_or(1, char::len_utf8),
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    lexicon: &'static Lexicon,
    whole: Span,
    quotes: Vec<Span>,
    /// Where the next source may begin.
    from: usize,
    /// The source named last in this sentence.
    source: Option<Span>,
}

impl Reader<'_> {
    fn rest(&self, at: usize) -> &str {
        self.text.get(at..self.whole.end).unwrap_or("")
    }

    /// The quotation that covers `at`.
    fn quote_at(&self, at: usize) -> Option<Span> {
        let index = self.quotes.partition_point(|q| q.end <= at);
        self.quotes.get(index).copied().filter(|q| q.start <= at)
    }

    /// The longest word of `list` that stands at `at`.
    fn word_at(&self, list: &str, at: usize) -> Option<&str> {
        let rest = self.rest(at);
        self.lexicon
            .list(list)
            .iter()
            .filter(|w| rest.starts_with(w.as_str()))
            .max_by_key(|w| w.len())
            .map(String::as_str)
    }

    /// "据路透社报道，C", "据悉，C" at the start of the sentence.
    fn opening(&mut self, drafts: &mut Vec<Draft>) -> bool {
        let start = self.whole.start;
        let Some(comma) = self
            .rest(start)
            .char_indices()
            .take(60)
            .find(|(_, c)| matches!(c, '，' | ',' | '：'))
            .map(|(k, _)| start + k)
        else {
            return false;
        };
        let content = self.trimmed(comma, self.whole.end);
        if content.is_empty() || self.quotes.iter().any(|q| q.start < comma) {
            return false;
        }
        if let Some(word) = self.word_at("hearsay", start)
            && start + word.len() == comma
        {
            let cue = Span::new(start, comma);
            drafts.push(self.draft(
                Stance::Report,
                Polarity::Unconfirmed,
                None,
                vec![cue],
                content,
                Some(Form::Hearsay),
            ));
            return true;
        }
        let Some(opens) = self.word_at("according", start).map(str::len) else {
            return false;
        };
        let named = Span::new(start + opens, comma);
        let tail = self
            .lexicon
            .list("reported")
            .iter()
            .filter(|w| named.of(self.text).ends_with(w.as_str()))
            .map(|w| w.len())
            .max()
            .unwrap_or(0);
        let source = Span::new(named.start, named.end - tail).trimmed(self.text);
        if source.is_empty() {
            return false;
        }
        let mut cue = vec![Span::new(start, start + opens)];
        if tail > 0 {
            cue.push(Span::new(source.end, comma));
        }
        let stance = if tail > 0 && named.of(self.text).contains("报道") {
            Stance::Report
        } else {
            Stance::Say
        };
        drafts.push(self.draft(stance, Polarity::Asserted, Some(source), cue, content, None));
        true
    }

    /// The cue at `at`; gives where to read on.
    fn cue(&mut self, at: usize, drafts: &mut Vec<Draft>) -> Option<usize> {
        let (entry, len) = self.entry(at)?;
        if self.lexicon.list("not-cues").iter().any(|w| self.around(at, w)) {
            return None;
        }
        let end = at + len;
        let clause = self.clause_start(at);
        let (named, relayed, negated) = self.source(clause, at)?;
        let after = self.rest(end).chars().next();
        let content = if after.is_none_or(|c| matches!(c, '。' | '！' | '？' | '.' | '”')) {
            self.trimmed(self.from, clause)
        } else {
            let limit = self.next_clause(end).unwrap_or(self.whole.end);
            self.trimmed(end, limit)
        };
        let source = named.or(self.source)?;
        if content.is_empty() {
            return None;
        }
        self.source = Some(source);
        let polarity = if negated {
            Polarity::Unconfirmed
        } else {
            entry.polarity
        };
        let own = drafts.len();
        let cue = Span::new(at, end);
        drafts.push(self.draft(entry.stance, polarity, Some(source), vec![cue], content, None));
        if let Some((origin, word)) = relayed {
            let mut child = self.draft(
                Stance::Cite,
                Polarity::Asserted,
                Some(origin),
                vec![word],
                content,
                None,
            );
            child.parent = Some(own);
            drafts.push(child);
        }
        self.from = content.end.max(end);
        // What is said may hold another saying only after a clause border.
        Some(self.from)
    }

    /// Whether `word`, which is no cue, covers the position `at`.
    fn around(&self, at: usize, word: &str) -> bool {
        word.char_indices().any(|(k, _)| {
            at.checked_sub(k).is_some_and(|start| {
                start >= self.whole.start && self.text.get(start..).is_some_and(|t| t.starts_with(word))
            })
        })
    }

    fn entry(&self, at: usize) -> Option<(&'static Entry, usize)> {
        let rest = self.rest(at);
        let ends: Vec<usize> = rest
            .char_indices()
            .map(|(k, c)| k + c.len_utf8())
            .take_while(|&k| k <= LONGEST)
            .collect();
        ends.iter().rev().find_map(|&len| {
            let index = self.lexicon.word(rest.get(..len)?).entries.first()?;
            self.lexicon.entries.get(*index).map(|entry| (entry, len))
        })
    }

    /// Where the clause that holds `at` begins.
    fn clause_start(&self, at: usize) -> usize {
        let floor = self.quotes[..self.quotes.partition_point(|q| q.end <= at)]
            .last()
            .map_or(self.from, |q| q.end)
            .max(self.from)
            .max(at.saturating_sub(600));
        let floor = (floor..=at)
            .find(|&k| self.text.is_char_boundary(k))
            .unwrap_or(at);
        let part = self.text.get(floor..at).unwrap_or("");
        part.char_indices()
            .rev()
            .find(|(_, c)| matches!(c, '，' | ',' | '；' | '：' | '。' | '、'))
            .map_or(floor, |(k, c)| floor + k + c.len_utf8())
    }

    /// The source between `clause` and the cue at `at`; whom it relays; whether the cue is negated.
    #[allow(clippy::type_complexity)]
    fn source(&self, clause: usize, at: usize) -> Option<(Option<Span>, Option<(Span, Span)>, bool)> {
        let mut span = Span::new(clause, at).trimmed(self.text);
        let leads = self.lexicon.list("lead");
        while let Some(lead) = leads.iter().find(|w| span.of(self.text).starts_with(w.as_str())) {
            span = Span::new(span.start + lead.len(), span.end).trimmed(self.text);
        }
        let mut negated = false;
        loop {
            let part = span.of(self.text);
            let Some(trail) = self
                .lexicon
                .list("trail")
                .iter()
                .filter(|w| part.ends_with(w.as_str()))
                .max_by_key(|w| w.len())
            else {
                break;
            };
            negated |= self.lexicon.list("negation").contains(trail);
            span = Span::new(span.start, span.end - trail.len()).trimmed(self.text);
        }
        // "发言人在电子邮件中表示": where it was said.
        let part = span.of(self.text);
        if part.ends_with(['中', '时', '上', '后', '里'])
            && let Some(cut) = part.find('在').filter(|&k| k > 0)
        {
            span = Span::new(span.start, span.start + cut);
        }
        if span.len() > LONGEST_SOURCE {
            return None;
        }
        let part = span.of(self.text);
        for word in self.lexicon.list("relay") {
            if let Some(cut) = part.find(word.as_str()).filter(|&k| k > 0) {
                let origin_start = span.start + cut + word.len();
                let origin = Span::new(origin_start, span.end);
                let tail = self
                    .lexicon
                    .list("relay-ends")
                    .iter()
                    .find(|w| origin.of(self.text).ends_with(w.as_str()))
                    .map_or(0, String::len);
                let origin = Span::new(origin.start, origin.end - tail);
                let relayer = Span::new(span.start, span.start + cut);
                return Some((
                    Some(relayer),
                    Some((origin, Span::new(span.start + cut, origin_start))),
                    negated,
                ));
            }
        }
        Some(((!span.is_empty()).then_some(span), None, negated))
    }

    /// Where the next clause with a source and a cue of its own begins, if there is one.
    fn next_clause(&self, from: usize) -> Option<usize> {
        let mut at = from;
        let mut border: Option<usize> = None;
        while at < self.whole.end.min(from + 1500) {
            if let Some(quote) = self.quote_at(at) {
                at = quote.end;
                continue;
            }
            let c = self.text[at..].chars().next()?;
            if matches!(c, '，' | '；') {
                border = Some(at);
            } else if let Some(border) = border
                && at - border <= 60
                && self.entry(at).is_some_and(|(e, len)| {
                    len > 3 && !matches!(e.stance, Stance::Think | Stance::Ask | Stance::Estimate)
                        || self.rest(at + len).starts_with(['，', '：', '“'])
                })
                && !self.lexicon.list("not-cues").iter().any(|w| self.around(at, w))
            {
                return Some(border);
            }
            at += c.len_utf8();
        }
        None
    }

    /// `[start, end)` without marks and white space at either end.
    fn trimmed(&self, start: usize, end: usize) -> Span {
        let part = self.text.get(start..end).unwrap_or("");
        let loose: &[char] = &[
            '，', '：', '；', '。', ',', ':', ' ', '\u{3000}', '！', '？', '\n',
        ];
        let inner = part.trim_start_matches(loose);
        let begin = start + (part.len() - inner.len());
        Span::new(begin, begin + inner.trim_end_matches(loose).len())
    }

    fn draft(
        &self,
        stance: Stance,
        polarity: Polarity,
        source: Option<Span>,
        cue: Vec<Span>,
        content: Span,
        form: Option<Form>,
    ) -> Draft {
        let first = self.quotes.partition_point(|q| q.start < content.start);
        let quoted: Vec<&Span> = self.quotes[first..]
            .iter()
            .take(2)
            .filter(|q| content.contains(**q))
            .collect();
        let form = form.unwrap_or(match quoted.as_slice() {
            [] => Form::Indirect,
            [only] if **only == content => Form::Direct,
            _ => Form::Mixed,
        });
        Draft {
            form,
            stance,
            polarity,
            source: source.into_iter().collect(),
            cue,
            content: vec![content],
            parent: None,
            antecedent: None,
        }
    }
}
