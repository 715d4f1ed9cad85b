//! Reading a scanned tree: where its databases are, and which names are root metadata or never change.

use std::collections::{BTreeMap, BTreeSet};

use pinfold_store::{Class, Digest, Evidence, Node, RelPath, scan};

use super::database::is_database;
use super::names::{DATABASE, is_package, is_root};
use super::select::Database;
use crate::links::Links;
use crate::{Result, TreeReader};

/// What the names of a tree are.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// Root metadata, under every name that leads to it.
    roots: BTreeSet<RelPath>,
}

impl scan::Reading for Reading {
    fn class(&self, path: &RelPath, _: Class) -> Class {
        if is_root(path) {
            Class::Root
        } else if is_package(path) {
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

/// The files of a tree that are named like root metadata, also by links: mirrors have `core.db` as a link to what `repo-add` made.
struct Named {
    links: Links,
    /// Path and content.
    files: BTreeMap<RelPath, (Digest, u64)>,
}

impl Named {
    fn find(tree: &dyn TreeReader) -> Result<Self> {
        let mut links = Links::default();
        let mut names = BTreeSet::new();
        for entry in tree.entries()? {
            let entry = entry?;
            links.note(&entry);
            if is_root(&entry.path) {
                names.insert(entry.path);
            }
        }
        let mut real: BTreeMap<RelPath, Vec<RelPath>> = BTreeMap::new();
        for name in names {
            if let Some(path) = links.resolve(&name) {
                real.entry(path).or_default().push(name);
            }
        }
        let mut files = BTreeMap::new();
        for entry in tree.entries()? {
            let entry = entry?;
            if let (Node::File { digest, size_bytes, .. }, Some(names)) =
                (entry.node, real.remove(&entry.path))
            {
                files.extend(names.into_iter().map(|name| (name, (digest, size_bytes))));
            }
        }
        Ok(Self { links, files })
    }
}

/// Finds the databases of a tree, sorted.
///
/// # Errors
/// The tree cannot be listed or read.
pub fn databases(tree: &dyn TreeReader) -> Result<Vec<Database>> {
    let mut found = Vec::new();
    for (path, (digest, size_bytes)) in Named::find(tree)?.files {
        if path.as_bytes().ends_with(DATABASE.as_bytes())
            && let Ok(database) = Database::try_from(path)
            && is_database(tree.open(digest, size_bytes)?)
        {
            found.push(database);
        }
    }
    Ok(found)
}

/// Reads which class the names of a tree are of.
///
/// # Errors
/// The tree cannot be listed.
pub fn read(tree: &dyn TreeReader) -> Result<Reading> {
    let Named { links, files } = Named::find(tree)?;
    let files: BTreeSet<RelPath> = files.into_keys().collect();
    Ok(Reading { roots: links.aliases(&files) })
}

#[cfg(test)]
mod tests;
