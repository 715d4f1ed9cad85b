//! When something is due: cron expressions in a time zone. Pure: the caller says what time it is.
//!
//! A schedule is read on the clock of the wall. A time that does not exist, because the clocks went forward, comes at the end of the
//! gap; one that exists twice, because they went back, comes once, the first time.

use std::cmp::Ordering;
use std::fmt;

use croner::errors::CronError;
use croner::parser::{CronParser, Seconds, Year};
use croner::{CivilDate, CivilDateTime, CivilTime, Cron, CronDateTime, Resolution, Weekday};
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use pinfold_store::{Stamp, path::escape};

use crate::{Error, Result};

/// What is written where nothing is ever due by itself.
const NEVER: &str = "never";

/// When something is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    text: String,
    /// `None`: never.
    cron: Option<Cron>,
}

impl Schedule {
    /// Reads a cron expression of five fields, `@daily` and its like, or `never`.
    ///
    /// # Errors
    /// [`Error::BadSchedule`] where it is none, or names a day that never comes.
    pub fn parse(text: &str) -> Result<Self> {
        if text.trim() == NEVER {
            return Ok(Self::never());
        }
        let bad = |why: String| Error::BadSchedule { text: escape(text.as_bytes()), why };
        let rule = "it has five fields: minute, hour, day of the month, month, day of the week; or is @hourly, @daily, @weekly, @monthly, @yearly or never";
        let parser =
            CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(text).map_err(|error| bad(format!("{rule} ({error})")))?;
        let schedule = Self { text: text.trim().to_owned(), cron: Some(cron) };
        let start = Wall(jiff::civil::date(2000, 1, 1).at(0, 0, 0, 0));
        if schedule.seek(start, Seek::From).is_none() {
            return Err(bad("it names a day that never comes".to_owned()));
        }
        Ok(schedule)
    }

    /// Nothing is ever due by itself.
    #[must_use]
    pub fn never() -> Self {
        Self { text: NEVER.to_owned(), cron: None }
    }

    /// Says whether nothing is ever due by itself.
    #[must_use]
    pub const fn is_never(&self) -> bool {
        self.cron.is_none()
    }

    /// Gives the last time at or before `now`.
    #[must_use]
    pub fn latest(&self, now: Stamp, zone: &TimeZone) -> Option<Stamp> {
        let at = timestamp(now)?;
        let wall = Wall(zone.to_datetime(at));
        let mut found = self.seek(wall, Seek::UpTo)?;
        if is_second_pass(wall.0, at, zone) {
            // All that the repeated hour holds came in its first pass.
            while let Some(next) = self.seek(found, Seek::After)
                && instant(next.0, zone)? <= at
            {
                found = next;
            }
        }
        Some(Stamp::from_seconds(instant(found.0, zone)?.as_second()))
    }

    /// Gives the first time after `now`.
    #[must_use]
    pub fn next(&self, now: Stamp, zone: &TimeZone) -> Option<Stamp> {
        let at = timestamp(now)?;
        let mut found = self.seek(Wall(zone.to_datetime(at)), Seek::After)?;
        while instant(found.0, zone)? <= at {
            found = self.seek(found, Seek::After)?;
        }
        Some(Stamp::from_seconds(instant(found.0, zone)?.as_second()))
    }

    fn seek(&self, wall: Wall, seek: Seek) -> Option<Wall> {
        let cron = self.cron.as_ref()?;
        match seek {
            Seek::UpTo => cron.find_previous_occurrence(&wall, true),
            Seek::From => cron.find_next_occurrence(&wall, true),
            Seek::After => cron.find_next_occurrence(&wall, false),
        }
        .ok()
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Which match is sought.
#[derive(Clone, Copy)]
enum Seek {
    UpTo,
    From,
    After,
}

fn timestamp(stamp: Stamp) -> Option<Timestamp> {
    Timestamp::from_second(stamp.seconds()).ok()
}

/// The instant at which a time on the wall comes.
fn instant(wall: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(wall);
    match ambiguous.offset() {
        // By the later offset it lies before the clocks went forward.
        AmbiguousOffset::Gap { after, .. } => {
            let before = after.to_timestamp(wall).ok()?;
            zone.following(before).next().map(|change| change.timestamp())
        }
        _ => ambiguous.earlier().ok(),
    }
}

/// Says whether the wall shows this time for the second time.
fn is_second_pass(wall: DateTime, at: Timestamp, zone: &TimeZone) -> bool {
    let ambiguous = zone.to_ambiguous_timestamp(wall);
    matches!(ambiguous.offset(), AmbiguousOffset::Fold { .. })
        && ambiguous.earlier().is_ok_and(|first| first < at)
}

/// A time on the wall, in which cron expressions are searched.
#[derive(Debug, Clone, Copy)]
struct Wall(DateTime);

impl CronDateTime for Wall {
    fn to_civil(&self) -> CivilDateTime {
        let part = |value: i8| u32::from(value.unsigned_abs());
        CivilDateTime::new(
            CivilDate::from_parts_unchecked(
                i32::from(self.0.year()),
                part(self.0.month()),
                part(self.0.day()),
            ),
            CivilTime::from_parts_unchecked(
                part(self.0.hour()),
                part(self.0.minute()),
                part(self.0.second()),
            ),
        )
    }

    fn civil_weekday(&self) -> Weekday {
        let days = self.0.weekday().to_sunday_zero_offset();
        Weekday::from_days_from_sunday(u32::from(days.unsigned_abs()))
    }

    fn resolve_civil(
        &self,
        civil: CivilDateTime,
    ) -> std::result::Result<Resolution<Self>, CronError> {
        let part = |value: u32| i8::try_from(value).ok();
        let wall = || {
            let year = i16::try_from(civil.year()).ok()?;
            let (month, day) = (part(civil.month())?, part(civil.day())?);
            let (hour, minute) = (part(civil.hour())?, part(civil.minute())?);
            DateTime::new(year, month, day, hour, minute, part(civil.second())?, 0).ok()
        };
        wall().map(|wall| Resolution::Single(Self(wall))).ok_or(CronError::InvalidDate)
    }

    fn checked_add_seconds(&self, seconds: i64) -> Option<Self> {
        self.0.checked_add(SignedDuration::from_secs(seconds)).ok().map(Self)
    }

    fn cmp_instant(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

#[cfg(test)]
mod tests;
