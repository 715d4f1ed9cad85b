//! Collecting what crashes left: objects that no snapshot names, drops that were interrupted, half-written files.

use std::path::Path;

use crate::arrival;
use crate::error::{Error, IoContext, Result};
use crate::index::Index;
use crate::lock::{Asker, Collector};
use crate::{Monitor, Name, Record, Stamp, Store, disk};

use super::{BATCH, Collected, Run, digest_of};

/// How leftovers are collected.
#[derive(Clone, Copy)]
struct How<'a> {
    run: Run,
    asker: &'a Asker,
    /// What was touched since then stays, by the clock of the file system, in nanoseconds since 1970.
    spared_ns: Option<i64>,
}

impl How<'_> {
    /// Says whether a leftover is old enough.
    fn takes(self, path: &Path) -> bool {
        let Some(spared_ns) = self.spared_ns else { return true };
        let touched = path.symlink_metadata().map(|meta| disk::content::seen_of(&meta).ctime_ns);
        touched.is_ok_and(|touched| touched < spared_ns)
    }
}

impl Store {
    /// Collects every object that no span names and every manifest that no record names: what crashes left.
    ///
    /// Holds: I11. Locks: takes mirrors' locks and the store's exclusive one, in batches.
    ///
    /// # Errors
    /// [`Error::Stale`] where the index does not match the records: an empty index must never read as "everything is garbage";
    /// [`Error::Busy`] where a mirror is being brought in: what nothing names yet may be its.
    pub fn sweep(&self, how: (Run, &Asker), monitor: &dyn Monitor) -> Result<Collected> {
        let (run, asker) = how;
        self.sweep_as(How { run, asker, spared_ns: None }, monitor)
    }

    /// The same, but for what was touched within a week: a first sync that was cut goes on with what it had fetched.
    ///
    /// # Errors
    /// As [`Store::sweep`].
    pub fn sweep_old(&self, asker: &Asker, monitor: &dyn Monitor) -> Result<Collected> {
        let now = disk::content::clock_ns(self)?;
        let spared_ns = Some(now.saturating_sub(arrival::KEPT_NS));
        self.sweep_as(How { run: Run::Real, asker, spared_ns }, monitor)
    }

    fn sweep_as(&self, how: How<'_>, monitor: &dyn Monitor) -> Result<Collected> {
        if how.run == Run::Real {
            self.resume_drops(how.asker, monitor)?;
        }
        let mut index = self.index()?;
        let mut total = Collected::default();
        drop(self.settled(&index, how.asker)?);
        self.nobody_brings()?;
        monitor.step("collecting what nothing names", None);
        self.collect_unheld(&mut index, how, &mut total, monitor)?;
        for shard in 0..=255_u8 {
            let collector = self.collector(how.asker)?;
            self.nobody_brings()?;
            self.sweep_shard(&index, &collector, shard, (how, &mut total))?;
        }
        let _collector = self.collector(how.asker)?;
        self.nobody_brings()?;
        if how.run == Run::Real {
            arrival::remove_abandoned(self)?;
        }
        for name in disk::names(&self.root().join("incoming"))? {
            let is_ours = name
                .to_str()
                .and_then(|name| name.split_once('.'))
                .is_some_and(|(a, b)| a.parse::<u32>().is_ok() && b.parse::<u64>().is_ok());
            let path = self.root().join("incoming").join(&name);
            if is_ours && how.takes(&path) {
                total.freed.add(disk::weigh(&path)?);
                if how.run == Run::Real {
                    disk::remove_file(&path)?;
                }
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
                let dropping = self.forget(self.index()?, record, collector)?;
                self.finish_drop(dropping, asker, monitor)?;
                drop(lock);
                done.push((mirror.clone(), taken));
            }
        }
        if !done.is_empty() && self.nobody_brings().is_ok() {
            // The index had let go of them before the crash: what they held is found by asking for what nothing names. While a mirror
            // is brought in, that is left to a later sweep.
            let mut index = self.index()?;
            drop(self.settled(&index, asker)?);
            let how = How { run: Run::Real, asker, spared_ns: None };
            self.collect_unheld(&mut index, how, &mut Collected::default(), monitor)?;
        }
        Ok(done)
    }

    /// Collects the objects that the index knows and no span names.
    fn collect_unheld(
        &self,
        index: &mut Index,
        how: How<'_>,
        total: &mut Collected,
        monitor: &dyn Monitor,
    ) -> Result<()> {
        let mut after = None;
        loop {
            let mut batch = index.unheld_after(after, BATCH)?;
            let Some(last) = batch.last() else { return Ok(()) };
            after = Some(last.digest);
            batch.retain(|row| how.takes(&self.object_path(row.digest)));
            let collector = self.collector(how.asker)?;
            self.nobody_brings()?;
            self.collect(index, (&batch, &collector), (how.run, total), monitor)?;
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
        (how, total): (How<'_>, &mut Collected),
    ) -> Result<()> {
        let folder = self.root().join(format!("objects/{shard:02x}"));
        for name in disk::names(&folder)? {
            let Some(digest) = digest_of(shard, &name) else { continue };
            if index.object(digest)?.is_none() && how.takes(&folder.join(&name)) {
                total.add(Collected { objects: 1, freed: self.weigh_object(digest)? });
                if how.run == Run::Real {
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
            {
                total.freed.add(disk::weigh(&folder.join(&name))?);
                if how.run == Run::Real {
                    disk::remove_file(&folder.join(&name))?;
                }
            }
        }
        Ok(())
    }
}
