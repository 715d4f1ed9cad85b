//! What is kept of the past, and in which form: decisions over dates, without clock, disk or configuration (I12).
//!
//! A hold says why a snapshot stays, whatever the rules are; the rules say of which days, weeks, months and years the newest
//! snapshot stays. What is shown, or was until a moment ago, stays published; what only a rule keeps goes cold; the rest is dropped.

mod apply;
mod generations;
mod holds;
mod words;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use pinfold_store::{Name, Stamp};

pub use apply::{Applied, Step, Want, apply, has_expired, let_expired_go, plan, weigh};
pub use generations::{generations_left, remove_generations, weigh_generations};
pub use holds::{Holds, Soak, holds};

/// What is kept beyond what is held: of each of the last days, weeks, months and years that have one, the newest snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rules {
    /// Days that have a snapshot.
    pub daily: u32,
    /// Weeks, from Monday, that have one.
    pub weekly: u32,
    /// Months that have one.
    pub monthly: u32,
    /// Years that have one.
    pub yearly: u32,
    /// Everything that was taken at most so long before the mirror's newest snapshot.
    pub within: Option<Duration>,
}

/// The times that decisions are made by.
#[derive(Debug, Clone)]
pub struct Times {
    /// The clock.
    pub now: Stamp,
    /// Where days begin.
    pub zone: TimeZone,
    /// How long a tree stands after it was taken, and after a channel last showed it.
    pub grace: Duration,
}

impl Times {
    /// The moment that lies a time ago.
    #[must_use]
    pub fn ago(&self, time: Duration) -> Stamp {
        shifted(self.now, time, -1)
    }
}

/// A date before (-1) or after (1) another.
fn shifted(from: Stamp, time: Duration, sign: i64) -> Stamp {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX / 4);
    Stamp::from_seconds(from.seconds().saturating_add(seconds.saturating_mul(sign)))
}

/// Why a snapshot stays.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// It is the mirror's newest.
    Newest,
    /// A channel shows it.
    Shown {
        /// The channel.
        channel: Name,
    },
    /// A pin holds it.
    Pinned {
        /// The pin.
        name: Name,
        /// Until when, where it ends by itself.
        until: Option<Stamp>,
    },
    /// A channel showed it until a short time ago.
    Grace {
        /// The channel.
        channel: Name,
        /// When the grace ends.
        until: Stamp,
    },
    /// It was taken a short time ago.
    Young {
        /// When it is not young any more.
        until: Stamp,
    },
    /// It soaks in one channel for another.
    Soaking {
        /// The channel that waits for it.
        channel: Name,
        /// When it has soaked.
        until: Stamp,
    },
    /// It is the newest that has soaked for a channel.
    Soaked {
        /// The channel that may take it.
        channel: Name,
    },
    /// A rollback of a channel would go back to it.
    Before {
        /// The channel.
        channel: Name,
    },
    /// The mirror has no rules: everything is kept.
    Everything,
    /// It is near the mirror's newest in time.
    Within,
    /// It is the newest of a day.
    Day(Date),
    /// It is the newest of the week that begins on this Monday.
    Week(Date),
    /// It is the newest of the month that begins on this day.
    Month(Date),
    /// It is the newest of a year.
    Year(i16),
}

impl Why {
    /// Says whether the snapshot's tree stands for this reason; the others keep it, but cold.
    #[must_use]
    pub const fn shows(&self) -> bool {
        match self {
            Self::Newest
            | Self::Shown { .. }
            | Self::Pinned { .. }
            | Self::Grace { .. }
            | Self::Young { .. }
            | Self::Soaking { .. }
            | Self::Soaked { .. } => true,
            Self::Before { .. }
            | Self::Everything
            | Self::Within
            | Self::Day(_)
            | Self::Week(_)
            | Self::Month(_)
            | Self::Year(_) => false,
        }
    }
}

/// Why a snapshot goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lapse {
    /// A newer one stands for its day, week, month or year.
    Replaced {
        /// The day, week, month or year, as a word.
        span: &'static str,
        /// By which one.
        by: Stamp,
    },
    /// It is older than what the rules reach back to.
    Old,
}

