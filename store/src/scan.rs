//! Taking any folder as a new snapshot: a sorted walk, parallel reading, objects made durable in batches.
//!
//! Three stages on bounded channels keep memory flat: one thread walks in the manifest's order and joins the stat cache, all cores look
//! at and read files, one thread makes each batch durable (one `syncfs`), names its objects and writes the manifest's lines.

mod commit;
mod seal;
mod take;
mod walk;

use std::path::{Path, PathBuf};

use crate::error::{Error, IoContext, Result};
use crate::index::Index;
use crate::lock::{Asker, MirrorLock};
use crate::manifest::{Encoder, Totals};
use crate::{Class, Entry, Evidence, Monitor, Record, RelPath, Stamp, Store, disk, leftovers};

/// How files become objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adopt {
    /// Copied, or reflinked where the file system can.
    Copy,
    /// Hardlinked: for tools that only ever replace by rename.
    Link,
    /// Only read and counted: nothing enters the store, and the draft must not be sealed.
    Nothing,
}

/// What a scan found: a manifest of the bare tree, not sealed yet. Every object is durable.
#[derive(Debug)]
pub struct Draft {
    /// Counts and digest of the bare tree.
    pub totals: Totals,
    /// The bare manifest in `incoming/`; gone with the draft.
    path: PathBuf,
}

impl Drop for Draft {
    fn drop(&mut self) {
        // What stays is removed by the next scan. One that became the manifest has no path any more.
        if !self.path.as_os_str().is_empty() {
            drop(disk::remove_file(&self.path));
        }
    }
}

impl Draft {
    /// Gives the bare manifest away.
    fn into_path(mut self) -> PathBuf {
        std::mem::take(&mut self.path)
    }
}

/// What a family adds to the bare tree before it is sealed.
pub trait Reading {
    /// The class of a path, which the draft has as `drafted`. Asked once for every file, in order.
    fn class(&self, path: &RelPath, drafted: Class) -> Class;
    /// Names to add: new path, and the file of the tree whose object it shows. Sorted by new path.
    fn added(&self) -> Vec<(RelPath, RelPath)>;
    /// Paths of class root, with those through symlinked folders.
    fn roots(&self) -> Vec<RelPath>;
    /// What vouches for the state.
    fn evidence(&self) -> Evidence;
    /// Whether the draft has all classes and names already, so that it is the manifest as it stands.
    fn is_final(&self) -> bool {
        false
    }
}

/// What sealing needs to know.
#[derive(Debug, Clone)]
pub struct Seal {
    /// The clock.
    pub now: Stamp,
    /// `--taken`: must be later than the newest.
    pub taken: Option<Stamp>,
    /// The family's name.
    pub family: String,
    /// For people.
    pub source: String,
    /// Make a snapshot even where nothing changed.
    pub even_if_unchanged: bool,
}

/// What sealing made.
#[derive(Debug)]
pub enum Sealed {
    /// A new snapshot.
    New(Record),
    /// The newest snapshot is the same state.
    Unchanged(Record),
}

impl Store {
    /// Walks a folder and stores what is new.
    ///
    /// Locks: the mirror's; takes the store's shared one batch by batch, so that collection goes on. An object that goes meanwhile
    /// is noticed at the latest when the draft is sealed. Durable: every object that the draft names.
    /// Cost: two `stat` a file that did not change; memory does not grow with the number of files.
    ///
    /// # Errors
    /// [`Error::Refused`] where the tree holds special files or links that leave it, every one told to the monitor;
    /// [`Error::Io`] naming a file that cannot be read; [`Error::MissingObject`] where one went: a second scan reads its file again.
    pub fn scan(
        &self,
        lock: &MirrorLock,
        asker: &Asker,
        from: (&Path, Adopt),
        monitor: &dyn Monitor,
    ) -> Result<Draft> {
        let index = self.ready(lock)?;
        let (folder, adopt) = from;
        let root = disk::open_dir(folder)?;
        let clock_ns = disk::content::clock_ns(self)?;
        monitor.step("reading files", None);
        let taker = take::Taker::new(self, &root, adopt, monitor)?;
        std::thread::scope(|scope| {
            let (items, batches) = std::sync::mpsc::sync_channel(4);
            let (taken, commits) = std::sync::mpsc::sync_channel(1);
            let cache = self.index()?;
            let walker = start(scope, || {
                walk::walk(
                    walk::Walk { root: &root, shown: folder, cache, mirror: &lock.mirror, monitor },
                    items,
                )
            })?;
            let committer = start(scope, || {
                let commit = commit::Commit {
                    store: self,
                    root: &root,
                    mirror: &lock.mirror,
                    asker,
                    clock_ns,
                    keeps: adopt != Adopt::Nothing,
                    monitor,
                };
                commit.run(index, commits)
            })?;
            let read = taker.run(batches, taken);
            let committed = join(committer).map(|(path, totals)| Draft { totals, path });
            let walked = join(walker);
            // A stage whose successor failed only saw a channel close: the last one that failed says why.
            let draft = committed?;
            read?;
            walked.map(|()| draft)
        })
    }

    /// Clears what dead runs left, completes what a crash interrupted, and opens the index.
    ///
    /// # Errors
    /// [`Error::Stale`] where the index must be rebuilt.
    pub fn ready(&self, lock: &MirrorLock) -> Result<Index> {
        leftovers::remove(self)?;
        let mut index = self.index()?;
        index.catch_up(self, &lock.mirror)?;
        Ok(index)
    }

    /// Makes a draft of entries that are known already, in order.
    ///
    /// # Errors
    /// [`Error::BadName`] where one does not sort after the last or lies below a file.
    pub fn draft(&self, entries: &mut dyn Iterator<Item = Result<Entry>>) -> Result<Draft> {
        let (file, path) = disk::content::create_aside(self)?;
        let written = Encoder::new(file).and_then(|mut encoder| {
            for entry in entries {
                encoder.push(&entry?)?;
            }
            encoder.finish()
        });
        match written {
            Ok((_, totals)) => Ok(Draft { totals, path }),
            Err(error) => {
                disk::remove_file(&path)?;
                Err(error)
            }
        }
    }

    /// Reads a draft's entries in order, any number of times. Files of a scan have class Other.
    ///
    /// # Errors
    /// [`Error::Io`] where the draft cannot be read.
    pub fn draft_entries(&self, draft: &Draft) -> Result<crate::manifest::Decoder> {
        let file = std::fs::File::open(&draft.path).at("open", &draft.path)?;
        crate::manifest::Decoder::new(file, draft.totals.digest)
    }
}

/// Starts a stage on a thread of its own.
fn start<'scope, T: Send + 'scope>(
    scope: &'scope std::thread::Scope<'scope, '_>,
    stage: impl FnOnce() -> Result<T> + Send + 'scope,
) -> Result<std::thread::ScopedJoinHandle<'scope, Result<T>>> {
    std::thread::Builder::new()
        .spawn_scoped(scope, stage)
        .at("start a thread of", Path::new("scan"))
}

/// Waits for a stage. A panic in it is a bug of ours and goes on in this thread.
fn join<T>(stage: std::thread::ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    stage.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// A channel closed because another stage failed; that stage's error is the one that is shown.
fn other_stage_failed() -> Error {
    Error::Damaged {
        path: "incoming".into(),
        why: "BUG: a stage of the scan ended early without an error".to_owned(),
    }
}

#[cfg(test)]
mod tests;
