//! Checking objects, manifests, records and the index. Reads with `read`, never by mmap: a bad sector is a finding.

use std::collections::HashSet;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::gc::digest_of;
use crate::index::Index;
use crate::{
    Code, Counter, Digest, Finding, Kind, Monitor, Name, Node, Record, Report, Stamp, Store, disk,
};

/// Entries that are checked at once by all cores.
const CHUNK: usize = 4096;

/// How far a check goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// By metadata only.
    Quick,
    /// Every byte is read and hashed.
    Deep,
}

/// What heals a damaged object, until there is a verb for it.
const HEAL: &str = "run ingest again from a tree that has the file: it stores it anew; then publish the snapshots that are named";

impl Store {
    /// Checks one snapshot: record, manifest and every object that it names.
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
        let subject = format!("{mirror}@{taken}");
        let record = match self.record(mirror, taken) {
            Ok(record) => record,
            Err(Error::Damaged { why, .. }) => {
                report.findings.push(finding(
                    Code::RecordDamaged,
                    subject,
                    why,
                    "restore the record from a backup",
                ));
                return Ok(report);
            }
            Err(error) => return Err(error),
        };
        monitor.step("checking objects", Some(record.files));
        let entries = match self.manifest(record.manifest) {
            Ok(entries) => entries,
            Err(error) => {
                report.findings.push(manifest_finding(&subject, &error));
                return Ok(report);
            }
        };
        let mut seen: HashSet<Digest> = HashSet::new();
        let mut chunk: Vec<(Digest, u64, String)> = Vec::with_capacity(CHUNK);
        let (mut files, mut links, mut bytes) = (0_u64, 0_u64, 0_u64);
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    report.findings.push(manifest_finding(&subject, &error));
                    return Ok(report);
                }
            };
            match entry.node {
                Node::Link { .. } => links += 1,
                Node::File { digest, size_bytes, .. } => {
                    (files, bytes) = (files + 1, bytes.saturating_add(size_bytes));
                    if seen.insert(digest) {
                        chunk.push((digest, size_bytes, format!("{subject}, {}", entry.path)));
                    }
                }
            }
            if chunk.len() == CHUNK {
                self.check_chunk(&mut chunk, depth, &mut report, monitor);
            }
        }
        self.check_chunk(&mut chunk, depth, &mut report, monitor);
        if (files, links, bytes) != (record.files, record.links, record.bytes) {
            let detail = format!(
                "its counts are not those of its manifest: {files} files, {links} links, {bytes} bytes"
            );
            report.findings.push(finding(
                Code::RecordDamaged,
                subject,
                detail,
                "restore the record from a backup",
            ));
        }
        Ok(report)
    }

    /// Checks objects in parallel and keeps the findings in order.
    fn check_chunk(
        &self,
        chunk: &mut Vec<(Digest, u64, String)>,
        depth: Depth,
        report: &mut Report,
        monitor: &dyn Monitor,
    ) {
        let checked: Vec<(Vec<Finding>, u64)> = chunk
            .par_iter()
            .map(|(digest, size_bytes, place)| {
                monitor.advance(1);
                self.check_object(*digest, Some(*size_bytes), depth, place)
            })
            .collect();
        report.files += u64::try_from(chunk.len()).unwrap_or_default();
        for (findings, bytes) in checked {
            report.bytes += bytes;
            monitor.count(Counter::BytesRead, bytes);
            report.findings.extend(findings);
        }
        chunk.clear();
    }

    /// Checks an object and its replicas; gives the bytes that were read.
    fn check_object(
        &self,
        digest: Digest,
        size_bytes: Option<u64>,
        depth: Depth,
        place: &str,
    ) -> (Vec<Finding>, u64) {
        let mut findings = Vec::new();
        let mut read = 0;
        let first = self.object_path(digest);
        for path in std::iter::once(first).chain(self.replicas(digest)) {
            match check_file(&path, digest, size_bytes, depth) {
                Ok(bytes) => read += bytes,
                Err((code, detail)) => findings.push(finding(
                    code,
                    format!("{} ({place})", name_in(self, &path)),
                    detail,
                    HEAL,
                )),
            }
        }
        (findings, read)
    }

    /// Checks the whole store: every object, manifest, record, and the index against them.
    ///
    /// # Errors
    /// [`Error::Io`] where the store itself cannot be read. Everything else is a finding.
    pub fn fsck(&self, depth: Depth, monitor: &dyn Monitor) -> Result<Report> {
        let mut report = Report::default();
        let index = self.check_index(&mut report)?;
        for shard in 0..=255_u8 {
            self.check_shard(shard, index.as_ref(), depth, (&mut report, monitor))?;
        }
        monitor.step("checking snapshots", None);
        for mirror in self.mirrors()? {
            for taken in self.dates(&mirror)? {
                report.merge(self.check_snapshot(&mirror, taken)?);
                monitor.advance(1);
            }
        }
        Ok(report)
    }

    /// Opens and checks the index; one that cannot be used is a finding.
    fn check_index(&self, report: &mut Report) -> Result<Option<Index>> {
        let path = self.root().join("index.sqlite");
        let remedy = "pinfold fsck --rebuild";
        let index = match self.index() {
            Ok(index) => index,
            // A full disk or missing rights say nothing about the index: they end the check.
            Err(error @ Error::Index { .. }) if error.kind() == Kind::Integrity => {
                let detail = std::error::Error::source(&error)
                    .map_or_else(|| error.to_string(), ToString::to_string);
                report.findings.push(finding(
                    Code::IndexDamaged,
                    path.display().to_string(),
                    detail,
                    remedy,
                ));
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
        match index.must_match(self) {
            Ok(()) => Ok(Some(index)),
            Err(Error::Stale { why, .. }) => {
                report.findings.push(finding(
                    Code::IndexStale,
                    path.display().to_string(),
                    why,
                    remedy,
                ));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Checks every name in a folder of objects, and that every object that the index knows is there.
    fn check_shard(
        &self,
        shard: u8,
        index: Option<&Index>,
        depth: Depth,
        (report, monitor): (&mut Report, &dyn Monitor),
    ) -> Result<()> {
        let folder = self.root().join(format!("objects/{shard:02x}"));
        let mut wanted: Vec<(Digest, Option<u64>, String)> = Vec::new();
        let mut known: HashSet<Digest> = HashSet::new();
        if let Some(index) = index {
            for row in index.shard(shard)? {
                known.insert(row.digest);
                wanted.push((row.digest, Some(row.size_bytes), place_of(index, row.digest)?));
            }
        }
        for name in disk::names(&folder)? {
            let text = name.to_string_lossy();
            let stem = text
                .split_once('.')
                .filter(|(_, number)| number.parse::<u32>().is_ok())
                .map_or(&*text, |(stem, _)| stem);
            match digest_of(shard, std::ffi::OsStr::new(stem)) {
                None => {
                    let path = name_in(self, &folder.join(&name));
                    let detail = "it is not named as an object is".to_owned();
                    report.findings.push(finding(
                        Code::ObjectStray,
                        path,
                        detail,
                        "see who put it there and remove it",
                    ));
                }
                Some(digest) if known.insert(digest) => {
                    wanted.push((digest, None, "no snapshot".to_owned()));
                }
                Some(_) => {}
            }
        }
        let checked: Vec<(Vec<Finding>, u64)> = wanted
            .par_iter()
            .map(|(digest, size, place)| self.check_object(*digest, *size, depth, place))
            .collect();
        report.files += u64::try_from(wanted.len()).unwrap_or_default();
        for (findings, bytes) in checked {
            report.bytes += bytes;
            report.findings.extend(findings);
        }
        monitor.advance(1);
        Ok(())
    }

    /// Checks record and manifest. Their objects were checked once for all snapshots, by the index.
    fn check_snapshot(&self, mirror: &Name, taken: Stamp) -> Result<Report> {
        let mut report = Report::default();
        let subject = format!("{mirror}@{taken}");
        let record: Record = match self.record(mirror, taken) {
            Ok(record) => record,
            Err(Error::Damaged { why, .. }) => {
                report.findings.push(finding(
                    Code::RecordDamaged,
                    subject,
                    why,
                    "restore the record from a backup",
                ));
                return Ok(report);
            }
            Err(error) => return Err(error),
        };
        let mut damage = self
            .manifest(record.manifest)
            .and_then(|mut entries| entries.try_for_each(|entry| entry.map(drop)))
            .err();
        report.findings.extend(damage.take().map(|error| manifest_finding(&subject, &error)));
        Ok(report)
    }
}

/// Checks one inode of an object; the error is the finding's code and detail.
fn check_file(
    path: &Path,
    digest: Digest,
    size_bytes: Option<u64>,
    depth: Depth,
) -> std::result::Result<u64, (Code, String)> {
    let meta = match path.symlink_metadata() {
        Ok(meta) => meta,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err((Code::ObjectMissing, "there is no such file".to_owned()));
        }
        Err(error) => return Err((Code::ObjectUnreadable, error.to_string())),
    };
    if !meta.is_file() {
        let kind = if meta.is_dir() {
            "a folder"
        } else if meta.file_type().is_fifo() {
            "a FIFO"
        } else {
            "a special file"
        };
        return Err((Code::ObjectMode, format!("it is {kind} and should be a regular file")));
    }
    if let Some(size_bytes) = size_bytes.filter(|size| *size != meta.size()) {
        return Err((
            Code::ObjectSize,
            format!("it has {} bytes and should have {size_bytes}", meta.size()),
        ));
    }
    if meta.mode() & 0o7222 != 0 {
        return Err((
            Code::ObjectMode,
            format!("its mode is {:o} and should be 444", meta.mode() & 0o7777),
        ));
    }
    if depth == Depth::Quick {
        return Ok(0);
    }
    let unreadable = |error: &dyn std::error::Error| (Code::ObjectUnreadable, error.to_string());
    let mut file = std::fs::File::open(path).map_err(|error| unreadable(&error))?;
    let found = disk::content::hash(&mut file, path, &mut |_| Ok(())).map_err(|error| {
        let source = std::error::Error::source(&error)
            .map_or_else(|| error.to_string(), ToString::to_string);
        (Code::ObjectUnreadable, source)
    })?;
    if found.digest == digest {
        Ok(found.size_bytes)
    } else {
        Err((Code::ObjectContent, format!("its bytes hash to {}", found.digest)))
    }
}

/// Names a path below the root.
fn name_in(store: &Store, path: &Path) -> String {
    let below: PathBuf = path.strip_prefix(store.root()).unwrap_or(path).to_owned();
    crate::path::escape(below.as_os_str().as_encoded_bytes())
}

/// Says where an object is used: the first place, and how many more.
fn place_of(index: &Index, digest: Digest) -> Result<String> {
    let holders = index.holders(digest)?;
    Ok(match holders.as_slice() {
        [] => "no snapshot".to_owned(),
        [(mirror, path, first, last), more @ ..] => {
            let until = last.map_or_else(|| "the newest".to_owned(), |last| last.to_string());
            let others =
                if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
            format!("{mirror}@{first} to {until}, {path}{others}")
        }
    })
}

fn manifest_finding(subject: &str, error: &Error) -> Finding {
    let why =
        std::error::Error::source(error).map_or_else(String::new, |source| format!(": {source}"));
    finding(
        Code::ManifestDamaged,
        subject.to_owned(),
        format!("{error}{why}"),
        "restore the manifest from a backup",
    )
}

fn finding(code: Code, subject: String, detail: String, remedy: &str) -> Finding {
    Finding { code, subject, detail, remedy: remedy.to_owned() }
}

#[cfg(test)]
mod tests;
