//! Making batches durable, naming their objects, writing the manifest's lines.

use std::collections::HashSet;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::mpsc::Receiver;

use super::take::{Haul, Piece, Taken};
use crate::disk::{self, content};
use crate::error::Result;
use crate::index::{Index, Seen};
use crate::lock::Asker;
use crate::manifest::{Encoder, Totals};
use crate::settle::Fresh;
use crate::{Class, Counter, Digest, Entry, Monitor, Name, Node, RelPath, Store};

/// A file's times must be this much older than the scan for the cache to vouch for it: within one tick of a file system's clock a
/// second change leaves no trace (git's "racy" entries).
const RACY_NS: i64 = 2_000_000_000;

/// The last stage.
pub(super) struct Commit<'a> {
    pub(super) store: &'a Store,
    pub(super) root: &'a OwnedFd,
    pub(super) mirror: &'a Name,
    pub(super) asker: &'a Asker,
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
        if files()
            .any(|(_, taken)| taken.read.as_ref().is_some_and(|read| read.fresh.aside.is_some()))
        {
            disk::point("object-written");
            disk::sync_file_system(self.store.root())?;
            disk::point("objects-synced");
        }
        let mut once: HashSet<Digest> = HashSet::new();
        let mut fresh: Vec<&Fresh> = Vec::new();
        for read in files().filter_map(|(_, taken)| taken.read.as_deref()) {
            if once.insert(read.fresh.sums.digest) {
                fresh.push(&read.fresh);
            } else if let Some(aside) = &read.fresh.aside {
                disk::remove_file(aside)?;
            }
        }
        let names = self.keeps && !fresh.is_empty();
        if self.keeps {
            let _writer = self.store.writer(self.asker)?;
            self.store.settle(index, &fresh, self.monitor)?;
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
    fn count(&self, fresh: &[&Fresh]) -> Result<()> {
        for sums in fresh.iter().map(|fresh| fresh.sums) {
            if !self.store.has_object(sums.digest, sums.size_bytes)? {
                self.monitor.count(Counter::ObjectsWritten, 1);
                self.monitor.count(Counter::BytesWritten, sums.size_bytes);
            }
        }
        Ok(())
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
            let seen = if read.fresh.is_linked {
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
