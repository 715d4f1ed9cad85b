//! Whether a `Release` is of now: its `Date` and `Valid-Until`, read as apt reads them (formats/apt.md, section 3, step 7).
//!
//! apt only warns of a `Date` that is missing or that it cannot read, and then takes any older state for a new one. Here
//! that is refused: a mirror has to know that its upstream did not go back.

use jiff::civil::DateTime;
use jiff::tz::Offset;
use pinfold_store::path::escape;

use super::Release;
use crate::sign::shown_time;
use crate::{Error, Result};

/// How far a `Date` may be ahead of the clock, unless configured otherwise: as apt has it.
pub const FUTURE_SECONDS_MAX: i64 = 10;
/// How messages describe the dates that are read.
const FORM: &str = "'Sun, 22 Nov 2026 00:19:16 UTC'";

/// What to judge dates by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Freshness {
    /// The clock, or the time of the sync that is proved again, in seconds since 1970.
    pub now: i64,
    /// How far a `Date` may be ahead of it, [`FUTURE_SECONDS_MAX`] unless configured otherwise.
    pub future_seconds_max: i64,
    /// The `Date` that was accepted last, in seconds since 1970.
    pub last_accepted: Option<i64>,
    /// Takes a `Date` older than that, once.
    pub allow_older: bool,
    /// Takes what is no longer valid, or does not say so in a form that can be read.
    pub allow_expired: bool,
}

/// The dates of a `Release`, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dates {
    /// When it was made.
    pub date: i64,
    /// Until when it is valid, where it says so.
    pub valid_until: Option<i64>,
}

/// Judges the dates of a `Release`. An equal `Date` with other content is legal. `shown` names the file in errors.
///
/// # Errors
/// [`Error::NotAuthentic`] names the dates, and what would allow them.
pub fn check(release: &Release, dates: &Freshness, shown: &str) -> Result<Dates> {
    judge(release, dates).map_err(|why| Error::NotAuthentic { path: shown.to_owned(), why })
}

fn judge(release: &Release, dates: &Freshness) -> Result<Dates, String> {
    let date = release.field("Date").ok_or_else(|| format!("it has no Date, such as {FORM}"))?;
    let date = parse(date).ok_or_else(|| unread("Date", date))?;
    if date > dates.now.saturating_add(dates.future_seconds_max) {
        return Err(format!(
            "its Date, {}, is {} seconds ahead of the clock here: one of the two clocks is wrong",
            shown_time(date),
            date.saturating_sub(dates.now)
        ));
    }
    if let Some(last) = dates.last_accepted.filter(|last| date < *last && !dates.allow_older) {
        return Err(format!(
            "its Date, {}, is older than {}, which was accepted before: upstream went back; --allow-older takes it",
            shown_time(date),
            shown_time(last)
        ));
    }
    let valid_until = match release.field("Valid-Until") {
        None | Some([]) => None,
        Some(text) => match parse(text) {
            None if !dates.allow_expired => return Err(unread("Valid-Until", text)),
            read => read,
        },
    };
    // A clock that went back must not bring to life what was seen to be over.
    let now = dates.now.max(dates.last_accepted.unwrap_or(dates.now));
    if let Some(end) = valid_until.filter(|end| *end < now && !dates.allow_expired) {
        return Err(format!(
            "it was valid until {}, now is {}: upstream is frozen or given up; check-valid-until = false takes it",
            shown_time(end),
            shown_time(now)
        ));
    }
    Ok(Dates { date, valid_until })
}

fn unread(field: &str, text: &[u8]) -> String {
    let text = escape(&text[..text.len().min(100)]);
    format!("its {field}, '{text}', cannot be read; it has the form {FORM}")
}

/// Reads a date in one of the three forms that apt reads, in seconds since 1970. The weekday need not be the right one.
fn parse(text: &[u8]) -> Option<i64> {
    let words: Vec<&str> = std::str::from_utf8(text).ok()?.split_ascii_whitespace().collect();
    let weekday = words.first()?.to_ascii_lowercase();
    let is_weekday = weekday
        .get(..3)
        .is_some_and(|name| "sun mon tue wed thu fri sat".split(' ').any(|one| one == name));
    let (day, month, year, time) = match (weekday.len(), words.as_slice()) {
        // RFC 1123: Sun, 06 Nov 1994 08:49:37 GMT
        (4, [_, day, month, year, time, zone]) if weekday.ends_with(',') && is_utc(zone) => {
            (*day, *month, (*year).to_owned(), *time)
        }
        // asctime: Sun Nov  6 08:49:37 1994
        (3, [_, month, day, time, year]) => (*day, *month, (*year).to_owned(), *time),
        // RFC 850: Sunday, 06-Nov-94 08:49:37 GMT. As in apt the two digits are of 1900, whatever the year is now.
        (5.., [_, date, time, zone]) if weekday.ends_with(',') && is_utc(zone) => {
            let mut parts = date.split('-');
            let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
            let is_short = parts.next().is_none() && year.len() == 2;
            (day, month, is_short.then(|| format!("19{year}"))?, time.to_owned())
        }
        _ => return None,
    };
    if !is_weekday
        || month.len() != 3
        || year.len() != 4
        || !year.bytes().all(|b| b.is_ascii_digit())
    {
        return None;
    }
    let whole = format!("{day} {month} {year} {time}");
    let date = DateTime::strptime("%d %b %Y %H:%M:%S", whole).ok()?;
    Some(Offset::UTC.to_timestamp(date).ok()?.as_second())
}

fn is_utc(zone: &str) -> bool {
    matches!(zone, "UTC" | "GMT" | "Z" | "+0000" | "-0000")
}

#[cfg(test)]
mod tests;
