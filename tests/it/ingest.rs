//! Bytes → articles, through the library: what is kept, what is left out, what is refused.

use byline::article::{Article, BlockKind, Document, Format, read};
use byline::error::Error;
use byline::text::language::Language;

use crate::article;

fn one(name: &str, bytes: &[u8]) -> Result<Article, Error> {
    let mut all = read(name, bytes, None, None)?;
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn sample(name: &str) -> Document {
    let path = article(name);
    let bytes = std::fs::read(&path).unwrap();
    Document::new(one(path.to_str().unwrap(), &bytes).unwrap())
}

/// What holds for every article, whatever it came from.
fn check_invariants(document: &Document) {
    let article = &document.article;
    let mut end = 0;
    for block in &article.blocks {
        assert!(block.span.start >= end && block.span.end <= article.text.len());
        assert_eq!(block.span.trimmed(&article.text), block.span);
        assert!(block.label.is_none_or(|label| block.span.contains(label)));
        end = block.span.end;
    }
    let mut end = 0;
    for (index, sentence) in document.sentences.iter().enumerate() {
        assert!(sentence.span.start >= end);
        assert!(article.blocks[sentence.block].span.contains(sentence.span));
        assert!(!document.sentence(index).trim().is_empty());
        end = sentence.span.end;
    }
}

#[test]
fn the_sectioned_sample() {
    let document = sample("harbour.en.txt");
    check_invariants(&document);
    let article = &document.article;
    assert_eq!(article.id, "harbour.en");
    assert_eq!(article.language, Language::EN);
    assert!(article.warnings.is_empty(), "{:?}", article.warnings);
    assert!(
        article
            .headline
            .unwrap()
            .of(&article.text)
            .starts_with("Veldmark harbour")
    );
    let kinds = |kind| article.blocks.iter().filter(|block| block.kind == kind).count();
    assert_eq!(kinds(BlockKind::SourceLine), 1);
    assert_eq!(kinds(BlockKind::ListItem), 6);
    let dropped: Vec<(&str, &str)> = article
        .dropped
        .iter()
        .map(|d| (d.text.as_str(), d.reason))
        .collect();
    assert_eq!(
        dropped,
        [
            ("Support The Veldmark Courier on Patreon!", "support appeal"),
            ("Share on Telegram", "share line"),
            ("Subscribe to our newsletter", "subscription line"),
            ("Latest news", "links to other articles"),
            ("Island ferry resumes with one boat", "links to other articles"),
            ("Council to vote on new tram line", "links to other articles"),
        ]
    );
    assert_eq!(
        document.sentence(4),
        "The Veldmark Courier, citing a spokesperson for the Harbour Authority; Coastline Radio"
    );
    assert_eq!(document.sentences.len(), 30);
}
