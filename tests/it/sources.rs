//! `byline sources`: the contract's JSON, the list for people, positions on any input.

use serde_json::Value;

use super::Program;

/// One object a line for JSONL input given as (language, text) pairs.
pub(super) fn sources(items: &[(&str, &str)]) -> Vec<Value> {
    let lines: Vec<String> = items
        .iter()
        .enumerate()
        .map(|(k, (language, text))| {
            serde_json::json!({"id": format!("a{k}"), "language": language, "text": text}).to_string()
        })
        .collect();
    let program = Program::new();
    let output = program
        .command()
        .args(["sources", "--input-format", "jsonl", "--format", "json", "-"])
        .write_stdin(lines.join("\n"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let stdout = String::from_utf8(output.stdout).unwrap();
    stdout.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

/// The pieces of text that the spans of `role` slice to, counted in characters.
pub(super) fn pieces(object: &Value, claim: &Value, role: &str) -> Vec<String> {
    slices(object, &claim[format!("{role}_spans")])
}

/// The pieces of text that a list of spans slices to.
pub(super) fn slices(object: &Value, spans: &Value) -> Vec<String> {
    let text: Vec<char> = object["article"]["text"].as_str().unwrap().chars().collect();
    let slice = |span: &Value| {
        let [start, end] = [0, 1].map(|k| usize::try_from(span[k].as_u64().unwrap()).unwrap());
        text[start..end].iter().collect()
    };
    spans.as_array().unwrap().iter().map(slice).collect()
}

/// A case of a data file: a text and what is expected of it, a line each.
#[derive(serde::Deserialize)]
pub(super) struct Case {
    name: String,
    text: String,
    #[serde(alias = "claims", alias = "sources")]
    want: Vec<String>,
}

/// Holds the cases of a data file against the lines that `lines` makes of the program's answers.
pub(super) fn check_cases(language: &str, data: &str, lines: impl Fn(&Value) -> Vec<String>) {
    let mut file: std::collections::HashMap<String, Vec<Case>> = toml::from_str(data).unwrap();
    let cases = file.remove("case").unwrap();
    let items: Vec<(&str, &str)> = cases.iter().map(|c| (language, c.text.as_str())).collect();
    let mut wrong = String::new();
    for (case, object) in cases.iter().zip(sources(&items)) {
        let got = lines(&object);
        if got != case.want {
            wrong.push_str(&format!(
                "{}\n  want {:#?}\n  got  {:#?}\n",
                case.name, case.want, got
            ));
        }
    }
    assert!(wrong.is_empty(), "{language}:\n{wrong}");
}

#[test]
fn prints_the_schema_of_the_contract() {
    let text =
        "Café «Zoria» closes\n\nThe mayor of Oya, Anna Lund, said on Monday that the café “will not” reopen.";
    let object = &sources(&[("en", text)])[0];
    assert_eq!(object["schema"], "byline/sources/1");
    assert_eq!(object["article"]["text"], text);
    assert_eq!(object["article"]["sha256"].as_str().unwrap().len(), 64);
    let claim = &object["attributions"][0];
    assert_eq!(claim["form"], "mixed");
    assert_eq!(claim["stance"], "say");
    assert_eq!(claim["polarity"], "asserted");
    assert_eq!(claim["parent"], Value::Null);
    assert_eq!(pieces(object, claim, "source"), ["The mayor of Oya, Anna Lund,"]);
    assert_eq!(pieces(object, claim, "cue"), ["said"]);
    assert_eq!(
        pieces(object, claim, "content"),
        ["that the café “will not” reopen"]
    );
    let source = object["sources"]
        .as_array()
        .unwrap()
        .iter()
        .find(|s| s["id"] == claim["source"])
        .unwrap();
    assert_eq!(source["name"], "Anna Lund");
    assert_eq!(source["kind"], "person");
}

#[test]
fn a_source_line_is_a_tree() {
    let text = "Bridge opens\n\nThe bridge is open.\nSource: Nordwire, citing a spokesperson for the port; Oya Herald\nDetails: It opened at noon.";
    let object = &sources(&[("en", text)])[0];
    let claims = object["attributions"].as_array().unwrap();
    let names: Vec<String> = claims.iter().flat_map(|c| pieces(object, c, "source")).collect();
    assert_eq!(names, ["Nordwire", "a spokesperson for the port", "Oya Herald"]);
    assert_eq!(claims[0]["form"], "header");
    assert_eq!(claims[1]["parent"], claims[0]["id"]);
    assert_eq!(claims[2]["parent"], Value::Null);
    assert_eq!(pieces(object, &claims[1], "cue"), ["citing"]);
}

#[test]
fn a_list_for_people() {
    let program = Program::new();
    let file = program.file(
        "port.txt",
        "Port closed\n\n\"It is over,\" Anna Lund said. Lund added that crews were leaving.\n",
    );
    let output = program
        .command()
        .args(["sources", "--format", "text"])
        .arg(file)
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(stdout.contains("Anna Lund (person)"), "{stdout}");
    assert!(stdout.contains("say, quotation: \"It is over,\""), "{stdout}");
    assert!(
        stdout.contains("say, paraphrase: that crews were leaving"),
        "{stdout}"
    );
}

#[test]
fn refuses_formats_it_does_not_print() {
    let program = Program::new();
    let file = program.file("a.txt", "Nothing.\n");
    let output = program
        .command()
        .args(["sources", "--format", "html"])
        .arg(file)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_source_keeps_its_relative_clause_apart_from_what_it_says() {
    for (text, name) in [
        (
            "An environmental group that has sampled the water said it was closer to 400 tonnes.",
            "An environmental group that has sampled the water",
        ),
        (
            "A senior official at the Ministry of Transport, who asked not to be named because the inquiry is not \
             finished, said the pressure in the pipe had been too high.",
            "A senior official at the Ministry of Transport",
        ),
    ] {
        let line = serde_json::json!({ "id": "a", "language": "en", "text": text }).to_string();
        let output = super::Program::new()
            .command()
            .args(["sources", "--input-format", "jsonl", "--format", "json", "-"])
            .write_stdin(line)
            .output()
            .unwrap();
        let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let names: Vec<&str> = found["sources"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| s["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, [name]);
    }
}

#[test]
fn a_language_that_is_not_read_is_told() {
    let program = super::Program::new();
    let text = "Der Hafen bleibt geschlossen, sagte die Hafenmeisterin Berta Krohn am Montag in Oya.";
    let output = program
        .command()
        .args(["sources", "--from", "de", "--format", "text", "-"])
        .write_stdin(text)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let talk = String::from_utf8(output.stderr).unwrap();
    assert!(talk.contains("not in German"), "{talk}");
}
