//! The date of a snapshot, and the prefixes by which people name one.

use std::fmt;
use std::str::FromStr;

use super::escape;
use crate::error::Error;

/// The date of a snapshot: a UTC time by whole seconds between the years 0 and 9999, written `20261123T040000Z`.
///
/// Its text sorts as its time does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(i64);

impl Stamp {
    /// The first second of the year 0.
    const SECONDS_MIN: i64 = -62_167_219_200;
    /// The last second of the year 9999 less a day, so that every time zone can show it.
    const SECONDS_MAX: i64 = 253_402_207_200;

    /// Makes a stamp from seconds since 1970, clamped to the years that the text form has.
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Self {
        Self(seconds.clamp(Self::SECONDS_MIN, Self::SECONDS_MAX))
    }

    /// Gives the seconds since 1970.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// Gives the next free date of a mirror whose newest snapshot is `newest`: the larger of the clock and one second later.
    #[must_use]
    pub fn after(now: Self, newest: Option<Self>) -> Self {
        newest.map_or(now, |newest| now.max(Self::from_seconds(newest.0 + 1)))
    }

    /// Reads a date or a prefix of one and gives its last second: `2026`, `2026-11`, `20261123`, `2026-11-23T04`,
    /// `2026-11-23 04:15`, `20261123T040000Z`.
    ///
    /// # Errors
    /// [`Error::BadName`] where the text is not such a prefix or names no real day.
    pub fn parse_end(text: &str) -> Result<Self, Error> {
        end_of_prefix(text).map(Self::from_seconds).ok_or_else(|| Error::BadName {
            what: "date",
            name: escape(text.as_bytes()),
            why: "a date is written like 2026-11-23, 2026-11-23T04 or 20261123T040000Z, in UTC"
                .to_owned(),
        })
    }

    /// Writes the date for people: `2026-11-23 04:00:00`.
    #[must_use]
    pub fn human(self) -> String {
        self.civil().strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// Writes the day as `at/` names it: `20261123`.
    #[must_use]
    pub fn day(self) -> String {
        self.civil().strftime("%Y%m%d").to_string()
    }

    /// Writes the hour as `at/` names it: `20261123T04`.
    #[must_use]
    pub fn hour(self) -> String {
        self.civil().strftime("%Y%m%dT%H").to_string()
    }

    fn civil(self) -> jiff::civil::DateTime {
        let timestamp = jiff::Timestamp::from_second(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        jiff::tz::Offset::UTC.to_datetime(timestamp)
    }
}

/// Computes the last second of the span that a date's prefix names.
fn end_of_prefix(text: &str) -> Option<i64> {
    let body = text.strip_suffix('Z').unwrap_or(text);
    let digits: String = body.chars().filter(char::is_ascii_digit).collect();
    let separators = body.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | ':' | 'T' | ' '));
    let punctuated = body.starts_with(|c: char| c.is_ascii_digit())
        && body.ends_with(|c: char| c.is_ascii_digit());
    let part = |from: usize, to: usize| digits.get(from..to).map(|d| d.parse::<i16>().ok());
    if !separators || !punctuated || !matches!(digits.len(), 4 | 6 | 8 | 10 | 12 | 14) {
        return None;
    }
    let small = |from: usize, low: i8| match part(from, from + 2) {
        None => Some(low),
        Some(value) => value.and_then(|v| i8::try_from(v).ok()),
    };
    let start = jiff::civil::DateTime::new(
        part(0, 4)??,
        small(4, 1)?,
        small(6, 1)?,
        small(8, 0)?,
        small(10, 0)?,
        small(12, 0)?,
        0,
    )
    .ok()?;
    let span = match digits.len() {
        4 => jiff::Span::new().years(1),
        6 => jiff::Span::new().months(1),
        8 => jiff::Span::new().days(1),
        10 => jiff::Span::new().hours(1),
        12 => jiff::Span::new().minutes(1),
        _ => jiff::Span::new().seconds(1),
    };
    let seconds =
        |when| jiff::tz::Offset::UTC.to_timestamp(when).ok().map(jiff::Timestamp::as_second);
    match start.checked_add(span).ok().and_then(seconds) {
        Some(end) => Some(end - 1),
        None => Some(Stamp::SECONDS_MAX),
    }
}

impl FromStr for Stamp {
    type Err = Error;

    /// Parses the full form only, as records and folders hold it.
    fn from_str(text: &str) -> Result<Self, Error> {
        let stamp = Self::parse_end(text)?;
        if stamp.to_string() == text {
            Ok(stamp)
        } else {
            Err(Error::BadName {
                what: "date",
                name: escape(text.as_bytes()),
                why: "a snapshot's full date is written like 20261123T040000Z".to_owned(),
            })
        }
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.civil().strftime("%Y%m%dT%H%M%SZ"))
    }
}

impl fmt::Debug for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stamp({self})")
    }
}

impl serde::Serialize for Stamp {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Stamp {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}
