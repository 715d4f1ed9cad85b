//! Which packages of a repository changed between two states, and which advisories came.
//!
//! The caller reads the lists, of both states at once where it likes. What is compared is what clients read; whether the files
//! are there is the business of a sync.

use std::cmp::Ordering;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use pinfold_store::{Checksum, Digest};

use super::nevra::{ListedName, Nevra, epoch_of};
use super::updateinfo::Advisory;
use super::version::{Evr, compare as compare_evr};
use crate::Result;
use crate::change::table::{Content, Row, Table};
use crate::change::{Change, PackageChange, PackageKind, compare};

/// The packages of a repository in one state: what comparing needs of them.
#[derive(Debug)]
pub struct PackageList(Table);

impl Default for PackageList {
    fn default() -> Self {
        Self(Table::mixed())
    }
}

impl PackageList {
    /// Makes an empty list.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a package: its full name, the file name of its source package (empty for a source), and its file's checksum.
    pub fn push(&mut self, one: &ListedName<'_>, source_rpm: &[u8], checksum: &Checksum) {
        let mut version = Vec::new();
        one.write_evr(&mut version);
        let source = std::str::from_utf8(source_rpm).ok().and_then(Nevra::parse);
        let source = source.as_ref().map_or(one.name, |source| source.name.as_bytes());
        let sum = match checksum.as_bytes().try_into() {
            Ok(sum) => sum,
            Err(_) => *Digest::of(checksum.as_bytes()).as_bytes(),
        };
        let content = Content { kind: Some(checksum.algorithm()), sum };
        self.0.push([one.name, one.architecture, &version, source], content);
    }
}

/// Names every package change between two states of a repository, by name and architecture. `folder` is where the repository
/// is in the mirror, empty at its top.
///
/// Of a package that has several versions, those that went and those that came are paired, the highest first. A package that
/// stands several times in one version is rebuilt where the checksums of these are others; a list that moves to another kind
/// of checksum says nothing about that.
///
/// Cost: some 20 MB of memory for 100,000 packages on either side.
///
/// # Errors
/// Whatever `each` fails with.
pub fn changes(
    folder: &[u8],
    old: PackageList,
    new: PackageList,
    each: &mut dyn FnMut(&PackageChange<'_>) -> Result<()>,
) -> Result<()> {
    let (mut old, mut new) = (old.0, new.0);
    rayon::join(|| old.sort(), || new.sort());
    compare(&old, &new, order, &mut |table: &Table, row: &Row, change: Change<'_>| {
        let architecture = table.architecture(row);
        let is_source = matches!(architecture, b"src" | b"nosrc");
        each(&PackageChange {
            suite: folder,
            component: b"",
            architecture,
            kind: if is_source { PackageKind::Source } else { PackageKind::Binary },
            name: table.name(row),
            source: table.source(row),
            change,
        })
    })
}

/// Compares two texts `EPOCH:VERSION-RELEASE` as rpm does.
fn order(one: &[u8], other: &[u8]) -> Ordering {
    compare_evr(split(one), split(other))
}

/// Splits a text `EPOCH:VERSION-RELEASE`, whose epoch may be missing.
fn split(text: &[u8]) -> Evr<'_> {
    let colon = text.iter().position(|b| *b == b':');
    let epoch = colon.and_then(|at| epoch_of(std::str::from_utf8(&text[..at]).ok()?));
    let rest = match (epoch, colon) {
        (Some(_), Some(at)) => &text[at + 1..],
        _ => text,
    };
    let (version, release) = match rest.iter().rposition(|b| *b == b'-') {
        Some(at) => (&rest[..at], &rest[at + 1..]),
        None => (rest, &[][..]),
    };
    (epoch.unwrap_or_default(), version, release)
}

/// Finds the advisories that a new state has and the old one has not.
#[derive(Debug, Default)]
pub struct NewAdvisories {
    known: BTreeSet<Box<str>>,
    come: BTreeMap<Box<str>, Advisory>,
}

impl NewAdvisories {
    /// Makes an empty list.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes an advisory of the old state.
    pub fn push_old(&mut self, one: Advisory) {
        self.come.remove(&one.id);
        self.known.insert(one.id);
    }

    /// Takes an advisory of the new state. Of one that stands several times the first counts, with the CVE names of all.
    pub fn push_new(&mut self, one: Advisory) {
        if self.known.contains(&one.id) {
            return;
        }
        match self.come.entry(one.id.clone()) {
            Entry::Vacant(place) => {
                place.insert(one);
            }
            Entry::Occupied(mut first) => {
                let cves = &mut first.get_mut().cves;
                cves.extend(one.cves);
                cves.sort_unstable();
                cves.dedup();
            }
        }
    }

    /// Gives those that came, sorted by name.
    #[must_use]
    pub fn into_sorted(self) -> Vec<Advisory> {
        self.come.into_values().collect()
    }
}

#[cfg(test)]
mod tests;
