//! Making the index anew from the files.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use rayon::prelude::*;

use super::{Index, ObjectRow, sql};
use crate::error::{Error, IoContext, Result};
use crate::lock::{Collector, Writer};
use crate::manifest::Change;
use crate::{Code, Digest, Finding, Monitor, Node, Record, Store, disk, manifest};

/// Objects in one transaction.
const BATCH: usize = 20_000;

/// Objects that are read before the index is told.
const SUM_BATCH: usize = 1_000;

impl Store {
    /// Makes the index anew from the files, beside the old one, and renames it over. The stat cache starts cold, and no checksum is
    /// known before [`Store::sum_objects`] has read the objects.
    ///
    /// Locks: needs the store's exclusive lock. Durable: yes.
    ///
    /// # Errors
    /// [`crate::Error::Damaged`] where a record cannot be read: the old index stays. A snapshot whose manifest cannot be read is told to
    /// the monitor and left out: what it alone holds is not collected while its record stands.
    pub fn rebuild_index(&self, _collector: &Collector, monitor: &dyn Monitor) -> Result<()> {
        let new = self.root().join("incoming/index.sqlite");
        let beside =
            |path: &PathBuf, suffix: &str| PathBuf::from(format!("{}{suffix}", path.display()));
        for suffix in ["", "-wal", "-shm", "-journal"] {
            disk::remove_file(&beside(&new, suffix))?;
        }
        let mut index = Index::open(&new)?;
        index.take_objects(self, monitor)?;
        for mirror in self.mirrors()? {
            let mut before: Option<Digest> = None;
            for taken in self.dates(&mirror)? {
                let record = self.record(&mirror, taken)?;
                // Once, and not again for every snapshot that is compared with it.
                if let Err(error) = self.read_manifest(record.manifest) {
                    monitor.problem(&unreadable(&record, &error));
                    continue;
                }
                match index.take_snapshot(self, &record, before) {
                    Err(Error::Stale { .. }) => {
                        index.take_lost(self, &record, before)?;
                        index.take_snapshot(self, &record, before)?;
                    }
                    done => done?,
                }
                before = Some(record.manifest);
                monitor.advance(1);
            }
        }
        // In one file again, so that one rename moves it.
        sql(&new, index.connection.pragma_update(None, "journal_mode", "DELETE"))?;
        drop(index);
        disk::sync_path(&new)?;
        let old = self.root().join("index.sqlite");
        // The main file first: without its log it could be an index that was half written back; a log alone counts for nothing.
        for suffix in ["", "-wal", "-shm"] {
            disk::remove_file(&beside(&old, suffix))?;
        }
        disk::rename_new(&new, &old)
    }

    /// Reads the objects whose checksums the index does not know, in parallel, and tells it. What was done stays done when it is
    /// interrupted.
    ///
    /// Locks: the store's shared one, so that syncs and promotions go on. Cost: every byte of those objects is read once.
    ///
    /// # Errors
    /// [`crate::Error::Index`] where the index fails. An object that is damaged is told to the monitor, and stays without.
    pub fn sum_objects(&self, _writer: &Writer, monitor: &dyn Monitor) -> Result<()> {
        let mut index = self.index()?;
        let mut after = None;
        loop {
            let rows = index.unsummed_after(after, SUM_BATCH)?;
            let Some(last) = rows.last() else { return Ok(()) };
            if after.is_none() {
                monitor.step("reading the objects for their checksums", None);
            }
            after = Some(last.digest);
            let summed: Vec<ObjectRow> =
                rows.par_iter().filter_map(|row| self.summed(row, monitor)).collect();
            index.add_objects(&summed, &mut |_| Ok(()))?;
        }
    }

