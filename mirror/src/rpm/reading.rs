//! Reading a scanned tree: where its repositories are, and which names are root metadata or never change.

use std::collections::BTreeSet;

use pinfold_store::{Class, Digest, Entry, Evidence, Node, RelPath, scan};

use super::Repomd;
use super::names::{REPOMD, REPOMD_KEY, REPOMD_SIGNATURE, is_package, is_root};
use super::root::{REPOMD_BYTES_MAX, at};
use super::select::Folder;
use crate::tree::read_bounded;
use crate::{Error, Result, TreeReader};

/// What the metadata of a tree's repositories say about its names.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    roots: BTreeSet<RelPath>,
    /// Metadata whose names hold their checksum.
    fixed: BTreeSet<RelPath>,
}

impl scan::Reading for Reading {
    fn class(&self, path: &RelPath, _: Class) -> Class {
        if self.roots.contains(path) {
            Class::Root
        } else if self.fixed.contains(path) || is_package(path) {
            Class::Fixed
        } else {
            Class::Other
        }
    }

    fn added(&self) -> Vec<(RelPath, RelPath)> {
        Vec::new()
    }

    fn roots(&self) -> Vec<RelPath> {
        self.roots.iter().cloned().collect()
    }

    fn evidence(&self) -> Evidence {
        Evidence::none()
    }
}

/// Finds the repositories of a tree: the folders that hold a `repodata/repomd.xml`, sorted.
///
/// # Errors
/// The tree cannot be listed.
pub fn repositories(tree: &dyn TreeReader) -> Result<Vec<Folder>> {
    let mut found = Vec::new();
    for entry in tree.entries()? {
        found.extend(folder_of(&entry?.path));
    }
    found.sort();
    Ok(found)
}

/// Reads the `repomd.xml` of every repository of a tree.
pub(super) fn repomds(tree: &dyn TreeReader) -> Result<Vec<(Folder, Repomd)>> {
    let mut found = Vec::new();
    for entry in tree.entries()? {
        let Entry { path, node: Node::File { digest, size_bytes, .. }, .. } = entry? else {
            continue;
        };
        if let Some(folder) = folder_of(&path) {
            let repomd = parse(tree, (&folder, &path), (digest, size_bytes))?;
            found.push((folder, repomd));
        }
    }
    Ok(found)
}

fn parse(
    tree: &dyn TreeReader,
    (folder, path): (&Folder, &RelPath),
    (digest, size_bytes): (Digest, u64),
) -> Result<Repomd> {
    let failed = |source| Error::Io { action: "read", path: path.as_path().to_owned(), source };
    let from = tree.open(digest, size_bytes)?;
    let bytes = read_bounded(from, REPOMD_BYTES_MAX).map_err(failed)?;
    Repomd::parse(&bytes, &folder.place(), &path.to_string())
}

/// Gives the folder of the repository whose `repomd.xml` a path is; `None` for any other path.
pub(super) fn folder_of(path: &RelPath) -> Option<Folder> {
    match path.as_bytes().strip_suffix(REPOMD)? {
        b"" => Some(Folder::default()),
        folder => Some(Folder::new(Some(RelPath::parse(folder.strip_suffix(b"/")?).ok()?))),
    }
}

/// Reads which class the names of a tree's repositories are of.
///
/// # Errors
/// [`Error::BadMetadata`] for a `repomd.xml` that cannot be followed.
pub fn read(tree: &dyn TreeReader, folders: &[Folder]) -> Result<Reading> {
    let mut reading = Reading::default();
    let mut named = BTreeSet::new();
    for folder in folders {
        let place = folder.place();
        for name in [REPOMD, REPOMD_SIGNATURE, REPOMD_KEY] {
            named.insert(at(&place, name)?);
        }
    }
    for entry in tree.entries()? {
        let entry = entry?;
        let Node::File { digest, size_bytes, .. } = entry.node else { continue };
        if !named.contains(&entry.path) {
            continue;
        }
        if let Some(folder) = folder_of(&entry.path) {
            for data in parse(tree, (&folder, &entry.path), (digest, size_bytes))?.data {
                if data.is_hash_named() {
                    reading.fixed.insert(data.path);
                } else if is_root(&data) {
                    reading.roots.insert(data.path);
                }
            }
        }
        reading.roots.insert(entry.path);
    }
    Ok(reading)
}

#[cfg(test)]
mod tests;
