//! `models list` and `models show`, and names that do not exist.

use super::{Tiny, hub_source, wheel_source};
use crate::hub_server::sha256;

#[test]
fn names_that_do_not_exist_are_answered_with_those_that_do() {
    let tiny = Tiny::new(&hub_source());
    tiny.run("", &["show", "tinny"])
        .assert_fails(2, &["no model is called \"tinny\"", "did you mean \"tiny\"?"]);
    tiny.run("", &["pull", "tiny", "../tiny"])
        .assert_fails(2, &["no model is called \"../tiny\""]);
    tiny.program
        .file("config/byline/models/bad.toml", "id = \"bad\"\nnam = \"Bad\"\n");
    let ran = tiny.run("", &["list", "--format", "json"]);
    assert_eq!(ran.code, 0);
    assert!(
        ran.stderr.contains("bad.toml, line 2: unknown field `nam`"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("did you mean \"name\"?"), "{}", ran.stderr);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["schema"], "byline/models/1");
}

#[test]
fn show_tells_everything() {
    let tiny = Tiny::new(&format!(
        "{}{}",
        hub_source(),
        wheel_source(&["one==1", "two==1"])
    ));
    let ran = tiny.run("", &["show", "tiny", "--format", "text"]);
    assert_eq!(ran.code, 0);
    for words in [
        "summarise en",
        "MIT",
        "400000 bytes",
        &sha256(&tiny.bytes),
        "hub: somebody/tiny at main",
        "two==1",
        "here          no",
    ] {
        assert!(ran.stdout.contains(words), "{words:?} is not in {}", ran.stdout);
    }
    tiny.run("", &["show", "tiny", "--format", "html"])
        .assert_fails(2, &["models does not print html"]);
}
