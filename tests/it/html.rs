//! The page of `check` and `digest`: it holds what the JSON holds, is whole by itself, and takes every text as text.

use std::collections::HashSet;
use std::process::Command;

use serde_json::{Value, json};

use crate::markup::{self, Element};
use crate::{Program, article};

const SOURCE: [&str; 5] = [
    "Lighthouse keeper locks out the museum",
    "The lighthouse on Skell was closed on Friday after 14 visitors were stuck on its stairs, the island council said.",
    "\"I have the only key, and I am keeping it,\" said keeper Marta Olsen.",
    "According to the Reuters news agency, a new lock will cost 3,400 euros and will take about two weeks in all.",
    "Olsen denied that the lamp had been dark for a night <b>\"in May\"</b> & that a ship had been warned too late.",
];
const TARGET: [&str; 5] = [
    "Доглядачка маяка не пускає музей",
    "Маяк на острові Скелл зачинили в п'ятницю після того, як 14 відвідувачів застрягли на його сходах, повідомила рада острова.",
    "«Єдиний ключ у мене, і я його не віддам», — сказала доглядачка Марта Ольсен.",
    "За даними агентства Reuters, новий замок коштуватиме 3 900 євро і потребуватиме загалом близько двох тижнів.",
    "Ольсен заперечила, що лампа не світила <b>«у травні»</b> цілу ніч і що & судно попередили надто пізно.",
];

fn pair(id: &str, source: &[&str], target: &[&str]) -> String {
    json!({"id": id, "from": "en", "to": "uk", "source": source, "target": target}).to_string()
}

fn check(format: &str, lines: &str) -> (i32, String) {
    let output = Program::new()
        .command()
        .args(["check", "--input-format", "jsonl", "--format", format, "-"])
        .write_stdin(lines.to_owned())
        .output()
        .unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

/// The page, read; what must hold for every page is held here.
pub(crate) fn page_of(text: &str) -> Vec<Element> {
    let elements = markup::read(text);
    let ids: Vec<&str> = elements
        .iter()
        .map(|e| e.get("id"))
        .filter(|id| !id.is_empty())
        .collect();
    let known: HashSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), known.len(), "an id stands twice");
    for element in &elements {
        for (name, value) in &element.attributes {
            match name.as_str() {
                "href" if element.name == "link" => assert_eq!(value, "data:,"),
                "href" => assert!(known.contains(value.strip_prefix('#').unwrap()), "{value}"),
                "aria-labelledby" | "aria-describedby" => {
                    for id in value.split(' ') {
                        assert!(known.contains(id), "{name} {id}");
                    }
                }
                "class" | "id" | "lang" | "dir" | "role" | "tabindex" | "scope" | "data-c" | "aria-label"
                | "aria-hidden" => {}
                "charset" | "name" | "content" | "http-equiv" | "rel" => {
                    assert!(["meta", "link"].contains(&element.name.as_str()));
                }
                other => panic!("{other} in <{}>", element.name),
            }
        }
        if element.name == "style" || element.name == "script" {
            for asked in ["url(", "@import", "//", "fetch", "import("] {
                let text: Vec<&str> = element
                    .text
                    .lines()
                    .map(|l| l.split(" // ").next().unwrap())
                    .collect();
                let text: Vec<&str> = text
                    .into_iter()
                    .filter(|l| !l.trim_start().starts_with("//"))
                    .collect();
                assert!(!text.join("\n").contains(asked), "{asked} in <{}>", element.name);
            }
        }
    }
    for (name, count) in [
        ("main", 1),
        ("h1", 1),
        ("script", 1),
        ("style", 1),
        ("header", 1),
        ("footer", 1),
    ] {
        assert_eq!(
            elements.iter().filter(|e| e.name == name).count(),
            count,
            "{name}"
        );
    }
    elements
}

fn by_id<'a>(page: &'a [Element], id: &str) -> &'a Element {
    page.iter()
        .find(|e| e.get("id") == id)
        .unwrap_or_else(|| panic!("no {id}"))
}

/// The elements inside the one with this id.
fn within<'a>(page: &'a [Element], id: &str) -> Vec<&'a Element> {
    let at = page.iter().position(|e| e.get("id") == id).unwrap();
    page.iter().filter(|e| e.inside.contains(&at)).collect()
}

