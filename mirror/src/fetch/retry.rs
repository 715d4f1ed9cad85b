//! When to try again.

use std::time::Duration;

use crate::Result;
use crate::http::{Http, Limits, Trouble};

/// A try that brought so much does not count: large files come over bad lines in the end.
const WORTH_BYTES: u64 = 1024 * 1024;

/// The tries of one file under one name.
#[derive(Debug, Default)]
pub(super) struct Tries {
    made: u32,
}

impl Tries {
    /// Waits before another try, or gives the reason why there is none. `came_bytes` is what the failed try brought.
    pub(super) fn again(
        &mut self,
        http: &Http,
        trouble: Trouble,
        came_bytes: u64,
    ) -> Result<Option<Failure>> {
        let (why, after, is_answer) = match trouble {
            Trouble::Ends(error) => return Err(error),
            Trouble::Lasting { why } => return Ok(Some(Failure { why, is_answer: true })),
            Trouble::Passing { why, after, is_answer } => (why, after, is_answer),
        };
        let limits = &http.settings().limits;
        self.made = if came_bytes >= WORTH_BYTES { 1 } else { self.made.saturating_add(1) };
        if self.made >= limits.tries {
            return Ok(Some(Failure { why, is_answer }));
        }
        http.pause(wait(limits, self.made, after, fastrand::f64()))?;
        Ok(None)
    }
}

/// Why a file was given up.
#[derive(Debug)]
pub(super) struct Failure {
    /// The reason.
    pub(super) why: String,
    /// The server answered, if only to refuse.
    pub(super) is_answer: bool,
}

/// How long to wait after a number of tries that failed. `chance`, from 0 to 1, spreads the waits of many clients.
fn wait(limits: &Limits, made: u32, after: Option<Duration>, chance: f64) -> Duration {
    let doubled = 2_u32.saturating_pow(made.saturating_sub(1));
    let own = limits.backoff.saturating_mul(doubled).min(limits.backoff_max);
    let own = own.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0);
    // What the server asks for is a least time: all who were told the same would come back at once.
    let asked = after.map(|after| after.min(limits.retry_after_max).saturating_add(own / 4));
    asked.map_or(own, |asked| asked.max(own))
}

#[cfg(test)]
mod tests;
