//! Word and OpenDocument, as their programs write them: small files that the tests put together.

use std::io::{Cursor, Write};

use serde_json::Value;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::{assert_same, fixture, plain, sources};
use crate::Program;

/// A ZIP file of these files, in order.
pub(super) fn zipped(files: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        let method = if *name == "mimetype" {
            CompressionMethod::Stored
        } else {
            CompressionMethod::Deflated
        };
        zip.start_file(*name, SimpleFileOptions::default().compression_method(method))
            .unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

const W: &str = r#"xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape""#;

/// A Word document with this body, in a German Word: style ids are translated, style names are not.
pub(super) fn docx(body: &str) -> Vec<u8> {
    let document = format!(
        r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:document {W}><w:body>{body}<w:sectPr/></w:body></w:document>"#
    );
    let styles = format!(
        r#"<w:styles {W}><w:style w:type="paragraph" w:styleId="Titel"><w:name w:val="Title"/></w:style>
        <w:style w:type="paragraph" w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>
        <w:style w:type="paragraph" w:styleId="Zwischen"><w:name w:val="Desk subheading"/><w:basedOn w:val="berschrift1"/></w:style>
        <w:style w:type="paragraph" w:styleId="Beschriftung"><w:name w:val="caption"/></w:style></w:styles>"#
    );
    let around =
        |tag: &str, text: &str| format!("<w:{tag} {W}><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:{tag}>");
    zipped(&[
        ("[Content_Types].xml", "<Types/>"),
        ("word/document.xml", &document),
        ("word/styles.xml", &styles),
        ("word/comments.xml", &around("comments", "Ask her again")),
        (
            "word/footnotes.xml",
            &around("footnotes", "Interview of 12 April"),
        ),
        ("word/header1.xml", &around("hdr", "Gazette, page 1")),
        (
            "docProps/core.xml",
            r#"<cp:coreProperties xmlns:cp="c" xmlns:dc="d" xmlns:dcterms="t"><dc:creator>Signe Marlo</dc:creator><dcterms:created>2031-04-15T04:30:00Z</dcterms:created><dcterms:modified>2031-04-15T07:10:00Z</dcterms:modified></cp:coreProperties>"#,
        ),
    ])
}

const DOCX: &str = r#"
<w:p><w:pPr><w:pStyle w:val="Titel"/></w:pPr><w:r><w:t>Lock gate at Östrel cracked</w:t></w:r><w:r><w:t xml:space="preserve"> in two places, divers find</w:t></w:r></w:p>
<w:p><w:r><w:t xml:space="preserve">The canal lock at Östrel will stay </w:t></w:r><w:del w:author="x"><w:r><w:delText>open</w:delText></w:r></w:del><w:ins w:author="x"><w:r><w:t>shut</w:t></w:r></w:ins><w:r><w:t xml:space="preserve"> until the end of May after divers found two cracks in its upper gate, the Waterways Board said on Tuesday.</w:t></w:r><w:r><w:rPr><w:vanish/></w:rPr><w:t>cut here</w:t></w:r></w:p>
<w:p><w:r><w:t>"We heard it before we saw it," said </w:t></w:r><w:hyperlink><w:r><w:t xml:space="preserve"> Runa Hålvik</w:t></w:r></w:hyperlink><w:r><w:t>, the diver who led the inspection. "It sounded like a door that somebody keeps trying."</w:t></w:r></w:p>
<w:p><w:r><w:t>The board's director, Emil Tosk, denied that repairs had been put off to save money.</w:t></w:r></w:p>
<w:p><w:pPr><w:pStyle w:val="Zwischen"/></w:pPr><w:r><w:t>What it costs</w:t></w:r></w:p>
<w:p><w:r><w:t>According to the shippers' association, 140 barges a week will have to go round by the coast, which adds two days to each trip.</w:t></w:r></w:p>
<w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="3"/></w:numPr></w:pPr><w:r><w:t>The board puts the repair at 3.2 million crowns.</w:t></w:r></w:p>
<w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="3"/></w:numPr></w:pPr><w:r><w:t>The shippers' association puts its losses at 900,000 crowns a week.</w:t></w:r></w:p>
<w:p><w:pPr><w:pStyle w:val="Beschriftung"/></w:pPr><w:r><w:t>The upper gate in 2029.</w:t></w:r></w:p>
<w:p><w:r><w:fldChar/><w:instrText>PAGE</w:instrText><w:t>A report seen by the Östrel Gazette says the gate was last examined nine years ago.</w:t></w:r></w:p>"#;

fn listed(stderr: &str, lines: &[&str]) {
    for line in lines {
        assert!(stderr.contains(line), "{line}\n{stderr}");
    }
}

#[test]
fn a_word_document_is_read_as_its_reader_sees_it() {
    let program = Program::new();
    let file = program.file("lock.docx", docx(DOCX));
    let run = sources(&program, &[file], &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_same("docx", &run.lines[0], &plain());
    let article = &run.lines[0]["article"];
    assert_eq!(article["byline"], "Signe Marlo");
    assert_eq!(article["published"], "2031-04-15T04:30:00Z");
    listed(
        &run.stderr,
        &[
            "left out (tracked deletion): open",
            "left out (hidden text): cut here",
            "left out (comment): Ask her again",
            "left out (footnote): Interview of 12 April",
            "left out (page header): Gazette, page 1",
            "left out (picture caption): The upper gate in 2029.",
            "it has tracked changes: insertions are read, deletions are left out",
        ],
    );
}

#[test]
fn tables_and_text_boxes_are_read_once() {
    let program = Program::new();
    let body = r#"<w:p><w:r><w:t>The lock is shut, the board said.</w:t></w:r><w:r><mc:AlternateContent><mc:Choice Requires="wps"><wps:txbx><w:txbxContent><w:p><w:r><w:t>In the box, a diver said.</w:t></w:r></w:p></w:txbxContent></wps:txbx></mc:Choice><mc:Fallback><w:pict><w:txbxContent><w:p><w:r><w:t>In the box, a diver said.</w:t></w:r></w:p></w:txbxContent></w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p>
<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Barges</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>140</w:t></w:r></w:p></w:tc></w:tr></w:tbl>
<w:sdt><w:sdtContent><w:p><w:r><w:t>One line,</w:t><w:br/><w:t>another line.</w:t></w:r></w:p></w:sdtContent></w:sdt>"#;
    let file = program.file("box.docx", docx(body));
    let run = sources(&program, &[file], &[]);
    assert_eq!(
        run.lines[0]["article"]["text"],
        "The lock is shut, the board said.\n\nIn the box, a diver said.\n\nBarges | 140\n\nOne line,\n\nanother line."
    );
}

const ODF: &str = r#"xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:meta="urn:oasis:names:tc:opendocument:xmlns:meta:1.0""#;

/// An OpenDocument text with this body.
pub(super) fn odt(body: &str) -> Vec<u8> {
    let content = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><office:document-content {ODF}><office:automatic-styles><style:style style:name="P1" style:family="paragraph" style:parent-style-name="Title"/></office:automatic-styles><office:body><office:text>{body}</office:text></office:body></office:document-content>"#
    );
    let styles = format!(
        r#"<office:document-styles {ODF}><office:master-styles><style:master-page><style:header><text:p>Gazette, page 1</text:p></style:header></style:master-page></office:master-styles></office:document-styles>"#
    );
    let meta = format!(
        r#"<office:document-meta {ODF}><office:meta><meta:initial-creator>Signe Marlo</meta:initial-creator><dc:date>2031-04-15T09:10:00</dc:date><dc:language>en-GB</dc:language></office:meta></office:document-meta>"#
    );
    zipped(&[
        ("mimetype", "application/vnd.oasis.opendocument.text"),
        ("META-INF/manifest.xml", "<manifest/>"),
        ("content.xml", &content),
        ("styles.xml", &styles),
        ("meta.xml", &meta),
    ])
}

const ODT: &str = r#"<text:tracked-changes><text:changed-region><text:deletion><office:change-info><dc:creator>x</dc:creator></office:change-info><text:p>open</text:p></text:deletion></text:changed-region></text:tracked-changes>
<text:p text:style-name="P1">Lock gate at Östrel cracked in two<text:s/>places, divers find</text:p>
<text:p>The canal lock at Östrel will stay shut until the end of May after divers found two cracks in its upper gate, the <text:span>Waterways
Board</text:span> said on Tuesday.<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>Interview of 12 April</text:p></text:note-body></text:note></text:p>
<text:p>"We heard it before we saw it," said Runa Hålvik<office:annotation><dc:creator>Desk</dc:creator><text:p>Ask her again</text:p></office:annotation>, the diver who led the inspection. "It sounded like a door that somebody keeps trying."</text:p>
<text:p>The board's director, Emil Tosk, denied that repairs had been put off to save money.</text:p>
<text:h text:outline-level="2">What it costs</text:h>
<text:p>According to the shippers' association, 140 barges a week will have to go round by the coast, which adds two days to each trip.</text:p>
<text:list><text:list-item><text:p>The board puts the repair at 3.2 million crowns.</text:p></text:list-item><text:list-item><text:p>The shippers' association puts its losses at 900,000 crowns a week.</text:p></text:list-item></text:list>
<text:p>A report seen by the Östrel Gazette says the gate was last examined nine years ago.</text:p>"#;

#[test]
fn an_opendocument_text_is_read_as_its_reader_sees_it() {
    let program = Program::new();
    let file = program.file("lock.odt", odt(ODT));
    let run = sources(&program, &[file], &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_same("odt", &run.lines[0], &plain());
    let article: &Value = &run.lines[0]["article"];
    assert_eq!(article["byline"], "Signe Marlo");
    assert_eq!(article["updated"], "2031-04-15T09:10:00Z");
    listed(
        &run.stderr,
        &[
            "left out (tracked deletion): open",
            "left out (comment): Ask her again",
            "left out (footnote): Interview of 12 April",
            "left out (page header): Gazette, page 1",
            "has no time zone; taken as UTC: 2031-04-15T09:10:00",
        ],
    );
}

/// The lock article as LibreOffice 7.4, pandoc 3 and odfpy 1.4 wrote it.
#[test]
fn what_office_programs_write_is_read() {
    let plain = plain();
    for (name, lines) in [
        (
            "writer.odt",
            &[
                "left out (tracked deletion): open",
                "left out (comment): Ask her again",
                "left out (footnote): Interview of 12 April",
                "left out (page header): Gazette, page 1",
            ][..],
        ),
        (
            "writer.docx",
            &[
                "left out (tracked deletion): open",
                "left out (comment): Ask her again",
                "left out (footnote): Interview of 12 April",
                "left out (page header): Gazette, page 1",
            ],
        ),
        (
            "pandoc.docx",
            &[
                "left out (byline): Signe Marlo",
                "left out (footnote): Interview of 12 April",
            ],
        ),
        (
            "pandoc.odt",
            &[
                "left out (byline): Signe Marlo",
                "left out (footnote): Interview of 12 April",
            ],
        ),
        ("odfpy.odt", &[]),
    ] {
        let run = sources(&Program::new(), &[fixture(name)], &[]);
        assert_eq!(run.code, 0, "{name}: {}", run.stderr);
        assert_same(name, &run.lines[0], &plain);
        assert_eq!(run.lines[0]["article"]["byline"], "Signe Marlo", "{name}");
        listed(&run.stderr, lines);
    }
}

#[test]
fn a_line_in_the_style_of_dates_is_a_date_only_if_it_is_short() {
    let line = |style: &str, text: &str| {
        format!(r#"<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"#)
    };
    let said = "On 3 May the lock at Östrel was still shut, the board said.";
    let body = line("Author", "Jon Akre") + &line("Date", "3 May 2031") + &line("Date", said);
    let program = Program::new();
    let run = sources(&program, &[program.file("a.docx", docx(&body))], &[]);
    assert_eq!(run.lines[0]["article"]["text"], said, "{}", run.stderr);
    listed(
        &run.stderr,
        &["left out (byline): Jon Akre", "left out (date): 3 May 2031"],
    );
}
