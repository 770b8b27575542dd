//! `byline check`: findings, exit codes, and what holds for every ledger.

mod encoder;
mod korean;
mod names;
mod people;

use serde_json::{Value, json};

use crate::Program;

const SOURCE: [&str; 5] = [
    "Harbour authority halts ferry service",
    "The ferry to Vellin was stopped on Monday after 38 passengers complained of smoke, the harbour authority said.",
    "\"We will not let her sail before the engine is repaired and tested,\" said harbour master Pavlo Drummond.",
    "According to the Reuters news agency, the repairs will cost 62,000 euros and will take about three weeks in all.",
    "Drummond denied that the crew had hidden an earlier fire from the passengers and from the coast guard.",
];

const TARGET: [&str; 5] = [
    "Адміністрація порту зупинила паром",
    "Пором до Велліна зупинили в понеділок після того, як 38 пасажирів поскаржилися на дим, повідомила адміністрація порту.",
    "«Ми не випустимо його в море, доки двигун не відремонтують і не перевірять», — сказав начальник порту Павло Драммонд.",
    "За даними агентства Reuters, ремонт коштуватиме 62 000 євро і триватиме загалом близько трьох тижнів.",
    "Драммонд заперечив, що екіпаж приховав від пасажирів та від берегової охорони попередню пожежу на борту.",
];

fn line(target: &[&str]) -> String {
    json!({"id": "h", "from": "en", "to": "uk", "source": SOURCE, "target": target}).to_string()
}

fn check(lines: &str) -> (i32, Vec<Value>, String) {
    let program = Program::new();
    let output = program
        .command()
        .args(["check", "--input-format", "jsonl", "--format", "json", "-"])
        .write_stdin(lines.to_owned())
        .output()
        .unwrap();
    let objects = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    (
        output.status.code().unwrap(),
        objects,
        String::from_utf8(output.stderr).unwrap(),
    )
}

