//! The manifest: the sorted list of what a state holds. Its BLAKE3 is the state's identity.
//!
//! Plain text, one line an entry, sorted by the path's raw bytes, unique, canonical: same files, same digest.
//!
//! ```text
//! pinfold-manifest 1\n
//! CLASS[+] TAB DIGEST TAB SIZE TAB PATH \n        a file; + marks a name that we added (by-hash)
//! l[+] TAB TARGET TAB PATH \n                     a symbolic link
//! ```
//!
//! CLASS is `r` root, `f` fixed, `o` other. In PATH and TARGET the bytes below 0x20, 0x7f and the backslash are
//! written `\xNN`; all others stand as they are. No times: the same state has one name on every host.

use std::io::Read;
use crate::{Digest, Error, RelPath, Result};

/// How a name is served (DESIGN.md, "Names in an archive"). Decided by the family from the archive's metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// Root metadata: served from `heads/` only.
    Root,
    /// A name whose bytes never change: joins the union.
    Fixed,
    /// Everything else: served from the tree only.
    Other,
}

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A file.
    File {
        /// Its content.
        digest: Digest,
        /// Its size.
        size_bytes: u64,
        /// Its class.
        class: Class,
    },
    /// A symbolic link that stays within the tree.
    Link {
        /// The target as written in the link.
        target: Box<[u8]>,
    },
}

/// One line of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where.
    pub path: RelPath,
    /// What.
    pub node: Node,
    /// Whether we added the name ourselves.
    pub added: bool,
}

/// Writes entries in order, hashing the plain text and compressing it.
pub struct Encoder<W: std::io::Write> { _w: W }
impl<W: std::io::Write> std::fmt::Debug for Encoder<W> { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("Encoder") } }
/// What an [`Encoder`] wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals { /** BLAKE3 of the plain text. */ pub digest: Digest, /** Files. */ pub files: u64, /** Links. */ pub links: u64, /** Bytes of all files. */ pub bytes: u64 }
impl<W: std::io::Write> Encoder<W> {
    /// Begins a manifest.
    pub fn new(_to: W) -> Result<Self> { todo!() }
    /// Appends an entry; refuses one that does not sort after the last.
    pub fn push(&mut self, _entry: &Entry) -> Result<()> { todo!() }
    /// Ends the manifest and gives back the writer.
    pub fn finish(self) -> Result<(W, Totals)> { todo!() }
}
/// Reads entries in order, in constant memory.
pub struct Decoder { _r: Box<dyn Read + Send> }
impl std::fmt::Debug for Decoder { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("Decoder") } }
impl Decoder {
    /// Reads a manifest's compressed bytes; the digest is checked when the last entry has been read.
    pub fn new(_compressed: impl Read + Send + 'static, _expect: Digest) -> Result<Self> { todo!() }
}
impl Iterator for Decoder { type Item = Result<Entry>; fn next(&mut self) -> Option<Self::Item> { todo!() } }
/// One difference between two manifests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change { /** Only in the new one. */ Added(Entry), /** Only in the old one. */ Removed(Entry), /** In both, not the same. */ Changed { /** As it was. */ old: Entry, /** As it is. */ new: Entry } }
/// Compares two sorted streams in constant memory.
pub fn diff<A, B>(_old: A, _new: B) -> impl Iterator<Item = Result<Change>> where A: Iterator<Item = Result<Entry>>, B: Iterator<Item = Result<Entry>> { std::iter::from_fn(|| Some(Err(Error::BadName { what: "", name: String::new(), why: String::new() }))) }
