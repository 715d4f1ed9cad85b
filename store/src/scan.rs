//! Taking any folder as a new snapshot: a sorted walk, parallel reading, objects made durable in batches.
use std::path::Path;
use crate::{Monitor, Record, RelPath, Result, Stamp, Store, Class, lock::{MirrorLock, Writer}, manifest::Totals};
/// How files become objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adopt { /** Copied, or reflinked where the file system can. */ Copy, /** Hardlinked: for tools that only ever replace by rename. */ Link }
/// What a scan found: a manifest of the bare tree, not sealed yet. Every object is durable.
#[derive(Debug)] pub struct Draft { /** Counts and digest of the bare tree. */ pub totals: Totals }
/// What a family adds to the bare tree before it is sealed.
pub trait Reading {
    /// The class of a path. Asked once for every file, in order.
    fn class(&self, path: &RelPath) -> Class;
    /// Names to add: new path, and the file of the tree whose object it shows. Sorted by new path.
    fn added(&self) -> Vec<(RelPath, RelPath)>;
    /// Paths of class root, with those through symlinked folders.
    fn roots(&self) -> Vec<RelPath>;
}
/// What sealing needs to know.
#[derive(Debug, Clone)]
pub struct Seal { /** The clock. */ pub now: Stamp, /** `--taken`: must be later than the newest. */ pub taken: Option<Stamp>, /** The family's name. */ pub family: String, /** For people. */ pub source: String, /** Make a snapshot even where nothing changed. */ pub even_if_unchanged: bool }
/// What sealing made.
#[derive(Debug)] pub enum Sealed { /** A new snapshot. */ New(Record), /** The newest snapshot is the same state. */ Unchanged(Record) }
impl Store {
    /// Walks a folder and stores what is new.
    pub fn scan(&self, _lock: &MirrorLock, _writer: &Writer, _from: (&Path, Adopt), _monitor: &dyn Monitor) -> Result<Draft> { todo!() }
    /// Reads a draft's entries in order, any number of times. Files have class Other.
    pub fn draft_entries(&self, _draft: &Draft) -> Result<crate::manifest::Decoder> { todo!() }
    /// Names the state: classes and added names merged in, manifest and record made durable, index brought up to date.
    pub fn seal(&self, _lock: &MirrorLock, _writer: &Writer, _draft: Draft, _reading: &dyn Reading, _seal: &Seal) -> Result<Sealed> { todo!() }
}
