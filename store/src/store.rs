//! The root folder: opened, created, and asked for its parts.
use std::path::{Path, PathBuf};
use crate::{Digest, Name, Record, Result, Stamp, manifest::Decoder, index::Index};
/// An open store.
#[derive(Debug)] pub struct Store { root: PathBuf }
/// What the file system below a root can do, found by trying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Abilities { /** Hardlinks work between the folders. */ pub hardlinks: bool, /** The links that one inode takes, where a limit is known. */ pub link_limit: Option<u64>, /** `FICLONE` works. */ pub reflinks: bool, /** Free inodes, where the file system counts them. */ pub free_inodes: Option<u64>, /** Free bytes. */ pub free_bytes: u64, /** The file system's type. */ pub kind: String, /** `flock` excludes a second opener. */ pub flock: bool }
impl Store {
    /// Makes the folders and FORMAT, or accepts a root that has them already; idempotent.
    pub fn create(_root: &Path) -> Result<Self> { todo!() }
    /// Opens a root that exists: FORMAT is checked, a newer one refused.
    pub fn open(_root: &Path) -> Result<Self> { todo!() }
    /// Tries what the file system can do.
    pub fn abilities(&self) -> Result<Abilities> { todo!() }
    /// The root folder.
    pub fn root(&self) -> &Path { &self.root }
    /// Opens the index, creating or migrating it.
    pub fn index(&self) -> Result<Index> { todo!() }
    /// Lists the mirrors that have records, sorted.
    pub fn mirrors(&self) -> Result<Vec<Name>> { todo!() }
    /// Lists a mirror's dates from the records' names, oldest first.
    pub fn dates(&self, _mirror: &Name) -> Result<Vec<Stamp>> { todo!() }
    /// Reads a record.
    pub fn record(&self, _mirror: &Name, _taken: Stamp) -> Result<Record> { todo!() }
    /// The newest snapshot at or before a time: what `MIRROR@DATE` means.
    pub fn at_or_before(&self, _mirror: &Name, _end: Stamp) -> Result<Option<Stamp>> { todo!() }
    /// Opens a manifest.
    pub fn manifest(&self, _digest: Digest) -> Result<Decoder> { todo!() }
}