fn findings(ledger: &Value, segment: u64) -> Vec<(String, String)> {
    ledger["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|f| f["segment"] == segment)
        .map(|f| {
            (
                f["check"].as_str().unwrap().to_owned(),
                f["severity"].as_str().unwrap().to_owned(),
            )
        })
        .collect()
}

#[test]
fn a_good_translation_raises_nothing() {
    let (code, ledgers, _) = check(&line(&TARGET));
    assert_eq!(ledgers[0]["findings"], json!([]));
    assert_eq!(code, 0);
    let ledger = &ledgers[0];
    assert_eq!(ledger["schema"], "byline/ledger/1");
    assert_eq!(ledger["texts"]["uk"]["text"], TARGET.join("\n"));
    assert_eq!(ledger["segments"].as_array().unwrap().len(), 5);
}

#[test]
fn positions_are_characters_of_the_joined_text() {
    let (_, ledgers, _) = check(&line(&TARGET));
    let chars: Vec<char> = TARGET.join("\n").chars().collect();
    let of = |pair: &Value| -> String {
        let at = |i: usize| usize::try_from(pair[i].as_u64().unwrap()).unwrap();
        chars[at(0)..at(1)].iter().collect()
    };
    for (pair, segment) in ledgers[0]["segments"].as_array().unwrap().iter().zip(TARGET) {
        assert_eq!(of(&pair["uk"]), segment);
    }
    let names: Vec<String> = ledgers[0]["names"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|n| n["uk"].as_array().unwrap().iter().map(of))
        .collect();
    for name in ["Велліна", "понеділок", "Драммонд", "Reuters"] {
        assert!(names.iter().any(|n| n == name), "{name} in {names:?}");
    }
}

#[test]
fn planted_faults_are_found() {
    let cases: [(&str, usize, String, &str, &str); 8] = [
        ("number", 3, TARGET[3].replace("62 000", "62 017"), "number", "error"),
        ("dropped", 2, String::new(), "coverage", "error"),
        ("echo", 3, SOURCE[3].to_owned(), "echo", "error"),
        ("loop", 1, format!("{}{}", TARGET[1], " адміністрація цього порту".repeat(6)), "repetition", "error"),
        (
            "Russian",
            3,
            "По данным агентства Reuters, ремонт обойдётся в 62 000 евро и продлится в общей сложности около трёх недель.".to_owned(),
            "language",
            "error",
        ),
        ("cut", 2, TARGET[2].chars().take(46).collect(), "coverage", "error"),
        ("unquoted", 2, TARGET[2].replace(['«', '»'], ""), "quote", "warning"),
        ("negated", 1, TARGET[1].replace("повідомила", "не повідомила"), "polarity", "warning"),
    ];
    for (name, segment, text, kind, severity) in cases {
        let mut target: Vec<&str> = TARGET.to_vec();
        target[segment] = &text;
        let (code, ledgers, _) = check(&line(&target));
        let found = findings(&ledgers[0], segment as u64);
        assert!(
            found.contains(&(kind.to_owned(), severity.to_owned())),
            "{name}: {found:?}"
        );
        assert_eq!(code, i32::from(severity == "error"), "{name}");
    }
}

/// Source, language and text of the target, what is said about its numbers (message and severity).
type Figures = (
    &'static str,
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

const FIGURES: [Figures; 12] = [
    (
        "The bridge at Vellin was closed, the mayor said.",
        "zh",
        "市长说，韦林的桥于6月6日关闭。",
        &[("6月6日 is not in the source", "error")],
    ),
    (
        "The bridge at Vellin was closed, the mayor said.",
        "ko",
        "시장은 벨린의 다리가 6월 6일 폐쇄됐다고 말했다.",
        &[("6월 6일 is not in the source", "error")],
    ),
    (
        "The bridge at Vellin was closed, the mayor said.",
        "uk",
        "Міст у Велліні закрили 6 червня, сказав мер.",
        &[("6 червня is not in the source", "error")],
    ),
    (
        "The bridge was closed on 6 May, the mayor said.",
        "uk",
        "Міст закрили 6 червня, сказав мер.",
        &[("May became 6 червня", "error")],
    ),
    (
        "The bridge was closed on the 7th, the mayor said.",
        "zh",
        "市长说，桥于6月7日关闭。",
        &[("6月7日 is not in the source", "warning")],
    ),
    (
        "The bridge was closed this month, the mayor said.",
        "zh",
        "市长说，桥于六月关闭。",
        &[("六月 is not in the source", "warning")],
    ),
    (
        "Some people were hurt on the bridge, the mayor said.",
        "zh",
        "市长说，桥上有5人受伤。",
        &[("5 is not in the source", "warning")],
    ),
    // what a good translation does
    (
        "The bridge was closed on 6 June, the mayor said.",
        "zh",
        "市长说，桥于6月6日关闭。",
        &[],
    ),
    (
        "The bridge was closed at the end of March, in a week.",
        "ko",
        "다리는 3월 말, 1주일 뒤에 폐쇄됐다.",
        &[],
    ),
    (
        "The bridge was closed on 06.06.2031, the mayor said.",
        "uk",
        "Міст закрили 6 червня 2031 року, сказав мер.",
        &[],
    ),
    (
        "A red card for five of the players in yellow shirts.",
        "uk",
        "Червона картка для 5 гравців у жовтих футболках.",
        &[],
    ),
    (
        "Two to three inches of rain fell on the bridge.",
        "uk",
        "На міст випало 5–7,6 см дощу.",
        &[],
    ),
];

#[test]
fn a_figure_or_date_that_the_source_does_not_have_is_reported() {
    for (source, to, target, wanted) in FIGURES {
        let pair = json!({"id": "d", "from": "en", "to": to, "source": [source], "target": [target]});
        let (_, ledgers, _) = check(&pair.to_string());
        let findings = ledgers[0]["findings"].as_array().unwrap().iter();
        let said: Vec<(&str, &str)> = findings
            .filter(|f| f["check"] == "number")
            .map(|f| (f["message"].as_str().unwrap(), f["severity"].as_str().unwrap()))
            .collect();
        assert_eq!(said, wanted, "{target}");
    }
}

#[test]
fn a_glossary_is_held_against_any_translation() {
    let program = Program::new();
    let run = |terms: &str| {
        program.file("terms.csv", terms);
        let mut command = program.command();
        let output = command
            .args([
                "check",
                "--input-format",
                "jsonl",
                "--format",
                "json",
                "--glossary",
                "terms.csv",
                "-",
            ])
            .write_stdin(line(&TARGET))
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        (
            output.status.code().unwrap(),
            text,
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    // the third is in another case in the target, the fourth is another language's
    let (code, text, _) = run("passengers,uk,мандрівники\ncrew,uk,екіпаж\nVellin,uk,Веллін\ncrew,ko,선원\n");
    let ledger: Value = serde_json::from_str(&text).unwrap();
    let found = ledger["findings"].as_array().unwrap();
    let said: Vec<&str> = found.iter().map(|f| f["message"].as_str().unwrap()).collect();
    let missing = "the glossary's \"мандрівники\" for \"passengers\" is missing";
    assert_eq!(said, [missing, missing]);
    assert_eq!(found[0]["segment"], 1);
    assert_eq!(
        (found[0]["check"].as_str(), found[0]["severity"].as_str()),
        (Some("name"), Some("warning"))
    );
    let chars: Vec<char> = SOURCE.join("\n").chars().collect();
    let at = |i: usize| usize::try_from(found[0]["en"][i].as_u64().unwrap()).unwrap();
    assert_eq!(chars[at(0)..at(1)].iter().collect::<String>(), "passengers");
    assert_eq!(code, 0);
    let (code, text, stderr) = run("passengers,uk,пасажири\ncrew\n");
    assert_eq!((code, text.as_str()), (2, ""));
    assert!(stderr.contains("terms.csv: line 2"), "{stderr}");
}

#[test]
fn a_swapped_speaker_is_an_error() {
    let mut target: Vec<&str> = TARGET.to_vec();
    let swapped = TARGET[4].replace("Драммонд", "Шевельов");
    target[4] = &swapped;
    let (code, ledgers, _) = check(&line(&target));
    assert!(
        findings(&ledgers[0], 4).iter().any(|f| f.1 == "error"),
        "{}",
        ledgers[0]["findings"]
    );
    assert_eq!(code, 1);
}

fn has(found: &[(String, String)], kind: &str, severity: &str) -> bool {
    found.iter().any(|(k, s)| k == kind && s == severity)
}

#[test]
fn a_turned_cue_is_found_beside_another_denial() {
    let source = ["\"They are not asking for help,\" Ms Vellin said."];
    for (target, cue) in [
        ("“그들은 도움을 요청하지 않고 있다.” 벨린이 말했다.", "말했다"),
        ("«Вони не просять допомоги», — сказала пані Веллін.", "сказала"),
    ] {
        let to = if target.starts_with('«') { "uk" } else { "ko" };
        let run = |text: &str| {
            let line = json!({"id": "k", "from": "en", "to": to, "source": source, "target": [text]});
            findings(&check(&line.to_string()).1[0], 0)
        };
        assert_eq!(run(target), []);
        let turned: &[&str] = if to == "ko" {
            &["말하지 않았다", "부인했다"]
        } else {
            &["не сказала", "заперечила"]
        };
        for word in turned {
            let found = run(&target.replace(cue, word));
            assert!(has(&found, "polarity", "warning"), "{word}: {found:?}");
        }
    }
}

#[test]
fn one_of_two_quotations_cannot_lose_its_marks() {
    let source = ["She called the deal \"a cunning trap\" and the talks \"a long winter\" at sea."];
    let target = "Вона назвала угоду «підступною пасткою», а перемовини — «довгою зимою» в морі.";
    let run = |text: &str| {
        let line = json!({"id": "q", "from": "en", "to": "uk", "source": source, "target": [text]});
        findings(&check(&line.to_string()).1[0], 0)
    };
    assert_eq!(run(target), []);
    let found = run(&target.replace("«довгою зимою»", "довгою зимою"));
    assert!(has(&found, "quote", "warning"), "{found:?}");
}

#[test]
fn a_figure_that_keeps_its_number_and_changes_its_unit_is_looked_at() {
    let run = |text: &str| {
        let source = ["Winds of 85 mph were measured at the harbour of Vellin."];
        let line = json!({"id": "u", "from": "en", "to": "uk", "source": source, "target": [text]});
        findings(&check(&line.to_string()).1[0], 0)
    };
    assert_eq!(run("У гавані Велліна виміряли вітер швидкістю 137 км/год."), []);
    assert_eq!(
        run("У гавані Велліна виміряли вітер швидкістю 85 миль на годину."),
        []
    );
    let found = run("У гавані Велліна виміряли вітер швидкістю 85 км/год.");
    assert!(has(&found, "number", "warning"), "{found:?}");
    let found = run("У гавані Велліна виміряли вітер швидкістю 173 км/год.");
    assert!(has(&found, "number", "error"), "{found:?}");
}

#[test]
fn one_bad_line_does_not_stop_the_others() {
    let lines = format!(
        "{}\nnot json\n{{\"id\":\"x\"}}\n{}\n",
        line(&TARGET),
        line(&TARGET)
    );
    let (code, ledgers, stderr) = check(&lines);
    assert_eq!(ledgers.len(), 2);
    assert_eq!(code, 2);
    assert!(stderr.contains("line 2") && stderr.contains("line 3"), "{stderr}");
}

#[test]
fn any_pair_of_texts_gives_a_ledger() {
    let odd = [
        "",
        " ",
        "\u{feff}",
        "«",
        "「」",
        "12",
        "👩‍👩‍👧",
        "e\u{301}é",
        "가",
        "克里姆林宫",
        "a\u{0}b",
        "…… ——",
        "S.",
        "U.S.",
    ];
    let mut lines = String::new();
    for a in odd {
        for (b, to) in odd
            .iter()
            .zip(["uk", "ko", "zh", "ru", "de", "ja", "ar"].iter().cycle())
        {
            lines +=
                &json!({"id": "o", "from": "en", "to": to, "source": [a, b], "target": [b, a]}).to_string();
            lines.push('\n');
            lines += &json!({"id": "p", "from": to, "to": "en", "source": a, "target": b}).to_string();
            lines.push('\n');
        }
    }
    let count = lines.lines().count();
    let (code, ledgers, stderr) = check(&lines);
    assert_eq!(ledgers.len(), count, "{stderr}");
    assert!(code <= 1);
}
