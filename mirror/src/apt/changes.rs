//! Which packages changed between two states of an archive.
//!
//! Only lists that differ are read, both sides at once, in the form that unpacks quickest. What is compared is the list that
//! clients read; whether the files that it names are there is the business of a sync.

mod index;
mod table;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use pinfold_store::RelPath;

use super::version::compare_versions;
use crate::{Result, TreeReader};
use index::{Index, indices};
use table::{Row, Table};

/// What a package list holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PackageKind {
    /// What is installed.
    Binary,
    /// What it is built from.
    Source,
}

/// A change of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change<'a> {
    /// This version came.
    Added(&'a [u8]),
    /// This version went.
    Removed(&'a [u8]),
    /// A higher version came for a lower one.
    Upgraded(&'a [u8], &'a [u8]),
    /// A lower version came for a higher one.
    Downgraded(&'a [u8], &'a [u8]),
    /// The version stayed and its content did not.
    Rebuilt(&'a [u8]),
}

/// A changed package, in the bytes of the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackageChange<'a> {
    /// The suite, as a `deb` line names it: `noble-updates`; of a flat archive its folder with a slash at its end.
    pub suite: &'a [u8],
    /// The component, `main/debian-installer` for packages of the installer; empty in flat archives.
    pub component: &'a [u8],
    /// The architecture, `all` for what every one of them has; empty for sources.
    pub architecture: &'a [u8],
    /// Whether it is a binary or a source package.
    pub kind: PackageKind,
    /// The package's name.
    pub name: &'a [u8],
    /// The name of its source package.
    pub source: &'a [u8],
    /// What happened to it.
    pub change: Change<'a>,
}

/// How many package lists two states have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lists {
    /// The old one.
    pub old: usize,
    /// The new one.
    pub new: usize,
}

/// Names every package change between two states, by suite, component, architecture and name.
///
/// Of a name that has several versions, those that went and those that came are paired, the highest first. What is the same
/// in several architectures' lists because it is for all of them is named once.
///
/// Cost: reads the lists whose bytes differ, once; some 10 MB of memory for 60,000 packages on either side.
///
/// # Errors
/// [`crate::Error::BadMetadata`] where a `Release` or a list cannot be followed; whatever `each` fails with.
pub fn changes(
    old: &dyn TreeReader,
    new: &dyn TreeReader,
    each: &mut dyn FnMut(&PackageChange<'_>) -> Result<()>,
) -> Result<Lists> {
    let (olds, news) = rayon::join(|| indices(old), || indices(new));
    let (olds, news) = (olds?, news?);
    let paths: BTreeSet<&RelPath> = olds.keys().chain(news.keys()).collect();
    let mut told = BTreeSet::new();
    for path in paths {
        let (was, is) = (olds.get(path), news.get(path));
        let Some(place) = is.or(was) else { continue };
        if was.zip(is).is_some_and(|(was, is)| was.is_same(is)) {
            continue;
        }
        let load = |tree, index: Option<&Index>| Table::load(tree, index.map(|one| (path, one)));
        let (was, is) = rayon::join(|| load(old, was), || load(new, is));
        let (was, is) = (was?, is?);
        let mut reporting = Reporting { place, told: &mut told, each: &mut *each };
        merge(&was, &is, &mut |was, is| group(was, is, &mut reporting))?;
    }
    Ok(Lists { old: olds.len(), new: news.len() })
}

/// The rows of one package in a table.
#[derive(Clone, Copy)]
struct Group<'a> {
    table: &'a Table,
    rows: &'a [Row],
}

/// Walks two sorted tables and gives the rows of each package, those of one side may be none.
fn merge(
    old: &Table,
    new: &Table,
    each: &mut dyn FnMut(Group<'_>, Group<'_>) -> Result<()>,
) -> Result<()> {
    let (mut was, mut is) = (old.rows(), new.rows());
    loop {
        let key = match (was.first(), is.first()) {
            (None, None) => return Ok(()),
            (Some(was), None) => old.key(was),
            (None, Some(is)) => new.key(is),
            (Some(was), Some(is)) => old.key(was).min(new.key(is)),
        };
        let old_rows = was.iter().take_while(|row| old.key(row) == key).count();
        let new_rows = is.iter().take_while(|row| new.key(row) == key).count();
        let (old_rows, old_rest) = was.split_at(old_rows);
        let (new_rows, new_rest) = is.split_at(new_rows);
        each(Group { table: old, rows: old_rows }, Group { table: new, rows: new_rows })?;
        (was, is) = (old_rest, new_rest);
    }
}

