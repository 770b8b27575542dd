//! What lies on this machine already: used, verified, removed; and nothing asked for offline.

use std::fs;

use super::{Ran, SIZE, Tiny, hub_source, hub_with};
use crate::hub_server::{COMMIT, noise, sha256};

#[test]
fn what_another_tool_has_fetched_is_used_and_never_removed() {
    let tiny = Tiny::new(&hub_source());
    let hub = hub_with(&tiny);
    let folder = "hf/hub/models--somebody--tiny";
    tiny.program.file(&format!("{folder}/refs/main"), COMMIT);
    let file = tiny
        .program
        .file(&format!("{folder}/snapshots/{COMMIT}/tiny.gguf"), &tiny.bytes);
    assert_eq!(tiny.pull(&hub).code, 0);
    assert!(hub.log().is_empty());
    let ran = tiny.run(&hub.endpoint, &["remove", "tiny"]);
    assert_eq!(ran.code, 0);
    assert!(
        ran.stderr.contains("was put there by another tool and stays"),
        "{}",
        ran.stderr
    );
    assert!(file.is_file());
}

#[test]
fn what_another_tool_has_fetched_wrongly_is_fetched_again() {
    let tiny = Tiny::new(&hub_source());
    let hub = hub_with(&tiny);
    let folder = "hf/hub/models--somebody--tiny";
    tiny.program.file(&format!("{folder}/refs/main"), COMMIT);
    tiny.program
        .file(&format!("{folder}/snapshots/{COMMIT}/tiny.gguf"), noise(SIZE, 3));
    tiny.assert_whole_from_hub(&tiny.pull(&hub));
}

#[test]
fn verify_finds_a_changed_byte_and_remove_takes_all_away() {
    let tiny = Tiny::new(&hub_source());
    let hub = hub_with(&tiny);
    assert_eq!(tiny.pull(&hub).code, 0);
    let mut bytes = tiny.bytes.clone();
    bytes[17] ^= 1;
    fs::write(tiny.blob(), &bytes).unwrap();
    let ran = tiny.run(&hub.endpoint, &["verify", "tiny"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stdout.contains("tiny: tiny.gguf has the SHA-256"),
        "{}",
        ran.stdout
    );
    assert!(ran.stderr.contains("byline models pull tiny"), "{}", ran.stderr);
    fs::write(tiny.blob(), &bytes[1..]).unwrap();
    let ran = tiny.run(&hub.endpoint, &["verify", "tiny", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (ran.code, &json["models"][0]["whole"]),
        (1, &serde_json::json!(false))
    );

    assert_eq!(tiny.run(&hub.endpoint, &["remove", "tiny"]).code, 0);
    assert!(!tiny.repo().exists());
    tiny.run(&hub.endpoint, &["verify", "tiny"])
        .assert_fails(3, &["tiny is not on this machine"]);
    tiny.assert_whole_from_hub(&tiny.pull(&hub));
}

#[test]
fn remove_spares_a_blob_that_another_snapshot_names() {
    let tiny = Tiny::new(&hub_source());
    assert_eq!(tiny.pull(&hub_with(&tiny)).code, 0);
    let other = tiny.repo().join("snapshots/ffff");
    fs::create_dir_all(&other).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(
        format!("../../blobs/{}", sha256(&tiny.bytes)),
        other.join("tiny.gguf"),
    )
    .unwrap();
    #[cfg(not(unix))]
    return;
    assert_eq!(tiny.run("http://127.0.0.1:1", &["remove", "tiny"]).code, 0);
    assert_eq!(fs::read(other.join("tiny.gguf")).unwrap(), tiny.bytes);
}

#[test]
fn offline_nothing_is_asked() {
    let tiny = Tiny::new(&hub_source());
    let hub = hub_with(&tiny);
    for offline in ["BYLINE_OFFLINE", "HF_HUB_OFFLINE"] {
        let mut command = tiny.command(&hub.endpoint, &["pull", "tiny"]);
        let ran = Ran::of(command.env(offline, "1").output().unwrap());
        ran.assert_fails(3, &["tiny is not on this machine", "`byline models pull tiny`"]);
    }
    tiny.run(&hub.endpoint, &["--offline", "pull", "tiny"])
        .assert_fails(3, &[]);
    assert!(hub.log().is_empty(), "{:?}", hub.log());
    assert_eq!(tiny.pull(&hub).code, 0);
    assert_eq!(tiny.run(&hub.endpoint, &["--offline", "pull", "tiny"]).code, 0);
}
