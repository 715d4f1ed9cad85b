//! Healing: sound bytes in the place of damaged ones, or the damage set aside so that nobody serves it.
//!
//! Sound bytes are written aside, hashed as they are written, made durable and renamed over: a crash at any point leaves the old
//! object or the new one. What has links to the old inode is another room's to relink, by [`crate::index::Index::holders`]. An object
//! that nothing heals leaves `objects/` for `ROOT/quarantine/`, under the store's exclusive lock, which whoever seals a snapshot
//! waits for: no snapshot is sealed that names it.

mod kept;
mod others;
mod set_aside;

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::check::bytes::{Pace, hash};
use crate::disk::{self, content};
use crate::error::{IoContext, Result};
use crate::gc::Run;
use crate::index::{Index, ObjectRow};
use crate::lock::Writer;
use crate::{Counter, Digest, Landed, Monitor, Store};

pub use others::Others;
pub use set_aside::Aside;

/// What was done about an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Healed {
    /// Its bytes, mode, owner and time are right.
    Sound,
    /// Its bytes were right, and mode, owner or time are so again.
    Dressed,
    /// Sound bytes took the place of damaged or missing ones; where they came from.
    From(PathBuf),
    /// No sound bytes were found.
    Nothing,
}

/// What an inode of an object is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inode {
    Sound,
    /// Right bytes; mode, owner or time are not.
    Undressed,
    Damaged,
}

impl Store {
    /// Makes an object's inodes right: from one of its own, else from the first of `candidates` that has its bytes.
    ///
    /// A dry run only says it. Every inode and every candidate is read and hashed before it is believed; none is changed. A candidate that belongs to the
    /// store's owner and looks like the object in everything becomes the object by a link, so that trees which have it stay right.
    /// Locks: the store's shared one. Durable: yes. Cost: the object is read once for each inode and candidate.
    ///
    /// # Errors
    /// [`crate::Error::Io`] where sound bytes cannot be written or named; [`crate::Error::NoRoom`] where they do not fit.
    pub fn heal(
        &self,
        _writer: &Writer,
        row: &ObjectRow,
        (candidates, run): (&[PathBuf], Run),
        monitor: &dyn Monitor,
    ) -> Result<Healed> {
        let own: Vec<(PathBuf, Inode)> = std::iter::once(self.object_path(row.digest))
            .chain(self.replicas(row.digest))
            .map(|path| self.judge(&path, row).map(|inode| (path, inode)))
            .collect::<Result<_>>()?;
        let is = |wanted: Inode| move |(_, inode): &&(PathBuf, Inode)| *inode == wanted;
        if own.iter().all(|one| is(Inode::Sound)(&one)) {
            return Ok(Healed::Sound);
        }
        let sound =
            own.iter().find(is(Inode::Sound)).or_else(|| own.iter().find(is(Inode::Undressed)));
        let had_sound = sound.is_some();
        let source = match sound {
            Some((path, _)) => Some(path.clone()),
            None => candidates.iter().find(|path| is_content(path, row)).cloned(),
        };
        let Some(source) = source else { return Ok(Healed::Nothing) };
        for (path, inode) in own.iter().filter(|_| run == Run::Real) {
            match inode {
                Inode::Sound => {}
                Inode::Undressed if self.is_ours(path)? => {
                    content::dress_path(path, row.mtime)?;
                    disk::sync_path(path)?;
                }
                Inode::Undressed | Inode::Damaged => self.put_over(&source, path, row, monitor)?,
            }
        }
        let was_damaged = own.iter().any(|one| is(Inode::Damaged)(&one));
        Ok(if had_sound && !was_damaged { Healed::Dressed } else { Healed::From(source) })
    }

    /// Puts content that came from elsewhere in an object's place, whatever stands there.
    ///
    /// Locks: the store's shared one. Durable: yes.
    ///
    /// # Errors
    /// [`crate::Error::Io`] where it cannot be named; [`crate::Error::Damaged`] where it is other content.
    pub fn heal_with(
        &self,
        writer: &Writer,
        row: &ObjectRow,
        landed: &Landed,
        monitor: &dyn Monitor,
    ) -> Result<Healed> {
        let Some(path) = landed.path().filter(|_| landed.sums().digest == row.digest) else {
            let why = format!("it hashes to {}", landed.sums().digest);
            return Err(crate::Error::Damaged { path: self.object_path(row.digest), why });
        };
        content::dress_path(path, row.mtime)?;
        let healed = self.heal(writer, row, (&[path.to_owned()], Run::Real), monitor)?;
        disk::remove_file(path)?;
        Ok(healed)
    }

