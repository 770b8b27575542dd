//! Pulls from a hub that does what it should: the cache it leaves, and files that are not what they should be.

use std::fs;
use std::path::Path;

use super::{Ran, SIZE, Tiny, hub_source, hub_with};
use crate::hub_server::{COMMIT, Fault, Hub, noise, sha256};

#[test]
fn a_pull_from_the_hub_fills_the_cache_that_other_tools_share() {
    let tiny = Tiny::new(&hub_source());
    let hub = hub_with(&tiny);
    let ran = tiny.pull(&hub);
    tiny.assert_whole_from_hub(&ran);
    let link = fs::read_link(tiny.repo().join("snapshots").join(COMMIT).join("tiny.gguf")).unwrap();
    assert_eq!(link, Path::new("../../blobs").join(sha256(&tiny.bytes)));
    let lock = fs::read_to_string(tiny.program.home.path().join("cache/models/tiny/lock.json")).unwrap();
    assert!(
        lock.contains(&sha256(&tiny.bytes)) && lock.contains(COMMIT),
        "{lock}"
    );

    let requests = hub.log().len();
    assert_eq!(tiny.pull(&hub).code, 0);
    assert_eq!(
        hub.log().len(),
        requests,
        "a model that is here was asked for again"
    );
    let list = tiny.run(&hub.endpoint, &["list", "--format", "text"]);
    let line = list
        .stdout
        .lines()
        .find(|line| line.starts_with("tiny "))
        .unwrap();
    assert!(line.ends_with("yes"), "{line}");
    let verify = tiny.run(&hub.endpoint, &["verify"]);
    assert_eq!((verify.code, verify.stdout.trim()), (0, "tiny: whole"));
}

#[test]
fn several_files_come_from_one_commit_and_unknown_digests_are_locked() {
    let tiny = Tiny::new(&hub_source());
    let more = "[[files]]\nrole = \"config\"\nname = \"config.json\"\n";
    tiny.manifest(
        more,
        &format!(
            "{}paths = {{ \"config.json\" = \"deep/er/config.json\" }}\n",
            hub_source()
        ),
    );
    let hub = hub_with(&tiny).small("deep/er/config.json", b"{\"a\": 1}");
    assert_eq!(tiny.pull(&hub).code, 0);
    let config = tiny
        .repo()
        .join("snapshots")
        .join(COMMIT)
        .join("deep/er/config.json");
    assert_eq!(fs::read(config).unwrap(), b"{\"a\": 1}");
    let lock = fs::read_to_string(tiny.program.home.path().join("cache/models/tiny/lock.json")).unwrap();
    assert!(lock.contains(&sha256(b"{\"a\": 1}")), "{lock}");
}

#[test]
fn files_that_the_hub_does_not_list_are_left_out_if_the_model_works_without_them() {
    let tiny = Tiny::new(&hub_source());
    let shards = "optional = true\n[[files]]\nrole = \"weights\"\nname = \"a.safetensors\"\noptional = true\n\
                  [[files]]\nrole = \"weights\"\nname = \"b.safetensors\"\noptional = true\n";
    tiny.manifest(shards, &hub_source());
    let hub = Hub::new()
        .large("a.safetensors", &noise(1000, 2))
        .large("b.safetensors", &noise(1000, 3));
    assert_eq!(tiny.pull(&hub).code, 0);
    let snapshot = tiny.repo().join("snapshots").join(COMMIT);
    assert!(snapshot.join("b.safetensors").is_file() && !snapshot.join("tiny.gguf").exists());
    assert_eq!(tiny.run("", &["--offline", "pull", "tiny"]).code, 0);
    fs::remove_file(snapshot.join("b.safetensors")).unwrap();
    tiny.run("", &["--offline", "pull", "tiny"])
        .assert_fails(3, &["tiny is not on this machine"]);
    let tiny = Tiny::new(&hub_source());
    tiny.manifest(shards, &hub_source());
    tiny.pull(&Hub::new().small("README.md", b"x"))
        .assert_fails(4, &["lists none of the model's weights"]);
}

