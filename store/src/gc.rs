//! Dropping snapshots and collecting what only they held.
//!
//! The record goes first, by a rename that a later run finds and completes; then the index, the manifest, the objects. Objects are
//! removed in short batches under the store's exclusive lock, and each is looked up again under it.

mod sweep;

use std::time::Duration;

use crate::disk::Weight;
use crate::error::{Error, Result};
use crate::index::{Index, ObjectRow};
use crate::lock::{Asker, Collector, MirrorLock};
use crate::{Counter, Digest, Monitor, Name, Record, Stamp, Store, disk};

/// How long what has begun waits for a writer: each holds the lock for a batch.
const MOMENT: Duration = Duration::from_secs(600);

/// Objects that are removed under one hold of the lock.
const BATCH: usize = 500;

/// What was dropped and collected, or would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Collected {
    /// Objects.
    pub objects: u64,
    /// What comes back, on the file system: objects with their replicas, manifests, records, pins.
    pub freed: Weight,
}

impl Collected {
    /// Adds another.
    pub fn add(&mut self, other: Self) {
        self.objects += other.objects;
        self.freed.add(other.freed);
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

/// A snapshot that is being dropped: nobody can name it any more, and what only it had is still there.
#[derive(Debug)]
pub struct Dropping {
    record: Record,
    index: Index,
    free: Vec<ObjectRow>,
    freed: Weight,
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
        if run == Run::Dry {
            self.must_be_unpinned(&lock.mirror, taken)?;
            self.may_collect(lock, asker)?;
            return self
                .would_free(&[(lock.mirror.clone(), taken)])
                .map(|all| all.into_iter().next().unwrap_or_default());
        }
        let dropping = self.begin_drop(lock, taken, asker)?;
        self.finish_drop(dropping, asker, monitor)
    }

    /// Takes a snapshot's name away; its objects stay until [`Store::finish_drop`], or until a later run completes it.
    ///
    /// Holds: I11. Locks: the mirror's; takes the store's exclusive one for a moment. The caller holds what keeps others from showing it.
    /// Cost: the rows that begin or end with it.
    ///
    /// # Errors
    /// As [`Store::drop_snapshot`].
    pub fn begin_drop(&self, lock: &MirrorLock, taken: Stamp, asker: &Asker) -> Result<Dropping> {
        let record = self.record(&lock.mirror, taken)?;
        self.must_be_unpinned(&lock.mirror, taken)?;
        let mut index = self.index()?;
        index.catch_up(self, &lock.mirror)?;
        // Whoever writes is named before anything is changed: a drop is not begun that could not go on.
        let collector = self.settled(&index, asker)?;
        disk::rename_new(
            &self.record_path(&lock.mirror, taken),
            &self.dropped_path(&lock.mirror, taken),
        )?;
        disk::point("record-removed");
        self.forget(index, record, collector)
    }

    /// Refuses a snapshot that a pin holds.
    fn must_be_unpinned(&self, mirror: &Name, taken: Stamp) -> Result<()> {
        let Some((name, pin)) = self.pins(mirror, taken)?.into_iter().next() else { return Ok(()) };
        let why = format!(
            "is pinned as '{name}' by {} ({}); pinfold unpin {mirror} {name} takes the pin away",
            pin.who, pin.reason
        );
        Err(Error::Held { mirror: mirror.clone(), taken, why })
    }

    /// Says what dropping snapshots one after the other would give back, for each of them; changes nothing.
    ///
    /// Cost: what only they have. Takes no lock but the index's own.
    ///
    /// # Errors
    /// [`Error::Stale`] where the index does not know one of them; [`Error::Io`] where a file cannot be looked at.
    pub fn would_free(&self, dropped: &[(Name, Stamp)]) -> Result<Vec<Collected>> {
        let rows = self.index()?.would_free(dropped)?;
        let mut all = Vec::with_capacity(rows.len());
        for ((mirror, taken), (objects, manifest)) in dropped.iter().zip(rows) {
            let mut total = Collected::default();
            for row in &objects {
                total.add(Collected { objects: 1, freed: self.weigh_object(row.digest)? });
            }
            if let Some(manifest) = manifest {
                total.freed.add(disk::weigh(&self.manifest_path(manifest))?);
            }
            total.freed.add(disk::weigh(&self.record_path(mirror, *taken))?);
            total.freed.add(self.weigh_pins(mirror, *taken)?);
            all.push(total);
        }
        Ok(all)
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

    /// Lets the index go of a snapshot whose record is set aside. Until it has, nobody else compares the two.
    fn forget(&self, mut index: Index, record: Record, _collector: Collector) -> Result<Dropping> {
        let mut freed = disk::weigh(&self.dropped_path(&record.mirror, record.taken))?;
        freed.add(self.weigh_pins(&record.mirror, record.taken)?);
        self.forget_pins(&record.mirror, record.taken)?;
        let free = index.drop_snapshot(&record.mirror, record.taken)?;
        disk::point("drop-indexed");
        Ok(Dropping { record, index, free, freed })
    }

    /// Collects what only a snapshot had that is being dropped.
    ///
    /// Locks: the mirror's; takes the store's exclusive one in batches. Durable: yes.
    ///
    /// # Errors
    /// [`Error::Busy`] where a writer holds the store for very long; a later run completes it.
    pub fn finish_drop(
        &self,
        dropping: Dropping,
        asker: &Asker,
        monitor: &dyn Monitor,
    ) -> Result<Collected> {
        let asker = &Asker { verb: asker.verb.clone(), wait: asker.wait.max(MOMENT) };
        let Dropping { record, mut index, free, freed } = dropping;
        let mut total = Collected { objects: 0, freed };
        monitor.step("removing objects", u64::try_from(free.len()).ok());
        for batch in free.chunks(BATCH) {
            let collector = self.collector(asker)?;
            self.collect(&mut index, (batch, &collector), (Run::Real, &mut total), monitor)?;
        }
        let collector = self.collector(asker)?;
        if !index.has_manifest(record.manifest)? {
            let path = self.manifest_path(record.manifest);
            total.freed.add(disk::weigh(&path)?);
            disk::remove_file(&path)?;
            disk::point("manifest-removed");
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
            total.add(Collected { objects: 1, freed: self.weigh_object(row.digest)? });
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

    /// What an object and its replicas take.
    fn weigh_object(&self, digest: Digest) -> Result<Weight> {
        let mut weight = disk::weigh(&self.object_path(digest))?;
        for replica in self.replicas(digest) {
            weight.add(disk::weigh(&replica)?);
        }
        Ok(weight)
    }
}

/// The digest that a name below `objects/` stands for; `None` for replicas and strays.
pub(crate) fn digest_of(shard: u8, rest: &std::ffi::OsStr) -> Option<Digest> {
    format!("{shard:02x}{}", rest.to_str()?).parse().ok()
}

#[cfg(test)]
mod tests;