fn words(text: &str, span: &Value) -> String {
    let at = |i: usize| usize::try_from(span[i].as_u64().unwrap()).unwrap();
    text.chars().skip(at(0)).take(at(1) - at(0)).collect()
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_page_holds_every_claim_and_finding_of_the_ledger() {
    let line = pair("skell", &SOURCE, &TARGET);
    let (code, text) = check("html", &line);
    assert_eq!(code, 1);
    let page = page_of(&text);
    let ledger: Value = serde_json::from_str(check("json", &line).1.trim()).unwrap();
    let claims = ledger["claims"].as_array().unwrap();
    assert!(claims.len() >= 4, "{claims:?}");
    for (index, claim) in claims.iter().enumerate() {
        let id = format!("s1-c{}", index + 1);
        let row = by_id(&page, &id);
        let sign = match claim["status"].as_str().unwrap() {
            "verified" => "✓ verified",
            "missing" => "✗ missing",
            other => panic!("{other}"),
        };
        assert!(squeezed(&row.text).contains(sign), "{}", row.text);
        for (side, language) in ["en", "uk"].into_iter().enumerate() {
            let text = ledger["texts"][language]["text"].as_str().unwrap();
            let excerpt = &by_id(&page, &format!("{id}-x{side}")).text;
            let mark = by_id(&page, &format!("{id}-m{side}"));
            assert_eq!(mark.get("href"), format!("#{id}"));
            for part in ["source", "cue", "content"] {
                for span in claim[language][part].as_array().unwrap() {
                    let words = words(text, span);
                    assert!(excerpt.contains(&words), "{words} in {excerpt}");
                    // the same words stand in the text of that language, marked as the claim's
                    let lit: String = page
                        .iter()
                        .filter(|e| e.name == "span" && e.get("data-c").split(' ').any(|c| c == id))
                        .filter(|e| {
                            e.inside
                                .iter()
                                .any(|&i| page[i].name == "p" && page[i].get("lang") == language)
                        })
                        .map(|e| e.text.as_str())
                        .collect();
                    assert!(lit.contains(&words), "{words} in {lit}");
                }
            }
        }
    }
    let findings = ledger["findings"].as_array().unwrap();
    assert!(findings.iter().any(|f| f["check"] == "number"), "{findings:?}");
    for finding in findings {
        let row = format!("s1-r{}", finding["segment"].as_u64().unwrap() + 1);
        let message = finding["message"].as_str().unwrap();
        assert!(by_id(&page, &row).text.contains(message), "{message}");
        let severity = finding["severity"].as_str().unwrap();
        let underlined: String = within(&page, &row)
            .iter()
            .filter(|e| e.name == "u" && e.is(severity))
            .map(|e| e.text.as_str())
            .collect();
        for language in ["en", "uk"] {
            if !finding[language].is_null() {
                let words = words(
                    ledger["texts"][language]["text"].as_str().unwrap(),
                    &finding[language],
                );
                assert!(underlined.contains(&words), "{words} in {underlined}");
            }
        }
    }
}

#[test]
fn no_word_of_either_text_is_left_out() {
    let page = page_of(&check("html", &pair("skell", &SOURCE, &TARGET)).1);
    for (index, (source, target)) in SOURCE.iter().zip(TARGET).enumerate() {
        let cells: Vec<String> = within(&page, &format!("s1-r{}", index + 1))
            .iter()
            .filter(|e| e.name == "p")
            .map(|e| e.text.clone())
            .collect();
        // the numbers of the claims stand between the words
        let plain = |text: &str| text.chars().filter(|c| !c.is_numeric()).collect::<String>();
        for (cell, (language, text)) in cells
            .iter()
            .zip([("English: ", *source), ("Ukrainian: ", target)])
        {
            assert_eq!(plain(cell), plain(&format!("{language}{text}")));
        }
    }
    // two files: the labels that are in no sentence are shown as well
    let program = Program::new();
    let source = program.file(
        "a.txt",
        format!(
            "{}\n\nSource: Skell Observer\n\nDetails: {}\n",
            SOURCE[1], SOURCE[2]
        ),
    );
    let target = program.file(
        "b.txt",
        format!(
            "{}\n\nДжерело: Skell Observer\n\nДеталі: {}\n",
            TARGET[1], TARGET[2]
        ),
    );
    let output = program
        .command()
        .args(["check", "--from", "en", "--to", "uk", "--format", "html"])
        .args([source, target])
        .output()
        .unwrap();
    let page = page_of(&String::from_utf8(output.stdout).unwrap());
    let texts: String = page
        .iter()
        .filter(|e| e.name == "p")
        .map(|e| e.text.as_str())
        .collect();
    for label in ["Details: ", "Деталі: ", "Source", "Джерело"] {
        assert!(texts.contains(label), "{label} in {texts}");
    }
}

#[test]
fn whatever_stands_in_a_text_is_shown_as_text() {
    let nasty = "</p></style><script>alert(1)</script><img src=x onerror='alert(2)'> &amp; {{ 7 * 7 }} {% raw %} \u{1}\u{0}\u{1b}[31m\u{7f}\u{85} said \"Olsen\".";
    let id = "\"><script>alert(3)</script>";
    let text = check("html", &pair(id, &[SOURCE[2], nasty], &[TARGET[2], nasty])).1;
    let page = page_of(&text);
    assert_eq!(by_id(&page, "s1-title").text, id);
    let shown = nasty
        .replace('\u{1}', "␁")
        .replace('\u{0}', "␀")
        .replace('\u{1b}', "␛")
        .replace('\u{7f}', "␡")
        .replace('\u{85}', "\u{fffd}");
    let start = shown.split(" said").next().unwrap();
    for language in ["en", "uk"] {
        let cell = within(&page, "s1-r2")
            .into_iter()
            .find(|e| e.name == "p" && e.get("lang") == language)
            .unwrap();
        assert!(cell.text.contains(start), "{}", cell.text);
    }
    assert!(
        !text.contains(|c: char| c.is_control() && c != '\n'),
        "a control character"
    );
}

#[test]
fn many_pairs_make_one_page() {
    let lines = [
        pair("one", &SOURCE, &TARGET),
        "{".to_owned(),
        pair("two", &SOURCE[..2], &["", TARGET[1]]),
    ]
    .join("\n");
    let (code, text) = check("html", &lines);
    assert_eq!(code, 2, "a bad line is still told");
    let page = page_of(&text);
    let titles: Vec<&str> = page
        .iter()
        .filter(|e| e.name == "h2")
        .map(|e| e.text.as_str())
        .collect();
    assert_eq!(titles, ["one", "two"]);
    assert!(page.iter().any(|e| e.name == "nav"));
    // landmarks are told apart by their names, which come from what they are labelled by
    let regions = page
        .iter()
        .filter(|e| e.name == "section" || e.get("role") == "region");
    let names: Vec<String> = regions
        .map(|e| {
            e.get("aria-labelledby")
                .split(' ')
                .map(|id| by_id(&page, id).text.as_str())
                .collect()
        })
        .collect();
    assert_eq!(
        names.iter().collect::<HashSet<_>>().len(),
        names.len(),
        "{names:?}"
    );
    assert!(names.len() >= 4, "{names:?}");
    assert!(by_id(&page, "s2-r1").text.contains("(nothing)"));
    // nothing read: no page that pretends there is
    let (code, text) = check("html", "{");
    assert_eq!((code, text.as_str()), (2, ""));
}

#[test]
fn each_text_has_its_language_and_its_direction() {
    // a text that begins with a foreign name does not show its direction by itself
    for (code, text) in [
        ("ar", "Olsen قالت: «لدي المفتاح الوحيد وسأحتفظ به»."),
        ("he", "Olsen אמרה: \"יש לי המפתח היחיד ואשמור אותו\"."),
    ] {
        let line = json!({"id": "rtl", "from": "en", "to": code, "source": [SOURCE[2]], "target": [text]})
            .to_string();
        let page = page_of(&check("html", &line).1);
        let direction = |e: &Element| if e.get("lang") == code { "rtl" } else { "ltr" };
        let cells: Vec<&Element> = within(&page, "s1-r1")
            .into_iter()
            .filter(|e| e.name == "p")
            .collect();
        assert_eq!(
            cells.iter().map(|e| e.get("lang")).collect::<Vec<_>>(),
            ["en", code]
        );
        let heads = page
            .iter()
            .filter(|e| e.name == "span" && e.inside.iter().any(|&i| page[i].is("heads")));
        let excerpts = page.iter().filter(|e| e.is("excerpt") || e.is("cues"));
        let told: Vec<&Element> = cells
            .into_iter()
            .chain(heads.filter(|e| !e.get("lang").is_empty()))
            .chain(excerpts)
            .collect();
        assert!(
            told.iter().filter(|e| e.get("lang") == code).count() >= 3,
            "{code}"
        );
        for element in told {
            assert_eq!(element.get("dir"), direction(element), "{}", element.text);
        }
        // a label of ours before the text has a direction of its own
        for tag in page.iter().filter(|e| e.is("tag")) {
            assert_eq!(tag.get("dir"), "ltr");
        }
    }
}

/// What a reader without a mouse, without a screen or without a network needs of the page.
#[test]
fn the_page_is_for_the_keyboard_for_paper_and_for_no_network() {
    let page = page_of(&check("html", &pair("skell", &SOURCE, &TARGET)).1);
    let one = |name: &str| page.iter().find(|e| e.name == name).unwrap();
    let rules = page
        .iter()
        .find(|e| e.get("http-equiv") == "Content-Security-Policy")
        .unwrap();
    assert!(
        rules.get("content").starts_with("default-src 'none';"),
        "no rule forbids requests"
    );
    for style in [
        "@media print",
        "break-inside: avoid",
        "prefers-color-scheme: dark",
        ":focus-visible",
    ] {
        assert!(one("style").text.contains(style), "{style}");
    }
    assert!(one("script").text.contains("Escape"));
    // each claim's number is a link, which Tab reaches and Enter follows, to a row that can take the focus
    let marks: Vec<&Element> = page.iter().filter(|e| e.is("ref")).collect();
    assert!(marks.len() >= 8);
    for mark in marks {
        assert_eq!(mark.name, "a");
        assert!(!mark.get("aria-label").is_empty());
        assert_ne!(mark.get("tabindex"), "-1");
        let row = by_id(&page, mark.get("href").strip_prefix('#').unwrap());
        assert!(
            within(&page, row.get("id")).iter().any(|e| e.name == "a"),
            "no way back"
        );
    }
}

#[test]
fn a_digest_has_a_page_too() {
    let tiny = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parity/tiny/llama/model.gguf");
    let output = Program::new()
        .command()
        .args([
            "digest",
            "--to",
            "zh",
            "--method",
            "extractive",
            "--sentences",
            "3",
        ])
        .args([
            "--format",
            "html",
            "--model",
            &format!("translate={}", tiny.display()),
        ])
        .arg(article("harbour.en.txt"))
        .output()
        .unwrap();
    let page = page_of(&String::from_utf8(output.stdout).unwrap());
    let texts: Vec<&Element> = page
        .iter()
        .filter(|e| e.name == "p" && !e.get("lang").is_empty())
        .collect();
    assert_eq!(
        texts.iter().filter(|e| e.get("lang") == "zh").count(),
        4,
        "headline and three sentences"
    );
    assert_eq!(
        texts.iter().filter(|e| e.text.contains("(untranslated)")).count(),
        4
    );
    assert!(page.iter().any(|e| e.get("id") == "s1-sources"));
    assert!(
        page.iter()
            .any(|e| e.is("foot") && e.text.contains("translation zh"))
    );
}

/// A page as big as newsrooms make them stays small.
#[test]
fn the_page_of_a_long_article_is_light() {
    let (mut source, mut target) = (Vec::new(), Vec::new());
    while source
        .iter()
        .map(|s: &&str| s.split_whitespace().count())
        .sum::<usize>()
        < 600
    {
        source.extend(&SOURCE[1..]);
        target.extend(&TARGET[1..]);
    }
    let text = check("html", &pair("long", &source, &target)).1;
    page_of(&text);
    assert!(text.len() < 200_000, "{} bytes", text.len());
}

/// In a real browser: an address that ends in a claim's number moves the focus there, and the claim's words light up on
/// the other side. An error of the script, or a request that the page's own rules forbid, is a line in the console.
/// Runs where `BYLINE_TEST_BROWSER` names a Chromium.
#[test]
fn a_browser_lights_the_partner_of_a_focused_claim() {
    let Some(browser) = std::env::var_os("BYLINE_TEST_BROWSER") else {
        eprintln!("BYLINE_TEST_BROWSER names no browser: not run");
        return;
    };
    let program = Program::new();
    let file = program.file("page.html", check("html", &pair("skell", &SOURCE, &TARGET)).1);
    for (from, to) in [("m0", "uk"), ("m1", "en")] {
        let output = Command::new(&browser)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
            ])
            .args([
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ])
            .args([
                "--enable-logging=stderr",
                "--virtual-time-budget=3000",
                "--dump-dom",
            ])
            .arg(format!(
                "--user-data-dir={}",
                program.home.path().join("profile").display()
            ))
            .arg(format!("file://{}#s1-c2-{from}", file.display()))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        assert!(!said.contains("CONSOLE"), "{said}");
        let dom = String::from_utf8_lossy(&output.stdout).replacen("<!DOCTYPE html>", "<!doctype html>", 1);
        let page = markup::read(&dom);
        let lit = |language: &str| -> String {
            page.iter()
                .filter(|e| e.name == "span" && e.is("lit"))
                .filter(|e| {
                    e.inside
                        .iter()
                        .any(|&i| page[i].name == "p" && page[i].get("lang") == language)
                })
                .map(|e| e.text.as_str())
                .collect()
        };
        let (there, words) = if to == "uk" {
            (lit("uk"), "Марта")
        } else {
            (lit("en"), "Marta Olsen")
        };
        assert!(there.contains(words), "{words} in {there}");
        assert!(!there.contains("Reuters"), "{there}");
    }
}
