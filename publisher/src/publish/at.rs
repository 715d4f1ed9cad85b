//! Days, hours and what is shorter: symlinks that say which snapshot was the newest at the end of each.
//!
//! A span that has snapshots has a link for each of its parts and one for itself; a span without has only its own. So any
//! second is found by the finest link that is there, and a snapshot costs few links: the hours of its day, and of its hour
//! the ten minutes, the minutes, the ten seconds and the seconds that it falls into. Days after the newest snapshot point to
//! `latest`, two years ahead, so that nothing must run for tomorrow's name to be right.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use pinfold_store::disk::Weight;
use pinfold_store::{Name, Stamp, Store, disk};

use crate::Result;
use crate::layout::Www;

const DAY: i64 = 86_400;
const HOUR: i64 = 3_600;
/// Spans shorter than an hour: how long each is, how long its parts are, and how much of a date names a part.
const SHORTER: [(i64, i64, usize); 4] = [(HOUR, 600, 12), (600, 60, 13), (60, 10, 14), (10, 1, 15)];
/// Days ahead of the newest snapshot that have links, and the number under which they are topped up.
const DAYS_AHEAD: i64 = 730;
/// About how many links a mirror's first snapshot makes: the days ahead, and the parts of its own day.
pub const FIRST_LINKS: u64 = 800;
const DAYS_AHEAD_MIN: i64 = 365;

/// Brings the links right around a snapshot that came or went.
///
/// Cost: the days between its neighbours. Durable: yes.
///
/// # Errors
/// A link cannot be made.
pub fn refresh(store: &Store, mirror: &Name, around: Stamp) -> Result<()> {
    set_around(store, mirror, &store.dates(mirror)?, around).map(drop)
}

/// Leads days and hours past a snapshot that is about to be dropped: no link may outlive what it leads to. Gives how many inodes
/// came back; fewer than none where a day that was one with its neighbours has links of its own now.
///
/// Cost: the days between its neighbours. Durable: yes.
///
/// # Errors
/// A link cannot be made.
pub fn forget(store: &Store, mirror: &Name, taken: Stamp) -> Result<i64> {
    let mut dates = store.dates(mirror)?;
    dates.retain(|date| *date != taken);
    let freed = set_around(store, mirror, &dates, taken)?;
    disk::point("at-forgotten");
    Ok(freed)
}

/// Says what forgetting snapshots would give back; changes nothing.
///
/// # Errors
/// That cannot be known.
pub fn weigh(store: &Store, mirror: &Name, gone: &[Stamp]) -> Result<i64> {
    let mut dates = store.dates(mirror)?;
    dates.retain(|date| !gone.contains(date));
    let folder = Www::new(store.root()).at(mirror);
    if dates.is_empty() {
        return Ok(whole(&disk::weigh_tree(&folder)?));
    }
    let days = Days::look(&folder, mirror, &dates);
    for taken in gone {
        days.around(*taken)?;
    }
    Ok(days.freed.get())
}

fn whole(weight: &Weight) -> i64 {
    i64::try_from(weight.inodes).unwrap_or(i64::MAX)
}

fn set_around(store: &Store, mirror: &Name, dates: &[Stamp], around: Stamp) -> Result<i64> {
    let folder = Www::new(store.root()).at(mirror);
    if dates.is_empty() {
        return Ok(whole(&disk::remove_tree(&folder)?));
    }
    disk::make_dirs(&folder)?;
    // Runs that died left the links of their snapshots: back to the first that are right, and then the oldest first, so that a run
    // that dies here leaves the newest wrong for the next one to begin at.
    let mut wrong = vec![around];
    for taken in dates.iter().rev().filter(|date| **date < around) {
        if !Days::look(&folder, mirror, dates).around(*taken)? {
            break;
        }
        wrong.push(*taken);
    }
    let days = Days::set_right(&folder, mirror, dates);
    let mut changed = false;
    for taken in wrong.iter().rev() {
        changed |= days.around(*taken)?;
    }
    if changed {
        disk::sync_path(&folder)?;
    }
    Ok(days.freed.get())
}

/// Says whether days and hours around a snapshot lead where they should.
///
/// # Errors
/// That cannot be known.
pub(crate) fn is_right(store: &Store, mirror: &Name, taken: Stamp) -> Result<bool> {
    let folder = Www::new(store.root()).at(mirror);
    let dates = store.dates(mirror)?;
    let days = Days::look(&folder, mirror, &dates);
    Ok(!days.around(taken)?)
}

/// Lists the snapshots around which a link is wrong; changes nothing.
///
/// # Errors
/// That cannot be known.
pub(crate) fn wrong_around(store: &Store, mirror: &Name) -> Result<Vec<Stamp>> {
    let folder = Www::new(store.root()).at(mirror);
    let dates = store.dates(mirror)?;
    let days = Days::look(&folder, mirror, &dates);
    let mut wrong = Vec::new();
    for taken in &dates {
        if days.around(*taken)? {
            wrong.push(*taken);
        }
    }
    Ok(wrong)
}

