//! Formats of other programs, out and in again, through the real program.

pub(crate) mod shape;

use std::path::PathBuf;

use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use serde_json::Value;

use super::Program;

const ENGLISH: &str = "Ferry line to close, regulator says\n\nThe Northmere ferry will stop in May, the Herald reported on \
    Friday, citing two people briefed on the talks. \"We have no other choice,\" said Anna Lund, the mayor. Lund denied \
    that 62 people had <left>.\n";
const UKRAINIAN: &str = "Поромну лінію закриють, каже регулятор\n\nПором Нортмір припинить ходити у травні, повідомила у \
    п'ятницю «Геральд» із посиланням на двох осіб, обізнаних із перебігом переговорів. «У нас немає іншого вибору», — \
    сказала мер Анна Лунд. Лунд заперечила, що 62 особи <пішли>.\n";

/// What the program prints, and its exit code.
fn run(program: &Program, arguments: &[&str]) -> (String, i32) {
    let output = program.command().args(arguments).output().unwrap();
    let code = output.status.code().unwrap();
    assert!(code < 2, "{}", String::from_utf8_lossy(&output.stderr));
    (String::from_utf8(output.stdout).unwrap(), code)
}

fn texts(program: &Program) -> (String, String) {
    let path = |name, text| program.file(name, text).display().to_string();
    (path("a.txt", ENGLISH), path("b.txt", UKRAINIAN))
}

/// The check of both texts, printed as `format`.
fn checked(program: &Program, format: &str) -> String {
    let (source, target) = texts(program);
    let arguments = [
        "check", &source, &target, "--from", "en", "--to", "uk", "--format", format,
    ];
    run(program, &arguments).0
}

fn ledger(program: &Program, document: &str) -> (Value, i32) {
    let (text, code) = run(program, &["check", document, "--format", "json"]);
    (serde_json::from_str(&text).unwrap(), code)
}

#[test]
fn xliff_is_read_back_as_it_was_written() {
    let program = Program::new();
    let document = checked(&program, "xliff");
    shape::xliff(&document);
    assert!(document.contains(
        r#"<mrk id="c2-source-1" type="byline:source" value="c2" byline:who="the Herald">«Геральд»</mrk>"#
    ));
    let path = program.file("a.xlf", &document).display().to_string();
    let (again, _) = run(&program, &["check", &path, "--format", "xliff"]);
    assert_eq!(again, document);
    let (ledger, code) = ledger(&program, &path);
    assert_eq!(code, 0);
    let statuses: Vec<&str> = ledger["claims"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["status"].as_str().unwrap())
        .collect();
    assert_eq!(statuses, ["verified"; 5]);
    assert_eq!(ledger["id"], "a");
    assert_eq!(
        ledger["texts"]["uk"]["text"].as_str().unwrap().lines().last(),
        Some("Лунд заперечила, що 62 особи <пішли>.")
    );
}

