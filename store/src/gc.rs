//! Dropping snapshots and collecting what only they held.
//!
//! The record goes first, by a rename that a later run finds and completes; then the index, the manifest, the objects. Objects are
//! removed in short batches under the store's exclusive lock, and each is looked up again under it.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use crate::error::{Error, IoContext, Result};
use crate::index::{Index, ObjectRow};
use crate::lock::{Asker, Collector, MirrorLock};
use crate::{Counter, Digest, Monitor, Name, Record, Stamp, Store, disk};

/// How long what has begun waits for a writer: each holds the lock for a batch.
const MOMENT: Duration = Duration::from_secs(600);

/// Objects that are removed under one hold of the lock.
const BATCH: usize = 500;

/// What was dropped and collected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Collected {
    /// Objects.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Collected {
    fn add(&mut self, bytes: u64) {
        self.objects += 1;
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

/// Whether to do it or only to say it; the same code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run {
    /// Do it.
    Real,
    /// Say it.
    Dry,
}

impl Store {
    /// Drops a snapshot that no pin holds and collects its objects. The caller has made sure that no channel or tree shows it.
    ///
    /// Holds: I11. Locks: the mirror's; takes the store's exclusive one in batches, so the caller must not hold the shared one.
    /// Cost: what only this snapshot had.
    ///
    /// # Errors
    /// [`Error::Held`] where a pin holds it; [`Error::Stale`] where the index does not match the records.
    pub fn drop_snapshot(
        &self,
        lock: &MirrorLock,
        taken: Stamp,
        how: (Run, &Asker),
        monitor: &dyn Monitor,
    ) -> Result<Collected> {
        let (run, asker) = how;
        let record = self.record(&lock.mirror, taken)?;
        if let Some((name, pin)) = self.pins(&lock.mirror, taken)?.into_iter().next() {
            let why = format!(
                "is pinned as '{name}' by {} ({}); pinfold unpin {} {name} takes the pin away",
                pin.who, pin.reason, lock.mirror
            );
            return Err(Error::Held { mirror: lock.mirror.clone(), taken, why });
        }
        let mut index = self.index()?;
        index.catch_up(self, &lock.mirror)?;
        // Whoever writes is named before anything is changed: a drop is not begun that could not go on.
        let collector = self.settled(&index, asker)?;
        if run == Run::Dry {
            let mut total = Collected::default();
            index.would_free(&lock.mirror, taken)?.iter().for_each(|row| total.add(row.size_bytes));
            return Ok(total);
        }
        disk::rename_new(
            &self.record_path(&lock.mirror, taken),
            &self.dropped_path(&lock.mirror, taken),
        )?;
        disk::point("record-removed");
        self.finish_drop(&mut index, &record, (collector, asker), monitor)
    }

    /// Makes sure that a snapshot of a mirror could be dropped now.
    ///
    /// # Errors
    /// [`Error::Busy`] where somebody writes; [`Error::Stale`] where the index must be rebuilt.
    pub fn may_collect(&self, lock: &MirrorLock, asker: &Asker) -> Result<()> {
        let index = self.ready(lock)?;
        self.settled(&index, asker).map(drop)
    }

    /// Takes the store's lock, exclusive, with an index that names exactly the snapshots on disk. Under it nobody is between a record
    /// and its rows; what a crash left there is completed.
    fn settled(&self, index: &Index, asker: &Asker) -> Result<Collector> {
        let collector = self.collector(asker)?;
        if index.must_match(self).is_ok() {
            return Ok(collector);
        }
        // Only now is it known to be what a crash left: whoever seals at this moment holds the store's lock until it is done, and
        // may wait for what the caller holds.
        drop(collector);
        for mirror in self.mirrors()? {
            if index.must_match_mirror(self, &mirror).is_err() {
                let lock = self.lock_mirror(&mirror, asker)?;
                drop(self.ready(&lock)?);
            }
        }
        let collector = self.collector(asker)?;
        index.must_match(self)?;
        Ok(collector)
    }

