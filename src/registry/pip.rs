//! pip as a downloader: found, started, watched, stopped.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::disk;
use super::hub::PATIENCE;
use super::manifest::WheelSource;
use super::pull::Stop;
use super::store::{Network, tree_size};
use crate::error::{Error, Result};
use crate::progress::{Progress, checkpoint};

/// Commands that are pip on one machine or another.
const CANDIDATES: &[&[&str]] = &[
    &["python3", "-m", "pip"],
    &["python", "-m", "pip"],
    &["pip3"],
    &["pip"],
];
/// How often a package is asked for before the source is given up.
const TRIES: u32 = 2;
/// pip asks an index several times and looks at what it got without a sound, so it may be silent this many times as long
/// as the hub.
const SLOWER_THAN_THE_HUB: u32 = 4;
/// How the system says in pip's output that the disk takes no more.
const DISK_WORDS: [&str; 4] = [
    "No space left",
    "Disk quota exceeded",
    "File too large",
    "Read-only file system",
];
/// How often the child is looked at.
const TICK: Duration = Duration::from_millis(100);

const NO_PIP: &str = "install Python 3 with pip, or set BYLINE_PIP to a command that is pip";

/// A pip that answers, and a folder to work in.
pub(super) struct Pip {
    command: Vec<String>,
    folder: PathBuf,
    patience: Duration,
}

/// How pip ended.
enum Ended {
    With(ExitStatus),
    /// It brought and said nothing for too long, and was stopped.
    Silent,
    /// There is no such program.
    NotThere,
}

impl Pip {
    /// The user's command, or the first candidate that answers.
    pub(super) fn find(network: &Network, folder: &Path) -> Result<Self, Stop> {
        let wanted = network.pip.as_deref();
        let patience = network.patience.unwrap_or(PATIENCE) * SLOWER_THAN_THE_HUB;
        let own: Vec<Vec<String>> = match wanted {
            Some(command) => vec![command.to_vec()],
            None => CANDIDATES
                .iter()
                .map(|words| words.iter().map(|&word| word.to_owned()).collect())
                .collect(),
        };
        for command in own {
            let pip = Self {
                command,
                folder: folder.to_owned(),
                patience,
            };
            let log = folder.join("pip.log");
            if let Ended::With(status) = pip.run(&["--version"], &log, &mut || 0)?
                && status.success()
            {
                return Ok(pip);
            }
        }
        Err(match wanted {
            Some(command) => Stop::next(format!("\"{}\" (BYLINE_PIP) does not run", command.join(" "))),
            None => Stop::next("pip is not there"),
        }
        .hint(NO_PIP))
    }

