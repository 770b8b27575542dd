//! The formats of newsrooms: one article in all of them is one article, and what is none says so.

mod broken;
mod office;

use std::path::PathBuf;

use serde_json::Value;

use crate::{Program, article};

/// A file of `tests/articles/lock`: one article as newsrooms exchange it.
pub(crate) fn fixture(name: &str) -> PathBuf {
    article("lock").join(name)
}

/// What a run of the program gave: its exit code, its lines of JSON, what it said.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) lines: Vec<Value>,
    pub(crate) stderr: String,
}

/// Runs `byline sources` over `files`.
pub(crate) fn sources(program: &Program, files: &[PathBuf], more: &[&str]) -> Run {
    let output = program
        .command()
        .args(["sources", "--format", "json", "-v"])
        .args(more)
        .args(files)
        .output()
        .unwrap();
    Run {
        code: output.status.code().unwrap(),
        lines: String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn one(name: &str) -> (Value, String) {
    let mut run = sources(&Program::new(), &[fixture(name)], &[]);
    assert_eq!((run.code, run.lines.len()), (0, 1), "{name}: {}", run.stderr);
    (run.lines.remove(0), run.stderr)
}

/// The lock article as plain text gives it.
pub(crate) fn plain() -> Value {
    one("lock.txt").0
}

/// Text, sentences, sources and attributions: what must not depend on the format.
pub(crate) fn assert_same(name: &str, found: &Value, plain: &Value) {
    assert_eq!(found["article"]["text"], plain["article"]["text"], "{name}");
    for part in ["sentences", "sources", "attributions"] {
        assert_eq!(found[part], plain[part], "{name}: {part}");
    }
}

#[test]
fn one_article_in_every_format_is_one_article() {
    let plain = plain();
    assert_eq!(plain["attributions"].as_array().unwrap().len(), 6);
    for name in [
        "yaml.md",
        "toml.md",
        "page.html",
        "opengraph.html",
        "lines.jsonl",
        "feed.atom",
        "feed.rdf",
        "feed.json",
        "ninjs1.json",
        "ninjs2.json",
        "ninjs3.json",
        "wire.nitf",
        "item.xml",
        "mail.eml",
        "mail-html.eml",
    ] {
        let (found, _) = one(name);
        assert_same(name, &found, &plain);
        assert_eq!(found["article"]["language"], "en", "{name}");
    }
    for name in ["feed.rss", "message.xml"] {
        let run = sources(&Program::new(), &[fixture(name)], &[]);
        assert_same(name, &run.lines[0], &plain);
    }
}

#[test]
fn the_name_does_not_matter_where_the_bytes_tell() {
    let program = Program::new();
    let plain = plain();
    for name in [
        "feed.atom",
        "ninjs3.json",
        "wire.nitf",
        "item.xml",
        "mail.eml",
        "yaml.md",
        "page.html",
    ] {
        let file = program.file("article.txt", std::fs::read(fixture(name)).unwrap());
        let run = sources(&program, &[file], &[]);
        assert_eq!(run.code, 0, "{name}: {}", run.stderr);
        assert_same(name, &run.lines[0], &plain);
    }
    // and what is said decides over both
    let run = sources(&program, &[fixture("yaml.md")], &["--input-format", "text"]);
    let text = run.lines[0]["article"]["text"].as_str().unwrap();
    assert!(text.contains("canonical_url:"), "{text}");
    let run = sources(&program, &[fixture("lock.txt")], &["--input-format", "ninjs"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("is not JSON"), "{}", run.stderr);
}

/// The fields of provenance of an article, without those of its text.
fn about(name: &str) -> Value {
    let mut article = one(name).0["article"].take();
    for key in ["id", "language", "sha256", "text"] {
        article.as_object_mut().unwrap().shift_remove(key);
    }
    article
}

#[test]
fn provenance_comes_with_the_article() {
    let names = "Signe Marlo, Jon Akre";
    let (first, changed) = ("2031-04-15T06:30:00+02:00", "2031-04-15T09:10:00+02:00");
    let embargo = "2031-04-15T12:00:00Z";
    let urn = "urn:newsml:gazette.example:20310415:lock:2";
    let page = "https://gazette.example/2031/ostrel-lock";
    let desk = serde_json::json!({
        "byline": names, "embargo": embargo, "published": first, "updated": changed,
        "url": page, "publisher": "Östrel Gazette",
    });
    for name in ["yaml.md", "toml.md", "lines.jsonl"] {
        assert_eq!(about(name), desk, "{name}");
    }
    assert_eq!(
        about("page.html"),
        serde_json::json!({
            "byline": names, "credit": "Gazette/Marlo", "published": first, "updated": changed, "url": page,
            "publisher": "Östrel Gazette", "copyright": "© 2031 Östrel Gazette",
        })
    );
    assert_eq!(
        about("opengraph.html"),
        serde_json::json!({
            "byline": names, "published": first, "updated": changed, "url": page, "publisher": "Östrel Gazette",
        })
    );
    assert_eq!(
        about("feed.atom"),
        serde_json::json!({
            "byline": names, "published": first, "updated": changed, "url": page, "publisher": "Östrel Gazette",
            "copyright": "© 2031 Östrel Gazette",
        })
    );
    for (name, role) in [
        ("ninjs2.json", "isoriginatingsource"),
        ("ninjs3.json", "isOriginatingSource"),
    ] {
        let sources = [
            format!("Waterways Board ({role})"),
            "Shippers' association".to_owned(),
        ];
        let expected = serde_json::json!({
            "byline": names, "dateline": "ÖSTREL", "embargo": embargo, "published": first, "updated": changed,
            "url": urn, "copyright": "© 2031 Östrel Gazette", "usage": "Not for archives", "info_sources": sources,
        });
        assert_eq!(about(name), expected, "{name}");
    }
    assert_eq!(
        about("wire.nitf"),
        serde_json::json!({
            "byline": names, "dateline": "ÖSTREL, April 15", "embargo": embargo, "published": first,
            "publisher": "Östrel Gazette", "copyright": "2031 Östrel Gazette",
        })
    );
    assert_eq!(
        about("item.xml"),
        serde_json::json!({
            "byline": names, "dateline": "ÖSTREL, April 15", "credit": "Gazette/Marlo", "embargo": embargo,
            "published": first, "updated": changed, "url": "urn:newsml:gazette.example:20310415:lock",
            "publisher": "Östrel Gazette", "copyright": "© 2031 Östrel Gazette", "usage": "Not for archives",
            "info_sources": ["Waterways Board"],
        })
    );
    assert_eq!(
        about("mail.eml"),
        serde_json::json!({"byline": "Signe Marlo", "published": first, "url": "mid:4711@gazette.example"})
    );
    assert_eq!(about("lock.txt"), serde_json::json!({}));
}

/// A mail of a mailbox.
fn mail(id: &str, subject: &str, text: &str) -> String {
    format!(
        "From desk@gazette.example Tue Apr 15 06:30:00 2031\nFrom: Jon Akre <jon@gazette.example>\nSubject: {subject}\n\
         Date: Tue, 15 Apr 2031 06:30:00 +0200\nMessage-ID: <{id}>\n\n{text}\n\n"
    )
}

#[test]
fn a_mailbox_is_an_article_for_each_mail() {
    let program = Program::new();
    // a paragraph that begins as a mail would, and one that the mailbox had to mark
    let first = "The gate is shut, the board said.\n\nFrom now on: nothing moves, Runa Hålvik said.\n\n\
                 >From Monday barges wait, she said.";
    let text = mail("a@x", "Gate shut", first)
        + &mail("b@x", "Nothing", "")
        + &mail("c@x", "Gate open", "It is open, the board said.");
    for name in ["desk.mbox", "desk.eml"] {
        let file = program.file(
            name,
            text.replace('\n', if name == "desk.eml" { "\r\n" } else { "\n" }),
        );
        let run = sources(&program, &[file], &[]);
        assert_eq!((run.code, run.lines.len()), (2, 2), "{}", run.stderr);
        let found = |at: usize, key: &str| run.lines[at]["article"][key].as_str().unwrap().to_owned();
        assert_eq!((found(0, "id"), found(1, "id")), ("a@x".into(), "c@x".into()));
        assert_eq!(
            found(0, "text"),
            format!("Gate shut\n\n{}", first.replace('>', ""))
        );
        assert_eq!(found(1, "text"), "Gate open\n\nIt is open, the board said.");
        assert!(
            run.stderr
                .contains(&format!("{name}, mail 2: is an e-mail without a text")),
            "{}",
            run.stderr
        );
    }
    // one mail alone keeps the name of its file
    let file = program.file(
        "one.mbox",
        mail("a@x", "Gate shut", "It is shut, the board said."),
    );
    let run = sources(&program, &[file], &[]);
    assert_eq!(run.lines[0]["article"]["id"], "one");
}

#[test]
fn an_array_of_articles_may_stand_on_one_line() {
    let program = Program::new();
    let text = r#"[{"id":"a","text":"It is shut, he said."},{"id":"b","text":"It is open, she said."},7]"#;
    let run = sources(&program, &[program.file("all.json", text)], &[]);
    assert_eq!((run.code, run.lines.len()), (2, 2), "{}", run.stderr);
    assert!(run.stderr.contains("item 3: not an object"), "{}", run.stderr);
}

#[test]
fn what_is_left_out_is_listed() {
    for (name, lines) in [
        (
            "page.html",
            &[
                "left out (picture caption): The upper gate in 2029",
                "left out (date): 14 April",
            ][..],
        ),
        (
            "wire.nitf",
            &[
                "left out (note to editors): Check the spelling of Hålvik",
                "left out (picture caption): The upper gate in 2029.",
                "left out (picture caption): Jon Akre",
                "left out (tagline): (Edited by the night desk)",
            ],
        ),
        (
            "ninjs2.json",
            &[
                "left out (description): The lock stays shut.",
                "left out (picture or other medium): The upper gate",
            ],
        ),
        ("item.xml", &["left out (note to editors): Check the spelling"]),
        (
            "mail.eml",
            &[
                "left out (attachment): gate.jpg (image/jpeg)",
                "left out (signature): Signe Marlo, Gazette",
            ],
        ),
        ("feed.json", &["left out (byline): By Signe Marlo, Jon Akre"]),
        ("film.srt", &["left out (sound): [gate creaks]"]),
    ] {
        let (_, stderr) = one(name);
        for line in lines {
            assert!(stderr.contains(line), "{name}: {line}\n{stderr}");
        }
    }
}

#[test]
fn feeds_and_messages_give_their_items_one_by_one() {
    let run = sources(
        &Program::new(),
        &[fixture("feed.rss"), fixture("message.xml")],
        &[],
    );
    assert_eq!(run.code, 2, "the empty items");
    let ids: Vec<&str> = run
        .lines
        .iter()
        .map(|line| line["article"]["id"].as_str().unwrap())
        .collect();
    assert_eq!(
        ids,
        [
            "https://gazette.example/?p=4711",
            "https://gazette.example/?p=4700",
            "urn:newsml:gazette.example:20310415:lock",
            "urn:newsml:gazette.example:20310415:brief",
        ]
    );
    assert_eq!(
        run.lines[1]["article"]["text"],
        "Ferry timetable changes\n\nThe last ferry leaves at 9 p.m. from Monday, the operator said.\n\n\
         A morning boat is added, according to the timetable."
    );
    assert_eq!(run.lines[0]["article"]["published"], "2031-04-15T04:30:00Z");
    for said in [
        "feed.rss: item 3 (\"Pictures of the week\"): has no text",
        "the news item urn:newsml:gazette.example:20310415:empty holds no text",
        "left out (picture or other medium): The upper gate",
        "left out (picture caption): The upper gate in 2029.",
    ] {
        assert!(run.stderr.contains(said), "{said}\n{}", run.stderr);
    }
}

#[test]
fn subtitles_keep_their_times() {
    for name in ["film.srt", "film.vtt"] {
        let (found, _) = one(name);
        let text: Vec<char> = found["article"]["text"].as_str().unwrap().chars().collect();
        let cues: Vec<(u64, u64, String)> = found["article"]["cues"]
            .as_array()
            .unwrap()
            .iter()
            .map(|cue| {
                let at = |k: usize| usize::try_from(cue["span"][k].as_u64().unwrap()).unwrap();
                let words = text[at(0)..at(1)].iter().collect();
                (
                    cue["start"].as_u64().unwrap(),
                    cue["end"].as_u64().unwrap(),
                    words,
                )
            })
            .collect();
        assert_eq!(cues.len(), 4, "{name}");
        assert_eq!(cues[1], (4300, 6000, "said on Tuesday.".to_owned()), "{name}");
        assert_eq!(
            cues[2].2,
            "Divers found two cracks in its upper gate, according to the board."
        );
        let names: Vec<&str> = found["sources"]
            .as_array()
            .unwrap()
            .iter()
            .map(|source| source["name"].as_str().unwrap())
            .collect();
        assert_eq!(names.len(), 2, "{name}: {names:?}");
    }
}

#[test]
fn a_digest_has_the_provenance_in_its_head() {
    let digest = |format: &str| {
        let output = Program::new()
            .command()
            .args(["digest", "--method", "extractive", "--format", format])
            .arg(fixture("item.xml"))
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("embargoed until 2031-04-15T12:00:00Z"), "{said}");
        String::from_utf8(output.stdout).unwrap()
    };
    let head = "Signe Marlo, Jon Akre · Östrel Gazette · ÖSTREL, April 15 · 2031-04-15T06:30:00+02:00";
    let embargo = "Embargoed until 2031-04-15T12:00:00Z";
    let markdown = digest("markdown");
    assert!(markdown.contains(&format!("*{head}")), "{markdown}");
    assert!(markdown.contains(&format!("**{embargo}**")), "{markdown}");
    let text = digest("text");
    assert!(
        text.contains("Signe Marlo, Jon Akre · Östrel Gazette") && text.contains(embargo),
        "{text}"
    );
    let html = digest("html");
    assert!(html.contains(head) && html.contains(embargo), "{html}");
    let json: Value = serde_json::from_str(&digest("json")).unwrap();
    assert_eq!(json["article"]["embargo"], "2031-04-15T12:00:00Z");
    assert_eq!(json["article"]["credit"], "Gazette/Marlo");
}

#[test]
fn an_embargo_goes_with_what_is_made_of_the_article() {
    let program = Program::new();
    let digest = |format: &str| {
        let output = program
            .command()
            .args([
                "digest",
                "--method",
                "extractive",
                "--sentences",
                "3",
                "--format",
                format,
            ])
            .arg(fixture("ninjs3.json"))
            .output()
            .unwrap();
        assert_eq!(
            output.status.code(),
            Some(0),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    };
    let embargo = "2031-04-15T12:00:00Z";
    let written = digest("ninjs");
    let object: Value = serde_json::from_str(&written).unwrap();
    crate::exchange::shape::ninjs(&object);
    assert_eq!(object["embargoedUntil"], embargo);
    let original = &object["associations"][0];
    assert_eq!(original["by"], "Signe Marlo, Jon Akre");
    assert_eq!(original["versionCreated"], "2031-04-15T09:10:00+02:00");
    // and what was written is read again
    let file = program.file("summary.json", &written);
    let run = sources(&program, &[file], &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let article = &run.lines[0]["article"];
    assert_eq!(article["embargo"], embargo);
    let text = article["text"].as_str().unwrap();
    let headline = object["headlines"][0]["value"].as_str().unwrap();
    assert_eq!(
        text,
        format!("{headline}\n\n{}", object["bodies"][0]["value"].as_str().unwrap())
    );

    let graph: Value = serde_json::from_str(&digest("jsonld")).unwrap();
    for node in graph["@graph"].as_array().unwrap() {
        assert_eq!(node["conditionsOfAccess"], format!("embargoed until {embargo}"));
    }
    assert_eq!(graph["@graph"][0]["author"]["name"], "Signe Marlo, Jon Akre");
}
