//! The texts that were made of an article, as editorial systems see them: each a news item with its own language,
//! headline and statements.

use sha2::{Digest as _, Sha256};

use crate::align::{Claim, Ledger, Parts};
use crate::article::{Article, Document, Provenance};
use crate::attribution::{Attribution, Claims, Form, Polarity, SourceKind, attribute_text};
use crate::finding::Finding;
use crate::render::{Digest, ModelUsed, Translation, headline, translation};
use crate::summarise::SentenceMethod;
use crate::text::language::Language;
use crate::text::segment::joint;
use crate::text::sha256::hex;
use crate::text::span::Span;

/// What a text is to the article.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The article itself.
    Original,
    /// Its summary, in its language.
    Summary,
    /// The summary or the article in another language.
    Translation,
}

/// One text.
#[derive(Clone, Debug)]
pub struct Rendition {
    /// What it is.
    pub role: Role,
    /// What names it everywhere: of the article's text, the role and the language alone, so that the same input gives the
    /// same name.
    pub uri: String,
    /// In which language it is.
    pub language: Language,
    /// Its headline.
    pub headline: Option<String>,
    /// The text below the headline, its paragraphs.
    pub paragraphs: Vec<String>,
    /// Who says what in it.
    pub statements: Vec<Statement>,
    /// What somebody must look at, one line each.
    pub findings: Vec<String>,
    /// The rendition that it translates or shortens, an index into the list that it stands in.
    pub of: Option<usize>,
    /// Whether a model wrote it.
    pub by_model: bool,
    /// What made it, in one line; empty for the original.
    pub tool: String,
    /// What the input says of the article; of what was made of it, what binds whoever uses that.
    pub provenance: Provenance,
}

/// Who says what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Who, by the fullest name that is known; none if the text does not say.
    pub who: Option<String>,
    /// How this text names them.
    pub named: Option<String>,
    /// What kind of source.
    pub kind: Option<SourceKind>,
    /// Whether the words are theirs.
    pub quoted: bool,
    /// What they say.
    pub text: String,
    /// Who relays it, by the fullest name that is known.
    pub relayed_by: Option<String>,
}

/// The article, its summary and the summary's translations.
pub fn renditions_of_digest(digest: &Digest, models: &[ModelUsed]) -> Vec<Rendition> {
    let article = &digest.document.article;
    let mut all = vec![original(&digest.document, &digest.claims)];
    let sentences: Vec<&str> = digest.summary.sentences.iter().map(|s| s.text.as_str()).collect();
    let (text, spans) = joined(&sentences);
    let claims = attribute_text(&text, digest.summary.language, &spans);
    all.push(Rendition {
        role: Role::Summary,
        uri: uri(article, "summary", digest.summary.language),
        language: digest.summary.language,
        headline: digest.headline(),
        paragraphs: vec![text.clone()],
        statements: of_claims(&text, &claims),
        findings: lines(&digest.summary.findings),
        of: Some(0),
        by_model: digest
            .summary
            .sentences
            .iter()
            .any(|s| s.method != SentenceMethod::Extractive),
        tool: super::tool(models),
        provenance: binding(article),
    });
    for translation in &digest.translations {
        let mut segments = translation.segments.iter().map(|s| s.text.clone());
        let headline = segments.by_ref().take(digest.lead()).next();
        let body = segments.collect::<Vec<_>>().join(joint(translation.language));
        all.push(translated(
            article,
            "summary",
            translation,
            headline,
            vec![body],
            1,
            models,
        ));
    }
    all
}

/// The article and one translation of it.
pub fn renditions_of_translation(
    document: &Document,
    claims: &Claims,
    translation: &Translation,
    models: &[ModelUsed],
) -> Vec<Rendition> {
    let (headline, paragraphs) = translation::parts(document, translation);
    let text = translated(
        &document.article,
        "text",
        translation,
        headline,
        paragraphs,
        0,
        models,
    );
    vec![original(document, claims), text]
}

fn original(document: &Document, claims: &Claims) -> Rendition {
    let article = &document.article;
    Rendition {
        role: Role::Original,
        uri: address(article).unwrap_or_else(|| uri(article, "original", article.language)),
        language: article.language,
        headline: headline(article),
        paragraphs: Vec::new(),
        statements: of_claims(&article.text, claims),
        findings: Vec::new(),
        of: None,
        by_model: false,
        tool: String::new(),
        provenance: article.provenance.clone(),
    }
}

/// What holds for every text that is made of the article: until when none may be published, and on which terms.
fn binding(article: &Article) -> Provenance {
    Provenance {
        embargo: article.provenance.embargo.clone(),
        usage: article.provenance.usage.clone(),
        ..Provenance::default()
    }
}

fn translated(
    article: &Article,
    what: &str,
    translation: &Translation,
    headline: Option<String>,
    paragraphs: Vec<String>,
    of: usize,
    models: &[ModelUsed],
) -> Rendition {
    Rendition {
        role: Role::Translation,
        uri: uri(article, what, translation.language),
        language: translation.language,
        headline,
        paragraphs,
        statements: of_ledger(&translation.ledger),
        findings: lines(&translation.findings),
        of: Some(of),
        by_model: true,
        tool: super::tool(models),
        provenance: binding(article),
    }
}

