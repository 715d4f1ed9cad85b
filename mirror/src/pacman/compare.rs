//! Comparing the repositories of two trees: packages by name.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use pinfold_store::{Digest, Node, RelPath};

use super::select::Database;
use super::{compare, databases, packages};
use crate::change::table::{Content, Row, Table};
use crate::change::{Change, Lists, PackageChange, PackageKind};
use crate::links::Links;
use crate::{Result, TreeReader};

/// Compares what the databases of two trees list, each with the one of its path.
///
/// Cost: memory for the names of the largest on both sides.
///
/// # Errors
/// [`crate::Error::BadMetadata`] where a database cannot be followed; whatever reading it or `each` fails with.
pub fn compare_trees(
    old: &dyn TreeReader,
    new: &dyn TreeReader,
    each: &mut dyn FnMut(&PackageChange<'_>) -> Result<()>,
) -> Result<Lists> {
    let (was, is) = (find(old)?, find(new)?);
    let databases: BTreeSet<&Database> = was.keys().chain(is.keys()).collect();
    for database in &databases {
        let (was, is) = (was.get(*database), is.get(*database));
        if was == is {
            continue;
        }
        let (was, is) = (list(old, database, was)?, list(new, database, is)?);
        let suite = name_among(database, &databases);
        let mut tell = |table: &Table, row: &Row, change: Change<'_>| {
            each(&PackageChange {
                suite,
                component: b"",
                architecture: table.architecture(row),
                kind: PackageKind::Binary,
                name: table.name(row),
                source: table.source(row),
                change,
            })
        };
        crate::change::compare(&was, &is, order, &mut tell)?;
    }
    Ok(Lists { old: was.len(), new: is.len() })
}

/// Two versions, of which each has a release.
fn order(one: &[u8], other: &[u8]) -> Ordering {
    compare(one, other)
}

/// Names a repository: by its own name, or by its path where there are several of this name.
fn name_among<'a>(database: &'a Database, all: &BTreeSet<&Database>) -> &'a [u8] {
    let name = database.repository();
    match all.iter().filter(|other| other.repository() == name).count() {
        0 | 1 => name,
        _ => {
            let path = database.path().as_bytes();
            &path[..path.len() - super::names::DATABASE.len()]
        }
    }
}

type Contents = (Digest, u64);

/// Finds the databases of a tree and their content.
fn find(tree: &dyn TreeReader) -> Result<BTreeMap<Database, Contents>> {
    let mut links = Links::default();
    for entry in tree.entries()? {
        links.note(&entry?);
    }
    let mut real: BTreeMap<RelPath, Vec<Database>> = BTreeMap::new();
    for database in databases(tree)? {
        if let Some(path) = links.resolve(database.path()) {
            real.entry(path).or_default().push(database);
        }
    }
    let mut found = BTreeMap::new();
    for entry in tree.entries()? {
        let entry = entry?;
        if let (Node::File { digest, size_bytes, .. }, Some(databases)) =
            (entry.node, real.remove(&entry.path))
        {
            found.extend(databases.into_iter().map(|one| (one, (digest, size_bytes))));
        }
    }
    Ok(found)
}

/// Reads the packages of a database; none where a tree has it not.
fn list(tree: &dyn TreeReader, database: &Database, found: Option<&Contents>) -> Result<Table> {
    let mut table = Table::default();
    if let Some((digest, size_bytes)) = found {
        let from = tree.open(*digest, *size_bytes)?;
        packages(from, &database.path().to_string(), &mut |package| {
            let content = match package.checksum.as_bytes().try_into() {
                Ok(sum) => sum,
                Err(_) => *Digest::of(package.checksum.as_bytes()).as_bytes(),
            };
            let content = Content { kind: Some(package.checksum.algorithm()), sum: content };
            table
                .push([package.name, package.architecture, package.version, package.base], content);
            Ok(())
        })?;
        table.sort();
    }
    Ok(table)
}

#[cfg(test)]
mod tests;
