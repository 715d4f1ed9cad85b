//! Comparing the indices of two trees: packages by name, repository by repository.

use std::collections::{BTreeMap, BTreeSet};

use pinfold_store::{Algorithm, Digest, Node, RelPath};

use super::root::INDEX_BYTES_MAX;
use super::select::Place;
use super::version;
use super::{index, signature};
use crate::change::table::{Content, Row, Table};
use crate::change::{Change, Lists, PackageChange, PackageKind, compare};
use crate::tree::read_bounded;
use crate::{Error, Result, TreeReader};

type Found = (Digest, u64);

/// Compares what two trees list, index by index.
///
/// Cost: memory for the names of one index in both states; a second for all of Alpine.
///
/// # Errors
/// [`Error::BadMetadata`] where an index cannot be followed; whatever reading it or `each` fails with.
pub fn compare_trees(
    old: &dyn TreeReader,
    new: &dyn TreeReader,
    each: &mut dyn FnMut(&PackageChange<'_>) -> Result<()>,
) -> Result<Lists> {
    let (was, is) = (find(old)?, find(new)?);
    let paths: BTreeSet<&RelPath> = was.keys().chain(is.keys()).collect();
    for path in paths {
        let (was, is) = (was.get(path).copied(), is.get(path).copied());
        if was == is {
            continue;
        }
        let Some(place) = Place::of_index(path) else { continue };
        let (was, is) = (list(old, path, was)?, list(new, path, is)?);
        let (suite, component) = place.version();
        compare(
            &was,
            &is,
            version::compare,
            &mut |table: &Table, row: &Row, change: Change<'_>| {
                each(&PackageChange {
                    suite,
                    component,
                    architecture: place.architecture(),
                    kind: PackageKind::Binary,
                    name: table.name(row),
                    source: table.source(row),
                    change,
                })
            },
        )?;
    }
    Ok(Lists { old: was.len(), new: is.len() })
}

/// Finds the indices of a tree.
fn find(tree: &dyn TreeReader) -> Result<BTreeMap<RelPath, Found>> {
    let mut found = BTreeMap::new();
    for entry in tree.entries()? {
        let entry = entry?;
        if let Node::File { digest, size_bytes, .. } = entry.node
            && Place::of_index(&entry.path).is_some()
        {
            found.insert(entry.path, (digest, size_bytes));
        }
    }
    Ok(found)
}

/// Reads the packages of an index; none where a tree has it not.
fn list(tree: &dyn TreeReader, path: &RelPath, found: Option<Found>) -> Result<Table> {
    let mut table = Table::default();
    let Some((digest, size_bytes)) = found else { return Ok(table) };
    let failed = |source| Error::Io { action: "read", path: path.as_path().to_owned(), source };
    let from = tree.open(digest, size_bytes)?;
    let bytes = read_bounded(from, INDEX_BYTES_MAX).map_err(failed)?;
    let shown = path.to_string();
    let signed = signature::split(&bytes, &shown)?;
    index::unpack(signed.text, &shown, &mut |package| {
        let mut sum = [0; 32];
        sum[..20].copy_from_slice(&package.control);
        let content = Content { kind: Some(Algorithm::Sha1), sum };
        let (name, version) = (package.name.as_bytes(), package.version.as_bytes());
        table.push([name, package.architecture.as_bytes(), version, package.origin], content);
        Ok(())
    })?;
    table.sort();
    Ok(table)
}

#[cfg(test)]
mod tests;
