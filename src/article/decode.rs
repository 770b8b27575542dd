//! Bytes → text: UTF-8 and UTF-16 are read, anything else is refused with a way out. Nothing is guessed in silence.

use std::borrow::Cow;

use encoding_rs::Encoding;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use crate::error::{Error, Result};
use crate::text::script::Script;

/// Text, and what the user should know of how it was read.
#[derive(Debug)]
pub(super) struct Decoded {
    pub(super) text: String,
    pub(super) warnings: Vec<String>,
}

/// Reads `bytes`. What is marked up (`is_markup`: a web page, XML) may declare another encoding in its head.
///
/// # Errors
/// [`Error::Input`] if the bytes are empty, binary, or in no encoding of Unicode.
pub(super) fn decode(name: &str, bytes: &[u8], is_markup: bool) -> Result<Decoded> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Error::input(name, "is empty").with_hint("give a file with an article in it"));
    }
    refuse_known_binary(name, bytes)?;
    let text = to_text(name, bytes, is_markup)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    if text.trim().is_empty() {
        return Err(Error::input(name, "is empty").with_hint("give a file with an article in it"));
    }
    refuse_control_characters(name, text)?;
    Ok(Decoded {
        text: text.to_owned(),
        warnings: Vec::new(),
    })
}

fn to_text<'a>(name: &str, bytes: &'a [u8], is_markup: bool) -> Result<Cow<'a, str>> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => {
            return Err(Error::input(name, "is UTF-32 text").with_hint(iconv("UTF-32", name)));
        }
        [0xff, 0xfe, rest @ ..] => return utf16(name, rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => return utf16(name, rest, u16::from_be_bytes),
        _ => {}
    }
    let utf8 = std::str::from_utf8(bytes);
    if let Ok(text) = utf8
        && !text.contains('\0')
    {
        return Ok(Cow::Borrowed(text));
    }
    if let Some(text) = unmarked_utf16(bytes) {
        return Ok(Cow::Owned(text));
    }
    let error = match utf8 {
        Ok(_) => {
            let at = bytes.iter().position(|&b| b == 0).unwrap_or(0);
            return Err(
                Error::input(name, format!("is binary, not text (a NUL at byte {at})"))
                    .with_hint("save the article as plain text in UTF-8"),
            );
        }
        Err(error) => error,
    };
    if is_markup && let Some(encoding) = declared_encoding(bytes) {
        let (text, _, broken) = encoding.decode(bytes);
        if !broken {
            return Ok(Cow::Owned(text.into_owned()));
        }
        return Err(Error::input(
            name,
            format!("declares {}, but its bytes are not", encoding.name()),
        )
        .with_hint("save it again as UTF-8"));
    }
    Err(not_utf8(name, bytes, error))
}

/// What to say about bytes that are not UTF-8.
fn not_utf8(name: &str, bytes: &[u8], error: std::str::Utf8Error) -> Error {
    let at = error.valid_up_to();
    if error.error_len().is_none() {
        return Error::input(name, format!("ends in the middle of a character at byte {at}"))
            .with_hint("the file was cut off; get it again");
    }
    let printable = bytes
        .iter()
        .filter(|&&b| b >= 0x20 || b.is_ascii_whitespace())
        .count();
    if printable * 100 < bytes.len() * 95 {
        return Error::input(name, "is binary, not text")
            .with_hint("save the article as plain text in UTF-8");
    }
    let message = format!(
        "is not UTF-8 (byte 0x{:02x} at byte {at})",
        bytes.get(at).copied().unwrap_or(0)
    );
    let broken = Error::input(name, message);
    match likely_encoding(bytes) {
        Some(label) => broken.with_hint(format!("it looks like {label}: {}", iconv(label, name))),
        None => broken.with_hint("convert it to UTF-8, e.g. iconv -f ENCODING -t UTF-8 FILE"),
    }
}

fn iconv(encoding: &str, name: &str) -> String {
    let file = if name == "standard input" { "FILE" } else { name };
    format!("iconv -f {encoding} -t UTF-8 \"{file}\"")
}

