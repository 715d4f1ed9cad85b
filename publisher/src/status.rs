//! What is the case: gathered from records for people, for monitoring and for the status page. Takes no lock.
//!
//! Its JSON form is an interface, docs/schedules.md has it: names are added, and none changes its meaning.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use pinfold_store::refs::Pin;
use pinfold_store::{Name, Stamp, Store};

use crate::schedule::{self, Schedule, Tried, What};
use crate::{generation, pins, publish};

mod ahead;
mod shape;

pub use ahead::{DeepRead, Expiry, Forecast, Freshness};
pub use shape::{
    ChannelStatus, DiskStatus, FailureStatus, MirrorStatus, Newest, PinStatus, ShownStatus, Status,
    SyncStatus, Waiting,
};

/// The form of what is gathered.
const VERSION: u32 = 1;

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
                valid_until: ahead::valid_until(&record),
            }),
            freshness: Freshness::default(),
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
        SyncStatus {
            schedule: schedule.filter(|one| !one.is_never()).map(ToString::to_string),
            last_good: good,
            last_good_age_seconds: good.map(|good| self.age(good)),
            last_try: tried.as_ref().map(|tried| tried.at),
            failure: tried.as_ref().and_then(failure),
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
            failure: tried.as_ref().and_then(failure),
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
            status.mirrors.insert(mirror, ShownStatus { snapshot, behind, valid_until: None });
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

    /// Puts together what was seen; [`Look::forecast`] and [`Look::deep_read`] are for who waits for them.
    #[must_use]
    pub fn status(
        mut self,
        mirrors: BTreeMap<Name, MirrorStatus>,
        channels: BTreeMap<Name, ChannelStatus>,
    ) -> Status {
        let disk = self.disk();
        Status {
            version: VERSION,
            at: self.now,
            mirrors,
            channels,
            disk,
            forecast: None,
            expiries: Vec::new(),
            deep_read: None,
            problems: self.problems,
        }
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

/// What the last try failed of, where it did.
fn failure(tried: &Tried) -> Option<FailureStatus> {
    (tried.failures > 0).then(|| FailureStatus {
        exit_code: tried.code,
        said: tried.said.clone(),
        in_a_row: tried.failures,
    })
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
