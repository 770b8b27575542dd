//! Threads that share short pieces of work.
//!
//! A step of decoding is some two hundred products of a few microseconds each: waking a sleeping thread for each would
//! take longer than most of them. So the threads look out for the next piece of work for a moment, and sleep only if
//! none comes: a program that waits for its user burns no processor. What a thread has not begun another one does:
//! one that the system holds up delays no more than the piece it holds.
//!
//! `unsafe` stands here for two things: work borrows from the stack of the one who asks for it, who does not return
//! before all threads have let go of it; and tasks write to parts of one slice that do not overlap.
#![allow(unsafe_code)]

use std::marker::PhantomData;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::device;

/// How long a thread looks out for more work.
const LOOKOUT: Duration = Duration::from_micros(200);
/// How often it looks before it lets others run in between.
const GLANCES: usize = 256;

/// Tasks by number.
struct Work<'a> {
    task: &'a (dyn Fn(usize) + Sync),
    next: AtomicUsize,
    count: usize,
    failed: AtomicBool,
}

impl Work<'_> {
    /// Does tasks until none is left.
    fn share(&self) {
        loop {
            let number = self.next.fetch_add(1, SeqCst);
            if number >= self.count {
                return;
            }
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (self.task)(number))) {
                self.failed.store(true, SeqCst);
                drop(panic);
            }
        }
    }
}

/// What the threads see of each other.
#[derive(Default)]
struct Board {
    /// The work at hand; null between two.
    work: AtomicPtr<Work<'static>>,
    /// Counts the pieces of work.
    round: AtomicUsize,
    /// Threads that may hold a pointer to the work.
    holding: AtomicUsize,
    sleeping: AtomicUsize,
    bed: Mutex<()>,
    bell: Condvar,
}

impl Board {
    /// Waits for another round than `seen`, and gives it.
    fn next(&self, seen: usize) -> usize {
        let began = Instant::now();
        let mut glances = 0;
        loop {
            let round = self.round.load(SeqCst);
            if round != seen {
                return round;
            }
            glances += 1;
            if glances < GLANCES {
                std::hint::spin_loop();
            } else if began.elapsed() < LOOKOUT {
                std::thread::yield_now();
            } else {
                break;
            }
        }
        let mut bed = self.bed.lock().unwrap_or_else(PoisonError::into_inner);
        // counted before it looks again: who starts a round after that look sees the sleeper
        self.sleeping.fetch_add(1, SeqCst);
        while self.round.load(SeqCst) == seen {
            bed = self.bell.wait(bed).unwrap_or_else(PoisonError::into_inner);
        }
        self.sleeping.fetch_sub(1, SeqCst);
        self.round.load(SeqCst)
    }

    /// The life of a thread.
    fn serve(&self) {
        let mut seen = 0;
        loop {
            seen = self.next(seen);
            self.holding.fetch_add(1, SeqCst);
            let work = self.work.load(SeqCst);
            if !work.is_null() {
                // SAFETY: who put the work there takes it away and then waits until nobody is holding; this thread said
                // that it holds before it looked.
                unsafe { (*work).share() };
            }
            self.holding.fetch_sub(1, SeqCst);
        }
    }

    fn start(&self, work: &Work<'_>) {
        self.work
            .store(std::ptr::from_ref(work).cast_mut().cast(), SeqCst);
        self.round.fetch_add(1, SeqCst);
        if self.sleeping.load(SeqCst) > 0 {
            drop(self.bed.lock());
            self.bell.notify_all();
        }
    }

    fn finish(&self) {
        self.work.store(null_mut(), SeqCst);
        let mut glances = 0;
        while self.holding.load(SeqCst) != 0 {
            glances += 1;
            if glances < GLANCES {
                std::hint::spin_loop();
            } else {
                std::thread::yield_now();
            }
        }
    }
}

/// Some threads and the one who asks them.
pub(crate) struct Pool {
    board: Arc<Board>,
    threads: usize,
    turn: Mutex<()>,
}

impl Pool {
    /// So many threads, the asking one among them. They are never ended: a program has one pool.
    pub(crate) fn new(threads: usize) -> Self {
        let board = Arc::new(Board::default());
        let mut running = 1;
        for _ in 1..threads {
            let board = Arc::clone(&board);
            let name = "product".to_owned();
            // a system that gives fewer threads makes the work slower, not wrong
            let thread = std::thread::Builder::new()
                .name(name)
                .spawn(move || board.serve());
            running += usize::from(thread.is_ok());
        }
        Self {
            board,
            threads: running,
            turn: Mutex::new(()),
        }
    }