/// The older encoding that the bytes make most sense in: its own script, and letters rather than signs.
fn likely_encoding(bytes: &[u8]) -> Option<&'static str> {
    const KNOWN: &[(&str, &Encoding, Script)] = &[
        ("EUC-KR", encoding_rs::EUC_KR, Script::Hangul),
        ("SHIFT_JIS", encoding_rs::SHIFT_JIS, Script::Kana),
        ("GB18030", encoding_rs::GB18030, Script::Han),
        ("BIG5", encoding_rs::BIG5, Script::Han),
        ("WINDOWS-1251", encoding_rs::WINDOWS_1251, Script::Cyrillic),
        ("KOI8-U", encoding_rs::KOI8_U, Script::Cyrillic),
        ("WINDOWS-1252", encoding_rs::WINDOWS_1252, Script::Latin),
    ];
    let sample = &bytes[..bytes.len().min(20_000)];
    let score = |encoding: &'static Encoding, script: Script| {
        let (text, _, _) = encoding.decode(sample);
        let letters = text.chars().filter(|c| c.is_alphabetic()).count();
        // Punctuation says nothing: every table has some.
        let is_mark = |c: char| matches!(c, '\u{a0}'..='\u{bf}' | '\u{2010}'..='\u{206f}' | '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ff20}');
        let foreign: Vec<char> = text.chars().filter(|&c| !c.is_ascii() && !is_mark(c)).collect();
        // Western text holds few letters beyond ASCII, all others hold many.
        if script != Script::Latin && foreign.len() * 10 < letters * 3 {
            return 0.0;
        }
        let fits = |c: char| match Script::of(c) {
            Some(Script::Han) => matches!(script, Script::Han | Script::Kana),
            // Half-width Kana is what Shift_JIS makes of any other encoding.
            Some(Script::Kana) => script == Script::Kana && c < '\u{ff00}',
            found => found == Some(script),
        };
        let fitting = foreign.iter().filter(|&&c| fits(c)).count();
        let hiragana = foreign
            .iter()
            .filter(|&&c| matches!(c, '\u{3041}'..='\u{309f}'))
            .count();
        if script == Script::Kana && hiragana * 6 < foreign.len() {
            return 0.0;
        }
        // Capitals inside words, or more capitals than small letters: the wrong table for Cyrillic.
        let chars: Vec<char> = text.chars().collect();
        let odd = chars
            .windows(2)
            .filter(|p| p[0].is_lowercase() && p[1].is_uppercase())
            .count();
        let capitals = foreign.iter().filter(|c| c.is_uppercase()).count();
        let shouted = if capitals * 2 > foreign.len() { 0.5 } else { 1.0 };
        shouted * (fitting as f64 - 3.0 * odd as f64) / foreign.len().max(1) as f64
    };
    KNOWN
        .iter()
        .map(|&(label, encoding, script)| (label, score(encoding, script)))
        .filter(|&(_, score)| score > 0.6)
        // The first of equals: the list goes from strict encodings to those that take any byte.
        .reduce(|best, next| if next.1 > best.1 + 0.05 { next } else { best })
        .map(|(label, _)| label)
}

fn utf16<'a>(name: &str, bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Cow<'a, str>> {
    let (units, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(Error::input(name, "is UTF-16 with half a character at its end")
            .with_hint("the file was cut off; get it again"));
    }
    let mut text = String::with_capacity(bytes.len());
    for (at, c) in char::decode_utf16(units.iter().copied().map(unit)).enumerate() {
        text.push(c.map_err(|_| {
            Error::input(name, format!("is broken UTF-16 (character {at})"))
                .with_hint("save the article again as UTF-8")
        })?);
    }
    Ok(Cow::Owned(text))
}

/// UTF-16 without a mark: accepted only if one byte order reads as text and the other does not.
fn unmarked_utf16(bytes: &[u8]) -> Option<String> {
    if !bytes.len().is_multiple_of(2) || bytes.len() < 8 {
        return None;
    }
    let read = |unit| utf16("", bytes, unit).ok().filter(|text| reads_as_text(text));
    match (read(u16::from_le_bytes), read(u16::from_be_bytes)) {
        (Some(text), None) | (None, Some(text)) => Some(text.into_owned()),
        _ => None,
    }
}

/// Text has spaces or wide stops, no control characters, and letters of few scripts.
fn reads_as_text(text: &str) -> bool {
    let sample: String = text.chars().take(4000).collect();
    if sample.chars().any(|c| c.is_control() && !c.is_whitespace()) {
        return false;
    }
    let total = sample.chars().count();
    let spaces = sample
        .chars()
        .filter(|c| matches!(c, ' ' | '\n' | '\r' | '\t' | '。' | '，' | '、'))
        .count();
    let scripts = Script::histogram(&sample);
    let letters: usize = scripts.iter().map(|(_, count)| count).sum();
    let main: usize = scripts.iter().take(2).map(|(_, count)| count).sum();
    let known = sample
        .chars()
        .filter(|&c| c.is_ascii() || Script::of(c).is_some() || matches!(c, '\u{a0}'..='\u{bf}' | '\u{2000}'..='\u{206f}' | '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ff65}'))
        .count();
    spaces * 40 >= total && main * 10 >= letters * 9 && known * 20 >= total * 19
}

