//! The form of what the page shows: the names of `status.json` beyond those of `pinfold status --json`.

use std::collections::BTreeMap;

use pinfold_store::{Digest, Name, Stamp};
use serde::{Deserialize, Serialize};

use crate::status::Status;

/// All that the page shows.
#[derive(Debug, Clone, Serialize)]
pub struct Page {
    /// What is the case, as `pinfold status --json` has it.
    #[serde(flatten)]
    pub status: Status,
    /// How clients reach the site.
    pub site: String,
    /// Since when each channel shows what it shows, by mirror.
    pub shown_since: BTreeMap<Name, BTreeMap<Name, Stamp>>,
    /// What channels would show next.
    pub upcoming: Vec<Upcoming>,
    /// The latest moves of all channels, newest first.
    pub moves: Vec<MoveStatus>,
    /// The snapshots of each mirror.
    pub snapshots: BTreeMap<Name, Timeline>,
    /// The room, a day each, oldest first.
    pub disk_days: Vec<DiskDay>,
}

/// What a channel would show next of a mirror.
#[derive(Debug, Clone, Serialize)]
pub struct Upcoming {
    /// The channel.
    pub channel: Name,
    /// The mirror.
    pub mirror: Name,
    /// What it shows now; absent where that is nothing.
    pub shows: Option<Stamp>,
    /// What it would show.
    pub to: Stamp,
    /// When; absent where no time moves it.
    pub when: Option<Stamp>,
    /// What holds it; absent where nothing does that is known without reading the snapshot.
    pub hold: Option<HoldStatus>,
    /// Nothing but a person moves this channel.
    pub by_hand: bool,
    /// What it would change; absent where nothing is shown now, or it was not compared yet.
    pub changes: Option<Changes>,
}

impl Upcoming {
    /// What is to be compared; `None` where the channel shows nothing yet.
    #[must_use]
    pub fn pair(&self) -> Option<Pair> {
        Some(Pair { mirror: self.mirror.clone(), old: self.shows?, new: self.to })
    }
}

/// What holds a mirror in a channel.
#[derive(Debug, Clone, Serialize)]
pub struct HoldStatus {
    /// As a word for programs.
    pub kind: &'static str,
    /// For people; a sentence that begins with "it".
    pub why: String,
    /// Until when, where time ends it.
    pub until: Option<Stamp>,
    /// Somebody must look: the snapshot was found wanting.
    pub is_refusal: bool,
}

/// Two snapshots of a mirror.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Pair {
    /// The mirror.
    pub mirror: Name,
    /// The one.
    pub old: Stamp,
    /// The one that takes its place.
    pub new: Stamp,
}

/// What differs between two snapshots, bounded: the counts are of all, the lists of the first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// Which two.
    #[serde(flatten)]
    pub pair: Pair,
    /// The state of the old one: what another `delete` and `ingest` may give the same date.
    pub old_manifest: Digest,
    /// The state of the new one.
    pub new_manifest: Digest,
    /// What is counted: `packages` or `files`.
    pub what: String,
    /// How many of each word: `added`, `removed`, `upgraded`…
    pub counts: BTreeMap<String, u64>,
    /// How many of them are in suites of security updates.
    pub in_security_suites: u64,
    /// The changes, those that take something away before the others.
    pub list: Vec<ChangeLine>,
    /// How many advisories came.
    pub advisories_count: u64,
    /// How many of them are about security.
    pub security_advisories: u64,
    /// The advisories, those about security first.
    pub advisories: Vec<AdvisoryLine>,
}

impl Changes {
    /// How many changes there are.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }
}

/// A package or file that differs. Every text is escaped, as `pinfold diff --json` has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeLine {
    /// What happened to it.
    pub change: String,
    /// Where: suite, component and architecture.
    pub place: String,
    /// Its name.
    pub name: String,
    /// Its version before.
    pub old: Option<String>,
    /// Its version then.
    pub new: Option<String>,
}

/// An advisory that comes with a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdvisoryLine {
    /// Its name.
    pub id: String,
    /// What it is about.
    pub kind: String,
    /// How severe it is; empty where nobody says.
    pub severity: String,
    /// Names of what it cures, the first of them.
    pub cves: Vec<String>,
    /// How many more it cures.
    pub more_cves: u64,
}

/// A move of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MoveStatus {
    /// The channel.
    pub channel: Name,
    /// The generation that it made.
    pub generation: u64,
    /// When.
    pub at: Stamp,
    /// By which verb.
    pub verb: String,
    /// Who.
    pub who: String,
    /// Why.
    pub reason: String,
    /// What moved.
    pub moved: BTreeMap<Name, Moved>,
}

/// What moved of a mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// What was shown before.
    pub from: Option<Stamp>,
    /// What was shown then; absent where the mirror was taken out.
    pub to: Option<Stamp>,
}

/// The snapshots of a mirror.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Timeline {
    /// The newest, and all that a channel or a pin holds; oldest first.
    pub points: Vec<Point>,
    /// How many others are kept.
    pub more: usize,
}

/// A snapshot on the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Point {
    /// Its date.
    pub snapshot: Stamp,
    /// Its tree stands.
    pub published: bool,
    /// The channels that show it.
    pub channels: Vec<Name>,
    /// The pins on it.
    pub pins: Vec<Name>,
}

/// The room on a day, as the last page of that day saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskDay {
    /// When that was.
    pub at: Stamp,
    /// Bytes that were free.
    pub free_bytes: u64,
    /// Bytes in all.
    pub bytes: u64,
    /// Inodes that were free; absent where the file system has no limit of them.
    pub free_inodes: Option<u64>,
    /// Inodes in all.
    pub inodes: Option<u64>,
}
