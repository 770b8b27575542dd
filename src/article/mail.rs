//! E-mail → draft: the subject is the headline, the sender the byline. Of a text that is sent twice (plain and HTML)
//! the plain one is read, unless it is empty or a stub beside the HTML one; attachments are listed as left out.
//! A mailbox (mbox, RFC 4155) is one draft a mail, each with its message id as its own.

use mail_parser::{Address, Message, MessageParser, MimeHeaders, PartType};

use super::Dropped;
use super::draft::Draft;
use super::provenance::Field;
use super::text;
use crate::error::{Error, Result};

/// A header block is at most this long, in bytes.
const LONGEST_HEAD: usize = 64 << 10;

/// Whether `bytes` begin as a mail does: with header lines, a sender and a second header that only mail has.
pub(super) fn is_mail(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(LONGEST_HEAD)];
    let mut seen_from = false;
    let mut seen_other = false;
    for (at, line) in head.split(|&b| b == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            break;
        }
        // lines of a folded header, and the mark that mailboxes set before each mail
        if line.starts_with(b" ") || line.starts_with(b"\t") || (at == 0 && line.starts_with(b"From ")) {
            continue;
        }
        let Some(colon) = line.iter().position(|&b| b == b':') else {
            return false;
        };
        let name = &line[..colon];
        if name.is_empty() || !name.iter().all(|b| b.is_ascii_graphic()) {
            return false;
        }
        seen_from |= name.eq_ignore_ascii_case(b"from");
        let others: [&[u8]; 6] = [
            b"date",
            b"message-id",
            b"mime-version",
            b"received",
            b"subject",
            b"to",
        ];
        seen_other |= others.iter().any(|other| name.eq_ignore_ascii_case(other));
    }
    seen_from && seen_other
}

/// Reads one mail, or a mailbox of several.
///
/// # Errors
/// [`Error::Input`] for each that is none, or has no text.
pub(super) fn read_all(name: &str, bytes: &[u8]) -> Vec<Result<Draft>> {
    let mails = mails(bytes);
    let several = mails.len() > 1;
    let one = |(number, bytes): (usize, &[u8])| {
        if !several {
            return read(name, bytes);
        }
        // `>From ` at the start of a line was written for `From `, so that no mail seems to begin there
        let text = without_quotes(bytes);
        let mut draft = read(&format!("{name}, mail {number}"), &text)?;
        draft.id = MessageParser::default()
            .parse(text.as_slice())
            .and_then(|message| message.message_id().map(str::to_owned));
        Ok(draft)
    };
    (1..).zip(mails).map(one).collect()
}