    /// Does the rest of a drop whose record is set aside. Until the index has let go of it, too, nobody else compares the two.
    fn finish_drop(
        &self,
        index: &mut Index,
        record: &Record,
        (collector, asker): (Collector, &Asker),
        monitor: &dyn Monitor,
    ) -> Result<Collected> {
        let asker = &Asker { verb: asker.verb.clone(), wait: asker.wait.max(MOMENT) };
        self.forget_pins(&record.mirror, record.taken)?;
        let free = index.drop_snapshot(&record.mirror, record.taken)?;
        drop(collector);
        let mut total = Collected::default();
        monitor.step("removing objects", u64::try_from(free.len()).ok());
        for batch in free.chunks(BATCH) {
            let collector = self.collector(asker)?;
            self.collect(index, (batch, &collector), (Run::Real, &mut total), monitor)?;
        }
        let collector = self.collector(asker)?;
        if !index.has_manifest(record.manifest)? {
            disk::remove_file(&self.manifest_path(record.manifest))?;
        }
        drop(collector);
        // The index must have let go of the snapshot for good before nothing tells any more that it was being dropped.
        for name in ["index.sqlite-wal", "index.sqlite"] {
            let path = self.root().join(name);
            if disk::stands(&path)? {
                disk::sync_path(&path)?;
            }
        }
        let marker = self.dropped_path(&record.mirror, record.taken);
        disk::remove_file(&marker)?;
        disk::sync_parent(&marker)?;
        disk::point("drop-completed");
        Ok(total)
    }

    /// Removes those of a batch that no span names.
    fn collect(
        &self,
        index: &mut Index,
        (batch, _collector): (&[ObjectRow], &Collector),
        (run, total): (Run, &mut Collected),
        monitor: &dyn Monitor,
    ) -> Result<()> {
        let mut gone = Vec::with_capacity(batch.len());
        for row in batch {
            if index.is_held(row.digest)? {
                continue;
            }
            total.add(row.size_bytes);
            monitor.advance(1);
            if run == Run::Real {
                self.remove_object(row.digest)?;
                gone.push(row.digest);
                monitor.count(Counter::ObjectsRemoved, 1);
                monitor.count(Counter::BytesRemoved, row.size_bytes);
            }
        }
        index.forget_objects(&gone)
    }

    /// Removes an object and its replicas, the replicas first: none is left without its first inode.
    fn remove_object(&self, digest: Digest) -> Result<()> {
        for replica in self.replicas(digest).iter().rev() {
            disk::remove_file(replica)?;
        }
        disk::remove_file(&self.object_path(digest))?;
        disk::point("object-removed");
        Ok(())
    }

    /// Collects every object that no span names and every manifest that no record names: what crashes left.
    ///
    /// Holds: I11. Locks: takes mirrors' locks and the store's exclusive one, in batches.
    ///
    /// # Errors
    /// [`Error::Stale`] where the index does not match the records: an empty index must never read as "everything is garbage";
    /// [`Error::Busy`] where a mirror is being brought in: what nothing names yet may be its.
    pub fn sweep(&self, how: (Run, &Asker), monitor: &dyn Monitor) -> Result<Collected> {
        let (run, asker) = how;
        if run == Run::Real {
            self.resume_drops(asker, monitor)?;
        }
        let mut index = self.index()?;
        let mut total = Collected::default();
        drop(self.settled(&index, asker)?);
        self.nobody_brings()?;
        monitor.step("collecting what nothing names", None);
        self.collect_unheld(&mut index, (run, &mut total), asker, monitor)?;
        for shard in 0..=255_u8 {
            let collector = self.collector(asker)?;
            self.nobody_brings()?;
            self.sweep_shard(&index, &collector, shard, (run, &mut total))?;
        }
        let _collector = self.collector(asker)?;
        self.nobody_brings()?;
        if run == Run::Real {
            crate::arrival::remove_abandoned(self)?;
        }
        for name in disk::names(&self.root().join("incoming"))? {
            let is_ours = name
                .to_str()
                .and_then(|name| name.split_once('.'))
                .is_some_and(|(a, b)| a.parse::<u32>().is_ok() && b.parse::<u64>().is_ok());
            if is_ours && run == Run::Real {
                disk::remove_file(&self.root().join("incoming").join(&name))?;
            }
        }
        Ok(total)
    }

