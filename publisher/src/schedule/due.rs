//! What is due, by a schedule and by how the last try ended. Pure.

use jiff::tz::TimeZone;
use pinfold_store::Stamp;

use super::{Schedule, Tried, tried};

/// Clocks that are set right go back by less.
const CLOCK_SECONDS: i64 = 3600;

/// Why something is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// It was never tried.
    First,
    /// This time of the schedule came, and nobody tried since.
    Time(Stamp),
    /// Upstream failed, and the wait is over.
    Again,
    /// This machine was in the way, and may be no more.
    Retry,
}

/// Says whether something is due. Times that were missed, however many, are made up once.
#[must_use]
pub fn due(schedule: &Schedule, zone: &TimeZone, tried: Option<&Tried>, now: Stamp) -> Option<Due> {
    if schedule.is_never() {
        return None;
    }
    // A try in the future was made by a clock that has been set right since.
    let Some(tried) = tried.filter(|tried| tried.at.seconds() <= now.seconds() + CLOCK_SECONDS)
    else {
        return Some(Due::First);
    };
    if let Some(not_before) = tried.not_before {
        // So is a wait that no failure begins.
        let is_far = not_before.seconds() > now.seconds() + tried::WAIT_SECONDS_MAX + CLOCK_SECONDS;
        return (not_before <= now || is_far).then_some(Due::Again);
    }
    match schedule.latest(now, zone) {
        Some(time) if time > tried.at => Some(Due::Time(time)),
        _ => (tried.code == tried::MACHINE).then_some(Due::Retry),
    }
}

/// Says when something is tried next: now where it is due, `None` where nothing will come.
#[must_use]
pub fn next_try(
    schedule: &Schedule,
    zone: &TimeZone,
    tried: Option<&Tried>,
    now: Stamp,
) -> Option<Stamp> {
    if due(schedule, zone, tried, now).is_some() {
        return Some(now);
    }
    tried.and_then(|tried| tried.not_before).or_else(|| schedule.next(now, zone))
}

#[cfg(test)]
mod tests;
