//! The names of an object in what is published.

use std::path::PathBuf;

use pinfold_store::index::Index;
use pinfold_store::{Digest, RelPath, Store};

use crate::Result;
use crate::layout::Www;
use crate::publish::published_dates;

/// Lists every file of the site that shows an object, or should: in published trees and in the unions. One of them may be sound
/// where the object is not.
///
/// # Errors
/// The index or the site cannot be read.
pub fn names_of(store: &Store, index: &Index, digest: Digest) -> Result<Vec<PathBuf>> {
    let mut names: Vec<PathBuf> = in_trees(store, index, digest)?
        .into_iter()
        .map(|(tree, path)| tree.join(path.as_path()))
        .collect();
    names.extend(in_unions(store, index, digest)?);
    Ok(names)
}

/// The published trees that have an object, and under which path.
pub(super) fn in_trees(
    store: &Store,
    index: &Index,
    digest: Digest,
) -> Result<Vec<(PathBuf, RelPath)>> {
    let www = Www::new(store.root());
    let mut names = Vec::new();
    for holder in index.holders(digest)? {
        for taken in published_dates(store, &holder.mirror)? {
            if holder.covers(taken) {
                names.push((www.snapshot_tree(&holder.mirror, taken), holder.path.clone()));
            }
        }
    }
    Ok(names)
}

/// The names that an object may have in unions; names through links are the union's to know.
pub(super) fn in_unions(store: &Store, index: &Index, digest: Digest) -> Result<Vec<PathBuf>> {
    let www = Www::new(store.root());
    let mut names = Vec::new();
    for holder in index.holders(digest)? {
        names.push(www.union(&holder.mirror).join(holder.path.as_path()));
    }
    names.sort_unstable();
    names.dedup();
    Ok(names)
}
