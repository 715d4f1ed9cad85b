//! Reading a scanned tree: where its indices are, and which names are root metadata or never change.

use std::collections::BTreeSet;

use pinfold_store::{Class, Evidence, Node, RelPath, scan};

use super::names::{is_package, is_root};
use super::select::Place;
use crate::links::Links;
use crate::{Result, TreeReader};

/// What a tree's names are.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// Root metadata, by every path that leads to it.
    roots: Vec<RelPath>,
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
        self.roots.clone()
    }

    fn evidence(&self) -> Evidence {
        Evidence::none()
    }
}

/// Reads which class the names of a tree are of.
///
/// # Errors
/// The tree cannot be listed.
pub fn read(tree: &dyn TreeReader) -> Result<Reading> {
    let mut links = Links::default();
    let mut real = BTreeSet::new();
    for entry in tree.entries()? {
        let entry = entry?;
        links.note(&entry);
        if matches!(entry.node, Node::File { .. }) && is_root(&entry.path) {
            real.insert(entry.path);
        }
    }
    Ok(Reading { roots: links.aliases(&real).into_iter().collect() })
}

/// Finds the folders of a tree that hold an index, sorted; links are not followed.
///
/// # Errors
/// The tree cannot be listed.
pub(super) fn folders(tree: &dyn TreeReader) -> Result<Vec<RelPath>> {
    let mut found = Vec::new();
    for entry in tree.entries()? {
        let entry = entry?;
        if let (Node::File { .. }, Some(place)) = (&entry.node, Place::of_index(&entry.path)) {
            found.push(place.folder);
        }
    }
    Ok(found)
}
