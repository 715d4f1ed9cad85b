//! What the future brings: when a state counts as old, when the disk is full, what expires.

use std::collections::HashSet;
use std::time::Duration;

use pinfold_store::manifest::diff;
use pinfold_store::{Digest, Entry, Name, Node, Record, Stamp};
use serde::Serialize;

use super::{DiskStatus, Look, MirrorStatus};

/// How far back snapshots say how much comes in, in seconds.
const WINDOW: i64 = 30 * 86_400;
/// How many snapshots of a mirror are compared with the one before: it is asked for often.
const STEPS_MAX: usize = 8;
const DAY: u64 = 86_400;

/// How old a mirror may be, and how old it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Freshness {
    /// How old it is, in seconds: since the last good sync, or the newest snapshot where nothing syncs it.
    pub age_seconds: Option<u64>,
    /// From which age on it is stale, in seconds; absent where nobody says.
    pub stale_after_seconds: Option<u64>,
    /// It is older than that.
    pub is_stale: bool,
    /// What clients get meanwhile, for people; absent where it is not stale.
    pub clients_get: Option<String>,
}

/// When the disk is full, if it goes on as it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Forecast {
    /// Bytes of new content a day, of mirrors of which nothing was dropped yet: of the others as much goes as comes.
    pub new_bytes_per_day: u64,
    /// New files a day, an inode each.
    pub new_files_per_day: u64,
    /// Over how many seconds that was seen.
    pub seen_seconds: u64,
    /// Days until only the reserve is free; absent where nothing grows.
    pub days_until_full: Option<u64>,
    /// Days until the inodes are.
    pub days_until_no_inodes: Option<u64>,
}

/// What expires at a known time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Expiry {
    /// `site-certificate`, `signing-key`, `upstream-key` or `valid-until`.
    pub kind: &'static str,
    /// Which one: a path, a fingerprint with its owner, a snapshot.
    pub subject: String,
    /// Of which mirror; absent of what is the site's.
    pub mirror: Option<Name>,
    /// When.
    pub at: Stamp,
    /// Days from now on, rounded down; less than nothing where it is over.
    pub days: i64,
}

/// When all objects were last read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DeepRead {
    /// When the last reading of all of them began; absent where there was none.
    pub at: Option<Stamp>,
    /// How long ago, in seconds.
    pub age_seconds: Option<u64>,
}

/// What came in between two snapshots.
#[derive(Debug, Clone, Copy, Default)]
struct Came {
    bytes: u64,
    files: u64,
}

