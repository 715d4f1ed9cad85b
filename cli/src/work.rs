//! What a run does at the moment, and how it says so in `ROOT/running/MIRROR` for `pinfold status`: every other second, from a
//! thread of its own, so that the work itself never waits for it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use pinfold_store::running::{Notes, Plan, Running, Step};
use pinfold_store::{Counter, Monitor, Tally};

/// How often it is said.
const EVERY: Duration = Duration::from_secs(2);
/// Over how long a rate is measured.
const WINDOW: Duration = Duration::from_secs(30);

/// What a run does at the moment.
#[derive(Debug, Default)]
pub(crate) struct Work {
    pub(crate) tally: Tally,
    step: Mutex<Current>,
    done: AtomicU64,
    begun: Mutex<Begun>,
}

/// The step that is under way.
#[derive(Debug, Clone, Default)]
struct Current {
    /// Tells it from the last one.
    number: u64,
    title: String,
    total: Option<u64>,
    /// Files in all, and how many had come before: of a transfer, which counts bytes.
    files: Option<(u64, u64)>,
}

/// Whether it is past what could have refused it, and what it found out before.
#[derive(Debug, Clone, Copy, Default)]
struct Begun {
    is_begun: bool,
    planned: Option<Plan>,
}

/// A panic elsewhere must not become a second one here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Work {
    /// A step begins, of so many units.
    pub(crate) fn step(&self, title: &str, total: Option<u64>) {
        self.next(title, total, None);
    }

    /// A step begins that brings files; its units are bytes.
    pub(crate) fn transfer(&self, title: &str, files: u64, bytes: u64) {
        self.next(title, Some(bytes), Some((files, self.tally.get(Counter::FilesFetched))));
    }

    fn next(&self, title: &str, total: Option<u64>, files: Option<(u64, u64)>) {
        let mut step = lock(&self.step);
        *step = Current { number: step.number + 1, title: title.to_owned(), total, files };
        self.done.store(0, Ordering::Relaxed);
    }

    /// Units of the step are done.
    pub(crate) fn advance(&self, units: u64) {
        self.done.fetch_add(units, Ordering::Relaxed);
    }

    /// Counts, for the step and the summary.
    pub(crate) fn count(&self, counter: Counter, amount: u64) {
        self.tally.count(counter, amount);
    }

    fn current(&self) -> (Current, u64) {
        let step = lock(&self.step);
        (step.clone(), self.done.load(Ordering::Relaxed))
    }
}

/// Says what a run does as long as it lives; takes that away in the end.
#[derive(Debug)]
pub(crate) struct Noting {
    work: Arc<Work>,
    wake: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Noting {
    /// Begins. `said` holds what does not change. A machine that has no thread for it goes without.
    pub(crate) fn begin(notes: Notes, said: Running, work: &Arc<Work>) -> Self {
        let (wake, woken) = channel();
        let writer = Writer {
            notes,
            said,
            work: Arc::clone(work),
            begun: Instant::now(),
            step: 0,
            samples: VecDeque::new(),
        };
        let thread =
            std::thread::Builder::new().name("notes".to_owned()).spawn(move || writer.run(&woken));
        Self { work: Arc::clone(work), wake: Some(wake), thread: thread.ok() }
    }

    /// The run is past what could have refused it. Whoever waits for that hears it at once.
    pub(crate) fn is_begun(&self, planned: Option<Plan>) {
        *lock(&self.work.begun) = Begun { is_begun: true, planned };
        if let Some(wake) = &self.wake {
            match wake.send(()) {
                // Where the thread is gone nobody listens either.
                Ok(()) | Err(_) => {}
            }
        }
    }
}

impl Drop for Noting {
    fn drop(&mut self) {
        drop(self.wake.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// The thread that writes.
struct Writer {
    notes: Notes,
    said: Running,
    work: Arc<Work>,
    begun: Instant,
    /// The step whose samples these are.
    step: u64,
    samples: VecDeque<(Instant, u64)>,
}

impl Writer {
    fn run(mut self, woken: &Receiver<()>) {
        loop {
            let running = self.look(Instant::now());
            // A courtesy: a full disk is told by the work itself.
            drop(self.notes.write(&running));
            if woken.recv_timeout(EVERY) == Err(RecvTimeoutError::Disconnected) {
                drop(self.notes.remove());
                return;
            }
        }
    }

    /// Puts together what is said now.
    fn look(&mut self, now: Instant) -> Running {
        let (step, done) = self.work.current();
        let Begun { is_begun, planned } = *lock(&self.work.begun);
        let tally = &self.work.tally;
        let (fetched_files, fetched_bytes) =
            (tally.get(Counter::FilesFetched), tally.get(Counter::BytesFetched));
        let rate = self.rate(now, step.number, done);
        let left = |total: u64| match rate? {
            0 => None,
            rate => Some(total.saturating_sub(done).div_ceil(rate)),
        };
        let shown = Step {
            is_bytes: step.files.is_some(),
            done,
            total: step.total,
            files_done: step.files.map(|(_, before)| fetched_files.saturating_sub(before)),
            files_total: step.files.map(|(files, _)| files),
            rate,
            left_seconds: step.total.and_then(left),
            title: step.title,
        };
        Running {
            is_begun,
            seconds: now.duration_since(self.begun).as_secs(),
            fetched_files,
            fetched_bytes,
            step: (step.number > 0).then_some(shown),
            planned,
            ..self.said.clone()
        }
    }

    /// Units a second over the window; `None` until there are two looks at a step.
    fn rate(&mut self, now: Instant, step: u64, done: u64) -> Option<u64> {
        if self.step != step {
            self.step = step;
            self.samples.clear();
        }
        self.samples.push_back((now, done));
        while self.samples.len() > 2
            && self.samples.get(1).is_some_and(|(at, _)| now.duration_since(*at) >= WINDOW)
        {
            self.samples.pop_front();
        }
        let (at, before) = *self.samples.front()?;
        let millis = now.duration_since(at).as_millis();
        let units = u128::from(done.saturating_sub(before)) * 1000;
        u64::try_from(units.checked_div(millis)?).ok()
    }
}

#[cfg(test)]
mod tests;
