//! What ends or slows a run whatever it does: the operator, the clock, a bandwidth limit.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long nothing looks at the brake at most.
pub(super) const LOOK: Duration = Duration::from_millis(100);

/// Why a run ends before its work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The operator, or an error elsewhere in the run.
    Cancelled,
    /// The time for the whole run is over.
    Late,
}

/// Says whether a run must end. Every wait of ours looks at it.
#[derive(Debug)]
pub(crate) struct Brake {
    cancel: Arc<AtomicBool>,
    stopped: AtomicBool,
    until: Option<Instant>,
}

impl Brake {
    /// Begins a run that ends when `cancel` is set, or after a time.
    pub(super) fn new(cancel: Arc<AtomicBool>, run: Option<Duration>) -> Self {
        let until = run.and_then(|run| Instant::now().checked_add(run));
        Self { cancel, stopped: AtomicBool::new(false), until }
    }

    /// Ends the run from within.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Fails where the run must end.
    pub(crate) fn check(&self) -> Result<(), Stop> {
        if self.cancel.load(Ordering::Relaxed) || self.stopped.load(Ordering::Relaxed) {
            return Err(Stop::Cancelled);
        }
        match self.until {
            Some(until) if Instant::now() >= until => Err(Stop::Late),
            _ => Ok(()),
        }
    }

    /// Waits, and fails as soon as the run must end.
    pub(crate) fn pause(&self, time: Duration) -> Result<(), Stop> {
        let from = Instant::now();
        loop {
            self.check()?;
            let left = time.saturating_sub(from.elapsed());
            if left.is_zero() {
                return Ok(());
            }
            std::thread::sleep(left.min(LOOK));
        }
    }
}

/// Waits shorter than this are put off until they add up.
const WORTH: Duration = Duration::from_millis(20);

/// A bandwidth limit that all connections share.
#[derive(Debug)]
pub(super) struct Throttle {
    bytes_per_second: u64,
    /// When all that was taken so far would have come at the limit's rate.
    due: Mutex<Instant>,
}

impl Throttle {
    /// Begins at `now`.
    pub(super) fn new(bytes_per_second: u64, now: Instant) -> Self {
        Self { bytes_per_second: bytes_per_second.max(1), due: Mutex::new(now) }
    }

    /// Notes bytes that came, and says how long to wait before the next are read.
    pub(super) fn take(&self, bytes: usize, now: Instant) -> Duration {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(self.bytes_per_second);
        let time = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        *due = (*due).max(now).checked_add(time).unwrap_or(*due);
        let wait = due.saturating_duration_since(now);
        if wait < WORTH { Duration::ZERO } else { wait }
    }
}

#[cfg(test)]
mod tests;