impl Look<'_> {
    /// Says how old a mirror is against what it may be.
    #[must_use]
    pub fn freshness(&self, mirror: &MirrorStatus, stale_after: Option<Duration>) -> Freshness {
        let newest = mirror.newest.as_ref().map(|newest| newest.age_seconds);
        let age = mirror.sync.last_good_age_seconds.or(newest);
        let limit = stale_after.map(|limit| limit.as_secs());
        let is_over = limit.is_some_and(|limit| age.is_some_and(|age| age > limit));
        Freshness {
            age_seconds: age,
            stale_after_seconds: limit,
            is_stale: is_over,
            clients_get: None,
        }
    }

    /// Says until when upstream's own metadata of a snapshot are valid: until the first of them ends.
    pub fn valid_until(&mut self, mirror: &Name, taken: Stamp) -> Option<Stamp> {
        let record = self.store.record(mirror, taken).map(Some);
        self.read(record).as_ref().and_then(valid_until)
    }

    /// Says when all objects were last read; `None` where this user cannot know.
    #[must_use]
    pub fn deep_read(&self) -> Option<DeepRead> {
        let at = self.store.whole_read().ok()?;
        Some(DeepRead { at, age_seconds: at.map(|at| self.age(at)) })
    }

    /// Says what expires, and in how many days.
    #[must_use]
    pub fn expiry(
        &self,
        kind: &'static str,
        (subject, mirror): (String, Option<Name>),
        at: Stamp,
    ) -> Expiry {
        let seconds = at.seconds().saturating_sub(self.now.seconds());
        Expiry { kind, subject, mirror, at, days: seconds.div_euclid(86_400) }
    }

    /// Says when the disk is full, by what snapshots of the last month brought.
    ///
    /// Cost: reads the manifests of up to nine snapshots a mirror.
    pub fn forecast(&mut self, mirrors: &[Name], disk: &DiskStatus) -> Option<Forecast> {
        let (mut bytes, mut files, mut longest) = (0, 0, 0);
        for mirror in mirrors {
            let Some((came, seconds)) = self.came(mirror) else { continue };
            let a_day = |amount: u64| amount.saturating_mul(DAY) / seconds;
            bytes += a_day(came.bytes);
            files += a_day(came.files);
            longest = longest.max(seconds);
        }
        let until = |free: u64, reserve: u64, rate: u64| {
            (rate > 0).then(|| free.saturating_sub(reserve) / rate)
        };
        let inodes = disk.free_inodes.zip(disk.reserve_inodes);
        (longest > 0).then(|| Forecast {
            new_bytes_per_day: bytes,
            new_files_per_day: files,
            seen_seconds: longest,
            days_until_full: until(disk.free_bytes, disk.reserve_bytes, bytes),
            days_until_no_inodes: inodes.and_then(|(free, reserve)| until(free, reserve, files)),
        })
    }

    /// What came in of a mirror, and in how many seconds; `None` where it says nothing of the future.
    fn came(&mut self, mirror: &Name) -> Option<(Came, u64)> {
        let dates = self.store.dates(mirror);
        let dates = self.read(dates);
        let since = self.now.seconds() - WINDOW;
        let from = dates.len().saturating_sub(STEPS_MAX + 1);
        let recent: Vec<Stamp> =
            dates[from..].iter().copied().filter(|date| date.seconds() >= since).collect();
        // Something was dropped: from then on as much goes as comes. What retention drops is missed by the oldest that it left.
        let is_dropped = |taken: &Stamp| {
            let record = self.store.record(mirror, *taken);
            record.is_ok_and(|record| record.parent.is_some_and(|one| !dates.contains(&one)))
        };
        if dates.iter().take(STEPS_MAX).chain(&recent).any(is_dropped) {
            return None;
        }
        let (begin, end) = (recent.first()?, recent.last()?);
        let seconds = u64::try_from(end.seconds() - begin.seconds()).ok()?;
        // Two syncs of one afternoon say nothing of a month.
        if seconds < DAY / 2 {
            return None;
        }
        let mut all = Came::default();
        for pair in recent.windows(2) {
            let came = self.between(mirror, (pair[0], pair[1])).map(Some);
            let came = self.read(came)?;
            all.bytes += came.bytes;
            all.files += came.files;
        }
        Some((all, seconds))
    }

    fn between(&self, mirror: &Name, (old, new): (Stamp, Stamp)) -> pinfold_store::Result<Came> {
        let manifest = |taken| {
            let record = self.store.record(mirror, taken)?;
            self.store.manifest(record.manifest)
        };
        let mut known = HashSet::new();
        let mut came = Came::default();
        for change in diff(manifest(old)?, manifest(new)?) {
            let change = change?;
            let was = change.old_entry().and_then(content).map(|(digest, _)| digest);
            let Some((digest, size)) = change.new_entry().and_then(content) else { continue };
            if was != Some(digest) && known.insert(digest) {
                came.bytes += size;
                came.files += 1;
            }
        }
        Ok(came)
    }
}

fn content(entry: &Entry) -> Option<(Digest, u64)> {
    match &entry.node {
        Node::File { digest, size_bytes, .. } => Some((*digest, *size_bytes)),
        Node::Link { .. } => None,
    }
}

/// Until when upstream's metadata of a snapshot are valid.
pub(super) fn valid_until(record: &Record) -> Option<Stamp> {
    record.proofs.iter().filter_map(|proof| proof.valid_until).min()
}