/// The sentences with a space between them, and where each stands.
fn joined(sentences: &[&str]) -> (String, Vec<Span>) {
    let mut text = String::new();
    let mut spans = Vec::with_capacity(sentences.len());
    for sentence in sentences {
        if !text.is_empty() {
            text.push(' ');
        }
        spans.push(Span::new(text.len(), text.len() + sentence.len()));
        text.push_str(sentence);
    }
    (text, spans)
}

fn lines(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(crate::render::words::finding).collect()
}

/// The article's own address or name, if it is a URI.
fn address(article: &Article) -> Option<String> {
    let url = article.provenance.url.as_ref()?;
    let (scheme, rest) = url.split_once(':')?;
    let sound = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        && !rest.is_empty()
        && !url.contains(|c: char| c.is_whitespace() || c.is_control() || "<>\"{}|\\^`".contains(c));
    sound.then(|| url.clone())
}

/// A name by RFC 9562 (a UUID of version 8): of the content alone.
fn uri(article: &Article, what: &str, language: Language) -> String {
    let mut hash = Sha256::new();
    for part in [article.text.as_str(), what, language.code()] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let part = |range: std::ops::Range<usize>| hex(&bytes[range]);
    format!(
        "urn:uuid:{}-{}-{}-{}-{}",
        part(0..4),
        part(4..6),
        part(6..8),
        part(8..10),
        part(10..16)
    )
}

/// The words of some spans, in one line.
fn words(text: &str, spans: &[Span]) -> Option<String> {
    let parts: Vec<&str> = spans.iter().flat_map(|s| s.of(text).split_whitespace()).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// What is said, in words that stand by themselves: a quotation without its marks; what is denied or left open together
/// with who does so, since its content alone would say the contrary.
fn statement(text: &str, polarity: Polarity, quoted: bool, parts: &Parts) -> Option<String> {
    let whole = || {
        let spans = [&parts.source, &parts.cue, &parts.content];
        spans.into_iter().flatten().copied().reduce(Span::cover)
    };
    let content = words(text, &parts.content)?;
    Some(match polarity {
        Polarity::Asserted if quoted => without_marks(&content),
        Polarity::Asserted => content,
        Polarity::Denied | Polarity::Unconfirmed => words(text, &[whole()?])?,
    })
}

/// The words inside the quotation marks around `quotation`, and without the comma that the sentence puts before the last.
fn without_marks(quotation: &str) -> String {
    let is_mark = |c: char| "\"“”„«»‘’‚‹›「」『』".contains(c);
    let inner = quotation.trim_start_matches(is_mark).trim_end_matches(is_mark);
    inner.trim_end_matches([',', '，']).to_owned()
}

fn of_claims(text: &str, claims: &Claims) -> Vec<Statement> {
    let name = |source: Option<usize>| source.and_then(|s| claims.sources.get(s)).map(|s| s.name.clone());
    let one = |claim: &Attribution| {
        let parts = Parts {
            source: claim.source_spans.clone(),
            cue: claim.cue_spans.clone(),
            content: claim.content_spans.clone(),
        };
        let quoted = claim.form == Form::Direct;
        Some(Statement {
            who: name(claim.source),
            named: words(text, &claim.source_spans),
            kind: claim.source.and_then(|s| claims.sources.get(s)).map(|s| s.kind),
            quoted,
            text: statement(text, claim.polarity, quoted, &parts)?,
            relayed_by: claim
                .parent
                .and_then(|p| claims.attributions.get(p))
                .and_then(|p| name(p.source)),
        })
    };
    claims.attributions.iter().filter_map(one).collect()
}

fn of_ledger(ledger: &Ledger) -> Vec<Statement> {
    let text = &ledger.target.text;
    let relayer = |claim: &Claim| {
        claim
            .parent
            .and_then(|p| ledger.claims.get(p))
            .and_then(|p| p.who.clone())
    };
    let one = |claim: &Claim| {
        let quoted = claim.form == Form::Direct;
        Some(Statement {
            who: claim.who.clone(),
            named: words(text, &claim.target.source),
            kind: claim.kind,
            quoted,
            text: statement(
                text,
                claim.target_polarity.unwrap_or(claim.polarity),
                quoted,
                &claim.target,
            )?,
            relayed_by: relayer(claim),
        })
    };
    ledger.claims.iter().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::segment::sentences;

    fn statements(text: &str) -> Vec<(String, String)> {
        let spans = sentences(text, Language::EN);
        of_claims(text, &attribute_text(text, Language::EN, &spans))
            .into_iter()
            .map(|s| (s.who.unwrap_or_default(), s.text))
            .collect()
    }

    #[test]
    fn a_denial_is_told_whole_and_a_quotation_without_its_marks() {
        let text = "\"It is over,\" said Anna Lund. Lund denied that the line had made a loss. The port said it would open.";
        assert_eq!(
            statements(text),
            [
                ("Anna Lund", "It is over"),
                ("Anna Lund", "Lund denied that the line had made a loss"),
                ("The port", "it would open"),
            ]
            .map(|(who, what)| (who.to_owned(), what.to_owned()))
        );
    }
}