    /// Reads one object; `None` where it is not what its name says.
    fn summed(&self, row: &ObjectRow, monitor: &dyn Monitor) -> Option<ObjectRow> {
        monitor.advance(1);
        let path = self.object_path(row.digest);
        let read = self
            .open_object(row.digest, row.size_bytes)
            .and_then(|mut file| disk::content::hash(&mut file, &path, &mut |_| Ok(())));
        let (code, detail) = match read {
            Ok(sums) if sums.digest == row.digest => {
                return Some(ObjectRow { sha256: Some(sums.sha256), ..*row });
            }
            Ok(sums) => (Code::ObjectContent, format!("its bytes hash to {}", sums.digest)),
            Err(error) => (Code::ObjectUnreadable, error.to_string()),
        };
        monitor.problem(&Finding {
            code,
            subject: format!("object {}", row.digest),
            detail,
            remedy: "pinfold fsck --deep says which snapshots hold it".to_owned(),
        });
        None
    }
}

fn unreadable(record: &Record, error: &Error) -> Finding {
    Finding {
        code: Code::ManifestDamaged,
        subject: format!("{}@{}", record.mirror, record.taken),
        detail: format!("the index is made without it: {error}"),
        remedy: "restore the manifest from a backup, or pinfold fsck --repair".to_owned(),
    }
}

/// What a snapshot changes against the one before it.
fn changes(
    store: &Store,
    record: &Record,
    before: Option<Digest>,
) -> Result<Box<dyn Iterator<Item = Result<Change>>>> {
    let new = store.manifest(record.manifest)?;
    Ok(match before {
        None => Box::new(manifest::diff(std::iter::empty(), new)),
        Some(before) => Box::new(manifest::diff(store.manifest(before)?, new)),
    })
}

impl Index {
    /// Adds a snapshot.
    fn take_snapshot(
        &mut self,
        store: &Store,
        record: &Record,
        before: Option<Digest>,
    ) -> Result<()> {
        self.add_snapshot(record, &mut changes(store, record, before)?)
    }

    /// Takes in the objects of a snapshot that are lost: the snapshot stays known, and its object is missed until it is healed.
    fn take_lost(&mut self, store: &Store, record: &Record, before: Option<Digest>) -> Result<()> {
        let mut rows = Vec::new();
        for change in changes(store, record, before)? {
            let change = change?;
            let Some(Node::File { digest, size_bytes, .. }) =
                change.new_entry().map(|entry| &entry.node)
            else {
                continue;
            };
            if self.object(*digest)?.is_none() {
                let mtime = store.mtime_set_aside(*digest)?.unwrap_or(record.taken.seconds());
                let (digest, size_bytes) = (*digest, *size_bytes);
                rows.push(ObjectRow { digest, size_bytes, mtime, sha256: None });
            }
        }
        self.add_objects(&rows, &mut |_| Ok(()))
    }

    /// Takes every object on disk into the table.
    fn take_objects(&mut self, store: &Store, monitor: &dyn Monitor) -> Result<()> {
        monitor.step("reading the names of the objects", None);
        let mut rows = Vec::new();
        for shard in 0..=255_u8 {
            let folder = store.root().join(format!("objects/{shard:02x}"));
            for name in disk::names(&folder)? {
                let digest = name
                    .to_str()
                    .and_then(|rest| format!("{shard:02x}{rest}").parse::<Digest>().ok());
                let path = folder.join(&name);
                let meta = path.symlink_metadata().at("look at", &path)?;
                if let Some(digest) = digest.filter(|_| meta.is_file()) {
                    let (size_bytes, mtime) = (meta.size(), meta.mtime());
                    rows.push(ObjectRow { digest, size_bytes, mtime, sha256: None });
                }
            }
            if rows.len() >= BATCH || shard == u8::MAX {
                self.take_rows(store, &rows)?;
                rows.clear();
            }
        }
        Ok(())
    }

    /// Adds rows; an object whose time another one of its size has gets one of its own on disk too.
    fn take_rows(&mut self, store: &Store, wanted: &[ObjectRow]) -> Result<()> {
        self.add_objects(wanted, &mut |rows| {
            for (row, wanted) in rows.iter().zip(wanted) {
                if row.mtime != wanted.mtime {
                    disk::content::dress_path(&store.object_path(row.digest), row.mtime)?;
                }
            }
            Ok(())
        })
    }
}