#[test]
fn what_an_editor_changed_is_checked_again() {
    let program = Program::new();
    let document = checked(&program, "xliff");
    let edited = document
        .replace("62 особи", "26 осіб")
        .replace("«Геральд»", "«Трибуна»");
    assert_ne!(edited, document);
    let path = program.file("edited.xlf", edited).display().to_string();
    let (ledger, code) = ledger(&program, &path);
    assert_eq!(code, 1);
    let found: Vec<&str> = ledger["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["check"].as_str().unwrap())
        .collect();
    assert!(
        found.contains(&"number") && found.contains(&"source"),
        "{found:?}"
    );
    let (again, _) = run(&program, &["check", &path, "--format", "xliff"]);
    shape::xliff(&again);
    assert!(
        again.contains(r#"<note category="number" priority="1""#),
        "{again}"
    );
}

#[test]
fn a_memory_keeps_what_holds_and_leaves_out_what_does_not() {
    let program = Program::new();
    let memory = checked(&program, "tmx");
    assert_eq!(memory.matches("<tu ").count(), 4);
    let path = program.file("a.tmx", &memory).display().to_string();
    let (again, _) = run(&program, &["check", &path, "--format", "tmx"]);
    assert_eq!(again.matches("<tu ").count(), 4);
    let edited = memory.replace("62 особи", "26 осіб");
    let path = program.file("b.tmx", edited).display().to_string();
    program
        .command()
        .args(["check", &path, "--format", "tmx"])
        .assert()
        .code(1)
        .stderr(contains("1 segment is not in the memory"));
    let (again, _) = run(&program, &["check", &path, "--format", "tmx"]);
    assert_eq!(again.matches("<tu ").count(), 3);
    assert!(!again.contains("62 people"));
}

#[test]
fn documents_of_other_tools_are_read() {
    let program = Program::new();
    let old = r#"<?xml version="1.0"?>
<!DOCTYPE xliff PUBLIC "x" "x.dtd">
<xliff version="1.2"><file original="story" source-language="en-GB" target-language="uk-UA" datatype="html"><body>
<trans-unit id="1"><source>The <g id="1">Herald</g> said<x id="2"/> 5 ships<bpt id="3">&lt;b></bpt> sank.</source>
<seg-source><mrk mtype="seg">x</mrk></seg-source><target>«Геральд» повідомила&#8239;про 5 <ept id="3">&lt;/b></ept>затонулих кораблів.</target>
<alt-trans><source>no</source><target>ні</target></alt-trans><note>none</note></trans-unit>
</body></file></xliff>"#;
    let path = program.file("old.xlf", old).display().to_string();
    let (ledger, _) = ledger(&program, &path);
    assert_eq!(ledger["texts"]["en"]["text"], "The Herald said 5 ships sank.");
    assert_eq!(
        ledger["texts"]["uk"]["text"],
        "«Геральд» повідомила\u{202f}про 5 затонулих кораблів."
    );

    let memory = r#"<tmx version="1.4"><header srclang="en"/><body><tu><tuv xml:lang="en"><seg>A <ph>{1}</ph>port closed.</seg></tuv>
<tuv xml:lang="uk"><seg>Порт закрили.</seg></tuv><tuv xml:lang="ko"><seg>항구가 닫혔다.</seg></tuv></tu></body></tmx>"#;
    let path = program.file("m.tmx", memory).display().to_string();
    program
        .command()
        .args(["check", &path])
        .assert()
        .code(2)
        .stderr(contains("several pairs of languages: en to uk and en to ko").and(contains("--to")));
    let (text, _) = run(&program, &["check", &path, "--to", "ko"]);
    let ledger: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(ledger["texts"]["en"]["text"], "A port closed.");
    assert_eq!(ledger["texts"]["ko"]["text"], "항구가 닫혔다.");
}

#[test]
fn what_is_no_document_is_refused_in_one_line() {
    let program = Program::new();
    let whole = checked(&program, "xliff");
    let cases: [(&str, Vec<u8>, &str); 9] = [
        ("empty.xlf", Vec::new(), "XML without an element"),
        ("picture.xlf", b"\xff\xd8\xff\xe0JFIF".to_vec(), "no encoding of Unicode"),
        ("cut.xlf", whole.as_bytes()[..whole.len() / 2].to_vec(), "cut off"),
        ("page.xlf", b"<html><body>No</body></html>".to_vec(), "no XLIFF document"),
        ("memory.xlf", b"<tmx version='1.4'><body/></tmx>".to_vec(), "no XLIFF document"),
        ("new.xlf", b"<xliff version='9.1'></xliff>".to_vec(), "version \"9.1\""),
        (
            "untranslated.xlf",
            b"<xliff version='2.0' srcLang='en'><file id='f'><unit id='u'><segment><source>A</source></segment></unit></file></xliff>".to_vec(),
            "does not name its target language",
        ),
        (
            "bomb.xlf",
            b"<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><xliff version='2.0' srcLang='en' trgLang='uk'><file id='f'><unit id='u'><segment><source>&b;</source></segment></unit></file></xliff>".to_vec(),
            "uses the entity &b;",
        ),
        (
            "klingon.xlf",
            b"<xliff version='2.0' srcLang='en' trgLang='tlh'><file id='f'/></xliff>".to_vec(),
            "tlh",
        ),
    ];
    for (name, bytes, message) in cases {
        let path = program.file(name, bytes).display().to_string();
        let output = program.command().args(["check", &path]).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{name}: {stderr}");
        assert!(stderr.contains(message), "{name}: {stderr}");
        assert!(output.stdout.is_empty());
    }
}

/// The folder of a small model that knows one kind of sentence.
fn pocket() -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/pocket");
    format!("translate={}", folder.display())
}

fn translated(format: &str, text: &str) -> String {
    let program = Program::new();
    let arguments = [
        "translate",
        "--from",
        "en",
        "--to",
        "uk",
        "--model",
        &pocket(),
        "--format",
        format,
    ];
    let output = program
        .command()
        .args(arguments)
        .write_stdin(text)
        .output()
        .unwrap();
    assert!(
        output.status.code().unwrap() < 2,
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

const KNOWN: &str =
    "The bridge was closed on Monday, the port said.\n\nThe mayor denied that the tunnel was flooded.\n";

#[test]
fn a_translation_says_which_model_made_it_and_how_sure_it_was() {
    let document = translated("xliff", KNOWN);
    shape::xliff(&document);
    assert!(
        document.contains(r#"its:annotatorsRef="mt-confidence|byline "#),
        "{document}"
    );
    assert!(document.contains("<its:provenanceRecord tool=\"byline "));
    let confidences: Vec<f64> = document
        .split("its:mtConfidence=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(confidences.len(), 2);
    assert!(
        confidences.iter().all(|c| *c > 0.5 && *c <= 1.0),
        "{confidences:?}"
    );
}

#[test]
fn editorial_systems_get_the_sources_and_the_original() {
    let ninjs: Value = serde_json::from_str(&translated("ninjs", KNOWN)).unwrap();
    assert_eq!(ninjs["language"], "uk");
    assert_eq!(
        ninjs["bodies"][0]["value"],
        "Міст закрито у понеділок, повідомив порт.\n\nМер заперечив, що тунель затоплено."
    );
    let names: Vec<&str> = ninjs["infoSources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["the port", "The mayor"]);
    let original = &ninjs["associations"][0];
    assert_eq!(
        (&original["name"], &original["rel"]),
        (&"original".into(), &"translationOf".into())
    );
    assert_eq!(original["language"], "en");
    assert_ne!(original["uri"], ninjs["uri"]);
    shape::ninjs(&ninjs);

    let graph: Value = serde_json::from_str(&translated("jsonld", KNOWN)).unwrap();
    let nodes = graph["@graph"].as_array().unwrap();
    assert_eq!(nodes.len(), 2);
    assert_eq!(nodes[1]["translationOfWork"]["@id"], nodes[0]["@id"]);
    assert_eq!(nodes[0]["workTranslation"][0]["@id"], nodes[1]["@id"]);
    assert_eq!(nodes[0]["@id"], original["uri"]);
    let denial = &nodes[1]["hasPart"][1];
    assert_eq!(denial["creator"]["name"], "The mayor");
    assert_eq!(denial["text"], "Мер заперечив, що тунель затоплено");
}

#[test]
fn what_is_said_of_the_article_goes_with_it() {
    let program = Program::new();
    let page = format!(
        "---\ntitle: Ferry line to close\nauthor: Mia Holt\nurl: https://herald.example/ferry\ndate: 2026-03-04T08:00:00Z\n\
         embargo: 2026-03-05T06:00:00Z\n---\n\n{}",
        ENGLISH.split_once("\n\n").unwrap().1
    );
    let path = program.file("a.md", page).display().to_string();
    let printed = |format: &str| -> Value {
        let arguments = ["digest", &path, "--method", "extractive", "--format", format];
        serde_json::from_str(&run(&program, &arguments).0).unwrap()
    };
    let ninjs = printed("ninjs");
    shape::ninjs(&ninjs);
    assert_eq!(ninjs["embargoedUntil"], "2026-03-05T06:00:00Z");
    assert!(ninjs["digitalSourceType"].is_null(), "no model took part");
    let original = &ninjs["associations"][0];
    assert_eq!(original["uri"], "https://herald.example/ferry");
    assert_eq!(original["firstCreated"], "2026-03-04T08:00:00Z");
    assert_eq!(original["by"], "Mia Holt");
    let graph = printed("jsonld");
    assert_eq!(graph["@graph"][0]["url"], "https://herald.example/ferry");
    assert_eq!(
        graph["@graph"][1]["isBasedOn"]["@id"],
        "https://herald.example/ferry"
    );
    assert_eq!(graph["@graph"][0]["author"]["name"], "Mia Holt");
}

#[test]
fn what_a_format_cannot_hold_is_refused_before_any_work() {
    let program = Program::new();
    let (source, _) = texts(&program);
    for (arguments, message) in [
        (
            ["digest", &source, "--to", "uk,ko", "--format", "xliff"],
            "one language",
        ),
        (
            ["translate", &source, "--to", "uk,ko", "--format", "xliff"],
            "one language",
        ),
        (
            ["digest", &source, "--method", "extractive", "--format", "tmx"],
            "no language to translate into",
        ),
        (
            ["sources", &source, "--color", "never", "--format", "tmx"],
            "sources does not print tmx",
        ),
        (
            ["summarise", &source, "--color", "never", "--format", "xliff"],
            "summarise does not print xliff",
        ),
        (
            ["check", &source, &source, "-q", "--format", "ninjs"],
            "check does not print ninjs",
        ),
    ] {
        program
            .command()
            .args(arguments)
            .assert()
            .code(2)
            .stderr(contains(message));
    }
}