struct Days<'a> {
    folder: &'a Path,
    mirror: &'a Name,
    dates: &'a [Stamp],
    /// Names that were looked at and would change; none where links are put right.
    looked: Option<RefCell<BTreeSet<String>>>,
    /// Links that went, less those that came.
    freed: Cell<i64>,
}

impl<'a> Days<'a> {
    fn look(folder: &'a Path, mirror: &'a Name, dates: &'a [Stamp]) -> Self {
        Self { looked: Some(RefCell::default()), ..Self::set_right(folder, mirror, dates) }
    }

    const fn set_right(folder: &'a Path, mirror: &'a Name, dates: &'a [Stamp]) -> Self {
        Self { folder, mirror, dates, looked: None, freed: Cell::new(0) }
    }

    /// Makes the links right between a snapshot's neighbours; true where something changed, or would.
    fn around(&self, around: Stamp) -> Result<bool> {
        let Some(newest) = self.dates.last().copied() else { return Ok(false) };
        let mut changed = self.set("latest", Some(self.target(newest)))?;
        let before =
            self.dates.iter().rev().find(|date| **date < around).copied().unwrap_or(around);
        let after = self.dates.iter().find(|date| **date > around).copied();
        let end = after.unwrap_or(newest.max(around));
        let mut day = before.seconds().div_euclid(DAY);
        while day <= end.seconds().div_euclid(DAY) {
            changed |= self.refresh(day)?;
            day += 1;
        }
        for taken in [Some(before), Some(around), after].into_iter().flatten() {
            changed |= self.refine(taken)?;
        }
        if after.is_none() {
            changed |= self.look_ahead(day)?;
        }
        Ok(changed)
    }

    fn target(&self, taken: Stamp) -> PathBuf {
        Path::new("../../snapshots").join(self.mirror.as_str()).join(taken.to_string())
    }

    /// The newest snapshot at or before a second.
    fn at(&self, second: i64) -> Option<Stamp> {
        let count = self.dates.partition_point(|date| date.seconds() <= second);
        count.checked_sub(1).and_then(|at| self.dates.get(at)).copied()
    }

    /// Makes one day's links right; true where something changed.
    fn refresh(&self, day: i64) -> Result<bool> {
        let start = day * DAY;
        let last = self.at(start + DAY - 1);
        let is_busy = last.is_some_and(|last| last.seconds() >= start);
        let mut changed = false;
        for hour in 0..24 {
            let begin = start + hour * HOUR;
            let shown = if is_busy { self.at(begin + HOUR - 1) } else { None };
            changed |= self
                .set(&Stamp::from_seconds(begin).hour(), shown.map(|taken| self.target(taken)))?;
        }
        let is_after_all = !is_busy && last.is_some() && last == self.dates.last().copied();
        let target = if is_after_all {
            Some(PathBuf::from("latest"))
        } else {
            last.map(|taken| self.target(taken))
        };
        changed |= self.set(&Stamp::from_seconds(start).day(), target)?;
        Ok(changed)
    }

    /// Makes the links of the hour around a snapshot that is there or went right; true where something changed.
    fn refine(&self, around: Stamp) -> Result<bool> {
        let mut changed = false;
        for (span, part, length) in SHORTER {
            let start = around.seconds().div_euclid(span) * span;
            let is_busy = self.at(start + span - 1).is_some_and(|last| last.seconds() >= start);
            for begin in (0..span / part).map(|number| start + number * part) {
                let shown = if is_busy { self.at(begin + part - 1) } else { None };
                let name: String =
                    Stamp::from_seconds(begin).to_string().chars().take(length).collect();
                changed |= self.set(&name, shown.map(|taken| self.target(taken)))?;
            }
        }
        Ok(changed)
    }

    /// Makes sure that the days to come point to the newest.
    fn look_ahead(&self, first: i64) -> Result<bool> {
        let name = |day: i64| Stamp::from_seconds(day * DAY).day();
        if disk::stands(&self.folder.join(name(first + DAYS_AHEAD_MIN)))?
            && disk::stands(&self.folder.join(name(first)))?
        {
            return Ok(false);
        }
        let mut changed = false;
        for day in first..first + DAYS_AHEAD {
            changed |= self.set(&name(day), Some(PathBuf::from("latest")))?;
        }
        Ok(changed)
    }

    fn set(&self, name: &str, target: Option<PathBuf>) -> Result<bool> {
        let link = self.folder.join(name);
        let now = std::fs::read_link(&link).ok();
        if now == target {
            return Ok(false);
        }
        let freed = i64::from(now.is_some()) - i64::from(target.is_some());
        let is_first =
            self.looked.as_ref().is_none_or(|looked| looked.borrow_mut().insert(name.to_owned()));
        if is_first {
            self.freed.set(self.freed.get() + freed);
        }
        match target {
            _ if self.looked.is_some() => Ok(true),
            Some(target) => Ok(disk::place_symlink(&link, &target)?),
            None => Ok(disk::remove_file(&link)?),
        }
    }
}