    /// Says what an inode of an object is like.
    fn judge(&self, path: &Path, row: &ObjectRow) -> Result<Inode> {
        let Ok(meta) = path.symlink_metadata() else { return Ok(Inode::Damaged) };
        if !meta.is_file() || !is_content(path, row) {
            return Ok(Inode::Damaged);
        }
        let is_dressed = meta.mode() & 0o7222 == 0
            && meta.mode() & 0o444 == 0o444
            && meta.mtime() == row.mtime
            && meta.uid() == self.owner()?;
        Ok(if is_dressed { Inode::Sound } else { Inode::Undressed })
    }

    fn is_ours(&self, path: &Path) -> Result<bool> {
        Ok(path.symlink_metadata().at("look at", path)?.uid() == self.owner()?)
    }

    /// Renames sound bytes over an inode of an object.
    fn put_over(
        &self,
        source: &Path,
        path: &Path,
        row: &ObjectRow,
        monitor: &dyn Monitor,
    ) -> Result<()> {
        let aside = match self.link_sound(source, row)? {
            Some(aside) => aside,
            None => self.copy_sound(source, row)?,
        };
        disk::sync_path(&aside)?;
        disk::point("heal-written");
        if path.symlink_metadata().is_ok_and(|meta| meta.is_dir()) {
            self.move_to_quarantine(path, row.digest)?;
        }
        content::replace_object(&aside, path)?;
        // Two names of one inode: rename(2) does nothing then and leaves both.
        disk::remove_file(&aside)?;
        disk::sync_parent(path)?;
        disk::point("heal-renamed");
        monitor.count(Counter::ObjectsWritten, 1);
        monitor.count(Counter::BytesWritten, row.size_bytes);
        Ok(())
    }

    /// Links a file of the store's own that looks like the object in everything; `None` where it does not, or cannot be linked.
    fn link_sound(&self, source: &Path, row: &ObjectRow) -> Result<Option<PathBuf>> {
        let is_in = |folder: &str| source.starts_with(self.root().join(folder));
        if !(is_in("www") || is_in("incoming")) || self.judge(source, row)? != Inode::Sound {
            return Ok(None);
        }
        let aside = content::name_aside(self);
        Ok(disk::link(source, &aside).is_ok().then_some(aside))
    }

    /// Copies what was seen to be right, and makes sure that what was stored is.
    fn copy_sound(&self, source: &Path, row: &ObjectRow) -> Result<PathBuf> {
        self.check_room(row.size_bytes, 1)?;
        let (sums, aside) = content::copy_file(self, source)?;
        if sums.digest != row.digest {
            disk::remove_file(&aside)?;
            return Err(std::io::Error::other("it changed while it was copied; run it again"))
                .at("copy", source);
        }
        content::dress_path(&aside, row.mtime)?;
        Ok(aside)
    }
}

/// Says whether a file has an object's bytes. One that cannot be read has not.
fn is_content(path: &Path, row: &ObjectRow) -> bool {
    let has_size =
        path.symlink_metadata().is_ok_and(|meta| meta.is_file() && meta.size() == row.size_bytes);
    has_size && hash(path, &Pace::new(None)).is_ok_and(|(digest, _)| digest == row.digest)
}

impl Store {
    /// Gives what is known of an object; of one that no snapshot names and the index lost, what its file says.
    ///
    /// # Errors
    /// [`crate::Error::Index`] where the index cannot be read.
    pub fn row_of(&self, index: &Index, digest: Digest) -> Result<Option<ObjectRow>> {
        if let Some(row) = index.object(digest)? {
            return Ok(Some(row));
        }
        let meta = self.object_path(digest).symlink_metadata();
        Ok(meta.ok().filter(std::fs::Metadata::is_file).map(|meta| ObjectRow {
            digest,
            size_bytes: meta.size(),
            mtime: meta.mtime(),
            sha256: None,
        }))
    }
}

#[cfg(test)]
mod tests;
