#![allow(clippy::unwrap_used)]
use super::*;

const SMALL: &str = r#"id = "tiny"
name = "Tiny"
about = "A test"
architecture = "llama"
[licence]
id = "MIT"
[serves]
translate = [{ from = ["en"], to = ["uk", "en"] }]
[[files]]
role = "weights"
name = "tiny.gguf"
about_mb = 5
[[sources]]
[sources.hub]
repo = "somebody/tiny"
"#;

fn error_of(text: &str) -> Error {
    Manifest::parse(Path::new("tiny.toml"), text).unwrap_err()
}

#[test]
fn directions_are_directed_and_never_into_the_same_language() {
    let tiny = Manifest::parse(Path::new("tiny.toml"), SMALL).unwrap();
    assert!(tiny.serves(Task::Translate, Language::EN, Some(Language::UK)));
    assert!(!tiny.serves(Task::Translate, Language::UK, Some(Language::EN)));
    assert!(!tiny.serves(Task::Translate, Language::EN, Some(Language::EN)));
    assert!(!tiny.serves(Task::Translate, Language::EN, None));
    assert!(!tiny.serves(Task::Summarise, Language::EN, None));
    assert_eq!(tiny.size_text(), "about 5 MB");
}

#[test]
fn a_wrong_key_is_named_with_its_line_and_the_right_one() {
    let error = error_of(&SMALL.replace("architecture", "architectur"));
    assert!(
        error
            .to_string()
            .starts_with("tiny.toml, line 4: unknown field `architectur`"),
        "{error}"
    );
    assert_eq!(error.hint(), Some("did you mean \"architecture\"?"));
}

#[test]
fn a_wrong_value_is_named_with_its_line() {
    for (good, bad, line, says) in [
        ("\"tiny\"", "\"../tiny\"", 1, "\"../tiny\" may only hold"),
        ("\"uk\"", "\"xx\"", 8, "unknown language \"xx\""),
        ("tiny.gguf", "../../tiny.gguf", 11, "may only hold"),
        ("about_mb = 5", "sha256 = \"abc\"", 12, "is not a SHA-256"),
        ("sources.hub", "sources.hubb", 14, "unknown variant `hubb`"),
        ("somebody/tiny", "../tiny", 15, "is not a repository"),
        ("weights", "tokenizer", 9, "no file has the role \"weights\""),
    ] {
        let error = error_of(&SMALL.replace(good, bad)).to_string();
        assert!(
            error.starts_with(&format!("tiny.toml, line {line}: ")) && error.contains(says),
            "{bad}: {error}"
        );
    }
}

#[test]
fn a_file_from_wheels_needs_its_digest() {
    let wheel =
        "[[sources]]\n[sources.wheel.files]\n\"tiny.gguf\" = [{ package = \"a==1\", member = \"a/b\" }]\n";
    let error = error_of(&format!("{SMALL}{wheel}")).to_string();
    assert!(error.contains("its sha256 must be given"), "{error}");
    let digest = format!("sha256 = \"{}\"", "0".repeat(64));
    // the hub may have another file: then that of the wheels has a digest of its own, and perhaps another form
    let joined = format!("[sources.wheel.joined.\"tiny.gguf\"]\nformat = \"e5s1\"\n{digest}\n");
    let text = format!("{SMALL}{wheel}{joined}");
    assert_eq!(
        Manifest::parse(Path::new("x"), &text).unwrap().files[0].sha256,
        None
    );
    let error = error_of(&text.replace("joined.\"tiny", "joined.\"tinny")).to_string();
    assert!(
        error.contains("\"tinny.gguf\" is none of the model's files"),
        "{error}"
    );
    let error = error_of(&text.replace("\"e5s1\"", "\"zip\"")).to_string();
    assert!(error.contains("unknown variant `zip`"), "{error}");
    let text = format!("{}{wheel}", SMALL.replace("about_mb = 5", &digest));
    assert_eq!(Manifest::parse(Path::new("x"), &text).unwrap().sources.len(), 2);
    let error = error_of(&text.replace("a==1", "--index-url")).to_string();
    assert!(error.contains("is not a pinned package"), "{error}");
}
