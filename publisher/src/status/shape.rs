//! The form of what is gathered: the names of the JSON are these.

use std::collections::BTreeMap;

use pinfold_store::running::Running;
use pinfold_store::{Name, Stamp};
use serde::Serialize;

use super::{DeepRead, Expiry, Forecast, Freshness};

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
    /// When it is full, if it goes on like this; absent where snapshots do not say yet.
    pub forecast: Option<Forecast>,
    /// What expires, the soonest first.
    pub expiries: Vec<Expiry>,
    /// When all objects were last read; absent where this user cannot know.
    pub deep_read: Option<DeepRead>,
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
    /// How old it is, and how old it may be.
    pub freshness: Freshness,
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
    /// Until when upstream's own metadata say that they are valid.
    pub valid_until: Option<Stamp>,
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
    /// Why the last move by the schedule failed, where it did.
    pub failure: Option<FailureStatus>,
}

/// What a channel shows of a mirror.
#[derive(Debug, Clone, Serialize)]
pub struct ShownStatus {
    /// The snapshot.
    pub snapshot: Stamp,
    /// How many newer ones there are.
    pub behind: usize,
    /// Until when clients take it; absent where they take it for good, as they do what we sign.
    pub valid_until: Option<Stamp>,
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
