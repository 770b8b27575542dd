//! Everything for people: errors, notes, stages and bars, all on standard error.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::article::Article;
use crate::cli::stages::{Stage, Stages};
use crate::cli::{ColorWhen, Common};
use crate::error::Error;
use crate::progress::{self, Progress};

/// How long a stage may take to notice Ctrl-C before the program ends by itself.
const GRACE: Duration = Duration::from_secs(3);

/// Standard error, as quiet or talkative as the user wants it.
pub struct Console {
    verbosity: i8,
    colour: bool,
    when: ColorWhen,
    bars: bool,
    bar: Mutex<Option<ProgressBar>>,
    stage: Mutex<String>,
    /// The last step of it, in words.
    step: Mutex<String>,
    stages: Mutex<Stages>,
    /// The bar over many articles, while there is one: their stages are not told then.
    overall: Mutex<Option<Overall>>,
}

/// How far many articles are.
struct Overall {
    bar: Option<ProgressBar>,
    told: Instant,
}

/// Without a terminal: how often it is told how far many articles are.
const TOLD_EVERY: Duration = Duration::from_secs(10);

impl Console {
    /// Reads what the flags say about talking.
    pub fn new(flags: &Common) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let verbosity = if flags.quiet {
            -1
        } else {
            i8::try_from(flags.verbose).unwrap_or(2)
        };
        let colour = coloured(flags.color, terminal);
        if verbosity >= 2 {
            tracing_subscriber::fmt()
                .with_writer(std::io::stderr)
                .with_ansi(colour)
                .without_time()
                .with_max_level(tracing::Level::DEBUG)
                .init();
        }
        Self {
            verbosity,
            colour,
            when: flags.color,
            bars: terminal && !flags.no_progress && verbosity >= 0,
            bar: Mutex::new(None),
            stage: Mutex::new(String::new()),
            step: Mutex::new(String::new()),
            stages: Mutex::default(),
            overall: Mutex::new(None),
        }
    }

    /// Whether results on standard output are to be coloured; in a file only if the user asked for it.
    pub fn colours_results(&self, in_file: bool) -> bool {
        coloured(self.when, !in_file && std::io::stdout().is_terminal())
    }

    /// One line, unless the user wants quiet.
    pub fn say(&self, line: &str) {
        if self.verbosity >= 0 {
            self.print(line);
        }
    }

    /// One line for users who asked for more.
    pub fn detail(&self, line: &str) {
        if self.verbosity >= 1 {
            self.print(line);
        }
    }

    /// A doubt that does not stop the work.
    pub fn warn(&self, line: &str) {
        if self.verbosity >= 0 {
            self.print(&format!("{} {line}", self.paint("33", "warning:")));
        }
    }

    /// What went wrong, and the way out.
    pub fn error(&self, error: &Error) {
        self.print(&format!("{} {error}", self.paint("31;1", "error:")));
        if let Some(hint) = error.hint() {
            self.print(&format!("  {} {hint}", self.paint("36", "hint:")));
        }
    }

    /// What reading an article left out or doubted.
    pub fn about_input(&self, article: &Article) {
        for warning in &article.warnings {
            self.warn(&format!("{}: {warning}", article.id));
        }
        for dropped in &article.dropped {
            let text: String = dropped.text.chars().take(80).collect();
            self.detail(&format!("{}: left out ({}): {text}", article.id, dropped.reason));
        }
    }

    /// Work over many articles begins, `total` if that is known.
    pub fn overall(&self, total: Option<usize>) {
        let bar = self.bars.then(|| {
            let template = match total {
                Some(_) => "{pos}/{len} {wide_bar} {msg}",
                None => "{spinner} {pos} {msg}",
            };
            self.new_bar(total.unwrap_or(0) as u64, template)
        });
        let told = Instant::now();
        *lock(&self.overall) = Some(Overall { bar, told });
    }

    /// `done` articles are dealt with, `rate` are made in a second.
    pub fn advance(&self, done: usize, total: Option<usize>, rate: Option<f64>) {
        let mut overall = lock(&self.overall);
        let Some(overall) = overall.as_mut() else { return };
        let words = pace(done, total, rate);
        match &overall.bar {
            Some(bar) => {
                // a feed holds more articles than one
                bar.set_length(bar.length().unwrap_or(0).max(done as u64));
                bar.set_position(done as u64);
                bar.set_message(words);
            }
            None if overall.told.elapsed() >= TOLD_EVERY => {
                overall.told = Instant::now();
                let of = total.map_or_else(String::new, |total| format!("/{}", total.max(done)));
                self.say(&format!("{done}{of} articles, {words}"));
            }
            None => {}
        }
    }

    /// Work over many articles ends.
    pub fn end_overall(&self) {
        if let Some(bar) = lock(&self.overall).take().and_then(|o| o.bar) {
            bar.finish_and_clear();
        }
    }

    fn in_overall(&self) -> bool {
        lock(&self.overall).is_some()
    }

    /// Ends the stage, and whatever bar is still drawn.
    pub fn finish(&self) {
        self.set_bar(None);
        let ended = lock(&self.stages).end();
        self.tell(ended);
    }

    /// The stages that have ended.
    pub fn stages(&self) -> Vec<Stage> {
        lock(&self.stages).ended().to_vec()
    }

    /// Shows how far the stage is, and how fast.
    fn show_rate(&self) {
        let rate = lock(&self.stages).current().and_then(|stage| stage.rate());
        let rate = rate.map_or(String::new(), |rate| format!(", {rate:.1} tokens/s"));
        if let Some(bar) = lock(&self.bar).as_ref() {
            bar.set_message(format!("{}{rate}", lock(&self.step)));
        }
    }

    fn tell(&self, ended: Option<Stage>) {
        if let Some(ended) = ended {
            self.detail(&ended.told());
        }
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// A closed standard error is no reason to stop, so a failed write is ignored here and only here.
    fn print(&self, line: &str) {
        let write = || {
            let _ = writeln!(std::io::stderr().lock(), "{line}");
        };
        if let Some(bar) = lock(&self.bar).as_ref() {
            bar.suspend(write);
        } else if let Some(bar) = self.overall.try_lock().ok().and_then(|o| o.as_ref()?.bar.clone()) {
            bar.suspend(write);
        } else {
            write();
        }
    }

    fn set_bar(&self, bar: Option<ProgressBar>) {
        if let Some(old) = std::mem::replace(&mut *lock(&self.bar), bar) {
            old.finish_and_clear();
        }
    }

    fn new_bar(&self, length: u64, template: &str) -> ProgressBar {
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr()).with_style(style)
    }
}

