//! Looking at files, and reading those that the stat cache does not vouch for.

use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;
use rustix::io::Errno;

use super::Adopt;
use super::walk::{Batch, Found};
use crate::disk::content::{self, SMALL_BYTES, Source};
use crate::error::{Error, IoContext, Result};
use crate::index::{Index, Seen};
use crate::settle::Fresh;
use crate::sums::Sums;
use crate::{Code, Counter, Digest, Finding, Monitor, RelPath, Store, disk};

/// Files that are handled at once by all cores.
const CHUNK: usize = 512;
/// New bytes after which a batch is made durable early.
const BATCH_BYTES: u64 = 256 * 1024 * 1024;
/// How often a file that changes while it is read is read again.
const TRIES: u32 = 3;

/// A file that was looked at.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) digest: Digest,
    pub(super) size_bytes: u64,
    /// What was read, to be settled with the index; `None` where the stat cache vouched for it.
    pub(super) read: Option<Box<Read>>,
}

/// A file that was read.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) seen: Seen,
    /// What waits for its name.
    pub(super) fresh: Fresh,
}

/// The digests of what was read, the object to be in `incoming/`, and whether that shares the source's inode.
type ReadPiece = (Sums, Option<PathBuf>, bool);

/// What stands at a path, taken.
#[derive(Debug)]
pub(super) enum Piece {
    File(Taken),
    Link(Box<[u8]>),
}

/// A batch that waits to be made durable.
#[derive(Debug, Default)]
pub(super) struct Haul {
    pub(super) pieces: Vec<(RelPath, Piece)>,
    pub(super) gone: Vec<RelPath>,
}

/// The reading stage.
pub(super) struct Taker<'a> {
    store: &'a Store,
    root: &'a OwnedFd,
    adopt: Adopt,
    monitor: &'a dyn Monitor,
    index: Mutex<Index>,
    /// The owner that adopted files must have.
    owner: u32,
}

impl<'a> Taker<'a> {
    pub(super) fn new(
        store: &'a Store,
        root: &'a OwnedFd,
        adopt: Adopt,
        monitor: &'a dyn Monitor,
    ) -> Result<Self> {
        let owner = rustix::fs::stat(store.root()).at("look at", store.root())?.st_uid;
        Ok(Self { store, root, adopt, monitor, index: Mutex::new(store.index()?), owner })
    }

    /// Takes batch after batch, in order.
    pub(super) fn run(&self, from: Receiver<Batch>, to: SyncSender<Haul>) -> Result<()> {
        for batch in from {
            let mut haul = Haul { pieces: Vec::new(), gone: batch.gone };
            let mut new_bytes = 0_u64;
            let mut items = batch.items;
            while !items.is_empty() {
                let rest = items.split_off(items.len().min(CHUNK));
                let pieces: Vec<(RelPath, Piece)> = items
                    .into_par_iter()
                    .map(|(path, found)| self.piece(&path, found).map(|piece| (path, piece)))
                    .collect::<Result<_>>()?;
                items = rest;
                new_bytes += pieces.iter().map(|(_, piece)| aside_bytes(piece)).sum::<u64>();
                self.monitor.advance(u64::try_from(pieces.len()).unwrap_or_default());
                haul.pieces.extend(pieces);
                if new_bytes >= BATCH_BYTES {
                    send(&to, std::mem::take(&mut haul))?;
                    new_bytes = 0;
                }
            }
            send(&to, haul)?;
        }
        // The next stage ends with the channel.
        drop(to);
        Ok(())
    }

    fn piece(&self, path: &RelPath, found: Found) -> Result<Piece> {
        match found {
            Found::Link(target) => Ok(Piece::Link(target)),
            Found::File(cached) => {
                let taken = self.file(path, cached)?;
                self.monitor.count(Counter::FilesSeen, 1);
                self.monitor.count(Counter::BytesSeen, taken.size_bytes);
                Ok(Piece::File(taken))
            }
        }
    }

