//! The SQLite index: derived from the files, may be deleted.
use crate::{Digest, Entry, Name, Record, RelPath, Result, Stamp, Report, Store, Monitor};
/// An open index.
pub struct Index { _c: rusqlite::Connection }
impl std::fmt::Debug for Index { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("Index") } }
/// How a file looked when it was last read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen { /** Device. */ pub device: u64, /** Inode. */ pub inode: u64, /** Size. */ pub size_bytes: u64, /** Modification time in nanoseconds since 1970. */ pub mtime_ns: i64, /** Change time in nanoseconds since 1970. */ pub ctime_ns: i64 }
/// A row of the objects' table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectRow { /** Name. */ pub digest: Digest, /** Size. */ pub size_bytes: u64, /** Modification time of its first inode, in seconds since 1970. */ pub mtime: i64 }
/// A span of a path: from which to which snapshot it showed one content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span { /** Content and kind. */ pub entry: Entry, /** First snapshot that has it. */ pub first: Stamp, /** Last snapshot that has it; `None` while it is in the newest. */ pub last: Option<Stamp> }
impl Index {
    /// Says whether any object has this size.
    pub fn has_size(&self, _size_bytes: u64) -> Result<bool> { todo!() }
    /// In one immediate transaction: gives every new object a modification time such that no two objects share size and time (I13), calls
    /// `settle` with the rows (which sets the times and renames the files), then commits. Rows that exist are returned as they are.
    pub fn add_objects(&mut self, _wanted: &[ObjectRow], _settle: &mut dyn FnMut(&[ObjectRow]) -> Result<()>) -> Result<()> { todo!() }
    /// Forgets objects that were removed.
    pub fn forget_objects(&mut self, _digests: &[Digest]) -> Result<()> { todo!() }
    /// Reads up to `limit` rows of a mirror's stat cache after a path, in the order of paths.
    pub fn seen_after(&self, _mirror: &Name, _after: Option<&RelPath>, _limit: usize) -> Result<Vec<(RelPath, Seen, Digest)>> { todo!() }
    /// Writes rows of the stat cache and forgets others.
    pub fn remember_seen(&mut self, _mirror: &Name, _rows: &[(RelPath, Seen, Digest)], _gone: &[RelPath]) -> Result<()> { todo!() }
    /// Adds a snapshot: its row and the spans that begin or end with it, from the changes against its predecessor.
    pub fn add_snapshot(&mut self, _record: &Record, _changes: &mut dyn Iterator<Item = Result<crate::manifest::Change>>) -> Result<()> { todo!() }
    /// Drops a snapshot: edits only the spans that begin or end at it; gives the objects that no span names any more.
    pub fn drop_snapshot(&mut self, _mirror: &Name, _taken: Stamp) -> Result<Vec<ObjectRow>> { todo!() }
    /// Lists the snapshots that the index knows, oldest first.
    pub fn snapshots(&self, _mirror: &Name) -> Result<Vec<(Stamp, Digest)>> { todo!() }
    /// All spans of one path of a mirror.
    pub fn spans(&self, _mirror: &Name, _path: &RelPath) -> Result<Vec<Span>> { todo!() }
    /// The snapshots of all mirrors that hold an object.
    pub fn holders(&self, _digest: Digest) -> Result<Vec<(Name, RelPath, Stamp, Option<Stamp>)>> { todo!() }
    /// Compares with the records on disk; `Error::Stale` names the first difference.
    pub fn must_match(&self, _store: &Store) -> Result<()> { todo!() }
    /// SQLite's own integrity check.
    pub fn integrity(&self) -> Result<Report> { todo!() }
}
impl Store {
    /// Makes the index anew from the files, beside the old one, and renames it over.
    pub fn rebuild_index(&self, _collector: &crate::lock::Collector, _monitor: &dyn Monitor) -> Result<()> { todo!() }
}
