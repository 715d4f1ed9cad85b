//! Reading a scanned tree: where its repositories are, and which names are root metadata or never change.

use std::collections::BTreeSet;

use pinfold_store::{Class, Evidence, Node, RelPath, scan};

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
        let path = entry?.path;
        let Some(folder) = path.as_bytes().strip_suffix(REPOMD) else { continue };
        match folder.strip_suffix(b"/") {
            None if folder.is_empty() => found.push(Folder::default()),
            None => {}
            Some(folder) => found.push(Folder::new(RelPath::parse(folder).ok())),
        }
    }
    found.sort();
    Ok(found)
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
        if let Some(folder) =
            folders.iter().find(|folder| folder.place().inside(&entry.path) == Some(REPOMD))
        {
            let failed = |source| Error::Io {
                action: "read",
                path: entry.path.as_path().to_owned(),
                source,
            };
            let from = tree.open(digest, size_bytes)?;
            let bytes = read_bounded(from, REPOMD_BYTES_MAX).map_err(failed)?;
            let repomd = Repomd::parse(&bytes, &folder.place(), &entry.path.to_string())?;
            for data in repomd.data {
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
