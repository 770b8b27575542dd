//! Files that are not what they claim, that are cut off, or that were made to harm.

use std::io::{Cursor, Write};
use std::time::{Duration, Instant};

use byline::article::{Document, read};
use proptest::prelude::*;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::office::{docx, odt, zipped};
use super::{fixture, sources};
use crate::Program;
use crate::ingest::check_invariants;

/// The one error of an input, with its way out.
fn refusal(name: &str, bytes: &[u8]) -> (String, String) {
    let found = read(name, bytes, None, None).and_then(|mut all| all.remove(0));
    let error = found.unwrap_err();
    assert_eq!(error.exit_code(), 2, "{error}");
    assert!(!error.to_string().contains('\n'), "{error}");
    (error.to_string(), error.hint().unwrap_or_default().to_owned())
}

#[test]
fn what_is_not_what_it_claims_says_so_and_the_others_go_on() {
    let program = Program::new();
    let files = [
        program.file("photo.docx", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01"),
        program.file("page.odt", "Only a text, the desk said."),
        program.file("plain.json", "{\"name\": \"no article\"}"),
        program.file(
            "other.xml",
            "<?xml version='1.0'?><invoice><total>7</total></invoice>",
        ),
        program.file("cut.nitf", "<nitf><body><body.content><p>It is shut, the boa"),
        program.file(
            "empty.rss",
            "<rss version='2.0'><channel><title>x</title></channel></rss>",
        ),
        program.file("none.srt", "Not a subtitle, he said."),
        program.file("letter.eml", "Dear desk,\n\nnothing here is a mail."),
        program.file("book.docx", zipped(&[("mimetype", "application/epub+zip")])),
        fixture("lock.txt"),
    ];
    let run = sources(&program, &files, &[]);
    assert_eq!(run.code, 2);
    assert_eq!(run.lines.len(), 1, "the good one");
    for said in [
        "photo.docx: is no Word document: it is a picture",
        "page.odt: is no OpenDocument text: it is text",
        "plain.json: line 1: no \"text\"",
        "other.xml: is XML that is not read (<invoice>)",
        "cut.nitf: is cut off: <p> is never closed",
        "empty.rss: is a feed without items",
        "none.srt: holds no subtitles",
        "letter.eml: is no e-mail (it has no sender)",
        "book.docx: is no Word document: it is another ZIP file",
    ] {
        assert!(run.stderr.contains(said), "{said}\n{}", run.stderr);
    }
    assert_eq!(run.stderr.matches("hint:").count(), 9, "{}", run.stderr);
}

#[test]
fn bombs_are_defused() {
    let started = Instant::now();
    let laughs: String = (1..20)
        .map(|n| format!("<!ENTITY l{n} '&l{0};&l{0};&l{0};&l{0};'>", n - 1))
        .collect();
    let bomb = format!("<!DOCTYPE nitf [<!ENTITY l0 'ha'>{laughs}]><nitf><body><p>&l19;</p></body></nitf>");
    let (message, hint) = refusal("a.nitf", bomb.as_bytes());
    assert!(
        message.contains("entity &l19; that only a DTD can tell"),
        "{message}"
    );
    assert!(hint.contains("written out"));
    let outside =
        "<!DOCTYPE nitf [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><nitf><body><p>&x;</p></body></nitf>";
    assert!(
        refusal("a.nitf", outside.as_bytes())
            .0
            .contains("DTDs are not read")
    );

    // 40 MB of spaces in a document of a few kilobytes
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("word/document.xml", SimpleFileOptions::default())
        .unwrap();
    for _ in 0..40 {
        zip.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    let packed = zip.finish().unwrap().into_inner();
    assert!(packed.len() < 200_000);
    assert_eq!(
        refusal("a.docx", &packed).0,
        "a.docx: unpacks to more than 32 MB (word/document.xml)"
    );
    let deep = format!("{}x{}", "<w:p>".repeat(5_000), "</w:p>".repeat(5_000));
    assert!(refusal("a.docx", &docx(&deep)).0.contains("nested more than 256"));
    let deep = format!("{}x{}", "<text:p>".repeat(5_000), "</text:p>".repeat(5_000));
    assert!(refusal("a.odt", &odt(&deep)).0.contains("nested more than 256"));
    let deep = format!("{{\"uri\":\"u\",\"bodies\":{}", "[".repeat(100_000));
    assert_eq!(
        read("a.ninjs", deep.as_bytes(), None, None)
            .unwrap_err()
            .exit_code(),
        2
    );
    let deep = format!("---\na: {}\n---\n\nIt is shut, he said.\n", "[".repeat(50_000));
    assert!(read("a.md", deep.as_bytes(), None, None).unwrap()[0].is_ok());
    // each of these headers may be so long, all of them together may not
    let header = format!("<w:hdr>{}</w:hdr>", " ".repeat(3 << 20));
    let names: Vec<String> = (0..40).map(|n| format!("word/header{n}.xml")).collect();
    let mut parts = vec![("word/document.xml", "<w:document><w:body/></w:document>")];
    parts.extend(names.iter().map(|name| (name.as_str(), header.as_str())));
    assert!(
        refusal("a.docx", &zipped(&parts))
            .0
            .starts_with("a.docx: unpacks to more than 64 MB")
    );
    assert!(
        started.elapsed() < Duration::from_secs(60),
        "{:?}",
        started.elapsed()
    );
}

/// The parser alone took 22 seconds for such a page.
#[test]
fn a_page_of_tags_inside_tags_is_refused_at_once() {
    let started = Instant::now();
    let deep = |tags: usize| {
        let sentence = "The gate is shut, the board said on Monday, and it will stay shut for a month. ";
        format!(
            "<html><body>{}<article><p>{}</p></article>{}",
            "<div>".repeat(tags),
            sentence.repeat(3),
            "</div>".repeat(tags)
        )
    };
    assert_eq!(
        refusal("a.html", deep(200_000).as_bytes()).0,
        "a.html: is nested too deeply for a page"
    );
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "{:?}",
        started.elapsed()
    );
    assert!(read("a.html", deep(300).as_bytes(), None, None).unwrap()[0].is_ok());
    // what only looks like tags is none, and what needs no end has none
    let script = format!("<script>{}</script>", "if(a<b)c('<div>');".repeat(10_000));
    let wide = deep(3).replace("<body>", &format!("<body>{script}{}", "<p><br>".repeat(6_000)));
    assert!(read("a.html", wide.as_bytes(), None, None).unwrap()[0].is_ok());
}

#[test]
fn long_files_take_time_by_their_length() {
    let started = Instant::now();
    let tags = format!("1\n00:00:01,000 --> 00:00:02,000\n{}\n", "<a".repeat(500_000));
    assert!(read("a.srt", tags.as_bytes(), None, None).unwrap()[0].is_ok());
    let cue = |n: usize| format!("{n}\n00:00:01,000 --> 00:00:02,000\n- Shut?\n- Shut.\n\n");
    let many: String = (1..50_000).map(cue).collect();
    let film = read("a.srt", many.as_bytes(), None, None)
        .unwrap()
        .remove(0)
        .unwrap();
    assert_eq!(film.cues.len(), 2 * 49_999);
    let items =
        "<item><title>x</title><description>It is shut, she said.</description></item>".repeat(20_000);
    let feed = format!("<rss><channel>{items}</channel></rss>");
    let items = read("a.rss", feed.as_bytes(), None, None).unwrap();
    assert_eq!(items.len(), 20_000);
    assert!(
        started.elapsed() < Duration::from_secs(60),
        "{:?}",
        started.elapsed()
    );
}

fn fixtures() -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = std::fs::read_dir(fixture(""))
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, std::fs::read(entry.path()).unwrap())
        })
        .collect();
    files.push((
        "a.docx".to_owned(),
        docx("<w:p><w:r><w:t>It is shut, the board said.</w:t></w:r></w:p>"),
    ));
    files.push((
        "a.odt".to_owned(),
        odt("<text:p>It is shut, the board said.</text:p>"),
    ));
    files.sort();
    files
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    /// Cut off anywhere, or with some bytes changed: an article or an error, never a panic.
    #[test]
    fn no_file_is_too_broken(file in 0usize..100, cut in 0.0f64..1.0, changes in prop::collection::vec((0.0f64..1.0, any::<u8>()), 0..4)) {
        let files = fixtures();
        let (name, bytes) = &files[file % files.len()];
        let place = |share: f64| (share * bytes.len() as f64) as usize;
        let mut bytes = bytes.clone();
        for (share, byte) in changes {
            let at = place(share);
            bytes[at] = byte;
        }
        bytes.truncate(place(cut).max(1));
        for article in read(name, &bytes, None, None).into_iter().flatten().flatten() {
            check_invariants(&Document::new(article));
        }
    }
}
