//! The stages of a run: how long each took, and what models read and wrote in it.

use std::time::Instant;

/// A stage that has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// What was done.
    pub name: String,
    /// How long it took.
    pub seconds: f64,
    /// Tokens that models read, those left out that had been read before.
    pub read: usize,
    /// Tokens that they wrote.
    pub written: usize,
    /// The most memory that the process had had resident at its end, in MiB; `None` where the system does not tell.
    pub peak_rss_mib: Option<f64>,
}

impl Stage {
    /// Tokens written in a second, reading included; none if none were.
    pub fn rate(&self) -> Option<f64> {
        (self.written > 0 && self.seconds > 0.0).then(|| self.written as f64 / self.seconds)
    }

    /// In words.
    pub fn told(&self) -> String {
        let tokens = match (self.read, self.written, self.rate()) {
            (0, 0, _) => String::new(),
            (read, written, None) => format!(", {read} tokens read, {written} written"),
            (read, written, Some(rate)) => {
                format!(", {read} tokens read, {written} written, {rate:.1} tokens/s")
            }
        };
        format!("{}: {:.1} s{tokens}", self.name, self.seconds)
    }
}

/// The stages so far.
#[derive(Default)]
pub struct Stages {
    ended: Vec<Stage>,
    current: Option<(Stage, Instant)>,
}

impl Stages {
    /// The next stage begins. Gives the one that ends with that.
    pub fn begin(&mut self, name: &str) -> Option<Stage> {
        let ended = self.end();
        let stage = Stage {
            name: name.to_owned(),
            seconds: 0.0,
            read: 0,
            written: 0,
            peak_rss_mib: None,
        };
        self.current = Some((stage, Instant::now()));
        ended
    }

    /// Models have read and written so many tokens more.
    pub fn tokens(&mut self, read: usize, written: usize) {
        if let Some((stage, _)) = &mut self.current {
            stage.read += read;
            stage.written += written;
        }
    }

    /// The current stage as it stands.
    pub fn current(&self) -> Option<Stage> {
        self.current.as_ref().map(|(stage, since)| Stage {
            seconds: since.elapsed().as_secs_f64(),
            peak_rss_mib: peak_rss_mib(),
            ..stage.clone()
        })
    }

    /// Ends the current stage, and gives it.
    pub fn end(&mut self) -> Option<Stage> {
        let ended = self.current()?;
        self.current = None;
        self.ended.push(ended.clone());
        Some(ended)
    }

    /// Those that have ended.
    pub fn ended(&self) -> &[Stage] {
        &self.ended
    }
}

/// The most memory that this process has had resident, in MiB; `None` where the system does not tell.
pub fn peak_rss_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_ends_where_the_next_begins_and_tokens_are_its_own() {
        let mut stages = Stages::default();
        stages.tokens(5, 5);
        assert_eq!(stages.begin("one"), None);
        stages.tokens(7, 2);
        stages.tokens(0, 1);
        let one = stages.begin("two").expect("it has ended");
        assert_eq!((one.name.as_str(), one.read, one.written), ("one", 7, 3));
        stages.end();
        assert_eq!(stages.end(), None);
        let names: Vec<&str> = stages.ended().iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names, ["one", "two"]);
        let told = |read, written| {
            let stage = Stage {
                seconds: 2.0,
                read,
                written,
                ..one.clone()
            };
            stage.told()
        };
        assert_eq!(told(0, 0), "one: 2.0 s");
        assert_eq!(told(9, 3), "one: 2.0 s, 9 tokens read, 3 written, 1.5 tokens/s");
    }
}
