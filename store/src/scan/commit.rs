//! Making batches durable, naming their objects, writing the manifest's lines.

use std::collections::HashSet;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;

use super::take::{Haul, Piece, Taken};
use crate::disk::{self, content};
use crate::error::{IoContext, Result};
use crate::index::{Index, ObjectRow, Seen};
use crate::manifest::{Encoder, Totals};
use crate::{Class, Counter, Digest, Entry, Monitor, Name, Node, RelPath, Store};

/// A file's times must be this much older than the scan for the cache to vouch for it: within one tick of a file system's clock a
/// second change leaves no trace (git's "racy" entries).
const RACY_NS: i64 = 2_000_000_000;

/// The last stage.
pub(super) struct Commit<'a> {
    pub(super) store: &'a Store,
    pub(super) root: &'a OwnedFd,
    pub(super) mirror: &'a Name,
    pub(super) clock_ns: i64,
    /// Whether anything enters the store, or is only counted.
    pub(super) keeps: bool,
    pub(super) monitor: &'a dyn Monitor,
}

impl Commit<'_> {
    /// Commits haul after haul; gives the bare manifest.
    pub(super) fn run(&self, mut index: Index, from: Receiver<Haul>) -> Result<(PathBuf, Totals)> {
        let (file, path) = content::create_aside(self.store)?;
        let mut encoder = Encoder::new(file)?;
        let mut has_named = false;
        for haul in from {
            has_named |= self.haul(&mut index, &mut encoder, haul)?;
        }
        if has_named {
            // The names of the objects: their bytes were durable before.
            disk::sync_file_system(self.store.root())?;
        }
        let (_, totals) = encoder.finish()?;
        Ok((path, totals))
    }

    /// Commits one haul; true where objects were named.
    fn haul(&self, index: &mut Index, encoder: &mut Encoder<File>, haul: Haul) -> Result<bool> {
        let files = || {
            haul.pieces.iter().filter_map(|(path, piece)| match piece {
                Piece::File(taken) => Some((path, taken)),
                Piece::Link(_) => None,
            })
        };
        if files().any(|(_, taken)| taken.read.as_ref().is_some_and(|read| read.aside.is_some())) {
            disk::point("object-written");
            disk::sync_file_system(self.store.root())?;
            disk::point("objects-synced");
        }
        let mut once: HashSet<Digest> = HashSet::new();
        let mut fresh: Vec<&Taken> = Vec::new();
        for (_, taken) in files() {
            match &taken.read {
                Some(read) if !once.insert(taken.digest) => {
                    if let Some(aside) = &read.aside {
                        disk::remove_file(aside)?;
                    }
                }
                Some(_) => fresh.push(taken),
                None => {}
            }
        }
        let names = self.keeps && !fresh.is_empty();
        if self.keeps {
            self.settle(index, &fresh)?;
            self.remember(index, files(), &haul.gone)?;
        } else {
            self.count(&fresh)?;
        }
        for (path, piece) in haul.pieces {
            let node = match piece {
                Piece::File(taken) => Node::File {
                    digest: taken.digest,
                    size_bytes: taken.size_bytes,
                    class: Class::Other,
                },
                Piece::Link(target) => Node::Link { target },
            };
            encoder.push(&Entry { path, node, added: false })?;
        }
        Ok(names)
    }

    /// Counts what would enter the store.
    fn count(&self, fresh: &[&Taken]) -> Result<()> {
        for taken in fresh {
            if !self.store.has_object(taken.digest, taken.size_bytes)? {
                self.monitor.count(Counter::ObjectsWritten, 1);
                self.monitor.count(Counter::BytesWritten, taken.size_bytes);
            }
        }
        Ok(())
    }

    /// Names the objects in one transaction of the index.
    fn settle(&self, index: &mut Index, fresh: &[&Taken]) -> Result<()> {
        if fresh.is_empty() {
            return Ok(());
        }
        let wanted: Vec<ObjectRow> =
            fresh.iter().map(|taken| self.wanted(taken)).collect::<Result<_>>()?;
        index.add_objects(&wanted, &mut |rows| {
            for (row, taken) in rows.iter().zip(fresh) {
                self.name(row, taken)?;
            }
            Ok(())
        })
    }

    /// The row that an object asks for. One that stands brings its own time, should the index have lost it.
    fn wanted(&self, taken: &Taken) -> Result<ObjectRow> {
        let source = taken.read.as_ref().map_or(0, super::take::Read::mtime);
        let stands = taken.read.as_ref().is_some_and(|read| read.aside.is_none());
        let mtime = if stands {
            mtime_of(&self.store.object_path(taken.digest))?.unwrap_or(source)
        } else {
            source
        };
        Ok(ObjectRow { digest: taken.digest, size_bytes: taken.size_bytes, mtime })
    }

    fn name(&self, row: &ObjectRow, taken: &Taken) -> Result<()> {
        let object = self.store.object_path(row.digest);
        let Some((read, aside)) =
            taken.read.as_ref().and_then(|read| read.aside.as_ref().map(|aside| (read, aside)))
        else {
            if mtime_of(&object)?.is_some_and(|mtime| mtime != row.mtime) {
                content::dress_path(&object, row.mtime)?;
            }
            return Ok(());
        };
        if self.store.has_object(row.digest, row.size_bytes)? {
            // Another run was faster.
            return disk::remove_file(aside).map(drop);
        }
        let aside =
            if read.is_linked { self.unshare(aside, row, read.mtime())? } else { aside.clone() };
        if !read.is_linked && row.mtime != read.mtime() {
            content::dress_path(&aside, row.mtime)?;
        }
        content::replace_object(&aside, &object)?;
        disk::point("object-renamed");
        self.monitor.count(Counter::ObjectsWritten, 1);
        self.monitor.count(Counter::BytesWritten, row.size_bytes);
        Ok(())
    }

    /// A linked file whose time is taken by another object of its size gets an inode of its own (I13).
    fn unshare(&self, aside: &Path, row: &ObjectRow, mtime: i64) -> Result<PathBuf> {
        if row.mtime == mtime {
            content::close_writes(aside)?;
            return Ok(aside.to_owned());
        }
        let (digest, copy) = content::copy_file(self.store, aside)?;
        if digest != row.digest {
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

    /// Remembers how the files looked that were read, unless they are too young to vouch for.
    fn remember<'b>(
        &self,
        index: &mut Index,
        files: impl Iterator<Item = (&'b RelPath, &'b Taken)>,
        gone: &[RelPath],
    ) -> Result<()> {
        let mut rows: Vec<(RelPath, Seen, Digest)> = Vec::new();
        for (path, taken) in files {
            let Some(read) = &taken.read else { continue };
            let before = self.clock_ns - RACY_NS;
            let seen = if read.is_linked {
                // Linking and closing changed the inode's change time; anything else is a file that was put there since.
                content::look_at(self.root, path)
                    .filter(|now| now.is_same_but_ctime(&read.seen) && now.mtime_ns < before)
            } else {
                Some(read.seen).filter(|seen| seen.ctime_ns.max(seen.mtime_ns) < before)
            };
            rows.extend(seen.map(|seen| (path.clone(), seen, taken.digest)));
        }
        if rows.is_empty() && gone.is_empty() {
            Ok(())
        } else {
            index.remember_seen(self.mirror, &rows, gone)
        }
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
