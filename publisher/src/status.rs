//! What is the case: gathered from records for people, for monitoring and for the status page. Takes no lock, writes nothing.
//!
//! Its JSON form is an interface, docs/operations.md has it: names are added, and none changes its meaning.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use pinfold_store::refs::Pin;
use pinfold_store::running::Running;
use pinfold_store::{Name, Stamp, Store};
use serde::Serialize;

use crate::schedule::{self, Schedule, Tried, What};
use crate::{generation, pins, publish};

/// The form of what is gathered.
const VERSION: u32 = 1;

/// What is the case.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// The form; another number where a name means something else than before.
    pub version: u32,
    /// When it was gathered.
    pub at: Stamp,
    /// The mirrors.
    pub mirrors: BTreeMap<Name, MirrorStatus>,
    /// The channels.
    pub channels: BTreeMap<Name, ChannelStatus>,
    /// The room; absent where the file system does not say.
    pub disk: Option<DiskStatus>,
    /// What could not be read: all else is told all the same.
    pub problems: Vec<String>,
}

/// A mirror.
#[derive(Debug, Clone, Serialize)]
pub struct MirrorStatus {
    /// Its newest snapshot.
    pub newest: Option<Newest>,
    /// Snapshots that are kept.
    pub snapshots: usize,
    /// Of how many a tree stands.
    pub published: usize,
    /// How it is brought in.
    pub sync: SyncStatus,
    /// What brings it in at this moment.
    pub running: Option<Running>,
    /// Who holds its lock: `pid 42 (pinfold sync)`.
    pub held_by: Option<String>,
    /// The pins on its snapshots.
    pub pins: Vec<PinStatus>,
}

/// A newest snapshot.
#[derive(Debug, Clone, Serialize)]
pub struct Newest {
    /// Its date.
    pub snapshot: Stamp,
    /// How old it is, in seconds.
    pub age_seconds: u64,
    /// Its files.
    pub files: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Who vouches for it.
    pub trust: &'static str,
    /// It is a part of its archive.
    pub filtered: bool,
}

/// How a mirror is brought in.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SyncStatus {
    /// When it is synced; absent where nothing does it by itself.
    pub schedule: Option<String>,
    /// When upstream was last taken, or found unchanged.
    pub last_good: Option<Stamp>,
    /// How long ago, in seconds.
    pub last_good_age_seconds: Option<u64>,
    /// When it was last tried.
    pub last_try: Option<Stamp>,
    /// Why the last try failed, where it did.
    pub failure: Option<FailureStatus>,
    /// When it is tried next; not later than now where it is due.
    pub next: Option<Stamp>,
}

/// A failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailureStatus {
    /// The exit code.
    pub exit_code: u8,
    /// Why, in one line.
    pub said: String,
    /// How many failed in a row.
    pub in_a_row: u32,
}

/// A channel.
#[derive(Debug, Clone, Serialize)]
pub struct ChannelStatus {
    /// Why it cannot be read; all else of it is empty then.
    pub broken: Option<String>,
    /// The generation that clients see.
    pub generation: u64,
    /// Since when.
    pub since: Option<Stamp>,
    /// Who moved it.
    pub who: String,
    /// By which verb.
    pub verb: String,
    /// Why.
    pub reason: String,
    /// When it moves by itself; absent where only people move it.
    pub schedule: Option<String>,
    /// When it may move next by itself.
    pub next: Option<Stamp>,
    /// What it shows.
    pub mirrors: BTreeMap<Name, ShownStatus>,
    /// The pins on mirrors in it.
    pub pins: Vec<PinStatus>,
    /// What would move and does not.
    pub waits: Vec<Waiting>,
}

/// What a channel shows of a mirror.
#[derive(Debug, Clone, Serialize)]
pub struct ShownStatus {
    /// The snapshot.
    pub snapshot: Stamp,
    /// How many newer ones there are.
    pub behind: usize,
}