/// "2.50 a second, 4 minutes left", as far as that is known.
fn pace(done: usize, total: Option<usize>, rate: Option<f64>) -> String {
    let left = total
        .zip(rate)
        .map(|(total, rate)| total.saturating_sub(done) as f64 / rate);
    let rate = rate.map(|rate| format!("{rate:.2} a second"));
    let left = left.map(|left| {
        let left = Duration::from_secs_f64(left.min(1e8));
        format!("{} left", HumanDuration(left))
    });
    rate.into_iter().chain(left).collect::<Vec<_>>().join(", ")
}

fn coloured(when: ColorWhen, terminal: bool) -> bool {
    match when {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        ColorWhen::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Progress for Console {
    fn stage(&self, name: &str) {
        if self.in_overall() {
            return;
        }
        self.set_bar(None);
        let ended = lock(&self.stages).begin(name);
        self.tell(ended);
        name.clone_into(&mut lock(&self.stage));
        name.clone_into(&mut lock(&self.step));
        if self.bars {
            let bar = self.new_bar(0, "{spinner} {msg} {elapsed}");
            bar.set_message(name.to_owned());
            bar.enable_steady_tick(Duration::from_millis(120));
            self.set_bar(Some(bar));
        } else {
            self.say(name);
        }
    }

    fn step(&self, done: usize, total: usize) {
        if self.in_overall() {
            return;
        }
        let line = format!("{} {done}/{total}", lock(&self.stage));
        if self.bars {
            line.clone_into(&mut lock(&self.step));
            self.show_rate();
        } else {
            self.say(&line);
        }
    }

    fn transfer(&self, name: &str, resumed: u64, total: u64) {
        self.set_bar(None);
        if self.bars {
            let template = if total > 0 {
                "{msg} {wide_bar} {bytes}/{total_bytes} {binary_bytes_per_sec} {eta}"
            } else {
                "{spinner} {msg} {bytes} {binary_bytes_per_sec}"
            };
            let bar = self.new_bar(total, template).with_position(resumed);
            bar.reset_eta();
            bar.set_message(name.to_owned());
            self.set_bar(Some(bar));
        } else {
            let already = if resumed > 0 {
                format!(", {} already here", size(resumed))
            } else {
                String::new()
            };
            self.say(&format!("fetching {name} ({}{already})", size(total)));
        }
    }

    fn received(&self, bytes: u64) {
        if let Some(bar) = lock(&self.bar).as_ref() {
            bar.inc(bytes);
        }
    }

    fn transferred(&self) {
        self.set_bar(None);
    }

    fn token(&self, text: &str) {
        if self.verbosity >= 1 && !self.in_overall() {
            let write = || {
                let mut err = std::io::stderr().lock();
                let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
            };
            // tokens and a spinner cannot share a line
            self.set_bar(None);
            write();
        }
    }

    fn tokens(&self, read: usize, written: usize) {
        lock(&self.stages).tokens(read, written);
        self.show_rate();
    }

    fn note(&self, line: &str) {
        self.say(line);
    }
}

/// Bytes for people, in binary units.
pub fn size(bytes: u64) -> String {
    indicatif::BinaryBytes(bytes).to_string()
}

/// Ctrl-C: asks the work to stop, and ends the program if it does not within [`GRACE`].
///
/// Whatever has a final name at that moment is whole: results and models are renamed into place.
pub fn on_interrupt() {
    if progress::interrupted() {
        std::process::exit(130);
    }
    progress::interrupt();
    std::thread::spawn(|| {
        std::thread::sleep(GRACE);
        std::process::exit(130);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_told_as_far_as_it_is_known() {
        assert_eq!(pace(0, Some(10), None), "");
        assert_eq!(pace(100, None, Some(2.5)), "2.50 a second");
        assert_eq!(pace(100, Some(700), Some(2.5)), "2.50 a second, 4 minutes left");
        // a feed holds more articles than were counted
        assert_eq!(pace(3, Some(2), Some(1.0)), "1.00 a second, 0 seconds left");
    }
}
