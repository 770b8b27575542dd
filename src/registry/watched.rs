//! Work of the hub's client under watch: it has no time limits of its own, may panic on odd answers, and cannot be
//! asked to stop. So it runs in a thread, its silence is counted, and its panics are caught.

use std::sync::Arc;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use hf_hub::api::sync::ApiError;

use crate::error::Result;
use crate::progress::{Progress, checkpoint, interrupted};

/// The name of the threads whose panics are answers, not news.
const THREAD: &str = "hub client";
/// How often the watcher looks.
const TICK: Duration = Duration::from_millis(50);

/// Why watched work did not end well.
pub(super) enum Trouble {
    /// The client says so.
    Api(ApiError),
    /// The client panicked.
    Crashed,
    /// More bytes came than the file has.
    Overrun,
    /// Nothing came for longer than the user's patience.
    Silent,
    /// Ctrl-C.
    Interrupted,
}

/// Counts the bytes of one transfer; shared by the client and its watcher.
#[derive(Clone, Debug)]
pub(super) struct Meter(Arc<Count>);

#[derive(Debug)]
struct Count {
    start: u64,
    size: u64,
    got: AtomicU64,
    stop: AtomicBool,
    overrun: AtomicBool,
}

impl Meter {
    /// A transfer of `size` bytes of which `start` are here.
    pub(super) fn new(start: u64, size: u64) -> Self {
        let count = Count {
            start,
            size,
            got: AtomicU64::new(start),
            stop: AtomicBool::new(false),
            overrun: AtomicBool::new(false),
        };
        Self(Arc::new(count))
    }
}

impl Default for Meter {
    fn default() -> Self {
        Self::new(0, u64::MAX)
    }
}

impl hf_hub::api::Progress for Meter {
    fn init(&mut self, _size: usize, _name: &str) {
        self.0.got.store(0, Ordering::SeqCst);
    }

    /// Unwinding without a panic's message is the one way to stop the client in the middle of a file; the part stays.
    fn update(&mut self, bytes: usize) {
        let got = self.0.got.fetch_add(bytes as u64, Ordering::SeqCst) + bytes as u64;
        if got > self.0.size {
            self.0.overrun.store(true, Ordering::SeqCst);
        }
        if got > self.0.size || self.0.stop.load(Ordering::SeqCst) {
            std::panic::resume_unwind(Box::new("stopped"));
        }
    }

    fn finish(&mut self) {}
}

/// Runs `work` in a thread, reports the bytes that its meter counts, and gives up after `patience` without any.
pub(super) fn run<T: Send + 'static>(
    meter: &Meter,
    patience: Duration,
    progress: &dyn Progress,
    work: impl FnOnce(Meter) -> Result<T, ApiError> + Send + 'static,
) -> Result<T, Trouble> {
    hush();
    let (sender, receiver) = channel();
    let theirs = meter.clone();
    let thread = std::thread::Builder::new().name(THREAD.to_owned());
    thread
        .spawn(move || {
            // Nobody listens any more after an interruption or a long silence.
            let _ = sender.send(work(theirs));
        })
        .map_err(|e| Trouble::Api(ApiError::IoError(e)))?;
    let count = &meter.0;
    let mut reported = count.start;
    let mut alive = Instant::now();
    loop {
        let news = receiver.recv_timeout(TICK);
        let got = count.got.load(Ordering::SeqCst).min(count.size);
        if got > reported {
            progress.received(got - reported);
            reported = got;
            alive = Instant::now();
        }
        match news {
            Ok(result) => return result.map_err(Trouble::Api),
            Err(RecvTimeoutError::Disconnected) if count.overrun.load(Ordering::SeqCst) => {
                return Err(Trouble::Overrun);
            }
            Err(RecvTimeoutError::Disconnected) => return Err(Trouble::Crashed),
            Err(RecvTimeoutError::Timeout) => {}
        }
        let trouble = match (interrupted(), alive.elapsed() > patience) {
            (true, _) => Trouble::Interrupted,
            (_, true) => Trouble::Silent,
            _ => continue,
        };
        count.stop.store(true, Ordering::SeqCst);
        return Err(trouble);
    }
}

/// Sleeps, unless Ctrl-C ends it.
pub(super) fn sleep(time: Duration) -> Result<()> {
    let start = Instant::now();
    while start.elapsed() < time {
        checkpoint()?;
        std::thread::sleep(TICK.min(time));
    }
    checkpoint()
}

/// Keeps the panics of watched threads off the user's screen: they come back as [`Trouble::Crashed`].
fn hush() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if std::thread::current().name() != Some(THREAD) {
                before(info);
            }
        }));
    });
}
