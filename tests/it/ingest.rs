//! Bytes → articles: what is kept, what is left out, what is refused, and how that is said.

use byline::article::{Article, BlockKind, Document, Format, MAX_BYTES, read};
use byline::error::Error;
use byline::text::language::Language;
use clap::ValueEnum;
use proptest::prelude::*;

use crate::{Program, article};

fn one(name: &str, bytes: &[u8]) -> Result<Article, Error> {
    let mut all = read(name, bytes, None, None)?;
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn sample(name: &str) -> Document {
    let path = article(name);
    let bytes = std::fs::read(&path).unwrap();
    let document = Document::new(one(path.to_str().unwrap(), &bytes).unwrap());
    check_invariants(&document);
    document
}

/// What holds for every article, whatever it came from.
pub(crate) fn check_invariants(document: &Document) {
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
    let mut number = 0;
    for cue in &article.cues {
        assert!(cue.number >= number && cue.span.end <= article.text.len());
        assert!(!cue.span.of(&article.text).is_empty());
        number = cue.number;
    }
    assert!(
        article
            .headline
            .is_none_or(|span| !span.of(&article.text).is_empty())
    );
}

fn count(article: &Article, kind: BlockKind) -> usize {
    article.blocks.iter().filter(|block| block.kind == kind).count()
}

fn dropped(article: &Article) -> Vec<(&str, &str)> {
    article
        .dropped
        .iter()
        .map(|d| (d.text.as_str(), d.reason))
        .collect()
}

fn refusal(name: &str, bytes: &[u8]) -> (String, String) {
    let error = one(name, bytes).unwrap_err();
    assert_eq!(error.exit_code(), 2, "{error}");
    assert!(!error.to_string().contains('\n'));
    (error.to_string(), error.hint().unwrap_or_default().to_owned())
}

#[test]
fn the_sectioned_sample() {
    let document = sample("harbour.en.txt");
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
    assert_eq!(count(article, BlockKind::SourceLine), 1);
    assert_eq!(count(article, BlockKind::ListItem), 6);
    assert_eq!(
        dropped(article),
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

#[test]
fn every_sample_is_read_whole() {
    for (name, language, sources, items, sentences, left_out) in [
        ("observatory.en.txt", "en", 1, 4, 23, 3),
        ("bridge.en.txt", "en", 1, 4, 28, 5),
        ("ferry.en.html", "en", 0, 2, 23, 25),
        ("vineyard.en.md", "en", 1, 3, 19, 1),
        ("reservoir.uk.txt", "uk", 1, 4, 26, 3),
        ("tunnel.ko.txt", "ko", 1, 3, 20, 3),
    ] {
        let document = sample(name);
        let article = &document.article;
        let found = (
            article.language.code(),
            count(article, BlockKind::SourceLine),
            count(article, BlockKind::ListItem),
            document.sentences.len(),
            article.dropped.len(),
        );
        assert_eq!(found, (language, sources, items, sentences, left_out), "{name}");
        assert_eq!(count(article, BlockKind::Headline), 1, "{name}");
        assert!(article.warnings.is_empty(), "{name}: {:?}", article.warnings);
    }
}

#[test]
fn a_page_gives_its_article_and_lists_the_rest() {
    let document = sample("ferry.en.html");
    let text = &document.article.text;
    assert!(
        text.starts_with("Island ferry ran with one engine for a week, crew say\n\nThe ferry that links")
    );
    assert!(
        text.contains("\n\n- Northern Lines says that 6,200") || text.contains("\n- Northern Lines says")
    );
    assert!(text.contains("lost its port engine on 3 June"));
    for outside in [
        "cookies",
        "Boots that last",
        "Most read",
        "gull_44",
        "tracker",
        "Related articles",
        "Photo:",
        "color: red",
    ] {
        assert!(!text.contains(outside), "{outside} is in the text");
    }
    let listed: Vec<&str> = document.article.dropped.iter().map(|d| d.text.as_str()).collect();
    assert!(listed.iter().any(|text| text.contains("Boots that last")));
    assert!(listed.iter().any(|text| text.starts_with("gull_44")));
    assert!(listed.iter().any(|text| text.contains("Photo: Orlen Dispatch")));
    assert!(
        !listed
            .iter()
            .any(|text| text.contains("tracker") || text.contains("color: red"))
    );
}

#[test]
fn a_sentence_that_speaks_like_furniture_stays() {
    let text = "Minister calls for help\n\n\"Support us,\" the minister said.\n\nShare prices fell, the exchange said.\n\nSupport us\n";
    let article = one("a.txt", text.as_bytes()).unwrap();
    assert_eq!(dropped(&article), [("Support us", "support appeal")]);
    assert!(article.text.ends_with("Share prices fell, the exchange said."));
}

#[test]
fn unicode_encodings_give_the_same_article() {
    for name in ["harbour.en.txt", "reservoir.uk.txt", "tunnel.ko.txt"] {
        let text = std::fs::read_to_string(article(name)).unwrap();
        let plain = one(name, text.as_bytes()).unwrap();
        let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let dos = text.replace('\n', "\r\n");
        let mac = text.replace('\n', "\r");
        for (what, bytes) in [
            (
                "UTF-8 with a mark",
                ["\u{feff}".as_bytes(), text.as_bytes()].concat(),
            ),
            ("UTF-16LE", le.clone()),
            ("UTF-16BE", be.clone()),
            ("UTF-16LE with a mark", [&[0xff, 0xfe], le.as_slice()].concat()),
            ("UTF-16BE with a mark", [&[0xfe, 0xff], be.as_slice()].concat()),
            ("CRLF", dos.into_bytes()),
            ("CR", mac.into_bytes()),
        ] {
            assert_eq!(one(name, &bytes).unwrap(), plain, "{name} as {what}");
        }
    }
}

#[test]
fn hard_wrapped_lines_are_joined() {
    let text = "Harbour shut until spring\n\n\
        The harbour at Tarn will close for the whole of the winter, the port\n\
        authority said on Monday, after divers found that the old sea wall had\n\
        moved by 12 cm. Nobody was hurt. The mayor asked people to stay away from\n\
        the quay.\n";
    let article = one("a.txt", text.as_bytes()).unwrap();
    assert_eq!(article.blocks.len(), 2);
    assert!(article.text.contains("the port authority said"));
    assert_eq!(Document::new(article).sentences.len(), 4);
}

#[test]
fn what_cannot_be_read_is_refused_with_a_way_out() {
    assert_eq!(refusal("a.txt", b"").0, "a.txt: is empty");
    assert_eq!(refusal("a.txt", b" \r\n\t\n").0, "a.txt: is empty");
    assert!(refusal("a.txt", b"%PDF-1.7 ...").1.contains("pdftotext"));
    assert_eq!(refusal("a.txt", b"\x89PNG\r\n\x1a\n").0, "a.txt: is a picture");
    assert_eq!(
        refusal("a.txt", b"It said\0 so. And then some more.").0,
        "a.txt: is binary, not text (a NUL at byte 7)"
    );
    assert!(
        refusal("a.txt", &[0u8, 159, 146, 150].repeat(50))
            .0
            .contains("is binary")
    );
    assert_eq!(
        refusal(
            "a.txt",
            b"The caf\xe9 is shut, the mayor said, and the quay as well."
        )
        .0,
        "a.txt: is not UTF-8 (byte 0xe9 at byte 7)"
    );
    let cut = "Порт закрито".as_bytes();
    let (message, hint) = refusal("a.txt", &cut[..cut.len() - 1]);
    assert!(
        message.contains("ends in the middle of a character at byte 21"),
        "{message}"
    );
    assert!(hint.contains("cut off"));
    assert_eq!(
        refusal("a.txt", b"Share this article\nSubscribe\n").0,
        "a.txt: holds no article, only page furniture (\"Share this article\": share line)"
    );
    let (message, hint) = refusal("a.txt", &vec![b'a'; MAX_BYTES + 1]);
    assert!(message.contains("limit"), "{message}");
    assert!(hint.contains("split"));
}

#[test]
fn older_encodings_are_named_not_guessed() {
    let uk = std::fs::read_to_string(article("reservoir.uk.txt")).unwrap();
    let ko = std::fs::read_to_string(article("tunnel.ko.txt")).unwrap();
    let fr = "Le port sera fermé pendant l'hiver, a déclaré la maire à la presse. Où iront les pêcheurs ?";
    for (label, encoding, text) in [
        ("WINDOWS-1251", encoding_rs::WINDOWS_1251, uk.as_str()),
        ("KOI8-U", encoding_rs::KOI8_U, uk.as_str()),
        ("EUC-KR", encoding_rs::EUC_KR, ko.as_str()),
        ("WINDOWS-1252", encoding_rs::WINDOWS_1252, fr),
        (
            "SHIFT_JIS",
            encoding_rs::SHIFT_JIS,
            "港は冬の間閉鎖されると市長は述べた。漁師たちは補償を受け取るという。",
        ),
        (
            "GB18030",
            encoding_rs::GB18030,
            "市长说，港口将在冬季关闭，渔民将得到补偿，但是没有人知道什么时候。",
        ),
    ] {
        let (bytes, _, _) = encoding.encode(text);
        let (message, hint) = refusal("a b.txt", &bytes);
        assert!(message.contains("is not UTF-8"), "{message}");
        assert_eq!(
            hint,
            format!("it looks like {label}: iconv -f {label} -t UTF-8 \"a b.txt\"")
        );
    }
}

#[test]
fn a_page_may_declare_an_older_encoding() {
    let page = |charset: &str| {
        format!(
            "<html lang=\"uk\"><head><meta charset=\"{charset}\"><title>Порт закрито на всю зиму</title></head><body><article>\
             <p>Порт у Лозовці закриють на всю зиму, заявила міська голова Дарина Вербова у понеділок.</p>\
             <p>«Ми не маємо іншого виходу», — сказала вона. Рибалки вимагають виплат і погрожують судом.</p></article></body></html>"
        )
    };
    let source = page("windows-1251");
    let (bytes, _, _) = encoding_rs::WINDOWS_1251.encode(&source);
    let article = one("a.html", &bytes).unwrap();
    assert_eq!(article.language, Language::UK);
    assert!(article.text.contains("«Ми не маємо іншого виходу»"));
    // Declared as something that it is not, and not declared at all.
    assert!(one("a.html", &encoding_rs::WINDOWS_1251.encode(&page("utf-8")).0).is_err());
}

#[test]
fn a_page_without_an_article_is_refused() {
    let links = "<li><a href='/a'>News of the day and of the night</a></li>".repeat(40);
    let (message, hint) = refusal(
        "a.html",
        format!("<html><body><nav><ul>{links}</ul></nav></body></html>").as_bytes(),
    );
    assert_eq!(
        message,
        "a.html: holds no article that could be found in the page"
    );
    assert!(hint.contains("plain text"));
    assert!(one("a.html", b"<html></html>").is_err());
    let deep = format!("<html><body>{}<p>x", "<div>".repeat(5_000));
    assert_eq!(
        refusal("a.html", deep.as_bytes()).0,
        "a.html: is nested too deeply for a page"
    );
}

#[test]
fn the_language_is_detected_declared_or_given() {
    let doubtful = one("a.txt", b"Tarn 2031").unwrap();
    assert_eq!(doubtful.warnings.len(), 1, "{:?}", doubtful.warnings);
    assert!(doubtful.warnings[0].contains("--from"));
    let none = one("a.txt", "12:45 — 3.5 %".as_bytes()).unwrap();
    assert!(none.warnings[0].contains("not known"), "{:?}", none.warnings);
    let given = read("a.txt", b"Tarn 2031", None, Some(Language::UK))
        .unwrap()
        .remove(0)
        .unwrap();
    assert_eq!(given.language, Language::UK);
    assert!(given.warnings.is_empty());
    let lying = "---\nlang: ko\n---\nThe harbour will be closed for the whole of the winter, the mayor said on Monday.\n";
    let article = one("a.md", lying.as_bytes()).unwrap();
    assert_eq!(article.language, Language::EN);
    assert!(
        article.warnings[0].contains("declares Korean"),
        "{:?}",
        article.warnings
    );
}

#[test]
fn jsonl_is_taken_character_for_character() {
    let text = "  Title \u{ad}here\r\n\r\nHe said so.\tSupport us\nSupport us\n";
    let lines = [
        serde_json::json!({"id": "a", "text": text, "language": "en"}).to_string(),
        "not json".to_owned(),
        serde_json::json!({"id": "b", "text": "Порт закрили, сказав мер."}).to_string(),
        String::new(),
        serde_json::json!({"id": "a", "text": "x"}).to_string(),
        serde_json::json!({"id": "c", "text": "x", "language": "xx"}).to_string(),
        serde_json::json!({"text": "No id here, she said."}).to_string(),
        serde_json::json!({"id": 7, "text": " "}).to_string(),
        serde_json::json!({"id": "d"}).to_string(),
        "[1]".to_owned(),
    ];
    let all = read("in.jsonl", lines.join("\n").as_bytes(), None, None).unwrap();
    let said: Vec<String> = all
        .iter()
        .map(|item| match item {
            Ok(article) => format!("{} {}", article.id, article.language),
            Err(error) => error.to_string(),
        })
        .collect();
    assert_eq!(
        said,
        [
            "a en",
            "in.jsonl: line 2: not JSON (column 2)",
            "b uk",
            "in.jsonl: line 5: id \"a\" was given before, on line 1",
            "in.jsonl: line 6: unknown language \"xx\"",
            "in:7 en",
            "in.jsonl: line 8: \"text\" is empty",
            "in.jsonl: line 9: no \"text\"",
            "in.jsonl: line 10: not an object",
        ]
    );
    let first = all.into_iter().next().unwrap().unwrap();
    assert_eq!(first.text, text);
    assert!(first.dropped.is_empty());
    let document = Document::new(first);
    check_invariants(&document);
    assert_eq!(document.sentence(0), "Title \u{ad}here");
}

#[test]
fn json_spread_over_lines_is_read_too() {
    let pretty = "[\n  {\n    \"id\": \"a\",\n    \"text\": \"One, he said.\"\n  },\n  {\"id\": \"b\", \"text\": \"Two, she said.\"}\n]\n";
    let all = read("in.json", pretty.as_bytes(), None, Some(Language::EN)).unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(all[1].as_ref().unwrap().id, "b");
}

#[test]
fn the_format_is_told_by_the_name_or_the_page() {
    assert_eq!(Format::of_name("A.HTM"), Some(Format::Html));
    assert_eq!(Format::of_name("x/notes.md"), Some(Format::Markdown));
    assert_eq!(Format::of_name("x.ndjson"), Some(Format::Jsonl));
    assert_eq!(Format::of_name("standard input"), None);
    let page = std::fs::read(article("ferry.en.html")).unwrap();
    let article = one("standard input", &page).unwrap();
    assert_eq!(article.id, "stdin");
    assert!(article.text.starts_with("Island ferry"));
}

#[test]
fn large_texts_are_read() {
    let sentence = "The port closed at 5 p.m. on Jan. 3, the mayor said. ";
    let line = sentence.repeat(10_000_000 / sentence.len());
    let large = one("a.txt", line.as_bytes()).unwrap();
    assert!(
        large.warnings[0].starts_with("9 MB are more"),
        "{:?}",
        large.warnings
    );
    let document = Document::new(large);
    assert_eq!(document.sentences.len(), 10_000_000 / sentence.len());
    let one_word = "x".repeat(1_000_000);
    assert_eq!(
        Document::new(one("a.txt", one_word.as_bytes()).unwrap())
            .sentences
            .len(),
        1
    );
}

#[test]
fn the_program_reports_bad_input_and_goes_on() {
    let program = Program::new();
    let bad = program.file("bad.txt", b"caf\xe9 ouvert, dit-on \xe0 la mairie");
    let good = program.file(
        "good.txt",
        "Harbour shut\n\nThe harbour is shut, the mayor said on Monday.\n\nSupport us\n",
    );
    let output = program
        .command()
        .args(["sources", "--format", "json", "-v"])
        .args([bad, good])
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("is not UTF-8 (byte 0xe9 at byte 3)"), "{stderr}");
    assert!(stderr.contains("iconv -f WINDOWS-1252"), "{stderr}");
    assert!(
        stderr.contains("left out (support appeal): Support us"),
        "{stderr}"
    );
    let line: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(line["article"]["id"], "good");
    assert_eq!(
        line["article"]["text"],
        "Harbour shut\n\nThe harbour is shut, the mayor said on Monday."
    );
}

#[test]
fn the_program_reads_standard_input() {
    let program = Program::new();
    let output = program
        .command()
        .args(["sources", "--format", "json"])
        .write_stdin("\u{feff}Порт закрито\r\n\r\nПорт закрили на зиму, повідомила мерія.\r\n")
        .output()
        .unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let line: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(line["article"]["id"], "stdin");
    assert_eq!(line["article"]["language"], "uk");
    // Positions are characters, not bytes.
    assert_eq!(line["sentences"], serde_json::json!([[0, 12], [14, 53]]));
    program.command().arg("sources").write_stdin("").assert().code(2);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_are_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..200), format in 0usize..13) {
        let format = Format::value_variants()[format];
        for article in read("x", &bytes, Some(format), None).into_iter().flatten().flatten() {
            check_invariants(&Document::new(article));
        }
    }

    #[test]
    fn no_text_is_too_strange(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "\n", "\n\n", "\r\n", " ", "\t", "- ", "* ", "Source:", "Source: A; B", "Details:", "Джерело:", "출처：", "#", "# ", "**", "`", "```\n", "---\n",
                "|", "<p>", "</p>", "<li>", "<div>", "<h1>", "</h1>", "<br>", "&amp;", "&", "<!--", "Support us", "Latest news", "The mayor said so. ", "«Так», — сказав він. ",
                "{\"uri\":\"u\",\"bodies\":[{\"value\":\"", "\"}]}", "<item>", "<rss><channel>", "</channel></rss>", "<title>", "<![CDATA[", "]]>", "&nbsp;", "&x;",
                "<nitf><body>", "<newsItem><contentSet><inlineData>", "<feed>", "<entry>", "<!DOCTYPE a [", "From: a\n", "Subject: b\n", "WEBVTT\n\n",
                "1\n00:00:01,000 --> 00:00:02,000\n", "<v A>", "{\\an8}", "하람시는 밝혔다. ", "“", "\"", "…", "\u{feff}", "\u{ad}", "\0", "\u{b}", "e\u{301}", "title: x\n", "+++\n", "1. ", "> ", "[a](b)", "![", "🙂",
            ]),
            0..40,
        ),
        format in 0usize..14,
    ) {
        let format = Format::value_variants().get(format).copied();
        for article in read("x", parts.concat().as_bytes(), format, None).into_iter().flatten().flatten() {
            check_invariants(&Document::new(article));
        }
    }
}
