//! `byline models`: from the hub (one of our own), from wheels (made here), and what is in the way. A module a topic.

mod disk;
mod hub;
mod list;
mod local;
mod packed;
mod quantised;
mod trouble;
mod wheels;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};
use std::time::Duration;

use crate::Program;
use crate::hub_server::{COMMIT, Hub, REPO, noise, sha256};

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

fn wheel_source(packages: &[&str]) -> String {
    let part = |package: &&str| format!("{{ package = \"{package}\", member = \"data/part.bin\" }}");
    let parts: Vec<String> = packages.iter().map(part).collect();
    format!(
        "[[sources]]\n[sources.wheel]\n[sources.wheel.files]\n\"tiny.gguf\" = [{}]\n",
        parts.join(", ")
    )
}