/// The encoding that a page names in its head, or XML in its first line.
fn declared_encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]).to_lowercase();
    let word = if head.trim_start().starts_with("<?xml") && !head.contains("charset") {
        "encoding"
    } else {
        "charset"
    };
    let at = head.find(word)? + word.len();
    let label: String = head[at..]
        .trim_start_matches([' ', '=', '"', '\''])
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':'))
        .collect();
    Encoding::for_label(label.as_bytes()).filter(|encoding| *encoding != encoding_rs::UTF_8)
}

/// What a file is that its first bytes show to be no text ("is a picture").
pub(super) fn known_binary(bytes: &[u8]) -> Option<&'static str> {
    binary_kind(bytes).map(|(kind, _)| kind)
}

fn refuse_known_binary(name: &str, bytes: &[u8]) -> Result<()> {
    match binary_kind(bytes) {
        Some((message, hint)) => Err(Error::input(name, message).with_hint(hint)),
        None => Ok(()),
    }
}

/// What such a file is, and what to do with it.
fn binary_kind(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    const KINDS: &[(&[u8], &str, &str)] = &[
        (
            b"%PDF-",
            "is a PDF file",
            "save its text first, e.g. pdftotext FILE.pdf",
        ),
        (
            b"PK\x03\x04",
            "is a ZIP file, and neither a Word nor an OpenDocument text",
            "save the article as .docx, .odt, plain text or HTML",
        ),
        (
            b"\xd0\xcf\x11\xe0",
            "is an old Word file, or one with a password",
            "save the article as .docx without a password, as plain text or HTML",
        ),
        (
            b"{\\rtf",
            "is an RTF file",
            "save the article as plain text or HTML",
        ),
        (b"\x89PNG", "is a picture", "give the text of the article"),
        (b"\xff\xd8\xff", "is a picture", "give the text of the article"),
        (b"GIF8", "is a picture", "give the text of the article"),
        (
            b"\x1f\x8b",
            "is compressed",
            "unpack it first, e.g. gunzip FILE.gz",
        ),
        (
            b"(\xb5/\xfd",
            "is compressed",
            "unpack it first, e.g. unzstd FILE.zst",
        ),
        (
            b"GGUF",
            "is a model, not an article",
            "name a model with --model TASK=FILE",
        ),
        (b"\x7fELF", "is a program", "give the text of the article"),
    ];
    let (_, message, hint) = KINDS.iter().find(|(magic, _, _)| bytes.starts_with(magic))?;
    Some((message, hint))
}

/// More than one control character in a hundred: something that happens to be valid UTF-8.
fn refuse_control_characters(name: &str, text: &str) -> Result<()> {
    let controls = text.chars().filter(|&c| is_stray_control(c)).count();
    if controls > 8 && controls * 100 > text.chars().count() {
        return Err(
            Error::input(name, "is binary, not text (full of control characters)")
                .with_hint("save the article as plain text in UTF-8"),
        );
    }
    Ok(())
}

fn is_stray_control(c: char) -> bool {
    c.is_control() && !crate::text::segment::is_line_break(c) && c != '\t'
}

/// Text as articles keep it, with what was left out as a warning; see [`tidy`].
pub(super) fn clean(decoded: Decoded) -> Decoded {
    let Decoded { text, mut warnings } = decoded;
    let (text, removed) = tidy(&text);
    warnings.extend(told(removed));
    Decoded { text, warnings }
}

/// The warning about control characters that were left out.
pub(super) fn told(removed: usize) -> Option<String> {
    let plural = if removed == 1 { "" } else { "s" };
    (removed > 0).then(|| format!("{removed} control character{plural} left out"))
}

/// "\n" for every line break, composed letters, no invisible characters; and how many control characters were left out.
pub(super) fn tidy(text: &str) -> (String, usize) {
    let mut clean = String::with_capacity(text.len());
    let mut removed = 0usize;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                chars.next_if_eq(&'\n');
                clean.push('\n');
            }
            c if crate::text::segment::is_line_break(c) => clean.push('\n'),
            // Soft hyphen, zero-width space, word joiner, mark of byte order: no reader sees them.
            '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}' => {}
            c if is_stray_control(c) => removed += 1,
            c => clean.push(c),
        }
    }
    if is_nfc_quick(clean.chars()) != IsNormalized::Yes {
        clean = clean.nfc().collect();
    }
    (clean, removed)
}
