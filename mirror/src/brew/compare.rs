//! Which bottles changed between two states: those that are mirrored, by formula and tag.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use pinfold_store::Algorithm;

use super::found::Contents;
use super::version::compare_versions;
use crate::change::table::{Content, Row, Table};
use crate::change::{Change, Lists, PackageChange, PackageKind, compare};
use crate::{Result, TreeReader};

/// Compares what two trees have, tag by tag.
///
/// # Errors
/// [`crate::Error::BadMetadata`] where a list cannot be followed; whatever reading it or `each` fails with.
pub fn compare_trees(
    old: &dyn TreeReader,
    new: &dyn TreeReader,
    each: &mut dyn FnMut(&PackageChange<'_>) -> Result<()>,
) -> Result<Lists> {
    let (was, old_lists) = table(old)?;
    let (is, new_lists) = table(new)?;
    compare(&was, &is, order, &mut |table: &Table, row: &Row, change: Change<'_>| {
        let name = table.name(row);
        each(&PackageChange {
            suite: b"",
            component: b"",
            architecture: table.architecture(row),
            kind: PackageKind::Binary,
            name,
            source: name,
            change,
        })
    })?;
    Ok(Lists { old: old_lists, new: new_lists })
}

/// Reads the bottles that a tree has.
fn table(tree: &dyn TreeReader) -> Result<(Table, usize)> {
    let contents = Contents::of(tree)?;
    let mut table = Table::mixed();
    let mut seen = BTreeSet::new();
    for list in &contents.lists {
        for bottle in contents.bottles(tree, list)? {
            // One that is for all systems stands in every list.
            if !seen.insert(bottle.clone()) {
                continue;
            }
            let (name, version) = (bottle.name().as_bytes(), bottle.version());
            let content = Content { kind: Some(Algorithm::Sha256), sum: *bottle.sha256() };
            table.push([name, bottle.tag().as_bytes(), version.as_bytes(), name], content);
        }
    }
    table.sort();
    Ok((table, contents.lists.len()))
}

/// Compares two versions as `Bottle::version` writes them.
fn order(one: &[u8], other: &[u8]) -> Ordering {
    compare_versions(&String::from_utf8_lossy(one), &String::from_utf8_lossy(other))
}