/// What becomes of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is kept, and its tree stands where it was published.
    Published(Vec<Why>),
    /// It is kept, and its tree is taken down.
    Cold(Vec<Why>),
    /// It is dropped.
    Dropped(Lapse),
}

/// Says what becomes of each snapshot of a mirror, in the order of `dates`, which are sorted. `holds` are those of the mirror; without
/// rules everything is kept.
#[must_use]
pub fn keep(
    times: &Times,
    dates: &[Stamp],
    rules: Option<&Rules>,
    holds: &[(Stamp, Why)],
) -> Vec<(Stamp, Fate)> {
    let mut reasons: BTreeMap<Stamp, Vec<Why>> = BTreeMap::new();
    let mut note = |taken: Stamp, why: Why| reasons.entry(taken).or_default().push(why);
    if let Some(newest) = dates.last() {
        note(*newest, Why::Newest);
    }
    for (taken, why) in holds.iter().filter(|(taken, _)| dates.binary_search(taken).is_ok()) {
        note(*taken, why.clone());
    }
    for taken in dates.iter().filter(|taken| **taken > times.ago(times.grace)) {
        note(*taken, Why::Young { until: shifted(*taken, times.grace, 1) });
    }
    match rules {
        None => dates.iter().for_each(|taken| note(*taken, Why::Everything)),
        Some(rules) => by_rules(times, dates, rules, &mut note),
    }
    for whys in reasons.values_mut() {
        whys.sort_unstable();
        whys.dedup();
    }
    let kept: Vec<Stamp> = reasons.keys().copied().collect();
    let fate = |taken: &Stamp| match reasons.remove(taken) {
        None => Fate::Dropped(lapse(times, *taken, rules, &kept)),
        Some(whys) if whys.iter().any(Why::shows) => Fate::Published(whys),
        Some(whys) => Fate::Cold(whys),
    };
    dates.iter().copied().zip(dates.iter().map(fate).collect::<Vec<_>>()).collect()
}

/// Notes what the rules keep.
fn by_rules(times: &Times, dates: &[Stamp], rules: &Rules, note: &mut impl FnMut(Stamp, Why)) {
    if let (Some(within), Some(newest)) = (rules.within, dates.last()) {
        let first = shifted(*newest, within, -1);
        dates.iter().filter(|taken| **taken >= first).for_each(|taken| note(*taken, Why::Within));
    }
    for (count, span) in spans(rules) {
        let mut left = count;
        let mut last = None;
        for taken in dates.iter().rev() {
            let why = span(day(times, *taken));
            if last.as_ref() == Some(&why) {
                continue;
            }
            if left == 0 {
                break;
            }
            left -= 1;
            note(*taken, why.clone());
            last = Some(why);
        }
    }
}

type Span = fn(Date) -> Why;

/// The rules that count: how many, and of which span a day is a part.
fn spans(rules: &Rules) -> [(u32, Span); 4] {
    let month = |day: Date| Why::Month(day.first_of_month());
    let week = |day: Date| {
        let monday = i64::from(day.weekday().to_monday_zero_offset());
        Why::Week(day.saturating_sub(jiff::Span::new().days(monday)))
    };
    let year = |day: Date| Why::Year(day.year());
    [(rules.daily, Why::Day), (rules.weekly, week), (rules.monthly, month), (rules.yearly, year)]
}

/// The civil day on which a snapshot was taken.
fn day(times: &Times, taken: Stamp) -> Date {
    let timestamp =
        jiff::Timestamp::from_second(taken.seconds()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    times.zone.to_datetime(timestamp).date()
}

/// Why a snapshot that nothing holds goes: the finest span first in which another one stands for it.
fn lapse(times: &Times, taken: Stamp, rules: Option<&Rules>, kept: &[Stamp]) -> Lapse {
    let words = ["day", "week", "month", "year"];
    for ((count, span), word) in rules.map(spans).into_iter().flatten().zip(words) {
        let own = span(day(times, taken));
        let by = kept.iter().find(|by| **by > taken && span(day(times, **by)) == own);
        if let (Some(by), true) = (by, count > 0) {
            return Lapse::Replaced { span: word, by: *by };
        }
    }
    Lapse::Old
}

#[cfg(test)]
mod tests;
