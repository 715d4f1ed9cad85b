//! `ROOT/quarantine/`: what is not what its name says, kept for whoever looks at it, and out of everybody's way.

use std::path::{Path, PathBuf};

use super::Inode;
use crate::disk;
use crate::error::{IoContext, Result};
use crate::index::ObjectRow;
use crate::lock::{Collector, MirrorLock};
use crate::{Digest, Stamp, Store};

/// What became of an object that nothing heals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Aside {
    /// It was moved there.
    Moved(PathBuf),
    /// It was missing, so that there is nothing to set aside.
    Missing,
    /// It is sound by now: somebody brought it.
    Sound,
}

impl Store {
    /// The folder of what was set aside.
    #[must_use]
    pub fn quarantine(&self) -> PathBuf {
        self.root().join("quarantine")
    }

    /// Takes a damaged object out of `objects/`. It is read once more under the lock, so that what was healed meanwhile stays.
    ///
    /// Locks: the store's exclusive one. Durable: yes.
    ///
    /// # Errors
    /// [`crate::Error::Io`] where it cannot be moved.
    pub fn set_aside(&self, _collector: &Collector, row: &ObjectRow) -> Result<Aside> {
        let first = self.object_path(row.digest);
        let mut moved = None;
        // The replicas first: none is left without its first inode.
        for path in self.replicas(row.digest).into_iter().rev().chain([first]) {
            if !disk::stands(&path)? {
                continue;
            }
            if self.judge(&path, row)? != Inode::Damaged {
                return Ok(Aside::Sound);
            }
            moved = Some(self.move_to_quarantine(&path, row.digest)?);
            disk::point("object-set-aside");
        }
        Ok(moved.map_or(Aside::Missing, Aside::Moved))
    }

    /// Moves a file or folder that stands among the objects under no object's name.
    ///
    /// # Errors
    /// [`crate::Error::Io`] where it cannot be moved.
    pub fn set_stray_aside(&self, path: &Path) -> Result<PathBuf> {
        let shown = path.as_os_str().as_encoded_bytes();
        self.move_to_quarantine(path, Digest::of(shown))
    }

    /// Takes the record of a snapshot away of which nothing else is left, so that the others can be worked with. Put back beside its
    /// manifest, it is a snapshot again.
    ///
    /// Locks: the mirror's and the store's exclusive one. The caller has made sure that nobody shows it. Durable: yes.
    ///
    /// # Errors
    /// [`crate::Error::Io`] where it cannot be moved.
    pub fn set_record_aside(
        &self,
        (lock, _collector): (&MirrorLock, &Collector),
        taken: Stamp,
    ) -> Result<PathBuf> {
        let path = self.record_path(&lock.mirror, taken);
        self.move_aside(&path, &format!("{}@{taken}.record", lock.mirror))
    }

    /// Moves what stands at a path, under a name made of a digest.
    pub(super) fn move_to_quarantine(&self, path: &Path, digest: Digest) -> Result<PathBuf> {
        self.move_aside(path, &digest.to_string())
    }

    /// Moves what stands at a path, under a name that gets a number where it is taken. Durable: yes.
    ///
    /// # Errors
    /// [`crate::Error::Io`] where it cannot be moved.
    pub fn move_aside(&self, path: &Path, stem: &str) -> Result<PathBuf> {
        let folder = self.quarantine();
        if !disk::stands(&folder)? {
            disk::make_dir(&folder)?;
            disk::set_mode(&disk::open_dir(&folder)?, 0o700, &folder)?;
            disk::sync_parent(&folder)?;
        }
        let mut to = folder.join(stem);
        let mut number = 0_u32;
        while disk::stands(&to)? {
            number += 1;
            to = folder.join(format!("{stem}.{number}"));
        }
        disk::rename_new(path, &to)?;
        Ok(to)
    }

    /// Lists the objects of which something was set aside, sorted.
    ///
    /// # Errors
    /// [`crate::Error::Io`] where they cannot be listed.
    pub fn set_aside_objects(&self) -> Result<Vec<Digest>> {
        let names = disk::names(&self.quarantine())?;
        let stem = |name: &std::ffi::OsString| {
            let name = name.to_str()?;
            name.split('.').next()?.parse::<Digest>().ok()
        };
        let mut all: Vec<Digest> = names.iter().filter_map(stem).collect();
        all.sort_unstable();
        all.dedup();
        Ok(all)
    }

    /// Removes what was set aside of an object that stands again.
    ///
    /// # Errors
    /// [`crate::Error::Io`] where it cannot be removed.
    pub fn forget_set_aside(&self, digest: Digest) -> Result<()> {
        let folder = self.quarantine();
        for name in disk::names(&folder)? {
            if name.to_str().and_then(|name| name.split('.').next()) == Some(&digest.to_string()) {
                disk::remove_tree(&folder.join(name))?;
            }
        }
        disk::sync_path(&folder)
    }

    /// The modification time of what was set aside of an object, for an index that is made anew.
    pub(crate) fn mtime_set_aside(&self, digest: Digest) -> Result<Option<i64>> {
        use std::os::unix::fs::MetadataExt;
        let path = self.quarantine().join(digest.to_string());
        match path.symlink_metadata() {
            Ok(meta) => Ok(meta.is_file().then(|| meta.mtime())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).at("look at", &path),
        }
    }
}