#[test]
fn a_part_as_long_as_the_file_is_verified_and_not_fetched() {
    let tiny = Tiny::new(&hub_source());
    let hub = hub_with(&tiny);
    fs::create_dir_all(tiny.part().parent().unwrap()).unwrap();
    fs::write(tiny.part(), &tiny.bytes).unwrap();
    tiny.assert_whole_from_hub(&tiny.pull(&hub));
    assert!(hub.bodies().is_empty(), "{:?}", hub.bodies());
}

#[test]
fn a_part_that_is_wrong_or_too_long_is_thrown_away() {
    for length in [SIZE, SIZE + 10, SIZE / 2] {
        let tiny = Tiny::new(&hub_source());
        let hub = hub_with(&tiny);
        fs::create_dir_all(tiny.part().parent().unwrap()).unwrap();
        fs::write(tiny.part(), noise(length, 9)).unwrap();
        tiny.assert_whole_from_hub(&tiny.pull(&hub));
        assert_eq!(hub.bodies().last().unwrap(), "BODY tiny.gguf from 0");
    }
}

#[test]
fn wrong_bytes_never_get_a_name() {
    let tiny = Tiny::new(&hub_source());
    let hub = hub_with(&tiny).fault(Fault::WrongBytes);
    tiny.pull(&hub)
        .assert_fails(4, &["tiny could not be fetched", "SHA-256", "thrown away"]);
    tiny.assert_nothing_here();
    hub.mend();
    tiny.assert_whole_from_hub(&tiny.pull(&hub));
}

#[test]
fn another_file_under_the_same_name_is_refused_before_it_is_fetched() {
    let tiny = Tiny::new(&hub_source());
    let hub = Hub::new().large("tiny.gguf", &noise(SIZE, 7));
    tiny.pull(&hub)
        .assert_fails(4, &["holds another \"tiny.gguf\" than the manifest asks for"]);
    assert!(hub.bodies().is_empty());
}

#[test]
fn a_gated_repository_asks_for_a_token_and_takes_it() {
    let tiny = Tiny::new(&hub_source());
    let hub = hub_with(&tiny).gated("secret");
    tiny.pull(&hub).assert_fails(4, &["status 401", "set HF_TOKEN"]);
    let ran = Ran::of(
        tiny.command(&hub.endpoint, &["pull", "tiny"])
            .env("HF_TOKEN", "wrong")
            .output()
            .unwrap(),
    );
    ran.assert_fails(4, &["refuses the token"]);
    let ran = Ran::of(
        tiny.command(&hub.endpoint, &["pull", "tiny"])
            .env("HF_TOKEN", "secret")
            .output()
            .unwrap(),
    );
    tiny.assert_whole_from_hub(&ran);
    assert!(!ran.stderr.contains("secret"));
}

#[test]
fn the_token_file_of_the_hubs_own_tools_is_read() {
    let tiny = Tiny::new(&hub_source());
    let hub = hub_with(&tiny).gated("secret");
    tiny.program.file("hf/token", "secret\n");
    tiny.assert_whole_from_hub(&tiny.pull(&hub));
}

#[test]
fn what_is_not_there_is_said() {
    let tiny = Tiny::new(&hub_source().replace("tiny", "gone"));
    tiny.pull(&Hub::new())
        .assert_fails(4, &["the hub (somebody/gone): has no such repository"]);
    let tiny = Tiny::new(&hub_source());
    tiny.pull(&Hub::new().small("other", b"x"))
        .assert_fails(4, &["has no file \"tiny.gguf\" at the revision \"main\""]);
}

#[test]
fn two_processes_fetch_it_once() {
    let tiny = Tiny::new(&hub_source());
    let hub = hub_with(&tiny);
    let start = || tiny.command(&hub.endpoint, &["pull", "tiny"]).spawn().unwrap();
    let (first, second) = (start(), start());
    for child in [first, second] {
        tiny.assert_whole_from_hub(&Ran::of(child.wait_with_output().unwrap()));
    }
    assert_eq!(hub.bodies().len(), 1, "{:?}", hub.bodies());
}
