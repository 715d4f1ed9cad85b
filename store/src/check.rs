//! Checking objects, manifests, records and the index. Reads with `read`, never by mmap: a bad sector is a finding.
//!
//! A check takes no lock: what a run changes while it looks is looked at again before it is called a finding.

pub(crate) mod bytes;
mod objects;

use std::collections::HashSet;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::index::Index;
use crate::{Code, Digest, Finding, Kind, Monitor, Name, Node, Record, Report, Stamp, Store};
use objects::Wanted;

/// Entries that are checked at once by all cores.
const CHUNK: usize = 4096;
/// How often, and how long after each other, the index is compared again while somebody writes: the newest record comes before its
/// rows.
const LOOKS: u32 = 300;
const PAUSE: Duration = Duration::from_millis(100);

/// How far a check goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// By metadata only.
    Quick,
    /// Every byte is read and hashed.
    Deep,
}

/// Which part of the bytes a deep check reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All; a run that was interrupted is gone on with.
    Whole,
    /// One of so many parts: as many runs read the whole store.
    Subset(Subset),
    /// What was not read for the longest time, until time is up.
    Budget(Duration),
}

/// One of several equal parts of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subset {
    number: u16,
    of: u16,
}

impl std::str::FromStr for Subset {
    type Err = String;

    /// Reads `3/30`: the third part of thirty.
    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let parts = text.split_once('/').map(|(n, m)| (n.parse::<u16>(), m.parse::<u16>()));
        match parts {
            Some((Ok(number), Ok(of))) if (1..=of).contains(&number) => Ok(Self { number, of }),
            _ => Err("it is N/M: the N-th of M parts, such as 3/30".to_owned()),
        }
    }
}

impl Part {
    /// The first and the last digest of the part.
    fn digests(self) -> (Digest, Digest) {
        let edge = |number: u16, of: u16| u64::from(number) * 65_536 / u64::from(of);
        let (low, high) = match self {
            Self::Subset(Subset { number, of }) => (edge(number - 1, of), edge(number, of) - 1),
            Self::Whole | Self::Budget(_) => (0, 65_535),
        };
        let digest = |first: u64, rest: u8| {
            let mut bytes = [rest; 32];
            bytes[..2].copy_from_slice(&first.to_be_bytes()[6..]);
            Digest::from_bytes(bytes)
        };
        (digest(low, 0), digest(high, 0xff))
    }
}

/// How far a check of the whole store goes, and how fast.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Whether bytes are read.
    pub depth: Depth,
    /// Which of them.
    pub part: Part,
    /// How many a second at most; `None` for as many as can be.
    pub bytes_per_second: Option<u64>,
    /// The clock: when what is read was read.
    pub now: Stamp,
}

impl Effort {
    /// Looks at everything and reads nothing.
    #[must_use]
    pub const fn quick(now: Stamp) -> Self {
        Self { depth: Depth::Quick, part: Part::Whole, bytes_per_second: None, now }
    }

    /// Reads everything.
    #[must_use]
    pub const fn deep(now: Stamp) -> Self {
        Self { depth: Depth::Deep, ..Self::quick(now) }
    }
}

impl Store {
    /// Checks one snapshot: record, manifest, pins and every object that it names.
    ///
    /// # Errors
    /// [`Error::NoSnapshot`] where there is none; [`Error::Io`] where the store itself cannot be read.
    pub fn verify(
        &self,
        mirror: &Name,
        taken: Stamp,
        depth: Depth,
        monitor: &dyn Monitor,
    ) -> Result<Report> {
        let mut report = Report::default();
        if let Some(record) = self.check_record(mirror, taken, &mut report)? {
            monitor.step("checking objects", Some(record.files));
            match self.check_entries(&record, depth, &mut report, monitor) {
                Ok(()) => {}
                Err(error @ (Error::Damaged { .. } | Error::Io { .. })) => {
                    report.findings.push(manifest_finding(&format!("{mirror}@{taken}"), &error));
                }
                Err(error) => return Err(error),
            }
        }
        self.must_stand(mirror, taken, report)
    }

    /// Gives a report unless the snapshot was dropped meanwhile.
    fn must_stand(&self, mirror: &Name, taken: Stamp, report: Report) -> Result<Report> {
        if report.findings.is_empty() || self.dates(mirror)?.contains(&taken) {
            return Ok(report);
        }
        Err(Error::NoSnapshot { mirror: mirror.clone(), wanted: taken.to_string() })
    }

    /// Reads a record and its pins; what cannot be read is a finding, and the check goes on.
    fn check_record(
        &self,
        mirror: &Name,
        taken: Stamp,
        report: &mut Report,
    ) -> Result<Option<Record>> {
        let subject = format!("{mirror}@{taken}");
        if let Err(error) = self.pins(mirror, taken) {
            report.findings.push(finding(
                Code::PinDamaged,
                subject.clone(),
                why(&error),
                "restore the pin from a backup, or remove its file: until then it holds the snapshot",
            ));
        }
        match self.record(mirror, taken) {
            Ok(record) => Ok(Some(record)),
            Err(error @ Error::NoSnapshot { .. }) => Err(error),
            Err(error) => {
                let remedy = "restore the record from a backup";
                report.findings.push(finding(Code::RecordDamaged, subject, why(&error), remedy));
                Ok(None)
            }
        }
    }

