//! Making the index anew from the files.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use super::{Index, ObjectRow, sql};
use crate::error::{IoContext, Result};
use crate::lock::Collector;
use crate::{Digest, Monitor, Store, disk, manifest};

/// Objects in one transaction.
const BATCH: usize = 20_000;

impl Store {
    /// Makes the index anew from the files, beside the old one, and renames it over. The stat cache starts cold.
    ///
    /// Locks: needs the store's exclusive lock. Durable: yes.
    ///
    /// # Errors
    /// [`crate::Error::Damaged`] where a record or manifest cannot be read: the old index stays.
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
                let decoder = self.manifest(record.manifest)?;
                match before {
                    None => index
                        .add_snapshot(&record, &mut manifest::diff(std::iter::empty(), decoder))?,
                    Some(before) => index.add_snapshot(
                        &record,
                        &mut manifest::diff(self.manifest(before)?, decoder),
                    )?,
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
        for suffix in ["-wal", "-shm", ""] {
            disk::remove_file(&beside(&old, suffix))?;
        }
        disk::rename_new(&new, &old)
    }
}

impl Index {
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
                    rows.push(ObjectRow { digest, size_bytes: meta.size(), mtime: meta.mtime() });
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
