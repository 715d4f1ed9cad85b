//! Giving content its name: what is durable aside becomes objects, a batch in one transaction of the index.
//!
//! Used by whatever brings content in: a scan of a folder, a download. Holds I3: the caller has made durable what stands aside.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::disk::{self, content};
use crate::error::{Error, IoContext, Result};
use crate::index::{Index, ObjectRow};
use crate::sums::Sums;
use crate::{Counter, Monitor, Store};

/// Content that waits for its name.
#[derive(Debug)]
pub(crate) struct Fresh {
    /// What it is.
    pub(crate) sums: Sums,
    /// The modification time that it asks for, in seconds since 1970.
    pub(crate) mtime: i64,
    /// The object to be, in `incoming/`; `None` where the store has it.
    pub(crate) aside: Option<PathBuf>,
    /// The object to be shares its source's inode.
    pub(crate) is_linked: bool,
}

impl Store {
    /// Names content, in one transaction of the index. Each content stands in `fresh` once.
    ///
    /// Locks: the store's shared one. Durable: not before the folders are synced, which the caller does for many batches at once.
    pub(crate) fn settle(
        &self,
        index: &mut Index,
        fresh: &[&Fresh],
        monitor: &dyn Monitor,
    ) -> Result<()> {
        if fresh.is_empty() {
            return Ok(());
        }
        let wanted: Vec<ObjectRow> =
            fresh.iter().map(|one| self.wanted_row(one)).collect::<Result<_>>()?;
        index.add_objects(&wanted, &mut |rows| {
            for (row, one) in rows.iter().zip(fresh) {
                self.name(row, one, monitor)?;
            }
            Ok(())
        })?;
        let others = |one: &&Fresh| Some((one.sums.digest, one.sums.other?));
        let mut others = fresh.iter().filter_map(others).peekable();
        if others.peek().is_some() { index.add_checksums(&mut others) } else { Ok(()) }
    }

    /// The row that an object asks for. One that stands brings its own time, should the index have lost it.
    fn wanted_row(&self, fresh: &Fresh) -> Result<ObjectRow> {
        let mtime = match fresh.aside {
            None => {
                let digest = fresh.sums.digest;
                let why = "it went while its file was read; run the same command again".to_owned();
                mtime_of(&self.object_path(digest))?
                    .ok_or_else(|| Error::MissingObject { digest, why })?
            }
            Some(_) => fresh.mtime,
        };
        Ok(ObjectRow {
            digest: fresh.sums.digest,
            size_bytes: fresh.sums.size_bytes,
            mtime,
            sha256: Some(fresh.sums.sha256),
        })
    }

    fn name(&self, row: &ObjectRow, fresh: &Fresh, monitor: &dyn Monitor) -> Result<()> {
        let object = self.object_path(row.digest);
        let Some(aside) = &fresh.aside else {
            if mtime_of(&object)?.is_some_and(|mtime| mtime != row.mtime) {
                content::dress_path(&object, row.mtime)?;
            }
            return Ok(());
        };
        if self.has_object(row.digest, row.size_bytes)? {
            // Another run was faster.
            return disk::remove_file(aside).map(drop);
        }
        let aside =
            if fresh.is_linked { self.unshare(aside, row, fresh.mtime)? } else { aside.clone() };
        if !fresh.is_linked && row.mtime != fresh.mtime {
            content::dress_path(&aside, row.mtime)?;
        }
        content::replace_object(&aside, &object)?;
        disk::point("object-renamed");
        monitor.count(Counter::ObjectsWritten, 1);
        monitor.count(Counter::BytesWritten, row.size_bytes);
        Ok(())
    }

    /// A linked file whose time is taken by another object of its size gets an inode of its own (I13).
    fn unshare(&self, aside: &Path, row: &ObjectRow, mtime: i64) -> Result<PathBuf> {
        if row.mtime == mtime {
            content::close_writes(aside)?;
            return Ok(aside.to_owned());
        }
        let (sums, copy) = content::copy_file(self, aside)?;
        if sums.digest != row.digest {
            return Err(std::io::Error::other(
                "it changed after it was read; adopt by link only what is replaced by rename",
            ))
            .at("copy", aside);
        }
        content::dress_path(&copy, row.mtime)?;
        disk::sync_path(&copy)?;
        disk::remove_file(aside)?;
        Ok(copy)
    }
}

/// The modification time of an object that stands.
fn mtime_of(object: &Path) -> Result<Option<i64>> {
    match object.symlink_metadata() {
        Ok(meta) => Ok(Some(meta.mtime())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).at("look at", object),
    }
}
