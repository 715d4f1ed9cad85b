//! Windows in which a channel stays where it is: days of the calendar and days of the week, in the operator's time zone.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use pinfold_store::Stamp;
use pinfold_store::path::escape;

use crate::{Error, Result};

/// The days of the week, as they are written.
const WEEKDAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// How far ahead the end of a freeze is looked for, in days: longer ones end when a person says so.
const DAYS_AHEAD: i32 = 4_000;

/// A window, of whole days in the operator's time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freeze {
    /// From a day to another, both included: `2026-12-20/2027-01-04`, or one day, `2026-12-24`.
    Days(Date, Date),
    /// Every such day of the week: `fri`.
    Every(Weekday),
}

impl Freeze {
    fn holds(self, day: Date) -> bool {
        match self {
            Self::Days(first, last) => (first..=last).contains(&day),
            Self::Every(weekday) => day.weekday() == weekday,
        }
    }
}

impl FromStr for Freeze {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = |why: String| Error::BadFreeze { text: escape(text.as_bytes()), why };
        if let Some((_, weekday)) = WEEKDAYS.iter().find(|(word, _)| *word == text) {
            return Ok(Self::Every(*weekday));
        }
        let day = |part: &str| -> Result<Date> {
            let is_day = part.len() == 10 && part.bytes().all(|b| b.is_ascii_digit() || b == b'-');
            let day = is_day.then(|| part.parse().ok()).flatten();
            day.ok_or_else(|| {
                bad("it is written like 2026-12-20/2027-01-04, 2026-12-24 or fri".to_owned())
            })
        };
        let (first, last) = text.split_once('/').unwrap_or((text, text));
        let (first, last) = (day(first)?, day(last)?);
        if last < first {
            return Err(bad("it ends before it begins".to_owned()));
        }
        Ok(Self::Days(first, last))
    }
}

impl fmt::Display for Freeze {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Days(first, last) if first == last => write!(f, "{first}"),
            Self::Days(first, last) => write!(f, "{first}/{last}"),
            Self::Every(weekday) => {
                let word = WEEKDAYS.iter().find(|(_, day)| day == weekday);
                f.write_str(word.map_or("", |(word, _)| word))
            }
        }
    }
}

/// A freeze that is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frozen {
    /// The window that holds now.
    pub window: Freeze,
    /// The first second in which no window holds; `None` where that is years ahead.
    pub until: Option<Stamp>,
}

/// Says whether a window holds at a time. Those that follow each other without a free day between them end as one.
#[must_use]
pub fn frozen(windows: &[Freeze], now: Stamp, zone: &TimeZone) -> Option<Frozen> {
    let time = Timestamp::from_second(now.seconds()).ok()?;
    let mut day = zone.to_datetime(time).date();
    let on = |day: Date| windows.iter().copied().find(|window| window.holds(day));
    let window = on(day)?;
    for _ in 0..DAYS_AHEAD {
        let Ok(next) = day.checked_add(1.day()) else { break };
        if on(next).is_none() {
            let begin =
                zone.to_zoned_datetime(next.at(0, 0, 0, 0)).and_then(|day| day.start_of_day()).ok();
            let until = begin.map(|begin| Stamp::from_seconds(begin.timestamp().as_second()));
            return Some(Frozen { window, until });
        }
        day = next;
    }
    Some(Frozen { window, until: None })
}

#[cfg(test)]
mod tests;