    /// The pool of the program.
    pub(crate) fn get() -> &'static Self {
        static POOL: OnceLock<Pool> = OnceLock::new();
        POOL.get_or_init(|| Self::new(device::threads()))
    }

    /// How many threads share work, the asking one among them.
    pub(crate) fn threads(&self) -> usize {
        self.threads
    }

    /// Does tasks 0 to `count - 1`, each once, and returns when all are done. While another thread asks, and where one
    /// task asks for more, the asking thread does its tasks alone.
    pub(crate) fn run(&self, count: usize, task: &(dyn Fn(usize) + Sync)) {
        let turn = if count > 1 && self.threads > 1 {
            self.turn.try_lock().ok()
        } else {
            None
        };
        if turn.is_none() {
            (0..count).for_each(task);
            return;
        }
        let work = Work {
            task,
            next: AtomicUsize::new(0),
            count,
            failed: AtomicBool::new(false),
        };
        self.board.start(&work);
        work.share();
        self.board.finish();
        drop(turn);
        if work.failed.load(SeqCst) {
            resume_unwind(Box::new("a task of a product failed"));
        }
    }
}

/// A slice of which tasks write parts.
pub(crate) struct Parts<'a, T> {
    first: *mut T,
    length: usize,
    slice: PhantomData<&'a mut [T]>,
}

// SAFETY: it gives out nothing but parts that do not overlap (see `part`), which is what `&mut [T]` may do by splitting.
unsafe impl<T: Send> Sync for Parts<'_, T> {}

impl<'a, T> Parts<'a, T> {
    pub(crate) fn of(slice: &'a mut [T]) -> Self {
        Self {
            first: slice.as_mut_ptr(),
            length: slice.len(),
            slice: PhantomData,
        }
    }

    /// A part of the slice.
    ///
    /// # Safety
    /// No two parts that are held at the same time may overlap.
    #[allow(clippy::mut_from_ref)]
    pub(crate) unsafe fn part(&self, range: Range<usize>) -> &mut [T] {
        assert!(range.start <= range.end && range.end <= self.length);
        // SAFETY: the range lies in the slice, which is borrowed for as long as `self` lives; the caller holds no other
        // part that overlaps.
        unsafe { std::slice::from_raw_parts_mut(self.first.add(range.start), range.len()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_is_done_once_by_any_number_of_threads() {
        for threads in [1, 2, 5] {
            let pool = Pool::new(threads);
            for round in 0..300 {
                let count = round % 23;
                let done: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
                pool.run(count, &|number| {
                    done[number].fetch_add(1, SeqCst);
                });
                assert!(done.iter().all(|n| n.load(SeqCst) == 1), "round {round}");
                if round % 100 == 0 {
                    // long enough for the threads to fall asleep
                    std::thread::sleep(LOOKOUT * 10);
                }
            }
        }
    }

    #[test]
    fn tasks_that_ask_for_more_and_threads_that_ask_at_once_are_served() {
        let pool = Pool::new(3);
        let total = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        pool.run(4, &|_| {
                            pool.run(3, &|_| {
                                total.fetch_add(1, SeqCst);
                            });
                        });
                    }
                });
            }
        });
        assert_eq!(total.load(SeqCst), 4 * 50 * 4 * 3);
    }

    #[test]
    fn a_panic_reaches_the_one_who_asked_and_the_pool_serves_on() {
        let pool = Pool::new(2);
        let asked = catch_unwind(AssertUnwindSafe(|| {
            pool.run(8, &|number| assert_ne!(number, 5, "as it should"));
        }));
        assert!(asked.is_err());
        let done = AtomicUsize::new(0);
        pool.run(8, &|_| {
            done.fetch_add(1, SeqCst);
        });
        assert_eq!(done.load(SeqCst), 8);
    }

    #[test]
    fn parts_are_those_of_the_slice() {
        let mut numbers = [0; 10];
        let parts = Parts::of(&mut numbers);
        Pool::new(2).run(5, &|number| {
            // SAFETY: each task has two numbers of its own.
            let part = unsafe { parts.part(2 * number..2 * number + 2) };
            part.fill(number);
        });
        assert_eq!(numbers, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);
    }
}