/// Where the mails of a mailbox lie in it; all of `bytes` if it is none. A mail begins with a line `From `, which follows an
/// empty one and has a mail's header below it: a sentence may begin so too.
fn mails(bytes: &[u8]) -> Vec<&[u8]> {
    const MARK: &[u8] = b"From ";
    if !bytes.starts_with(MARK) {
        return vec![bytes];
    }
    let mut starts = vec![0];
    let (mut at, mut after_empty) = (0, false);
    for line in bytes.split_inclusive(|&b| b == b'\n') {
        if after_empty && line.starts_with(MARK) && is_mail(&bytes[at..]) {
            starts.push(at);
        }
        after_empty = line.trim_ascii().is_empty();
        at += line.len();
    }
    let ends = starts.iter().skip(1).copied().chain([bytes.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|(&start, end)| &bytes[start..end])
        .collect()
}

fn without_quotes(mail: &[u8]) -> Vec<u8> {
    let quoted = |line: &[u8]| {
        let rest = &line[line.iter().take_while(|&&b| b == b'>').count()..];
        rest.len() < line.len() && rest.starts_with(b"From ")
    };
    let lines = mail.split_inclusive(|&b| b == b'\n');
    lines
        .flat_map(|line| &line[usize::from(quoted(line))..])
        .copied()
        .collect()
}

/// Reads one mail.
///
/// # Errors
/// [`Error::Input`] if it is none, or has no text.
fn read(name: &str, bytes: &[u8]) -> Result<Draft> {
    let message = MessageParser::default()
        .parse(bytes)
        .filter(|_| is_mail(bytes))
        .ok_or_else(|| {
            Error::input(name, "is no e-mail (it has no sender)")
                .with_hint("save the message with its headers (\"show original\"), or give its text")
        })?;
    let title = message
        .subject()
        .and_then(|subject| text::title(name, &subject.replace('<', "&lt;")));
    let mut draft = body(name, &message, title)?.ok_or_else(|| {
        Error::input(name, "is an e-mail without a text").with_hint("save the attachment and give that")
    })?;
    if let Some(sender) = message.from() {
        draft.set(Field::Byline, &called(sender));
    }
    match (message.date(), message.header_raw("Date")) {
        (Some(date), _) if date.is_valid() => draft.set(Field::Published, &date.to_rfc3339()),
        (_, Some(raw)) => draft.set(Field::Published, raw),
        _ => {}
    }
    if let Some(id) = message.message_id() {
        draft.set(Field::Url, &format!("mid:{id}"));
    }
    for key in ["Content-Language", "X-Language"] {
        if let Some(language) = message.header_raw(key) {
            draft.declare(language);
            break;
        }
    }
    attachments(&message, &mut draft);
    Ok(draft)
}

fn called(sender: &Address<'_>) -> String {
    let names = sender.iter().filter_map(|one| one.name().or(one.address()));
    names.collect::<Vec<_>>().join(", ")
}

/// The text: all plain parts, or all HTML parts.
fn body(name: &str, message: &Message<'_>, title: Option<String>) -> Result<Option<Draft>> {
    /// A plain part that has less than a third of the words of the HTML one says "open this in a browser".
    const STUB: usize = 3;
    let join = |parts: Vec<&str>| parts.join("\n\n");
    let plain = join(
        message
            .text_bodies()
            .filter_map(|part| match &part.body {
                PartType::Text(text) => Some(text.as_ref()),
                _ => None,
            })
            .collect(),
    );
    let html = join(
        message
            .html_bodies()
            .filter_map(|part| match &part.body {
                PartType::Html(html) => Some(html.as_ref()),
                _ => None,
            })
            .collect(),
    );
    let words = |text: &str| text.split_whitespace().count();
    let page = super::html::fragment(name, &html)?;
    let shown: usize = page.pieces.iter().map(|piece| words(&piece.text)).sum();
    if words(&plain) * STUB > shown && words(&plain) > 0 {
        let (kept, quoted) = without_reply(&plain);
        let mut draft = text::body(&kept, title);
        draft.dropped.extend(quoted);
        return Ok(Some(draft));
    }
    Ok((shown > 0).then(|| Draft::of_page(page, title)))
}

/// Parts the sender's signature ("-- ") and quoted mail ("> ") from the text.
fn without_reply(plain: &str) -> (String, Vec<Dropped>) {
    let mut kept = String::with_capacity(plain.len());
    let mut dropped = Vec::new();
    let mut in_signature = false;
    for line in plain.lines() {
        // "-- ", whose space quoted-printable takes away
        in_signature |= line.trim_end() == "--";
        let reason = if in_signature {
            "signature"
        } else if line.starts_with('>') {
            "quoted mail"
        } else {
            kept.push_str(line);
            kept.push('\n');
            continue;
        };
        dropped.push(Dropped {
            text: line.trim().to_owned(),
            reason,
        });
    }
    dropped.retain(|line: &Dropped| !matches!(line.text.as_str(), "--" | ">" | ""));
    (kept, dropped)
}

fn attachments(message: &Message<'_>, draft: &mut Draft) {
    let kind = |part: &mail_parser::MessagePart<'_>| match part.content_type() {
        Some(kind) => format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or("*")),
        None => "no type".to_owned(),
    };
    draft.dropped.extend(message.attachments().map(|part| Dropped {
        text: format!("{} ({})", part.attachment_name().unwrap_or("no name"), kind(part)),
        reason: "attachment",
    }));
}
