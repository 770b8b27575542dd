//! Text ↔ how a format writes it.

use quick_xml::escape::resolve_html5_entity;

/// How a format writes text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escape {
    /// As it is.
    Plain,
    /// Between tags.
    Html,
    /// In an attribute between double quotes.
    Attribute,
    /// Markdown.
    Markdown,
    /// A string in double quotes, of YAML or TOML.
    Quoted,
}

impl Escape {
    /// `text` as the format writes it.
    pub(super) fn apply(self, text: &str, out: &mut String) {
        // those that end nothing strike nothing through
        let struck = text.match_indices('~').any(|(at, _)| {
            let before = text[..at].chars().next_back().or(out.chars().next_back());
            let after = text[at + 1..].chars().next();
            let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            before != Some(' ') && (letter(before) || !letter(after))
        });
        for (at, c) in text.char_indices() {
            match (self, c) {
                (Self::Html | Self::Attribute, '\u{a0}') => out.push_str("&nbsp;"),
                (Self::Markdown, '~') if !struck => out.push(c),
                (Self::Markdown, _) if marks(out.chars().next_back(), &text[at..]) => {
                    out.push('\\');
                    out.push(c);
                }
                (Self::Html | Self::Attribute, '&') => out.push_str("&amp;"),
                (Self::Html | Self::Attribute, '<') => out.push_str("&lt;"),
                (Self::Html, '>') => out.push_str("&gt;"),
                (Self::Attribute, '"') => out.push_str("&quot;"),
                (Self::Quoted, '"' | '\\') => {
                    out.push('\\');
                    out.push(c);
                }
                _ => out.push(c),
            }
        }
    }

    /// Keeps `text`, which begins a block, from being read as the mark of another one.
    pub(super) fn begin(self, text: &mut String) {
        if self != Self::Markdown {
            return;
        }
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let parted = |at: usize| text.get(at..).is_none_or(|t| t.is_empty() || t.starts_with(' '));
        if text.starts_with('>') || (text.starts_with(['-', '+', ':']) && parted(1)) {
            text.insert(0, '\\');
        } else if digits > 0 && text[digits..].starts_with(['.', ')']) && parted(digits + 1) {
            text.insert(digits, '\\');
        }
    }
}

/// Whether Markdown may read what `rest` begins with as a mark, after `before`. Where a text ends a mark may follow.
fn marks(before: Option<char>, rest: &str) -> bool {
    let mut chars = rest.chars();
    let (sign, next) = (chars.next(), chars.next());
    let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let edge = |c: Option<char>| c.is_none_or(|c| c == ' ' || c == '#');
    match sign {
        Some('`' | '[' | ']' | '|' | '~') => true,
        Some('*') => !(before == Some(' ') && next == Some(' ')),
        Some('_') => !(letter(before) && letter(next)),
        Some('\\') => next.is_none_or(|c| c.is_ascii_punctuation()),
        Some('<') => next.is_none_or(|c| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')),
        Some('#') => edge(before) && edge(next),
        Some('&') => {
            let name = rest[1..].find(|c: char| !c.is_ascii_alphanumeric() && c != '#');
            name.is_some_and(|end| end > 0 && rest[1 + end..].starts_with(';'))
        }
        _ => false,
    }
}

/// `text` with its character references resolved; what is none stays.
pub(super) fn decoded(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.bytes().take(LONGEST).position(|b| b == b';');
        match end.and_then(|end| Some((end, reference(&rest[1..end])?))) {
            Some((end, meant)) => {
                out.push_str(&meant);
                rest = &rest[end + 1..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn reference(name: &str) -> Option<String> {
    let Some(number) = name.strip_prefix('#') else {
        return resolve_html5_entity(name).map(str::to_owned);
    };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => number.parse(),
    };
    char::from_u32(code.ok()?).map(String::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_and_written_back() {
        assert_eq!(
            decoded("A &amp; B &#x41;&#66; &eacute; & &nope; &"),
            "A & B AB é & &nope; &"
        );
        let mut out = String::new();
        Escape::Attribute.apply("\"a\" < b & c", &mut out);
        assert_eq!(out, "&quot;a&quot; &lt; b &amp; c");
    }
}
