//! How the last try of what is due ended: small files below `ROOT/schedule/`. Losing one means that what is due is done once more.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use jiff::tz::TimeZone;
use pinfold_store::path::is_hidden;
use pinfold_store::{IoContext, Name, Stamp, Store, disk};
use rustix::fs::{Mode, OFlags};
use serde::{Deserialize, Serialize};

use super::Schedule;
use crate::{Error, Result};

/// The exit code of an upstream that failed: tried again before the schedule says so.
const UPSTREAM: u8 = 3;
/// The exit code of this machine: tried again by the next run.
pub(super) const MACHINE: u8 = 5;
/// The first wait for an upstream that failed; it doubles with every failure.
const WAIT_SECONDS: i64 = 15 * 60;
/// The longest.
pub(super) const WAIT_SECONDS_MAX: i64 = 4 * 3600;
/// A file of ours is smaller.
const BYTES_MAX: u64 = 1 << 16;
/// How much of a reason is kept.
const SAID_MAX: usize = 500;

/// Of what a try is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What<'a> {
    /// The sync of a mirror.
    Mirror(&'a Name),
    /// The promotion of a channel.
    Channel(&'a Name),
    /// Retention, of all mirrors.
    Retention,
}

impl What<'_> {
    fn path(self, store: &Store) -> PathBuf {
        let folder = store.root().join("schedule");
        match self {
            Self::Mirror(name) => folder.join("mirrors").join(name.as_str()),
            Self::Channel(name) => folder.join("channels").join(name.as_str()),
            Self::Retention => folder.join("retention"),
        }
    }
}

/// The last try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Tried {
    /// When it began.
    pub at: Stamp,
    /// The exit code.
    pub code: u8,
    /// Why it failed, in one line; empty where it did not.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub said: String,
    /// When the last one began that did not fail: of a mirror, when upstream was last taken or found unchanged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub good: Option<Stamp>,
    /// How many failed since.
    #[serde(default)]
    pub failures: u32,
    /// When it is tried again, where that does not follow the schedule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Stamp>,
}

/// How a try ended.
#[derive(Debug, Clone, Copy)]
pub struct End<'a> {
    /// When it began.
    pub at: Stamp,
    /// When it ended.
    pub until: Stamp,
    /// Its exit code.
    pub code: u8,
    /// Why it failed; empty where it did not. What was found wrong beside the work is no failure.
    pub said: &'a str,
}

impl Tried {
    /// Says what is known after a try. One whose upstream failed is made again after a quarter of an hour, then after twice that, up
    /// to four hours; sooner where the schedule says so.
    #[must_use]
    pub fn after(
        before: Option<&Self>,
        end: &End<'_>,
        schedule: &Schedule,
        zone: &TimeZone,
    ) -> Self {
        let (at, code) = (end.at, end.code);
        if end.said.is_empty() {
            let said = String::new();
            return Self { at, code, said, good: Some(at), failures: 0, not_before: None };
        }
        let failures = before.map_or(0, |before| before.failures).saturating_add(1);
        let doubled = WAIT_SECONDS << (failures - 1).min(8);
        let later = |seconds: i64| Stamp::from_seconds(end.until.seconds().saturating_add(seconds));
        // Nothing is tried by itself where the schedule never comes.
        let next = schedule.next(end.until, zone).filter(|_| code == UPSTREAM);
        let not_before = next
            .map(|next| later(doubled.min(WAIT_SECONDS_MAX)).min(next.max(later(WAIT_SECONDS))));
        let good = before.and_then(|before| before.good);
        Self { at, code, said: line(end.said), good, failures, not_before }
    }
}

/// One line of bounded length, without what moves a terminal.
fn line(text: &str) -> String {
    text.chars().map(|letter| if is_hidden(letter) { ' ' } else { letter }).take(SAID_MAX).collect()
}

/// Reads what is known of the last try; `None` where there was none.
///
/// # Errors
/// [`Error::Damaged`] where the file is none of ours: whoever asks goes on as if there were none.
pub fn read(store: &Store, what: What<'_>) -> Result<Option<Tried>> {
    let path = what.path(store);
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = match rustix::fs::open(&path, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(rustix::io::Errno::NOENT) => return Ok(None),
        Err(errno) => return Err(errno).at("read", &path).map_err(Error::Store),
    };
    let damaged = |why: &str| Error::Damaged { path: path.clone(), why: why.to_owned() };
    let meta = file.metadata().at("look at", &path)?;
    if !meta.is_file() || meta.len() > BYTES_MAX {
        return Err(damaged("it is no file, or a large one"));
    }
    let mut bytes = Vec::new();
    file.take(BYTES_MAX).read_to_end(&mut bytes).at("read", &path)?;
    let text = String::from_utf8(bytes).map_err(|_not_text| damaged("it is no text"))?;
    toml::from_str(&text).map(Some).map_err(|error| damaged(error.message()))
}

/// Keeps what is known of the last try.
///
/// Durable: yes.
///
/// # Errors
/// [`Error::Store`] where it cannot be written.
pub fn write(store: &Store, what: What<'_>, tried: &Tried) -> Result<()> {
    let path = what.path(store);
    let text = toml::to_string(tried)
        .map_err(|error| Error::Damaged { path: path.clone(), why: error.to_string() })?;
    if let Some(folder) = path.parent() {
        disk::make_dirs(folder)?;
    }
    Ok(disk::write_durably(&path, text.as_bytes(), 0o644)?)
}

#[cfg(test)]
mod tests;
