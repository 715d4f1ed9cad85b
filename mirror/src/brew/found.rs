//! Reading a scanned tree: which lists and bottles are in it, of which class each name is, and which names to add.

use std::collections::{BTreeMap, BTreeSet};

use pinfold_store::{Class, Digest, Evidence, Node, RelPath, scan};

use super::bottle::Bottle;
use super::choose::Choice;
use super::names::{OLDER, api, tag_of};
use super::packages::{PACKAGES_BYTES_MAX, Packages};
use super::select::Selection;
use crate::pattern::Pattern;
use crate::tree::read_bounded;
use crate::{Error, Result, TreeReader};

/// What the lists of a tree say about its names.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    roots: BTreeSet<RelPath>,
    fixed: BTreeSet<RelPath>,
    added: BTreeMap<RelPath, RelPath>,
}

impl scan::Reading for Reading {
    fn class(&self, path: &RelPath, _: Class) -> Class {
        if self.roots.contains(path) {
            Class::Root
        } else if self.fixed.contains(path) {
            Class::Fixed
        } else {
            Class::Other
        }
    }

    fn added(&self) -> Vec<(RelPath, RelPath)> {
        self.added.iter().map(|(name, of)| (name.clone(), of.clone())).collect()
    }

    fn roots(&self) -> Vec<RelPath> {
        self.roots.iter().cloned().collect()
    }

    fn evidence(&self) -> Evidence {
        Evidence::none()
    }
}

/// A list of a tree.
pub(super) struct List {
    pub(super) tag: String,
    pub(super) path: RelPath,
    pub(super) digest: Digest,
    pub(super) size_bytes: u64,
}

/// What is in a tree.
pub(super) struct Contents {
    pub(super) lists: Vec<List>,
    pub(super) files: BTreeSet<RelPath>,
}

impl Contents {
    /// Lists a tree.
    pub(super) fn of(tree: &dyn TreeReader) -> Result<Self> {
        let mut contents = Self { lists: Vec::new(), files: BTreeSet::new() };
        for entry in tree.entries()? {
            let entry = entry?;
            let Node::File { digest, size_bytes, .. } = entry.node else { continue };
            if let Some(tag) = tag_of(&entry.path) {
                let (tag, path) = (tag.to_owned(), entry.path.clone());
                contents.lists.push(List { tag, path, digest, size_bytes });
            }
            contents.files.insert(entry.path);
        }
        Ok(contents)
    }

    /// Says whether a bottle is there, under either of its names.
    pub(super) fn has(&self, bottle: &Bottle) -> Result<bool> {
        Ok(self.files.contains(&bottle.blob()?) || self.files.contains(&bottle.flat()?))
    }

    /// Gives the bottles of a list that are there.
    pub(super) fn bottles(&self, tree: &dyn TreeReader, list: &List) -> Result<Vec<Bottle>> {
        let shown = list.path.to_string();
        let packages = list.read(tree)?;
        let mut choice = Choice::default();
        choice.add(&everything()?, &packages, &list.tag, &shown)?;
        let mut here = Vec::new();
        for bottle in choice.bottles {
            if self.has(&bottle)? {
                here.push(bottle);
            }
        }
        Ok(here)
    }
}

impl List {
    /// Reads it.
    pub(super) fn read(&self, tree: &dyn TreeReader) -> Result<Packages> {
        let path = || self.path.as_path().to_owned();
        let failed = |source| Error::Io { action: "read", path: path(), source };
        let from = tree.open(self.digest, self.size_bytes)?;
        let bytes = read_bounded(from, PACKAGES_BYTES_MAX).map_err(failed)?;
        Packages::parse(&bytes, &self.path.to_string())
    }
}

/// Asks for all formulae, and nothing that is not there.
fn everything() -> Result<Selection> {
    let formulae = vec![Pattern::try_from("*".to_owned())?];
    Ok(Selection { formulae, tags: Vec::new(), as_found: true })
}

/// Finds what a tree is by its own account.
///
/// # Errors
/// [`Error::BadMetadata`] where there is no list, or one that cannot be followed.
pub(super) fn selection(tree: &dyn TreeReader) -> Result<Selection> {
    let contents = Contents::of(tree)?;
    if contents.lists.is_empty() {
        return Err(Error::BadMetadata {
            path: "api/internal/packages.TAG.jws.json".to_owned(),
            why: "the tree has no such list: without one nobody says what its bottles have to be"
                .to_owned(),
        });
    }
    let mut names = BTreeSet::new();
    for list in &contents.lists {
        let bottles = contents.bottles(tree, list)?;
        names.extend(bottles.iter().map(|bottle| bottle.name().to_owned()));
    }
    let tags = contents.lists.into_iter().map(|list| list.tag).collect();
    let formulae = names.into_iter().map(Pattern::try_from).collect::<Result<_>>()?;
    Ok(Selection { formulae, tags, as_found: true })
}

/// Reads which class the names of a tree are of, and under which other names they are asked for.
///
/// # Errors
/// [`Error::BadMetadata`] for a list that cannot be followed.
pub fn read(tree: &dyn TreeReader) -> Result<Reading> {
    let contents = Contents::of(tree)?;
    let mut reading = Reading::default();
    for name in OLDER {
        let path = api(name)?;
        if contents.files.contains(&path) {
            reading.roots.insert(path);
        }
    }
    for list in &contents.lists {
        reading.roots.insert(list.path.clone());
        for bottle in contents.bottles(tree, list)? {
            let pairs =
                [(bottle.blob()?, bottle.flat()?), (bottle.manifest()?, bottle.flat_manifest()?)];
            for (one, other) in pairs {
                reading.name_twice(&contents, one, other);
            }
        }
    }
    Ok(reading)
}

impl Reading {
    /// Adds the one of two names of a file that is not there.
    fn name_twice(&mut self, contents: &Contents, one: RelPath, other: RelPath) {
        match (contents.files.contains(&one), contents.files.contains(&other)) {
            (true, false) => drop(self.added.insert(other.clone(), one.clone())),
            (false, true) => drop(self.added.insert(one.clone(), other.clone())),
            (true, true) | (false, false) => {}
        }
        self.fixed.extend([one, other]);
    }
}
