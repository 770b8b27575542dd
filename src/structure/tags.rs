//! Markup → its tokens, each with its place: nothing is mended, so that what is not translated stays byte for byte.

use crate::text::span::Span;

/// A stretch of markup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// Text, as it is written.
    Text(Span),
    /// A start tag; its name in small letters.
    Open(String, Span),
    /// An end tag.
    Close(String, Span),
    /// A comment, a declaration, or an element that holds no text for readers.
    Other(Span),
}

/// Elements that hold no text for readers, or text that is set out by hand; they end with the first end tag of their name.
const SILENT: &[&str] = &[
    "script", "style", "noscript", "template", "svg", "math", "iframe", "object", "canvas", "audio", "video",
    "select", "textarea", "datalist", "pre",
];

/// The tokens of `text`, which they cover without a gap.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let (mut at, mut open) = (0, 0);
    while let Some(found) = text[at..].find('<') {
        let start = at + found;
        let Some((token, end)) = token(text, start) else {
            at = start + 1;
            continue;
        };
        if open < start {
            tokens.push(Token::Text(Span::new(open, start)));
        }
        tokens.push(token);
        (at, open) = (end, end);
    }
    if open < text.len() {
        tokens.push(Token::Text(Span::new(open, text.len())));
    }
    tokens
}

fn token(text: &str, start: usize) -> Option<(Token, usize)> {
    let rest = &text[start..];
    let until = |mark: &str| rest.find(mark).map_or(text.len(), |at| start + at + mark.len());
    if rest.starts_with("<!--") {
        let end = until("-->");
        return Some((Token::Other(Span::new(start, end)), end));
    }
    if rest.starts_with("<!") || rest.starts_with("<?") {
        let end = until(">");
        return Some((Token::Other(Span::new(start, end)), end));
    }
    let ends = rest.starts_with("</");
    let name = &rest[1 + usize::from(ends)..];
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let length = name.find(|c: char| c.is_whitespace() || matches!(c, '/' | '>'))?;
    let name = name[..length].to_ascii_lowercase();
    let end = start + end_of_tag(rest)?;
    let span = Span::new(start, end);
    if ends {
        return Some((Token::Close(name, span), end));
    }
    if SILENT.contains(&name.as_str()) && !rest[..end - start].ends_with("/>") {
        let end = end_of_element(text, end, &name);
        return Some((Token::Other(Span::new(start, end)), end));
    }
    Some((Token::Open(name, span), end))
}

/// The length of the tag that `rest` begins with: a bracket in a quoted value does not end it.
fn end_of_tag(rest: &str) -> Option<usize> {
    let mut quote = None;
    let mut before = b' ';
    for (at, b) in rest.bytes().enumerate() {
        match (quote, b) {
            (Some(open), _) if open == b => quote = None,
            (None, b'"' | b'\'') if before == b'=' => quote = Some(b),
            (None, b'>') => return Some(at + 1),
            _ => {}
        }
        if !b.is_ascii_whitespace() {
            before = b;
        }
    }
    // a quote that is never closed
    rest.find('>').map(|at| at + 1)
}

fn end_of_element(text: &str, from: usize, name: &str) -> usize {
    let mut at = from;
    while let Some(found) = text[at..].find("</") {
        let after = at + found + 2;
        let is_it = text
            .get(after..after + name.len())
            .is_some_and(|n| n.eq_ignore_ascii_case(name));
        if is_it {
            return text[after..].find('>').map_or(text.len(), |end| after + end + 1);
        }
        at = after;
    }
    text.len()
}

/// The attributes of the start tag at `tag`: name in small letters, and the place of the value, its quotes included.
pub(super) fn attributes(text: &str, tag: Span) -> Vec<(String, Span)> {
    let mut found = Vec::new();
    let whole = tag.of(text);
    let bytes = whole.as_bytes();
    let skip = |from: usize, wanted: &dyn Fn(u8) -> bool| {
        from + bytes[from..].iter().take_while(|&&b| wanted(b)).count()
    };
    let space = |b: u8| b.is_ascii_whitespace() || b == b'/';
    let mut at = skip(0, &|b| !space(b) && b != b'>');
    loop {
        at = skip(at, &space);
        if at >= bytes.len() || bytes[at] == b'>' {
            return found;
        }
        let name_end = skip(at + 1, &|b| !space(b) && b != b'>' && b != b'=');
        let name = whole[at..name_end].to_ascii_lowercase();
        at = skip(name_end, &|b| b.is_ascii_whitespace());
        if bytes.get(at) != Some(&b'=') {
            continue;
        }
        at = skip(at + 1, &|b| b.is_ascii_whitespace());
        let end = match bytes.get(at) {
            Some(&quote @ (b'"' | b'\'')) => skip(at + 1, &|b| b != quote) + 1,
            _ => skip(at, &|b| !b.is_ascii_whitespace() && b != b'>'),
        };
        let end = end.min(bytes.len());
        found.push((name, Span::new(at, end).shifted(tag.start)));
        at = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_cover_what_is_broken_too() {
        for text in [
            "<p title='a > b'>x < y</p><!-- <b> --><script>if (a<b) '</p>'</script>z",
            "<p <b>x</",
            "<!-- open",
            "<script>never",
            "a < b > c",
            "<a href=\"x>y",
            "<",
        ] {
            let mut at = 0;
            for token in tokens(text) {
                let (Token::Text(s) | Token::Other(s) | Token::Open(_, s) | Token::Close(_, s)) = token;
                assert_eq!(s.start, at, "{text}");
                at = s.end;
            }
            assert_eq!(at, text.len(), "{text}");
        }
    }

    #[test]
    fn attributes_have_their_places() {
        let tag = "<img hidden alt = 'A > b' src=x.png title=\"\"/>";
        let found = attributes(tag, Span::new(0, tag.len()));
        let shown: Vec<_> = found
            .iter()
            .map(|(name, span)| (name.as_str(), span.of(tag)))
            .collect();
        assert_eq!(shown, [("alt", "'A > b'"), ("src", "x.png"), ("title", "\"\"")]);
    }
}