/// The versions of a package: a row of each, and what it contains, since one version may stand several times.
type Versions<'a> = BTreeMap<&'a [u8], (&'a Row, BTreeSet<&'a [u8; 32]>)>;

impl<'a> Group<'a> {
    fn versions(&self) -> Versions<'a> {
        let mut versions = Versions::new();
        for row in self.rows {
            let version = self.table.version(row);
            versions
                .entry(version)
                .or_insert_with(|| (row, BTreeSet::new()))
                .1
                .insert(&row.content);
        }
        versions
    }
}

/// Compares the versions of one package.
fn group(old: Group<'_>, new: Group<'_>, reporting: &mut Reporting<'_>) -> Result<()> {
    if let ([was], [is]) = (old.rows, new.rows)
        && was.content == is.content
        && old.table.version(was) == new.table.version(is)
    {
        return Ok(());
    }
    let (olds, news) = (old.versions(), new.versions());
    for (version, (row, contents)) in &news {
        if olds.get(version).is_some_and(|(_, before)| before != contents) {
            reporting.tell(new.table, row, Change::Rebuilt(version))?;
        }
    }
    let mut gone: Vec<_> =
        olds.iter().filter(|(version, _)| !news.contains_key(*version)).collect();
    let mut come: Vec<_> =
        news.iter().filter(|(version, _)| !olds.contains_key(*version)).collect();
    gone.sort_by(|one, other| compare_versions(other.0, one.0));
    come.sort_by(|one, other| compare_versions(other.0, one.0));
    for at in 0..gone.len().max(come.len()) {
        match (gone.get(at), come.get(at)) {
            (Some((was, _)), Some((is, (row, _)))) => {
                let change = match compare_versions(was, is) {
                    Ordering::Less => Change::Upgraded(was, is),
                    Ordering::Greater => Change::Downgraded(was, is),
                    // Two spellings of one version.
                    Ordering::Equal => Change::Rebuilt(is),
                };
                reporting.tell(new.table, row, change)?;
            }
            (Some((was, (row, _))), None) => {
                reporting.tell(old.table, row, Change::Removed(was))?;
            }
            (None, Some((is, (row, _)))) => reporting.tell(new.table, row, Change::Added(is))?,
            (None, None) => {}
        }
    }
    Ok(())
}

/// Tells the changes in one list.
struct Reporting<'a> {
    place: &'a Index,
    /// What was told of packages for all architectures, whose lists all name them.
    told: &'a mut BTreeSet<Vec<u8>>,
    each: &'a mut dyn FnMut(&PackageChange<'_>) -> Result<()>,
}

impl Reporting<'_> {
    fn tell(&mut self, table: &Table, row: &Row, change: Change<'_>) -> Result<()> {
        let change = PackageChange {
            suite: &self.place.suite,
            component: &self.place.component,
            architecture: table.architecture(row),
            kind: self.place.kind,
            name: table.name(row),
            source: table.source(row),
            change,
        };
        if change.architecture == b"all" && !self.told.insert(change.identity()) {
            return Ok(());
        }
        (self.each)(&change)
    }
}

impl PackageChange<'_> {
    /// Makes one text of where, what and how.
    fn identity(&self) -> Vec<u8> {
        let (how, old, new): (&[u8], &[u8], &[u8]) = match self.change {
            Change::Added(new) => (b"+", b"", new),
            Change::Removed(old) => (b"-", old, b""),
            Change::Upgraded(old, new) | Change::Downgraded(old, new) => (b">", old, new),
            Change::Rebuilt(version) => (b"=", version, version),
        };
        [self.suite, self.component, self.name, how, old, new].join(&b'\n')
    }
}

#[cfg(test)]
mod tests;
