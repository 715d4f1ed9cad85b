//! Reading a scanned tree: where its databases are, and which names are root metadata or never change.

use std::collections::{BTreeMap, BTreeSet};

use pinfold_store::{Class, Digest, Evidence, Node, RelPath, scan};

use super::database::is_database;
use super::names::{DATABASE, FILES, is_package, is_root};
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
    let files = Named::find(tree)?.files;
    for (path, (digest, size_bytes)) in &files {
        if path.as_bytes().ends_with(DATABASE.as_bytes())
            && let Ok(database) = Database::try_from(path.clone())
            && (is_made(&database, &files)? || is_database(tree.open(*digest, *size_bytes)?))
        {
            found.push(database);
        }
    }
    Ok(found)
}

/// Says whether what else `repo-add` makes stands beside it: then it is a database, whatever became of its content.
fn is_made(database: &Database, files: &BTreeMap<RelPath, (Digest, u64)>) -> Result<bool> {
    let packed = RelPath::parse(&[database.path().as_bytes(), b".tar"].concat())?;
    let is_packed = |path: &RelPath| path.as_bytes().starts_with(packed.as_bytes());
    let next = files.range(&packed..).next();
    Ok(files.contains_key(&database.with(FILES)?) || next.is_some_and(|(path, _)| is_packed(path)))
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