    /// Fetches the wheel of one package; gives its path and how many bytes were shown to `progress`.
    pub(super) fn download(
        &self,
        package: &str,
        source: &WheelSource,
        progress: &dyn Progress,
    ) -> Result<(PathBuf, u64), Stop> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.attempt(package, source, progress) {
                Err(Stop::Next(reason)) if tries < TRIES && !is_final(&reason.message) => {
                    progress.note(&format!("{}; trying again", reason.message));
                }
                done => return done,
            }
        }
    }

    fn attempt(
        &self,
        package: &str,
        source: &WheelSource,
        progress: &dyn Progress,
    ) -> Result<(PathBuf, u64), Stop> {
        let (into, temporary) = (self.folder.join("pip-out"), self.folder.join("pip-tmp"));
        let log = self.folder.join("pip.log");
        disk::clear(&into)?;
        disk::clear(&temporary)?;
        disk::make_folder(&into)?;
        disk::make_folder(&temporary)?;
        let target = into.to_string_lossy();
        let mut arguments = vec![
            "download",
            "--no-deps",
            "--only-binary=:all:",
            "--no-cache-dir",
            "--no-input",
            "--retries",
            "2",
            "--timeout",
            "15",
            "--disable-pip-version-check",
            "--progress-bar",
            "off",
            "--dest",
            &target,
        ];
        for (flag, tag) in [
            ("--python-version", &source.python),
            ("--platform", &source.platform),
        ] {
            if let Some(tag) = tag {
                arguments.extend([flag, tag]);
            }
        }
        arguments.push(package);
        let mut shown = 0;
        let status = self.run(&arguments, &log, &mut || {
            let here = tree_size(&temporary).max(tree_size(&into));
            if here > shown {
                progress.received(here - shown);
                shown = here;
            }
            here
        });
        disk::clear(&temporary)?;
        match status? {
            Ended::With(status) if status.success() => {}
            Ended::With(status) => return Err(failed(package, &complaint(&log, status))),
            Ended::Silent => {
                let seconds = self.patience.as_secs();
                return Err(Stop::next(format!("{package}: pip was silent for {seconds} s"))
                    .hint("see whether its index can be reached, and run it again"));
            }
            Ended::NotThere => {
                return Err(Stop::next(format!("\"{}\" does not run", self.command.join(" "))).hint(NO_PIP));
            }
        }
        let wheels = fs::read_dir(&into)
            .map_err(|e| Error::io(&into, e))?
            .flatten()
            .map(|entry| entry.path());
        let mut wheels = wheels.filter(|path| path.extension().is_some_and(|extension| extension == "whl"));
        match (wheels.next(), wheels.next()) {
            (Some(wheel), None) => Ok((wheel, shown)),
            _ => Err(Stop::next(format!("{package}: pip brought no wheel"))),
        }
    }

    /// Runs pip with its output in `log`. `tick` gives the bytes that are here: where neither they nor the output grow,
    /// pip is silent. Ctrl-C stops it.
    fn run(&self, arguments: &[&str], log: &Path, tick: &mut dyn FnMut() -> u64) -> Result<Ended> {
        let Some((program, first)) = self.command.split_first() else {
            return Ok(Ended::NotThere);
        };
        let output = fs::File::create(log).map_err(|e| Error::io(log, e))?;
        let errors = output.try_clone().map_err(|e| Error::io(log, e))?;
        let temporary = self.folder.join("pip-tmp");
        let mut command = Command::new(program);
        command
            .args(first)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors);
        if temporary.is_dir() {
            // pip downloads into the system's temporary folder first; in this one its progress can be seen, and a
            // small /tmp does not stop it.
            command
                .env("TMPDIR", &temporary)
                .env("TEMP", &temporary)
                .env("TMP", &temporary);
        }
        let Ok(child) = command.spawn() else {
            return Ok(Ended::NotThere);
        };
        let mut child = Running(child);
        let (mut alive, mut signs) = (Instant::now(), (0, 0));
        loop {
            checkpoint()?;
            let now = (tick(), disk::size_of(log).unwrap_or(0));
            if now != signs {
                (alive, signs) = (Instant::now(), now);
            }
            match child.0.try_wait() {
                Ok(Some(status)) => {
                    tick();
                    return Ok(Ended::With(status));
                }
                Ok(None) if alive.elapsed() > self.patience => return Ok(Ended::Silent),
                Ok(None) => std::thread::sleep(TICK),
                Err(error) => return Err(Error::failed(format!("{program}: {error}"))),
            }
        }
    }
}

/// A child that does not outlive its watcher.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // A child that has ended cannot be killed, and that is fine.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What another try would not change.
fn is_final(message: &str) -> bool {
    ["No matching distribution", "does not run", "pip was silent"]
        .iter()
        .any(|words| message.contains(words))
}

/// pip failed: by the disk, which no other source changes, or by something else.
fn failed(package: &str, complaint: &str) -> Stop {
    let message = format!("{package}: {complaint}");
    if DISK_WORDS.iter().any(|words| complaint.contains(words)) {
        return Error::failed(message)
            .with_hint("free some space, or set BYLINE_CACHE to a folder on a larger disk, and run it again")
            .into();
    }
    Stop::next(message)
}

/// pip's own last complaint.
fn complaint(log: &Path, status: ExitStatus) -> String {
    let text = fs::read(log)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default();
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let line = lines()
        .rfind(|line| line.starts_with("ERROR:"))
        .or_else(|| lines().next_back());
    match line {
        Some(line) => line
            .trim_start_matches("ERROR:")
            .trim()
            .chars()
            .take(300)
            .collect(),
        None => format!("pip ended with {status}"),
    }
}