/// What would move and does not.
#[derive(Debug, Clone, Serialize)]
pub struct Waiting {
    /// The mirror.
    pub mirror: Name,
    /// Where it would go; absent where there is nothing yet.
    pub snapshot: Option<Stamp>,
    /// Why, as a word for programs.
    pub kind: &'static str,
    /// Why, for people.
    pub why: String,
    /// Until when, where time ends it.
    pub until: Option<Stamp>,
}

/// A pin: on a snapshot, or on a mirror in a channel.
#[derive(Debug, Clone, Serialize)]
pub struct PinStatus {
    /// Its name, of one on a snapshot.
    pub name: Option<Name>,
    /// The mirror.
    pub mirror: Name,
    /// The snapshot, of one on a snapshot.
    pub snapshot: Option<Stamp>,
    /// Who.
    pub who: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: Stamp,
    /// Until when.
    pub until: Option<Stamp>,
    /// It ended, and holds nothing any more.
    pub expired: bool,
}

/// The room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DiskStatus {
    /// Bytes that are free.
    pub free_bytes: u64,
    /// Bytes in all.
    pub bytes: u64,
    /// Bytes that what comes in leaves free.
    pub reserve_bytes: u64,
    /// Inodes that are free; absent where the file system has no limit of them.
    pub free_inodes: Option<u64>,
    /// Inodes in all.
    pub inodes: Option<u64>,
    /// Inodes that what comes in leaves free.
    pub reserve_inodes: Option<u64>,
}

impl DiskStatus {
    /// Says whether what comes in would be refused.
    #[must_use]
    pub fn is_full(&self) -> bool {
        let inodes = self.free_inodes.zip(self.reserve_inodes);
        self.free_bytes <= self.reserve_bytes
            || inodes.is_some_and(|(free, reserve)| free <= reserve)
    }
}

/// Who looks: at which store, when, and what could not be read.
#[derive(Debug)]
pub struct Look<'a> {
    /// The store.
    pub store: &'a Store,
    /// The clock.
    pub now: Stamp,
    /// By which schedules are meant.
    pub zone: &'a TimeZone,
    /// What could not be read so far.
    pub problems: Vec<String>,
}