    fn file(&self, path: &RelPath, cached: Option<(Seen, Digest)>) -> Result<Taken> {
        if let Some((seen, digest)) = cached
            && let Some(now) = content::look_at(self.root, path)
            && (now == seen
                || (now.is_same_but_ctime(&seen) && self.store.is_inode_of(digest, &now)))
            && self.store.has_object(digest, seen.size_bytes)?
        {
            return Ok(Taken { digest, size_bytes: seen.size_bytes, read: None });
        }
        for _ in 0..TRIES {
            let mut source = content::open_source(self.root, path)?;
            let (sums, aside, is_linked) = self.read(&mut source, path)?;
            let Sums { digest, size_bytes, .. } = sums;
            self.monitor.count(Counter::FilesRead, 1);
            self.monitor.count(Counter::BytesRead, size_bytes);
            if size_bytes == source.seen.size_bytes && (is_linked || !source.has_changed()?) {
                let fresh = Fresh { sums, mtime: source.mtime(), aside, is_linked };
                let read = Some(Box::new(Read { seen: source.seen, fresh }));
                return Ok(Taken { digest, size_bytes, read });
            }
            if let Some(aside) = aside {
                disk::remove_file(&aside)?;
            }
            self.monitor.problem(&Finding {
                code: Code::SourceChanged,
                subject: path.to_string(),
                detail: "it changed while it was read and was read again".to_owned(),
                remedy: "run ingest when the mirror tool has finished".to_owned(),
            });
        }
        Err(std::io::Error::other(
            "it changes while it is read; run ingest when the mirror tool has finished",
        ))
        .at_with("read", || disk::shown(self.root, path.as_path()))
    }

    /// Reads a file once; writes it aside where the store does not have it.
    fn read(&self, source: &mut Source, path: &RelPath) -> Result<ReadPiece> {
        let size = source.seen.size_bytes;
        match self.adopt {
            Adopt::Link => return self.read_to_link(source, path),
            Adopt::Nothing => {
                return source.hash().map(|sums| (sums, None, false));
            }
            Adopt::Copy => {}
        }
        if size <= SMALL_BYTES {
            let bytes = source.read_whole()?;
            let sums = Sums::of(&bytes);
            let aside = if self.store.has_object(sums.digest, sums.size_bytes)? {
                None
            } else {
                Some(content::write_aside(self.store, &bytes, source.mtime())?)
            };
            return Ok((sums, aside, false));
        }
        if self.index.lock().unwrap_or_else(PoisonError::into_inner).has_size(size)? {
            let sums = source.hash()?;
            if self.store.has_object(sums.digest, sums.size_bytes)? {
                return Ok((sums, None, false));
            }
        }
        source.copy_aside(self.store).map(|(sums, aside)| (sums, Some(aside), false))
    }

    /// Reads a file that is to become an object by its own inode.
    ///
    /// One that cannot be linked, because it is on another file system or has all the links that it can have, is copied.
    fn read_to_link(&self, source: &mut Source, path: &RelPath) -> Result<ReadPiece> {
        self.check_adoptable(source)?;
        let sums = source.hash()?;
        if self.store.has_object(sums.digest, sums.size_bytes)? {
            return Ok((sums, None, false));
        }
        if source.has_changed()? {
            return Ok((Sums { size_bytes: u64::MAX, ..sums }, None, false));
        }
        match source.link_aside(self.root, path, self.store)? {
            Some(aside) => Ok((sums, Some(aside), true)),
            None => source.copy_aside(self.store).map(|(sums, aside)| (sums, Some(aside), false)),
        }
    }

    /// Refuses to adopt a file whose rights would come with its inode.
    fn check_adoptable(&self, source: &Source) -> Result<()> {
        let mut nothing = [0_u8; 0];
        let capabilities = rustix::fs::fgetxattr(&source.file, "security.capability", &mut nothing);
        let why = if source.mode & 0o6000 != 0 {
            "it carries setuid or setgid bits".to_owned()
        } else if source.owner != self.owner {
            format!("its owner is user {} and the store's is {}", source.owner, self.owner)
        } else if !matches!(capabilities, Err(Errno::NODATA | Errno::NOTSUP)) {
            "it carries file capabilities".to_owned()
        } else {
            return Ok(());
        };
        let first = format!("{}: {why}; ingest without --link copies it", source.shown.display());
        Err(Error::Refused { root: source.shown.clone(), count: 1, first })
    }
}

fn aside_bytes(piece: &Piece) -> u64 {
    match piece {
        Piece::File(Taken { size_bytes, read: Some(read), .. }) if read.fresh.aside.is_some() => {
            *size_bytes
        }
        _ => 0,
    }
}

fn send(to: &SyncSender<Haul>, haul: Haul) -> Result<()> {
    to.send(haul).map_err(|_closed| super::other_stage_failed())
}