    /// Completes the drops that a crash interrupted, and names them.
    ///
    /// Locks: takes mirrors' locks and the store's exclusive one, in batches.
    ///
    /// # Errors
    /// [`Error::Damaged`] where a record that was set aside does not parse.
    pub fn resume_drops(&self, asker: &Asker, monitor: &dyn Monitor) -> Result<Vec<(Name, Stamp)>> {
        let mut done = Vec::new();
        for mirror in self.mirrors()? {
            for taken in self.dropped(&mirror)? {
                let lock = self.lock_mirror(&mirror, asker)?;
                let path = self.dropped_path(&mirror, taken);
                let text = std::fs::read_to_string(&path).at("read", &path)?;
                let record: Record = toml::from_str(&text).map_err(|error| Error::Damaged {
                    path: path.clone(),
                    why: error.message().to_owned(),
                })?;
                let collector = self.collector(asker)?;
                self.finish_drop(&mut self.index()?, &record, (collector, asker), monitor)?;
                drop(lock);
                done.push((mirror.clone(), taken));
            }
        }
        if !done.is_empty() && self.nobody_brings().is_ok() {
            // The index had let go of them before the crash: what they held is found by asking for what nothing names. While a mirror
            // is brought in, that is left to a later sweep.
            let mut index = self.index()?;
            drop(self.settled(&index, asker)?);
            self.collect_unheld(
                &mut index,
                (Run::Real, &mut Collected::default()),
                asker,
                monitor,
            )?;
        }
        Ok(done)
    }

    /// Collects the objects that the index knows and no span names.
    fn collect_unheld(
        &self,
        index: &mut Index,
        (run, total): (Run, &mut Collected),
        asker: &Asker,
        monitor: &dyn Monitor,
    ) -> Result<()> {
        let mut after = None;
        loop {
            let batch = index.unheld_after(after, BATCH)?;
            let Some(last) = batch.last() else { return Ok(()) };
            after = Some(last.digest);
            let collector = self.collector(asker)?;
            self.nobody_brings()?;
            self.collect(index, (&batch, &collector), (run, total), monitor)?;
        }
    }

    /// Lists the snapshots of a mirror whose removal has begun.
    fn dropped(&self, mirror: &Name) -> Result<Vec<Stamp>> {
        let folder = self.records(mirror);
        let mut dates = Vec::new();
        for entry in std::fs::read_dir(&folder).at("list", &folder)? {
            let name = entry.at("list", &folder)?.file_name();
            dates.extend(
                name.to_str()
                    .and_then(|name| name.strip_prefix(".dropped-"))
                    .and_then(|taken| taken.parse::<Stamp>().ok()),
            );
        }
        dates.sort_unstable();
        Ok(dates)
    }

    /// Removes what a crash left between naming an object or manifest and the index.
    fn sweep_shard(
        &self,
        index: &Index,
        _collector: &Collector,
        shard: u8,
        (run, total): (Run, &mut Collected),
    ) -> Result<()> {
        let folder = self.root().join(format!("objects/{shard:02x}"));
        for name in disk::names(&folder)? {
            let Some(digest) = digest_of(shard, &name) else { continue };
            if index.object(digest)?.is_none() {
                total.add(size_of(&folder.join(&name))?);
                if run == Run::Real {
                    self.remove_object(digest)?;
                }
            }
        }
        let folder = self.root().join(format!("manifests/{shard:02x}"));
        for name in disk::names(&folder)? {
            let stem = name
                .to_str()
                .and_then(|name| name.strip_suffix(".zst"))
                .map(std::ffi::OsString::from);
            let digest = stem.and_then(|stem| digest_of(shard, &stem));
            if let Some(digest) = digest
                && !index.has_manifest(digest)?
                && run == Run::Real
            {
                disk::remove_file(&folder.join(&name))?;
            }
        }
        Ok(())
    }
}

/// The digest that a name below `objects/` stands for; `None` for replicas and strays.
pub(crate) fn digest_of(shard: u8, rest: &std::ffi::OsStr) -> Option<Digest> {
    format!("{shard:02x}{}", rest.to_str()?).parse().ok()
}

fn size_of(path: &Path) -> Result<u64> {
    path.symlink_metadata().at("look at", path).map(|meta| meta.size())
}

#[cfg(test)]
mod tests;