impl Look<'_> {
    /// Looks at a mirror that is synced by a schedule, or by no one.
    pub fn mirror(&mut self, mirror: &Name, schedule: Option<&Schedule>) -> MirrorStatus {
        let dates = self.store.dates(mirror);
        let dates = self.read(dates);
        let published = publish::published_dates(self.store, mirror);
        let newest = dates.last().and_then(|newest| {
            let record = self.store.record(mirror, *newest).map(Some);
            self.read(record)
        });
        let sync = self.sync(mirror, schedule, dates.last().copied());
        MirrorStatus {
            sync,
            snapshots: dates.len(),
            published: self.read(published).len(),
            running: self.store.running(mirror),
            held_by: self.store.holder(mirror),
            pins: self.pins_of(mirror),
            newest: newest.map(|record| Newest {
                snapshot: record.taken,
                age_seconds: self.age(record.taken),
                files: record.files,
                bytes: record.bytes,
                trust: record.trust.as_str(),
                filtered: record.filtered,
            }),
        }
    }

    /// How a mirror is brought in. Where nothing is known of a sync, the newest snapshot came somehow.
    fn sync(
        &mut self,
        mirror: &Name,
        schedule: Option<&Schedule>,
        newest: Option<Stamp>,
    ) -> SyncStatus {
        let tried = self.tried(What::Mirror(mirror));
        let good = tried.as_ref().map_or(newest, |tried| tried.good);
        let failure = tried.as_ref().filter(|tried| tried.failures > 0);
        SyncStatus {
            schedule: schedule.filter(|one| !one.is_never()).map(ToString::to_string),
            last_good: good,
            last_good_age_seconds: good.map(|good| self.age(good)),
            last_try: tried.as_ref().map(|tried| tried.at),
            failure: failure.map(|tried| FailureStatus {
                exit_code: tried.code,
                said: tried.said.clone(),
                in_a_row: tried.failures,
            }),
            next: self.next(schedule, tried.as_ref()),
        }
    }

    fn tried(&mut self, what: What<'_>) -> Option<Tried> {
        let tried = schedule::read(self.store, what);
        self.read(tried)
    }

    fn next(&self, schedule: Option<&Schedule>, tried: Option<&Tried>) -> Option<Stamp> {
        let schedule = schedule.filter(|schedule| !schedule.is_never())?;
        schedule::next_try(schedule, self.zone, tried, self.now)
    }

    /// Looks at a channel that moves by a schedule, or by no one.
    pub fn channel(&mut self, channel: &Name, schedule: Option<&Schedule>) -> ChannelStatus {
        let held = pins::list(self.store, channel);
        let held = self.read(held);
        let tried = self.tried(What::Channel(channel));
        let mut status = ChannelStatus {
            broken: None,
            generation: 0,
            since: None,
            who: String::new(),
            verb: String::new(),
            reason: String::new(),
            schedule: schedule.filter(|one| !one.is_never()).map(ToString::to_string),
            next: self.next(schedule, tried.as_ref()),
            mirrors: BTreeMap::new(),
            pins: held.iter().map(|(mirror, pin)| self.pin((mirror, None), pin)).collect(),
            waits: Vec::new(),
        };
        let current = match generation::current(self.store, channel) {
            Ok(current) => current,
            Err(error) => {
                status.broken = Some(whole(&error));
                return status;
            }
        };
        status.generation = current.number;
        status.since = Some(current.at);
        (status.who, status.verb, status.reason) = (current.who, current.verb, current.reason);
        for (mirror, shown) in current.mirrors {
            let dates = self.store.dates(&mirror);
            let snapshot = shown.snapshot;
            let behind = self.read(dates).iter().filter(|date| **date > snapshot).count();
            status.mirrors.insert(mirror, ShownStatus { snapshot, behind });
        }
        status
    }

    /// Looks at the room.
    pub fn disk(&mut self) -> Option<DiskStatus> {
        let room = self.store.room().map(Some);
        let room = self.read(room)?;
        let inodes = |number: u64| room.counts_files.then_some(number);
        Some(DiskStatus {
            free_bytes: room.free_bytes,
            bytes: room.bytes,
            reserve_bytes: room.reserve_bytes,
            free_inodes: inodes(room.free_files),
            inodes: inodes(room.files),
            reserve_inodes: inodes(room.reserve_files),
        })
    }

    /// Puts together what was seen.
    #[must_use]
    pub fn status(
        mut self,
        mirrors: BTreeMap<Name, MirrorStatus>,
        channels: BTreeMap<Name, ChannelStatus>,
    ) -> Status {
        let disk = self.disk();
        Status { version: VERSION, at: self.now, mirrors, channels, disk, problems: self.problems }
    }

    fn pins_of(&mut self, mirror: &Name) -> Vec<PinStatus> {
        let all = self.store.all_pins(mirror);
        let all = self.read(all);
        all.iter().map(|(taken, name, pin)| self.pin((mirror, Some((*taken, name))), pin)).collect()
    }

    fn pin(&self, (mirror, on): (&Name, Option<(Stamp, &Name)>), pin: &Pin) -> PinStatus {
        PinStatus {
            name: on.map(|(_, name)| name.clone()),
            mirror: mirror.clone(),
            snapshot: on.map(|(taken, _)| taken),
            who: pin.who.clone(),
            reason: pin.reason.clone(),
            since: pin.since,
            until: pin.until,
            expired: pin.until.is_some_and(|until| until < self.now),
        }
    }

    /// What could be read; else nothing, and why is kept.
    pub fn read<T: Default, E: std::error::Error>(&mut self, read: Result<T, E>) -> T {
        read.unwrap_or_else(|error| {
            self.problems.push(whole(&error));
            T::default()
        })
    }

    fn age(&self, since: Stamp) -> u64 {
        u64::try_from(self.now.seconds().saturating_sub(since.seconds())).unwrap_or(0)
    }
}

/// An error with what caused it.
fn whole(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let more = inner.to_string();
        if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
        source = inner.source();
    }
    text
}

#[cfg(test)]
mod tests;
