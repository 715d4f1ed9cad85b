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

use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::{Digest, RelPath};

mod diff;
mod line;

pub use diff::{Change, diff};

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

/// The first line of a manifest.
const HEADER: &[u8] = b"pinfold-manifest 1\n";
/// The longest line that is read: two escaped paths and the fields.
const LINE_BYTES_MAX: u64 = 40_000;
/// Fast, and within a few percent of the size of higher levels for hexadecimal text.
const ZSTD_LEVEL: i32 = 3;

/// Writes entries in order, hashing the plain text and compressing it.
pub struct Encoder<W: Write> {
    to: zstd::stream::write::Encoder<'static, W>,
    hasher: blake3::Hasher,
    order: Order,
    line: Vec<u8>,
    files: u64,
    links: u64,
    bytes: u64,
}

impl<W: Write> std::fmt::Debug for Encoder<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder")
            .field("files", &self.files)
            .field("links", &self.links)
            .finish_non_exhaustive()
    }
}

/// What an [`Encoder`] wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// BLAKE3 of the plain text.
    pub digest: Digest,
    /// Files.
    pub files: u64,
    /// Links.
    pub links: u64,
    /// Bytes of all files.
    pub bytes: u64,
}

impl<W: Write> Encoder<W> {
    /// Begins a manifest.
    ///
    /// # Errors
    /// [`Error::Io`] where the writer fails.
    pub fn new(to: W) -> Result<Self> {
        let to = zstd::stream::write::Encoder::new(to, ZSTD_LEVEL).map_err(write_failed)?;
        let (hasher, order) = (blake3::Hasher::new(), Order::default());
        let mut encoder =
            Self { to, hasher, order, line: HEADER.to_vec(), files: 0, links: 0, bytes: 0 };
        encoder.write_line()?;
        Ok(encoder)
    }

    /// Appends an entry; refuses one that does not sort after the last.
    ///
    /// Holds: sorted, unique, no file above another entry.
    ///
    /// # Errors
    /// [`Error::BadName`] where the path breaks the order or lies below a file, or a link's target is not one;
    /// [`Error::Io`] where the writer fails.
    pub fn push(&mut self, entry: &Entry) -> Result<()> {
        let flaw = self.order.accept(&entry.path).or_else(|| line::flaw(&entry.node));
        if let Some(why) = flaw {
            return Err(Error::BadName {
                what: "manifest entry",
                name: entry.path.to_string(),
                why: why.to_owned(),
            });
        }
        match &entry.node {
            Node::File { size_bytes, .. } => {
                self.files += 1;
                self.bytes = self.bytes.saturating_add(*size_bytes);
            }
            Node::Link { .. } => self.links += 1,
        }
        self.line.clear();
        line::write(entry, &mut self.line);
        self.write_line()
    }

    /// Ends the manifest and gives back the writer.
    ///
    /// # Errors
    /// [`Error::Io`] where the writer fails.
    pub fn finish(self) -> Result<(W, Totals)> {
        let digest = Digest::from(self.hasher.finalize());
        let to = self.to.finish().map_err(write_failed)?;
        Ok((to, Totals { digest, files: self.files, links: self.links, bytes: self.bytes }))
    }

    fn write_line(&mut self) -> Result<()> {
        self.hasher.update(&self.line);
        self.to.write_all(&self.line).map_err(write_failed)
    }
}

fn write_failed(source: std::io::Error) -> Error {
    Error::Io { action: "write", path: PathBuf::from("a manifest"), source }
}

/// Reads entries in order, in constant memory.
///
/// Strict: a line that [`Encoder`] would not have written is damage. After the first error nothing more is read.
pub struct Decoder {
    from: BufReader<Box<dyn Read + Send>>,
    expect: Digest,
    hasher: blake3::Hasher,
    order: Order,
    line: Vec<u8>,
    again: Vec<u8>,
    done: bool,
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder").field("expect", &self.expect).finish_non_exhaustive()
    }
}

impl Decoder {
    /// Reads a manifest's compressed bytes; the digest is checked when the last entry has been read.
    ///
    /// # Errors
    /// [`Error::Damaged`] where the bytes do not begin as a manifest does.
    pub fn new(compressed: impl Read + Send + 'static, expect: Digest) -> Result<Self> {
        let damaged = |why: &str| damaged(expect, why);
        let plain =
            zstd::stream::read::Decoder::new(compressed).map_err(|e| damaged(&e.to_string()))?;
        let mut decoder = Self {
            from: BufReader::with_capacity(1 << 16, Box::new(plain)),
            expect,
            hasher: blake3::Hasher::new(),
            order: Order::default(),
            line: Vec::new(),
            again: Vec::new(),
            done: false,
        };
        decoder.read_line()?;
        if decoder.line == HEADER {
            Ok(decoder)
        } else {
            Err(damaged("its first line is not that of a manifest"))
        }
    }

    /// Reads the next line with its end into `line`; empty at the end of the file.
    fn read_line(&mut self) -> Result<()> {
        self.line.clear();
        let read = self.from.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut self.line);
        read.map_err(|e| damaged(self.expect, &e.to_string()))?;
        self.hasher.update(&self.line);
        if self.line.last().is_some_and(|b| *b != b'\n') {
            return Err(damaged(self.expect, "a line is cut off or too long"));
        }
        Ok(())
    }

    fn entry(&mut self) -> Result<Option<Entry>> {
        self.read_line()?;
        if self.line.is_empty() {
            return if Digest::from(self.hasher.finalize()) == self.expect {
                Ok(None)
            } else {
                Err(damaged(self.expect, "its text does not hash to its name"))
            };
        }
        let entry = line::parse(&self.line).map_err(|why| damaged(self.expect, why))?;
        self.again.clear();
        line::write(&entry, &mut self.again);
        if self.again != self.line {
            return Err(damaged(self.expect, "a line is not written in the canonical way"));
        }
        match self.order.accept(&entry.path) {
            Some(why) => Err(damaged(self.expect, &format!("{}: {why}", entry.path))),
            None => Ok(Some(entry)),
        }
    }
}

impl Iterator for Decoder {
    type Item = Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let next = self.entry().transpose();
        self.done = !matches!(next, Some(Ok(_)));
        next
    }
}

fn damaged(manifest: Digest, why: &str) -> Error {
    let (shard, rest) = manifest.shard();
    Error::Damaged {
        path: PathBuf::from(format!("manifests/{shard}/{rest}.zst")),
        why: why.to_owned(),
    }
}

/// Accepts paths in the order of a manifest only.
#[derive(Default)]
struct Order {
    /// The accepted paths that are a prefix, as bytes, of the last one, and the last one itself.
    open: Vec<RelPath>,
}

impl Order {
    /// Takes the next path, or says what is wrong with it.
    fn accept(&mut self, path: &RelPath) -> Option<&'static str> {
        if self.open.last().is_some_and(|last| last >= path) {
            return Some("it does not sort after the entry before it");
        }
        while self.open.last().is_some_and(|last| !path.as_bytes().starts_with(last.as_bytes())) {
            self.open.pop();
        }
        if self.open.iter().any(|above| path.is_below(above.as_bytes())) {
            return Some("it lies below a file or link");
        }
        self.open.push(path.clone());
        None
    }
}

#[cfg(test)]
mod tests;