    /// Checks every object that a manifest names, and the record's counts.
    fn check_entries(
        &self,
        record: &Record,
        depth: Depth,
        report: &mut Report,
        monitor: &dyn Monitor,
    ) -> Result<()> {
        let subject = format!("{}@{}", record.mirror, record.taken);
        // Without an index that can be read the times are not compared; that is for fsck to say.
        let index = self.index().ok();
        let mut seen: HashSet<Digest> = HashSet::new();
        let mut chunk: Vec<Wanted> = Vec::with_capacity(CHUNK);
        let (mut files, mut links, mut bytes) = (0_u64, 0_u64, 0_u64);
        for entry in self.manifest(record.manifest)? {
            let entry = entry?;
            match entry.node {
                Node::Link { .. } => links += 1,
                Node::File { digest, size_bytes, .. } => {
                    (files, bytes) = (files + 1, bytes.saturating_add(size_bytes));
                    if seen.insert(digest) {
                        let row =
                            index.as_ref().map(|index| index.object(digest)).transpose()?.flatten();
                        chunk.push(Wanted {
                            digest,
                            size_bytes: Some(size_bytes),
                            mtime: row.map(|row| row.mtime),
                            place: Some(format!("{subject}, {}", entry.path)),
                        });
                    }
                }
            }
            if chunk.len() == CHUNK {
                self.check_objects(&mut chunk, (None, depth), report, monitor)?;
            }
        }
        self.check_objects(&mut chunk, (None, depth), report, monitor)?;
        if (files, links, bytes) != (record.files, record.links, record.bytes) {
            let detail = format!(
                "its counts are not those of its manifest: {files} files, {links} links, {bytes} bytes"
            );
            let remedy = "restore the record from a backup";
            report.findings.push(finding(Code::RecordDamaged, subject, detail, remedy));
        }
        Ok(())
    }

    /// Checks the whole store: every object, manifest, record, and the index against them.
    ///
    /// # Errors
    /// [`Error::Io`] where the store itself cannot be read. Everything else is a finding.
    pub fn fsck(&self, effort: &Effort, monitor: &dyn Monitor) -> Result<Report> {
        let mut report = Report::default();
        let mut index = self.check_index(&mut report)?;
        monitor.step("checking objects", None);
        for shard in 0..=255_u8 {
            self.check_shard(shard, index.as_ref(), effort.depth, (&mut report, monitor))?;
        }
        if let Some(index) = index.as_mut().filter(|_| effort.depth == Depth::Deep) {
            bytes::Reader::new(self, effort, monitor).run(index, &mut report)?;
        }
        monitor.step("checking snapshots", None);
        for mirror in self.mirrors()? {
            for taken in self.dates(&mirror)? {
                match self.check_snapshot(&mirror, taken) {
                    Ok(found) => report.merge(found),
                    // It was dropped since the dates were listed.
                    Err(Error::NoSnapshot { .. }) => {}
                    Err(error) => return Err(error),
                }
                monitor.advance(1);
            }
        }
        Ok(report)
    }

    /// Opens and checks the index; one that cannot be used is a finding.
    fn check_index(&self, report: &mut Report) -> Result<Option<Index>> {
        let path = self.root().join("index.sqlite").display().to_string();
        let remedy = "pinfold fsck --rebuild";
        let index = match self.index() {
            Ok(index) => index,
            // A full disk or missing rights say nothing about the index: they end the check.
            Err(error @ Error::Index { .. }) if error.kind() == Kind::Integrity => {
                let found = finding(Code::IndexDamaged, path, why(&error), remedy);
                report.findings.push(found);
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let sound = index.integrity()?;
        let is_sound = sound.findings.is_empty();
        report.merge(sound);
        if !is_sound {
            return Ok(None);
        }
        match self.compare_with_records(&index) {
            Ok(()) => Ok(Some(index)),
            Err(Error::Stale { why, .. }) => {
                report.findings.push(finding(Code::IndexStale, path, why, remedy));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Compares the index with the records, again while somebody writes, and once more after that.
    fn compare_with_records(&self, index: &Index) -> Result<()> {
        for _ in 0..LOOKS {
            let compared = index.must_match(self);
            if !matches!(compared, Err(Error::Stale { .. })) {
                return compared;
            }
            if !self.is_written() {
                break;
            }
            std::thread::sleep(PAUSE);
        }
        index.must_match(self)
    }

    /// Checks record, pins and manifest. Their objects were checked once for all snapshots, by the index.
    fn check_snapshot(&self, mirror: &Name, taken: Stamp) -> Result<Report> {
        let mut report = Report::default();
        if let Some(record) = self.check_record(mirror, taken, &mut report)? {
            let read = self
                .manifest(record.manifest)
                .and_then(|mut entries| entries.try_for_each(|entry| entry.map(drop)));
            if let Err(error) = read {
                report.findings.push(manifest_finding(&format!("{mirror}@{taken}"), &error));
            }
        }
        self.must_stand(mirror, taken, report)
    }
}

fn manifest_finding(subject: &str, error: &Error) -> Finding {
    let remedy = "restore the manifest from a backup";
    finding(Code::ManifestDamaged, subject.to_owned(), why(error), remedy)
}

/// Says an error and what caused it.
fn why(error: &Error) -> String {
    let source = std::error::Error::source(error);
    source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

fn finding(code: Code, subject: String, detail: String, remedy: &str) -> Finding {
    Finding { code, subject, detail, remedy: remedy.to_owned() }
}

#[cfg(test)]
mod tests;
