//! What the page leaves in `www/status/`: itself, and what it need not find out again.
//!
//! ```text
//! www/status/index.html, status.json           the page, as HTML and as JSON
//! www/status/disk.json                         the room, a day each
//! www/status/changes/MIRROR.OLD.NEW.json       what differs between what a channel shows and what it would show next
//! ```
//!
//! All of it may be deleted; only the days of `disk.json` do not come back. Nothing is synced.

use std::collections::BTreeSet;
use std::path::PathBuf;

use pinfold_store::lock::PageLock;
use pinfold_store::{IoContext, Record, Store, disk};
use serde::Serialize;

use super::{Changes, DiskDay, Page, Pair};
use crate::layout::Www;
use crate::status::DiskStatus;
use crate::{Error, Result};

/// How many days the picture of the disk goes back.
const DAYS_MAX: usize = 366;
/// Everybody may read what is published.
const MODE: u32 = 0o644;

/// Leaves the page: as HTML, and as the text of its JSON. A reader sees the old or the new one.
///
/// Durable: no, the next run writes it anew.
///
/// # Errors
/// It cannot be written.
pub fn leave(store: &Store, page: &Page, json: &str, _lock: &PageLock) -> Result<()> {
    let folder = Www::new(store.root()).status();
    disk::write_lightly(&folder.join("status.json"), json.as_bytes(), MODE)?;
    disk::write_lightly(&folder.join("index.html"), page.html().as_bytes(), MODE)?;
    Ok(())
}

/// Notes the room of this day, and gives the days so far. What cannot be read is begun anew: nobody decides by it.
///
/// # Errors
/// It cannot be written.
pub fn note_disk(
    store: &Store,
    at: pinfold_store::Stamp,
    disk: Option<&DiskStatus>,
    _lock: &PageLock,
) -> Result<Vec<DiskDay>> {
    let path = Www::new(store.root()).status().join("disk.json");
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let known: Vec<DiskDay> = serde_json::from_str(&text).unwrap_or_default();
    let Some(disk) = disk else { return Ok(known) };
    let today = DiskDay {
        at,
        free_bytes: disk.free_bytes,
        bytes: disk.bytes,
        free_inodes: disk.free_inodes,
        inodes: disk.inodes,
    };
    let days = with_day(known, today);
    disk::write_lightly(&path, text_of(&path, &days)?.as_bytes(), MODE)?;
    Ok(days)
}

/// Puts a day where it belongs; the last look at a day counts. A clock that was wrong loses no other day.
pub(super) fn with_day(mut days: Vec<DiskDay>, today: DiskDay) -> Vec<DiskDay> {
    days.retain(|day| day.at.day() != today.at.day());
    days.push(today);
    days.sort_by_key(|day| day.at);
    days.drain(..days.len().saturating_sub(DAYS_MAX));
    days
}

fn changes_path(store: &Store, pair: &Pair) -> PathBuf {
    let Pair { mirror, old, new } = pair;
    Www::new(store.root()).status().join("changes").join(format!("{mirror}.{old}.{new}.json"))
}

/// Reads what is known of how two snapshots differ; `None` where it was not found out, or not of these.
#[must_use]
pub fn known_changes(
    store: &Store,
    pair: &Pair,
    (old, new): (&Record, &Record),
) -> Option<Changes> {
    let text = std::fs::read_to_string(changes_path(store, pair)).ok()?;
    let changes: Changes = serde_json::from_str(&text).ok()?;
    let is_of_these = changes.pair == *pair
        && changes.old_manifest == old.manifest
        && changes.new_manifest == new.manifest;
    is_of_these.then_some(changes)
}

/// Keeps how two snapshots differ.
///
/// # Errors
/// It cannot be written.
pub fn keep_changes(store: &Store, changes: &Changes, _lock: &PageLock) -> Result<()> {
    let path = changes_path(store, &changes.pair);
    if let Some(folder) = path.parent() {
        disk::make_dirs(folder)?;
    }
    Ok(disk::write_lightly(&path, text_of(&path, changes)?.as_bytes(), MODE)?)
}

/// Forgets how other snapshots differ than these, and what a crash left.
///
/// # Errors
/// One cannot be removed.
pub fn forget_changes(store: &Store, shown: &[Pair], _lock: &PageLock) -> Result<()> {
    let folder = Www::new(store.root()).status().join("changes");
    let wanted: BTreeSet<PathBuf> = shown.iter().map(|pair| changes_path(store, pair)).collect();
    let entries = match std::fs::read_dir(&folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries.at("list", &folder)?,
    };
    for entry in entries {
        let path = entry.at("list", &folder)?.path();
        if !wanted.contains(&path) {
            disk::remove_file(&path)?;
        }
    }
    Ok(())
}

fn text_of(path: &std::path::Path, value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value)
        .map(|text| text + "\n")
        .map_err(|error| Error::Damaged { path: path.to_owned(), why: error.to_string() })
}
