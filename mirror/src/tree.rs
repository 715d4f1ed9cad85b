//! How a family looks into a tree that the store has scanned, or that a test made up.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use pinfold_store::{Digest, Entry, Store, scan::Draft};

use crate::{Error, Result};

/// The entries of a tree, in order.
pub type Entries<'a> = Box<dyn Iterator<Item = Result<Entry>> + 'a>;

/// A tree that can be listed any number of times and whose files can be read, by several threads.
pub trait TreeReader: Sync {
    /// Lists every file and link, sorted by the path's bytes.
    ///
    /// # Errors
    /// The tree cannot be listed.
    fn entries(&self) -> Result<Entries<'_>>;

    /// Opens a file by the content that an entry names.
    ///
    /// # Errors
    /// The content cannot be opened.
    fn open(&self, digest: Digest, size_bytes: u64) -> Result<Box<dyn Read>>;
}

/// The tree of a draft: what a scan found, before it is sealed.
#[derive(Debug, Clone, Copy)]
pub struct DraftTree<'a> {
    /// Where the objects are.
    pub store: &'a Store,
    /// What the scan found.
    pub draft: &'a Draft,
}

impl TreeReader for DraftTree<'_> {
    fn entries(&self) -> Result<Entries<'_>> {
        Ok(Box::new(self.store.draft_entries(self.draft)?.map(|entry| Ok(entry?))))
    }

    fn open(&self, digest: Digest, size_bytes: u64) -> Result<Box<dyn Read>> {
        Ok(Box::new(self.store.open_object(digest, size_bytes)?))
    }
}

/// The tree of a snapshot.
#[derive(Debug, Clone, Copy)]
pub struct SnapshotTree<'a> {
    /// Where the objects are.
    pub store: &'a Store,
    /// What the snapshot holds.
    pub manifest: Digest,
}

impl TreeReader for SnapshotTree<'_> {
    fn entries(&self) -> Result<Entries<'_>> {
        Ok(Box::new(self.store.manifest(self.manifest)?.map(|entry| Ok(entry?))))
    }

    fn open(&self, digest: Digest, size_bytes: u64) -> Result<Box<dyn Read>> {
        Ok(Box::new(self.store.open_object(digest, size_bytes)?))
    }
}

/// Opens a file that must be a regular one, and gives its permission bits: a secret, or what is believed, must not be others' to
/// read or write.
pub(crate) fn open_file(path: &Path) -> Result<(std::fs::File, u32)> {
    let failed = |source| Error::Io { action: "read", path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(failed)?;
    let meta = file.metadata().map_err(failed)?;
    if !meta.is_file() {
        return Err(failed(std::io::Error::other("it is no regular file")));
    }
    Ok((file, meta.permissions().mode() & 0o7777))
}

/// Reads a whole file that must not be larger than a limit.
pub(crate) fn read_file(path: &Path, bytes_max: u64) -> Result<Vec<u8>> {
    let (file, _) = open_file(path)?;
    let failed = |source| Error::Io { action: "read", path: path.to_owned(), source };
    read_bounded(file, bytes_max).map_err(failed)
}

/// Reads to the end, but no more than a limit: one byte more is an error.
pub(crate) fn read_bounded(from: impl Read, bytes_max: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|read| read > bytes_max) {
        return Err(std::io::Error::other(format!("it is larger than {bytes_max} bytes")));
    }
    Ok(bytes)
}

#[cfg(test)]
pub(crate) mod tests;
